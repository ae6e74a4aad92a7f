// SPDX-License-Identifier: GPL-2.0
#include "genl.h"
#include "genl_gen.h"

#include <linux/module.h>

void mt_genl_error(struct genl_info *info, const struct nlattr *attr,
		   const char *text)
{
	if (info->extack) {
		info->extack->_msg = text;
		info->extack->bad_attr = attr;
	}
}

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

struct sk_buff *mt_genl_event(struct net *net, u8 cmd, size_t size)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&mt_genl_family, net, MTUN_NLGRP_CONFIG))
		return NULL;

	skb = genlmsg_new(size, GFP_KERNEL);
	if (!skb)
		goto err_tell_listeners;
	if (!genlmsg_put(skb, 0, 0, &mt_genl_family, 0, cmd))
		goto err_free_skb;
	return skb;

err_free_skb:
	nlmsg_free(skb);
err_tell_listeners:
	genl_set_err(&mt_genl_family, net, 0, MTUN_NLGRP_CONFIG, -ENOBUFS);
	return NULL;
}

void mt_genl_event_send(struct net *net, struct sk_buff *skb, int err)
{
	if (err) {
		nlmsg_free(skb);
		genl_set_err(&mt_genl_family, net, 0, MTUN_NLGRP_CONFIG, err);
		return;
	}
	nlmsg_end(skb, nlmsg_hdr(skb));
	genlmsg_multicast_netns(&mt_genl_family, net, skb, 0, MTUN_NLGRP_CONFIG,
				GFP_KERNEL);
}

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
	mt_genl_health_exit();
	mt_genl_clamp_exit();
	mt_genl_tunnel_exit();
	genl_unregister_family(&mt_genl_family);
}

MODULE_ALIAS_GENL_FAMILY(MTUN_GENL_NAME);
