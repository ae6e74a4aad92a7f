// SPDX-License-Identifier: GPL-2.0
/* "mtctl clamp" */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "names.h"
#include "nl.h"
#include "print.h"

static bool parse_dev(const struct arg *a, const char *name, void *object)
{
	struct clamp *c = object;

	(void)a;
	if (!*name || strlen(name) >= sizeof(c->ifname))
		return false;
	strcpy(c->ifname, name);
	return true;
}

/* Words of the command line alone: in a file the device is the clamp's name. */
static const struct arg more_args[] = {
	ARG("dev", 1u << 31, parse_dev, NULL,
	    "a device's name is 1 to 15 bytes long", 0),
	/* a direction, as they are */
	{ .name = "out" }, { .name = "in" }, { .name = "both" },
	{ NULL }
};

static enum result parse(int argc, char **argv, struct clamp *c,
			 struct error *err)
{
	uint32_t seen = 0;
	enum result res;

	memset(c, 0, sizeof(*c));
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i], *value = word;
		const struct arg *a = arg_find(more_args, word) ?:
				      arg_find(clamp_kind.args, word);

		if (!a)
			return arg_unknown(more_args, clamp_kind.args, word,
					   err);
		if (a->parse)
			value = ++i < argc ? argv[i] : NULL;
		else
			a = arg_find(clamp_kind.args, "direction");
		res = arg_read(a, word, value, &seen, c, err);
		if (res)
			return res;
	}
	if (!c->ifname[0])
		return refuse(err, RES_USAGE,
			      "say at which device, as in \"dev eth0\"");
	return RES_OK;
}

/* For commands that take a device and nothing else. */
static enum result parse_only_dev(int argc, char **argv, struct clamp *c,
				  struct error *err)
{
	enum result res = parse(argc, argv, c, err);

	if (!res && argc != 2)
		return refuse(err, RES_USAGE, "takes dev IFNAME and nothing else");
	return res;
}

static enum result clamp_add(struct context *ctx, int argc, char **argv)
{
	struct clamp c;
	enum result res;

	res = parse(argc, argv, &c, &ctx->err) ?:
	      nl_clamp_new(ctx->nl, &c, &ctx->err);
	clamp_free(&c);
	return res;
}

static enum result clamp_set(struct context *ctx, int argc, char **argv)
{
	struct clamp c;
	enum result res;

	res = parse(argc, argv, &c, &ctx->err);
	if (!res && argc == 2)
		res = refuse(&ctx->err, RES_USAGE,
			     "say what to change, as in \"mss 1436\"");
	if (!res)
		res = nl_clamp_set(ctx->nl, &c, &ctx->err);
	clamp_free(&c);
	return res;
}

static enum result clamp_del(struct context *ctx, int argc, char **argv)
{
	struct clamp c;
	enum result res;

	res = parse_only_dev(argc, argv, &c, &ctx->err) ?:
	      nl_clamp_del(ctx->nl, c.ifname, &ctx->err);
	clamp_free(&c);
	return res;
}

static enum result clamp_show(struct context *ctx, int argc, char **argv)
{
	struct clamps cs = { 0 };
	bool incomplete = false;
	struct clamp c = { 0 };
	enum result res;

	if (argc) {
		res = parse_only_dev(argc, argv, &c, &ctx->err);
		if (!res)
			res = nl_clamp_get(ctx->nl, c.ifname, clamps_add(&cs),
					   &ctx->err);
	} else {
		res = nl_clamp_dump(ctx->nl, &cs, &incomplete, &ctx->err);
	}
	if (!res || incomplete)
		print_clamps(&cs, &ctx->opt);
	clamp_free(&c);
	clamps_free(&cs);
	return res;
}

#define CLAMP_ARGS \
	"dev IFNAME [mss N|auto] [insert on|off] [src PREFIX]... [dst PREFIX]... [out|in|both]"

#define CLAMP_MORE \
	"  dev IFNAME      any device; it may come later, and is followed by name\n" \
	"  mss N           lower the MSS of TCP handshakes to N bytes at most\n" \
	"  mss auto        lower it to what fits into the device's MTU (default)\n" \
	"  insert on|off   add the option to handshakes without (default off)\n" \
	"  src PREFIX      only if sent from there; may be repeated\n" \
	"  dst PREFIX      only if sent to there; may be repeated\n" \
	"  src any         from anywhere (default), and dst any\n" \
	"  out             what leaves through the device (default)\n" \
	"  in              what arrives through it; src and dst change places, so\n" \
	"                  that the same prefix is behind the router both times\n" \
	"  both            both\n"

const struct command clamp_commands[] = {
	{ "show", clamp_show, "[dev IFNAME]", "show one clamp or all",
	  "With -s also how many handshakes it has seen and lowered.\n"
	  "\n"
	  "  mtctl -s clamp show\n"
	  "  mtctl -j clamp show dev eth0\n" },
	{ "add", clamp_add, CLAMP_ARGS, "clamp the MSS at a device",
	  CLAMP_MORE
	  "\n"
	  "  mtctl clamp add dev eth0 mss 1436 src 203.0.113.0/24 src 2001:db8:100::/40\n"
	  "  mtctl clamp add dev ppp0 both\n" },
	{ "set", clamp_set, CLAMP_ARGS,
	  "change a clamp; what is not given stays",
	  CLAMP_MORE
	  "The prefixes given replace all others of their kind.\n"
	  "\n"
	  "  mtctl clamp set dev eth0 mss 1400\n"
	  "  mtctl clamp set dev eth0 src any\n" },
	{ "del", clamp_del, "dev IFNAME", "delete a clamp",
	  "  mtctl clamp del dev eth0\n" },
	{ NULL }
};
