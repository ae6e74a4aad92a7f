/* SPDX-License-Identifier: GPL-2.0 */
/* The network device that a tunnel is to the stack. */
#ifndef MTUN_DEVICE_H
#define MTUN_DEVICE_H

#include "types.h"

#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <net/net_namespace.h>

struct mt_tunnel;

#define MT_MTU_AUTO	0	/* take it from the underlay */

/**
 * struct mt_refusal - what is wrong with a request
 * @text: a constant that begins with the name of @attr, or NULL if there is
 *	  nothing to say beyond the errno
 * @attr: the MTUN_A_TUNNEL_x to blame, 0 for none
 */
struct mt_refusal {
	const char *text;
	u16 attr;
};

/**
 * mt_device_create() - create a tunnel
 * @net: the namespace of the device and its underlay
 * @name: valid device name, which may contain a %d
 * @conf: valid configuration
 * @mtu: bytes, or MT_MTU_AUTO
 * @refusal: says why not
 *
 * Context: RTNL.
 * Return: 0 or a negative errno; then nothing is left of it.
 */
int mt_device_create(struct net *net, const char *name,
		     const struct mt_conf *conf, unsigned int mtu,
		     struct mt_refusal *refusal);

/**
 * mt_device_set() - change a tunnel
 * @tunnel: which
 * @conf: the whole new configuration, valid
 * @mtu: the new MTU in bytes, MT_MTU_AUTO, or NULL to leave that
 * @refusal: says why not
 *
 * Context: RTNL.
 * Return: 0 or a negative errno; then nothing has changed.
 */
int mt_device_set(struct mt_tunnel *tunnel, const struct mt_conf *conf,
		  const unsigned int *mtu, struct mt_refusal *refusal);

/* Delete a tunnel. Context: RTNL. */
void mt_device_delete(struct mt_tunnel *tunnel);

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
