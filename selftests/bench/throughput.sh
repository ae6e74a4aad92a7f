#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bulk TCP through mtun and through the kernel's own GRE driver, in turns, in
# instructions per megabyte. To be run in a machine whose clock counts
# instructions (MTUN_VM_ACCEL=icount vm/run): there a result is the same within
# a percent however busy the host is, and an assertion about it is fair.
#
#  +- near ----------------------+       +- far ------------------------+
#  |  mt4  10.0.1.1/24           |       |  mt4  10.0.1.2/24            |
#  |  gre4 10.0.2.1/24           |       |  gre4 10.0.2.2/24            |
#  |  mt6  10.0.3.1/24           |       |  mt6  10.0.3.2/24            |
#  |  gre6 10.0.4.1/24           |       |  gre6 10.0.4.2/24            |
#  |   :                         |       |   :                          |
#  |  u0   192.0.2.1/24    ------+-------+-- u0  192.0.2.2/24           |
#  |       2001:db8::1/64        |       |       2001:db8::2/64         |
#  +-----------------------------+       +------------------------------+
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/throughput.sh

ALL_TESTS="ratio_test:4:1 ratio_test:6:1 ratio_test:4:8 ratio_test:6:8"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
[ -x "$TEST_DIR/bench/tcp" ] || skip_all "bench/tcp is not built; run make"
need_module veth ip_gre ip6_gre

MEGABYTES=32
ROUNDS=3

setup_prepare()
{
	setup_ns near far
	ip -n "$near" link add u0 type veth peer name u0 netns "$far"
	setup_end "$near" 1 2
	setup_end "$far" 2 1
}

setup_end()
{
	local ns=$1 me=$2 you=$3
	local four="local 192.0.2.$me remote 192.0.2.$you"
	local six="local 2001:db8::$me remote 2001:db8::$you"

	mt "$ns" -b - <<-EOF
		tunnel add mt4 $four key 1
		tunnel add mt6 $six key 1
	EOF
	ip_batch "$ns" <<-EOF
		addr add 192.0.2.$me/24 dev u0
		addr add 2001:db8::$me/64 dev u0
		link set u0 up
		link add gre4 type gre $four key 2
		link add gre6 type ip6gre $six key 2 encaplimit none
		addr add 10.0.1.$me/24 dev mt4
		addr add 10.0.2.$me/24 dev gre4
		addr add 10.0.3.$me/24 dev mt6
		addr add 10.0.4.$me/24 dev gre6
		link set mt4 up
		link set gre4 up
		link set mt6 up
		link set gre6 up
	EOF
}

# instructions ADDRESS STREAMS: for a transfer, per megabyte
instructions()
{
	local ns

	ns=$("$TEST_DIR/bench/tcp" "$near" "$far" "$1" "$2" $MEGABYTES) &&
		echo $((ns / MEGABYTES))
}

ratio_test()
{
	local v=$1 streams=$2 us="" them="" one i
	local our_addr their_addr

	[ "$v" = 4 ] && our_addr=10.0.1.2 their_addr=10.0.2.2
	[ "$v" = 6 ] && our_addr=10.0.3.2 their_addr=10.0.4.2
	ping_check "$near" $our_addr && ping_check "$near" $their_addr
	check_err $? "ping"
	# The first round warms up.
	for ((i = 0; i <= ROUNDS; i++)); do
		one=$(instructions $our_addr "$streams") || RET=1
		[ $i -gt 0 ] && us+=" $one"
		one=$(instructions $their_addr "$streams") || RET=1
		[ $i -gt 0 ] && them+=" $one"
	done
	say "IPv$v, $streams streams, instructions per megabyte: mtun$us," \
		"in-tree$them"
	us=$(tr ' ' '\n' <<< "$us" | sort -n | sed -n "$((ROUNDS / 2 + 2))p")
	them=$(tr ' ' '\n' <<< "$them" | sort -n | sed -n "$((ROUNDS / 2 + 2))p")
	[ "${us:-0}" -gt 0 ] && [ "$us" -le "${them:-0}" ]
	check_err $? "mtun needs more: $us instead of $them"
	log_test "bulk TCP over IPv$v, $streams streams: $((us * 100 / them)) % of the in-tree driver's instructions"
}

setup_prepare
run_tests "$@"
