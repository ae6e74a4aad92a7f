// SPDX-License-Identifier: GPL-2.0
#include "family.h"
#include "compat.h"
#include "esp.h"
#include "link.h"
#include "registry.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/route.h>
#include <net/xfrm.h>

/* The device to route through: 0 for any, or -1 if it is not there. */
static int route_oif(const struct mt_endpoint *ep)
{
	return ep->link ? READ_ONCE(ep->link->ifindex) ?: -1 : 0;
}

/*
 * Where an IPsec policy has no state yet, xfrm gives out a route that swallows
 * packets and calls it success; or, without sysctl xfrm_larval_drop, one that queues a
 * few of them, and stays good when there is a state.
 */
static struct dst_entry *refuse_discard(struct dst_entry *dst)
{
	if (IS_ERR(dst) || (dst->output != dst_discard_out &&
			    !(dst->flags & DST_XFRM_QUEUE)))
		return dst;
	dst_release(dst);
	return ERR_PTR(-ENOKEY);
}

/* For policies: what is outermost, as far as the tunnel knows */
static u8 route_proto(const struct mt_conf *conf)
{
	return conf->mode == MTUN_MODE_IPSEC ? IPPROTO_ESP : IPPROTO_GRE;
}

/*
 * Policies may select it. It is where others have their ports, which is why the tables are
 * asked without it: the kernel does the same when it learns a path's MTU.
 */
static __be32 route_key(const struct mt_conf *conf)
{
	return conf->oflags & MTUN_GRE_FLAG_KEY ? cpu_to_be32(conf->okey) : 0;
}

static bool ipv4_parse_error(const struct sk_buff *skb, unsigned int len,
			     struct mt_quote *quote)
{
	struct icmphdr _icmp, *icmp;
	struct iphdr _iph, *iph;

	icmp = skb_header_pointer(skb, len, sizeof(_icmp), &_icmp);
	if (!icmp)
		return false;
	switch (icmp->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		break;
	default:
		return false;
	}
	quote->offset = len + sizeof(_icmp);
	iph = skb_header_pointer(skb, quote->offset, sizeof(_iph), &_iph);
	if (!iph || iph->version != 4 || iph->ihl < 5 ||
	    iph->protocol != IPPROTO_GRE ||
	    iph->frag_off & htons(IP_OFFSET))
		return false;
	mt_tuple_ipv4(&quote->sent, iph->saddr, iph->daddr);
	quote->len = quote->offset + iph->ihl * 4;
	/* A router may not tell it (RFC 1191 section 5): then the least that there is. */
	quote->mtu = icmp->type == ICMP_DEST_UNREACH &&
		     icmp->code == ICMP_FRAG_NEEDED ?
		     max_t(u16, ntohs(icmp->un.frag.mtu), 1) : 0;
	return true;
}

static bool ipv4_error_ok(struct sk_buff *skb)
{
	return !skb_checksum_simple_validate(skb);
}

static void ipv4_build(u8 *header, const struct mt_conf *conf)
{
	struct iphdr *iph = (struct iphdr *)header;

	/*
	 * A datagram that is never fragmented needs no identification (RFC
	 * 6864 section 4.1): no counter is shared between CPUs for it.
	 */
	*iph = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*iph) / 4,
		.tos = conf->tos,
		.frag_off = htons(IP_DF),
		.ttl = conf->ttl,
		.protocol = IPPROTO_GRE,
		.saddr = conf->local.v4,
		.daddr = conf->remote.v4,
	};
}

static struct dst_entry *ipv4_route(struct net *net,
				    const struct mt_endpoint *ep, bool policies,
				    u32 *cookie)
{
	const struct mt_conf *conf = &ep->conf;
	struct flowi4 fl4 = {
		.flowi4_oif = route_oif(ep),
		.flowi4_mark = conf->fwmark,
		.flowi4_proto = route_proto(conf),
		/* an anycast address may be ours without being on a device */
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
		.saddr = conf->local.v4,
		.daddr = conf->remote.v4,
	};
	struct dst_entry *dst;
	struct rtable *rt;

	if (fl4.flowi4_oif < 0)
		return ERR_PTR(-ENODEV);
	mt_flow4_set_tos(&fl4, conf->tos);
	rt = __ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	if (!policies)
		return &rt->dst;
	fl4.flowi4_oif = rt->dst.dev->ifindex;
	fl4.fl4_gre_key = route_key(conf);
	dst = xfrm_lookup_route(net, &rt->dst, flowi4_to_flowi(&fl4), NULL, 0);
	return refuse_discard(dst);
}

int mt_ipv4_send(struct net *net, struct sk_buff *skb,
		 const struct mt_variable *variable)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->tos = variable->dsfield;
	iph->ttl = variable->ttl;
	if (!variable->df) {
		iph->frag_off = 0;
		__ip_select_ident(net, iph, skb_shinfo(skb)->gso_segs ?: 1);
	}
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	return ip_local_out(net, NULL, skb);
}

const struct mt_family mt_family_ipv4 = {
	.header_len = sizeof(struct iphdr),
	.icmp = IPPROTO_ICMP,
	.parse_error = ipv4_parse_error,
	.error_ok = ipv4_error_ok,
	.build = ipv4_build,
	.route = ipv4_route,
	.send = mt_ipv4_send,
};

static bool ipv6_parse_error(const struct sk_buff *skb, unsigned int len,
			     struct mt_quote *quote)
{
	struct icmp6hdr _icmp, *icmp;
	struct ipv6hdr _iph, *iph;
	struct frag_hdr _frag, *frag;
	u8 nexthdr;

	icmp = skb_header_pointer(skb, len, sizeof(_icmp), &_icmp);
	if (!icmp || icmp->icmp6_type & ICMPV6_INFOMSG_MASK)
		return false;
	quote->offset = len + sizeof(_icmp);
	iph = skb_header_pointer(skb, quote->offset, sizeof(_iph), &_iph);
	if (!iph || iph->version != 6)
		return false;
	mt_tuple_ipv6(&quote->sent, &iph->saddr, &iph->daddr);
	quote->len = quote->offset + sizeof(_iph);
	nexthdr = iph->nexthdr;
	if (nexthdr == NEXTHDR_FRAGMENT) {	/* one of ours, "frag outer" */
		frag = skb_header_pointer(skb, quote->len, sizeof(_frag),
					  &_frag);
		if (!frag || frag->frag_off & htons(IP6_OFFSET))
			return false;
		quote->len += sizeof(_frag);
		nexthdr = frag->nexthdr;
	}
	quote->mtu = icmp->icmp6_type == ICMPV6_PKT_TOOBIG ?
		     ntohl(icmp->icmp6_mtu) : 0;
	return nexthdr == IPPROTO_GRE;
}

static bool ipv6_error_ok(struct sk_buff *skb)
{
	return !skb_checksum_validate(skb, IPPROTO_ICMPV6, ip6_compute_pseudo);
}

/*
 * The stack reassembles IPv6 behind the hook that we receive from, and unlike
 * IPv4 it has no second one for the result. Connection tracking has the same
 * problem, so there is a function for it; ours is a queue of our own in it.
 */
#define REASSEMBLY_USER	0x6d74756e	/* other than enum ip6_defrag_users */

static int (*frag6_gather)(struct net *net, struct sk_buff *skb,
			   u32 user) __ro_after_init;

static int ipv6_reassemble(struct net *net, struct sk_buff *skb)
{
	unsigned int len = skb_network_header_len(skb);
	int err;

	if (!frag6_gather)
		return -EOPNOTSUPP;
	err = frag6_gather(net, skb, REASSEMBLY_USER);
	if (!err)
		/* it points behind a Destination Options header now */
		skb_set_transport_header(skb, skb_network_offset(skb) + len);
	return err;
}

static void ipv6_build(u8 *header, const struct mt_conf *conf)
{
	struct ipv6hdr *iph = (struct ipv6hdr *)header;

	*iph = (struct ipv6hdr) {
		.nexthdr = IPPROTO_GRE,
		.hop_limit = conf->ttl,
		.saddr = conf->local.v6,
		.daddr = conf->remote.v6,
	};
	ip6_flow_hdr(iph, conf->tos, 0);
}

static struct dst_entry *ipv6_route(struct net *net,
				    const struct mt_endpoint *ep, bool policies,
				    u32 *cookie)
{
	const struct mt_conf *conf = &ep->conf;
	struct flowi6 fl6 = {
		.flowi6_oif = route_oif(ep),
		.flowi6_mark = conf->fwmark,
		.flowi6_proto = route_proto(conf),
		.flowlabel = ip6_make_flowinfo(conf->tos, 0),
		.saddr = conf->local.v6,
		.daddr = conf->remote.v6,
	};
	struct dst_entry *dst;
	int err;

	if (fl6.flowi6_oif < 0)
		return ERR_PTR(-ENODEV);
	/* Unlike in IPv4, a device is no more than a wish without this flag. */
	dst = ip6_route_output_flags(net, NULL, &fl6,
				     fl6.flowi6_oif ? RT6_LOOKUP_F_IFACE : 0);
	err = dst->error;
	if (err) {
		dst_release(dst);
		return ERR_PTR(err);
	}
	/* ahead of the policies: one that comes meanwhile is seen by the next packet */
	if (cookie)
		*cookie = rt6_get_cookie((struct rt6_info *)dst);
	if (!policies)
		return dst;
	fl6.fl6_gre_key = route_key(conf);
	dst = xfrm_lookup_route(net, dst, flowi6_to_flowi(&fl6), NULL, 0);
	return refuse_discard(dst);
}

int mt_ipv6_send(struct net *net, struct sk_buff *skb,
		 const struct mt_variable *variable)
{
	struct ipv6hdr *iph = ipv6_hdr(skb);

	/* RFC 6438: routers spread flows of a tunnel by the flow label */
	ip6_flow_hdr(iph, variable->dsfield,
		     htonl(variable->hash) & IPV6_FLOWLABEL_MASK);
	iph->hop_limit = variable->ttl;
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	return ip6_local_out(net, NULL, skb);
}

const struct mt_family mt_family_ipv6 = {
	.header_len = sizeof(struct ipv6hdr),
	.icmp = IPPROTO_ICMPV6,
	.flow_label = true,
	.parse_error = ipv6_parse_error,
	.error_ok = ipv6_error_ok,
	.reassemble = ipv6_reassemble,
	.build = ipv6_build,
	.route = ipv6_route,
	.send = mt_ipv6_send,
};

struct dst_entry *mt_route_find(struct net *net, struct mt_endpoint *ep)
{
	struct mt_route *route = this_cpu_ptr(ep->routes);
	struct dst_entry *dst;
	u32 cookie = 0;

	dst = ep->family->route(net, ep, true, &cookie);
	/* against mt_route_forget(), as below */
	dst_release(xchg(&route->dst, NULL));
	if (IS_ERR(dst))
		return dst;
	/*
	 * Once for as long as the route is good: a bundle is not when one of its
	 * policies or states is gone, or another policy has come.
	 */
	if (ep->conf.ipsec == MTUN_IPSEC_REQUIRED &&
	    !mt_esp_guards(dst, &ep->conf)) {
		dst_release(dst);
		return ERR_PTR(-ENOKEY);
	}
	/* A bundle without memory for its own MTU has that of the underlay. */
	if (dst->xfrm && !dst_metric_raw(dst, RTAX_MTU)) {
		dst_release(dst);
		return ERR_PTR(-ENOMEM);
	}
	route->cookie = cookie;
	xchg(&route->dst, dst);
	return dst;
}

void mt_route_forget(struct mt_endpoint *ep)
{
	struct mt_route *route;
	struct dst_entry *dst;
	int cpu;

	ASSERT_RTNL();

	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		route = per_cpu_ptr(ep->routes, cpu);
		dst = READ_ONCE(route->dst);
		if (dst && dst->xfrm && cmpxchg(&route->dst, dst, NULL) == dst)
			dst_release(dst);
	}
	rcu_read_unlock();
}

void mt_family_init(void)
{
	/* Not a dependency: insmod would not load it. */
	request_module("nf_defrag_ipv6");
	frag6_gather = symbol_get(nf_ct_frag6_gather);
	if (!frag6_gather)
		pr_warn("no nf_defrag_ipv6: fragments of outer IPv6 packets are left to others\n");
}

void mt_family_exit(void)
{
	if (frag6_gather)
		symbol_put(nf_ct_frag6_gather);
}
