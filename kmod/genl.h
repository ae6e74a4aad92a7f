/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family: requests, dumps and notifications. */
#ifndef MTUN_GENL_H
#define MTUN_GENL_H

#include "types.h"

#include <net/genetlink.h>
#include <net/sock.h>

struct mt_tunnel;

extern struct genl_family mt_genl_family;

/**
 * mt_extack_error() - say what is wrong with a request
 * @extack: of the request, or NULL
 * @attr: the attribute to blame, or NULL
 * @text: never freed, chosen when running; begins with the name of @attr
 */
void mt_extack_error(struct netlink_ext_ack *extack, const struct nlattr *attr,
		     const char *text);

static inline void mt_genl_error(struct genl_info *info,
				 const struct nlattr *attr, const char *text)
{
	mt_extack_error(info->extack, attr, text);
}

/**
 * mt_genl_tunnel() - the tunnel that a request names
 * @net: where its device is
 * @ifindex: attribute, or NULL
 * @ifname: attribute, or NULL; one of both is to be given
 * @extack: of the request, or NULL
 *
 * Context: RTNL.
 * Return: the tunnel, or ERR_PTR with @extack set.
 */
struct mt_tunnel *mt_genl_tunnel(struct net *net, const struct nlattr *ifindex,
				 const struct nlattr *ifname,
				 struct netlink_ext_ack *extack);

/**
 * mt_genl_may_change() - whether the sender of a request may change a tunnel
 * @skb: the request
 * @tunnel: a tunnel of the sender's network namespace
 * @extack: of the request, or NULL
 *
 * Tunnels of another user namespace's underlay are not for root in this one.
 *
 * Return: 0, or -EPERM with @extack set.
 */
int mt_genl_may_change(struct sk_buff *skb, const struct mt_tunnel *tunnel,
		       struct netlink_ext_ack *extack);

/**
 * mt_genl_read_prefixes() - the prefixes of a request
 * @prefixes: filled in
 * @room: where to put them
 * @max: for how many there is room
 * @info: the request
 * @type: the attribute that each of them is nested in
 * @too_many: what to say if there are more
 *
 * Return: 0, or a negative errno with extack set.
 */
int mt_genl_read_prefixes(struct mt_prefixes *prefixes, struct mt_prefix *room,
			  unsigned int max, struct genl_info *info, int type,
			  const char *too_many);

/**
 * mt_genl_reply() - begin the answer to a request
 * @info: the request
 * @cmd: the command that it is an answer to
 * @size: of its attributes, at least, in bytes
 *
 * Return: a message to add attributes to and to give to mt_genl_reply_send(), or
 * NULL if there is no memory.
 */
struct sk_buff *mt_genl_reply(struct genl_info *info, u8 cmd, size_t size);

/**
 * mt_genl_reply_send() - end it
 * @info: as before
 * @skb: the message, consumed
 * @err: why there is no answer, or 0
 *
 * Return: @err, or what became of the message.
 */
int mt_genl_reply_send(struct genl_info *info, struct sk_buff *skb, int err);

/**
 * mt_genl_event() - begin an event
 * @net: where it happened
 * @group: who is told, MTUN_NLGRP_*
 * @cmd: MTUN_CMD_*_NTF
 * @size: of its attributes, at least, in bytes
 *
 * Context: may sleep, but for MTUN_NLGRP_HEALTH.
 * Return: a message to add attributes to and to give to mt_genl_event_send(), or
 * NULL if nobody listens. Where there is no memory they are told that they miss
 * something.
 */
struct sk_buff *mt_genl_event(struct net *net, unsigned int group, u8 cmd,
			      size_t size);

/**
 * mt_genl_event_send() - end it
 * @net: as before
 * @group: as before
 * @skb: the message, consumed
 * @err: why its attributes are not all there, or 0
 */
void mt_genl_event_send(struct net *net, unsigned int group,
			struct sk_buff *skb, int err);

/* Adds the attributes of a tunnel to a message. Returns 0 or -EMSGSIZE. */
typedef int mt_genl_put_fn(struct sk_buff *skb, const struct mt_tunnel *tunnel);

/**
 * mt_genl_tell_tunnel() - tell those who listen to the configuration
 * @tunnel: of which
 * @cmd: MTUN_CMD_*_NTF
 * @size: of the event's attributes, in bytes
 * @put: adds them
 */
void mt_genl_tell_tunnel(const struct mt_tunnel *tunnel, u8 cmd, size_t size,
			 mt_genl_put_fn *put);

/**
 * mt_genl_get_tunnel() - answer a request about a tunnel
 * @info: the request
 * @cmd: of the answer
 * @size: of the answer's attributes, in bytes
 * @ifindex: attribute that names the tunnel, or NULL
 * @ifname: the same
 * @put: adds the attributes
 *
 * Return: as a doit.
 */
int mt_genl_get_tunnel(struct genl_info *info, u8 cmd, size_t size,
		       const struct nlattr *ifindex,
		       const struct nlattr *ifname, mt_genl_put_fn *put);

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
			 u8 cmd, mt_genl_put_fn *put);

int mt_genl_init(void);
void mt_genl_exit(void);

/* Events about what is not done by requests; called by the two above. */
int mt_genl_tunnel_init(void);
void mt_genl_tunnel_exit(void);
int mt_genl_clamp_init(void);
void mt_genl_clamp_exit(void);
int mt_genl_health_init(void);
void mt_genl_health_exit(void);

#endif /* MTUN_GENL_H */
