/* SPDX-License-Identifier: GPL-2.0 */
/* The MSS clamp at any network device, for chosen prefixes. */
#ifndef MTUN_EGRESS_H
#define MTUN_EGRESS_H

#include "types.h"

#include <linux/list.h>
#include <linux/netfilter.h>
#include <net/net_namespace.h>

struct mt_link;
struct mt_stats;

#define MT_EGRESS_PREFIXES_MAX	1024	/* of one clamp, src and dst together */

/**
 * struct mt_egress_conf - the parameters of a clamp, as an operator gives them
 * @mss: largest MSS that may go by, or MTUN_MSS_AUTO
 * @insert: add the option where it is missing
 * @direction: enum mtun_clamp_direction
 * @origin: who made it, enum mtun_origin
 * @src: prefixes of the side behind the device's router; without any, all will do
 * @dst: those of the other side
 */
struct mt_egress_conf {
	u16 mss;
	bool insert;
	u8 direction;
	u8 origin;
	struct mt_prefixes src;
	struct mt_prefixes dst;
};

/* A configuration made ready for packets; see egress.c. */
struct mt_egress_set;

/**
 * struct mt_egress - a clamp at a device
 * @list: in mt_net.clamps
 * @net: where the device is
 * @link: the device by name, which may not be there
 * @ifindex: of the device whose hooks are taken, 0 while there is none
 * @out: hook of packets that leave, if its dev is set
 * @in: hook of packets that arrive, if its dev is set
 * @set: written under RTNL
 * @stats: counters, of which the MSS verdicts are used
 * @rcu: defers the freeing
 */
struct mt_egress {
	struct list_head list;
	struct net *net;
	struct mt_link *link;
	int ifindex;
	struct nf_hook_ops out;
	struct nf_hook_ops in;
	struct mt_egress_set __rcu *set;
	struct mt_stats __percpu *stats;
	struct rcu_head rcu;
};

/* The functions below are called under RTNL. */

struct mt_egress *mt_egress_find(const struct net *net, const char *name);

/* The configuration; valid until the clamp is changed. */
const struct mt_egress_conf *mt_egress_conf(const struct mt_egress *egress);

/**
 * mt_egress_add() - clamp at a device
 * @net: where the device is, or will be
 * @name: its name
 * @conf: a valid configuration; its prefixes are copied
 *
 * Return: 0, -EEXIST if there is a clamp already, -EOPNOTSUPP if the kernel has
 * no hook for the direction, or -ENOMEM.
 */
int mt_egress_add(struct net *net, const char *name,
		  const struct mt_egress_conf *conf);

/**
 * mt_egress_set() - change a clamp
 * @egress: it
 * @conf: a valid configuration; its prefixes are copied
 *
 * Return: 0, or an error as of mt_egress_add() and nothing has changed.
 */
int mt_egress_set(struct mt_egress *egress, const struct mt_egress_conf *conf);

void mt_egress_del(struct mt_egress *egress);

int mt_egress_init(void);
void mt_egress_exit(void);

#endif /* MTUN_EGRESS_H */
