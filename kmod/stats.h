/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a tunnel, and the drop reasons. Nothing else counts. */
#ifndef MTUN_STATS_H
#define MTUN_STATS_H

#include "types.h"

#include <linux/if_link.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>

/**
 * struct mt_stats - counters of one tunnel on one CPU
 * @rx_packets: packets decapsulated
 * @rx_bytes: their bytes, without outer headers
 * @tx_packets: packets encapsulated
 * @tx_bytes: their bytes, without outer headers
 * @icmp_errors: ICMP errors received about packets sent
 * @mss: TCP handshakes seen by the MSS clamp, by enum mtun_mss_verdict
 * @drops: packets refused, by enum mtun_drop_reason
 * @keepalives: of the far end, answered
 * @syncp: makes 64 bits readable in one piece on 32-bit machines
 */
struct mt_stats {
	u64_stats_t rx_packets;
	u64_stats_t rx_bytes;
	u64_stats_t tx_packets;
	u64_stats_t tx_bytes;
	u64_stats_t icmp_errors;
	u64_stats_t mss[MTUN_MSS_VERDICT_MAX + 1];
	u64_stats_t drops[MTUN_DROP_REASON_MAX + 1];
	u64_stats_t keepalives;
	struct u64_stats_sync syncp;
};

/* The same, summed over CPUs. */
struct mt_stats_sum {
	u64 rx_packets;
	u64 rx_bytes;
	u64 tx_packets;
	u64 tx_bytes;
	u64 icmp_errors;
	u64 mss[MTUN_MSS_VERDICT_MAX + 1];
	u64 drops[MTUN_DROP_REASON_MAX + 1];
	u64 keepalives;
};

struct mt_stats __percpu *mt_stats_alloc(void);

/*
 * The writers below run with bottom halves off. @packets are packets on the
 * wire: a segmentation offload packet counts as what it will be cut into.
 */
void mt_stats_rx(struct mt_stats __percpu *stats, unsigned int packets,
		 unsigned int bytes);
void mt_stats_tx(struct mt_stats __percpu *stats, unsigned int packets,
		 unsigned int bytes);
void mt_stats_drop(struct mt_stats __percpu *stats,
		   enum mtun_drop_reason reason);
void mt_stats_icmp_error(struct mt_stats __percpu *stats);
void mt_stats_keepalive(struct mt_stats __percpu *stats);
void mt_stats_mss(struct mt_stats __percpu *stats,
		  enum mtun_mss_verdict verdict);

static inline unsigned int mt_wire_packets(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? max_t(u16, skb_shinfo(skb)->gso_segs, 1) : 1;
}

void mt_stats_sum(const struct mt_stats __percpu *stats,
		  struct mt_stats_sum *sum);

/**
 * mt_stats_link() - the counters in the terms of ip -s link
 * @sum: the counters
 * @link: the fields that a tunnel has are added to
 */
void mt_stats_link(const struct mt_stats_sum *sum,
		   struct rtnl_link_stats64 *link);

#endif /* MTUN_STATS_H */
