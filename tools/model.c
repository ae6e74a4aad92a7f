// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

bool same_addr(const struct addr *a, const struct addr *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

void make_plain(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			memset(p, '?', 2);	/* U+0080 to U+009F */
	}
}

enum result refuse(struct error *err, enum result res, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	make_plain(err->text);
	err->number = 0;
	return res;
}

static void *or_exit(void *memory)
{
	if (!memory) {
		perror("mtctl");
		exit(RES_REFUSED);
	}
	return memory;
}

void *allocate(size_t n, size_t size)
{
	return or_exit(calloc(n ?: 1, size));
}

void *add_one(void **v, size_t *n, size_t *room, size_t size)
{
	if (*n == *room) {
		size_t more = *room ? 2 * *room : 64;

		*v = or_exit(reallocarray(*v, more, size));
		*room = more;
	}
	return memset((char *)*v + (*n)++ * size, 0, size);
}

struct tunnel *tunnels_add(struct tunnels *ts)
{
	return ADD_ONE(ts);
}

struct prefix *prefixes_add(struct prefixes *ps)
{
	return ADD_ONE(ps);
}

struct clamp *clamps_add(struct clamps *cs)
{
	return ADD_ONE(cs);
}

void clamp_free(struct clamp *c)
{
	free(c->src.v);
	free(c->dst.v);
	memset(c, 0, sizeof(*c));
}

void clamps_clear(struct clamps *cs)
{
	while (cs->n)
		clamp_free(&cs->v[--cs->n]);
}

void clamps_free(struct clamps *cs)
{
	clamps_clear(cs);
	free(cs->v);
	memset(cs, 0, sizeof(*cs));
}

struct filter *filters_add(struct filters *fs)
{
	return ADD_ONE(fs);
}

void filter_free(struct filter *f)
{
	for (size_t i = 0; i < FILTER_LISTS; i++)
		free(f->lists[i].v);
	memset(f, 0, sizeof(*f));
}

void filters_clear(struct filters *fs)
{
	while (fs->n)
		filter_free(&fs->v[--fs->n]);
}

void filters_free(struct filters *fs)
{
	filters_clear(fs);
	free(fs->v);
	memset(fs, 0, sizeof(*fs));
}

static int find_filter(const void *key, const void *element)
{
	const struct filter *f = element;

	return strcmp(key, f->ifname);
}

const struct filter *filters_find(const struct filters *fs, const char *ifname)
{
	return fs->n ? bsearch(ifname, fs->v, fs->n, sizeof(*fs->v),
			       find_filter) : NULL;
}

static int find_tunnel(const void *key, const void *element)
{
	const struct tunnel *t = element;

	return compare_numbers(*(const uint32_t *)key, t->ifindex);
}

const struct tunnel *tunnels_find(const struct tunnels *ts, uint32_t ifindex)
{
	return ts->n ? bsearch(&ifindex, ts->v, ts->n, sizeof(*ts->v),
			       find_tunnel) : NULL;
}

void tunnels_free(struct tunnels *ts)
{
	free(ts->v);
	memset(ts, 0, sizeof(*ts));
}

const struct tunnel **tunnels_sorted(const struct tunnels *ts,
				     int (*compare)(const void *,
						    const void *))
{
	const struct tunnel **v = allocate(ts->n, sizeof(*v));

	for (size_t i = 0; i < ts->n; i++)
		v[i] = &ts->v[i];
	qsort(v, ts->n, sizeof(*v), compare);
	return v;
}

struct health *healths_add(struct healths *hs)
{
	return ADD_ONE(hs);
}

struct steer *steers_add(struct steers *ss)
{
	return ADD_ONE(ss);
}

void healths_free(struct healths *hs)
{
	free(hs->v);
	memset(hs, 0, sizeof(*hs));
}

static int compare_healths(const void *a, const void *b)
{
	const struct health *x = a, *y = b;

	return strcmp(x->ifname, y->ifname);
}

const struct health *healths_find(const struct healths *hs, const char *ifname)
{
	struct health key;

	strcpy(key.ifname, ifname);
	return hs->n ? bsearch(&key, hs->v, hs->n, sizeof(*hs->v),
			       compare_healths) : NULL;
}

static int compare_steers(const void *a, const void *b)
{
	const struct steer *x = a, *y = b;

	return strcmp(x->ifname, y->ifname);
}

const struct steer *steers_find(const struct steers *ss, const char *ifname)
{
	struct steer key;

	strcpy(key.ifname, ifname);
	return ss->n ? bsearch(&key, ss->v, ss->n, sizeof(*ss->v),
			       compare_steers) : NULL;
}

struct route *routes_add(struct routes *rs)
{
	return ADD_ONE(rs);
}

void routes_clear(struct routes *rs)
{
	for (size_t i = 0; i < rs->n; i++)
		for (size_t j = 0; j < STEER_METRICS; j++)
			free(rs->v[i].found[j]);
	rs->n = 0;
}

void routes_free(struct routes *rs)
{
	routes_clear(rs);
	free(rs->v);
	memset(rs, 0, sizeof(*rs));
}

/* Configurations */

static int compare_tunnels(const void *a, const void *b)
{
	const struct tunnel *x = a, *y = b;

	return strcmp(x->ifname, y->ifname);
}

static int compare_clamps(const void *a, const void *b)
{
	const struct clamp *x = a, *y = b;

	return strcmp(x->ifname, y->ifname);
}

static int compare_filters(const void *a, const void *b)
{
	const struct filter *x = a;

	return find_filter(x->ifname, b);
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	return (x->addr.len - y->addr.len) ?:
	       memcmp(x->addr.bytes, y->addr.bytes, sizeof(x->addr.bytes)) ?:
	       x->len - y->len;
}

static void sort_prefixes(struct prefixes *ps)
{
	size_t left = 0;

	if (ps->n)
		qsort(ps->v, ps->n, sizeof(*ps->v), compare_prefixes);
	for (size_t i = 0; i < ps->n; i++)
		if (!i || compare_prefixes(&ps->v[i], &ps->v[left - 1]))
			ps->v[left++] = ps->v[i];
	ps->n = left;
	ps->any = !left;
}

void config_sort(struct config *config)
{
	struct tunnels *ts = &config->tunnels;
	struct filters *fs = &config->filters;
	struct clamps *cs = &config->clamps;

	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].mtu_auto)
			ts->v[i].mtu = 0;
	for (size_t i = 0; i < fs->n; i++)
		for (size_t j = 0; j < FILTER_LISTS; j++)
			sort_prefixes(&fs->v[i].lists[j]);
	for (size_t i = 0; i < cs->n; i++) {
		sort_prefixes(&cs->v[i].src);
		sort_prefixes(&cs->v[i].dst);
	}
	if (ts->n)
		qsort(ts->v, ts->n, sizeof(*ts->v), compare_tunnels);
	if (fs->n)
		qsort(fs->v, fs->n, sizeof(*fs->v), compare_filters);
	if (cs->n)
		qsort(cs->v, cs->n, sizeof(*cs->v), compare_clamps);
	if (config->healths.n)
		qsort(config->healths.v, config->healths.n,
		      sizeof(*config->healths.v), compare_healths);
	if (config->steers.n)
		qsort(config->steers.v, config->steers.n,
		      sizeof(*config->steers.v), compare_steers);
}

void config_free(struct config *config)
{
	tunnels_free(&config->tunnels);
	filters_free(&config->filters);
	clamps_free(&config->clamps);
	memset(&config->netns, 0, sizeof(config->netns));
	healths_free(&config->healths);
	free(config->steers.v);
	memset(&config->steers, 0, sizeof(config->steers));
}

/* Events */

void event_free(struct event *event)
{
	clamp_free(&event->clamp);
	filter_free(&event->filter);
}
