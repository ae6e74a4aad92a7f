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
#  |  u0   192.0.2.1/24        ------+-------+-- u0 192.0.2.2.../24     |
#  |       2001:db8::1/64            |       |      2001:db8::2.../64   |
#  |                                 |       +--------------------------+
#  |  6spread                        |       +- mid --------------------+
#  |     :                           |       |                      d0  |
#  |  u1   2001:db8:3::1/64    ------+-------+-- u1 ::2/64 -> multipath |
#  |                                 |       |                      d1  |
#  +---------------------------------+       +--------------------------+

ALL_TESTS="checked:sent checked:dissected checked:addresses checked:protocol
	   checked:ttl checked:dscp checked:ecn checked:df checked:checksum
	   checked:length checked:gre checked:gre_checksum checked:gre_sequence
	   checked:gre_bytes checked:inner tunnel_capture_test
	   checked:flow_label checked:spread"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" ethtool tcpdump tshark
need_module veth dummy

HEADERS_PY=$TEST_DIR/headers.py

setup_prepare()
{
	local name addr count far_mac

	setup_ns near far mid
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		link add u1 type veth peer name u1 netns $mid
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		addr add 2001:db8:3::1/64 dev u1
		link set u0 up
		link set u1 up
		route add 2001:db8:4::/64 via 2001:db8:3::2
	EOF
	# A veth leaves checksums to a receiver that does not ask for them.
	in_ns "$near" ethtool -K u0 tx off > "$TMP/ethtool" 2>&1 ||
		say "$(cat "$TMP/ethtool")"
	"$PYTHON" "$HEADERS_PY" far | ip_batch "$far"
	ip -n "$far" link set u0 up
	ip_batch "$mid" <<-EOF
		link add d0 type dummy
		link add d1 type dummy
		addr add 2001:db8:3::2/64 dev u1
		link set u1 up
		link set d0 arp off up
		link set d1 arp off up
		route add 2001:db8:4::/64 nexthop via fe80::1 dev d0 nexthop via fe80::1 dev d1
	EOF
	in_ns "$mid" sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
		echo 0 > /proc/sys/net/ipv6/fib_multipath_hash_policy'

	"$PYTHON" "$HEADERS_PY" tunnels > "$TMP/tunnels"
	echo 6spread local 2001:db8:3::1 remote 2001:db8:4::1 >> "$TMP/tunnels"
	sed 's/^/tunnel add /' "$TMP/tunnels" | mt "$near" -b - || return 1
	sed 's/\([^ ]*\).*/link set \1 up/' "$TMP/tunnels" | ip_batch "$near"

	# The neighbours are known before the first packet, so that none of a
	# burst is lost while they are asked for.
	far_mac=$(in_ns "$far" cat /sys/class/net/u0/address)
	while read -r name _ _ _ addr _; do
		[ "$name" = 6spread ] ||
			echo "neigh replace $addr lladdr $far_mac dev u0"
	done < "$TMP/tunnels" | ip_batch "$near"
	ping_check "$near" 2001:db8:3::2

	count=$("$PYTHON" "$HEADERS_PY" count)
	# A snapshot length, so that more packets fit between kernel and tcpdump
	capture_start "$far" u0 "$TMP/outer.pcap" -s 2000 \
		-c "${count%$'\n'*}" "ip proto 47 or ip6 proto 47"
	OUTER_PID=$CAPTURE_PID
	capture_start "$near" 4plain "$TMP/inner.pcap" -s 2000 \
		-c "${count#*$'\n'}"
	INNER_PID=$CAPTURE_PID
	in_ns "$near" "$PYTHON" "$HEADERS_PY" send > "$TMP/send.log" 2>&1 ||
		say "$(cat "$TMP/send.log")"
	capture_wait "$OUTER_PID" ||
		say "captured fewer packets on the underlay than were sent"
	capture_wait "$INNER_PID" ||
		say "captured fewer packets on the tunnel than were sent"
	"$PYTHON" "$HEADERS_PY" check "$TMP/outer.pcap" "$TMP/inner.pcap" \
		> "$TMP/result" 2> "$TMP/check.log" ||
		say "$(cat "$TMP/check.log")"
	"$PYTHON" "$HEADERS_PY" flow "$near" "$far" "$mid" \
		>> "$TMP/result" 2> "$TMP/check.log" ||
		say "$(cat "$TMP/check.log")"
}

# headers.py wrote a line "PROPERTY ok|bad|done CASE..." for all that it compared.
checked()
{
	local property=$1 bad

	grep -q "^$property done" "$TMP/result"
	check_err $? "nothing was checked"
	bad=$(grep "^$property bad" "$TMP/result")
	[ -z "$bad" ] || say "$(head -n 20 <<< "$bad")"
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
