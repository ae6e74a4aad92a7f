/* SPDX-License-Identifier: GPL-2.0 */
/* Words to values. Nothing here has a side effect. */
#ifndef MTCTL_ARGS_H
#define MTCTL_ARGS_H

#include "model.h"
#include "names.h"

bool parse_u32(const char *text, uint32_t *value);
bool parse_key(const char *text, uint32_t *key);
bool parse_addr(const char *text, struct addr *addr);

bool parse_on_off(const char *text, bool *on);

/* off, auto or a number of bytes; off only if may_be_off */
bool parse_mss_value(const char *text, bool may_be_off, uint16_t *mss);

/* A value of an enum of the netlink spec, by its name */
bool parse_enum(const char *text, const struct name *names, size_t n,
		uint8_t *number);

/* ADDR/LEN, or ADDR for one address */
bool parse_prefix(const char *text, struct prefix *prefix);

/*
 * Finds text, or the one word that it abbreviates, in an array of structures
 * whose first member is the word (a const char *); an array ends with a NULL
 * word. On failure says so in err, with the candidates.
 */
const void *pick(const void *table, size_t size, const char *what,
		 const char *text, struct error *err);

/* The word of such an array that looks most like text, or NULL. */
const char *closest(const void *table, size_t size, const char *text);

#define PICK(table, what, text, err) \
	((__typeof__(&(table)[0]))pick(table, sizeof((table)[0]), what, text, err))

#endif /* MTCTL_ARGS_H */
