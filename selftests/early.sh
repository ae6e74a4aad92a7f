#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which tunnel a packet belongs to if tunnels accept prefixes, and what differs
# if packets are received early: early.py makes the packets and has the list.
#
#  +- far --------------+    +- near ----------------+    +- other ------------+
#  |  u0 192.0.2.1/24  -+----+- u0 192.0.2.2/24      |    |                    |
#  |     2001:db8::1/64 |    |     2001:db8::2/64    |    |                    |
#  |                    |    |  o0 192.0.3.1/24     -+----+- o0 192.0.3.2/24   |
#  |                    |    |     2001:db8:3::1/64  |    |     2001:db8:3::2  |
#  +--------------------+    |  tunnels              |    +--------------------+
#                            +-----------------------+
#
# The tunnels' local addresses, 198.51.100.1 and 2001:db8:51::1, are on no device.
# Routes lead to other for them, where they would go if near did not take them.

ALL_TESTS="py_result:accept py_result:specific py_result:local
	   py_result:early py_result:input py_result:raw py_result:rp_filter
	   py_result:fragments py_result:untouched py_result:conntrack
	   py_result:loopback py_result:switch py_result:pmtu py_result:vrf
	   py_result:bridge py_result:end
	   control_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" nft
need_module veth vrf

setup_prepare()
{
	setup_ns far near other control
	setup_underlay "$far" "$near"
	ip -n "$near" link add o0 type veth peer name o0 netns "$other"
	ip_batch "$near" <<-EOF
		addr add 192.0.3.1/24 dev o0
		addr add 2001:db8:3::1/64 dev o0
		link set o0 up
	EOF
	ip_batch "$other" <<-EOF
		addr add 192.0.3.2/24 dev o0
		addr add 2001:db8:3::2/64 dev o0
		link set o0 up
	EOF
	ip_batch "$near" <<-EOF
		route add 198.51.100.0/24 via 192.0.3.2
		route add 2001:db8:51::/48 via 2001:db8:3::2
		route add default via 192.0.2.1
		route add default via 2001:db8::1
	EOF
	setup_router "$near"
	py_run "$TEST_DIR/early.py" "$far" "$near" "$other"
}

control_test()
{
	local out

	in_bg "$control" "$TMP/monitor" "$MTCTL" monitor
	slowwait_for grep -q "^listening for events$" "$TMP/monitor"
	check_eq "$(mt "$control" netns)" "rx local" "by default"
	mt "$control" netns set rx early
	check_err $? "rx early without a tunnel"
	check_eq "$(mt "$control" -j netns show)" '{"rx":"early"}' "JSON"
	slowwait_for grep -q "set   netns: rx early$" "$TMP/monitor"
	check_err $? "the event"
	mt "$control" tunnel add m local 192.0.2.1 remote 192.0.2.2
	mt "$control" netns set rx early && mt "$control" netns set rx local &&
		mt "$control" netns set rx early && mt "$control" tunnel del m
	check_err $? "there and back with a tunnel"
	check_eq "$(mt "$near" netns show)" "rx local" "another namespace"

	out=$(mt "$control" netns set 2>&1)
	check_match "$out" "say what to change" "nothing to set"
	out=$(mt "$control" netns set rx later 2>&1)
	check_match "$out" "give local or early" "a bad value"
	out=$(mt "$control" netns set tx early 2>&1)
	check_match "$out" "unknown argument" "a bad word"
	log_test "mtctl netns"
}

setup_prepare
run_tests "$@"
