// SPDX-License-Identifier: GPL-2.0
/* Unit tests of the argument parser. */
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

#include "args.h"
#include "cmd.h"
#include "test.h"

static void test_numbers(void)
{
	uint32_t v = 0;

	check(parse_u32("4294967295", &v) && v == 0xffffffff, "largest number");
	check(parse_u32("0x10", &v) && v == 16, "hexadecimal number");
	check(!parse_u32("4294967296", &v), "number too large");
	check(!parse_u32("", &v), "empty number");
	check(!parse_u32("-1", &v), "negative number");
	check(!parse_u32("12x", &v), "number with a tail");
	check(parse_key("0.0.1.2", &v) && v == 258, "key as dotted quad");
	check(parse_key("7", &v) && v == 7, "key as number");
	check(!parse_key("4294967296", &v), "key too large");
	check(!parse_key("1.2.3", &v), "key as dotted triple");
}

static bool reads(const char *text, uint32_t ms)
{
	uint32_t v;

	return parse_time(text, &v) && v == ms;
}

static bool reads_not(const char *text)
{
	uint32_t v;

	return !parse_time(text, &v);
}

static void test_times(void)
{
	check(reads("500ms", 500) && reads("2s", 2000) && reads("5m", 300000) &&
	      reads("1h", 3600000) && reads("0s", 0), "times");
	check(reads_not("") && reads_not("5") && reads_not("s") &&
	      reads_not("-1s") && reads_not("1 s") && reads_not("1.5s") &&
	      reads_not("99999999999s") && reads_not("4294967295h"), "no times");
	check(!strcmp(time_text(90000).s, "90s") &&
	      !strcmp(time_text(300000).s, "5m") &&
	      !strcmp(time_text(1500).s, "1500ms") &&
	      !strcmp(time_text(0).s, "0ms"), "times as text");
	check(!strcmp(time_text(4294968000).s, "4294968s") &&
	      !strcmp(time_text(8640000000).s, "2400h"), "long times as text");
}

/* Through the word and back */
static bool loss_is(const char *text, uint32_t millionths, const char *said)
{
	const struct arg *a = arg_find(health_kind.args, "degraded-loss");
	struct health h = { 0 };
	struct text again;

	return a->parse(a, text, &h) && h.degraded_loss == millionths &&
	       a->text(a, &h, 0, &again) && !strcmp(again.s, said);
}

static void test_losses(void)
{
	const struct arg *a = arg_find(health_kind.args, "degraded-loss");
	struct health h = { 0 };

	check(loss_is("0.1%", 1000, "0.1%") && loss_is("100", 1000000, "100%") &&
	      loss_is("0", 0, "0%") && loss_is("2.5", 25000, "2.5%") &&
	      loss_is("0.0001%", 1, "0.0001%"), "percent");
	check(!a->parse(a, "0.00001", &h) && !a->parse(a, ".5", &h) &&
	      !a->parse(a, "1%%", &h) && !a->parse(a, "1000", &h) &&
	      !a->parse(a, "-1", &h), "no percent");
}

static void test_addresses(void)
{
	struct addr addr;

	check(parse_addr("192.0.2.1", &addr) && addr.family == AF_INET &&
	      addr.len == 4 && !memcmp(addr.bytes, "\xc0\x00\x02\x01", 4),
	      "IPv4 address");
	check(parse_addr("2001:db8::1", &addr) && addr.family == AF_INET6 &&
	      addr.len == 16 && addr.bytes[0] == 0x20 && addr.bytes[15] == 1,
	      "IPv6 address");
	check(!parse_addr("192.0.2", &addr), "short IPv4 address");
	check(!parse_addr("host.example", &addr), "name for an address");
}

static void test_plain(void)
{
	static const struct name words[] = { { .name = "mt" }, { 0 } };
	struct error err;

	check(!PICK(words, "word", "\033[1m", &err) &&
	      !strcmp(err.text, "unknown word \"?[1m\"; there is: mt"),
	      "what is no word, in an error");
	check(!strcmp(plain_text("m\033[1m\a\x7f\xc2\x80\xc2\x9f").s,
		      "m?[1m??????"), "nothing controls a terminal");
	check(!strcmp(plain_text("\xc2\xa0 \xc3\xbc\xc3\x9b\xf0\x9f\x98\x80\xc2").s,
		      "\xc2\xa0 \xc3\xbc\xc3\x9b\xf0\x9f\x98\x80\xc2"),
	      "letters stay as they are");
}

static void refused(const char *what, int argc, char **argv, const char *word)
{
	struct tunnel t = { 0 };
	struct error err = { 0 };

	check(tunnel_parse(argc, argv, &t, &err) == RES_USAGE &&
	      strstr(err.text, word), what);
}

#define REFUSED(what, word, ...) do {					\
	char *argv[] = { "mt0", __VA_ARGS__ };					\
	refused(what, ARRAY_SIZE(argv), argv, word);			\
} while (0)

static void test_arguments(void)
{
	char *good[] = { "mt0", "local", "192.0.2.1", "remote", "198.51.100.1",
			 "key", "7", "ttl", "9", "tos", "inherit" };
	struct tunnel t = { 0 };
	struct error err = { 0 };

	check(tunnel_parse(ARRAY_SIZE(good), good, &t, &err) == RES_OK &&
	      t.ikey == 7 && t.okey == 7 && t.ttl == 9 && t.tos_inherit == 1 &&
	      tunnel_has(&t, MTUN_A_TUNNEL_LOCAL) &&
	      tunnel_has(&t, MTUN_A_TUNNEL_REMOTE) &&
	      !tunnel_has(&t, MTUN_A_TUNNEL_MTU), "arguments of a tunnel");
	REFUSED("key of 2^32", "4294967295", "key", "4294967296");
	REFUSED("unknown word", "ttl", "tttl", "9");
	REFUSED("missing value", "ttl", "ttl");
	REFUSED("twice", "ttl", "ttl", "1", "ttl", "2");
	REFUSED("no address", "local", "local", "nowhere");
	REFUSED("what would control a terminal", "\"?[1m\xc3\x9b??\"",
		"\033[1m\xc3\x9b\xc2\x9b", "1");
}

/* Those of "ipsec template" */
static void test_options(void)
{
	char *words[][3] = { { "mt0", "peer", "linux" }, { "mt0", "", "linux" },
			     { "mt0", "mt1", "-peer" } };
	struct context ctx = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		check(ipsec_commands[1].fn(&ctx, 3, words[i]) == RES_USAGE &&
		      strstr(ctx.err.text, "is no option"), "no option");
}

void test_args(void)
{
	test_numbers();
	test_addresses();
	test_times();
	test_losses();
	test_plain();
	test_arguments();
	test_options();
}
