#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An mtun tunnel speaks with the GRE of Open vSwitch's userspace datapath, which
# shares no code with the kernel: over IPv4 and IPv6, carrying IPv4 and IPv6,
# with every option that Open vSwitch has for GRE.
#
#  +- near ----------------------+       +- far ------------------------+
#  |                             |       |  br-in  10.0.0.2/24          |
#  |                             |       |   |     2001:db8:a::2/64     |
#  |  mt0  10.0.0.1/24           |       |   | (flows)                  |
#  |   :   2001:db8:a::1/64      |       |   |                          |
#  |   :                         |       |  gre0                        |
#  |   :                         |       |   :                          |
#  |   :                         |       |  br-phy 192.0.2.2/24         |
#  |   :                         |       |   |     2001:db8::2/64       |
#  |  u0   192.0.2.1/24    ------+-------+-- u0                         |
#  |       2001:db8::1/64        |       |                              |
#  +-----------------------------+       +------------------------------+
#
# br-in and br-phy are bridges of ovs-vswitchd. Each is a tap device as well, by
# which the far kernel takes part. gre0 is a port that only ovs-vswitchd knows.
#
# What is in the outer headers is asked of Open vSwitch, too: a flow of its
# datapath tells what was read from a packet of mtun, or what one to mtun gets.

ALL_TESTS=
for family in 4 6; do
	for options in plain keys csum seq all header inherit ptap; do
		ALL_TESTS+=" ovs_test:$family:$options"
	done
done

. "$(dirname "$0")/lib.sh"

need_mtun
need_command ping ethtool taskset ovsdb-tool ovsdb-server ovs-vswitchd \
	ovs-vsctl ovs-ofctl ovs-appctl
need_module veth tun

PHY_MAC=02:00:00:00:00:02
IN_MAC=02:00:00:00:0a:02

# Everything of this Open vSwitch is in our own directory.
export OVS_RUNDIR=$TMP OVS_LOGDIR=$TMP OVS_DBDIR=$TMP OVS_SYSCONFDIR=$TMP
SCHEMA=${OVS_PKGDATADIR:-/usr/share/openvswitch}/vswitch.ovsschema

# The programs of Open vSwitch complain when they wait for a slow machine.
vsctl()
{
	ovs-vsctl -vconsole:err --db="unix:$TMP/db.sock" \
		--timeout="$WAIT_TIMEOUT" "$@"
}

appctl()
{
	ovs-appctl -t "$TMP/vswitchd.ctl" -T "$WAIT_TIMEOUT" -vconsole:err "$@"
}

# Neither becomes a daemon: cleanup ends them. The tap devices go with the
# namespace.
ovs_start()
{
	ovsdb-tool create "$TMP/conf.db" "$SCHEMA" || return 1
	in_bg "$far" "$TMP/ovsdb-server.log" ovsdb-server "$TMP/conf.db" \
		--remote="punix:$TMP/db.sock" --unixctl="$TMP/ovsdb.ctl"
	slowwait_for test -S "$TMP/db.sock" || return 1
	vsctl --no-wait init || return 1

	# On one CPU: of packets that are sent from two, the second may arrive
	# first, which a tunnel with sequence numbers does not forgive.
	in_bg "$far" "$TMP/ovs-vswitchd.log" taskset -c 0 ovs-vswitchd \
		--disable-system --unixctl="$TMP/vswitchd.ctl" \
		"unix:$TMP/db.sock"

	# The far kernel sees what comes in through u0, too. That br-phy has
	# another MAC address makes it leave that to ovs-vswitchd.
	vsctl -- set Open_vSwitch . other_config:max-idle=60000 \
		-- add-br br-phy \
		-- set Bridge br-phy datapath_type=netdev \
			other_config:hwaddr="$PHY_MAC" \
		-- add-port br-phy u0 \
		-- add-br br-in \
		-- set Bridge br-in datapath_type=netdev fail_mode=secure \
			other_config:hwaddr="$IN_MAC"
}

setup_prepare()
{
	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
	EOF
	# ovs-vswitchd takes a packet from u0 as it is, and cannot see that its
	# checksum or its segmentation was left to the device, as veth offers.
	in_ns "$near" ethtool -K u0 tx off > /dev/null || return 1
	# Else the far kernel would answer ARP for the addresses of br-phy here.
	ip -n "$far" link set u0 addrgenmode none arp off up

	ovs_start || return 1

	# A tunnel has no MAC addresses, and so br-in need not ask for any.
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev br-phy
		addr add 2001:db8::2/64 dev br-phy
		link set br-phy up
		link set br-in arp off up
		addr add 10.0.0.2/24 dev br-in
		addr add 2001:db8:a::2/64 dev br-in
	EOF
	ping_check "$near" 192.0.2.2 && ping_check "$near" 2001:db8::2
}

# flows_set PACKET_TYPE: between br-in and gre0, which is port 1. A legacy_l3
# port adds and removes Ethernet headers (of zeros) itself; a ptap port has
# packets of any type, and it is up to the flows.
flows_set()
{
	[ "$FLOWS" = "$1" ] && return 0
	FLOWS=$1

	case $1 in
	legacy_l3)
		cat <<-EOF
			in_port=1 actions=set_field:$IN_MAC->eth_dst,LOCAL
			in_port=LOCAL,ip actions=1
			in_port=LOCAL,ipv6 actions=1
		EOF
		;;
	ptap)
		for type in 0x800 0x86dd; do
			echo "in_port=1,packet_type=(1,$type)" \
			     "actions=encap(ethernet)," \
			     "set_field:$IN_MAC->eth_dst,LOCAL"
		done
		cat <<-EOF
			in_port=LOCAL,ip actions=decap(),1
			in_port=LOCAL,ipv6 actions=decap(),1
		EOF
		;;
	esac | ovs-ofctl -vconsole:err -O OpenFlow15 replace-flows br-in -
}

# Packets of both protocols have come from mtun, and were sent to it, with the
# headers that the variables of ovs_test tell. Many versions of Open vSwitch,
# 3.1.0 for one, do not read DF.
headers_check()
{
	local tunnel="tunnel($from,flags(" header="$to),gre((flags=$to_gre"
	local flows flow proto got sent

	flows=$(appctl dpctl/dump-flows -m)
	for proto in 0x800 0x86dd; do
		got=1 sent=1
		while read -r flow; do
			case $flow in
			*"$tunnel"?"df$from_flags))"*"(ns=1,id=$proto)"*)
				got=0 ;;
			*"$header,proto=$proto)"*"$to_key"[,\)]*)
				sent=0 ;;
			esac
		done <<< "$flows"
		check_err $got "no $proto came with \"$from $from_flags\""
		check_err $sent "no $proto went with \"$to $to_gre $to_key\""
	done
	[ "$RET" -eq 0 ] || say "$(grep -Eo \
		'tunnel\(.*\(ns=1,[^)]*|tnl_push.*\)' <<< "$flows")"
}

ovs_test()
{
	local family=$1 options=$2 json drops n
	local near_args="" far_args=() packet_type=legacy_l3
	local near_addr far_addr mtu from to from_gre=0 to_gre=0
	# Headers as Open vSwitch prints them
	local from_id="" from_tos=0x2 from_ttl=64 from_flags=""
	local to_tos=0x2 to_ttl=64 to_frag=0x4000 to_key=""

	case $options in
	all)
		near_args="key 4026531847"
		far_args=(key=4026531847)
		from_id="tun_id=0xf0000007,"
		to_key="key=0xf0000007"
		from_gre=0x2000 to_gre=0x2000
		;;
	keys)
		near_args="ikey 1 okey 0xfffffffe"
		far_args=(in_key=4294967294 out_key=1)
		from_id="tun_id=0xfffffffe,"
		to_key="key=0x1"
		from_gre=0x2000 to_gre=0x2000
		;;
	header)
		near_args="ttl 7 tos 0x88"
		far_args=(ttl=77 tos=0x40 df_default=false)
		from_ttl=7 from_tos=0x8a
		to_ttl=77 to_tos=0x42 to_frag=0x0
		;;
	inherit)
		near_args="ttl inherit tos inherit"
		far_args=(ttl=inherit tos=inherit)
		from_ttl=33 from_tos=0x4a
		to_ttl=33 to_tos=0x4a
		;;
	ptap)
		packet_type=ptap ;;
	esac
	case $options in
	csum)
		near_args+=" csum on"
		far_args+=(csum=true)
		((from_gre |= 0x8000, to_gre |= 0x8000))
		;;
	all)
		# Open vSwitch cannot send both: it fills in the sequence number
		# after it has computed the checksum.
		near_args+=" ocsum on"
		((from_gre |= 0x8000))
		;;
	esac
	case $options in
	seq|all)
		near_args+=" seq on"
		far_args+=(seq=true)
		((from_gre |= 0x1000, to_gre |= 0x1000))
		;;
	esac

	case $family in
	4)
		near_addr=192.0.2.1 far_addr=192.0.2.2
		mtu=1476
		from="${from_id}src=$near_addr,dst=$far_addr"
		to="ipv4(src=$far_addr,dst=$near_addr,proto=47,tos=$to_tos"
		to+=",ttl=$to_ttl,frag=$to_frag"
		;;
	6)
		near_addr=2001:db8::1 far_addr=2001:db8::2
		mtu=1456
		from="${from_id}ipv6_src=$near_addr,ipv6_dst=$far_addr"
		to="ipv6(src=$far_addr,dst=$near_addr,label=0,proto=47"
		to+=",tclass=$to_tos,hlimit=$to_ttl"
		;;
	esac
	from+=",tos=$from_tos,ttl=$from_ttl/0"
	((from_gre & 0x8000)) && from_flags="+csum" || from_flags="-csum"
	((from_gre & 0x2000)) && from_flags+="+key"
	for ((n = from_gre; n; n &= n - 1)); do
		mtu=$((mtu - 4))
	done
	to_gre=$(printf "0x%x" $to_gre)

	# Packets of full size are to go in both directions. The MTU by itself:
	# when a device has changed, ovs-vswitchd does all that it was told once
	# more, and gre0 would begin anew with its sequence numbers.
	vsctl --if-exists del-port gre0 \
		-- set Interface br-in mtu_request="$mtu"
	check_err $? "setting the MTU of br-in"
	flows_set $packet_type
	check_err $? "setting the flows of br-in"
	appctl revalidator/purge
	check_err $? "forgetting the flows of other cases"
	# shellcheck disable=SC2086
	mt "$near" tunnel add mt0 local $near_addr remote $far_addr $near_args
	check_err $? "creating mt0"
	json=$(ip_batch "$near" <<-EOF
		addr add 10.0.0.1/24 dev mt0
		addr add 2001:db8:a::1/64 dev mt0
		link set mt0 up
		link show mt0
	EOF
	)
	check_err $? "configuring mt0"
	check_match "$json" " mtu $mtu " "MTU of mt0"
	# Last of all, for nothing to arrive before mt0 can take it
	vsctl add-port br-in gre0 -- set Interface gre0 type=gre \
		ofport_request=1 options:packet_type=$packet_type \
		options:local_ip="\"$far_addr\"" \
		options:remote_ip="\"$near_addr\"" "${far_args[@]/#/options:}"
	check_err $? "creating gre0"

	ping_check "$near" 10.0.0.2 -Q 0x4a -t 33
	check_err $? "IPv4 ping from near"
	ping_check "$far" 10.0.0.1 -Q 0x4a -t 33
	check_err $? "IPv4 ping from far"
	ping_check "$near" 2001:db8:a::2 -Q 0x4a -t 33
	check_err $? "IPv6 ping from near"
	ping_check "$far" 2001:db8:a::1 -Q 0x4a -t 33
	check_err $? "IPv6 ping from far"
	headers_check

	# To save time, not both protocols each way: it is the other way round
	# with the other family.
	case $family in
	4)
		tcp_check "$near" "$far" 10.0.0.2 5001 100000
		check_err $? "TCP over IPv4 to far"
		tcp_check "$far" "$near" 2001:db8:a::1 5002 100000
		check_err $? "TCP over IPv6 to near"
		;;
	6)
		tcp_check "$near" "$far" 2001:db8:a::2 5003 100000
		check_err $? "TCP over IPv6 to far"
		tcp_check "$far" "$near" 10.0.0.1 5004 100000
		check_err $? "TCP over IPv4 to near"
		;;
	esac

	json=$(mt "$near" -j -s tunnel show mt0)
	drops=${json//[[:space:]]}
	drops=${drops#*\"drops\":\{}
	check_eq "${drops%%\}*}" "" "packets dropped by mt0"
	[ "$(json_number rx_bytes <<< "$json")" -gt 100000 ]
	check_err $? "mt0 did not count what it received"
	[ "$(json_number tx_bytes <<< "$json")" -gt 100000 ]
	check_err $? "mt0 did not count what it sent"

	mt "$near" tunnel del mt0
	check_err $? "deleting mt0"
	log_test "mtun with Open vSwitch over IPv$family: $options"
}

FLOWS=
if ! setup_prepare; then
	say "$(grep -E '\|(WARN|ERR|EMER)\|' "$TMP"/ovs*.log)"
	echo "Bail out! Open vSwitch cannot be set up"
	exit $ksft_fail
fi
run_tests "$@"
