// SPDX-License-Identifier: GPL-2.0
/* A configuration file to the tunnels and clamps that it describes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "args.h"
#include "conf_file.h"
#include "detect.h"
#include "privilege.h"
#include "rules.h"

#define MAX_SIZE	(16 * 1024 * 1024)

/* Of a clamp, src and dst together, and of a filter, all lists together */
#define MAX_CLAMP_PREFIXES	1024
#define MAX_FILTER_PREFIXES	32768

/* The names that a file has at its top, and below defaults */
struct section {
	const char *name;
};

static const struct section sections[] = {
	{ "defaults" }, { "tunnels" }, { "clamps" }, { "netns" },
	{ "detect" }, { NULL }
};

static const struct section defaults_of[] = {
	{ "tunnel" }, { "clamp" }, { NULL }
};

static void unknown(struct complaints *cs, const struct node *node,
		    const void *table, size_t size)
{
	const char *like = closest(table, size, node->name->value);

	if (like)
		complain(cs, node, node->name,
			 "unknown; did you mean \"%s\"?", like);
	else
		complain(cs, node, node->name, "unknown");
}

/* Whether node is a mapping, perhaps an empty one; NULL is. */
static bool is_map(struct complaints *cs, const struct node *node,
		   const char *wants)
{
	if (!node || node->type == NODE_MAP || node_is_null(node))
		return true;
	complain(cs, node, node, "%s", wants);
	return false;
}

static void check_sections(struct complaints *cs, const struct node *map,
			   const struct section *known)
{
	const struct section *s;

	for (const struct node *n = map ? map->first : NULL; n; n = n->next) {
		for (s = known; s->name && strcmp(s->name, n->name->value); s++)
			;
		if (!s->name)
			unknown(cs, n, known, sizeof(*known));
	}
}

/* Settings */

/* YAML has more words for a switch than we have. */
static const char *switch_word(const struct node *node)
{
	const char *value = node->value;

	if (!node->plain)
		return NULL;
	if (!strcasecmp(value, "yes") || !strcasecmp(value, "true"))
		return "on";
	if (!strcasecmp(value, "no") || !strcasecmp(value, "false"))
		return "off";
	return NULL;
}

static void read_scalar(struct complaints *cs, const struct arg *a,
			const struct node *node, void *object)
{
	const char *word;

	if (node->type != NODE_SCALAR) {
		complain(cs, node, node, a->flags & ARG_MANY ?
			 "give a value, or a list of values" :
			 "give one value");
		return;
	}
	word = switch_word(node);
	if (!a->parse(a, node->value, object) &&
	    !(word && a->parse(a, word, object)))
		complain(cs, node, node, "%s", a->wants);
}

static void read_value(struct complaints *cs, const struct arg *a,
		       const struct node *node, void *object)
{
	if (node->type != NODE_LIST || !(a->flags & ARG_MANY)) {
		read_scalar(cs, a, node, object);
		return;
	}
	for (const struct node *n = node->first; n; n = n->next)
		read_scalar(cs, a, n, object);
}

/* The word of a part, which is read elsewhere */
static bool is_part(const struct kind *kind, const char *word)
{
	for (const struct kind *const *p = kind->parts; p && *p; p++)
		if (!strcmp((*p)->name, word))
			return true;
	return false;
}

/*
 * Reads the settings that map has over those that object has. A list of them does
 * not add to one of before: where own has one, it alone counts.
 */
static void read_settings(struct complaints *cs, const struct kind *kind,
			  const struct node *map, const struct node *own,
			  void *object)
{
	const struct arg *a;
	uint32_t seen = 0;

	for (const struct node *n = map ? map->first : NULL; n; n = n->next) {
		if (is_part(kind, n->name->value))
			continue;
		a = arg_find(kind->args, n->name->value);
		if (!a) {
			unknown(cs, n, kind->args, sizeof(*a));
			continue;
		}
		if (map != own && a->flags & ARG_MANY &&
		    tree_get(own, a->name))
			continue;
		/* The same word twice was told by the tree. */
		if (seen & a->sets && tree_get(map, a->name) == n)
			complain(cs, n, n->name,
				 "another key sets this, too: give one");
		seen |= a->sets;
		read_value(cs, a, n, object);
	}
}

static size_t count_complaints(const struct complaints *cs)
{
	return cs->n + cs->more;
}

struct loader {
	struct config *config;
	struct complaints *cs;
	const struct node *tunnel_defaults;
	const struct node *clamp_defaults;
	const struct node **at;		/* of the tunnels */
};

/*
 * What is known at once: a template would make another tunnel each time. To the kernel
 * 0xa0 is a space, also where it is a part of a letter in UTF-8. False if there are no
 * settings to be read below the name.
 */
static bool read_name(struct loader *l, const struct node *node,
		      const struct kind *kind, char ifname[IFNAMSIZ])
{
	const char *name = node->name->value;

	if (!*name || strlen(name) >= IFNAMSIZ || !strcmp(name, ".") ||
	    !strcmp(name, "..") || strpbrk(name, "/:% \t\n\v\f\r\xa0"))
		complain(l->cs, node, node->name,
			 "a name is 1 to 15 bytes without space, slash, colon, %% and byte 0xa0, and not . or ..");
	else
		strcpy(ifname, name);
	return is_map(l->cs, node, kind->wants);
}

/* Where attr was set: in the tunnel, or else the tunnel itself */
static const struct node *place(const struct tunnel *t, uint16_t attr,
				const struct node *node)
{
	return tree_get(node, tunnel_attr_word(t, attr)) ?: node->name;
}

/* Each of the prefixes alone, and not more of them than there may be */
static void check_prefixes(struct loader *l, const struct node *node,
			   const struct kind *kind, const void *object,
			   size_t max)
{
	const struct prefixes *ps;
	const struct node *at;
	const char *text;
	size_t n = 0;

	for (const struct arg *a = kind->args; a->name; a++) {
		if (a->parse != parse_prefixes)
			continue;
		ps = arg_prefixes(a, object);
		at = tree_get(node, a->name) ?: node->name;
		for (size_t i = 0; i < ps->n; i++) {
			text = rules_prefix(&ps->v[i]);
			if (text)
				complain(l->cs, node, at, "%s %s: %s", a->name,
					 prefix_text(&ps->v[i]).s, text);
		}
		n += ps->n;
	}
	if (n > max)
		complain(l->cs, node, node->name,
			 "a %s has %zu prefixes at the most, in all lists together",
			 kind->name, max);
}

/*
 * A part of a tunnel, as it has it or else as the defaults have it. Returns where
 * complaints about it belong.
 */
static const struct node *read_part(struct loader *l, const struct node *tunnel,
				    const struct kind *kind,
				    const char *ifname, void *object)
{
	const struct node *defaults = tree_get(l->tunnel_defaults, kind->name);
	const struct node *own = tree_get(tunnel, kind->name);

	memcpy(object, kind->defaults, kind->size);
	strcpy((char *)object + kind->name_at, ifname);
	if (is_map(l->cs, own, kind->wants)) {
		read_settings(NULL, kind, defaults, own, object);
		read_settings(l->cs, kind, own, own, object);
	}
	return own ?: tunnel;
}

static void read_filter(struct loader *l, const struct node *tunnel,
			const char *ifname)
{
	const struct node *node;
	struct filter f;

	node = read_part(l, tunnel, &filter_kind, ifname, &f);
	check_prefixes(l, node, &filter_kind, &f, MAX_FILTER_PREFIXES);
	for (size_t i = 0; i < FILTER_LISTS; i++)
		f.prefixes += f.lists[i].n;
	if (f.prefixes)
		*filters_add(&l->config->filters) = f;
	else
		filter_free(&f);
}

/* Of a tunnel that is right, its health has to go with it. */
static void read_health(struct loader *l, const struct node *tunnel,
			const struct tunnel *t, bool right)
{
	size_t before = count_complaints(l->cs);
	const struct node *node;
	struct error err;
	struct health h;
	uint16_t attr;

	node = read_part(l, tunnel, &health_kind, t->ifname, &h);
	if (right && count_complaints(l->cs) == before &&
	    !rules_health(t, &h, &attr, &err))
		complain(l->cs, node,
			 tree_get(node, health_attr_names[attr]) ?: node->name,
			 "%s", err.text);
	*healths_add(&l->config->healths) = h;
}

static void read_steer(struct loader *l, const struct node *tunnel,
		       const char *ifname)
{
	struct steer s;

	read_part(l, tunnel, &steer_kind, ifname, &s);
	if (s.n)
		*steers_add(&l->config->steers) = s;
}

static void read_tunnel(struct loader *l, const struct node *node)
{
	struct tunnel t = *(const struct tunnel *)tunnel_kind.defaults;
	size_t before = count_complaints(l->cs);
	struct error err;
	uint16_t attr;
	bool right;

	object_set_origin(&tunnel_kind, &t, MTUN_ORIGIN_FILE);
	if (!read_name(l, node, &tunnel_kind, t.ifname))
		return;
	read_settings(NULL, &tunnel_kind, l->tunnel_defaults, node, &t);
	read_settings(l->cs, &tunnel_kind, node, node, &t);
	right = count_complaints(l->cs) == before;
	if (right && !rules_tunnel(&t, &attr, &err)) {
		complain(l->cs, node, place(&t, attr, node), "%s", err.text);
		right = false;
	}
	read_filter(l, node, t.ifname);
	read_health(l, node, &t, right);
	read_steer(l, node, t.ifname);
	/* Only such a one can be compared with others. */
	if (right) {
		l->at[l->config->tunnels.n] = node;
		*tunnels_add(&l->config->tunnels) = t;
	}
}

static void read_clamp(struct loader *l, const struct node *node)
{
	struct clamp c = *(const struct clamp *)clamp_kind.defaults;

	object_set_origin(&clamp_kind, &c, MTUN_ORIGIN_FILE);
	if (!read_name(l, node, &clamp_kind, c.ifname))
		return;
	read_settings(NULL, &clamp_kind, l->clamp_defaults, node, &c);
	read_settings(l->cs, &clamp_kind, node, node, &c);
	check_prefixes(l, node, &clamp_kind, &c, MAX_CLAMP_PREFIXES);
	*clamps_add(&l->config->clamps) = c;
}

/* The whole file */

/* The settings below defaults, which are wrong once and not in each object. */
static const struct node *read_defaults(struct loader *l,
					const struct node *map,
					const struct kind *kind, void *scratch)
{
	const struct node *node = tree_get(map, kind->name);

	if (!is_map(l->cs, node, kind->wants))
		return NULL;
	read_settings(l->cs, kind, node, node, scratch);
	return node;
}

static void read_all_defaults(struct loader *l, const struct node *map)
{
	struct tunnel t = { 0 };
	struct filter f = { 0 };
	struct health h = { 0 };
	struct steer s = { 0 };
	struct clamp c = { 0 };

	if (!is_map(l->cs, map, "give tunnel: {...} and clamp: {...}"))
		return;
	check_sections(l->cs, map, defaults_of);
	l->tunnel_defaults = read_defaults(l, map, &tunnel_kind, &t);
	read_defaults(l, l->tunnel_defaults, &filter_kind, &f);
	read_defaults(l, l->tunnel_defaults, &health_kind, &h);
	read_defaults(l, l->tunnel_defaults, &steer_kind, &s);
	l->clamp_defaults = read_defaults(l, map, &clamp_kind, &c);
	filter_free(&f);
	clamp_free(&c);
}

static int compare_tunnels(const void *a, const void *b)
{
	const struct tunnel *const *x = a, *const *y = b;

	return rules_compare(*x, *y) ?: (*x > *y) - (*x < *y);
}

/* Sorted, tunnels that nothing would tell apart stand side by side. */
static void find_collisions(struct loader *l)
{
	const struct tunnels *ts = &l->config->tunnels;
	const struct tunnel **v = tunnels_sorted(ts, compare_tunnels);

	for (size_t i = 1; i < ts->n; i++) {
		const struct node *node = l->at[v[i] - ts->v];
		const struct node *other = l->at[v[i - 1] - ts->v];

		if (!rules_compare(v[i], v[i - 1]))
			complain(l->cs, node, node->name,
				 "%s those of %s (line %zu)",
				 v[i]->mode == MTUN_MODE_IPSEC ?
				 "mode and if-id are" :
				 "local, remote and ikey are",
				 v[i - 1]->ifname, other->name->line);
	}
	free(v);
}

static size_t count(const struct node *map)
{
	size_t n = 0;

	for (const struct node *node = map ? map->first : NULL; node;
	     node = node->next)
		n++;
	return n;
}

static void read_root(struct loader *l, const struct node *root)
{
	const struct node *tunnels = tree_get(root, "tunnels");
	const struct node *clamps = tree_get(root, "clamps");
	const struct node *netns = tree_get(root, "netns");
	const struct node *detect = tree_get(root, "detect");

	if (!is_map(l->cs, root,
		    "a file has defaults:, tunnels:, clamps:, netns: and detect:"))
		return;
	check_sections(l->cs, root, sections);
	read_all_defaults(l, tree_get(root, "defaults"));
	if (is_map(l->cs, tunnels, "give tunnels, as in mt0: {...}")) {
		l->at = allocate(count(tunnels), sizeof(*l->at));
		for (const struct node *n = tunnels ? tunnels->first : NULL; n;
		     n = n->next)
			read_tunnel(l, n);
		find_collisions(l);
		free(l->at);
	}
	if (is_map(l->cs, clamps, "give devices, as in eth0: {...}"))
		for (const struct node *n = clamps ? clamps->first : NULL; n;
		     n = n->next)
			read_clamp(l, n);
	if (is_map(l->cs, netns, netns_kind.wants))
		read_settings(l->cs, &netns_kind, netns, netns,
			      &l->config->netns);
	l->config->detection = detection_defaults;
	if (is_map(l->cs, detect, detection_kind.wants))
		read_settings(l->cs, &detection_kind, detect, detect,
			      &l->config->detection);
}

void conf_parse(const void *bytes, size_t len, struct config *config,
		struct complaints *complaints)
{
	struct loader l = { .config = config, .cs = complaints };
	struct tree tree;

	if (tree_read(&tree, bytes, len, complaints))
		read_root(&l, tree.root);
	tree_free(&tree);
	config_sort(config);
}

enum result conf_read(const char *name, struct config *config,
		      struct complaints *complaints, struct error *err)
{
	enum result res = RES_OK;
	size_t len = 0;
	char *bytes;
	FILE *file;

	file = open_orders(name, err);
	if (!file)
		return RES_REFUSED;
	bytes = allocate(MAX_SIZE + 1, 1);
	len = fread(bytes, 1, MAX_SIZE + 1, file);
	if (ferror(file))
		res = refuse(err, RES_REFUSED, "%s: %s", name,
			     strerror(errno));
	else if (len > MAX_SIZE)
		res = refuse(err, RES_USAGE, "%s: larger than %d MiB", name,
			     MAX_SIZE / 1024 / 1024);
	else
		conf_parse(bytes, len, config, complaints);
	free(bytes);
	if (file != stdin)
		fclose(file);
	return res;
}
