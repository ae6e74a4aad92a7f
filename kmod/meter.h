/* SPDX-License-Identifier: GPL-2.0 */
/* The packets of a tunnel, on their way to the counters and samples. */
#ifndef MTUN_METER_H
#define MTUN_METER_H

#include "registry.h"
#include "samples.h"
#include "stats.h"

#include <linux/skbuff.h>

/* In mt_meter.traffic: the packet is not counted in line. */
#define MT_METER_SAMPLED	BIT(MT_TRAFFIC_BITS)
#define MT_METER_SEVERAL	BIT(MT_TRAFFIC_BITS + 1)

/**
 * struct mt_meter - a packet that is about to be given away
 * @traffic: what kind of packet it is, mt_traffic_parse(), and how it is counted
 * @bytes: of it, from the inner IP header on
 * @segments: what it will be on the wire
 *
 * Nothing outside gets its address: it is in registers, and in no memory.
 */
struct mt_meter {
	u32 traffic;
	unsigned long bytes;
	u64 segments;
};

static inline u32 mt_meter_interval(const struct mt_endpoint *ep,
				    enum mtun_direction direction)
{
	return direction == MTUN_DIRECTION_INGRESS ? ep->conf.sample_rx :
						     ep->conf.sample_tx;
}

/* For mt_meter_begin() and mt_meter_end(), what few packets need. */
u32 mt_meter_odd(const struct sk_buff *skb);
u64 mt_meter_segments(const struct sk_buff *skb);
u32 mt_meter_sample(const struct mt_endpoint *ep, enum mtun_direction direction,
		    const struct sk_buff *skb, const union mt_addr *source,
		    u64 segments);
void mt_meter_finish(const struct mt_endpoint *ep, enum mtun_direction direction,
		     u32 traffic, u32 bytes, u64 segments, int reason);

/**
 * mt_meter_begin() - look at a packet before it is given away
 * @ep: the endpoint that it belongs to
 * @direction: which way it goes, a constant
 * @skb: the inner packet, its IP header at skb->data
 * @source: outer source address
 *
 * Context: bottom halves off until mt_meter_end().
 * Return: for mt_meter_end().
 */
static __always_inline struct mt_meter
mt_meter_begin(const struct mt_endpoint *ep, enum mtun_direction direction,
	       const struct sk_buff *skb, const union mt_addr *source)
{
	struct mt_meter meter = { .bytes = skb->len };

	meter.traffic = mt_traffic_quick(skb->data, meter.bytes - skb->data_len);
	if (unlikely(meter.traffic == MT_TRAFFIC_ODD))
		meter.traffic = mt_meter_odd(skb);
	if (unlikely(skb_is_gso(skb))) {
		meter.segments = mt_meter_segments(skb);
		meter.traffic |= MT_METER_SEVERAL;
	}
	if (unlikely(mt_meter_interval(ep, direction)))
		meter.traffic |= mt_meter_sample(ep, direction, skb, source,
						 meter.segments);
	return meter;
}

/**
 * mt_meter_end() - say what became of it
 * @meter: from mt_meter_begin()
 * @ep: as there
 * @direction: as there
 * @reason: enum mtun_drop_reason, or 0 if it went through
 */
static __always_inline void mt_meter_end(struct mt_meter meter,
					 const struct mt_endpoint *ep,
					 enum mtun_direction direction, int reason)
{
	struct mt_stats *stats = this_cpu_ptr(ep->tunnel->stats);

	if (unlikely(reason || meter.traffic >= MT_TRAFFIC_CUT))
		mt_meter_finish(ep, direction, meter.traffic, meter.bytes,
				meter.segments, reason);
	else
		mt_stats_one_passed(stats, direction, meter.traffic,
				    meter.bytes);
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
