/* SPDX-License-Identifier: GPL-2.0 */
/* Unit tests of what is pure, and tests of what needs no kernel. */
#ifndef MTCTL_TEST_H
#define MTCTL_TEST_H

#include <stdbool.h>
#include <stdio.h>

/* One result. A test counts even if it is not good: it goes on. */
void check(bool good, const char *what);

void test_args(void);
void test_cmd(void);
void test_conf(void);
void test_ipsec(void);
void test_link(void);
void test_live(void);
void test_main(void);
void test_nl(void);
void test_plan(void);
void test_print(void);
void test_replica(void);
void test_traffic(void);

/* All that was written to a file, which is closed: to be freed */
char *take_text(FILE *file);

#endif /* MTCTL_TEST_H */
