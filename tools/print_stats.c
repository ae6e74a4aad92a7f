// SPDX-License-Identifier: GPL-2.0
/* What went through a tunnel, by kind: text for people, or JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "print_core.h"

static const char *const versions[2] = { "IPv4", "IPv6" };

struct text size_text(uint64_t bytes)
{
	static const char unit[] = "KMGTPE";
	double v = bytes;
	struct text t;
	int i = -1;

	while (v >= 1024 && i < 5) {
		v /= 1024;
		i++;
	}
	if (i < 0)
		t.s[0] = '\0';
	else
		snprintf(t.s, sizeof(t.s), " (%.1f %ciB)", v, unit[i]);
	return t;
}

/* JSON */

/* Adds what is not empty. */
static void add_object(json_t *to, const char *key, json_t *o)
{
	if (json_object_size(o))
		json_object_set(to, key, o);
	json_decref(o);
}

static json_t *count_json(const struct count *count)
{
	json_t *o = json_object();

	json_object_set_new(o, "packets", number(count->packets));
	json_object_set_new(o, "bytes", number(count->bytes));
	return o;
}

static json_t *traffic_json(const struct count *traffic)
{
	json_t *o = json_object();

	for (size_t i = 0; i <= MTUN_PROTOCOL_MAX; i++)
		if (traffic[i].packets)
			json_object_set_new(o, protocol_names[i].name,
					    count_json(&traffic[i]));
	return o;
}

static json_t *tcp_json(const uint64_t *tcp)
{
	json_t *o = json_object();

	for (size_t i = 1; i <= MTUN_TCP_FLAG_MAX; i++)
		if (tcp[i])
			json_object_set_new(o, key_text(tcp_flag_names[i].name).s,
					    number(tcp[i]));
	return o;
}

static json_t *lengths_json(const uint64_t *lengths)
{
	json_t *o = json_object();

	for (size_t i = 0; i < MAX_LENGTH; i++)
		if (lengths[i])
			json_object_set_new(o, number_text(1u << i).s,
					    number(lengths[i]));
	return o;
}

json_t *way_json(const struct way *way)
{
	json_t *o = json_object();

	add_object(o, "ipv4", traffic_json(way->traffic[0]));
	add_object(o, "ipv6", traffic_json(way->traffic[1]));
	add_object(o, "tcp_flags", tcp_json(way->tcp));
	if (way->fragments)
		json_object_set_new(o, "fragments", number(way->fragments));
	add_object(o, "lengths", lengths_json(way->lengths));
	return o;
}

/* Text */

static int widest(const struct way *way)
{
	uint64_t most = 0;

	for (size_t i = 0; i < 2 * (MTUN_PROTOCOL_MAX + 1); i++) {
		const struct count *c = &way->traffic[0][0] + i;

		if (c->packets > most)
			most = c->packets;
	}
	return snprintf(NULL, 0, "%" PRIu64, most);
}

static void print_traffic(const struct way *way, size_t six, int width)
{
	for (size_t i = 0; i <= MTUN_PROTOCOL_MAX; i++) {
		const struct count *c = &way->traffic[six][i];

		if (c->packets)
			printf("        %s %-6s  %*" PRIu64 " packets  %" PRIu64 " bytes%s\n",
			       versions[six], protocol_names[i].name, width,
			       c->packets, c->bytes, size_text(c->bytes).s);
	}
}

/* "        TITLE syn 1, fin 2": those that there are any of, or nothing */
static void print_list(const char *title, const uint64_t *counts, size_t n,
		       struct text (*name)(size_t i))
{
	const char *before = title;

	for (size_t i = 0; i < n; i++) {
		if (!counts[i])
			continue;
		printf("%s%s %" PRIu64, before, name(i).s, counts[i]);
		before = ", ";
	}
	if (before != title)
		putchar('\n');
}

static struct text tcp_flag_text(size_t i)
{
	return word_text(tcp_flag_names[i].name);
}

static struct text length_text(size_t i)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "%u-%u", 1u << i, (2u << i) - 1);
	return t;
}

void print_way(const struct way *way, const struct options *opt)
{
	int width = widest(way);

	print_traffic(way, 0, width);
	print_traffic(way, 1, width);
	print_list("        TCP flags  ", way->tcp, ARRAY_SIZE(way->tcp),
		   tcp_flag_text);
	if (way->fragments)
		printf("        fragments  %" PRIu64 "\n", way->fragments);
	if (opt->details)
		print_list("        bytes  ", way->lengths, MAX_LENGTH,
			   length_text);
}
