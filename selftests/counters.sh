#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the counters of a tunnel say about the packets that went through it, by
# kind, exact to the packet and byte: counters.py makes the packets, has a model
# to compare with, and the list.
#
#  +- near --------------------------+       +- far ----------------------+
#  |  mt4 10.4.0.1/24   fd04::1/64   |       |  mt4 10.4.0.2  fd04::2     |
#  |  mt6 10.6.0.1/24   fd06::1/64   |       |  mt6 10.6.0.2  fd06::2     |
#  |   :                             |       |   :                        |
#  |  u0  192.0.2.1/24         ------+-------+-- u0  192.0.2.2/24         |
#  |      2001:db8::1/64             |       |       2001:db8::2/64       |
#  +---------------------------------+       +----------------------------+
#
# py_result:esp adds esp4 and esp6, of mode ipsec, at both ends.

ALL_TESTS="py_result:none py_result:table py_result:random py_result:nonlinear
	   py_result:segments py_result:esp py_result:dump text_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" ethtool
need_module veth

setup_end()
{
	local ns=$1 me=$2 you=$3

	mt "$ns" -b - <<-EOF
		tunnel add mt4 local 192.0.2.$me remote 192.0.2.$you key 4
		tunnel add mt6 local 2001:db8::$me remote 2001:db8::$you key 6
	EOF
	ip_batch "$ns" <<-EOF
		link set mt4 up
		link set mt6 up
	EOF
}

# setup_prepare CASE...: the packets of these, of all without one
setup_prepare()
{
	local -a groups=("${@#py_result:}")

	groups=("${groups[@]/#text_test/table}")
	setup_ns near far
	setup_underlay "$near" "$far"
	setup_end "$near" 1 2
	setup_end "$far" 2 1
	py_run "$TEST_DIR/counters.py" "$near" "$far" "${groups[@]}"
}

text_test()
{
	local out

	out=$(mt "$near" -s tunnel show mt4)
	check_match "$out" "received +[0-9]+ packets" "packets received"
	check_match "$out" $'\n +IPv4 tcp +[0-9]+ packets +[0-9]+ bytes' "protocol"
	check_match "$out" $'\n +TCP flags +syn [0-9]+' "flags"
	check_match "$out" $'\n +fragments +[0-9]+' "fragments"
	out=$(mt "$near" -s -d tunnel show mt4)
	check_match "$out" $'\n +bytes .*64-127 [0-9]+' "lengths"
	log_test "mtctl -s tunnel show"
}

setup_prepare "$@"
run_tests "$@"
