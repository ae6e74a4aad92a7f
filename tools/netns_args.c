// SPDX-License-Identifier: GPL-2.0
/* The words of a namespace's settings: values to struct netns, and back. */
#include <stddef.h>

#include "args.h"

#define RX	(1 << 0)

static bool parse_rx(const struct arg *a, const char *value, void *object)
{
	struct netns *n = object;

	(void)a;
	n->has |= 1u << MTUN_A_NETNS_RX;
	return parse_enum(value, rx_names, ARRAY_SIZE(rx_names), &n->rx);
}

static bool rx_text(const struct arg *a, const void *object, size_t i,
		    struct text *text)
{
	const struct netns *n = object;

	(void)a;
	(void)i;
	*text = enum_text(rx_names, n->rx);
	return true;
}

static const struct arg args[] = {
	{ "rx", RX, parse_rx, rx_text, "give local or early", 0 },
	{ NULL }
};

static const struct netns defaults = { .rx = MTUN_RX_LOCAL };

const struct kind netns_kind = {
	.name = "netns",
	.args = args,
	.defaults = &defaults,
	.size = sizeof(struct netns),
	.name_at = offsetof(struct netns, name),
};
