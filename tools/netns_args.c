// SPDX-License-Identifier: GPL-2.0
/* The words of a namespace's settings: values to struct netns, and back. */
#include <stddef.h>

#include "args.h"

static const struct arg args[] = {
	CHOICE("rx", 1 << 0, netns, rx, MTUN_A_NETNS_RX, rx_names,
	       "give local or early"),
	{ NULL }
};

static const struct netns defaults = { .rx = MTUN_RX_LOCAL };

const struct kind netns_kind = {
	.name = "netns",
	.wants = "give settings, as in {rx: early}",
	.args = args,
	.defaults = &defaults,
	.size = sizeof(struct netns),
	.name_at = offsetof(struct netns, name),
};
