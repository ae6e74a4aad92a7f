#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The sessions of Documentation/ipsec.md that make a tunnel between two routers: what is
# typed there is typed here, at the ends that the page calls near and far, and has to
# bring forth what stands there. Both have an /etc/swanctl and a /run of their own, and
# strongSwan as the packages configure it.

ALL_TESTS="routers_test makes_test"

. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/ike_lib.sh"

PAGE=$TEST_DIR/../Documentation/ipsec.md

need_mtun
need_charon
need_command nsenter ping
need_module veth esp4 esp6
[ -e "$PAGE" ] || skip_all "no documentation here"

# router SIDE NUMBER: its network is 10.NUMBER.0.0/16. The daemon has the mounts that
# others see who enter its namespace.
router()
{
	local side=$1

	ip -n "${!side}" addr add "10.$2.0.1/16" dev lo || return 1
	mkdir -p "$TMP/$side/swanctl"
	(cd /etc/swanctl && find . -type d -exec mkdir -p "$TMP/$side/swanctl/{}" \;)
	echo "include conf.d/*.conf" > "$TMP/$side/swanctl/swanctl.conf"
	# shellcheck disable=SC2016
	in_bg "${!side}" "$TMP/$side/said" sh -c 'mount --bind "$0" /etc/swanctl &&
		mount -t tmpfs none /run && exec "$1"' "$TMP/$side/swanctl" $CHARON
	CHARON_PID[$side]=$BG_PID
	slowwait_for at "$side" "test -S /run/charon.vici"
}

# at SIDE COMMAND: as root types it there
at()
{
	nsenter -t "${CHARON_PID[$1]}" -m -n --wd="$TMP/$1" bash -c "$2"
}

setup_prepare()
{
	setup_ns near far
	setup_underlay "$near" "$far"
	router near 1 && router far 2 || return 1
	mkdir "$TMP/bin"
	cat > "$TMP/bin/scp" <<-EOF
		#!/bin/sh
		exec nsenter -t ${CHARON_PID[far]} -m install -m 600 /dev/stdin "\${2#*:}" < "\$1"
	EOF
	chmod +x "$TMP/bin/scp"
	PATH=$(dirname "$MTCTL"):$TMP/bin:$PATH
}

# What is another number each time does not count, nor do lines that have nothing, and
# plugins that swanctl would like to have.
masked()
{
	expand -t 4 | sed -E -e "/^ *$/d; /^plugin '.*': failed to load/d" \
		-e 's/\b[0-9a-f]{8}\b/SPI/; s/\b[0-9a-f]{16}_/SPI_/g' \
		-e 's/= [0-9.]+(\/[0-9.]+)+ ms$/= TIMES/; s/time=[0-9.]+/time=TIME/' \
		-e 's/ +/ /g; s/ $//; s/\b[0-9]+ ?(ms|s|m|h)\b/TIME/g' \
		-e 's/\b[0-9]+ packets [0-9]+ bytes/N packets N bytes/' \
		-e 's/\b[0-9]+ bytes, [0-9]+ packets/N bytes, N packets/' \
		-e 's/sent [0-9]+ bytes/sent N bytes/'
}

# page HEADING: its session, without the margin, and commands of two lines in one. It
# begins with a command, and ends where there is a command of no router.
page()
{
	sed -n "/^### $1\$/,/^##/s/^    //p" "$PAGE" |
		sed -e ':again' -e '/\\$/ { N; s/\\\n */ /; b again' -e '}' |
		sed -n -e '/^mkdir/q' -e '/^\(near\|far\)# /,$p'
}

# session HEADING
session()
{
	local line

	while IFS= read -r line <&5; do
		[[ $line =~ ^(near|far)#\ (.*) ]] || continue
		echo "$line"
		at "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" 2>&1
		# Who types is slower than the daemons.
		[ "$line" != "near# swanctl --load-all" ] ||
			slowwait_for established mt1
	done 5< <(page "$1")
}

compare()
{
	session "$1" > "$TMP/session"
	diff <(page "$1" | masked) <(masked < "$TMP/session") > "$TMP/diff"
	check_err $? "the page and what came of it: $(cat "$TMP/diff")"
	check_eq "$(grep -c "^3 packets transmitted, 3 received" "$TMP/session")" 1 \
		"pings through the tunnel"
}

routers_test()
{
	compare "From two routers to a tunnel"
	log_test "from two routers to a tunnel, as the page has it"
}

# Far goes on without mtun.
makes_test()
{
	compare "Another make at the other end"
	log_test "another make at the other end, as the page has it"
}

setup_prepare || fail_all "cannot set up"
run_tests "$@"
