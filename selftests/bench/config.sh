#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What it costs to configure many tunnels: a file with them applied, applied again
# and exported, and as many tunnels of ip_gre by ip -batch, in instructions per
# tunnel. To be run in a machine whose clock counts instructions (MTUN_VM_ACCEL=icount
# vm/run). What is asserted: that a tunnel costs the same among few and among many.
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/config.sh
#
# MTUN_BENCH_FEW and MTUN_BENCH_MANY are how many.

ALL_TESTS="linear_test:apply linear_test:again linear_test:export cost_test"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

: "${MTUN_BENCH_FEW:=500}"
: "${MTUN_BENCH_MANY:=2000}"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
need_module ip_gre

declare -A COST

# count KEY TUNNELS COMMAND...: instructions per tunnel, into COST. It is the
# command's own time on the CPU, in user space and in the kernel: while it waits
# for the host to read a file, the clock goes on.
count()
{
	local key=$1 tunnels=$2 TIMEFORMAT="%3U %3S" user system; shift 2

	{ time "$@" > "$TMP/out" 2>&1; } 2> "$TMP/time" ||
		{ say "$* failed: $(tail -n 3 "$TMP/out")"; return 1; }
	read -r user system < "$TMP/time"
	COST[$key]=$(((10#${user/./} + 10#${system/./}) * 1000000 / tunnels))
}

# write_file TUNNELS, and the same for ip
write_files()
{
	local i a

	echo "defaults: {tunnel: {local: 192.0.2.1}}" > "$TMP/yaml"
	echo "tunnels:" >> "$TMP/yaml"
	: > "$TMP/ip"
	for ((i = 0; i < $1; i++)); do
		a=198.$((18 + i / 62500)).$((i / 250 % 250)).$((i % 250 + 1))
		echo "  mt$i: {remote: $a, key: $i}" >> "$TMP/yaml"
		echo "link add g$i type gre local 192.0.2.1 remote $a key $i" >> "$TMP/ip"
	done
}

setup_prepare()
{
	local n ns

	for n in $MTUN_BENCH_FEW $MTUN_BENCH_MANY; do
		setup_ns ours theirs
		# IPv6 on thousands of devices is most of it: see scale.sh.
		for ns in $ours $theirs; do
			in_ns "$ns" sh -c \
				'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
		done
		write_files "$n"
		count "apply $n" "$n" mt "$ours" apply -f "$TMP/yaml" || return
		count "again $n" "$n" mt "$ours" apply -f "$TMP/yaml" || return
		tail -n 1 "$TMP/out" | grep -q " 0 changed, 0 removed, $n unchanged" ||
			say "applied again: $(tail -n 1 "$TMP/out")"
		count "export $n" "$n" mt "$ours" export || return
		[ "$(grep -c remote: "$TMP/out")" = "$n" ] ||
			say "exported: $(wc -l < "$TMP/out") lines"
		count "ip $n" "$n" ip -n "$theirs" -batch "$TMP/ip" || return
		say "$n tunnels, instructions per tunnel: apply ${COST[apply $n]}," \
			"again ${COST[again $n]}, export ${COST[export $n]}," \
			"ip -batch for ip_gre ${COST[ip $n]}"
	done
}

linear_test()
{
	local few=${COST[$1 $MTUN_BENCH_FEW]:-0}
	local many=${COST[$1 $MTUN_BENCH_MANY]:-0}

	[ "$many" -gt 0 ] && [ "$many" -le $((few * 12 / 10)) ]
	check_err $? "$few for each of $MTUN_BENCH_FEW, $many for each of $MTUN_BENCH_MANY"
	log_test "$1: as much for each of $MTUN_BENCH_MANY tunnels as of $MTUN_BENCH_FEW"
}

cost_test()
{
	local us=${COST[apply $MTUN_BENCH_MANY]:-0}
	local them=${COST[ip $MTUN_BENCH_MANY]:-0}

	# Which does not look whether the file is right and what there is.
	[ "$us" -gt 0 ] && [ "$us" -le $((them * 11 / 10)) ]
	check_err $? "mtctl apply needs more than ip -batch: $us instead of $them"
	log_test "apply: $((us * 100 / them)) % of the instructions of ip -batch"
}

setup_prepare
run_tests "$@"
