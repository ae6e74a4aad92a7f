/* SPDX-License-Identifier: GPL-2.0 */
/* The MSS clamp, on packets: finds TCP handshakes and changes their MSS. */
#ifndef MTUN_CLAMP_H
#define MTUN_CLAMP_H

#include "mss.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>

/**
 * struct mt_handshake - a segment that opens a TCP connection
 * @tcp: offset of the TCP header from skb->data
 * @end: offset of the end of the packet, as IP has it
 * @whole: it is no fragment
 */
struct mt_handshake {
	unsigned int tcp;
	unsigned int end;
	bool whole;
};

/*
 * Nearly all packets open no TCP connection: to be seen fast. False where
 * mt_clamp_look() has to say.
 */
static __always_inline bool mt_clamp_skips(const struct sk_buff *skb)
{
	const u8 *ip = skb_network_header(skb);
	unsigned int tcp;
	u8 protocol;

	if (skb_headlen(skb) < skb_network_offset(skb) + sizeof(struct iphdr) +
	    MT_TCP_LEN_OFFSET + 2)
		return false;
	if (ip[0] == 0x45) {
		tcp = sizeof(struct iphdr);
		protocol = ip[offsetof(struct iphdr, protocol)];
	} else if (ip[0] >> 4 == 6) {
		tcp = sizeof(struct ipv6hdr);
		protocol = ip[offsetof(struct ipv6hdr, nexthdr)];
	} else {
		return false;
	}
	if (protocol == IPPROTO_UDP)
		return true;
	if (protocol != IPPROTO_TCP || skb_headlen(skb) < skb_network_offset(skb) +
	    tcp + MT_TCP_LEN_OFFSET + 2)
		return false;
	return !mt_tcp_opens(ip[tcp + MT_TCP_LEN_OFFSET + 1]);
}

bool mt_clamp_look(const struct sk_buff *skb, struct mt_handshake *shake);

/**
 * mt_clamp_find() - look for a segment that opens a TCP connection
 * @skb: any packet, with its network header set
 * @shake: filled in when true is returned
 *
 * Reads nothing but headers. Not found are later fragments, TCP in another
 * tunnel, and headers that IP says are not there.
 */
static __always_inline bool mt_clamp_find(const struct sk_buff *skb,
					  struct mt_handshake *shake)
{
	return !mt_clamp_skips(skb) && mt_clamp_look(skb, shake);
}

/**
 * mt_clamp() - lower the MSS of such a segment, or add it
 * @skb: the packet; what points into it is not valid afterwards
 * @shake: what mt_clamp_find() found
 * @mss: the largest MSS that may go by, or MTUN_MSS_AUTO
 * @insert: add the option where there is none
 * @mtu: of the way that segments take, in bytes, for MTUN_MSS_AUTO; and a packet
 *	 that the option would make longer than this is left alone
 *
 * The checksum stays right, or as wrong as it was. An option that is added takes
 * 4 bytes in front of skb->data, and says what would count without it, if that
 * is not too large.
 *
 * Return: what was done, or why nothing was.
 */
enum mtun_mss_verdict mt_clamp(struct sk_buff *skb,
			       const struct mt_handshake *shake, u16 mss,
			       bool insert, unsigned int mtu);

#endif /* MTUN_CLAMP_H */
