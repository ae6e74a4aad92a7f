/* SPDX-License-Identifier: GPL-2.0 */
/* Samples as a pcapng file (draft-ietf-opsawg-pcapng). */
#ifndef MTCTL_PCAPNG_H
#define MTCTL_PCAPNG_H

#include <stdio.h>

#include "model.h"

struct pcapng {
	FILE *file;
	struct pcapng_interface {
		uint32_t ifindex;
		uint32_t number;	/* in the file */
	} *v;			/* each tunnel is one; in the order of ifindex */
	size_t n;
	size_t room;
};

/* Whole blocks are what is written to a file, whenever a signal ends us. */
void pcapng_begin(struct pcapng *p, FILE *file);

/* name is that of the sample's tunnel. */
void pcapng_write(struct pcapng *p, const struct sample *s, const char *name);
void pcapng_flush(FILE *file);
void pcapng_free(struct pcapng *p);

/*
 * Calls fn for each packet of a file, or of the standard input if its name is "-".
 * ifindex is then a number of the file's. Of a file that is damaged or cut short it has
 * called fn for what comes before, and fails.
 */
enum result pcapng_read(const char *name, sample_fn fn, void *data,
			struct error *err);

#endif /* MTCTL_PCAPNG_H */
