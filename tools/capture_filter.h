/* SPDX-License-Identifier: GPL-2.0 */
/* Filters in the syntax of libpcap (pcap-filter(7)), on inner packets. */
#ifndef MTCTL_CAPTURE_FILTER_H
#define MTCTL_CAPTURE_FILTER_H

#include "model.h"

struct capture_filter;

/* Of words; NULL if there are none. On failure err says what is wrong. */
enum result capture_filter_new(int argc, char **argv, struct capture_filter **f,
		       struct error *err);
void capture_filter_free(struct capture_filter *f);

/* Everything passes where there is no filter. */
bool capture_filter_passes(const struct capture_filter *f, const struct sample *s);

#endif /* MTCTL_CAPTURE_FILTER_H */
