// SPDX-License-Identifier: GPL-2.0
/* Which states of IPsec several nodes may have, and how one comes to have them. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "replica.h"
#include "sa.h"
#include "template.h"
#include "xfrm_addr.h"

/* ---- memory that has keys in it ---- */

/* Not realloc(), which would leave a copy behind */
static void *wipe_and_grow(void *was, size_t used, size_t bytes)
{
	void *is = allocate(1, bytes);

	if (used)
		memcpy(is, was, used);
	if (was)
		explicit_bzero(was, used);
	free(was);
	return is;
}

static void wipe_and_free(void *was, size_t used)
{
	if (was)
		explicit_bzero(was, used);
	free(was);
}

static void secret_room(struct secret *to, size_t more)
{
	if (to->n + more <= to->room)
		return;
	to->room = 2 * (to->n + more) + 1024;
	to->s = wipe_and_grow(to->s, to->n, to->room);
}

void secret_add(struct secret *to, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	secret_room(to, len + 1);
	va_start(ap, fmt);
	vsnprintf(to->s + to->n, len + 1, fmt, ap);
	va_end(ap);
	to->n += len;
}

void secret_add_hex(struct secret *to, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	secret_room(to, 2 * n + 1);
	for (size_t i = 0; i < n; i++) {
		to->s[to->n++] = digits[b[i] >> 4];
		to->s[to->n++] = digits[b[i] & 15];
	}
	to->s[to->n] = '\0';
}

void secret_free(struct secret *s)
{
	wipe_and_free(s->s, s->room);
	*s = (struct secret) { 0 };
}

/* As ADD_ONE() */
static void *add_secret(void *v, size_t *n, size_t *room, size_t size)
{
	if (*n == *room) {
		*room = *room ? 2 * *room : 8;
		v = wipe_and_grow(v, *n * size, *room * size);
	}
	++*n;
	return v;
}

struct replica *replicas_add(struct replicas *rs)
{
	return ADD_ONE(rs);
}

struct replica_state *replica_add_state(struct replica *r)
{
	r->states = add_secret(r->states, &r->n_states, &r->states_room,
			       sizeof(*r->states));
	return &r->states[r->n_states - 1];
}

struct replica_policy *replica_add_policy(struct replica *r)
{
	r->policies = add_secret(r->policies, &r->n_policies, &r->policies_room,
				 sizeof(*r->policies));
	return &r->policies[r->n_policies - 1];
}

void replicas_reverse(struct replicas *rs)
{
	for (size_t i = 0; i < rs->n; i++) {
		struct replica *r = &rs->v[i];
		struct replica_policy p;
		struct replica_state s;

		for (size_t a = 0, b = r->n_states; a + 1 < b; a++) {
			s = r->states[a];
			r->states[a] = r->states[--b];
			r->states[b] = s;
		}
		for (size_t a = 0, b = r->n_policies; a + 1 < b; a++) {
			p = r->policies[a];
			r->policies[a] = r->policies[--b];
			r->policies[b] = p;
		}
		explicit_bzero(&s, sizeof(s));
	}
}

void replicas_free(struct replicas *rs)
{
	for (size_t i = 0; i < rs->n; i++) {
		wipe_and_free(rs->v[i].states,
			      rs->v[i].states_room * sizeof(*rs->v[i].states));
		free(rs->v[i].policies);
	}
	free(rs->v);
	*rs = (struct replicas) { 0 };
}

/* ---- whose they are ---- */

enum result replica_of(const struct tunnel *t, struct replica *r,
		       struct error *err)
{
	if (!wants_ipsec(t))
		return refuse(err, RES_USAGE,
			      "packets of %s are not in IPsec: give it \"ipsec required\"",
			      t->ifname);
	if (!t->anycast)
		return refuse(err, RES_USAGE,
			      "%s is one node's: where several serve it, give it \"anycast on\", and states without a replay window",
			      t->ifname);
	if (tunnel_is_moved(t))
		return refuse(err, RES_USAGE,
			      "the states of %s are in the network namespace that it was made in, and it is not: move it back there, by \"ip link set %s netns\"",
			      t->ifname, t->ifname);
	strcpy(r->ifname, t->ifname);
	r->mode = t->mode;
	r->local = t->local;
	r->remote = t->remote;
	r->if_id = t->if_id;
	return RES_OK;
}

void replica_set_if_id(struct replica *r, uint32_t if_id)
{
	r->if_id = if_id;
	for (size_t i = 0; i < r->n_states; i++)
		r->states[i].if_id = if_id;
	for (size_t i = 0; i < r->n_policies; i++)
		r->policies[i].if_id = if_id;
}

bool replica_is_same(const struct replica *a, const struct replica *b)
{
	return a->mode == b->mode && same_addr(&a->local, &b->local) &&
	       same_addr(&a->remote, &b->remote);
}

enum result replicas_apart(const struct replicas *rs, struct error *err)
{
	for (size_t i = 0; i < rs->n; i++)
		for (size_t j = 0; j < i; j++)
			if (rs->v[j].if_id == rs->v[i].if_id &&
			    replica_is_same(&rs->v[j], &rs->v[i]))
				return refuse(err, RES_USAGE,
					      "%s and %s have the same states: name one of them",
					      rs->v[j].ifname, rs->v[i].ifname);
	return RES_OK;
}

static bool is_between(const struct replica *r, const struct addr *src,
		       const struct addr *dst)
{
	return (same_addr(src, &r->local) && same_addr(dst, &r->remote)) ||
	       (same_addr(src, &r->remote) && same_addr(dst, &r->local));
}

static uint8_t xfrm_mode(const struct replica *r)
{
	return r->mode == MTUN_MODE_IPSEC ? XFRM_MODE_TUNNEL :
					    XFRM_MODE_TRANSPORT;
}

bool replica_has_state(const struct replica *r, const struct replica_state *s)
{
	return s->mode == xfrm_mode(r) && s->if_id == r->if_id &&
	       is_between(r, &s->src, &s->dst);
}

void replica_add_found(struct replica *r, const struct replica_state *found)
{
	struct replica_state *s = replica_add_state(r);
	struct xfrm_lifetime_cfg *limits = &s->limits;

	*s = *found;
	if (!same_addr(&s->dst, &r->local))
		return;
	limits->soft_byte_limit = XFRM_INF;
	limits->hard_byte_limit = XFRM_INF;
	limits->soft_packet_limit = XFRM_INF;
	limits->hard_packet_limit = XFRM_INF;
}

/* In mode ipsec all that have the if_id, else those for GRE between the two addresses */
bool replica_has_policy(const struct replica *r, const struct replica_policy *p)
{
	const struct xfrm_selector *sel = &p->sel;
	unsigned int bits = 8 * r->local.len;
	struct addr src, dst;

	if (p->if_id != r->if_id)
		return false;
	if (r->mode == MTUN_MODE_IPSEC)
		return true;
	src = xfrm_addr(&sel->saddr, sel->family);
	dst = xfrm_addr(&sel->daddr, sel->family);
	return sel->prefixlen_s == bits && sel->prefixlen_d == bits &&
	       (!sel->proto || sel->proto == IPPROTO_GRE) &&
	       is_between(r, &src, &dst);
}

/* ---- what may be on several nodes ---- */

/*
 * Ciphers whose IV the kernel makes of the packet's number and of 8 or 16 random bytes
 * that each node draws for itself (crypto/seqiv.c, crypto/echainiv.c): see "Nonces" in
 * Documentation/ipsec.md. What is not in here is refused.
 */
struct cipher {
	const char *name;
	uint32_t key_lens[3];	/* bytes, ended by 0 where there are fewer */
	uint32_t icvs[3];	/* bits */
};

static const struct cipher aeads[] = {
	{ "rfc4106(gcm(aes))", { 20, 28, 36 }, { 64, 96, 128 } },
	{ "rfc7539esp(chacha20,poly1305)", { 36 }, { 128 } },
};

static const struct cipher crypts[] = {
	{ "cbc(aes)", { 16, 24, 32 }, { 0 } },
};

static const struct cipher auths[] = {
	{ "hmac(sha1)", { 20 }, { 96, 160 } },
	{ "hmac(sha256)", { 32 }, { 96, 128, 256 } },
	{ "hmac(sha384)", { 48 }, { 192, 384 } },
	{ "hmac(sha512)", { 64 }, { 256, 512 } },
};

/* Why others are not */
static const struct {
	const char *part;	/* of the name */
	const char *why;
} refused[] = {
	{ "rfc4543", "hides nothing" },
	{ "cipher_null", "hides nothing" },
	{ "digest_null", "proves nothing" },
	{ "(des", "has IVs of 64 bits, of which several nodes would have some in common" },
	{ "blowfish", "has IVs of 64 bits, of which several nodes would have some in common" },
	{ "cast5", "has IVs of 64 bits, of which several nodes would have some in common" },
	{ "", "is not among those whose IVs are known to differ" },
};

#define CIPHERS \
	"use AES-GCM, ChaCha20-Poly1305, or AES-CBC with SHA"

static bool has_number(const uint32_t *numbers, size_t n, uint32_t number)
{
	for (size_t i = 0; i < n && (!i || numbers[i]); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static enum result check_algorithm(const char *who, const struct cipher *ciphers,
				   size_t n, const struct algorithm *a,
				   struct error *err)
{
	size_t i = 0;

	for (; n; n--, ciphers++) {
		if (strcmp(a->name, ciphers->name))
			continue;
		if (has_number(ciphers->key_lens, 3, a->key_len) &&
		    has_number(ciphers->icvs, 3, a->icv))
			return RES_OK;
		return refuse(err, RES_REFUSED,
			      "%s: %s with a key of %u bits and %u bits of authentication is none that may be replicated: "
			      CIPHERS, who, a->name, 8 * a->key_len, a->icv);
	}
	while (!strstr(a->name, refused[i].part))
		i++;
	return refuse(err, RES_REFUSED, "%s: %s %s: " CIPHERS, who, a->name,
		      refused[i].why);
}

static enum result check_ciphers(const char *who, const struct replica_state *s,
				 struct error *err)
{
	if (*s->aead.name && !*s->auth.name && !*s->crypt.name)
		return check_algorithm(who, aeads, ARRAY_SIZE(aeads), &s->aead,
				       err);
	if (*s->aead.name || !*s->crypt.name)
		return refuse(err, RES_REFUSED, "%s: it has no cipher: " CIPHERS,
			      who);
	if (!*s->auth.name)
		return refuse(err, RES_REFUSED,
			      "%s: it has no authentication: " CIPHERS, who);
	return check_algorithm(who, crypts, ARRAY_SIZE(crypts), &s->crypt, err) ?:
	       check_algorithm(who, auths, ARRAY_SIZE(auths), &s->auth, err);
}

/* In lockdown (confidentiality), the kernel shows zeros in the place of keys. */
static bool is_hidden(const struct algorithm *a)
{
	static const uint8_t zeros[sizeof(a->key)];

	return a->key_len && !memcmp(a->key, zeros, a->key_len);
}

static enum result check_keys(const struct replica *r,
			      const struct replica_state *s, struct error *err)
{
	if (!is_hidden(&s->aead) && !is_hidden(&s->auth) && !is_hidden(&s->crypt))
		return RES_OK;
	return refuse(err, RES_REFUSED,
		      "%s: state %08x has a key of zeros, as a kernel shows it that hides keys: replicate where /sys/kernel/security/lockdown is not confidentiality",
		      r->ifname, s->spi);
}

enum result replica_check_keys(const struct replica *r, struct error *err)
{
	enum result res = RES_OK;

	for (size_t i = 0; !res && i < r->n_states; i++)
		res = check_keys(r, &r->states[i], err);
	return res;
}

static enum result check_state(const struct replica *r,
			       const struct replica_state *s, struct error *err)
{
	char who[IFNAMSIZ + 32];

	snprintf(who, sizeof(who), "%s: state %08x", r->ifname, s->spi);
	if (!replica_has_state(r, s))
		return refuse(err, RES_REFUSED, "%s is not the tunnel's", who);
	/* Numbers of 64 bits leave nothing of an IV that is a node's own. */
	if (s->flags & XFRM_STATE_ESN)
		return refuse(err, RES_REFUSED,
			      "%s has extended sequence numbers, so that nonces of several nodes could meet: negotiate without (strongSwan: noesn)",
			      who);
	if (s->extra_flags & XFRM_SA_XFLAG_OSEQ_MAY_WRAP)
		return refuse(err, RES_REFUSED,
			      "%s begins its numbers anew (oseq-may-wrap), and so its nonces: make it without",
			      who);
	if (s->offload)
		return refuse(err, RES_REFUSED,
			      "%s is offloaded to a network card, which makes the IVs: make it without",
			      who);
	if (s->odd)
		return refuse(err, RES_REFUSED,
			      "%s has an attribute that cannot be replicated", who);
	if (s->spi < 0x100)
		return refuse(err, RES_REFUSED,
			      "%s: an SPI has at least three digits, in hexadecimal", who);
	if (s->window > REPLAY_MAX)
		return refuse(err, RES_REFUSED,
			      "%s: a replay window is at most %u packets", who,
			      REPLAY_MAX);
	return check_ciphers(who, s, err) ?: check_keys(r, s, err);
}

static enum result check_policy(const struct replica *r,
				const struct replica_policy *p,
				struct error *err)
{
	bool right = replica_has_policy(r, p) && !p->odd && p->sel.family &&
		     p->dir < XFRM_POLICY_MAX && p->action <= XFRM_POLICY_BLOCK;

	for (uint32_t i = 0; right && i < p->n_tmpls; i++) {
		const struct xfrm_user_tmpl *t = &p->tmpls[i];
		struct addr src = xfrm_addr(&t->saddr, t->family);
		struct addr dst = xfrm_addr(&t->id.daddr, t->family);

		right = t->id.proto == IPPROTO_ESP &&
			t->mode == xfrm_mode(r) && is_between(r, &src, &dst);
	}
	if (right)
		return RES_OK;
	return refuse(err, RES_REFUSED,
		      "%s: a policy asks for other things than ESP between the tunnel's addresses, in %s mode: it cannot be replicated",
		      r->ifname, r->mode == MTUN_MODE_IPSEC ? "tunnel" :
							      "transport");
}

/* What the kernel tells two of them apart by */
static bool same_id(const struct replica_state *a, const struct replica_state *b)
{
	return a->spi == b->spi && same_addr(&a->dst, &b->dst) &&
	       a->mark.v == b->mark.v && a->mark.m == b->mark.m;
}

static bool same_policy_id(const struct replica_policy *a,
			   const struct replica_policy *b)
{
	return a->dir == b->dir && a->if_id == b->if_id &&
	       a->mark.v == b->mark.v && a->mark.m == b->mark.m &&
	       !memcmp(&a->sel, &b->sel, sizeof(a->sel));
}

enum result replica_check(const struct replica *r, struct error *err)
{
	enum result res = RES_OK;

	/* as each is compared with each */
	if (r->n_states > REPLICA_MANY || r->n_policies > REPLICA_MANY)
		return refuse(err, RES_REFUSED,
			      "%s: more than %u states or policies", r->ifname,
			      REPLICA_MANY);
	for (size_t i = 0; !res && i < r->n_states; i++) {
		res = check_state(r, &r->states[i], err);
		for (size_t j = 0; !res && j < i; j++)
			if (same_id(&r->states[i], &r->states[j]))
				res = refuse(err, RES_REFUSED,
					     "%s: state %08x is there twice",
					     r->ifname, r->states[i].spi);
	}
	for (size_t i = 0; !res && i < r->n_policies; i++) {
		res = check_policy(r, &r->policies[i], err);
		for (size_t j = 0; !res && j < i; j++)
			if (same_policy_id(&r->policies[i], &r->policies[j]))
				res = refuse(err, RES_REFUSED,
					     "%s: a policy is there twice",
					     r->ifname);
	}
	return res;
}

/* ---- what there is to do ---- */

static bool same_algorithm(const struct algorithm *a, const struct algorithm *b)
{
	return !strcmp(a->name, b->name) && a->icv == b->icv &&
	       a->key_len == b->key_len && !memcmp(a->key, b->key, a->key_len);
}

static bool same_mark(const struct xfrm_mark *a, const struct xfrm_mark *b)
{
	return a->v == b->v && a->m == b->m;
}

static bool same_encap(const struct xfrm_encap_tmpl *a,
		       const struct xfrm_encap_tmpl *b)
{
	return a->encap_type == b->encap_type &&
	       a->encap_sport == b->encap_sport &&
	       a->encap_dport == b->encap_dport;
}

/*
 * But for the age. One that is the same stays: it would draw other random bytes for its
 * IVs if it were made again, as if there were one more node.
 */
static bool same_state(const struct replica_state *a,
		       const struct replica_state *b)
{
	return same_id(a, b) && same_addr(&a->src, &b->src) &&
	       a->if_id == b->if_id && a->reqid == b->reqid &&
	       a->mode == b->mode && a->flags == b->flags &&
	       a->extra_flags == b->extra_flags && a->window == b->window &&
	       a->tfcpad == b->tfcpad && a->mapping_age == b->mapping_age &&
	       !memcmp(&a->sel, &b->sel, sizeof(a->sel)) &&
	       !memcmp(&a->limits, &b->limits, sizeof(a->limits)) &&
	       same_mark(&a->set_mark, &b->set_mark) &&
	       same_encap(&a->encap, &b->encap) &&
	       same_algorithm(&a->aead, &b->aead) &&
	       same_algorithm(&a->auth, &b->auth) &&
	       same_algorithm(&a->crypt, &b->crypt) && !a->odd && !b->odd;
}

static bool same_policy(const struct replica_policy *a,
			const struct replica_policy *b)
{
	return same_policy_id(a, b) && a->action == b->action &&
	       a->flags == b->flags && a->priority == b->priority &&
	       !memcmp(&a->limits, &b->limits, sizeof(a->limits)) &&
	       a->n_tmpls == b->n_tmpls &&
	       !memcmp(a->tmpls, b->tmpls, a->n_tmpls * sizeof(*a->tmpls));
}

static struct replica_step *add_step(struct replica_plan *plan,
				     enum replica_step_type type)
{
	struct replica_step *step = ADD_ONE(plan);

	step->type = type;
	return step;
}

static void plan_state(const struct replica *here,
		       const struct replica_state *is,
		       struct replica_plan *plan)
{
	const struct replica_state *was = NULL;
	struct replica_step *step;

	for (size_t i = 0; !was && i < here->n_states; i++)
		if (same_id(&here->states[i], is))
			was = &here->states[i];
	if (was && same_state(was, is))
		return;
	step = add_step(plan, was ? REPLICA_REPLACE_STATE : REPLICA_ADD_STATE);
	step->is = is;
	step->was = was;
}

static void plan_policy(const struct replica *here,
			const struct replica_policy *is,
			struct replica_plan *plan)
{
	const struct replica_policy *was = NULL;
	struct replica_step *step;

	for (size_t i = 0; !was && i < here->n_policies; i++)
		if (same_policy_id(&here->policies[i], is))
			was = &here->policies[i];
	if (was && same_policy(was, is))
		return;
	step = add_step(plan, REPLICA_SET_POLICY);
	step->policy_is = is;
	step->policy_was = was;
}

void replica_plan(const struct replica *here, const struct replica *shall,
		  struct replica_plan *plan)
{
	/* those that receive first */
	for (int out = 0; out < 2; out++)
		for (size_t i = 0; i < shall->n_states; i++)
			if (same_addr(&shall->states[i].src, &shall->local) == out)
				plan_state(here, &shall->states[i], plan);
	for (size_t i = 0; i < shall->n_policies; i++)
		plan_policy(here, &shall->policies[i], plan);
	for (size_t i = 0, j; i < here->n_policies; i++) {
		for (j = 0; j < shall->n_policies; j++)
			if (same_policy_id(&here->policies[i],
					   &shall->policies[j]))
				break;
		if (j == shall->n_policies)
			add_step(plan, REPLICA_DEL_POLICY)->policy_was =
				&here->policies[i];
	}
	for (size_t i = 0, j; i < here->n_states; i++) {
		for (j = 0; j < shall->n_states; j++)
			if (same_id(&here->states[i], &shall->states[j]))
				break;
		if (j == shall->n_states)
			add_step(plan, REPLICA_DEL_STATE)->was =
				&here->states[i];
	}
}

/* What is added for all tunnels comes before what is removed of one. */
void replica_plan_sort(struct replica_plan *plan)
{
	struct replica_plan sorted = { 0 };

	for (int type = 0; type <= REPLICA_DEL_STATE; type++)
		for (size_t i = 0; i < plan->n; i++)
			if ((int)plan->v[i].type == type)
				*(struct replica_step *)ADD_ONE(&sorted) =
					plan->v[i];
	free(plan->v);
	*plan = sorted;
}
