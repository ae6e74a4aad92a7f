/* SPDX-License-Identifier: GPL-2.0 */
/* The packets of a tunnel, on their way to the counters and samples. */
#ifndef MTUN_METER_H
#define MTUN_METER_H

#include "registry.h"
#include "samples.h"
#include "stats.h"

#include <linux/skbuff.h>

/* In packets.traffic, where a packet that has it is not plain. */
#define MT_METER_SAMPLED	0x10000

/**
 * struct mt_meter - a packet that is about to be given away
 * @packets: what is counted if it goes through
 * @reason: of its sample, if there is one: MT_METER_SAMPLED
 */
struct mt_meter {
	struct mt_packets packets;
	u32 *reason;
};

static inline u32 mt_meter_interval(const struct mt_endpoint *ep,
				    enum mtun_direction direction)
{
	return direction == MTUN_DIRECTION_INGRESS ? ep->conf.sample_rx :
						     ep->conf.sample_tx;
}

/* For mt_meter_begin() and mt_meter_end(), what few packets need. */
void mt_meter_scattered(struct mt_packets *packets, const struct sk_buff *skb);
void mt_meter_segments(struct mt_packets *packets, const struct sk_buff *skb);
void mt_meter_sample(struct mt_meter *meter, const struct mt_endpoint *ep,
		     enum mtun_direction direction, const struct sk_buff *skb,
		     const union mt_addr *source);
void mt_meter_finish(const struct mt_meter *meter, const struct mt_endpoint *ep,
		     enum mtun_direction direction, int reason);

/**
 * mt_meter_begin() - look at a packet before it is given away
 * @meter: for mt_meter_end()
 * @ep: the endpoint that it belongs to
 * @direction: which way it goes, a constant
 * @skb: the inner packet, its IP header at skb->data
 * @source: outer source address
 *
 * Context: bottom halves off until mt_meter_end().
 */
static inline void mt_meter_begin(struct mt_meter *meter,
				  const struct mt_endpoint *ep,
				  enum mtun_direction direction,
				  const struct sk_buff *skb,
				  const union mt_addr *source)
{
	struct mt_packets *packets = &meter->packets;

	packets->more = 0;
	packets->bytes = skb->len;
	if (likely(!skb->data_len))
		packets->traffic = mt_traffic_parse(skb->data, skb->len);
	else
		mt_meter_scattered(packets, skb);
	if (unlikely(skb_is_gso(skb)))
		mt_meter_segments(packets, skb);
	if (unlikely(mt_meter_interval(ep, direction)))
		mt_meter_sample(meter, ep, direction, skb, source);
}

/**
 * mt_meter_end() - say what became of it
 * @meter: from mt_meter_begin()
 * @ep: as there
 * @direction: as there
 * @reason: enum mtun_drop_reason, or 0 if it went through
 */
static inline void mt_meter_end(const struct mt_meter *meter,
				const struct mt_endpoint *ep,
				enum mtun_direction direction, int reason)
{
	if (likely(!reason && mt_stats_plain(&meter->packets)))
		mt_stats_plain_passed(ep->tunnel->stats, direction,
				      &meter->packets);
	else
		mt_meter_finish(meter, ep, direction, reason);
}

/**
 * mt_meter_drop() - a packet is refused
 * @ep: the endpoint that it belongs to
 * @direction: which way it was to go
 * @skb: the packet, not freed
 * @len: bytes at the end of it that are the inner packet
 * @source: outer source address
 * @reason: why
 *
 * Context: bottom halves off.
 */
void mt_meter_drop(const struct mt_endpoint *ep, enum mtun_direction direction,
		   const struct sk_buff *skb, unsigned int len,
		   const union mt_addr *source, enum mtun_drop_reason reason);

#endif /* MTUN_METER_H */
