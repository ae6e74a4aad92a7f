// SPDX-License-Identifier: GPL-2.0
/* Attacks: lines for people, or JSON. */
#include <math.h>
#include <stdio.h>

#include "detect.h"
#include "print_core.h"

static struct text vector_text(const struct attack *a)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "%s%s%s", a->service ?: "",
		 a->service ? "-" : "", vector_names[a->vector].name);
	return t;
}

static json_t *attack_json(const struct attack *a, const char *tunnel)
{
	json_t *o = json_object();

	json_object_set_new(o, "event", json_string(a->end ? "attack-end" :
							     "attack-start"));
	json_object_set_new(o, "vector", json_string(vector_text(a).s));
	json_object_set_new(o, "destination",
			    json_string(prefix_text(&a->to).s));
	if (tunnel)
		json_object_set_new(o, "tunnel", json_name(tunnel));
	json_object_set_new(o, "start",
			    json_string(when_text(a->start, true).s));
	if (a->end)
		json_object_set_new(o, "end",
				    json_string(when_text(a->end, true).s));
	json_object_set_new(o, "peak_packets_per_second",
			    number(a->peak_packets));
	json_object_set_new(o, "peak_bits_per_second", number(a->peak_bits));
	return o;
}

void print_attack(const struct attack *a, const char *tunnel,
		  const struct options *opt)
{
	if (opt->json) {
		json_print(attack_json(a, tunnel), opt, true);
		return;
	}
	printf("%s  %sattack %-5s%s  %s  to %s",
	       when_text(a->end ?: a->start, false).s, on(a->end ? BOLD : RED),
	       a->end ? "end" : "start", off(), vector_text(a).s,
	       prefix_text(&a->to).s);
	if (tunnel)
		printf("  through %s", plain_text(tunnel).s);
	if (a->end)
		printf("  since %s", when_text(a->start, false).s);
	printf("  %s%.0f packet/s  %.0f bit/s\n", a->end ? "peak " : "",
	       a->peak_packets, a->peak_bits);
}
