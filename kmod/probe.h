/* SPDX-License-Identifier: GPL-2.0 */
/* Whether a tunnel gets through: what is sent to find out, and what comes back. */
#ifndef MTUN_PROBE_H
#define MTUN_PROBE_H

#include "health_conf.h"

#include <linux/notifier.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

struct mt_tunnel;

/**
 * struct mt_probe_status - how a tunnel is watched, and what has come of it
 * @tunnel: the tunnel
 * @conf: how
 * @watched: what follows is known
 * @state: enum mtun_health_state
 * @old_state: the one before
 * @reason: why it has changed, enum mtun_health_reason
 * @family: of @source and @target, 0 if nothing was sent yet
 * @source: of the last probe
 * @target: of the last probe
 * @since: ms that it has @state
 * @sent: probes since it is watched
 * @answered: of those
 * @lost: of those
 * @unsent: probes that could not be made
 * @window_probes: probes that have ended in degraded_window
 * @window_lost: of those
 * @rtt: round-trip times
 */
struct mt_probe_status {
	const struct mt_tunnel *tunnel;
	struct mt_health_conf conf;
	bool watched;
	u8 state;
	u8 old_state;
	u8 reason;
	u8 family;
	union mt_addr source;
	union mt_addr target;
	u64 since;
	u64 sent;
	u64 answered;
	u64 lost;
	u64 unsent;
	u32 window_probes;
	u32 window_lost;
	struct mt_rtt rtt;
};

/* How a tunnel is watched. Context: RTNL. */
void mt_probe_conf(const struct mt_tunnel *tunnel, struct mt_health_conf *conf);

/**
 * mt_probe_set() - watch a tunnel in another way
 * @tunnel: which
 * @conf: valid, and suits it
 *
 * Another mode starts anew; what else changes holds for what comes.
 *
 * Context: RTNL.
 * Return: 0, -ENOMEM, or -EBUSY if as many are watched as there are identifiers.
 */
int mt_probe_set(struct mt_tunnel *tunnel, const struct mt_health_conf *conf);

/**
 * mt_probe_allows() - whether a tunnel that changes can be watched as it is
 * @tunnel: the tunnel
 * @conf: its new configuration, valid
 * @attr: if not, the MTUN_A_TUNNEL_x to blame
 *
 * Context: RTNL.
 * Return: NULL if so, else a text that begins with the name of @attr.
 */
const char *mt_probe_allows(const struct mt_tunnel *tunnel,
			    const struct mt_conf *conf, u16 *attr);

/* The device is brought up, or down, or goes. Context: RTNL. */
void mt_probe_up(struct mt_tunnel *tunnel);
void mt_probe_down(struct mt_tunnel *tunnel);
void mt_probe_release(struct mt_tunnel *tunnel);

/* Context: RTNL. */
void mt_probe_status(const struct mt_tunnel *tunnel,
		     struct mt_probe_status *status);

/* Whether keepalives of the far end get an answer. Context: RCU. */
bool mt_probe_answers(const struct mt_tunnel *tunnel);

/*
 * What those that look at a received packet say of it: that it is not for them,
 * that it is (and still to be freed), or else a drop reason.
 */
#define MT_PROBE_PASS	0
#define MT_PROBE_TAKEN	(-1)

/**
 * mt_probe_receive() - look at an inner packet
 * @tunnel: from which it is
 * @skb: its network header at skb->data
 *
 * Context: RCU, bottom halves off.
 * Return: MT_PROBE_*, or a drop reason.
 */
int mt_probe_receive(struct mt_tunnel *tunnel, const struct sk_buff *skb);

/**
 * mt_probe_receive_keepalive() - look at what is behind a GRE header of
 *				  protocol 0
 * @tunnel: from which it is
 * @skb: it
 *
 * Context: RCU, bottom halves off.
 * Return: MT_PROBE_*, or a drop reason.
 */
int mt_probe_receive_keepalive(struct mt_tunnel *tunnel,
			       const struct sk_buff *skb);

/**
 * mt_probe_receive_outside() - look at a packet that came through no tunnel
 * @net: where it was received
 * @skb: ICMP or ICMPv6, its network header at skb->data
 *
 * A drop is counted.
 *
 * Context: RCU, bottom halves off.
 * Return: false if it is not for us.
 */
bool mt_probe_receive_outside(struct net *net, const struct sk_buff *skb);

/*
 * Those who want to know of changes are called with the new state and a struct
 * mt_probe_status, in order, and may not sleep.
 */
int mt_probe_register_notifier(struct notifier_block *nb);
int mt_probe_unregister_notifier(struct notifier_block *nb);

#endif /* MTUN_PROBE_H */
