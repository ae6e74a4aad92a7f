// SPDX-License-Identifier: GPL-2.0
#include "echo.c"

#include "kunit.h"

static const union mt_addr near4 = { .v6.s6_addr = { 10, 9, 8, 1 } };
static const union mt_addr far4 = { .v6.s6_addr = { 10, 9, 8, 2 } };
static const union mt_addr near6 = {
	.v6.s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 }
};

static const union mt_addr far6 = {
	.v6.s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 2 }
};

static const struct mt_cookie cookie = { 0x1234, 0x5678, 0x1122334455667788 };

static struct mt_echo some_echo(u8 family, bool request)
{
	return (struct mt_echo) {
		.src = family == AF_INET ? near4 : near6,
		.dst = family == AF_INET ? far4 : far6,
		.family = family,
		.request = request,
		.cookie = cookie,
	};
}

/* What it has built it reads, and nothing of it cut short or changed. */
static void mt_echo_test(struct kunit *test)
{
	u8 packet[MT_ECHO_LEN_MAX], *copy;
	struct mt_echo echo, got;
	unsigned int i, len;

	for (i = 0; i < 4; i++) {
		echo = some_echo(i & 1 ? AF_INET6 : AF_INET, i >> 1);
		len = mt_echo_build(packet, &echo);
		KUNIT_ASSERT_EQ(test, len, i & 1 ? 56 : 36);
		copy = mt_test_copy(test, packet, len);
		KUNIT_ASSERT_EQ(test, mt_echo_parse(&got, copy, len), true);
		KUNIT_ASSERT_EQ(test, memcmp(&got.src, &echo.src, 16), 0);
		KUNIT_ASSERT_EQ(test, memcmp(&got.dst, &echo.dst, 16), 0);
		KUNIT_ASSERT_EQ(test, got.family, echo.family);
		KUNIT_ASSERT_EQ(test, got.request, echo.request);
		KUNIT_ASSERT_EQ(test, mt_cookie_equal(&got.cookie, &cookie),
				true);
	}
}

static void mt_echo_hostile_test(struct kunit *test)
{
	const struct mt_echo echo = some_echo(AF_INET, false);
	u8 packet[MT_ECHO_LEN_MAX], *copy;
	struct mt_echo got;
	unsigned int i, len;

	len = mt_echo_build(packet, &echo);
	for (i = 0; i < len; i++) {
		copy = mt_test_copy(test, packet, i);
		KUNIT_ASSERT_EQ(test, mt_echo_parse(&got, copy, i), false);
	}
	for (i = 0; i < len; i++) {
		copy = mt_test_copy(test, packet, len);
		copy[i] ^= 0x81;
		KUNIT_ASSERT_EQ_MSG(test, mt_echo_parse(&got, copy, len), false,
				    "byte %u", i);
	}
}

/* As on the wire: RFC 792 and RFC 791, sums by hand */
static void mt_echo_bytes_test(struct kunit *test)
{
	static const u8 ip[] = {
		0x45, 0xc0, 0, 36, 0, 0, 0x40, 0, 64, 1, 0x16, 0x05,
		10, 9, 8, 1, 10, 9, 8, 2, 8, 0
	};
	const struct mt_echo echo = some_echo(AF_INET, true);
	u8 packet[MT_ECHO_LEN_MAX];

	mt_echo_build(packet, &echo);
	KUNIT_ASSERT_EQ(test, memcmp(packet, ip, sizeof(ip)), 0);
	KUNIT_ASSERT_EQ(test, mt_get_be32(packet + 24), 0x12345678);
}

static void mt_keepalive_test(struct kunit *test)
{
	struct mt_keepalive keepalive, got;
	u8 packet[MT_ECHO_LEN_MAX], *copy;
	struct mt_cookie seen;
	unsigned int i, j, len;

	for (i = 0; i < 8; i++) {
		keepalive = (struct mt_keepalive) {
			.src = i & 1 ? far6 : far4,
			.dst = i & 1 ? near6 : near4,
			.family = i & 1 ? AF_INET6 : AF_INET,
			.flags = i >> 1,
			.key = i & 2 ? 0x01020304 : 0,
		};
		len = mt_keepalive_build(packet, &keepalive, &cookie);
		copy = mt_test_copy(test, packet, len);
		KUNIT_ASSERT_EQ(test, mt_keepalive_parse(&got, copy, len),
				true);
		KUNIT_ASSERT_EQ(test, memcmp(&got.src, &keepalive.src, 16), 0);
		KUNIT_ASSERT_EQ(test, memcmp(&got.dst, &keepalive.dst, 16), 0);
		KUNIT_ASSERT_EQ(test, got.flags, keepalive.flags);
		KUNIT_ASSERT_EQ(test, got.key, keepalive.key);
		KUNIT_ASSERT_EQ(test, got.sum_ok, true);
		KUNIT_ASSERT_EQ(test, got.len, len);
		mt_cookie_read(&seen, copy + got.payload);
		KUNIT_ASSERT_EQ(test, mt_cookie_equal(&seen, &cookie), true);
		for (j = 0; j < len; j++) {
			copy = mt_test_copy(test, packet, j);
			KUNIT_ASSERT_EQ(test,
					mt_keepalive_parse(&got, copy, j),
					false);
		}
		copy = mt_test_copy(test, packet, len);
		copy[len - 1] ^= 1;
		KUNIT_ASSERT_EQ(test, mt_keepalive_parse(&got, copy, len),
				true);
		KUNIT_ASSERT_EQ(test, got.sum_ok,
				!(keepalive.flags & MTUN_GRE_FLAG_CSUM));
	}
}

/* A router of Cisco's sends no payload. */
static void mt_keepalive_cisco_test(struct kunit *test)
{
	static const u8 bytes[] = {
		0x45, 0xc0, 0, 24, 0, 0, 0, 0, 255, 47, 0x96, 0xe2,
		10, 9, 8, 2, 10, 9, 8, 1, 0, 0, 0, 0
	};
	struct mt_keepalive got;

	KUNIT_ASSERT_EQ(test, mt_keepalive_parse(&got, bytes, sizeof(bytes)),
			true);
	KUNIT_ASSERT_EQ(test, got.payload, 24);
	KUNIT_ASSERT_EQ(test, got.flags, 0);
}

static void mt_private_test(struct kunit *test)
{
	static const struct {
		u32 addr;
		bool private;
	} cases[] = {
		{ 0x0affffff, true }, { 0x0b000000, false },
		{ 0xac100000, true }, { 0xac1fffff, true },
		{ 0xac200000, false }, { 0xc0a80101, true },
		{ 0xc0a90101, false }, { 0x64400000, true },
		{ 0x647fffff, true }, { 0x64800000, false },
		{ 0x08080808, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_ASSERT_EQ(test, mt_is_private(cpu_to_be32(cases[i].addr)),
				cases[i].private);
}

static struct kunit_case echo_test_cases[] = {
	KUNIT_CASE(mt_echo_test),
	KUNIT_CASE(mt_echo_hostile_test),
	KUNIT_CASE(mt_echo_bytes_test),
	KUNIT_CASE(mt_keepalive_test),
	KUNIT_CASE(mt_keepalive_cisco_test),
	KUNIT_CASE(mt_private_test),
	{}
};

struct kunit_suite mt_echo_suite = {
	.name = "mtun_echo",
	.test_cases = echo_test_cases,
};
