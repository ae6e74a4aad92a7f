#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs mtctl in the namespace of control.sh and compares what it says and does.

	control.py

Writes a line "CASE ok" or "CASE bad TEXT" for each of the cases below. Programs
are dear to start in an emulated machine, which is why these cases are here and
not in shell: a case costs little more than the mtctl that it is about.
"""
import fnmatch
import json
import os
import socket
import struct
import subprocess

from cases import MTCTL, case, complain, done, expect, mtctl, run, same

A4 = "local 192.0.2.1 remote 192.0.2.2 "
A6 = "local 2001:db8::1 remote 2001:db8::2 "

# Tunnels that requests collide with; the cases on refused requests need them.
OLD = ("tunnel add old4 local 192.0.2.1 remote 192.0.2.7 key 7\n"
       "tunnel add old6 local 2001:db8::1 remote 2001:db8::7 key 7\n"
       "tunnel add old8 local 192.0.2.1 remote 192.0.2.8\n"
       "tunnel add set4 " + A4 + "\n")
TAKEN = "local, remote and ikey are taken by another tunnel"
ADDRESS = ("not an IPv4 or IPv6 address; give it without a prefix length, "
           "a host name or a %zone (for that use dev)")
KEY = ("a GRE key is 0 to 4294967295 (also in hexadecimal with 0x, or as a "
       "dotted quad), or none")
MARK = "a mark is 0 to 4294967295 (0x for hexadecimal), or none"
NAME = ("must be 1 to 15 bytes without space, slash or colon, and not . or ..")

# What is wrong with each is known to the kernel alone. Case, arguments of
# "tunnel add", message; * stands for what is not our text.
ADD_REFUSED = (
    ("remote_of_another_family", "mt0 local 192.0.2.1 remote 2001:db8::2",
     "remote must be of the same family as local"),
    ("local_of_another_family", "mt0 local 2001:db8::1 remote 192.0.2.2",
     "remote must be of the same family as local"),
    ("remote_zero", "mt0 local 192.0.2.1 remote 0.0.0.0",
     "remote must not be the unspecified address"),
    ("remote_zero6", "mt0 local 2001:db8::1 remote ::",
     "remote must not be the unspecified address"),
    ("remote_multicast", "mt0 local 192.0.2.1 remote 224.0.0.1",
     "remote must not be a multicast address"),
    ("remote_multicast6", "mt0 local 2001:db8::1 remote ff02::1",
     "remote must not be a multicast address"),
    ("remote_broadcast", "mt0 local 192.0.2.1 remote 255.255.255.255",
     "remote must not be the broadcast address"),
    ("remote_mapped", "mt0 local 2001:db8::1 remote ::ffff:192.0.2.2",
     "remote must be given as IPv4, not as IPv4-mapped IPv6"),
    ("local_multicast", "mt0 local 239.1.1.1 remote 192.0.2.2",
     "local must not be a multicast address"),
    ("local_multicast6", "mt0 local ff05::2 remote 2001:db8::2",
     "local must not be a multicast address"),
    ("local_zero", "mt0 local 0.0.0.0 remote 192.0.2.2",
     "local must not be the unspecified address"),
    ("local_mapped", "mt0 local ::ffff:192.0.2.1 remote 2001:db8::2",
     "local must be given as IPv4, not as IPv4-mapped IPv6"),
    ("local_is_remote", "mt0 local 192.0.2.1 remote 192.0.2.1",
     "remote must differ from local"),
    ("link_local_without_dev", "mt0 local fe80::1 remote fe80::2",
     "dev is needed with a link-local address"),
    ("no_local", "mt0 remote 192.0.2.2", "local is missing"),
    ("no_remote", "mt0 local 192.0.2.1", "remote is missing"),
    ("tos_ecn", "mt0 " + A4 + "tos 0x03",
     "tos must have its two low bits 0: they are ECN's"),
    ("ttl_0", "mt0 " + A4 + "ttl 0", "ttl: * (1 to 255)"),
    ("mtu_too_small", "mt0 " + A4 + "mtu 67", "mtu must be 68 to 65511"),
    ("mtu_too_large", "mt0 " + A6 + "key 1 mtu 65528",
     "mtu must be 68 to 65527"),
    ("frag_outer", "mt0 " + A4 + "frag outer", "frag outer needs df*"),
    ("name_slash", "a/b " + A4, "name a/b " + NAME),
    ("name_dots", ".. " + A4, "name .. " + NAME),
    ("name_template_bad", "mt%s " + A4,
     "name mt%s may have one %d, for a free number, and no other %"),
    ("duplicate", "mt0 local 192.0.2.1 remote 192.0.2.7 ikey 7 okey 9", TAKEN),
    ("duplicate6", "mt0 local 2001:db8::1 remote 2001:db8::7 key 7", TAKEN),
    ("duplicate_unkeyed", "mt0 local 192.0.2.1 remote 192.0.2.8 okey 3",
     TAKEN),
    ("name_exists", "old4 local 192.0.2.1 remote 192.0.2.3",
     "name old4 is taken by another device"),
    ("name_of_another_device", "u0 local 192.0.2.1 remote 192.0.2.3",
     "name u0 is taken by another device"),
)

# Case, arguments of "tunnel set" and of what is right in them, message. Nothing
# is changed, not even that.
SET_REFUSED = (
    ("set_remote_multicast", "set4 ttl 5 remote 224.0.0.5",
     "remote must not be a multicast address"),
    ("set_one_family", "set4 ttl 5 remote 2001:db8::2",
     "remote must be of the same family as local"),
    ("set_other_family", "set4 ttl 5 local 2001:db8::2",
     "local must be of the same family as remote"),
    ("set_duplicate", "set4 ttl 5 remote 192.0.2.7 key 7", TAKEN),
    ("set_duplicate_key", "old4 ttl 5 remote 192.0.2.8 ikey none", TAKEN),
    ("set_tos_ecn", "set4 ttl 5 remote 192.0.2.77 tos 0x01",
     "tos must have its two low bits 0: they are ECN's"),
    ("set_mtu", "set4 ttl 5 remote 192.0.2.77 mtu 66",
     "mtu must be 68 to 65511"),
    ("set_local_is_remote", "set4 ttl 5 local 192.0.2.2",
     "local must differ from remote"),
    ("set_unknown", "mt0 ttl 5", "name mt0 belongs to no device"),
    ("set_other_device", "u0 ttl 5",
     "name u0 belongs to a device that is no tunnel"),
    ("set_loopback", "lo ttl 5",
     "name lo belongs to a device that is no tunnel"),
)

# What mtctl itself refuses. Case, arguments of mtctl, message.
USAGE = (
    ("key_too_large", "tunnel add mt0 " + A4 + "key 4294967296",
     "key 4294967296: " + KEY),
    ("key_garbage", "tunnel add mt0 " + A4 + "key 7x", "key 7x: " + KEY),
    ("key_negative", "tunnel add mt0 " + A4 + "key -1", "key -1: " + KEY),
    ("ikey_too_large", "tunnel add mt0 " + A4 + "ikey 0x100000000 okey 1",
     "ikey 0x100000000: " + KEY),
    ("key_twice", "tunnel add mt0 " + A4 + "key 1 ikey 2",
     "ikey: given before; give each value once"),
    ("ttl_256", "tunnel add mt0 " + A4 + "ttl 256",
     "ttl 256: a TTL is 1 to 255, or inherit"),
    ("ttl_garbage", "tunnel add mt0 " + A4 + "ttl many",
     "ttl many: a TTL is 1 to 255, or inherit"),
    ("long_dev", "tunnel add mt0 " + A4 + "dev a234567890123456",
     "dev a234567890123456: give the name of an underlay device (1 to 15 "
     "bytes), or none"),
    ("csum_garbage", "tunnel add mt0 " + A4 + "csum yes",
     "csum yes: give on or off"),
    ("df_garbage", "tunnel add mt0 " + A4 + "df off",
     "df off: give set, inherit or clear"),
    ("seq_twice", "tunnel add mt0 " + A4 + "seq on oseq off",
     "oseq: given before; give each value once"),
    ("tos_256", "tunnel add mt0 " + A4 + "tos 256",
     "tos 256: give inherit, or 0 to 252 in steps of 4 (0x for hexadecimal)"),
    ("fwmark_too_large", "tunnel add mt0 " + A4 + "fwmark 4294967296",
     "fwmark 4294967296: " + MARK),
    ("mtu_garbage", "tunnel add mt0 " + A4 + "mtu big",
     "mtu big: give a number of bytes, or auto"),
    ("bad_address", "tunnel add mt0 local 192.0.2.1 remote 192.0.2.256",
     "remote 192.0.2.256: " + ADDRESS),
    ("bad_address6", "tunnel add mt0 local 2001:db8:::1 remote 2001:db8::2",
     "local 2001:db8:::1: " + ADDRESS),
    ("host_name", "tunnel add mt0 local 192.0.2.1 remote localhost",
     "remote localhost: " + ADDRESS),
    ("name_too_long", "tunnel add a234567890123456 " + A4,
     '"a234567890123456": a tunnel\'s name is 1 to 15 bytes long'),
    ("unknown_word", "tunnel add mt0 " + A4 + "colour red",
     'unknown argument "colour"'),
    ("misspelt_word", "tunnel add mt0 " + A4 + "tttl 9",
     'unknown argument "tttl"; did you mean "ttl"?'),
    ("missing_value", "tunnel add mt0 " + A4 + "ttl",
     "ttl: the value is missing"),
    ("unknown_object", "bridge add mt0", 'unknown object "bridge"*'),
    ("unknown_command", "tunnel paint mt0", 'unknown command "paint"*'),
    ("ambiguous", "tunnel s mt0", 'command "s" is ambiguous: show set'),
    ("no_name", "tunnel add", "the tunnel's name is missing"),
    ("forgotten_name", "tunnel add " + A4,
     'the tunnel\'s name is missing before "local"'),
    ("nothing_to_set", "tunnel set set4",
     'say what to change, as in "set4 ttl 32"'),
    ("unknown_option", "-Z tunnel show", 'unknown option "-Z"'),
)

def ip(words):
    status, out, err = run("ip", *words.split())
    return status, out + err


def json_of(words):
    try:
        return json.loads(done("-j " + words))
    except ValueError as error:
        complain("mtctl -j %s: %s", words, error)
        return []


def fields(name, **wanted):
    """Compares some of a tunnel; None stands for what it must not have."""
    (tunnel,) = json_of("tunnel show " + name) or ({},)
    for key, want in wanted.items():
        same(tunnel.get(key), want, "%s of %s" % (key, name))
    return tunnel


def delete(*names):
    done("-b -", "".join("tunnel del %s\n" % name for name in names))


RTM_GETLINK, NLMSG_DONE, NLM_F_REQUEST, NLM_F_DUMP = 18, 3, 1, 0x300
IFLA_IFNAME, IFLA_STATS, IFLA_STATS64, IFLA_AF_SPEC = 3, 7, 23, 26


def state():
    """All that a request may have changed: every device and every setting of
    the tunnels, as rtnetlink tells them."""
    links = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.send(struct.pack("=IHHII16x", 32, RTM_GETLINK,
                              NLM_F_REQUEST | NLM_F_DUMP, 1, 0))
        while True:
            data = sock.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_DONE:
                    return links
                attrs = attributes(data[32:length])
                # The kernel sends packets of its own, and AF_SPEC has the
                # time of the last change of any address.
                for kind in IFLA_STATS, IFLA_STATS64, IFLA_AF_SPEC:
                    attrs.pop(kind, None)
                links[attrs[IFLA_IFNAME]] = data[16:32], attrs
                data = data[(length + 3) & ~3:]


def unchanged(before):
    """Says what is other than before."""
    after = state()
    for name in sorted(before.keys() | after.keys()):
        (head, old), (new_head, new) = (links.get(name, (b"", {}))
                                        for links in (before, after))
        if head != new_head:
            complain("%s has changed: %s, %s", name.decode()[:-1], head.hex(),
                     new_head.hex())
        for kind in old.keys() | new.keys():
            if old.get(kind) != new.get(kind):
                complain("attribute %d of %s has changed: %s, %s", kind,
                         name.decode()[:-1], old.get(kind), new.get(kind))


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


def refused(status, words, message):
    """Exit status and message; then nothing is other than before."""
    where = {"tunnel add": " tunnel add", "tunnel set": " tunnel set"}.get(
        " ".join(words.split()[:2]), "*")
    before = state()
    got, out, err = mtctl(words)
    lines = err.splitlines() or [""]
    same(got, status, "exit status")
    same(out, "", "standard output")
    expect(fnmatch.fnmatchcase(lines[0], "mtctl%s: %s" % (where, message)),
           "it says %r instead of %r", lines[0], message)
    same(len(lines), status, "lines (a second one points at the help)")
    unchanged(before)


def add():
    done("tunnel add mt0 " + A4 + "ikey 1 okey 0xff ttl 9 tos 0xb8 dev u0 "
         "fwmark 0x10 mtu 1300")
    fields("mt0", ifname="mt0", family="inet", local="192.0.2.1",
           remote="192.0.2.2", ikey=1, okey=255, ttl=9, tos=184, dev="u0",
           fwmark=16, mtu=1300, mtu_auto=False, up=False)
    done("tunnel add mt1 " + A6 + "key 1.2.3.4 tos inherit")
    fields("mt1", ifname="mt1", family="inet6", local="2001:db8::1",
           remote="2001:db8::2", ikey=16909060, okey=16909060, tos="inherit")
    done("tunnel add mt2 " + A6 + "key 4294967295")
    fields("mt2", ikey=4294967295, okey=4294967295)
    done("tunnel add mt3 " + A6 + "key 0")
    fields("mt3", ikey=0, okey=0)
    # A key in one direction only
    done("tunnel add mt4 local 192.0.2.1 remote 192.0.2.4 ikey 5")
    fields("mt4", ikey=5, okey=None)
    done("tunnel add mt5 " + A4 + "csum on iseq on ttl inherit df clear "
         "inner-df clear frag outer mss 1400 dev later0")
    fields("mt5", icsum=True, ocsum=True, iseq=True, oseq=False, ikey=None,
           okey=None, ttl="inherit", df="clear", inner_df="clear",
           frag="outer", mss_tx=1400, mss_rx=1400, dev="later0",
           dev_ifindex=0, mtu=1472)
    same(done("-d tunnel show mt5").splitlines()[:2],
         ["mt5: GRE over IPv4  192.0.2.1 -> 192.0.2.2  csum  iseq  key none  "
          "DOWN", "    mtu 1472 (auto)  ttl inherit  tos 0  df clear  "
          "inner-df clear  frag outer  mss 1400  mss-insert off  accept none  "
          "anycast off  pmtu auto  "
          "dev later0 (waiting)  fwmark none  sample off  ipsec off"],
         "show")
    delete("mt0", "mt1", "mt2", "mt3", "mt4", "mt5")


def defaults():
    done("tunnel add mt0 " + A4)
    tunnel = fields("mt0", ikey=None, okey=None, icsum=False, ocsum=False,
                    iseq=False, oseq=False, ttl=64, tos=0, df="set",
                    inner_df="keep", frag="inner", dev=None, dev_ifindex=None,
                    fwmark=None, mtu=1476, mtu_auto=True, up=False,
                    underlay_netnsid=None)
    same(tunnel.get("ifindex"), socket.if_nametoindex("mt0"), "ifindex")
    link = ip("link show mt0")[1]
    for word in "POINTOPOINT", "NOARP", "link/none":
        expect(word in link, "ip link does not say %s: %s", word, link)
    same(ip("-6 addr show dev mt0"), (0, ""), "IPv6 addresses")
    same(ip("link set mt0 up"), (0, ""), "ip link set up")
    fields("mt0", up=True)
    same(ip("-6 addr show dev mt0"), (0, ""), "IPv6 addresses when up")
    delete("mt0")


def set_settings():
    done("tunnel add mt0 " + A4)
    done("tunnel set mt0 ttl 5")
    fields("mt0", ttl=5, tos=0, local="192.0.2.1", remote="192.0.2.2",
           ikey=None)
    done("tunnel set mt0 remote 192.0.2.9 ikey 3 okey 4 tos inherit fwmark 7 "
         "dev u0 mtu 1400")
    fields("mt0", ttl=5, tos="inherit", local="192.0.2.1",
           remote="192.0.2.9", ikey=3, okey=4, fwmark=7, dev="u0", mtu=1400,
           mtu_auto=False)
    done("-b -", "tunnel set mt0 tos 4\ntunnel set mt0 ikey none\n")
    fields("mt0", tos=4, ikey=None, okey=4)
    done("tunnel set mt0 okey none")
    fields("mt0", ikey=None, okey=None)
    done("tunnel set mt0 key 9")
    fields("mt0", ikey=9, okey=9)
    done("tunnel set mt0 ocsum on iseq on df inherit inner-df clear frag outer")
    fields("mt0", ikey=9, okey=9, icsum=False, ocsum=True, iseq=True,
           oseq=False, df="inherit", inner_df="clear", frag="outer")
    done("tunnel set mt0 ocsum off iseq off df set inner-df keep frag inner")
    fields("mt0", ikey=9, okey=9, icsum=False, ocsum=False, iseq=False,
           oseq=False, df="set", inner_df="keep", frag="inner", mss_tx="off",
           mss_rx="off", mss_insert=False)
    done("tunnel set mt0 description Customer")
    fields("mt0", description="Customer", origin="manual")
    expect("    description Customer\n" in done("tunnel show mt0"),
           "the description is not shown")
    refused(2, "tunnel set mt0 description " + 256 * "x",
            "description x*: give at most 255 bytes without control characters")
    done("tunnel set mt0 description " + 255 * "x")
    fields("mt0", description=255 * "x")
    done("-b -", 'tunnel set mt0 description "Customer A, 7"\n')
    fields("mt0", description="Customer A, 7")
    done("-b -", 'tunnel set mt0 description ""\n')
    fields("mt0", description=None)
    done("tunnel set mt0 accept 192.0.2.0/25 anycast on pmtu learn")
    fields("mt0", accept="192.0.2.0/25", anycast=True, pmtu="learn")
    expect("  accept 192.0.2.0/25  anycast on  pmtu learn"
           in done("tunnel show mt0"), "accept, anycast and pmtu are not shown")
    done("tunnel set mt0 accept any pmtu auto")
    fields("mt0", accept="0.0.0.0/0", anycast=True, pmtu="auto")
    for words, message in (
            ("oseq on", "anycast needs oflags without seq*"),
            ("iseq on", "anycast needs iflags without seq*"),
            ("df clear frag outer", "anycast needs frag inner*"),
            ("accept 2001:db8::/32", "accept must be of the same family*"),
            ("accept 192.0.2.1/25", "*prefix must have no bits set behind*")):
        refused(1, "tunnel set mt0 " + words, message)
    for words, message in (
            ("accept 192.0.2.0/33", "accept 192.0.2.0/33: give an IPv4 or*"),
            ("accept x", "accept x: give an IPv4 or IPv6 prefix*"),
            ("anycast yes", "anycast yes: give on or off"),
            ("pmtu 1400", "pmtu 1400: give auto, learn or static")):
        refused(2, "tunnel set mt0 " + words, message)
    done("tunnel set mt0 accept none anycast off")
    fields("mt0", accept=None, anycast=False)
    done("tunnel set mt0 mss-insert on")
    fields("mt0", mss_tx="off", mss_insert=True)
    done("tunnel set mt0 mss-insert off")
    fields("mt0", mss_insert=False)
    refused(2, "tunnel set mt0 mss-insert 1",
            "mss-insert 1: give on or off")
    done("tunnel set mt0 mss-tx auto")
    fields("mt0", mss_tx="auto", mss_rx="off")
    done("tunnel set mt0 mss-rx 1234")
    fields("mt0", mss_tx="auto", mss_rx=1234)
    done("tunnel set mt0 mss off")
    fields("mt0", mss_tx="off", mss_rx="off")
    done("tunnel set mt0 key none dev none fwmark none mtu auto")
    fields("mt0", ikey=None, okey=None, dev=None, fwmark=None, mtu=1476,
           mtu_auto=True)
    # The family may change when both addresses do.
    done("tunnel set mt0 " + A6)
    fields("mt0", family="inet6", local="2001:db8::1", remote="2001:db8::2",
           mtu=1456)
    # What it is already is no duplicate of itself; the old tuple is free.
    done("tunnel set mt0 " + A6)
    done("tunnel add mt1 " + A4)
    delete("mt0", "mt1")


def del_tunnel():
    done("tunnel add mt0 " + A4)
    done("tunnel del mt0")
    expect(ip("link show mt0")[0] != 0, "the device is still there")
    refused(1, "tunnel del mt0", "name mt0 belongs to no device")
    # Only tunnels
    refused(1, "tunnel del u0", "name u0 belongs to a device that is no tunnel")
    # Name and tuple are free.
    done("tunnel add mt0 " + A4)
    delete("mt0")


NO_MSS = dict.fromkeys(("seen", "lowered", "inserted", "small", "absent",
                        "malformed", "signed", "no_memory"), 0)


def json_output():
    kinds = {"ifname": str, "ifindex": int, "family": str, "local": str,
             "remote": str, "ttl": int, "mtu": int, "mtu_auto": bool,
             "up": bool, "flags": list}
    done("-b -", "tunnel add mt0 " + A4 + "key 7\ntunnel add mt1 " + A6)
    for opts, stats in (("-j", False), ("-j -p", False), ("-j -s", True),
                        ("-j -s -d -p", True), ("-json -stats", True),
                        ("--json --statistics", True)):
        # One array for each of the three commands
        out = done(opts + " -b -",
                   "tunnel show\ntunnel list\ntunnel show mt0\n")
        texts = out.replace("]\n[", "]\0[").split("\0")
        try:
            arrays = [json.loads(text) for text in texts]
        except ValueError as error:
            complain("mtctl %s: %s: %s", opts, error, out)
            continue
        same([[t.get("ifname") for t in array] for array in arrays],
             [["mt0", "mt1"], ["mt0", "mt1"], ["mt0"]], opts)
        same("\n    " in out, "-p" in opts.split(), opts + ": indented")
        for tunnel in sum(arrays, []):
            for key, kind in kinds.items():
                same(type(tunnel.get(key)), kind, "%s: type of %s" %
                     (opts, key))
            expect(tunnel["family"] in ("inet", "inet6"), "family")
            expect("NOARP" in tunnel["flags"], "flags %s", tunnel["flags"])
            same("stats" in tunnel, stats, opts + ": has stats")
            if stats:
                same(tunnel["stats"], {"rx_packets": 0, "rx_bytes": 0,
                                       "tx_packets": 0, "tx_bytes": 0,
                                       "icmp_errors": 0, "keepalives": 0,
                                       "mss": NO_MSS,
                                       "drops": {}},
                     opts + ": stats")
        same(arrays[0][0].get("ikey"), 7, "key of mt0")
        same(arrays[0][1].get("ikey"), None, "key of mt1")
    delete("mt0", "mt1")
    same(done("-j tunnel show"), "[]\n", "none, as JSON")
    same(done("tunnel show"), "", "none, for people")


def text_output():
    done("-b -", "tunnel add mt0 " + A4 + "key 7\ntunnel add mt1 " + A6 +
         "ikey 1 okey 2 dev u0")
    same([line.split() for line in done("tunnel list").splitlines()],
         [["NAME", "STATE", "LOCAL", "REMOTE", "KEY(IN/OUT)", "MTU", "DEV"],
          ["mt0", "DOWN", "192.0.2.1", "192.0.2.2", "7", "1472", "any"],
          ["mt1", "DOWN", "2001:db8::1", "2001:db8::2", "1/2", "1452", "u0"]],
         "list")
    same(done("tunnel show mt0"),
         "mt0: GRE over IPv4  192.0.2.1 -> 192.0.2.2  key 7  DOWN\n"
         "    mtu 1472 (auto)\n", "show")
    same(done("-s -d tunnel show mt1"),
         "mt1: GRE over IPv6  2001:db8::1 -> 2001:db8::2  ikey 1  okey 2  "
         "DOWN\n"
         "    mtu 1452 (auto)  ttl 64  tos 0  df set  inner-df keep  "
         "frag inner  mss off  mss-insert off  accept none  anycast off  "
         "pmtu auto  dev u0  fwmark none  sample off  ipsec off\n"
         "    ifindex %d  origin manual  flags POINTOPOINT,NOARP\n"
         "    received  0 packets  0 bytes\n"
         "    sent      0 packets  0 bytes\n"
         "    quoted    0 packets in ICMP errors\n"
         "    answered  0 keepalives\n"
         "    clamped   0 of 0 TCP handshakes\n"
         "    dropped   0 packets\n" % socket.if_nametoindex("mt1"), "-s -d")
    delete("mt0", "mt1")


def stats_output():
    done("tunnel add mt0 local 192.0.2.1 remote 203.0.113.7")
    ip("addr add 10.0.0.1/24 dev mt0")
    ip("link set mt0 up")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(3):
            try:
                sock.sendto(b"no way", ("10.0.0.2", 9))
            except OSError:
                pass	# some kernels tell the sender, too
    (tunnel,) = json_of("-s tunnel show mt0")
    same(tunnel["stats"], {"rx_packets": 0, "rx_bytes": 0, "tx_packets": 0,
                           "tx_bytes": 0, "icmp_errors": 0, "keepalives": 0,
                           "mss": NO_MSS,
                           "drops": {"tx-no-route": 3}},
         "stats")
    same(done("-s tunnel show mt0").splitlines()[2:],
         ["    received  0 packets  0 bytes", "    sent      0 packets  0 bytes",
          "    dropped   3 packets", "        tx-no-route  3"], "text")
    # The device's own numbers have them as well.
    (link,) = json.loads(ip("-j -s link show mt0")[1])
    link = link["stats64"]["tx"]
    expect(link["errors"] + link["dropped"] >= 3, "ip -s link: %s", link)
    delete("mt0")


def abbreviations():
    done("tu a mt0 " + A4)
    done("tun se mt0 ttl 5")
    fields("mt0", ttl=5)
    for words in "tu l", "tun li", "tunn sh", "tu sh mt0", "tunnel list":
        expect("mt0" in done(words), "%s does not show mt0", words)
    for words in "-s tu sh", "-stat tu sh", "-stats tu sh", "-statistics tu sh":
        expect("dropped" in done(words), "%s shows no counters", words)
    done("tu d mt0")


def exit_status():
    for words, status, text in (("-V", 0, "mtctl"), ("-h", 0, "tunnel"),
                                ("help", 0, "tunnel"),
                                ("tunnel help", 0, "local ADDR"),
                                ("tunnel add help", 0, "tos inherit"),
                                ("monitor help", 0, "listening"),
                                ("", 2, "Usage"),
                                ("-n no-such-netns tunnel list", 1,
                                 "no-such-netns")):
        got, out, err = mtctl(words)
        same(got, status, "status of mtctl " + words)
        expect(text in (err if status else out), "mtctl %s: %s%s", words, out,
               err)
    for word in ("help", "-h", "-V"):
        with open("/dev/full", "w", encoding="ascii") as full:
            got = subprocess.run((MTCTL, word), stdout=full,
                                 stderr=subprocess.DEVNULL, check=False)
        same(got.returncode, 1, "status when the output of %s cannot be written" % word)


def batch():
    done("-b -", "# a comment\n\n"
         "tunnel add mt0 " + A4 + "key 1   # another \\\n"
         "tunnel add mt1 \\\n " + A4 + "key 2\n"
         "tunnel set \"mt1\" ttl 7 description \"a # \\\nb\"\n")
    fields("mt1", ttl=7, description="a # b")
    status, _, err = mtctl("-b -", "tunnel del mt0\ntunnel del mt9\n"
                           "tunnel del mt1\n")
    same(status, 1, "status of a batch with a refused line")
    same(err, "mtctl tunnel del: stdin:2: name mt9 belongs to no device\n",
         "message")
    same([t["ifname"] for t in json_of("tunnel list")], ["mt1"],
         "what is left")
    status, _, err = mtctl("-force -b -", "tunnel del mt9\ntunnel paint\n"
                           "tunnel del mt1\n")
    same(status, 2, "status with -force")
    same(json_of("tunnel list"), [], "what is left with -force")
    same(mtctl("-b /nowhere/at/all")[0], 1, "a file that is not there")


def ip_link():
    """iproute2 without our plugin knows nothing of the parameters but shows the
    kind."""
    done("tunnel add mt0 " + A4)
    status, out = ip("-d link show type mtun")
    expect(status == 0 and "mt0" in out and "mtun" in out,
           "ip -d link show type mtun: %s", out)
    same(ip("-s -s link show mt0")[0], 0, "ip -s link show")
    same(ip("link del mt0"), (0, ""), "ip link del")
    same(json_of("tunnel list"), [], "list")
    done("tunnel add mt0 " + A4)
    same(ip("link del dev mt0 type mtun"), (0, ""), "ip link del type mtun")
    before = state()
    status, out = ip("link add mt0 type mtun")
    expect(status != 0 and "mtctl tunnel add" in out,
           "ip link add type mtun: status %d, %s", status, out)
    unchanged(before)


def ip_link_plugin():
    """With it, ip shows all parameters, as text and as JSON."""
    os.environ["IP_LIB_DIR"] = os.environ["PLUGIN_DIR"]
    done("-b -", "tunnel add mt0 " + A4 + "key 7 tos inherit fwmark 0x10\n"
         "tunnel add mt1 " + A6 + "ikey 1 okey 2 ttl 9 tos 0xb8 dev u0 "
         "mtu 1300 sample-rx 1000 sample-tx 20\n")
    status, out = ip("-d link show type mtun")
    same(status, 0, "status of ip -d link show type mtun")
    for text in ("local 192.0.2.1 remote 192.0.2.2 ikey 7 okey 7 ttl 64 "
                 "tos inherit fwmark 0x10 mtu auto ",
                 "local 2001:db8::1 remote 2001:db8::2 ikey 1 okey 2 ttl 9 "
                 "tos 0xb8 sample-rx 1000 sample-tx 20 dev u0 "):
        expect("mtun " + text in out, "%s is not in %s", text, out)
    defaults = {"icsum": False, "ocsum": False, "iseq": False, "oseq": False,
                "df": "set", "inner_df": "keep", "frag": "inner",
                "mss_tx": "off", "mss_rx": "off", "mss_insert": False,
                "anycast": False, "pmtu": "auto", "ipsec": "off", "mode": "gre",
                "origin": "manual"}
    links = json.loads(ip("-d -j link show type mtun")[1])
    same([link["linkinfo"].get("info_data") for link in links if link],
         [{"local": "192.0.2.1", "remote": "192.0.2.2", "ikey": 7, "okey": 7,
           "ttl": 64, "tos": "inherit", "fwmark": 16, "mtu_auto": True,
           "sample_rx": 0, "sample_tx": 0,
           **defaults},
          {"local": "2001:db8::1", "remote": "2001:db8::2", "ikey": 1,
           "okey": 2, "ttl": 9, "tos": 184, "dev": "u0", "mtu_auto": False,
           "sample_rx": 1000, "sample_tx": 20,
           **defaults}],
         "JSON")
    status, out = ip("link add mt2 type mtun local 192.0.2.1")
    expect(status != 0 and "mtctl tunnel add" in out,
           "ip link add type mtun: status %d, %s", status, out)
    expect("mtctl tunnel add" in ip("link help mtun")[1], "ip link help mtun")
    delete("mt0", "mt1")
    del os.environ["IP_LIB_DIR"]


def rename():
    done("tunnel add mt0 " + A4)
    same(ip("link set mt0 name cust-7"), (0, ""), "ip link set name")
    fields("cust-7", ifname="cust-7", local="192.0.2.1")
    refused(1, "tunnel show mt0", "name mt0 belongs to no device")
    done("tunnel set cust-7 ttl 3")
    done("tunnel del cust-7")


def link_local():
    done("tunnel add mt0 local fe80::1 remote fe80::2 dev u0")
    fields("mt0", local="fe80::1", remote="fe80::2", dev="u0")
    refused(1, "tunnel set mt0 dev none",
            "dev is needed with a link-local address")
    delete("mt0")


def same_addresses():
    """All but one of local, remote and ikey may be the same."""
    done("-b -", "tunnel add mt0 " + A4 + "\n"
         "tunnel add mt1 " + A4 + "key 0\n"
         "tunnel add mt2 " + A4 + "key 1\n"
         "tunnel add mt3 " + A4 + "ikey 2 okey 1\n"
         "tunnel add mt4 local 192.0.2.3 remote 192.0.2.2\n"
         "tunnel add mt5 local 192.0.2.2 remote 192.0.2.1\n"
         "tunnel add mt6 " + A6 + "\n")
    same(len(json_of("tunnel list")), 7, "tunnels")
    delete(*("mt%d" % i for i in range(7)))


def name_template():
    done("-b -", "tunnel add mt%d " + A4 + "\ntunnel add mt%d " + A6)
    same([t["ifname"] for t in json_of("tunnel list")], ["mt0", "mt1"],
         "names")
    delete("mt0", "mt1")


def main():
    for function in (add, defaults, set_settings, del_tunnel, json_output,
                     text_output, stats_output, abbreviations, exit_status,
                     batch, ip_link, ip_link_plugin, rename, link_local,
                     same_addresses, name_template):
        case(function.__name__, function)
    case("old", lambda: done("-b -", OLD))
    for name, words, message in ADD_REFUSED:
        case(name, lambda: refused(1, "tunnel add " + words, message))
    for name, words, message in SET_REFUSED:
        case(name, lambda: refused(1, "tunnel set " + words, message))
    for name, words, message in USAGE:
        case(name, lambda: refused(2, words, message))
    case("old_gone", lambda: delete("old4", "old6", "old8", "set4"))


main()
