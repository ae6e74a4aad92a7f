#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sends made-up GRE packets to tunnels and says what became of each.

	receive.py NEAR FAR

NEAR and FAR are the namespaces of receive.sh. Writes "GROUP ok|bad TEXT".
"""
import ctypes
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, fragment6)
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
WAIT = float(os.environ.get("WAIT_TIMEOUT", "30"))
# How long a packet that must not come is waited for, after a later packet has
# been seen to arrive: both take the same way, so there is little to wait for.
GRACE = 0.1

NEAR, FAR = sys.argv[1:3]
V4, V6 = ("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")
TUNNELS = ("4plain", "4keyed", "6plain", "6keyed")


def enter(netns):
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/run/netns/" + netns) as f:
        if libc.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def packet_socket(dev, proto=ETH_P_ALL, kind=socket.SOCK_RAW):
    sock = socket.socket(socket.AF_PACKET, kind, socket.htons(proto))
    sock.bind((dev, proto))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return sock


def mac(dev):
    with open("/sys/class/net/%s/address" % dev) as f:
        return f.read().strip()


def sysctl(name, value):
    with open("/proc/sys/" + name, "w") as f:
        f.write(value)


enter(FAR)
tx = packet_socket("u0")
# sysfs shows the namespace that mounted it: ask the socket.
FAR_MAC = ":".join("%02x" % b for b in tx.getsockname()[4])
enter(NEAR)
near_u0 = packet_socket("u0", 0)
NEAR_MAC = ":".join("%02x" % b for b in near_u0.getsockname()[4])
near_u0.close()
# What comes out of each tunnel, and what is left to the rest of the kernel.
inner = {name: packet_socket(name) for name in TUNNELS}
left4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
left6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 47)


def ether(pkt):
    six = isinstance(pkt, IPv6)
    return Ether(src=FAR_MAC, dst=NEAR_MAC, type=0x86dd if six else 0x0800)


def send(pkt):
    """An outer packet, made by scapy or bytes that begin with its IP header."""
    if isinstance(pkt, bytes):
        proto = 0x86dd if pkt[0] >> 4 == 6 else 0x0800
        frame = bytes(Ether(src=FAR_MAC, dst=NEAR_MAC, type=proto)) + pkt
    else:
        frame = bytes(ether(pkt) / pkt)
    tx.send(frame)


def counters():
    out = subprocess.run([os.environ["MTCTL"], "-n", NEAR, "-j", "-s",
                          "tunnel", "list"], check=True,
                         stdout=subprocess.PIPE).stdout
    found = {}
    for tunnel in json.loads(out):
        flat = {k: v for k, v in tunnel["stats"].items() if k != "drops"}
        flat.update(tunnel["stats"]["drops"])
        found[tunnel["ifname"]] = flat
    return found


def drain(sock):
    got = []
    while select.select([sock], [], [], 0)[0]:
        try:
            got.append(sock.recv(65536))
        except OSError:
            pass    # told once that its device went down
    return got


def drain_all():
    for sock in list(inner.values()) + [left4, left6]:
        drain(sock)


def delta(before, after):
    """{(tunnel, counter): how much it grew}"""
    found = {}
    for tunnel, stats in after.items():
        for name, value in stats.items():
            grown = value - before.get(tunnel, {}).get(name, 0)
            if grown:
                found[tunnel, name] = grown
    return found


def report(group, text, got, want):
    if got == want:
        print(group, "ok", text)
    else:
        print(group, "bad %s: got %s, expected %s" % (text, got, want))
    sys.stdout.flush()


def wait_bytes(sock):
    if select.select([sock], [], [], WAIT)[0]:
        return sock.recv(65536)
    return b""


state = counters()


def expect_inner(group, text, pkts, tunnel, want):
    """The packet comes out of the tunnel as exactly these bytes, and counts."""
    global state
    drain_all()
    for pkt in pkts if isinstance(pkts, list) else [pkts]:
        send(pkt)
    got = wait_bytes(inner[tunnel])
    report(group, text + " bytes", got.hex(), bytes(want).hex())
    new = counters()
    report(group, text + " counters", delta(state, new),
           {(tunnel, "rx_packets"): 1, (tunnel, "rx_bytes"): len(want)})
    state = new


def expect_drop(group, text, pkts, tunnel, reasons):
    """Counted once, under one of the reasons, and not delivered anywhere."""
    global state
    drain_all()
    for pkt in pkts if isinstance(pkts, list) else [pkts]:
        send(pkt)
    end = time.monotonic() + WAIT
    while True:
        new = counters()
        grown = delta(state, new)
        if grown or time.monotonic() > end:
            break
    state = new
    if isinstance(reasons, str):
        reasons = (reasons,)
    want = [{(tunnel, r): 1} for r in reasons]
    report(group, text, grown, grown if grown in want else want[0])
    time.sleep(GRACE)
    spilled = {n: len(drain(s)) for n, s in inner.items()}
    report(group, text + " delivered", spilled, dict.fromkeys(TUNNELS, 0))
    report(group, text + " left", len(drain(left4)) + len(drain(left6)), 0)


def expect_left(group, text, pkt, gre):
    """A raw socket for GRE sees it, and no tunnel counts it."""
    global state
    drain_all()
    send(pkt)
    six = (pkt[0] >> 4 if isinstance(pkt, bytes) else pkt.version) == 6
    got = wait_bytes(left6 if six else left4)
    # An IPv4 raw socket gets the outer header too.
    report(group, text, got.hex() if six else got[-len(gre):].hex(), gre.hex())
    new = counters()
    report(group, text + " counters", delta(state, new), {})
    state = new


def outer(six, **kw):
    """From far to near; kw: fields of the outer header"""
    if six:
        return IPv6(src=V6[1], dst=V6[0], nh=47, **kw)
    return IP(src=V4[1], dst=V4[0], proto=47, flags="DF", **kw)


IN4 = bytes(IP(src="198.51.100.1", dst="203.0.113.9", tos=0x28, id=77, ttl=9) /
            UDP(sport=1000, dport=2000) / Raw(bytes(range(101))))
IN6 = bytes(IPv6(src="2001:db8:1::1", dst="2001:db8:2::9", tc=0x28, fl=0x12345,
                 hlim=9) /
            TCP(sport=1000, dport=2000, flags="PA", seq=1, ack=2) /
            Raw(bytes(range(200, 77, -1))))
P4, P6 = 0x0800, 0x86dd


def gre(flags, proto, *fields):
    """A GRE header by hand, for those that scapy would not make."""
    return struct.pack("!HH", flags, proto) + b"".join(fields)


KEY7, WORD = struct.pack("!I", 7), bytes(4)


def test_valid():
    for six in (False, True):
        v = "6" if six else "4"
        for proto, data in ((P4, IN4), (P6, IN6)):
            text = "IPv%s outer, proto %#x" % (v, proto)
            expect_inner("valid", text,
                         outer(six) / GRE(proto=proto) / data,
                         v + "plain", data)
            expect_inner("valid", text + " keyed",
                         outer(six) / GRE(proto=proto, key_present=1, key=7) /
                         data, v + "keyed", data)
        # Just the inner IP header, and as much as the underlay carries
        tiny = bytes(IP(src="10.1.1.1", dst="10.1.1.2", proto=253))
        expect_inner("valid", "IPv%s outer, 20 bytes" % v,
                     outer(six) / GRE(proto=P4) / tiny, v + "plain", tiny)
        room = 1500 - (44 if six else 24) - 40
        big = bytes(IPv6(src="2001:db8:1::1", dst="2001:db8:2::9", nh=253) /
                    Raw(random.Random(1).randbytes(room)))
        expect_inner("valid", "IPv%s outer, full size" % v,
                     outer(six) / GRE(proto=P6) / big, v + "plain", big)
    # Ethernet pads a short frame: what is behind the outer length is not ours.
    tiny = bytes(IP(src="10.1.1.1", dst="10.1.1.2", proto=253))
    expect_inner("valid", "Ethernet padding",
                 bytes(outer(False) / GRE(proto=P4) / tiny) + bytes(16),
                 "4plain", tiny)


def test_outer_options():
    from scapy.layers.inet import IPOption_NOP, IPOption_Timestamp
    expect_inner("outer_options", "IPv4 options",
                 outer(False, options=[IPOption_NOP()] * 8) / GRE(proto=P4) /
                 IN4, "4plain", IN4)
    for ext in (IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop):
        pkt = IPv6(src=V6[1], dst=V6[0]) / ext(nh=47) / GRE(proto=P6) / IN6
        expect_inner("outer_options", ext.__name__, pkt, "6plain", IN6)
        pkt = IPv6(src=V6[1], dst=V6[0]) / ext(nh=47) / \
            GRE(proto=P4, key_present=1, key=7) / IN4
        expect_inner("outer_options", ext.__name__ + " keyed", pkt, "6keyed",
                     IN4)
    pkt = IPv6(src=V6[1], dst=V6[0]) / IPv6ExtHdrHopByHop(nh=60) / \
        IPv6ExtHdrDestOpt(nh=47) / GRE(proto=P4) / IN4
    expect_inner("outer_options", "two extension headers", pkt, "6plain", IN4)
    expect_inner("outer_options", "other ttl and tos",
                 outer(False, ttl=1, tos=0xb8) / GRE(proto=P4) / IN4,
                 "4plain", IN4)


def test_fragments():
    """The outer packet arrives in pieces, in order and not."""
    data = bytes(IP(src="10.1.1.1", dst="10.1.1.2", proto=253) /
                 Raw(random.Random(2).randbytes(3000)))
    for keyed in (False, True):
        head = GRE(proto=P4, key_present=1, key=7) if keyed else GRE(proto=P4)
        name = "keyed" if keyed else "plain"
        pkt = IP(src=V4[1], dst=V4[0], proto=47, id=1000 + keyed) / head / data
        expect_inner("fragments", "IPv4 " + name, fragment(pkt, 1000),
                     "4" + name, data)
        pkt = IPv6(src=V6[1], dst=V6[0]) / \
            IPv6ExtHdrFragment(nh=47, id=2000 + keyed) / head / data
        pieces = fragment6(pkt, 1280)
        expect_inner("fragments", "IPv6 " + name, pieces, "6" + name, data)
    pkt = IP(src=V4[1], dst=V4[0], proto=47, id=3000) / GRE(proto=P4) / data
    expect_inner("fragments", "IPv4 last first", fragment(pkt, 8)[::-1],
                 "4plain", data)


def test_reserved():
    """RFC 2784: bits 6 to 12 are ignored on receipt."""
    for bit in range(6, 13):
        for six in (False, True):
            flags = 0x8000 >> bit
            v = "6" if six else "4"
            expect_inner("reserved", "IPv%s bit %d" % (v, bit),
                         outer(six) / Raw(gre(flags, P4) + IN4),
                         v + "plain", IN4)


def ecn_inner(proto, tos):
    if proto == P4:
        return bytes(IP(src="10.1.1.1", dst="10.1.1.2", tos=tos, proto=253) /
                     Raw(b"x" * 33))
    return bytes(IPv6(src="2001:db8:1::1", dst="2001:db8:2::9", tc=tos, nh=253)
                 / Raw(b"x" * 33))


def test_ecn():
    """RFC 6040 figure 4: Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3"""
    out = {  # inner: what comes out for outer 0, 1, 2, 3
        0: (0, 0, 0, None),
        1: (1, 1, 1, 3),
        2: (2, 1, 2, 3),
        3: (3, 3, 3, 3),
    }
    for six in (False, True):
        v = "6" if six else "4"
        for proto in (P4, P6):
            for ecn_in, row in out.items():
                for ecn_out, want in enumerate(row):
                    text = "IPv%s outer %d, proto %#x inner %d" % \
                        (v, ecn_out, proto, ecn_in)
                    field = {"tc" if six else "tos": 0xb8 | ecn_out}
                    pkt = outer(six, **field) / GRE(proto=proto) / \
                        ecn_inner(proto, 0x28 | ecn_in)
                    if want is None:
                        expect_drop("rx-ecn", text, pkt, v + "plain", "rx-ecn")
                    else:
                        expect_inner("ecn", text, pkt, v + "plain",
                                     ecn_inner(proto, 0x28 | want))


def test_drops():
    """Each on a tunnel without key and one with, over both families"""
    for six in (False, True):
        v = "6" if six else "4"
        for keyed in (False, True):
            tunnel = v + ("keyed" if keyed else "plain")
            k, kf = (0x2000, (KEY7,)) if keyed else (0, ())

            def drop(text, head, data, reason):
                if not isinstance(reason, tuple):
                    group = reason
                else:
                    group = reason[0]
                expect_drop(group, tunnel + " " + text,
                            outer(six) / Raw(head + data), tunnel, reason)

            for bit, text in ((0x0800, "bit 4"), (0x0400, "bit 5")):
                drop(text, gre(k | bit, P4, *kf), IN4, "rx-header")
            # RFC 1701: with routing, there is room for a checksum
            drop("routing bit", gre(k | 0x4000, P4, WORD, *kf), IN4,
                 "rx-header")

            # A checksum that is right, and a sequence number
            head = gre(0x8000 | k, P4, WORD, *kf)
            total = sum(struct.unpack("!%dH" % ((len(head + IN4) + 1) // 2),
                                      head + IN4 + bytes(len(head + IN4) % 2)))
            while total >> 16:
                total = (total & 0xffff) + (total >> 16)
            head = gre(0x8000 | k, P4, struct.pack("!HH", ~total & 0xffff, 0),
                       *kf)
            drop("checksum", head, IN4, "rx-options")
            drop("sequence", gre(0x1000 | k, P4, *kf, WORD), IN4, "rx-options")
            drop("both", gre(0x9000 | k, P4, WORD, *kf, WORD), IN4,
                 "rx-options")

            for proto in (0x6558, 0x0000, 0x88be, 0x0806, 0x0004, 0xffff):
                drop("proto %#06x" % proto, gre(k, proto, *kf), IN4,
                     "rx-protocol")

            head4, head6 = gre(k, P4, *kf), gre(k, P6, *kf)
            drop("IPv6 as IPv4", head4, IN6, "rx-inner")
            drop("IPv4 as IPv6", head6, IN4, "rx-inner")
            drop("no inner packet", head4, b"", "rx-inner")
            drop("no inner IPv6 packet", head6, b"", "rx-inner")
            drop("19 bytes of IPv4", head4, IN4[:19], "rx-inner")
            drop("39 bytes of IPv6", head6, IN6[:39], "rx-inner")
            drop("1 byte of IPv4", head4, IN4[:1], "rx-inner")
            drop("version 0", head4, b"\x05" + IN4[1:], "rx-inner")
            drop("version 15", head6, b"\xf0" + IN6[1:], "rx-inner")

        # The end of the packet inside of the header, as far as it can still
        # be told whose packet it is. Too short for the options that it
        # announces is both truncated and with options: either reason is right.
        for text, flags, size, tunnel in (
                ("no room for a checksum", 0x8000, 4, "plain"),
                ("half a checksum", 0x8000, 6, "plain"),
                ("half a sequence number", 0x1000, 7, "plain"),
                ("key, half a sequence number", 0x3000, 10, "keyed")):
            head = (gre(flags, P4) + (KEY7 if tunnel == "keyed" else b"") +
                    bytes(8))[:size]
            expect_drop("rx-truncated", "%s%s %s" % (v, tunnel, text),
                        outer(six) / Raw(head), v + tunnel,
                        ("rx-truncated", "rx-options"))


def ip(*args):
    subprocess.run(("ip", "-n", NEAR) + args, check=True)


def test_down():
    for tunnel in ("4plain", "6keyed"):
        ip("link", "set", tunnel, "down")
        k = {"key_present": 1, "key": 7} if tunnel == "6keyed" else {}
        pkt = outer(tunnel[0] == "6") / GRE(proto=P4, **k) / IN4
        expect_drop("rx-down", tunnel, pkt, tunnel, "rx-down")
        ip("link", "set", tunnel, "up")
        # The packet socket learned of the device going down.
        inner[tunnel].close()
        inner[tunnel] = packet_socket(tunnel)
        expect_inner("rx-down", tunnel + " up again", pkt, tunnel, IN4)


def test_policy():
    """An IPsec policy that wants GRE from far protected"""
    for six, (near, far), tunnel in ((False, V4, "4plain"),
                                     (True, V6, "6plain")):
        sel = ("src", far, "dst", near, "proto", "gre", "dir", "in")
        try:
            subprocess.run(("ip", "-n", NEAR, "xfrm", "policy", "add") + sel +
                           ("tmpl", "src", far, "dst", near, "proto", "esp",
                            "mode", "transport"), check=True)
        except subprocess.CalledProcessError:
            print("rx-policy bad cannot add an IPsec policy")
            return
        expect_drop("rx-policy", tunnel, outer(six) / GRE(proto=P4) / IN4,
                    tunnel, "rx-policy")
        subprocess.run(("ip", "-n", NEAR, "xfrm", "policy", "del") + sel,
                       check=True)
        expect_inner("rx-policy", tunnel + " without policy",
                     outer(six) / GRE(proto=P4) / IN4, tunnel, IN4)


def test_left():
    for six in (False, True):
        v = "IPv6 " if six else "IPv4 "
        near, far = V6 if six else V4

        def left(text, body, **kw):
            if kw:
                pkt = IPv6(nh=47, **kw) if six else IP(proto=47, **kw)
            else:
                pkt = outer(six)
            expect_left("left", v + text, pkt / Raw(body), body)

        left("another key", gre(0x2000, P4, struct.pack("!I", 8)) + IN4)
        left("key 0", gre(0x2000, P4, WORD) + IN4)
        other = "2001:db8::77" if six else "192.0.2.77"
        left("another source", gre(0, P4) + IN4, src=other, dst=near)
        # PPTP: version 1, key and sequence present
        left("version 1", gre(0x3001, 0x880b, struct.pack("!HH", 4, 7), WORD) +
             b"\xff\x03\x00\x21")
        left("version 1 without a key", gre(0x0001, P4) + IN4)
        left("version 7", gre(0x0007, P4) + IN4)
        left("version 1 and key 7", gre(0x2001, P4, KEY7) + IN4)
        for size in (1, 2, 3):
            left("%d bytes" % size, bytes(size))
        left("no room for the key", gre(0x2000, P4))
        left("half a key", gre(0x2000, P4, KEY7[:3]))
        left("checksum, no room for the key", gre(0xa000, P4, WORD))
    # A tunnel with a key only: packets without one are not its packets.
    subprocess.run([os.environ["MTCTL"], "-n", NEAR, "tunnel", "set", "4plain",
                    "remote", "192.0.2.99"], check=True)
    body = gre(0, P4) + IN4
    expect_left("left", "IPv4 no key for a keyed tunnel",
                outer(False) / Raw(body), body)
    subprocess.run([os.environ["MTCTL"], "-n", NEAR, "tunnel", "set", "4plain",
                    "remote", V4[1]], check=True)
    expect_inner("left", "IPv4 tunnel set back",
                 outer(False) / Raw(body), "4plain", IN4)


def test_rtnl():
    """ip -s link shows the same numbers."""
    out = subprocess.run(("ip", "-n", NEAR, "-j", "-s", "link", "show"),
                         check=True, stdout=subprocess.PIPE).stdout
    links = {l["ifname"]: l["stats64"] for l in json.loads(out)}
    for tunnel, stats in counters().items():
        rx = links[tunnel]["rx"]
        report("rtnl", tunnel + " packets", rx["packets"],
               stats["rx_packets"])
        report("rtnl", tunnel + " bytes", rx["bytes"], stats["rx_bytes"])
        drops = sum(v for k, v in stats.items() if k.startswith("rx-"))
        report("rtnl", tunnel + " errors and drops",
               rx["errors"] + rx["dropped"] >= drops > 0, True)


def test_fuzz():
    """Random damage: nothing is counted twice, and the tunnels still work."""
    global state
    rnd = random.Random(20)
    sent = 0
    for _ in range(400):
        six = rnd.random() < 0.5
        keyed = rnd.random() < 0.5
        proto, data = rnd.choice(((P4, IN4), (P6, IN6)))
        head = gre(0x2000, proto, KEY7) if keyed else gre(0, proto)
        body = bytearray(head + data)
        for _ in range(rnd.choice((1, 1, 2, 8))):
            body[rnd.randrange(min(len(body), 60))] = rnd.randrange(256)
        if rnd.random() < 0.3:
            del body[rnd.randrange(len(body)):]
        if six:
            pkt = bytes(outer(True)) [:4] + struct.pack("!H", len(body)) + \
                bytes(outer(True))[6:] + bytes(body)
        else:
            pkt = bytes(outer(False) / Raw(bytes(body)))
        send(pkt)
        sent += 1
    for six in (False, True):
        v = "6" if six else "4"
        drain_all()
        send(outer(six) / GRE(proto=P4) / IN4)
        end = time.monotonic() + WAIT
        found = b""
        while found != IN4 and time.monotonic() < end:
            found = wait_bytes(inner[v + "plain"])
        report("fuzz", "IPv%s tunnel afterwards" % v, found.hex(), IN4.hex())
    new = counters()
    grown = delta(state, new)
    total = sum(n for (_, name), n in grown.items() if name != "rx_bytes" and
                not name.startswith("tx"))
    report("fuzz", "no packet counted twice (%d of %d)" % (total, sent + 2),
           2 < total <= sent + 2, True)
    state = new


def main():
    test_valid()
    test_outer_options()
    test_fragments()
    test_reserved()
    test_ecn()
    test_drops()
    test_down()
    test_policy()
    test_left()
    test_rtnl()
    test_fuzz()


main()
