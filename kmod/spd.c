// SPDX-License-Identifier: GPL-2.0
#include "spd.h"

#include <net/xfrm.h>

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

static void count(struct mt_net *mn, const struct xfrm_policy *policy, int by)
{
	unsigned long number;
	void *entry = NULL;

	number = number_of(mn, policy->if_id, policy->family) + by;
	if (number)
		entry = xa_mk_value(number);
	if (xa_is_err(xa_store(numbers(mn, policy->family), policy->if_id, entry,
			       GFP_ATOMIC)))
		WRITE_ONCE(mn->policies_known, false);
}

/*
 * One that replaces another one takes over its index, its if_id and what it selects, and
 * nobody says that the other one is gone.
 */
static void add(struct mt_net *mn, struct xfrm_policy *policy, int dir)
{
	void *old;

	lockdep_assert_held(&mn->policy_lock);

	if (dir != XFRM_POLICY_OUT || !policy->if_id)
		return;
	old = xa_store(&mn->policies, policy->index, policy, GFP_ATOMIC);
	if (xa_is_err(old))
		WRITE_ONCE(mn->policies_known, false);
	else if (!old)
		count(mn, policy, 1);
}

static void drop(struct mt_net *mn, const struct xfrm_policy *policy)
{
	lockdep_assert_held(&mn->policy_lock);

	if (xa_load(&mn->policies, policy->index) != policy)
		return;
	xa_erase(&mn->policies, policy->index);
	count(mn, policy, -1);
}

static int add_found(struct xfrm_policy *policy, int dir, int number, void *mn)
{
	add(mn, policy, dir);
	return 0;
}

static void forget(struct mt_net *mn)
{
	xa_destroy(&mn->policies);
	xa_destroy(&mn->policy_numbers[0]);
	xa_destroy(&mn->policy_numbers[1]);
}

static void count_all(struct net *net, struct mt_net *mn)
{
	struct xfrm_policy_walk walk;

	lockdep_assert_held(&mn->policy_lock);

	forget(mn);
	WRITE_ONCE(mn->policies_known, true);
	xfrm_policy_walk_init(&walk, XFRM_POLICY_TYPE_ANY);
	xfrm_policy_walk(net, &walk, add_found, mn);
	xfrm_policy_walk_done(&walk, net);
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

static int on_policy(struct xfrm_policy *policy, int dir,
		     const struct km_event *event)
{
	struct net *net = policy ? xp_net(policy) : event->net;
	struct mt_net *mn = mt_net(net);

	spin_lock_bh(&mn->policy_lock);
	if (!mn->policies_watched)
		goto out;
	switch (event->event) {
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
		add(mn, policy, dir);
		break;
	case XFRM_MSG_POLEXPIRE:
		if (!event->data.hard)
			goto out;
		fallthrough;
	case XFRM_MSG_DELPOLICY:
		drop(mn, policy);
		break;
	case XFRM_MSG_FLUSHPOLICY:
		count_all(net, mn);
		break;
	default:
		goto out;
	}
	changed(mn);
out:
	spin_unlock_bh(&mn->policy_lock);
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
	forget(mt_net(net));
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
