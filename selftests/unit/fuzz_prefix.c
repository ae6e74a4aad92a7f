// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on kmod/prefix.c. An input is a list of prefixes, each a family, a length and
 * an address, as a request may have them. Besides what the sanitizers see, it must hold
 * that the set has just those addresses that one of the prefixes has: asked are the
 * first and the last address of each, and their neighbours.
 */
#include "prefix.c"

#include <stdlib.h>

#define MAX_LEN	400
#define MOST	40

static void must(int holds)
{
	if (!holds)
		abort();
}

static bool in_one_of(const struct mt_range *ranges, unsigned int n,
		      const struct in6_addr *addr)
{
	for (unsigned int i = 0; i < n; i++)
		if (memcmp(&ranges[i].first, addr, sizeof(*addr)) <= 0 &&
		    memcmp(&ranges[i].last, addr, sizeof(*addr)) >= 0)
			return true;
	return false;
}

/* To the next address, or to the one before; false if there is none. */
static bool step(struct in6_addr *addr, int by)
{
	for (int i = 15; i >= 0; i--) {
		addr->s6_addr[i] += by;
		if (addr->s6_addr[i] != (by > 0 ? 0 : 255))
			return true;
	}
	return false;
}

static void check(const struct mt_set *set, const struct mt_range *ranges,
		  unsigned int n, struct in6_addr addr)
{
	struct in6_addr next = addr, before = addr;

	must(mt_set_has(set, &addr) == in_one_of(ranges, n, &addr));
	if (step(&next, 1))
		must(mt_set_has(set, &next) == in_one_of(ranges, n, &next));
	if (step(&before, -1))
		must(mt_set_has(set, &before) == in_one_of(ranges, n, &before));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct mt_range ranges[MOST], merged[MOST];
	struct mt_prefix prefix;
	unsigned int n = 0, left, i;
	struct mt_set *set;

	while (size > 2 && n < MOST) {
		size_t len = data[0] % 20;

		if (len > size - 2)
			len = size - 2;
		if (!mt_prefix_parse(&prefix, data + 2, len, data[1]))
			mt_prefix_range(&ranges[n++], &prefix);
		data += 2 + len;
		size -= 2 + len;
	}
	if (!n)
		return 0;
	memcpy(merged, ranges, sizeof(merged));
	qsort(merged, n, sizeof(*merged), mt_range_compare);
	left = mt_ranges_merge(merged, n);
	must(left > 0 && left <= n);
	set = aligned_alloc(64, mt_set_size(left));
	must(!!set);
	mt_set_build(set, merged, left);
	for (i = 0; i < n; i++) {
		check(set, ranges, n, ranges[i].first);
		check(set, ranges, n, ranges[i].last);
	}
	free(set);
	return 0;
}
