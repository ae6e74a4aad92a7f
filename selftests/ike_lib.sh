# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What tests with strongSwan share: a daemon in each of $near and $far, with files in
# $TMP/near and $TMP/far. For a test that sources lib.sh before, and says in INSIDE which
# address is behind each tunnel.

CHARON=/usr/sbin/charon-systemd

declare -A CHARON_PID

need_charon()
{
	need_command swanctl
	[ -x $CHARON ] || skip_all "charon-systemd is not installed"
}

# Both ends, by $TMP/SIDE/template: with a secret, and with patience for a test
configured()
{
	local side

	for side in near far; do
		# Packets that far sends by itself would make both begin at once.
		sed -e "s/SECRET/not a secret/" -e "s/dpd_delay = .*/dpd_delay = 2s/" \
			-e "s/start_action = trap$/start_action = none/" \
			"$TMP/$side/template" > "$TMP/$side/swanctl.conf"
	done
}

# clear_capture: of what comes to far, whatever is neither ESP nor IKE nor what a host says
# to its neighbours must not be there, ever, but for what clear_test sends.
clear_capture()
{
	capture_start "$far" u0 "$TMP/wire" -Q in \
		"not esp and not udp port 500 and not udp port 4500 and not arp and not (icmp and src net 192.0.2.0/24) and not (icmp6 and src net 2001:db8::/64) and not (icmp6 and src net fe80::/10) and not (ip6 proto 0 and dst net ff02::/16)" ||
		return 1
	WIRE=$CAPTURE_PID
}

clear_test()
{
	in_ns "$near" bash -c 'echo > /dev/udp/192.0.2.2/9'
	check_err $? "sending in clear"
	slowwait_for has_more "$TMP/wire" 24
	capture_stop "$WIRE"
	check_match "$(tcpdump -n -t -r "$TMP/wire" 2> /dev/null)" \
		"^IP [0-9.]* > 192\.0\.2\.2\.9: UDP, length 1\$" "in clear, but for one packet"
	log_test "nothing was in clear, ever"
}

# A daemon that has not been told its tunnels yet refuses them, and the other end tries
# again for a packet, when the kernel has given up the state that it has asked for: none
# hears of IKE before that.
#
# It has its configuration, log and socket in $TMP/SIDE.
start_charon()
{
	local side=$1

	mkdir -p "$TMP/$side"
	cat > "$TMP/$side/strongswan.conf" <<-EOF
		charon-systemd {
			load = random nonce openssl kdf hmac sha1 sha2 gcm aes kernel-netlink socket-default vici
			install_routes = no
			retransmit_timeout = 1
			retransmit_base = 1
			retransmit_tries = 5
			delete_rekeyed_delay = $((5 * ${MTUN_SLOW:-1}))
			plugins {
				kernel-netlink {
					xfrm_acq_expires = 20
				}
				vici {
					socket = unix://$TMP/$side/vici
				}
			}
			filelog {
				log {
					path = $TMP/$side/log
					default = 1
					flush_line = yes
				}
			}
		}
	EOF
	rm -f "$TMP/$side/vici"
	in_ns "${!side}" nft "add table inet deaf; add chain inet deaf c {
		type filter hook input priority 0; }; add rule inet deaf c udp dport 500 drop"
	in_bg "${!side}" "$TMP/$side/said" env \
		STRONGSWAN_CONF="$TMP/$side/strongswan.conf" $CHARON
	CHARON_PID[$side]=$BG_PID
	slowwait_for test -S "$TMP/$side/vici" &&
		swan "$side" --load-all --file "$TMP/$side/swanctl.conf" \
			--noprompt > "$TMP/$side/loaded" &&
		in_ns "${!side}" nft delete table inet deaf ||
		{ say "$side: $(cat "$TMP/$side/said" "$TMP/$side/loaded")"; return 1; }
}

# swan SIDE ARGUMENTS...
swan()
{
	local side=$1; shift

	# It tells of each plugin that it would like to have.
	in_ns "${!side}" swanctl "$@" --uri "unix://$TMP/$side/vici" 2> /dev/null
}

# told TUNNEL: what somebody wants to know whose tunnel does not work
told()
{
	mt "$near" ipsec show "$1"
	drops_get "$near" "$1"
	swan near --list-sas --ike "$1"
	swan far --list-sas --ike "$1"
	in_ns "$far" cat /proc/net/xfrm_stat | grep -v "	0$"
	tail -n 20 "$TMP/far/log"
}

# check_told STATUS TUNNEL MESSAGE: telling takes its time, so only where it is needed
check_told()
{
	[ "$1" -eq 0 ] || check_err "$1" "$3: $(told "$2")"
}

# check_answers TUNNEL [WHEN]
check_answers()
{
	ping_check "$near" "${INSIDE[$1]}"
	check_told $? "$1" "no answer through $1${2:+ $2}"
}

established()
{
	[[ $(mt "$near" -j ipsec show "$1") =~ \"sa\":\ ?\"established\" ]]
}

has_cipher()
{
	[[ $(mt "$near" -j ipsec show "$1") =~ \"cipher\":\ ?\"$2\" ]]
}

# mss_of TUNNEL: what is left of the MSS of a connection through it
mss_of()
{
	in_bg "$far" /dev/null "$TRAFFIC" tcp-recv "${INSIDE[$1]}" 7777 1000
	in_bg "$far" "$TMP/syn" timeout "$WAIT_TIMEOUT" tcpdump -n -l -c 1 -i "$1" \
		"tcp port 7777 and tcp[tcpflags] & tcp-syn != 0 and dst ${INSIDE[$1]}"
	slowwait_for grep -q "listening on" "$TMP/syn"
	in_ns "$near" timeout "$WAIT_TIMEOUT" "$TRAFFIC" tcp-send "${INSIDE[$1]}" 7777 1000
	slowwait_for grep -q "mss" "$TMP/syn"
	sed -n 's/.*mss \([0-9]*\).*/\1/p' "$TMP/syn"
}
