// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "../kmod/mss.h"

/* Arguments */

static_assert(!offsetof(struct tunnel, has) && !offsetof(struct clamp, has) &&
	      !offsetof(struct filter, has) && !offsetof(struct netns, has) &&
	      !offsetof(struct health, has),
	      "whatever an object is");

static void set_has(void *object, unsigned int attr)
{
	*(uint64_t *)object |= 1ull << attr;
}

static bool has(const void *object, unsigned int attr)
{
	return *(const uint64_t *)object & 1ull << attr;
}

const char *object_name(const struct kind *kind, const void *object)
{
	return (const char *)object + kind->name_at;
}

uint8_t object_origin(const struct kind *kind, const void *object)
{
	return kind->origin_at ? *((const uint8_t *)object + kind->origin_at) :
				 MTUN_ORIGIN_MANUAL;
}

void object_set_origin(const struct kind *kind, void *object, uint8_t origin)
{
	*((uint8_t *)object + kind->origin_at) = origin;
	set_has(object, kind->origin_attr);
}

const struct arg *arg_find(const struct arg *args, const char *word)
{
	for (const struct arg *a = args; a->name; a++)
		if (!strcmp(a->name, word))
			return a;
	return NULL;
}

enum result arg_unknown(const struct arg *args, const struct arg *more,
			const char *word, struct error *err)
{
	const char *like = closest(args, sizeof(*args), word);

	if (!like && more)
		like = closest(more, sizeof(*more), word);
	return refuse(err, RES_USAGE, like ?
		      "unknown argument \"%s\"; did you mean \"%s\"?" :
		      "unknown argument \"%s\"", word, like);
}

enum result parse_tunnel_name(int argc, char **argv, const struct arg *args,
			      char ifname[IFNAMSIZ], struct error *err)
{
	if (!argc)
		return refuse(err, RES_USAGE, "the tunnel's name is missing");
	/* A forgotten name would show up as an odd complaint about a value. */
	if (args && arg_find(args, argv[0]))
		return refuse(err, RES_USAGE,
			      "the tunnel's name is missing before \"%s\"",
			      argv[0]);
	if (!*argv[0] || strlen(argv[0]) >= IFNAMSIZ)
		return refuse(err, RES_USAGE,
			      "\"%s\": a tunnel's name is 1 to 15 bytes long",
			      argv[0]);
	strcpy(ifname, argv[0]);
	return RES_OK;
}

enum result parse_only_name(int argc, char **argv, char ifname[IFNAMSIZ],
			    struct error *err)
{
	if (argc > 1)
		return refuse(err, RES_USAGE,
			      "one name at a time: \"%s\" is too much", argv[1]);
	return parse_tunnel_name(argc, argv, NULL, ifname, err);
}

enum result arg_read(const struct arg *a, const char *word, const char *value,
		     uint32_t *seen, void *object, struct error *err)
{
	if (*seen & a->sets && !(a->flags & ARG_MANY))
		return refuse(err, RES_USAGE,
			      "%s: given before; give each value once", word);
	*seen |= a->sets;
	if (!value)
		return refuse(err, RES_USAGE, "%s: the value is missing", word);
	if (!a->parse(a, value, object))
		return refuse(err, RES_USAGE, "%s %s: %s", word, value,
			      a->wants);
	return RES_OK;
}

/* Whether the word can tell two objects apart at all, and whether they are. */
static bool comparable(const struct arg *a, const void *was, const void *is,
		       bool *same)
{
	struct text from, to;
	bool can_from, can_to;

	*same = true;
	if (a->flags & ARG_LEFT && !has(is, a->attr))
		return true;
	for (size_t i = 0; *same; i++) {
		can_from = a->text(a, was, i, &from);
		can_to = a->text(a, is, i, &to);
		if (!(a->flags & ARG_MANY) && !(can_from && can_to))
			return false;
		if (!can_from && !can_to)
			break;
		*same = can_from && can_to && !strcmp(from.s, to.s);
		if (!(a->flags & ARG_MANY))
			break;
	}
	return true;
}

const struct arg *arg_differs(const struct arg *a, const void *was,
			      const void *is, uint32_t *said)
{
	bool same;

	for (; a->name; a++) {
		if (*said & a->sets || !comparable(a, was, is, &same))
			continue;
		*said |= a->sets;
		if (!same)
			return a;
	}
	return NULL;
}

bool objects_differ(const struct kind *kind, const void *was, const void *is)
{
	uint32_t said = 0;

	return (!kind->settings_end ||
		memcmp((const char *)was + kind->settings_at,
		       (const char *)is + kind->settings_at,
		       kind->settings_end - kind->settings_at)) &&
	       arg_differs(kind->args, was, is, &said);
}

const struct name on_off_names[2] = { { .name = "off" }, { .name = "on" } };

bool parse_choice(const struct arg *a, const char *value, void *object)
{
	set_has(object, a->attr);
	return parse_enum(value, a->names, a->n_names,
			  (uint8_t *)object + a->at);
}

bool choice_text(const struct arg *a, const void *object, size_t i,
		 struct text *text)
{
	uint8_t number = *((const uint8_t *)object + a->at);

	(void)i;
	*text = word_text(number < a->n_names ? a->names[number].name : "?");
	return true;
}

const struct prefixes *arg_prefixes(const struct arg *a, const void *object)
{
	return (const struct prefixes *)((const char *)object + a->at);
}

bool parse_prefixes(const struct arg *a, const char *value, void *object)
{
	struct prefixes *ps = (struct prefixes *)arg_prefixes(a, object);
	struct prefix prefix;

	if (ps->any)
		return false;
	if (!strcmp(value, "any")) {
		ps->any = true;
		return !ps->n;
	}
	if (!parse_prefix(value, &prefix))
		return false;
	*prefixes_add(ps) = prefix;
	return true;
}

bool prefixes_text(const struct arg *a, const void *object, size_t i,
		   struct text *text)
{
	const struct prefixes *ps = arg_prefixes(a, object);

	if (i >= ps->n)
		return false;
	*text = prefix_text(&ps->v[i]);
	return true;
}

/* Values */

/*
 * Decimal, or hexadecimal with 0x. A leading zero is refused because half of
 * the world would read the rest as octal.
 */
bool parse_u32(const char *text, uint32_t *value)
{
	const char *digits = text;
	unsigned long long v;
	int base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		digits = text + 2;
		if (strspn(digits, "0123456789abcdefABCDEF") != strlen(digits))
			return false;
	} else if (strspn(digits, "0123456789") != strlen(digits)) {
		return false;
	} else if (digits[0] == '0' && digits[1]) {
		return false;
	}
	if (!*digits)
		return false;

	errno = 0;
	v = strtoull(digits, NULL, base);
	if (errno || v > UINT32_MAX)
		return false;
	*value = v;
	return true;
}

bool parse_u8(const char *text, uint8_t *value)
{
	uint32_t v;

	if (!parse_u32(text, &v) || v > UINT8_MAX)
		return false;
	*value = v;
	return true;
}

bool parse_key(const char *text, uint32_t *key)
{
	struct in_addr quad;

	if (inet_pton(AF_INET, text, &quad) == 1) {
		*key = ntohl(quad.s_addr);
		return true;
	}
	return parse_u32(text, key);
}

bool parse_addr(const char *text, struct addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	addr->len = addr->family == AF_INET6 ? 16 : 4;
	return inet_pton(addr->family, text, addr->bytes) == 1;
}

bool parse_on_off(const char *text, bool *on)
{
	*on = !strcmp(text, "on");
	return *on || !strcmp(text, "off");
}

/* The largest that fits is first. */
static const struct {
	const char *name;
	uint32_t ms;
} units[] = { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };

bool parse_time(const char *text, uint32_t *ms)
{
	size_t len = strspn(text, "0123456789");
	char digits[11];
	uint32_t n;

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!parse_u32(digits, &n))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(text + len, units[i].name))
			continue;
		*ms = n * units[i].ms;
		return n <= UINT32_MAX / units[i].ms;
	}
	return false;
}

struct text time_text(uint64_t ms)
{
	struct text t;
	size_t i = 0;

	while (!ms || ms % units[i].ms) {
		if (++i == ARRAY_SIZE(units) - 1)
			break;
	}
	snprintf(t.s, sizeof(t.s), "%" PRIu64 "%s", ms / units[i].ms,
		 units[i].name);
	return t;
}

bool parse_mss_value(const char *text, bool may_be_off, uint16_t *mss)
{
	uint32_t v;

	*mss = MTUN_MSS_OFF;
	if (may_be_off && !strcmp(text, "off"))
		return true;
	*mss = MTUN_MSS_AUTO;
	if (!strcmp(text, "auto"))
		return true;
	if (!parse_u32(text, &v) || v < MT_MSS_MIN || v >= MTUN_MSS_AUTO)
		return false;
	*mss = v;
	return true;
}

bool parse_enum(const char *text, const struct name *names, size_t n,
		uint8_t *number)
{
	for (*number = 0; *number < n; ++*number)
		if (!strcmp(names[*number].name, text))
			return true;
	return false;
}

bool parse_prefix(const char *text, struct prefix *prefix)
{
	char addr[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	uint32_t bits;

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (!parse_addr(addr, &prefix->addr))
		return false;
	bits = 8 * prefix->addr.len;
	if (text[len] == '/' && (!parse_u32(text + len + 1, &bits) ||
				 bits > 8u * prefix->addr.len))
		return false;
	prefix->len = bits;
	return true;
}

struct text addr_text(const struct addr *addr)
{
	struct text t;

	if (!addr->len || !inet_ntop(addr->family, addr->bytes, t.s, sizeof(t.s)))
		strcpy(t.s, "?");
	return t;
}

struct text prefix_text(const struct prefix *prefix)
{
	struct text t = addr_text(&prefix->addr);

	if (prefix->len != 8 * prefix->addr.len)
		sprintf(t.s + strlen(t.s), "/%u", prefix->len);
	return t;
}

struct text number_text(uint64_t v)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "%" PRIu64, v);
	return t;
}

struct text word_text(const char *word)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "%s", word);
	return t;
}

struct text plain_text(const char *word)
{
	struct text t = word_text(word);

	make_plain(t.s);
	return t;
}

struct text sample_text(uint32_t interval)
{
	return interval ? number_text(interval) : word_text("off");
}

struct text mss_text(uint16_t mss)
{
	switch (mss) {
	case MTUN_MSS_OFF:
		return word_text("off");
	case MTUN_MSS_AUTO:
		return word_text("auto");
	default:
		return number_text(mss);
	}
}

/* Tables of words */

static const char *word(const void *table, size_t size, size_t i)
{
	return *(const char *const *)((const char *)table + i * size);
}

const void *pick(const void *table, size_t size, const char *what,
		 const char *text, struct error *err)
{
	size_t len = strlen(text), hits = 0, hit = 0, used;
	const char *w, *like;

	for (size_t i = 0; (w = word(table, size, i)); i++) {
		if (len && !strncmp(w, text, len)) {
			hit = i;
			hits++;
			if (!w[len]) {
				hits = 1;
				break;
			}
		}
	}
	if (hits == 1)
		return (const char *)table + hit * size;

	if (!hits) {
		like = closest(table, size, text);
		if (like) {
			refuse(err, RES_USAGE,
			       "unknown %s \"%s\"; did you mean \"%s\"?",
			       what, text, like);
			return NULL;
		}
	}
	if (hits)
		refuse(err, RES_USAGE, "%s \"%s\" is ambiguous:", what, text);
	else
		refuse(err, RES_USAGE, "unknown %s \"%s\"; there is:", what,
		       text);
	used = strlen(err->text);
	for (size_t i = 0; (w = word(table, size, i)); i++) {
		if (hits && strncmp(w, text, len))
			continue;
		if (used < sizeof(err->text))
			used += snprintf(err->text + used,
					 sizeof(err->text) - used, " %s", w);
	}
	return NULL;
}

/* Letters to insert, delete, replace or swap to make b from a (at most 31). */
static unsigned int distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned int d[32][32];

	if (la > 31 || lb > 31)
		return 31;
	for (size_t i = 0; i <= la; i++) {
		for (size_t j = 0; j <= lb; j++) {
			unsigned int best;

			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const char *closest(const void *table, size_t size, const char *text)
{
	unsigned int least = strlen(text) > 3 ? 3 : 2;
	const char *w, *like = NULL;

	for (size_t i = 0; (w = word(table, size, i)); i++) {
		unsigned int d = distance(text, w);

		/* A word that was not written to its end */
		if (strlen(text) > 3 && !strncmp(text, w, strlen(text)))
			return w;

		if (d < least) {
			least = d;
			like = w;
		}
	}
	return like;
}

static const struct option_desc *pick_option(const struct option_desc *options,
					     const char *word, struct error *err)
{
	const char *name = word + 1 + (word[1] == '-');
	size_t len = strlen(name);

	for (const struct option_desc *d = options; d->name; d++)
		if (len >= strlen(d->shortest) && !strncmp(d->name, name, len))
			return d;
	refuse(err, RES_USAGE, "unknown option \"%s\"", word);
	return NULL;
}

const struct option_desc *read_option(const struct option_desc *options,
				      struct option_words *words, const char **value,
				      struct error *err)
{
	const char *word = words->argv[words->at++];
	const struct option_desc *d;

	d = pick_option(options, word, err);
	if (!d || !*d->value)
		return d;
	if (words->seen & 1u << d->option) {
		refuse(err, RES_USAGE, "%s: was given before; give one %s", word, d->value);
		return NULL;
	}
	words->seen |= 1u << d->option;
	if (words->at == words->argc) {
		refuse(err, RES_USAGE, "%s: %s is missing", word, d->value);
		return NULL;
	}
	*value = words->argv[words->at++];
	return d;
}
