#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a tunnel stands on goes and comes back, or comes late: the tunnel works
# again by itself, whatever was configured first.
#
#  +- near -------------------------+       +- far -------------------------+
#  |  t4  10.0.4.1/24  dev eth9     |       |  t4  10.0.4.2/24              |
#  |  t6  10.0.6.1/24  dev eth9     |       |  t6  10.0.6.2/24              |
#  |   :                            |       |   :                           |
#  |  eth9  192.0.2.1/24      ------+-------+-- u0  192.0.2.2/24            |
#  |        2001:db8::1/64          |       |       2001:db8::2/64          |
#  |                                |       |                               |
#  |  t5  10.0.5.1/24               |       |  t5  10.0.5.2/24              |
#  |  t7  10.0.7.1/24               |       |  t7  10.0.7.2/24              |
#  |   :                            |       |   :                           |
#  |  lo  203.0.113.1/32            |       |  lo  203.0.113.2/32           |
#  |      2001:db8:f::1/128         |       |      2001:db8:f::2/128        |
#  |                                |       |                               |
#  |  u1  198.51.100.1/24     ------+-------+-- u1  198.51.100.2/24         |
#  |      2001:db8:1::1/64          |       |       2001:db8:1::2/64        |
#  +--------------------------------+       +-------------------------------+
#
# t4 and t6 run between the addresses of the link and are bound to it, t5 and t7
# between the loopback addresses, by routes through it. By u1 far can be
# reached, too, but no tunnel is to go there.

ALL_TESTS="works_test wait_test down_test remove_test rename_test
	   rename_onto_test netns_test wait_set_test wait_moved_test
	   address_test local_test route_test:none route_test:unreachable
	   route_test:blackhole route_test:prohibit neighbour_test
	   no_neighbour_test
	   boot_test:link,addr,route,far,add,up
	   boot_test:add,up,link,addr,route,far
	   boot_test:add,link,up,addr,route,far
	   boot_test:far,add,up,link,route,addr
	   boot_test:add,up,far,addr,link,route
	   boot_test:addr,link,add,route,up,far
	   boot_test:link,add,route,up,far,addr
	   boot_test:link,route,add,up,addr,far
	   boot_test:add,addr,link,up,far,route"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping
need_module veth

TUNNELS="t4 t5 t6 t7"
declare -A BEFORE AFTER

setup_prepare()
{
	setup_ns near far other
	# It is the tunnel that is to follow the device, and not its addresses.
	in_ns "$near" sh -c '
		echo 1 > /proc/sys/net/ipv6/conf/default/keep_addr_on_down'
	ip_batch "$near" <<-EOF
		link add u1 type veth peer name u1 netns $far
		addr add 198.51.100.1/24 dev u1
		addr add 2001:db8:1::1/64 dev u1
		link set u1 up
		route add default via 198.51.100.2
		route add default via 2001:db8:1::2
	EOF
	ip_batch "$far" <<-EOF
		addr add 203.0.113.2/32 dev lo
		addr add 2001:db8:f::2/128 dev lo
		addr add 198.51.100.2/24 dev u1
		addr add 2001:db8:1::2/64 dev u1
		link set u1 up
	EOF
	# What is not to work by u1 gets no further than this.
	ip_batch "$near" <<-EOF
		route add unreachable 203.0.113.0/24
		route add unreachable 192.0.2.0/24 metric 9999
		route add unreachable 2001:db8:f::/64
		route add unreachable 2001:db8::/64 metric 9999
	EOF
	local_addresses
	link_up
	tunnels_near
	tunnels_near_up
	tunnels_far
}

# The underlay of near, by the device of that name
network()
{
	local dev=$1

	ip_batch "$near" <<-EOF
		addr replace 192.0.2.1/24 dev $dev
		addr replace 2001:db8::1/64 dev $dev
		link set $dev up
		$2
	EOF
}

routes()
{
	ip_batch "$near" <<-EOF
		route replace 203.0.113.2 via 192.0.2.2
		route replace 2001:db8:f::2 via 2001:db8::2
	EOF
}

# link_new [NAME]: a cable from near to far
link_new()
{
	local dev=${1:-eth9}

	ip -n "$near" link add "$dev" type veth peer name u0 netns "$far"
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		link set u0 up
		route add 203.0.113.1 via 192.0.2.1
		route add 2001:db8:f::1 via 2001:db8::1
	EOF
}

network_up()
{
	network "$1"
	routes
}

link_up()
{
	link_new eth9
	network_up eth9
}

link_gone()
{
	ip -n "$near" link del "${1:-eth9}"
}

local_addresses()
{
	ip_batch "$near" <<-EOF
		addr replace 203.0.113.1/32 dev lo
		addr replace 2001:db8:f::1/128 dev lo
	EOF
}

tunnels_near()
{
	mt "$near" -b - <<-EOF
		tunnel add t4 local 192.0.2.1 remote 192.0.2.2 dev eth9
		tunnel add t5 local 203.0.113.1 remote 203.0.113.2
		tunnel add t6 local 2001:db8::1 remote 2001:db8::2 dev eth9
		tunnel add t7 local 2001:db8:f::1 remote 2001:db8:f::2
	EOF
}

tunnels_near_up()
{
	local t

	for t in $TUNNELS; do
		echo "addr add 10.0.${t#t}.1/24 dev $t"
		echo "link set $t up"
	done | ip_batch "$near"
}

tunnels_far()
{
	local t

	mt "$far" -b - <<-EOF
		tunnel add t4 local 192.0.2.2 remote 192.0.2.1
		tunnel add t5 local 203.0.113.2 remote 203.0.113.1
		tunnel add t6 local 2001:db8::2 remote 2001:db8::1
		tunnel add t7 local 2001:db8:f::2 remote 2001:db8:f::1
	EOF
	for t in $TUNNELS; do
		echo "addr add 10.0.${t#t}.2/24 dev $t"
		echo "link set $t up"
	done | ip_batch "$far"
}

tunnels_gone()
{
	for t in $TUNNELS; do
		echo "tunnel del $t"
	done | mt "$1" -b -
}

# inner TUNNEL...: the addresses of their far ends
inner()
{
	local t

	for t; do
		echo "10.0.${t#t}.2"
	done
}

# works MESSAGE [TUNNEL...]: all of them unless some are named
works()
{
	local message=$1; shift
	local lost

	# shellcheck disable=SC2046,SC2086
	lost=$(ping_all "$near" $(inner ${*:-$TUNNELS}))
	check_eq "$lost" "" "$message: no answer from"
}

# three_pings TUNNEL...: at the same time; prints the tunnels with any answer
three_pings()
{
	# shellcheck disable=SC2016
	in_ns "$near" sh -c 'for t; do
			ping -q -n -c 3 -i 0.01 -W 0.2 10.0.${t#t}.2 \
				> /dev/null 2>&1 && echo $t &
		done
		wait' sh "$@"
}

# no_route MESSAGE [TUNNEL...]: each packet is counted under tx-no-route, once
# and under nothing else
no_route()
{
	local message=$1 t; shift

	# shellcheck disable=SC2086
	set -- ${*:-$TUNNELS}
	snapshot BEFORE "$near"
	check_eq "$(three_pings "$@")" "" "$message: answers by"
	snapshot AFTER "$near"
	for t; do
		check_grown BEFORE AFTER "$message" "$t" tx-no-route 3 \
			"$t" drops 3 "$t" tx_packets 0
	done
}

# silent MESSAGE [TUNNEL...]: no answers, but no fault of the tunnel's either
silent()
{
	local message=$1 t; shift

	# shellcheck disable=SC2086
	set -- ${*:-$TUNNELS}
	snapshot BEFORE "$near"
	check_eq "$(three_pings "$@")" "" "$message: answers by"
	snapshot AFTER "$near"
	for t; do
		check_grown BEFORE AFTER "$message" "$t" drops 0 \
			"$t" tx_packets 3
	done
}

# check_dev NAME there|waiting MESSAGE [TUNNEL...]: what t4 and t6 are bound to
check_dev()
{
	local name=$1 state=$2 message=$3 json t; shift 3
	local -A one

	json=$(mt "$near" -j tunnel show)
	json=${json//[[:space:]]}
	while [[ $json =~ \"ifname\":\"([^\"]*)\"(.*) ]]; do
		t=${BASH_REMATCH[1]}
		json=${BASH_REMATCH[2]}
		one[$t]=${json%%\"ifname\"*}
	done
	for t in ${*:-t4 t6}; do
		check_match "${one[$t]}" "\"dev\":\"$name\"" "$message: $t"
		if [ "$state" = waiting ]; then
			check_match "${one[$t]}" "\"dev_ifindex\":0," \
				"$message: $t"
		else
			check_match "${one[$t]}" "\"dev_ifindex\":[1-9]" \
				"$message: $t"
		fi
	done
}

# check_shown TUNNEL NAME there|waiting: in words, and by number
check_shown()
{
	local tunnel=$1 name=$2 state=$3 text

	text=$(mt "$near" tunnel show "$tunnel")
	if [ "$state" = waiting ]; then
		check_match "$text" "dev $name \(waiting\)" "text"
	else
		check_match "$text" "dev $name( |$)" "text"
		[[ $text != *"(waiting)"* ]]
		check_err $? "shown as waiting: $text"
		check_eq "$(mt "$near" -j tunnel show "$tunnel" |
			    json_number dev_ifindex)" \
			"$(in_ns "$near" cat "/sys/class/net/$name/ifindex")" \
			"dev_ifindex"
	fi
}

works_test()
{
	works "at first"
	check_shown t4 eth9 there
	log_test "the tunnels work"
}

wait_test()
{
	tunnels_gone "$near"
	link_gone
	mt "$near" -b - <<-EOF
		tunnel add t4 local 192.0.2.1 remote 192.0.2.2 dev eth9
		tunnel add t6 local 2001:db8::1 remote 2001:db8::2 dev eth9
		tunnel add t8 local 192.0.2.1 remote 192.0.2.2 dev eth9 key 8
		tunnel add t5 local 203.0.113.1 remote 203.0.113.2
		tunnel add t7 local 2001:db8:f::1 remote 2001:db8:f::2
	EOF
	check_err $? "adding tunnels whose device is not there"
	tunnels_near_up
	check_dev eth9 waiting "no eth9" t4 t6 t8
	check_shown t6 eth9 waiting
	no_route "no eth9"
	# Of two that wait for the same device one may go.
	mt "$near" tunnel del t8
	check_err $? "deleting a tunnel that waits"

	link_new
	check_dev eth9 there "eth9 is there"
	check_shown t6 eth9 there
	no_route "eth9 is down"
	network_up eth9
	works "eth9 is up"
	log_test "three tunnels wait for the same device"
}

down_test()
{
	local i

	for i in 1 2; do
		ip -n "$near" link set eth9 down
		check_dev eth9 there "eth9 is down"
		no_route "down, $i"
		network_up eth9
		works "up, $i"
	done
	log_test "underlay device down and up"
}

remove_test()
{
	local i

	for i in 1 2; do
		link_gone
		check_dev eth9 waiting "removed, $i"
		no_route "removed, $i"
		link_up
		check_dev eth9 there "created again, $i"
		works "created again, $i"
	done
	log_test "underlay device removed and created again"
}

rename_test()
{
	ip_batch "$near" <<-EOF
		link set eth9 down
		link set eth9 name eth8
	EOF
	check_err $? "renaming"
	check_dev eth8 there "renamed"
	network_up eth8
	works "renamed"

	# What has the old name now is none of its business, and when the
	# device goes, the tunnel waits for the name that it had at last.
	ip_batch "$near" <<-EOF
		link add eth9 type veth peer name eth7
		link set eth9 up
	EOF
	check_dev eth8 there "another has the old name"
	works "another has the old name"
	link_gone eth8
	check_dev eth8 waiting "removed"
	no_route "removed"
	link_gone eth9
	link_new eth8
	network_up eth8
	check_dev eth8 there "created again"
	works "created again"

	ip_batch "$near" <<-EOF
		link set eth8 down
		link set eth8 name eth9
	EOF
	network_up eth9
	check_dev eth9 there "renamed back"
	works "renamed back"
	log_test "underlay device renamed"
}

# The device does not come with the name, it gets it.
rename_onto_test()
{
	link_gone
	link_new eth5
	network_up eth5
	no_route "eth5" t4 t6
	works "eth5" t5 t7
	ip_batch "$near" <<-EOF
		link set eth5 down
		link set eth5 name eth9
	EOF
	check_dev eth9 there "the name comes"
	network_up eth9
	works "eth5 is eth9"
	log_test "a device gets the name that is waited for"
}

netns_test()
{
	ip -n "$near" link set eth9 netns "$other"
	check_err $? "moving eth9"
	check_dev eth9 waiting "moved away"
	# Up and renamed elsewhere: no longer ours.
	ip_batch "$other" <<-EOF
		link set eth9 name eth4
		addr add 192.0.2.1/24 dev eth4
		link set eth4 up
	EOF
	check_dev eth9 waiting "renamed elsewhere"
	no_route "moved away"
	ip_batch "$other" <<-EOF
		link set eth4 down
		link set eth4 name eth9
		link set eth9 netns $near
	EOF
	check_err $? "moving eth9 back"
	check_dev eth9 there "moved back"
	network_up eth9
	works "moved back"

	# Under another name it is another device.
	ip -n "$near" link set eth9 netns "$other"
	ip_batch "$other" <<-EOF
		link set eth9 name eth4
		link set eth4 netns $near
	EOF
	check_dev eth9 waiting "back under another name"
	network_up eth4
	no_route "back under another name" t4 t6
	works "back under another name" t5 t7
	ip_batch "$near" <<-EOF
		link set eth4 down
		link set eth4 name eth9
	EOF
	network_up eth9
	works "back under its name"
	log_test "underlay device moved to another namespace and back"
}

# What a waiting tunnel is set to counts.
wait_set_test()
{
	mt "$near" -b - <<-EOF
		tunnel set t4 dev eth3
		tunnel set t6 dev eth3
	EOF
	check_err $? "setting a device that is not there"
	check_dev eth3 waiting "set to wait"
	no_route "set to wait" t4 t6
	mt "$near" tunnel set t4 dev none
	check_err $? "dev none"
	mt "$near" tunnel set t6 ttl 60
	check_dev eth3 waiting "another ttl" t6
	works "dev none" t4
	no_route "still waiting" t6
	ip -n "$near" link add eth3 type veth peer name eth2
	check_dev eth3 there "eth3 is there" t6
	[[ $(mt "$near" tunnel show t4) != *"dev "* ]]
	check_err $? "t4 is bound again"
	works "dev none, eth3 is there" t4
	mt "$near" -b - <<-EOF
		tunnel set t4 dev eth9
		tunnel set t6 dev eth9 ttl 64
	EOF
	check_err $? "setting the device back"
	ip -n "$near" link del eth3
	check_dev eth9 there "eth3 is gone"
	works "as before"
	log_test "a tunnel that waits is set"
}

# The device is looked for where the underlay is, not where the tunnel is.
wait_moved_test()
{
	link_gone
	ip -n "$near" link set t4 netns "$other"
	ip_batch "$other" <<-EOF
		addr add 10.0.4.1/24 dev t4
		link set t4 up
		link add eth9 type veth peer name eth2
		link set eth9 up
	EOF
	ping_now "$other" 10.0.4.2
	check_fail $? "ping without an underlay"
	check_eq "$(mt "$other" -j tunnel show t4 | json_number dev_ifindex)" 0 \
		"dev_ifindex, with an eth9 where the tunnel is"
	ip -n "$other" link del eth9
	link_up
	check_eq "$(ping_all "$other" 10.0.4.2)" "" "no answer from"
	ip -n "$other" link set t4 netns "$near"
	ip_batch "$near" <<-EOF
		addr add 10.0.4.1/24 dev t4
		link set t4 up
	EOF
	works "t4 moved back"
	log_test "a tunnel in another namespace waits for a device of its underlay"
}

# The route goes with the address of the link.
address_test()
{
	local i

	mt "$near" -b - <<-EOF
		tunnel set t4 dev none
		tunnel set t6 dev none
	EOF
	works "no dev"
	for i in 1 2; do
		ip_batch "$near" <<-EOF
			addr del 192.0.2.1/24 dev eth9
			addr del 2001:db8::1/64 dev eth9
		EOF
		no_route "no address, $i" t4 t6
		network_up eth9
		works "the address is back, $i"
	done
	mt "$near" -b - <<-EOF
		tunnel set t4 dev eth9
		tunnel set t6 dev eth9
	EOF
	log_test "address of the underlay removed and added"
}

# An address that is nowhere can still be sent from, but nothing comes back.
local_test()
{
	ip_batch "$near" <<-EOF
		addr del 203.0.113.1/32 dev lo
		addr del 2001:db8:f::1/128 dev lo
	EOF
	silent "no local address" t5 t7
	local_addresses
	works "the local address is back"
	log_test "local address of the tunnel removed and added"
}

route_test()
{
	local type=$1

	# IPv6 would have both at the same time.
	ip_batch "$near" <<-EOF
		route del 203.0.113.2
		route del 2001:db8:f::2
	EOF
	[ "$type" = none ] || ip_batch "$near" <<-EOF
		route add $type 203.0.113.2
		route add $type 2001:db8:f::2
	EOF
	no_route "$type" t5 t7
	works "the others" t4 t6
	[ "$type" = none ] || ip_batch "$near" <<-EOF
		route del $type 203.0.113.2
		route del $type 2001:db8:f::2
	EOF
	routes
	works "the route is back"
	log_test "route gone ($type) and back"
}

# Somebody else has the address for a while.
neighbour_test()
{
	ip_batch "$near" <<-EOF
		neigh replace 192.0.2.2 lladdr 02:00:5e:10:00:09 dev eth9 nud permanent
		neigh replace 2001:db8::2 lladdr 02:00:5e:10:00:09 dev eth9 nud permanent
	EOF
	silent "wrong neighbour"
	ip_batch "$near" <<-EOF
		neigh del 192.0.2.2 dev eth9
		neigh del 2001:db8::2 dev eth9
	EOF
	works "right neighbour"
	log_test "the neighbour has another hardware address for a while"
}

# Nobody says who has the address, until the resolution has failed.
no_neighbour_test()
{
	ip_batch "$far" <<-EOF
		link set u0 arp off
	EOF
	# Three by default, a second each: not before all have sent their packets
	in_ns "$near" sysctl -qw "net.ipv4.neigh.eth9.mcast_solicit=$((3 * ${MTUN_SLOW:-1}))" \
		"net.ipv6.neigh.eth9.mcast_solicit=$((3 * ${MTUN_SLOW:-1}))"
	ip -n "$near" neigh flush dev eth9
	silent "no neighbour"
	slowwait_for neighbours_failed
	check_err $? "neighbours have not failed"
	ip_batch "$far" <<-EOF
		link set u0 arp on
	EOF
	works "the neighbour is back"
	log_test "the neighbour gone and back"
}

neighbours_failed()
{
	local out

	# Another packet would begin anew.
	out=$(ip -n "$near" neigh show dev eth9)
	[[ $out == *"192.0.2.2 "*FAILED* && $out == *"2001:db8::2 "*FAILED* ]]
}

boot_test()
{
	local order=$1 step pid

	tunnels_gone "$near"
	tunnels_gone "$far"
	link_gone
	ip_batch "$near" <<-EOF
		addr del 203.0.113.1/32 dev lo
		addr del 2001:db8:f::1/128 dev lo
	EOF

	# Whatever can be remembered of a state on the way shall be.
	# shellcheck disable=SC2046,SC2086
	in_bg "$near" "$TMP/beat" "$TRAFFIC" udp-beat 9 20 $(inner $TUNNELS)
	pid=$BG_PID
	for step in ${order//,/ }; do
		case $step in
		link) link_new && network eth9 ;;
		addr) local_addresses ;;
		route) routes ;;
		far) tunnels_far ;;
		add) tunnels_near ;;
		up) tunnels_near_up ;;
		esac
		check_err $? "$step"
	done
	works "at last"
	stop_bg "$pid"
	check_dev eth9 there "at last"
	log_test "configured in the order $order"
}

setup_prepare
run_tests "$@"
