// SPDX-License-Identifier: GPL-2.0
#include "clamp.h"
#include "mss.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

/* Where the TCP header begins, counted from the network header, or 0. */
static unsigned int find_tcp_v4(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (iph->protocol != IPPROTO_TCP || iph->frag_off & htons(IP_OFFSET) ||
	    iph->ihl * 4 < sizeof(*iph))
		return 0;
	return iph->ihl * 4;
}

static unsigned int find_tcp_v6(const struct sk_buff *skb)
{
	unsigned int at = skb_network_offset(skb) + sizeof(struct ipv6hdr);
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	__be16 frag_off = 0;
	int tcp;

	if (likely(nexthdr == IPPROTO_TCP))
		return sizeof(struct ipv6hdr);
	if (!ipv6_ext_hdr(nexthdr))
		return 0;
	tcp = ipv6_skip_exthdr(skb, at, &nexthdr, &frag_off);
	if (tcp < 0 || nexthdr != IPPROTO_TCP || frag_off & htons(IP6_OFFSET))
		return 0;
	return tcp - skb_network_offset(skb);
}

unsigned int mt_clamp_find(const struct sk_buff *skb)
{
	bool is_v4 = skb->protocol == htons(ETH_P_IP);
	unsigned int at = is_v4 ? find_tcp_v4(skb) : find_tcp_v6(skb);
	u8 _bytes[2], *bytes;

	/* Handshakes are no offload packets, and most TCP packets may be. */
	if (!at || skb_is_gso(skb))
		return 0;
	at += skb_network_offset(skb);
	bytes = skb_header_pointer(skb, at + MT_TCP_LEN_OFFSET, sizeof(_bytes),
				   _bytes);
	return bytes && mt_tcp_opens(bytes[1]) ? at : 0;
}

/* The end of the packet as IP has it, which may be followed by padding. */
static unsigned int end_of_packet(const struct sk_buff *skb)
{
	unsigned int len;

	if (skb->protocol == htons(ETH_P_IP))
		len = ntohs(ip_hdr(skb)->tot_len);
	else
		len = ntohs(ipv6_hdr(skb)->payload_len) +
		      sizeof(struct ipv6hdr);
	return min(skb_network_offset(skb) + len, skb->len);
}

enum mtun_mss_verdict mt_clamp(struct sk_buff *skb, unsigned int at, u16 max)
{
	enum mtun_mss_verdict verdict;
	u8 buffer[MT_TCP_LEN_MAX];
	unsigned int len;
	bool checksum;
	const u8 *tcp;

	tcp = skb_header_pointer(skb, at, MT_TCP_LEN_MIN, buffer);
	if (!tcp)
		return MTUN_MSS_VERDICT_MALFORMED;
	len = (tcp[MT_TCP_LEN_OFFSET] >> 4) * 4;
	if (len < MT_TCP_LEN_MIN || at + len > end_of_packet(skb))
		return MTUN_MSS_VERDICT_MALFORMED;
	tcp = skb_header_pointer(skb, at, len, buffer);
	if (!tcp)
		return MTUN_MSS_VERDICT_MALFORMED;

	verdict = mt_mss_check(tcp, len, max);
	if (verdict != MTUN_MSS_VERDICT_LOWERED)
		return verdict;
	if (skb_ensure_writable(skb, at + len))
		return MTUN_MSS_VERDICT_NO_MEMORY;

	/*
	 * A sum over the packet (CHECKSUM_COMPLETE) stays what it is when the
	 * option and the checksum change together.
	 */
	checksum = skb->ip_summed != CHECKSUM_PARTIAL ||
		   skb_checksum_start_offset(skb) != at;
	mt_mss_lower(skb->data + at, len, max, checksum);
	return MTUN_MSS_VERDICT_LOWERED;
}
