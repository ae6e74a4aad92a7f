#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Four nodes serve three customers' tunnels behind one anycast address, and each
# packet meets another node than the one before it, in both directions.
#
#   c1 (ip_gre)  --+           +-- n1 --+
#   c2 (ip_gre)  --+-- front --+-- n2 --+-- back -- srv
#   c3 (ip6_gre) --+           +-- n3 --+
#                              +-- n4 --+
#
#   cN     cN 10.0.N.2/24 2001:db8:N::2, behind its tunnel 10.1.N.1/24
#   front  to node N: nN 10.2.N.1/24 2001:db8:2N::1
#   back   to node N: nN 10.3.N.1/24;  to srv: s0 10.4.0.1/24
#   srv    s0 10.4.0.2/24
#
# All nodes have the same tunnels, from a file, with the anycast addresses
# 192.0.2.1 and 2001:db8:ffff::1. n1 to n3 have them on no device and receive
# early; n4 has a route of type local. c2 sends from another address than it is
# sent to.

ALL_TESTS="py_result:path py_result:spread py_result:withdrawn
	   py_result:killed py_result:back py_result:tcp py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" nft
need_module veth ip_gre ip6_gre

setup_prepare()
{
	local n ns

	setup_ns c1 c2 c3 front n1 n2 n3 n4 back srv
	cat > "$TMP/nodes.yaml" <<-EOF
		defaults: {tunnel: {local: 192.0.2.1, anycast: on}}
		tunnels:
		  t1: {remote: 10.0.1.2, key: 1}
		  t2: {remote: 10.0.2.2, accept: 10.0.2.128/25, key: 2}
		  t3: {local: 2001:db8:ffff::1, remote: 2001:db8:3::2, key: 3}
	EOF
	for n in 1 2 3; do
		ns=c$n
		setup_link "${!ns}" "c$n" "10.0.$n.2/24" "2001:db8:$n::2/64" \
			"$front" "c$n" "10.0.$n.1/24" "2001:db8:$n::1/64"
		ip_batch "${!ns}" <<-EOF
			route add default via 10.0.$n.1
			route add default via 2001:db8:$n::1
		EOF
	done
	for n in 1 2 3 4; do
		ns=n$n
		setup_link "${!ns}" front "10.2.$n.2/24" "2001:db8:2$n::2/64" \
			"$front" "n$n" "10.2.$n.1/24" "2001:db8:2$n::1/64"
		setup_link "${!ns}" back "10.3.$n.2/24" "2001:db8:3$n::2/64" \
			"$back" "n$n" "10.3.$n.1/24" "2001:db8:3$n::1/64"
		setup_node "${!ns}" "$n"
	done
	setup_link "$srv" s0 10.4.0.2/24 2001:db8:4::2/64 \
		"$back" s0 10.4.0.1/24 2001:db8:4::1/64
	ip -n "$srv" route add default via 10.4.0.1
	setup_router "$front" "$back" "$n1" "$n2" "$n3" "$n4"
	setup_spread "$front" front 2
	setup_spread "$back" back 3
	setup_customers
	py_run "$TEST_DIR/anycast.py" "$c1" "$c2" "$c3" "$front" "$back" \
		"$n1" "$n2" "$n3" "$n4" "$srv" "$TMP/nodes.yaml"
}

# setup_link NS DEV ADDR ADDR6 NS DEV ADDR ADDR6
setup_link()
{
	ip -n "$1" link add "$2" type veth peer name "$6" netns "$5"
	ip_batch "$1" <<-EOF
		addr add $3 dev $2
		addr add $4 dev $2
		link set $2 up
	EOF
	ip_batch "$5" <<-EOF
		addr add $7 dev $6
		addr add $8 dev $6
		link set $6 up
	EOF
}

# The same for all, but for how the addresses are received
setup_node()
{
	mt "$1" apply -f "$TMP/nodes.yaml" > /dev/null
	ip_batch "$1" <<-EOF
		link set t1 up
		link set t2 up
		link set t3 up
		route add 10.1.1.0/24 dev t1
		route add 10.1.2.0/24 dev t2
		route add 10.1.3.0/24 dev t3
		route add default via 10.2.$2.1
		route add default via 2001:db8:2$2::1
		route add 10.4.0.0/24 via 10.3.$2.1
	EOF
	if [ "$2" -le 3 ]; then
		mt "$1" netns set rx early
	else
		ip_batch "$1" <<-EOF
			route add local 192.0.2.1 dev lo
			route add local 2001:db8:ffff::1 dev lo
		EOF
	fi
}

# setup_spread NS NAME NET: each packet for the nodes goes to the next of those
# that are in the set; what goes to each is counted.
setup_spread()
{
	local n

	for n in 1 2 3 4; do
		ip_batch "$1" <<-EOF
			rule add fwmark $n lookup 10$n
			route add default via 10.$3.$n.2 table 10$n
		EOF
		ip -n "$1" -6 rule add fwmark $n lookup "10$n"
		ip -n "$1" route add default via "2001:db8:$3$n::2" table "10$n"
	done
	# Without a route by themselves
	ip -n "$1" route add 192.0.2.1 via "10.$3.1.2"
	ip -n "$1" route add 2001:db8:ffff::1 via "2001:db8:${3}1::2"
	ip -n "$1" route add 10.1.0.0/16 via "10.$3.1.2"
}

setup_customers()
{
	ip_batch "$c1" <<-EOF
		link add g0 type gre local 10.0.1.2 remote 192.0.2.1 key 1
		addr add 10.1.1.1/24 dev g0
		link set g0 up
		route add 10.4.0.0/24 dev g0
	EOF
	# One for what is sent to it, one for what it sends
	ip_batch "$c2" <<-EOF
		addr add 10.0.2.200/24 dev c2
		link add g1 type gre local 10.0.2.2 remote 192.0.2.1 key 2
		link add g0 type gre local 10.0.2.200 remote 192.0.2.1 key 2
		addr add 10.1.2.1/24 dev g1
		link set g1 up
		link set g0 up
		route add 10.4.0.0/24 dev g0
	EOF
	ip_batch "$c3" <<-EOF
		link add g0 type ip6gre local 2001:db8:3::2 remote 2001:db8:ffff::1 key 3
		addr add 10.1.3.1/24 dev g0
		link set g0 up
		route add 10.4.0.0/24 dev g0
	EOF
	in_ns "$c2" sh -c 'for c in /proc/sys/net/ipv4/conf/*/rp_filter; do
		echo 0 > $c; done'
}

setup_prepare
run_tests "$@"
