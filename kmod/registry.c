// SPDX-License-Identifier: GPL-2.0
#include "registry.h"
#include "prefix.h"

#include <linux/rtnetlink.h>
#include <net/netns/generic.h>

static unsigned int mt_net_id __read_mostly;

/* ---- hash tables ---- */

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
				 mt_endpoint_params);
}

struct mt_endpoint *mt_lookup_wide(struct mt_net *mn,
				   const struct mt_tuple *tuple)
{
	const unsigned long *shapes = mn->shapes[MT_SHAPE(tuple)];
	unsigned int host_bits = 1;
	struct mt_endpoint *endpoint;

	for_each_set_bit_from(host_bits, shapes, MT_SHAPES) {
		struct mt_tuple wide = *tuple;

		mt_tuple_widen(&wide, host_bits);
		endpoint = rhashtable_lookup(&mn->endpoints, &wide,
					     mt_endpoint_params);
		if (endpoint)
			return endpoint;
	}
	return NULL;
}

/* ---- changes ---- */

/*
 * Whoever looks for a tuple must find its shape first, and may in vain. There is but
 * one of ESP, which nobody has to look for.
 */
static void use_shape(struct mt_net *mn, const struct mt_tuple *tuple)
{
	unsigned int set = MT_SHAPE(tuple);

	if (tuple->mode == MTUN_MODE_GRE &&
	    !mn->shape_users[set][tuple->host_bits]++)
		set_bit(tuple->host_bits, mn->shapes[set]);
}

static void leave_shape(struct mt_net *mn, const struct mt_tuple *tuple)
{
	unsigned int set = MT_SHAPE(tuple);

	if (tuple->mode == MTUN_MODE_GRE &&
	    !--mn->shape_users[set][tuple->host_bits])
		clear_bit(tuple->host_bits, mn->shapes[set]);
}

struct rhlist_head *mt_registry_senders(const struct net *net,
					const struct mt_tuple *tuple)
{
	return rhltable_lookup(&mt_net(net)->senders, tuple, sender_params);
}

bool mt_registry_guards(const struct net *net, const struct mt_tuple *tuple)
{
	struct rhlist_head *list = mt_registry_senders(net, tuple), *head;
	struct mt_endpoint *endpoint;

	rhl_for_each_entry_rcu(endpoint, head, list, sender_node)
		if (endpoint->conf.ipsec == MTUN_IPSEC_REQUIRED)
			return true;
	return false;
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
					    mt_endpoint_params);
	if (err) {
		leave_shape(mn, &endpoint->received);
		remove_sender(mn, endpoint);
		/* Who has found it meanwhile uses the tunnel, which may end now. */
		synchronize_net();
	}
	return err;
}

void mt_registry_remove(const struct net *net, struct mt_endpoint *endpoint)
{
	struct mt_net *mn = mt_net(net);

	ASSERT_RTNL();

	rhashtable_remove_fast(&mn->endpoints, &endpoint->node,
			       mt_endpoint_params);
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
					mt_endpoint_params);
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

	mn->net = net;
	INIT_LIST_HEAD(&mn->links);
	INIT_LIST_HEAD(&mn->tunnels);
	INIT_LIST_HEAD(&mn->clamps);
	xa_init(&mn->devices);
	xa_init_flags(&mn->probes, XA_FLAGS_ALLOC);
	mn->generation = 1;	/* 0 would switch off the check of a dump */
	err = rhashtable_init(&mn->endpoints, &mt_endpoint_params);
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

/*
 * What xfrm makes of routes is freed in two steps, in the second one of which the IP
 * layers of the namespace, which are about to end, miss a route.
 */
static void __net_exit registry_net_exit_batch(struct list_head *nets)
{
	rcu_barrier();
}

static struct pernet_operations registry_net_ops = {
	.init = registry_net_init,
	.exit = registry_net_exit,
	.exit_batch = registry_net_exit_batch,
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
