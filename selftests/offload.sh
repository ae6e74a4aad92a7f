#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bulk TCP goes through a tunnel as segmentation offload packets, in both
# directions: few large packets on the tunnel devices of sender and receiver,
# although each is counted as the segments that it becomes.
#
#  +- near ----------------------+       +- far ------------------------+
#  |  mt4  10.0.4.1/24           |       |  mt4  10.0.4.2/24            |
#  |       2001:db8:4::1/64      |       |       2001:db8:4::2/64       |
#  |  mt6  10.0.6.1/24 (key)     |       |  mt6  10.0.6.2/24            |
#  |       2001:db8:6::1/64      |       |       2001:db8:6::2/64       |
#  |   :                         |       |   :                          |
#  |  u0   192.0.2.1/24    ------+-------+-- u0  192.0.2.2/24           |
#  |       2001:db8::1/64        |       |       2001:db8::2/64         |
#  +-----------------------------+       +------------------------------+
#
# Beside them are tunnels with a checksum (c4, c6), a checksum and a key (k4, k6)
# and sequence numbers (s4, s6), over IPv4 and IPv6; their inner addresses are
# 10.1.N.{1,2} and 2001:db8:1N::{1,2}, with N of OPTION_TUNNELS.

# Each option with each outer and inner family somewhere, but not all together
ALL_TESTS="features_test rps_test
	   bulk_test:out:mt4:inet bulk_test:back:mt4:inet6
	   bulk_test:out:mt6:inet6 bulk_test:back:mt6:inet
	   segmented_test:mt4:inet segmented_test:mt4:inet6
	   segmented_test:mt6:inet segmented_test:mt6:inet6"
OPTION_TUNNELS="c4 k4 s4 c6 k6 s6"
for dev in $OPTION_TUNNELS; do
	ALL_TESTS+=" options_test:$dev"
done
ALL_TESTS+=" wire_test toggle_test:k6
	     udp_test:mt4:inet6 udp_test:mt6:inet udp_test:c4:inet
	     udp_test:k6:inet6 udp_test:s4:inet6 udp_test:s6:inet"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command tcpdump ethtool taskset
need_module veth

BYTES=2000000
CPUS=$(taskset -p $$)
CPUS=${CPUS##* }

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	setup_end "$near" 1 2
	setup_end "$far" 2 1
}

setup_end()
{
	local ns=$1 me=$2 you=$3

	mt "$ns" -b - <<-EOF
		tunnel add mt4 local 192.0.2.$me remote 192.0.2.$you
		tunnel add mt6 local 2001:db8::$me remote 2001:db8::$you key 9
	EOF
	ip_batch "$ns" <<-EOF
		addr add 10.0.4.$me/24 dev mt4
		addr add 2001:db8:4::$me/64 dev mt4
		link set mt4 up
		addr add 10.0.6.$me/24 dev mt6
		addr add 2001:db8:6::$me/64 dev mt6
		link set mt6 up
		addr add 192.0.2.1$me/24 dev u0
		addr add 2001:db8::1$me/64 dev u0
	EOF
	# Those without a key have underlay addresses of their own.
	mt "$ns" -b - <<-EOF
		tunnel add c4 local 192.0.2.1$me remote 192.0.2.1$you csum on
		tunnel add k4 local 192.0.2.$me remote 192.0.2.$you key 4 csum on
		tunnel add s4 local 192.0.2.$me remote 192.0.2.$you key 5 seq on
		tunnel add c6 local 2001:db8::1$me remote 2001:db8::1$you csum on
		tunnel add k6 local 2001:db8::$me remote 2001:db8::$you key 4 \
			csum on
		tunnel add s6 local 2001:db8::$me remote 2001:db8::$you key 5 \
			seq on
	EOF
	for dev in $OPTION_TUNNELS; do
		echo "addr add $(inner_addr $dev inet "$me")/24 dev $dev"
		echo "addr add $(inner_addr $dev inet6 "$me")/64 dev $dev"
		echo "link set $dev up"
	done | ip_batch "$ns"
}

# inner_addr TUNNEL inet|inet6 END
inner_addr()
{
	local others=${OPTION_TUNNELS%%"$1"*} n

	case $1 in
	mt*)
		[ "$2" = inet ] && echo "10.0.${1#mt}.$3" ||
			echo "2001:db8:${1#mt}::$3"
		return ;;
	esac
	n=$((${#others} / 3))
	[ "$2" = inet ] && echo "10.1.$n.$3" || echo "2001:db8:1$n::$3"
}

# How many packets RPS has sent to another CPU
steered()
{
	local n sum=0

	while read -r _ _ _ _ _ _ _ _ _ n _; do
		sum=$((sum + 16#$n))
	done < /proc/net/softnet_stat
	echo $sum
}

# What comes out of a tunnel is spread over CPUs where that is asked for.
rps_test()
{
	local queue=/sys/class/net/mt4/queues/rx-0/rps_cpus before

	[ "$(nproc)" -ge 2 ] || { log_skip "RPS" "there is one CPU"; return; }
	ip netns exec "$near" sh -c "echo 2 > $queue"
	before=$(steered)
	in_ns "$far" taskset -c 0 ping -q -c 40 -i 0.01 10.0.4.1 > /dev/null
	[ $(($(steered) - before)) -ge 20 ]
	check_err $? "$(($(steered) - before)) of 40 packets have gone to the other CPU"
	ip netns exec "$near" sh -c "echo 0 > $queue"
	log_test "RPS"
}

# count_packets FILE...: sets ALL, BIG and HUGE of each capture: packets of more
# than 200, 1600 and 1515 bytes.
declare -A ALL BIG HUGE

count_packets()
{
	local file all big huge

	while read -r file all big huge; do
		ALL[$file]=$all BIG[$file]=$big HUGE[$file]=$huge
	done < <("$PYTHON" -I -S - "$@" <<-'EOF'
		import struct, sys
		for name in sys.argv[1:]:
		    data, at, sizes = open(name, "rb").read(), 24, []
		    while at + 16 <= len(data):
		        there, size = struct.unpack_from("=II", data, at + 8)
		        sizes.append(size)
		        at += 16 + there
		    print(name, *(sum(s > limit for s in sizes)
		                  for limit in (200, 1600, 1515)))
	EOF
	)
}

# transfer FROM TO TUNNEL ADDRESS: BYTES from one to the other, with captures on
# the tunnel devices of both
transfer()
{
	local from=$1 to=$2 dev=$3 addr=$4 tx rx

	capture_start "$from" "$dev" "$TMP/tx.pcap" -s 100 "greater 200"
	check_err $? "tcpdump"
	tx=$CAPTURE_PID
	capture_start "$to" "$dev" "$TMP/rx.pcap" -s 100 "greater 200"
	check_err $? "tcpdump"
	rx=$CAPTURE_PID
	tcp_check "$from" "$to" "$addr" 5001 $BYTES
	check_err $? "TCP"
	capture_stop "$tx"
	capture_stop "$rx"
}

# check_gso FILE MESSAGE: at most 3/5 as many packets as there were segments. Where the
# sender is slow, TCP gives it two at a time.
check_gso()
{
	local message=$2 big=${BIG[$1]} all=${ALL[$1]}

	say "$message: $all packets, $big of them larger than 1600 bytes," \
		"for about $((BYTES / 1430)) segments"
	[ "$big" -gt 0 ] && [ "$all" -lt $((BYTES * 3 / 1430 / 5)) ]
	check_err $? "$message: not carried as offload packets"
}

# count_sent NS TUNNEL: sets SENT_PACKETS and SENT_BYTES
count_sent()
{
	local json

	json=$(mt "$1" -j -s tunnel show "$2")
	SENT_PACKETS=$(json_number tx_packets <<< "$json")
	SENT_BYTES=$(json_number tx_bytes <<< "$json")
}

# check_counted NS TUNNEL: since count_sent; packets are counted as segments, of
# which none is larger than the MTU. A slow machine sends some of them twice.
check_counted()
{
	local packets=$SENT_PACKETS bytes=$SENT_BYTES

	count_sent "$1" "$2"
	packets=$((SENT_PACKETS - packets))
	bytes=$((SENT_BYTES - bytes))
	[ "$packets" -ge $((BYTES / 1436)) ]
	check_err $? "tx_packets grew by $packets only"
	[ "$bytes" -ge "$BYTES" ] && [ "$bytes" -le $((packets * 1476)) ]
	check_err $? "tx_bytes grew by $bytes, for $packets packets"
}

# underlay_offloads on|off: whether the underlay takes offload packets and
# unfinished checksums. With off, they are made whole before it, as for a real
# wire, and put together behind it.
underlay_offloads()
{
	local ns gro=on

	[ "$1" = on ] && gro=off
	for ns in "$near" "$far"; do
		in_ns "$ns" ethtool -K u0 tx "$1" sg "$1" tso "$1" gso "$1" \
			tx-gre-segmentation "$1" tx-gre-csum-segmentation "$1" \
			gro $gro > "$TMP/ethtool" 2>&1
		check_err $? "$(cat "$TMP/ethtool")"
	done
}

# no_drops TUNNEL
no_drops()
{
	check_eq "$(drops_get "$near" "$1")" "" "drops of $1 in near"
	check_eq "$(drops_get "$far" "$1")" "" "drops of $1 in far"
}

bulk_test()
{
	local way=$1 dev=$2 family=$3 from to addr

	if [ "$way" = out ]; then
		from=$near to=$far addr=$(inner_addr "$dev" "$family" 2)
	else
		from=$far to=$near addr=$(inner_addr "$dev" "$family" 1)
	fi
	count_sent "$from" "$dev"
	transfer "$from" "$to" "$dev" "$addr"
	count_packets "$TMP/tx.pcap" "$TMP/rx.pcap"
	check_gso "$TMP/tx.pcap" "sent"
	check_gso "$TMP/rx.pcap" "received"
	check_counted "$from" "$dev"
	no_drops "$dev"
	log_test "bulk TCP $way through $dev, to $addr"
}

# On a real wire there are no offload packets: the kernel segments before the
# underlay device and puts segments together behind it.
segmented_test()
{
	local dev=$1 addr u0

	addr=$(inner_addr "$dev" "$2" 2)
	underlay_offloads off
	count_sent "$near" "$dev"
	# What is on the wire is seen where it is sent: behind the
	# segmentation, before the receiver's GRO.
	capture_start "$near" u0 "$TMP/wire.pcap" -s 100 "greater 200"
	u0=$CAPTURE_PID
	transfer "$near" "$far" "$dev" "$addr"
	capture_stop "$u0"
	count_packets "$TMP/tx.pcap" "$TMP/rx.pcap" "$TMP/wire.pcap"
	check_eq "${HUGE[$TMP/wire.pcap]}" 0 \
		"packets larger than the underlay's MTU"
	[ "${ALL[$TMP/wire.pcap]}" -ge $((BYTES / 1436)) ]
	check_err $? "fewer packets on the wire than segments"
	check_gso "$TMP/tx.pcap" "sent"
	check_gso "$TMP/rx.pcap" "received"
	check_counted "$near" "$dev"
	underlay_offloads on
	no_drops "$dev"
	log_test "bulk TCP through $dev, to $addr, segmented on the wire"
}

# send_out, send_back TUNNEL FAMILY [BYTES]
send_out()
{
	tcp_check "$near" "$far" "$(inner_addr "$1" "$2" 2)" 5002 "${3:-400000}"
	check_err $? "TCP to far through $1, $2"
}

send_back()
{
	tcp_check "$far" "$near" "$(inner_addr "$1" "$2" 1)" 5003 "${3:-400000}"
	check_err $? "TCP to near through $1, $2"
}

# one_cpu TUNNEL: of packets that are sent from two CPUs the second may arrive
# first, which a tunnel with sequence numbers does not forgive: what this test
# does is done on one, if it is such a tunnel.
one_cpu()
{
	case $1 in
	s*) taskset -p -c 0 $$ > /dev/null ;;
	*) taskset -p "$CPUS" $$ > /dev/null ;;
	esac
}

options_test()
{
	local dev=$1 big

	one_cpu "$dev"
	capture_start "$near" "$dev" "$TMP/dev.pcap" -s 100 -Q out \
		"greater 1600"
	check_err $? "tcpdump"
	send_out "$dev" inet
	send_back "$dev" inet6
	underlay_offloads off
	send_out "$dev" inet6
	send_back "$dev" inet
	underlay_offloads on
	capture_stop "$CAPTURE_PID"
	no_drops "$dev"
	count_packets "$TMP/dev.pcap"
	big=${BIG[$TMP/dev.pcap]}
	case $dev in
	s*)
		# Each packet needs a number of its own.
		check_eq "$big" 0 "offload packets sent" ;;
	*)
		[ "$big" -gt 0 ]
		check_err $? "no offload packets were sent" ;;
	esac
	one_cpu all
	log_test "bulk TCP through $dev, whole and segmented on the underlay"
}

# feature NS DEVICE NAME: its first word in ethtool -k
feature()
{
	in_ns "$1" ethtool -k "$2" | sed -n "s/^\t\?$3: \([a-z]*\).*/\1/p"
}

features_test()
{
	local dev

	for dev in c4 k6; do
		check_eq "$(feature "$near" $dev tcp-segmentation-offload)" on \
			"TSO of $dev"
	done
	for dev in s4 s6; do
		check_eq "$(feature "$near" $dev tcp-segmentation-offload)" \
			off "TSO of $dev"
	done
	# It is what is sent that counts.
	mt "$near" -b - <<-EOF
		tunnel set s4 oseq off
		tunnel set c4 oseq on
	EOF
	check_eq "$(feature "$near" s4 tcp-segmentation-offload)" on \
		"TSO of s4 without oseq"
	check_eq "$(feature "$near" c4 tcp-segmentation-offload)" off \
		"TSO of c4 with oseq"
	mt "$near" -b - <<-EOF
		tunnel set s4 oseq on
		tunnel set c4 oseq off
	EOF
	check_eq "$(feature "$near" s4 tcp-segmentation-offload)" off \
		"TSO of s4 with oseq again"
	check_eq "$(feature "$near" c4 tcp-segmentation-offload)" on \
		"TSO of c4 without oseq again"
	log_test "tunnels that send sequence numbers take no offload packets"
}

# gre_sums FILE: a line for each tunnel, by outer family and key: packets, those
# with a good checksum, those with a sequence number, different ones, how many
# there are from first to last, and the largest packet
gre_sums()
{
	"$PYTHON" -I -S - "$1" <<-'EOF'
		import struct, sys
		data, at, tunnels = open(sys.argv[1], "rb").read(), 24, {}
		while at + 16 <= len(data):
		    there, size = struct.unpack_from("=II", data, at + 8)
		    pkt, at = data[at + 16:at + 16 + there], at + 16 + there
		    family = pkt[14] >> 4
		    if family == 4:
		        gre = pkt[34:14 + struct.unpack_from("!H", pkt, 16)[0]]
		    else:
		        gre = pkt[54:54 + struct.unpack_from("!H", pkt, 18)[0]]
		    words = gre + bytes(len(gre) % 2)
		    total = sum(w for w, in struct.iter_unpack("!H", words))
		    flags, field = gre[0], 4 + 4 * (gre[0] >> 7)
		    key = "-"
		    if flags & 0x20:
		        key, = struct.unpack_from("!I", gre, field)
		        field += 4
		    name = "%d:%s" % (family, key)
		    found = tunnels.setdefault(name, [0, 0, [], 0])
		    found[0] += 1
		    # The sum of all with the checksum in it is a zero.
		    found[1] += bool(flags & 0x80 and total % 0xffff == 0)
		    if flags & 0x10:
		        found[2] += struct.unpack_from("!I", gre, field)
		    found[3] = max(found[3], size)
		for name, (n, good, seqs, big) in tunnels.items():
		    print(name, n, good, len(seqs), len(set(seqs)),
		          max(seqs) - min(seqs) + 1 if seqs else 0, big)
	EOF
}

# What a real wire would carry: small packets only, a right checksum in each and
# each sequence number once.
wire_test()
{
	local dev family=inet6

	underlay_offloads off
	capture_start "$near" u0 "$TMP/wire.pcap" -Q out -B 32768 -s 2000 \
		"ip proto 47 or ip6 proto 47"
	check_err $? "tcpdump"
	one_cpu s
	for dev in $OPTION_TUNNELS; do
		[ $family = inet ] && family=inet6 || family=inet
		send_out "$dev" $family 150001
	done
	one_cpu all
	capture_stop "$CAPTURE_PID"
	underlay_offloads on
	gre_sums "$TMP/wire.pcap" > "$TMP/sums"
	check_wire 4:- c4
	check_wire 4:4 k4
	check_wire 4:5 s4
	check_wire 6:- c6
	check_wire 6:4 k6
	check_wire 6:5 s6
	for dev in $OPTION_TUNNELS; do
		no_drops "$dev"
	done
	log_test "checksums and sequence numbers on the wire"
}

check_wire()
{
	local n good with different range big _

	read -r _ n good with different range big \
		< <(grep "^$1 " "$TMP/sums")
	say "$2: $n packets, $good with a good checksum," \
		"$with with a sequence number, at most $big bytes"
	[ "${n:-0}" -ge $((150001 / 1436)) ]
	check_err $? "$2: only ${n:-0} packets"
	[ "${big:-0}" -le 1514 ]
	check_err $? "$2: packets larger than the underlay's MTU"
	case $2 in
	s*)
		check_eq "$with $different $range" "$n $n $n" \
			"$2: sequence numbers; different ones; their range" ;;
	*)
		check_eq "$good" "$n" "$2: good checksums" ;;
	esac
}

# Whatever is switched off, TCP works; and it can be switched on again.
toggle_test()
{
	local dev=$1 ns f long before

	for f in tx:tx-checksumming tso:tcp-segmentation-offload \
		 gso:generic-segmentation-offload \
		 gro:generic-receive-offload sg:scatter-gather; do
		long=${f#*:} f=${f%:*}
		before=$(feature "$near" "$dev" "$long")
		for ns in "$near" "$far"; do
			in_ns "$ns" ethtool -K "$dev" "$f" off \
				> "$TMP/ethtool" 2>&1
			check_err $? "$f off: $(cat "$TMP/ethtool")"
		done
		check_eq "$(feature "$near" "$dev" "$long")" off "$long"
		send_out "$dev" inet 200000
		for ns in "$near" "$far"; do
			# Those that depend on it come back with it.
			in_ns "$ns" ethtool -K "$dev" "$f" "$before" \
				> "$TMP/ethtool" 2>&1
			check_err $? "$f $before: $(cat "$TMP/ethtool")"
		done
		check_eq "$(feature "$near" "$dev" "$long")" "$before" "$long"
	done
	send_out "$dev" inet6 200000
	no_drops "$dev"
	log_test "TCP through $dev with each offload off, and on again"
}

# Datagrams that the kernel is given as one and cuts (UDP_SEGMENT)
udp_test()
{
	local dev=$1 family=$2 count=200 pid how

	one_cpu "$dev"
	count_sent "$near" "$dev"
	for how in whole segmented; do
		[ "$how" = segmented ] && underlay_offloads off
		in_bg "$far" "$TMP/udp" "$TRAFFIC" udp-recv 5004 1201 $count
		pid=$BG_PID
		slowwait_for grep -q ready "$TMP/udp"
		in_ns "$near" "$TRAFFIC" udp-gso \
			"$(inner_addr "$dev" "$family" 2)" 5004 1201 $count \
			2> "$TMP/udp.send"
		check_err $? "$(cat "$TMP/udp.send")"
		slowwait_for has_ended "$pid"
		wait "$pid"
		check_err $? "$how: $(cat "$TMP/udp")"
		[ "$how" = segmented ] && underlay_offloads on
	done
	one_cpu all
	how=$SENT_PACKETS
	count_sent "$near" "$dev"
	check_eq $((SENT_PACKETS - how)) $((2 * count)) "packets counted"
	no_drops "$dev"
	log_test "segmented UDP through $dev, $family"
}

setup_prepare
run_tests "$@"
