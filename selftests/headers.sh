#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every header that mtun puts before a packet, as read by tshark's dissector,
# which knows nothing of us. Inner packets of known bytes are sent through
# tunnels of several configurations and captured on the underlay. headers.py
# makes the packets, asks tshark and compares; see there for the list.
#
#  +- near --------------------------+       +- far --------------------+
#  |  4plain  6plain  4keyed  ...    |       |  (no tunnels)            |
#  |     :       :       :           |       |                          |
#  |  u0   192.0.2.1/24        ------+-------+-- u0 192.0.2.2..5/24     |
#  |       2001:db8::1/64            |       |      2001:db8::2..5/64   |
#  +---------------------------------+       +--------------------------+

ALL_TESTS="checked:sent checked:dissected checked:addresses checked:protocol
	   checked:ttl checked:dscp checked:ecn checked:df checked:checksum
	   checked:length checked:gre checked:inner tunnel_capture_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" tcpdump tshark
need_module veth

HEADERS_PY=$TEST_DIR/headers.py

setup_prepare()
{
	local i name args n

	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
	EOF
	for i in 2 3 4 5; do
		echo "addr add 192.0.2.$i/24 dev u0"
		echo "addr add 2001:db8::$i/64 dev u0"
	done | ip_batch "$far"
	ip -n "$far" link set u0 up

	"$PYTHON" "$HEADERS_PY" tunnels > "$TMP/tunnels"
	while read -r name args; do
		echo "tunnel add $name $args" >&3
		echo "link set $name up" >&4
	done < "$TMP/tunnels" 3> "$TMP/add" 4> "$TMP/up"
	mt "$near" -b "$TMP/add" || return 1
	ip_batch "$near" < "$TMP/up"

	# The neighbours are known before the first packet, so that none of a
	# burst is lost while they are asked for.
	for i in 2 3 4 5; do
		ping_check "$near" 192.0.2.$i
		ping_check "$near" 2001:db8::$i
	done

	n=$("$PYTHON" "$HEADERS_PY" count)
	capture_start "$far" u0 "$TMP/outer.pcap" -c "$n" \
		"ip proto 47 or ip6 proto 47"
	OUTER_PID=$CAPTURE_PID
	capture_start "$near" 4plain "$TMP/inner.pcap"
	INNER_PID=$CAPTURE_PID
	in_ns "$near" "$PYTHON" "$HEADERS_PY" send > "$TMP/send.log" 2>&1 ||
		say "$(cat "$TMP/send.log")"
	capture_wait "$OUTER_PID" ||
		say "captured fewer than $n packets on the underlay"
	capture_stop "$INNER_PID"
	"$PYTHON" "$HEADERS_PY" check "$TMP/outer.pcap" "$TMP/inner.pcap" \
		> "$TMP/result" 2> "$TMP/check.log" ||
		say "$(cat "$TMP/check.log")"
}

# headers.py wrote a line "PROPERTY ok|bad|done CASE..." for all that it compared.
checked()
{
	local property=$1 bad

	grep -q "^$property done" "$TMP/result"
	check_err $? "nothing was checked"
	bad=$(grep "^$property bad" "$TMP/result")
	[ -z "$bad" ] || say "$bad"
	check_eq "$(printf %s "$bad" | grep -c .)" 0 "wrong packets"
	log_test "$property: $(sed -n "s/^$property done //p" "$TMP/result")"
}

tunnel_capture_test()
{
	grep -q "^tunnel done" "$TMP/result"
	check_err $? "nothing was checked"
	say "$(grep "^tunnel" "$TMP/result")"
	! grep -q "^tunnel bad" "$TMP/result"
	check_err $? "tcpdump on the tunnel shows something else"
	log_test "tcpdump on the tunnel shows the inner packets"
}

setup_prepare || say "setup failed"
run_tests "$@"
