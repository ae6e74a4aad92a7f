// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to count a packet: the functions that count packets of tunnels,
 * called a million times, in nanoseconds of a clock that counts instructions.
 * Loaded by selftests/bench/counters.sh, which reads the kernel log.
 */
#include "../../kmod/traffic.c"
#include "../../kmod/stats.c"
#include "../../kmod/meter.c"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/module.h>

#define TIMES	1000000

static struct mt_endpoint endpoint;
static struct mt_tunnel tunnel;

/* Nothing is sampled. */
unsigned int mt_sampler_renew(u32 *left, unsigned int packets, u32 interval)
{
	return 0;
}

u32 *mt_samples_take(const struct mt_tunnel *tunnel, const struct sk_buff *skb,
		     const struct mt_sample *sample)
{
	return NULL;
}

void mt_samples_done(const struct mt_tunnel *tunnel)
{
}

/* As in encap.c. What any function does to have room on its stack is not counted. */
static noinline void count(const struct sk_buff *skb, bool really)
{
	struct mt_meter meter;

	barrier_data(&meter);
	if (!really)
		return;
	mt_meter_begin(&meter, &endpoint, MTUN_DIRECTION_EGRESS, skb,
		       &endpoint.conf.local);
	barrier();
	mt_meter_end(&meter, &endpoint, MTUN_DIRECTION_EGRESS, 0);
}

static u64 time_of(const struct sk_buff *skb, bool really)
{
	u64 start;
	int i;

	local_bh_disable();
	start = ktime_get_ns();
	for (i = 0; i < TIMES; i++)
		count(skb, really);
	start = ktime_get_ns() - start;
	local_bh_enable();
	return start;
}

static void measure(const char *what, const u8 *packet, unsigned int len)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	u64 with, without;

	if (!skb)
		return;
	skb_put_data(skb, packet, len);
	time_of(skb, true);
	with = time_of(skb, true);
	without = time_of(skb, false);
	pr_info("meter: %s %llu\n", what, (with - without) / TIMES);
	kfree_skb(skb);
}

static int __init meter_init(void)
{
	u8 v4[64] = { 0x45, [8] = 64, 17, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
	u8 v6[84] = { 0x60, [6] = 17, 64, 0x20, 1, [24] = 0x20, 1 };

	tunnel.stats = mt_stats_alloc();
	if (!tunnel.stats)
		return -ENOMEM;
	endpoint.tunnel = &tunnel;
	measure("udp4", v4, sizeof(v4));
	measure("udp6", v6, sizeof(v6));
	v4[9] = 6;
	v4[33] = MT_TRAFFIC_ACK >> 8;
	measure("tcp4", v4, sizeof(v4));
	v4[33] = MT_TRAFFIC_SYN >> 8;
	measure("syn4", v4, sizeof(v4));
	free_percpu(tunnel.stats);
	return 0;
}
module_init(meter_init);

/* To be loaded is all that it is for. */
static void __exit meter_exit(void)
{
}
module_exit(meter_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of mtun: the cost of its counters");
