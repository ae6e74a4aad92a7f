// SPDX-License-Identifier: GPL-2.0
#include "health.c"

#include "kunit.h"

static const struct mt_health_rules rules = {
	.down_window = 1000,
	.degraded_window = 300000,
	.degraded_loss = 1000,
	.degraded_probes = 2,
	.down_probes = 3,
	.recover_probes = 3,
	.healthy_probes = 30,
};

#define DOWN		MTUN_HEALTH_STATE_DOWN
#define DEGRADED	MTUN_HEALTH_STATE_DEGRADED
#define HEALTHY		MTUN_HEALTH_STATE_HEALTHY

/*
 * The fate of probes, a letter for each: a(nswered), l(ost), and w for a second
 * without one. They end 10 ms apart. selftests/unit/simulate tries many more.
 */
static const struct {
	const char *name;
	const char *fates;
	u8 state;
} health_cases[] = {
	{ "nothing is known", "", HEALTHY },
	{ "an answer", "a", HEALTHY },
	{ "one is lost", "al", HEALTHY },
	{ "two are lost", "all", DEGRADED },
	{ "all are lost", "lll", DOWN },
	{ "an answer within the second", "alll", DEGRADED },
	{ "an answer before it", "awlll", DOWN },
	{ "lost too far apart", "lwlwlwl", DEGRADED },
	{ "two answers after down", "lllaa", DOWN },
	{ "three, not in a row", "lllaala", DOWN },
	{ "three in a row", "lllaaa", DEGRADED },
	{ "down again", "lllaaawlll", DOWN },
	{ "29 answers", "llaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", DEGRADED },
	{ "30 answers", "llaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", HEALTHY },
	{
		"what was before does not count",
		"llaaaaaaaaaaaaaaaaaaaaaaaaaaaaaal", HEALTHY
	},
};

MT_CASES(health_cases);

static void mt_health_test(struct kunit *test)
{
	const typeof(health_cases[0]) *c = test->param_value;
	struct mt_health health;
	const char *fate;
	u64 now = 1;

	mt_health_init(&health, now);
	for (fate = c->fates; *fate; fate++) {
		now += *fate == 'w' ? 1000 : 10;
		if (*fate != 'w')
			mt_health_probe_ended(&health, &rules, *fate == 'l',
					      false, now, now);
	}
	KUNIT_ASSERT_EQ(test, health.state, c->state);
}

static void mt_health_todo_test(struct kunit *test)
{
	struct mt_health health;

	mt_health_init(&health, 0);
	KUNIT_ASSERT_EQ(test, health.reason, MTUN_HEALTH_REASON_START);
	KUNIT_ASSERT_EQ(test, mt_health_probe_ended(&health, &rules, false,
						    false, 1000, 1000), 0);
	KUNIT_ASSERT_EQ(test, mt_health_probe_ended(&health, &rules, true,
						    false, 2000, 2000),
			MT_HEALTH_ASK_AGAIN);
	/* those that were asked for do not ask for more */
	KUNIT_ASSERT_EQ(test, mt_health_probe_ended(&health, &rules, true,
						    true, 2800, 2810),
			MT_HEALTH_CHANGED);
	KUNIT_ASSERT_EQ(test, mt_health_probe_ended(&health, &rules, true,
						    true, 2800, 2810),
			MT_HEALTH_CHANGED);
	KUNIT_ASSERT_EQ(test, health.state, DOWN);
	KUNIT_ASSERT_EQ(test, health.old_state, DEGRADED);
	KUNIT_ASSERT_EQ(test, health.reason, MTUN_HEALTH_REASON_ALL_LOST);
	KUNIT_ASSERT_EQ(test, health.since, 2810ULL);
	KUNIT_ASSERT_EQ(test, mt_health_probe_ended(&health, &rules, true,
						    false, 3800, 3800), 0);
}

static void mt_rtt_test(struct kunit *test)
{
	struct mt_rtt rtt = { 0 };

	KUNIT_ASSERT_EQ(test, mt_rtt_mean(&rtt), 0);
	mt_rtt_add(&rtt, 100);
	KUNIT_ASSERT_EQ(test, mt_rtt_jitter(&rtt), 0);
	mt_rtt_add(&rtt, 260);
	mt_rtt_add(&rtt, 90);
	KUNIT_ASSERT_EQ(test, rtt.last, 90);
	KUNIT_ASSERT_EQ(test, rtt.min, 90);
	KUNIT_ASSERT_EQ(test, rtt.max, 260);
	KUNIT_ASSERT_EQ(test, mt_rtt_mean(&rtt), 150);
	/* 160 / 16, and then 1/16 of the way from there to 170 */
	KUNIT_ASSERT_EQ(test, mt_rtt_jitter(&rtt), 20);
	/* and back to 0 */
	mt_rtt_add(&rtt, 90);
	KUNIT_ASSERT_EQ(test, mt_rtt_jitter(&rtt), 18);
}

static struct kunit_case health_test_cases[] = {
	KUNIT_CASE_PARAM(mt_health_test, health_cases_gen_params),
	KUNIT_CASE(mt_health_todo_test),
	KUNIT_CASE(mt_rtt_test),
	{}
};

struct kunit_suite mt_health_suite = {
	.name = "mtun_health",
	.test_cases = health_test_cases,
};
