#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mtctl and ip link as tools to manage tunnels: what they accept, what they
# refuse and how they say so, and that a refused request leaves no trace.
# control.py has the cases of one namespace and of one user; here are those of
# several.
#
#  +- here ------------------------------+
#  |  mt0, ...   (as the cases say)      |
#  |   :                                 |
#  |  u0 (dummy) 192.0.2.1/24            |
#  |             2001:db8::1/64          |
#  +-------------------------------------+

# Cases of control.py
CASES="add defaults set_settings del_tunnel json_output text_output stats_output
       abbreviations exit_status batch ip_link ip_link_plugin rename link_local
       same_addresses name_template"
REFUSED="old
	 remote_of_another_family local_of_another_family remote_zero
	 remote_zero6 remote_multicast remote_multicast6 remote_broadcast
	 remote_mapped local_multicast local_multicast6 local_zero local_mapped
	 local_is_remote link_local_without_dev no_local no_remote tos_ecn ttl_0
	 mtu_too_small mtu_too_large frag_outer name_slash name_dots
	 name_template_bad duplicate duplicate6 duplicate_unkeyed name_exists
	 name_of_another_device
	 set_remote_multicast set_one_family set_other_family set_duplicate
	 set_duplicate_key set_tos_ecn set_mtu set_local_is_remote set_unknown
	 set_other_device set_loopback
	 key_too_large key_garbage key_negative ikey_too_large key_twice
	 ttl_256 ttl_garbage long_dev csum_garbage df_garbage seq_twice
	 tos_256 fwmark_too_large mtu_garbage bad_address
	 bad_address6 host_name name_too_long unknown_word misspelt_word
	 missing_value unknown_object unknown_command ambiguous no_name
	 forgotten_name nothing_to_set unknown_option
	 old_gone"

ALL_TESTS=""
for name in $CASES $REFUSED; do
	ALL_TESTS+="case_test:$name "
done
ALL_TESTS+="netns_option_test unprivileged_test userns_test userns_foreign_test
	    privileges_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command "$PYTHON" setpriv
need_module dummy

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
	export MTCTL
	PLUGIN_DIR=${PLUGIN_DIR:-$(dirname "$MTCTL")} \
		in_ns "$here" "$PYTHON" -E -s -S "$TEST_DIR/control.py" \
		> "$TMP/result" 2> "$TMP/log" || say "$(tail -n 5 "$TMP/log")"
	read_cases "$TMP/result"

	# Others than root must get there, too.
	chmod 755 "$TMP"
	cp "$MTCTL" "$TMP/mtctl"
}

# All that a request may have changed
state()
{
	ip -n "$here" -d link show type mtun
	mt "$here" -d -j tunnel list
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
	out=$(as_nobody "$TMP/mtctl" tunnel add mt1 $A6 2>&1)
	check_eq $? 1 "add"
	check_match "$out" "permi" "add"
	out=$(as_nobody "$TMP/mtctl" tunnel set mt0 ttl 5 2>&1)
	check_eq $? 1 "set"
	check_match "$out" "permi" "set"
	out=$(as_nobody "$TMP/mtctl" tunnel del mt0 2>&1)
	check_eq $? 1 "del"
	check_match "$out" "permi" "del"
	check_eq "$(state)" "$before" "state"
	check_match "$(as_nobody "$TMP/mtctl" tunnel list)" "mt0" "list"
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

# What is left to it while it works, in another namespace than that of its caller
privileges_test()
{
	local status end=$'\n'

	"$MTCTL" -n "$here" monitor > "$TMP/events" 2>&1 &
	BG_PID=$!
	slowwait_for grep -q "^listening for events$" "$TMP/events"
	check_err $? "mtctl monitor"
	status=$(cat "/proc/$BG_PID/status")
	kill "$BG_PID"
	wait "$BG_PID"
	# net_admin (12), dac_override (1), dac_read_search (2)
	check_match "$status" "CapPrm:[[:space:]]0{12}1006$end" "permitted"
	check_match "$status" "CapEff:[[:space:]]0{12}1006$end" "effective"
	check_match "$status" "CapInh:[[:space:]]0{16}$end" "inheritable"
	check_match "$status" "CapAmb:[[:space:]]0{16}$end" "ambient"
	check_match "$status" "NoNewPrivs:[[:space:]]1$end" "new privileges"
	log_test "keeps no capability that it does not need"
}

setup_prepare
run_tests "$@"
