#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Four nodes serve one anycast address in IPsec. One of them has the states, the others
# get them by "mtctl ipsec replicate".
#
#            +-- n1
#   far -----+-- n2    front sends each packet for the nodes to the next one
#     front  +-- n3
#            +-- n4
#
#   nodes  192.0.2.1 and 2001:db8::1; in e4, e6 (ESP) and g4 (GRE in ESP) 10.9.V.1/24
#   far    192.0.2.2 and 2001:db8::2; in x4, x6 (xfrm) and g4 (ip_gre) 10.9.V.2/24
#          V: 4, 6, and 7 for GRE
#   links  10.3.N.1/24 (front), 10.3.N.2/24 (node N); 10.2.0.1/24 (front), .2 (far)
#
# What is not ESP, as IKE, goes to n1, or to the node that negotiates in its place. The
# if_id of e4 is another one at each node: 41 to 44; of e6, 61 to 64.
#
# MTUN_IVS	packets of each node and cipher of which the IVs are compared, default
#		2500; a million in all are 250000

ALL_TESTS="refused_test cipher_test spread_test:4 spread_test:6 spread_test:7 same_test
	   again_test broken_test late_test taken_test follow_test rekey_test secret_test
	   deleted_test replay_test:0 replay_test:64 iv_test:GCM iv_test:CHACHA
	   iv_test:CBC ike_test handover_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"
. "$TEST_DIR/ike_lib.sh"

IVS=${MTUN_IVS:-2500}
# shellcheck disable=SC2034
CHACHA="aead rfc7539esp(chacha20,poly1305) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223 128"
KEY=000102030405060708090a0b0c0d0e0f	# of any of them

need_mtun
need_command ip nft tcpdump ping "$PYTHON"
need_module veth ip_gre esp4 esp6 xfrm_interface

# The name of tunnel V
T=([4]=e4 [6]=e6 [7]=g4)

setup_prepare()
{
	local n ns

	setup_ns far front n1 n2 n3 n4
	# What comes through tunnels is counted: nobody shall ask for routers meanwhile.
	for ns in "$far" "$n1" "$n2" "$n3" "$n4"; do
		in_ns "$ns" sysctl -qw net.ipv6.conf.default.router_solicitations=0
	done
	ip -n "$far" link add u0 type veth peer name f0 netns "$front"
	ip_batch "$far" <<-EOF
		addr add 10.2.0.2/24 dev u0
		addr add 2001:db8:20::2/64 dev u0
		addr add 192.0.2.2/32 dev lo
		addr add 2001:db8::2/128 dev lo nodad
		link set u0 up
		route add default via 10.2.0.1 src 192.0.2.2
		route add default via 2001:db8:20::1 src 2001:db8::2
		link add x4 type xfrm if_id 4
		link add x6 type xfrm if_id 6
		link add g4 type gre local 192.0.2.2 remote 192.0.2.1
		link set x4 addrgenmode none mtu 1400
		link set x6 addrgenmode none mtu 1400
		addr add 10.9.4.2/24 dev x4
		addr add 10.9.6.2/24 dev x6
		addr add 10.9.7.2/24 dev g4
		link set x4 up
		link set x6 up
		link set g4 up
	EOF
	check_err $? "far" || exit $ksft_fail
	ip_batch "$front" <<-EOF
		addr add 10.2.0.1/24 dev f0
		addr add 2001:db8:20::1/64 dev f0
		link set f0 up
		route add 192.0.2.2 via 10.2.0.2
		route add 2001:db8::2 via 2001:db8:20::2
	EOF
	for n in 1 2 3 4; do
		ns=n$n
		setup_node "$n" "${!ns}"
	done
	ip_batch "$front" <<-EOF
		route add 192.0.2.1 via 10.3.1.2
		route add 2001:db8::1 via 2001:db8:31::2
	EOF
	setup_router "$front"
	in_ns "$front" nft -f - <<-EOF
		table inet spread {
			chain spread {
				type filter hook prerouting priority -290;
				ip protocol esp ip daddr 192.0.2.1 meta mark set numgen inc mod 4 offset 1
				ip6 nexthdr esp ip6 daddr 2001:db8::1 meta mark set numgen inc mod 4 offset 1
			}
		}
	EOF
	check_err $? "nft" || exit $ksft_fail
	near=$n1
}

# setup_node N NS
setup_node()
{
	local n=$1 ns=$2

	ip -n "$front" link add "n$n" type veth peer name u0 netns "$ns"
	ip_batch "$front" <<-EOF
		addr add 10.3.$n.1/24 dev n$n
		addr add 2001:db8:3$n::1/64 dev n$n
		link set n$n up
		rule add fwmark $n lookup 10$n
		route add default via 10.3.$n.2 table 10$n
	EOF
	ip -n "$front" -6 rule add fwmark "$n" lookup "10$n"
	ip -n "$front" route add default via "2001:db8:3$n::2" table "10$n"
	ip_batch "$ns" <<-EOF
		addr add 10.3.$n.2/24 dev u0
		addr add 2001:db8:3$n::2/64 dev u0
		link set u0 up
		route add local 192.0.2.1 dev lo
		route add local 2001:db8::1 dev lo
		route add default via 10.3.$n.1
		route add default via 2001:db8:3$n::1
	EOF
	mt "$ns" -b - <<-EOF || exit $ksft_fail
		tunnel add e4 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id 4$n anycast on up on
		tunnel add e6 local 2001:db8::1 remote 2001:db8::2 mode ipsec if-id 6$n anycast on up on
		tunnel add g4 local 192.0.2.1 remote 192.0.2.2 ipsec required anycast on up on
	EOF
	ip_batch "$ns" <<-EOF
		addr add 10.9.4.1/24 dev e4
		addr add 10.9.6.1/24 dev e6
		addr add 10.9.7.1/24 dev g4
	EOF
}

# of V: the family of the wire, what a state has, and where it stands (near or far)
wire_of() { [ "$1" = 7 ] && echo 4 || echo "$1"; }
id_of() { [ "$1" = 7 ] || { [ "$2" = "$far" ] && echo "$1" || echo "${1}1"; }; }
mode_of() { [ "$1" = 7 ] && echo transport || echo tunnel; }

# sa NS to|from V [WORDS]: in one of the rounds of one digit
sa()
{
	IF_ID=$(id_of "$3" "$1") MODE=$(mode_of "$3") ROUND=${ROUND:-1}$3 \
		state "$1" "$2" "$(wire_of "$3")" "${4:-}"
}

# sa_del NS to|from V
sa_del()
{
	local v dst d=1

	v=$(wire_of "$3")
	dst=${A2[v]}
	[ "$2" = to ] || { dst=${A1[v]} d=2; }
	ip -n "$1" xfrm state delete dst "$dst" src "$(
		[ "$2" = to ] && echo "${A1[v]}" || echo "${A2[v]}")" \
		proto esp spi "0x${ROUND:-1}$3$v$d"
	check_err $? "deleting a state"
}

# policies_of NS V
policies_of()
{
	local ns=$1 v=$2 w here there id

	w=$(wire_of "$v")
	if [ "$v" = 7 ]; then
		MODE=transport policy "$ns" to 4
		MODE=transport policy "$ns" from 4
		return
	fi
	here=${A1[w]} there=${A2[w]} id=$(id_of "$v" "$ns")
	[ "$ns" != "$far" ] || { here=${A2[w]} there=${A1[w]}; }
	ip_batch "$ns" <<-EOF
		xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out tmpl src $here dst $there proto esp reqid 1 mode tunnel if_id $id
		xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in tmpl src $there dst $here proto esp reqid 1 mode tunnel if_id $id
		xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir fwd tmpl src $there dst $here proto esp reqid 1 mode tunnel if_id $id
	EOF
	check_err $? "policies"
}

# up V [WORDS]: at far and at n1
up()
{
	local ns

	for ns in "$far" "$n1"; do
		sa "$ns" to "$1" "${2:-}"
		sa "$ns" from "$1" "${2:-}"
		policies_of "$ns" "$1"
	done
}

down()
{
	local ns

	for ns in "$far" "$n1" "$n2" "$n3" "$n4"; do
		ip_batch "$ns" <<-EOF
			xfrm policy flush
			xfrm state flush
		EOF
	done
}

# replicate TUNNEL...: to the three others
replicate()
{
	local ns

	for ns in "$n2" "$n3" "$n4"; do
		mt "$n1" ipsec replicate "$@" | mt "$ns" ipsec replicate -apply \
			> "$TMP/applied"
		check_err $? "replicating $*"
	done
}

# listed NS: all that it has
listed()
{
	ip -n "$1" xfrm state
	ip -n "$1" xfrm policy
}

# says TEXT COMMAND...: it fails, and why
says()
{
	local text=$1 out; shift

	out=$("$@" 2>&1 < /dev/null)
	check_fail $? "$* should fail"
	check_match "$out" "$text" "$*"
}

block()
{
	(umask 077; mt "$n1" ipsec replicate "$@" > "$TMP/block")
}

refused_test()
{
	local out

	up 4
	says "name the tunnels" mt "$n1" ipsec replicate
	says "for the other end" mt "$n1" ipsec replicate -apply e4
	says "for the other end" mt "$n1" ipsec replicate -apply -follow
	says "e9" mt "$n1" ipsec replicate e9
	says "e4 and e4 have the same states" mt "$n1" ipsec replicate e4 e4
	says "nothing came" mt "$n2" ipsec replicate -apply
	mt "$n1" tunnel set e4 anycast off
	says "anycast on" mt "$n1" ipsec replicate e4
	mt "$n1" tunnel set e4 anycast on
	mt "$n1" tunnel set g4 ipsec off
	says "ipsec required" mt "$n1" ipsec replicate g4
	mt "$n1" tunnel set g4 ipsec required

	(umask 022; mt "$n1" ipsec replicate e4 > "$TMP/open" 2> "$TMP/said")
	check_fail $? "keys into a file that all may read"
	check_match "$(cat "$TMP/said")" "umask 077" "what to do"
	[ ! -s "$TMP/open" ]
	check_err $? "something was written"
	mkfifo -m 644 "$TMP/fifo"
	cat "$TMP/fifo" > "$TMP/open" &
	mt "$n1" ipsec replicate e4 > "$TMP/fifo" 2> "$TMP/said"
	check_fail $? "keys into a pipe that all may read"
	check_match "$(cat "$TMP/said")" "umask 077" "what to do about a pipe"
	(umask 077; : > "$TMP/theirs")
	chown nobody "$TMP/theirs"
	mt "$n1" ipsec replicate e4 >> "$TMP/theirs" 2> "$TMP/said"
	check_fail $? "keys into a file of another user"
	check_match "$(cat "$TMP/said")" "another user's" "whose file it is"
	[ ! -s "$TMP/open" ] && [ ! -s "$TMP/theirs" ]
	check_err $? "something was written, after all"
	block e4
	check_err $? "into a file of one's own"
	grep -q "$KEY" "$TMP/block"
	check_err $? "there are no keys in it"
	out=$("$PYTHON" -c 'import pty, sys; pty.spawn(sys.argv[1:])' \
		"$MTCTL" -n "$n1" ipsec replicate e4 < /dev/null)
	check_match "$out" "keys are no text for a terminal" "a terminal"
	[[ $out != *"$KEY"* ]]
	check_err $? "a key on a terminal"

	mt "$n2" tunnel set e4 remote 192.0.2.9
	says "has to be the same tunnel" sh -c "'$MTCTL' -n $n2 ipsec replicate -apply < $TMP/block"
	mt "$n2" tunnel set e4 remote 192.0.2.2 anycast off
	says "anycast on" sh -c "'$MTCTL' -n $n2 ipsec replicate -apply < $TMP/block"
	mt "$n2" tunnel set e4 anycast on
	check_eq "$(listed "$n2")" "" "what n2 has"
	down
	log_test "what makes no sense, or would show keys"
}

AUTH="auth-trunc hmac(sha256) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 128"
NULL="$AUTH enc ecb(cipher_null) \"\""
CTR="$AUTH enc rfc3686(ctr(aes)) 0x000102030405060708090a0b0c0d0e0f10111213"
DES="$AUTH enc cbc(des3_ede) 0x000102030405060708090a0b0c0d0e0f1011121314151617"
GMAC="aead rfc4543(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128"
CCM="aead rfc4309(ccm(aes)) 0x000102030405060708090a0b0c0d0e0f101112 128"

# cipher_refused TEXT CIPHER [WORDS]: one of n1's states has it
cipher_refused()
{
	local CIPHER=$2

	if IF_ID=41 MODE=tunnel state_line to 4 "${3:-}" |
			ip_batch "$n1" 2> "$TMP/said"; then
		says "state 0000.*$1" mt "$n1" ipsec replicate e4
		ip -n "$n1" xfrm state flush
	else
		check_err 1 "no state: $(cat "$TMP/said")"
	fi
}

cipher_test()
{
	cipher_refused "(proves|hides) nothing" "$GMAC"
	cipher_refused "hides nothing" "$NULL"
	cipher_refused "is not among those" "$CTR"
	cipher_refused "is not among those" "$CCM"
	cipher_refused "has IVs of 64 bits" "$DES"
	cipher_refused "extended sequence numbers" "$GCM" "replay-window 64 flag esn"
	cipher_refused "oseq-may-wrap" "$GCM" "extra-flag oseq-may-wrap"
	log_test "ciphers whose nonces might be the same on two nodes"
}

# Each answers what it receives, by states of its own.
spread_test()
{
	local v=$1 n ns
	local -A was1 was2 was3 was4 is1 is2 is3 is4

	up "$v"
	replicate "${T[v]}"
	for n in 1 2 3 4; do
		ns=n$n
		snapshot "was$n" "${!ns}"
	done
	in_ns "$far" ping -q -n -c 40 -i 0.01 -W "$WAIT_TIMEOUT" "10.9.$v.1" > "$TMP/pings" 2>&1
	check_match "$(cat "$TMP/pings")" " 0% packet loss" "pings"
	for n in 1 2 3 4; do
		ns=n$n
		snapshot "is$n" "${!ns}"
		check_grown "was$n" "is$n" "node $n" "${T[v]}" rx_packets 10 \
			"${T[v]}" tx_packets 10 "${T[v]}" drops 0
	done
	down
	log_test "${T[v]}: four nodes receive and send"
}

# state_of NS DST: without what is its own, and the if_id
state_of()
{
	ip -n "$1" xfrm state list dst "$2" | sed -e "s/if_id 0x[0-9a-f]*/if_id/" \
		-e "/anti-replay context/d"
}

# limits_of NS DST
limits_of()
{
	ip -n "$1" -s xfrm state list dst "$2" |
		sed -n -e "/lifetime config/,/lifetime current/p" | grep limit
	ip -n "$1" -s xfrm state list dst "$2" |
		grep -E "expire (add|use)"
}

added_at()
{
	date -d "$(ip -n "$1" -s xfrm state list dst "$2" |
		sed -n 's/^[[:space:]]*add \([0-9].*\) use .*/\1/p')" +%s
}

same_test()
{
	local took words="limit byte-soft 1000000 limit byte-hard 2000000 limit packet-soft 7000 limit packet-hard 8000 limit time-soft 3000 limit time-hard 4000" dst a b

	sa "$n1" to 4 "$words output-mark 7 mask 255 flag nopmtudisc extra-flag dont-encap-dscp tfcpad 900"
	sa "$n1" from 4 "$words replay-window 4096 encap espinudp 4500 60000 0.0.0.0 mark 5 mask 255"
	policies_of "$n1" 4
	ip -n "$n1" xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out mark 6 mask 7 \
		priority 9 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 \
		mode tunnel if_id 41
	check_err $? "a policy with a mark"
	sleep 3
	took=$SECONDS
	replicate e4
	took=$((SECONDS - took + 1))
	for dst in 192.0.2.1 192.0.2.2; do
		check_match "$(state_of "$n1" $dst)" "proto esp spi" "a state to $dst"
		check_eq "$(state_of "$n2" $dst)" "$(state_of "$n1" $dst)" \
			"the state to $dst"
		case $dst in
		192.0.2.1)	# of what is received: only of time
			check_eq "$(limits_of "$n2" $dst)" \
				"$(limits_of "$n1" $dst | sed "s/[0-9]*\((bytes)\|(packets)\)/(INF)\1/g")" \
				"limits of the state to $dst" ;;
		*)
			check_eq "$(limits_of "$n2" $dst)" "$(limits_of "$n1" $dst)" \
				"limits of the state to $dst"
			check_match "$(limits_of "$n2" $dst)" "8000" "a limit" ;;
		esac
		a=$(added_at "$n1" $dst)
		b=$(added_at "$n2" $dst)
		[ $((b - a)) -ge 0 ] && [ $((b - a)) -le $took ]
		check_err $? "the state to $dst is of $a there and of $b here"
		check_match "$(ip -n "$n2" xfrm state list dst $dst)" "if_id 0x2a" \
			"if_id 42 of $dst"
	done
	check_match "$(state_of "$n2" 192.0.2.1)" "replay_window 4096" "window"
	check_match "$(state_of "$n2" 192.0.2.1)" "mark 0x5/0xff" "mark of a state"
	check_match "$(ip -n "$n2" xfrm policy)" "mark 0x6/0x7" "mark of a policy"
	check_eq "$(ip -n "$n2" xfrm policy | sed "s/if_id 0x.*/if_id/")" \
		"$(ip -n "$n1" xfrm policy | sed "s/if_id 0x.*/if_id/")" "policies"
	check_eq "$(ip -n "$n2" xfrm policy | grep -c "if_id 0x2a")" 4 \
		"policies with if_id 42"
	# what has a mark is found by it, to be deleted
	ip_batch "$n1" <<-EOF
		xfrm policy flush
		xfrm state flush
	EOF
	replicate e4
	check_eq "$(listed "$n2")" "" "what n2 has at last"
	down
	log_test "marks, limits, age and if_id"
}

# A state that stays draws no other random bytes, and its numbers go on.
again_test()
{
	local before

	up 4
	replicate e4
	ping_now "$n2" 10.9.4.2
	before=$(ip -n "$n2" xfrm state list dst 192.0.2.2)
	check_match "$before" "oseq 0x[1-9a-f]" "its numbers"
	replicate e4
	check_match "$(cat "$TMP/applied")" "2 states, 3 policies: 0 set, 0 removed" "said"
	check_eq "$(ip -n "$n2" xfrm state list dst 192.0.2.2)" "$before" "the state"
	check_match "$(block e4; mt "$n2" -j ipsec replicate -apply < "$TMP/block")" \
		'"states": ?2, ?"policies": ?3, ?"set": ?0, ?"removed": ?0' "JSON"
	down
	log_test "what is there already stays"
}

broken_test()
{
	local size n before

	up 4
	replicate e4
	before=$(listed "$n2")
	ROUND=2
	up 6
	sa "$n1" to 4
	sa "$n1" from 4
	block e4 e6
	size=$(wc -c < "$TMP/block")
	check_eq "$(grep -c "^tunnel" "$TMP/block")" 2 "tunnels"
	for n in 10 $((size / 3)) $((size / 2)) $((size - 60)) $((size - 2)) $((size - 1)); do
		says "ends in the middle" sh -c "head -c $n '$TMP/block' |
			'$MTCTL' -n $n2 ipsec replicate -apply"
		check_eq "$(listed "$n2")" "$before" "after $n of $size bytes"
	done
	says "ends in the middle" sh -c "head -n 3 '$TMP/block' |
		'$MTCTL' -n $n2 ipsec replicate -apply"
	says "something was lost" sh -c "sed 4d '$TMP/block' |
		'$MTCTL' -n $n2 ipsec replicate -apply"
	says "does not know" sh -c "sed '4s/ spi / toy 1 spi /' '$TMP/block' |
		'$MTCTL' -n $n2 ipsec replicate -apply"
	says "version 9" sh -c "sed '1s/2/9/' '$TMP/block' |
		'$MTCTL' -n $n2 ipsec replicate -apply"
	says "is not what" sh -c "echo no such host |
		'$MTCTL' -n $n2 ipsec replicate -apply"
	check_eq "$(listed "$n2")" "$before" "after all of them"
	mt "$n2" ipsec replicate -apply < "$TMP/block" > /dev/null
	check_err $? "the whole"
	check_eq "$(ip -n "$n2" xfrm state | grep -c "proto esp")" 6 "states then"
	unset ROUND
	down
	log_test "a stream that is cut or changed changes nothing"
}

# What ssh delivers when something later has come by another connection
late_test()
{
	local before i old pids=()

	up 4
	up 6
	block e4
	cp "$TMP/block" "$TMP/early"
	block e6
	cp "$TMP/block" "$TMP/other"
	ROUND=2 sa "$n1" from 4
	sa_del "$n1" from 4
	block e4
	mt "$n2" ipsec replicate -apply < "$TMP/block" > /dev/null
	check_err $? "the later one"
	before=$(listed "$n2")
	says "e4: a later block than this one has come already; nothing was changed" \
		sh -c "'$MTCTL' -n $n2 ipsec replicate -apply < $TMP/early"
	check_eq "$(listed "$n2")" "$before" "what n2 has"
	mt "$n3" ipsec replicate -apply < "$TMP/early" > /dev/null
	check_err $? "it is the first one at another node"
	mt "$n2" ipsec replicate -apply < "$TMP/other" > /dev/null
	check_err $? "it is the first one of another tunnel"

	# Another machine has taken over: what the first one still sends by a stream that is
	# older than that one's is late as well. (The sum is not for those who mean it.)
	rm -f "$TMP/stream"
	mkfifo -m 600 "$TMP/stream"
	in_bg "$n2" "$TMP/old" sh -c "exec '$MTCTL' ipsec replicate -apply < '$TMP/stream'"
	old=$BG_PID
	exec 5> "$TMP/stream"
	cat "$TMP/block" >&5
	slowwait_for grep -q "2 states" "$TMP/old"
	check_err $? "the older stream does not work: $(cat "$TMP/old")"
	"$PYTHON" -I -S - "$TMP/block" > "$TMP/taken_over" <<-'EOF'
		import sys
		lines = [x.rstrip("\n") for x in open(sys.argv[1])][:-1]
		lines[1] = "made boot 0 ns 1"
		total = 0xcbf29ce484222325
		for line in lines:
		    for c in line.encode():
		        total = (total ^ c) * 0x100000001b3 % 2 ** 64
		    total = (total ^ 10) * 0x100000001b3 % 2 ** 64
		print(*lines, "end %d %016x" % (len(lines), total), sep="\n")
	EOF
	mt "$n2" ipsec replicate -apply < "$TMP/taken_over" > /dev/null
	check_err $? "of another machine, by a younger stream"
	cat "$TMP/block" >&5
	exec 5>&-
	slowwait_for has_ended "$old"
	wait "$old"
	check_fail $? "a block of the first machine, by the older stream"
	check_match "$(cat "$TMP/old")" "e4: a later block" "why"
	mt "$n2" ipsec replicate -apply < "$TMP/block" > /dev/null
	check_err $? "the first machine again, by a younger stream"

	ip_batch "$n2" <<-EOF
		xfrm policy flush
		xfrm state flush
	EOF
	for i in 1 2 3; do
		in_bg "$n2" "$TMP/applied$i" sh -c \
			"exec '$MTCTL' ipsec replicate -apply < '$TMP/block'"
		pids+=("$BG_PID")
	done
	for i in "${pids[@]}"; do
		wait "$i"
		check_err $? "the later one again, three times at once"
	done
	check_eq "$(grep -h -o "[05] set" "$TMP"/applied[123] | sort | xargs)" \
		"0 set 0 set 5 set" "what each of them has set"
	down
	log_test "a block that comes late is not taken"
}

# What the kernel refuses in the middle: somebody else has the SPI.
taken_test()
{
	local before

	up 4
	ip -n "$n2" xfrm state add src 192.0.2.9 dst 192.0.2.2 proto esp \
		spi 0x1441 reqid 9 mode tunnel if_id 9 aead "rfc4106(gcm(aes))" \
		0x9999999999999999999999999999999999999999 128
	check_err $? "a state"
	ROUND=3
	IF_ID=42 MODE=tunnel state "$n2" from 4
	unset ROUND
	before=$(listed "$n2")
	block e4
	says "state 00001441 to 192.0.2.2: .*nothing was changed" \
		sh -c "'$MTCTL' -n $n2 ipsec replicate -apply < $TMP/block"
	check_eq "$(listed "$n2")" "$before" "what n2 has"
	down
	log_test "what was begun and cannot be finished is taken back"
}

declare -A WRITER READER

# follow_start TUNNEL...
follow_start()
{
	local n ns

	for n in 2 3 4; do
		ns=n$n
		rm -f "$TMP/fifo$n"
		mkfifo -m 600 "$TMP/fifo$n"
		in_bg "$n1" "$TMP/fifo$n" "$MTCTL" ipsec replicate "$@" -follow
		WRITER[$n]=$BG_PID
		in_bg "${!ns}" "$TMP/applied$n" sh -c \
			"exec '$MTCTL' ipsec replicate -apply < '$TMP/fifo$n'"
		READER[$n]=$BG_PID
	done
}

follow_stop()
{
	local n

	for n in 2 3 4; do
		stop_bg "${WRITER[$n]}"
		slowwait_for has_ended "${READER[$n]}"
		check_err $? "the reader of node $n goes on"
		wait "${READER[$n]}"
		check_err $? "it failed: $(cat "$TMP/applied$n")"
	done
}

# have SPIS: all of the three have these and no others, of e4
have()
{
	local n ns

	for n in 2 3 4; do
		ns=n$n
		[ "$(ip -n "${!ns}" xfrm state | sed -n 's/.*spi 0x0*\([0-9a-f]*\) .*/\1/p' |
			sort | xargs)" = "$1" ] || return 1
	done
}

check_have()
{
	slowwait_for have "$1"
	check_err $? "not \"$1\": $(ip -n "$n2" xfrm state | grep spi) $(cat "$TMP/applied2")"
}

no_policies()
{
	[ -z "$(ip -n "$1" xfrm policy)" ]
}

follow_test()
{
	up 4
	follow_start e4
	check_have "1441 1442"
	ROUND=2 sa "$n1" from 4
	check_have "1441 1442 2442"
	sa_del "$n1" from 4
	check_have "1441 2442"
	# another tunnel is nothing to these
	up 6
	ip -n "$n2" xfrm state add src 192.0.2.9 dst 192.0.2.8 proto esp \
		spi 0x999 reqid 9 mode tunnel if_id 9 aead "rfc4106(gcm(aes))" \
		0x9999999999999999999999999999999999999999 128
	ip -n "$n1" xfrm policy flush
	slowwait_for no_policies "$n2"
	check_err $? "policies: $(ip -n "$n2" xfrm policy)"
	ip -n "$n2" xfrm state delete src 192.0.2.9 dst 192.0.2.8 proto esp spi 0x999
	check_err $? "the state of somebody else has gone"
	follow_stop
	follow_start e4
	check_have "1441 2442"
	stop_bg "${READER[3]}" KILL
	slowwait_for has_ended "${WRITER[3]}"
	check_err $? "it goes on where nobody reads"
	stop_bg "${WRITER[2]}"
	stop_bg "${WRITER[4]}"
	down
	log_test "follows"
}

rekey_test()
{
	local n ns old=1
	local -A was1 was2 was3 was4 is1 is2 is3 is4

	up 4
	follow_start e4
	check_have "1441 1442"
	for n in 1 2 3 4; do
		ns=n$n
		snapshot "was$n" "${!ns}"
	done
	in_bg "$far" "$TMP/pings" ping -n -i 0.005 10.9.4.1
	PINGS=$BG_PID
	sleep 0.5
	for ROUND in 2 3 4; do
		# as an IKE daemon does: the one who receives is first
		sa "$n1" from 4
		check_have "${old}441 ${old}442 ${ROUND}442"
		sa "$far" to 4
		sa "$far" from 4
		sa "$n1" to 4
		check_have "${old}441 ${old}442 ${ROUND}441 ${ROUND}442"
		sleep 1.2
		ROUND=$old sa_del "$far" from 4
		ROUND=$old sa_del "$n1" to 4
		ROUND=$old sa_del "$n1" from 4
		check_have "${ROUND}441 ${ROUND}442"
		ROUND=$old sa_del "$far" to 4
		old=$ROUND
	done
	unset ROUND
	sleep 0.5
	stop_pings "$PINGS" "$TMP/pings"
	for n in 1 2 3 4; do
		ns=n$n
		snapshot "is$n" "${!ns}"
		check_grown "was$n" "is$n" "node $n" e4 drops 0
	done
	follow_stop
	down
	log_test "rekeyed under traffic: nothing is lost at any node"
}

secret_test()
{
	local p

	up 4
	follow_start e4
	check_have "1441 1442"
	for p in "${WRITER[@]}" "${READER[@]}"; do
		! tr '\0' '\n' < "/proc/$p/cmdline" | grep -qi "$KEY"
		check_err $? "a key in a list of processes"
	done
	! grep -qi "$KEY" "$TMP"/applied[234]
	check_err $? "a key in what the reader says"
	mt "$n2" export > "$TMP/export"
	! { cat "$TMP/export"; mt "$n2" ipsec show; mt "$n2" -j -d tunnel show; } |
		grep -qiE "$KEY|[0-9a-f]{32}"
	check_err $? "what looks like a key"
	! dmesg | grep -qi "$KEY"
	check_err $? "a key in the kernel's log"
	follow_stop
	block e4
	# what cannot be understood is told without it
	sed "s/$KEY/${KEY}zz/" "$TMP/block" | mt "$n2" ipsec replicate -apply \
		> "$TMP/said" 2>&1
	check_fail $? "a key that is none"
	! grep -qi "$KEY" "$TMP/said"
	check_err $? "a key in an error: $(cat "$TMP/said")"
	down
	log_test "keys are in nothing that others see"
}

# Without a node that negotiates, all fall silent, and nothing is in clear.
deleted_test()
{
	local v

	for v in 4 6 7; do
		up "$v"
	done
	follow_start e4 e6 g4
	check_have "1441 1442 1661 1662 1741 1742"
	ip -n "$n1" xfrm state flush
	check_have ""
	for v in 4 6 7; do
		snapshot BEFORE "$n2"
		lost_pings "$n2" "10.9.$v.2"
		snapshot AFTER "$n2"
		check_grown BEFORE AFTER "node 2" "${T[v]}" tx-ipsec 3 \
			"${T[v]}" drops 3 "${T[v]}" tx_packets 0
	done
	follow_stop
	down
	log_test "what is deleted at one is deleted at all"
}

# resend NODE...: what was captured by far, from front to each of these
resend()
{
	in_ns "$front" "$PYTHON" -I -S - "$TMP/esp" "$@" <<-'EOF'
		import socket, struct, sys
		data = open(sys.argv[1], "rb").read()
		size, = struct.unpack_from("=8xI", data, 24)
		packet = data[24 + 16 + 14:24 + 16 + size]
		for node in sys.argv[2:]:
		    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(node))
		    s.sendto(packet, ("192.0.2.1", 0))
	EOF
	check_err $? "sending it"
}

# A packet that comes to n2 twice, and to n3: without a window it is three packets; with
# one, n2 refuses it, and n3 knows nothing of it.
replay_test()
{
	local window=$1 refused=0
	local -A was2 was3 is2 is3

	[ "$window" = 0 ] || refused=1
	sa "$far" to 4
	sa "$far" from 4
	policies_of "$far" 4
	sa "$n1" to 4
	sa "$n1" from 4 "replay-window $window"
	policies_of "$n1" 4
	replicate e4
	in_ns "$front" nft "add table inet hold; add chain inet hold c { type filter hook prerouting priority -300; }; add rule inet hold c ip protocol esp drop"
	capture_start "$far" u0 "$TMP/esp" -Q out -c 1 "ip proto 50"
	check_err $? "no capture"
	in_ns "$far" ping -q -n -c 1 -W 0.2 10.9.4.1 > /dev/null 2>&1
	capture_wait "$CAPTURE_PID"
	check_err $? "no packet"
	in_ns "$front" nft delete table inet hold
	snapshot was2 "$n2"
	snapshot was3 "$n3"
	resend 2 2 3
	slowwait_for_counter "$n2" e4 rx_packets $((${was2["e4 rx_packets"]:-0} + 1 - refused))
	slowwait_for_counter "$n3" e4 rx_packets "${was3["e4 rx_packets"]:-0}"
	[ "$refused" = 0 ] || slowwait_for_counter "$n2" e4 rx-ipsec "${was2["e4 rx-ipsec"]:-0}"
	snapshot is2 "$n2"
	snapshot is3 "$n3"
	check_grown was2 is2 "twice" e4 rx_packets $((2 - refused)) \
		e4 rx-ipsec $refused e4 drops $refused
	check_grown was3 is3 "at another node" e4 rx_packets 1 e4 drops 0
	down
	log_test "a window of $window: replayed to one node, and to another"
}

# ivs FILE BYTES: how many packets, how many different IVs, and how many different
# nodes, by what is each node's own: the first half of an IV of 8 bytes
ivs()
{
	"$PYTHON" -I -S - "$@" <<-'EOF'
		import struct, sys
		size, at, n, ivs, nodes = int(sys.argv[2]), 24, 0, set(), set()
		with open(sys.argv[1], "rb") as f:
		    f.read(24)
		    while header := f.read(16):
		        frame = f.read(struct.unpack("=8xI4x", header)[0])
		        iv = frame[42:42 + size]
		        assert len(iv) == size
		        ivs.add(iv)
		        nodes.add(iv[:4])
		        n += 1
		print(n, len(ivs), len(nodes) if size == 8 else "many")
	EOF
}

captured()
{
	[ "$(stat -c %s "$TMP/ivs")" -ge $((24 + 80 * $1)) ]
}

# By each cipher that may be replicated
iv_test()
{
	local CIPHER=${!1} n ns i left bytes=8 nodes=4	# 64 bytes of each are captured

	[ "$1" != CBC ] || bytes=16 nodes=many
	up 4
	replicate e4
	echo 10.9.4.2 > "$TMP/to"
	capture_start "$far" u0 "$TMP/ivs" -Q in -B 65536 -s 64 "ip proto 50"
	check_err $? "no capture"
	for ((left = IVS; left > 0; left -= i)); do
		i=$((left < 5000 ? left : 5000))
		for n in 1 2 3 4; do
			ns=n$n
			in_ns "${!ns}" "$TRAFFIC" udp-each 9 $i "$TMP/to"
		done
		slowwait_for captured $((4 * (IVS - left + i)))
	done
	capture_stop "$CAPTURE_PID"
	check_eq "$(ivs "$TMP/ivs" $bytes)" "$((4 * IVS)) $((4 * IVS)) $nodes" \
		"packets, their IVs, nodes: $(tail -n 3 "$TMP/ivs.log")"
	# They would be seen if they were the same.
	head -c $((24 + 80 * 100)) "$TMP/ivs" > "$TMP/some"
	tail -c +25 "$TMP/some" | cat "$TMP/some" - > "$TMP/twice"
	check_match "$(ivs "$TMP/twice" $bytes)" "^200 100 " "some of them twice"
	rm -f "$TMP/ivs" "$TMP/some" "$TMP/twice"
	down
	log_test "$1: $((4 * IVS)) packets of four nodes, no IV twice"
}

spis()
{
	ip -n "$1" xfrm state | sed -n 's/.*spi \(0x[0-9a-f]*\) .*/\1/p' | sort | xargs
}

# all have what n1 has, which is not that; and n1 has one for each direction
all_have_other()
{
	local is

	is=$(spis "$n1")
	[[ $is == 0x*\ 0x* && $is != 0x*\ 0x*\ 0x* && $is != "$1" ]] &&
		[ "$(spis "$n2")" = "$is" ] && [ "$(spis "$n3")" = "$is" ] &&
		[ "$(spis "$n4")" = "$is" ]
}

# all_have_more SPIS: what n1 has, which is two beside these
all_have_more()
{
	local is

	is=$(spis "$n1")
	[ "$(wc -w <<< "$is")" -eq 4 ] && [ "$(comm -12 <(xargs -n 1 <<< "$1") \
		<(xargs -n 1 <<< "$is") | wc -l)" -eq 2 ] &&
		[ "$(spis "$n2")" = "$is" ] && [ "$(spis "$n3")" = "$is" ] &&
		[ "$(spis "$n4")" = "$is" ]
}

# check_pings MESSAGE: each of the nodes receives ten, and all of them are answered
check_pings()
{
	in_ns "$far" ping -q -n -c 40 -i 0.01 -W "$WAIT_TIMEOUT" 10.9.4.1 > "$TMP/pings" 2>&1
	check_match "$(cat "$TMP/pings")" " 0% packet loss" "$1: pings"
}

check_all_have_other()
{
	slowwait_for all_have_other "$1"
	check_err $? "$2: $(spis "$n1"), and others $(spis "$n2") $(cat "$TMP/applied2")"
	check_pings "$2"
}

has_strongswan()
{
	[ -x $CHARON ] && command -v swanctl > /dev/null
}

# negotiate: n1 with far, whose daemon runs if this is another node
negotiate()
{
	ip -n "$n1" addr add 192.0.2.1/32 dev lo
	mkdir -p "$TMP/near" "$TMP/far"
	# IKE would not tell it from e4, and no template is given.
	mt "$n1" tunnel set g4 ipsec off
	mt "$n1" ipsec template e4 > "$TMP/near/template" &&
		mt "$n1" ipsec template e4 -peer linux > "$TMP/far/template"
	check_err $? "templates"
	mt "$n1" tunnel set g4 ipsec required
	configured
	sed -i "s/if_id_\(in\|out\) = 4[12]/if_id_\1 = 4/" "$TMP/far/swanctl.conf"
	follow_start e4
	[ "$near" != "$n1" ] || start_charon far
	check_err $? "strongSwan does not run at far"
	near=$n1
	start_charon near
	check_err $? "strongSwan does not run"
}

ike_test()
{
	local was side sent came

	if ! has_strongswan; then
		log_skip "keys from strongSwan" "it is not installed"
		return
	fi
	negotiate
	check_all_have_other "" "negotiated"
	check_match "$(ip -n "$n2" -s xfrm state)" "hard 536870912\(packets\)" "limit"
	check_eq "$(ip -n "$n2" xfrm state | grep -c "replay-window 0")" 2 \
		"states without a window"
	in_bg "$far" "$TMP/all" ping -n -i 0.02 10.9.4.1
	PINGS=$BG_PID
	for side in near far near; do
		was=$(spis "$n1")
		swan $side --rekey --child e4 > "$TMP/said"
		check_err $? "$(tail -n 3 "$TMP/said")"
		check_all_have_other "$was" "rekeyed by $side"
	done
	stop_bg "$PINGS" INT
	# Until a node has been told, it does not know what far uses already.
	read -r sent came < <(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$TMP/all")
	# For each new pair a second at most, of 50 pings
	[ "$sent" -gt 0 ] && [ $((sent - came)) -le $((3 * 50 * ${MTUN_SLOW:-1})) ]
	check_err $? "$came of $sent pings were answered"
	stop_bg "${CHARON_PID[near]}"
	check_have ""
	follow_stop
	stop_bg "${CHARON_PID[far]}"
	ip -n "$n1" addr del 192.0.2.1/32 dev lo
	down
	log_test "keys from strongSwan, rekeyed by both ends under traffic: $sent sent, $came came"
}

# The node that negotiates dies. Another one does what it did, and is the one whose states
# all have from then on.
handover_test()
{
	local was spi one=$n1 two=$n2

	if ! has_strongswan; then
		log_skip "another node negotiates" "strongSwan is not installed"
		return
	fi
	negotiate
	check_all_have_other "" "negotiated"
	was=$(spis "$n1")
	stop_bg "${CHARON_PID[near]}" KILL
	check_pings "nobody negotiates"
	follow_stop

	local n1=$two n2=$one
	ip -n "$front" route replace 192.0.2.1 via 10.3.2.2
	negotiate
	# Those of the first node have their time still, and are the older ones.
	slowwait_for all_have_more "$was"
	check_told $? e4 "by another node: $(spis "$n1"), and others $(spis "$n2")"
	check_pings "by another node"
	for spi in $was; do
		ip -n "$n1" xfrm state list spi "$spi" |
			sed -n 's/^src \(.*\) dst \(.*\)/xfrm state delete src \1 dst \2 proto esp spi '"$spi/p" |
			ip_batch "$n1"
		check_err $? "deleting $spi"
	done
	check_all_have_other "$was" "without the old ones"
	check_match "$(mt "$n2" ipsec show e4)" "if-id 41 .*established" "the first one"
	stop_bg "${CHARON_PID[near]}"
	check_have ""
	follow_stop
	stop_bg "${CHARON_PID[far]}"
	ip -n "$front" route replace 192.0.2.1 via 10.3.1.2
	ip -n "$one" addr del 192.0.2.1/32 dev lo
	ip -n "$two" addr del 192.0.2.1/32 dev lo
	near=$one
	down
	log_test "the node that negotiates dies, and another one does"
}

setup_prepare
run_tests "$@"
