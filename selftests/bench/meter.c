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

#define TIMES	100000

static struct mt_endpoint endpoint;
static struct mt_tunnel tunnel;

/* What is sampled is not looked at. */
unsigned int mt_sampler_renew(u32 *left, unsigned int packets, u32 interval)
{
	*left = interval;
	return 0;
}

bool mt_samples_take(struct net *net, const struct net_device *dev,
		     const struct sk_buff *skb, const struct mt_sample *sample)
{
	return false;
}

void mt_samples_done(struct net *net, u32 reason)
{
}

/* Functions like send() in encap.c use, and save, all registers anyway. */
static __always_inline void save_registers(void)
{
#ifdef CONFIG_X86_64
	asm volatile("" : : : "rbx", "rbp", "r12", "r13", "r14", "r15");
#endif
}

/* A packet is sent, or handed to the stack. */
static noinline int give_away(struct sk_buff *skb)
{
	barrier_data(skb);
	return 0;
}

/* As in encap.c and decap.c. What these do more than count_nothing() is the cost. */
static noinline void count_out(struct mt_endpoint *ep, struct sk_buff *skb)
{
	struct mt_meter meter = mt_meter_begin(ep, MTUN_DIRECTION_EGRESS, skb,
					       &ep->conf.local);

	mt_meter_end(meter, ep, MTUN_DIRECTION_EGRESS, give_away(skb));
	save_registers();
}

static noinline void count_in(struct mt_endpoint *ep, struct sk_buff *skb)
{
	struct mt_meter meter = mt_meter_begin(ep, MTUN_DIRECTION_INGRESS, skb,
					       &ep->conf.remote);

	mt_meter_end(meter, ep, MTUN_DIRECTION_INGRESS, 0);
	give_away(skb);
	save_registers();
}

static noinline void count_drop(struct mt_endpoint *ep, struct sk_buff *skb)
{
	mt_meter_drop(ep, MTUN_DIRECTION_INGRESS, skb, skb->len,
		      &ep->conf.remote, MTUN_DROP_RX_FILTER);
	give_away(skb);
	save_registers();
}

static noinline void count_nothing(struct mt_endpoint *ep, struct sk_buff *skb)
{
	give_away(skb);
	save_registers();
}

static u64 time_of(void (*count)(struct mt_endpoint *, struct sk_buff *),
		   struct sk_buff *skb)
{
	u64 start;
	int i;

	local_bh_disable();
	start = ktime_get_ns();
	for (i = 0; i < TIMES; i++)
		count(&endpoint, skb);
	start = ktime_get_ns() - start;
	local_bh_enable();
	return start;
}

/* A packet of which so many bytes are not in a page */
static struct sk_buff *make(const u8 *packet, unsigned int len,
			    unsigned int linear)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);

	if (!skb || !page)
		goto err_free;
	linear = min(len, linear);
	skb_put_data(skb, packet, linear);
	memcpy(page_address(page), packet + linear, len - linear);
	if (linear < len)
		skb_add_rx_frag(skb, 0, page, 0, len - linear, PAGE_SIZE);
	else
		put_page(page);
	return skb;

err_free:
	kfree_skb(skb);
	if (page)
		put_page(page);
	return NULL;
}

static void measure(const char *what, const u8 *packet, unsigned int len,
		    unsigned int linear)
{
	struct sk_buff *skb = make(packet, len, linear);
	u64 none, in, out;

	if (!skb)
		return;
	time_of(count_in, skb);
	none = time_of(count_nothing, skb);
	in = time_of(count_in, skb) - none;
	out = time_of(count_out, skb) - none;
	pr_info("meter: %s ingress %llu\n", what, in / TIMES);
	pr_info("meter: %s egress %llu\n", what, out / TIMES);
	kfree_skb(skb);
}

static void measure_drop(const u8 *packet, unsigned int len)
{
	struct sk_buff *skb = make(packet, len, len);
	u64 none;

	if (!skb)
		return;
	none = time_of(count_nothing, skb);
	pr_info("meter: drop ingress %llu\n",
		(time_of(count_drop, skb) - none) / TIMES);
	kfree_skb(skb);
}

static void measure_all(void)
{
	u8 v4[64] = { 0x45, [8] = 64, 17, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
	u8 v6[84] = { 0x60, [6] = 17, 64, 0x20, 1, [24] = 0x20, 1 };
	static const struct {
		const char *name;
		u8 flags;
	} tcp[] = {
		{ "tcp", 0x10 }, { "syn", 0x02 }, { "syn-ack", 0x12 },
		{ "rst", 0x14 }, { "fin", 0x11 },
	};
	char name[16];
	int i;

	measure("udp4", v4, sizeof(v4), sizeof(v4));
	measure("udp6", v6, sizeof(v6), sizeof(v6));
	measure("short4", v4, 28, 28);
	measure("short6", v6, 48, 48);
	measure("udp4-pages", v4, sizeof(v4), 28);
	measure_drop(v4, sizeof(v4));
	v4[6] = 0x20;
	measure("fragment4", v4, sizeof(v4), sizeof(v4));
	v4[6] = 0;
	v6[6] = 44;
	v6[40] = 17;
	v6[43] = 9;
	measure("fragment6", v6, sizeof(v6), sizeof(v6));
	v4[9] = 6;
	v6[6] = 6;
	for (i = 0; i < ARRAY_SIZE(tcp); i++) {
		v4[33] = tcp[i].flags;
		v6[53] = tcp[i].flags;
		snprintf(name, sizeof(name), "%s4", tcp[i].name);
		measure(name, v4, sizeof(v4), sizeof(v4));
		snprintf(name, sizeof(name), "%s6", tcp[i].name);
		measure(name, v6, sizeof(v6), sizeof(v6));
	}
	measure("tcp6-pages", v6, sizeof(v6), 60);
}

static int __init meter_init(void)
{
	tunnel.stats = mt_stats_alloc();
	if (!tunnel.stats)
		return -ENOMEM;
	endpoint.tunnel = &tunnel;
	measure_all();
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
