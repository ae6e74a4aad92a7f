// SPDX-License-Identifier: GPL-2.0
/* "mtctl tunnel": words to struct tunnel. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"

/* An argument of "add" and "set": a word and its value. */
struct arg {
	const char *name;
	/* The attributes that the value sets. */
	uint32_t sets;
	/* On failure the error is "NAME VALUE: wants". */
	bool (*parse)(const char *value, struct tunnel *t);
	const char *wants;
};

#define IN_KEY	(1u << MTUN_A_TUNNEL_IKEY | 1u << MTUN_A_TUNNEL_IFLAGS)
#define OUT_KEY	(1u << MTUN_A_TUNNEL_OKEY | 1u << MTUN_A_TUNNEL_OFLAGS)

static bool parse_u8(const char *text, uint8_t *value)
{
	uint32_t v;

	if (!parse_u32(text, &v) || v > UINT8_MAX)
		return false;
	*value = v;
	return true;
}

static bool parse_local(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_LOCAL);
	return parse_addr(value, &t->local);
}

static bool parse_remote(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_REMOTE);
	return parse_addr(value, &t->remote);
}

/* The kernel takes a key's presence from the key, its absence from the flags. */
static bool parse_ikey(const char *value, struct tunnel *t)
{
	if (!strcmp(value, "none")) {
		t->has |= has_bit(MTUN_A_TUNNEL_IFLAGS);
		t->iflags = 0;
		return true;
	}
	t->has |= has_bit(MTUN_A_TUNNEL_IKEY);
	return parse_key(value, &t->ikey);
}

static bool parse_okey(const char *value, struct tunnel *t)
{
	if (!strcmp(value, "none")) {
		t->has |= has_bit(MTUN_A_TUNNEL_OFLAGS);
		t->oflags = 0;
		return true;
	}
	t->has |= has_bit(MTUN_A_TUNNEL_OKEY);
	return parse_key(value, &t->okey);
}

static bool parse_both_keys(const char *value, struct tunnel *t)
{
	t->one_key = true;
	return parse_ikey(value, t) && parse_okey(value, t);
}

static bool parse_ttl(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_TTL);
	return parse_u8(value, &t->ttl);
}

static bool parse_tos(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_TOS_INHERIT);
	t->tos_inherit = !strcmp(value, "inherit");
	if (t->tos_inherit)
		return true;
	t->has |= has_bit(MTUN_A_TUNNEL_TOS);
	return parse_u8(value, &t->tos);
}

static bool parse_dev(const char *value, struct tunnel *t)
{
	if (!strcmp(value, "none")) {
		t->has |= has_bit(MTUN_A_TUNNEL_LINK);
		t->link = 0;
		return true;
	}
	if (!*value || strlen(value) >= sizeof(t->dev))
		return false;
	strcpy(t->dev, value);
	return true;
}

static bool parse_fwmark(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_FWMARK);
	return !strcmp(value, "none") || parse_u32(value, &t->fwmark);
}

static bool parse_mtu(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_MTU);
	if (!strcmp(value, "auto"))
		return true;
	return parse_u32(value, &t->mtu) && t->mtu;
}

#define KEY_WANTS \
	"a GRE key is 0 to 4294967295 (also in hexadecimal with 0x, or as a dotted quad), or none"
#define ADDR_WANTS \
	"not an IPv4 or IPv6 address; give it without a prefix length, a host name or a %zone (for that use dev)"

static const struct arg args[] = {
	{ "local", 1u << MTUN_A_TUNNEL_LOCAL, parse_local, ADDR_WANTS },
	{ "remote", 1u << MTUN_A_TUNNEL_REMOTE, parse_remote, ADDR_WANTS },
	{ "key", IN_KEY | OUT_KEY, parse_both_keys, KEY_WANTS },
	{ "ikey", IN_KEY, parse_ikey, KEY_WANTS },
	{ "okey", OUT_KEY, parse_okey, KEY_WANTS },
	{ "ttl", 1u << MTUN_A_TUNNEL_TTL, parse_ttl, "a TTL is 1 to 255" },
	{ "tos", 1u << MTUN_A_TUNNEL_TOS, parse_tos,
	  "give inherit, or 0 to 252 in steps of 4 (0x for hexadecimal)" },
	{ "dev", 1u << MTUN_A_TUNNEL_LINK, parse_dev,
	  "give the name of an underlay device (1 to 15 bytes), or none" },
	{ "fwmark", 1u << MTUN_A_TUNNEL_FWMARK, parse_fwmark,
	  "a mark is 0 to 4294967295 (0x for hexadecimal), or none" },
	{ "mtu", 1u << MTUN_A_TUNNEL_MTU, parse_mtu,
	  "give a number of bytes, or auto" },
	{ NULL }
};

static enum result unknown(const char *word, struct error *err)
{
	const char *like = closest(args, sizeof(args[0]), word);

	if (like)
		return refuse(err, RES_USAGE,
			      "unknown argument \"%s\"; did you mean \"%s\"?",
			      word, like);
	return refuse(err, RES_USAGE, "unknown argument \"%s\"", word);
}

static enum result parse_name(const char *word, struct tunnel *t,
			      struct error *err)
{
	if (!*word || strlen(word) >= sizeof(t->ifname))
		return refuse(err, RES_USAGE,
			      "\"%s\": a tunnel's name is 1 to 15 bytes long",
			      word);
	strcpy(t->ifname, word);
	return RES_OK;
}

enum result tunnel_parse(int argc, char **argv, struct tunnel *t,
			 struct error *err)
{
	uint32_t seen = 0;
	enum result res;

	memset(t, 0, sizeof(*t));
	if (!argc)
		return refuse(err, RES_USAGE, "the tunnel's name is missing");
	/* A forgotten name would show up as an odd complaint about "ADDR". */
	for (const struct arg *a = args; a->name; a++)
		if (!strcmp(argv[0], a->name))
			return refuse(err, RES_USAGE,
				      "the tunnel's name is missing before \"%s\"",
				      argv[0]);
	res = parse_name(argv[0], t, err);
	if (res)
		return res;

	for (int i = 1; i < argc; i += 2) {
		const struct arg *a;

		for (a = args; a->name && strcmp(a->name, argv[i]); a++)
			;
		if (!a->name)
			return unknown(argv[i], err);
		if (seen & a->sets)
			return refuse(err, RES_USAGE,
				      "%s: given before; give each value once",
				      a->name);
		seen |= a->sets;
		if (i + 1 == argc)
			return refuse(err, RES_USAGE,
				      "%s: the value is missing", a->name);
		if (!a->parse(argv[i + 1], t))
			return refuse(err, RES_USAGE, "%s %s: %s", a->name,
				      argv[i + 1], a->wants);
	}
	return RES_OK;
}

/* For commands that take a name and nothing else. */
static enum result parse_only_name(int argc, char **argv, struct tunnel *t,
				   struct error *err)
{
	memset(t, 0, sizeof(*t));
	if (!argc)
		return refuse(err, RES_USAGE, "the tunnel's name is missing");
	if (argc > 1)
		return refuse(err, RES_USAGE, "one name at a time: \"%s\" is too much",
			      argv[1]);
	return parse_name(argv[0], t, err);
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
	struct tunnel t;

	return parse_only_name(argc, argv, &t, &ctx->err) ?:
	       nl_tunnel_del(ctx->nl, t.ifname, &ctx->err);
}

/* Shows an incomplete dump as well: it says so itself, and the status does. */
static enum result show_all(struct context *ctx,
			    void (*print)(const struct tunnels *,
					  const struct options *))
{
	struct tunnels ts = { 0 };
	bool incomplete;
	enum result res;

	res = nl_tunnel_dump(ctx->nl, &ts, &incomplete, &ctx->err);
	if (!res || incomplete)
		print(&ts, &ctx->opt);
	tunnels_free(&ts);
	return res;
}

static enum result tunnel_show(struct context *ctx, int argc, char **argv)
{
	struct tunnels ts = { 0 };
	struct tunnel t;
	enum result res;

	if (!argc)
		return show_all(ctx, print_blocks);
	res = parse_only_name(argc, argv, &t, &ctx->err);
	if (!res)
		res = nl_tunnel_get(ctx->nl, t.ifname, tunnels_add(&ts),
				    &ctx->err);
	if (!res)
		print_blocks(&ts, &ctx->opt);
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
	"[key K | ikey K okey K] [ttl N] [tos inherit|N] [dev IFNAME] [fwmark N] [mtu N|auto]"

#define CONF_MORE \
	"  local ADDR    outer source address, IPv4 or IPv6\n" \
	"  remote ADDR   outer destination address, of the same family\n" \
	"  key K         GRE key of sent and received packets\n" \
	"  ikey K        GRE key of received packets only\n" \
	"  okey K        GRE key of sent packets only\n" \
	"  ttl N         TTL or hop limit of outer packets (default 64)\n" \
	"  tos inherit   copy the DSCP of the inner packet\n" \
	"  tos N         use this TOS or traffic class byte (default 0)\n" \
	"  dev IFNAME    send through this underlay device only\n" \
	"  fwmark N      mark outer packets, for policy routing and netfilter\n" \
	"  mtu N         largest inner packet in bytes\n" \
	"  mtu auto      let it follow the underlay (default)\n" \
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
	  "A new tunnel is down: ip link set NAME up.\n"
	  "\n"
	  "  mtctl tunnel add mt0 local 192.0.2.1 remote 198.51.100.1\n"
	  "  mtctl tunnel add mt1 local 192.0.2.1 remote 198.51.100.1 key 7 tos inherit\n"
	  "  mtctl tunnel add mt6 local 2001:db8::1 remote 2001:db8::2 ikey 1 okey 2 mtu 1400\n" },
	{ "set", tunnel_set,
	  "NAME [local ADDR] [remote ADDR] " CONF_ARGS,
	  "change a tunnel; what is not given stays",
	  CONF_MORE
	  "key, ikey, okey, dev and fwmark also take none.\n"
	  "\n"
	  "  mtctl tunnel set mt0 remote 198.51.100.2 ttl 32\n"
	  "  mtctl tunnel set mt1 key none mtu auto\n" },
	{ "del", tunnel_del, "NAME", "delete a tunnel",
	  "  mtctl tunnel del mt0\n" },
	{ NULL }
};
