// SPDX-License-Identifier: GPL-2.0
/* Unit tests of what goes to other nodes, and of what is done with it there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "args.h"
#include "output.h"
#include "replica.h"
#include "test.h"

static struct replica replica(const char *name, const char *local,
			      const char *remote, uint32_t if_id)
{
	struct replica r = { .mode = if_id ? MTUN_MODE_IPSEC : MTUN_MODE_GRE,
			     .if_id = if_id };

	strcpy(r.ifname, name);
	parse_addr(local, &r.local);
	parse_addr(remote, &r.remote);
	return r;
}

static void set_algorithm(struct algorithm *a, const char *name, uint32_t key_len,
			  uint32_t icv)
{
	strcpy(a->name, name);
	a->key_len = key_len;
	a->icv = icv;
	for (uint32_t i = 0; i < key_len; i++)
		a->key[i] = 0x9e + i;
}

static struct replica_state *add_state(struct replica *r, bool out, uint32_t spi)
{
	struct replica_state *s = replica_add_state(r);

	s->src = out ? r->local : r->remote;
	s->dst = out ? r->remote : r->local;
	s->if_id = r->if_id;
	s->spi = spi;
	s->reqid = 7;
	s->mode = r->if_id ? XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT;
	s->age = 3;
	s->limits.hard_byte_limit = XFRM_INF;
	s->limits.hard_add_expires_seconds = 3960;
	set_algorithm(&s->aead, "rfc4106(gcm(aes))", 36, 128);
	return s;
}

static struct replica_policy *add_policy(struct replica *r, uint8_t dir)
{
	bool out = dir == XFRM_POLICY_OUT;
	const struct addr *src = out ? &r->local : &r->remote;
	const struct addr *dst = out ? &r->remote : &r->local;
	struct replica_policy *p = replica_add_policy(r);
	struct xfrm_user_tmpl *t = &p->tmpls[0];

	p->dir = dir;
	p->if_id = r->if_id;
	p->priority = 100;
	p->n_tmpls = 1;
	p->sel.family = src->family;
	if (!r->if_id) {
		memcpy(&p->sel.saddr, src->bytes, src->len);
		memcpy(&p->sel.daddr, dst->bytes, dst->len);
		p->sel.prefixlen_s = 8 * src->len;
		p->sel.prefixlen_d = 8 * src->len;
		p->sel.proto = IPPROTO_GRE;
	}
	memcpy(&t->saddr, src->bytes, src->len);
	memcpy(&t->id.daddr, dst->bytes, dst->len);
	t->id.proto = IPPROTO_ESP;
	t->family = src->family;
	t->reqid = 7;
	t->mode = r->if_id ? XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT;
	t->aalgos = UINT32_MAX;
	return p;
}

#define BOOT "6f1ce8f4-2c31-4d6a-9d0e-8e3b3c1f0a55"

/* Two tunnels, with one of everything */
static void fill(struct replicas *rs)
{
	struct replica_state *s;
	struct replica *r;

	strcpy(rs->made.boot, BOOT);
	rs->made.ns = 1000;
	r = replicas_add(rs);
	*r = replica("mt0", "192.0.2.1", "192.0.2.2", 42);
	add_state(r, false, 0x1001);
	s = add_state(r, true, 0x1002);
	s->window = 4096;
	s->extra_flags = XFRM_SA_XFLAG_DONT_ENCAP_DSCP;
	s->flags = XFRM_STATE_AF_UNSPEC;
	s->tfcpad = 1400;
	s->mapping_age = 5;
	s->mark = (struct xfrm_mark) { 1, 0xff };
	s->set_mark = (struct xfrm_mark) { 0x80000000, UINT32_MAX };
	s->encap.encap_type = 2;
	s->encap.encap_sport = htons(4500);
	s->encap.encap_dport = htons(60000);
	add_policy(r, XFRM_POLICY_IN);
	add_policy(r, XFRM_POLICY_OUT)->mark.m = 3;

	r = replicas_add(rs);
	*r = replica("mt1", "2001:db8::1", "2001:db8::2", 0);
	s = add_state(r, true, UINT32_MAX);
	memset(&s->aead, 0, sizeof(s->aead));
	set_algorithm(&s->crypt, "cbc(aes)", 32, 0);
	set_algorithm(&s->auth, "hmac(sha512)", 64, 256);
	s->sel.family = AF_INET6;
	memcpy(&s->sel.saddr, r->local.bytes, 16);
	s->sel.prefixlen_s = 128;
	s->sel.proto = IPPROTO_GRE;
	s->sel.dport = htons(7);
	s->sel.dport_mask = UINT16_MAX;
	add_policy(r, XFRM_POLICY_OUT);
}

/* Whether it is a whole block; the text is cut to pieces. */
static bool parses(struct replica_parser *parser, char *text, struct error *err)
{
	bool complete = false;

	for (char *end; *text && !complete; text = end + 1) {
		end = strchr(text, '\n');
		if (!end)
			break;
		*end = '\0';
		if (replica_parse(parser, text, &complete, err))
			return false;
	}
	return complete && !*text;
}

static struct secret copy_of(const struct secret *s)
{
	struct secret copy = { 0 };

	secret_add(&copy, "%s", s->s);
	return copy;
}

static void test_round_trip(struct secret *text)
{
	struct replica_parser parser = { 0 };
	struct replicas rs = { 0 };
	struct secret copy, again = { 0 }, ageless = { 0 };
	struct replica_plan plan = { 0 };
	struct error err = { 0 };

	fill(&rs);
	replicas_write(&rs, true, text);
	copy = copy_of(text);
	check(parses(&parser, copy.s, &err), "what was written is read");
	check(parser.rs.n == rs.n, "all tunnels");
	for (size_t i = 0; i < parser.rs.n; i++) {
		replica_set_if_id(&parser.rs.v[i], rs.v[i].if_id);
		check(!replica_check(&parser.rs.v[i], &err), "it is right");
		check(parser.rs.v[i].n_states == rs.v[i].n_states &&
		      parser.rs.v[i].n_policies == rs.v[i].n_policies, "all of it");
		replica_plan(&rs.v[i], &parser.rs.v[i], &plan);
	}
	check(!plan.n, "nothing differs");
	replicas_write(&parser.rs, true, &again);
	check(!strcmp(text->s, again.s), "the same text again");
	check(parser.rs.v[0].states[0].age == 3, "age");
	check(!strcmp(parser.rs.made.boot, BOOT) && parser.rs.made.ns == 1000,
	      "when it was made");

	rs.v[0].states[0].age++;
	rs.made.ns++;
	replicas_write(&rs, false, &ageless);
	secret_free(&again);
	replicas_write(&parser.rs, false, &again);
	check(!strcmp(ageless.s, again.s), "but for times");
	rs.v[0].states[0].reqid++;
	secret_free(&again);
	replicas_write(&rs, false, &again);
	check(strcmp(ageless.s, again.s), "a change");

	secret_free(&copy);
	copy = copy_of(text);
	check(parses(&parser, copy.s, &err), "a block after a block");
	check(parser.rs.n == rs.n, "and nothing of the first");
	secret_free(&copy);
	secret_free(&again);
	secret_free(&ageless);
	replica_parser_free(&parser);
	replicas_free(&rs);
	free(plan.v);
}

/* No part of a block, and none of which a byte is another one, is a block. */
static void test_broken(const struct secret *text)
{
	size_t taken = 0, mute = 0, told = 0;

	for (size_t i = 0; i < text->n; i++) {
		for (int how = 0; how < 3; how++) {
			struct replica_parser parser = { 0 };
			struct secret copy = copy_of(text);
			struct error err = { 0 };

			if (how == 0)
				copy.s[i] = '\0';
			else if (how == 1)
				copy.s[i] ^= 1;
			else
				memmove(copy.s + i, copy.s + i + 1, text->n - i);
			if (parses(&parser, copy.s, &err))
				taken++;
			else if (how && !*err.text && i + 1 < text->n)
				mute++;
			told += !!strstr(err.text, "9e9fa0");
			secret_free(&copy);
			replica_parser_free(&parser);
		}
	}
	check(!taken, "broken ones are refused");
	check(!mute, "and it is said why");
	check(!told, "without a key");
}

/* What is said about a block in which a text stands in the place of another */
static bool says(const struct secret *text, const char *from, const char *to,
		 const char *what)
{
	struct replica_parser parser = { 0 };
	struct secret changed = { 0 };
	struct error err = { 0 };
	const char *at = strstr(text->s, from);
	bool good;

	if (!at)
		return false;
	secret_add(&changed, "%.*s%s%s", (int)(at - text->s), text->s, to,
		   at + strlen(from));
	good = !parses(&parser, changed.s, &err) && strstr(err.text, what);
	if (!good)
		printf("# said: %s\n", err.text);
	secret_free(&changed);
	replica_parser_free(&parser);
	return good;
}

static void test_hostile(const struct secret *text)
{
	static const struct {
		const char *from;
		const char *to;
		const char *what;
	} cases[] = {
		{ "mtun-ipsec 2", "mtun-ipsec 1", "version 1" },
		{ "mtun-ipsec 2", "mtun-ipsec", "not what" },
		{ "mtun-ipsec 2", "", "not what" },
		{ "made boot " BOOT " ns 1000\n", "", "none that" },
		{ "made boot", "made ns 1 boot", "ns is there twice" },
		{ "made boot " BOOT " ns 1000", "made ns 1000", "boot is missing" },
		{ "boot 6f", "boot 6F", "boot has" },
		{ "boot 6f", "boot 6f6f", "boot has" },
		{ "ns 1000", "ns -1", "ns has" },
		{ "ns 1000\n", "ns 1000\nmade boot 0 ns 1\n", "none that" },
		{ "tunnel name mt0", "state name mt0", "none that" },
		{ "tunnel name mt0", "end", "something was lost" },
		{ "tunnel name mt0", "tunnel name 0123456789abcdef", "name has" },
		{ "tunnel name mt0", "tunnel name", "does not know" },
		{ "tunnel name mt0", "tunnel", "name is missing" },
		{ "mode ipsec", "mode esp", "mode has" },
		{ "remote 192.0.2.2", "remote 192.0.2.2/32", "remote has" },
		{ "state src", "state toy 1 src", "does not know" },
		{ "state src", "state spi 7 src", "spi is there twice" },
		{ "state src 192.0.2.2 dst", "state dst", "src is missing" },
		{ "dst 192.0.2.1 ", "dst 192.0.2 ", "dst has" },
		{ "spi 0x1001", "spi 4294967296", "spi has" },
		{ "spi 0x1001", "spi -1", "spi has" },
		{ "mode 1 ", "mode 256 ", "mode has" },
		{ "age 3", "age 18446744073709551616", "age has" },
		{ "age 3", "age 3s", "age has" },
		{ "sel any", "sel any,", "sel has" },
		{ "sel any", "sel 5,::/0,::/0,0,0/0,0/0", "sel has" },
		{ "sel any", "sel 4,::/0,::/0,0,0/0,0/0", "sel has" },
		{ "sel any", "sel 6,::/129,::/0,0,0/0,0/0", "sel has" },
		{ "sel any", "sel 6,::/0,::/0,256,0/0,0/0", "sel has" },
		{ "sel any", "sel 6,::/0,::/0,0,65536/0,0/0", "sel has" },
		{ "sel any", "sel 6,::/0,::/0,0,0/0", "sel has" },
		{ "sel any", "sel 6", "sel has" },
		{ "limits 0,", "limits ", "limits has" },
		{ "limits 0,", "limits 0,0,", "limits has" },
		{ " aead rfc4106(gcm(aes))/128/", " aead /128/", "aead has" },
		{ " aead rfc4106(gcm(aes))/128/", " aead x/128/q", "aead has" },
		{ " aead rfc4106(gcm(aes))/128/", " aead x/128/0", "aead has" },
		{ " aead rfc4106(gcm(aes))/128/", " aead x/128 ", "aead has" },
		{ "mark 0x1/0xff", "mark 0x1", "mark has" },
		{ "encap 2,4500,60000", "encap 0,4500,60000", "encap has" },
		{ "encap 2,4500,60000", "encap 2,4500", "encap has" },
		{ "policy dir 0", "policy dir", "dir has" },
		{ "tmpl 192.0.2.2,", "tmpl ::1,", "tmpl has" },
		{ "tmpl 192.0.2.2,", "tmpl ", "tmpl has" },
	};
	struct secret more = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(says(text, cases[i].from, cases[i].to, cases[i].what),
		      cases[i].what);
	for (int i = 0; i <= REPLICA_TMPLS; i++)
		secret_add(&more, " tmpl 192.0.2.2,192.0.2.1,0,7,1,0,0,0,0");
	secret_add(&more, " tmpl 192.0.2.2,");
	check(says(text, " tmpl 192.0.2.2,", more.s, "tmpl has"), "seven of them");
	secret_free(&more);
	secret_add(&more, " aead x/128/");
	for (int i = 0; i < 64 - 35; i++)
		secret_add(&more, "00");
	check(says(text, " aead rfc4106(gcm(aes))/128/", more.s, "aead has"),
	      "a long key");
	secret_free(&more);
	secret_add(&more, " aead ");
	for (int i = 0; i < 64; i++)
		secret_add(&more, "x");
	secret_add(&more, "/128/");
	check(says(text, " aead rfc4106(gcm(aes))/128/", more.s, "aead has"),
	      "a long name");
	secret_free(&more);
}

/* A block of as many lines as there may be, and one more */
static void test_long(void)
{
	struct replica_parser parser = { 0 };
	enum result res = RES_OK;
	struct error err = { 0 };
	bool complete = false;
	unsigned int n = 0;
	char line[100];

	for (; !res && n < 200000; n++) {
		snprintf(line, sizeof(line), n == 0 ? "mtun-ipsec 2" :
			 n == 1 ? "made boot 0 ns 1" :
			 "tunnel name mt%u mode ipsec local 192.0.2.1 remote 192.0.2.2 if-id 7",
			 n);
		res = replica_parse(&parser, line, &complete, &err);
	}
	if (n != 100001)
		printf("# line %u: %s\n", n, err.text);
	check(res && n == 100001 && strstr(err.text, "are too many"), "too many lines");
	replica_parser_free(&parser);
}

/* What may be on several nodes: with one change, it is refused by a text */
static void test_refused(void)
{
	struct error err = { 0 };
	struct replicas rs = { 0 };
	struct replica_state *s, was;
	struct replica_policy *p, policy_was;
	struct replica *r;

#define REFUSED(what, why)						\
	do {								\
		check(replica_check(r, &err) && strstr(err.text, why), what); \
		*s = was;						\
		*p = policy_was;					\
		check(!replica_check(r, &err), "and without that");	\
	} while (0)

	fill(&rs);
	r = &rs.v[0];
	s = &r->states[0];
	p = &r->policies[0];
	was = *s;
	policy_was = *p;
	s->flags |= XFRM_STATE_ESN;
	REFUSED("ESN", "extended sequence numbers");
	s->extra_flags = XFRM_SA_XFLAG_OSEQ_MAY_WRAP;
	REFUSED("numbers that begin anew", "oseq-may-wrap");
	s->offload = true;
	REFUSED("offload", "network card");
	s->odd = true;
	REFUSED("what there is no word for", "cannot be replicated");
	s->spi = 0xff;
	REFUSED("reserved SPI", "three digits");
	s->spi = r->states[1].spi;
	s->dst = r->states[1].dst;
	s->src = r->states[1].src;
	s->mark = r->states[1].mark;
	REFUSED("twice", "twice");
	s->window = 4097;
	REFUSED("window", "at most 4096");
	s->window = 4096;
	check(!replica_check(r, &err), "the largest window");
	*s = was;
	s->if_id++;
	REFUSED("another if_id", "not the tunnel's");
	s->mode = XFRM_MODE_TRANSPORT;
	REFUSED("transport mode", "not the tunnel's");
	s->dst.bytes[3] = 9;
	REFUSED("another address", "not the tunnel's");
	parse_addr("::1", &s->dst);
	REFUSED("another family", "not the tunnel's");
	s->dst = s->src;
	REFUSED("the same address twice", "not the tunnel's");

	s->aead.key_len = 16;
	REFUSED("key without a salt", "none that may be");
	s->aead.icv = 32;
	REFUSED("short authentication", "none that may be");
	memset(&s->aead, 0, sizeof(s->aead));
	REFUSED("no cipher", "no cipher");
	set_algorithm(&s->aead, "rfc4543(gcm(aes))", 20, 128);
	REFUSED("GMAC", "hides nothing");
	set_algorithm(&s->aead, "rfc4309(ccm(aes))", 19, 128);
	REFUSED("CCM", "not among those");
	set_algorithm(&s->auth, "hmac(sha256)", 32, 128);
	REFUSED("AEAD and more", "no cipher");
	memset(s->aead.key, 0, sizeof(s->aead.key));
	REFUSED("a key that is not shown", "a kernel shows it that hides keys");

	memset(&s->aead, 0, sizeof(s->aead));
	set_algorithm(&s->crypt, "cbc(aes)", 16, 0);
	set_algorithm(&s->auth, "hmac(sha256)", 32, 128);
	check(!replica_check(r, &err), "CBC");
	was = *s;
	memset(s->auth.key, 0, sizeof(s->auth.key));
	check(replica_check_keys(r, &err), "what is here is not shown");
	REFUSED("a key of authentication that is not shown", "hides keys");
	memset(s->crypt.key, 0, sizeof(s->crypt.key));
	REFUSED("a key of encryption that is not shown", "hides keys");
	check(!replica_check_keys(r, &err), "all is shown");
	memset(&s->auth, 0, sizeof(s->auth));
	REFUSED("CBC alone", "no authentication");
	set_algorithm(&s->auth, "digest_null", 0, 0);
	REFUSED("no digest", "proves nothing");
	set_algorithm(&s->auth, "hmac(md5)", 16, 96);
	REFUSED("MD5", "not among those");
	set_algorithm(&s->crypt, "cbc(des3_ede)", 24, 0);
	REFUSED("3DES", "64 bits");
	set_algorithm(&s->crypt, "rfc3686(ctr(aes))", 20, 0);
	REFUSED("CTR", "not among those");
	set_algorithm(&s->crypt, "ecb(cipher_null)", 0, 0);
	REFUSED("none", "hides nothing");

	p->odd = true;
	REFUSED("an odd policy", "cannot be replicated");
	p->tmpls[0].id.proto = IPPROTO_AH;
	REFUSED("AH", "cannot be replicated");
	p->tmpls[0].mode = XFRM_MODE_TRANSPORT;
	REFUSED("another mode", "cannot be replicated");
	((uint8_t *)&p->tmpls[0].id.daddr)[3] = 9;
	REFUSED("elsewhere", "cannot be replicated");
	p->dir = XFRM_POLICY_MAX;
	REFUSED("direction", "cannot be replicated");
	p->action = 2;
	REFUSED("action", "cannot be replicated");
	p->sel.family = 0;
	REFUSED("no family", "cannot be replicated");
	p->dir = r->policies[1].dir;
	p->sel = r->policies[1].sel;
	p->mark = r->policies[1].mark;
	REFUSED("a policy twice", "twice");

	/* In GRE, of other flows */
	r = &rs.v[1];
	s = &r->states[0];
	p = &r->policies[0];
	was = *s;
	policy_was = *p;
	p->sel.proto = IPPROTO_TCP;
	REFUSED("TCP", "cannot be replicated");
	p->sel.prefixlen_d = 64;
	REFUSED("a network", "cannot be replicated");
	((uint8_t *)&p->sel.daddr)[15] = 9;
	REFUSED("another host", "cannot be replicated");
	p->if_id = 42;
	REFUSED("with an if_id", "cannot be replicated");
#undef REFUSED

	for (uint32_t i = 0; i < REPLICA_MANY; i++)
		add_state(r, false, 0x10000 + i);
	check(replica_check(r, &err) && strstr(err.text, "more than 1000"),
	      "too many");

	check(!replicas_apart(&rs, &err), "two tunnels");
	check(!replica_is_same(&rs.v[0], &rs.v[1]), "another tunnel");
	check(replica_is_same(&rs.v[0], &rs.v[0]), "the same");
	*replicas_add(&rs) = replica("mt2", "2001:db8::1", "2001:db8::2", 0);
	check(replicas_apart(&rs, &err) && strstr(err.text, "mt1 and mt2"),
	      "two with the same states");
	replicas_free(&rs);
}

/* What has to be done, one letter a step */
static bool plans(const struct replica *here, const struct replica *shall,
		  const char *wanted)
{
	struct replica_plan plan = { 0 };
	char got[32] = "";
	bool good;

	replica_plan(here, shall, &plan);
	replica_plan_sort(&plan);
	for (size_t i = 0; i < plan.n; i++) {
		const struct replica_state *is = plan.v[i].is;
		bool out = is && !memcmp(is->src.bytes, shall->local.bytes, 4);

		got[i] = "AXPpd"[plan.v[i].type];
		if (is && !out)
			got[i] += 'a' - 'A';
	}
	good = !strcmp(got, wanted);
	if (!good)
		printf("# planned \"%s\", not \"%s\"\n", got, wanted);
	free(plan.v);
	return good;
}

static void test_steps(void)
{
	struct replicas rs = { 0 };
	struct replica *here, *shall;

	replicas_add(&rs);
	shall = replicas_add(&rs);
	here = &rs.v[0];
	*here = replica("mt0", "192.0.2.1", "192.0.2.2", 42);
	*shall = *here;
	check(plans(here, shall, ""), "nothing");
	add_state(shall, true, 0x1002);
	add_state(shall, false, 0x1001);
	add_policy(shall, XFRM_POLICY_OUT);
	check(plans(here, shall, "aAP"), "first those that receive");
	check(plans(shall, here, "pdd"), "and the other way round");
	add_state(here, true, 0x1002)->age = 99;
	add_state(here, false, 0x1001);
	add_policy(here, XFRM_POLICY_OUT);
	check(plans(here, shall, ""), "the same, older");
	add_state(shall, false, 0x2001);
	add_state(here, true, 0x3001);
	check(plans(here, shall, "ad"), "new ones, and then the old ones go");
	here->states[0].aead.key[0]++;
	check(plans(here, shall, "aXd"), "another key");
	here->states[0].aead.key[0]--;
	here->states[0].encap.encap_type = 2;
	check(plans(here, shall, "aXd"), "another port");
	here->states[0].encap.encap_type = 0;
	here->policies[0].priority++;
	check(plans(here, shall, "aPd"), "another priority");
	here->policies[0].mark.m = 7;
	check(plans(here, shall, "aPpd"), "another mark is another policy");
	replicas_free(&rs);
}

static void test_tunnels(void)
{
	struct tunnel t = { .mode = MTUN_MODE_IPSEC, .if_id = 7, .anycast = 1 };
	struct error err = { 0 };
	struct replica r;

	strcpy(t.ifname, "mt0");
	check(!replica_of(&t, &r, &err) && r.if_id == 7, "an anycast tunnel");
	t.anycast = 0;
	check(replica_of(&t, &r, &err) && strstr(err.text, "anycast on"),
	      "one node's");
	t.anycast = 1;
	t.has = has_bit(MTUN_A_TUNNEL_UNDERLAY_NETNSID);
	check(replica_of(&t, &r, &err) && strstr(err.text, "namespace"),
	      "one whose states are elsewhere");
	t.has = 0;
	t.mode = MTUN_MODE_GRE;
	check(replica_of(&t, &r, &err) && strstr(err.text, "ipsec required"),
	      "one in clear");
}

/*
 * What a file with this in it says of a block of two tunnels, which was made at 1000, and
 * comes by a stream that began at 50
 */
static bool notes(const char *file, const char *why, const char *then)
{
	FILE *f = tmpfile();
	struct replicas rs = { 0 };
	struct error err = { 0 };
	char text[512] = "";
	enum result res;
	bool good;

	fill(&rs);
	fputs(file, f);
	fflush(f);
	res = replica_last(fileno(f), &rs, 50, &err);
	rewind(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	replicas_free(&rs);
	good = !res == !*why && strstr(err.text, why) && !strcmp(text, then);
	if (!good)
		printf("# said: %s, and left: %s\n", err.text, text);
	return good;
}

/* What was on its way longer than what came after it is not taken. */
static void test_last(void)
{
#define NOW	"mt0 " BOOT " 1000 50\nmt1 " BOOT " 1000 50\n"
#define LATER	"mt1 " BOOT " 1001 40\n"
#define OTHER	"mt0 5f1ce8f4-2c31-4d6a-9d0e-8e3b3c1f0a55 2000 "
	struct replicas rs = { 0 };
	struct error err = { 0 };

	check(notes("", "", NOW), "the first of all");
	check(notes(NOW, "", NOW), "the same again");
	check(notes("mt0 " BOOT " 999 60\n", "", NOW), "a later one");
	check(notes(LATER, "mt1: a later block", LATER), "an older one");
	check(notes("mt0 " BOOT " 9 9\n" LATER, "mt1: a later block",
		    "mt0 " BOOT " 9 9\n" LATER), "and nothing of it is noted");
	check(notes(OTHER "50\n", "", NOW), "one of another boot");
	check(notes(OTHER "51\n", "mt0: a later block", OTHER "51\n"),
	      "one of another boot, by an older stream");
	check(notes("mt2 " BOOT " 5000 5\n", "", "mt2 " BOOT " 5000 5\n" NOW),
	      "another tunnel");
	check(notes("mt0 " BOOT " 999 1\nmuch nonsense\nmt1 " BOOT " 5000\n", "", NOW),
	      "what is no line, and less than there was");
	fill(&rs);
	check(replica_last(-1, &rs, 50, &err) && strstr(err.text, "cannot note"),
	      "no file");
	replicas_free(&rs);
}

/* The words of $JOURNAL_STREAM are the device and the inode. */
static void test_journal(void)
{
	struct stat st = { .st_mode = S_IFSOCK, .st_dev = 8, .st_ino = 4294967297 };

	check(output_is_journal(&st, "8:4294967297"), "the journal");
	check(!output_is_journal(&st, NULL) && !output_is_journal(&st, "") &&
	      !output_is_journal(&st, "8:42949672970") &&
	      !output_is_journal(&st, "8:1"), "another socket");
	st.st_mode = S_IFIFO;
	check(!output_is_journal(&st, "8:4294967297"), "no socket");
}

/* What listens for the journal is known by its place, whatever the environment says. */
static void test_connected(void)
{
	char directory[] = "/tmp/mtctl-test-XXXXXX";
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	check(mkdtemp(directory), "a directory");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/stdout", directory);
	check(!bind(listener, (struct sockaddr *)&addr, sizeof(addr)) &&
	      !listen(listener, 1), "a listener");
	check(!output_is_connected(fd, directory), "not connected");
	check(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)), "connect");
	check(output_is_connected(fd, directory) && output_is_connected(fd, "/tmp"),
	      "connected");
	check(!output_is_connected(fd, "/tm") &&
	      !output_is_connected(fd, addr.sun_path), "elsewhere");
	check(!output_is_connected(-1, "/tmp"), "nothing");
	unlink(addr.sun_path);
	rmdir(directory);
	close(listener);
	close(fd);
}

void test_replica(void)
{
	struct secret text = { 0 };

	test_round_trip(&text);
	test_broken(&text);
	test_hostile(&text);
	test_long();
	test_refused();
	test_steps();
	test_tunnels();
	test_last();
	test_journal();
	test_connected();
	secret_free(&text);
}
