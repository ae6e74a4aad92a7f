#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whether the health of tunnels is what their paths are: probes in all styles and
# directions, keepalives, and paths that are cut, lose packets, flap and return.
# health.py makes the packets of other vendors, and those of an enemy.
#
#  +- near (mtun) -------------------+       +- far -------------------------+
#  |  g4  key 1, 10.1.0.0/31        -+- - - -+- g4  ip_gre    10.1.0.1       |
#  |             2001:db8:a::/127    |       |                2001:db8:a::1  |
#  |  g6  key 2, 10.2.0.0/31        -+- - - -+- g6  ip6gre    10.2.0.1       |
#  |  m4  key 3, 10.3.0.0/31        -+- - - -+- m4  mtun      10.3.0.1       |
#  |  m6  key 4, csum on            -+- - - -+- m6  mtun                     |
#  |  u0  192.0.2.1/24             --+-------+- u0  192.0.2.2/24             |
#  |      2001:db8::1/64             |       |      2001:db8::2/64           |
#  +---------------------------------+       +-------------------------------+

ALL_TESTS="style_test:g4:request style_test:g4:reply style_test:g6:request
	   style_test:g6:reply ipv6_test:request ipv6_test:reply uni_test
	   keepalive_test:m4 keepalive_test:m6 carrier_test one_way_test
	   loss_test flap_test restart_test down_device_test anycast_test
	   change_test refused_test file_test show_test spread_test
	   steer_test
	   py_result:answers py_result:enemy py_result:keepalives
	   py_result:vendors py_result:third_party py_result:rate"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ethtool tc "$PYTHON"
need_module veth ip_gre ip6_gre sch_netem

# Fast enough to test, and slow enough for a machine that is busy
FAST="interval 100ms timeout 400ms down-window 600ms healthy-probes 10"
FAST+=" degraded-window 3s"

setup_prepare()
{
	setup_ns near far control
	setup_underlay "$near" "$far"
	setup_router "$far"
	# What is captured has its checksums.
	in_ns "$near" ethtool -K u0 tx off > /dev/null
	mt "$near" -b - <<-EOF
		tunnel add g4 local 192.0.2.1 remote 192.0.2.2 key 1
		tunnel add g6 local 2001:db8::1 remote 2001:db8::2 key 2
		tunnel add m4 local 192.0.2.1 remote 192.0.2.2 key 3
		tunnel add m6 local 2001:db8::1 remote 2001:db8::2 key 4 csum on
	EOF
	mt "$far" -b - <<-EOF
		tunnel add m4 local 192.0.2.2 remote 192.0.2.1 key 3
		tunnel add m6 local 2001:db8::2 remote 2001:db8::1 key 4 csum on
	EOF
	far_device
	ip_batch "$far" <<-EOF
		link add g6 type ip6gre local 2001:db8::2 remote 2001:db8::1 key 2 encaplimit none
		addr add 10.2.0.1/31 dev g6
		addr add 10.3.0.1/31 dev m4
		link set g6 up
		link set m4 up
		link set m6 up
	EOF
	ip_batch "$near" <<-EOF
		addr add 10.1.0.0/31 dev g4
		addr add 2001:db8:a::/127 dev g4
		addr add 10.2.0.0/31 dev g6
		addr add 10.3.0.0/31 dev m4
		link set g4 up
		link set g6 up
		link set m4 up
		link set m6 up
	EOF
	in_bg "$near" "$TMP/events" "$MTCTL" -j monitor
	slowwait_for grep -q "^listening for events$" "$TMP/events" ||
		skip_all "mtctl monitor says nothing"
	# For those who want other cases only, it takes its time.
	[ $# -eq 0 ] || [[ $* == *py_result* ]] || return
	MTCTL=$MTCTL "$PYTHON" "$TEST_DIR/health.py" "$near" "$far" \
		> "$TMP/result" 2> "$TMP/log" || say "$(tail -n 5 "$TMP/log")"
}

far_device()
{
	ip_batch "$far" <<-EOF
		link add g4 type gre local 192.0.2.2 remote 192.0.2.1 key 1
		addr add 10.1.0.1/31 dev g4
		addr add 2001:db8:a::1/127 dev g4
		link set g4 up
	EOF
}

# health NS NAME KEY: a word or a number of its JSON
health()
{
	local json

	json=$(mt "$1" -j health show "$2")
	[[ $json =~ \"$3\":\"?([^\",}]*) ]] && echo "${BASH_REMATCH[1]}"
}

state_is()
{
	[ "$(health "$near" "$1" state)" = "$2" ]
}

# wait_state NAME STATE
wait_state()
{
	slowwait_for state_is "$1" "$2"
	check_err $? "$1 does not become $2: $(mt "$near" -s health show "$1")"
}

health_above()
{
	[ "$(health "$near" "$1" "$2")" -gt "$3" ]
}

# wait_above NAME KEY NUMBER
wait_above()
{
	slowwait_for health_above "$@"
	check_err $? "$2 of $1 is not above $3: $(mt "$near" -s health show "$1")"
}

watch()
{
	local name=$1; shift

	# shellcheck disable=SC2086
	mt "$near" health set "$name" $FAST "$@"
	check_err $? "health set $name $*"
}

# Back to what there was in the beginning
unwatch()
{
	mt "$near" health set "$1" off style reply direction bi target auto \
		source auto carrier off interval mid timeout 800ms \
		down-window 1s healthy-probes 30 degraded-window 5m answer on
}

# netem NS RULE...: on what it sends; nothing for none
netem()
{
	local ns=$1; shift

	in_ns "$ns" tc qdisc del dev u0 root 2> /dev/null
	[ $# -eq 0 ] || in_ns "$ns" tc qdisc add dev u0 root netem "$@"
}

has_carrier()
{
	[ "$(in_ns "$near" cat "/sys/class/net/$1/carrier")" = 1 ]
}

# events NAME STATE: how many times the monitor has told that it has that state now
events()
{
	grep -c "\"event\":\"state\".*\"ifname\":\"$1\".*\"state\":\"$2\"" \
		"$TMP/events"
}

seen_event()
{
	[ "$(events "$1" "$2")" -gt "$3" ]
}

# wait_event NAME STATE SEEN: until there are more of them than those seen before. A
# state may be over before anybody asks for it.
wait_event()
{
	slowwait_for seen_event "$@"
	check_err $? "no event $2 of $1: $(mt "$near" -s health show "$1")"
}

##############################################################################

# Plain Linux at the far end answers requests, and routes replies back.
style_test()
{
	local name=$1 style=$2

	watch "$name" probe style "$style"
	wait_above "$name" answered 6
	check_eq "$(health "$near" "$name" lost)" 0 "lost"
	check_eq "$(health "$near" "$name" state)" healthy "state"
	health_above "$name" rtt_us 0
	check_err $? "no round-trip time"
	unwatch "$name"
	log_test "probe $name, $style"
}

ipv6_test()
{
	watch g4 probe style "$1" source 2001:db8:a::
	wait_above g4 answered 5
	check_eq "$(health "$near" g4 lost)" 0 "lost"
	check_eq "$(health "$near" g4 source_used)" 2001:db8:a:: "source"
	unwatch g4
	log_test "IPv6 in the tunnel, $1"
}

# What comes back outside comes from the far end's address of the underlay.
uni_test()
{
	local before after

	watch g4 probe style request direction uni
	wait_above g4 answered 5
	check_eq "$(health "$near" g4 lost)" 0 "lost"
	before=$(stat_get "$near" g4 rx_packets)
	wait_above g4 answered 15
	after=$(stat_get "$near" g4 rx_packets)
	check_eq "$((after - before))" 0 "received through the tunnel"
	ping_now "$near" 192.0.2.2
	check_err $? "ping of somebody else"
	unwatch g4

	# An address that is not the far end's own is routed back, too.
	watch g4 probe direction uni target 192.0.2.77
	wait_above g4 answered 5
	unwatch g4
	log_test "probes that come back outside of the tunnel"
}

keepalive_test()
{
	local name=$1

	watch "$name" keepalive
	wait_above "$name" answered 8
	check_eq "$(health "$near" "$name" lost)" 0 "lost"
	stat_above "$far" "$name" keepalives 0
	check_err $? "far has counted none"
	# Of IPv6 the far end's stack routes back what says that it is its own.
	if [ "$name" = m4 ]; then
		mt "$far" health set "$name" answer off
		wait_state "$name" down
		mt "$far" health set "$name" answer on
		wait_state "$name" healthy
	fi
	unwatch "$name"
	log_test "keepalives, $name"
}

carrier_test()
{
	local sent seen

	watch g4 probe carrier on
	wait_above g4 answered 3
	has_carrier g4
	check_err $? "carrier at first"
	ip -n "$far" link set u0 down
	wait_state g4 down
	check_eq "$(health "$near" g4 reason)" all-lost "reason"
	check_eq "$(health "$near" g4 health)" 0.0 "health as a number"
	has_carrier g4
	check_fail $? "carrier while down"
	sent=$(health "$near" g4 sent)
	wait_above g4 sent "$((sent + 2))"
	seen=$(events g4 degraded)
	ip -n "$far" link set u0 up
	wait_event g4 degraded "$seen"
	has_carrier g4
	check_err $? "carrier when it is back"
	wait_state g4 healthy
	check_eq "$(health "$near" g4 reason)" no-loss "reason"
	wait_event g4 down 0
	wait_event g4 healthy 0

	ip -n "$far" link set u0 down
	wait_state g4 down
	mt "$near" health set g4 carrier off
	has_carrier g4
	check_err $? "carrier when that is off"
	mt "$near" health set g4 carrier on
	has_carrier g4
	check_fail $? "carrier when that is on"
	mt "$near" health set g4 off
	has_carrier g4
	check_err $? "carrier of a tunnel that is not watched"
	ip -n "$far" link set u0 up
	unwatch g4
	log_test "the underlay is cut; carrier and events"
}

one_way_test()
{
	local ns

	for ns in "$near" "$far"; do
		watch g4 probe
		wait_above g4 answered 3
		netem "$ns" loss 100%
		wait_state g4 down
		netem "$ns"
		wait_state g4 healthy
		unwatch g4
	done
	log_test "one direction is cut"
}

loss_test()
{
	local seen

	seen=$(events g4 degraded)
	# 1 % is too much for a tunnel that has to be better than 0.1 %.
	watch g4 probe degraded-probes 1
	netem "$near" loss 1%
	wait_event g4 degraded "$seen"
	netem "$near"

	unwatch g4
	watch g4 probe degraded-loss 5% degraded-probes 4
	netem "$near" loss 30%
	wait_state g4 degraded
	netem "$near" loss 100%
	wait_state g4 down
	netem "$near"
	wait_state g4 healthy
	mt "$near" health set g4 degraded-loss 0.1% degraded-probes 2
	unwatch g4
	log_test "30 % and all are lost"
}

# Up only after so many answers in a row: what flaps stays down.
flap_test()
{
	local i before

	watch g4 probe recover-probes 40
	wait_above g4 answered 3
	netem "$near" loss 100%
	wait_state g4 down
	before=$(events g4 degraded)
	for i in 1 2 3; do
		netem "$near"
		sleep 0.4
		netem "$near" loss 100%
		sleep 0.3
	done
	check_eq "$(health "$near" g4 state)" down "state"
	check_eq "$(events g4 degraded)" "$before" "events"
	netem "$near"
	wait_event g4 degraded "$before"
	mt "$near" health set g4 recover-probes 3
	unwatch g4
	log_test "flapping is no recovery"
}

restart_test()
{
	watch g4 probe style request
	wait_above g4 answered 3
	ip -n "$far" link del g4
	wait_state g4 down
	far_device
	wait_state g4 healthy
	unwatch g4
	log_test "the far end is restarted"
}

down_device_test()
{
	watch g4 probe
	wait_above g4 answered 3
	ip -n "$near" link set g4 down
	check_eq "$(health "$near" g4 state)" "" "state of a device that is down"
	ip -n "$near" link set g4 up
	wait_above g4 answered 3
	check_eq "$(health "$near" g4 state)" healthy "state of one that is up"
	unwatch g4
	# IPv6 addresses go with the device that is down.
	ip -n "$near" addr add 2001:db8:a::/127 dev g4
	log_test "a device that is down"
}

anycast_test()
{
	local out a="192.0.2.1 remote 192.0.2.9"

	mt "$near" tunnel add a4 local $a anycast on
	out=$(mt "$near" health set a4 keepalive 2>&1)
	check_match "$out" "mode must be probe for anycast" "keepalive"
	out=$(mt "$near" health set a4 probe 2>&1)
	check_match "$out" "direction must be uni for anycast" "bi"
	out=$(mt "$near" health set a4 probe direction uni 2>&1)
	check_match "$out" "source is needed for anycast" "no source"
	out=$(mt "$near" health set a4 probe direction uni source 192.0.2.1 2>&1)
	check_match "$out" "source must not be local" "the anycast address"
	mt "$near" health set a4 probe direction uni source 192.0.2.3
	check_err $? "an address of this node"
	out=$(mt "$near" health set a4 direction bi 2>&1)
	check_match "$out" "direction must be uni" "bi later"
	mt "$near" tunnel del a4

	mt "$near" tunnel add a4 local $a
	mt "$near" health set a4 probe
	out=$(mt "$near" tunnel set a4 anycast on 2>&1)
	check_match "$out" "anycast needs health off" "a tunnel that is watched"
	mt "$near" health set a4 keepalive
	out=$(mt "$near" tunnel set a4 iseq on 2>&1)
	check_match "$out" "without seq" "numbers"
	mt "$near" tunnel del a4
	log_test "what an anycast tunnel needs"
}

# Settings that change do not forget what was seen; another mode does.
change_test()
{
	local sent

	watch m4 probe
	wait_above m4 answered 5
	mt "$near" health set m4 interval 200ms
	health_above m4 sent 4
	check_err $? "probes after a change of the interval"
	mt "$near" health set m4 keepalive
	sent=$(health "$near" m4 sent)
	[ "$sent" -lt 5 ]
	check_err $? "$sent keepalives at once"
	wait_above m4 answered 5
	check_eq "$(health "$near" m4 lost)" 0 "lost"
	unwatch m4
	check_eq "$(health "$near" m4 state)" "" "state when it is off"
	log_test "settings change"
}

refused_test()
{
	local out

	out=$(mt "$near" health set nowhere probe 2>&1)
	check_match "$out" "name nowhere belongs to no device" "no device"
	out=$(mt "$near" health set u0 probe 2>&1)
	check_match "$out" "belongs to a device that is no tunnel" "no tunnel"
	out=$(mt "$near" health set g4 interval 99ms 2>&1)
	check_match "$out" "interval must be 100 ms to 1 h" "interval"
	out=$(mt "$near" health set g4 timeout 2s 2>&1)
	check_match "$out" "timeout must be less than down-window" "timeout"
	out=$(mt "$near" health set g4 target 224.0.0.1 2>&1)
	check_match "$out" "target must be the address of a host" "target"
	out=$(mt "$near" health set g4 source 10.1.0.0 target ::1 2>&1)
	check_match "$out" "source must be of the same family" "families"
	out=$(mt "$near" health set g4 probee 2>&1)
	check_match "$out" "did you mean \"probe\"" "a word"
	out=$(mt "$near" health set g4 2>&1)
	check_match "$out" "say what to change" "no word"
	check_eq "$(mt "$near" health show g4)" "g4: not watched" "as it was"
	log_test "what is refused"
}

file_test()
{
	local out

	cat > "$TMP/file" <<-EOF
		defaults:
		  tunnel:
		    local: 192.0.2.1
		    health: {mode: probe, interval: high}
		tunnels:
		  f1: {remote: 198.51.100.1}
		  f2: {remote: 198.51.100.2, health: {mode: keepalive, retries: 5}}
		  f3: {remote: 198.51.100.3, health: {mode: "off"}}
	EOF
	out=$(mt "$control" apply -f "$TMP/file")
	check_match "$out" "health f1  mode off -> probe  interval 5s -> 1s" "f1"
	check_match "$out" "health f2  mode off -> keepalive" "f2"
	out=$(mt "$control" apply -f "$TMP/file")
	check_match "$out" "0 added, 0 changed, 0 removed" "once more"
	check_eq "$(health "$control" f2 down_probes)" 5 "retries"
	mt "$control" export > "$TMP/exported"
	grep -A 9 "f2:" "$TMP/exported" | grep -q "down-probes: 5"
	check_err $? "export: $(cat "$TMP/exported")"
	out=$(mt "$control" apply -f "$TMP/exported")
	check_match "$out" "0 added, 0 changed, 0 removed" "what was exported"
	mt "$control" -j export > "$TMP/exported"
	out=$(mt "$control" apply -f "$TMP/exported")
	check_match "$out" "0 added, 0 changed, 0 removed" "the same as JSON"
	sed -i 's/high/2s/' "$TMP/file"
	out=$(mt "$control" apply -f "$TMP/file" -prune)
	check_match "$out" "health f1  interval 1s -> 2s" "a change"
	echo "tunnels: {}" | mt "$control" apply -f - -prune > "$TMP/out"
	check_err $? "$(cat "$TMP/out")"
	log_test "configuration files"
}

show_test()
{
	local out

	watch g4 probe
	wait_above g4 answered 3
	out=$(mt "$near" -s health show g4)
	check_match "$out" "g4: healthy \(start\) for [0-9]+s  rtt [0-9.]+ ms \(min" \
		"text"
	check_match "$out" "probes    [0-9]+ sent" "statistics"
	out=$(mt "$near" -d health show g4)
	check_match "$out" "mode probe style reply direction bi target auto" "all"
	mt "$near" -j health | "$PYTHON" -c '
import json, sys
names = [h["ifname"] for h in json.load(sys.stdin)]
assert names == ["g4", "g6", "m4", "m6"], names'
	check_err $? "JSON of all"
	unwatch g4
	log_test "mtctl health show"
}

# Many tunnels that are brought up at once do not send at once.
spread_test()
{
	local out

	for i in {1..60}; do
		echo "tunnel add s$i local 192.0.2.1 remote 198.51.100.$i"
		echo "health set s$i probe source 10.9.0.1 interval 3s"
	done | mt "$near" -b -
	capture_start "$near" u0 "$TMP/spread.pcap" -c 45 \
		"ip proto 47 and dst net 198.51.100.0/24" ||
		check_err 1 "no capture"
	ip -n "$near" route add 198.51.100.0/24 via 192.0.2.2
	for i in {1..60}; do
		echo "link set s$i up"
	done | ip_batch "$near"
	capture_wait "$CAPTURE_PID"
	check_err $? "not all have sent"
	out=$(tcpdump -nr "$TMP/spread.pcap" -tt 2> /dev/null |
		awk '{ at = substr($1, 1, 12); if (++n[at] > most) most = n[at] }
		     END { print most }')
	[ "$out" -lt 25 ]
	check_err $? "$out of 60 within a tenth of 3 seconds"
	for i in {1..60}; do
		echo "tunnel del s$i"
	done | mt "$near" -b -
	ip -n "$near" route del 198.51.100.0/24
	log_test "many tunnels spread what they send"
}

# metrics NS PREFIX: of all routes to it
metrics()
{
	local v=4

	[[ $2 != *:* ]] || v=6
	# shellcheck disable=SC2005
	echo $(ip -n "$1" -$v route show "$2" |
		sed -n 's/.* metric \([0-9]*\).*/\1/p')
}

metrics_are()
{
	[ "$(metrics "$near" 203.0.113.0/24)" = "$1" ] &&
		[ "$(metrics "$near" 2001:db8:f::/48)" = "$1" ]
}

wait_metrics()
{
	slowwait_for metrics_are "$1"
	check_err $? "metric $1: $(ip -n "$near" route show 203.0.113.0/24) $(
		ip -n "$near" -6 route show 2001:db8:f::/48) $(
		cat "$TMP/steer")"
}

# never_without LINES: of what "ip monitor" has told behind those, with one route
# at first, no route has gone before another came
never_without()
{
	awk -v skip="$1" 'BEGIN { n = 1 }
	     NR <= skip { next }
	     /203.0.113.0/ { n += /Deleted/ ? -1 : 1; if (n < 1) bad = 1 }
	     END { exit !(NR > skip && !bad) }' "$TMP/routes"
}

steer_start()
{
	in_bg "$near" "$TMP/steer" "$MTCTL" steer -f "$TMP/file"
	STEER_PID=$BG_PID
	slowwait_for grep -q "^steering$" "$TMP/steer"
	check_err $? "mtctl steer: $(cat "$TMP/steer")"
}

steer_test()
{
	local lines

	cat > "$TMP/file" <<-EOF
		tunnels:
		  g4:
		    local: 192.0.2.1
		    remote: 192.0.2.2
		    key: 1
		    steer: {routes: [203.0.113.0/24, "2001:db8:f::/48"], metric: 100}
	EOF
	in_bg "$near" "$TMP/routes" stdbuf -oL ip -4 monitor route
	slowwait_for test -e "$TMP/routes"
	watch g4 probe
	wait_above g4 answered 3
	ip -n "$near" route add 203.0.113.0/24 via 10.1.0.1 dev g4 metric 100 mtu 1300
	steer_start
	wait_metrics 100
	lines=$(wc -l < "$TMP/routes")
	netem "$near" loss 100%
	wait_metrics 1000100
	[[ $(ip -n "$near" route show 203.0.113.0/24) == *via\ 10.1.0.1*mtu\ 1300* ]]
	check_err $? "the same route: $(ip -n "$near" route show 203.0.113.0/24)"

	# Killed between two steps, and dead while the tunnel comes back
	stop_bg "$STEER_PID" KILL
	check_eq "$(metrics "$near" 203.0.113.0/24)" 1000100 "when it was killed"
	ip -n "$near" route add 203.0.113.0/24 via 10.1.0.1 dev g4 metric 500100
	netem "$near"
	wait_state g4 healthy
	steer_start
	wait_metrics 100
	never_without "$lines"
	check_err $? "a moment without a route: $(cat "$TMP/routes")"

	# A device that was down has lost its routes.
	ip -n "$near" link set g4 down
	ip -n "$near" link set g4 up
	ip -n "$near" addr add 2001:db8:a::/127 dev g4 2> /dev/null
	wait_metrics 100
	stop_bg "$STEER_PID"
	mt "$near" health set g4 off
	mt "$near" steer -f "$TMP/file" -once > "$TMP/steer" 2>&1
	check_err $? "once: $(cat "$TMP/steer")"
	check_eq "$(metrics "$near" 203.0.113.0/24)" 100 "once"
	ip -n "$near" route del 203.0.113.0/24
	ip -n "$near" route del 2001:db8:f::/48
	unwatch g4
	log_test "mtctl steer"
}

setup_prepare "$@"
run_tests "$@"
