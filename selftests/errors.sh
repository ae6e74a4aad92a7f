#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What may fail and is no memory of the slab (fail.sh): per-CPU memory, hooks,
# registrations, room in a message. Each call of such a function fails once, for loading
# and for each kind of request, on any kernel with kprobes (fault/failnth.c). What is
# refused has changed nothing.
#
#  near: u0 (dummy), mt0 and what is added to them; empty: no tunnel

ALL_TESTS=""
for name in load tunnel required guard link esp clamp late filter health early set mtu up \
		sequence show show_one events; do
	ALL_TESTS+="refused_test:$name "
done
ALL_TESTS+=grown_test

. "$(dirname "$0")/lib.sh"

FAILNTH=$TEST_DIR/fault/failnth.ko
# Which call fails at most: one that gets here never stops failing.
MOST=200

need_mtun
[ -e "$FAILNTH" ] || skip_all "fault/failnth.ko is not built"
insmod "$FAILNTH" func=nla_put 2> /dev/null || skip_all "a kernel without kprobes"
rmmod failnth

setup_prepare()
{
	local ns

	setup_ns near empty
	for ns in "$near" "$empty"; do
		ip_batch "$ns" <<-EOF
			link add u0 type dummy
			link set u0 up
			addr add 192.0.2.1/24 dev u0
			addr add 2001:db8::1/64 dev u0
		EOF
	done
}

# Not before the module is loaded for good
setup_tunnel()
{
	mtun_loaded || load_mtun
	mt "$near" tunnel show mt0 > /dev/null 2>&1 || mt "$near" -b - <<-EOF
		tunnel add mt0 local 192.0.2.1 remote 192.0.2.2
		filter set mt0 allow-src-rx 198.51.100.0/24
	EOF
}

# What each request is: do_NAME, what undoes it: undo_NAME, and in NAMES_calls functions
# that it calls with what they return when they fail.

ENOMEM=-12
EMSGSIZE=-90
NULL=0

load_calls="register_pernet_subsys:$ENOMEM register_pernet_device:$ENOMEM
	    register_netdevice_notifier:$ENOMEM rtnl_link_register:$ENOMEM
	    genl_register_family:$ENOMEM rhashtable_init:$ENOMEM
	    rhltable_init:$ENOMEM __alloc_percpu_gfp:$NULL"

do_load()
{
	load_mtun
}

undo_load()
{
	rmmod mtun
}

tunnel_ns=empty
tunnel_calls="__alloc_percpu_gfp:$NULL alloc_netdev_mqs:$NULL gro_cells_init:$ENOMEM
	      nf_register_net_hooks:$ENOMEM register_netdevice:$ENOMEM
	      mt_registry_add:$ENOMEM"

do_tunnel()
{
	mt "$empty" tunnel add mt9 local 192.0.2.1 remote 192.0.2.9 key 9
}

undo_tunnel()
{
	mt "$empty" tunnel del mt9
}

# The first tunnel of a namespace that has its guard
required_ns=empty
required_calls="nf_register_net_hooks:$ENOMEM"

do_required()
{
	mt "$empty" tunnel add mt9 local 192.0.2.1 remote 192.0.2.9 ipsec required
}

undo_required()
{
	mt "$empty" tunnel del mt9
}

guard_calls=$required_calls

do_guard()
{
	mt "$near" tunnel set mt0 ipsec required
}

undo_guard()
{
	mt "$near" tunnel set mt0 ipsec off
}

link_calls="__alloc_percpu_gfp:$NULL"

do_link()
{
	mt "$near" tunnel add mt9 local 192.0.2.1 remote 192.0.2.9 dev u0 sample-rx 9
}

undo_link()
{
	mt "$near" tunnel del mt9
}

esp_ns=empty
esp_calls="xfrm4_protocol_register:-17 xfrm6_protocol_register:-17"

do_esp()
{
	mt "$empty" tunnel add mt9 local 192.0.2.1 remote 192.0.2.9 mode ipsec if-id 9
}

undo_esp()
{
	mt "$empty" tunnel del mt9
}

clamp_calls="nf_register_net_hook:$ENOMEM kvmalloc_node:$NULL"

do_clamp()
{
	mt "$near" clamp add dev u0 mss 1400 both src 198.51.100.0/24 dst 2001:db8::/32
}

undo_clamp()
{
	mt "$near" clamp del dev u0
}

# A clamp whose device comes later finds no memory then: it goes on waiting, is shown as
# it is, and to set it anew helps.
late_calls="nf_register_net_hook:$ENOMEM"

do_late()
{
	local waits

	ip -n "$near" link add late0 type dummy || return
	waits=$(mt "$near" -j clamp show dev late0 | grep -c '"ifindex": *0')
	[ "$waits" -eq 1 ] || return 0
	echo "it waits"
	mt "$near" clamp set dev late0 mss 1400 both || return 0
	mt "$near" -j clamp show dev late0 | grep -q '"ifindex": *[1-9]' || return 0
	ip -n "$near" link del late0
	return 1
}

undo_late()
{
	ip -n "$near" link del late0
}

filter_calls="kvmalloc_node:$NULL"

do_filter()
{
	mt "$near" filter set mt0 allow-src-rx 203.0.113.0/24 2001:db8::/32 \
		allow-dst-tx 203.0.113.0/24 2001:db8::/32
}

undo_filter()
{
	mt "$near" filter set mt0 allow-src-rx 198.51.100.0/24 allow-dst-tx any
}

health_calls="__xa_alloc:$ENOMEM"

do_health()
{
	mt "$near" tunnel add mt8 local 192.0.2.1 remote 192.0.2.8 || return
	mt "$near" health set mt8 probe || { mt "$near" tunnel del mt8; return 1; }
}

undo_health()
{
	mt "$near" tunnel del mt8
}

early_calls="nf_register_net_hooks:$ENOMEM"

do_early()
{
	mt "$near" netns set rx early
}

undo_early()
{
	mt "$near" netns set rx local
}

set_calls="__alloc_percpu_gfp:$NULL mt_registry_add:$ENOMEM"

do_set()
{
	mt "$near" tunnel set mt0 remote 192.0.2.3 dev u0
}

undo_set()
{
	mt "$near" tunnel set mt0 remote 192.0.2.2 dev none
}

mtu_calls="dev_set_mtu:$ENOMEM"

do_mtu()
{
	mt "$near" tunnel set mt0 mtu 1300
}

undo_mtu()
{
	mt "$near" tunnel set mt0 mtu auto
}

up_calls="dev_open:$ENOMEM"

do_up()
{
	mt "$near" tunnel set mt0 up on
}

undo_up()
{
	mt "$near" tunnel set mt0 up off
}

sequence_calls="__alloc_percpu_gfp:$NULL"

do_sequence()
{
	mt "$near" tunnel set mt0 oseq on
}

undo_sequence()
{
	mt "$near" tunnel set mt0 oseq off
}

# What is asked for is put into messages. A dump goes on in the next one.
show_calls="nla_put:$EMSGSIZE genlmsg_put:$NULL"

do_show()
{
	mt "$near" -s tunnel show && mt "$near" -b - <<-EOF
		filter show
		health show
	EOF
}

undo_show()
{
	:
}

show_one_calls=$show_calls

do_show_one()
{
	mt "$near" -b - <<-EOF
		tunnel show mt0
		filter show mt0
		health show mt0
		netns show
	EOF
}

undo_show_one()
{
	:
}

# With somebody who listens: the request is done, and he is told that he missed it.
events_calls=$show_calls

do_events()
{
	mt "$near" tunnel set mt0 ttl 9 && mt "$near" clamp add dev u0 mss 1400
}

undo_events()
{
	mt "$near" tunnel set mt0 ttl 64
	mt "$near" clamp del dev u0 2> /dev/null || :
}

# All that a request may change, which is nothing where there is no module.
state()
{
	local ns=${1}_ns

	ns=${!ns:-near}
	case $1 in
	show*) ;;
	*) ! mtun_loaded || { mt "${!ns}" export && mt "${!ns}" -j tunnel show; } ;;
	esac
}

# each_call NAME FUNCTION VALUE: the first call fails, then the second and so on, until
# the request does without one more.
each_call()
{
	local name=$1 func=$2 value=$3 before n status calls text all

	before=$(state "$name")
	insmod "$FAILNTH" func="$func" from=mtun nth=$((MOST + 1)) value="$value" || return 1
	"do_$name" > /dev/null 2>&1
	all=$(< /sys/module/failnth/parameters/calls)
	rmmod failnth
	"undo_$name" || return 1
	for ((n = 1; n <= MOST; n++)); do
		insmod "$FAILNTH" func="$func" from=mtun nth=$n value="$value" || return 1
		text=$("do_$name" 2>&1)
		status=$?
		calls=$(< /sys/module/failnth/parameters/calls)
		rmmod failnth
		if [ "$status" -eq 0 ]; then
			"undo_$name" || return 1
			if [ "$calls" -ge "$n" ] && [ "$name" != events ]; then
				say "$func $n: has failed, and the request is done"
				return 1
			fi
		else
			refused=$((refused + 1))
			[ -n "$text" ] || { say "$func $n: refused without a word"; return 1; }
		fi
		if [ "$(state "$name")" != "$before" ]; then
			say "$func $n: is not what it was before ($text)"
			"undo_$name"
			return 1
		fi
		[ "$calls" -ge "$n" ] || break
		called=$((called + 1))
	done
	[ "$status" -eq 0 ] || say "$func: $text"
	# What has failed is done when it is asked for again.
	[ "$calls" -eq "$all" ] || { say "$func: $calls calls at last, $all at first"; return 1; }
	[ "$n" -gt 1 ] || { say "$func: is never called"; return 1; }
	[ "$n" -le "$MOST" ] && [ "$status" -eq 0 ]
}

refused_test()
{
	local name=$1 called=0 refused=0 call list=${1}_calls

	case $name in
	load) ! mtun_loaded || rmmod mtun ;;
	late) setup_tunnel && mt "$near" clamp add dev late0 mss 1400 both ;;
	*) setup_tunnel ;;
	esac
	if [ "$name" = events ]; then
		mt "$near" monitor > "$TMP/events" 2>&1 &
		BG_PIDS+=($!)
		slowwait_for grep -q listening "$TMP/events"
	fi
	for call in ${!list}; do
		each_call "$name" "${call%:*}" "${call#*:}"
		check_err $? "${call%:*}"
	done
	[ "$name" != late ] || mt "$near" clamp del dev late0
	[ "$name" != events ] ||
		check_eq "$(grep -c "events were lost" "$TMP/events")" "$called" "told as lost"
	log_test "$name: $called calls have failed, $refused requests were refused"
}

# A clamp that has got more prefixes since the kernel looked how large they are does not
# fit into a message. The reader does not notice.
grown_test()
{
	setup_tunnel
	mt "$near" clamp add dev u0 mss 1400
	insmod "$FAILNTH" func=nla_put from=mtun nth=3 value=$EMSGSIZE
	check_match "$(mt "$near" -j clamp show 2>&1)" '"dev": ?"u0".*"mss": ?1400' "clamps"
	[ "$(< /sys/module/failnth/parameters/calls)" -gt 3 ]
	check_err $? "nothing has failed"
	rmmod failnth
	mt "$near" clamp del dev u0
	log_test "a clamp that grows while it is read"
}

setup_prepare
run_tests "$@"
