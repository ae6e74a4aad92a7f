// SPDX-License-Identifier: GPL-2.0
/* Netlink itself: sockets, requests and answers, errors. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl_core.h"

struct nl *nl_new(void)
{
	return allocate(1, sizeof(struct nl));
}

void nl_free(struct nl *nl)
{
	if (nl->genl)
		mnl_socket_close(nl->genl);
	if (nl->rtnl)
		mnl_socket_close(nl->rtnl);
	if (nl->xfrm)
		mnl_socket_close(nl->xfrm);
	if (nl->replicas)
		mnl_socket_close(nl->replicas);
	if (nl->events)
		mnl_socket_close(nl->events);
	if (nl->samples)
		mnl_socket_close(nl->samples);
	free(nl->next_sample);
	free(nl);
}

/* Errors */

/*
 * Our module's texts begin with the attribute that they are about: returns it
 * and moves *text behind it. 0 for texts of the rest of the kernel.
 */
static unsigned int leading_attr(const struct about *about, const char **text)
{
	size_t len = strcspn(*text, " ,");

	for (unsigned int i = 1; i <= about->attr_max; i++) {
		const char *name = about->attrs[i];

		if (name && strlen(name) == len && !strncmp(*text, name, len)) {
			*text += len;
			return i;
		}
	}
	return 0;
}

/* A kernel's text in the user's words, with the attribute in front. */
static void say(const struct about *about, unsigned int attr, const char *name,
		const char *kernel, char *text, size_t size)
{
	unsigned int leading = leading_attr(about, &kernel);
	const char *word, *value = "", *colon = "";

	attr = leading ?: attr;
	word = attr ? about->word(about->object, attr) : NULL;
	if (word && !leading)
		colon = ":";
	if (attr && attr == about->name_attr)
		value = name;
	snprintf(text, size, "%s%s%s%s%s%s", word ?: "", *value ? " " : "",
		 value, colon, *colon ? " " : "", kernel);
}

const char *error_text(int error)
{
	return error == EPERM ?
	       "not permitted: needs CAP_NET_ADMIN in this network namespace; run it as root" :
	       strerror(error);
}

/* The attribute of our request that lies at the offset; NULL if there is none. */
static const struct nlattr *attr_at(const struct nlmsghdr *req, uint32_t offset)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, req, GENL_HDRLEN) {
		uint32_t start = (const char *)attr - (const char *)req;

		if (offset >= start &&
		    offset < start + MNL_ALIGN(mnl_attr_get_len(attr)))
			return attr;
	}
	return NULL;
}

/* Appends the range that a policy allows. */
static void add_policy(const struct nlattr *policy, char *text, size_t size)
{
	unsigned long long min = 0, max = 0;
	const char *unit = "";
	const struct nlattr *a;
	bool has_min = false, has_max = false;
	size_t used = strlen(text);

	mnl_attr_for_each_nested(a, policy) {
		switch (mnl_attr_get_type(a)) {
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_U:
			has_min = mnl_attr_get_payload_len(a) == sizeof(min);
			if (has_min)
				min = mnl_attr_get_u64(a);
			break;
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_U:
			has_max = mnl_attr_get_payload_len(a) == sizeof(max);
			if (has_max)
				max = mnl_attr_get_u64(a);
			break;
		case NL_POLICY_TYPE_ATTR_MIN_LENGTH:
			has_min = mnl_attr_get_payload_len(a) == sizeof(__u32);
			if (has_min)
				min = mnl_attr_get_u32(a);
			unit = " bytes";
			break;
		case NL_POLICY_TYPE_ATTR_MAX_LENGTH:
			has_max = mnl_attr_get_payload_len(a) == sizeof(__u32);
			if (has_max)
				max = mnl_attr_get_u32(a);
			unit = " bytes";
			break;
		}
	}
	if (has_min && has_max)
		snprintf(text + used, size - used, " (%llu to %llu%s)",
			 min, max, unit);
	else if (has_min)
		snprintf(text + used, size - used, " (at least %llu%s)",
			 min, unit);
	else if (has_max)
		snprintf(text + used, size - used, " (at most %llu%s)",
			 max, unit);
}

/* TLVs after the nlmsgerr of an error, or the status of the end of a dump. */
static void parse_ext_ack(const struct nlmsghdr *nlh, size_t fixed,
			  const struct nlattr **tb)
{
	const struct nlattr *a;

	memset(tb, 0, sizeof(*tb) * (NLMSGERR_ATTR_MAX + 1));
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (nlh->nlmsg_type == NLMSG_ERROR &&
	    !(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

		fixed += e->msg.nlmsg_len - MNL_NLMSG_HDRLEN;
	}
	if (mnl_nlmsg_get_payload_len(nlh) < fixed)
		return;
	mnl_attr_for_each(a, nlh, fixed)
		if (mnl_attr_get_type(a) <= NLMSGERR_ATTR_MAX)
			tb[mnl_attr_get_type(a)] = a;
}

static enum result kernel_error(const struct nlmsghdr *nlh, int error,
				size_t fixed, const struct nlmsghdr *req,
				const struct about *about, struct error *err)
{
	const struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	const struct nlattr *blamed = NULL;
	const char *name = about ? about->name : "";
	unsigned int attr = 0;
	char text[512] = "";

	parse_ext_ack(nlh, fixed, tb);
	if (tb[NLMSGERR_ATTR_OFFS] && about &&
	    !mnl_attr_validate(tb[NLMSGERR_ATTR_OFFS], MNL_TYPE_U32))
		blamed = attr_at(req, mnl_attr_get_u32(tb[NLMSGERR_ATTR_OFFS]));
	if (blamed)
		attr = mnl_attr_get_type(blamed);
	/* One of several */
	if (blamed && attr == about->name_attr)
		name = mnl_attr_get_str(blamed);

	if (tb[NLMSGERR_ATTR_MSG] &&
	    !mnl_attr_validate(tb[NLMSGERR_ATTR_MSG], MNL_TYPE_NUL_STRING)) {
		const char *kernel = mnl_attr_get_str(tb[NLMSGERR_ATTR_MSG]);

		if (about)
			say(about, attr, name, kernel, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%s", kernel);
		if (tb[NLMSGERR_ATTR_POLICY] &&
		    !mnl_attr_validate(tb[NLMSGERR_ATTR_POLICY],
				       MNL_TYPE_NESTED))
			add_policy(tb[NLMSGERR_ATTR_POLICY], text,
				   sizeof(text));
	} else if (tb[NLMSGERR_ATTR_MISS_TYPE] && about &&
		   !mnl_attr_validate(tb[NLMSGERR_ATTR_MISS_TYPE],
				      MNL_TYPE_U32)) {
		say(about, mnl_attr_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]),
		    name, "missing", text, sizeof(text));
	} else if (about && error == ENOENT) {
		/* Our module says what there is not: it is gone itself. */
		unloaded(err);
		err->number = error;
		return RES_REFUSED;
	} else if (about && error != EPERM) {
		say(about, attr ?: (*name ? about->name_attr : 0), name,
		    strerror(error), text, sizeof(text));
	} else {
		snprintf(text, sizeof(text), "%s", error_text(error));
	}
	refuse(err, RES_REFUSED, "%s", text);
	err->number = error;
	return RES_REFUSED;
}

/* Sockets and exchanges */

ssize_t receive(const struct mnl_socket *s, void *buf, size_t size, int flags)
{
	struct sockaddr_nl from;
	socklen_t from_len;
	ssize_t len;

	do {
		from_len = sizeof(from);
		len = recvfrom(mnl_socket_get_fd(s), buf, size,
			       flags | MSG_TRUNC, (struct sockaddr *)&from,
			       &from_len);
	} while (len >= 0 && (from_len != sizeof(from) || from.nl_pid));
	if (len >= 0 && (size_t)len > size) {
		errno = ENOSPC;
		return -1;
	}
	return len;
}

enum result open_socket(struct mnl_socket **s, int bus, struct error *err)
{
	int one = 1, size = REQUEST_SIZE;

	if (*s)
		return RES_OK;
	/* The kernel's states come with their keys: none of it in a core file. */
	if (bus == NETLINK_XFRM)
		prctl(PR_SET_DUMPABLE, 0);
	*s = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!*s)
		return refuse(err, RES_REFUSED, "cannot open a netlink socket: %s",
			      strerror(errno));
	if (mnl_socket_bind(*s, 0, MNL_SOCKET_AUTOPID) < 0) {
		refuse(err, RES_REFUSED, "cannot bind a netlink socket: %s",
		       strerror(errno));
		mnl_socket_close(*s);
		*s = NULL;
		return RES_REFUSED;
	}
	/* Without privileges there are no large requests, either. */
	setsockopt(mnl_socket_get_fd(*s), SOL_SOCKET, SO_SNDBUFFORCE, &size,
		   sizeof(size));
	mnl_socket_setsockopt(*s, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(*s, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(*s, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return RES_OK;
}

enum result talk(struct nl *nl, struct mnl_socket *s, reply_fn fn, void *data,
		 const struct about *about, bool *interrupted,
		 struct error *err)
{
	struct nlmsghdr *req = (struct nlmsghdr *)nl->req;

	if (!(req->nlmsg_flags & NLM_F_DUMP))
		req->nlmsg_flags |= NLM_F_ACK;
	req->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(s, req, req->nlmsg_len) < 0)
		return refuse(err, RES_REFUSED, "cannot send to the kernel: %s",
			      strerror(errno));

	for (;;) {
		const struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
		int len, error;

		len = receive(s, nl->buf, sizeof(nl->buf), 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return refuse(err, RES_REFUSED,
				      "cannot receive from the kernel: %s",
				      strerror(errno));

		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != req->nlmsg_seq)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR && interrupted)
				*interrupted = true;
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *e;

				if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
					return refuse(err, RES_REFUSED,
						      "the kernel's answer is too short");
				e = mnl_nlmsg_get_payload(nlh);
				if (!e->error)
					return RES_OK;
				return kernel_error(nlh, -e->error, sizeof(*e),
						    req, about, err);
			}
			if (nlh->nlmsg_type == NLMSG_DONE) {
				error = 0;
				if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(error))
					memcpy(&error,
					       mnl_nlmsg_get_payload(nlh),
					       sizeof(error));
				if (error == -EINTR && interrupted) {
					*interrupted = true;
					return RES_OK;
				}
				if (error >= 0)
					return RES_OK;
				return kernel_error(nlh, -error, sizeof(error),
						    req, about, err);
			}
			if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && fn)
				fn(nl, nlh, data);
		}
	}
}

struct nlmsghdr *start_request(struct nl *nl, uint16_t type, uint16_t flags,
			       uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->req);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

const char *const group_names[GROUPS] = {
	[GROUP_CONFIG] = MTUN_MCGRP_CONFIG,
	[GROUP_HEALTH] = MTUN_MCGRP_HEALTH,
	[GROUP_SAMPLES] = MTUN_MCGRP_SAMPLES,
};

static void read_groups(struct nl *nl, const struct nlattr *groups)
{
	const struct nlattr *group, *a;

	mnl_attr_for_each_nested(group, groups) {
		const char *name = "";
		uint32_t id = 0;

		mnl_attr_for_each_nested(a, group) {
			if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_NAME &&
			    !mnl_attr_validate(a, MNL_TYPE_NUL_STRING))
				name = mnl_attr_get_str(a);
			if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_ID &&
			    !mnl_attr_validate(a, MNL_TYPE_U32))
				id = mnl_attr_get_u32(a);
		}
		for (size_t i = 0; i < GROUPS; i++)
			if (!strcmp(name, group_names[i]))
				nl->groups[i] = id;
	}
}

static void read_family(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *a;

	(void)data;
	mnl_attr_for_each(a, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID &&
		    !mnl_attr_validate(a, MNL_TYPE_U16))
			nl->family = mnl_attr_get_u16(a);
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GROUPS &&
		    !mnl_attr_validate(a, MNL_TYPE_NESTED))
			read_groups(nl, a);
	}
}

enum result connect_family(struct nl *nl, struct error *err)
{
	struct nlmsghdr *nlh;
	enum result res;

	if (nl->family)
		return RES_OK;
	res = open_socket(&nl->genl, NETLINK_GENERIC, err);
	if (res)
		return res;
	nlh = start_request(nl, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, MTUN_GENL_NAME);
	res = talk(nl, nl->genl, read_family, NULL, NULL, NULL, err);
	if (!nl->family)
		return refuse(err, RES_REFUSED,
			      "mtun.ko is not loaded: run modprobe mtun (or insmod mtun.ko)");
	return res;
}

struct nlmsghdr *start_family(struct nl *nl, uint16_t flags, uint8_t cmd,
			      struct error *err)
{
	if (connect_family(nl, err))
		return NULL;
	return start_request(nl, nl->family, flags, cmd, MTUN_GENL_VERSION);
}

enum result get_one(struct nl *nl, uint8_t cmd, reply_fn fn, void *data,
		    const struct about *about, struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, 0, cmd, err);

	if (!nlh)
		return RES_REFUSED;
	mnl_attr_put_strz(nlh, about->name_attr, about->name);
	return talk(nl, nl->genl, fn, data, about, NULL, err);
}

enum result talk_whole(struct nl *nl, struct mnl_socket *s,
		       void (*restart)(void *data), reply_fn fn, void *data,
		       const struct about *about, const char *plural,
		       bool *incomplete, struct error *err)
{
	enum result res = RES_OK;
	bool interrupted = true;

	*incomplete = false;
	for (int i = 0; !res && interrupted && i < DUMP_TRIES; i++) {
		/* A burst of changes takes its time: about a second in all. */
		if (i)
			usleep(1000u << i);
		restart(data);
		interrupted = false;
		res = talk(nl, s, fn, data, about, &interrupted, err);
	}
	if (res)
		return res;
	*incomplete = interrupted;
	if (interrupted)
		return refuse(err, RES_REFUSED,
			      "the %s changed while they were read, %d times: some may be missing, or shown as they were",
			      plural, DUMP_TRIES);
	return RES_OK;
}

enum result dump(struct nl *nl, uint8_t cmd, void (*restart)(void *data),
		 reply_fn fn, void *data, const struct about *about,
		 bool *incomplete, struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, NLM_F_DUMP, cmd, err);

	*incomplete = false;
	if (!nlh)
		return RES_REFUSED;
	if (*about->name)
		mnl_attr_put_strz(nlh, about->name_attr, about->name);
	return talk_whole(nl, nl->genl, restart, fn, data, about, about->plural,
			  incomplete, err);
}

/* Attributes */

bool get_addr(const struct nlattr *a, struct addr *addr)
{
	addr->len = mnl_attr_get_payload_len(a);
	if (addr->len != 4 && addr->len != 16)
		return false;
	addr->family = addr->len == 4 ? AF_INET : AF_INET6;
	memcpy(addr->bytes, mnl_attr_get_payload(a), addr->len);
	return true;
}

bool get_number(const struct nlattr *a, void *to, size_t len)
{
	if (mnl_attr_get_payload_len(a) != len)
		return false;
	memcpy(to, mnl_attr_get_payload(a), len);
	return true;
}

bool get_string(const struct nlattr *a, char *to, size_t size)
{
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
		return false;
	snprintf(to, size, "%s", mnl_attr_get_str(a));
	return true;
}

bool get_prefix(const struct nlattr *nest, struct prefix *prefix)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == MTUN_A_PREFIX_ADDR)
			get_addr(a, &prefix->addr);
		else if (mnl_attr_get_type(a) == MTUN_A_PREFIX_LEN)
			get_number(a, &prefix->len, sizeof(prefix->len));
	}
	return true;
}

bool put_prefix(struct nlmsghdr *nlh, uint16_t attr, const struct prefix *prefix)
{
	struct nlattr *nest = mnl_attr_nest_start_check(nlh, REQUEST_SIZE, attr);

	if (!nest)
		return false;
	if (prefix && prefix->addr.len &&
	    !mnl_attr_put_check(nlh, REQUEST_SIZE, MTUN_A_PREFIX_ADDR,
				prefix->addr.len, prefix->addr.bytes))
		return false;
	if (prefix && !mnl_attr_put_u8_check(nlh, REQUEST_SIZE,
					     MTUN_A_PREFIX_LEN, prefix->len))
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

bool put_prefixes(struct nlmsghdr *nlh, uint16_t attr,
		  const struct prefixes *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!put_prefix(nlh, attr, &ps->v[i]))
			return false;
	return true;
}

#define LIKE_DROP(set, what)						\
	((int)MTUN_A_DROP_REASON == (int)MTUN_A_##set##_##what &&	\
	 (int)MTUN_A_DROP_PACKETS == (int)MTUN_A_##set##_PACKETS)

static_assert(LIKE_DROP(MSS, VERDICT) && LIKE_DROP(TCP, FLAG) &&
	      LIKE_DROP(LENGTH, LOG2), "one function reads all of them");

void get_count(const struct nlattr *nest, uint64_t *counts, uint32_t max)
{
	uint32_t what = UINT32_MAX;
	const struct nlattr *a;
	uint64_t packets = 0;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == MTUN_A_DROP_REASON)
			get_number(a, &what, sizeof(what));
		else if (mnl_attr_get_type(a) == MTUN_A_DROP_PACKETS)
			get_number(a, &packets, sizeof(packets));
	}
	if (what <= max)
		counts[what] = packets;
}
