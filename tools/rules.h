/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel would say of a tunnel or a prefix: its own code, without it. */
#ifndef MTCTL_RULES_H
#define MTCTL_RULES_H

#include "model.h"

/* On failure attr is the attribute that is wrong or missing, err says why. */
bool rules_tunnel(const struct tunnel *t, uint16_t *attr, struct error *err);

/* The same of the mode that one that is there shall have. */
bool rules_mode(const struct tunnel *was, const struct tunnel *is,
		struct error *err);

/* The same of the health of a tunnel that is right; attr is of its own. */
bool rules_health(const struct tunnel *t, const struct health *h,
		  uint16_t *attr, struct error *err);

/* NULL, or what is wrong, a text that begins with "prefix". */
const char *rules_prefix(const struct prefix *prefix);

/*
 * Orders tunnels by what tells their packets from those of others; 0 if nothing
 * does, which the kernel refuses.
 */
int rules_compare(const struct tunnel *a, const struct tunnel *b);

#endif /* MTCTL_RULES_H */
