/* SPDX-License-Identifier: GPL-2.0 */
/* The far end's GRE keepalives, and what it gets in answer. */
#ifndef MTUN_KEEPALIVE_H
#define MTUN_KEEPALIVE_H

#include <linux/skbuff.h>

struct mt_endpoint;

/**
 * mt_keepalive_receive() - look at an inner packet that is GRE itself
 * @ep: from which it is
 * @skb: its network header at skb->data
 *
 * A keepalive says what is to be sent: a packet from our end of the tunnel to
 * the other one. Nothing else is, and nothing goes to a third party: the answer
 * is made anew, and goes to the tunnel's remote address or into the tunnel.
 *
 * Context: RCU, bottom halves off.
 * Return: MT_PROBE_*, or a drop reason.
 */
int mt_keepalive_receive(struct mt_endpoint *ep, const struct sk_buff *skb);

#endif /* MTUN_KEEPALIVE_H */
