#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPsec policies of the underlay on the packets of a tunnel: ESP in transport mode
# around GRE.
#
#  +- near -----------------------+       +- far ------------------------+
#  |  t4  10.0.4.1/24             |       |  t4  10.0.4.2/24             |
#  |      2001:db8:a:4::1/64      |       |      2001:db8:a:4::2/64      |
#  |  t6  10.0.6.1/24             |       |  t6  10.0.6.2/24             |
#  |   :  2001:db8:a:6::1/64      |       |   :  2001:db8:a:6::2/64      |
#  |  u0  192.0.2.1/24      ------+-------+-- u0  192.0.2.2/24           |
#  |      2001:db8::1/64          |       |       2001:db8::2/64         |
#  +------------------------------+       +------------------------------+

ALL_TESTS="clear_test esp_test:4 esp_test:6 mtu_test:4:1442 mtu_test:6:1422
	   mtu_large_test:4:1442 mtu_large_test:6:1422 require_test:4
	   require_test:6 required_later_test block_test:4 block_test:6
	   no_state_test:4 no_state_test:6 acquire_test:4:1
	   acquire_test:6:1 acquire_test:4:0 acquire_test:6:0 live_test:4 live_test:6
	   secpath_test:4 secpath_test:6 inner_policy_test clear_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"

need_mtun
need_command ping nft
need_module veth esp4 esp6

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	mt "$near" -b - <<-EOF
		tunnel add t4 local 192.0.2.1 remote 192.0.2.2
		tunnel add t6 local 2001:db8::1 remote 2001:db8::2
	EOF
	mt "$far" -b - <<-EOF
		tunnel add t4 local 192.0.2.2 remote 192.0.2.1
		tunnel add t6 local 2001:db8::2 remote 2001:db8::1
	EOF
	tunnel_up "$near" 1 t4 t6
	tunnel_up "$far" 2 t4 t6
	wire_watch "$near" "$far"
}

# wire NS: "ESP GRE FRAGMENTS" that came by the wire since the last time
wire()
{
	wire_counts "$1" esp gre fragments
}

wire_forget()
{
	wire "$near" > /dev/null
	wire "$far" > /dev/null
}

clear_test()
{
	local v

	wire_forget
	for v in 4 6; do
		pings $v
		check_err $? "pings through t$v"
	done
	check_eq "$(wire "$far")" "0 12 0" "ESP, GRE and fragments to far"
	check_eq "$(wire "$near")" "0 12 0" "ESP, GRE and fragments to near"
	log_test "in clear without a policy"
}

esp_test()
{
	local v=$1 wire

	esp_up "$v"
	mt "$near" tunnel set "t$v" mtu auto
	mt "$far" tunnel set "t$v" mtu auto
	wire_forget
	snapshot BEFORE "$near"
	pings "$v"
	check_err $? "pings"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "near" "t$v" tx_packets 6 "t$v" rx_packets 6 \
		"t$v" drops 0
	check_eq "$(wire "$far")" "6 0 0" "ESP, GRE and fragments to far"
	check_eq "$(wire "$near")" "6 0 0" "ESP, GRE and fragments to near"
	tcp_check "$near" "$far" "10.0.$v.2" 5001 300000
	check_err $? "TCP over IPv4"
	tcp_check "$far" "$near" "2001:db8:a:$v::1" 5001 300000
	check_err $? "TCP over IPv6"
	check_match "$(wire "$far")" "^[1-9][0-9]* 0 0" "to far, TCP"
	check_match "$(wire "$near")" "^[1-9][0-9]* 0 0" "to near, TCP"
	check_eq "$(drops_get "$near" "t$v")$(drops_get "$far" "t$v")" "" "drops"
	esp_down
	mt "$near" tunnel set "t$v" mtu auto
	mt "$far" tunnel set "t$v" mtu auto
	log_test "IPv$v: ESP in both directions, nothing in clear"
}

# The largest inner packet: 1500 less the outer header, 8 bytes of ESP, 8 of IV,
# 16 of ICV; what is left is a multiple of 4 and ends in two bytes of trailer.
mtu_test()
{
	local v=$1 want=$2

	esp_up "$v"
	mt "$near" tunnel set "t$v" ttl 64
	check_eq "$(in_ns "$near" cat "/sys/class/net/t$v/mtu")" "$want" \
		"MTU after set"
	mt "$near" tunnel add k0 local "${A1[v]}" remote "${A2[v]}" key 5
	check_eq "$(in_ns "$near" cat /sys/class/net/k0/mtu)" $((want - 4)) \
		"MTU of a new tunnel with a key"
	mt "$near" tunnel del k0
	wire_forget
	ping_check "$near" "10.0.$v.2" -M "do" -s $((want - 28))
	check_err $? "IPv4 ping of $want bytes"
	ping_check "$near" "2001:db8:a:$v::2" -M "do" -s $((want - 48))
	check_err $? "IPv6 ping of $want bytes"
	check_match "$(wire "$far")" "^[1-9][0-9]* 0 0" \
		"ESP, GRE and fragments to far"
	esp_down
	mt "$near" tunnel set "t$v" ttl 64
	check_eq "$(in_ns "$near" cat "/sys/class/net/t$v/mtu")" \
		$((1500 - (v == 4 ? 24 : 44))) "MTU without ESP"
	log_test "IPv$v: MTU with ESP is $want"
}

told()
{
	in_ns "$near" ping -q -n -c 1 -W 0.2 -M "do" -s $(($2 + 1 - 28)) \
		"$1" > /dev/null 2>&1
	ip -n "$near" route get "$1" | grep -q "mtu $2"
}

# The device takes more than ESP leaves room for: sources are told.
mtu_large_test()
{
	local v=$1 want=$2

	mt "$near" tunnel set "t$v" mtu 1476
	esp_up "$v"
	snapshot BEFORE "$near"
	slowwait_for told "10.0.$v.2" "$want"
	check_err $? "the source was not told $want"
	snapshot AFTER "$near"
	[ "${AFTER["t$v tx-too-big"]:-0}" -gt "${BEFORE["t$v tx-too-big"]:-0}" ]
	check_err $? "no tx-too-big"
	wire_forget
	tcp_check "$near" "$far" "10.0.$v.2" 5001 300000
	check_err $? "TCP over IPv4"
	tcp_check "$near" "$far" "2001:db8:a:$v::2" 5001 300000
	check_err $? "TCP over IPv6"
	check_match "$(wire "$far")" "^[1-9][0-9]* 0 0" \
		"ESP, GRE and fragments to far"
	esp_down
	mt "$near" tunnel set "t$v" mtu auto
	ip -n "$near" route flush cache
	ip -n "$near" -6 route flush cache
	log_test "IPv$v: sources are told what ESP leaves room for"
}

# The far end insists on ESP.
require_test()
{
	local v=$1

	policy "$far" to "$v"
	snapshot BEFORE "$far"
	lost_pings "$near" "10.0.$v.2"
	snapshot AFTER "$far"
	check_grown BEFORE AFTER "far" "t$v" rx-policy 3 "t$v" drops 3 \
		"t$v" rx_packets 0
	esp_down
	pings "$v"
	check_err $? "pings without the policy"
	log_test "IPv$v: clear packets are refused where ESP is required"
}

# ESP that nobody asked for is taken, and from then on it is required.
required_later_test()
{
	states 4
	policy "$near" to 4
	wire_forget
	snapshot BEFORE "$far"
	pings 4
	check_err $? "pings, ESP one way"
	check_eq "$(wire "$far")" "6 0 0" "ESP, GRE and fragments to far"
	check_eq "$(wire "$near")" "0 6 0" "ESP, GRE and fragments to near"
	policy "$far" to 4
	pings 4
	check_err $? "pings, ESP one way is required"
	snapshot AFTER "$far"
	check_grown BEFORE AFTER "far" t4 rx_packets 12 t4 drops 0
	policy "$near" from 4
	snapshot BEFORE "$near"
	lost_pings "$near" 10.0.4.2
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "near" t4 rx-policy 3 t4 drops 3 \
		t4 rx_packets 0 t4 tx_packets 3
	policy "$far" from 4
	pings 4
	check_err $? "pings, ESP both ways is required"
	esp_down
	log_test "policies for one direction and then the other"
}

# nothing_sent FAMILY MESSAGE: each packet is counted once, and none leaves
nothing_sent()
{
	local v=$1 message=$2

	wire_forget
	snapshot BEFORE "$near"
	lost_pings "$near" "10.0.$v.2"
	snapshot AFTER "$near"
	check_eq "$(wire "$far")" "0 0 0" "$message: ESP, GRE and fragments to far"
	check_grown BEFORE AFTER "$message" "t$v" drops 3 "t$v" tx_packets 0
}

block_test()
{
	local v=$1

	ip -n "$near" xfrm policy add src "${A1[v]}" dst "${A2[v]}" proto gre \
		dir out action block
	check_err $? "adding a policy"
	nothing_sent "$v" "blocked"
	esp_down
	pings "$v"
	check_err $? "pings without the policy"
	log_test "IPv$v: a policy blocks"
}

# A policy without anybody who would negotiate a state
no_state_test()
{
	local v=$1

	policy "$near" to "$v"
	nothing_sent "$v" "no state"
	states "$v"
	pings "$v"
	check_err $? "pings, states have come"
	check_eq "$(wire "$far")" "6 0 0" "ESP, GRE and fragments to far"
	esp_down
	log_test "IPv$v: a policy whose state comes later"
}

# Somebody would, and is asked. Meanwhile the kernel swallows packets (DROP is 1), or has
# a route that queues them, which is good for ever once there is a state.
acquire_test()
{
	local v=$1 drop=$2 pid

	in_ns "$near" sysctl -qw "net.core.xfrm_larval_drop=$drop"
	in_bg "$near" "$TMP/acquire" stdbuf -oL ip xfrm monitor acquire
	pid=$BG_PID
	policy "$near" to "$v"
	slowwait_for is_asked "$v"
	check_err $? "nobody is asked for a state"
	nothing_sent "$v" "no state yet"
	states "$v"
	pings "$v"
	check_err $? "pings, states have come"
	check_eq "$(wire "$far")" "6 0 0" "ESP, GRE and fragments to far"
	stop_bg "$pid"
	esp_down
	in_ns "$near" sysctl -qw net.core.xfrm_larval_drop=1
	log_test "IPv$v: a state is waited for (xfrm_larval_drop $drop)"
}

is_asked()
{
	lost_pings "$near" "10.0.$1.2"
	grep -q acquire "$TMP/acquire"
}

# esp_only, clear_only: what came since the last look, and something did
esp_only()
{
	[[ $(wire "$far") =~ ^[1-9][0-9]+\ 0\ 0 ]]
}

clear_only()
{
	[[ $(wire "$far") =~ ^0\ [1-9][0-9]+\ 0 ]]
}

live_test()
{
	local v=$1 pid i

	in_bg "$near" "$TMP/beat" "$TRAFFIC" udp-beat 9 5 "10.0.$v.2" \
		"2001:db8:a:$v::2"
	pid=$BG_PID
	slowwait_for_counter "$near" "t$v" tx_packets \
		$(($(stat_get "$near" "t$v" tx_packets) + 20))
	check_err $? "no traffic"
	snapshot BEFORE "$far"
	for i in 1 2; do
		states "$v"
		policy "$near" to "$v"
		# Nothing that was under way in clear is left after this.
		ping_check "$near" "10.0.$v.2"
		check_err $? "ping, $i"
		wire_forget
		slowwait_for esp_only
		check_err $? "not only ESP, $i"
		policy "$far" to "$v"
		slowwait_for esp_only
		check_err $? "not only ESP when it is required, $i"
		ip -n "$far" xfrm policy flush
		ip -n "$near" xfrm policy flush
		ping_check "$near" "10.0.$v.2"
		check_err $? "ping in clear, $i"
		wire_forget
		slowwait_for clear_only
		check_err $? "ESP goes on without a policy, $i"
		esp_down
	done
	snapshot AFTER "$far"
	check_grown BEFORE AFTER "far" "t$v" drops 0
	stop_bg "$pid"
	log_test "IPv$v: policies that come and go while traffic flows"
}

# The inner packet did not come by ESP.
secpath_test()
{
	local v=$1 out

	esp_up "$v"
	in_ns "$far" nft -f - <<-EOF
		table inet secpath {
			chain pre {
				type filter hook prerouting priority 0;
				iifname u0 meta l4proto gre meta ipsec exists counter comment "outer"
				iifname t$v meta ipsec exists counter comment "inner-esp"
				iifname t$v meta ipsec missing counter comment "inner"
			}
		}
	EOF
	check_err $? "nft"
	pings "$v"
	check_err $? "pings"
	out=$(in_ns "$far" nft list table inet secpath)
	check_match "$out" "packets 6 [^\"]*\"outer\"" "outer packets with a secpath"
	check_match "$out" "packets 0 [^\"]*\"inner-esp\"" \
		"inner packets with a secpath"
	check_match "$out" "packets 6 [^\"]*\"inner\"" \
		"inner packets without a secpath"
	in_ns "$far" nft delete table inet secpath
	esp_down
	log_test "IPv$v: the inner packet has no secpath"
}

# A policy on the inner flow is not met by ESP around the tunnel.
inner_policy_test()
{
	esp_up 4
	ip -n "$far" xfrm policy add src 10.0.4.1 dst 10.0.4.2 dir in \
		tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode transport
	check_err $? "adding a policy"
	snapshot BEFORE "$far"
	lost_pings "$near" 10.0.4.2
	snapshot AFTER "$far"
	check_grown BEFORE AFTER "far" t4 rx_packets 3 t4 tx_packets 0 t4 drops 0
	esp_down
	pings 4
	check_err $? "pings without policies"
	log_test "an inner policy is not met by ESP around the tunnel"
}

setup_prepare
run_tests "$@"
