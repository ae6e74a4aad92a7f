/* SPDX-License-Identifier: GPL-2.0 */
/* From an inner packet to ESP, in MTUN_MODE_IPSEC. */
#ifndef MTUN_ENCAP_ESP_H
#define MTUN_ENCAP_ESP_H

#include <linux/skbuff.h>

struct mt_filter;
struct mt_tunnel;

/**
 * mt_encap_esp() - give a packet to ESP
 * @tunnel: through which, of MTUN_MODE_IPSEC
 * @skb: a packet of any protocol, its network header at skb->data; consumed.
 *	 It is sent, or counted under one drop reason.
 * @filter: what has to have nothing against it, or NULL if all may pass
 *
 * Context: RCU, bottom halves off.
 */
void mt_encap_esp(struct mt_tunnel *tunnel, struct sk_buff *skb,
		  const struct mt_filter *filter);

#endif /* MTUN_ENCAP_ESP_H */
