// SPDX-License-Identifier: GPL-2.0
#include "traffic.c"

#include "kunit.h"

/* Packets are strings: the last 0 of each belongs to the language. */
#define V4_HEAD(first, frag, protocol)					\
	first "\0\0\0\0\0" frag "\x40" protocol "\0\0"			\
	"\xc0\0\2\1\xc0\0\2\2"
#define V4(frag, protocol)	V4_HEAD("\x45", frag, protocol)
#define V6(next)							\
	"\x60\0\0\0\0\0" next "\x40"					\
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"			\
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define PORTS		"\0\x50\0\x51"
#define TCP_HEAD	PORTS "\0\0\0\0\0\0\0\0\x50"
#define TCP(flags)	TCP_HEAD flags "\0\0\0\0\0\0"
#define EXT(next)	next "\0\0\0\0\0\0\0"
#define FRAG(next, off)	next "\0" off "\0\0\0\1"
#define NOPS		"\1\1\1\1"
#define WHOLE		"\0\0"
#define P(name)		MTUN_PROTOCOL_##name

struct traffic_case {
	const char *name;
	unsigned int len;
	u32 want;
	u8 data[160];
};

#define CASE(text, ipv6, protocol, flags, fragment, bytes)		\
	{ text, sizeof(bytes) - 1,					\
	  MT_KIND(ipv6, protocol) | (flags) << 8 |			\
	  ((fragment) ? MT_TRAFFIC_FRAGMENT : 0), bytes }

static const struct traffic_case traffic_cases[] = {
	CASE("UDP", 0, P(UDP), 0, 0, V4(WHOLE, "\x11") PORTS "\0\x08\0\0"),
	CASE("UDP with DF", 0, P(UDP), 0, 0, V4("\x40\0", "\x11") PORTS),
	CASE("ICMP", 0, P(ICMP), 0, 0, V4(WHOLE, "\1") "\x08\0"),
	CASE("ICMPv6", 1, P(ICMPV6), 0, 0, V6("\x3a") "\x80\0"),
	CASE("ICMPv6 in IPv4", 0, P(ICMPV6), 0, 0, V4(WHOLE, "\x3a") "\x80\0"),
	CASE("GRE", 0, P(GRE), 0, 0, V4(WHOLE, "\x2f") "\0\0\x08\0"),
	CASE("ESP", 1, P(ESP), 0, 0, V6("\x32") "\0\0\0\1"),
	CASE("ESP in IPv4", 0, P(ESP), 0, 0, V4(WHOLE, "\x32") "\0\0\0\1"),
	CASE("UDP in IPv6", 1, P(UDP), 0, 0, V6("\x11") PORTS),
	CASE("ICMP in IPv6", 1, P(ICMP), 0, 0, V6("\1") "\x08\0"),
	CASE("GRE in IPv6", 1, P(GRE), 0, 0, V6("\x2f") "\0\0\x08\0"),
	CASE("OSPF in IPv6", 1, P(OTHER), 0, 0, V6("\x59")),
	CASE("OSPF", 0, P(OTHER), 0, 0, V4(WHOLE, "\x59")),
	CASE("SYN", 0, P(TCP), 2, 0, V4(WHOLE, "\6") TCP("\2")),
	CASE("SYN-ACK", 1, P(TCP), 0x0a, 0, V6("\6") TCP("\x12")),
	CASE("all flags", 0, P(TCP), 0x0f, 0, V4(WHOLE, "\6") TCP("\xff")),
	CASE("behind options", 0, P(TCP), 0x04, 0,
	     V4_HEAD("\x47", WHOLE, "\6") NOPS NOPS TCP("\x14")),
	CASE("TCP ends before its flags", 0, P(TCP), 0, 0,
	     V4(WHOLE, "\6") TCP_HEAD),
	CASE("TCP ends with its flags", 0, P(TCP), 1, 0,
	     V4(WHOLE, "\6") TCP_HEAD "\1"),
	CASE("options that are not there", 0, P(TCP), 0, 0,
	     V4_HEAD("\x4f", WHOLE, "\6")),
	CASE("first fragment", 0, P(TCP), 2, 1, V4("\x20\0", "\6") TCP("\2")),
	CASE("later fragment", 0, P(TCP), 0, 1, V4("\x20\1", "\6") TCP("\xff")),
	CASE("last fragment", 0, P(UDP), 0, 1, V4("\0\xff", "\x11") PORTS),
	CASE("IPv6, first fragment", 1, P(TCP), 2, 1,
	     V6("\x2c") FRAG("\6", "\0\1") TCP("\2")),
	CASE("IPv6, later fragment", 1, P(TCP), 0, 1,
	     V6("\x2c") FRAG("\6", "\0\x09") TCP("\2")),
	CASE("IPv6, last fragment", 1, P(UDP), 0, 1,
	     V6("\x2c") FRAG("\x11", "\0\x08") PORTS),
	CASE("IPv6, atomic fragment", 1, P(TCP), 2, 0,
	     V6("\x2c") FRAG("\6", "\0\0") TCP("\2")),
	CASE("IPv6, reserved bits are no fragment", 1, P(UDP), 0, 0,
	     V6("\x2c") FRAG("\x11", "\0\6") PORTS),
	CASE("extension headers", 1, P(TCP), 4, 0,
	     V6("\0") EXT("\x2b") EXT("\x3c") EXT("\6") TCP("\4")),
	CASE("AH", 1, P(UDP), 0, 0,
	     V6("\x33") "\x11\4\0\0\0\0\0\0" EXT("\0") EXT("\0") PORTS),
	CASE("an extension header that is cut", 1, P(OTHER), 0, 0,
	     V6("\x3c") "\6\0\1\4\0\0\0"),
	CASE("an extension header longer than the packet", 1, P(OTHER), 0, 0,
	     V6("\x3c") "\6\xff\1\4\0\0\0\0" TCP("\2")),
	CASE("a fragment header that is cut", 1, P(OTHER), 0, 0,
	     V6("\x2c") "\6\0\0\1"),
	CASE("an extension header of IPv6 in IPv4", 0, P(OTHER), 0, 0,
	     V4(WHOLE, "\x3c") EXT("\6") TCP("\2")),
	CASE("no next header", 1, P(OTHER), 0, 0, V6("\x3b")),
	CASE("IPv4, one byte", 0, P(OTHER), 0, 0, "\x45"),
	CASE("IPv6, one byte", 1, P(OTHER), 0, 0, "\x60"),
	CASE("IPv4 header that is too short by its field", 0, P(OTHER), 0, 0,
	     V4_HEAD("\x44", "\x20\0", "\6") TCP("\2")),
	CASE("neither", 0, P(OTHER), 0, 0, "\x50\6\6\6\6\6\6\6"),
};

MT_CASES(traffic_cases);

static void mt_traffic_test(struct kunit *test)
{
	const struct traffic_case *c = test->param_value;
	const u8 *data = mt_test_copy(test, c->data, c->len);

	KUNIT_EXPECT_EQ(test, mt_traffic_parse(data, c->len) & ~MT_TRAFFIC_CUT,
			c->want);
}

/* Every length of every case: nothing is read that is not there. */
static void mt_traffic_cut_test(struct kunit *test)
{
	const struct traffic_case *c = test->param_value;
	u32 whole = mt_traffic_parse(c->data, c->len), got, quick;
	unsigned int len;

	for (len = 1; len <= c->len; len++) {
		const u8 *data = mt_test_copy(test, c->data, len);

		got = mt_traffic_parse(data, len);
		KUNIT_EXPECT_EQ(test, mt_traffic_kind(got) >= MT_KIND(1, 0),
				mt_traffic_kind(c->want) >= MT_KIND(1, 0));
		KUNIT_EXPECT_EQ(test, mt_traffic_kind(got) < MT_KINDS, true);
		/* What more bytes would have told is known to be missing. */
		if (!(got & MT_TRAFFIC_CUT))
			KUNIT_EXPECT_EQ(test, got, whole & ~MT_TRAFFIC_CUT);
		quick = mt_traffic_quick(data, len);
		if (quick != MT_TRAFFIC_ODD)
			KUNIT_EXPECT_EQ(test, quick, got & ~MT_TRAFFIC_CUT);
	}
}

/* Headers behind the bytes that are looked at are not. */
static void mt_traffic_long_test(struct kunit *test)
{
	const char head[] = V6("\x3c") "\6\x09", tcp[] = TCP("\2");
	u32 got;
	u8 data[160] = { 0 };

	memcpy(data, head, sizeof(head) - 1);
	memcpy(data + 120, tcp, sizeof(tcp) - 1);
	got = mt_traffic_parse(data, sizeof(data)) & ~MT_TRAFFIC_CUT;
	KUNIT_EXPECT_EQ(test, got, MT_KIND(1, P(TCP)));
	data[41] = 10;	/* 8 bytes more: TCP begins where the looking ends */
	got = mt_traffic_parse(data, sizeof(data)) & ~MT_TRAFFIC_CUT;
	KUNIT_EXPECT_EQ(test, got, MT_KIND(1, P(TCP)));
	data[41] = 11;
	got = mt_traffic_parse(data, sizeof(data)) & ~MT_TRAFFIC_CUT;
	KUNIT_EXPECT_EQ(test, got, MT_KIND(1, P(OTHER)));
}

static struct kunit_case traffic_test_cases[] = {
	KUNIT_CASE_PARAM(mt_traffic_test, traffic_cases_gen_params),
	KUNIT_CASE_PARAM(mt_traffic_cut_test, traffic_cases_gen_params),
	KUNIT_CASE(mt_traffic_long_test),
	{}
};

struct kunit_suite mt_traffic_suite = {
	.name = "mtun_traffic",
	.test_cases = traffic_test_cases,
};
