// SPDX-License-Identifier: GPL-2.0
#include "registry.h"
#include "prefix.h"

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <net/netns/generic.h>

static unsigned int mt_net_id __read_mostly;

/* ---- hash tables ---- */

/*
 * Each received packet is looked for: nothing is hashed but what tells tuples of
 * one family apart, and nothing compared byte by byte.
 */
static u32 tuple_hash(const void *data, u32 len, u32 seed)
{
	const struct mt_tuple *tuple = data;

	if (tuple->family == AF_INET)
		return jhash_3words((__force u32)tuple->local.v4,
				    (__force u32)tuple->remote.v4,
				    (__force u32)tuple->key,
				    seed + tuple->host_bits);
	return jhash2(data, offsetofend(struct mt_tuple, key) / sizeof(u32),
		      seed + tuple->host_bits);
}

/* As memcmp(), as far as it is asked: whether they differ. */
static int tuple_differs(const struct mt_tuple *a, const struct mt_tuple *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;

	static_assert(sizeof(struct mt_tuple) == 5 * sizeof(u64));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) |
		(x[3] ^ y[3]) | (x[4] ^ y[4])) != 0;
}

static int received_differs(struct rhashtable_compare_arg *arg,
			    const void *data)
{
	const struct mt_endpoint *endpoint = data;

	return tuple_differs(arg->key, &endpoint->received);
}

static const struct rhashtable_params endpoint_params = {
	.head_offset = offsetof(struct mt_endpoint, node),
	.key_offset = offsetof(struct mt_endpoint, received),
	.key_len = sizeof(struct mt_tuple),
	.hashfn = tuple_hash,
	.obj_cmpfn = received_differs,
	.automatic_shrinking = true,
};

static const struct rhashtable_params sender_params = {
	.head_offset = offsetof(struct mt_endpoint, sender_node),
	.key_offset = offsetof(struct mt_endpoint, sent),
	.key_len = sizeof(struct mt_tuple),
	.automatic_shrinking = true,
};

/* ---- lookup ---- */

struct mt_net *mt_net(const struct net *net)
{
	return net_generic(net, mt_net_id);
}

struct mt_endpoint *mt_registry_get(const struct net *net,
				    const struct mt_tuple *tuple)
{
	return rhashtable_lookup(&mt_net(net)->endpoints, tuple,
				 endpoint_params);
}

struct mt_endpoint *mt_registry_find(const struct net *net,
				     const struct mt_tuple *tuple)
{
	const unsigned long *shapes = mt_net(net)->shapes[MT_SHAPE(tuple)];
	struct mt_endpoint *endpoint;
	unsigned int host_bits;
	struct mt_tuple wide;

	for_each_set_bit(host_bits, shapes, MT_SHAPES) {
		if (host_bits) {
			wide = *tuple;
			mt_tuple_widen(&wide, host_bits);
			endpoint = mt_registry_get(net, &wide);
		} else {
			endpoint = mt_registry_get(net, tuple);
		}
		if (endpoint)
			return endpoint;
	}
	return NULL;
}

/* ---- changes ---- */

/* Whoever looks for a tuple must find its shape first, and may in vain. */
static void use_shape(struct mt_net *mn, const struct mt_tuple *tuple)
{
	unsigned int set = MT_SHAPE(tuple);

	if (!mn->shape_users[set][tuple->host_bits]++)
		set_bit(tuple->host_bits, mn->shapes[set]);
}

static void leave_shape(struct mt_net *mn, const struct mt_tuple *tuple)
{
	unsigned int set = MT_SHAPE(tuple);

	if (!--mn->shape_users[set][tuple->host_bits])
		clear_bit(tuple->host_bits, mn->shapes[set]);
}

struct mt_endpoint *mt_registry_find_sender(const struct net *net,
					    const struct mt_tuple *tuple)
{
	struct rhlist_head *list;

	list = rhltable_lookup(&mt_net(net)->senders, tuple, sender_params);
	return list ? container_of(list, struct mt_endpoint, sender_node) :
		      NULL;
}

static int add_sender(struct mt_net *mn, struct mt_endpoint *endpoint)
{
	return rhltable_insert(&mn->senders, &endpoint->sender_node,
			       sender_params);
}

static void remove_sender(struct mt_net *mn, struct mt_endpoint *endpoint)
{
	rhltable_remove(&mn->senders, &endpoint->sender_node, sender_params);
}

int mt_registry_add(const struct net *net, struct mt_endpoint *endpoint)
{
	struct mt_net *mn = mt_net(net);
	int err;

	ASSERT_RTNL();

	err = add_sender(mn, endpoint);
	if (err)
		return err;
	use_shape(mn, &endpoint->received);
	err = rhashtable_lookup_insert_fast(&mn->endpoints, &endpoint->node,
					    endpoint_params);
	if (err) {
		leave_shape(mn, &endpoint->received);
		remove_sender(mn, endpoint);
	}
	return err;
}

void mt_registry_remove(const struct net *net, struct mt_endpoint *endpoint)
{
	struct mt_net *mn = mt_net(net);

	ASSERT_RTNL();

	rhashtable_remove_fast(&mn->endpoints, &endpoint->node,
			       endpoint_params);
	leave_shape(mn, &endpoint->received);
	remove_sender(mn, endpoint);
}

int mt_registry_replace(const struct net *net, struct mt_endpoint *old,
			struct mt_endpoint *new)
{
	struct mt_net *mn = mt_net(net);
	int err;

	ASSERT_RTNL();

	if (!memcmp(&old->received, &new->received, sizeof(old->received))) {
		err = add_sender(mn, new);
		if (err)
			return err;
		rhashtable_replace_fast(&mn->endpoints, &old->node, &new->node,
					endpoint_params);
		remove_sender(mn, old);
		return 0;
	}

	/* For a moment both tuples are received: better than neither. */
	err = mt_registry_add(net, new);
	if (!err)
		mt_registry_remove(net, old);
	return err;
}

static int __net_init registry_net_init(struct net *net)
{
	struct mt_net *mn = mt_net(net);
	int err;

	INIT_LIST_HEAD(&mn->links);
	INIT_LIST_HEAD(&mn->tunnels);
	INIT_LIST_HEAD(&mn->clamps);
	xa_init(&mn->devices);
	xa_init_flags(&mn->probes, XA_FLAGS_ALLOC);
	mn->generation = 1;	/* 0 would switch off the check of a dump */
	err = rhashtable_init(&mn->endpoints, &endpoint_params);
	if (err)
		return err;
	err = rhltable_init(&mn->senders, &sender_params);
	if (err)
		rhashtable_destroy(&mn->endpoints);
	return err;
}

static void __net_exit registry_net_exit(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	WARN_ON_ONCE(!list_empty(&mn->tunnels) || !list_empty(&mn->links) ||
		     !list_empty(&mn->clamps) || !xa_empty(&mn->devices) ||
		     !xa_empty(&mn->probes));
	rhltable_destroy(&mn->senders);
	rhashtable_destroy(&mn->endpoints);
}

static struct pernet_operations registry_net_ops = {
	.init = registry_net_init,
	.exit = registry_net_exit,
	.id = &mt_net_id,
	.size = sizeof(struct mt_net),
};

int mt_registry_init(void)
{
	return register_pernet_subsys(&registry_net_ops);
}

void mt_registry_exit(void)
{
	unregister_pernet_subsys(&registry_net_ops);
}
