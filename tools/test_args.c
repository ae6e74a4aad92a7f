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

/* What no command takes: it says so before it asks the kernel, of which there is none. */
static void test_usage(void)
{
	static const struct {
		const struct command *commands;
		const char *name;
		const char *words[6];
		const char *said;
	} cases[] = {
		{ tunnel_commands, "list", { "mt0" }, "use \"tunnel show mt0\"" },
		{ clamp_commands, "del", { "dev", "eth0", "mss", "1400" },
		  "takes dev IFNAME and nothing else" },
		{ clamp_commands, "show", { "dev", "eth0", "insert", "on" },
		  "takes dev IFNAME and nothing else" },
		{ clamp_commands, "set", { "dev", "eth0" }, "say what to change" },
		{ clamp_commands, "add", { "mms", "1400" }, "did you mean \"mss\"?" },
		{ clamp_commands, "add", { "xyzzy" }, "unknown argument \"xyzzy\"" },
		{ health_commands, "set", { "probe" }, "name a tunnel and say what to change" },
		{ health_commands, "set", { "mt0", "intervall", "2s" },
		  "did you mean \"interval\"?" },
		{ netns_commands, "show", { "blue" },
		  "takes no arguments, not \"blue\"; for another namespace" },
		{ monitor_commands, "config", { "events" },
		  "takes no arguments but attacks, not \"events\"" },
		{ ipsec_commands, "template", { "mt0", "peer", "linux" }, "is no option" },
		{ ipsec_commands, "template", { "mt0", "", "linux" }, "is no option" },
		{ ipsec_commands, "template", { "-peer", "linux", "mt0" },
		  "the name of the tunnel comes first, and \"-peer\" behind it" },
		{ ipsec_commands, "template", { "mt0", "mt1", "-peer" }, "is no option" },
		{ ipsec_commands, "template", { "mt0", "-peer" },
		  "-peer: KIND is missing" },
		{ ipsec_commands, "template", { "mt0", "-peer", "ios" },
		  "\"ios\" is no kind of peer" },
		{ ipsec_commands, "template", { "mt0", "-nat", "here" },
		  "\"here\" is no address" },
		{ ipsec_commands, "template", { "mt0", "-replay", "x" },
		  "a replay window is 0 (off) to 4096 packets" },
		{ ipsec_commands, "template", { "mt0", "-replay", "4097" },
		  "a replay window is 0 (off) to 4096 packets" },
		{ ipsec_commands, "template", { "mt0", "-peer", "mtun", "-p", "junos" },
		  "-p: was given before; give one KIND" },
		{ apply_commands, "apply", { "-f" }, "-f: FILE is missing" },
		{ apply_commands, "apply", { "-f", "a", "-prune", "-file", "b" },
		  "-file: was given before; give one FILE" },
		{ export_commands, "export", { "-f", "a", "-f", "b" }, "was given before" },
		{ steer_commands, "steer", { "-f", "a", "-f", "b" }, "was given before" },
		{ detect_commands, "attacks", { "-f", "a", "-f", "b" }, "was given before" },
		{ samples_commands, "show", { "-w" }, "-w: FILE is missing" },
		{ samples_commands, "show", { "-count", "0" },
		  "-count 0: give a number from 1 on" },
		{ samples_commands, "show", { "-count", "all" },
		  "-count all: give a number from 1 on" },
		{ top_commands, "live", { "-interval" }, "-interval: SECONDS is missing" },
		{ top_commands, "live", { "-by", "luck" }, "-by luck: give bits," },
		{ detect_commands, "attacks", { "-f" }, "-f: FILE is missing" },
		{ detect_commands, "attacks", { "syn-flod" }, "did you mean \"syn-flood\"?" },
		{ steer_commands, "steer", { "mtun.yaml" }, "a file is given as -f FILE" },
		{ steer_commands, "steer", { "-once" }, "say which file" },
		{ apply_commands, "apply", { "-once" }, "unknown option" },
		{ check_commands, "check", { "a", "b" }, "\"b\" is too much" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct command *c = PICK(cases[i].commands, "command",
					       cases[i].name, &(struct error) { 0 });
		struct context ctx = { 0 };
		char *words[ARRAY_SIZE(cases[i].words)];
		int n = 0;

		for (; n < (int)ARRAY_SIZE(words) && cases[i].words[n]; n++)
			words[n] = (char *)cases[i].words[n];
		if (!c || c->fn(&ctx, n, words) != RES_USAGE ||
		    !strstr(ctx.err.text, cases[i].said)) {
			printf("# %s %s: %s\n", cases[i].name, cases[i].words[0],
			       ctx.err.text);
			c = NULL;
		}
		check(c, cases[i].said);
	}
}

/* Where there is no -r, as in "monitor attacks" */
static void test_not_here(void)
{
	struct detection conf = { .prefix4 = 32 };
	char *words[] = { "-r", "samples.pcapng" };
	struct error err;

	check(detection_parse(2, words, &conf, NULL, &err) == RES_USAGE &&
	      strstr(err.text, "a recording is for \"mtctl detect -r\""),
	      "no recording where there is none");
}

/* The word that the user knows an attribute by */
static void test_attribute_words(void)
{
	static const struct {
		unsigned int attr;
		bool one_key;
		const char *word;
	} words[] = {
		{ MTUN_A_TUNNEL_IFINDEX, false, "name" },
		{ MTUN_A_TUNNEL_IFLAGS, false, "ikey" },
		{ MTUN_A_TUNNEL_IFLAGS, true, "key" },
		{ MTUN_A_TUNNEL_OFLAGS, false, "okey" },
		{ MTUN_A_TUNNEL_OKEY, true, "key" },
		{ MTUN_A_TUNNEL_TTL_INHERIT, false, "ttl" },
		{ MTUN_A_TUNNEL_TOS_INHERIT, false, "tos" },
		{ MTUN_A_TUNNEL_LINK, false, "dev" },
		{ MTUN_A_TUNNEL_FWMARK, false, "fwmark" },
	};
	struct tunnel t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		t.one_key = words[i].one_key;
		check(!strcmp(tunnel_attr_word(&t, words[i].attr), words[i].word),
		      words[i].word);
	}
	check(!tunnel_attr_word(&t, MTUN_A_TUNNEL_MAX + 1), "an attribute of a later kernel");
}

void test_args(void)
{
	test_numbers();
	test_addresses();
	test_times();
	test_losses();
	test_plain();
	test_arguments();
	test_usage();
	test_not_here();
	test_attribute_words();
}
