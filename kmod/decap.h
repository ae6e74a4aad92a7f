/* SPDX-License-Identifier: GPL-2.0 */
/* From an outer packet to an inner one. */
#ifndef MTUN_DECAP_H
#define MTUN_DECAP_H

#include <linux/skbuff.h>

struct mt_endpoint;
struct mt_gre;
struct mt_outer;

/**
 * mt_decap() - take a packet out of its tunnel and hand it to the stack
 * @ep: the endpoint that it belongs to
 * @skb: its outer network header at skb->data; consumed. It is delivered, or
 *	 counted under one drop reason.
 * @outer: its outer header
 * @gre: its GRE header
 *
 * Context: RCU, bottom halves off.
 */
void mt_decap(struct mt_endpoint *ep, struct sk_buff *skb,
	      const struct mt_outer *outer, const struct mt_gre *gre);

#endif /* MTUN_DECAP_H */
