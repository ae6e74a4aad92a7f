/* SPDX-License-Identifier: GPL-2.0 */
/* The view of "mtctl top". */
#ifndef MTCTL_TOP_H
#define MTCTL_TOP_H

#include <stdio.h>

#include "rates.h"
#include "talkers.h"

struct top {
	double seconds;		/* of the last reading */
	struct rates rates;
	enum rates_by sort;
	bool talk;		/* talkers, and not tunnels */
	enum talkers_by by;
	struct talkers talkers;	/* of the last reading */
	uint64_t samples;
	uint64_t lost;		/* samples, since the beginning */
	bool paused;
	const char *filter;	/* "" for none */
	const char *note;	/* to be told, or "" */
};

/* At most so many lines; 0 for all. */
void print_top(FILE *to, const struct top *top, size_t lines);
void print_top_json(const struct top *top, const struct options *opt);

#endif /* MTCTL_TOP_H */
