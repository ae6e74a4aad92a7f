/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the pure files share. They are KUnit suites; in user space
 * selftests/unit compiles the same files against a small KUnit of its own.
 */
#ifndef MTUN_KUNIT_H
#define MTUN_KUNIT_H

#include <kunit/test.h>

extern struct kunit_suite mt_wire_suite;
extern struct kunit_suite mt_flow_suite;
extern struct kunit_suite mt_mss_suite;
extern struct kunit_suite mt_mtu_suite;
extern struct kunit_suite mt_conf_suite;
extern struct kunit_suite mt_prefix_suite;
extern struct kunit_suite mt_traffic_suite;
extern struct kunit_suite mt_health_suite;
extern struct kunit_suite mt_health_conf_suite;
extern struct kunit_suite mt_echo_suite;

/* The parameter generator of an array of cases that have a name. */
#define MT_CASES(cases)							\
static void cases##_desc(typeof(&(cases)[0]) c, char *desc)	\
{									\
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);		\
}									\
KUNIT_ARRAY_PARAM(cases, cases, cases##_desc)

/* A copy in an allocation of its size: ASan and KASAN see reads beyond. */
static inline void *mt_test_copy(struct kunit *test, const void *data,
				 size_t len)
{
	void *copy = kunit_kmalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
	return memcpy(copy, data, len);
}

#endif /* MTUN_KUNIT_H */
