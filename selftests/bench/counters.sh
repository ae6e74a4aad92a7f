#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the counters of a tunnel cost, in instructions per packet and direction. To
# be run in a machine whose clock counts instructions (MTUN_VM_ACCEL=icount
# vm/run). The module bench/meter.ko calls the functions that the datapath calls.
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/counters.sh

ALL_TESTS="cost_test:udp4:60 cost_test:udp6:65 cost_test:tcp4:65
	   cost_test:syn4:120"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
[ -e "$TEST_DIR/bench/meter.ko" ] || skip_all "bench/meter.ko is not built"

setup_prepare()
{
	insmod "$TEST_DIR/bench/meter.ko" && rmmod meter
	dmesg | sed -n 's/.*meter: //p' > "$TMP/result"
}

# cost_test WHAT LIMIT
cost_test()
{
	local n

	n=$(sed -n "s/^$1 //p" "$TMP/result")
	[ "${n:-0}" -gt 0 ] && [ "$n" -le "$2" ]
	check_err $? "$1: $n instructions, more than $2"
	log_test "$1: $n instructions to count a packet"
}

setup_prepare
run_tests "$@"
