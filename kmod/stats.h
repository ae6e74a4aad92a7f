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

/* How many packets there are altogether is the sum of these. */
#define MT_STATS_KINDS(type)						\
	struct {							\
		type packets;						\
		type bytes;						\
	} kinds[MT_KINDS]

/* What is not about packets that went through. */
#define MT_STATS_OTHERS(type)						\
	type drops[MTUN_DROP_REASON_MAX + 1];				\
	type mss[MTUN_MSS_VERDICT_MAX + 1];				\
	type icmp_errors;						\
	type keepalives

/**
 * struct mt_stats - counters of one tunnel on one CPU
 * @ways: packets that went through, by direction: by MT_KIND(), by the power of
 *	  2 that their length has, and by mt_traffic_flags(), so that a packet with
 *	  several flags is one addition; plain ones are not in flags[0]
 * @drops: packets refused, by enum mtun_drop_reason
 * @mss: TCP handshakes seen by the MSS clamp, by enum mtun_mss_verdict
 * @icmp_errors: those received about packets sent
 * @keepalives: of the far end, answered
 * @syncp: makes 64 bits readable in one piece on 32-bit machines
 */
struct mt_stats {
	struct {
		MT_STATS_KINDS(u64_stats_t);
		u64_stats_t lengths[MT_LENGTHS];
		u64_stats_t flags[MT_TRAFFIC_FLAGS];
	} ways[MT_DIRECTIONS];
	MT_STATS_OTHERS(u64_stats_t);
	struct u64_stats_sync syncp;
};

/* The same, summed over CPUs, with each flag by itself. */
struct mt_stats_sum {
	struct {
		MT_STATS_KINDS(u64);
		u64 lengths[MT_LENGTHS];
		u64 tcp[MTUN_TCP_FLAG_MAX + 1];
		u64 fragments;
	} ways[MT_DIRECTIONS];
	MT_STATS_OTHERS(u64);
};

/*
 * What a segmentation offload packet will be cut into, as one number: 0 for one
 * that is sent as it is.
 */
#define MT_SEGMENTS(more, headers, size)				\
	((u64)(more) | (u64)(headers) << 16 | (u64)(size) << 32)

/* How many more than one */
static inline u32 mt_segments_more(u64 segments)
{
	return segments & 0xffff;
}

/* Bytes that each of them begins with, from the inner IP header on */
static inline u32 mt_segments_headers(u64 segments)
{
	return segments >> 16 & 0xffff;
}

/* Bytes of each but the last */
static inline u32 mt_segments_length(u64 segments)
{
	return mt_segments_headers(segments) + (segments >> 32);
}

/* Of all of them, of an offload packet that has so many itself */
static inline u32 mt_segments_bytes(u64 segments, u32 bytes)
{
	return bytes + mt_segments_more(segments) * mt_segments_headers(segments);
}

struct mt_stats __percpu *mt_stats_alloc(void);

/* The writers below run with bottom halves off. */

/**
 * mt_stats_passed() - a packet went through
 * @stats: of its tunnel
 * @direction: which way
 * @traffic: what kind of packet it is, mt_traffic_parse()
 * @bytes: of it, from the inner IP header on
 * @segments: what it will be on the wire
 */
void mt_stats_passed(struct mt_stats __percpu *stats,
		     enum mtun_direction direction, u32 traffic, u32 bytes,
		     u64 segments);

/* Of a packet on the wire, which has less than 2^17 bytes. */
static inline unsigned long mt_length_of(unsigned long bytes)
{
	return __fls((bytes & (BIT(MT_LENGTHS) - 1)) | 1);
}

/* mt_stats_passed() without segments, in line, with the direction a constant */
static __always_inline void mt_stats_one_passed(struct mt_stats *s,
						enum mtun_direction direction,
						u32 traffic, unsigned long bytes)
{
	unsigned int kind = mt_traffic_kind(traffic);
	typeof(s->ways[0]) *way = &s->ways[direction];

	u64_stats_update_begin(&s->syncp);
	if (unlikely(traffic > MT_TRAFFIC_PLAIN))
		u64_stats_inc(&way->flags[mt_traffic_flags(traffic)]);
	u64_stats_inc(&way->kinds[kind].packets);
	u64_stats_add(&way->kinds[kind].bytes, bytes);
	u64_stats_inc(&way->lengths[mt_length_of(bytes)]);
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
