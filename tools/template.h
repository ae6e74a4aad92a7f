/* SPDX-License-Identifier: GPL-2.0 */
/* What routers have to be told for a tunnel in IPsec. */
#ifndef MTCTL_TEMPLATE_H
#define MTCTL_TEMPLATE_H

#include <stdio.h>

#include "model.h"

/* Who is to be told: this end, or the other one, which may be of some make */
enum peer {
	PEER_NONE,
	PEER_MTUN,
	PEER_LINUX,
	PEER_IOS_XE,
	PEER_JUNOS,
};

enum result template_peer(const char *word, enum peer *peer, struct error *err);

/* Packets that may be late; 0 switches the protection from replay off */
#define REPLAY_DEFAULT	64
#define REPLAY_MAX	4096
#define REPLAY_AUTO	UINT32_MAX	/* off for anycast */

/*
 * t as the kernel has it; nat is what its local address is to the other end, or NULL.
 * Fails before it writes.
 */
enum result template_write(FILE *f, const struct tunnel *t, enum peer who,
			   uint32_t replay, const struct addr *nat,
			   struct error *err);

#endif /* MTCTL_TEMPLATE_H */
