// SPDX-License-Identifier: GPL-2.0
#include "mtu.c"

#include "kunit.h"

static const struct {
	const char *name;
	struct mt_conf conf;
	unsigned int path;
	unsigned int overhead;
	unsigned int max;
	unsigned int mtu;
	bool has_esp;
} mtu_cases[] = {
	{ "IPv4 on Ethernet", { .family = AF_INET }, 1500, 24, 65511, 1476 },
	{ "IPv6 on Ethernet", { .family = AF_INET6 }, 1500, 44, 65531, 1456 },
	{
		"IPv4 with a key", { .family = AF_INET, .oflags = 1 }, 1500,
		28, 65507, 1472
	}, {
		"IPv6 with a key", { .family = AF_INET6, .oflags = 1 }, 1500,
		48, 65527, 1452
	}, {
		"a key of received packets takes no room",
		{ .family = AF_INET, .iflags = 1, .ikey = 7 }, 1500,
		24, 65511, 1476
	}, {
		"a key of sent packets does", {
			.family = AF_INET, .iflags = 1, .ikey = 7,
			.oflags = 1, .okey = 8
		}, 1500, 28, 65507, 1472
	},
	{
		"everything", { .family = AF_INET6, .oflags = 7 }, 1500,
		56, 65519, 1444
	},
	{
		"ESP over IPv4", { .family = AF_INET, .mode = MTUN_MODE_IPSEC },
		1500, 54, 65481, 1446
	}, {
		"ESP over IPv6", { .family = AF_INET6, .mode = MTUN_MODE_IPSEC },
		1500, 74, 65501, 1426
	}, {
		"ESP, 3 bytes of no use",
		{ .family = AF_INET, .mode = MTUN_MODE_IPSEC }, 1499,
		54, 65481, 1442
	}, {
		"ESP, no route", { .family = AF_INET, .mode = MTUN_MODE_IPSEC },
		0, 54, 65481, 1446
	}, {
		"ESP, the most", { .family = AF_INET, .mode = MTUN_MODE_IPSEC },
		65536, 54, 65481, 65481
	},
	{
		"ESP required, no state",
		{ .family = AF_INET, .ipsec = MTUN_IPSEC_REQUIRED },
		1500, 24, 65511, 1442
	}, {
		"ESP required, no state, IPv6 and a key", {
			.family = AF_INET6, .oflags = 1,
			.ipsec = MTUN_IPSEC_REQUIRED
		}, 1500, 48, 65527, 1418
	}, {
		"ESP required, no state, 3 bytes of no use",
		{ .family = AF_INET, .ipsec = MTUN_IPSEC_REQUIRED },
		1499, 24, 65511, 1438
	}, {
		"ESP required, no route",
		{ .family = AF_INET, .ipsec = MTUN_IPSEC_REQUIRED },
		0, 24, 65511, 1442
	}, {
		"ESP required, a state leaves 1466",
		{ .family = AF_INET, .ipsec = MTUN_IPSEC_REQUIRED },
		1466, 24, 65511, 1442, true
	}, {
		"ESP required, a path as short as what is around",
		{ .family = AF_INET, .ipsec = MTUN_IPSEC_REQUIRED },
		58, 24, 65511, 68
	},
	{ "IPv4, no route", { .family = AF_INET }, 0, 24, 65511, 1476 },
	{ "IPv6, no route", { .family = AF_INET6 }, 0, 44, 65531, 1456 },
	{ "jumbo frames", { .family = AF_INET }, 9000, 24, 65511, 8976 },
	{ "PPPoE", { .family = AF_INET6 }, 1492, 44, 65531, 1448 },
	{ "IPv6's least", { .family = AF_INET6 }, 1280, 44, 65531, 1236 },
	{ "loopback, IPv4", { .family = AF_INET }, 65536, 24, 65511, 65511 },
	{ "loopback, IPv6", { .family = AF_INET6 }, 65536, 44, 65531, 65492 },
	{ "IPv4's most", { .family = AF_INET }, 65535, 24, 65511, 65511 },
	{ "IPv6's most", { .family = AF_INET6 }, 65575, 44, 65531, 65531 },
	{ "IPv6, 1 less", { .family = AF_INET6 }, 65574, 44, 65531, 65530 },
	{ "path of 1 byte", { .family = AF_INET }, 1, 24, 65511, 68 },
	{ "path of the overhead", { .family = AF_INET6 }, 44, 44, 65531, 68 },
	{ "IPv4's least", { .family = AF_INET }, 92, 24, 65511, 68 },
	{ "1 more", { .family = AF_INET }, 93, 24, 65511, 69 },
	{ "2^32 - 1", { .family = AF_INET6 }, 0xffffffff, 44, 65531, 65531 },
};

MT_CASES(mtu_cases);

static void mt_mtu_test(struct kunit *test)
{
	const typeof(mtu_cases[0]) *c = test->param_value;
	const struct mt_conf *conf;

	conf = mt_test_copy(test, &c->conf, sizeof(c->conf));
	KUNIT_ASSERT_EQ(test, mt_overhead(conf), c->overhead);
	KUNIT_ASSERT_EQ(test, mt_mtu_max(conf), c->max);
	KUNIT_ASSERT_EQ(test, mt_mtu_auto(conf, c->path, c->has_esp), c->mtu);
	KUNIT_ASSERT_EQ(test, memcmp(conf, &c->conf, sizeof(*conf)), 0);
}

/*
 * The auto MTU is the largest packet that fits, by trying: its outer packet is
 * no longer than the path takes and than its length field can tell.
 */
static bool fits(const struct mt_conf *conf, unsigned int path,
		 unsigned int inner)
{
	unsigned int gre = 4 + inner + (conf->oflags & 1 ? 4 : 0) +
			   (conf->oflags & 2 ? 4 : 0) +
			   (conf->oflags & 4 ? 4 : 0);
	unsigned int ip = conf->family == AF_INET6 ? 40 : 20;
	unsigned int counted = conf->family == AF_INET6 ? gre : ip + gre;

	return ip + gre <= path && counted <= 0xffff;
}

/* The same with AES-GCM: SPI, number and IV, what padding aligns, and the ICV */
static bool fits_in_esp(const struct mt_conf *conf, unsigned int path,
			unsigned int inner)
{
	unsigned int data = conf->mode == MTUN_MODE_IPSEC ? inner : 4 + inner;
	unsigned int ip = conf->family == AF_INET6 ? 40 : 20;

	return ip + 16 + ((data + 2 + 3) & ~3u) + 16 <= path;
}

static void mt_mtu_all_test(struct kunit *test)
{
	unsigned int path, want, last, got;
	struct mt_conf conf = { 0 };
	int i;

	for (i = 0; i < 16; i++) {
		conf.family = i & 1 ? AF_INET6 : AF_INET;
		conf.oflags = i >> 1;	/* all of MTUN_GRE_FLAG_* */
		want = 68;
		for (path = 1; path <= 70000; path++) {
			while (fits(&conf, path, want + 1))
				want++;
			got = mt_mtu_auto(&conf, path, false);
			KUNIT_ASSERT_EQ_MSG(test, got, want,
					    "MTU %u, not %u, of path %u, %d",
					    got, want, path, i);
		}
		KUNIT_ASSERT_EQ(test, mt_mtu_max(&conf), want);
		last = mt_mtu_auto(&conf, 1500, false);
		KUNIT_ASSERT_EQ(test, mt_mtu_auto(&conf, 0, false), last);
		KUNIT_ASSERT_EQ(test, mt_overhead(&conf), 1500 - last);
	}
}

static void mt_mtu_esp_test(struct kunit *test)
{
	struct mt_conf conf = { 0 };
	unsigned int path, want;
	int i;

	for (i = 0; i < 4; i++) {
		conf.family = i & 1 ? AF_INET6 : AF_INET;
		if (i & 2)
			conf.mode = MTUN_MODE_IPSEC;
		else
			conf.ipsec = MTUN_IPSEC_REQUIRED;
		want = 68;
		for (path = 1; path <= 9000; path++) {
			while (fits_in_esp(&conf, path, want + 1))
				want++;
			KUNIT_ASSERT_EQ_MSG(test, mt_mtu_auto(&conf, path, false),
					    want, "path %u, %d", path, i);
		}
		conf = (struct mt_conf) { 0 };
	}
}

/* The text of a refusal names the very limits that refuse. */
static void mt_mtu_check_test(struct kunit *test)
{
	struct mt_conf conf = { 0 };
	const char *text;
	char want[64];
	u32 mtu[5];
	int i, j;

	for (i = 0; i < 18; i++) {
		conf.family = i & 1 ? AF_INET6 : AF_INET;
		conf.oflags = i >> 1 & 7;	/* all of MTUN_GRE_FLAG_* */
		conf.mode = i < 16 ? MTUN_MODE_GRE : MTUN_MODE_IPSEC;
		mtu[0] = mt_mtu_max(&conf);
		mtu[1] = 68;
		mtu[2] = 67;
		mtu[3] = mtu[0] + 1;
		mtu[4] = 0xffffffff;
		snprintf(want, sizeof(want), "mtu must be 68 to %u", mtu[0]);
		for (j = 0; j < 5; j++) {
			text = mt_mtu_check(&conf, mtu[j]);
			KUNIT_ASSERT_EQ_MSG(test, !text, j < 2,
					    "MTU %u, %d", mtu[j], i);
			if (text)
				KUNIT_ASSERT_EQ(test, strcmp(text, want), 0);
		}
	}
}

static struct kunit_case mtu_test_cases[] = {
	KUNIT_CASE_PARAM(mt_mtu_test, mtu_cases_gen_params),
	KUNIT_CASE(mt_mtu_check_test),
	KUNIT_CASE(mt_mtu_all_test),
	KUNIT_CASE(mt_mtu_esp_test),
	{}
};

struct kunit_suite mt_mtu_suite = {
	.name = "mtun_mtu",
	.test_cases = mtu_test_cases,
};
