// SPDX-License-Identifier: GPL-2.0
#include "filter.h"
#include "prefix.h"
#include "registry.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sort.h>

/* ---- packets ---- */

/* The two ends of the packet; IPv4 as IPv4-mapped. */
static bool get_ends(const struct sk_buff *skb, struct in6_addr *src,
		     struct in6_addr *dst)
{
	unsigned int at = skb_network_offset(skb);

	if (skb->protocol == htons(ETH_P_IP)) {
		struct iphdr _iph, *iph;

		iph = skb_header_pointer(skb, at, sizeof(_iph), &_iph);
		if (!iph)
			return false;
		mt_map_v4(src, iph->saddr);
		mt_map_v4(dst, iph->daddr);
	} else {
		struct ipv6hdr _iph, *iph;

		iph = skb_header_pointer(skb, at, sizeof(_iph), &_iph);
		if (!iph)
			return false;
		*src = iph->saddr;
		*dst = iph->daddr;
	}
	return true;
}

static bool side_has(const struct mt_side *side, const struct sk_buff *skb,
		     const struct in6_addr *addr)
{
	const struct mt_set *set = skb->protocol == htons(ETH_P_IP) ?
				   side->v4 : side->v6;

	return side->any || (set && mt_set_has(set, addr));
}

bool mt_match_has(const struct mt_match *match, const struct sk_buff *skb,
		  bool back)
{
	struct in6_addr src, dst;

	if (match->src.any && match->dst.any)
		return true;
	if (!(back ? get_ends(skb, &dst, &src) : get_ends(skb, &src, &dst)))
		return false;
	return side_has(&match->src, skb, &src) &&
	       side_has(&match->dst, skb, &dst);
}

/* ---- prefixes ---- */

struct mt_prefix *mt_prefixes_copy(struct mt_prefixes *to,
				   struct mt_prefix *room,
				   const struct mt_prefixes *from)
{
	if (from->n)
		memcpy(room, from->v, from->n * sizeof(*room));
	to->v = room;
	to->n = from->n;
	return room + from->n;
}

/* In memory that begins with a cache line, each node of a set is one. */
static_assert(offsetof(struct mt_set, nodes) ==
	      sizeof(struct mt_set_node));

/* Of those of one family: NULL if there are none, or ERR_PTR. */
static struct mt_set *set_new(const struct mt_prefixes *prefixes, u8 family)
{
	struct mt_range *ranges;
	unsigned int i, n = 0;
	struct mt_set *set;

	for (i = 0; i < prefixes->n; i++)
		n += prefixes->v[i].family == family;
	if (!n)
		return NULL;
	ranges = kvmalloc_array(n, sizeof(*ranges), MT_GFP_REQUEST);
	if (!ranges)
		return ERR_PTR(-ENOMEM);
	for (n = 0, i = 0; i < prefixes->n; i++)
		if (prefixes->v[i].family == family)
			mt_prefix_range(&ranges[n++], &prefixes->v[i]);
	sort(ranges, n, sizeof(*ranges), mt_range_compare, NULL);
	n = mt_ranges_merge(ranges, n);

	set = kvmalloc(mt_set_size(n), MT_GFP_REQUEST);
	if (set)
		mt_set_build(set, ranges, n);
	kvfree(ranges);
	return set ?: ERR_PTR(-ENOMEM);
}

static int side_init(struct mt_side *side, const struct mt_prefixes *prefixes)
{
	side->any = !prefixes->n;
	side->v4 = set_new(prefixes, AF_INET);
	if (IS_ERR(side->v4))
		return PTR_ERR(side->v4);
	side->v6 = set_new(prefixes, AF_INET6);
	if (IS_ERR(side->v6)) {
		kvfree(side->v4);
		return PTR_ERR(side->v6);
	}
	return 0;
}

static void side_free(struct mt_side *side)
{
	kvfree(side->v4);
	kvfree(side->v6);
}

int mt_match_init(struct mt_match *match, const struct mt_prefixes *src,
		  const struct mt_prefixes *dst)
{
	int err;

	err = side_init(&match->src, src);
	if (err)
		return err;
	err = side_init(&match->dst, dst);
	if (err)
		side_free(&match->src);
	return err;
}

void mt_match_free(struct mt_match *match)
{
	side_free(&match->src);
	side_free(&match->dst);
}

/* ---- filters of tunnels ---- */

static struct mt_filter *filter_new(const struct mt_prefixes *lists)
{
	struct mt_filter *filter;
	struct mt_prefix *room;
	unsigned int i, n = 0;

	for (i = 0; i <= MTUN_FILTER_LIST_MAX; i++)
		n += lists[i].n;
	filter = kvzalloc(struct_size(filter, prefixes, n), MT_GFP_REQUEST);
	if (!filter)
		return NULL;
	room = filter->prefixes;
	for (i = 0; i <= MTUN_FILTER_LIST_MAX; i++)
		room = mt_prefixes_copy(&filter->lists[i], room, &lists[i]);
	if (mt_match_init(&filter->rx, &lists[MTUN_FILTER_LIST_ALLOW_SRC_RX],
			  &lists[MTUN_FILTER_LIST_ALLOW_DST_RX]))
		goto err_free_filter;
	if (mt_match_init(&filter->tx, &lists[MTUN_FILTER_LIST_ALLOW_SRC_TX],
			  &lists[MTUN_FILTER_LIST_ALLOW_DST_TX]))
		goto err_free_rx;
	return filter;

err_free_rx:
	mt_match_free(&filter->rx);
err_free_filter:
	kvfree(filter);
	return NULL;
}

static void filter_free(struct rcu_head *rcu)
{
	struct mt_filter *filter = container_of(rcu, struct mt_filter, rcu);

	mt_match_free(&filter->rx);
	mt_match_free(&filter->tx);
	kvfree(filter);
}

static void replace(struct mt_tunnel *tunnel, struct mt_filter *new)
{
	struct mt_filter *old;

	old = rcu_replace_pointer(tunnel->filter, new, lockdep_rtnl_is_held());
	if (old)
		call_rcu(&old->rcu, filter_free);
}

int mt_filter_set(struct mt_tunnel *tunnel, const struct mt_prefixes *lists)
{
	struct mt_filter *new;

	ASSERT_RTNL();

	new = filter_new(lists);
	if (!new)
		return -ENOMEM;
	replace(tunnel, new);
	return 0;
}

bool mt_filter_returns(const struct mt_tunnel *tunnel, const struct sk_buff *skb,
		       bool swapped)
{
	const struct mt_filter *filter = rcu_dereference_bh(tunnel->filter);

	return !filter || (mt_match_has(&filter->rx, skb, false) &&
			   mt_match_has(&filter->tx, skb, swapped));
}

void mt_filter_remove(struct mt_tunnel *tunnel)
{
	ASSERT_RTNL();

	replace(tunnel, NULL);
}
