// SPDX-License-Identifier: GPL-2.0
/* Clamps: text for people, or JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "print_core.h"

static const struct arg *side(const char *word)
{
	return arg_find(clamp_kind.args, word);
}

json_t *clamp_json(const struct clamp *c, const struct options *opt)
{
	json_t *o = json_object();

	json_object_set_new(o, "dev", json_name(c->ifname));
	json_object_set_new(o, "ifindex", number(c->ifindex));
	json_object_set_new(o, "state", json_string(c->ifindex ? "active" :
								 "waiting"));
	json_object_set_new(o, "direction",
			    json_string(enum_name(clamp_direction_names,
						  c->direction)));
	json_object_set_new(o, "mss", mss_value_json(c->mss));
	json_object_set_new(o, "insert", json_boolean(c->insert));
	json_object_set_new(o, "origin",
			    json_string(enum_name(origin_names, c->origin)));
	json_object_set_new(o, "src", value_json(side("src"), c));
	json_object_set_new(o, "dst", value_json(side("dst"), c));
	if (opt->statistics)
		json_object_set_new(o, "stats", mss_json(c->verdicts));
	return o;
}

static void print_head(const struct clamp *c, bool all)
{
	printf("%s%s%s: mss %s%s  %s  %s%s%s", on(BOLD),
	       plain_text(c->ifname).s, off(), mss_text(c->mss).s,
	       c->insert ? "  insert on" :
	       all ? "  insert off" : "",
	       enum_name(clamp_direction_names, c->direction),
	       on(c->ifindex ? GREEN : RED), c->ifindex ? "active" : "waiting",
	       off());
}

#define SHORT	4	/* prefixes are enough in a line */

static void print_side_short(const char *word, const struct prefixes *ps)
{
	if (ps->n > SHORT)
		printf("  %s %zu prefixes", word, ps->n);
	else
		for (size_t i = 0; i < ps->n; i++)
			printf("  %s %s", word, prefix_text(&ps->v[i]).s);
}

void print_clamp_line(const struct clamp *c)
{
	print_head(c, false);
	print_side_short("src", &c->src);
	print_side_short("dst", &c->dst);
}

static void print_clamp(const struct clamp *c, const struct options *opt)
{
	print_head(c, opt->details);
	putchar('\n');
	print_prefixes(side("src"), c, opt->details);
	print_prefixes(side("dst"), c, opt->details);
	if (opt->details)
		printf("    ifindex %u  origin %s\n", c->ifindex,
		       enum_name(origin_names, c->origin));
	if (opt->statistics)
		print_mss(c->verdicts, 0);
}

void print_clamps(const struct clamps *cs, const struct options *opt)
{
	json_t *array;

	if (opt->json) {
		array = json_array();
		for (size_t i = 0; i < cs->n; i++)
			json_array_append_new(array, clamp_json(&cs->v[i], opt));
		json_print(array, opt, false);
		return;
	}
	for (size_t i = 0; i < cs->n; i++)
		print_clamp(&cs->v[i], opt);
}
