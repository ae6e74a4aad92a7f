/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An inner packet on its way out, whatever it is put into: what GRE and ESP have in
 * common, in line for each as far as all packets need it.
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

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

/*
 * Tunnels routed into tunnels eat stack. The stack's own limit of 8 levels is
 * too many for the frames of IP output below each, and it does not count devices that
 * have a queue.
 */
#define MT_TX_RECURSION_MAX	4

/* How many packets this CPU is sending, each out of the other */
DECLARE_PER_CPU(unsigned int, mt_tx_depth);

static inline void mt_tx_drop(const struct mt_endpoint *ep, struct sk_buff *skb,
			      int reason)
{
	mt_meter_drop(ep, MTUN_DIRECTION_EGRESS, skb, skb->len,
		      &ep->conf.local, reason);
	kfree_skb(skb);
}

#define MT_TX_PLAIN_IPV4	0x45	/* version, and a header without options */

/**
 * mt_tx_has_options() - whether what is not plain is IPv4 all the same
 * @skb: a packet with 20 bytes in its linear part
 *
 * What comes from IP is. What a packet socket or a rule of tc sends nobody has looked at.
 *
 * Return: true if all of the header is in the linear part.
 */
bool mt_tx_has_options(struct sk_buff *skb);

/**
 * mt_tx_strip() - remove what stands in front of the network header
 * @skb: a packet. Netfilter (fwd, dup) and XDP send some as they came from Ethernet
 *
 * Return: false if there is no network header.
 */
bool mt_tx_strip(struct sk_buff *skb);

/* What there is to know before there is a way. Returns a drop reason, or 0. */
static __always_inline int mt_tx_check(struct sk_buff *skb,
				       const struct mt_filter *filter)
{
	if (unlikely(skb_network_offset(skb)) && !mt_tx_strip(skb))
		return MTUN_DROP_TX_INNER;
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		if (!pskb_may_pull(skb, sizeof(struct iphdr)) ||
		    (unlikely(*skb->data != MT_TX_PLAIN_IPV4) &&
		     !mt_tx_has_options(skb)))
			return MTUN_DROP_TX_INNER;
		break;
	case htons(ETH_P_IPV6):
		if (!pskb_may_pull(skb, sizeof(struct ipv6hdr)) ||
		    *skb->data >> 4 != 6)
			return MTUN_DROP_TX_INNER;
		break;
	default:
		return MTUN_DROP_TX_PROTOCOL;
	}
	if (unlikely(filter) && !mt_match_has(&filter->tx, skb, false))
		return MTUN_DROP_TX_FILTER;
	if (dev_recursion_level() > MT_TX_RECURSION_MAX ||
	    __this_cpu_read(mt_tx_depth) >= MT_TX_RECURSION_MAX)
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

/* One that no source of IPv6 makes smaller, whatever it is told (RFC 8200 section 5) */
static inline bool mt_tx_has_to_pass(const struct sk_buff *skb)
{
	return !mt_tx_is_ipv4(skb) && mt_tx_fits(skb, IPV6_MIN_MTU);
}

/* Tell the source what size would have gone through (RFC 1191, RFC 8201). */
void mt_tx_answer_too_big(struct sk_buff *skb, unsigned int mtu);

/* Why a packet could not be cut into parts: a drop reason for an errno */
int mt_tx_not_cut(int err);

/* Consumes the packet: cut into parts for @send, or refused. */
static inline void mt_tx_too_big(const struct mt_endpoint *ep,
				 struct sk_buff *skb, unsigned int mtu,
				 mt_send_fn *send)
{
	const struct mt_conf *conf = &ep->conf;
	bool df = mt_tx_has_df(skb);
	int err;

	if (mt_tx_is_ipv4(skb) ? !df || conf->inner_df == MTUN_INNER_DF_CLEAR :
				 skb_is_gso(skb) && mt_tx_has_to_pass(skb)) {
		if (skb_is_gso(skb))
			err = mt_segment(skb, send);
		else
			err = mt_fragment(skb, mtu, df, send);
		if (err)
			mt_stats_drop(ep->tunnel->stats, mt_tx_not_cut(err));
		return;
	}
	mt_tx_answer_too_big(skb, mtu);
	mt_tx_drop(ep, skb, MTUN_DROP_TX_TOO_BIG);
}

/*
 * The sender left less room in front than the way out needs: from now on senders
 * are told to leave more. (More than needed would make packets larger than their
 * slab, for nothing.)
 */
void mt_tx_want_headroom(struct net_device *dev, unsigned int needed);

#endif /* MTUN_TX_H */
