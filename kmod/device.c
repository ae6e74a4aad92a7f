// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "attrs.h"
#include "compat.h"
#include "encap.h"
#include "encap_esp.h"
#include "endpoint.h"
#include "family.h"
#include "filter.h"
#include "link.h"
#include "probe.h"
#include "registry.h"
#include "rx.h"
#include "rx_esp.h"
#include "spd.h"
#include "stats.h"

#include <linux/if_arp.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/neighbour.h>
#include <net/rtnetlink.h>

static const struct net_device_ops device_ops, esp_device_ops;
static struct rtnl_link_ops link_ops;

static struct mt_endpoint *endpoint(const struct mt_tunnel *tunnel)
{
	return rtnl_dereference(tunnel->endpoint);
}

static bool is_esp(const struct mt_tunnel *tunnel)
{
	return tunnel->dev->netdev_ops == &esp_device_ops;
}

static int device_init(struct net_device *dev)
{
	struct mt_tunnel *tunnel = netdev_priv(dev);
	struct mt_net *mn = mt_net(tunnel->net);
	int err;

	/* The queues of the underlay nest in its own. */
	netdev_lockdep_set_classes(dev);

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

	if (is_esp(tunnel)) {
		err = mt_rx_esp_start();
		if (err)
			goto err_stop_rx;
		mt_spd_watch(tunnel->net);
	}

	err = mt_registry_add(tunnel->net, endpoint(tunnel));
	if (err)
		goto err_stop_rx_esp;
	list_add_tail(&tunnel->list, &mn->tunnels);
	return 0;

err_stop_rx_esp:
	if (is_esp(tunnel))
		mt_rx_esp_stop();
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
	if (is_esp(tunnel))
		mt_rx_esp_stop();
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

/*
 * Packet sockets that pass by the queue (PACKET_QDISC_BYPASS) ask outside of RCU whether
 * the device is up: by now it may be about to move or to go, or have no endpoint.
 */
static bool still_up(struct net_device *dev, struct sk_buff *skb)
{
	if (likely(dev->flags & IFF_UP))
		return true;
	mt_count_tx_dropped(dev);	/* as who has asked would have */
	kfree_skb(skb);
	return false;
}

static netdev_tx_t device_xmit(struct sk_buff *skb, struct net_device *dev)
{
	if (still_up(dev, skb))
		mt_encap(netdev_priv(dev), skb);
	return NETDEV_TX_OK;
}

static netdev_tx_t esp_device_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct mt_tunnel *tunnel = netdev_priv(dev);

	if (still_up(dev, skb))
		mt_encap_esp(tunnel, skb, rcu_dereference_bh(tunnel->filter));
	return NETDEV_TX_OK;
}

/* With header_ops, the stack would go a longer way to the same place. */
static int device_neigh_construct(struct net_device *dev, struct neighbour *neigh)
{
	neigh->output = neigh_direct_output;
	return 0;
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
	.ndo_neigh_construct = device_neigh_construct,
	.ndo_change_mtu = device_change_mtu,
	.ndo_fix_features = device_fix_features,
	.ndo_get_stats64 = device_get_stats64,
	.ndo_get_iflink = device_get_iflink,
};

/* In mode ipsec, so that what is sent in GRE has one question less to answer */
static const struct net_device_ops esp_device_ops = {
	.ndo_init = device_init,
	.ndo_uninit = device_uninit,
	.ndo_open = device_open,
	.ndo_stop = device_stop,
	.ndo_start_xmit = esp_device_xmit,
	.ndo_neigh_construct = device_neigh_construct,
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

struct net_device *mt_device_alloc(struct net *net, const char *name,
				   const struct mt_conf *conf)
{
	struct mt_tunnel *tunnel;
	struct net_device *dev;

	dev = alloc_netdev(sizeof(*tunnel), name, NET_NAME_USER, device_setup);
	if (!dev)
		return NULL;
	if (conf->mode == MTUN_MODE_IPSEC)
		dev->netdev_ops = &esp_device_ops;
	dev_net_set(dev, net);
	tunnel = netdev_priv(dev);
	tunnel->dev = dev;
	tunnel->net = net;
	return dev;
}

struct mt_tunnel *mt_device_tunnel(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &link_ops ? netdev_priv(dev) : NULL;
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

	if (!mt_device_tunnel(dev) || mt_is_told_again(dev))
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
	.priority = MT_NOTIFIER_PRIORITY,
};

static bool encrypts(const struct net_device *dev)
{
#ifdef CONFIG_XFRM_OFFLOAD
	return dev->xfrmdev_ops;
#else
	return false;
#endif
}

/*
 * A device that encrypts goes, and xfrm has done away with its states: of those that we
 * keep there is no end, where no packet is sent any more. It may have had policies as
 * well, which are gone as soon as it is down, without notice (Linux 6.12).
 */
static int offload_event(struct notifier_block *nb, unsigned long event,
			 void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct mt_tunnel *tunnel;

	if ((event != NETDEV_UNREGISTER && event != NETDEV_DOWN) || !encrypts(dev))
		return NOTIFY_DONE;
	if (mt_has_policy_offload())
		mt_spd_recount(dev_net(dev));
	if (event == NETDEV_DOWN)
		return NOTIFY_DONE;
	list_for_each_entry(tunnel, &mt_net(dev_net(dev))->tunnels, list)
		if (!is_esp(tunnel))
			mt_route_forget(endpoint(tunnel));
	return NOTIFY_DONE;
}

static struct notifier_block offload_notifier = {
	.notifier_call = offload_event,
	.priority = INT_MIN,	/* behind xfrm */
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
	err = register_netdevice_notifier(&offload_notifier);
	if (err)
		goto err_unregister_notifier;
	err = register_pernet_device(&device_net_ops);
	if (err)
		goto err_unregister_offload;
	err = rtnl_link_register(&link_ops);
	if (err)
		goto err_unregister_pernet;
	return 0;

err_unregister_pernet:
	unregister_pernet_device(&device_net_ops);
err_unregister_offload:
	unregister_netdevice_notifier(&offload_notifier);
err_unregister_notifier:
	unregister_netdevice_notifier(&device_notifier);
	return err;
}

void mt_device_exit(void)
{
	rtnl_link_unregister(&link_ops);
	unregister_pernet_device(&device_net_ops);
	unregister_netdevice_notifier(&offload_notifier);
	unregister_netdevice_notifier(&device_notifier);
}

MODULE_ALIAS_RTNL_LINK("mtun");
