// SPDX-License-Identifier: GPL-2.0
/* "mtctl monitor": events as they happen. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "detect.h"
#include "nl.h"
#include "output.h"
#include "print.h"

/* The tunnels as last seen, a tree, to tell what an event has changed. */
struct known {
	void *root;
};

static int by_ifindex(const void *a, const void *b)
{
	const struct tunnel *x = a, *y = b;

	return compare_numbers(x->ifindex, y->ifindex);
}

static struct tunnel *find(const struct known *known, const struct tunnel *t)
{
	struct tunnel *const *found = tfind(t, &known->root, by_ifindex);

	return found ? *found : NULL;
}

static void remember(struct known *known, const struct tunnel *t)
{
	struct tunnel *was = find(known, t);

	if (!was) {
		was = allocate(1, sizeof(*was));
		was->ifindex = t->ifindex;
		if (!tsearch(was, &known->root, by_ifindex)) {
			perror("mtctl");
			exit(RES_REFUSED);
		}
	}
	*was = *t;
}

static void forget(struct known *known, const struct tunnel *t)
{
	struct tunnel *was = find(known, t);

	tdelete(t, &known->root, by_ifindex);
	free(was);
}

static void forget_all(struct known *known)
{
	tdestroy(known->root, free);
	known->root = NULL;
}

/* An incomplete list only costs some of the details. */
static enum result look(struct context *ctx, struct known *known)
{
	struct tunnels ts = { 0 };
	bool incomplete;
	enum result res;

	res = nl_tunnel_dump(ctx->nl, &ts, &incomplete, &ctx->err);
	forget_all(known);
	for (size_t i = 0; i < ts.n; i++)
		remember(known, &ts.v[i]);
	tunnels_free(&ts);
	return incomplete ? RES_OK : res;
}

/* Tells of attacks meanwhile. Comes to an end as well when nobody reads any more. */
static enum result wait_for_event(struct context *ctx, struct watch *watch)
{
	const int fd = nl_events_fd(ctx->nl);
	enum result res = RES_OK;
	bool ready = false;

	if (nl_events_wait(ctx->nl))
		return RES_OK;
	if (!watch)
		output_wait(fd, -1);
	while (watch && !res && !ready && output_is_read())
		res = watch_look(ctx, watch, fd, &ready);
	return res;
}

static enum result monitor(struct context *ctx, int argc, char **argv)
{
	struct detection conf = detection_defaults;
	struct known known = { 0 };
	struct watch *watch = NULL;
	const struct tunnel *t, *was;
	struct event event;
	enum result res;

	if (argc && strcmp(argv[0], "attacks"))
		return refuse(&ctx->err, RES_USAGE,
			      "takes no arguments but attacks, not \"%s\"",
			      argv[0]);
	res = nl_subscribe(ctx->nl, &ctx->err) ?: look(ctx, &known);
	if (!res && argc)
		res = detection_parse(argc - 1, argv + 1, &conf, NULL,
				      &ctx->err) ?:
		      watch_begin(ctx, &conf, &watch);
	if (res)
		goto out;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Scripts wait for this line: what happens from now on is seen. */
	fprintf(stderr, "listening for events\n");

	while (!res && output_is_read()) {
		res = wait_for_event(ctx, watch) ?:
		      nl_event(ctx->nl, 0, &event, &ctx->err);
		if (res || event.type == EVENT_NONE)
			continue;
		t = &event.tunnel;
		was = event.about == ABOUT_TUNNEL ? find(&known, t) : NULL;
		print_event(&event, was, &ctx->opt);
		event_free(&event);
		if (event.type == EVENT_LOST)
			res = look(ctx, &known);
		else if (event.about != ABOUT_TUNNEL)
			continue;
		else if (event.type == EVENT_DEL)
			forget(&known, t);
		else
			remember(&known, t);
	}
out:
	watch_end(watch);
	forget_all(&known);
	return res;
}

const struct command monitor_commands[] = {
	{ "config", monitor, "[attacks [-file FILE] [LIMIT N|off]...]",
	  "show tunnels, clamps, settings and health as they change",
	  "One event a line, until it is interrupted, nobody reads any more or, which is an\n"
	  "error, the module is unloaded; with -j one JSON object a line. Once \"listening\n"
	  "for events\" stands on the standard error, nothing is missed. When the kernel had\n"
	  "to drop events, a line says so where they are missing: what is there now should\n"
	  "be read again.\n"
	  "With attacks also what \"mtctl detect\" tells, which explains the limits and\n"
	  "the file that has them.\n"
	  "\n"
	  "  mtctl monitor\n"
	  "  mtctl monitor attacks syn-flood 20000\n"
	  "  mtctl -j monitor | jq --unbuffered -r '.event + \" \" + .ifname'\n" },
	{ NULL }
};
