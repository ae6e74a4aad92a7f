// SPDX-License-Identifier: GPL-2.0
#include "rx.h"
#include "conf.h"
#include "decap.h"
#include "family.h"
#include "probe.h"
#include "registry.h"
#include "stats.h"
#include "wire.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <net/dst.h>
#include <net/ipv6.h>

static const struct mt_family *family_of(const struct nf_hook_state *state)
{
	return state->pf == NFPROTO_IPV4 ? &mt_family_ipv4 : &mt_family_ipv6;
}

/*
 * Nearly all that a router sees, and what comes out of tunnels. These packets are
 * to be let go fast.
 */
static bool is_tcp_or_udp(const struct sk_buff *skb, u8 pf)
{
	u8 proto = pf == NFPROTO_IPV4 ? ip_hdr(skb)->protocol :
					ipv6_hdr(skb)->nexthdr;

	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

static __always_inline unsigned int
rx_gre(struct mt_net *mn, struct sk_buff *skb, struct mt_outer *outer)
{
	return mt_decap(mn, skb, outer) ? NF_STOLEN : NF_ACCEPT;
}

/*
 * A router tells what fits. The route learns it, through a function that looks
 * at a packet: it gets the quoted one, as if it were leaving right now.
 */
static void update_route(const struct mt_quote *quote, struct mt_endpoint *ep,
			 struct sk_buff *error)
{
	struct net *net = ep->tunnel->net;
	struct dst_entry *dst;

	if (!pskb_may_pull(error, quote->len))
		return;
	dst = ep->family->route(net, ep, true, NULL);
	if (IS_ERR(dst))
		return;
	skb_set_network_header(error, quote->offset);
	error->dev = dst->dev;
	error->mark = ep->conf.fwmark;
	dst->ops->update_pmtu(dst, NULL, error, quote->mtu, false);
	dst_release(dst);
}

/*
 * Errors about our packets reach nobody else: they are sent for by protocol,
 * and of GRE the kernel knows ip_gre and ip6_gre at the most. Who quotes the
 * key as well as the addresses is on the path; the others change nothing. The
 * error goes on to the stack in any case.
 */
static void rx_error(const struct mt_family *family, struct net *net,
		     struct sk_buff *skb, unsigned int len)
{
	struct rhlist_head *senders, *head;
	u8 buffer[MT_GRE_LEN_MAX];
	struct mt_endpoint *ep;
	struct mt_quote quote;
	struct sk_buff *error;
	unsigned int size;
	struct mt_gre gre;
	const u8 *data;

	/* RFC 792: eight bytes at the least, or it quotes nothing */
	if (!family->parse_error(skb, len, &quote) || quote.len + 8 > skb->len)
		return;
	size = min_t(unsigned int, sizeof(buffer), skb->len - quote.len);
	data = skb_header_pointer(skb, quote.len, size, buffer);
	if (!data || !mt_gre_parse(&gre, data, size))
		return;
	quote.sent.keyed = !!(gre.flags & MTUN_GRE_FLAG_KEY);
	quote.sent.key = gre.key;
	/* Tunnels that differ in what they receive, in their device or mark */
	senders = mt_registry_senders(net, &quote.sent);
	if (!senders)
		return;

	/* of our own, to be pulled and pointed at */
	error = skb_clone(skb, GFP_ATOMIC);
	if (!error)
		return;
	if (pskb_may_pull(error, len) && skb_pull_rcsum(error, len) &&
	    family->error_ok(error)) {
		__skb_push(error, len);
		rhl_for_each_entry_rcu(ep, head, senders, sender_node) {
			mt_stats_icmp_error(ep->tunnel->stats);
			if (quote.mtu && mt_conf_learns_pmtu(&ep->conf))
				update_route(&quote, ep, error);
		}
	}
	consume_skb(error);
}

/*
 * The kernel has one slot for a GRE receiver, and a router that runs ip_gre
 * needs it for that. A netfilter hook takes what belongs to a tunnel and
 * leaves the rest untouched, with and without ip_gre, for both families.
 */
static noinline unsigned int rx(struct mt_net *mn, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	const struct mt_family *family = family_of(state);
	struct mt_outer outer;
	int err;

	if (!mt_outer_parse(skb, state->pf, &outer))
		return NF_ACCEPT;
	if (outer.proto == NEXTHDR_FRAGMENT && family->reassemble) {
		err = family->reassemble(state->net, skb);
		if (err == -EINPROGRESS)
			return NF_STOLEN;
		if (err == -EOPNOTSUPP)
			return NF_ACCEPT;
		if (err)
			return NF_DROP;
		if (!mt_outer_parse(skb, state->pf, &outer))
			return NF_ACCEPT;
	}
	if (outer.proto == IPPROTO_GRE)
		return rx_gre(mn, skb, &outer);
	if (outer.proto != family->icmp)
		return NF_ACCEPT;
	if (mt_probe_receive_outside(state->net, skb)) {
		consume_skb(skb);
		return NF_STOLEN;
	}
	rx_error(family, state->net, skb, outer.len);
	return NF_ACCEPT;
}

/* A verdict of nfnetlink_queue comes from a process. */
static unsigned int rx_queued(nf_hookfn *hook, void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = hook(priv, skb, state);
	local_bh_enable();
	return verdict;
}

static unsigned int rx_hook(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	if (likely(is_tcp_or_udp(skb, state->pf)))
		return NF_ACCEPT;
	if (unlikely(!softirq_count()))
		return rx_queued(rx_hook, priv, skb, state);
	return rx(priv, skb, state);
}

/* Fragments are none of GRE, as far as mt_outer_parse() is concerned. */
static noinline unsigned int early(struct mt_net *mn, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	struct mt_outer outer;

	if (!mt_outer_parse(skb, state->pf, &outer) ||
	    outer.proto != IPPROTO_GRE)
		return NF_ACCEPT;
	return rx_gre(mn, skb, &outer);
}

static unsigned int early_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	if (likely(is_tcp_or_udp(skb, state->pf)))
		return NF_ACCEPT;
	/* A bridge that asks may be about to hand the frame to somebody else. */
	if (skb->pkt_type != PACKET_HOST || nf_bridge_info_get(skb))
		return NF_ACCEPT;
	if (unlikely(!softirq_count()))
		return rx_queued(early_hook, priv, skb, state);
	return early(priv, skb, state);
}

static const struct nf_hook_ops hooks[] = {
	/*
	 * After every rule of the INPUT chain has had its say, and before
	 * conntrack confirms its entry: nothing can be sure to run behind that,
	 * and an entry not confirmed goes with the packet.
	 */
	[MTUN_RX_LOCAL] = {
		.hook = rx_hook,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_CONNTRACK_CONFIRM - 1,
	},
	/* What the raw table drops is dropped. */
	[MTUN_RX_EARLY] = {
		.hook = early_hook,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_RAW + 1,
	},
};

static int start(struct net *net, u8 where)
{
	struct mt_net *mn = mt_net(net);
	struct nf_hook_ops *ops = mn->hooks[where];
	int i;

	for (i = 0; i < 2; i++) {
		ops[i] = hooks[where];
		ops[i].pf = i ? NFPROTO_IPV6 : NFPROTO_IPV4;
		ops[i].priv = mn;
	}
	return nf_register_net_hooks(net, ops, 2);
}

static void stop(struct net *net, u8 where)
{
	nf_unregister_net_hooks(net, mt_net(net)->hooks[where], 2);
}

int mt_rx_set(struct net *net, u8 rx)
{
	struct mt_net *mn = mt_net(net);
	int err;

	ASSERT_RTNL();

	if (rx == mn->rx)
		return 0;
	if (!list_empty(&mn->tunnels)) {
		if (rx == MTUN_RX_EARLY) {
			err = start(net, MTUN_RX_EARLY);
			if (err)
				return err;
		} else {
			stop(net, MTUN_RX_EARLY);
		}
	}
	mn->rx = rx;
	return 0;
}

int mt_rx_start(struct net *net)
{
	int err;

	err = start(net, MTUN_RX_LOCAL);
	if (err || mt_net(net)->rx != MTUN_RX_EARLY)
		return err;
	err = start(net, MTUN_RX_EARLY);
	if (err)
		stop(net, MTUN_RX_LOCAL);
	return err;
}

void mt_rx_stop(struct net *net)
{
	if (mt_net(net)->rx == MTUN_RX_EARLY)
		stop(net, MTUN_RX_EARLY);
	stop(net, MTUN_RX_LOCAL);
}
