#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mtctl steer, beyond what health.sh has of it: events that are lost, many tunnels that
# fail at once, routes of several nexthops or of objects, and what is refused.
#
#  +- near -----------------------+       +- far ------------------------+
#  |  tN  10.1.N.0/31            -+- - - -+- tN  10.1.N.1/31             |
#  |      2001:db8:N::/127        |       |      2001:db8:N::1/127       |
#  |  u0  192.0.2.1/24          --+-------+-- u0  192.0.2.2/24           |
#  +------------------------------+       +------------------------------+

ALL_TESTS="lost_test forged_test batch_test objects_test siblings_test way_test down_test
	   retry_test raced_test unloaded_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command tc tcpdump "$PYTHON"
need_module veth sch_netem
"$PYTHON" -c 'import yaml' 2> /dev/null || skip_all "Python has no yaml"

N=20
V4=203.0.113.0/24 V6=2001:db8:f::/48
FAST="probe interval 100ms timeout 400ms down-window 600ms healthy-probes 10"
FAST+=" degraded-window 3s"
if [ "${MTUN_SLOW:-1}" -gt 1 ]; then
	FAST="probe interval 200ms timeout 1600ms down-window 2s healthy-probes 10"
	FAST+=" degraded-window 6s"
fi

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	setup_router "$far"
	setup_end "$near" 1 2 0
	setup_end "$far" 2 1 1
}

# setup_end NS ME YOU HOST
setup_end()
{
	local i

	for ((i = 1; i <= N; i++)); do
		echo "tunnel add t$i local 192.0.2.$2 remote 192.0.2.$3 key $i"
	done | mt "$1" -b -
	for ((i = 1; i <= N; i++)); do
		echo "addr add 10.1.$i.$4/31 dev t$i"
		echo "addr add 2001:db8:$i::$4/127 dev t$i"
		echo "link set t$i up"
	done | ip_batch "$1"
}

# steer_file FILE TUNNEL ROUTES ...
steer_file()
{
	local file=$1; shift

	echo "tunnels:" > "$file"
	while [ $# -gt 0 ]; do
		echo "  $1: {local: 192.0.2.1, remote: 192.0.2.2, key: ${1#t}," \
			"steer: {routes: [$2], metric: 100}}"
		shift 2
	done >> "$file"
}

# steer_start FILE: what it says is in $TMP/said
steer_start()
{
	: > "$TMP/said"
	in_bg "$near" "$TMP/said" "$MTCTL" steer -f "$1"
	STEER_PID=$BG_PID
}

is_steering()
{
	grep -q "^steering$" "$TMP/said"
}

steer_ready()
{
	slowwait_for is_steering
	check_err $? "mtctl steer: $(cat "$TMP/said")"
}

# once FILE: its status, and what it says into SAID
once()
{
	SAID=$(mt "$near" steer -f "$1" -once 2>&1)
}

# cut, and heal: of the underlay, for all tunnels
cut()
{
	in_ns "$near" tc qdisc replace dev u0 root netem loss 100%
}

heal()
{
	in_ns "$near" tc qdisc del dev u0 root
}

state_is()
{
	[[ $(mt "$near" -j health show "$1") == *\"state\":\"$2\"* ]]
}

wait_state()
{
	slowwait_for state_is "$1" "$2"
	check_err $? "$1 does not become $2: $(mt "$near" -s health show "$1")"
}

# routes [root] PREFIX: all to it, or to all of it
routes()
{
	local family=-4

	[[ $* != *:* ]] || family=-6
	ip -n "$near" $family route show "$@"
}

# metrics [root] PREFIX: of those, in their order
metrics()
{
	routes "$@" | grep -oE "metric [0-9]+" | tr -dc '0-9\n' | tr '\n' ' '
}

metrics_are()
{
	[ "$(metrics "$V4")/$(metrics "$V6")" = "$1 /$1 " ]
}

wait_metrics()
{
	slowwait_for metrics_are "$1"
	check_err $? "not $1: $(routes "$V4") / $(routes "$V6"): $(cat "$TMP/said")"
}

# What waits in sockets of generic netlink has been read.
is_drained()
{
	[ "$(in_ns "$near" awk '$2 == 16 { sum += $5 } END { print sum + 0 }' \
		/proc/net/netlink)" -eq 0 ]
}

# clean TUNNEL...: as it was in the beginning
clean()
{
	local name

	stop_bg "$STEER_PID"
	for name; do
		echo "health set $name off"
	done | mt "$near" -b -
	ip -n "$near" -4 route flush root "$V4"
	ip -n "$near" -6 route flush root "$V6"
}

# The kernel keeps old events and drops the newest. They are told, and then that there
# were more.
lost_test()
{
	local pid

	steer_file "$TMP/lost.yaml" t1 "$V4, '$V6'"
	mt "$near" health set t1 $FAST
	steer_start "$TMP/lost.yaml"
	steer_ready
	in_bg "$near" "$TMP/events" "$MTCTL" -j monitor
	slowwait_for grep -q "^listening for events$" "$TMP/events"
	pid=$BG_PID
	kill -STOP "$STEER_PID" "$pid"
	cut
	wait_state t1 down
	heal
	wait_state t1 healthy
	in_ns "$near" "$PYTHON" "$TEST_DIR/steer.py" flood
	check_err $? "flood"
	cut
	wait_state t1 down
	kill -CONT "$STEER_PID" "$pid"
	slowwait_for is_drained
	check_err $? "nobody reads: $(in_ns "$near" cat /proc/net/netlink)"
	sleep 1
	wait_metrics 1000100
	grep -q '"event":"lost"' "$TMP/events"
	check_err $? "nothing was lost: $(tail -n 3 "$TMP/events")"
	[[ $(sed '1,/"event":"lost"/d' "$TMP/events") != *'"event":"state"'* ]]
	check_err $? "monitor tells what is older: $(tail -n 3 "$TMP/events")"
	[[ $(sed '/"event":"lost"/,$d' "$TMP/events") == *'"event":"state"'* ]]
	check_err $? "monitor does not tell what it has: $(head -n 3 "$TMP/events")"
	stop_bg "$pid"
	heal
	clean t1
	log_test "lost events"
}

# Whoever owns the namespace may send as well, in the name of the kernel.
forged_test()
{
	steer_file "$TMP/forged.yaml" t1 "$V4, '$V6'"
	mt "$near" health set t1 $FAST
	steer_start "$TMP/forged.yaml"
	steer_ready
	in_bg "$near" "$TMP/events" "$MTCTL" -j monitor
	slowwait_for grep -q "^listening for events$" "$TMP/events"
	cut
	wait_state t1 down
	wait_metrics 1000100
	in_ns "$near" "$PYTHON" "$TEST_DIR/steer.py" forge t1 healthy
	check_err $? "forge"
	slowwait_for is_drained
	sleep 1
	wait_metrics 1000100
	grep -q '"event":"state".*"down"' "$TMP/events"
	check_err $? "what the kernel has sent: $(tail -n 3 "$TMP/events")"
	not grep -q '"event":"set"' "$TMP/events"
	check_err $? "what it has not sent: $(tail -n 3 "$TMP/events")"
	stop_bg "$BG_PID"
	heal
	clean t1
	log_test "an event that the kernel has not sent"
}

# count_dumps FILE: how often routes were asked for, in what nlmon0 has seen: behind the
# header of each packet there are 16 bytes, which end with the family of netlink
count_dumps()
{
	"$PYTHON" -I -S - "$1" <<-'EOF'
		import struct, sys
		data = open(sys.argv[1], "rb").read()[24:]
		dumps = 0
		while len(data) >= 36:
		    size = struct.unpack("=I", data[8:12])[0]
		    family = struct.unpack(">H", data[30:32])[0]
		    kind = struct.unpack("=H", data[36:38])[0]
		    dumps += (family, kind) == (0, 26)      # RTM_GETROUTE
		    data = data[16 + size:]
		print(dumps)
	EOF
}

# has_said WORDS N: so many lines with them
has_said()
{
	[ "$(grep -c "$1" "$TMP/said")" -ge "$2" ]
}

# all_have METRIC: and there are as many as there should be
all_have()
{
	check_eq "$(metrics root "$V4" | xargs -n 1 | sort | uniq -c | xargs)" \
		"$((2 * N)) $1" "metrics of IPv4"
	check_eq "$(metrics root "$V6" | xargs -n 1 | sort | uniq -c | xargs)" \
		"$N $1" "metrics of IPv6"
}

# metric_is NUMBER: of all of them
metric_is()
{
	local net

	for net in "$V4" "$V6"; do
		[ "$(metrics root "$net" | xargs -n 1 | sort -u)" = "$1" ] || return
	done
}

# Each tunnel has routes of its own, and all fail at the same time.
batch_test()
{
	local i net=203.0.113 args=() dumps

	if ! modprobe -q nlmon; then
		log_skip "$N tunnels fail at once" "no kernel module nlmon"
		return
	fi
	for ((i = 1; i <= N; i++)); do
		args+=("t$i" "$net.$((8 * i))/30, $net.$((8 * i + 4))/30, '2001:db8:f:$i::/64'")
		echo "health set t$i $FAST"
	done > "$TMP/batch"
	mt "$near" -b "$TMP/batch"
	steer_file "$TMP/batch.yaml" "${args[@]}"
	steer_start "$TMP/batch.yaml"
	steer_ready
	all_have 100
	kill -STOP "$STEER_PID"
	cut
	for ((i = 1; i <= N; i++)); do
		wait_state t$i down || break
	done
	ip -n "$near" link add nlmon0 type nlmon
	ip -n "$near" link set nlmon0 up
	capture_start "$near" nlmon0 "$TMP/nlmon.pcap" -s 64 -B 8192 || check_err 1 "no capture"
	kill -CONT "$STEER_PID"
	slowwait_for has_said "metric 1000100" $((3 * N))
	check_err $? "said: $(tail -n 3 "$TMP/said")"
	sleep 0.5
	capture_stop "$CAPTURE_PID"
	dumps=$(count_dumps "$TMP/nlmon.pcap")
	# Two for all of them, and afterwards one of IPv6 for each.
	[ "$dumps" -ge 2 ] && [ "$dumps" -le $((N + 4)) ]
	check_err $? "$dumps dumps of routes"
	all_have 1000100
	ip -n "$near" link del nlmon0
	heal
	for ((i = 1; i <= N; i++)); do
		wait_state t$i healthy || break
	done
	slowwait_for is_drained
	slowwait_for metric_is 100
	all_have 100
	# shellcheck disable=SC2046
	clean $(seq -f t%.0f $N)
	log_test "$N tunnels fail at once, for which routes are asked for $dumps times"
}

# fail_t1, and mend_t1: of that one alone
fail_t1()
{
	mt "$near" health set t1 $FAST
	ip -n "$far" link set t1 down
	wait_state t1 down
}

mend_t1()
{
	ip -n "$far" link set t1 up
	wait_state t1 healthy
}

# FRR's routes are by nexthop objects.
objects_test()
{
	local compat=net.ipv4.nexthop_compat_mode v

	fail_t1
	steer_file "$TMP/objects.yaml" t1 "$V4, '$V6'"
	ip_batch "$near" <<-EOF
		nexthop add id 4 via 10.1.1.1 dev t1
		nexthop add id 6 via 2001:db8:1::1 dev t1
		route add $V4 nhid 4 metric 100
		route add $V6 nhid 6 metric 100
	EOF
	once "$TMP/objects.yaml"
	metrics_are 1000100
	check_err $? "metrics: $(routes "$V4") / $(routes "$V6"): $SAID"
	check_match "$(routes "$V4")" "nhid 4 via 10.1.1.1 dev t1" "IPv4"
	check_match "$(routes "$V6")" "nhid 6 via 2001:db8:1::1 dev t1" "IPv6"
	in_ns "$near" sysctl -qw $compat=0
	once "$TMP/objects.yaml"
	for v in "$V4" "$V6"; do
		check_match "$SAID" "$v dev t1: .*1000100.* set $compat to 1" "not told"
	done
	in_ns "$near" sysctl -qw $compat=1
	mend_t1
	once "$TMP/objects.yaml"
	metrics_are 100
	check_err $? "metrics: $(routes "$V4") / $(routes "$V6"): $SAID"
	ip -n "$near" nexthop flush > /dev/null
	clean t1
	log_test "routes by nexthop objects"
}

# Two routes of IPv6 with gateways and the same metric are one of two nexthops.
siblings_test()
{
	local both="nexthop via 2001:db8:1::1 dev t1 .*nexthop via 2001:db8:2::1 dev t2"
	local apart="via 2001:db8:2::1 dev t2 metric 100 .*"

	apart+="via 2001:db8:1::1 dev t1 metric 1000100 "
	fail_t1
	steer_file "$TMP/siblings.yaml" t1 "'$V6'" t2 "'$V6'"
	ip -n "$near" route add $V6 via 2001:db8:1::1 dev t1 metric 100
	ip -n "$near" -6 route append $V6 via 2001:db8:2::1 dev t2 metric 100
	check_match "$(routes "$V6")" "$both" "before"
	once "$TMP/siblings.yaml"
	check_match "$(routes "$V6" | xargs)" "^$V6 $apart" "apart: $SAID"
	[[ $(routes "$V6") != *static* ]]
	check_err $? "made anew: $(routes "$V6")"
	mend_t1
	once "$TMP/siblings.yaml"
	check_eq "$(routes "$V6" | grep -c "nexthop via .* dev t[12] ")" 2 \
		"together: $(routes "$V6"): $SAID"
	clean t1
	log_test "routes of IPv6 that are one"
}

# in_the_way WORDS PREFIX ROUTE...: with such a route nothing is done, and it says why
in_the_way()
{
	local words=$1 family=-4 before; shift

	[[ $1 != *:* ]] || family=-6
	ip -n "$near" $family route add "$@"
	check_err $? "route add $*"
	before=$(routes "$1")
	once "$TMP/way.yaml"
	check_match "$SAID" "$1 dev t1: the one with $words" "what it says of $*"
	check_eq "$(routes "$1")" "$before" "routes with $*"
	ip -n "$near" $family route del "$@"
	check_err $? "route del $*"
}

# Of what it cannot do anything about
way_test()
{
	local others="via 10.1.1.1 dev t1 nexthop via 10.1.2.1 dev t2"

	fail_t1
	steer_file "$TMP/way.yaml" t1 "$V4, '$V6'"
	# shellcheck disable=SC2086
	in_the_way "metric 100 .*a route for each" $V4 metric 100 nexthop $others
	in_the_way "metric 50 .*remove it" $V4 dev t1 metric 50
	in_the_way "metric 200 .*remove it" $V6 dev t1 metric 200
	ip -n "$near" route flush root $V4
	in_the_way "metric 100 .*one TOS or source" $V4 dev t1 metric 100 tos 0x10
	ip -n "$near" route add $V4 dev t1 metric 100
	in_the_way "metric 100 .*one TOS or source" $V4 dev t1 metric 100 tos 0x10
	ip -n "$near" route append $V4 via 10.1.1.1 dev t1 metric 100
	once "$TMP/way.yaml"
	check_match "$SAID" "metric 100 .*more than once" "two routes"
	ip -n "$near" route del $V4 via 10.1.1.1 dev t1 metric 100
	once "$TMP/way.yaml"
	# What is no worse than that of a tunnel that is down, and another way
	ip -n "$near" route add $V4 dev t1 metric 1000101
	ip -n "$near" route add $V4 dev t2 metric 50
	once "$TMP/way.yaml"
	check_eq "$SAID" "" "routes that are not in the way"
	mend_t1
	clean t1
	log_test "routes that are in the way"
}

# A device that is down has no routes, until it is up.
down_test()
{
	steer_file "$TMP/down.yaml" t1 "$V4, '$V6'" t99 "$V4"
	ip -n "$near" link set t1 down
	once "$TMP/down.yaml"
	check_eq "$? $SAID" "0 " "once"
	steer_start "$TMP/down.yaml"
	steer_ready
	check_eq "$(cat "$TMP/said")" "steering" "what it says"
	ip -n "$near" link set t1 up
	ip -n "$near" addr replace 2001:db8:1::/127 dev t1
	wait_metrics 100
	clean t1
	log_test "a device that is down, and one that is not there"
}

# told N WORDS: so many lines with them
told()
{
	check_eq "$(grep -cE "$2" "$TMP/said")" "$1" "lines with $2: $(cat "$TMP/said")"
}

# What has failed is told once, and done when it can be, without an event.
retry_test()
{
	local n

	steer_file "$TMP/retry.yaml" t1 "$V4, '$V6'"
	ip_batch "$near" <<-EOF
		addr add 10.9.9.9/32 dev t1
		route add $V4 via 10.1.1.1 dev t1 metric 100
		route add $V4 dev t1 metric 50
	EOF
	once "$TMP/retry.yaml"
	check_eq $? 1 "status of once"
	check_match "$SAID" "metric 50 .*not all routes" "once"
	steer_start "$TMP/retry.yaml"
	slowwait_for has_said "metric 50" 1
	sleep 2.5
	told 1 "metric 50"
	told 0 "^steering"
	ip -n "$near" route del $V4 dev t1 metric 50
	steer_ready
	metrics_are 100
	check_err $? "metrics: $(routes "$V4") / $(routes "$V6")"

	# Without an address of the device the gateway is nowhere.
	ip -n "$near" addr del 10.1.1.0/31 dev t1
	fail_t1
	slowwait_for has_said gateway 1
	sleep 1
	n=$(grep -c gateway "$TMP/said")
	sleep 2.5
	told "$n" "$V4 dev t1: .*gateway"
	told 1 "^steering"
	check_eq "$(metrics "$V4")" "100 " "metric"
	ip -n "$near" addr add 10.1.1.0/31 dev t1
	wait_metrics 1000100
	ip -n "$near" addr del 10.9.9.9/32 dev t1
	mend_t1
	clean t1
	log_test "what has failed is tried again"
}

# raced COMMAND...: of ip, while it is about to add the new route
raced()
{
	ip -n "$near" route add $V4 dev t1 metric 100
	: > "$TMP/trace"
	in_bg "$near" "$TMP/said" strace -qq -o "$TMP/trace" -e trace=sendto \
		-e inject=sendto:delay_enter=6000000:when=4 \
		"$MTCTL" steer -f "$TMP/raced.yaml" -once
	slowwait_for is_asked 3
	check_err $? "strace: $(cat "$TMP/trace")"
	sleep 1
	ip_batch "$near"
	check_err $? "ip"
	is_asked 5
	check_fail $? "too late: $(cat "$TMP/trace")"
	wait "$BG_PID"
	check_eq $? 0 "status"
	check_eq "$(metrics "$V4")" "1000100 " "metrics: $(cat "$TMP/said")"
	ip -n "$near" route flush root $V4
}

is_asked()
{
	[ "$(grep -c "sendto.* = " "$TMP/trace")" -ge "$1" ]
}

# For the family, health, and what there is; then for changes, which somebody else makes
raced_test()
{
	if ! command -v strace > /dev/null; then
		log_skip "others change the same routes" "strace is not installed"
		return
	fi
	fail_t1
	steer_file "$TMP/raced.yaml" t1 "$V4"
	raced <<< "route add $V4 dev t1 metric 1000100"
	raced <<-EOF
		route add $V4 dev t1 metric 1000100
		route del $V4 dev t1 metric 100
	EOF
	mend_t1
	clean t1
	log_test "others change the same routes"
}

# The groups of a family go with it, and those of the next one have no members.
unloaded_test()
{
	local name pids=() said=()

	steer_file "$TMP/unloaded.yaml" t1 "$V4, '$V6'"
	steer_start "$TMP/unloaded.yaml"
	steer_ready
	in_bg "$near" "$TMP/events" "$MTCTL" monitor
	slowwait_for grep -q "^listening for events$" "$TMP/events"
	pids=("$STEER_PID" "$BG_PID")
	said=("$TMP/said" "$TMP/events")
	for name in samples detect "monitor attacks"; do
		# shellcheck disable=SC2086
		in_bg "$near" "$TMP/${name// /-}" "$MTCTL" $name
		slowwait_for grep -q "^listening for " "$TMP/${name// /-}"
		pids+=("$BG_PID")
		said+=("$TMP/${name// /-}")
	done
	# One that has to be told by something else: what tells it is lost.
	in_bg "$near" "$TMP/stopped" "$MTCTL" monitor
	slowwait_for grep -q "^listening for events$" "$TMP/stopped"
	pids+=("$BG_PID")
	said+=("$TMP/stopped")
	kill -STOP "$BG_PID"
	in_ns "$near" "$PYTHON" "$TEST_DIR/steer.py" flood
	rmmod mtun
	check_err $? "rmmod mtun"
	load_mtun
	kill -CONT "$BG_PID"
	for name in "${!pids[@]}"; do
		slowwait_for has_ended "${pids[name]}"
		check_err $? "it runs on: $(tail -n 2 "${said[name]}")" || continue
		wait "${pids[name]}"
		check_eq $? 1 "status"
		check_match "$(tail -n 1 "${said[name]}")" "mtun.ko was unloaded" "text"
	done
	log_test "mtun is unloaded"
}

setup_prepare
run_tests "$@"
