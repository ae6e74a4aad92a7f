#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets for headers.sh and what their outer headers must be.

	headers.py tunnels	one line a tunnel: its name, arguments of mtctl
	headers.py count	how many packets "send" sends
	headers.py send		sends them, in the namespace of the tunnels
	headers.py check OUTER INNER
				compares the captures with what was sent, and
				writes "PROPERTY bad|done TEXT" lines
"""
import random
import socket
import struct
import subprocess
import sys

ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86dd

# name: local, remote, okey, ttl, tos, further arguments of mtctl
TUNNELS = {
    "4plain": ("192.0.2.1", "192.0.2.2", None, 64, 0, ""),
    "4keyed": ("192.0.2.1", "192.0.2.3", 7, 255, 0xb8,
               "key 7 ttl 255 tos 0xb8"),
    "4inherit": ("192.0.2.1", "192.0.2.4", 0xffffffff, 1, "inherit",
                 "ikey 1 okey 4294967295 ttl 1 tos inherit"),
    "4key0": ("192.0.2.1", "192.0.2.5", 0, 200, 4, "key 0 ttl 200 tos 4"),
    "6plain": ("2001:db8::1", "2001:db8::2", None, 64, 0, ""),
    "6keyed": ("2001:db8::1", "2001:db8::3", 0x01020304, 255, 0xb8,
               "key 1.2.3.4 ttl 255 tos 0xb8"),
    "6inherit": ("2001:db8::1", "2001:db8::4", 0x80000000, 1, "inherit",
                 "ikey 2 okey 0x80000000 ttl 1 tos inherit"),
    "6key0": ("2001:db8::1", "2001:db8::5", 0, 200, 4, "key 0 ttl 200 tos 4"),
}

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


def inner4(ident, tos, size, df, rnd):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, tos, size, ident,
                       0x4000 if df else 0, 33, PROTO, 0,
                       socket.inet_aton("198.51.100.1"),
                       socket.inet_aton("203.0.113.9"))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + rnd.randbytes(size - 20)


def inner6(ident, tos, size, rnd):
    return struct.pack("!IHBB16s16s", 6 << 28 | tos << 20 | ident, size - 40,
                       PROTO, 33,
                       socket.inet_pton(socket.AF_INET6, "2001:db8:1::1"),
                       socket.inet_pton(socket.AF_INET6, "2001:db8:2::9")
                       ) + rnd.randbytes(size - 40)


def packets():
    """(number, tunnel, inner protocol, inner tos, bytes), always the same.

    The number is in the IPv4 identification or the IPv6 flow label of the
    inner packet, so that a captured packet can be told.
    """
    rnd = random.Random(1)
    number = 0
    for name, (local, _, okey, _, _, _) in TUNNELS.items():
        mtu = 1500 - (40 if ":" in local else 20) - 4
        mtu -= 4 if okey is not None else 0
        sizes = [(tos, 100 + tos) for tos in TOS]
        sizes += [(0, 0), (0, 1), (0, 255), (0, mtu)]
        for tos, size in sizes:
            number += 1
            yield (number, name, ETH_P_IP, tos,
                   inner4(number, tos, max(size, 20 + (size == 1)),
                          number % 2, rnd))
            number += 1
            yield (number, name, ETH_P_IPV6, tos,
                   inner6(number, tos, max(size, 40 + (size == 1)), rnd))


def send():
    for _, name, proto, _, data in packets():
        # Packet sockets hand their bytes to the device as they are.
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
            sock.sendto(data, (name, proto))


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

    sent = {n: (name, proto, tos, data)
            for n, name, proto, tos, data in packets()}
    seen = {}
    for frame, fields in zip(frames, dissected):
        six = fields["frame.protocols"][0].startswith("eth:ethertype:ipv6")
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
        check_one(rep, n, sent[n], six, frame, fields)

    for n, (name, proto, _, data) in sent.items():
        rep.same("sent", "%s packet %d proto %#x %d bytes" %
                 (name, n, proto, len(data)), "captured", seen.get(n, 0), 1)

    # DLT_RAW, 101 in files: the packet begins with the inner IP header.
    link, frames = pcap(inner_path)
    rep.same("tunnel", "4plain", "link type", link, 101)
    want = [data for _, name, _, _, data in packets() if name == "4plain"]
    rep.same("tunnel", "4plain", "packets", len(frames), len(want))
    rep.same("tunnel", "4plain", "bytes", frames == want, True)
    rep.done()


def check_one(rep, n, case, six, frame, fields):
    name, proto, inner_tos, data = case
    local, remote, okey, ttl, tos, _ = TUNNELS[name]
    who = "%s packet %d proto %#x %d bytes tos %#x" % (name, n, proto,
                                                       len(data), inner_tos)
    gre_len = 4 if okey is None else 8

    def same(prop, field, want, conv=number):
        got = conv(fields[field][0]) if fields[field] else None
        rep.same(prop, who, field, got, want)

    rep.same("dissected", who, "malformed", fields["_ws.malformed"], [])
    # A low TTL and an inner packet without payload are meant to be so.
    notes = [note for note in fields["_ws.expert.message"]
             if not (ttl < 5 and note.startswith('"Time To Live" only')) and
             not (proto == ETH_P_IPV6 and len(data) == 40 and
                  note.startswith("IPv6 payload length equals 0"))]
    rep.same("dissected", who, "expert", notes, [])
    inner_name = "ip" if proto == ETH_P_IP else "ipv6"
    rep.same("dissected", who, "protocols", fields["frame.protocols"][0],
             "eth:ethertype:%s:gre:%s:data" %
             ("ipv6" if six else "ip", inner_name)
             if len(data) > (20 if proto == ETH_P_IP else 40) else
             "eth:ethertype:%s:gre:%s" % ("ipv6" if six else "ip", inner_name))

    dscp = (inner_tos if tos == "inherit" else tos) >> 2
    if six:
        rep.same("addresses", who, "family", True, ":" in local)
        same("addresses", "ipv6.src", local, str)
        same("addresses", "ipv6.dst", remote, str)
        same("protocol", "ipv6.version", 6)
        same("protocol", "ipv6.nxt", 47)
        same("ttl", "ipv6.hlim", ttl)
        same("dscp", "ipv6.tclass.dscp", dscp)
        same("ecn", "ipv6.tclass.ecn", inner_tos & 3)
        same("length", "ipv6.plen", gre_len + len(data))
        outer_len = 40
    else:
        rep.same("addresses", who, "family", False, ":" in local)
        same("addresses", "ip.src", local, str)
        same("addresses", "ip.dst", remote, str)
        same("protocol", "ip.version", 4)
        same("protocol", "ip.proto", 47)
        same("ttl", "ip.ttl", ttl)
        same("dscp", "ip.dsfield.dscp", dscp)
        same("ecn", "ip.dsfield.ecn", inner_tos & 3)
        same("df", "ip.flags.df", 1)
        same("df", "ip.flags.mf", 0)
        same("df", "ip.frag_offset", 0)
        same("length", "ip.hdr_len", 20)
        same("length", "ip.len", 20 + gre_len + len(data))
        outer_len = 20
    # 1 is "good"; all of them, so also an inner IPv4 header's
    rep.same("checksum", who, "ip.checksum.status",
             set(fields["ip.checksum.status"]),
             {"1"} if not six or proto == ETH_P_IP else set())
    rep.same("length", who, "frame", len(frame),
             14 + outer_len + gre_len + len(data))

    same("gre", "gre.flags_and_version", 0 if okey is None else 0x2000)
    same("gre", "gre.flags.version", 0)
    for flag in ("checksum", "routing", "sequence_number"):
        same("gre", "gre.flags." + flag, 0)
    same("gre", "gre.flags.key", int(okey is not None))
    same("gre", "gre.key", okey)
    same("gre", "gre.proto", proto)

    rep.same("inner", who, "bytes",
             frame[14 + outer_len + gre_len:].hex(), data.hex())


def main(argv):
    if argv[1:] == ["tunnels"]:
        for name, t in TUNNELS.items():
            print(name, "local", t[0], "remote", t[1], t[5])
    elif argv[1:] == ["count"]:
        print(len(list(packets())))
    elif argv[1:] == ["send"]:
        send()
    elif argv[1:2] == ["check"] and len(argv) == 4:
        check(argv[2], argv[3])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
