/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that show objects (print*.c) share. */
#ifndef MTCTL_PRINT_CORE_H
#define MTCTL_PRINT_CORE_H

#include <netinet/in.h>

#include <jansson.h>

#include "print.h"

/* A value as text */
struct text {
	char s[INET6_ADDRSTRLEN + 16];
};

struct text addr_text(const struct addr *addr);
struct text number_text(uint64_t v);
struct text word_text(const char *word);
struct text mss_text(uint16_t mss);

/* A newer module may have values that we have no name for. */
#define enum_name(names, value) \
	((value) < ARRAY_SIZE(names) ? (names)[value].name : "?")
#define enum_text(names, value)	word_text(enum_name(names, value))

/* Only for a person, and not for one who does not want it: else "". */
enum colour { PLAIN, BOLD, GREEN, RED, YELLOW };

const char *on(enum colour c);
const char *off(void);

json_t *number(uint64_t v);
json_t *json_name(const char *name);
void json_print(json_t *value, const struct options *opt, bool one_line);

json_t *mss_value_json(uint16_t mss);

/* Of verdicts: all of them, as an object, and as a line of text */
uint64_t mss_total(const uint64_t *verdicts);
json_t *mss_json(const uint64_t *verdicts);
void print_mss(const uint64_t *verdicts, int width);

/* A clamp, for what prints more than clamps */
json_t *clamp_json(const struct clamp *c, const struct options *opt);
void print_clamp_line(const struct clamp *c);

#endif /* MTCTL_PRINT_CORE_H */
