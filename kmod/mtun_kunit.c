// SPDX-License-Identifier: GPL-2.0
/*
 * mtun_kunit.ko: the tests of the pure files in a kernel with KUnit. They run
 * when the module is loaded and do not need mtun.ko.
 */
#include "kunit.h"

#include <linux/module.h>

kunit_test_suites(&mt_wire_suite, &mt_flow_suite, &mt_mss_suite, &mt_mtu_suite,
		  &mt_conf_suite, &mt_prefix_suite, &mt_traffic_suite,
		  &mt_health_suite, &mt_health_conf_suite, &mt_echo_suite);

MODULE_DESCRIPTION("Tests of mtun's pure files");
MODULE_LICENSE("GPL");
