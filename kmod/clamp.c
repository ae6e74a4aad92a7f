// SPDX-License-Identifier: GPL-2.0
#include "clamp.h"
#include "mss.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

/* The end of the packet as IP has it, which may be followed by padding. */
static void set_end(const struct sk_buff *skb, struct mt_handshake *shake,
		    unsigned int len)
{
	shake->end = min(skb_network_offset(skb) + len, skb->len);
}

static bool find_tcp_v4(const struct sk_buff *skb, struct mt_handshake *shake)
{
	unsigned int at = skb_network_offset(skb);
	struct iphdr _iph, *iph;

	iph = skb_header_pointer(skb, at, sizeof(_iph), &_iph);
	if (!iph || iph->protocol != IPPROTO_TCP ||
	    iph->frag_off & htons(IP_OFFSET) || iph->version != 4 ||
	    iph->ihl * 4 < sizeof(*iph))
		return false;
	shake->tcp = at + iph->ihl * 4;
	shake->whole = !(iph->frag_off & htons(IP_MF));
	set_end(skb, shake, ntohs(iph->tot_len));
	return true;
}

/* AH signs all that follows it (RFC 4302), as TCP MD5 does. */
static bool has_ah(const struct sk_buff *skb, unsigned int at)
{
	return ipv6_find_hdr(skb, &at, NEXTHDR_AUTH, NULL, NULL) >= 0;
}

static bool find_tcp_v6(const struct sk_buff *skb, struct mt_handshake *shake)
{
	unsigned int at = skb_network_offset(skb);
	struct ipv6hdr _iph, *iph;
	__be16 frag_off = 0;
	u8 nexthdr;
	int tcp;

	iph = skb_header_pointer(skb, at, sizeof(_iph), &_iph);
	if (!iph || iph->version != 6)
		return false;
	nexthdr = iph->nexthdr;
	tcp = at + sizeof(*iph);
	if (unlikely(nexthdr != IPPROTO_TCP)) {
		if (!ipv6_ext_hdr(nexthdr))
			return false;
		tcp = ipv6_skip_exthdr(skb, tcp, &nexthdr, &frag_off);
		if (tcp < 0 || nexthdr != IPPROTO_TCP ||
		    frag_off & htons(IP6_OFFSET) || has_ah(skb, at))
			return false;
	}
	shake->tcp = tcp;
	shake->whole = !(frag_off & htons(IP6_MF));
	set_end(skb, shake, sizeof(*iph) + ntohs(iph->payload_len));
	return true;
}

bool mt_clamp_look(const struct sk_buff *skb, struct mt_handshake *shake)
{
	u8 _bytes[2], *bytes;

	/* Handshakes are no offload packets, and most TCP packets may be. */
	if (skb_is_gso(skb))
		return false;
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		if (!find_tcp_v4(skb, shake))
			return false;
		break;
	case htons(ETH_P_IPV6):
		if (!find_tcp_v6(skb, shake))
			return false;
		break;
	default:
		return false;
	}
	bytes = skb_header_pointer(skb, shake->tcp + MT_TCP_LEN_OFFSET,
				   sizeof(_bytes), _bytes);
	return bytes && mt_tcp_opens(bytes[1]);
}

/*
 * The TCP checksum is there. A sum over the packet (CHECKSUM_COMPLETE) stays what
 * it is when an option and the checksum change together.
 */
static bool has_checksum(const struct sk_buff *skb, unsigned int at)
{
	return skb->ip_summed != CHECKSUM_PARTIAL ||
	       skb_checksum_start_offset(skb) != at;
}

/* Bytes in front of skb->data that belong to the packet: a link layer header. */
static unsigned int front_len(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) && skb_mac_offset(skb) < 0 ?
	       -skb_mac_offset(skb) : 0;
}

static void lengthen_ip(struct sk_buff *skb, unsigned int by)
{
	if (skb->protocol == htons(ETH_P_IP)) {
		struct iphdr *iph = ip_hdr(skb);
		__be16 len = htons(ntohs(iph->tot_len) + by);

		csum_replace2(&iph->check, iph->tot_len, len);
		iph->tot_len = len;
	} else {
		be16_add_cpu(&ipv6_hdr(skb)->payload_len, by);
	}
}

/*
 * Move all up to the end of the TCP header's fixed part towards the front: less
 * than what comes behind it, and what is behind need not be writable.
 */
static void make_gap(struct sk_buff *skb, unsigned int end, unsigned int gap)
{
	unsigned int front = front_len(skb);
	u8 *old = skb->data;

	skb_push(skb, gap);
	memmove(skb->data - front, old - front, front + end);
	skb->network_header -= gap;
	if (skb_mac_header_was_set(skb))
		skb->mac_header -= gap;
	if (skb_transport_header_was_set(skb))
		skb->transport_header -= gap;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb->csum_start -= gap;
	else if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
}

static enum mtun_mss_verdict insert_mss(struct sk_buff *skb,
					const struct mt_handshake *shake,
					u16 max, unsigned int mtu)
{
	bool ipv6 = skb->protocol == htons(ETH_P_IPV6);
	unsigned int gap = MT_TCP_MSS_LEN;
	unsigned int at = shake->tcp;
	bool checksum;

	if (!shake->whole ||
	    shake->end - skb_network_offset(skb) + gap > min(mtu, IP_MAX_MTU))
		return MTUN_MSS_VERDICT_ABSENT;
	if (skb_shared(skb) || !pskb_may_pull(skb, at + MT_TCP_LEN_MIN) ||
	    skb_cow(skb, front_len(skb) + gap))
		return MTUN_MSS_VERDICT_NO_MEMORY;

	checksum = has_checksum(skb, at);
	make_gap(skb, at + MT_TCP_LEN_MIN, gap);
	lengthen_ip(skb, gap);
	mt_mss_insert(skb->data + at, min(max, mt_mss_default(ipv6)),
		      shake->end - at, checksum);
	return MTUN_MSS_VERDICT_INSERTED;
}

enum mtun_mss_verdict mt_clamp(struct sk_buff *skb,
			       const struct mt_handshake *shake, u16 mss,
			       bool insert, unsigned int mtu)
{
	u16 max = mt_mss_limit(mss, mtu, skb->protocol == htons(ETH_P_IPV6));
	unsigned int at = shake->tcp;
	enum mtun_mss_verdict verdict;
	u8 buffer[MT_TCP_LEN_MAX];
	unsigned int len;
	const u8 *tcp;

	tcp = skb_header_pointer(skb, at, MT_TCP_LEN_MIN, buffer);
	if (!tcp)
		return MTUN_MSS_VERDICT_MALFORMED;
	len = (tcp[MT_TCP_LEN_OFFSET] >> 4) * 4;
	if (len < MT_TCP_LEN_MIN || at + len > shake->end)
		return MTUN_MSS_VERDICT_MALFORMED;
	tcp = skb_header_pointer(skb, at, len, buffer);
	if (!tcp)
		return MTUN_MSS_VERDICT_MALFORMED;

	verdict = mt_mss_check(tcp, len, max);
	if (verdict == MTUN_MSS_VERDICT_ABSENT && insert &&
	    len + MT_TCP_MSS_LEN <= MT_TCP_LEN_MAX)
		return insert_mss(skb, shake, max, mtu);
	if (verdict != MTUN_MSS_VERDICT_LOWERED)
		return verdict;
	if (skb_shared(skb) || skb_ensure_writable(skb, at + len))
		return MTUN_MSS_VERDICT_NO_MEMORY;
	mt_mss_lower(skb->data + at, len, max, has_checksum(skb, at));
	return MTUN_MSS_VERDICT_LOWERED;
}
