#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The MTU of a tunnel, and packets that are too big.
#
#  +- src ---------+    +- near ---------------+
#  |  s0           |    |  s0  10.9.0.1/24     |
#  |  10.9.0.2/24 -+----+-     2001:db8:9::1   |
#  |  2001:db8:9::2|    |  mt0                 |
#  +---------------+    |   :                  |
#                       |  u0  192.0.2.1/24    |    +- mid --------------+
#                       |      2001:db8::1/64 -+----+- u0 192.0.2.254    |
#                       +----------------------+    |     2001:db8::fe   |
#                                                   |                    |
#                       +- far ----------------+    |                    |
#                       |  u0  198.51.100.2/24-+----+- u1 198.51.100.254 |
#                       |      2001:db8:1::2   |    |     2001:db8:1::fe |
#                       |  mt0                 |    +--------------------+
#                       |  lo  10.8.0.1/32     |
#                       |      2001:db8:8::1   |
#                       +----------------------+
#
# src sends to far's loopback through the tunnel; mid only routes.

ALL_TESTS="auto_test:4:none:1476 auto_test:4:key:1472 auto_test:6:none:1456
	   auto_test:6:key:1452 auto_test:4:ikey:1476 auto_jumbo_test
	   auto_route_test no_route_test follow_test fixed_test ip_link_test
	   bounds_test full_size_test:4 full_size_test:6 too_big_test:4
	   too_big_test:6 fragment_test pmtu_test:4 pmtu_test:6"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping
need_module veth

# With these loaded, the kernel may learn of path MTUs through them. It must not
# need them; where they are built in, there is no trying.
modprobe -q -r ip_gre
modprobe -q -r ip6_gre

setup_prepare()
{
	setup_ns src near mid far
	ip_batch "$src" <<-EOF
		link add s0 type veth peer name s0 netns $near
		addr add 10.9.0.2/24 dev s0
		addr add 2001:db8:9::2/64 dev s0
		link set s0 up
		route add default via 10.9.0.1
		route add default via 2001:db8:9::1
	EOF
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $mid
		addr add 10.9.0.1/24 dev s0
		addr add 2001:db8:9::1/64 dev s0
		link set s0 up
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
		route add 198.51.100.0/24 via 192.0.2.254
		route add 2001:db8:1::/64 via 2001:db8::fe
	EOF
	ip_batch "$mid" <<-EOF
		link add u1 type veth peer name u0 netns $far
		addr add 192.0.2.254/24 dev u0
		addr add 2001:db8::fe/64 dev u0
		addr add 198.51.100.254/24 dev u1
		addr add 2001:db8:1::fe/64 dev u1
		link set u0 up
		link set u1 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 198.51.100.2/24 dev u0
		addr add 2001:db8:1::2/64 dev u0
		addr add 10.8.0.1/32 dev lo
		addr add 2001:db8:8::1/128 dev lo
		link set u0 up
		route add 192.0.2.0/24 via 198.51.100.254
		route add 2001:db8::/64 via 2001:db8:1::fe
	EOF
	in_ns "$near" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
		echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
	in_ns "$mid" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
		echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
}

ADDRS4="local 192.0.2.1 remote 198.51.100.2"
ADDRS6="local 2001:db8::1 remote 2001:db8:1::2"

# add FAMILY [ARGUMENTS...]: mt0 in near
add()
{
	local v=$1; shift

	# shellcheck disable=SC2086,SC2048
	if [ "$v" = 4 ]; then
		mt "$near" tunnel add mt0 $ADDRS4 $*
	else
		mt "$near" tunnel add mt0 $ADDRS6 $*
	fi
	check_err $? "adding mt0 $*"
}

del()
{
	mt "$near" tunnel del mt0
	check_err $? "deleting mt0"
}

# What mtctl says and what the device has are the same.
check_mtu()
{
	local want=$1 auto=$2 message=$3 json

	json=$(mt "$near" -j tunnel show mt0)
	check_eq "$(json_number mtu <<< "$json")" "$want" "$message"
	check_eq "$(in_ns "$near" cat /sys/class/net/mt0/mtu)" "$want" \
		"$message, of the device"
	[[ $json =~ \"mtu_auto\":\ *$auto ]]
	check_err $? "$message: mtu_auto is not $auto"
}

auto_test()
{
	local v=$1 key=$2 want=$3 args=

	case $key in
	key) args="key 5" ;;
	# It is the sent packets that must fit.
	ikey) args="ikey 5" ;;
	esac
	add "$v" "$args"
	check_mtu "$want" true "mtu"
	del
	log_test "IPv$v underlay of 1500, key $key: $want"
}

underlay_mtu()
{
	ip -n "$mid" link set u0 mtu "$1"
	ip -n "$near" link set u0 mtu "$1"
}

auto_jumbo_test()
{
	underlay_mtu 9000
	add 4
	check_mtu 8976 true "IPv4"
	del
	add 6 key 1
	check_mtu 8952 true "IPv6 with key"
	del
	underlay_mtu 1500
	log_test "underlay of 9000"
}

auto_route_test()
{
	ip -n "$near" route change 198.51.100.0/24 via 192.0.2.254 mtu 1400
	add 4
	check_mtu 1376 true "mtu"
	del
	ip -n "$near" route change 198.51.100.0/24 via 192.0.2.254
	log_test "the MTU of the underlay's route counts"
}

no_route_test()
{
	mt "$near" tunnel add mt0 local 192.0.2.1 remote 203.0.113.99
	check_err $? "adding mt0"
	check_mtu 1476 true "IPv4"
	del
	mt "$near" tunnel add mt0 local 2001:db8::1 remote 2001:db8:99::1
	check_err $? "adding mt0"
	check_mtu 1456 true "IPv6"
	del
	log_test "without a route the underlay counts as 1500"
}

follow_test()
{
	add 4
	mt "$near" tunnel set mt0 ikey 5 okey 6
	check_mtu 1472 true "key added"
	mt "$near" tunnel set mt0 key none
	check_mtu 1476 true "key removed"
	# shellcheck disable=SC2086
	mt "$near" tunnel set mt0 $ADDRS6
	check_mtu 1456 true "IPv6 addresses"
	# shellcheck disable=SC2086
	mt "$near" tunnel set mt0 $ADDRS4
	check_mtu 1476 true "IPv4 addresses again"
	underlay_mtu 9000
	mt "$near" tunnel set mt0 ttl 64
	check_mtu 8976 true "larger underlay"
	underlay_mtu 1500
	mt "$near" tunnel set mt0 ttl 64
	check_mtu 1476 true "usual underlay"
	del
	log_test "an automatic MTU follows whenever the tunnel is set"
}

fixed_test()
{
	add 4 mtu 1300
	check_mtu 1300 false "add mtu 1300"
	mt "$near" tunnel set mt0 key 5
	check_mtu 1300 false "key added"
	mt "$near" tunnel set mt0 mtu 1400
	check_mtu 1400 false "set mtu 1400"
	mt "$near" tunnel set mt0 mtu auto
	check_mtu 1472 true "set mtu auto"
	del
	log_test "a set MTU stays, and can be made automatic again"
}

ip_link_test()
{
	add 4
	ip -n "$near" link set mt0 mtu 1300
	check_err $? "ip link set mtu"
	check_mtu 1300 false "ip link set mtu 1300"
	mt "$near" tunnel set mt0 ttl 9
	check_mtu 1300 false "afterwards set"
	mt "$near" tunnel set mt0 mtu auto
	check_mtu 1476 true "set mtu auto"
	del
	log_test "an MTU set by ip link"
}

bounds_test()
{
	local out n

	for n in 1 67 65512 4294967295; do
		# shellcheck disable=SC2086
		out=$(mt "$near" tunnel add mt0 $ADDRS4 mtu $n 2>&1)
		check_eq $? 1 "add mtu $n"
		check_match "$out" "mtu must be 68 to 655" "add mtu $n"
		ip -n "$near" link show mt0 > /dev/null 2>&1
		check_fail $? "add mtu $n created mt0"
	done
	add 4 mtu 65511
	check_mtu 65511 false "add mtu 65511"
	for n in 67 65512; do
		out=$(mt "$near" tunnel set mt0 mtu $n ttl 9 2>&1)
		check_eq $? 1 "set mtu $n"
		check_match "$out" "mtu must be 68 to 655" "set mtu $n"
		check_mtu 65511 false "refused set"
		check_eq "$(mt "$near" -j tunnel show mt0 | json_number ttl)" \
			64 "ttl after a refused set"
		ip -n "$near" link set mt0 mtu $n 2> /dev/null
		check_fail $? "ip link set mtu $n"
		check_mtu 65511 false "refused ip link set"
	done
	mt "$near" tunnel set mt0 mtu 68
	check_mtu 68 false "set mtu 68"
	del
	log_test "bounds of the MTU"
}

# Both ends, addresses and routes of the inner network
world_up()
{
	local v=$1

	add "$v"
	# shellcheck disable=SC2046
	mt "$far" tunnel add mt0 $([ "$v" = 4 ] &&
		echo local 198.51.100.2 remote 192.0.2.1 ||
		echo local 2001:db8:1::2 remote 2001:db8::1)
	check_err $? "adding mt0 to far"
	ip_batch "$near" <<-EOF
		link set mt0 up
		route add 10.8.0.1 dev mt0
		route add 2001:db8:8::1 dev mt0
	EOF
	ip_batch "$far" <<-EOF
		link set mt0 up
		route add 10.9.0.0/24 dev mt0
		route add 2001:db8:9::/64 dev mt0
	EOF
	ping_check "$src" 10.8.0.1
	check_err $? "small IPv4 ping from src"
	ping_check "$src" 2001:db8:8::1
	check_err $? "small IPv6 ping from src"
}

world_down()
{
	del
	mt "$far" tunnel del mt0
	# What was learned of paths
	ip -n "$src" route flush cache
	ip -n "$src" -6 route flush cache
	ip -n "$near" route flush cache
	ip -n "$near" -6 route flush cache
}

# ping_size ADDRESS INNER_SIZE [ARGUMENTS]: one packet of so many bytes with DF
ping_size()
{
	local addr=$1 size=$2 head=28; shift 2

	[[ $addr == *:* ]] && head=48
	in_ns "$src" ping -n -c 1 -W 2 -M "do" -s $((size - head)) "$@" "$addr" 2>&1
}

full_size_test()
{
	local v=$1 mtu

	world_up "$v"
	mtu=$(mt "$near" -j tunnel show mt0 | json_number mtu)
	ping_size 10.8.0.1 "$mtu" > /dev/null
	check_err $? "IPv4 ping of $mtu bytes"
	ping_size 2001:db8:8::1 "$mtu" > /dev/null
	check_err $? "IPv6 ping of $mtu bytes"
	check_eq "$(drops_get "$near" mt0)$(drops_get "$far" mt0)" "" "drops"
	world_down
	log_test "packets of $mtu bytes pass over IPv$v"
}

# The device would take the packet, but the underlay's route would not.
too_big_test()
{
	local v=$1 path out before

	path=$((1400 - (v == 4 ? 24 : 44)))

	world_up "$v"
	mt "$near" tunnel set mt0 mtu 1476
	ip_batch "$near" <<-EOF
		route change 198.51.100.0/24 via 192.0.2.254 mtu 1400
		route del 2001:db8:1::/64 via 2001:db8::fe
		route add 2001:db8:1::/64 via 2001:db8::fe mtu 1400
	EOF
	before=$(stat_get "$near" mt0 tx-too-big)
	out=$(ping_size 10.8.0.1 $((path + 1)))
	check_fail $? "IPv4 ping of $((path + 1)) bytes"
	check_match "$out" "mtu ?= ?$path" "IPv4: what src was told"
	out=$(ping_size 2001:db8:8::1 $((path + 1)))
	check_fail $? "IPv6 ping of $((path + 1)) bytes"
	check_match "$out" "mtu ?[=:] ?$path" "IPv6: what src was told"
	check_eq "$(($(stat_get "$near" mt0 tx-too-big) - before))" 2 \
		"tx-too-big"
	check_match "$(ip -n "$src" route get 10.8.0.1)" "mtu $path" \
		"IPv4: what src remembers"
	check_match "$(ip -n "$src" route get 2001:db8:8::1)" "mtu $path" \
		"IPv6: what src remembers"
	ping_size 10.8.0.1 "$path" > /dev/null
	check_err $? "IPv4 ping of $path bytes"
	ping_size 2001:db8:8::1 "$path" > /dev/null
	check_err $? "IPv6 ping of $path bytes"
	ip_batch "$near" <<-EOF
		route change 198.51.100.0/24 via 192.0.2.254
		route del 2001:db8:1::/64 via 2001:db8::fe
		route add 2001:db8:1::/64 via 2001:db8::fe
	EOF
	world_down
	log_test "too big for an IPv$v path of 1400: src is told $path"
}

# Without DF the stack fragments the inner packet to the MTU of the tunnel.
fragment_test()
{
	world_up 4
	in_ns "$src" ping -q -n -c 1 -W "$WAIT_TIMEOUT" -M dont -s 4000 10.8.0.1 > /dev/null
	check_err $? "IPv4 ping of 4000 bytes"
	in_ns "$src" ping -q -n -c 1 -W "$WAIT_TIMEOUT" -M dont -s 1452 10.8.0.1 > /dev/null
	check_err $? "IPv4 ping a little over the MTU"
	check_eq "$(drops_get "$near" mt0)$(drops_get "$far" mt0)" "" "drops"
	world_down
	log_test "inner packets without DF are fragmented"
}

# A router in the middle of the underlay says what fits.
pmtu_test()
{
	local v=$1 path

	path=$((1400 - (v == 4 ? 24 : 44)))

	world_up "$v"
	ip -n "$mid" link set u1 mtu 1400
	ip -n "$far" link set u0 mtu 1400
	# The first is lost in the middle, and later ones are refused by near.
	slowwait_for told_size 10.8.0.1 "$path"
	check_err $? "IPv4: src was not told $path"
	slowwait_for told_size 2001:db8:8::1 "$path"
	check_err $? "IPv6: src was not told $path"
	ping_size 10.8.0.1 "$path" > /dev/null
	check_err $? "IPv4 ping of $path bytes"
	ping_size 2001:db8:8::1 "$path" > /dev/null
	check_err $? "IPv6 ping of $path bytes"
	stat_above "$near" mt0 tx-too-big 0
	check_err $? "no tx-too-big"
	ip -n "$mid" link set u1 mtu 1500
	ip -n "$far" link set u0 mtu 1500
	world_down
	log_test "a router of the IPv$v underlay lowers the path MTU"
}

told_size()
{
	ping_size "$1" 1450 > /dev/null
	ip -n "$src" route get "$1" | grep -q "mtu $2"
}

setup_prepare
run_tests "$@"
