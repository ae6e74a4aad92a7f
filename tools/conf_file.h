/* SPDX-License-Identifier: GPL-2.0 */
/* A configuration file to the tunnels and clamps that it describes. */
#ifndef MTCTL_CONF_FILE_H
#define MTCTL_CONF_FILE_H

#include "model.h"
#include "tree.h"

/*
 * A file's bytes to what it describes, sorted by name and with all that it leaves
 * out at its default. What has no complaints is what the kernel takes, unless
 * something else of the system is in the way.
 */
void conf_parse(const void *bytes, size_t len, struct config *config,
		struct complaints *complaints);

/* Reads a file, or the standard input if it is "-". */
enum result conf_read(const char *name, struct config *config,
		      struct complaints *complaints, struct error *err);

#endif /* MTCTL_CONF_FILE_H */
