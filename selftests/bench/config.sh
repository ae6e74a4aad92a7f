#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What it costs to configure many tunnels: a file with them applied, so that they are
# there and up; applied again; exported; all of them removed by a file without any.
# Beside it as many tunnels of ip_gre by ip -batch, and removed one by one; and devices
# of dummy, which do nothing: what they cost, the network stack costs. To be run in a
# machine whose clock counts instructions (MTUN_VM_ACCEL=icount vm/run).
#
#	MTUN_VM_ACCEL=icount vm/run -- bench/config.sh
#
# MTUN_BENCH_FEW and MTUN_BENCH_MANY are how many. With MTUN_PROFILE_LABELS, for the
# script profile, nothing is judged.

ALL_TESTS="linear_test:apply linear_test:again linear_test:export
	   linear_test:remove cost_test:apply:ip:100 cost_test:remove:ip-remove:80
	   memory_test"

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

: "${MTUN_BENCH_FEW:=500}"
: "${MTUN_BENCH_MANY=2000}"

[ "$MTUN_VM" = icount ] || skip_all "the clock does not count instructions"
need_mtun
need_module ip_gre dummy
[ -z "$MTUN_PROFILE_LABELS" ] || PROFILE=$TEST_DIR/bench/window

# One by one takes long.
DELETED=100

declare -A COST TIME MEMORY
RESULTS=()

# count KEY TUNNELS COMMAND...: into COST, instructions per tunnel: the command's own
# time on the CPU, in user space and in the kernel. Into TIME how long it took, in
# nanoseconds of the guest: with what the kernel waits for, but also with what the
# guest waits for the host, while which its clock goes on. Into MEMORY, bytes.
count()
{
	local key=$1 tunnels=$2 TIMEFORMAT="%3R %3U %3S" real user system before; shift 2

	before=$(used_memory)
	{ time $PROFILE "$@" > "$TMP/out" 2>&1; } 2> "$TMP/time" ||
		{ say "$* failed: $(tail -n 3 "$TMP/out")"; return 1; }
	read -r real user system < "$TMP/time"
	COST[$key]=$(((10#${user/./} + 10#${system/./}) * 1000000 / tunnels))
	TIME[$key]=$((10#${real/./} * 1000000 / tunnels))
	MEMORY[$key]=$((($(used_memory) - before) * 1024 / tunnels))
	[ -z "$MTUN_PROFILE_LABELS" ] ||
		echo "${key// /-} $tunnels" >> "$MTUN_PROFILE_LABELS"
}

# In KiB: what is not free even when all that can be given back is
used_memory()
{
	sync
	echo 3 > /proc/sys/vm/drop_caches
	awk '/^MemTotal/ { total = $2 } /^MemFree/ { print total - $2 }' /proc/meminfo
}

# write_files TUNNELS: the same for all
write_files()
{
	local i a

	echo "defaults: {tunnel: {local: 192.0.2.1, up: on}}" > "$TMP/yaml"
	echo "tunnels:" >> "$TMP/yaml"
	echo "tunnels: {}" > "$TMP/none"
	: > "$TMP/ip"
	: > "$TMP/dummy"
	for ((i = 0; i < $1; i++)); do
		a=198.$((18 + i / 62500)).$((i / 250 % 250)).$((i % 250 + 1))
		echo "  mt$i: {remote: $a, key: $i}" >> "$TMP/yaml"
		echo "link add g$i type gre local 192.0.2.1 remote $a key $i" >> "$TMP/ip"
		echo "link set g$i up" >> "$TMP/ip"
		echo "link add d$i type dummy" >> "$TMP/dummy"
		echo "link set d$i up" >> "$TMP/dummy"
	done
}

setup_prepare()
{
	local n ns what

	for n in $MTUN_BENCH_FEW $MTUN_BENCH_MANY; do
		setup_ns ours theirs
		# IPv6 on thousands of devices is most of it: see scale.sh.
		for ns in $ours $theirs; do
			in_ns "$ns" sh -c \
				'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
		done
		write_files "$n"
		count "apply $n" "$n" "$MTCTL" -n "$ours" apply -f "$TMP/yaml" || return
		count "again $n" "$n" "$MTCTL" -n "$ours" apply -f "$TMP/yaml" || return
		tail -n 1 "$TMP/out" | grep -q " 0 changed, 0 removed, $n unchanged" ||
			say "applied again: $(tail -n 1 "$TMP/out")"
		count "export $n" "$n" "$MTCTL" -n "$ours" export || return
		[ "$(grep -c "up: on" "$TMP/out")" = "$n" ] ||
			say "exported: $(wc -l < "$TMP/out") lines"
		count "ip $n" "$n" ip -n "$theirs" -batch "$TMP/ip" || return
		count "dummy $n" "$n" ip -n "$theirs" -batch "$TMP/dummy" || return
		count "remove $n" "$n" "$MTCTL" -n "$ours" apply -prune -f "$TMP/none" || return
		sed -n 's/^link add \([^ ]*\) .*/link del \1/p' "$TMP/ip" |
			head -n "$DELETED" > "$TMP/del"
		count "ip-remove $n" "$DELETED" ip -n "$theirs" -batch "$TMP/del" || return
		say "$n tunnels, instructions for each: apply ${COST[apply $n]}" \
			"(ip -batch ${COST[ip $n]}, of dummy ${COST[dummy $n]})," \
			"again ${COST[again $n]}, export ${COST[export $n]}," \
			"remove ${COST[remove $n]} (ip ${COST[ip-remove $n]});" \
			"microseconds: apply $((TIME[apply $n] / 1000))" \
			"(ip -batch $((TIME[ip $n] / 1000)))," \
			"remove $((TIME[remove $n] / 1000))" \
			"(ip $((TIME[ip-remove $n] / 1000)));" \
			"bytes: ${MEMORY[apply $n]} (ip_gre ${MEMORY[ip $n]}," \
			"dummy ${MEMORY[dummy $n]})"
		for what in apply:ip remove:ip-remove; do
			RESULTS+=("{\"what\": \"${what%:*}\", \"tunnels\": $n,
				\"mtun\": ${COST[${what%:*} $n]},
				\"ip\": ${COST[${what#*:} $n]}}")
		done
		(IFS=,; echo "[${RESULTS[*]}]") > "$MTUN_VM_OUT/result.json"
		ip netns del "$theirs"
	done
}

linear_test()
{
	local few=${COST[$1 $MTUN_BENCH_FEW]:-0}
	local many=${COST[$1 $MTUN_BENCH_MANY]:-0}

	[ "$many" -gt 0 ] && [ "$many" -le $((few * 11 / 10)) ]
	check_err $? "$few for each of $MTUN_BENCH_FEW, $many for each of $MTUN_BENCH_MANY"
	log_test "$1: as much for each of $MTUN_BENCH_MANY tunnels as of $MTUN_BENCH_FEW"
}

# cost_test OURS THEIRS PERCENT
cost_test()
{
	local us=${COST[$1 $MTUN_BENCH_MANY]:-0}
	local them=${COST[$2 $MTUN_BENCH_MANY]:-0}

	[ "$us" -gt 0 ] && [ "$us" -le $((them * $3 / 100)) ]
	check_err $? "$us, and $2 takes $them"
	log_test "$1: $((us * 100 / them)) % of what $2 takes, at most $3"
}

# Of the device, its tables and files in sysfs and /proc/sys are the most.
memory_test()
{
	local bytes=${MEMORY[apply $MTUN_BENCH_MANY]:-0}
	local them=${MEMORY[ip $MTUN_BENCH_MANY]:-0}

	[ "$bytes" -gt 0 ] && [ "$bytes" -le $((them * 11 / 10)) ]
	check_err $? "$bytes bytes for each tunnel, and $them of ip_gre"
	log_test "a tunnel takes $bytes bytes of memory, one of ip_gre $them"
}

setup_prepare
[ -n "$MTUN_PROFILE_LABELS" ] && exit
run_tests "$@"
