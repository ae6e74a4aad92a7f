/* SPDX-License-Identifier: GPL-2.0 */
/* What kind of packet an inner packet is, for those who count. Pure. */
#ifndef MTUN_TRAFFIC_H
#define MTUN_TRAFFIC_H

#include "types.h"

#define MT_TRAFFIC_LOOKED_AT	128	/* bytes of a packet, at the most */

/*
 * What kind of packet a packet is, as one number: MT_KIND() of its IP version and
 * protocol, which is other if its headers are cut short, and these bits. They are
 * the flags of TCP that are counted, one for fragments, and one that says that
 * more bytes might have told more. A packet that has a fragment header and is all
 * there is of it (RFC 6946) is no fragment.
 */
#define MT_TRAFFIC_PLAIN	0x00ff	/* without any */
#define MT_TRAFFIC_FIN		0x0100
#define MT_TRAFFIC_SYN		0x0200
#define MT_TRAFFIC_RST		0x0400
#define MT_TRAFFIC_ACK		0x0800	/* that of SYN-ACK, no other */
#define MT_TRAFFIC_FRAGMENT	0x1000
#define MT_TRAFFIC_CUT		0x2000
#define MT_TRAFFIC_BITS		14	/* there are no more */

#define MT_KIND(ipv6, protocol)	\
	((ipv6) ? MTUN_PROTOCOL_MAX + 1 + (protocol) : (protocol))
#define MT_KINDS		(2 * (MTUN_PROTOCOL_MAX + 1))

#define MT_TRAFFIC_FLAGS	32	/* what the bits but the last one can be */

static inline unsigned int mt_traffic_kind(u32 traffic)
{
	return traffic & 0xff;
}

/* A number below MT_TRAFFIC_FLAGS */
static inline unsigned long mt_traffic_flags(u32 traffic)
{
	return traffic >> 8 & (MT_TRAFFIC_FLAGS - 1);
}

/**
 * mt_traffic_parse() - tell what kind of packet a packet is
 * @data: the first @len bytes of a packet from its IP header on; no more than
 *	  MT_TRAFFIC_LOOKED_AT of them are read
 * @len: how many bytes there are, 1 at least
 *
 * Return: what kind of packet it is, as above, whatever the bytes are.
 */
u32 mt_traffic_parse(const u8 *data, unsigned int len);

/*
 * For mt_traffic_quick(): the kind of each protocol, by IP version, or
 * MT_TRAFFIC_EXTENSION if that is an extension header; and what is counted of the
 * last five flags of TCP.
 */
#define MT_TRAFFIC_KIND		0x1f
#define MT_TRAFFIC_EXTENSION	(0x80 | MT_KIND(1, MTUN_PROTOCOL_OTHER))
#define MT_TRAFFIC_FRAGMENTED	(0x40 | MT_TRAFFIC_EXTENSION)
extern const u8 mt_traffic_kinds[2][256];
extern const u8 mt_traffic_tcp[32];

#define MT_TRAFFIC_ODD		(~0u)

/* With the counted flags of a TCP header at @header, if all of that is there */
static __always_inline u32 mt_traffic_flagged(u32 traffic, const u8 *data,
					      unsigned int len, unsigned int header)
{
	const unsigned int at = header + 13;

	return likely(len > at) ?
	       traffic | mt_traffic_tcp[data[at] & 0x1f] << 8 : MT_TRAFFIC_ODD;
}

static __always_inline u32 mt_traffic_v4(const u8 *data, unsigned int len)
{
	const u32 tcp = MT_KIND(0, MTUN_PROTOCOL_TCP);
	u32 kind = mt_traffic_kinds[0][data[9]];
	__be16 frag;

	memcpy(&frag, data + 6, sizeof(frag));
	if (unlikely(frag & cpu_to_be16(0x3fff))) {
		if (frag & cpu_to_be16(0x1fff) || kind != tcp)
			return kind | MT_TRAFFIC_FRAGMENT;
		return mt_traffic_flagged(tcp | MT_TRAFFIC_FRAGMENT, data, len,
					  20);
	}
	return likely(kind == tcp) ? mt_traffic_flagged(tcp, data, len, 20) :
				     kind;
}

/* Of extension headers, a fragment header ahead of all others is not odd. */
static __always_inline u32 mt_traffic_v6(const u8 *data, unsigned int len)
{
	const u32 tcp = MT_KIND(1, MTUN_PROTOCOL_TCP);
	u32 kind = mt_traffic_kinds[1][data[6]];
	__be16 frag;

	if (likely(kind == tcp))
		return mt_traffic_flagged(tcp, data, len, 40);
	if (likely(kind != MT_TRAFFIC_FRAGMENTED))
		return likely(kind < MT_TRAFFIC_EXTENSION) ? kind :
							     MT_TRAFFIC_ODD;
	memcpy(&frag, data + 42, sizeof(frag));
	kind = mt_traffic_kinds[1][data[40]];
	if (likely(frag & cpu_to_be16(0xfff8)))
		return (kind & MT_TRAFFIC_KIND) | MT_TRAFFIC_FRAGMENT;
	if (!(frag & cpu_to_be16(0x0001)) || kind >= MT_TRAFFIC_EXTENSION)
		return MT_TRAFFIC_ODD;
	return kind == tcp ?
	       mt_traffic_flagged(kind | MT_TRAFFIC_FRAGMENT, data, len, 48) :
	       kind | MT_TRAFFIC_FRAGMENT;
}

/**
 * mt_traffic_quick() - the same for nearly all packets, in line
 * @data: as there
 * @len: as there
 *
 * Return: what mt_traffic_parse() does, or MT_TRAFFIC_ODD if only that can tell.
 */
static __always_inline u32 mt_traffic_quick(const u8 *data, unsigned int len)
{
	if (likely(data[0] == 0x45)) {
		if (likely(len >= 20))
			return mt_traffic_v4(data, len);
	} else if (likely(data[0] >> 4 == 6)) {
		if (likely(len >= 48))	/* a fragment header is there */
			return mt_traffic_v6(data, len);
	}
	return MT_TRAFFIC_ODD;
}

#endif /* MTUN_TRAFFIC_H */
