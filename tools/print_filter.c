// SPDX-License-Identifier: GPL-2.0
/* Filters: text for people, or JSON. */
#include <stdio.h>

#include "print_core.h"

json_t *filter_json(const struct filter *f)
{
	json_t *o = json_object();

	json_object_set_new(o, "ifname", json_name(f->ifname));
	json_object_set_new(o, "ifindex", number(f->ifindex));
	json_object_set_new(o, "prefixes", number(f->prefixes));
	return o;
}

static json_t *whole_json(const struct filter *f)
{
	json_t *o = filter_json(f);

	for (const struct arg *a = filter_kind.args; a->name; a++)
		json_object_set_new(o, key_text(a->name).s,
				    value_json(a, f));
	return o;
}

void print_filter_line(const struct filter *f)
{
	printf("%s%s%s: ", on(BOLD), plain_text(f->ifname).s, off());
	if (f->prefixes)
		printf("%u prefix%s", f->prefixes,
		       f->prefixes == 1 ? "" : "es");
	else
		printf("any");
}

void print_filters(const struct filters *fs, const struct options *opt)
{
	if (opt->json) {
		json_t *array = json_array();

		for (size_t i = 0; i < fs->n; i++)
			json_array_append_new(array, whole_json(&fs->v[i]));
		json_print(array, opt, false);
		return;
	}
	for (size_t i = 0; i < fs->n; i++) {
		print_filter_line(&fs->v[i]);
		putchar('\n');
		for (const struct arg *a = filter_kind.args; a->name; a++)
			print_prefixes(a, &fs->v[i], opt->details);
	}
}
