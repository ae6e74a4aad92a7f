// SPDX-License-Identifier: GPL-2.0
/* Unit tests of configuration files: what they mean, and what is wrong in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "conf_file.h"
#include "test.h"

static struct config config;
static struct complaints complaints;

static void parse(const char *text)
{
	config_free(&config);
	memset(&complaints, 0, sizeof(complaints));
	conf_parse(text, strlen(text), &config, &complaints);
}

/* The file is right, and says so many tunnels and clamps. */
static bool right(const char *text, size_t tunnels, size_t clamps)
{
	parse(text);
	for (size_t i = 0; i < complaints.n; i++)
		printf("# %zu:%zu: %s\n", complaints.v[i].line,
		       complaints.v[i].column, complaints.v[i].text);
	return !complaints.n && config.tunnels.n == tunnels &&
	       config.clamps.n == clamps;
}

/* The i-th complaint is this one. */
static bool complains(size_t i, size_t line, size_t column, const char *text)
{
	const struct complaint *c = &complaints.v[i];

	if (i < complaints.n && c->line == line && c->column == column &&
	    !strcmp(c->text, text))
		return true;
	if (i < complaints.n)
		printf("# %zu:%zu: %s\n", c->line, c->column, c->text);
	return false;
}

static void wrong(const char *what, const char *file, size_t line,
		  size_t column, const char *text)
{
	parse(file);
	check(complaints.n == 1 && complains(0, line, column, text), what);
}

/* A setting of the first tunnel or clamp, as it would be typed */
static bool has(const struct kind *kind, const char *name, size_t i,
		const char *value)
{
	const void *object = kind == &tunnel_kind ?
			     (const void *)config.tunnels.v : config.clamps.v;
	const struct arg *a = arg_find(kind->args, name);
	struct text text;

	if (a->text(a, object, i, &text) && !strcmp(text.s, value))
		return true;
	printf("# %s: %s\n", name, text.s);
	return false;
}

#define ENDS "local: 192.0.2.1, remote: 192.0.2.2"

static void test_meaning(void)
{
	check(right("", 0, 0) && right("# nothing\n", 0, 0) &&
	      right("{}", 0, 0) && right("tunnels:\nclamps:\ndefaults:\n", 0, 0),
	      "files that say nothing");
	check(right("netns: {rx: early}", 0, 0) && config.netns.has &&
	      config.netns.rx == MTUN_RX_EARLY && right("netns:", 0, 0) &&
	      !config.netns.has, "settings of the namespace, and none");
	check(right("tunnels: {mt0: {" ENDS ", key: 7, mss: auto}}", 1, 0) &&
	      !strcmp(config.tunnels.v[0].ifname, "mt0") &&
	      has(&tunnel_kind, "remote", 0, "192.0.2.2") &&
	      has(&tunnel_kind, "key", 0, "7") &&
	      has(&tunnel_kind, "mss", 0, "auto") &&
	      has(&tunnel_kind, "ttl", 0, "64") &&
	      has(&tunnel_kind, "mtu", 0, "auto") &&
	      config.tunnels.v[0].origin == MTUN_ORIGIN_FILE,
	      "settings, and defaults of what is left out");
	check(right("{\"tunnels\": {\"mt0\": {\"local\": \"192.0.2.1\",\n"
		    "\"remote\": \"192.0.2.2\", \"csum\": true, \"ttl\": 9}}}",
		    1, 0) && has(&tunnel_kind, "csum", 0, "on") &&
	      has(&tunnel_kind, "ttl", 0, "9"), "JSON");
	check(right("tunnels: {mt0: {" ENDS ", csum: yes, seq: False, mss: no, dev: no}}",
		    1, 0) && has(&tunnel_kind, "csum", 0, "on") &&
	      has(&tunnel_kind, "seq", 0, "off") &&
	      has(&tunnel_kind, "mss", 0, "off") &&
	      has(&tunnel_kind, "dev", 0, "no"),
	      "words of YAML for switches, where they mean one");
	check(right("tunnels: {mt0: {remote: 192.0.2.2, okey: 5, ttl: inherit}}\n"
		    "defaults: {tunnel: {local: 192.0.2.1, key: 7, ttl: 9, seq: on}}",
		    1, 0) && has(&tunnel_kind, "ikey", 0, "7") &&
	      has(&tunnel_kind, "okey", 0, "5") &&
	      has(&tunnel_kind, "ttl", 0, "inherit") &&
	      has(&tunnel_kind, "seq", 0, "on"),
	      "defaults of the file, before and behind what they are for");
	check(right("tunnels: {mt0: {" ENDS ", key: none}}\n"
		    "defaults: {tunnel: {key: 7}}", 1, 0) &&
	      has(&tunnel_kind, "key", 0, "none"), "a default taken back");
	check(right("tunnels: {mt0: {" ENDS ", health: {mode: probe, interval: high}}}\n"
		    "defaults: {tunnel: {health: {interval: 1m, carrier: on}}}",
		    1, 0) && config.healths.n == 1 &&
	      config.healths.v[0].mode == MTUN_HEALTH_MODE_PROBE &&
	      config.healths.v[0].interval == 1000 &&
	      config.healths.v[0].carrier == 1, "health of a tunnel, by default");
	check(right("tunnels: {mt0: {" ENDS ",\n"
		    "steer: {routes: [10.0.0.0/8, 2001:db8::/32], metric: 7}}}",
		    1, 0) && config.steers.n == 1 &&
	      config.steers.v[0].n == 2 && config.steers.v[0].metric == 7 &&
	      config.steers.v[0].table == 254, "routes to steer");
	check(right("tunnels: {mt0: {" ENDS ", health: {}}}", 1, 0) &&
	      config.healths.v[0].mode == MTUN_HEALTH_MODE_OFF,
	      "health of which nothing is said");
	check(right("clamps:\n  eth0:\n  eth1: {src: 10.0.0.0/8}", 0, 2) &&
	      has(&clamp_kind, "mss", 0, "auto") && !config.clamps.v[0].src.n &&
	      config.clamps.v[1].src.n == 1, "clamps, also without settings");
	check(right("clamps: {eth0: {direction: both,\n"
		    "src: [2001:db8::/32, 10.0.0.0/8, 10.0.0.0/8]}}\n"
		    "defaults: {clamp: {src: 172.16.0.0/12, dst: 10.1.0.0/16}}", 0, 1) &&
	      has(&clamp_kind, "src", 0, "10.0.0.0/8") &&
	      has(&clamp_kind, "src", 1, "2001:db8::/32") &&
	      config.clamps.v[0].src.n == 2 &&
	      has(&clamp_kind, "dst", 0, "10.1.0.0/16") &&
	      has(&clamp_kind, "direction", 0, "both"),
	      "lists: in order, each once, in the place of the default");
	check(right("tunnels: {b: {" ENDS ", key: 1}, a: {" ENDS ", key: 2}}",
		    2, 0) && !strcmp(config.tunnels.v[0].ifname, "a"),
	      "objects in order");
	check(right("tunnels: {a: {" ENDS "}, b: {" ENDS ", ikey: 0}, c: {" ENDS ", ikey: 1}}",
		    3, 0), "tunnels that a key tells apart");
}

#define DESCRIBED(text)							\
	"{\"tunnels\": {\"mt0\": {\"local\": \"192.0.2.1\",\n"		\
	"\"remote\": \"192.0.2.2\", \"description\": \"" text "\"}}}"

static void described(const char *what, const char *file, const char *text)
{
	check(right(file, 1, 0) && has(&tunnel_kind, "description", 0, text),
	      what);
}

/* What jansson writes, and libyaml does not read */
static void test_json(void)
{
	described("a pair of surrogates", DESCRIBED("\\uD83D\\uDE00!"),
		  "\xf0\x9f\x98\x80!");
	described("pairs, in small letters", DESCRIBED("\\ud83d\\ude00\\ud83d\\ude01"),
		  "\xf0\x9f\x98\x80\xf0\x9f\x98\x81");
	described("a pair, and a quote", DESCRIBED("\\ud83d\\ude00\\\"\\u0021"),
		  "\xf0\x9f\x98\x80\"!");
	described("no pair", DESCRIBED("\\\\ud83d\\\\ude00"), "\\ud83d\\ude00");
	wrong("half a pair", DESCRIBED("\\ud83d\\u0021"), 2, 42,
	      "found invalid Unicode character escape code, while parsing a quoted scalar");
	wrong("a pair, and no quote", "{\"a\": \"\\ud83d\\ude00", 1, 20,
	      "found unexpected end of stream, while scanning a quoted scalar");
	wrong("what comes behind a pair",
	      DESCRIBED("\\ud83d\\ude00\", \"ttl\": \"256"), 2, 62,
	      "tunnels.mt0.ttl: a TTL is 1 to 255, or inherit");
}

static void test_steer(void)
{
	wrong("routes that are no prefixes",
	      "tunnels: {mt0: {" ENDS ", steer: {routes: [10.0.0.0/8, 2001:db8::1/32]}}}",
	      1, 83,
	      "tunnels.mt0.steer.routes: give IPv4 or IPv6 prefixes as ADDR/LEN, without bits behind LEN, 64 at the most");
}

static void test_health(void)
{
	wrong("health that is no mapping",
	      "tunnels: {mt0: {" ENDS ", health: probe}}", 1, 62,
	      "tunnels.mt0.health: give settings, as in {mode: probe, interval: 1s}");
	wrong("an unknown word of health",
	      "tunnels: {mt0: {" ENDS ", health: {intervall: 1s}}}", 1, 63,
	      "tunnels.mt0.health.intervall: unknown; did you mean \"interval\"?");
	wrong("a time without a unit",
	      "tunnels: {mt0: {" ENDS ", health: {timeout: 7}}}", 1, 72,
	      "tunnels.mt0.health.timeout: give a time as in 500ms, 2s, 5m or 1h");
	wrong("what does not fit together",
	      "tunnels: {mt0: {" ENDS ", health: {timeout: 1s}}}", 1, 72,
	      "tunnels.mt0.health: timeout must be less than down-window: give that as well");
	wrong("an anycast tunnel",
	      "tunnels: {mt0: {" ENDS ", anycast: on,\n"
	      "health: {mode: keepalive}}}", 2, 16,
	      "tunnels.mt0.health: mode must be probe for anycast: keepalives may reach another node");
}

static void test_parts(void)
{
	parse("tunnels:\n"
	      "  a: {" ENDS ", key: x,\n"
	      "    filter: {allow-src-rx: y},\n"
	      "    health: {interval: z},\n"
	      "    steer: {metric: -1}}\n"
	      "  b: {local: 192.0.2.1, health: {mode: on}}");
	check(complaints.n == 6, "what is wrong in all parts of a tunnel");
	parse("tunnels: {a: {" ENDS ", filter: {allow-src-rx: y}},\n"
	      "b: {" ENDS "}}");
	check(complaints.n == 2 &&
	      complains(1, 2, 1, "tunnels.b: local, remote and ikey are those of a (line 1)"),
	      "a part that is wrong hides nothing of the rest");
	parse("tunnels: {a%: {ttl: 256}}\nclamps: {e%d: {mss: 47}}");
	check(complaints.n == 4, "a name that is wrong does not, either");
	wrong("what goes with a tunnel that is wrong is not known",
	      "tunnels: {mt0: {" ENDS ", anycast: maybe,\n"
	      "health: {mode: keepalive}}}", 1, 63,
	      "tunnels.mt0.anycast: give on or off");
}

static void test_syntax(void)
{
	wrong("no YAML", "tunnels: [1\n---\n", 2, 1,
	      "did not find expected ',' or ']', while parsing a flow sequence");
	wrong("a control character", "tunnels: \x01", 1, 10,
	      "control characters are not allowed");
	wrong("a zero byte", "tunnels: \"\\0\"", 1, 10, "a zero byte");
	wrong("an anchor", "tunnels: &a {}", 1, 10,
	      "anchors (&) are not supported");
	wrong("an alias", "tunnels: *a", 1, 10, "aliases (*) are not supported");
	wrong("a tag", "tunnels: !!map {}", 1, 10, "tags (!) are not supported");
	wrong("two documents", "{}\n---\n{}", 2, 1,
	      "a second document: give all in one");
	wrong("too deep", "[[[[[[[[[[[[]]]]]]]]]]]]", 1, 9, "nested too deep");
	wrong("a list for a name", "{[a]: b}", 1, 2,
	      "a name is a word, no list or mapping");
}

static void test_errors(void)
{
	wrong("a list for a file", "[]", 1, 1,
	      "a file has defaults:, tunnels:, clamps:, netns: and detect:");
	wrong("a word for netns", "netns: early", 1, 8,
	      "netns: give settings, as in {rx: early}");
	wrong("a wrong word in netns", "netns: {rx: late}", 1, 13,
	      "netns.rx: give local or early");
	wrong("a word for tunnels", "tunnels: 5", 1, 10,
	      "tunnels: give tunnels, as in mt0: {...}");
	wrong("a list for a tunnel", "tunnels: {mt0: []}", 1, 16,
	      "tunnels.mt0: give settings, as in {mss: auto}");
	wrong("unknown at the top", "tunels: {}", 1, 1,
	      "tunels: unknown; did you mean \"tunnels\"?");
	wrong("unknown, like nothing", "xyz: {}", 1, 1, "xyz: unknown");
	wrong("what would control a terminal", "\"\\e[1m\\u009b\": {}", 1, 1,
	      "?[1m??: unknown");
	wrong("unknown below defaults", "defaults: {tunnels: {}}", 1, 12,
	      "defaults.tunnels: unknown; did you mean \"tunnel\"?");
	wrong("unknown setting", "tunnels:\n  mt0: {" ENDS ",\n    tll: 9}", 3, 5,
	      "tunnels.mt0.tll: unknown; did you mean \"ttl\"?");
	wrong("bad value", "tunnels:\n  mt0: {" ENDS ",\n    ttl: 256}", 3, 10,
	      "tunnels.mt0.ttl: a TTL is 1 to 255, or inherit");
	wrong("an MSS that is too small", "clamps: {eth0: {mss: 47}}", 1, 22,
	      "clamps.eth0.mss: give 48 to 65534 bytes, or auto");
	wrong("bad default, told once",
	      "defaults: {tunnel: {ttl: 256}}\ntunnels: {a: {" ENDS "}, b: {" ENDS ", key: 1}}",
	      1, 26, "defaults.tunnel.ttl: a TTL is 1 to 255, or inherit");
	wrong("quotes make a word", "tunnels: {mt0: {" ENDS ", csum: \"yes\"}}", 1,
	      60, "tunnels.mt0.csum: give on or off");
	wrong("a list for a value", "tunnels: {mt0: {" ENDS ", ttl: [9]}}", 1,
	      59, "tunnels.mt0.ttl: give one value");
	wrong("a mapping in a list", "clamps: {eth0: {src: [{}]}}", 1, 23,
	      "clamps.eth0.src: give a value, or a list of values");
	wrong("the same key twice", "tunnels: {mt0: {" ENDS ", ttl: 9, ttl: 8}}",
	      1, 62, "tunnels.mt0.ttl: given before, in line 1");
	wrong("two keys for one thing", "tunnels: {mt0: {" ENDS ", key: 9, okey: 8}}",
	      1, 62, "tunnels.mt0.okey: another key sets this, too: give one");
	wrong("the same tunnel twice",
	      "tunnels:\n  a: {" ENDS "}\n  a: {" ENDS ", key: 1}", 3, 3,
	      "tunnels.a: given before, in line 2");
	wrong("what the kernel would not take, at the setting",
	      "tunnels: {mt0: {local: 192.0.2.1, remote: \"2001:db8::1\"}}", 1, 43,
	      "tunnels.mt0: remote must be of the same family as local");
	wrong("what the kernel would miss", "tunnels: {mt0: {local: 192.0.2.1}}",
	      1, 11, "tunnels.mt0: remote is missing");
	wrong("the kernel's word is not ours",
	      "tunnels: {mt0: {local: \"fe80::1\", remote: \"fe80::2\"}}", 1, 11,
	      "tunnels.mt0: dev is needed with a link-local address");
	wrong("an MTU that does not fit", "tunnels: {mt0: {" ENDS ", mtu: 67}}", 1,
	      59, "tunnels.mt0: mtu must be 68 to 65511");
	wrong("what GRE alone has",
	      "tunnels: {mt0: {" ENDS ", mode: ipsec, if-id: 5, csum: on}}", 1, 60,
	      "tunnels.mt0: mode ipsec has no csum and seq: leave both to ESP");
	wrong("a prefix with bits behind it", "clamps: {eth0: {src: 10.0.0.1/8}}",
	      1, 22,
	      "clamps.eth0: src 10.0.0.1/8: prefix must have no bits set behind its length");
	wrong("nothing tells tunnels apart",
	      "tunnels:\n  b: {" ENDS ", key: 1}\n  a: {" ENDS ", key: 1}", 3, 3,
	      "tunnels.a: local, remote and ikey are those of b (line 2)");
	wrong("a name that is too long", "tunnels: {a234567890123456: {}}", 1, 11,
	      "tunnels.a234567890123456: a name is 1 to 15 bytes without space, slash, colon, % and byte 0xa0, and not . or ..");
	wrong("a name with a byte that is a space to the kernel",
	      "tunnels: {\xc3\xa0: {}}", 1, 11,
	      "tunnels.\xc3\xa0: a name is 1 to 15 bytes without space, slash, colon, % and byte 0xa0, and not . or ..");
	wrong("a name that is a template", "clamps: {e%d: {}}", 1, 10,
	      "clamps.e%d: a name is 1 to 15 bytes without space, slash, colon, % and byte 0xa0, and not . or ..");
}

static void test_many_errors(void)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	parse("clamps: {eth0: {mss: 48}, eth1: {mss: off}}\ntunnels: 5\nx: 1");
	check(complaints.n == 3 &&
	      complains(0, 1, 39, "clamps.eth1.mss: give 48 to 65534 bytes, or auto") &&
	      complains(1, 2, 10, "tunnels: give tunnels, as in mt0: {...}") &&
	      complains(2, 3, 1, "x: unknown"), "all errors, in their order");
	f = open_memstream(&text, &len);
	fputs("clamps:\n", f);
	for (int i = 0; i < 1100; i++)
		fprintf(f, "  e%d: {mss: x}\n", i);
	fputs("defaults: 1\n", f);
	fclose(f);
	parse(text);
	check(complaints.n == MAX_COMPLAINTS && complaints.more == 1081 &&
	      complains(0, 2, 13, "clamps.e0.mss: give 48 to 65534 bytes, or auto") &&
	      complains(MAX_COMPLAINTS - 1, 21, 14,
			"clamps.e19.mss: give 48 to 65534 bytes, or auto"),
	      "too many errors: the first, and how many there are");
	free(text);
	f = open_memstream(&text, &len);
	fputs("clamps: {e: {src: [", f);
	for (int i = 0; i < 1025; i++)
		fprintf(f, "10.0.%d.%d, ", i / 256, i % 256);
	fputs("]}}\n", f);
	fclose(f);
	parse(text);
	check(complaints.n == 1 &&
	      complains(0, 1, 10,
			"clamps.e: a clamp has 1024 prefixes at the most, in all lists together"),
	      "too many prefixes");
	free(text);
}

/* A file of so many bytes, which are all spaces, or a directory */
static enum result read_file(long size, struct error *err)
{
	char name[] = "/tmp/mtctl-test-XXXXXX";
	FILE *file = fdopen(mkstemp(name), "w");
	enum result res;

	for (long i = 0; i < size; i++)
		putc(' ', file);
	fclose(file);
	config_free(&config);
	memset(&complaints, 0, sizeof(complaints));
	res = conf_read(size < 0 ? "/proc" : name, &config, &complaints, err);
	unlink(name);
	return res;
}

static void test_files(void)
{
	struct error err;

	check(!read_file(16 << 20, &err) && !complaints.n, "a file of 16 MiB");
	check(read_file((16 << 20) + 1, &err) == RES_USAGE &&
	      strstr(err.text, ": larger than 16 MiB"), "a larger one");
	check(read_file(-1, &err) == RES_REFUSED &&
	      !strcmp(err.text, "/proc: Is a directory"), "what cannot be read");
}

void test_conf(void)
{
	test_meaning();
	test_json();
	test_syntax();
	test_steer();
	test_health();
	test_parts();
	test_errors();
	test_many_errors();
	test_files();
	config_free(&config);
}
