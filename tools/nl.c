// SPDX-License-Identifier: GPL-2.0
/* The only file that knows netlink: struct tunnel to and from attributes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "names.h"
#include "nl.h"

#define BUF_SIZE	(64 * 1024)
#define DUMP_TRIES	10
/* Room for a burst of some ten thousand events while we print. */
#define EVENT_BUF_SIZE	(16 * 1024 * 1024)

struct nl {
	struct mnl_socket *genl;
	struct mnl_socket *events;	/* apart, or requests would eat them */
	unsigned int seq;
	uint16_t family;
	uint32_t group;		/* of MTUN_MCGRP_CONFIG, 0 if unknown */
	char *next_event;	/* unread part of event_buf */
	size_t events_len;
	char req[4096];
	char buf[BUF_SIZE];
	char event_buf[BUF_SIZE];
};

struct nl *nl_new(void)
{
	struct nl *nl = calloc(1, sizeof(*nl));

	if (!nl) {
		perror("mtctl");
		exit(RES_REFUSED);
	}
	return nl;
}

void nl_free(struct nl *nl)
{
	if (nl->genl)
		mnl_socket_close(nl->genl);
	if (nl->events)
		mnl_socket_close(nl->events);
	free(nl);
}

/* Errors */

/* What the user typed to give attr; NULL for what only the kernel knows. */
static const char *attr_word(const struct tunnel *t, unsigned int attr)
{
	switch (attr) {
	case MTUN_A_TUNNEL_IFINDEX:
	case MTUN_A_TUNNEL_IFNAME:
		return "name";
	case MTUN_A_TUNNEL_IFLAGS:
	case MTUN_A_TUNNEL_IKEY:
		return t->one_key ? "key" : "ikey";
	case MTUN_A_TUNNEL_OFLAGS:
	case MTUN_A_TUNNEL_OKEY:
		return t->one_key ? "key" : "okey";
	case MTUN_A_TUNNEL_TTL_INHERIT:
		return "ttl";
	case MTUN_A_TUNNEL_TOS_INHERIT:
		return "tos";
	case MTUN_A_TUNNEL_LINK:
		return "dev";
	}
	return attr <= MTUN_A_TUNNEL_MAX ? tunnel_attr_names[attr] : NULL;
}

/*
 * Our module's texts begin with the attribute that they are about: returns it
 * and moves *text behind it. 0 for texts of the rest of the kernel.
 */
static unsigned int leading_attr(const char **text)
{
	size_t len = strcspn(*text, " ,");

	for (unsigned int i = 1; i <= MTUN_A_TUNNEL_MAX; i++) {
		const char *name = tunnel_attr_names[i];

		if (name && strlen(name) == len && !strncmp(*text, name, len)) {
			*text += len;
			return i;
		}
	}
	return 0;
}

/* A kernel's text in the user's words, with the attribute in front. */
static void say(const struct tunnel *t, unsigned int attr, const char *kernel,
		char *text, size_t size)
{
	unsigned int leading = leading_attr(&kernel);
	const char *word, *value = "", *colon = "";

	attr = leading ?: attr;
	word = attr ? attr_word(t, attr) : NULL;
	if (word && !leading)
		colon = ":";
	if (attr == MTUN_A_TUNNEL_IFNAME)
		value = t->ifname;
	snprintf(text, size, "%s%s%s%s%s%s", word ?: "", *value ? " " : "",
		 value, colon, *colon ? " " : "", kernel);
}

/* The attribute of our request that lies at the offset; 0 if there is none. */
static unsigned int attr_at(const struct nlmsghdr *req, uint32_t offset)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, req, GENL_HDRLEN) {
		uint32_t start = (const char *)attr - (const char *)req;

		if (offset >= start &&
		    offset < start + MNL_ALIGN(mnl_attr_get_len(attr)))
			return mnl_attr_get_type(attr);
	}
	return 0;
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
				const struct tunnel *t, struct error *err)
{
	const struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	unsigned int attr = 0;
	char text[512] = "";

	parse_ext_ack(nlh, fixed, tb);
	if (tb[NLMSGERR_ATTR_OFFS] && t &&
	    !mnl_attr_validate(tb[NLMSGERR_ATTR_OFFS], MNL_TYPE_U32))
		attr = attr_at(req, mnl_attr_get_u32(tb[NLMSGERR_ATTR_OFFS]));

	if (tb[NLMSGERR_ATTR_MSG] &&
	    !mnl_attr_validate(tb[NLMSGERR_ATTR_MSG], MNL_TYPE_NUL_STRING)) {
		const char *kernel = mnl_attr_get_str(tb[NLMSGERR_ATTR_MSG]);

		if (t)
			say(t, attr, kernel, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%s", kernel);
		if (tb[NLMSGERR_ATTR_POLICY] &&
		    !mnl_attr_validate(tb[NLMSGERR_ATTR_POLICY],
				       MNL_TYPE_NESTED))
			add_policy(tb[NLMSGERR_ATTR_POLICY], text,
				   sizeof(text));
	} else if (tb[NLMSGERR_ATTR_MISS_TYPE] && t &&
		   !mnl_attr_validate(tb[NLMSGERR_ATTR_MISS_TYPE],
				      MNL_TYPE_U32)) {
		say(t, mnl_attr_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]),
		    "missing", text, sizeof(text));
	} else if (error == EPERM) {
		snprintf(text, sizeof(text),
			 "not permitted: needs CAP_NET_ADMIN in this network namespace; run it as root");
	} else if (t) {
		say(t, attr ?: (t->ifname[0] ? MTUN_A_TUNNEL_IFNAME : 0),
		    strerror(error), text, sizeof(text));
	} else {
		snprintf(text, sizeof(text), "%s", strerror(error));
	}
	return refuse(err, RES_REFUSED, "%s", text);
}

/* Sockets and exchanges */

static enum result open_socket(struct mnl_socket **s, int bus,
			       struct error *err)
{
	int one = 1;

	if (*s)
		return RES_OK;
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
	mnl_socket_setsockopt(*s, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(*s, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(*s, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return RES_OK;
}

typedef void (*reply_fn)(struct nl *nl, const struct nlmsghdr *nlh, void *data);

/*
 * Sends nl->req and reads until its acknowledgment or the end of its dump. t
 * is what the request was made of, for error messages; NULL if it is not about
 * a tunnel. *interrupted tells that a dump is inconsistent.
 */
static enum result talk(struct nl *nl, struct mnl_socket *s, reply_fn fn,
			void *data, const struct tunnel *t, bool *interrupted,
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

		len = mnl_socket_recvfrom(s, nl->buf, sizeof(nl->buf));
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
						    req, t, err);
			}
			if (nlh->nlmsg_type == NLMSG_DONE) {
				error = 0;
				if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(error))
					memcpy(&error,
					       mnl_nlmsg_get_payload(nlh),
					       sizeof(error));
				if (error >= 0)
					return RES_OK;
				return kernel_error(nlh, -error, sizeof(error),
						    req, t, err);
			}
			if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && fn)
				fn(nl, nlh, data);
		}
	}
}

static struct nlmsghdr *start(struct nl *nl, uint16_t type, uint16_t flags,
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
		if (!strcmp(name, MTUN_MCGRP_CONFIG))
			nl->group = id;
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

static enum result connect_family(struct nl *nl, struct error *err)
{
	struct nlmsghdr *nlh;
	enum result res;

	if (nl->family)
		return RES_OK;
	res = open_socket(&nl->genl, NETLINK_GENERIC, err);
	if (res)
		return res;
	nlh = start(nl, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, MTUN_GENL_NAME);
	res = talk(nl, nl->genl, read_family, NULL, NULL, NULL, err);
	if (!nl->family)
		return refuse(err, RES_REFUSED,
			      "mtun.ko is not loaded: run modprobe mtun (or insmod mtun.ko)");
	return res;
}

/* Tunnels */

static bool get_addr(const struct nlattr *a, struct addr *addr)
{
	addr->len = mnl_attr_get_payload_len(a);
	if (addr->len != 4 && addr->len != 16)
		return false;
	addr->family = addr->len == 4 ? AF_INET : AF_INET6;
	memcpy(addr->bytes, mnl_attr_get_payload(a), addr->len);
	return true;
}

static bool get_number(const struct nlattr *a, void *to, size_t len)
{
	if (mnl_attr_get_payload_len(a) != len)
		return false;
	memcpy(to, mnl_attr_get_payload(a), len);
	return true;
}

static bool get_name(const struct nlattr *a, char name[IFNAMSIZ])
{
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
		return false;
	snprintf(name, IFNAMSIZ, "%s", mnl_attr_get_str(a));
	return true;
}

static bool get_flags(const struct nlattr *a, uint32_t *flags, uint32_t *mask)
{
	struct nla_bitfield32 field;

	if (!get_number(a, &field, sizeof(field)))
		return false;
	*flags = field.value;
	*mask = field.selector;
	return true;
}

static void read_drop(const struct nlattr *drop, struct stats *stats)
{
	uint32_t reason = UINT32_MAX;
	const struct nlattr *a;
	uint64_t packets = 0;

	mnl_attr_for_each_nested(a, drop) {
		if (mnl_attr_get_type(a) == MTUN_A_DROP_REASON)
			get_number(a, &reason, sizeof(reason));
		else if (mnl_attr_get_type(a) == MTUN_A_DROP_PACKETS)
			get_number(a, &packets, sizeof(packets));
	}
	if (reason <= MTUN_DROP_REASON_MAX)
		stats->drops[reason] = packets;
}

static void read_mss(const struct nlattr *mss, struct stats *stats)
{
	uint32_t verdict = UINT32_MAX;
	const struct nlattr *a;
	uint64_t packets = 0;

	mnl_attr_for_each_nested(a, mss) {
		if (mnl_attr_get_type(a) == MTUN_A_MSS_VERDICT)
			get_number(a, &verdict, sizeof(verdict));
		else if (mnl_attr_get_type(a) == MTUN_A_MSS_PACKETS)
			get_number(a, &packets, sizeof(packets));
	}
	if (verdict <= MTUN_MSS_VERDICT_MAX)
		stats->mss[verdict] = packets;
}

static bool read_stats(const struct nlattr *nest, struct stats *stats)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case MTUN_A_STATS_RX_PACKETS:
			get_number(a, &stats->rx_packets, sizeof(uint64_t));
			break;
		case MTUN_A_STATS_RX_BYTES:
			get_number(a, &stats->rx_bytes, sizeof(uint64_t));
			break;
		case MTUN_A_STATS_TX_PACKETS:
			get_number(a, &stats->tx_packets, sizeof(uint64_t));
			break;
		case MTUN_A_STATS_TX_BYTES:
			get_number(a, &stats->tx_bytes, sizeof(uint64_t));
			break;
		case MTUN_A_STATS_ICMP_ERRORS:
			get_number(a, &stats->icmp_errors, sizeof(uint64_t));
			break;
		case MTUN_A_STATS_DROP:
			read_drop(a, stats);
			break;
		case MTUN_A_STATS_MSS:
			read_mss(a, stats);
			break;
		}
	}
	return true;
}

static bool read_attr(const struct nlattr *a, struct tunnel *t)
{
	switch (mnl_attr_get_type(a)) {
	case MTUN_A_TUNNEL_IFINDEX:
		return get_number(a, &t->ifindex, sizeof(t->ifindex));
	case MTUN_A_TUNNEL_IFNAME:
		return get_name(a, t->ifname);
	case MTUN_A_TUNNEL_LOCAL:
		return get_addr(a, &t->local);
	case MTUN_A_TUNNEL_REMOTE:
		return get_addr(a, &t->remote);
	case MTUN_A_TUNNEL_IFLAGS:
		return get_flags(a, &t->iflags, &t->iflags_mask);
	case MTUN_A_TUNNEL_OFLAGS:
		return get_flags(a, &t->oflags, &t->oflags_mask);
	case MTUN_A_TUNNEL_IKEY:
		return get_number(a, &t->ikey, sizeof(t->ikey));
	case MTUN_A_TUNNEL_OKEY:
		return get_number(a, &t->okey, sizeof(t->okey));
	case MTUN_A_TUNNEL_TTL:
		return get_number(a, &t->ttl, sizeof(t->ttl));
	case MTUN_A_TUNNEL_TTL_INHERIT:
		return get_number(a, &t->ttl_inherit, sizeof(t->ttl_inherit));
	case MTUN_A_TUNNEL_TOS:
		return get_number(a, &t->tos, sizeof(t->tos));
	case MTUN_A_TUNNEL_TOS_INHERIT:
		return get_number(a, &t->tos_inherit, sizeof(t->tos_inherit));
	case MTUN_A_TUNNEL_DF:
		return get_number(a, &t->df, sizeof(t->df));
	case MTUN_A_TUNNEL_INNER_DF:
		return get_number(a, &t->inner_df, sizeof(t->inner_df));
	case MTUN_A_TUNNEL_FRAG:
		return get_number(a, &t->frag, sizeof(t->frag));
	case MTUN_A_TUNNEL_MSS_TX:
		return get_number(a, &t->mss_tx, sizeof(t->mss_tx));
	case MTUN_A_TUNNEL_MSS_RX:
		return get_number(a, &t->mss_rx, sizeof(t->mss_rx));
	case MTUN_A_TUNNEL_LINK:
		return get_name(a, t->link);
	case MTUN_A_TUNNEL_LINK_IFINDEX:
		return get_number(a, &t->link_ifindex,
				  sizeof(t->link_ifindex));
	case MTUN_A_TUNNEL_FWMARK:
		return get_number(a, &t->fwmark, sizeof(t->fwmark));
	case MTUN_A_TUNNEL_MTU:
		return get_number(a, &t->mtu, sizeof(t->mtu));
	case MTUN_A_TUNNEL_MTU_AUTO:
		return get_number(a, &t->mtu_auto, sizeof(t->mtu_auto));
	case MTUN_A_TUNNEL_IF_FLAGS:
		return get_number(a, &t->if_flags, sizeof(t->if_flags));
	case MTUN_A_TUNNEL_UNDERLAY_NETNSID:
		return get_number(a, &t->underlay_netnsid,
				  sizeof(t->underlay_netnsid));
	case MTUN_A_TUNNEL_STATS:
		return read_stats(a, &t->stats);
	}
	return false;
}

/* Attributes that we do not know come from a newer module: they are left. */
static void read_tunnel(const struct nlmsghdr *nlh, struct tunnel *t)
{
	const struct nlattr *a;

	memset(t, 0, sizeof(*t));
	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (read_attr(a, t))
			t->has |= has_bit(mnl_attr_get_type(a));
}

static void put_u32(struct nlmsghdr *nlh, const struct tunnel *t,
		    enum mtun_tunnel_attr attr, uint32_t value)
{
	if (tunnel_has(t, attr))
		mnl_attr_put_u32(nlh, attr, value);
}

static void put_u16(struct nlmsghdr *nlh, const struct tunnel *t,
		    enum mtun_tunnel_attr attr, uint16_t value)
{
	if (tunnel_has(t, attr))
		mnl_attr_put_u16(nlh, attr, value);
}

static void put_u8(struct nlmsghdr *nlh, const struct tunnel *t,
		   enum mtun_tunnel_attr attr, uint8_t value)
{
	if (tunnel_has(t, attr))
		mnl_attr_put_u8(nlh, attr, value);
}

static void put_flags(struct nlmsghdr *nlh, const struct tunnel *t,
		      enum mtun_tunnel_attr attr, uint32_t flags, uint32_t mask)
{
	const struct nla_bitfield32 field = { flags, mask };

	if (tunnel_has(t, attr))
		mnl_attr_put(nlh, attr, sizeof(field), &field);
}

static void put_tunnel(struct nlmsghdr *nlh, const struct tunnel *t)
{
	if (t->ifname[0])
		mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_IFNAME, t->ifname);
	if (tunnel_has(t, MTUN_A_TUNNEL_LOCAL))
		mnl_attr_put(nlh, MTUN_A_TUNNEL_LOCAL, t->local.len,
			     t->local.bytes);
	if (tunnel_has(t, MTUN_A_TUNNEL_REMOTE))
		mnl_attr_put(nlh, MTUN_A_TUNNEL_REMOTE, t->remote.len,
			     t->remote.bytes);
	put_flags(nlh, t, MTUN_A_TUNNEL_IFLAGS, t->iflags, t->iflags_mask);
	put_flags(nlh, t, MTUN_A_TUNNEL_OFLAGS, t->oflags, t->oflags_mask);
	put_u32(nlh, t, MTUN_A_TUNNEL_IKEY, t->ikey);
	put_u32(nlh, t, MTUN_A_TUNNEL_OKEY, t->okey);
	put_u8(nlh, t, MTUN_A_TUNNEL_TTL, t->ttl);
	put_u8(nlh, t, MTUN_A_TUNNEL_TTL_INHERIT, t->ttl_inherit);
	put_u8(nlh, t, MTUN_A_TUNNEL_TOS, t->tos);
	put_u8(nlh, t, MTUN_A_TUNNEL_TOS_INHERIT, t->tos_inherit);
	put_u8(nlh, t, MTUN_A_TUNNEL_DF, t->df);
	put_u8(nlh, t, MTUN_A_TUNNEL_INNER_DF, t->inner_df);
	put_u8(nlh, t, MTUN_A_TUNNEL_FRAG, t->frag);
	put_u16(nlh, t, MTUN_A_TUNNEL_MSS_TX, t->mss_tx);
	put_u16(nlh, t, MTUN_A_TUNNEL_MSS_RX, t->mss_rx);
	if (tunnel_has(t, MTUN_A_TUNNEL_LINK))
		mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_LINK, t->link);
	put_u32(nlh, t, MTUN_A_TUNNEL_FWMARK, t->fwmark);
	put_u32(nlh, t, MTUN_A_TUNNEL_MTU, t->mtu);
}

static enum result change(struct nl *nl, enum mtun_cmd cmd, struct tunnel *t,
			  struct error *err)
{
	enum result res;

	res = connect_family(nl, err);
	if (res)
		return res;
	put_tunnel(start(nl, nl->family, 0, cmd, MTUN_GENL_VERSION), t);
	return talk(nl, nl->genl, NULL, NULL, t, NULL, err);
}

enum result nl_tunnel_new(struct nl *nl, struct tunnel *t, struct error *err)
{
	return change(nl, MTUN_CMD_TUNNEL_NEW, t, err);
}

enum result nl_tunnel_set(struct nl *nl, struct tunnel *t, struct error *err)
{
	return change(nl, MTUN_CMD_TUNNEL_SET, t, err);
}

enum result nl_tunnel_del(struct nl *nl, const char *ifname, struct error *err)
{
	struct tunnel t = { 0 };

	strcpy(t.ifname, ifname);
	return change(nl, MTUN_CMD_TUNNEL_DEL, &t, err);
}

static void read_one(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_tunnel(nlh, data);
}

enum result nl_tunnel_get(struct nl *nl, const char *ifname, struct tunnel *t,
			  struct error *err)
{
	struct tunnel ask = { 0 };
	enum result res;

	res = connect_family(nl, err);
	if (res)
		return res;
	strcpy(ask.ifname, ifname);
	put_tunnel(start(nl, nl->family, 0, MTUN_CMD_TUNNEL_GET,
			 MTUN_GENL_VERSION), &ask);
	return talk(nl, nl->genl, read_one, t, &ask, NULL, err);
}

static void read_many(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_tunnel(nlh, tunnels_add(data));
}

enum result nl_tunnel_dump(struct nl *nl, struct tunnels *ts, bool *incomplete,
			   struct error *err)
{
	const struct tunnel none = { 0 };
	bool interrupted = true;
	enum result res;

	*incomplete = false;
	res = connect_family(nl, err);
	for (int i = 0; !res && interrupted && i < DUMP_TRIES; i++) {
		ts->n = 0;
		interrupted = false;
		start(nl, nl->family, NLM_F_DUMP, MTUN_CMD_TUNNEL_GET,
		      MTUN_GENL_VERSION);
		res = talk(nl, nl->genl, read_many, ts, &none, &interrupted,
			   err);
	}
	if (res)
		return res;
	*incomplete = interrupted;
	if (interrupted)
		return refuse(err, RES_REFUSED,
			      "the tunnels changed while they were read, %d times: some may be missing, or shown as they were",
			      DUMP_TRIES);
	return RES_OK;
}

/* Events */

enum result nl_subscribe(struct nl *nl, struct error *err)
{
	int size = EVENT_BUF_SIZE;
	enum result res;
	int fd;

	res = connect_family(nl, err);
	if (res)
		return res;
	if (!nl->group)
		return refuse(err, RES_REFUSED,
			      "the kernel's mtun has no event group \"%s\"",
			      MTUN_MCGRP_CONFIG);
	res = open_socket(&nl->events, NETLINK_GENERIC, err);
	if (res)
		return res;
	fd = mnl_socket_get_fd(nl->events);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_setsockopt(nl->events, NETLINK_ADD_MEMBERSHIP,
				  &nl->group, sizeof(nl->group)) < 0)
		return refuse(err, RES_REFUSED, "cannot subscribe to events: %s",
			      strerror(errno));
	return RES_OK;
}

static bool read_event(struct nl *nl, const struct nlmsghdr *nlh,
		       enum event *event, struct tunnel *t)
{
	const struct genlmsghdr *genl;

	if (nlh->nlmsg_type != nl->family ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return false;
	genl = mnl_nlmsg_get_payload(nlh);
	switch (genl->cmd) {
	case MTUN_CMD_TUNNEL_NEW_NTF:
		*event = EVENT_NEW;
		break;
	case MTUN_CMD_TUNNEL_SET_NTF:
		*event = EVENT_SET;
		break;
	case MTUN_CMD_TUNNEL_DEL_NTF:
		*event = EVENT_DEL;
		break;
	default:
		return false;
	}
	read_tunnel(nlh, t);
	return true;
}

enum result nl_event(struct nl *nl, enum event *event, struct tunnel *t,
		     struct error *err)
{
	for (;;) {
		const struct nlmsghdr *nlh = (void *)nl->next_event;
		int len = nl->events_len;

		if (nlh && mnl_nlmsg_ok(nlh, len)) {
			const struct nlmsghdr *next = mnl_nlmsg_next(nlh, &len);

			nl->next_event = (char *)next;
			nl->events_len = len;
			if (read_event(nl, nlh, event, t))
				return RES_OK;
			continue;
		}
		nl->next_event = NULL;
		len = mnl_socket_recvfrom(nl->events, nl->event_buf,
					  sizeof(nl->event_buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == ENOBUFS) {
			*event = EVENT_LOST;
			return RES_OK;
		}
		if (len < 0)
			return refuse(err, RES_REFUSED, "cannot receive events: %s",
				      strerror(errno));
		nl->next_event = nl->event_buf;
		nl->events_len = len;
	}
}
