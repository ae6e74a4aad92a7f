/* SPDX-License-Identifier: GPL-2.0 */
/* Who sends and receives most, estimated from samples. Pure. */
#ifndef MTCTL_TALKERS_H
#define MTCTL_TALKERS_H

#include "args.h"
#include "packet.h"

enum talkers_by {
	BY_SOURCE, BY_DESTINATION, BY_SOURCE_PORT, BY_PORT, BY_PROTOCOL,
	BY_FLAGS, BY_SIZE, BY_REASON, BY_MAX,
};

/* Their names, as words */
extern const struct name talkers_by_names[BY_MAX];

struct talker {
	struct text key;
	uint64_t samples;
	double packets;		/* that the samples stand for */
	double bytes;
	double squares;		/* the sum of the squares of bytes of each */
};

struct talkers {
	struct talker **slots;	/* by a hash of the key */
	size_t n_slots;
	size_t n;
	struct talker rest;	/* of those that there was no place for; no key */
};

/* What a packet counts under, or false if it has nothing of the kind. */
bool talkers_key(enum talkers_by by, const struct sample *s,
		 const struct packet *p, struct text *key);

void talkers_add(struct talkers *ts, const struct text *key,
		 const struct sample *s);

/* Those with the most bytes first; to be freed. */
const struct talker **talkers_sorted(const struct talkers *ts);

/*
 * The relative error, in percent, that bytes has at most, 19 times of 20: samples
 * are chosen independently, or more evenly.
 */
double talker_error(const struct talker *t);

void talkers_clear(struct talkers *ts);
void talkers_free(struct talkers *ts);

#endif /* MTCTL_TALKERS_H */
