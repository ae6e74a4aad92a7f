// SPDX-License-Identifier: GPL-2.0
/* "mtctl netns": what holds for all tunnels of a network namespace. */
#include <stdio.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"

static enum result netns_show(struct context *ctx, int argc, char **argv)
{
	struct netns n = { 0 };
	enum result res;

	if (argc)
		return refuse(&ctx->err, RES_USAGE,
			      "takes no arguments, not \"%s\"; for another namespace use \"mtctl -n NETNS\"",
			      argv[0]);
	res = nl_netns_get(ctx->nl, &n, &ctx->err);
	if (!res)
		print_netns(&n, &ctx->opt);
	return res;
}

static enum result netns_set(struct context *ctx, int argc, char **argv)
{
	struct netns n = { 0 };
	const struct arg *a;
	uint32_t seen = 0;
	enum result res;

	if (!argc)
		return refuse(&ctx->err, RES_USAGE,
			      "say what to change, as in \"rx early\"");
	for (int i = 0; i < argc; i += 2) {
		a = arg_find(netns_kind.args, argv[i]);
		if (!a)
			return arg_unknown(netns_kind.args, NULL, argv[i],
					   &ctx->err);
		res = arg_read(a, argv[i], i + 1 < argc ? argv[i + 1] : NULL,
			       &seen, &n, &ctx->err);
		if (res)
			return res;
	}
	return nl_netns_set(ctx->nl, &n, &ctx->err);
}

const struct command netns_commands[] = {
	{ "show", netns_show, "", "show the settings",
	  "  mtctl netns show\n"
	  "  mtctl -n edge -j netns show\n" },
	{ "set", netns_set, "rx local|early", "change the settings",
	  "  rx local   packets are received behind the rules of INPUT (default)\n"
	  "  rx early   ahead of routing, behind the raw table: the tunnels' local\n"
	  "             addresses need be on no device; INPUT, conntrack and rp_filter\n"
	  "             do not see these packets\n"
	  "They hold for the tunnels whose underlay is the namespace.\n"
	  "\n"
	  "  mtctl netns set rx early\n" },
	{ NULL }
};
