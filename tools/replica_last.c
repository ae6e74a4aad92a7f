// SPDX-License-Identifier: GPL-2.0
/*
 * Which block was taken last, of each tunnel: a file with lines "NAME BOOT NS SINCE". What
 * ssh carried may come late, when a connection that was thought dead delivers what it had:
 * states that were deleted since would be there again, and the present ones gone, until
 * something changes again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replica.h"

struct last {
	char ifname[IFNAMSIZ];
	struct replica_made made;
	__u64 since;
};

struct lasts {
	struct last *v;
	size_t n;
	size_t room;
};

static struct last *find(const struct lasts *ls, const char *ifname)
{
	for (size_t i = 0; i < ls->n; i++)
		if (!strcmp(ls->v[i].ifname, ifname))
			return &ls->v[i];
	return NULL;
}

/* A line that is none is forgotten: root alone can have written it. */
static bool read_lasts(int fd, struct lasts *ls)
{
	char line[128];
	struct last l, *new;
	FILE *f;

	if (lseek(fd, 0, SEEK_SET))
		return false;
	fd = dup(fd);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%15s %36s %llu %llu", l.ifname, l.made.boot,
			   &l.made.ns, &l.since) != 4)
			continue;
		new = ADD_ONE(ls);
		*new = l;
	}
	fclose(f);
	return true;
}

static bool write_lasts(int fd, const struct lasts *ls)
{
	char *text = NULL;
	size_t size;
	bool good;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		return false;
	for (size_t i = 0; i < ls->n; i++)
		fprintf(f, "%s %s %llu %llu\n", ls->v[i].ifname,
			ls->v[i].made.boot, ls->v[i].made.ns, ls->v[i].since);
	good = !fclose(f) && pwrite(fd, text, size, 0) == (ssize_t)size &&
	       !ftruncate(fd, size);
	free(text);
	return good;
}

/*
 * Clocks of two boots, or machines, have nothing to do with each other. But who has taken
 * over from somebody came later.
 */
static bool is_late(const struct replica_made *made, __u64 since, const struct last *l)
{
	return !strcmp(made->boot, l->made.boot) ? made->ns < l->made.ns :
						   since < l->since;
}

enum result replica_last(int fd, const struct replicas *rs, __u64 since,
			 struct error *err)
{
	enum result res = RES_OK;
	struct lasts ls = { 0 };
	struct last *l;

	if (!read_lasts(fd, &ls))
		goto out_errno;
	for (size_t i = 0; i < rs->n; i++) {
		l = find(&ls, rs->v[i].ifname);
		if (l && is_late(&rs->made, since, l)) {
			res = refuse(err, RES_REFUSED,
				     "%s: a later block than this one has come already; nothing was changed (to have it in spite of that, remove /run/mtun/replicate-*)",
				     l->ifname);
			goto out;
		}
		if (!l) {
			l = ADD_ONE(&ls);
			strcpy(l->ifname, rs->v[i].ifname);
		}
		l->made = rs->made;
		l->since = since;
	}
	if (write_lasts(fd, &ls))
		goto out;
out_errno:
	res = refuse(err, RES_REFUSED,
		     "cannot note which block came last: %s; nothing was changed",
		     strerror(errno));
out:
	free(ls.v);
	return res;
}
