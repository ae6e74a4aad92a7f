// SPDX-License-Identifier: GPL-2.0
/* States of IPsec, of tunnels that want them. */
#include <stdio.h>
#include <time.h>

#include "names.h"
#include "print_core.h"
#include "replica.h"
#include "sa.h"

static uint64_t age(const struct sa *sa)
{
	uint64_t now = time(NULL);

	return now > sa->added ? now - sa->added : 0;
}

/* Seconds until it is replaced at the latest, 0 for never */
static uint64_t left(const struct sa *sa)
{
	return sa->expires > age(sa) ? sa->expires - age(sa) : 0;
}

static struct text seconds_text(uint64_t s)
{
	const uint64_t most = UINT64_MAX / 1000;

	return s ? time_text((s < most ? s : most) * 1000) : word_text("0s");
}

static json_t *sa_json(const struct sa *sa, enum mtun_direction direction)
{
	json_t *o = json_object();
	char spi[16];

	snprintf(spi, sizeof(spi), "%08x", sa->spi);
	json_object_set_new(o, "direction",
			    json_string(enum_name(direction_names, direction)));
	json_object_set_new(o, "spi", json_string(spi));
	json_object_set_new(o, "keyed", json_boolean(sa->keyed));
	if (!sa->keyed)
		return o;
	json_object_set_new(o, "cipher", json_string(sa->cipher));
	json_object_set_new(o, "encap", json_boolean(sa->encap));
	json_object_set_new(o, "age", number(age(sa)));
	if (sa->expires)
		json_object_set_new(o, "left", number(left(sa)));
	json_object_set_new(o, "packets", number(sa->packets));
	json_object_set_new(o, "bytes", number(sa->bytes));
	json_object_set_new(o, "replay_window", number(sa->replay_window));
	json_object_set_new(o, "replayed", number(sa->replayed));
	json_object_set_new(o, "forged", number(sa->forged));
	return o;
}

static void print_sa(const struct sa *sa, enum mtun_direction direction)
{
	printf("    %-7s  spi %08x", enum_name(direction_names, direction),
	       sa->spi);
	if (!sa->keyed) {
		printf("  negotiating\n");
		return;
	}
	printf("  %s%s  age %s", sa->cipher, sa->encap ? " in UDP" : "",
	       seconds_text(age(sa)).s);
	if (sa->expires)
		printf("  left %s", seconds_text(left(sa)).s);
	printf("  %ju packets  %ju bytes%s", (uintmax_t)sa->packets,
	       (uintmax_t)sa->bytes, size_text(sa->bytes).s);
	if (direction == MTUN_DIRECTION_INGRESS) {
		if (sa->replay_window)
			printf("  replay-window %u", sa->replay_window);
		else
			printf("  replay-window off");
		if (sa->replayed || sa->forged)
			printf("  replayed %u  forged %u", sa->replayed,
			       sa->forged);
	}
	putchar('\n');
}

json_t *sas_json(const struct tunnel *t, const struct sas *sas)
{
	json_t *list = json_array();

	for (size_t d = 0; d <= MTUN_DIRECTION_MAX; d++) {
		const struct sa *sa;
		size_t n;

		sa = sas_find(sas, t, d, &n);
		for (size_t i = 0; i < n; i++)
			json_array_append_new(list, sa_json(&sa[i], d));
	}
	return list;
}

static json_t *ipsec_json(const struct tunnel *t, const struct sas *sas)
{
	json_t *o = json_object();

	json_object_set_new(o, "ifname", json_name(t->ifname));
	json_object_set_new(o, "mode",
			    json_string(enum_name(mode_names, t->mode)));
	if (t->if_id)
		json_object_set_new(o, "if_id", number(t->if_id));
	json_object_set_new(o, "sa",
			    json_string(sa_state_names[sas_state(sas, t)]));
	json_object_set_new(o, "states", sas_json(t, sas));
	return o;
}

static void print_one(const struct tunnel *t, const struct sas *sas)
{
	enum sa_state state = sas_state(sas, t);

	printf("%s%s%s: ", on(BOLD), plain_text(t->ifname).s, off());
	print_outer(t);
	printf("  %s%s%s\n", on(state == SA_ELSEWHERE ? YELLOW :
				 state >= SA_ESTABLISHED ? GREEN : RED),
	       sa_state_names[state], off());
	for (size_t d = 0; d <= MTUN_DIRECTION_MAX; d++) {
		const struct sa *sa;
		size_t n;

		sa = sas_find(sas, t, d, &n);
		for (size_t i = 0; i < n; i++)
			print_sa(&sa[i], d);
	}
}

void print_ipsec(const struct tunnels *ts, const struct sas *sas,
		 const struct options *opt)
{
	json_t *list = opt->json ? json_array() : NULL;

	for (size_t i = 0; i < ts->n; i++) {
		if (!wants_ipsec(&ts->v[i]))
			continue;
		if (list)
			json_array_append_new(list, ipsec_json(&ts->v[i], sas));
		else
			print_one(&ts->v[i], sas);
	}
	if (list)
		json_print(list, opt, false);
}

void print_replicated(const struct replicas *rs, const struct replica_plan *plan,
		      const struct options *opt)
{
	size_t states = 0, policies = 0, removed = 0;
	json_t *o;

	for (size_t i = 0; i < rs->n; i++) {
		states += rs->v[i].n_states;
		policies += rs->v[i].n_policies;
	}
	for (size_t i = 0; i < plan->n; i++)
		removed += plan->v[i].type >= REPLICA_DEL_POLICY;
	if (opt->json) {
		o = json_object();
		json_object_set_new(o, "tunnels", number(rs->n));
		json_object_set_new(o, "states", number(states));
		json_object_set_new(o, "policies", number(policies));
		json_object_set_new(o, "set", number(plan->n - removed));
		json_object_set_new(o, "removed", number(removed));
		json_print(o, opt, true);
	} else {
		printf("%zu tunnel%s, %zu states, %zu policies: %zu set, %zu removed\n",
		       rs->n, rs->n == 1 ? "" : "s", states, policies, plan->n - removed, removed);
	}
	fflush(stdout);
}

struct text ipsec_text(const struct tunnel *t, const struct sas *sas)
{
	const struct sa *out = sas_newest(sas, t, MTUN_DIRECTION_EGRESS);
	enum sa_state state = sas_state(sas, t);
	struct text text;

	if (state < SA_ESTABLISHED || !out)
		return word_text(sa_state_names[state]);
	snprintf(text.s, sizeof(text.s), "%s  %s  age %.16s  sent %ju bytes%.32s",
		 sa_state_names[state], out->cipher, seconds_text(age(out)).s,
		 (uintmax_t)out->bytes, size_text(out->bytes).s);
	return text;
}
