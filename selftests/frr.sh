#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# BGP and OSPF over two tunnels: when one of them stops to carry packets, its health
# takes the carrier away, and FRR sends them through the other; when it carries them
# again, they come back. Timers of FRR's own, of minutes (BGP) and 40 s (OSPF), have no
# part in that, and the underlay's link stays up.
#
#  +- near, AS 65001 -------------+         +- far, AS 65002 --------------+
#  |  t1  10.1.0.0/31            -+- - - - -+- t1  10.1.0.1/31            |
#  |  u1  192.0.2.1/24          --+---------+- u1  192.0.2.2/24           |
#  |                              |         |                             |
#  |  t2  10.2.0.0/31            -+- - - - -+- t2  10.2.0.1/31            |
#  |  u2  198.51.100.1/24       --+---------+- u2  198.51.100.2/24        |
#  |                              |         |                             |
#  |  lo  203.0.114.1/24, BGP     |         |  lo  203.0.113.1/24, BGP    |
#  |      203.0.116.1/32, OSPF    |         |      203.0.115.1/32, OSPF   |
#  +------------------------------+         +------------------------------+

ALL_TESTS="preferred_test:bgp preferred_test:ospf failover_test back_test"

. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/lib/frr
need_mtun
need_command zebra bgpd ospfd tc
need_module veth sch_netem

PING_MS=50
# What FRR and a slow machine take, behind the detection
SLACK_MS=$((2500 * ${MTUN_SLOW:-1}))
FAST="interval 100ms timeout 400ms down-window 600ms"
[ "${MTUN_SLOW:-1}" -eq 1 ] || FAST="interval 200ms timeout 1600ms down-window 2s"

# What is far away for near, and for far
NEAR_BGP=203.0.113.0/24 FAR_BGP=203.0.114.0/24
NEAR_OSPF=203.0.115.1 FAR_OSPF=203.0.116.1

# router NS AS OWN-BIT PREFIX HOST: zebra, bgpd and ospfd. The route through t1 is
# better.
router()
{
	local ns=$1 as=$2 own=$3 prefix=$4 host=$5 dir=$TMP/$1 peer=$((1 - $3)) d

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
	cat > "$dir/ospfd.conf" <<-EOF
		interface t1
		 ip ospf network point-to-point
		 ip ospf cost 10
		interface t2
		 ip ospf network point-to-point
		 ip ospf cost 20
		router ospf
		 ospf router-id 10.0.0.$((own + 1))
		 network 10.1.0.0/31 area 0
		 network 10.2.0.0/31 area 0
		 network $host/32 area 0
	EOF
	# They run as a user of their own.
	chmod 755 "$TMP"
	chown -R frr "$dir"
	for d in zebra bgpd ospfd; do
		in_bg "$ns" "$dir/$d.log" "$d" -P 0 -z "$dir/zserv" -i "$dir/$d.pid" \
			--vty_socket "$dir" -f "$dir/$d.conf" --log stdout
		# They look for it once, and then not for a while.
		[ $d != zebra ] || slowwait_for test -e "$dir/zserv"
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
			# shellcheck disable=SC2086
			mt "$ns" health set t$n probe $FAST style request carrier on
		done
	done
	ip -n "$near" addr add 203.0.114.1/24 dev lo
	ip -n "$far" addr add 203.0.113.1/24 dev lo
	ip -n "$near" addr add $FAR_OSPF/32 dev lo
	ip -n "$far" addr add $NEAR_OSPF/32 dev lo
	setup_router "$near" "$far"
	router "$near" 65001 0 $FAR_BGP $FAR_OSPF
	router "$far" 65002 1 $NEAR_BGP $NEAR_OSPF
}

# route_is NS PREFIX DEVICE
route_is()
{
	[[ $(ip -n "$1" route show "$2") == *" dev $3 "* ]]
}

# both_use PROTOCOL DEVICE: in both directions
both_use()
{
	if [ "$1" = bgp ]; then
		route_is "$near" $NEAR_BGP "$2" && route_is "$far" $FAR_BGP "$2"
	else
		route_is "$near" $NEAR_OSPF "$2" && route_is "$far" $FAR_OSPF "$2"
	fi
}

wait_both_use()
{
	slowwait_for both_use "$1" "$2"
	check_err $? "$1 does not use $2: $(ip -n "$near" route) $(
		cat "$TMP"/*/"$1"d.log)"
}

health_is()
{
	mt "$1" -j health show "$2" | grep -q "\"state\":\"$3\""
}

ping_both()
{
	ping_check "$near" 203.0.113.1 -I 203.0.114.1
	check_err $? "ping by BGP, $1"
	ping_check "$near" $NEAR_OSPF -I $FAR_OSPF
	check_err $? "ping by OSPF, $1"
}

preferred_test()
{
	wait_both_use "$1" t1
	log_test "the better of two tunnels, $1"
}

# pings_start: through both, until pings_stop
pings_start()
{
	in_bg "$near" "$TMP/ping.bgp" ping -n -O -i 0.0$PING_MS -I 203.0.114.1 \
		203.0.113.1
	BGP_PID=$BG_PID
	in_bg "$near" "$TMP/ping.ospf" ping -n -O -i 0.0$PING_MS -I $FAR_OSPF \
		$NEAR_OSPF
	OSPF_PID=$BG_PID
	slowwait_for grep -q "icmp_seq=5 " "$TMP/ping.bgp"
	slowwait_for grep -q "icmp_seq=5 " "$TMP/ping.ospf"
}

# pings_stop: how many ms of packets were lost, into LOST_BGP and LOST_OSPF
pings_stop()
{
	stop_bg "$BGP_PID" INT
	stop_bg "$OSPF_PID" INT
	LOST_BGP=$(pings_lost "$TMP/ping.bgp")
	LOST_OSPF=$(pings_lost "$TMP/ping.ospf")
}

# The last ones may still be on their way.
pings_lost()
{
	awk -v ms=$PING_MS '/^64 bytes from/ { n++; last = $5 }
	     END { sub(/.*=/, "", last); print (last - n) * ms }' "$1"
}

failover_test()
{
	local cut detected lost

	ping_both "at first"
	pings_start
	cut=$(now_ms)
	for ns in "$near" "$far"; do
		in_ns "$ns" tc qdisc add dev u1 root netem loss 100%
	done
	slowwait_for health_is "$near" t1 down &&
		slowwait_for health_is "$far" t1 down
	check_err $? "t1 is not down"
	detected=$(($(now_ms) - cut))
	wait_both_use bgp t2
	wait_both_use ospf t2
	ping_both "the other way"
	pings_stop
	say "detected within $detected ms, lost: BGP $LOST_BGP ms, OSPF $LOST_OSPF ms of packets"
	for lost in "$LOST_BGP" "$LOST_OSPF"; do
		[ "$lost" -le "$((detected + SLACK_MS))" ]
		check_err $? "more is lost than the detection takes: $lost ms"
		[ "$lost" -gt 0 ]
		check_err $? "nothing was lost: it was not cut"
	done
	log_test "failover when a tunnel has no carrier"
}

# Nothing is lost where both ways work.
back_test()
{
	pings_start
	for ns in "$near" "$far"; do
		in_ns "$ns" tc qdisc del dev u1 root
	done
	wait_both_use bgp t1
	wait_both_use ospf t1
	ping_both "the way back"
	pings_stop
	say "lost: BGP $LOST_BGP ms, OSPF $LOST_OSPF ms of packets"
	[ "$LOST_BGP" -le $((200 * ${MTUN_SLOW:-1})) ] &&
		[ "$LOST_OSPF" -le $((200 * ${MTUN_SLOW:-1})) ]
	check_err $? "packets are lost on the way back"
	log_test "back to the better tunnel when it has a carrier again"
}

setup_prepare
run_tests "$@"
