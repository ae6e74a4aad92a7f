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
#  |  u0  192.0.2.1/24             --+-------+-- u0  192.0.2.2/24            |
#  |      2001:db8::1/64             |       |      2001:db8::2/64           |
#  |                                 |       |                               |
#  |  NAME  key 1, 10.1N.0.0/31     -+- - - -+- NAME  ip_gre  10.1N.0.1      |
#  |  uN  192.0.1N.1/24            --+-------+-- uN  192.0.1N.2/24           |
#  +---------------------------------+       +-------------------------------+
#
# At the far end of one of them, named both, is mtun, too. NAME and uN are for the
# cases that do something to the underlay: each has its own, so that they run at the
# same time.

# The cases that run one after the other, and all such lists at the same time
LANES=("style keepalive down_device show change"
       "carrier uni flap file anycast"
       "way late restart ipv6 guess refused loss spread"
       "steer both"
       "killed")
PY_GROUPS="answers enemy returned keepalives vendors third_party rate cisco"

ALL_TESTS=""
for name in ${LANES[*]}; do
	ALL_TESTS+="together:$name "
done
for name in $PY_GROUPS; do
	ALL_TESTS+="far_end:$name "
done

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ethtool tc "$PYTHON"
need_module veth ip_gre ip6_gre sch_netem

# By the number of their underlay
LINKS=([1]=cut [2]=way [3]=loss [4]=flap [5]=back [6]=steer [7]=killed
       [8]=both)
# Of one that loses little: together they see it sooner.
LOSSES="11 12 13 14 15 16 17 18"

# Fast enough to test, and slow enough for a machine that is busy
FAST="interval 100ms timeout 400ms down-window 600ms healthy-probes 10"
FAST+=" degraded-window 3s"
if [ "${MTUN_SLOW:-1}" -gt 1 ]; then
	FAST="interval 200ms timeout 1600ms down-window 2s healthy-probes 10"
	FAST+=" degraded-window 6s"
fi
# Where nothing may be lost, and nobody waits for a loss
PATIENT="interval 200ms timeout 1600ms down-window 2s"
[ "${MTUN_SLOW:-1}" -eq 1 ] || PATIENT="interval 800ms timeout 6s down-window 7s"

setup_prepare()
{
	local n

	setup_ns near far control wire_near wire_far
	setup_underlay "$near" "$far"
	setup_underlay "$wire_near" "$wire_far"
	setup_router "$far" "$wire_far"
	# What is captured has its checksums.
	in_ns "$wire_near" ethtool -K u0 tx off > /dev/null
	{
		echo "tunnel add g4 local 192.0.2.1 remote 192.0.2.2 key 1"
		echo "tunnel add g6 local 2001:db8::1 remote 2001:db8::2 key 2"
		echo "tunnel add m4 local 192.0.2.1 remote 192.0.2.2 key 3"
		echo "tunnel add m6 local 2001:db8::1 remote 2001:db8::2 key 4 csum on"
		for n in "${!LINKS[@]}"; do
			echo "tunnel add ${LINKS[n]} local 192.0.1$n.1 remote 192.0.1$n.2 key 1"
		done
	} | mt "$near" -b -
	mt "$far" -b - <<-EOF
		tunnel add m4 local 192.0.2.2 remote 192.0.2.1 key 3
		tunnel add m6 local 2001:db8::2 remote 2001:db8::1 key 4 csum on
		tunnel add both local 192.0.18.2 remote 192.0.18.1 key 1
	EOF
	{
		for n in "${!LINKS[@]}"; do
			echo "link add u$n type veth peer name u$n netns $far"
			echo "addr add 192.0.1$n.1/24 dev u$n"
			echo "link set u$n up"
			echo "addr add 10.1$n.0.0/31 dev ${LINKS[n]}"
			echo "link set ${LINKS[n]} up"
		done
		cat <<-EOF
			addr add 10.1.0.0/31 dev g4
			addr add 2001:db8:a::/127 dev g4
			addr add 10.2.0.0/31 dev g6
			addr add 10.3.0.0/31 dev m4
			link set g4 up
			link set g6 up
			link set m4 up
			link set m6 up
		EOF
	} | ip_batch "$near"
	{
		for n in "${!LINKS[@]}"; do
			echo "addr add 192.0.1$n.2/24 dev u$n"
			echo "link set u$n up"
			[ "${LINKS[n]}" = both ] ||
				far_device "${LINKS[n]}" "192.0.1$n" "10.1$n.0.1"
		done
		echo "addr add 10.18.0.1/31 dev both"
		echo "link set both up"
		far_device g4 192.0.2 10.1.0.1
		cat <<-EOF
			addr add 2001:db8:a::1/127 dev g4
			link add g6 type ip6gre local 2001:db8::2 remote 2001:db8::1 key 2 encaplimit none
			addr add 10.2.0.1/31 dev g6
			addr add 10.3.0.1/31 dev m4
			link set g6 up
			link set m4 up
			link set m6 up
		EOF
	} | ip_batch "$far"
	in_bg "$near" "$TMP/events" "$MTCTL" -j monitor
	slowwait_for grep -q "^listening for events$" "$TMP/events" ||
		skip_all "mtctl monitor says nothing"
	mkfifo "$TMP/never"
	start_lanes "${*:-$ALL_TESTS}"
}

# far_device NAME NET ADDRESS: for ip -batch
far_device()
{
	echo "link add $1 type gre local $2.2 remote $2.1 key 1"
	echo "addr add $3/31 dev $1"
	echo "link set $1 up"
}

##############################################################################
# Cases that run at the same time

# start_lanes CASES: those that are among them
start_lanes()
{
	local lane name groups=()

	for lane in "${LANES[@]}"; do
		for name in $lane; do
			[[ " $1 " == *" together:$name "* ]] || continue
			run_lane "$1" "$lane" &
			BG_PIDS+=("$!")
			break
		done
	done
	for name in $1; do
		[[ $name != far_end:* ]] || groups+=("${name#*:}")
	done
	[ ${#groups[@]} -gt 0 ] || return
	MTCTL=$MTCTL "$PYTHON" "$TEST_DIR/health.py" "$wire_near" "$wire_far" \
		"${groups[@]}" > "$TMP/result" 2> "$TMP/log" &
	PY_PID=$!
	BG_PIDS+=("$PY_PID")
}

# run_lane WANTED CASES
run_lane()
{
	local name begin

	trap 'kill -KILL $(jobs -p) 2> /dev/null' EXIT
	exec 4<> "$TMP/never"
	for name in $2; do
		[[ " $1 " == *" together:$name "* ]] || continue
		begin=$SECONDS
		# What was told before is none of its business.
		exec 3< "$TMP/events"
		while read -r _ <&3; do :; done
		STATE=()
		RET=0 TEST_NUM=0
		"${name}_test" > "$TMP/said.$name" 2>&1
		echo "$((SECONDS - begin))" > "$TMP/seconds.$name"
		mv "$TMP/said.$name" "$TMP/case.$name"
	done
}

has_case()
{
	[ -e "$TMP/case.$1" ]
}

# together CASE: what one of them has said, as if it had run now
together()
{
	local result

	# All that there is to wait for in it, one after the other
	busywait $((10 * WAIT_MS)) has_case "$1"
	if ! result=$(grep -E "^(not )?ok 1 " "$TMP/case.$1"); then
		say "$(cat "$TMP/said.$1")"
		check_err 1 "$1 has not come to an end"
		log_test "$1"
		return
	fi
	sed -E '/^(not )?ok 1 /d; s/^(# )?/# /' "$TMP/case.$1"
	[[ $result == ok* ]] || RET=1
	log_test "${result#*ok 1 } ($(cat "$TMP/seconds.$1") s)"
}

# far_end GROUP: a case of health.py
far_end()
{
	[ -z "$PY_PID" ] || wait "$PY_PID" || py_died
	PY_PID=
	py_result "$1"
}

# pause: nobody ever writes there, and no program has to be started
pause()
{
	read -r -t "$1" -u 4 _
}

##############################################################################
# What is there

# health NS NAME KEY: a word or a number of its JSON, into VALUE
health()
{
	local json

	json=$(mt "$1" -j health show "$2")
	VALUE=
	[[ $json =~ \"$3\":\"?([^\",}]*) ]] && VALUE=${BASH_REMATCH[1]}
}

# check_health NAME KEY WANTED
check_health()
{
	health "$near" "$1" "$2"
	check_eq "$VALUE" "$3" "$2 of $1"
}

# wait_above NAME KEY NUMBER
wait_above()
{
	local end=$((SECONDS + WAIT_TIMEOUT))

	while :; do
		health "$near" "$1" "$2"
		[ "${VALUE:-0}" -le "$3" ] || return
		if [ $SECONDS -gt $end ]; then
			check_err 1 "$2 of $1 is not above $3: $(mt "$near" -s health show "$1")"
			return
		fi
		pause 0.2
	done
}

declare -A STATE

# next_event: the next one that tells of a state, if there is one by now, into
# EVENT_NAME, EVENT_OLD, EVENT_STATE and EVENT_LINE
next_event()
{
	local line

	while IFS= read -r line <&3; do
		[[ $line == *'"event":"state"'* ]] || continue
		[[ $line =~ \"ifname\":\"([^\"]*)\" ]]
		EVENT_NAME=${BASH_REMATCH[1]}
		[[ $line =~ \"old_state\":\"([^\"]*)\" ]]
		EVENT_OLD=${BASH_REMATCH[1]}
		[[ $line =~ \"state\":\"([^\"]*)\" ]]
		EVENT_STATE=${BASH_REMATCH[1]}
		EVENT_LINE=$line
		STATE[$EVENT_NAME]=$EVENT_STATE
		return 0
	done
	return 1
}

# wait_state NAME STATE: as events tell it, however short it has it
wait_state()
{
	local end=$((SECONDS + WAIT_TIMEOUT))

	until [ "${STATE[$1]:-healthy}" = "$2" ]; do
		next_event && continue
		if [ $SECONDS -gt $end ]; then
			check_err 1 "$1 does not become $2: $(mt "$near" -s health show "$1")"
			return
		fi
		pause 0.05
	done
}

# told NAME: the states of those whose names begin like that, as told by now and not
# looked at before, into TOLD
told()
{
	TOLD=
	while next_event; do
		[[ $EVENT_NAME != "$1"* ]] || TOLD+="$EVENT_NAME $EVENT_STATE "
	done
}

# watch NAME SETTING..., where a loss is seen soon, and where there shall be none
watch()
{
	watch_at "$FAST" "$@"
}

watch_patiently()
{
	watch_at "$PATIENT" "$@"
}

watch_at()
{
	local speed=$1 name=$2; shift 2

	# shellcheck disable=SC2086
	mt "$near" health set "$name" $speed "$@"
	check_err $? "health set $name $*"
	STATE[$name]=healthy
}

# Back to what there was in the beginning
unwatch()
{
	local name

	for name; do
		echo "health set $name off style reply direction bi target auto" \
			"source auto carrier off interval mid timeout 800ms" \
			"down-window 1s healthy-probes 30 recover-probes 3" \
			"degraded-window 5m degraded-loss 0.1%" \
			"degraded-probes 2 answer on"
	done | mt "$near" -b -
}

# netem NS DEVICE RULE...: on what it sends; nothing for none
netem()
{
	local ns=$1 dev=$2; shift 2

	if [ $# -eq 0 ]; then
		in_ns "$ns" tc qdisc del dev "$dev" root
	else
		in_ns "$ns" tc qdisc replace dev "$dev" root netem "$@"
	fi
}

has_carrier()
{
	[ "$(in_ns "$near" cat "/sys/class/net/$1/carrier")" = 1 ]
}

##############################################################################

# Plain Linux at the far end answers requests, and routes replies back.
style_test()
{
	local style name

	for style in request reply; do
		for name in g4 g6; do
			watch_patiently "$name" probe style "$style"
		done
		for name in g4 g6; do
			wait_above $name answered 6
			check_health $name lost 0
			check_health $name state healthy
			health "$near" $name rtt_us
			[ "${VALUE:-0}" -gt 0 ]
			check_err $? "no round-trip time of $name"
		done
	done
	unwatch g4 g6
	log_test "probes, IPv4 and IPv6 outside, requests and replies"
}

ipv6_test()
{
	local style

	ip -n "$near" addr add 2001:db8:b::/127 dev back
	ip -n "$far" addr add 2001:db8:b::1/127 dev back
	# The kernel routes to an address of IPv6 a moment after it has it.
	slowwait_for ping_now "$near" 2001:db8:b::1
	check_err $? "the far end"
	for style in request reply; do
		watch_patiently back probe style "$style" source 2001:db8:b::
		wait_above back answered 5
		check_health back lost 0
		check_health back source_used 2001:db8:b::
		unwatch back
	done
	log_test "IPv6 in the tunnel, requests and replies"
}

# Whom probes are for, where only this end's addresses are known: the other one of two
guess_test()
{
	local near_has far_has source target

	while IFS=, read -r near_has far_has source target; do
		ip_batch "$near" <<-EOF
			addr flush dev back
			addr add $near_has dev back
		EOF
		ip -n "$far" addr add $far_has dev back
		slowwait_for ping_now "$near" "$target"
		check_err $? "$target"
		watch_patiently back probe style request
		wait_above back answered 3
		check_health back lost 0
		check_health back source_used "$source"
		check_health back target_used "$target"
		unwatch back
		ip -n "$far" addr del $far_has dev back
	done <<-EOF
		10.99.0.1 peer 10.99.0.2/32,10.99.0.2 peer 10.99.0.1/32,10.99.0.1,10.99.0.2
		10.99.1.1/30,10.99.1.2/30,10.99.1.1,10.99.1.2
		2001:db8:d::1 peer 2001:db8:d::2/128,2001:db8:d::2 peer 2001:db8:d::1/128,2001:db8:d::1,2001:db8:d::2
		2001:db8:e::2/126,2001:db8:e::1/126,2001:db8:e::2,2001:db8:e::1
	EOF
	ip_batch "$near" <<-EOF
		addr flush dev back
		addr add 10.15.0.0/31 dev back
	EOF
	log_test "who is at the other end"
}

# What comes back outside comes from the far end's address of the underlay.
uni_test()
{
	local before after

	watch_patiently cut probe style request direction uni
	wait_above cut answered 5
	check_health cut lost 0
	before=$(stat_get "$near" cut rx_packets)
	wait_above cut answered 15
	after=$(stat_get "$near" cut rx_packets)
	check_eq "$((after - before))" 0 "received through the tunnel"
	ping_once "$near" 192.0.11.2
	check_err $? "ping of somebody else"
	unwatch cut

	# An address that is not the far end's own is routed back, too.
	watch cut probe direction uni target 192.0.11.77
	wait_above cut answered 5
	unwatch cut
	log_test "probes that come back outside of the tunnel"
}

keepalive_test()
{
	local name

	for name in m4 m6; do
		watch_patiently "$name" keepalive
	done
	for name in m4 m6; do
		wait_above "$name" answered 8
		check_health "$name" lost 0
		stat_above "$far" "$name" keepalives 0
		check_err $? "far has counted none of $name"
	done
	# Nor does the far end's stack, a router's, send it back.
	for name in m4 m6; do
		mt "$far" health set "$name" answer off
	done
	for name in m4 m6; do
		wait_state "$name" down
		stat_above "$far" "$name" rx-keepalive 0
		check_err $? "what is not answered of $name is not counted"
		mt "$far" health set "$name" answer on
	done
	for name in m4 m6; do
		wait_state "$name" healthy
	done
	unwatch m4 m6
	log_test "keepalives, IPv4 and IPv6, answered and not"
}

carrier_test()
{
	local sent

	watch cut probe carrier on
	wait_above cut answered 3
	has_carrier cut
	check_err $? "carrier at first"
	ip -n "$far" link set u1 down
	wait_state cut down
	check_match "$EVENT_LINE" '"old_state":"(healthy|degraded)".*"reason":"all-lost".*"health":0.0' \
		"what is told"
	[[ $EVENT_LINE == *'"rtt_us":'* ]]
	check_err $? "a round-trip time is told: $EVENT_LINE"
	check_health cut reason all-lost
	check_health cut health 0.0
	has_carrier cut
	check_fail $? "carrier while down"
	health "$near" cut sent
	sent=$VALUE
	wait_above cut sent "$((sent + 2))"
	ip -n "$far" link set u1 up
	wait_state cut degraded
	check_match "$EVENT_LINE" '"old_state":"down".*"reason":"answers"' "what is told"
	has_carrier cut
	check_err $? "carrier when it is back"
	wait_state cut healthy
	check_match "$EVENT_LINE" '"old_state":"degraded".*"reason":"no-loss"' \
		"what is told"
	check_health cut reason no-loss

	ip -n "$far" link set u1 down
	wait_state cut down
	mt "$near" health set cut carrier off
	has_carrier cut
	check_err $? "carrier when that is off"
	mt "$near" health set cut carrier on
	has_carrier cut
	check_fail $? "carrier when that is on"
	mt "$near" health set cut off
	has_carrier cut
	check_err $? "carrier of a tunnel that is not watched"
	ip -n "$far" link set u1 up
	unwatch cut
	# The case after this one is about packets that are not lost.
	slowwait_for ping_now "$near" 192.0.11.2
	check_err $? "the underlay is back"
	log_test "the underlay is cut; carrier and events"
}

# Two that have no carrier, because nothing comes from the other one, find each other.
both_test()
{
	local a=10.97.0. b=2001:db8:97:: style near_uses far_uses

	both_addresses "$near" 1 2 "$a" "$b"
	both_addresses "$far" 2 1 "$a" "$b"
	# With the addresses of the device, and with others
	# shellcheck disable=SC2086
	while read -r style near_uses; do
		far_uses=${near_uses//"${a}1"/"${a}2"}
		[[ $near_uses != *target* ]] || far_uses="source ${b}2 target ${b}1"
		mt "$far" health set both $FAST probe style $style carrier on $far_uses
		watch both probe style $style carrier on $near_uses
		netem "$near" u8 loss 100%
		wait_state both down
		wait_far_down
		has_carrier both
		check_fail $? "carrier while down, $style $near_uses"
		netem "$near" u8
		wait_state both degraded
		wait_state both healthy
		has_carrier both
		check_err $? "carrier in the end, $style $near_uses"
		mt "$far" health set both off source auto target auto
		unwatch both
	done <<-EOF
		request
		reply
		reply source ${a}1
		request source ${b}1 target ${b}2
	EOF
	log_test "both ends have lost the carrier"
}

# both_addresses NS OWN OTHER IPV4 IPV6: that are not of the device
both_addresses()
{
	ip_batch "$1" <<-EOF
		addr add $4$2/32 dev lo
		addr add $5$2/128 dev lo
		route add $4$3 dev both
		route add $5$3 dev both
	EOF
}

wait_far_down()
{
	local end=$((SECONDS + WAIT_TIMEOUT))

	while :; do
		health "$far" both state
		[ "$VALUE" != down ] || return
		[ $SECONDS -le $end ]
		check_err $? "the far end is $VALUE" || return
		pause 0.2
	done
}

way_test()
{
	local ns

	watch way probe
	for ns in "$near" "$far"; do
		netem "$ns" u2 loss 100%
		wait_state way down
		netem "$ns" u2
		wait_state way healthy
	done
	unwatch way
	log_test "one direction is cut"
}

# A down-window that has less to spare than timers are late
late_test()
{
	watch_at "interval 3s timeout 990ms down-window 1s" way probe
	netem "$near" u2 loss 100%
	wait_state way down
	netem "$near" u2
	unwatch way
	log_test "timers that are late"
}

loss_test()
{
	local n

	# 1 % is too much for a tunnel that has to be better than 0.1 %. Of many it
	# does not take long until one sees it.
	for n in $LOSSES; do
		echo "tunnel add loss$n local 192.0.13.1 remote 192.0.13.2 key $n"
		echo "health set loss$n $FAST probe degraded-probes 1" \
			"direction uni target 192.0.13.77"
	done | mt "$near" -b -
	for n in $LOSSES; do
		echo "link add loss$n type gre local 192.0.13.2 remote 192.0.13.1 key $n"
		echo "link set loss$n up"
	done | ip_batch "$far"
	for n in $LOSSES; do
		echo "link set loss$n up"
	done | ip_batch "$near"
	netem "$near" u3 loss 1%
	wait_any_degraded
	check_match "$EVENT_LINE" '"reason":"some-lost"' "what is told"
	told loss
	[[ $TOLD != *down* ]]
	check_err $? "down by 1 %: $TOLD"
	for n in $LOSSES; do
		echo "tunnel del loss$n"
	done | mt "$near" -b -

	watch loss probe degraded-loss 5% degraded-probes 4
	netem "$near" u3 loss 30%
	wait_state loss degraded
	netem "$near" u3 loss 100%
	wait_state loss down
	netem "$near" u3
	wait_state loss healthy
	unwatch loss
	log_test "1 %, 30 % and all are lost"
}

wait_any_degraded()
{
	local end=$((SECONDS + WAIT_TIMEOUT))

	while :; do
		if next_event; then
			[[ $EVENT_NAME$EVENT_STATE != loss*degraded ]] || return
			continue
		fi
		if [ $SECONDS -gt $end ]; then
			check_err 1 "none is degraded: $(mt "$near" -s health show loss11)"
			return
		fi
		pause 0.05
	done
}

# Up only after so many answers in a row: what flaps stays down.
flap_test()
{
	local i

	watch flap probe recover-probes 255
	netem "$near" u4 loss 100%
	wait_state flap down
	for i in 1 2 3; do
		netem "$near" u4 loss 0%
		pause 0.5
		netem "$near" u4 loss 100%
		pause 0.3
	done
	netem "$near" u4
	health "$near" flap answered
	[ "$VALUE" -gt 9 ]
	check_err $? "only $VALUE answers: it has not flapped"
	told flap
	check_eq "$TOLD" "" "what is told while it flaps"
	check_health flap state down
	mt "$near" health set flap recover-probes 3
	wait_state flap degraded
	unwatch flap
	log_test "flapping is no recovery"
}

restart_test()
{
	watch back probe style request
	wait_above back answered 3
	ip -n "$far" link del back
	wait_state back down
	far_device back 192.0.15 10.15.0.1 | ip_batch "$far"
	wait_state back healthy
	unwatch back
	log_test "the far end is restarted"
}

down_device_test()
{
	watch g6 probe
	wait_above g6 answered 3
	ip -n "$near" link set g6 down
	check_health g6 state ""
	ip -n "$near" link set g6 up
	wait_above g6 answered 3
	check_health g6 state healthy
	unwatch g6
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
	watch m4 probe
	wait_above m4 answered 5
	mt "$near" health set m4 interval 200ms
	health "$near" m4 sent
	[ "$VALUE" -gt 4 ]
	check_err $? "probes after a change of the interval"
	mt "$near" health set m4 keepalive interval 10s
	health "$near" m4 sent
	[ "$VALUE" -lt 4 ]
	check_err $? "$VALUE keepalives at once"
	mt "$near" health set m4 interval 200ms
	wait_above m4 answered 5
	check_health m4 lost 0
	unwatch m4
	check_health m4 state ""
	log_test "settings change"
}

refused_test()
{
	local out

	out=$(mt "$near" health set nowhere probe 2>&1)
	check_match "$out" "name nowhere belongs to no device" "no device"
	out=$(mt "$near" health set u0 probe 2>&1)
	check_match "$out" "belongs to a device that is no tunnel" "no tunnel"
	out=$(mt "$near" health set back interval 99ms 2>&1)
	check_match "$out" "interval must be 100 ms to 1 h" "interval"
	out=$(mt "$near" health set back timeout 2s 2>&1)
	check_match "$out" "timeout must be less than down-window" "timeout"
	out=$(mt "$near" health set back target 224.0.0.1 2>&1)
	check_match "$out" "target must be the address of a host" "target"
	out=$(mt "$near" health set back source 10.15.0.0 target ::1 2>&1)
	check_match "$out" "source must be of the same family" "families"
	out=$(mt "$near" health set back probee 2>&1)
	check_match "$out" "did you mean \"probe\"" "a word"
	out=$(mt "$near" health set back 2>&1)
	check_match "$out" "say what to change" "no word"
	check_eq "$(mt "$near" health show back)" "back: not watched" "as it was"
	# one of source and target is the tunnel's, of its family
	mt "$near" tunnel add f4 local 192.0.2.1 remote 192.0.2.9
	mt "$near" health set f4 probe direction uni source 192.0.2.3
	check_err $? "a source alone"
	out=$(mt "$near" tunnel set f4 local 2001:db8::1 remote 2001:db8::9 2>&1)
	check_match "$out" "remote must be of the family of health" "another family"
	mt "$near" tunnel del f4
	log_test "what is refused"
}

file_test()
{
	local out

	cat > "$TMP/yaml" <<-EOF
		defaults:
		  tunnel:
		    local: 192.0.2.1
		    health: {mode: probe, interval: high}
		tunnels:
		  f1: {remote: 198.51.100.1}
		  f2: {remote: 198.51.100.2, health: {mode: keepalive, retries: 5}}
		  f3: {remote: 198.51.100.3, health: {mode: "off"}}
	EOF
	out=$(mt "$control" apply -f "$TMP/yaml")
	check_match "$out" "health f1  mode off -> probe  interval 5s -> 1s" "f1"
	check_match "$out" "health f2  mode off -> keepalive" "f2"
	out=$(mt "$control" apply -f "$TMP/yaml")
	check_match "$out" "0 added, 0 changed, 0 removed" "once more"
	health "$control" f2 down_probes
	check_eq "$VALUE" 5 "retries"
	mt "$control" export > "$TMP/exported"
	grep -A 9 "f2:" "$TMP/exported" | grep -q "down-probes: 5"
	check_err $? "export: $(cat "$TMP/exported")"
	out=$(mt "$control" apply -f "$TMP/exported")
	check_match "$out" "0 added, 0 changed, 0 removed" "what was exported"
	mt "$control" -j export > "$TMP/exported"
	out=$(mt "$control" apply -f "$TMP/exported")
	check_match "$out" "0 added, 0 changed, 0 removed" "the same as JSON"
	sed -i 's/high/2s/' "$TMP/yaml"
	out=$(mt "$control" apply -f "$TMP/yaml" -prune)
	check_match "$out" "health f1  interval 1s -> 2s" "a change"
	echo "tunnels: {}" | mt "$control" apply -f - -prune > "$TMP/applied"
	check_err $? "$(cat "$TMP/applied")"
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
assert {"g4", "g6", "m4", "m6"} <= set(names), names'
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
		echo "health set s$i probe source 10.9.0.1 interval 10s"
	done | mt "$near" -b -
	capture_start "$near" u0 "$TMP/spread.pcap" -c 130 \
		"ip proto 47 and dst net 198.51.100.0/24" ||
		check_err 1 "no capture"
	ip -n "$near" route add 198.51.100.0/24 via 192.0.2.2
	for i in {1..60}; do
		echo "link set s$i up"
	done | ip_batch "$near"
	capture_wait "$CAPTURE_PID"
	check_err $? "not all have sent"
	# The first packet of each. To bring all of them up takes a second or so.
	out=$(tcpdump -nr "$TMP/spread.pcap" -tt 2> /dev/null |
		awk '!seen[$5]++ { at[++n] = $1; while ($1 > at[first + 1] + 2) first++
				   if (n - first > most) most = n - first }
		     END { print n, most }')
	[ "${out% *}" -ge 30 ] && [ "${out#* }" -lt 30 ]
	check_err $? "of 60 with 10 seconds: ${out% *} have sent, ${out#* } within 2 seconds"
	for i in {1..60}; do
		echo "tunnel del s$i"
	done | mt "$near" -b -
	ip -n "$near" route del 198.51.100.0/24
	log_test "many tunnels spread what they send"
}

# metrics PREFIX4 PREFIX6: of all routes to these, into METRICS, as "100 / 100 "
metrics()
{
	local line

	METRICS=
	while read -r line; do
		[[ $line != / ]] || METRICS+="/ "
		[[ ! $line =~ metric\ ([0-9]+) ]] ||
			METRICS+="${BASH_REMATCH[1]} "
	done < <(ip -n "$near" -4 route show "$1"
		 echo /
		 ip -n "$near" -6 route show "$2")
}

# wait_metrics PREFIX4 PREFIX6 METRIC: both have a route with it, and no other
wait_metrics()
{
	local end=$((SECONDS + WAIT_TIMEOUT))

	while :; do
		metrics "$1" "$2"
		[ "$METRICS" != "$3 / $3 " ] || return
		if [ $SECONDS -gt $end ]; then
			check_err 1 "metrics $METRICS, not $3: $(cat "$TMP/steer")"
			return
		fi
		pause 0.2
	done
}

# never_without FILE LINES PREFIX...: of what "ip monitor" has told behind those, with
# one route to each prefix at first, no route has gone before another came
never_without()
{
	local file=$1 lines=$2; shift 2

	awk -v skip="$lines" -v ours=" $* " 'NR <= skip { next }
	     { gone = /^Deleted/; prefix = $(gone ? 2 : 1) }
	     !index(ours, " " prefix " ") { next }
	     { n[prefix] += gone ? -1 : 1; if (n[prefix] < 0) bad = 1; seen = 1 }
	     END { exit !(seen && !bad) }' "$file"
	check_err $? "a moment without a route: $(grep -F "$1" "$file")"
}

steer_file()
{
	cat <<-EOF
		tunnels:
		  $1:
		    local: $2.1
		    remote: $2.2
		    key: 1
		    steer: {routes: [$3, "$4"], metric: 100}
	EOF
}

# steer_start FILE
steer_start()
{
	: > "$TMP/steer"
	in_bg "$near" "$TMP/steer" "$MTCTL" steer -f "$1"
	STEER_PID=$BG_PID
}

steer_ready()
{
	local end=$((SECONDS + WAIT_TIMEOUT))

	until [[ $(< "$TMP/steer") == *$'steering'* ]]; do
		[ $SECONDS -le $end ]
		check_err $? "mtctl steer: $(cat "$TMP/steer")" || return
		pause 0.1
	done
}

steer_test()
{
	local v4=203.0.113.0/24 v6=2001:db8:f::/48 lines

	steer_file steer 192.0.16 $v4 $v6 > "$TMP/steer.yaml"
	in_bg "$near" "$TMP/routes" stdbuf -oL ip monitor route
	watch steer probe degraded-loss 5%
	ip -n "$near" route add $v4 via 10.16.0.1 dev steer metric 100 mtu 1300
	steer_start "$TMP/steer.yaml"
	steer_ready
	wait_metrics $v4 $v6 100
	lines=$(wc -l < "$TMP/routes")
	netem "$near" u6 loss 30%
	wait_state steer degraded
	wait_metrics $v4 $v6 500100
	netem "$near" u6 loss 100%
	wait_metrics $v4 $v6 1000100
	[[ $(ip -n "$near" route show $v4) == *via\ 10.16.0.1*mtu\ 1300* ]]
	check_err $? "the same route: $(ip -n "$near" route show $v4)"
	never_without "$TMP/routes" "$lines" $v4 $v6
	grep -q "$v4 .* metric 500100 " "$TMP/routes"
	check_err $? "no route of a degraded tunnel: $(grep -F $v4 "$TMP/routes")"

	# Dead while the tunnel comes back, and somebody else has meddled.
	stop_bg "$STEER_PID" KILL
	metrics $v4 $v6
	check_eq "$METRICS" "1000100 / 1000100 " "when it was killed"
	ip -n "$near" route add $v4 via 10.16.0.1 dev steer metric 500100
	netem "$near" u6
	wait_state steer healthy
	steer_start "$TMP/steer.yaml"
	wait_metrics $v4 $v6 100

	# A device that was down has lost its routes.
	ip -n "$near" link set steer down
	ip -n "$near" link set steer up
	wait_metrics $v4 $v6 100
	stop_bg "$STEER_PID"
	mt "$near" health set steer off
	mt "$near" steer -f "$TMP/steer.yaml" -once > "$TMP/steer" 2>&1
	check_err $? "once: $(cat "$TMP/steer")"
	metrics $v4 $v6
	check_eq "$METRICS" "100 / 100 " "once"
	log_test "mtctl steer"
}

# check_left: whatever has been killed, there is a route to each, with a metric of ours
check_left()
{
	[[ $METRICS =~ ^((100|500100|1000100)\ )+/\ ((100|500100|1000100)\ )+$ ]]
	check_err $? "$1: metrics $METRICS"
}

# is_monitored FILE DEVICE: once "ip monitor" listens, a route that comes and goes is told
is_monitored()
{
	ip -n "$near" route add 203.0.115.0/24 dev "$2" &&
		ip -n "$near" route del 203.0.115.0/24 dev "$2"
	[ -s "$1" ]
}

# Ahead of each of the messages that it sends, while all routes have another metric
killed_test()
{
	local v4=203.0.114.0/24 v6=2001:db8:e::/48 n status places

	if ! command -v strace > /dev/null; then
		log_skip "mtctl steer is killed" "strace is not installed"
		return
	fi
	steer_file killed 192.0.17 $v4 $v6 > "$TMP/killed.yaml"
	watch killed probe
	netem "$near" u7 loss 100%
	: > "$TMP/killed.routes"
	in_bg "$near" "$TMP/killed.routes" stdbuf -oL ip monitor route
	slowwait_for is_monitored "$TMP/killed.routes" killed
	check_err $? "nobody tells of routes"
	ip_batch "$near" <<-EOF
		route add $v4 dev killed metric 1000100
		route add $v6 dev killed metric 1000100
	EOF
	wait_state killed down
	for ((n = 1; n < 40; n++)); do
		ip_batch "$near" <<-EOF
			route add $v4 dev killed metric 100
			route add $v6 dev killed metric 100
			route del $v4 dev killed metric 1000100
			route del $v6 dev killed metric 1000100
		EOF
		in_ns "$near" strace -qq -o /dev/null -e trace=sendto \
			-e inject=sendto:signal=KILL:when=$n \
			"$MTCTL" steer -f "$TMP/killed.yaml" -once \
			> "$TMP/killed.said" 2>&1
		status=$?
		metrics $v4 $v6
		check_left "killed at $n"
		[ $status -ne 0 ] || break
		mt "$near" steer -f "$TMP/killed.yaml" -once > "$TMP/killed.said" 2>&1
		metrics $v4 $v6
		check_eq "$METRICS" "1000100 / 1000100 " "once more, $n" || break
	done
	check_eq "$status" 0 "not killed any more: $(cat "$TMP/killed.said")"
	check_eq "$METRICS" "1000100 / 1000100 " "in the end"
	# To ask for the family, health, and of IPv4 and IPv6 for what there is, a new
	# route, and that the old one goes
	places=$((n - 1))
	[ "$places" -ge 8 ]
	check_err $? "killed at $places places only"

	# Whenever it likes, while the state changes
	for n in 1 2 3 4; do
		if ((n % 2)); then
			netem "$near" u7
		else
			netem "$near" u7 loss 100%
		fi
		steer_start "$TMP/killed.yaml"
		pause $((RANDOM % 2)).$((RANDOM % 10))
		stop_bg "$STEER_PID" KILL
		metrics $v4 $v6
		check_left "killed in round $n"
	done
	netem "$near" u7
	steer_start "$TMP/killed.yaml"
	wait_state killed healthy
	wait_metrics $v4 $v6 100
	stop_bg "$STEER_PID"
	never_without "$TMP/killed.routes" 0 $v4 $v6
	unwatch killed
	log_test "mtctl steer is killed at $places places and at any time"
}

setup_prepare "$@"
run_tests "$@"
