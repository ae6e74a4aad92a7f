// SPDX-License-Identifier: GPL-2.0
#include "mss.c"

#include "kunit.h"

/* Options as bytes */
#define MSS_0	"\002\004\000\000"
#define MSS_48	"\002\004\000\060"
#define MSS_536	"\002\004\002\030"
#define MSS_1000	"\002\004\003\350"
#define MSS_1279	"\002\004\004\377"
#define MSS_1280	"\002\004\005\000"
#define MSS_1400	"\002\004\005\170"
#define MSS_1436	"\002\004\005\234"
#define MSS_1437	"\002\004\005\235"
#define MSS_1460	"\002\004\005\264"
#define MSS_1461	"\002\004\005\265"
#define MSS_1462	"\002\004\005\266"
#define MSS_1463	"\002\004\005\267"
#define MSS_1464	"\002\004\005\270"
#define MSS_1465	"\002\004\005\271"
#define MSS_1466	"\002\004\005\272"
#define MSS_1467	"\002\004\005\273"
#define MSS_1468	"\002\004\005\274"
#define MSS_1469	"\002\004\005\275"
#define MSS_1470	"\002\004\005\276"
#define MSS_9000	"\002\004\043\050"
#define MSS_65535	"\002\004\377\377"
#define SACK_OK	"\004\002"
#define MD5	"\023\0220123456789abcdef"

#define LOWERED		MTUN_MSS_VERDICT_LOWERED
#define SMALL		MTUN_MSS_VERDICT_SMALL
#define ABSENT		MTUN_MSS_VERDICT_ABSENT
#define IS_MALFORMED	MTUN_MSS_VERDICT_MALFORMED
#define SIGNED		MTUN_MSS_VERDICT_SIGNED

static const struct {
	const char *name;
	unsigned int len;
	u8 options[40];
	u16 max;
	enum mtun_mss_verdict verdict;
	u8 lowered[40];
} mss_cases[] = {
	{ "larger", 4, MSS_1460, 1436, LOWERED, MSS_1436 },
	{ "equal", 4, MSS_1436, 1436, SMALL },
	{ "smaller", 4, MSS_536, 1436, SMALL },
	{ "1 larger", 4, MSS_1437, 1436, LOWERED, MSS_1436 },
	{ "0", 4, MSS_0, 1436, SMALL },
	{ "65535", 4, MSS_65535, 48, LOWERED, MSS_48 },
	{ "no limit", 4, MSS_65535, 65535, SMALL },
	{ "one byte differs", 4, MSS_1280, 0x04ff, LOWERED, MSS_1279 },
	{ "no options", 0, "", 1436, ABSENT },
	{ "other options", 4, SACK_OK "\001\001", 1436, ABSENT },
	{ "what a kernel sends", 20, MSS_1460 SACK_OK
	  "\010\012\001\002\003\004\000\000\000\000\001\003\003\007", 1400,
	  LOWERED, MSS_1400 SACK_OK
	  "\010\012\001\002\003\004\000\000\000\000\001\003\003\007" },
	{ "last", 8, SACK_OK "\001\001" MSS_1460, 1436, LOWERED, SACK_OK
	  "\001\001" MSS_1436 },
	{ "at an odd place", 8, "\001" MSS_1460 "\001\001\000", 1436,
	  LOWERED, "\001" MSS_1436 "\001\001\000" },
	{ "behind an odd option", 8, "\003\003\007" MSS_1460 "\000", 1436,
	  LOWERED, "\003\003\007" MSS_1436 "\000" },
	{ "twice", 8, MSS_1460 MSS_9000, 1436, LOWERED, MSS_1436 MSS_1436 },
	{ "twice, one small", 8, MSS_1000 MSS_9000, 1436, LOWERED, MSS_1000
	  MSS_1436 },
	{ "twice, the other small", 8, MSS_9000 MSS_1000, 1436, LOWERED,
	  MSS_1436 MSS_1000 },
	{ "twice, one at an odd place", 12, MSS_9000 "\001" MSS_1460 "\000",
	  1436, LOWERED, MSS_1436 "\001" MSS_1436 "\000" },
	{ "behind the end", 8, "\000" MSS_1460, 1436, ABSENT },
	{ "and behind the end", 12, MSS_1460 "\000" MSS_1460, 1436, LOWERED,
	  MSS_1436 "\000" MSS_1460 },
	{ "rubbish behind the end", 8, MSS_1460 "\000\005\377\000", 1436,
	  LOWERED, MSS_1436 "\000\005\377\000" },
	{ "3 bytes long", 4, "\002\003\005\000", 1436, IS_MALFORMED },
	{ "5 bytes long", 8, "\002\005\005\000\000", 1436, IS_MALFORMED },
	{ "2 bytes long", 4, "\002\002\001\001", 1436, IS_MALFORMED },
	{ "1 byte long", 4, "\002\001\001\001", 1436, IS_MALFORMED },
	{ "0 bytes long", 4, "\002\000\001\001", 1436, IS_MALFORMED },
	{ "another of 0 bytes", 8, MSS_1460 "\005\000\001\001", 1436,
	  IS_MALFORMED },
	{ "another of 1 byte", 4, "\115\001\001\001", 1436, IS_MALFORMED },
	{ "255 bytes long", 4, "\002\377\005\000", 1436, IS_MALFORMED },
	{ "cut in its value", 8, "\001\001\001\001\001\002\004\005", 1436,
	  IS_MALFORMED },
	{ "cut before its value", 4, "\001\001\002\004", 1436, IS_MALFORMED },
	{ "cut before its length", 4, "\001\001\001\002", 1436, IS_MALFORMED },
	{ "another that is cut", 8, MSS_1460 "\001\001\010\012", 1436,
	  IS_MALFORMED },
	{ "another that ends with the header", 8, MSS_1460
	  "\001\003\003\007", 1436, LOWERED, MSS_1436 "\001\003\003\007" },
	{ "MD5", 24, MSS_1460 "\001\001" MD5, 1436, SIGNED },
	{ "MD5 first", 24, MD5 MSS_1460 "\001\001", 1436, SIGNED },
	{ "MD5 and small", 24, MD5 MSS_536 "\001\001", 1436, SIGNED },
	{ "TCP-AO", 20, MSS_1460 "\035\020\001\001", 1436, SIGNED },
	{ "MD5 behind the end", 24, MSS_1460 "\000\001" MD5, 1436, LOWERED,
	  MSS_1436 "\000\001" MD5 },
	{ "ten of them", 40, MSS_1461 MSS_1462 MSS_1463 MSS_1464 MSS_1465
	  MSS_1466 MSS_1467 MSS_1468 MSS_1469 MSS_1470, 1436, LOWERED,
	  MSS_1436 MSS_1436 MSS_1436 MSS_1436 MSS_1436 MSS_1436 MSS_1436
	  MSS_1436 MSS_1436 MSS_1436 },
};

MT_CASES(mss_cases);

/* One's complement sum of the header and, on top, of all else. */
static u16 sum_of(const u8 *tcp, unsigned int len, u32 rest)
{
	unsigned int i;

	for (i = 0; i < len; i += 2)
		rest += tcp[i] << 8 | tcp[i + 1];
	while (rest >> 16)
		rest = (rest & 0xffff) + (rest >> 16);
	return rest;
}

static void mt_mss_test(struct kunit *test)
{
	static const u32 rests[] = { 0, 1, 0x1234, 0xfffe, 0xffff, 0x10001 };
	const typeof(mss_cases[0]) *c = test->param_value;
	unsigned int len = MT_TCP_LEN_MIN + c->len, i, j;
	const u8 *want;
	u8 *tcp, *was;
	u16 sum;

	want = c->verdict == LOWERED ? c->lowered : c->options;
	for (i = 0; i < ARRAY_SIZE(rests); i++) {
		tcp = mt_test_copy(test, c->options, len);
		for (j = 0; j < MT_TCP_LEN_MIN; j++)
			tcp[j] = j * 37 + 5;
		memcpy(tcp + MT_TCP_LEN_MIN, c->options, c->len);
		memset(tcp + CHECKSUM_OFFSET, 0, 2);
		sum = ~sum_of(tcp, len, rests[i]);
		tcp[CHECKSUM_OFFSET] = sum >> 8;
		tcp[CHECKSUM_OFFSET + 1] = sum & 0xff;
		was = mt_test_copy(test, tcp, len);

		KUNIT_EXPECT_EQ(test, (int)c->verdict,
				(int)mt_mss_check(tcp, len, c->max));
		KUNIT_EXPECT_EQ(test, 0, memcmp(tcp, was, len));
		if (c->verdict != LOWERED)
			continue;

		mt_mss_lower(tcp, len, c->max, true);
		KUNIT_EXPECT_EQ(test, 0, memcmp(tcp + MT_TCP_LEN_MIN, want,
						c->len));
		KUNIT_EXPECT_EQ(test, 0xffff, (int)sum_of(tcp, len, rests[i]));
		memcpy(was + MT_TCP_LEN_MIN, want, c->len);
		memcpy(was + CHECKSUM_OFFSET, tcp + CHECKSUM_OFFSET, 2);
		KUNIT_EXPECT_EQ(test, 0, memcmp(tcp, was, len));
		KUNIT_EXPECT_EQ(test, (int)SMALL,
				(int)mt_mss_check(tcp, len, c->max));

		/* not its business: the value and nothing else */
		memcpy(tcp + MT_TCP_LEN_MIN, c->options, c->len);
		mt_mss_lower(tcp, len, c->max, false);
		KUNIT_EXPECT_EQ(test, 0, memcmp(tcp, was, len));
	}
}

static const struct {
	const char *name;
	u16 mss;
	unsigned int mtu;
	u16 ipv4;
	u16 ipv6;
} limit_cases[] = {
	{ "a number", 1400, 1476, 1400, 1400 },
	{ "a number too large for the MTU", 9000, 1476, 9000, 9000 },
	{ "tunnel over IPv4", MTUN_MSS_AUTO, 1476, 1436, 1416 },
	{ "tunnel over IPv6", MTUN_MSS_AUTO, 1456, 1416, 1396 },
	{ "Ethernet", MTUN_MSS_AUTO, 1500, 1460, 1440 },
	{ "a way without room", MTUN_MSS_AUTO, 0, 48, 48 },
	{ "IPv4's least", MTUN_MSS_AUTO, 68, 48, 48 },
	{ "just room", MTUN_MSS_AUTO, 108, 68, 48 },
	{ "1 more", MTUN_MSS_AUTO, 109, 69, 49 },
	{ "the largest", MTUN_MSS_AUTO, 65535, 65495, 65475 },
	{ "more than there is", MTUN_MSS_AUTO, 0xffffffff, 65535, 65535 },
};

MT_CASES(limit_cases);

static void mt_mss_limit_test(struct kunit *test)
{
	const typeof(limit_cases[0]) *c = test->param_value;

	KUNIT_EXPECT_EQ(test, (int)c->ipv4,
			(int)mt_mss_limit(c->mss, c->mtu, false));
	KUNIT_EXPECT_EQ(test, (int)c->ipv6,
			(int)mt_mss_limit(c->mss, c->mtu, true));
}

static const struct {
	const char *name;
	unsigned int len;	/* of the header before */
	u16 more;		/* bytes of data */
	u16 mss;
} insert_cases[] = {
	{ "no options", 20, 0, 536 },
	{ "no options, IPv6", 20, 0, 1220 },
	{ "least", 20, 0, 48 },
	{ "some options", 40, 0, 536 },
	{ "as many as fit", 56, 0, 536 },
	{ "data", 20, 1400, 536 },
	{ "data of odd length", 32, 333, 1220 },
	{ "the longest", 20, 65535 - 24, 536 },
	{ "a byte carries", 20, 0xfe - 20, 536 },
	{ "the largest value", 20, 0, 65535 },
};

MT_CASES(insert_cases);

static void mt_mss_insert_test(struct kunit *test)
{
	static const u32 rests[] = { 0, 1, 0x1234, 0xfffe, 0xffff, 0x10001 };
	const typeof(insert_cases[0]) *c = test->param_value;
	unsigned int len = c->len + 4, i, j;
	u16 segment = c->len + c->more, sum;
	u8 tcp[MT_TCP_LEN_MAX];

	for (i = 0; i < ARRAY_SIZE(rests); i++) {
		/* as it is called: all behind the gap is there, the gap is not */
		for (j = 0; j < len; j++)
			tcp[j] = j * 41 + 3;
		tcp[MT_TCP_LEN_OFFSET] = c->len / 4 << 4 | 1;
		memset(tcp + MT_TCP_LEN_MIN, 0, 4);
		memset(tcp + CHECKSUM_OFFSET, 0, 2);
		sum = ~sum_of(tcp, len, rests[i] + segment);
		tcp[CHECKSUM_OFFSET] = sum >> 8;
		tcp[CHECKSUM_OFFSET + 1] = sum & 0xff;
		memset(tcp + MT_TCP_LEN_MIN, 0xee, 4);

		mt_mss_insert(tcp, c->mss, segment, true);
		KUNIT_EXPECT_EQ(test, len / 4 << 4 | 1,
				(int)tcp[MT_TCP_LEN_OFFSET]);
		KUNIT_EXPECT_EQ(test, 2, (int)tcp[20]);
		KUNIT_EXPECT_EQ(test, 4, (int)tcp[21]);
		KUNIT_EXPECT_EQ(test, (int)c->mss, tcp[22] << 8 | tcp[23]);
		KUNIT_EXPECT_EQ(test, 0xffff,
				(int)sum_of(tcp, len, rests[i] + segment + 4));
		for (j = 24; j < len; j++)
			KUNIT_EXPECT_EQ(test, (u8)(j * 41 + 3), tcp[j]);

		/* the sum over the pseudo header, which is not inverted */
		sum = sum_of(NULL, 0, rests[i] + segment);
		tcp[CHECKSUM_OFFSET] = sum >> 8;
		tcp[CHECKSUM_OFFSET + 1] = sum & 0xff;
		tcp[MT_TCP_LEN_OFFSET] = c->len / 4 << 4;
		mt_mss_insert(tcp, c->mss, segment, false);
		KUNIT_EXPECT_EQ(test,
				(int)sum_of(NULL, 0, rests[i] + segment + 4) %
				0xffff,
				(tcp[CHECKSUM_OFFSET] << 8 |
				 tcp[CHECKSUM_OFFSET + 1]) % 0xffff);
	}
}

static void mt_mss_default_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 536, (int)mt_mss_default(false));
	KUNIT_EXPECT_EQ(test, 1220, (int)mt_mss_default(true));
}

/* SYN and SYN-ACK, whatever else is set but for RST and FIN */
static void mt_tcp_opens_test(struct kunit *test)
{
	int flags;

	for (flags = 0; flags < 256; flags++)
		KUNIT_EXPECT_EQ(test, flags & 2 && !(flags & 4) && !(flags & 1),
				mt_tcp_opens(flags));
}

static struct kunit_case mss_tests[] = {
	KUNIT_CASE_PARAM(mt_mss_test, mss_cases_gen_params),
	KUNIT_CASE_PARAM(mt_mss_limit_test, limit_cases_gen_params),
	KUNIT_CASE_PARAM(mt_mss_insert_test, insert_cases_gen_params),
	KUNIT_CASE(mt_mss_default_test),
	KUNIT_CASE(mt_tcp_opens_test),
	{}
};

struct kunit_suite mt_mss_suite = {
	.name = "mtun_mss",
	.test_cases = mss_tests,
};
