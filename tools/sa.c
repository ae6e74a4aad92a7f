// SPDX-License-Identifier: GPL-2.0
#include "sa.h"

#include <stdlib.h>
#include <string.h>

const char *const sa_state_names[] = {
	[SA_NONE]	 = "none",
	[SA_NEGOTIATING] = "negotiating",
	[SA_ESTABLISHED] = "established",
	[SA_REKEYING]	 = "rekeying",
	[SA_ELSEWHERE]	 = "elsewhere",
};

bool wants_ipsec(const struct tunnel *t)
{
	return t->mode == MTUN_MODE_IPSEC || t->ipsec == MTUN_IPSEC_REQUIRED;
}

/* Not of struct addr as a whole: it has room behind an IPv4 address. */
static int compare_addrs(const struct addr *a, const struct addr *b)
{
	return compare_numbers(a->len, b->len) ?:
	       memcmp(a->bytes, b->bytes, a->len);
}

static int compare(const void *a, const void *b)
{
	const struct sa *x = a, *y = b;

	return compare_numbers(x->tunnel_mode, y->tunnel_mode) ?:
	       compare_numbers(x->if_id, y->if_id) ?:
	       compare_addrs(&x->src, &y->src) ?:
	       compare_addrs(&x->dst, &y->dst);
}

/* Of those that stand for the same, the older one first */
static int compare_all(const void *a, const void *b)
{
	const struct sa *x = a, *y = b;

	return compare(a, b) ?: compare_numbers(x->added, y->added) ?:
	       compare_numbers(x->spi, y->spi);
}

void sas_free(struct sas *sas)
{
	free(sas->v);
	*sas = (struct sas) { 0 };
}

void sas_sort(struct sas *sas)
{
	if (sas->n)
		qsort(sas->v, sas->n, sizeof(*sas->v), compare_all);
}

const struct sa *sas_find(const struct sas *sas, const struct tunnel *t,
			  enum mtun_direction direction, size_t *n)
{
	bool out = direction == MTUN_DIRECTION_EGRESS;
	const struct sa key = {
		.src = out ? t->local : t->remote,
		.dst = out ? t->remote : t->local,
		.tunnel_mode = t->mode == MTUN_MODE_IPSEC,
		.if_id = t->if_id,
	};
	size_t from = 0, to = sas->n;

	*n = 0;
	/* Those that are here, with its addresses, are of somebody else. */
	if (tunnel_is_moved(t))
		return NULL;
	while (from < to) {
		size_t middle = (from + to) / 2;

		if (compare(&sas->v[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from + *n < sas->n; ++*n)
		if (compare(&sas->v[from + *n], &key))
			break;
	return sas->v + from;
}

const struct sa *sas_newest(const struct sas *sas, const struct tunnel *t,
			    enum mtun_direction direction)
{
	const struct sa *newest = NULL, *sa;
	size_t n;

	sa = sas_find(sas, t, direction, &n);
	for (size_t i = 0; i < n; i++)
		if (sa[i].keyed && (!newest || sa[i].added >= newest->added))
			newest = &sa[i];
	return newest;
}

enum sa_state sas_state(const struct sas *sas, const struct tunnel *t)
{
	size_t in, out;

	if (tunnel_is_moved(t))
		return SA_ELSEWHERE;
	sas_find(sas, t, MTUN_DIRECTION_INGRESS, &in);
	sas_find(sas, t, MTUN_DIRECTION_EGRESS, &out);
	if (!in && !out)
		return SA_NONE;
	if (!sas_newest(sas, t, MTUN_DIRECTION_INGRESS) ||
	    !sas_newest(sas, t, MTUN_DIRECTION_EGRESS))
		return SA_NEGOTIATING;
	return in > 1 || out > 1 ? SA_REKEYING : SA_ESTABLISHED;
}
