// SPDX-License-Identifier: GPL-2.0
#include "probe.h"
#include "compat.h"
#include "echo.h"
#include "encap.h"
#include "filter.h"
#include "peer.h"
#include "registry.h"
#include "stats.h"

#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/sched/isolation.h>
#include <linux/slab.h>
#include <linux/timer.h>

/* A probe that is under way */
struct flight {
	struct mt_cookie cookie;
	ktime_t sent;
	u64 lost;	/* when it would be, if timers were exact, ms */
	bool flying;
	bool again;	/* sent because another one was lost */
};

/**
 * struct mt_probe - the watch over a tunnel
 * @tunnel: which
 * @lock: over everything below but @timer and @rcu
 * @timer: when the next probe is due, or the first of those under way is lost
 * @conf: how
 * @watched: device up, mode not off
 * @id: identifier of its probes, of no other tunnel's in the underlay
 * @seq: of the next probe
 * @next: when a probe is due, ms
 * @health: the state
 * @rtt: round-trip times
 * @last: of the last probe
 * @flights: by sequence number
 * @sent: probes
 * @answered: of those
 * @lost: of those
 * @unsent: probes that could not be made
 * @rcu: defers the freeing
 *
 * A timer for each tunnel and no list of our own: the kernel's timers are a
 * wheel, where arming one costs the same however many there are, and those of a
 * tick run together. Each runs on the CPU that it was begun on, so that tunnels do
 * not meet, and needs no lock but the tunnel's.
 */
struct mt_probe {
	struct mt_tunnel *tunnel;
	spinlock_t lock;	/* see above */
	struct timer_list timer;
	struct mt_health_conf conf;
	bool watched;
	u16 id;
	u16 seq;
	u64 next;
	struct mt_health health;
	struct mt_rtt rtt;
	struct mt_echo last;
	struct flight flights[MT_HEALTH_FLYING_MAX];
	u64 sent;
	u64 answered;
	u64 lost;
	u64 unsent;
	struct rcu_head rcu;
};

static ATOMIC_NOTIFIER_HEAD(chain);

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

static struct mt_probe *probe_of(const struct mt_tunnel *tunnel)
{
	return rtnl_dereference(tunnel->probe);
}

/* ---- what is known ---- */

static void fill_status(const struct mt_probe *p,
			struct mt_probe_status *status)
{
	*status = (struct mt_probe_status) {
		.tunnel = p->tunnel,
		.conf = p->conf,
		.watched = p->watched,
		.state = p->health.state,
		.old_state = p->health.old_state,
		.reason = p->health.reason,
		.family = p->last.family,
		.source = p->last.dst,	/* as an answer has them */
		.target = p->last.src,
		.since = now_ms() - p->health.since,
		.sent = p->sent,
		.answered = p->answered,
		.lost = p->lost,
		.unsent = p->unsent,
		.rtt = p->rtt,
	};
	mt_health_window(&p->health, &status->window_probes,
			 &status->window_lost);
}

void mt_probe_conf(const struct mt_tunnel *tunnel, struct mt_health_conf *conf)
{
	const struct mt_probe *p = probe_of(tunnel);

	if (p)
		*conf = p->conf;
	else
		mt_health_conf_init(conf);
}

void mt_probe_status(const struct mt_tunnel *tunnel,
		     struct mt_probe_status *status)
{
	struct mt_probe *p = probe_of(tunnel);

	if (p) {
		spin_lock_bh(&p->lock);
		fill_status(p, status);
		spin_unlock_bh(&p->lock);
		return;
	}
	memset(status, 0, sizeof(*status));
	status->tunnel = tunnel;
	mt_health_conf_init(&status->conf);
}

bool mt_probe_answers(const struct mt_tunnel *tunnel)
{
	const struct mt_probe *p = rcu_dereference_bh(tunnel->probe);

	return !p || READ_ONCE(p->conf.answer);
}

int mt_probe_register_notifier(struct notifier_block *nb)
{
	return atomic_notifier_chain_register(&chain, nb);
}

int mt_probe_unregister_notifier(struct notifier_block *nb)
{
	return atomic_notifier_chain_unregister(&chain, nb);
}

/* ---- the end of a probe ---- */

static void set_carrier(const struct mt_probe *p)
{
	if (p->watched && p->conf.carrier &&
	    p->health.state == MTUN_HEALTH_STATE_DOWN)
		netif_carrier_off(p->tunnel->dev);
	else
		netif_carrier_on(p->tunnel->dev);
}

/* Returns how many probes are to follow at once. */
static unsigned int probe_ended(struct mt_probe *p, struct flight *flight,
				bool lost)
{
	struct mt_probe_status status;
	unsigned int todo;
	u64 now = now_ms();	/* now that we have the lock, so that it grows */

	lockdep_assert_held(&p->lock);

	flight->flying = false;
	todo = mt_health_probe_ended(&p->health, &p->conf.rules, lost,
				     flight->again,
				     lost ? flight->lost : now, now);
	if (todo & MT_HEALTH_CHANGED) {
		set_carrier(p);
		fill_status(p, &status);
		atomic_notifier_call_chain(&chain, status.state, &status);
	}
	return todo & MT_HEALTH_ASK_AGAIN ? p->conf.rules.down_probes - 1 : 0;
}

/* Who has not seen the probe cannot know its cookie, and nobody can use it twice. */
static int answer_received(struct mt_probe *p, const struct mt_cookie *cookie)
{
	struct flight *flight = &p->flights[cookie->seq % MT_HEALTH_FLYING_MAX];
	int verdict = MTUN_DROP_RX_PROBE;
	ktime_t now = ktime_get();

	spin_lock(&p->lock);
	if (p->watched && flight->flying &&
	    mt_cookie_equal(&flight->cookie, cookie)) {
		p->answered++;
		mt_rtt_add(&p->rtt, ktime_us_delta(now, flight->sent));
		probe_ended(p, flight, false);
		verdict = MT_PROBE_TAKEN;
	}
	spin_unlock(&p->lock);
	return verdict;
}

static bool read_echo(const struct sk_buff *skb, struct mt_echo *echo)
{
	unsigned int len = min_t(unsigned int, skb->len, MT_ECHO_LEN_MAX);
	u8 buffer[MT_ECHO_LEN_MAX];
	const u8 *data;

	data = skb_header_pointer(skb, 0, len, buffer);
	return data && mt_echo_parse(echo, data, len);
}

/* Somebody else may use the same identifier between other addresses. */
static bool is_answer(struct mt_probe *p, const struct mt_echo *echo)
{
	bool is;

	spin_lock(&p->lock);
	is = !echo->request && echo->cookie.id == p->id &&
	     echo->family == p->last.family &&
	     !memcmp(&echo->src, &p->last.src, sizeof(echo->src)) &&
	     !memcmp(&echo->dst, &p->last.dst, sizeof(echo->dst));
	spin_unlock(&p->lock);
	return is;
}

/*
 * The stack sends nothing without a carrier. If the far end has none for the same
 * reason, each would wait for the other one's answers for ever.
 */
static int answer_without_carrier(struct mt_tunnel *tunnel,
				  const struct sk_buff *skb, struct mt_echo *echo)
{
	u8 packet[MT_ECHO_LEN_MAX];

	if (netif_carrier_ok(tunnel->dev) ||
	    !mt_filter_returns(tunnel, skb, echo->request) ||
	    !mt_peers_answer(tunnel->dev, echo))
		return MT_PROBE_PASS;
	mt_encap_bytes(tunnel, echo->family, packet, mt_echo_build(packet, echo));
	return MT_PROBE_TAKEN;
}

int mt_probe_receive(struct mt_tunnel *tunnel, const struct sk_buff *skb)
{
	struct mt_probe *p = rcu_dereference_bh(tunnel->probe);
	struct mt_echo echo;
	bool bi;

	if (!p)
		return MT_PROBE_PASS;
	bi = p->conf.mode == MTUN_HEALTH_MODE_PROBE &&
	     p->conf.direction == MTUN_HEALTH_DIRECTION_BI;
	if ((!bi && netif_carrier_ok(tunnel->dev)) || !read_echo(skb, &echo))
		return MT_PROBE_PASS;
	if (bi && is_answer(p, &echo))
		return answer_received(p, &echo.cookie);
	return answer_without_carrier(tunnel, skb, &echo);
}

int mt_probe_receive_keepalive(struct mt_tunnel *tunnel,
			       const struct sk_buff *skb)
{
	struct mt_probe *p = rcu_dereference_bh(tunnel->probe);
	struct mt_cookie cookie;
	u8 buffer[MT_COOKIE_LEN];
	const u8 *data;

	if (!p || p->conf.mode != MTUN_HEALTH_MODE_KEEPALIVE)
		return MTUN_DROP_RX_PROTOCOL;
	data = skb_header_pointer(skb, 0, sizeof(buffer), buffer);
	if (!data)
		return MTUN_DROP_RX_PROBE;
	mt_cookie_read(&cookie, data);
	return answer_received(p, &cookie);
}

bool mt_probe_receive_outside(struct net *net, const struct sk_buff *skb)
{
	struct xarray *probes = &mt_net(net)->probes;
	struct mt_echo echo;
	struct mt_probe *p;
	int verdict;

	if (xa_empty(probes) || !read_echo(skb, &echo))
		return false;
	p = xa_load(probes, echo.cookie.id);
	if (!p || p->conf.mode != MTUN_HEALTH_MODE_PROBE ||
	    p->conf.direction != MTUN_HEALTH_DIRECTION_UNI ||
	    !is_answer(p, &echo))
		return false;
	verdict = answer_received(p, &echo.cookie);
	if (verdict != MT_PROBE_TAKEN)
		mt_stats_drop(p->tunnel->stats, verdict);
	return true;
}

/* ---- the beginning of a probe ---- */

/* What goes out when the lock is released */
struct packets {
	unsigned int n;
	struct {
		u8 family;
		u8 len;
		u8 data[MT_ECHO_LEN_MAX];
	} v[MT_HEALTH_DOWN_PROBES_MAX];
};

/* @from: when it should have been sent, ms */
static void add_probe(struct mt_probe *p, struct packets *packets, bool again,
		      u64 from)
{
	struct flight *flight = &p->flights[p->seq % MT_HEALTH_FLYING_MAX];
	const struct mt_endpoint *ep = rcu_dereference(p->tunnel->endpoint);
	typeof(packets->v[0]) *packet = &packets->v[packets->n];

	if (!ep || flight->flying || packets->n == ARRAY_SIZE(packets->v))
		return;
	flight->cookie = (struct mt_cookie) {
		.id = p->id,
		.seq = p->seq,
		.secret = get_random_u64(),
	};
	packet->len = mt_peers_probe(p->tunnel->dev, &p->conf, &ep->conf,
				     &flight->cookie, &p->last, packet->data);
	if (!packet->len) {
		p->unsent++;
		return;
	}
	packet->family = p->last.family;
	packets->n++;
	p->seq++;
	p->sent++;
	flight->flying = true;
	flight->again = again;
	flight->sent = ktime_get();
	flight->lost = from + p->conf.timeout;
}

/* ---- time ---- */

static u64 deadline(const struct mt_probe *p, const struct flight *flight)
{
	return ktime_to_ms(flight->sent) + p->conf.timeout;
}

/* Nobody waits for them any longer: how many to send instead, and since when due. */
static unsigned int expire(struct mt_probe *p, u64 now, u64 *since)
{
	bool asking = false;	/* what was asked again is still under way */
	unsigned int more = 0, i;
	struct flight *flight;

	*since = now;
	for (i = 0; i < MT_HEALTH_FLYING_MAX; i++) {
		flight = &p->flights[i];
		if (!flight->flying)
			continue;
		if (deadline(p, flight) > now) {
			asking |= flight->again;
			continue;
		}
		p->lost++;
		*since = min(*since, flight->lost);
		more = max(more, probe_ended(p, flight, true));
	}
	return asking || p->health.state == MTUN_HEALTH_STATE_DOWN ? 0 : more;
}

static unsigned long due(const struct mt_probe *p, u64 now)
{
	u64 next = p->next;
	unsigned int i;

	for (i = 0; i < MT_HEALTH_FLYING_MAX; i++)
		if (p->flights[i].flying)
			next = min(next, deadline(p, &p->flights[i]));
	return jiffies + 1 + (next > now ? msecs_to_jiffies(next - now) : 0);
}

/* What is late stays in step with itself, and not with all others that are late. */
static void schedule_next(struct mt_probe *p, u64 now)
{
	u32 late;

	div_u64_rem(now - p->next, p->conf.interval, &late);
	p->next = now - late + p->conf.interval;
}

/* What was made is sent without the lock: it may come back while it is sent. */
static void tick(struct timer_list *timer)
{
	struct mt_probe *p = container_of(timer, struct mt_probe, timer);
	struct packets packets;
	unsigned int more, i;
	u64 now, since;

	packets.n = 0;
	rcu_read_lock();
	spin_lock(&p->lock);
	now = now_ms();
	more = expire(p, now, &since);
	while (more--)
		add_probe(p, &packets, true, since);
	if (now >= p->next) {
		add_probe(p, &packets, false, now);
		schedule_next(p, now);
	}
	mod_timer(&p->timer, due(p, now));
	spin_unlock(&p->lock);
	for (i = 0; i < packets.n; i++)
		mt_encap_bytes(p->tunnel, packets.v[i].family,
			       packets.v[i].data, packets.v[i].len);
	rcu_read_unlock();
}

/* ---- control ---- */

static void stop(struct mt_probe *p)
{
	mt_timer_delete_sync(&p->timer);
	spin_lock_bh(&p->lock);
	p->watched = false;
	memset(p->flights, 0, sizeof(p->flights));
	set_carrier(p);
	spin_unlock_bh(&p->lock);
}

/*
 * A timer that arms itself stays where it was begun: CPUs take turns, but for those that
 * are kept free of such work. Bottom halves are off, so that the CPU does not go.
 */
static int next_cpu(void)
{
	const struct cpumask *mask = mt_timer_cpus();
	static int cpu = -1;

	ASSERT_RTNL();

	cpu = cpumask_next_and(cpu, mask, cpu_online_mask);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first_and(mask, cpu_online_mask);
	return cpu < nr_cpu_ids ? cpu : raw_smp_processor_id();
}

static void start_timer(struct mt_probe *p, u64 now)
{
	p->timer.expires = due(p, now);
	add_timer_on(&p->timer, next_cpu());
}

/* Thousands that begin together do not send together. */
static void start(struct mt_probe *p)
{
	u64 now = now_ms();

	if (p->conf.mode == MTUN_HEALTH_MODE_OFF)
		return;
	spin_lock_bh(&p->lock);
	p->watched = true;
	p->sent = 0;
	p->answered = 0;
	p->lost = 0;
	p->unsent = 0;
	memset(&p->rtt, 0, sizeof(p->rtt));
	memset(&p->last, 0, sizeof(p->last));
	mt_health_init(&p->health, now);
	p->next = now + reciprocal_scale(get_random_u32(), p->conf.interval);
	start_timer(p, now);
	spin_unlock_bh(&p->lock);
}

/* What is under way was another kind of probe: whether it returns says nothing. */
static void change(struct mt_probe *p, const struct mt_health_conf *conf)
{
	u64 now = now_ms();

	mt_timer_delete_sync(&p->timer);
	spin_lock_bh(&p->lock);
	p->conf = *conf;
	memset(p->flights, 0, sizeof(p->flights));
	if (p->watched) {
		p->next = min_t(u64, p->next, now + conf->interval);
		set_carrier(p);
		start_timer(p, now);
	}
	spin_unlock_bh(&p->lock);
}

/* At random, so that nobody can guess it; few of them are taken. */
static int take_id(struct mt_probe *p)
{
	struct xarray *probes = &mt_net(p->tunnel->net)->probes;
	u32 id = get_random_u32() & U16_MAX;
	int err;

	err = xa_alloc(probes, &id, p, XA_LIMIT(id, U16_MAX),
		       GFP_KERNEL_ACCOUNT);
	if (err == -EBUSY)
		err = xa_alloc(probes, &id, p, XA_LIMIT(0, U16_MAX),
			       GFP_KERNEL_ACCOUNT);
	p->id = id;
	return err;
}

static struct mt_probe *probe_new(struct mt_tunnel *tunnel)
{
	struct mt_probe *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	int err;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->tunnel = tunnel;
	spin_lock_init(&p->lock);
	timer_setup(&p->timer, tick, 0);
	mt_health_conf_init(&p->conf);
	p->seq = get_random_u32();
	err = take_id(p);
	if (err) {
		kfree(p);
		return ERR_PTR(err);
	}
	return p;
}

int mt_probe_set(struct mt_tunnel *tunnel, const struct mt_health_conf *conf)
{
	struct mt_probe *p = probe_of(tunnel);

	ASSERT_RTNL();

	if (!p) {
		p = probe_new(tunnel);
		if (IS_ERR(p))
			return PTR_ERR(p);
		rcu_assign_pointer(tunnel->probe, p);
	}
	if (conf->mode == p->conf.mode) {
		change(p, conf);
		return 0;
	}
	stop(p);
	change(p, conf);
	if (tunnel->dev->flags & IFF_UP)
		start(p);
	return 0;
}

const char *mt_probe_allows(const struct mt_tunnel *tunnel,
			    const struct mt_conf *conf, u16 *attr)
{
	struct mt_health_conf health;
	u16 health_attr;

	mt_probe_conf(tunnel, &health);
	if (!mt_health_conf_suits(&health, conf, &health_attr))
		return NULL;
	if (conf->anycast) {
		*attr = MTUN_A_TUNNEL_ANYCAST;
		return "anycast needs health off, or uni with a source of this node alone";
	}
	if (health.mode == MTUN_HEALTH_MODE_KEEPALIVE) {
		*attr = MTUN_A_TUNNEL_IFLAGS;
		return "iflags must be without seq for health keepalive: turn that off first";
	}
	*attr = MTUN_A_TUNNEL_REMOTE;
	return "remote must be of the family of health's source and target";
}

void mt_probe_up(struct mt_tunnel *tunnel)
{
	struct mt_probe *p = probe_of(tunnel);

	if (p)
		start(p);
}

void mt_probe_down(struct mt_tunnel *tunnel)
{
	struct mt_probe *p = probe_of(tunnel);

	if (p)
		stop(p);
}

void mt_probe_release(struct mt_tunnel *tunnel)
{
	struct mt_probe *p = probe_of(tunnel);

	if (!p)
		return;
	RCU_INIT_POINTER(tunnel->probe, NULL);
	xa_erase(&mt_net(tunnel->net)->probes, p->id);
	mt_timer_delete_sync(&p->timer);
	kfree_rcu(p, rcu);
}
