/* SPDX-License-Identifier: GPL-2.0 */
/* From an inner packet to an outer one. */
#ifndef MTUN_ENCAP_H
#define MTUN_ENCAP_H

#include <linux/skbuff.h>

struct mt_tunnel;

/**
 * mt_encap() - encapsulate a packet and send it
 * @tunnel: through which
 * @skb: a packet of any protocol, its network header at skb->data; consumed.
 *	 It is sent, or counted under one drop reason.
 *
 * Context: RCU, bottom halves off.
 */
void mt_encap(struct mt_tunnel *tunnel, struct sk_buff *skb);

#endif /* MTUN_ENCAP_H */
