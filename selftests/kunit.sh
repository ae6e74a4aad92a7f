#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tests of the pure files (kmod/*_kunit.c) in a kernel with KUnit, where they
# meet its compiler flags and its sanitizers. Their cases are those of unit/run.

ALL_TESTS="suites_test"

. "$(dirname "$0")/lib.sh"

MTUN_KUNIT_KO=${MTUN_KUNIT_KO:-$(readlink -f "$TEST_DIR/../mtun_kunit.ko")}
RESULTS=/sys/kernel/debug/kunit

need_mtun
[ -e "$MTUN_KUNIT_KO" ] || skip_all "mtun_kunit.ko is not built: a kernel without KUnit"
cleanup_more()
{
	rmmod mtun_kunit 2> /dev/null
}

suites_test()
{
	local file suite cases passed

	insmod "$MTUN_KUNIT_KO"
	check_err $? "cannot load $MTUN_KUNIT_KO"
	for file in "$TEST_DIR"/../kmod/*_kunit.c; do
		# mtun_kunit.c has no suite.
		suite=$(sed -n '/^struct kunit_suite /,/^}/s/.*\.name = "\(.*\)",/\1/p' "$file")
		[ -n "$suite" ] || continue
		grep -qE "^ok [0-9]+ (- )?$suite\$" "$RESULTS/$suite/results" 2> /dev/null
		check_err $? "suite $suite: $(grep -hE 'not ok|ASSERT|EXPECT' -A 5 \
			"$RESULTS/$suite/results" 2>&1 | head -n 40)"
	done
	rmmod mtun_kunit
	check_err $? "cannot unload mtun_kunit"

	# Each of them and of its parameters is a line of its own.
	cases=$(cat "$TEST_DIR"/../kmod/*_kunit.c | grep -c '^	KUNIT_CASE')
	passed=$(dmesg | sed "1,/$KLOG_MARK/d" | grep -cE '\] +ok [0-9]+')
	[ "$cases" -gt 0 ] && [ "$passed" -gt "$cases" ]
	check_err $? "$passed results of $cases cases"
	log_test "$passed results of the pure files' suites"
}

run_tests "$@"
