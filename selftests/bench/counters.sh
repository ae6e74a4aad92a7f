#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the counters of a tunnel cost, in instructions per packet and direction. To
# be run in a machine whose clock counts instructions (MTUN_VM_ACCEL=icount
# vm/run). The module bench/meter.ko calls the functions that the datapath calls.
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/counters.sh

LIMIT=60

ALL_TESTS="cost_test:udp4 cost_test:udp6 cost_test:short4 cost_test:short6 cost_test:udp4-pages cost_test:tcp6-pages
	   cost_test:tcp4 cost_test:tcp6 cost_test:syn4 cost_test:syn6
	   cost_test:syn-ack4 cost_test:syn-ack6 cost_test:rst4 cost_test:rst6
	   cost_test:fin4 cost_test:fin6 cost_test:fragment4 cost_test:fragment6
	   cost_test:drop"

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

# cost_test WHAT
cost_test()
{
	local way n text=

	for way in ingress egress; do
		n=$(sed -n "s/^$1 $way //p" "$TMP/result")
		# Packets are dropped on one way only.
		[ "$1 $way" = "drop egress" ] && continue
		[ "${n:-0}" -gt 0 ] && [ "$n" -le $LIMIT ]
		check_err $? "$1 $way: $n instructions, more than $LIMIT"
		text+=" $way $n"
	done
	log_test "$1: instructions to count a packet:$text"
}

setup_prepare
run_tests "$@"
