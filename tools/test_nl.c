// SPDX-License-Identifier: GPL-2.0
/* What is made of a kernel's answers, of errors above all: the kernel is made up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "nl_core.h"
#include "replica.h"
#include "sa.h"
#include "test.h"
#include "test_kernel.h"

#define FAMILY	(NLMSG_MIN_TYPE + 20)
#define OTHERS	12345	/* the number of a request that is not ours */

/* What is received next, and then the usual: nothing, and that all is done */
static struct {
	struct answer {
		int error;	/* of recv(), or 0 */
		size_t len;	/* that it has, if not 0 */
		struct nlmsghdr *nlh;
	} answers[32];
	size_t n;
	size_t at;
	bool changing;		/* dumps end as if something had changed */
	int send_error;
	int subscriptions;	/* that are left until one fails */
	unsigned int sent[64];	/* types of requests */
	size_t n_sent;
	struct nlmsghdr request;
} kernel;

static ssize_t send_request(const struct nlmsghdr *request)
{
	kernel.request = *request;
	if (kernel.n_sent < ARRAY_SIZE(kernel.sent))
		kernel.sent[kernel.n_sent++] = request->nlmsg_type;
	errno = kernel.send_error;
	return errno ? -1 : (ssize_t)request->nlmsg_len;
}

static ssize_t scripted(struct answer *a, void *buf, size_t size)
{
	ssize_t len = a->len ?: a->nlh ? a->nlh->nlmsg_len : 0;

	if (a->nlh && a->nlh->nlmsg_seq != OTHERS)
		a->nlh->nlmsg_seq = kernel.request.nlmsg_seq;
	if (a->nlh)
		memcpy(buf, a->nlh, a->nlh->nlmsg_len < size ? a->nlh->nlmsg_len : size);
	free(a->nlh);
	errno = a->error;
	return errno ? -1 : len;
}

/* The end of a dump, or that a request was good */
static ssize_t usual(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	bool dumps = kernel.request.nlmsg_flags & NLM_F_DUMP;
	struct genlmsghdr *genl;
	ssize_t len = 0;

	if (kernel.request.nlmsg_type == GENL_ID_CTRL) {
		nlh->nlmsg_type = GENL_ID_CTRL;
		nlh->nlmsg_seq = kernel.request.nlmsg_seq;
		genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
		genl->cmd = CTRL_CMD_NEWFAMILY;
		mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
		len = MNL_ALIGN(nlh->nlmsg_len);
		nlh = mnl_nlmsg_put_header((char *)buf + len);
	}
	nlh->nlmsg_type = dumps ? NLMSG_DONE : NLMSG_ERROR;
	nlh->nlmsg_flags = kernel.changing ? NLM_F_DUMP_INTR : 0;
	nlh->nlmsg_seq = kernel.request.nlmsg_seq;
	mnl_nlmsg_put_extra_header(nlh, dumps ? sizeof(int) : sizeof(struct nlmsgerr));
	return len + nlh->nlmsg_len;
}

static ssize_t receive_answer(void *buf, size_t size, int flags)
{
	if (kernel.at < kernel.n)
		return scripted(&kernel.answers[kernel.at++], buf, size);
	if (!(flags & MSG_DONTWAIT))
		return usual(buf);
	errno = EAGAIN;
	return -1;
}

static int subscribe_one(void)
{
	errno = kernel.subscriptions-- ? 0 : ENOMEM;
	return errno ? -1 : 0;
}

static int wait_for_answer(void)
{
	return kernel.at < kernel.n;
}

static struct test_kernel made_up = {
	.send = send_request, .receive = receive_answer, .subscribe = subscribe_one,
	.wait = wait_for_answer,
};

static struct nl *start(void)
{
	struct nl *nl = nl_new();

	memset(&kernel, 0, sizeof(kernel));
	kernel.subscriptions = -1;
	made_up.open_error = 0;
	made_up.bind_error = 0;
	test_kernel = &made_up;
	nl->genl = mnl_socket_open2(NETLINK_GENERIC, 0);
	nl->family = FAMILY;
	return nl;
}

static void stop(struct nl *nl)
{
	if (kernel.at < kernel.n) {
		check(false, "all is received");
		while (kernel.at < kernel.n)
			free(kernel.answers[kernel.at++].nlh);
	}
	nl_free(nl);
	test_kernel = NULL;
}

static void fails(int error)
{
	kernel.answers[kernel.n++].error = error;
}

/* A message that is received, with room for what is put into it */
static struct nlmsghdr *answers(uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(allocate(1, 8192));

	nlh->nlmsg_type = type;
	kernel.answers[kernel.n++].nlh = nlh;
	return nlh;
}

static struct nlmsghdr *answers_cmd(uint8_t cmd)
{
	struct nlmsghdr *nlh = answers(FAMILY);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	genl->cmd = cmd;
	return nlh;
}

static struct nlmsghdr *refuses(int error)
{
	struct nlmsghdr *nlh = answers(NLMSG_ERROR);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	e->error = -error;
	return nlh;
}

static bool says(enum result res, const struct error *err, const char *text)
{
	if (res && !strcmp(err->text, text))
		return true;
	printf("# %d: %s\n", res, err->text);
	return false;
}

/* ---- exchanges ---- */

static struct error err;

static bool set_says(struct nl *nl, const char *text)
{
	const struct tunnel t = { .ifname = "mt0" };

	return says(nl_tunnel_set(nl, &t, &err), &err, text);
}

static void test_sockets(void)
{
	struct nl *nl = start();

	nl->genl = NULL;
	nl->family = 0;
	made_up.open_error = EMFILE;
	check(set_says(nl, "cannot open a netlink socket: Too many open files"), "no socket");
	made_up.open_error = 0;
	made_up.bind_error = ENOMEM;
	check(set_says(nl, "cannot bind a netlink socket: Cannot allocate memory"),
	      "a socket without a name");
	made_up.bind_error = 0;
	kernel.send_error = ENOBUFS;
	nl->family = FAMILY;
	check(!open_socket(&nl->genl, NETLINK_GENERIC, &err), "a socket");
	check(set_says(nl, "cannot send to the kernel: No buffer space available"),
	      "a request that cannot be sent");
	stop(nl);
}

static void test_talk(void)
{
	const struct tunnel t = { .ifname = "mt0" };
	struct nl *nl = start();
	struct nlmsghdr *nlh;

	fails(EINTR);
	nlh = refuses(EBUSY);
	nlh->nlmsg_seq = OTHERS;
	check(!nl_tunnel_set(nl, &t, &err), "what is not ours is no answer");
	fails(ENOBUFS);
	check(set_says(nl, "cannot receive from the kernel: No buffer space available"),
	      "an answer that is lost");
	answers(NLMSG_ERROR);
	kernel.answers[kernel.n - 1].len = BUF_SIZE + 1;
	check(set_says(nl, "cannot receive from the kernel: No space left on device"),
	      "an answer that is too long");
	mnl_nlmsg_put_extra_header(answers(NLMSG_ERROR), 4);
	check(set_says(nl, "the kernel's answer is too short"), "an answer that is too short");
	stop(nl);
}

static void test_changing(void)
{
	static const char *const texts[] = {
		"the tunnels changed while they were read, 10 times: some may be missing, or shown as they were",
	};
	struct nl *nl = start();
	struct tunnels ts = { 0 };
	bool incomplete = false;
	int *error;

	/* It says so in one of two ways. */
	error = mnl_nlmsg_put_extra_header(answers(NLMSG_DONE), sizeof(*error));
	*error = -EINTR;
	check(!nl_tunnel_dump(nl, &ts, &incomplete, &err) && !incomplete && kernel.n_sent == 2,
	      "tunnels that have changed are read again");
	kernel.changing = true;
	check(says(nl_tunnel_dump(nl, &ts, &incomplete, &err), &err, texts[0]) &&
	      incomplete, "tunnels that always change");
	tunnels_free(&ts);
	stop(nl);
}

/* ---- errors ---- */

static void test_policy(void)
{
	static const struct {
		struct {
			uint16_t type;
			uint64_t value;
		} limits[2];
		bool is_64;
		const char *text;
	} policies[] = {
		{ { { NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 1 },
		    { NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 255 } }, true, " (1 to 255)" },
		{ { { NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 68 } }, true, " (at least 68)" },
		{ { { NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 9 } }, true, " (at most 9)" },
		{ { { NL_POLICY_TYPE_ATTR_MIN_LENGTH, 4 },
		    { NL_POLICY_TYPE_ATTR_MAX_LENGTH, 16 } }, false, " (4 to 16 bytes)" },
		{ { { NL_POLICY_TYPE_ATTR_MIN_LENGTH, 4 } }, false, " (at least 4 bytes)" },
		{ { { NL_POLICY_TYPE_ATTR_MAX_LENGTH, 15 } }, false, " (at most 15 bytes)" },
		{ { { NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 9 } }, false, "" },
		{ { { NL_POLICY_TYPE_ATTR_MAX_LENGTH, 15 } }, true, "" },
	};
	struct nl *nl = start();
	char text[100];

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct nlmsghdr *nlh = refuses(ERANGE);
		struct nlattr *nest;

		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "integer out of range");
		nest = mnl_attr_nest_start(nlh, NLMSGERR_ATTR_POLICY);
		for (size_t j = 0; j < 2 && policies[i].limits[j].type; j++)
			if (policies[i].is_64)
				mnl_attr_put_u64(nlh, policies[i].limits[j].type,
						 policies[i].limits[j].value);
			else
				mnl_attr_put_u32(nlh, policies[i].limits[j].type,
						 policies[i].limits[j].value);
		mnl_attr_nest_end(nlh, nest);
		snprintf(text, sizeof(text), "integer out of range%s", policies[i].text);
		check(set_says(nl, text), "what the kernel allows");
	}
	stop(nl);
}

static void test_errors(void)
{
	const struct netns early = { .rx = MTUN_RX_EARLY };
	const struct clamp clamp = { .ifname = "eth0" };
	struct nl *nl = start();
	struct nlmsgerr *e;
	struct nlmsghdr *nlh;

	mnl_attr_put_u32(refuses(EINVAL), NLMSGERR_ATTR_MISS_TYPE, MTUN_A_TUNNEL_REMOTE);
	check(set_says(nl, "remote: missing"), "an attribute that is missing");

	/* With the whole of the request, as of a socket that has not said otherwise */
	nlh = answers(NLMSG_ERROR);
	nlh->nlmsg_flags = NLM_F_ACK_TLVS;
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = -EINVAL;
	e->msg.nlmsg_len = MNL_NLMSG_HDRLEN + 8;
	mnl_nlmsg_put_extra_header(nlh, 8);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "ttl-inherit is odd");
	check(set_says(nl, "ttl is odd"), "an error with its request");

	mnl_attr_put_strz(refuses(EINVAL), NLMSGERR_ATTR_MSG, "src-any goes with no src");
	check(says(nl_clamp_set(nl, &clamp, &err), &err, "src goes with no src"), "src");
	mnl_attr_put_strz(refuses(EINVAL), NLMSGERR_ATTR_MSG, "dst-any goes with no dst");
	check(says(nl_clamp_set(nl, &clamp, &err), &err, "dst goes with no dst"), "dst");
	mnl_attr_put_strz(refuses(EINVAL), NLMSGERR_ATTR_MSG, "rx must be local or early");
	check(says(nl_netns_set(nl, &early, &err), &err, "rx must be local or early"), "rx");
	stop(nl);
}

/* What no request has room for */
static void test_too_many(void)
{
	struct nl *nl = start();
	const char **names;
	struct clamp c = { .ifname = "eth0" };
	struct filter f = { .ifname = "mt0" };
	const size_t n = 300000;

	for (size_t i = 0; i < n; i++) {
		*prefixes_add(&c.src) = (struct prefix) { .addr.len = 4, .len = 32 };
		*prefixes_add(&f.lists[0]) = (struct prefix) { .addr.len = 4, .len = 32 };
	}
	check(says(nl_clamp_new(nl, &c, &err), &err, "a clamp has 1024 prefixes at the most"),
	      "too many prefixes of a clamp");
	check(says(nl_filter_set(nl, &f, &err), &err,
		   "a filter has 32768 prefixes at the most, in all of its lists together"),
	      "too many prefixes of a filter");
	names = allocate(n, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = "mt0";
	check(says(nl_tunnel_del(nl, names, n, &err), &err,
		   "too many tunnels for one request; give fewer at a time"), "too many tunnels");
	check(!nl_tunnel_del(nl, names, 4096, &err), "as many as apply deletes at once");
	free(names);
	clamp_free(&c);
	filter_free(&f);
	stop(nl);
}

/* ---- events ---- */

static bool next_is(struct nl *nl, enum event_type type, enum event_about about)
{
	struct event event;
	enum result res = nl_event(nl, 0, &event, &err);
	bool good = !res && event.type == type && event.about == about;

	if (!good)
		printf("# %d: event %d about %d\n", res, event.type, event.about);
	event_free(&event);
	return good;
}

static void test_events(void)
{
	struct nl *nl = start();
	struct event event;

	check(says(nl_subscribe(nl, &err), &err, "the kernel's mtun has no event group \"config\""),
	      "a group that is not there");
	nl->groups[GROUP_CONFIG] = 1;
	nl->groups[GROUP_HEALTH] = 2;
	kernel.subscriptions = 0;
	check(says(nl_subscribe(nl, &err), &err,
		   "cannot subscribe to config: Cannot allocate memory"),
	      "a group that cannot be joined");
	kernel.subscriptions = 1;
	check(says(nl_subscribe(nl, &err), &err,
		   "cannot subscribe to nlctrl: Cannot allocate memory"),
	      "nor can that of nlctrl");
	kernel.subscriptions = -1;
	check(!nl_subscribe(nl, &err), "events");

	answers_cmd(MTUN_CMD_CLAMP_SET_NTF);
	answers_cmd(MTUN_CMD_NETNS_SET_NTF);
	answers_cmd(UINT8_MAX);	/* nobody knows it */
	answers_cmd(MTUN_CMD_FILTER_SET_NTF);
	check(next_is(nl, EVENT_SET, ABOUT_CLAMP), "of a clamp");
	check(next_is(nl, EVENT_SET, ABOUT_NETNS), "of the namespace");
	check(next_is(nl, EVENT_SET, ABOUT_FILTER), "of a filter");
	check(next_is(nl, EVENT_NONE, ABOUT_TUNNEL), "no more");

	/* Events of before a gap come first; after the last of them it is told. */
	fails(ENOBUFS);
	answers_cmd(MTUN_CMD_CLAMP_DEL_NTF);
	check(next_is(nl, EVENT_DEL, ABOUT_CLAMP), "what waited");
	check(next_is(nl, EVENT_LOST, ABOUT_TUNNEL), "what was lost behind it");
	fails(EINTR);
	fails(ENOBUFS);
	fails(ENOBUFS);
	answers(GENL_ID_CTRL);	/* the family: something else is no answer to that */
	check(next_is(nl, EVENT_LOST, ABOUT_TUNNEL), "two gaps: the first");
	check(nl_events_wait(nl) && next_is(nl, EVENT_LOST, ABOUT_TUNNEL), "and the second");
	fails(ENOMEM);
	check(says(nl_event(nl, 0, &event, &err), &err,
		   "cannot receive events: Cannot allocate memory"),
	      "events that are not to be had");
	stop(nl);
}

/* ---- samples ---- */

static struct sample last_sample;
static size_t n_samples;

static void keep(const struct sample *s, void *data)
{
	(void)data;
	last_sample = *s;
	n_samples++;
}

static void put_sample(uint32_t cpu, uint64_t number, size_t len)
{
	struct nlmsghdr *nlh = answers_cmd(MTUN_CMD_SAMPLES_NTF);
	char data[256] = "E";
	struct nlattr *nest;

	mnl_attr_put_u32(nlh, MTUN_A_SAMPLES_CPU, cpu);
	mnl_attr_put_u64(nlh, MTUN_A_SAMPLES_NUMBER, number);
	nest = mnl_attr_nest_start(nlh, MTUN_A_SAMPLES_SAMPLE);
	mnl_attr_put(nlh, MTUN_A_SAMPLE_DATA, len, data);
	mnl_attr_nest_end(nlh, nest);
}

static void test_samples(void)
{
	struct nl *nl = start();
	uint64_t lost = 0;

	nl->groups[GROUP_SAMPLES] = 3;
	check(!nl_samples_subscribe(nl, &err), "samples");
	put_sample(0, 10, 200);
	check(!nl_samples_read(nl, 0, keep, NULL, &lost, &err) && n_samples == 1 &&
	      last_sample.data_len == MAX_SAMPLE, "more bytes than there is room for");
	put_sample(5, 1000, 20);
	put_sample(0, 13, 20);
	fails(EINTR);
	put_sample(5, 1002, 20);
	for (int i = 0; i < 3; i++)
		check(!nl_samples_read(nl, 0, keep, NULL, &lost, &err), "one of them");
	check(n_samples == 4 && lost == 2 + 1, "each CPU has its numbers");
	fails(ENOBUFS);
	answers(GENL_ID_CTRL);
	check(!nl_samples_read(nl, 0, keep, NULL, &lost, &err) && lost == 3,
	      "what is lost is told by the next one");
	fails(ENOMEM);
	check(says(nl_samples_read(nl, 0, keep, NULL, &lost, &err), &err,
		   "cannot receive samples: Cannot allocate memory"), "no samples");
	stop(nl);
}

/* ---- what a later kernel tells ---- */

static void test_unknown(void)
{
	struct tunnel t = { 0 };
	struct nl *nl = start();
	struct nlmsghdr *nlh = answers_cmd(MTUN_CMD_TUNNEL_NEW);
	struct nlattr *nest;

	nest = mnl_attr_nest_start(nlh, MTUN_A_TUNNEL_STATS);
	mnl_attr_put_u64(nlh, MTUN_A_STATS_MAX + 1, 7);
	mnl_attr_put_u64(nlh, MTUN_A_STATS_RX_BYTES, 8);
	mnl_attr_nest_end(nlh, nest);
	check(!nl_tunnel_get(nl, "mt0", &t, &err) &&
	      t.stats.ways[MTUN_DIRECTION_INGRESS].all.bytes == 8, "a counter that is new");
	stop(nl);
}

/* ---- IPsec ---- */

static struct replica here(void)
{
	struct replica r = { .mode = MTUN_MODE_IPSEC, .if_id = 42, .ifname = "mt0" };
	const struct addr ends[] = { { AF_INET, 4, { 192, 0, 2, 1 } },
				     { AF_INET, 4, { 192, 0, 2, 2 } } };

	r.local = ends[0];
	r.remote = ends[1];
	return r;
}

static struct nlmsghdr *answers_state(uint32_t spi)
{
	struct nlmsghdr *nlh = answers(XFRM_MSG_NEWSA);
	struct xfrm_usersa_info *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	const struct replica r = here();

	info->family = AF_INET;
	info->mode = XFRM_MODE_TUNNEL;
	info->id.proto = IPPROTO_ESP;
	info->id.spi = htonl(spi);
	memcpy(&info->saddr, r.remote.bytes, 4);
	memcpy(&info->id.daddr, r.local.bytes, 4);
	mnl_attr_put_u32(nlh, XFRMA_IF_ID, 42);
	return nlh;
}

static struct nlmsghdr *answers_policy(void)
{
	struct nlmsghdr *nlh = answers(XFRM_MSG_NEWPOLICY);
	struct xfrm_userpolicy_info *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	const struct replica r = here();
	struct xfrm_user_tmpl tmpl = { .family = AF_INET, .mode = XFRM_MODE_TUNNEL,
				       .id.proto = IPPROTO_ESP };

	info->dir = XFRM_POLICY_IN;
	info->sel.family = AF_INET;
	memcpy(&tmpl.saddr, r.remote.bytes, 4);
	memcpy(&tmpl.id.daddr, r.local.bytes, 4);
	mnl_attr_put(nlh, XFRMA_TMPL, sizeof(tmpl), &tmpl);
	mnl_attr_put_u32(nlh, XFRMA_IF_ID, 42);
	return nlh;
}

static void put_key(struct nlmsghdr *nlh, uint16_t bits, size_t bytes)
{
	struct {
		struct xfrm_algo_aead aead;
		char key[36];
	} a = { .aead = { .alg_name = "rfc4106(gcm(aes))", .alg_icv_len = 128 } };

	a.aead.alg_key_len = bits;
	mnl_attr_put(nlh, XFRMA_ALG_AEAD, sizeof(a.aead) + bytes, &a);
}

static void test_read_states(void)
{
	const struct xfrm_mark mark = { 1, 0xff };
	const uint8_t sub = XFRM_POLICY_TYPE_SUB;
	const struct replica_state *s;
	struct nl *nl = start();
	struct replicas rs = { 0 };
	struct nlmsghdr *nlh;
	size_t odd = 0;

	*replicas_add(&rs) = here();
	answers(XFRM_MSG_DELSA);
	nlh = answers_state(0x101);
	put_key(nlh, 288, 36);
	mnl_attr_put(nlh, XFRMA_MARK, sizeof(mark), &mark);
	mnl_attr_put_u32(nlh, XFRMA_MTIMER_THRESH, 5);
	nlh = answers_state(0x102);	/* what has no word */
	put_key(nlh, 288, 36);
	mnl_attr_put_u32(nlh, 1000, 0);
	put_key(answers_state(0x103), 288, 35);
	put_key(answers_state(0x104), 287, 36);
	nlh = answers_state(0x105);
	put_key(nlh, 288, 36);
	mnl_attr_put_u32(nlh, XFRMA_OFFLOAD_DEV, 2);
	answers_state(0x106);		/* is being negotiated */
	answers(NLMSG_DONE);
	nlh = answers_policy();
	mnl_attr_put(nlh, XFRMA_MARK, sizeof(mark), &mark);
	mnl_attr_put_u32(answers_policy(), 1000, 0);
	mnl_attr_put(answers_policy(), XFRMA_POLICY_TYPE, 1, &sub);
	check(!nl_replicas_read(nl, &rs, &err) && rs.v[0].n_states == 5,
	      "states that have keys, or that nobody understands");
	for (size_t i = 0; i < rs.v[0].n_states; i++) {
		s = &rs.v[0].states[i];
		odd += s->odd;
		if (s->spi == 0x101)
			check(!s->odd && s->mark.m == 0xff && s->mapping_age == 5,
			      "a mark, and how long a port is kept");
		if (s->spi == 0x105)
			check(!s->odd && s->offload, "a network card's");
	}
	check(odd == 3, "keys that are cut, and words that are unknown");
	check(rs.v[0].n_policies == 2 && rs.v[0].policies[0].odd != rs.v[0].policies[1].odd,
	      "policies");
	replicas_free(&rs);
	stop(nl);
}

static void test_forgotten_key(void)
{
	struct nl *nl = start();
	struct sas sas = { 0 };
	size_t left = 0;
	bool incomplete;

	prctl(PR_SET_DUMPABLE, 1);
	put_key(answers_state(0x101), 288, 36);
	check(!nl_sa_dump(nl, &sas, &incomplete, &err) && sas.n == 1 && sas.v[0].keyed,
	      "a state is shown");
	for (size_t i = 0; i < sizeof(nl->buf); i++)
		left += !!nl->buf[i];
	check(!left && !prctl(PR_GET_DUMPABLE), "its key is nowhere");
	sas_free(&sas);
	stop(nl);
}

static void test_short_key(void)
{
	struct nl *nl = start();
	struct sas sas = { 0 };
	bool incomplete;

	mnl_attr_put_u32(answers_state(0x101), XFRMA_ALG_CRYPT, 0);
	check(!nl_sa_dump(nl, &sas, &incomplete, &err) && sas.n == 1 && !sas.v[0].keyed,
	      "an algorithm without a name");
	sas_free(&sas);
	stop(nl);
}

#define NEW	XFRM_MSG_NEWSA
#define DEL	XFRM_MSG_DELSA
#define UPD	XFRM_MSG_UPDPOLICY
#define DELPOL	XFRM_MSG_DELPOLICY

/* What is asked for, of one of each kind of step, when the last one or its undoing fails */
static void test_apply(int failing, const unsigned int *types, size_t n, const char *text)
{
	const struct addr dst = { AF_INET, 4, { 192, 0, 2, 1 } };
	const struct replica_state a = { .spi = 0x101, .dst = dst, .mark = { 1, 1 },
					 .mapping_age = 5 };
	const struct replica_state b = { .spi = 0x102, .dst = dst };
	const struct replica_policy p = { .priority = 1 }, q = { .priority = 2 };
	struct replica_step steps[] = {
		{ REPLICA_ADD_STATE, .is = &a },
		{ REPLICA_REPLACE_STATE, .is = &a, .was = &b },
		{ REPLICA_SET_POLICY, .policy_is = &p, .policy_was = &q },
		{ REPLICA_SET_POLICY, .policy_is = &p },
		{ REPLICA_DEL_POLICY, .policy_was = &q },
		{ REPLICA_DEL_STATE, .was = &b },
		{ REPLICA_SET_POLICY, .policy_is = &q },
	};
	const struct replica_plan plan = { .v = steps, .n = ARRAY_SIZE(steps) };
	struct nl *nl = start();
	bool good;

	refuses(0);
	/* It has gone by itself, whatever words a later kernel has for that. */
	mnl_attr_put_strz(refuses(ESRCH), NLMSGERR_ATTR_MSG, "no such state");
	for (int i = 2; i < failing; i++)
		refuses(0);
	refuses(EPERM);
	if (failing == 2)	/* nor is it to be had back */
		refuses(ENOMEM);
	check(says(nl_replicas_apply(nl, &plan, &err), &err, text), text);
	good = kernel.n_sent == n && !memcmp(kernel.sent, types, n * sizeof(*types));
	for (size_t i = 0; !good && i < kernel.n_sent; i++)
		printf("# sent %u\n", kernel.sent[i]);
	check(good, "what is done, and what undoes it");
	stop(nl);
}

static void test_steps(void)
{
	const unsigned int all[] = {
		NEW, DEL, NEW, UPD, UPD, DELPOL, DEL, UPD,
		NEW, UPD, DELPOL, UPD, DEL, NEW, DEL,
	};
	const unsigned int replaced[] = { NEW, DEL, NEW, NEW, DEL };

	test_apply(7, all, ARRAY_SIZE(all),
		   "a policy: not permitted: needs CAP_NET_ADMIN in this network namespace; run it as root; nothing was changed");
	test_apply(2, replaced, ARRAY_SIZE(replaced),
		   "state 00000101 to 192.0.2.1: not permitted: needs CAP_NET_ADMIN in this network namespace; run it as root; what was done could not all be taken back: send the states again");
}

static void test_watch(void)
{
	struct nl *nl = start();

	kernel.subscriptions = 2;
	check(says(nl_replicas_watch(nl, &err), &err,
		   "cannot subscribe to changes of IPsec: Cannot allocate memory"),
	      "changes of IPsec are not told");
	stop(nl);
}

void test_nl(void)
{
	test_sockets();
	test_talk();
	test_changing();
	test_policy();
	test_errors();
	test_too_many();
	test_events();
	test_samples();
	test_unknown();
	test_read_states();
	test_forgotten_key();
	test_short_key();
	test_steps();
	test_watch();
}
