#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bulk TCP through mtun and through the kernel's own GRE driver, in turns, in
# instructions per megabyte. To be run in a machine whose clock counts
# instructions (MTUN_VM_ACCEL=icount vm/run): there a result is the same within
# a percent however busy the host is, and an assertion about it is fair.
#
#  +- near ----------------------+       +- far ------------------------+
#  |  mt4  10.0.1.1/24           |       |  mt4  10.0.1.2/24            |
#  |  gre4 10.0.2.1/24           |       |  gre4 10.0.2.2/24            |
#  |  mt6  10.0.3.1/24           |       |  mt6  10.0.3.2/24            |
#  |  gre6 10.0.4.1/24           |       |  gre6 10.0.4.2/24            |
#  |   :                         |       |   :                          |
#  |  u0   192.0.2.1/24    ------+-------+-- u0  192.0.2.2/24           |
#  |       2001:db8::1/64        |       |       2001:db8::2/64         |
#  |       10.0.5.1, 10.0.6.1    |       |       10.0.5.2, 10.0.6.2     |
#  +-----------------------------+       +------------------------------+
#
# For the profile also over u0 without a tunnel, in segments of the same size. (Of
# several streams, such a run takes for ever, perhaps because ends of chunks wait for
# delayed ACKs.)
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/throughput.sh
#
# With MTUN_PROFILE_LABELS, for the script profile, MTUN_PROFILE_BULK is the family
# outside and the number of streams, and nothing is judged.

ALL_TESTS="ratio_test:4:1 ratio_test:6:1 ratio_test:4:8 ratio_test:6:8"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
[ -x "$TEST_DIR/bench/tcp" ] || skip_all "bench/tcp is not built; run make"
need_module veth ip_gre ip6_gre

MEGABYTES=32
ROUNDS=3
MOST=100	# percent of ip_gre's
WAYS="gre mtun early"
RESULTS=()

setup_prepare()
{
	setup_ns near far
	ip -n "$near" link add u0 type veth peer name u0 netns "$far"
	setup_end "$near" 1 2
	setup_end "$far" 2 1
}

setup_end()
{
	local ns=$1 me=$2 you=$3
	local four="local 192.0.2.$me remote 192.0.2.$you"
	local six="local 2001:db8::$me remote 2001:db8::$you"

	mt "$ns" -b - <<-EOF
		tunnel add mt4 $four key 1
		tunnel add mt6 $six key 1
	EOF
	ip_batch "$ns" <<-EOF
		addr add 192.0.2.$me/24 dev u0
		addr add 2001:db8::$me/64 dev u0
		link set u0 up
		link add gre4 type gre $four key 2
		link add gre6 type ip6gre $six key 2 encaplimit none
		addr add 10.0.1.$me/24 dev mt4
		addr add 10.0.2.$me/24 dev gre4
		addr add 10.0.3.$me/24 dev mt6
		addr add 10.0.4.$me/24 dev gre6
		addr add 10.0.5.$me/24 dev u0 noprefixroute
		addr add 10.0.6.$me/24 dev u0 noprefixroute
		route add 10.0.5.0/24 dev u0 src 10.0.5.$me mtu 1472
		route add 10.0.6.0/24 dev u0 src 10.0.6.$me mtu 1452
		link set mt4 up
		link set gre4 up
		link set mt6 up
		link set gre6 up
	EOF
}

# address V WAY: of the far end, of a tunnel over IPv$1 or of none
address()
{
	case $2$1 in
	plain4) echo 10.0.5.2 ;;
	plain6) echo 10.0.6.2 ;;
	mtun4|early4) echo 10.0.1.2 ;;
	gre4) echo 10.0.2.2 ;;
	mtun6|early6) echo 10.0.3.2 ;;
	gre6) echo 10.0.4.2 ;;
	esac
}

# instructions V WAY STREAMS: for a transfer, per megabyte
instructions()
{
	local ns rx=local

	[ "$2" = early ] && rx=early
	mt "$near" netns set rx $rx && mt "$far" netns set rx $rx &&
		ns=$("$TEST_DIR/bench/tcp" "$near" "$far" "$(address "$1" "$2")" \
			"$3" $MEGABYTES) &&
		echo $((ns / MEGABYTES))
}

median()
{
	tr ' ' '\n' <<< "$*" | sort -n | sed -n "$((($# + 1) / 2))p"
}

ratio_test()
{
	local v=$1 streams=$2 way i one
	local -A all=() n=()

	for way in $WAYS; do
		ping_check "$near" "$(address "$v" "$way")"
		check_err $? "ping, $way"
	done
	# The first round warms up.
	for ((i = 0; i <= ROUNDS; i++)); do
		for way in $WAYS; do
			one=$(instructions "$v" "$way" "$streams") || RET=1
			[ $i -eq 0 ] || all[$way]+=" $one"
		done
	done
	for way in $WAYS; do
		# shellcheck disable=SC2086
		n[$way]=$(median ${all[$way]})
	done
	say "IPv$v, $streams streams, instructions per megabyte: mtun${all[mtun]}," \
		"rx early${all[early]}, ip_gre${all[gre]}"
	RESULTS+=("{\"outer\": $v, \"streams\": $streams, \"gre\": ${n[gre]:-0},
		\"mtun\": ${n[mtun]:-0}, \"early\": ${n[early]:-0}}")
	(IFS=,; echo "[${RESULTS[*]}]") > "$MTUN_VM_OUT/result.json"
	[ "${n[mtun]:-0}" -gt 0 ] &&
		[ "${n[mtun]}" -le $((${n[gre]:-0} * MOST / 100)) ]
	check_err $? "mtun needs more: ${n[mtun]}, and ip_gre ${n[gre]}"
	log_test "bulk TCP over IPv$v, $streams streams: $((n[mtun] * 100 / n[gre])) % of ip_gre's instructions, with rx early $((n[early] * 100 / n[gre])) %, at most $MOST"
}

# profile V STREAMS: a window of the profile for each way, twice
profile()
{
	local way

	for way in plain $WAYS; do
		for _ in 1 2; do
			instructions "$1" "$way" "$2" > "$TMP/ns" || return
			say "$way: $(cat "$TMP/ns")"
			echo "$way $MEGABYTES" >> "$MTUN_PROFILE_LABELS"
		done
	done
}

setup_prepare
if [ -n "$MTUN_PROFILE_LABELS" ]; then
	# shellcheck disable=SC2086
	profile $MTUN_PROFILE_BULK
	exit
fi
run_tests "$@"
