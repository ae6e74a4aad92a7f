// SPDX-License-Identifier: GPL-2.0
#include "outer.h"

#include <net/ipv6.h>

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

/*
 * The header behind a Hop-by-Hop Options header, which the stack has read, if
 * there is one. Its place by transport_header would be another one if conntrack
 * has reassembled the packet: that then points behind all extension headers
 * ahead of the fragment's.
 */
static unsigned int first_header(const struct sk_buff *skb, u8 *nexthdr)
{
	const u8 *header = skb_network_header(skb);
	unsigned int at = IP6CB(skb)->nhoff;

	*nexthdr = header[at];
	if (at == offsetof(struct ipv6hdr, nexthdr))
		return sizeof(struct ipv6hdr);
	return at + ipv6_optlen((const struct ipv6_opt_hdr *)(header + at));
}

/*
 * Destination Options may be there twice, ahead of and behind a Fragment header
 * (RFC 8200 section 4.1). Where that says that the packet is whole, nothing
 * waits for it and it waits for nothing (RFC 6946 section 4).
 */
bool mt_outer_skip(const struct sk_buff *skb, struct mt_outer *outer)
{
	struct frag_hdr _frag, *frag;
	u8 nexthdr;
	unsigned int len = first_header(skb, &nexthdr);
	int i;

	for (i = 0; i < 3; i++) {
		if (nexthdr == IPPROTO_DSTOPTS) {
			len = skip_destopts(skb, len, &nexthdr);
			if (!len)
				return false;
		} else if (nexthdr == NEXTHDR_FRAGMENT) {
			frag = skb_header_pointer(skb, len, sizeof(_frag),
						  &_frag);
			if (!frag || (frag->nexthdr != IPPROTO_GRE &&
				      frag->nexthdr != IPPROTO_DSTOPTS))
				return false;
			if (frag->frag_off & htons(IP6_OFFSET | IP6_MF))
				break;
			len += sizeof(_frag);
			nexthdr = frag->nexthdr;
		} else {
			break;
		}
	}
	outer->len = len;
	outer->proto = nexthdr;
	return true;
}
