// SPDX-License-Identifier: GPL-2.0
/*
 * "mtctl steer": the metrics of routes follow the health of their tunnels.
 *
 * A metric cannot be changed: there is a route with the new one before that with
 * the old one goes, so that there is always one. Whatever a steer that was killed
 * has left, the next one finds the routes by their metrics, which are three.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"

#define RETRY_MS	1000

struct steered {
	bool todo;		/* something has happened */
	bool failed;		/* is to be tried again */
	bool told;		/* why it has failed */
	bool again;		/* what was found of it may not be all */
};

struct steering {
	struct context *ctx;
	const struct steers *steers;
	struct steered *steered;	/* of each of them */
	struct routes routes;		/* of those that there is something to do for */
	bool together;			/* these are of several tunnels */
};

static struct steered *steered_find(const struct steering *s, const char *ifname)
{
	const struct steer *steer = steers_find(s->steers, ifname);

	return steer ? &s->steered[steer - s->steers->v] : NULL;
}

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

/*
 * Told once, however often it is tried again. A tunnel that is not there, or is down, has
 * no routes: it is told when it comes.
 */
static void fail(const struct steering *s, const char *ifname,
		 const struct prefix *prefix, const struct error *err)
{
	struct steered *steered = steered_find(s, ifname);

	if (err->number == ENODEV || err->number == ENETDOWN)
		return;
	steered->failed = true;
	if (!steered->told)
		fprintf(stderr, "mtctl steer: %s dev %s: %s\n",
			prefix ? prefix_text(prefix).s : "routes",
			plain_text(ifname).s, err->text);
}

/* @family: the routes of that, or AF_UNSPEC for all */
static void add_routes(struct steering *s, const struct steer *steer, int family)
{
	struct health h = { 0 };
	struct error err;

	if (nl_health_get(s->ctx->nl, steer->ifname, &h, &err)) {
		fail(s, steer->ifname, NULL, &err);
		return;
	}
	for (size_t i = 0; i < steer->n; i++) {
		if (family && steer->routes[i].addr.family != family)
			continue;
		*routes_add(&s->routes) = (struct route) {
			.ifname = steer->ifname,
			.ifindex = h.ifindex,
			.prefix = steer->routes[i],
			.table = steer->table,
			.base = steer->metric,
			.metric = steer->metric + extra_metric(&h),
		};
	}
}

/*
 * Routes of IPv6 that change while the kernel lists those of all devices make it leave
 * out others or tell them twice, without a word. Those of one device it lists at one
 * moment.
 */
static bool may_not_be_all(const struct steering *s, const struct route *r)
{
	return s->together && r->prefix.addr.family == AF_INET6;
}

static void steer_route(struct steering *s, const struct route *r)
{
	struct error err;
	bool changed;

	if (may_not_be_all(s, r) && r->fault) {
		steered_find(s, r->ifname)->again = true;
		return;
	}
	if (nl_route_steer(s->ctx->nl, r, &changed, &err)) {
		fail(s, r->ifname, &r->prefix, &err);
	} else if (changed) {
		print_steered(r, &s->ctx->opt);
		steered_find(s, r->ifname)->again |= may_not_be_all(s, r);
	}
}

static void steer_routes(struct steering *s)
{
	struct error err;

	if (nl_routes_find(s->ctx->nl, &s->routes, &err))
		for (size_t i = 0; i < s->routes.n; i++)
			fail(s, s->routes.v[i].ifname, NULL, &err);
	else
		for (size_t i = 0; i < s->routes.n; i++)
			steer_route(s, &s->routes.v[i]);
	routes_clear(&s->routes);
}

/*
 * All that there is to do, at once: to find a route the kernel has to look at all that
 * it has. Where that may not have been all of them, another look for each tunnel follows
 * when traffic is where it should be. False if something has failed.
 */
static bool steer_todo(struct steering *s)
{
	bool good = true;

	for (size_t i = 0; i < s->steers->n; i++) {
		struct steered *steered = &s->steered[i];

		if (!steered->todo && !steered->failed)
			continue;
		steered->todo = false;
		steered->failed = false;
		s->together = s->routes.n;
		add_routes(s, &s->steers->v[i], AF_UNSPEC);
	}
	steer_routes(s);
	s->together = false;
	for (size_t i = 0; i < s->steers->n; i++) {
		if (!s->steered[i].again)
			continue;
		s->steered[i].again = false;
		add_routes(s, &s->steers->v[i], AF_INET6);
		steer_routes(s);
	}
	for (size_t i = 0; i < s->steers->n; i++) {
		s->steered[i].told = s->steered[i].failed;
		good &= !s->steered[i].failed;
	}
	return good;
}

static void note_tunnel(struct steering *s, const char *ifname)
{
	struct steered *steered = steered_find(s, ifname);

	if (steered)
		*steered = (struct steered) { .todo = true };
}

static void note_all(struct steering *s)
{
	for (size_t i = 0; i < s->steers->n; i++)
		s->steered[i] = (struct steered) { .todo = true };
}

/*
 * An event says which tunnel, and nothing more: a newer one may have come before it. A
 * device that comes, or comes up, has lost its routes.
 */
static void note_event(struct steering *s, const struct event *event)
{
	if (event->type == EVENT_LOST)
		note_all(s);
	else if (event->about == ABOUT_HEALTH)
		note_tunnel(s, event->health.ifname);
	else if (event->about == ABOUT_TUNNEL && event->type != EVENT_DEL &&
		 event->tunnel.if_flags & IFF_UP)
		note_tunnel(s, event->tunnel.ifname);
}

/* Waits for an event, for so long or for ever, and takes all that there are by then. */
static enum result note_events(struct steering *s, int timeout)
{
	struct event event;
	enum result res;

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
	bool good, said = false;
	enum result res;

	do {
		good = steer_todo(s);
		/* Scripts wait for this line: all metrics are right. */
		if (good && !said)
			fprintf(stderr, "steering\n");
		said |= good;
		res = note_events(s, good ? -1 : RETRY_MS);
	} while (!res && !ferror(stdout));
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
	struct option_words words = { .argc = argc, .argv = argv };
	const struct option_desc *d;

	while (words.at < argc) {
		if (argv[words.at][0] != '-')
			return refuse(err, RES_USAGE,
				      "\"%s\" is no option; a file is given as -f FILE",
				      argv[words.at]);
		d = read_option(options, &words, file, err);
		if (!d)
			return RES_USAGE;
		*once |= d->option == OPT_ONCE;
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

	/* With -once, too: where there is no mtun, that is all there is to say. */
	res = parse(argc, argv, &file, &once, &ctx->err) ?:
	      load_config(file, &config, &ctx->err) ?:
	      nl_subscribe(ctx->nl, &ctx->err);
	s.steers = &config.steers;
	s.steered = allocate(config.steers.n, sizeof(*s.steered));
	note_all(&s);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!res && !once)
		res = follow(&s);
	else if (!res && !steer_todo(&s))
		res = refuse(&ctx->err, RES_REFUSED,
			     "not all routes have the metric that they should have");
	free(s.steered);
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
	  "time. What cannot be done is told once, and tried again after a second.\n"
	  "\n"
	  "  -f, -file FILE  see CONFIGURATION FILE in mtctl(8)\n"
	  "  -once           as it is now, and no longer\n"
	  "\n"
	  "  mtctl steer -f /etc/mtun/mtun.yaml\n" },
	{ NULL }
};
