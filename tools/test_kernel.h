/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel that is made up, in the place of functions of libraries: see test_live.c. */
#ifndef MTCTL_TEST_KERNEL_H
#define MTCTL_TEST_KERNEL_H

#include <stddef.h>
#include <sys/types.h>

struct nlmsghdr;

/* Another one than that of test_live.c: what each of them returns is as errno says. */
struct test_kernel {
	ssize_t (*send)(const struct nlmsghdr *request);
	ssize_t (*receive)(void *buf, size_t size, int flags);
	int (*subscribe)(void);
	int (*wait)(void);		/* poll() */
	int open_error;
	int bind_error;
	int lock_error;			/* of mkdir(), where mtctl apply has its lock */
};

extern const struct test_kernel *test_kernel;

#endif /* MTCTL_TEST_KERNEL_H */
