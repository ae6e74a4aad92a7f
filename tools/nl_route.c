// SPDX-License-Identifier: GPL-2.0
/* Routes of the kernel, whose metric is to be another one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "nl_core.h"

/* A route, as the kernel tells it */
struct told {
	const struct nlmsghdr *nlh;
	const struct nlattr *tb[RTA_MAX + 1];
	struct route key;	/* where it goes to */
	uint32_t metric;
};

static int family_of(const struct route *r)
{
	return r->prefix.addr.family;
}

/* ---- what there is ---- */

static int compare_destinations(const struct route *x, const struct route *y)
{
	const struct prefix *p = &x->prefix, *q = &y->prefix;

	return compare_numbers(x->table, y->table) ?:
	       compare_numbers(p->addr.len, q->addr.len) ?:
	       compare_numbers(p->len, q->len) ?:
	       memcmp(p->addr.bytes, q->addr.bytes, p->addr.len);
}

static int compare_routes(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	return compare_destinations(x, y) ?:
	       compare_numbers(x->ifindex, y->ifindex);
}

/* The first that does not come before it */
static struct route *first_from(const struct routes *rs, const struct route *key)
{
	struct route *v = rs->v;
	size_t n = rs->n;

	while (n) {
		if (compare_routes(&v[n / 2], key) < 0) {
			v += n / 2 + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return v;
}

static void read_attrs(const struct nlmsghdr *nlh, const struct nlattr **tb)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct rtmsg))
		if (mnl_attr_get_type(a) <= RTA_MAX)
			tb[mnl_attr_get_type(a)] = a;
}

static uint32_t number_of(const struct nlattr *a, uint32_t otherwise)
{
	uint32_t v;

	return a && get_number(a, &v, sizeof(v)) ? v : otherwise;
}

static void append(struct nlmsghdr *nlh, const struct nlattr *a)
{
	memcpy(mnl_nlmsg_get_payload_tail(nlh), a, a->nla_len);
	nlh->nlmsg_len += MNL_ALIGN(a->nla_len);
}

/* A nexthop object stands for what the kernel tells of it as well, but does not take. */
static bool is_copied(const struct told *told, const struct nlattr *a)
{
	switch (mnl_attr_get_type(a)) {
	case RTA_PRIORITY:
	case RTA_MULTIPATH:
		return false;
	case RTA_OIF:
	case RTA_GATEWAY:
	case RTA_VIA:
	case RTA_ENCAP:
	case RTA_ENCAP_TYPE:
		return !told->tb[RTA_NH_ID];
	}
	return true;
}

/*
 * As it is to be asked for but for its metric, so that a gateway or a source stay what
 * they are. hop is that of several, or NULL.
 */
static struct nlmsghdr *copy_of(const struct told *told,
				const struct rtnexthop *hop)
{
	struct nlmsghdr *nlh = allocate(1, told->nlh->nlmsg_len);
	struct nlmsghdr *head = mnl_nlmsg_put_header(nlh);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(head, sizeof(*rtm));
	const struct nlattr *attr;

	memcpy(rtm, mnl_nlmsg_get_payload(told->nlh), sizeof(*rtm));
	mnl_attr_for_each(attr, told->nlh, sizeof(*rtm))
		if (is_copied(told, attr))
			append(nlh, attr);
	if (hop) {
		rtm->rtm_flags = hop->rtnh_flags;
		mnl_attr_put_u32(nlh, RTA_OIF, hop->rtnh_ifindex);
		mnl_attr_for_each_payload((void *)RTNH_DATA(hop),
					  hop->rtnh_len - sizeof(*hop))
			append(nlh, attr);
	}
	/* The rest is what the kernel says of it. */
	rtm->rtm_flags &= told->tb[RTA_NH_ID] ? 0 : RTNH_F_ONLINK;
	return nlh;
}

static const char untold[] =
	"is by a nexthop object, whose device is not told: set net.ipv4.nexthop_compat_mode to 1";
static const char several[] =
	"has several nexthops, which cannot follow one tunnel: make a route for each of them";
static const char another[] =
	"may be preferred to that which is steered: remove it, or put its metric into the file";
static const char partial[] =
	"is for packets of one TOS or source alone, and the others have none: remove it";
static const char twice[] =
	"is there more than once: leave one of them";

/* Why the metric that r gets would not be what counts; NULL if it is. */
static const char *fault_of(const struct route *r, const struct told *told)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(told->nlh);
	const uint32_t more = told->metric - r->base;

	if (!told->tb[RTA_OIF] && !told->tb[RTA_MULTIPATH])
		return untold;
	/* Of IPv6 these are routes of their own, which are only told together. */
	if (told->tb[RTA_MULTIPATH] &&
	    (family_of(r) == AF_INET || told->tb[RTA_NH_ID]))
		return several;
	if (told->metric < r->base || more % STEER_DEGRADED)
		return another;
	if (rtm->rtm_tos || rtm->rtm_src_len)
		return partial;
	if (r->found[more / STEER_DEGRADED])
		return twice;
	return NULL;
}

/* By the device of one of its nexthops; 0 where it is not known. */
static void take_route(const struct routes *rs, const struct told *told,
		       uint32_t ifindex, const struct rtnexthop *hop)
{
	const char *fault;

	for (struct route *r = first_from(rs, &told->key);
	     r < rs->v + rs->n && !compare_destinations(r, &told->key); r++) {
		if (ifindex && r->ifindex != ifindex)
			continue;
		/* Worse than those of a tunnel that is down */
		if (told->metric > r->base + STEER_DOWN)
			continue;
		fault = fault_of(r, told);
		if (fault) {
			r->fault = fault;
			r->fault_metric = told->metric;
		} else {
			r->found[(told->metric - r->base) / STEER_DEGRADED] =
				copy_of(told, hop);
		}
	}
}

static void read_route(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	struct told told = { .nlh = nlh };
	const struct rtnexthop *hop;
	const struct rtmsg *rtm;
	int len;

	(void)nl;
	rtm = mnl_nlmsg_get_payload(nlh);
	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_type != RTN_UNICAST)
		return;
	read_attrs(nlh, told.tb);
	/* A default route has no address. */
	told.key.prefix.addr.len = rtm->rtm_family == AF_INET ? 4 : 16;
	told.key.prefix.len = rtm->rtm_dst_len;
	if (told.tb[RTA_DST] &&
	    !get_addr(told.tb[RTA_DST], &told.key.prefix.addr))
		return;
	told.key.table = number_of(told.tb[RTA_TABLE], rtm->rtm_table);
	told.metric = number_of(told.tb[RTA_PRIORITY], 0);
	if (!told.tb[RTA_MULTIPATH]) {
		take_route(data, &told, number_of(told.tb[RTA_OIF], 0), NULL);
		return;
	}
	hop = mnl_attr_get_payload(told.tb[RTA_MULTIPATH]);
	len = mnl_attr_get_payload_len(told.tb[RTA_MULTIPATH]);
	for (; RTNH_OK(hop, len); len -= RTNH_ALIGN(hop->rtnh_len),
				  hop = RTNH_NEXT(hop))
		take_route(data, &told, hop->rtnh_ifindex, hop);
}

/* Of one device if all of them have the same: there may be a million of others. */
static enum result find_family(struct nl *nl, struct routes *rs, int family,
			       struct error *err)
{
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;
	bool any = false, mixed = false;

	for (size_t i = 0; i < rs->n; i++) {
		any |= family_of(&rs->v[i]) == family;
		mixed |= rs->v[i].ifindex != rs->v[0].ifindex;
	}
	if (!any)
		return RES_OK;
	nlh = mnl_nlmsg_put_header(nl->req);
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family;
	if (!mixed)
		mnl_attr_put_u32(nlh, RTA_OIF, rs->v[0].ifindex);
	return talk(nl, nl->rtnl, read_route, rs, NULL, NULL, err);
}

enum result nl_routes_find(struct nl *nl, struct routes *rs, struct error *err)
{
	if (rs->n)
		qsort(rs->v, rs->n, sizeof(*rs->v), compare_routes);
	return open_socket(&nl->rtnl, NETLINK_ROUTE, err) ?:
	       find_family(nl, rs, AF_INET, err) ?:
	       find_family(nl, rs, AF_INET6, err);
}

/* ---- what there shall be ---- */

static void put_copy(struct nl *nl, const struct nlmsghdr *found, uint16_t type,
		     uint16_t flags, uint32_t metric)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->req;

	memcpy(nlh, found, found->nlmsg_len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
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

/* Sends what was put. It is no error if somebody else was there first. */
static enum result change(struct nl *nl, int done_before, struct error *err)
{
	enum result res = talk(nl, nl->rtnl, NULL, NULL, NULL, NULL, err);

	return res && err->number == done_before ? RES_OK : res;
}

enum result nl_route_steer(struct nl *nl, const struct route *r, bool *changed,
			   struct error *err)
{
	const size_t wanted = (r->metric - r->base) / STEER_DEGRADED;
	const struct nlmsghdr *any = NULL;
	enum result res = RES_OK;

	*changed = false;
	if (r->fault)
		return refuse(err, RES_REFUSED, "the one with metric %u %s",
			      r->fault_metric, r->fault);
	for (size_t i = 0; i < STEER_METRICS; i++)
		any = any ?: r->found[i];
	if (!r->found[wanted]) {
		if (any)
			put_copy(nl, any, RTM_NEWROUTE, NLM_F_CREATE,
				 r->metric);
		else
			put_new(nl, r);
		*changed = true;
		res = change(nl, EEXIST, err);
	}
	for (size_t i = 0; !res && i < STEER_METRICS; i++) {
		if (i == wanted || !r->found[i])
			continue;
		put_copy(nl, r->found[i], RTM_DELROUTE, 0,
			 r->base + i * STEER_DEGRADED);
		*changed = true;
		res = change(nl, ESRCH, err);
	}
	return res;
}
