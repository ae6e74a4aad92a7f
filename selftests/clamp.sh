#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# MSS clamps at devices: "mtctl clamp". clamp.py makes and reads the packets, and
# has the addresses.
#
#  +- lan ----------+    +- near ----------------------------+    +- isp -------+
#  |  l0  .9.0.2 ---+----+- l0   e0      a veth             -+----+- e0         |
#  |  l1  .9.1.2 ---+----+- l1   e1.7    a VLAN on a veth   -+----+- e1.7       |
#  |  l2  .9.2.2 ---+----+- l2   b2      a bond of one veth -+----+- e2         |
#  |  l3  ----------+----+- l3 - br3 - e3  a bridge's member -+---+- e3         |
#  |  l4  .9.4.2 ---+----+- l4   e4      both in a VRF      -+----+- e4         |
#  +----------------+    +-----------------------------------+    +-------------+
#
# And the picture of Direct Server Return: what the client sends comes through a
# tunnel that carries 1476 bytes, and what the server answers leaves by another
# port, the only place where a clamp sees it. No ICMP reaches the client.
#
#  +- client -+     +- node ---+  tunnel  +- router --------------+  +- server -+
#  |  c0      +-----+ n0    mt0+..........+ mt0                 s0+--+ s0       |
#  |          |     | 198.51...+----------+ r0                    |  +----------+
#  |          |     +----------+          |                       |
#  |  c1      +---------------------------+ p0   (clamp)          |
#  +----------+                           +-----------------------+

ALL_TESTS="control_test many_prefixes_test follow_test netns_test unload_test
	   py_result:devices py_result:directions py_result:prefixes
	   py_result:local py_result:auto py_result:untouched
	   py_result:memory py_result:return py_result:tunnel py_result:end"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" nft
need_module veth 8021q bonding bridge vrf

# refused TEXT ARGUMENTS...: mtctl clamp fails and says so
refused()
{
	local wanted=$1 said; shift

	said=$(mt "$ns" clamp "$@" 2>&1)
	check_fail $? "clamp $* was accepted"
	check_match "$said" "$wanted" "clamp $*"
}

control_test()
{
	local ns text

	setup_ns ns
	ip -n "$ns" link add d0 type dummy
	mt "$ns" clamp add dev d0 mss 1436 src 203.0.113.0/24 \
		src 2001:db8:100::/40 dst 198.51.100.7
	check_err $? "clamp add"
	text=$(mt "$ns" clamp show)
	check_match "$text" "^d0: mss 1436  out  active" "show"
	check_match "$text" "src 203.0.113.0/24  src 2001:db8:100::/40" "src"
	check_match "$text" "dst 198.51.100.7"$'$' "dst"
	text=$(mt "$ns" -j -s clamp show dev d0)
	text=${text#*\"ifindex\":}
	check_eq "${text#*,}" '"state":"active","direction":"out","mss":1436,"insert":false,"origin":"manual","src":["203.0.113.0/24","2001:db8:100::/40"],"dst":["198.51.100.7"],"stats":{"seen":0,"lowered":0,"inserted":0,"small":0,"absent":0,"malformed":0,"signed":0,"no_memory":0}}]' \
		"JSON"

	# What is not given stays.
	mt "$ns" clamp set dev d0 mss auto
	mt "$ns" clamp set dev d0 both
	mt "$ns" clamp set dev d0 src 192.0.2.0/25
	text=$(mt "$ns" -d clamp show dev d0)
	check_match "$text" "^d0: mss auto  insert off  both  active"$'\n'"    src 192.0.2.0/25"$'\n'"    dst 198.51.100.7"$'\n' "set"
	mt "$ns" clamp set dev d0 insert on
	mt "$ns" clamp set dev d0 src any in
	text=$(mt "$ns" clamp show dev d0)
	check_match "$text" "^d0: mss auto  insert on  in  active"$'\n'"    dst 198.51.100.7"$ "src any"
	check_match "$(mt "$ns" -j clamp show)" '"insert":true' "insert, JSON"

	refused "dev d0 has a clamp already" add dev d0
	refused "dev d1 has no clamp" set dev d1 mss 1400
	refused "dev d1 has no clamp" del dev d1
	refused "dev d1 has no clamp" show dev d1
	refused "can be no device's name" add dev "a/b"
	refused "48 to 65534" set dev d0 mss 47
	refused "48 to 65534" set dev d0 mss 65535
	refused "48 to 65534" set dev d0 mss off
	refused "no bits set behind" set dev d0 src 203.0.113.1/24
	refused "ADDR/LEN" set dev d0 src 203.0.113.0/33
	refused "ADDR/LEN" set dev d0 dst 2001:db8::/129
	refused "any goes with no other" set dev d0 src any src 10.0.0.0/8
	refused "did you mean \"out\"" set dev d0 ou
	refused "out: given before" set dev d0 in out
	refused "give on or off" set dev d0 insert yes
	refused "insert: given before" set dev d0 insert on insert off
	refused "at which device" add mss 1400
	check_match "$(mt "$ns" clamp show)" "^d0: mss auto  insert on  in  active" \
		"what was refused has changed nothing"
	mt "$ns" clamp del dev d0
	check_err $? "clamp del"
	check_eq "$(mt "$ns" -j clamp show)" "[]" "the list afterwards"
	log_test "add, set, show, del and what is refused"
}

many_prefixes_test()
{
	local ns i line

	setup_ns ns
	line="clamp add dev d0"
	for ((i = 0; i < 1024; i++)); do
		line+=" src 2001:db8:$i::/48"
	done
	echo "$line" | mt "$ns" -b -
	check_err $? "1024 prefixes"
	check_eq "$(mt "$ns" -j clamp show | grep -o "/48" | wc -l)" 1024 \
		"prefixes shown"
	echo "$line src 10.0.0.0/8" | sed s/add/set/ | mt "$ns" -b - 2> "$TMP/e"
	check_fail $? "1025 prefixes"
	check_match "$(< "$TMP/e")" "1024 prefixes at the most" "1025 prefixes"
	log_test "1024 prefixes, and no more"
}

# states NS: "d0 active, d1 waiting"
states()
{
	mt "$1" clamp show | sed -n 's/\([^:]*\): .*  \([a-z]*\)$/\1 \2/p' |
		paste -s -d , -
}

follow_test()
{
	local ns other

	setup_ns ns other
	mt "$ns" clamp add dev d0
	check_eq "$(states "$ns")" "d0 waiting" "no device"
	ip -n "$ns" link add d0 type dummy
	check_eq "$(states "$ns")" "d0 active" "the device comes"
	ip -n "$ns" link set d0 name d1
	check_eq "$(states "$ns")" "d1 active" "renamed"
	ip -n "$ns" link del d1
	check_eq "$(states "$ns")" "d1 waiting" "gone"
	ip -n "$ns" link add d0 type dummy
	check_eq "$(states "$ns")" "d1 waiting" "another device"
	ip -n "$ns" link set d0 name d1
	check_eq "$(states "$ns")" "d1 active" "it gets the name"
	ip -n "$ns" link set d1 netns "$other"
	check_eq "$(states "$ns")" "d1 waiting" "moved away"
	check_eq "$(states "$other")" "" "clamps elsewhere"
	ip -n "$other" link set d1 netns "$ns"
	check_eq "$(states "$ns")" "d1 active" "moved back"

	# A name is that of one clamp, and it is the device's own.
	mt "$ns" clamp add dev d2 mss 1200
	ip -n "$ns" link set d1 name d2
	check_eq "$(states "$ns")" "d1 waiting,d2 active" "renamed to one that waits"
	mt "$ns" clamp show dev d2 | grep -q 1200
	check_err $? "the one that has waited"
	mt "$ns" clamp del dev d1
	ip -n "$ns" link property add dev d2 altname d3
	mt "$ns" clamp add dev d3
	check_eq "$(states "$ns")" "d2 active,d3 waiting" "another name of the device"
	log_test "a clamp follows its device, and waits"
}

# setup_clamps NS: at lo, at a device, and at one that is not there
setup_clamps()
{
	ip -n "$1" link add d0 type dummy
	printf 'clamp add dev %s both\n' lo d0 d1 | mt "$1" -b -
	check_err $? "clamp add"
}

# A namespace and its devices go with clamps at them.
netns_test()
{
	local ns

	setup_ns ns
	setup_clamps "$ns"
	ip netns del "$ns"
	check_err $? "ip netns del"
	# The namespace ends behind that, at the latest when the module does.
	rmmod mtun
	check_err $? "rmmod"
	load_mtun
	log_test "a namespace goes with its clamps"
}

unload_test()
{
	local ns

	setup_ns ns
	setup_clamps "$ns"
	rmmod mtun
	check_err $? "rmmod"
	ping_check "$ns" 127.0.0.1
	check_err $? "ping by a device that had a clamp"
	load_mtun
	check_eq "$(mt "$ns" -j clamp show)" "[]" "clamps of the module anew"
	log_test "the module goes with clamps in use"
}

setup_devices()
{
	local i

	setup_ns lan near isp
	for i in 0 1 2 3 4; do
		echo "link add l$i type veth peer name l$i netns $lan"
		echo "link add e$i type veth peer name e$i netns $isp"
		echo "link set l$i up"
		[ $i = 2 ] || echo "link set e$i up"
	done | ip_batch "$near"
	ip_batch "$near" <<-EOF
		link add link e1 name e1.7 type vlan id 7
		link add b2 type bond mode active-backup miimon 100
		link set e2 master b2
		link set b2 up
		link add br3 type bridge
		link set l3 master br3
		link set e3 master br3
		link set br3 up
		link add v4 type vrf table 104
		link set v4 up
		link set l4 master v4
		link set e4 master v4
		link set e1.7 up
	EOF
	ip -n "$isp" link add link e1 name e1.7 type vlan id 7
	for i in 0 1 2 3 4; do
		echo "link set e$i up"
	done | ip_batch "$isp"
	ip -n "$isp" link set e1.7 up
	for i in 0 1 2 3 4; do
		echo "link set l$i up"
	done | ip_batch "$lan"
	setup_router "$near"
}

setup_return()
{
	setup_ns client node router server
	ip_batch "$client" <<-EOF
		link add c0 type veth peer name n0 netns $node
		link add c1 type veth peer name p0 netns $router
		addr add 192.0.2.2/24 dev c0
		addr add 2001:db8:2::2/64 dev c0
		addr add 10.77.0.2/24 dev c1
		addr add 2001:db8:77::2/64 dev c1
		link set c0 up
		link set c1 up
		route add 203.0.113.0/24 via 192.0.2.1
		route add 2001:db8:100::/48 via 2001:db8:2::1
	EOF
	ip_batch "$node" <<-EOF
		link add r0 type veth peer name r0 netns $router
		addr add 192.0.2.1/24 dev n0
		addr add 2001:db8:2::1/64 dev n0
		addr add 198.51.100.1/24 dev r0
		link set n0 up
		link set r0 up
	EOF
	ip_batch "$router" <<-EOF
		link add s0 type veth peer name s0 netns $server
		addr add 198.51.100.2/24 dev r0
		addr add 10.77.0.1/24 dev p0
		addr add 2001:db8:77::1/64 dev p0
		addr add 203.0.113.1/24 dev s0
		addr add 2001:db8:100::1/64 dev s0
		link set r0 up
		link set p0 up
		link set s0 up
		route add 192.0.2.0/24 via 10.77.0.2
		route add 2001:db8:2::/64 via 2001:db8:77::2
	EOF
	ip_batch "$server" <<-EOF
		addr add 203.0.113.2/24 dev s0
		addr add 2001:db8:100::2/64 dev s0
		link set s0 up
		route add default via 203.0.113.1
		route add default via 2001:db8:100::1
	EOF
	mt "$node" tunnel add mt0 local 198.51.100.1 remote 198.51.100.2
	mt "$router" tunnel add mt0 local 198.51.100.2 remote 198.51.100.1
	ip_batch "$node" <<-EOF
		link set mt0 up
		route add 203.0.113.0/24 dev mt0
		route add 2001:db8:100::/48 dev mt0
	EOF
	ip -n "$router" link set mt0 up
	setup_router "$node" "$router" "$client"
	in_ns "$client" nft -f - <<-EOF
		table inet t {
			chain c_in {
				type filter hook input priority 0;
				icmp type destination-unreachable counter drop
				icmpv6 type packet-too-big counter drop
			}
		}
	EOF
}

setup_prepare()
{
	setup_devices
	setup_return
	FAULT=$TEST_DIR/fault/failret.ko py_run \
		"$TEST_DIR/clamp.py" "$lan" "$near" "$isp" \
		"$client" "$node" "$router" "$server"
}

setup_prepare
run_tests "$@"
