#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory that is not there: each allocation of each request, and of loading the module,
# fails once, the others work; then all from that one on. A refused request has changed
# nothing, and no packet passes by a policy of IPsec that could not be counted. Needs a
# kernel that can be asked for it (vm/debug-kernel), which finds, too, what is leaked on
# such a way.

ALL_TESTS=""
for name in $(sed -n 's/^ *\(yield (\|tell(\)"\([a-z_]*\)".*/\2/p' \
		"$(dirname "$0")/fail.py") dump_tunnel dump_clamp dump_filter \
		dump_health get_tunnel get_filter get_health $(
		sed -n '/^BACK = (/,/)$/p' "$(dirname "$0")/fail.py" |
		grep -o '"[a-z_]*"' | sed 's/"//; s/"/_back/'); do
	[ "${name%_}" != "$name" ] || ALL_TESTS+="case_test:$name "
done

. "$(dirname "$0")/lib.sh"

need_mtun
[ -e /proc/self/fail-nth ] && [ -d /sys/kernel/debug/failslab ] ||
	skip_all "a kernel without fault injection"
[ -e "$TEST_DIR/fault/within.ko" ] || skip_all "fault/within.ko is not built"
"$PYTHON" -c 'import yaml' 2> /dev/null || skip_all "no python3-yaml"

setup_prepare()
{
	local ns

	setup_ns full empty
	for ns in "$full" "$empty"; do
		ip_batch "$ns" <<-EOF
			link add u0 type dummy
			link add u1 type dummy
			link set u0 up
			link set u1 up
			addr add 192.0.2.1/24 dev u0
			addr add 2001:db8::1/64 dev u0
		EOF
	done
	# Takes long: whoever waits sees how far it is.
	"$PYTHON" -u "$TEST_DIR/fail.py" "$full" "$empty" \
		"${MTUN_KO:-$(modinfo -n mtun)}" "${@#case_test:}" 2>&1 |
		tee "$TMP/result" | sed -u 's/^\(# \)\?/# /'
	read_cases <(grep -v '^#' "$TMP/result")
}

cleanup_more()
{
	echo 0 > /sys/kernel/debug/failslab/probability
	echo 0 > /sys/kernel/debug/fail_page_alloc/probability
	[ ! -e /sys/module/within ] || rmmod within
	ip netns del mtun-watched 2> /dev/null
}

setup_prepare "$@"
run_tests "$@"
