// SPDX-License-Identifier: GPL-2.0
/* Unit tests of plans: what differs, and in which order it is made the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_file.h"
#include "plan.h"
#include "print.h"
#include "rules.h"
#include "test.h"

static struct config was, is;
static struct plan plan;
static struct error err;

static void parse(const char *text, struct config *config)
{
	struct complaints cs = { 0 };

	config_free(config);
	conf_parse(text, strlen(text), config, &cs);
	if (cs.n)
		check(false, cs.v[0].text);
}

static enum result make(const char *from, const char *to, bool prune)
{
	parse(from, &was);
	parse(to, &is);
	plan_free(&plan);
	return plan_make(&plan, &was, &is, prune, &err);
}

/* As if they had been made by hand */
static void by_hand(void)
{
	for (size_t i = 0; i < was.tunnels.n; i++)
		was.tunnels.v[i].origin = MTUN_ORIGIN_MANUAL;
}

static enum result make_again(bool prune)
{
	plan_free(&plan);
	return plan_make(&plan, &was, &is, prune, &err);
}

/* The words of a step, as "+a", "-a", "~a ttl 9 key 5" */
static void put_step(FILE *f, const struct step *s)
{
	const void *object = s->to ?: s->from;
	const struct arg *a;
	struct text text;
	uint32_t said;

	fprintf(f, " %c%s", !s->from ? '+' : !s->to ? '-' : '~',
		object_name(s->kind, object));
	if (!s->from || !s->to)
		return;
	for_each_difference(a, s->kind, s->from, s->to, said)
		if (a->text(a, s->to, 0, &text))
			fprintf(f, " %s %s", a->name, text.s);
}

static bool steps_are(const char *wanted)
{
	char *text = NULL;
	size_t len;
	bool good;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < plan.n_steps; i++)
		put_step(f, &plan.steps[i]);
	fclose(f);
	good = !strcmp(text, wanted);
	if (!good)
		printf("# steps:%s\n", text);
	free(text);
	return good;
}

static bool counts_are(size_t add, size_t set, size_t del, size_t same,
		       size_t kept)
{
	const size_t wanted[CHANGE_TYPES] = { add, set, del, same, kept };

	return !memcmp(plan.counts, wanted, sizeof(wanted));
}

#define T(name, remote, more) \
	name ": {local: 192.0.2.1, remote: 192.0.2." remote more "}\n"
#define FILE_OF(...) "tunnels: {" __VA_ARGS__ "}"

static void test_changes(void)
{
	check(make("", "", true) == RES_OK && counts_are(0, 0, 0, 0, 0) &&
	      steps_are(""), "nothing to nothing");
	check(make(FILE_OF(T("a", "2", ", ttl: 9") "," T("b", "3", "")),
		   FILE_OF(T("b", "3", ", ttl: 64") "," T("a", "2", ", ttl: 9")),
		   true) == RES_OK &&
	      counts_are(0, 0, 0, 2, 0) && steps_are(""), "the same");
	check(make(FILE_OF(T("a", "2", "") "," T("b", "3", ", key: 5") ","
			   T("c", "4", "")) "\nclamps: {e: {mss: 1400}, f: }",
		   FILE_OF(T("b", "3", ", ttl: 9, ikey: 5") "," T("c", "4", "") ","
			   T("d", "5", "")) "\nclamps: {e: {src: 10.0.0.0/8}, g: }",
		   true) == RES_OK && counts_are(2, 2, 2, 1, 0) &&
	      steps_are(" ~b okey none ttl 9 +d ~e mss auto src 10.0.0.0/8 +g -f -a"),
	      "added, changed and removed: removed last");
	check(make_again(false) == RES_OK && counts_are(2, 2, 0, 1, 2) &&
	      steps_are(" ~b okey none ttl 9 +d ~e mss auto src 10.0.0.0/8 +g"),
	      "without pruning");
	check(make(FILE_OF(T("a", "2", ", up: off") "," T("b", "3", ", up: on") ","
			   T("c", "4", ", up: on")),
		   FILE_OF(T("a", "2", ", up: on") "," T("b", "3", ", up: off") ","
			   T("c", "4", "") "," T("d", "5", ", up: on")),
		   true) == RES_OK && counts_are(1, 2, 0, 1, 0) &&
	      steps_are(" ~a up on ~b up off +d"),
	      "brought up, taken down, and left as it is");
	check(make("netns: {rx: early}", "netns: {rx: local}", true) == RES_OK &&
	      counts_are(0, 1, 0, 0, 0) && steps_are(" ~ rx local") &&
	      make("netns: {rx: early}", "netns: {rx: early}", true) == RES_OK &&
	      counts_are(0, 0, 0, 1, 0) && steps_are("") &&
	      make("netns: {rx: early}", "", true) == RES_OK &&
	      counts_are(0, 0, 0, 0, 0) && steps_are(""),
	      "the namespace: changed, the same, left alone");
	make(FILE_OF(T("a", "2", "") "," T("b", "3", ", key: 5") ","
		     T("c", "4", "")) "\nclamps: {e: {mss: 1400}, f: }",
	     FILE_OF(T("b", "3", ", ttl: 9, ikey: 5") "," T("c", "4", "") ","
		     T("d", "5", "")) "\nclamps: {e: {src: 10.0.0.0/8}, g: }",
	     true);
	by_hand();
	check(make_again(true) == RES_OK && counts_are(2, 3, 1, 0, 1) &&
	      steps_are(" ~b okey none ttl 9 ~c +d ~e mss auto src 10.0.0.0/8 +g -f"),
	      "made by hand: taken over, but not removed");
}

static void test_order(void)
{
	check(make(FILE_OF(T("a", "2", "") "," T("b", "3", "")),
		   FILE_OF(T("a", "3", "") "," T("b", "4", "")), true) == RES_OK &&
	      steps_are(" ~b remote 192.0.2.4 ~a remote 192.0.2.3"),
	      "who holds an address is first");
	check(make(FILE_OF(T("a", "2", "") "," T("b", "3", "") "," T("c", "4", "")),
		   FILE_OF(T("a", "3", "") "," T("b", "4", "") "," T("c", "5", "")),
		   true) == RES_OK &&
	      steps_are(" ~c remote 192.0.2.5 ~b remote 192.0.2.4 ~a remote 192.0.2.3"),
	      "and who holds the one of that");
	check(make(FILE_OF(T("a", "2", "") "," T("b", "3", "")),
		   FILE_OF(T("a", "3", "") "," T("b", "2", "")), true) == RES_OK &&
	      steps_are(" ~a ikey 4294967295 ~b remote 192.0.2.2 ~a remote 192.0.2.3 ikey none"),
	      "two change places");
	check(make(FILE_OF(T("a", "2", ", key: 1") "," T("b", "2", ", key: 2") ","
			   T("c", "2", ", key: 3")),
		   FILE_OF(T("a", "2", ", key: 2") "," T("b", "2", ", key: 3") ","
			   T("c", "2", ", key: 1")), true) == RES_OK &&
	      steps_are(" ~a ikey 4294967295 ~c key 1 ~b key 3 ~a ikey 2 okey 2"),
	      "three in a circle");
	check(make(FILE_OF(T("a", "2", "") "," T("b", "3", "") ","
			   T("c", "2", ", key: 0xffffffff")),
		   FILE_OF(T("a", "3", "") "," T("b", "2", "") ","
			   T("c", "2", ", key: 0xfffffffe")), true) == RES_OK &&
	      plan.n_steps == 4 &&
	      ((const struct tunnel *)plan.steps[0].to)->ikey == 0xfffffffd,
	      "a key for the meanwhile is nobody's");
	check(make(FILE_OF(T("a", "2", "")), FILE_OF(T("b", "2", "")),
		   true) == RES_OK && steps_are(" ~a ikey 4294967295 +b -a"),
	      "a name changes: the old one makes room and goes last");
	check(make(FILE_OF(T("a", "2", "")), FILE_OF(T("b", "2", "")), false) ==
	      RES_REFUSED && strstr(err.text, "those of a,") &&
	      strstr(err.text, "-prune"), "without pruning it is in the way");
	by_hand();
	check(make_again(true) == RES_REFUSED && strstr(err.text, "by hand"),
	      "made by hand it is, too");
	was.tunnels.v[0].has |= has_bit(MTUN_A_TUNNEL_UNDERLAY_NETNSID);
	check(make_again(true) == RES_OK && steps_are(" +b"),
	      "unless it belongs elsewhere");
}

static void test_mode(void)
{
	check(make(FILE_OF(T("a", "2", "")),
		   FILE_OF(T("a", "2", ", mode: ipsec, if-id: 5")), true) ==
	      RES_REFUSED &&
	      !strcmp(err.text, "tunnel a: mode cannot change: delete the tunnel and add it again"),
	      "GRE does not become ESP");
	check(make(FILE_OF(T("a", "2", ", mode: ipsec, if-id: 5")),
		   FILE_OF(T("a", "2", "")), false) == RES_REFUSED &&
	      strstr(err.text, "mode cannot change"), "nor ESP GRE");
	check(make(FILE_OF(T("a", "2", ", mode: ipsec, if-id: 5")),
		   FILE_OF(T("a", "2", ", mode: ipsec, if-id: 6")), false) == RES_OK &&
	      steps_are(" ~a if-id 6"), "ESP may change otherwise");
}

#define UP		", up: on"
#define FILTER(list)	", filter: {allow-src-rx: " list "}"

/* What undoes all of it, in the place of the steps */
static bool back_is(const char *wanted)
{
	plan_undo(&plan, plan.n_steps);
	return steps_are(wanted);
}

static void test_filters(void)
{
	check(make("", FILE_OF(T("a", "2", UP FILTER("10.0.0.0/8")) ","
			       T("b", "3", UP) ","
			       T("c", "4", FILTER("10.0.0.0/8"))), true) == RES_OK &&
	      counts_are(5, 0, 0, 0, 0) &&
	      steps_are(" +a +b +c +a ~a up on +c") &&
	      !((const struct tunnel *)plan.steps[0].to)->up &&
	      ((const struct tunnel *)plan.steps[1].to)->up,
	      "new tunnels are up when they have their filter");
	check(back_is(" -c -b -a"), "and go at once");
	check(make(FILE_OF(T("a", "2", ", up: off") "," T("b", "3", UP)),
		   FILE_OF(T("a", "2", UP FILTER("10.0.0.0/8")) ","
			   T("b", "3", UP ", ttl: 9" FILTER("10.0.0.0/8"))),
		   true) == RES_OK && counts_are(2, 2, 0, 0, 0) &&
	      steps_are(" +a +b ~a up on ~b ttl 9") &&
	      back_is(" ~b ttl 64 ~a up off -b -a"),
	      "one that is there has its filter first, and is without it last");
	check(make(FILE_OF(T("a", "2", UP FILTER("10.0.0.0/8")) ","
			   T("b", "3", FILTER("10.0.0.0/8")) ","
			   T("c", "4", UP)), "", true) == RES_OK &&
	      counts_are(0, 0, 5, 0, 0) && steps_are(" -c -b -a"),
	      "a filter goes with its tunnel");
	check(back_is(" +a +a ~a up on +b +b +c") &&
	      !((const struct tunnel *)plan.steps[0].to)->up &&
	      ((const struct tunnel *)plan.steps[5].to)->up,
	      "and comes back before that is up");
	check(make(FILE_OF(T("a", "2", UP FILTER("10.0.0.0/8"))),
		   FILE_OF(T("a", "2", "")), true) == RES_OK &&
	      counts_are(0, 0, 1, 1, 0) && steps_are(" -a"),
	      "one that only loses its filter");
	make(FILE_OF(T("a", "2", UP) "," T("b", "3", FILTER("10.0.0.0/8"))),
	     FILE_OF(T("a", "2", UP)), true);
	was.tunnels.n--;
	check(make_again(true) == RES_OK && counts_are(0, 0, 0, 1, 1) &&
	      steps_are(""), "that of a tunnel that is not known");
}

#define SEEN(health)	", health: {mode: " health "}"
#define UNI		"probe, direction: uni, source: 192.0.2.9"

static void test_health(void)
{
	check(make(FILE_OF(T("a", "2", SEEN("probe"))),
		   FILE_OF(T("a", "2", ", anycast: on" SEEN(UNI))), true) == RES_OK &&
	      counts_are(0, 2, 0, 0, 0) &&
	      steps_are(" ~a direction uni source 192.0.2.9 ~a anycast on"),
	      "health first, where a tunnel becomes one of anycast");
	check(make(FILE_OF(T("a", "2", ", anycast: on" SEEN(UNI))),
		   FILE_OF(T("a", "2", SEEN("probe"))), true) == RES_OK &&
	      steps_are(" ~a anycast off ~a direction bi source auto"),
	      "and last on the way back");
	check(make(FILE_OF("a: {local: 192.0.2.1, remote: 192.0.2.2"
			   SEEN(UNI) "}"),
		   FILE_OF("a: {local: \"::1\", remote: \"::2\""
			   SEEN("probe, direction: uni, source: \"::3\"") "}"),
		   true) == RES_OK &&
	      steps_are(" ~a mode off ~a local ::1 remote ::2 ~a mode probe source ::3"),
	      "not watched, where neither can be first");
	check(make(FILE_OF(T("a", "2", SEEN("keepalive"))),
		   FILE_OF(T("a", "2", ", anycast: on")), true) == RES_OK &&
	      steps_are(" ~a mode off ~a anycast on"), "no longer watched");
	check(make(FILE_OF(T("a", "2", SEEN("probe"))),
		   FILE_OF(T("a", "2", ", ttl: 9" SEEN("keepalive"))),
		   true) == RES_OK &&
	      steps_are(" ~a ttl 9 ~a mode keepalive"),
	      "as ever where it does not matter");
	check(make(FILE_OF(T("a", "2", SEEN("probe, interval: 7s") UP
			     FILTER("10.0.0.0/8")) "," T("b", "3", "")), "",
		   true) == RES_OK &&
	      back_is(" +a +a ~a up on ~a mode probe interval 7s +b"),
	      "it comes back with its tunnel");
}

/* Tunnels and ways to watch one, many of which do not suit each other */
static const char *const ends[] = {
	"local: 192.0.2.1, remote: 192.0.2.2",
	"local: 192.0.2.9, remote: 192.0.2.2, key: 1",
	"local: \"::1\", remote: \"::2\"",
	"local: 192.0.2.1, remote: 192.0.2.2, anycast: on",
	"local: 192.0.2.9, remote: 192.0.2.3, anycast: on",
	"local: \"::1\", remote: \"::2\", anycast: on",
	"local: 192.0.2.1, remote: 192.0.2.2, iseq: on",
};

static const char *const ways[] = {
	"{}", "{mode: probe}", "{mode: keepalive}",
	"{mode: probe, source: 10.0.0.1}",
	"{mode: probe, direction: uni}",
	"{mode: probe, direction: uni, source: 192.0.2.9}",
	"{mode: probe, direction: uni, source: 192.0.2.1, target: 192.0.2.7}",
	"{mode: probe, direction: uni, source: \"::9\"}",
	"{mode: probe, direction: uni, source: \"::9\", target: \"::8\"}",
	"{direction: uni, source: \"::9\", carrier: on}",
};

static char *tunnel_text(unsigned int n)
{
	char *text = NULL;

	if (asprintf(&text, "tunnels: {a: {%s, health: %s}}",
		     ends[n / ARRAY_SIZE(ways)], ways[n % ARRAY_SIZE(ways)]) < 0)
		exit(1);
	return text;
}

/* A file with it is right. */
static bool is_state(const char *text)
{
	struct config config = { 0 };
	struct complaints cs = { 0 };

	conf_parse(text, strlen(text), &config, &cs);
	config_free(&config);
	return !cs.n;
}

/* What the kernel would say after each step, and in the end */
static bool leads_there(void)
{
	const struct tunnel *t = was.tunnels.v;
	const struct health *h = was.healths.v;
	uint16_t attr;

	for (size_t i = 0; i < plan.n_steps; i++) {
		const struct step *s = &plan.steps[i];

		if (s->kind == &tunnel_kind) {
			if (s->from != t)
				return false;
			t = s->to;
		} else {
			if (s->from != h)
				return false;
			h = s->to;
		}
		if (!rules_health(t, h, &attr, &err))
			return false;
	}
	return !objects_differ(&tunnel_kind, t, is.tunnels.v) &&
	       !objects_differ(&health_kind, h, is.healths.v);
}

/* From each state that a tunnel and its health may have to each other one */
static void test_any_state(void)
{
	const unsigned int n = ARRAY_SIZE(ends) * ARRAY_SIZE(ways);
	unsigned int pairs = 0, bad = 0;

	for (unsigned int i = 0; i < n; i++) {
		char *from = tunnel_text(i);

		for (unsigned int j = 0; is_state(from) && j < n; j++) {
			char *to = tunnel_text(j);

			if (is_state(to)) {
				pairs++;
				bad += make(from, to, true) != RES_OK ||
				       !leads_there();
			}
			free(to);
		}
		free(from);
	}
	printf("# %u pairs of states, %u of them bad\n", pairs, bad);
	check(pairs > 1000 && !bad, "from any state to any other");
}

static void test_request(void)
{
	struct tunnel t = { 0 };
	struct clamp c = { 0 };

	make(FILE_OF(T("a", "2", ", key: 5, mss: auto, accept: any")),
	     FILE_OF(T("a", "2", ", ikey: 5, mss: auto, description: x")), true);
	plan_request(&tunnel_kind, was.tunnels.v, is.tunnels.v, &t);
	check(t.has == (has_bit(MTUN_A_TUNNEL_OFLAGS) |
			has_bit(MTUN_A_TUNNEL_ACCEPT) |
			has_bit(MTUN_A_TUNNEL_DESCRIPTION)) &&
	      t.oflags_mask == MTUN_GRE_FLAG_KEY && !t.oflags &&
	      t.accept_none && !strcmp(t.description, "x"),
	      "a request has what differs");
	by_hand();
	memset(&t, 0, sizeof(t));
	plan_request(&tunnel_kind, was.tunnels.v, is.tunnels.v, &t);
	check(tunnel_has(&t, MTUN_A_TUNNEL_ORIGIN) &&
	      t.origin == MTUN_ORIGIN_FILE, "and the origin");
	make("clamps: {e: {src: 10.0.0.0/8}}", "clamps: {e: {dst: 10.0.0.0/8}}",
	     true);
	plan_request(&clamp_kind, was.clamps.v, is.clamps.v, &c);
	check(!c.has && !c.src.n && c.src.any && c.dst.n == 1 && !c.dst.any,
	      "no prefixes are any");
	clamp_free(&c);
}

/* As many as there may be, all in one circle: nothing may take its square. */
static void test_many(void)
{
	const unsigned int n = 50000;
	char *from = NULL, *to = NULL;
	size_t len;
	FILE *f = open_memstream(&from, &len);
	FILE *g = open_memstream(&to, &len);

	fputs("defaults: {tunnel: {local: 192.0.2.1, remote: 192.0.2.2}}\ntunnels:\n", f);
	fputs("defaults: {tunnel: {local: 192.0.2.1, remote: 192.0.2.2}}\ntunnels:\n", g);
	for (unsigned int i = 0; i < n; i++) {
		fprintf(f, "  t%u: {key: %u}\n", i, i);
		fprintf(g, "  t%u: {key: %u}\n", i, (i + 1) % n);
	}
	fclose(f);
	fclose(g);
	check(make(from, to, true) == RES_OK && counts_are(0, n, 0, 0, 0) &&
	      plan.n_steps == n + 1, "50000 in a circle");
	free(from);
	free(to);
}

/* What is told of a plan */
static bool says_so(const char *what, bool json)
{
	const struct options opt = { .json = json };
	FILE *usual = stdout;
	char *text = NULL;
	size_t len;
	bool good;

	stdout = open_memstream(&text, &len);
	print_plan(&plan, true, &opt);
	fclose(stdout);
	stdout = usual;
	good = strstr(text, what);
	if (!good)
		printf("# %s", text);
	free(text);
	return good;
}

static bool says(const char *what)
{
	return says_so(what, true);
}

static void test_origin(void)
{
	const char *file = "tunnels: {a: {local: 192.0.2.1, remote: 192.0.2.2}}";

	make(file, file, false);
	by_hand();
	check(!make_again(false) &&
	      says("\"changes\":{},\"origin\":{\"was\":\"manual\",\"is\":\"file\"}}"),
	      "what is taken over, as JSON");
	check(says_so("  made by hand before\n", false), "what is taken over");
	check(!make("", file, false) &&
	      says("{\"action\":\"add\",\"kind\":\"tunnel\",\"name\":\"a\",\"settings\":{"),
	      "what is added, as JSON");
	make(file, "tunnels: {a: {local: 192.0.2.1, remote: 192.0.2.2, ttl: 9}}", false);
	check(says("\"changes\":{\"ttl\":{\"was\":64,\"is\":9}}}"),
	      "what is the file's already");
}

void test_plan(void)
{
	test_changes();
	test_order();
	test_filters();
	test_mode();
	test_health();
	test_any_state();
	test_request();
	test_origin();
	test_many();
	plan_free(&plan);
	config_free(&was);
	config_free(&is);
}
