#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Requests of every kind, made from the netlink spec and spoiled, from several
# writers in three namespaces at once, while others dump, listen, and break off:
# each gets one answer, the kernel does not complain, and what is left can be read
# and removed.
#
# MTUN_REQUESTS	requests of each of five writers, default 100
# MTUN_SEED	of the requests, default 1

ALL_TESTS="py_result:writers py_result:readers py_result:nobody py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
"$PYTHON" -c 'import yaml' 2> /dev/null || skip_all "no python3-yaml"
[ -n "$MTUN_SPEC" ] || [ -e "$TEST_DIR/../Documentation/netlink/specs/mtun.yaml" ] ||
	skip_all "the netlink spec is not here; set MTUN_SPEC"

setup_prepare()
{
	local ns

	setup_ns one two three
	for ns in "$one" "$two" "$three"; do
		ip_batch "$ns" <<-EOF
			link add u0 type dummy
			link set u0 up
			addr add 192.0.2.1/24 dev u0
			addr add 2001:db8::1/64 dev u0
		EOF
	done
	py_run "$TEST_DIR/scramble.py" "${MTUN_SEED:-1}" "${MTUN_REQUESTS:-100}" \
		"$one" "$two" "$three"
	say "$(grep -v ' bad ' "$TMP/result")"
}

setup_prepare
run_tests "$@"
