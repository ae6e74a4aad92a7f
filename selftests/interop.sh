#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An mtun tunnel speaks with the kernel's own GRE drivers, and with itself: over
# IPv4 and IPv6, carrying IPv4 and IPv6, with no key, the same key both ways and
# a key for each way. The IPv6 driver of the kernel puts a Destination Options
# header before the GRE header unless told not to ("encaplimit none"): both are
# tried.
#
#  +- near ----------------------+       +- far ------------------------+
#  |  mt0  10.0.0.1/24           |       |  g0  10.0.0.2/24             |
#  |   :   2001:db8:a::1/64      |       |   :  2001:db8:a::2/64        |
#  |   :                         |       |   :                          |
#  |  u0   192.0.2.1/24    ------+-------+-- u0 192.0.2.2/24            |
#  |       2001:db8::1/64        |       |      2001:db8::2/64          |
#  +-----------------------------+       +------------------------------+
#
# mt0 is always an mtun device; g0 is what the case says.
#
# Then, for each kind of far end, 64 tunnels at once: t0 to t63 have all
# combinations of checksum, sequence number and key that they send, with all
# those that they receive. interop.py has the addresses and the traffic.

FAR_ENDS="ip_gre ip6_gre ip6_gre_plain mtun4 mtun6"
ALL_TESTS=
for far_end in $FAR_ENDS; do
	for keys in none same differ; do
		ALL_TESTS+=" interop_test:$far_end:$keys"
	done
done
for far_end in $FAR_ENDS; do
	ALL_TESTS+=" options_test:$far_end"
done

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping taskset "$PYTHON"
need_module veth ip_gre ip6_gre

setup_prepare()
{
	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		addr add 2001:db8::2/64 dev u0
		link set u0 up
	EOF
}

far_add()
{
	local end=$1 keys=$2
	local addrs4="local 192.0.2.2 remote 192.0.2.1"
	local addrs6="local 2001:db8::2 remote 2001:db8::1"

	# shellcheck disable=SC2086
	case $end in
	ip_gre)
		ip -n "$far" link add g0 type gre $addrs4 $keys ;;
	ip6_gre)
		ip -n "$far" link add g0 type ip6gre $addrs6 $keys ;;
	ip6_gre_plain)
		ip -n "$far" link add g0 type ip6gre $addrs6 $keys \
			encaplimit none ;;
	mtun4)
		mt "$far" tunnel add g0 $addrs4 $keys ;;
	mtun6)
		mt "$far" tunnel add g0 $addrs6 $keys ;;
	esac
}

interop_test()
{
	local end=$1 keys=$2 near_keys="" far_keys="" drops

	case $keys in
	same)
		near_keys="key 4026531847" far_keys=$near_keys ;;
	differ)
		near_keys="ikey 1 okey 0xfffffffe"
		far_keys="ikey 4294967294 okey 1" ;;
	esac

	# shellcheck disable=SC2086
	case $end in
	ip_gre|mtun4)
		mt "$near" tunnel add mt0 local 192.0.2.1 remote 192.0.2.2 \
			$near_keys ;;
	*)
		mt "$near" tunnel add mt0 local 2001:db8::1 \
			remote 2001:db8::2 $near_keys ;;
	esac
	check_err $? "creating mt0"
	far_add "$end" "$far_keys"
	check_err $? "creating g0"
	ip_batch "$near" <<-EOF
		addr add 10.0.0.1/24 dev mt0
		addr add 2001:db8:a::1/64 dev mt0
		link set mt0 up
	EOF
	check_err $? "configuring mt0"
	ip_batch "$far" <<-EOF
		addr add 10.0.0.2/24 dev g0
		addr add 2001:db8:a::2/64 dev g0
		link set g0 up
	EOF
	check_err $? "configuring g0"

	ping_check "$near" 10.0.0.2
	check_err $? "IPv4 ping from near"
	ping_check "$far" 10.0.0.1
	check_err $? "IPv4 ping from far"
	ping_check "$near" 2001:db8:a::2
	check_err $? "IPv6 ping from near"
	ping_check "$far" 2001:db8:a::1
	check_err $? "IPv6 ping from far"
	tcp_check "$near" "$far" 10.0.0.2 5001 100000
	check_err $? "TCP over IPv4 to far"
	tcp_check "$far" "$near" 10.0.0.1 5002 100000
	check_err $? "TCP over IPv4 to near"
	tcp_check "$near" "$far" 2001:db8:a::2 5003 100000
	check_err $? "TCP over IPv6 to far"
	tcp_check "$far" "$near" 2001:db8:a::1 5004 100000
	check_err $? "TCP over IPv6 to near"

	drops=$(drops_get "$near" mt0)
	check_eq "$drops" "" "packets dropped by mt0"
	stat_above "$near" mt0 rx_bytes 200000
	check_err $? "mt0 did not count what it received"
	stat_above "$near" mt0 tx_bytes 200000
	check_err $? "mt0 did not count what it sent"

	ip -n "$far" link del g0
	check_err $? "deleting g0"
	mt "$near" tunnel del mt0
	check_err $? "deleting mt0"
	log_test "mtun with $end, key: $keys"
}

options_test()
{
	local end=$1 good bad

	"$PYTHON" "$TEST_DIR/interop.py" batches "$end" "$TMP"
	mt "$near" -b - < "$TMP/near.mt" && ip_batch "$near" < "$TMP/near.ip" &&
		mt "$far" -b - < "$TMP/far.mt" && ip_batch "$far" < "$TMP/far.ip"
	check_err $? "creating the tunnels"
	# On one CPU: what two of them send at the same time may change places
	# on its way through a veth, and has no right sequence then.
	taskset -c 0 "$PYTHON" "$TEST_DIR/interop.py" run "$near" "$far" \
		> "$TMP/run" 2>&1
	check_err $? "$(tail -n 5 "$TMP/run")"

	good=$(grep -c "^t[0-9]* IPv[46] ok" "$TMP/run")
	check_eq "$good" 256 "tunnels that work, each family, each way"
	bad=$(grep -v "^t[0-9]* IPv[46] ok" "$TMP/run")
	[ -z "$bad" ] || say "$bad"
	bad=$(mt "$near" -j -s tunnel list | grep -o '"drops":{[^}]\+}')
	check_eq "$bad" "" "packets dropped by mtun"

	ip_del_all "$near"
	ip_del_all "$far"
	log_test "mtun with $end, all options, each way for itself"
}

# ip_del_all NS: t0 to t63, and all addresses of u0 but the first of each family
ip_del_all()
{
	local i

	for ((i = 0; i < 64; i++)); do
		echo "link del t$i"
		if [ "$1" = "$far" ] && [ "$i" -gt 0 ]; then
			echo "addr del 192.0.2.$((i + 2))/24 dev u0"
			printf 'addr del 2001:db8::%x/64 dev u0\n' $((i + 2))
		fi
	done | ip -n "$1" -force -batch - 2> /dev/null
}

setup_prepare
run_tests "$@"
