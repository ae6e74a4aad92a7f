#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The underlay in one VRF and the tunnels in others, where two sites have the same
# addresses.
#
#  +- sitea ---------+    +- near -------------------+
#  |  s0 10.9.4.2/24 |    |  vrf red:                |
#  |     10.9.6.2/24-+----+-   a0 10.9.4.1 10.9.6.1  |
#  +-----------------+    |    r4 r6                 |
#  +- siteb ---------+    |  vrf blue:               |
#  |  s0 10.9.4.2/24 |    |    b0 10.9.4.1 10.9.6.1  |
#  |     10.9.6.2/24-+----+-   b4 b6                 |
#  +-----------------+    |  vrf under:              |    +- mid -------------+
#                         |    u0 192.0.2.1/24       |    |  u0 192.0.2.254   |
#                         |       2001:db8::1/64    -+----+-    2001:db8::fe  |
#                         +--------------------------+    |                   |
#                         +- far --------------------+    |                   |
#                         |    u0 198.51.100.2/24    |    |  u1 198.51.100.254|
#                         |       2001:db8:1::2/64  -+----+-    2001:db8:1::fe|
#                         |  vrf red:                |    +-------------------+
#                         |    10.8.4.1 10.8.6.1     |
#                         |    r4 r6                 |
#                         |  vrf blue:               |
#                         |    10.8.4.1 10.8.6.1     |
#                         |    b4 b6                 |
#                         +--------------------------+
#
# 10.8.4.1 is reached by r4 (b4), which is a tunnel over IPv4, and 10.8.6.1 by r6
# (b6), over IPv6; so are 2001:db8:8:4::1 and 2001:db8:8:6::1 from 2001:db8:9:4::2
# and 2001:db8:9:6::2.

ALL_TESTS="none_test bind_test:vrf bind_test:slave bind_test:fwmark
	   apart_test local_test pmtu_test:vrf:4 pmtu_test:vrf:6
	   pmtu_test:slave:4 pmtu_test:slave:6 pmtu_test:fwmark:4
	   pmtu_test:fwmark:6 recover_test:vrf recover_test:slave
	   enslave_test required_test:noqueue required_test:pfifo"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"

need_mtun
need_command ping tc
need_module veth vrf esp4 esp6

# The kernel may learn of path MTUs through them. It must not need them.
modprobe -q -r ip_gre
modprobe -q -r ip6_gre

TUNNELS="r4 r6 b4 b6"
ADDRS="10.8.4.1 10.8.6.1 2001:db8:8:4::1 2001:db8:8:6::1"

setup_prepare()
{
	local site dev vrf

	setup_ns sitea siteb near mid far
	ip_batch "$near" <<-EOF
		link add red type vrf table 101
		link add blue type vrf table 102
		link add a0 type veth peer name s0 netns $sitea
		link add b0 type veth peer name s0 netns $siteb
		link add u0 type veth peer name u0 netns $mid
		link set a0 vrf red
		link set b0 vrf blue
		link set red up
		link set blue up
	EOF
	for dev in a0 b0; do
		cat <<-EOF
			addr add 10.9.4.1/24 dev $dev
			addr add 10.9.6.1/24 dev $dev
			addr add 2001:db8:9:4::1/64 dev $dev
			addr add 2001:db8:9:6::1/64 dev $dev
			link set $dev up
		EOF
	done | ip_batch "$near"
	for site in "$sitea" "$siteb"; do
		ip_batch "$site" <<-EOF
			addr add 10.9.4.2/24 dev s0
			addr add 10.9.6.2/24 dev s0
			addr add 2001:db8:9:4::2/64 dev s0
			addr add 2001:db8:9:6::2/64 dev s0
			link set s0 up
		EOF
		site_routes "$site"
	done
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
		link add red type vrf table 101
		link add blue type vrf table 102
		link set red up
		link set blue up
		addr add 198.51.100.2/24 dev u0
		addr add 2001:db8:1::2/64 dev u0
		link set u0 up
		route add 192.0.2.0/24 via 198.51.100.254
		route add 2001:db8::/64 via 2001:db8:1::fe
	EOF
	mt "$far" -b - <<-EOF
		tunnel add r4 local 198.51.100.2 remote 192.0.2.1
		tunnel add b4 local 198.51.100.2 remote 192.0.2.1 key 2
		tunnel add r6 local 2001:db8:1::2 remote 2001:db8::1
		tunnel add b6 local 2001:db8:1::2 remote 2001:db8::1 key 2
	EOF
	for vrf in red blue; do
		cat <<-EOF
			link set ${vrf%${vrf#?}}4 vrf $vrf
			link set ${vrf%${vrf#?}}6 vrf $vrf
			link set ${vrf%${vrf#?}}4 up
			link set ${vrf%${vrf#?}}6 up
			addr add 10.8.4.1/32 dev $vrf
			addr add 10.8.6.1/32 dev $vrf
			addr add 2001:db8:8:4::1/128 dev $vrf
			addr add 2001:db8:8:6::1/128 dev $vrf
			route add 10.9.4.0/24 dev ${vrf%${vrf#?}}4 vrf $vrf
			route add 10.9.6.0/24 dev ${vrf%${vrf#?}}6 vrf $vrf
			route add 2001:db8:9:4::/64 dev ${vrf%${vrf#?}}4 vrf $vrf
			route add 2001:db8:9:6::/64 dev ${vrf%${vrf#?}}6 vrf $vrf
		EOF
	done | ip_batch "$far"
	in_ns "$near" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
		echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
	in_ns "$mid" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
		echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
	# A listener that belongs to no VRF serves all of them.
	in_ns "$far" sh -c 'echo 1 > /proc/sys/net/ipv4/tcp_l3mdev_accept
		echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind
		echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind'

	vrf_up
	ip -n "$near" rule add fwmark 7 table 100
	ip -n "$near" -6 rule add fwmark 7 table 100
	mt "$near" -b - <<-EOF
		tunnel add r4 local 192.0.2.1 remote 198.51.100.2
		tunnel add b4 local 192.0.2.1 remote 198.51.100.2 key 2
		tunnel add r6 local 2001:db8::1 remote 2001:db8:1::2
		tunnel add b6 local 2001:db8::1 remote 2001:db8:1::2 key 2
	EOF
	tunnel_to red r
	tunnel_to blue b
}

# What goes by one tunnel has the source that comes back by it.
site_routes()
{
	ip_batch "$1" <<-EOF
		route replace 10.8.4.0/24 via 10.9.4.1
		route replace 10.8.6.0/24 via 10.9.6.1
		route replace 2001:db8:8:4::/64 via 2001:db8:9:4::1 src 2001:db8:9:4::2
		route replace 2001:db8:8:6::/64 via 2001:db8:9:6::1 src 2001:db8:9:6::2
	EOF
}

# The VRF of the underlay
vrf_up()
{
	ip_batch "$near" <<-EOF
		link add under type vrf table 100
		link set under up
		link set u0 vrf under
		addr replace 192.0.2.1/24 dev u0
		addr replace 2001:db8::1/64 dev u0
		link set u0 up
		route add 198.51.100.0/24 via 192.0.2.254 vrf under
		route add 2001:db8:1::/64 via 2001:db8::fe vrf under
	EOF
}

# tunnel_to VRF LETTER
tunnel_to()
{
	ip_batch "$near" <<-EOF
		link set ${2}4 vrf $1
		link set ${2}6 vrf $1
		link set ${2}4 up
		link set ${2}6 up
		route replace 10.8.4.0/24 dev ${2}4 vrf $1
		route replace 10.8.6.0/24 dev ${2}6 vrf $1
		route replace 2001:db8:8:4::/64 dev ${2}4 vrf $1
		route replace 2001:db8:8:6::/64 dev ${2}6 vrf $1
	EOF
}

# bind HOW: how the tunnels of near find the VRF of the underlay
bind()
{
	local how t

	case $1 in
	none)	how="dev none fwmark none" ;;
	vrf)	how="dev under fwmark none" ;;
	slave)	how="dev u0 fwmark none" ;;
	fwmark)	how="dev none fwmark 7" ;;
	esac
	for t in $TUNNELS; do
		echo "tunnel set $t $how"
	done | mt "$near" -b -
	check_err $? "setting $how"
}

# works SITE MESSAGE
works()
{
	local site=$1

	# shellcheck disable=SC2086
	check_eq "$(ping_all "${!site}" $ADDRS)" "" "$2: $site has no answer from"
}

none_test()
{
	bind none
	snapshot BEFORE "$near"
	# shellcheck disable=SC2016,SC2086
	check_eq "$(in_ns "$sitea" sh -c 'for a; do
			ping -q -n -c 3 -i 0.01 -W 0.2 $a > /dev/null 2>&1 &&
				echo $a &
		done
		wait' sh $ADDRS)" "" "answers from"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "not bound" r4 tx-no-route 6 r4 drops 6 \
		r6 tx-no-route 6 r6 drops 6 b4 drops 0 b6 drops 0
	log_test "without a binding the VRF's routes are not taken"
}

bind_test()
{
	bind "$1"
	check_eq "$(in_ns "$near" cat /sys/class/net/r4/mtu)" 1476 "MTU of r4"
	check_eq "$(in_ns "$near" cat /sys/class/net/r6/mtu)" 1456 "MTU of r6"
	works sitea "red"
	works siteb "blue"
	tcp_check "$sitea" "$far" 10.8.4.1 5001 300000
	check_err $? "TCP, IPv4 over IPv4"
	tcp_check "$sitea" "$far" 10.8.6.1 5001 300000
	check_err $? "TCP, IPv4 over IPv6"
	tcp_check "$siteb" "$far" 2001:db8:8:4::1 5001 300000
	check_err $? "TCP, IPv6 over IPv4"
	tcp_check "$siteb" "$far" 2001:db8:8:6::1 5001 300000
	check_err $? "TCP, IPv6 over IPv6"
	log_test "underlay in a VRF, found by $1"
}

# Addresses are the same, but packets keep to their own.
apart_test()
{
	local n=5

	bind vrf
	works sitea "red"
	works siteb "blue"
	snapshot BEFORE "$far"
	in_ns "$sitea" sh -c "ping -q -n -c $n -i 0.01 10.8.4.1
		ping -q -n -c $n -i 0.01 2001:db8:8:6::1" > /dev/null
	check_err $? "pings from sitea"
	snapshot AFTER "$far"
	check_grown BEFORE AFTER "pings from sitea" r4 rx_packets $n \
		r4 tx_packets $n r6 rx_packets $n r6 tx_packets $n \
		b4 rx_packets 0 b4 tx_packets 0 b6 rx_packets 0 b6 tx_packets 0
	snapshot BEFORE "$near"
	in_ns "$siteb" sh -c "ping -q -n -c $n -i 0.01 10.8.6.1
		ping -q -n -c $n -i 0.01 2001:db8:8:4::1" > /dev/null
	check_err $? "pings from siteb"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "pings from siteb" b4 rx_packets $n \
		b4 tx_packets $n b6 rx_packets $n b6 tx_packets $n \
		r4 rx_packets 0 r4 tx_packets 0 r6 rx_packets 0 r6 tx_packets 0

	# Without its tunnels a site has no way by those of the other.
	ip_batch "$near" <<-EOF
		link set b4 down
		link set b6 down
	EOF
	ping_now "$siteb" 10.8.4.1
	check_fail $? "ping from siteb without its tunnels"
	works sitea "blue is down"
	tunnel_to blue b
	works siteb "blue is up"
	log_test "the same addresses in two VRFs"
}

# Sent by the router itself, from an address of the VRF
local_test()
{
	local a

	bind vrf
	for a in $ADDRS; do
		ping_check "$near" "$a" -I red -I "$(case $a in
			10.8.4.1) echo 10.9.4.1 ;;
			10.8.6.1) echo 10.9.6.1 ;;
			*:4::1) echo 2001:db8:9:4::1 ;;
			*) echo 2001:db8:9:6::1 ;;
			esac)"
		check_err $? "ping $a"
	done
	log_test "a router's own packets in the VRF"
}

told_size()
{
	in_ns "$sitea" ping -q -n -c 1 -W 1 -M "do" -s 1400 "$1" \
		> /dev/null 2>&1
	ip -n "$sitea" route get "$1" | grep -q "mtu $2"
}

# ping_size ADDRESS INNER_SIZE
ping_size()
{
	local head=28

	[[ $1 == *:* ]] && head=48
	ping_check "$sitea" "$1" -M "do" -s $(($2 - head))
}

pmtu_test()
{
	local how=$1 v=$2 path

	path=$((1400 - (v == 4 ? 24 : 44)))
	bind "$how"
	works sitea "before"
	ip -n "$mid" link set u1 mtu 1400
	ip -n "$far" link set u0 mtu 1400
	# The first is lost in the middle, and later ones are refused by near.
	snapshot BEFORE "$near"
	slowwait_for told_size 10.8.$v.1 $path
	check_err $? "IPv4: sitea was not told $path"
	slowwait_for told_size 2001:db8:8:$v::1 $path
	check_err $? "IPv6: sitea was not told $path"
	ping_size 10.8.$v.1 $path
	check_err $? "IPv4 ping of $path bytes"
	ping_size 2001:db8:8:$v::1 $path
	check_err $? "IPv6 ping of $path bytes"
	snapshot AFTER "$near"
	[ "${AFTER["r$v icmp_errors"]}" -gt "${BEFORE["r$v icmp_errors"]}" ]
	check_err $? "no icmp_errors"
	[ "${AFTER["r$v tx-too-big"]:-0}" -gt "${BEFORE["r$v tx-too-big"]:-0}" ]
	check_err $? "no tx-too-big"
	tcp_check "$sitea" "$far" 10.8.$v.1 5001 100000
	check_err $? "TCP"

	# Forget all of it.
	ip -n "$mid" link set u1 mtu 1500
	ip -n "$far" link set u0 mtu 1500
	ip_batch "$near" <<-EOF
		route del 198.51.100.0/24 via 192.0.2.254 vrf under
		route add 198.51.100.0/24 via 192.0.2.254 vrf under
		route del 2001:db8:1::/64 via 2001:db8::fe vrf under
		route add 2001:db8:1::/64 via 2001:db8::fe vrf under
	EOF
	ip -n "$sitea" route flush cache
	ip -n "$sitea" -6 route flush cache
	log_test "path MTU learned in a VRF found by $how, IPv$v"
}

# The VRF goes, and comes again.
recover_test()
{
	local how=$1

	bind "$how"
	works sitea "before"
	ip -n "$near" link del under
	snapshot BEFORE "$near"
	in_ns "$sitea" ping -q -n -c 3 -i 0.01 -W 0.2 10.8.4.1 > /dev/null 2>&1
	check_fail $? "ping without the VRF, IPv4"
	in_ns "$sitea" ping -q -n -c 3 -i 0.01 -W 0.2 10.8.6.1 > /dev/null 2>&1
	check_fail $? "ping without the VRF, IPv6"
	snapshot AFTER "$near"
	# A device that is not there is no route; one that is may be asked.
	[ "$how" = slave ] || check_grown BEFORE AFTER "no VRF" \
		r4 tx-no-route 3 r4 drops 3 r6 tx-no-route 3 r6 drops 3
	vrf_up
	works sitea "the VRF is back, red"
	works siteb "the VRF is back, blue"
	log_test "the VRF of the underlay removed and created again ($how)"
}

# Tunnels go from one VRF to the other.
enslave_test()
{
	bind vrf
	ip_batch "$near" <<-EOF
		link set b4 down
		link set b6 down
		link set r4 nomaster
		link set r6 nomaster
	EOF
	ping_now "$sitea" 10.8.4.1
	check_fail $? "ping without a tunnel in the VRF"
	tunnel_to blue r
	works siteb "red's tunnels in blue"
	ping_now "$sitea" 10.8.4.1
	check_fail $? "ping without a tunnel in the VRF"
	tunnel_to red r
	tunnel_to blue b
	works sitea "red"
	works siteb "blue"
	log_test "tunnels moved between VRFs"
}

# A VRF with a queue has its packets routed once more behind it.
required_test()
{
	local queue=$1 ns dir spi a b

	bind vrf
	in_ns "$near" tc qdisc replace dev under root "$queue"
	check_err $? "qdisc $queue"
	for ns in "$near" "$far"; do
		dir=out
		[ "$ns" = "$near" ] || dir=in
		for a in 192.0.2.1/198.51.100.2/1 198.51.100.2/192.0.2.1/2 \
			 2001:db8::1/2001:db8:1::2/3 2001:db8:1::2/2001:db8::1/4; do
			IFS=/ read -r a b spi <<< "$a"
			echo "xfrm state add src $a dst $b proto esp spi $spi reqid 1" \
				"mode transport $GCM"
			echo "xfrm policy add src $a dst $b proto gre dir $dir tmpl src $a" \
				"dst $b proto esp reqid 1 mode transport"
			[ $dir = out ] && dir=in || dir=out
		done | ip_batch "$ns"
		check_err $? "ESP"
	done
	printf 'tunnel set %s ipsec required\n' r4 r6 | mt "$near" -b -
	check_err $? "ipsec required"
	snapshot BEFORE "$near"
	check_eq "$(ping_all "$sitea" 10.8.4.1 10.8.6.1)" "" "sitea has no answer from"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "in ESP" r4 drops 0 r6 drops 0
	ip -n "$near" xfrm policy flush
	ping_now "$sitea" 10.8.4.1
	check_fail $? "ping without a policy"
	snapshot BEFORE "$near"
	check_grown AFTER BEFORE "no policy" r4 tx-ipsec 1
	printf 'tunnel set %s ipsec off\n' r4 r6 | mt "$near" -b -
	ip -n "$near" xfrm state flush
	ip -n "$far" xfrm state flush
	ip -n "$far" xfrm policy flush
	in_ns "$near" tc qdisc del dev under root
	log_test "in ESP by a VRF with the queue $queue"
}

setup_prepare
run_tests "$@"
