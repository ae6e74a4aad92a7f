// SPDX-License-Identifier: GPL-2.0
/* What tunnels carry a second, and who talks most: a table, or JSON. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "print_core.h"
#include "top.h"

/* "1.25M": three digits or so, and a unit. */
static struct text short_text(double v)
{
	static const char units[] = " kMGTPE";
	size_t i = 0;
	struct text t;

	while (v >= 999.5 && units[i + 1]) {
		v /= 1000;
		i++;
	}
	if (!i)
		snprintf(t.s, sizeof(t.s), v && v < 10 ? "%.1f" : "%.0f", v);
	else
		snprintf(t.s, sizeof(t.s), v < 9.995 ? "%.2f%c" :
			 v < 99.95 ? "%.1f%c" : "%.0f%c", v, units[i]);
	return t;
}

/* A bar for each reading, the highest for the most. */
static struct text sparkline(const struct rate *r)
{
	static const char *const bars[] = {
		" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█",
	};
	double most = 0;
	struct text t = { "" };

	for (size_t i = 0; i < HISTORY; i++)
		most = fmax(most, r->history[i]);
	for (size_t i = 0; i < HISTORY; i++)
		strcat(t.s, bars[most ? (int)ceil(8 * r->history[i] / most) :
				       0]);
	return t;
}

static const char *state_name(const struct rate *r)
{
	return r->watched ? enum_name(health_state_names, r->state) : "-";
}

static void print_tunnels(FILE *to, const struct top *top, size_t rows)
{
	fprintf(to, "%s%-15s %-5s %-8s %8s %8s %8s %8s %8s  %s%s\n", on(BOLD),
		"TUNNEL", "STATE", "HEALTH", "IN bit/s", "pkt/s", "OUT bit/s", "pkt/s",
		"drop/s", "HISTORY", off());
	for (size_t i = 0; i < top->rates.n && i < rows; i++) {
		const struct rate *r = &top->rates.v[i];

		fprintf(to, "%-15s %s%-5s%s", plain_text(r->ifname).s,
			on(r->up ? GREEN : RED), r->up ? "UP" : "DOWN", off());
		fprintf(to, " %s%-8s%s", r->watched ?
			on(state_colour(r->state)) : "", state_name(r),
			r->watched ? off() : "");
		for (size_t way = 0; way <= MTUN_DIRECTION_MAX; way++)
			fprintf(to, " %*s %8s", way ? 9 : 8,
				short_text(r->ways[way].bits).s,
				short_text(r->ways[way].packets).s);
		fprintf(to, " %s%8s%s  %s\n", r->drops ? on(YELLOW) : "",
			short_text(r->drops).s, r->drops ? off() : "",
			sparkline(r).s);
	}
}

static void print_talker(FILE *to, const char *name, const struct talker *t,
			 double seconds)
{
	fprintf(to, "%-39s %8s %8s %6.0f%% %8" PRIu64 "\n", name,
		short_text(8 * t->bytes / seconds).s,
		short_text(t->packets / seconds).s, talker_error(t), t->samples);
}

static void print_talkers(FILE *to, const struct top *top, size_t rows)
{
	const struct gathered *g = &top->shown;
	const struct talker **v = talkers_sorted(&g->talkers);
	bool others = g->talkers.rest.samples;

	fprintf(to, "%s%-39s %8s %8s %7s %8s%s\n", on(BOLD),
		talkers_by_names[top->by].doc, "bit/s", "pkt/s", "error",
		"samples", off());
	for (size_t i = 0; i < g->talkers.n && i + others < rows; i++)
		print_talker(to, v[i]->key.s, v[i], g->seconds);
	if (others)
		print_talker(to, "others", &g->talkers.rest, g->seconds);
	if (!g->samples)
		fprintf(to, "no samples: mtctl tunnel set NAME sample 1000 takes them\n");
	free(v);
}

void print_top(FILE *to, const struct top *top, size_t lines)
{
	size_t rows = lines > 3 ? lines - 3 : lines ? 1 : SIZE_MAX;

	fprintf(to, "%zu tunnels, %.1f s", top->rates.n,
		top->talk ? top->shown.seconds : top->seconds);
	if (top->talk)
		fprintf(to, "  by %s  %" PRIu64 " samples",
			talkers_by_names[top->by].name, top->shown.samples);
	else
		fprintf(to, "  by %s", rates_by_names[top->sort]);
	if (top->talk && *top->filter)
		fprintf(to, "  filter %s", top->filter);
	if (top->lost)
		fprintf(to, "  %s%" PRIu64 " samples lost%s", on(RED),
			top->lost, off());
	if (top->paused)
		fprintf(to, "  %spaused%s", on(YELLOW), off());
	fprintf(to, "\n%s\n", top->note);
	if (top->talk)
		print_talkers(to, top, rows);
	else
		print_tunnels(to, top, rows);
}

static json_t *real(double v)
{
	return json_real(round(1000 * v) / 1000);
}

static json_t *rate_json(const struct rate *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "ifname", json_name(r->ifname));
	json_object_set_new(o, "up", json_boolean(r->up));
	json_object_set_new(o, "state", r->watched ?
			    json_string(state_name(r)) : json_null());
	for (size_t i = 0; i <= MTUN_DIRECTION_MAX; i++) {
		json_t *way = json_object();

		json_object_set_new(way, "bits_per_second",
				    real(r->ways[i].bits));
		json_object_set_new(way, "packets_per_second",
				    real(r->ways[i].packets));
		json_object_set_new(o, direction_names[i].name, way);
	}
	json_object_set_new(o, "drops_per_second", real(r->drops));
	return o;
}

static json_t *talker_json(json_t *o, const struct talker *t, double seconds)
{
	json_object_set_new(o, "bits_per_second", real(8 * t->bytes / seconds));
	json_object_set_new(o, "packets_per_second", real(t->packets / seconds));
	json_object_set_new(o, "error_percent", real(talker_error(t)));
	json_object_set_new(o, "samples", number(t->samples));
	return o;
}

static json_t *talkers_json(const struct gathered *g)
{
	const struct talker **v = talkers_sorted(&g->talkers);
	json_t *array = json_array();

	for (size_t i = 0; i < g->talkers.n; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "key", json_name(v[i]->key.s));
		json_array_append_new(array, talker_json(o, v[i], g->seconds));
	}
	free(v);
	return array;
}

void print_top_json(const struct top *top, const struct options *opt)
{
	json_t *o = json_object(), *tunnels = json_array(), *others;
	const struct gathered *g = &top->shown;

	for (size_t i = 0; i < top->rates.n; i++)
		json_array_append_new(tunnels, rate_json(&top->rates.v[i]));
	json_object_set_new(o, "seconds", real(top->seconds));
	json_object_set_new(o, "tunnels", tunnels);
	if (top->talk) {
		json_object_set_new(o, "by",
				    json_string(talkers_by_names[top->by].name));
		json_object_set_new(o, "talkers", talkers_json(g));
		if (g->talkers.rest.samples) {
			others = talker_json(json_object(), &g->talkers.rest,
					     g->seconds);
			json_object_set_new(o, "others", others);
		}
		json_object_set_new(o, "lost", number(top->lost));
	}
	json_print(o, opt, false);
}
