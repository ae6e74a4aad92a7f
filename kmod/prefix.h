/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of address prefixes. Pure. */
#ifndef MTUN_PREFIX_H
#define MTUN_PREFIX_H

#include "types.h"

/**
 * struct mt_range - addresses from first to last
 * @first: as IPv6; IPv4 addresses are IPv4-mapped ones (RFC 4291 section 2.5.5.2)
 * @last: the same
 */
struct mt_range {
	struct in6_addr first;
	struct in6_addr last;
};

/* Of an address */
static inline unsigned int mt_family_bits(u8 family)
{
	return 8 * (family == AF_INET ? sizeof(__be32) :
					sizeof(struct in6_addr));
}

/**
 * mt_prefix_parse() - make a prefix of what a request has
 * @prefix: filled in, unused bytes 0
 * @addr: address in network byte order
 * @addr_len: its bytes, any number
 * @len: bits that count
 *
 * Return: NULL, or what is wrong, a text that begins with "prefix".
 */
const char *mt_prefix_parse(struct mt_prefix *prefix, const void *addr,
			    unsigned int addr_len, unsigned int len);

/**
 * mt_prefix_range() - the addresses of a prefix
 * @range: filled in
 * @prefix: a prefix that mt_prefix_parse() has made
 */
void mt_prefix_range(struct mt_range *range, const struct mt_prefix *prefix);

/**
 * mt_range_compare() - the order that mt_ranges_merge() wants
 * @a: a struct mt_range
 * @b: another
 *
 * Return: as memcmp(); for sort() and qsort().
 */
int mt_range_compare(const void *a, const void *b);

/**
 * mt_ranges_merge() - make ranges disjoint
 * @ranges: sorted by mt_range_compare(); changed in place
 * @n: how many there are
 *
 * Return: how many are left.
 */
unsigned int mt_ranges_merge(struct mt_range *ranges, unsigned int n);

/**
 * mt_ranges_have() - whether an address is in one of them
 * @ranges: what mt_ranges_merge() has left
 * @n: how many there are
 * @addr: the address, IPv4 as IPv4-mapped
 *
 * Reads a range for each time that @n can be halved.
 */
bool mt_ranges_have(const struct mt_range *ranges, unsigned int n,
		    const struct in6_addr *addr);

/**
 * mt_tuple_widen() - the tuple of all whose remote address begins alike
 * @tuple: changed
 * @host_bits: the last bits that do not matter, no fewer than now
 */
void mt_tuple_widen(struct mt_tuple *tuple, unsigned int host_bits);

/* An IPv4 address as an IPv4-mapped one */
void mt_map_v4(struct in6_addr *to, __be32 addr);

#endif /* MTUN_PREFIX_H */
