// SPDX-License-Identifier: GPL-2.0
#include "meter.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>

/* The first bytes are in several places and have to be copied. */
static noinline u32 parse_scattered(const struct sk_buff *skb, unsigned int len)
{
	u8 bytes[MT_TRAFFIC_LOOKED_AT];

	if (WARN_ON_ONCE(skb_copy_bits(skb, 0, bytes, len)))
		return MT_KIND(0, MTUN_PROTOCOL_OTHER);	/* all of it is there */
	return mt_traffic_parse(bytes, len);
}

u32 mt_meter_odd(const struct sk_buff *skb)
{
	unsigned int len = min_t(unsigned int, skb->len, MT_TRAFFIC_LOOKED_AT);
	u32 traffic;

	if (!len)	/* what a keepalive asks for may be a header alone */
		return MT_KIND(0, MTUN_PROTOCOL_OTHER);
	traffic = mt_traffic_parse(skb->data, skb_headlen(skb));
	if (traffic & MT_TRAFFIC_CUT && skb_headlen(skb) < len)
		traffic = parse_scattered(skb, len);
	return traffic & ~MT_TRAFFIC_CUT;
}

/* Bytes of the headers that each segment has, from the IP header on; or 0. */
static unsigned int segment_headers(const struct sk_buff *skb)
{
	struct tcphdr _tcp, *tcp;
	u8 _first, *first;
	int at;

	/* The innermost transport header, of those that are segmented. */
	at = skb->ip_summed == CHECKSUM_PARTIAL ?
	     skb_checksum_start_offset(skb) : skb_transport_offset(skb);
	/* Of packets that are a list nobody has told: it is an outer one. */
	if (at < (int)sizeof(struct iphdr)) {
		first = skb_header_pointer(skb, 0, sizeof(_first), &_first);
		if (!first)
			return 0;
		at = *first >> 4 == 4 ? (*first & 15) * 4 :
					(int)sizeof(struct ipv6hdr);
	}
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
u64 mt_meter_segments(const struct sk_buff *skb)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	unsigned int headers = segment_headers(skb);
	unsigned int size = shared->gso_size;
	unsigned int payload, n;

	if (headers >= skb->len || headers > U16_MAX)
		return 0;
	payload = skb->len - headers;
	if (size == GSO_BY_FRAGS)	/* each of a size of its own */
		size = DIV_ROUND_UP(payload, shared->gso_segs ?: 1);
	n = DIV_ROUND_UP(payload, size);
	if (n > U16_MAX || size > U16_MAX)
		return 0;
	return MT_SEGMENTS(n - 1, headers, size);
}

/* One in how many packets gets this far: not in line with those that do not. */
static noinline bool take_chosen(const struct mt_endpoint *ep, struct net *net,
				 enum mtun_direction direction,
				 const struct sk_buff *skb, unsigned int len,
				 const union mt_addr *source, u64 segments,
				 u32 packets)
{
	const struct mt_sample sample = {
		.direction = direction,
		.interval = mt_meter_interval(ep, direction),
		.packets = packets,
		.length = mt_segments_bytes(segments, len) /
			  (mt_segments_more(segments) + 1),
		.source = source,
		.family = ep->conf.family,
		.offset = skb->len - len,
	};

	return mt_samples_take(net, ep->tunnel->dev, skb, &sample);
}

/* Returns if there is a sample, which awaits the reason. */
static bool take_sample(const struct mt_endpoint *ep, struct net *net,
			enum mtun_direction direction,
			const struct sk_buff *skb, unsigned int len,
			const union mt_addr *source, u64 segments)
{
	u32 packets = mt_sampler_chooses(ep->sampler, direction,
					 mt_segments_more(segments) + 1,
					 mt_meter_interval(ep, direction));

	return unlikely(packets) &&
	       take_chosen(ep, net, direction, skb, len, source, segments,
			   packets);
}

/* Where the listeners are: the same one for as long as the device is up, under RCU */
static struct net *listeners(const struct mt_endpoint *ep)
{
	return dev_net(ep->tunnel->dev);
}

u32 mt_meter_sample(const struct mt_endpoint *ep, enum mtun_direction direction,
		    const struct sk_buff *skb, const union mt_addr *source,
		    u64 segments)
{
	return take_sample(ep, listeners(ep), direction, skb, skb->len, source,
			   segments) ? MT_METER_SAMPLED : 0;
}

void mt_meter_finish(const struct mt_endpoint *ep, enum mtun_direction direction,
		     u32 traffic, u32 bytes, u64 segments, int reason)
{
	struct mt_stats __percpu *stats = ep->tunnel->stats;

	if (reason)
		mt_stats_drop(stats, reason);
	else
		mt_stats_passed(stats, direction, traffic, bytes, segments);
	if (traffic & MT_METER_SAMPLED)
		mt_samples_done(listeners(ep), reason);
}

void mt_meter_drop(const struct mt_endpoint *ep, enum mtun_direction direction,
		   const struct sk_buff *skb, unsigned int len,
		   const union mt_addr *source, enum mtun_drop_reason reason)
{
	struct net *net;

	mt_stats_drop(ep->tunnel->stats, reason);
	if (!mt_meter_interval(ep, direction))
		return;
	/* A device that is down may be on its way into another namespace. */
	net = listeners(ep);
	if (take_sample(ep, net, direction, skb, len, source, 0))
		mt_samples_done(net, reason);
}
