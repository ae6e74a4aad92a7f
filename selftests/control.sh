#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mtctl and ip link as tools to manage tunnels: what they accept, what they
# refuse and how they say so, and that a refused request leaves no trace.
#
#  +- here ------------------------------+
#  |  mt0, ...   (as the cases say)      |
#  |   :                                 |
#  |  u0 (dummy) 192.0.2.1/24            |
#  |             2001:db8::1/64          |
#  +-------------------------------------+

ALL_TESTS="add_test defaults_test set_test del_test json_test table_test
	   stats_output_test
	   refused_test:remote_of_another_family
	   refused_test:local_of_another_family
	   refused_test:remote_zero refused_test:remote_zero6
	   refused_test:remote_multicast refused_test:remote_multicast6
	   refused_test:remote_broadcast refused_test:remote_mapped
	   refused_test:local_multicast refused_test:local_multicast6
	   refused_test:local_zero refused_test:local_mapped
	   refused_test:local_is_remote refused_test:link_local_without_dev
	   refused_test:no_local refused_test:no_remote
	   refused_test:tos_ecn refused_test:ttl_0
	   refused_test:unknown_dev refused_test:name_too_long
	   refused_test:name_slash refused_test:duplicate
	   refused_test:duplicate6 refused_test:duplicate_unkeyed
	   refused_test:name_exists refused_test:name_of_another_device
	   usage_test:key_too_large usage_test:key_garbage
	   usage_test:key_negative usage_test:ikey_too_large
	   usage_test:ttl_256 usage_test:ttl_garbage usage_test:tos_256
	   usage_test:fwmark_too_large usage_test:mtu_garbage
	   usage_test:bad_address usage_test:bad_address6
	   usage_test:host_name usage_test:unknown_word
	   usage_test:missing_value usage_test:unknown_object
	   usage_test:unknown_command usage_test:ambiguous
	   usage_test:no_name usage_test:unknown_option
	   set_refused_test:remote_multicast set_refused_test:one_family
	   set_refused_test:duplicate set_refused_test:tos_ecn
	   set_refused_test:mtu set_refused_test:local_is_remote
	   set_unknown_test abbreviation_test exit_test batch_test
	   ip_link_test ip_link_add_test rename_test link_local_dev_test
	   same_addresses_test netns_option_test unprivileged_test userns_test
	   userns_foreign_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command python3
need_module veth dummy

A4="local 192.0.2.1 remote 192.0.2.2"
A6="local 2001:db8::1 remote 2001:db8::2"

setup_prepare()
{
	setup_ns here
	ip_batch "$here" <<-EOF
		link add u0 type dummy
		addr add 192.0.2.1/24 dev u0
		addr add 2001:db8::1/64 dev u0
		link set u0 up
	EOF
}

# All that a request may have changed
state()
{
	# The time stamps of addresses and the like change by themselves.
	ip -n "$here" -d link show
	mt "$here" -d tunnel show
	mt "$here" -d -j tunnel list
}

# field NAME KEY: a value from mtctl's JSON, as Python prints it
field()
{
	mt "$here" -j tunnel show "$1" | python3 -I -S -c '
import json, sys
tunnel, = json.load(sys.stdin)
print(tunnel.get(sys.argv[1], "absent"))' "$2"
}

# fields NAME KEY=VALUE...: compares some of them, with one Python
check_fields()
{
	local out

	out=$(mt "$here" -j tunnel show "$1" | python3 -I -S -c '
import json, sys
tunnel, = json.load(sys.stdin)
for word in sys.argv[2:]:
    key, _, want = word.partition("=")
    got = str(tunnel.get(key, "absent"))
    if got != want:
        print("%s of %s: got %s, expected %s" % (key, sys.argv[1], got, want))
' "$@" 2>&1)
	check_eq "$out" "" "fields"
}

add_test()
{
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4 ikey 1 okey 0xff ttl 9 tos 0xb8 dev u0 \
		fwmark 0x10 mtu 1300
	check_err $? "everything given, over IPv4"
	check_fields mt0 ifname=mt0 family=inet local=192.0.2.1 \
		remote=192.0.2.2 ikey=1 okey=255 ttl=9 tos=184 dev=u0 \
		fwmark=16 mtu=1300 mtu_auto=False up=False
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt1 $A6 key 1.2.3.4 tos inherit
	check_err $? "over IPv6"
	check_fields mt1 ifname=mt1 family=inet6 local=2001:db8::1 \
		remote=2001:db8::2 ikey=16909060 okey=16909060 tos=inherit
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt2 $A6 key 4294967295
	check_err $? "the largest key"
	check_fields mt2 ikey=4294967295 okey=4294967295
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt3 $A6 key 0
	check_err $? "key 0"
	check_fields mt3 ikey=0 okey=0
	# A key in one direction only
	mt "$here" tunnel add mt4 local 192.0.2.1 remote 192.0.2.4 ikey 5
	check_err $? "only an ikey"
	check_fields mt4 ikey=5 okey=absent
	for i in 0 1 2 3 4; do
		mt "$here" tunnel del mt$i
		check_err $? "deleting mt$i"
	done
	log_test "tunnels with all that can be given"
}

defaults_test()
{
	local key

	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	check_err $? "adding mt0"
	check_fields mt0 ikey=absent okey=absent ttl=64 tos=0 dev=absent \
		fwmark=absent mtu=1476 mtu_auto=True up=False \
		underlay_netnsid=absent
	for key in POINTOPOINT NOARP; do
		check_match "$(ip -n "$here" link show mt0)" "$key" "flags"
	done
	check_match "$(ip -n "$here" link show mt0)" "link/none" "type"
	check_eq "$(field mt0 ifindex)" \
		"$(in_ns "$here" cat /sys/class/net/mt0/ifindex)" "ifindex"
	check_eq "$(ip -n "$here" -6 addr show dev mt0)" "" "IPv6 addresses"
	ip -n "$here" link set mt0 up
	check_err $? "ip link set up"
	check_fields mt0 up=True
	check_eq "$(ip -n "$here" -6 addr show dev mt0)" "" "IPv6 addresses"
	mt "$here" tunnel del mt0
	log_test "defaults of a tunnel"
}

set_test()
{
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	mt "$here" tunnel set mt0 ttl 5
	check_err $? "set ttl"
	check_fields mt0 ttl=5 tos=0 local=192.0.2.1 remote=192.0.2.2 \
		ikey=absent
	mt "$here" tunnel set mt0 remote 192.0.2.9 ikey 3 okey 4 tos inherit \
		fwmark 7 dev u0 mtu 1400
	check_err $? "set many"
	check_fields mt0 ttl=5 tos=inherit local=192.0.2.1 remote=192.0.2.9 \
		ikey=3 okey=4 fwmark=7 dev=u0 mtu=1400 mtu_auto=False
	mt "$here" tunnel set mt0 tos 4
	check_fields mt0 tos=4
	mt "$here" tunnel set mt0 ikey none
	check_err $? "set ikey none"
	check_fields mt0 ikey=absent okey=4
	mt "$here" tunnel set mt0 okey none
	check_fields mt0 ikey=absent okey=absent
	mt "$here" tunnel set mt0 key 9
	check_fields mt0 ikey=9 okey=9
	mt "$here" tunnel set mt0 key none dev none fwmark none mtu auto
	check_err $? "set everything to none"
	check_fields mt0 ikey=absent okey=absent dev=absent fwmark=absent \
		mtu=1476 mtu_auto=True
	# The family may change when both addresses do.
	# shellcheck disable=SC2086
	mt "$here" tunnel set mt0 $A6
	check_err $? "set IPv6 addresses"
	check_fields mt0 family=inet6 local=2001:db8::1 remote=2001:db8::2 \
		mtu=1456
	# What it is already is no duplicate of itself.
	# shellcheck disable=SC2086
	mt "$here" tunnel set mt0 $A6
	check_err $? "set to the same addresses"
	# The old tuple is free.
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt1 $A4
	check_err $? "adding mt1 with the old tuple of mt0"
	mt "$here" tunnel del mt0
	mt "$here" tunnel del mt1
	log_test "tunnel set"
}

del_test()
{
	local out

	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	mt "$here" tunnel del mt0
	check_err $? "del"
	ip -n "$here" link show mt0 > /dev/null 2>&1
	check_fail $? "the device is still there"
	out=$(mt "$here" tunnel del mt0 2>&1)
	check_eq $? 1 "del once more"
	check_match "$out" "mt0|no such|no tunnel" "del once more"
	# Only tunnels
	out=$(mt "$here" tunnel del u0 2>&1)
	check_eq $? 1 "del of another device"
	check_match "$out" "not|no " "del of another device"
	ip -n "$here" link show u0 > /dev/null
	check_err $? "another device was deleted"
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	check_err $? "name and tuple are not free"
	mt "$here" tunnel del mt0
	log_test "tunnel del"
}

json_test()
{
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4 key 7
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt1 $A6
	local opts

	for opts in "-j" "-j -p" "-j -s" "-j -s -d -p" "-json -stats"; do
		# shellcheck disable=SC2086
		mt "$here" $opts tunnel show > "$TMP/json" &&
			mt "$here" $opts tunnel list > "$TMP/json2" &&
			mt "$here" $opts tunnel show mt0 > "$TMP/json3"
		check_err $? "mtctl $opts"
		python3 -I -S - "$opts" "$TMP/json" "$TMP/json2" "$TMP/json3" <<-'EOF'
			import json, sys
			show, listed, one = (json.load(open(f)) for f in sys.argv[2:])
			assert [t["ifname"] for t in show] == ["mt0", "mt1"], show
			assert [t["ifname"] for t in listed] == ["mt0", "mt1"], listed
			assert [t["ifname"] for t in one] == ["mt0"], one
			types = dict(ifname=str, ifindex=int, family=str, local=str,
			             remote=str, ttl=int, mtu=int, mtu_auto=bool,
			             up=bool, flags=list)
			for t in show + listed + one:
			    for key, kind in types.items():
			        assert type(t[key]) is kind, (key, t)
			    assert t["family"] in ("inet", "inet6"), t
			    assert "NOARP" in t["flags"], t
			    assert ("stats" in t) == ("-s" in sys.argv[1]), t
			    if "stats" in t:
			        for key in ("rx_packets", "rx_bytes", "tx_packets",
			                    "tx_bytes"):
			            assert type(t["stats"][key]) is int, t
			        assert t["stats"]["drops"] == {}, t
			assert type(show[0]["ikey"]) is int and "ikey" not in show[1]
		EOF
		check_err $? "contents of mtctl $opts"
	done
	mt "$here" tunnel del mt0
	mt "$here" tunnel del mt1
	check_eq "$(mt "$here" -j tunnel show | tr -d ' \n')" "[]" "none, as JSON"
	mt "$here" tunnel show > /dev/null
	check_err $? "show without tunnels"
	log_test "JSON"
}

table_test()
{
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4 key 7
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt1 $A6
	mt "$here" tunnel list > "$TMP/list"
	check_err $? "list"
	check_eq "$(grep -c "^mt0 .*192.0.2.1.*192.0.2.2.*7" "$TMP/list")" 1 \
		"lines of mt0"
	check_eq "$(grep -c "^mt1 .*2001:db8::1.*2001:db8::2" "$TMP/list")" 1 \
		"lines of mt1"
	mt "$here" tunnel show mt0 > "$TMP/show"
	check_err $? "show"
	for word in mt0 192.0.2.1 192.0.2.2 7 1476; do
		grep -qw -e "$word" "$TMP/show"
		check_err $? "show does not mention $word"
	done
	grep -q mt1 "$TMP/show"
	check_fail $? "show mt0 shows mt1"
	mt "$here" tunnel del mt0
	mt "$here" tunnel del mt1
	log_test "show and list for people"
}

stats_output_test()
{
	local json

	mt "$here" tunnel add mt0 local 192.0.2.1 remote 203.0.113.7
	ip_batch "$here" <<-EOF
		addr add 10.0.0.1/24 dev mt0
		link set mt0 up
	EOF
	in_ns "$here" ping -q -n -c 3 -i 0.2 -W 1 10.0.0.2 > /dev/null 2>&1
	json=$(mt "$here" -j -s tunnel show mt0)
	check_eq "$(json_number tx-no-route <<< "$json")" 3 "tx-no-route"
	check_eq "$(drops_get "$here" mt0)" '"tx-no-route":3' "drops"
	check_match "$(mt "$here" -s tunnel show mt0)" "tx-no-route.*3" "text"
	# The device's own numbers have them as well.
	json=$(($(link_stat "$here" mt0 tx dropped) +
		$(link_stat "$here" mt0 tx errors)))
	[ "$json" -ge 3 ]
	check_err $? "ip -s link: $json drops and errors"
	mt "$here" tunnel del mt0
	log_test "counters and drop reasons are shown"
}

# check_refused STATUS TEXT ARGUMENTS...: exit status and message; then nothing
# is other than before
check_refused()
{
	local status=$1 text=$2 before after out; shift 2

	before=$(state)
	# What fails must not need a terminal or wait for anything.
	out=$(timeout "$WAIT_TIMEOUT" "$MTCTL" -n "$here" "$@" 2>&1 < /dev/null)
	check_eq $? "$status" "exit status"
	check_match "$out" "$text" "message"
	after=$(state)
	check_eq "$after" "$before" "state"
	say "$*: $out"
}

refused_test()
{
	local text args

	# The message begins with the attribute, and then says what is wrong.
	case $1 in
	remote_of_another_family)
		text="(remote|local).*famil"
		args="mt0 local 192.0.2.1 remote 2001:db8::2" ;;
	local_of_another_family)
		text="(remote|local).*famil"
		args="mt0 local 2001:db8::1 remote 192.0.2.2" ;;
	remote_zero)
		text="remote" args="mt0 local 192.0.2.1 remote 0.0.0.0" ;;
	remote_zero6)
		text="remote" args="mt0 local 2001:db8::1 remote ::" ;;
	remote_multicast)
		text="remote.*multicast"
		args="mt0 local 192.0.2.1 remote 224.0.0.1" ;;
	remote_multicast6)
		text="remote.*multicast"
		args="mt0 local 2001:db8::1 remote ff02::1" ;;
	remote_broadcast)
		text="remote.*broadcast"
		args="mt0 local 192.0.2.1 remote 255.255.255.255" ;;
	remote_mapped)
		text="remote.*mapped"
		args="mt0 local 2001:db8::1 remote ::ffff:192.0.2.2" ;;
	local_multicast)
		text="local.*multicast"
		args="mt0 local 239.1.1.1 remote 192.0.2.2" ;;
	local_multicast6)
		text="local.*multicast"
		args="mt0 local ff05::2 remote 2001:db8::2" ;;
	local_zero)
		text="local" args="mt0 local 0.0.0.0 remote 192.0.2.2" ;;
	local_mapped)
		text="local.*mapped"
		args="mt0 local ::ffff:192.0.2.1 remote 2001:db8::2" ;;
	local_is_remote)
		text="(local|remote).*(same|equal|differ)"
		args="mt0 local 192.0.2.1 remote 192.0.2.1" ;;
	link_local_without_dev)
		text="(local|remote|link|dev).*(link|dev)"
		args="mt0 local fe80::1 remote fe80::2" ;;
	no_local)
		text="local.*(missing|required|needed)"
		args="mt0 remote 192.0.2.2" ;;
	no_remote)
		text="remote.*(missing|required|needed)"
		args="mt0 local 192.0.2.1" ;;
	tos_ecn)
		text="tos.*(ECN|low|bit)" args="mt0 $A4 tos 0x03" ;;
	ttl_0)
		text="ttl" args="mt0 $A4 ttl 0" ;;
	unknown_dev)
		text="dev|link|nosuch0" args="mt0 $A4 dev nosuch0" ;;
	name_too_long)
		text="name" args="a234567890123456 $A4" ;;
	name_slash)
		text="name" args="a/b $A4" ;;
	duplicate)
		text="(remote|local|key|tunnel).*(exist|same|already|taken|used)"
		args="mt0 local 192.0.2.1 remote 192.0.2.7 ikey 7 okey 9" ;;
	duplicate6)
		text="(remote|local|key|tunnel).*(exist|same|already|taken|used)"
		args="mt0 local 2001:db8::1 remote 2001:db8::7 key 7" ;;
	duplicate_unkeyed)
		text="(remote|local|key|tunnel).*(exist|same|already|taken|used)"
		args="mt0 local 192.0.2.1 remote 192.0.2.8 okey 3" ;;
	name_exists)
		text="name.*(exist|taken|used)|exists"
		args="old4 $A4" ;;
	name_of_another_device)
		text="name.*(exist|taken|used)|exists"
		args="u0 $A4" ;;
	esac
	mt "$here" -b - <<-EOF
		tunnel add old4 local 192.0.2.1 remote 192.0.2.7 key 7
		tunnel add old6 local 2001:db8::1 remote 2001:db8::7 key 7
		tunnel add old8 local 192.0.2.1 remote 192.0.2.8
	EOF
	check_err $? "adding tunnels"
	# A value that cannot be told to the kernel may be refused before.
	case $1 in
	name_too_long|name_slash|unknown_dev|ttl_0|no_local|no_remote)
		local status out before
		before=$(state)
		# shellcheck disable=SC2086
		out=$(mt "$here" tunnel add $args 2>&1)
		status=$?
		[ $status -eq 1 ] || [ $status -eq 2 ]
		check_err $? "exit status: got $status, expected 1 or 2"
		check_match "$out" "$text" "message"
		check_eq "$(state)" "$before" "state"
		say "$args: $out" ;;
	*)
		# shellcheck disable=SC2086
		check_refused 1 "$text" tunnel add $args ;;
	esac
	mt "$here" -b - <<-EOF
		tunnel del old4
		tunnel del old6
		tunnel del old8
	EOF
	log_test "refused: ${1//_/ }"
}

usage_test()
{
	local text args

	case $1 in
	key_too_large)
		text="key" args="tunnel add mt0 $A4 key 4294967296" ;;
	key_garbage)
		text="key" args="tunnel add mt0 $A4 key 7x" ;;
	key_negative)
		text="key" args="tunnel add mt0 $A4 key -1" ;;
	ikey_too_large)
		text="ikey" args="tunnel add mt0 $A4 ikey 0x100000000 okey 1" ;;
	ttl_256)
		text="ttl" args="tunnel add mt0 $A4 ttl 256" ;;
	ttl_garbage)
		text="ttl" args="tunnel add mt0 $A4 ttl many" ;;
	tos_256)
		text="tos" args="tunnel add mt0 $A4 tos 256" ;;
	fwmark_too_large)
		text="fwmark" args="tunnel add mt0 $A4 fwmark 4294967296" ;;
	mtu_garbage)
		text="mtu" args="tunnel add mt0 $A4 mtu big" ;;
	bad_address)
		text="remote|192.0.2.256"
		args="tunnel add mt0 local 192.0.2.1 remote 192.0.2.256" ;;
	bad_address6)
		text="local|2001:db8:::1"
		args="tunnel add mt0 local 2001:db8:::1 remote 2001:db8::2" ;;
	host_name)
		text="remote|localhost"
		args="tunnel add mt0 local 192.0.2.1 remote localhost" ;;
	unknown_word)
		text="colour" args="tunnel add mt0 $A4 colour red" ;;
	missing_value)
		text="ttl" args="tunnel add mt0 $A4 ttl" ;;
	unknown_object)
		text="bridge" args="bridge add mt0" ;;
	unknown_command)
		text="paint" args="tunnel paint mt0" ;;
	ambiguous)
		text="ambiguous|set.*show|show.*set" args="tunnel s mt0" ;;
	no_name)
		text="name|usage" args="tunnel add" ;;
	unknown_option)
		text="option|usage|-Z" args="-Z tunnel show" ;;
	esac
	# shellcheck disable=SC2086
	check_refused 2 "$text" $args
	log_test "usage: ${1//_/ }"
}

# A refused set changes nothing, not even what was right in it.
set_refused_test()
{
	local text args

	case $1 in
	remote_multicast)
		text="remote.*multicast" args="ttl 5 remote 224.0.0.5" ;;
	one_family)
		text="(local|remote).*famil" args="ttl 5 remote 2001:db8::2" ;;
	duplicate)
		text="(remote|local|key|tunnel).*(exist|same|already|taken|used)"
		args="ttl 5 remote 192.0.2.7 key 7" ;;
	tos_ecn)
		text="tos" args="ttl 5 remote 192.0.2.77 tos 0x01" ;;
	mtu)
		text="mtu must be" args="ttl 5 remote 192.0.2.77 mtu 66" ;;
	local_is_remote)
		text="(local|remote)" args="ttl 5 local 192.0.2.2" ;;
	esac
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	mt "$here" tunnel add old4 local 192.0.2.1 remote 192.0.2.7 key 7
	# shellcheck disable=SC2086
	check_refused 1 "$text" tunnel set mt0 $args
	mt "$here" tunnel del mt0
	mt "$here" tunnel del old4
	log_test "set refused: ${1//_/ }"
}

set_unknown_test()
{
	check_refused 1 "mt0|no such|no tunnel|ifname" tunnel set mt0 ttl 5
	check_refused 1 "mt0|no such|no tunnel|ifname" tunnel show mt0
	check_refused 1 "not|no " tunnel set u0 ttl 5
	check_refused 1 "not|no " tunnel set lo ttl 5
	log_test "set and show of what is no tunnel"
}

abbreviation_test()
{
	local words

	# shellcheck disable=SC2086
	mt "$here" t a mt0 $A4
	check_err $? "t a"
	# shellcheck disable=SC2086
	mt "$here" tun se mt0 ttl 5
	check_err $? "tun se"
	check_fields mt0 ttl=5
	for words in "t l" "tun li" "tunn sh" "t sh mt0" "tunnel list"; do
		# shellcheck disable=SC2086
		check_match "$(mt "$here" $words)" "mt0" "$words"
	done
	mt "$here" t d mt0
	check_err $? "t d"
	log_test "abbreviations"
}

exit_test()
{
	"$MTCTL" -V > "$TMP/out" 2>&1
	check_eq $? 0 "mtctl -V"
	check_match "$(cat "$TMP/out")" "mtctl" "mtctl -V"
	"$MTCTL" -h > "$TMP/out" 2>&1
	check_eq $? 0 "mtctl -h"
	check_match "$(cat "$TMP/out")" "tunnel" "mtctl -h"
	"$MTCTL" help > "$TMP/out" 2>&1
	check_eq $? 0 "mtctl help"
	"$MTCTL" tunnel help > "$TMP/out" 2>&1
	check_eq $? 0 "mtctl tunnel help"
	check_match "$(cat "$TMP/out")" "local ADDR" "mtctl tunnel help"
	"$MTCTL" > "$TMP/out" 2>&1
	check_eq $? 2 "mtctl alone"
	"$MTCTL" -n no-such-netns tunnel list > "$TMP/out" 2>&1
	check_fail $? "an unknown namespace"
	check_match "$(cat "$TMP/out")" "no-such-netns" "an unknown namespace"
	log_test "exit status of mtctl itself"
}

batch_test()
{
	local out

	cat > "$TMP/batch" <<-EOF
		# a comment

		tunnel add mt0 $A4 key 1
		tunnel add mt1 $A4 key 2
		tunnel set mt1 ttl 7
	EOF
	mt "$here" -b "$TMP/batch"
	check_err $? "batch"
	check_fields mt1 ttl=7
	cat > "$TMP/batch" <<-EOF
		tunnel del mt0
		tunnel del mt9
		tunnel del mt1
	EOF
	out=$(mt "$here" -b "$TMP/batch" 2>&1)
	check_eq $? 1 "a batch with a refused line"
	check_match "$out" "2" "the number of the line"
	mt "$here" -j tunnel show mt0 > /dev/null 2>&1
	check_fail $? "the line before was not done"
	mt "$here" tunnel del mt1 2> /dev/null
	log_test "batch"
}

# iproute2 without our plugin knows nothing of the parameters but shows the kind.
ip_link_test()
{
	local out

	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	out=$(ip -n "$here" -d link show type mtun)
	check_match "$out" "mt0" "ip -d link show type mtun"
	check_match "$out" "mtun" "ip -d link show type mtun"
	ip -n "$here" -s -s link show mt0 > /dev/null
	check_err $? "ip -s link show"
	ip -n "$here" link del mt0
	check_err $? "ip link del"
	check_eq "$(mt "$here" -j tunnel list | tr -d ' \n')" "[]" "list"
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	check_err $? "the tuple is not free"
	ip -n "$here" link del dev mt0 type mtun
	check_err $? "ip link del type mtun"
	log_test "ip link shows and deletes tunnels"
}

ip_link_add_test()
{
	local out before

	before=$(state)
	out=$(ip -n "$here" link add mt0 type mtun 2>&1)
	check_fail $? "ip link add type mtun"
	check_match "$out" "mtctl tunnel add" "message"
	check_eq "$(state)" "$before" "state"
	log_test "ip link add names mtctl"
}

rename_test()
{
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	ip -n "$here" link set mt0 name cust-7
	check_err $? "rename"
	check_fields cust-7 ifname=cust-7 local=192.0.2.1
	mt "$here" tunnel show mt0 2> /dev/null
	check_eq $? 1 "the old name"
	mt "$here" tunnel set cust-7 ttl 3
	check_err $? "set by the new name"
	mt "$here" tunnel del cust-7
	check_err $? "del by the new name"
	log_test "a renamed tunnel"
}

link_local_dev_test()
{
	mt "$here" tunnel add mt0 local fe80::1 remote fe80::2 dev u0
	check_err $? "link-local with dev"
	check_fields mt0 local=fe80::1 remote=fe80::2 dev=u0
	mt "$here" tunnel set mt0 dev none 2> "$TMP/err"
	check_eq $? 1 "dev none"
	check_fields mt0 dev=u0
	mt "$here" tunnel del mt0
	log_test "link-local addresses with dev"
}

# Everything that may be the same, as long as local, remote and ikey differ.
same_addresses_test()
{
	mt "$here" -b - <<-EOF
		tunnel add mt0 $A4
		tunnel add mt1 $A4 key 0
		tunnel add mt2 $A4 key 1
		tunnel add mt3 $A4 ikey 2 okey 1
		tunnel add mt4 local 192.0.2.3 remote 192.0.2.2
		tunnel add mt5 local 192.0.2.2 remote 192.0.2.1
		tunnel add mt6 $A6
	EOF
	check_err $? "adding tunnels"
	check_eq "$(mt "$here" -j tunnel list | grep -o '"ifname"' | wc -l)" 7 \
		"tunnels"
	for i in 0 1 2 3 4 5 6; do
		mt "$here" tunnel del mt$i
		check_err $? "deleting mt$i"
	done
	log_test "tunnels that differ in one thing"
}

netns_option_test()
{
	local other

	setup_ns other
	# shellcheck disable=SC2086
	mt "$other" tunnel add mt0 $A4
	check_err $? "add in another namespace"
	check_eq "$(mt "$here" -j tunnel list | tr -d ' \n')" "[]" "list here"
	check_match "$(in_ns "$other" "$MTCTL" tunnel list)" "mt0" "list there"
	# The same tuple and name are free here.
	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	check_err $? "add here"
	mt "$here" tunnel del mt0
	ip netns del "$other"
	log_test "namespaces are apart"
}

# as_nobody COMMAND...: without any capability
as_nobody()
{
	in_ns "$here" setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all "$@"
}

unprivileged_test()
{
	local out before

	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	before=$(state)
	# shellcheck disable=SC2086
	out=$(as_nobody "$MTCTL" tunnel add mt1 $A6 2>&1)
	check_eq $? 1 "add"
	check_match "$out" "permi" "add"
	out=$(as_nobody "$MTCTL" tunnel set mt0 ttl 5 2>&1)
	check_eq $? 1 "set"
	check_match "$out" "permi" "set"
	out=$(as_nobody "$MTCTL" tunnel del mt0 2>&1)
	check_eq $? 1 "del"
	check_match "$out" "permi" "del"
	check_eq "$(state)" "$before" "state"
	check_match "$(as_nobody "$MTCTL" tunnel list)" "mt0" "list"
	mt "$here" tunnel del mt0
	log_test "without CAP_NET_ADMIN: list only"
}

userns_test()
{
	unshare -Urn sh -c "
		'$MTCTL' tunnel add mt0 $A4 &&
		'$MTCTL' tunnel set mt0 ttl 5 &&
		'$MTCTL' tunnel list | grep -q mt0 &&
		'$MTCTL' tunnel del mt0" > "$TMP/out" 2>&1
	check_err $? "$(cat "$TMP/out")"
	log_test "root of its own user and network namespace may do all"
}

# Its root has no say over the tunnels of a namespace that it does not own.
userns_foreign_test()
{
	local out before

	# shellcheck disable=SC2086
	mt "$here" tunnel add mt0 $A4
	before=$(state)
	out=$(in_ns "$here" unshare -Ur "$MTCTL" tunnel set mt0 ttl 5 2>&1)
	check_eq $? 1 "set"
	check_match "$out" "permi" "set"
	check_eq "$(state)" "$before" "state"
	mt "$here" tunnel del mt0
	log_test "root of another user namespace is refused"
}

setup_prepare
run_tests "$@"
