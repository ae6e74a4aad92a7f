// SPDX-License-Identifier: GPL-2.0
/* "mtctl filter": the inner addresses that packets of a tunnel may have. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"

/* A word, and the prefixes up to the next word */
static enum result parse_lists(int argc, char **argv, struct filter *f,
			       struct error *err)
{
	const struct arg *a = NULL, *next;
	const char *word = NULL;
	bool has_value = true;
	uint32_t seen = 0;
	enum result res;

	for (int i = 0; i < argc; i++) {
		next = arg_find(filter_kind.args, argv[i]);
		if (next && !has_value)
			break;
		if (next) {
			a = next;
			word = argv[i];
			has_value = false;
			continue;
		}
		if (!a)
			return arg_unknown(filter_kind.args, NULL, argv[i],
					   err);
		res = arg_read(a, word, argv[i], &seen, f, err);
		if (res)
			return res;
		has_value = true;
	}
	if (!has_value)
		return arg_read(a, word, NULL, &seen, f, err);
	return RES_OK;
}

static enum result filter_set(struct context *ctx, int argc, char **argv)
{
	struct filter f = { 0 };
	enum result res;

	res = parse_tunnel_name(argc, argv, filter_kind.args, f.ifname,
				&ctx->err);
	if (!res && argc == 1)
		res = refuse(&ctx->err, RES_USAGE,
			     "say what to allow, as in \"%s allow-src-rx 203.0.113.0/24\"",
			     argv[0]);
	if (!res)
		res = parse_lists(argc - 1, argv + 1, &f, &ctx->err);
	if (!res)
		res = nl_filter_set(ctx->nl, &f, &ctx->err);
	filter_free(&f);
	return res;
}

static enum result filter_del(struct context *ctx, int argc, char **argv)
{
	char ifname[IFNAMSIZ];

	return parse_only_name(argc, argv, ifname, &ctx->err) ?:
	       nl_filter_del(ctx->nl, ifname, &ctx->err);
}

static enum result filter_show(struct context *ctx, int argc, char **argv)
{
	char ifname[IFNAMSIZ] = "";
	struct filters fs = { 0 };
	bool incomplete = false;
	enum result res = RES_OK;

	if (argc)
		res = parse_only_name(argc, argv, ifname, &ctx->err);
	if (!res)
		res = nl_filter_dump(ctx->nl, ifname, &fs, &incomplete,
				     &ctx->err);
	if (!res || incomplete)
		print_filters(&fs, &ctx->opt);
	filters_free(&fs);
	return res;
}

const struct command filter_commands[] = {
	{ "show", filter_show, "[NAME]", "show the filter of one tunnel or of all",
	  "Tunnels that let every address pass have none. With -d also the lists that\n"
	  "are empty.\n"
	  "\n"
	  "  mtctl filter show\n"
	  "  mtctl -j filter show mt0\n" },
	{ "set", filter_set,
	  "NAME [allow-src-rx PREFIX...] [allow-dst-rx PREFIX...] [allow-src-tx PREFIX...] [allow-dst-tx PREFIX...]",
	  "say which inner addresses packets of a tunnel may have",
	  "  allow-src-rx PREFIX...  sources of packets that arrive in the tunnel\n"
	  "  allow-dst-rx PREFIX...  their destinations\n"
	  "  allow-src-tx PREFIX...  sources of packets that leave in it\n"
	  "  allow-dst-tx PREFIX...  their destinations\n"
	  "  allow-src-rx any        every address (default)\n"
	  "What is not allowed is dropped and counted (rx-filter, tx-filter). A list with\n"
	  "IPv4 prefixes alone allows no IPv6. The prefixes given replace those of their\n"
	  "list; the other lists stay. A tunnel has 32768 prefixes at the most.\n"
	  "\n"
	  "  mtctl filter set mt0 allow-src-rx 203.0.113.0/24 2001:db8:100::/40\n"
	  "  mtctl filter set mt0 allow-src-rx 203.0.113.0/24 allow-dst-tx 203.0.113.0/24\n"
	  "  mtctl filter set mt0 allow-dst-tx any\n" },
	{ "del", filter_del, "NAME", "let every address pass",
	  "  mtctl filter del mt0\n" },
	{ NULL }
};
