// SPDX-License-Identifier: GPL-2.0
/* The words of routes that are steered: values to struct steer, and back. */
#include <stddef.h>

#include "args.h"
#include "rules.h"

enum {
	ROUTES	= 1 << 0,
	METRIC	= 1 << 1,
	TABLE	= 1 << 2,
};

static bool parse_route(const struct arg *a, const char *value, void *object)
{
	struct steer *s = object;
	struct prefix prefix;

	(void)a;
	/* The kernel clears bits behind the length, and its route is another one. */
	if (!parse_prefix(value, &prefix) || rules_prefix(&prefix) ||
	    s->n == ARRAY_SIZE(s->routes))
		return false;
	s->routes[s->n++] = prefix;
	return true;
}

static bool route_text(const struct arg *a, const void *object, size_t i,
		       struct text *text)
{
	const struct steer *s = object;

	(void)a;
	if (i >= s->n)
		return false;
	*text = prefix_text(&s->routes[i]);
	return true;
}

/* The metrics of a tunnel that is down must fit, too. */
static bool parse_metric(const struct arg *a, const char *value, void *object)
{
	struct steer *s = object;

	(void)a;
	return parse_u32(value, &s->metric) && s->metric &&
	       s->metric <= UINT32_MAX - STEER_DOWN;
}

static bool metric_text(const struct arg *a, const void *object, size_t i,
			struct text *text)
{
	const struct steer *s = object;

	(void)a;
	(void)i;
	*text = number_text(s->metric);
	return true;
}

static bool parse_table(const struct arg *a, const char *value, void *object)
{
	struct steer *s = object;

	(void)a;
	return parse_u32(value, &s->table) && s->table;
}

static bool table_text(const struct arg *a, const void *object, size_t i,
		       struct text *text)
{
	const struct steer *s = object;

	(void)a;
	(void)i;
	*text = number_text(s->table);
	return true;
}

static const struct arg args[] = {
	ARG("routes", ROUTES, parse_route, route_text,
	    "give IPv4 or IPv6 prefixes as ADDR/LEN, without bits behind LEN, 64 at the most",
	    ARG_MANY),
	ARG("metric", METRIC, parse_metric, metric_text,
	    "give the metric of a healthy tunnel, 1 to 4293967295", 0),
	ARG("table", TABLE, parse_table, table_text,
	    "give the number of a routing table", 0),
	{ NULL }
};

static const struct steer defaults = { .metric = 1024, .table = 254 };

const struct kind steer_kind = {
	.name = "steer",
	.wants = "give settings, as in {routes: 203.0.113.0/24, metric: 100}",
	.args = args,
	.defaults = &defaults,
	.size = sizeof(struct steer),
	.name_at = offsetof(struct steer, ifname),
};
