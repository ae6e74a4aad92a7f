// SPDX-License-Identifier: GPL-2.0
/* Routes of the kernel, whose metric is to be another one. */
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "nl_core.h"

static int family_of(const struct route *r)
{
	return r->prefix.addr.family;
}

/* ---- what there is ---- */

static int compare_routes(const void *a, const void *b)
{
	const struct route *x = a, *y = b;
	const struct prefix *p = &x->prefix, *q = &y->prefix;

	return compare_numbers(x->table, y->table) ?:
	       compare_numbers(p->addr.len, q->addr.len) ?:
	       compare_numbers(p->len, q->len) ?:
	       memcmp(p->addr.bytes, q->addr.bytes, sizeof(p->addr.bytes)) ?:
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

static void read_route(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[RTA_MAX + 1];
	const struct routes *rs = data;
	struct route key = { 0 };
	const struct rtmsg *rtm;
	uint32_t metric, nth;

	(void)nl;
	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return;
	rtm = mnl_nlmsg_get_payload(nlh);
	read_attrs(nlh, tb);
	/* A default route has no address. */
	key.prefix.addr.len = rtm->rtm_family == AF_INET ? 4 : 16;
	key.prefix.len = rtm->rtm_dst_len;
	if (tb[RTA_DST] && !get_addr(tb[RTA_DST], &key.prefix.addr))
		return;
	key.table = number_of(tb[RTA_TABLE], rtm->rtm_table);
	key.ifindex = number_of(tb[RTA_OIF], 0);
	metric = number_of(tb[RTA_PRIORITY], 0);
	for (struct route *r = first_from(rs, &key);
	     r < rs->v + rs->n && !compare_routes(r, &key); r++) {
		nth = (metric - r->base) / STEER_DEGRADED;
		if (metric < r->base || (metric - r->base) % STEER_DEGRADED ||
		    nth >= STEER_METRICS || r->found[nth])
			continue;
		r->found[nth] = allocate(1, nlh->nlmsg_len);
		memcpy(r->found[nth], nlh, nlh->nlmsg_len);
	}
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

/* As it was but for the metric, so that a gateway or a source stay what they are */
static void put_copy(struct nl *nl, const struct nlmsghdr *found, uint16_t type,
		     uint16_t flags, uint32_t metric)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->req;
	struct rtmsg *rtm;
	struct nlattr *a;
	bool is_there = false;

	memcpy(nl->req, found, found->nlmsg_len);
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
	const size_t wanted = (r->metric - r->base) / STEER_DEGRADED;
	const struct nlmsghdr *any = NULL;
	enum result res = RES_OK;

	*changed = false;
	for (size_t i = 0; i < STEER_METRICS; i++)
		any = any ?: r->found[i];
	if (!r->found[wanted]) {
		if (any)
			put_copy(nl, any, RTM_NEWROUTE, NLM_F_CREATE,
				 r->metric);
		else
			put_new(nl, r);
		*changed = true;
		res = talk(nl, nl->rtnl, NULL, NULL, NULL, NULL, err);
	}
	for (size_t i = 0; !res && i < STEER_METRICS; i++) {
		if (i == wanted || !r->found[i])
			continue;
		put_copy(nl, r->found[i], RTM_DELROUTE, 0,
			 r->base + i * STEER_DEGRADED);
		*changed = true;
		res = talk(nl, nl->rtnl, NULL, NULL, NULL, NULL, err);
	}
	return res;
}
