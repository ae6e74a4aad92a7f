#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a tunnel drop packets, for each reason that there is.

	drops.py NEAR FAR

NEAR and FAR are the namespaces of drops.sh, MTCTL is the tool and FAULT the
module failret.ko. Writes a line "REASON ok|bad|skip TEXT" for each.
"""
import contextlib
import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import time

from faults import Fails, Skip

NEAR, FAR = sys.argv[1:3]
MTCTL = os.environ["MTCTL"]
CLONE_NEWNET = 0x40000000
WAIT = 20
IN4 = bytes.fromhex("4500001c000100004011000001010101020202020007000700080000")


def enter(netns):
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/run/netns/" + netns) as f:
        if libc.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


# There is one for the machine, which only the first namespace shows.
try:
    backlog = open("/proc/sys/net/core/netdev_max_backlog", "r+")
except OSError:
    backlog = None
enter(FAR)
wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
enter(NEAR)
devices = {}
for name in ("mt0", "mt1"):
    devices[name] = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)


def run(*args, **kwargs):
    subprocess.run(args, check=True, **kwargs)


def ip(*args):
    run("ip", "-n", NEAR, *args)


def counters():
    out = subprocess.run([MTCTL, "-n", NEAR, "-j", "-s", "tunnel", "list"],
                         check=True, stdout=subprocess.PIPE).stdout
    found = {}
    for tunnel in json.loads(out):
        stats = tunnel["stats"]
        for key, value in list(stats["drops"].items()) + [
                ("rx", stats["rx_packets"]), ("tx", stats["tx_packets"])]:
            found[tunnel["ifname"], key] = value
    return found


def receive(gre, tos=0, cut=0, count=1):
    """A GRE packet from far, which may be cut into two fragments."""
    for at, part in ((0, gre[:cut]), (cut, gre[cut:])):
        if not part:
            continue
        flags = at // 8 | (0x2000 if at + len(part) < len(gre) else 0)
        packet = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 0, 77, flags, 64,
                             47, 0, socket.inet_aton("192.0.2.2"),
                             socket.inet_aton("192.0.2.1")) + part
        for _ in range(count):
            wire.sendto(packet, ("192.0.2.1", 0))


def transmit(data, proto=0x0800, tunnel="mt0"):
    try:
        devices[tunnel].sendto(data, (tunnel, proto))
    except OSError:
        pass    # of a lost packet the sender may be told


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def checked(seq, wrong=0, flow=0):
    """For mt1: checksum, key 9, sequence number"""
    data = IN4[:21] + bytes((flow,)) + IN4[22:]

    def head(csum):
        return struct.pack("!HHHHII", 0xb000, 0x0800, csum, 0, 9, seq)
    return head(checksum(head(0) + data) ^ wrong) + data


class Nft:
    """An nft rule, as long as the block lasts"""

    def __init__(self, text):
        self.text = text

    def __enter__(self):
        run("ip", "netns", "exec", NEAR, "nft", "add table ip t; " + self.text)

    def __exit__(self, *_):
        run("ip", "netns", "exec", NEAR, "nft", "delete table ip t")


def rx_policy():
    sel = ("src", "192.0.2.2", "dst", "192.0.2.1", "proto", "gre", "dir", "in")
    ip("xfrm", "policy", "add", *sel, "tmpl", "src", "192.0.2.2", "dst",
       "192.0.2.1", "proto", "esp", "mode", "transport")
    receive(b"\0\0\x08\0" + IN4)
    ip("xfrm", "policy", "del", *sel)


def rx_down():
    ip("link", "set", "mt0", "down")
    receive(b"\0\0\x08\0" + IN4)
    settle("mt0", "rx-down")
    ip("link", "set", "mt0", "up")


def set_backlog(value):
    backlog.seek(0)
    backlog.write(value)
    backlog.flush()


@contextlib.contextmanager
def slots():
    """What far sends comes together, every 200 ms."""
    tc = ("ip", "netns", "exec", FAR, "tc", "qdisc")
    run(*tc, "add", "dev", "u0", "root", "netem", "slot", "200ms", "200ms")
    try:
        yield
    finally:
        run(*tc, "del", "dev", "u0", "root")


def rx_backlog():
    """More packets at once than the queue may hold: netem keeps them and lets
    them go together, and NAPI brings them in a batch. Their flows differ, so
    that GRO does not make one packet of them. Those with sequence numbers are
    queued."""
    if not backlog:
        raise Skip("this namespace has no net.core.netdev_max_backlog")
    usual = backlog.read()
    # veth uses NAPI if one end has GRO and the other no TSO.
    run("ip", "netns", "exec", NEAR, "ethtool", "-K", "u0", "gro", "on",
        stdout=subprocess.DEVNULL)
    run("ip", "netns", "exec", FAR, "ethtool", "-K", "u0", "tso", "off",
        stdout=subprocess.DEVNULL)
    set_backlog("1")
    try:
        with slots():
            for i in range(MANY["rx-backlog"]):
                receive(checked(100 + i, flow=i))
            settle("mt1", "rx-backlog")
    finally:
        set_backlog(usual)
        run("ip", "netns", "exec", NEAR, "ethtool", "-K", "u0", "gro", "off",
            stdout=subprocess.DEVNULL)


def rx_memory():
    """Headers in two pieces have to be put together. The second one is large,
    or reassembly would have copied it to the first."""
    with Fails("__pskb_pull_tail", "u0", 0):
        receive(b"\0\0\x08\0" + IN4 + bytes(1400), cut=8)
        settle("mt0", "rx-memory")


def tx_no_route():
    ip("route", "add", "unreachable", "192.0.2.2")
    transmit(IN4)
    ip("route", "del", "unreachable", "192.0.2.2")


def tx_loop():
    ip("route", "add", "192.0.2.2", "dev", "mt0")
    transmit(IN4)
    ip("route", "del", "192.0.2.2", "dev", "mt0")


def tx_too_big():
    """The device would take the packet, the path would not."""
    ip("link", "set", "mt0", "mtu", "1600")
    transmit(IN4[:2] + struct.pack("!H", 1477) + IN4[4:6] + b"\x40\0" +
             IN4[8:] + bytes(1477 - len(IN4)))
    ip("link", "set", "mt0", "mtu", "1476")


def tx_underlay():
    with Nft("add chain ip t out { type filter hook output priority 0 ; }; "
             "add rule ip t out ip protocol gre drop"):
        transmit(IN4)


def filtered(words, provoke):
    run(MTCTL, "-n", NEAR, "filter", "set", "mt0", words, "9.9.9.9")
    provoke()


def unfiltered():
    run(MTCTL, "-n", NEAR, "filter", "del", "mt0")


def rx_filter():
    filtered("allow-src-rx", lambda: receive(b"\0\0\x08\0" + IN4))
    settle("mt0", "rx-filter")
    unfiltered()


def tx_filter():
    filtered("allow-dst-tx", lambda: transmit(IN4))
    unfiltered()


def tx_memory():
    """A packet that somebody listens to has to be copied to be written to."""
    with Fails("pskb_expand_head", "mt0", -12):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        tap.bind(("mt0", 3))
        transmit(IN4)
        settle("mt0", "tx-memory")
        tap.close()


def rx_probe():
    """A keepalive that comes back, where none went out"""
    mtctl = [MTCTL, "-n", NEAR, "health", "set", "mt0"]
    run(*mtctl, "keepalive", "interval", "1h")
    receive(bytes(4) + b"no cookie...")
    settle("mt0", "rx-probe")
    run(*mtctl, "off", "interval", "mid")


def keepalive(dst, count=1):
    """Of the far end: what it wants to be sent to dst"""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 24, 0, 0, 64, 47, 0,
                       socket.inet_aton("192.0.2.1"), socket.inet_aton(dst))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    receive(b"\0\0\x08\0" + head + bytes(4), count=count)


def rx_keepalive_rate():
    """More at once than are answered in a second"""
    with slots():
        keepalive("192.0.2.2", MANY["rx-keepalive-rate"])
        settle("mt0", "rx-keepalive-rate")


def guarded(provoke):
    mtctl = [MTCTL, "-n", NEAR, "tunnel", "set", "mt0", "ipsec"]
    run(*mtctl, "required")
    provoke()
    run(*mtctl, "off")


def rx_ipsec():
    guarded(lambda: (receive(b"\0\0\x08\0" + IN4),
                     settle("mt0", "rx-ipsec")))


# Reason: how, tunnel
CASES = {
    "rx-header": (lambda: receive(b"\x04\0\x08\0" + IN4), "mt0"),
    "rx-truncated": (lambda: receive(b"\0\0\x08"), "mt0"),
    "rx-options": (lambda: receive(b"\x10\0\x08\0" + bytes(4) + IN4), "mt0"),
    "rx-checksum": (lambda: receive(checked(5, wrong=1)), "mt1"),
    "rx-sequence": (lambda: (receive(checked(5)), receive(checked(5))), "mt1"),
    "rx-protocol": (lambda: receive(b"\0\0\x65\x58" + IN4), "mt0"),
    "rx-inner": (lambda: receive(b"\0\0\x86\xdd" + IN4 + bytes(20)), "mt0"),
    "rx-ecn": (lambda: receive(b"\0\0\x08\0" + IN4, tos=3), "mt0"),
    "rx-policy": (rx_policy, "mt0"),
    "rx-down": (rx_down, "mt0"),
    "rx-backlog": (rx_backlog, "mt1"),
    "rx-memory": (rx_memory, "mt0"),
    "tx-protocol": (lambda: transmit(IN4, 0x0806), "mt0"),
    "tx-inner": (lambda: transmit(IN4[:19]), "mt0"),
    "tx-no-route": (tx_no_route, "mt0"),
    "tx-loop": (tx_loop, "mt0"),
    "tx-too-big": (tx_too_big, "mt0"),
    "tx-underlay": (tx_underlay, "mt0"),
    "tx-memory": (tx_memory, "mt0"),
    "rx-filter": (rx_filter, "mt0"),
    "tx-filter": (tx_filter, "mt0"),
    "rx-probe": (rx_probe, "mt0"),
    "rx-keepalive": (lambda: keepalive("198.51.100.9"), "mt0"),
    "rx-keepalive-rate": (rx_keepalive_rate, "mt0"),
    "rx-ipsec": (rx_ipsec, "mt0"),
    "tx-ipsec": (lambda: guarded(lambda: transmit(IN4)), "mt0"),
}
# Those whose case makes so many packets: how many of them are dropped, the clock decides,
# and the others are received, or answered.
MANY = {"rx-backlog": 50, "rx-keepalive-rate": 250}
# What else the case makes of its packets
DELIVERED = {"rx-sequence": {("mt1", "rx"): 1}}


def taken(tunnel, reason):
    """How many packets of the case are counted, those of many in whatever way"""
    now = counters()
    keys = (reason, "rx") if reason in MANY else (reason,)
    return sum(now.get((tunnel, key), 0) - start.get((tunnel, key), 0) for key in keys)


def settle(tunnel, reason):
    """Until the packets of the case are counted."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end and taken(tunnel, reason) < MANY.get(reason, 1):
        time.sleep(0.02)


for reason, (provoke, tunnel) in CASES.items():
    start = counters()
    try:
        provoke()
    except Skip as why:
        print(reason, "skip", why)
        continue
    settle(tunnel, reason)
    grown = {key: value - start.get(key, 0)
             for key, value in counters().items()
             if value != start.get(key, 0)}
    want = {(tunnel, reason): 1, **DELIVERED.get(reason, {})}
    if reason in MANY:
        want = {(tunnel, reason): MANY[reason] - grown.pop((tunnel, "rx"), 0)}
        grown.pop((tunnel, "tx"), None)
    print(reason, "ok" if grown == want else
          "bad got %s, expected %s" % (grown, want), flush=True)
