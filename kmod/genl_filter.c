// SPDX-License-Identifier: GPL-2.0
/* Requests about the inner addresses that packets of a tunnel may have. */
#include "genl.h"
#include "attrs.h"
#include "device.h"
#include "filter.h"
#include "genl_gen.h"
#include "registry.h"

#include <linux/mm.h>
#include <linux/rtnetlink.h>

#define LISTS	(MTUN_FILTER_LIST_MAX + 1)

/* A list and its attribute are in the same order. */
static_assert(MTUN_A_FILTER_ALLOW_DST_TX - MTUN_A_FILTER_ALLOW_SRC_RX ==
	      MTUN_FILTER_LIST_ALLOW_DST_TX);

static int list_attr(unsigned int list)
{
	return MTUN_A_FILTER_ALLOW_SRC_RX + list;
}

static const struct mt_filter *get_filter(const struct mt_tunnel *tunnel)
{
	return rtnl_dereference(tunnel->filter);
}

static unsigned int count(const struct mt_prefixes *lists)
{
	unsigned int i, n = 0;

	for (i = 0; i < LISTS; i++)
		n += lists[i].n;
	return n;
}

/* ---- a filter as messages ---- */

static size_t head_size(void)
{
	return NLMSG_ALIGN(GENL_HDRLEN) +
	       nla_total_size(IFNAMSIZ) +	/* IFNAME */
	       2 * nla_total_size(sizeof(u32));	/* IFINDEX, PREFIXES */
}

static int put_head(struct sk_buff *skb, const struct mt_tunnel *tunnel)
{
	const struct mt_filter *filter = get_filter(tunnel);
	unsigned int n = filter ? count(filter->lists) : 0;

	if (nla_put_u32(skb, MTUN_A_FILTER_IFINDEX, tunnel->dev->ifindex) ||
	    nla_put_string(skb, MTUN_A_FILTER_IFNAME, tunnel->dev->name) ||
	    nla_put_u32(skb, MTUN_A_FILTER_PREFIXES, n))
		return -EMSGSIZE;
	return 0;
}

/*
 * The prefixes from the one on that *@from counts, lists one after the other, as
 * many as there is room for: *@from is moved behind them.
 */
static int put_prefixes(struct sk_buff *skb, const struct mt_filter *filter,
			long *from)
{
	unsigned int list;
	long begin = 0, i;

	for (list = 0; list < LISTS; list++) {
		const struct mt_prefixes *prefixes = &filter->lists[list];

		for (i = *from - begin; i >= 0 && i < prefixes->n; i++) {
			if (mt_attrs_put_prefix(skb, list_attr(list),
						&prefixes->v[i]))
				return -EMSGSIZE;
			++*from;
		}
		begin += prefixes->n;
	}
	return 0;
}

/* ---- requests ---- */

static const char *const both_texts[LISTS] = {
	[MTUN_FILTER_LIST_ALLOW_SRC_RX] =
		"allow-src-rx is either cleared or has prefixes",
	[MTUN_FILTER_LIST_ALLOW_DST_RX] =
		"allow-dst-rx is either cleared or has prefixes",
	[MTUN_FILTER_LIST_ALLOW_SRC_TX] =
		"allow-src-tx is either cleared or has prefixes",
	[MTUN_FILTER_LIST_ALLOW_DST_TX] =
		"allow-dst-tx is either cleared or has prefixes",
};

static const char too_many[] =
	"a filter has 32768 prefixes at the most, in all of its lists together";

/* The lists of the request, in @room. Returns 0, or an error with extack set. */
static int read_lists(struct mt_prefixes *lists, struct mt_prefix *room,
		      struct genl_info *info)
{
	const struct nlattr *clear = info->attrs[MTUN_A_FILTER_CLEAR];
	unsigned int i, left = MT_FILTER_PREFIXES_MAX;
	int err;

	for (i = 0; i < LISTS; i++) {
		const struct nlattr *attr = info->attrs[list_attr(i)];

		if (!attr)
			continue;
		if (clear && nla_get_u32(clear) & BIT(i)) {
			mt_genl_error(info, attr, both_texts[i]);
			return -EINVAL;
		}
		err = mt_genl_read_prefixes(&lists[i], room, left, info,
					    list_attr(i), too_many);
		if (err)
			return err;
		room += lists[i].n;
		left -= lists[i].n;
	}
	return 0;
}

/* What the request does not say stays. */
static int change(struct mt_tunnel *tunnel, struct mt_prefixes *lists,
		  struct genl_info *info)
{
	const struct nlattr *clear = info->attrs[MTUN_A_FILTER_CLEAR];
	const struct mt_filter *old = get_filter(tunnel);
	unsigned int i;

	for (i = 0; old && i < LISTS; i++)
		if (!lists[i].n && !(clear && nla_get_u32(clear) & BIT(i)))
			lists[i] = old->lists[i];
	if (count(lists) > MT_FILTER_PREFIXES_MAX) {
		mt_genl_error(info, NULL, too_many);
		return -E2BIG;
	}
	if (!count(lists)) {
		mt_filter_remove(tunnel);
		return 0;
	}
	return mt_filter_set(tunnel, lists);
}

int mtun_nl_filter_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mt_prefixes lists[LISTS] = { };
	struct mt_tunnel *tunnel;
	struct mt_prefix *room;
	int err;

	room = kvmalloc_array(MT_FILTER_PREFIXES_MAX, sizeof(*room),
			      MT_GFP_REQUEST);
	if (!room)
		return -ENOMEM;
	err = read_lists(lists, room, info);
	if (err)
		goto out_free_room;

	rtnl_lock();
	tunnel = mt_genl_tunnel(genl_info_net(info),
				info->attrs[MTUN_A_FILTER_IFINDEX],
				info->attrs[MTUN_A_FILTER_IFNAME],
				info->extack);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		err = mt_genl_may_change(skb, tunnel, info->extack);
	if (!err)
		err = change(tunnel, lists, info);
	if (!err) {
		mt_net(dev_net(tunnel->dev))->generation++;
		mt_genl_tell_tunnel(tunnel, MTUN_CMD_FILTER_SET_NTF,
				    head_size(), put_head);
	}
	rtnl_unlock();
out_free_room:
	kvfree(room);
	return err;
}

int mtun_nl_filter_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return mt_genl_get_tunnel(info, MTUN_CMD_FILTER_GET, head_size(),
				  info->attrs[MTUN_A_FILTER_IFINDEX],
				  info->attrs[MTUN_A_FILTER_IFNAME], put_head);
}

/* ---- dumps ---- */

/* Where a dump is, and what of */
struct cursor {
	unsigned long ifindex;	/* as mt_device_next() has it */
	unsigned long last;	/* of the tunnel that was asked for, or of any */
	long prefix;		/* of this tunnel, how many were dumped */
};

static struct cursor *cursor(struct netlink_callback *cb)
{
	static_assert(sizeof(struct cursor) <= sizeof(cb->ctx));
	return (struct cursor *)cb->ctx;
}

/* Here and not in a start function, whose texts of errors get lost before 6.3 */
static int begin(struct netlink_callback *cb, struct net *net)
{
	const struct nlattr *ifindex, *ifname;
	struct cursor *c = cursor(cb);
	struct mt_tunnel *tunnel;

	if (c->last)
		return 0;
	c->last = ULONG_MAX;
	ifindex = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, MTUN_A_FILTER_IFINDEX);
	ifname = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, MTUN_A_FILTER_IFNAME);
	if (!ifindex && !ifname)
		return 0;
	tunnel = mt_genl_tunnel(net, ifindex, ifname, cb->extack);
	if (IS_ERR(tunnel))
		return PTR_ERR(tunnel);
	c->ifindex = tunnel->dev->ifindex;
	c->last = tunnel->dev->ifindex;
	return 0;
}

/* One message about a tunnel's filter. More is to come if the cursor says so. */
static int dump_some(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct mt_tunnel *tunnel)
{
	const struct mt_filter *filter = get_filter(tunnel);
	struct cursor *c = cursor(cb);
	void *header;
	long from;
	int err;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &mt_genl_family, NLM_F_MULTI,
			     MTUN_CMD_FILTER_GET);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	from = c->prefix;
	err = put_head(skb, tunnel) ?: put_prefixes(skb, filter, &c->prefix);
	if (err && c->prefix == from) {
		genlmsg_cancel(skb, header);
		return err;
	}
	genlmsg_end(skb, header);
	return err;
}

int mtun_nl_filter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	struct cursor *c = cursor(cb);
	struct mt_tunnel *tunnel;
	int err;

	rtnl_lock();
	cb->seq = mt_net(net)->generation;
	err = begin(cb, net);
	while (!err && (tunnel = mt_device_next(net, &c->ifindex)) &&
	       c->ifindex <= c->last) {
		if (get_filter(tunnel))
			err = dump_some(skb, cb, tunnel);
		if (err)
			break;
		c->ifindex++;
		c->prefix = 0;
	}
	rtnl_unlock();
	return skb->len ?: err;
}
