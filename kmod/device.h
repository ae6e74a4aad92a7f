/* SPDX-License-Identifier: GPL-2.0 */
/* The network device that a tunnel is to the stack. */
#ifndef MTUN_DEVICE_H
#define MTUN_DEVICE_H

#include "types.h"

#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <net/net_namespace.h>

struct mt_tunnel;

/* A device that is a tunnel, not registered and without an endpoint; or NULL */
struct net_device *mt_device_alloc(struct net *net, const char *name,
				   const struct mt_conf *conf);

/* The tunnel that a device is, or NULL. */
struct mt_tunnel *mt_device_tunnel(const struct net_device *dev);

/* The configuration of a tunnel. Context: RTNL. */
void mt_device_conf(const struct mt_tunnel *tunnel, struct mt_conf *conf);

/* Of conf.link, or 0 if there is no such device now. Context: RTNL. */
int mt_device_link_ifindex(const struct mt_tunnel *tunnel);

/**
 * mt_device_next() - walk over the tunnels in a namespace
 * @net: the namespace of the devices
 * @ifindex: the first one that qualifies; set to that of the tunnel found
 *
 * Context: RTNL.
 * Return: the tunnel with the lowest ifindex from @ifindex on, or NULL.
 */
struct mt_tunnel *mt_device_next(const struct net *net, unsigned long *ifindex);

int mt_device_init(void);
void mt_device_exit(void);

#endif /* MTUN_DEVICE_H */
