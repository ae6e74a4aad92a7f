// SPDX-License-Identifier: GPL-2.0
#include "flow.c"

#include "kunit.h"

#define SEED	0x0123456789abcdefULL

/* UDP from port 4660 to 53, in IPv4 and IPv6, and IPv4 with an option */
static const u8 udp4[] = {
	0x45, 0, 0, 32, 0x11, 0x22, 0x40, 0, 64, 17, 0, 0,
	192, 0, 2, 1, 198, 51, 100, 2,
	0x12, 0x34, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4,
};

static const u8 options4[] = {
	0x46, 0, 0, 36, 0x11, 0x22, 0x40, 0, 64, 17, 0, 0,
	192, 0, 2, 1, 198, 51, 100, 2, 1, 1, 1, 0,
	0x12, 0x34, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4,
};

static const u8 udp6[] = {
	0x60, 0x01, 0x23, 0x45, 0, 12, 17, 64,
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	0x12, 0x34, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4,
};

/* Bytes that are changed: whether that makes another flow */
struct flow_case {
	const char *name;
	const u8 *packet;
	u8 len;
	u8 first;
	u8 last;
	bool other;
};

#define CASE(n, p, f, l, o)	{ n, p, sizeof(p), f, l, o }

static const struct flow_case flow_cases[] = {
	CASE("IPv4, TOS to flags", udp4, 1, 5, false),
	CASE("IPv4, TTL", udp4, 8, 8, false),
	CASE("IPv4, checksum", udp4, 10, 11, false),
	CASE("IPv4, protocol", udp4, 9, 9, true),
	CASE("IPv4, addresses", udp4, 12, 19, true),
	CASE("IPv4, ports", udp4, 20, 23, true),
	CASE("IPv4, the rest", udp4, 24, 31, false),
	CASE("IPv4, options", options4, 20, 23, false),
	CASE("IPv4, ports behind options", options4, 24, 27, true),
	CASE("IPv6, flow label", udp6, 2, 3, true),
	CASE("IPv6, length", udp6, 4, 5, false),
	CASE("IPv6, protocol", udp6, 6, 6, true),
	CASE("IPv6, hop limit", udp6, 7, 7, false),
	CASE("IPv6, addresses", udp6, 8, 39, true),
	CASE("IPv6, ports", udp6, 40, 43, true),
	CASE("IPv6, the rest", udp6, 44, 51, false),
};

MT_CASES(flow_cases);

static void mt_flow_test(struct kunit *test)
{
	const struct flow_case *c = test->param_value;
	u8 *data = mt_test_copy(test, c->packet, c->len);
	u32 was = mt_flow_hash(data, c->len, SEED);
	unsigned int i, bit;

	for (i = c->first; i <= c->last; i++) {
		for (bit = 0; bit < 8; bit++) {
			data[i] ^= 1 << bit;
			KUNIT_EXPECT_EQ(test,
					mt_flow_hash(data, c->len, SEED) != was,
					c->other);
			data[i] ^= 1 << bit;
		}
	}
	KUNIT_EXPECT_EQ(test, mt_flow_hash(data, c->len, SEED + 1) != was, true);
}

/* All of a packet's fragments are of one flow, and have no ports. */
static void mt_flow_fragment_test(struct kunit *test)
{
	u8 *data = mt_test_copy(test, udp4, sizeof(udp4));
	u32 first, later;

	data[6] = 0x20;
	first = mt_flow_hash(data, sizeof(udp4), SEED);
	data[20] ^= 1;
	data[6] = 0;
	data[7] = 1;
	later = mt_flow_hash(data, sizeof(udp4), SEED);
	KUNIT_EXPECT_EQ(test, first, later);
	data[13] ^= 1;
	KUNIT_EXPECT_EQ(test, mt_flow_hash(data, sizeof(udp4), SEED) != later,
			true);
}

static void mt_flow_protocols_test(struct kunit *test)
{
	static const u8 with_ports[] = { 6, 17, 33, 50, 132, 136 };
	u8 *data = mt_test_copy(test, udp6, sizeof(udp6));
	unsigned int protocol, i = 0;
	bool ports;
	u32 was;

	for (protocol = 0; protocol < 256; protocol++) {
		ports = i < sizeof(with_ports) && with_ports[i] == protocol;
		i += ports;
		data[6] = protocol;
		was = mt_flow_hash(data, sizeof(udp6), SEED);
		data[43] ^= 1;
		KUNIT_EXPECT_EQ(test, mt_flow_hash(data, sizeof(udp6), SEED) != was,
				ports);
	}
}

/* Cut short behind the IP header: no byte beyond is read. */
static void mt_flow_short_test(struct kunit *test)
{
	unsigned int len;
	u8 *data;

	for (len = 20; len <= sizeof(udp4); len++) {
		data = mt_test_copy(test, udp4, len);
		mt_flow_hash(data, len, SEED);
		data[0] = 0x4f;
		mt_flow_hash(data, len, SEED);
	}
	for (len = 40; len <= sizeof(udp6); len++)
		mt_flow_hash(mt_test_copy(test, udp6, len), len, SEED);
}

/* Whatever differs between flows, routers tell them apart by the last bits. */
static void mt_flow_spread_test(struct kunit *test)
{
	static const u8 places[] = { 8, 15, 23, 24, 39, 40, 41, 43 };
	u8 *data = mt_test_copy(test, udp6, sizeof(udp6));
	unsigned int i, value, used;
	u64 labels[4];

	for (i = 0; i < sizeof(places); i++) {
		memset(labels, 0, sizeof(labels));
		for (value = 0; value < 256; value++) {
			u8 low;

			data[places[i]] = value;
			low = mt_flow_hash(data, sizeof(udp6), SEED);
			labels[low / 64] |= 1ULL << low % 64;
		}
		for (value = used = 0; value < 256; value++)
			used += labels[value / 64] >> value % 64 & 1;
		/* of 256 at random, 162 on the average */
		KUNIT_EXPECT_EQ(test, used > 130, true);
		data[places[i]] = udp6[places[i]];
	}
}

static struct kunit_case flow_test_cases[] = {
	KUNIT_CASE_PARAM(mt_flow_test, flow_cases_gen_params),
	KUNIT_CASE(mt_flow_fragment_test),
	KUNIT_CASE(mt_flow_protocols_test),
	KUNIT_CASE(mt_flow_short_test),
	KUNIT_CASE(mt_flow_spread_test),
	{}
};

struct kunit_suite mt_flow_suite = {
	.name = "mtun_flow",
	.test_cases = flow_test_cases,
};
