#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ten thousand tunnels that are probed every second: what a probe costs, in
# instructions, when probes are sent, and whether everything is noticed and told when
# the way is cut and when it is back. To be run in a machine whose clock counts
# instructions (MTUN_VM_ACCEL=icount vm/run): there a second is a second however slow
# the host is.
#
# The far end is a rule that turns each GRE packet around: what is in it is addressed
# to its sender, and it has the same key both ways. That costs little, and is in the
# numbers below.
#
#  +- near -------------------------+       +- far -------------------------+
#  |  h0  key 0    source 10.9.0.1 -+- - - -+-.                             |
#  |   :                            |       |  | tc: back to the sender      |
#  |  h9999  key 9999              -+- - - -+-'                             |
#  |  u0  192.0.2.1/24            --+-------+-- u0  192.0.2.2/24            |
#  +--------------------------------+       +-------------------------------+
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/health.sh
#
# MTUN_BENCH_TUNNELS is how many.

ALL_TESTS="cost_test spread_test down_test up_test overrun_test"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

: "${MTUN_BENCH_TUNNELS:=10000}"
N=$MTUN_BENCH_TUNNELS
LIMIT=20000	# instructions
SECONDS_MEASURED=4

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
need_command tc tcpdump
need_module veth act_pedit act_mirred cls_u32 cls_matchall
[ -e "$TEST_DIR/fault/rtnl.ko" ] || skip_all "fault/rtnl.ko is not built"

setup_prepare()
{
	local mac_near mac_far i

	setup_ns near far
	# Nothing of this is IPv6: see scale.sh.
	in_ns "$near" sh -c \
		'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
	ip -n "$near" link add u0 type veth peer name u0 netns "$far"
	ip -n "$near" addr add 192.0.2.1/24 dev u0
	ip -n "$near" link set u0 up
	ip -n "$far" link set u0 up
	mac_near=$(in_ns "$near" cat /sys/class/net/u0/address)
	mac_far=$(in_ns "$far" cat /sys/class/net/u0/address)
	ip -n "$near" neigh replace 192.0.2.2 lladdr "$mac_far" nud permanent dev u0
	in_ns "$far" tc -batch - <<-END
		qdisc add dev u0 clsact
		filter add dev u0 ingress prio 9 protocol ip u32 match ip protocol 47 0xff action pedit ex munge eth src set $mac_far munge eth dst set $mac_near munge ip src set 192.0.2.2 munge ip dst set 192.0.2.1 pipe action mirred egress redirect dev u0
	END
	{
		echo "defaults:"
		echo "  tunnel:"
		echo "    local: 192.0.2.1"
		echo "    remote: 192.0.2.2"
		echo "    health: {mode: probe, interval: high, source: 10.9.0.1, healthy-probes: 5}"
		echo "tunnels:"
		for ((i = 0; i < N; i++)); do
			echo "  h$i: {key: $i}"
		done
	} > "$TMP/yaml"
	mt "$near" apply -f "$TMP/yaml" | tail -n 1
	in_bg "$near" "$TMP/events" "$MTCTL" monitor
	MONITOR=$BG_PID
	slowwait_for grep -q "^listening" "$TMP/events"
	measure base
	# All of them, by one request
	ip -n "$near" link set group default up
	sleep 2
}

# measure NAME: how many probes were sent and answered, and for how many ns the
# machine was at work, meanwhile, into $TMP/NAME. The shell starts nothing but sleep.
measure()
{
	# shellcheck disable=SC2016
	in_ns "$near" sh -c '
		cd /sys/class/net/u0/statistics
		look()
		{
			read -r up idle < /proc/uptime
			read -r tx < tx_packets
			read -r rx < rx_packets
			echo "$up $idle $tx $rx"
		}
		look
		sleep "$1"
		look' sh $SECONDS_MEASURED > "$TMP/look"
	awk '{ up = $1 - up; idle = $2 - idle; tx = $3 - tx; rx = $4 - rx }
	     END { printf "%d %d %d\n", tx, rx, (up - idle) * 1000000000 }' \
		"$TMP/look" > "$TMP/$1"
}

# hold_rtnl SECONDS: nobody else has it meanwhile
hold_rtnl()
{
	insmod "$TEST_DIR/fault/rtnl.ko" ms=$(($1 * 1000)) && rmmod rtnl
	check_err $? "the RTNL"
}

# events STATE: how many have been told
events()
{
	grep -c " -> $1 " "$TMP/events"
}

lost_events()
{
	grep -c "events were lost" "$TMP/events"
}

cut()
{
	in_ns "$far" tc filter add dev u0 ingress prio 1 protocol ip matchall \
		action drop
}

mend()
{
	in_ns "$far" tc filter del dev u0 ingress prio 1
}

cost_test()
{
	local sent answered ns base each

	measure cost
	read -r sent answered ns < "$TMP/cost"
	read -r _ _ base < "$TMP/base"
	each=$(((ns - base) / (sent > 0 ? sent : 1)))
	say "$sent sent, $answered answered in $SECONDS_MEASURED s:" \
		"$(((ns - base) / 1000000 / SECONDS_MEASURED)) million instructions a second"
	[ "$sent" -gt $((N * SECONDS_MEASURED * 9 / 10)) ]
	check_err $? "not a probe a second from each"
	[ "$answered" -gt $((sent * 9 / 10)) ]
	check_err $? "not answered"
	[ "$each" -gt 1000 ] && [ "$each" -le $LIMIT ]
	check_err $? "more than $LIMIT"
	log_test "$each instructions for a probe, its way there and back, and its answer"
}

# What a second has of probes, by tenths and by hundredths
spread_test()
{
	local most least peak

	capture_start "$near" u0 "$TMP/spread" -Q out -s 64 -c "$N" "ip proto 47"
	capture_wait "$CAPTURE_PID"
	check_err $? "no capture"
	tcpdump -nr "$TMP/spread" -tt 2> /dev/null |
		awk '{ at = $1 % 1; tenth[int(at * 10)]++; hundredth[int(at * 100)]++ }
		     END { for (i = 0; i < 10; i++)
				printf "%d ", tenth[i]
			   for (i in hundredth)
				if (hundredth[i] > peak)
					peak = hundredth[i]
			   print peak + 0 }' > "$TMP/tenths"
	peak=$(sed 's/.* //' "$TMP/tenths")
	say "by tenths of a second: $(sed 's/ [0-9]*$//' "$TMP/tenths"); $peak within a hundredth at the most"
	most=$(cut_fields | sort -n | tail -n 1)
	least=$(cut_fields | sort -n | head -n 1)
	[ "$least" -ge $((N * 7 / 100)) ] && [ "$most" -le $((N * 13 / 100)) ] &&
		[ "$peak" -le $((N * 2 / 100)) ]
	check_err $? "not spread"
	log_test "probes are spread over the second"
}

cut_fields()
{
	tr ' ' '\n' < "$TMP/tenths" | head -n 10
}

# Nobody needs the RTNL to send, to wait, to judge and to tell. After an interval
# and two timeouts, with what a second of work more takes.
down_test()
{
	cut
	hold_rtnl 4
	check_eq "$(events down)" "$N" "are told to be down"
	check_eq "$(lost_events)" 0 "events lost"
	log_test "$N are down, while somebody has the RTNL"
}

up_test()
{
	mend
	hold_rtnl 8
	check_eq "$(events healthy)" "$N" "are told to be healthy"
	check_eq "$(lost_events)" 0 "events lost"
	log_test "$N are healthy, while somebody has the RTNL"
}

# Who does not read for a time gets to know that there was more.
overrun_test()
{
	local lost told

	kill -STOP "$MONITOR"
	cut
	sleep 4
	mend
	sleep 7
	kill -CONT "$MONITOR"
	sleep 2
	lost=$(lost_events)
	# To degraded, down and back, all of them for the second time
	told=$(($(grep -c " -> " "$TMP/events") - 4 * N))
	say "$told of $((4 * N)) changes told late, $lost times that some were lost"
	[ "$told" -lt $((4 * N)) ] && [ "$told" -gt "$N" ] && [ "$lost" -gt 0 ]
	check_err $? "no overrun was told"
	check_eq "$(mt "$near" health | grep -c ": healthy ")" "$N" "are healthy"
	log_test "events that are lost are told"
}

setup_prepare
run_tests "$@"
