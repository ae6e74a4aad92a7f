#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel that was booted with ipv6.disable=1 has IPv6 and must not be asked for it:
# nothing of it is set up. Packets of IPv6 may come all the same, from whoever may make
# any.
#
#  +- near -----------------+       +- far ------------------+
#  |  g4  10.0.4.1/24       |       |  g4  10.0.4.2/24       |
#  |  t4  10.0.5.1/24 (ESP) |       |                        |
#  |  u0  192.0.2.1/24    --+-------+--  u0  192.0.2.2/24    |
#  +------------------------+       +------------------------+
#
# Run in a machine of its own by check.sh:
#
#	vm/run --append ipv6.disable=1 -- noipv6.sh

ALL_TESTS="ipv4_test refused_test inner_test too_big_test clamp_test esp_test probe_test"

. "$(dirname "$0")/lib.sh"

[ ! -e /proc/net/if_inet6 ] || skip_all "this kernel has IPv6: boot it with ipv6.disable=1"
need_mtun
need_command ping "$PYTHON"
need_module veth esp4

setup_prepare()
{
	local ns n=0

	setup_ns near far
	ip -n "$near" link add u0 type veth peer name u0 netns "$far"
	for ns in "$near" "$far"; do
		n=$((n + 1))
		ip_batch "$ns" <<-EOF
			addr add 192.0.2.$n/24 dev u0
			link set u0 up
		EOF
		mt "$ns" tunnel add g4 local 192.0.2.$n remote 192.0.2.$((3 - n)) up on
		ip -n "$ns" addr add "10.0.4.$n/24" dev g4
	done
	mt "$near" tunnel add t4 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id 4 up on
	ip -n "$near" addr add 10.0.5.1/24 dev t4
}

# send6 DEVICE BYTES [SYN]: a packet of IPv6, which no stack has made
send6()
{
	in_ns "$near" "$PYTHON" - "$@" <<-'EOF'
		import socket
		import struct
		import sys

		name, size, syn = sys.argv[1], int(sys.argv[2]), len(sys.argv) > 3
		ends = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
		ends += socket.inet_pton(socket.AF_INET6, "2001:db8::2")
		packet = struct.pack("!IHBB", 6 << 28, size - 40, 6 if syn else 17, 64) + ends
		if syn:
		    packet += struct.pack("!HHIIHHHHBBH", 1, 2, 3, 0, 0x6002, 9, 0, 0, 2, 4,
		                          9000)
		packet += bytes(size - len(packet))
		sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
		sock.sendto(packet, (name, 0x86dd))
	EOF
	check_err $? "sending $*"
}

ipv4_test()
{
	ping_once "$near" 10.0.4.2
	check_err $? "a ping"
	log_test "IPv4 works"
}

refused_test()
{
	local out

	out=$(mt "$near" tunnel add g6 local 2001:db8::1 remote 2001:db8::2 2>&1)
	check_fail $? "a tunnel over IPv6"
	check_match "$out" "without which this kernel was booted" "text"
	out=$(mt "$near" tunnel set g4 local 2001:db8::1 remote 2001:db8::2 2>&1)
	check_fail $? "a tunnel that is over IPv6 from now on"
	log_test "tunnels over IPv6 are refused"
}

inner_test()
{
	snapshot BEFORE "$far"
	send6 g4 100
	snapshot AFTER "$far"
	check_grown BEFORE AFTER "received" g4 rx_packets 1 g4 drops 0
	log_test "IPv6 inside of IPv4"
}

too_big_test()
{
	snapshot BEFORE "$near"
	ip -n "$near" link set g4 mtu 3000
	send6 g4 2000
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "sent" g4 tx-too-big 1 g4 drops 1
	log_test "nobody is told that it is too big"
}

clamp_test()
{
	mt "$near" tunnel set g4 mss auto
	mt "$near" clamp add dev u0 mss 1200
	check_err $? "a clamp"
	snapshot BEFORE "$near"
	send6 g4 100 syn
	send6 u0 100 syn
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "sent" g4 tx_packets 1 g4 drops 0
	mt "$near" clamp del dev u0
	log_test "a handshake"
}

esp_test()
{
	local any="src ::/0 dst ::/0 dir out if_id 4"

	snapshot BEFORE "$near"
	send6 t4 100
	ip_batch "$near" <<-EOF
		xfrm policy add $any tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode tunnel
		xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 reqid 1 mode tunnel flag af-unspec if_id 4 enc cipher_null ""
	EOF
	send6 t4 100
	send6 t4 100
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "sent" t4 tx_packets 0 t4 drops 3 t4 tx-no-route 3
	log_test "IPv6 has no way into ESP"
}

is_down()
{
	[ "$(in_ns "$near" cat /sys/class/net/g4/carrier)" = 0 ]
}

# Probes need no stack to be made. Those of the other end are answered by the tunnel
# itself while it is down.
probe_test()
{
	local fast="probe interval 100ms timeout 200ms down-window 300ms"

	# shellcheck disable=SC2086
	mt "$near" health set g4 $fast style request target 2001:db8::9 \
		source 2001:db8::8 carrier on
	check_err $? "probes of IPv6"
	slowwait_for is_down
	check_err $? "near is not down"
	snapshot BEFORE "$near"
	# shellcheck disable=SC2086
	mt "$far" health set g4 $fast style request target 2001:db8::1 source 2001:db8::2
	check_err $? "probes of IPv6, from far"
	slowwait_for_counter "$near" g4 rx_packets $((BEFORE["g4 rx_packets"] + 3))
	check_err $? "far sends no probes"
	mt "$near" health set g4 off
	mt "$far" health set g4 off
	log_test "probes of IPv6"
}

declare -A BEFORE AFTER
setup_prepare
run_tests "$@"
