#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How encapsulated packets find their way through the underlay, and what happens
# when there is none.
#
#  +- near -------------------------+       +- far -------------------------+
#  |  mt4  10.0.4.1/24              |       |  mt4  10.0.4.2/24             |
#  |  mt6  10.0.6.1/24              |       |  mt6  10.0.6.2/24             |
#  |   :                            |       |   :                           |
#  |  lo   203.0.113.1/32           |       |  lo   203.0.113.2/32          |
#  |       2001:db8:f::1/128        |       |       2001:db8:f::2/128       |
#  |  u0   192.0.2.1/24       ------+-------+-- u0  192.0.2.2/24            |
#  |       2001:db8::1/64           |       |       2001:db8::2/64          |
#  |  u1   198.51.100.1/24    ------+-------+-- u1  198.51.100.2/24         |
#  |       2001:db8:1::1/64         |       |       2001:db8:1::2/64        |
#  +--------------------------------+       +-------------------------------+
#
# The tunnels run between the loopback addresses; the way is by u0 unless
# something says otherwise. A table 100 has the way by u1.

ALL_TESTS="usual_test fwmark_test:mt4 fwmark_test:mt6 inner_mark_test:mt4
	   inner_mark_test:mt6 dev_test:mt4 dev_test:mt6 no_route_test:mt4
	   no_route_test:mt6 unreachable_test:unreachable
	   unreachable_test:prohibit unreachable_test:blackhole
	   late_underlay_test loop_test:mt4 loop_test:mt6
	   mutual_loop_test nested_test output_drop_test:mt4
	   output_drop_test:mt6 input_drop_test usual_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping nft
need_module veth

underlay_routes()
{
	ip_batch "$near" <<-EOF
		route replace 203.0.113.2 via 192.0.2.2
		route replace 2001:db8:f::2 via 2001:db8::2
	EOF
}

setup_prepare()
{
	local m

	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		link add u1 type veth peer name u1 netns $far
		addr add 203.0.113.1/32 dev lo
		addr add 2001:db8:f::1/128 dev lo
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		addr add 198.51.100.1/24 dev u1
		addr add 2001:db8:1::1/64 dev u1
		link set u0 up
		link set u1 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 203.0.113.2/32 dev lo
		addr add 2001:db8:f::2/128 dev lo
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		addr add 198.51.100.2/24 dev u1
		addr add 2001:db8:1::2/64 dev u1
		link set u0 up
		link set u1 up
		route add 203.0.113.1 via 192.0.2.1
		route add 2001:db8:f::1 via 2001:db8::1
	EOF
	underlay_routes
	ip_batch "$near" <<-EOF
		route add 203.0.113.2 via 198.51.100.2 table 100
		route add 2001:db8:f::2 via 2001:db8:1::2 table 100
		rule add fwmark 7 table 100
	EOF
	ip -n "$near" -6 rule add fwmark 7 table 100
	# A packet may arrive by another device than that of the way back.
	for m in "$near" "$far"; do
		in_ns "$m" sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do
			echo 0 > $f
		done'
	done

	count_ways
	mt "$near" -b - <<-EOF
		tunnel add mt4 local 203.0.113.1 remote 203.0.113.2
		tunnel add mt6 local 2001:db8:f::1 remote 2001:db8:f::2
	EOF
	mt "$far" -b - <<-EOF
		tunnel add mt4 local 203.0.113.2 remote 203.0.113.1
		tunnel add mt6 local 2001:db8:f::2 remote 2001:db8:f::1
	EOF
	ip_batch "$near" <<-EOF
		addr add 10.0.4.1/24 dev mt4
		addr add 10.0.6.1/24 dev mt6
		link set mt4 up
		link set mt6 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 10.0.4.2/24 dev mt4
		addr add 10.0.6.2/24 dev mt6
		link set mt4 up
		link set mt6 up
	EOF
}

# far_addr TUNNEL: the inner address of its far end
far_addr()
{
	case $1 in
	mt4) echo 10.0.4.2 ;;
	mt6) echo 10.0.6.2 ;;
	esac
}

# Through which device do pings through the tunnel leave? GRE only: neighbour
# discovery is none of our business.
count_ways()
{
	in_ns "$near" nft -f - <<-EOF
		table inet ways {
			counter u0 { }
			counter u1 { }
			counter mark7 { }
			chain out {
				type filter hook postrouting priority 0;
				meta l4proto gre oifname u0 counter name u0
				meta l4proto gre oifname u1 counter name u1
				meta l4proto gre meta mark 7 counter name mark7
			}
		}
	EOF
}

# check_way TUNNEL WANTED_U0 WANTED_U1 WANTED_MARK7 MESSAGE [PING ARGUMENTS]:
# three pings
check_way()
{
	local tunnel=$1 wanted="$2 $3 $4" message=$5 out number; shift 5
	local -A packets

	# shellcheck disable=SC2016
	out=$(in_ns "$near" sh -c '
		nft reset counters table inet ways > /dev/null
		ping "$@" > /dev/null 2>&1 || echo lost
		nft reset counters table inet ways
		' sh -q -n -c 3 -i 0.01 -W "$WAIT_TIMEOUT" "$@" \
		"$(far_addr "$tunnel")")
	[[ $out != lost* ]]
	check_err $? "$message: ping"
	number='counter ([a-z0-9]+) \{[[:space:]]*packets ([0-9]+)'
	while [[ $out =~ $number ]]; do
		packets[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
		out=${out#*"${BASH_REMATCH[0]}"}
	done
	check_eq "${packets[u0]} ${packets[u1]} ${packets[mark7]}" "$wanted" \
		"$message: packets by u0, by u1 and with mark 7"
}

usual_test()
{
	check_way mt4 3 0 0 "mt4"
	check_way mt6 3 0 0 "mt6"
	log_test "the main table's route is taken"
}

fwmark_test()
{
	local tunnel=$1

	mt "$near" tunnel set "$tunnel" fwmark 7
	check_err $? "setting fwmark"
	check_way "$tunnel" 0 3 3 "fwmark 7"
	mt "$near" tunnel set "$tunnel" fwmark 8
	check_way "$tunnel" 3 0 0 "fwmark 8"
	mt "$near" tunnel set "$tunnel" fwmark none
	check_err $? "setting fwmark none"
	check_way "$tunnel" 3 0 0 "fwmark none"
	log_test "fwmark of $tunnel picks the route"
}

# The mark of an inner packet stays on the outer one, for netfilter, but routes
# are those of the tunnel: all of its packets go one way.
inner_mark_test()
{
	local tunnel=$1

	check_way "$tunnel" 3 0 3 "inner mark 7" -m 7 -I "$tunnel"
	mt "$near" tunnel set "$tunnel" fwmark 8
	check_way "$tunnel" 3 0 0 "inner mark 7, fwmark 8" -m 7 -I "$tunnel"
	mt "$near" tunnel set "$tunnel" fwmark none
	log_test "the mark of an inner packet does not route $tunnel"
}

dev_test()
{
	local tunnel=$1

	ip_batch "$near" <<-EOF
		route add 203.0.113.2 via 198.51.100.2 metric 5000
		route add 2001:db8:f::2 via 2001:db8:1::2 metric 5000
	EOF
	check_way "$tunnel" 3 0 0 "no dev"
	mt "$near" tunnel set "$tunnel" dev u1
	check_err $? "setting dev u1"
	check_way "$tunnel" 0 3 0 "dev u1"
	mt "$near" tunnel set "$tunnel" dev u0
	check_err $? "setting dev u0"
	check_way "$tunnel" 3 0 0 "dev u0"
	mt "$near" tunnel set "$tunnel" dev none
	check_err $? "setting dev none"
	check_way "$tunnel" 3 0 0 "dev none"
	ip_batch "$near" <<-EOF
		route del 203.0.113.2 via 198.51.100.2 metric 5000
		route del 2001:db8:f::2 via 2001:db8:1::2 metric 5000
	EOF
	log_test "dev of $tunnel picks the underlay device"
}

# check_drops TUNNEL REASON MESSAGE: three packets, each dropped for the reason
# and for no other
check_drops()
{
	local tunnel=$1 reason=$2 message=$3 before after

	before=$(mt "$near" -j -s tunnel show "$tunnel")
	in_ns "$near" ping -q -n -c 3 -i 0.01 -W 0.2 "$(far_addr "$tunnel")" \
		> /dev/null 2>&1
	check_fail $? "$message: ping should fail"
	after=$(mt "$near" -j -s tunnel show "$tunnel")
	check_eq "$(($(json_number "$reason" <<< "$after") -
		     $(json_number "$reason" <<< "$before")))" 3 \
		"$message: $reason"
	check_eq "$(($(drop_sum "$after") - $(drop_sum "$before")))" 3 \
		"$message: all drops"
}

# drop_sum JSON
drop_sum()
{
	local text sum=0

	text=${1//[[:space:]]}
	text=${text#*\"drops\":\{}
	text=${text%%\}*}
	while [[ $text =~ :([0-9]+) ]]; do
		sum=$((sum + BASH_REMATCH[1]))
		text=${text#*"${BASH_REMATCH[0]}"}
	done
	echo "$sum"
}

no_route_test()
{
	local tunnel=$1

	ip_batch "$near" <<-EOF
		route del 203.0.113.2
		route del 2001:db8:f::2
	EOF
	check_drops "$tunnel" tx-no-route "no route"
	underlay_routes
	ping_check "$near" "$(far_addr "$tunnel")"
	check_err $? "the route is back"
	log_test "no route: packets of $tunnel are counted"
}

unreachable_test()
{
	local type=$1

	ip_batch "$near" <<-EOF
		route replace $type 203.0.113.2
		route del 2001:db8:f::2
		route add $type 2001:db8:f::2
	EOF
	check_drops mt4 tx-no-route "mt4 $type"
	check_drops mt6 tx-no-route "mt6 $type"
	ip_batch "$near" <<-EOF
		route del $type 203.0.113.2
		route del $type 2001:db8:f::2
	EOF
	underlay_routes
	log_test "a route of the type $type is no route"
}

# At boot, tunnels may be configured before everything that they stand on.
late_underlay_test()
{
	local late

	setup_ns late
	mt "$late" -b - <<-EOF
		tunnel add mt4 local 192.0.77.1 remote 192.0.77.2
		tunnel add mt6 local 2001:db8:77::1 remote 2001:db8:77::2
	EOF
	check_err $? "adding tunnels without an underlay"
	ip_batch "$late" <<-EOF
		addr add 10.0.44.1/24 dev mt4
		addr add 10.0.66.1/24 dev mt6
		link set mt4 up
		link set mt6 up
	EOF
	ping_now "$late" 10.0.44.2
	check_fail $? "ping without an underlay"
	ping_now "$late" 10.0.66.2
	check_fail $? "ping without an underlay"
	stat_above "$late" mt4 tx-no-route 0
	check_err $? "mt4 counts no tx-no-route"
	stat_above "$late" mt6 tx-no-route 0
	check_err $? "mt6 counts no tx-no-route"

	mt "$far" -b - <<-EOF
		tunnel add late4 local 192.0.77.2 remote 192.0.77.1
		tunnel add late6 local 2001:db8:77::2 remote 2001:db8:77::1
	EOF
	ip_batch "$far" <<-EOF
		addr add 10.0.44.2/24 dev late4
		addr add 10.0.66.2/24 dev late6
		link set late4 up
		link set late6 up
		link add u2 type veth peer name u0 netns $late
		addr add 192.0.77.2/24 dev u2
		addr add 2001:db8:77::2/64 dev u2
		link set u2 up
	EOF
	ip_batch "$late" <<-EOF
		addr add 192.0.77.1/24 dev u0
		addr add 2001:db8:77::1/64 dev u0
		link set u0 up
	EOF
	ping_check "$late" 10.0.44.2
	check_err $? "IPv4 underlay came"
	ping_check "$late" 10.0.66.2
	check_err $? "IPv6 underlay came"

	# And once more: the device goes and another one comes.
	ip -n "$late" link del u0
	ping_now "$late" 10.0.44.2
	check_fail $? "ping without an underlay"
	ip_batch "$far" <<-EOF
		link add u3 type veth peer name u9 netns $late
		addr add 192.0.77.2/24 dev u3
		addr add 2001:db8:77::2/64 dev u3
		link set u3 up
	EOF
	ip_batch "$late" <<-EOF
		addr add 192.0.77.1/24 dev u9
		addr add 2001:db8:77::1/64 dev u9
		link set u9 up
	EOF
	ping_check "$late" 10.0.44.2
	check_err $? "IPv4 underlay came back"
	ping_check "$late" 10.0.66.2
	check_err $? "IPv6 underlay came back"
	ip netns del "$late"
	mt "$far" tunnel del late4
	mt "$far" tunnel del late6
	log_test "tunnels configured before their underlay work when it comes"
}

loop_test()
{
	local tunnel=$1

	ip_batch "$near" <<-EOF
		route replace 203.0.113.2 dev mt4
		route replace 2001:db8:f::2 dev mt6
	EOF
	if [ "$tunnel" = mt6 ]; then
		ip -n "$near" route del 2001:db8:f::2 via 2001:db8::2 \
			2> /dev/null
	fi
	check_drops "$tunnel" tx-loop "remote routed into $tunnel"
	ip -n "$near" route del 203.0.113.2
	ip -n "$near" -6 route flush 2001:db8:f::2
	underlay_routes
	ping_check "$near" "$(far_addr "$tunnel")"
	check_err $? "the loop is gone"
	log_test "remote of $tunnel routed into itself"
}

# mt4's packets go into mt6 and those of mt6 into mt4.
mutual_loop_test()
{
	local loops

	ip -n "$near" -6 route flush 2001:db8:f::2
	ip_batch "$near" <<-EOF
		route replace 203.0.113.2 dev mt6
		route add 2001:db8:f::2 dev mt4
	EOF
	loops=$(($(stat_get "$near" mt4 tx-loop) +
		 $(stat_get "$near" mt6 tx-loop)))
	in_ns "$near" ping -q -n -c 5 -i 0.01 -W 0.2 10.0.4.2 > /dev/null 2>&1
	check_fail $? "ping should fail"
	loops=$(($(stat_get "$near" mt4 tx-loop) +
		 $(stat_get "$near" mt6 tx-loop) - loops))
	check_eq "$loops" 5 "tx-loop of both tunnels"
	ip -n "$near" route del 203.0.113.2
	ip -n "$near" -6 route flush 2001:db8:f::2
	underlay_routes
	ping_check "$near" 10.0.4.2
	check_err $? "the loop is gone"
	log_test "two tunnels routed into each other"
}

# A tunnel inside of a tunnel is no loop.
nested_test()
{
	mt "$near" tunnel add in0 local 10.0.4.1 remote 10.0.4.2
	check_err $? "adding in0 to near"
	mt "$far" tunnel add in0 local 10.0.4.2 remote 10.0.4.1
	check_err $? "adding in0 to far"
	ip_batch "$near" <<-EOF
		addr add 10.0.9.1/24 dev in0
		link set in0 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 10.0.9.2/24 dev in0
		link set in0 up
	EOF
	check_eq "$(mt "$near" -j tunnel show in0 | json_number mtu)" 1452 "mtu"
	ping_check "$near" 10.0.9.2 -s 1424 -M "do"
	check_err $? "ping of full size"
	tcp_check "$near" "$far" 10.0.9.2 5001 300000
	check_err $? "TCP"
	check_eq "$(drops_get "$near" in0)" "" "drops"
	mt "$near" tunnel del in0
	mt "$far" tunnel del in0
	log_test "a tunnel inside of a tunnel"
}

output_drop_test()
{
	local tunnel=$1

	in_ns "$near" nft -f - <<-EOF
		table inet drops {
			chain out {
				type filter hook output priority 0;
				meta l4proto gre drop
			}
		}
	EOF
	check_err $? "adding an nft rule"
	check_drops "$tunnel" tx-underlay "OUTPUT drops GRE"
	in_ns "$near" nft delete table inet drops
	ping_check "$near" "$(far_addr "$tunnel")"
	check_err $? "the rule is gone"
	log_test "outer packet of $tunnel dropped by nft in OUTPUT"
}

input_drop_test()
{
	local tunnel before

	in_ns "$far" nft -f - <<-EOF
		table inet drops {
			chain in {
				type filter hook input priority 0;
				meta l4proto gre counter drop
			}
		}
	EOF
	check_err $? "adding an nft rule"
	for tunnel in mt4 mt6; do
		before=$(mt "$far" -j -s tunnel show "$tunnel")
		in_ns "$near" ping -q -n -c 5 -i 0.01 -W 0.2 \
			"$(far_addr "$tunnel")" > /dev/null 2>&1
		check_fail $? "ping through $tunnel should fail"
		check_eq "$(mt "$far" -j -s tunnel show "$tunnel")" "$before" \
			"counters of $tunnel"
	done
	in_ns "$far" nft list table inet drops | grep -q "packets 10 "
	check_err $? "INPUT did not see the ten outer packets"
	in_ns "$far" nft delete table inet drops
	ping_check "$near" 10.0.4.2
	check_err $? "the rule is gone"
	log_test "outer packets dropped by nft in INPUT are not received"
}

setup_prepare
run_tests "$@"
