// SPDX-License-Identifier: GPL-2.0
/* The words of a tunnel: values to struct tunnel, and back. */
#include <stdio.h>
#include <string.h>

#include "args.h"

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
	ACCEPT		= 1 << 19,
	ANYCAST		= 1 << 20,
	PMTU		= 1 << 21,
	DESCRIPTION	= 1 << 22,
	SAMPLE_RX	= 1 << 23,
	SAMPLE_TX	= 1 << 24,
	IPSEC		= 1 << 25,
	UP		= 1 << 26,
	MODE		= 1 << 27,
	IF_ID		= 1 << 28,
};

#define IN	(IN_KEY | IN_CSUM | IN_SEQ)
#define OUT	(OUT_KEY | OUT_CSUM | OUT_SEQ)

static bool parse_ends(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	if (a->sets & LOCAL) {
		t->has |= has_bit(MTUN_A_TUNNEL_LOCAL);
		return parse_addr(value, &t->local);
	}
	t->has |= has_bit(MTUN_A_TUNNEL_REMOTE);
	return parse_addr(value, &t->remote);
}

static bool ends_text(const struct arg *a, const void *object, size_t i,
		      struct text *text)
{
	const struct tunnel *t = object;

	(void)i;
	*text = addr_text(a->sets & LOCAL ? &t->local : &t->remote);
	return true;
}

static bool parse_if_id(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	(void)a;
	t->has |= has_bit(MTUN_A_TUNNEL_IF_ID);
	t->if_id = 0;
	return !strcmp(value, "none") || (parse_u32(value, &t->if_id) && t->if_id);
}

static bool if_id_text(const struct arg *a, const void *object, size_t i,
		       struct text *text)
{
	const struct tunnel *t = object;

	(void)a;
	(void)i;
	*text = t->if_id ? number_text(t->if_id) : word_text("none");
	return true;
}

/* Fields of the GRE header: an argument is about one direction, or about both. */

static void set_flag(const struct arg *a, struct tunnel *t, uint32_t flag,
		     bool on)
{
	if (a->sets & IN) {
		t->has |= has_bit(MTUN_A_TUNNEL_IFLAGS);
		t->iflags_mask |= flag;
		t->iflags = (t->iflags & ~flag) | (on ? flag : 0);
	}
	if (a->sets & OUT) {
		t->has |= has_bit(MTUN_A_TUNNEL_OFLAGS);
		t->oflags_mask |= flag;
		t->oflags = (t->oflags & ~flag) | (on ? flag : 0);
	}
}

static void set_key(struct tunnel *t, enum mtun_tunnel_attr attr, uint32_t *to,
		    bool some, uint32_t key)
{
	*to = key;
	t->has &= ~has_bit(attr);
	if (some)
		t->has |= has_bit(attr);
}

static bool parse_keys(const struct arg *a, const char *value, void *object)
{
	bool some = strcmp(value, "none");
	struct tunnel *t = object;
	uint32_t key = 0;

	if (some && !parse_key(value, &key))
		return false;
	t->one_key = a->sets == (IN_KEY | OUT_KEY);
	set_flag(a, t, MTUN_GRE_FLAG_KEY, some);
	if (a->sets & IN_KEY)
		set_key(t, MTUN_A_TUNNEL_IKEY, &t->ikey, some, key);
	if (a->sets & OUT_KEY)
		set_key(t, MTUN_A_TUNNEL_OKEY, &t->okey, some, key);
	return true;
}

static bool keys_text(const struct arg *a, const void *object, size_t i,
		      struct text *text)
{
	const struct tunnel *t = object;
	bool in = tunnel_has_ikey(t), out = tunnel_has_okey(t);
	bool some = a->sets & IN_KEY ? in : out;

	(void)i;
	*text = some ? number_text(a->sets & IN_KEY ? t->ikey : t->okey) :
		       word_text("none");
	return a->sets != (IN_KEY | OUT_KEY) ||
	       (in == out && (!in || t->ikey == t->okey));
}

static uint32_t flag_of(const struct arg *a)
{
	return a->sets & (IN_CSUM | OUT_CSUM) ? MTUN_GRE_FLAG_CSUM :
						MTUN_GRE_FLAG_SEQ;
}

static bool parse_flag(const struct arg *a, const char *value, void *object)
{
	bool on;

	if (!parse_on_off(value, &on))
		return false;
	set_flag(a, object, flag_of(a), on);
	return true;
}

static bool flag_text(const struct arg *a, const void *object, size_t i,
		      struct text *text)
{
	const struct tunnel *t = object;
	bool in = t->iflags & flag_of(a), out = t->oflags & flag_of(a);

	(void)i;
	*text = word_text((a->sets & IN ? in : out) ? "on" : "off");
	return in == out || !(a->sets & IN) || !(a->sets & OUT);
}

/* Of the outer IP header */

static bool parse_ttl(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	(void)a;
	t->has |= has_bit(MTUN_A_TUNNEL_TTL_INHERIT);
	t->ttl_inherit = !strcmp(value, "inherit");
	if (t->ttl_inherit)
		return true;
	t->has |= has_bit(MTUN_A_TUNNEL_TTL);
	return parse_u8(value, &t->ttl);
}

struct text tunnel_ttl(const struct tunnel *t)
{
	return t->ttl_inherit ? word_text("inherit") : number_text(t->ttl);
}

static bool ttl_text(const struct arg *a, const void *object, size_t i,
		     struct text *text)
{
	(void)a;
	(void)i;
	*text = tunnel_ttl(object);
	return true;
}

static bool parse_tos(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	(void)a;
	/* With inherit, too: what the route is chosen by is no longer the old one. */
	t->has |= has_bit(MTUN_A_TUNNEL_TOS_INHERIT) |
		  has_bit(MTUN_A_TUNNEL_TOS);
	t->tos_inherit = !strcmp(value, "inherit");
	t->tos = 0;
	return t->tos_inherit || parse_u8(value, &t->tos);
}

struct text tunnel_tos(const struct tunnel *t)
{
	struct text text = word_text("inherit");

	if (!t->tos_inherit)
		snprintf(text.s, sizeof(text.s), "%#x", t->tos);
	return text;
}

static bool tos_text(const struct arg *a, const void *object, size_t i,
		     struct text *text)
{
	(void)a;
	(void)i;
	*text = tunnel_tos(object);
	return true;
}

/* The way out */

static bool parse_dev(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	(void)a;
	t->has |= has_bit(MTUN_A_TUNNEL_LINK);
	if (!*value || strlen(value) >= sizeof(t->link))
		return false;
	strcpy(t->link, strcmp(value, "none") ? value : "");
	return true;
}

static bool dev_text(const struct arg *a, const void *object, size_t i,
		     struct text *text)
{
	const struct tunnel *t = object;

	(void)a;
	(void)i;
	*text = word_text(t->link[0] ? t->link : "none");
	return true;
}

static bool parse_fwmark(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	(void)a;
	t->has |= has_bit(MTUN_A_TUNNEL_FWMARK);
	t->fwmark = 0;
	return !strcmp(value, "none") || parse_u32(value, &t->fwmark);
}

static bool fwmark_text(const struct arg *a, const void *object, size_t i,
			struct text *text)
{
	const struct tunnel *t = object;

	(void)a;
	(void)i;
	if (t->fwmark)
		snprintf(text->s, sizeof(text->s), "%#x", t->fwmark);
	else
		*text = word_text("none");
	return true;
}

static bool parse_mtu(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	(void)a;
	t->has |= has_bit(MTUN_A_TUNNEL_MTU);
	t->mtu = 0;
	if (!strcmp(value, "auto"))
		return true;
	return parse_u32(value, &t->mtu) && t->mtu;
}

/* A tunnel of the kernel has the MTU that auto has led to. */
static bool mtu_text(const struct arg *a, const void *object, size_t i,
		     struct text *text)
{
	const struct tunnel *t = object;

	(void)a;
	(void)i;
	*text = t->mtu && !t->mtu_auto ? number_text(t->mtu) :
					 word_text("auto");
	return true;
}

/* MSS clamp */

static bool parse_mss(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;
	uint16_t mss;

	if (!parse_mss_value(value, true, &mss))
		return false;
	if (a->sets & MSS_TX) {
		t->has |= has_bit(MTUN_A_TUNNEL_MSS_TX);
		t->mss_tx = mss;
	}
	if (a->sets & MSS_RX) {
		t->has |= has_bit(MTUN_A_TUNNEL_MSS_RX);
		t->mss_rx = mss;
	}
	return true;
}

static bool tunnel_mss_text(const struct arg *a, const void *object, size_t i,
			    struct text *text)
{
	const struct tunnel *t = object;

	(void)i;
	*text = mss_text(a->sets & MSS_TX ? t->mss_tx : t->mss_rx);
	return a->sets != (MSS_TX | MSS_RX) || t->mss_tx == t->mss_rx;
}

/* Other nodes */

static bool parse_accept(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;

	(void)a;
	t->has |= has_bit(MTUN_A_TUNNEL_ACCEPT);
	memset(&t->accept, 0, sizeof(t->accept));
	t->accept_none = !strcmp(value, "none");
	return t->accept_none || !strcmp(value, "any") ||
	       parse_prefix(value, &t->accept);
}

static bool accept_text(const struct arg *a, const void *object, size_t i,
			struct text *text)
{
	const struct tunnel *t = object;

	(void)a;
	(void)i;
	if (!tunnel_has(t, MTUN_A_TUNNEL_ACCEPT) || t->accept_none)
		*text = word_text("none");
	else
		*text = t->accept.len ? prefix_text(&t->accept) :
					word_text("any");
	return true;
}

/* Samples */

static bool parse_sample(const struct arg *a, const char *value, void *object)
{
	struct tunnel *t = object;
	uint32_t interval = 0;

	if (strcmp(value, "off") && (!parse_u32(value, &interval) || !interval))
		return false;
	if (a->sets & SAMPLE_RX) {
		t->has |= has_bit(MTUN_A_TUNNEL_SAMPLE_RX);
		t->sample_rx = interval;
	}
	if (a->sets & SAMPLE_TX) {
		t->has |= has_bit(MTUN_A_TUNNEL_SAMPLE_TX);
		t->sample_tx = interval;
	}
	return true;
}

static bool tunnel_sample_text(const struct arg *a, const void *object,
			       size_t i, struct text *text)
{
	const struct tunnel *t = object;

	(void)i;
	*text = sample_text(a->sets & SAMPLE_RX ? t->sample_rx : t->sample_tx);
	return a->sets != (SAMPLE_RX | SAMPLE_TX) ||
	       t->sample_rx == t->sample_tx;
}

/* For people */

static bool parse_description(const struct arg *a, const char *value,
			      void *object)
{
	struct tunnel *t = object;

	(void)a;
	t->has |= has_bit(MTUN_A_TUNNEL_DESCRIPTION);
	if (strlen(value) > MAX_DESCRIPTION)
		return false;
	strcpy(t->description, value);
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

static bool description_text(const struct arg *a, const void *object, size_t i,
			     struct text *text)
{
	const struct tunnel *t = object;

	(void)a;
	(void)i;
	*text = word_text(t->description);
	return true;
}

#define KEY_WANTS \
	"a GRE key is 0 to 4294967295 (also in hexadecimal with 0x, or as a dotted quad), or none"
#define ADDR_WANTS \
	"not an IPv4 or IPv6 address; give it without a prefix length, a host name or a %zone (for that use dev)"

#define SAMPLE_WANTS "give 1 to 1073741824, or off"

#define MSS_WANTS "give 48 to 65534 bytes, auto or off"

/* What is about both directions comes first. */
static const struct arg args[] = {
	ARG("local", LOCAL, parse_ends, ends_text, ADDR_WANTS, 0),
	ARG("remote", REMOTE, parse_ends, ends_text, ADDR_WANTS, 0),
	CHOICE("mode", MODE, tunnel, mode, MTUN_A_TUNNEL_MODE, mode_names,
	       "give gre or ipsec"),
	ARG("if-id", IF_ID, parse_if_id, if_id_text,
	    "an if_id of IPsec policies and states is 1 to 4294967295 (0x for hexadecimal), or none",
	    0),
	ARG("key", IN_KEY | OUT_KEY, parse_keys, keys_text, KEY_WANTS, 0),
	ARG("ikey", IN_KEY, parse_keys, keys_text, KEY_WANTS, 0),
	ARG("okey", OUT_KEY, parse_keys, keys_text, KEY_WANTS, 0),
	ARG("csum", IN_CSUM | OUT_CSUM, parse_flag, flag_text, ON_OFF_WANTS, 0),
	ARG("icsum", IN_CSUM, parse_flag, flag_text, ON_OFF_WANTS, 0),
	ARG("ocsum", OUT_CSUM, parse_flag, flag_text, ON_OFF_WANTS, 0),
	ARG("seq", IN_SEQ | OUT_SEQ, parse_flag, flag_text, ON_OFF_WANTS, 0),
	ARG("iseq", IN_SEQ, parse_flag, flag_text, ON_OFF_WANTS, 0),
	ARG("oseq", OUT_SEQ, parse_flag, flag_text, ON_OFF_WANTS, 0),
	ARG("ttl", TTL, parse_ttl, ttl_text, "a TTL is 1 to 255, or inherit", 0),
	ARG("tos", TOS, parse_tos, tos_text,
	    "give inherit, or 0 to 252 in steps of 4 (0x for hexadecimal)", 0),
	CHOICE("df", DF, tunnel, df, MTUN_A_TUNNEL_DF, df_names,
	       "give set, inherit or clear"),
	CHOICE("inner-df", INNER_DF, tunnel, inner_df, MTUN_A_TUNNEL_INNER_DF,
	       inner_df_names, "give keep or clear"),
	CHOICE("frag", FRAG, tunnel, frag, MTUN_A_TUNNEL_FRAG, frag_names,
	       "give inner or outer"),
	ARG("dev", DEV, parse_dev, dev_text,
	    "give the name of an underlay device (1 to 15 bytes), or none",
	    ARG_NAME),
	ARG("fwmark", FWMARK, parse_fwmark, fwmark_text,
	    "a mark is 0 to 4294967295 (0x for hexadecimal), or none", 0),
	ARG("mss", MSS_TX | MSS_RX, parse_mss, tunnel_mss_text, MSS_WANTS, 0),
	ARG("mss-tx", MSS_TX, parse_mss, tunnel_mss_text, MSS_WANTS, 0),
	ARG("mss-rx", MSS_RX, parse_mss, tunnel_mss_text, MSS_WANTS, 0),
	CHOICE("mss-insert", MSS_INSERT, tunnel, mss_insert,
	       MTUN_A_TUNNEL_MSS_INSERT, on_off_names, ON_OFF_WANTS),
	ARG("accept", ACCEPT, parse_accept, accept_text,
	    "give an IPv4 or IPv6 prefix as ADDR/LEN, any, or none", 0),
	CHOICE("anycast", ANYCAST, tunnel, anycast, MTUN_A_TUNNEL_ANYCAST,
	       on_off_names, ON_OFF_WANTS),
	CHOICE("pmtu", PMTU, tunnel, pmtu, MTUN_A_TUNNEL_PMTU, pmtu_names,
	       "give auto, learn or static"),
	ARG("sample", SAMPLE_RX | SAMPLE_TX, parse_sample, tunnel_sample_text,
	    SAMPLE_WANTS, 0),
	ARG("sample-rx", SAMPLE_RX, parse_sample, tunnel_sample_text,
	    SAMPLE_WANTS, 0),
	ARG("sample-tx", SAMPLE_TX, parse_sample, tunnel_sample_text,
	    SAMPLE_WANTS, 0),
	CHOICE("ipsec", IPSEC, tunnel, ipsec, MTUN_A_TUNNEL_IPSEC, ipsec_names,
	       "give required or off"),
	ARG("description", DESCRIPTION, parse_description, description_text,
	    "give at most 255 bytes without control characters", ARG_NAME),
	ARG("mtu", MTU, parse_mtu, mtu_text,
	    "give a number of bytes, or auto", 0),
	CHOICE("up", UP, tunnel, up, MTUN_A_TUNNEL_UP, on_off_names,
	       ON_OFF_WANTS, ARG_LEFT),
	{ NULL }
};

static const struct tunnel defaults = { .ttl = 64 };

static const struct kind *const parts[] = {
	&filter_kind, &health_kind, &steer_kind, NULL
};

const struct kind tunnel_kind = {
	.name = "tunnel",
	.wants = "give settings, as in {mss: auto}",
	.args = args,
	.defaults = &defaults,
	.size = sizeof(struct tunnel),
	.name_at = offsetof(struct tunnel, ifname),
	.origin_at = offsetof(struct tunnel, origin),
	.origin_attr = MTUN_A_TUNNEL_ORIGIN,
	.parts = parts,
};

const char *tunnel_attr_word(const void *tunnel, unsigned int attr)
{
	const struct tunnel *t = tunnel;

	switch (attr) {
	case MTUN_A_TUNNEL_IFINDEX:
	case MTUN_A_TUNNEL_IFNAME:
		return "name";
	case MTUN_A_TUNNEL_IFLAGS:
	case MTUN_A_TUNNEL_IKEY:
		return t->one_key ? "key" : "ikey";
	case MTUN_A_TUNNEL_OFLAGS:
	case MTUN_A_TUNNEL_OKEY:
		return t->one_key ? "key" : "okey";
	case MTUN_A_TUNNEL_TTL_INHERIT:
		return "ttl";
	case MTUN_A_TUNNEL_TOS_INHERIT:
		return "tos";
	case MTUN_A_TUNNEL_LINK:
		return "dev";
	}
	return attr <= MTUN_A_TUNNEL_MAX ? tunnel_attr_names[attr] : NULL;
}
