// SPDX-License-Identifier: GPL-2.0
/* The words of a filter: values to struct filter, and back. */
#include "args.h"

#define LIST(word, list) \
	PREFIXES(word, 1u << (list), filter, lists[list])

static const struct arg args[] = {
	LIST("allow-src-rx", MTUN_FILTER_LIST_ALLOW_SRC_RX),
	LIST("allow-dst-rx", MTUN_FILTER_LIST_ALLOW_DST_RX),
	LIST("allow-src-tx", MTUN_FILTER_LIST_ALLOW_SRC_TX),
	LIST("allow-dst-tx", MTUN_FILTER_LIST_ALLOW_DST_TX),
	{ NULL }
};

static const struct filter defaults;

const struct kind filter_kind = {
	.name = "filter",
	.wants = "give lists, as in {allow-src-rx: [203.0.113.0/24]}",
	.args = args,
	.defaults = &defaults,
	.size = sizeof(struct filter),
	.name_at = offsetof(struct filter, ifname),
};
