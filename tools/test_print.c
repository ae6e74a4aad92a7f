// SPDX-License-Identifier: GPL-2.0
/* Unit tests of what is shown of objects: text for people, and JSON. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/wait.h>

#include "print_core.h"
#include "sa.h"
#include "test.h"
#include "top.h"

static const struct options plain;
static const struct options statistics = { .statistics = true };
static const struct options details = { .details = true };
static const struct options json = { .json = true };

static FILE *usual;
static char *shown;
static size_t shown_len;

/* What is printed from here on is kept. */
static void begin(void)
{
	usual = stdout;
	stdout = open_memstream(&shown, &shown_len);
}

/* Colours depend on who looks. */
static void without_colours(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\033')
			from += strcspn(from, "m");
		else
			*to++ = *from;
	}
	*to = '\0';
}

/* Ends it: whether it has this text */
static bool shows(const char *text)
{
	bool good;

	fclose(stdout);
	stdout = usual;
	without_colours(shown);
	good = strstr(shown, text);
	if (!good)
		printf("# shown: %s\n", shown);
	free(shown);
	return good;
}

#define SHOWS(call, text) do {						\
	begin();							\
	call;								\
	check(shows(text), text);					\
} while (0)

static struct tunnel tunnel(const char *name)
{
	struct tunnel t = { .ttl = 64, .mtu = 1476, .mtu_auto = 1,
			    .if_flags = IFF_UP, .df = MTUN_DF_SET,
			    .frag = MTUN_FRAG_INNER, .ifindex = 7 };

	strcpy(t.ifname, name);
	parse_addr("192.0.2.1", &t.local);
	parse_addr("192.0.2.2", &t.remote);
	return t;
}

static void test_tunnels(void)
{
	struct tunnel v[] = { tunnel("mt0"), tunnel("a-long-name") };
	const struct tunnels ts = { .v = v, .n = 2 };

	v[0].tos_inherit = 1;
	v[0].stats.ways[MTUN_DIRECTION_INGRESS].all = (struct count) { 12, 3456 };
	v[0].stats.ways[MTUN_DIRECTION_EGRESS].all = (struct count) { 7, 89 };
	v[0].stats.drops[MTUN_DROP_RX_FILTER] = 5;
	v[1].if_flags = 0;
	v[1].tos = 0xb8;
	SHOWS(print_table(&ts, &statistics),
	      "NAME         STATE  LOCAL      REMOTE     KEY(IN/OUT)   MTU  DEV  RX-PACKETS  RX-BYTES  TX-PACKETS  TX-BYTES  DROPPED\n"
	      "mt0          UP     192.0.2.1  192.0.2.2  -            1476  any          12      3456           7        89        5\n"
	      "    rx-filter  5\n"
	      "a-long-name  DOWN   192.0.2.1  192.0.2.2  -            1476  any           0         0           0         0        0\n");
	SHOWS(print_table(&ts, &details), "  any   64  inherit  -\n");
	SHOWS(print_table(&ts, &details), "  any   64  0xb8     -\n");

	v[0].sample_rx = 1000;
	v[0].has = has_bit(MTUN_A_TUNNEL_UNDERLAY_NETNSID);
	v[0].underlay_netnsid = 3;
	SHOWS(print_blocks(&ts, &plain), "  tos inherit  sample-rx 1000  sample-tx off\n");
	SHOWS(print_blocks(&ts, &plain),
	      "\n    underlay in another network namespace, netnsid 3\n");
	v[0].stats.mss[MTUN_MSS_VERDICT_LOWERED] = 4;
	v[0].stats.mss[MTUN_MSS_VERDICT_SMALL] = 2;
	v[0].stats.mss[MTUN_MSS_VERDICT_ABSENT] = 1;
	SHOWS(print_blocks(&ts, &statistics),
	      "    clamped    4 of 7 TCP handshakes: 2 small, 1 absent\n");
	strcpy(v[0].ifname, "\xff-\xc3\xbc");
	SHOWS(print_table(&ts, &json), "\"ifname\":\"\\\\xff-\\\\xc3\\\\xbc\"");
}

/* Of a tunnel that wants them, what a key is and how long it holds */
static void test_tunnel_states(void)
{
	struct tunnel t = tunnel("mt0");
	struct sa sa = { .src = t.local, .dst = t.remote, .spi = 0xc0ffee };
	const struct sas sas = { .v = &sa, .n = 1 };
	const struct tunnels ts = { .v = &t, .n = 1, .sas = &sas };

	t.ipsec = MTUN_IPSEC_REQUIRED;
	SHOWS(print_blocks(&ts, &json),
	      "\"sa_states\":[{\"direction\":\"egress\",\"spi\":\"00c0ffee\",\"keyed\":false}]");
	SHOWS(print_blocks(&ts, &plain), "\n    esp negotiating\n");
}

static void test_tunnel_events(void)
{
	struct event e = { .type = EVENT_SET, .tunnel = tunnel("mt0") };
	struct tunnel was = e.tunnel;

	strcpy(was.ifname, "old");
	was.if_flags = IFF_NOARP;
	was.origin = MTUN_ORIGIN_FILE;
	was.mtu = 1400;
	strcpy(was.link, "eth0");
	strcpy(e.tunnel.link, "eth0");
	e.tunnel.link_ifindex = 2;
	e.tunnel.ttl = 9;
	SHOWS(print_event(&e, &was, &plain),
	      "  set   mt0:  name old -> mt0  ttl 64 -> 9  origin manual  dev eth0 (waiting) -> eth0  mtu 1400 -> 1476  UP  -NOARP\n");
	SHOWS(print_event(&e, NULL, &plain),
	      "  set   mt0: GRE over IPv4  192.0.2.1 -> 192.0.2.2  UP  mtu 1476 (auto)");
	e.type = EVENT_DEL;
	SHOWS(print_event(&e, &was, &json), "{\"event\":\"del\",\"time\":\"");
}

static void test_events(void)
{
	struct event lost = { .type = EVENT_LOST };
	struct event netns = { .type = EVENT_SET, .about = ABOUT_NETNS,
			       .netns.rx = MTUN_RX_EARLY };
	struct event filter = { .type = EVENT_SET, .about = ABOUT_FILTER,
				.filter.ifname = "mt0" };
	struct event clamp = { .type = EVENT_NEW, .about = ABOUT_CLAMP,
			       .clamp = { .ifname = "eth0", .mss = 1400 } };
	struct event health = { .type = EVENT_STATE, .about = ABOUT_HEALTH };
	struct health *h = &health.health;

	SHOWS(print_event(&lost, NULL, &plain),
	      "  lost  events were lost: the kernel had no room for them\n");
	SHOWS(print_event(&lost, NULL, &json), "{\"event\":\"lost\",\"time\":\"");
	SHOWS(print_event(&netns, NULL, &plain), "  set   netns: rx early\n");
	SHOWS(print_event(&netns, NULL, &json), ",\"netns\":{\"rx\":\"early\"}}\n");
	SHOWS(print_event(&filter, NULL, &plain), "  set   filter of mt0: any\n");
	filter.filter.prefixes = 1;
	SHOWS(print_event(&filter, NULL, &plain), "  set   filter of mt0: 1 prefix\n");

	for (int i = 0; i < 5; i++)
		parse_prefix("10.0.0.0/8", prefixes_add(&clamp.clamp.src));
	parse_prefix("2001:db8::/32", prefixes_add(&clamp.clamp.dst));
	SHOWS(print_event(&clamp, NULL, &plain),
	      "  new   clamp at eth0: mss 1400  out  waiting  src 5 prefixes  dst 2001:db8::/32\n");
	SHOWS(print_event(&clamp, NULL, &json),
	      ",\"clamp\":{\"dev\":\"eth0\",\"ifindex\":0,\"state\":\"waiting\",");
	event_free(&clamp);

	*h = *(const struct health *)health_kind.defaults;
	strcpy(h->ifname, "mt0");
	h->old_state = MTUN_HEALTH_STATE_HEALTHY;
	h->state = MTUN_HEALTH_STATE_DOWN;
	h->reason = MTUN_HEALTH_REASON_ALL_LOST;
	h->has = 1ull << MTUN_A_HEALTH_RTT;
	h->rtt = 1042;
	SHOWS(print_event(&health, NULL, &plain),
	      "  state  mt0: healthy -> down (all-lost)  rtt 1.042 ms\n");
	health.type = EVENT_SET;
	h->mode = MTUN_HEALTH_MODE_PROBE;
	h->interval = 2000;
	SHOWS(print_event(&health, NULL, &plain),
	      "  set   mt0: health  mode probe  interval 2s\n");
}

static void test_clamps(void)
{
	struct clamp c = { .ifname = "eth0", .mss = MTUN_MSS_AUTO, .ifindex = 2 };
	const struct clamps cs = { .v = &c, .n = 1 };

	c.verdicts[MTUN_MSS_VERDICT_LOWERED] = 3;
	SHOWS(print_clamps(&cs, &statistics),
	      "eth0: mss auto  out  active\n    clamped   3 of 3 TCP handshakes\n");
}

static void test_states(void)
{
	struct tunnel v[] = { tunnel("clear"), tunnel("mt0") };
	const struct tunnels ts = { .v = v, .n = 2 };
	struct sa sa = { .src = v[1].local, .dst = v[1].remote, .spi = 0xc0ffee };
	const struct sas sas = { .v = &sa, .n = 1 };

	v[1].ipsec = MTUN_IPSEC_REQUIRED;
	SHOWS(print_ipsec(&ts, &sas, &plain),
	      "mt0: GRE over IPv4  192.0.2.1 -> 192.0.2.2  negotiating\n"
	      "    egress   spi 00c0ffee  negotiating\n");
	SHOWS(print_ipsec(&ts, &sas, &json), "[{\"ifname\":\"mt0\",");
	v[1].has |= has_bit(MTUN_A_TUNNEL_UNDERLAY_NETNSID);
	SHOWS(print_ipsec(&ts, &sas, &plain), "  elsewhere\n");
	SHOWS(print_ipsec(&ts, &sas, &json),
	      "\"sa\":\"elsewhere\",\"states\":[]");
	SHOWS(print_template("a\nb\n", &json), "{\"template\":\"a\\nb\\n\"}\n");
}

static void test_route(void)
{
	struct route r = { .ifname = "mt0", .metric = 500100 };

	parse_prefix("203.0.113.0/24", &r.prefix);
	SHOWS(print_steered(&r, &plain), "203.0.113.0/24 dev mt0 metric 500100\n");
	SHOWS(print_steered(&r, &json),
	      "{\"prefix\":\"203.0.113.0/24\",\"ifname\":\"mt0\",\"metric\":500100}\n");
}

static void test_samples(void)
{
	struct sample tcp = {
		.interval = 1000, .packets = 1, .length = 60, .data_len = 34,
		.direction = MTUN_DIRECTION_EGRESS,
		.data = { 0x45, [9] = IPPROTO_TCP, [12] = 10, 0, 0, 1, 203, 0, 113, 1,
			  0x30, 0x39, 0, 80, [33] = 0x12 },
	};
	struct sample icmp = {
		.interval = 1, .packets = 3, .length = 84, .data_len = 22,
		.reason = MTUN_DROP_RX_FILTER,
		.data = { 0x45, [9] = IPPROTO_ICMP, [12] = 10, 0, 0, 1, 203, 0, 113, 1, 3, 4 },
	};
	struct sample fragment = {
		.interval = 1, .packets = 1, .length = 1280, .data_len = 52,
		.data = { 0x60, [6] = IPPROTO_FRAGMENT, [23] = 1, [39] = 2,
			  [40] = IPPROTO_UDP, [43] = 1, [49] = 53, [51] = 99 },
	};
	struct sample other = { .interval = 1, .packets = 1, .length = 9, .data_len = 1 };

	tcp.ifindex = 1000000001;	/* there is none */
	SHOWS(print_sample(&tcp, &plain),
	      "  if1000000001 egress   10.0.0.1:12345 > 203.0.113.1:80  tcp SA  60 bytes  1 in 1000\n");
	SHOWS(print_sample(&icmp, &plain),
	      "  10.0.0.1 > 203.0.113.1  icmp type 3 code 4  84 bytes  1 in 1  x 3  dropped rx-filter\n");
	SHOWS(print_sample(&fragment, &plain),
	      "  [::1]:53 > [::2]:99  udp fragment  1280 bytes  1 in 1\n");
	SHOWS(print_sample(&other, &plain), "  no-ip  9 bytes  1 in 1\n");
}

static void test_top(void)
{
	struct top top = { .filter = "", .note = "", .lost = 5, .seconds = 2 };

	SHOWS(print_top(stdout, &top, 0), "0 tunnels, 2.0 s  by bits  5 samples lost\n");
}

/* A file is UTF-8, names are any bytes. */
static void test_config(void)
{
	struct tunnel t = tunnel("mt0");
	const struct config config = { .tunnels = { .v = &t, .n = 1 } };
	struct error err;

	strcpy(t.description, "caf\xe9");
	check(print_config(&config, &plain, &err) == RES_REFUSED &&
	      !strcmp(err.text, "tunnel mt0: its description is not UTF-8, as a file has to be"),
	      "a description that is not UTF-8");
	strcpy(t.ifname, "\xff");
	check(print_config(&config, &plain, &err) == RES_REFUSED &&
	      strstr(err.text, ": its name is not UTF-8"), "a name that is not UTF-8");
}

static void full_yaml(void)
{
	struct tunnel t = tunnel("mt0");
	const struct config config = { .tunnels = { .v = &t, .n = 1 } };
	struct error err;

	print_config(&config, &plain, &err);
}

static void full_json(void)
{
	json_print(json_object(), &json, false);
}

static void no_json(void)
{
	json_print(NULL, &json, false);
}

static void test_json(void)
{
	begin();
	json_print(json_pack("[o]", json_name("a\177b")), &json, false);
	check(shows("[\"a\\u007fb\"]\n"), "DEL in JSON, which YAML does not read as it is");
}

/* Where there is no room for what is printed, or nothing to print */
static void test_end(void (*print)(void), const char *said)
{
	char text[200] = "";
	FILE *file = tmpfile();
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fileno(file), STDERR_FILENO);
		if (!freopen("/dev/full", "w", stdout))
			abort();
		setvbuf(stdout, NULL, _IONBF, 0);
		print();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	rewind(file);
	check(WIFEXITED(status) && WEXITSTATUS(status) == RES_REFUSED &&
	      fgets(text, sizeof(text), file) && !strcmp(text, said), said);
	fclose(file);
}

void test_print(void)
{
	test_tunnels();
	test_tunnel_states();
	test_tunnel_events();
	test_events();
	test_clamps();
	test_states();
	test_route();
	test_samples();
	test_top();
	test_config();
	test_json();
	test_end(full_yaml, "mtctl: cannot write YAML: write error\n");
	test_end(full_json, "mtctl: cannot write the output\n");
	test_end(no_json, "mtctl: no JSON: no memory, or a name is not UTF-8\n");
}
