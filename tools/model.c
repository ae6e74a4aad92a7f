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

struct tunnel *tunnels_add(struct tunnels *ts)
{
	if (ts->n == ts->room) {
		size_t room = ts->room ? 2 * ts->room : 64;
		struct tunnel *v = reallocarray(ts->v, room, sizeof(*v));

		if (!v) {
			perror("mtctl");
			exit(RES_REFUSED);
		}
		ts->v = v;
		ts->room = room;
	}
	return memset(&ts->v[ts->n++], 0, sizeof(*ts->v));
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
