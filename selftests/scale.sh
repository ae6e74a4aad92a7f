#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A thousand tunnels: made, used in both directions, listed by one dump, listed
# while others come and go, and removed.
#
#  +- near ------------------------+       +- far -------------------------+
#  |  mt1     10.1.0.1  - - - - - -|- - - -|- - mt1     10.2.0.1           |
#  |   :         :                 |       |     :         :               |
#  |  mt1000  10.1.3.250 - - - - - |- - - -|- - mt1000  10.2.3.250         |
#  |                               |       |                               |
#  |  u0   192.0.2.1/24      ------+-------+-- u0   192.0.2.2/24           |
#  |       2001:db8::1/64          |       |        2001:db8::2/64         |
#  +-------------------------------+       +-------------------------------+
#
# The odd ones run over IPv4 and the even ones over IPv6; each has its key.

ALL_TESTS="create_test list_test use_test:near:far use_test:far:near
	   counted_test churn_test remove_test"
N=1000

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON"
need_module veth

setup_prepare()
{
	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		link set u0 up
	EOF
	# The inner packets are IPv4: without this, the kernel works for
	# minutes on the IPv6 side of a thousand devices on a slow machine.
	for ns in "$near" "$far"; do
		in_ns "$ns" sh -c \
			'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
	done
	write_batch 1 2 "$TMP/near"
	write_batch 2 1 "$TMP/far"
}

# write_batch ME YOU FILE: FILE.mt for mtctl, FILE.ip for ip, FILE.addrs of YOU
write_batch()
{
	local me=$1 you=$2 file=$3 i host

	for ((i = 1; i <= N; i++)); do
		host=$((i / 250)).$((i % 250 + 1))
		if ((i % 2)); then
			echo "tunnel add mt$i local 192.0.2.$me" \
				"remote 192.0.2.$you key $i"
		else
			echo "tunnel add mt$i local 2001:db8::$me" \
				"remote 2001:db8::$you key $i"
		fi >&3
		echo "addr add 10.$me.$host peer 10.$you.$host dev mt$i" >&4
		echo "link set mt$i up" >&4
		echo "10.$you.$host" >&5
	done 3> "$file.mt" 4> "$file.ip" 5> "$file.addrs"
}

create_test()
{
	local end

	for end in near far; do
		mt "${!end}" -b "$TMP/$end.mt"
		check_err $? "mtctl -b in $end"
		ip_batch "${!end}" < "$TMP/$end.ip"
		check_err $? "ip -batch in $end"
	done
	log_test "$N tunnels created on each end"
}

# check_list FILE: exactly the N tunnels, perhaps others besides; each once.
# Prints what is wrong.
check_list()
{
	"$PYTHON" -I -S - "$1" "$N" <<-'EOF'
		import json, sys
		names = [t["ifname"] for t in json.load(open(sys.argv[1]))]
		wanted = {"mt%d" % i for i in range(1, int(sys.argv[2]) + 1)}
		for name in sorted(wanted - set(names))[:5]:
		    print(name, "is missing")
		for name in sorted({n for n in names if names.count(n) > 1})[:5]:
		    print(name, "is there", names.count(name), "times")
		order = [t["ifindex"] for t in json.load(open(sys.argv[1]))]
		if order != sorted(order):
		    print("not in the order of ifindex")
	EOF
}

list_test()
{
	local end

	for end in near far; do
		mt "${!end}" -j tunnel list > "$TMP/list"
		check_err $? "mtctl tunnel list"
		check_eq "$(check_list "$TMP/list")" "" "$end"
		check_eq "$(grep -o '"ifname"' "$TMP/list" | wc -l)" "$N" \
			"tunnels in $end"
	done
	log_test "one dump lists them all"
}

use_test()
{
	local from=$1 to=$2

	in_bg "${!to}" "$TMP/count" "$TRAFFIC" udp-count 7777 "$N"
	local pid=$BG_PID

	slowwait_for grep -q ready "$TMP/count"
	check_err $? "the receiver is not ready"
	in_ns "${!from}" "$TRAFFIC" udp-each 7777 1 "$TMP/$from.addrs"
	check_err $? "sending"
	slowwait_for has_ended "$pid"
	check_err $? "the receiver did not end"
	say "$(tail -n 1 "$TMP/count")"
	wait "$pid"
	check_err $? "not all arrived"
	log_test "a packet from $from to $to through each"
}

# Each has counted its own packets, and nothing was dropped.
counted_test()
{
	mt "$near" -j -s tunnel list > "$TMP/list"
	"$PYTHON" -I -S - "$TMP/list" > "$TMP/wrong" <<-'EOF'
		import json, sys
		for t in json.load(open(sys.argv[1])):
		    s = t["stats"]
		    got = s["rx_packets"], s["tx_packets"], s["rx_bytes"], \
		        s["tx_bytes"], s["drops"]
		    if got != (1, 1, 29, 29, {}):
		        print(t["ifname"], got)
	EOF
	check_err $? "reading the list"
	say "$(head -n 5 "$TMP/wrong")"
	check_eq "$(wc -l < "$TMP/wrong")" 0 "tunnels with other counters"
	log_test "each counted one packet of 29 bytes each way"
}

# churn NS: others come and go
churn()
{
	local i

	for ((i = 0; i < 20; i++)); do
		echo "tunnel add c$i local 192.0.2.1 remote 192.0.2.200 key $i"
	done > "$TMP/churn.add"
	sed 's/add \(c[0-9]*\) .*/del \1/' "$TMP/churn.add" > "$TMP/churn.del"
	while [ ! -e "$TMP/churn.stop" ]; do
		"$MTCTL" -n "$1" -b "$TMP/churn.add" &&
			"$MTCTL" -n "$1" -b "$TMP/churn.del" || return 1
		echo round
		# Room for a dump without change
		sleep "${MTUN_SLOW:-1}"
	done
}

# check_moment FILE: c0, c1, ... came in this order and went in this order, so
# that at each moment the first or the last of them were there. Prints what is
# wrong.
check_moment()
{
	"$PYTHON" -I -S - "$1" <<-'EOF'
		import json, sys
		got = [t["ifname"] for t in json.load(open(sys.argv[1]))
		       if t["ifname"].startswith("c")]
		n, all = len(got), ["c%d" % i for i in range(20)]
		if sorted(got) not in (sorted(all[:n]), sorted(all[20 - n:])):
		    print("not of one moment:", *got)
	EOF
}

# A dump that meets a change says so and is repeated, ten times at once, which
# is less than a burst of changes takes on a slow machine: mtctl then shows the
# last one and fails. That one, too, has all that did not come or go.
churn_test()
{
	local i pid bad said whole=0 torn=0

	churn "$near" > "$TMP/churn.log" 2>&1 &
	pid=$!
	BG_PIDS+=("$pid")
	slowwait_for grep -q round "$TMP/churn.log"
	check_err $? "no churn: $(head -n 2 "$TMP/churn.log")"
	for ((i = 0; i < 40 && (i < 15 || whole < 5); i++)); do
		if mt "$near" -j tunnel list > "$TMP/list" 2> "$TMP/err"; then
			whole=$((whole + 1))
			bad=$(check_moment "$TMP/list")
			check_eq "$bad" "" "dump $i" || break
		else
			torn=$((torn + 1))
			said=$(cat "$TMP/err")
			check_match "$said" "changed while they were read" \
				"dump $i" || break
		fi
		bad=$(check_list "$TMP/list")
		check_eq "$bad" "" "dump $i" || break
	done
	touch "$TMP/churn.stop"
	slowwait_for has_ended "$pid"
	wait "$pid"
	check_err $? "churn: $(tail -n 2 "$TMP/churn.log")"
	[ $whole -ge 5 ]
	check_err $? "only $whole dumps without change"
	say "$whole dumps, $torn given up, in" \
		"$(grep -c round "$TMP/churn.log") rounds of churn"
	log_test "dumps are whole while 20 others come and go"
}

remove_test()
{
	sed 's/add \(mt[0-9]*\) .*/del \1/' "$TMP/near.mt" > "$TMP/del"
	mt "$near" -b "$TMP/del"
	check_err $? "mtctl -b"
	check_eq "$(mt "$near" -j tunnel list | tr -d ' \n')" "[]" "list"
	check_eq "$(ip -n "$near" -br link show | grep -c '^mt')" 0 "devices"
	# The other thousand at once
	ip netns del "$far"
	check_err $? "ip netns del"
	mt "$near" tunnel add mt1 local 192.0.2.1 remote 192.0.2.2 key 1
	check_err $? "a removed tuple is not free"
	log_test "$N tunnels removed one by one, $N with their namespace"
}

setup_prepare
run_tests "$@"
