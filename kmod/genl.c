// SPDX-License-Identifier: GPL-2.0
#include "genl.h"
#include "device.h"
#include "genl_gen.h"
#include "prefix.h"
#include "registry.h"
#include "samples.h"

#include <linux/module.h>
#include <linux/rtnetlink.h>

/* ---- requests ---- */

void mt_extack_error(struct netlink_ext_ack *extack, const struct nlattr *attr,
		     const char *text)
{
	if (extack) {
		extack->_msg = text;
		extack->bad_attr = attr;
	}
}

struct mt_tunnel *mt_genl_tunnel(struct net *net, const struct nlattr *ifindex,
				 const struct nlattr *ifname,
				 struct netlink_ext_ack *extack)
{
	struct mt_tunnel *tunnel;
	struct net_device *dev;

	ASSERT_RTNL();

	if (!ifindex == !ifname) {
		NL_SET_ERR_MSG(extack,
			       "ifname or ifindex must name the tunnel, and not both");
		return ERR_PTR(-EINVAL);
	}
	if (ifindex)
		dev = __dev_get_by_index(net, nla_get_u32(ifindex));
	else
		dev = __dev_get_by_name(net, nla_data(ifname));
	if (!dev) {
		mt_extack_error(extack, ifindex ?: ifname,
				ifindex ? "ifindex belongs to no device" :
					  "ifname belongs to no device");
		return ERR_PTR(-ENODEV);
	}
	tunnel = mt_device_tunnel(dev);
	if (!tunnel) {
		mt_extack_error(extack, ifindex ?: ifname,
				ifindex ? "ifindex belongs to a device that is no tunnel" :
					  "ifname belongs to a device that is no tunnel");
		return ERR_PTR(-EOPNOTSUPP);
	}
	return tunnel;
}

int mt_genl_may_change(struct sk_buff *skb, const struct mt_tunnel *tunnel,
		       struct netlink_ext_ack *extack)
{
	if (netlink_ns_capable(skb, tunnel->net->user_ns, CAP_NET_ADMIN))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "CAP_NET_ADMIN is needed in the underlay's network namespace as well");
	return -EPERM;
}

static int read_prefix(struct mt_prefix *prefix, const struct nlattr *attr,
		       struct genl_info *info)
{
	struct nlattr *tb[MTUN_A_PREFIX_MAX + 1];
	const char *text;
	int err;

	err = nla_parse_nested(tb, MTUN_A_PREFIX_MAX, attr,
			       mtun_prefix_nl_policy, info->extack);
	if (err)
		return err;
	if (!tb[MTUN_A_PREFIX_ADDR] || !tb[MTUN_A_PREFIX_LEN]) {
		mt_genl_error(info, attr,
			      "prefix must have an address and a length");
		return -EINVAL;
	}
	text = mt_prefix_parse(prefix, nla_data(tb[MTUN_A_PREFIX_ADDR]),
			       nla_len(tb[MTUN_A_PREFIX_ADDR]),
			       nla_get_u8(tb[MTUN_A_PREFIX_LEN]));
	if (text) {
		mt_genl_error(info, attr, text);
		return -EINVAL;
	}
	return 0;
}

int mt_genl_read_prefixes(struct mt_prefixes *prefixes, struct mt_prefix *room,
			  unsigned int max, struct genl_info *info, int type,
			  const char *too_many)
{
	const struct nlattr *attr;
	unsigned int n = 0;
	int err, rem;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem) {
		if (nla_type(attr) != type)
			continue;
		if (n == max) {
			mt_genl_error(info, attr, too_many);
			return -E2BIG;
		}
		err = read_prefix(&room[n++], attr, info);
		if (err)
			return err;
	}
	prefixes->v = room;
	prefixes->n = n;
	return 0;
}

/* ---- answers and events ---- */

struct sk_buff *mt_genl_reply(struct genl_info *info, u8 cmd, size_t size)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (skb && !genlmsg_put_reply(skb, info, &mt_genl_family, 0, cmd)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

int mt_genl_reply_send(struct genl_info *info, struct sk_buff *skb, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	nlmsg_end(skb, nlmsg_hdr(skb));
	return genlmsg_reply(skb, info);
}

/* Health changes in timers and with packets. */
static gfp_t gfp_of(unsigned int group)
{
	return group == MTUN_NLGRP_HEALTH ? GFP_ATOMIC : GFP_KERNEL;
}

struct sk_buff *mt_genl_event(struct net *net, unsigned int group, u8 cmd,
			      size_t size)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&mt_genl_family, net, group))
		return NULL;

	skb = genlmsg_new(size, gfp_of(group));
	if (!skb)
		goto err_tell_listeners;
	if (!genlmsg_put(skb, 0, 0, &mt_genl_family, 0, cmd))
		goto err_free_skb;
	return skb;

err_free_skb:
	nlmsg_free(skb);
err_tell_listeners:
	genl_set_err(&mt_genl_family, net, 0, group, -ENOBUFS);
	return NULL;
}

void mt_genl_event_send(struct net *net, unsigned int group,
			struct sk_buff *skb, int err)
{
	if (err) {
		nlmsg_free(skb);
		/* why is nothing to those who listen: they have lost one */
		genl_set_err(&mt_genl_family, net, 0, group, -ENOBUFS);
		return;
	}
	nlmsg_end(skb, nlmsg_hdr(skb));
	genlmsg_multicast_netns(&mt_genl_family, net, skb, 0, group,
				gfp_of(group));
}

/* ---- the family ---- */

struct genl_family mt_genl_family __ro_after_init = {
	.name = MTUN_GENL_NAME,
	.version = MTUN_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,	/* RTNL is the lock */
	.ops = mtun_nl_ops,
	.n_ops = ARRAY_SIZE(mtun_nl_ops),
	.mcgrps = mtun_nl_groups,
	.n_mcgrps = ARRAY_SIZE(mtun_nl_groups),
};

int mt_genl_init(void)
{
	int err;

	err = genl_register_family(&mt_genl_family);
	if (err)
		return err;
	err = mt_genl_tunnel_init();
	if (err)
		goto err_unregister_family;
	err = mt_genl_clamp_init();
	if (err)
		goto err_exit_tunnel;
	err = mt_genl_health_init();
	if (err)
		goto err_exit_clamp;
	mt_samples_start(&mt_genl_family, MTUN_NLGRP_SAMPLES);
	return 0;

err_exit_clamp:
	mt_genl_clamp_exit();
err_exit_tunnel:
	mt_genl_tunnel_exit();
err_unregister_family:
	genl_unregister_family(&mt_genl_family);
	return err;
}

void mt_genl_exit(void)
{
	mt_samples_stop();
	mt_genl_health_exit();
	mt_genl_clamp_exit();
	mt_genl_tunnel_exit();
	genl_unregister_family(&mt_genl_family);
}

MODULE_ALIAS_GENL_FAMILY(MTUN_GENL_NAME);
