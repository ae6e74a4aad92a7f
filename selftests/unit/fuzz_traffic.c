// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on kmod/traffic.c. An input is a packet. Besides what the sanitizers
 * see, it must hold that the answer is one of those there are, that bytes behind
 * those which are looked at do not matter, and that a packet which ends early is
 * never taken for one of the other IP version.
 */
#include "traffic.c"

#include <stdlib.h>

#define MAX_LEN	160

static void must(int holds)
{
	if (!holds)
		abort();
}

static bool is_v6(u32 t)
{
	return mt_traffic_kind(t) >= MT_KIND(1, 0);
}

static u32 parse(const u8 *data, size_t len)
{
	u8 *copy = malloc(len);	/* so that ASan sees its end */
	u32 t;

	must(!!copy);
	memcpy(copy, data, len);
	t = mt_traffic_parse(copy, len);
	free(copy);
	return t;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 t, shorter;

	if (!size)
		return 0;
	t = parse(data, size);
	must(mt_traffic_kind(t) < MT_KINDS);
	must(!(t & MT_TRAFFIC_TCP) ||
	     mt_traffic_kind(t) == MT_KIND(is_v6(t), MTUN_PROTOCOL_TCP));
	must(is_v6(t) == (data[0] >> 4 == 6));
	if (size > MT_TRAFFIC_LOOKED_AT) {
		shorter = parse(data, MT_TRAFFIC_LOOKED_AT);
		must(t == shorter);
	} else if (size > 1) {
		shorter = parse(data, size - 1);
		must(is_v6(shorter) == is_v6(t));
	}
	return 0;
}
