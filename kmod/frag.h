/* SPDX-License-Identifier: GPL-2.0 */
/* Inner packets that do not fit, cut into such that do. */
#ifndef MTUN_FRAG_H
#define MTUN_FRAG_H

#include <linux/skbuff.h>

/* What happens to the parts: consumes one, returns 0. */
typedef int mt_send_fn(struct net *net, struct sock *sk, struct sk_buff *skb);

/**
 * mt_segment() - cut a segmentation offload packet into what it stands for
 * @skb: the packet, its network header at skb->data; consumed
 * @send: is given the segments
 *
 * Context: RCU, bottom halves off.
 * Return: 0, or a negative errno if there are no segments.
 */
int mt_segment(struct sk_buff *skb, mt_send_fn *send);

/**
 * mt_fragment() - fragment an IPv4 packet
 * @skb: the packet, its network header at skb->data, of a device that has no
 *	 link layer; larger than @mtu, not a segmentation offload packet;
 *	 consumed
 * @mtu: bytes that a fragment may have
 * @clear_df: the packet has DF set, which is to be ignored
 * @send: is given the fragments
 *
 * Context: RCU, bottom halves off.
 * Return: 0, or a negative errno if some of them were not sent.
 */
int mt_fragment(struct sk_buff *skb, unsigned int mtu, bool clear_df,
		mt_send_fn *send);

#endif /* MTUN_FRAG_H */
