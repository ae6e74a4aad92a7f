// SPDX-License-Identifier: GPL-2.0
/* States and policies of IPsec, with keys: reading, watching and making them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>

#include "args.h"
#include "nl_core.h"
#include "replica.h"
#include "xfrm_addr.h"

/* Of later kernels. The direction of a state follows from its addresses. */
#define SA_DIR			33

#define EVENT_BUFFER		(4 * 1024 * 1024)

/* Those in the kernel's answers and our requests were in here. */
static void wipe(struct nl *nl)
{
	const struct nlmsghdr *nlh = (void *)nl->req;

	explicit_bzero(nl->buf, sizeof(nl->buf));
	explicit_bzero(nl->req, nlh->nlmsg_len < sizeof(nl->req) ?
				nlh->nlmsg_len : sizeof(nl->req));
}

/* ---- reading ---- */

/* Members alone: what is between them may be anything. False for what there is no word. */
static bool read_selector(const struct xfrm_selector *from,
			  struct xfrm_selector *to)
{
	size_t len = from->family == AF_INET6 ? 16 : 4;

	memset(to, 0, sizeof(*to));
	if (!from->family)
		return true;
	memcpy(&to->saddr, &from->saddr, len);
	memcpy(&to->daddr, &from->daddr, len);
	to->sport = from->sport;
	to->sport_mask = from->sport_mask;
	to->dport = from->dport;
	to->dport_mask = from->dport_mask;
	to->family = from->family;
	to->prefixlen_s = from->prefixlen_s;
	to->prefixlen_d = from->prefixlen_d;
	to->proto = from->proto;
	return !from->ifindex && !from->user;
}

/* All kinds of algorithms begin with the name and the bits of the key. */
static bool read_algorithm(const struct nlattr *a, size_t header,
			   const void *key, uint32_t icv, struct algorithm *to)
{
	const struct xfrm_algo *algo = mnl_attr_get_payload(a);
	size_t len;

	if (mnl_attr_get_payload_len(a) < header)
		return false;
	len = algo->alg_key_len / 8;
	if (algo->alg_key_len % 8 || len > sizeof(to->key) ||
	    mnl_attr_get_payload_len(a) < header + len)
		return false;
	memcpy(to->name, algo->alg_name, sizeof(to->name));
	to->name[sizeof(to->name) - 1] = '\0';
	to->icv = icv;
	to->key_len = len;
	memcpy(to->key, key, len);
	return true;
}

static bool read_state_attr(const struct nlattr *a, struct replica_state *s)
{
	const void *data = mnl_attr_get_payload(a);
	const struct xfrm_replay_state_esn *esn = data;
	const struct xfrm_algo_aead *aead = data;
	const struct xfrm_algo_auth *auth = data;
	const struct xfrm_algo *algo = data;

	switch (mnl_attr_get_type(a)) {
	case XFRMA_UNSPEC:
	case XFRMA_PAD:
	case XFRMA_LASTUSED:
	case XFRMA_REPLAY_VAL:
	case XFRMA_ALG_AUTH:	/* said again by XFRMA_ALG_AUTH_TRUNC */
	case SA_DIR:
		return true;
	case XFRMA_ALG_AEAD:
		return mnl_attr_get_payload_len(a) >= sizeof(*aead) &&
		       read_algorithm(a, sizeof(*aead), aead->alg_key,
				      aead->alg_icv_len, &s->aead);
	case XFRMA_ALG_AUTH_TRUNC:
		return mnl_attr_get_payload_len(a) >= sizeof(*auth) &&
		       read_algorithm(a, sizeof(*auth), auth->alg_key,
				      auth->alg_trunc_len, &s->auth);
	case XFRMA_ALG_CRYPT:
		return read_algorithm(a, sizeof(*algo), algo->alg_key, 0,
				      &s->crypt);
	case XFRMA_REPLAY_ESN_VAL:
		if (mnl_attr_get_payload_len(a) < sizeof(*esn))
			return false;
		s->window = esn->replay_window;
		return true;
	case XFRMA_ENCAP:
		return get_number(a, &s->encap, sizeof(s->encap));
	case XFRMA_MARK:
		return get_number(a, &s->mark, sizeof(s->mark));
	case XFRMA_SET_MARK:
		return get_number(a, &s->set_mark.v, sizeof(s->set_mark.v));
	case XFRMA_SET_MARK_MASK:
		return get_number(a, &s->set_mark.m, sizeof(s->set_mark.m));
	case XFRMA_IF_ID:
		return get_number(a, &s->if_id, sizeof(s->if_id));
	case XFRMA_TFCPAD:
		return get_number(a, &s->tfcpad, sizeof(s->tfcpad));
	case XFRMA_SA_EXTRA_FLAGS:
		return get_number(a, &s->extra_flags, sizeof(s->extra_flags));
	case XFRMA_MTIMER_THRESH:
		return get_number(a, &s->mapping_age, sizeof(s->mapping_age));
	case XFRMA_OFFLOAD_DEV:
		s->offload = true;
		return true;
	default:
		return false;
	}
}

/* Those that are being negotiated have no keys yet, and are not read. */
static void read_state(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	struct xfrm_usersa_info info;
	uint64_t now = time(NULL);
	struct replica_state s = { 0 };
	struct replicas *rs = data;
	const struct nlattr *a;

	(void)nl;
	if (nlh->nlmsg_type != XFRM_MSG_NEWSA ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(info))
		return;
	/* Messages are aligned to 4 bytes, and this wants 8. */
	memcpy(&info, mnl_nlmsg_get_payload(nlh), sizeof(info));
	if (info.id.proto != IPPROTO_ESP)
		return;
	s.src = xfrm_addr(&info.saddr, info.family);
	s.dst = xfrm_addr(&info.id.daddr, info.family);
	s.spi = ntohl(info.id.spi);
	s.reqid = info.reqid;
	s.mode = info.mode;
	s.flags = info.flags;
	s.window = info.replay_window;
	s.odd = !read_selector(&info.sel, &s.sel);
	s.limits = info.lft;
	if (now > info.curlft.add_time)
		s.age = now - info.curlft.add_time;
	mnl_attr_for_each(a, nlh, sizeof(info))
		s.odd |= !read_state_attr(a, &s);
	for (size_t i = 0; i < rs->n; i++)
		if (replica_has_state(&rs->v[i], &s) &&
		    (s.odd || *s.aead.name || *s.auth.name || *s.crypt.name))
			replica_add_found(&rs->v[i], &s);
	explicit_bzero(&s, sizeof(s));
}

static bool read_templates(const struct nlattr *a, struct replica_policy *p)
{
	const struct xfrm_user_tmpl *from = mnl_attr_get_payload(a);
	size_t n = mnl_attr_get_payload_len(a) / sizeof(*from);

	if (n > ARRAY_SIZE(p->tmpls))
		return false;
	for (p->n_tmpls = 0; p->n_tmpls < n; p->n_tmpls++, from++) {
		struct xfrm_user_tmpl *to = &p->tmpls[p->n_tmpls];
		size_t len = from->family == AF_INET6 ? 16 : 4;

		memcpy(&to->saddr, &from->saddr, len);
		memcpy(&to->id.daddr, &from->id.daddr, len);
		to->id.spi = from->id.spi;
		to->id.proto = from->id.proto;
		to->family = from->family;
		to->reqid = from->reqid;
		to->mode = from->mode;
		to->optional = from->optional;
		to->aalgos = from->aalgos;
		to->ealgos = from->ealgos;
		to->calgos = from->calgos;
	}
	return true;
}

static bool read_policy_attr(const struct nlattr *a, struct replica_policy *p)
{
	switch (mnl_attr_get_type(a)) {
	case XFRMA_UNSPEC:
	case XFRMA_PAD:
	case XFRMA_LASTUSED:
	case XFRMA_POLICY_TYPE:
		return true;
	case XFRMA_TMPL:
		return read_templates(a, p);
	case XFRMA_MARK:
		return get_number(a, &p->mark, sizeof(p->mark));
	case XFRMA_IF_ID:
		return get_number(a, &p->if_id, sizeof(p->if_id));
	default:
		return false;
	}
}

/* Those of sockets are no tunnel's, nor are those of another type. */
static void read_policy(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	struct xfrm_userpolicy_info info;
	struct replica_policy p = { 0 };
	struct replicas *rs = data;
	const struct nlattr *a;

	(void)nl;
	if (nlh->nlmsg_type != XFRM_MSG_NEWPOLICY ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(info))
		return;
	memcpy(&info, mnl_nlmsg_get_payload(nlh), sizeof(info));
	if (info.dir >= XFRM_POLICY_MAX)
		return;
	p.dir = info.dir;
	p.action = info.action;
	p.flags = info.flags;
	p.priority = info.priority;
	p.odd = !read_selector(&info.sel, &p.sel);
	p.limits = info.lft;
	mnl_attr_for_each(a, nlh, sizeof(info)) {
		if (mnl_attr_get_type(a) == XFRMA_POLICY_TYPE &&
		    *(uint8_t *)mnl_attr_get_payload(a) != XFRM_POLICY_TYPE_MAIN)
			return;
		p.odd |= !read_policy_attr(a, &p);
	}
	for (size_t i = 0; i < rs->n; i++)
		if (replica_has_policy(&rs->v[i], &p))
			*replica_add_policy(&rs->v[i]) = p;
}

static void start_dump(struct nl *nl, uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->req);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
}

enum result nl_replicas_read(struct nl *nl, struct replicas *rs,
			     struct error *err)
{
	enum result res = open_socket(&nl->xfrm, NETLINK_XFRM, err);

	if (res)
		return res;
	start_dump(nl, XFRM_MSG_GETSA);
	res = talk(nl, nl->xfrm, read_state, rs, NULL, NULL, err);
	if (!res) {
		start_dump(nl, XFRM_MSG_GETPOLICY);
		res = talk(nl, nl->xfrm, read_policy, rs, NULL, NULL, err);
	}
	wipe(nl);
	replicas_reverse(rs);
	return res;
}

/* ---- watching ---- */

enum result nl_replicas_watch(struct nl *nl, struct error *err)
{
	static const int groups[] = { XFRMNLGRP_SA, XFRMNLGRP_POLICY,
				      XFRMNLGRP_EXPIRE };
	enum result res = open_socket(&nl->replicas, NETLINK_XFRM, err);
	int size = EVENT_BUFFER;

	if (res)
		return res;
	setsockopt(mnl_socket_get_fd(nl->replicas), SOL_SOCKET, SO_RCVBUFFORCE,
		   &size, sizeof(size));
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (mnl_socket_setsockopt(nl->replicas, NETLINK_ADD_MEMBERSHIP,
					  (void *)&groups[i], sizeof(groups[i])) < 0)
			return refuse(err, RES_REFUSED,
				      "cannot subscribe to changes of IPsec: %s",
				      error_text(errno));
	return RES_OK;
}

int nl_replicas_fd(const struct nl *nl)
{
	return mnl_socket_get_fd(nl->replicas);
}

/* What has changed does not matter: all is read again. */
bool nl_replicas_changed(struct nl *nl)
{
	bool changed = false;

	for (;;) {
		ssize_t n = receive(nl->replicas, nl->buf, sizeof(nl->buf),
				    MSG_DONTWAIT);

		/* Some were lost, which is a change, too. */
		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			break;
		changed |= n > 0 || errno == ENOBUFS;
	}
	explicit_bzero(nl->buf, sizeof(nl->buf));
	return changed;
}

/* ---- making them ---- */

static void *start(struct nl *nl, uint16_t type, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->req);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	return mnl_nlmsg_put_extra_header(nlh, size);
}

static void put_algorithm(struct nlmsghdr *nlh, uint16_t type,
			  const struct algorithm *a)
{
	union {
		struct xfrm_algo_aead aead;
		struct xfrm_algo_auth auth;
		struct xfrm_algo algo;
		unsigned char room[sizeof(struct xfrm_algo_auth) + REPLICA_KEY];
	} u = { 0 };
	size_t header;

	if (!*a->name)
		return;
	memcpy(u.algo.alg_name, a->name, sizeof(u.algo.alg_name));
	u.algo.alg_key_len = 8 * a->key_len;
	switch (type) {
	case XFRMA_ALG_AEAD:
		u.aead.alg_icv_len = a->icv;
		header = sizeof(u.aead);
		break;
	case XFRMA_ALG_AUTH_TRUNC:
		u.auth.alg_trunc_len = a->icv;
		header = sizeof(u.auth);
		break;
	default:
		header = sizeof(u.algo);
	}
	memcpy(u.room + header, a->key, a->key_len);
	mnl_attr_put(nlh, type, header + a->key_len, &u);
	explicit_bzero(&u, sizeof(u));
}

static void put_mark(struct nlmsghdr *nlh, const struct xfrm_mark *mark)
{
	if (mark->v || mark->m)
		mnl_attr_put(nlh, XFRMA_MARK, sizeof(*mark), mark);
}

static void put_if_id(struct nlmsghdr *nlh, uint32_t if_id)
{
	if (if_id)
		mnl_attr_put_u32(nlh, XFRMA_IF_ID, if_id);
}

static void put_window(struct nlmsghdr *nlh, struct xfrm_usersa_info *info,
		       uint32_t window)
{
	struct {
		struct xfrm_replay_state_esn esn;
		uint32_t bits[XFRMA_REPLAY_ESN_MAX / 32];
	} replay = { .esn = { .replay_window = window,
			      .bmp_len = (window + 31) / 32 } };

	if (window <= 32)
		info->replay_window = window;
	else
		mnl_attr_put(nlh, XFRMA_REPLAY_ESN_VAL,
			     sizeof(replay.esn) + 4 * replay.esn.bmp_len,
			     &replay);
}

/*
 * It counts its packets from 0: what a nonce is made of besides, this node draws for
 * itself. As old as the other node's, it ends when that one does, and of two it is the
 * same one that is sent by.
 */
static enum result add_state(struct nl *nl, const struct replica_state *s,
			     struct error *err)
{
	struct xfrm_usersa_info *info = start(nl, XFRM_MSG_NEWSA, sizeof(*info));
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->req;
	struct xfrm_lifetime_cur life = { .add_time = time(NULL) - s->age };
	enum result res;

	memcpy(&info->saddr, s->src.bytes, s->src.len);
	memcpy(&info->id.daddr, s->dst.bytes, s->dst.len);
	info->family = s->src.family;
	info->id.spi = htonl(s->spi);
	info->id.proto = IPPROTO_ESP;
	info->reqid = s->reqid;
	info->mode = s->mode;
	info->flags = s->flags;
	info->sel = s->sel;
	info->lft = s->limits;
	put_window(nlh, info, s->window);
	put_algorithm(nlh, XFRMA_ALG_AEAD, &s->aead);
	put_algorithm(nlh, XFRMA_ALG_AUTH_TRUNC, &s->auth);
	put_algorithm(nlh, XFRMA_ALG_CRYPT, &s->crypt);
	if (s->encap.encap_type)
		mnl_attr_put(nlh, XFRMA_ENCAP, sizeof(s->encap), &s->encap);
	put_mark(nlh, &s->mark);
	if (s->set_mark.v || s->set_mark.m) {
		mnl_attr_put_u32(nlh, XFRMA_SET_MARK, s->set_mark.v);
		mnl_attr_put_u32(nlh, XFRMA_SET_MARK_MASK, s->set_mark.m);
	}
	put_if_id(nlh, s->if_id);
	if (s->tfcpad)
		mnl_attr_put_u32(nlh, XFRMA_TFCPAD, s->tfcpad);
	if (s->extra_flags)
		mnl_attr_put_u32(nlh, XFRMA_SA_EXTRA_FLAGS, s->extra_flags);
	if (s->mapping_age)
		mnl_attr_put_u32(nlh, XFRMA_MTIMER_THRESH, s->mapping_age);
	mnl_attr_put(nlh, XFRMA_LTIME_VAL, sizeof(life), &life);
	res = talk(nl, nl->xfrm, NULL, NULL, NULL, NULL, err);
	wipe(nl);
	return res;
}

static enum result del_state(struct nl *nl, const struct replica_state *s,
			     struct error *err)
{
	struct xfrm_usersa_id *id = start(nl, XFRM_MSG_DELSA, sizeof(*id));
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->req;

	memcpy(&id->daddr, s->dst.bytes, s->dst.len);
	id->spi = htonl(s->spi);
	id->family = s->dst.family;
	id->proto = IPPROTO_ESP;
	put_mark(nlh, &s->mark);
	return talk(nl, nl->xfrm, NULL, NULL, NULL, NULL, err);
}

/* Made, or put in the place of the one with the same selector: at once */
static enum result set_policy(struct nl *nl, const struct replica_policy *p,
			      struct error *err)
{
	struct xfrm_userpolicy_info *info = start(nl, XFRM_MSG_UPDPOLICY,
						  sizeof(*info));
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->req;

	info->sel = p->sel;
	info->lft = p->limits;
	info->priority = p->priority;
	info->dir = p->dir;
	info->action = p->action;
	info->flags = p->flags;
	if (p->n_tmpls)
		mnl_attr_put(nlh, XFRMA_TMPL, p->n_tmpls * sizeof(*p->tmpls),
			     p->tmpls);
	put_mark(nlh, &p->mark);
	put_if_id(nlh, p->if_id);
	return talk(nl, nl->xfrm, NULL, NULL, NULL, NULL, err);
}

static enum result del_policy(struct nl *nl, const struct replica_policy *p,
			      struct error *err)
{
	struct xfrm_userpolicy_id *id = start(nl, XFRM_MSG_DELPOLICY,
					      sizeof(*id));
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->req;

	id->sel = p->sel;
	id->dir = p->dir;
	put_mark(nlh, &p->mark);
	put_if_id(nlh, p->if_id);
	return talk(nl, nl->xfrm, NULL, NULL, NULL, NULL, err);
}

/* What is to go may have gone by itself. */
static enum result unless_gone(enum result res, const struct error *err)
{
	return res && err->number != ESRCH && err->number != ENOENT ? res : RES_OK;
}

/* *kept is false if what was there is not, and could not be put back. */
static enum result take(struct nl *nl, const struct replica_step *step,
			bool *kept, struct error *err)
{
	struct error ignored;
	enum result res;

	switch (step->type) {
	case REPLICA_ADD_STATE:
		return add_state(nl, step->is, err);
	case REPLICA_REPLACE_STATE:
		res = unless_gone(del_state(nl, step->was, err), err);
		if (res)
			return res;
		res = add_state(nl, step->is, err);
		if (res)
			*kept = !add_state(nl, step->was, &ignored);
		return res;
	case REPLICA_SET_POLICY:
		return set_policy(nl, step->policy_is, err);
	case REPLICA_DEL_POLICY:
		return unless_gone(del_policy(nl, step->policy_was, err), err);
	case REPLICA_DEL_STATE:
		return unless_gone(del_state(nl, step->was, err), err);
	}
	return RES_OK;
}

/* As well as it can be done: what failed first is what is told. */
static bool take_back(struct nl *nl, const struct replica_step *step)
{
	struct error ignored;

	switch (step->type) {
	case REPLICA_ADD_STATE:
		return !unless_gone(del_state(nl, step->is, &ignored), &ignored);
	case REPLICA_REPLACE_STATE:
		del_state(nl, step->is, &ignored);
		return !add_state(nl, step->was, &ignored);
	case REPLICA_SET_POLICY:
		if (step->policy_was)
			return !set_policy(nl, step->policy_was, &ignored);
		return !unless_gone(del_policy(nl, step->policy_is, &ignored),
				    &ignored);
	case REPLICA_DEL_POLICY:
		return !set_policy(nl, step->policy_was, &ignored);
	case REPLICA_DEL_STATE:
		return !add_state(nl, step->was, &ignored);
	}
	return true;
}

static void say_where(const struct replica_step *step, const struct error *why,
		      bool kept, struct error *err)
{
	const char *outcome = kept ? "nothing was changed" :
		"what was done could not all be taken back: send the states again";
	const struct replica_state *s = step->is ?: step->was;

	if (s)
		refuse(err, RES_REFUSED, "state %08x to %s: %.800s; %s", s->spi,
		       addr_text(&s->dst).s, why->text, outcome);
	else
		refuse(err, RES_REFUSED, "a policy: %.800s; %s", why->text,
		       outcome);
}

enum result nl_replicas_apply(struct nl *nl, const struct replica_plan *plan,
			      struct error *err)
{
	enum result res = open_socket(&nl->xfrm, NETLINK_XFRM, err);

	for (size_t i = 0; !res && i < plan->n; i++) {
		const struct replica_step *failed = &plan->v[i];
		struct error why = { 0 };
		bool kept = true;

		res = take(nl, failed, &kept, &why);
		if (!res)
			continue;
		while (i--)
			kept &= take_back(nl, &plan->v[i]);
		say_where(failed, &why, kept, err);
		break;
	}
	return res;
}
