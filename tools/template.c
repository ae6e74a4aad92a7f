// SPDX-License-Identifier: GPL-2.0
/*
 * What a router has to be told for a tunnel in IPsec, in its own language. None of
 * it has a secret: there is a word where it belongs.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "template.h"

/* strongSwan's words for AES-GCM-16 and AES-CBC-256 with SHA2-256, groups 19, 20, 14 */
#define GROUPS		"ecp256-ecp384-modp2048"
#define IKE_PROPOSALS	"aes256gcm16-prfsha256-" GROUPS ",aes256-sha256-" GROUPS
#define ESP_PROPOSALS	"aes256gcm16-" GROUPS ",aes256-sha256-" GROUPS

/* Seconds */
#define IKE_LIFETIME	14400
#define ESP_LIFETIME	3600
#define DPD_DELAY	10

/* Of an end that never makes new keys: it waits for those of this one. */
#define LATER(seconds)	((seconds) / 10 * 11)

/* Packets: what IOS-XE has at the most, and what Junos has where nothing is said */
#define IOS_XE_REPLAY	1024
#define JUNOS_REPLAY	64

/*
 * Packets of each node by a state that several have: what keeps the nonces of four apart
 * as well as NIST SP 800-38D wants it ("Nonces" in Documentation/ipsec.md)
 */
#define REKEY_PACKETS	402653184
#define LIFE_PACKETS	536870912

#define SECRET		"SECRET"

/* What strongSwan takes for "%unique-dir", and one more for "%unique" */
#define IF_ID_UNIQUE_DIR	0xfffffffe

/* A tunnel as one of its ends sees it */
struct side {
	const struct tunnel *t;
	const char *name;
	uint32_t replay;
	bool peer;		/* the other one, */
	bool drops;		/* which drops what is not in ESP, as this one does */
	struct text local;
	struct text remote;	/* where packets come from: of a NAT, if there is one */
	struct text remote_id;	/* what it calls itself */
	bool gre;
	bool ipv6;		/* the underlay */
};

static struct side side_of(const struct tunnel *t, enum peer who, uint32_t replay,
			   const struct addr *nat)
{
	const struct addr *remote = who ? &t->local : &t->remote;

	/* Several nodes send to an anycast tunnel, each with numbers of its own. */
	if (replay == REPLAY_AUTO)
		replay = t->anycast ? 0 : REPLAY_DEFAULT;
	return (struct side) {
		.t = t,
		.name = t->ifname,
		.replay = replay,
		.peer = who != PEER_NONE,
		.drops = who != PEER_LINUX || t->mode == MTUN_MODE_IPSEC,
		.local = addr_text(who ? &t->remote : &t->local),
		.remote = addr_text(nat ?: remote),
		.remote_id = addr_text(remote),
		.gre = t->mode == MTUN_MODE_GRE,
		.ipv6 = t->local.family == AF_INET6,
	};
}

/* What is done at first, when the other end is dead, and when it has closed */
struct actions {
	const char *start;
	const char *dpd;
	const char *close;
};

static void swanctl_child(FILE *f, const struct side *s)
{
	struct actions actions;

	fprintf(f, "\t\t\t%s {\n", s->name);
	if (s->gre)
		fprintf(f, "\t\t\t\tmode = transport\n"
			"\t\t\t\tlocal_ts = dynamic[gre]\n"
			"\t\t\t\tremote_ts = dynamic[gre]\n");
	else
		fprintf(f, "\t\t\t\tmode = tunnel\n"
			"\t\t\t\tif_id_in = %u\n"
			"\t\t\t\tif_id_out = %u\n"
			"\t\t\t\tlocal_ts = 0.0.0.0/0,::/0\n"
			"\t\t\t\tremote_ts = 0.0.0.0/0,::/0\n",
			s->t->if_id, s->t->if_id);
	fprintf(f, "\t\t\t\tesp_proposals = " ESP_PROPOSALS "\n"
		"\t\t\t\trekey_time = %us\n", ESP_LIFETIME);
	fprintf(f, "\t\t\t\treplay_window = %u\n", s->replay);
	if (s->t->anycast && !s->peer)
		fprintf(f, "\t\t\t\trekey_packets = %u\n"
			"\t\t\t\tlife_packets = %u\n", REKEY_PACKETS, LIFE_PACKETS);
	/*
	 * One end begins, now and whenever it has gone: if both did so, they would
	 * have two of everything. The other one waits; but what would send GRE in
	 * clear meanwhile has to ask for it.
	 */
	if (!s->peer)
		actions = (struct actions) { "trap|start", "restart", "trap" };
	else if (s->drops)
		actions = (struct actions) { "none", "clear", "none" };
	else
		actions = (struct actions) { "trap", "trap", "trap" };
	fprintf(f, "\t\t\t\tstart_action = %s\n"
		"\t\t\t\tdpd_action = %s\n"
		"\t\t\t\tclose_action = %s\n"
		"\t\t\t}\n", actions.start, actions.dpd, actions.close);
}

static void swanctl(FILE *f, const struct side *s)
{
	fprintf(f, "# For strongSwan 5.9.6 or later at %s: /etc/swanctl/conf.d/%s.conf, readable\n"
		"# by root alone, with the same secret at both ends. Then: swanctl --load-all\n",
		s->local.s, s->name);
	fprintf(f, "connections {\n"
		"\t%s {\n"
		"\t\tversion = 2\n"
		"\t\tlocal_addrs = %s\n"
		"\t\tremote_addrs = %s\n"
		"\t\tproposals = " IKE_PROPOSALS "\n"
		"\t\tmobike = no\n"
		"\t\tkeyingtries = 0\n"
		"\t\trekey_time = %us\n"
		"\t\tdpd_delay = %us\n",
		s->name, s->local.s, s->remote.s, IKE_LIFETIME, DPD_DELAY);
	fprintf(f, "\t\tlocal {\n"
		"\t\t\tauth = psk\n"
		"\t\t\tid = %s\n"
		"\t\t}\n"
		"\t\tremote {\n"
		"\t\t\tauth = psk\n"
		"\t\t\tid = %s\n"
		"\t\t}\n"
		"\t\tchildren {\n", s->local.s, s->remote_id.s);
	swanctl_child(f, s);
	fprintf(f, "\t\t}\n\t}\n}\n");
	fprintf(f, "secrets {\n"
		"\tike-%s {\n"
		"\t\tid-1 = %s\n"
		"\t\tid-2 = %s\n"
		"\t\tsecret = \"" SECRET "\"\n"
		"\t}\n}\n", s->name, s->local.s, s->remote_id.s);
}

/*
 * The optional fields of the GRE header, as the other end has them: what is sent
 * here is received there. ip and mtctl have these words in common, but for what
 * mtctl wants behind a flag.
 */
static void gre_fields(FILE *f, const struct tunnel *t, const char *on)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} flags[] = {
		{ MTUN_GRE_FLAG_CSUM, "csum" },
		{ MTUN_GRE_FLAG_SEQ, "seq" },
	};

	if (tunnel_has_okey(t))
		fprintf(f, " ikey %u", t->okey);
	if (tunnel_has_ikey(t))
		fprintf(f, " okey %u", t->ikey);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (t->oflags & flags[i].flag)
			fprintf(f, " i%s%s", flags[i].word, on);
		if (t->iflags & flags[i].flag)
			fprintf(f, " o%s%s", flags[i].word, on);
	}
}

static void mtun_peer(FILE *f, const struct side *s)
{
	fprintf(f, "\n# And the tunnel there:\n#   mtctl tunnel add %s local %s remote %s",
		s->name, s->local.s, s->remote.s);
	if (s->gre) {
		gre_fields(f, s->t, " on");
		fprintf(f, " ipsec required");
	} else {
		fprintf(f, " mode ipsec if-id %u", s->t->if_id);
	}
	fprintf(f, " mss auto up on\n");
}

static void linux_peer(FILE *f, const struct side *s)
{
	if (!s->gre) {
		fprintf(f, "\n# And the device there, which has to have a name that is free:\n"
			"#   ip link add %s type xfrm if_id %u\n",
			s->name, s->t->if_id);
	} else {
		fprintf(f, "\n# And the tunnel there:\n");
		fprintf(f, "#   ip link add %s type %s local %s remote %s",
			s->name, s->ipv6 ? "ip6gre" : "gre", s->local.s,
			s->remote.s);
		gre_fields(f, s->t, "");
		fputc('\n', f);
	}
	fprintf(f, "#   ip link set %s up\n", s->name);
}

/* Both have powers of two from 64. */
static uint32_t window_size(uint32_t replay)
{
	uint32_t size = 64;

	while (size < replay)
		size *= 2;
	return size;
}

static void ios_xe_peer(FILE *f, const struct side *s)
{
	const char *name = s->name;

	fprintf(f, "! For IOS-XE at %s, where Tunnel1 has to be free: else take another number\n"
		"crypto ikev2 proposal %s\n"
		" encryption aes-gcm-256\n"
		" prf sha256\n"
		" group 19 20 14\n"
		"crypto ikev2 policy %s\n"
		" proposal %s\n", s->local.s, name, name, name);
	fprintf(f, "crypto ikev2 keyring %s\n"
		" peer %s\n"
		"  address %s%s\n"
		"  pre-shared-key " SECRET "\n",
		name, name, s->remote.s, s->ipv6 ? "/128" : "");
	fprintf(f, "crypto ikev2 profile %s\n"
		" match identity remote address %s%s\n"
		" identity local address %s\n"
		" authentication remote pre-share\n"
		" authentication local pre-share\n"
		" keyring local %s\n"
		" lifetime %u\n"
		" dpd %u 5 periodic\n",
		name, s->remote_id.s, s->ipv6 ? "/128" : " 255.255.255.255",
		s->local.s, name, LATER(IKE_LIFETIME), DPD_DELAY);
	fprintf(f, "crypto ipsec transform-set %s esp-gcm 256\n"
		" mode %s\n"
		"crypto ipsec profile %s\n"
		" responder-only\n"
		" set security-association lifetime seconds %u\n"
		" set security-association lifetime kilobytes disable\n"
		" set transform-set %s\n"
		" set pfs group19\n"
		" set ikev2-profile %s\n",
		name, s->gre ? "transport" : "tunnel", name, LATER(ESP_LIFETIME),
		name, name);
	if (s->replay)
		fprintf(f, " set security-association replay window-size %u\n",
			window_size(s->replay));
	else
		fprintf(f, " set security-association replay disable\n");
	fprintf(f, "interface Tunnel1\n"
		" description %s\n"
		" tunnel source %s\n"
		" tunnel destination %s\n", name, s->local.s, s->remote.s);
	if (!s->gre)
		fprintf(f, "! Old releases have \"ipsec %s\" for this, which carries that alone.\n"
			" tunnel mode ipsec dual-overlay\n",
			s->ipv6 ? "ipv6" : "ipv4");
	else
		fprintf(f, " tunnel mode gre %s\n", s->ipv6 ? "ipv6" : "ip");
	if (tunnel_has_ikey(s->t))
		fprintf(f, " tunnel key %u\n", s->t->ikey);
	if (s->t->iflags & MTUN_GRE_FLAG_CSUM)
		fprintf(f, " tunnel checksum\n");
	if (s->t->iflags & MTUN_GRE_FLAG_SEQ)
		fprintf(f, " tunnel sequence-datagrams\n");
	fprintf(f, " tunnel protection ipsec profile %s\n"
		"! Tunnel1 wants an address, too (or \"ip unnumbered\"), and routes lead into it;\n"
		"! where packets for %s are filtered, let in UDP 500 and 4500, and ESP.\n",
		name, s->local.s);
}

/* Only with ESP in tunnel mode: see template_write(). */
static void junos_peer(FILE *f, const struct side *s)
{
	const char *name = s->name;

	fprintf(f, "# For Junos at %s; INTERFACE is that of this address, and st0.1 has to be\n"
		"# free: else take another unit.\n"
		"set security ike proposal %s authentication-method pre-shared-keys\n"
		"set security ike proposal %s dh-group group19\n"
		"set security ike proposal %s encryption-algorithm aes-256-cbc\n"
		"set security ike proposal %s authentication-algorithm sha-256\n"
		"set security ike proposal %s lifetime-seconds %u\n",
		s->local.s, name, name, name, name, name, IKE_LIFETIME);
	fprintf(f, "set security ike policy %s proposals %s\n"
		"set security ike policy %s pre-shared-key ascii-text " SECRET "\n"
		"set security ike gateway %s ike-policy %s\n"
		"set security ike gateway %s address %s\n"
		"set security ike gateway %s local-address %s\n"
		"set security ike gateway %s local-identity %s %s\n"
		"set security ike gateway %s remote-identity %s %s\n"
		"set security ike gateway %s external-interface INTERFACE\n"
		"set security ike gateway %s dead-peer-detection interval %u\n"
		"set security ike gateway %s version v2-only\n",
		name, name, name, name, name, name, s->remote.s, name,
		s->local.s, name, s->ipv6 ? "inet6" : "inet", s->local.s, name,
		s->ipv6 ? "inet6" : "inet", s->remote_id.s, name, name, DPD_DELAY,
		name);
	fprintf(f, "set security ipsec proposal %s protocol esp\n"
		"set security ipsec proposal %s encryption-algorithm aes-256-gcm\n"
		"set security ipsec proposal %s lifetime-seconds %u\n"
		"set security ipsec policy %s proposals %s\n"
		"set security ipsec policy %s perfect-forward-secrecy keys group19\n",
		name, name, name, ESP_LIFETIME, name, name, name);
	fprintf(f, "set security ipsec vpn %s bind-interface st0.1\n"
		"set security ipsec vpn %s ike gateway %s\n"
		"set security ipsec vpn %s ike ipsec-policy %s\n"
		"# Older releases know nothing of responder-only: leave this out, and it\n"
		"# begins when it has something to send.\n"
		"set security ipsec vpn %s establish-tunnels responder-only\n",
		name, name, name, name, name, name);
	if (!s->replay)
		fprintf(f, "set security ipsec vpn %s ike no-anti-replay\n",
			name);
	else if (s->replay > JUNOS_REPLAY)
		fprintf(f, "# Older releases have a window of %u packets alone.\n"
			"set security ipsec vpn %s ike anti-replay-window-size %u\n",
			JUNOS_REPLAY, name, window_size(s->replay));
	fprintf(f, "set interfaces st0 unit 1 family inet\n"
		"set interfaces st0 unit 1 family inet6\n"
		"# Routes lead into st0.1. Where there are security zones: both interfaces are\n"
		"# in one each, that of INTERFACE has \"host-inbound-traffic system-services\n"
		"# ike\", and policies let pass what goes between the zones.\n");
}

static const struct {
	const char *name;
	bool swanctl;
	void (*print)(FILE *f, const struct side *s);
} peers[] = {
	[PEER_NONE] = { "", true, NULL },
	[PEER_MTUN] = { "mtun", true, mtun_peer },
	[PEER_LINUX] = { "linux", true, linux_peer },
	[PEER_IOS_XE] = { "ios-xe", false, ios_xe_peer },
	[PEER_JUNOS] = { "junos", false, junos_peer },
};

enum result template_peer(const char *word, enum peer *peer, struct error *err)
{
	for (size_t i = PEER_NONE + 1; i < ARRAY_SIZE(peers); i++) {
		if (!strcmp(word, peers[i].name)) {
			*peer = i;
			return RES_OK;
		}
	}
	return refuse(err, RES_USAGE,
		      "\"%s\" is no kind of peer: give mtun, linux, ios-xe or junos",
		      word);
}

static bool any_remote(const struct tunnel *t)
{
	static const unsigned char zero[sizeof(t->remote.bytes)];

	return !memcmp(t->remote.bytes, zero, t->remote.len);
}

/*
 * The name of the device is one of sections and files, of objects of other makes, and
 * stands in commands: what all of these can hold. swanctl.conf has no quotes for names,
 * where # begins a comment, and a dot goes one section down.
 */
static bool plain_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
	return name[0] != '-' && strcmp(name, "include");
}

enum result template_write(FILE *f, const struct tunnel *t, enum peer who,
			   uint32_t replay, const struct addr *nat,
			   struct error *err)
{
	const struct side s = side_of(t, who, replay, nat);

	if (!plain_name(t->ifname))
		return refuse(err, RES_USAGE,
			      "\"%s\" cannot be a name in the configuration of an IKE daemon: give the tunnel one of letters, digits, - and _",
			      t->ifname);
	if (any_remote(t))
		return refuse(err, RES_USAGE,
			      "%s has no remote address to negotiate with: set one",
			      t->ifname);
	if (peers[who].swanctl && !s.gre && t->if_id >= IF_ID_UNIQUE_DIR)
		return refuse(err, RES_USAGE,
			      "an if-id of %u means another one to strongSwan for each of its states: give %s a lower one",
			      t->if_id, t->ifname);
	if (nat && !who)
		return refuse(err, RES_USAGE,
			      "the other end alone is told of a NAT in front of this one: give -peer with -nat");
	if (nat && nat->family != t->local.family)
		return refuse(err, RES_USAGE,
			      "the NAT's address is to be of the same family as the local one of %s",
			      t->ifname);
	if (s.gre && who == PEER_JUNOS)
		return refuse(err, RES_USAGE,
			      "Junos has no GRE in transport mode: use a tunnel of mode ipsec");
	if (s.gre && who == PEER_IOS_XE &&
	    (tunnel_has_ikey(t) != tunnel_has_okey(t) ||
	     (tunnel_has_ikey(t) && t->ikey != t->okey)))
		return refuse(err, RES_USAGE,
			      "IOS-XE has one key for both directions: give %s one (key, not ikey or okey)",
			      t->ifname);
	if (who == PEER_IOS_XE && s.replay > IOS_XE_REPLAY)
		return refuse(err, RES_USAGE,
			      "IOS-XE has a replay window of %u packets at the most: give -replay %u for that end",
			      IOS_XE_REPLAY, IOS_XE_REPLAY);
	if (peers[who].swanctl)
		swanctl(f, &s);
	if (peers[who].print)
		peers[who].print(f, &s);
	else if (s.gre && t->ipsec != MTUN_IPSEC_REQUIRED)
		fprintf(f, "\n# Nothing is to go in clear before there are keys:\n"
			"#   mtctl tunnel set %s ipsec required\n", t->ifname);
	return RES_OK;
}
