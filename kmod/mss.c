// SPDX-License-Identifier: GPL-2.0
#include "mss.h"

#define IPV4_AND_TCP	40
#define IPV6_AND_TCP	60

#define CHECKSUM_OFFSET	16

/* Kinds of options, as assigned by IANA */
#define OPT_END		0
#define OPT_NOP		1
#define OPT_MSS		2
#define OPT_MD5		19	/* RFC 2385 */
#define OPT_AO		29	/* RFC 5925 */

#define MALFORMED	-1

u16 mt_mss_limit(u16 mss, unsigned int mtu, bool ipv6)
{
	unsigned int headers = ipv6 ? IPV6_AND_TCP : IPV4_AND_TCP;

	if (mss != MTUN_MSS_AUTO)
		return mss;
	if (mtu < headers + MT_MSS_MIN)
		return MT_MSS_MIN;
	return mtu - headers < MTUN_MSS_AUTO ? mtu - headers : MTUN_MSS_AUTO;
}

u16 mt_mss_default(bool ipv6)
{
	return ipv6 ? 1220 : 536;
}

/* Bytes of the option at @at: 0 if there is none, or MALFORMED. */
static int option_len(const u8 *tcp, unsigned int len, unsigned int at)
{
	if (at >= len || tcp[at] == OPT_END)
		return 0;
	if (tcp[at] == OPT_NOP)
		return 1;
	if (len - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > len - at)
		return MALFORMED;
	if (tcp[at] == OPT_MSS && tcp[at + 1] != MT_TCP_MSS_LEN)
		return MALFORMED;
	return tcp[at + 1];
}

enum mtun_mss_verdict mt_mss_check(const u8 *tcp, unsigned int len, u16 max)
{
	bool found = false, larger = false, is_signed = false;
	unsigned int at = MT_TCP_LEN_MIN;
	int n;

	for (; (n = option_len(tcp, len, at)) > 0; at += n) {
		switch (tcp[at]) {
		case OPT_MSS:
			found = true;
			larger |= mt_get_be16(tcp + at + 2) > max;
			break;
		case OPT_MD5:
		case OPT_AO:
			is_signed = true;
			break;
		}
	}
	if (n == MALFORMED)
		return MTUN_MSS_VERDICT_MALFORMED;
	if (is_signed)
		return MTUN_MSS_VERDICT_SIGNED;
	if (!found)
		return MTUN_MSS_VERDICT_ABSENT;
	return larger ? MTUN_MSS_VERDICT_LOWERED : MTUN_MSS_VERDICT_SMALL;
}

static u16 swapped(u16 value)
{
	return value << 8 | value >> 8;
}

static u16 update_sum(u16 sum, u16 old, u16 new)
{
	u32 more = sum + (u16)~old + new;

	more = (more & 0xffff) + (more >> 16);
	return more + (more >> 16);
}

/* RFC 1624 equation 3, for a value that began at @at and has changed. */
static void update_checksum(u8 *tcp, unsigned int at, u16 old, u16 new)
{
	u16 sum = ~mt_get_be16(tcp + CHECKSUM_OFFSET);

	/* At an odd place it is the end of one word and the start of the next */
	if (at % 2) {
		old = swapped(old);
		new = swapped(new);
	}
	mt_put_be16(tcp + CHECKSUM_OFFSET, ~update_sum(sum, old, new));
}

void mt_mss_lower(u8 *tcp, unsigned int len, u16 max, bool checksum)
{
	unsigned int at = MT_TCP_LEN_MIN;
	u16 old;
	int n;

	for (; (n = option_len(tcp, len, at)) > 0; at += n) {
		if (tcp[at] != OPT_MSS)
			continue;
		old = mt_get_be16(tcp + at + 2);
		if (old <= max)
			continue;
		mt_put_be16(tcp + at + 2, max);
		if (checksum)
			update_checksum(tcp, at, old, max);
	}
}

void mt_mss_insert(u8 *tcp, u16 mss, u16 len, bool checksum)
{
	const u16 kind = OPT_MSS << 8 | MT_TCP_MSS_LEN;
	u16 old = mt_get_be16(tcp + MT_TCP_LEN_OFFSET);
	u16 new = old + (MT_TCP_MSS_LEN / 4 << 12);
	u16 sum;

	mt_put_be16(tcp + MT_TCP_LEN_OFFSET, new);
	tcp[MT_TCP_LEN_MIN] = OPT_MSS;
	tcp[MT_TCP_LEN_MIN + 1] = MT_TCP_MSS_LEN;
	mt_put_be16(tcp + MT_TCP_LEN_MIN + 2, mss);
	if (!checksum) {
		sum = mt_get_be16(tcp + CHECKSUM_OFFSET);
		mt_put_be16(tcp + CHECKSUM_OFFSET,
			    update_sum(sum, len, len + MT_TCP_MSS_LEN));
		return;
	}
	update_checksum(tcp, 0, len, len + MT_TCP_MSS_LEN);
	update_checksum(tcp, MT_TCP_LEN_OFFSET, old, new);
	update_checksum(tcp, MT_TCP_LEN_MIN, 0, kind);
	update_checksum(tcp, MT_TCP_LEN_MIN + 2, 0, mss);
}
