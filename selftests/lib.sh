# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests in this folder share. A test sources this file, lists its cases
# in ALL_TESTS, builds its topology and calls run_tests:
#
#	ALL_TESTS="ping_test tcp_test:inet tcp_test:inet6"
#	. "$(dirname "$0")/lib.sh"
#	need_mtun
#	setup_prepare
#	run_tests "$@"
#
# A case is a function, with its arguments behind colons. It calls check_err and
# check_fail as often as it likes and log_test once. One more result, "kernel
# log", is added to every test: the kernel must not have complained.
#
# Variables that a caller may set:
#	MTCTL		the mtctl to use
#	MTUN_KO		the module file to load; else modprobe finds it
#	PYTHON		the Python to use; the distribution's has its modules
#	WAIT_TIMEOUT	seconds to wait for something that should happen
# With arguments a test runs only the cases named by them.

ksft_pass=0
ksft_fail=1
ksft_skip=4

: "${WAIT_TIMEOUT:=$((30 * ${MTUN_SLOW:-1}))}"
export WAIT_TIMEOUT
WAIT_MS=$((WAIT_TIMEOUT * 1000))

TEST_DIR=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
TEST_NAME=$(basename "$0")
TRAFFIC=$TEST_DIR/traffic
export LC_ALL=C

if [ -z "$MTCTL" ]; then
	if [ -x "$TEST_DIR/../tools/mtctl" ]; then
		MTCTL=$(readlink -f "$TEST_DIR/../tools/mtctl")
	else
		MTCTL=$(command -v mtctl)
	fi
fi
if [ -z "$MTUN_KO" ] && [ -e "$TEST_DIR/../mtun.ko" ]; then
	MTUN_KO=$(readlink -f "$TEST_DIR/../mtun.ko")
fi

: "${PYTHON:=/usr/bin/python3}"

NS_LIST=()
BG_PIDS=()
TMP=

##############################################################################
# Results

# Nothing was run and why; must come before run_tests.
skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit $ksft_skip
}

# What is tested, or what tests it, does not do what it should before anything was run.
fail_all()
{
	echo "TAP version 13"
	echo "1..1"
	echo "not ok 1 $*"
	exit $ksft_fail
}

say()
{
	local text=$*

	echo "# ${text//$'\n'/$'\n'# }"
}

# check_err STATUS MESSAGE: the case fails unless STATUS is 0
check_err()
{
	if [ "$1" -ne 0 ]; then
		RET=1
		say "FAIL: $2"
		return 1
	fi
	return 0
}

# check_fail STATUS MESSAGE: the case fails if STATUS is 0
check_fail()
{
	if [ "$1" -eq 0 ]; then
		RET=1
		say "FAIL: $2"
		return 1
	fi
	return 0
}

# check_eq GOT WANTED MESSAGE
check_eq()
{
	[ "$1" = "$2" ]
	check_err $? "$3: got \"$1\", expected \"$2\""
}

# check_match TEXT REGEX MESSAGE: extended, anywhere in TEXT, case ignored
check_match()
{
	local status

	shopt -s nocasematch
	[[ $1 =~ $2 ]]
	status=$?
	shopt -u nocasematch
	check_err $status "$3: \"$1\" does not match \"$2\""
}

log_test()
{
	TEST_LOGGED=$((TEST_LOGGED + 1))
	TEST_NUM=$((TEST_NUM + 1))
	if [ "$RET" -eq 0 ]; then
		echo "ok $TEST_NUM $*"
		N_PASS=$((N_PASS + 1))
	else
		echo "not ok $TEST_NUM $*"
		N_FAIL=$((N_FAIL + 1))
	fi
}

# log_skip NAME REASON: in the place of log_test
log_skip()
{
	TEST_LOGGED=$((TEST_LOGGED + 1))
	TEST_NUM=$((TEST_NUM + 1))
	echo "ok $TEST_NUM $1 # SKIP $2"
	N_SKIP=$((N_SKIP + 1))
}

run_tests()
{
	local cases="$ALL_TESTS" t
	local -a words

	[ $# -gt 0 ] && cases="$*"
	# shellcheck disable=SC2086
	set -- $cases

	TEST_NUM=0 N_PASS=0 N_FAIL=0 N_SKIP=0
	TESTS_RUN=1
	echo "TAP version 13"
	echo "1..$(($# + 1))"
	for t; do
		IFS=: read -ra words <<< "$t"
		RET=0 TEST_LOGGED=0
		"${words[@]}"
		if [ "$TEST_LOGGED" -ne 1 ]; then
			say "FAIL: $TEST_LOGGED results instead of one"
			RET=1
			log_test "$t"
		fi
	done
	klog_test

	# The trap cleans up; its own status does not count.
	if [ "$N_FAIL" -gt 0 ]; then
		exit $ksft_fail
	elif [ "$N_SKIP" -gt 0 ] && [ "$N_PASS" -le 1 ]; then
		exit $ksft_skip
	fi
	exit $ksft_pass
}

# py_run SCRIPT ARGUMENTS...: a test that is written in Python: py_result has its cases
py_run()
{
	MTCTL=$MTCTL "$PYTHON" "$@" > "$TMP/result" 2> "$TMP/log" || py_died
}

# It came to no end. What it was about has less results than it should, maybe all of them
# good; what comes behind that has none.
py_died()
{
	local last

	say "$(tail -n 5 "$TMP/log")"
	last=$(grep -E "^[^# ]+ (ok|bad) " "$TMP/result" | tail -n 1)
	echo "${last%% *} bad: it ended early" >> "$TMP/result"
}

# py_result GROUP: a case of a test that is written in Python, which wrote a line
# "GROUP ok|bad TEXT" for each thing that it tried, or "GROUP skip REASON"
py_result()
{
	local group=$1 good bad

	bad=$(sed -n "s/^$group skip //p" "$TMP/result")
	if [ -n "$bad" ] && ! grep -q "^$group bad" "$TMP/result"; then
		log_skip "$group" "$bad"
		return
	fi

	good=$(grep -c "^$group ok" "$TMP/result")
	[ "$good" -gt 0 ]
	check_err $? "nothing was as expected, or was not tried"
	bad=$(grep -m 20 "^$group bad" "$TMP/result")
	[ -z "$bad" ]
	check_err $? "$bad"
	log_test "$group: $good as expected"
}

declare -A CASE_RESULT

# read_cases FILE: lines "CASE ok" or "CASE bad TEXT" of a program that has run many
# cases at once. Each is told by case_test then, without starting a program.
read_cases()
{
	local name text

	while read -r name text; do
		CASE_RESULT[$name]=$text
	done < "$1"
}

case_test()
{
	check_eq "${CASE_RESULT[$1]:-not run}" "ok" "$1"
	log_test "${1//_/ }"
}

##############################################################################
# The kernel log

KLOG_BAD='BUG:|WARNING:|Oops|general protection|Call Trace|refcount_t|'
KLOG_BAD+='unregister_netdevice: waiting|leak|[Ss]tall|blocked for more|'
KLOG_BAD+='use-after-free|Kernel panic'

klog_begin()
{
	KLOG_MARK="mtun selftest $TEST_NAME $$ $RANDOM"
	echo "$KLOG_MARK" > /dev/kmsg
}

# What the kernel said since klog_begin and should not have said. A sysctl that can
# have no memory is told with a backtrace (fail.sh).
klog_bad()
{
	# A mark that the log has lost means that it is full of something.
	dmesg | awk -v m="$KLOG_MARK" '
		index($0, m) { text = ""; next }
		{ text = text $0 "\n" }
		END { printf "%s", text }' |
	sed -e '/] sysctl could not get directory: .* -12$/,/<\/TASK>/d' \
		-e '/] mtctl invoked oom-killer: /,/<\/TASK>/d' |
		grep -E "$KLOG_BAD"
}

klog_test()
{
	local bad

	RET=0
	bad=$(klog_bad | head -n 20)
	[ -z "$bad" ] || say "$bad"
	check_eq "$bad" "" "complaints in the kernel log"
	log_test "kernel log"
}

##############################################################################
# What a test needs

# need_command NAME...
need_command()
{
	local c

	for c; do
		command -v "$c" > /dev/null ||
			skip_all "$c is not installed"
	done
}

# need_module NAME...: in-tree modules, or built in
need_module()
{
	local m

	for m; do
		modprobe -q "$m" || skip_all "no kernel module $m"
	done
}

mtun_loaded()
{
	[ -e /sys/module/mtun ]
}

load_mtun()
{
	mtun_loaded && return 0
	if [ -n "$MTUN_KO" ]; then
		insmod "$MTUN_KO"
	else
		modprobe -q mtun
	fi
}

# Root, the module, mtctl and the helper programs; begins the kernel log check.
need_mtun()
{
	local out

	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	need_command ip
	if ! out=$(load_mtun 2>&1); then
		[ -n "$MTUN_KO" ] || skip_all "there is no module mtun to load"
		fail_all "the module that was built does not load: $out"
	fi
	[ -n "$MTCTL" ] || skip_all "mtctl not found; set MTCTL"
	[ -x "$TRAFFIC" ] && [ -x "$TEST_DIR/nsexec" ] ||
		skip_all "traffic or nsexec is not built; run make"

	TMP=$(mktemp -d) || exit $ksft_fail
	trap cleanup EXIT
	trap 'exit 1' INT TERM
	klog_begin
}

##############################################################################
# Namespaces and what runs in them

# setup_ns VARIABLE...: a new namespace each, its name put into the variable
setup_ns()
{
	local var name

	for var; do
		name="mtun-$var-$(mktemp -u XXXXXX)"
		ip netns add "$name" || return 1
		NS_LIST+=("$name")
		eval "$var=$name"
		# No duplicate address detection: addresses work at once.
		in_ns "$name" sh -c '
			ip link set lo up
			cd /proc/sys/net/ipv6/conf 2> /dev/null || exit 0
			echo 0 > all/accept_dad
			echo 0 > default/accept_dad'
	done
}

# setup_underlay NS1 NS2: a cable between two namespaces. It is u0 in both, which
# has 192.0.2.1/24 and 2001:db8::1/64 in NS1, .2 and ::2 in NS2, and is up.
setup_underlay()
{
	local n=0 ns

	ip -n "$1" link add u0 type veth peer name u0 netns "$2" || return 1
	for ns; do
		n=$((n + 1))
		ip_batch "$ns" <<-EOF || return 1
			addr add 192.0.2.$n/24 dev u0
			addr add 2001:db8::$n/64 dev u0
			link set u0 up
		EOF
	done
}

# setup_gre_end NS: devices of the kernel's own at NS2 of such a cable, for tunnels of
# NS1 with the keys 4 and 6: g4 with 10.0.4.2/24 and g6 with 10.0.6.2/24
setup_gre_end()
{
	ip_batch "$1" <<-EOF
		link add g4 type gre local 192.0.2.2 remote 192.0.2.1 key 4
		link add g6 type ip6gre local 2001:db8::2 remote 2001:db8::1 key 6
		addr add 10.0.4.2/24 dev g4
		addr add 10.0.6.2/24 dev g6
		link set g4 up
		link set g6 up
	EOF
}

# setup_router NS...: forwards IPv4 and IPv6, wherever answers would go to
setup_router()
{
	local ns

	for ns; do
		in_ns "$ns" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
			echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
			for c in /proc/sys/net/ipv4/conf/*/rp_filter; do
				echo 0 > $c
			done'
	done
}

in_ns()
{
	local ns=$1; shift

	# Whoever looks at /sys needs that of the namespace.
	if [[ $* == *[!c]/sys/* || $1 == "$PYTHON" ]]; then
		ip netns exec "$ns" "$@"
	else
		"$TEST_DIR/nsexec" "$ns" "$@"
	fi
}

# mt NS ARGUMENTS...: mtctl in a namespace
mt()
{
	local ns=$1; shift

	"$MTCTL" -n "$ns" "$@"
}

# ip_batch NS: one ip command a line on standard input
ip_batch()
{
	ip -n "$1" -batch -
}

# in_bg NS FILE COMMAND...: in the background, killed by cleanup; BG_PID is its
# process, its output goes to FILE.
in_bg()
{
	local ns=$1; shift
	local file=$1; shift

	# ip netns exec replaces itself by the command: one process.
	ip netns exec "$ns" "$@" > "$file" 2>&1 &
	BG_PID=$!
	BG_PIDS+=("$BG_PID")
}

# stop_bg PID [SIGNAL]: returns the exit status of the process
stop_bg()
{
	kill -"${2:-TERM}" "$1" 2> /dev/null
	wait "$1" 2> /dev/null
}

# has_more FILE BYTES
has_more()
{
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

ping_answers()
{
	grep -c "bytes from .*icmp_seq=" "$1"
}

has_more_answers()
{
	[ "$(ping_answers "$1")" -gt "$2" ]
}

# stop_pings PID FILE: all that ping sent was answered, and still is. FILE is what it says
# without -q. The last ones may still be under way when it is stopped.
stop_pings()
{
	local answers last lost

	slowwait_for has_more_answers "$2" "$(ping_answers "$2")"
	check_err $? "no more answers"
	stop_bg "$1" INT
	read -r answers last lost < <(awk 'sub(/.*bytes from .*icmp_seq=/, "") {
		for (n = $1 + 0; n < last - 32768; n += 65536)	# it is 16 bits
			;
		seen[n]
		if (n > last)
			last = n
	}
	END {
		for (n = 1; n < last; n++)
			if (!(n in seen))
				lost = lost " " n
		print length(seen), last + 0, lost
	}' "$2")
	[ "$answers" -gt 0 ] && [ "$answers" -eq "$last" ]
	check_err $? "$answers answers up to that to ping $last, lost: $lost"
}

cleanup()
{
	local p ns

	trap - EXIT
	for p in "${BG_PIDS[@]}"; do
		stop_bg "$p" KILL
	done
	type -t cleanup_more > /dev/null && cleanup_more
	for ns in "${NS_LIST[@]}"; do
		ip netns del "$ns" 2> /dev/null
	done
	[ -n "$TMP" ] && rm -rf "$TMP"
}

##############################################################################
# Waiting

now_ms()
{
	local t=${EPOCHREALTIME/./}

	echo "${t%???}"
}

# busywait MILLISECONDS COMMAND...: until it succeeds; prints its last output
busywait()
{
	local end=$(($(now_ms) + $1)); shift
	local out

	while :; do
		if out=$("$@"); then
			printf '%s' "$out"
			return 0
		fi
		if [ "$(now_ms)" -gt "$end" ]; then
			printf '%s' "$out"
			return 1
		fi
		sleep 0.05
	done
}

# slowwait_for COMMAND...: busywait for as long as a slow machine may need
slowwait_for()
{
	busywait "$WAIT_MS" "$@" > /dev/null
}

not()
{
	! "$@"
}

# in_state PID STATES: letters of proc(5). One that is gone is in any
in_state()
{
	local stat

	stat=$(cat "/proc/$1/stat" 2> /dev/null) || return 0
	[[ ${stat##*) } == [$2]* ]]
}

# The process is gone, or only waits to be reaped.
has_ended()
{
	in_state "$1" Z
}

##############################################################################
# Counters. Names are those of mtctl's JSON, where each occurs once a tunnel:
# rx_packets, tx_bytes, ..., and the drop reasons.

# json_number KEY: from standard input, 0 if there is no such key
json_number()
{
	local text

	text=$(< /dev/stdin)
	if [[ $text =~ \"$1\":\ *([0-9]+) ]]; then
		echo "${BASH_REMATCH[1]}"
	else
		echo 0
	fi
}

# stat_get NS TUNNEL COUNTER: or -1 without counters
stat_get()
{
	local json

	json=$(mt "$1" -j -s tunnel show "$2") || { echo -1; return 1; }
	json_number "$3" <<< "$json"
}

# drops_get NS TUNNEL: all of them, as "reason": count
drops_get()
{
	local json

	json=$(mt "$1" -j -s tunnel show "$2")
	json=${json//[[:space:]]}
	[[ $json == *\"drops\":{* ]] || { echo "no counters"; return 1; }
	json=${json#*\"drops\":\{}
	echo "${json%%\}*}"
}

# snapshot ARRAY NS: all counters of all tunnels of a namespace into the
# associative array, by "TUNNEL COUNTER"; "TUNNEL drops" is the sum of its drops.
snapshot()
{
	# shellcheck disable=SC2178
	local -n into=$1
	local json one name field value
	local -a fields

	into=()
	json=$(mt "$2" -j -s tunnel show)
	check_err $? "no counters of $2" || return
	json=${json//[[:space:]]}
	while IFS= read -r one; do
		[[ $one =~ \"ifname\":\"([^\"]*)\" ]] || continue
		name=${BASH_REMATCH[1]}
		one=${one#*\"stats\":\{}
		into["$name drops"]=0
		# A regex over what is left costs a hundred times that.
		IFS=, read -ra fields <<< "${one//[\"\{\}\[\]]}"
		for field in "${fields[@]}"; do
			value=${field##*:}
			field=${field%:*}
			field=${field##*:}
			[[ $value != *[!0-9]* && $field != *[!a-z_-]* ]] || continue
			into["$name $field"]=$value
			# The reasons are those with a dash.
			[[ $field != *-* ]] ||
				into["$name drops"]=$((${into["$name drops"]} + value))
		done
	done <<< "${json//\},\{\"ifname\"/$'\n'\"ifname\"}"
}

# check_grown BEFORE AFTER MESSAGE TUNNEL COUNTER N ...: what lies between two
# snapshots
check_grown()
{
	# shellcheck disable=SC2178
	local -n from=$1 to=$2
	local message=$3; shift 3

	while [ $# -gt 0 ]; do
		check_eq "$((${to["$1 $2"]:-0} - ${from["$1 $2"]:-0}))" "$3" \
			"$message: $2 of $1"
		shift 3
	done
}

stat_above()
{
	[ "$(stat_get "$1" "$2" "$3")" -gt "$4" ]
}

# slowwait_for_counter NS TUNNEL COUNTER VALUE: until it exceeds VALUE
slowwait_for_counter()
{
	slowwait_for stat_above "$@"
}

# link_stat NS DEVICE rx|tx packets|bytes|dropped|errors
link_stat()
{
	in_ns "$1" cat "/sys/class/net/$2/statistics/$3_$4"
}

# unreclaimed: kB of the kernel's memory that are no caches. Those shrink first, which is
# all that KASAN's account does, too: as much as it can, it keeps what was freed.
unreclaimed()
{
	local shrink

	for shrink in /sys/kernel/slab/*/shrink; do
		echo 1 > "$shrink"
	done 2> /dev/null
	awk '/^(SUnreclaim|Percpu|VmallocUsed)/ { sum += $2 } END { print sum }' \
		/proc/meminfo
}

##############################################################################
# Queues of netfilter

# queue_start NS [MARK]: a process that lets go what is in queue 7 of nft, with that mark
queue_start()
{
	: > "$TMP/queue"
	in_bg "$1" "$TMP/queue" "$PYTHON" "$TEST_DIR/nfqueue.py" 7 ${2:+"$2"}
	QUEUE=$BG_PID
	slowwait_for grep -q ready "$TMP/queue"
	check_err $? "nobody listens: $(cat "$TMP/queue")"
}

# queue_stop VERDICTS: how many there were
queue_stop()
{
	stop_bg "$QUEUE"
	check_eq "$(tail -n 1 "$TMP/queue")" "$1" "verdicts"
}

##############################################################################
# Captures

# capture_start NS DEVICE FILE [TCPDUMP ARGUMENTS...]: returns when tcpdump
# listens. CAPTURE_PID is its process. With -c it ends by itself.
capture_start()
{
	local ns=$1 dev=$2 file=$3; shift 3

	in_bg "$ns" "$file.log" tcpdump -i "$dev" -w "$file" -U -n -Z root \
		--immediate-mode -s 0 "$@"
	CAPTURE_PID=$BG_PID
	slowwait_for grep -q "listening on" "$file.log" ||
		{ say "$(cat "$file.log")"; return 1; }
}

# capture_wait PID: until a capture with -c has all of its packets
capture_wait()
{
	if slowwait_for has_ended "$1"; then
		wait "$1" 2> /dev/null
		return 0
	fi
	stop_bg "$1" INT
	return 1
}

# capture_stop PID: what it has seen so far is in the file afterwards
capture_stop()
{
	# It waits for packets: those that came are in the file.
	slowwait_for in_state "$1" SZ
	stop_bg "$1" INT
	return 0
}

##############################################################################
# Traffic

# flood_gre NS1 NS2 SIZE SIZE: both ways through the tunnels of setup_gre_end(), which
# are 10.0.4.1 and 10.0.6.1 in NS1, with packets of two sizes
flood_gre()
{
	in_bg "$2" /dev/null "$TRAFFIC" udp-flood 10.0.4.1 9 "$3"
	in_bg "$2" /dev/null "$TRAFFIC" udp-flood 10.0.6.1 9 "$4"
	in_bg "$1" /dev/null "$TRAFFIC" udp-flood 10.0.4.2 9 "$4"
	in_bg "$1" /dev/null "$TRAFFIC" udp-flood 10.0.6.2 9 "$3"
}

# ping_check NS ADDRESS [PING ARGUMENTS...]: one answer within the time limit
ping_check()
{
	local ns=$1 addr=$2; shift 2

	in_ns "$ns" ping -q -n -c 1 -i 0.2 -w "$WAIT_TIMEOUT" "$@" "$addr" \
		> /dev/null 2>&1
}

# ping_once NS ADDRESS: one packet, which is answered within the time limit
ping_once()
{
	in_ns "$1" ping -q -n -c 1 -W "$WAIT_TIMEOUT" "$2" > /dev/null 2>&1
}

# ping_now NS ADDRESS: the same within two seconds, where no answer is right, or another
# try is made
ping_now()
{
	in_ns "$1" ping -q -n -c 1 -W 2 "$2" > /dev/null 2>&1
}

# ping_all NS ADDRESS...: one answer from each within the time limit, all at the
# same time. Prints those that gave none.
ping_all()
{
	local ns=$1; shift

	# shellcheck disable=SC2016
	in_ns "$ns" sh -c 'limit=$1; shift
		for a; do
			ping -q -n -c 1 -i 0.2 -w "$limit" "$a" > /dev/null 2>&1 ||
				echo "$a" &
		done
		wait' sh "$WAIT_TIMEOUT" "$@"
}

# tcp_check NS1 NS2 ADDRESS PORT BYTES: sent from NS1 to ADDRESS in NS2, every
# byte of it compared there
tcp_check()
{
	local pid rc

	: > "$TMP/tcp"
	in_bg "$2" "$TMP/tcp" "$TRAFFIC" tcp-recv "$3" "$4" "$5"
	pid=$BG_PID
	# Each connection that is refused has a SYN, and some tests count those.
	slowwait_for test -s "$TMP/tcp"
	in_ns "$1" timeout "$WAIT_TIMEOUT" "$TRAFFIC" tcp-send "$3" "$4" "$5" \
		> /dev/null 2>&1
	rc=$?
	if [ $rc -ne 0 ] || ! slowwait_for has_ended "$pid"; then
		stop_bg "$pid"
		return 1
	fi
	wait "$pid"
}
