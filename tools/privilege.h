/* SPDX-License-Identifier: GPL-2.0 */
/* What mtctl may do, and whose files it believes. */
#ifndef MTCTL_PRIVILEGE_H
#define MTCTL_PRIVILEGE_H

#include <stdio.h>

#include "model.h"

/*
 * Gives up, for good, whatever configuring a network does not need. What remains is
 * CAP_NET_ADMIN, and access to the files that the user named, if they were there.
 */
enum result drop_privileges(struct error *err);

/*
 * A file that says what is to be done, or the standard input if it is "-": one that
 * anybody may write to is refused. NULL on an error.
 */
FILE *open_orders(const char *name, struct error *err);

#endif /* MTCTL_PRIVILEGE_H */
