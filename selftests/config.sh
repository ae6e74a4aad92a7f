#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Configuration files: mtctl apply, export and check. config.py has the cases of
# one namespace; here are those of several, of time, and of running traffic.
#
#  +- here ------------------------+       +- far -------------------------+
#  |  mt0  10.0.0.1/24  = = = = = =|= = = =|= = mt0  10.0.0.2/24           |
#  |  mt1, ...  (as the cases say) |       |                               |
#  |                               |       |                               |
#  |  u0   192.0.2.1/24      ------+-------+-- u0   192.0.2.2/24           |
#  |       2001:db8::1/64          |       |        2001:db8::2/64         |
#  +-------------------------------+       +-------------------------------+

# Cases of config.py
CASES="added again changed namespace removed taken_over rolled_back invalid places
       round_trip up together not_text plain locked lock_held filters watched steered
       many"

ALL_TESTS=""
for name in $CASES; do
	ALL_TESTS+="case_test:$name "
done
ALL_TESTS+="netns_test moved_test unprivileged_test writable_test silent_test
	    filter_first_test traffic_test interrupt_test example_test
	    unloaded_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" setpriv
need_module veth
need_module dummy
"$PYTHON" -c 'import yaml' 2> /dev/null || skip_all "Python has no yaml"

setup_prepare()
{
	setup_ns here far
	setup_underlay "$here" "$far"
	# See scale.sh: a thousand devices, and none of them carries IPv6.
	in_ns "$here" sh -c \
		'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
	export MTCTL
	in_ns "$here" "$PYTHON" "$TEST_DIR/config.py" \
		> "$TMP/result" 2> "$TMP/log" || say "$(tail -n 5 "$TMP/log")"
	read_cases "$TMP/result"
	chmod 755 "$TMP"
	cp "$MTCTL" "$TMP/mtctl"
}

# put_file TUNNEL...: a file with mt0 and these, each "NAME REMOTE SETTINGS"
put_file()
{
	local name remote more

	echo "defaults: {tunnel: {local: 192.0.2.1}}"
	echo "tunnels:"
	echo "  mt0: {remote: 192.0.2.2, key: 7}"
	while read -r name remote more; do
		[ -z "$name" ] || echo "  $name: {remote: $remote$more}"
	done <<< "$(printf '%s\n' "$@")"
}

netns_test()
{
	local other

	setup_ns other
	put_file > "$TMP/file"
	mt "$other" apply -f "$TMP/file" > /dev/null
	check_err $? "apply in another namespace"
	check_match "$(mt "$other" export)" "mt0" "export there"
	check_eq "$(mt "$here" export)" "" "export here"
	mt "$here" apply --file "$TMP/file" --dry-run > "$TMP/out"
	check_match "$(cat "$TMP/out")" "1 added.*dry run" "a dry run here"
	mt "$other" apply -f /dev/null --prune > /dev/null
	check_eq "$(mt "$other" export)" "" "export there, in the end"
	ip netns del "$other"
	log_test "namespaces are apart"
}

# Elsewhere it is in the way, and nobody here can see it.
moved_test()
{
	local red out

	setup_ns red
	put_file > "$TMP/file"
	mt "$here" apply -f "$TMP/file" > /dev/null
	check_err $? "apply"
	ip -n "$here" link set mt0 netns "$red"
	put_file "mt1 192.0.2.3" > "$TMP/more"
	out=$(mt "$here" apply -f "$TMP/more" 2>&1)
	check_eq $? 1 "apply without mt0"
	check_match "$out" "tunnel mt0: .*taken by another tunnel, which is not in this network namespace.*nothing is changed" \
		"apply without mt0"
	ip -n "$red" link set mt0 netns "$here"
	check_eq "$(mt "$here" apply -f "$TMP/file")" \
		"0 added, 0 changed, 0 removed, 1 unchanged" "mt0 is back"
	mt "$here" apply -f /dev/null -prune > /dev/null
	ip netns del "$red"
	log_test "a tunnel that was moved to another namespace"
}

# A user may look, and is refused with nothing done.
unprivileged_test()
{
	local out

	put_file > "$TMP/file"
	out=$(in_ns "$here" setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all "$TMP/mtctl" apply -f - < "$TMP/file" 2>&1)
	check_eq $? 1 "apply"
	check_match "$out" "tunnel mt0: not permitted.*nothing is changed" "apply"
	out=$(in_ns "$here" setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all "$TMP/mtctl" apply -f - -dry-run < "$TMP/file")
	check_match "$out" "1 added" "a dry run"
	log_test "without CAP_NET_ADMIN: a dry run only"
}

# What anybody may have written does nothing; whose it is says nothing.
writable_test()
{
	local out

	put_file > "$TMP/file"
	chmod 666 "$TMP/file"
	out=$(mt "$here" apply -f "$TMP/file" 2>&1)
	check_eq $? 1 "apply"
	check_match "$out" "anybody may write to it.*chmod o-w" "apply"
	out=$(mt "$here" check "$TMP/file" 2>&1)
	check_eq $? 1 "check"
	echo "tunnel add mt0 local 192.0.2.1 remote 192.0.2.2" > "$TMP/batch"
	chmod 602 "$TMP/batch"
	out=$(mt "$here" -b "$TMP/batch" 2>&1)
	check_eq $? 1 "batch"
	check_match "$out" "anybody may write to it" "batch"
	mkfifo -m 666 "$TMP/fifo"
	cat "$TMP/batch" > "$TMP/fifo" &
	out=$(mt "$here" -b "$TMP/fifo" 2>&1)
	check_eq $? 1 "batch, a named pipe"
	check_match "$out" "anybody may write to it" "batch, a named pipe"
	wait $!
	check_eq "$(mt "$here" -j tunnel list)" "[]" "tunnels"
	chmod 664 "$TMP/file"
	chown 65534 "$TMP/file"
	mt "$here" apply -f "$TMP/file" > /dev/null
	check_err $? "a file that only its owner and group may write to"
	mt "$here" apply -f /dev/null -prune > /dev/null
	check_err $? "a device that everybody may write to"
	log_test "files that anybody may write to are refused"
}

# Nothing is told about what does not change, and once about what does.
silent_test()
{
	put_file "mt1 192.0.2.3" > "$TMP/file"
	mt "$here" apply -f "$TMP/file" > /dev/null
	in_bg "$here" "$TMP/events" "$MTCTL" -j monitor
	slowwait_for grep -q "^listening for events$" "$TMP/events"
	check_err $? "mtctl monitor"
	mt "$here" apply -f "$TMP/file" > /dev/null
	mt "$here" apply -f "$TMP/file" -prune > /dev/null
	put_file "mt1 192.0.2.3 ,ttl:  9" > "$TMP/file"
	mt "$here" apply -f "$TMP/file" > /dev/null
	mt "$here" apply -f /dev/null -prune > /dev/null
	slowwait_for grep -q '"event": *"del".*"mt0"' "$TMP/events"
	check_err $? "mt0 is not deleted"
	stop_bg "$BG_PID"
	check_eq "$(sed -nE 's/.*"event": ?"([a-z]+)".*"ifname": ?"(mt[01])".*/\1 \2/p' \
		"$TMP/events" | tr '\n' ' ')" "set mt1 del mt1 del mt0 " "events"
	log_test "events of what changes, and none of what is the same"
}

# open_while FILE: each time that mt1 was up and had no filter, by events
open_while()
{
	"$PYTHON" - "$1" <<-EOF
		import json, sys
		up = filtered = False
		for line in open(sys.argv[1]):
		    if not line.startswith("{"):
		        continue
		    event = json.loads(line)
		    if "filter" in event:
		        filtered = event["filter"]["prefixes"] > 0
		    elif event.get("ifname") == "mt1":
		        up = event["up"] and event["event"] != "del"
		    if up and not filtered:
		        print(line, end="")
	EOF
}

# What is not to pass does not pass while a file is applied, either.
filter_first_test()
{
	local filter=",filter:  {allow-src-rx: 10.0.0.0/8}"

	in_bg "$here" "$TMP/events" "$MTCTL" -j monitor
	slowwait_for grep -q "^listening for events$" "$TMP/events"
	check_err $? "mtctl monitor"
	put_file "mt1 192.0.2.3 ,up:  on $filter" > "$TMP/file"
	mt "$here" apply -f "$TMP/file" > /dev/null
	check_err $? "apply"
	check_eq "$(mt "$here" apply -f "$TMP/file" -prune)" \
		"0 added, 0 changed, 0 removed, 3 unchanged" "apply again"
	put_file "mt1 192.0.2.3 ,up:  off" | mt "$here" apply -f - > /dev/null
	check_err $? "apply without the filter"
	put_file "mt1 192.0.2.4 ,up:  on $filter" |
		mt "$here" apply -f - > /dev/null
	check_err $? "apply with it"
	mt "$here" apply -f /dev/null -prune > /dev/null
	check_err $? "apply of nothing"
	slowwait_for grep -q '"event": *"del".*"mt1"' "$TMP/events"
	check_err $? "mt1 is not deleted"
	stop_bg "$BG_PID"
	[ "$(grep -c '"up": *true' "$TMP/events")" -ge 2 ]
	check_err $? "mt1 is not up: $(cat "$TMP/events")"
	check_eq "$(open_while "$TMP/events")" "" "events of an open tunnel"
	log_test "no tunnel is up without its filter"
}

traffic_test()
{
	local i pid sent received

	put_file > "$TMP/file"
	mt "$here" apply -f "$TMP/file" > /dev/null
	mt "$far" tunnel add mt0 local 192.0.2.2 remote 192.0.2.1 key 7
	ip -n "$here" addr add 10.0.0.1/24 dev mt0
	ip -n "$far" addr add 10.0.0.2/24 dev mt0
	ip -n "$here" link set mt0 up
	ip -n "$far" link set mt0 up
	ping_check "$here" 10.0.0.2
	check_err $? "no ping through mt0"
	in_bg "$here" "$TMP/ping" ping -n -i 0.05 10.0.0.2
	pid=$BG_PID
	for i in 1 2 3 4 5; do
		put_file "mt1 192.0.2.3 ,ttl:  $i" "mt2 192.0.2.4 ,key:  $i" |
			mt "$here" apply -f - > /dev/null
		check_err $? "apply, $i"
		put_file "mt1 192.0.2.4 ,key:  $i" "mt2 192.0.2.3" |
			mt "$here" apply -f - > /dev/null
		check_err $? "apply of changed places, $i"
		mt "$here" apply -f "$TMP/file" -prune > /dev/null
		check_err $? "apply -prune, $i"
	done
	# The last answer must have come: those that are sent now are not counted.
	sent=$(grep -c 'bytes from' "$TMP/ping")
	slowwait_for more_answers "$((sent + 5))"
	check_err $? "no more answers"
	stop_bg "$pid" INT
	received=$(sed -nE 's/.*icmp_seq=([0-9]+) .*/\1/p' "$TMP/ping")
	check_eq "$received" "$(seq "$(wc -l <<< "$received")")" "answers"
	[ "$(wc -l <<< "$received")" -ge 20 ]
	check_err $? "few answers: $(wc -l <<< "$received")"
	mt "$far" tunnel del mt0
	mt "$here" apply -f /dev/null -prune > /dev/null
	log_test "a tunnel that stays loses no packet"
}

more_answers()
{
	[ "$(grep -c 'bytes from' "$TMP/ping")" -ge "$1" ]
}

# A signal comes while tunnels are made: all of them are there, or none.
interrupt_test()
{
	local i status n try
	local -a tunnels

	for ((i = 1; i <= 400; i++)); do
		echo "m$i 192.0.2.9 ,key:  $i"
	done > "$TMP/tunnels"
	mapfile -t tunnels < "$TMP/tunnels"
	put_file "${tunnels[@]}" > "$TMP/file"
	for try in 1 2 3 4 5; do
		# What a shell runs in the background would ignore it.
		in_bg "$here" "$TMP/out" env --default-signal=INT \
			"$MTCTL" apply -f "$TMP/file"
		slowwait_for link_is_there m100
		stop_bg "$BG_PID" INT
		status=$?
		n=$(mt "$here" -j tunnel show | grep -o '"ifname"' | wc -l)
		case $status in
		0 | 130) ;;
		*) break ;;
		esac
		check_eq "$n" 401 "tunnels of a whole apply"	# it was too late
		mt "$here" apply -f /dev/null -prune > /dev/null
	done
	check_eq "$status $n" "1 0" "status, and tunnels of none"
	check_match "$(cat "$TMP/out")" \
		"interrupted; what was done before has been undone" "output"
	mt "$here" apply -f /dev/null -prune > /dev/null
	log_test "an interrupt (try $try)"
}

link_is_there()
{
	in_ns "$here" test -e "/sys/class/net/$1"
}

# What is documented is right.
example_test()
{
	local file=$TEST_DIR/../Documentation/mtun.yaml.example

	if [ ! -e "$file" ]; then
		log_skip "the example" "no Documentation"
		return
	fi
	check_match "$("$MTCTL" check "$file")" "3 tunnels, 1 clamp" "check"
	mt "$here" apply -f "$file" > "$TMP/out" 2>&1
	check_err $? "apply: $(cat "$TMP/out")"
	check_match "$(cat "$TMP/out")" "5 added" "apply"
	mt "$here" export > "$TMP/file"
	check_eq "$(mt "$here" apply -f "$TMP/file" -prune)" \
		"0 added, 0 changed, 0 removed, 8 unchanged" "export"
	mt "$here" apply -f /dev/null -prune > /dev/null
	log_test "the example"
}

# A file can be checked where there is no module.
unloaded_test()
{
	put_file > "$TMP/file"
	rmmod mtun
	check_err $? "the module does not go"
	check_match "$("$MTCTL" check "$TMP/file")" "1 tunnel, 0 clamps" "check"
	check_match "$("$MTCTL" apply -f "$TMP/file" 2>&1)" "not loaded" "apply"
	load_mtun
	log_test "without the module"
}

setup_prepare
run_tests "$@"
