#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tunnels inside of tunnels, to any sensible depth, and tunnels whose packets come
# back to them.
#
#  +- near -----------------------+       +- far ------------------------+
#  |  n3  10.0.3.1/24             |       |  n3  10.0.3.2/24             |
#  |   :  2001:db8:a:3::1/64      |       |   :  2001:db8:a:3::2/64      |
#  |  n2  10.0.2.1/24             |       |  n2  10.0.2.2/24             |
#  |   :  2001:db8:a:2::1/64      |       |   :  2001:db8:a:2::2/64      |
#  |  n1  10.0.1.1/24             |       |  n1  10.0.1.2/24             |
#  |   :  2001:db8:a:1::1/64      |       |   :  2001:db8:a:1::2/64      |
#  |  n0  10.0.0.1/24       ------+-------+-- n0  10.0.0.2/24            |
#  |      2001:db8:a::1/64        |       |      2001:db8:a::2/64        |
#  +------------------------------+       +------------------------------+
#
# n0 is the cable; each tunnel runs between the addresses of the device below it.
# What the tunnels are is what the case says: m4 and m6 are mtun over IPv4 and
# IPv6, g4 and g6 the kernel's own gre and ip6gre.

ALL_TESTS="nest_test:m4:m4 nest_test:m4:m6 nest_test:m6:m4 nest_test:m6:m6
	   nest_test:g4:m4 nest_test:g4:m6 nest_test:g6:m4 nest_test:g6:m6
	   nest_test:m4:g4 nest_test:m6:g4 nest_test:m4:g6 nest_test:m6:g6
	   nest_test:m4:m6:m4 nest_test:m6:m4:m6 nest_test:m4:g4:m4
	   nest_test:g4:m6:g4 depth_test:4 depth_test:6
	   loop_test:m4 loop_test:m6 loop_test:m4:m4 loop_test:m4:m6
	   loop_test:m6:m6 loop_test:m4:m4:m4 loop_test:m4:m6:m4
	   loop_test:m6:m6:m6 loop_test:m4:g4 loop_test:m4:g4:m6
	   loop_test:m4:m6:g4 loop_test:m6:g6:m4 loop_dev_test:4
	   loop_dev_test:6 loop_queue_test loop_endless_test
	   loop_fragments_test vrf_test:4 vrf_test:6 bond_test:4 bond_test:6
	   deep_queue_test nest_test:m4:m4"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping tc
need_module veth ip_gre ip6_gre

declare -A BEFORE AFTER

setup_prepare()
{
	local ns i

	setup_ns near far
	ip_batch "$near" <<-EOF
		link add n0 type veth peer name n0 netns $far
		addr add 10.0.0.1/24 dev n0
		addr add 2001:db8:a::1/64 dev n0
		link set n0 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 10.0.0.2/24 dev n0
		addr add 2001:db8:a::2/64 dev n0
		link set n0 up
	EOF
	for i in 1 2 3; do
		echo "addr add 203.0.113.$i/32 dev lo"
		echo "addr add 2001:db8:b::$i/128 dev lo"
	done | ip_batch "$near"
	# Of the devices to come none has a link-local address: gre would
	# solicit routers from it, in the ring as well.
	for ns in "$near" "$far"; do
		in_ns "$ns" sh -c \
			'echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode'
	done
}

# addr FAMILY LEVEL END
addr()
{
	case $1:$2 in
	4:*) echo "10.0.$2.$3" ;;
	6:0) echo "2001:db8:a::$3" ;;
	6:*) echo "2001:db8:a:$2::$3" ;;
	esac
}

# nest_end NS ME YOU KIND...: n1, n2, ... each on the one below it
nest_end()
{
	local ns=$1 me=$2 you=$3 kind level=0 ends; shift 3

	for kind; do
		ends="local $(addr "${kind#?}" $level "$me")"
		ends+=" remote $(addr "${kind#?}" $level "$you")"
		level=$((level + 1))
		case $kind in
		m?) mt "$ns" tunnel add n$level $ends ;;
		g4) ip -n "$ns" link add n$level type gre $ends ;;
		g6) ip -n "$ns" link add n$level type ip6gre $ends ;;
		esac
		check_err $? "adding $kind, level $level"
		ip_batch "$ns" <<-EOF
			addr add $(addr 4 $level "$me")/24 dev n$level
			addr add $(addr 6 $level "$me")/64 dev n$level
			link set n$level up
		EOF
	done
}

nest_down()
{
	local ns i

	for ns in "$near" "$far"; do
		for ((i = $1; i > 0; i--)); do
			echo "link del n$i"
		done | ip_batch "$ns"
	done
}

nest_test()
{
	local level=0 mtu=1500 kind got v

	nest_end "$near" 1 2 "$@"
	nest_end "$far" 2 1 "$@"
	for kind; do
		level=$((level + 1))
		got=$(in_ns "$near" cat /sys/class/net/n$level/mtu)
		case $kind in
		m4) check_eq "$got" $((mtu - 24)) "MTU of $kind, level $level" ;;
		m6) check_eq "$got" $((mtu - 44)) "MTU of $kind, level $level" ;;
		esac
		mtu=$got
	done
	ping_check "$near" "$(addr 4 $level 2)" -s $((mtu - 28)) -M "do"
	check_err $? "IPv4 ping of $mtu bytes"
	ping_check "$near" "$(addr 6 $level 2)" -s $((mtu - 48)) -M "do"
	check_err $? "IPv6 ping of $mtu bytes"
	# Once in each direction, so that both ends segment.
	tcp_check "$near" "$far" "$(addr 4 $level 2)" 5001 400000
	check_err $? "TCP over IPv4"
	tcp_check "$far" "$near" "$(addr 6 $level 1)" 5001 400000
	check_err $? "TCP over IPv6"
	snapshot AFTER "$near"
	for ((v = 1; v <= level; v++)); do
		check_eq "${AFTER["n$v drops"]:-0}" 0 "drops of n$v in near"
	done
	snapshot AFTER "$far"
	for ((v = 1; v <= level; v++)); do
		check_eq "${AFTER["n$v drops"]:-0}" 0 "drops of n$v in far"
	done
	nest_down $level
	log_test "nested: $*"
}

# So many tunnels are sent through, each by the one around it (kmod/tx.h).
DEEPEST=4

# More levels than there can be: counted once, by whichever stops it.
depth_test()
{
	local v=$1 levels=9 works=0 i sum=0
	local -a kinds=()

	# IPv6 needs 1280 bytes at every level.
	ip -n "$near" link set n0 mtu 9000
	ip -n "$far" link set n0 mtu 9000
	for ((i = 1; i <= levels; i++)); do
		kinds+=("m$v")
	done
	nest_end "$near" 1 2 "${kinds[@]}"
	nest_end "$far" 2 1 "${kinds[@]}"
	for ((i = 1; i <= levels; i++)); do
		if [ "$i" -le "$DEEPEST" ]; then
			ping_check "$near" "$(addr 4 $i 2)" || break
		else
			ping_check "$near" "$(addr 4 $i 2)" -w 3 || break
		fi
		works=$i
	done
	check_eq $works $DEEPEST "levels that work"

	snapshot BEFORE "$near"
	in_ns "$near" ping -q -n -c 3 -i 0.01 -W 0.2 \
		"$(addr 4 $levels 2)" > /dev/null 2>&1
	check_fail $? "ping of level $levels"
	snapshot AFTER "$near"
	for ((i = 1; i <= levels; i++)); do
		sum=$((sum + ${AFTER["n$i tx-loop"]:-0} -
		       ${BEFORE["n$i tx-loop"]:-0}))
		check_grown BEFORE AFTER "too deep" n$i drops \
			$((${AFTER["n$i tx-loop"]:-0} -
			   ${BEFORE["n$i tx-loop"]:-0}))
	done
	check_eq $sum 3 "tx-loop of all levels"
	nest_down $levels
	ip -n "$near" link set n0 mtu 1500
	ip -n "$far" link set n0 mtu 1500
	log_test "IPv$v: $works levels work, and $levels are refused"
}

##############################################################################
# Loops: l1 is routed into l2, l2 into l3, ..., the last one into l1.

# Addresses of the ends of l1, l2, ...: far has none of them. Those of near are
# on lo, or gre would not send.
ring_up()
{
	local kind i=0 ends next n=$#

	for kind; do
		i=$((i + 1))
		case $kind in
		?4) ends="local 203.0.113.$i remote 198.51.100.$i" ;;
		?6) ends="local 2001:db8:b::$i remote 2001:db8:c::$i" ;;
		esac
		case $kind in
		m?) mt "$near" tunnel add l$i $ends $ring_args ;;
		g4) ip -n "$near" link add l$i type gre $ends ;;
		g6) ip -n "$near" link add l$i type ip6gre $ends ;;
		esac
		check_err $? "adding $kind"
		ip_batch "$near" <<-EOF
			addr add 10.1.$i.1/24 dev l$i
			addr add 2001:db8:d:$i::1/64 dev l$i
			link set l$i up
		EOF
	done
	i=0
	for kind; do
		i=$((i + 1))
		next=$((i % n + 1))
		case $kind in
		?4) echo "route add 198.51.100.$i dev l$next" ;;
		?6) echo "route add 2001:db8:c::$i dev l$next" ;;
		esac
	done | ip_batch "$near"
	check_err $? "adding routes"
}

ring_down()
{
	local i

	{
		for ((i = 1; i <= $#; i++)); do
			echo "link del l$i"
		done
		# The way out that ring_repair has made
		case ${!#} in
		?4) echo "route del 198.51.100.$#" ;;
		?6) echo "route del 2001:db8:c::$#" ;;
		esac
	} | ip_batch "$near"
	ip -n "$far" link del back
}

# The ring is cut: packets of the last go to far, where one comes out of it.
ring_repair()
{
	local n=$# kind=${!#}

	case $kind in
	?4)	ip -n "$near" route replace 198.51.100.$n via 10.0.0.2
		ip_batch "$far" <<-EOF
			addr replace 198.51.100.$n/32 dev lo
			route replace 203.0.113.$n via 10.0.0.1
		EOF
		;;
	?6)	ip_batch "$near" <<-EOF
			route del 2001:db8:c::$n
			route add 2001:db8:c::$n via 2001:db8:a::2
		EOF
		ip_batch "$far" <<-EOF
			addr replace 2001:db8:c::$n/128 dev lo
			route replace 2001:db8:b::$n via 2001:db8:a::1
		EOF
		;;
	esac
	case $kind in
	m4) mt "$far" tunnel add back local 198.51.100.$n remote 203.0.113.$n ;;
	m6) mt "$far" tunnel add back local 2001:db8:c::$n remote 2001:db8:b::$n ;;
	g4) ip -n "$far" link add back type gre \
		local 198.51.100.$n remote 203.0.113.$n ;;
	g6) ip -n "$far" link add back type ip6gre \
		local 2001:db8:c::$n remote 2001:db8:b::$n ;;
	esac
	ip_batch "$far" <<-EOF
		addr add 10.1.$n.2/24 dev back
		link set back up
	EOF
	ping_check "$near" 10.1.$n.2
	check_err $? "the ring is cut: ping through l$n"
}

ring_args=

loop_test()
{
	local i n=$# sum=0 drops=0 tx=0

	ring_up "$@"
	snapshot BEFORE "$near"
	in_ns "$near" ping -q -n -c 5 -i 0.01 -W 0.2 10.1.1.2 > /dev/null 2>&1
	check_fail $? "IPv4 ping"
	in_ns "$near" ping -q -n -c 5 -i 0.01 -W 0.2 2001:db8:d:1::2 \
		> /dev/null 2>&1
	check_fail $? "IPv6 ping"
	snapshot AFTER "$near"
	for ((i = 1; i <= n; i++)); do
		sum=$((sum + ${AFTER["l$i tx-loop"]:-0} -
		       ${BEFORE["l$i tx-loop"]:-0}))
		drops=$((drops + ${AFTER["l$i drops"]:-0} -
			 ${BEFORE["l$i drops"]:-0}))
		tx=$((tx + ${AFTER["l$i tx_packets"]:-0} -
		      ${BEFORE["l$i tx_packets"]:-0}))
	done
	check_eq $sum 10 "tx-loop of all tunnels"
	check_eq $drops 10 "drops of all tunnels"
	# Each may have taken it a few times before one found out.
	[ $tx -le 80 ]
	check_err $? "$tx packets sent around for 10"
	ring_repair "$@"
	ring_down "$@"
	log_test "routed in a ring: $*"
}

# The tunnel is bound to itself.
loop_dev_test()
{
	local v=$1 ends remote

	case $v in
	4) ends="local 203.0.113.1" remote=198.51.100.1 ;;
	6) ends="local 2001:db8:b::1" remote=2001:db8:c::1 ;;
	esac
	# shellcheck disable=SC2086
	mt "$near" tunnel add l1 $ends remote $remote dev l1
	check_err $? "tunnel add"
	ip_batch "$near" <<-EOF
		addr add 10.1.1.1/24 dev l1
		link set l1 up
		route add $remote dev l1
	EOF
	snapshot BEFORE "$near"
	in_ns "$near" ping -q -n -c 3 -i 0.01 -W 0.2 10.1.1.2 > /dev/null 2>&1
	check_fail $? "ping"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "bound to itself" l1 tx-loop 3 l1 drops 3
	mt "$near" tunnel del l1
	log_test "IPv$v: bound to itself: counted"
}

# tx_sum: packets sent by all tunnels
tx_sum()
{
	local key sum=0

	snapshot AFTER "$near"
	for key in "${!AFTER[@]}"; do
		[[ $key != *" tx_packets" ]] || sum=$((sum + AFTER[$key]))
	done
	echo $sum
}

# Nothing is sent any more: two looks at it see the same.
is_quiet()
{
	local was

	was=$(tx_sum)
	sleep 0.2
	[ "$(tx_sum)" = "$was" ]
}

# add_queues N: in front of l1 to lN
add_queues()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		echo "qdisc add dev l$i root pfifo limit 100"
	done | tc -n "$near" -batch -
	check_err $? "adding queues"
}

# With a queue in front of the tunnel a packet that comes back is not deeper in
# the stack, but later in the queue. With DF it grows until it is too big.
loop_queue_test()
{
	ring_args="df set"
	ring_up m4 m6 m4
	ring_args=
	add_queues 3
	in_ns "$near" ping -q -n -c 5 -i 0.01 -W 0.2 10.1.1.2 > /dev/null 2>&1
	check_fail $? "ping"
	slowwait_for is_quiet
	check_err $? "five packets go around for ever"
	[ "$(tx_sum)" -lt 5000 ]
	check_err $? "$(tx_sum) packets sent around for 5"
	ring_repair m4 m6 m4
	ring_down m4 m6 m4
	log_test "routed in a ring, with queues"
}

# Without DF, what has become too big is cut, and each part goes on and grows:
# that ends only when the kernel, which takes twice the memory whenever it makes room for
# more headers, has no more for the packet (tx-memory), as the outer TTL is new each time.
# But there is never more of it than the queues hold, the machine does other things
# meanwhile, and it ends with the ring.
loop_endless_test()
{
	local backlog queues=0

	ring_args="df clear"
	ring_up m4 m4
	ring_args=
	add_queues 2
	in_ns "$near" ping -q -n -c 5 -i 0.01 -W 0.2 10.1.1.2 > /dev/null 2>&1
	check_fail $? "ping"
	ping_check "$near" 10.0.0.2
	check_err $? "nothing else passes"
	[ "$(tx_sum)" -gt 50 ]
	check_err $? "nothing goes around"
	for backlog in $(tc -n "$near" -s qdisc show |
			 sed -n '/ pfifo /,/backlog/s/.* \([0-9]*\)p .*/\1/p'); do
		[ "$backlog" -le 100 ]
		check_err $? "$backlog packets in a queue for 100"
		queues=$((queues + 1))
	done
	check_eq $queues 2 "queues"
	ring_repair m4 m4
	slowwait_for is_quiet
	check_err $? "packets go around where there is no ring"
	ring_down m4 m4
	log_test "routed in a ring, with queues, without DF"
}

# many_headers FAMILY: far sends a packet in as many headers as fit. No stack has room for
# all of them at once.
many_headers()
{
	local v=$1 levels

	ping_check "$far" "$(addr "$v" 0 1)"
	check_err $? "the underlay"
	levels=$(in_ns "$far" "$PYTHON" -c "
import socket, struct, sys
v, hop, near, far = $v, bytes.fromhex('$(in_ns "$near" cat /sys/class/net/n0/address |
	tr -d :)'), '$(addr "$v" 0 1)', '$(addr "$v" 0 2)'
family = socket.AF_INET if v == 4 else socket.AF_INET6
near, far = (socket.inet_pton(family, a) for a in (near, far))
def ip4(proto, size):
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + size, 0, 0, 64, proto, 0, far, near)
    n = sum(struct.unpack('!10H', head))
    n = (n & 0xffff) + (n >> 16)
    return head[:10] + struct.pack('!H', 0xffff ^ (n & 0xffff) + (n >> 16)) + head[12:]
def ip6(proto, size):
    return struct.pack('!IHBB16s16s', 6 << 28, size, proto, 64, far, near)
ip, kind = (ip4, 0x0800) if v == 4 else (ip6, 0x86dd)
packet, levels = ip(253, 0), 0
while len(packet) + 4 + len(ip(0, 0)) <= 1500:
    packet = struct.pack('!HH', 0, kind) + packet
    packet = ip(47, len(packet)) + packet
    levels += 1
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
s.sendto(packet, ('n0', kind, 0, 0, hop))
print(levels)")
	check_err $? "sending it"
	slowwait_for_counter "$near" n1 rx_packets $((levels - 1))
	check_err $? "not all of $levels headers were taken off"
}

# In the VRF of its underlay, what comes out of a tunnel comes in by the VRF.
vrf_test()
{
	nest_end "$near" 1 2 "m$1"
	ip_batch "$near" <<-EOF
		link add v0 type vrf table 10
		link set v0 up
		link set n0 vrf v0
		link set n1 vrf v0
		addr replace 2001:db8:a::1/64 dev n0
	EOF
	many_headers "$1"
	ip_batch "$near" <<-EOF
		link del n1
		link del v0
		addr replace 2001:db8:a::1/64 dev n0
	EOF
	log_test "IPv$1: a packet in many headers, in a VRF"
}

# ... and in a bond by the bond.
bond_test()
{
	if ! modprobe -q bonding; then
		log_skip "IPv$1: a packet in many headers, in a bond" "no bonding"
		return
	fi
	nest_end "$near" 1 2 "m$1"
	ip_batch "$near" <<-EOF
		link add b0 type bond mode active-backup
		link set n1 down
		link set n1 master b0
		link set b0 up
		link set n1 up
	EOF
	check_err $? "the bond"
	many_headers "$1"
	ip -n "$near" link del n1	# and, not being Ethernet, the bond
	log_test "IPv$1: a packet in many headers, in a bond"
}

# With queues in front of them the stack does not count how deep tunnels are.
deep_queue_test()
{
	local levels=40 i sum=0
	local -a kinds=()

	ip -n "$near" link set n0 mtu 9000
	for ((i = 1; i <= levels; i++)); do
		kinds+=(m4)
	done
	nest_end "$near" 1 2 "${kinds[@]}"
	for ((i = 1; i <= levels; i++)); do
		echo "qdisc add dev n$i root pfifo limit 100"
	done | tc -n "$near" -batch -
	check_err $? "adding queues"
	snapshot BEFORE "$near"
	in_ns "$near" ping -q -n -c 3 -i 0.01 -W 0.2 "10.0.$levels.2" > /dev/null 2>&1
	check_fail $? "ping of level $levels"
	snapshot AFTER "$near"
	for ((i = 1; i <= levels; i++)); do
		sum=$((sum + ${AFTER["n$i tx-loop"]:-0} - ${BEFORE["n$i tx-loop"]:-0}))
	done
	check_eq $sum 3 "tx-loop of all levels"
	for ((i = levels; i > 0; i--)); do
		echo "link del n$i"
	done | ip_batch "$near"
	ip -n "$near" link set n0 mtu 1500
	log_test "$levels levels, with queues"
}

# Each fragment of a packet that is too big goes around, too.

loop_fragments_test()
{
	ring_args="df clear"
	ring_up m4 m4
	ring_args=
	in_ns "$near" ping -q -n -c 3 -i 0.01 -W 0.2 -M dont -s 8000 10.1.1.2 \
		> /dev/null 2>&1
	check_fail $? "ping"
	slowwait_for is_quiet
	check_err $? "packets go around for ever"
	ring_repair m4 m4
	ring_down m4 m4
	log_test "fragments routed in a ring"
}

setup_prepare
run_tests "$@"
