// SPDX-License-Identifier: GPL-2.0
/* The health of tunnels: text for people, or JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print_core.h"

static bool is_known(const struct health *h)
{
	return health_has(h, MTUN_A_HEALTH_STATE);
}

/* JSON */

static struct text key(const char *name)
{
	struct text t = word_text(name);

	for (char *c = t.s; *c; c++)
		if (*c == '-')
			*c = '_';
	return t;
}

static void add_text(json_t *o, const char *name, const char *text)
{
	json_object_set_new(o, name, json_string(text));
}

static void add_watch(json_t *o, const struct health *h)
{
	static const struct {
		const char *name;
		uint16_t attr;
		uint16_t at;
		bool is_64;
	} numbers[] = {
#define U32(name, member, attr) \
	{ name, MTUN_A_HEALTH_##attr, offsetof(struct health, member), false }
#define U64(name, member, attr) \
	{ name, MTUN_A_HEALTH_##attr, offsetof(struct health, member), true }
		U64("since_ms", since, SINCE),
		U32("rtt_us", rtt, RTT),
		U32("rtt_min_us", rtt_min, RTT_MIN),
		U32("rtt_mean_us", rtt_mean, RTT_MEAN),
		U32("rtt_max_us", rtt_max, RTT_MAX),
		U32("jitter_us", jitter, JITTER),
		U64("sent", sent, SENT),
		U64("answered", answered, ANSWERED),
		U64("lost", lost, LOST),
		U64("unsent", unsent, UNSENT),
		U32("window_probes", window_probes, WINDOW_PROBES),
		U32("window_lost", window_lost, WINDOW_LOST),
	};
	const char *at;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		at = (const char *)h + numbers[i].at;
		if (health_has(h, numbers[i].attr))
			json_object_set_new(o, numbers[i].name,
					    number(numbers[i].is_64 ?
						   *(const uint64_t *)at :
						   *(const uint32_t *)at));
	}
	if (health_has(h, MTUN_A_HEALTH_SOURCE_USED))
		add_text(o, "source_used", addr_text(&h->source_used).s);
	if (health_has(h, MTUN_A_HEALTH_TARGET_USED))
		add_text(o, "target_used", addr_text(&h->target_used).s);
}

json_t *health_json(const struct health *h)
{
	json_t *o = json_object();

	json_object_set_new(o, "ifname", json_name(h->ifname));
	json_object_set_new(o, "ifindex", number(h->ifindex));
	for (const struct arg *a = health_kind.args; a->name; a++)
		if (strcmp(a->name, "retries"))
			json_object_set_new(o, key(a->name).s,
					    value_json(a, h));
	if (!is_known(h))
		return o;
	add_text(o, "state", enum_name(health_state_names, h->state));
	add_text(o, "old_state", enum_name(health_state_names, h->old_state));
	add_text(o, "reason", enum_name(health_reason_names, h->reason));
	/* 0, 0.5 or 1 */
	json_object_set_new(o, "health", json_real(h->state / 2.0));
	add_watch(o, h);
	return o;
}

/* Text */

static void print_state(uint8_t state)
{
	printf("%s%s%s", on(state_colour(state)),
	       enum_name(health_state_names, state), off());
}

static void print_rtt(const struct health *h, bool all)
{
	if (!health_has(h, MTUN_A_HEALTH_RTT))
		return;
	printf("  rtt %u.%03u ms", h->rtt / 1000, h->rtt % 1000);
	if (all)
		printf(" (min %u.%03u, mean %u.%03u, max %u.%03u, jitter %u.%03u)",
		       h->rtt_min / 1000, h->rtt_min % 1000,
		       h->rtt_mean / 1000, h->rtt_mean % 1000,
		       h->rtt_max / 1000, h->rtt_max % 1000,
		       h->jitter / 1000, h->jitter % 1000);
}

static void print_statistics(const struct health *h)
{
	printf("    probes    %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64
	       " lost, %" PRIu64 " could not be made\n", h->sent, h->answered,
	       h->lost, h->unsent);
	printf("    of late   %u ended, %u lost\n", h->window_probes,
	       h->window_lost);
	if (health_has(h, MTUN_A_HEALTH_SOURCE_USED)) {
		printf("    between   %s", addr_text(&h->source_used).s);
		printf(" and %s\n", addr_text(&h->target_used).s);
	}
}

static void print_settings(const struct health *h)
{
	struct text text;

	printf("   ");
	for (const struct arg *a = health_kind.args; a->name; a++) {
		if (!strcmp(a->name, "retries"))
			continue;
		a->text(a, h, 0, &text);
		printf(" %s %s", a->name, text.s);
	}
	putchar('\n');
}

static void print_health(const struct health *h, const struct options *opt)
{
	printf("%s%s%s: ", on(BOLD), plain_text(h->ifname).s, off());
	if (is_known(h)) {
		print_state(h->state);
		printf(" (%s) for %" PRIu64 "s",
		       enum_name(health_reason_names, h->reason),
		       h->since / 1000);
		print_rtt(h, opt->statistics);
	} else {
		fputs(h->mode == MTUN_HEALTH_MODE_OFF ? "not watched" :
		      "tunnel is not up", stdout);
	}
	if (!opt->details)
		print_given(&health_kind, h);
	putchar('\n');
	if (opt->details)
		print_settings(h);
	if (opt->statistics && is_known(h))
		print_statistics(h);
}

void print_healths(const struct healths *hs, const struct options *opt)
{
	json_t *array;

	if (opt->json) {
		array = json_array();
		for (size_t i = 0; i < hs->n; i++)
			json_array_append_new(array, health_json(&hs->v[i]));
		json_print(array, opt, false);
		return;
	}
	for (size_t i = 0; i < hs->n; i++)
		print_health(&hs->v[i], opt);
}

/* Events */

void print_health_line(const struct health *h, bool is_state)
{
	printf("%s%s%s: ", on(BOLD), plain_text(h->ifname).s, off());
	if (!is_state) {
		printf("health");
		print_given(&health_kind, h);
		return;
	}
	print_state(h->old_state);
	printf(" -> ");
	print_state(h->state);
	printf(" (%s)", enum_name(health_reason_names, h->reason));
	print_rtt(h, false);
}
