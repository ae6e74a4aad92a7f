/* SPDX-License-Identifier: GPL-2.0 */
/* Objects to text for people, or to JSON. */
#ifndef MTCTL_PRINT_H
#define MTCTL_PRINT_H

#include "model.h"

void print_blocks(const struct tunnels *ts, const struct options *opt);
void print_table(const struct tunnels *ts, const struct options *opt);

void print_clamps(const struct clamps *cs, const struct options *opt);

void print_netns(const struct netns *n, const struct options *opt);

/*
 * One line. was is the tunnel as last seen, or NULL; what differs between the
 * two is told for EVENT_SET.
 */
void print_event(const struct event *event, const struct tunnel *was,
		 const struct options *opt);

#endif /* MTCTL_PRINT_H */
