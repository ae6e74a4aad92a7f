// SPDX-License-Identifier: GPL-2.0
/* Requests about tunnels, and events. */
#include "attrs.h"
#include "compat.h"
#include "conf.h"
#include "device.h"
#include "genl.h"
#include "genl_gen.h"
#include "registry.h"
#include "stats.h"
#include "tunnel.h"

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

/* ---- a tunnel as a message ---- */

static size_t tunnel_size(void)
{
	return NLMSG_ALIGN(GENL_HDRLEN) +
	       nla_total_size(IFNAMSIZ) +	/* IFNAME */
	       5 * nla_total_size(sizeof(u32)) + /* IFINDEX, MTU, ... NETNSID */
	       mt_attrs_conf_size() + mt_attrs_stats_size();
}

static int put_underlay(struct sk_buff *skb, const struct mt_tunnel *tunnel)
{
	struct net *net = dev_net(tunnel->dev);
	int id;

	if (net_eq(net, tunnel->net))
		return 0;
	id = peernet2id_alloc(net, tunnel->net, GFP_KERNEL);
	return nla_put_s32(skb, MTUN_A_TUNNEL_UNDERLAY_NETNSID, id);
}

static int put_tunnel(struct sk_buff *skb, const struct mt_tunnel *tunnel)
{
	const struct net_device *dev = tunnel->dev;
	struct mt_stats_sum sum;
	struct mt_conf conf;

	ASSERT_RTNL();

	mt_device_conf(tunnel, &conf);
	mt_stats_sum(tunnel->stats, &sum);
	if (nla_put_u32(skb, MTUN_A_TUNNEL_IFINDEX, dev->ifindex) ||
	    nla_put_string(skb, MTUN_A_TUNNEL_IFNAME, dev->name) ||
	    mt_attrs_put_conf(skb, &conf, tunnel->auto_mtu) ||
	    nla_put_u32(skb, MTUN_A_TUNNEL_LINK_IFINDEX,
			mt_device_link_ifindex(tunnel)) ||
	    nla_put_u32(skb, MTUN_A_TUNNEL_MTU, dev->mtu) ||
	    nla_put_u32(skb, MTUN_A_TUNNEL_IF_FLAGS, mt_dev_flags(dev)) ||
	    put_underlay(skb, tunnel) ||
	    mt_attrs_put_stats(skb, &sum))
		return -EMSGSIZE;
	return 0;
}

void mt_genl_tell_tunnel(const struct mt_tunnel *tunnel, u8 cmd, size_t size,
			 mt_genl_put_fn *put)
{
	struct net *net = dev_net(tunnel->dev);
	struct sk_buff *skb = mt_genl_event(net, MTUN_NLGRP_CONFIG, cmd, size);

	if (skb)
		mt_genl_event_send(net, MTUN_NLGRP_CONFIG, skb,
				   put(skb, tunnel));
}

static void notify(const struct mt_tunnel *tunnel, u8 cmd)
{
	mt_genl_tell_tunnel(tunnel, cmd, tunnel_size(), put_tunnel);
}

/* ---- requests ---- */

static void set_refusal(struct genl_info *info,
			const struct mt_refusal *refusal)
{
	if (refusal->text)
		mt_genl_error(info, info->attrs[refusal->attr], refusal->text);
}

static struct mt_tunnel *find_tunnel(struct genl_info *info)
{
	return mt_genl_tunnel(genl_info_net(info),
			      info->attrs[MTUN_A_TUNNEL_IFINDEX],
			      info->attrs[MTUN_A_TUNNEL_IFNAME], info->extack);
}

/* Change @conf as the request says. Returns 0, or -EINVAL with extack set. */
static int apply_request(struct mt_conf *conf, struct genl_info *info)
{
	struct mt_conf_change change;
	const char *text;
	u16 attr;

	mt_attrs_get_change(&change, info->attrs, MTUN_A_TUNNEL_IF_ID);
	text = mt_conf_apply(conf, &change, &attr);
	if (!text)
		return 0;
	mt_genl_error(info, info->attrs[attr], text);
	return -EINVAL;
}

/* What the stack would refuse, too, but without a word. */
static const char *check_ifname(const char *name)
{
	static const char invalid[] =
		"ifname must be 1 to 15 bytes without space, slash or colon, and not . or ..";
	const char *percent = strchr(name, '%');

	if (!dev_valid_name(name))
		return invalid;
	if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
		return "ifname may have one %d, for a free number, and no other %";
	return NULL;
}

int mtun_nl_tunnel_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *ifname = info->attrs[MTUN_A_TUNNEL_IFNAME];
	const struct nlattr *mtu = info->attrs[MTUN_A_TUNNEL_MTU];
	const struct nlattr *up = info->attrs[MTUN_A_TUNNEL_UP];
	struct mt_refusal refusal = { 0 };
	struct mt_conf conf;
	const char *text;
	int err;

	if (!ifname) {
		GENL_SET_ERR_MSG(info, "ifname is missing");
		return -EINVAL;
	}
	text = check_ifname(nla_data(ifname));
	if (text) {
		mt_genl_error(info, ifname, text);
		return -EINVAL;
	}
	mt_conf_init(&conf);
	err = apply_request(&conf, info);
	if (err)
		return err;

	rtnl_lock();
	err = mt_tunnel_create(genl_info_net(info), nla_data(ifname), &conf,
			       mtu ? nla_get_u32(mtu) : MT_MTU_AUTO,
			       up && nla_get_u8(up), &refusal);
	rtnl_unlock();
	set_refusal(info, &refusal);
	return err;
}

int mtun_nl_tunnel_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[MTUN_A_TUNNEL_MTU];
	const struct nlattr *up = info->attrs[MTUN_A_TUNNEL_UP];
	unsigned int mtu = attr ? nla_get_u32(attr) : 0;
	struct mt_refusal refusal = { 0 };
	struct mt_tunnel *tunnel;
	struct mt_conf conf;
	int err;

	rtnl_lock();
	tunnel = find_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		err = mt_genl_may_change(skb, tunnel, info->extack);
	if (err)
		goto out_unlock;

	mt_device_conf(tunnel, &conf);
	err = apply_request(&conf, info);
	if (!err)
		err = mt_tunnel_set(tunnel, &conf, attr ? &mtu : NULL,
				    &refusal);
	if (!err)
		notify(tunnel, MTUN_CMD_TUNNEL_SET_NTF);
	/* Only now: it is never up with what it was before. */
	if (!err && up)
		err = mt_tunnel_set_up(tunnel, nla_get_u8(up), &refusal);
	set_refusal(info, &refusal);
out_unlock:
	rtnl_unlock();
	return err;
}

/*
 * All that are named, of which info->attrs has the last one alone. Without a list it
 * is only seen that they are there: a device does not come off a list again.
 */
static int delete_named(struct genl_info *info, struct list_head *doomed)
{
	struct mt_tunnel *tunnel;
	const struct nlattr *attr;
	int left;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		if (nla_type(attr) != MTUN_A_TUNNEL_IFNAME)
			continue;
		tunnel = mt_genl_tunnel(genl_info_net(info), NULL, attr,
					info->extack);
		if (IS_ERR(tunnel))
			return PTR_ERR(tunnel);
		if (doomed)
			mt_tunnel_delete(tunnel, doomed);
	}
	return 0;
}

int mtun_nl_tunnel_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mt_tunnel *tunnel;
	LIST_HEAD(doomed);
	int err;

	rtnl_lock();
	tunnel = find_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err && info->attrs[MTUN_A_TUNNEL_IFNAME])
		err = delete_named(info, NULL) ?: delete_named(info, &doomed);
	else if (!err)
		mt_tunnel_delete(tunnel, &doomed);
	if (!err)
		unregister_netdevice_many(&doomed);
	rtnl_unlock();
	return err;
}

int mt_genl_get_tunnel(struct genl_info *info, u8 cmd, size_t size,
		       const struct nlattr *ifindex,
		       const struct nlattr *ifname, mt_genl_put_fn *put)
{
	struct mt_tunnel *tunnel;
	struct sk_buff *reply;
	int err;

	reply = mt_genl_reply(info, cmd, size);
	if (!reply)
		return -ENOMEM;
	rtnl_lock();
	tunnel = mt_genl_tunnel(genl_info_net(info), ifindex, ifname,
				info->extack);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		err = put(reply, tunnel);
	rtnl_unlock();
	return mt_genl_reply_send(info, reply, err);
}

int mtun_nl_tunnel_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return mt_genl_get_tunnel(info, MTUN_CMD_TUNNEL_GET, tunnel_size(),
				  info->attrs[MTUN_A_TUNNEL_IFINDEX],
				  info->attrs[MTUN_A_TUNNEL_IFNAME],
				  put_tunnel);
}

/*
 * The cursor is an ifindex, so that devices that come and go do not shift what
 * is left; the generation tells the reader that some did.
 */
int mt_genl_dump_tunnels(struct sk_buff *skb, struct netlink_callback *cb,
			 u8 cmd, mt_genl_put_fn *put)
{
	struct net *net = sock_net(skb->sk);
	unsigned long ifindex = cb->args[0];
	struct mt_tunnel *tunnel;
	void *header;
	int err = 0;

	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack,
			       "ifname and ifindex are not for a dump, which is of all tunnels");
		return -EINVAL;
	}

	rtnl_lock();
	cb->seq = mt_net(net)->generation;
	while ((tunnel = mt_device_next(net, &ifindex))) {
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &mt_genl_family,
				     NLM_F_MULTI, cmd);
		if (!header) {
			err = -EMSGSIZE;
			break;
		}
		genl_dump_check_consistent(cb, header);
		err = put(skb, tunnel);
		if (err) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		ifindex++;
	}
	rtnl_unlock();
	cb->args[0] = ifindex;
	/* a message that is not empty means: there is more to come */
	return skb->len ?: err;
}

int mtun_nl_tunnel_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return mt_genl_dump_tunnels(skb, cb, MTUN_CMD_TUNNEL_GET, put_tunnel);
}

/* ---- events ---- */

/* Whoever changes a device, mtctl or ip link: it is the same event. */
static int tunnel_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	const struct mt_tunnel *tunnel = mt_device_tunnel(dev);

	if (!tunnel || mt_is_told_again(dev))
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_REGISTER:
		notify(tunnel, MTUN_CMD_TUNNEL_NEW_NTF);
		break;
	case NETDEV_UNREGISTER:
		notify(tunnel, MTUN_CMD_TUNNEL_DEL_NTF);
		break;
	case NETDEV_CHANGENAME:
	case NETDEV_CHANGEMTU:
	case NETDEV_UP:
	case NETDEV_DOWN:
		notify(tunnel, MTUN_CMD_TUNNEL_SET_NTF);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block tunnel_notifier = {
	.notifier_call = tunnel_event,
	.priority = MT_NOTIFIER_PRIORITY,
};

int mt_genl_tunnel_init(void)
{
	return register_netdevice_notifier(&tunnel_notifier);
}

void mt_genl_tunnel_exit(void)
{
	unregister_netdevice_notifier(&tunnel_notifier);
}
