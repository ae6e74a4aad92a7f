// SPDX-License-Identifier: GPL-2.0
/* What all objects are shown with: colours, JSON, counts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "names.h"
#include "print_core.h"

/* Colour: only for a person, and not for one who does not want it. */

static bool coloured(void)
{
	static int yes = -1;

	if (yes < 0) {
		const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

		yes = isatty(STDOUT_FILENO) && !(no && *no) &&
		      term && strcmp(term, "dumb");
	}
	return yes;
}

const char *on(enum colour c)
{
	static const char *const code[] = {
		[BOLD] = "\033[1m", [GREEN] = "\033[32m",
		[RED] = "\033[31m", [YELLOW] = "\033[33m",
	};

	return coloured() ? code[c] : "";
}

const char *off(void)
{
	return coloured() ? "\033[0m" : "";
}

#define MANY	4	/* values of a list are enough in a line */

/* A value; of a list the first ones. */
static void print_value(const struct arg *a, const void *object)
{
	struct text text;
	size_t n;

	if (!(a->flags & ARG_MANY)) {
		a->text(a, object, 0, &text);
		make_plain(text.s);
		fputs(text.s, stdout);
		return;
	}
	for (n = 0; a->text(a, object, n, &text); n++)
		if (n < MANY)
			printf("%s%s", n ? "," : "", text.s);
	if (n > MANY)
		printf(" and %zu more", n - MANY);
	if (!n)
		fputs("any", stdout);
}

void print_difference(const struct kind *kind, const void *was, const void *is)
{
	const struct arg *a;
	uint32_t said;

	for_each_difference(a, kind, was, is, said) {
		printf("  %s ", a->name);
		print_value(a, was);
		fputs(" -> ", stdout);
		print_value(a, is);
	}
}

void print_given(const struct kind *kind, const void *object)
{
	const struct arg *a;
	uint32_t said;

	for_each_difference(a, kind, kind->defaults, object, said) {
		printf("  %s ", a->name);
		print_value(a, object);
	}
}

#define PER_LINE	4

void print_prefixes(const struct arg *a, const void *object, bool any)
{
	struct text text;
	size_t i;

	for (i = 0; a->text(a, object, i, &text); i++)
		printf("%s%s %s%s", i % PER_LINE ? "  " : "    ", a->name,
		       text.s, i % PER_LINE == PER_LINE - 1 ? "\n" : "");
	if (i % PER_LINE)
		putchar('\n');
	if (!i && any)
		printf("    %s any\n", a->name);
}

/* JSON */

/* jansson has no unsigned numbers; nothing here gets near 2^63. */
json_t *number(uint64_t v)
{
	return json_integer(v <= INT64_MAX ? (json_int_t)v : INT64_MAX);
}

/* DEL is nothing that YAML would read, of which our JSON is a part. */
static int write_json(const char *text, size_t size, void *data)
{
	(void)data;
	for (; size--; text++)
		if (*text == '\177')
			fputs("\\u007f", stdout);
		else
			putchar(*text);
	return ferror(stdout) ? -1 : 0;
}

void json_print(json_t *value, const struct options *opt, bool one_line)
{
	size_t flags = opt->pretty && !one_line ? JSON_INDENT(4) : JSON_COMPACT;

	if (!value || json_dump_callback(value, write_json, NULL,
					  flags | JSON_ENSURE_ASCII)) {
		fprintf(stderr, "mtctl: %s\n", ferror(stdout) ?
			"cannot write the output" :
			"no JSON: no memory, or a name is not UTF-8");
		exit(RES_REFUSED);
	}
	putchar('\n');
	json_decref(value);
}

void print_template(const char *text, const struct options *opt)
{
	if (opt->json)
		json_print(json_pack("{ss}", "template", text), opt, false);
	else
		fputs(text, stdout);
}

/* A name or a description is any bytes; JSON has only text. */
json_t *json_name(const char *name)
{
	json_t *s = json_string(name);
	char text[4 * MAX_DESCRIPTION + 1], *p = text;

	if (s)
		return s;
	for (; *name; name++)
		p += sprintf(p, (*name & 0x80) ? "\\x%02x" : "%c",
			     (unsigned char)*name);
	return json_string(text);
}

/* A number, or auto or off. */
json_t *mss_value_json(uint16_t mss)
{
	return mss == MTUN_MSS_OFF || mss == MTUN_MSS_AUTO ?
	       json_string(mss_text(mss).s) : number(mss);
}

uint64_t mss_total(const uint64_t *verdicts)
{
	uint64_t sum = 0;

	for (size_t i = 1; i <= MTUN_MSS_VERDICT_MAX; i++)
		sum += verdicts[i];
	return sum;
}

struct text key_text(const char *word)
{
	struct text t = word_text(word);

	for (char *c = t.s; *c; c++)
		if (*c == '-')
			*c = '_';
	return t;
}

uint64_t real_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

struct text when_text(uint64_t ns, bool long_form)
{
	time_t seconds = ns / 1000000000;
	struct text t;
	struct tm tm;
	char zone[8];

	localtime_r(&seconds, &tm);
	strftime(t.s, sizeof(t.s), long_form ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S",
		 &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(t.s + strlen(t.s), sizeof(t.s) - strlen(t.s),
		 ".%06" PRIu64 "%s", ns / 1000 % 1000000,
		 long_form ? zone : "");
	return t;
}

json_t *mss_json(const uint64_t *verdicts)
{
	json_t *o = json_object();

	json_object_set_new(o, "seen", number(mss_total(verdicts)));
	for (size_t i = 1; i <= MTUN_MSS_VERDICT_MAX; i++)
		json_object_set_new(o, key_text(mss_verdict_names[i].name).s,
				    number(verdicts[i]));
	return o;
}

/* The TCP handshakes that the MSS clamp has seen, and what it did. */
void print_mss(const uint64_t *verdicts, int width)
{
	const char *separator = ": ";

	printf("    clamped   %*" PRIu64 " of %" PRIu64 " TCP handshakes", width,
	       verdicts[MTUN_MSS_VERDICT_LOWERED], mss_total(verdicts));
	for (size_t i = 1; i <= MTUN_MSS_VERDICT_MAX; i++) {
		if (!verdicts[i] || i == MTUN_MSS_VERDICT_LOWERED)
			continue;
		printf("%s%" PRIu64 " %s", separator, verdicts[i],
		       mss_verdict_names[i].name);
		separator = ", ";
	}
	putchar('\n');
}

enum colour state_colour(uint8_t state)
{
	static const enum colour colours[] = {
		[MTUN_HEALTH_STATE_DOWN] = RED,
		[MTUN_HEALTH_STATE_DEGRADED] = YELLOW,
		[MTUN_HEALTH_STATE_HEALTHY] = GREEN,
	};

	return state < ARRAY_SIZE(colours) ? colours[state] : PLAIN;
}
