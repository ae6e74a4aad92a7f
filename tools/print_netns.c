// SPDX-License-Identifier: GPL-2.0
/* The settings of a network namespace. */
#include <stdio.h>

#include "print_core.h"

json_t *netns_json(const struct netns *n)
{
	json_t *o = json_object();

	json_object_set_new(o, "rx", json_string(enum_name(rx_names, n->rx)));
	return o;
}

void print_netns_line(const struct netns *n)
{
	printf("rx %s", enum_name(rx_names, n->rx));
}

void print_netns(const struct netns *n, const struct options *opt)
{
	if (opt->json) {
		json_print(netns_json(n), opt, false);
		return;
	}
	print_netns_line(n);
	putchar('\n');
}
