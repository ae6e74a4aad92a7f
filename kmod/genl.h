/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family: requests, dumps and notifications. */
#ifndef MTUN_GENL_H
#define MTUN_GENL_H

#include <net/genetlink.h>

extern struct genl_family mt_genl_family;

/**
 * mt_genl_error() - say what is wrong with a request
 * @info: the request
 * @attr: the attribute to blame, or NULL
 * @text: never freed, chosen when running; begins with the name of @attr
 */
void mt_genl_error(struct genl_info *info, const struct nlattr *attr,
		   const char *text);

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
 * mt_genl_event() - begin an event for those who listen to the configuration
 * @net: where it happened
 * @cmd: MTUN_CMD_*_NTF
 * @size: of its attributes, at least, in bytes
 *
 * Return: a message to add attributes to and to give to mt_genl_event_send(), or
 * NULL if nobody listens. Where there is no memory they are told that they miss
 * something.
 */
struct sk_buff *mt_genl_event(struct net *net, u8 cmd, size_t size);

/**
 * mt_genl_event_send() - end it
 * @net: as before
 * @skb: the message, consumed
 * @err: why its attributes are not all there, or 0
 */
void mt_genl_event_send(struct net *net, struct sk_buff *skb, int err);

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
