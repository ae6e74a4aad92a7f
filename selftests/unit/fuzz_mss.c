// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on kmod/mss.c. An input is the limit, the number of bytes that the
 * header has by its length field, and the header from there on. Besides what
 * the sanitizers see, it must hold that nothing but the value of MSS options and
 * the checksum changes, that no value grows and none is left that is too large,
 * and that the sum over the header stays what it was.
 */
#include "mss.c"

#include <stdlib.h>

#define INPUT_HEAD	3

static u32 sum_of(const u8 *data, unsigned int len)
{
	unsigned int i;
	u32 sum = 0;

	for (i = 0; i < len; i++)
		sum += i % 2 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum % 0xffff;	/* two ways to say 0 */
}

static void must(int holds)
{
	if (!holds)
		abort();
}

/* The sum over the pseudo header has 4 more, that over the segment 4 less. */
static void insert(const u8 *was, unsigned int len, u16 mss)
{
	unsigned int more = MT_TCP_MSS_LEN, end = MT_TCP_LEN_MIN;
	u8 *tcp = malloc(len + more);

	must(!!tcp);
	memcpy(tcp, was, end);
	memset(tcp + end, 0xee, more);
	memcpy(tcp + end + more, was + end, len - end);
	mt_mss_insert(tcp, mss, len, true);
	must((sum_of(tcp, len + more) + more) % 0xffff ==
	     sum_of(was, len) % 0xffff);
	must(!memcmp(tcp, was, MT_TCP_LEN_OFFSET));
	must(!memcmp(tcp + end + more, was + end, len - end));
	must(mt_mss_check(tcp, len + more, mss) == MTUN_MSS_VERDICT_SMALL);
	must(!mss || mt_mss_check(tcp, len + more, mss - 1) ==
		     MTUN_MSS_VERDICT_LOWERED);
	free(tcp);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	enum mtun_mss_verdict verdict, again;
	unsigned int len, i, changed = 0;
	u8 *tcp, *was;
	u16 max;

	if (size < INPUT_HEAD + MT_TCP_LEN_MIN)
		return 0;
	max = data[0] << 8 | data[1];
	len = MT_TCP_LEN_MIN + data[2] % 11 * 4;
	if (size < INPUT_HEAD + len)
		return 0;

	tcp = malloc(len);	/* so that ASan sees its end */
	was = malloc(len);
	must(tcp && was);
	memcpy(tcp, data + INPUT_HEAD, len);
	memcpy(was, tcp, len);

	verdict = mt_mss_check(tcp, len, max);
	must(!memcmp(tcp, was, len));
	must(verdict >= MTUN_MSS_VERDICT_LOWERED &&
	     verdict <= MTUN_MSS_VERDICT_SIGNED);
	if (verdict == MTUN_MSS_VERDICT_LOWERED) {
		mt_mss_lower(tcp, len, max, true);
		must(sum_of(tcp, len) == sum_of(was, len));
		again = mt_mss_check(tcp, len, max);
		must(again == MTUN_MSS_VERDICT_SMALL);
		must(!memcmp(tcp, was, CHECKSUM_OFFSET));
		must(!memcmp(tcp + 18, was + 18, 2));
		for (i = MT_TCP_LEN_MIN; i < len; i++)
			changed += tcp[i] != was[i];
		must(changed && changed <= (len - MT_TCP_LEN_MIN) / 2);

		memcpy(tcp, was, len);
		mt_mss_lower(tcp, len, max, false);
		must(!memcmp(tcp, was, MT_TCP_LEN_MIN));
	}
	if (verdict == MTUN_MSS_VERDICT_ABSENT &&
	    len + MT_TCP_MSS_LEN <= MT_TCP_LEN_MAX)
		insert(was, len, max);
	free(was);
	free(tcp);
	return 0;
}
