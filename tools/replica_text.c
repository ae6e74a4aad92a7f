// SPDX-License-Identifier: GPL-2.0
/*
 * States and policies as lines of text, and back. A block is
 *
 *	mtun-ipsec 2
 *	made WORD VALUE ...
 *	tunnel WORD VALUE ...
 *	state WORD VALUE ...
 *	policy WORD VALUE ...
 *	end LINES SUM
 *
 * with any number of tunnels, and of states and policies of each. Nobody but us writes
 * it: a word that is not known, is missing, or is there twice is an error, as is a sum
 * that is not right. No error repeats a value, which might be a key.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "replica.h"
#include "xfrm_addr.h"

#define MAGIC		"mtun-ipsec"
#define LINES_MAX	100000
#define WORDS_MAX	80

#define SUM_BEGIN	0xcbf29ce484222325ull
#define SUM_FACTOR	0x100000001b3ull

/* FNV-1a: against a stream that is cut or mixed up. ssh is against those who mean it. */
static uint64_t add_to_sum(uint64_t sum, const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ (unsigned char)line[i]) * SUM_FACTOR;
	return (sum ^ '\n') * SUM_FACTOR;
}

/* ---- values ---- */

/* The first of a list that a character divides; NULL when there is no more */
static char *next(char **list, char divider)
{
	char *value = *list, *end;

	if (!value)
		return NULL;
	end = strchr(value, divider);
	if (end)
		*end = '\0';
	*list = end ? end + 1 : NULL;
	return value;
}

static bool get_u32(char *text, uint32_t *v)
{
	return text && parse_u32(text, v);
}

static bool get_max(char *text, uint32_t max, uint32_t *v)
{
	return get_u32(text, v) && *v <= max;
}

static bool get_u64(char *text, __u64 *v)
{
	size_t len = text ? strspn(text, "0123456789") : 0;

	if (!len || text[len])
		return false;
	errno = 0;
	*v = strtoull(text, NULL, 10);
	return !errno;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool get_key(char *text, struct algorithm *a)
{
	size_t len = text ? strlen(text) : 0;

	if (!len || len % 2 || len / 2 > sizeof(a->key))
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		a->key[i / 2] = high << 4 | low;
	}
	a->key_len = len / 2;
	return true;
}

/* NAME/BITS/KEY */
static bool get_algorithm(struct algorithm *a, char *text)
{
	char *name = next(&text, '/');

	if (!*name || strlen(name) >= sizeof(a->name))
		return false;
	strcpy(a->name, name);
	return get_u32(next(&text, '/'), &a->icv) &&
	       get_key(next(&text, '/'), a) && !text;
}

static void put_algorithm(struct secret *to, const char *word,
			  const struct algorithm *a)
{
	if (!*a->name)
		return;
	secret_add(to, " %s %s/%u/", word, a->name, a->icv);
	secret_add_hex(to, a->key, a->key_len);
}

/* V/MASK */
static bool get_mark(struct xfrm_mark *m, char *text)
{
	return get_u32(next(&text, '/'), &m->v) &&
	       get_u32(next(&text, '/'), &m->m) && !text;
}

static void put_mark(struct secret *to, const char *word,
		     const struct xfrm_mark *m)
{
	if (m->v || m->m)
		secret_add(to, " %s 0x%x/0x%x", word, m->v, m->m);
}

static bool get_port(char *text, __be16 *port, __be16 *mask)
{
	uint32_t p, m;

	if (!get_max(next(&text, '/'), UINT16_MAX, &p) ||
	    !get_max(next(&text, '/'), UINT16_MAX, &m) || text)
		return false;
	*port = htons(p);
	*mask = htons(m);
	return true;
}

static bool get_prefix_of(char *text, uint16_t family, xfrm_address_t *addr,
			  uint8_t *len)
{
	struct prefix p = { 0 };

	if (!text || !parse_prefix(text, &p) || p.addr.family != family)
		return false;
	memcpy(addr, p.addr.bytes, p.addr.len);
	*len = p.len;
	return true;
}

/* any, or FAMILY,SRC,DST,PROTO,SPORT/MASK,DPORT/MASK */
static bool get_selector(struct xfrm_selector *sel, char *text)
{
	char *family = next(&text, ',');
	uint32_t proto;

	if (!strcmp(family, "any"))
		return !text;
	if (strcmp(family, "4") && strcmp(family, "6"))
		return false;
	sel->family = *family == '4' ? AF_INET : AF_INET6;
	if (!get_prefix_of(next(&text, ','), sel->family, &sel->saddr,
			   &sel->prefixlen_s) ||
	    !get_prefix_of(next(&text, ','), sel->family, &sel->daddr,
			   &sel->prefixlen_d) ||
	    !get_max(next(&text, ','), UINT8_MAX, &proto))
		return false;
	sel->proto = proto;
	return get_port(next(&text, ','), &sel->sport, &sel->sport_mask) &&
	       get_port(next(&text, ','), &sel->dport, &sel->dport_mask) &&
	       !text;
}

static struct text xfrm_addr_text(const xfrm_address_t *addr, uint16_t family)
{
	struct addr a = xfrm_addr(addr, family);

	return addr_text(&a);
}

static void put_selector(struct secret *to, const struct xfrm_selector *sel)
{
	if (!sel->family) {
		secret_add(to, " sel any");
		return;
	}
	secret_add(to, " sel %c,%s/%u,%s/%u,%u,%u/%u,%u/%u",
		   sel->family == AF_INET ? '4' : '6',
		   xfrm_addr_text(&sel->saddr, sel->family).s, sel->prefixlen_s,
		   xfrm_addr_text(&sel->daddr, sel->family).s, sel->prefixlen_d,
		   sel->proto, ntohs(sel->sport), ntohs(sel->sport_mask),
		   ntohs(sel->dport), ntohs(sel->dport_mask));
}

#define N_LIMITS	8

static void limits_of(struct xfrm_lifetime_cfg *l, __u64 *v[N_LIMITS])
{
	v[0] = &l->soft_byte_limit;
	v[1] = &l->hard_byte_limit;
	v[2] = &l->soft_packet_limit;
	v[3] = &l->hard_packet_limit;
	v[4] = &l->soft_add_expires_seconds;
	v[5] = &l->hard_add_expires_seconds;
	v[6] = &l->soft_use_expires_seconds;
	v[7] = &l->hard_use_expires_seconds;
}

/* Bytes, packets, seconds since it was made and since it was used; soft, hard */
static bool get_limits(struct xfrm_lifetime_cfg *l, char *text)
{
	__u64 *v[N_LIMITS];

	limits_of(l, v);
	for (size_t i = 0; i < N_LIMITS; i++)
		if (!get_u64(next(&text, ','), v[i]))
			return false;
	return !text;
}

static void put_limits(struct secret *to, const struct xfrm_lifetime_cfg *l)
{
	struct xfrm_lifetime_cfg copy = *l;
	__u64 *v[N_LIMITS];

	limits_of(&copy, v);
	secret_add(to, " limits");
	for (size_t i = 0; i < N_LIMITS; i++)
		secret_add(to, "%c%llu", i ? ',' : ' ', *v[i]);
}

/* TYPE,SPORT,DPORT */
static bool get_encap(struct xfrm_encap_tmpl *encap, char *text)
{
	uint32_t type, sport, dport;

	if (!get_max(next(&text, ','), UINT16_MAX, &type) || !type ||
	    !get_max(next(&text, ','), UINT16_MAX, &sport) ||
	    !get_max(next(&text, ','), UINT16_MAX, &dport) || text)
		return false;
	encap->encap_type = type;
	encap->encap_sport = htons(sport);
	encap->encap_dport = htons(dport);
	return true;
}

static void put_encap(struct secret *to, const struct xfrm_encap_tmpl *encap)
{
	if (encap->encap_type)
		secret_add(to, " encap %u,%u,%u", encap->encap_type,
			   ntohs(encap->encap_sport), ntohs(encap->encap_dport));
}

/* SRC,DST,SPI,REQID,MODE,OPTIONAL,AALGOS,EALGOS,CALGOS */
static bool get_template(struct replica_policy *p, char *text)
{
	uint32_t spi, mode, optional;
	struct xfrm_user_tmpl *t;
	struct addr src, dst;
	char *a, *b;

	if (p->n_tmpls == ARRAY_SIZE(p->tmpls))
		return false;
	t = &p->tmpls[p->n_tmpls++];
	a = next(&text, ',');
	b = next(&text, ',');
	if (!b || !parse_addr(a, &src) || !parse_addr(b, &dst) ||
	    src.family != dst.family)
		return false;
	memcpy(&t->saddr, src.bytes, src.len);
	memcpy(&t->id.daddr, dst.bytes, dst.len);
	t->family = src.family;
	t->id.proto = IPPROTO_ESP;
	if (!get_u32(next(&text, ','), &spi) ||
	    !get_u32(next(&text, ','), &t->reqid) ||
	    !get_max(next(&text, ','), UINT8_MAX, &mode) ||
	    !get_max(next(&text, ','), 1, &optional))
		return false;
	t->id.spi = htonl(spi);
	t->mode = mode;
	t->optional = optional;
	return get_u32(next(&text, ','), &t->aalgos) &&
	       get_u32(next(&text, ','), &t->ealgos) &&
	       get_u32(next(&text, ','), &t->calgos) && !text;
}

static void put_template(struct secret *to, const struct xfrm_user_tmpl *t)
{
	secret_add(to, " tmpl %s,%s,0x%x,%u,%u,%u,0x%x,0x%x,0x%x",
		   xfrm_addr_text(&t->saddr, t->family).s,
		   xfrm_addr_text(&t->id.daddr, t->family).s, ntohl(t->id.spi),
		   t->reqid, t->mode, t->optional, t->aalgos, t->ealgos,
		   t->calgos);
}

/* ---- lines ---- */

/* What the value of a word is, and where it goes to */
struct word {
	const char *name;
	enum { NEEDED, OPTIONAL, MANY } how;
	bool (*get)(void *to, char *text);
	size_t at;
};

static bool word_u8(void *to, char *text)
{
	uint32_t v;

	if (!get_max(text, UINT8_MAX, &v))
		return false;
	*(uint8_t *)to = v;
	return true;
}

static bool word_u32(void *to, char *text)
{
	return get_u32(text, to);
}

static bool word_u64(void *to, char *text)
{
	return get_u64(text, to);
}

static bool word_addr(void *to, char *text)
{
	return parse_addr(text, to);
}

static bool word_name(void *to, char *text)
{
	if (strlen(text) >= IFNAMSIZ)
		return false;
	strcpy(to, text);
	return true;
}

/* It goes into a file, between blanks. */
static bool word_boot(void *to, char *text)
{
	size_t len = strlen(text);

	if (len >= sizeof(((struct replica_made *)to)->boot) ||
	    strspn(text, "0123456789abcdef-") != len)
		return false;
	strcpy(to, text);
	return true;
}

static bool word_mode(void *to, char *text)
{
	return parse_enum(text, mode_names, ARRAY_SIZE(mode_names), to);
}

static bool word_algorithm(void *to, char *text)
{
	return get_algorithm(to, text);
}

static bool word_mark(void *to, char *text)
{
	return get_mark(to, text);
}

static bool word_selector(void *to, char *text)
{
	return get_selector(to, text);
}

static bool word_limits(void *to, char *text)
{
	return get_limits(to, text);
}

static bool word_encap(void *to, char *text)
{
	return get_encap(to, text);
}

static bool word_template(void *to, char *text)
{
	return get_template(to, text);
}

#define STATE(member)	offsetof(struct replica_state, member)
#define POLICY(member)	offsetof(struct replica_policy, member)
#define TUNNEL(member)	offsetof(struct replica, member)

static const struct word made_words[] = {
	{ "boot", NEEDED, word_boot, offsetof(struct replica_made, boot) },
	{ "ns", NEEDED, word_u64, offsetof(struct replica_made, ns) },
	{ NULL }
};

static const struct word tunnel_words[] = {
	{ "name", NEEDED, word_name, TUNNEL(ifname) },
	{ "mode", NEEDED, word_mode, TUNNEL(mode) },
	{ "local", NEEDED, word_addr, TUNNEL(local) },
	{ "remote", NEEDED, word_addr, TUNNEL(remote) },
	{ "if-id", NEEDED, word_u32, TUNNEL(if_id) },
	{ NULL }
};

static const struct word state_words[] = {
	{ "src", NEEDED, word_addr, STATE(src) },
	{ "dst", NEEDED, word_addr, STATE(dst) },
	{ "spi", NEEDED, word_u32, STATE(spi) },
	{ "reqid", NEEDED, word_u32, STATE(reqid) },
	{ "mode", NEEDED, word_u8, STATE(mode) },
	{ "flags", NEEDED, word_u8, STATE(flags) },
	{ "extra-flags", OPTIONAL, word_u32, STATE(extra_flags) },
	{ "window", NEEDED, word_u32, STATE(window) },
	{ "tfcpad", OPTIONAL, word_u32, STATE(tfcpad) },
	{ "mapping-age", OPTIONAL, word_u32, STATE(mapping_age) },
	{ "age", NEEDED, word_u64, STATE(age) },
	{ "sel", NEEDED, word_selector, STATE(sel) },
	{ "limits", NEEDED, word_limits, STATE(limits) },
	{ "mark", OPTIONAL, word_mark, STATE(mark) },
	{ "set-mark", OPTIONAL, word_mark, STATE(set_mark) },
	{ "encap", OPTIONAL, word_encap, STATE(encap) },
	{ "aead", OPTIONAL, word_algorithm, STATE(aead) },
	{ "auth", OPTIONAL, word_algorithm, STATE(auth) },
	{ "crypt", OPTIONAL, word_algorithm, STATE(crypt) },
	{ NULL }
};

static const struct word policy_words[] = {
	{ "dir", NEEDED, word_u8, POLICY(dir) },
	{ "action", NEEDED, word_u8, POLICY(action) },
	{ "flags", NEEDED, word_u8, POLICY(flags) },
	{ "priority", NEEDED, word_u32, POLICY(priority) },
	{ "sel", NEEDED, word_selector, POLICY(sel) },
	{ "limits", NEEDED, word_limits, POLICY(limits) },
	{ "mark", OPTIONAL, word_mark, POLICY(mark) },
	{ "tmpl", MANY, word_template, 0 },	/* to all of it */
	{ NULL }
};

static void put_state(struct secret *to, const struct replica_state *s,
		      bool times)
{
	secret_add(to, "state src %s", addr_text(&s->src).s);
	secret_add(to, " dst %s spi 0x%x reqid %u mode %u flags 0x%x window %u",
		   addr_text(&s->dst).s, s->spi, s->reqid, s->mode, s->flags,
		   s->window);
	if (s->extra_flags)
		secret_add(to, " extra-flags 0x%x", s->extra_flags);
	if (s->tfcpad)
		secret_add(to, " tfcpad %u", s->tfcpad);
	if (s->mapping_age)
		secret_add(to, " mapping-age %u", s->mapping_age);
	secret_add(to, " age %llu", times ? s->age : 0);
	put_selector(to, &s->sel);
	put_limits(to, &s->limits);
	put_mark(to, "mark", &s->mark);
	put_mark(to, "set-mark", &s->set_mark);
	put_encap(to, &s->encap);
	put_algorithm(to, "aead", &s->aead);
	put_algorithm(to, "auth", &s->auth);
	put_algorithm(to, "crypt", &s->crypt);
	secret_add(to, "\n");
}

static void put_policy(struct secret *to, const struct replica_policy *p)
{
	secret_add(to, "policy dir %u action %u flags %u priority %u", p->dir,
		   p->action, p->flags, p->priority);
	put_selector(to, &p->sel);
	put_limits(to, &p->limits);
	put_mark(to, "mark", &p->mark);
	for (uint32_t i = 0; i < p->n_tmpls; i++)
		put_template(to, &p->tmpls[i]);
	secret_add(to, "\n");
}

void replicas_write(const struct replicas *rs, bool times, struct secret *to)
{
	uint64_t sum = SUM_BEGIN;
	size_t at = to->n;
	uint32_t lines = 0;

	secret_add(to, MAGIC " %u\n", REPLICA_VERSION);
	if (times)
		secret_add(to, "made boot %s ns %llu\n", rs->made.boot,
			   rs->made.ns);
	for (size_t i = 0; i < rs->n; i++) {
		const struct replica *r = &rs->v[i];

		secret_add(to, "tunnel name %s mode %s local %s", r->ifname,
			   enum_name(mode_names, r->mode),
			   addr_text(&r->local).s);
		secret_add(to, " remote %s if-id %u\n", addr_text(&r->remote).s,
			   r->if_id);
		for (size_t j = 0; j < r->n_states; j++)
			put_state(to, &r->states[j], times);
		for (size_t j = 0; j < r->n_policies; j++)
			put_policy(to, &r->policies[j]);
	}
	for (size_t end; at < to->n; at = end + 1, lines++) {
		end = (char *)memchr(to->s + at, '\n', to->n - at) - to->s;
		sum = add_to_sum(sum, to->s + at, end - at);
	}
	secret_add(to, "end %u %016" PRIx64 "\n", lines, sum);
}

/* ---- reading ---- */

/* No value is repeated: it might be a key. */
static enum result wrong(const struct replica_parser *parser, const char *kind,
			 const char *word, const char *what, struct error *err)
{
	return refuse(err, RES_REFUSED, "line %u of the block: %s%s%s %s",
		      parser->lines, kind, *word ? ": " : "", word, what);
}

static enum result parse_words(const struct replica_parser *parser,
			       const char *kind, const struct word *words,
			       void *object, char *line, struct error *err)
{
	uint32_t seen = 0;
	const struct word *w;
	char *word, *value;
	int n = 0;

	while ((word = next(&line, ' '))) {
		for (w = words; w->name && strcmp(w->name, word); w++)
			;
		if (!w->name || ++n > WORDS_MAX)
			return wrong(parser, kind, "",
				     "has a word that this mtctl does not know: is it older than the other one?",
				     err);
		if (seen & 1u << (w - words) && w->how != MANY)
			return wrong(parser, kind, w->name, "is there twice", err);
		seen |= 1u << (w - words);
		value = next(&line, ' ');
		if (!value || !*value || !w->get((char *)object + w->at, value))
			return wrong(parser, kind, w->name,
				     "has a value that cannot be", err);
	}
	for (w = words; w->name; w++)
		if (w->how == NEEDED && !(seen & 1u << (w - words)))
			return wrong(parser, kind, w->name, "is missing", err);
	return RES_OK;
}

static enum result parse_end(struct replica_parser *parser, char *line,
			     struct error *err)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %016" PRIx64, parser->lines - 1,
		 parser->sum);
	if (strcmp(line, text))
		return wrong(parser, "end", "",
			     "is not that of what came before: something was lost on the way",
			     err);
	if (!parser->dated)
		return wrong(parser, "when it was made", "", "is not told", err);
	parser->begun = false;
	return RES_OK;
}

static enum result begin(struct replica_parser *parser, char *line,
			 struct error *err)
{
	char *word = next(&line, ' ');
	uint32_t version;

	if (strcmp(word, MAGIC) || !get_u32(line, &version))
		return refuse(err, RES_REFUSED,
			      "this is not what \"mtctl ipsec replicate\" writes");
	if (version != REPLICA_VERSION)
		return refuse(err, RES_REFUSED,
			      "it is of version %u, and this mtctl knows %u alone: use the same at both ends",
			      version, REPLICA_VERSION);
	replicas_free(&parser->rs);
	parser->begun = true;
	parser->dated = false;
	return RES_OK;
}

enum result replica_parse(struct replica_parser *parser, char *line,
			  bool *complete, struct error *err)
{
	uint64_t sum;
	char *kind;

	*complete = false;
	if (!parser->begun) {
		parser->lines = 1;
		parser->sum = add_to_sum(SUM_BEGIN, line, strlen(line));
		return begin(parser, line, err);
	}
	if (++parser->lines > LINES_MAX)
		return wrong(parser, "there", "", "are too many", err);
	sum = add_to_sum(parser->sum, line, strlen(line));
	kind = next(&line, ' ');
	if (line && !strcmp(kind, "end")) {
		*complete = true;
		return parse_end(parser, line, err);
	}
	parser->sum = sum;
	if (!parser->dated && !strcmp(kind, "made")) {
		parser->dated = true;
		return parse_words(parser, "made", made_words,
				   &parser->rs.made, line, err);
	}
	if (parser->dated && !strcmp(kind, "tunnel"))
		return parse_words(parser, "tunnel", tunnel_words,
				   replicas_add(&parser->rs), line, err);
	if (parser->rs.n && !strcmp(kind, "state"))
		return parse_words(parser, "state", state_words,
				   replica_add_state(&parser->rs.v[parser->rs.n - 1]),
				   line, err);
	if (parser->rs.n && !strcmp(kind, "policy"))
		return parse_words(parser, "policy", policy_words,
				   replica_add_policy(&parser->rs.v[parser->rs.n - 1]),
				   line, err);
	return wrong(parser, "it", "",
		     "is none that this mtctl knows: is it older than the other one?",
		     err);
}

void replica_parser_free(struct replica_parser *parser)
{
	replicas_free(&parser->rs);
	*parser = (struct replica_parser) { 0 };
}
