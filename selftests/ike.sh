#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tunnels whose keys strongSwan negotiates, by the files that "mtctl ipsec template"
# prints, against devices of Linux's own: GRE in ESP, and ESP alone.
#
#  +- near ------------------------+       +- far --------------------------+
#  |  t4  10.0.4.1/24              |       |  t4  10.0.4.2/24    gre        |
#  |  t6  10.0.6.1/24              |       |  t6  10.0.6.2/24    ip6gre     |
#  |  e4  10.1.4.1/24              |       |  e4  10.1.4.2/24    xfrm 44    |
#  |  e6  2001:db8:e::1/64         |       |  e6  2001:db8:e::2/64  xfrm 66 |
#  |   :                           |       |   :                            |
#  |  u0  192.0.2.1  .3      ------+-------+-- u0  192.0.2.2  .4            |
#  |      2001:db8::1  ::3         |       |      2001:db8::2  ::4          |
#  +-------------------------------+       +--------------------------------+
#
# Everything that near sends is captured all the time: what is neither IKE nor ESP nor
# ICMP of the wire's own addresses would be in clear.

ALL_TESTS="refused_test nobody_test up_test:t4 up_test:t6 up_test:e4 up_test:e6
	   show_test replay_test:e4:0 replay_test:e6:1 replay_test:t6:0
	   late_test:e4:64:0 late_test:t6:4096:1 cipher_test
	   rekey_test:child:t4:e6 rekey_test:ike:t6:e4 lost_test:far lost_test:near
	   crashed_test unloaded_test deleted_test trap_test clear_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/ike_lib.sh"

need_mtun
need_charon
need_command tcpdump ping nft
need_module veth ip_gre ip6_gre xfrm_interface esp4 esp6

# templates TUNNEL...: for both ends
templates()
{
	local t
	local -a more

	mkdir -p "$TMP/near" "$TMP/far"
	for t; do
		more=()
		[ "$t" != e6 ] || more=(-replay 0)
		[ "$t" != t6 ] || more=(-replay 4096)
		mt "$near" ipsec template "$t" "${more[@]}" >&3 &&
			mt "$near" ipsec template "$t" -peer linux >&4 || return 1
	done 3> "$TMP/near/template" 4> "$TMP/far/template"
	configured
}

setup_prepare()
{
	local ns

	setup_ns near far
	# Replayed packets are counted: nobody shall ask for routers meanwhile.
	for ns in "$near" "$far"; do
		in_ns "$ns" sysctl -qw net.ipv6.conf.default.router_solicitations=0
	done
	setup_underlay "$near" "$far"
	ip_batch "$near" <<-EOF
		addr add 192.0.2.3/24 dev u0
		addr add 2001:db8::3/64 dev u0
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.4/24 dev u0
		addr add 2001:db8::4/64 dev u0
		link add t4 type gre local 192.0.2.2 remote 192.0.2.1 key 4
		link add t6 type ip6gre local 2001:db8::2 remote 2001:db8::1 key 6 encaplimit none
		link add e4 type xfrm if_id 44
		link add e6 type xfrm if_id 66
		link set t4 up
		link set t6 up
		link set e4 up
		link set e6 up
		addr add 10.0.4.2/24 dev t4
		addr add 10.0.6.2/24 dev t6
		addr add 10.1.4.2/24 dev e4
		addr add 2001:db8:e::2/64 dev e6
	EOF
	tunnels_near || return 1
	templates t4 t6 e4 e6 || return 1
	clear_capture
}

tunnels_near()
{
	mt "$near" -b - <<-EOF || return 1
		tunnel add t4 local 192.0.2.1 remote 192.0.2.2 key 4 ipsec required up on
		tunnel add t6 local 2001:db8::1 remote 2001:db8::2 key 6 ipsec required up on
		tunnel add e4 mode ipsec if-id 44 local 192.0.2.3 remote 192.0.2.4 mss auto up on
		tunnel add e6 mode ipsec if-id 66 local 2001:db8::3 remote 2001:db8::4 up on
	EOF
	ip_batch "$near" <<-EOF
		addr add 10.0.4.1/24 dev t4
		addr add 10.0.6.1/24 dev t6
		addr add 10.1.4.1/24 dev e4
		addr add 2001:db8:e::1/64 dev e6
	EOF
}

declare -A OUTSIDE=([t6]=2001:db8::2 [e4]=192.0.2.4 [e6]=2001:db8::4)
declare -A INSIDE=([t4]=10.0.4.2 [t6]=10.0.6.2 [e4]=10.1.4.2 [e6]=2001:db8:e::2)

refused_test()
{
	local said t

	said=$(mt "$near" ipsec template t4 -peer junos 2>&1)
	check_fail $? "GRE in transport mode for Junos"
	check_match "$said" "mode ipsec" "what to do instead"
	said=$(mt "$near" ipsec template t4 -peer toaster 2>&1)
	check_fail $? "an unknown kind"
	check_match "$said" "mtun, linux, ios-xe or junos" "what there is"
	mt "$near" ipsec template e4 -peer junos > "$TMP/text"
	check_err $? "Junos"
	check_match "$(cat "$TMP/text")" "address 192.0.2.3" "our address there"
	mt "$near" ipsec template t6 -peer ios-xe > "$TMP/text"
	check_err $? "IOS-XE"
	check_match "$(cat "$TMP/text")" "tunnel mode gre ipv6.*tunnel key 6" "GRE there"
	mt "$near" -b - <<-EOF
		tunnel add e5 mode ipsec if-id 45 local 192.0.2.3 remote 192.0.2.4
		tunnel add t5 local 192.0.2.1 remote 192.0.2.2 key 5 ipsec required
		tunnel add n5 local 192.0.2.3 remote 192.0.2.4 key 5
	EOF
	check_err $? "more tunnels between the same addresses"
	for t in e4 e5; do
		said=$(mt "$near" ipsec template $t 2>&1)
		check_fail $? "$t, between the same addresses as another one"
		check_match "$said" "e[45] has .* give one of the two another local address" "$t"
	done
	mt "$near" tunnel del e5
	mt "$near" ipsec template e4 > "$TMP/text"
	check_err $? "beside GRE that goes in clear"
	said=$(mt "$near" ipsec template t5 2>&1)
	check_fail $? "GRE between the same addresses"
	check_match "$said" "t4 has the same .*its template is enough" "t5"
	mt "$near" ipsec template t4 > "$TMP/text"
	check_err $? "the first one of GRE"
	for t in t5 n5; do
		mt "$near" tunnel del $t
	done
	log_test "templates"
}

nobody_test()
{
	local t

	for t in t4 t6 e4 e6; do
		ping_now "$near" "${INSIDE[$t]}"
		check_fail $? "an answer through $t"
		[ "$(stat_get "$near" $t tx-ipsec)" -gt 0 ]
		check_err $? "$t has dropped nothing"
		check_match "$(mt "$near" -j ipsec show $t)" '"sa": ?"none"' "$t"
	done
	start_charon near && start_charon far
	check_err $? "strongSwan does not run"
	log_test "nothing leaves without keys"
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
	local json

	json=$(mt "$near" -j ipsec show e4)
	check_match "$json" '"cipher": ?"aes-gcm-256"' "cipher"
	check_match "$json" '"replay_window": ?64' "replay window"
	check_match "$json" '"packets": ?[1-9]' "packets"
	check_match "$(mt "$near" -j tunnel show t4)" \
		'"sa": ?"established".*"sa_states".*"cipher": ?"aes-gcm-.*"age".*"bytes"' "tunnel"
	check_match "$(mt "$near" tunnel show e6)" "esp established  aes-gcm-256" "text"
	check_eq "$(mt "$near" ipsec show | grep -c "^[te][46]: .*established")" 4 \
		"established ones"
	# Keys are in nothing that is printed.
	! { mt "$near" ipsec show; mt "$near" -j ipsec show; mt "$near" -j -d tunnel show
	    mt "$near" export; } | grep -qiE "[0-9a-f]{32}"
	check_err $? "looks like a key"
	log_test "states are shown"
}

# resend FILE: what was captured last goes once more, from far
resend()
{
	in_ns "$far" "$PYTHON" -I -S -c 'import socket, struct, sys
data, at = open(sys.argv[1], "rb").read(), 24
while at < len(data):
    size, = struct.unpack_from("=8xI", data, at)
    frame, at = data[at + 16:at + 16 + size], at + 16 + size
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("u0", 0))
s.send(frame)' "$1"
}

# sent_once TUNNEL: a packet from far, which can be sent again
sent_once()
{
	capture_start "$far" u0 "$TMP/esp" -Q out -c 1 "esp and host ${OUTSIDE[$1]}"
	check_err $? "no capture"
	ping_now "$near" "${INSIDE[$1]}"
	capture_wait "$CAPTURE_PID"
	check_err $? "no packet"
	sleep 0.2
}

# sequence_errors: how many packets near's kernel has refused for their number
sequence_errors()
{
	in_ns "$near" awk '$1 == "XfrmInStateSeqError" { print $2 }' /proc/net/xfrm_stat
}

refused_by_number()
{
	[ "$(sequence_errors)" -gt "$1" ]
}

# resend_check TUNNEL MORE MESSAGE: what was sent once comes, as so many packets
resend_check()
{
	local before errors

	before=$(stat_get "$near" "$1" rx_packets)
	errors=$(sequence_errors)
	resend "$TMP/esp"
	if [ "$2" = 0 ]; then
		slowwait_for refused_by_number "$errors"
	else
		slowwait_for_counter "$near" "$1" rx_packets $((before + $2 - 1))
	fi
	check_err $? "$3: it has not come"
	check_eq $(($(stat_get "$near" "$1" rx_packets) - before)) "$2" "$3"
}

# A packet that comes twice is one packet, or two where there is no window (e6).
replay_test()
{
	local tunnel=$1 more=$2 before

	before=$(stat_get "$near" "$tunnel" rx-ipsec)
	sent_once "$tunnel"
	resend_check "$tunnel" "$more" "packets more"
	if [ "$more" = 0 ]; then
		check_match "$(mt "$near" ipsec show "$tunnel")" "replayed 1 " "refused"
		# Of what xfrm has refused, GRE does not know whose it was.
		[[ $tunnel = t* ]] || [ "$(stat_get "$near" "$tunnel" rx-ipsec)" -gt "$before" ]
		check_err $? "it is not counted"
	else
		check_match "$(mt "$near" ipsec show "$tunnel")" "replay-window off" \
			"no window"
	fi
	log_test "replayed through $tunnel: $more times received"
}

# late_test TUNNEL WINDOW MORE: a packet is behind by 100, which is more than what a window
# has, or less: then it is received, and once.
late_test()
{
	local tunnel=$1 window=$2 more=$3

	check_match "$(mt "$near" -j ipsec show "$tunnel")" \
		"\"replay_window\": ?$window[^0-9]" "window"
	check_eq "$(ip -n "$near" xfrm state list src "${OUTSIDE[$tunnel]}" |
		grep -o "replay_window [0-9]*")" "replay_window $window" "of the kernel"
	in_ns "$near" nft -f - <<-EOF
		table netdev late {
			chain in {
				type filter hook ingress device u0 priority 0;
				ip protocol esp drop
				ip6 nexthdr esp drop
			}
		}
	EOF
	check_err $? "nft"
	sent_once "$tunnel"
	in_ns "$near" nft delete table netdev late
	in_ns "$near" ping -q -n -c 100 -i 0.01 "${INSIDE[$tunnel]}" > /dev/null
	check_err $? "no answers"
	resend_check "$tunnel" "$more" "packets that are late"
	resend_check "$tunnel" 0 "packets that are late, again"
	log_test "$tunnel has a window of $window: behind by 100, $more received"
}

# The far end knows AES-CBC only. What fits is another size then.
cipher_test()
{
	local before after

	sed -i 's/esp_proposals = .*/esp_proposals = aes256-sha256-modp2048/' \
		"$TMP/far/swanctl.conf"
	swan far --load-all --file "$TMP/far/swanctl.conf" --noprompt > /dev/null
	before=$(mss_of e4)
	swan near --terminate --ike e4 > /dev/null
	ping_check "$near" "${INSIDE[e4]}"
	check_err $? "no answer"
	slowwait_for has_cipher e4 aes-cbc-256/sha256
	check_err $? "$(mt "$near" ipsec show e4)"
	after=$(mss_of e4)
	[ "${after:-0}" -gt 1000 ] && [ "$after" -lt "$before" ]
	check_err $? "MSS $before before, $after with more to add to each packet"
	log_test "another cipher: MSS $before, then $after"
}

# ike_number TUNNEL: each IKE SA has one of its own.
ike_number()
{
	swan near --list-sas --ike "$1" | sed -n "s/^$1: #\([0-9]*\),.*/\1/p" | tail -n 1
}

is_rekeying()
{
	[[ $(mt "$near" tunnel show "$1") == *"esp rekeying"* ]]
}

ike_number_is()
{
	[ "$(ike_number "$1")" -ge "$2" ]
}

# rekey SIDE child|ike TUNNEL NUMBER: until there are new states, or that IKE SA. Whoever
# begins while the other one has not ended has to try again much later.
rekey()
{
	local side=$1 what=$2 tunnel=$3 number=$4 was

	was=$(spis "$tunnel")
	swan "$side" --rekey "--$what" "$tunnel" > "$TMP/said"
	check_err $? "$side: $(tail -n 3 "$TMP/said")"
	if [ "$what" = ike ]; then
		slowwait_for ike_number_is "$tunnel" "$number"
		check_err $? "IKE SA $(ike_number "$tunnel"), not $number"
	else
		slowwait_for has_new_spis "$tunnel" "$was"
		check_told $? "$tunnel" "$side: no new states"
	fi
}

# rekey_test child|ike TUNNEL TUNNEL
rekey_test()
{
	local t before pid number i

	for t in "$2" "$3"; do
		number=$(ike_number "$t")
		before=$(spis "$t")
		in_bg "$near" "$TMP/pings" ping -n -i 0.05 -w 600 "${INSIDE[$t]}"
		pid=$BG_PID
		sleep 1
		for i in 1 2 3; do
			rekey near "$1" "$t" $((number + 2 * i - 1))
			# for 5 seconds, by which late packets still come
			[ "$1" = ike ] || [ "$i" -gt 1 ] || slowwait_for is_rekeying "$t"
			check_err $? "\"rekeying\" is not shown: $(mt "$near" tunnel show "$t")"
			sleep 1
			rekey far "$1" "$t" $((number + 2 * i))
			sleep 1
		done
		slowwait_for established "$t"
		check_err $? "$(mt "$near" ipsec show "$t")"
		stop_pings "$pid" "$TMP/pings"
		[ "$1" != ike ] || [ $(($(ike_number "$t") - number)) -ge 6 ]
		check_err $? "IKE SA was $number, now $(ike_number "$t")"
		[ "$1" = ike ] || [ "$before" != "$(spis "$t")" ]
		check_err $? "$t has the same states as before"
	done
	log_test "rekeyed six times under traffic: nothing is lost ($*)"
}

# One daemon is killed; what the kernel has of that side goes as well, as with a
# machine that is switched off. It comes back.
lost_test()
{
	local t old

	old=$(spis e6)
	stop_bg "${CHARON_PID[$1]}" KILL
	ip -n "${!1}" xfrm state flush
	ip -n "${!1}" xfrm policy flush
	for t in t4 e4; do
		ping_now "$near" "${INSIDE[$t]}"
		check_fail $? "an answer through $t"
	done
	start_charon "$1"
	check_err $? "strongSwan does not run"
	# Near asks again by itself, where nobody sends anything.
	slowwait_for has_new_spis e6 "$old"
	check_told $? e6 "nobody begins anew"
	for t in t4 t6 e4 e6; do
		check_answers "$t" "that comes back"
	done
	log_test "$1 was lost, and came back"
}

spis()
{
	mt "$near" -j ipsec show "$1" | grep -o '"spi": *"[0-9a-f]*"' | sort
}

# has_new_spis TUNNEL OLD: others beside these, or in their place
has_new_spis()
{
	[ -n "$(comm -13 <(echo "$2") <(spis "$1"))" ]
}

# The daemon alone dies, and leaves states and policies: packets go on by them. It comes
# back, and makes others, whatever is left of the old ones.
crashed_test()
{
	local t
	local -A pid old

	for t in t4 e6; do
		check_answers "$t" "before"
		old[$t]=$(spis "$t")
		in_bg "$near" "$TMP/pings.$t" ping -n -i 0.05 -w 600 "${INSIDE[$t]}"
		pid[$t]=$BG_PID
	done
	slowwait_for has_more_answers "$TMP/pings.e6" 1
	stop_bg "${CHARON_PID[near]}" KILL
	for t in t4 e6; do
		stop_pings "${pid[$t]}" "$TMP/pings.$t"
	done
	start_charon near
	check_err $? "strongSwan does not run"
	for t in t4 e6; do
		slowwait_for has_new_spis "$t" "${old[$t]}"
		check_told $? "$t" "no new states"
		check_answers "$t" "by new states"
	done
	for t in t4 t6 e4 e6; do
		check_answers "$t" "for the next case"
	done
	log_test "the daemon was killed, and the states have stayed"
}

kernel_spis()
{
	ip -n "$near" xfrm state | grep -o "spi 0x[0-9a-f]*" | sort
}

# kernel_has_more N OLD: as many that are not among those
kernel_has_more()
{
	[ "$(comm -13 <(echo "$2") <(kernel_spis) | wc -l)" -ge "$1" ]
}

# While the module is away the daemon goes on; what it has made then is used.
unloaded_test()
{
	local t old kernel

	old=$(spis e4) kernel=$(kernel_spis)
	in_bg "$near" /dev/null ping -q -n -i 0.01 "${INSIDE[t4]}"
	rmmod mtun
	check_err $? "cannot be unloaded"
	for t in t4 e4; do
		swan near --rekey --child "$t" > "$TMP/said"
		check_err $? "$(tail -n 3 "$TMP/said")"
	done
	slowwait_for kernel_has_more 4 "$kernel"
	check_err $? "nothing is negotiated without the module: $(kernel_spis)"
	load_mtun
	tunnels_near
	check_err $? "the tunnels"
	stop_bg "$BG_PID"
	for t in t4 t6 e4 e6; do
		check_answers "$t" "with the module anew"
	done
	has_new_spis e4 "$old"
	check_told $? e4 "e4 has the states from before"
	log_test "the module was unloaded, and keys were negotiated meanwhile"
}

dropped_above()
{
	[ "$(stat_get "$near" e4 tx-ipsec)" -gt "$1" ]
}

deleted_test()
{
	local before

	before=$(stat_get "$near" e4 tx-ipsec)
	in_bg "$near" /dev/null ping -q -n -i 0.01 "${INSIDE[e4]}"
	ip -n "$near" xfrm state flush
	slowwait_for dropped_above "$before"
	check_err $? "nothing was dropped"
	stop_bg "$BG_PID"
	swan near --terminate --ike e4 --force > /dev/null
	ping_check "$near" "${INSIDE[e4]}"
	check_err $? "it does not come back"
	log_test "states deleted under traffic"
}

ping_back()
{
	ping_now "$far" 10.0.4.1
}

# The template for Linux as it is: an end that would send GRE in clear has a trap, and
# begins when it has something to send.
trap_test()
{
	local side clear

	for side in near far; do
		stop_bg "${CHARON_PID[$side]}"
		ip -n "${!side}" xfrm state flush
		ip -n "${!side}" xfrm policy flush
		sed "s/SECRET/not a secret/" "$TMP/$side/template" > "$TMP/$side/swanctl.conf"
	done
	sed -i "s/start_action = .*/start_action = none/" "$TMP/near/swanctl.conf"
	check_match "$(cat "$TMP/far/swanctl.conf")" "start_action = trap" "the trap"
	capture_start "$far" u0 "$TMP/back" -Q out "proto gre or ip6 proto 47"
	start_charon far
	check_err $? "strongSwan does not run"
	ping_back
	check_fail $? "an answer without the other end"
	start_charon near
	check_err $? "strongSwan does not run at near"
	slowwait_for ping_back
	check_told $? t4 "no answer through t4"
	check_match "$(mt "$near" -j ipsec show t4)" '"sa": ?"established"' "near's end"
	clear=$(stat -c %s "$TMP/back")
	# They would be seen.
	stop_bg "${CHARON_PID[far]}" KILL
	ip -n "$far" xfrm state flush
	ip -n "$far" xfrm policy flush
	ping_back
	slowwait_for has_more "$TMP/back" 24
	check_err $? "the capture sees nothing"
	capture_stop "$CAPTURE_PID"
	check_eq "$clear" 24 "bytes of captured GRE in clear, and the header of the file"
	log_test "the template for Linux as it is: nothing is in clear, and it begins"
}

setup_prepare || fail_all "cannot set up"
run_tests "$@"
