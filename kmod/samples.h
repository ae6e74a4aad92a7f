/* SPDX-License-Identifier: GPL-2.0 */
/* Samples of packets, on their way to those who listen. */
#ifndef MTUN_SAMPLES_H
#define MTUN_SAMPLES_H

#include "types.h"

#include <linux/skbuff.h>
#include <net/genetlink.h>

struct mt_tunnel;

#define MT_SAMPLE_BYTES		128	/* of a packet */

/**
 * struct mt_sampler - when to take the next samples, on one CPU
 * @left: how many packets it is to the next one, by enum mtun_direction; 0
 *	  before the first packet
 */
struct mt_sampler {
	u32 left[MTUN_DIRECTION_MAX + 1];
};

/**
 * struct mt_sample - a packet that is to be sampled
 * @direction: which way it goes
 * @interval: one of how many packets is sampled
 * @packets: how many of those that it is are
 * @length: bytes of each
 * @source: outer source address
 * @family: of that
 * @offset: where the inner packet begins in the packet buffer
 */
struct mt_sample {
	enum mtun_direction direction;
	u32 interval;
	unsigned int packets;
	unsigned int length;
	const union mt_addr *source;
	u8 family;
	unsigned int offset;
};

/* For mt_sampler_chooses(), when it is time. */
unsigned int mt_sampler_renew(u32 *left, unsigned int packets, u32 interval);

/**
 * mt_sampler_chooses() - how many of some packets are to be sampled
 * @sampler: of the endpoint, whose interval it is
 * @direction: which way they go
 * @packets: how many there are, 1 at least
 * @interval: one of how many is sampled, not 0
 *
 * Context: bottom halves off.
 * Return: 0 nearly always.
 */
static inline unsigned int
mt_sampler_chooses(struct mt_sampler __percpu *sampler,
		   enum mtun_direction direction, unsigned int packets,
		   u32 interval)
{
	u32 *left = &this_cpu_ptr(sampler)->left[direction];

	if (likely(*left > packets)) {
		*left -= packets;
		return 0;
	}
	return mt_sampler_renew(left, packets, interval);
}

/**
 * mt_samples_take() - sample a packet
 * @net: where those are who listen
 * @dev: its tunnel
 * @skb: the packet
 * @sample: what there is to say
 *
 * Context: bottom halves off.
 * Return: true if there is a sample now, and mt_samples_done() has to be called;
 * false if nobody listens or there is no memory.
 */
bool mt_samples_take(struct net *net, const struct net_device *dev,
		     const struct sk_buff *skb, const struct mt_sample *sample);

/**
 * mt_samples_done() - say what became of the packet that was sampled last
 * @net: as before
 * @reason: why it was dropped, or 0 if it was not
 *
 * Packets of tunnels in tunnels are sampled while others are under way: the last
 * one that was taken is the first one that is done.
 */
void mt_samples_done(struct net *net, u32 reason);

/**
 * mt_samples_start() - samples may be sent from now on
 * @family: whose multicast group they go to
 * @group: its number
 */
void mt_samples_start(const struct genl_family *family, unsigned int group);

/* And they may not any more; the family is in nobody's use when it returns. */
void mt_samples_stop(void);

int mt_samples_init(void);
void mt_samples_exit(void);

#endif /* MTUN_SAMPLES_H */
