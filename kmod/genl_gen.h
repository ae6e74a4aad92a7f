/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit: tools/gen.py made this from Documentation/netlink/specs/mtun.yaml */

#ifndef MTUN_GENL_GEN_H
#define MTUN_GENL_GEN_H

#include <net/genetlink.h>

#include <linux/mtun.h>

int mtun_nl_tunnel_new_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_tunnel_set_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_tunnel_del_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_tunnel_get_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_tunnel_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int mtun_nl_clamp_new_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_clamp_set_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_clamp_del_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_clamp_get_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_clamp_get_start(struct netlink_callback *cb);
int mtun_nl_clamp_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int mtun_nl_netns_set_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_netns_get_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_filter_set_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_filter_get_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_filter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int mtun_nl_health_set_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_health_get_doit(struct sk_buff *skb, struct genl_info *info);
int mtun_nl_health_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

extern const struct nla_policy mtun_prefix_nl_policy[MTUN_A_PREFIX_LEN + 1];
extern const struct genl_ops mtun_nl_ops[14];
extern const struct genl_multicast_group mtun_nl_groups[3];

enum {
	MTUN_NLGRP_CONFIG,
	MTUN_NLGRP_SAMPLES,
	MTUN_NLGRP_HEALTH,
};

#endif /* MTUN_GENL_GEN_H */
