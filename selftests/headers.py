#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets for headers.sh and what their outer headers must be.

	headers.py tunnels	one line a tunnel: its name, arguments of mtctl
	headers.py far		the addresses of their far ends, for ip -batch
	headers.py count	how many packets "send" sends, and how many of
				them through 4plain
	headers.py send		sends them, in the namespace of the tunnels
	headers.py check OUTER INNER
				compares the captures with what was sent, and
				writes "PROPERTY bad|done TEXT" lines
	headers.py flow NEAR FAR MID
				sends flows in namespace NEAR and looks at their
				labels in FAR and at the paths that they take
				behind MID; writes such lines, too
"""
import collections
import ctypes
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 0x0003, 0x0800, 0x86dd



class Tunnel:
    def __init__(self, six, name, args="", okey=None, ttl=64, tos=0,
                 csum=False, seq=False, few=True):
        self.six, self.name, self.args = six, "46"[six] + name, args
        self.okey, self.ttl, self.tos = okey, ttl, tos
        self.csum, self.seq = csum, seq
        self.few = few      # fewer kinds of packets
        self.local = "2001:db8::1" if six else "192.0.2.1"
        self.flags = (0x8000 if csum else 0) | \
            (0x2000 if okey is not None else 0) | (0x1000 if seq else 0)

    def header(self, proto, number, data):
        """What RFC 2784 and RFC 2890 say, byte for byte"""
        head = struct.pack("!HH", self.flags, proto)
        if self.csum:
            head += bytes(4)
        if self.okey is not None:
            head += struct.pack("!I", self.okey)
        if self.seq:
            head += struct.pack("!I", number)
        if self.csum:
            head = head[:4] + struct.pack("!H", checksum(head + data)) + \
                head[6:]
        return head


def tunnels():
    for six in (False, True):
        key = "1.2.3.4" if six else "7"
        yield Tunnel(six, "plain", few=False)
        yield Tunnel(six, "keyed", "key %s ttl 255 tos 0xb8" % key,
                     0x01020304 if six else 7, 255, 0xb8, few=False)
        yield Tunnel(six, "inherit",
                     "ikey 1 okey 4294967295 ttl 1 tos inherit", 0xffffffff, 1,
                     "inherit", few=False)
        yield Tunnel(six, "key0", "key 0 ttl 200 tos 4", 0, 200, 4, few=False)
        yield Tunnel(six, "ttl", "ttl inherit tos inherit", None, "inherit",
                     "inherit", few=False)
        # Each way for itself: what is received says nothing of what is sent.
        yield Tunnel(six, "csum", "ocsum on iseq on", csum=True)
        yield Tunnel(six, "seq", "oseq on icsum on ikey 3", seq=True)
        yield Tunnel(six, "cs", "csum on seq on", csum=True, seq=True)
        yield Tunnel(six, "kc", "key 0x80000000 csum on", 0x80000000,
                     csum=True)
        yield Tunnel(six, "ks", "okey 9 seq on", 9, seq=True)
        yield Tunnel(six, "kcs",
                     "key 10 csum on seq on ttl inherit tos inherit", 10,
                     "inherit", "inherit", True, True)
        yield Tunnel(six, "in", "ikey 11 icsum on iseq on")


TUNNELS = {t.name: t for t in tunnels()}
# Each has a far end of its own.
for host, tunnel in enumerate(TUNNELS.values()):
    tunnel.remote = ("2001:db8::%x" if tunnel.six else "192.0.2.%d") % \
        (host + 2)

# DSCP 0, EF, a middle one and all bits; ECN not capable, ECT(1), ECT(0), CE
TOS = [0x00, 0x01, 0x02, 0x03, 0xb8, 0xb9, 0xba, 0xbb, 0x28, 0xfe, 0xff]
PROTO = 253     # for experiments (RFC 3692): no dissector interferes


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def inner4(ident, tos, ttl, payload, df):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), ident,
                       0x4000 if df else 0, ttl, PROTO, 0,
                       socket.inet_aton("198.51.100.1"),
                       socket.inet_aton("203.0.113.9"))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + payload


def inner6(ident, tos, ttl, payload):
    return struct.pack("!IHBB16s16s", 6 << 28 | tos << 20 | ident,
                       len(payload), PROTO, ttl,
                       socket.inet_pton(socket.AF_INET6, "2001:db8:1::1"),
                       socket.inet_pton(socket.AF_INET6, "2001:db8:2::9")
                       ) + payload


Packet = collections.namedtuple("Packet",
                                "number tunnel proto tos ttl sequence data")


def packets():
    """Always the same.

    The number is in the IPv4 identification or the IPv6 flow label of the
    inner packet, so that a captured packet can be told.
    """
    rnd = random.Random(1)
    number = 0
    for tunnel in TUNNELS.values():
        mtu = 1500 - (40 if tunnel.six else 20) - len(tunnel.header(0, 0, b""))
        sizes = [(tos, 100 + tos) for tos in (TOS[1:6] if tunnel.few else TOS)]
        sizes += [(0, 0), (0, 1), (0, 255), (0, mtu)]
        sequence = 0
        for tos, size in sizes:
            ttl = (33, 1, 64, 255, 128)[number // 2 % 5]
            for proto, head in ((ETH_P_IP, 20), (ETH_P_IPV6, 40)):
                number += 1
                # 0 and 1 are the smallest, and one byte more.
                payload = rnd.randbytes(size - head if size > 1 else size)
                if tunnel.csum and size == 255:
                    payload = zero_sum(tunnel, proto, sequence, number, tos,
                                       ttl, payload)
                yield Packet(number, tunnel, proto, tos, ttl, sequence,
                             make(proto, number, tos, ttl, payload))
                sequence += 1


def make(proto, number, tos, ttl, payload):
    if proto == ETH_P_IP:
        return inner4(number, tos, ttl, payload, number % 2)
    return inner6(number, tos, ttl, payload)


def zero_sum(tunnel, proto, sequence, number, tos, ttl, payload):
    """A payload that makes the GRE checksum 0, which is a checksum like any
    other: only UDP has another meaning for it."""
    payload = payload[:-2 - (len(payload) % 2)] + bytes(2)
    head = tunnel.header(proto, sequence, make(proto, number, tos, ttl,
                                               payload))
    payload = payload[:-2] + head[4:6]
    assert tunnel.header(proto, sequence, make(proto, number, tos, ttl,
                                               payload))[4:6] == bytes(2)
    return payload


def send():
    # Packet sockets hand their bytes to the device as they are.
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
        for pkt in packets():
            sock.sendto(pkt.data, (pkt.tunnel.name, pkt.proto))


def pcap(path):
    """The link type and the packets of a capture."""
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") \
        else ">"
    link, = struct.unpack_from(order + "I", data, 20)
    at, found = 24, []
    while at + 16 <= len(data):
        caplen, = struct.unpack_from(order + "I", data, at + 8)
        found.append(data[at + 16:at + 16 + caplen])
        at += 16 + caplen
    return link & 0xffff, found


FIELDS = """
    frame.protocols frame.len _ws.malformed _ws.expert.message
    ip.version ip.hdr_len ip.dsfield.dscp ip.dsfield.ecn ip.len ip.flags.df
    ip.flags.mf ip.frag_offset ip.ttl ip.proto ip.checksum.status ip.src ip.dst
    ip.id
    ipv6.version ipv6.tclass.dscp ipv6.tclass.ecn ipv6.plen ipv6.nxt ipv6.hlim
    ipv6.src ipv6.dst ipv6.flow
    gre.flags_and_version gre.flags.checksum gre.flags.routing gre.flags.key
    gre.flags.sequence_number gre.flags.version gre.proto gre.key
    gre.checksum gre.checksum.status gre.offset gre.sequence_number
""".split()


def dissect(path):
    """Per packet: field -> list of its values, outermost first."""
    cmd = ["tshark", "-n", "-r", path, "-o", "ip.check_checksum:TRUE",
           "-T", "fields", "-E", "separator=|", "-E", "aggregator=;",
           "-E", "occurrence=a"]
    for field in FIELDS:
        cmd += ["-e", field]
    out = subprocess.run(cmd, check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    for line in out.splitlines():
        yield {f: v.split(";") if v else []
               for f, v in zip(FIELDS, line.split("|"))}


def number(text):
    return int(text, 0)


class Report:
    """Collects what differs; what was compared is counted too."""

    def __init__(self):
        self.counts = {}

    def same(self, prop, who, field, got, want):
        self.counts[prop] = self.counts.get(prop, 0) + 1
        if got != want:
            print("%s bad %s: %s is %r, expected %r" %
                  (prop, who, field, got, want))

    def done(self):
        for prop, count in self.counts.items():
            print("%s done %d comparisons" % (prop, count))


def check(outer_path, inner_path):
    rep = Report()
    link, frames = pcap(outer_path)
    assert link == 1, "the underlay is Ethernet"
    dissected = list(dissect(outer_path))
    assert len(dissected) == len(frames)

    sent = {pkt.number: pkt for pkt in packets()}
    seen = {}
    for frame, fields in zip(frames, dissected):
        # Of the inner packet: the second header where the outer one is of
        # the same family, else the first.
        if number(fields["gre.proto"][0]) == ETH_P_IP:
            n = number(fields["ip.id"][-1])
        else:
            n = number(fields["ipv6.flow"][-1])
        seen[n] = seen.get(n, 0) + 1
        if n not in sent:
            rep.same("sent", "packet %d" % n, "sent", False, True)
            continue
        check_one(rep, sent[n], frame, fields)

    for n, pkt in sent.items():
        rep.same("sent", who(pkt), "captured", seen.get(n, 0), 1)

    # DLT_RAW, 101 in files: the packet begins with the inner IP header.
    link, frames = pcap(inner_path)
    rep.same("tunnel", "4plain", "link type", link, 101)
    want = [pkt.data for pkt in sent.values() if pkt.tunnel.name == "4plain"]
    rep.same("tunnel", "4plain", "packets", len(frames), len(want))
    rep.same("tunnel", "4plain", "bytes", frames == want, True)
    rep.done()


def who(pkt):
    return "%s packet %d proto %#x %d bytes tos %#x ttl %d" % (
        pkt.tunnel.name, pkt.number, pkt.proto, len(pkt.data), pkt.tos,
        pkt.ttl)


# What tshark remarks about packets that are as they are meant to be
REMARKS = ('"Time To Live" ', "IPv6 payload length equals 0")


def check_one(rep, pkt, frame, fields):
    tun = pkt.tunnel
    gre = tun.header(pkt.proto, pkt.sequence, pkt.data)
    six = fields["frame.protocols"][0].startswith("eth:ethertype:ipv6")

    def same(prop, field, want, conv=number):
        got = conv(fields[field][0]) if fields[field] else None
        rep.same(prop, who(pkt), field, got, want)

    rep.same("dissected", who(pkt), "malformed", fields["_ws.malformed"], [])
    rep.same("dissected", who(pkt), "expert",
             [text for text in fields["_ws.expert.message"]
              if not text.startswith(REMARKS)], [])
    protocols = "eth:ethertype:%s:gre:%s" % (
        "ipv6" if six else "ip", "ip" if pkt.proto == ETH_P_IP else "ipv6")
    if len(pkt.data) > (20 if pkt.proto == ETH_P_IP else 40):
        protocols += ":data"
    rep.same("dissected", who(pkt), "protocols", fields["frame.protocols"][0],
             protocols)

    ttl = pkt.ttl if tun.ttl == "inherit" else tun.ttl
    dscp = (pkt.tos if tun.tos == "inherit" else tun.tos) >> 2
    rep.same("addresses", who(pkt), "family", six, tun.six)
    if six:
        same("addresses", "ipv6.src", tun.local, str)
        same("addresses", "ipv6.dst", tun.remote, str)
        same("protocol", "ipv6.version", 6)
        same("protocol", "ipv6.nxt", 47)
        same("ttl", "ipv6.hlim", ttl)
        same("dscp", "ipv6.tclass.dscp", dscp)
        same("ecn", "ipv6.tclass.ecn", pkt.tos & 3)
        same("length", "ipv6.plen", len(gre) + len(pkt.data))
        outer_len = 40
    else:
        same("addresses", "ip.src", tun.local, str)
        same("addresses", "ip.dst", tun.remote, str)
        same("protocol", "ip.version", 4)
        same("protocol", "ip.proto", 47)
        same("ttl", "ip.ttl", ttl)
        same("dscp", "ip.dsfield.dscp", dscp)
        same("ecn", "ip.dsfield.ecn", pkt.tos & 3)
        same("df", "ip.flags.df", 1)
        same("df", "ip.flags.mf", 0)
        same("df", "ip.frag_offset", 0)
        same("length", "ip.hdr_len", 20)
        same("length", "ip.len", 20 + len(gre) + len(pkt.data))
        outer_len = 20
    # 1 is "good"; all of them, so also an inner IPv4 header's
    rep.same("checksum", who(pkt), "ip.checksum.status",
             set(fields["ip.checksum.status"]),
             {"1"} if not six or pkt.proto == ETH_P_IP else set())
    rep.same("length", who(pkt), "frame", len(frame),
             14 + outer_len + len(gre) + len(pkt.data))

    same("gre", "gre.flags_and_version", tun.flags)
    same("gre", "gre.flags.version", 0)
    same("gre", "gre.flags.routing", 0)
    same("gre", "gre.proto", pkt.proto)
    same("gre", "gre.flags.key", int(tun.okey is not None))
    same("gre", "gre.key", tun.okey)
    same("gre_checksum", "gre.flags.checksum", int(tun.csum))
    same("gre_checksum", "gre.checksum.status", 1 if tun.csum else None)
    # What RFC 2784 calls reserved1 is the offset of RFC 1701.
    same("gre_checksum", "gre.offset", 0 if tun.csum else None)
    same("gre_sequence", "gre.flags.sequence_number", int(tun.seq))
    same("gre_sequence", "gre.sequence_number",
         pkt.sequence if tun.seq else None)
    # And all of them where they belong. 0 and 0xffff are the same sum; the
    # kernel's own code for checksums never leaves a 0.
    found = frame[14 + outer_len:][:len(gre)]
    if tun.csum and gre[4:6] == bytes(2) and found[4:6] == b"\xff\xff":
        found = found[:4] + bytes(2) + found[6:]
    rep.same("gre_bytes", who(pkt), "header", found.hex(), gre.hex())

    rep.same("inner", who(pkt), "bytes",
             frame[14 + outer_len + len(gre):].hex(), pkt.data.hex())


def udp(flow, number, size, tos=0, ttl=64, six=False):
    """Packet "number" of a flow: all that is no part of the flow may differ."""
    rnd = random.Random("%s %d %d" % (flow, number, size))
    src, dst, sport, dport, label = flow
    payload = rnd.randbytes(size)
    head = struct.pack("!HHHH", sport, dport, 8 + size, rnd.randrange(65536))
    if not six:
        ip4 = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 28 + size,
                          rnd.randrange(65536), 0, ttl, 17, 0,
                          socket.inet_aton("198.51.100.%d" % src),
                          socket.inet_aton("203.0.113.%d" % dst))
        ip4 = ip4[:10] + struct.pack("!H", checksum(ip4)) + ip4[12:]
        return ip4 + head + payload
    return struct.pack("!IHBB16s16s", 6 << 28 | tos << 20 | label, 8 + size,
                       17, ttl,
                       socket.inet_pton(socket.AF_INET6, "2001:db8:1::%d" % src),
                       socket.inet_pton(socket.AF_INET6, "2001:db8:2::%d" % dst)
                       ) + head + payload


def split(data, at, six):
    """The packet in two fragments, the first with "at" bytes of payload."""
    if not six:
        ident = checksum(data)      # any number does
        parts = []
        for off, end in ((0, at), (at, len(data) - 20)):
            more = 0x2000 if end == at else 0
            head = data[:2] + struct.pack("!HHH", 20 + end - off, ident,
                                          more | off // 8) + data[8:10] + \
                bytes(2) + data[12:20]
            head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
            parts.append(head + data[20 + off:20 + end])
        return parts
    return [data[:4] + struct.pack("!HBB", 8 + end - off, 44, data[7]) +
            data[8:40] +
            struct.pack("!BBHI", 17, 0, off | (end == at), checksum(data)) +
            data[40 + off:40 + end]
            for off, end in ((0, at), (at, len(data) - 40))]


# Source and destination host, ports, IPv6 flow label: all start as the same and
# then differ in one of them. The label of the last ones says it all.
BASE = (1, 9, 1000, 2000, 0)
FLOWS = [BASE] + \
    [BASE[:i] + (BASE[i] + n,) + BASE[i + 1:]
     for i in range(4) for n in range(1, 13)] + \
    [BASE[:4] + (n,) for n in range(1, 13)]


def netns(name):
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/run/netns/" + name) as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def listen(dev):
    """A packet socket that is handed all that the device receives or sends."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                         socket.htons(ETH_P_ALL))
    sock.bind((dev, ETH_P_ALL))
    return sock


def outer_flows(sock, count=None):
    """(inner packet, label) of GRE packets, until there are enough; or those
    that are there."""
    while count is None or count > 0:
        ready = select.select([sock], [], [],
                              0 if count is None else
                              float(os.environ.get("WAIT_TIMEOUT", "30")))
        if not ready[0]:
            return
        pkt = sock.recv(65536)
        if pkt[0] >> 4 != 6 or pkt[6] != 47 or pkt[40:42] != bytes(2):
            continue
        yield pkt[44:], struct.unpack("!I", pkt[:4])[0] & 0xfffff
        if count is not None:
            count -= 1


def flow(near, far, mid):
    """RFC 6438: the flow label tells the inner flows apart, and nothing else
    does; routers then spread them."""
    rep = Report()
    netns(far)
    wire = listen("u0")
    netns(mid)
    paths = listen("d0"), listen("d1")
    netns(near)
    out = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)

    def labels(parts, proto, tunnel="6plain"):
        """Sends the packets and returns the label of each."""
        for data in parts:
            out.sendto(data, (tunnel, proto))
        found = dict(outer_flows(wire, len(parts)))
        rep.same("flow_label", tunnel, "packets of %d" % len(parts),
                 sum(data in found for data in parts), len(parts))
        return [found.get(data) for data in parts]

    for six in (False, True):
        proto = ETH_P_IPV6 if six else ETH_P_IP
        flows = [f for f in FLOWS if six or not f[4]]
        of = {}
        for f in flows:
            seen = labels([udp(f, 0, 10, six=six),
                           udp(f, 1, 1000, 0xb8, 33, six),
                           udp(f, 2, 11, 3, 1, six)], proto)
            rep.same("flow_label", "%#x flow %s" % (proto, f),
                     "labels of one flow", len(set(seen)), 1)
            rep.same("flow_label", "%#x flow %s" % (proto, f), "is zero",
                     seen[0] == 0, False)
            of[f] = seen[0]
        # Of some tens, two may happen to be the same, but not more.
        for kind, some in (("all", of), *(
                ("source destination sport dport label".split()[i],
                 [f for f in of if f[i] != BASE[i]]) for i in range(5))):
            if some:
                rep.same("flow_label", "%#x %s" % (proto, kind),
                         "different labels of %d flows" % len(some),
                         len({of[f] for f in some}) > len(some) - 2, True)
        # Only the first fragment has the ports; all have the addresses.
        fragmented = set()
        for f in flows[:3]:
            big = udp(f, 3, 1000, six=six)
            seen = labels(split(big, 512, six), proto)
            rep.same("flow_label", "%#x flow %s" % (proto, f),
                     "labels of fragments of one packet", len(set(seen)), 1)
            fragmented.update(seen)
        rep.same("flow_label", "%#x" % proto, "fragment without a label",
                 None in fragmented or 0 in fragmented, False)

        # The other tunnels do the same, with their options before it.
        some = [udp(f, 4, 9, six=six) for f in flows[:30]]
        for pkt in some:
            out.sendto(pkt, ("6spread", proto))
        ways = [[], []]
        end = time.monotonic() + float(os.environ.get("WAIT_TIMEOUT", "30"))
        while sum(map(len, ways)) < len(some) and time.monotonic() < end:
            for way, sock in zip(ways, paths):
                way += outer_flows(sock)
        rep.same("spread", "%#x" % proto, "packets",
                 sorted(d for way in ways for d, _ in way), sorted(some))
        rep.same("spread", "%#x" % proto, "both paths used",
                 all(ways), True)
        for f in flows[:30]:
            for n in range(5, 9):
                out.sendto(udp(f, n, 10 * n, six=six), ("6spread", proto))
        again = [[], []]
        while sum(map(len, again)) < 4 * len(some) and time.monotonic() < end:
            for way, sock in zip(again, paths):
                way += outer_flows(sock)
        for way, more in zip(ways, again):
            # Addresses and ports tell whose packet it is.
            at = slice(8, 44) if six else slice(12, 24)
            rep.same("spread", "%#x" % proto, "flows of a path",
                     {d[at] for d, _ in more}, {d[at] for d, _ in way})
    rep.done()


def main(argv):
    if argv[1:] == ["tunnels"]:
        for t in TUNNELS.values():
            print(t.name, "local", t.local, "remote", t.remote, t.args)
    elif argv[1:] == ["far"]:
        for t in TUNNELS.values():
            print("addr add %s/%d dev u0" % (t.remote, 64 if t.six else 24))
    elif argv[1:] == ["count"]:
        for name in "", "4plain":
            print(sum(name in ("", p.tunnel.name) for p in packets()))
    elif argv[1:] == ["send"]:
        send()
    elif argv[1:2] == ["check"] and len(argv) == 4:
        check(argv[2], argv[3])
    elif argv[1:2] == ["flow"] and len(argv) == 5:
        flow(*argv[2:])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
