// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit: tools/gen.py made this from Documentation/netlink/specs/mtun.yaml */

#include "genl_gen.h"
#include "compat.h"

#include <net/netlink.h>

const struct nla_policy mtun_prefix_nl_policy[MTUN_A_PREFIX_LEN + 1] = {
	[MTUN_A_PREFIX_ADDR] = { .type = NLA_BINARY },
	[MTUN_A_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

static const struct nla_policy mtun_tunnel_new_policy[MTUN_A_TUNNEL_IF_ID + 1] = {
	[MTUN_A_TUNNEL_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_TUNNEL_LOCAL] = { .type = NLA_BINARY },
	[MTUN_A_TUNNEL_REMOTE] = { .type = NLA_BINARY },
	[MTUN_A_TUNNEL_IFLAGS] = NLA_POLICY_BITFIELD32(0x7),
	[MTUN_A_TUNNEL_OFLAGS] = NLA_POLICY_BITFIELD32(0x7),
	[MTUN_A_TUNNEL_IKEY] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_OKEY] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_TTL] = NLA_POLICY_MIN(NLA_U8, 1),
	[MTUN_A_TUNNEL_TTL_INHERIT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_TOS] = { .type = NLA_U8 },
	[MTUN_A_TUNNEL_TOS_INHERIT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_DF] = NLA_POLICY_MAX(NLA_U8, 2),
	[MTUN_A_TUNNEL_INNER_DF] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_FRAG] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_LINK] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_TUNNEL_FWMARK] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_MSS_TX] = { .type = NLA_U16 },
	[MTUN_A_TUNNEL_MSS_RX] = { .type = NLA_U16 },
	[MTUN_A_TUNNEL_MSS_INSERT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_ACCEPT] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_TUNNEL_ANYCAST] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_PMTU] = NLA_POLICY_MAX(NLA_U8, 2),
	[MTUN_A_TUNNEL_DESCRIPTION] = { .type = NLA_NUL_STRING, .len = 255 },
	[MTUN_A_TUNNEL_ORIGIN] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_MTU] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_SAMPLE_RX] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_SAMPLE_TX] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_IPSEC] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_UP] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_MODE] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_IF_ID] = { .type = NLA_U32 },
};

static const struct nla_policy mtun_tunnel_set_policy[MTUN_A_TUNNEL_IF_ID + 1] = {
	[MTUN_A_TUNNEL_IFINDEX] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_TUNNEL_LOCAL] = { .type = NLA_BINARY },
	[MTUN_A_TUNNEL_REMOTE] = { .type = NLA_BINARY },
	[MTUN_A_TUNNEL_IFLAGS] = NLA_POLICY_BITFIELD32(0x7),
	[MTUN_A_TUNNEL_OFLAGS] = NLA_POLICY_BITFIELD32(0x7),
	[MTUN_A_TUNNEL_IKEY] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_OKEY] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_TTL] = NLA_POLICY_MIN(NLA_U8, 1),
	[MTUN_A_TUNNEL_TTL_INHERIT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_TOS] = { .type = NLA_U8 },
	[MTUN_A_TUNNEL_TOS_INHERIT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_DF] = NLA_POLICY_MAX(NLA_U8, 2),
	[MTUN_A_TUNNEL_INNER_DF] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_FRAG] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_LINK] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_TUNNEL_FWMARK] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_MSS_TX] = { .type = NLA_U16 },
	[MTUN_A_TUNNEL_MSS_RX] = { .type = NLA_U16 },
	[MTUN_A_TUNNEL_MSS_INSERT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_ACCEPT] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_TUNNEL_ANYCAST] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_PMTU] = NLA_POLICY_MAX(NLA_U8, 2),
	[MTUN_A_TUNNEL_DESCRIPTION] = { .type = NLA_NUL_STRING, .len = 255 },
	[MTUN_A_TUNNEL_ORIGIN] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_MTU] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_SAMPLE_RX] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_SAMPLE_TX] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_IPSEC] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_UP] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_MODE] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_TUNNEL_IF_ID] = { .type = NLA_U32 },
};

static const struct nla_policy mtun_tunnel_del_policy[MTUN_A_TUNNEL_IFNAME + 1] = {
	[MTUN_A_TUNNEL_IFINDEX] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
};

static const struct nla_policy mtun_tunnel_get_policy[MTUN_A_TUNNEL_IFNAME + 1] = {
	[MTUN_A_TUNNEL_IFINDEX] = { .type = NLA_U32 },
	[MTUN_A_TUNNEL_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
};

static const struct nla_policy mtun_clamp_new_policy[MTUN_A_CLAMP_ORIGIN + 1] = {
	[MTUN_A_CLAMP_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_CLAMP_DIRECTION] = NLA_POLICY_MAX(NLA_U8, 2),
	[MTUN_A_CLAMP_MSS] = { .type = NLA_U16 },
	[MTUN_A_CLAMP_INSERT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_CLAMP_SRC] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_CLAMP_DST] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_CLAMP_ORIGIN] = NLA_POLICY_MAX(NLA_U8, 1),
};

static const struct nla_policy mtun_clamp_set_policy[MTUN_A_CLAMP_ORIGIN + 1] = {
	[MTUN_A_CLAMP_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_CLAMP_DIRECTION] = NLA_POLICY_MAX(NLA_U8, 2),
	[MTUN_A_CLAMP_MSS] = { .type = NLA_U16 },
	[MTUN_A_CLAMP_INSERT] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_CLAMP_SRC] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_CLAMP_DST] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_CLAMP_SRC_ANY] = { .type = NLA_FLAG },
	[MTUN_A_CLAMP_DST_ANY] = { .type = NLA_FLAG },
	[MTUN_A_CLAMP_ORIGIN] = NLA_POLICY_MAX(NLA_U8, 1),
};

static const struct nla_policy mtun_clamp_del_policy[MTUN_A_CLAMP_IFNAME + 1] = {
	[MTUN_A_CLAMP_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
};

static const struct nla_policy mtun_clamp_get_policy[MTUN_A_CLAMP_IFNAME + 1] = {
	[MTUN_A_CLAMP_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
};

static const struct nla_policy mtun_netns_set_policy[MTUN_A_NETNS_RX + 1] = {
	[MTUN_A_NETNS_RX] = NLA_POLICY_MAX(NLA_U8, 1),
};

static const struct nla_policy mtun_netns_get_policy[MTUN_A_NETNS_NETNSID + 1] = {
	[MTUN_A_NETNS_NETNSID] = { .type = NLA_S32 },
};

static const struct nla_policy mtun_filter_set_policy[MTUN_A_FILTER_CLEAR + 1] = {
	[MTUN_A_FILTER_IFINDEX] = { .type = NLA_U32 },
	[MTUN_A_FILTER_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_FILTER_ALLOW_SRC_RX] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_FILTER_ALLOW_DST_RX] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_FILTER_ALLOW_SRC_TX] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_FILTER_ALLOW_DST_TX] = NLA_POLICY_NESTED(mtun_prefix_nl_policy),
	[MTUN_A_FILTER_CLEAR] = NLA_POLICY_MASK(NLA_U32, 0xf),
};

static const struct nla_policy mtun_filter_get_policy[MTUN_A_FILTER_IFNAME + 1] = {
	[MTUN_A_FILTER_IFINDEX] = { .type = NLA_U32 },
	[MTUN_A_FILTER_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
};

static const struct nla_policy mtun_health_set_policy[MTUN_A_HEALTH_ANSWER + 1] = {
	[MTUN_A_HEALTH_IFINDEX] = { .type = NLA_U32 },
	[MTUN_A_HEALTH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
	[MTUN_A_HEALTH_MODE] = NLA_POLICY_MAX(NLA_U8, 2),
	[MTUN_A_HEALTH_STYLE] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_HEALTH_DIRECTION] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_HEALTH_TARGET] = { .type = NLA_BINARY },
	[MTUN_A_HEALTH_SOURCE] = { .type = NLA_BINARY },
	[MTUN_A_HEALTH_INTERVAL] = { .type = NLA_U32 },
	[MTUN_A_HEALTH_TIMEOUT] = { .type = NLA_U32 },
	[MTUN_A_HEALTH_DOWN_PROBES] = NLA_POLICY_RANGE(NLA_U8, 1, 8),
	[MTUN_A_HEALTH_DOWN_WINDOW] = { .type = NLA_U32 },
	[MTUN_A_HEALTH_DEGRADED_LOSS] = { .type = NLA_U32 },
	[MTUN_A_HEALTH_DEGRADED_PROBES] = NLA_POLICY_MIN(NLA_U16, 1),
	[MTUN_A_HEALTH_DEGRADED_WINDOW] = { .type = NLA_U32 },
	[MTUN_A_HEALTH_RECOVER_PROBES] = NLA_POLICY_MIN(NLA_U8, 1),
	[MTUN_A_HEALTH_HEALTHY_PROBES] = NLA_POLICY_RANGE(NLA_U8, 1, 64),
	[MTUN_A_HEALTH_CARRIER] = NLA_POLICY_MAX(NLA_U8, 1),
	[MTUN_A_HEALTH_ANSWER] = NLA_POLICY_MAX(NLA_U8, 1),
};

static const struct nla_policy mtun_health_get_policy[MTUN_A_HEALTH_IFNAME + 1] = {
	[MTUN_A_HEALTH_IFINDEX] = { .type = NLA_U32 },
	[MTUN_A_HEALTH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15 },
};

const struct genl_ops mtun_nl_ops[14] = {
	{
		.cmd		= MTUN_CMD_TUNNEL_NEW,
		.doit		= mtun_nl_tunnel_new_doit,
		.policy		= mtun_tunnel_new_policy,
		.maxattr	= ARRAY_SIZE(mtun_tunnel_new_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_TUNNEL_SET,
		.doit		= mtun_nl_tunnel_set_doit,
		.policy		= mtun_tunnel_set_policy,
		.maxattr	= ARRAY_SIZE(mtun_tunnel_set_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_TUNNEL_DEL,
		.doit		= mtun_nl_tunnel_del_doit,
		.policy		= mtun_tunnel_del_policy,
		.maxattr	= ARRAY_SIZE(mtun_tunnel_del_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_TUNNEL_GET,
		.doit		= mtun_nl_tunnel_get_doit,
		.dumpit		= mtun_nl_tunnel_get_dumpit,
		.policy		= mtun_tunnel_get_policy,
		.maxattr	= ARRAY_SIZE(mtun_tunnel_get_policy) - 1,
	},
	{
		.cmd		= MTUN_CMD_CLAMP_NEW,
		.doit		= mtun_nl_clamp_new_doit,
		.policy		= mtun_clamp_new_policy,
		.maxattr	= ARRAY_SIZE(mtun_clamp_new_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_CLAMP_SET,
		.doit		= mtun_nl_clamp_set_doit,
		.policy		= mtun_clamp_set_policy,
		.maxattr	= ARRAY_SIZE(mtun_clamp_set_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_CLAMP_DEL,
		.doit		= mtun_nl_clamp_del_doit,
		.policy		= mtun_clamp_del_policy,
		.maxattr	= ARRAY_SIZE(mtun_clamp_del_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_CLAMP_GET,
		.doit		= mtun_nl_clamp_get_doit,
		.start		= mtun_nl_clamp_get_start,
		.dumpit		= mtun_nl_clamp_get_dumpit,
		.policy		= mtun_clamp_get_policy,
		.maxattr	= ARRAY_SIZE(mtun_clamp_get_policy) - 1,
	},
	{
		.cmd		= MTUN_CMD_NETNS_SET,
		.doit		= mtun_nl_netns_set_doit,
		.policy		= mtun_netns_set_policy,
		.maxattr	= ARRAY_SIZE(mtun_netns_set_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_NETNS_GET,
		.doit		= mtun_nl_netns_get_doit,
		.policy		= mtun_netns_get_policy,
		.maxattr	= ARRAY_SIZE(mtun_netns_get_policy) - 1,
	},
	{
		.cmd		= MTUN_CMD_FILTER_SET,
		.doit		= mtun_nl_filter_set_doit,
		.policy		= mtun_filter_set_policy,
		.maxattr	= ARRAY_SIZE(mtun_filter_set_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_FILTER_GET,
		.doit		= mtun_nl_filter_get_doit,
		.dumpit		= mtun_nl_filter_get_dumpit,
		.policy		= mtun_filter_get_policy,
		.maxattr	= ARRAY_SIZE(mtun_filter_get_policy) - 1,
	},
	{
		.cmd		= MTUN_CMD_HEALTH_SET,
		.doit		= mtun_nl_health_set_doit,
		.policy		= mtun_health_set_policy,
		.maxattr	= ARRAY_SIZE(mtun_health_set_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= MTUN_CMD_HEALTH_GET,
		.doit		= mtun_nl_health_get_doit,
		.dumpit		= mtun_nl_health_get_dumpit,
		.policy		= mtun_health_get_policy,
		.maxattr	= ARRAY_SIZE(mtun_health_get_policy) - 1,
	},
};

const struct genl_multicast_group mtun_nl_groups[3] = {
	[MTUN_NLGRP_CONFIG] = { .name = MTUN_MCGRP_CONFIG },
	[MTUN_NLGRP_SAMPLES] = { .name = MTUN_MCGRP_SAMPLES, MT_MCGRP_ADMIN },
	[MTUN_NLGRP_HEALTH] = { .name = MTUN_MCGRP_HEALTH },
};
