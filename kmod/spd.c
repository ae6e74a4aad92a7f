// SPDX-License-Identifier: GPL-2.0
#include "spd.h"

#include <linux/slab.h>
#include <net/xfrm.h>

/* The policy may be gone: then nobody has said so. */
struct entry {
	const struct xfrm_policy *policy;
	u32 if_id;
	u8 family;
};

static struct xarray *numbers(struct mt_net *mn, u8 family)
{
	return &mn->policy_numbers[family == AF_INET6];
}

static unsigned long number_of(struct mt_net *mn, u32 if_id, u8 family)
{
	void *number = xa_load(numbers(mn, family), if_id);

	return number ? xa_to_value(number) : 0;
}

bool mt_spd_single(struct mt_net *mn, u32 if_id, u8 family)
{
	return READ_ONCE(mn->policies_known) &&
	       number_of(mn, if_id, family) == 1;
}

static void changed(struct mt_net *mn)
{
	lockdep_assert_held(&mn->policy_lock);

	/* behind what has changed, see mt_spd_changes() */
	smp_store_release(&mn->policy_changes, mn->policy_changes + 1);
}

/* To take one away needs no memory. */
static int count(struct mt_net *mn, const struct entry *entry, int by)
{
	unsigned long number = number_of(mn, entry->if_id, entry->family) + by;

	return xa_err(xa_store(numbers(mn, entry->family), entry->if_id,
			       number ? xa_mk_value(number) : NULL,
			       GFP_ATOMIC));
}

static void forget(struct mt_net *mn, unsigned long index)
{
	struct entry *entry = xa_erase(&mn->policies, index);

	if (entry)
		count(mn, entry, -1);
	kfree(entry);
}

static void forget_all(struct mt_net *mn)
{
	struct entry *entry;
	unsigned long index;

	xa_for_each(&mn->policies, index, entry)
		kfree(entry);
	xa_destroy(&mn->policies);
	xa_destroy(&mn->policy_numbers[0]);
	xa_destroy(&mn->policy_numbers[1]);
}

/*
 * One that replaces another one takes over its index, and nobody says that the other
 * one is gone.
 */
static int add(struct mt_net *mn, const struct xfrm_policy *policy, int dir)
{
	struct entry *entry;
	int err;

	lockdep_assert_held(&mn->policy_lock);

	if (dir != XFRM_POLICY_OUT)
		return 0;
	forget(mn, policy->index);
	if (!policy->if_id)
		return 0;
	entry = kmalloc(sizeof(*entry), GFP_ATOMIC);
	if (!entry)
		return -ENOMEM;
	entry->policy = policy;
	entry->if_id = policy->if_id;
	entry->family = policy->family;
	err = count(mn, entry, 1);
	if (err)
		goto err_free_entry;
	err = xa_err(xa_store(&mn->policies, policy->index, entry, GFP_ATOMIC));
	if (err)
		goto err_count;
	return 0;

err_count:
	count(mn, entry, -1);
err_free_entry:
	kfree(entry);
	return err;
}

static void drop(struct mt_net *mn, const struct xfrm_policy *policy)
{
	const struct entry *entry;

	lockdep_assert_held(&mn->policy_lock);

	entry = xa_load(&mn->policies, policy->index);
	if (entry && entry->policy == policy)
		forget(mn, policy->index);
}

static int add_found(struct xfrm_policy *policy, int dir, int number, void *mn)
{
	return add(mn, policy, dir);
}

static void count_all(struct net *net, struct mt_net *mn)
{
	struct xfrm_policy_walk walk;
	int err;

	lockdep_assert_held(&mn->policy_lock);

	WRITE_ONCE(mn->policies_known, false);
	changed(mn);	/* whoever finds one now does not know yet of the next */
	forget_all(mn);
	xfrm_policy_walk_init(&walk, XFRM_POLICY_TYPE_ANY);
	err = xfrm_policy_walk(net, &walk, add_found, mn);
	xfrm_policy_walk_done(&walk, net);
	WRITE_ONCE(mn->policies_known, !err || err == -ENOENT);
}

void mt_spd_watch(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	ASSERT_RTNL();

	spin_lock_bh(&mn->policy_lock);
	if (!mn->policies_watched) {
		mn->policies_watched = true;
		count_all(net, mn);
		changed(mn);
	}
	spin_unlock_bh(&mn->policy_lock);
}

/* ---- what xfrm says ---- */

static void take(struct net *net, struct mt_net *mn,
		 const struct xfrm_policy *policy, int dir, u32 event)
{
	int err = 0;

	if (event == XFRM_MSG_FLUSHPOLICY || !mn->policies_known)
		count_all(net, mn);
	else if (event == XFRM_MSG_NEWPOLICY || event == XFRM_MSG_UPDPOLICY)
		err = add(mn, policy, dir);
	else
		drop(mn, policy);
	if (err)
		WRITE_ONCE(mn->policies_known, false);
	changed(mn);
}

static int on_policy(struct xfrm_policy *policy, int dir,
		     const struct km_event *event)
{
	struct net *net = policy ? xp_net(policy) : event->net;
	struct mt_net *mn = mt_net(net);

	switch (event->event) {
	case XFRM_MSG_POLEXPIRE:
		if (!event->data.hard)
			break;
		fallthrough;
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
	case XFRM_MSG_DELPOLICY:
	case XFRM_MSG_FLUSHPOLICY:
		spin_lock_bh(&mn->policy_lock);
		if (mn->policies_watched)
			take(net, mn, policy, dir, event->event);
		spin_unlock_bh(&mn->policy_lock);
	}
	return 0;
}

/*
 * A bundle ends when a state comes that is chosen in the place of its own; but not if
 * that came after the choice, and before the bundle was done.
 */
static int on_state(struct xfrm_state *x, const struct km_event *event)
{
	struct mt_tuple tuple = { .mode = MTUN_MODE_IPSEC };
	struct mt_endpoint *ep;

	if ((event->event != XFRM_MSG_NEWSA && event->event != XFRM_MSG_UPDSA) ||
	    !x->if_id)
		return 0;
	tuple.key = cpu_to_be32(x->if_id);
	rcu_read_lock();
	ep = mt_registry_get(xs_net(x), &tuple);
	if (ep) {
		smp_mb__before_atomic();	/* behind the state, as above */
		atomic_inc(&ep->tunnel->state_changes);
	}
	rcu_read_unlock();
	return 0;
}

/* xfrm asks everybody for these two, whether they have it or not. */

static int acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl,
		   struct xfrm_policy *policy)
{
	return -EOPNOTSUPP;
}

static struct xfrm_policy *compile_policy(struct sock *sk, int option, u8 *data,
					  int len, int *dir)
{
	*dir = -EINVAL;
	return NULL;
}

static struct xfrm_mgr manager = {
	.notify = on_state,
	.notify_policy = on_policy,
	.acquire = acquire,
	.compile_policy = compile_policy,
};

static int __net_init spd_net_init(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	spin_lock_init(&mn->policy_lock);
	xa_init(&mn->policies);
	xa_init(&mn->policy_numbers[0]);
	xa_init(&mn->policy_numbers[1]);
	return 0;
}

static void __net_exit spd_net_exit(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	/* Policies may still expire. */
	spin_lock_bh(&mn->policy_lock);
	mn->policies_watched = false;
	forget_all(mn);
	spin_unlock_bh(&mn->policy_lock);
}

static struct pernet_operations spd_net_ops = {
	.init = spd_net_init,
	.exit = spd_net_exit,
};

int mt_spd_init(void)
{
	int err = register_pernet_subsys(&spd_net_ops);

	if (!err)
		xfrm_register_km(&manager);
	return err;
}

void mt_spd_exit(void)
{
	xfrm_unregister_km(&manager);
	unregister_pernet_subsys(&spd_net_ops);
}
