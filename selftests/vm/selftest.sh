#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Test the test machine: a runner that cannot see a broken test or a broken
# kernel would let everything pass. Prints TAP.
#
# One boot runs tests that fail in every manner there is, an oops last. A second
# one is stopped before it gets anywhere.

cd "$(dirname "$0")" || exit 1
kver=$(./run --print-release) || { echo "1..0 # SKIP no kernel"; exit 4; }
work=$(mktemp -d /tmp/mtun-selftest.XXXXXX)
trap 'rm -rf "$work"' EXIT

# shellcheck source=selftests/vm/tap.sh
. ./tap.sh

# has TEXT NAME: the runner's output has a line that begins with TEXT
has()
{
	grep -q -e "^$1" "$work/log"
	result $? "$2"
}

write_test()
{
	{ echo '#!/bin/bash'; cat; } >"$work/tests/$1"
	chmod +x "$work/tests/$1"
}

echo "TAP version 13"
echo "1..11"

cp -r ../fault "$work/fault"
make -C "/lib/modules/$kver/build" M="$work/fault" modules \
	>"$work/build.log" 2>&1 || sed 's/^/# /' "$work/build.log"

mkdir -p "$work/tests/vm" "$work/out"
cp guest.sh "$work/tests/vm"
echo timeout=5 >"$work/tests/settings"
write_test pass.sh <<END
echo 1..1; echo ok 1 good
END
write_test fail.sh <<END
echo 1..1; echo not ok 1 bad; exit 1
END
write_test skip.sh <<END
echo "1..0 # SKIP nothing to see"; exit 4
END
write_test crash.sh <<END
echo 1..1; kill -SEGV \$\$
END
# Ignores the polite signal, and leaves a daemon that holds the output open.
write_test hang.sh <<END
trap '' TERM
setsid sleep 600 &
while :; do sleep 600; done
END
write_test warn.sh <<END
insmod "$work/fault/vmfault.ko" how=warn
rmmod vmfault
echo 1..1; echo ok 1 looks good
END
write_test oops.sh <<END
insmod "$work/fault/vmfault.ko" how=oops
END

./run --timeout 400 --out "$work/out" --keep-console "$work/console" -- \
	"$work/tests/vm/guest.sh" pass.sh fail.sh skip.sh crash.sh hang.sh \
	warn.sh oops.sh >"$work/log" 2>&1
rc=$?

has "ok 1 .*: pass.sh$" "a test that passes"
has "not ok 2 .*: fail.sh # exit=1" "a test that fails"
has "ok 3 .*: skip.sh # SKIP" "a test that skips"
has "not ok 4 .*: crash.sh # exit=139" "a test that crashes"
has "not ok 5 .*: hang.sh # TIMEOUT" "a test that hangs is ended"
has "not ok 6 .*: warn.sh # the kernel complained" \
	"a test during which the kernel warns"
has "# vm: | .*WARNING: .*vmfault_warn" "the warning is shown"
has "# vm: | .*BUG: kernel NULL pointer" "the oops is shown"
[ $rc -eq 125 ] && [ -d "$work/out/oops.sh" ] &&
	[ ! -e "$work/out/oops.sh/result" ] && [ -e "$work/out/warn.sh/result" ]
result $? "the death of the guest is noticed (status $rc)"
[ $ret -eq 0 ] || sed 's/^/# /' "$work/log"

./run --timeout 3 --tail 3 -- true "$work" >"$work/log" 2>&1
rc=$?
[ $rc -eq 124 ]
result $? "a boot over the time limit is stopped (status $rc)"

# The directory shared with the guest tells our machines from others'.
share=$(sed -n 's/^# vm: shared directory //p' "$work/log")
[ -n "$share" ] && ! pgrep -f "qemu-system.*$share" >/dev/null
result $? "no machine is left behind"

exit $ret
