#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Attacks are told when they begin and end, and mtctl top shows what tunnels carry:
# detect.py makes the packets and has the list. An hour of a mix that is made up is
# tested by "make -C tools check"; here programs make one, which is recorded and
# repeated.
#
#  +- near --------------------------+       +- far ----------------------+
#  |  mt4                            |       |  (raw packets)             |
#  |   :                             |       |                            |
#  |  u0  192.0.2.1/24         ------+-------+-- u0  192.0.2.2/24         |
#  +---------------------------------+       +----------------------------+

ALL_TESTS="py_result:quiet py_result:syn-flood py_result:udp-flood
	   py_result:icmp-flood py_result:amplification
	   py_result:fragment-flood py_result:spoof py_result:monitor py_result:recorded py_result:file
	   py_result:services py_result:limits py_result:hour
	   py_result:top py_result:talkers py_result:health py_result:screen
	   py_result:refused"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" iperf3 ping ss curl rsync dig dnsmasq chronyd
need_module veth

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	mt "$near" tunnel add mt4 local 192.0.2.1 remote 192.0.2.2 key 4 sample-rx 2
	ip -n "$near" link set mt4 up
	mt "$near" filter set mt4 allow-src-rx 198.18.0.0/16
	py_run "$TEST_DIR/detect.py" "$near" "$far" "$TMP" "${@#py_result:}"
}

setup_prepare "$@"
run_tests "$@"
