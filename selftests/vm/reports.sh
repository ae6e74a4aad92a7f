#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Test the debug kernel, or the one that watches for races: each kind of report that it
# is there for is made, seen, and fails the test during which it came up, or the guest if
# it is a leak. Prints TAP.
#
# Run by "make check-debug" and "make check-races", with MTUN_VM_KERNEL, in the tree that
# was built for it.

cd "$(dirname "$0")" || exit 1
[ -n "$MTUN_VM_KERNEL" ] || { echo "1..0 # SKIP no debug kernel"; exit 4; }
work=$(mktemp -d /tmp/mtun-reports.XXXXXX)
trap 'rm -rf "$work"' EXIT

# shellcheck source=selftests/vm/tap.sh
. ./tap.sh

# The name of a fault and what the kernel says of it
reports=(
	"freed:BUG: KASAN: use-after-free"
	"beyond:BUG: KASAN: slab-out-of-bounds"
	"sleep:BUG: sleeping function called from invalid context"
	"rcu:suspicious RCU usage"
	"shift:UBSAN: shift-out-of-bounds"
	"object:ODEBUG: free active"
	"refcount:refcount_t: addition on 0"
	"locks:possible circular locking dependency"
)

leaks=(leak)
if grep -qx CONFIG_KCSAN=y "$MTUN_VM_KERNEL/build/.config"; then
	reports=("race:BUG: KCSAN: data-race in vmfault_racer")
	leaks=()
	export MTUN_VM_CPUS=2
fi

mkdir -p "$work/tests/vm" "$work/out"
cp guest.sh "$work/tests/vm"
echo timeout=60 >"$work/tests/settings"
names=()
for report in "${reports[@]}" "${leaks[@]}"; do
	name=${report%%:*}
	cat >"$work/tests/$name.sh" <<-EOF
		#!/bin/bash
		insmod "$PWD/../fault/vmfault.ko" how=$name && rmmod vmfault
		echo 1..1
		echo ok 1 looks good
	EOF
	chmod +x "$work/tests/$name.sh"
	[ "$name" = leak ] || names+=("$name.sh")
done
printf '#!/bin/bash\necho 1..1; echo ok 1\n' >"$work/tests/nothing.sh"
chmod +x "$work/tests/nothing.sh"

./run --timeout 1500 --out "$work/out" -- \
	"$work/tests/vm/guest.sh" nothing.sh "${names[@]}" >"$work/log" 2>&1

echo "TAP version 13"
echo "1..$((${#reports[@]} + ${#leaks[@]} + 1))"

# No test fails by a leak, which is found when all have ended.
if [ ${#leaks[@]} -gt 0 ]; then
	mkdir "$work/leaks"
	MTUN_LEAKS=1 ./run --timeout 1500 --env MTUN_LEAKS --out "$work/leaks" -- \
		"$work/tests/vm/guest.sh" leak.sh >"$work/log.leaks" 2>&1
	status=$?
	grep -q "^# kernel: .*unreferenced object .* (size 96)" "$work/log.leaks" &&
		[ $status -eq 97 ]
	result $? "a leak fails the guest: status $status"
fi
grep -q "^ok .*: nothing.sh$" "$work/log"
result $? "a test during which nothing happens passes"
for report in "${reports[@]}"; do
	name=${report%%:*}
	grep -q "^not ok .*: $name.sh # the kernel complained" "$work/log" &&
		grep -q "^# kernel: .*${report#*:}" "$work/log"
	result $? "$name: ${report#*:}"
done
[ $ret -eq 0 ] || sed 's/^/# /' "$work"/log*
exit $ret
