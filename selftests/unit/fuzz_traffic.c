// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on kmod/traffic.c. An input is a packet. Besides what the sanitizers
 * see, it must hold that the answer is one of those there are, that bytes behind
 * those which are looked at do not matter, that a packet which ends early is never
 * taken for one of the other IP version, that it is known when its end is missed,
 * and that what is told in line is the same.
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
	u32 t, quick;

	must(!!copy);
	memcpy(copy, data, len);
	t = mt_traffic_parse(copy, len);
	quick = mt_traffic_quick(copy, len);
	must(quick == MT_TRAFFIC_ODD || quick == (t & ~MT_TRAFFIC_CUT));
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
	must(t >> MT_TRAFFIC_BITS == 0);
	must(!(t & (MT_TRAFFIC_FIN | MT_TRAFFIC_SYN | MT_TRAFFIC_RST)) ||
	     mt_traffic_kind(t) == MT_KIND(is_v6(t), MTUN_PROTOCOL_TCP));
	must(is_v6(t) == (data[0] >> 4 == 6));
	if (size > MT_TRAFFIC_LOOKED_AT) {
		shorter = parse(data, MT_TRAFFIC_LOOKED_AT);
		must(t == shorter);
	} else if (size > 1) {
		shorter = parse(data, size - 1);
		must(is_v6(shorter) == is_v6(t));
		must(shorter & MT_TRAFFIC_CUT ||
		     shorter == (t & ~MT_TRAFFIC_CUT));
	}
	return 0;
}
