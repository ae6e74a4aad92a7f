// SPDX-License-Identifier: GPL-2.0
/* "mtctl tunnel" */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "names.h"
#include "nl.h"
#include "print.h"
#include "sa.h"

enum result tunnel_parse(int argc, char **argv, struct tunnel *t,
			 struct error *err)
{
	uint32_t seen = 0;
	enum result res;

	memset(t, 0, sizeof(*t));
	res = parse_tunnel_name(argc, argv, tunnel_kind.args, t->ifname, err);
	if (res)
		return res;

	for (int i = 1; i < argc; i += 2) {
		const struct arg *a = arg_find(tunnel_kind.args, argv[i]);

		if (!a)
			return arg_unknown(tunnel_kind.args, NULL, argv[i],
					   err);
		res = arg_read(a, a->name, i + 1 < argc ? argv[i + 1] : NULL,
			       &seen, t, err);
		if (res)
			return res;
	}
	return RES_OK;
}

static enum result tunnel_add(struct context *ctx, int argc, char **argv)
{
	struct tunnel t;

	return tunnel_parse(argc, argv, &t, &ctx->err) ?:
	       nl_tunnel_new(ctx->nl, &t, &ctx->err);
}

static enum result tunnel_set(struct context *ctx, int argc, char **argv)
{
	struct tunnel t;

	if (argc == 1)
		return refuse(&ctx->err, RES_USAGE,
			      "say what to change, as in \"%s ttl 32\"",
			      argv[0]);
	return tunnel_parse(argc, argv, &t, &ctx->err) ?:
	       nl_tunnel_set(ctx->nl, &t, &ctx->err);
}

static enum result tunnel_del(struct context *ctx, int argc, char **argv)
{
	char ifname[IFNAMSIZ];
	enum result res;

	res = parse_tunnel_name(argc, argv, NULL, ifname, &ctx->err);
	for (int i = 1; !res && i < argc; i++)
		res = parse_tunnel_name(1, argv + i, NULL, ifname, &ctx->err);
	return res ?: nl_tunnel_del(ctx->nl, (const char *const *)argv, argc,
				    &ctx->err);
}

/*
 * What some tunnels want to have, if it may be known: to show the rest takes no
 * privilege.
 */
static void add_states(struct context *ctx, struct tunnels *ts, struct sas *sas)
{
	bool incomplete;
	struct error err;

	for (size_t i = 0; i < ts->n; i++) {
		if (!wants_ipsec(&ts->v[i]))
			continue;
		/* some of them would say something else than all */
		if (!nl_sa_dump(ctx->nl, sas, &incomplete, &err) && !incomplete)
			ts->sas = sas;
		break;
	}
}

/* Shows an incomplete dump as well: it says so itself, and the status does. */
static enum result show_all(struct context *ctx,
			    void (*print)(const struct tunnels *,
					  const struct options *))
{
	struct tunnels ts = { 0 };
	struct sas sas = { 0 };
	bool incomplete;
	enum result res;

	res = nl_tunnel_dump(ctx->nl, &ts, &incomplete, &ctx->err);
	if (!res || incomplete) {
		add_states(ctx, &ts, &sas);
		print(&ts, &ctx->opt);
	}
	sas_free(&sas);
	tunnels_free(&ts);
	return res;
}

static enum result tunnel_show(struct context *ctx, int argc, char **argv)
{
	struct tunnels ts = { 0 };
	struct sas sas = { 0 };
	char ifname[IFNAMSIZ];
	enum result res;

	if (!argc)
		return show_all(ctx, print_blocks);
	res = parse_only_name(argc, argv, ifname, &ctx->err);
	if (!res)
		res = nl_tunnel_get(ctx->nl, ifname, tunnels_add(&ts),
				    &ctx->err);
	if (!res) {
		add_states(ctx, &ts, &sas);
		print_blocks(&ts, &ctx->opt);
	}
	sas_free(&sas);
	tunnels_free(&ts);
	return res;
}

static enum result tunnel_list(struct context *ctx, int argc, char **argv)
{
	if (argc)
		return refuse(&ctx->err, RES_USAGE,
			      "takes no arguments; for one tunnel use \"tunnel show %s\"",
			      argv[0]);
	return show_all(ctx, print_table);
}

#define CONF_ARGS \
	"[mode gre|ipsec] [if-id N] [key K | ikey K okey K] [csum on|off] [seq on|off] [ttl N|inherit] [tos N|inherit] [df set|inherit|clear] [inner-df keep|clear] [frag inner|outer] [dev IFNAME] [fwmark N] [mss N|auto|off] [mss-insert on|off] [mtu N|auto] [accept PREFIX|any|none] [anycast on|off] [pmtu auto|learn|static] [sample N|off] [ipsec required|off] [description TEXT] [up on|off]"

#define CONF_MORE \
	"  local ADDR      outer source address, IPv4 or IPv6\n" \
	"  remote ADDR     outer destination address, of the same family\n" \
	"  mode gre        into GRE (default)\n" \
	"  mode ipsec      into ESP in tunnel mode; what only GRE has, and what a state\n" \
	"                  says of outer packets, is refused then\n" \
	"  if-id N         the if_id of its IPsec policies and states, in mode ipsec\n" \
	"  key K           GRE key of sent and received packets\n" \
	"  ikey K, okey K  GRE key of received, of sent packets only\n" \
	"  csum on|off     GRE checksum, sent and required (default off)\n" \
	"  icsum, ocsum    the same for received, for sent packets only\n" \
	"  seq on|off      GRE sequence numbers, sent and required (default off)\n" \
	"  iseq, oseq      the same for received, for sent packets only\n" \
	"  ttl N           TTL or hop limit of outer packets (default 64)\n" \
	"  ttl inherit     copy that of the inner packet\n" \
	"  tos N           TOS or traffic class of outer packets (default 0)\n" \
	"  tos inherit     copy the DSCP of the inner packet\n" \
	"  df set          outer packets are never fragmented (default)\n" \
	"  df inherit      they may be if the inner packet may\n" \
	"  df clear        they may always be\n" \
	"  inner-df keep   a packet with DF that is too big is dropped, and its\n" \
	"                  source told (default)\n" \
	"  inner-df clear  it is fragmented all the same (IPv4)\n" \
	"  frag inner      packets are fragmented before encapsulation (default)\n" \
	"  frag outer      or after it, where df permits\n" \
	"  dev IFNAME      send through this underlay device only; it may come later\n" \
	"  fwmark N        mark outer packets, for policy routing and netfilter\n" \
	"  mss N           lower the MSS of TCP handshakes to N bytes at most\n" \
	"  mss auto        lower it to what fits into the tunnel and its path\n" \
	"  mss off         leave it alone (default)\n" \
	"  mss-tx, mss-rx  the same for what is sent, for what is received only\n" \
	"  mss-insert on|off  add the option to handshakes without (default off)\n" \
	"  mtu N           largest inner packet in bytes\n" \
	"  mtu auto        let it follow the underlay (default)\n" \
	"  accept PREFIX   receive from there, and not from remote alone\n" \
	"  accept any      from anywhere; accept none: from remote alone (default)\n" \
	"  anycast on|off  other nodes serve this tunnel, too: what needs the state of\n" \
	"                  one node is refused (default off)\n" \
	"  pmtu learn      ICMP errors lower the MTU of the path\n" \
	"  pmtu static     they do not; pmtu auto: so for anycast (default)\n" \
	"  sample N        show one in N packets to \"mtctl samples\", at random\n" \
	"  sample off      none (default)\n" \
	"  sample-rx, sample-tx  the same for what is received, for what is sent only\n" \
	"  ipsec required  nothing is sent or received in clear: packets without ESP\n" \
	"                  in transport mode between the two addresses are dropped\n" \
	"  ipsec off       IPsec is what the policies of the underlay say (default)\n" \
	"  description TEXT  what the tunnel is for; \"\" for nothing\n" \
	"  up on|off       bring it up, or take it down\n" \
	"Numbers are decimal, or hexadecimal with 0x; a key may be a dotted quad.\n"

const struct command tunnel_commands[] = {
	{ "show", tunnel_show, "[NAME]",
	  "show one tunnel or all, a block for each",
	  "With -s also packet counters and why packets were dropped, with -d\n"
	  "everything, defaults included.\n"
	  "\n"
	  "  mtctl tunnel show mt0\n"
	  "  mtctl -s -d tunnel show\n"
	  "  mtctl -j -s tunnel show mt0\n" },
	{ "list", tunnel_list, "", "show all tunnels as a table",
	  "Takes -s and -d as \"show\" does.\n"
	  "\n"
	  "  mtctl tunnel list\n"
	  "  mtctl -s tunnel list\n" },
	{ "add", tunnel_add, "NAME local ADDR remote ADDR " CONF_ARGS,
	  "create a tunnel",
	  CONF_MORE
	  "A new tunnel is down unless up is on.\n"
	  "\n"
	  "  mtctl tunnel add mt0 local 192.0.2.1 remote 198.51.100.1 up on\n"
	  "  mtctl tunnel add mt1 local 192.0.2.1 remote 198.51.100.1 key 7 tos inherit\n"
	  "  mtctl tunnel add mt2 local 192.0.2.1 remote 198.51.100.1 mode ipsec if-id 42\n"
	  "  mtctl tunnel add mt6 local 2001:db8::1 remote 2001:db8::2 ikey 1 okey 2 mtu 1400\n" },
	{ "set", tunnel_set,
	  "NAME [local ADDR] [remote ADDR] " CONF_ARGS,
	  "change a tunnel; what is not given stays",
	  CONF_MORE
	  "key, ikey, okey, dev and fwmark also take none. The mode stays as it is.\n"
	  "\n"
	  "  mtctl tunnel set mt0 remote 198.51.100.2 ttl 32\n"
	  "  mtctl tunnel set mt1 key none mtu auto\n" },
	{ "del", tunnel_del, "NAME [NAME ...]", "delete tunnels",
	  "All that are named at once, in little more time than one; or none, if one is\n"
	  "missing.\n"
	  "\n"
	  "  mtctl tunnel del mt0\n"
	  "  mtctl tunnel del mt1 mt2 mt3\n" },
	{ NULL }
};
