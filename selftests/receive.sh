#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What mtun does with packets that scapy made: valid ones come out of the tunnel
# byte for byte, wrong ones are dropped and counted under the one reason that
# the netlink spec gives them, and those of nobody's tunnel are left to the
# rest of the kernel, where a raw socket sees them. receive.py has the list.
#
#  +- near ---------------------------+       +- far -----------------+
#  |  4plain 4keyed 4cs ... 6kcs      |       |                       |
#  |     :                            |       |  scapy                |
#  |  u0   192.0.2.1/24         ------+-------+-- u0 192.0.2.2/24     |
#  |       2001:db8::1/64             |       |      2001:db8::2/64   |
#  |  u0.100  10.100.0.1/24           |       |                       |
#  |       2001:db8:100::1/64         |       |                       |
#  |                                  |       |                       |
#  |  4la : lo : 4lb                  |       |                       |
#  |  6la : lo : 6lb                  |       |                       |
#  |  192.0.2.11   2001:db8::11       |       |                       |
#  +----------------------------------+       +-----------------------+

ALL_TESTS="py_result:valid py_result:options py_result:checksum
	   py_result:rx-checksum py_result:sequence py_result:rx-sequence
	   py_result:outer_options py_result:fragments py_result:split
	   py_result:vlan py_result:loopback py_result:padding
	   py_result:reserved py_result:ecn py_result:rx-ecn py_result:rx-header
	   py_result:rx-truncated py_result:rx-options py_result:rx-protocol
	   py_result:rx-inner py_result:rx-down py_result:rx-policy
	   py_result:left py_result:steering py_result:rtnl py_result:fuzz
	   py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" stdbuf nft
need_module veth 8021q
"$PYTHON" -c 'import scapy' 2> /dev/null || skip_all "scapy is not installed"

setup_prepare()
{
	setup_ns near far
	# An MTU that has room for packets that are not in one piece of memory
	ip_batch "$near" <<-EOF
		link add u0 mtu 9000 type veth peer name u0 mtu 9000 netns $far
		link add link u0 name u0.100 type vlan id 100
		addr add 192.0.2.1/24 dev u0
		addr add 192.0.2.11/24 dev u0
		addr add 2001:db8::1/64 dev u0
		addr add 2001:db8::11/64 dev u0
		addr add 10.100.0.1/24 dev u0.100
		addr add 2001:db8:100::1/64 dev u0.100
		link set u0 up
		link set u0.100 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		link set u0 up
	EOF
	py_run "$TEST_DIR/receive.py" "$near" "$far"
}

setup_prepare
run_tests "$@"
