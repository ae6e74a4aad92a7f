/* SPDX-License-Identifier: GPL-2.0 */
/* Inner packets that do not fit, cut into such that do. */
#ifndef MTUN_FRAG_H
#define MTUN_FRAG_H

#include <linux/skbuff.h>

/**
 * mt_fragment() - fragment an IPv4 packet
 * @skb: the packet, its network header at skb->data, of a device that has no
 *	 link layer; consumed. A segmentation offload packet is segmented first.
 * @mtu: bytes that the result may have
 * @clear_df: the packet has DF set, which is to be ignored
 * @send: is given the fragments, which it consumes; it returns 0
 *
 * Context: RCU, bottom halves off.
 * Return: 0, or a negative errno if some of them were not sent.
 */
int mt_fragment(struct sk_buff *skb, unsigned int mtu, bool clear_df,
		int (*send)(struct net *net, struct sock *sk,
			    struct sk_buff *skb));

#endif /* MTUN_FRAG_H */
