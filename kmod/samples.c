// SPDX-License-Identifier: GPL-2.0
#include "samples.h"
#include "prefix.h"
#include "registry.h"

#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define MESSAGE_SIZE	8192
#define READY_MAX	32		/* messages */
#define FLUSH_AFTER	(HZ / 10)

/*
 * Samples of one CPU, for one network namespace: they are written into the
 * message that will be sent. It is sent when the next one might not fit, or after
 * a while; and not by whoever samples, because that means a look at each socket on the
 * machine that listens to any family, of which anybody may have many.
 */
struct mt_samples {
	spinlock_t lock;	/* the CPU may go, and somebody else do its work */
	struct sk_buff *message;	/* NULL while there are no samples */
	bool full;			/* it is: one has not fit */
	struct sk_buff_head ready;	/* full ones */
	u32 *open;	/* where the last one taken is to have its reason */
	u64 taken;			/* and those that were lost */
	int cpu;
	struct net *net;
	struct delayed_work flush;
};

/* NULL before there is one, and after. */
static const struct genl_family *genl;
static unsigned int genl_group;

/* ---- which packets ---- */

/* Evenly distributed, so that the mean is the interval. */
static u32 distance(u32 interval)
{
	return interval == 1 ? 1 : 1 + reciprocal_scale(get_random_u32(),
							2 * interval - 1);
}

unsigned int mt_sampler_renew(u32 *left, unsigned int packets, u32 interval)
{
	unsigned int chosen = 0;

	if (!*left)
		*left = distance(interval);
	while (packets >= *left) {
		packets -= *left;
		*left = distance(interval);
		chosen++;
	}
	*left -= packets;
	return chosen;
}

/* ---- messages ---- */

static size_t sample_size(void)
{
	return nla_total_size(0) + nla_total_size(sizeof(u8)) +
	       5 * nla_total_size(sizeof(u32)) +
	       nla_total_size(sizeof(struct in6_addr)) +
	       nla_total_size_64bit(sizeof(u64)) +
	       nla_total_size(MT_SAMPLE_BYTES);
}

/* There is one. Where too many wait, the number of the next one tells of it. */
static void end_message(struct mt_samples *samples)
{
	struct sk_buff *message = samples->message;

	lockdep_assert_held(&samples->lock);

	samples->message = NULL;
	samples->full = false;
	nlmsg_end(message, nlmsg_hdr(message));
	if (skb_queue_len(&samples->ready) < READY_MAX)
		__skb_queue_tail(&samples->ready, message);
	else
		nlmsg_free(message);
}

static void send_message(const struct mt_samples *samples,
			 struct sk_buff *message)
{
	const struct genl_family *to;

	rcu_read_lock();	/* mt_samples_stop() waits for it */
	to = READ_ONCE(genl);
	if (to)
		genlmsg_multicast_netns(to, samples->net, message, 0, genl_group,
					GFP_ATOMIC);
	else
		nlmsg_free(message);
	rcu_read_unlock();
}

static void send_ready(struct work_struct *work)
{
	struct mt_samples *samples = container_of(to_delayed_work(work),
						  struct mt_samples, flush);
	struct sk_buff_head ready;
	struct sk_buff *message;

	__skb_queue_head_init(&ready);
	spin_lock_bh(&samples->lock);
	if (samples->open)
		schedule_delayed_work(&samples->flush, FLUSH_AFTER);
	else if (samples->message)
		end_message(samples);
	skb_queue_splice_init(&samples->ready, &ready);
	spin_unlock_bh(&samples->lock);
	while ((message = __skb_dequeue(&ready)))
		send_message(samples, message);
}

static struct sk_buff *new_message(const struct mt_samples *samples,
				   const struct genl_family *from)
{
	struct sk_buff *message = alloc_skb(SKB_WITH_OVERHEAD(MESSAGE_SIZE),
					    GFP_ATOMIC | __GFP_NOWARN);

	if (!message)
		return NULL;
	if (genlmsg_put(message, 0, 0, from, 0, MTUN_CMD_SAMPLES_NTF) &&
	    !nla_put_u32(message, MTUN_A_SAMPLES_CPU, samples->cpu) &&
	    !nla_put_u64_64bit(message, MTUN_A_SAMPLES_NUMBER, samples->taken,
			       MTUN_A_SAMPLES_PAD))
		return message;
	nlmsg_free(message);
	return NULL;
}

static int put_data(struct sk_buff *message, const struct sk_buff *skb,
		    unsigned int offset)
{
	unsigned int len = skb->len > offset ? skb->len - offset : 0;
	struct nlattr *data;

	len = min_t(unsigned int, len, MT_SAMPLE_BYTES);
	data = nla_reserve(message, MTUN_A_SAMPLE_DATA, len);
	return data ? skb_copy_bits(skb, offset, nla_data(data), len) :
		      -EMSGSIZE;
}

/* Where its reason is, or NULL if it does not fit. */
static u32 *put_sample(struct sk_buff *message, const struct net_device *dev,
		       const struct sk_buff *skb,
		       const struct mt_sample *sample)
{
	unsigned int source_len = mt_family_bits(sample->family) / 8;
	struct nlattr *nest = nla_nest_start(message, MTUN_A_SAMPLES_SAMPLE);
	struct nlattr *reason;

	if (!nest)
		return NULL;
	reason = nla_reserve(message, MTUN_A_SAMPLE_REASON, sizeof(u32));
	if (!reason ||
	    nla_put_u32(message, MTUN_A_SAMPLE_IFINDEX, dev->ifindex) ||
	    nla_put_u8(message, MTUN_A_SAMPLE_DIRECTION, sample->direction) ||
	    nla_put_u32(message, MTUN_A_SAMPLE_INTERVAL, sample->interval) ||
	    nla_put_u32(message, MTUN_A_SAMPLE_PACKETS, sample->packets) ||
	    nla_put_u32(message, MTUN_A_SAMPLE_LENGTH, sample->length) ||
	    nla_put(message, MTUN_A_SAMPLE_SOURCE, source_len,
		    sample->source) ||
	    nla_put_u64_64bit(message, MTUN_A_SAMPLE_TIME, ktime_get_real_ns(),
			      MTUN_A_SAMPLE_PAD) ||
	    put_data(message, skb, sample->offset)) {
		nla_nest_cancel(message, nest);
		return NULL;
	}
	nla_nest_end(message, nest);
	return nla_data(reason);
}

/*
 * Samples that are not done are a list: in place of the reason is how far back the
 * one before is, or 0 if there is none.
 */
static void push_open(struct mt_samples *samples, u32 *reason)
{
	*reason = samples->open ? reason - samples->open : 0;
	samples->open = reason;
}

static void pop_open(struct mt_samples *samples, u32 reason)
{
	u32 *last = samples->open;

	samples->open = *last ? last - *last : NULL;
	*last = reason;
}

bool mt_samples_take(struct net *net, const struct net_device *dev,
		     const struct sk_buff *skb, const struct mt_sample *sample)
{
	const struct genl_family *to = READ_ONCE(genl);
	struct mt_samples *samples;
	u32 *reason = NULL;

	if (!to || !genl_has_listeners(to, net, genl_group))
		return false;
	samples = this_cpu_ptr(mt_net(net)->samples);
	spin_lock(&samples->lock);
	if (!samples->message) {
		samples->message = new_message(samples, to);
		if (samples->message)
			schedule_delayed_work_on(samples->cpu, &samples->flush,
						 FLUSH_AFTER);
	}
	if (samples->message && !samples->full)
		reason = put_sample(samples->message, dev, skb, sample);
	if (reason)
		push_open(samples, reason);
	else	/* the next message tells that there is a gap */
		samples->full = !!samples->message;
	samples->taken++;
	spin_unlock(&samples->lock);
	return reason;
}

void mt_samples_done(struct net *net, u32 reason)
{
	struct mt_samples *samples = this_cpu_ptr(mt_net(net)->samples);

	spin_lock(&samples->lock);
	pop_open(samples, reason);
	if (!samples->open && samples->message &&
	    skb_tailroom(samples->message) < sample_size()) {
		end_message(samples);
		mod_delayed_work_on(samples->cpu, system_wq, &samples->flush, 0);
	}
	spin_unlock(&samples->lock);
}

/* ---- setup ---- */

void mt_samples_start(const struct genl_family *family, unsigned int group)
{
	genl_group = group;
	/* Whoever sees the family sees its group. */
	smp_store_release(&genl, family);
}

void mt_samples_stop(void)
{
	WRITE_ONCE(genl, NULL);
	synchronize_net();	/* and so for those who send */
}

static int __net_init samples_net_init(struct net *net)
{
	struct mt_net *mn = mt_net(net);
	int cpu;

	mn->samples = alloc_percpu_gfp(struct mt_samples, GFP_KERNEL_ACCOUNT);
	if (!mn->samples)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct mt_samples *samples = per_cpu_ptr(mn->samples, cpu);

		spin_lock_init(&samples->lock);
		samples->cpu = cpu;
		samples->net = net;
		__skb_queue_head_init(&samples->ready);
		INIT_DELAYED_WORK(&samples->flush, send_ready);
	}
	return 0;
}

/* The namespace has no tunnels any more. */
static void __net_exit samples_net_exit(struct net *net)
{
	struct mt_net *mn = mt_net(net);
	int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_samples *samples = per_cpu_ptr(mn->samples, cpu);

		cancel_delayed_work_sync(&samples->flush);
		if (samples->message)
			nlmsg_free(samples->message);
		__skb_queue_purge(&samples->ready);
	}
	free_percpu(mn->samples);
}

static struct pernet_operations samples_net_ops = {
	.init = samples_net_init,
	.exit = samples_net_exit,
};

int mt_samples_init(void)
{
	return register_pernet_subsys(&samples_net_ops);
}

void mt_samples_exit(void)
{
	unregister_pernet_subsys(&samples_net_ops);
}
