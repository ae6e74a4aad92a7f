/* SPDX-License-Identifier: GPL-2.0 */
/* Between netlink attributes and structures. */
#ifndef MTUN_ATTRS_H
#define MTUN_ATTRS_H

#include "types.h"

#include <linux/skbuff.h>
#include <net/netlink.h>

struct mt_conf_change;
struct mt_stats_sum;

/**
 * mt_attrs_get_change() - what a request gives of a configuration
 * @change: filled in; its addresses point into the attributes
 * @attrs: of attribute set "tunnel", passed by a policy
 * @maxattr: the last of them
 */
void mt_attrs_get_change(struct mt_conf_change *change,
			 struct nlattr *const *attrs, unsigned int maxattr);

/**
 * mt_attrs_put_conf() - a configuration as attributes of set "tunnel"
 * @skb: message
 * @conf: configuration
 * @mtu_auto: the MTU follows the underlay
 *
 * Return: 0 or -EMSGSIZE.
 */
int mt_attrs_put_conf(struct sk_buff *skb, const struct mt_conf *conf,
		      bool mtu_auto);

/* Bytes that mt_attrs_put_conf() needs at the most. */
size_t mt_attrs_conf_size(void);

/* A nest of attribute set "prefix". Returns 0 or -EMSGSIZE. */
int mt_attrs_put_prefix(struct sk_buff *skb, int attr,
			const struct mt_prefix *prefix);

/* Bytes that mt_attrs_put_prefix() needs at the most. */
size_t mt_attrs_prefix_size(void);

/* Attribute MTUN_A_TUNNEL_STATS. Returns 0 or -EMSGSIZE. */
int mt_attrs_put_stats(struct sk_buff *skb, const struct mt_stats_sum *sum);

/* Bytes that mt_attrs_put_stats() needs at the most. */
size_t mt_attrs_stats_size(void);

/* Bytes that mt_attrs_put_verdicts() needs at the most. */
size_t mt_attrs_verdicts_size(void);

/**
 * mt_attrs_put_verdicts() - add what MSS clamps have counted to a message
 * @skb: the message
 * @attr: the attribute to nest each verdict that was given in
 * @sum: the counters
 *
 * Return: 0 or -EMSGSIZE.
 */
int mt_attrs_put_verdicts(struct sk_buff *skb, int attr,
			  const struct mt_stats_sum *sum);

#endif /* MTUN_ATTRS_H */
