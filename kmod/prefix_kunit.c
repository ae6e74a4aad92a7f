// SPDX-License-Identifier: GPL-2.0
#include "prefix.c"

#include "kunit.h"

static const struct {
	const char *name;
	u8 addr[17];
	unsigned int addr_len;
	unsigned int len;
	const char *error;
	u8 first[16];
	u8 last[16];
} prefix_cases[] = {
	{ "all of IPv4", { 0 }, 4, 0, NULL,
	  { [10] = 0xff, 0xff }, { [10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	{ "all of IPv6", "", 16, 0, NULL, "",
	  "\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377" },
	{ "/24", { 203, 0, 113 }, 4, 24, NULL,
	  { [10] = 0xff, 0xff, 203, 0, 113, 0 },
	  { [10] = 0xff, 0xff, 203, 0, 113, 255 } },
	{ "/25", { 203, 0, 113, 128 }, 4, 25, NULL,
	  { [10] = 0xff, 0xff, 203, 0, 113, 128 },
	  { [10] = 0xff, 0xff, 203, 0, 113, 255 } },
	{ "/31", { 192, 0, 2, 2 }, 4, 31, NULL,
	  { [10] = 0xff, 0xff, 192, 0, 2, 2 },
	  { [10] = 0xff, 0xff, 192, 0, 2, 3 } },
	{ "/32", { 192, 0, 2, 3 }, 4, 32, NULL,
	  { [10] = 0xff, 0xff, 192, 0, 2, 3 },
	  { [10] = 0xff, 0xff, 192, 0, 2, 3 } },
	{ "/1", { 128 }, 4, 1, NULL,
	  { [10] = 0xff, 0xff, 128 },
	  { [10] = 0xff, 0xff, 255, 255, 255, 255 } },
	{ "IPv6 /49", { 0x20, 1, 0xd, 0xb8, 0, 1, 0x80 }, 16, 49, NULL,
	  { 0x20, 1, 0xd, 0xb8, 0, 1, 0x80 },
	  { 0x20, 1, 0xd, 0xb8, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255,
	    255, 255 } },
	{ "IPv6 /128", { 0x20, 1, [15] = 7 }, 16, 128, NULL,
	  { 0x20, 1, [15] = 7 }, { 0x20, 1, [15] = 7 } },
	{ "/33", { 0 }, 4, 33, "prefix must have a length of 0 to 32" },
	{ "/129", { 0 }, 16, 129, "prefix must have a length of 0 to 128" },
	{ "2^32 - 1", { 0 }, 16, 0xffffffff,
	  "prefix must have a length of 0 to 128" },
	{ "a host's address", { 203, 0, 113, 1 }, 4, 24,
	  "prefix must have no bits set behind its length" },
	{ "the bit behind", { 203, 0, 113, 128 }, 4, 24,
	  "prefix must have no bits set behind its length" },
	{ "IPv6, the last bit", { [15] = 1 }, 16, 127,
	  "prefix must have no bits set behind its length" },
	{ "0 bytes", { 0 }, 0, 0,
	  "prefix must have an address of 4 (IPv4) or 16 (IPv6) bytes" },
	{ "5 bytes", { 0 }, 5, 0,
	  "prefix must have an address of 4 (IPv4) or 16 (IPv6) bytes" },
	{ "17 bytes", { 0 }, 17, 0,
	  "prefix must have an address of 4 (IPv4) or 16 (IPv6) bytes" },
};

MT_CASES(prefix_cases);

static void mt_prefix_test(struct kunit *test)
{
	const typeof(prefix_cases[0]) *c = test->param_value;
	struct mt_prefix prefix;
	struct mt_range range;
	const char *error;

	memset(&prefix, 0xa5, sizeof(prefix));
	error = mt_prefix_parse(&prefix,
				mt_test_copy(test, c->addr, c->addr_len),
				c->addr_len, c->len);
	if (c->error || error) {
		KUNIT_ASSERT_EQ(test, c->error && error, true);
		KUNIT_EXPECT_EQ(test, strcmp(error, c->error), 0);
		return;
	}
	mt_prefix_range(&range, &prefix);
	KUNIT_EXPECT_EQ(test, memcmp(&range.first, c->first, 16), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&range.last, c->last, 16), 0);
}

/*
 * Random prefixes that are close together, IPv4 and IPv6 mixed: an address is in
 * the set if it is in one of them.
 */
static bool slow_have(const struct mt_prefix *prefixes, unsigned int n,
		      u8 family, u32 low)
{
	unsigned int i, bits = 32;
	u32 first;

	for (i = 0; i < n; i++) {
		bits = prefixes[i].family == AF_INET ? prefixes[i].len :
						       prefixes[i].len - 96;
		first = mt_get_be32((const u8 *)&prefixes[i].addr +
				    (prefixes[i].family == AF_INET ? 0 : 12));
		if (prefixes[i].family == family &&
		    (!bits || !((first ^ low) >> (32 - bits))))
			return true;
	}
	return false;
}

/* Insertion sort: user space and kernel have no sort() in common. */
static void sort_ranges(struct mt_range *ranges, unsigned int n)
{
	struct mt_range one;
	unsigned int i, j;

	for (i = 1; i < n; i++) {
		one = ranges[i];
		for (j = i; j && mt_range_compare(&ranges[j - 1], &one) > 0; j--)
			ranges[j] = ranges[j - 1];
		ranges[j] = one;
	}
}

#define PREFIXES	40
#define SET_SIZE	8192

static void mt_set_test(struct kunit *test)
{
	struct mt_prefix *prefixes;
	struct mt_range *ranges;
	struct in6_addr addr;
	const char *error;
	unsigned int round, i, n, left;
	u32 random = 1, low;
	u8 bytes[16] = { 0x20, 1, 0xd, 0xb8 };
	struct mt_set *set;
	__be32 be;

	prefixes = kunit_kmalloc(test, PREFIXES * sizeof(*prefixes), GFP_KERNEL);
	ranges = kunit_kmalloc(test, PREFIXES * sizeof(*ranges), GFP_KERNEL);
	set = kunit_kmalloc(test, SET_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, prefixes);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ranges);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_ASSERT_EQ(test, mt_set_size(PREFIXES) <= SET_SIZE, true);

	for (round = 0; round < 300; round++) {
		n = 1 + round % PREFIXES;
		for (i = 0; i < n; i++) {
			unsigned int len;
			bool v6;

			random = random * 1103515245 + 12345;
			len = 22 + (random >> 16) % 11;
			v6 = random >> 28 & 1;
			low = 0x0a000000 | (random >> 8 & 0xfff);
			low &= ~0U << (32 - len);
			be = cpu_to_be32(low);
			memcpy(bytes + 12, &be, 4);
			error = mt_prefix_parse(&prefixes[i],
						v6 ? bytes : bytes + 12,
						v6 ? 16 : 4,
						v6 ? 96 + len : len);
			KUNIT_ASSERT_EQ(test, !error, true);
			mt_prefix_range(&ranges[i], &prefixes[i]);
		}
		sort_ranges(ranges, n);
		left = mt_ranges_merge(ranges, n);
		KUNIT_EXPECT_EQ(test, left <= n && left, true);
		mt_set_build(set, ranges, left);

		for (i = 0; i < 400; i++) {
			low = 0x0a000000 - 200 + i * 13;
			be = cpu_to_be32(low);
			mt_map_v4(&addr, be);
			KUNIT_EXPECT_EQ(test, mt_set_has(set, &addr),
					slow_have(prefixes, n, AF_INET, low));
			memcpy(bytes + 12, &be, 4);
			memcpy(&addr, bytes, 16);
			KUNIT_EXPECT_EQ(test, mt_set_has(set, &addr),
					slow_have(prefixes, n, AF_INET6, low));
		}
	}
}

/* As many addresses, each with a neighbour that is not in the set */
static const unsigned int set_sizes[] = {
	1, 2, 3, 4, 10, 11, 50, 51, 250, 251, 1250, 1251, 6250, 6251,
};

static void number_to_addr(struct in6_addr *addr, u64 number)
{
	unsigned int i;

	memset(addr, 0, sizeof(*addr));
	for (i = 0; i < 8; i++)	/* across the middle of the address */
		addr->s6_addr[11 - i] = number >> 8 * i;
}

static void mt_set_sizes_test(struct kunit *test)
{
	const unsigned int max = set_sizes[ARRAY_SIZE(set_sizes) - 1];
	unsigned int i, k, n, wrong, shift;
	u64 base;
	struct mt_range *ranges;
	struct in6_addr addr;
	struct mt_set *set;

	ranges = kunit_kmalloc(test, max * sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ranges);
	for (k = 0; k < 2 * ARRAY_SIZE(set_sizes); k++) {
		n = set_sizes[k / 2];
		/* single addresses, or the 2^64 that begin alike */
		shift = 32 * (k % 2);
		base = shift ? 0xffff00 : 0xffffff00;
		set = kunit_kmalloc(test, mt_set_size(n), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
		for (i = 0; i < n; i++) {
			number_to_addr(&ranges[i].first,
				       (base + 2 * i) << shift);
			ranges[i].last = ranges[i].first;
			if (shift)
				memset(&ranges[i].last.s6_addr[8], 0xff, 8);
		}
		/* the first and the last address there are */
		memset(&ranges[0].first, 0, 16);
		memset(&ranges[n - 1].last, 0xff, 16);
		mt_set_build(set, ranges, n);
		wrong = 0;
		for (i = 0; i < 2 * n - 1; i++) {
			number_to_addr(&addr, (base + i) << shift);
			wrong += mt_set_has(set, &addr) == i % 2;
			if (!shift)
				continue;
			memset(&addr.s6_addr[8], 0xff, 8);
			wrong += mt_set_has(set, &addr) == i % 2;
		}
		KUNIT_EXPECT_EQ(test, wrong, 0U);
		memset(&addr, 0xff, 16);
		KUNIT_EXPECT_EQ(test, mt_set_has(set, &addr), true);
		addr.s6_addr[15] = 0xfe;
		KUNIT_EXPECT_EQ(test, mt_set_has(set, &addr), true);
		memset(&addr, 0, 16);
		KUNIT_EXPECT_EQ(test, mt_set_has(set, &addr), true);
	}
}

/* Step by step is at once, and no other bit changes. */
static void mt_tuple_widen_test(struct kunit *test)
{
	struct mt_tuple whole, once, steps;
	unsigned int bits, max, i, bit;
	u8 *remote;

	for (max = 32; max <= 128; max += 96) {
		memset(&whole, 0, sizeof(whole));
		memset(&whole.local, 0xff, max / 8);
		memset(&whole.remote, 0xff, max / 8);
		whole.family = max == 32 ? AF_INET : AF_INET6;
		whole.key = cpu_to_be32(0xffffffff);
		whole.keyed = 1;
		steps = whole;
		for (bits = 0; bits <= max; bits++) {
			once = whole;
			mt_tuple_widen(&once, bits);
			mt_tuple_widen(&steps, bits);
			KUNIT_EXPECT_EQ(test, memcmp(&once, &steps,
						     sizeof(once)), 0);
			KUNIT_EXPECT_EQ(test, (unsigned int)once.host_bits,
					bits);
			remote = (u8 *)&once.remote;
			for (i = 0; i < max; i++) {
				bit = remote[i / 8] >> (7 - i % 8) & 1;
				KUNIT_EXPECT_EQ(test, bit, i < max - bits);
			}
			once.remote = whole.remote;
			once.host_bits = 0;
			KUNIT_EXPECT_EQ(test, memcmp(&once, &whole,
						     sizeof(once)), 0);
		}
	}
}

/*
 * Tunnels whose addresses or keys differ in a byte or two meet in the hash table as
 * by chance, where each of N meets (N - 1) / 2 / BUCKETS on average that are not it.
 */
static void mt_tuple_hash_test(struct kunit *test)
{
	/* two bytes of a tuple */
	static const struct {
		u8 first, second, family;
	} patterns[] = {
		{ 18, 19, AF_INET },	/* remotes */
		{ 19, 35, AF_INET },	/* and keys */
		{ 3, 19, AF_INET },	/* locals and remotes */
		{ 30, 31, AF_INET6 },	/* remotes */
		{ 22, 23, AF_INET6 },	/* networks */
		{ 23, 31, AF_INET6 },	/* and hosts in them */
		{ 15, 31, AF_INET6 },	/* locals and remotes */
		{ 7, 31, AF_INET6 },	/* networks of locals, and remotes */
		{ 31, 35, AF_INET6 },	/* remotes and keys */
	};
	static u16 buckets[8192];
	unsigned int i, x, y, pairs, hash, bad = 0;
	struct mt_tuple tuple;
	u8 *bytes = (u8 *)&tuple;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		memset(&tuple, 0, sizeof(tuple));
		tuple.family = patterns[i].family;
		memset(buckets, 0, sizeof(buckets));
		pairs = 0;
		for (x = 0; x < 64; x++) {
			for (y = 0; y < 64; y++) {
				bytes[patterns[i].first] = x;
				bytes[patterns[i].second] = y;
				hash = mt_tuple_hash(&tuple, 1);
				/* as the table takes a bucket from a hash */
				pairs += buckets[hash >> 4 & 8191]++;
			}
		}
		bad |= (pairs > 4096 / 4 * 3 / 2) << i;
	}
	KUNIT_EXPECT_EQ(test, bad, 0U);
}

static struct kunit_case prefix_tests[] = {
	KUNIT_CASE_PARAM(mt_prefix_test, prefix_cases_gen_params),
	KUNIT_CASE(mt_set_test),
	KUNIT_CASE(mt_set_sizes_test),
	KUNIT_CASE(mt_tuple_widen_test),
	KUNIT_CASE(mt_tuple_hash_test),
	{}
};

struct kunit_suite mt_prefix_suite = {
	.name = "mtun_prefix",
	.test_cases = prefix_tests,
};
