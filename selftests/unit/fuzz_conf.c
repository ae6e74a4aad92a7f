// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on configuration files: any bytes are such a file. Besides what the
 * sanitizers see, it must hold that complaints are in order and name a place in
 * the file, that what is right can be said again in words with the same meaning,
 * and that there is nothing to do from a file to itself.
 *
 * Built with tools/tree.c tools/conf_file.c tools/rules.c tools/plan.c
 * Built with tools/args.c tools/tunnel_args.c tools/filter_args.c
 * Built with tools/clamp_args.c
 * Built with tools/netns_args.c tools/health_args.c tools/steer_args.c
 * Built with tools/model.c tools/privilege.c
 * Built with tools/detect.c tools/detect_args.c tools/hash.c tools/packet.c -lm
 * Built with tools/names.c kmod/conf.c kmod/health_conf.c kmod/mtu.c
 * Built with kmod/prefix.c kmod/wire.c -lyaml
 */
#include <stdlib.h>
#include <string.h>

#include "../../tools/conf_file.h"
#include "../../tools/plan.h"

#define MAX_LEN	1024

static void must(int holds)
{
	if (!holds)
		abort();
}

static size_t lines_of(const uint8_t *data, size_t size)
{
	size_t n = 2;	/* the end may be told as the line behind the last */

	/* a carriage return ends a line, too, and so do some of Unicode */
	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n' || data[i] == '\r' || data[i] >= 0x80;
	return n;
}

static void check_complaints(const struct complaints *cs, size_t lines)
{
	must(cs->n <= MAX_COMPLAINTS && (!cs->more || cs->n == MAX_COMPLAINTS));
	for (size_t i = 0; i < cs->n; i++) {
		must(cs->v[i].line >= 1 && cs->v[i].line <= lines);
		must(cs->v[i].column >= 1);
		must(strlen(cs->v[i].text) < sizeof(cs->v[i].text));
		must(!i || cs->v[i].line > cs->v[i - 1].line ||
		     (cs->v[i].line == cs->v[i - 1].line &&
		      cs->v[i].column >= cs->v[i - 1].column));
	}
}

static void say_again(const struct kind *kind, const void *object)
{
	union {
		struct tunnel tunnel;
		struct filter filter;
		struct clamp clamp;
		struct health health;
	} again;
	uint32_t said = 0;

	memcpy(&again, kind->defaults, kind->size);
	plan_request(kind, kind->defaults, object, &again);
	must(!arg_differs(kind->args, object, &again, &said));
	if (kind == &clamp_kind)
		clamp_free(&again.clamp);
	if (kind == &filter_kind)
		filter_free(&again.filter);
}

/* Of how many tunnels the health is worth a word */
static size_t count_told(const struct healths *hs)
{
	size_t told = 0;
	uint32_t said;

	for (size_t i = 0; i < hs->n; i++) {
		said = 0;
		told += !!arg_differs(health_kind.args, health_kind.defaults,
				      &hs->v[i], &said);
	}
	return told;
}

/* How many tunnels have to wait for their filter before they are set up */
static size_t count_held_down(const struct config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->tunnels.n; i++)
		for (size_t j = 0; j < config->filters.n; j++)
			n += config->tunnels.v[i].up &&
			     !strcmp(config->tunnels.v[i].ifname,
				     config->filters.v[j].ifname);
	return n;
}

static void check_config(const struct config *config)
{
	const struct config none = { 0 };
	struct plan plan;
	struct error err;
	size_t n = config->tunnels.n + config->filters.n + config->clamps.n;
	size_t told = count_told(&config->healths);

	for (size_t i = 0; i < config->tunnels.n; i++)
		say_again(&tunnel_kind, &config->tunnels.v[i]);
	for (size_t i = 0; i < config->healths.n; i++)
		say_again(&health_kind, &config->healths.v[i]);
	for (size_t i = 0; i < config->filters.n; i++)
		say_again(&filter_kind, &config->filters.v[i]);
	for (size_t i = 0; i < config->clamps.n; i++)
		say_again(&clamp_kind, &config->clamps.v[i]);
	must(plan_make(&plan, config, config, true, &err) == RES_OK);
	must(!plan.n_steps && plan.counts[CHANGE_SAME] == n + told);
	plan_free(&plan);
	must(plan_make(&plan, &none, config, true, &err) == RES_OK);
	must(plan.n_steps == n + told + count_held_down(config) &&
	     plan.counts[CHANGE_ADD] == n && plan.counts[CHANGE_SET] == told);
	plan_free(&plan);
	must(plan_make(&plan, config, &none, true, &err) == RES_OK);
	must(plan.n_steps == n - config->filters.n &&
	     plan.counts[CHANGE_DEL] == n);
	plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaints cs = { 0 };
	struct config config = { 0 };

	conf_parse(data, size, &config, &cs);
	check_complaints(&cs, lines_of(data, size));
	if (!cs.n)
		check_config(&config);
	config_free(&config);
	return 0;
}
