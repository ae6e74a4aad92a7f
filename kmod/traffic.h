/* SPDX-License-Identifier: GPL-2.0 */
/* What kind of packet an inner packet is, for those who count. Pure. */
#ifndef MTUN_TRAFFIC_H
#define MTUN_TRAFFIC_H

#include "types.h"

#define MT_TRAFFIC_LOOKED_AT	128	/* bytes of a packet, at the most */

/*
 * What kind of packet a packet is, as one number: MT_KIND() of its IP version and
 * protocol, which is other if its headers are cut short, and these bits. They are
 * the flags of TCP, where TCP has them, and one for fragments. A packet that has
 * a fragment header and is all there is of it (RFC 6946) is no fragment.
 */
#define MT_TRAFFIC_FIN		0x0100
#define MT_TRAFFIC_SYN		0x0200
#define MT_TRAFFIC_RST		0x0400
#define MT_TRAFFIC_ACK		0x1000
#define MT_TRAFFIC_TCP		0x1700
#define MT_TRAFFIC_FRAGMENT	0x8000

#define MT_KIND(ipv6, protocol)	\
	((ipv6) ? MTUN_PROTOCOL_MAX + 1 + (protocol) : (protocol))
#define MT_KINDS		(2 * (MTUN_PROTOCOL_MAX + 1))

static inline unsigned int mt_traffic_kind(u32 traffic)
{
	return traffic & 0xff;
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

#endif /* MTUN_TRAFFIC_H */
