/* SPDX-License-Identifier: GPL-2.0 */
/* Underlay devices by name: they come and go, and the tunnels wait. */
#ifndef MTUN_LINK_H
#define MTUN_LINK_H

#include <linux/if.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <net/net_namespace.h>

/**
 * struct mt_link - a device that tunnels are bound to
 * @ifindex: of the device, 0 as long as there is none; written under RTNL
 * @name: its present name, or the last one that it had; under RTNL
 * @users: how many mt_link_get() are not put; under RTNL
 * @node: in mt_net.links; under RTNL
 * @rcu: defers the freeing
 */
struct mt_link {
	int ifindex;
	char name[IFNAMSIZ];
	unsigned int users;
	struct list_head node;
	struct rcu_head rcu;
};

/**
 * mt_link_get() - a device, which need not exist
 * @net: the underlay
 * @name: its name, not empty
 *
 * Context: RTNL.
 * Return: to be put by mt_link_put(); NULL if there is no memory.
 */
struct mt_link *mt_link_get(struct net *net, const char *name);

/* Context: RTNL. Readers under RCU may still have it. NULL is allowed. */
void mt_link_put(struct mt_link *link);

int mt_link_init(void);
void mt_link_exit(void);

#endif /* MTUN_LINK_H */
