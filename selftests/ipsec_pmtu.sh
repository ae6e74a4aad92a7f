#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ESP on a path that has less than its ends know of: routers say so in ICMP errors about
# ESP, and the ends to the sources of what is inside.
#
#  +- host ----------+   +- near -----------------+   +- one --------+
#  |  s0 10.9.0.2/24 +---+ s0 10.9.0.1/24         |   |              |
#  |     2001:db8:9::2   |    2001:db8:9::1       |   |              |
#  +-----------------+   | u0 192.0.2.1/24        +---+ u0 .254      |
#                        |    2001:db8::1/64      |   |    ::fe      |
#                        | t4 10.0.4.1/24, .3     |   | u1 203.0.113.1/24
#                        |    2001:db8:a:4::1, ::3|   |    2001:db8:c::1/64
#                        | t6, with 6 for 4       |   +-----+--------+
#                        +------------------------+         | 1400 bytes
#                        +- far ------------------+   +- two+--------+
#                        | u0 198.51.100.2/24     +---+ u0 .254      |
#                        |    2001:db8:1::2/64    |   |    ::fe      |
#                        | t4 10.0.4.2/24, .4     |   | u1 203.0.113.2/24
#                        |    2001:db8:a:4::2, ::4|   |    2001:db8:c::2/64
#                        | t6, with 6 for 4       |   +--------------+
#                        +------------------------+
#
# A tunnel N is over IPvN, in mode ipsec or with GRE in ESP ("ipsec required"). Where the
# other links are 1500 bytes, the path is 100 less.

ALL_TESTS="learn_test:ipsec:4:1346 learn_test:ipsec:6:1326 learn_test:gre:4:1342
	   learn_test:gre:6:1322 learn_test:two:4:1346 learn_test:natt:4:1338
	   forward_test:ipsec:4:1346 forward_test:gre:6:1322 flush_test:ipsec:6:1326
	   flush_test:gre:4:1342 expire_test:ipsec:4:1346 expire_test:ipsec:6:1326
	   expire_test:gre:4:1342 expire_test:gre:6:1322 tcp_test:ipsec:6
	   tcp_test:gre:4 mss_test:ipsec:4:1306 mss_test:ipsec:6:1286
	   mss_test:gre:4:1302 mss_test:gre:6:1282 deaf_test:ipsec:4:1346
	   deaf_test:gre:6:1322 forged_test:ipsec:4:1346 forged_test:ipsec:6:1326
	   forged_test:gre:4:1342 forged_test:gre:6:1322"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"

need_mtun
need_command ping nft ss taskset "$PYTHON"
need_module veth esp4 esp6 xfrm_interface ip_gre ip6_gre

# The ends are not on one link here.
A1=([4]=192.0.2.1 [6]=2001:db8::1)
A2=([4]=198.51.100.2 [6]=2001:db8:1::2)

NARROW=1400
CPUS=$(nproc)

setup_prepare()
{
	local ns

	setup_ns host near one two far
	ip_batch "$host" <<-EOF
		link add s0 type veth peer name s0 netns $near
		addr add 10.9.0.2/24 dev s0
		addr add 2001:db8:9::2/64 dev s0
		link set s0 up
		route add default via 10.9.0.1
		route add default via 2001:db8:9::1
	EOF
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $one
		addr add 10.9.0.1/24 dev s0
		addr add 2001:db8:9::1/64 dev s0
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set s0 up
		link set u0 up
		route add default via 192.0.2.254
		route add default via 2001:db8::fe
	EOF
	ip_batch "$one" <<-EOF
		link add u1 type veth peer name u1 netns $two
		addr add 192.0.2.254/24 dev u0
		addr add 2001:db8::fe/64 dev u0
		addr add 203.0.113.1/24 dev u1
		addr add 2001:db8:c::1/64 dev u1
		link set u0 up
		link set u1 up
		route add default via 203.0.113.2
		route add default via 2001:db8:c::2
	EOF
	ip_batch "$two" <<-EOF
		link add u0 type veth peer name u0 netns $far
		addr add 198.51.100.254/24 dev u0
		addr add 2001:db8:1::fe/64 dev u0
		addr add 203.0.113.2/24 dev u1
		addr add 2001:db8:c::2/64 dev u1
		link set u0 up
		link set u1 up
		route add default via 203.0.113.1
		route add default via 2001:db8:c::1
	EOF
	ip_batch "$far" <<-EOF
		addr add 198.51.100.2/24 dev u0
		addr add 2001:db8:1::2/64 dev u0
		link set u0 up
		route add default via 198.51.100.254
		route add default via 2001:db8:1::fe
	EOF
	setup_router "$near" "$one" "$two" "$far"
	# Each packet that is too big is told, and not one a second.
	for ns in "$near" "$one" "$two" "$far"; do
		in_ns "$ns" sh -c 'echo 0 > /proc/sys/net/ipv4/icmp_ratemask'
	done
	wire_watch "$near" "$far"
	errors_watch "$near"
	errors_watch "$far"
}

# errors_watch NS: those of routers that say what fits
errors_watch()
{
	in_ns "$1" nft -f - <<-EOF
		table inet errors {
			counter too_big { }
			chain pre {
				type filter hook prerouting priority -500;
				iifname u0 icmp type destination-unreachable icmp code frag-needed counter name too_big
				iifname u0 icmpv6 type packet-too-big counter name too_big
			}
		}
	EOF
	check_err $? "nft" || exit $ksft_fail
}

# errors NS: how many have come since the last time
errors()
{
	in_ns "$1" nft -j reset counters table inet errors | json_number packets
}

# errors_came NS [N]: as many, without forgetting of them
errors_came()
{
	[ "$(in_ns "$1" nft -j list counters table inet errors |
	     json_number packets)" -ge "${2:-1}" ]
}

# narrow BYTES: what the link between the routers has
narrow()
{
	ip -n "$one" link set u1 mtu "$1" && ip -n "$two" link set u1 mtu "$1"
	check_err $? "an MTU of $1 between the routers"
}

# forget NS...: what ICMP errors have taught
forget()
{
	local ns

	for ns; do
		ip -n "$ns" -4 route flush cache && ip -n "$ns" -6 route flush cache
		check_err $? "flushing what was learnt"
	done
}

# tunnel NS MODE FAMILY NUMBER: takes packets that are larger than fit
tunnel()
{
	local ns=$1 mode=$2 v=$3 n=$4 here=${A1[$3]} there=${A2[$3]}
	local -a words=(ipsec required)

	[ "$ns" = "$near" ] || { here=${A2[v]} there=${A1[v]}; }
	[ "$mode" = gre ] || words=(mode ipsec if-id "$v")
	mt "$ns" tunnel add "t$v" local "$here" remote "$there" mtu 1500 "${words[@]}"
	check_err $? "a tunnel of mode $mode"
	addresses "$ns" "$v" "$n"
}

# addresses NS FAMILY NUMBER: two, and what leads to the host behind near
addresses()
{
	local ns=$1 v=$2 n=$3 i

	{
		for i in "$n" $((n + 2)); do
			echo "addr add 10.0.$v.$i/24 dev t$v"
			echo "addr add 2001:db8:a:$v::$i/64 dev t$v nodad"
		done
		echo "link set t$v up"
		if [ "$ns" = "$far" ]; then
			echo "route add 10.9.0.0/24 dev t$v"
			echo "route add 2001:db8:9::/64 dev t$v"
		fi
	} | ip_batch "$ns"
	check_err $? "addresses of t$v"
}

# begin MODE FAMILY: tunnels, ESP, a narrow path, of which nobody knows. With mode "two",
# near has a second policy and keeps no way; with "natt", ESP is in UDP.
begin()
{
	local mode=$1 v=$2 dst

	T=t$v
	NATT=()
	tunnel "$near" "$mode" "$v" 1
	tunnel "$far" "$mode" "$v" 2
	case $mode in
	gre)
		MODE=transport esp_up "$v"
		;;
	natt)
		natt_up
		MODE=tunnel tunnel_esp_up "$v" "encap espinudp 4500 4500 0.0.0.0"
		slowwait_for ping_now "$near" "10.0.$v.2"
		check_err $? "a ping in UDP"
		;;
	*)
		MODE=tunnel tunnel_esp_up "$v"
		;;
	esac
	if [ "$mode" = two ]; then
		for dst in 10.0.8.8/32 2001:db8:a:8::8/128; do
			ip -n "$near" xfrm policy add dst $dst dir out \
				if_id "$v" action block
			check_err $? "a second policy"
		done
	fi
	forget "$near" "$far" "$host"
	narrow $NARROW
	clean
}

# clean: nothing has been counted yet
clean()
{
	errors "$near" > /dev/null
	errors "$far" > /dev/null
	wire_counts "$near" esp > /dev/null
	wire_counts "$far" esp > /dev/null
}

# end FAMILY: all that was sent was in ESP, which nobody had to cut
end()
{
	local pid

	check_match "$(wire_counts "$far" esp clear fragments)" "^[1-9][0-9]* 0 0$" \
		"ESP, others and fragments that have come to far"
	check_match "$(wire_counts "$near" esp clear fragments)" "^[1-9][0-9]* 0 0$" \
		"ESP, others and fragments that have come to near"
	for pid in "${NATT[@]}"; do
		stop_bg "$pid"
	done
	esp_down
	ip -n "$near" link del "t$1"
	ip -n "$far" link del "t$1"
}

# big NS ADDRESS BYTES [WORDS]: a ping that is so large with its IP header, and must not
# be cut
big()
{
	local ns=$1 to=$2 bytes=$3 header=28; shift 3

	[[ $to != *:* ]] || header=48
	in_ns "$ns" ping -n -c 1 -M do -s $((bytes - header)) "$@" "$to" 2>&1
}

# What becomes of one, and that $T of $END, which it goes out by, counts it as that:

# passes NS ADDRESS BYTES MESSAGE
passes()
{
	snapshot BEFORE "$END"
	big "$1" "$2" "$3" -W "$WAIT_TIMEOUT" > /dev/null
	check_err $? "$4: $3 bytes to $2 are not answered"
	snapshot AFTER "$END"
	check_grown BEFORE AFTER "$4: $3 bytes to $2 pass" "$T" tx_packets 1 \
		"$T" drops 0
}

# lost NS ADDRESS BYTES MESSAGE: in a router
lost()
{
	snapshot BEFORE "$END"
	big "$1" "$2" "$3" -W 0.3 > /dev/null
	check_fail $? "$4: $3 bytes to $2 should be lost"
	snapshot AFTER "$END"
	check_grown BEFORE AFTER "$4: $3 bytes to $2 get lost" "$T" tx_packets 1 \
		"$T" drops 0
}

# refused NS ADDRESS BYTES MTU MESSAGE [WORDS]
refused()
{
	local ns=$1 to=$2 bytes=$3 mtu=$4 message=$5; shift 5

	snapshot BEFORE "$END"
	check_match "$(big "$ns" "$to" "$bytes" -W 2 "$@")" "mtu[ =]+$mtu[^0-9]" \
		"$message: $bytes bytes to $to"
	snapshot AFTER "$END"
	check_grown BEFORE AFTER "$message: $bytes bytes to $to are refused" \
		"$T" tx_packets 0 "$T" tx-too-big 1 "$T" drops 1
}

# knows NS OUTER-ADDRESS [MTU]: what the route has learnt
knows()
{
	local out

	out=$(ip -n "$1" route get "$2")
	[ "$(grep -o "mtu [0-9]*" <<< "$out")" = "${3:+mtu $3}" ]
}

# learns NS ADDRESS OUTER-ADDRESS BYTES MESSAGE: by losing a packet
learns()
{
	lost "$1" "$2" "$4" "$5"
	slowwait_for knows "$END" "$3" $NARROW
	check_err $? "$5: the route to $3 has not learnt its MTU"
}

# one_way FROM END FAMILY FIRST SECOND OUTER-ADDRESS MTU: packets from FROM through END to
# two inner addresses, each of which learns by itself what is inside
one_way()
{
	local ns=$1 END=$2 v=$3 first=$4 second=$5 outer=$6 mtu=$7
	local old=$((mtu + 100)) net cpu

	for net in "10.0.$v." "2001:db8:a:$v::"; do
		forget "$near" "$far" "$host"
		# Each CPU has its way then.
		for ((cpu = 0; cpu < CPUS; cpu++)); do
			in_ns "$ns" taskset -c $cpu ping -q -n -c 1 -W "$WAIT_TIMEOUT" "$net$first" \
				> /dev/null
			check_err $? "a small ping to $net$first by CPU $cpu"
		done
		errors "$END" > /dev/null
		learns "$ns" "$net$first" "$outer" "$old" "unknown"
		check_eq "$(errors "$END")" 1 "errors from a router"
		refused "$ns" "$net$first" "$old" "$mtu" "known"
		passes "$ns" "$net$second" "$mtu" "known"
		refused "$ns" "$net$second" $((mtu + 1)) "$mtu" "known"
		check_eq "$(errors "$END")" 0 "errors from a router, known"
	done
}

learn_test()
{
	local mode=$1 v=$2 mtu=$3

	begin "$mode" "$v"
	one_way "$near" "$near" "$v" 2 4 "${A2[v]}" "$mtu"
	one_way "$far" "$far" "$v" 1 3 "${A1[v]}" "$mtu"
	end "$v"
	log_test "$mode, IPv$v: a packet is lost, and then $mtu bytes fit, both ways"
}

# The host is told by near, and has no tunnel.
forward_test()
{
	local mode=$1 v=$2 mtu=$3 END=$near

	begin "$mode" "$v"
	one_way "$host" "$near" "$v" 2 4 "${A2[v]}" "$mtu"
	forget "$host"
	check_match "$(big "$host" "10.0.$v.2" $((mtu + 1)) -W 2)" \
		"From 10.9.0.1 .*mtu = $mtu" "who tells the host"
	check_match "$(big "$host" "2001:db8:a:$v::2" $((mtu + 1)) -W 2)" \
		"From 2001:db8:9::1 .*mtu[ =]+$mtu" "who tells the host, IPv6"
	end "$v"
	log_test "$mode, IPv$v: forwarded, $mtu bytes fit"
}

# What was learnt stays, though the path has more by now.
flush_test()
{
	local mode=$1 v=$2 mtu=$3 END=$near
	local old=$((mtu + 100)) net

	begin "$mode" "$v"
	for net in "10.0.$v." "2001:db8:a:$v::"; do
		narrow $NARROW
		learns "$near" "${net}2" "${A2[v]}" "$old" "unknown"
		narrow 1500
		refused "$near" "${net}2" "$old" "$mtu" "wider, and not forgotten"
		forget "$near"
		passes "$near" "${net}2" "$old" "forgotten"
		refused "$near" "${net}2" $((old + 1)) "$old" "forgotten"
		forget "$near"
	done
	end "$v"
	log_test "$mode, IPv$v: flushed, $((mtu + 100)) bytes fit again"
}

answered()
{
	big "$@" -W 0.5 > /dev/null
}

expire_test()
{
	local mode=$1 v=$2 mtu=$3 END=$near
	local old=$((mtu + 100)) net time=net.ipv4.route.mtu_expires
	local name="$mode, IPv$v: after its time, $((mtu + 100)) bytes fit again"

	if ! in_ns "$near" sysctl -qw $time=$((WAIT_TIMEOUT / 4)) \
	     net.ipv6.route.mtu_expires=$((WAIT_TIMEOUT / 4)) 2> /dev/null; then
		log_skip "$name" "$time is not of a namespace"
		return
	fi
	begin "$mode" "$v"
	for net in "10.0.$v." "2001:db8:a:$v::"; do
		narrow $NARROW
		learns "$near" "${net}2" "${A2[v]}" "$old" "unknown"
		narrow 1500
		refused "$near" "${net}2" "$old" "$mtu" "not over yet"
		slowwait_for answered "$near" "${net}2" "$old"
		check_err $? "it is not over"
		refused "$near" "${net}4" $((old + 1)) "$old" "over"
	done
	in_ns "$near" sysctl -qw $time=600 net.ipv6.route.mtu_expires=600
	end "$v"
	log_test "$name"
}

# tcp_to FROM TO FAMILY N PORT: to the inner addresses N of TO
tcp_to()
{
	tcp_check "$1" "$2" "10.0.$3.$4" "$5" 300000
	check_err $? "TCP over IPv4 to $4"
	tcp_check "$1" "$2" "2001:db8:a:$3::$4" "$5" 300000
	check_err $? "TCP over IPv6 to $4"
}

# Nobody knows of anything, and nothing is clamped.
tcp_test()
{
	local mode=$1 v=$2 ns

	begin "$mode" "$v"
	forget "$near" "$far"
	snapshot BEFORE "$near"
	tcp_to "$near" "$far" "$v" 2 5001
	tcp_to "$far" "$near" "$v" 1 5002
	for ns in "$near" "$far"; do
		[ "$(stat_get "$ns" "$T" tx-too-big)" -gt 0 ]
		check_err $? "nothing was refused in $ns"
		[ "$(errors "$ns")" -gt 0 ]
		check_err $? "no router has told $ns"
	done
	end "$v"
	log_test "$mode, IPv$v: TCP finds out by itself"
}

# With the clamp there is nothing to find out.
mss_test()
{
	local mode=$1 v=$2 mss=$3 END=$near
	local old=$((mss + 140))

	begin "$mode" "$v"
	mt "$near" tunnel set "$T" mss auto
	check_err $? "mss auto"
	learns "$near" "10.0.$v.2" "${A2[v]}" "$old" "unknown"
	clean
	seen_start "$far" "$T" "$mss"
	seen_start "$near" "$T" "$mss"
	snapshot BEFORE "$near"
	tcp_to "$near" "$far" "$v" 4 5001
	tcp_to "$far" "$near" "$v" 3 5002
	snapshot AFTER "$near"
	seen_check "$far" "$T" "$mss"
	seen_check "$near" "$T" "$mss"
	check_grown BEFORE AFTER "TCP" "$T" drops 0
	check_eq "$(stat_get "$far" "$T" tx-too-big)" 0 "refused by far"
	check_eq "$(errors "$near") $(errors "$far")" "0 0" "errors from routers"

	narrow 1500
	forget "$near"
	seen_start "$far" "$T" $((mss + 100))
	seen_start "$near" "$T" $((mss + 100))
	tcp_to "$near" "$far" "$v" 4 5001
	tcp_to "$far" "$near" "$v" 3 5002
	seen_check "$far" "$T" $((mss + 100))
	seen_check "$near" "$T" $((mss + 100))
	end "$v"
	log_test "$mode, IPv$v: an MSS of $mss, and then of $((mss + 100)) again"
}

# no_tcp NS PORT: nobody sends to it any more
no_tcp()
{
	[ -z "$(in_ns "$1" ss -Htn state connected exclude time-wait "dport = $2")" ]
}

# Far has a device of the kernel's, and no error gets there: near's clamp is all there is.
deaf_test()
{
	local mode=$1 v=$2 mtu=$3 END=$near receiver sender
	local -a words=(type xfrm if_id "$v")

	begin "$mode" "$v"
	ip -n "$far" link del "$T"
	[ "$mode.$v" != gre.4 ] ||
		words=(type gre "local" "${A2[v]}" remote "${A1[v]}" ttl 64)
	[ "$mode.$v" != gre.6 ] ||
		words=(type ip6gre "local" "${A2[v]}" remote "${A1[v]}" encaplimit none)
	ip -n "$far" link add "$T" mtu $((mtu + 100)) "${words[@]}"
	check_err $? "a device of the kernel's"
	addresses "$far" "$v" 2
	in_ns "$far" nft -f - <<-EOF
		table inet deaf {
			chain pre {
				type filter hook prerouting priority -400;
				iifname u0 icmp type destination-unreachable drop
				iifname u0 icmpv6 type packet-too-big drop
			}
		}
	EOF
	check_err $? "nft"
	learns "$near" "10.0.$v.2" "${A2[v]}" $((mtu + 100)) "unknown"
	mt "$near" tunnel set "$T" mss auto
	errors "$far" > /dev/null
	tcp_to "$far" "$near" "$v" 1 5001
	tcp_to "$near" "$far" "$v" 2 5002
	check_eq "$(errors "$far")" 0 "errors that far does not hear"
	mt "$near" tunnel set "$T" mss off
	: > "$TMP/stuck"
	in_bg "$near" "$TMP/stuck" "$TRAFFIC" tcp-recv "10.0.$v.1" 5003 300000
	receiver=$BG_PID
	slowwait_for test -s "$TMP/stuck"
	in_bg "$far" /dev/null "$TRAFFIC" tcp-send "10.0.$v.1" 5003 300000
	sender=$BG_PID
	slowwait_for errors_came "$far"
	check_err $? "what should get stuck was not too big"
	sleep 1
	! has_ended "$receiver"
	check_err $? "TCP without the clamp should get stuck"
	stop_bg "$receiver"
	stop_bg "$sender"
	# What got stuck has nobody any more who would receive it, and is told so.
	in_ns "$far" nft delete table inet deaf
	slowwait_for no_tcp "$far" 5003
	check_err $? "the connection that got stuck does not end"
	end "$v"
	log_test "$mode, IPv$v: the clamp helps a far end that hears no errors"
}

# forge FAMILY SPI MTU: an error of router one, about a packet that near might have sent
forge()
{
	in_ns "$one" "$PYTHON" - "${A1[$1]}" "${A2[$1]}" "$2" "$3" <<-'EOF'
		import socket
		import struct
		import sys
		near, far, spi, mtu = sys.argv[1:3] + [int(i, 0) for i in sys.argv[3:]]
		esp = struct.pack("!II", spi, 1) + bytes(24)
		if ":" in near:
		    addr = [socket.inet_pton(socket.AF_INET6, a) for a in (near, far)]
		    quoted = struct.pack("!IHBB", 6 << 28, 1400, 50, 64) + addr[0] + addr[1]
		    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
		    data = struct.pack("!BBHI", 2, 0, 0, mtu) + quoted + esp
		else:
		    addr = [socket.inet_aton(a) for a in (near, far)]
		    quoted = struct.pack("!BBHIBBH", 0x45, 0, 1400, 0x4000, 64, 50, 0)
		    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
		    data = struct.pack("!BBHI", 3, 4, 0, mtu) + quoted + addr[0] + addr[1] + esp
		    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
		    while total >> 16:
		        total = (total & 0xffff) + (total >> 16)
		    data = data[:2] + struct.pack("!H", 0xffff - total) + data[4:]
		raw.sendto(data, (near, 0))
	EOF
	check_err $? "sending an error"
}

# Who does not see the packets does not know their SPI.
forged_test()
{
	local mode=$1 v=$2 mtu=$3 END=$near

	begin "$mode" "$v"
	narrow 1500
	passes "$near" "10.0.$v.2" $((mtu + 100)) "before"
	forge "$v" 0x99999 $NARROW
	forge "$v" "0x1${v}2" $NARROW
	slowwait_for errors_came "$near" 2
	check_err $? "the errors do not come"
	knows "$near" "${A2[v]}"
	check_err $? "the route believes it"
	passes "$near" "10.0.$v.2" $((mtu + 100)) "another SPI"
	passes "$near" "2001:db8:a:$v::2" $((mtu + 100)) "another SPI"
	forge "$v" "0x1${v}1" $NARROW
	slowwait_for knows "$near" "${A2[v]}" $NARROW
	check_err $? "the right SPI does not help"
	refused "$near" "10.0.$v.2" $((mtu + 100)) "$mtu" "the right SPI"
	end "$v"
	log_test "$mode, IPv$v: errors about ESP with another SPI are not believed"
}

setup_prepare
run_tests "$@"
