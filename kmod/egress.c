// SPDX-License-Identifier: GPL-2.0
#include "egress.h"
#include "clamp.h"
#include "compat.h"
#include "filter.h"
#include "link.h"
#include "registry.h"
#include "stats.h"

#include <linux/rtnetlink.h>
#include <linux/slab.h>

/*
 * Behind the rules that others have at the device, and so of what they let
 * through.
 */
#define PRIORITY	1000

/* Never written to after it was published; see struct mt_endpoint. */
struct mt_egress_set {
	struct mt_egress_conf conf;
	struct mt_match match;
	struct rcu_head rcu;
	struct mt_prefix prefixes[];
};

/* ---- packets ---- */

static unsigned int clamp_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	bool leaves = state->hook == MT_NETDEV_EGRESS;
	const struct net_device *dev = leaves ? state->out : state->in;
	const struct mt_egress *egress = priv;
	const struct mt_egress_set *set;
	struct mt_handshake shake;

	if (!mt_clamp_find(skb, &shake))
		return NF_ACCEPT;
	set = rcu_dereference_check(egress->set, rcu_read_lock_bh_held());
	/* The prefixes are those of packets that leave. */
	if (!mt_match_has(&set->match, skb, !leaves))
		return NF_ACCEPT;
	mt_stats_mss(egress->stats,
		     mt_clamp(skb, &shake, set->conf.mss, set->conf.insert,
			      READ_ONCE(dev->mtu)));
	return NF_ACCEPT;
}

/* ---- configuration ---- */

static struct mt_egress_set *set_new(const struct mt_egress_conf *conf)
{
	struct mt_egress_set *set;
	struct mt_prefix *room;

	set = kzalloc(struct_size(set, prefixes, conf->src.n + conf->dst.n),
		      MT_GFP_REQUEST);
	if (!set)
		return NULL;
	if (mt_match_init(&set->match, &conf->src, &conf->dst)) {
		kfree(set);
		return NULL;
	}
	set->conf = *conf;
	room = mt_prefixes_copy(&set->conf.src, set->prefixes, &conf->src);
	mt_prefixes_copy(&set->conf.dst, room, &conf->dst);
	return set;
}

static void set_free(struct mt_egress_set *set)
{
	mt_match_free(&set->match);
	kfree(set);
}

static void set_free_rcu(struct rcu_head *rcu)
{
	set_free(container_of(rcu, struct mt_egress_set, rcu));
}

static struct mt_egress_set *get_set(const struct mt_egress *egress)
{
	return rtnl_dereference(egress->set);
}

const struct mt_egress_conf *mt_egress_conf(const struct mt_egress *egress)
{
	return &get_set(egress)->conf;
}

/* ---- hooks ---- */

static int take_hook(struct mt_egress *egress, struct nf_hook_ops *ops,
		     int hooknum, struct net_device *dev)
{
	int err;

	if (ops->dev)
		return 0;
	if (hooknum < 0)
		return -EOPNOTSUPP;
	*ops = (struct nf_hook_ops) {
		.hook = clamp_hook,
		.priv = egress,
		.pf = NFPROTO_NETDEV,
		.hooknum = hooknum,
		.priority = PRIORITY,
		.dev = dev,
	};
	err = nf_register_net_hook(egress->net, ops);
	if (err)
		ops->dev = NULL;
	return err;
}

static void leave_hook(struct mt_egress *egress, struct nf_hook_ops *ops)
{
	if (!ops->dev)
		return;
	nf_unregister_net_hook(egress->net, ops);
	ops->dev = NULL;
}

static bool wants_out(u8 direction)
{
	return direction != MTUN_CLAMP_DIRECTION_IN;
}

static bool wants_in(u8 direction)
{
	return direction != MTUN_CLAMP_DIRECTION_OUT;
}

static void leave_hooks(struct mt_egress *egress, bool out, bool in)
{
	if (out)
		leave_hook(egress, &egress->out);
	if (in)
		leave_hook(egress, &egress->in);
}

/* Those that @direction needs, beside those that are there. */
static int take_hooks(struct mt_egress *egress, u8 direction,
		      struct net_device *dev)
{
	bool had_out = egress->out.dev;
	int err;

	if (wants_out(direction)) {
		err = take_hook(egress, &egress->out, MT_NETDEV_EGRESS, dev);
		if (err)
			return err;
	}
	if (wants_in(direction)) {
		err = take_hook(egress, &egress->in, NF_NETDEV_INGRESS, dev);
		if (err)
			goto err_leave_out;
	}
	return 0;

err_leave_out:
	if (!had_out)
		leave_hook(egress, &egress->out);
	return err;
}

/* Whether the device is there has changed, or may have. */
static int follow_link(struct mt_egress *egress)
{
	int ifindex = egress->link->ifindex;
	int err;

	if (egress->ifindex == ifindex)
		return 0;
	leave_hooks(egress, true, true);
	egress->ifindex = 0;
	if (!ifindex)
		return 0;
	err = take_hooks(egress, get_set(egress)->conf.direction,
			 __dev_get_by_index(egress->net, ifindex));
	if (!err)
		egress->ifindex = ifindex;
	return err;
}

/* ---- add, set, delete ---- */

struct mt_egress *mt_egress_find(const struct net *net, const char *name)
{
	struct mt_egress *egress;

	ASSERT_RTNL();

	list_for_each_entry(egress, &mt_net(net)->clamps, list)
		if (!strcmp(egress->link->name, name))
			return egress;
	return NULL;
}

static void egress_free(struct rcu_head *rcu)
{
	struct mt_egress *egress = container_of(rcu, struct mt_egress, rcu);

	set_free(rcu_dereference_protected(egress->set, true));
	free_percpu(egress->stats);
	kfree(egress);
}

int mt_egress_add(struct net *net, const char *name,
		  const struct mt_egress_conf *conf)
{
	struct mt_egress *egress;
	struct mt_egress_set *set;
	int err = -ENOMEM;

	ASSERT_RTNL();

	if (mt_egress_find(net, name))
		return -EEXIST;
	egress = kzalloc(sizeof(*egress), GFP_KERNEL_ACCOUNT);
	if (!egress)
		return -ENOMEM;
	egress->net = net;
	set = set_new(conf);
	if (!set)
		goto err_free_egress;
	RCU_INIT_POINTER(egress->set, set);
	egress->stats = mt_stats_alloc();
	if (!egress->stats)
		goto err_free_set;
	egress->link = mt_link_get(net, name);
	if (!egress->link)
		goto err_free_stats;
	err = follow_link(egress);
	if (err) {
		/* One of two hooks may have been there for a moment. */
		mt_link_put(egress->link);
		call_rcu(&egress->rcu, egress_free);
		return err;
	}
	list_add_tail(&egress->list, &mt_net(net)->clamps);
	return 0;

err_free_stats:
	free_percpu(egress->stats);
err_free_set:
	set_free(set);
err_free_egress:
	kfree(egress);
	return err;
}

int mt_egress_set(struct mt_egress *egress, const struct mt_egress_conf *conf)
{
	struct mt_egress_set *old = get_set(egress), *new;
	int err;

	ASSERT_RTNL();

	new = set_new(conf);
	if (!new)
		return -ENOMEM;
	if (egress->link->ifindex) {
		/* Without memory, they may not be there yet. */
		err = take_hooks(egress, conf->direction,
				 __dev_get_by_index(egress->net,
						    egress->link->ifindex));
		if (err) {
			set_free(new);
			return err;
		}
		egress->ifindex = egress->link->ifindex;
		leave_hooks(egress, !wants_out(conf->direction),
			    !wants_in(conf->direction));
	}
	rcu_assign_pointer(egress->set, new);
	call_rcu(&old->rcu, set_free_rcu);
	return 0;
}

void mt_egress_del(struct mt_egress *egress)
{
	ASSERT_RTNL();

	list_del(&egress->list);
	leave_hooks(egress, true, true);
	mt_link_put(egress->link);
	call_rcu(&egress->rcu, egress_free);
}

/* ---- devices and namespaces that come and go ---- */

/* Called after link.c, which has registered before, and knows by now. */
static int egress_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct mt_egress *egress;
	int err;

	if (mt_is_told_again(dev))
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
	case NETDEV_UNREGISTER:
		break;
	default:
		return NOTIFY_DONE;
	}
	list_for_each_entry(egress, &mt_net(dev_net(dev))->clamps, list) {
		err = follow_link(egress);
		if (err)
			netdev_warn(dev, "the MSS clamp cannot be set up: error %d\n",
				    err);
	}
	return NOTIFY_DONE;
}

static struct notifier_block egress_notifier = {
	.notifier_call = egress_event,
	.priority = MT_NOTIFIER_PRIORITY,
};

static void __net_exit egress_net_exit(struct net *net)
{
	struct mt_egress *egress, *next;

	rtnl_lock();
	list_for_each_entry_safe(egress, next, &mt_net(net)->clamps, list)
		mt_egress_del(egress);
	rtnl_unlock();
}

static struct pernet_operations egress_net_ops = {
	.exit = egress_net_exit,
};

int mt_egress_init(void)
{
	int err;

	err = register_pernet_subsys(&egress_net_ops);
	if (err)
		return err;
	err = register_netdevice_notifier(&egress_notifier);
	if (err)
		unregister_pernet_subsys(&egress_net_ops);
	return err;
}

/* For as long as there is a clamp we have to be told when its device goes. */
void mt_egress_exit(void)
{
	unregister_pernet_subsys(&egress_net_ops);
	unregister_netdevice_notifier(&egress_notifier);
}
