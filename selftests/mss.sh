#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The MSS clamp of tunnels: what becomes of TCP handshakes, byte for byte, in both
# directions, and of all that only looks like one. mss.py makes the packets, has
# a slow model of the clamp to compare with, and the list.
#
#  +- src -----------------+    +- near -------------+    +- far --------------+
#  |  s0  10.9.0.2/16     -+----+- s0 10.9.255.1/16  |    |                    |
#  |      2001:db8:9::2    |    |     2001:db8:      |    |                    |
#  |  and behind it:       |    |        9:ffff::1   |    | behind t4 and t6:  |
#  |      10.7.0.0/16      |    |  t4 t6 r4 r6 c4 c6 |    |  10.8.0.0/16       |
#  |      2001:db8:7::/48  |    |   :                |    |  2001:db8:8::/48   |
#  +-----------------------+    |  u0 192.0.2.1/24  -+----+- u0 192.0.2.2/24   |
#                               |     2001:db8::1/64 |    |     2001:db8::2/64 |
#                               |  p0 (tun)          |    |  r4 r6 c4 c6       |
#                               +--------------------+    +--------------------+
#
# The other ends of t4 and t6, 198.51.100.4 and 2001:db8:ff::6, are the test: it
# reads on far's u0 what they are sent, and sends from there. Whatever is behind
# them, and behind src, is nobody, so that nobody answers.

ALL_TESTS="control_test py_result:table-tx py_result:table-rx
	   py_result:table-ipv6 py_result:flags py_result:random-tx
	   py_result:random-rx py_result:other py_result:direction
	   py_result:nonlinear py_result:partial py_result:insert
	   py_result:random-insert py_result:auto py_result:sockets
	   py_result:insert-sockets py_result:tfo py_result:nft py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" ethtool
need_module veth

# tun may be a module, or missing: mss.py skips what needs it.
modprobe -q tun

setup_prepare()
{
	setup_ns src near far control
	ip_batch "$src" <<-EOF
		link add s0 mtu 9000 type veth peer name s0 netns $near
		link set s0 up
	EOF
	ip_batch "$near" <<-EOF
		link set s0 mtu 9000 up
		addr add 10.9.255.1/16 dev s0
		addr add 2001:db8:9:ffff::1/48 dev s0
		link add u0 mtu 9000 type veth peer name u0 netns $far
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
		route add 198.51.100.0/24 via 192.0.2.2
		route add 2001:db8:ff::/48 via 2001:db8::2
		route add 10.7.0.0/16 via 10.9.0.2
		route add 2001:db8:7::/48 via 2001:db8:9::2
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		link set u0 mtu 9000 up
	EOF
	ip_batch "$src" <<-EOF
		addr add 10.9.0.2/16 dev s0
		addr add 2001:db8:9::2/48 dev s0
		route add default via 10.9.255.1
		route add default via 2001:db8:9:ffff::1
	EOF
	setup_router "$near"
	py_run "$TEST_DIR/mss.py" "$src" "$near" "$far"
	# How long each part took, and what was in it
	say "$(sed -n 's/^# //p' "$TMP/result")"
}

# shown ARGUMENTS...: what "tunnel show" has of the MSS
shown()
{
	mt "$control" "$@" tunnel show m |
		grep -oE "\"mss_[rt]x\": ?\"?[a-z0-9]+|\bmss(-[rt]x)? [a-z0-9]+" |
		tr -d '"\n '
}

# What is set is shown and told; what makes no sense is refused.
control_test()
{
	local args want json event lines out
	local a4="local 192.0.2.1 remote 192.0.2.9"

	in_bg "$control" "$TMP/monitor" "$MTCTL" -j monitor
	slowwait_for grep -q "^listening for events$" "$TMP/monitor"
	check_err $? "mtctl monitor"

	# shellcheck disable=SC2086
	mt "$control" tunnel add m $a4
	check_err $? "tunnel add"
	check_eq "$(shown)" "" "by default, shown"
	check_eq "$(shown -d)" "mssoff" "by default, shown with -d"
	check_eq "$(shown -j)" "mss_tx:offmss_rx:off" "by default, as JSON"

	# Arguments, what is shown afterwards and what JSON has then
	while IFS='|' read -r args want json; do
		# shellcheck disable=SC2086
		mt "$control" tunnel set m $args
		check_err $? "set $args"
		check_eq "$(shown)" "$want" "$args, shown"
		check_eq "$(shown -j)" "$json" "$args, as JSON"
		# What follows "mss_tx": of the last event
		slowwait_for last_event "$json"
		check_err $? "$args: told \"$(tail -n 1 "$TMP/monitor")\""
	done <<-EOF
		mss auto|mssauto|mss_tx:automss_rx:auto
		mss 48|mss48|mss_tx:48mss_rx:48
		mss 65534|mss65534|mss_tx:65534mss_rx:65534
		mss-rx 1400|mss-tx65534mss-rx1400|mss_tx:65534mss_rx:1400
		mss-tx auto|mss-txautomss-rx1400|mss_tx:automss_rx:1400
		mss-rx off|mss-txautomss-rxoff|mss_tx:automss_rx:off
		mss 0x500|mss1280|mss_tx:1280mss_rx:1280
		ttl 9|mss1280|mss_tx:1280mss_rx:1280
	EOF

	for args in "mss 0" "mss 65535" "mss 70000" "mss -1" "mss" "mss on" \
		    "mss-tx 0" "mss-rx 65535" "mss 47" "mss-tx 47" "mss-rx 1"; do
		# shellcheck disable=SC2086
		out=$(mt "$control" tunnel set m $args 2>&1)
		check_fail $? "set $args was taken"
		check_match "$out" "mss" "set $args"
		[ "$args" = mss ] ||
			check_match "$out" "48 to 65534|at least 48" "set $args"
		# shellcheck disable=SC2086
		mt "$control" tunnel add no local 192.0.2.1 remote 192.0.2.8 \
			$args > "$TMP/out" 2>&1
		check_fail $? "add $args was taken"
	done
	check_eq "$(shown)" "mss1280" "after what was refused"
	ip -n "$control" link show no > /dev/null 2>&1
	check_fail $? "a refused add left a device"

	mt "$control" tunnel set m mss off
	check_err $? "set mss off"
	check_eq "$(shown)" "" "off, shown"
	check_eq "$(shown -d)" "mssoff" "off, shown with -d"
	slowwait_for last_event "mss_tx:offmss_rx:off"
	check_err $? "off: told \"$(tail -n 1 "$TMP/monitor")\""

	out=$(mt "$control" -s -d tunnel show m)
	check_match "$out" "mss.*0" "-s -d shows counters"
	log_test "set, shown, told and refused"
}

# last_event TEXT: what the last line of the monitor has of the MSS
last_event()
{
	[ "$(tail -n 1 "$TMP/monitor" |
	     grep -oE "\"mss_[rt]x\": ?\"?[a-z0-9]+" | tr -d '"\n ')" = "$1" ]
}

setup_prepare
run_tests "$@"
