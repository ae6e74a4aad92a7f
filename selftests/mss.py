#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""TCP handshakes through tunnels that clamp the MSS, for mss.sh.

	mss.py SRC NEAR FAR

Writes "GROUP ok|bad TEXT" for each thing that was tried.

What must become of a packet is said twice: by the table CASES, in bytes, and by
model(), which knows nothing of the module and shares no code with it.
"""
import fcntl
import itertools
import random
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass

from packets import *

SRC, NEAR, FAR = sys.argv[1:4]

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << n for n in range(8))
ESP, AH, ROUTING, NONEXT = 50, 51, 43, 59

# Of the tunnels t4 and t6 while the table is sent through them, in both
# directions; the bytes of the table have it as 04b0.
LIMIT = 1200
# and their MTU
MTU = 8000

VERDICTS = ("lowered", "inserted", "small", "absent", "malformed", "signed", "no_memory")

# Both ends of an inner packet, by its direction and version
ENDS = {("tx", 4): ("10.7.0.1", "10.8.0.1"),
        ("tx", 6): ("2001:db8:7::1", "2001:db8:8::1"),
        ("rx", 4): ("10.8.0.1", "10.7.0.1"),
        ("rx", 6): ("2001:db8:8::1", "2001:db8:7::1")}
# Both ends of a tunnel: far, near
OUTER = {"t4": ("198.51.100.4", "192.0.2.1"),
         "t6": ("2001:db8:ff::6", "2001:db8::1")}


##############################################################################
# A slow model of the clamp

def find_tcp(pkt):
    """Where the TCP segment of an IP packet begins and ends, and whether that is
    all of it; None if it is none, or not the begin of one"""
    if pkt[0] >> 4 == 4:
        head = (pkt[0] & 15) * 4
        size, = struct.unpack("!H", pkt[2:4])
        off, = struct.unpack("!H", pkt[6:8])
        if pkt[9] != TCP or off & 0x1fff:
            return None
        return head, min(size, len(pkt)), not off & 0x2000
    at, nxt, whole = 40, pkt[6], True
    end = min(len(pkt), 40 + struct.unpack("!H", pkt[4:6])[0])
    while nxt in (HOPOPTS, ROUTING, DSTOPTS, FRAGMENT):
        if at + 8 > end:
            return None
        size = 8 if nxt == FRAGMENT else 8 + pkt[at + 1] * 8
        if nxt == FRAGMENT:
            off, = struct.unpack("!H", pkt[at + 2:at + 4])
            if off & 0xfff8:
                return None
            whole = not off & 1
        nxt = pkt[at]
        at += size
    if nxt != TCP or at > end:
        return None
    return at, end, whole


def options(area):
    """[(place, kind, length)] of TCP options, and whether all make sense"""
    found, at = [], 0
    while at < len(area):
        kind = area[at]
        if kind == 0:
            break
        if kind == 1:
            found.append((at, kind, 1))
            at += 1
            continue
        if at + 1 == len(area) or area[at + 1] < 2 or \
                at + area[at + 1] > len(area) or \
                kind == 2 and area[at + 1] != 4:
            return found, False
        found.append((at, kind, area[at + 1]))
        at += area[at + 1]
    return found, True


def model(pkt, limit, insert=False, mtu=MTU):
    """The verdict (None: not looked at), and the packet afterwards"""
    place = find_tcp(pkt)
    if not place:
        return None, pkt
    start, end, whole = place
    segment = pkt[start:end]
    if len(segment) < 14 or segment[13] & (SYN | RST | FIN) != SYN:
        return None, pkt
    size = (segment[12] >> 4) * 4
    if size < 20 or size > len(segment):
        return "malformed", pkt
    found, good = options(segment[20:size])
    if not good:
        return "malformed", pkt
    kinds = [kind for _, kind, _ in found]
    if 19 in kinds or 29 in kinds:
        return "signed", pkt
    if 2 not in kinds:
        if not insert or size > 56 or not whole or end + 4 > mtu:
            return "absent", pkt
        option = struct.pack("!BBH", 2, 4,
                             min(limit, 536 if pkt[0] >> 4 == 4 else 1220))
        new = segment[:12] + bytes((segment[12] + 16,)) + segment[13:20] + \
            option + segment[20:]
        return "inserted", lengthened(pkt[:start], 4) + \
            with_csum(segment, new, 4) + pkt[end:]
    new = bytearray(segment)
    lowered = False
    for at, kind, _ in found:
        if kind == 2 and \
                int.from_bytes(segment[20 + at + 2:20 + at + 4], "big") > limit:
            new[20 + at + 2:20 + at + 4] = limit.to_bytes(2, "big")
            lowered = True
    if not lowered:
        return "small", pkt
    return "lowered", pkt[:start] + with_csum(segment, bytes(new)) + pkt[end:]


def lengthened(head, by):
    """The headers of an IP packet that is longer"""
    if head[0] >> 4 == 6:
        size, = struct.unpack("!H", head[4:6])
        return head[:4] + struct.pack("!H", size + by) + head[6:]
    size, = struct.unpack("!H", head[2:4])
    head = head[:2] + struct.pack("!H", size + by) + head[4:10] + b"\0\0" + \
        head[12:]
    return head[:10] + struct.pack("!H", csum(head)) + head[12:]


def with_csum(old, new, longer=0):
    """The segment NEW with a checksum that is wrong by as much as that of OLD.

    By arithmetic modulo 65535, in which the one's complement sum is a sum; of
    the pseudo header only the length may differ."""
    total = [sum(struct.unpack("!%dH" % (len(s + b"\0") // 2),
                               (s + b"\0")[:len(s + b"\0") // 2 * 2]))
             for s in (old[:16] + b"\0\0" + old[18:],
                       new[:16] + b"\0\0" + new[18:])]
    check, = struct.unpack("!H", old[16:18])
    return new[:16] + struct.pack("!H", 
                                  (check + total[0] - total[1] - longer) %
                                  65535) \
        + new[18:]


##############################################################################
# Making segments

def tcp(src, dst, flags, opts=b"", data=b"", doff=None, bad=0, ns=0):
    """bad: what is added to the checksum; ns: the low bits of byte 12"""
    if doff is None:
        assert len(opts) % 4 == 0, opts
        doff = 5 + len(opts) // 4
    head = struct.pack("!HHIIBBH", 40001, 443, 0x01020304,
                       0x05060708 if flags & ACK else 0, doff << 4 | ns, flags,
                       64240)
    rest = (0x1234 if flags & URG else 0).to_bytes(2, "big") + opts + data
    total = upper_csum(src, dst, TCP, head + b"\0\0" + rest)
    return head + struct.pack("!H", (total + bad) % 65536) + rest


def number(pkt, n):
    """The packet with this IPv4 ID or IPv6 flow label, by which it is known
    again"""
    if pkt[0] >> 4 == 6:
        return pkt[:1] + bytes((pkt[1] & 0xf0 | n >> 16,)) + \
            struct.pack("!H", n & 0xffff) + pkt[4:]
    head = (pkt[0] & 15) * 4
    new = pkt[:4] + struct.pack("!H", n) + pkt[6:10] + b"\0\0" + pkt[12:head]
    return new[:10] + struct.pack("!H", csum(new)) + new[12:] + pkt[head:]


def number_of(pkt):
    if pkt[0] >> 4 == 6:
        return int.from_bytes(pkt[1:4], "big") & 0xfffff
    return int.from_bytes(pkt[4:6], "big")


def forwarded(pkt):
    """A packet one hop later, without what is behind its end"""
    if pkt[0] >> 4 == 6:
        end = 40 + struct.unpack("!H", pkt[4:6])[0]
        return pkt[:7] + bytes((pkt[7] - 1,)) + pkt[8:end]
    head, end = (pkt[0] & 15) * 4, struct.unpack("!H", pkt[2:4])[0]
    new = pkt[:8] + bytes((pkt[8] - 1,)) + pkt[9:10] + b"\0\0" + pkt[12:head]
    return new[:10] + struct.pack("!H", csum(new)) + new[12:] + pkt[head:end]


##############################################################################
# The table

def plain(src, dst, segment):
    return ip(src, dst, TCP, segment)


@dataclass
class Case:
    name: str
    opts: str               # as hexadecimal digits
    want: str = None        # the options afterwards, None for the same
    verdict: str = "lowered"
    flags: int = SYN
    data: bytes = b""
    doff: int = None
    bad: int = 0
    ns: int = 0
    cut: int = None         # the segment is only this long
    wrap: object = plain    # what makes a packet of it
    versions: tuple = (4, 6)


def ext(nxt, *heads):
    """wrap: IPv6 extension headers, (type, bytes behind the next header)"""
    def wrap(src, dst, segment):
        data, kind = segment, nxt
        for kind_before, body in reversed(heads):
            data = bytes((kind,)) + body + data
            kind = kind_before
        return ip6(src, dst, kind, data)
    return wrap


def v4(**kw):
    proto = kw.pop("proto", TCP)
    return lambda src, dst, segment: ip4(src, dst, proto, segment, **kw)


def padded(more):
    """wrap: what is behind the end of the IP packet does not belong to it"""
    return lambda src, dst, segment: plain(src, dst, segment) + more


PAD6 = bytes((0, 1, 4, 0, 0, 0, 0))                     # PadN
PAD14 = bytes((1, 1, 12)) + bytes(12)
ROUTE = bytes((2, 4, 1, 0, 0, 0, 0)) + bytes(16)        # type 4, one segment
ATOMIC = bytes(3) + b"\0\0\0\7"
FIRST = b"\0" + struct.pack("!HI", 1, 7)
LATER = b"\0" + struct.pack("!HI", 8 << 3 | 1, 7)
LAST = b"\0" + struct.pack("!HI", 8 << 3, 7)
AUTH = bytes((4, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1)) + bytes(12)

CASES = (
    # Alone, among others, at each end of what fits
    Case("MSS", "020405b4", "020404b0"),
    Case("one more", "020404b1", "020404b0"),
    Case("equal", "020404b0", None, "small"),
    Case("one less", "020404af", None, "small"),
    Case("0", "02040000", None, "small"),
    Case("47", "0204002f", None, "small"),
    Case("65535", "0204ffff", "020404b0"),
    Case("Linux", "020405b4 0402 080a 11223344 00000000 01 030307",
         "020404b0 0402 080a 11223344 00000000 01 030307"),
    Case("Windows", "020405b4 01 030308 0101 0402",
         "020404b0 01 030308 0101 0402"),
    Case("last of 40 bytes", "01" * 36 + "020405b4", "01" * 36 + "020404b0"),
    Case("behind others", "0402 080a 02040000 02040000 01 030307 020405b4",
         "0402 080a 02040000 02040000 01 030307 020404b0"),
    Case("behind an unknown one", "fd06 020405b4 0101 020405b4",
         "fd06 020405b4 0101 020404b0"),
    Case("an unknown one of two bytes", "fd02 4c02 020405b4",
         "fd02 4c02 020404b0"),
    Case("an unknown one of 36 bytes", "fd24" + "02" * 34 + "020405b4",
         "fd24" + "02" * 34 + "020404b0"),
    Case("at an odd place", "01 020405b4 010101", "01 020404b0 010101"),
    Case("at place 2", "0101 020405b4 0101", "0101 020404b0 0101"),
    Case("at place 3", "010101 020405b4 01", "010101 020404b0 01"),
    Case("at an odd place, from ffff", "01 0204ffff 010101",
         "01 020404b0 010101"),
    Case("at an odd place, one more", "01 020404b1 010101",
         "01 020404b0 010101"),
    # More than one
    Case("two", "020405b4 020405b5", "020404b0 020404b0"),
    Case("two, the first is small", "02040200 020405b5", "02040200 020404b0"),
    Case("two, the second is small", "020405b4 02040200", "020404b0 02040200"),
    Case("two, both small", "02040200 02040201", None, "small"),
    Case("ten", "0204ffff" * 10, "020404b0" * 10),
    Case("two at odd places", "01 020405b4 01 02041000 0101",
         "01 020404b0 01 020404b0 0101"),
    # None
    Case("no options", "", None, "absent"),
    Case("other options", "0402 0101 030307 01", None, "absent"),
    Case("only NOP", "01" * 40, None, "absent"),
    Case("all zero", "00" * 40, None, "absent"),
    # The end
    Case("behind EOL", "00 000000 020405b4", None, "absent"),
    Case("behind EOL at an odd place", "0402 00 020405b4 01", None, "absent"),
    Case("before EOL", "020405b4 00 020405b4 010101",
         "020404b0 00 020405b4 010101"),
    Case("nonsense behind EOL", "020405b4 00 020300", "020404b0 00 020300"),
    Case("nonsense behind EOL, nothing before", "00 0300 02", None, "absent"),
    Case("MD5 behind EOL", "020405b4 00 1312" + "ee" * 17,
         "020404b0 00 1312" + "ee" * 17),
    # Malformed
    Case("length 0", "0200 05b4", None, "malformed"),
    Case("length 1", "0201 05b4", None, "malformed"),
    Case("length 2", "0202 05b4", None, "malformed"),
    Case("length 3", "0203 05 01", None, "malformed"),
    Case("length 5", "0205 05b400 010101", None, "malformed"),
    Case("length 8", "0208 05b40000 0000", None, "malformed"),
    Case("length 255", "02ff 05b4", None, "malformed"),
    Case("longer than the header", "01 0204 05", None, "malformed"),
    Case("longer, by one byte", "01 020405", None, "malformed"),
    Case("only a kind at the end", "010101 02", None, "malformed"),
    Case("an unknown kind at the end", "010101 fd", None, "malformed"),
    Case("another of length 0", "020405b4 fd00 0101", None, "malformed"),
    Case("another of length 1", "020405b4 0801 0101", None, "malformed"),
    Case("another that is cut", "020405b4 080a 0101", None, "malformed"),
    Case("another of length 0 before", "fd00 0101 020405b4", None, "malformed"),
    Case("another that is longer before", "fd0b 0101 020405b4", None,
         "malformed"),
    Case("good one, then a bad one", "020405b4 0203 05 01", None, "malformed"),
    Case("bad one, then a good one", "0206 05b4 0000 0101 020405b4", None,
         "malformed"),
    Case("good one, kind at the end", "020405b4 010101 02", None, "malformed"),
    Case("doff 0", "020405b4", None, "malformed", doff=0),
    Case("doff 4", "020405b4", None, "malformed", doff=4),
    Case("doff 5, the option is data", "020405b4", None, "absent", doff=5),
    Case("doff 7, beyond the end", "020405b4", None, "malformed", doff=7),
    Case("doff 15, beyond the end", "020405b4", None, "malformed", doff=15),
    Case("doff 7, into the data", "020405b4", "020404b0", doff=7,
         data=b"\1\1\1\1"),
    Case("doff 7, option in the data", "01010101 020405b4 020405b4",
         "01010101 020404b0 020405b4", doff=7),
    Case("cut behind the flags", "020405b4", None, "malformed", cut=14),
    Case("cut in the header", "020405b4", None, "malformed", cut=19),
    Case("cut behind the header", "020405b4", None, "malformed", cut=20),
    Case("cut in the option", "020405b4", None, "malformed", cut=22),
    Case("cut at the last byte", "020405b4", None, "malformed", cut=23),
    Case("cut before the flags", "020405b4", None, None, cut=13),
    Case("cut at once", "020405b4", None, None, cut=0),
    Case("beyond the IP packet", "", None, "malformed", doff=6,
         wrap=padded(bytes.fromhex("020405b4"))),
    Case("behind the IP packet", "", None, "absent",
         wrap=padded(bytes.fromhex("020405b4"))),
    # Signed
    Case("MD5", "020405b4 1312" + "ab" * 16 + "0101", None, "signed"),
    Case("MD5 first", "0101 1312" + "ab" * 16 + "020405b4", None, "signed"),
    Case("MD5, small", "02040100 1312" + "ab" * 16 + "0101", None, "signed"),
    Case("MD5, no MSS", "1312" + "ab" * 16 + "0101", None, "signed"),
    Case("AO", "020405b4 1d10 0102" + "cd" * 12, None, "signed"),
    Case("AO of 4 bytes, behind", "1d04 0102 020405b4", None, "signed"),
    Case("AO, no MSS", "1d10 0102" + "cd" * 12, None, "signed"),
    Case("MD5 and malformed", "020405b4 1312" + "ab" * 16 + "01 02", None,
         "malformed"),
    Case("malformed and MD5", "0203 05 01 1312" + "ab" * 16 + "0101", None,
         "malformed"),
    Case("MD5 that is cut", "020405b4 1312" + "ab" * 14, None, "malformed"),
    # Other flags, and data
    Case("SYN-ACK", "020405b4", "020404b0", flags=SYN | ACK),
    Case("ECN", "020405b4", "020404b0", flags=SYN | ECE | CWR),
    Case("ECN, SYN-ACK", "020405b4", "020404b0", flags=SYN | ACK | ECE),
    Case("AccECN", "020405b4", "020404b0", flags=SYN | ECE | CWR, ns=1),
    Case("reserved bits", "020405b4", "020404b0", ns=0xe),
    Case("PSH and URG", "020405b4", "020404b0", flags=SYN | PSH | URG),
    Case("SYN and RST", "020405b4", None, None, flags=SYN | RST),
    Case("SYN and FIN", "020405b4", None, None, flags=SYN | FIN),
    Case("SYN, RST and FIN", "020405b4", None, None, flags=SYN | RST | FIN),
    Case("ACK", "020405b4", None, None, flags=ACK),
    Case("no flags", "020405b4", None, None, flags=0),
    Case("RST", "020405b4", None, None, flags=RST),
    Case("no SYN, malformed", "0200 05b4", None, None, flags=ACK),
    Case("data", "020405b4", "020404b0", data=b"GET / HTTP/1.0\r\n\r\n"),
    Case("odd data", "020405b4", "020404b0", data=b"x"),
    Case("data like an option", "020405b4", "020404b0",
         data=bytes.fromhex("020405b4")),
    Case("data, no options", "", None, "absent", data=bytes.fromhex("020405b4")),
    Case("TFO cookie", "220a 0011223344556677 0101 020405b4",
         "220a 0011223344556677 0101 020404b0", data=b"y" * 501),
    Case("TFO cookie request", "2202 0101 020405b4", "2202 0101 020404b0"),
    Case("MPTCP", "020405b4 1e0c 0081 1122334455667788",
         "020404b0 1e0c 0081 1122334455667788"),
    # Checksums that are wrong, and stay so
    Case("checksum wrong by 1", "020405b4", "020404b0", bad=1),
    Case("checksum wrong by 0x8000", "020405b4", "020404b0", bad=0x8000),
    Case("checksum wrong, odd place", "01 020405b4 010101",
         "01 020404b0 010101", bad=0x1234),
    Case("checksum wrong, small", "02040200", None, "small", bad=77),
    # IPv4
    Case("DF", "020405b4", "020404b0", wrap=v4(df=1), versions=(4,)),
    Case("IPv4 options", "020405b4", "020404b0", versions=(4,),
         wrap=v4(options=bytes.fromhex("01010101"))),
    Case("40 bytes of IPv4 options", "020405b4", "020404b0", versions=(4,),
         wrap=v4(options=bytes.fromhex("01" * 36 + "020405b4"))),
    Case("IPv4 options, first fragment", "020405b4", "020404b0", versions=(4,),
         wrap=v4(options=bytes.fromhex("01010101"), mf=1)),
    Case("first fragment", "020405b4", "020404b0", versions=(4,),
         data=bytes(16), wrap=v4(mf=1)),
    Case("first fragment of the header alone", "020405b4", "020404b0",
         versions=(4,), wrap=v4(mf=1)),
    Case("first fragment with half of the options", "020405b4 01010101", None,
         "malformed", versions=(4,), cut=24, wrap=v4(mf=1)),
    Case("later fragment", "020405b4", None, None, versions=(4,),
         wrap=v4(mf=1, off=64)),
    Case("last fragment", "020405b4", None, None, versions=(4,),
         wrap=v4(off=64)),
    Case("fragment at 8", "020405b4", None, None, versions=(4,),
         wrap=v4(off=8)),
    Case("UDP", "020405b4", None, None, versions=(4,), wrap=v4(proto=UDP)),
    Case("SCTP", "020405b4", None, None, versions=(4,), wrap=v4(proto=132)),
    Case("an IPv4 header within ICMP", "020405b4", None, None, versions=(4,),
         wrap=lambda s, d, x: ip4(s, d, ICMP, icmp(s, d, 3, 3, 0,
                                                   ip4(d, s, TCP, x)))),
    Case("IPv4 within IPv4", "020405b4", None, None, versions=(4,),
         wrap=lambda s, d, x: ip4(s, d, 4, ip4(d, s, TCP, x))),
    # IPv6
    Case("hop-by-hop options", "020405b4", "020404b0", versions=(6,),
         wrap=ext(TCP, (HOPOPTS, PAD6))),
    Case("destination options", "020405b4", "020404b0", versions=(6,),
         wrap=ext(TCP, (DSTOPTS, PAD14))),
    Case("routing header", "020405b4", "020404b0", versions=(6,),
         wrap=ext(TCP, (ROUTING, ROUTE))),
    Case("atomic fragment", "020405b4", "020404b0", versions=(6,),
         wrap=ext(TCP, (FRAGMENT, ATOMIC))),
    Case("all of them", "01 020405b4 010101", "01 020404b0 010101",
         versions=(6,),
         wrap=ext(TCP, (HOPOPTS, PAD6), (DSTOPTS, PAD14), (ROUTING, ROUTE),
                  (FRAGMENT, ATOMIC), (DSTOPTS, PAD14))),
    Case("eight destination options headers", "020405b4", "020404b0",
         versions=(6,), wrap=ext(TCP, *[(DSTOPTS, PAD6)] * 8)),
    Case("first fragment", "020405b4", "020404b0", versions=(6,),
         data=bytes(16), wrap=ext(TCP, (FRAGMENT, FIRST))),
    Case("first fragment, options", "020405b4", "020404b0", versions=(6,),
         wrap=ext(TCP, (HOPOPTS, PAD6), (FRAGMENT, FIRST), (DSTOPTS, PAD6))),
    Case("first fragment with half of the options", "020405b4 01010101", None,
         "malformed", versions=(6,), cut=24,
         wrap=ext(TCP, (FRAGMENT, FIRST))),
    Case("later fragment", "020405b4", None, None, versions=(6,),
         wrap=ext(TCP, (FRAGMENT, LATER))),
    Case("last fragment", "020405b4", None, None, versions=(6,),
         wrap=ext(TCP, (FRAGMENT, LAST))),
    Case("later fragment, options", "020405b4", None, None, versions=(6,),
         wrap=ext(TCP, (HOPOPTS, PAD6), (FRAGMENT, LAST))),
    Case("header beyond the packet", "020405b4", None, None, versions=(6,),
         wrap=ext(TCP, (DSTOPTS, bytes((9, 1, 4, 0, 0, 0, 0))))),
    Case("UDP behind options", "020405b4", None, None, versions=(6,),
         wrap=ext(UDP, (DSTOPTS, PAD6))),
    Case("no next header", "020405b4", None, None, versions=(6,),
         wrap=ext(NONEXT, (DSTOPTS, PAD6))),
    Case("ESP", "020405b4", None, None, versions=(6,), wrap=ext(ESP)),
    Case("AH", "020405b4", None, None, versions=(6,),
         wrap=ext(TCP, (AH, AUTH))),
    Case("AH among others", "020405b4", None, None, versions=(6,),
         wrap=ext(TCP, (HOPOPTS, PAD6), (AH, AUTH), (DSTOPTS, PAD6))),
    Case("IPv6 within IPv6", "020405b4", None, None, versions=(6,),
         wrap=lambda s, d, x: ip6(s, d, 41, ip6(d, s, TCP, x))),
)

# What nft's "tcp option maxseg size set" makes of packets otherwise, in the
# cases of the table, and why (nft_exthdr_tcp_set_eval() of Linux 6.1).
FIRST_ONLY = "it looks at the first MSS option only"
NO_END = "it takes EOL for a NOP, options behind it are rewritten"
BYTE_SUM = "the checksum is wrong afterwards if the MSS is at an odd place"
TRUSTING = "it looks at nothing but the MSS option and what is before it"
LENGTHS = "it takes an MSS option of a wrong length for one, and a length of " \
    "0 for 1"
SIGNED = "it breaks the signature"
NFT_DIFFERS = {
    "two": FIRST_ONLY,
    "two, the first is small": FIRST_ONLY,
    "ten": FIRST_ONLY,
    "two at odd places": BYTE_SUM,
    "at an odd place": BYTE_SUM,
    "at place 3": BYTE_SUM,
    "at an odd place, from ffff": BYTE_SUM,
    "at an odd place, one more": BYTE_SUM,
    "checksum wrong, odd place": BYTE_SUM,
    "all of them": BYTE_SUM,
    "behind EOL": NO_END,
    "behind EOL at an odd place": NO_END,
    "length 5": LENGTHS,
    "length 8": LENGTHS,
    "another of length 0": TRUSTING,
    "another of length 1": TRUSTING,
    "another that is cut": TRUSTING,
    "another of length 0 before": LENGTHS,
    "good one, then a bad one": TRUSTING,
    "good one, kind at the end": TRUSTING,
    "bad one, then a good one": LENGTHS,
    "MD5": SIGNED,
    "MD5 first": SIGNED,
    "AO": SIGNED,
    "AO of 4 bytes, behind": SIGNED,
    "MD5 and malformed": TRUSTING,
    "MD5 that is cut": TRUSTING,
}


def table(way):
    """[(case, packet, packet afterwards)] of one direction"""
    found = []
    for c in CASES:
        for v in c.versions:
            src, dst = ENDS[way, v]
            opts = bytes.fromhex(c.opts)
            args = c.flags, opts, c.data, c.doff, c.bad, c.ns
            before = tcp(src, dst, *args)
            after = before
            if c.want is not None:
                want = bytes.fromhex(c.want)
                assert len(want) == len(opts), c.name
                # All of it anew: a right checksum is right, a wrong one is
                # wrong by as much, but for the carry of one's complement.
                after = tcp(src, dst, c.flags, want, *args[2:])
                if c.bad:
                    after = with_csum(before, after)
            n = len(found) + 1
            found.append((c, number(c.wrap(src, dst, before[:c.cut]), n),
                          number(c.wrap(src, dst, after[:c.cut]), n)))
    return found


##############################################################################
# Sending and comparing

def ethtool(ns, dev, *args):
    done = subprocess.run(("ip", "netns", "exec", ns, "ethtool", "-K", dev) +
                          args, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        print("#", done.stdout.replace("\n", " "))


def setup():
    args = " mtu %d mss %d" % (MTU, LIMIT)
    mtctl(NEAR, ["tunnel add %s local %s remote %s%s" %
                 (name, near, far, args) for name, (far, near) in OUTER.items()])
    ip_batch(NEAR, ["link set t4 up", "link set t6 up"] + via("dev t4"))
    # A veth leaves checksums to a receiver that does not ask for them.
    for ns, dev in ((SRC, "s0"), (NEAR, "s0"), (NEAR, "u0"), (FAR, "u0")):
        ethtool(ns, dev, "tx", "off", "gro", "off")


def via(where, where6=None):
    return ["route replace 10.8.0.0/16 " + where,
            "route replace 2001:db8:8::/48 " + (where6 or where)]


setup()
from_src = Wire(SRC, "s0", NEAR, "s0")
from_far = Wire(FAR, "u0", NEAR, "u0")
at_src, at_far = Tap(SRC, "s0"), Tap(FAR, "u0")
# What others see of a packet that near goes on to change
at_near = Tap(NEAR, "u0")

stats_now = {}


def stats_grown(tunnel):
    """The MSS counters since they were asked for, without those that are 0"""
    new = counters(NEAR)[tunnel].get("mss", {})
    old = stats_now.get(tunnel, {})
    stats_now[tunnel] = new
    return {k: n - old.get(k, 0) for k, n in new.items() if n != old.get(k, 0)}


def stats_wanted(verdicts):
    verdicts = [v for v in verdicts if v]
    found = {v: verdicts.count(v) for v in VERDICTS if v in verdicts}
    if verdicts:
        found["seen"] = len(verdicts)
    return found


def inner_of(data, tunnel):
    """The inner packet, if this is one of the tunnel's"""
    pkt = Packet(data)
    far, near = OUTER[tunnel]
    if pkt.proto == GRE and not pkt.fragment and addr(far) in (pkt.src, pkt.dst):
        return pkt.gre()[2]
    return None


def outer(tunnel, pkt):
    return ip(*OUTER[tunnel], GRE, gre(pkt))


def through(way, pkts, tunnel="t4", send=None):
    """What arrives of numbered packets that are sent through a tunnel, or for
    tunnel None by near alone: {(version, number): packet}"""
    got = {}
    tap = at_far if way == "tx" else at_src
    tap.clear()
    ends = {addr(a) for (w, _), e in ENDS.items() if w == way for a in e}

    def arrived():
        for _, data in tap.read():
            if way == "tx" and tunnel:
                data = inner_of(data, tunnel)
            if data:
                p = Packet(data)
                if p.src in ends and p.dst in ends:
                    got.setdefault((p.version, number_of(data)), data)
        tap.got = []
        return len(got) >= sent

    sent = 0
    # No more at once than a receive queue holds
    for n in range(0, len(pkts), 100):
        some = pkts[n:n + 100]
        if send:
            send(*some)
        elif way == "tx":
            from_src.send(*some)
        else:
            from_far.send(*[outer(tunnel, p) for p in some])
        sent += len(some)
        until(arrived)
    return got


def key(pkt):
    return pkt[0] >> 4, number_of(pkt)


def differences(pairs, got):
    """[text] of the packets that did not arrive as they should"""
    bad = []
    for text, before, after in pairs:
        want = forwarded(after)
        data = got.get(key(before))
        if data != want:
            bad.append("%s: sent %s, got %s, expected %s" % (
                text, before.hex(), data.hex() if data else "nothing",
                want.hex()))
    return bad


def compare(group, text, pairs, got):
    bad = differences(pairs, got)
    report(group, "%s, %d packets" % (text, len(pairs)), bad[:10], [])


def test_table(group, way, tunnel):
    rows = table(way)
    stats_grown(tunnel)
    at_near.clear()
    got = through(way, [before for _, before, _ in rows], tunnel)
    for c, before, after in rows:
        bad = differences([("", before, after)], got)
        report(group, "IPv%d %s" % (before[0] >> 4, c.name), "".join(bad), "")
        # The table and the model say the same: neither is wrong alone.
        report(group, "IPv%d %s: model" % (before[0] >> 4, c.name),
               model(before, LIMIT), (c.verdict, after))
    report(group, "counters", stats_grown(tunnel),
           stats_wanted(c.verdict for c, _, _ in rows))
    if way == "rx":
        # A packet socket shares the bytes of what near decapsulates.
        seen = [inner_of(d, tunnel) for _, d in at_near.read()]
        report(group, "a packet socket sees what was sent",
               [p for p in seen if p] == [before for _, before, _ in rows])
    return got


def test_flags():
    """Every combination of flags"""
    for way, v in (("tx", 4), ("rx", 6)):
        src, dst = ENDS[way, v]
        pkts = [number(plain(src, dst, tcp(src, dst, f,
                                           bytes.fromhex("020405b4"))), f + 1)
                for f in range(256)]
        want = [number(plain(src, dst, tcp(
            src, dst, f, bytes.fromhex(
                "020404b0" if f & 7 == SYN else "020405b4"))), f + 1)
                for f in range(256)]
        stats_grown("t4")
        got = through(way, pkts)
        compare("flags", "%s, IPv%d" % (way, v),
                [("flags %#x" % f, pkts[f], want[f]) for f in range(256)], got)
        report("flags", "%s, IPv%d counters" % (way, v), stats_grown("t4"),
               {"seen": 32, "lowered": 32})


##############################################################################
# Random headers

def random_options(rnd, limit):
    """Mostly right, but not always"""
    values = (limit - 1, limit, limit + 1, limit + 256, 0, 536, 1460, 65535,
              rnd.randrange(65536))
    opts = b""
    for _ in range(rnd.randrange(8)):
        kind = rnd.choice("mmmmmnnnnswte?5aM!")
        if kind == "m":
            opts += struct.pack("!BBH", 2, 4, rnd.choice(values))
        elif kind == "n":
            opts += b"\1"
        elif kind == "s":
            opts += b"\4\2"
        elif kind == "w":
            opts += b"\3\3" + rnd.randbytes(1)
        elif kind == "t":
            opts += b"\10\12" + rnd.randbytes(8)
        elif kind == "e":
            opts += b"\0" if rnd.random() < .3 else b""
        elif kind == "?":
            size = rnd.choice((2, 3, 4, 6, 9))
            opts += bytes((rnd.randrange(30, 256), size)) + \
                rnd.randbytes(size - 2)
        elif kind == "5":
            opts += b"\23\22" + rnd.randbytes(16) if rnd.random() < .3 else b""
        elif kind == "a":
            size = rnd.choice((4, 16))
            if rnd.random() < .3:
                opts += bytes((29, size)) + rnd.randbytes(size - 2)
        elif kind == "M":
            if rnd.random() < .2:
                opts += bytes((2, rnd.randrange(12))) + rnd.randbytes(2)
        elif rnd.random() < .2:
            opts += rnd.randbytes(rnd.randrange(1, 6))
    opts = opts[:40]
    return opts + rnd.choice((b"\0", b"\1")) * (-len(opts) % 4)


def random_packet(rnd, way, v, limit, syn):
    src, dst = ENDS[way, v]
    if syn:
        flags = SYN | rnd.choice((0, ACK, ECE | CWR, ACK | ECE, PSH, URG))
    else:
        flags = rnd.choice((0, ACK, ACK | PSH, RST, RST | ACK, FIN | ACK,
                            SYN | RST, SYN | FIN, FIN, ECE | ACK))
    opts = random_options(rnd, limit)
    if rnd.random() < .05:
        opts = rnd.randbytes(4 * rnd.randrange(11))
    data = rnd.randbytes(rnd.choice((0, 0, 0, 1, 4, 7, 40)))
    doff = None
    if rnd.random() < .05:
        doff = rnd.randrange(16)
    segment = tcp(src, dst, flags, opts, data, doff,
                  rnd.choice((0, 0, 0, rnd.randrange(65536))),
                  rnd.choice((0, 0, 0, rnd.randrange(16))))
    if rnd.random() < .04:
        # These cannot be right, and must stay.
        segment = segment[:16] + rnd.choice((b"\0\0", b"\xff\xff")) + \
            segment[18:]
    if rnd.random() < .04:
        segment = segment[:rnd.randrange(len(segment) + 1)]
    if rnd.random() < .8:
        return plain(src, dst, segment)
    if v == 4:
        off = rnd.choice((0, 0, 8, 1480))
        return ip4(src, dst, TCP, segment, mf=rnd.randrange(2), off=off,
                   options=b"\1" * 4 * rnd.randrange(11),
                   tos=rnd.randrange(256))
    heads = rnd.choices(((HOPOPTS, PAD6), (DSTOPTS, PAD14), (DSTOPTS, PAD6),
                         (ROUTING, ROUTE), (FRAGMENT, ATOMIC),
                         (FRAGMENT, FIRST), (FRAGMENT, LATER)),
                        k=rnd.randrange(1, 4))
    # Hop-by-hop options are the first, and there is one fragment header.
    heads = [h for n, h in enumerate(heads)
             if not (h[0] == HOPOPTS and n or
                     h[0] == FRAGMENT and FRAGMENT in [x for x, _ in heads[:n]])]
    return ext(TCP, *heads)(src, dst, segment)


def test_random(way, limits, insert=False):
    """SYNs, and others, against the model"""
    rnd = random.Random(4 if way == "tx" else 5)
    group = "random-insert" if insert else "random-" + way
    limit = limits[way]
    pkts = [number(random_packet(rnd, way, v, limit, True), n)
            for v in (4, 6) for n in range(1, 601)]
    others = [number(random_packet(rnd, way, v, limit, False), n)
              for v in (4, 6) for n in range(601, 801)]
    # What is sent wrong on purpose is rare; all verdicts must occur.
    verdicts, pairs = [], []
    for p in pkts:
        verdict, after = model(p, limit, insert)
        verdicts.append(verdict)
        pairs.append((verdict or "not seen", p, after))
    print("# %s: %s" % (way, {v: verdicts.count(v) for v in set(verdicts)}))
    report(group, "enough of each verdict",
           [v for v in VERDICTS[:-1]
            if verdicts.count(v) < 10 * (insert or v != "inserted")], [])

    stats_grown("t4")
    got = through(way, pkts)
    compare(group, "SYN", pairs, got)
    report(group, "SYN, counters", stats_grown("t4"), stats_wanted(verdicts))

    got_others = through(way, others)
    compare("other", way, [("", p, p) for p in others], got_others)
    report("other", "%s: counters" % way, stats_grown("t4"), {})
    return pkts + others, {**got, **got_others}


##############################################################################
# One packet at a time: which value comes out

def syn(way, v, mss=9000, size=0):
    src, dst = ENDS[way, v]
    return plain(src, dst, tcp(src, dst, SYN, struct.pack("!BBH", 2, 4, mss),
                               bytes(size)))


counted = itertools.count(1)


def values(tunnel="t4", ways=("tx", "rx"), mss=9000):
    """The MSS of SYNs with 9000, sent through the tunnel: of each direction,
    with inner IPv4 and IPv6"""
    found = []
    for way in ways:
        pkts = [number(syn(way, v, mss), next(counted)) for v in (4, 6)]
        got = through(way, pkts, tunnel)
        for p in pkts:
            data = got.get(key(p))
            segment = Packet(data).data if data else bytes(24)
            found.append(int.from_bytes(segment[22:24], "big"))
    return found


def test_direction():
    """Each direction has its own limit, or none"""
    stats_grown("t4")
    for args, want in (("mss-tx 1000 mss-rx 700", [1000, 1000, 700, 700]),
                       ("mss-tx off", [9000, 9000, 700, 700]),
                       ("mss-tx 48 mss-rx off", [48, 48, 9000, 9000]),
                       ("mss 65534", [9000] * 4)):
        mtctl(NEAR, ["tunnel set t4 " + args])
        report("direction", args, values(), want)
        seen = stats_grown("t4")
        report("direction", "%s: counters" % args, seen, stats_wanted(
            [None if w == 9000 and "off" in args else
             "small" if w == 9000 else "lowered" for w in want]))
    report("direction", "mss 65534: 65535", values(mss=65535), [65534] * 4)
    stats_grown("t4")
    mtctl(NEAR, ["tunnel set t4 mss off"])
    report("direction", "off", values(), [9000] * 4)
    report("direction", "off: counters", stats_grown("t4"), {})


##############################################################################
# skbs whose header is in pieces, and those whose checksum is not there yet

class Tun:
    """A device of NEAR from which packets are received as we want them: the
    first bytes of one larger than a page are where the kernel reads at once,
    the rest is in pages of its own (tun_alloc_skb())"""

    def __init__(self, name):
        with netns(NEAR):
            self.file = open("/dev/net/tun", "r+b", buffering=0)
            # IFF_TUN, IFF_NO_PI, IFF_VNET_HDR
            fcntl.ioctl(self.file, 0x400454ca,
                        struct.pack("16sH22x", name.encode(), 0x5001))
        ip_batch(NEAR, ["link set %s mtu 9000 up" % name])
        with netns(NEAR), \
                open("/proc/sys/net/ipv4/conf/%s/rp_filter" % name, "w") as f:
            f.write("0")

    def send(self, pkt, linear, csum_start=None):
        """csum_start: the checksum is to be computed from there on"""
        flags = int(csum_start is not None)
        self.file.write(struct.pack("=BBHHHHH", flags, 0, linear, 0,
                                    csum_start or 0, 16 if flags else 0, 0)
                        [:10] + pkt)


# TCP options without the MSS, and the same with it: once it is lowered, once it
# is added, to say what counts without it
LINUX = "0402 080a 11223344 00000000 01 030307"
SPLIT = {"lowered": ("01 020423f0 01 %s 0101" % LINUX,
                     "01 020404b0 01 %s 0101" % LINUX,
                     "01 020404b0 01 %s 0101" % LINUX),
         "inserted": ("0101 %s 0101" % LINUX,
                      "02040218 0101 %s 0101" % LINUX,
                      "020404b0 0101 %s 0101" % LINUX)}
# As guests of a hypervisor send: the checksum is that of the pseudo header. With
# and without pages, at even and odd places
REST = pattern(4300, 1)
PARTIAL = {"lowered": (
    ("020423f0", "020404b0", b""),
    ("01 020423f0 010101", "01 020404b0 010101", b"x"),
    ("020423f0 020423f0 01 020423f0 010101",
     "020404b0 020404b0 01 020404b0 010101", REST),
    ("02040100", "02040100", REST),
    (LINUX + "0101 020423f0 0101", LINUX + "0101 020404b0 0101", REST[:777])),
           "inserted": (
    ("", "%s", b""),
    ("01010101", "%s 01010101", b"x"),
    ("01" * 36, "%s" + "01" * 36, REST[:999]),
    ("01" * 40, "01" * 40, REST),
    (LINUX, "%s" + LINUX, REST))}


def test_nonlinear():
    try:
        tun = Tun("p0")
    except OSError as e:
        for group in ("nonlinear", "partial"):
            print(group, "skip no tun device:", e)
        return
    for verdict, insert in (("lowered", "off"), ("inserted", "on")):
        mtctl(NEAR, ["tunnel set t4 mss %d mss-insert %s" % (LIMIT, insert)])
        for way in ("tx", "rx"):
            for v in (4, 6):
                split(tun, way, v, verdict)
                partial(tun, way, v, verdict)
    mtctl(NEAR, ["tunnel set t4 mss-insert off"])


def split(tun, way, v, verdict):
    """The header begins in a packet's linear part and ends in its pages"""
    src, dst = ENDS[way, v]
    head = 20 if v == 4 else 40
    opts = SPLIT[verdict]
    before, after = (plain(src, dst, tcp(src, dst, SYN, bytes.fromhex(o), REST))
                     for o in (opts[0], opts[1 if v == 4 else 2]))
    pairs, lengths = [], {}
    front = 24 if way == "rx" else 0
    for linear in range(1, front + head + 20 + 26):
        pairs.append(("first %d bytes" % linear,
                      number(before, linear), number(after, linear)))
        lengths[key(pairs[-1][1])] = linear

    def send(*pkts):
        for p in pkts:
            tun.send(p if way == "tx" else outer("t4", p), lengths[key(p)])
    stats_grown("t4")
    got = through(way, [b for _, b, _ in pairs], send=send)
    text = "%s, %s, IPv%d" % (verdict, way, v)
    compare("nonlinear", text, pairs, got)
    report("nonlinear", text + ": counters", stats_grown("t4"),
           {"seen": len(pairs), verdict: len(pairs)})


def partial(tun, way, v, verdict):
    src, dst = ENDS[way, v]
    head = 20 if v == 4 else 40
    front = 24 if way == "rx" else 0
    pairs = []
    for n, (opts, want, data) in enumerate(PARTIAL[verdict], 200):
        want = want.replace("%s", "02040218" if v == 4 else "020404b0")
        before, after = (number(plain(src, dst, tcp(
            src, dst, SYN, bytes.fromhex(o), data)), n) for o in (opts, want))
        size = len(before) - head
        pseudo = ~csum(addr(src) + addr(dst) +
                       struct.pack("!II", size, TCP)) & 0xffff
        before = before[:head + 16] + struct.pack("!H", pseudo) + \
            before[head + 18:]
        pairs.append((opts, before, after))

    def send(*pkts):
        for p in pkts:
            tun.send(p if way == "tx" else outer("t4", p),
                     front + head + 18, front + head)
    got = through(way, [b for _, b, _ in pairs], send=send)
    compare("partial", "%s, %s, IPv%d" % (verdict, way, v), pairs, got)


##############################################################################
# The option is added

# Options before and after, which take LIMIT or 536 in place of %s; None: no room
INSERT = (("", "%s"), ("0402 0101", "%s 0402 0101"), ("01" * 36, "%s" + "01" * 36),
          ("01" * 40, None), ("00 000000 020405b4", "%s 00 000000 020405b4"),
          (LINUX, "%s" + LINUX), ("020405b4", "020404b0"),
          ("02040200", None), ("1312" + "ab" * 16 + "0101", None),
          ("0200 05b4", None))


def test_insert():
    for limit in (LIMIT, 400):
        mtctl(NEAR, ["tunnel set t4 mss %d mss-insert on" % limit])
        for way in ("tx", "rx"):
            for v in (4, 6):
                pairs, (src, dst) = [], ENDS[way, v]
                option = "0204%04x" % min(limit, 536 if v == 4 else 1220)
                for n, (opts, want) in enumerate(INSERT, 1):
                    want = (want or opts).replace("%s", option)
                    want = want.replace("020404b0", "0204%04x" % limit)
                    if opts == "02040200" and limit < 512:
                        want = "0204%04x" % limit
                    pairs.append((opts or "no options", *(
                        number(plain(src, dst, tcp(src, dst, SYN,
                                                   bytes.fromhex(o), b"odd")), n)
                        for o in (opts, want))))
                got = through(way, [b for _, b, _ in pairs])
                compare("insert", "%s, IPv%d, limit %d" % (way, v, limit),
                        pairs, got)

    # The table once more: what is added there is as the model says.
    mtctl(NEAR, ["tunnel set t4 mss %d" % LIMIT])
    for way in ("tx", "rx"):
        stats_grown("t4")
        at_near.clear()
        pkts = [before for _, before, _ in table(way)]
        wanted = [model(p, LIMIT, insert=True) for p in pkts]
        got = through(way, pkts)
        compare("insert", way + ", the table", [
            (verdict or "not seen", p, after)
            for p, (verdict, after) in zip(pkts, wanted)], got)
        report("insert", way + ", the table: counters", stats_grown("t4"),
               stats_wanted(verdict for verdict, _ in wanted))
        if way == "rx":
            seen = [inner_of(d, "t4") for _, d in at_near.read()]
            report("insert", "a packet socket sees what was sent",
                   [p for p in seen if p] == pkts)

    # As long as it may be afterwards, and 1 longer
    for way in ("tx", "rx"):
        for v in (4, 6):
            src, dst = ENDS[way, v]
            room = MTU - (40 if v == 4 else 60)
            pkts = [number(plain(src, dst, tcp(src, dst, SYN, b"",
                                               pattern(room - less, 2))), n)
                    for n, less in enumerate((4, 3, 0), 1)]
            wanted = [model(p, LIMIT, insert=True) for p in pkts]
            report("insert", "IPv%d, %s, room for the first: model" % (v, way),
                   [verdict for verdict, _ in wanted],
                   ["inserted", "absent", "absent"])
            compare("insert", "IPv%d, %s, room for the first" % (v, way),
                    [("", p, after) for p, (_, after) in zip(pkts, wanted)],
                    through(way, pkts))

    limits = {"tx": 1000, "rx": 500}
    mtctl(NEAR, ["tunnel set t4 mss-tx %(tx)d mss-rx %(rx)d" % limits])
    for way in ("tx", "rx"):
        test_random(way, limits, insert=True)
    mtctl(NEAR, ["tunnel set t4 mss %d mss-insert off" % LIMIT])


##############################################################################
# What fits into tunnel and path

def tell(tunnel, mtu):
    """far tells near of a lower path MTU, quoting a packet of the tunnel"""
    far, near = OUTER[tunnel]
    pkt = number(syn("tx", 4), next(counted))
    at_far.clear()
    from_src.send(pkt)
    quoted = at_far.wait(lambda _, d: inner_of(d, tunnel))[0][1]
    if ":" in far:
        data = icmp("2001:db8::2", near, 2, 0, mtu, quoted)
        from_far.send(ip6("2001:db8::2", near, ICMP6, data))
    else:
        data = icmp("192.0.2.2", near, 3, 4, mtu, quoted[:68])
        from_far.send(ip4("192.0.2.2", near, ICMP, data))


def fits(mtu):
    return [mtu - 40, mtu - 60] * 2


def test_auto():
    ip_batch(NEAR, ["link set u0 mtu 1500"])
    mtctl(NEAR, ["tunnel set t4 mss auto mtu auto",
                 "tunnel set t6 mss auto mtu auto"])
    report("auto", "IPv4 path of 1500", values("t4"),
           [1436, 1416, 1436, 1416])
    stats_grown("t4")
    report("auto", "what fits is left", values("t4", mss=1416), [1416] * 4)
    report("auto", "what fits is left: counters", stats_grown("t4"),
           {"seen": 4, "small": 4})
    ip_batch(NEAR, ["link set t4 mtu 1400"])
    report("auto", "device MTU 1400", values("t4"), fits(1400))
    ip_batch(NEAR, ["link set t4 mtu 1476"])
    report("auto", "device MTU 1476 again", values("t4"), fits(1476))
    ip_batch(NEAR, ["link set t4 mtu 3000"])
    report("auto", "device MTU beyond the path", values("t4"), fits(1476))
    ip_batch(NEAR, ["link set u0 mtu 1400"])
    report("auto", "underlay device of 1400", values("t4"), fits(1376))
    ip_batch(NEAR, ["link set u0 mtu 1500"])
    report("auto", "underlay device of 1500 again", values("t4"), fits(1476))
    ip_batch(NEAR, ["route replace 198.51.100.0/24 via 192.0.2.2 mtu 1350"])
    report("auto", "route of 1350", values("t4"), fits(1326))
    ip_batch(NEAR, ["route replace 198.51.100.0/24 via 192.0.2.2 mtu lock 1320"])
    report("auto", "route of 1320, locked", values("t4"), fits(1296))
    mtctl(NEAR, ["tunnel set t4 mss-rx 1250"])
    report("auto", "auto and a number", values("t4"),
           [1256, 1236, 1250, 1250])
    mtctl(NEAR, ["tunnel set t4 mss auto"])
    ip_batch(NEAR, ["route replace 198.51.100.0/24 via 192.0.2.2"])
    report("auto", "route without an MTU", values("t4"), fits(1476))

    tell("t4", 1344)
    until(lambda: values("t4") == fits(1320))
    report("auto", "ICMP error", values("t4"), fits(1320))
    ip_batch(NEAR, ["link set t4 mtu 1300"])
    report("auto", "ICMP error, device MTU of 1300", values("t4"), fits(1300))
    ip_batch(NEAR, ["link set t4 mtu 1400"])
    report("auto", "ICMP error, device MTU of 1400", values("t4"), fits(1320))
    ip_batch(NEAR, ["route flush cache"])
    until(lambda: values("t4") == fits(1400))
    report("auto", "forgotten", values("t4"), fits(1400))

    # The underlay is IPv6.
    ip_batch(NEAR, via("dev t6"))
    report("auto", "IPv6 path of 1500", values("t6"),
           [1416, 1396, 1416, 1396])
    ip_batch(NEAR, ["link set t6 mtu 1456"])
    ip_batch(NEAR, ["route replace 2001:db8:ff::/48 via 2001:db8::2 mtu 1400"])
    report("auto", "IPv6 route of 1400", values("t6"), fits(1356))
    ip_batch(NEAR, ["route replace 2001:db8:ff::/48 via 2001:db8::2"])
    report("auto", "IPv6 route without an MTU", values("t6"), fits(1456))
    tell("t6", 1340)
    until(lambda: values("t6") == fits(1296))
    report("auto", "IPv6 ICMP error", values("t6"), fits(1296))
    run(("ip", "-6", "-n", NEAR, "-batch", "-"), ["route flush cache"], "ip")
    until(lambda: values("t6") == fits(1456))
    report("auto", "IPv6, forgotten", values("t6"), fits(1456))
    ip_batch(NEAR, via("dev t4") + ["link set u0 mtu 9000"])


##############################################################################
# Sockets

R4 = "local 192.0.2.%d remote 192.0.2.%d"
R6 = "local 2001:db8::%d remote 2001:db8::%d"
REAL = {"r4": R4, "r6": R6, "c4": R4 + " key 4 csum on",
        "c6": R6 + " key 6 csum on"}
MSS_TX, MSS_RX = 1000, 800


def end(name, v, host):
    n = list(REAL).index(name)
    return "10.5.%d.%d" % (n, host) if v == 4 else \
        "2001:db8:5:%d::%d" % (n, host)


def send_mss(sock):
    """tcpi_snd_mss of TCP_INFO"""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("=I", info, 16)[0]


def setup_sockets():
    for ns, me, you, args in ((NEAR, 1, 2, "mss-tx %d mss-rx %d" %
                               (MSS_TX, MSS_RX)), (FAR, 2, 1, "")):
        mtctl(ns, ["tunnel add %s %s mtu 1440 %s" % (name, ends % (me, you),
                                                     args)
                   for name, ends in REAL.items()])
        lines = []
        for name in REAL:
            lines += ["addr add %s/24 dev %s" % (end(name, 4, me), name),
                      "addr add %s/64 dev %s" % (end(name, 6, me), name),
                      "link set %s up" % name]
        if ns == FAR:
            lines += ["route add 10.9.0.0/16 dev r4",
                      "route add 2001:db8:9::/48 dev r4"]
        ip_batch(ns, lines)


def test_sockets():
    setup_sockets()
    data = random.Random(6).randbytes(200000)
    port = 6000
    # Time stamps take 12 bytes of each segment.
    from_far_mss, from_near_mss = MSS_TX - 12, MSS_RX - 12
    for mode, args in (("checksums in software", ("tx", "off", "gro", "off")),
                       ("offloads", ("tx", "on", "tso", "on", "gro", "off")),
                       ("offloads and GRO", ("gro", "on"))):
        for ns, dev in ((SRC, "s0"), (NEAR, "s0"), (NEAR, "u0"), (FAR, "u0")):
            ethtool(ns, dev, *args)
        port += 10
        streams = {}
        for v in (4, 6):
            # One with a checksum, one over IPv6, and one that forwards
            c = "c4" if v == 4 else "c6"
            for a, b, name in ((NEAR, FAR, c), (FAR, NEAR, "r6"),
                               (SRC, FAR, "r4")):
                text = "%s, IPv%d over %s, from %s" % (
                    mode, v, name,
                    {SRC: "src", NEAR: "near", FAR: "far"}[a])
                dst = end(name, v, 1 if b == NEAR else 2)
                port += 1
                s = Stream(a, None, b, dst, port)
                streams[text] = s
                mss = from_near_mss, from_far_mss
                report("sockets", text + ": MSS", (
                    send_mss(s.tx), send_mss(s.rx),
                    s.tx.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)),
                    (*(mss if a != FAR else mss[::-1]),
                     mss[0] if a != FAR else mss[1]))
        transfer(list(streams.values()), data)
        for text, s in streams.items():
            report("sockets", text + ": 200 kB", bool(s.ok()))
            s.tx, s.rx = s.rx, s.tx
        transfer(list(streams.values()), data[::-1])
        for text, s in streams.items():
            report("sockets", text + ": 200 kB back", bool(s.ok()))
            s.close()


def strip(ns, add):
    """nft takes the MSS option away from what is sent, or no longer"""
    rules = ["table inet strip", "delete table inet strip"]
    if add:
        rules += ["table inet strip {",
                  " chain c { type route hook output priority 0;",
                  "  tcp flags & (fin | syn | rst) == syn"
                  "  reset tcp option maxseg; }", "}"]
    with netns(ns):
        run(("nft", "-f", "-"), rules, "nft")


def test_insert_sockets():
    """Sockets whose handshakes lack the option get it, with and without a GRE
    checksum, from which the sum over the inner packet is known"""
    try:
        for ns in (NEAR, FAR):
            strip(ns, True)
    except (OSError, RuntimeError) as e:
        print("insert-sockets skip nft cannot reset options:",
              str(e).replace("\n", " "))
        return
    data = random.Random(7).randbytes(100000)
    limits = {"tx": 500, "rx": 400}
    port, streams = 8000, {}
    for insert, tx in (("off", "on"), ("on", "on"), ("on", "off")):
        # Where the sender computes checksums, the receiver knows the sum over
        # what is in a packet with a GRE checksum, and nothing else of it.
        for ns, dev in ((NEAR, "u0"), (FAR, "u0")):
            ethtool(ns, dev, "tx", tx)
        mtctl(NEAR, ["tunnel set %s mss-tx %d mss-rx %d mss-insert %s" %
                     (name, limits["tx"], limits["rx"], insert)
                     for name in REAL])
        for name in REAL:
            for v in (4, 6):
                for a, b in ((NEAR, FAR), (FAR, NEAR)):
                    port += 1
                    s = Stream(a, None, b, end(name, v, 1 if b == NEAR else 2),
                               port)
                    text = "%s, tx %s, IPv%d over %s, from %s" % (
                        insert, tx, v, name, "near" if a == NEAR else "far")
                    streams[text] = s
                    # Both go on with what counts without it, or as told:
                    # near as by mss-rx, far as by mss-tx.
                    none = 536 if v == 4 else 1220
                    near, far = (none, none) if insert == "off" else \
                        (limits["rx"], limits["tx"])
                    mss = [send_mss(x) for x in (s.tx, s.rx)]
                    if a == FAR:
                        mss.reverse()
                    report("insert-sockets", text + ": MSS", mss,
                           [near - 12, far - 12])
    transfer(list(streams.values()), data)
    for text, s in streams.items():
        report("insert-sockets", text + ": 100 kB", bool(s.ok()))
        s.close()
    for ns in (NEAR, FAR):
        strip(ns, False)
    mtctl(NEAR, ["tunnel set %s mss-tx %d mss-rx %d mss-insert off" %
                 (name, MSS_TX, MSS_RX) for name in REAL])


def test_tfo():
    """Data on the SYN of a socket"""
    for ns in (NEAR, FAR):
        # Client and server, without cookies
        sysctl(ns, net__ipv4__tcp_fastopen=0x207)
    data = b"on the SYN" * 30
    for v, name in ((4, "r4"), (6, "r4"), (4, "r6"), (6, "c6")):
        family = socket.AF_INET if v == 4 else socket.AF_INET6
        port = 7000 + v
        dst = end(name, v, 2)
        with netns(FAR):
            listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
        listener.bind((dst, port))
        listener.listen(1)
        listener.settimeout(WAIT)
        with netns(NEAR):
            sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(WAIT)
        text = "IPv%d over %s" % (v, name)
        try:
            sock.sendto(data, socket.MSG_FASTOPEN, (dst, port))
            other = listener.accept()[0]
            other.settimeout(WAIT)
            got = other.recv(4096)
            # TCPI_OPT_SYN_DATA: the data was on the SYN
            taken = other.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO,
                                     104)[5] & 32
            # The server has data and goes on before the client has an answer.
            until(lambda: send_mss(sock) <= MSS_RX)
            report("tfo", text, (got, taken, send_mss(other), send_mss(sock)),
                   (data, 32, MSS_TX - 12, MSS_RX - 12))
            other.close()
        except OSError as e:
            report("tfo", text, e)
        sock.close()
        listener.close()


##############################################################################
# nft

def nft_reason(pkt):
    """Why nft may make something else of a packet, or None"""
    start, end, _ = find_tcp(pkt)
    segment = pkt[start:end]
    if len(segment) < 20 or not 20 <= (segment[12] >> 4) * 4 <= len(segment):
        return None
    found, good = options(segment[20:(segment[12] >> 4) * 4])
    kinds = [k for _, k, _ in found]
    if not good:
        return TRUSTING + " / " + LENGTHS
    if 19 in kinds or 29 in kinds:
        return SIGNED
    if kinds.count(2) > 1:
        return FIRST_ONLY
    if any(k == 2 and at & 1 for at, k, _ in found):
        return BYTE_SUM
    at = sum(size for _, _, size in found)
    if segment[20 + at:(segment[12] >> 4) * 4].strip(b"\0\1"):
        return NO_END
    return None


def test_nft(ours, sent, limit):
    """The table and the random packets once more, on a router without a tunnel
    that has a rule of nft. ours: what became of them in the tunnel"""
    def rule(n):
        return ["table inet mss", "delete table inet mss", "table inet mss {",
                " chain c { type filter hook forward priority 0;",
                "  tcp flags & (fin | syn | rst) == syn"
                "  tcp option maxseg size set %d; }" % n, "}"]

    try:
        with netns(NEAR):
            run(("nft", "-f", "-"), rule(LIMIT), "nft")
    except (OSError, RuntimeError) as e:
        print("nft skip no such rule:", str(e).replace("\n", " "))
        return
    ip_batch(NEAR, via("via 192.0.2.2 dev u0", "via 2001:db8::2 dev u0"))
    rows = table("tx")
    got = through("tx", [b for _, b, _ in rows], tunnel=None)
    differ = set()
    for c, before, _ in rows:
        if got.get(key(before)) != ours["table"].get(key(before)):
            differ.add(c.name)
    for name in sorted(differ | set(NFT_DIFFERS)):
        report("nft", "%s: %s" % (name, NFT_DIFFERS.get(name, "")),
               name in differ, name in NFT_DIFFERS)
    report("nft", "%d packets are the same" %
           sum(c.name not in differ for c, _, _ in rows),
           all(key(b) in got for _, b, _ in rows))

    with netns(NEAR):
        run(("nft", "-f", "-"), rule(limit), "nft")
    got = through("tx", sent, tunnel=None)
    count = {}
    for pkt in sent:
        a, b = got.get(key(pkt)), ours["random"].get(key(pkt))
        if a is None or b is None:
            report("nft", "random packet is lost", (a, b), pkt.hex())
            continue
        why = None if a == b else nft_reason(pkt) or "none"
        count[why] = count.get(why, 0) + 1
        if why == "none":
            report("nft", "random packet", "%s, tunnel %s" %
                   (a.hex(), b.hex()), "same of " + pkt.hex())
    print("# random packets through nft:", count)
    report("nft", "random packets, the same or with a reason",
           count.get(None, 0) > len(sent) // 2 and "none" not in count)
    with netns(NEAR):
        run(("nft", "-f", "-"), ["delete table inet mss"], "nft")
    ip_batch(NEAR, via("dev t4"))


def warm_up():
    """All neighbours are known, so that no packet has to wait"""
    for tunnel in ("t4", "t6"):
        ip_batch(NEAR, via("dev " + tunnel))
        for way in ("tx", "rx"):
            for v in (4, 6):
                until(lambda: through_now(way, v, tunnel))
    ip_batch(NEAR, via("dev t4"))


def through_now(way, v, tunnel):
    pkt = number(syn(way, v, 100), 99)
    tap = at_far if way == "tx" else at_src
    if way == "tx":
        from_src.send(pkt)
    else:
        from_far.send(outer(tunnel, pkt))
    return [d for _, d in tap.read() if Packet(d).version in (4, 6)
            and pkt[-4:] == d[-4:]]


def timed(what, *args):
    begin = time.monotonic()
    result = what(*args)
    print("# %s: %.1f s" % (what.__name__,
                              time.monotonic() - begin))
    return result


def main():
    warm_up()
    ours = {"table": timed(test_table, "table-tx", "tx", "t4")}
    timed(test_table, "table-rx", "rx", "t4")
    ip_batch(NEAR, via("dev t6"))
    timed(test_table, "table-ipv6", "tx", "t6")
    timed(test_table, "table-ipv6", "rx", "t6")
    ip_batch(NEAR, via("dev t4"))
    timed(test_flags)
    limits = {"tx": 1000, "rx": 900}
    mtctl(NEAR, ["tunnel set t4 mss-tx %(tx)d mss-rx %(rx)d" % limits])
    sent, ours["random"] = timed(test_random, "tx", limits)
    timed(test_random, "rx", limits)
    timed(test_direction)
    timed(test_nonlinear)
    timed(test_insert)
    timed(test_nft, ours, sent, limits["tx"])
    timed(test_auto)
    timed(test_sockets)
    timed(test_insert_sockets)
    timed(test_tfo)
    print("end ok all was run")


main()
