// SPDX-License-Identifier: GPL-2.0
/* The words of what is an attack: values to struct detection, and back. */
#include <stdio.h>
#include <string.h>

#include "detect.h"

static bool parse_limit(const struct arg *a, const char *value, void *object)
{
	struct detection *d = object;

	d->limits[a->attr] = 0;
	return !strcmp(value, "off") ||
	       (parse_u32(value, &d->limits[a->attr]) && d->limits[a->attr]);
}

static bool limit_text(const struct arg *a, const void *object, size_t i,
		       struct text *text)
{
	const struct detection *d = object;
	uint32_t limit = d->limits[a->attr];

	(void)i;
	*text = limit ? number_text(limit) : word_text("off");
	return true;
}

static bool parse_bits(const struct arg *a, const char *value, void *object)
{
	struct detection *d = object;
	uint8_t *bits = a->attr == 4 ? &d->prefix4 : &d->prefix6;

	return parse_u8(value, bits) && *bits <= (a->attr == 4 ? 32 : 128);
}

static bool bits_text(const struct arg *a, const void *object, size_t i,
		      struct text *text)
{
	const struct detection *d = object;

	(void)i;
	*text = number_text(a->attr == 4 ? d->prefix4 : d->prefix6);
	return true;
}

#define LIMIT(word, vector)						\
	{ .name = (word), .sets = 1u << (vector), .parse = parse_limit,	\
	  .text = limit_text, .attr = (vector),				\
	  .wants = "give packets a second to one destination, or off" }
#define BITS(word, version, most)					\
	{ .name = (word), .sets = 1u << (8 + (version)),		\
	  .parse = parse_bits, .text = bits_text, .attr = (version),	\
	  .wants = "give the bits of a prefix, 0 to " #most }

static const struct arg args[] = {
	LIMIT("syn-flood", SYN_FLOOD),
	LIMIT("udp-flood", UDP_FLOOD),
	LIMIT("icmp-flood", ICMP_FLOOD),
	LIMIT("amplification", AMPLIFICATION),
	LIMIT("fragment-flood", FRAGMENT_FLOOD),
	LIMIT("spoof", SPOOF),
	BITS("prefix4", 4, 32),
	BITS("prefix6", 6, 128),
	{ NULL }
};

const struct kind detection_kind = {
	.name = "detect",
	.wants = "give limits, as in {syn-flood: 20000}",
	.args = args,
	.defaults = &detection_defaults,
	.size = sizeof(struct detection),
	.name_at = offsetof(struct detection, name),
};
