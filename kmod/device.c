// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "attrs.h"
#include "compat.h"
#include "conf.h"
#include "encap.h"
#include "endpoint.h"
#include "family.h"
#include "filter.h"
#include "link.h"
#include "mtu.h"
#include "probe.h"
#include "registry.h"
#include "rx.h"
#include "stats.h"

#include <linux/if_arp.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>

static const struct net_device_ops device_ops;
static struct rtnl_link_ops link_ops;

static struct mt_endpoint *endpoint(const struct mt_tunnel *tunnel)
{
	return rtnl_dereference(tunnel->endpoint);
}

/* ---- MTU ---- */

static unsigned int path_mtu(struct mt_tunnel *tunnel, struct mt_endpoint *ep)
{
	struct dst_entry *dst;
	unsigned int mtu;

	local_bh_disable();	/* the route cache is per CPU */
	dst = ep->family->route(tunnel->net, ep);
	local_bh_enable();
	if (IS_ERR(dst))
		return 0;
	mtu = dst->dev == tunnel->dev ? 0 : dst_mtu(dst);
	dst_release(dst);
	return mtu;
}

static void set_limits(struct net_device *dev, const struct mt_conf *conf)
{
	dev->min_mtu = MT_MTU_MIN;
	dev->max_mtu = mt_mtu_max(conf);
	/* for Ethernet; encap learns what else there is */
	WRITE_ONCE(dev->needed_headroom,
		   ALIGN(ETH_HLEN, HH_DATA_MOD) + mt_overhead(conf));
}

static int refuse(struct mt_refusal *refusal, int err, u16 attr,
		  const char *text)
{
	refusal->attr = attr;
	refusal->text = text;
	return err;
}

static int check_mtu(const struct mt_conf *conf, unsigned int mtu,
		     struct mt_refusal *refusal)
{
	const char *text;

	text = mtu == MT_MTU_AUTO ? NULL : mt_mtu_check(conf, mtu);
	if (!text)
		return 0;
	return refuse(refusal, -EINVAL, MTUN_A_TUNNEL_MTU, text);
}

/* ---- what a configuration asks of the rest of the world ---- */

/*
 * One attribute of those that make up a tuple which is taken. Of a tunnel that
 * exists it is one that changes, because that is in the request.
 */
static u16 tuple_attr(const struct mt_conf *old, const struct mt_conf *new)
{
	if (new->accept.family && (!old || memcmp(&old->accept, &new->accept,
						  sizeof(old->accept))))
		return MTUN_A_TUNNEL_ACCEPT;
	if (!old || memcmp(&old->remote, &new->remote, sizeof(old->remote)))
		return MTUN_A_TUNNEL_REMOTE;
	if (memcmp(&old->local, &new->local, sizeof(old->local)))
		return MTUN_A_TUNNEL_LOCAL;
	return new->iflags & MTUN_GRE_FLAG_KEY ? MTUN_A_TUNNEL_IKEY :
						 MTUN_A_TUNNEL_IFLAGS;
}

static int check_world(struct net *net, const struct mt_endpoint *old,
		       const struct mt_conf *conf,
		       struct mt_refusal *refusal)
{
	struct mt_endpoint *twin;
	struct mt_tuple tuple;
	u16 attr;

	mt_conf_received(conf, &tuple);
	rcu_read_lock();
	twin = mt_registry_get(net, &tuple);
	rcu_read_unlock();
	if (!twin || twin == old)
		return 0;
	attr = tuple_attr(old ? &old->conf : NULL, conf);
	return refuse(refusal, -EEXIST, attr, attr == MTUN_A_TUNNEL_ACCEPT ?
		      "accept, local and ikey are taken by another tunnel" :
		      "local, remote and ikey are taken by another tunnel");
}

/* ---- netdevice ---- */

static int device_init(struct net_device *dev)
{
	struct mt_tunnel *tunnel = netdev_priv(dev);
	struct mt_net *mn = mt_net(tunnel->net);
	int err;

	tunnel->stats = mt_stats_alloc();
	if (!tunnel->stats)
		return -ENOMEM;

	err = gro_cells_init(&tunnel->gro_cells, dev);
	if (err)
		goto err_free_stats;

	if (list_empty(&mn->tunnels)) {
		err = mt_rx_start(tunnel->net);
		if (err)
			goto err_destroy_gro_cells;
	}

	err = mt_registry_add(tunnel->net, endpoint(tunnel));
	if (err)
		goto err_stop_rx;
	list_add_tail(&tunnel->list, &mn->tunnels);
	return 0;

err_stop_rx:
	if (list_empty(&mn->tunnels))
		mt_rx_stop(tunnel->net);
err_destroy_gro_cells:
	gro_cells_destroy(&tunnel->gro_cells);
err_free_stats:
	free_percpu(tunnel->stats);
	return err;
}

/* The device is down and nobody transmits; packets may still be received. */
static void device_uninit(struct net_device *dev)
{
	struct mt_tunnel *tunnel = netdev_priv(dev);
	struct mt_net *mn = mt_net(tunnel->net);
	struct mt_endpoint *ep = endpoint(tunnel);

	mt_probe_release(tunnel);
	list_del(&tunnel->list);
	mt_registry_remove(tunnel->net, ep);
	RCU_INIT_POINTER(tunnel->endpoint, NULL);
	mt_endpoint_release(ep);
	mt_filter_remove(tunnel);
	if (list_empty(&mn->tunnels))
		mt_rx_stop(tunnel->net);

	/* A device whose registration failed is freed with no grace period. */
	if (dev->reg_state != NETREG_UNREGISTERING)
		synchronize_net();
}

/* An RCU grace period after device_uninit(): nothing finds the tunnel. */
static void device_destruct(struct net_device *dev)
{
	struct mt_tunnel *tunnel = netdev_priv(dev);

	gro_cells_destroy(&tunnel->gro_cells);
	free_percpu(tunnel->stats);
}

static int device_open(struct net_device *dev)
{
	struct mt_tunnel *tunnel = netdev_priv(dev);
	struct inet6_dev *in6 = __in6_dev_get(dev);

	atomic64_set(&tunnel->rx_seq, 0);

	/*
	 * A link-local address for each of thousands of tunnels makes each
	 * dearer than the last, and few protocols want one: it is there for
	 * those who ask (ip link set DEV addrgenmode random). EUI-64, which a
	 * tunnel cannot do, is how the default reads.
	 */
	if (in6 && in6->cnf.addr_gen_mode == IN6_ADDR_GEN_MODE_EUI64)
		in6->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	mt_probe_up(tunnel);
	return 0;
}

static int device_stop(struct net_device *dev)
{
	mt_probe_down(netdev_priv(dev));
	return 0;
}

static netdev_tx_t device_xmit(struct sk_buff *skb, struct net_device *dev)
{
	mt_encap(netdev_priv(dev), skb);
	return NETDEV_TX_OK;
}

static int device_change_mtu(struct net_device *dev, int mtu)
{
	struct mt_tunnel *tunnel = netdev_priv(dev);

	WRITE_ONCE(dev->mtu, mtu);
	if (mtu != tunnel->auto_mtu)
		tunnel->auto_mtu = 0;
	return 0;
}

static void device_get_stats64(struct net_device *dev,
			       struct rtnl_link_stats64 *link)
{
	const struct mt_tunnel *tunnel = netdev_priv(dev);
	struct mt_stats_sum sum;

	mt_stats_sum(tunnel->stats, &sum);
	mt_stats_link(&sum, link);
}

static int device_get_iflink(const struct net_device *dev)
{
	const struct mt_tunnel *tunnel = netdev_priv(dev);
	const struct mt_endpoint *ep;
	int link = 0;

	rcu_read_lock();
	ep = rcu_dereference(tunnel->endpoint);
	if (ep && ep->link)
		link = READ_ONCE(ep->link->ifindex);
	rcu_read_unlock();
	return link ?: dev->ifindex;
}

/* Segments would all have the sequence number of their packet. */
static netdev_features_t device_fix_features(struct net_device *dev,
					     netdev_features_t features)
{
	const struct mt_tunnel *tunnel = netdev_priv(dev);

	if (tunnel->sequenced)
		features &= ~NETIF_F_GSO_MASK;
	return features;
}

static const struct net_device_ops device_ops = {
	.ndo_init = device_init,
	.ndo_uninit = device_uninit,
	.ndo_open = device_open,
	.ndo_stop = device_stop,
	.ndo_start_xmit = device_xmit,
	.ndo_change_mtu = device_change_mtu,
	.ndo_fix_features = device_fix_features,
	.ndo_get_stats64 = device_get_stats64,
	.ndo_get_iflink = device_get_iflink,
};

static const struct device_type device_type = { .name = "mtun" };

static void device_setup(struct net_device *dev)
{
	netdev_features_t features = NETIF_F_SG | NETIF_F_FRAGLIST |
				     NETIF_F_HIGHDMA | NETIF_F_HW_CSUM |
				     NETIF_F_GSO_SOFTWARE;

	dev->netdev_ops = &device_ops;
	dev->rtnl_link_ops = &link_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	SET_NETDEV_DEVTYPE(dev, &device_type);

	/* Not ARPHRD_IPGRE: that is IPv4 only, and has addresses of its own. */
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->features |= features;
	dev->hw_features |= features;
	mt_set_lockless_tx(dev);
	netif_keep_dst(dev);	/* it says whom to answer by ICMP */

	dev->needs_free_netdev = true;
	dev->priv_destructor = device_destruct;
}

struct mt_tunnel *mt_device_tunnel(const struct net_device *dev)
{
	return dev->netdev_ops == &device_ops ? netdev_priv(dev) : NULL;
}

void mt_device_conf(const struct mt_tunnel *tunnel, struct mt_conf *conf)
{
	const struct mt_endpoint *ep = endpoint(tunnel);

	*conf = ep->conf;
	if (ep->link)
		strscpy(conf->link, ep->link->name, sizeof(conf->link));
}

int mt_device_link_ifindex(const struct mt_tunnel *tunnel)
{
	const struct mt_endpoint *ep = endpoint(tunnel);

	return ep->link ? ep->link->ifindex : 0;
}

/* ---- create, set, delete ---- */

int mt_device_create(struct net *net, const char *name,
		     const struct mt_conf *conf, unsigned int mtu,
		     struct mt_refusal *refusal)
{
	struct mt_tunnel *tunnel;
	struct net_device *dev;
	struct mt_endpoint *ep;
	int err;

	ASSERT_RTNL();

	if (__dev_get_by_name(net, name))
		return refuse(refusal, -EEXIST, MTUN_A_TUNNEL_IFNAME,
			      "ifname is taken by another device");
	err = check_mtu(conf, mtu, refusal);
	if (err)
		return err;
	err = check_world(net, NULL, conf, refusal);
	if (err)
		return err;

	dev = alloc_netdev(sizeof(*tunnel), name, NET_NAME_USER, device_setup);
	if (!dev)
		return -ENOMEM;
	dev_net_set(dev, net);
	tunnel = netdev_priv(dev);
	tunnel->dev = dev;
	tunnel->net = net;

	err = -ENOMEM;
	ep = mt_endpoint_new(tunnel, conf);
	if (!ep)
		goto err_free_netdev;
	RCU_INIT_POINTER(tunnel->endpoint, ep);
	tunnel->sequenced = conf->oflags & MTUN_GRE_FLAG_SEQ;
	set_limits(dev, conf);
	if (mtu == MT_MTU_AUTO) {
		mtu = mt_mtu_auto(conf, path_mtu(tunnel, ep));
		tunnel->auto_mtu = mtu;
	}
	dev->mtu = mtu;

	err = register_netdevice(dev);
	if (err) {
		refuse(refusal, err, 0, "the network stack refused the device");
		goto err_free_endpoint;
	}
	return 0;

err_free_endpoint:
	/* device_uninit() has done it if registration came that far */
	if (rcu_access_pointer(tunnel->endpoint))
		mt_endpoint_release(ep);
err_free_netdev:
	free_netdev(dev);
	return err;
}

/*
 * The stack looks at the features and hands the packet over within one RCU
 * section: when this returns, nobody sends us what needs segmentation.
 */
static void set_sequenced(struct mt_tunnel *tunnel, bool on)
{
	if (tunnel->sequenced == on)
		return;
	tunnel->sequenced = on;
	netdev_update_features(tunnel->dev);
	if (on)
		synchronize_net();
}

int mt_device_set(struct mt_tunnel *tunnel, const struct mt_conf *conf,
		  const unsigned int *mtu, struct mt_refusal *refusal)
{
	struct mt_endpoint *old = endpoint(tunnel);
	unsigned int old_auto = tunnel->auto_mtu;
	struct net_device *dev = tunnel->dev;
	unsigned int old_mtu = dev->mtu;
	struct mt_endpoint *new;
	unsigned int new_mtu;
	const char *text;
	bool sequenced;
	u16 attr;
	int err;

	ASSERT_RTNL();

	if (mtu)
		new_mtu = *mtu;
	else
		new_mtu = old_auto ? MT_MTU_AUTO : old_mtu;
	err = check_mtu(conf, new_mtu, refusal);
	if (err)
		return err;
	err = check_world(tunnel->net, old, conf, refusal);
	if (err)
		return err;
	text = mt_probe_allows(tunnel, conf, &attr);
	if (text)
		return refuse(refusal, -EINVAL, attr, text);

	new = mt_endpoint_new(tunnel, conf);
	if (!new)
		return -ENOMEM;
	tunnel->auto_mtu = 0;
	if (new_mtu == MT_MTU_AUTO) {
		new_mtu = mt_mtu_auto(conf, path_mtu(tunnel, new));
		tunnel->auto_mtu = new_mtu;
	}
	set_limits(dev, conf);
	err = dev_set_mtu(dev, new_mtu);
	if (err) {
		refuse(refusal, err, MTUN_A_TUNNEL_MTU,
		       "mtu is refused by the network stack");
		goto err_restore_mtu;
	}
	err = mt_registry_replace(tunnel->net, old, new);
	if (err)
		goto err_restore_mtu;
	sequenced = conf->oflags & MTUN_GRE_FLAG_SEQ;
	if (sequenced)
		set_sequenced(tunnel, true);
	rcu_assign_pointer(tunnel->endpoint, new);
	set_sequenced(tunnel, sequenced);
	mt_endpoint_release(old);
	mt_net(dev_net(dev))->generation++;
	return 0;

err_restore_mtu:
	set_limits(dev, &old->conf);
	tunnel->auto_mtu = old_auto;
	dev_set_mtu(dev, old_mtu);
	mt_endpoint_release(new);
	return err;
}

void mt_device_delete(struct mt_tunnel *tunnel)
{
	unregister_netdevice(tunnel->dev);
}

/* ---- ip link ---- */

static int link_validate(struct nlattr *tb[], struct nlattr *data[],
			 struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "tunnels are made with mtctl tunnel add and changed with mtctl tunnel set");
	return -EOPNOTSUPP;
}

static size_t link_get_size(const struct net_device *dev)
{
	return mt_attrs_conf_size();
}

static int link_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct mt_tunnel *tunnel = netdev_priv(dev);
	struct mt_conf conf;

	/* ip link is told of a device for the last time when that is gone */
	if (!endpoint(tunnel))
		return 0;
	mt_device_conf(tunnel, &conf);
	return mt_attrs_put_conf(skb, &conf, tunnel->auto_mtu);
}

static struct net *link_get_link_net(const struct net_device *dev)
{
	const struct mt_tunnel *tunnel = netdev_priv(dev);

	return tunnel->net;
}

static struct rtnl_link_ops link_ops __read_mostly = {
	.kind = "mtun",
	.priv_size = sizeof(struct mt_tunnel),
	.setup = device_setup,
	.validate = link_validate,
	.get_size = link_get_size,
	.fill_info = link_fill_info,
	.get_link_net = link_get_link_net,
};

/* ---- which device is in which namespace ---- */

struct mt_tunnel *mt_device_next(const struct net *net, unsigned long *ifindex)
{
	ASSERT_RTNL();

	return xa_find(&mt_net(net)->devices, ifindex, ULONG_MAX, XA_PRESENT);
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct mt_net *mn;

	if (!mt_device_tunnel(dev))
		return NOTIFY_DONE;
	mn = mt_net(dev_net(dev));

	switch (event) {
	case NETDEV_REGISTER:
		/* A move between namespaces cannot be refused at this point. */
		xa_store(&mn->devices, dev->ifindex, netdev_priv(dev),
			 GFP_KERNEL | __GFP_NOFAIL);
		mn->generation++;
		break;
	case NETDEV_UNREGISTER:
		xa_erase(&mn->devices, dev->ifindex);
		mn->generation++;
		break;
	case NETDEV_CHANGENAME:
	case NETDEV_CHANGEMTU:
	case NETDEV_UP:
	case NETDEV_DOWN:
		mn->generation++;
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = device_event,
};

/* The underlay goes: so do its tunnels, wherever their devices are. */
static void __net_exit device_net_exit_batch(struct list_head *nets)
{
	struct mt_tunnel *tunnel;
	LIST_HEAD(doomed);
	struct net *net;

	rtnl_lock();
	list_for_each_entry(net, nets, exit_list)
		list_for_each_entry(tunnel, &mt_net(net)->tunnels, list)
			unregister_netdevice_queue(tunnel->dev, &doomed);
	unregister_netdevice_many(&doomed);
	rtnl_unlock();
}

static struct pernet_operations device_net_ops = {
	.exit_batch = device_net_exit_batch,
};

int mt_device_init(void)
{
	int err;

	err = register_netdevice_notifier(&device_notifier);
	if (err)
		return err;
	err = register_pernet_device(&device_net_ops);
	if (err)
		goto err_unregister_notifier;
	err = rtnl_link_register(&link_ops);
	if (err)
		goto err_unregister_pernet;
	return 0;

err_unregister_pernet:
	unregister_pernet_device(&device_net_ops);
err_unregister_notifier:
	unregister_netdevice_notifier(&device_notifier);
	return err;
}

void mt_device_exit(void)
{
	rtnl_link_unregister(&link_ops);
	unregister_pernet_device(&device_net_ops);
	unregister_netdevice_notifier(&device_notifier);
}

MODULE_ALIAS_RTNL_LINK("mtun");
