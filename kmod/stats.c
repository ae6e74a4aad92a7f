// SPDX-License-Identifier: GPL-2.0
#include "stats.h"

#include <linux/percpu.h>

struct mt_stats __percpu *mt_stats_alloc(void)
{
	return netdev_alloc_pcpu_stats(struct mt_stats);
}

static void add(u64_stats_t *counter, unsigned int value)
{
	u64_stats_add(counter, value);
}

void mt_stats_passed(struct mt_stats __percpu *stats,
		     enum mtun_direction direction,
		     const struct mt_packets *packets)
{
	struct mt_stats *s = this_cpu_ptr(stats);
	typeof(s->ways[0]) *way = &s->ways[direction];
	unsigned int n = packets->more + 1;
	unsigned int last = packets->bytes;
	u32 flags = packets->traffic;

	u64_stats_update_begin(&s->syncp);
	add(&way->kinds[mt_traffic_kind(flags)].packets, n);
	add(&way->kinds[mt_traffic_kind(flags)].bytes, packets->bytes);
	if (packets->more) {
		last -= packets->more * packets->length;
		add(&way->lengths[mt_length_of(packets->length)],
		    packets->more);
	}
	add(&way->lengths[mt_length_of(last)], 1);
	if (flags & MT_TRAFFIC_FRAGMENT)
		add(&way->fragments, n);
	if (flags & MT_TRAFFIC_SYN)
		add(&way->tcp[flags & MT_TRAFFIC_ACK ? MTUN_TCP_FLAG_SYN_ACK :
						       MTUN_TCP_FLAG_SYN], n);
	if (flags & MT_TRAFFIC_RST)
		add(&way->tcp[MTUN_TCP_FLAG_RST], n);
	if (flags & MT_TRAFFIC_FIN)	/* the last segment has it */
		add(&way->tcp[MTUN_TCP_FLAG_FIN], 1);
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

/* Both structures are the same counters in the same order, and then some. */
#define COUNTERS	(sizeof(struct mt_stats_sum) / sizeof(u64))

static_assert(sizeof(u64_stats_t) == sizeof(u64) &&
	      offsetof(struct mt_stats, icmp_errors) ==
	      offsetof(struct mt_stats_sum, icmp_errors));

void mt_stats_sum(const struct mt_stats __percpu *stats,
		  struct mt_stats_sum *sum)
{
	u64 *to = (u64 *)sum;
	unsigned int start;
	int cpu, i;
	u64 value;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct mt_stats *s = per_cpu_ptr(stats, cpu);
		const u64_stats_t *from = (const u64_stats_t *)s;

		for (i = 0; i < COUNTERS; i++) {
			do {
				start = u64_stats_fetch_begin(&s->syncp);
				value = u64_stats_read(&from[i]);
			} while (u64_stats_fetch_retry(&s->syncp, start));
			to[i] += value;
		}
	}
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
		return &link->rx_dropped;
	case MTUN_DROP_RX_BACKLOG:
		return NULL;	/* the stack adds its own count of them */
	case MTUN_DROP_TX_NO_ROUTE:
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
