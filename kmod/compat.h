/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows in what kernels differ. A wrapper is named after
 * what it does; Kbuild finds out what the target kernel has (MT_HAVE_*).
 */
#ifndef MTUN_COMPAT_H
#define MTUN_COMPAT_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/sched/isolation.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <net/dst.h>
#include <net/flow.h>
#include <net/genetlink.h>
#include <net/route.h>
#include <net/xfrm.h>
#ifdef MT_HAVE_NET_GSO_H
#include <net/gso.h>	/* skb_gso_validate_network_len() */
#endif
#ifdef MT_HAVE_FLOWI4_DSCP
#include <net/inet_dscp.h>
#endif
#ifdef MT_HAVE_NET_RPS_H
#include <net/rps.h>
#endif

/* A packet that leaves the IP layer forgets when its sender wanted it sent. */
static inline void mt_clear_delivery_time(struct sk_buff *skb)
{
#ifdef MT_HAVE_CLEAR_DELIVERY_TIME
	skb_clear_delivery_time(skb);
#endif
}

/*
 * What GRO has seen, into the stack. What netif_receive_skb() does beyond this is RPS,
 * and time stamps, which the outer packet has had.
 */
static inline void mt_receive(struct sk_buff *skb)
{
#ifdef CONFIG_RPS
	if (static_branch_unlikely(&rps_needed)) {
		netif_receive_skb(skb);
		return;
	}
#endif
	netif_receive_skb_core(skb);
}

/* Whether a device may have policies, too */
static inline bool mt_has_policy_offload(void)
{
#ifdef MT_HAVE_POLICY_OFFLOAD
	return true;
#else
	return false;
#endif
}

/* The device's transmit function needs no lock of the stack's. */
static inline void mt_set_lockless_tx(struct net_device *dev)
{
#ifdef MT_HAVE_DEV_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

static inline void mt_flow4_set_tos(struct flowi4 *fl4, u8 tos)
{
#ifdef MT_HAVE_FLOWI4_DSCP
	fl4->flowi4_dscp = inet_dsfield_to_dscp(tos);
#else
	fl4->flowi4_tos = tos;
#endif
}

/* The netfilter hook of packets that leave a device, or -1 if there is none. */
#ifdef MT_HAVE_NETDEV_EGRESS
#define MT_NETDEV_EGRESS	NF_NETDEV_EGRESS
#else
#define MT_NETDEV_EGRESS	-1
#endif

/* Of a multicast group: to listen to it takes CAP_NET_ADMIN. */
#ifdef MT_HAVE_GENL_MCAST_CAP
#define MT_MCGRP_ADMIN		.flags = GENL_MCAST_CAP_NET_ADMIN
#else	/* what means that for a command does so for a group (5.12 to 6.6) */
#define MT_MCGRP_ADMIN		.flags = GENL_UNS_ADMIN_PERM
#endif

/* The flow that a packet of @net is, or the one that would answer it. */
static inline int mt_decode_session(struct net *net, struct sk_buff *skb,
				    struct flowi *fl, u8 family, bool reverse)
{
#ifdef MT_HAVE_DECODE_SESSION_NET
	return __xfrm_decode_session(net, skb, fl, family, reverse);
#else
	return __xfrm_decode_session(skb, fl, family, reverse);
#endif
}

/* The timer does not run and is not armed, even if it arms itself. */
static inline void mt_timer_delete_sync(struct timer_list *timer)
{
#ifdef MT_HAVE_TIMER_DELETE_SYNC
	timer_delete_sync(timer);
#else
	del_timer_sync(timer);
#endif
}

/* CPUs that are not kept free of timers. */
static inline const struct cpumask *mt_timer_cpus(void)
{
#ifdef MT_HAVE_HK_TYPE_TIMER
	return housekeeping_cpumask(HK_TYPE_TIMER);
#else
	return housekeeping_cpumask(HK_FLAG_TIMER);
#endif
}

/* The flags of a device as user space has them. */
static inline unsigned int mt_dev_flags(const struct net_device *dev)
{
#ifdef MT_HAVE_NETIF_GET_FLAGS
	return netif_get_flags(dev);
#else
	return dev_get_flags(dev);
#endif
}

/* A packet that the device was given when it did not want any more. */
static inline void mt_count_tx_dropped(struct net_device *dev)
{
#ifdef MT_HAVE_CORE_STATS
	dev_core_stats_tx_dropped_inc(dev);
#else
	atomic_long_inc(&dev->tx_dropped);
#endif
}

/* A route of IPv4 through a device, which nobody else finds, or NULL. */
static inline struct rtable *mt_rt_alloc(struct net_device *dev)
{
#ifdef MT_HAVE_RT_NOPOLICY
	return rt_dst_alloc(dev, 0, RTN_UNICAST, false, false);
#else
	return rt_dst_alloc(dev, 0, RTN_UNICAST, false);
#endif
}

/* A route that is not allocated. It has one reference, and no device. */
static inline void mt_dst_init(struct dst_entry *dst, struct dst_ops *ops,
			       int obsolete, unsigned short flags)
{
#ifdef MT_HAVE_DST_INIT_REF
	dst_init(dst, ops, NULL, 1, obsolete, flags);
#else
	dst_init(dst, ops, NULL, obsolete, flags);
#endif
}

#endif /* MTUN_COMPAT_H */
