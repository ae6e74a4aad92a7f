/* SPDX-License-Identifier: GPL-2.0 */
/* The packets of a tunnel on their way to the counters. */
#ifndef MTUN_METER_H
#define MTUN_METER_H

#include "stats.h"

#include <linux/skbuff.h>

/* For mt_meter_look(), what few packets need. */
void mt_meter_scattered(struct mt_packets *packets, const struct sk_buff *skb);
void mt_meter_segments(struct mt_packets *packets, const struct sk_buff *skb);

/**
 * mt_meter_look() - look at a packet before it is given away
 * @packets: what it is, for mt_stats_passed()
 * @skb: the inner packet, its IP header at skb->data
 */
static inline void mt_meter_look(struct mt_packets *packets,
				 const struct sk_buff *skb)
{
	packets->more = 0;
	packets->bytes = skb->len;
	if (likely(!skb->data_len))
		packets->traffic = mt_traffic_parse(skb->data, skb->len);
	else
		mt_meter_scattered(packets, skb);
	if (unlikely(skb_is_gso(skb)))
		mt_meter_segments(packets, skb);
}

#endif /* MTUN_METER_H */
