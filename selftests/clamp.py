# SPDX-License-Identifier: GPL-2.0
"""The packets of clamp.sh, which has the topology.

Protected are 203.0.113.0/24 and 2001:db8:100::/48, hosts behind lan; hosts of the
Internet, 198.51.100.0/24 and 2001:db8:200::/48, are behind isp. Host N is reached
by the links of number N. lan and isp are no routers: packets are made and read
at their devices.
"""
import json
import random
import socket
import struct
import subprocess
import sys
from ipaddress import ip_network

from faults import Fails, Skip
from packets import (MTCTL, TCP, Packet, Stream, Tap, Wire, ip, ip_batch,
                     mtctl, netns, pattern, report, transfer, until, upper_csum)

LAN, NEAR, ISP, CLIENT, NODE, ROUTER, SERVER = sys.argv[1:8]

SYN, ACK, RST, FIN, PSH, ECE, CWR = 2, 16, 4, 1, 8, 64, 128

# number: (what it is, near's device of the clamp, isp's device)
KINDS = {0: ("veth", "e0", "e0"), 1: ("VLAN", "e1.7", "e1.7"),
         2: ("bond", "b2", "e2"), 3: ("bridge member", "e3", "e3"),
         4: ("VRF slave", "e4", "e4")}
BRIDGED = 3

PROTECTED = {4: "203.0.113.%d", 6: "2001:db8:100::%x"}
OTHER = {4: "192.0.2.%d", 6: "2001:db8:300::%x"}
INTERNET = {4: "198.51.100.%d", 6: "2001:db8:200::%x"}

ports = iter(range(1025, 65536))


def tcp(src, dst, sport, flags=SYN, mss=1460, data=b"", more=b"\1\3\3\7"):
    options = (struct.pack("!BBH", 2, 4, mss) if mss else b"") + more
    size = (20 + len(options)) // 4
    head = struct.pack("!HHIIBBH", sport, 80, 7, 9, size << 4, flags, 5000)
    tail = b"\0\0" + options + data
    total = upper_csum(src, dst, TCP, head + b"\0\0" + tail)
    return head + struct.pack("!H", total) + tail


def packet(src, dst, sport, hops=64, **kw):
    body = tcp(src, dst, sport, **kw)
    return ip(src, dst, TCP, body,
              **({"hlim": hops} if ":" in src else {"ttl": hops}))


def key(data):
    p = Packet(data)
    return struct.unpack("!H", p.data[:2])[0] if p.proto == TCP else None


def mac(ns, dev):
    with netns(ns):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((dev, 0))
            return ":".join("%02x" % b for b in sock.getsockname()[4])


def set_up_routes():
    lines = []
    for n, (_, dev, far) in KINDS.items():
        if n == BRIDGED:
            continue
        table = " table 104" if n == 4 else ""
        lines += ["addr add 10.9.%d.1/24 dev l%d" % (n, n),
                  "addr add 10.20.%d.1/24 dev %s" % (n, dev),
                  "addr add 2001:db8:9:%d::1/64 dev l%d" % (n, n),
                  "addr add 2001:db8:20:%d::1/64 dev %s" % (n, dev)]
        for net, link, lladdr, hosts in (
                ("9", "l%d" % n, mac(LAN, "l%d" % n), (PROTECTED, OTHER)),
                ("20", dev, mac(ISP, far), (INTERNET,))):
            via = {4: "10.%s.%d.2" % (net, n), 6: "2001:db8:%s:%d::2" % (net, n)}
            for v in (4, 6):
                lines.append("neigh replace %s lladdr %s dev %s" %
                             (via[v], lladdr, link))
                for host in hosts:
                    lines.append("route add %s via %s dev %s%s" %
                                 (host[v] % n, via[v], link, table))
    ip_batch(NEAR, lines)


class Path:
    """Packets through near, from lan to isp or the other way"""

    def __init__(self, n, leaves=True):
        _, dev, far = KINDS[n]
        self.hops = 64 if n == BRIDGED else 63
        if leaves:
            to = (ISP, far) if n == BRIDGED else (NEAR, "l%d" % n)
            self.wire = Wire(LAN, "l%d" % n, *to)
            self.tap = Tap(ISP, far)
        else:
            to = (LAN, "l%d" % n) if n == BRIDGED else (NEAR, dev)
            self.wire = Wire(ISP, far, *to)
            self.tap = Tap(LAN, "l%d" % n)

    def send(self, group, text, cases):
        """cases: (SRC, DST, MSS afterwards or None for any, arguments)"""
        want = {}
        self.tap.clear()
        for src, dst, after, kw in cases:
            sport = next(ports)
            self.wire.send(packet(src, dst, sport, **kw))
            changed = dict(kw, mss=after) if after is not None else kw
            want[sport] = packet(src, dst, sport, self.hops, **changed)
        got = {key(d): d for _, d in self.tap.wait(
            lambda _, d: key(d) in want, len(want))}
        bad = [s for s in want if got.get(s) != want[s]]
        report(group, "%s: %d packets" % (text, len(want)),
               [(want[s].hex(), got[s].hex() if s in got else "nothing")
                for s in bad[:2]], [])


def show(ns, dev):
    out = subprocess.run((MTCTL, "-n", ns, "-j", "-s", "clamp", "show", "dev",
                          dev), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(out.stdout)[0]


def counted(group, text, ns, dev, **want):
    stats = show(ns, dev)["stats"]
    want = dict(dict.fromkeys(stats, 0), **want)
    report(group, "%s: counters" % text, stats, want)


PREFIXES = "src 203.0.113.0/24 src 2001:db8:100::/48"


def handshakes(n, limit, ends=(PROTECTED, INTERNET), insert=False):
    """What a clamp to LIMIT does to packets from the one to the other"""
    cases = []
    for v in (4, 6):
        src, dst = (end[v] % n for end in ends)
        for kw in ({}, {"flags": SYN | ACK}, {"data": b"early data"},
                   {"flags": SYN | ECE | CWR}):
            cases.append((src, dst, limit, kw))
        cases.append((src, dst, min(limit, 536), {"mss": 536}))
        added = min(limit, 536 if v == 4 else 1220) if insert else None
        cases.append((src, dst, added, {"mss": 0}))
        for flags in (ACK, RST | ACK, FIN | ACK, SYN | RST, SYN | FIN):
            cases.append((src, dst, None, {"flags": flags}))
    return cases


def test_devices(group):
    for n, (name, dev, _) in KINDS.items():
        path = Path(n)
        path.send(group, name + " without a clamp",
                  [c[:2] + (None,) + c[3:] for c in handshakes(n, 1400)])
        mtctl(NEAR, ["clamp add dev %s mss 1400 %s" % (dev, PREFIXES)])
        path.send(group, name + ", protected", handshakes(n, 1400))
        path.send(group, name + ", not protected",
                  [c[:2] + (None,) + c[3:]
                   for c in handshakes(n, 1400, (OTHER, INTERNET))])
        counted(group, name, NEAR, dev, seen=12, lowered=8, small=2, absent=2)
        mtctl(NEAR, ["clamp set dev %s insert on" % dev])
        path.send(group, name + ", added",
                  handshakes(n, 1400, insert=True))
        counted(group, name + ", added", NEAR, dev, seen=24, lowered=16,
                small=4, absent=2, inserted=2)
        mtctl(NEAR, ["clamp del dev %s" % dev])
        path.send(group, name + " without a clamp again",
                  [c[:2] + (None,) + c[3:] for c in handshakes(n, 1400)])


def test_directions(group):
    """The prefixes are of those behind near, whichever way packets go."""
    out, back = Path(0), Path(0, False)
    mtctl(NEAR, ["clamp add dev e0 mss 1300 %s" % PREFIXES])
    for direction in ("out", "in", "both"):
        mtctl(NEAR, ["clamp set dev e0 %s" % direction])
        for path, ways in ((out, ("out", "both")), (back, ("in", "both"))):
            ends = (PROTECTED, INTERNET) if path is out else (INTERNET,
                                                              PROTECTED)
            cases = handshakes(0, 1300, ends)
            if direction not in ways:
                cases = [c[:2] + (None,) + c[3:] for c in cases]
            path.send(group, "%s, packets that %s" % (
                direction, "leave" if path is out else "arrive"), cases)
            other = [OTHER if e is PROTECTED else e for e in ends]
            path.send(group, "%s, others" % direction,
                      [c[:2] + (None,) + c[3:]
                       for c in handshakes(0, 1300, other)])
    mtctl(NEAR, ["clamp set dev e0 both mss 500 insert on"])
    out.send(group, "added to packets that leave",
             handshakes(0, 500, (PROTECTED, INTERNET), True))
    back.send(group, "added to packets that arrive",
              handshakes(0, 500, (INTERNET, PROTECTED), True))
    mtctl(NEAR, ["clamp set dev e0 both mss 1300 insert off"])
    # A bridge looks at the link layer header of what has arrived.
    mtctl(NEAR, ["clamp add dev e3 both mss 500 insert on"])
    Path(BRIDGED, False).send(
        group, "added to packets that arrive at a bridge",
        handshakes(BRIDGED, 500, (INTERNET, PROTECTED), True))
    mtctl(NEAR, ["clamp del dev e3"])
    mtctl(NEAR, ["clamp set dev e0 both src any dst 198.51.100.0/24"])
    for path, ends in ((out, (OTHER, INTERNET)), (back, (INTERNET, OTHER))):
        path.send(group, "dst, IPv4 only",
                  [c if "." in c[0] else c[:2] + (None,) + c[3:]
                   for c in handshakes(0, 1300, ends)])
    mtctl(NEAR, ["clamp set dev e0 both src 203.0.113.0/24 dst 192.0.2.0/24"])
    out.send(group, "src matches and dst does not",
             [c[:2] + (None,) + c[3:] for c in handshakes(0, 1300)])
    mtctl(NEAR, ["clamp del dev e0"])


def test_prefixes(group):
    """Hundreds of prefixes, some in others, against Python's own arithmetic"""
    rng = random.Random(4)
    path = Path(0)
    nets = set()
    for _ in range(400):
        length = rng.randrange(17, 33)
        nets.add(ip_network((0x0a300000 | rng.randrange(1 << 20), length),
                            strict=False))
        length = rng.randrange(33, 129)
        top = 0x20010db8 << 96 | rng.randrange(1 << 8) << 88
        nets.add(ip_network((top | rng.randrange(1 << 88), length),
                            strict=False))
    # of which some addresses are in, and many are not
    addrs = []
    for net in sorted(nets, key=str):
        low, high = int(net[0]), int(net[-1])
        kind = type(net[0])
        addrs += [kind(a) for a in (low - 1, low, high, high + 1)]
    addrs = [a for a in addrs if not a.is_loopback and not a.is_multicast]
    addrs = rng.sample(addrs, 600)
    mtctl(NEAR, ["clamp add dev e0 mss 1111 " +
                 " ".join("src %s" % n for n in sorted(nets, key=str))])
    cases, inside = [], 0
    for a in addrs:
        match = any(a in n for n in nets if n.version == a.version)
        inside += match
        cases.append((str(a), INTERNET[a.version] % 0, 1111 if match else None,
                      {}))
    path.send(group, "%d prefixes, %d of the addresses inside" % (len(nets),
                                                                  inside),
              cases)
    counted(group, "prefixes", NEAR, "e0", seen=inside, lowered=inside)
    mtctl(NEAR, ["clamp del dev e0"])


def peer_mss(sock):
    """What the other end has said that it takes"""
    return sock.getsockopt(socket.IPPROTO_TCP, 2)     # TCP_MAXSEG


def test_local(group):
    """Packets of near's own: the sum is left to the device, or to veth."""
    ip_batch(ISP, ["addr add 10.20.0.2/24 dev e0",
                   "addr add 2001:db8:20:0::2/64 dev e0"])
    mtctl(NEAR, ["clamp add dev e0 mss 1000"])
    for src, dst in (("10.20.0.1", "10.20.0.2"),
                     ("2001:db8:20::1", "2001:db8:20::2")):
        for way in ("out", "both"):
            mtctl(NEAR, ["clamp set dev e0 %s" % way])
            for ends, who in (((NEAR, src, ISP, dst), "near"),
                              ((ISP, dst, NEAR, src), "isp")):
                s = Stream(*ends, 5001)
                near, isp = (s.tx, s.rx) if who == "near" else (s.rx, s.tx)
                text = "%s, %s begins, to %s" % (way, who, dst)
                # 12 bytes less for timestamps
                report(group, text + ": isp sends at most", peer_mss(isp), 988)
                if way == "both":
                    report(group, text + ": near sends at most",
                           peer_mss(near), 988)
                else:
                    report(group, text + ": near is not bound",
                           peer_mss(near) > 1400)
                transfer([s], pattern(300000, 5))
                report(group, text + ": 300 kB", s.ok())
                s.close()
    stats = show(NEAR, "e0")["stats"]
    # out: a SYN or a SYN-ACK a connection; both: the other one as well
    report(group, "counters", (stats["seen"], stats["lowered"]), (12, 12))
    mtctl(NEAR, ["clamp del dev e0"])


def test_auto(group):
    path = Path(0)
    mtctl(NEAR, ["clamp add dev e0"])
    for mtu in (1500, 1400, 1280, 1500):
        ip_batch(NEAR, ["link set e0 mtu %d" % mtu])
        path.send(group, "MTU %d" % mtu,
                  [(PROTECTED[v] % 0, INTERNET[v] % 0,
                    min(9000, mtu - (40 if v == 4 else 60)), {"mss": 9000})
                   for v in (4, 6)])
    mtctl(NEAR, ["clamp del dev e0"])


def test_untouched(group):
    """Nothing else changes, whatever looks a bit like a handshake"""
    rng = random.Random(7)
    path = Path(0)
    mtctl(NEAR, ["clamp add dev e0 mss 500"])
    cases = []
    for _ in range(300):
        v = rng.choice((4, 6))
        flags = rng.choice([f for f in range(256) if f & 7 != SYN])
        cases.append((PROTECTED[v] % 0, INTERNET[v] % 0, None,
                      {"flags": flags, "mss": rng.randrange(1, 65536),
                       "data": rng.randbytes(rng.randrange(100))}))
    path.send(group, "no handshakes", cases)
    counted(group, "no handshakes", NEAR, "e0")
    # TCP MD5 (RFC 2385)
    md5 = b"\1\1" + bytes((19, 18)) + bytes(16)
    path.send(group, "signed", [(PROTECTED[v] % 0, INTERNET[v] % 0, None,
                                 {"more": md5}) for v in (4, 6)])
    bad = b"\1\1\1\x05"
    path.send(group, "malformed", [(PROTECTED[v] % 0, INTERNET[v] % 0, None,
                                    {"more": bad}) for v in (4, 6)])
    counted(group, "signed and malformed", NEAR, "e0", seen=4, signed=2,
            malformed=2)
    mtctl(NEAR, ["clamp del dev e0"])


##############################################################################
# Direct Server Return

SERVERS = ("203.0.113.2", "2001:db8:100::2")


def blocked():
    """ICMP errors that the client did not get"""
    with netns(CLIENT):
        out = subprocess.run(("nft", "-j", "list", "table", "inet", "t"),
                             stdout=subprocess.PIPE, text=True, check=True)
    return [e["counter"]["packets"] for r in json.loads(out.stdout)["nftables"]
            if "rule" in r for e in r["rule"]["expr"] if "counter" in e]


def stalls(group, server, which):
    """What the client sends is too big, and it does not hear of it."""
    before = blocked()[which]
    s = Stream(CLIENT, None, SERVER, server, 5001)
    s.tx.send(pattern(100000, 6))
    report(group, "%s: errors about a transfer are blocked" % server,
           until(lambda: blocked()[which] >= before + 3))
    # Without the clamp: not one full segment has come through.
    s.rx.setblocking(False)
    try:
        got = len(s.rx.recv(1 << 20))
    except BlockingIOError:
        got = 0
    report(group, "%s: and it stalls" % server, got, 0)
    s.close()


def works(group, server, text, least):
    s = Stream(CLIENT, None, SERVER, server, 5001)
    mss = peer_mss(s.tx)
    report(group, "%s: client sends at most" % text, mss, least)
    transfer([s], pattern(500000, 7))
    report(group, "%s: 500 kB" % text, s.ok())
    s.close()


def test_return(group):
    for which, server in enumerate(SERVERS):
        stalls(group, server, which)
    mtctl(ROUTER, ["clamp add dev p0 mss 1416 src 203.0.113.0/24 "
                   "src 2001:db8:100::/48"])
    for server in SERVERS:
        works(group, server, "clamp at the port, %s" % server, 1416 - 12)
    stats = show(ROUTER, "p0")["stats"]
    report(group, "SYN-ACKs lowered", (stats["seen"], stats["lowered"]), (2, 2))
    mtctl(ROUTER, ["clamp del dev p0"])
    for which, server in enumerate(SERVERS):
        stalls(group, server, which)


def test_tunnel(group):
    """Both directions through the tunnel: the clamp is the tunnel's."""
    ip_batch(ROUTER, ["route replace 192.0.2.0/24 dev mt0",
                      "route del 2001:db8:2::/64",
                      "route add 2001:db8:2::/64 dev mt0"])
    for which, server in enumerate(SERVERS):
        stalls(group, server, which)
    mtctl(ROUTER, ["tunnel set mt0 mss-tx auto"])
    works(group, SERVERS[0], "mss-tx auto, IPv4", 1436 - 12)
    works(group, SERVERS[1], "mss-tx auto, IPv6", 1416 - 12)
    mtctl(ROUTER, ["tunnel set mt0 mss off"])
    mtctl(NODE, ["tunnel set mt0 mss-rx auto"])
    works(group, SERVERS[0], "mss-rx auto of the node, IPv4", 1436 - 12)
    works(group, SERVERS[1], "mss-rx auto of the node, IPv6", 1416 - 12)
    mtctl(NODE, ["tunnel set mt0 mss off"])


def test_memory(group):
    """Somebody listens at the device, so that the header would have to be copied
    to be written to, and there is no memory: the packet goes on as it is."""
    mtctl(NEAR, ["clamp add dev e3 in mss 500 insert on"])
    path = Path(BRIDGED, False)
    try:
        with Fails("pskb_expand_head", "e3", -12):
            listener = Tap(NEAR, "e3")
            path.send(group, "as it is", [
                (INTERNET[v] % BRIDGED, PROTECTED[v] % BRIDGED, None, kw)
                for v in (4, 6) for kw in ({}, {"mss": 0})])
            listener.sock.close()
        counted(group, "as it is", NEAR, "e3", seen=4, no_memory=4)
    except Skip as why:
        print(group, "skip", why)
    mtctl(NEAR, ["clamp del dev e3"])


def main():
    set_up_routes()
    test_devices("devices")
    test_directions("directions")
    test_prefixes("prefixes")
    test_local("local")
    test_auto("auto")
    test_untouched("untouched")
    test_memory("memory")
    test_return("return")
    test_tunnel("tunnel")
    print("end ok all was run")


main()
