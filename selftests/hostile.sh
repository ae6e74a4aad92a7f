#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets that were valid once, of every kind, with bytes changed. Whatever they
# are, the kernel does not complain, and each that a tunnel takes is counted once:
# as received or sent, or under one reason.
#
#  hostile.c, as far            +- near --------------------------------+
#  and as a lan                 |  t40 .. t46  192.0.2.1 -> 192.0.2.16  |
#     |   |                     |  t60 .. t66  2001:db8::1 -> ::10      |
#     |   +------- tap ---------+- u0  192.0.2.1/24  2001:db8::1/64     |
#     +----------- tap ---------+- l0  10.9.0.1/24   2001:db8:0:9::1/64 |
#                               +---------------------------------------+
#
# Of each family, tunnel 1 has a key, 2 checksums, 3 sequence numbers and 4 all of
# that; 5 has a filter, and 6 is down.
#
# MTUN_HOSTILE	packets altogether, default 10000
# MTUN_SEED	of the packets, default 1

ALL_TESTS="outer_test:local outer_test:early reasons_test inner_test
	   offload_test:u0 offload_test:l0 after_test"

. "$(dirname "$0")/lib.sh"

HOSTILE=$TEST_DIR/hostile
N=$((${MTUN_HOSTILE:-10000} / 5))
SEED=${MTUN_SEED:-1}

need_mtun
need_command nft
need_module tun
[ -x "$HOSTILE" ] || skip_all "hostile is not built; run make"

declare -A BEFORE AFTER SEEN

each_tunnel()
{
	local v i

	for v in 4 6; do
		for i in 0 1 2 3 4 5 6; do
			"$1" "$v" "$i" "t$v$i"
		done
	done
}

# Lines of mtctl, of ip and of nft
tunnel_lines()
{
	local -a args=("mss auto" "key 7" "csum on mss auto mss-insert on"
		       "seq on sample 50" "key 4294967294 csum on seq on mss 1000"
		       "frag outer df clear" "")

	if [ "$1" = 4 ]; then
		echo "tunnel add $3 local 192.0.2.1 remote 192.0.2.$((16 + $2))" \
			"${args[$2]}"
	else
		printf 'tunnel add %s local 2001:db8::1 remote 2001:db8::%x %s\n' \
			"$3" $((16 + $2)) "${args[$2]}"
	fi
	# Those that are watched have answers to judge.
	[ "$2" != 0 ] || echo "health set $3 keepalive interval 1h"
	[ "$2" != 5 ] || echo "filter set $3 allow-src-rx 10.8.0.0/25" \
		"allow-src-rx 2001:db8:0:8::/64 allow-dst-tx 10.8.5.0/24"
}

link_lines()
{
	[ "$2" = 6 ] || echo "link set $3 up"
	# Each kind of packet goes into each kind of tunnel.
	if [ $((($1 / 2 + $2) % 2)) = 0 ]; then
		[ "$2" = 6 ] || echo "route add 10.8.$2.0/24 dev $3"
	else
		[ "$2" = 6 ] || echo "route add 2001:db8:0:8::$2:0/112 dev $3"
	fi
}

egress_lines()
{
	[ "$2" = 6 ] || echo "chain $3 {
		type filter hook egress device $3 priority 0
		counter name sent
	}"
}

setup_prepare()
{
	setup_ns near
	setup_router "$near"
	ip_batch "$near" <<-EOF
		tuntap add dev u0 mode tap vnet_hdr
		tuntap add dev l0 mode tap vnet_hdr
		link set u0 address 02:00:00:00:00:01 up
		link set l0 address 02:00:00:00:00:01 up
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		addr add 10.9.0.1/24 dev l0
		addr add 2001:db8:0:9::1/64 dev l0
		addr add 10.8.0.1/16 dev lo
		addr add 2001:db8:0:8::1/128 dev lo
		neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev l0
		neigh add 2001:db8:0:9::2 lladdr 02:00:00:00:00:02 dev l0
		route add default dev u0 src 192.0.2.1
		route add default dev u0 src 2001:db8::1
	EOF
	for i in $(seq 16 22); do
		echo "neigh add 192.0.2.$i lladdr 02:00:00:00:00:02 dev u0"
		printf 'neigh add 2001:db8::%x lladdr 02:00:00:00:00:02 dev u0\n' "$i"
	done | ip_batch "$near"
	each_tunnel tunnel_lines | mt "$near" -b - || return 1
	each_tunnel link_lines | ip_batch "$near" || return 1
	# Around the places where packets are taken out of the stack's hands. What is
	# between the first two and the last two is one hook of mtun. A fragment of
	# IPv6 behind another header is taken without being counted until all are
	# there.
	{
		echo "table inet around {
			counter early { }
			counter early_left { }
			counter local { }
			counter local_left { }
			counter fragments { }
			chain a { type filter hook prerouting priority -300
				counter name early
			}
			chain b { type filter hook prerouting priority -298
				counter name early_left
			}
			chain c { type filter hook input priority 2147483645
				exthdr frag exists counter name fragments
				counter name local
			}
			chain d { type filter hook input priority 2147483647
				counter name local_left
			}
		}
		table netdev out {
			counter sent { }"
		each_tunnel egress_lines
		echo "}"
	} | in_ns "$near" nft -f -
}

# counted TABLE NAME
counted()
{
	in_ns "$near" nft list counter $1 "$2" |
		sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

# How many packets the tunnels' hooks have taken so far, and their devices
taken()
{
	echo $(($(counted "inet around" early) - $(counted "inet around" early_left) +
		$(counted "inet around" local) - $(counted "inet around" local_left)))
}

# look ARRAY: a snapshot, and into TAKEN, GIVEN and FRAGMENTS what was counted
# around the tunnels at the same moment. The stack may send something by itself at
# any time, about an old fragment say.
look()
{
	local before

	while :; do
		before="$(taken) $(counted "netdev out" sent)"
		snapshot "$1" "$near"
		FRAGMENTS=$(counted "inet around" fragments)
		TAKEN=$(taken)
		GIVEN=$(counted "netdev out" sent)
		[ "$before" != "$TAKEN $GIVEN" ] || break
	done
}

# grown rx|tx: packets that way and drop reasons of all tunnels, between two
# snapshots
grown()
{
	local key way sum=0

	for key in "${!AFTER[@]}"; do
		way=${key#* }
		case $way in
		"${1}_packets"|"$1"-*) ;;
		*) continue ;;
		esac
		SEEN[$way]=$((${SEEN[$way]:-0} + AFTER[$key] - ${BEFORE[$key]:-0}))
		sum=$((sum + AFTER[$key] - ${BEFORE[$key]:-0}))
	done
	SUM=$sum
}

# send DEVICE WHAT FIRST: N packets; SENT is how many the device has taken
send()
{
	local said

	said=$(in_ns "$near" "$HOSTILE" "$1" "$2" "$SEED" "$3" "$N")
	check_match "$said" "^sent [0-9]+ refused" "$1" || return 1
	SENT=${said#sent }
	SENT=${SENT%% *}
	say "$2 packets of seed $SEED from $3: $said"
}

# FIRST keeps the packets of one case from being those of another.
FIRST=0

outer_test()
{
	local taken fragments

	mt "$near" netns set rx "$1"
	check_err $? "cannot set rx $1"
	look BEFORE
	taken=$TAKEN
	fragments=$FRAGMENTS
	send u0 outer $FIRST
	FIRST=$((FIRST + N))
	look AFTER
	taken=$((TAKEN - taken))
	fragments=$((FRAGMENTS - fragments))
	grown rx
	say "taken $taken, of which fragments $fragments; counted $SUM"
	[ "$SUM" -le "$taken" ] && [ "$SUM" -ge $((taken - fragments)) ]
	check_err $? "$taken packets taken, $SUM counted"
	[ "$taken" -gt $((N / 4)) ]
	check_err $? "only $taken packets of $N reached a tunnel"
	[ "$fragments" -lt $((N / 200)) ]
	check_err $? "$fragments fragments: too many to say much"
	log_test "rx $1: $taken packets, each counted once"
}

# Nothing of this is worth much if only a few ways were taken.
reasons_test()
{
	local reason rare="rx-truncated rx-probe rx-keepalive"
	local -a missing=()

	[ "$N" -ge 4000 ] || rare=
	for reason in rx_packets rx-header rx-options rx-checksum rx-sequence \
		rx-protocol rx-inner rx-ecn rx-down rx-filter $rare; do
		[ "${SEEN[$reason]:-0}" -gt 0 ] || missing+=("$reason")
	done
	for reason in "${!SEEN[@]}"; do
		[ "${SEEN[$reason]}" -eq 0 ] || say "$reason ${SEEN[$reason]}"
	done
	check_eq "${missing[*]}" "" "never seen"
	[ "${SEEN[rx_packets]}" -gt $((N / 8)) ]
	check_err $? "only ${SEEN[rx_packets]} packets went through"
	log_test "packets went every way"
}

inner_test()
{
	local given

	look BEFORE
	given=$GIVEN
	send l0 inner $FIRST
	FIRST=$((FIRST + N))
	look AFTER
	given=$((GIVEN - given))
	grown tx
	check_eq "$SUM" "$given" "packets counted, of those given to tunnels"
	[ "$given" -gt $((N / 8)) ]
	check_err $? "only $given packets of $N reached a tunnel"
	log_test "sent: $given packets, each counted once"
}

# A packet may become many.
offload_test()
{
	local moved counted

	mt "$near" netns set rx local
	look BEFORE
	moved=$((TAKEN + GIVEN))
	send "$1" offload $FIRST
	FIRST=$((FIRST + N))
	look AFTER
	moved=$((TAKEN + GIVEN - moved))
	grown rx
	counted=$SUM
	grown tx
	counted=$((counted + SUM))
	# Of fragments, see above.
	[ "$counted" -ge $((moved - moved / 20)) ]
	check_err $? "$moved packets taken, only $counted counted"
	[ "$moved" -gt $((SENT / 8)) ]
	check_err $? "only $moved packets of $SENT reached a tunnel"
	log_test "$1: $moved packets of a virtual machine"
}

# The tunnels are what they were.
after_test()
{
	local out

	out=$(mt "$near" -j tunnel show | grep -o '"ifname"' | wc -l)
	check_eq "$out" 14 "tunnels"
	mt "$near" netns set rx local
	look BEFORE
	in_ns "$near" ping -q -n -c 1 -W 1 10.8.0.77 > /dev/null 2>&1
	look AFTER
	grown tx
	[ "$SUM" -ge 1 ]
	check_err $? "nothing is sent any more"
	log_test "tunnels work afterwards"
}

setup_prepare || skip_all "cannot set up"
run_tests "$@"
