// SPDX-License-Identifier: GPL-2.0
#include "flow.h"

#define FRAGMENTED	0x3fff	/* of IPv4: more of them, or an offset */
#define FLOW_LABEL	0xfffff

static u64 load(const u8 *data)
{
	u64 word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* What begins the header of @protocol, if it tells flows apart */
static u32 ports(u8 protocol, const u8 *data, unsigned int len, unsigned int at)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_ESP:
		return at + 4 <= len ? mt_get_be32(data + at) : 0;
	default:
		return 0;
	}
}

u32 mt_flow_hash(const u8 *data, unsigned int len, u64 seed)
{
	u64 rest;
	u8 protocol;

	if (data[0] >> 4 == 4) {
		protocol = data[9];
		rest = mt_get_be16(data + 6) & FRAGMENTED ? 0 :
		       ports(protocol, data, len, (data[0] & 0x0f) * 4);
		seed = mt_mix(seed, load(data + 12));
	} else {
		protocol = data[6];
		rest = (u64)(mt_get_be32(data) & FLOW_LABEL) << 40 |
		       ports(protocol, data, len, 40);
		seed = mt_mix(seed, load(data + 8));
		seed = mt_mix(seed, load(data + 16));
		seed = mt_mix(seed, load(data + 24));
		seed = mt_mix(seed, load(data + 32));
	}
	return mt_mix(seed, rest | (u64)protocol << 32);
}
