#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Show mtun at work: build it, boot a virtual machine, build a small world in
# network namespaces there and send traffic through tunnels.
#
#	visitor --- edge ---------- isp ---------- customer --- server
#	             |                                |
#	             +== mt4: GRE over IPv4 ==========+
#	             +== mt6: GRE over IPv6, key 7 ===+
#
#   demo.sh              everything, in a virtual machine
#   demo.sh --in-guest   the part that runs inside; needs root and mtun.ko

set -u
cd "$(dirname "$0")/.." || exit 1

die()
{
	echo "demo: $*" >&2
	exit 1
}

##############################################################################
# On this machine

# The output of a build is of interest if it fails.
quietly()
{
	local out

	if ! out=$("$@" 2>&1); then
		echo "$out" >&2
		die "failed: $*"
	fi
}

on_host()
{
	local release

	selftests/deps.sh demo || die "cannot install what is needed"
	release=$(selftests/vm/run --print-release) || exit 1
	echo "Building mtun for Linux $release ..."
	# What the calling make was told is not for these builds.
	unset MAKEFLAGS MFLAGS MAKELEVEL
	quietly make -j"$(nproc)" all KDIR="/lib/modules/$release/build"
	echo "Booting Linux $release in a virtual machine ..."
	[ -t 1 ] && [ -z "${NO_COLOR:-}" ] && export MTUN_DEMO_COLOUR=1
	exec selftests/vm/run --timeout 600 --env MTUN_DEMO_COLOUR \
		-- selftests/demo.sh --in-guest
}

##############################################################################
# In the guest

# Standard output is no terminal of the person's: the host has looked at that.
if [ -n "${MTUN_DEMO_COLOUR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
	bold='' plain=''
fi

title()
{
	printf '%s== %s%s\n\n' "$bold" "$*" "$plain"
}

tell()
{
	fmt -w 76 <<<"$*"
	echo
}

# on NS COMMAND...: show a command and its output; it must succeed. Those that
# say nothing stand together.
on()
{
	local ns=$1 out

	shift
	out=$(ip netns exec "$ns" "$@" 2>&1) || {
		echo "$out"
		die "failed in $ns: $*"
	}
	echo "$bold[$ns]\$ $*$plain"
	[ -z "$out" ] || printf '%s\n\n' "$out"
}

# The same without a word, for what is not the point
in_ns()
{
	local ns=$1

	shift
	ip netns exec "$ns" "$@" || die "failed in $ns: $*"
}

# link NS DEV ADDRESSES NS DEV ADDRESSES: an Ethernet cable
link()
{
	local ns dev addr

	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4" ||
		die "cannot connect $1 and $4"
	while [ $# -gt 0 ]; do
		ns=$1 dev=$2
		for addr in $3; do
			echo "address add $addr dev $dev"
		done | ip -n "$ns" -batch - &&
			ip -n "$ns" link set "$dev" up ||
			die "cannot set up $dev in $ns"
		shift 3
	done
}

routes()
{
	local ns=$1

	shift
	printf 'route add %s\n' "$@" | ip -n "$ns" -batch - ||
		die "cannot set routes in $ns"
}

build_world()
{
	local ns

	for ns in visitor edge isp customer server; do
		ip netns add $ns &&
		ip -n $ns link set lo up &&
		in_ns $ns sh -c '
			cd /proc/sys/net
			echo 1 >ipv4/ip_forward
			echo 1 >ipv6/conf/all/forwarding
			# Answers come another way than questions go.
			echo 0 >ipv4/conf/all/rp_filter
			echo 0 >ipv4/conf/default/rp_filter
			# Addresses work at once.
			echo 0 >ipv6/conf/all/accept_dad
			echo 0 >ipv6/conf/default/accept_dad' ||
			die "cannot make the namespace $ns"
	done
	link visitor eth0 "192.0.2.10/24 2001:db8:1::10/64" \
		edge lan "192.0.2.1/24 2001:db8:1::1/64"
	link edge wan "198.51.100.2/30 2001:db8:e::2/64" \
		isp edge "198.51.100.1/30 2001:db8:e::1/64"
	link customer wan "198.51.100.6/30 2001:db8:c::2/64" \
		isp customer "198.51.100.5/30 2001:db8:c::1/64"
	link customer lan "203.0.113.1/24 2001:db8:ac::1/64" \
		server eth0 "203.0.113.10/24 2001:db8:ac::10/64"

	routes visitor "default via 192.0.2.1" "default via 2001:db8:1::1"
	routes edge "198.51.100.4/30 via 198.51.100.1" \
		"2001:db8:c::/64 via 2001:db8:e::1"
	routes isp "192.0.2.0/24 via 198.51.100.2" \
		"2001:db8:1::/64 via 2001:db8:e::2"
	routes customer "default via 198.51.100.5" "default via 2001:db8:c::1"
	routes server "default via 203.0.113.1" "default via 2001:db8:ac::1"
}

in_guest()
{
	local begin=$SECONDS dir pcap i

	export PATH=$PWD/tools:$PATH LC_ALL=C
	dir=$(mktemp -d /tmp/mtun-demo.XXXXXX) || exit 1
	pcap=$dir/isp.pcap

	echo
	title "The module"
	echo "$bold# insmod mtun.ko$plain"
	insmod ./mtun.ko || die "cannot load mtun.ko"
	modinfo -F description ./mtun.ko
	mtctl -V || die "mtctl does not run"
	echo

	title "A small world"
	build_world
	sed -n 's/^#\t/    /p' selftests/demo.sh | head -4
	echo
	tell "The edge is a node of a global network that attracts the traffic" \
	     "for Acme's addresses, 203.0.113.0/24 and 2001:db8:ac::/64. It" \
	     "hands it to Acme's router through tunnels. The ISP between them" \
	     "has no route to Acme's addresses. Answers go straight from the" \
	     "customer to the visitor; no tunnel is needed for those."

	title "Tunnels"
	tell "One tunnel over IPv4 and one over IPv6, each with an end at the" \
	     "edge and one at the customer."
	on edge mtctl tunnel add mt4 local 198.51.100.2 remote 198.51.100.6
	on customer mtctl tunnel add mt4 local 198.51.100.6 remote 198.51.100.2
	on edge mtctl tunnel add mt6 local 2001:db8:e::2 remote 2001:db8:c::2 \
		key 7
	on customer mtctl tunnel add mt6 local 2001:db8:c::2 \
		remote 2001:db8:e::2 key 7
	echo
	tell "They are network devices: addresses and routes come from ip."
	for i in "edge 10 11 a" "customer 11 13 b"; do
		# shellcheck disable=SC2086
		set -- $i
		[ "$1" = edge ] && set -- edge 10 12 a c
		[ "$1" = customer ] && set -- customer 11 13 b d
		ip -n "$1" -batch - <<-END || die "cannot set up the tunnels"
			address add 10.99.0.$2/31 dev mt4
			address add fd99::$4/127 dev mt4
			address add 10.99.0.$3/31 dev mt6
			address add fd99::$5/127 dev mt6
			link set mt4 up
			link set mt6 up
		END
	done
	on edge ip -br address show type mtun
	on edge ip route add 203.0.113.0/24 dev mt4
	on edge ip route add 2001:db8:ac::/64 dev mt6
	on edge mtctl tunnel list

	title "Traffic"
	# Stops by itself, so that nothing is lost in buffers.
	ip netns exec isp tcpdump -i edge -p -U -w "$pcap" \
		"proto gre or ip6 proto gre" 2>"$dir/tcpdump.log" &
	i=0
	until grep -q "listening on" "$dir/tcpdump.log"; do
		[ $((i += 1)) -le 300 ] || die "tcpdump does not start"
		sleep 0.1
	done

	tell "All four combinations: IPv4 and IPv6 inside, IPv4 and IPv6" \
	     "outside. The first two go from the visitor to the server, the" \
	     "others between the ends of the tunnels."
	on visitor ping -n -c 3 -i 0.2 203.0.113.10
	on visitor ping -n -c 3 -i 0.2 2001:db8:ac::10
	on edge ping -n -q -c 3 -i 0.2 fd99::b
	on edge ping -n -q -c 3 -i 0.2 10.99.0.13

	tell "TCP from the visitor to the server. Packets of 1500 bytes do not" \
	     "fit into the tunnel: the edge says so once (path MTU discovery)" \
	     "and the visitor sends smaller ones. This CPU may be emulated: the" \
	     "speed means nothing."
	ip netns exec server iperf3 -s -D -I "$dir/iperf.pid" >/dev/null ||
		die "iperf3 does not start"
	i=0
	until in_ns server ss -Hltn | grep -q ':5201 '; do
		[ $((i += 1)) -le 300 ] || die "iperf3 does not listen"
		sleep 0.1
	done
	tcp 203.0.113.10
	tcp 2001:db8:ac::10
	echo
	kill "$(tr -d '\0' <"$dir/iperf.pid")"

	title "What happened"
	tell "What both ends have counted. Answers to the visitor took their" \
	     "own way, outside of the tunnels."
	on edge mtctl -s tunnel list
	on customer mtctl -s tunnel list
	on edge mtctl -s -d tunnel show mt6

	kill -INT %1 && wait %1
	tell "The ISP has seen only GRE between the two ends. The first packet" \
	     "of each tunnel, as tshark decodes it (the lines that matter):" \
	     "outer header, GRE, inner packet."
	decode "gre && ip.dst == 198.51.100.6"
	decode "gre && ipv6.dst == 2001:db8:c::2"

	title "The end"
	tell "Without the namespaces the tunnels are gone, and the module can go."
	ip -all netns del || die "cannot remove the namespaces"
	echo "$bold# rmmod mtun$plain"
	i=0
	until rmmod mtun 2>"$dir/rmmod.log"; do
		[ $((i += 1)) -le 50 ] ||
			die "the module stays: $(cat "$dir/rmmod.log")"
		sleep 0.2
	done
	rm -rf "$dir"
	echo
	echo "All of this took $((SECONDS - begin)) s in the virtual machine."
}

# tcp ADDRESS: from the visitor to the server, in one line
tcp()
{
	local out

	out=$(ip netns exec visitor iperf3 -f m -i 0 -t 2 -c "$1" 2>&1) || {
		echo "$out"
		die "no TCP to $1"
	}
	echo "$bold[visitor]\$ iperf3 -t 2 -c $1$plain"
	awk '/receiver/ { print "    " $5, $6, "received, " $7, $8 }' <<<"$out"
}

# decode FILTER: one packet of the capture, the lines that matter
decode()
{
	local out

	echo "$bold[isp]\$ tshark -n -r isp.pcap -V -Y \"$1\"$plain"
	out=$(tshark -n -r "$pcap" -V -Y "$1" 2>"$dir/tshark.log" |
	      awk '/^Frame/ { if (seen++) exit } { print }')
	grep -q "Generic Routing Encapsulation" <<<"$out" || {
		cat "$dir/tshark.log"
		die "the capture has no such packet"
	}
	# Of the details one level deep, in the order of the packet
	sed -nE '/^Internet/,$ s/^    [01. ]+ = /    /
		/^(Internet|Generic)/p
		/^    (Total Length|Payload Length|Flags|Time to Live):/p
		/^    (Flags and Version|Protocol Type|Key|Hop Limit):/p
		/^Internet Control/,$ s/^    Type:/&/p' <<<"$out"
	echo
}

case ${1:-} in
--in-guest) in_guest ;;
'') on_host ;;
*) sed -n '3,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
