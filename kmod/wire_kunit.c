// SPDX-License-Identifier: GPL-2.0
#include "wire.c"

#include "kunit.h"

/* Bytes of a GRE packet, and what RFC 2784 and RFC 2890 say of them. */
struct parse_case {
	const char *name;
	u8 data[24];
	u8 len;
	bool ours;
	u16 proto;
	u32 flags;
	u32 key;
	u32 seq;
	u8 header;
	int fault;
};

#define CSUM	MTUN_GRE_FLAG_CSUM
#define KEY	MTUN_GRE_FLAG_KEY
#define SEQ	MTUN_GRE_FLAG_SEQ

static const struct parse_case parse_cases[] = {
	{
		"plain IPv4", { 0, 0, 0x08, 0x00 }, 4,
		.ours = true, .proto = 0x0800, .header = 4,
	}, {
		"plain IPv6", { 0, 0, 0x86, 0xdd }, 4,
		.ours = true, .proto = 0x86dd, .header = 4,
	}, {
		"a payload is not read", { 0, 0, 0x08, 0x00, 0x45, 1, 2, 3 }, 8,
		.ours = true, .proto = 0x0800, .header = 4,
	}, {
		"byte order of a sequence number",
		{ 0x10, 0, 0x08, 0x00, 0xfe, 0x02, 0x03, 0x04 }, 8,
		.ours = true, .proto = 0x0800, .flags = SEQ,
		.seq = 0xfe020304, .header = 8,
	}, {
		"any protocol is told", { 0, 0, 0x12, 0x34 }, 4,
		.ours = true, .proto = 0x1234, .header = 4,
	}, {
		"protocol 0, a keepalive", { 0, 0, 0, 0 }, 4,
		.ours = true, .proto = 0, .header = 4,
	}, {
		"key", { 0x20, 0, 0x08, 0x00, 0x01, 0x02, 0x03, 0x04 }, 8,
		.ours = true, .proto = 0x0800, .flags = KEY,
		.key = 0x01020304, .header = 8,
	}, {
		"key 0 is a key", { 0x20, 0, 0x86, 0xdd, 0, 0, 0, 0 }, 8,
		.ours = true, .proto = 0x86dd, .flags = KEY, .header = 8,
	}, {
		"key of all ones",
		{ 0x20, 0, 0x08, 0x00, 0xff, 0xff, 0xff, 0xff }, 8,
		.ours = true, .proto = 0x0800, .flags = KEY,
		.key = 0xffffffff, .header = 8,
	}, {
		"key before its payload",
		{ 0x20, 0, 0x08, 0x00, 0, 0, 0, 7, 0x45, 0, 0, 20 }, 12,
		.ours = true, .proto = 0x0800, .flags = KEY, .key = 7,
		.header = 8,
	}, {
		"reserved bits 6 to 12 are ignored", { 0x03, 0xf8, 0x08, 0x00 },
		4, .ours = true, .proto = 0x0800, .header = 4,
	}, {
		"checksum", { 0x80, 0, 0x08, 0x00, 0xaa, 0xbb, 0, 0 }, 8,
		.ours = true, .proto = 0x0800, .header = 8,
		.flags = CSUM,
	}, {
		"sequence number", { 0x10, 0, 0x08, 0x00, 0, 0, 0, 1 }, 8,
		.ours = true, .proto = 0x0800, .header = 8,
		.flags = SEQ, .seq = 1,
	}, {
		"key behind a checksum",
		{ 0xa0, 0, 0x08, 0x00, 1, 2, 0, 0, 0, 0, 0, 7 }, 12,
		.ours = true, .proto = 0x0800, .flags = CSUM | KEY, .key = 7,
		.header = 12,
	}, {
		"key before a sequence number",
		{ 0x30, 0, 0x08, 0x00, 0, 0, 0, 7, 0, 0, 0, 9 }, 12,
		.ours = true, .proto = 0x0800, .flags = KEY | SEQ, .key = 7,
		.seq = 9, .header = 12,
	}, {
		"checksum, key and sequence number",
		{ 0xb0, 0, 0x08, 0x00, 1, 2, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9 }, 16,
		.ours = true, .proto = 0x0800, .flags = CSUM | KEY | SEQ,
		.key = 7, .seq = 9, .header = 16,
	}, {
		"routing bit", { 0x40, 0, 0x08, 0x00, 0, 0, 0, 0 }, 8,
		.ours = true, .proto = 0x0800, .header = 8,
		.fault = MTUN_DROP_RX_HEADER,
	}, {
		"key behind the checksum field that the routing bit implies",
		{ 0x60, 0, 0x08, 0x00, 0, 0, 0, 0, 0, 0, 0, 7 }, 12,
		.ours = true, .proto = 0x0800, .flags = KEY, .key = 7,
		.header = 12, .fault = MTUN_DROP_RX_HEADER,
	}, {
		"routing bit and a checksum share one field",
		{ 0xe0, 0, 0x08, 0x00, 0, 0, 0, 0, 0, 0, 0, 7 }, 12,
		.ours = true, .proto = 0x0800, .flags = CSUM | KEY, .key = 7,
		.header = 12, .fault = MTUN_DROP_RX_HEADER,
	}, {
		"bit 4", { 0x08, 0, 0x08, 0x00 }, 4,
		.ours = true, .proto = 0x0800, .header = 4,
		.fault = MTUN_DROP_RX_HEADER,
	}, {
		"bit 5", { 0x04, 0, 0x08, 0x00 }, 4,
		.ours = true, .proto = 0x0800, .header = 4,
		.fault = MTUN_DROP_RX_HEADER,
	}, {
		"bit 5 and a key", { 0x24, 0, 0x08, 0x00, 0, 0, 0, 7 }, 8,
		.ours = true, .proto = 0x0800, .flags = KEY, .key = 7,
		.header = 8, .fault = MTUN_DROP_RX_HEADER,
	}, {
		"a header to refuse is not judged by its length",
		{ 0x48, 0, 0x08, 0x00 }, 4,
		.ours = true, .proto = 0x0800, .header = 8,
		.fault = MTUN_DROP_RX_HEADER,
	}, {
		"no checksum where one is announced",
		{ 0x80, 0, 0x08, 0x00 }, 4,
		.ours = true, .proto = 0x0800, .flags = CSUM, .header = 8,
		.fault = MTUN_DROP_RX_TRUNCATED,
	}, {
		"half a checksum field", { 0x80, 0, 0x08, 0x00, 1, 2, 0 }, 7,
		.ours = true, .proto = 0x0800, .flags = CSUM, .header = 8,
		.fault = MTUN_DROP_RX_TRUNCATED,
	}, {
		"no sequence number where one is announced",
		{ 0x10, 0, 0x08, 0x00 }, 4,
		.ours = true, .proto = 0x0800, .flags = SEQ, .header = 8,
		.fault = MTUN_DROP_RX_TRUNCATED,
	}, {
		"key, and the sequence number cut off",
		{ 0x30, 0, 0x08, 0x00, 0, 0, 0, 7, 0, 0, 0 }, 11,
		.ours = true, .proto = 0x0800, .flags = KEY | SEQ, .key = 7,
		.header = 12, .fault = MTUN_DROP_RX_TRUNCATED,
	},
	{ "empty", { 0 }, 0 },
	{ "1 byte", { 0 }, 1 },
	{
		"nothing but flags", { 0, 0 }, 2,
		.ours = true, .header = 4, .fault = MTUN_DROP_RX_TRUNCATED,
	}, {
		"half a protocol", { 0, 0, 0x08 }, 3,
		.ours = true, .header = 4, .fault = MTUN_DROP_RX_TRUNCATED,
	},
	{ "3 bytes with a key", { 0x20, 0, 0x08 }, 3 },
	{ "2 bytes of version 1", { 0, 1 }, 2 },
	{ "no key where one is announced", { 0x20, 0, 0x08, 0x00 }, 4 },
	{ "3 bytes of a key", { 0x20, 0, 0x08, 0x00, 0, 0, 0 }, 7 },
	{
		"3 bytes of a key behind a checksum",
		{ 0xa0, 0, 0x08, 0x00, 1, 2, 0, 0, 0, 0, 0 }, 11
	},
	{
		"3 bytes of a key behind the routing bit's field",
		{ 0x60, 0, 0x08, 0x00, 1, 2, 0, 0, 0, 0, 0 }, 11
	},
	{
		"version 1 with a key, PPTP",
		{ 0x30, 0x01, 0x88, 0x0b, 0, 4, 0, 1, 0, 0, 0, 0 }, 12
	},
	{ "version 2", { 0, 0x02, 0x08, 0x00 }, 4 },
	{ "version 4", { 0, 0x04, 0x08, 0x00 }, 4 },
	{ "version 7", { 0, 0x07, 0x08, 0x00 }, 4 },
	{ "another version's flags mean nothing", { 0x48, 0x01, 8, 0 }, 4 },
};

MT_CASES(parse_cases);

static void expect_parsed(struct kunit *test, const struct mt_gre *gre,
			  const struct parse_case *c)
{
	KUNIT_ASSERT_EQ(test, be16_to_cpu(gre->proto), c->proto);
	KUNIT_ASSERT_EQ(test, gre->flags, c->flags);
	KUNIT_ASSERT_EQ(test, be32_to_cpu(gre->key), c->key);
	KUNIT_ASSERT_EQ(test, gre->seq, c->seq);
	KUNIT_ASSERT_EQ(test, gre->len, c->header);
	KUNIT_ASSERT_EQ(test, gre->fault, c->fault);
}

static void mt_wire_parse_test(struct kunit *test)
{
	const struct parse_case *c = test->param_value;
	const u8 *data = mt_test_copy(test, c->data, c->len);
	struct mt_gre gre;

	/* What is not filled in must show. */
	memset(&gre, 0xa5, sizeof(gre));
	KUNIT_ASSERT_EQ(test, mt_gre_parse(&gre, data, c->len), c->ours);
	if (c->ours)
		expect_parsed(test, &gre, c);
}

/* The short way says what the long way has said, or leaves it to that. */
static void expect_plain(struct kunit *test, const u8 *data, size_t len,
			 const struct mt_gre *gre)
{
	struct mt_gre plain;

	if (len < MT_GRE_PLAIN_MAX)
		return;
	memset(&plain, 0xa5, sizeof(plain));
	KUNIT_ASSERT_EQ(test, mt_gre_parse_plain(&plain, data),
			!(data[0] & ~0x20) && !data[1]);
	if ((data[0] & ~0x20) || data[1])
		return;
	KUNIT_EXPECT_EQ(test, plain.proto, gre->proto);
	KUNIT_EXPECT_EQ(test, plain.key, gre->key);
	KUNIT_EXPECT_EQ(test, plain.seq, gre->seq);
	KUNIT_EXPECT_EQ(test, plain.flags, gre->flags);
	KUNIT_EXPECT_EQ(test, plain.len, gre->len);
	KUNIT_EXPECT_EQ(test, plain.fault, gre->fault);
}

/* RFC 2784 and RFC 2890 once more, bit by bit as the figures number them. */
static bool bit(const u8 *data, unsigned int number)
{
	return data[number / 8] & (0x80 >> (number % 8));
}

static u32 number(const u8 *data)
{
	return data[0] * 0x1000000u + data[1] * 0x10000u + data[2] * 0x100u +
	       data[3];
}

static void parse_model(struct parse_case *c)
{
	bool field1, key, seq, reserved, known = false;
	unsigned int i;

	if (c->len < 2)
		return;
	field1 = bit(c->data, 0) || bit(c->data, 1);
	key = bit(c->data, 2);
	seq = bit(c->data, 3);
	reserved = bit(c->data, 1) || bit(c->data, 4) || bit(c->data, 5);
	for (i = 13; i < 16; i++)
		if (bit(c->data, i))
			return;

	c->header = 4 * (1 + field1 + key + seq);
	if (c->len >= 4)
		c->proto = c->data[2] * 256 + c->data[3];
	if (key) {
		i = field1 ? 8 : 4;
		if (c->len < i + 4)
			return;
		c->flags = KEY;
		c->key = number(c->data + i);
	}
	if (bit(c->data, 0))
		c->flags |= CSUM;
	if (seq)
		c->flags |= SEQ;
	if (seq && c->len >= c->header)
		c->seq = number(c->data + c->header - 4);
	known = !reserved && c->len >= c->header;
	c->ours = true;
	if (reserved)
		c->fault = MTUN_DROP_RX_HEADER;
	else if (!known)
		c->fault = MTUN_DROP_RX_TRUNCATED;
}

/* All values of the two bytes that have flags and version, in all lengths. */
static void mt_wire_parse_all_test(struct kunit *test)
{
	static const u8 fill[20] = {
		0, 0, 0x86, 0xdd, 0x91, 0x82, 0x73, 0x64, 0x55, 0x46, 0x37,
		0x28, 0x19, 0x0a, 0xfb, 0xec, 0xdd, 0xce, 0xbf, 0xa0
	};
	unsigned int len, flags;

	for (len = 0; len <= 20; len++) {
		/* What is behind the longest header is none of its business. */
		size_t size = len < MT_GRE_LEN_MAX ? len : MT_GRE_LEN_MAX;
		u8 *data = mt_test_copy(test, fill, size);

		for (flags = 0; flags < 0x10000; flags++) {
			struct parse_case c = { .len = len };
			struct mt_gre gre;
			bool ours;

			if (len > 0)
				data[0] = flags >> 8;
			if (len > 1)
				data[1] = flags & 0xff;
			memcpy(c.data, data, size);
			parse_model(&c);

			memset(&gre, 0xa5, sizeof(gre));
			ours = mt_gre_parse(&gre, data, len);
			KUNIT_ASSERT_EQ_MSG(test, ours, c.ours,
					    "flags %#x, %u bytes", flags, len);
			expect_plain(test, data, len, &gre);
			if (!ours)
				continue;
			KUNIT_ASSERT_EQ_MSG(test, gre.fault, c.fault,
					    "fault of flags %#x, %u bytes",
					    flags, len);
			expect_parsed(test, &gre, &c);
		}
	}
}

static const struct {
	const char *name;
	u32 flags;
	u32 key;
	u8 len;
	u8 data[MT_GRE_LEN_MAX];
} build_cases[] = {
	{ "plain", 0, 0, 4, { 0, 0, 0, 0 } },
	{ "a key without the flag is left out", 0, 7, 4, { 0, 0, 0, 0 } },
	{ "key 0", KEY, 0, 8, { 0x20, 0, 0, 0, 0, 0, 0, 0 } },
	{ "key 7", KEY, 7, 8, { 0x20, 0, 0, 0, 0, 0, 0, 7 } },
	{ "byte order", KEY, 0x01020304, 8, { 0x20, 0, 0, 0, 1, 2, 3, 4 } },
	{ "2^31", KEY, 0x80000000, 8, { 0x20, 0, 0, 0, 0x80, 0, 0, 0 } },
	{
		"2^32 - 1", KEY, 0xffffffff, 8,
		{ 0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }
	},
	{ "checksum", CSUM, 7, 8, { 0x80 } },
	{ "sequence number", SEQ, 7, 8, { 0x10 } },
	{ "checksum, key", CSUM | KEY, 7, 12, { 0xa0, [11] = 7 } },
	{ "key, sequence number", KEY | SEQ, 7, 12, { 0x30, [7] = 7 } },
	{ "checksum, sequence number", CSUM | SEQ, 7, 12, { 0x90 } },
	{ "everything", CSUM | KEY | SEQ, 7, 16, { 0xb0, [11] = 7 } },
};

MT_CASES(build_cases);

static void mt_wire_build_test(struct kunit *test)
{
	const typeof(build_cases[0]) *c = test->param_value;
	unsigned int len = mt_gre_len(c->flags);
	u8 dirty[MT_GRE_LEN_MAX];
	u8 *data;

	KUNIT_ASSERT_EQ(test, len, c->len);
	memset(dirty, 0xa5, sizeof(dirty));
	data = mt_test_copy(test, dirty, len);
	mt_gre_build(data, c->flags, c->key);
	KUNIT_ASSERT_EQ(test, memcmp(data, c->data, len), 0);
}

static void expect_round_trip(struct kunit *test, u32 flags, u32 key)
{
	static const u8 dirty[MT_GRE_LEN_MAX] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct parse_case c = {
		.proto = 0x86dd,
		.flags = flags,
		.key = flags & KEY ? key : 0,
		.header = mt_gre_len(flags),
	};
	u8 *data = mt_test_copy(test, dirty, c.header);
	struct mt_gre gre;

	mt_gre_build(data, flags, key);
	data[MT_GRE_PROTO_OFFSET] = 0x86;
	data[MT_GRE_PROTO_OFFSET + 1] = 0xdd;
	KUNIT_ASSERT_EQ(test, mt_gre_parse(&gre, data, c.header), true);
	expect_parsed(test, &gre, &c);
}

/* What is built is what is parsed: all flags, and keys at every power of 2. */
static void mt_wire_round_trip_test(struct kunit *test)
{
	unsigned int flags, shift;

	for (flags = 0; flags <= (CSUM | KEY | SEQ); flags++) {
		for (shift = 0; shift < 32; shift++) {
			u32 key = 1u << shift;

			expect_round_trip(test, flags, key - 1);
			expect_round_trip(test, flags, key);
			expect_round_trip(test, flags, key + 1);
		}
		expect_round_trip(test, flags, 0xffffffff);
	}
}

static struct kunit_case wire_test_cases[] = {
	KUNIT_CASE_PARAM(mt_wire_parse_test, parse_cases_gen_params),
	KUNIT_CASE(mt_wire_parse_all_test),
	KUNIT_CASE_PARAM(mt_wire_build_test, build_cases_gen_params),
	KUNIT_CASE(mt_wire_round_trip_test),
	{}
};

struct kunit_suite mt_wire_suite = {
	.name = "mtun_wire",
	.test_cases = wire_test_cases,
};
