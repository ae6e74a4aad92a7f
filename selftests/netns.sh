#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tunnels that were moved to another namespace keep their underlay, and go when
# either namespace goes.
#
#  +- ova -----------------+          +- ovb -----------------+
#  |  mt0  10.0.0.1/24     |          |  mt0  10.0.0.2/24     |
#  |       2001:db8:a::1   |          |       2001:db8:a::2   |
#  +---:-------------------+          +---:-------------------+
#      : (moved)                          :
#  +- una -----------------+          +- unb -----------------+
#  |  u0  192.0.2.1/24   --+----------+-- u0  192.0.2.2/24    |
#  |      2001:db8::1/64   |          |       2001:db8::2/64  |
#  +-----------------------+          +-----------------------+

ALL_TESTS="move_test:4 move_test:6 move_back_test set_moved_test
	   same_tuple_test delete_test:ova:una delete_test:una:ova
	   delete_test:ovb:unb delete_test:unb:ovb delete_moved_test
	   delete_unmoved_test name_taken_test account_test limit_test unload_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping
need_module veth

# Of those who configure it
GROUP=/sys/fs/cgroup/mtun-account

cleanup_more()
{
	[ ! -d $GROUP ] || rmdir $GROUP
}

world_up()
{
	local v=${1:-4} a b

	setup_ns una unb ova ovb
	setup_underlay "$una" "$unb"
	a=192.0.2.1 b=192.0.2.2
	[ "$v" = 4 ] || a=2001:db8::1 b=2001:db8::2
	mt "$una" tunnel add mt0 local $a remote $b key 7
	check_err $? "adding mt0 to una"
	mt "$unb" tunnel add mt0 local $b remote $a key 7
	check_err $? "adding mt0 to unb"
	ip -n "$una" link set mt0 netns "$ova"
	check_err $? "moving mt0 to ova"
	ip -n "$unb" link set mt0 netns "$ovb"
	check_err $? "moving mt0 to ovb"
	ip_batch "$ova" <<-EOF
		addr add 10.0.0.1/24 dev mt0
		addr add 2001:db8:a::1/64 dev mt0
		link set mt0 up
	EOF
	ip_batch "$ovb" <<-EOF
		addr add 10.0.0.2/24 dev mt0
		addr add 2001:db8:a::2/64 dev mt0
		link set mt0 up
	EOF
}

world_down()
{
	local ns

	for ns in "$ova" "$ovb" "$una" "$unb"; do
		ip netns del "$ns" 2> /dev/null
	done
}

declare -A FLOOD

traffic_start()
{
	in_bg "$ova" /dev/null "$TRAFFIC" udp-flood 10.0.0.2 9 100
	FLOOD[ova]=$BG_PID
	in_bg "$ovb" /dev/null "$TRAFFIC" udp-flood 2001:db8:a::1 9 100
	FLOOD[ovb]=$BG_PID
	slowwait_for_counter "$ovb" mt0 rx_packets 100
	check_err $? "no traffic to ovb"
	slowwait_for_counter "$ova" mt0 rx_packets 100
	check_err $? "no traffic to ova"
}

traffic_stop()
{
	local p

	for p in "${FLOOD[@]}"; do
		stop_bg "$p" KILL
	done
	FLOOD=()
}

no_device()
{
	! ip -n "$1" link show "$2" > /dev/null 2>&1
}

move_test()
{
	local v=$1 json

	world_up "$v"
	ping_check "$ova" 10.0.0.2
	check_err $? "IPv4 ping"
	ping_check "$ovb" 2001:db8:a::1
	check_err $? "IPv6 ping"
	tcp_check "$ova" "$ovb" 10.0.0.2 5001 100000
	check_err $? "TCP"
	check_eq "$(mt "$una" -j tunnel list | tr -d ' \n')" "[]" \
		"tunnels listed in una"
	json=$(mt "$ova" -j tunnel list)
	check_match "$json" '"ifname": *"mt0"' "tunnels listed in ova"
	check_match "$json" '"underlay_netnsid": *[0-9]+' "ova"
	check_match "$(ip -n "$ova" -d link show mt0)" "mtun" "ip -d link"
	check_eq "$(drops_get "$ova" mt0)" "" "drops"
	world_down
	log_test "IPv$v tunnels moved to other namespaces carry traffic"
}

move_back_test()
{
	world_up
	ip -n "$ova" link set mt0 netns "$una"
	check_err $? "moving mt0 back"
	mt "$una" -j tunnel show mt0 | grep -q underlay_netnsid
	check_fail $? "underlay_netnsid shown at home"
	ip_batch "$una" <<-EOF
		addr add 10.0.0.1/24 dev mt0
		link set mt0 up
	EOF
	ping_check "$una" 10.0.0.2
	check_err $? "ping from una"
	world_down
	log_test "a tunnel moved back"
}

set_moved_test()
{
	world_up
	mt "$ova" tunnel set mt0 key 9
	check_err $? "setting a key in ova"
	ping_now "$ova" 10.0.0.2
	check_fail $? "ping with different keys"
	mt "$ovb" tunnel set mt0 key 9
	check_err $? "setting a key in ovb"
	ping_check "$ova" 10.0.0.2
	check_err $? "ping with the new key"
	# A device of the underlay, by the name that it has there; ova has none.
	mt "$ova" tunnel set mt0 dev u0
	check_err $? "dev u0, which only una has"
	check_match "$(mt "$ova" -j tunnel show mt0)" '"dev": *"u0"' "dev"
	ping_check "$ova" 10.0.0.2
	check_err $? "ping with dev u0"
	ip -n "$una" link set u0 down
	ping_now "$ova" 10.0.0.2
	check_fail $? "ping with the underlay down"
	world_down
	log_test "a moved tunnel is set where it is"
}

# Tuples belong to the underlay, not to where the device is.
same_tuple_test()
{
	local out

	world_up
	out=$(mt "$una" tunnel add mt1 local 192.0.2.1 remote 192.0.2.2 key 7 2>&1)
	check_eq $? 1 "the tuple of the moved tunnel"
	check_match "$out" "exist|same|already|duplicate|taken|used" "refusal"
	no_device "$una" mt1
	check_err $? "mt1 was created"
	mt "$ova" tunnel add mt1 local 192.0.2.1 remote 192.0.2.2 key 7
	check_err $? "the same tuple in another namespace"
	world_down
	log_test "the tuple of a moved tunnel is taken in its underlay only"
}

delete_test()
{
	local first=$1 second=$2 which over under

	world_up
	traffic_start
	over=$ova under=$una
	[[ $1 == *b || $2 == *b ]] && over=$ovb under=$unb

	# A process in it would keep it alive; the other end goes on sending.
	if [ -n "${FLOOD[$first]}" ]; then
		stop_bg "${FLOOD[$first]}" KILL
		unset "FLOOD[$first]"
	fi
	ip netns del "${!first}"
	check_err $? "deleting $first"
	case $first in
	ov*)
		# The tunnel went with the overlay: its tuple is free again.
		which=$([ "$under" = "$una" ] && echo "1 remote 192.0.2.2" ||
			echo "2 remote 192.0.2.1")
		# shellcheck disable=SC2086
		slowwait_for mt "$under" tunnel add mt1 local 192.0.2.$which \
			key 7 2> /dev/null
		check_err $? "the tuple was not freed"
		;;
	un*)
		slowwait_for no_device "$over" mt0
		check_err $? "mt0 outlived its underlay"
		check_eq "$(mt "$over" -j tunnel list | tr -d ' \n')" "[]" \
			"tunnels listed"
		;;
	esac
	ip netns del "${!second}"
	check_err $? "deleting $second"
	traffic_stop
	world_down
	log_test "$first deleted, then $second, with traffic"
}

delete_moved_test()
{
	world_up
	traffic_start
	mt "$ova" tunnel del mt0
	check_err $? "mtctl tunnel del"
	ip -n "$ovb" link del mt0
	check_err $? "ip link del"
	no_device "$ova" mt0 && no_device "$ovb" mt0
	check_err $? "a device is still there"
	mt "$una" tunnel add mt0 local 192.0.2.1 remote 192.0.2.2 key 7
	check_err $? "the tuple is not free"
	traffic_stop
	world_down
	log_test "moved tunnels deleted, with traffic"
}

delete_unmoved_test()
{
	setup_ns una
	mt "$una" tunnel add mt0 local 192.0.2.1 remote 192.0.2.2
	check_err $? "adding mt0"
	ip -n "$una" link set mt0 up
	ip netns del "$una"
	check_err $? "deleting the namespace"
	log_test "namespace deleted with a tunnel in it"
}

# When the overlay has a device of that name already.
name_taken_test()
{
	world_up
	mt "$una" tunnel add mt1 local 192.0.2.1 remote 192.0.2.9
	ip_batch "$una" <<-EOF
		link add mt0 type veth peer name other
	EOF
	ip -n "$ova" link set mt0 netns "$una" 2> /dev/null
	check_fail $? "moved over a device of the same name"
	ping_check "$ova" 10.0.0.2
	check_err $? "ping after a refused move"
	world_down
	log_test "a refused move changes nothing"
}

# charged: kB of the kernel's memory on the group's account
charged()
{
	awk '$1 == "kernel" { print int($2 / 1024) }' $GROUP/memory.stat
}

uncharged()
{
	[ "$(charged)" -lt $((CHARGED / 4)) ]
}

# account_up WHAT: a control group whose memory is counted. What is on the disk, mtctl
# itself, is not to be on its account: where that ends, it would be thrown out and read
# again for ever.
account_up()
{
	"$MTCTL" -V > /dev/null
	if ! mkdir $GROUP || ! echo +memory > /sys/fs/cgroup/cgroup.subtree_control ||
	   [ ! -e $GROUP/memory.stat ]; then
		log_skip "$1" "no memory controller"
		return 1
	fi 2> /dev/null
}

# on_account COMMAND...: by a process of the group; those before it have charged what it
# finds.
on_account()
{
	(echo "$BASHPID" > $GROUP/cgroup.procs && "$@")
}

# orders FIRST LAST: tunnels with a filter of 2,000 addresses each
orders()
{
	local i

	for ((i = $1; i <= $2; i++)); do
		echo "tunnel add mt$i local 192.0.2.1 remote 192.0.2.2 key $i"
		echo "filter set mt$i allow-src-rx" 10.$i.{0..9}.{1..200..2} \
			10.$i.{10..19}.{1..200..2}
	done
}

# What a tenant has made is on the tenant's account, where it can be limited: 20 tunnels
# are 4 MB; what the kernel itself charges for as many devices is 600 kB.
account_test()
{
	account_up "memory is on the account of who asked for it" || return
	setup_ns una
	orders 1 20 > "$TMP/batch"
	on_account mt "$una" -b "$TMP/batch"
	check_err $? "mtctl"
	CHARGED=$(charged)
	say "$CHARGED kB"
	[ "$CHARGED" -ge 1500 ]
	check_err $? "only $CHARGED kB are on the account"
	# The counters of each are 1 kB for each CPU.
	[ "$(awk '$1 == "percpu" { print $2 }' $GROUP/memory.stat)" -ge $((20 * 1000)) ]
	check_err $? "counters are on nobody's account"
	ip netns del "$una"
	slowwait_for uncharged
	check_err $? "$(charged) kB are left of $CHARGED"
	rmdir $GROUP
	log_test "memory is on the account of who asked for it"
}

# filtered NS: how many addresses the filters of its tunnels have
filtered()
{
	mt "$1" -j filter show | grep -oE '"10\.[0-9.]+(/32)?"' | wc -l
}

# Where the account ends, mtctl is killed in the middle of its orders. What was made by
# then is whole, nothing else has noticed, and the rest can be had by another account.
limit_test()
{
	local made kills

	account_up "the kernel kills who has no memory left" || return
	world_up
	traffic_start
	setup_ns tenant
	orders 1 100 > "$TMP/batch"
	echo 8M > $GROUP/memory.max
	on_account mt "$tenant" -b "$TMP/batch" 2> /dev/null
	[ $? -eq 137 ]
	check_err $? "mtctl was not killed"
	kills=$(awk '$1 == "oom_kill" { print $2 }' $GROUP/memory.events)
	[ "$kills" -ge 1 ]
	check_err $? "not for want of memory"

	made=$(mt "$tenant" tunnel show | grep -c '^mt')
	say "$made of 100 tunnels were made"
	[ "$made" -gt 1 ] && [ "$made" -lt 100 ]
	check_err $? "$made tunnels"
	case $(filtered "$tenant") in
	$((made * 2000))|$((made * 2000 - 2000))) ;;
	*) check_err 1 "$(filtered "$tenant") addresses of $made tunnels" ;;
	esac

	# Those that come without a name are there in any case, except the one in work.
	orders 1 100 | tail -n +$((made * 2)) > "$TMP/batch"
	mt "$tenant" -b "$TMP/batch"
	check_err $? "the rest"
	[ "$(filtered "$tenant")" -eq 200000 ]
	check_err $? "$(filtered "$tenant") addresses instead of 200000"
	ping_check "$ova" 10.0.0.2
	check_err $? "another tunnel"
	traffic_stop
	world_down
	ip netns del "$tenant"
	rmdir $GROUP
	log_test "the kernel kills who has no memory left"
}

unload_test()
{
	world_up
	traffic_start
	if [ ! -e /sys/module/mtun/refcnt ]; then
		traffic_stop
		world_down
		log_skip "module unloaded with moved tunnels" \
			"this kernel unloads no module"
		return
	fi
	slowwait_for rmmod mtun
	check_err $? "it cannot be unloaded, by $(cat /sys/module/mtun/refcnt 2> /dev/null) users"
	no_device "$ova" mt0 && no_device "$ovb" mt0
	check_err $? "a device is still there"
	load_mtun
	check_err $? "loading mtun again"
	traffic_stop
	check_eq "$(mt "$ova" -j tunnel list | tr -d ' \n')" "[]" \
		"tunnels after loading"
	world_down
	log_test "module unloaded with moved tunnels and traffic"
}

run_tests "$@"
