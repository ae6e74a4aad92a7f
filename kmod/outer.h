/* SPDX-License-Identifier: GPL-2.0 */
/* The outer IP header of a received packet: in line, for speed. */
#ifndef MTUN_OUTER_H
#define MTUN_OUTER_H

#include "types.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/ip.h>

/**
 * struct mt_outer - a parsed outer header
 * @tuple: its addresses, seen from the receiver; not keyed
 * @len: bytes from the network header to the header of @proto
 * @proto: the protocol that follows
 * @dsfield: TOS or traffic class byte
 */
struct mt_outer {
	struct mt_tuple tuple;
	unsigned int len;
	u8 proto;
	u8 dsfield;
};

/* All of a @tuple, with no key. Word by word: a memset() would take longer. */
static inline void mt_tuple_ipv4(struct mt_tuple *tuple, __be32 local,
				 __be32 remote)
{
	tuple->local.words[0] = 0;
	tuple->local.words[1] = 0;
	tuple->local.v4 = local;
	tuple->remote.words[0] = 0;
	tuple->remote.words[1] = 0;
	tuple->remote.v4 = remote;
	tuple->key = 0;
	tuple->family = AF_INET;
	tuple->keyed = 0;
	tuple->host_bits = 0;
	tuple->mode = MTUN_MODE_GRE;
}

static inline void mt_tuple_ipv6(struct mt_tuple *tuple,
				 const struct in6_addr *local,
				 const struct in6_addr *remote)
{
	tuple->local.v6 = *local;
	tuple->remote.v6 = *remote;
	tuple->key = 0;
	tuple->family = AF_INET6;
	tuple->keyed = 0;
	tuple->host_bits = 0;
	tuple->mode = MTUN_MODE_GRE;
}

static __always_inline bool mt_outer_ipv4(const struct sk_buff *skb,
					  struct mt_outer *outer)
{
	const struct iphdr *iph = ip_hdr(skb);

	mt_tuple_ipv4(&outer->tuple, iph->daddr, iph->saddr);
	outer->len = iph->ihl * 4;
	outer->proto = iph->protocol;
	outer->dsfield = iph->tos;
	return !ip_is_fragment(iph);
}

/* @outer->len and @outer->proto where there are extension headers */
bool mt_outer_skip(const struct sk_buff *skb, struct mt_outer *outer);

static __always_inline bool mt_outer_ipv6(const struct sk_buff *skb,
					  struct mt_outer *outer)
{
	const struct ipv6hdr *iph = ipv6_hdr(skb);

	mt_tuple_ipv6(&outer->tuple, &iph->daddr, &iph->saddr);
	outer->len = sizeof(*iph);
	outer->proto = iph->nexthdr;
	outer->dsfield = ipv6_get_dsfield(iph);
	return likely(iph->nexthdr == IPPROTO_GRE) || mt_outer_skip(skb, outer);
}

/**
 * mt_outer_parse() - read the packet's network header, which the stack has checked
 * @skb: the packet
 * @family: AF_INET or AF_INET6
 * @outer: set
 *
 * Return: false if where it ends is not for us to say, as of a fragment of IPv4.
 */
static __always_inline bool mt_outer_parse(const struct sk_buff *skb, u8 family,
					   struct mt_outer *outer)
{
	return family == AF_INET ? mt_outer_ipv4(skb, outer) :
				   mt_outer_ipv6(skb, outer);
}

#endif /* MTUN_OUTER_H */
