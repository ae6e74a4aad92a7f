#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A hundred tunnels of every kind carry everything for as long as one likes: memory
# and references are what they were when all had been used once, counters never
# stand still, and in the end what one side has sent the other has received.
#
#  +- near ---------------------------+       +- far -----------------------------+
#  |  t1 .. t100  10.5.N.1/24         |       |  t1 .. t100  10.5.N.2/24          |
#  |              2001:db8:5:N::1/64  |       |              2001:db8:5:N::2/64   |
#  |   :                              |       |   :                               |
#  |  u0  192.0.2.1/24          ------+-------+-- u0  192.0.2.2/24                |
#  |      2001:db8::1/64              |       |       2001:db8::2/64              |
#  +----------------------------------+       +-----------------------------------+
#
# MTUN_SOAK	seconds, default 12; an hour shows a leak of a few bytes in a packet

ALL_TESTS="steady_test counted_test removed_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping
need_module veth esp4 esp6

SOAK=${MTUN_SOAK:-12}
N=100
LOOKS=6
# What the kernel needs for a moment and for its own ends, in kB: a packet that stays
# in memory has half of one, and there are thousands a second.
MARGIN=6000

OPTIONS=("" "csum on" "seq on" "csum on seq on mss auto" "ttl inherit tos inherit"
	 "mss 1200 mss-insert on" "frag outer df clear" "sample 100" "mtu 1280"
	 "inner-df clear" "anycast on" "ipsec required mss auto" "mode ipsec mss auto")

# Of the first ones, and those that are 50 later, the health is watched.
is_watched()
{
	[ $(($1 % 50)) -le 2 ]
}

# tunnel_lines LOCAL4 REMOTE4 LOCAL6 REMOTE6
tunnel_lines()
{
	local i between options

	for ((i = 1; i <= N; i++)); do
		between="local $1 remote $2"
		[ $((i % 2)) = 0 ] || between="local $3 remote $4"
		options=${OPTIONS[i / 2 % ${#OPTIONS[@]}]}
		case $options in
		mode*) between+=" if-id $i" ;;
		*) between+=" key $i" ;;
		esac
		echo "tunnel add t$i $between $options up on"
		[ $((i % 5)) != 0 ] || echo "filter set t$i allow-src-rx 10.0.0.0/8" \
			"allow-src-rx 2001:db8::/32"
		case "$((i % 50)) $options" in
		[01]" mode"* | 2" "*) echo "health set t$i probe interval 1s" ;;
		[01]" "*) echo "health set t$i keepalive interval 1s" ;;
		esac
	done
}

# esp_lines LOCAL4 REMOTE4 LOCAL6 REMOTE6: for those that want ESP
esp_lines()
{
	local i here there mode tmpl any
	local cipher="aead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128"

	for ((i = 1; i <= N; i++)); do
		here=$1 there=$2
		[ $((i % 2)) = 0 ] || here=$3 there=$4
		tmpl="tmpl src $here dst $there proto esp reqid $i"
		case ${OPTIONS[i / 2 % ${#OPTIONS[@]}]} in
		mode*)
			mode="tunnel flag af-unspec if_id $i"
			for any in 0.0.0.0/0 ::/0; do
				echo "xfrm policy add src $any dst $any dir out $tmpl" \
					"mode tunnel if_id $i"
			done ;;
		ipsec*)
			mode=transport
			echo "xfrm policy add src $here dst $there proto gre key $i" \
				"dir out $tmpl mode transport" ;;
		*)	continue ;;
		esac
		# Each number is one of both directions: the addresses tell them apart.
		echo "xfrm state add src $here dst $there proto esp spi $((4096 + i))" \
			"reqid $i replay-window 0 mode $mode $cipher"
		echo "xfrm state add src $there dst $here proto esp spi $((4096 + i))" \
			"reqid $i replay-window 0 mode $mode $cipher"
	done
}

# address_lines N
address_lines()
{
	local i

	for ((i = 1; i <= N; i++)); do
		echo "addr add 10.5.$i.$1/24 dev t$i"
		echo "addr add 2001:db8:5:$i::$1/64 dev t$i"
	done
}

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	esp_lines 192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2 | ip_batch "$near" &&
	esp_lines 192.0.2.2 192.0.2.1 2001:db8::2 2001:db8::1 | ip_batch "$far" &&
	tunnel_lines 192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2 | mt "$near" -b - &&
	tunnel_lines 192.0.2.2 192.0.2.1 2001:db8::2 2001:db8::1 | mt "$far" -b - &&
	# What waits for a neighbour is not lost, but for what is too much.
	ping_check "$near" 192.0.2.2 && ping_check "$near" 2001:db8::2 &&
	address_lines 1 | ip_batch "$near" &&
	address_lines 2 | ip_batch "$far" || return 1
	mt "$far" netns set rx early
	# What is sent arrives: nothing is dropped for being too much at once.
	echo 100000 > /proc/sys/net/core/netdev_max_backlog
	for ((i = 1; i <= N; i++)); do
		echo "10.5.$i.2"
		echo "2001:db8:5:$i::2"
	done > "$TMP/near-sends"
	sed 's/2$/1/' "$TMP/near-sends" > "$TMP/far-sends"
}

# small FILE: something to each in the file, every second
small()
{
	while :; do
		"$TRAFFIC" udp-each 9 2 "$1"
		sleep 1
	done
}

# large FILE: packets of every size, whole and in fragments, to one after the other
large()
{
	local addr

	while :; do
		while read -r addr; do
			ping -q -c 1 -W 1 -s $((RANDOM % 3000)) "$addr"
		done < "$1"
	done
}

# streams: TCP through one tunnel after the other
streams()
{
	local i

	while :; do
		for ((i = 1; i <= N; i++)); do
			tcp_check "$near" "$far" "10.5.$i.2" $((5000 + i)) 200000 ||
				echo "10.5.$i.2" >> "$TMP/broken"
			tcp_check "$near" "$far" "2001:db8:5:$i::2" $((5000 + i)) \
				200000 || echo "2001:db8:5:$i::2" >> "$TMP/broken"
		done
	done
}

# look ARRAY: counters of both sides, by "near t1 rx_packets"
look()
{
	# shellcheck disable=SC2178
	local -n all=$1
	local side tunnel counter value

	all=()
	for side in near far; do
		mt "${!side}" -j -s tunnel show > "$TMP/$side.json" || return 1
	done
	while read -r side tunnel counter value; do
		all["$side $tunnel $counter"]=$value
	done < <("$PYTHON" -I -S -c 'import json, sys
for side in ("near", "far"):
    with open("%s/%s.json" % (sys.argv[1], side)) as f:
        for t in json.load(f):
            s = t["stats"]
            for name in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes"):
                print(side, t["ifname"], name, s[name])
            print(side, t["ifname"], "late", s["drops"].get("rx-sequence", 0))' "$TMP")
}

declare -A OLD NEW FIRST

# Says which have not since the first look.
all_rise()
{
	local i key still=

	look NEW || return
	for ((i = 1; i <= N; i++)); do
		for key in "near t$i rx_packets" "near t$i tx_packets"; do
			[ "${NEW[$key]}" -gt "${FIRST[$key]}" ] || still+="$key "
		done
	done
	echo "$still"
	[ -z "$still" ]
}

steady_test()
{
	local i key memory least most users still fallen=0

	export -f small large
	export TRAFFIC
	for i in near far; do
		in_bg "${!i}" /dev/null bash -c 'small "$1"' - "$TMP/$i-sends"
		in_bg "${!i}" /dev/null bash -c 'large "$1"' - "$TMP/$i-sends"
	done
	streams > /dev/null 2>&1 &
	BG_PIDS+=($!)

	# Neighbours, routes and caches of all
	sleep $((SOAK / 3 + 10))
	look OLD
	check_err $? "no counters"
	users=$(cat /sys/module/mtun/refcnt)
	least=$(unreclaimed)
	most=$least
	for key in "${!OLD[@]}"; do
		FIRST[$key]=${OLD[$key]}
	done
	for ((i = 0; i < LOOKS; i++)); do
		sleep $((SOAK / LOOKS))
		look NEW
		check_err $? "no counters"
		memory=$(unreclaimed)
		[ "$memory" -le $most ] || most=$memory
		for key in "${!NEW[@]}"; do
			[ "${NEW[$key]}" -ge "${OLD[$key]:-0}" ] || {
				say "$key: ${OLD[$key]}, then ${NEW[$key]}"
				fallen=$((fallen + 1))
			}
			OLD[$key]=${NEW[$key]}
		done
	done
	check_eq $fallen 0 "counters that went back"
	still=$(busywait "$WAIT_MS" all_rise)
	check_err $? "counters that stand still: $still"
	check_eq "$(cat /sys/module/mtun/refcnt)" "$users" "users of the module"
	say "kB of the kernel: $least at first, $most at the most"
	[ $most -le $((least + MARGIN)) ]
	check_err $? "$((most - least)) kB more"
	log_test "steady for $SOAK seconds"
}

# Nothing has come for a second but to those that are watched, which always do.
is_quiet()
{
	local -A NOW THEN
	local key number

	{ look THEN && sleep 1 && look NOW; } || return
	for key in "${!NOW[@]}"; do
		number=${key#* t}
		is_watched "${number%% *}" || [ "${NOW[$key]}" = "${THEN[$key]}" ] || return
	done
}

counted_test()
{
	local i pid way sent got wrong=0 sum=0

	for pid in "${BG_PIDS[@]}"; do
		stop_bg "$pid"
	done
	pkill -x traffic
	pkill -x ping
	# What they have left may be sent again, and is under way.
	slowwait_for is_quiet
	check_err $? "there is always more"
	look NEW
	for ((i = 1; i <= N; i++)); do
		# Keepalives and probes are no packets of the far end.
		! is_watched $i || continue
		for way in "near far" "far near"; do
			sent=${NEW["${way% *} t$i tx_packets"]}
			# A number may be given before another one and be sent behind it.
			got=$((NEW["${way#* } t$i rx_packets"] +
			       NEW["${way#* } t$i late"]))
			sum=$((sum + sent))
			[ "$sent" = "$got" ] || {
				say "t$i from ${way/ / to }: $sent sent, $got received"
				wrong=$((wrong + 1))
			}
		done
	done
	check_eq $wrong 0 "tunnels that do not count the same at both ends"
	[ ! -e "$TMP/broken" ]
	check_err $? "streams that broke: $(cat "$TMP/broken" 2> /dev/null)"
	log_test "$sum packets sent, and as many received"
}

removed_test()
{
	local before after

	before=$(unreclaimed)
	printf 'tunnel del t%d\n' $(seq $N) | mt "$near" -b -
	check_err $? "cannot be deleted"
	printf 'tunnel del t%d\n' $(seq $N) | mt "$far" -b -
	check_err $? "cannot be deleted"
	rmmod mtun
	check_err $? "the module cannot be unloaded"
	after=$(unreclaimed)
	say "kB of the kernel: $before, without tunnels $after"
	[ "$after" -lt $((before - N * 2 * 20)) ]
	check_err $? "only $((before - after)) kB came back"
	log_test "all of it comes back"
}

setup_prepare || fail_all "cannot set up"
run_tests "$@"
