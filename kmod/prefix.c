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

/* ---- sets ---- */

#define CHILDREN	(MT_SET_KEYS + 1)

static unsigned int divide(unsigned int n, unsigned int by)
{
	return (n + by - 1) / by;
}

/* How many levels there are, and where each one starts. Returns the nodes. */
static unsigned int lay_out(unsigned int boundaries, unsigned int *start,
			    unsigned int *levels)
{
	unsigned int nodes = divide(boundaries, MT_SET_KEYS);
	unsigned int total = 0;

	for (*levels = 1;; ++*levels) {
		start[*levels - 1] = total;
		total += nodes;
		if (nodes == 1)
			return total;
		nodes = divide(nodes, CHILDREN);
	}
}

size_t mt_set_size(unsigned int n)
{
	unsigned int start[MT_SET_LEVELS], levels;

	return sizeof(struct mt_set) +
	       lay_out(2 * n, start, &levels) * sizeof(struct mt_set_node);
}

static void get_key(struct mt_key *key, const struct in6_addr *addr)
{
	key->high = mt_get_be64(addr->s6_addr);
	key->low = mt_get_be64(addr->s6_addr + 8);
}

static bool is_last(const struct mt_key *key)
{
	return !~(key->high & key->low);
}

void mt_set_build(struct mt_set *set, const struct mt_range *ranges,
		  unsigned int n)
{
	struct mt_set_node *nodes = set->nodes;
	unsigned int i, level, leaf, step = 1;
	unsigned int leaves, total;
	struct mt_key key;

	total = lay_out(2 * n, set->start, &set->levels);
	leaves = divide(2 * n, MT_SET_KEYS);
	memset(nodes, 0xff, total * sizeof(*nodes));

	set->n = 0;
	for (i = 0; i < n; i++) {
		get_key(&key, &ranges[i].first);
		nodes[set->n / MT_SET_KEYS].keys[set->n % MT_SET_KEYS] = key;
		set->n++;
		get_key(&key, &ranges[i].last);
		if (is_last(&key))
			break;
		key.low++;
		key.high += !key.low;
		nodes[set->n / MT_SET_KEYS].keys[set->n % MT_SET_KEYS] = key;
		set->n++;
	}

	/* @step leaves are below each child of a node of the level */
	for (level = 1; level < set->levels; level++, step *= CHILDREN)
		for (leaf = step, i = 0; leaf < leaves; leaf += step, i++) {
			if (i % CHILDREN == MT_SET_KEYS)
				continue;	/* the first child of the next */
			nodes[set->start[level] + i / CHILDREN]
				.keys[i % CHILDREN] = nodes[leaf].keys[0];
		}
}

/* How many keys of the node are not above this one: without a branch */
static unsigned int count_up_to(const struct mt_set_node *node,
				const struct mt_key *key)
{
	unsigned int i, count = 0;

	for (i = 0; i < MT_SET_KEYS; i++) {
		const struct mt_key *k = &node->keys[i];

		count += (k->high < key->high) |
			 ((k->high == key->high) & (k->low <= key->low));
	}
	return count;
}

bool mt_set_has(const struct mt_set *set, const struct in6_addr *addr)
{
	unsigned int level = set->levels, node = 0, count;
	struct mt_key key;

	get_key(&key, addr);
	if (is_last(&key))	/* behind all boundaries, as what is unused */
		return set->n % 2;
	for (;;) {
		count = count_up_to(&set->nodes[set->start[--level] + node],
				    &key);
		if (!level)	/* there is an even number in the leaves before */
			return count % 2;
		node = node * CHILDREN + count;
	}
}
