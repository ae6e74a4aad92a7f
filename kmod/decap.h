/* SPDX-License-Identifier: GPL-2.0 */
/* From an outer packet to an inner one. */
#ifndef MTUN_DECAP_H
#define MTUN_DECAP_H

#include <linux/skbuff.h>

struct mt_net;
struct mt_outer;

/**
 * mt_decap() - take a GRE packet out of its tunnel and hand it to the stack
 * @mn: of the network namespace where it was received
 * @skb: its outer network header at skb->data; consumed if it belongs to a tunnel.
 *	 It is delivered, or counted under one drop reason.
 * @outer: its outer header. The key of its tuple is set.
 *
 * Context: RCU, bottom halves off.
 * Return: whether it belongs to a tunnel.
 */
bool mt_decap(struct mt_net *mn, struct sk_buff *skb, struct mt_outer *outer);

#endif /* MTUN_DECAP_H */
