/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that show objects (print*.c) share. */
#ifndef MTCTL_PRINT_CORE_H
#define MTCTL_PRINT_CORE_H

#include <jansson.h>

#include "args.h"
#include "print.h"

/* Only for a person, and not for one who does not want it: else "". */
enum colour { PLAIN, BOLD, GREEN, RED, YELLOW };

enum colour state_colour(uint8_t state);	/* MTUN_HEALTH_STATE_x */

const char *on(enum colour c);
const char *off(void);

/* "  WORD OLD -> NEW" for each word that says how two objects differ */
void print_difference(const struct kind *kind, const void *was, const void *is);

/* "    WORD VALUE  WORD VALUE ..." of a list, four in a line; any only if asked for */
void print_prefixes(const struct arg *a, const void *object, bool any);

/* "  WORD VALUE" for each that is not the default */
void print_given(const struct kind *kind, const void *object);

/* "GRE over IPv4 LOCAL -> REMOTE", and the keys and options of the header */
void print_outer(const struct tunnel *t);

/* "established  CIPHER  age AGE  sent N bytes", or how far it is */
struct text ipsec_text(const struct tunnel *t, const struct sas *sas);

/* Its states, of both directions, an array */
json_t *sas_json(const struct tunnel *t, const struct sas *sas);

json_t *number(uint64_t v);
json_t *value_json(const struct arg *a, const void *object);
json_t *settings_json(const struct kind *kind, const void *object);
json_t *json_name(const char *name);
void json_print(json_t *value, const struct options *opt, bool one_line);

json_t *mss_value_json(uint16_t mss);

/* A word as a key of an object: with no dash, so that jq needs no quotes */
struct text key_text(const char *word);

/* Local time with microseconds; ISO 8601 with the zone if long_form. */
struct text when_text(uint64_t ns, bool long_form);

/* What went through in one direction, by kind */
json_t *way_json(const struct way *way);
void print_way(const struct way *way, const struct options *opt);

/* " (1.5 MiB)", or nothing where the number says it as well */
struct text size_text(uint64_t bytes);

/* Of verdicts: all of them, as an object, and as a line of text */
uint64_t mss_total(const uint64_t *verdicts);
json_t *mss_json(const uint64_t *verdicts);
void print_mss(const uint64_t *verdicts, int width);

/* Settings, for what prints more than settings */
json_t *netns_json(const struct netns *n);
void print_netns_line(const struct netns *n);

/* How large a filter is, for what prints more than filters */
json_t *filter_json(const struct filter *f);
void print_filter_line(const struct filter *f);

/* Health, for what prints more than that: an event of its settings or its state */
json_t *health_json(const struct health *h);
void print_health_line(const struct health *h, bool is_state);

/* A clamp, for what prints more than clamps */
json_t *clamp_json(const struct clamp *c, const struct options *opt);
void print_clamp_line(const struct clamp *c);

#endif /* MTCTL_PRINT_CORE_H */
