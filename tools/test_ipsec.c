// SPDX-License-Identifier: GPL-2.0
/* Unit tests of what is said of IPsec. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "print_core.h"
#include "sa.h"
#include "template.h"
#include "test.h"

static struct tunnel tunnel(const char *local, const char *remote, uint32_t if_id)
{
	struct tunnel t = { .mode = if_id ? MTUN_MODE_IPSEC : MTUN_MODE_GRE,
			    .if_id = if_id,
			    .ipsec = MTUN_IPSEC_REQUIRED };

	strcpy(t.ifname, "mt0");
	parse_addr(local, &t.local);
	parse_addr(remote, &t.remote);
	return t;
}

static void add(struct sas *sas, const struct tunnel *t, bool out, uint64_t added,
		bool keyed)
{
	struct sa *sa = ADD_ONE(sas);

	sa->src = out ? t->local : t->remote;
	sa->dst = out ? t->remote : t->local;
	sa->if_id = t->if_id;
	sa->tunnel_mode = t->mode == MTUN_MODE_IPSEC;
	sa->keyed = keyed;
	sa->added = added;
	sas_sort(sas);
}

static void test_states(void)
{
	const struct tunnel a = tunnel("192.0.2.1", "192.0.2.2", 7);
	const struct tunnel b = tunnel("192.0.2.1", "192.0.2.2", 8);
	const struct tunnel c = tunnel("192.0.2.1", "192.0.2.2", 0);
	const struct tunnel d = tunnel("2001:db8::1", "2001:db8::2", 7);
	const struct tunnel *all[] = { &a, &b, &c, &d };
	const struct sa *newest;
	struct sas sas = { 0 };
	struct tunnel moved;
	size_t n;

	check(sas_state(&sas, &a) == SA_NONE, "no states at all");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		check(sas_state(&sas, all[i]) == SA_NONE, "states of others");
		add(&sas, all[i], true, 1, false);
		check(sas_state(&sas, all[i]) == SA_NEGOTIATING, "asked for");
		sas_find(&sas, all[i], MTUN_DIRECTION_INGRESS, &n);
		check(!n, "of the other direction");
		sas.n = 0;
		for (size_t j = 0; j <= i; j++) {
			add(&sas, all[j], true, 1, true);
			if (j < i)
				add(&sas, all[j], false, 1, true);
		}
		check(sas_state(&sas, all[i]) == SA_NEGOTIATING, "one way");
		add(&sas, all[i], false, 1, true);
		for (size_t j = 0; j <= i; j++)
			check(sas_state(&sas, all[j]) == SA_ESTABLISHED,
			      "both ways");
	}
	add(&sas, &b, true, 5, true);
	add(&sas, &b, true, 9, false);
	check(sas_state(&sas, &b) == SA_REKEYING, "more than one");
	newest = sas_newest(&sas, &b, MTUN_DIRECTION_EGRESS);
	check(newest && newest->added == 5, "the newest that has keys");
	check(sas_state(&sas, &a) == SA_ESTABLISHED, "those of others");
	moved = a;
	moved.has |= has_bit(MTUN_A_TUNNEL_UNDERLAY_NETNSID);
	check(sas_state(&sas, &moved) == SA_ELSEWHERE, "moved here");
	sas_find(&sas, &moved, MTUN_DIRECTION_EGRESS, &n);
	check(!n && !sas_newest(&sas, &moved, MTUN_DIRECTION_EGRESS),
	      "those that are here are not of one that was moved here");
	sas_free(&sas);
}

static void test_age(void)
{
	const struct tunnel t = tunnel("192.0.2.1", "192.0.2.2", 7);
	struct sas sas = { 0 };

	add(&sas, &t, false, 1, true);
	add(&sas, &t, true, 1, true);
	check(strstr(ipsec_text(&t, &sas).s, "age ") &&
	      !strstr(ipsec_text(&t, &sas).s, "ms"), "one that is decades old");
	add(&sas, &t, true, time(NULL) + 9, true);
	check(strstr(ipsec_text(&t, &sas).s, "age 0s"), "one of this moment");
	sas_free(&sas);
}

/* Whether the template has a text, or is refused with it */
static bool says_of(const struct tunnel *t, enum peer who, uint32_t replay,
		    const char *nat_text, const char *what)
{
	struct addr nat = { 0 };
	struct error err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool good;

	if (nat_text)
		parse_addr(nat_text, &nat);
	if (template_write(f, t, who, replay, nat_text ? &nat : NULL, &err)) {
		fclose(f);
		good = !size && strstr(err.text, what);
	} else {
		fclose(f);
		good = strstr(text, what);
	}
	free(text);
	return good;
}

static bool says_of_nat(const struct tunnel *t, enum peer who, const char *nat_text,
			const char *what)
{
	return says_of(t, who, REPLAY_AUTO, nat_text, what);
}

static bool says(const struct tunnel *t, enum peer who, const char *what)
{
	return says_of(t, who, REPLAY_AUTO, NULL, what);
}

static void test_replay(void)
{
	const struct tunnel t = tunnel("192.0.2.1", "192.0.2.2", 7);
	static const struct {
		enum peer who;
		uint32_t replay;
		const char *text;
	} texts[] = {
		{ PEER_NONE, 4096, "replay_window = 4096\n" },
		{ PEER_MTUN, 4096, "replay_window = 4096\n" },
		{ PEER_LINUX, 0, "replay_window = 0\n" },
		{ PEER_IOS_XE, 0, " replay disable\n" },
		{ PEER_IOS_XE, 1, " replay window-size 64\n" },
		{ PEER_IOS_XE, 65, " replay window-size 128\n" },
		{ PEER_IOS_XE, 1024, " replay window-size 1024\n" },
		{ PEER_IOS_XE, 1025, "give -replay 1024 for that end" },
		{ PEER_JUNOS, 0, " ike no-anti-replay\n" },
		{ PEER_JUNOS, 65, " ike anti-replay-window-size 128\n" },
		{ PEER_JUNOS, 4096, " ike anti-replay-window-size 4096\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check(says_of(&t, texts[i].who, texts[i].replay, NULL, texts[i].text),
		      "a window");
	check(!says(&t, PEER_JUNOS, "replay"), "that of Junos, as it is");
}

static void test_nat(void)
{
	const struct tunnel t = tunnel("10.0.0.1", "192.0.2.2", 7);
	static const enum peer all[] = { PEER_MTUN, PEER_LINUX, PEER_IOS_XE, PEER_JUNOS };
	static const struct {
		enum peer who;
		const char *text;
	} texts[] = {
		{ PEER_MTUN, "remote_addrs = 192.0.2.9\n" },
		{ PEER_MTUN, "\t\t\tid = 10.0.0.1\n" },
		{ PEER_MTUN, "\t\tid-1 = 192.0.2.2\n\t\tid-2 = 10.0.0.1\n" },
		{ PEER_MTUN, " local 192.0.2.2 remote 192.0.2.9 mode ipsec" },
		{ PEER_LINUX, "remote_addrs = 192.0.2.9\n" },
		{ PEER_IOS_XE, "  address 192.0.2.9\n" },
		{ PEER_IOS_XE, "match identity remote address 10.0.0.1 255.255.255.255\n" },
		{ PEER_IOS_XE, " tunnel destination 192.0.2.9\n" },
		{ PEER_JUNOS, "gateway mt0 address 192.0.2.9\n" },
		{ PEER_JUNOS, "remote-identity inet 10.0.0.1\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check(says_of_nat(&t, texts[i].who, "192.0.2.9", texts[i].text),
		      "told of a NAT");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		check(says_of_nat(&t, all[i], "2001:db8::9", "same family"),
		      "of another family");
	check(says_of_nat(&t, PEER_NONE, "192.0.2.9", "give -peer"), "not for here");
}

static void test_templates(void)
{
	struct tunnel esp = tunnel("192.0.2.1", "192.0.2.2", 7);
	struct tunnel gre = tunnel("2001:db8::1", "2001:db8::2", 0);
	const struct tunnel any = tunnel("192.0.2.1", "0.0.0.0", 0);

	check(says(&esp, PEER_NONE, "if_id_in = 7\n"), "if-id");
	check(says(&esp, PEER_NONE, "local_addrs = 192.0.2.1\n"), "our side");
	check(says(&esp, PEER_MTUN, "local_addrs = 192.0.2.2\n"), "their side");
	check(says(&esp, PEER_MTUN, "remote 192.0.2.1 mode ipsec if-id 7 "),
	      "their tunnel");
	check(says(&esp, PEER_LINUX, "type xfrm if_id 7\n"), "their device");
	check(says(&esp, PEER_LINUX, "start_action = none\n"), "it waits");
	check(says(&esp, PEER_NONE, "replay_window = 64\n\t\t\t\tstart_"), "window");
	esp.anycast = 1;
	check(says(&esp, PEER_NONE, "replay_window = 0\n"), "none for anycast");
	check(says(&esp, PEER_MTUN, "replay_window = 0\n"), "nor at the other end");
	check(says(&esp, PEER_NONE, "life_packets = 536870912\n"), "fewer packets");
	check(says(&esp, PEER_IOS_XE, "replay disable\n"), "of IOS-XE");
	check(says(&esp, PEER_JUNOS, "ike no-anti-replay\n"), "of Junos");
	check(says(&gre, PEER_NONE, "mode = transport\n"), "transport mode");
	check(says(&gre, PEER_LINUX, "start_action = trap\n"), "no GRE in clear");
	check(says(&gre, PEER_MTUN, "start_action = none\n"), "the other one waits");
	check(says(&esp, PEER_IOS_XE, "\n responder-only\n"), "so does IOS-XE");
	check(says(&esp, PEER_JUNOS, " establish-tunnels responder-only\n"),
	      "and Junos");
	check(says(&gre, PEER_JUNOS, "use a tunnel of mode ipsec"), "no GRE there");
	check(says(&esp, PEER_IOS_XE, "\n tunnel mode ipsec dual-overlay\n"),
	      "both IP versions");
	check(says(&esp, PEER_NONE, "\n\t\t\t\tdpd_action = restart\n"),
	      "a dead end is asked again");
	check(says(&any, PEER_NONE, "no remote address"), "no remote");
	check(says(&gre, PEER_IOS_XE, "\n  address 2001:db8::1/128\n"), "a prefix of IPv6");
	esp.if_id = 0xfffffffd;
	check(says(&esp, PEER_LINUX, "if_id_out = 4294967293\n"), "a high if-id");
	for (esp.if_id = 0xfffffffe; esp.if_id; esp.if_id++) {
		check(says(&esp, PEER_MTUN, "give mt0 a lower one"), "that is a word there");
		check(says(&esp, PEER_JUNOS, "mt0"), "nowhere else");
	}
	esp.if_id = 7;
	for (const char *c = ".:,;={}#\"'\\ !?*$`&|<>()[]~%^@+\xff"; *c; c++) {
		snprintf(esp.ifname, sizeof(esp.ifname), "m%ct", *c);
		check(says(&esp, PEER_NONE, "cannot be a name"), "odd characters");
		check(says(&esp, PEER_JUNOS, "cannot be a name"), "elsewhere, too");
	}
	strcpy(esp.ifname, "-mt");
	check(says(&esp, PEER_NONE, "cannot be a name"), "an option");
	strcpy(esp.ifname, "include");
	check(says(&esp, PEER_NONE, "cannot be a name"), "a word of swanctl.conf");
	strcpy(esp.ifname, "Mt_0-z");
	check(says(&esp, PEER_NONE, "\tMt_0-z {\n"), "a plain name");
	strcpy(esp.ifname, "mt0");

	/* What is sent here is received there. */
	gre.has = has_bit(MTUN_A_TUNNEL_IKEY) | has_bit(MTUN_A_TUNNEL_OKEY);
	gre.iflags = MTUN_GRE_FLAG_KEY | MTUN_GRE_FLAG_CSUM;
	gre.oflags = MTUN_GRE_FLAG_KEY;
	gre.ikey = 1;
	gre.okey = 2;
	check(says(&gre, PEER_LINUX, " ikey 2 okey 1 ocsum\n"), "keys of ip_gre");
	check(says(&gre, PEER_IOS_XE, "one key for both directions"), "two keys");
	gre.okey = 1;
	check(says(&gre, PEER_IOS_XE, "\n tunnel key 1\n tunnel checksum\n"), "one");
	gre.iflags |= MTUN_GRE_FLAG_SEQ;
	check(says(&gre, PEER_IOS_XE, "\n tunnel sequence-datagrams\n"), "numbers");
	gre.iflags &= ~MTUN_GRE_FLAG_SEQ;
	gre.okey = 2;
	check(says(&gre, PEER_MTUN, " ikey 2 okey 1 ocsum on "), "keys of mtun");
	gre.oflags |= MTUN_GRE_FLAG_SEQ;
	check(says(&gre, PEER_LINUX, " ikey 2 okey 1 ocsum iseq\n"), "numbers of ip_gre");
	check(!says(&gre, PEER_NONE, "in clear"), "it is required");
	gre.ipsec = MTUN_IPSEC_OFF;
	check(says(&gre, PEER_NONE,
		   "\n# Nothing is to go in clear before there are keys:\n"
		   "#   mtctl tunnel set mt0 ipsec required\n"), "it is not");
	gre.oflags = 0;
	check(says(&gre, PEER_LINUX, " remote 2001:db8::1 okey 1 ocsum\n"),
	      "a key one way");
}

void test_ipsec(void)
{
	test_states();
	test_age();
	test_templates();
	test_replay();
	test_nat();
}
