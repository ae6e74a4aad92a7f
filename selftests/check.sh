#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that "make check" runs: checks and unit tests on this machine, then
# the kselftests in a virtual machine.
#
#   T="a.sh b.sh" check.sh    only these kselftests, and nothing on the host
#                             but the builds that they need
#   check.sh debug            the kselftests, all or those in T, on the debug
#                             kernel (vm/debug-kernel), which is built first if
#                             need be; without "debug", if it is there, those run there
#                             that have waited longest for it. With MTUN_LEAKS=1 those in
#                             T are watched for what they leak, which takes twice as long
#   check.sh races            those where things happen at the same time, or those in T,
#                             on a kernel that watches for data races
#   check.sh long             those which may take as long as one likes, for hours, on
#                             the debug kernel
#   check.sh coverage         the kselftests on a kernel that counts which lines run, and
#                             what of kmod/ and tools/ has not
#
# A step prints TAP, or passes or fails as a whole. Results are counted one by
# one: a program that ends early or dies counts the results that it owes as
# failed. The last line is always "N passed, N failed, N skipped"; the exit
# status is 1 if anything failed or if nothing passed.
#
# The output of steps that pass stays in the log directory, that of steps that
# fail is shown.

cd "$(dirname "$0")/.." || exit 1

CACHE=${MTUN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mtun}
LOGS=${MTUN_CHECK_LOGS:-$CACHE/check}
JOBS=$(nproc)
T=${T:-}

# On the debug kernel, whose every instruction is several, all tests are well over an
# hour. "check.sh" runs these there each time, a part of what they can do, ...
DEBUG_ALWAYS="kunit.sh hostile.sh scramble.sh"
# ... and of the others those whose turn it is, as many seconds of a guest, so that all
# of them come round but those that take longer than there is.
DEBUG_SECONDS=1200

# Whoever runs "check.sh" stops it after 90 minutes, and knows nothing then: we come to an
# end of our own before that, however slow the machine is and whatever hangs. What has a
# limit of its own has no deadline.
CHECK_SECONDS=5100
deadline=

# What kmemleak watches there: it doubles the time of all the others. Between them they
# make, change and end whatever there is, with memory and without.
LEAK_SLICE="clamp.sh config.sh fail.sh frag.sh health.sh hostile.sh ipsec_tunnel.sh kunit.sh
	    netns.sh reload.sh samples.sh scramble.sh torture.sh"

# Where packets meet changes: what KCSAN watches, with two CPUs
RACES="anycast.sh counters.sh detect.sh early.sh health.sh ipsec.sh ipsec_tunnel.sh netns.sh
       recover.sh reload.sh samples.sh scramble.sh torture.sh"

# Of the make that called us: its job server and its variables would make the
# builds below depend on how "make check" was called.
unset MAKEFLAGS MFLAGS MAKELEVEL

passed=0
failed=0
skipped=0
start=$SECONDS
summary=()
failures=()

finish()
{
	trap - EXIT
	echo
	printf '%s\n' "${summary[@]}"
	printf '  %-34s %5d s\n' "all" $((SECONDS - start))
	if [ ${#failures[@]} -gt 0 ]; then
		echo
		printf 'not ok: %s\n' "${failures[@]}"
	fi
	echo
	echo "# logs: $LOGS"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

# Whatever happens: the last line is the count, and an end in the middle is a
# failure.
trap 'failed=$((failed + 1)); failures+=("check.sh was interrupted"); finish' \
	EXIT
trap 'exit 1' INT TERM HUP

# count_tap FILE STATUS: results of one program that printed TAP. Prints
# "PASSED FAILED SKIPPED", then the names of what failed, each with the first thing that
# was wrong: where the log is gone, this is what is left of it.
count_tap()
{
	awk -v status="$2" '
	# "#" and blanks in front: nested results, counted by their parent.
	/^1\.\.[0-9]+/ {
		plan = substr($1, 4) + 0
		planned = 1
		if (plan == 0)
			all_skipped = 1
	}
	/^# FAIL: / && why == "" { why = ": " substr($0, 9, 160) }
	/^(not )?ok( |$)/ {
		seen++
		if (/^not ok/) {
			failed++
			names[++n] = $0 why
		} else if (tolower($0) ~ /# *skip/) {
			skipped++
		} else {
			passed++
		}
		why = ""
	}
	/^Bail out!/ { failed++; names[++n] = $0 }
	END {
		if (planned && seen < plan) {
			failed += plan - seen
			names[++n] = (plan - seen) " results missing"
		} else if (planned && seen > plan) {
			failed++
			names[++n] = (seen - plan) " results more than planned"
		}
		if (!seen && !failed && (status == 4 || all_skipped)) {
			skipped++
		} else if (!seen && !failed) {
			failed++
			names[++n] = "no results"
		} else if (status != 0 && status != 4 && !failed) {
			failed++
			names[++n] = "exit status " status
		}
		print passed + 0, failed + 0, skipped + 0
		for (i = 1; i <= n; i++)
			print names[i]
	}' "$1"
}

# account NAME SECONDS FILE STATUS: count and report the results in FILE
account()
{
	local name=$1 seconds=$2 file=$3 status=$4 p f s line counts

	counts=$(count_tap "$file" "$status")
	read -r p f s <<<"$counts"
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	while read -r line; do
		failures+=("$name: ${line#not ok }")
	done < <(tail -n +2 <<<"$counts")

	line=$(printf '  %-34s %5d s  %d passed, %d failed, %d skipped' \
	       "$name" "$seconds" "$p" "$f" "$s")
	summary+=("$line")
	[ "$f" -eq 0 ]
}

# tap NAME COMMAND...: a step that prints TAP
tap()
{
	local name=$1 log status begin=$SECONDS

	shift
	log=$LOGS/${name//[^A-Za-z0-9._-]/_}.log
	"$@" >"$log" 2>&1 </dev/null
	status=$?
	report "$name" $((SECONDS - begin)) "$log" $status
}

# seconds_left LIMIT RESERVE: how long something may take, at most LIMIT, so that RESERVE
# is left for what comes after it
seconds_left()
{
	local left=$1

	[ -z "$deadline" ] || left=$((deadline - SECONDS - $2))
	[ $left -lt "$1" ] || left=$1
	[ $left -gt 1 ] || left=1
	echo $left
}

# report NAME SECONDS FILE STATUS: account, and show what failed or was left out
report()
{
	if account "$@"; then
		echo "ok - $1 ($2 s)"
		# A skip is never silent.
		grep -iE '^(ok .*|1\.\.0 *)# *skip' "$3" | sed 's/^/#   /'
		return 0
	fi
	sed 's/^/  /' "$3"
	echo "not ok - $1 ($2 s)"
	return 1
}

# For steps that run beside others: leaves what COMMAND says in FILE.log, and
# "STATUS SECONDS" in FILE.

# run_aside FILE COMMAND...
run_aside()
{
	local file=$1 begin=$SECONDS; shift

	"$@" >"$file.log" 2>&1 </dev/null
	echo "$? $((SECONDS - begin))" >"$file"
}

# report_aside NAME FILE
report_aside()
{
	local status seconds

	read -r status seconds <"$2"
	report "$1" "$seconds" "$2.log" "$status"
}

# whole NAME COMMAND...: a step that passes or fails as a whole, or skips with
# status 4
whole()
{
	tap "$1" as_tap "$@"
}

as_tap()
{
	local name=$1 status

	shift
	echo "1..1"
	"$@" 2>&1 | sed 's/^/# /'
	status=${PIPESTATUS[0]}
	case $status in
	0) echo "ok 1 $name" ;;
	4) echo "ok 1 $name # SKIP" ;;
	*) echo "not ok 1 $name (status $status)"; return 1 ;;
	esac
}

# No output of a compiler is good output: fails on warnings, too.
quiet_build()
{
	local out status

	out=$("$@" 2>&1)
	status=$?
	printf '%s\n' "$out"
	[ $status -eq 0 ] || return $status
	! grep -qiE '(warning|error):' <<<"$out"
}

module()
{
	# A kernel that cannot be found must not turn into the build for
	# another one.
	make module KDIR="/lib/modules/$kver/build" "$@"
}

module_warnings()
{
	# Objects that are there already would not tell what is wrong in them.
	make clean KDIR="/lib/modules/$kver/build" || return
	if ls kmod/*.o; then
		echo "make clean leaves objects behind"
		return 1
	fi 2>/dev/null
	quiet_build module W=1 -j"$JOBS"
}

module_sparse()
{
	quiet_build module C=2 W=1 CF="-D__CHECK_ENDIAN__" -j"$JOBS"
}

# What checkpatch says about user space without being right:
#   PREFER_DEFINED_ATTRIBUTE_MACRO, BIT_MACRO   __printf() and BIT() are the
#	kernel's, there is no such thing in user space
#   CAMELCASE		it means PRIu64
#   EMBEDDED_FUNCTION_NAME	it takes words of a message for a function
#   STATIC_CONST_CHAR_ARRAY	it means an argv, which main() wants writable
user_space="PREFER_DEFINED_ATTRIBUTE_MACRO,BIT_MACRO,CAMELCASE"
user_space+=",EMBEDDED_FUNCTION_NAME,STATIC_CONST_CHAR_ARRAY"
# ... and of tests on kselftest_harness.h:
#   PREFER_KERNEL_TYPES, ARRAY_SIZE	user space has neither
#   COMPLEX_MACRO, PARENTHESIS_ALIGNMENT	tables of test cases
#   TYPO_SPELLING	it does not know some words
user_space+=",PREFER_KERNEL_TYPES,ARRAY_SIZE,COMPLEX_MACRO"
user_space+=",PARENTHESIS_ALIGNMENT,TYPO_SPELLING"

# checkpatch DIR...: see .checkpatch.conf for the options
checkpatch()
{
	local -a files options=()
	local said

	case $1 in
	tools|selftests) options=(--ignore "$user_space") ;;
	esac
	# What gen.py makes is checked in gen.py: its strings are prose.
	mapfile -t files < <(find "$@" \
		\( -name '*.c' -o -name '*.h' \) ! -name '*.mod.c' \
		! -name 'genl_gen.*' ! -name 'names.[ch]' | sort)
	[ ${#files[@]} -gt 0 ] && [ -n "$ksrc" ] || return 1
	# Without a kernel tree it does not know where to look for names in
	# CamelCase, and says so; nothing else may be said.
	said=$(printf '%s\0' "${files[@]}" |
	       xargs -0 -n 8 -P "$JOBS" perl "$ksrc/scripts/checkpatch.pl" --quiet \
	       --no-summary --show-types --no-signoff "${options[@]}" -f 2>&1 |
	       grep -vE 'uninitialized value \$root|^find: ./include.: No such')
	[ -z "$said" ] || { echo "$said"; return 1; }
}

tools_warnings()
{
	make -C tools clean >/dev/null 2>&1
	quiet_build make -C tools -j"$JOBS" all test \
		CFLAGS="-O2 -g -Wall -Wextra -Werror"
}

# The tools' own unit tests, with sanitizers
tools_unit()
{
	make -s -C tools clean && make -s -C tools SANITIZE=1 -j"$JOBS" check
}

# shellcheck disable=SC2086
scripts_parse()
{
	local file status=0

	for file in $(grep -rIlE '^#!/bin/(ba)?sh' .ci selftests tools); do
		bash -n "$file" || status=1
	done

	# Python looks beside the script first: a queue.py there is what every
	# script of its directory imports for the library's.
	python3 - $(find selftests -name '*.py') <<-'END' || status=1
		import pathlib, sys
		bad = [f for f in sys.argv[1:] if pathlib.Path(f).stem in sys.stdlib_module_names]
		sys.exit(f"named as a module of Python's library: {bad}" if bad else 0)
	END
	return $status
}

# bench NAME: in a machine of its own, whose clock counts instructions
bench()
{
	MTUN_VM_ACCEL=icount run_aside "$LOGS/bench-$1" \
		selftests/vm/run --timeout "$(seconds_left 900 60)" \
		--keep-console "$LOGS/console-$1.log" -- "selftests/bench/$1.sh"
}

# As many at once as there are CPUs, with what runs in the background already: where
# instructions are counted it does not matter what runs beside.
run_benches()
{
	local b

	for b in "$@"; do
		[ "$(jobs -rp | wc -l)" -lt "$JOBS" ] || wait -n
		bench "$b" &
	done
	wait
}

report_benches()
{
	local b

	for b in "$@"; do
		report_aside "bench/$b" "$LOGS/bench-$b"
	done
}

##############################################################################
# The virtual machine

# listed LIST: names from the lists in the Makefile of the kselftests.
listed()
{
	make -C selftests -pnq 2>/dev/null |
	sed -nE "s/^$1 :?= *//p" | tr ' ' '\n' |
	sed 's|.*/||' | awk 'NF && !seen[$0]++'
}

kselftests()
{
	listed "TEST_(GEN_)?PROGS"
}

# debug_tree KERNEL: what is built for another kernel is built in a copy of the tree.
# Prints where.
debug_tree()
{
	local tree file

	tree=$CACHE/tree-$(echo "$(realpath .) $1" | sha256sum | cut -c 1-8)
	# Only what has changed, so that only that is built.
	mkdir -p "$tree" &&
	find . -path ./.git -prune -o -type f ! -name '*.o' ! -name '*.a' \
		! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' ! -name '.*.cmd' \
		! -name 'modules.order' ! -name 'Module.symvers' -print0 |
		xargs -0 cp -u --parents -t "$tree" || return
	# ... and what is gone is gone there: Python might import it.
	find "$tree" -type f \( -name '*.py' -o -name '*.sh' -o -name '*.[ch]' \) \
		! -name '*.mod.c' -printf '%P\0' |
		while IFS= read -r -d '' file; do
			[ -e "$file" ] || rm "$tree/$file"
		done
	echo "$tree"
}

# netdevsim BUILD TREE: the kernel's device that encrypts nothing and says it does, as
# a module for the kernel of which BUILD is, in TREE
netdevsim()
{
	local to=$2/selftests/netdevsim source

	source=$(selftests/deps.sh --ksrc) || return
	mkdir -p "$to" &&
		cp "$source"/drivers/net/netdevsim/* "$to" &&
		make -C "$1" M="$to" CONFIG_NETDEVSIM=m modules || return 4
}

debug_build()
{
	local tree=$1 build=$2/build options libs

	# Unit tests have AddressSanitizer; here each start of mtctl would be four times
	# as long.
	options="-fsanitize=undefined -fno-sanitize-recover=undefined"
	libs=
	if [ -n "${MTUN_COVERAGE:-}" ]; then
		options=--coverage
		libs=$tree/selftests/vm/gcov_end.o
		cc -c -fPIC -o "$libs" "${libs%.o}.c" || return
	fi
	make -C "$tree" module KDIR="$build" -j"$JOBS" &&
	make -C "$tree/tools" CFLAGS="-O1 -g $options" LDFLAGS="$options $libs" \
		-j"$JOBS" &&
	make -C "$tree/selftests" -j"$JOBS" &&
	make -C "$build" M="$tree/selftests/fault" modules || return
	netdevsim "$build" "$tree" || echo "no netdevsim"
}

# run_debug NAME DIR TEST...: on the kernel in DIR
run_debug()
{
	local name=$1 kernel=$2 tree; shift 2

	tree=$(debug_tree "$kernel")
	whole "$name: builds" debug_build "$tree" "$kernel" || return
	# For run_vm and all that it calls
	local -x MTUN_VM_KERNEL=$kernel
	local vm_tree=$tree/ vm_name="$name: " vm_out=$LOGS/$name vm_options=()
	[ -n "${MTUN_LEAKS:-}" ] || vm_options=(--append kmemleak=off)
	run_vm "$@"
	note_turns "$kernel" "$vm_out" "$@"
}

# note_turns KERNEL OUT TEST...: which of them have passed there just now, and how long
# it took them. A test that failed is still the next one.
note_turns()
{
	local kernel=$1 out=$2 test status seconds; shift 2

	mkdir -p "$kernel/turns" || return
	for test in "$@"; do
		read -r status seconds 2>/dev/null <"$out/${test//\//_}/result" || continue
		case $status in
		0|4) echo "${seconds%.*}" >"$kernel/turns/$test" ;;
		esac
	done
}

# turn_seconds KERNEL TEST: how long it takes there. Of one that never was there nobody
# knows, but that most take some fifteen times as long as on another kernel.
turn_seconds()
{
	[ ! -s "$1/turns/$2" ] || { cat "$1/turns/$2"; return; }
	[ -s "$LOGS/vm/$2/result" ] || { echo 300; return; }
	awk '$1 == 0 { print int($2 * 15); known = 1 }
	     END { exit !known }' "$LOGS/vm/$2/result" || echo 300
}

# waiting KERNEL: "SECONDS TEST", the one first that has waited longest for this kernel
waiting()
{
	local test

	for test in $(kselftests); do
		grep -qwF "$test" <<<"$DEBUG_ALWAYS" ||
			stat -c '%Y %n' "$1/turns/$test" 2>/dev/null || echo "0 $test"
	done | sort -n | while read -r _ test; do
		echo "$(turn_seconds "$1" "${test##*/}") ${test##*/}"
	done
}

# Variables of the tests
PASS_ON=(MTUN_LEAKS MTUN_COVERAGE MTUN_TIMEOUT MTUN_HOSTILE MTUN_REQUESTS MTUN_TORTURE
	 MTUN_SOAK MTUN_IVS MTUN_SEED)

# guest NUMBER CPUS RESERVE TEST...: boot until no test is left to begin, or five times,
# or until only RESERVE seconds are left. Leaves "STATUS SECONDS" of each boot in
# boots-NUMBER beside what the tests leave.
guest()
{
	local number=$1 cpus=$2 reserve=$3 boot status begin limit timeout; shift 3

	timeout=${MTUN_TIMEOUT:-$(sed -n 's/^timeout=//p' selftests/settings 2>/dev/null)}
	# Whoever runs this has a limit, too: rather our own report.
	limit=$((300 + $# * (${timeout:-45} + 30)))
	[ $limit -le 4500 ] || [ -n "${MTUN_TIMEOUT:-}" ] || limit=4500
	[ -z "${MTUN_VM_KERNEL:-}" ] || limit=$((limit * 4))
	for boot in 1 2 3 4 5; do
		begin=$SECONDS
		[ $boot -eq 1 ] || [ "$(seconds_left 300 "$reserve")" -eq 300 ] || break
		MTUN_VM_CPUS=$cpus selftests/vm/run \
			--out "$vm_out" --timeout "$(seconds_left $limit "$reserve")" \
			--keep-console "$vm_out/console-$number.$boot.log" \
			"${PASS_ON[@]/#/--env=}" "${vm_options[@]}" \
			-- "${vm_tree}selftests/vm/guest.sh" "$@" 2>&1 |
			sed -u "s/^/$number: /"
		status=${PIPESTATUS[0]}
		echo "$status $((SECONDS - begin))" >>"$vm_out/boots-$number"
		case $status in 0|1|97) break ;; esac
	done
}

# A test does one thing after another and keeps one CPU busy, so that guests of one
# CPU share the tests, at most four. Those in SMP_PROGS are about what happens at
# the same time (or those in vm_smp), and have one guest of two CPUs, with the benches
# beside it. The tree that all run is this one, or vm_tree; what they leave is in vm_out.
vm_tree=
vm_name=
vm_out=$LOGS/vm
vm_options=()
vm_smp=
benches=()

run_vm()
{
	local number guests test file status seconds log=$LOGS/boot
	local smp alone=() shared=()

	mkdir -p "$vm_out"
	smp=${vm_smp:-$(listed SMP_PROGS)}
	for test in "$@"; do
		if grep -qxF "$test" <<<"$smp"; then
			alone+=("$test")
		else
			shared+=("$test")
		fi
	done

	guests=$((JOBS < 4 ? JOBS : 4))
	[ $guests -lt ${#shared[@]} ] || guests=${#shared[@]}
	for ((number = 1; number <= guests; number++)); do
		guest "$number" 1 $((60 + 150 * ${#alone[@]})) "${shared[@]}" &
	done
	wait
	[ ${#alone[@]} -eq 0 ] || guest "$number" 2 60 "${alone[@]}" &
	run_benches "${benches[@]}"

	for file in "$vm_out"/boots-*; do
		while read -r status seconds; do
			echo "1..1" >"$log"
			case $status in
			0|1) echo "ok 1" ;;
			97) echo "not ok 1 the kernel complained" ;;
			*) echo "not ok 1 the guest died or hung (status $status)" ;;
			esac >>"$log"
			account "${vm_name}guest ${file##*-}" "$seconds" "$log" 0
		done <"$file"
	done

	for test in "$@"; do
		file=$vm_out/${test//\//_}
		[ -d "$file" ] || mkdir "$file"
		# No result at all: the guest died in this test, or before.
		if ! read -r status seconds 2>/dev/null <"$file/result"; then
			echo "not ok - the guest died" >>"$file/log"
			status=125
			seconds=0
		fi
		account "$vm_name$test" "${seconds%.*}" "$file/log" "$status"
	done
}

##############################################################################

# On the debug kernel: what T names, or everything, and then a part of it again, slower,
# for what it leaks
main_debug()
{
	local kernel

	whole "debug kernel" selftests/vm/debug-kernel || finish
	kernel=$(selftests/vm/debug-kernel --print)
	# shellcheck disable=SC2046,SC2086
	run_debug debug "$kernel" ${T:-$(kselftests)}
	[ -z "$T" ] || finish
	# shellcheck disable=SC2086
	MTUN_LEAKS=1 run_debug leaks "$kernel" $LEAK_SLICE
	MTUN_VM_KERNEL=$kernel tap "debug: vm/reports" \
		"$(debug_tree "$kernel")/selftests/vm/reports.sh"
	run_races
	finish
}

# Where two CPUs use the same at the same time
run_races()
{
	local kernel tests=${T:-$RACES} vm_smp

	whole "kernel that watches for races" selftests/vm/debug-kernel --kcsan || return
	kernel=$(selftests/vm/debug-kernel --kcsan --print)
	# shellcheck disable=SC2086
	vm_smp=$(printf '%s\n' $tests)
	# shellcheck disable=SC2086
	run_debug races "$kernel" $tests
	MTUN_VM_KERNEL=$kernel tap "races: vm/reports" \
		"$(debug_tree "$kernel")/selftests/vm/reports.sh"
}

main_races()
{
	run_races
	finish
}

# What finds more the longer it runs
main_long()
{
	local kernel

	: "${MTUN_HOSTILE:=1000000}" "${MTUN_REQUESTS:=2000}"
	: "${MTUN_TORTURE:=600}" "${MTUN_SOAK:=3600}" "${MTUN_TIMEOUT:=14400}"
	: "${MTUN_IVS:=250000}"
	export MTUN_HOSTILE MTUN_REQUESTS MTUN_TORTURE MTUN_SOAK MTUN_IVS MTUN_TIMEOUT
	whole "debug kernel" selftests/vm/debug-kernel || finish
	kernel=$(selftests/vm/debug-kernel --print)
	tap "long: fuzz" selftests/unit/fuzz -s 600
	# shellcheck disable=SC2086
	run_debug long "$kernel" \
		${T:-hostile.sh replicate.sh scramble.sh soak.sh torture.sh}
	finish
}

# Which lines run
main_coverage()
{
	local kernel tree tests=$T

	whole "kernel that counts" selftests/vm/debug-kernel --gcov || finish
	kernel=$(selftests/vm/debug-kernel --gcov --print)
	tree=$(debug_tree "$kernel")
	[ -n "$tests" ] || tests=$(kselftests)
	export MTUN_COVERAGE=1
	# shellcheck disable=SC2086
	run_debug coverage "$kernel" $tests
	# The tools' unit tests count as well.
	find "$tree/tools" -name '*.gcda' -delete
	tap "coverage: tools" make -s -C "$tree/tools" CFLAGS="-O1 -g --coverage" \
		LDFLAGS="--coverage $tree/selftests/vm/gcov_end.o" check
	selftests/vm/coverage "$tree" / "$LOGS"/coverage/coverage-* | tee "$LOGS/lines"
	whole "95 % of the lines of kmod have run" \
		awk '$1 == "kmod:" { enough = $2 >= 95 } END { exit !enough }' "$LOGS/lines"
	whole "there is a reason for each line that has not" \
		grep -qx "not run: 0" "$LOGS/lines"
	whole "there is a line for each reason" \
		grep -qx "reasons without a line: 0" "$LOGS/lines"
	finish
}

# The debug kernel if it is there: it is not built in passing. Builds and boots take 10
# minutes, and a test may take twice what it took the last time.
debug_turns()
{
	local kernel turns left tests long

	if ! kernel=$(selftests/vm/debug-kernel --print); then
		whole "debug kernel is not built: make debug-kernel" exit 4
		return
	fi
	left=$(seconds_left $DEBUG_SECONDS 900)
	if [ "$left" -lt 600 ]; then
		whole "debug kernel: no time is left for it" exit 4
		return
	fi
	tests=$(waiting "$kernel")
	long=$(awk -v left="$left" '$1 > left { print $2 }' <<<"$tests")
	# shellcheck disable=SC2086
	[ -z "$long" ] || whole "debug: no time for $(echo $long): make check-debug" exit 4
	turns=$(awk -v left="$left" -v most="$left" '
		$1 > most { next }
		{ left -= $1; if (left < 0) exit; print $2 }' <<<"$tests")
	# shellcheck disable=SC2086
	MTUN_HOSTILE=4000 MTUN_REQUESTS=40 \
		run_debug debug "$kernel" $DEBUG_ALWAYS $turns
}

main()
{
	local kver ksrc tests check b

	rm -rf "$LOGS"
	mkdir -p "$LOGS" || exit 1

	whole "dependencies" selftests/deps.sh check || exit 1
	kver=$(selftests/vm/run --print-release)
	ksrc=$(selftests/deps.sh --ksrc)
	export KSRC=$ksrc

	case ${1:-} in
	debug) main_debug ;;
	races) main_races ;;
	long) main_long ;;
	coverage) main_coverage ;;
	esac
	[ -n "${MTUN_TIMEOUT:-}" ] || deadline=$CHECK_SECONDS

	if [ -z "$T" ]; then
		# A network that lacks this source package makes one check skip.
		YNL=$(selftests/deps.sh --ynl 2>"$LOGS/ynl.log") || YNL=
		export YNL
		for check in selftests/static/*; do
			[ -f "$check" ] && [ -x "$check" ] || continue
			tap "static/${check##*/}" "$check"
		done
		whole "scripts parse" scripts_parse
		whole "checkpatch, kernel" checkpatch kmod uapi
		whole "checkpatch, tools" checkpatch tools
		whole "checkpatch, tests" checkpatch selftests
		tap "unit" selftests/unit/run
		run_aside "$LOGS/fuzz" selftests/unit/fuzz &
		tap "simulation" selftests/unit/simulate
		tap "tools" tools_unit
		whole "module, sparse" module_sparse
		whole "module, W=1" module_warnings
		whole "tools, -Wall -Wextra -Werror" tools_warnings
		wait
		report_aside "fuzz" "$LOGS/fuzz"
		run_aside "$LOGS/vm_selftest" selftests/vm/selftest.sh &
	else
		whole "module" module -j"$JOBS"
		whole "tools" make -C tools -j"$JOBS"
	fi

	whole "kselftest programs" make -C selftests -j"$JOBS"
	for b in fault bench; do
		whole "$b modules" make -C "/lib/modules/$kver/build" \
			M="$PWD/selftests/$b" modules
	done
	whole "netdevsim" netdevsim "/lib/modules/$kver/build" "$PWD"

	if [ -z "$T" ]; then
		[ ! -e mtun.ko ] || MTUN_VM_CPUS=1 tap "noipv6.sh" selftests/vm/run \
			--append ipv6.disable=1 -- selftests/noipv6.sh
		wait
		report_aside "vm/selftest" "$LOGS/vm_selftest"
	fi

	if [ -n "$T" ]; then
		tests=$T
	else
		tests=$(kselftests)
	fi
	if [ -z "$tests" ]; then
		# shellcheck disable=SC2016
		whole 'list of kselftests' sh -c 'echo "selftests/Makefile names none"; false'
	elif [ ! -e mtun.ko ]; then
		whole 'kselftests' sh -c 'echo "no mtun.ko, see above"; false'
	else
		[ -n "$T" ] || mapfile -t benches < <(
			cd selftests/bench && basename -s .sh ./*.sh)
		# shellcheck disable=SC2086
		run_vm $tests
		report_benches "${benches[@]}"
		benches=()
		[ -n "$T" ] || debug_turns
	fi

	finish
}

# Bash reads a script as it goes: all of it has been read when main starts, so
# that the file may be edited while it runs.
main "$@"; exit
