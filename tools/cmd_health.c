// SPDX-License-Identifier: GPL-2.0
/* "mtctl health": whether tunnels get through, and how that is found out. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"

/* A mode, as they are */
static const struct arg mode_words[] = {
	{ .name = "off" }, { .name = "probe" }, { .name = "keepalive" },
	{ NULL }
};

static enum result parse(int argc, char **argv, struct health *h,
			 struct error *err)
{
	uint32_t seen = 0;
	enum result res;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i], *value = word;
		const struct arg *a = arg_find(health_kind.args, word);

		if (a)
			value = ++i < argc ? argv[i] : NULL;
		else if (arg_find(mode_words, word))
			a = arg_find(health_kind.args, "mode");
		else
			return arg_unknown(mode_words, health_kind.args, word,
					   err);
		res = arg_read(a, word, value, &seen, h, err);
		if (res)
			return res;
	}
	return RES_OK;
}

static enum result health_set(struct context *ctx, int argc, char **argv)
{
	struct health h = { 0 };
	enum result res;

	if (argc == 1)
		return refuse(&ctx->err, RES_USAGE,
			      "name a tunnel and say what to change, as in \"mt0 probe\"");
	res = parse_tunnel_name(argc, argv, health_kind.args, h.ifname,
				&ctx->err) ?:
	      parse(argc - 1, argv + 1, &h, &ctx->err);
	return res ?: nl_health_set(ctx->nl, &h, &ctx->err);
}

static enum result health_show(struct context *ctx, int argc, char **argv)
{
	struct healths hs = { 0 };
	bool incomplete = false;
	char ifname[IFNAMSIZ];
	enum result res;

	if (argc)
		res = parse_only_name(argc, argv, ifname, &ctx->err) ?:
		      nl_health_get(ctx->nl, ifname, healths_add(&hs),
				    &ctx->err);
	else
		res = nl_health_dump(ctx->nl, &hs, &incomplete, &ctx->err);
	if (!res || incomplete)
		print_healths(&hs, &ctx->opt);
	healths_free(&hs);
	return res;
}

const struct command health_commands[] = {
	{ "show", health_show, "[NAME]", "show the health of one tunnel or all",
	  "With -s also round-trip times and how many probes were lost, with -d all\n"
	  "settings.\n"
	  "\n"
	  "  mtctl health\n"
	  "  mtctl -s health show mt0\n"
	  "  mtctl -j health show | jq -r '.[] | select(.state == \"down\") | .ifname'\n" },
	{ "set", health_set,
	  "NAME [[mode] off|probe|keepalive] [style reply|request] [direction bi|uni] [target ADDR|auto] [source ADDR|auto] [interval low|mid|high|TIME] [timeout TIME] [down-probes N] [down-window TIME] [degraded-loss PERCENT] [degraded-probes N] [degraded-window TIME] [recover-probes N] [healthy-probes N] [carrier on|off] [answer on|off]",
	  "change how the health of a tunnel is watched",
	  "  off             not at all (default)\n"
	  "  probe           by ICMP echoes through the tunnel\n"
	  "  keepalive       by GRE keepalives, which the far end returns\n"
	  "  style reply     a probe is an echo reply to ourselves, which the far end\n"
	  "                  only routes (default)\n"
	  "  style request   it is a request, which the far end answers\n"
	  "  direction bi    it comes back through the tunnel (default)\n"
	  "  direction uni   or outside of it\n"
	  "  target ADDR     the far end; auto: from the /31 or /30 of the device, or\n"
	  "                  the remote address (default)\n"
	  "  source ADDR     where answers go to; auto: from there, or the local\n"
	  "                  address (default); needed for an anycast tunnel\n"
	  "  interval TIME   from probe to probe, 100ms to 1h; low is 30s, mid 5s\n"
	  "                  (default), high 1s\n"
	  "  timeout TIME    a probe without an answer is lost then (default 800ms)\n"
	  "  down-probes N   as many must be lost, and all in down-window, for down; when\n"
	  "                  one is, the others are sent at once (default 3)\n"
	  "  retries N       the same\n"
	  "  down-window TIME  (default 1s)\n"
	  "  degraded-loss P   of the probes in degraded-window lost is degraded\n"
	  "                  (default 0.1%)\n"
	  "  degraded-probes N  and at least so many (default 2)\n"
	  "  degraded-window TIME  (default 5m)\n"
	  "  recover-probes N  answers in a row make down degraded (default 3)\n"
	  "  healthy-probes N  the last probes that make degraded healthy (default 30)\n"
	  "  carrier on|off  a tunnel that is down has no carrier (default off)\n"
	  "  answer on|off   answer keepalives of the far end (default on)\n"
	  "What is not given stays.\n"
	  "\n"
	  "  mtctl health set mt0 probe interval high carrier on\n"
	  "  mtctl health set mt1 keepalive interval 10s retries 3\n"
	  "  mtctl health set mt2 probe style request direction uni source 192.0.2.7\n"
	  "  mtctl health set mt0 off\n" },
	{ NULL }
};
