// SPDX-License-Identifier: GPL-2.0
#include "encap_esp.h"
#include "esp.h"
#include "tx.h"

#include <linux/net.h>
#include <net/xfrm.h>

/* There is no way to send, or none in ESP. A drop reason. */
static int no_route(const struct dst_entry *dst)
{
	switch (PTR_ERR(dst)) {
	case -ENOKEY:
		return MTUN_DROP_TX_IPSEC;
	case -ENOMEM:
	case -ENOBUFS:
		return MTUN_DROP_TX_MEMORY;
	default:
		return MTUN_DROP_TX_NO_ROUTE;
	}
}

/*
 * Into ESP, and out; with @cut, xfrm makes fragments of what is inside. Consumes the
 * packet, and the reference to @dst.
 */
static void send(struct mt_tunnel *tunnel, const struct mt_endpoint *ep,
		 struct sk_buff *skb, struct dst_entry *dst, bool cut)
{
	const struct xfrm_state *x = dst->xfrm;
	unsigned int headroom;
	struct mt_meter meter;
	int reason = 0, err;

	headroom = LL_RESERVED_SPACE(dst->dev) + dst->header_len;
	if (skb->sk && skb_headroom(skb) < headroom)
		mt_tx_want_headroom(tunnel->dev, headroom);
	skb_scrub_packet(skb, !net_eq(tunnel->net, dev_net(tunnel->dev)));
	skb->ignore_df = cut;
	/* xfrm remembers where it was; of a packet of our own nobody has said. */
	if (unlikely(!skb_transport_header_was_set(skb)))
		skb_reset_transport_header(skb);
	skb_dst_set(skb, dst);
	skb->dev = dst->dev;
	meter = mt_meter_begin(ep, MTUN_DIRECTION_EGRESS, skb, &ep->conf.local);
	__this_cpu_inc(mt_tx_depth);
	err = dst_output(tunnel->net, NULL, skb);
	__this_cpu_dec(mt_tx_depth);
	if (unlikely(net_xmit_eval(err)))
		/* it may have gone since it was looked up, but not its memory */
		reason = READ_ONCE(x->km.state) == XFRM_STATE_VALID ?
			 MTUN_DROP_TX_UNDERLAY : MTUN_DROP_TX_IPSEC;
	mt_meter_end(meter, ep, MTUN_DIRECTION_EGRESS, reason);
}

static int encap_part(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct mt_tunnel *tunnel = netdev_priv(skb->dev);

	skb_dst_drop(skb);
	mt_encap_esp(tunnel, skb, rcu_dereference_bh(tunnel->filter));
	return 0;
}

void mt_encap_esp(struct mt_tunnel *tunnel, struct sk_buff *skb,
		  const struct mt_filter *filter)
{
	struct mt_endpoint *ep = rcu_dereference_bh(tunnel->endpoint);
	const struct mt_conf *conf = &ep->conf;
	struct dst_entry *dst;
	unsigned int mtu;
	bool cut = false;
	int reason;

	reason = mt_tx_check(skb, filter);
	if (reason)
		goto err_free_skb;

	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	dst = mt_esp_route(ep, skb, false);
	if (IS_ERR(dst)) {
		reason = no_route(dst);
		goto err_free_skb;
	}

	reason = MTUN_DROP_TX_LOOP;
	if (dst->dev == tunnel->dev)
		goto err_release_dst;

	mtu = dst_mtu(dst);
	if (conf->mss_tx)
		mt_tx_clamp(tunnel, conf, skb, mtu);
	if (unlikely(!mt_tx_fits(skb, mtu))) {
		/* xfrm cuts no offload packets, and no fragments that are whole then */
		cut = mt_tx_has_to_pass(skb) && !skb_is_gso(skb) &&
		      ipv6_hdr(skb)->nexthdr != NEXTHDR_FRAGMENT;
		if (!cut) {
			dst_release(dst);
			mt_tx_too_big(ep, skb, mtu, encap_part);
			return;
		}
	}

	send(tunnel, ep, skb, dst, cut);
	return;

err_release_dst:
	dst_release(dst);
err_free_skb:
	mt_tx_drop(ep, skb, reason);
}
