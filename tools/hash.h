/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where in a table something goes that others have chosen. Who does not know the seed
 * cannot choose what goes to one place (SipHash-2-4).
 */
#ifndef MTCTL_HASH_H
#define MTCTL_HASH_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t hash_seed[2];	/* 0 in tests */

uint64_t hash(const void *data, size_t len);

#endif /* MTCTL_HASH_H */
