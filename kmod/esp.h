/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IPsec around the packets of a tunnel: whether there is any, and whose; and the way
 * of a packet into it.
 */
#ifndef MTUN_ESP_H
#define MTUN_ESP_H

#include "types.h"

#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <net/dst.h>

struct mt_endpoint;

/**
 * mt_esp_guarded() - whether a received packet came in ESP from where it says
 * @skb: the packet, with all that the stack knows of it
 * @tuple: its outer addresses
 *
 * Whoever may send us ESP could write any source address on what is inside: the
 * state has to be of that address. It has to be in transport mode, because in tunnel
 * mode the addresses are inside, where the sender alone has written them. One with
 * an if_id belongs to another device.
 */
bool mt_esp_guarded(const struct sk_buff *skb, const struct mt_tuple *tuple);

/**
 * mt_esp_guards() - whether what is sent a way leaves in such ESP
 * @dst: the way
 * @conf: of the tunnel. In MTUN_MODE_IPSEC it is ESP in tunnel mode, with its if_id
 */
bool mt_esp_guards(const struct dst_entry *dst, const struct mt_conf *conf);

/* What this CPU is sending for a tunnel that must not send in clear, to be compared */
DECLARE_PER_CPU(const struct sk_buff *, mt_esp_owed);

/**
 * mt_esp_owe() - a packet is being sent that must not leave in clear
 * @skb: the packet, behind its outer headers, or what this returned before
 *
 * Rules may give it other addresses, and with them another way, without anybody
 * remembering those from before: until somebody has paid (mt_esp_pay()) it is known by
 * what it is.
 *
 * Context: bottom halves off.
 * Return: what there was before: packets are sent while others are.
 */
static inline const struct sk_buff *mt_esp_owe(const struct sk_buff *skb)
{
	const struct sk_buff *was = __this_cpu_read(mt_esp_owed);

	__this_cpu_write(mt_esp_owed, skb);
	return was;
}

/* Whether it is the packet that is being sent */
static inline bool mt_esp_is_owed(const struct sk_buff *skb)
{
	return this_cpu_read(mt_esp_owed) == skb;
}

/* It is on its way into ESP: behind the last rule that could have changed that. */
static inline void mt_esp_pay(void)
{
	this_cpu_write(mt_esp_owed, NULL);
}

/**
 * mt_esp_use() - a way of xfrm is used once more
 * @dst: the way, which xfrm was not asked for again
 *
 * How long its policy may be idle is for xfrm to judge, and for IKE daemons.
 */
void mt_esp_use(const struct dst_entry *dst);

/**
 * mt_esp_route() - the way of an inner packet through a tunnel of MTUN_MODE_IPSEC
 * @ep: of the tunnel
 * @skb: the packet, its network header at skb->data and its control block zeroed
 * @back: the way of an answer to it is asked for
 *
 * A CPU keeps the way of the last packet if it is that of all. The DSCP of a packet says
 * nothing of its way through the underlay, as it does not where packets are put into GRE.
 *
 * Context: RCU, bottom halves off.
 * Return: a reference, whose output is ESP in tunnel mode between the addresses of
 * the tunnel, and whose MTU is that of the inner packet; or ERR_PTR. -ENOKEY says that
 * there is no such policy or state.
 */
struct dst_entry *mt_esp_route(struct mt_endpoint *ep, struct sk_buff *skb,
			       bool back);

/**
 * mt_esp_takes() - whether a packet has come by a state that is good for it
 * @skb: an inner packet that xfrm has just taken out of a state with the if_id of
 *	 the tunnel; its control block zeroed, as far as IP has it
 * @conf: of the tunnel
 *
 * If policies say what may be received with that if_id (mt_spd_takes()), one of them has
 * to allow it. They are ours to ask: xfrm does so for its own devices alone.
 */
bool mt_esp_takes(struct sk_buff *skb, const struct mt_conf *conf);

#endif /* MTUN_ESP_H */
