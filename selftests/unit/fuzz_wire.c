// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on kmod/wire.c. An input is a packet from its GRE header on. Besides what the
 * sanitizers see, it must hold that a header ends within what was given, that bytes behind
 * MT_GRE_LEN_MAX do not matter, that what is read in line is the same, and that what is
 * built of an answer is read as that again.
 */
#include "wire.c"

#include <stdlib.h>

#define MAX_LEN	24

static void must(int holds)
{
	if (!holds)
		abort();
}

static bool parse(struct mt_gre *gre, const u8 *data, size_t len)
{
	u8 *copy = malloc(len ?: 1);	/* so that ASan sees its end */
	bool understood;

	must(!!copy);
	memcpy(copy, data, len);
	memset(gre, 0, sizeof(*gre));
	understood = mt_gre_parse(gre, copy, len);
	free(copy);
	return understood;
}

static bool same(const struct mt_gre *a, const struct mt_gre *b)
{
	return a->proto == b->proto && a->key == b->key && a->seq == b->seq &&
	       a->flags == b->flags && a->len == b->len && a->fault == b->fault;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct mt_gre gre, other;
	u8 built[MT_GRE_LEN_MAX];

	if (!parse(&gre, data, size))
		return 0;
	must(gre.fault || gre.len <= size);
	must(gre.len <= MT_GRE_LEN_MAX);
	if (size > MT_GRE_LEN_MAX) {
		must(parse(&other, data, MT_GRE_LEN_MAX));
		must(same(&gre, &other));
	}
	if (size >= MT_GRE_PLAIN_MAX && mt_gre_parse_plain(&other, data))
		must(same(&gre, &other));
	if (gre.fault)
		return 0;
	must(mt_gre_len(gre.flags) == gre.len);
	mt_gre_build(built, gre.flags, be32_to_cpu(gre.key));
	must(parse(&other, built, gre.len));
	must(!other.fault && other.flags == gre.flags && other.key == gre.key &&
	     other.len == gre.len);
	return 0;
}
