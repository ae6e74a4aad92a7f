#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What strongSwan negotiates for tunnels, by the files that "mtctl ipsec template" prints:
# groups, keys that somebody else can decrypt with, and new keys all the time.
#
#  +- near ----------------------+       +- far ------------------------+
#  |  t4  10.0.4.1/24            |       |  t4  10.0.4.2/24    gre      |
#  |  e4  10.1.4.1/24            |       |  e4  10.1.4.2/24    xfrm 44  |
#  |      2001:db8:e::1/64       |       |      2001:db8:e::2/64        |
#  |   :                         |       |   :                          |
#  |  u0  192.0.2.1  .3    ------+-------+-- u0  192.0.2.2  .4          |
#  +-----------------------------+       +------------------------------+

ALL_TESTS="up_test group_test:14:modp2048 group_test:20:ecp384 group_test:19:ecp256
	   decrypt_test:aes256gcm16 decrypt_test:aes256-sha256 storm_test clear_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/ike_lib.sh"

need_mtun
need_charon
need_command tcpdump tshark ping
need_module veth ip_gre xfrm_interface esp4

declare -A INSIDE=([t4]=10.0.4.2 [e4]=10.1.4.2)

setup_prepare()
{
	local t

	setup_ns near far
	setup_underlay "$near" "$far"
	ip_batch "$near" <<-EOF
		addr add 192.0.2.3/24 dev u0
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.4/24 dev u0
		link add t4 type gre local 192.0.2.2 remote 192.0.2.1 key 4
		link add e4 type xfrm if_id 44
		link set t4 up
		link set e4 up
		addr add 10.0.4.2/24 dev t4
		addr add 10.1.4.2/24 dev e4
		addr add 2001:db8:e::2/64 dev e4
	EOF
	mt "$near" -b - <<-EOF || return 1
		tunnel add t4 local 192.0.2.1 remote 192.0.2.2 key 4 ipsec required up on
		tunnel add e4 mode ipsec if-id 44 local 192.0.2.3 remote 192.0.2.4 up on
	EOF
	ip_batch "$near" <<-EOF
		addr add 10.0.4.1/24 dev t4
		addr add 10.1.4.1/24 dev e4
		addr add 2001:db8:e::1/64 dev e4
	EOF
	mkdir -p "$TMP/near" "$TMP/far"
	for t in t4 e4; do
		mt "$near" ipsec template $t >&3 &&
			mt "$near" ipsec template $t -peer linux >&4 || return 1
	done 3> "$TMP/near/template" 4> "$TMP/far/template"
	configured
	clear_capture
}

up_test()
{
	local t

	for t in t4 e4; do
		ping_now "$near" "${INSIDE[$t]}"
		check_fail $? "an answer through $t without keys"
	done
	start_charon near && start_charon far
	check_err $? "strongSwan does not run"
	for t in t4 e4; do
		check_answers "$t"
	done
	log_test "tunnels are up"
}

# far_wants SED: of the proposals of the template, instead of all
far_wants()
{
	sed -i.all "$1" "$TMP/far/swanctl.conf"
	swan far --load-all --file "$TMP/far/swanctl.conf" --noprompt > /dev/null
	check_err $? "far's configuration"
	mv "$TMP/far/swanctl.conf.all" "$TMP/far/swanctl.conf"
	begin_anew
}

begin_anew()
{
	local t

	for t in e4 t4; do
		swan near --terminate --ike $t --force > /dev/null
		check_answers $t
	done
}

# sas_have TEXT: what swanctl says of e4
sas_have()
{
	[[ $(swan near --list-sas --ike e4) =~ $1 ]]
}

# group_test NUMBER WORD: the far end knows this group alone. That of ESP's keys is used
# for those that come after the first.
group_test()
{
	local word=${2/#ecp/ECP_}

	word=${word/#modp/MODP_}
	far_wants "s/ecp256-ecp384-modp2048/$2/"
	swan near --rekey --child e4 > /dev/null
	slowwait_for sas_have "PRF_HMAC_SHA2_256/$word.*ESP:AES_GCM_16-256/$word"
	check_err $? "$(swan near --list-sas --ike e4)"
	ping_once "$near" "${INSIDE[e4]}"
	check_err $? "no answer after rekeying"
	log_test "group $1: $word for IKE and ESP"
}

# esp_keys NS: its states, as tshark's table has them
esp_keys()
{
	ip -n "$1" xfrm state | awk '
		function tell() {
			if (spi && cipher)
				printf "uat:esp_sa:\"IPv4\",\"%s\",\"%s\",\"%s\",\"%s\",\"%s\",\"%s\",\"%s\"\n",
					src, dst, spi, cipher, key, auth, auth_key
			spi = cipher = ""; auth = "NULL"; auth_key = ""
		}
		$1 == "src" { tell(); src = $2; dst = $4 }
		$1 == "proto" { spi = $4 }
		$1 == "aead" && $2 == "rfc4106(gcm(aes))" {
			cipher = "AES-GCM with 16 octet ICV [RFC4106]"; key = $3 }
		$1 == "enc" && $2 == "cbc(aes)" { cipher = "AES-CBC [RFC3602]"; key = $3 }
		$1 == "auth-trunc" && $2 == "hmac(sha256)" {
			auth = "HMAC-SHA-256-128 [RFC4868]"; auth_key = $3 }
		END { tell() }'
}

PATTERN=6d74756e6b657973	# "mtunkeys", in each ping behind the time

# decrypted FILE: echoes in it, as "COUNT SOURCE DESTINATION LENGTH PATTERNS", the last
# of which is how often the data ends with the pattern
decrypted()
{
	local -a keys=()
	local line

	while read -r line; do
		keys+=(-o "$line")
	done < "$TMP/keys"
	tshark -r "$1" -o esp.enable_encryption_decode:TRUE \
		-o esp.enable_authentication_check:TRUE "${keys[@]}" \
		-Y "icmp.type in {0,8} or icmpv6.type in {128,129}" -T fields \
		-E occurrence=l -e ip.src -e ip.dst -e ip.len \
		-e ipv6.src -e ipv6.dst -e ipv6.plen -e data.data 2> "$TMP/tshark" |
		awk -F '\t' -v pattern="$PATTERN" '{
			for (n = 0; $7 ~ pattern "$"; n++)
				sub(pattern "$", "", $7)
			count[($4 ? $4 " " $5 " " $6 : $1 " " $2 " " $3) " " n]++
		}
		END { for (i in count) print count[i], i }' | sort -k 2
}

# pings_of COUNT SIZE ADDRESS
pings_of()
{
	in_ns "$near" ping -q -n -c "$1" -i 0.1 -s "$2" -p $PATTERN "$3" > /dev/null
	check_err $? "pings to $3"
}

# decrypt_test PROPOSAL: what is on the wire is what was sent, byte for byte, says
# somebody who has the keys, and nothing of ours
decrypt_test()
{
	local wanted

	far_wants "s/esp_proposals = .*/esp_proposals = $1-modp2048/"
	capture_start "$far" u0 "$TMP/esp" esp
	check_err $? "no capture"
	pings_of 2 504 10.0.4.2
	pings_of 3 104 10.1.4.2
	pings_of 2 1000 2001:db8:e::2
	capture_stop "$CAPTURE_PID"
	esp_keys "$near" > "$TMP/keys"
	wanted="2 10.0.4.1 10.0.4.2 532 61
2 10.0.4.2 10.0.4.1 532 61
3 10.1.4.1 10.1.4.2 132 11
3 10.1.4.2 10.1.4.1 132 11
2 2001:db8:e::1 2001:db8:e::2 1008 123
2 2001:db8:e::2 2001:db8:e::1 1008 123"
	check_eq "$(decrypted "$TMP/esp")" "$wanted" "decrypted"
	# ... and without keys nothing
	: > "$TMP/keys"
	check_eq "$(decrypted "$TMP/esp")" "" "without keys"
	log_test "tshark decrypts what was sent: $1"
}

# rekeying SIDE: both SAs of both tunnels, again and again
rekeying()
{
	in_bg "${!1}" "$TMP/$1/storm" sh -c 'while :; do
			for t in e4 t4; do
				swanctl --rekey --child $t --uri "$0"
				swanctl --rekey --ike $t --uri "$0"
			done
		done' "unix://$TMP/$1/vici"
}

# How many pairs of states there have been
pairs()
{
	grep -c "CHILD_SA .* established" "$TMP/near/log"
}

has_new_pairs()
{
	[ "$(pairs)" -ge $(($1 + 10)) ]
}

ike_sas()
{
	swan near --list-sas | grep -c ESTABLISHED
}

at_rest()
{
	[ "$(ike_sas)" = 2 ] && [ "$(ip -n "$near" xfrm state count | grep -o '[0-9]*')" = 4 ] &&
		established e4 && established t4
}

storm_test()
{
	local seconds=$((15 * ${MTUN_SLOW:-1})) t p before dropped
	local -a pings=() storms=()

	swan far --load-all --file "$TMP/far/swanctl.conf" --noprompt > /dev/null
	# A packet that asks for keys while an IKE SA ends may bring forth two more of them.
	for t in 1 2 3; do
		! slowwait_for at_rest || break
		say "not at rest: $(ip -n "$near" xfrm state count)"
		begin_anew
	done
	at_rest
	check_err $? "states before: $(ip -n "$near" xfrm state count)"
	dropped=$(stat_get "$near" e4 tx-ipsec),$(stat_get "$near" t4 tx-ipsec)
	before=$(pairs)
	for t in e4 t4; do
		in_bg "$near" "$TMP/pings.$t" ping -q -n -i 0.02 -c $((50 * seconds)) \
			-W "$WAIT_TIMEOUT" "${INSIDE[$t]}"
		pings+=("$BG_PID")
	done
	for t in near far; do
		rekeying $t
		storms+=("$BG_PID")
	done
	# Until they have all their answers: whoever is stopped has lost the last ones.
	wait "${pings[@]}"
	slowwait_for has_new_pairs "$before"
	check_err $? "hardly any new states"
	for p in "${storms[@]}"; do
		stop_bg "$p"
	done
	slowwait_for at_rest
	check_told $? e4 "afterwards: $(ike_sas) SAs of IKE, $(ip -n "$near" xfrm state count)"
	for t in e4 t4; do
		check_match "$(cat "$TMP/pings.$t")" " 0% packet loss" "lost of $t"
	done
	check_eq "$(stat_get "$near" e4 tx-ipsec),$(stat_get "$near" t4 tx-ipsec)" \
		"$dropped" "not sent"
	t=$(($(pairs) - before))
	log_test "new keys all the time under traffic: nothing is lost"
	say "$t pairs of states in $seconds seconds"
}

setup_prepare || fail_all "cannot set up"
run_tests "$@"
