#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prints a description of the netlink family for syzkaller, made from its spec:

	selftests/syzkaller.py > SYZKALLER/sys/linux/socket_netlink_generic_mtun.txt

syz-extract needs uapi/linux/mtun.h among the headers of its kernel. Syzkaller's compiler
takes it together with all of sys/linux (1e72964b0, August 2026).
"""
import spec

SPEC = spec.find()
HEAD = """# Made from mtun.yaml by mtun's selftests/syzkaller.py: do not edit.

include <linux/net.h>
include <net/netlink.h>
include <net/genetlink.h>
include <linux/mtun.h>

resource genl_mtun_family_id[int16]

syz_genetlink_get_family_id$mtun(name ptr[in, string["mtun"]], fd sock_nl_generic) genl_mtun_family_id

type msghdr_mtun[CMD, POLICY] msghdr_netlink[netlink_msg_t[genl_mtun_family_id, genlmsghdr_t[CMD], POLICY]]
"""


def upper(*words):
    return "_".join(words).upper().replace("-", "_")


def policy(set_name):
    return "mtun_%s_policy" % set_name.replace("-", "_")


def value(set_name, name, one):
    """The attribute's type, by syzkaller's names"""
    number = upper("mtun_a", set_name, name)
    kind = one["type"]
    checks = one.get("checks", {})
    if kind == "nest":
        return "nlnest[%s, array[%s]]" % (number, policy(one["nested-attributes"]))
    if name in ("ifindex", "link-ifindex"):
        kind = "ifindex"
    elif name in ("ifname", "link"):
        kind = "devname"
    elif kind in ("u8", "u16", "u32", "u64", "s32"):
        kind = "int" + kind[1:]
        if "max" in checks:
            kind += "[%d:%d]" % (checks.get("min", 0), checks["max"])
    elif one.get("display-hint") == "ipv4":
        return "nlattr[%s, mtun_addr]" % number
    elif kind == "bitfield32":
        return "nlattr[%s, mtun_bitfield32]" % number
    elif kind == "flag":
        return "nlattr[%s, void]" % number
    elif kind == "string":
        kind = "string"
    else:
        kind = "array[int8]"
    return "nlattr[%s, %s]" % (number, kind)


def print_fields(fields):
    """(NAME, TYPE)s in columns of tabs, as syz-fmt wants them"""
    tabs = max(len(name) for name, _ in fields) // 8 + 1
    for name, what in fields:
        print("\t" + name + "\t" * (tabs - len(name) // 8) + what)


def main():
    print(HEAD)
    for name, op in SPEC.requests.items():
        cmd = upper("mtun_cmd", name)
        print("sendmsg$%s(fd sock_nl_generic, msg ptr[in, msghdr_mtun[%s, %s]], "
              "f flags[send_flags])" % (cmd, cmd, policy(op["attribute-set"])))
    print("\nmtun_addr [")
    print_fields([("ipv4", "ipv4_addr"), ("ipv6", "ipv6_addr")])
    print("] [varlen]\n\nmtun_bitfield32 {")
    print_fields([("value", "int32[0:7]"), ("selector", "int32[0:7]")])
    print("}")

    # What requests have, and the nests in that
    wanted = {}
    for op in SPEC.requests.values():
        wanted.setdefault(op["attribute-set"], set()).update(
            op["do"]["request"]["attributes"])
    for set_name, names in list(wanted.items()):
        for name in names:
            nested = SPEC.sets[set_name][name].get("nested-attributes")
            if nested:
                wanted[nested] = set(SPEC.sets[nested])
    for set_name, names in wanted.items():
        print("\n%s [" % policy(set_name))
        print_fields([(upper("mtun_a", set_name, name),
                       value(set_name, name, one))
                      for name, one in SPEC.sets[set_name].items()
                      if name in names])
        print("] [varlen]")


main()
