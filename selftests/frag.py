#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that are too big, and fragments, for frag.sh.

	frag.py SRC NEAR FAR

Writes "GROUP ok|bad TEXT" for each thing that was tried.
"""
import contextlib
import glob
import os
import random
import socket
import sys
import time
from dataclasses import dataclass
from zlib import crc32

from packets import *

SRC, NEAR, FAR = sys.argv[1:4]
SLOW = int(os.environ.get("MTUN_SLOW", "1"))
TUNNEL_MTU = 4000

SOL_PACKET, PACKET_VNET_HDR = 263, 15
TCP_PORT, UDP_PORT = 5001, 5009


##############################################################################
# The tunnels: every combination of policies over both underlays, and others
# with shorter paths and longer headers

@dataclass
class Tunnel:
    num: int
    v: int
    df: str
    inner_df: str
    frag: str
    path: int = 1400
    options: str = ""
    group: str = "policy"

    def __post_init__(self):
        n = self.num
        self.name = "t%d" % n
        self.near = "192.0.2.1" if self.v == 4 else "2001:db8::1"
        self.far = "192.0.2.%d" % (100 + n) if self.v == 4 else \
            "2001:db8::1:%d" % n
        self.src = {4: "10.9.%d.2" % n, 6: "2001:db8:9:%d::2" % n}
        self.dst = {4: "10.8.%d.1" % n, 6: "2001:db8:8:%d::1" % n}
        # Base header, then 4 bytes for each of checksum, key and number
        self.mtu = self.path - {4: 24, 6: 44}[self.v] - \
            4 * sum(x in self.options for x in ("csum", "key", "seq"))

    def __str__(self):
        return "IPv%d path %d, df %s inner-df %s frag %s %s" % \
            (self.v, self.path, self.df, self.inner_df, self.frag, self.options)

    def fate(self, kind, size):
        """What the specification says of an inner packet"""
        if size <= self.mtu:
            return "whole"
        if self.frag == "outer" and \
                (self.df == "clear" or self.df == "inherit" and kind == "4"):
            return "outer"
        if kind == "4" or kind == "4df" and self.inner_df == "clear":
            return "inner"
        # RFC 8200 section 5: no source of IPv6 goes lower, so that what is no larger
        # has to pass. An IPv4 source is told what is so, and knows its own limit (RFC
        # 1191 section 3).
        if kind == "6" and size <= 1280:
            return "outer"
        return "told %d" % max(self.mtu, 1280 if kind == "6" else 0)

    def outer_df(self, kind, fate):
        if self.v == 6 or self.df == "set":
            return 1
        if self.df == "clear":
            return 0
        # Inner fragments have no DF; this is then what is inherited.
        return int(kind != "4" and fate == "whole")


def tunnels():
    def add(*args, **kw):
        found.append(Tunnel(len(found) + 1, *args, **kw))

    found = []
    for v in (4, 6):
        for df in ("set", "inherit", "clear"):
            for inner_df in ("keep", "clear"):
                for frag in ("inner", "outer"):
                    if (df, frag) != ("set", "outer"):
                        add(v, df, inner_df, frag)
    for v in (4, 6):
        for df, frag in (("set", "inner"), ("clear", "outer")):
            add(v, df, "keep", frag, group="headers",
                options="key 9 csum on seq on")
    for v, paths in ((4, (68, 76, 92, 93, 1300)), (6, (1280, 1310))):
        for path in paths:
            add(v, "set", "keep", "inner", path, group="small")
            add(v, "set", "clear", "inner", path, group="small")
            add(v, "clear", "keep", "outer", path, group="small")
    return found


TUNNELS = tunnels()


def find(*wanted):
    """The tunnel of these policies"""
    return [t for t in TUNNELS if t.group == "policy" and
            (t.v, t.df, t.inner_df, t.frag) == wanted][0]


def setup():
    src, near, far, conf_near, conf_far = [], [], [], [], []
    for t in TUNNELS:
        src += ["addr add %s/16 dev s0" % t.src[4],
                "addr add %s/48 dev s0" % t.src[6]]
        near += ["link set %s up" % t.name,
                 "route add %s dev u0 mtu %d" % (t.far, t.path),
                 "route add %s dev %s" % (t.dst[4], t.name),
                 "route add %s dev %s" % (t.dst[6], t.name)]
        far += ["addr add %s/%d dev u0" % (t.far, 32 if t.v == 4 else 128),
                "addr add %s/32 dev lo" % t.dst[4],
                "addr add %s/128 dev lo" % t.dst[6],
                "link set %s up" % t.name,
                "route add %s dev %s" % (t.src[4], t.name),
                "route add %s dev %s" % (t.src[6], t.name)]
        args = "mtu %d %s" % (TUNNEL_MTU, t.options)
        conf_near.append("tunnel add %s local %s remote %s df %s inner-df %s "
                         "frag %s %s" % (t.name, t.near, t.far, t.df,
                                         t.inner_df, t.frag, args))
        conf_far.append("tunnel add %s local %s remote %s %s" %
                        (t.name, t.far, t.near, args))
    # For what is received: with no options, and with all of them
    for v, me, you in ((4, "192.0.2.1", "192.0.2.2"),
                       (6, "2001:db8::1", "2001:db8::2")):
        conf_near += ["tunnel add plain%d local %s remote %s" % (v, me, you),
                      "tunnel add full%d local %s remote %s key 7 csum on "
                      "seq on" % (v, me, you)]
        near += ["link set plain%d up" % v, "link set full%d up" % v]
    mtctl(NEAR, conf_near)
    mtctl(FAR, conf_far)
    ip_batch(SRC, src)
    ip_batch(NEAR, near)
    ip_batch(FAR, far)
    sysctl(NEAR, net__ipv4__icmp_ratemask=0)


setup()
from_src = Wire(SRC, "s0", NEAR, "s0")
from_far = Wire(FAR, "u0", NEAR, "u0")
at_src, at_far = Tap(SRC, "s0"), Tap(FAR)
far_udp = udp_socket(FAR, socket.AF_INET6, ("::", UDP_PORT))


def inner(t, kind, size, seed, ident=0, options=b""):
    """A UDP packet from src to far of SIZE bytes"""
    v = 6 if kind == "6" else 4
    head = 48 if v == 6 else 28 + len(options)
    src, dst = t.src[v], t.dst[v]
    data = udp(src, dst, UDP_PORT, UDP_PORT, pattern(size - head, seed))
    if v == 6:
        return ip6(src, dst, UDP, data)
    return ip4(src, dst, UDP, data, ident=ident, df=int(kind == "4df"),
               options=options)


def told(pkt):
    """The MTU that ICMP errors at src tell, of those that quote the packet"""
    found = []
    for _, data in at_src.read():
        error = too_big(data)
        # Its TTL and so its header checksum were changed by near.
        if error and error[1][12:40] == pkt[12:40]:
            found.append(error[0])
    return found


##############################################################################
# What becomes of inner packets

outer_ids = {}      # of what may be fragmented: {(tunnel, inner bytes): ID}


def forwarded(pkt):
    """An inner packet one hop later"""
    if pkt[0] >> 4 == 6:
        return pkt[:7] + bytes((pkt[7] - 1,)) + pkt[8:]
    head = (pkt[0] & 15) * 4
    new = pkt[:8] + bytes((pkt[8] - 1,)) + pkt[9:10] + b"\0\0" + pkt[12:head]
    return new[:10] + struct.pack("!H", csum(new)) + new[12:] + pkt[head:]


def seen_at_far(t):
    """(outer packets, inner packets) of a tunnel"""
    outer = [Packet(d) for _, d in at_far.read(lambda dev, _: dev == "u0")]
    return [p for p in outer if p.proto == GRE and p.dst == addr(t.far)], \
        [Packet(d) for _, d in at_far.read(lambda dev, _: dev == t.name)]


def outcome(t, kind, pkt):
    """Send a packet: "whole", "inner", "outer", "told MTU", and complaints"""
    at_src.clear()
    at_far.clear()
    receive_all(far_udp)
    from_src.send(pkt)
    delivered, errors = [], []

    def decided():
        delivered.extend(receive_all(far_udp))
        errors[:] = told(pkt)
        return delivered or errors

    until(decided)
    outer, got = seen_at_far(t)
    wrong = []

    if errors:
        if outer or delivered or len(errors) > 1:
            wrong.append("told %s, but %d packets sent" % (errors, len(outer)))
        return "told %d" % errors[0], wrong
    if not delivered:
        return "lost", ["%d outer packets" % len(outer)]

    payload = Packet(pkt).data[8:]
    if delivered != [payload]:
        wrong.append("not what was sent was delivered")
    if max(p.len for p in outer) > t.path:
        wrong.append("sent %d bytes" % max(p.len for p in outer))
    if any(p.fragment for p in outer):
        fate = "outer"
        if not all(p.fragment for p in outer):
            wrong.append("not all are fragments")
        if len({p.ident for p in outer}) > 1:
            wrong.append("not all of one ID")
        if t.v == 4:
            if any(p.df for p in outer):
                wrong.append("outer fragments with DF")
            if [p.off for p in outer if p.off % 8]:
                wrong.append("offsets")
        if [p.raw for p in got] != [forwarded(pkt)]:
            wrong.append("the inner packet arrived otherwise")
        return fate, wrong

    fate = "whole" if len(outer) == 1 else "inner"
    if any(p.df != t.outer_df(kind, fate) for p in outer):
        wrong.append("outer DF %s" % [p.df for p in outer])
    if [p.gre()[2] for p in outer] != [p.raw for p in got]:
        wrong.append("far decapsulated something else")
    if fate == "whole":
        if got[0].raw != forwarded(pkt):
            wrong.append("inner packet changed")
    else:
        if any(p.df or not p.fragment for p in got):
            wrong.append("inner fragments with DF")
        if len({p.ident for p in got}) > 1:
            wrong.append("not all of one inner ID")
        if kind == "4" and got[0].ident != Packet(pkt).ident:
            wrong.append("inner ID changed")
    return fate, wrong


def test_policy():
    """Each kind of packet into each tunnel: just fits, does not, is huge"""
    seed = 0
    for t in TUNNELS:
        for kind in ("4", "4df", "6"):
            for size in (t.mtu, t.mtu + 1, 2990):
                # The stack wants that much for a UDP header.
                if size < (48 if kind == "6" else 28):
                    continue
                seed += 1
                got, wrong = outcome(t, kind, inner(t, kind, size, seed, seed))
                report(t.group, "%s: %s of %d" % (t, kind, size),
                       [got] + wrong, [t.fate(kind, size)])
    after = counters(NEAR)
    for t in TUNNELS:
        want = sum(t.fate(k, s).startswith("told")
                   for k in ("4", "4df", "6") for s in (t.mtu, t.mtu + 1, 2990)
                   if s >= (48 if k == "6" else 28))
        got = {k: n for k, n in after[t.name].items() if k.startswith("tx-")}
        report(t.group, "%s: drops" % t, got, {"tx-too-big": want} if want
               else {})
    left = counters(FAR)
    report("policy", "drops of far",
           [(n, c) for n, s in left.items() for c, x in s.items()
            if c.startswith("rx-")], [])


def test_no_room():
    """A way where not even the headers fit, or no eight bytes behind them: nothing is
    made smaller for ever"""
    for v, path in ((4, 20), (4, 24), (4, 25), (4, 30), (4, 43), (4, 44), (4, 51),
                    (6, 40), (6, 44), (6, 45), (6, 50), (6, 63), (6, 64), (6, 71)):
        for inner_df in ("keep", "clear"):
            t = find(v, "set", inner_df, "inner")
            ip_batch(NEAR, ["route replace %s dev u0 mtu %d" % (t.far, path)])
            before = counters(NEAR)[t.name]
            kinds = ("4", "4", "4df") if inner_df == "clear" else ("4", "4")
            for n, kind in enumerate(kinds):
                from_src.send(inner(t, kind, 100 + n * 1300, n, n))
            until(lambda: counters(NEAR)[t.name].get("tx-too-big", 0) ==
                  before.get("tx-too-big", 0) + len(kinds))
            after = counters(NEAR)[t.name]
            report("no-room", "%s, with a path of %d" % (t, path),
                   {k: n - before.get(k, 0) for k, n in after.items()
                    if n != before.get(k, 0)}, {"tx-too-big": len(kinds)})
            ip_batch(NEAR, ["route replace %s dev u0 mtu %d" % (t.far, t.path)])
    # The header of the inner packet takes all there is.
    t = find(4, "set", "keep", "inner")
    for path in (68, 84, 91):
        ip_batch(NEAR, ["route replace %s dev u0 mtu %d" % (t.far, path)])
        before = counters(NEAR)[t.name].get("tx-too-big", 0)
        from_src.send(inner(t, "4", 200, 1, 1, options=b"\x01" * 40))
        until(lambda: counters(NEAR)[t.name].get("tx-too-big", 0) > before)
        report("no-room", "options, with a path of %d" % path,
               counters(NEAR)[t.name].get("tx-too-big", 0) - before, 1)
    ip_batch(NEAR, ["route replace %s dev u0 mtu %d" % (t.far, t.path)])


def test_no_header():
    """What a packet socket sends nobody has looked at. How much of it is in one piece,
    and so where that ends, it says itself (struct virtio_net_hdr)."""
    size = 8000
    with netns(NEAR):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)

    def send(t, first, linear, proto=ETH_P_IP):
        length = max(20, (first & 15) * 4)
        head = struct.pack("!BBHHHBBH4s4s", first, 0, size, 7, 0, 64, UDP, 0,
                           addr(t.src[4]), addr(t.dst[4]))
        head += bytes(length - len(head))
        head = head[:10] + struct.pack("!H", csum(head)) + head[12:]
        sock.sendto(struct.pack("=BBHHHH", 0, 0, linear, 0, 0, 0) + head +
                    pattern(size - length, 1), (t.name, proto))

    for v in (4, 6):
        for inner_df in ("keep", "clear"):
            t = find(v, "set", inner_df, "inner")
            mtctl(NEAR, ["tunnel set %s mtu 9000" % t.name])
            before = counters(NEAR)[t.name]
            sent = 0
            for linear in (20, 21, 40, 59, 60, 100, 200):
                for first in (0x40, 0x44, 0x65, 0x05):
                    send(t, first, linear)
                    sent += 1
                for first in (0x45, 0x55):
                    send(t, first, linear, ETH_P_IPV6)
                    sent += 1
            until(lambda: counters(NEAR)[t.name].get("tx-inner", 0) ==
                  before.get("tx-inner", 0) + sent)
            after = counters(NEAR)[t.name]
            report("no-header", "%s: no header of that version" % t,
                   {k: n - before.get(k, 0) for k, n in after.items()
                    if n != before.get(k, 0)}, {"tx-inner": sent})
            for linear in (20, 21, 40, 59):
                at_far.clear()
                send(t, 0x4f, linear)
                got = []
                until(lambda: got.extend(seen_at_far(t)[1]) or len(got) >= 6)
                report("no-header", "%s: options, %d bytes in one piece" % (t, linear),
                       {p.raw[20:60] for p in got}, {bytes(40)})
            mtctl(NEAR, ["tunnel set %s mtu %d" % (t.name, TUNNEL_MTU)])
    sock.close()


def many(t, kind, sizes, idents):
    """One packet of each size and ID; [(outer, inner)] as far has them"""
    at_far.clear()
    receive_all(far_udp)
    sent = [inner(t, kind, size, n, ident)
            for n, (size, ident) in enumerate(zip(sizes, idents))]
    got = []
    # No more at once than a receive queue holds.
    for pkt in sent:
        from_src.send(pkt)
        until(lambda: got.extend(receive_all(far_udp)) or
              len(got) > sent.index(pkt))
    return got == [Packet(p).data[8:] for p in sent], *seen_at_far(t)


def test_ids():
    count = 40
    small, big = [200] * count, [2990] * count
    for df in ("inherit", "clear"):
        for kind in ("4", "4df", "6"):
            t = find(4, df, "keep", "inner")
            if t.outer_df(kind, "whole"):
                continue
            good, outer, _ = many(t, kind, small, [7] * count)
            report("ids", "df %s, inner %s: delivered" % (df, kind), good)
            report("ids", "df %s, inner %s: different outer IDs" % (df, kind),
                   len({p.ident for p in outer}), count)
    for v in (4, 6):
        # RFC 6864 section 4.1: with DF, an ID means nothing.
        for text, idents in (("0", [0] * count), ("7", [7] * count),
                             ("that count", range(1, count + 1))):
            t = find(v, "set", "clear", "inner")
            good, outer, got = many(t, "4df", big, idents)
            report("ids", "IPv%d inner-df clear, IDs %s: delivered" % (v, text),
                   good)
            report("ids", "IPv%d inner-df clear, IDs %s: one ID a packet" %
                   (v, text), (len(got), len({p.ident for p in got})),
                   (3 * count, count))
            report("ids", "IPv%d inner-df clear, IDs %s: not 0" % (v, text),
                   0 in {p.ident for p in got}, False)
        t = find(v, "clear", "keep", "outer")
        for kind in ("4", "4df", "6"):
            good, outer, got = many(t, kind, big, [7] * count)
            report("ids", "IPv%d frag outer, inner %s: delivered" % (v, kind),
                   good)
            report("ids", "IPv%d frag outer, inner %s: one ID a packet" %
                   (v, kind), (len(outer), len({p.ident for p in outer})),
                   (3 * count, count))


def test_inner_fragments():
    """Packets that are fragments already, or have options, are cut again"""
    # Router alert is copied into each fragment (RFC 2113), an MTU probe only
    # into the first (RFC 1063).
    options = bytes((148, 4, 0, 0)) + bytes((11, 4, 0, 0))
    for v in (4, 6):
        for inner_df in ("keep", "clear"):
            t = find(v, "set", inner_df, "inner")
            pkt = Packet(inner(t, "4", 3900, 5))
            # With DF as well, where that is no obstacle: it is one packet all the same.
            for df in (0,) if inner_df == "keep" else (1, 0):
                at_far.clear()
                receive_all(far_udp)
                pieces = fragment(t.src[4], t.dst[4], UDP, pkt.data, 2000, 77 + df,
                                  df=df)
                for p in pieces:
                    from_src.send(p)
                got = []
                until(lambda: got.extend(receive_all(far_udp)) or got)
                outer, frags = seen_at_far(t)
                if df:
                    report("refragment", "%s: with DF, delivered" % t,
                           got == [pkt.data[8:]])
                    report("refragment", "%s: with DF, IDs" % t,
                           {p.ident for p in frags}, {78})
            report("refragment", "%s: delivered" % t, got == [pkt.data[8:]])
            report("refragment", "%s: IDs" % t, {p.ident for p in frags}, {77})
            report("refragment", "%s: more than came" % t,
                   len(frags) > len(pieces) and
                   max(p.len for p in outer) <= t.path)

            at_far.clear()
            kind = "4" if inner_df == "keep" else "4df"
            pkt = inner(t, kind, 2000, 6, 78, options)
            from_src.send(pkt)
            got = []
            until(lambda: got.extend(receive_all(far_udp)) or got)
            outer, frags = seen_at_far(t)
            report("refragment", "%s: options, delivered" % t,
                   got == [Packet(pkt).data[8:]])
            report("refragment", "%s: options" % t,
                   [p.options[:4] for p in frags],
                   [options[:4]] * 2)
            report("refragment", "%s: option of the first only" % t,
                   [options[4:6] in p.options for p in frags], [True, False])


def test_gso():
    """Bulk transfers whose segments are larger than the underlay's MTU"""
    data = random.Random(3).randbytes(300000)
    cases = []
    for v in (4, 6):
        cases += [(find(v, "clear", "keep", "outer"), "outer", "outer"),
                  (find(v, "set", "clear", "inner"), "inner", "told"),
                  (find(v, "set", "keep", "inner"), "told", "told")]
    for t in TUNNELS:
        if t.group == "headers":
            cases.append((t, "outer", "outer") if t.frag == "outer" else
                         (t, "told", "told"))
    for t, *how in cases:
        for kind, want in zip((4, 6), how):
            text = "%s: TCP over IPv%d" % (t, kind)
            at_far.clear()
            s = Stream(SRC, t.src[kind], FAR, t.dst[kind], TCP_PORT)
            transfer([s], data)
            outer, got = seen_at_far(t)
            report("gso", text + ", complete", s.ok(), True)
            s.close()
            sizes = [p.len for p in outer]
            frags = sum(p.fragment for p in outer)
            inner_frags = sum(p.fragment for p in got)
            if want == "told":
                # What far sees may be an offload packet again.
                seen = (frags, inner_frags)
                report("gso", text + ", no fragments", seen, (0, 0))
                continue
            report("gso", text + ", sizes", max(sizes) <= t.path)
            report("gso", text + ", fragmented " + want,
                   (frags > 100, inner_frags > 100),
                   (want == "outer", want == "inner"))

    # USO: one write of many datagrams, each larger than the path
    for t, *how in cases:
        for kind, want in zip((4, 6), how):
            if want == "told" and kind == 6:
                continue
            at_far.clear()
            receive_all(far_udp)
            family = socket.AF_INET if kind == 4 else socket.AF_INET6
            sock = udp_socket(SRC, family, (t.src[kind], 0),
                              df=PMTUDISC_OMIT)
            sock.setsockopt(socket.SOL_UDP, 103, 2500)     # UDP_SEGMENT
            sock.sendto(data[:25000], (t.dst[kind], UDP_PORT))
            got = []
            until(lambda: got.extend(receive_all(far_udp)) or len(got) >= 10)
            outer, frags = seen_at_far(t)
            # Without DF it is never told.
            want = "inner" if want == "told" else want
            text = "%s: UDP over IPv%d" % (t, kind)
            report("gso", text + ", complete",
                   b"".join(got) == data[:25000] and len(got) == 10)
            report("gso", text + ", sizes",
                   max(p.len for p in outer) <= t.path if outer else "none")
            report("gso", text + ", fragmented " + want,
                   (all(p.fragment for p in outer),
                    all(p.fragment for p in frags)),
                   (want == "outer", want == "inner"))
            sock.close()
    left = counters(FAR)
    report("gso", "drops of far",
           [(n, c, x) for n, s in left.items() for c, x in s.items()
            if c.startswith("rx-")], [])


##############################################################################
# Fragments received

ADDRS = {4: ("192.0.2.2", "192.0.2.1"), 6: ("2001:db8::2", "2001:db8::1")}
at_near = Tap(NEAR)
idents = iter(range(0x1000, 0xf000))
sequence = 0


def packet_in(v, options, size, seed, **kw):
    """The GRE packet of an inner packet, and that"""
    global sequence
    data = ip4("203.0.113.1", "203.0.113.2", 253, pattern(size, seed), **kw)
    if not options:
        return gre(data), data
    sequence += 1
    return gre(data, key=7, seq=sequence, check=True), data


def delivered(*names):
    """What came out of tunnels at near"""
    return [d for _, d in at_near.read(
        lambda dev, _: dev in names or not names and dev != "u0" and
        dev != "s0" and dev != "lo")]


def echo(v, ident, size=16, bits=b""):
    """An ICMP echo request from far to near"""
    src, dst = ADDRS[v]
    proto, kind = (ICMP, 8) if v == 4 else (ICMP6, 128)
    return src, dst, proto, icmp(src, dst, kind, 0, ident << 16,
                                 pattern(size, ident))


def barrier(v):
    """Until near has dealt with all that was sent"""
    ident = next(idents)
    src, dst, proto, data = echo(v, ident)
    at_far.clear()
    from_far.send(ip(src, dst, proto, data))
    return at_far.wait(lambda dev, d: Packet(d).data[4:6] ==
                       struct.pack("!H", ident))


def expect(group, text, v, pkts, want, perhaps=()):
    """WANT, a list of packets, comes out of tunnels and nothing else, and a
    packet sent later passes. Or that of PERHAPS comes out."""
    at_near.clear()
    from_far.send(*pkts)
    body, later = packet_in(v, False, 64, 99)
    from_far.send(ip(*ADDRS[v], GRE, body))
    at_near.wait(lambda _, d: d == later)
    barrier(v)
    # The kernel queues what a packet socket looks at apart from what none
    # does: the order can be another one.
    got, want, perhaps = [sorted((len(x), crc32(x)) for x in pkts) for pkts in
                          (delivered(), [*want, later], [*perhaps, later])]
    if len(perhaps) > 1 and got == perhaps:
        want = perhaps
    report(group, "IPv%d %s" % (v, text), got, want)


def cut(v, data, size, ident=None, **kw):
    return fragment(*ADDRS[v], GRE, data, size, ident or next(idents), **kw)


def one(v, data, off, end, ident, more=True, **kw):
    return piece(*ADDRS[v], GRE, data[off:end], off, more, ident, **kw)


def test_received(group):
    rnd = random.Random(5)
    for v in (4, 6):
        for options in (False, True):
            def good(text, order, size=512, data=900, **kw):
                body, want = packet_in(v, options, data, len(text))
                pieces = cut(v, body, size, **kw)
                order(pieces)
                expect(group, "%s, %s" % ("all options" if options else "plain",
                                          text), v, pieces, [want])

            good("in order", lambda x: None)
            good("reversed", lambda x: x.reverse())
            good("shuffled", rnd.shuffle, 64)
            # Also GRE headers are in pieces.
            good("8 bytes each", lambda x: None, 8)
            good("8 bytes each, reversed", lambda x: x.reverse(), 8)
            good("8 bytes each, shuffled", rnd.shuffle, 8)
            good("large", lambda x: None, 1448, 60000)
            good("twice each", lambda x: x.extend(x[:1]) or x.reverse())
            if v == 4:
                continue
            # Ahead of the fragment header, as ip6_gre sends it; and behind it,
            # where only the first fragment has it (RFC 8200 section 4.1)
            good("Destination Options", lambda x: x.reverse(), ext=DSTOPT_EXT)
            good("Hop-by-Hop", lambda x: None,
                 ext=bytes((HOPOPTS,)) + DSTOPT_EXT[1:])
            for ext in (b"", DSTOPT_EXT):
                body, want = packet_in(6, options, 900, 12)
                pieces = fragment(*ADDRS[6], DSTOPTS, bytes(
                    (GRE, 0, 1, 4, 0, 0, 0, 0)) + body, 256, next(idents), ext)
                expect(group, "%s, Destination Options in the fragment%s" %
                       ("all options" if options else "plain",
                        " too" if ext else ""), 6, pieces, [want])

        # Two packets at once
        a, want_a = packet_in(v, False, 800, 1)
        b, want_b = packet_in(v, False, 800, 2)
        mixed = [x for pair in zip(cut(v, a, 128), cut(v, b, 128))
                 for x in pair]
        expect(group, "interleaved", v, mixed, [want_a, want_b])
        # The same ID between other addresses is another packet.
        c = fragment("192.0.2.3" if v == 4 else "2001:db8::3", ADDRS[v][1],
                     GRE, b, 128, 0xf001)
        mixed = [x for pair in zip(cut(v, a, 128, 0xf001), c) for x in pair]
        expect(group, "interleaved with another source", v, mixed, [want_a])

        # RFC 3168 section 5.3: one fragment that met congestion is enough.
        body, want = packet_in(v, False, 600, 3, tos=2)
        pieces = cut(v, body, 256, **{"tos" if v == 4 else "tc": 2})
        ident = next(idents)
        pieces = [one(v, body, 0, 256, ident, **{"tos" if v == 4 else "tc": 2}),
                  one(v, body, 256, len(body), ident, False,
                      **{"tos" if v == 4 else "tc": 3})]
        _, want = packet_in(v, False, 600, 3, tos=3)
        expect(group, "congestion in one fragment", v, pieces, [want])

    # Atomic fragments are whole packets, whatever else waits (RFC 6946).
    for options in (False, True):
        body, want = packet_in(6, options, 400, 4)
        expect(group, "atomic fragment", 6,
               [one(6, body, 0, None, next(idents), False)], [want])
    body, want = packet_in(6, False, 400, 4)
    expect(group, "atomic fragment with Destination Options", 6,
           [one(6, body, 0, None, next(idents), False, ext=DSTOPT_EXT)], [want])


def test_atomic(group):
    """RFC 6946 section 4: processed in isolation, even with an ID in use"""
    ident = next(idents)
    a, want_a = packet_in(6, False, 400, 4)
    b, want_b = packet_in(6, False, 800, 5)
    expect(group, "atomic fragment with an ID in use", 6,
           [one(6, b, 0, 400, ident), one(6, a, 0, None, ident, False),
            one(6, b, 400, None, ident, False)], [want_a, want_b])


def test_hostile(group):
    for v in (4, 6):
        a, want_a = packet_in(v, False, 800, 6)
        b, _ = packet_in(v, False, 800, 7)

        def bad(text, pieces, perhaps=()):
            expect(group, text, v, pieces, [], perhaps)

        # RFC 5722 and 8200: all fragments of a packet with an overlap are
        # dropped. For IPv4, RFC 791 lets the later one win, which is how
        # filters are deceived; Linux drops them, too. It takes one that lies
        # within another for a duplicate and ignores it: what arrives is never
        # a mixture.
        i = next(idents)
        bad("overlap in the middle",
            [one(v, a, 0, 256, i), one(v, b, 248, 512, i),
             one(v, a, 512, None, i, False)])
        i = next(idents)
        bad("overlap, all bytes there",
            [one(v, a, 0, 256, i), one(v, b, 128, 512, i),
             one(v, a, 512, None, i, False)])
        i = next(idents)
        bad("the header overlapped",
            [one(v, a, 0, 256, i), one(v, b, 0, 64, i),
             one(v, a, 256, None, i, False)], [want_a])
        i = next(idents)
        bad("the header overlapped later",
            [one(v, a, 8, 256, i), one(v, b, 0, 24, i),
             one(v, a, 256, None, i, False)])
        i = next(idents)
        bad("one within another",
            [one(v, a, 0, 512, i), one(v, b, 128, 256, i),
             one(v, a, 512, None, i, False)], [want_a])
        i = next(idents)
        bad("one around others",
            [one(v, a, 128, 256, i), one(v, b, 64, 512, i), one(v, a, 0, 64, i),
             one(v, a, 512, None, i, False)])
        i = next(idents)
        bad("the end overlapped",
            [one(v, a, 512, None, i, False), one(v, a, 0, 256, i),
             one(v, b, 256, 520, i)])
        i = next(idents)
        bad("two ends",
            [one(v, a, 0, 256, i), one(v, a, 512, None, i, False),
             one(v, a, 256, 512, i, False)])
        i = next(idents)
        bad("behind the end",
            [one(v, a, 256, 512, i, False), one(v, b, 512, 640, i),
             one(v, a, 0, 256, i)], [want_a[:508]])
        i = next(idents)
        bad("no last", [one(v, a, 0, 256, i), one(v, a, 256, 512, i)])
        i = next(idents)
        bad("no first", [one(v, a, 256, 512, i), one(v, a, 512, None, i, False)])
        i = next(idents)
        bad("a hole", [one(v, a, 0, 256, i), one(v, a, 512, None, i, False)])
        i = next(idents)
        bad("not a multiple of 8",
            [one(v, a, 0, 253, i), one(v, a, 256, None, i, False)])
        i = next(idents)
        bad("an empty fragment",
            [one(v, a, 0, 0, i), one(v, a, 256, None, i, False)])
        # More than 65535 bytes
        i = next(idents)
        bad("beyond the largest packet",
            [one(v, a, 0, 256, i), piece(*ADDRS[v], GRE, bytes(500), 65528,
                                         False, i)])
        i = next(idents)
        ones = [piece(*ADDRS[v], GRE, bytes(1280), off, True, i)
                for off in range(0, 64000, 1280)]
        bad("a packet of 65535 and more",
            ones + [piece(*ADDRS[v], GRE, bytes(1200), 64000, True, i),
                    piece(*ADDRS[v], GRE, bytes(400), 65200, False, i)])
        # Other protocols may be in fragments behind the first, which says
        # what it is.
        if v == 4:
            i = next(idents)
            bad("the second of another protocol",
                [one(v, a, 0, 256, i),
                 piece(*ADDRS[v], UDP, a[256:], 256, False, i)])
        # Random pieces with one ID
        rnd = random.Random(8)
        for n in range(30):
            i = next(idents)
            pieces = []
            for _ in range(6):
                start = rnd.randrange(0, 90) * 8
                end = start + rnd.randrange(1, 40) * 8
                last = rnd.random() < 0.2
                pieces.append(one(v, b, start, end, i, not last))
            from_far.send(*pieces)
        # RFC 8200 wants the whole chain of headers in the first fragment, and
        # there are hosts that send none: a GRE header in pieces is ours above.
        bad("an end", [])


def test_left(group):
    """Fragments of what is no tunnel's"""
    for v in (4, 6):
        # To near itself
        ident = next(idents)
        src, dst, proto, data = echo(v, ident, 1200)
        for text, order in (("", 1), (", reversed", -1)):
            at_far.clear()
            from_far.send(*fragment(src, dst, proto, data, 512,
                                    next(idents))[::order])
            got = at_far.wait(lambda _, d: Packet(d).data[4:6] ==
                              struct.pack("!H", ident))
            report(group, "IPv%d echo%s" % (v, text),
                   [Packet(d).data[8:] for _, d in got], [data[8:]])

        family = socket.AF_INET if v == 4 else socket.AF_INET6
        sock = udp_socket(NEAR, family, (dst, UDP_PORT))
        payload = pattern(1000, 9)
        data = udp(src, dst, 5, UDP_PORT, payload)
        from_far.send(*fragment(src, dst, UDP, data, 512, next(idents)))
        got = []
        until(lambda: got.extend(receive_all(sock)) or got)
        report(group, "IPv%d UDP" % v, got == [payload])
        sock.close()

        # GRE with a key that no tunnel has
        with netns(NEAR):
            raw = socket.socket(family, socket.SOCK_RAW, GRE)
        raw.setblocking(False)
        inner4 = ip4("203.0.113.1", "203.0.113.2", 253, pattern(900, 10))
        for text, body in (("another key", gre(inner4, key=8)),
                           ("version 1", b"\x30\x01" + gre(inner4)[2:])):
            at_near.clear()
            receive_all(raw)
            from_far.send(*cut(v, body, 512))
            got = []
            until(lambda: got.extend(receive_all(raw)) or got)
            report(group, "IPv%d %s" % (v, text),
                   [x[-len(body):] == body for x in got], [True])
            report(group, "IPv%d %s, delivered" % (v, text), delivered(), [])
        raw.close()

        # Through near to src
        dst = TUNNELS[0].src[v]
        sock = udp_socket(SRC, family, (dst, UDP_PORT))
        data = udp(src, dst, 5, UDP_PORT, payload)
        from_far.send(*fragment(src, dst, UDP, data, 512, next(idents)))
        got = []
        until(lambda: got.extend(receive_all(sock)) or got)
        report(group, "IPv%d UDP forwarded" % v, got == [payload])
        sock.close()


def frag_memory():
    """Packets that wait for fragments in near, and the memory they take"""
    with netns(NEAR):
        text = open("/proc/self/net/sockstat").read() + \
            open("/proc/self/net/sockstat6").read()
    return [int(n) for line in text.splitlines() if line.startswith("FRAG")
            for n in line.split()[2::2]]


def slab_kb():
    for cache in glob.glob("/sys/kernel/slab/*/shrink"):
        with contextlib.suppress(OSError), open(cache, "w") as f:
            f.write("1")
    with open("/proc/meminfo") as f:
        text = f.read().split()
    return int(text[text.index("SUnreclaim:") + 1])


def test_memory(group):
    """Thousands of packets that never become whole"""
    count = 6000
    # None has gone before all have come.
    patience(15 * SLOW)
    before = slab_kb()
    for v in (4, 6):
        body = gre(ip4("203.0.113.1", "203.0.113.2", 253, bytes(1300)))
        for n in range(count):
            from_far.send(one(v, body, n % 2 * 8, 1304, 0x100 + n +
                              (0x10000 if v == 6 else 0)))
            # This socket takes memory, too.
            if n % 50 == 0:
                at_near.clear()
        barrier(v)
        at_near.clear()
    # The kernel's limits are 4 MB a family, and conntrack's the same. Without
    # any it would be some 15 MB a family.
    grown = slab_kb() - before
    print("#", group, "grown by", grown, "kB, waiting:", frag_memory())
    report(group, "memory taken by %d packets without an end" % count,
           3000 < grown < 20000 or grown)
    report(group, "nothing waits after the timeout",
           until(lambda: not any(frag_memory())))
    patience(SLOW + 1)
    for v in (4, 6):
        body, want = packet_in(v, False, 900, 11)

        def passes():
            at_near.clear()
            from_far.send(*cut(v, body, 512))
            barrier(v)
            return delivered() == [want]

        # Conntrack's queue cannot be seen but by this: it is full, or not.
        report(group, "IPv%d fragments pass afterwards" % v, until(passes))


def fragments(suffix):
    test_received("received" + suffix)
    # With conntrack the kernel reassembles before mtun sees anything, and
    # puts an atomic fragment with an ID in use to the others (6.1).
    if not suffix:
        test_atomic("atomic")
    test_hostile("hostile" + suffix)
    test_left("left" + suffix)
    test_memory("memory" + suffix)


def patience(seconds):
    """After which incomplete packets are given up"""
    sysctl(NEAR, net__ipv4__ipfrag_time=seconds, net__ipv6__ip6frag_time=seconds)
    # Also of conntrack's reassembly of IPv6, which others can use without
    # conntrack, as mtun does
    with contextlib.suppress(FileNotFoundError):
        sysctl(NEAR, net__netfilter__nf_conntrack_frag6_timeout=seconds)


def main():
    # Soon, but not before all of them has been sent
    patience(SLOW + 1)
    test_policy()
    test_no_room()
    test_no_header()
    test_ids()
    test_inner_fragments()
    test_gso()
    fragments("")
    # From here on conntrack reassembles all that passes.
    with netns(NEAR):
        run(("nft", "-f", "-"), ["table inet t {",
                                 " chain c { type filter hook input priority 0;"
                                 " ct state invalid counter; }", "}"], "nft")
    patience(SLOW + 1)
    fragments("-ct")
    print("end ok all was run")


main()
