/* SPDX-License-Identifier: GPL-2.0 */
/* Filters in the syntax of libpcap (pcap-filter(7)), on inner packets. */
#ifndef MTCTL_FILTER_H
#define MTCTL_FILTER_H

#include "model.h"

struct filter;

/* Of words; NULL if there are none. On failure err says what is wrong. */
enum result filter_new(int argc, char **argv, struct filter **f,
		       struct error *err);
void filter_free(struct filter *f);

/* Everything passes where there is no filter. */
bool filter_passes(const struct filter *f, const struct sample *s);

#endif /* MTCTL_FILTER_H */
