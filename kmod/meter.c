// SPDX-License-Identifier: GPL-2.0
#include "meter.h"

#include <linux/ip.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>

/* The first bytes may be in several places: then they have to be copied. */
void mt_meter_scattered(struct mt_packets *packets, const struct sk_buff *skb)
{
	unsigned int len = min_t(unsigned int, skb->len, MT_TRAFFIC_LOOKED_AT);
	u8 bytes[MT_TRAFFIC_LOOKED_AT];
	const u8 *data;

	data = skb_header_pointer(skb, 0, len, bytes);
	if (WARN_ON_ONCE(!data))	/* all of it is there */
		return;
	packets->traffic = mt_traffic_parse(data, len);
}

/* Bytes of the headers that each segment has, from the IP header on; or 0. */
static unsigned int segment_headers(const struct sk_buff *skb)
{
	struct tcphdr _tcp, *tcp;
	int at;

	/* The innermost transport header, of those that are segmented. */
	at = skb->ip_summed == CHECKSUM_PARTIAL ?
	     skb_checksum_start_offset(skb) : skb_transport_offset(skb);
	if (at < (int)sizeof(struct iphdr))
		return 0;
	if (skb_is_gso_sctp(skb))
		return at + sizeof(struct sctphdr);
	if (!skb_is_gso_tcp(skb))
		return at + sizeof(struct udphdr);
	tcp = skb_header_pointer(skb, at, sizeof(_tcp), &_tcp);
	return tcp ? at + tcp->doff * 4 : 0;
}

/*
 * An offload packet counts as what it will be cut into. gso_segs need not be
 * right: a virtual machine does not set it.
 */
void mt_meter_segments(struct mt_packets *packets, const struct sk_buff *skb)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	unsigned int headers = segment_headers(skb);
	unsigned int size = shared->gso_size;
	unsigned int payload;

	if (headers >= skb->len)
		return;
	payload = skb->len - headers;
	if (size == GSO_BY_FRAGS)	/* each of a size of its own */
		size = DIV_ROUND_UP(payload, shared->gso_segs ?: 1);
	packets->more = DIV_ROUND_UP(payload, size) - 1;
	packets->bytes += packets->more * headers;
	packets->length = headers + size;
}

static u32 *take_sample(const struct mt_endpoint *ep,
			enum mtun_direction direction,
			const struct sk_buff *skb, unsigned int len,
			const union mt_addr *source,
			const struct mt_packets *packets)
{
	const u32 interval = mt_meter_interval(ep, direction);
	struct mt_tunnel *tunnel = ep->tunnel;
	struct mt_sample sample = {
		.direction = direction,
		.interval = interval,
		.source = source,
		.family = ep->conf.family,
		.offset = skb->len - len,
	};

	if (!interval)
		return NULL;
	sample.packets = mt_sampler_chooses(ep->sampler, direction,
					    packets->more + 1, interval);
	if (likely(!sample.packets))
		return NULL;
	sample.length = packets->bytes / (packets->more + 1);
	return mt_samples_take(tunnel, skb, &sample);
}

void mt_meter_sample(struct mt_meter *meter, const struct mt_endpoint *ep,
		     enum mtun_direction direction, const struct sk_buff *skb,
		     const union mt_addr *source)
{
	meter->reason = take_sample(ep, direction, skb, skb->len, source,
				    &meter->packets);
	if (meter->reason)
		meter->packets.traffic |= MT_METER_SAMPLED;
}

static void finish_sample(const struct mt_endpoint *ep, u32 *where, int reason)
{
	*where = reason;
	mt_samples_done(ep->tunnel);
}

void mt_meter_finish(const struct mt_meter *meter, const struct mt_endpoint *ep,
		     enum mtun_direction direction, int reason)
{
	struct mt_stats __percpu *stats = ep->tunnel->stats;

	if (reason)
		mt_stats_drop(stats, reason);
	else
		mt_stats_passed(stats, direction, &meter->packets);
	if (meter->packets.traffic & MT_METER_SAMPLED)
		finish_sample(ep, meter->reason, reason);
}

void mt_meter_drop(const struct mt_endpoint *ep, enum mtun_direction direction,
		   const struct sk_buff *skb, unsigned int len,
		   const union mt_addr *source, enum mtun_drop_reason reason)
{
	const struct mt_packets packets = { .bytes = len };
	u32 *where;

	mt_stats_drop(ep->tunnel->stats, reason);
	where = take_sample(ep, direction, skb, len, source, &packets);
	if (where)
		finish_sample(ep, where, reason);
}
