#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a packet costs in tunnels of mtun and in those of the kernel's own driver,
# above plain forwarding, in instructions: forward.py has the paths. To be run in a
# machine whose clock counts instructions (MTUN_VM_ACCEL=icount vm/run). "make bench"
# runs all parts of it (MTUN_BENCH_PART), which takes long.
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/forward.sh
#
# Only MTUN_BENCH_PART=scale is about time: how many packets all CPUs together send,
# through mtun beside the other driver. Nothing is judged but that all have arrived.
#
#	MTUN_VM_ACCEL=mttcg MTUN_VM_CPUS=2 vm/run -- env MTUN_BENCH_PART=scale bench/forward.sh

ALL_TESTS=
# What a tunnel may have is measured over IPv4.
case $MTUN_BENCH_PART in
scale) families= ;;
options|*-4) families=4 ;;
*-6) families=6 ;;
*) families="4 6" ;;
esac
for v in $families; do
	for way in decap early encap local; do
		ALL_TESTS+=" target_test:${way}_$v"
	done
done
ALL_TESTS+=" matrix_test"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$MTUN_VM" = icount ] || [ "$MTUN_BENCH_PART" = scale ] ||
	skip_all "the clock does not count instructions"
need_mtun
[ -x "$TEST_DIR/bench/blast" ] || skip_all "bench/blast is not built; run make"
need_module veth ip_gre ip6_gre
need_command "$PYTHON"

setup_prepare()
{
	MTCTL=$MTCTL "$PYTHON" "$TEST_DIR/bench/forward.py" \
		${MTUN_BENCH_PART:+--part "$MTUN_BENCH_PART"} \
		--json "$MTUN_VM_OUT/result.json" > "$TMP/result" 2> "$TMP/log"
	# The table is what comes last, and begins with its heads.
	say "$(tac "$TMP/log" | sed '/^path /q' | tac)"
}

# A small packet of IPv4, through the one tunnel that there is
target_test()
{
	local name=${1}_4_18_1_1 line

	line=$(grep "^$name " "$TMP/result")
	check_match "$line" "^$name ok" "result"
	log_test "$1: ${line#"$name ok "}"
}

# ... and whatever else was measured
matrix_test()
{
	[ -s "$TMP/result" ]
	check_err $? "nothing was measured"
	check_eq "$(grep ' bad ' "$TMP/result")" "" "results"
	log_test "all targets: $(wc -l < "$TMP/result") results"
}

setup_prepare
run_tests "$@"
