// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "hash.h"
#include "talkers.h"

/* So many are told apart; forged sources would take all memory. */
#define MAX_TALKERS	65536

const struct name talkers_by_names[BY_MAX] = {
	[BY_SOURCE] = { "source", "source address" },
	[BY_DESTINATION] = { "destination", "destination address" },
	[BY_SOURCE_PORT] = { "source-port", "protocol and source port" },
	[BY_PORT] = { "port", "protocol and destination port" },
	[BY_PROTOCOL] = { "protocol", "IP version and protocol" },
	[BY_FLAGS] = { "flags", "TCP flags" },
	[BY_SIZE] = { "size", "packet size, a power of 2 or more" },
	[BY_REASON] = { "reason", "why packets are dropped" },
};

static bool port_key(const struct packet *p, uint16_t port, struct text *key)
{
	if (p->has_ports)
		snprintf(key->s, sizeof(key->s), "%.20s %u",
			 packet_protocol(p).s, port);
	return p->has_ports;
}

static struct text size_key(uint32_t length)
{
	unsigned int low = 1;
	struct text t;

	while (length / 2 >= low)
		low *= 2;
	snprintf(t.s, sizeof(t.s), "%u-%u", low, 2 * low - 1);
	return t;
}

bool talkers_key(enum talkers_by by, const struct sample *s,
		 const struct packet *p, struct text *key)
{
	if (by == BY_SIZE) {
		*key = size_key(s->length);
		return true;
	}
	if (by == BY_REASON) {
		*key = word_text(enum_name(drop_reason_names, s->reason));
		return s->reason;
	}
	if (!p->version)
		return false;
	switch (by) {
	case BY_SOURCE:
		*key = addr_text(&p->src);
		return true;
	case BY_DESTINATION:
		*key = addr_text(&p->dst);
		return true;
	case BY_SOURCE_PORT:
		return port_key(p, p->sport, key);
	case BY_PORT:
		return port_key(p, p->dport, key);
	case BY_PROTOCOL:
		snprintf(key->s, sizeof(key->s), "IPv%u %.20s", p->version,
			 packet_protocol(p).s);
		return true;
	case BY_FLAGS:
		*key = packet_flags(p);
		return p->has_ports && p->protocol == IPPROTO_TCP;
	default:
		return false;
	}
}

static struct talker **find_slot(const struct talkers *ts, const char *key)
{
	size_t i = hash(key, strlen(key)) % ts->n_slots;

	while (ts->slots[i] && strcmp(ts->slots[i]->key.s, key))
		i = (i + 1) % ts->n_slots;
	return &ts->slots[i];
}

static void grow(struct talkers *ts)
{
	struct talkers old = *ts;

	if (2 * ts->n < ts->n_slots)
		return;
	ts->n_slots = old.n_slots ? 2 * old.n_slots : 256;
	ts->slots = allocate(ts->n_slots, sizeof(*ts->slots));
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i])
			*find_slot(ts, old.slots[i]->key.s) = old.slots[i];
	free(old.slots);
}

void talkers_add(struct talkers *ts, const struct text *key,
		 const struct sample *s)
{
	double packets = (double)s->packets * s->interval;
	double one = (double)s->length * s->interval;
	struct talker **slot, *t;

	grow(ts);
	slot = find_slot(ts, key->s);
	t = *slot;
	if (!t && ts->n == MAX_TALKERS) {
		t = &ts->rest;
	} else if (!t) {
		*slot = t = allocate(1, sizeof(*t));
		t->key = *key;
		ts->n++;
	}
	t->samples += s->packets;
	t->packets += packets;
	t->bytes += s->packets * one;
	t->squares += s->packets * one * one;
}

static int compare(const void *a, const void *b)
{
	const struct talker *x = *(const struct talker *const *)a;
	const struct talker *y = *(const struct talker *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->key.s, y->key.s);
}

const struct talker **talkers_sorted(const struct talkers *ts)
{
	const struct talker **v = allocate(ts->n, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < ts->n_slots; i++)
		if (ts->slots[i])
			v[n++] = ts->slots[i];
	qsort(v, n, sizeof(*v), compare);
	return v;
}

double talker_error(const struct talker *t)
{
	return t->bytes > 0 ? 196 * sqrt(t->squares) / t->bytes : 0;
}

void talkers_clear(struct talkers *ts)
{
	for (size_t i = 0; i < ts->n_slots; i++) {
		free(ts->slots[i]);
		ts->slots[i] = NULL;
	}
	ts->n = 0;
	memset(&ts->rest, 0, sizeof(ts->rest));
}

void talkers_free(struct talkers *ts)
{
	talkers_clear(ts);
	free(ts->slots);
	memset(ts, 0, sizeof(*ts));
}
