// SPDX-License-Identifier: GPL-2.0
/* Routes of the kernel, whose metric is to be another one. */
#include <errno.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "nl_core.h"

#define ROUTE_SIZE	512	/* the largest that is steered */
#define ROUTES_MAX	3	/* a metric for each state */

/* A route as the kernel has told it */
struct found {
	uint32_t metric;
	char msg[ROUTE_SIZE];
};

struct search {
	const struct route *route;
	struct found v[ROUTES_MAX];
	size_t n;
};

static int family_of(const struct route *r)
{
	return r->prefix.addr.family;
}

/* ---- what there is ---- */

static void read_attrs(const struct nlmsghdr *nlh, const struct nlattr **tb)
{
	const struct nlattr *a;

	memset(tb, 0, sizeof(*tb) * (RTA_MAX + 1));
	mnl_attr_for_each(a, nlh, sizeof(struct rtmsg))
		if (mnl_attr_get_type(a) <= RTA_MAX)
			tb[mnl_attr_get_type(a)] = a;
}

static uint32_t number_of(const struct nlattr *a, uint32_t otherwise)
{
	uint32_t v;

	return a && get_number(a, &v, sizeof(v)) ? v : otherwise;
}

/* A default route has no address. */
static bool is_to(const struct rtmsg *rtm, const struct nlattr *dst,
		  const struct prefix *prefix)
{
	static const struct addr zero;
	struct addr addr;

	if (rtm->rtm_dst_len != prefix->len)
		return false;
	if (!dst)
		return !memcmp(prefix->addr.bytes, zero.bytes,
			       prefix->addr.len);
	return get_addr(dst, &addr) && addr.len == prefix->addr.len &&
	       !memcmp(addr.bytes, prefix->addr.bytes, addr.len);
}

static void read_route(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[RTA_MAX + 1];
	struct search *search = data;
	const struct route *r = search->route;
	const struct rtmsg *rtm;
	uint32_t metric;

	(void)nl;
	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    nlh->nlmsg_len > ROUTE_SIZE - MNL_ATTR_HDRLEN - sizeof(uint32_t))
		return;
	rtm = mnl_nlmsg_get_payload(nlh);
	read_attrs(nlh, tb);
	metric = number_of(tb[RTA_PRIORITY], 0);
	if (rtm->rtm_family != family_of(r) ||
	    number_of(tb[RTA_TABLE], rtm->rtm_table) != r->table ||
	    number_of(tb[RTA_OIF], 0) != r->ifindex ||
	    !is_to(rtm, tb[RTA_DST], &r->prefix) ||
	    metric < r->base || metric - r->base > STEER_DOWN ||
	    (metric - r->base) % STEER_DEGRADED || search->n == ROUTES_MAX)
		return;
	search->v[search->n].metric = metric;
	memcpy(search->v[search->n++].msg, nlh, nlh->nlmsg_len);
}

static enum result find(struct nl *nl, struct search *search, struct error *err)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->req);
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family_of(search->route);
	mnl_attr_put_u32(nlh, RTA_OIF, search->route->ifindex);
	return talk(nl, nl->rtnl, read_route, search, NULL, NULL, err);
}

/* ---- what there shall be ---- */

/* As it was but for the metric, so that a gateway or a source stay what they are */
static void put_copy(struct nl *nl, const struct found *found, uint16_t type,
		     uint16_t flags, uint32_t metric)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->req;
	struct rtmsg *rtm;
	struct nlattr *a;
	bool is_there = false;

	memcpy(nl->req, found->msg, ((struct nlmsghdr *)found->msg)->nlmsg_len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_pid = 0;
	rtm = mnl_nlmsg_get_payload(nlh);
	rtm->rtm_flags &= RTNH_F_ONLINK;	/* the rest is what it says of it */
	mnl_attr_for_each(a, nlh, sizeof(*rtm)) {
		if (mnl_attr_get_type(a) != RTA_PRIORITY)
			continue;
		memcpy(mnl_attr_get_payload(a), &metric, sizeof(metric));
		is_there = true;
	}
	if (!is_there)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
}

static void put_new(struct nl *nl, const struct route *r)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->req);
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_NEWROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family_of(r);
	rtm->rtm_dst_len = r->prefix.len;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = family_of(r) == AF_INET ? RT_SCOPE_LINK :
						   RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put(nlh, RTA_DST, r->prefix.addr.len, r->prefix.addr.bytes);
	mnl_attr_put_u32(nlh, RTA_OIF, r->ifindex);
	mnl_attr_put_u32(nlh, RTA_TABLE, r->table);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric);
}

enum result nl_route_steer(struct nl *nl, const struct route *r, bool *changed,
			   struct error *err)
{
	struct search search = { .route = r };
	enum result res;
	bool is_there = false;

	*changed = false;
	res = open_socket(&nl->rtnl, NETLINK_ROUTE, err) ?:
	      find(nl, &search, err);
	if (res)
		return res;
	for (size_t i = 0; i < search.n; i++)
		is_there |= search.v[i].metric == r->metric;
	if (!is_there) {
		if (search.n)
			put_copy(nl, &search.v[0], RTM_NEWROUTE, NLM_F_CREATE,
				 r->metric);
		else
			put_new(nl, r);
		*changed = true;
		res = talk(nl, nl->rtnl, NULL, NULL, NULL, NULL, err);
	}
	for (size_t i = 0; !res && i < search.n; i++) {
		if (search.v[i].metric == r->metric)
			continue;
		put_copy(nl, &search.v[i], RTM_DELROUTE, 0,
			 search.v[i].metric);
		*changed = true;
		res = talk(nl, nl->rtnl, NULL, NULL, NULL, NULL, err);
	}
	return res;
}
