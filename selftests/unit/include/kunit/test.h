/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of KUnit as the tests of the pure files use, in user space: names and
 * meanings are those of Documentation/dev-tools/kunit in the kernel.
 */
#ifndef UNIT_KUNIT_TEST_H
#define UNIT_KUNIT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KUNIT_PARAM_DESC_SIZE	128
#define GFP_KERNEL		0
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf(fmt, args)	__attribute__((__format__(printf, fmt, args)))
#define fallthrough		__attribute__((__fallthrough__))

struct kunit {
	const void *param_value;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(fn)			{ .run_case = fn, .name = #fn }
#define KUNIT_CASE_PARAM(fn, gen)	\
	{ .run_case = fn, .name = #fn, .generate_params = gen }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)			\
static const void *name##_gen_params(const void *prev, char *desc)	\
{									\
	typeof(&(array)[0]) next = prev;				\
									\
	next = next ? next + 1 : (array);				\
	if (next == (array) + ARRAY_SIZE(array))			\
		return NULL;						\
	get_desc(next, desc);						\
	return next;							\
}

#define kunit_test_suites(...)						\
	struct kunit_suite *const kunit_suites[] = { __VA_ARGS__, NULL }
extern struct kunit_suite *const kunit_suites[];

/* Freed at the end of the test case, like KUnit's. */
void *kunit_alloc(size_t len);
#define kunit_kmalloc(test, len, gfp)	((void)(test), kunit_alloc(len))

/* Note down that the test case failed, and why; end it if @fatal. */
void kunit_fail(const char *file, int line, bool fatal, const char *fmt, ...)
	__printf(4, 5);

#define KUNIT_TRY(test, fatal, good, ...)				\
	((void)(test), (good) ? (void)0 :				\
	 kunit_fail(__FILE__, __LINE__, fatal, __VA_ARGS__))

/* Without a message the two sides are the message. */
#define KUNIT_COMPARE(test, fatal, a, op, b)				\
do {									\
	long long a_ = (a), b_ = (b);					\
									\
	KUNIT_TRY(test, fatal, a_ op b_,				\
		  "expected %s %s %s, got %lld and %lld",		\
		  #a, #op, #b, a_, b_);					\
} while (0)

#define KUNIT_EXPECT_EQ(test, a, b)	KUNIT_COMPARE(test, false, a, ==, b)
#define KUNIT_ASSERT_EQ(test, a, b)	KUNIT_COMPARE(test, true, a, ==, b)
#define KUNIT_ASSERT_EQ_MSG(test, a, b, ...)				\
	KUNIT_TRY(test, true, (a) == (b), __VA_ARGS__)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p)				\
	KUNIT_TRY(test, true, p, "%s is NULL", #p)
#define KUNIT_FAIL(test, ...)						\
	KUNIT_TRY(test, false, false, __VA_ARGS__)

#endif /* UNIT_KUNIT_TEST_H */
