/* SPDX-License-Identifier: GPL-2.0 */
/* The life of a tunnel: it is created, changed and deleted, or that is refused. */
#ifndef MTUN_TUNNEL_H
#define MTUN_TUNNEL_H

#include "types.h"

#include <net/net_namespace.h>

struct mt_tunnel;

#define MT_MTU_AUTO	0	/* take it from the underlay */

/**
 * struct mt_refusal - what is wrong with a request
 * @text: a constant that begins with the name of @attr, or NULL if there is
 *	  nothing to say beyond the errno
 * @attr: the MTUN_A_TUNNEL_x to blame, 0 for none
 */
struct mt_refusal {
	const char *text;
	u16 attr;
};

/**
 * mt_tunnel_create() - create a tunnel
 * @net: the namespace of the device and its underlay
 * @name: valid device name, which may contain a %d
 * @conf: valid configuration
 * @mtu: bytes, or MT_MTU_AUTO
 * @up: whether to bring it up
 * @refusal: says why not
 *
 * Context: RTNL.
 * Return: 0 or a negative errno; then nothing is left of it.
 */
int mt_tunnel_create(struct net *net, const char *name,
		     const struct mt_conf *conf, unsigned int mtu, bool up,
		     struct mt_refusal *refusal);

/**
 * mt_tunnel_set() - change a tunnel
 * @tunnel: which
 * @conf: the whole new configuration, valid
 * @mtu: the new MTU in bytes, MT_MTU_AUTO, or NULL to leave that
 * @refusal: says why not
 *
 * Context: RTNL.
 * Return: 0 or a negative errno; then nothing has changed.
 */
int mt_tunnel_set(struct mt_tunnel *tunnel, const struct mt_conf *conf,
		  const unsigned int *mtu, struct mt_refusal *refusal);

/**
 * mt_tunnel_set_up() - bring a tunnel up, or take it down
 * @tunnel: which
 * @up: whether it is to be up
 * @refusal: says why not
 *
 * Context: RTNL.
 * Return: 0 or a negative errno; then it is down.
 */
int mt_tunnel_set_up(struct mt_tunnel *tunnel, bool up,
		     struct mt_refusal *refusal);

/**
 * mt_tunnel_delete() - delete a tunnel, with others
 * @tunnel: which
 * @doomed: gets the device, for unregister_netdevice_many(): what the stack waits for
 *	    it waits for once
 *
 * Context: RTNL. A tunnel may be on the list already.
 */
void mt_tunnel_delete(struct mt_tunnel *tunnel, struct list_head *doomed);

#endif /* MTUN_TUNNEL_H */
