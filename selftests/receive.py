#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sends made-up GRE packets to tunnels and says what became of each.

	receive.py NEAR FAR [TEST...]

NEAR and FAR are the namespaces of receive.sh, in which it makes the tunnels of
the list below. Writes "GROUP ok|bad|skip TEXT" for each comparison. TEST is the
name of a function below, less "test_".
"""
import ctypes
import errno
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
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.packet import Raw

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
SOL_PACKET, PACKET_VNET_HDR = 263, 15
WAIT = float(os.environ.get("WAIT_TIMEOUT", "30"))
# How long counters may take to become what they must be, once they have moved
SETTLE = 1.0
# How long a packet that must not come is waited for at the end of a group,
# after it was counted: there is little to wait for.
GRACE = 0.1

NEAR, FAR = sys.argv[1:3]
V4, V6 = ("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")
P4, P6 = 0x0800, 0x86dd
C, R, K, S = 0x8000, 0x4000, 0x2000, 0x1000
M32 = 1 << 32
# Spelled differently by versions of scapy
SEQUENCE, = (f.name for f in GRE.fields_desc
             if f.name in ("seqence_number", "sequence_number"))


class Tunnel:
    """What a tunnel of near expects to receive. Those without a key differ in
    the address of their far end."""

    def __init__(self, six, name, args="", key=None, csum=False, seq=False,
                 host=2, local=None, remote=None):
        self.six = six
        self.name = "46"[six] + name
        self.key, self.csum, self.seq = key, csum, seq
        self.local = local or (V6 if six else V4)[0]
        self.remote = remote or ("2001:db8::%d" if six else
                                 "192.0.2.%d") % host
        self.args = args
        self.number = 0     # of the last packet with a sequence number
        self.flags = (C if csum else 0) | (S if seq else 0) | \
            (K if key is not None else 0)

    def keep(self):
        """The sequence number of a packet that is to be accepted next"""
        self.number = (self.number + 1) % M32
        return self.number

    def outer(self, **kw):
        if self.six:
            return IPv6(src=self.remote, dst=self.local, nh=47, **kw)
        return IP(src=self.remote, dst=self.local, proto=47, flags="DF", **kw)

    def scapy(self, proto, number=None):
        """The header as scapy makes it, with the checksum that it computes"""
        kw = {}
        if self.csum:
            kw["chksum_present"] = 1
        if self.key is not None:
            kw.update(key_present=1, key=self.key)
        if self.seq:
            kw["seqnum_present"] = 1
            kw[SEQUENCE] = self.keep() if number is None else number
        return GRE(proto=proto, **kw)

    def raw(self, proto, data, number=None, flags=None, spoil=None, rsvd=0):
        """Header and data by hand. flags: instead of those that the tunnel
        wants; spoil: of the finished header, before the checksum goes in."""
        flags = self.flags if flags is None else flags
        head = struct.pack("!HH", flags, proto)
        if flags & (C | R):     # RFC 1701: either one brings both fields
            head += struct.pack("!HH", 0, rsvd)
        if flags & K:
            head += struct.pack("!I", self.key or 0)
        if flags & S:
            head += struct.pack("!I", self.keep() if number is None else
                                number)
        total = checksum(head + data)
        if spoil:
            total = spoil(total, head, data)
        if flags & C:
            head = head[:4] + struct.pack("!H", total) + head[6:]
        return head + data


def checksum(data):
    data = bytes(data)
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def family(six):
    yield Tunnel(six, "plain")
    yield Tunnel(six, "keyed", "ikey 7 okey 8", 7)
    yield Tunnel(six, "c", "icsum on", csum=True, host=3)
    yield Tunnel(six, "s", "iseq on", seq=True, host=4)
    yield Tunnel(six, "cs", "csum on seq on", csum=True, seq=True, host=5)
    yield Tunnel(six, "kc", "key 11 csum on", 11, csum=True)
    yield Tunnel(six, "ks", "key 12 seq on", 12, seq=True)
    yield Tunnel(six, "kcs", "ikey 13 icsum on iseq on", 13, csum=True,
                 seq=True)
    # What is sent says nothing of what is received.
    yield Tunnel(six, "out", "key 14 ocsum on oseq on", 14)


MAIN = [t for six in (False, True) for t in family(six)]
VLAN = [Tunnel(False, "vlan", local="10.100.0.1", remote="10.100.0.2"),
        Tunnel(True, "vlan", local="2001:db8:100::1",
               remote="2001:db8:100::2")]
# Pairs of which each end is the far end of the other
LOOP = [Tunnel(six, name, "key 21 csum on seq on", 21, True, True,
               local=ends[i], remote=ends[1 - i])
        for six, ends in ((False, ("192.0.2.1", "192.0.2.11")),
                          (True, ("2001:db8::1", "2001:db8::11")))
        for i, name in enumerate(("la", "lb"))]
BY_NAME = {t.name: t for t in MAIN + VLAN + LOOP}
TUNNELS = tuple(BY_NAME)


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


class Mtctl:
    """One mtctl for all that is asked of it: a fork each would take longer
    than the rest of the test."""

    def __init__(self):
        self.proc = subprocess.Popen(
            ("stdbuf", "-oL", os.environ["MTCTL"], "-n", NEAR, "-force", "-j",
             "-s", "-b", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def do(self, words):
        self.proc.stdin.write(words.encode() + b"\n")
        self.proc.stdin.flush()

    def show(self, name=None):
        self.do("tunnel show " + name if name else "tunnel list")
        found = json.loads(self.proc.stdout.readline())
        return found if isinstance(found, list) else [found]


def ip(text):
    subprocess.run(("ip", "-n", NEAR, "-batch", "-"), check=True, text=True,
                   input=text)


mtctl = Mtctl()
for tun in BY_NAME.values():
    mtctl.do("tunnel add %s local %s remote %s %s" %
             (tun.name, tun.local, tun.remote, tun.args))
mtctl.show()
ip("".join("link set %s up\n" % name for name in TUNNELS))

enter(FAR)
tx = packet_socket("u0")
# Of what is sent here, only the bytes that its header names are linear.
tx_paged = packet_socket("u0")
tx_paged.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
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


def send_paged(frame, linear):
    """A frame whose first bytes only are where the kernel can just read them;
    the kernel does so for frames of more than a page."""
    assert len(frame) > 4096
    tx_paged.send(struct.pack("=BBHHHH", 0, 0, linear, 0, 0, 0) + frame)


def counters(name=None):
    """{tunnel: its counters}, of one or all"""
    found = {}
    for tunnel in mtctl.show(name):
        flat = {k: v for k, v in tunnel["stats"].items()
                if not isinstance(v, dict)}
        flat.update(tunnel["stats"]["drops"])
        found[tunnel["ifname"]] = flat
    return found


def drain(sock):
    got = []
    while select.select([sock], [], [], 0)[0]:
        try:
            got.append(sock.recv(65536))
        except OSError as err:
            # Once, of a packet socket whose device went down
            if err.errno != errno.ENETDOWN:
                raise
    return got


# What the packets that may have been delivered by mistake were to be
suspect = None


def settle(grace=0):
    """Nothing is in any socket that should not be: called before the next
    packet, and with some time to wait at the end of a group."""
    global suspect
    time.sleep(grace)
    spilled = {name: len(drain(sock)) for name, sock in inner.items()}
    spilled.update(left=len(drain(left4)) + len(drain(left6)))
    spilled = {name: n for name, n in spilled.items() if n}
    if suspect and (spilled or grace):
        report(suspect[0], suspect[1] + " delivered", spilled, {})
    suspect = None


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
    global WAIT
    if got == want:
        print(group, "ok", text)
    else:
        print(group, "bad %s: got %.200s, expected %.200s" % (text, got, want))
        # Now that the test has failed, its end is more urgent.
        WAIT = min(WAIT, 1)
    sys.stdout.flush()


def wait_bytes(sock):
    if select.select([sock], [], [], WAIT)[0]:
        return sock.recv(65536)
    return b""


state = counters()


def expect_counted(group, text, *wants):
    """The counters grow by one of these, and stay there. Looks at the tunnels
    that are named; at all if none is, and at the end of a test."""
    names = {tunnel for tunnel, _ in wants[0]} or {None}
    end = time.monotonic() + WAIT
    while True:
        new = {}
        for name in names:
            new.update(counters(name))
        grown = delta(state, new)
        now = time.monotonic()
        if grown:
            end = min(end, now + SETTLE)
        if grown in wants or now > end:
            break
    state.update(new)
    report(group, text, grown, grown if grown in wants else wants[0])


def expect_inner(group, text, pkts, tunnel, want, paged=0):
    """The packet comes out of the tunnel as exactly these bytes, and counts."""
    settle()
    if paged:
        send_paged(bytes(ether(pkts) / pkts), paged)
    else:
        for pkt in pkts if isinstance(pkts, list) else [pkts]:
            send(pkt)
    got = wait_bytes(inner[tunnel])
    report(group, text + " bytes", got.hex(), bytes(want).hex())
    expect_counted(group, text + " counters",
                   {(tunnel, "rx_packets"): 1,
                    (tunnel, "rx_bytes"): len(want)})


def expect_drop(group, text, pkts, tunnel, reasons, paged=0):
    """Counted once, under one of the reasons, and not delivered anywhere."""
    global suspect
    settle()
    if paged:
        send_paged(bytes(ether(pkts) / pkts), paged)
    else:
        for pkt in pkts if isinstance(pkts, list) else [pkts]:
            send(pkt)
    if isinstance(reasons, str):
        reasons = (reasons,)
    expect_counted(group, text, *({(tunnel, r): 1} for r in reasons))
    suspect = (group, text)


def expect_left(group, text, pkt, gre):
    """A raw socket for GRE sees it, and no tunnel counts it."""
    settle()
    send(pkt)
    six = (pkt[0] >> 4 if isinstance(pkt, bytes) else pkt.version) == 6
    got = wait_bytes(left6 if six else left4)
    # An IPv4 raw socket gets the outer header too.
    report(group, text, got.hex() if six else got[20:].hex(), gre.hex())
    expect_counted(group, text + " counters", {})


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
    for tun in MAIN:
        expect_inner("valid", tun.name + " Ethernet padding",
                     bytes(tun.outer() / tun.scapy(P4) / tiny) +
                     bytes(range(1, 18)), tun.name, tiny)


def test_options():
    """All optional fields, as scapy makes them (RFC 2784, RFC 2890)"""
    # Odd and even lengths: the checksum pads with a zero byte.
    even = bytes(IP(src="198.51.100.1", dst="203.0.113.9", proto=253) /
                 Raw(b"\xff" * 300))
    for tun in MAIN:
        for proto, data in ((P4, IN4), (P4, even), (P4, even[:20]), (P6, IN6)):
            if len(data) == 20:
                data = bytes(IP(src="1.2.3.4", dst="4.3.2.1", proto=253))
            expect_inner("options", "%s proto %#x %d bytes" %
                         (tun.name, proto, len(data)),
                         tun.outer() / tun.scapy(proto) / data, tun.name, data)
        # Full size on a link of 1500 bytes
        pkt = tun.outer() / tun.scapy(P6)
        big = IPv6(src="2001:db8:1::1", dst="2001:db8:2::9", nh=253)
        big = bytes(big / Raw(random.Random(3).randbytes(1460 - len(pkt))))
        expect_inner("options", tun.name + " full size", pkt / big, tun.name,
                     big)


def test_checksum():
    """RFC 2784 section 2.1: over header and payload, reserved1 not looked at
    but summed"""
    for tun in MAIN:
        if not tun.csum:
            continue
        kept = tun.number

        def wrong(text, body, *other):
            expect_drop("rx-checksum", tun.name + " " + text,
                        tun.outer() / Raw(body), tun.name,
                        ("rx-checksum",) + other)

        def spoilt(text, change, data=IN4):
            wrong(text, tun.raw(P4, data, spoil=change))

        def flipped(text, at, bit=1, *other):
            body = bytearray(tun.raw(P4, IN4))
            body[at] ^= bit
            wrong(text, bytes(body), *other)

        spoilt("first bit", lambda total, h, d: total ^ 0x8000)
        spoilt("last bit", lambda total, h, d: total ^ 1)
        # 0 means "none" to UDP, not to GRE.
        spoilt("zero", lambda total, h, d: 0)
        spoilt("bytes swapped",
               lambda total, h, d: total >> 8 | (total & 0xff) << 8)
        spoilt("of the payload only", lambda total, h, d: checksum(d))
        spoilt("of the header only", lambda total, h, d: checksum(h))
        spoilt("without the last, odd byte",
               lambda total, h, d: checksum((h + d)[:-1]))
        # What else is wrong then may be found first.
        flipped("reserved flag", 1, 8)
        flipped("protocol", 2, 0x40, "rx-protocol")
        flipped("reserved1", 7)
        flipped("first byte of payload", len(tun.raw(P4, b"", 0)), 0x20)
        flipped("last byte", len(tun.raw(P4, IN4, 0)) - 1)
        if tun.seq:
            flipped("sequence number", 15 if tun.key is not None else 11)
            # None of these was the last packet successfully decapsulated.
            tun.number = kept

        def right(text, body, data):
            expect_inner("checksum", tun.name + " " + text,
                         tun.outer() / Raw(body), tun.name, data)

        right("reserved1 of 0xffff", tun.raw(P4, IN4, rsvd=0xffff), IN4)
        right("reserved bits", tun.raw(P4, IN4, flags=tun.flags | 0x03f8), IN4)
        # The last two bytes make the checksum zero, which is the same sum as
        # 0xffff: kernels send either.
        for value in (0, 0xffff):
            data = IN4 + bytes(2 + len(IN4) % 2)
            number = tun.keep() if tun.seq else None
            head = tun.raw(P4, data, number)
            data = data[:-2] + head[4:6]
            head = tun.raw(P4, data, number)
            assert head[4:6] == bytes(2)
            right("of %#x" % value, head[:4] + struct.pack("!H", value) +
                  head[6:], data)


def test_sequence():
    """RFC 2890 section 2.2: what lies in the range of the last number and the
    2**31 - 1 before it is out of order; the first packet has any number."""
    half = 1 << 31
    accepted, old = True, False
    first = [
        (1000, accepted), (1001, accepted), (1001, old), (1000, old),
        (0, old), (M32 - 1, old), (1002, accepted),
        # A gap, and those that were missing come late
        (1010, accepted), (1003, old), (1009, old), (1011, accepted),
        # As far ahead as there is an "ahead"
        (1011 + half, accepted), (1012, old),
        # Around the end
        (M32 - 2, accepted), (M32 - 1, accepted), (M32 - 1, old),
        (M32 - 2, old), (0, accepted), (M32 - 1, old), (0, old), (1, accepted),
        (M32 - 1, old), (half, accepted), (1, old), (M32 - 16, accepted),
        (5, accepted), (M32 - 15, old), (6, accepted),
    ]
    # After the device was down, once with the number that wraps next
    again = [(3, accepted), (2, old), (4, accepted)]
    last = [(M32 - 1, accepted), (M32 - 2, old), (M32 - 1, old),
            (0, accepted)]
    for tun in MAIN:
        if not tun.seq:
            continue
        for run, numbers in enumerate((first, again, last)):
            reset(tun)
            for i, (number, verdict) in enumerate(numbers):
                text = "%s run %d packet %d: %#x" % (tun.name, run, i, number)
                pkt = tun.outer() / Raw(tun.raw(P4, IN4, number))
                if verdict:
                    expect_inner("sequence", text, pkt, tun.name, IN4)
                else:
                    expect_drop("rx-sequence", text, pkt, tun.name,
                                "rx-sequence")

        # Whoever sends from now on counts anew; another setting changes nothing.
        elsewhere = "2001:db8::77" if tun.six else "192.0.2.77"
        for words, verdict in (
                (["ttl 63"], old), (["iseq off", "iseq on"], accepted),
                (["remote " + elsewhere, "remote " + tun.remote], accepted)):
            for w in words:
                mtctl.do("tunnel set %s %s" % (tun.name, w))
            mtctl.show(tun.name)    # once all that is done
            text = "%s after %s: M32 - 5" % (tun.name, ", ".join(words))
            pkt = tun.outer() / Raw(tun.raw(P4, IN4, M32 - 5))
            if verdict:
                expect_inner("sequence", text, pkt, tun.name, IN4)
                pkt = tun.outer() / Raw(tun.raw(P4, IN4, 0))
                expect_inner("sequence", text + ", 0", pkt, tun.name, IN4)
            else:
                expect_drop("rx-sequence", text, pkt, tun.name, "rx-sequence")

        # "The last successfully decapsulated packet" is not one of these.
        tun.number = 0

        def refused(text, body, reason, **kw):
            expect_drop("rx-sequence", "%s %s" % (tun.name, text),
                        tun.outer(**kw) / Raw(body), tun.name, reason)
            number = tun.keep()
            expect_inner("sequence", "%s %d after %s" %
                         (tun.name, number, text),
                         tun.outer() / Raw(tun.raw(P4, IN4, number)),
                         tun.name, IN4)

        if tun.csum:
            refused("wrong checksum",
                    tun.raw(P4, IN4, 5000, spoil=lambda t, h, d: t ^ 1),
                    "rx-checksum")
        else:
            refused("unexpected checksum",
                    tun.raw(P4, IN4, 5000, tun.flags | C), "rx-options")
        refused("protocol", tun.raw(0x6558, IN4, 5000), "rx-protocol")
        refused("inner packet", tun.raw(P6, IN4, 5000), "rx-inner")
        refused("reserved bit", tun.raw(P4, IN4, 5000, tun.flags | 0x0400),
                "rx-header")
        refused("CE over Not-ECT", tun.raw(P4, ecn_inner(P4, 0), 5000),
                "rx-ecn", **{"tc" if tun.six else "tos": 3})


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


def pieces(tun, body):
    """An outer packet in fragments of 8 bytes: none has all of the header."""
    chunks = [body[i:i + 8] for i in range(0, len(body), 8)]
    pieces.ident += 1
    for i, chunk in enumerate(chunks):
        more = int(i < len(chunks) - 1)
        if tun.six:
            yield IPv6(src=tun.remote, dst=tun.local, nh=44) / \
                IPv6ExtHdrFragment(nh=47, offset=i, m=more,
                                   id=pieces.ident) / Raw(chunk)
        else:
            yield IP(src=tun.remote, dst=tun.local, proto=47, frag=i,
                     flags=more, id=pieces.ident) / Raw(chunk)


pieces.ident = 7000


def test_split():
    """The GRE header is spread over several parts of one packet's memory."""
    small = bytes(IP(src="10.1.1.1", dst="10.1.1.2", proto=253) /
                  Raw(b"small"))
    large = {P4: bytes(IP(src="10.1.1.1", dst="10.1.1.2", proto=253) /
                       Raw(random.Random(4).randbytes(5000))),
             P6: bytes(IPv6(src="2001:db8:1::1", dst="2001:db8:2::9", nh=253) /
                       Raw(random.Random(5).randbytes(5001)))}
    for tun in MAIN:
        for turned in (False, True):
            text = "%s fragments of 8 bytes%s" % \
                (tun.name, " in reverse" if turned else "")
            parts = list(pieces(tun, tun.raw(P4, small)))
            if turned:
                parts.reverse()
            expect_inner("split", text, parts, tun.name, small)
        for proto, data in large.items():
            head = len(tun.raw(proto, b"", 0))
            # The end of the linear part: before, in and behind the header
            for linear in sorted({0, 1, 3, 5, head - 3, head, head + 9}):
                if linear > head + 9:
                    continue
                pkt = tun.outer() / Raw(tun.raw(proto, data))
                base = 14 + (40 if tun.six else 20)
                expect_inner("split", "%s proto %#x, %d bytes linear" %
                             (tun.name, proto, linear), pkt, tun.name, data,
                             paged=base + linear)
        # And what is wrong is found there, too.
        data = large[P4]

        def wrong(text, reason, body):
            pkt = tun.outer() / Raw(body)
            base = 14 + (40 if tun.six else 20)
            expect_drop("split", tun.name + " pages, " + text, pkt, tun.name,
                        reason, paged=base + 2)

        number = 1000000 if tun.seq else None
        wrong("routing bit", "rx-header",
              tun.raw(P4, data, number, tun.flags | R))
        wrong("options", "rx-options",
              tun.raw(P4, data, number, tun.flags ^ S))
        wrong("inner version", "rx-inner",
              tun.raw(P4, b"\x60" + data[1:], number))
        if tun.csum:
            wrong("checksum", "rx-checksum",
                  tun.raw(P4, data[:-1] + bytes((data[-1] ^ 1,)), number,
                          spoil=lambda t, h, d: checksum(h + data)))
        if tun.seq:
            wrong("sequence", "rx-sequence", tun.raw(P4, data, tun.number))


def test_vlan():
    """The underlay is a VLAN; and a tag that means a priority only"""
    for tun in VLAN + MAIN[:1]:
        tag = Dot1Q(vlan=100) if tun in VLAN else Dot1Q(vlan=0, prio=5)
        for proto, data in ((P4, IN4), (P6, IN6)):
            pkt = tun.outer() / tun.scapy(proto) / data
            text = "%s proto %#x" % (tun.name, proto)
            settle()
            tx.send(bytes(Ether(src=FAR_MAC, dst=NEAR_MAC) / tag / pkt))
            report("vlan", text, wait_bytes(inner[tun.name]).hex(), data.hex())
            expect_counted("vlan", text + " counters",
                           {(tun.name, "rx_packets"): 1,
                            (tun.name, "rx_bytes"): len(data)})


def test_loopback():
    """Both ends of a tunnel are here. What is sent into one comes out of the
    other, through lo."""
    sizes = (20, 21, 1400, 1500, 9000, 60000)
    for here, there in (LOOP[0:2], LOOP[1::-1], LOOP[2:4], LOOP[3:1:-1]):
        for proto, size in [(p, n) for p in (P4, P6) for n in sizes]:
            data = random.Random(size).randbytes(size - 20)
            if proto == P4:
                data = bytes(IP(src="10.1.1.1", dst="10.1.1.2", proto=253) /
                             Raw(data))
            else:
                data = bytes(IPv6(src="2001:db8:1::1", dst="2001:db8:2::9",
                                  nh=253) / Raw(data))
            settle()
            with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
                sock.sendto(data, (here.name, proto))
            text = "%s to %s, proto %#x %d bytes" % (here.name, there.name,
                                                     proto, len(data))
            report("loopback", text, wait_bytes(inner[there.name]).hex(),
                   data.hex())
            drain(inner[here.name])     # which sees what is sent
            expect_counted("loopback", text + " counters",
                           {(here.name, "tx_packets"): 1,
                            (here.name, "tx_bytes"): len(data),
                            (there.name, "rx_packets"): 1,
                            (there.name, "rx_bytes"): len(data)})


def test_padding():
    """Bytes behind the inner packet, inside of the outer one: checksummed, and
    no part of what a socket gets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock4, \
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock6:
        sock4.bind(("192.0.2.1", 4789))
        sock6.bind(("2001:db8::1", 4789))
        for tun in MAIN:
            for proto, sock in ((P4, sock4), (P6, sock6)):
                if proto == P4:
                    pkt = IP(src=V4[1], dst=V4[0])
                else:
                    pkt = IPv6(src=V6[1], dst=V6[0])
                text = "%s proto %#x" % (tun.name, proto)
                data = bytes(pkt / UDP(sport=9, dport=4789) /
                             text.encode()) + b"\xfe\x01padding"
                settle()
                send(tun.outer() / Raw(tun.raw(proto, data)))
                report("padding", text, wait_bytes(sock), text.encode())
                drain(inner[tun.name])
                expect_counted("padding", text + " counters",
                               {(tun.name, "rx_packets"): 1,
                                (tun.name, "rx_bytes"): len(data)})


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
    """Each on a tunnel of each kind, over both families"""
    for tun in MAIN:
        # No tunnel takes its sequence number from a packet that it drops.
        number = tun.number + 7

        def drop(reasons, text, proto, data, flags=0):
            if isinstance(reasons, str):
                reasons = (reasons,)
            body = tun.raw(proto, data, number, tun.flags ^ flags)
            expect_drop(reasons[0], tun.name + " " + text,
                        tun.outer() / Raw(body), tun.name, reasons)

        # With the routing bit come 4 bytes before the key (RFC 1701).
        for bit, text in ((R, "routing bit"), (0x0800, "bit 4"),
                          (0x0400, "bit 5"), (0x4c00, "all three")):
            drop("rx-header", text, P4, IN4, bit)
        drop("rx-header", "bit 5 and no inner packet", P4, b"", 0x0400)

        for flags, text in ((C, "checksum"), (S, "sequence number"),
                            (C | S, "checksum and sequence number")):
            for proto, data in ((P4, IN4), (P6, IN6)):
                drop("rx-options", "other " + text, proto, data, flags)

        for proto in (0x6558, 0x0000, 0x88be, 0x0806, 0x0004, 0xffff, 0x0801,
                      0x0008, 0xdd86):
            drop("rx-protocol", "proto %#06x" % proto, proto, IN4)
        drop("rx-protocol", "no inner packet", 0x6558, b"")

        drop("rx-inner", "IPv6 as IPv4", P4, IN6)
        drop("rx-inner", "IPv4 as IPv6", P6, IN4)
        drop("rx-inner", "no inner packet", P4, b"")
        drop("rx-inner", "no inner IPv6 packet", P6, b"")
        drop("rx-inner", "19 bytes of IPv4", P4, IN4[:19])
        drop("rx-inner", "39 bytes of IPv6", P6, IN6[:39])
        drop("rx-inner", "1 byte of IPv4", P4, IN4[:1])
        drop("rx-inner", "version 0", P4, b"\x05" + IN4[1:])
        drop("rx-inner", "version 15", P6, b"\xf0" + IN6[1:])


def test_truncated():
    """The end of the packet inside of the header, as far as it can still be
    told whose packet it is: flags and, if there is one, the key"""
    for tun in MAIN:
        head = tun.raw(P4, b"", tun.number + 7)
        known = 2
        if tun.key is not None:
            known = 12 if tun.csum else 8
        for size in range(known, len(head)):
            expect_drop("rx-truncated", "%s %d of %d bytes" %
                        (tun.name, size, len(head)),
                        tun.outer() / Raw(head[:size]), tun.name,
                        "rx-truncated")
        # Too short for options that it should not have: both are true.
        for flags in (C, S, C | S):
            flags = tun.flags ^ flags
            head = tun.raw(P4, b"", tun.number + 7, flags)
            if tun.key is not None:
                known = 12 if flags & C else 8
            for size in {known, len(head) - 1}:
                if size < known or size >= len(head):
                    continue
                expect_drop("rx-truncated", "%s flags %#x, %d bytes" %
                            (tun.name, flags, size),
                            tun.outer() / Raw(head[:size]), tun.name,
                            ("rx-truncated", "rx-options"))


def reset(tun):
    """Down and up: the next packet may have any sequence number."""
    settle()
    ip("link set %s down\nlink set %s up\n" % (tun.name, tun.name))
    drain(inner[tun.name])


def test_down():
    for name in ("4plain", "6keyed", "4cs", "6kcs"):
        tun = BY_NAME[name]
        ip("link set %s down\n" % name)
        expect_drop("rx-down", name, tun.outer() / tun.scapy(P4) / IN4, name,
                    "rx-down")
        ip("link set %s up\n" % name)
        drain(inner[name])
        expect_inner("rx-down", name + " up again",
                     tun.outer() / tun.scapy(P4) / IN4, name, IN4)


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
        left("no room for the key", gre(0x2000, P4))
        left("half a key", gre(0x2000, P4, KEY7[:3]))
        left("checksum, no room for the key", gre(0xa000, P4, WORD))
        left("routing bit, no room for the key", gre(0x6000, P4, KEY7))
        left("half a key behind a checksum", gre(0xb000, P4, WORD, KEY7[:3]))
        left("2 bytes, with a key", gre(0x2000, P4)[:2])
        left("1 byte", bytes(1))
        left("version 1, all options", gre(0xb001, P4, WORD, KEY7, WORD) + IN4)
    # A tunnel with a key only: packets without one are not its packets.
    mtctl.do("tunnel set 4plain remote 192.0.2.99")
    counters()
    body = gre(0, P4) + IN4
    expect_left("left", "IPv4 no key for a keyed tunnel",
                outer(False) / Raw(body), body)
    mtctl.do("tunnel set 4plain remote " + V4[1])
    counters()
    expect_inner("left", "IPv4 tunnel set back",
                 outer(False) / Raw(body), "4plain", IN4)


# What each flow met: its number is in the destination port.
STEERED = """
table inet steered {
	set seen { typeof udp dport . meta cpu; size 4096; flags dynamic; }
	chain pre {
		type filter hook prerouting priority -400;
		iifname { "4plain", "6plain" } meta l4proto udp \
			add @seen { udp dport . meta cpu }
	}
}
"""


def test_steering():
    """Receive packet steering on the tunnel device spreads the flows inside of
    one tunnel over CPUs, although their outer headers are all the same, and
    leaves each flow on one."""
    flows, packets = 32, 3
    if os.cpu_count() < 2:
        print("steering skip there is but one CPU")
        return

    def near(*command, **kw):
        return subprocess.run(("ip", "netns", "exec", NEAR) + command,
                              check=True, text=True, **kw)

    near("sh", "-c", "nft -f - && for t in 4plain 6plain; do "
         "echo 3 > /sys/class/net/$t/queues/rx-0/rps_cpus; done",
         input=STEERED)
    want = {}
    kinds = [(six, proto) for six in (False, True) for proto in (P4, P6)]
    for kind, (six, proto) in enumerate(kinds):
        inner_ip = IPv6(src="2001:db8:1::1", dst="2001:db8:2::9") \
            if proto == P6 else IP(src="198.51.100.1", dst="203.0.113.9")
        name = "6plain" if six else "4plain"
        for flow in range(flows):
            pkt = bytes(outer(six) / GRE(proto=proto) / inner_ip /
                        UDP(sport=9, dport=1000 * (kind + 1) + flow) /
                        Raw(bytes(20)))
            for _ in range(packets):
                send(pkt)
        for counter, n in (("rx_packets", 1),
                           ("rx_bytes", len(inner_ip) + 28)):
            want[name, counter] = want.get((name, counter), 0) + \
                n * flows * packets
    expect_counted("steering", "all received", want)
    # They were counted before they were on their way to another CPU.
    end = time.monotonic() + WAIT
    seen = set()
    while (len({port for port, cpu in seen}) < len(kinds) * flows and
           time.monotonic() < end):
        out = near("nft", "-j", "list", "set", "inet", "steered", "seen",
                   stdout=subprocess.PIPE).stdout
        seen = {tuple(elem["concat"]) for found in json.loads(out)["nftables"]
                if "set" in found for elem in found["set"].get("elem", ())}
    for kind, (six, proto) in enumerate(kinds):
        mine = [(port, cpu) for port, cpu in seen if port // 1000 == kind + 1]
        text = "IPv%s outer, proto %#x, " % ("6" if six else "4", proto)
        report("steering", text + "flows", len({port for port, _ in mine}),
               flows)
        report("steering", text + "CPUs of all flows",
               len({cpu for _, cpu in mine}), 2)
        report("steering", text + "CPUs of each flow", len(mine), flows)
    near("sh", "-c", "nft delete table inet steered; for t in 4plain 6plain; "
         "do echo 0 > /sys/class/net/$t/queues/rx-0/rps_cpus; done")
    for name in ("4plain", "6plain"):
        drain(inner[name])


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
               rx["errors"] + rx["dropped"] >= drops, True)
        if tunnel in (t.name for t in MAIN):
            report("rtnl", tunnel + " has dropped", drops > 0, True)


def test_fuzz():
    """Random damage: nothing is counted twice, and the tunnels still work."""
    rnd = random.Random(20)
    sent = 0
    for _ in range(1000):
        tun = rnd.choice(MAIN)
        proto, data = rnd.choice(((P4, IN4), (P6, IN6)))
        body = bytearray(tun.raw(proto, data))
        for _ in range(rnd.choice((0, 1, 1, 2, 8))):
            body[rnd.randrange(min(len(body), 60))] = rnd.randrange(256)
        if rnd.random() < 0.3:
            del body[rnd.randrange(len(body)):]
        if rnd.random() < 0.5 and tun.csum and len(body) >= 6:
            # The damage is not to be noticed by its checksum.
            body[4:6] = bytes(2)
            body[4:6] = struct.pack("!H", checksum(body))
        send(tun.outer() / Raw(bytes(body)))
        sent += 1
    for tun in MAIN:
        if tun.seq:
            reset(tun)
        drain(inner[tun.name])
        send(tun.outer() / tun.scapy(P4) / IN4)
        sent += 1
        end = time.monotonic() + WAIT
        found = b""
        while found != IN4 and time.monotonic() < end:
            found = wait_bytes(inner[tun.name])
        report("fuzz", tun.name + " afterwards", found.hex(), IN4.hex())
    new = counters()
    grown = delta(state, new)
    state.update(new)
    total = sum(n for (_, name), n in grown.items() if name != "rx_bytes" and
                not name.startswith("tx"))
    report("fuzz", "no packet counted twice (%d of %d)" % (total, sent),
           len(MAIN) < total <= sent, True)
    seen = {name for _, name in grown}
    for name in ("rx-header", "rx-truncated", "rx-options", "rx-checksum",
                 "rx-sequence", "rx-protocol", "rx-inner"):
        report("fuzz", "met " + name, name in seen, True)


TESTS = (test_valid, test_options, test_checksum, test_sequence,
         test_outer_options, test_fragments, test_split, test_vlan,
         test_loopback, test_padding, test_reserved, test_ecn, test_drops,
         test_truncated, test_down, test_policy, test_left, test_steering,
         test_rtnl, test_fuzz)


def main():
    only = sys.argv[3:]
    for test in TESTS:
        if not only or test.__name__[5:] in only:
            start = time.monotonic()
            test()
            settle(GRACE)
            expect_counted("rtnl", test.__name__ + " counted too much", {})
            print(test.__name__, "%.1f s" % (time.monotonic() - start),
                  file=sys.stderr)
    print("end ok all was run")


main()
