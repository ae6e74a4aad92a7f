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

ALL_TESTS="bulk_test:out:mt4:10.0.4. bulk_test:out:mt6:10.0.6.
	   bulk_test:out:mt4:inet6 bulk_test:out:mt6:inet6
	   bulk_test:back:mt4:10.0.4. bulk_test:back:mt6:inet6
	   segmented_test:mt4:10.0.4. segmented_test:mt6:10.0.6.
	   segmented_test:mt4:inet6 segmented_test:mt6:inet6"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command tcpdump ethtool
need_module veth

BYTES=4000000

setup_prepare()
{
	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
	EOF
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
		addr add 192.0.2.$me/24 dev u0
		addr add 2001:db8::$me/64 dev u0
		link set u0 up
		addr add 10.0.4.$me/24 dev mt4
		addr add 2001:db8:4::$me/64 dev mt4
		link set mt4 up
		addr add 10.0.6.$me/24 dev mt6
		addr add 2001:db8:6::$me/64 dev mt6
		link set mt6 up
	EOF
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

# addr_of END TUNNEL PREFIX|inet6
addr_of()
{
	if [ "$3" = inet6 ]; then
		echo "2001:db8:${2#mt}::$1"
	else
		echo "$3$1"
	fi
}

# check_gso FILE MESSAGE: at most half as many packets as there were segments
check_gso()
{
	local message=$2 big=${BIG[$1]} all=${ALL[$1]}

	say "$message: $all packets, $big of them larger than 1600 bytes," \
		"for about $((BYTES / 1430)) segments"
	[ "$big" -gt 0 ] && [ "$all" -lt $((BYTES / 1430 / 2)) ]
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

# check_counted NS TUNNEL: since count_sent; packets are counted as segments,
# bytes have the headers of an offload packet once, as the kernel has them.
check_counted()
{
	local packets=$SENT_PACKETS bytes=$SENT_BYTES

	count_sent "$1" "$2"
	packets=$((SENT_PACKETS - packets))
	bytes=$((SENT_BYTES - bytes))
	[ "$packets" -ge $((BYTES / 1436)) ]
	check_err $? "tx_packets grew by $packets only"
	[ "$bytes" -ge "$BYTES" ] && [ "$bytes" -le $((BYTES + packets * 72)) ]
	check_err $? "tx_bytes grew by $bytes, for $packets packets"
}

bulk_test()
{
	local way=$1 dev=$2 prefix=$3 from to addr

	if [ "$way" = out ]; then
		from=$near to=$far addr=$(addr_of 2 "$dev" "$prefix")
	else
		from=$far to=$near addr=$(addr_of 1 "$dev" "$prefix")
	fi
	count_sent "$from" "$dev"
	transfer "$from" "$to" "$dev" "$addr"
	count_packets "$TMP/tx.pcap" "$TMP/rx.pcap"
	check_gso "$TMP/tx.pcap" "sent"
	check_gso "$TMP/rx.pcap" "received"
	check_counted "$from" "$dev"
	check_eq "$(drops_get "$from" "$dev")" "" "drops of the sender"
	check_eq "$(drops_get "$to" "$dev")" "" "drops of the receiver"
	log_test "bulk TCP $way through $dev, to $addr"
}

# On a real wire there are no offload packets: the kernel segments before the
# underlay device and puts segments together behind it.
segmented_test()
{
	local dev=$1 prefix=$2 addr u0

	addr=$(addr_of 2 "$dev" "$prefix")
	in_ns "$near" ethtool -K u0 tx-gre-segmentation off \
		tx-gre-csum-segmentation off tso off gso off \
		> "$TMP/ethtool" 2>&1
	in_ns "$far" ethtool -K u0 gro on >> "$TMP/ethtool" 2>&1
	check_err $? "$(cat "$TMP/ethtool")"
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
	in_ns "$near" ethtool -K u0 tx-gre-segmentation on \
		tx-gre-csum-segmentation on tso on gso on > /dev/null 2>&1
	in_ns "$far" ethtool -K u0 gro off > /dev/null 2>&1
	check_eq "$(drops_get "$near" "$dev")" "" "drops of the sender"
	check_eq "$(drops_get "$far" "$dev")" "" "drops of the receiver"
	log_test "bulk TCP through $dev, to $addr, segmented on the wire"
}

setup_prepare
run_tests "$@"
