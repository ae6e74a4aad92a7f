// SPDX-License-Identifier: GPL-2.0
#include "traffic.h"

#define IPV4_LEN	20
#define IPV4_OFFSET	0x1fff
#define IPV4_MF		0x2000
#define IPV6_LEN	40
#define IPV6_OFFSET	0xfff8
#define IPV6_MF		0x0001
#define TCP_FLAGS	13	/* offset of the byte */

/* Protocol numbers, as assigned by IANA */
#define NUMBER_HOP_BY_HOP	0
#define NUMBER_ICMP		1
#define NUMBER_TCP		6
#define NUMBER_UDP		17
#define NUMBER_ROUTING		43
#define NUMBER_FRAGMENT		44
#define NUMBER_GRE		47
#define NUMBER_ESP		50
#define NUMBER_AUTH		51
#define NUMBER_ICMPV6		58
#define NUMBER_DST_OPTIONS	60
#define NUMBER_MOBILITY		135
#define NUMBER_HIP		139
#define NUMBER_SHIM6		140

#define KIND4(name)	MT_KIND(0, MTUN_PROTOCOL_##name)
#define KIND6(name)	MT_KIND(1, MTUN_PROTOCOL_##name)

/* Other is 0 for IPv4 only: for IPv6 it has to be said. */
const u8 mt_traffic_kinds[2][256] = {
	{
		[NUMBER_ICMP] = KIND4(ICMP),
		[NUMBER_TCP] = KIND4(TCP),
		[NUMBER_UDP] = KIND4(UDP),
		[NUMBER_GRE] = KIND4(GRE),
		[NUMBER_ESP] = KIND4(ESP),
		[NUMBER_ICMPV6] = KIND4(ICMPV6),
	}, {
		[NUMBER_HOP_BY_HOP] = MT_TRAFFIC_EXTENSION,
		[NUMBER_ICMP] = KIND6(ICMP),
		[2 ... 5] = KIND6(OTHER),
		[NUMBER_TCP] = KIND6(TCP),
		[7 ... 16] = KIND6(OTHER),
		[NUMBER_UDP] = KIND6(UDP),
		[18 ... 42] = KIND6(OTHER),
		[NUMBER_ROUTING] = MT_TRAFFIC_EXTENSION,
		[NUMBER_FRAGMENT] = MT_TRAFFIC_FRAGMENTED,
		[45 ... 46] = KIND6(OTHER),
		[NUMBER_GRE] = KIND6(GRE),
		[48 ... 49] = KIND6(OTHER),
		[NUMBER_ESP] = KIND6(ESP),
		[NUMBER_AUTH] = MT_TRAFFIC_EXTENSION,
		[52 ... 57] = KIND6(OTHER),
		[NUMBER_ICMPV6] = KIND6(ICMPV6),
		[59] = KIND6(OTHER),
		[NUMBER_DST_OPTIONS] = MT_TRAFFIC_EXTENSION,
		[61 ... 134] = KIND6(OTHER),
		[NUMBER_MOBILITY] = MT_TRAFFIC_EXTENSION,
		[136 ... 138] = KIND6(OTHER),
		[NUMBER_HIP] = MT_TRAFFIC_EXTENSION,
		[NUMBER_SHIM6] = MT_TRAFFIC_EXTENSION,
		[141 ... 255] = KIND6(OTHER),
	},
};

/* Of FIN, SYN, RST, PSH and ACK: PSH never counts, ACK does with SYN. */
const u8 mt_traffic_tcp[32] = {
	0, 1, 2, 3, 4, 5, 6, 7,
	0, 1, 2, 3, 4, 5, 6, 7,		/* PSH */
	0, 1, 10, 11, 4, 5, 14, 15,	/* ACK */
	0, 1, 10, 11, 4, 5, 14, 15,	/* both */
};

static bool is_extension(u8 number)
{
	return mt_traffic_kinds[1][number] >= MT_TRAFFIC_EXTENSION;
}

/* A TCP header begins at @at, if that is there. */
static u32 tcp_flags(const u8 *data, unsigned int len, unsigned int at)
{
	if (at + TCP_FLAGS >= len)
		return MT_TRAFFIC_CUT;
	return mt_traffic_tcp[data[at + TCP_FLAGS] & 0x1f] << 8;
}

static u32 parse_v4(const u8 *data, unsigned int len)
{
	unsigned int header = (data[0] & 0x0f) * 4;
	u32 traffic;
	u16 frag;

	if (len < IPV4_LEN)
		return MT_KIND(0, MTUN_PROTOCOL_OTHER) | MT_TRAFFIC_CUT;
	if (header < IPV4_LEN)
		return MT_KIND(0, MTUN_PROTOCOL_OTHER);
	traffic = mt_traffic_kinds[0][data[9]];
	frag = mt_get_be16(data + 6);
	if (frag & (IPV4_OFFSET | IPV4_MF))
		traffic |= MT_TRAFFIC_FRAGMENT;
	if (data[9] == NUMBER_TCP && !(frag & IPV4_OFFSET))
		traffic |= tcp_flags(data, len, header);
	return traffic;
}

static unsigned int extension_len(u8 number, const u8 *header)
{
	switch (number) {
	case NUMBER_FRAGMENT:
		return 8;
	case NUMBER_AUTH:
		return 8 + header[1] * 4;
	default:
		return 8 + header[1] * 8;
	}
}

/*
 * From an extension header of type @next at @at on, to the header of the protocol.
 * Returns its type and sets @at; or returns one that is other if there is no such
 * place. Adds MT_TRAFFIC_FRAGMENT or MT_TRAFFIC_CUT to @traffic.
 */
static u8 skip_extensions(u8 next, const u8 *data, unsigned int len,
			  unsigned int *at, u32 *traffic)
{
	u16 frag = 0;

	while (is_extension(next) && *at + 8 <= len) {
		const u8 *header = data + *at;

		if (next == NUMBER_FRAGMENT) {
			frag = mt_get_be16(header + 2);
			if (frag & (IPV6_MF | IPV6_OFFSET))
				*traffic |= MT_TRAFFIC_FRAGMENT;
		}
		*at += extension_len(next, header);
		next = header[0];
		if (frag & IPV6_OFFSET) {
			*at = len;	/* what follows is not in here */
			break;
		}
	}
	if (*at <= len && !is_extension(next))
		return next;
	*traffic |= MT_TRAFFIC_CUT;
	return NUMBER_HOP_BY_HOP;
}

static u32 parse_v6(const u8 *data, unsigned int len)
{
	unsigned int at = IPV6_LEN;
	u32 traffic = 0;
	u8 next;

	if (len < IPV6_LEN)
		return MT_KIND(1, MTUN_PROTOCOL_OTHER) | MT_TRAFFIC_CUT;
	next = data[6];
	if (is_extension(next)) {
		if (len > MT_TRAFFIC_LOOKED_AT)
			len = MT_TRAFFIC_LOOKED_AT;
		next = skip_extensions(next, data, len, &at, &traffic);
	}
	traffic |= mt_traffic_kinds[1][next] & MT_TRAFFIC_KIND;
	if (next == NUMBER_TCP)
		traffic |= tcp_flags(data, len, at);
	return traffic;
}

u32 mt_traffic_parse(const u8 *data, unsigned int len)
{
	return data[0] >> 4 == 6 ? parse_v6(data, len) : parse_v4(data, len);
}
