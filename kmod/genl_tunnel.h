/* SPDX-License-Identifier: GPL-2.0 */
/* What all requests about something of a tunnel begin with. */
#ifndef MTUN_GENL_TUNNEL_H
#define MTUN_GENL_TUNNEL_H

#include <net/genetlink.h>

struct mt_tunnel;

/**
 * mt_genl_find_tunnel() - the tunnel that a request names
 * @info: the request
 * @ifindex: its attribute that does, or NULL
 * @ifname: the same; one of them must be there
 *
 * Context: RTNL.
 * Return: ERR_PTR with extack set if there is none.
 */
struct mt_tunnel *mt_genl_find_tunnel(struct genl_info *info,
				      const struct nlattr *ifindex,
				      const struct nlattr *ifname);

/* Tunnels of another user namespace's underlay are not for root in this one. */
int mt_genl_check_permission(struct sk_buff *skb,
			     const struct mt_tunnel *tunnel,
			     struct netlink_ext_ack *extack);

/**
 * mt_genl_dump_tunnels() - a message for each tunnel of the namespace
 * @skb: where they go
 * @cb: the dump
 * @cmd: of the messages
 * @put: adds the attributes of one
 *
 * Return: as a dumpit.
 */
int mt_genl_dump_tunnels(struct sk_buff *skb, struct netlink_callback *cb,
			 u8 cmd,
			 int (*put)(struct sk_buff *skb,
				    const struct mt_tunnel *tunnel));

#endif /* MTUN_GENL_TUNNEL_H */
