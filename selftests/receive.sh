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

ALL_TESTS="received:valid received:options received:checksum
	   received:rx-checksum received:sequence received:rx-sequence
	   received:outer_options received:fragments received:split
	   received:vlan received:loopback received:padding received:reserved
	   received:ecn received:rx-ecn received:rx-header
	   received:rx-truncated received:rx-options received:rx-protocol
	   received:rx-inner received:rx-down received:rx-policy received:left
	   received:rtnl received:fuzz"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" stdbuf
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
	MTCTL=$MTCTL "$PYTHON" "$TEST_DIR/receive.py" "$near" "$far" \
		> "$TMP/result" 2> "$TMP/log" || say "$(tail -n 5 "$TMP/log")"

}

# receive.py wrote a line "GROUP ok|bad TEXT" for each packet of the group.
received()
{
	local group=$1 good

	good=$(grep -c "^$group ok" "$TMP/result")
	[ "$good" -gt 0 ]
	check_err $? "no packet was as expected"
	say "$(grep "^$group bad" "$TMP/result" | head -n 20)"
	! grep -q "^$group bad" "$TMP/result"
	check_err $? "see above"
	log_test "$group: $good packets"
}

setup_prepare

run_tests "$@"
