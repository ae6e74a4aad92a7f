// SPDX-License-Identifier: GPL-2.0
/* "mtctl monitor": events as they happen. */
#include <stdio.h>

#include "cmd.h"
#include "nl.h"
#include "print.h"

/*
 * The tunnels as last seen, to tell what an event has changed. An incomplete
 * list only costs some of these details.
 */
static enum result look(struct context *ctx, struct tunnels *known)
{
	bool incomplete;
	enum result res;

	res = nl_tunnel_dump(ctx->nl, known, &incomplete, &ctx->err);
	return incomplete ? RES_OK : res;
}

static void remember(struct tunnels *known, const struct tunnel *t)
{
	struct tunnel *was = tunnels_find(known, t->ifindex);

	if (!was)
		was = tunnels_add(known);
	*was = *t;
}

static enum result monitor(struct context *ctx, int argc, char **argv)
{
	struct tunnels known = { 0 };
	const struct tunnel *t;
	struct event event;
	enum result res;

	if (argc)
		return refuse(&ctx->err, RES_USAGE,
			      "takes no arguments, not \"%s\"", argv[0]);
	res = nl_subscribe(ctx->nl, &ctx->err) ?: look(ctx, &known);
	if (res)
		goto out;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Scripts wait for this line: what happens from now on is seen. */
	fprintf(stderr, "listening for events\n");

	for (;;) {
		res = nl_event(ctx->nl, &event, &ctx->err);
		if (res)
			break;
		t = &event.tunnel;
		print_event(&event, tunnels_find(&known, t->ifindex),
			    &ctx->opt);
		clamp_free(&event.clamp);
		if (ferror(stdout))
			break;
		if (event.type == EVENT_LOST)
			res = look(ctx, &known);
		else if (event.about != ABOUT_TUNNEL)
			continue;
		else if (event.type == EVENT_DEL)
			tunnels_remove(&known, t->ifindex);
		else
			remember(&known, t);
		if (res)
			break;
	}
out:
	tunnels_free(&known);
	return res;
}

const struct command monitor_commands[] = {
	{ "config", monitor, "",
	  "show tunnels, clamps, settings and health as they change",
	  "One event a line, until interrupted; with -j one JSON object a line. Once\n"
	  "\"listening for events\" stands on the standard error, nothing is missed.\n"
	  "When the kernel had to drop events, a line says so.\n"
	  "\n"
	  "  mtctl monitor\n"
	  "  mtctl -j monitor | jq --unbuffered -r '.event + \" \" + .ifname'\n" },
	{ NULL }
};
