#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Install what building and testing need and fetch the parts of kernel sources
# that the tests use.
#
#   deps.sh build|demo|check|debug ...
#                                  install what these need and is missing
#   deps.sh --list GROUP ...       print the package names and do nothing
#   deps.sh --ksrc                 print a directory with parts of Linux 6.1:
#                                  checkpatch, the kselftest framework and
#                                  netdevsim, which Debian's kernel has not
#   deps.sh --ksource DIR          unpack all of Linux 6.1 into DIR and print
#                                  the version
#   deps.sh --ynl                  print a directory with parts of Linux 6.12:
#                                  the YNL tools and schemas
#   deps.sh --vng                  print the path of vng (virtme-ng)
#
# Nothing is asked and nothing is done twice. Exit status 4 means that sources
# cannot be had (no network, say); a caller should then skip and say so.
#
# MTUN_CACHE names the directory for downloads, default ~/.cache/mtun.

set -u

CACHE=${MTUN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mtun}
VNG_VERSION=1.42

BUILD="gcc libc6-dev make kmod linux-headers-amd64 libmnl-dev libjansson-dev"
BUILD+=" libyaml-dev libpcap-dev pkg-config"

# The machine: virtme-ng makes its initramfs with busybox.
VM="linux-image-amd64 qemu-system-x86 busybox-static python3 python3-venv"
VM+=" ca-certificates util-linux procps"

# The network tools of the demo and of the tests, which the VM takes from the
# root file system of the host.
DEMO="iproute2 iputils-ping tcpdump tshark socat iperf3 ethtool"

CHECK="$DEMO sparse nftables iptables conntrack clang libclang-rt-dev perl"
CHECK+=" python3-yaml python3-jsonschema python3-scapy python3-requests"
CHECK+=" python3-argcomplete xz-utils libcap2-bin man-db openvswitch-switch frr strace"
CHECK+=" curl rsync dnsmasq-base bind9-dnsutils chrony"
CHECK+=" charon-systemd strongswan-swanctl libstrongswan-standard-plugins"

# What a kernel is built with
DEBUG="gcc libc6-dev make kmod bc bison flex libelf-dev xz-utils"

log()
{
	echo "deps: $*" >&2
}

packages()
{
	local group

	for group in "$@"; do
		case $group in
		build) echo "$BUILD" ;;
		demo) echo "$BUILD $VM $DEMO" ;;
		check) echo "$BUILD $VM $CHECK" ;;
		debug) echo "$DEBUG" ;;
		*) log "unknown group \"$group\""; return 2 ;;
		esac
	done | tr ' ' '\n' | sort -u
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt()
{
	local out

	if ! out=$(as_root env DEBIAN_FRONTEND=noninteractive \
		   apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" \
		   </dev/null 2>&1); then
		echo "$out" >&2
		log "apt-get $* failed"
		return 1
	fi
}

# Kernels that have everything: image, modules and headers. Module and VM must
# agree on one, so having some image and some headers is not enough.
complete_kernels()
{
	local dir ver

	for dir in /lib/modules/*/build; do
		ver=${dir#/lib/modules/}
		ver=${ver%/build}
		case $ver in *-cloud-*) continue ;; esac
		[ -e "$dir/Makefile" ] && [ -e "/boot/vmlinuz-$ver" ] &&
			echo "$ver"
	done
}

install_packages()
{
	local -a missing=()
	local list pkg

	list=$(packages "$@") || return 2

	if ! command -v dpkg-query >/dev/null; then
		log "not a Debian system; please install the equivalents of:"
		log "$(echo "$list" | tr '\n' ' ')"
		return 0
	fi

	for pkg in $list; do
		dpkg-query -W -f='${db:Status-Status}\n' "$pkg" 2>/dev/null |
			grep -qx installed || missing+=("$pkg")
	done
	if echo "$list" | grep -qx linux-image-amd64 &&
	   [ -z "$(complete_kernels)" ]; then
		missing+=(linux-image-amd64 linux-headers-amd64)
	fi
	[ ${#missing[@]} -eq 0 ] && return 0

	log "installing ${missing[*]}"
	apt update && apt install --no-install-recommends "${missing[@]}"
}

vng_path()
{
	command -v vng || {
		[ -x "$CACHE/venv/bin/vng" ] && echo "$CACHE/venv/bin/vng"
	}
}

install_vng()
{
	vng_path >/dev/null && return 0
	log "installing virtme-ng $VNG_VERSION from PyPI into $CACHE/venv"
	mkdir -p "$CACHE" &&
	/usr/bin/python3 -m venv --clear "$CACHE/venv" &&
	"$CACHE/venv/bin/python3" -m pip install -q \
		--disable-pip-version-check "virtme-ng==$VNG_VERSION" >&2
}

# The root file system of a guest is this machine's, which nobody changes meanwhile:
# what a guest has read of it may stay in its memory, which makes tests twice as fast.
# Without it each start of a program is read, and by an emulator translated, anew. vng
# has no option for that.
speed_up_vng()
{
	local file

	# Not one that came from elsewhere
	[ "$(vng_path)" = "$CACHE/venv/bin/vng" ] || return 0
	for file in "$CACHE"/venv/lib/python3*/site-packages/virtme/{mkinitramfs,commands/run}.py; do
		grep -q 'msize=524288,cache=loose' "$file" ||
		sed -i 's#msize=524288\( /dev/root\|",\)#msize=524288,cache=loose\1#' "$file" ||
			return 1
		grep -q 'msize=524288,cache=loose' "$file" ||
			log "guests are slower than they could be: $file has changed"
	done
}

# unpack NAME DIR [PATH...]: parts of Debian's source package NAME, or all of it,
# into DIR. Prints the version of the package.
unpack()
{
	local name=$1 dir=$2 tmp ret=0
	local -a untar=(tar -C "$2" --strip-components=1 --wildcards -xJ)

	shift 2
	mkdir -p "$dir" || return 1
	if [ -e "/usr/src/$name.tar.xz" ]; then
		dpkg-query -W -f='${Version}' "$name"
		"${untar[@]}" "${@/#/$name/}" <"/usr/src/$name.tar.xz" || ret=4
		[ $ret -eq 0 ] || log "cannot unpack $name"
		return $ret
	fi

	# The package is big and is used once: it is not installed and not kept.
	log "fetching the source package $name (about 150 MB)"
	tmp=$(mktemp -d "$CACHE/.$name.XXXXXX") || return 1
	if ! apt-cache show "$name" >/dev/null 2>&1; then
		apt update
	fi
	if (cd "$tmp" && apt-get -q download "$name") >"$tmp/log" 2>&1; then
		dpkg-deb -f "$tmp"/*.deb Version
		dpkg-deb --fsys-tarfile "$tmp"/*.deb |
			tar -xO "./usr/src/$name.tar.xz" |
			"${untar[@]}" "${@/#/$name/}" || ret=4
	else
		cat "$tmp/log" >&2
		ret=4
	fi
	[ $ret -eq 0 ] || log "cannot get $name"
	rm -rf "$tmp"
	return $ret
}

# source_tree NAME PATH...: unpack parts of Debian's source package NAME into
# the cache and print where they are. The directory name has the version of
# the package, and a version that is there already is good enough.
source_tree()
{
	local name=$1 version dir tmp ret=0

	shift
	dir=$(ls -d "$CACHE/$name"_*/ 2>/dev/null | sort -V | tail -n 1)
	# One that was unpacked before somebody wanted the last of these paths is not.
	if [ -n "$dir" ] && [ -e "$dir${!#}" ]; then
		echo "${dir%/}"
		return 0
	fi

	mkdir -p "$CACHE" && tmp=$(mktemp -d "$CACHE/.$name.XXXXXX") || return 1
	version=$(unpack "$name" "$tmp/tree" "$@") || ret=$?
	if [ $ret -ne 0 ] && [ -n "$dir" ]; then
		rm -rf "$tmp"
		echo "${dir%/}"
		return 0
	fi
	if [ $ret -eq 0 ]; then
		dir="$CACHE/${name}_$version"
		# Another run may have been faster.
		if [ ! -e "$dir/${!#}" ]; then
			[ ! -e "$dir" ] || mv -T "$dir" "$tmp/old"
			mv -T "$tmp/tree" "$dir" || ret=1
		fi
		[ $ret -eq 0 ] && echo "$dir"
	fi
	rm -rf "$tmp"
	return $ret
}

case ${1:-} in
--list)
	shift
	packages "$@"
	;;
--ksrc)
	source_tree linux-source-6.1 MAINTAINERS COPYING \
		scripts/checkpatch.pl scripts/spelling.txt \
		scripts/const_structs.checkpatch scripts/subarch.include \
		tools/testing/selftests/Makefile \
		'tools/testing/selftests/*.mk' \
		'tools/testing/selftests/kselftest*' \
		tools/testing/selftests/run_kselftest.sh \
		drivers/net/netdevsim
	;;
--ksource)
	mkdir -p "$CACHE" && unpack linux-source-6.1 "${2:?}"
	;;
--ynl)
	source_tree linux-source-6.12 MAINTAINERS COPYING \
		tools/net/ynl Documentation/netlink
	;;
--vng)
	vng_path || { log "vng is not installed: run selftests/deps.sh check"; exit 1; }
	;;
build|demo|check|debug)
	install_packages "$@" || exit $?
	case " $* " in
	*" demo "*|*" check "*)
		install_vng && speed_up_vng ||
			{ log "cannot install virtme-ng"; exit 1; } ;;
	esac
	;;
*)
	sed -n '3,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
