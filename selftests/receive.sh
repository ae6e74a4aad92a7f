#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What mtun does with packets that scapy made: valid ones come out of the tunnel
# byte for byte, wrong ones are dropped and counted under the one reason that
# the netlink spec gives them, and those of nobody's tunnel are left to the
# rest of the kernel, where a raw socket sees them. receive.py has the list.
#
#  +- near ---------------------------+       +- far -----------------+
#  |  4plain 4keyed  6plain 6keyed    |       |                       |
#  |     :                            |       |  scapy                |
#  |  u0   192.0.2.1/24         ------+-------+-- u0 192.0.2.2/24     |
#  |       2001:db8::1/64             |       |      2001:db8::2/64   |
#  +----------------------------------+       +-----------------------+

ALL_TESTS="received:valid received:outer_options received:fragments
	   received:reserved received:ecn received:rx-ecn received:rx-header
	   received:rx-truncated received:rx-options received:rx-protocol
	   received:rx-inner received:rx-down received:rx-policy received:left
	   received:rtnl received:fuzz"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON"
need_module veth
"$PYTHON" -c 'import scapy' 2> /dev/null || skip_all "scapy is not installed"

setup_prepare()
{
	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		link set u0 up
	EOF
	mt "$near" -b - <<-EOF
		tunnel add 4plain local 192.0.2.1 remote 192.0.2.2
		tunnel add 4keyed local 192.0.2.1 remote 192.0.2.2 ikey 7 okey 8
		tunnel add 6plain local 2001:db8::1 remote 2001:db8::2
		tunnel add 6keyed local 2001:db8::1 remote 2001:db8::2 ikey 7 okey 8
	EOF
	ip_batch "$near" <<-EOF
		link set 4plain up
		link set 4keyed up
		link set 6plain up
		link set 6keyed up
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
	say "$(grep "^$group bad" "$TMP/result")"
	! grep -q "^$group bad" "$TMP/result"
	check_err $? "see above"
	log_test "$group: $good packets"
}

setup_prepare
run_tests "$@"
