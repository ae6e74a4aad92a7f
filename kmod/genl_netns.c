// SPDX-License-Identifier: GPL-2.0
/* Requests about what holds for all tunnels of a network namespace. */
#include "genl.h"
#include "genl_gen.h"
#include "registry.h"
#include "rx.h"

#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

static size_t netns_size(void)
{
	return NLMSG_ALIGN(GENL_HDRLEN) + nla_total_size(sizeof(u8));
}

static int put_netns(struct sk_buff *skb, const struct net *net)
{
	return nla_put_u8(skb, MTUN_A_NETNS_RX, mt_net(net)->rx);
}

int mtun_nl_netns_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *rx = info->attrs[MTUN_A_NETNS_RX];
	struct net *net = genl_info_net(info);
	struct sk_buff *event;
	int err;

	if (!rx) {
		GENL_SET_ERR_MSG(info, "rx is missing");
		return -EINVAL;
	}
	rtnl_lock();
	err = mt_rx_set(net, nla_get_u8(rx));
	event = err ? NULL : mt_genl_event(net, MTUN_NLGRP_CONFIG,
					   MTUN_CMD_NETNS_SET_NTF,
					   netns_size());
	if (event)
		mt_genl_event_send(net, MTUN_NLGRP_CONFIG, event,
				   put_netns(event, net));
	rtnl_unlock();
	return err;
}

/* The namespace in question, with a reference, or ERR_PTR with extack set. */
static struct net *get_netns(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *id = info->attrs[MTUN_A_NETNS_NETNSID];
	struct net *net;

	if (!id)
		return get_net(genl_info_net(info));
	net = get_net_ns_by_id(genl_info_net(info), nla_get_s32(id));
	if (!net) {
		mt_genl_error(info, id, "netnsid belongs to no namespace");
		return ERR_PTR(-EINVAL);
	}
	if (!netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN)) {
		mt_genl_error(info, id,
			      "netnsid needs CAP_NET_ADMIN in that namespace");
		put_net(net);
		return ERR_PTR(-EPERM);
	}
	return net;
}

int mtun_nl_netns_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = get_netns(skb, info);
	struct sk_buff *reply;
	int err;

	if (IS_ERR(net))
		return PTR_ERR(net);
	reply = mt_genl_reply(info, MTUN_CMD_NETNS_GET, netns_size());
	if (!reply) {
		put_net(net);
		return -ENOMEM;
	}
	rtnl_lock();
	err = put_netns(reply, net);
	rtnl_unlock();
	put_net(net);
	return mt_genl_reply_send(info, reply, err);
}
