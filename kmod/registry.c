// SPDX-License-Identifier: GPL-2.0
#include "registry.h"

#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <net/netns/generic.h>

static unsigned int mt_net_id __read_mostly;

static const struct rhashtable_params endpoint_params = {
	.head_offset = offsetof(struct mt_endpoint, node),
	.key_offset = offsetof(struct mt_endpoint, tuple),
	.key_len = sizeof(struct mt_tuple),
	.automatic_shrinking = true,
};

struct mt_net *mt_net(const struct net *net)
{
	return net_generic(net, mt_net_id);
}

struct mt_endpoint *mt_registry_find(const struct net *net,
				     const struct mt_tuple *tuple)
{
	return rhashtable_lookup(&mt_net(net)->endpoints, tuple,
				 endpoint_params);
}

int mt_registry_add(const struct net *net, struct mt_endpoint *endpoint)
{
	ASSERT_RTNL();

	return rhashtable_lookup_insert_fast(&mt_net(net)->endpoints,
					     &endpoint->node, endpoint_params);
}

void mt_registry_remove(const struct net *net, struct mt_endpoint *endpoint)
{
	ASSERT_RTNL();

	rhashtable_remove_fast(&mt_net(net)->endpoints, &endpoint->node,
			       endpoint_params);
}

int mt_registry_replace(const struct net *net, struct mt_endpoint *old,
			struct mt_endpoint *new)
{
	int err;

	ASSERT_RTNL();

	if (!memcmp(&old->tuple, &new->tuple, sizeof(old->tuple)))
		return rhashtable_replace_fast(&mt_net(net)->endpoints,
					       &old->node, &new->node,
					       endpoint_params);

	/* For a moment both tuples are received: better than neither. */
	err = mt_registry_add(net, new);
	if (!err)
		mt_registry_remove(net, old);
	return err;
}

static int __net_init registry_net_init(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	INIT_LIST_HEAD(&mn->tunnels);
	xa_init(&mn->devices);
	mn->generation = 1;	/* 0 would switch off the check of a dump */
	return rhashtable_init(&mn->endpoints, &endpoint_params);
}

static void __net_exit registry_net_exit(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	WARN_ON_ONCE(!list_empty(&mn->tunnels) || !xa_empty(&mn->devices));
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
