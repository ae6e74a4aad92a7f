// SPDX-License-Identifier: GPL-2.0
/*
 * A sample counts for one vector and one destination, in the quarter of a second
 * in which it was taken. What comes in and what goes out is counted apart, and the
 * larger one matters: a packet may come by one tunnel and leave by another one. An
 * attack begins when the last four quarters have more than the limit, and more than
 * half of it however lucky the samples are. It ends when they have had less than half
 * for a while.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "detect.h"
#include "hash.h"
#include "names.h"

#define SECOND		1000000000ull
#define QUARTERS	4
#define QUARTER		(SECOND / QUARTERS)
#define RING		(QUARTERS + 1)	/* and the one that has just begun */
#define WAYS		2		/* in and out */
#define QUIET_AFTER	(5 * SECOND)

#define MAX_TARGETS	65536

const struct name vector_names[VECTOR_MAX] = {
	[SYN_FLOOD] = { "syn-flood", "TCP connection requests" },
	[UDP_FLOOD] = { "udp-flood", "UDP, other than amplification" },
	[ICMP_FLOOD] = { "icmp-flood", "ICMP and ICMPv6" },
	[AMPLIFICATION] = {
		"amplification",
		"UDP from services that answer small requests with much"
	},
	[FRAGMENT_FLOOD] = { "fragment-flood", "fragments" },
	[SPOOF] = { "spoof", "packets that an address filter has dropped" },
};

const struct detection detection_defaults = {
	.limits = {
		[SYN_FLOOD] = 10000, [UDP_FLOOD] = 50000, [ICMP_FLOOD] = 10000,
		[AMPLIFICATION] = 10000, [FRAGMENT_FLOOD] = 10000,
		[SPOOF] = 1000,
	},
	.prefix4 = 32,
	.prefix6 = 64,
};

/* Source ports, as assigned by IANA or in use */
static const struct service {
	uint16_t port;
	const char *name;
} services[] = {
	{ 17, "qotd" }, { 19, "chargen" }, { 53, "dns" }, { 69, "tftp" },
	{ 111, "portmap" }, { 123, "ntp" }, { 137, "netbios" },
	{ 161, "snmp" }, { 177, "xdmcp" }, { 389, "cldap" }, { 427, "slp" },
	{ 520, "rip" }, { 623, "ipmi" }, { 1434, "mssql" }, { 1900, "ssdp" },
	{ 3283, "ard" }, { 3389, "rdp" }, { 3702, "ws-discovery" },
	{ 5093, "sentinel" }, { 5353, "mdns" }, { 5683, "coap" },
	{ 10001, "ubiquiti" }, { 11211, "memcached" }, { 27015, "steam" },
	{ 37810, "dvr" },
};

struct bucket {
	uint64_t samples;
	double packets;
	double bits;
};

/* What comes to a destination by a vector */
struct target {
	struct attack attack;
	bool active;
	uint64_t busy;		/* when it last had more than half of the limit */
	uint64_t newest;	/* quarter of a second */
	struct bucket quarters[RING][WAYS];	/* by number, modulo */
};

struct detector {
	struct detection conf;
	attack_fn fn;
	void *data;
	struct target **slots;
	size_t n_slots;
	size_t n;
	bool live;
	uint64_t now;		/* by a clock of ours, which nobody sets */
	uint64_t offset;	/* of the clock of the samples from ours */
	uint64_t odd;		/* the latest time, if it was far from now */
	uint64_t looked;	/* quarter */
};

struct detector *detector_new(const struct detection *conf, bool live,
			      attack_fn fn, void *data)
{
	struct detector *d = allocate(1, sizeof(*d));

	d->conf = *conf;
	d->live = live;
	d->odd = UINT64_MAX;
	d->fn = fn;
	d->data = data;
	d->n_slots = 2 * MAX_TARGETS;
	d->slots = allocate(d->n_slots, sizeof(*d->slots));
	return d;
}

void detector_free(struct detector *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_slots; i++)
		free(d->slots[i]);
	free(d->slots);
	free(d);
}

/* What a packet may be a part of */

static const char *service_of(const struct packet *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (p->has_ports && services[i].port == p->sport)
			return services[i].name;
	return NULL;
}

/* By name: modules that have no address filter have no such reasons. */
static bool is_spoofed(const struct sample *s)
{
	const char *name = enum_name(drop_reason_names, s->reason);

	return s->reason && name && (!strcmp(name, "rx-filter") ||
				     !strcmp(name, "tx-filter"));
}

static bool vector_of(const struct sample *s, const struct packet *p,
		      struct attack *a)
{
	if (is_spoofed(s)) {
		a->vector = SPOOF;
		return true;
	}
	if (p->fragment) {
		a->vector = FRAGMENT_FLOOD;
		return true;
	}
	switch (p->protocol) {
	case IPPROTO_TCP:
		a->vector = SYN_FLOOD;
		return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	case IPPROTO_UDP:
		a->service = service_of(p);
		a->vector = a->service ? AMPLIFICATION : UDP_FLOOD;
		return true;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		a->vector = ICMP_FLOOD;
		return true;
	default:
		return false;
	}
}

static struct prefix masked(const struct detection *conf,
			    const struct addr *addr)
{
	struct prefix p = { .addr = *addr };

	p.len = addr->len == 4 ? conf->prefix4 : conf->prefix6;
	for (size_t bit = p.len; bit < 8u * addr->len; bit++)
		p.addr.bytes[bit / 8] &= ~(0x80 >> bit % 8);
	return p;
}

/* Targets */

static bool same(const struct attack *a, const struct attack *b)
{
	return a->vector == b->vector && a->service == b->service &&
	       a->to.addr.len == b->to.addr.len &&
	       !memcmp(a->to.addr.bytes, b->to.addr.bytes,
		       sizeof(a->to.addr.bytes));
}

static struct target **find_slot(struct detector *d, const struct attack *a)
{
	uint8_t key[1 + sizeof(a->to.addr.bytes)] = { a->vector };
	size_t i;

	memcpy(key + 1, a->to.addr.bytes, a->to.addr.len);
	i = hash(key, 1 + a->to.addr.len) % d->n_slots;
	while (d->slots[i] && !same(&d->slots[i]->attack, a))
		i = (i + 1) % d->n_slots;
	return &d->slots[i];
}

/* Quarters that have passed are empty. */
static void advance(struct target *t, uint64_t quarter)
{
	if (quarter >= t->newest + RING)
		memset(t->quarters, 0, sizeof(t->quarters));
	else
		for (uint64_t q = t->newest + 1; q <= quarter; q++)
			memset(&t->quarters[q % RING], 0,
			       sizeof(t->quarters[0]));
	if (quarter > t->newest)
		t->newest = quarter;
}

static struct bucket last_second(const struct target *t)
{
	struct bucket sums[WAYS] = { 0 };

	for (size_t i = 0; i < RING * WAYS; i++) {
		const struct bucket *b = &t->quarters[i / WAYS][i % WAYS];
		struct bucket *sum = &sums[i % WAYS];

		sum->samples += b->samples;
		sum->packets += b->packets;
		sum->bits += b->bits;
	}
	return sums[sums[1].packets > sums[0].packets];
}

/* What there is at the least: three standard errors less than it seems */
static double surely(const struct bucket *b)
{
	return b->samples ? b->packets * (1 - 3 / sqrt(b->samples)) : 0;
}

static void tell(const struct detector *d, struct attack a)
{
	a.start += d->offset;
	if (a.end)
		a.end += d->offset;
	d->fn(&a, d->data);
}

/* Begins or ends an attack. */
static void judge(struct detector *d, struct target *t)
{
	struct bucket second = last_second(t);
	uint32_t limit = d->conf.limits[t->attack.vector];
	struct attack *a = &t->attack;

	if (!limit)
		return;
	if (2 * second.packets >= limit)
		t->busy = d->now;
	if (!t->active && second.packets >= limit &&
	    2 * surely(&second) >= limit) {
		t->active = true;
		a->start = d->now;
		a->end = 0;
		a->peak_packets = second.packets;
		a->peak_bits = second.bits;
		tell(d, *a);
	}
	if (!t->active)
		return;
	if (second.packets > a->peak_packets)
		a->peak_packets = second.packets;
	if (second.bits > a->peak_bits)
		a->peak_bits = second.bits;
	if (d->now >= t->busy + QUIET_AFTER) {
		t->active = false;
		a->end = t->busy;
		tell(d, *a);
	}
}

/* Forgets what was quiet for a second, and puts the others where they belong. */
static void sweep(struct detector *d)
{
	struct target **old = d->slots;

	d->slots = allocate(d->n_slots, sizeof(*d->slots));
	d->n = 0;
	for (size_t i = 0; i < d->n_slots; i++) {
		struct target *t = old[i];

		if (!t)
			continue;
		advance(t, d->now / QUARTER);
		judge(d, t);
		if (!t->active && !last_second(t).samples) {
			free(t);
			continue;
		}
		*find_slot(d, &t->attack) = t;
		d->n++;
	}
	free(old);
}

static bool is_far(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) > QUIET_AFTER;
}

/*
 * False for a time that is far from the last one, and alone. If the next one is not
 * before it, the clock was set and ours goes on, or it was quiet for a while. From a
 * recording these look the same, if it is forward: then it was quiet.
 */
static bool set_time(struct detector *d, uint64_t now)
{
	uint64_t last;

	if (!d->now) {	/* then none that is not far is below 0 */
		d->now = QUIET_AFTER;
		d->offset = now - d->now;
	}
	last = d->now + d->offset;
	if (is_far(now, last)) {
		if (now < d->odd) {
			d->odd = now;
			return false;
		}
		if (now < last || d->live)
			d->offset += now - last;
	}
	d->odd = UINT64_MAX;
	if (now - d->offset > d->now)
		d->now = now - d->offset;
	if (d->now / QUARTER != d->looked) {
		d->looked = d->now / QUARTER;
		sweep(d);
	}
	return true;
}

void detector_time(struct detector *d, uint64_t now)
{
	set_time(d, now);
}

void detector_sample(struct detector *d, const struct sample *s)
{
	struct packet p = packet_parse(s->data, s->data_len);
	struct target **slot, *t;
	struct attack a = { 0 };
	struct bucket *b;
	uint64_t quarter;

	if (!set_time(d, s->time) || !p.version || !vector_of(s, &p, &a))
		return;
	quarter = (s->time - d->offset) / QUARTER;
	a.to = masked(&d->conf, &p.dst);
	slot = find_slot(d, &a);
	t = *slot;
	if (!t) {
		if (d->n == MAX_TARGETS)
			return;
		*slot = t = allocate(1, sizeof(*t));
		t->attack = a;
		t->newest = quarter;
		d->n++;
	}
	advance(t, quarter);
	if (quarter + RING <= t->newest)
		return;		/* late by a second: from a CPU that was busy */
	b = &t->quarters[quarter % RING][s->direction == MTUN_DIRECTION_EGRESS];
	b->samples += s->packets;
	b->packets += (double)s->packets * s->interval;
	b->bits += 8.0 * s->packets * s->interval * s->length;
	t->attack.ifindex = s->ifindex;
}
