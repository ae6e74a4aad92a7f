// SPDX-License-Identifier: GPL-2.0
/* Requests about MSS clamps at devices, and events. */
#include "genl.h"
#include "attrs.h"
#include "egress.h"
#include "genl_gen.h"
#include "link.h"
#include "mss.h"
#include "registry.h"
#include "stats.h"

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

/* ---- a clamp as a message ---- */

static size_t clamp_size(const struct mt_egress_conf *conf)
{
	return NLMSG_ALIGN(GENL_HDRLEN) +
	       nla_total_size(IFNAMSIZ) +	/* IFNAME */
	       nla_total_size(sizeof(u32)) +	/* IFINDEX */
	       nla_total_size(sizeof(u8)) +	/* DIRECTION */
	       nla_total_size(sizeof(u16)) +	/* MSS */
	       nla_total_size(sizeof(u8)) +	/* INSERT */
	       nla_total_size(sizeof(u8)) +	/* ORIGIN */
	       (conf->src.n + conf->dst.n) * mt_attrs_prefix_size() +
	       mt_attrs_verdicts_size();
}

static int put_prefixes(struct sk_buff *skb, int attr,
			const struct mt_prefixes *prefixes)
{
	unsigned int i;

	for (i = 0; i < prefixes->n; i++)
		if (mt_attrs_put_prefix(skb, attr, &prefixes->v[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_clamp(struct sk_buff *skb, const struct mt_egress *egress)
{
	const struct mt_egress_conf *conf = mt_egress_conf(egress);
	struct mt_stats_sum sum;

	mt_stats_sum(egress->stats, &sum);
	if (nla_put_string(skb, MTUN_A_CLAMP_IFNAME, egress->link->name) ||
	    nla_put_u32(skb, MTUN_A_CLAMP_IFINDEX, egress->ifindex) ||
	    nla_put_u8(skb, MTUN_A_CLAMP_DIRECTION, conf->direction) ||
	    nla_put_u16(skb, MTUN_A_CLAMP_MSS, conf->mss) ||
	    nla_put_u8(skb, MTUN_A_CLAMP_INSERT, conf->insert) ||
	    nla_put_u8(skb, MTUN_A_CLAMP_ORIGIN, conf->origin) ||
	    put_prefixes(skb, MTUN_A_CLAMP_SRC, &conf->src) ||
	    put_prefixes(skb, MTUN_A_CLAMP_DST, &conf->dst) ||
	    mt_attrs_put_verdicts(skb, MTUN_A_CLAMP_SEEN, &sum))
		return -EMSGSIZE;
	return 0;
}

static void notify(const struct mt_egress *egress, u8 cmd)
{
	struct sk_buff *skb;

	skb = mt_genl_event(egress->net, MTUN_NLGRP_CONFIG, cmd,
			    clamp_size(mt_egress_conf(egress)));
	if (skb)
		mt_genl_event_send(egress->net, MTUN_NLGRP_CONFIG, skb,
				   put_clamp(skb, egress));
}

/* ---- a request as a configuration ---- */

static const char too_many[] =
	"a clamp has 1024 prefixes at the most, src and dst together";

/* The prefixes of one side: those of the request, or those that were there. */
static int read_side(struct mt_prefixes *side, struct mt_prefix *room,
		     unsigned int max, struct genl_info *info, int attr,
		     int any)
{
	if (!info->attrs[attr]) {
		if (any && info->attrs[any])
			side->n = 0;
		return 0;
	}
	if (any && info->attrs[any]) {
		mt_genl_error(info, info->attrs[any],
			      attr == MTUN_A_CLAMP_SRC ?
			      "src is either any or prefixes" :
			      "dst is either any or prefixes");
		return -EINVAL;
	}
	return mt_genl_read_prefixes(side, room, max, info, attr, too_many);
}

static const struct mt_egress_conf defaults = {
	.mss = MTUN_MSS_AUTO,
	.direction = MTUN_CLAMP_DIRECTION_OUT,
};

/* Room for any request: only requests are that large. */
static struct mt_prefix *alloc_prefixes(void)
{
	return kvmalloc_array(2 * MT_EGRESS_PREFIXES_MAX,
			      sizeof(struct mt_prefix), MT_GFP_REQUEST);
}

/*
 * @old changed as the request says; valid as long as @old and @prefixes are.
 * Returns 0, or an error with extack set.
 */
static int read_request(struct mt_egress_conf *conf,
			const struct mt_egress_conf *old,
			struct mt_prefix *prefixes, struct genl_info *info,
			bool set)
{
	const struct nlattr *mss = info->attrs[MTUN_A_CLAMP_MSS];
	const struct nlattr *direction = info->attrs[MTUN_A_CLAMP_DIRECTION];
	const struct nlattr *insert = info->attrs[MTUN_A_CLAMP_INSERT];
	const struct nlattr *origin = info->attrs[MTUN_A_CLAMP_ORIGIN];
	int err;

	*conf = *old;
	if (direction)
		conf->direction = nla_get_u8(direction);
	if (insert)
		conf->insert = nla_get_u8(insert);
	if (origin)
		conf->origin = nla_get_u8(origin);
	if (mss)
		conf->mss = nla_get_u16(mss);
	if (conf->mss < MT_MSS_MIN) {
		mt_genl_error(info, mss, "mss must be auto or at least 48");
		return -EINVAL;
	}
	err = read_side(&conf->src, prefixes, MT_EGRESS_PREFIXES_MAX, info,
			MTUN_A_CLAMP_SRC, set ? MTUN_A_CLAMP_SRC_ANY : 0);
	if (err)
		return err;
	err = read_side(&conf->dst, prefixes + MT_EGRESS_PREFIXES_MAX,
			MT_EGRESS_PREFIXES_MAX, info, MTUN_A_CLAMP_DST,
			set ? MTUN_A_CLAMP_DST_ANY : 0);
	if (err)
		return err;
	if (conf->src.n + conf->dst.n > MT_EGRESS_PREFIXES_MAX) {
		mt_genl_error(info, NULL, too_many);
		return -E2BIG;
	}
	return 0;
}

/* ---- requests ---- */

/* The name in the request, or NULL with extack set. */
static const char *get_name(struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[MTUN_A_CLAMP_IFNAME];

	if (!attr) {
		GENL_SET_ERR_MSG(info, "ifname is missing");
		return NULL;
	}
	if (!dev_valid_name(nla_data(attr))) {
		mt_genl_error(info, attr, "ifname can be no device's name");
		return NULL;
	}
	return nla_data(attr);
}

/* The clamp in the request, or ERR_PTR with extack set. */
static struct mt_egress *find_clamp(struct genl_info *info)
{
	const char *name = get_name(info);
	struct mt_egress *egress;

	if (!name)
		return ERR_PTR(-EINVAL);
	egress = mt_egress_find(genl_info_net(info), name);
	if (egress)
		return egress;
	mt_genl_error(info, info->attrs[MTUN_A_CLAMP_IFNAME],
		      "ifname has no clamp");
	return ERR_PTR(-ENOENT);
}

static void explain(struct genl_info *info, int err)
{
	switch (err) {
	case -EEXIST:
		mt_genl_error(info, info->attrs[MTUN_A_CLAMP_IFNAME],
			      "ifname has a clamp already, which can be changed");
		break;
	case -EOPNOTSUPP:
		mt_genl_error(info, info->attrs[MTUN_A_CLAMP_DIRECTION],
			      "direction is not possible: this kernel has no netfilter hook there");
		break;
	}
}

int mtun_nl_clamp_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	const char *name = get_name(info);
	struct mt_prefix *prefixes;
	struct mt_egress_conf conf;
	int err;

	if (!name)
		return -EINVAL;
	prefixes = alloc_prefixes();
	if (!prefixes)
		return -ENOMEM;
	err = read_request(&conf, &defaults, prefixes, info, false);
	if (err)
		goto out_free_prefixes;

	rtnl_lock();
	err = mt_egress_add(net, name, &conf);
	if (!err) {
		mt_net(net)->generation++;
		notify(mt_egress_find(net, name), MTUN_CMD_CLAMP_NEW_NTF);
	}
	rtnl_unlock();
	explain(info, err);
out_free_prefixes:
	kvfree(prefixes);
	return err;
}

int mtun_nl_clamp_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mt_prefix *prefixes;
	struct mt_egress_conf conf;
	struct mt_egress *egress;
	int err;

	prefixes = alloc_prefixes();
	if (!prefixes)
		return -ENOMEM;
	rtnl_lock();
	egress = find_clamp(info);
	err = PTR_ERR_OR_ZERO(egress);
	if (!err)
		err = read_request(&conf, mt_egress_conf(egress), prefixes,
				   info, true);
	if (err)
		goto out_unlock;
	err = mt_egress_set(egress, &conf);
	if (!err) {
		mt_net(egress->net)->generation++;
		notify(egress, MTUN_CMD_CLAMP_SET_NTF);
	}
	explain(info, err);
out_unlock:
	rtnl_unlock();
	kvfree(prefixes);
	return err;
}

int mtun_nl_clamp_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mt_egress *egress;
	int err;

	rtnl_lock();
	egress = find_clamp(info);
	err = PTR_ERR_OR_ZERO(egress);
	if (!err) {
		mt_net(egress->net)->generation++;
		notify(egress, MTUN_CMD_CLAMP_DEL_NTF);
		mt_egress_del(egress);
	}
	rtnl_unlock();
	return err;
}

int mtun_nl_clamp_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mt_egress *egress;
	struct sk_buff *reply;
	int err;

	rtnl_lock();
	egress = find_clamp(info);
	err = PTR_ERR_OR_ZERO(egress);
	if (err)
		goto err_unlock;
	err = -ENOMEM;
	reply = mt_genl_reply(info, MTUN_CMD_CLAMP_GET,
			      clamp_size(mt_egress_conf(egress)));
	if (!reply)
		goto err_unlock;
	err = put_clamp(reply, egress);
	rtnl_unlock();
	return mt_genl_reply_send(info, reply, err);

err_unlock:
	rtnl_unlock();
	return err;
}

/* Each message of the dump must have room for a whole clamp. */
int mtun_nl_clamp_get_start(struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	struct mt_egress *egress;
	size_t size = 0;

	rtnl_lock();
	list_for_each_entry(egress, &mt_net(net)->clamps, list)
		size = max(size, clamp_size(mt_egress_conf(egress)));
	rtnl_unlock();
	cb->min_dump_alloc = nlmsg_total_size(size);
	return 0;
}

int mtun_nl_clamp_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	struct mt_egress *egress;
	long i = 0;
	void *header;
	int err = 0;

	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack,
			       "ifname is not for a dump, which is of all clamps");
		return -EINVAL;
	}

	rtnl_lock();
	cb->seq = mt_net(net)->generation;
	list_for_each_entry(egress, &mt_net(net)->clamps, list) {
		if (i++ < cb->args[0])
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &mt_genl_family,
				     NLM_F_MULTI, MTUN_CMD_CLAMP_GET);
		if (!header) {
			err = -EMSGSIZE;
			break;
		}
		genl_dump_check_consistent(cb, header);
		err = put_clamp(skb, egress);
		if (err) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = i;
	}
	rtnl_unlock();
	/* One has grown since mtun_nl_clamp_get_start(): who reads begins anew. */
	if (err == -EMSGSIZE)
		err = -EINTR;
	return skb->len ?: err;
}

/* ---- events ---- */

/* Called after egress.c, which has registered before, and has acted by now. */
static int clamp_event(struct notifier_block *nb, unsigned long event,
		       void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	const struct mt_egress *egress;

	if (mt_is_told_again(dev))
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
	case NETDEV_UNREGISTER:
		egress = mt_egress_find(dev_net(dev), dev->name);
		/* A device that goes has left, unless it is the module that goes. */
		if (egress && !(event == NETDEV_UNREGISTER && egress->ifindex))
			notify(egress, MTUN_CMD_CLAMP_SET_NTF);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block clamp_notifier = {
	.notifier_call = clamp_event,
	.priority = MT_NOTIFIER_PRIORITY,
};

int mt_genl_clamp_init(void)
{
	return register_netdevice_notifier(&clamp_notifier);
}

void mt_genl_clamp_exit(void)
{
	unregister_netdevice_notifier(&clamp_notifier);
}
