// SPDX-License-Identifier: GPL-2.0
#include "rx_esp.h"
#include "clamp.h"
#include "compat.h"
#include "esp.h"
#include "filter.h"
#include "meter.h"
#include "probe.h"
#include "registry.h"
#include "stats.h"

#include <linux/rtnetlink.h>
#include <net/xfrm.h>

/*
 * xfrm asks those who have registered for ESP three questions: who receives a packet,
 * who an ICMP error, and whose device a packet belongs to that is out of ESP by now.
 * The answer to the last one is what we are here for. VTI (100), which knows its packets
 * by their addresses, is asked before us, xfrm interfaces (10), which receive whatever
 * there is, and the kernel's own receiver (0) after us.
 */
#define PRIORITY	11

static unsigned int users;	/* under RTNL */

/*
 * Of a packet that comes back from a crypto engine, xfrm has a reference to the device
 * that it came from, and puts one to the device that it has when we are done with it
 * (Linux 6.1, 2026). It does not say which packets these are. So we do what the kernel's
 * own receiver does, and remember for how long it takes: what comes out of ESP meanwhile
 * has been nowhere else.
 */
static DEFINE_PER_CPU(const struct sk_buff *, received);

static const struct sk_buff *receive_begin(const struct sk_buff *skb)
{
	const struct sk_buff *before;

	local_bh_disable();
	before = __this_cpu_read(received);
	__this_cpu_write(received, skb);
	return before;
}

static void receive_end(const struct sk_buff *before)
{
	__this_cpu_write(received, before);
	local_bh_enable();
}

/*
 * What xfrm has had already is received by the next one. Who that is decides whether
 * there has to be a policy for it (xfrmi_input()).
 */
static bool is_nested(const struct sk_buff *skb)
{
	const struct sec_path *sp = skb_sec_path(skb);

	return sp && sp->len;
}

static int receive4(struct sk_buff *skb)
{
	const struct sk_buff *before;
	int ret;

	if (is_nested(skb))
		return -EINVAL;
	before = receive_begin(skb);
	ret = xfrm4_rcv(skb);
	receive_end(before);
	return ret;
}

static int receive6(struct sk_buff *skb)
{
	const struct sk_buff *before;
	int ret;

	if (is_nested(skb))
		return -EINVAL;
	before = receive_begin(skb);
	ret = xfrm6_rcv(skb);
	receive_end(before);
	return ret;
}

/* Out of UDP */
static int receive_input(struct sk_buff *skb, int nexthdr, __be32 spi,
			 int encap_type)
{
	const struct sk_buff *before;
	int ret;

	if (is_nested(skb))
		return -EINVAL;
	before = receive_begin(skb);
	ret = xfrm_input(skb, nexthdr, spi, encap_type);
	receive_end(before);
	return ret;
}

static int pass_error4_on(struct sk_buff *skb, u32 info)
{
	return -ENOENT;
}

static int pass_error6_on(struct sk_buff *skb, struct inet6_skb_parm *opt,
			  u8 type, u8 code, int offset, __be32 info)
{
	return -ENOENT;
}

static void clamp_received(const struct mt_tunnel *tunnel,
			   struct mt_endpoint *ep, struct sk_buff *skb)
{
	unsigned int mtu = READ_ONCE(tunnel->dev->mtu);
	struct mt_handshake shake;
	struct dst_entry *dst;

	if (!mt_clamp_find(skb, &shake))
		return;
	dst = mt_esp_route(ep, skb, true);
	if (!IS_ERR(dst)) {
		mtu = min(mtu, dst_mtu(dst));
		dst_release(dst);
	}
	mt_stats_mss(tunnel->stats,
		     mt_clamp(skb, &shake, ep->conf.mss_rx,
			      ep->conf.mss_insert, mtu));
}

/* Returns MT_PROBE_*, or a drop reason. */
static int check(struct mt_endpoint *ep, struct sk_buff *skb)
{
	const struct mt_tunnel *tunnel = ep->tunnel;

	if (!(tunnel->dev->flags & IFF_UP))
		return MTUN_DROP_RX_DOWN;
	if (!mt_esp_takes(skb, &ep->conf))
		return MTUN_DROP_RX_IPSEC;
	if (ip_hdr(skb)->version != (skb->protocol == htons(ETH_P_IP) ? 4 : 6))
		return MTUN_DROP_RX_INNER;
	return rcu_access_pointer(tunnel->probe) ?
	       mt_probe_receive(ep->tunnel, skb) : MT_PROBE_PASS;
}

/* The packet belongs to the device from now on. The caller counts what becomes of it. */
static struct mt_meter hand_over(struct mt_endpoint *ep, struct sk_buff *skb)
{
	struct mt_tunnel *tunnel = ep->tunnel;

	skb->dev = tunnel->dev;
	skb_clear_hash_if_not_l4(skb);
	skb_set_queue_mapping(skb, 0);
	/* Policies that have no if_id are not for what is inside. */
	skb_scrub_packet(skb, !net_eq(tunnel->net, dev_net(tunnel->dev)));
	mt_clear_delivery_time(skb);
	skb_reset_mac_header(skb);
	return mt_meter_begin(ep, MTUN_DIRECTION_INGRESS, skb,
			      &ep->conf.remote);
}

/*
 * Returns 0 if xfrm is to give the packet to the device; or it is refused, which is
 * counted, or was for us and nobody else. Then xfrm is to free it, and knows nothing any
 * more of where it came from. Returns a negative errno.
 */
static int decap(struct mt_endpoint *ep, struct sk_buff *skb)
{
	const union mt_addr *source = &ep->conf.remote;
	struct mt_tunnel *tunnel = ep->tunnel;
	const struct mt_filter *filter;
	struct mt_meter meter;
	struct sk_buff *copy;
	int reason;

	/* What is in it is of the outer header. */
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	reason = check(ep, skb);
	if (reason == MT_PROBE_TAKEN) {
		meter = mt_meter_begin(ep, MTUN_DIRECTION_INGRESS, skb, source);
		mt_meter_end(meter, ep, MTUN_DIRECTION_INGRESS, 0);
		goto err_reset_secpath;
	}
	if (reason)
		goto err_drop;

	reason = MTUN_DROP_RX_FILTER;
	filter = rcu_dereference(tunnel->filter);
	if (unlikely(filter) && !mt_match_has(&filter->rx, skb, false))
		goto err_drop;
	if (ep->conf.mss_rx)
		clamp_received(tunnel, ep, skb);

	if (likely(__this_cpu_read(received) == skb)) {
		meter = hand_over(ep, skb);
		mt_meter_end(meter, ep, MTUN_DIRECTION_INGRESS, 0);
		return 0;
	}

	/* xfrm may need its device. */
	reason = MTUN_DROP_RX_MEMORY;
	copy = skb_clone(skb, GFP_ATOMIC);
	if (!copy)
		goto err_drop;
	meter = hand_over(ep, copy);
	reason = 0;
	if (gro_cells_receive(&tunnel->gro_cells, copy) != NET_RX_SUCCESS)
		reason = MTUN_DROP_RX_BACKLOG;
	mt_meter_end(meter, ep, MTUN_DIRECTION_INGRESS, reason);
	goto err_reset_secpath;

err_drop:
	mt_meter_drop(ep, MTUN_DIRECTION_INGRESS, skb, skb->len, source, reason);
err_reset_secpath:
	secpath_reset(skb);
	return -EPERM;
}

/*
 * @err says that xfrm has refused the packet, by itself or because we have: then there
 * is no state any more. Returns more than 0 if it is not ours.
 */
static int take(struct sk_buff *skb, int err)
{
	struct mt_tuple tuple = { .mode = MTUN_MODE_IPSEC };
	struct mt_endpoint *ep;
	struct xfrm_state *x;
	int ret = 1;

	if (!secpath_exists(skb))
		return 1;
	x = xfrm_input_state(skb);
	if (!x->if_id)
		return 1;
	tuple.key = cpu_to_be32(x->if_id);

	rcu_read_lock();
	ep = mt_registry_get(xs_net(x), &tuple);
	if (ep && err) {
		mt_stats_drop(ep->tunnel->stats, MTUN_DROP_RX_IPSEC);
		ret = 0;
	} else if (ep) {
		ret = decap(ep, skb);
	}
	rcu_read_unlock();
	return ret;
}

static struct xfrm4_protocol esp4 = {
	.handler = receive4,
	.input_handler = receive_input,
	.cb_handler = take,
	.err_handler = pass_error4_on,
	.priority = PRIORITY,
};

static struct xfrm6_protocol esp6 = {
	.handler = receive6,
	.input_handler = receive_input,
	.cb_handler = take,
	.err_handler = pass_error6_on,
	.priority = PRIORITY,
};

int mt_rx_esp_start(void)
{
	int err;

	ASSERT_RTNL();

	if (users)
		goto out;
	err = xfrm4_protocol_register(&esp4, IPPROTO_ESP);
	if (err)
		return err;
	err = xfrm6_protocol_register(&esp6, IPPROTO_ESP);
	if (err) {
		xfrm4_protocol_deregister(&esp4, IPPROTO_ESP);
		return err;
	}
out:
	users++;
	return 0;
}

void mt_rx_esp_stop(void)
{
	ASSERT_RTNL();

	if (--users)
		return;
	xfrm6_protocol_deregister(&esp6, IPPROTO_ESP);
	xfrm4_protocol_deregister(&esp4, IPPROTO_ESP);
}
