// SPDX-License-Identifier: GPL-2.0
#include "link.h"
#include "registry.h"

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

static struct mt_link *find_name(struct mt_net *mn, const char *name)
{
	struct mt_link *link;

	list_for_each_entry(link, &mn->links, node)
		if (!strcmp(link->name, name))
			return link;
	return NULL;
}

static struct mt_link *find_device(struct mt_net *mn, int ifindex)
{
	struct mt_link *link;

	list_for_each_entry(link, &mn->links, node)
		if (link->ifindex == ifindex)
			return link;
	return NULL;
}

struct mt_link *mt_link_get(struct net *net, const char *name)
{
	struct mt_net *mn = mt_net(net);
	struct net_device *dev;
	struct mt_link *link;

	ASSERT_RTNL();

	link = find_name(mn, name);
	if (link) {
		link->users++;
		return link;
	}

	link = kzalloc(sizeof(*link), GFP_KERNEL_ACCOUNT);
	if (!link)
		return NULL;
	strscpy(link->name, name, sizeof(link->name));
	dev = __dev_get_by_name(net, name);
	/* It may have others (altname), which nobody is told of. */
	if (dev && !strcmp(dev->name, name))
		link->ifindex = dev->ifindex;
	link->users = 1;
	list_add_tail(&link->node, &mn->links);
	return link;
}

void mt_link_put(struct mt_link *link)
{
	ASSERT_RTNL();

	if (!link || --link->users)
		return;
	list_del(&link->node);
	kfree_rcu(link, rcu);
}

/*
 * A device that has or gets the name of a link that waits becomes that link, and
 * another link that it was waits. Else a link that has its device follows it, whatever
 * that is called.
 */
static void link_appears(struct mt_net *mn, const struct net_device *dev)
{
	struct mt_link *before = find_device(mn, dev->ifindex);
	struct mt_link *named = find_name(mn, dev->name);

	if (named == before)
		return;
	if (!named) {
		strscpy(before->name, dev->name, sizeof(before->name));
		return;
	}
	if (before) {
		WRITE_ONCE(before->ifindex, 0);
		/* It may be up meanwhile: its ways do not end by themselves. */
		rt_genid_bump_all(dev_net(dev));
	}
	WRITE_ONCE(named->ifindex, dev->ifindex);
}

static void link_disappears(struct mt_net *mn, const struct net_device *dev)
{
	struct mt_link *link = find_device(mn, dev->ifindex);

	if (link)
		WRITE_ONCE(link->ifindex, 0);
}

static int link_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct mt_net *mn = mt_net(dev_net(dev));

	if (mt_is_told_again(dev))
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
		link_appears(mn, dev);
		break;
	case NETDEV_UNREGISTER:
		link_disappears(mn, dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block link_notifier = {
	.notifier_call = link_event,
	.priority = MT_NOTIFIER_PRIORITY,
};

int mt_link_init(void)
{
	return register_netdevice_notifier(&link_notifier);
}

void mt_link_exit(void)
{
	unregister_netdevice_notifier(&link_notifier);
}
