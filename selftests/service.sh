#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mtun.service under a systemd of its own: process 1 of a process and a mount
# namespace, in which the unit and mtctl are where "make install" puts them.
#
#  +- box ---------------------------+       +- far --------------------+
#  |  systemd, mtun.service          |       |                          |
#  |  mt0  192.0.2.1 -> 192.0.2.2    |       |  mt0  to there           |
#  |  u0   192.0.2.1/24        ------+-------+-- u0  192.0.2.2/24       |
#  +---------------------------------+       +--------------------------+

ALL_TESTS="install_test page_test early_test start_test reload_test broken_test heal_test
	   stop_test"

. "$(dirname "$0")/lib.sh"

need_mtun
need_command systemctl unshare nsenter pgrep make
need_module veth
[ -e "$TEST_DIR/../tools/Makefile" ] || skip_all "there is nothing to install"

setup_prepare()
{
	setup_ns box far
	mt "$far" tunnel add mt0 local 192.0.2.2 remote 192.0.2.1
	ip -n "$far" addr add 10.0.0.2/24 dev mt0
	ip -n "$far" link set mt0 up
	mkdir "$TMP/root" "$TMP/etc"
	make -s -C "$TEST_DIR/../tools" install DESTDIR="$TMP/root" \
		PREFIX=/usr > "$TMP/install" 2>&1
}

# What is right before systemd is process 1: its own /run, cgroups and unit
write_init()
{
	cat > "$TMP/init" <<-EOF
		#!/bin/sh
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /etc/systemd/system
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mkdir -p /etc/mtun /run/systemd/system
		mount --bind $TMP/etc /etc/mtun
		mount --bind $TMP/root/usr/sbin/mtctl $1
		cp $TMP/root/usr/lib/systemd/system/mtun.service /run/systemd/system
		# The module is loaded, if not from where modprobe would look
		if ! modprobe -nq mtun; then
			mkdir /run/systemd/system/mtun.service.d
			printf '[Service]\nExecStartPre=\n' \
				> /run/systemd/system/mtun.service.d/loaded.conf
		fi
		# What a network needs, and no more
		cat > /run/systemd/system/box.target <<-END
			[Unit]
			DefaultDependencies=no
			Wants=mtun.service network-pre.target box-net.service
		END
		cat > /run/systemd/system/box-net.service <<-END
			[Unit]
			DefaultDependencies=no
			After=network-pre.target
			[Service]
			Type=oneshot
			RemainAfterExit=yes
			ExecStart=$MTCTL tunnel show mt0
		END
		exec /lib/systemd/systemd --system --unit=box.target
	EOF
	chmod +x "$TMP/init"
}

# box COMMAND...: where that systemd is process 1
box()
{
	nsenter -t "$BOX_PID" -p -m -n "$@"
}

write_file()
{
	printf 'defaults: {tunnel: {local: 192.0.2.1}}\ntunnels:\n' \
		> "$TMP/etc/mtun.yaml"
	printf '  %s\n' "$@" >> "$TMP/etc/mtun.yaml"
}

tunnels()
{
	mt "$box" tunnel list | awk 'NR > 1 { printf "%s ", $1 }'
}

unit_is()
{
	[ "$(box systemctl is-active "$1" 2> /dev/null)" = "$2" ]
}

install_test()
{
	[ -x "$TMP/root/usr/sbin/mtctl" ] &&
		[ -e "$TMP/root/usr/lib/systemd/system/mtun.service" ]
	check_err $? "installed: $(cat "$TMP/install")"
	check_match "$(cat "$TMP/root/usr/lib/systemd/system/mtun.service")" \
		"ExecStart=/usr/sbin/mtctl apply" "the unit"
	log_test "make install has a unit with the path of mtctl"
}

# That of "mtctl ipsec replicate -follow", which operators copy out of the page
page_test()
{
	local page=$TEST_DIR/../Documentation/ipsec.md unit="$TMP/mtun-replicate@node2.service"

	if ! command -v systemd-analyze > /dev/null || [ ! -e "$page" ]; then
		log_skip "the unit of ipsec.md" "systemd-analyze or the page is not there"
		return
	fi
	sed -n '/# \/etc\/systemd\/system\/mtun-replicate@/,/WantedBy/s/^      //p' \
		"$page" > "$unit"
	check_match "$(cat "$unit")" "ExecStart=.*-follow.*-apply" "the unit"
	check_eq "$(systemd-analyze verify "$unit" 2>&1)" "" "what systemd says of it"
	log_test "the unit of ipsec.md"
}

# There is no underlay yet; what comes after network-pre.target finds the tunnel.
early_test()
{
	local mtctl=/usr/sbin/mtctl

	[ -e $mtctl ] || touch $mtctl
	write_file "mt0: {remote: 192.0.2.2}" "mt1: {remote: 192.0.2.3}"
	write_init $mtctl
	in_bg "$box" "$TMP/systemd" env container=mtun \
		unshare --pid --mount --cgroup --fork --mount-proc "$TMP/init"
	slowwait_for pgrep -P "$BG_PID"
	BOX_PID=$(pgrep -P "$BG_PID") || say "$(cat "$TMP/systemd")"
	slowwait_for unit_is box.target active ||
		slowwait_for unit_is box.target active	# of an emulated machine
	check_err $? "systemd: $(tail -n 5 "$TMP/systemd")"
	slowwait_for unit_is mtun.service active
	check_err $? "mtun.service: $(box systemctl status mtun 2>&1)"
	slowwait_for unit_is box-net.service active
	check_err $? "the tunnel was not there before the network"
	log_test "tunnels are there before the network is"
}

start_test()
{
	check_eq "$(tunnels)" "mt0 mt1 " "tunnels"
	check_match "$(mt "$box" -j tunnel show mt0)" '"origin": ?"file"' "origin"
	log_test "the tunnels of the file are there"
}

reload_test()
{
	write_file "mt0: {remote: 192.0.2.2, ttl: 9}" "mt2: {remote: 192.0.2.4}"
	mt "$box" tunnel add hand local 192.0.2.1 remote 192.0.2.9
	box systemctl reload mtun
	check_err $? "reload: $(box systemctl status mtun 2>&1)"
	check_eq "$(tunnels)" "mt0 hand mt2 " "tunnels"
	check_match "$(mt "$box" -j tunnel show mt0)" '"ttl": ?9' "ttl"
	log_test "reload makes it what the file says, and leaves the rest"
}

broken_test()
{
	write_file "mt0: {remote: nonsense}"
	box systemctl reload mtun 2> /dev/null
	check_fail $? "a broken file was taken"
	check_eq "$(tunnels)" "mt0 hand mt2 " "tunnels"
	unit_is mtun.service active
	check_err $? "the unit is not active any more"
	write_file "mt0: {remote: 192.0.2.2, ttl: 9}" "mt2: {remote: 192.0.2.4}"
	box systemctl reload mtun
	check_err $? "reload of what is right again"
	log_test "a broken file changes nothing"
}

# The underlay appears later.
heal_test()
{
	setup_underlay "$box" "$far"
	ip_batch "$box" <<-EOF
		addr add 10.0.0.1/24 dev mt0
		link set mt0 up
	EOF
	ping_check "$box" 10.0.0.2
	check_err $? "no ping"
	log_test "tunnels work once there is an underlay"
}

stop_test()
{
	box systemctl stop mtun
	check_err $? "stop: $(box systemctl status mtun 2>&1)"
	check_eq "$(tunnels)" "hand " "tunnels after stop"
	box systemctl start mtun
	check_eq "$(tunnels)" "hand mt0 mt2 " "tunnels after start"
	log_test "stop removes what the file has made, start makes it again"
}

setup_prepare
run_tests "$@"
