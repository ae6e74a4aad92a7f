# SPDX-License-Identifier: GPL-2.0
"""What the tests in Python share: network namespaces, packets, results.

Packets are made and read here byte by byte and not by a library: much of what
is sent is meant to be wrong, and there are thousands of them.
"""
import contextlib
import ctypes
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from ipaddress import ip_address

CLONE_NEWNET = 0x40000000
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86dd
WAIT = float(os.environ.get("WAIT_TIMEOUT", "30"))
MTCTL = os.environ.get("MTCTL", "mtctl")

ICMP, TCP, UDP, FRAGMENT, GRE, ICMP6, DSTOPTS, HOPOPTS = \
    1, 6, 17, 44, 47, 58, 60, 0

# The network namespace's queue of received packets is one for each CPU: on one
# CPU what was sent first arrives first.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def netns(name):
    """Sockets made and files of /proc/net opened within are of that one."""
    with open("/proc/self/ns/net") as old, open("/run/netns/" + name) as new:
        if libc.setns(new.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(old.fileno(), CLONE_NEWNET)


def sysctl(ns, **values):
    """sysctl(NS, net__ipv4__ip_forward=1)"""
    with netns(ns):
        for name, value in values.items():
            with open("/proc/sys/" + name.replace("__", "/"), "w") as f:
                f.write(str(value))


def run(args, lines, what):
    text = "\n".join(lines) + "\n"
    done = subprocess.run(args, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError("%s: %s" % (what, done.stdout))


def ip_batch(ns, lines):
    run(("ip", "-n", ns, "-batch", "-"), lines, "ip")


def mtctl(ns, lines):
    run((MTCTL, "-n", ns, "-b", "-"), lines, "mtctl")


readers = {}


def counters(ns):
    """{tunnel: {counter: value}}, drop reasons among them, and "mss" with an
    object of the clamp's verdicts

    One mtctl for each namespace, that is asked again and again: this is done
    for hundreds of packets.
    """
    if ns not in readers:
        readers[ns] = subprocess.Popen(
            ("stdbuf", "-oL", MTCTL, "-n", ns, "-j", "-s", "-b", "-"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    readers[ns].stdin.write("tunnel list\n")
    readers[ns].stdin.flush()
    found = {}
    for tunnel in json.loads(readers[ns].stdout.readline()):
        flat = {k: v for k, v in tunnel["stats"].items() if k != "drops"}
        flat.update(tunnel["stats"].get("drops", {}))
        found[tunnel["ifname"]] = flat
    return found


##############################################################################
# Results, for py_result of lib.sh

def report(group, text, got, want=True):
    if got == want:
        print(group, "ok", text)
    else:
        print("%s bad %s: got %s, expected %s" % (group, text, got, want))
    sys.stdout.flush()
    return got == want


##############################################################################
# Waiting

def run_wanted(tests, wanted):
    """Those that are named, or all: test_NAME by its name"""
    for test in tests:
        if not wanted or test.__name__[5:] in wanted:
            test()


def until(condition):
    """Until it is true; its last value, also when the time is over"""
    end = time.monotonic() + WAIT
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.01)


class Tap:
    """A packet socket for one device of a namespace, or for all of them

    Packets begin with the IP header; those that the namespace sends are seen if
    outgoing, which the others are not then. got is a list of (device, packet).
    """

    def __init__(self, ns, dev=None, outgoing=False):
        self.outgoing = outgoing
        with netns(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                      socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # RCVBUFFORCE
        if dev:
            self.sock.bind((dev, ETH_P_ALL))
        self.sock.setblocking(False)
        self.got = []

    def read(self, wanted=None):
        """What came since, and what of it is wanted"""
        while True:
            try:
                data, addr = self.sock.recvfrom(1 << 17)
            except BlockingIOError:
                break
            except OSError:
                # A device was set down: says so once.
                continue
            dev, proto, kind = addr[:3]
            if (kind == socket.PACKET_OUTGOING) == self.outgoing and \
                    proto in (ETH_P_IP, ETH_P_IPV6):
                self.got.append((dev, data))
        return [x for x in self.got if not wanted or wanted(*x)]

    def clear(self):
        self.read()
        self.got = []

    def wait(self, wanted, count=1):
        """The packets for which wanted(DEVICE, PACKET), when they are COUNT"""
        end = time.monotonic() + WAIT
        while True:
            found = self.read(wanted)
            left = end - time.monotonic()
            if len(found) >= count or left <= 0:
                return found
            select.select([self.sock], [], [], left)


class Wire:
    """Sends frames out of a device, to the neighbour at its other end"""

    def __init__(self, ns, dev, to_ns, to_dev):
        with netns(to_ns):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            sock.bind((to_dev, 0))
            self.head = sock.getsockname()[4]
            sock.close()
        with netns(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.sock.bind((dev, 0))
        self.head += self.sock.getsockname()[4]

    def send(self, *pkts):
        for pkt in pkts:
            proto = ETH_P_IPV6 if pkt[0] >> 4 == 6 else ETH_P_IP
            self.sock.send(self.head + struct.pack("!H", proto) + pkt)


##############################################################################
# Making packets

def csum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def addr(text):
    return ip_address(text).packed


def ip4(src, dst, proto, data, ident=0, df=0, mf=0, off=0, ttl=64, tos=0,
        options=b""):
    assert off % 8 == 0 and len(options) % 4 == 0
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, tos,
                       20 + len(options) + len(data), ident,
                       df << 14 | mf << 13 | off >> 3, ttl, proto, 0) + \
        addr(src) + addr(dst) + options
    return head[:10] + struct.pack("!H", csum(head)) + head[12:] + data


def ip6(src, dst, nxt, data, hlim=64, tc=0, flow=0):
    return struct.pack("!IHBB", 6 << 28 | tc << 20 | flow, len(data), nxt,
                       hlim) + addr(src) + addr(dst) + data


def ip(src, dst, proto, data, **kw):
    return (ip6 if ":" in src else ip4)(src, dst, proto, data, **kw)


def upper_csum(src, dst, proto, data):
    """Of TCP, UDP and ICMPv6, behind the pseudo header"""
    return csum(addr(src) + addr(dst) + struct.pack("!II", len(data), proto) +
                data)


def udp(src, dst, sport, dport, data):
    head = struct.pack("!HHH", sport, dport, 8 + len(data))
    total = upper_csum(src, dst, UDP, head + b"\0\0" + data) or 0xffff
    return head + struct.pack("!H", total) + data


def icmp(src, dst, kind, code, rest, data, bad=0):
    """ICMP or ICMPv6; rest: the second word of the header; bad: added to the
    checksum"""
    body = struct.pack("!I", rest) + data
    head = struct.pack("!BB", kind, code)
    if ":" in src:
        total = upper_csum(src, dst, ICMP6, head + b"\0\0" + body)
    else:
        total = csum(head + b"\0\0" + body)
    return head + struct.pack("!H", (total + bad) & 0xffff) + body


def gre(data, key=None, seq=None, check=False, proto=None):
    """A GRE packet around an inner packet, proto being what that is"""
    if proto is None:
        proto = ETH_P_IPV6 if data[0] >> 4 == 6 else ETH_P_IP
    flags = 0x8000 * check | 0x2000 * (key is not None) | \
        0x1000 * (seq is not None)
    rest = b"".join(struct.pack("!I", x) for x in (key, seq) if x is not None)
    head = struct.pack("!HH", flags, proto)
    if not check:
        return head + rest + data
    return head + struct.pack("!HH", csum(head + bytes(4) + rest + data), 0) + \
        rest + data


def frag6_head(nxt, off, more, ident):
    assert off % 8 == 0
    return struct.pack("!BBHI", nxt, 0, off | more, ident)


def fragment(src, dst, proto, data, size, ident, ext=b"", **kw):
    """Fragments of SIZE bytes of data each; ext: extension headers of IPv6
    ahead of the fragment header, without the type of the first"""
    return [piece(src, dst, proto, data[off:off + size], off,
                  off + size < len(data), ident, ext, **kw)
            for off in range(0, len(data), size)]


def piece(src, dst, proto, data, off, more, ident, ext=b"", **kw):
    """One fragment. ext begins with its own type, then its bytes, in which the
    next header must be the fragment header."""
    if ":" not in src:
        return ip4(src, dst, proto, data, ident=ident, mf=int(more), off=off,
                   **kw)
    first = ext[0] if ext else FRAGMENT
    return ip6(src, dst, first, ext[1:] + frag6_head(proto, off, more, ident) +
               data, **kw)


# A Destination Options header with 4 bytes of padding, ahead of a fragment
# header: for ext
DSTOPT_EXT = bytes((DSTOPTS, FRAGMENT, 0, 1, 4, 0, 0, 0, 0))


##############################################################################
# Reading packets

class Packet:
    """An IPv4 or IPv6 packet, or a fragment of one"""

    def __init__(self, data):
        self.raw = data
        self.version = data[0] >> 4
        self.df = self.mf = self.off = self.ident = 0
        self.fragment = False
        if self.version == 4:
            head = (data[0] & 15) * 4
            self.len, self.ident, frag = struct.unpack("!HHH", data[2:8])
            self.df, self.mf = frag >> 14 & 1, frag >> 13 & 1
            self.off = (frag & 0x1fff) << 3
            self.ttl, self.proto = data[8], data[9]
            self.src, self.dst = data[12:16], data[16:20]
            self.fragment = bool(self.mf or self.off)
            self.options = data[20:head]
            self.data = data[head:self.len]
        else:
            self.len = 40 + struct.unpack("!H", data[4:6])[0]
            self.proto, self.ttl = data[6], data[7]
            self.src, self.dst = data[8:24], data[24:40]
            self.data = data[40:self.len]
            # It is the sender who decides: always as with DF.
            self.df = 1
            if self.proto == FRAGMENT:
                self.fragment = True
                self.proto, _, frag, self.ident = \
                    struct.unpack("!BBHI", self.data[:8])
                self.off, self.mf = frag & ~7, frag & 1
                self.data = self.data[8:]

    def gre(self):
        """(flags, protocol, inner packet) of a GRE packet"""
        flags, proto = struct.unpack("!HH", self.data[:4])
        head = 4 + 4 * sum(bool(flags & x) for x in (0x8000, 0x2000, 0x1000))
        return flags, proto, self.data[head:]


def too_big(pkt):
    """The MTU in an ICMP error "too big", and the packet quoted; or None"""
    pkt = Packet(pkt)
    if pkt.fragment or len(pkt.data) < 8:
        return None
    kind, code = pkt.data[:2]
    if pkt.version == 4:
        if (pkt.proto, kind, code) != (ICMP, 3, 4) or csum(pkt.data):
            return None
        return struct.unpack("!H", pkt.data[6:8])[0], pkt.data[8:]
    if (pkt.proto, kind, code) != (ICMP6, 2, 0) or \
            csum(pkt.src + pkt.dst +
                 struct.pack("!II", len(pkt.data), ICMP6) + pkt.data):
        return None
    return struct.unpack("!I", pkt.data[4:8])[0], pkt.data[8:]


def pattern(size, seed):
    """Bytes that differ from one place and one packet to the next"""
    return bytes((i * 7 + i // 251 + seed * 31) & 255 for i in range(size))


##############################################################################
# Sockets

def udp_socket(ns, family, bind=None, **options):
    """A UDP socket; option IP_MTU_DISCOVER and the like by df=..., mark=...,
    dev=..."""
    with netns(ns):
        sock = socket.socket(family, socket.SOCK_DGRAM)
    if "dev" in options:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        options["dev"].encode())
    if "mark" in options:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, options["mark"])
    if "df" in options:
        set_df(sock, options["df"])
    if bind:
        sock.bind(bind)
    sock.setblocking(False)
    return sock


# linux/in.h, linux/in6.h. DO sets DF. OMIT does not, and sends as much as the
# device takes, whatever was learned of the path.
PMTUDISC_DO, PMTUDISC_OMIT = 2, 5


def set_df(sock, value):
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, 10, value)    # IP_MTU_DISCOVER
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, 23, value)  # IPV6_MTU_DISCOVER


def path_mtu(sock):
    """What the route of a connected socket has"""
    if sock.family == socket.AF_INET:
        return sock.getsockopt(socket.IPPROTO_IP, 14)    # IP_MTU
    return sock.getsockopt(socket.IPPROTO_IPV6, 24)      # IPV6_MTU


def receive_all(sock):
    got = []
    with contextlib.suppress(BlockingIOError):
        while True:
            got.append(sock.recv(1 << 17))
    return got


class Stream:
    """A TCP connection, from a socket in one namespace to one in another"""

    def __init__(self, from_ns, src, to_ns, dst, port):
        family = socket.AF_INET6 if ":" in dst else socket.AF_INET
        with netns(to_ns):
            listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((dst, port))
        listener.listen(1)
        with netns(from_ns):
            self.tx = socket.socket(family, socket.SOCK_STREAM)
        if src:
            self.tx.bind((src, 0))
        self.tx.settimeout(WAIT)
        listener.settimeout(WAIT)
        self.tx.connect((dst, port))
        self.rx = listener.accept()[0]
        listener.close()
        self.tx.setblocking(False)
        self.rx.setblocking(False)
        self.sent = b""
        self.got = b""

    def ok(self):
        return self.sent and self.got == self.sent

    def close(self):
        self.tx.close()
        self.rx.close()


def transfer(streams, data):
    """DATA through all of them at once. Time is given as long as any of them
    gets on."""
    left = {}
    for s in streams:
        s.sent, s.got = data, b""
        left[s] = data
    while any(len(s.got) < len(data) for s in streams):
        writers = {s.tx: s for s in streams if left[s]}
        readers = {s.rx: s for s in streams if len(s.got) < len(data)}
        r, w, _ = select.select(readers, writers, [], WAIT)
        if not r and not w:
            break
        for sock in w:
            s = writers[sock]
            with contextlib.suppress(BlockingIOError):
                left[s] = left[s][sock.send(left[s][:1 << 16]):]
        for sock in r:
            got = sock.recv(1 << 20)
            if not got:
                return
            readers[sock].got += got
