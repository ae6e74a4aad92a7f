// SPDX-License-Identifier: GPL-2.0
/* What apply does, and what is wrong in a file: text for people, or JSON. */
#include <stdio.h>

#include "print_core.h"

static const struct {
	char mark;
	enum colour colour;
	const char *action;
} types[] = {
	[CHANGE_ADD] = { '+', GREEN, "add" },
	[CHANGE_SET] = { '~', YELLOW, "set" },
	[CHANGE_DEL] = { '-', RED, "del" },
	[CHANGE_SAME] = { '=', PLAIN, "same" },
	[CHANGE_KEPT] = { '!', PLAIN, "kept" },
};

/* What there is nothing to do about is for those who want to know all. */
static bool is_told(const struct change *c, const struct options *opt)
{
	return opt->details ||
	       (c->type != CHANGE_SAME && c->type != CHANGE_KEPT);
}

/* Whether the file takes over what was made by hand */
static bool changes_origin(const struct change *c)
{
	return object_origin(c->kind, c->was) != object_origin(c->kind, c->is);
}

static void print_change(const struct change *c)
{
	const void *object = c->is ?: c->was;
	const char *name = object_name(c->kind, object);

	printf("%s%c %s%s%s%s", on(types[c->type].colour), types[c->type].mark,
	       c->kind->name, *name ? " " : "", plain_text(name).s, off());
	switch (c->type) {
	case CHANGE_SET:
		print_difference(c->kind, c->was, c->is);
		if (changes_origin(c))
			printf("  made by hand before");
		break;
	case CHANGE_KEPT:
		printf("  is not in the file%s",
		       object_origin(c->kind, c->was) == MTUN_ORIGIN_FILE ?
		       "" : ", and was made by hand");
		break;
	case CHANGE_SAME:
		break;
	default:
		if (c->kind != &tunnel_kind) {
			print_given(c->kind, object);
			break;
		}
		printf("  ");
		print_outer(object);
	}
	putchar('\n');
}

static json_t *was_and_is(json_t *was, json_t *is)
{
	json_t *o = json_object();

	json_object_set_new(o, "was", was);
	json_object_set_new(o, "is", is);
	return o;
}

static json_t *difference_json(const struct kind *kind, const void *was,
			       const void *is)
{
	json_t *all = json_object();
	const struct arg *a;
	uint32_t said;

	for_each_difference(a, kind, was, is, said)
		json_object_set_new(all, a->name,
				    was_and_is(value_json(a, was),
					       value_json(a, is)));
	return all;
}

static json_t *origin_json(const struct kind *kind, const void *object)
{
	return json_string(enum_name(origin_names, object_origin(kind, object)));
}

static json_t *change_json(const struct change *c)
{
	const void *object = c->is ?: c->was;
	json_t *o = json_object();

	json_object_set_new(o, "action", json_string(types[c->type].action));
	json_object_set_new(o, "kind", json_string(c->kind->name));
	json_object_set_new(o, "name", json_name(object_name(c->kind, object)));
	if (c->type == CHANGE_SET)
		json_object_set_new(o, "changes",
				    difference_json(c->kind, c->was, c->is));
	else
		json_object_set_new(o, "settings",
				    settings_json(c->kind, object));
	if (c->type == CHANGE_SET && changes_origin(c))
		json_object_set_new(o, "origin",
				    was_and_is(origin_json(c->kind, c->was),
					       origin_json(c->kind, c->is)));
	return o;
}

static void print_plan_json(const struct plan *plan, bool dry_run,
			    const struct options *opt)
{
	json_t *o = json_object(), *all = json_array();

	for (size_t i = 0; i < plan->n; i++)
		if (is_told(&plan->changes[i], opt))
			json_array_append_new(all,
					      change_json(&plan->changes[i]));
	json_object_set_new(o, "dry_run", json_boolean(dry_run));
	json_object_set_new(o, "added", number(plan->counts[CHANGE_ADD]));
	json_object_set_new(o, "changed", number(plan->counts[CHANGE_SET]));
	json_object_set_new(o, "removed", number(plan->counts[CHANGE_DEL]));
	json_object_set_new(o, "unchanged", number(plan->counts[CHANGE_SAME]));
	json_object_set_new(o, "kept", number(plan->counts[CHANGE_KEPT]));
	json_object_set_new(o, "objects", all);
	json_print(o, opt, false);
}

void print_plan(const struct plan *plan, bool dry_run,
		const struct options *opt)
{
	if (opt->json) {
		print_plan_json(plan, dry_run, opt);
		return;
	}
	for (size_t i = 0; i < plan->n; i++)
		if (is_told(&plan->changes[i], opt))
			print_change(&plan->changes[i]);
	printf("%zu added, %zu changed, %zu removed, %zu unchanged",
	       plan->counts[CHANGE_ADD], plan->counts[CHANGE_SET],
	       plan->counts[CHANGE_DEL], plan->counts[CHANGE_SAME]);
	if (plan->counts[CHANGE_KEPT])
		printf(", %zu not in the file and left",
		       plan->counts[CHANGE_KEPT]);
	puts(dry_run ? " (dry run: nothing was done)" : "");
}

void print_checked(const char *file, const struct config *config,
		   const struct options *opt)
{
	json_t *o;

	if (!opt->json) {
		printf("%s: %zu tunnel%s, %zu clamp%s\n", file,
		       config->tunnels.n, config->tunnels.n == 1 ? "" : "s",
		       config->clamps.n, config->clamps.n == 1 ? "" : "s");
		return;
	}
	o = json_object();
	json_object_set_new(o, "tunnels", number(config->tunnels.n));
	json_object_set_new(o, "clamps", number(config->clamps.n));
	json_print(o, opt, false);
}

void print_complaints(const char *file, const struct complaints *cs)
{
	fflush(stdout);
	for (size_t i = 0; i < cs->n; i++)
		fprintf(stderr, "%s:%zu:%zu: %s\n", file, cs->v[i].line,
			cs->v[i].column, cs->v[i].text);
	fprintf(stderr, "%s: %zu error%s%s\n", file, cs->n + cs->more,
		cs->n + cs->more == 1 ? "" : "s",
		cs->more ? ", of which these are the first" : "");
}
