#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "ipsec required": nothing of a tunnel is in clear, neither sent nor received.
# ESP in transport mode around GRE, against the kernel's own ip_gre and ip6_gre.
#
#  +- near -----------------------+       +- far ------------------------+
#  |  t4  10.0.4.1/24  (mtun)     |       |  g4  10.0.4.2/24  (ip_gre)   |
#  |      2001:db8:a:4::1/64      |       |      2001:db8:a:4::2/64      |
#  |  t6  10.0.6.1/24  (mtun)     |       |  g6  10.0.6.2/24  (ip6_gre)  |
#  |   :  2001:db8:a:6::1/64      |       |   :  2001:db8:a:6::2/64      |
#  |  u0  192.0.2.1/24      ------+-------+-- u0  192.0.2.2/24           |
#  |      2001:db8::1/64          |       |       2001:db8::2/64         |
#  +------------------------------+       +------------------------------+
#
# All that passes the wire is captured; no byte of what the pings and streams of
# the cases carry may be in it.

ALL_TESTS="never_test:4 never_test:6 esp_test:4 esp_test:6 early_test:4
	   early_test:6 no_state_test:4 no_state_test:6 state_gone_test:4
	   state_gone_test:6 expired_test:4 expired_test:6 expired_time_test:4
	   expired_time_test:6 policy_gone_test:4 policy_gone_test:6
	   required_later_test:4 required_later_test:6 clear_in_test:4
	   clear_in_test:6 tunnel_mode_test:4 tunnel_mode_test:6
	   foreign_test:4 foreign_test:6 if_id_test:4 if_id_test:6 nat_test:4
	   nat_test:6 rewritten_test:4 rewritten_test:6
	   queued_test:4 queued_test:6 queued_nat_test:4 queued_nat_test:6
	   copied_test:4 copied_test:6 encapsulated_test card_gone_test:gre card_gone_test:ipsec
	   least_test:4 least_test:6 inside_test ah_test ah_later_test
	   key_test:4 key_test:6 options_test mss_test:4:1402:1394
	   mss_test:6:1382:1362 error_test leak_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"

need_mtun
need_command ping nft tcpdump
need_module veth esp4 esp6 ip_gre ip6_gre

# Others of the far end
A3=([4]=192.0.2.3 [6]=2001:db8::3)

PATTERN=6d74756e6c65616b	# "mtunleak", in each ping

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	mt "$near" -b - <<-EOF
		tunnel add t4 local 192.0.2.1 remote 192.0.2.2 ipsec required
		tunnel add t6 local 2001:db8::1 remote 2001:db8::2 ipsec required
	EOF
	tunnel_up "$near" 1 t4 t6
	ip_batch "$far" <<-EOF
		link add g4 mtu 1400 type gre local 192.0.2.2 remote 192.0.2.1 ttl 64
		link add g6 mtu 1400 type ip6gre local 2001:db8::2 remote 2001:db8::1 encaplimit none
		link set g4 addrgenmode none
		link set g6 addrgenmode none
	EOF
	tunnel_up "$far" 2 g4 g6
	wire_watch "$far"
	# What each case counts is its own packets.
	in_ns "$far" nft -f - <<-EOF
		table ip6 quiet {
			chain out {
				type filter hook output priority 0;
				oifname { g4, g6, o9, g9 } icmpv6 type { 130, 131, 132, 133, 143 } drop
			}
		}
	EOF
	check_err $? "nft" || exit $ksft_fail
	wire_capture
}

# "ESP GRE" that have come to far since the last time
wire()
{
	wire_counts "$far" esp gre
}

never_test()
{
	local v=$1

	nothing_sent "$v" "no policy"
	nothing_received "$v" "in clear"
	mt "$near" netns set rx early
	nothing_received "$v" "in clear, early"
	mt "$near" netns set rx local
	log_test "IPv$v: without IPsec nothing goes through"
}

esp_test()
{
	local v=$1 before

	esp_up "$v"
	all_esp "$v" "ESP"
	before=$(used)
	sleep 1.1
	all_esp "$v" "a second later"
	check_match "$before" ".*:.*" "use of the policy"
	check_fail "$([ "$before" = "$(used)" ]; echo $?)" "the policy is in use: $before"
	tcp_check "$near" "$far" "10.0.$v.2" 5001 300000
	check_err $? "TCP over IPv4"
	tcp_check "$far" "$near" "2001:db8:a:$v::1" 5001 300000
	check_err $? "TCP over IPv6"
	check_match "$(wire)" "^[1-9][0-9]* 0$" "ESP and GRE, TCP"
	esp_down
	nothing_sent "$v" "without again"
	log_test "IPv$v: all in ESP"
}

# What comes out of ESP meets PRE_ROUTING once more.
early_test()
{
	local v=$1

	mt "$near" netns set rx early
	esp_up "$v"
	all_esp "$v" "early"
	esp_down
	mt "$near" netns set rx local
	log_test "IPv$v: all in ESP, received early"
}

no_state_test()
{
	local v=$1

	policies "$v"
	nothing_sent "$v" "no state yet"
	states "$v"
	all_esp "$v" "states have come"
	esp_down
	log_test "IPv$v: a policy whose state comes later"
}

state_gone_test()
{
	local v=$1 i

	esp_up "$v"
	beat_start "$v"
	for i in 1 2 3; do
		gone "$v" "round $i" ip -n "$near" xfrm state delete \
			src "${A1[v]}" dst "${A2[v]}" proto esp spi "0x1${v}1"
		# What waits for a state keeps one of its own.
		ip -n "$near" xfrm state flush
		state "$near" to "$v"
		state "$near" from "$v"
	done
	slowwait_for esp_flows
	check_err $? "no ESP at the end"
	beat_stop
	esp_down
	log_test "IPv$v: the state goes while traffic flows"
}

# expiring FAMILY LIMIT: near sends by a state that has this one
expiring()
{
	ip -n "$near" xfrm state flush
	state "$near" from "$1"
	state "$near" to "$1" "limit $2"
}

expired_test()
{
	local v=$1

	esp_up "$v"
	expiring "$v" "packet-hard 4"
	four_of_six "$v"
	nothing_sent "$v" "expired"
	esp_down
	log_test "IPv$v: a state has had its packets"
}

expired_time_test()
{
	local v=$1

	esp_up "$v"
	beat_start "$v"
	expiring "$v" "time-hard $((5 * ${MTUN_SLOW:-1}))"
	wire > /dev/null	# by the state before
	gone "$v" "its time" true
	beat_stop
	check_eq "$(ip -n "$near" xfrm state list spi "0x1${v}1" | grep -c "mode")" 0 \
		"states that have keys"
	wire > /dev/null
	nothing_sent "$v" "expired"
	esp_down
	log_test "IPv$v: a state has had its time, while traffic flows"
}

policy_gone_test()
{
	local v=$1 i

	esp_up "$v"
	beat_start "$v"
	for i in 1 2 3; do
		gone "$v" "round $i" ip -n "$near" xfrm policy delete \
			src "${A1[v]}" dst "${A2[v]}" proto gre dir out
		policy "$near" to "$v"
	done
	gone "$v" "a policy that lets pass" ip -n "$near" xfrm policy update \
		src "${A1[v]}" dst "${A2[v]}" proto gre dir out
	beat_stop
	esp_down
	log_test "IPv$v: the policy goes while traffic flows"
}

clear_flows()
{
	[[ $(wire) =~ ^0\ [1-9] ]]
}

# The route of what was in clear is not used any more.
required_later_test()
{
	local v=$1

	mt "$near" tunnel set "t$v" ipsec off
	ping_check "$near" "10.0.$v.2"	# nothing secret yet
	check_err $? "a ping in clear"
	BEAT_TEXT="nothing secret" beat_start "$v"
	slowwait_for clear_flows
	check_err $? "nothing is in clear before"
	: > "$TMP/in_clear"
	mt "$near" tunnel set "t$v" ipsec required
	wire > /dev/null
	nothing_sent_beside "$v"
	beat_stop
	nothing_sent "$v" "required"
	log_test "IPv$v: required while traffic flows in clear"
}

nothing_sent_beside()
{
	slowwait_for refused_more "$1" \
		$(($(stat_get "$near" "t$1" tx-ipsec) + 20))
	check_err $? "nothing is refused"
	check_eq "$(wire)" "0 0" "ESP and GRE"
}

clear_in_test()
{
	local v=$1

	esp_up "$v"
	all_esp "$v" "before"
	# The policy of near alone would see it, too.
	ip -n "$near" xfrm policy delete src "${A2[v]}" dst "${A1[v]}" proto gre \
		dir in
	ip -n "$far" xfrm policy flush
	nothing_received "$v" "in clear"
	policy "$near" from "$v"
	nothing_received "$v" "in clear, and there is a policy"
	policy "$far" to "$v"
	policy "$far" from "$v"
	all_esp "$v" "after"
	esp_down
	log_test "IPv$v: clear packets are refused beside ESP"
}

# The addresses of GRE are inside then, where whoever has a state writes what he
# likes.
tunnel_mode_test()
{
	local v=$1 MODE=tunnel

	esp_up "$v"
	nothing_sent "$v" "sent"
	nothing_received "$v" "received"
	esp_down
	log_test "IPv$v: ESP in tunnel mode will not do"
}

# other_state FAMILY MESSAGE FROM WORDS: far sends as it should, and near has a state
# for it from another address, or with more words.
other_state()
{
	local v=$1

	states "$v"
	policy "$far" from "$v"
	ip -n "$near" xfrm state delete src "${A2[v]}" dst "${A1[v]}" proto esp \
		spi "0x1${v}2"
	FROM=$3 state "$near" from "$v" "$4"
	nothing_received "$v" "$2"
	esp_down
}

# Somebody who may send ESP sends it from another's address.
foreign_test()
{
	other_state "$1" "the state of another" "${A3[$1]}" ""
	log_test "IPv$1: the state has to be of the far end"
}

if_id_test()
{
	other_state "$1" "if_id 7" "" "if_id 7"
	log_test "IPv$1: a state with an if_id is another device's"
}

# translate FAMILY: the source of what a tunnel sends, behind it
translate()
{
	local other=192.0.2.77 ip=ip

	[ "$1" = 4 ] || { other=2001:db8::77; ip=ip6; }
	in_ns "$near" nft -f - <<-EOF
		table inet nat {
			chain out {
				type nat hook postrouting priority srcnat;
				meta l4proto gre snat $ip to $other
			}
		}
	EOF
	check_err $? "nft"
}

# Behind the tunnel, a rule makes another packet of it, for which there is no policy.
nat_test()
{
	local v=$1

	esp_up "$v"
	translate "$v"
	nothing_sent "$v" "source translated"
	in_ns "$near" nft delete table inet nat
	esp_down
	log_test "IPv$v: no translated address leads around ESP"
}

# Nor does one that nobody remembers: without conntrack, ahead of where it looks.
rewritten_test()
{
	local v=$1 other=192.0.2.77 ip=ip priority

	[ "$v" = 4 ] || { other=2001:db8::77; ip=ip6; }
	esp_up "$v"
	for priority in raw mangle; do
		in_ns "$near" nft -f - <<-EOF
			table $ip rewrite {
				chain out {
					type route hook output priority $priority;
					meta l4proto gre $ip saddr set $other
				}
			}
		EOF
		check_err $? "nft"
		nothing_sent "$v" "another source ($priority)"
		in_ns "$near" nft delete table $ip rewrite
	done
	all_esp "$v" "without that"
	esp_down
	log_test "IPv$v: no rewritten address leads around ESP"
}

# none_in_clear FAMILY PACKETS MESSAGE: of the pings, which wait for a verdict by then
none_in_clear()
{
	local v=$1 packets=$2 message=$3

	wire > /dev/null
	lost_pings "$near" "10.0.$v.2"
	lost_pings "$near" "2001:db8:a:$v::2"
	queue_stop "$packets"
	check_eq "$(wire)" "0 0" "$message: packets in ESP and not"
}

# queue FAMILY: what t4 or t6 sends
queue()
{
	in_ns "$near" nft -f - <<-EOF
		table inet waiting {
			chain out {
				type filter hook output priority 0;
				oifname u0 meta nfproto ipv$1 meta l4proto gre queue num 7
			}
		}
	EOF
	check_err $? "nft"
}

# Who takes a packet out of a queue is another process, and the tunnel has been told long
# ago that all went well. By its mark it is of no policy then.
queued_test()
{
	local v=$1

	states "$v"
	MARK=0 policy "$near" to "$v"
	policy "$near" from "$v"
	policy "$far" to "$v"
	policy "$far" from "$v"
	queue "$v"
	queue_start "$near"
	all_esp "$v" "queued"
	queue_stop 6
	queue_start "$near" 7
	none_in_clear "$v" 6 "with a mark"
	in_ns "$near" nft delete table inet waiting
	all_esp "$v" "without a queue"
	esp_down
	log_test "IPv$v: no packet that waited in a queue goes around ESP"
}

# Its source is translated behind that.
queued_nat_test()
{
	local v=$1

	esp_up "$v"
	queue "$v"
	translate "$v"
	queue_start "$near"
	none_in_clear "$v" 6 "source translated"
	in_ns "$near" nft delete table inet nat
	in_ns "$near" nft delete table inet waiting
	esp_down
	log_test "IPv$v: nor if its address is translated then"
}

# A rule gives it another address, and the route to that one puts it into a header of its
# own, ahead of POSTROUTING: segment routing.
encapsulated_test()
{
	local what="no route that encapsulates leads around ESP"

	if ! ip -n "$near" route add 2001:db8:77::/64 encap seg6 mode encap \
			segs 2001:db8:78::1 dev u0 2> "$TMP/seg6"; then
		log_skip "$what" "no segment routing: $(cat "$TMP/seg6")"
		return
	fi
	ip -n "$near" route add 2001:db8:78::/64 via 2001:db8::2
	esp_up 6
	in_ns "$near" nft -f - <<-EOF
		table ip6 nat {
			chain out {
				type nat hook output priority -100;
				meta l4proto gre dnat to 2001:db8:77::2
			}
		}
	EOF
	check_err $? "nft"
	wire > /dev/null
	snapshot BEFORE "$near"
	lost_pings "$near" 10.0.6.2
	snapshot AFTER "$near"
	check_eq "$(wire_counts "$far" esp clear)" "0 0" "in ESP, or in another header"
	check_grown BEFORE AFTER "encapsulated" t6 tx-ipsec 3 t6 drops 3 t6 tx_packets 0
	mt "$near" tunnel set t6 ipsec off
	PATTERN='' lost_pings "$near" 10.0.6.2
	check_match "$(wire_counts "$far" clear)" "^[1-9]" "not required: in another header"
	mt "$near" tunnel set t6 ipsec required
	in_ns "$near" nft delete table ip6 nat
	ip -n "$near" route del 2001:db8:77::/64
	ip -n "$near" route del 2001:db8:78::/64
	esp_down
	log_test "$what"
}

# Who copies packets asks for a way by the address alone.
copied_test()
{
	local v=$1 what="IPv$1: no copy goes around ESP" ip=ip

	if ! modprobe "nft_dup_ipv$v" 2> /dev/null; then
		log_skip "$what" "nft cannot copy packets"
		return
	fi
	[ "$v" = 4 ] || ip=ip6
	esp_up "$v"
	in_ns "$near" nft -f - <<-EOF
		table $ip copy {
			counter copied { }
			chain out {
				type filter hook output priority 0;
				oifname u0 meta l4proto gre counter name copied dup to ${A2[v]} device u0
			}
		}
	EOF
	check_err $? "nft"
	all_esp "$v" "copied"
	check_eq "$(in_ns "$near" nft -j list counters table $ip copy |
		    json_number packets)" 12 "packets and copies"
	mt "$near" tunnel set "t$v" ipsec off
	wire > /dev/null
	PATTERN='' pings "$v"
	check_err $? "pings"
	check_eq "$(wire)" "6 6" "not required: packets in ESP and not"
	mt "$near" tunnel set "t$v" ipsec required
	in_ns "$near" nft delete table $ip copy
	esp_down
	log_test "$what"
}

# No source of IPv6 makes packets smaller than 1280 bytes: they pass a way that has less, in
# fragments of what is around them; but not where several nodes make such.
least_test()
{
	local v=$1 route="${A2[$1]} dev u0" to=2001:db8:a:$1::2

	esp_up "$v"
	# An automatic one would be that of the way, with less than IPv6 wants of a device.
	mt "$near" tunnel set "t$v" mtu 1400
	# shellcheck disable=SC2086
	ip -n "$near" route add $route mtu 1280
	check_err $? "a narrow way"
	wire_counts "$far" esp > /dev/null
	in_ns "$near" ping -q -n -p $PATTERN -c 3 -i 0.05 -W "$WAIT_TIMEOUT" -s 1232 "$to" \
		> "$TMP/said"
	check_err $? "1280 bytes: $(cat "$TMP/said")"
	check_eq "$(wire_counts "$far" fragments gre)" "6 0" "fragments, two for each"
	check_match "$(in_ns "$near" ping -n -M do -c 1 -W 2 -s 1233 "$to")" \
		"mtu[ =]+1280" "1281 bytes"
	tcp_check "$near" "$far" "$to" 5001 300000
	check_err $? "TCP, in segments of 1280 bytes"
	mt "$near" tunnel set "t$v" anycast on
	check_err $? "anycast on"
	snapshot BEFORE "$near"
	lost_pings "$near" "$to" -s 1232
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "anycast" "t$v" tx-too-big 3 "t$v" tx_packets 0
	# shellcheck disable=SC2086
	ip -n "$near" route del $route
	mt "$near" tunnel set "t$v" anycast off mtu auto
	# ... and what near was told
	ip -n "$near" -6 route flush cache
	esp_down
	log_test "IPv$v: 1280 bytes of IPv6 pass a way that has less"
}

# A tunnel that must not send in clear, through one that does
inside_test()
{
	mt "$near" -b - <<-EOF
		tunnel add o9 local 192.0.2.1 remote 192.0.2.2 key 9 up on
		tunnel add t9 local 10.20.0.1 remote 10.20.0.2 ipsec required up on
	EOF
	check_err $? "tunnels"
	ip_batch "$near" <<-EOF
		addr add 10.20.0.1/24 dev o9
		addr add 10.0.9.1/24 dev t9
	EOF
	ip_batch "$far" <<-EOF
		link add o9 type gre local 192.0.2.2 remote 192.0.2.1 key 9
		addr add 10.20.0.2/24 dev o9
		link set o9 up
		link add g9 type gre local 10.20.0.2 remote 10.20.0.1
		addr add 10.0.9.2/24 dev g9
		link set g9 up
	EOF
	A1[9]=10.20.0.1
	A2[9]=10.20.0.2
	ping_once "$near" 10.20.0.2
	check_err $? "the tunnel outside"
	lost_pings "$near" 10.0.9.2
	esp_up 9
	snapshot BEFORE "$near"
	in_ns "$near" ping -q -n -p $PATTERN -c 3 -i 0.01 -W "$WAIT_TIMEOUT" 10.0.9.2 > /dev/null
	check_err $? "pings through both"
	slowwait_for_counter "$near" t9 rx_packets $((${BEFORE["t9 rx_packets"]:-0} + 2))
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "both" t9 tx_packets 3 t9 rx_packets 3 t9 drops 0 \
		o9 tx_packets 3 o9 drops 0
	esp_down
	mt "$near" tunnel del t9
	mt "$near" tunnel del o9
	ip -n "$far" link del g9
	ip -n "$far" link del o9
	log_test "ESP of a tunnel goes through another one, in clear"
}

count_sent()
{
	[ "$(stat_get "$side" n4 tx_packets)" -ge "$1" ]
}

# card_to NS: the device of netdevsim, which somebody else may be naming just now
card_to()
{
	ip link set dev "$(ls /sys/bus/netdevsim/devices/netdevsim1/net)" netns "$1" \
		name card 2> "$TMP/card"
}

# A network card that encrypts can be removed though a CPU has sent by it, and sends no
# more: netdevsim, which encrypts nothing, and sends nothing.
card_gone_test()
{
	local bus=/sys/bus/netdevsim side pid name="mode $1: a card that encrypts goes"
	local ends="src 192.0.2.1 dst 192.0.2.2 proto esp" if_id mode sel

	modprobe -q -a psample esp4_offload udp_tunnel 2> /dev/null
	if ! insmod "$TEST_DIR/netdevsim/netdevsim.ko" 2> "$TMP/insmod"; then
		log_skip "$name" "netdevsim: $(cat "$TMP/insmod")"
		return
	fi
	setup_ns side
	echo "1 1" > $bus/new_device
	slowwait_for test -d $bus/devices/netdevsim1/net
	check_err $? "no netdevsim"
	slowwait_for card_to "$side"
	check_err $? "moving it: $(cat "$TMP/card")"
	if [ "$1" = ipsec ]; then
		mode="tunnel" if_id="if_id 4" sel="src 0.0.0.0/0 dst 0.0.0.0/0"
		mt "$side" tunnel add n4 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id 4
	else
		mode=transport if_id='' sel="src 192.0.2.1 dst 192.0.2.2 proto gre"
		mt "$side" tunnel add n4 local 192.0.2.1 remote 192.0.2.2 ipsec required
	fi
	ip_batch "$side" <<-EOF
		addr add 192.0.2.1/24 dev card
		link set card up
		neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev card
		addr add 10.0.4.1/24 dev n4
		link set n4 up
		xfrm state add $ends spi 0x41 reqid 1 mode $mode $if_id $GCM offload dev card dir out
		xfrm policy add $sel dir out tmpl $ends reqid 1 mode $mode $if_id
	EOF
	check_err $? "a state that is offloaded"
	lost_pings "$side" 10.0.4.2
	count_sent 3
	check_err $? "nothing was sent: $(drops_get "$side" n4)"
	in_bg "$side" "$TMP/del" sh -c "echo 1 > $bus/del_device"
	pid=$BG_PID
	slowwait_for has_ended "$pid"
	check_err $? "the card does not go"
	mt "$side" tunnel del n4
	wait "$pid"
	check_err $? "removing it: $(cat "$TMP/del")"
	ip netns del "$side"
	rmmod netdevsim
	check_err $? "netdevsim is still used"
	# With it, what is encrypted later is lost, as far as senders are told.
	rmmod esp4_offload 2> /dev/null
	log_test "$name"
}

ah_test()
{
	local PROTO=ah CIPHER="auth-trunc hmac(sha256) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 128"

	if ! modprobe ah4 2> /dev/null; then
		log_skip "AH will not do" "the kernel has no AH"
		return
	fi
	esp_up 4
	nothing_sent 4 "sent"
	nothing_received 4 "received"
	esp_down
	log_test "AH will not do"
}

# ESP is what the route has, and a rule of netfilter makes it one with AH.
ah_later_test()
{
	local ah="auth-trunc hmac(sha256) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 128"

	if ! modprobe ah4 2> /dev/null; then
		log_skip "nor when a rule asks for it" "the kernel has no AH"
		return
	fi
	PRIORITY=9 esp_up 4
	PROTO=ah CIPHER=$ah ROUND=2 state "$near" to 4
	PROTO=ah MARK=7 policy "$near" to 4
	all_esp 4 "without the mark"
	in_ns "$near" nft -f - <<-EOF
		table ip marks {
			chain out {
				type route hook output priority mangle;
				meta l4proto gre meta mark set 7
			}
		}
	EOF
	check_err $? "nft"
	nothing_sent 4 "with the mark"
	in_ns "$near" nft delete table ip marks
	esp_down
	log_test "nor when a rule asks for it"
}

# far_key FAMILY KEY: none if it is 0
far_key()
{
	local kind=gre more=

	[ "$1" = 4 ] || kind=ip6gre more="encaplimit none"
	ip -n "$far" link del "g$1"
	ip_batch "$far" <<-EOF
		link add g$1 mtu 1400 type $kind local ${A2[$1]} remote ${A1[$1]} $([ "$2" = 0 ] || echo key "$2") $more
		link set g$1 addrgenmode none
		link set g$1 up
		addr add 10.0.$1.2/24 dev g$1
		addr add 2001:db8:a:$1::2/64 dev g$1
	EOF
}

# Policies may be for one of several tunnels between two hosts.
key_test()
{
	local v=$1 GRE_KEY=65543

	mt "$near" tunnel set "t$v" key $GRE_KEY
	far_key "$v" $GRE_KEY
	esp_up "$v"
	all_esp "$v" "policies for the key"
	esp_down
	GRE_KEY=7 esp_up "$v"
	nothing_sent "$v" "policies for another key"
	esp_down
	mt "$near" tunnel set "t$v" key none
	far_key "$v" 0
	log_test "IPv$v: policies for a key"
}

# What has come in ESP has to have the right fields as well.
options_test()
{
	esp_up 4
	mt "$near" tunnel set t4 icsum on
	snapshot BEFORE "$near"
	lost_pings "$far" 10.0.4.1
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "no checksum" t4 rx-options 3 t4 drops 3
	ip -n "$far" xfrm policy flush
	snapshot BEFORE "$near"
	lost_pings "$far" 10.0.4.1
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "in clear" t4 rx-ipsec 3 t4 drops 3
	mt "$near" tunnel set t4 icsum off
	esp_down
	log_test "in ESP, with the wrong fields"
}

# mss_syn FAMILY MSS: a handshake to far has this MSS
mss_syn()
{
	local v=$1 mss=$2

	in_ns "$far" nft -f - <<-EOF
		table inet mss {
			chain pre {
				type filter hook prerouting priority 0;
				iifname g$v tcp flags & (syn|ack) == syn tcp option maxseg size $mss counter comment "right"
				iifname g$v tcp flags & (syn|ack) == syn tcp option maxseg size != $mss counter comment "wrong"
			}
		}
	EOF
	check_err $? "nft"
	tcp_check "$near" "$far" "10.0.$v.2" 5001 100000
	check_err $? "TCP, $mss"
	check_match "$(in_ns "$far" nft list table inet mss)" \
		"packets [1-9][^\"]*\"right\".*packets 0 [^\"]*\"wrong\"" \
		"handshakes with an MSS of $mss"
	in_ns "$far" nft delete table inet mss
}

# mtu_auto FAMILY MTU MESSAGE: the MTU of a tunnel that is set now
mtu_auto()
{
	mt "$near" tunnel set "t$1" mtu auto
	check_match "$(mt "$near" tunnel show "t$1")" "mtu $2 \(auto\)" "MTU, $3"
}

# The clamp knows the state that is in use, and its successor.
mss_test()
{
	local v=$1 gcm=$2 cbc=$3

	mtu_auto "$v" $((gcm + 40)) "no policy"
	policies "$v"
	mtu_auto "$v" $((gcm + 40)) "no state"
	ip -n "$near" link set u0 mtu 1492
	mtu_auto "$v" $((gcm + 32)) "no state, 1492 bytes"
	states "$v"
	mtu_auto "$v" $((gcm + 32)) "a state, 1492 bytes"
	ip -n "$near" link set u0 mtu 1500
	mtu_auto "$v" $((gcm + 40)) "a state"
	esp_down
	mt "$near" tunnel set "t$v" mss auto mtu 1476
	ip -n "$far" link set "g$v" mtu 1476
	esp_up "$v"
	mss_syn "$v" "$gcm"
	ip -n "$near" xfrm state flush
	ip -n "$far" xfrm state flush
	CIPHER=$CBC states "$v"
	mss_syn "$v" "$cbc"
	mtu_auto "$v" $((cbc + 40)) "CBC"
	check_match "$(wire)" "^[1-9][0-9]* 0$" "ESP and GRE"
	esp_down
	ip -n "$far" link set "g$v" mtu 1400
	mt "$near" tunnel set "t$v" mss off mtu auto
	log_test "IPv$v: MSS $gcm with GCM, $cbc with CBC and SHA2, and MTU"
}

# An error that quotes a clear packet is about none that was sent. (Over IPv4 the
# receiver of ip_gre obeys it, whose GRE it may be.)
error_test()
{
	local before after

	esp_up 6
	pings 6
	before=$(ip -n "$near" route get 2001:db8::2)
	snapshot BEFORE "$near"
	in_ns "$far" "$PYTHON" - <<-EOF
		import socket
		import struct
		near, far = (socket.inet_pton(socket.AF_INET6, "2001:db8::%d" % i)
		             for i in (1, 2))
		quoted = struct.pack("!IHBB", 6 << 28, 1400, 47, 64) + near + far
		raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
		raw.sendto(struct.pack("!BBHI", 2, 0, 0, 1290) + quoted +
		           b"\0\0\x08\0" + bytes(8), ("2001:db8::1", 0))
	EOF
	check_err $? "sending an error"
	slowwait_for stat_above "$near" t6 icmp_errors \
		"${BEFORE["t6 icmp_errors"]:-0}"
	check_err $? "the error is not counted"
	after=$(ip -n "$near" route get 2001:db8::2)
	check_eq "$(grep -o "mtu [0-9]*" <<< "$after")" \
		"$(grep -o "mtu [0-9]*" <<< "$before")" "MTU of the route"
	esp_down
	log_test "errors that quote clear packets are not believed"
}

setup_prepare
run_tests "$@"
