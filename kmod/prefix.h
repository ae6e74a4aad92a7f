/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of address prefixes. Pure. */
#ifndef MTUN_PREFIX_H
#define MTUN_PREFIX_H

#include "types.h"

/**
 * struct mt_prefix - one prefix, as an operator gives it
 * @addr: its address, in network byte order
 * @family: AF_INET or AF_INET6
 * @len: bits that count, 0 to 32 or 128
 */
struct mt_prefix {
	union mt_addr addr;
	u8 family;
	u8 len;
};

/**
 * struct mt_range - addresses from first to last
 * @first: as IPv6; IPv4 addresses are IPv4-mapped ones (RFC 4291 section 2.5.5.2)
 * @last: the same
 */
struct mt_range {
	struct in6_addr first;
	struct in6_addr last;
};

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

/* An IPv4 address as an IPv4-mapped one */
void mt_map_v4(struct in6_addr *to, __be32 addr);

#endif /* MTUN_PREFIX_H */
