// SPDX-License-Identifier: GPL-2.0
#include "health.h"

#define MILLION	1000000

void mt_health_init(struct mt_health *health, u64 now)
{
	memset(health, 0, sizeof(*health));
	health->state = MTUN_HEALTH_STATE_HEALTHY;
	health->old_state = MTUN_HEALTH_STATE_HEALTHY;
	health->reason = MTUN_HEALTH_REASON_START;
	health->since = now;
}

/* ---- what has happened ---- */

/*
 * The window moves on in steps, so that its cost does not depend on how many
 * probes fall into it.
 */
static void count(struct mt_health *health, const struct mt_health_rules *rules,
		  bool lost, u64 now)
{
	u64 step = div_u64(now, rules->degraded_window / MT_HEALTH_STEPS);
	struct mt_health_count *c;
	u32 place;

	if (step < health->step ||	/* it had another length before */
	    step - health->step >= MT_HEALTH_STEPS) {
		memset(health->steps, 0, sizeof(health->steps));
		health->step = step;
	}
	while (health->step != step) {
		div_u64_rem(++health->step, MT_HEALTH_STEPS, &place);
		memset(&health->steps[place], 0, sizeof(health->steps[0]));
	}
	div_u64_rem(step, MT_HEALTH_STEPS, &place);
	c = &health->steps[place];
	c->probes++;
	c->lost += lost;
}

void mt_health_window(const struct mt_health *health, u32 *probes, u32 *lost)
{
	int i;

	*probes = 0;
	*lost = 0;
	for (i = 0; i < MT_HEALTH_STEPS; i++) {
		*probes += health->steps[i].probes;
		*lost += health->steps[i].lost;
	}
}

static void remember(struct mt_health *health, bool lost, u64 due, u64 now)
{
	health->fates = health->fates << 1 | lost;
	if (health->n_fates < MT_HEALTH_HEALTHY_PROBES_MAX)
		health->n_fates++;
	if (lost) {
		health->lost_at[health->losses++ %
				MT_HEALTH_DOWN_PROBES_MAX] = due;
		health->answers = 0;
	} else {
		health->losses = 0;
		health->answers++;
		health->last_answer = now;
		health->answered = true;
	}
}

/* ---- what follows from it ---- */

static u64 lost_at(const struct mt_health *health, u32 loss)
{
	return health->lost_at[loss % MT_HEALTH_DOWN_PROBES_MAX];
}

static bool nothing_gets_through(const struct mt_health *health,
				 const struct mt_health_rules *rules, u64 now)
{
	u32 first = health->losses - rules->down_probes;

	if (health->losses < rules->down_probes)
		return false;
	if (health->answered &&
	    now - health->last_answer < rules->down_window)
		return false;
	return lost_at(health, health->losses - 1) <
	       lost_at(health, first) + rules->down_window;
}

static bool too_much(u32 lost, u32 probes, u32 loss)
{
	return (u64)lost * MILLION >= (u64)probes * loss;
}

static bool some_is_lost(const struct mt_health *health,
			 const struct mt_health_rules *rules)
{
	u32 probes, lost;

	mt_health_window(health, &probes, &lost);
	return lost >= rules->degraded_probes &&
	       too_much(lost, probes, rules->degraded_loss);
}

static bool nothing_is_lost(const struct mt_health *health,
			    const struct mt_health_rules *rules)
{
	u64 fates = health->fates;
	u32 lost = 0;
	int i;

	if (health->n_fates < rules->healthy_probes)
		return false;
	for (i = 0; i < rules->healthy_probes; i++, fates >>= 1)
		lost += fates & 1;
	/* No loss is below any limit, also below one of 0. */
	return !lost || !too_much(lost, rules->healthy_probes,
				  rules->degraded_loss);
}

static void change(struct mt_health *health, u8 state, u8 reason, u64 now)
{
	health->old_state = health->state;
	health->state = state;
	health->reason = reason;
	health->since = now;
}

/* Down is reached fast, and left slowly: the way up leads through degraded. */
static void judge(struct mt_health *health, const struct mt_health_rules *rules,
		  u64 now)
{
	if (health->state == MTUN_HEALTH_STATE_DOWN) {
		if (health->answers >= rules->recover_probes)
			change(health, MTUN_HEALTH_STATE_DEGRADED,
			       MTUN_HEALTH_REASON_ANSWERS, now);
	} else if (nothing_gets_through(health, rules, now)) {
		change(health, MTUN_HEALTH_STATE_DOWN,
		       MTUN_HEALTH_REASON_ALL_LOST, now);
	} else if (health->state == MTUN_HEALTH_STATE_HEALTHY) {
		if (some_is_lost(health, rules))
			change(health, MTUN_HEALTH_STATE_DEGRADED,
			       MTUN_HEALTH_REASON_SOME_LOST, now);
	} else if (nothing_is_lost(health, rules)) {
		change(health, MTUN_HEALTH_STATE_HEALTHY,
		       MTUN_HEALTH_REASON_NO_LOSS, now);
		/*
		 * Losses of which the tunnel has recovered are still in the
		 * window: they would make it degraded again at once.
		 */
		memset(health->steps, 0, sizeof(health->steps));
	}
}

unsigned int mt_health_probe_ended(struct mt_health *health,
				   const struct mt_health_rules *rules,
				   bool lost, bool again, u64 due, u64 now)
{
	u8 state = health->state;
	unsigned int todo = 0;

	count(health, rules, lost, now);
	remember(health, lost, due, now);
	judge(health, rules, now);
	if (health->state != state)
		todo |= MT_HEALTH_CHANGED;
	if (lost && !again && health->state != MTUN_HEALTH_STATE_DOWN)
		todo |= MT_HEALTH_ASK_AGAIN;
	return todo;
}

/* ---- round-trip times ---- */

void mt_rtt_add(struct mt_rtt *rtt, u32 us)
{
	if (rtt->count) {
		u32 change = us > rtt->last ? us - rtt->last : rtt->last - us;

		rtt->jitter += change - ((rtt->jitter + 8) >> 4);
	}
	if (!rtt->count || us < rtt->min)
		rtt->min = us;
	if (us > rtt->max)
		rtt->max = us;
	rtt->last = us;
	rtt->sum += us;
	rtt->count++;
}

u32 mt_rtt_mean(const struct mt_rtt *rtt)
{
	return rtt->count ? div_u64(rtt->sum, rtt->count) : 0;
}
