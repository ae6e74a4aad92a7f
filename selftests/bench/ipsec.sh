#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a packet costs whose tunnel is in ESP, above plain forwarding, in instructions:
# mode ipsec beside an xfrm interface, and GRE in ESP beside ip_gre, with the same
# states and policies. ipsec.py has the rows. To be run in a machine whose clock counts
# instructions (MTUN_VM_ACCEL=icount vm/run).
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/ipsec.sh

# What is sent (encap) and received, in ESP that does not encrypt: mode, what the tunnel
# does beside, outer and inner IP version. 1.0 of what the other device costs is allowed,
# with the MSS clamp 1.05, for what is sent in ESP alone 0.75, and what ipsec.py says of
# measuring.
ALL_TESTS=
for path in encap decap; do
	for v in 4_4 4_6 6_4 6_6; do
		ALL_TESTS+=" cost_test:${path}_ipsec_counters_null_${v}_18"
		ALL_TESTS+=" cost_test:${path}_ipsec_clamp_null_${v}_18"
	done
	ALL_TESTS+=" cost_test:${path}_ipsec_counters_GCM_4_4_18"
	for v in 4 6; do
		ALL_TESTS+=" cost_test:${path}_gre_counters_null_${v}_4_18"
	done
done
ALL_TESTS+=" matrix_test"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
[ -x "$TEST_DIR/bench/blast" ] || skip_all "bench/blast is not built; run make"
need_module veth ip_gre ip6_gre esp4 esp6 xfrm_interface algif_aead
need_command "$PYTHON"

setup_prepare()
{
	MTCTL=$MTCTL "$PYTHON" "$TEST_DIR/bench/ipsec.py" \
		--json "$MTUN_VM_OUT/result.json" > "$TMP/result" 2> "$TMP/log"
	say "$(cat "$TMP/log")"
}

# cost_test ROW
cost_test()
{
	local line

	line=$(grep "^$1 " "$TMP/result")
	check_match "$line" "^$1 ok" "result"
	log_test "$1: ${line#"$1 ok "}"
}

# ... and what has no case of its own
matrix_test()
{
	[ -s "$TMP/result" ]
	check_err $? "nothing was measured"
	check_eq "$(grep ' bad ' "$TMP/result")" "" "results"
	log_test "all rows: $(wc -l < "$TMP/result") results"
}

setup_prepare
run_tests "$@"
