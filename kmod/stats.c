// SPDX-License-Identifier: GPL-2.0
#include "stats.h"

#include <linux/percpu.h>

struct mt_stats __percpu *mt_stats_alloc(void)
{
	return __netdev_alloc_pcpu_stats(struct mt_stats, GFP_KERNEL_ACCOUNT);
}

static void add(u64_stats_t *counter, unsigned int value)
{
	u64_stats_add(counter, value);
}

void mt_stats_passed(struct mt_stats __percpu *stats,
		     enum mtun_direction direction, u32 traffic, u32 bytes,
		     u64 segments)
{
	u32 each = mt_segments_length(segments);
	u32 more = mt_segments_more(segments);
	unsigned int flags = mt_traffic_flags(traffic & ~MT_TRAFFIC_FIN);
	unsigned int kind = mt_traffic_kind(traffic);
	struct mt_stats *s = this_cpu_ptr(stats);
	typeof(s->ways[0]) *way = &s->ways[direction];

	bytes = mt_segments_bytes(segments, bytes);
	u64_stats_update_begin(&s->syncp);
	add(&way->kinds[kind].packets, more + 1);
	add(&way->kinds[kind].bytes, bytes);
	add(&way->lengths[mt_length_of(each)], more);
	add(&way->lengths[mt_length_of(bytes - more * each)], 1);
	add(&way->flags[flags], more);	/* the last segment has FIN */
	add(&way->flags[mt_traffic_flags(traffic)], 1);
	u64_stats_update_end(&s->syncp);
}

void mt_stats_drop(struct mt_stats __percpu *stats,
		   enum mtun_drop_reason reason)
{
	struct mt_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->drops[reason]);
	u64_stats_update_end(&s->syncp);
}

void mt_stats_icmp_error(struct mt_stats __percpu *stats)
{
	struct mt_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->icmp_errors);
	u64_stats_update_end(&s->syncp);
}

void mt_stats_keepalive(struct mt_stats __percpu *stats)
{
	struct mt_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->keepalives);
	u64_stats_update_end(&s->syncp);
}

void mt_stats_mss(struct mt_stats __percpu *stats,
		  enum mtun_mss_verdict verdict)
{
	struct mt_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->mss[verdict]);
	u64_stats_update_end(&s->syncp);
}

/* Whole, and not half before and half after something was added */
static u64 read_counter(const struct mt_stats *s, const u64_stats_t *counter)
{
	unsigned int start;
	u64 value;

	do {
		start = u64_stats_fetch_begin(&s->syncp);
		value = u64_stats_read(counter);
	} while (u64_stats_fetch_retry(&s->syncp, start));
	return value;
}

/* Counters that are the same in both structures, in the same order. */
static void add_counters(u64 *to, const struct mt_stats *s,
			 const u64_stats_t *from, size_t size)
{
	size_t i;

	for (i = 0; i < size / sizeof(u64); i++)
		to[i] += read_counter(s, &from[i]);
}

static void add_flags(struct mt_stats_sum *sum, enum mtun_direction direction,
		      u32 traffic, u64 packets)
{
	typeof(sum->ways[0]) *way = &sum->ways[direction];

	if (traffic & MT_TRAFFIC_FRAGMENT)
		way->fragments += packets;
	if (traffic & MT_TRAFFIC_SYN)
		way->tcp[traffic & MT_TRAFFIC_ACK ? MTUN_TCP_FLAG_SYN_ACK :
						    MTUN_TCP_FLAG_SYN] += packets;
	if (traffic & MT_TRAFFIC_RST)
		way->tcp[MTUN_TCP_FLAG_RST] += packets;
	if (traffic & MT_TRAFFIC_FIN)
		way->tcp[MTUN_TCP_FLAG_FIN] += packets;
}

static void add_cpu(struct mt_stats_sum *sum, const struct mt_stats *s)
{
	int way, i;

	for (way = 0; way < MT_DIRECTIONS; way++) {
		add_counters(&sum->ways[way].kinds[0].packets, s,
			     &s->ways[way].kinds[0].packets,
			     sizeof(sum->ways[way].kinds));
		add_counters(sum->ways[way].lengths, s, s->ways[way].lengths,
			     sizeof(sum->ways[way].lengths));
		for (i = 1; i < MT_TRAFFIC_FLAGS; i++)
			add_flags(sum, way, i << 8,
				  read_counter(s, &s->ways[way].flags[i]));
	}
	add_counters(sum->drops, s, s->drops, sizeof(sum->drops));
	add_counters(sum->mss, s, s->mss, sizeof(sum->mss));
	add_counters(&sum->icmp_errors, s, &s->icmp_errors, sizeof(u64));
	add_counters(&sum->keepalives, s, &s->keepalives, sizeof(u64));
}

void mt_stats_sum(const struct mt_stats __percpu *stats,
		  struct mt_stats_sum *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
		add_cpu(sum, per_cpu_ptr(stats, cpu));
}

void mt_stats_total(const struct mt_stats_sum *sum,
		    enum mtun_direction direction, u64 *packets, u64 *bytes)
{
	int i;

	*packets = 0;
	*bytes = 0;
	for (i = 0; i < MT_KINDS; i++) {
		*packets += sum->ways[direction].kinds[i].packets;
		*bytes += sum->ways[direction].kinds[i].bytes;
	}
}

/* Where ip -s link looks for packets dropped for a reason. */
static u64 *link_counter(struct rtnl_link_stats64 *link,
			 enum mtun_drop_reason reason)
{
	switch (reason) {
	case MTUN_DROP_RX_HEADER:
	case MTUN_DROP_RX_TRUNCATED:
	case MTUN_DROP_RX_OPTIONS:
	case MTUN_DROP_RX_PROTOCOL:
	case MTUN_DROP_RX_INNER:
	case MTUN_DROP_RX_ECN:
	case MTUN_DROP_RX_KEEPALIVE:
		return &link->rx_frame_errors;
	case MTUN_DROP_RX_CHECKSUM:
		return &link->rx_crc_errors;
	case MTUN_DROP_RX_SEQUENCE:
		return &link->rx_fifo_errors;	/* where ip_gre counts them */
	case MTUN_DROP_RX_FILTER:
	case MTUN_DROP_RX_POLICY:
	case MTUN_DROP_RX_DOWN:
	case MTUN_DROP_RX_MEMORY:
	case MTUN_DROP_RX_PROBE:
	case MTUN_DROP_RX_KEEPALIVE_RATE:
	case MTUN_DROP_RX_IPSEC:
		return &link->rx_dropped;
	case MTUN_DROP_RX_BACKLOG:
		return NULL;	/* the stack adds its own count of them */
	case MTUN_DROP_TX_NO_ROUTE:
	case MTUN_DROP_TX_IPSEC:
		return &link->tx_carrier_errors;
	case MTUN_DROP_TX_LOOP:
		return &link->collisions;
	case MTUN_DROP_TX_FILTER:
	case MTUN_DROP_TX_PROTOCOL:
	case MTUN_DROP_TX_INNER:
	case MTUN_DROP_TX_TOO_BIG:
	case MTUN_DROP_TX_UNDERLAY:
	case MTUN_DROP_TX_MEMORY:
		return &link->tx_dropped;
	case __MTUN_DROP_REASON_MAX:
		break;
	}
	return NULL;
}

void mt_stats_link(const struct mt_stats_sum *sum,
		   struct rtnl_link_stats64 *link)
{
	u64 packets, bytes;
	int i;

	mt_stats_total(sum, MTUN_DIRECTION_INGRESS, &packets, &bytes);
	link->rx_packets += packets;
	link->rx_bytes += bytes;
	mt_stats_total(sum, MTUN_DIRECTION_EGRESS, &packets, &bytes);
	link->tx_packets += packets;
	link->tx_bytes += bytes;
	for (i = 0; i < ARRAY_SIZE(sum->drops); i++) {
		u64 *counter = link_counter(link, i);

		if (counter)
			*counter += sum->drops[i];
	}
	link->rx_errors += link->rx_frame_errors + link->rx_crc_errors +
			   link->rx_fifo_errors;
	link->tx_errors += link->tx_carrier_errors + link->collisions;
}
