// SPDX-License-Identifier: GPL-2.0
/*
 * "mtctl steer": the metrics of routes follow the health of their tunnels.
 *
 * A metric cannot be changed: there is a route with the new one before that with
 * the old one goes, so that there is always one. Whatever a steer that was killed
 * has left, the next one finds the routes by their metrics, which are three.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"

struct steering {
	struct context *ctx;
	const struct steers *steers;
	bool *todo;		/* of each of them: something has happened */
	struct routes routes;	/* of those */
};

/* A tunnel that nobody watches is as good as a healthy one. */
static uint32_t extra_metric(const struct health *h)
{
	static const uint32_t extra[] = {
		[MTUN_HEALTH_STATE_DOWN] = STEER_DOWN,
		[MTUN_HEALTH_STATE_DEGRADED] = STEER_DEGRADED,
		[MTUN_HEALTH_STATE_HEALTHY] = 0,
	};

	return health_has(h, MTUN_A_HEALTH_STATE) &&
	       h->state < ARRAY_SIZE(extra) ? extra[h->state] : 0;
}

static void add_routes(struct steering *s, const struct steer *steer)
{
	struct health h = { 0 };
	struct error err;

	if (nl_health_get(s->ctx->nl, steer->ifname, &h, &err))
		return;
	for (size_t i = 0; i < steer->n; i++)
		*routes_add(&s->routes) = (struct route) {
			.ifname = steer->ifname,
			.ifindex = h.ifindex,
			.prefix = steer->routes[i],
			.table = steer->table,
			.base = steer->metric,
			.metric = steer->metric + extra_metric(&h),
		};
}

/* Says what it has done; what the kernel refuses is told, and tried again later. */
static void steer_route(struct steering *s, const struct route *r)
{
	struct text text = prefix_text(&r->prefix);
	struct error err;
	bool changed;

	if (nl_route_steer(s->ctx->nl, r, &changed, &err))
		fprintf(stderr, "mtctl steer: %s dev %s: %s\n", text.s,
			r->ifname, err.text);
	else if (changed)
		printf("%s dev %s metric %u\n", text.s, r->ifname, r->metric);
}

/*
 * All that there is to do, at once: to find a route the kernel has to look at all that
 * it has.
 */
static enum result steer_todo(struct steering *s)
{
	enum result res;

	for (size_t i = 0; i < s->steers->n; i++) {
		if (s->todo[i])
			add_routes(s, &s->steers->v[i]);
		s->todo[i] = false;
	}
	res = nl_routes_find(s->ctx->nl, &s->routes, &s->ctx->err);
	for (size_t i = 0; !res && i < s->routes.n; i++)
		steer_route(s, &s->routes.v[i]);
	routes_clear(&s->routes);
	return res;
}

static void all_todo(struct steering *s)
{
	memset(s->todo, true, s->steers->n * sizeof(*s->todo));
}

static void note_tunnel(struct steering *s, const char *ifname)
{
	const struct steer *steer = steers_find(s->steers, ifname);

	if (steer)
		s->todo[steer - s->steers->v] = true;
}

/*
 * An event says which tunnel, and nothing more: a newer one may have come before it. A
 * device that comes, or comes up, has lost its routes.
 */
static void note_event(struct steering *s, const struct event *event)
{
	if (event->type == EVENT_LOST)
		all_todo(s);
	else if (event->about == ABOUT_HEALTH)
		note_tunnel(s, event->health.ifname);
	else if (event->about == ABOUT_TUNNEL && event->type != EVENT_DEL &&
		 event->tunnel.if_flags & IFF_UP)
		note_tunnel(s, event->tunnel.ifname);
}

/* Waits for an event, and takes all that there are by then. */
static enum result note_events(struct steering *s)
{
	struct event event;
	enum result res;
	int timeout = -1;

	do {
		res = nl_event(s->ctx->nl, timeout, &event, &s->ctx->err);
		if (res)
			break;
		note_event(s, &event);
		event_free(&event);
		timeout = 0;
	} while (event.type != EVENT_NONE);
	return res;
}

static enum result follow(struct steering *s)
{
	enum result res;

	do
		res = note_events(s) ?: steer_todo(s);
	while (!res && !ferror(stdout));
	return res;
}

enum option { OPT_FILE, OPT_ONCE };

static const struct option_desc options[] = {
	{ "file", "f", "FILE", NULL, OPT_FILE },
	{ "once", "o", "", NULL, OPT_ONCE },
	{ NULL }
};

static enum result parse(int argc, char **argv, const char **file, bool *once,
			 struct error *err)
{
	const struct option_desc *d;

	for (int i = 0; i < argc; i++) {
		if (argv[i][0] != '-')
			return refuse(err, RES_USAGE,
				      "\"%s\" is no option; a file is given as -f FILE",
				      argv[i]);
		d = pick_option(options, argv[i], err);
		if (!d)
			return RES_USAGE;
		*once |= d->option == OPT_ONCE;
		if (d->option == OPT_FILE && ++i < argc)
			*file = argv[i];
	}
	if (!*file)
		return refuse(err, RES_USAGE,
			      "say which file, as in \"-f /etc/mtun/mtun.yaml\"");
	return RES_OK;
}

static enum result steer(struct context *ctx, int argc, char **argv)
{
	struct steering s = { .ctx = ctx };
	struct config config = { 0 };
	const char *file = NULL;
	enum result res;
	bool once = false;

	res = parse(argc, argv, &file, &once, &ctx->err) ?:
	      load_config(file, &config, &ctx->err);
	s.steers = &config.steers;
	s.todo = allocate(config.steers.n, sizeof(*s.todo));
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!res && !once)
		res = nl_subscribe(ctx->nl, &ctx->err);
	all_todo(&s);
	res = res ?: steer_todo(&s);
	if (!res && !once) {
		/* Scripts wait for this line: all metrics are right. */
		fprintf(stderr, "steering\n");
		res = follow(&s);
	}
	free(s.todo);
	routes_free(&s.routes);
	config_free(&config);
	return res;
}

const struct command steer_commands[] = {
	{ "steer", steer, "-f FILE [-once]",
	  "let metrics of routes follow the health of tunnels",
	  "The routes are those that a configuration file names below steer: of a tunnel.\n"
	  "Their metric is what it says, 500000 more while the tunnel is degraded, and\n"
	  "1000000 more while it is down. They are made if they are not there, and never\n"
	  "removed, also not when this ends; it may be killed and started again at any\n"
	  "time.\n"
	  "\n"
	  "  -f, -file FILE  see CONFIGURATION FILE in mtctl(8)\n"
	  "  -once           as it is now, and no longer\n"
	  "\n"
	  "  mtctl steer -f /etc/mtun/mtun.yaml\n" },
	{ NULL }
};
