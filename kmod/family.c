// SPDX-License-Identifier: GPL-2.0
#include "family.h"
#include "compat.h"
#include "registry.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/xfrm.h>

static bool ipv4_parse(const struct sk_buff *skb, struct mt_outer *outer)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (iph->protocol != IPPROTO_GRE)
		return false;
	memset(&outer->tuple, 0, sizeof(outer->tuple));
	outer->tuple.family = AF_INET;
	outer->tuple.local.v4 = iph->daddr;
	outer->tuple.remote.v4 = iph->saddr;
	outer->len = iph->ihl * 4;
	outer->dsfield = iph->tos;
	return true;
}

static bool ipv4_policy_ok(struct sk_buff *skb)
{
	return xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb);
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

static struct dst_entry *ipv4_route(struct net *net, struct mt_endpoint *ep)
{
	const struct mt_conf *conf = &ep->conf;
	struct flowi4 fl4 = {
		.flowi4_oif = conf->link,
		.flowi4_mark = conf->fwmark,
		.flowi4_proto = IPPROTO_GRE,
		/* an anycast address may be ours without being on a device */
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
		.saddr = conf->local.v4,
		.daddr = conf->remote.v4,
	};
	struct rtable *rt;

	mt_flow4_set_tos(&fl4, conf->tos);
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	dst_cache_set_ip4(&ep->routes, &rt->dst, fl4.saddr);
	return &rt->dst;
}

static void ipv4_push(struct sk_buff *skb, u8 dsfield)
{
	ip_hdr(skb)->tos = dsfield;
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

static int ipv4_send(struct net *net, struct sk_buff *skb)
{
	return ip_local_out(net, NULL, skb);
}

const struct mt_family mt_family_ipv4 = {
	.header_len = sizeof(struct iphdr),
	.parse = ipv4_parse,
	.policy_ok = ipv4_policy_ok,
	.build = ipv4_build,
	.route = ipv4_route,
	.push = ipv4_push,
	.send = ipv4_send,
};

/*
 * Skip a Destination Options header. The in-tree ip6_gre puts one before its
 * GRE header, with the encapsulation limit of RFC 2473 section 4.1.1. Returns
 * the offset behind it, or 0 if it has an option that may not be ignored (RFC
 * 8200 section 4.2): the stack knows how to answer that.
 */
static unsigned int skip_destopts(const struct sk_buff *skb,
				  unsigned int offset, u8 *nexthdr)
{
	struct ipv6_opt_hdr _opt, *opt;
	unsigned int end;

	opt = skb_header_pointer(skb, offset, sizeof(_opt), &_opt);
	if (!opt)
		return 0;
	*nexthdr = opt->nexthdr;
	end = offset + ipv6_optlen(opt);
	offset += sizeof(_opt);

	while (offset < end) {
		u8 _tlv[2], *tlv;

		tlv = skb_header_pointer(skb, offset, 1, _tlv);
		if (!tlv)
			return 0;
		if (*tlv == IPV6_TLV_PAD1) {
			offset++;
			continue;
		}
		tlv = skb_header_pointer(skb, offset, sizeof(_tlv), _tlv);
		if (!tlv || tlv[0] & 0xc0)
			return 0;
		offset += sizeof(_tlv) + tlv[1];
	}
	return offset == end ? end : 0;
}

static bool ipv6_parse(const struct sk_buff *skb, struct mt_outer *outer)
{
	const struct ipv6hdr *iph = ipv6_hdr(skb);
	/* the stack has read a Hop-by-Hop Options header, if there is one */
	u8 nexthdr = skb_network_header(skb)[IP6CB(skb)->nhoff];
	unsigned int len = skb_network_header_len(skb);

	if (nexthdr == IPPROTO_DSTOPTS) {
		len = skip_destopts(skb, len, &nexthdr);
		if (!len)
			return false;
	}
	if (nexthdr != IPPROTO_GRE)
		return false;
	memset(&outer->tuple, 0, sizeof(outer->tuple));
	outer->tuple.family = AF_INET6;
	outer->tuple.local.v6 = iph->daddr;
	outer->tuple.remote.v6 = iph->saddr;
	outer->len = len;
	outer->dsfield = ipv6_get_dsfield(iph);
	return true;
}

static bool ipv6_policy_ok(struct sk_buff *skb)
{
	return xfrm6_policy_check(NULL, XFRM_POLICY_IN, skb);
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

static struct dst_entry *ipv6_route(struct net *net, struct mt_endpoint *ep)
{
	const struct mt_conf *conf = &ep->conf;
	struct flowi6 fl6 = {
		.flowi6_oif = conf->link,
		.flowi6_mark = conf->fwmark,
		.flowi6_proto = IPPROTO_GRE,
		.flowlabel = ip6_make_flowinfo(conf->tos, 0),
		.saddr = conf->local.v6,
		.daddr = conf->remote.v6,
	};
	struct dst_entry *dst;

	dst = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);
	if (!IS_ERR(dst))
		dst_cache_set_ip6(&ep->routes, dst, &fl6.saddr);
	return dst;
}

static void ipv6_push(struct sk_buff *skb, u8 dsfield)
{
	ip6_flow_hdr(ipv6_hdr(skb), dsfield, 0);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
}

static int ipv6_send(struct net *net, struct sk_buff *skb)
{
	return ip6_local_out(net, NULL, skb);
}

const struct mt_family mt_family_ipv6 = {
	.header_len = sizeof(struct ipv6hdr),
	.parse = ipv6_parse,
	.policy_ok = ipv6_policy_ok,
	.build = ipv6_build,
	.route = ipv6_route,
	.push = ipv6_push,
	.send = ipv6_send,
};
