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
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "nl.h"
#include "print.h"

struct steering {
	struct context *ctx;
	const struct steers *steers;
	struct healths healths;
};

static const struct steer *find_steer(const struct steering *s,
				      const char *ifname)
{
	for (size_t i = 0; i < s->steers->n; i++)
		if (!strcmp(s->steers->v[i].ifname, ifname))
			return &s->steers->v[i];
	return NULL;
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

/* Says what it has done; what the kernel refuses is told, and tried again later. */
static void steer_tunnel(struct steering *s, const struct health *h)
{
	const struct steer *steer = find_steer(s, h->ifname);
	struct error err;
	bool changed;

	for (size_t i = 0; steer && i < steer->n; i++) {
		const struct route route = {
			.prefix = steer->routes[i],
			.ifindex = h->ifindex,
			.table = steer->table,
			.base = steer->metric,
			.metric = steer->metric + extra_metric(h),
		};
		struct text text = prefix_text(&route.prefix);

		if (nl_route_steer(s->ctx->nl, &route, &changed, &err))
			fprintf(stderr, "mtctl steer: %s dev %s: %s\n", text.s,
				h->ifname, err.text);
		else if (changed)
			printf("%s dev %s metric %u\n", text.s, h->ifname,
			       route.metric);
	}
}

static enum result steer_all(struct steering *s)
{
	bool incomplete = false;
	enum result res;

	res = nl_health_dump(s->ctx->nl, &s->healths, &incomplete,
			     &s->ctx->err);
	if (res && !incomplete)
		return res;
	for (size_t i = 0; i < s->healths.n; i++)
		steer_tunnel(s, &s->healths.v[i]);
	return RES_OK;
}

/* An event says which tunnel, and nothing more: a newer one may have come before it. */
static void steer_named(struct steering *s, const char *ifname)
{
	struct health h = { 0 };
	struct error err;

	if (find_steer(s, ifname) &&
	    !nl_health_get(s->ctx->nl, ifname, &h, &err))
		steer_tunnel(s, &h);
}

static enum result follow(struct steering *s)
{
	struct event event;
	enum result res;

	do {
		res = nl_event(s->ctx->nl, -1, &event, &s->ctx->err);
		if (res)
			break;
		event_free(&event);
		if (event.type == EVENT_LOST)
			res = steer_all(s);
		else if (event.about == ABOUT_HEALTH)
			steer_named(s, event.health.ifname);
		/* A device that comes, or comes up, has lost its routes. */
		else if (event.about == ABOUT_TUNNEL &&
			 event.type != EVENT_DEL &&
			 event.tunnel.if_flags & IFF_UP)
			steer_named(s, event.tunnel.ifname);
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
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!res && !once)
		res = nl_subscribe(ctx->nl, &ctx->err);
	res = res ?: steer_all(&s);
	if (!res && !once) {
		/* Scripts wait for this line: all metrics are right. */
		fprintf(stderr, "steering\n");
		res = follow(&s);
	}
	healths_free(&s.healths);
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
