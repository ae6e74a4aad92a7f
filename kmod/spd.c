// SPDX-License-Identifier: GPL-2.0
#include "spd.h"
#include "selector.h"

#include <linux/list_sort.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/xfrm.h>

/* How long until memory is asked for again that there was not */
#define AGAIN	HZ

/*
 * struct entry - a policy, as far as we ask for it
 * @policy: it may be gone: then nobody has said so
 * @index: its number, which the one that replaces it takes over
 * @received: it is for what is received, and in a gate
 */
struct entry {
	const struct xfrm_policy *policy;
	u32 index;
	u32 if_id;
	u8 family;
	bool received;
	bool allows;
	u32 priority;
	struct xfrm_mark mark;
	struct xfrm_selector sel;
	struct list_head node;
	struct rcu_head rcu;
};

/* Those for what is received by one if_id and IP version, see place() for their order */
struct gate {
	struct list_head entries;
	struct rcu_head rcu;
};

static struct xarray *numbers(struct mt_net *mn, u8 family)
{
	return &mn->policy_numbers[family == AF_INET6];
}

static struct xarray *gates(struct mt_net *mn, u8 family)
{
	return &mn->policy_gates[family == AF_INET6];
}

static u8 other(u8 family)
{
	return family == AF_INET ? AF_INET6 : AF_INET;
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

static bool ask(struct mt_net *mn, const struct flowi *fl, u32 if_id, u8 family)
{
	const struct gate *gate = xa_load(gates(mn, family), if_id);
	const struct entry *entry;

	/* Those for one IP version are not for the other, and say so. */
	if (!gate)
		return !xa_load(gates(mn, other(family)), if_id);
	list_for_each_entry_rcu(entry, &gate->entries, node)
		if ((fl->flowi_mark & entry->mark.m) == entry->mark.v &&
		    mt_selects(&entry->sel, fl, family))
			return entry->allows;
	return false;
}

bool mt_spd_takes(struct mt_net *mn, const struct flowi *fl, u32 if_id,
		  u8 family)
{
	u32 changes;
	bool takes;

	/* What is looked for anew is gone for a moment, see count_all(). */
	do {
		/* ahead of what is looked at, as in mt_spd_changes() */
		changes = smp_load_acquire(&mn->policy_changes);
		takes = READ_ONCE(mn->policies_known) &&
			ask(mn, fl, if_id, family);
		smp_rmb();	/* all of that ahead of the next one */
	} while (changes != READ_ONCE(mn->policy_changes));
	return takes;
}

static void changed(struct mt_net *mn)
{
	lockdep_assert_held(&mn->policy_lock);

	/* behind what has changed, see mt_spd_changes() */
	smp_store_release(&mn->policy_changes, mn->policy_changes + 1);
}

static void set_known(struct mt_net *mn, bool known)
{
	lockdep_assert_held(&mn->policy_lock);

	if (known == mn->policies_known)
		return;
	WRITE_ONCE(mn->policies_known, known);
	WRITE_ONCE(mn->policies_narrow, mn->policies_narrow + (known ? -1 : 1));
}

/* To take one away needs no memory. */
static int count(struct mt_net *mn, const struct entry *entry, int by)
{
	unsigned long number = number_of(mn, entry->if_id, entry->family) + by;

	return xa_err(xa_store(numbers(mn, entry->family), entry->if_id,
			       number ? xa_mk_value(number) : NULL,
			       GFP_ATOMIC));
}

static bool is_narrow(const struct entry *entry)
{
	return !entry->allows || entry->mark.m || entry->mark.v ||
	       !mt_selects_any(&entry->sel);
}

/*
 * Which one is to be asked first: < 0 if that is @a. Of equal ones, those that block:
 * which of them xfrm asks first depends on its version, on the length of their prefixes,
 * and on which one was changed when.
 */
static int compare(const struct entry *a, const struct entry *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return a->allows - b->allows;
}

/* Behind which one. What comes in that order is where it belongs at once. */
static struct list_head *place(struct gate *gate, const struct entry *entry)
{
	struct entry *last;

	list_for_each_entry_reverse(last, &gate->entries, node)
		if (compare(last, entry) <= 0)
			break;
	return &last->node;
}

/*
 * How much narrower it is with an entry, which may be the @first of its gate: a gate for
 * one IP version alone closes the other one.
 */
static int narrowed(struct mt_net *mn, const struct entry *entry, bool first)
{
	int by = is_narrow(entry);

	if (first)
		by += xa_load(gates(mn, other(entry->family)), entry->if_id) ?
		      -1 : 1;
	return by;
}

/* At once: it must not be 0 for a moment between two numbers that are not. */
static void count_narrow(struct mt_net *mn, int by)
{
	WRITE_ONCE(mn->policies_narrow, mn->policies_narrow + by);
}

static int gate_add(struct mt_net *mn, struct entry *entry)
{
	struct xarray *all = gates(mn, entry->family);
	struct gate *gate = xa_load(all, entry->if_id);
	int by = narrowed(mn, entry, !gate);
	int err;

	if (!gate) {
		gate = kmalloc(sizeof(*gate), GFP_ATOMIC);
		if (!gate)
			return -ENOMEM;
		INIT_LIST_HEAD(&gate->entries);
		list_add_rcu(&entry->node, &gate->entries);
		err = xa_err(xa_store(all, entry->if_id, gate, GFP_ATOMIC));
		if (err) {
			kfree(gate);
			return err;
		}
	} else {
		list_add_rcu(&entry->node, place(gate, entry));
	}
	count_narrow(mn, by);
	return 0;
}

static void gate_remove(struct mt_net *mn, struct entry *entry)
{
	struct xarray *all = gates(mn, entry->family);
	struct gate *gate = xa_load(all, entry->if_id);
	bool last = list_is_singular(&gate->entries);

	if (last) {
		xa_erase(all, entry->if_id);
		kfree_rcu(gate, rcu);
	} else {
		list_del_rcu(&entry->node);
	}
	count_narrow(mn, -narrowed(mn, entry, last));
}

static int insert(struct mt_net *mn, struct entry *entry)
{
	return entry->received ? gate_add(mn, entry) : count(mn, entry, 1);
}

static void discard(struct mt_net *mn, struct entry *entry)
{
	if (entry->received)
		gate_remove(mn, entry);
	else
		count(mn, entry, -1);
	kfree_rcu(entry, rcu);
}

static void forget(struct mt_net *mn, unsigned long index)
{
	struct entry *entry = xa_erase(&mn->policies, index);

	if (entry)
		discard(mn, entry);
}

static void forget_all(struct mt_net *mn)
{
	struct entry *entry;
	unsigned long index;

	xa_for_each(&mn->policies, index, entry)
		forget(mn, index);
}

/* Of a socket's, and of one for no device, we know nothing. */
static bool is_ours(const struct xfrm_policy *policy, int dir)
{
	return dir <= XFRM_POLICY_FWD && policy->if_id;
}

static struct entry *entry_of(const struct xfrm_policy *policy, int dir)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_ATOMIC);

	if (!entry)
		return NULL;
	entry->policy = policy;
	entry->index = policy->index;
	entry->if_id = policy->if_id;
	entry->family = policy->family;
	entry->received = dir != XFRM_POLICY_OUT;
	entry->allows = policy->action == XFRM_POLICY_ALLOW;
	entry->priority = policy->priority;
	entry->mark = policy->mark;
	entry->sel = policy->selector;
	return entry;
}

/*
 * One that replaces another one takes over its index, and nobody says that the other
 * one is gone. It goes last, so that there is always one of them. Consumes the entry.
 */
static int publish(struct mt_net *mn, struct entry *entry)
{
	struct entry *old = xa_load(&mn->policies, entry->index);
	int err;

	err = insert(mn, entry);
	if (err)
		goto err_free_entry;
	err = xa_err(xa_store(&mn->policies, entry->index, entry, GFP_ATOMIC));
	if (err)
		goto err_discard_entry;
	if (old)
		discard(mn, old);
	return 0;

err_discard_entry:
	discard(mn, entry);
	return err;
err_free_entry:
	kfree(entry);
	return err;
}

static int add(struct mt_net *mn, const struct xfrm_policy *policy, int dir)
{
	struct entry *entry;

	lockdep_assert_held(&mn->policy_lock);

	/* One that is dead already is announced behind its end. */
	if (!is_ours(policy, dir) || READ_ONCE(policy->walk.dead)) {
		if (dir <= XFRM_POLICY_FWD)
			forget(mn, policy->index);
		return 0;
	}
	entry = entry_of(policy, dir);
	return entry ? publish(mn, entry) : -ENOMEM;
}

static void drop(struct mt_net *mn, const struct xfrm_policy *policy)
{
	const struct entry *entry;

	lockdep_assert_held(&mn->policy_lock);

	entry = xa_load(&mn->policies, policy->index);
	if (entry && entry->policy == policy)
		forget(mn, policy->index);
}

static int find(struct xfrm_policy *policy, int dir, int number, void *found)
{
	struct entry *entry;

	if (!is_ours(policy, dir))
		return 0;
	entry = entry_of(policy, dir);
	if (!entry)
		return -ENOMEM;
	list_add_tail(&entry->node, (struct list_head *)found);
	return 0;
}

static int compare_nodes(void *priv, const struct list_head *a,
			 const struct list_head *b)
{
	return compare(list_entry(a, struct entry, node),
		       list_entry(b, struct entry, node));
}

/* In order, so that to find the place of each is no search among all before it */
static int add_all(struct mt_net *mn, struct list_head *found)
{
	struct entry *entry, *next;
	int err = 0;

	list_sort(NULL, found, compare_nodes);
	list_for_each_entry_safe(entry, next, found, node) {
		if (err)
			kfree(entry);
		else
			err = publish(mn, entry);
	}
	return err;
}

/* What is not known now is asked for again: until then nothing is received. */
static void incomplete(struct mt_net *mn)
{
	set_known(mn, false);
	schedule_delayed_work(&mn->policies_again, AGAIN);
}

static void count_all(struct net *net, struct mt_net *mn)
{
	struct xfrm_policy_walk walk;
	LIST_HEAD(found);
	int err, left;

	lockdep_assert_held(&mn->policy_lock);

	set_known(mn, false);
	changed(mn);	/* whoever finds one now does not know yet of the next */
	smp_wmb();	/* ... or misses one, in mt_spd_takes() */
	forget_all(mn);
	xfrm_policy_walk_init(&walk, XFRM_POLICY_TYPE_ANY);
	err = xfrm_policy_walk(net, &walk, find, &found);
	xfrm_policy_walk_done(&walk, net);
	left = add_all(mn, &found);
	if ((err && err != -ENOENT) || left)
		incomplete(mn);
	else
		set_known(mn, true);
	changed(mn);
}

static void count_again(struct work_struct *work)
{
	struct mt_net *mn = container_of(to_delayed_work(work), struct mt_net,
					 policies_again);

	spin_lock_bh(&mn->policy_lock);
	if (mn->policies_watched && !mn->policies_known)
		count_all(mn->net, mn);
	spin_unlock_bh(&mn->policy_lock);
}

void mt_spd_watch(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	ASSERT_RTNL();

	spin_lock_bh(&mn->policy_lock);
	if (!mn->policies_watched) {
		mn->policies_watched = true;
		count_all(net, mn);
	}
	spin_unlock_bh(&mn->policy_lock);
}

void mt_spd_recount(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	spin_lock_bh(&mn->policy_lock);
	if (mn->policies_watched)
		count_all(net, mn);
	spin_unlock_bh(&mn->policy_lock);
}

/* ---- what xfrm says ---- */

static void take(struct net *net, struct mt_net *mn,
		 const struct xfrm_policy *policy, int dir, u32 event)
{
	int err = 0;

	if (event == XFRM_MSG_FLUSHPOLICY || !mn->policies_known) {
		count_all(net, mn);
		return;
	}
	if (event == XFRM_MSG_NEWPOLICY || event == XFRM_MSG_UPDPOLICY)
		err = add(mn, policy, dir);
	else
		drop(mn, policy);
	if (err)
		incomplete(mn);
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
	xa_init(&mn->policy_gates[0]);
	xa_init(&mn->policy_gates[1]);
	INIT_DELAYED_WORK(&mn->policies_again, count_again);
	mn->policies_narrow = 1;
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
	cancel_delayed_work_sync(&mn->policies_again);
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
