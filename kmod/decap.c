// SPDX-License-Identifier: GPL-2.0
#include "decap.h"
#include "clamp.h"
#include "compat.h"
#include "esp.h"
#include "family.h"
#include "filter.h"
#include "keepalive.h"
#include "meter.h"
#include "probe.h"
#include "registry.h"
#include "stats.h"
#include "wire.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/xfrm.h>

/*
 * Behind a GRE header of protocol 0 there is what came of a keepalive of ours.
 * Routers of Huawei use another one for theirs.
 */
#define PROTO_KEEPALIVE_ANSWER	htons(0)
#define PROTO_KEEPALIVE_HUAWEI	htons(4)

/* Bytes that an inner packet has at the least, or -1 if it is not of ours. */
static int inner_min(__be16 proto)
{
	switch (proto) {
	case PROTO_KEEPALIVE_ANSWER:
		return 0;
	case PROTO_KEEPALIVE_HUAWEI:
	case htons(ETH_P_IP):
		return sizeof(struct iphdr);
	case htons(ETH_P_IPV6):
		return sizeof(struct ipv6hdr);
	default:
		return -1;
	}
}

/*
 * What __iptunnel_pull_header() does, but for Ethernet inside, in line. @len bytes
 * are there.
 */
static __always_inline int strip(struct sk_buff *skb, unsigned int len,
				 __be16 proto, bool xnet)
{
	const void *headers = skb->data;

	__skb_pull(skb, len);
	skb_postpull_rcsum(skb, headers, len);
	skb->protocol = proto;
	skb_clear_hash_if_not_l4(skb);
	__vlan_hwaccel_clear_tag(skb);
	skb_set_queue_mapping(skb, 0);
	skb_scrub_packet(skb, xnet);
	return iptunnel_pull_offloads(skb);
}

/* RFC 6040 section 4.2. Returns a drop reason, or 0. */
static int decap_ecn(struct sk_buff *skb, bool is_v4, u8 outer)
{
	u8 inner = is_v4 ? ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));
	bool to_ect1 = (outer & INET_ECN_MASK) == INET_ECN_ECT_1 &&
		       (inner & INET_ECN_MASK) == INET_ECN_ECT_0;
	bool to_ce = false;

	if (__INET_ECN_decapsulate(outer, inner, &to_ce) > 1)
		return MTUN_DROP_RX_ECN;
	if (likely(!to_ce && !to_ect1))
		return 0;
	if (skb_ensure_writable(skb, inner_min(skb->protocol)))
		return MTUN_DROP_RX_MEMORY;
	if (to_ce)
		INET_ECN_set_ce(skb);
	else
		INET_ECN_set_ect1(skb);
	return 0;
}

/* RFC 2784 section 2.1. The GRE header is at skb->data. */
static bool checksum_ok(struct sk_buff *skb)
{
	if (skb_checksum_simple_validate(skb))
		return false;
	/* and so the sum over what is inside is known */
	skb_checksum_try_convert(skb, IPPROTO_GRE, null_compute_pseudo);
	return true;
}

/*
 * RFC 2890 section 2.2: the number of the last packet and the 2^31 - 1 before
 * it are out of sequence, the others come later. Unlike there, any number will
 * do for the first packet, so that either end may restart: this one does when
 * the device is brought up.
 */
static bool sequence_ok(atomic64_t *last, u32 seq)
{
	s64 old = atomic64_read(last);

	do {
		if (old && (s32)((u32)old - seq) >= 0)
			return false;
	} while (!atomic64_try_cmpxchg(last, &old, BIT_ULL(32) | seq));
	return true;
}

/* What is inside fits what is outside of it. Returns a drop reason, or 0. */
static int check_inner(struct sk_buff *skb, __be16 proto, u8 outer_dsfield)
{
	bool is_v4;

	if (unlikely(proto == PROTO_KEEPALIVE_ANSWER))
		return 0;
	if (unlikely(proto == PROTO_KEEPALIVE_HUAWEI))
		skb->protocol = htons(ETH_P_IP);
	is_v4 = proto != htons(ETH_P_IPV6);
	/* both headers have it in the same place */
	if (ip_hdr(skb)->version != (is_v4 ? 4 : 6))
		return MTUN_DROP_RX_INNER;
	return decap_ecn(skb, is_v4, outer_dsfield);
}

static bool is_gre(const struct sk_buff *skb, __be16 proto)
{
	return (proto == htons(ETH_P_IPV6) ? ipv6_hdr(skb)->nexthdr :
					     ip_hdr(skb)->protocol) == IPPROTO_GRE;
}

/*
 * What the far end and we tell each other is not for the stack. Where nobody
 * watches the tunnel, this is one look at a pointer and one at the header.
 * Returns MT_PROBE_*, or a drop reason.
 */
static int take(struct mt_endpoint *ep, const struct sk_buff *skb, __be16 proto)
{
	int verdict;

	if (unlikely(proto == PROTO_KEEPALIVE_ANSWER))
		return mt_probe_receive_keepalive(ep->tunnel, skb);
	if (unlikely(is_gre(skb, proto))) {
		verdict = mt_keepalive_receive(ep, skb);
		if (verdict)
			return verdict;
	}
	if (unlikely(proto == PROTO_KEEPALIVE_HUAWEI))
		return MTUN_DROP_RX_PROTOCOL;
	if (likely(!rcu_access_pointer(ep->tunnel->probe)))
		return MT_PROBE_PASS;
	return mt_probe_receive(ep->tunnel, skb);
}

/* What is sent in answer must fit into the way back. */
static void clamp_received(const struct mt_tunnel *tunnel,
			   struct mt_endpoint *ep, struct sk_buff *skb)
{
	unsigned int mtu = READ_ONCE(tunnel->dev->mtu);
	struct mt_handshake shake;
	struct dst_entry *dst;

	if (!mt_clamp_find(skb, &shake))
		return;
	dst = mt_route(tunnel->net, ep);
	if (!IS_ERR(dst))
		mtu = min(mtu, mt_route_mtu(dst, ep));
	mt_stats_mss(tunnel->stats,
		     mt_clamp(skb, &shake, ep->conf.mss_rx,
			      ep->conf.mss_insert, mtu));
}

/* Whether this CPU is handing on a packet, and this one is from inside of that */
static DEFINE_PER_CPU(bool, handing_on);

/*
 * The packet went through GRO already, outer headers and all: hand it on, without
 * another queue. Not so where GRO could not look inside (IPsec, sequence numbers),
 * and where this is a tunnel in a tunnel of ours: someone who may send to it could
 * pack a packet into hundreds of headers, and the stack is finite. (That is not for
 * skb->dev to tell: the inner tunnel may be part of a VRF or a bond.)
 */
static void deliver(struct mt_endpoint *ep, struct sk_buff *skb,
		    const union mt_addr *source, bool directly)
{
	struct mt_meter meter = mt_meter_begin(ep, MTUN_DIRECTION_INGRESS, skb,
					       source);
	struct mt_tunnel *tunnel = ep->tunnel;
	int reason = 0;

	if (likely(directly)) {
		mt_meter_end(meter, ep, MTUN_DIRECTION_INGRESS, 0);
		__this_cpu_write(handing_on, true);
		mt_receive(skb);
		__this_cpu_write(handing_on, false);
		return;
	}
	if (gro_cells_receive(&tunnel->gro_cells, skb) != NET_RX_SUCCESS)
		reason = MTUN_DROP_RX_BACKLOG;
	mt_meter_end(meter, ep, MTUN_DIRECTION_INGRESS, reason);
}

/* A packet that ends here: an answer to us, or what is answered. */
static void count_taken(struct mt_endpoint *ep, struct sk_buff *skb,
			const union mt_addr *source)
{
	struct mt_meter meter = mt_meter_begin(ep, MTUN_DIRECTION_INGRESS, skb,
					       source);

	mt_meter_end(meter, ep, MTUN_DIRECTION_INGRESS, 0);
}

/* Optional fields of which @ep says whether they are there; the key is looked up by. */
#define RX_OPTIONS	(MTUN_GRE_FLAG_CSUM | MTUN_GRE_FLAG_SEQ)

/*
 * The header has not what @ep is told to expect; or @ep takes nothing that is in
 * clear, which no header tells. Returns a drop reason, or 0.
 */
static noinline int check_guard(const struct mt_endpoint *ep,
				const struct sk_buff *skb,
				const struct mt_outer *outer, u32 flags)
{
	if (ep->rx_flags & MT_RX_GUARDED && !mt_esp_guarded(skb, &outer->tuple))
		return MTUN_DROP_RX_IPSEC;
	return (flags ^ ep->rx_flags) & RX_OPTIONS ? MTUN_DROP_RX_OPTIONS : 0;
}

static __always_inline
void decap(struct mt_endpoint *ep, struct sk_buff *skb,
	   const struct mt_outer *outer, const struct mt_gre *gre)
{
	struct mt_tunnel *tunnel = ep->tunnel;
	const struct mt_filter *filter;
	struct net_device *dev = tunnel->dev;
	unsigned int head = outer->len + gre->len;
	int min_len, reason;
	bool directly, xnet;
	unsigned int len;

	/* what is inside, wherever it begins by now */
	len = skb->len > head ? skb->len - head : 0;

	reason = gre->fault;
	if (reason)
		goto err_free_skb;

	if (unlikely((gre->flags ^ ep->rx_flags) & (RX_OPTIONS | MT_RX_GUARDED))) {
		reason = check_guard(ep, skb, outer, gre->flags);
		if (reason)
			goto err_free_skb;
	}

	reason = MTUN_DROP_RX_DOWN;
	if (!(dev->flags & IFF_UP))
		goto err_free_skb;

	reason = MTUN_DROP_RX_POLICY;
	if (!xfrm_policy_check(NULL, XFRM_POLICY_IN, skb, ep->conf.family))
		goto err_free_skb;

	reason = MTUN_DROP_RX_PROTOCOL;
	min_len = inner_min(gre->proto);
	if (min_len < 0)
		goto err_free_skb;

	reason = MTUN_DROP_RX_INNER;
	if (len < min_len)
		goto err_free_skb;

	reason = MTUN_DROP_RX_MEMORY;
	if (!pskb_may_pull(skb, head + min_len))
		goto err_free_skb;

	if (gre->flags & MTUN_GRE_FLAG_CSUM) {
		reason = MTUN_DROP_RX_CHECKSUM;
		skb_pull_rcsum(skb, outer->len);
		head -= outer->len;
		if (!checksum_ok(skb))
			goto err_free_skb;
	}

	directly = !(gre->flags & MTUN_GRE_FLAG_SEQ) && !secpath_exists(skb) &&
		   !__this_cpu_read(handing_on);

	/* The outer network namespace ends here, for skb->cb, mark and all. */
	reason = MTUN_DROP_RX_MEMORY;
	xnet = !net_eq(tunnel->net, dev_net(dev));
	if (strip(skb, head, gre->proto, xnet))
		goto err_free_skb;
	mt_clear_delivery_time(skb);
	skb->dev = dev;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);

	reason = check_inner(skb, gre->proto, outer->dsfield);
	if (reason)
		goto err_free_skb;
	reason = take(ep, skb, gre->proto);
	if (unlikely(reason > 0))
		goto err_free_skb;
	if (unlikely(reason == MT_PROBE_TAKEN)) {
		count_taken(ep, skb, &outer->tuple.remote);
		consume_skb(skb);
		return;
	}

	reason = MTUN_DROP_RX_FILTER;
	filter = rcu_dereference(tunnel->filter);
	if (unlikely(filter) && !mt_match_has(&filter->rx, skb, false))
		goto err_free_skb;
	/* At last: what is dropped for another reason has no say in the order. */
	reason = MTUN_DROP_RX_SEQUENCE;
	if (gre->flags & MTUN_GRE_FLAG_SEQ &&
	    !sequence_ok(&tunnel->rx_seq, gre->seq))
		goto err_free_skb;
	if (ep->conf.mss_rx)
		clamp_received(tunnel, ep, skb);

	deliver(ep, skb, &outer->tuple.remote, directly);
	return;

err_free_skb:
	mt_meter_drop(ep, MTUN_DIRECTION_INGRESS, skb, len,
		      &outer->tuple.remote, reason);
	kfree_skb(skb);
}

/* Any GRE header, wherever it is */
static noinline bool parse_any(const struct sk_buff *skb, unsigned int at,
			       struct mt_gre *gre)
{
	u8 buffer[MT_GRE_LEN_MAX];
	unsigned int len;
	const u8 *data;

	if (at >= skb->len)
		return false;
	len = min_t(unsigned int, sizeof(buffer), skb->len - at);
	data = skb_header_pointer(skb, at, len, buffer);
	return data && mt_gre_parse(gre, data, len);
}

bool mt_decap(struct mt_net *mn, struct sk_buff *skb, struct mt_outer *outer)
{
	struct mt_endpoint *ep;
	struct mt_gre gre;

	if (unlikely(outer->len + MT_GRE_PLAIN_MAX > skb_headlen(skb) ||
		     !mt_gre_parse_plain(&gre, skb->data + outer->len)) &&
	    !parse_any(skb, outer->len, &gre))
		return false;

	outer->tuple.keyed = !!(gre.flags & MTUN_GRE_FLAG_KEY);
	outer->tuple.key = gre.key;
	ep = mt_lookup(mn, &outer->tuple);
	if (!ep)
		return false;
	decap(ep, skb, outer, &gre);
	return true;
}
