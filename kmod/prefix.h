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

/* An address as a number, in host byte order; IPv4 as IPv4-mapped */
struct mt_key {
	u64 high;
	u64 low;
};

#define MT_SET_KEYS	4	/* of a node: a cache line of 64 bytes */
#define MT_SET_LEVELS	14	/* 8 are enough; with 14 the nodes begin with a line */

#define MT_SET_RANGES_MAX	65536

struct mt_set_node {
	struct mt_key keys[MT_SET_KEYS];
};

/**
 * struct mt_set - a set of addresses, to be searched
 * @n: how many boundaries there are
 * @levels: how many levels the tree has
 * @start: index of the first node of each level, of which 0 are the leaves
 * @nodes: the tree
 *
 * A boundary is an address that is in the set when the one before it is not, or
 * the other way round: an address is in the set if the number of boundaries up
 * to it is odd. The leaves have the boundaries in order; a node above has the
 * first boundary of each of its children but the first one. What no boundary
 * needs has all bits set. A search reads a node, which is a cache line, of each
 * level: two for up to 10 ranges, three for 50, five for 1,250, seven for 31,250.
 * The four upper ones are 10 KB at the most, and remain in the cache of a CPU
 * that has something to look up.
 */
struct mt_set {
	unsigned int n;
	unsigned int levels;
	unsigned int start[MT_SET_LEVELS];
	struct mt_set_node nodes[];
};

/**
 * mt_set_size() - memory that a set needs
 * @n: how many ranges it has, 1 to MT_SET_RANGES_MAX
 *
 * Return: bytes, of which the first one is to be aligned to 64. (kmalloc() does
 * that: there is no set of 2 nodes, and so of no size but powers of 2 below 192.)
 */
size_t mt_set_size(unsigned int n);

/**
 * mt_set_build() - make a set of ranges
 * @set: memory of mt_set_size() bytes
 * @ranges: what mt_ranges_merge() has left
 * @n: how many there are, 1 to MT_SET_RANGES_MAX
 */
void mt_set_build(struct mt_set *set, const struct mt_range *ranges,
		  unsigned int n);

/**
 * mt_set_has() - whether an address is in a set
 * @set: what mt_set_build() has made
 * @addr: the address, IPv4 as IPv4-mapped
 */
bool mt_set_has(const struct mt_set *set, const struct in6_addr *addr);

/**
 * mt_tuple_widen() - the tuple of all whose remote address begins alike
 * @tuple: changed
 * @host_bits: the last bits that do not matter, no fewer than now
 */
void mt_tuple_widen(struct mt_tuple *tuple, unsigned int host_bits);

/*
 * For a hash table. Each received packet is looked for, so this is short. Who sends
 * packets has no say in what is in the table, and who has makes the lookups longer in a
 * namespace of its own: the hash need not withstand anyone.
 * What is last in an IPv6 address, as a rule all that addresses differ in, is in the
 * highest bits, which a product would leave there: they are folded down before.
 */
static __always_inline u32 mt_tuple_hash(const struct mt_tuple *tuple, u32 seed)
{
	const u64 *words = (const u64 *)tuple;
	u64 hash = words[0] + seed;

	hash = hash * MT_MIX + words[1];
	hash = hash * MT_MIX + words[2];
	hash ^= hash >> 32;
	hash = hash * MT_MIX + words[3];
	hash ^= hash >> 32;
	hash = hash * MT_MIX + words[4];
	return mt_mix(hash, hash >> 32);
}

/* An IPv4 address as an IPv4-mapped one */
void mt_map_v4(struct in6_addr *to, __be32 addr);

#endif /* MTUN_PREFIX_H */
