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
#define HOP_BY_HOP	0
#define ROUTING		43
#define FRAGMENT	44
#define AUTH		51
#define DST_OPTIONS	60
#define MOBILITY	135
#define HIP		139
#define SHIM6		140

#define EXTENSION	0x80	/* in the table below, a header of IPv6 */

static const u8 protocols[256] = {
	[1] = MTUN_PROTOCOL_ICMP,
	[6] = MTUN_PROTOCOL_TCP,
	[17] = MTUN_PROTOCOL_UDP,
	[47] = MTUN_PROTOCOL_GRE,
	[50] = MTUN_PROTOCOL_ESP,
	[58] = MTUN_PROTOCOL_ICMPV6,
	[HOP_BY_HOP] = EXTENSION,
	[ROUTING] = EXTENSION,
	[FRAGMENT] = EXTENSION,
	[AUTH] = EXTENSION,
	[DST_OPTIONS] = EXTENSION,
	[MOBILITY] = EXTENSION,
	[HIP] = EXTENSION,
	[SHIM6] = EXTENSION,
};

static u8 protocol_of(u8 number)
{
	return protocols[number] & ~EXTENSION;	/* which is other */
}

/* A TCP header begins at @at, if that is there. */
static u32 tcp_flags(const u8 *data, unsigned int len, unsigned int at)
{
	if (at + TCP_FLAGS >= len)
		return 0;
	return data[at + TCP_FLAGS] << 8 & MT_TRAFFIC_TCP;
}

static __always_inline u32 parse_v4(const u8 *data, unsigned int len,
				    unsigned int header)
{
	u32 traffic;
	__be16 frag;

	if (len < IPV4_LEN || header < IPV4_LEN)
		return MT_KIND(0, MTUN_PROTOCOL_OTHER);
	traffic = MT_KIND(0, protocol_of(data[9]));
	memcpy(&frag, data + 6, sizeof(frag));
	if (frag & cpu_to_be16(IPV4_OFFSET))
		return traffic | MT_TRAFFIC_FRAGMENT;
	if (frag & cpu_to_be16(IPV4_MF))
		traffic |= MT_TRAFFIC_FRAGMENT;
	if (mt_traffic_kind(traffic) == MTUN_PROTOCOL_TCP)
		traffic |= tcp_flags(data, len, header);
	return traffic;
}

static unsigned int extension_len(u8 number, const u8 *header)
{
	switch (number) {
	case FRAGMENT:
		return 8;
	case AUTH:
		return 8 + header[1] * 4;
	default:
		return 8 + header[1] * 8;
	}
}

/*
 * From an extension header of type @next at @at on, to the header of the protocol.
 * Returns its type and sets @at; or returns one that is other if there is no such
 * place. Sets @fragment to MT_TRAFFIC_FRAGMENT or not.
 */
static u8 skip_extensions(u8 next, const u8 *data, unsigned int len,
			  unsigned int *at, u32 *fragment)
{
	u16 frag = 0;

	while (protocols[next] & EXTENSION && *at + 8 <= len) {
		const u8 *header = data + *at;

		if (next == FRAGMENT) {
			frag = mt_get_be16(header + 2);
			if (frag & (IPV6_MF | IPV6_OFFSET))
				*fragment = MT_TRAFFIC_FRAGMENT;
		}
		*at += extension_len(next, header);
		next = header[0];
		if (frag & IPV6_OFFSET) {
			*at = len;	/* what follows is not in here */
			break;
		}
	}
	return *at <= len ? next : HOP_BY_HOP;
}

static u32 parse_v6(const u8 *data, unsigned int len)
{
	unsigned int at = IPV6_LEN;
	u32 traffic = 0;
	u8 next;

	if (len < IPV6_LEN)
		return MT_KIND(1, MTUN_PROTOCOL_OTHER);
	next = data[6];
	if (protocols[next] & EXTENSION) {
		if (len > MT_TRAFFIC_LOOKED_AT)
			len = MT_TRAFFIC_LOOKED_AT;
		next = skip_extensions(next, data, len, &at, &traffic);
	}
	traffic |= MT_KIND(1, protocol_of(next));
	if (protocols[next] == MTUN_PROTOCOL_TCP)
		traffic |= tcp_flags(data, len, at);
	return traffic;
}

u32 mt_traffic_parse(const u8 *data, unsigned int len)
{
	if (data[0] == 0x45)	/* nearly all are IPv4 without options */
		return parse_v4(data, len, IPV4_LEN);
	if (data[0] >> 4 == 6)
		return parse_v6(data, len);
	return parse_v4(data, len, (data[0] & 0x0f) * 4);
}
