// SPDX-License-Identifier: GPL-2.0
/* "mtctl tunnel": words to struct tunnel. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "names.h"
#include "nl.h"
#include "print.h"

/* An argument of "add" and "set": a word and its value. */
struct arg {
	const char *name;
	/* Whatever two arguments both set, only one of them may be given. */
	uint32_t sets;
	/* On failure the error is "NAME VALUE: wants". */
	bool (*parse)(const char *value, struct tunnel *t);
	const char *wants;
};

enum {
	LOCAL		= 1 << 0,
	REMOTE		= 1 << 1,
	IN_KEY		= 1 << 2,
	OUT_KEY		= 1 << 3,
	IN_CSUM		= 1 << 4,
	OUT_CSUM	= 1 << 5,
	IN_SEQ		= 1 << 6,
	OUT_SEQ		= 1 << 7,
	TTL		= 1 << 8,
	TOS		= 1 << 9,
	DF		= 1 << 10,
	INNER_DF	= 1 << 11,
	FRAG		= 1 << 12,
	DEV		= 1 << 13,
	FWMARK		= 1 << 14,
	MTU		= 1 << 15,
	MSS_TX		= 1 << 16,
	MSS_RX		= 1 << 17,
	MSS_INSERT	= 1 << 18,
	DESCRIPTION	= 1 << 19,
};

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

static void set_iflag(struct tunnel *t, uint32_t flag, bool on)
{
	t->has |= has_bit(MTUN_A_TUNNEL_IFLAGS);
	t->iflags_mask |= flag;
	t->iflags |= on ? flag : 0;
}

static void set_oflag(struct tunnel *t, uint32_t flag, bool on)
{
	t->has |= has_bit(MTUN_A_TUNNEL_OFLAGS);
	t->oflags_mask |= flag;
	t->oflags |= on ? flag : 0;
}

/* The kernel takes a key's presence from the key, its absence from the flags. */
static bool parse_ikey(const char *value, struct tunnel *t)
{
	if (!strcmp(value, "none")) {
		set_iflag(t, MTUN_GRE_FLAG_KEY, false);
		return true;
	}
	t->has |= has_bit(MTUN_A_TUNNEL_IKEY);
	return parse_key(value, &t->ikey);
}

static bool parse_okey(const char *value, struct tunnel *t)
{
	if (!strcmp(value, "none")) {
		set_oflag(t, MTUN_GRE_FLAG_KEY, false);
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

static bool parse_icsum(const char *value, struct tunnel *t)
{
	bool on;

	if (!parse_on_off(value, &on))
		return false;
	set_iflag(t, MTUN_GRE_FLAG_CSUM, on);
	return true;
}

static bool parse_ocsum(const char *value, struct tunnel *t)
{
	bool on;

	if (!parse_on_off(value, &on))
		return false;
	set_oflag(t, MTUN_GRE_FLAG_CSUM, on);
	return true;
}

static bool parse_csum(const char *value, struct tunnel *t)
{
	return parse_icsum(value, t) && parse_ocsum(value, t);
}

static bool parse_iseq(const char *value, struct tunnel *t)
{
	bool on;

	if (!parse_on_off(value, &on))
		return false;
	set_iflag(t, MTUN_GRE_FLAG_SEQ, on);
	return true;
}

static bool parse_oseq(const char *value, struct tunnel *t)
{
	bool on;

	if (!parse_on_off(value, &on))
		return false;
	set_oflag(t, MTUN_GRE_FLAG_SEQ, on);
	return true;
}

static bool parse_seq(const char *value, struct tunnel *t)
{
	return parse_iseq(value, t) && parse_oseq(value, t);
}

static bool parse_ttl(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_TTL_INHERIT);
	t->ttl_inherit = !strcmp(value, "inherit");
	if (t->ttl_inherit)
		return true;
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

static bool parse_df(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_DF);
	return parse_enum(value, df_names, ARRAY_SIZE(df_names), &t->df);
}

static bool parse_inner_df(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_INNER_DF);
	return parse_enum(value, inner_df_names, ARRAY_SIZE(inner_df_names),
			  &t->inner_df);
}

static bool parse_frag(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_FRAG);
	return parse_enum(value, frag_names, ARRAY_SIZE(frag_names), &t->frag);
}

static bool parse_dev(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_LINK);
	if (!strcmp(value, "none"))
		return true;
	if (!*value || strlen(value) >= sizeof(t->link))
		return false;
	strcpy(t->link, value);
	return true;
}

static bool parse_fwmark(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_FWMARK);
	return !strcmp(value, "none") || parse_u32(value, &t->fwmark);
}

static bool parse_mss_tx(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_MSS_TX);
	return parse_mss_value(value, true, &t->mss_tx);
}

static bool parse_mss_rx(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_MSS_RX);
	return parse_mss_value(value, true, &t->mss_rx);
}

static bool parse_mss(const char *value, struct tunnel *t)
{
	return parse_mss_tx(value, t) && parse_mss_rx(value, t);
}

static bool parse_mss_insert(const char *value, struct tunnel *t)
{
	bool on;

	t->has |= has_bit(MTUN_A_TUNNEL_MSS_INSERT);
	if (!parse_on_off(value, &on))
		return false;
	t->mss_insert = on;
	return true;
}

static bool parse_description(const char *value, struct tunnel *t)
{
	t->has |= has_bit(MTUN_A_TUNNEL_DESCRIPTION);
	if (strlen(value) > MAX_DESCRIPTION)
		return false;
	strcpy(t->description, value);
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
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

#define ON_OFF_WANTS "give on or off"

#define MSS_WANTS "give 48 to 65534 bytes, auto or off"

static const struct arg args[] = {
	{ "local", LOCAL, parse_local, ADDR_WANTS },
	{ "remote", REMOTE, parse_remote, ADDR_WANTS },
	{ "key", IN_KEY | OUT_KEY, parse_both_keys, KEY_WANTS },
	{ "ikey", IN_KEY, parse_ikey, KEY_WANTS },
	{ "okey", OUT_KEY, parse_okey, KEY_WANTS },
	{ "csum", IN_CSUM | OUT_CSUM, parse_csum, ON_OFF_WANTS },
	{ "icsum", IN_CSUM, parse_icsum, ON_OFF_WANTS },
	{ "ocsum", OUT_CSUM, parse_ocsum, ON_OFF_WANTS },
	{ "seq", IN_SEQ | OUT_SEQ, parse_seq, ON_OFF_WANTS },
	{ "iseq", IN_SEQ, parse_iseq, ON_OFF_WANTS },
	{ "oseq", OUT_SEQ, parse_oseq, ON_OFF_WANTS },
	{ "ttl", TTL, parse_ttl, "a TTL is 1 to 255, or inherit" },
	{ "tos", TOS, parse_tos,
	  "give inherit, or 0 to 252 in steps of 4 (0x for hexadecimal)" },
	{ "df", DF, parse_df, "give set, inherit or clear" },
	{ "inner-df", INNER_DF, parse_inner_df, "give keep or clear" },
	{ "frag", FRAG, parse_frag, "give inner or outer" },
	{ "dev", DEV, parse_dev,
	  "give the name of an underlay device (1 to 15 bytes), or none" },
	{ "fwmark", FWMARK, parse_fwmark,
	  "a mark is 0 to 4294967295 (0x for hexadecimal), or none" },
	{ "mss", MSS_TX | MSS_RX, parse_mss, MSS_WANTS },
	{ "mss-tx", MSS_TX, parse_mss_tx, MSS_WANTS },
	{ "mss-rx", MSS_RX, parse_mss_rx, MSS_WANTS },
	{ "mss-insert", MSS_INSERT, parse_mss_insert, ON_OFF_WANTS },
	{ "description", DESCRIPTION, parse_description,
	  "give at most 255 bytes without control characters" },
	{ "mtu", MTU, parse_mtu, "give a number of bytes, or auto" },
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
	"[key K | ikey K okey K] [csum on|off] [seq on|off] [ttl N|inherit] [tos N|inherit] [df set|inherit|clear] [inner-df keep|clear] [frag inner|outer] [dev IFNAME] [fwmark N] [mss N|auto|off] [mss-insert on|off] [mtu N|auto] [description TEXT]"

#define CONF_MORE \
	"  local ADDR      outer source address, IPv4 or IPv6\n" \
	"  remote ADDR     outer destination address, of the same family\n" \
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
	"  description TEXT  what the tunnel is for; \"\" for nothing\n" \
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
