#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which inner addresses a tunnel lets pass: filter.py makes the packets and has
# the cases.
#
#  +- far --------------+    +- near ------------------------+
#  |  u0 192.0.2.1/24  -+----+- u0 192.0.2.2/24              |
#  |     2001:db8::1/64 |    |     2001:db8::2/64            |
#  +--------------------+    |  mt0 192.0.2.2 -> 192.0.2.1   |
#                            |  mt1 the same, key 1          |
#                            +-------------------------------+

ALL_TESTS="py_result:lists py_result:families py_result:change py_result:many
	   py_result:both py_result:swap py_result:refused py_result:read
	   py_result:events py_result:gone py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON"
need_module veth

setup_prepare()
{
	setup_ns far near
	setup_underlay "$far" "$near"
	mt "$near" -b - <<-EOF
		tunnel add mt0 local 192.0.2.2 remote 192.0.2.1
		tunnel add mt1 local 192.0.2.2 remote 192.0.2.1 key 1
	EOF
	ip_batch "$near" <<-EOF
		link set mt0 up
		link set mt1 up
	EOF
	ping_check "$near" 192.0.2.1
	py_run "$TEST_DIR/filter.py" "$far" "$near"
}

setup_prepare
run_tests "$@"
