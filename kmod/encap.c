// SPDX-License-Identifier: GPL-2.0
#include "encap.h"
#include "compat.h"
#include "family.h"
#include "registry.h"
#include "stats.h"
#include "wire.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netdevice.h>
#include <net/dsfield.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>

/*
 * Tunnels routed into tunnels eat stack. The stack's own limit of 8 levels is
 * too many for the frames of IP output below each.
 */
#define RECURSION_MAX	4

/* Returns a drop reason, or 0. */
static int check_inner(struct sk_buff *skb)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		if (pskb_network_may_pull(skb, sizeof(struct iphdr)))
			return 0;
		break;
	case htons(ETH_P_IPV6):
		if (pskb_network_may_pull(skb, sizeof(struct ipv6hdr)))
			return 0;
		break;
	default:
		return MTUN_DROP_TX_PROTOCOL;
	}
	return MTUN_DROP_TX_INNER;
}

/* RFC 6040 section 4.1: the DSCP is the tunnel's, ECN that of the packet. */
static u8 outer_dsfield(const struct mt_conf *conf, const struct sk_buff *skb)
{
	u8 inner = skb->protocol == htons(ETH_P_IP) ?
		   ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));

	return INET_ECN_encapsulate(conf->tos_inherit ? inner : conf->tos,
				    inner);
}

static struct dst_entry *find_route(const struct mt_tunnel *tunnel,
				    struct mt_endpoint *ep)
{
	struct dst_entry *dst = dst_cache_get(&ep->routes);

	return dst ?: ep->family->route(tunnel->net, ep);
}

static bool fits(const struct sk_buff *skb, unsigned int mtu)
{
	return skb->len <= mtu ||
	       (skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/* Tell the source, if it wants to know, what size would have gone through. */
static void answer_too_big(struct sk_buff *skb, unsigned int mtu)
{
	if (skb->protocol == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0,
				max_t(unsigned int, mtu, IPV6_MIN_MTU));
	else if (ip_hdr(skb)->frag_off & htons(IP_DF))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
}

static void push_headers(const struct mt_endpoint *ep, struct sk_buff *skb,
			 u8 dsfield)
{
	unsigned int ip_len = ep->family->header_len;
	__be16 proto = skb->protocol;
	u8 *header;

	skb_set_inner_protocol(skb, proto);
	header = skb_push(skb, ep->header_len);
	memcpy(header, ep->header, ep->header_len);
	memcpy(header + ip_len + MT_GRE_PROTO_OFFSET, &proto, sizeof(proto));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, ip_len);
	ep->family->push(skb, dsfield);
}

void mt_encap(struct mt_tunnel *tunnel, struct sk_buff *skb)
{
	struct mt_endpoint *ep = rcu_dereference_bh(tunnel->endpoint);
	unsigned int packets = mt_wire_packets(skb);
	struct net_device *dev = tunnel->dev;
	unsigned int bytes = skb->len;
	struct dst_entry *dst;
	unsigned int mtu;
	int reason, err;
	u8 dsfield;

	reason = check_inner(skb);
	if (reason)
		goto err_free_skb;

	reason = MTUN_DROP_TX_LOOP;
	if (dev_recursion_level() > RECURSION_MAX)
		goto err_free_skb;

	reason = MTUN_DROP_TX_NO_ROUTE;
	dst = find_route(tunnel, ep);
	if (IS_ERR(dst))
		goto err_free_skb;

	reason = MTUN_DROP_TX_LOOP;
	if (dst->dev == dev)
		goto err_release_dst;

	reason = MTUN_DROP_TX_TOO_BIG;
	mtu = dst_mtu(dst);
	mtu = mtu > ep->header_len ? mtu - ep->header_len : 0;
	if (!fits(skb, mtu)) {
		answer_too_big(skb, mtu);
		goto err_release_dst;
	}

	reason = MTUN_DROP_TX_MEMORY;
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dst->dev) + dst->header_len +
			 ep->header_len))
		goto err_release_dst;
	dsfield = outer_dsfield(&ep->conf, skb);
	if (iptunnel_handle_offloads(skb, SKB_GSO_GRE))
		goto err_release_dst;

	skb_scrub_packet(skb, !net_eq(tunnel->net, dev_net(dev)));
	skb_clear_hash_if_not_l4(skb);
	if (ep->conf.fwmark)
		skb->mark = ep->conf.fwmark;
	skb_dst_set(skb, dst);
	push_headers(ep, skb, dsfield);

	err = ep->family->send(tunnel->net, skb);
	if (unlikely(net_xmit_eval(err)))
		mt_stats_drop(tunnel->stats, MTUN_DROP_TX_UNDERLAY);
	else
		mt_stats_tx(tunnel->stats, packets, bytes);
	return;

err_release_dst:
	dst_release(dst);
err_free_skb:
	mt_stats_drop(tunnel->stats, reason);
	kfree_skb(skb);
}
