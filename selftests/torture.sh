#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything at the same time, for as long as one likes: tunnels come, change, move
# and go while they carry packets, are read and watched; what they stand on goes and
# comes back; namespaces end with packets in flight; memory runs short, and with a kernel
# that can be asked for it (vm/debug-kernel), single allocations fail; processors
# are switched off; the module is unloaded. Nothing of that may make the kernel
# complain, hang or forget memory, and afterwards everything works.
#
#  +- near ------------------------+       +- far --------------------------+
#  |  a4 a6  to far, changed       |       |  g4   10.0.4.2/24  (ip_gre)    |
#  |  e8     in ESP, changed       |       |  x8   10.0.8.2/24  (xfrm)      |
#  |  m0     moved to and fro      |       |  g6   10.0.6.2/24  (ip6_gre)   |
#  |  n0..   made and deleted      |       |   :                            |
#  |  u0     192.0.2.1/24    ------+-------+-- u0  192.0.2.2/24             |
#  |         2001:db8::1/64        |       |       2001:db8::2/64           |
#  +-------------------------------+       +--------------------------------+
#
# Each actor does its part again and again until time is up, and may be refused
# anything: what it needs may be gone. What is certain is that each gets somewhere, that
# those whose part it is have reached their end once, and that packets get through.
#
# MTUN_TORTURE	seconds, default 20; 600 is worth a night's trust
# MTUN_SEED	of what is chosen at random, default 1

ALL_TESTS="torture_test again_test memory_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/esp_lib.sh"

need_mtun
need_module veth ip_gre ip6_gre esp4 xfrm_interface
rmmod mtun 2> /dev/null && load_mtun || skip_all "mtun cannot be unloaded"

LONG=${MTUN_TORTURE:-20}
SEED=${MTUN_SEED:-1}
# What the kernel keeps of names, namespaces and so on that have been, in kB; a tunnel
# has 40, and there are hundreds
MARGIN=2000
ACTORS="maker setter filterer watcher reader mover namespaces underlay routes keyer
	pressure faults processors unloader"
# Of the lines for ESP
MODE=tunnel
IF_ID=8
FAILSLAB=/sys/kernel/debug/failslab
MOST_FAULTS=1000000
WITHIN=$TEST_DIR/fault/within.ko

setup_prepare()
{
	local i now

	setup_faults
	setup_ns near far other
	setup_underlay "$near" "$far"
	setup_gre_end "$far"
	setup_esp_end
	watch_clear
	tunnel_lines "$near" 4 | ip_batch "$near"
	tunnels > /dev/null 2>&1
	flood_gre "$near" "$far" 200 1400
	flood_esp "$near" "$far" 1000
	# A debug kernel would do nothing else.
	renice -n 19 -p "${BG_PIDS[@]}" > /dev/null

	# Whatever is there once is there before.
	RET=0
	torture $((LONG / 3))
	WARM=$RET
	rmmod mtun
	# Much is freed only after a while.
	KB_BEFORE=$(unreclaimed)
	for ((i = 0; i < 10; i++)); do
		sleep 1
		now=$(unreclaimed)
		[ "$now" -ge "$KB_BEFORE" ] || KB_BEFORE=$now
	done
	load_mtun
}

# What comes of e8, as it is or in something else than ESP
watch_clear()
{
	in_ns "$far" nft -f - <<-EOF
		table netdev e8 {
			chain in {
				type filter hook ingress device u0 priority -500;
				ip protocol esp counter comment "esp"
				ip daddr 10.0.8.2 counter comment "clear"
				ip protocol ipip counter comment "clear"
				ip protocol gre @th,160,32 0x0a000802 counter comment "clear"
				ip protocol gre @th,192,32 0x0a000802 counter comment "clear"
			}
		}
	EOF
	check_err $? "nft" || exit $ksft_fail
}

# came esp|clear: how many packets
came()
{
	in_ns "$far" nft list table netdev e8 |
		sed -n "s/.* packets \([0-9]*\) .*\"$1\".*/\1/p" |
		awk '{ n += $1 } END { print n }'
}

cleanup_more()
{
	local cpu

	[ ! -d $FAILSLAB ] || fault probability 0
	[ ! -e /sys/module/within ] || rmmod within
	for cpu in /sys/devices/system/cpu/cpu*/online; do
		[ ! -e "$cpu" ] || echo 1 > "$cpu"
	done
	load_mtun
}

##############################################################################
# Actors, each in a process of its own

# one_of WORD...
one_of()
{
	shift $((RANDOM % $#))
	echo "$1"
}

# did NAME: what the actor is there for
did()
{
	touch "$TMP/did.$1"
}

pause()
{
	sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
}

# Those that carry most of the traffic, and what a round may have done to them
tunnels()
{
	mt "$near" -fo -b - <<-EOF
		tunnel add a4 local 192.0.2.1 remote 192.0.2.2 key 4 up on
		tunnel add a6 local 2001:db8::1 remote 2001:db8::2 key 6 up on
		tunnel add e8 local 192.0.2.1 remote 192.0.2.2 mode ipsec if-id 8 up on
	EOF
	ip -n "$near" -force -batch - <<-EOF
		addr add 10.0.4.1/24 dev a4
		addr add 10.0.6.1/24 dev a6
		addr add 10.0.8.1/24 dev e8
	EOF
}

maker()
{
	local i n=$((RANDOM % 20 + 1))

	for ((i = 0; i < n; i++)); do
		echo "tunnel add n$i local 192.0.2.1 remote 192.0.2.2 key $((100 + i)) up on"
		echo "clamp add dev n$i mss 1200"
	done | mt "$near" -fo -b -
	ip -n "$near" addr add 10.1.0.1/24 dev n0
	in_ns "$near" ping -q -c 3 -i 0.002 -W 0.1 10.1.0.2
	# It has been sent; far has no such tunnel.
	[ "$(in_ns "$near" cat /sys/class/net/n0/statistics/tx_packets)" -gt 0 ] &&
		did maker
	for ((i = 0; i < n; i++)); do
		echo "tunnel del n$i"
	done | mt "$near" -fo -b -
	[ $((RANDOM % 2)) = 0 ] || mt "$near" tunnel del a4 a6 e8
	tunnels
}

setter()
{
	local t

	tunnels
	for t in a4 a6; do
		echo "tunnel set $t $(one_of "csum on" "csum off" "seq on" "seq off" \
			"ttl inherit" "tos inherit" "mss auto" "mss off" \
			"mss-insert on" "frag outer df clear" "frag inner df set" \
			"pmtu static" "pmtu learn" "dev u0" "dev nowhere" \
			"mtu 1280" "mtu auto" "key 7" "accept any" "accept none" \
			"ipsec required" "ipsec off" "up off" "up on")"
	done | mt "$near" -fo -b -
	echo "tunnel set e8 $(one_of "if-id 9" "mtu 1280" "mss auto" "accept any" "ttl 9" \
		"pmtu static" "up off")" | mt "$near" -b -
	mt "$near" netns set rx "$(one_of local early)"
	# Most of the time they are such that packets get through.
	{
		printf 'tunnel set %s csum off seq off ipsec off accept none up on %s\n' \
			a4 "key 4" a6 "key 6"
		echo "tunnel set e8 if-id 8 accept none up on"
	} | mt "$near" -fo -b -
	pause
}

filterer()
{
	mt "$near" -fo -b - <<-EOF
		filter set a4 allow-src-rx 10.0.0.0/$((RANDOM % 16 + 8))
		filter set a6 allow-dst-tx 10.0.6.0/24 allow-src-rx 10.0.6.0/24
		clamp add dev u0 mss $((RANDOM % 500 + 900))
		clamp set dev u0 mss 1000 src 10.0.0.0/8
		filter del a4
		clamp del dev u0
		filter del a6
	EOF
	pause
}

watcher()
{
	mt "$near" -fo -b - <<-EOF
		health set a4 $(one_of "probe interval 100ms" "keepalive interval 100ms" off)
		health set a6 $(one_of "probe style request interval 100ms" off)
		health set a4 carrier $(one_of on off)
		tunnel set a4 sample $(one_of 1 10 off)
		tunnel set a6 sample $(one_of 1 10 off)
	EOF
	pause
}

reader()
{
	mt "$near" -j -s -d tunnel show
	mt "$near" export > "$TMP/reader.yaml"
	mt "$near" check -f "$TMP/reader.yaml"
	timeout 0.5 "$MTCTL" -n "$near" monitor
	timeout 0.5 "$MTCTL" -n "$near" samples
	mt "$near" health
	ip -n "$near" -s -d link show
	in_ns "$near" cat /proc/net/dev
}

# Its underlay stays where it was.
mover()
{
	mt "$near" tunnel add m0 local 192.0.2.1 remote 192.0.2.2 key 9 up on
	ip -n "$near" link set m0 netns "$other"
	ip -n "$other" link set m0 up
	ip -n "$other" addr add 10.2.0.1/24 dev m0
	in_ns "$other" ping -q -c 2 -i 0.002 -W 0.1 10.2.0.2
	[ "$(in_ns "$other" cat /sys/class/net/m0/statistics/tx_packets)" -gt 0 ] &&
		did mover
	ip -n "$other" link set m0 netns "$near"
	mt "$near" tunnel del m0
	ip -n "$other" link del m0
}

# Two namespaces end while packets are under way between them, and with them a
# tunnel that has come from one of them.
namespaces()
{
	local name=torture-$BASHPID n to flood=()

	for n in 1 2; do
		ip netns add "$name-$n"
	done
	setup_underlay "$name-1" "$name-2"
	for n in 1 2; do
		mt "$name-$n" -fo -b - <<-EOF
			tunnel add t0 local 192.0.2.$n remote 192.0.2.$((3 - n)) up on
			tunnel add t8 local 192.0.2.$n remote 192.0.2.$((3 - n)) \
				mode ipsec if-id 8 up on
			health set t0 probe interval 100ms
			tunnel set t0 sample 1
		EOF
		near=$name-1 tunnel_lines "$name-$n" 4 | ip -n "$name-$n" -force -batch -
		ip -n "$name-$n" addr add "10.0.0.$n/24" dev t0
		ip -n "$name-$n" addr add "10.0.8.$n/24" dev t8
		for to in "10.0.0.$((3 - n))" "10.0.8.$((3 - n))"; do
			ip netns exec "$name-$n" nice -n 19 \
				"$TRAFFIC" udp-flood "$to" 9 500 &
			flood+=($!)
		done
	done
	pause
	ip -n "$name-2" link set t0 netns "$other"
	ip netns del "$name-1"
	kill "${flood[@]}"
	ip netns del "$name-2"
	wait "${flood[@]}"
	ip -n "$other" link del t0
}

underlay()
{
	ip -n "$near" link set dev u0 mtu "$(one_of 1280 1400 1500 9000)"
	ip -n "$near" link set dev u0 down
	pause
	ip -n "$near" link set dev u0 up
	ip -n "$near" -force -batch - <<-EOF
		addr add 2001:db8::1/64 dev u0
		addr del 192.0.2.1/24 dev u0
		addr add 192.0.2.1/24 dev u0
	EOF
	sleep 1
}

routes()
{
	local i

	for ((i = 0; i < 50; i++)); do
		echo "route $(one_of add del replace) $(one_of 192.0.2.2 198.51.100.$i \
			2001:db8::2) dev $(one_of u0 lo a4 a6) metric $((i % 3 + 1))"
	done | ip -n "$near" -force -batch -
	ip -n "$near" route flush 192.0.2.2/32
	ip -n "$near" -6 route flush 2001:db8::2/128
	ip -n "$near" neigh flush all
	sleep 1
}

# As an IKE daemon does, and worse: states and policies come, expire, are replaced and
# deleted, while packets wait for them.
keyer()
{
	local ROUND=$((RANDOM % 3 + 1)) any="src 0.0.0.0/0 dst 0.0.0.0/0"

	ip -n "$near" -force -batch - <<-EOF
		$(one_of "xfrm state flush" "xfrm policy flush" "")
		$(state_line to 4 "$(one_of "" "limit packet-hard 20" "limit time-hard 1")")
		$(one_of "xfrm policy add $any dir out action block priority 1 if_id 8" "" \
			"xfrm policy add $any dir out priority 1 if_id 8" \
			"xfrm policy delete $any dir out if_id 8")
		$(policy_lines "$near" 4 out)
		xfrm state delete src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x${ROUND}41
	EOF
	pause
	esp_again && did keyer
	pause
}

# What lets packets through e8, whatever was there before
esp_again()
{
	local ROUND=1

	ip -n "$near" -force -batch - <<-EOF
		xfrm policy flush
		xfrm state flush
		$(tunnel_lines "$near" 4)
	EOF
}

# Most of the memory that there is, for a moment. It takes it step by step, and asks
# again what is left: the others, and a kernel whose every object has a history, take more
# in the meantime, and who is killed for it leaves a backtrace in the log. Where that
# takes minutes it ends with the others.
pressure()
{
	"$PYTHON" -c '
import mmap, os, sys, time
STEP, LEFT = 4 << 20, 48 << 20
def available():
    for line in open("/proc/meminfo"):
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) * 1024
held = []
while available() > LEFT + STEP and not os.path.exists(sys.argv[1]):
    held.append(mmap.mmap(-1, STEP))
    for at in range(0, STEP, 4096):
        held[-1][at] = 1
time.sleep(0.2)' "$TMP/over"
	sleep 2
}

# fault SETTING VALUE
fault()
{
	echo "$2" > "$FAILSLAB/$1"
}

# Single allocations (fail.sh has each once), for a second or two, then none for a while.
# It is either those of packets and timers, which may not wait, of everybody; or all that
# requests of netlink need, of mtctl and ip. Not what programs need beside: the root file
# system of the test machine is 9p, which without memory loses track of its files. Of the
# slab alone: the kernel tells with a backtrace of each page that it could not have. And
# never two in a row, so that what has a second way takes it, and does not tell either.
faults()
{
	[ -d $FAILSLAB ] || { sleep 5; return; }
	if [ $((RANDOM % 2)) = 0 ]; then
		fault ignore-gfp-wait Y
		fault task-filter N
	else
		fault ignore-gfp-wait N
		fault task-filter Y
	fi
	fault interval "$(one_of 10 20 50)"
	fault probability "$(one_of 1 5 20)"
	sleep "$(one_of 1 2)"
	fault probability 0
	pause
}

# Where a device that moves is renamed, and given its new owner, the kernel cannot bear it.
setup_faults()
{
	if [ ! -d $FAILSLAB ]; then
		say "no allocation fails: a kernel without fault injection"
		return
	fi
	[ -e "$WITHIN" ] || skip_all "fault/within.ko is not built"
	fault probability 0
	fault times $MOST_FAULTS
	fault space 0
	fault verbose 0
	insmod "$WITHIN" func=netlink_rcv_skb chosen=1 \
		spare=device_rename,netdev_change_owner || exit $ksft_fail
}

processors()
{
	local cpu=/sys/devices/system/cpu/cpu1/online

	[ -e $cpu ] || { did processors; sleep 5; return; }
	echo 0 > $cpu
	[ "$(< $cpu)" = 0 ] && did processors
	pause
	echo 1 > $cpu
	sleep 1
}

unloader()
{
	local i

	sleep 5
	# Whoever reads holds it for a moment.
	for i in 1 2 3; do
		rmmod mtun && { did unloader; break; }
	done
	load_mtun
	tunnels
}

# act NAME: its rounds are counted in $TMP/NAME.
act()
{
	local rounds=0

	# Only the actors' own words count, and the kernel's.
	exec > "$TMP/$1.log" 2>&1
	RANDOM=$((SEED * 100 + $2))
	while [ ! -e "$TMP/over" ]; do
		: > "$TMP/$1.log"
		"$1"
		rounds=$((rounds + 1))
		echo $rounds > "$TMP/$1"
	done
}

##############################################################################

# torture SECONDS: all of them
torture()
{
	local actor pid name n=0
	local -a actors=()

	for actor in $ACTORS; do
		n=$((n + 1))
		rm -f "$TMP/$actor"
		act "$actor" $n &
		actors+=($!)
	done
	sleep "$1"
	touch "$TMP/over"
	for pid in "${actors[@]}"; do
		busywait $((WAIT_MS * 4)) has_ended "$pid" ||
			check_err 1 "no end: $(ps -o stat=,wchan:20=,args= --ppid "$pid" -p "$pid")"
	done
	rm "$TMP/over"
	# What an actor could not take away again
	ip netns list | while read -r name _; do
		[ "${name#torture-}" = "$name" ] || ip netns del "$name"
	done
}

torture_test()
{
	local actor rounds failed dev packets
	local -A before FEW=([unloader]=2)

	tunnels > /dev/null 2>&1
	for dev in g4 g6 x8; do
		before[$dev]=$(link_stat "$far" $dev rx packets)
	done
	rm -f "$TMP"/did.*
	torture "$LONG"
	for dev in g4 g6 x8; do
		packets=$(($(link_stat "$far" $dev rx packets) - before[$dev]))
		say "$dev: $packets packets"
		[ $packets -gt 0 ]
		check_err $? "no packet has come to $dev"
	done
	# Of a few rounds, each may have been refused something.
	for actor in maker mover keyer processors unloader; do
		[ -e "$TMP/did.$actor" ] || [ "$(< "$TMP/$actor")" -lt "${FEW[$actor]:-4}" ]
		check_err $? "$actor has never reached its end"
	done
	[ "$(came esp)" -gt 0 ]
	check_err $? "no ESP has come to far"
	check_eq "$(came clear)" 0 "packets of e8 that are not in ESP"
	check_err "$WARM" "before all of that"
	for actor in $ACTORS; do
		rounds=$(cat "$TMP/$actor" 2> /dev/null)
		say "$actor: ${rounds:-0} rounds"
		[ "${rounds:-0}" -gt 0 ]
		check_err $? "$actor has got nowhere"
	done
	if [ -d $FAILSLAB ]; then
		failed=$((MOST_FAULTS - $(< $FAILSLAB/times)))
		say "$failed allocations have failed"
		[ "$failed" -gt 0 ]
		check_err $? "no allocation has failed"
	fi
	check_eq "$(klog_bad | wc -l)" 0 "complaints in the kernel log"
	log_test "$LONG seconds of everything at the same time"
}

# As a router that has survived all of that: the module is loaded anew, and what was
# configured last is configured again.
again_test()
{
	rmmod mtun
	check_err $? "cannot be unloaded"
	load_mtun
	ip_batch "$near" <<-EOF
		link set dev u0 mtu 1500
		link set dev u0 down
		link set dev u0 up
		route flush 192.0.2.2/32
		addr flush dev u0
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
	EOF
	ip -n "$near" -6 route flush 2001:db8::2/128
	tunnels > "$TMP/tunnels" 2>&1
	check_err $? "$(cat "$TMP/tunnels")"
	ping_check "$near" 10.0.4.2
	check_err $? "no way through a4"
	ping_check "$near" 10.0.6.2
	check_err $? "no way through a6"
	esp_again > "$TMP/esp" 2>&1
	check_err $? "$(cat "$TMP/esp")"
	ping_check "$near" 10.0.8.2
	check_err $? "no way through e8"
	log_test "works afterwards"
}

returned()
{
	KB_AFTER=$(unreclaimed)
	[ "$KB_AFTER" -le $((KB_BEFORE + MARGIN)) ]
}

memory_test()
{
	rmmod mtun
	check_err $? "cannot be unloaded"
	slowwait_for returned
	say "kB before: $KB_BEFORE, afterwards: $(unreclaimed)"
	returned
	check_err $? "$((KB_AFTER - KB_BEFORE)) kB are missing"
	log_test "memory is back"
}

setup_prepare
run_tests "$@"
