#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mtun beside the kernel's own GRE drivers, which come and go in any order while
# traffic flows through mtun tunnels, and the other way round.
#
#  +- near -----------------------+       +- far ------------------------+
#  |  mt4  10.0.4.1/24  (key 1)   |       |  mt4  10.0.4.2/24            |
#  |  mt6  10.0.6.1/24  (key 1)   |       |  mt6  10.0.6.2/24            |
#  |  g4   10.1.4.1/24  (key 2)   |       |  g4   10.1.4.2/24            |
#  |  g6   10.1.6.1/24  (key 2)   |       |  g6   10.1.6.2/24            |
#  |  p4   10.2.4.1/24  (no key)  |       |  p4   10.2.4.2/24            |
#  |   :                          |       |   :                          |
#  |  u0   192.0.2.1/24     ------+-------+-- u0  192.0.2.2/24           |
#  |       2001:db8::1/64         |       |       2001:db8::2/64         |
#  +------------------------------+       +------------------------------+
#
# All tunnels run between the same addresses. mt4 and mt6 are mtun; g4 and p4
# are gre, g6 is ip6gre.

ALL_TESTS="after_test:gre,ip_gre,ip6_gre:ip6_gre,ip_gre,gre
	   after_test:ip6_gre,ip_gre:ip_gre,ip6_gre,gre
	   before_test:gre,ip_gre,ip6_gre:ip6_gre,ip_gre,gre
	   before_test:ip6_gre,ip_gre:ip_gre,ip6_gre,gre
	   mtun_unload_test unkeyed_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping
need_module veth ip_gre ip6_gre

for m in ip6_gre ip_gre pptp gre; do
	[ -e /sys/module/$m ] || continue
	modprobe -r $m 2> /dev/null || skip_all "$m cannot be unloaded"
done
modprobe -r mtun 2> /dev/null || rmmod mtun 2> /dev/null ||
	skip_all "mtun cannot be unloaded"

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
}

mtun_add_one()
{
	local ns=$1 me=$2 you=$3

	mt "$ns" -b - <<-EOF &&
		tunnel add mt4 local 192.0.2.$me remote 192.0.2.$you key 1
		tunnel add mt6 local 2001:db8::$me remote 2001:db8::$you key 1
	EOF
	ip_batch "$ns" <<-EOF
		addr add 10.0.4.$me/24 dev mt4
		addr add 10.0.6.$me/24 dev mt6
		link set mt4 up
		link set mt6 up
	EOF
}

# With traffic already there, what comes before a tunnel is up is dropped.
mtun_add()
{
	mtun_add_one "$near" 1 2 && mtun_add_one "$far" 2 1 || return 1
	DROPS=$(drops)
}

mtun_del()
{
	local ns

	for ns in "$near" "$far"; do
		mt "$ns" -b - <<-EOF
			tunnel del mt4
			tunnel del mt6
		EOF
	done
}

# The drivers make their own devices (gre0, ip6gre0, ...) in every namespace;
# these are ours.
gre_add_one()
{
	local ns=$1 me=$2 you=$3 module=$4

	case $module in
	ip_gre)
		ip_batch "$ns" <<-EOF
			link add g4 type gre local 192.0.2.$me remote 192.0.2.$you key 2
			addr add 10.1.4.$me/24 dev g4
			link set g4 up
			link add p4 type gre local 192.0.2.$me remote 192.0.2.$you
			addr add 10.2.4.$me/24 dev p4
			link set p4 up
		EOF
		;;
	ip6_gre)
		ip_batch "$ns" <<-EOF
			link add g6 type ip6gre local 2001:db8::$me remote 2001:db8::$you key 2
			addr add 10.1.6.$me/24 dev g6
			link set g6 up
		EOF
		;;
	esac
}

# gre_check MODULE MESSAGE
gre_check()
{
	local silent

	case $1 in
	ip_gre) silent=$(ping_all "$near" 10.1.4.2 10.2.4.2) ;;
	ip6_gre) silent=$(ping_all "$near" 10.1.6.2) ;;
	esac
	check_eq "$silent" "" "$2: no answer through $1"
}

gre_load()
{
	local module=$1

	modprobe "$module"
	check_err $? "loading $module"
	gre_add_one "$near" 1 2 "$module" && gre_add_one "$far" 2 1 "$module"
	check_err $? "adding tunnels of $module"
	gre_check "$module" "$module loaded"
}

gre_unload()
{
	modprobe -r "$1" 2> /dev/null || rmmod "$1"
	check_err $? "unloading $1"
}

traffic_start()
{
	in_bg "$near" /dev/null "$TRAFFIC" udp-beat 9 5 10.0.4.2
	BEATS=$BG_PID
	in_bg "$far" /dev/null "$TRAFFIC" udp-beat 9 5 10.0.6.1
	BEATS+=" $BG_PID"
}

# There was more than what the pings sent.
traffic_stop()
{
	local p

	slowwait_for_counter "$far" mt4 rx_packets 50
	check_err $? "no traffic through far mt4"
	slowwait_for_counter "$near" mt6 rx_packets 50
	check_err $? "no traffic through near mt6"
	for p in $BEATS; do
		stop_bg "$p"
	done
}

# What each tunnel has dropped, and why
drops()
{
	local ns

	for ns in "$near" "$far"; do
		mt "$ns" -j -s tunnel list | grep -o '"drops": *{[^}]*}'
	done
}

# Both tunnels still carry packets both ways, and have dropped nothing of all
# the traffic since they are up.
mtun_check()
{
	check_eq "$(ping_all "$near" 10.0.4.2 10.0.6.2)" "" \
		"$1: no answer through mtun"
	check_eq "$(drops)" "$DROPS" "$1: drops"
}

after_test()
{
	local loads=${1//,/ } unloads=${2//,/ } m

	load_mtun && mtun_add
	check_err $? "adding mtun tunnels"
	traffic_start
	mtun_check "alone"
	for m in $loads; do
		gre_load "$m"
		mtun_check "$m loaded"
	done
	for m in $unloads; do
		gre_unload "$m"
		mtun_check "$m unloaded"
	done
	traffic_stop
	mtun_del
	rmmod mtun
	check_err $? "unloading mtun"
	log_test "loaded after mtun: $loads; unloaded: $unloads"
}

before_test()
{
	local loads=${1//,/ } unloads=${2//,/ } m

	for m in $loads; do
		gre_load "$m"
	done
	load_mtun && mtun_add
	check_err $? "adding mtun tunnels"
	traffic_start
	mtun_check "mtun loaded after $loads"
	for m in $loads; do
		gre_check "$m" "mtun loaded after $m"
	done
	for m in $unloads; do
		gre_unload "$m"
		mtun_check "$m unloaded"
	done
	traffic_stop
	mtun_del
	rmmod mtun
	check_err $? "unloading mtun"
	log_test "loaded before mtun: $loads; unloaded: $unloads"
}

# mtun goes, with its tunnels up and traffic in them, and the others stay.
mtun_unload_test()
{
	local m

	gre_load ip_gre
	gre_load ip6_gre
	load_mtun && mtun_add
	check_err $? "adding mtun tunnels"
	traffic_start
	mtun_check "all loaded"
	rmmod mtun
	check_err $? "unloading mtun"
	for m in ip_gre ip6_gre; do
		gre_check $m "mtun unloaded"
	done
	load_mtun && mtun_add
	check_err $? "adding mtun tunnels again"
	mtun_check "mtun loaded again"
	for m in ip_gre ip6_gre; do
		gre_check $m "mtun loaded again"
	done
	traffic_stop
	mtun_del
	gre_unload ip_gre
	gre_unload ip6_gre
	gre_unload gre
	log_test "mtun unloaded and loaded beside ip_gre and ip6_gre"
}

# Without a key on our side: keyed packets between the same addresses are not
# ours, and mtun comes before ip_gre for those that are.
unkeyed_test()
{
	gre_load ip_gre
	mt "$near" tunnel add mt0 local 192.0.2.1 remote 192.0.2.2
	check_err $? "adding mt0 to near"
	mt "$far" tunnel add mt0 local 192.0.2.2 remote 192.0.2.1
	check_err $? "adding mt0 to far"
	ip_batch "$near" <<-EOF
		addr add 10.0.0.1/24 dev mt0
		link set mt0 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 10.0.0.2/24 dev mt0
		link set mt0 up
	EOF
	ping_check "$near" 10.0.0.2
	check_err $? "mtun without a key"
	stat_above "$near" mt0 rx_packets 0
	check_err $? "mt0 received nothing"
	ping_check "$near" 10.1.4.2
	check_err $? "ip_gre with a key"
	mt "$near" tunnel del mt0
	mt "$far" tunnel del mt0
	gre_check ip_gre "mt0 deleted"
	gre_unload ip_gre
	gre_unload gre
	log_test "mtun without a key beside ip_gre with and without"
}

setup_prepare
run_tests "$@"
