// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on what comes from another node by "mtctl ipsec replicate": root reads it.
 * Besides what the sanitizers see, it must hold that what was understood can be written,
 * that this is understood again, and that it says the same. The sum at the end of a
 * block is that of the lines, so that new inputs get behind it.
 *
 * Built with tools/replica.c tools/replica_text.c tools/sa.c tools/template.c
 * Built with tools/args.c tools/tunnel_args.c tools/filter_args.c
 * Built with tools/clamp_args.c tools/netns_args.c tools/health_args.c
 * Built with tools/steer_args.c tools/rules.c tools/detect_args.c tools/detect.c
 * Built with tools/hash.c tools/packet.c -lm
 * Built with tools/model.c tools/names.c
 * Built with kmod/conf.c kmod/health_conf.c kmod/mtu.c kmod/prefix.c kmod/wire.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../tools/replica.h"

#define MAX_LEN	1800

static void must(int holds)
{
	if (!holds)
		abort();
}

/* How many bytes were lines that are understood; they are cut to pieces. */
static size_t parse(struct replica_parser *parser, char *text, bool *complete)
{
	char *at = text;
	struct error err;

	*complete = false;
	for (char *end; !*complete && (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		if (replica_parse(parser, at, complete, &err))
			break;
	}
	return at - text;
}

static void check_again(const struct replicas *rs)
{
	struct secret text = { 0 }, again = { 0 }, copy = { 0 };
	struct replica_parser parser = { 0 };
	bool complete;

	replicas_write(rs, true, &text);
	secret_add(&copy, "%s", text.s);
	must(parse(&parser, copy.s, &complete) == text.n && complete);
	replicas_write(&parser.rs, true, &again);
	must(!strcmp(text.s, again.s));
	secret_free(&text);
	secret_free(&again);
	secret_free(&copy);
	replica_parser_free(&parser);
}

static void use(struct replicas *rs)
{
	struct replica_plan plan = { 0 };
	const struct replica none = { 0 };
	struct error err = { "" };

	replicas_apart(rs, &err);
	for (size_t i = 0; i < rs->n; i++) {
		replica_check(&rs->v[i], &err);
		replica_plan(&none, &rs->v[i], &plan);
		replica_plan(&rs->v[i], &none, &plan);
		replica_plan(&rs->v[i], &rs->v[rs->n - 1], &plan);
	}
	replica_plan_sort(&plan);
	free(plan.v);
	replicas_reverse(rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replica_parser parser = { 0 };
	char text[MAX_LEN + 1];
	bool complete;
	size_t good;

	if (size > MAX_LEN)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	good = parse(&parser, text, &complete);
	replica_parser_free(&parser);

	memcpy(text, data, good);
	text[good] = '\0';
	must(parse(&parser, text, &complete) == good);
	if (parser.rs.n)
		check_again(&parser.rs);
	use(&parser.rs);
	replica_parser_free(&parser);
	return 0;
}
