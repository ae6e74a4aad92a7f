/* SPDX-License-Identifier: GPL-2.0 */
/* What several mtctl have to agree on in a network namespace: files in /run/mtun. */
#ifndef MTCTL_NETNS_FILE_H
#define MTCTL_NETNS_FILE_H

#include "model.h"

/*
 * Opens the file of that name of this network namespace, to be read, written and locked:
 * root alone can, so that nobody else can hold the lock. Who has CAP_NET_ADMIN alone goes
 * without what it is for, and is told so: then *fd is -1.
 */
enum result netns_file_open(const char *name, const char *what_for, int *fd,
			    struct error *err);

#endif /* MTCTL_NETNS_FILE_H */
