/* SPDX-License-Identifier: GPL-2.0 */
/* IPsec around the packets of a tunnel: whether there is any, and whose. */
#ifndef MTUN_ESP_H
#define MTUN_ESP_H

#include "types.h"

#include <linux/skbuff.h>
#include <net/dst.h>

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
 * @conf: of the tunnel
 */
bool mt_esp_guards(const struct dst_entry *dst, const struct mt_conf *conf);

#endif /* MTUN_ESP_H */
