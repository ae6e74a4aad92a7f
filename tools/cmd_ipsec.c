// SPDX-License-Identifier: GPL-2.0
/* "mtctl ipsec": what an IKE daemon has to know of a tunnel. */
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"
#include "sa.h"
#include "template.h"

enum option { OPT_PEER, OPT_REPLAY, OPT_NAT };

static const struct option_desc options[] = {
	{ "peer", "p", "KIND", NULL, OPT_PEER },
	{ "replay", "r", "N", NULL, OPT_REPLAY },
	{ "nat", "n", "ADDR", NULL, OPT_NAT },
	{ NULL }
};

/*
 * IKE tells peers apart by their addresses, and so do these templates: of two tunnels
 * between the same ones, each would get the states of either.
 */
static enum result check_ends(const struct tunnel *t, const struct tunnels *ts,
			      struct error *err)
{
	for (const struct tunnel *o = ts->v; o < ts->v + ts->n; o++) {
		if (!wants_ipsec(o) || o->ifindex == t->ifindex ||
		    tunnel_is_moved(o) != tunnel_is_moved(t) ||
		    o->underlay_netnsid != t->underlay_netnsid ||
		    !same_addr(&o->local, &t->local) ||
		    !same_addr(&o->remote, &t->remote))
			continue;
		if (o->mode != t->mode || t->mode == MTUN_MODE_IPSEC)
			return refuse(err, RES_USAGE,
				      "%s has the same local and remote, by which an IKE daemon tells tunnels apart: give one of the two another local address",
				      o->ifname);
		if (o->ifindex < t->ifindex)
			return refuse(err, RES_USAGE,
				      "%s has the same local and remote, and what is negotiated for it is for all GRE between them: its template is enough",
				      o->ifname);
	}
	return RES_OK;
}

static enum result ipsec_template(struct context *ctx, int argc, char **argv)
{
	struct option_words words = { .argc = argc, .argv = argv, .at = 1 };
	const struct option_desc *option;
	const char *value;
	uint32_t replay = REPLAY_AUTO;
	enum peer peer = PEER_NONE;
	struct addr nat = { 0 };
	struct tunnels ts = { 0 };
	struct tunnel t = { 0 };
	char ifname[IFNAMSIZ];
	enum result res;
	char *text = NULL;
	bool incomplete;
	size_t size;
	FILE *f;

	if (argc && argv[0][0] == '-')
		return refuse(&ctx->err, RES_USAGE,
			      "the name of the tunnel comes first, and \"%s\" behind it",
			      argv[0]);
	res = parse_tunnel_name(argc, argv, NULL, ifname, &ctx->err);
	while (!res && words.at < argc) {
		if (argv[words.at][0] != '-')
			return refuse(&ctx->err, RES_USAGE,
				      "\"%s\" is no option; one tunnel at a time",
				      argv[words.at]);
		option = read_option(options, &words, &value, &ctx->err);
		if (!option)
			return RES_USAGE;
		if (option->option == OPT_PEER)
			res = template_peer(value, &peer, &ctx->err);
		else if (option->option == OPT_NAT && !parse_addr(value, &nat))
			res = refuse(&ctx->err, RES_USAGE,
				     "\"%s\" is no address: give the one that the other end sees",
				     value);
		else if (option->option == OPT_REPLAY &&
			 (!parse_u32(value, &replay) || replay > REPLAY_MAX))
			res = refuse(&ctx->err, RES_USAGE,
				     "a replay window is 0 (off) to %u packets",
				     REPLAY_MAX);
	}
	res = res ?: nl_tunnel_get(ctx->nl, ifname, &t, &ctx->err);
	if (res)
		return res;

	f = open_memstream(&text, &size);
	if (!f)
		return refuse(&ctx->err, RES_REFUSED, "out of memory");
	res = template_write(f, &t, peer, replay, nat.len ? &nat : NULL, &ctx->err) ?:
	      nl_tunnel_dump(ctx->nl, &ts, &incomplete, &ctx->err) ?:
	      check_ends(&t, &ts, &ctx->err);
	tunnels_free(&ts);
	fclose(f);
	if (!res)
		print_template(text, &ctx->opt);
	free(text);
	return res;
}

static enum result ipsec_show(struct context *ctx, int argc, char **argv)
{
	bool incomplete = false, sa_incomplete;
	struct tunnels ts = { 0 };
	char ifname[IFNAMSIZ];
	struct sas sas = { 0 };
	enum result res, sa_res;
	struct error err;

	if (argc)
		res = parse_only_name(argc, argv, ifname, &ctx->err) ?:
		      nl_tunnel_get(ctx->nl, ifname, tunnels_add(&ts),
				    &ctx->err);
	else
		res = nl_tunnel_dump(ctx->nl, &ts, &incomplete, &ctx->err);
	if (!res && argc && !wants_ipsec(ts.v))
		res = refuse(&ctx->err, RES_USAGE,
			     "packets of %s are not in IPsec: give it \"ipsec required\"",
			     ifname);
	/* What is incomplete is shown as well: it says so, and the status does. */
	if (!res || incomplete) {
		sa_res = nl_sa_dump(ctx->nl, &sas, &sa_incomplete, &err);
		if (!sa_res || sa_incomplete)
			print_ipsec(&ts, &sas, &ctx->opt);
		if (sa_res) {
			ctx->err = err;
			res = sa_res;
		}
	}
	sas_free(&sas);
	tunnels_free(&ts);
	return res;
}

const struct command ipsec_commands[] = {
	{ "show", ipsec_show, "[NAME]",
	  "show the states of one tunnel, or of all that want some",
	  "Of each, its SPI, cipher, age and how long it has left, what it has carried\n"
	  "and, of those that receive, the window of its protection from replay and how\n"
	  "much it has refused. A tunnel is established when there is one for each\n"
	  "direction, rekeying while there are more, and negotiating before; its states are\n"
	  "elsewhere when it was moved here from another network namespace.\n"
	  "\n"
	  "  mtctl ipsec show\n"
	  "  mtctl -j ipsec show mt0\n" },
	{ "template", ipsec_template,
	  "NAME [-peer mtun|linux|ios-xe|junos] [-replay N] [-nat ADDR]",
	  "print what an IKE daemon has to be told",
	  "For strongSwan, a file for /etc/swanctl/conf.d: IKEv2 with a shared secret\n"
	  "between the tunnel's addresses, AES-GCM or AES-CBC with SHA2-256, groups\n"
	  "19, 20 and 14. The secret is not in it: there is the word SECRET.\n"
	  "\n"
	  "  -peer KIND   print what the other end has to be told: the same for\n"
	  "               strongSwan and a tunnel of mtun, or a device of Linux; or a\n"
	  "               configuration of IOS-XE or Junos\n"
	  "  -replay N    packets that may be late, 0 to 4096; 0 is no protection\n"
	  "               from replay (default 64; 0 for anycast, where several\n"
	  "               nodes send to this one, each with numbers of its own)\n"
	  "  -nat ADDR    with -peer: this end is behind NAT, and ADDR is what the other\n"
	  "               one sees\n"
	  "\n"
	  "  (umask 077; mtctl ipsec template mt0 > /etc/swanctl/conf.d/mt0.conf)\n"
	  "  mtctl ipsec template mt0 -peer ios-xe\n" },
	{ "replicate", ipsec_replicate, "NAME... [-follow] | -apply",
	  "give states of anycast tunnels to the other nodes that serve them",
	  "Where an IKE daemon negotiates, write the states and policies of the tunnels,\n"
	  "keys included, to standard output, which ssh is to carry; on each other node,\n"
	  "read them, and make them those of its tunnels of the same names: all that came\n"
	  "in one block, or nothing.\n"
	  "\n"
	  "  -follow   go on, and write all of them again whenever one has changed\n"
	  "  -apply    read standard input to its end; one line tells of each block\n"
	  "\n"
	  "Only ciphers of which several nodes never use one nonce twice: AES-GCM,\n"
	  "ChaCha20-Poly1305, and AES-CBC with SHA, without ESN.\n"
	  "\n"
	  "  mtctl ipsec replicate mt0 | ssh root@node2 mtctl ipsec replicate -apply\n"
	  "  mtctl ipsec replicate mt0 mt1 -follow |\n"
	  "      ssh root@node2 mtctl ipsec replicate -apply\n" },
	{ NULL }
};
