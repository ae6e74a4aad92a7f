// SPDX-License-Identifier: GPL-2.0
#include "frag.h"
#include "compat.h"

#include <linux/ip.h>
#include <linux/netdevice.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/route.h>

static unsigned int route_mtu(const struct dst_entry *dst)
{
	return dst->dev->mtu;
}

static struct dst_ops route_ops = {
	.family = AF_INET,
	.mtu = route_mtu,
};

/*
 * A fragment without DF needs an identification that tells it from others (RFC
 * 6864 section 4.1). A packet with DF need not have had one, but a fragment has.
 */
static int drop_df(struct sk_buff *skb)
{
	struct iphdr *iph;

	if (skb_ensure_writable(skb, sizeof(*iph)))
		return -ENOMEM;
	iph = ip_hdr(skb);
	iph->frag_off &= ~htons(IP_DF);
	if (!ip_is_fragment(iph))
		__ip_select_ident(dev_net(skb->dev), iph, 1);
	ip_send_check(iph);
	return 0;
}

int mt_segment(struct sk_buff *skb, mt_send_fn *send)
{
	struct net *net = dev_net(skb->dev);
	struct sk_buff *segs, *next;

	segs = skb_gso_segment(skb, skb->dev->features & ~NETIF_F_GSO_MASK);
	if (IS_ERR_OR_NULL(segs)) {
		kfree_skb(skb);
		return segs ? PTR_ERR(segs) : -EINVAL;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		send(net, skb->sk, skb);
	}
	return 0;
}

/*
 * The stack's function takes sizes from the packet's route. The real route may
 * be there or not, and has another MTU than the path of the tunnel: the packet
 * gets one of our making, which no fragment keeps for longer than this call.
 */
int mt_fragment(struct sk_buff *skb, unsigned int mtu, bool clear_df,
		mt_send_fn *send)
{
	struct net *net = dev_net(skb->dev);
	struct rtable rt = {};

	/* Less than a header and eight bytes is no limit to it, or no progress. */
	if (mtu < ip_hdrlen(skb) + 8) {
		kfree_skb(skb);
		return -EMSGSIZE;
	}
	if (clear_df && drop_df(skb)) {
		kfree_skb(skb);
		return -ENOMEM;
	}

	mt_dst_init(&rt.dst, &route_ops, DST_OBSOLETE_NONE, DST_NOCOUNT);
	rt.dst.dev = skb->dev;	/* without a reference */
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, &rt.dst);

	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->opt.optlen = ip_hdrlen(skb) - sizeof(struct iphdr);
	IPCB(skb)->frag_max_size = mtu;
	return ip_do_fragment(net, NULL, skb, send);
}
