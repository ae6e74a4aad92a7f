#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets of all kinds through tunnels, and what the counters say, for
counters.sh, which has the topology.

	counters.py NEAR FAR [GROUP...]

Writes "GROUP ok|bad TEXT" for each thing that was tried.
"""
import collections
import itertools
import random
import subprocess

from packets import *

NEAR, FAR, *WANTED = sys.argv[1:]
KEYS = {"mt4": 4, "mt6": 6}
OUTER = {"mt4": ("192.0.2.2", "192.0.2.1"), "mt6": ("2001:db8::2",
                                                    "2001:db8::1")}
PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmpv6", GRE: "gre",
             50: "esp"}
SRC = {4: "198.51.100.1", 6: "2001:db8:a::1"}
DST = {4: "203.0.113.1", 6: "2001:db8:b::1"}
EXTENSIONS = (HOPOPTS, 43, DSTOPTS)

from_far = Wire(FAR, "u0", NEAR, "u0")
rng = random.Random(11)
numbers = itertools.count(1)


class Kind:
    """A packet, and what the counters should call it"""

    def __init__(self, data, protocol, flags=(), fragment=False):
        self.data, self.protocol = data, protocol
        self.flags, self.fragment = flags, fragment


def tcp(flags, size=0):
    return struct.pack("!HHIIBBHHH", 1, 2, 3, 4, 0x50, flags, 5, 0, 0) + \
        bytes(size)


def flag_names(flags):
    names = []
    if flags & 2:
        names.append("syn_ack" if flags & 16 else "syn")
    return names + [n for bit, n in ((4, "rst"), (1, "fin")) if flags & bit]


def extended(headers, proto, data):
    """Extension headers ahead of data: the first one's type, and bytes"""
    out, types = b"", [h for h, _ in headers] + [proto]
    for (_, size), following in zip(headers, types[1:]):
        out += struct.pack("!BB", following, size) + bytes(6 + 8 * size)
    return types[0], out + data


def packet(v, proto, data, headers=(), **kw):
    if v == 6:
        proto, data = extended(headers, proto, data)
    return ip(SRC[v], DST[v], proto, data, **kw)


def table():
    for v in (4, 6):
        for proto, name in PROTOCOLS.items():
            if proto != TCP:
                yield Kind(packet(v, proto, bytes(16)), name)
        yield Kind(packet(v, 89, bytes(16)), "other")
        for flags in range(64):
            yield Kind(packet(v, TCP, tcp(flags)), "tcp", flag_names(flags))
        for size in (0, 1, 3, 4, 11, 12, 43, 44, 107, 108, 500, 1200, 1400):
            yield Kind(packet(v, UDP, bytes(size)), "udp")
        # The TCP header ends before its flags.
        yield Kind(packet(v, TCP, tcp(2)[:13]), "tcp")
    yield Kind(packet(4, TCP, tcp(2), options=bytes(40)), "tcp", ["syn"])
    yield Kind(packet(4, TCP, tcp(2), mf=1), "tcp", ["syn"], True)
    yield Kind(packet(4, TCP, tcp(2), off=8), "tcp", [], True)
    yield Kind(packet(4, UDP, bytes(80), mf=1, off=1480), "udp", [], True)
    yield Kind(packet(4, UDP, bytes(80), df=1), "udp")
    yield Kind(packet(4, HOPOPTS, bytes(80)), "other")
    yield Kind(packet(6, TCP, tcp(4), [(x, 0) for x in EXTENSIONS]), "tcp",
               ["rst"])
    yield Kind(packet(6, TCP, tcp(2), [(DSTOPTS, 8)]), "tcp", ["syn"])
    # An authentication header counts in words of 4 bytes.
    yield Kind(packet(6, 51, bytes((TCP, 4)) + bytes(22) + tcp(2)), "tcp",
               ["syn"])
    yield Kind(packet(6, TCP, tcp(2), [(DSTOPTS, 10)]), "tcp")
    yield Kind(packet(6, TCP, tcp(2), [(DSTOPTS, 11)]), "other")
    for off, more, flags, part in ((0, 1, ["syn"], True), (8, 1, [], True),
                                   (16, 0, [], True), (0, 0, ["syn"], False)):
        yield Kind(packet(6, FRAGMENT, frag6_head(TCP, off, more, 7) + tcp(2)),
                   "tcp", flags, part)


def random_kind():
    v = rng.choice((4, 6))
    proto = rng.choice((*PROTOCOLS, 89))
    flags = rng.randrange(256)
    data = tcp(flags, rng.randrange(1300)) if proto == TCP else \
        bytes(rng.randrange(20, 1300))
    name = PROTOCOLS.get(proto, "other")
    part, seen, kw, headers = False, True, {}, []
    if rng.random() < 0.3:
        part = True
        seen = rng.random() < 0.5
        off, more = 0 if seen else 8 * rng.randrange(1, 100), 1
        if v == 4:
            kw = {"mf": more, "off": off}
        else:
            data = frag6_head(proto, off, more, 9) + data
            proto = FRAGMENT
    if v == 6 and rng.random() < 0.3:
        headers = [(rng.choice(EXTENSIONS), rng.randrange(3))
                   for _ in range(rng.randrange(3))]
    return Kind(packet(v, proto, data, headers, **kw), name,
                flag_names(flags) if name == "tcp" and seen else [], part)


def model(kinds):
    """What the JSON should grow by, as {path: number}"""
    want = collections.Counter()
    for k in kinds:
        version = "ipv%d" % (k.data[0] >> 4)
        want[version, k.protocol, "packets"] += 1
        want[version, k.protocol, "bytes"] += len(k.data)
        want["lengths", str(1 << len(k.data).bit_length() - 1)] += 1
        for flag in k.flags:
            want["tcp_flags", flag] += 1
        if k.fragment:
            want["fragments",] += 1
    return want


def flat(tree, path=()):
    """{path: number} of nested objects"""
    if not isinstance(tree, dict):
        return {path: tree}
    return {p: n for key, sub in tree.items()
            for p, n in flat(sub, path + (key,)).items()}


def kinds_of(ns, tunnel, direction):
    return collections.Counter(
        flat(counters(ns)[tunnel].get(direction, {})))


def total(counts, what):
    return sum(n for path, n in counts.items() if path[-1] == what)


def receive(tunnel, data):
    src, dst = OUTER[tunnel]
    from_far.send(ip(src, dst, GRE, gre(data, KEYS[tunnel])))


def device_socket(tunnel):
    with netns(NEAR):
        return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM), tunnel


def transmit(to, data):
    sock, tunnel = to
    sock.sendto(data, (tunnel, ETH_P_IPV6 if data[0] >> 4 == 6 else ETH_P_IP))


def growth(ns, tunnel, direction):
    """A function that tells what has been counted since"""
    old = kinds_of(ns, tunnel, direction)

    def grown():
        new = kinds_of(ns, tunnel, direction)
        new.subtract(old)
        return {p: n for p, n in new.items() if n}
    return grown


def compare(group, text, kinds):
    """The packets through each tunnel, both ways, against the model"""
    want = model(kinds)
    for tunnel in KEYS:
        out = device_socket(tunnel)
        for direction, send in (
                ("ingress", lambda data: receive(tunnel, data)),
                ("egress", lambda data: transmit(out, data))):
            grown = growth(NEAR, tunnel, direction)
            for k in kinds:
                send(k.data)
            until(lambda: total(grown(), "packets") >= len(kinds))
            report(group, "%s: %s, %s" % (text, tunnel, direction), grown(),
                   dict(want))


def test_none():
    stats = counters(NEAR)["mt4"]
    report("none", "a new tunnel has no kinds",
           [stats.get(d) for d in ("ingress", "egress")], [None, None])


def test_table():
    compare("table", "all kinds", list(table()))


def test_random():
    compare("random", "400 packets", [random_kind() for _ in range(400)])


def test_nonlinear():
    """Outer fragments, put together again: the inner packet is in pieces"""
    kinds = [Kind(packet(4, TCP, tcp(2, 1200)), "tcp", ["syn"]),
             Kind(packet(6, TCP, tcp(1, 1200), [(DSTOPTS, 3)]), "tcp",
                  ["fin"])]
    for tunnel, (src, dst) in OUTER.items():
        for size in (24, 48, 64, 136, 512):
            grown = growth(NEAR, tunnel, "ingress")
            for k in kinds:
                from_far.send(*fragment(src, dst, GRE,
                                        gre(k.data, KEYS[tunnel]), size,
                                        next(numbers)))
            until(lambda: total(grown(), "packets") >= len(kinds))
            report("nonlinear", "%s, pieces of %d bytes" % (tunnel, size),
                   grown(), dict(model(kinds)))


def kind_of(data):
    """Of a packet that a socket has sent: no extension headers, no fragments"""
    p = Packet(data)
    flags = p.data[13] if p.proto == TCP else 0
    return Kind(data[:p.len], PROTOCOLS[p.proto], flag_names(flags))


def offloads(ns, state):
    gro = {"on": "off", "off": "on"}[state]
    with netns(ns):
        subprocess.run(("ethtool", "-K", "u0", *itertools.chain(*(
            (f, state) for f in ("tx", "sg", "tso", "gso",
                                 "tx-gre-segmentation",
                                 "tx-gre-csum-segmentation"))), "gro", gro),
            check=True, stdout=subprocess.DEVNULL)


def end_in_bulk(stream):
    """The FIN goes with the last of more than the far end has room for, which are
    sent together when it has."""
    with contextlib.suppress(BlockingIOError):
        while True:
            stream.tx.send(bytes(1 << 16))
    stream.tx.shutdown(socket.SHUT_WR)
    stream.rx.setblocking(True)
    stream.rx.settimeout(WAIT)
    while stream.rx.recv(1 << 20):
        pass


def test_segments():
    """Offload packets are counted as what is on the wire, of both ends. Bulk TCP
    and UDP segments: what leaves is cut before the tap, and put together again
    behind the far end's."""
    for ns, n in ((NEAR, 1), (FAR, 2)):
        ip_batch(ns, ["addr add 10.4.0.%d/24 dev mt4" % n,
                      "addr add fd06::%d/64 dev mt6" % n])
        offloads(ns, "off")
    for tunnel, one, two in (("mt4", "10.4.0.1", "10.4.0.2"),
                             ("mt6", "fd06::1", "fd06::2")):
        tap = Tap(NEAR, "u0", outgoing=True)
        grown = growth(NEAR, tunnel, "egress")
        received = growth(FAR, tunnel, "ingress")
        stream = Stream(NEAR, one, FAR, two, 5001)
        transfer([stream], bytes(2 << 20))
        report("segments", tunnel + ": all bytes arrive", stream.ok())
        end_in_bulk(stream)
        stream.close()
        family = socket.AF_INET6 if ":" in two else socket.AF_INET
        sock = udp_socket(NEAR, family)
        sock.setsockopt(UDP, 103, 700)   # UDP_SEGMENT
        for size in (700, 1400, 7001, 700 * 60):
            sock.sendto(bytes(size), (two, 9))

        def settled():
            new = kinds_of(NEAR, tunnel, "egress")
            time.sleep(0.2)
            return new == kinds_of(NEAR, tunnel, "egress")
        until(settled)
        sent = [Packet(p).gre()[2] for _, p in
                tap.read(lambda _, p: Packet(p).proto == GRE and
                         (Packet(p).version == 4) == (tunnel == "mt4"))]
        want = dict(model([kind_of(p) for p in sent]))
        report("segments", "%s: sent, %d on the wire" % (tunnel, len(sent)),
               grown(), want)
        until(lambda: total(received(), "packets") >= len(sent))
        report("segments", tunnel + ": received", received(), want)
        stats = counters(NEAR)[tunnel]
        report("segments", tunnel + ": most were offload packets",
               stats["egress"]["lengths"].get("1024", 0) > 1400)


def esp_end(ns, tunnel, if_id, here, there):
    """A tunnel of mode ipsec, with states for both directions"""
    mtctl(ns, ["tunnel add %s local %s remote %s mode ipsec if-id %d up on"
               % (tunnel, here, there, if_id)])
    lines = ["xfrm state add src %s dst %s proto esp spi 0x77 reqid 1 mode tunnel "
             "flag af-unspec if_id %d aead rfc4106(gcm(aes)) 0x%s 128"
             % (src, dst, if_id, bytes(range(20)).hex())
             for src, dst in ((here, there), (there, here))]
    for way, src, dst in (("out", here, there), ("in", there, here),
                          ("fwd", there, here)):
        lines += ["xfrm policy add src %s dst %s dir %s tmpl src %s dst %s proto "
                  "esp reqid 1 mode tunnel if_id %d"
                  % (any_, any_, way, src, dst, if_id)
                  for any_ in ("0.0.0.0/0", "::/0")]
    ip_batch(ns, lines)


def test_esp():
    """In ESP: what near sends is what far receives."""
    if subprocess.run(("modprobe", "-q", "-a", "esp4", "esp6"), check=False).returncode:
        print("esp skip no kernel module esp4 or esp6")
        return
    kinds = [k for k in (*table(), *(random_kind() for _ in range(100)))
             if len(k.data) <= 1426]    # the MTU of esp6
    want = dict(model(kinds))
    for tunnel, if_id, one, two in (("esp4", 4, "192.0.2.1", "192.0.2.2"),
                                    ("esp6", 6, "2001:db8::1", "2001:db8::2")):
        esp_end(NEAR, tunnel, if_id, one, two)
        esp_end(FAR, tunnel, if_id, two, one)
        sent = growth(NEAR, tunnel, "egress")
        received = growth(FAR, tunnel, "ingress")
        out = device_socket(tunnel)
        for k in kinds:
            transmit(out, k.data)
        until(lambda: total(received(), "packets") >= len(kinds))
        report("esp", tunnel + ": sent", sent(), want)
        report("esp", tunnel + ": received", received(), want)
        for ns in NEAR, FAR:
            stats = counters(ns)[tunnel]
            report("esp", "%s in %s: nothing dropped" % (tunnel, ns),
                   {name: n for name, n in stats.items() if "-" in name and n}, {})


def test_dump():
    """One dump has all tunnels, and the sums are the sums"""
    if WANTED:
        compare("dump", "some packets", [random_kind() for _ in range(20)])
    for tunnel, stats in counters(NEAR).items():
        for direction, short in (("ingress", "rx"), ("egress", "tx")):
            counts = flat(stats.get(direction, {}))    # esp4 sends alone
            for what in "packets", "bytes":
                report("dump", "%s, %s: %s" % (tunnel, direction, what),
                       total(counts, what), stats["%s_%s" % (short, what)])
            report("dump", "%s, %s: lengths" % (tunnel, direction),
                   sum(n for path, n in counts.items()
                       if path[0] == "lengths"),
                   stats[short + "_packets"])


run_wanted((test_none, test_table, test_random, test_nonlinear, test_segments,
            test_esp, test_dump), WANTED)
