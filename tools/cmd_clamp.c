// SPDX-License-Identifier: GPL-2.0
/* "mtctl clamp": words to struct clamp. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "names.h"
#include "nl.h"
#include "print.h"

#define PREFIX_WANTS \
	"give an IPv4 or IPv6 prefix as ADDR/LEN, an address, or any"

static enum result parse_dev(const char *name, struct clamp *c,
			     struct error *err)
{
	if (!*name || strlen(name) >= sizeof(c->ifname))
		return refuse(err, RES_USAGE,
			      "dev %s: a device's name is 1 to 15 bytes long",
			      name);
	if (c->ifname[0])
		return refuse(err, RES_USAGE, "dev: given before; give one");
	strcpy(c->ifname, name);
	return RES_OK;
}

static enum result parse_side(const char *word, const char *value,
			      struct prefixes *ps, struct error *err)
{
	bool any = !strcmp(value, "any");

	if (ps->any || (any && ps->n))
		return refuse(err, RES_USAGE,
			      "%s %s: any goes with no other %s", word, value,
			      word);
	if (any) {
		ps->any = true;
		return RES_OK;
	}
	if (!parse_prefix(value, prefixes_add(ps)))
		return refuse(err, RES_USAGE, "%s %s: " PREFIX_WANTS, word,
			      value);
	return RES_OK;
}

static enum result parse_number(const char *word, const char *value,
				struct clamp *c, struct error *err)
{
	bool insert = !strcmp(word, "insert");
	uint32_t has = 1u << (insert ? MTUN_A_CLAMP_INSERT : MTUN_A_CLAMP_MSS);
	bool on;

	if (c->has & has)
		return refuse(err, RES_USAGE, "%s: given before; give it once",
			      word);
	c->has |= has;
	if (!insert) {
		if (parse_mss_value(value, false, &c->mss))
			return RES_OK;
		return refuse(err, RES_USAGE,
			      "mss %s: give 48 to 65534 bytes, or auto", value);
	}
	if (!parse_on_off(value, &on))
		return refuse(err, RES_USAGE, "insert %s: give on or off",
			      value);
	c->insert = on;
	return RES_OK;
}

static enum result parse_word(const char *word, const char *value,
			      struct clamp *c, struct error *err)
{
	if (!strcmp(word, "dev"))
		return parse_dev(value, c, err);
	if (!strcmp(word, "src"))
		return parse_side(word, value, &c->src, err);
	if (!strcmp(word, "dst"))
		return parse_side(word, value, &c->dst, err);
	return parse_number(word, value, c, err);
}

/* All words that clamps know */
static const struct {
	const char *name;
	bool has_value;
} words[] = {
	{ "dev", true }, { "mss", true }, { "insert", true }, { "src", true },
	{ "dst", true },
	{ "out", false }, { "in", false }, { "both", false },
	{ NULL, false }
};

static enum result parse(int argc, char **argv, struct clamp *c,
			 struct error *err)
{
	enum result res;
	size_t w;

	memset(c, 0, sizeof(*c));
	for (int i = 0; i < argc; i++) {
		for (w = 0; words[w].name && strcmp(words[w].name, argv[i]); w++)
			;
		if (!words[w].name) {
			const char *like = closest(words, sizeof(words[0]),
						   argv[i]);

			return refuse(err, RES_USAGE,
				      like ? "unknown argument \"%s\"; did you mean \"%s\"?" :
				      "unknown argument \"%s\"", argv[i],
				      like);
		}
		if (!words[w].has_value) {
			if (clamp_has(c, MTUN_A_CLAMP_DIRECTION))
				return refuse(err, RES_USAGE,
					      "%s: give one of out, in and both",
					      argv[i]);
			c->has |= 1u << MTUN_A_CLAMP_DIRECTION;
			parse_enum(argv[i], clamp_direction_names,
				   ARRAY_SIZE(clamp_direction_names),
				   &c->direction);
			continue;
		}
		if (i + 1 == argc)
			return refuse(err, RES_USAGE, "%s: the value is missing",
				      argv[i]);
		res = parse_word(argv[i], argv[i + 1], c, err);
		if (res)
			return res;
		i++;
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
	      nl_clamp_del(ctx->nl, &c, &ctx->err);
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
