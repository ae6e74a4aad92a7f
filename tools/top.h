/* SPDX-License-Identifier: GPL-2.0 */
/* The view of "mtctl top". */
#ifndef MTCTL_TOP_H
#define MTCTL_TOP_H

#include <stdio.h>

#include "rates.h"
#include "talkers.h"

/* What samples of a time have told */
struct gathered {
	struct talkers talkers;
	uint64_t samples;
	double since;
	double seconds;		/* when it has ended */
};

struct top {
	double seconds;		/* of the last reading of counters */
	struct rates rates;
	enum rates_by sort;
	bool talk;		/* talkers, and not tunnels */
	enum talkers_by by;
	struct gathered shown;
	uint64_t lost;		/* samples, since the beginning */
	bool paused;
	const char *filter;	/* "" for none */
	const char *note;	/* to be told, or "" */
};

/* At most so many lines; 0 for all. */
void print_top(FILE *to, const struct top *top, size_t lines);
void print_top_json(const struct top *top, const struct options *opt);

#endif /* MTCTL_TOP_H */
