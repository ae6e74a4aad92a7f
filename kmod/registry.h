/* SPDX-License-Identifier: GPL-2.0 */
/* What the datapath knows of a tunnel, and the tables that find it. */
#ifndef MTUN_REGISTRY_H
#define MTUN_REGISTRY_H

#include "prefix.h"
#include "types.h"

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/dst.h>
#include <net/gro_cells.h>
#include <net/net_namespace.h>

struct mt_family;
struct mt_filter;
struct mt_link;
struct mt_probe;
struct mt_sampler;
struct mt_samples;
struct mt_stats;

#define MT_HEADER_MAX	56	/* IPv6 and GRE with all of its options */

#define MT_RX_GUARDED	0x80000000u	/* beside MTUN_GRE_FLAG_*, of which it is none */

/* As much memory as a request has asked for: it is answered, the log need not know. */
#define MT_GFP_REQUEST	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN)

#define MT_SHAPES	129	/* host bits of an address, 0 to 128 */

/*
 * We are told of devices before IP is: where IP has no memory for a device, nobody
 * behind it is told, and one that is moved into a namespace is there all the same.
 */
#define MT_NOTIFIER_PRIORITY	1

/*
 * While somebody holds a reference to a device that is gone, the kernel says so once a
 * second. It was believed the first time.
 */
static inline bool mt_is_told_again(const struct net_device *dev)
{
	return dev->reg_state == NETREG_UNREGISTERED;
}

/**
 * struct mt_route - the way to a remote, as one CPU has found it
 * @dst: with a reference, or NULL
 * @cookie: for dst_check(); in MTUN_MODE_IPSEC mt_spd_changes() when it was found, or
 *	    when what was found was not that of all packets, and @dst is NULL
 */
struct mt_route {
	struct dst_entry *dst;
	u32 cookie;
};

/**
 * struct mt_endpoint - a tunnel as configured, for the datapath
 * @node: in mt_net.endpoints
 * @sender_node: in mt_net.senders
 * @received: what received packets are found by
 * @sent: what sent packets are found by when somebody quotes them
 * @tunnel: whose configuration this is
 * @family: how to deal with the outer header
 * @link: the underlay device to send through, or NULL for any
 * @rx_flags: optional fields that received packets must have, and MT_RX_GUARDED
 *	      if they must come out of ESP
 * @header_len: bytes of @header, both outer header and GRE
 * @header: the headers of every packet sent, but for what depends on the packet
 * @conf: what all of this was made from
 * @sampler: when to sample packets, for the intervals of @conf
 * @routes: each CPU's route to the remote; in MTUN_MODE_IPSEC two of them, for
 *	    packets of IPv4 and of IPv6
 * @rcu: defers the freeing
 *
 * Never written to after it was published. A new configuration is a new
 * endpoint: a packet meets the one or the other, and a route that was found
 * for the old one cannot be cached for the new one.
 */
struct mt_endpoint {
	struct rhash_head node;
	struct rhlist_head sender_node;
	struct mt_tuple received;
	struct mt_tuple sent;
	struct mt_tunnel *tunnel;
	const struct mt_family *family;
	struct mt_link *link;
	u32 rx_flags;
	u8 header_len;
	u8 header[MT_HEADER_MAX];
	struct mt_conf conf;
	struct mt_sampler __percpu *sampler;
	struct mt_route __percpu *routes;
	struct rcu_head rcu;
};

/**
 * struct mt_tunnel - private part of a tunnel's netdevice
 * @endpoint: written under RTNL; not NULL while the device is registered
 * @filter: which inner addresses packets may have, or NULL for any; written under
 *	    RTNL
 * @probe: the watch over its health, or NULL; written under RTNL
 * @dev: the device
 * @net: the underlay, where the tunnel was created; dev_net() is the overlay
 * @stats: counters
 * @gro_cells: hands received packets to the stack
 * @tx_seq: sequence number of the next packet sent, if they have one
 * @rx_seq: sequence number of the last packet received with one, plus 2^32;
 *	    0 if there was none
 * @auto_mtu: the MTU that the underlay gave, 0 if it was set by hand; under
 *	      RTNL
 * @sequenced: packets sent have sequence numbers; under RTNL
 * @answer_second: when keepalives of the far end were answered last
 * @answers: how many there were in that second
 * @state_changes: how often xfrm has got or changed a state of it
 * @list: in mt_net.tunnels of @net; under RTNL
 */
struct mt_tunnel {
	struct mt_endpoint __rcu *endpoint;
	struct mt_filter __rcu *filter;
	struct mt_probe __rcu *probe;
	struct net_device *dev;
	struct net *net;
	struct mt_stats __percpu *stats;
	struct gro_cells gro_cells;
	unsigned int auto_mtu;
	bool sequenced;
	unsigned int answer_second;
	atomic_t answers;
	atomic_t state_changes;
	struct list_head list;

	/* Written per packet, but only where sequence numbers are in use */
	atomic_t tx_seq ____cacheline_aligned_in_smp;
	atomic64_t rx_seq;
};

/* IPv6 or not, with a key or without one */
#define MT_SHAPE_SETS		4
#define MT_SHAPE(tuple)		\
	(2 * ((tuple)->family == AF_INET6) + (tuple)->keyed)

/**
 * struct mt_net - what there is of tunnels in one network namespace
 * @net: it
 * @endpoints: of the tunnels whose underlay it is, by what they receive
 * @senders: the same, by what they send
 * @links: underlay devices that tunnels are bound to; under RTNL
 * @tunnels: those tunnels; under RTNL
 * @shapes: the host bits that tuples in @endpoints have, by MT_SHAPE(): a packet
 *	    is looked for with each of them
 * @shape_users: how many tuples have them; under RTNL
 * @rx: where packets are received, enum mtun_rx; under RTNL
 * @hooks: where packets are looked at, by that and by IP version
 * @guards: where what leaves is looked at, by IP version
 * @guard_users: how many endpoints want that; under RTNL
 * @devices: the tunnels whose device is here, by ifindex; under RTNL
 * @clamps: the MSS clamps at devices, by name; under RTNL
 * @samples: of the tunnels whose device is here, not sent yet
 * @probes: the watches over those tunnels, by the identifier of what they send
 * @generation: grows with each change that a dump of @devices could see;
 *		under RTNL
 * @policy_lock: writers of the following
 * @policies: what spd.c knows of those of xfrm that have an if_id, by index
 * @policy_numbers: how many of them there are for what is sent, for IPv4 and IPv6, by
 *		    if_id
 * @policy_gates: those for what is received, the same way
 * @policies_narrow: how many of those do not let everything pass; and one more while
 *		     that is not known
 * @policy_changes: grows with each change
 * @policies_watched: that they are counted was asked for
 * @policies_known: and nothing was missed
 * @policies_again: looks again where there was no memory for that
 */
struct mt_net {
	struct net *net;
	struct rhashtable endpoints;
	struct rhltable senders;
	DECLARE_BITMAP(shapes[MT_SHAPE_SETS], MT_SHAPES);
	unsigned int shape_users[MT_SHAPE_SETS][MT_SHAPES];
	u8 rx;
	struct nf_hook_ops hooks[MTUN_RX_MAX + 1][2];
	struct nf_hook_ops guards[2];
	unsigned int guard_users;
	struct list_head links;
	struct list_head tunnels;
	struct xarray devices;
	struct list_head clamps;
	struct mt_samples __percpu *samples;
	struct xarray probes;
	unsigned int generation;

	spinlock_t policy_lock;	/* see above */
	struct xarray policies;
	struct xarray policy_numbers[2];
	struct xarray policy_gates[2];
	unsigned int policies_narrow;
	u32 policy_changes;
	bool policies_watched;
	bool policies_known;
	struct delayed_work policies_again;
};

struct mt_net *mt_net(const struct net *net);

static __always_inline u32 mt_key_hash(const void *key, u32 len, u32 seed)
{
	static_assert(sizeof(struct mt_tuple) == 5 * sizeof(u64));
	return mt_tuple_hash(key, seed);
}

/* As memcmp(), as far as it is asked: whether they differ. */
static __always_inline int
mt_endpoint_differs(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct mt_endpoint *endpoint = data;
	const u64 *x = arg->key, *y = (const u64 *)&endpoint->received;

	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) |
		(x[3] ^ y[3]) | (x[4] ^ y[4])) != 0;
}

static const struct rhashtable_params mt_endpoint_params = {
	.head_offset = offsetof(struct mt_endpoint, node),
	.key_offset = offsetof(struct mt_endpoint, received),
	.key_len = sizeof(struct mt_tuple),
	.hashfn = mt_key_hash,
	.obj_cmpfn = mt_endpoint_differs,
	.automatic_shrinking = true,
};

/* Of tuples that leave open some bits of the address that packets are from */
struct mt_endpoint *mt_lookup_wide(struct mt_net *mn,
				   const struct mt_tuple *tuple);

/**
 * mt_lookup() - the endpoint that a received packet belongs to
 * @mn: of the network namespace where it was received
 * @tuple: its addresses and key
 *
 * Of several, the one that is most specific about where the packet is from.
 *
 * Context: RCU.
 * Return: NULL if it belongs to none.
 */
static __always_inline struct mt_endpoint *
mt_lookup(struct mt_net *mn, const struct mt_tuple *tuple)
{
	struct mt_endpoint *endpoint;

	if (likely(test_bit(0, mn->shapes[MT_SHAPE(tuple)]))) {
		endpoint = rhashtable_lookup(&mn->endpoints, tuple,
					     mt_endpoint_params);
		if (likely(endpoint))
			return endpoint;
	}
	return mt_lookup_wide(mn, tuple);
}

/**
 * mt_registry_get() - the endpoint that has a tuple
 * @net: the underlay
 * @tuple: it
 *
 * Context: RCU.
 * Return: NULL if there is none.
 */
struct mt_endpoint *mt_registry_get(const struct net *net,
				    const struct mt_tuple *tuple);

/**
 * mt_registry_senders() - the endpoints that may have sent a packet
 * @net: where it was sent from
 * @tuple: its addresses and key, local being the source
 *
 * Context: RCU.
 * Return: a list by their sender_node, or NULL if there is none.
 */
struct rhlist_head *mt_registry_senders(const struct net *net,
					const struct mt_tuple *tuple);

/**
 * mt_registry_guards() - whether what is sent with a tuple must not be in clear
 * @net: the underlay
 * @tuple: addresses, and the key if it had one
 *
 * Context: RCU.
 */
bool mt_registry_guards(const struct net *net, const struct mt_tuple *tuple);

/**
 * mt_registry_add() - let packets find an endpoint
 * @net: the underlay
 * @endpoint: with its tuples set
 *
 * Return: 0, -EEXIST if an endpoint receives the same, or -ENOMEM.
 */
int mt_registry_add(const struct net *net, struct mt_endpoint *endpoint);

void mt_registry_remove(const struct net *net, struct mt_endpoint *endpoint);

/**
 * mt_registry_replace() - let packets find @new where they found @old
 * @net: the underlay
 * @old: stays valid until an RCU grace period has passed
 * @new: its tuples may be those of @old or others
 *
 * Return: 0, -EEXIST if a third endpoint receives what @new does, or -ENOMEM;
 * then nothing has changed.
 */
int mt_registry_replace(const struct net *net, struct mt_endpoint *old,
			struct mt_endpoint *new);

int mt_registry_init(void);
void mt_registry_exit(void);

#endif /* MTUN_REGISTRY_H */
