// SPDX-License-Identifier: GPL-2.0
#include "stats.h"

#include <linux/percpu.h>

struct mt_stats __percpu *mt_stats_alloc(void)
{
	return netdev_alloc_pcpu_stats(struct mt_stats);
}

void mt_stats_rx(struct mt_stats __percpu *stats, unsigned int packets,
		 unsigned int bytes)
{
	struct mt_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->rx_packets, packets);
	u64_stats_add(&s->rx_bytes, bytes);
	u64_stats_update_end(&s->syncp);
}

void mt_stats_tx(struct mt_stats __percpu *stats, unsigned int packets,
		 unsigned int bytes)
{
	struct mt_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->tx_packets, packets);
	u64_stats_add(&s->tx_bytes, bytes);
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

void mt_stats_sum(const struct mt_stats __percpu *stats,
		  struct mt_stats_sum *sum)
{
	struct mt_stats_sum one;
	unsigned int start;
	int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct mt_stats *s = per_cpu_ptr(stats, cpu);

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			one.rx_packets = u64_stats_read(&s->rx_packets);
			one.rx_bytes = u64_stats_read(&s->rx_bytes);
			one.tx_packets = u64_stats_read(&s->tx_packets);
			one.tx_bytes = u64_stats_read(&s->tx_bytes);
			one.icmp_errors = u64_stats_read(&s->icmp_errors);
			for (i = 0; i < ARRAY_SIZE(one.mss); i++)
				one.mss[i] = u64_stats_read(&s->mss[i]);
			for (i = 0; i < ARRAY_SIZE(one.drops); i++)
				one.drops[i] = u64_stats_read(&s->drops[i]);
			one.keepalives = u64_stats_read(&s->keepalives);
		} while (u64_stats_fetch_retry(&s->syncp, start));

		sum->rx_packets += one.rx_packets;
		sum->rx_bytes += one.rx_bytes;
		sum->tx_packets += one.tx_packets;
		sum->tx_bytes += one.tx_bytes;
		sum->icmp_errors += one.icmp_errors;
		for (i = 0; i < ARRAY_SIZE(one.mss); i++)
			sum->mss[i] += one.mss[i];
		for (i = 0; i < ARRAY_SIZE(one.drops); i++)
			sum->drops[i] += one.drops[i];
		sum->keepalives += one.keepalives;
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
	int i;

	link->rx_packets += sum->rx_packets;
	link->rx_bytes += sum->rx_bytes;
	link->tx_packets += sum->tx_packets;
	link->tx_bytes += sum->tx_bytes;
	for (i = 0; i < ARRAY_SIZE(sum->drops); i++) {
		u64 *counter = link_counter(link, i);

		if (counter)
			*counter += sum->drops[i];
	}
	link->rx_errors += link->rx_frame_errors + link->rx_crc_errors +
			   link->rx_fifo_errors;
	link->tx_errors += link->tx_carrier_errors + link->collisions;
}
