#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Samples of packets: what is in them, of which packets they are taken, who gets
# them, and how good the estimates are that they allow. samples.py makes the
# packets and has the list.
#
#  +- near --------------------------+       +- far ----------------------+
#  |  mt4 10.4.0.1/24                |       |  mt4 10.4.0.2/24           |
#  |  mt6                            |       |  mt6                       |
#  |   :                             |       |   :                        |
#  |  u0  192.0.2.1/24         ------+-------+-- u0  192.0.2.2/24         |
#  |      2001:db8::1/64             |       |       2001:db8::2/64       |
#  +---------------------------------+       +----------------------------+

ALL_TESTS="py_result:fields py_result:drops py_result:nested py_result:off py_result:estimate
	   py_result:interval py_result:segments py_result:nobody
	   py_result:lost py_result:filter py_result:lines py_result:pcapng
	   py_result:count py_result:refused"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" tshark setpriv
need_module veth

setup_end()
{
	local ns=$1 me=$2 you=$3

	mt "$ns" -b - <<-EOF
		tunnel add mt4 local 192.0.2.$me remote 192.0.2.$you key 4
		tunnel add mt6 local 2001:db8::$me remote 2001:db8::$you key 6 csum on
	EOF
	ip_batch "$ns" <<-EOF
		link set mt4 up
		link set mt6 up
		addr add 10.4.0.$me/24 dev mt4
	EOF
}

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	setup_end "$near" 1 2
	setup_end "$far" 2 1
	py_run "$TEST_DIR/samples.py" "$near" "$far" "$TMP" "${@#py_result:}"
}

setup_prepare "$@"
run_tests "$@"
