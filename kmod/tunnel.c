// SPDX-License-Identifier: GPL-2.0
#include "tunnel.h"
#include "conf.h"
#include "device.h"
#include "endpoint.h"
#include "esp.h"
#include "family.h"
#include "mtu.h"
#include "probe.h"
#include "registry.h"

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/rtnetlink.h>

static struct mt_endpoint *endpoint(const struct mt_tunnel *tunnel)
{
	return rtnl_dereference(tunnel->endpoint);
}

/* ---- MTU ---- */

static unsigned int auto_mtu(const struct mt_tunnel *tunnel,
			     const struct mt_endpoint *ep)
{
	bool required = ep->conf.ipsec == MTUN_IPSEC_REQUIRED;
	unsigned int path_mtu = 0;
	struct dst_entry *dst;
	bool has_esp = false;

	dst = ep->family->route(tunnel->net, ep, true, NULL);
	if (required && !IS_ERR(dst)) {
		has_esp = mt_esp_guards(dst, &ep->conf);
		if (!has_esp) {
			dst_release(dst);
			dst = ERR_PTR(-ENOKEY);
		}
	}
	if (IS_ERR(dst))	/* perhaps there is no state yet */
		dst = ep->family->route(tunnel->net, ep, false, NULL);
	if (!IS_ERR(dst)) {
		if (dst->dev != tunnel->dev)
			path_mtu = dst_mtu(dst);
		dst_release(dst);
	}
	return mt_mtu_auto(&ep->conf, path_mtu, has_esp);
}

static void set_limits(struct net_device *dev, const struct mt_conf *conf)
{
	dev->min_mtu = MT_MTU_MIN;
	dev->max_mtu = mt_mtu_max(conf);
	/*
	 * For Ethernet; encap learns what else there is. xfrm makes room by itself: for
	 * what is forwarded, IPv6 would do it earlier, and clone the packet first.
	 */
	WRITE_ONCE(dev->needed_headroom, conf->mode == MTUN_MODE_IPSEC ? 0 :
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
	if (new->mode == MTUN_MODE_IPSEC)
		return MTUN_A_TUNNEL_IF_ID;
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

static const char *tuple_text(u16 attr)
{
	switch (attr) {
	case MTUN_A_TUNNEL_IF_ID:
		return "if-id is taken by another tunnel";
	case MTUN_A_TUNNEL_ACCEPT:
		return "accept, local and ikey are taken by another tunnel";
	default:
		return "local, remote and ikey are taken by another tunnel";
	}
}

/*
 * An xfrm interface of a namespace with that if_id would send by the same states, and
 * receive nothing any more: it is asked after us. What its if_id is it tells "ip -d link"
 * alone.
 */
static bool has_if_id(struct sk_buff *info, const struct net_device *dev, u32 if_id)
{
	const struct nlattr *attr;

	skb_trim(info, 0);
	if (dev->rtnl_link_ops->fill_info(info, dev))
		return false;
	attr = nla_find((struct nlattr *)info->data, info->len, IFLA_XFRM_IF_ID);
	return attr && nla_get_u32(attr) == if_id;
}

static int check_xfrm_interfaces(const struct net *underlay, u32 if_id,
				 struct mt_refusal *refusal)
{
	struct sk_buff *info = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	const struct rtnl_link_ops *ops;
	struct net_device *dev;
	bool taken = false;
	struct net *net;

	if (!info)
		return -ENOMEM;
	rcu_read_lock();
	for_each_net_rcu(net) {
		for_each_netdev_rcu(net, dev) {
			ops = dev->rtnl_link_ops;
			if (!ops || strcmp(ops->kind, "xfrm") ||
			    !net_eq(ops->get_link_net(dev), underlay))
				continue;
			taken = has_if_id(info, dev, if_id);
			if (taken)
				goto out_unlock;
		}
	}
out_unlock:
	rcu_read_unlock();
	kfree_skb(info);
	if (!taken)
		return 0;
	return refuse(refusal, -EEXIST, MTUN_A_TUNNEL_IF_ID,
		      "if-id is taken by an xfrm interface: give another, or delete that");
}

static int check_world(struct net *net, const struct mt_endpoint *old,
		       const struct mt_conf *conf,
		       struct mt_refusal *refusal)
{
	struct mt_endpoint *twin;
	struct mt_tuple tuple;
	u16 attr;
	int err;

	if (conf->family == AF_INET6 && !ipv6_mod_enabled())
		return refuse(refusal, -EAFNOSUPPORT, MTUN_A_TUNNEL_LOCAL,
			      "local is of IPv6, without which this kernel was booted: remove ipv6.disable=1");
	if (conf->mode == MTUN_MODE_IPSEC) {
		err = check_xfrm_interfaces(net, conf->if_id, refusal);
		if (err)
			return err;
	}
	mt_conf_received(conf, &tuple);
	rcu_read_lock();
	twin = mt_registry_get(net, &tuple);
	rcu_read_unlock();
	if (!twin || twin == old)
		return 0;
	attr = tuple_attr(old ? &old->conf : NULL, conf);
	return refuse(refusal, -EEXIST, attr, tuple_text(attr));
}

/* ---- create, set, delete ---- */

int mt_tunnel_create(struct net *net, const char *name,
		     const struct mt_conf *conf, unsigned int mtu, bool up,
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

	dev = mt_device_alloc(net, name, conf);
	if (!dev)
		return -ENOMEM;
	tunnel = netdev_priv(dev);

	err = -ENOMEM;
	ep = mt_endpoint_new(tunnel, conf);
	if (!ep)
		goto err_free_netdev;
	RCU_INIT_POINTER(tunnel->endpoint, ep);
	tunnel->sequenced = conf->oflags & MTUN_GRE_FLAG_SEQ;
	set_limits(dev, conf);
	if (mtu == MT_MTU_AUTO) {
		mtu = auto_mtu(tunnel, ep);
		tunnel->auto_mtu = mtu;
	}
	dev->mtu = mtu;

	err = register_netdevice(dev);
	if (err) {
		refuse(refusal, err, 0, "the kernel refused the device: see its log (dmesg)");
		goto err_free_endpoint;
	}
	err = up ? mt_tunnel_set_up(tunnel, true, refusal) : 0;
	if (err)
		unregister_netdevice(dev);
	return err;

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

/* Whose sequence numbers have nothing to do with those so far */
static bool is_other_sender(const struct mt_endpoint *old,
			    const struct mt_endpoint *new)
{
	return memcmp(&old->received, &new->received, sizeof(new->received)) ||
	       memcmp(&old->conf.remote, &new->conf.remote,
		      sizeof(new->conf.remote)) ||
	       new->conf.iflags & ~old->conf.iflags & MTUN_GRE_FLAG_SEQ;
}

int mt_tunnel_set(struct mt_tunnel *tunnel, const struct mt_conf *conf,
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
		new_mtu = auto_mtu(tunnel, new);
		tunnel->auto_mtu = new_mtu;
	}
	set_limits(dev, conf);
	err = dev_set_mtu(dev, new_mtu);
	if (err) {
		refuse(refusal, err, MTUN_A_TUNNEL_MTU,
		       "the kernel refused this mtu: see its log (dmesg)");
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
	if (conf->iflags & MTUN_GRE_FLAG_SEQ && is_other_sender(old, new)) {
		synchronize_net();	/* until none of the other one is under way */
		atomic64_set(&tunnel->rx_seq, 0);
	}
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

int mt_tunnel_set_up(struct mt_tunnel *tunnel, bool up,
		     struct mt_refusal *refusal)
{
	int err;

	ASSERT_RTNL();

	if (!up) {
		dev_close(tunnel->dev);
		return 0;
	}
	err = dev_open(tunnel->dev, NULL);
	if (err)
		refuse(refusal, err, MTUN_A_TUNNEL_UP,
		       "the kernel refused to set the device up: see its log (dmesg)");
	return err;
}

void mt_tunnel_delete(struct mt_tunnel *tunnel, struct list_head *doomed)
{
	ASSERT_RTNL();

	unregister_netdevice_queue(tunnel->dev, doomed);
}
