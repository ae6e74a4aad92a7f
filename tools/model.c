// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum result refuse(struct error *err, enum result res, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return res;
}

/* Makes room for one more in an array, and clears it. */
static void *add_one(void **v, size_t *n, size_t *room, size_t size)
{
	if (*n == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *grown = reallocarray(*v, more, size);

		if (!grown) {
			perror("mtctl");
			exit(RES_REFUSED);
		}
		*v = grown;
		*room = more;
	}
	return memset((char *)*v + (*n)++ * size, 0, size);
}

#define ADD_ONE(array) \
	add_one((void **)&(array)->v, &(array)->n, &(array)->room, \
		sizeof(*(array)->v))

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

struct tunnel *tunnels_find(struct tunnels *ts, uint32_t ifindex)
{
	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].ifindex == ifindex)
			return &ts->v[i];
	return NULL;
}

void tunnels_remove(struct tunnels *ts, uint32_t ifindex)
{
	struct tunnel *t = tunnels_find(ts, ifindex);

	if (t)
		*t = ts->v[--ts->n];
}

void tunnels_free(struct tunnels *ts)
{
	free(ts->v);
	memset(ts, 0, sizeof(*ts));
}
