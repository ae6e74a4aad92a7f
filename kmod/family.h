/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The outer IP header: what differs between an IPv4 and an IPv6 underlay, and
 * all that does.
 */
#ifndef MTUN_FAMILY_H
#define MTUN_FAMILY_H

#include "outer.h"
#include "registry.h"

#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/net_namespace.h>

/**
 * struct mt_quote - an ICMP error and the packet that it quotes
 * @sent: addresses of the quoted packet, seen from its sender; not keyed
 * @offset: bytes from the network header to the quoted one
 * @len: bytes from the network header to the quoted GRE header
 * @mtu: of the path, if the error tells it, else 0
 */
struct mt_quote {
	struct mt_tuple sent;
	unsigned int offset;
	unsigned int len;
	u32 mtu;
};

/**
 * struct mt_variable - what differs from packet to packet in an outer header
 * @dsfield: TOS or traffic class byte
 * @ttl: TTL or hop limit
 * @df: the packet must not be fragmented
 * @cut: it is to be fragmented here, if it has to be
 * @hash: of the inner flow, if the family has a use for it
 */
struct mt_variable {
	u8 dsfield;
	u8 ttl;
	bool df;
	bool cut;
	u32 hash;
};

/**
 * struct mt_family - an outer IP version
 * @header_len: bytes of the header that is sent
 * @icmp: its protocol of ICMP errors
 * @flow_label: the header has a place for the hash of the inner flow
 * @parse_error: read an ICMP error, whose header is at @len; false if it is
 *		 none or does not quote a GRE packet
 * @error_ok: the ICMP message at skb->data has the right checksum
 * @reassemble: add a fragment to its packet. Returns 0 if @skb is whole now,
 *		-EINPROGRESS if it was kept; other errors leave it to the caller
 * @build: write the part of the header that no packet changes
 * @route: find the way to the remote; returns a reference, or ERR_PTR. Without
 *	   @policies, it is the one there would be without IPsec. If @cookie is not
 *	   NULL, it gets what dst_check() wants to have, where it wants anything
 * @send: complete the header at skb->data for this packet, and give it to the IP
 *	  layer, which fills in the length. Returns what the queue or netfilter
 *	  said, to be judged by net_xmit_eval()
 */
struct mt_family {
	unsigned int header_len;
	u8 icmp;
	bool flow_label;
	bool (*parse_error)(const struct sk_buff *skb, unsigned int len,
			    struct mt_quote *quote);
	bool (*error_ok)(struct sk_buff *skb);
	int (*reassemble)(struct net *net, struct sk_buff *skb);
	void (*build)(u8 *header, const struct mt_conf *conf);
	struct dst_entry *(*route)(struct net *net,
				   const struct mt_endpoint *ep, bool policies,
				   u32 *cookie);
	int (*send)(struct net *net, struct sk_buff *skb,
		    const struct mt_variable *variable);
};

/* For mt_route(). The route is kept until the next one is looked for, or its device goes. */
struct dst_entry *mt_route_find(struct net *net, struct mt_endpoint *ep);

/**
 * mt_route() - the way to the remote, as this CPU knows it or found anew
 * @net: the underlay
 * @ep: the endpoint
 *
 * No reference is taken: counting them for each packet is what makes
 * dst_cache_get() dear.
 *
 * Context: RCU, bottom halves off.
 * Return: a route that is there until either ends, or ERR_PTR.
 */
static inline struct dst_entry *mt_route(struct net *net,
					 struct mt_endpoint *ep)
{
	const struct mt_route *route = this_cpu_ptr(ep->routes);
	struct dst_entry *dst = READ_ONCE(route->dst);

	if (likely(dst && dst_check(dst, route->cookie)))
		return dst;
	return mt_route_find(net, ep);
}

/**
 * mt_route_forget() - keep no way that xfrm has made, on any CPU
 * @ep: an endpoint of MTUN_MODE_GRE
 *
 * They hold states, and those hold devices that encrypt.
 *
 * Context: RTNL.
 */
void mt_route_forget(struct mt_endpoint *ep);

/**
 * mt_route_mtu() - the largest inner packet that fits into a way
 * @dst: the way
 * @ep: whose headers come before it
 *
 * Return: bytes, 0 if not even the headers fit.
 */
static inline unsigned int mt_route_mtu(const struct dst_entry *dst,
					const struct mt_endpoint *ep)
{
	unsigned int mtu = dst_mtu(dst);

	return mtu > ep->header_len ? mtu - ep->header_len : 0;
}

/* For INDIRECT_CALL_INET() of @send */
int mt_ipv4_send(struct net *net, struct sk_buff *skb,
		 const struct mt_variable *variable);
int mt_ipv6_send(struct net *net, struct sk_buff *skb,
		 const struct mt_variable *variable);

extern const struct mt_family mt_family_ipv4;
extern const struct mt_family mt_family_ipv6;

static inline const struct mt_family *mt_family_of(const struct mt_conf *conf)
{
	return conf->family == AF_INET ? &mt_family_ipv4 : &mt_family_ipv6;
}

void mt_family_init(void);
void mt_family_exit(void);

#endif /* MTUN_FAMILY_H */
