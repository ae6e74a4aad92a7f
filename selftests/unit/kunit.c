// SPDX-License-Identifier: GPL-2.0
/* Runs KUnit suites in user space and prints TAP, a line for each case. */
#include <kunit/test.h>

#include <setjmp.h>
#include <stdarg.h>

static jmp_buf this_end;
static bool this_failed;

static void **allocs;
static size_t n_allocs;

void *kunit_alloc(size_t len)
{
	void *p;

	/* kmalloc() aligns as much, where there is something to align */
	allocs = realloc(allocs, (n_allocs + 1) * sizeof(*allocs));
	if (posix_memalign(&p, 64, len) || !allocs)
		abort();
	allocs[n_allocs++] = p;
	return p;
}

static void free_all(void)
{
	while (n_allocs)
		free(allocs[--n_allocs]);
	free(allocs);
	allocs = NULL;
}

void kunit_fail(const char *file, int line, bool fatal, const char *fmt, ...)
{
	va_list args;

	this_failed = true;
	printf("# %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	if (fatal)
		longjmp(this_end, 1);
}

/* Whether the case passed, with the parameter @value if it takes one. */
static bool run(const struct kunit_case *c, const void *value, const char *desc)
{
	struct kunit test = { .param_value = value };
	const char *colon = *desc ? ": " : "";
	static int number;

	this_failed = false;
	if (!setjmp(this_end))
		c->run_case(&test);
	free_all();
	number++;
	printf("%s %d - %s%s%s\n", this_failed ? "not ok" : "ok", number,
	       c->name, colon, desc);
	return !this_failed;
}

int main(void)
{
	struct kunit_suite *const *suite;
	char desc[KUNIT_PARAM_DESC_SIZE];
	const struct kunit_case *c;
	int plan = 0, failed = 0;
	const void *value;

	/* A sanitizer that ends the process must not take lines with it. */
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (suite = kunit_suites; *suite; suite++) {
		for (c = (*suite)->test_cases; c->run_case; c++) {
			if (!c->generate_params) {
				plan++;
				continue;
			}
			for (value = c->generate_params(NULL, desc); value;
			     value = c->generate_params(value, desc))
				plan++;
		}
	}
	printf("TAP version 13\n1..%d\n", plan);

	for (suite = kunit_suites; *suite; suite++) {
		printf("# %s\n", (*suite)->name);
		for (c = (*suite)->test_cases; c->run_case; c++) {
			if (!c->generate_params) {
				failed += !run(c, NULL, "");
				continue;
			}
			for (value = c->generate_params(NULL, desc); value;
			     value = c->generate_params(value, desc))
				failed += !run(c, value, desc);
		}
	}
	return failed != 0;
}
