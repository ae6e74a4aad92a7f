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

/**
 * mt_encap_bytes() - the same, of bytes
 * @tunnel: through which
 * @family: AF_INET or AF_INET6
 * @data: an IP packet of it
 * @len: its bytes
 *
 * Context: RCU, bottom halves off.
 */
void mt_encap_bytes(struct mt_tunnel *tunnel, u8 family, const u8 *data,
		    unsigned int len);

/**
 * mt_encap_bare() - send a GRE packet of protocol 0
 * @tunnel: whose headers it gets
 * @data: what follows them
 * @len: bytes of it
 *
 * It is sent, or counted under one drop reason.
 *
 * Context: RCU, bottom halves off.
 */
void mt_encap_bare(struct mt_tunnel *tunnel, const u8 *data, unsigned int len);

#endif /* MTUN_ENCAP_H */
