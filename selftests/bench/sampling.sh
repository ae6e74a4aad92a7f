#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What samples cost: small UDP packets forwarded into a tunnel, in instructions per
# packet, without samples and with one in 1000 and a reader; and with samples that
# nobody reads, of which then there is no copy. To be run in a machine
# whose clock counts instructions (MTUN_VM_ACCEL=icount vm/run).
#
#  +- src --------------+      +- near ------------+      +- far ------------+
#  |  s0 10.9.0.2/24   -+------+- s0 10.9.0.1/24   |      |                  |
#  |  pktgen            |      |  mt0              |      |                  |
#  +--------------------+      |  u0 192.0.2.1/24 -+------+- u0 192.0.2.2/24 |
#                              +-------------------+      +------------------+
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/sampling.sh

ALL_TESTS="nobody_test:1000:10 nobody_test:1:40 cost_test"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
need_module veth pktgen

PACKETS=20000
ROUNDS=3
LIMIT=3		# percent

setup_prepare()
{
	local mac

	setup_ns src near far
	setup_underlay "$near" "$far"
	ip -n "$src" link add s0 type veth peer name s0 netns "$near"
	ip_batch "$src" <<-EOF
		addr add 10.9.0.2/24 dev s0
		link set s0 up
	EOF
	ip_batch "$near" <<-EOF
		addr add 10.9.0.1/24 dev s0
		link set s0 up
	EOF
	mt "$near" tunnel add mt0 local 192.0.2.1 remote 192.0.2.2
	ip_batch "$near" <<-EOF
		link set mt0 up
		route add 10.8.0.0/16 dev mt0
	EOF
	setup_router "$near"
	ping_check "$near" 192.0.2.2
	mac=$(in_ns "$near" cat /sys/class/net/s0/address)
	in_ns "$src" sh -c '
		echo add_device s0 > /proc/net/pktgen/kpktgend_0
		for c in "count $1" "pkt_size 60" "dst_mac $2" "dst 10.8.0.1" \
			 "src_min 10.9.0.2" "src_max 10.9.0.2" "clone_skb 0" \
			 "udp_dst_min 9" "udp_dst_max 9" "delay 0"; do
			echo "$c" > /proc/net/pktgen/s0
		done' sh $PACKETS "$mac"
}

# instructions: for a packet. Where ksoftirqd was woken, the queue overflows, and
# what was measured is of no use.
instructions()
{
	local before try

	for try in 1 2 3 4; do
		before=$(stat_get "$near" mt0 tx_packets)
		in_ns "$src" sh -c 'echo start > /proc/net/pktgen/pgctrl
			cat /proc/net/pktgen/s0' > "$TMP/pktgen"
		[ $(($(stat_get "$near" mt0 tx_packets) - before)) -ne $PACKETS ] ||
			break
		[ "$try" -lt 4 ] || return
	done
	awk -v n=$PACKETS '/^Result: OK:/ { sub(/\(.*/, "", $3)
		print int($3 * 1000 / n) }' "$TMP/pktgen"
}

median()
{
	tr ' ' '\n' <<< "$*" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# nobody_test INTERVAL LIMIT: per mille above no samples
nobody_test()
{
	local without=() with=() i n

	for ((i = 0; i <= ROUNDS; i++)); do
		mt "$near" tunnel set mt0 sample off
		without[i]=$(instructions)
		mt "$near" tunnel set mt0 sample "$1"
		with[i]=$(instructions)
	done
	unset "without[0]" "with[0]"
	say "instructions per packet: without ${without[*]}, with ${with[*]}"
	i=$(median "${without[@]}")
	n=$(median "${with[@]}")
	[ "${i:-0}" -gt 0 ] && [ $((n * 1000)) -le $((i * (1000 + $2))) ]
	check_err $? "more than $2 per mille above"
	log_test "samples at 1 in $1 that nobody reads: $(((n - i) * 1000 / i)) per mille above $i instructions"
}

cost_test()
{
	local without=() with=() i n

	in_bg "$near" "$TMP/samples" "$MTCTL" -j samples
	slowwait_for grep -q "^listening" "$TMP/samples"
	# The first round warms up.
	for ((i = 0; i <= ROUNDS; i++)); do
		mt "$near" tunnel set mt0 sample off
		without[i]=$(instructions)
		mt "$near" tunnel set mt0 sample 1000
		with[i]=$(instructions)
	done
	unset "without[0]" "with[0]"
	say "instructions per packet: without ${without[*]}, with ${with[*]}"
	[ "$(grep -c '"tunnel":"mt0"' "$TMP/samples")" -gt $((PACKETS / 1000)) ]
	check_err $? "samples were taken"
	i=$(median "${without[@]}")
	n=$(median "${with[@]}")
	[ "${i:-0}" -gt 0 ] && [ $((n * 100)) -le $((i * (100 + LIMIT))) ]
	check_err $? "more than $LIMIT % above"
	log_test "samples at 1 in 1000: $(((n - i) * 1000 / i)) per mille above $i instructions"
}

setup_prepare
run_tests "$@"
