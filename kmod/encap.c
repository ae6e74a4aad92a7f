// SPDX-License-Identifier: GPL-2.0
#include "encap.h"
#include "encap_esp.h"
#include "esp.h"
#include "family.h"
#include "flow.h"
#include "tx.h"
#include "wire.h"

#include <linux/indirect_call_wrapper.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/pkt_sched.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/xfrm.h>

/* So that nobody can tell from outside which flows have a label in common */
static u64 flow_seed __read_mostly;

static bool outer_df(const struct mt_conf *conf, const struct sk_buff *skb)
{
	return conf->df == MTUN_DF_SET ||
	       (conf->df == MTUN_DF_INHERIT && mt_tx_has_df(skb));
}

/*
 * What the stack knows of the flow, or else what the headers say: skb_get_hash()
 * would take ten times as long.
 */
static u32 flow_hash(const struct sk_buff *skb)
{
	if (skb->l4_hash || skb->sw_hash)
		return skb->hash;
	net_get_random_once(&flow_seed, sizeof(flow_seed));
	return mt_flow_hash(skb->data, skb_headlen(skb), flow_seed);
}

static void choose(struct mt_variable *variable, const struct mt_endpoint *ep,
		   struct sk_buff *skb)
{
	const struct mt_conf *conf = &ep->conf;
	u8 dsfield, ttl;

	if (mt_tx_is_ipv4(skb)) {
		dsfield = ip_hdr(skb)->tos;
		ttl = ip_hdr(skb)->ttl;
	} else {
		dsfield = ipv6_get_dsfield(ipv6_hdr(skb));
		ttl = ipv6_hdr(skb)->hop_limit;
	}
	/*
	 * RFC 6040 section 4.1, normal mode: ECN is copied, CE as well, unlike
	 * what INET_ECN_encapsulate() does. DSCP is the tunnel's.
	 */
	variable->dsfield = ((conf->tos_inherit ? dsfield : conf->tos) &
			     ~INET_ECN_MASK) | (dsfield & INET_ECN_MASK);
	variable->ttl = conf->ttl_inherit ? ttl : conf->ttl;
	variable->df = outer_df(conf, skb);
	variable->cut = !variable->df && conf->frag == MTUN_FRAG_OUTER;
	variable->hash = ep->family->flow_label ? flow_hash(skb) : 0;
}

/* There is no way to send, or none that is not in clear. A drop reason. */
static int no_route(const struct mt_conf *conf, const struct dst_entry *dst)
{
	int err = PTR_ERR(dst);

	if (err == -ENOMEM || err == -ENOBUFS)
		return MTUN_DROP_TX_MEMORY;
	return conf->ipsec == MTUN_IPSEC_REQUIRED &&
	       (err == -ENOKEY || err == -EPERM) ? MTUN_DROP_TX_IPSEC :
						   MTUN_DROP_TX_NO_ROUTE;
}

/*
 * A packet went a way and did not leave: -ENOKEY comes from guard.c, also for another
 * tunnel's that looks the same. The state may have gone since it was looked at, but not
 * its memory. A drop reason.
 */
static noinline int lost(const struct mt_conf *conf, const struct dst_entry *dst,
			 int err)
{
	return err == -ENOKEY ||
	       (conf->ipsec == MTUN_IPSEC_REQUIRED &&
		READ_ONCE(dst->xfrm->km.state) != XFRM_STATE_VALID) ?
	       MTUN_DROP_TX_IPSEC : MTUN_DROP_TX_UNDERLAY;
}

static int encap_part(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	skb_dst_drop(skb);
	mt_encap(netdev_priv(skb->dev), skb);
	return 0;
}

/* ---- headers ---- */

/* The sum covers all from the GRE header on (RFC 2784 section 2.1). */
static void fill_checksum(struct sk_buff *skb, u8 *gre)
{
	__sum16 *sum = (__sum16 *)(gre + MT_GRE_CSUM_OFFSET);

	if (skb_is_gso(skb))	/* segmentation does it for each segment */
		return;
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		*sum = csum_fold(lco_csum(skb));
	} else {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = MT_GRE_CSUM_OFFSET;
	}
}

static __always_inline void
push_headers(struct mt_tunnel *tunnel, const struct mt_endpoint *ep,
	     struct sk_buff *skb, __be16 proto)
{
	unsigned int ip_len = ep->family->header_len;
	u8 *header, *gre;
	__be32 seq;

	header = __skb_push(skb, ep->header_len);
	gre = header + ip_len;
	memcpy(header, ep->header, ep->header_len);
	memcpy(gre + MT_GRE_PROTO_OFFSET, &proto, sizeof(proto));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, ip_len);
	if (likely(!(ep->conf.oflags &
		     (MTUN_GRE_FLAG_SEQ | MTUN_GRE_FLAG_CSUM))))
		return;
	if (ep->conf.oflags & MTUN_GRE_FLAG_SEQ) {
		/* starts with 0, RFC 2890 section 2.2 */
		seq = htonl(atomic_fetch_inc(&tunnel->tx_seq));
		memcpy(header + ep->header_len - sizeof(seq), &seq,
		       sizeof(seq));
	}
	if (ep->conf.oflags & MTUN_GRE_FLAG_CSUM)
		fill_checksum(skb, gre);
}

/*
 * A packet with room for @headroom bytes in front, to be written to; or NULL, and
 * it was dropped. What a socket has sent is enlarged on its account: TCP relies on
 * the size that it is told (skb_try_coalesce()).
 */
static struct sk_buff *make_room(const struct mt_endpoint *ep,
				 struct sk_buff *skb, unsigned int headroom)
{
	const struct mt_tunnel *tunnel = ep->tunnel;

	if (skb_headroom(skb) < headroom) {
		mt_tx_want_headroom(tunnel->dev, headroom);
		if (skb->sk) {
			skb = skb_expand_head(skb, headroom);
			if (!skb)
				mt_stats_drop(tunnel->stats,
					      MTUN_DROP_TX_MEMORY);
			return skb;
		}
	}
	if (!skb_cow_head(skb, headroom))
		return skb;
	mt_tx_drop(ep, skb, MTUN_DROP_TX_MEMORY);
	return NULL;
}

/* Who segments the packet or sums it up later is to find the inner headers. */
static int prepare_offloads(struct sk_buff *skb, const struct mt_conf *conf,
			    __be16 proto)
{
	if (skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL) {
		skb_set_inner_protocol(skb, proto);
		return iptunnel_handle_offloads(skb, conf->oflags &
						MTUN_GRE_FLAG_CSUM ?
						SKB_GSO_GRE_CSUM : SKB_GSO_GRE);
	}
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
	return 0;
}

static __always_inline int
hand_over(const struct mt_tunnel *tunnel, const struct mt_endpoint *ep,
	  struct sk_buff *skb, const struct mt_variable *variable)
{
	return INDIRECT_CALL_INET(ep->family->send, mt_ipv6_send, mt_ipv4_send,
				  tunnel->net, skb, variable);
}

/* By a way of xfrm */
static noinline int
hand_over_to_xfrm(const struct mt_tunnel *tunnel, const struct mt_endpoint *ep,
		  struct sk_buff *skb, const struct dst_entry *dst,
		  const struct mt_variable *variable)
{
	const struct sk_buff *was;
	int err;

	mt_esp_use(dst);
	if (ep->conf.ipsec != MTUN_IPSEC_REQUIRED)
		return hand_over(tunnel, ep, skb, variable);
	was = mt_esp_owe(skb);
	err = hand_over(tunnel, ep, skb, variable);
	mt_esp_owe(was);
	return err;
}

/*
 * Behind the outer headers, and out. Consumes the packet. In line: a
 * call would be a tenth of what this takes.
 */
static __always_inline
void send(struct mt_tunnel *tunnel, const struct mt_endpoint *ep,
	  struct sk_buff *skb, struct dst_entry *dst, __be16 proto,
	  const struct mt_variable *variable)
{
	bool xnet = !net_eq(tunnel->net, dev_net(tunnel->dev));
	const struct mt_conf *conf = &ep->conf;
	struct mt_meter meter;
	unsigned int headroom;
	int reason, err;

	headroom = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
		   ep->header_len;
	if (unlikely(skb_headroom(skb) < headroom || skb_header_cloned(skb))) {
		skb = make_room(ep, skb, headroom);
		if (!skb)
			return;
	}
	if (prepare_offloads(skb, conf, proto)) {
		mt_tx_drop(ep, skb, MTUN_DROP_TX_MEMORY);
		return;
	}

	skb_scrub_packet(skb, xnet);
	/*
	 * Rules and queues would take the tunnel, which may be in another netns and can
	 * go, for where it came from. None at all is no device for gre_gso_segment(),
	 * which xfrm_output() calls.
	 */
	skb->dev = dst->dev;
	skb_clear_hash_if_not_l4(skb);
	if (conf->fwmark)
		skb->mark = conf->fwmark;
	if (unlikely(variable->cut))
		skb->ignore_df = 1;
	skb_dst_set_noref(skb, dst);
	meter = mt_meter_begin(ep, MTUN_DIRECTION_EGRESS, skb, &conf->local);
	push_headers(tunnel, ep, skb, proto);

	__this_cpu_inc(mt_tx_depth);
	if (unlikely(dst->xfrm))
		err = hand_over_to_xfrm(tunnel, ep, skb, dst, variable);
	else
		err = hand_over(tunnel, ep, skb, variable);
	__this_cpu_dec(mt_tx_depth);
	reason = unlikely(net_xmit_eval(err)) ? lost(conf, dst, err) : 0;
	mt_meter_end(meter, ep, MTUN_DIRECTION_EGRESS, reason);
}

/* What @filter has nothing against, which is NULL if all may pass */
static void encap(struct mt_tunnel *tunnel, struct sk_buff *skb,
		  const struct mt_filter *filter)
{
	struct mt_endpoint *ep = rcu_dereference_bh(tunnel->endpoint);
	const struct mt_conf *conf = &ep->conf;
	struct net_device *dev = tunnel->dev;
	struct mt_variable variable;
	struct dst_entry *dst;
	unsigned int mtu;
	int reason;

	reason = mt_tx_check(skb, filter);
	if (reason)
		goto err_free_skb;

	dst = mt_route(tunnel->net, ep);
	if (IS_ERR(dst)) {
		reason = no_route(conf, dst);
		goto err_free_skb;
	}

	reason = MTUN_DROP_TX_LOOP;
	if (dst->dev == dev)
		goto err_free_skb;

	choose(&variable, ep, skb);
	mtu = mt_route_mtu(dst, ep);
	if (conf->mss_tx)
		mt_tx_clamp(tunnel, conf, skb, mtu);
	if (unlikely(!mt_tx_fits(skb, mtu)) && !variable.cut) {
		/* fragments of several nodes could be put together */
		if (conf->anycast || !mt_tx_has_to_pass(skb)) {
			mt_tx_too_big(ep, skb, mtu, encap_part);
			return;
		}
		variable.df = false;
		variable.cut = true;
	}

	send(tunnel, ep, skb, dst, skb->protocol, &variable);
	return;

err_free_skb:
	mt_tx_drop(ep, skb, reason);
}

void mt_encap(struct mt_tunnel *tunnel, struct sk_buff *skb)
{
	encap(tunnel, skb, rcu_dereference_bh(tunnel->filter));
}

/* ---- packets of our own ---- */

/* Of @len bytes, with room for the headers. May be NULL. */
static struct sk_buff *make_skb(const struct mt_tunnel *tunnel, const u8 *data,
				unsigned int len)
{
	unsigned int room = READ_ONCE(tunnel->dev->needed_headroom);
	struct sk_buff *skb = alloc_skb(room + len, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb_reserve(skb, room);
	skb_put_data(skb, data, len);
	skb_reset_network_header(skb);
	skb->priority = TC_PRIO_CONTROL;
	skb->dev = tunnel->dev;
	return skb;
}

void mt_encap_bytes(struct mt_tunnel *tunnel, u8 family, const u8 *data,
		    unsigned int len)
{
	struct sk_buff *skb = make_skb(tunnel, data, len);

	if (!skb) {
		mt_stats_drop(tunnel->stats, MTUN_DROP_TX_MEMORY);
		return;
	}
	skb->protocol = family == AF_INET ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	if (rcu_dereference_bh(tunnel->endpoint)->conf.mode == MTUN_MODE_IPSEC)
		mt_encap_esp(tunnel, skb, NULL);
	else
		encap(tunnel, skb, NULL);
}

void mt_encap_bare(struct mt_tunnel *tunnel, const u8 *data, unsigned int len)
{
	struct mt_endpoint *ep = rcu_dereference_bh(tunnel->endpoint);
	const struct mt_variable variable = {
		.dsfield = ep->conf.tos,
		.ttl = ep->conf.ttl,
		.df = true,
	};
	struct sk_buff *skb;
	struct dst_entry *dst;

	dst = mt_route(tunnel->net, ep);
	if (IS_ERR(dst)) {
		mt_stats_drop(tunnel->stats, no_route(&ep->conf, dst));
		return;
	}
	if (dst->dev == tunnel->dev) {
		mt_stats_drop(tunnel->stats, MTUN_DROP_TX_LOOP);
		return;
	}
	skb = make_skb(tunnel, data, len);
	if (!skb) {
		mt_stats_drop(tunnel->stats, MTUN_DROP_TX_MEMORY);
		return;
	}
	send(tunnel, ep, skb, dst, 0, &variable);
}
