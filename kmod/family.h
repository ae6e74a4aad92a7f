/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The outer IP header: what differs between an IPv4 and an IPv6 underlay, and
 * all that does.
 */
#ifndef MTUN_FAMILY_H
#define MTUN_FAMILY_H

#include "types.h"

#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/net_namespace.h>

struct mt_endpoint;

/**
 * struct mt_outer - a parsed outer header
 * @tuple: its addresses, seen from the receiver; not keyed
 * @len: bytes from the network header to the GRE header
 * @dsfield: TOS or traffic class byte
 */
struct mt_outer {
	struct mt_tuple tuple;
	unsigned int len;
	u8 dsfield;
};

/**
 * struct mt_family - an outer IP version
 * @header_len: bytes of the header that is sent
 * @parse: read the header of a packet that arrived for this host, at its
 *	   network header; false if what follows is not GRE
 * @policy_ok: the IPsec policy lets a received packet in
 * @build: write the part of the header that no packet changes
 * @route: find the way to the remote, and keep it in the endpoint's cache;
 *	   returns a reference, or ERR_PTR. Bottom halves are off.
 * @push: complete the header at skb->data for this packet
 * @send: give the packet to the IP layer, which fills in the length. Returns
 *	  what the queue or netfilter said, to be judged by net_xmit_eval()
 */
struct mt_family {
	unsigned int header_len;
	bool (*parse)(const struct sk_buff *skb, struct mt_outer *outer);
	bool (*policy_ok)(struct sk_buff *skb);
	void (*build)(u8 *header, const struct mt_conf *conf);
	struct dst_entry *(*route)(struct net *net, struct mt_endpoint *ep);
	void (*push)(struct sk_buff *skb, u8 dsfield);
	int (*send)(struct net *net, struct sk_buff *skb);
};

extern const struct mt_family mt_family_ipv4;
extern const struct mt_family mt_family_ipv6;

static inline const struct mt_family *mt_family_of(const struct mt_conf *conf)
{
	return conf->family == AF_INET ? &mt_family_ipv4 : &mt_family_ipv6;
}

#endif /* MTUN_FAMILY_H */
