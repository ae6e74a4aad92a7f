// SPDX-License-Identifier: GPL-2.0
/* The words of a tunnel's health: values to struct health, and back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "args.h"

enum {
	MODE		= 1 << 0,
	STYLE		= 1 << 1,
	DIRECTION	= 1 << 2,
	TARGET		= 1 << 3,
	SOURCE		= 1 << 4,
	INTERVAL	= 1 << 5,
	TIMEOUT		= 1 << 6,
	DOWN_PROBES	= 1 << 7,
	DOWN_WINDOW	= 1 << 8,
	DEGRADED_LOSS	= 1 << 9,
	DEGRADED_PROBES	= 1 << 10,
	DEGRADED_WINDOW	= 1 << 11,
	RECOVER_PROBES	= 1 << 12,
	HEALTHY_PROBES	= 1 << 13,
	CARRIER		= 1 << 14,
	ANSWER		= 1 << 15,
};

static void *member(const struct arg *a, void *object)
{
	((struct health *)object)->has |= 1ull << a->attr;
	return (char *)object + a->at;
}

static const void *const_member(const struct arg *a, const void *object)
{
	return (const char *)object + a->at;
}

/* Addresses */

static bool parse_end(const struct arg *a, const char *value, void *object)
{
	struct addr *addr = member(a, object);

	if (!strcmp(value, "auto")) {
		memset(addr, 0, sizeof(*addr));
		return true;
	}
	return parse_addr(value, addr);
}

static bool end_text(const struct arg *a, const void *object, size_t i,
		     struct text *text)
{
	const struct addr *addr = const_member(a, object);

	(void)i;
	*text = addr->len ? addr_text(addr) : word_text("auto");
	return true;
}

/* Times */

static bool parse_duration(const struct arg *a, const char *value, void *object)
{
	return parse_time(value, member(a, object));
}

static bool duration_text(const struct arg *a, const void *object, size_t i,
			  struct text *text)
{
	uint32_t ms;

	(void)i;
	memcpy(&ms, const_member(a, object), sizeof(ms));
	*text = time_text(ms);
	return true;
}

/* What the field calls its rates */
static const struct {
	const char *name;
	uint32_t ms;
} rates[] = { { "low", 30000 }, { "mid", 5000 }, { "high", 1000 } };

static bool parse_interval(const struct arg *a, const char *value, void *object)
{
	uint32_t *ms = member(a, object);

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		if (!strcmp(value, rates[i].name)) {
			*ms = rates[i].ms;
			return true;
		}
	}
	return parse_time(value, ms);
}

/* Numbers */

static bool parse_count8(const struct arg *a, const char *value, void *object)
{
	return parse_u8(value, member(a, object));
}

static bool count8_text(const struct arg *a, const void *object, size_t i,
			struct text *text)
{
	(void)i;
	*text = number_text(*(const uint8_t *)const_member(a, object));
	return true;
}

static bool parse_count16(const struct arg *a, const char *value, void *object)
{
	uint16_t *count = member(a, object);
	uint32_t v;

	if (!parse_u32(value, &v) || v > UINT16_MAX)
		return false;
	*count = v;
	return true;
}

static bool count16_text(const struct arg *a, const void *object, size_t i,
			 struct text *text)
{
	(void)i;
	*text = number_text(*(const uint16_t *)const_member(a, object));
	return true;
}

#define PERCENT		10000	/* millionths */

/* A number with at most four digits behind the point, and perhaps % */
static bool parse_loss(const struct arg *a, const char *value, void *object)
{
	uint32_t whole = 0, *loss = member(a, object);
	size_t len = strspn(value, "0123456789");
	uint32_t unit = PERCENT;

	if (!len || len > 3)
		return false;
	/* more than the kernel takes is not for us to say, but it must fit */
	while (len--)
		whole = 10 * whole + *value++ - '0';
	*loss = whole * PERCENT;
	if (*value == '.')
		for (value++; *value >= '0' && *value <= '9'; value++) {
			if (unit == 1)
				return false;
			unit /= 10;
			*loss += (*value - '0') * unit;
		}
	return !*value || !strcmp(value, "%");
}

static bool loss_text(const struct arg *a, const void *object, size_t i,
		      struct text *text)
{
	const struct health *h = object;
	char *end;

	(void)a;
	(void)i;
	snprintf(text->s, sizeof(text->s), "%u.%04u",
		 h->degraded_loss / PERCENT, h->degraded_loss % PERCENT);
	end = text->s + strlen(text->s);
	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	strcpy(end, "%");
	return true;
}

#define TIME_WANTS	"give a time as in 500ms, 2s, 5m or 1h"
#define END_WANTS	"give an IPv4 or IPv6 address, or auto"
#define COUNT_WANTS	"give a number of probes"

#define VALUE(word, bits, reads, says, wanted, member, attribute)	\
	{ .name = (word), .sets = (bits), .parse = (reads),		\
	  .text = (says), .wants = (wanted),				\
	  .attr = (attribute), .at = offsetof(struct health, member) }

static const struct arg args[] = {
	CHOICE("mode", MODE, health, mode, MTUN_A_HEALTH_MODE,
	       health_mode_names, "give off, probe or keepalive"),
	CHOICE("style", STYLE, health, style, MTUN_A_HEALTH_STYLE,
	       health_style_names, "give reply or request"),
	CHOICE("direction", DIRECTION, health, direction,
	       MTUN_A_HEALTH_DIRECTION, health_direction_names,
	       "give bi or uni"),
	VALUE("target", TARGET, parse_end, end_text, END_WANTS, target,
	      MTUN_A_HEALTH_TARGET),
	VALUE("source", SOURCE, parse_end, end_text, END_WANTS, source,
	      MTUN_A_HEALTH_SOURCE),
	VALUE("interval", INTERVAL, parse_interval, duration_text,
	      "give low, mid, high, or a time as in 500ms, 2s, 5m or 1h",
	      interval, MTUN_A_HEALTH_INTERVAL),
	VALUE("timeout", TIMEOUT, parse_duration, duration_text, TIME_WANTS,
	      timeout, MTUN_A_HEALTH_TIMEOUT),
	VALUE("down-probes", DOWN_PROBES, parse_count8, count8_text,
	      COUNT_WANTS, down_probes, MTUN_A_HEALTH_DOWN_PROBES),
	/* what routers call the same of their keepalives */
	VALUE("retries", DOWN_PROBES, parse_count8, count8_text, COUNT_WANTS,
	      down_probes, MTUN_A_HEALTH_DOWN_PROBES),
	VALUE("down-window", DOWN_WINDOW, parse_duration, duration_text,
	      TIME_WANTS, down_window, MTUN_A_HEALTH_DOWN_WINDOW),
	VALUE("degraded-loss", DEGRADED_LOSS, parse_loss, loss_text,
	      "give percent, as in 0.1%", degraded_loss,
	      MTUN_A_HEALTH_DEGRADED_LOSS),
	VALUE("degraded-probes", DEGRADED_PROBES, parse_count16, count16_text,
	      COUNT_WANTS, degraded_probes, MTUN_A_HEALTH_DEGRADED_PROBES),
	VALUE("degraded-window", DEGRADED_WINDOW, parse_duration,
	      duration_text, TIME_WANTS, degraded_window,
	      MTUN_A_HEALTH_DEGRADED_WINDOW),
	VALUE("recover-probes", RECOVER_PROBES, parse_count8, count8_text,
	      COUNT_WANTS, recover_probes, MTUN_A_HEALTH_RECOVER_PROBES),
	VALUE("healthy-probes", HEALTHY_PROBES, parse_count8, count8_text,
	      COUNT_WANTS, healthy_probes, MTUN_A_HEALTH_HEALTHY_PROBES),
	CHOICE("carrier", CARRIER, health, carrier, MTUN_A_HEALTH_CARRIER,
	       on_off_names, ON_OFF_WANTS),
	CHOICE("answer", ANSWER, health, answer, MTUN_A_HEALTH_ANSWER,
	       on_off_names, ON_OFF_WANTS),
	{ NULL }
};

static const struct health defaults = {
	.interval = 5000,
	.timeout = 800,
	.down_probes = 3,
	.down_window = 1000,
	.degraded_loss = 1000,
	.degraded_probes = 2,
	.degraded_window = 300000,
	.recover_probes = 3,
	.healthy_probes = 30,
	.answer = 1,
};

const struct kind health_kind = {
	.name = "health",
	.wants = "give settings, as in {mode: probe, interval: 1s}",
	.args = args,
	.defaults = &defaults,
	.size = sizeof(struct health),
	.name_at = offsetof(struct health, ifname),
	.settings_at = offsetof(struct health, mode),
	.settings_end = offsetof(struct health, state),
};
