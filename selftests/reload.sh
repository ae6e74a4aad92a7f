#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module is unloaded and loaded 50 times under traffic that does not stop.
#
#  +- near ----------------------+       +- far ------------------------+
#  |  mt4  10.0.4.1/24           |       |  g4   10.0.4.2/24            |
#  |  mt6  10.0.6.1/24           |       |  g6   10.0.6.2/24            |
#  |  mt8  10.0.8.1/24 (ipsec)   |       |  x8   10.0.8.2/24 (xfrm)     |
#  |  mt9  10.0.9.1/24 (required)|       |  g9   10.0.9.2/24             |
#  |   :                         |       |   :                          |
#  |  u0   192.0.2.1/24    ------+-------+-- u0  192.0.2.2/24           |
#  |       2001:db8::1/64        |       |       2001:db8::2/64         |
#  +-----------------------------+       +------------------------------+
#
# g4 and g6 are ip_gre and ip6_gre devices: their packets, and those in ESP, keep coming
# while mtun is not there. States and policies stay where they are.

ALL_TESTS="reload_test cycles_test idle_unload_test"
CYCLES=50

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"

need_mtun
need_module veth ip_gre ip6_gre esp4 xfrm_interface
rmmod mtun 2> /dev/null || skip_all "mtun cannot be unloaded"

# Of the lines for ESP
MODE=tunnel
IF_ID=8

# required_lines HERE THERE: of GRE with the key 9, which is never in clear
required_lines()
{
	local MODE=transport IF_ID='' ROUND=9

	state_line to 4
	state_line from 4
	echo "xfrm policy add src $1 dst $2 proto gre key 9 dir out" \
		"tmpl src $1 dst $2 proto esp reqid 1 mode transport"
}

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	setup_gre_end "$far"
	setup_esp_end
	tunnel_lines "$near" 4 | ip_batch "$near"
	required_lines 192.0.2.1 192.0.2.2 | ip_batch "$near"
	required_lines 192.0.2.2 192.0.2.1 | ip_batch "$far"
	ip_batch "$far" <<-EOF
		link add g9 mtu 1400 type gre local 192.0.2.2 remote 192.0.2.1 key 9
		link set g9 addrgenmode none up
		addr add 10.0.9.2/24 dev g9
	EOF
	flood_gre "$near" "$far" 200 200
	flood_esp "$near" "$far" 200
	in_bg "$far" /dev/null "$TRAFFIC" udp-flood 10.0.9.1 9 200
	in_bg "$near" /dev/null "$TRAFFIC" udp-flood 10.0.9.2 9 200
}

cleanup_more()
{
	# Leave the module as it was found.
	load_mtun
}

both_ways()
{
	local json way='"rx_packets": ?[1-9].*"tx_packets": ?[1-9]'

	json=$(mt "$near" -j -s tunnel list)
	[[ $json =~ $way.*$way.*$way.*$way ]]
}

cycle()
{
	load_mtun || { say "cycle $1: loading failed"; return 1; }
	mt "$near" -b - <<-EOF || { say "cycle $1: adding failed"; return 1; }
		tunnel add mt4 local 192.0.2.1 remote 192.0.2.2 key 4
		tunnel add mt6 local 2001:db8::1 remote 2001:db8::2 key 6
		tunnel add mt8 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id 8
		tunnel add mt9 local 192.0.2.1 remote 192.0.2.2 key 9 ipsec required
	EOF
	ip_batch "$near" <<-EOF || { say "cycle $1: addresses"; return 1; }
		addr add 10.0.4.1/24 dev mt4
		addr add 10.0.6.1/24 dev mt6
		addr add 10.0.8.1/24 dev mt8
		addr add 10.0.9.1/24 dev mt9
		link set mt4 up
		link set mt6 up
		link set mt8 up
		link set mt9 up
	EOF
	# All tunnels carry traffic, in both directions, when it goes.
	slowwait_for both_ways || { say "cycle $1: no traffic"; return 1; }
	rmmod mtun || { say "cycle $1: unloading failed"; return 1; }
}

reload_test()
{
	cycle 0
	check_err $? "first cycle"
	ip -n "$near" -br link show | grep -q "^mt[4689]"
	check_fail $? "devices survived the module"
	log_test "unloaded with tunnels up and traffic"
}

cycles_test()
{
	local i

	for ((i = 1; i <= CYCLES; i++)); do
		cycle "$i" || break
	done
	check_eq $((i - 1)) "$CYCLES" "cycles done"
	check_eq "$(klog_bad | wc -l)" 0 "complaints in the kernel log"
	log_test "unloaded and loaded $CYCLES times under traffic"
}

# Without any pause between, and without tunnels.
idle_unload_test()
{
	local i

	for ((i = 0; i < 10; i++)); do
		load_mtun && rmmod mtun || break
	done
	check_eq $i 10 "cycles done"
	log_test "unloaded at once after loading, 10 times"
}

setup_prepare
run_tests "$@"
