/* SPDX-License-Identifier: GPL-2.0 */
/* From the fate of probes to the state of a tunnel. Pure. */
#ifndef MTUN_HEALTH_H
#define MTUN_HEALTH_H

#include "types.h"

#define MT_HEALTH_DOWN_PROBES_MAX	8
#define MT_HEALTH_HEALTHY_PROBES_MAX	64
#define MT_HEALTH_STEPS			30	/* of degraded_window */

/**
 * struct mt_health_rules - when a tunnel changes its state
 * @down_window: it is down if all probes that have ended in so many ms were lost
 * @degraded_window: how far back degraded_loss looks, ms
 * @degraded_loss: it is degraded if such a part of those was lost, in millionths
 * @degraded_probes: and at least so many
 * @down_probes: and there were at least so many of them; up to
 *		 MT_HEALTH_DOWN_PROBES_MAX
 * @recover_probes: answers in a row that make down degraded
 * @healthy_probes: the last probes that a degraded tunnel is judged by, up to
 *		    MT_HEALTH_HEALTHY_PROBES_MAX
 */
struct mt_health_rules {
	u32 down_window;
	u32 degraded_window;
	u32 degraded_loss;
	u16 degraded_probes;
	u8 down_probes;
	u8 recover_probes;
	u8 healthy_probes;
};

/* Probes that have ended in a part of the time */
struct mt_health_count {
	u16 probes;
	u16 lost;
};

/**
 * struct mt_health - what is known of a tunnel
 * @state: enum mtun_health_state
 * @old_state: the one before
 * @reason: why it has changed, enum mtun_health_reason
 * @answered: there was an answer since mt_health_init()
 * @since: when it has changed, ms
 * @last_answer: when there was the last answer, ms
 * @answers: in a row, up to now
 * @losses: in a row, up to now
 * @lost_at: when the last of those were due, by their number
 * @fates: of the last probes, the newest in the lowest bit; 1 for lost
 * @n_fates: how many of those bits count
 * @step: number of the newest of @steps since the clock began
 * @steps: degraded_window in parts, by number
 */
struct mt_health {
	u8 state;
	u8 old_state;
	u8 reason;
	bool answered;
	u64 since;
	u64 last_answer;
	u32 answers;
	u32 losses;
	u64 lost_at[MT_HEALTH_DOWN_PROBES_MAX];
	u64 fates;
	u8 n_fates;
	u64 step;
	struct mt_health_count steps[MT_HEALTH_STEPS];
};

/* What is to be done after a probe has ended */
#define MT_HEALTH_CHANGED	1	/* tell of the new state */
#define MT_HEALTH_ASK_AGAIN	2	/* send down_probes - 1 probes now */

/* A tunnel is healthy until it shows that it is not. */
void mt_health_init(struct mt_health *health, u64 now);

/**
 * mt_health_probe_ended() - a probe was answered, or is lost
 * @health: of the tunnel
 * @rules: may be others than before
 * @lost: it is
 * @again: it was one of those that MT_HEALTH_ASK_AGAIN asked for
 * @due: if lost, when its time was up, in ms of the same clock. A timer says so later,
 *	 and how much later must not decide whether losses were close together
 * @now: ms of a clock that does not go back
 *
 * Return: what is to be done, MT_HEALTH_*.
 */
unsigned int mt_health_probe_ended(struct mt_health *health,
				   const struct mt_health_rules *rules,
				   bool lost, bool again, u64 due, u64 now);

/* All probes that have ended in degraded_window */
void mt_health_window(const struct mt_health *health, u32 *probes, u32 *lost);

/**
 * struct mt_rtt - round-trip times in microseconds
 * @sum: of all
 * @count: of all
 * @last: the last
 * @min: of all
 * @max: of all
 * @jitter: mean difference between two in a row, in 16ths
 */
struct mt_rtt {
	u64 sum;
	u32 count;
	u32 last;
	u32 min;
	u32 max;
	u32 jitter;
};

void mt_rtt_add(struct mt_rtt *rtt, u32 us);

/* 0 if there were none */
u32 mt_rtt_mean(const struct mt_rtt *rtt);

/* RFC 3550 section 6.4.1 and appendix A.8 */
static inline u32 mt_rtt_jitter(const struct mt_rtt *rtt)
{
	return rtt->jitter >> 4;
}

#endif /* MTUN_HEALTH_H */
