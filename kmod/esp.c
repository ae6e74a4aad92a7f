// SPDX-License-Identifier: GPL-2.0
#include "esp.h"
#include "compat.h"
#include "registry.h"
#include "selector.h"
#include "spd.h"

#include <net/dst_metadata.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/xfrm.h>

DEFINE_PER_CPU(const struct sk_buff *, mt_esp_owed);

static const xfrm_address_t *address(const union mt_addr *addr)
{
	return (const xfrm_address_t *)addr;
}

/* ESP between two addresses, of a mode and for a device */
static bool is_esp(const struct xfrm_state *x, u8 mode, u32 if_id, u8 family,
		   const union mt_addr *from, const union mt_addr *to)
{
	return x->id.proto == IPPROTO_ESP && x->props.mode == mode &&
	       x->if_id == if_id && x->props.family == family &&
	       xfrm_addr_equal(&x->props.saddr, address(from), family) &&
	       xfrm_addr_equal(&x->id.daddr, address(to), family);
}

bool mt_esp_guarded(const struct sk_buff *skb, const struct mt_tuple *tuple)
{
	const struct sec_path *path = skb_sec_path(skb);
	int i;

	for (i = 0; path && i < path->len; i++)
		if (is_esp(path->xvec[i], XFRM_MODE_TRANSPORT, 0, tuple->family,
			   &tuple->remote, &tuple->local))
			return true;
	return false;
}

static __always_inline bool guards(const struct dst_entry *dst,
				   const struct mt_conf *conf, u8 mode)
{
	/* a route of its own for each state, and then the one that all take */
	for (; dst && dst->xfrm; dst = xfrm_dst_child(dst))
		if (is_esp(dst->xfrm, mode, conf->if_id, conf->family,
			   &conf->local, &conf->remote))
			return true;
	return false;
}

bool mt_esp_guards(const struct dst_entry *dst, const struct mt_conf *conf)
{
	return guards(dst, conf, conf->mode == MTUN_MODE_IPSEC ?
				 XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT);
}

/* ---- mode ipsec ---- */

static u8 inner_family(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? AF_INET : AF_INET6;
}

/*
 * The way of a flow through the device. xfrm has to have one, of which it uses the IP
 * version and the MTU: what IPv6 gives out where there is no way will do.
 */
static struct dst_entry *plain_route(const struct net_device *dev,
				     const struct flowi *fl, u8 family)
{
	struct flowi4 fl4;
	struct flowi6 fl6;
	struct rtable *rt;

	if (family == AF_INET6) {
		fl6 = fl->u.ip6;
		fl6.flowi6_oif = dev->ifindex;
		return ip6_route_output(dev_net(dev), NULL, &fl6);
	}
	fl4 = fl->u.ip4;
	fl4.flowi4_oif = dev->ifindex;
	fl4.flowi4_flags = FLOWI_FLAG_ANYSRC;
	rt = __ip_route_output_key(dev_net(dev), &fl4);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

/*
 * For a bundle that all flows have in common: a way that none of them has, and that says
 * nothing of the MTU. It ends when xfrm gets a policy, as all ways of @net do.
 */
static struct dst_entry *common_route(struct net *net, u8 family)
{
	struct net_device *dev = net->loopback_dev;
	struct rt6_info *rt6;
	struct rtable *rt;

	if (family == AF_INET) {
		rt = mt_rt_alloc(dev);
		return rt ? &rt->dst : ERR_PTR(-ENOMEM);
	}
	/* uncounted: too many of them would have IPv6 look for some to free */
	rt6 = ip6_dst_alloc(net, dev, DST_NOCOUNT);
	if (!rt6)
		return ERR_PTR(-ENOMEM);
	rt6->sernum = rt_genid_ipv6(net);
	return &rt6->dst;
}

/*
 * Of a netns that is not that of the device, which may go while the packet is under way:
 * the bundle has the route, and does not keep the netns that the route belongs to.
 */
static struct dst_entry *own_route(struct net *net, const struct net_device *dev,
				   const struct sk_buff *skb,
				   const struct flowi *fl, u8 family, bool back)
{
	struct dst_entry *dst = skb_dst(skb);

	if (!net_eq(net, dev_net(dev)))
		return common_route(net, family);
	if (back || !skb_valid_dst(skb) || dst->ops->family != family)
		return plain_route(dev, fl, family);
	dst_hold(dst);
	return dst;
}

/*
 * Whether a bundle is good for all flows, if its policy is the only one. Of a state that
 * selects less, xfrm could choose another one for another flow. To choose one that
 * selects less over this one would be xfrm's right, and no other's loss. A device that
 * encrypts could not go for as long as a bundle is kept. Without memory for its own MTU,
 * a bundle has that of the underlay.
 */
static bool is_common(const struct dst_entry *dst)
{
	const struct xfrm_dst *xdst = (const struct xfrm_dst *)dst;
	const struct xfrm_policy *policy = xdst->pols[0];
	const struct xfrm_state *x = dst->xfrm;
	const struct xfrm_mark *mark = &x->props.smark;

	return xdst->num_pols == 1 && policy->xfrm_nr == 1 &&
	       mt_selects_any(&policy->selector) && !policy->mark.m &&
	       !policy->security && mt_selects_any(&x->sel) && !x->xso.dev &&
	       (!(mark->v | mark->m) || mark->m == U32_MAX) &&
	       dst_metric_raw(dst, RTAX_MTU);
}

void mt_esp_use(const struct dst_entry *dst)
{
	struct xfrm_policy *policy = ((struct xfrm_dst *)dst)->pols[0];
	time64_t now = ktime_get_real_seconds();

	if (READ_ONCE(policy->curlft.use_time) != now)
		WRITE_ONCE(policy->curlft.use_time, now);
}

static struct dst_entry *find(struct mt_endpoint *ep, struct sk_buff *skb,
			      u8 family, bool back, struct mt_route *kept)
{
	const struct mt_tunnel *tunnel = ep->tunnel;
	const struct mt_conf *conf = &ep->conf;
	struct net *net = tunnel->net;
	struct mt_net *mn = mt_net(net);
	u32 changes = mt_spd_changes(mn, tunnel);
	struct dst_entry *dst;
	struct flowi fl;
	bool common;

	common = kept->dst || kept->cookie != changes;
	if (common) {	/* as far as is known */
		dst_release(kept->dst);
		kept->dst = NULL;
		kept->cookie = 0;
		common = mt_spd_single(mn, conf->if_id, family) &&
			 READ_ONCE(net->loopback_dev->mtu) >= IP_MAX_MTU;
	}

	if (family == AF_INET6 && unlikely(!ipv6_mod_enabled()))
		return ERR_PTR(-EAFNOSUPPORT);
	if (mt_decode_session(net, skb, &fl, family, back))
		return ERR_PTR(-EINVAL);
	fl.flowi_oif = 0;	/* the underlay is not where the tunnel is */
	if (!net_eq(net, dev_net(tunnel->dev)))
		fl.flowi_mark = 0;
	if (family == AF_INET)
		mt_flow4_set_tos(&fl.u.ip4, 0);

	dst = common ? common_route(net, family) :
		       own_route(net, tunnel->dev, skb, &fl, family, back);
	if (IS_ERR(dst))
		return dst;
	dst = xfrm_lookup_with_ifid(net, dst, &fl, NULL, 0, conf->if_id);
	if (IS_ERR(dst)) {
		switch (PTR_ERR(dst)) {
		case -EAGAIN:	/* no state; somebody was asked for one */
		case -EREMOTE:	/* the same, with net.core.xfrm_larval_drop */
		case -EPERM:
			return ERR_PTR(-ENOKEY);
		}
		return dst;
	}
	if (!guards(dst, conf, XFRM_MODE_TUNNEL)) {
		dst_release(dst);
		return ERR_PTR(-ENOKEY);
	}
	if (common) {
		kept->cookie = changes;
		if (is_common(dst))
			kept->dst = dst_clone(dst);
	}
	return dst;
}

struct dst_entry *mt_esp_route(struct mt_endpoint *ep, struct sk_buff *skb,
			       bool back)
{
	u8 family = inner_family(skb);
	struct mt_route *kept = this_cpu_ptr(ep->routes) + (family == AF_INET6);

	if (unlikely(!kept->dst ||
		     kept->cookie != mt_spd_changes(mt_net(ep->tunnel->net),
						    ep->tunnel) ||
		     !dst_check(kept->dst, 0)))
		return find(ep, skb, family, back, kept);

	mt_esp_use(kept->dst);
	dst_hold(kept->dst);
	return kept->dst;
}

bool mt_esp_takes(struct sk_buff *skb, const struct mt_conf *conf)
{
	struct xfrm_state *x = xfrm_input_state(skb);
	struct mt_net *mn = mt_net(xs_net(x));
	u8 family = inner_family(skb);
	struct flowi fl;

	if (!is_esp(x, XFRM_MODE_TUNNEL, conf->if_id, conf->family,
		    &conf->remote, &conf->local) ||
	    (x->sel.family && x->sel.family != family))
		return false;
	if (likely(mt_selects_any(&x->sel) && mt_spd_takes_any(mn)))
		return true;
	return !mt_decode_session(xs_net(x), skb, &fl, family, false) &&
	       mt_selects(&x->sel, &fl, family) &&
	       mt_spd_takes(mn, &fl, conf->if_id, family);
}
