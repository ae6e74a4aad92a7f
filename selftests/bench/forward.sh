#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a packet costs in tunnels of mtun and in those of the kernel's own driver,
# above plain forwarding, in instructions: forward.py has the paths. To be run in a
# machine whose clock counts instructions (MTUN_VM_ACCEL=icount vm/run). "make bench"
# runs all of it, which takes long.
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/forward.sh

ALL_TESTS="cheaper_test:decap_4_4_18_1 cheaper_test:encap_4_4_18_1
	   cheaper_test:local_4_4_18_1 cheaper_test:decap_6_4_18_1
	   cheaper_test:encap_6_4_18_1 cheaper_test:local_6_4_18_1"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
[ -x "$TEST_DIR/bench/blast" ] || skip_all "bench/blast is not built; run make"
need_module veth ip_gre ip6_gre
need_command "$PYTHON"

setup_prepare()
{
	MTCTL=$MTCTL "$PYTHON" "$TEST_DIR/bench/forward.py" \
		${MTUN_BENCH_FULL:+--full} > "$TMP/result" 2> "$TMP/log"
	# The table is what comes last, and begins with its heads.
	say "$(tac "$TMP/log" | sed '/^path /q' | tac)"
}

cheaper_test()
{
	local line

	line=$(grep "^$1 " "$TMP/result")
	check_match "$line" "^$1 ok" "result"
	log_test "$1 costs less: ${line#"$1 ok "}"
}

setup_prepare
run_tests "$@"
