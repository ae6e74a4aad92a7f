#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tunnels whose end is behind NAT, with keys that strongSwan negotiates: ESP in UDP. Both
# ends are mtun's, made as "mtctl ipsec template -nat" says.
#
#  +- near --------------+     +- box ----------------+     +- far ------------------+
#  |  e4  10.1.4.1/24    |     |                      |     |  e4  10.1.4.2/24       |
#  |      2001:db8:e::1  |     |                      |     |      2001:db8:e::2     |
#  |  t4  10.0.4.1/24    |     |                      |     |  t4  10.0.4.2/24       |
#  |   :                 |     |                      |     |   :                    |
#  |  u0  10.77.0.1  .3 -+-----+- i0          o0     -+-----+- u0  192.0.2.2  .4     |
#  +---------------------+     | 10.77.0.254 192.0.2.9|     +------------------------+
#                              +----------------------+
#
# The box lets in what answers, and nothing else. All that reaches far is captured: it
# has to be UDP of IKE's ports.

ALL_TESTS="page_test template_test up_test:e4 up_test:t4 show_test mss_test size_test
	   port_test:e4 port_test:t4 address_test:e4 clear_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/ike_lib.sh"

PAGE=$TEST_DIR/../Documentation/ipsec.md

need_mtun
need_charon
need_command nft conntrack tcpdump ping
need_module veth esp4 nft_masq
[ -e "$PAGE" ] || skip_all "no documentation here"

declare -A INSIDE=([t4]=10.0.4.2 [e4]=10.1.4.2)

# box_nat ADDRESS PORTS: what UDP becomes that passes, from now on
box_nat()
{
	in_ns "$box" nft -f - <<-EOF && in_ns "$box" conntrack -F 2> /dev/null
		table ip nat
		flush table ip nat
		table ip nat {
			chain post {
				type nat hook postrouting priority 100
				oifname o0 meta l4proto udp snat to $1:$2
			}
			chain forward {
				type filter hook forward priority 0; policy drop
				ct state established accept
				iifname i0 accept
			}
		}
	EOF
}

setup_prepare()
{
	local t

	setup_ns near box far
	ip -n "$near" link add u0 type veth peer name i0 netns "$box"
	ip -n "$far" link add u0 type veth peer name o0 netns "$box"
	ip_batch "$near" <<-EOF
		addr add 10.77.0.1/24 dev u0
		addr add 10.77.0.3/24 dev u0
		link set u0 up
		route add default via 10.77.0.254
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 192.0.2.4/24 dev u0
		link set u0 up
	EOF
	ip_batch "$box" <<-EOF
		addr add 10.77.0.254/24 dev i0
		addr add 192.0.2.9/24 dev o0
		addr add 192.0.2.10/24 dev o0
		link set i0 up
		link set o0 up
	EOF
	setup_router "$box"
	box_nat 192.0.2.9 20000-20999 || return 1
	mt "$near" -b - <<-EOF || return 1
		tunnel add e4 mode ipsec if-id 44 local 10.77.0.1 remote 192.0.2.2 mss auto up on
		tunnel add t4 local 10.77.0.3 remote 192.0.2.4 key 4 ipsec required up on
	EOF
	mkdir -p "$TMP/near" "$TMP/far"
	for t in e4 t4; do
		mt "$near" ipsec template $t >&3 &&
			mt "$near" ipsec template $t -peer mtun -nat 192.0.2.9 >&4 ||
			return 1
	done 3> "$TMP/near/template" 4> "$TMP/far/template"
	configured
	# What it says of the tunnels there is done.
	sed -n "s/^#   mtctl //p" "$TMP/far/template" | mt "$far" -b - || return 1
	ip_batch "$near" <<-EOF
		addr add 10.0.4.1/24 dev t4
		addr add 10.1.4.1/24 dev e4
		addr add 2001:db8:e::1/64 dev e4
	EOF
	ip_batch "$far" <<-EOF
		addr add 10.0.4.2/24 dev t4
		addr add 10.1.4.2/24 dev e4
		addr add 2001:db8:e::2/64 dev e4
	EOF
	clear_capture
}

template_test()
{
	local said

	said=$(mt "$near" ipsec template e4 -nat 192.0.2.9 2>&1)
	check_fail $? "this end is told"
	check_match "$said" "give -peer" "what to do instead"
	check_match "$(mt "$far" tunnel show e4)" "192.0.2.2 -> 192.0.2.9" "their tunnel"
	for said in e4 t4; do
		ping_now "$near" "${INSIDE[$said]}"
		check_fail $? "an answer through $said without keys"
	done
	start_charon far && start_charon near
	check_err $? "strongSwan does not run"
	log_test "the other end is told of the NAT's address"
}

# What Documentation/ipsec.md types there is typed, and has to say what stands there. It is
# about a tunnel between the addresses of e4, so where that is not.
page_test()
{
	local block

	block=$(sed -n '/^### Behind NAT/,/^##/ { /^    # mtctl/,/^$/p }' "$PAGE" |
		sed 's/^    //')
	mt "$box" tunnel add mt1 local 10.77.0.1 remote 192.0.2.2 mode ipsec \
		if-id 42 mss auto
	check_err $? "mt1"
	check_eq "$(in_ns "$box" env "PATH=$(dirname "$MTCTL"):$PATH" bash -c \
		    "$(sed -n '1s/^# //p' <<< "$block")" | expand -t 4)" \
		"$(tail -n +2 <<< "$block")" "what the page shows"
	[ "$(wc -l <<< "$block")" -gt 5 ]
	check_err $? "the page has nothing"
	mt "$box" tunnel del mt1
	log_test "the page tells what the other end is told"
}

up_test()
{
	check_answers "$1"
	slowwait_for established "$1"
	check_told $? "$1" "not established"
	log_test "$1 is up"
}

show_test()
{
	local side

	for side in near far; do
		check_match "$(mt "${!side}" -j ipsec show e4)" '"encap": ?true' "$side"
		check_match "$(mt "${!side}" ipsec show e4)" \
			"established.*ingress .* in UDP .*egress .* in UDP " "$side"
	done
	check_match "$(mt "$near" ipsec show e4)" "10.77.0.1 -> 192.0.2.2" "of near"
	check_match "$(mt "$far" ipsec show e4)" "192.0.2.2 -> 192.0.2.9" "of far"
	log_test "states are shown, in UDP"
}

# 40 less than what fits: see size_test(). It is near's doing.
mss_test()
{
	mt "$far" tunnel set e4 mss off
	check_eq "$(mss_of e4)" 1398 "MSS"
	log_test "the MSS is that of ESP in UDP"
}

# IP, UDP, ESP and its trailer around it are 1500 bytes.
size_test()
{
	in_ns "$near" ping -n -M do -c 1 -W 2 -s $((1439 - 28)) "${INSIDE[e4]}" > "$TMP/said"
	check_fail $? "more than fits"
	check_match "$(cat "$TMP/said")" "mtu ?= ?1438" "what fits"
	in_ns "$near" ping -n -M do -c 1 -W "$WAIT_TIMEOUT" -s $((1438 - 28)) "${INSIDE[e4]}" > "$TMP/said"
	check_err $? "what fits is not answered"
	log_test "what fits beside UDP is told"
}

# knows TUNNEL TEXT: far's daemon, where near is, as it writes that
knows()
{
	[[ $(swan far --list-sas --ike "$1") == *"@ $2"* ]]
}

# The box forgets, and finds another port for what comes.
port_test()
{
	local port

	for port in 30 20; do
		box_nat 192.0.2.9 ${port}000-${port}999
		check_err $? "nft"
		check_answers "$1" "from port ${port}000"
		slowwait_for knows "$1" "192.0.2.9[$port"
		check_told $? "$1" "the port is another one"
	done
	log_test "the NAT has another port for $1"
}

# The daemons follow to another address as well, but it is not the one that far's tunnel
# has: who wants to believe it says so.
address_test()
{
	local before pid refused

	box_nat 192.0.2.10 20000-20999
	in_bg "$near" /dev/null ping -q -n -i 0.1 "${INSIDE[$1]}"
	pid=$BG_PID
	slowwait_for knows "$1" "192.0.2.10["
	check_told $? "$1" "far's daemon does not follow"
	before=$(stat_get "$far" "$1" rx_packets)
	refused=$(stat_get "$far" "$1" rx-ipsec)
	slowwait_for_counter "$far" "$1" rx-ipsec $((refused + 5))
	check_err $? "what comes from elsewhere is not counted"
	stop_bg "$pid"
	check_eq "$(stat_get "$far" "$1" rx_packets)" "$before" "taken from elsewhere"
	mt "$far" tunnel set "$1" remote 192.0.2.10
	check_err $? "another remote"
	check_answers "$1"
	log_test "the NAT has another address: $1 has to be told"
}

setup_prepare || fail_all "cannot set up"
run_tests "$@"
