#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What mtctl monitor tells of tunnels and clamps that are made, changed, moved and
# deleted.
#
#  +- here ---------------+         +- other ---------------+
#  |  mt0  ---------------+- - - - -+-> mt0  (when moved)   |
#  |  mtctl monitor       |         |   mtctl monitor       |
#  +----------------------+         +-----------------------+

ALL_TESTS="new_test set_test up_test rename_test mtu_test move_test
	   move_back_test del_test link_del_test held_test refused_test text_test
	   clamp_test netns_exit_test json_test order_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON"
need_module veth sch_tbf

A4="local 192.0.2.1 remote 192.0.2.2"

# watch NS: monitors a namespace; lines go to $TMP/<NS>
watch()
{
	in_bg "$1" "$TMP/$1" "$MTCTL" -j monitor
	in_bg "$1" "$TMP/$1.text" "$MTCTL" monitor
	slowwait_for grep -q "^listening for events$" "$TMP/$1" &&
		slowwait_for grep -q "^listening for events$" "$TMP/$1.text"
}

setup_prepare()
{
	setup_ns here other
	watch "$here" && watch "$other" || skip_all "mtctl monitor says nothing"
}

declare -A MARK

# From here on; what came before does not count.
mark()
{
	local ns lines

	for ns in "$here" "$other"; do
		mapfile -t lines < "$TMP/$ns"
		MARK[$ns]=${#lines[@]}
	done
}

# count_seen NS EVENT REGEX...: how many such events there were since the mark;
# keys may come in any order. Sets COUNT.
count_seen()
{
	local ns=$1 event=$2 lines line re; shift 2

	COUNT=0
	mapfile -t lines < "$TMP/$ns"
	for line in "${lines[@]:${MARK[$ns]:-0}}"; do
		for re in "\"event\": ?\"$event\"" "$@"; do
			[[ $line =~ $re ]] || continue 2
		done
		COUNT=$((COUNT + 1))
	done
}

# seen NS EVENT REGEX...: there is such an event
seen()
{
	count_seen "$@"
	[ "$COUNT" -gt 0 ]
}

# check_seen NS EVENT REGEX...
check_seen()
{
	slowwait_for seen "$@"
	check_err $? "no event $2 with ${*:3}" ||
		say "$(tail -n "+$((${MARK[$1]:-0} + 1))" "$TMP/$1")"
}

# All that was to come has come when this one has.
settle()
{
	local ns

	for ns in "$here" "$other"; do
		mt "$ns" -b - <<-EOF
			tunnel add settle local 192.0.2.99 remote 192.0.2.98
			tunnel del settle
		EOF
		slowwait_for seen "$ns" del '"settle"'
		check_err $? "events of the other tunnel are missing"
	done
}

# check_count NS EVENT REGEX NUMBER
check_count()
{
	count_seen "$1" "$2" "$3"
	check_eq "$COUNT" "$4" "events $2 with $3"
}

MT0='"ifname": ?"mt0"'

new_test()
{
	mark
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4 key 7 ttl 9
	check_err $? "adding mt0"
	check_seen "$here" new "$MT0" '"local": ?"192.0.2.1"' \
		'"remote": ?"192.0.2.2"' '"ikey": ?7' '"okey": ?7' \
		'"ttl": ?9' '"mtu": ?1472' '"up": ?false'
	settle
	check_count "$here" new "$MT0" 1
	check_count "$other" new "$MT0" 0
	log_test "tunnel add"
}

set_test()
{
	mark
	mt "$here" tunnel set mt0 ttl 10 remote 192.0.2.3
	check_seen "$here" set "$MT0" '"ttl": ?10' '"remote": ?"192.0.2.3"' \
		'"ikey": ?7'
	settle
	check_count "$here" set "$MT0" 1
	check_count "$here" "(new|del)" "$MT0" 0
	log_test "tunnel set"
}

up_test()
{
	mark
	ip -n "$here" link set mt0 up
	check_seen "$here" set "$MT0" '"up": ?true' '"UP"'
	mark
	ip -n "$here" link set mt0 down
	check_seen "$here" set "$MT0" '"up": ?false'
	settle
	check_count "$here" "(new|del)" "$MT0" 0
	log_test "ip link set up and down"
}

rename_test()
{
	mark
	ip -n "$here" link set mt0 name mt7
	check_seen "$here" set '"ifname": ?"mt7"' '"ttl": ?10'
	ip -n "$here" link set mt7 name mt0
	check_seen "$here" set "$MT0"
	settle
	check_count "$here" "(new|del)" '"mt[07]"' 0
	log_test "ip link set name"
}

mtu_test()
{
	mark
	ip -n "$here" link set mt0 mtu 1333
	check_seen "$here" set "$MT0" '"mtu": ?1333' '"mtu_auto": ?false'
	log_test "ip link set mtu"
}

move_test()
{
	mark
	ip -n "$here" link set mt0 netns "$other"
	check_err $? "moving mt0"
	check_seen "$here" del "$MT0" '"remote": ?"192.0.2.3"'
	check_seen "$other" new "$MT0" '"remote": ?"192.0.2.3"' \
		'"underlay_netnsid": ?[0-9]'
	settle
	check_count "$here" del "$MT0" 1
	check_count "$other" new "$MT0" 1
	check_count "$here" new "$MT0" 0
	check_count "$other" del "$MT0" 0
	mark
	mt "$other" tunnel set mt0 ttl 11
	check_seen "$other" set "$MT0" '"ttl": ?11'
	settle
	check_count "$here" set "$MT0" 0
	log_test "ip link set netns"
}

move_back_test()
{
	mark
	ip -n "$other" link set mt0 netns "$here"
	check_err $? "moving mt0 back"
	check_seen "$other" del "$MT0"
	check_seen "$here" new "$MT0" '"ttl": ?11'
	settle
	check_count "$here" new "$MT0" 1
	log_test "ip link set netns, back"
}

del_test()
{
	mark
	mt "$here" tunnel del mt0
	check_seen "$here" del "$MT0" '"local": ?"192.0.2.1"' \
		'"remote": ?"192.0.2.3"' '"ikey": ?7' '"ttl": ?11'
	settle
	check_count "$here" del "$MT0" 1
	check_count "$here" new "$MT0" 0
	log_test "tunnel del"
}

link_del_test()
{
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	mark
	ip -n "$here" link del mt0
	check_seen "$here" del "$MT0" '"remote": ?"192.0.2.2"'
	settle
	check_count "$here" del "$MT0" 1
	log_test "ip link del"
}

# A sender waits for room in its buffer, which packets to another device take up for as
# long as that holds them back, and has a reference to mt0 meanwhile. For want of the
# last one, the kernel says once a second that mt0 is gone.
held_test()
{
	ip_batch "$here" <<-EOF
		link add u9 type veth peer name u8
		link set u8 up
		link set u9 up
	EOF
	in_ns "$here" tc qdisc add dev u9 root tbf rate 2kbit burst 1600 latency 99s
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	ip -n "$here" link set mt0 up
	in_bg "$here" "$TMP/holder" "$PYTHON" -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
try:
    while True:
        s.sendto(bytes(1000), socket.MSG_DONTWAIT, ("u9", 0x88b5))
except BlockingIOError:
    print("waits", flush=True)
try:
    s.sendto(bytes(1000), ("mt0", 0x0800))
finally:
    print("went on", flush=True)'
	slowwait_for grep -q waits "$TMP/holder"
	check_err $? "nobody waits: $(cat "$TMP/holder")"
	sleep 0.3
	mark
	SECONDS=0
	mt "$here" tunnel del mt0
	check_err $? "tunnel del"
	[ $SECONDS -ge 2 ]
	check_err $? "nobody has held the device: $(cat "$TMP/holder")"
	check_seen "$here" del "$MT0"
	slowwait_for grep -q "went on" "$TMP/holder"
	settle
	check_count "$here" del "$MT0" 1
	ip -n "$here" link del u9
	log_test "a device that somebody holds for a while is deleted once"
}

refused_test()
{
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	mark
	mt "$here" tunnel set mt0 ttl 5 remote 224.0.0.1 2> /dev/null
	check_fail $? "set of a multicast remote"
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt1 $A4 2> /dev/null
	check_fail $? "a duplicate"
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4 key 1 2> /dev/null
	check_fail $? "a name that exists"
	settle
	check_count "$here" "(new|set|del)" '"mt[01]"' 0
	mt "$here" tunnel del mt0
	log_test "refused requests tell nothing"
}

text_test()
{
	local line

	# shellcheck disable=SC2086
	mt "$here" tunnel add text0 $A4
	mt "$here" tunnel set text0 ttl 77
	mt "$here" tunnel del text0
	slowwait_for text_seen 3
	check_err $? "expected three lines"
	line=$(grep text0 "$TMP/$here.text" | sed -n 1p)
	check_match "$line" "192.0.2.1.*192.0.2.2" "the first line"
	line=$(grep text0 "$TMP/$here.text" | sed -n 2p)
	check_match "$line" "77" "the second line"
	log_test "lines for people"
}

text_seen()
{
	[ "$(grep -c text0 "$TMP/$here.text")" -eq "$1" ]
}

# A tunnel of here that lives in a namespace that goes.
# clamp EVENT JSON TEXT: both monitors of "here" have told it
clamp_event()
{
	check_seen "$here" "$1" "\"clamp\": ?\\{.*$2"
	slowwait_for grep -qE "$1 +clamp at $3" "$TMP/$here.text"
	check_err $? "the text of $1: $3"
}

clamp_test()
{
	mark
	mt "$here" clamp add dev c0 mss 1436 src 203.0.113.0/24
	clamp_event new '"dev": ?"c0".*"state": ?"waiting"' \
		"c0: mss 1436  out  waiting  src 203.0.113.0/24$"
	ip -n "$here" link add c0 type dummy
	clamp_event set '"dev": ?"c0".*"state": ?"active"' \
		"c0: mss 1436  out  active  src"
	ip -n "$here" link set c0 name c1
	clamp_event set '"dev": ?"c1".*"state": ?"active"' "c1: .*active"
	mark
	mt "$here" clamp set dev c1 both insert on dst 198.51.100.1 \
		dst 198.51.100.2 dst 198.51.100.3 dst 198.51.100.4 dst 2001:db8::/32
	clamp_event set '"direction": ?"both".*"insert": ?true.*"2001:db8::/32"' \
		"c1: mss 1436  insert on  both  active  src 203.0.113.0/24  dst 5 prefixes$"
	mark
	ip -n "$here" link del c1
	clamp_event set '"dev": ?"c1".*"state": ?"waiting"' "c1: .*waiting"
	mark
	mt "$here" clamp del dev c1
	clamp_event del '"dev": ?"c1".*"state": ?"waiting"' "c1: .*waiting"
	# Once each, nothing about others, and nothing elsewhere
	ip -n "$here" link add c1 type dummy
	ip -n "$here" link del c1
	settle
	check_count "$here" del '"clamp"' 1
	check_count "$here" set '"clamp"' 0
	check_count "$other" new '"clamp"' 0
	log_test "clamps, and the devices that they wait for"
}

netns_exit_test()
{
	local gone

	setup_ns gone
	# shellcheck disable=SC2086
	mt "$gone" tunnel add mtx $A4
	mark
	ip -n "$gone" link set mtx netns "$here"
	check_seen "$here" new '"mtx"'
	ip netns del "$gone"
	check_seen "$here" del '"mtx"' '"remote": ?"192.0.2.2"'
	log_test "the underlay of a tunnel goes"
}

json_test()
{
	"$PYTHON" -I -S - "$TMP/$here" <<-'EOF'
		import json, sys
		# The first line is for scripts that wait; see in_bg.
		lines = open(sys.argv[1]).read().splitlines()
		assert lines.pop(0) == "listening for events", lines
		lines = [json.loads(line) for line in lines]
		assert len(lines) > 10
		for line in lines:
		    assert line["event"] in ("new", "set", "del"), line
		    if "clamp" in line:
		        keys = line["clamp"].keys()
		        assert keys == {"dev", "ifindex", "state", "direction",
		                        "mss", "insert", "origin", "src",
		                        "dst"}, line
		        continue
		    assert type(line["ifindex"]) is int, line
		    for key in ("ifname", "local", "remote", "family", "ttl",
		                "tos", "mtu", "mtu_auto", "up", "flags"):
		        assert key in line, (key, line)
	EOF
	check_err $? "a line is no JSON object with all keys"
	log_test "each line is a JSON object"
}

# Many events come in the order of what they tell, and none is lost.
order_test()
{
	local i

	mark
	for i in 1 2 3 4 5 6 7 8; do
		echo "tunnel add o$i local 192.0.2.1 remote 192.0.2.2 key $i"
		echo "tunnel set o$i ttl $i"
		echo "tunnel del o$i"
	done > "$TMP/batch"
	mt "$here" -b "$TMP/batch"
	check_err $? "batch"
	check_seen "$here" del '"o8"'
	check_eq "$(tail -n "+$((MARK[$here] + 1))" "$TMP/$here" |
		sed -E 's/.*"event": ?"([a-z]*)".*/\1/' | tr '\n' ' ')" \
		"$(for i in 1 2 3 4 5 6 7 8; do printf 'new set del '; done)" \
		"events"
	log_test "order of events"
}

setup_prepare
run_tests "$@"
