#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Path MTU discovery: a router in the middle of the underlay tells near, and near
# the source of the inner packet, with and without the kernel's own GRE drivers
# loaded. ICMP errors that do not quote a packet of a tunnel change nothing.
# pmtu.py does the tests and has the list.
#
#  +- src -----------------+    +- near ---------------+
#  |  s0  10.9.N.2/16     -+----+- s0 10.9.255.1/16    |
#  |      2001:db8:9:N::2  |    |     2001:db8:9:ffff::1
#  +-----------------------+    |  tN                  |
#                               |   :                  |    +- mid ---------+
#                               |  u0 192.0.2.1/24    -+----+- u0 .254      |
#                               |     2001:db8::1/64   |    |     ::fe      |
#                               |  v0 203.0.113.1/24  -+----+- v0 .254      |
#                               |     2001:db8:a::1/64 |    |     ::fe      |
#                               +----------------------+    |               |
#                               +- far ----------------+    |               |
#                               |  u1 198.51.100.2/24 -+----+- u1 .254      |
#                               |     2001:db8:1::2/64 |    |     ::fe      |
#                               |     and .10+N, ::1:N |    |               |
#                               |  v1 198.18.0.2/24   -+----+- v1 .254      |
#                               |     2001:db8:b::2/64 |    |     ::fe      |
#                               |  tN                  |    +---------------+
#                               |  lo 10.8.N.1/32      |
#                               |     2001:db8:8:N::1  |
#                               +----------------------+
#
# near reaches far through u0. Tunnels bound to v0, and by fwmark to table 100,
# go through v0, and mid sends what comes from there through v1. Answers, ICMP
# errors among them, all come back through u0.

ALL_TESTS="py_result:alone py_result:forged py_result:route py_result:local
	   py_result:nat py_result:beside py_result:route-beside
	   py_result:forged-beside py_result:after py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" nft stdbuf
need_module veth

setup_prepare()
{
	setup_ns src near mid far
	ip_batch "$src" <<-EOF
		link add s0 type veth peer name s0 netns $near
		addr add 10.9.0.2/16 dev s0
		addr add 2001:db8:9::2/48 dev s0
		link set s0 up
		route add default via 10.9.255.1
		route add default via 2001:db8:9:ffff::1
	EOF
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $mid
		link add v0 type veth peer name v0 netns $mid
		addr add 10.9.255.1/16 dev s0
		addr add 2001:db8:9:ffff::1/48 dev s0
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		addr add 203.0.113.1/24 dev v0
		addr add 2001:db8:a::1/64 dev v0
		link set s0 up
		link set u0 up
		link set v0 up
		route add 198.51.100.0/24 via 192.0.2.254
		route add 2001:db8:1::/64 via 2001:db8::fe
		route add 198.51.100.0/24 via 203.0.113.254 metric 100
		route add 2001:db8:1::/64 via 2001:db8:a::fe metric 2000
		route add 198.51.100.0/24 via 203.0.113.254 table 100
		route add 2001:db8:1::/64 via 2001:db8:a::fe table 100
		rule add fwmark 7 lookup 100
	EOF
	ip_batch "$mid" <<-EOF
		link add u1 type veth peer name u1 netns $far
		link add v1 type veth peer name v1 netns $far
		addr add 192.0.2.254/24 dev u0
		addr add 2001:db8::fe/64 dev u0
		addr add 203.0.113.254/24 dev v0
		addr add 2001:db8:a::fe/64 dev v0
		addr add 198.51.100.254/24 dev u1
		addr add 2001:db8:1::fe/64 dev u1
		addr add 198.18.0.254/24 dev v1
		addr add 2001:db8:b::fe/64 dev v1
		link set u0 up
		link set v0 up
		link set u1 up
		link set v1 up
		route add 198.51.100.0/24 via 198.18.0.2 dev v1 table 200 onlink
		route add 2001:db8:1::/64 via 2001:db8:b::2 dev v1 table 200 onlink
		rule add iif v0 lookup 200
	EOF
	ip_batch "$far" <<-EOF
		addr add 198.51.100.2/24 dev u1
		addr add 2001:db8:1::2/64 dev u1
		addr add 198.18.0.2/24 dev v1
		addr add 2001:db8:b::2/64 dev v1
		link set u1 up
		link set v1 up
		route add 192.0.2.0/24 via 198.51.100.254
		route add 2001:db8::/64 via 2001:db8:1::fe
	EOF
	ip -n "$near" -6 rule add fwmark 7 lookup 100
	ip -n "$mid" -6 rule add iif v0 lookup 200
	setup_router "$near" "$mid" "$far"
	for ns in "$near" "$mid" "$far"; do
		in_ns "$ns" sh -c 'echo 0 > /proc/sys/net/ipv4/icmp_ratemask'
	done
	py_run "$TEST_DIR/pmtu.py" "$src" "$near" "$mid" "$far"
}

setup_prepare
run_tests "$@"
