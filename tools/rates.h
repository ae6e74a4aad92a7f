/* SPDX-License-Identifier: GPL-2.0 */
/* What tunnels carry a second, from two readings of their counters. Pure. */
#ifndef MTCTL_RATES_H
#define MTCTL_RATES_H

#include "model.h"

#define HISTORY	16	/* readings that a sparkline shows */

struct rate {
	char ifname[IFNAMSIZ];
	uint32_t ifindex;
	bool up;
	bool watched;		/* if so there is a state */
	uint8_t state;		/* MTUN_HEALTH_STATE_x */
	struct {
		double bits;
		double packets;
	} ways[MTUN_DIRECTION_MAX + 1];
	double drops;
	double history[HISTORY];	/* bits of both ways, the last is the latest */
};

struct rates {
	struct rate *v;
	size_t n;
};

enum rates_by { RATE_BITS, RATE_PACKETS, RATE_DROPS, RATE_NAME, RATE_MAX };

extern const char *const rates_by_names[RATE_MAX];

/*
 * From was to is, both as they were dumped, in so many seconds. A tunnel that was not
 * there has no rate yet: it may be new, or come from another namespace. History goes
 * on from rates, which is replaced.
 */
void rates_update(struct rates *rates, const struct tunnels *was,
		  const struct tunnels *is, double seconds);

/* What is known of their health: as it was dumped, in the order of ifindex */
void rates_set_health(struct rates *rates, const struct healths *healths);

void rates_sort(struct rates *rates, enum rates_by by);
void rates_free(struct rates *rates);

#endif /* MTCTL_RATES_H */
