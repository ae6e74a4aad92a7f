#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where netfilter, connection tracking and traffic control see the packets of a
# tunnel, outside and inside.
#
#  +- lan ------------+   +- near -----------------+   +- far -----------------+
#  |  s0 10.9.0.2/24 -+---+- l0 10.9.0.1/24        |   |  mt4  10.0.4.2/24     |
#  |  2001:db8:9::2   |   |    2001:db8:9::1       |   |  mt6  10.0.6.2/24     |
#  +------------------+   |  mt4  10.0.4.1/24      |   |   :                   |
#                         |  mt6  10.0.6.1/24      |   |  lo 10.8.4.1 10.8.6.1 |
#                         |   :                    |   |   2001:db8:8:4::1     |
#                         |   :                    |   |   2001:db8:8:6::1     |
#                         |  u0 192.0.2.1/24      -+---+- u0 192.0.2.2/24      |
#                         |     2001:db8::1        |   |     2001:db8::2       |
#                         +------------------------+   +-----------------------+
#
# lan reaches 10.8.4.1 and 2001:db8:8:4::1 by mt4, the others by mt6.

ALL_TESTS="hooks_test:4 hooks_test:6 state_test:4 state_test:6 no_leak_test:4
	   no_leak_test:6 mark_test:4 mark_test:6 notrack_test:4 notrack_test:6
	   masquerade_test:4 masquerade_test:6 dnat_test:4 dnat_test:6
	   iptables_test:4 iptables_test:6 flowtable_test:4 flowtable_test:6
	   flowtable_udp_test:4 flowtable_udp_test:6 tc_test:4 tc_test:6
	   rp_filter_test:4 rp_filter_test:6 queue_test:4 queue_test:6
	   queue_test:4:early queue_test:6:early
	   queue_errors_test:4 queue_errors_test:6 held_test:4 held_test:6
	   fwd_test:4 fwd_test:6 xdp_test:4 xdp_test:6"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping nft conntrack ethtool
need_module veth

declare -A BEFORE AFTER

setup_prepare()
{
	setup_ns lan near far
	ip_batch "$near" <<-EOF
		link add l0 type veth peer name s0 netns $lan
		link add u0 type veth peer name u0 netns $far
		addr add 10.9.0.1/24 dev l0
		addr add 2001:db8:9::1/64 dev l0
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set l0 up
		link set u0 up
	EOF
	ip_batch "$lan" <<-EOF
		addr add 10.9.0.2/24 dev s0
		addr add 2001:db8:9::2/64 dev s0
		link set s0 up
		route add default via 10.9.0.1
		route add default via 2001:db8:9::1
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		addr add 10.8.4.1/32 dev lo
		addr add 10.8.6.1/32 dev lo
		addr add 2001:db8:8:4::1/128 dev lo
		addr add 2001:db8:8:6::1/128 dev lo
		link set u0 up
	EOF
	mt "$near" -b - <<-EOF
		tunnel add mt4 local 192.0.2.1 remote 192.0.2.2
		tunnel add mt6 local 2001:db8::1 remote 2001:db8::2
	EOF
	mt "$far" -b - <<-EOF
		tunnel add mt4 local 192.0.2.2 remote 192.0.2.1
		tunnel add mt6 local 2001:db8::2 remote 2001:db8::1
	EOF
	ip_batch "$near" <<-EOF
		addr add 10.0.4.1/24 dev mt4
		addr add 10.0.6.1/24 dev mt6
		addr add 2001:db8:a:4::1/64 dev mt4
		addr add 2001:db8:a:6::1/64 dev mt6
		link set mt4 up
		link set mt6 up
		route add 10.8.4.1 dev mt4
		route add 10.8.6.1 dev mt6
		route add 2001:db8:8:4::1 dev mt4
		route add 2001:db8:8:6::1 dev mt6
	EOF
	ip_batch "$far" <<-EOF
		addr add 10.0.4.2/24 dev mt4
		addr add 10.0.6.2/24 dev mt6
		addr add 2001:db8:a:4::2/64 dev mt4
		addr add 2001:db8:a:6::2/64 dev mt6
		link set mt4 up
		link set mt6 up
	EOF
	in_ns "$near" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
		echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
	way_back 4
}

# way_back FAMILY: of what far answers to lan
way_back()
{
	ip_batch "$far" <<-EOF
		route replace 10.9.0.0/24 dev mt$1
		route replace 2001:db8:9::/64 dev mt$1
	EOF
}

no_way_back()
{
	ip_batch "$far" <<-EOF
		route del 10.9.0.0/24
		route del 2001:db8:9::/64
	EOF
}

# rules NS: a ruleset from standard input
rules()
{
	in_ns "$1" nft -f -
	check_err $? "nft refuses the rules"
}

# packets NS NAME...: of named counters of table "inet t", in one line
packets()
{
	local ns=$1 out number n line=; shift
	local -A count=()

	out=$(in_ns "$ns" nft list counters table inet t)
	number='counter ([a-z0-9_]+) \{[[:space:]]*packets ([0-9]+)'
	while [[ $out =~ $number ]]; do
		count[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
		out=${out#*"${BASH_REMATCH[0]}"}
	done
	for n; do
		line+=" $n=${count[$n]}"
	done
	echo "${line# }"
}

rules_gone()
{
	in_ns "$1" nft delete table inet t
}

# pings FAMILY: three of each inner family, from lan
pings()
{
	# shellcheck disable=SC2016
	in_ns "$lan" sh -c 'ping -q -n -c 3 -i 0.01 -W $1 10.8.$2.1 &&
		ping -q -n -c 3 -i 0.01 -W $1 2001:db8:8:$2::1' \
		sh "$WAIT_TIMEOUT" "$1" > /dev/null 2>&1
	check_err $? "pings from lan"
}

##############################################################################

# Six packets in each direction: at which hooks are they?
hooks_test()
{
	local v=$1 names chain

	way_back "$v"
	names="pre_outer in_outer fwd_outer out_outer post_outer"
	names+=" pre_inner in_inner fwd_in fwd_out out_inner post_inner"
	{
		echo "table inet t {"
		for chain in $names; do
			echo "counter $chain { }"
		done
		cat <<-EOF
			chain c_pre {
				type filter hook prerouting priority 0;
				iifname u0 meta l4proto gre counter name pre_outer
				iifname mt$v meta l4proto { icmp, ipv6-icmp } counter name pre_inner
			}
			chain c_in {
				type filter hook input priority 0;
				iifname u0 meta l4proto gre counter name in_outer
				iifname mt$v counter name in_inner
			}
			chain c_fwd {
				type filter hook forward priority 0;
				meta l4proto gre counter name fwd_outer
				iifname l0 oifname mt$v counter name fwd_in
				iifname mt$v oifname l0 counter name fwd_out
			}
			chain c_out {
				type filter hook output priority 0;
				oifname u0 meta l4proto gre counter name out_outer
				oifname mt$v counter name out_inner
			}
			chain c_post {
				type filter hook postrouting priority 0;
				oifname u0 meta l4proto gre counter name post_outer
				oifname mt$v meta l4proto { icmp, ipv6-icmp } counter name post_inner
			}
		}
		EOF
	} | rules "$near"
	pings "$v"
	# shellcheck disable=SC2086
	check_eq "$(packets "$near" $names)" "pre_outer=6 in_outer=6\
 fwd_outer=0 out_outer=6 post_outer=6 pre_inner=6 in_inner=0 fwd_in=6 fwd_out=6\
 out_inner=0 post_inner=6" "packets at the hooks"
	rules_gone "$near"
	log_test "IPv$v: hooks that outer and inner packets pass"
}

# Each inner flow is new once, on the tunnel, whichever side begins.
state_test()
{
	local v=$1

	way_back "$v"
	in_ns "$near" conntrack -F > /dev/null 2>&1
	rules "$near" <<-EOF
		table inet t {
			counter new_out { }
			counter est_out { }
			counter new_in { }
			counter est_in { }
			counter invalid { }
			chain c_fwd {
				type filter hook forward priority 0;
				oifname mt$v ct state new counter name new_out
				oifname mt$v ct state established counter name est_out
				iifname mt$v ct state new counter name new_in
				iifname mt$v ct state established counter name est_in
				ct state { invalid, untracked } counter name invalid
			}
		}
	EOF
	pings "$v"
	# ping sends the first as a new flow, and the rest belong to it
	# once there was an answer, which 10 milliseconds may not suffice for.
	check_match "$(packets "$near" new_out est_out new_in est_in invalid)" \
		"^new_out=2 est_out=4 new_in=0 est_in=6 invalid=0$|^new_out=[3-6] est_out=[0-3] new_in=0 est_in=6 invalid=0$" \
		"packets by state, lan begins"
	rules_gone "$near"
	rules "$near" <<-EOF
		table inet t {
			counter new_in { }
			counter syn { }
			counter other { }
			counter est_out { }
			chain c_fwd {
				type filter hook forward priority 0;
				iifname mt$v tcp flags syn / syn,ack counter name syn
				iifname mt$v ct state new counter name new_in
				iifname mt$v ct state != { new, established } counter name other
				oifname mt$v ct state established counter name est_out
				oifname mt$v ct state != established counter name other
			}
		}
	EOF
	tcp_check "$far" "$lan" 10.9.0.2 5001 20000
	check_err $? "TCP from far"
	check_match "$(packets "$near" new_in syn other est_out)" \
		"^new_in=([0-9]+) syn=\1 other=0 est_out=[1-9]" \
		"packets by state, far begins"
	rules_gone "$near"
	log_test "IPv$v: an inner flow is new, then established"
}

# The outer packet's connection is not the inner one's.
no_leak_test()
{
	local v=$1 out

	way_back "$v"
	in_ns "$near" conntrack -F > /dev/null 2>&1
	rules "$near" <<-EOF
		table inet t {
			counter marked { }
			counter inner { }
			counter inner_ct_mark { }
			counter inner_untracked { }
			counter inner_gre { }
			chain c_mark {
				type filter hook input priority -100;
				iifname u0 meta l4proto gre ct mark set 0x77 counter name marked
			}
			chain c_raw {
				type filter hook prerouting priority -300;
				iifname mt$v ct state established,related,new counter name inner_untracked
			}
			chain c_pre {
				type filter hook prerouting priority 0;
				iifname mt$v counter name inner
				iifname mt$v ct mark 0x77 counter name inner_ct_mark
				iifname mt$v ct protocol gre counter name inner_gre
			}
		}
	EOF
	pings "$v"
	check_eq "$(packets "$near" marked inner inner_ct_mark \
		inner_untracked inner_gre)" \
		"marked=6 inner=6 inner_ct_mark=0 inner_untracked=0 inner_gre=0" \
		"packets"
	out=$(in_ns "$near" conntrack -L 2> /dev/null)
	check_match "$out" "src=10.9.0.2 dst=10.8.$v.1 " "entry of the inner flow"
	check_match "$(grep icmp <<< "$out" | grep -c "mark=119")" "^0$" \
		"inner flows with the outer mark"
	rules_gone "$near"
	log_test "IPv$v: the outer flow's connection stays outside"
}

# Within one namespace a mark goes along from the outer packet to the inner one,
# as it does with ip_gre: rules that mark by underlay and route by mark work on.
mark_test()
{
	local v=$1

	way_back "$v"
	rules "$near" <<-EOF
		table inet t {
			counter outer { }
			counter inner { }
			counter inner_mark { }
			chain c_raw {
				type filter hook prerouting priority -300;
				iifname u0 meta l4proto gre meta mark set 0x99 counter name outer
			}
			chain c_pre {
				type filter hook prerouting priority 0;
				iifname mt$v counter name inner
				iifname mt$v meta mark 0x99 counter name inner_mark
			}
		}
	EOF
	pings "$v"
	check_eq "$(packets "$near" outer inner inner_mark)" \
		"outer=6 inner=6 inner_mark=6" "packets"
	rules_gone "$near"
	log_test "IPv$v: the mark of the outer packet stays on the inner one"
}

# NOTRACK for GRE, as busy routers have it
notrack_test()
{
	local v=$1 out

	way_back "$v"
	in_ns "$near" conntrack -F > /dev/null 2>&1
	rules "$near" <<-EOF
		table inet t {
			counter outer { }
			counter tracked { }
			counter inner { }
			chain c_raw_in {
				type filter hook prerouting priority -300;
				meta l4proto gre notrack
			}
			chain c_raw_out {
				type filter hook output priority -300;
				meta l4proto gre notrack
			}
			chain c_in {
				type filter hook input priority 0;
				meta l4proto gre ct state untracked counter name outer
				meta l4proto gre ct state != untracked counter name tracked
			}
			chain c_out {
				type filter hook output priority 0;
				meta l4proto gre ct state != untracked counter name tracked
			}
			chain c_fwd {
				type filter hook forward priority 0;
				iifname mt$v ct state established counter name inner
				ct state untracked counter name tracked
			}
		}
	EOF
	pings "$v"
	tcp_check "$lan" "$far" "10.8.$v.1" 5001 50000
	check_err $? "TCP"
	check_match "$(packets "$near" outer tracked inner)" \
		"^outer=([1-9][0-9]*) tracked=0 inner=\1$" "packets"
	out=$(in_ns "$near" conntrack -L 2> /dev/null;
	      in_ns "$near" conntrack -L -f ipv6 2> /dev/null)
	check_eq "$(grep -cE "gre|unknown +47" <<< "$out")" 0 "entries of GRE"
	check_match "$out" "tcp .*src=10.9.0.2 dst=10.8.$v.1 " "entry of TCP"
	rules_gone "$near"
	log_test "IPv$v: outer packets untracked, inner ones tracked"
}

# Far has no route to lan, only to near's end of the tunnel.
masquerade_test()
{
	local v=$1

	no_way_back
	ping_now "$lan" "10.8.$v.1"
	check_fail $? "ping without NAT"
	rules "$near" <<-EOF
		table inet t {
			chain c_post {
				type nat hook postrouting priority 100;
				oifname mt$v masquerade
			}
		}
	EOF
	rules "$far" <<-EOF
		table inet t {
			counter wrong { }
			counter right { }
			chain c_in {
				type filter hook input priority 0;
				iifname mt$v ip saddr 10.0.$v.1 counter name right
				iifname mt$v ip6 saddr 2001:db8:a:$v::1 counter name right
				iifname mt$v ip saddr 10.9.0.0/24 counter name wrong
				iifname mt$v ip6 saddr 2001:db8:9::/64 counter name wrong
			}
		}
	EOF
	pings "$v"
	check_eq "$(packets "$far" right wrong)" "right=6 wrong=0" \
		"by source address"
	tcp_check "$lan" "$far" "10.8.$v.1" 5001 100000
	check_err $? "TCP over IPv4"
	tcp_check "$lan" "$far" "2001:db8:8:$v::1" 5001 100000
	check_err $? "TCP over IPv6"
	rules_gone "$near"
	rules_gone "$far"
	way_back "$v"
	log_test "IPv$v: masquerade of inner flows"
}

# nat_tcp NS1 NS2 ADDRESS LISTEN-ADDRESS: as tcp_check, but the one address is
# made the other on the way
nat_tcp()
{
	local pid

	in_bg "$2" "$TMP/tcp" "$TRAFFIC" tcp-recv "$4" 5001 100000
	pid=$BG_PID
	in_ns "$1" timeout "$WAIT_TIMEOUT" "$TRAFFIC" tcp-send "$3" 5001 100000 \
		> /dev/null 2>&1 && slowwait_for has_ended "$pid" && wait "$pid" &&
		return
	stop_bg "$pid"
	return 1
}

dnat_test()
{
	local v=$1

	way_back "$v"
	rules "$near" <<-EOF
		table inet t {
			chain c_pre {
				type nat hook prerouting priority -100;
				iifname mt$v ip daddr 10.0.$v.1 tcp dport 5001 dnat ip to 10.9.0.2
				iifname mt$v ip6 daddr 2001:db8:a:$v::1 tcp dport 5001 dnat ip6 to 2001:db8:9::2
			}
		}
	EOF
	nat_tcp "$far" "$lan" "10.0.$v.1" 10.9.0.2
	check_err $? "TCP over IPv4"
	nat_tcp "$far" "$lan" "2001:db8:a:$v::1" 2001:db8:9::2
	check_err $? "TCP over IPv6"
	rules_gone "$near"
	log_test "IPv$v: destination NAT of inner flows"
}

iptables_dropped()
{
	in_ns "$near" iptables-nft-save -c -t filter |
		grep -q "^\[[1-9].* -A FORWARD .*-j DROP"
}

iptables_test()
{
	local v=$1 out

	if ! in_ns "$near" iptables-nft -t nat -A POSTROUTING -o "mt$v" \
	     -j MASQUERADE 2> "$TMP/iptables"; then
		if ! grep -qE "load|Extension|not found|No such" "$TMP/iptables"
		then
			check_err 1 "iptables-nft: $(cat "$TMP/iptables")"
			log_test "IPv$v: iptables-nft"
			return
		fi
		log_skip "IPv$v: iptables-nft" "$(head -n 1 "$TMP/iptables")"
		return
	fi
	no_way_back
	in_ns "$near" iptables-nft-restore -n <<-EOF
		*filter
		-A INPUT -i u0 -p gre
		-A OUTPUT -o u0 -p gre
		-A FORWARD -p gre
		-A FORWARD -i l0 -o mt$v -m conntrack --ctstate NEW
		-A FORWARD -i mt$v -o l0 -m conntrack --ctstate ESTABLISHED
		-A FORWARD -i mt$v -o l0 -m conntrack --ctstate NEW,INVALID,UNTRACKED -j DROP
		COMMIT
		*nat
		-A PREROUTING -i mt$v -p tcp --dport 5001 -j DNAT --to-destination 10.9.0.2
		COMMIT
	EOF
	check_err $? "iptables-nft-restore"
	[ "$v" = 4 ] || in_ns "$near" ip6tables-nft-restore -n <<-EOF
		*filter
		-A INPUT -i u0 -p gre
		-A OUTPUT -o u0 -p gre
		-A FORWARD -p gre
		COMMIT
	EOF
	in_ns "$lan" ping -q -n -c 1 -W "$WAIT_TIMEOUT" "10.8.$v.1" > /dev/null
	check_err $? "ping from lan, masqueraded"
	out=$(in_ns "$near" iptables-nft-save -c -t filter
	      [ "$v" = 4 ] || in_ns "$near" ip6tables-nft-save -c -t filter |
			grep -- "-p gre")
	[ "$v" = 4 ] || out=$(grep -vF "[0:0] -A INPUT -i u0 -p gre" <<< "$out" |
			      grep -vF "[0:0] -A OUTPUT -o u0 -p gre")
	check_match "$out" "\[1:[0-9]+\] -A INPUT -i u0 -p gre" "INPUT"
	check_match "$out" "\[1:[0-9]+\] -A OUTPUT -o u0 -p gre" "OUTPUT"
	check_match "$out" "\[0:0\] -A FORWARD -p gre" "FORWARD, outer"
	check_match "$out" "\[1:[0-9]+\] -A FORWARD -i l0 -o mt$v .*NEW" \
		"FORWARD, new"
	check_match "$out" "\[1:[0-9]+\] -A FORWARD -i mt$v -o l0 .*ESTABLISHED" \
		"FORWARD, established"
	# Were it not dropped, lan, where nobody listens, would refuse it.
	in_bg "$far" "$TMP/tcp" "$TRAFFIC" tcp-send "10.0.$v.1" 5001 1
	slowwait_for iptables_dropped
	check_err $? "a new flow from the tunnel does not meet DROP"
	has_ended $BG_PID
	check_fail $? "a new flow from the tunnel was answered"
	stop_bg $BG_PID
	in_ns "$near" iptables-nft -D FORWARD 4
	nat_tcp "$far" "$lan" "10.0.$v.1" 10.9.0.2
	check_err $? "TCP from far, destination NAT"
	in_ns "$near" nft flush ruleset
	way_back "$v"
	log_test "IPv$v: iptables-nft"
}

flowtable_rules()
{
	rules "$near" <<-EOF
		table inet t {
			counter forwarded { }
			flowtable f {
				hook ingress priority 0; devices = { $1 };
			}
			chain c_fwd {
				type filter hook forward priority 0;
				meta l4proto { tcp, udp } flow add @f
				meta l4proto { tcp, udp } counter name forwarded
			}
		}
	EOF
}

need_flowtable()
{
	modprobe -q nf_flow_table_inet && modprobe -q nft_flow_offload &&
		return
	log_skip "$1" "no nft_flow_offload"
	return 1
}

# Bulk in both directions, of which the slow path sees only the beginning
flowtable_test()
{
	local v=$1 devices n text sent

	text="IPv$v: TCP by flow table"
	need_flowtable "$text" || return
	way_back "$v"
	for devices in "mt$v, l0" "mt$v, l0, u0"; do
		flowtable_rules "$devices"
		snapshot BEFORE "$near"
		tcp_check "$lan" "$far" "10.8.$v.1" 5001 1000000
		check_err $? "$devices: TCP over IPv4 to far"
		tcp_check "$far" "$lan" 10.9.0.2 5001 1000000
		check_err $? "$devices: TCP over IPv4 to lan"
		tcp_check "$lan" "$far" "2001:db8:8:$v::1" 5001 1000000
		check_err $? "$devices: TCP over IPv6 to far"
		tcp_check "$far" "$lan" 2001:db8:9::2 5001 1000000
		check_err $? "$devices: TCP over IPv6 to lan"
		snapshot AFTER "$near"
		n=$(packets "$near" forwarded)
		n=${n#*=}
		sent=$((${AFTER["mt$v tx_packets"]} -
			${BEFORE["mt$v tx_packets"]}))
		say "$devices: $sent packets sent, $n in FORWARD"
		[ "$n" -gt 0 ] && [ "$n" -lt $((sent / 4)) ]
		check_err $? "$devices: $n of $sent packets by the slow path"
		check_grown BEFORE AFTER "$devices" "mt$v" drops 0
		rules_gone "$near"
	done
	log_test "$text"
}

offloaded()
{
	in_ns "$near" conntrack -L -p udp 2> /dev/null > "$TMP/ct"
	in_ns "$near" conntrack -L -p udp -f ipv6 2> /dev/null >> "$TMP/ct"
	grep -q "src=10.9.0.2 dst=10.8.$1.1 .*OFFLOAD" "$TMP/ct" &&
		grep -q "src=2001:db8:9::2 dst=2001:db8:8:$1::1 .*OFFLOAD" \
		"$TMP/ct"
}

# A flow that stays: is it in the table, and what becomes of it there?
flowtable_udp_test()
{
	local v=$1 text pid echo_pid n

	text="IPv$v: UDP by flow table"
	need_flowtable "$text" || return
	way_back "$v"
	flowtable_rules "mt$v, l0"
	in_bg "$far" "$TMP/echo" "$PYTHON" -c "$UDP_ECHO" "10.8.$v.1" \
		"2001:db8:8:$v::1"
	echo_pid=$BG_PID
	in_bg "$lan" "$TMP/client" "$PYTHON" -c "$UDP_CLIENT" "10.8.$v.1" \
		"2001:db8:8:$v::1"
	pid=$BG_PID
	slowwait_for offloaded "$v"
	check_err $? "no flow is offloaded: $(cat "$TMP/ct")"
	n=$(packets "$near" forwarded)
	n=${n#*=}
	slowwait_for answers 100
	check_err $? "no answers to offloaded packets: $(tail -n 1 "$TMP/client")"
	# One packet a direction is enough for it; some more may have been
	# under way.
	check_match "$(packets "$near" forwarded)" "=(${n}|[0-9]|[1-3][0-9])$" \
		"packets in FORWARD"

	# The route changes under the flow: it must not go on where it went.
	snapshot BEFORE "$near"
	ip_batch "$near" <<-EOF
		route replace 10.8.$v.1 dev mt$((10 - v))
		route del 2001:db8:8:$v::1
		route add 2001:db8:8:$v::1 dev mt$((10 - v))
	EOF
	way_back $((10 - v))
	n=$(wc -l < "$TMP/client")
	slowwait_for answers $((n + 50))
	check_err $? "no answers by the other tunnel"
	snapshot AFTER "$near"
	n=$((${AFTER["mt$((10 - v)) tx_packets"]} -
	     ${BEFORE["mt$((10 - v)) tx_packets"]}))
	[ $n -ge 50 ]
	check_err $? "only $n packets by the other tunnel"
	stop_bg "$pid"
	stop_bg "$echo_pid"
	ip_batch "$near" <<-EOF
		route replace 10.8.$v.1 dev mt$v
		route del 2001:db8:8:$v::1
		route add 2001:db8:8:$v::1 dev mt$v
	EOF
	rules_gone "$near"
	log_test "$text"
}

answers()
{
	[ "$(wc -l < "$TMP/client")" -ge "$1" ]
}

# Sends back what comes
UDP_ECHO='
import select, socket, sys
socks = []
for addr in sys.argv[1:]:
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET,
                      socket.SOCK_DGRAM)
    s.bind((addr, 5002))
    socks.append(s)
while True:
    for s in select.select(socks, [], [])[0]:
        data, peer = s.recvfrom(2000)
        s.sendto(data, peer)
'

# A line for each answer that is what was sent
UDP_CLIENT='
import os, select, socket, sys, time
socks = []
for addr in sys.argv[1:]:
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET,
                      socket.SOCK_DGRAM)
    s.connect((addr, 5002))
    socks.append(s)
while True:
    for s in socks:
        data = os.urandom(1000)
        try:
            s.send(data)
            if select.select([s], [], [], 1)[0] and s.recv(2000) == data:
                print("ok", flush=True)
        except OSError:
            time.sleep(0.02)
    time.sleep(0.005)
'

tc_test()
{
	local v=$1 text out

	text="IPv$v: tc on the tunnel"
	modprobe -q sch_ingress
	modprobe -q cls_u32
	modprobe -q act_gact
	if ! tc -n "$near" qdisc add dev "mt$v" clsact 2> "$TMP/tc"; then
		log_skip "$text" "no clsact"
		return
	fi
	way_back "$v"
	# With the same priority, u32 of 6.1 lists the filters of ingress among
	# those of egress and the other way round.
	tc -n "$near" -batch - <<-EOF
		filter add dev mt$v ingress protocol ip prio 1 u32 match ip src 10.8.$v.1/32 match ip dst 10.9.0.2/32 action pass
		filter add dev mt$v ingress protocol ipv6 prio 2 u32 match ip6 src 2001:db8:8:$v::1/128 action pass
		filter add dev mt$v egress protocol ip prio 3 u32 match ip src 10.9.0.2/32 match ip dst 10.8.$v.1/32 action pass
		filter add dev mt$v egress protocol ipv6 prio 4 u32 match ip6 dst 2001:db8:8:$v::1/128 action pass
	EOF
	check_err $? "adding filters"
	pings "$v"
	out=$(tc -n "$near" -s filter show dev "mt$v" ingress |
	      grep -oE "Sent [0-9]+ bytes [0-9]+ pkt" | tr '\n' ' ')
	check_eq "$out" "Sent 252 bytes 3 pkt Sent 312 bytes 3 pkt " "ingress"
	out=$(tc -n "$near" -s filter show dev "mt$v" egress |
	      grep -oE "Sent [0-9]+ bytes [0-9]+ pkt" | tr '\n' ' ')
	check_eq "$out" "Sent 252 bytes 3 pkt Sent 312 bytes 3 pkt " "egress"

	# They can drop, which is nothing that the tunnel did.
	tc -n "$near" -batch - <<-EOF
		filter del dev mt$v egress
		filter add dev mt$v egress protocol ip prio 1 u32 match ip dst 10.8.$v.1/32 action drop
	EOF
	snapshot BEFORE "$near"
	in_ns "$lan" ping -q -n -c 3 -i 0.01 -W 0.2 "10.8.$v.1" > /dev/null 2>&1
	check_fail $? "ping, dropped at egress"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "dropped at egress" "mt$v" tx_packets 0 \
		"mt$v" drops 0
	tc -n "$near" -batch - <<-EOF
		filter del dev mt$v egress
		filter del dev mt$v ingress
		filter add dev mt$v ingress protocol ip prio 1 u32 match ip src 10.8.$v.1/32 action drop
	EOF
	in_ns "$lan" ping -q -n -c 3 -i 0.01 -W 0.2 "10.8.$v.1" > /dev/null 2>&1
	check_fail $? "ping, dropped at ingress"
	snapshot BEFORE "$near"
	check_grown AFTER BEFORE "dropped at ingress" "mt$v" tx_packets 3 \
		"mt$v" rx_packets 3 "mt$v" drops 0
	tc -n "$near" qdisc del dev "mt$v" clsact
	pings "$v"
	log_test "$text"
}

# What a rule forwards as it has come in by Ethernet is sent without that.
fwd_test()
{
	local v=$1

	way_back "$v"
	rules "$near" <<-EOF
		table netdev t {
			chain in {
				type filter hook ingress device l0 priority 0;
				ip daddr 10.8.$v.1 counter fwd to "mt$v"
				ip6 daddr 2001:db8:8:$v::1 counter fwd to "mt$v"
			}
		}
	EOF
	snapshot BEFORE "$near"
	pings "$v"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "forwarded by a rule" "mt$v" tx_packets 6 \
		"mt$v" rx_packets 6 "mt$v" drops 0
	check_eq "$(in_ns "$near" nft list table netdev t | grep -c "packets 3 ")" 2 \
		"packets that the rule has forwarded"
	# What GRO has gathered, onto a device that leaves cutting it to the stack
	in_ns "$near" ethtool -K u0 tx-gre-segmentation off tx-gre-csum-segmentation off \
		> /dev/null
	check_err $? "ethtool"
	ip -n "$lan" link set s0 mtu 1400
	tcp_check "$lan" "$far" "10.8.$v.1" 5001 300000
	check_err $? "TCP over IPv4"
	tcp_check "$lan" "$far" "2001:db8:8:$v::1" 5001 300000
	check_err $? "TCP over IPv6"
	ip -n "$lan" link set s0 mtu 1500
	in_ns "$near" ethtool -K u0 tx-gre-segmentation on tx-gre-csum-segmentation on \
		> /dev/null
	check_eq "$(in_ns "$near" nft list table netdev t |
		awk '/packets/ { for (i = 1; i < NF; i++) {
			if ($i == "packets") n = $(i + 1)
			if ($i == "bytes" && $(i + 1) > 300000 && $(i + 1) > 2000 * n) big++
		} } END { print big }')" 2 "rules with packets larger than s0 has"
	in_ns "$near" nft delete table netdev t
	log_test "IPv$v: forwarded by a rule at ingress"
}

# What comes with a tag of a VLAN, which is beside the packet and not in it, and never
# meets the stack: outside there is no such VLAN.
xdp_test()
{
	local v=$1 pid

	ip_batch "$lan" <<-EOF
		link add link s0 name s5 type vlan id 5
		link set s5 addrgenmode none
		addr add 10.7.0.2/24 dev s5
		link set s5 up
		neigh add 10.7.0.1 lladdr $(in_ns "$near" cat /sys/class/net/l0/address) dev s5
		route add 10.8.$v.2 via 10.7.0.1
	EOF
	check_err $? "a VLAN"
	in_bg "$near" "$TMP/xdp$v" "$PYTHON" "$TEST_DIR/xdp.py" l0 "mt$v"
	pid=$BG_PID
	slowwait_for grep -q ready "$TMP/xdp$v"
	check_err $? "XDP: $(cat "$TMP/xdp$v")"
	snapshot BEFORE "$far"
	in_ns "$lan" ping -q -n -c 3 -i 0.01 -W 0.2 "10.8.$v.2" > /dev/null 2>&1
	slowwait_for_counter "$far" "mt$v" rx_packets $((${BEFORE["mt$v rx_packets"]} + 2))
	snapshot AFTER "$far"
	# as is what Linux tells its neighbours by itself
	[ $((${AFTER["mt$v rx_packets"]} - ${BEFORE["mt$v rx_packets"]})) -ge 3 ]
	check_err $? "packets that were led there do not arrive"
	check_grown BEFORE AFTER "led there by XDP" "mt$v" drops 0
	stop_bg "$pid"
	ip -n "$lan" link del s5
	log_test "IPv$v: led to the tunnel by XDP, with a tag of a VLAN"
}

rpfilter_drops()
{
	in_ns "$near" cat /proc/net/netstat | awk '
		/^TcpExt:/ && !n { n = split($0, name); next }
		/^TcpExt:/ { split($0, value)
			for (i in name)
				if (name[i] == "IPReversePathFilter")
					print value[i] }'
}

# A source that would not be reached by the tunnel is no source of the tunnel.
rp_filter_test()
{
	local v=$1 before

	way_back "$v"
	in_ns "$near" sh -c "echo 1 > /proc/sys/net/ipv4/conf/mt$v/rp_filter
		echo 1 > /proc/sys/net/ipv4/conf/u0/rp_filter"
	pings "$v"
	# 10.9.0.77 would be in lan.
	ip -n "$far" addr add 10.9.0.77/32 dev lo
	rules "$lan" <<-EOF
		table inet t {
			counter spoofed { }
			chain c_pre {
				type filter hook prerouting priority 0;
				ip saddr 10.9.0.77 counter name spoofed
			}
		}
	EOF
	before=$(rpfilter_drops)
	snapshot BEFORE "$near"
	in_ns "$far" ping -q -n -c 3 -i 0.01 -W 0.2 -I 10.9.0.77 10.9.0.2 \
		> /dev/null 2>&1
	check_fail $? "ping from 10.9.0.77"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "spoofed" "mt$v" rx_packets 3 "mt$v" drops 0
	check_eq "$(($(rpfilter_drops) - before))" 3 "IPReversePathFilter"
	check_eq "$(packets "$lan" spoofed)" "spoofed=0" "seen by lan"
	ip -n "$far" addr del 10.9.0.77/32 dev lo
	rules_gone "$lan"
	in_ns "$near" sh -c "echo 0 > /proc/sys/net/ipv4/conf/mt$v/rp_filter
		echo 0 > /proc/sys/net/ipv4/conf/u0/rp_filter"
	log_test "IPv$v: strict rp_filter on the tunnel"
}

# Who inspects the outer packets gives his verdict in a process, and there they go on.
# queue_up MATCH...: what near receives by u0, and matches, waits for a process
queue_up()
{
	rules "$near" <<-EOF
		table inet t {
			chain in {
				type filter hook ${HOOK:-input} priority ${PRIORITY:--10};
				$(printf 'iifname u0 %s queue num 7\n' "$@")
			}
		}
	EOF
	queue_start "$near"
}

# queue_down VERDICTS: how many there were
queue_down()
{
	queue_stop "$1"
	rules_gone "$near"
}

# queue_test FAMILY [early]
queue_test()
{
	local v=$1 rx=${2:-local}

	mt "$near" netns set rx "$rx"
	if [ "$rx" = early ]; then
		HOOK=prerouting PRIORITY=-400 queue_up "meta l4proto gre"
	else
		queue_up "meta l4proto gre"
	fi
	snapshot BEFORE "$near"
	way_back "$v"
	pings "$v"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "queued" "mt$v" rx_packets 6 "mt$v" drops 0
	queue_down 6
	mt "$near" netns set rx local
	log_test "IPv$v: packets that were queued, received $rx"
}

# Far has no such tunnel, and says so.
queue_errors_test()
{
	local v=$1

	queue_up "icmp type destination-unreachable" \
		"icmpv6 type { parameter-problem, destination-unreachable }"
	snapshot BEFORE "$near"
	mt "$far" tunnel set "mt$v" key 99
	in_ns "$lan" ping -q -n -c 1 -W 1 "10.8.$v.1" > /dev/null
	check_fail $? "ping"
	slowwait_for_counter "$near" "mt$v" icmp_errors \
		$((${BEFORE["mt$v icmp_errors"]} + 1)) > /dev/null
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "queued" "mt$v" icmp_errors 1
	mt "$far" tunnel set "mt$v" key none
	queue_down 1
	log_test "IPv$v: ICMP errors that were queued"
}

held()
{
	[ "$(in_ns "$near" awk '$1 == 7 { print $3 }' /proc/net/netfilter/nfnetlink_queue)" = "$1" ]
}

# What a tunnel sends comes from the router, to rules and queues: it does not hold the
# device, which may be in another namespace, and does not go with it.
held_test()
{
	local v=$1 here=192.0.2.1 there=192.0.2.2

	[ "$v" = 4 ] || { here=2001:db8::1; there=2001:db8::2; }
	setup_ns away
	mt "$near" tunnel add away0 local $here remote $there key 77
	ip -n "$near" link set away0 netns "$away"
	ip_batch "$away" <<-EOF
		addr add 10.0.9.1/24 dev away0
		link set away0 up
	EOF
	rules "$near" <<-EOF
		table inet t {
			counter came { }
			counter from_away0 { }
			counter went { }
			chain held {
				type filter hook postrouting priority 0;
				oifname u0 meta l4proto gre counter name came
				oifname u0 meta l4proto gre iifname away0 counter name from_away0
				oifname u0 meta l4proto gre queue num 7
			}
			chain behind {
				type filter hook postrouting priority 10;
				oifname u0 meta l4proto gre counter name went
			}
		}
	EOF
	queue_start "$near"
	kill -STOP "$QUEUE"
	in_ns "$away" ping -q -n -c 1 -W 0.2 10.0.9.2 > /dev/null
	check_fail $? "ping"
	slowwait_for held 1
	check_err $? "nothing waits: $(packets "$near" came)"
	in_bg "$near" /dev/null "$MTCTL" -n "$away" tunnel del away0
	slowwait_for has_ended "$BG_PID"
	check_err $? "the device does not go"
	kill -CONT "$QUEUE"
	slowwait_for held 0
	check_err $? "there is no verdict"
	check_eq "$(packets "$near" came from_away0 went)" \
		"came=1 from_away0=0 went=1" "packets"
	queue_down 1
	log_test "IPv$v: a device goes while a packet of it waits for a verdict"
}

setup_prepare
run_tests "$@"
