#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "mode ipsec": ESP in tunnel mode, against the kernel's own xfrm interfaces.
#
#  +- near -----------------------+       +- far ------------------------+
#  |  t4  10.0.4.1/24  (if-id 4)  |       |  x4  10.0.4.2/24  (xfrm 4)   |
#  |      2001:db8:a:4::1/64      |       |      2001:db8:a:4::2/64      |
#  |  t6  10.0.6.1/24  (if-id 6)  |       |  x6  10.0.6.2/24  (xfrm 6)   |
#  |   :  2001:db8:a:6::1/64      |       |   :  2001:db8:a:6::2/64      |
#  |  u0  192.0.2.1/24      ------+-------+-- u0  192.0.2.2/24           |
#  |      2001:db8::1/64          |       |       2001:db8::2/64         |
#  +------------------------------+       +------------------------------+
#
# All that near sends is captured; no byte of what the pings of the cases carry may be
# in it. (What arrives, and no device takes out of ESP, comes by u0 once more, in clear.)

ALL_TESTS="esp_test:4:GCM esp_test:6:GCM esp_test:4:CBC esp_test:6:CBC
	   no_state_test:4 no_state_test:6 gone_test:4 gone_test:6
	   expired_test:4 expired_test:6 expired_time_test:4
	   expired_time_test:6 rekey_test:4 rekey_test:6 policies_test:4
	   policies_test:6 policies_before_test received_test:4
	   received_test:6 version_test:4 version_test:6 ties_test
	   uncounted_test:xa_store:-46:1 uncounted_test:xa_store:-46:2
	   uncounted_test:kmalloc:0:2 uncounted_test:kmalloc:0:0
	   newer_state_test output_mark_test lookups_test if_id_test:4
	   if_id_test:6 selector_test foreign_test:4 foreign_test:6
	   transport_test:4 transport_test:6 forged_test:4 forged_test:6
	   clear_test down_test loop_test mss_test:4:GCM:1406
	   mss_test:4:CBC:1398 mss_test:6:GCM:1386 mss_test:6:CBC:1366
	   mss_test:4:NATT:1398 pmtu_test:4:GCM:1446 mss_test:4:CBC:1398:two
	   pmtu_test:4:CBC:1438 pmtu_test:6:CBC:1406 least_test:4:GCM
	   least_test:6:CBC filter_test health_test coexist_test nat_test
	   netns_test taken_test settings_test async_test:4 async_test:6
	   leak_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"

need_mtun
need_command ping nft tcpdump
need_module veth esp4 esp6 xfrm_interface

# async_test does without it.
cleanup_more()
{
	prove_locking 1
}

# Others of the far end
A3=([4]=192.0.2.3 [6]=2001:db8::3)

MODE=tunnel
PATTERN=6d74756e6c65616b	# "mtunleak", in each ping

setup_prepare()
{
	setup_ns near far side
	setup_underlay "$near" "$far"
	mt "$near" -b - <<-EOF
		tunnel add t4 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id 4
		tunnel add t6 local 2001:db8::1 remote 2001:db8::2 mode ipsec if-id 6
	EOF
	tunnel_up "$near" 1 t4 t6
	ip_batch "$far" <<-EOF
		link add x4 type xfrm if_id 4
		link add x6 type xfrm if_id 6
		link set x4 addrgenmode none mtu 1400
		link set x6 addrgenmode none mtu 1400
	EOF
	tunnel_up "$far" 2 x4 x6
	wire_watch "$near" "$far"
	wire_capture
}

# Many words for few calls of ip: what the emulated CPU takes longest for are those.

# esp_state NS to|from FAMILY [WORDS]: with the if_id of the tunnel
esp_state()
{
	IF_ID=${IF_ID:-$3} state "$@"
}

# esp_states FAMILY [WORDS]
esp_states()
{
	local ns

	for ns in "$near" "$far"; do
		state_lines "$1" "${2:-}" | ip_batch "$ns"
		check_err $? "adding states"
	done
}

# esp_policies NS FAMILY DIR...
esp_policies()
{
	policy_lines "$@" | ip_batch "$1"
	check_err $? "adding policies"
}

# "ESP" or "GRE and the like" that have come since the last time, to far
wire()
{
	wire_counts "$far" esp clear
}

# tcp_both FAMILY: over both, in both directions
tcp_both()
{
	tcp_check "$near" "$far" "10.0.$1.2" 5001 300000
	check_err $? "TCP over IPv4"
	tcp_check "$far" "$near" "2001:db8:a:$1::1" 5001 300000
	check_err $? "TCP over IPv6"
}

esp_test()
{
	local v=$1 CIPHER=${!2}

	nothing_sent "$v" "no policy"
	tunnel_esp_up "$v"
	all_esp "$v" "ESP"
	tcp_both "$v"
	check_match "$(wire)" "^[1-9][0-9]* 0$" "packets in ESP and not, TCP"
	esp_down
	nothing_sent "$v" "without again"
	log_test "IPv$v, $2: all in ESP, or nothing goes through"
}

no_state_test()
{
	local v=$1

	esp_policies "$near" "$v" out
	esp_policies "$far" "$v" out in fwd
	nothing_sent "$v" "no state yet"
	esp_states "$v"
	all_esp "$v" "states have come"
	esp_down
	log_test "IPv$v: policies whose states come later"
}

gone_test()
{
	local v=$1 i

	tunnel_esp_up "$v"
	beat_start "$v"
	for i in 1 2; do
		gone "$v" "state, round $i" ip -n "$near" xfrm state delete \
			src "${A1[v]}" dst "${A2[v]}" proto esp spi "0x1${v}1"
		# What waits for a state keeps one of its own.
		ip -n "$near" xfrm state flush
		esp_state "$near" to "$v"
		esp_state "$near" from "$v"
		gone "$v" "policies, round $i" ip -n "$near" xfrm policy flush
		esp_policies "$near" "$v" out
	done
	slowwait_for esp_flows
	check_err $? "no ESP at the end"
	beat_stop
	esp_down
	log_test "IPv$v: state or policy goes while traffic flows"
}

expired_test()
{
	local v=$1

	tunnel_esp_up "$v"
	ip -n "$near" xfrm state flush
	esp_state "$near" from "$v"
	esp_state "$near" to "$v" "limit packet-hard 4"
	four_of_six "$v"
	esp_down
	log_test "IPv$v: a state has had its packets"
}

# The route that a CPU keeps has the state for as long as it is one.
expired_time_test()
{
	local v=$1

	tunnel_esp_up "$v"
	beat_start "$v"
	ip -n "$near" xfrm state flush
	esp_state "$near" from "$v"
	esp_state "$near" to "$v" "limit time-hard $((5 * ${MTUN_SLOW:-1}))"
	wire > /dev/null	# by the state before
	gone "$v" "its time" true
	beat_stop
	wire > /dev/null
	nothing_sent "$v" "expired"
	esp_down
	log_test "IPv$v: a state has had its time, while traffic flows"
}

# New states on both sides, and then the old ones go: nothing is ever without.
rekey_test()
{
	local v=$1 CIPHER ROUND ns old=1

	tunnel_esp_up "$v"
	beat_start "$v"
	snapshot BEFORE "$near"
	wire > /dev/null
	for ROUND in 2 3 4 5; do
		[ $((ROUND % 2)) = 0 ] && CIPHER=$CBC || CIPHER=$GCM
		esp_states "$v"
		for ns in "$near" "$far"; do
			ip -n "$ns" xfrm state delete src "${A1[v]}" \
				dst "${A2[v]}" proto esp spi "0x${old}${v}1"
			ip -n "$ns" xfrm state delete src "${A2[v]}" \
				dst "${A1[v]}" proto esp spi "0x${old}${v}2"
		done
		old=$ROUND
		slowwait_for esp_flows
		check_err $? "round $ROUND: no ESP"
	done
	beat_stop
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "rekeyed" "t$v" tx-ipsec 0 "t$v" drops 0
	esp_down
	log_test "IPv$v: states are replaced while traffic flows"
}

# three_pings ADDRESS [WORDS]: from one CPU, as each looks for itself
three_pings()
{
	in_ns "$near" taskset -c 0 ping -q -n -p "$PATTERN" -c 3 -i 0.01 -W 0.2 "$@" \
		> /dev/null 2>&1
}

# sent TUNNEL N ADDRESS MESSAGE [WORDS for ping]: of three pings, N; the others have tx-ipsec
sent()
{
	local tunnel=$1 n=$2 address=$3 message=$4; shift 4

	snapshot BEFORE "$near"
	three_pings "$address" "$@"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "$message: to $address" "$tunnel" tx_packets "$n" \
		"$tunnel" tx-ipsec $((3 - n))
}

# far_policy COMMAND WORDS...: for what near sends to the second address of far
far_policy()
{
	local v=$FAMILY command=$1 dst; shift

	for dst in "10.0.$v.3/32" "2001:db8:a:$v::3/128"; do
		ip -n "$near" xfrm policy "$command" dst "$dst" dir out if_id "$v" "$@"
		check_err $? "xfrm policy $command $dst $*"
	done
}

# all_sent N MESSAGE: N of three to the second address of far, all to the first
all_sent()
{
	local v=$FAMILY

	sent "t$v" 3 "10.0.$v.2" "$2"
	sent "t$v" "$1" "10.0.$v.3" "$2"
	sent "t$v" 3 "2001:db8:a:$v::2" "$2"
	sent "t$v" "$1" "2001:db8:a:$v::3" "$2"
}

no_policy_blocks()
{
	! ip -n "$near" xfrm policy list action block | grep -q .
}

# A CPU keeps the way that all packets have: as soon as there is another policy, they do
# not have it in common.
policies_test()
{
	local FAMILY=$1 v=$1 mark="mark 7 mask 0xffffffff" PRIORITY=100

	tunnel_esp_up "$v"
	all_sent 3 "one policy"
	far_policy add action block
	all_sent 0 "another one"
	all_sent 0 "another one, again"
	far_policy update tmpl src "${A1[v]}" dst "${A2[v]}" proto esp reqid 1 \
		mode tunnel
	all_sent 3 "which is as the first one now"
	far_policy update action block
	all_sent 0 "and is not any more"
	far_policy delete
	all_sent 3 "and is gone"

	far_policy add action block limit time-soft 1 \
		limit time-hard $((WAIT_TIMEOUT / 3))
	sleep 1.5
	sent "t$v" 3 "10.0.$v.2" "one that will end"
	sent "t$v" 0 "10.0.$v.3" "one that will end"
	slowwait_for no_policy_blocks
	check_err $? "it does not end"
	all_sent 3 "it has ended"

	# shellcheck disable=SC2086
	ip -n "$near" xfrm policy add dir out if_id "$v" $mark priority 1 \
		src 0.0.0.0/0 dst 0.0.0.0/0 action block
	check_err $? "adding a policy with a mark"
	sent "t$v" 3 "10.0.$v.2" "without the mark"
	sent "t$v" 0 "10.0.$v.2" "with the mark" -m 7
	sent "t$v" 3 "10.0.$v.2" "without it again"

	ip -n "$near" xfrm policy flush
	sent "t$v" 0 "10.0.$v.2" "all are gone"
	far_policy add action block
	esp_policies "$near" "$v" out
	all_sent 0 "they have come back"

	# The only one there is, and not for all
	ip -n "$near" xfrm policy flush
	# shellcheck disable=SC2086
	ip -n "$near" xfrm policy add dir out if_id "$v" $mark tmpl src "${A1[v]}" \
		dst "${A2[v]}" proto esp reqid 1 mode tunnel
	check_err $? "adding the only policy, with a mark"
	sent "t$v" 3 "10.0.$v.2" "with the mark alone" -m 7
	sent "t$v" 0 "10.0.$v.2" "without it"
	ip -n "$near" xfrm policy flush
	far_policy add tmpl src "${A1[v]}" dst "${A2[v]}" proto esp reqid 1 mode tunnel
	sent "t$v" 3 "10.0.$v.3" "what it is for"
	sent "t$v" 0 "10.0.$v.2" "what it is not for"

	# ... and the same of states
	ip -n "$near" xfrm policy flush
	ip -n "$near" xfrm state flush
	esp_policies "$near" "$v" out
	state "$near" to "$v" "if_id $v sel dst 10.0.$v.3"
	sent "t$v" 3 "10.0.$v.3" "what the state is for"
	sent "t$v" 0 "10.0.$v.2" "what the state is not for"
	esp_down
	log_test "IPv$v: policies come, change, end and go"
}

# Those that were there before the first tunnel of a namespace
policies_before_test()
{
	local any="tmpl src 192.0.2.9 dst 192.0.2.10 proto esp reqid 1 mode tunnel if_id 9"

	ip_batch "$side" <<-EOF
		link add d9 type dummy
		addr add 192.0.2.9/24 dev d9
		link set d9 up
		neigh add 192.0.2.10 lladdr 02:00:00:00:00:09 dev d9
		xfrm policy add src 0.0.0.0/0 dst 10.0.9.3/32 dir out action block if_id 9
		xfrm state add src 192.0.2.9 dst 192.0.2.10 proto esp spi 0x9 reqid 1 mode tunnel flag af-unspec if_id 9 $GCM
	EOF
	check_err $? "policies before"
	mt "$side" tunnel add t9 local 192.0.2.9 remote 192.0.2.10 mode ipsec if-id 9
	ip_batch "$side" <<-EOF
		addr add 10.0.9.1/24 dev t9
		link set t9 up
		xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 9 $any
	EOF
	local near=$side

	sent t9 3 10.0.9.2 "what all of them let through"
	sent t9 0 10.0.9.3 "what one of them does not"
	ip -n "$side" xfrm policy delete dst 10.0.9.3/32 dir out if_id 9
	check_err $? "deleting a policy from before"
	sent t9 3 10.0.9.3 "it is gone"
	mt "$side" tunnel del t9
	ip_batch "$side" <<-EOF
		link del d9
		xfrm policy flush
		xfrm state flush
	EOF
	log_test "policies from before the tunnel"
}

# received N MESSAGE: N of three from the second address of far, all from the first
received()
{
	local v=$FAMILY lost=$((3 - $1)) message=$2

	snapshot BEFORE "$near"
	if [ $lost -eq 0 ]; then
		in_ns "$far" ping -q -n -p $PATTERN -c 3 -i 0.01 -W $WAIT_TIMEOUT \
			-I "10.0.$v.3" "10.0.$v.1" > /dev/null 2>&1
		check_err $? "$message: pings from the second address"
	else
		lost_pings "$far" "10.0.$v.1" -I "10.0.$v.3"
	fi
	in_ns "$far" ping -q -n -p $PATTERN -c 3 -i 0.01 -W $WAIT_TIMEOUT \
		-I "10.0.$v.2" "10.0.$v.1" > /dev/null 2>&1
	check_err $? "$message: pings from the first address"
	ping_once "$far" "2001:db8:a:$v::1"
	check_err $? "$message: IPv6"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "$message" "t$v" rx-ipsec $lost "t$v" drops $lost \
		"t$v" rx_packets $((7 - lost)) "t$v" tx_packets $((7 - lost))
}

# in_policy COMMAND DIR SRC [WORDS]
in_policy()
{
	local v=$FAMILY command=$1 dir=$2 src=$3; shift 3

	ip -n "$near" xfrm policy "$command" src "$src" dst 0.0.0.0/0 dir "$dir" \
		if_id "$v" "$@"
	check_err $? "policy $command"
}

# What policies allow to come in: an IKE daemon writes what it has negotiated into them.
received_test()
{
	local FAMILY=$1 v=$1 first="10.0.$1.2/32" second="10.0.$1.3/32" dir

	tunnel_esp_up "$v"
	ip -n "$far" addr add "10.0.$v.3/24" dev "x$v"
	received 3 "policies that let everything in"
	ip -n "$near" xfrm policy flush
	esp_policies "$near" "$v" out
	received 3 "no policy for what is received"

	ip -n "$near" xfrm policy add src ::/0 dst ::/0 dir in if_id "$v"
	check_err $? "a policy for IPv6"
	in_policy add in "$first" priority 30
	received 0 "one that lets in the first address"
	IF_ID=99 esp_policies "$near" "$v" in
	received 0 "one for another if_id"
	in_policy add fwd "$second" priority 20
	received 3 "another one for the second address"
	in_policy add in "$second" priority 10 action block
	received 0 "one that blocks it, and comes first"
	in_policy update in "$second" priority 25 action block
	received 3 "and does not any more"
	in_policy update fwd "$second" priority 20 action block
	received 0 "two that block it"
	in_policy update in "$second" priority 15
	received 3 "one of them does not block it any more"
	in_policy delete in "$second"
	in_policy delete fwd "$second"
	received 0 "neither is there any more"

	in_policy add in "$second" mark 7 mask 0xff
	received 0 "one with a mark that the packet has not"
	in_ns "$near" nft -f - <<-EOF
		table inet marks {
			chain pre {
				type filter hook prerouting priority -300;
				iifname u0 meta mark set 0x107
			}
		}
	EOF
	check_err $? "nft"
	received 3 "and one that it has"
	in_ns "$near" nft delete table inet marks

	esp_policies "$near" "$v" fwd
	received 3 "a last one that lets everything in"
	in_policy delete fwd 0.0.0.0/0
	in_policy delete in "$second" mark 7 mask 0xff
	received 0 "which is gone"
	in_policy delete in "$first"
	for dir in in fwd; do
		ip -n "$near" xfrm policy delete src ::/0 dst ::/0 dir $dir if_id "$v"
		check_err $? "deleting the policies for IPv6"
	done
	received 3 "all are gone"
	ip -n "$far" addr del "10.0.$v.3/24" dev "x$v"
	esp_down
	log_test "IPv$v: policies for what is received"
}

# received_of 4|6 YES|NO MESSAGE: pings of far, of that version
received_of()
{
	local v=$FAMILY to=10.0.$FAMILY.1

	[ "$1" = 4 ] || to=2001:db8:a:$v::1
	if [ "$2" = yes ]; then
		ping_once "$far" "$to"
		check_err $? "$3: IPv$1"
		return
	fi
	snapshot BEFORE "$near"
	lost_pings "$far" "$to"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "$3: IPv$1" "t$v" rx-ipsec 3 "t$v" rx_packets 0
}

# What is negotiated for one IP version lets in no packet of the other.
version_test()
{
	local FAMILY=$1 v=$1 n any

	tunnel_esp_up "$v"
	ip -n "$near" xfrm policy flush
	esp_policies "$near" "$v" out
	for n in 4 6; do
		any=0.0.0.0/0
		[ $n = 4 ] || any=::/0
		ip -n "$near" xfrm policy add src $any dst $any dir in if_id "$v"
		check_err $? "a policy"
		received_of $n yes "its own"
		received_of $((10 - n)) no "none of its own"
		ip -n "$near" xfrm policy delete src $any dst $any dir in if_id "$v"
	done
	received_of 4 yes "no policy"
	received_of 6 yes "no policy"
	for n in 4 6; do
		any=0.0.0.0/0
		[ $n = 4 ] || any=::/0
		ip -n "$near" xfrm policy add src $any dst $any dir fwd if_id "$v"
		check_err $? "a policy to forward"
	done
	received_of 4 yes "one each"
	received_of 6 yes "one each"

	# A state that is for one version, which is that of the outer packet
	ip -n "$near" xfrm state flush
	esp_state "$near" to "$v"
	state "$near" from "$v" "if_id $v"
	received_of "$v" yes "the state's"
	received_of $((10 - v)) no "not the state's"
	esp_down
	log_test "IPv$v: what is for one IP version is not for the other"
}

# No source of IPv6 makes packets smaller than 1280 bytes: they pass a way that has less.
least_test()
{
	local v=$1 CIPHER=${!2} route="${A2[$1]} dev u0"

	tunnel_esp_up "$v"
	# shellcheck disable=SC2086
	ip -n "$near" route add $route mtu 1280
	check_err $? "a narrow way"
	wire > /dev/null
	in_ns "$near" ping -q -n -p $PATTERN -c 3 -i 0.05 -W "$WAIT_TIMEOUT" -s 1232 \
		"2001:db8:a:$v::2" > "$TMP/said"
	check_err $? "1280 bytes: $(cat "$TMP/said")"
	check_eq "$(wire)" "6 0" "packets in ESP and not, two for each"
	check_match "$(in_ns "$near" ping -n -M do -c 1 -W 2 -s 1233 "2001:db8:a:$v::2")" \
		"mtu[ =]+1280" "1281 bytes"
	tcp_check "$near" "$far" "2001:db8:a:$v::2" 5001 300000
	check_err $? "TCP, in segments of 1280 bytes"
	check_match "$(wire)" " 0$" "packets in ESP and not, TCP"
	# shellcheck disable=SC2086
	ip -n "$near" route del $route
	# ... and what near was told
	ip -n "$near" -6 route flush cache
	esp_down
	log_test "IPv$v, $2: 1280 bytes of IPv6 pass a way that has less"
}

# Of two that are as important the one that blocks has its say, whichever is older, and
# also when a namespace whose first tunnel comes later has them from a list.
ties_test()
{
	local FAMILY=9 second=10.0.9.3/32 near tied

	setup_ns tied
	near=$tied
	A1[9]=192.0.9.1
	A2[9]=192.0.9.2
	ip_batch "$tied" <<-EOF
		link add u9 type veth peer name u9 netns $far
		addr add 192.0.9.1/24 dev u9
		link set u9 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.9.2/24 dev u9
		link set u9 up
		link add x9 type xfrm if_id 9
		link set x9 addrgenmode none mtu 1400 up
		addr add 10.0.9.2/24 dev x9
		addr add $second dev x9
		addr add 2001:db8:a:9::2/64 dev x9
	EOF
	in_ns "$far" nft -f - <<-EOF
		table inet quiet {
			chain out {
				type filter hook output priority 0;
				oifname x9 icmpv6 type { mld2-listener-report, nd-router-solicit } drop
			}
		}
	EOF
	check_err $? "nft"
	in_policy add in $second action block
	tunnel_esp_up 9
	mt "$tied" tunnel add t9 local 192.0.9.1 remote 192.0.9.2 mode ipsec if-id 9
	ip_batch "$tied" <<-EOF
		addr add 10.0.9.1/24 dev t9
		addr add 2001:db8:a:9::1/64 dev t9
		link set t9 up
	EOF
	received 0 "the older one blocks it"
	in_policy update in $second
	received 3 "it does not any more"
	in_policy update in $second action block
	received 0 "it was changed back"
	in_policy delete in $second
	in_policy add in $second action block
	received 0 "the younger one blocks it"
	in_policy update in $second priority 1 action block
	received 3 "it is less important now"
	esp_down
	ip netns del "$tied"
	ip -n "$far" link del x9
	in_ns "$far" nft delete table inet quiet
	log_test "policies of one priority"
}

# kmalloc of 6.1, 6.10 and before both, as it is called
kmalloc_name()
{
	grep -wo -m 1 -e kmalloc_trace -e __kmalloc_cache_noprof -e kmem_cache_alloc_trace \
		/proc/kallsyms
}

# calls_failed: of the function that fails
calls_failed()
{
	cat /sys/module/failnth/parameters/calls
}

# A policy that there is no memory to know of: until there is, nothing is received, for it
# may be one that blocks. That is seen where all calls fail (0), for as long as they do;
# where one does, that all is known again soon.
uncounted_test()
{
	local FAMILY=4 func=$1 value=$2 nth=$3

	[ "$func" != kmalloc ] || func=$(kmalloc_name)
	tunnel_esp_up 4
	ip -n "$far" addr add 10.0.4.3/24 dev x4
	received 3 "all is known"
	[ "$nth" = 0 ] || ip -n "$near" xfrm policy flush
	if ! insmod "$TEST_DIR/fault/failnth.ko" func="$func" from=mtun nth="$nth" \
			value="$value" 2> "$TMP/insmod"; then
		log_skip "a policy that is not known ($*)" "failnth: $(cat "$TMP/insmod")"
		esp_down
		ip -n "$far" addr del 10.0.4.3/24 dev x4
		return
	fi
	if [ "$nth" = 0 ]; then
		in_policy add in 10.0.4.3/32 priority 1 action block
		nothing_received 4 "one is not known"
		ip -n "$near" xfrm policy flush
	fi
	in_policy add in 10.0.4.3/32 priority 1 action block
	in_policy add in 10.0.4.0/24 priority 2
	esp_policies "$near" 4 out
	PRIORITY=3 policy_lines "$near" 4 fwd | ip_batch "$near"
	check_err $? "policies"
	[ "$nth" != 0 ] || nothing_received 4 "none is known"
	[ "$(calls_failed)" -gt 2 ]
	check_err $? "$func was called $(calls_failed) times"
	rmmod failnth
	slowwait_for ping_now "$far" 10.0.4.1
	check_err $? "nothing is received again"
	received 0 "all is known again"
	ip -n "$far" addr del 10.0.4.3/24 dev x4
	esp_down
	log_test "a policy that is not known ($*)"
}

# sent_by SPI: how many packets the state that has it in near
sent_by()
{
	ip -n "$near" -s xfrm state get src 192.0.2.1 dst 192.0.2.2 proto esp \
		spi "$1" | sed -n 's/.* \([0-9]*\)(packets)$/\1/p' | head -n 1
}

# A state that is newer is chosen, and one that is changed is looked at again.
newer_state_test()
{
	local ROUND ns new

	tunnel_esp_up 4
	pings 4
	check_err $? "pings"
	check_eq "$(sent_by 0x141)" 6 "packets by the first state"
	sleep 1.1	# of two that are as old the first one stays
	for ns in "$far" "$near"; do
		ROUND=2 state_lines 4 | ip_batch "$ns"
	done
	pings 4
	check_err $? "pings, two states"
	check_eq "$(sent_by 0x141) $(sent_by 0x241)" "6 6" "packets by both"

	new=$(ROUND=2 IF_ID=4 state_line to 4 "output-mark 0x107")
	echo "${new/ add / update }" | ip_batch "$near"
	check_err $? "updating a state"
	ip -n "$near" rule add fwmark 0x107 blackhole
	snapshot BEFORE "$near"
	lost_pings "$near" 10.0.4.2
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "with another mark" t4 tx_packets 0 t4 drops 3
	ip -n "$near" rule del fwmark 0x107 blackhole
	esp_down
	log_test "a newer state is chosen, a changed one looked at again"
}

# The mark of what is sent is partly that of what is inside, and its way depends on it.
output_mark_test()
{
	tunnel_esp_up 4
	ip -n "$near" xfrm state flush
	esp_state "$near" from 4
	esp_state "$near" to 4 "output-mark 0x100 mask 0xff00"
	ip -n "$near" rule add fwmark 0x107 blackhole
	check_err $? "a rule"
	snapshot BEFORE "$near"
	pings 4
	check_err $? "pings without a mark"
	lost_pings "$near" 10.0.4.2 -m 7
	pings 4
	check_err $? "pings without a mark, again"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "sent" t4 tx_packets 12 t4 drops 3
	ip -n "$near" rule del fwmark 0x107 blackhole
	esp_down
	log_test "a mark of which a part is that of the inner packet"
}

# lookups N MESSAGE: how many of three packets ask xfrm for a way
lookups()
{
	local address

	for address in 10.0.4.2 2001:db8:a:4::2; do
		echo > $TRACING/trace
		three_pings $address
		check_eq "$(grep -c mtun_lookup $TRACING/trace)" "$1" \
			"lookups for $address, $2"
	done
}

# lookup_policy add|delete IF_ID [WORDS]: one more for each family
lookup_policy()
{
	local dst

	for dst in 10.0.4.9 2001:db8:a:4::9; do
		# shellcheck disable=SC2086
		ip -n "$near" xfrm policy "$1" dst $dst dir out if_id "$2" ${3:-}
		check_err $? "xfrm policy $*"
	done
}

TRACING=/sys/kernel/tracing

# What is kept is used, and is said to be.
lookups_test()
{
	local before

	[ -e $TRACING/trace ] || mount -t tracefs tracefs $TRACING 2> /dev/null
	if [ ! -e $TRACING/kprobe_events ]; then
		log_skip "the way of all packets is looked for once" \
			"the kernel has no kprobe events"
		return
	fi
	tunnel_esp_up 4
	in_ns "$far" sysctl -qw net.ipv4.icmp_echo_ignore_all=1 \
		net.ipv6.icmp.echo_ignore_all=1
	echo 'p:mtun_lookup xfrm_lookup_with_ifid if_id=$arg6:u32' \
		> $TRACING/kprobe_events
	echo 'if_id == 4' > $TRACING/events/kprobes/mtun_lookup/filter
	echo 1 > $TRACING/events/kprobes/mtun_lookup/enable
	check_err $? "a kprobe"
	lookups 1 "the first is"
	lookups 0 "no other is"
	before=$(used)
	sleep 1.1
	lookups 0 "policy in use"
	check_match "$before" ".*:.*" "use of a policy"
	check_fail "$([ "$before" = "$(used)" ]; echo $?)" "the policy is in use: $before"
	lookup_policy add 4 "action block"
	lookups 3 "two policies"
	lookup_policy delete 4
	lookups 1 "one again"
	lookups 0 "one, and no other"
	lookup_policy add 5 "action block"
	lookups 1 "one of another if_id has come"
	IF_ID=4 FROM=192.0.2.9 ROUND=9 state "$near" to 4
	lookups 1 "a state with the if_id has come"
	lookups 0 "which is not ours"
	ip -n "$near" route add 198.51.100.0/24 dev u0
	ip -n "$near" route add 2001:db8:b::/64 dev u0
	lookups 1 "routes have changed"
	lookups 0 "routes are as before"
	ip -n "$near" route del 198.51.100.0/24 dev u0
	ip -n "$near" route del 2001:db8:b::/64 dev u0
	ip -n "$near" xfrm policy flush
	esp_policies "$near" 4 out
	policy_lines "$near" 4 out | sed 's/ add / update /' | ip_batch "$near"
	check_err $? "updating policies"
	lookups 1 "policies are new"
	lookups 0 "policies are as before"
	echo 0 > $TRACING/events/kprobes/mtun_lookup/enable
	echo > $TRACING/kprobe_events
	in_ns "$far" sysctl -qw net.ipv4.icmp_echo_ignore_all=0 \
		net.ipv6.icmp.echo_ignore_all=0
	esp_down
	log_test "the way of all packets is looked for once"
}

# Where the if_id is another one, the packet is somebody else's: nobody's, here.
if_id_test()
{
	local v=$1

	tunnel_esp_up "$v"
	ip -n "$near" xfrm state flush
	IF_ID=7 esp_state "$near" to "$v"
	IF_ID=7 esp_state "$near" from "$v"
	nothing_sent "$v" "sent by another if_id"
	wire_counts "$near" esp > /dev/null
	nothing_received "$v" "received by another if_id" 0
	check_eq "$(wire_counts "$near" esp)" 6 "what has come to nobody"
	esp_down
	log_test "IPv$v: states with another if_id"
}

# A state that is for ICMP between two addresses alone
selector_test()
{
	local sel="sel src 10.0.4.2/32 dst 10.0.4.1/32 proto icmp"

	tunnel_esp_up 4
	ip -n "$far" addr add 10.0.4.3/24 dev x4
	ip -n "$near" xfrm state flush
	esp_state "$near" to 4
	state "$near" from 4 "if_id 4 $sel"
	snapshot BEFORE "$near"
	ping_once "$far" 10.0.4.1
	check_err $? "a ping that is selected"
	lost_pings "$far" 10.0.4.1 -I 10.0.4.3
	in_ns "$far" bash -c "echo mtunleak > /dev/udp/10.0.4.1/9"
	lost_pings "$far" 2001:db8:a:4::1
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "received" t4 rx_packets 1 t4 rx-ipsec 7 \
		t4 drops 7
	for sel in "src 10.0.4.9/32" "dst 10.0.4.9/32" "proto udp"; do
		ip -n "$near" xfrm state flush
		esp_state "$near" to 4
		state "$near" from 4 "if_id 4 sel $sel"
		snapshot BEFORE "$near"
		lost_pings "$far" 10.0.4.1
		snapshot AFTER "$near"
		check_grown BEFORE AFTER "$sel" t4 rx_packets 0 t4 rx-ipsec 3
	done
	ip -n "$near" xfrm state flush
	state "$near" to 4 "if_id 4 sel src 10.0.4.1/32 dst 10.0.4.9/32"
	esp_state "$near" from 4
	nothing_sent 4 "selected is something else"
	ip -n "$far" addr del 10.0.4.3/24 dev x4
	esp_down
	log_test "what the selector of a state does not have"
}

# other_state FAMILY MESSAGE: near gets another state, as the environment has it
other_state()
{
	local v=$1

	MODE=tunnel FROM='' CIPHER='' tunnel_esp_up "$v"
	ip -n "$near" xfrm state flush
	esp_state "$near" from "$v"
	nothing_received "$v" "$2"
	esp_down
}

# What is sent may not go to somebody else, either.
foreign_test()
{
	local v=$1 FROM=${A3[$1]}

	other_state "$v" "the state of another"
	ip -n "$near" xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out tmpl \
		src "${A1[v]}" dst "$FROM" proto esp reqid 1 mode tunnel \
		if_id "$v"
	check_err $? "a policy"
	# shellcheck disable=SC2086
	ip -n "$near" xfrm state add src "${A1[v]}" dst "$FROM" proto esp \
		spi 0x99 reqid 1 mode tunnel flag af-unspec if_id "$v" $GCM
	check_err $? "a state"
	snapshot BEFORE "$near"
	lost_pings "$near" "10.0.$v.2"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "to another" "t$v" tx-ipsec 3 "t$v" drops 3
	esp_down
	log_test "IPv$1: the state has to be of the far end"
}

transport_test()
{
	local MODE=transport

	other_state "$1" "transport mode"
	log_test "IPv$1: the state has to be in tunnel mode"
}

# xfrm refuses by itself what has the wrong key, and says so: counted once
forged_test()
{
	local CIPHER="aead rfc4106(gcm(aes)) 0x990102030405060708090a0b0c0d0e0f10111213 128"

	other_state "$1" "another key"
	log_test "IPv$1: forged packets"
}

# In clear, in GRE and in IPIP, between the addresses of the tunnel
clear_test()
{
	tunnel_esp_up 4
	snapshot BEFORE "$near"
	in_ns "$far" "$PYTHON" - <<-EOF
		import socket
		import struct
		addr = socket.inet_aton
		icmp = b"\x08\0" + struct.pack("!H", 0xffff - 0x0800 - 0x0001) + b"\0\x01\0\0"
		inner = struct.pack("!BBHIBBH", 0x45, 0, 20 + len(icmp), 0, 64, 1, 0)
		inner += addr("10.0.4.2") + addr("10.0.4.1")
		total = sum(struct.unpack("!10H", inner))
		total = (total & 0xffff) + (total >> 16)
		inner = inner[:10] + struct.pack("!H", 0xffff - total) + inner[12:] + icmp
		for proto, before in ((4, b""), (47, b"\0\0\x08\0")):
		    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, proto)
		    for i in range(3):
		        raw.sendto(before + inner, ("192.0.2.1", 0))
	EOF
	check_err $? "sending in clear"
	ping_once "$near" 10.0.4.2
	check_err $? "a ping in ESP"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "in clear" t4 rx_packets 1 t4 tx_packets 1 \
		t4 drops 0
	esp_down
	log_test "what arrives in clear is not the tunnel's"
}

down_test()
{
	tunnel_esp_up 4
	mt "$near" tunnel set t4 up off
	snapshot BEFORE "$near"
	lost_pings "$far" 10.0.4.1
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "down" t4 rx-down 3 t4 drops 3
	mt "$near" tunnel set t4 up on
	ip -n "$near" addr add 2001:db8:a:4::1/64 dev t4 nodad
	all_esp 4 "up again"
	esp_down
	log_test "a tunnel that is down"
}

# The way to the far end leads into the tunnel.
loop_test()
{
	tunnel_esp_up 4
	ip -n "$near" route add 192.0.2.2 dev t4
	snapshot BEFORE "$near"
	lost_pings "$near" 10.0.4.2
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "in a loop" t4 tx-loop 3 t4 drops 3 \
		t4 tx_packets 0
	ip -n "$near" route del 192.0.2.2 dev t4
	all_esp 4 "out of it"
	esp_down
	log_test "a route to the far end through the tunnel"
}

# The clamp knows the state that is in use, and its successor; NAT-T is 8 bytes more.
# With "two" policies each packet finds its way by itself.
mss_test()
{
	local v=$1 cipher=$2 mss=$3 CIPHER=$CBC pid
	local -a NATT=()

	mt "$near" tunnel set "t$v" mss auto
	ip -n "$far" link set "x$v" mtu 1500
	tunnel_esp_up "$v"
	[ "${4:-}" != two ] || FAMILY=$v far_policy add action block
	# There was another one before.
	ip -n "$near" xfrm state flush
	ip -n "$far" xfrm state flush
	[ "$cipher" = CBC ] || CIPHER=$GCM
	if [ "$cipher" = NATT ]; then
		natt_up
		esp_states "$v" "encap espinudp 4500 4500 0.0.0.0"
		slowwait_for ping_now "$near" "10.0.$v.2"
		check_err $? "a ping in UDP"
	else
		esp_states "$v"
	fi
	wire > /dev/null
	seen_start "$far" "x$v" "$mss"
	seen_start "$near" "t$v" "$mss"
	tcp_check "$near" "$far" "10.0.$v.2" 5001 100000 &&
		tcp_check "$near" "$far" "2001:db8:a:$v::2" 5002 100000
	check_err $? "TCP to far"
	tcp_check "$far" "$near" "10.0.$v.1" 5001 100000 &&
		tcp_check "$far" "$near" "2001:db8:a:$v::1" 5002 100000
	check_err $? "TCP to near"
	seen_check "$far" "x$v" "$mss"
	seen_check "$near" "t$v" "$mss"
	check_match "$(wire)" "^[1-9][0-9]* 0$" "packets in ESP and not"
	for pid in "${NATT[@]}"; do
		stop_bg "$pid"
	done
	esp_down
	ip -n "$far" link set "x$v" mtu 1400
	mt "$near" tunnel set "t$v" mss off
	log_test "IPv$v, $cipher: an MSS of $mss${4:+, $4 policies}"
}

# df_ping ADDRESS BYTES: of IP, that must not be fragmented
df_ping()
{
	local header=28

	[[ $1 != *:* ]] || header=48
	in_ns "$near" ping -n -c 1 -W "$WAIT_TIMEOUT" -M do -s $(($2 - header)) "$1" 2>&1
}

# What fits exactly passes, a byte more is refused with that number; and what may be
# fragmented is, inside: a packet, a fragment, and what TCP leaves to be cut.
pmtu_test()
{
	local v=$1 CIPHER=${!2} mtu=$3 to

	mt "$near" tunnel set "t$v" mtu 1500
	ip -n "$far" link set "x$v" mtu 1500
	tunnel_esp_up "$v"
	for to in "10.0.$v.2" "2001:db8:a:$v::2"; do
		snapshot BEFORE "$near"
		df_ping "$to" "$mtu" > /dev/null
		check_err $? "$mtu bytes to $to"
		check_match "$(df_ping "$to" $((mtu + 1)))" "mtu[ =]+$mtu" \
			"1 byte more to $to"
		snapshot AFTER "$near"
		check_grown BEFORE AFTER "$to" "t$v" tx-too-big 1 "t$v" drops 1 \
			"t$v" tx_packets 1
	done
	for to in -4 -6; do
		in_ns "$near" ip "$to" route flush cache
	done
	wire_counts "$far" fragments > /dev/null
	snapshot BEFORE "$near"
	for to in 1472 3000; do
		in_ns "$near" ping -q -n -c 1 -W "$WAIT_TIMEOUT" -M dont -s $to -p "$PATTERN" \
			"10.0.$v.2" > /dev/null
		check_err $? "a ping of $to bytes that may be fragmented"
	done
	snapshot AFTER "$near"
	# Of 1500, of 1500, of 1500 and of 68 bytes
	check_grown BEFORE AFTER "fragments" "t$v" tx_packets 7 "t$v" drops 0
	in_ns "$near" sysctl -q net.ipv4.ip_no_pmtu_disc=1
	tcp_check "$near" "$far" "10.0.$v.2" 5001 300000
	check_err $? "TCP that may be fragmented"
	in_ns "$near" sysctl -q net.ipv4.ip_no_pmtu_disc=0
	check_eq "$(wire_counts "$far" fragments)" 0 "fragments of ESP"
	esp_down
	ip -n "$far" link set "x$v" mtu 1400
	mt "$near" tunnel set "t$v" mtu auto
	log_test "IPv$v, $2: $mtu bytes fit"
}

filter_test()
{
	tunnel_esp_up 4
	mt "$near" filter set t4 allow-src-rx 10.0.4.9/32
	snapshot BEFORE "$near"
	lost_pings "$far" 10.0.4.1
	mt "$near" filter set t4 allow-src-rx any allow-dst-tx 10.0.4.9/32
	lost_pings "$near" 10.0.4.2
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "filter" t4 rx-filter 3 t4 tx-filter 3 \
		t4 drops 6
	mt "$near" filter del t4
	esp_down
	log_test "filter"
}

is_health()
{
	[[ $(mt "$near" -j health show t4) =~ \"state\":\ ?\"$1\" ]]
}

health_test()
{
	local out

	tunnel_esp_up 4
	out=$(mt "$near" health set t4 keepalive 2>&1)
	check_match "$out" "mode must be probe in a tunnel of mode ipsec" "keepalive"
	mt "$near" health set t4 probe style request interval 200ms \
		timeout 180ms recover-probes 2 down-probes 3 source 10.0.4.1 \
		target 10.0.4.2
	check_err $? "health set"
	slowwait_for is_health healthy
	check_err $? "is not healthy"
	ip -n "$near" xfrm state flush
	slowwait_for is_health down
	check_err $? "is not down without states"
	esp_state "$near" to 4
	esp_state "$near" from 4
	slowwait_for is_health healthy
	check_err $? "is not healthy again"
	mt "$near" health set t4 off
	esp_down
	log_test "health, through ESP"
}

# flow NUMBER FROM-NS FROM TO-NS TO SELECTOR WORDS: states and policies, one way
flow()
{
	local n=$1 from_ns=$2 from=$3 to_ns=$4 to=$5 sel=$6 words=$7 ns dir

	for ns in "$from_ns" "$to_ns"; do
		# shellcheck disable=SC2086
		ip -n "$ns" xfrm state add src "$from" dst "$to" proto esp \
			spi "0x$n" reqid "$n" mode tunnel $GCM $words
		check_err $? "state $n"
		[ "$ns" = "$from_ns" ] && dir=out || dir=in
		# shellcheck disable=SC2086
		ip -n "$ns" xfrm policy add $sel dir $dir $words tmpl \
			src "$from" dst "$to" proto esp reqid "$n" mode tunnel
		check_err $? "policy $n"
	done
}

# What pcrypt makes use of (padata) takes a lock of the kernel inside another of its class,
# and does not tell lockdep that this is right.
prove_locking()
{
	local switch=/proc/sys/kernel/prove_locking

	[ ! -w $switch ] || echo "$1" > $switch
}

# Decryption that is done later, by another processor: the kernel counts references to
# the device that the packet came from, and must find that one.
async_test()
{
	local v=$1 cipher="rfc4106(gcm(aes))" what="IPv$1: decrypted asynchronously"

	if ! modprobe -a pcrypt crypto_user 2> /dev/null; then
		log_skip "$what" "no pcrypt"
		return
	fi
	# Far has a cipher by then, and does not wait for it: an xfrm interface would leave
	# references to its u0, which could never go.
	tunnel_lines "$far" "$v" | ip_batch "$far"
	check_err $? "states and policies of far"
	prove_locking 0
	"$PYTHON" "$TEST_DIR/pcrypt.py" on "$cipher"
	check_err $? "pcrypt"
	tunnel_lines "$near" "$v" | ip_batch "$near"
	check_err $? "states and policies of near"
	all_esp "$v" "asynchronous"
	tcp_both "$v"
	snapshot AFTER "$near"
	check_eq "${AFTER["t$v drops"]}" "${BEFORE["t$v drops"]}" "drops"
	timeout "$WAIT_TIMEOUT" "$MTCTL" -n "$near" tunnel del "t$v"
	check_err $? "the device does not go"
	mt "$near" tunnel add "t$v" local "${A1[v]}" remote "${A2[v]}" mode ipsec if-id "$v"
	ip_batch "$near" <<-EOF
		addr add 10.0.$v.1/24 dev t$v
		addr add 2001:db8:a:$v::1/64 dev t$v
		link set t$v up
	EOF
	all_esp "$v" "another device"
	esp_down
	nothing_sent "$v" "no states"	# of which a CPU had kept the last one
	"$PYTHON" "$TEST_DIR/pcrypt.py" off "$cipher"
	check_err $? "pcrypt, off"
	prove_locking 1
	log_test "$what"
}

# On the same router, and all but VTI, which takes all that is between two addresses,
# to the same one
coexist_test()
{
	local any="src 0.0.0.0/0 dst 0.0.0.0/0" ns n=0 to

	if ! modprobe ip_vti 2> /dev/null; then
		log_skip "beside xfrm interfaces, VTI and policies" "no VTI"
		return
	fi
	for ns in "$near" "$far"; do
		n=$((n + 1))
		ip_batch "$ns" <<-EOF
			addr add 192.0.2.1$n/24 dev u0
			addr add 10.0.8.$n/32 dev lo
			link add x9 type xfrm if_id 9
			link add v5 type vti local 192.0.2.1$n remote 192.0.2.1$((3 - n)) key 5
			addr add 10.0.9.$n/24 dev x9
			addr add 10.0.5.$n/24 dev v5
			link set x9 up
			link set v5 up
			route add 10.0.8.$((3 - n))/32 via 192.0.2.$((3 - n)) src 10.0.8.$n
		EOF
		check_err $? "setting up"
	done
	tunnel_esp_up 4
	flow 901 "$near" 192.0.2.1 "$far" 192.0.2.2 "$any" "if_id 9"
	flow 902 "$far" 192.0.2.2 "$near" 192.0.2.1 "$any" "if_id 9"
	flow 501 "$near" 192.0.2.11 "$far" 192.0.2.12 "$any" "mark 5"
	flow 502 "$far" 192.0.2.12 "$near" 192.0.2.11 "$any" "mark 5"
	flow 801 "$near" 192.0.2.1 "$far" 192.0.2.2 \
		"src 10.0.8.1/32 dst 10.0.8.2/32" ""
	flow 802 "$far" 192.0.2.2 "$near" 192.0.2.1 \
		"src 10.0.8.2/32 dst 10.0.8.1/32" ""
	wire > /dev/null
	snapshot BEFORE "$near"
	for to in 9 5 8; do
		ping_once "$near" "10.0.$to.2"
		check_err $? "a ping to 10.0.$to.2"
	done
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "of others" t4 tx_packets 0 t4 rx_packets 0 \
		t4 drops 0
	# What is out of ESP by a policy comes by u0 once more.
	check_eq "$(wire)" "3 1" "packets in ESP and not"
	all_esp 4 "among others"
	check_eq "$(link_stat "$near" x9 rx packets)" 1 "packets of x9"
	check_eq "$(link_stat "$near" v5 rx packets)" 1 "packets of v5"
	ip -n "$near" xfrm state delete src 192.0.2.1 dst 192.0.2.2 proto esp \
		spi 0x141
	nothing_sent 4 "a state less"
	for to in 9 5 8; do
		ping_once "$near" "10.0.$to.2"
		check_err $? "a ping to 10.0.$to.2 after that"
	done
	esp_down
	for ns in "$near" "$far"; do
		ip -n "$ns" link del x9
		ip -n "$ns" link del v5
	done
	log_test "beside xfrm interfaces, VTI and policies"
}

# The inner packet meets POSTROUTING of the underlay: NAT must not find it. Who has
# another address is looked up anew, without the if_id.
nat_test()
{
	in_ns "$near" nft -f - <<-EOF
		table ip nat {
			chain post {
				type nat hook postrouting priority 100;
				oifname u0 masquerade
			}
		}
	EOF
	check_err $? "nft"
	tunnel_esp_up 4
	all_esp 4 "beside NAT"
	esp_down
	in_ns "$near" nft delete table ip nat
	log_test "NAT at the underlay"
}

netns_test()
{
	local IF_ID=7 ROUND=7

	mt "$near" tunnel add t7 local 192.0.2.1 remote 192.0.2.2 mode ipsec \
		if-id 7
	ip -n "$near" link set t7 netns "$side"
	ip_batch "$side" <<-EOF
		addr add 10.0.7.1/24 dev t7
		link set t7 up
	EOF
	ip_batch "$far" <<-EOF
		link add x7 type xfrm if_id 7
		link set x7 addrgenmode none
		addr add 10.0.7.2/24 dev x7
		link set x7 up
	EOF
	tunnel_esp_up 4
	wire > /dev/null
	ping_once "$side" 10.0.7.2
	check_err $? "a ping from the other namespace"
	check_eq "$(wire)" "1 0" "packets in ESP and not"
	check_eq "$(stat_get "$side" t7 rx_packets)" 1 "packets received"
	# Two policies: the way is looked for again, and is none of the other namespace.
	ip -n "$near" xfrm policy add src 10.77.0.0/16 dst 10.77.0.0/16 dir out \
		if_id 7 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode tunnel
	check_err $? "another policy"
	ping_once "$side" 10.0.7.2
	check_err $? "a ping beside another policy"
	check_eq "$(wire)" "1 0" "packets in ESP and not, beside another policy"
	ip -n "$near" xfrm state flush
	lost_pings "$side" 10.0.7.2
	check_eq "$(stat_get "$side" t7 tx-ipsec)" 3 "packets without a state"
	mt "$side" tunnel del t7
	ip -n "$far" link del x7
	esp_down
	log_test "a device in another namespace"
}

# refused TEXT ARGUMENTS...: of mtctl in near
refused()
{
	local text=$1 out; shift

	out=$(mt "$near" "$@" 2>&1)
	check_fail $? "$* should fail"
	check_match "$out" "$text" "$*"
}

taken_test()
{
	local new="tunnel add t8 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id"

	# shellcheck disable=SC2086
	refused "if-id is taken by another tunnel" $new 4
	ip -n "$near" link add x8 type xfrm if_id 8
	# shellcheck disable=SC2086
	refused "if-id is taken by an xfrm interface" $new 8
	refused "if-id is taken by an xfrm interface" tunnel set t4 if-id 8
	# Its states stay behind.
	ip -n "$near" link set x8 netns "$side"
	# shellcheck disable=SC2086
	refused "if-id is taken by an xfrm interface" $new 8
	mt "$side" tunnel add t8 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id 8
	check_err $? "the same number in another namespace"
	mt "$side" tunnel del t8
	ip -n "$side" link del x8
	if ip -n "$near" link add x8 type xfrm external 2> /dev/null; then
		# It is for what nobody else takes.
		ip -n "$near" link set x8 up
		tunnel_esp_up 4
		all_esp 4 "beside an external xfrm interface"
		esp_down
		check_eq "$(link_stat "$near" x8 rx packets)" 0 "packets of x8"
		ip -n "$near" link del x8
	fi
	# shellcheck disable=SC2086
	mt "$near" $new 4294967295
	check_err $? "a number that is free"
	mt "$near" tunnel set t8 if-id 8
	check_err $? "another one"
	mt "$near" tunnel del t8
	log_test "an if-id that is taken"
}

settings_test()
{
	local out

	refused "if-id is needed" tunnel add t8 local 192.0.2.1 remote 192.0.2.2 \
		mode ipsec
	refused "if-id is for mode ipsec" tunnel add t8 local 192.0.2.1 \
		remote 192.0.2.3 if-id 8
	refused "delete the tunnel and add it again" tunnel set t4 mode gre
	refused "give if-id" tunnel set t4 key 5
	refused "leave both to ESP" tunnel set t4 csum on
	refused "hoplimit" tunnel set t4 ttl 5
	refused "output-mark" tunnel set t4 fwmark 5
	refused "states say whose" tunnel set t4 accept any
	out=$(mt "$near" -j tunnel show t4)
	check_match "$out" '"mode": ?"ipsec", ?"if_id": ?4' "JSON"
	check_match "$(mt "$near" tunnel show t4)" \
		"ESP over IPv4  192.0.2.1 -> 192.0.2.2  if-id 4" "text"
	mt "$near" export > "$TMP/conf"
	check_match "$(cat "$TMP/conf")" "mode: ipsec" "export"
	out=$(mt "$near" apply -dry-run -file "$TMP/conf" 2>&1)
	check_err $? "apply -dry-run: $out"
	check_eq "$(grep -c "if-id" <<< "$out")" 0 "changes from what there is"
	# They change places.
	sed -i -e 's/if-id: 4/if-id: five/;s/if-id: 6/if-id: 4/;s/if-id: five/if-id: 6/' \
		"$TMP/conf"
	mt "$near" apply -file "$TMP/conf" > /dev/null
	check_err $? "apply"
	check_match "$(mt "$near" tunnel show t4)" "if-id 6" "t4, changed"
	check_match "$(mt "$near" tunnel show t6)" "if-id 4" "t6, changed"
	sed -i -e 's/if-id: 4/if-id: five/;s/if-id: 6/if-id: 4/;s/if-id: five/if-id: 6/' \
		"$TMP/conf"
	mt "$near" apply -file "$TMP/conf" > /dev/null
	check_err $? "apply what there was"
	tunnel_esp_up 4
	all_esp 4 "changed back"
	esp_down
	log_test "settings: what has no meaning is refused, the rest is told"
}

setup_prepare
run_tests "$@"
