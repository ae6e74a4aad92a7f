/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a tunnel, and the drop reasons. Nothing else counts. */
#ifndef MTUN_STATS_H
#define MTUN_STATS_H

#include "traffic.h"

#include <linux/bitops.h>
#include <linux/if_link.h>
#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>

#define MT_DIRECTIONS	(MTUN_DIRECTION_MAX + 1)
#define MT_LENGTHS	17	/* powers of 2; the longest IP packet is in the last */

/*
 * One direction's packets that went through, by MT_KIND() and so forth. How many
 * there are altogether is the sum of these.
 */
#define MT_STATS_WAYS(type)						\
	struct {							\
		struct {						\
			type packets;					\
			type bytes;					\
		} kinds[MT_KINDS];					\
		type lengths[MT_LENGTHS];				\
		type tcp[MTUN_TCP_FLAG_MAX + 1];			\
		type fragments;						\
	} ways[MT_DIRECTIONS]

/*
 * All of a tunnel. drops: packets refused, by enum mtun_drop_reason; mss: TCP
 * handshakes seen by the MSS clamp, by enum mtun_mss_verdict; icmp_errors: those
 * received about packets sent; keepalives: of the far end, answered.
 */
#define MT_STATS_ALL(type)						\
	MT_STATS_WAYS(type);						\
	type drops[MTUN_DROP_REASON_MAX + 1];				\
	type mss[MTUN_MSS_VERDICT_MAX + 1];				\
	type icmp_errors;						\
	type keepalives

/**
 * struct mt_stats - counters of one tunnel on one CPU
 * @syncp: makes 64 bits readable in one piece on 32-bit machines
 */
struct mt_stats {
	MT_STATS_ALL(u64_stats_t);
	struct u64_stats_sync syncp;
};

/* The same, summed over CPUs. */
struct mt_stats_sum {
	MT_STATS_ALL(u64);
};

/**
 * struct mt_packets - what went through at once, as packets on the wire
 * @traffic: what kind of packets they are, mt_traffic_parse()
 * @more: how many more than one: a segmentation offload packet is what it will be
 *	  cut into
 * @bytes: of all of them, from their inner IP headers on
 * @length: bytes of each but the last, if there are several
 */
struct mt_packets {
	u32 traffic;
	unsigned int more;
	unsigned int bytes;
	unsigned int length;
};

struct mt_stats __percpu *mt_stats_alloc(void);

/* The writers below run with bottom halves off. */

void mt_stats_passed(struct mt_stats __percpu *stats,
		     enum mtun_direction direction,
		     const struct mt_packets *packets);

/* Of a packet on the wire, which has less than 2^17 bytes. */
static inline unsigned int mt_length_of(unsigned int bytes)
{
	return __fls((bytes & (BIT(MT_LENGTHS) - 1)) | 1);
}

/* One packet, of which there is nothing to count but its kind and length */
static inline bool mt_stats_plain(const struct mt_packets *packets)
{
	return !(packets->traffic & ~(0xff | MT_TRAFFIC_ACK)) && !packets->more;
}

/* The same for one that is plain, in line, with the direction a constant */
static inline void mt_stats_plain_passed(struct mt_stats __percpu *stats,
					 enum mtun_direction direction,
					 const struct mt_packets *packets)
{
	unsigned int kind = mt_traffic_kind(packets->traffic);
	struct mt_stats *s = this_cpu_ptr(stats);
	typeof(s->ways[0]) *way = &s->ways[direction];

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&way->kinds[kind].packets);
	u64_stats_add(&way->kinds[kind].bytes, packets->bytes);
	u64_stats_inc(&way->lengths[mt_length_of(packets->bytes)]);
	u64_stats_update_end(&s->syncp);
}

void mt_stats_drop(struct mt_stats __percpu *stats,
		   enum mtun_drop_reason reason);
void mt_stats_icmp_error(struct mt_stats __percpu *stats);
void mt_stats_keepalive(struct mt_stats __percpu *stats);
void mt_stats_mss(struct mt_stats __percpu *stats,
		  enum mtun_mss_verdict verdict);

void mt_stats_sum(const struct mt_stats __percpu *stats,
		  struct mt_stats_sum *sum);

/**
 * mt_stats_total() - how many packets went through, and bytes
 * @sum: the counters
 * @direction: of the packets
 * @packets: set to their number
 * @bytes: set to the sum of their bytes
 */
void mt_stats_total(const struct mt_stats_sum *sum,
		    enum mtun_direction direction, u64 *packets, u64 *bytes);

/**
 * mt_stats_link() - the counters in the terms of ip -s link
 * @sum: the counters
 * @link: the fields that a tunnel has are added to
 */
void mt_stats_link(const struct mt_stats_sum *sum,
		   struct rtnl_link_stats64 *link);

#endif /* MTUN_STATS_H */
