// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "rates.h"

const char *const rates_by_names[RATE_MAX] = {
	[RATE_BITS] = "bits", [RATE_PACKETS] = "packets",
	[RATE_DROPS] = "drops", [RATE_NAME] = "name",
};

static uint64_t drops_of(const struct stats *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= MTUN_DROP_REASON_MAX; i++)
		sum += s->drops[i];
	return sum;
}

/* Counters only ever grow: if one is less, it is another tunnel's. */
static double per_second(uint64_t was, uint64_t is, double seconds)
{
	return is < was ? 0 : (is - was) / seconds;
}

static struct rate rate_of(const struct tunnel *was, const struct tunnel *is,
			   double seconds)
{
	const struct stats *old, *new = &is->stats;
	struct rate r = {
		.ifindex = is->ifindex, .up = is->if_flags & IFF_UP,
	};

	strcpy(r.ifname, is->ifname);
	if (!was)
		return r;
	old = &was->stats;
	for (size_t i = 0; i <= MTUN_DIRECTION_MAX; i++) {
		const struct count *a = &old->ways[i].all;
		const struct count *b = &new->ways[i].all;

		r.ways[i].bits = 8 * per_second(a->bytes, b->bytes, seconds);
		r.ways[i].packets = per_second(a->packets, b->packets,
					       seconds);
	}
	r.drops = per_second(drops_of(old), drops_of(new), seconds);
	return r;
}

static double bits_of(const struct rate *r)
{
	return r->ways[MTUN_DIRECTION_INGRESS].bits +
	       r->ways[MTUN_DIRECTION_EGRESS].bits;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;

	return compare_numbers(x->ifindex, y->ifindex);
}

/* old in the order of ifindex */
static void continue_history(struct rate *r, const struct rates *old)
{
	const struct rate *was = old->n ? bsearch(r, old->v, old->n,
						  sizeof(*old->v),
						  by_ifindex) : NULL;

	if (was)
		memcpy(r->history, was->history + 1,
		       (HISTORY - 1) * sizeof(*r->history));
	r->history[HISTORY - 1] = bits_of(r);
}

void rates_update(struct rates *rates, const struct tunnels *was,
		  const struct tunnels *is, double seconds)
{
	struct rates new = { allocate(is->n, sizeof(*new.v)), is->n };

	if (rates->n)
		qsort(rates->v, rates->n, sizeof(*rates->v), by_ifindex);
	for (size_t i = 0; i < is->n; i++) {
		new.v[i] = rate_of(tunnels_find(was, is->v[i].ifindex),
				   &is->v[i], seconds);
		continue_history(&new.v[i], rates);
	}
	rates_free(rates);
	*rates = new;
}

static int find_health(const void *key, const void *element)
{
	const struct health *h = element;

	return compare_numbers(*(const uint32_t *)key, h->ifindex);
}

void rates_set_health(struct rates *rates, const struct healths *healths)
{
	for (size_t i = 0; healths->n && i < rates->n; i++) {
		struct rate *r = &rates->v[i];
		const struct health *h = bsearch(&r->ifindex, healths->v,
						 healths->n, sizeof(*healths->v),
						 find_health);

		if (h && health_has(h, MTUN_A_HEALTH_STATE)) {
			r->watched = true;
			r->state = h->state;
		}
	}
}

static int by_name(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;

	return strcmp(x->ifname, y->ifname);
}

static int largest(double x, double y, const void *a, const void *b)
{
	return x == y ? by_name(a, b) : x < y ? 1 : -1;
}

static int by_bits(const void *a, const void *b)
{
	return largest(bits_of(a), bits_of(b), a, b);
}

static double packets_of(const struct rate *r)
{
	return r->ways[MTUN_DIRECTION_INGRESS].packets +
	       r->ways[MTUN_DIRECTION_EGRESS].packets;
}

static int by_packets(const void *a, const void *b)
{
	return largest(packets_of(a), packets_of(b), a, b);
}

static int by_drops(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;

	return largest(x->drops, y->drops, a, b);
}

void rates_sort(struct rates *rates, enum rates_by by)
{
	static int (*const order[RATE_MAX])(const void *, const void *) = {
		[RATE_BITS] = by_bits, [RATE_PACKETS] = by_packets,
		[RATE_DROPS] = by_drops, [RATE_NAME] = by_name,
	};

	qsort(rates->v, rates->n, sizeof(*rates->v), order[by]);
}

void rates_free(struct rates *rates)
{
	free(rates->v);
	memset(rates, 0, sizeof(*rates));
}
