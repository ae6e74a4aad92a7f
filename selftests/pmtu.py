#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Path MTU discovery through tunnels, and forged ICMP errors, for pmtu.sh.

	pmtu.py SRC NEAR MID FAR

Writes "GROUP ok|bad TEXT" for each thing that was tried.
"""
import errno
import socket
import subprocess
import sys
from dataclasses import dataclass

from packets import *

SRC, NEAR, MID, FAR = sys.argv[1:5]
UDP_PORT, TCP_PORT = 5009, 5001
LOW = 1400      # what the path has when a router has made it smaller

NEAR_ADDR = {4: "192.0.2.1", 6: "2001:db8::1"}


##############################################################################
# Tunnels. Each round of tests has its own, between other addresses and for
# other inner ones: what was learned of one path says nothing of another.

# options of near, options of far, bytes of optional fields sent by near, how
# near's own sockets find the route of the tunnel
KINDS = {
    "plain": ("", "", 0, {}),
    "df-clear": ("df clear", "", 0, {}),
    "key": ("key 3", "key 3", 4, {}),
    "keys": ("ikey 1 okey 2", "ikey 2 okey 1", 4, {}),
    "csum": ("csum on", "csum on", 4, {}),
    "seq": ("seq on", "seq on", 4, {}),
    "all": ("key 4 csum on seq on", "key 4 csum on seq on", 12, {}),
    "dev": ("key 5 dev v0", "key 5", 4, {"dev": "v0"}),
    "mark": ("key 6 fwmark 7", "key 6", 4, {"mark": 7}),
}


@dataclass
class Tunnel:
    num: int
    v: int
    kind: str
    far: str = ""

    def __post_init__(self):
        n = self.num
        self.name = "t%d" % n
        self.far = self.far or ("198.51.100.%d" % (10 + n) if self.v == 4 else
                                "2001:db8:1::1:%d" % n)
        self.src = {4: "10.9.%d.2" % n, 6: "2001:db8:9:%d::2" % n}
        self.dst = {4: "10.8.%d.1" % n, 6: "2001:db8:8:%d::1" % n}
        self.near_options, self.far_options, self.more, self.own = \
            KINDS[self.kind]
        self.overhead = {4: 24, 6: 44}[self.v] + self.more
        self.mtu = 1500 - self.overhead
        self.low = LOW - self.overhead

    def __str__(self):
        return "IPv%d, %s" % (self.v, self.kind)

    def outer_mtu(self):
        """That of the route that the tunnel takes"""
        family = socket.AF_INET if self.v == 4 else socket.AF_INET6
        sock = udp_socket(NEAR, family, **self.own)
        sock.connect((self.far, UDP_PORT))
        value = path_mtu(sock)
        sock.close()
        return value


total = 0


def add_tunnels(kinds, same_far=()):
    """One tunnel of each kind over both underlays; those of same_far go to the
    address of the first"""
    global total
    found = []
    for v in (4, 6):
        first = None
        for kind in kinds:
            total += 1
            t = Tunnel(total, v, kind,
                       first.far if first and kind in same_far else "")
            first = first or t
            found.append(t)
    near, far, src, conf_near, conf_far = [], [], [], [], []
    for t in found:
        bits = 32 if t.v == 4 else 128
        src += ["addr add %s/16 dev s0" % t.src[4],
                "addr add %s/48 dev s0" % t.src[6]]
        near += ["link set %s up" % t.name,
                 "route add %s dev %s" % (t.dst[4], t.name),
                 "route add %s dev %s" % (t.dst[6], t.name)]
        far += ["addr replace %s/%d dev u1" % (t.far, bits),
                "addr add %s/32 dev lo" % t.dst[4],
                "addr add %s/128 dev lo" % t.dst[6],
                "link set %s up" % t.name,
                "route add %s dev %s" % (t.src[4], t.name),
                "route add %s dev %s" % (t.src[6], t.name)]
        conf_near.append("tunnel add %s local %s remote %s %s" %
                         (t.name, NEAR_ADDR[t.v], t.far, t.near_options))
        conf_far.append("tunnel add %s local %s remote %s %s" %
                        (t.name, t.far, NEAR_ADDR[t.v], t.far_options))
    mtctl(NEAR, conf_near)
    mtctl(FAR, conf_far)
    ip_batch(SRC, src)
    ip_batch(NEAR, near)
    ip_batch(FAR, far)
    return found


def remove_tunnels(tunnels):
    for ns in (NEAR, FAR):
        mtctl(ns, ["tunnel del " + t.name for t in tunnels])


def path(dev, mtu):
    """Let the link from mid to far through that device have an MTU"""
    ip_batch(MID, ["link set %s mtu %d" % (dev, mtu)])


##############################################################################
# Path MTU discovery

far_udp = udp_socket(FAR, socket.AF_INET6, ("::", UDP_PORT))


class Flow:
    """A UDP socket that sends with DF from src, or from near, to far"""

    def __init__(self, t, v, ns=SRC, src=None):
        self.t, self.v, self.head = t, v, 28 if v == 4 else 48
        family = socket.AF_INET if v == 4 else socket.AF_INET6
        self.sock = udp_socket(ns, family, df=PMTUDISC_DO)
        # IP_RECVERR, IPV6_RECVERR: an ICMP error is seen once by the caller
        level, option = (0, 11) if v == 4 else (41, 25)
        self.sock.setsockopt(level, option, 1)
        if ns == SRC:
            self.sock.bind((src or t.src[v], 0))
        self.sock.connect((t.dst[v], UDP_PORT))
        self.errors = []

    def read_errors(self):
        """(errno, MTU, address of the router) of each error that came"""
        while True:
            try:
                _, controls, _, _ = self.sock.recvmsg(
                    1, 512, socket.MSG_ERRQUEUE)
            except BlockingIOError:
                return self.errors
            for _, _, data in controls:
                err, origin = struct.unpack("=IB", data[:5])
                info = struct.unpack("=I", data[8:12])[0]
                family = struct.unpack("=H", data[16:18])[0]
                who = ""
                if family == socket.AF_INET:
                    who = socket.inet_ntop(family, data[20:24])
                elif family == socket.AF_INET6:
                    who = socket.inet_ntop(family, data[24:40])
                self.errors.append((err, info, who, origin))

    def send(self, size):
        """An inner packet of that size; the errno, or 0"""
        for _ in range(2):
            try:
                self.sock.send(pattern(size - self.head, size))
                return 0
            except OSError as e:
                # That of a packet sent before, perhaps
                if e.errno == errno.EMSGSIZE and self.read_errors() and \
                        path_mtu(self.sock) >= size:
                    continue
                return e.errno
        return errno.EMSGSIZE

    def passes(self, size):
        receive_all(far_udp)
        if self.send(size):
            return "refused"
        got = []
        until(lambda: got.extend(receive_all(far_udp)) or got)
        return got == [pattern(size - self.head, size)]

    def close(self):
        self.sock.close()


def forget_paths(netns):
    """ip complains of an entry that goes while it is at it: then once more. Of
    two IPv6 routes to one prefix Linux 6.1 cannot delete what the second has
    learned (ip6_route_del() stops at the first): renew_routes()."""
    for family in ("-4", "-6"):
        for _ in range(5):
            done = subprocess.run(("ip", "-n", netns, family, "route", "flush",
                                   "cache"), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            if not done.returncode:
                break
        else:
            raise RuntimeError("ip route flush cache: %s" % done.stdout)


def renew_routes():
    """What near has learned of paths through v0 goes with the routes"""
    v6 = "2001:db8:1::/64 via 2001:db8:a::fe"
    ip_batch(NEAR, ["route %s %s %s" % (what, v6, where)
                    for where in ("metric 2000", "table 100")
                    for what in ("del", "add")])


def discover(group, flows):
    """Send what was possible before, until the socket knows better. What is too
    big for the path is lost on its way the first time."""
    left = list(flows)

    def told():
        for f in list(left):
            f.send(f.t.mtu)
            if path_mtu(f.sock) < f.t.mtu:
                left.remove(f)
        return not left

    until(told)
    for f in flows:
        text = "%s: inner IPv%d" % (f.t, f.v)
        report(group, text + ", IP_MTU", path_mtu(f.sock), f.t.low)
        report(group, text + ", one byte more", f.send(f.t.low + 1),
               errno.EMSGSIZE)
        report(group, text + ", passes", f.passes(f.t.low))
        # From near itself, which is the router that refuses
        told_by = [e for e in f.read_errors() if e[3] in (2, 3)]
        report(group, text + ", what was said", {e[:2] for e in told_by},
               {(errno.EMSGSIZE, f.t.low)})
        report(group, text + ", route of the tunnel", f.t.outer_mtu(), LOW)


def test_discovery(group, kinds=tuple(KINDS)):
    """UDP and TCP from src, through all kinds of tunnels at once"""
    tunnels = add_tunnels(kinds)
    flows = [Flow(t, v) for t in tunnels for v in (4, 6)]
    streams = {Stream(SRC, f.t.src[f.v], FAR, f.t.dst[f.v], TCP_PORT): f
               for f in flows}
    for f in flows:
        report(group, "%s: inner IPv%d passes before" % (f.t, f.v),
               f.passes(f.t.mtu))
    transfer(streams, pattern(20000, 1))
    for s, f in streams.items():
        report(group, "%s: TCP over IPv%d before" % (f.t, f.v), s.ok())

    path("u1", LOW)
    path("v1", LOW)
    # First those who have no other way to learn it: their segments are as
    # large as the path was.
    transfer(streams, pattern(100000, 2))
    for s, f in streams.items():
        report(group, "%s: TCP over IPv%d" % (f.t, f.v), s.ok())
        s.close()
    # Over IPv4 and without DF, it is the routers that fragment.
    routed = [f for f in flows if f.t.kind == "df-clear" and f.t.v == 4]
    for f in routed:
        report(group, "%s: inner IPv%d passes" % (f.t, f.v), f.passes(f.t.mtu))
        report(group, "%s: inner IPv%d is not told" % (f.t, f.v),
               f.read_errors(), [])
    for f in flows:
        f.close()
    # A new socket knows what the route knows. What src has learned by TCP is
    # forgotten, so that near has to say it again.
    forget_paths(SRC)
    flows = [Flow(t, v) for t in tunnels for v in (4, 6)
             if (t.kind, t.v) != ("df-clear", 4)]
    discover(group, flows)
    stats = counters(NEAR)
    for t in tunnels:
        if (t.kind, t.v) == ("df-clear", 4):
            report(group, "%s: too big" % t,
                   stats[t.name].get("tx-too-big", 0), 0)
            continue
        report(group, "%s: errors counted" % t,
               stats[t.name]["icmp_errors"] > 0)
        report(group, "%s: too big" % t,
               stats[t.name].get("tx-too-big", 0) > 0)
    stats = counters(FAR)
    report(group, "drops of far",
           [(n, c, x) for n, s in stats.items() for c, x in s.items()
            if c.startswith("rx-")], [])
    for f in flows:
        f.close()
    path("u1", 1500)
    path("v1", 1500)
    remove_tunnels(tunnels)
    renew_routes()


def test_route(group, beside=False):
    """Three tunnels to one address by two ways, of which one gets smaller"""
    tunnels = add_tunnels(("key", "dev", "mark"), ("dev", "mark"))
    flows = [Flow(t, v) for t in tunnels for v in (4, 6)]
    bound = [f for f in flows if f.t.kind != "key"]
    others = [f for f in flows if f.t.kind == "key"]
    for f in flows:
        report(group, "%s: inner IPv%d passes before" % (f.t, f.v),
               f.passes(f.t.mtu))
    path("v1", LOW)
    discover(group, bound)
    for f in others:
        # ip_gre updates the route through the device that the error came by.
        if beside and f.t.v == 4:
            continue
        report(group, "%s: inner IPv%d still passes" % (f.t, f.v),
               f.passes(f.t.mtu))
        report(group, "%s: inner IPv%d has learned nothing" % (f.t, f.v),
               (f.t.outer_mtu(), path_mtu(f.sock), f.read_errors()),
               (1500, 1500, []))
    for f in flows:
        f.close()
    path("v1", 1500)
    remove_tunnels(tunnels)
    renew_routes()


def test_local(group):
    """The sender is near itself"""
    tunnels = add_tunnels(("plain", "all"))
    flows, streams = [], {}
    ip_batch(NEAR, ["addr add 10.7.0.1/32 dev lo",
                    "addr add 2001:db8:7::1/128 dev lo"])
    for t in tunnels:
        # far answers through the tunnel that it was asked by.
        ip_batch(NEAR, ["addr add 10.7.%d.1/32 dev lo" % t.num,
                        "addr add 2001:db8:7:%d::1/128 dev lo" % t.num,
                        "route replace %s dev %s src 10.7.%d.1" %
                        (t.dst[4], t.name, t.num),
                        "route replace %s dev %s src 2001:db8:7:%d::1" %
                        (t.dst[6], t.name, t.num)])
        ip_batch(FAR, ["route add 10.7.%d.1 dev %s" % (t.num, t.name),
                       "route add 2001:db8:7:%d::1 dev %s" % (t.num, t.name)])
        for v in (4, 6):
            flows.append(Flow(t, v, NEAR))
            streams[Stream(NEAR, None, FAR, t.dst[v], TCP_PORT)] = flows[-1]
    for f in flows:
        report(group, "%s: inner IPv%d passes before" % (f.t, f.v),
               f.passes(f.t.mtu))
    path("u1", LOW)
    transfer(streams, pattern(200000, 3))
    for s, f in streams.items():
        report(group, "%s: TCP over IPv%d" % (f.t, f.v), s.ok())
        s.close()
        f.close()
    forget_paths(NEAR)
    flows = [Flow(f.t, f.v, NEAR) for f in flows]
    discover(group, flows)
    for f in flows:
        f.close()
    path("u1", 1500)
    remove_tunnels(tunnels)


def test_nat(group):
    """Behind a NAT on the tunnel the error goes to who has sent the packet."""
    tunnels = add_tunnels(("plain", "all"))
    rules = ["table inet n {", " chain c { type nat hook postrouting priority "
             "100;"]
    for t in tunnels:
        ip_batch(NEAR, ["addr add 10.6.%d.1/32 dev %s" % (t.num, t.name),
                        "addr add 2001:db8:6:%d::1/128 dev %s" %
                        (t.num, t.name)])
        ip_batch(FAR, ["route add 10.6.%d.1 dev %s" % (t.num, t.name),
                       "route add 2001:db8:6:%d::1 dev %s" % (t.num, t.name)])
    nat = [' oifname "t*" masquerade']
    # Not every kernel has it.
    snat = [' oifname "%s" snat %s to %s:%d::1' % (t.name, p, a, t.num)
            if p == "ip6" else
            ' oifname "%s" snat %s to %s.%d.1' % (t.name, p, a, t.num)
            for t in tunnels for p, a in (("ip", "10.6"),
                                          ("ip6", "2001:db8:6"))]
    with netns(NEAR):
        try:
            run(("nft", "-f", "-"), rules + nat + [" }", "}"], "nft")
        except RuntimeError as e:
            print("# snat and not masquerade:", str(e).splitlines()[0])
            run(("nft", "-f", "-"), rules + snat + [" }", "}"], "nft")
    flows = [Flow(t, v) for t in tunnels for v in (4, 6)]
    streams = {Stream(SRC, f.t.src[f.v], FAR, f.t.dst[f.v], TCP_PORT): f
               for f in flows}
    for s, f in streams.items():
        report(group, "%s: inner IPv%d passes before" % (f.t, f.v),
               f.passes(f.t.mtu))
        report(group, "%s: inner IPv%d is translated" % (f.t, f.v),
               s.rx.getpeername()[0], ("10.6.%d.1" if f.v == 4 else
                                       "2001:db8:6:%d::1") % f.t.num)
    path("u1", LOW)
    transfer(streams, pattern(200000, 4))
    for s, f in streams.items():
        report(group, "%s: TCP over IPv%d" % (f.t, f.v), s.ok())
        s.close()
    for f in flows:
        f.close()
    forget_paths(SRC)
    flows = [Flow(t, v) for t in tunnels for v in (4, 6)]
    discover(group, flows)
    for f in flows:
        f.close()
    path("u1", 1500)
    with netns(NEAR):
        run(("nft", "-f", "-"), ["delete table inet n"], "nft")
    remove_tunnels(tunnels)


##############################################################################
# ICMP errors made up

from_mid = Wire(MID, "u0", NEAR, "u0")
at_mid = Tap(MID, "u0")
MID_ADDR = {4: "192.0.2.254", 6: "2001:db8::fe"}
echoes = 0


def barrier(v):
    """Until near has dealt with all that was sent"""
    global echoes
    echoes += 1
    src, dst = MID_ADDR[v], NEAR_ADDR[v]
    kind, proto = (8, ICMP) if v == 4 else (128, ICMP6)
    at_mid.clear()
    from_mid.send(ip(src, dst, proto, icmp(src, dst, kind, 0, echoes, b"")))
    at_mid.wait(lambda _, d: Packet(d).data[4:8] == struct.pack("!I", echoes))


def quoted(t, **other):
    """A packet as the tunnel sends it; other: what is different"""
    data = ip4(t.src[4], t.dst[4], UDP, udp(t.src[4], t.dst[4], 9, 9,
                                            pattern(1400, 1)))
    key = {"key": 3, "keys": 2, "all": 4}.get(t.kind)
    fields = {"key": key, "seq": 77 if t.kind in ("seq", "all") else None,
              "check": t.kind in ("csum", "all")}
    fields.update({k: v for k, v in other.items()
                   if k in ("key", "seq", "check")})
    src, dst = other.get("src", NEAR_ADDR[t.v]), other.get("dst", t.far)
    body = gre(data, **fields)
    body = other.get("change", lambda x: x)(body)
    kw = {k: v for k, v in other.items() if k in ("off", "mf")}
    if t.v == 4:
        return ip4(src, dst, other.get("proto", GRE), body, df=0 if kw else 1,
                   **kw)
    if kw:
        return piece(src, dst, GRE, body, kw.get("off", 0),
                     bool(kw.get("mf")), 9)
    return ip6(src, dst, other.get("proto", GRE), body)


def error(t, quote, mtu=LOW, kind=None, code=None, size=548, bad=0):
    """From mid, quoting at most SIZE bytes"""
    src, dst = MID_ADDR[t.v], NEAR_ADDR[t.v]
    if kind is None:
        kind, code = (3, 4) if t.v == 4 else (2, 0)
    body = icmp(src, dst, kind, code, mtu, quote[:size], bad)
    return ip(src, dst, ICMP if t.v == 4 else ICMP6, body)


class Forger:
    def __init__(self, group, tunnels):
        self.group, self.tunnels = group, tunnels
        self.before = self.state()

    def state(self):
        stats = counters(NEAR)
        return {t.name: (stats[t.name]["icmp_errors"], t.outer_mtu())
                for t in self.tunnels}

    def send(self, t, text, pkt, count=0, mtu=None):
        """The tunnel counts so many, its path has that MTU now, and no other
        tunnel's has changed"""
        want = dict(self.before)
        errors, now = want[t.name]
        want[t.name] = (errors + count, mtu or now)
        from_mid.send(pkt)
        barrier(t.v)
        self.before = self.state()
        report(self.group, "%s: %s" % (t, text),
               {n: x for n, x in self.before.items() if x != want[n]}, {})


def test_forged(group):
    """No ip_gre, which would have its own opinion"""
    tunnels = add_tunnels(("plain", "key", "keys", "csum", "seq", "all"))
    f = Forger(group, tunnels)
    for t in tunnels:
        v, head = t.v, 20 if t.v == 4 else 40
        other = "192.0.2.77" if v == 4 else "2001:db8::77"

        def forged(text, quote, **kw):
            f.send(t, text, error(t, quote, **kw))

        forged("quoted source", quoted(t, src=other))
        forged("quoted destination", quoted(t, dst=other))
        # What near receives is not what it has sent.
        forged("quoted addresses swapped", quoted(t, src=t.far,
                                                  dst=NEAR_ADDR[v]))
        # Not UDP, whose errors Linux obeys for whatever socket.
        forged("quoted protocol", quoted(t, proto=253))
        forged("quoted fragment", quoted(t, off=1480))
        forged("quoted version 1", quoted(
            t, change=lambda x: x[:1] + bytes((x[1] | 1,)) + x[2:]))
        forged("quoted outer version", bytes((0x55,)) + quoted(t)[1:])
        if v == 4:
            forged("quoted outer header of 16 bytes",
                   bytes((0x44,)) + quoted(t)[1:16] + quoted(t)[20:])
        forged("wrong checksum", quoted(t), bad=1)
        forged("wrong checksum, short", quoted(t), bad=1, size=head + 16)
        if t.kind in ("key", "keys", "all"):
            for key in (None, 0, 1, 5, 99):
                forged("quoted key %s" % key, quoted(t, key=key))
            forged("key is not quoted", quoted(t), size=head + 4)
            forged("half of the key is quoted", quoted(t), size=head + 7)
        else:
            forged("quoted key where none is", quoted(t, key=9))
        if t.kind == "all":
            forged("checksum and no key are quoted", quoted(t), size=head + 8)
        for size in (0, 1, head - 1, head, head + 2):
            forged("%d bytes quoted" % size, quoted(t), size=size)
        # Errors that are no errors, and the other family's
        forged("echo reply", quoted(t), kind=0 if v == 4 else 129, code=0)
        forged("type of no error", quoted(t), kind=200, code=4)

    for t in tunnels:
        def verified(text, quote, after, **kw):
            f.send(t, text, error(t, quote, **kw), 1, after)

        v, head = t.v, 20 if t.v == 4 else 40
        # Right, but they say nothing of the MTU.
        for kind, code in (((3, 0), (3, 1), (3, 2), (3, 3), (3, 13), (11, 0),
                            (11, 1), (12, 0)) if v == 4 else
                           ((1, 0), (1, 1), (1, 3), (1, 4), (3, 0), (3, 1),
                            (4, 0), (4, 1))):
            verified("type %d code %d" % (kind, code), quoted(t), 1500,
                     kind=kind, code=code)
        # More than the path has; and RFC 8201 section 4: less than IPv6 has
        verified("MTU 9000", quoted(t), 1500, mtu=9000)
        verified("MTU 1500", quoted(t), 1500, mtu=1500)
        if v == 6:
            for mtu in (1279, 68, 0):
                verified("MTU %d" % mtu, quoted(t), 1500, mtu=mtu)
        # RFC 792: eight bytes of what follows the IP header
        size = {"all": 12}.get(t.kind, 8)
        verified("%d bytes of GRE" % size, quoted(t), 1450, mtu=1450,
                 size=head + size)
        verified("all", quoted(t), 1440, mtu=1440, size=1232)
        # The first fragment, of a packet that a router has cut or near itself
        verified("quoted first fragment", quoted(t, mf=1), 1430, mtu=1430)
        verified("smaller", quoted(t), LOW)
        # RFC 1191 section 3: only the arrival of nothing makes it larger.
        verified("larger again", quoted(t), LOW, mtu=1450)

    # IPv4 only: an old router does not know the next MTU, and a liar says that
    # there is hardly one. Linux has a floor.
    for t in [t for t in tunnels if t.v == 4]:
        from_mid.send(error(t, quoted(t), mtu=0))
        barrier(4)
        report(group, "%s: MTU 0" % t, t.outer_mtu(), 552)
        from_mid.send(error(t, quoted(t), mtu=1))
        from_mid.send(error(t, quoted(t), mtu=68))
        barrier(4)
        report(group, "%s: MTU 0, 1, 68" % t, 68 <= t.outer_mtu() <= LOW)
        flow = Flow(t, 4)
        report(group, "%s: a small packet passes" % t, flow.passes(68))
        flow.close()
    remove_tunnels(tunnels)


def test_forged_beside(group):
    """With ip_gre and ip6_gre loaded: ip_gre obeys an error before it knows
    whose it is (gre_err() in net/ipv4/ip_gre.c updates the route and then looks
    for a tunnel), so that a foreign key is no hindrance. That is the kernel's;
    wrong addresses mean another route, and there mtun is alone."""
    tunnels = add_tunnels(("plain", "all"))
    f = Forger(group, tunnels)
    for t in tunnels:
        other = "192.0.2.77" if t.v == 4 else "2001:db8::77"
        f.send(t, "quoted destination", error(t, quoted(t, dst=other)))
        f.send(t, "quoted addresses swapped",
               error(t, quoted(t, src=t.far, dst=NEAR_ADDR[t.v])))
        f.send(t, "quoted protocol", error(t, quoted(t, proto=253)))
        f.send(t, "wrong checksum", error(t, quoted(t), bad=1))
        f.send(t, "unreachable", error(t, quoted(t), kind=3 if t.v == 4 else 1,
                                       code=1), 1)
        f.send(t, "right", error(t, quoted(t)), 1, LOW)
    remove_tunnels(tunnels)


##############################################################################

def modprobe(*args):
    return subprocess.run(("modprobe", "-q") + args).returncode == 0


def loaded(name):
    with open("/proc/modules") as f:
        return any(line.split()[0] == name for line in f)


def skip(group, text):
    print(group, "skip", text)


def main():
    if modprobe("-r", "ip_gre") and modprobe("-r", "ip6_gre") and \
            not loaded("ip_gre") and not loaded("ip6_gre"):
        test_discovery("alone")
        test_forged("forged")
    else:
        for group in ("alone", "forged"):
            skip(group, "ip_gre or ip6_gre cannot be unloaded")
    test_route("route")
    test_local("local")
    test_nat("nat")
    if modprobe("ip_gre") and modprobe("ip6_gre"):
        # dev and mark are those of the next round.
        test_discovery("beside", ("plain", "df-clear", "keys", "all"))
        test_route("route-beside", True)
        test_forged_beside("forged-beside")
        # And everything as before without them
        if modprobe("-r", "ip_gre") and modprobe("-r", "ip6_gre"):
            test_discovery("after", ("plain", "all"))
        else:
            report("after", "unloading ip_gre and ip6_gre", False)
    else:
        for group in ("beside", "route-beside", "forged-beside", "after"):
            skip(group, "no ip_gre or ip6_gre")
    print("end ok all was run")


main()
