/* SPDX-License-Identifier: GPL-2.0 */
/* The two ends of a tunnel, as its device's addresses tell, and what they say. */
#ifndef MTUN_PEER_H
#define MTUN_PEER_H

#include "echo.h"
#include "health_conf.h"

#include <linux/netdevice.h>

/**
 * struct mt_peers - an address of a device, and the only other one on its link
 * @own: of the device, in network byte order
 * @peer: of the far end, in network byte order
 * @family: AF_INET or AF_INET6, of both
 */
struct mt_peers {
	union mt_addr own;
	union mt_addr peer;
	u8 family;
};

/**
 * mt_peers_find() - a pair of addresses
 * @dev: the device
 * @family: AF_INET or AF_INET6, or 0 for either, IPv4 first
 * @peers: filled in when true is returned
 *
 * From a /31 or /30, a /127 or /126 (RFC 3021, RFC 6164), or an address with a
 * peer.
 *
 * Context: RCU.
 * Return: false if there is none.
 */
bool mt_peers_find(const struct net_device *dev, u8 family,
		   struct mt_peers *peers);

/**
 * mt_peers_answer() - what the far end wants to have back
 * @dev: the tunnel's device
 * @echo: a probe of the far end; becomes the answer, or nothing of use
 *
 * A request is for an address of ours; a reply only travels there and back, and loses
 * a hop here as it would in the stack, so that none travels for ever.
 *
 * Context: RCU, bottom halves off.
 * Return: false if the answer is neither for the far end's address on the link nor
 * for one to which the routes lead through the tunnel.
 */
bool mt_peers_answer(struct net_device *dev, struct mt_echo *echo);

/**
 * mt_peers_probe() - what asks the far end whether it is there
 * @dev: the tunnel's device
 * @health: how it is watched
 * @conf: the tunnel
 * @cookie: what tells an answer from others
 * @answer: gets the source, destination and family that an answer has
 * @packet: room for MT_ECHO_LEN_MAX bytes, gets the probe
 *
 * Context: RCU.
 * Return: how long it is; 0 if one of its ends is not given, and the device does not
 * tell it.
 */
unsigned int mt_peers_probe(const struct net_device *dev,
			    const struct mt_health_conf *health,
			    const struct mt_conf *conf,
			    const struct mt_cookie *cookie,
			    struct mt_echo *answer, u8 *packet);

#endif /* MTUN_PEER_H */
