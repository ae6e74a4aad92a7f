/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An inner packet on its way out, whatever it is put into: what GRE and ESP have in
 * common, in line for each.
 */
#ifndef MTUN_TX_H
#define MTUN_TX_H

#include "clamp.h"
#include "compat.h"
#include "filter.h"
#include "frag.h"
#include "meter.h"
#include "registry.h"
#include "stats.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/icmp.h>

/*
 * Tunnels routed into tunnels eat stack. The stack's own limit of 8 levels is
 * too many for the frames of IP output below each.
 */
#define MT_TX_RECURSION_MAX	4

static inline void mt_tx_drop(const struct mt_endpoint *ep, struct sk_buff *skb,
			      int reason)
{
	mt_meter_drop(ep, MTUN_DIRECTION_EGRESS, skb, skb->len,
		      &ep->conf.local, reason);
	kfree_skb(skb);
}

/* What there is to know before there is a way. Returns a drop reason, or 0. */
static __always_inline int mt_tx_check(struct sk_buff *skb,
				       const struct mt_filter *filter)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		if (!pskb_network_may_pull(skb, sizeof(struct iphdr)))
			return MTUN_DROP_TX_INNER;
		break;
	case htons(ETH_P_IPV6):
		if (!pskb_network_may_pull(skb, sizeof(struct ipv6hdr)))
			return MTUN_DROP_TX_INNER;
		break;
	default:
		return MTUN_DROP_TX_PROTOCOL;
	}
	if (unlikely(filter) && !mt_match_has(&filter->tx, skb, false))
		return MTUN_DROP_TX_FILTER;
	if (dev_recursion_level() > MT_TX_RECURSION_MAX)
		return MTUN_DROP_TX_LOOP;
	return 0;
}

static inline bool mt_tx_is_ipv4(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP);
}

/* The packet must not be fragmented, or cannot. */
static inline bool mt_tx_has_df(const struct sk_buff *skb)
{
	return !mt_tx_is_ipv4(skb) || ip_hdr(skb)->frag_off & htons(IP_DF);
}

/* What comes back must fit into this way, too. */
static inline void mt_tx_clamp(const struct mt_tunnel *tunnel,
			       const struct mt_conf *conf, struct sk_buff *skb,
			       unsigned int mtu)
{
	struct mt_handshake shake;

	if (!mt_clamp_find(skb, &shake))
		return;
	mtu = min(mtu, READ_ONCE(tunnel->dev->mtu));
	mt_stats_mss(tunnel->stats, mt_clamp(skb, &shake, conf->mss_tx,
					     conf->mss_insert, mtu));
}

static inline bool mt_tx_fits(const struct sk_buff *skb, unsigned int mtu)
{
	return skb->len <= mtu ||
	       (skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/* Tell the source what size would have gone through (RFC 1191, RFC 8201). */
static inline void mt_tx_answer_too_big(struct sk_buff *skb, unsigned int mtu)
{
	if (mt_tx_is_ipv4(skb))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else if (ipv6_mod_enabled())
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0,
				max_t(unsigned int, mtu, IPV6_MIN_MTU));
}

/* Consumes the packet: cut into parts for @send, or refused. */
static inline void mt_tx_too_big(const struct mt_endpoint *ep,
				 struct sk_buff *skb, unsigned int mtu,
				 mt_send_fn *send)
{
	const struct mt_conf *conf = &ep->conf;
	bool df = mt_tx_has_df(skb);
	int err;

	if (mt_tx_is_ipv4(skb) &&
	    (!df || conf->inner_df == MTUN_INNER_DF_CLEAR)) {
		if (skb_is_gso(skb))
			err = mt_segment(skb, send);
		else
			err = mt_fragment(skb, mtu, df, send);
		if (err)
			mt_stats_drop(ep->tunnel->stats, err == -EMSGSIZE ?
				      MTUN_DROP_TX_TOO_BIG :
				      MTUN_DROP_TX_MEMORY);
		return;
	}
	mt_tx_answer_too_big(skb, mtu);
	mt_tx_drop(ep, skb, MTUN_DROP_TX_TOO_BIG);
}

#define MT_TX_HEADROOM_MAX	512	/* as IP_TUNNEL_MAX_HEADROOM */

/*
 * The sender left less room in front than the way out needs: from now on senders
 * are told to leave more. (More than needed would make packets larger than their
 * slab, for nothing.)
 */
static inline void mt_tx_want_headroom(struct net_device *dev,
				       unsigned int needed)
{
	if (needed > READ_ONCE(dev->needed_headroom) &&
	    needed <= MT_TX_HEADROOM_MAX)
		WRITE_ONCE(dev->needed_headroom, needed);
}

#endif /* MTUN_TX_H */
