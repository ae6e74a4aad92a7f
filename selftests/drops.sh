#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every reason for which a packet can be dropped: provoked, and counted once,
# under that reason and nothing else. The reasons are those of the netlink spec
# (uapi/linux/mtun.h where that is): one that is new and not here fails.
#
#  +- near --------------------------+       +- far -------------------+
#  |  mt0  192.0.2.1 -> 192.0.2.2    |       |  (raw packets)          |
#  |  mt1  the same, csum on seq on  |       |                         |
#  |       key 9                     |       |                         |
#  |   :                             |       |                         |
#  |  u0   192.0.2.1/24        ------+-------+-- u0  192.0.2.2/24      |
#  +---------------------------------+       +-------------------------+

REASONS="rx-header rx-truncated rx-options rx-checksum rx-sequence rx-protocol
	 rx-inner rx-ecn rx-policy rx-down rx-backlog rx-memory tx-protocol
	 tx-inner tx-no-route tx-loop tx-too-big tx-underlay tx-memory
	 rx-filter tx-filter rx-probe rx-keepalive rx-keepalive-rate rx-ipsec
	 tx-ipsec"
ALL_TESTS="all_reasons_test"
for reason in $REASONS; do
	ALL_TESTS+=" reason_test:$reason"
done

. "$(dirname "$0")/lib.sh"

need_mtun
need_command nft ethtool tc
need_module veth sch_netem

setup_prepare()
{
	setup_ns near far
	ip_batch "$near" <<-EOF
		link add u0 type veth peer name u0 netns $far
		addr add 192.0.2.1/24 dev u0
		link set u0 up
	EOF
	ip_batch "$far" <<-EOF
		addr add 192.0.2.2/24 dev u0
		link set u0 up
	EOF
	mt "$near" -b - <<-EOF
		tunnel add mt0 local 192.0.2.1 remote 192.0.2.2
		tunnel add mt1 local 192.0.2.1 remote 192.0.2.2 key 9 csum on seq on
	EOF
	ip_batch "$near" <<-EOF
		link set mt0 up
		link set mt1 up
	EOF
	ping_check "$near" 192.0.2.2
	MTCTL=$MTCTL FAULT=$TEST_DIR/fault/failret.ko "$PYTHON" \
		"$TEST_DIR/drops.py" "$near" "$far" > "$TMP/result" 2>&1
}

all_reasons_test()
{
	local header=$TEST_DIR/../uapi/linux/mtun.h known

	if [ ! -e "$header" ]; then
		log_skip "all reasons are tested" "no $header here"
		return
	fi
	known=$(sed -n 's/^\tMTUN_DROP_\([A-Z_]*\)\( = 1\)\?,$/\1/p' "$header" |
		tr 'A-Z_\n' 'a-z- ')
	check_eq "$(echo $known)" "$(echo $REASONS)" "reasons"
	log_test "all reasons are tested"
}

# drops.py wrote a line "REASON ok|bad|skip TEXT"
reason_test()
{
	local line

	line=$(grep "^$1 " "$TMP/result")
	case $line in
	"$1 skip "*) log_skip "$1" "${line#"$1 skip "}"; return ;;
	esac
	check_eq "$line" "$1 ok" "result" || say "$(tail -n 20 "$TMP/result")"
	log_test "$1"
}

setup_prepare
run_tests "$@"
