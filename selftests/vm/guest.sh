#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh TEST...: run kselftest programs one after another in the guest and
# print what the kernel's own runner prints: the TAP of every test behind "# ",
# then a line for the test as a whole.
#
# Beyond that runner
#  * a test during which the kernel complained has failed, whatever it says,
#  * with $MTUN_LEAKS, a kernel that has kmemleak is asked at the end what all tests
#    have leaked,
#  * with $MTUN_COVERAGE, what has run is left in $MTUN_VM_OUT/coverage-*,
#  * processes and namespaces that a test leaves behind are removed,
#  * mtun is unloaded between tests; a test after which that is impossible has
#    failed.
#
# $MTUN_VM_OUT gets a directory for every test that is begun, with "log", what it
# says, and "result", "EXIT-STATUS SECONDS", when it has ended. A test whose
# directory is there already is left out: so several guests share the work, and
# the next one goes on behind the test in which a guest has died.

cd "$(dirname "$0")/.." || exit 126
out=${MTUN_VM_OUT:-$(mktemp -d)}

timeout=45
[ -e settings ] && eval "$(grep -E '^timeout=[0-9]+$' settings)"

complaints='BUG: |WARNING: |Oops|Call Trace|general protection'
complaints+='|rcu.* detected .*stall|rcu.* self-detected'
complaints+='|unregister_netdevice: waiting|refcount_t|blocked for more than'
complaints+='|UBSAN: |KASAN: |KCSAN: |kmemleak: .*new suspected|INFO: possible'
complaints+='|INFO: trying to register|ODEBUG: |DEBUG_LOCKS|suspicious RCU'
complaints+='|turning off the locking|leaked reference'
complaints+='|leftover after parsing attributes in process .mtctl'

# A test may take this much longer on a debug kernel.
timeout=${MTUN_TIMEOUT:-$((timeout * ${MTUN_SLOW:-1}))}

# Everything that a test starts is in its control group, daemons too.
cgroup=/sys/fs/cgroup/mtun-test

run_one()
{
	local test=$1 rc printer
	local -a limit=()

	[ "$timeout" -gt 0 ] && limit=(timeout -k 5 "$timeout")
	mkdir -p $cgroup

	exec 3> >(exec tee "$2" | sed -u 's/^/# /')
	printer=$!
	(
		echo $BASHPID >$cgroup/cgroup.procs
		exec "${limit[@]}" "./$test" </dev/null 3>&-
	) >&3 2>&1
	rc=$?
	exec 3>&-

	# A test that is over must not go on, and a daemon that it has left
	# must not keep our pipe open.
	end_processes
	wait $printer
	return $rc
}

end_processes()
{
	local i

	for ((i = 0; i < 50; i++)); do
		rmdir $cgroup 2>/dev/null && return
		echo 1 >$cgroup/cgroup.kill
		sleep 0.1
	done
	echo "# processes of the test cannot be ended:"
	sed 's/^/#   /' $cgroup/cgroup.procs
}

# What is left of the test in the kernel. The status says whether mtun is out.
clean_up()
{
	local left

	left=$(ip netns list | cut -d ' ' -f 1)
	if [ -n "$left" ]; then
		echo "# removing what the test left: netns" $left
		ip -all netns del
	fi
	if [ -e /sys/module/mtun ] && ! rmmod mtun; then
		return 1
	fi 2>&1 | sed 's/^/# /'
	return "${PIPESTATUS[0]}"
}

# What nothing points to any more, and has not for 5 seconds. A scan takes long, and
# only the second one reports. kmemleak switches itself off when it has no memory.
find_leaks()
{
	local kmemleak=/sys/kernel/debug/kmemleak

	[ -e $kmemleak ] || return 0	# another kernel
	sleep 6
	{ echo scan >$kmemleak && echo scan >$kmemleak; } 2>/dev/null ||
		echo "kmemleak does not look for any"
	cat $kmemleak
}

# Which lines have run ("make coverage"): the tools say it whenever one ends, so into
# memory, the kernel when it is asked.
if [ -n "$MTUN_COVERAGE" ]; then
	export GCOV_PREFIX=/tmp/coverage
	coverage=$out/coverage-$(cut -c 1-8 /proc/sys/kernel/random/boot_id)
fi

gather_coverage()
{
	local file

	cd /sys/kernel/debug/gcov || return
	find . -name '*.gcda' | while read -r file; do
		mkdir -p "$GCOV_PREFIX/${file%/*}"
		cat "$file" >"$GCOV_PREFIX/$file"
	done
	cp -r "$GCOV_PREFIX/." "$coverage"
}

echo "TAP version 13"

num=0
failed=0
for test in "$@"; do
	dir=$out/${test//\//_}
	mkdir "$dir" 2>/dev/null || continue
	num=$((num + 1))
	name="selftests: mtun: $test"
	begin=$(date +%s.%N)
	marker="mtun-test: $test begins ($num)"

	echo "$marker" >/dev/kmsg
	echo "# $name"

	run_one "$test" "$dir/log"
	rc=$?
	case $rc in
	0) verdict="ok $num $name" ;;
	4) verdict="ok $num $name # SKIP" ;;
	124|137) verdict="not ok $num $name # TIMEOUT $timeout seconds" ;;
	*) verdict="not ok $num $name # exit=$rc" ;;
	esac

	if ! clean_up && { [ $rc -eq 0 ] || [ $rc -eq 4 ]; }; then
		rc=1
		verdict="not ok $num $name # mtun cannot be unloaded"
	fi

	# There is a backtrace where sysctl could have no memory (fail.sh), and where
	# mtctl is killed for want of it (netns.sh).
	# A marker that the log has lost means that it is full of something:
	# then all of it counts.
	if said=$(dmesg | awk -v m="$marker" '
			index($0, m) { text = ""; next }
			{ text = text $0 "\n" }
			END { printf "%s", text }' |
		  sed -e '/] sysctl could not get directory: .* -12$/,/<\/TASK>/d' \
		      -e '/] mtctl invoked oom-killer: /,/<\/TASK>/d' |
		  grep -E -A 25 -m 40 "$complaints"); then
		printf '%s\n' "$said" | sed 's/^/# kernel: /' |
			tee -a "$dir/log"
		if [ $rc -eq 0 ] || [ $rc -eq 4 ]; then
			rc=1
			verdict="not ok $num $name # the kernel complained"
		fi
	fi

	[ $rc -eq 0 ] || [ $rc -eq 4 ] || failed=1
	seconds=$(awk -v b="$begin" -v e="$(date +%s.%N)" \
		  'BEGIN { printf "%.1f", e - b }')
	echo "$verdict"
	echo "# $test took $seconds s"
	echo "$rc $seconds" >"$dir/result"
	[ -z "$MTUN_COVERAGE" ] || (gather_coverage)
done
echo "1..$num"
if [ -n "$MTUN_LEAKS" ]; then
	leaks=$(find_leaks 2>&1)
	if [ -n "$leaks" ]; then
		printf '%s\n' "$leaks" | sed 's/^/# kernel: /'
		exit 97	# as "run" says that the kernel has complained
	fi
fi
exit $failed
