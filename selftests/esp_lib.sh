# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What tests of IPsec share: a wire between $near and $far, of which the packets are
# counted, and ESP by hand: in transport mode around GRE, if MODE does not say other. For
# a test that sources lib.sh before, and has set those two.

declare -A BEFORE AFTER
# By family: the ends of the wire
A1=([4]=192.0.2.1 [6]=2001:db8::1)
A2=([4]=192.0.2.2 [6]=2001:db8::2)

# tunnel_up NS NUMBER TUNNEL4 TUNNEL6: with the addresses 10.0.4.NUMBER and so on
tunnel_up()
{
	ip_batch "$1" <<-EOF
		addr add 10.0.4.$2/24 dev $3
		addr add 10.0.6.$2/24 dev $4
		addr add 2001:db8:a:4::$2/64 dev $3
		addr add 2001:db8:a:6::$2/64 dev $4
		link set $3 up
		link set $4 up
	EOF
}

# wire_watch NS...: the first hook there is sees what comes by the wire, as it comes
wire_watch()
{
	local ns

	for ns in "$@"; do
		in_ns "$ns" nft -f - <<-EOF
			table netdev wire {
				counter n_esp { }
				counter n_gre { }
				counter n_fragments { }
				counter n_clear { }
				chain in {
					type filter hook ingress device u0 priority -500;
					ip protocol 50 counter name n_esp
					ip protocol 47 counter name n_gre
					ip6 nexthdr 50 counter name n_esp
					ip6 nexthdr 47 counter name n_gre
					ip frag-off & 0x3fff != 0 counter name n_fragments
					ip6 nexthdr 44 counter name n_fragments
					icmp type { echo-request, echo-reply } counter name n_clear
					icmpv6 type { echo-request, echo-reply } counter name n_clear
					meta l4proto { tcp, 4, 41, 47 } counter name n_clear
					udp dport 4500 counter name n_esp
					udp dport != 4500 counter name n_clear
				}
			}
		EOF
		check_err $? "nft" || exit $ksft_fail
	done
}

# wire_counts NS esp|gre|clear|fragments...: how many of these came since the last time
wire_counts()
{
	local ns=$1 out number name
	local -A packets=()
	local -a counts=(); shift

	out=$(in_ns "$ns" nft reset counters table netdev wire)
	number='counter n_([a-z]+) \{[[:space:]]*packets ([0-9]+)'
	while [[ $out =~ $number ]]; do
		packets[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
		out=${out#*"${BASH_REMATCH[0]}"}
	done
	for name in "$@"; do
		counts+=("${packets[$name]}")
	done
	echo "${counts[*]}"
}

GCM="aead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128"
CBC="auth-trunc hmac(sha256) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 128
     enc cbc(aes) 0x000102030405060708090a0b0c0d0e0f"

# state_line to|from FAMILY [WORDS]: of packets from near to far, or from far to near,
# as a line for ip. With IF_ID for one inner family as well as the other.
state_line()
{
	local v=$2 from=${A1[$2]} to=${A2[$2]} spi=0x${ROUND:-1}${2}1
	local cipher=${CIPHER:-$GCM}

	[ "$1" = to ] || { from=${A2[v]} to=${A1[v]} spi=0x${ROUND:-1}${v}2; }
	echo "xfrm state add src ${FROM:-$from} dst $to proto ${PROTO:-esp} spi $spi" \
		"reqid 1 mode ${MODE:-transport}" \
		"${IF_ID:+flag af-unspec if_id $IF_ID} ${cipher//$'\n'/ } ${3:-}"
}

# state NS to|from FAMILY [WORDS]
state()
{
	state_line "$2" "$3" "${4:-}" | ip_batch "$1"
	check_err $? "adding a state"
}

states()
{
	local ns

	for ns in "$near" "$far"; do
		state "$ns" to "$1"
		state "$ns" from "$1"
	done
}

# policy NS to|from FAMILY: of a tunnel with that GRE_KEY, of packets with that MARK, if
# there are
policy()
{
	local ns=$1 v=$3 from=${A1[$3]} to=${A2[$3]} dir=in

	[ "$2" = to ] || { from=${A2[v]} to=${A1[v]}; }
	[[ $ns.$2 != "$near.to" && $ns.$2 != "$far.from" ]] || dir=out
	ip -n "$ns" xfrm policy add src "$from" dst "$to" proto gre \
		${GRE_KEY:+key $GRE_KEY} dir $dir ${MARK:+mark $MARK priority 0} \
		${PRIORITY:+priority $PRIORITY} tmpl src "$from" dst "$to" proto "${PROTO:-esp}" reqid 1 \
		mode "${MODE:-transport}"
	check_err $? "adding a policy"
}

policies()
{
	policy "$near" to "$1"
	policy "$near" from "$1"
	policy "$far" to "$1"
	policy "$far" from "$1"
}

esp_up()
{
	states "$1"
	policies "$1"
}

esp_down()
{
	local ns

	for ns in "$near" "$far"; do
		ip_batch "$ns" <<-EOF
			xfrm policy flush
			xfrm state flush
		EOF
	done
}

# Of a tunnel of mode ipsec, or an xfrm interface, with that if_id, the family's if none
# is said: as lines for ip

# policy_lines NS FAMILY DIR...: of any packet
policy_lines()
{
	local ns=$1 v=$2 here=${A1[$2]} there=${A2[$2]} any dir ends; shift 2

	[ "$ns" = "$near" ] || { here=${A2[v]} there=${A1[v]}; }
	for any in 0.0.0.0/0 ::/0; do
		for dir; do
			ends="src $there dst $here"
			[ "$dir" = out ] && ends="src $here dst $there"
			echo "xfrm policy add src $any dst $any dir $dir tmpl" \
				"$ends proto esp reqid 1 mode tunnel" \
				"if_id ${IF_ID:-$v} ${PRIORITY:+priority $PRIORITY}"
		done
	done
}

# state_lines FAMILY [WORDS]: of both directions
state_lines()
{
	IF_ID=${IF_ID:-$1} state_line to "$1" "${2:-}"
	IF_ID=${IF_ID:-$1} state_line from "$1" "${2:-}"
}

# tunnel_lines NS FAMILY [WORDS of states]: all that one end has
tunnel_lines()
{
	state_lines "$2" "${3:-}"
	policy_lines "$1" "$2" out in fwd
}

# tunnel_esp_up FAMILY [WORDS of states]
tunnel_esp_up()
{
	local ns

	for ns in "$near" "$far"; do
		tunnel_lines "$ns" "$@" | ip_batch "$ns"
		check_err $? "states and policies"
	done
}

# setup_esp_end: the far end of a tunnel of mode ipsec over IPv4, with if_id 8, which is
# 10.0.8.1 at the near end. It takes what has the SPIs of other rounds, too.
setup_esp_end()
{
	local ROUND

	ip_batch "$far" <<-EOF
		link add x8 type xfrm if_id 8
		link set x8 addrgenmode none mtu 1400 up
		addr add 10.0.8.2/24 dev x8
		$(tunnel_lines "$far" 4)
		$(for ROUND in 2 3; do state_line to 4; done)
	EOF
}

# flood_esp NS1 NS2 SIZE: both ways through it
flood_esp()
{
	in_bg "$2" /dev/null "$TRAFFIC" udp-flood 10.0.8.1 9 "$3"
	in_bg "$1" /dev/null "$TRAFFIC" udp-flood 10.0.8.2 9 "$3"
}

# pings FAMILY: three of each inner family, with $PATTERN in them if there is one
pings()
{
	local more="-q -n -c 3 -i 0.01 -W $WAIT_TIMEOUT ${PATTERN:+-p $PATTERN}"

	in_ns "$near" sh -c "ping $more 10.0.$1.2 && ping $more 2001:db8:a:$1::2" \
		> /dev/null 2>&1
}

# lost_pings NS ADDRESS [WORDS]: none of three is answered
lost_pings()
{
	local ns=$1; shift

	# shellcheck disable=SC2086
	in_ns "$ns" ping -q -n ${PATTERN:+-p $PATTERN} -c 3 -i 0.01 -W 0.2 \
		"$@" > /dev/null 2>&1
	check_fail $? "ping should fail"
}

# seen_start, seen_check NS DEVICE MSS: of the handshakes that come out of it, of which
# those over IPv6 have 20 bytes less
seen_start()
{
	in_ns "$1" nft -f - <<-EOF
		table inet mss {
			chain pre {
				type filter hook prerouting priority 0;
				iifname $2 meta protocol ip tcp flags & (syn|ack) == syn tcp option maxseg size $3 counter comment "right"
				iifname $2 meta protocol ip6 tcp flags & (syn|ack) == syn tcp option maxseg size $(($3 - 20)) counter comment "right"
				iifname $2 tcp flags & (syn|ack) == syn counter comment "all"
			}
		}
	EOF
	check_err $? "nft"
}

seen_check()
{
	local counts

	counts=$(in_ns "$1" nft list table inet mss |
		sed -n 's/.*packets \([0-9]*\) .*"\(.*\)".*/\2 \1/p')
	# Who waits for an answer for long begins once more.
	awk '{ n[$1] += $2; if (!$2) none = 1 }
	     END { exit none || !n["all"] || n["right"] != n["all"] }' <<< "$counts"
	check_err $? "handshakes out of $2 with an MSS of $3, and over IPv6: $counts"
	in_ns "$1" nft delete table inet mss
}

# A socket that says ESP is in UDP; xfrm does the rest. The processes are in NATT.
natt_up()
{
	local ns

	for ns in "$near" "$far"; do
		in_bg "$ns" /dev/null "$PYTHON" -c 'import signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 4500))
s.setsockopt(socket.IPPROTO_UDP, 100, 2)
signal.pause()'
		NATT+=("$BG_PID")
	done
}

# used: when near's policies for what it sends were
used()
{
	ip -n "$near" -s xfrm policy list dir out | sed -n 's/.* use \(.*\)/\1/p' | sort -u
}

# The rest is for tests that have a wire(): how many packets are in ESP since the last
# time, and how many are not

# all_esp FAMILY MESSAGE
all_esp()
{
	local v=$1 message=$2

	wire > /dev/null
	snapshot BEFORE "$near"
	pings "$v"
	check_err $? "$message: pings"
	# The last answer may come when ping has gone.
	slowwait_for_counter "$near" "t$v" rx_packets $((BEFORE["t$v rx_packets"] + 5))
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "$message" "t$v" tx_packets 6 \
		"t$v" rx_packets 6 "t$v" drops 0
	check_eq "$(wire)" "6 0" "$message: packets in ESP and not"
}

# nothing_sent FAMILY MESSAGE: each is counted once, and none leaves
nothing_sent()
{
	local v=$1 message=$2

	wire > /dev/null
	snapshot BEFORE "$near"
	lost_pings "$near" "10.0.$v.2"
	lost_pings "$near" "2001:db8:a:$v::2"
	snapshot AFTER "$near"
	check_eq "$(wire)" "0 0" "$message: packets in ESP and not"
	check_grown BEFORE AFTER "$message" "t$v" tx-ipsec 6 "t$v" drops 6 \
		"t$v" tx_packets 0
}

# four_of_six FAMILY: near sends by a state that may have four packets. The fifth finds
# that it has had enough, the sixth none.
four_of_six()
{
	local v=$1

	wire > /dev/null
	snapshot BEFORE "$near"
	pings "$v"
	snapshot AFTER "$near"
	check_eq "$(wire)" "4 0" "packets in ESP and not"
	check_grown BEFORE AFTER "4 of 6" "t$v" tx_packets 4 "t$v" tx-ipsec 2 \
		"t$v" drops 2
}

# nothing_received FAMILY MESSAGE [N]: what far sends is refused, N for rx-ipsec, all of
# it if N is not said, and the rest by the kernel before
nothing_received()
{
	local v=$1 message=$2

	snapshot BEFORE "$near"
	lost_pings "$far" "10.0.$v.1"
	lost_pings "$far" "2001:db8:a:$v::1"
	snapshot AFTER "$near"
	check_grown BEFORE AFTER "$message" "t$v" rx-ipsec "${3:-6}" \
		"t$v" drops "${3:-6}" "t$v" rx_packets 0 "t$v" tx_packets 0
}

# beat_start FAMILY: with the text "mtunleak" in each packet, or that of $BEAT_TEXT
beat_start()
{
	: > "$TMP/in_clear"
	wire > /dev/null
	BEAT_TEXT=${BEAT_TEXT-mtunleak} in_bg "$near" "$TMP/beat" "$TRAFFIC" udp-beat 9 5 \
		"10.0.$1.2" "2001:db8:a:$1::2"
	BEAT=$BG_PID
}

# A look at the wire is the only one at what has passed until then: it is kept.
esp_flows()
{
	local packets

	packets=$(wire)
	echo "${packets#* }" >> "$TMP/in_clear"
	[[ $packets =~ ^[1-9][0-9]*\ 0$ ]]
}

# Nothing was in clear since it began, while all was well, either.
beat_stop()
{
	esp_flows
	stop_bg "$BEAT"
	check_eq "$(sort -u "$TMP/in_clear")" 0 "packets in clear of each look"
}

refused_more()
{
	[ "$(stat_get "$near" "t$1" tx-ipsec)" -gt "$2" ]
}

# gone FAMILY MESSAGE COMMAND...: the beat stops at once, and not one is in clear
gone()
{
	local v=$1 message=$2; shift 2

	slowwait_for esp_flows
	check_err $? "$message: no ESP"
	"$@"
	check_err $? "$message: $*"
	slowwait_for refused_more "$v" \
		$(($(stat_get "$near" "t$v" tx-ipsec) + 20))
	check_err $? "$message: nothing is refused"
	check_match "$(wire)" " 0$" "$message: packets in ESP and not"
}

# wire_capture: what near sends, all of it, in $TMP/wire.pcap. What far sends in clear are
# packets that are to be refused.
wire_capture()
{
	capture_start "$near" u0 "$TMP/wire.pcap" -Q out -B 16384 -s 2048 ||
		exit $ksft_fail
	WIRE=$CAPTURE_PID
}

# What the pings and beats carry, and eight bytes that come by in each kB of what $TRAFFIC
# sends by TCP
PING_TEXT=mtunleak
TCP_BYTES='\x07\x0e\x15\x1c\x23\x2a\x31\x38'

# in_clear TEXT: how often it was on the wire
in_clear()
{
	LC_ALL=C grep -a -o -P "$1" "$TMP/wire.pcap" | wc -l
}

clear_seen()
{
	[ "$(in_clear $PING_TEXT)" -gt 0 ]
}

# The last case: none of it was there, ever, but for a packet that shows that it would
# have been seen.
leak_test()
{
	in_ns "$near" bash -c "printf '$PING_TEXT$TCP_BYTES' > /dev/udp/${A2[4]}/9"
	check_err $? "sending in clear"
	slowwait_for clear_seen
	capture_stop "$WIRE"
	check_match "$(cat "$TMP/wire.pcap.log")" "(^|[^0-9])0 packets dropped by kernel" \
		"the capture"
	[ "$(tcpdump -n -r "$TMP/wire.pcap" 'proto 50 or ip6 proto 50' \
		2> /dev/null | wc -l)" -gt 100 ]
	check_err $? "there is no ESP in the capture"
	check_eq "$(in_clear $PING_TEXT)" 1 "texts of pings in clear"
	check_eq "$(in_clear "$TCP_BYTES")" 1 "bytes of TCP in clear"
	log_test "no byte of what is inside is on the wire"
}
