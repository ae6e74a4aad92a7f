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
