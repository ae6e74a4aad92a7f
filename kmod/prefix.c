// SPDX-License-Identifier: GPL-2.0
#include "prefix.h"

#define IPV4_BITS	32
#define IPV6_BITS	128

void mt_map_v4(struct in6_addr *to, __be32 addr)
{
	memset(to, 0, sizeof(*to));
	to->s6_addr[10] = 0xff;
	to->s6_addr[11] = 0xff;
	memcpy(&to->s6_addr[12], &addr, sizeof(addr));
}

/* Of the byte at @i, the bits that lie behind the first @bits of the address */
static u8 host_bits(unsigned int i, unsigned int bits)
{
	if (bits >= 8 * (i + 1))
		return 0;
	return bits <= 8 * i ? 0xff : 0xff >> (bits - 8 * i);
}

void mt_tuple_widen(struct mt_tuple *tuple, unsigned int host_bits)
{
	u8 *byte = (u8 *)&tuple->remote;

	byte += tuple->family == AF_INET ? sizeof(tuple->remote.v4) :
					   sizeof(tuple->remote.v6);
	tuple->host_bits = host_bits;
	for (; host_bits >= 8; host_bits -= 8)
		*--byte = 0;
	if (host_bits)
		*--byte &= 0xff << host_bits;
}

const char *mt_prefix_parse(struct mt_prefix *prefix, const void *addr,
			    unsigned int addr_len, unsigned int len)
{
	const u8 *bytes = addr;
	unsigned int i;

	memset(prefix, 0, sizeof(*prefix));
	switch (addr_len) {
	case sizeof(__be32):
		prefix->family = AF_INET;
		if (len > IPV4_BITS)
			return "prefix must have a length of 0 to 32";
		break;
	case sizeof(struct in6_addr):
		prefix->family = AF_INET6;
		if (len > IPV6_BITS)
			return "prefix must have a length of 0 to 128";
		break;
	default:
		return "prefix must have an address of 4 (IPv4) or 16 (IPv6) bytes";
	}
	for (i = 0; i < addr_len; i++)
		if (bytes[i] & host_bits(i, len))
			return "prefix must have no bits set behind its length";
	memcpy(&prefix->addr, addr, addr_len);
	prefix->len = len;
	return NULL;
}

void mt_prefix_range(struct mt_range *range, const struct mt_prefix *prefix)
{
	unsigned int len = prefix->len;
	unsigned int i;

	if (prefix->family == AF_INET) {
		mt_map_v4(&range->first, prefix->addr.v4);
		len += IPV6_BITS - IPV4_BITS;
	} else {
		range->first = prefix->addr.v6;
	}
	for (i = 0; i < sizeof(range->last); i++)
		range->last.s6_addr[i] = range->first.s6_addr[i] |
					 host_bits(i, len);
}

int mt_range_compare(const void *a, const void *b)
{
	/* in network byte order it is the order of numbers */
	return memcmp(a, b, sizeof(struct mt_range));
}

/*
 * Prefixes contain each other or have nothing in common. Sorted, the larger of
 * two that begin alike may come second.
 */
unsigned int mt_ranges_merge(struct mt_range *ranges, unsigned int n)
{
	unsigned int i, left = 0;

	for (i = 0; i < n; i++) {
		struct mt_range *last = left ? &ranges[left - 1] : NULL;

		if (!last || memcmp(&ranges[i].first, &last->last,
				    sizeof(last->last)) > 0)
			ranges[left++] = ranges[i];
		else if (memcmp(&ranges[i].last, &last->last,
				sizeof(last->last)) > 0)
			last->last = ranges[i].last;
	}
	return left;
}

bool mt_ranges_have(const struct mt_range *ranges, unsigned int n,
		    const struct in6_addr *addr)
{
	unsigned int from = 0, middle;

	/* the last that begins no later than the address is in from .. n - 1 */
	while (from < n) {
		middle = from + (n - from) / 2;
		if (memcmp(addr, &ranges[middle].first, sizeof(*addr)) < 0)
			n = middle;
		else if (memcmp(addr, &ranges[middle].last, sizeof(*addr)) > 0)
			from = middle + 1;
		else
			return true;
	}
	return false;
}
