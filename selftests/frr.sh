#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# BGP over two tunnels: when one of them stops to carry packets, its health takes
# the carrier away, and FRR sends them through the other. Its own timers, of minutes,
# have no part in that, and the underlay's link stays up.
#
#  +- near, AS 65001 -------------+         +- far, AS 65002 --------------+
#  |  t1  10.1.0.0/31            -+- - - - -+- t1  10.1.0.1/31            |
#  |  u1  192.0.2.1/24          --+---------+- u1  192.0.2.2/24           |
#  |                              |         |                             |
#  |  t2  10.2.0.0/31            -+- - - - -+- t2  10.2.0.1/31            |
#  |  u2  198.51.100.1/24       --+---------+- u2  198.51.100.2/24        |
#  |                              |         |                             |
#  |  lo  203.0.114.1/24          |         |  lo  203.0.113.1/24         |
#  +------------------------------+         +------------------------------+

ALL_TESTS="preferred_test failover_test"

. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/lib/frr
need_mtun
need_command zebra bgpd tc
need_module veth sch_netem

PING_MS=50
# What BGP and a slow machine take, behind the detection
SLACK_MS=2500

# router NS AS OWN-BIT PREFIX: zebra and bgpd. The route through t1 is better.
router()
{
	local ns=$1 as=$2 own=$3 prefix=$4 dir=$TMP/$1 peer=$((1 - $3)) d

	mkdir "$dir"
	echo "hostname $as" > "$dir/zebra.conf"
	cat > "$dir/bgpd.conf" <<-EOF
		router bgp $as
		 bgp router-id 10.0.0.$((own + 1))
		 no bgp ebgp-requires-policy
		 no bgp network import-check
		 neighbor 10.1.0.$peer remote-as external
		 neighbor 10.1.0.$peer timers connect 1
		 neighbor 10.2.0.$peer remote-as external
		 neighbor 10.2.0.$peer timers connect 1
		 address-family ipv4 unicast
		  network $prefix
		  neighbor 10.1.0.$peer weight 200
		 exit-address-family
	EOF
	# They run as a user of their own.
	chmod 755 "$TMP"
	chown -R frr "$dir"
	for d in zebra bgpd; do
		in_bg "$ns" "$dir/$d.log" "$d" -P 0 -z "$dir/zserv" -i "$dir/$d.pid" \
			--vty_socket "$dir" -f "$dir/$d.conf" --log stdout
		slowwait_for test -e "$dir/$d.pid"
	done
}

setup_prepare()
{
	local n net

	setup_ns near far
	n=0
	for net in 192.0.2 198.51.100; do
		n=$((n + 1))
		ip -n "$near" link add u$n type veth peer name u$n netns "$far"
		ip -n "$near" addr add $net.1/24 dev u$n
		ip -n "$far" addr add $net.2/24 dev u$n
		ip -n "$near" link set u$n up
		ip -n "$far" link set u$n up
		mt "$near" tunnel add t$n local $net.1 remote $net.2
		mt "$far" tunnel add t$n local $net.2 remote $net.1
		ip -n "$near" addr add 10.$n.0.0/31 dev t$n
		ip -n "$far" addr add 10.$n.0.1/31 dev t$n
		ip -n "$near" link set t$n up
		ip -n "$far" link set t$n up
		for ns in "$near" "$far"; do
			mt "$ns" health set t$n probe interval 100ms \
				timeout 400ms down-window 600ms \
				style request carrier on
		done
	done
	ip -n "$near" addr add 203.0.114.1/24 dev lo
	ip -n "$far" addr add 203.0.113.1/24 dev lo
	setup_router "$near" "$far"
	router "$near" 65001 0 203.0.114.0/24
	router "$far" 65002 1 203.0.113.0/24
}

# route_is NS PREFIX DEVICE
route_is()
{
	[[ $(ip -n "$1" route show "$2") == *" dev $3 "* ]]
}

both_use()
{
	route_is "$near" 203.0.113.0/24 "$1" &&
		route_is "$far" 203.0.114.0/24 "$1"
}

health_is()
{
	mt "$1" -j health show "$2" | grep -q "\"state\":\"$3\""
}

preferred_test()
{
	slowwait_for both_use t1
	check_err $? "the better way: $(cat "$TMP"/*/bgpd.log)"
	ping_check "$near" 203.0.113.1 -I 203.0.114.1
	check_err $? "ping"
	log_test "BGP over two tunnels"
}

failover_test()
{
	local pid cut detected lost

	in_bg "$near" "$TMP/ping" ping -n -O -i 0.0$PING_MS -I 203.0.114.1 \
		203.0.113.1
	pid=$BG_PID
	slowwait_for grep -q "icmp_seq=5 " "$TMP/ping"

	cut=$(now_ms)
	for ns in "$near" "$far"; do
		in_ns "$ns" tc qdisc add dev u1 root netem loss 100%
	done
	slowwait_for health_is "$near" t1 down &&
		slowwait_for health_is "$far" t1 down
	check_err $? "t1 is not down"
	detected=$(($(now_ms) - cut))
	slowwait_for both_use t2
	check_err $? "the other way"
	ping_check "$near" 203.0.113.1 -I 203.0.114.1
	check_err $? "ping the other way"
	stop_bg "$pid" INT
	lost=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' \
		"$TMP/ping" | awk '{ print $1 - $2 }')
	say "detected within $detected ms, $((lost * PING_MS)) ms of packets lost"
	[ "$((lost * PING_MS))" -le "$((detected + SLACK_MS))" ]
	check_err $? "more is lost than the detection takes"
	[ "$lost" -gt 0 ]
	check_err $? "nothing was lost: it was not cut"
	log_test "failover when a tunnel has no carrier"
}

setup_prepare
run_tests "$@"
