/* SPDX-License-Identifier: GPL-2.0 */
/* Attacks, told from samples. Pure: time comes with the samples. */
#ifndef MTCTL_DETECT_H
#define MTCTL_DETECT_H

#include "args.h"
#include "packet.h"

/* Their names, and the words of their thresholds */
extern const struct name vector_names[VECTOR_MAX];

extern const struct detection detection_defaults;

struct attack {
	enum vector vector;
	const char *service;	/* of an amplification: "dns"; else NULL */
	struct prefix to;
	uint32_t ifindex;	/* the tunnel of its latest sample */
	uint64_t start;		/* nanoseconds since 1970, and so are all */
	uint64_t end;		/* 0 as long as it goes on */
	double peak_packets;	/* a second */
	double peak_bits;
};

/* Called when one begins, with no end, and when it has ended. */
typedef void (*attack_fn)(const struct attack *a, void *data);

struct detector;

extern const struct kind detection_kind;	/* struct detection */

/*
 * Live, the time is told also when there are no samples. Attacks go on when the clock
 * is set, and have their times by the new one.
 */
struct detector *detector_new(const struct detection *conf, bool live,
			      attack_fn fn, void *data);
void detector_free(struct detector *d);

void detector_sample(struct detector *d, const struct sample *s);

/* It is that time: to be told now and then where it is live. */
void detector_time(struct detector *d, uint64_t now);

#endif /* MTCTL_DETECT_H */
