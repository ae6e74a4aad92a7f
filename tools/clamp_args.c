// SPDX-License-Identifier: GPL-2.0
/* The words of a clamp: values to struct clamp, and back. */
#include <string.h>

#include "args.h"

enum {
	MSS		= 1 << 0,
	INSERT		= 1 << 1,
	SRC		= 1 << 2,
	DST		= 1 << 3,
	DIRECTION	= 1 << 4,
};

static bool parse_mss(const struct arg *a, const char *value, void *object)
{
	struct clamp *c = object;

	(void)a;
	c->has |= 1ull << MTUN_A_CLAMP_MSS;
	return parse_mss_value(value, false, &c->mss);
}

static bool clamp_mss_text(const struct arg *a, const void *object, size_t i,
			   struct text *text)
{
	const struct clamp *c = object;

	(void)a;
	(void)i;
	*text = mss_text(c->mss);
	return true;
}

static const struct arg args[] = {
	ARG("mss", MSS, parse_mss, clamp_mss_text,
	    "give 48 to 65534 bytes, or auto", 0),
	CHOICE("insert", INSERT, clamp, insert, MTUN_A_CLAMP_INSERT,
	       on_off_names, ON_OFF_WANTS),
	PREFIXES("src", SRC, clamp, src),
	PREFIXES("dst", DST, clamp, dst),
	CHOICE("direction", DIRECTION, clamp, direction,
	       MTUN_A_CLAMP_DIRECTION, clamp_direction_names,
	       "give out, in or both"),
	{ NULL }
};

static const struct clamp defaults = { .mss = MTUN_MSS_AUTO };

const struct kind clamp_kind = {
	.name = "clamp",
	.wants = "give settings, as in {mss: auto}",
	.args = args,
	.defaults = &defaults,
	.size = sizeof(struct clamp),
	.name_at = offsetof(struct clamp, ifname),
	.origin_at = offsetof(struct clamp, origin),
	.origin_attr = MTUN_A_CLAMP_ORIGIN,
};
