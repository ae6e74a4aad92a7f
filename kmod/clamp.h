/* SPDX-License-Identifier: GPL-2.0 */
/* The MSS clamp, on packets: finds TCP handshakes and lowers their MSS. */
#ifndef MTUN_CLAMP_H
#define MTUN_CLAMP_H

#include "types.h"

#include <linux/skbuff.h>

/**
 * mt_clamp_find() - look for a segment that opens a TCP connection
 * @skb: an IPv4 or IPv6 packet, its IP header linear and checked for length
 *
 * Reads nothing but headers. Not found are later fragments, TCP in another
 * tunnel, and headers that IP says are not there.
 *
 * Return: the offset of the TCP header from skb->data, or 0.
 */
unsigned int mt_clamp_find(const struct sk_buff *skb);

/**
 * mt_clamp() - lower the MSS of such a segment
 * @skb: the packet; what points into it is not valid afterwards
 * @at: what mt_clamp_find() returned
 * @max: the largest MSS that may go by
 *
 * The checksum stays right, or as wrong as it was.
 *
 * Return: what was done, or why nothing was.
 */
enum mtun_mss_verdict mt_clamp(struct sk_buff *skb, unsigned int at, u16 max);

#endif /* MTUN_CLAMP_H */
