// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on kmod/flow.c. An input is an IP packet, cut anywhere behind its header.
 * Besides what the sanitizers see, it must hold that what comes behind the ports does not
 * matter, nor what routers change.
 */
#include "flow.c"

#include <stdlib.h>

#define MAX_LEN	128

static void must(int holds)
{
	if (!holds)
		abort();
}

static u32 hash(const u8 *data, size_t len, u64 seed)
{
	u8 *copy = malloc(len);	/* so that ASan sees its end */
	u32 found;

	must(!!copy);
	memcpy(copy, data, len);
	found = mt_flow_hash(copy, len, seed);
	free(copy);
	return found;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 changed[MAX_LEN];
	size_t head;
	bool v6;

	if (!size || size > MAX_LEN)
		return 0;
	v6 = data[0] >> 4 == 6;
	head = v6 ? 40 : (data[0] & 15) * 4;
	if ((!v6 && (data[0] >> 4 != 4 || head < 20)) || size < head)
		return 0;	/* nobody asks for that */
	must(hash(data, size, 1) == hash(data, size, 1));
	memcpy(changed, data, size);
	changed[v6 ? 7 : 8] ^= 0x55;	/* TTL */
	if (size > head + 4)
		changed[size - 1] ^= 0x55;
	must(hash(changed, size, 7) == hash(data, size, 7));
	return 0;
}
