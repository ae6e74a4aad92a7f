// SPDX-License-Identifier: GPL-2.0
#include "health_conf.c"

#include "kunit.h"

#define GIVEN(attr)	BIT_ULL(MTUN_A_HEALTH_##attr)

static const u8 v4[4] = { 192, 0, 2, 1 };
static const u8 other4[4] = { 192, 0, 2, 9 };
static const u8 multicast4[4] = { 224, 0, 0, 1 };
static const u8 v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
static const u8 multicast6[16] = { 0xff, 2, [15] = 1 };

static const struct {
	const char *name;
	struct mt_health_change change;
	const char *wrong;	/* how the text begins, NULL for none */
	u16 attr;
} change_cases[] = {
	{ "nothing", { 0 } },
	{ "the least interval", { GIVEN(INTERVAL), .interval = 100 } },
	{
		"less", { GIVEN(INTERVAL), .interval = 99 },
		"interval must be 100 ms to 1 h", MTUN_A_HEALTH_INTERVAL
	},
	{ "an hour", { GIVEN(INTERVAL), .interval = 3600000 } },
	{
		"more", { GIVEN(INTERVAL), .interval = 3600001 },
		"interval must", MTUN_A_HEALTH_INTERVAL
	}, {
		"a mode of the future", { GIVEN(MODE), .mode = 3 },
		"mode must", MTUN_A_HEALTH_MODE
	}, {
		"timeout and window", { GIVEN(TIMEOUT), .timeout = 1000 },
		"timeout must be less than down-window", MTUN_A_HEALTH_TIMEOUT
	}, {
		"the same from the other side",
		{ GIVEN(DOWN_WINDOW), .rules.down_window = 800 },
		"down-window must", MTUN_A_HEALTH_DOWN_WINDOW
	}, {
		"one probe needs no window",
		{
			GIVEN(DOWN_WINDOW) | GIVEN(DOWN_PROBES),
			.rules.down_window = 800, .rules.down_probes = 1
		}
	}, {
		"too many in flight", {
			GIVEN(TIMEOUT) | GIVEN(INTERVAL) | GIVEN(DOWN_WINDOW),
			.timeout = 801, .interval = 100,
			.rules.down_window = 3000
		},
		"timeout must be at most eight", MTUN_A_HEALTH_TIMEOUT
	}, {
		"a target", { GIVEN(TARGET), .target = v4, .target_len = 4 }
	}, {
		"no address", { GIVEN(TARGET), .target = v4, .target_len = 3 },
		"target must be 4", MTUN_A_HEALTH_TARGET
	}, {
		"a group", {
			GIVEN(SOURCE), .source = multicast4, .source_len = 4
		},
		"source must be the address of a host", MTUN_A_HEALTH_SOURCE
	}, {
		"a group, IPv6", {
			GIVEN(TARGET), .target = multicast6, .target_len = 16
		},
		"target must be the address of a host", MTUN_A_HEALTH_TARGET
	}, {
		"two families", {
			GIVEN(SOURCE) | GIVEN(TARGET), .source = v4,
			.source_len = 4, .target = v6, .target_len = 16
		},
		"source must be of the same family", MTUN_A_HEALTH_SOURCE
	}, {
		"none is no family", {
			GIVEN(SOURCE) | GIVEN(TARGET), .source = v4,
			.source_len = 4, .target = v6, .target_len = 0
		}
	}, {
		"more than 64 fates",
		{ GIVEN(HEALTHY_PROBES), .rules.healthy_probes = 65 },
		"healthy-probes must", MTUN_A_HEALTH_HEALTHY_PROBES
	}, {
		"no probes", { GIVEN(DEGRADED_PROBES) },
		"degraded-probes must", MTUN_A_HEALTH_DEGRADED_PROBES
	}, {
		"the largest number of 16 bits",
		{ GIVEN(DEGRADED_PROBES), .rules.degraded_probes = 65535 }
	},
};

MT_CASES(change_cases);

static void mt_health_change_test(struct kunit *test)
{
	const typeof(change_cases[0]) *c = test->param_value;
	struct mt_health_conf conf;
	const char *text;
	u16 attr = 0;

	mt_health_conf_init(&conf);
	text = mt_health_conf_apply(&conf, &c->change, &attr);
	if (!c->wrong) {
		KUNIT_ASSERT_EQ(test, !text, true);
		return;
	}
	KUNIT_ASSERT_EQ(test, !!text, true);
	KUNIT_ASSERT_EQ(test, strncmp(text, c->wrong, strlen(c->wrong)), 0);
	KUNIT_ASSERT_EQ(test, attr, c->attr);
}

static const struct {
	const char *name;
	u8 mode;
	u8 direction;
	const u8 *source;
	bool anycast;
	u16 attr;	/* 0 if it suits */
	u8 in;		/* enum mtun_mode of the tunnel */
} suit_cases[] = {
	{ "off, anycast", .anycast = true },
	{
		"keepalive, anycast", MTUN_HEALTH_MODE_KEEPALIVE,
		.anycast = true, .attr = MTUN_A_HEALTH_MODE
	}, {
		"both ways, anycast", MTUN_HEALTH_MODE_PROBE,
		MTUN_HEALTH_DIRECTION_BI, other4, true,
		MTUN_A_HEALTH_DIRECTION
	}, {
		"no source, anycast", MTUN_HEALTH_MODE_PROBE,
		MTUN_HEALTH_DIRECTION_UNI, NULL, true, MTUN_A_HEALTH_SOURCE
	}, {
		"every node's source, anycast", MTUN_HEALTH_MODE_PROBE,
		MTUN_HEALTH_DIRECTION_UNI, v4, true, MTUN_A_HEALTH_SOURCE
	}, {
		"this node's source, anycast", MTUN_HEALTH_MODE_PROBE,
		MTUN_HEALTH_DIRECTION_UNI, other4, true, 0
	},
	{ "keepalive", MTUN_HEALTH_MODE_KEEPALIVE },
	{
		"keepalive in ESP", MTUN_HEALTH_MODE_KEEPALIVE,
		.in = MTUN_MODE_IPSEC, .attr = MTUN_A_HEALTH_MODE
	},
	{ "probe in ESP", MTUN_HEALTH_MODE_PROBE, .in = MTUN_MODE_IPSEC },
	{
		"one way", MTUN_HEALTH_MODE_PROBE, MTUN_HEALTH_DIRECTION_UNI,
		NULL, false, 0
	},
};

MT_CASES(suit_cases);

static void mt_health_suits_test(struct kunit *test)
{
	const typeof(suit_cases[0]) *c = test->param_value;
	struct mt_conf tunnel = {
		.family = AF_INET, .anycast = c->anycast, .mode = c->in,
	};
	struct mt_health_conf conf;
	const char *text, *name[] = {
		[MTUN_A_HEALTH_MODE] = "mode",
		[MTUN_A_HEALTH_DIRECTION] = "direction",
		[MTUN_A_HEALTH_SOURCE] = "source",
	};
	u16 attr = 0;

	memcpy(&tunnel.local, v4, sizeof(v4));
	mt_health_conf_init(&conf);
	conf.mode = c->mode;
	conf.direction = c->direction;
	if (c->source) {
		conf.has_source = true;
		conf.family = AF_INET;
		memcpy(&conf.source, c->source, sizeof(v4));
	}
	text = mt_health_conf_suits(&conf, &tunnel, &attr);
	KUNIT_ASSERT_EQ(test, !text, !c->attr);
	if (!text)
		return;
	KUNIT_ASSERT_EQ(test, attr, c->attr);
	KUNIT_ASSERT_EQ(test, strncmp(text, name[attr], strlen(name[attr])),
			0);
}

static struct kunit_case health_conf_test_cases[] = {
	KUNIT_CASE_PARAM(mt_health_change_test, change_cases_gen_params),
	KUNIT_CASE_PARAM(mt_health_suits_test, suit_cases_gen_params),
	{}
};

struct kunit_suite mt_health_conf_suite = {
	.name = "mtun_health_conf",
	.test_cases = health_conf_test_cases,
};
