#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where packets are fragmented that are too big, what the DF bits of outer and
# inner packets are, and what becomes of fragments received. frag.py makes and
# reads the packets and has the list.
#
#  +- src -----------------+    +- near -------------+    +- far -------------+
#  |  s0  10.9.N.2/16     -+----+- s0 10.9.255.1/16  |    |  lo 10.8.N.1/32   |
#  |      2001:db8:9:N::2  |    |     2001:db8:      |    |     2001:db8:     |
#  +-----------------------+    |        9:ffff::1   |    |          8:N::1   |
#                               |  tN                |    |  tN               |
#                               |   :                |    |   :               |
#                               |  u0 192.0.2.1/24  -+----+- u0 192.0.2.100+N |
#                               |     2001:db8::1/64 |    |     2001:db8::1:N |
#                               +--------------------+    +-------------------+
#
# For each combination of policies there is a tunnel tN, whose path MTU is that
# of near's route to its remote.

ALL_TESTS="refused_test py_result:policy py_result:headers py_result:small
	   py_result:no-room py_result:no-header py_result:ids py_result:refragment py_result:gso
	   py_result:received py_result:atomic py_result:hostile
	   py_result:left py_result:memory
	   py_result:received-ct py_result:hostile-ct
	   py_result:left-ct py_result:memory-ct py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" nft
need_module veth

setup_prepare()
{
	setup_ns src near far
	ip_batch "$src" <<-EOF
		link add s0 mtu 9000 type veth peer name s0 netns $near
		link set s0 up
	EOF
	ip_batch "$near" <<-EOF
		link set s0 mtu 9000 up
		addr add 10.9.255.1/16 dev s0
		addr add 2001:db8:9:ffff::1/48 dev s0
	EOF
	setup_underlay "$near" "$far"
	ip_batch "$src" <<-EOF
		addr add 10.9.0.2/16 dev s0
		addr add 2001:db8:9::2/48 dev s0
		route add default via 10.9.255.1
		route add default via 2001:db8:9:ffff::1
	EOF
	in_ns "$near" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
		echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
	in_ns "$far" sh -c 'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
		echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter'
	py_run "$TEST_DIR/frag.py" "$src" "$near" "$far"
}

# Packets with DF cannot be fragmented, so asking for it makes no sense.
refused_test()
{
	local out args

	for args in "frag outer" "frag outer df set"; do
		# shellcheck disable=SC2086
		out=$(mt "$near" tunnel add no local 192.0.2.1 \
			remote 192.0.2.9 $args 2>&1)
		check_eq $? 1 "add $args"
		check_match "$out" "frag.*df" "add $args"
		ip -n "$near" link show no > /dev/null 2>&1
		check_fail $? "add $args created a device"
	done
	mt "$near" tunnel add no local 192.0.2.1 remote 192.0.2.9 df clear
	check_err $? "add df clear"
	mt "$near" tunnel set no frag outer
	check_err $? "set frag outer"
	out=$(mt "$near" tunnel set no df set ttl 9 2>&1)
	check_eq $? 1 "set df set with frag outer"
	check_match "$out" "frag.*df|df.*frag" "set df set with frag outer"
	out=$(mt "$near" -d tunnel show no)
	check_match "$out" "df clear" "after a refused set"
	check_match "$out" "frag outer" "after a refused set"
	check_match "$out" "ttl 64" "after a refused set"
	mt "$near" tunnel set no df set frag inner
	check_err $? "set df set frag inner"
	out=$(mt "$near" tunnel set no frag outer 2>&1)
	check_eq $? 1 "set frag outer with df set"
	check_match "$out" "frag.*df" "set frag outer with df set"
	mt "$near" tunnel del no
	log_test "frag outer with df set is refused"
}

setup_prepare
run_tests "$@"
