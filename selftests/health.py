#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Answers to probes, right and wrong, and the keepalives of other vendors, for
health.sh, which has the topology.

	health.py NEAR FAR [GROUP...]

Writes "GROUP ok|bad TEXT" for each thing that was tried, of these groups or all.
"""
import json
import os
import subprocess
import sys

from packets import *

NEAR, FAR = sys.argv[1:3]
WANTED = sys.argv[3:]
OUR = {4: "192.0.2.1", 6: "2001:db8::1"}
PEER = {4: "192.0.2.2", 6: "2001:db8::2"}
SOURCE = "10.9.0.1"
# On a machine that is busy an answer of ours may take its time.
SLOW = int(os.environ.get("MTUN_SLOW", "1"))
PATIENT = "interval %ds timeout %ds down-window %ds" % (2 * SLOW, 15 * SLOW, 16 * SLOW)

from_far = Wire(FAR, "u0", NEAR, "u0")
at_far = Tap(FAR, "u0")


def health(name):
    done = subprocess.run((MTCTL, "-n", NEAR, "-j", "health", "show", name),
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)[0]


# The far end has no such tunnel, and says so.
IGNORED = ("tx_packets", "tx_bytes", "rx_bytes", "icmp_errors")


def grown(send, name):
    """What of a tunnel's counters grows by send(), when something has"""
    old = counters(NEAR)[name]
    send()

    def new():
        now = counters(NEAR)[name]
        return {k: v - old.get(k, 0) for k, v in now.items()
                if k not in IGNORED and isinstance(v, int) and
                v != old.get(k, 0)}
    until(new)
    return new()


def add(name, words, v=4):
    mtctl(NEAR, ["tunnel add %s local %s remote %s %s" %
                 (name, OUR[v], PEER[v], words)])
    ip_batch(NEAR, ["link set %s up" % name])


def delete(*names):
    mtctl(NEAR, ["tunnel del " + n for n in names])


##############################################################################
# Probes of ours

def sent_in(key):
    """The inner packet of the next GRE packet with that key"""
    def wanted(dev, data):
        p = Packet(data)
        return p.proto == GRE and p.data[4:8] == struct.pack("!I", key)
    at_far.clear()
    return Packet(at_far.wait(wanted)[0][1]).gre()[2]


def in_tunnel(inner, key, v=4):
    return ip(PEER[v], OUR[v], GRE, gre(inner, key))


def changed(packet, at, *new):
    """The same with other bytes at the end of it, and its checksum right"""
    p = Packet(packet)
    body = bytearray(p.data)
    body[at:at + len(new)] = new
    body[2:4] = bytes(2)
    body[2:4] = struct.pack("!H", csum(bytes(body)))
    return packet[:len(packet) - len(body)] + bytes(body)


def test_enemy():
    add("p", "key 21")
    mtctl(NEAR, ["health set p probe source %s interval %ds timeout %ds "
                 "down-window %ds" % (SOURCE, SLOW, 3 * SLOW, 4 * SLOW)])

    probe = sent_in(21)
    report("enemy", "another secret",
           grown(lambda: from_far.send(in_tunnel(changed(probe, 12, 1, 2, 3),
                                                 21)), "p"),
           {"rx-probe": 1})
    report("enemy", "another sequence number",
           grown(lambda: from_far.send(in_tunnel(changed(probe, 6, 0, 1), 21)),
                 "p"), {"rx-probe": 1})
    report("enemy", "another identifier is somebody else's",
           grown(lambda: from_far.send(in_tunnel(changed(
               probe, 4, probe[24] ^ 1), 21)), "p"), {"rx_packets": 1})
    answered = health("p")["answered"]
    probe = sent_in(21)
    report("enemy", "another source is somebody else's",
           grown(lambda: from_far.send(in_tunnel(
               ip(PEER[4], SOURCE, ICMP, Packet(probe).data), 21)), "p"),
           {"rx_packets": 1})
    report("enemy", "and does not count", health("p")["answered"], answered)
    probe = sent_in(21)
    report("enemy", "outside of the tunnel",
           (from_far.send(probe), health("p")["answered"])[1], answered)

    def answer():
        from_far.send(in_tunnel(probe, 21))
    probe = sent_in(21)
    report("answers", "the right one", grown(answer, "p"), {"rx_packets": 1})
    report("answers", "counts", health("p")["answered"], answered + 1)
    report("enemy", "the right one again", grown(answer, "p"),
           {"rx-probe": 1})
    report("enemy", "that does not count", health("p")["answered"],
           answered + 1)
    probe = sent_in(21)
    time.sleep(3 * SLOW + 0.1)
    report("enemy", "one that is late", grown(answer, "p"), {"rx-probe": 1})
    delete("p")


def test_other_tunnel():
    """An answer counts in the tunnel that has asked, and in no other."""
    for name, key in (("p", 26), ("q", 27)):
        add(name, "key %d" % key)
    mtctl(NEAR, ["health set %s probe source %s %s" % (name, SOURCE, PATIENT)
                 for name in ("p", "q")])
    probe = sent_in(26)
    answered = health("p")["answered"], health("q")["answered"]
    report("enemy", "in another tunnel it is somebody else's", grown(
        lambda: from_far.send(in_tunnel(probe, 27)), "q"), {"rx_packets": 1})
    report("enemy", "and counts in neither of them",
           (health("p")["answered"], health("q")["answered"]), answered)
    report("answers", "in its own it does", grown(
        lambda: from_far.send(in_tunnel(probe, 26)), "p"), {"rx_packets": 1})
    report("answers", "and counts", health("p")["answered"], answered[0] + 1)

    mtctl(NEAR, ["health set p keepalive", "health set q keepalive"])
    cookie = Packet(sent_in(26)).gre()[2]
    report("enemy", "a keepalive in another tunnel", grown(lambda: from_far.send(
        ip(PEER[4], OUR[4], GRE, gre(cookie, 27, proto=0))), "q"),
        {"rx-probe": 1})
    report("enemy", "counts in neither of them",
           (health("p")["answered"], health("q")["answered"]), (0, 0))
    delete("p", "q")


def test_outside():
    add("p", "key 22")
    mtctl(NEAR, ["health set p probe style request direction uni " + PATIENT])
    probe = Packet(sent_in(22))
    report("answers", "a request", probe.data[0], 8)

    def reply(**kw):
        return ip(PEER[4], OUR[4], ICMP, changed(ip(
            PEER[4], OUR[4], ICMP, probe.data), 0, 0)[20:], **kw)
    # The far end's own stack does not get to see it: near has no such key there.
    answered = health("p")["answered"]
    # Before the right one: a probe is answered once.
    mtctl(NEAR, ["tunnel add o local %s remote 192.0.2.9" % OUR[4]])
    report("enemy", "outside, from somebody else", (from_far.send(ip(
        "192.0.2.9", OUR[4], ICMP, changed(ip(
            "192.0.2.9", OUR[4], ICMP, probe.data), 0, 0)[20:])),
        health("p")["answered"])[1], answered)
    delete("o")
    from_far.send(reply())
    report("answers", "outside",
           until(lambda: health("p")["answered"] - answered), 1)
    report("enemy", "outside, again",
           grown(lambda: from_far.send(reply()), "p"), {"rx-probe": 1})
    # Whichever way it takes: it arrives at the same address.
    report("enemy", "again, through the tunnel",
           grown(lambda: (from_far.send(in_tunnel(reply(), 22)),
                          until(lambda: counters(NEAR)["p"].get("rx-probe") ==
                                2)), "p"),
           {"rx_packets": 1, "rx-probe": 1})
    delete("p")


def test_own_keepalive(v, key, words, check):
    add("p", "key %d %s" % (key, words), v)
    mtctl(NEAR, ["health set p keepalive " + PATIENT])

    def wanted(dev, data):
        p = Packet(data)
        at = 8 if check else 4
        return p.proto == GRE and \
            p.data[at:at + 4] == struct.pack("!I", key)
    at_far.clear()
    flags, proto, inner = Packet(at_far.wait(wanted)[0][1]).gre()
    p = Packet(inner)
    text = "keepalive, IPv%d %s" % (v, words)
    report("answers", text + ": addresses", (p.src, p.dst),
           (addr(PEER[v]), addr(OUR[v])))
    flags, proto, cookie = p.gre()
    report("answers", text + ": header", (p.proto, flags, proto, len(cookie)),
           (GRE, 0xa000 if check else 0x2000, 0, 12))
    if check:
        report("answers", text + ": checksum", csum(p.data), 0)

    def answer(data):
        return lambda: from_far.send(data)
    # First what somebody else may have made of it
    report("enemy", text + ": another cookie", grown(answer(
        ip(PEER[v], OUR[v], GRE, gre(bytes(12), key, check=check, proto=0))),
        "p"), {"rx-probe": 1})
    report("enemy", text + ": none", grown(answer(
        ip(PEER[v], OUR[v], GRE, gre(b"", key, check=check, proto=0))), "p"),
        {"rx-probe": 1})
    report("answers", text, grown(answer(inner), "p"), {"rx_packets": 1})
    report("enemy", text + ": again", grown(answer(inner), "p"),
           {"rx-probe": 1})
    report("answers", text + ": counted", health("p")["answered"], 1)
    delete("p")


def test_returned():
    """What is answered while there is no carrier, where the stack sends nothing"""
    add("p", "key 28")
    ip_batch(NEAR, ["addr add 10.28.0.0/31 dev p",
                    "addr add 2001:db8:28::/127 dev p",
                    "route add 10.28.9.9 dev p",
                    "route add 2001:db8:28::99 dev p",
                    # What is of a VRF is ours there, and not here.
                    "link add v type vrf table 28",
                    "link add vd master v type dummy",
                    "addr add 10.28.7.7/32 dev vd",
                    "addr add 2001:db8:28:7::7/128 dev vd nodad",
                    "link set v up",
                    "link set vd up"])
    mtctl(NEAR, ["health set p probe carrier on interval 100ms timeout 200ms "
                 "down-window 300ms"])
    report("returned", "it has no carrier",
           until(lambda: health("p")["state"] == "down"))
    sent, want = [], []

    def echo(src, dst, request, **kw):
        """One that its number is told by"""
        v6 = ":" in src
        kind = (129, 128)[request] if v6 else (0, 8)[request]
        sent.append(in_tunnel(ip(src, dst, ICMP6 if v6 else ICMP, icmp(
            src, dst, kind, 0, 7, b"else%4d" % len(sent)), **kw), 28))

    def comes(src, dst, ttl):
        want.append((len(sent) - 1, addr(src), addr(dst), ttl))

    echo("198.51.100.1", "10.28.0.1", False)
    comes("198.51.100.1", "10.28.0.1", 63)
    echo("10.28.9.9", "10.28.9.9", False, ttl=9)
    comes("10.28.9.9", "10.28.9.9", 8)
    echo("2001:db8:28::99", "2001:db8:28::99", False, hlim=9)
    comes("2001:db8:28::99", "2001:db8:28::99", 8)
    # It has come to its end, or leads elsewhere.
    echo("10.28.9.9", "10.28.9.9", False, ttl=1)
    echo("2001:db8:28::99", "2001:db8:28::99", False, hlim=1)
    echo(PEER[4], PEER[4], False)
    echo(PEER[6], PEER[6], False)
    for own, peer, other in (
            ("10.28.0.0", "10.28.0.1", "10.28.9.9"),
            ("2001:db8:28::", "2001:db8:28::1", "2001:db8:28::99")):
        # The address of another device is ours as well.
        for ours in own, OUR[6 if ":" in own else 4]:
            echo(peer, ours, True)
            comes(ours, peer, 64)
            echo(other, ours, True)
            comes(ours, other, 64)
        echo(PEER[6 if ":" in own else 4], own, True)
        echo(peer, other, True)
    echo("10.28.0.1", "10.28.7.7", True)
    echo("2001:db8:28::1", "2001:db8:28:7::7", True)
    echo("10.28.0.1", "10.28.0.1", False)
    comes("10.28.0.1", "10.28.0.1", 63)

    def returned(dev, data):
        p = Packet(data)
        return p.proto == GRE and p.gre()[1] and b"else" in p.gre()[2]
    at_far.clear()
    from_far.send(*sent)
    until(lambda: any(b"else%4d" % (len(sent) - 1) in x[1]
                      for x in at_far.read(returned)))
    got = [Packet(Packet(x[1]).gre()[2]) for x in at_far.read(returned)]
    report("returned", "what is, and where it goes",
           [(int(p.data[-4:]), p.src, p.dst, p.ttl) for p in got], want)

    # The filter has its say for these, too.
    peer, other, ours = "10.28.0.1", "10.28.9.9", "10.28.0.0"
    for words, src, dst, request, drops in (
            ("allow-src-rx " + peer, other, ours, True, {"rx-filter": 1}),
            ("allow-src-rx 2001:db8::/32", other, ours, True, {"rx-filter": 1}),
            ("allow-src-rx " + peer, other, other, False, {"rx-filter": 1}),
            # The stack has no carrier for its answer.
            ("allow-src-tx " + peer, peer, ours, True, {"rx_packets": 1}),
            ("allow-dst-tx " + other, peer, ours, True, {"rx_packets": 1}),
            ("allow-src-tx " + peer, other, other, False, {"rx_packets": 1})):
        mtctl(NEAR, ["filter set p allow-src-rx any allow-src-tx any "
                     "allow-dst-tx any", "filter set p " + words])
        at_far.clear()
        echo(src, dst, request)
        has = grown(lambda: from_far.send(sent[-1]), "p")
        report("returned", "%s: counted" % words,
               {k: v for k, v in has.items() if not k.startswith("tx")}, drops)
        report("returned", "%s: not returned" % words, at_far.read(returned), [])
    mtctl(NEAR, ["filter set p allow-src-rx %s allow-src-tx %s" % (peer, ours)])
    at_far.clear()
    echo(peer, ours, True)
    from_far.send(sent[-1])
    report("returned", "what the filter lets through",
           until(lambda: len(at_far.read(returned))), 1)

    mtctl(NEAR, ["filter set p allow-src-rx any allow-src-tx any"])
    ip_batch(NEAR, ["link set p master v",
                    "route add 10.28.9.9 dev p vrf v",
                    "route add 2001:db8:28::99 dev p vrf v"])
    report("returned", "it has no carrier in its VRF",
           until(lambda: health("p")["state"] == "down"))
    time.sleep(1.5)     # The stack gets to know it a second later at the most.
    for src, dst in (("10.28.9.9", "10.28.7.7"),
                     ("2001:db8:28::99", "2001:db8:28:7::7")):
        at_far.clear()
        echo(src, dst, True)
        from_far.send(sent[-1])
        report("returned", "%s is of the VRF" % dst,
               until(lambda: len(at_far.read(returned))), 1)
    delete("p")
    ip_batch(NEAR, ["link del v", "link del vd"])


##############################################################################
# Keepalives of the far end

def keepalive(src, dst, key=None, check=False, payload=b"", **kw):
    return ip(src, dst, GRE, gre(payload, key, check=check, proto=0), **kw)


def answers(send, key, check=False):
    """What the far end gets of protocol 0, until send()'s last one is answered"""
    def wanted(dev, data):
        p = Packet(data)
        return p.proto == GRE and p.src == addr(OUR[p.version]) and \
            p.gre()[1] == 0
    at_far.clear()
    send()
    return [Packet(x[1]) for x in at_far.wait(wanted)]


def answered(group, text, name, v, packet, key, check=False, payload=b""):
    got = []
    counted = grown(lambda: got.extend(answers(
        lambda: from_far.send(packet), key)), name)
    report(group, text + ": counted", counted,
           {"rx_packets": 1, "keepalives": 1})
    want = gre(payload, key, check=check, proto=0)
    report(group, text, [(p.src, p.dst, p.data) for p in got],
           [(addr(OUR[v]), addr(PEER[v]), want)])


def test_keepalives():
    for v, key, check in ((4, None, False), (4, 31, False), (4, 32, True),
                          (6, 33, False), (6, 34, True)):
        words = ("key %d " % key if key else "") + ("csum on" if check else "")
        add("k", words, v)
        for payload in (b"", b"odd"):
            inner = keepalive(OUR[v], PEER[v], key, check, payload)
            answered("keepalives", "IPv%d %s, %d bytes" %
                     (v, words, len(payload)), "k", v,
                     ip(PEER[v], OUR[v], GRE, gre(inner, key, check=check)),
                     key, check, payload)
        delete("k")


def test_vendors():
    add("k", "key 41")
    ip_batch(NEAR, ["addr add 10.41.0.0/31 dev k"])
    inner = keepalive(OUR[4], "192.168.88.1", 41)
    answered("vendors", "MikroTik behind NAT", "k", 4, in_tunnel(inner, 41), 41)
    inner = keepalive(OUR[4], PEER[4], 41)
    answered("vendors", "Huawei", "k", 4,
             ip(PEER[4], OUR[4], GRE, gre(inner, 41, proto=4)), 41)

    inner = keepalive("10.41.0.0", "10.41.0.1", 41)
    at_far.clear()
    report("vendors", "VeloCloud: counted",
           grown(lambda: from_far.send(in_tunnel(inner, 41)), "k"),
           {"rx_packets": 1, "keepalives": 1})
    report("vendors", "VeloCloud", bool(at_far.wait(
        lambda dev, data: Packet(data).proto == GRE and
        Packet(data).gre()[2] == inner)), True)
    delete("k")


def test_third_party():
    add("k", "key 51")
    ip_batch(NEAR, ["addr add 10.51.0.0/31 dev k"])
    at_far.clear()
    for text, inner, want in (
            ("a public address", keepalive(OUR[4], "198.51.100.9", 51),
             "rx-keepalive"),
            ("another address inside", keepalive("10.51.0.0", "10.51.0.9", 51),
             "rx-keepalive"),
            ("no key", keepalive(OUR[4], PEER[4]), "rx-keepalive"),
            ("another key", keepalive(OUR[4], PEER[4], 52), "rx-keepalive"),
            ("a checksum", keepalive(OUR[4], PEER[4], 51, True),
             "rx-keepalive"),
            ("of another tunnel", keepalive("10.8.0.1", "10.7.0.1", 51),
             "rx_packets"),
            ("no keepalive", ip(OUR[4], PEER[4], GRE, gre(
                ip("10.8.0.1", "10.7.0.1", UDP, bytes(8)), 51)),
             "rx_packets"),
            ("a fragment", keepalive(OUR[4], PEER[4], 51, mf=1),
             "rx_packets")):
        report("third_party", text, grown(
            lambda: from_far.send(in_tunnel(inner, 51)), "k"), {want: 1})
    report("third_party", "Huawei's, and no keepalive", grown(
        lambda: from_far.send(ip(PEER[4], OUR[4], GRE, gre(
            ip("10.8.0.1", "10.7.0.1", UDP, bytes(8)), 51, proto=4))), "k"),
        {"rx-protocol": 1})
    mtctl(NEAR, ["health set k off answer off"])
    report("third_party", "answers are off", grown(
        lambda: from_far.send(in_tunnel(keepalive(OUR[4], PEER[4], 51), 51)),
        "k"), {"rx-keepalive": 1})
    report("third_party", "nobody got anything", [
        x for x in at_far.read(lambda dev, data: Packet(data).proto == GRE)],
        [])
    delete("k")


class Router:
    """A router of another vendor at the far end, made by scapy: what GRE brings it
    takes out and routes, and nothing more"""

    def __init__(self, v, key, check):
        from scapy.layers.inet import IP
        from scapy.layers.inet6 import IPv6
        from scapy.layers.l2 import GRE as Gre
        self.ip, self.gre = (IP if v == 4 else IPv6), Gre
        self.v, self.key, self.check = v, key, check
        self.cut = False
        self.returned = 0
        at_far.clear()

    def header(self, proto):
        """Of GRE, as this tunnel has it"""
        fields = {"proto": proto}
        if self.key is not None:
            fields.update(key_present=1, key=self.key)
        if self.check:
            fields.update(chksum_present=1)
        return self.gre(**fields)

    def mine(self, packet):
        gre = packet.getlayer(self.gre)
        return (packet.src, packet.dst) == (OUR[self.v], PEER[self.v]) and \
            gre is not None and gre.key == self.key and \
            bool(gre.chksum_present) == self.check

    def received(self):
        """What near has sent through the tunnel since"""
        at_far.read()
        got, at_far.got = at_far.got, []
        packets = (self.ip(data) for _, data in got)
        return [p for p in packets if self.mine(p)]

    def serve(self, condition):
        """Routes what is in the tunnel until the condition holds, and says whether
        it does; IPv6 addresses of scapy are in short form as ours are."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            for packet in self.received():
                inner = packet[self.gre].payload
                if isinstance(inner, self.ip) and inner.dst == OUR[self.v] and \
                        not self.cut:
                    from_far.send(bytes(inner))
                    self.returned += 1
            if condition():
                return True
            time.sleep(0.05)
        return False

    def keepalive(self):
        """One of its own: inside is what shall come back"""
        back = self.ip(src=OUR[self.v], dst=PEER[self.v]) / self.header(0)
        return bytes(self.ip(src=PEER[self.v], dst=OUR[self.v]) /
                     self.header(0x0800 if self.v == 4 else 0x86dd) / back)

    def sees_answer(self):
        """Header by header what it asked for"""
        want = bytes(self.ip(src=OUR[self.v], dst=PEER[self.v]) /
                     self.header(0))
        want = self.ip(want)[self.gre]
        return any(bytes(p[self.gre]) == bytes(want) for p in self.received())


def test_cisco():
    for v, key, check in ((4, None, False), (4, 71, False), (4, 72, True),
                          (6, 73, False), (6, 74, True)):
        words = ("key %d " % key if key else "") + ("csum on" if check else "")
        text = "IPv%d %s: " % (v, words)
        add("p", words, v)
        router = Router(v, key, check)
        # To ask for the state takes its time, in which nothing is returned.
        mtctl(NEAR, ["health set p keepalive interval %dms timeout %dms "
                     "down-window %ds" % (250 * SLOW, 1500 * SLOW, 2 * SLOW)])

        def is_state(state, answered=0):
            now = health("p")
            return now["state"] == state and now["answered"] >= answered
        report("cisco", text + "ours are returned",
               router.serve(lambda: is_state("healthy", 4)))
        report("cisco", text + "and were before they counted",
               health("p")["answered"] <= router.returned)
        router.cut = True
        report("cisco", text + "it dies", router.serve(lambda: is_state("down")))
        router.cut = False
        report("cisco", text + "it is back",
               router.serve(lambda: is_state("degraded")))
        mtctl(NEAR, ["health set p off"])
        until(lambda: not router.received())
        report("cisco", text + "its own are answered", bool(
            (from_far.send(router.keepalive()),
             until(router.sees_answer))[1]))
        report("cisco", text + "and counted",
               counters(NEAR)["p"].get("keepalives"), 1)
        delete("p")


def test_rate():
    add("k", "key 61")
    packet = in_tunnel(keepalive(OUR[4], PEER[4], 61), 61)
    sent = 250
    old = counters(NEAR)["k"]
    begin = time.monotonic()
    from_far.send(*[packet] * sent)

    def total():
        now = counters(NEAR)["k"]
        return [now.get(x, 0) - old.get(x, 0)
                for x in ("keepalives", "rx-keepalive-rate")]
    until(lambda: sum(total()) == sent)
    seconds = time.monotonic() - begin
    few, many = total()
    report("rate", "each is counted", few + many, sent)
    # In less than a second they may fall into two.
    report("rate", "%d of %d in %.1f s are answered" % (few, sent, seconds),
           100 <= few <= 100 * (int(seconds) + 2))
    delete("k")


TESTS = [
    ("enemy", test_enemy),
    ("enemy", test_other_tunnel),
    ("answers", test_outside),
    ("answers", lambda: test_own_keepalive(4, 23, "", False)),
    ("answers", lambda: test_own_keepalive(4, 24, "csum on", True)),
    ("answers", lambda: test_own_keepalive(6, 25, "", False)),
    ("returned", test_returned),
    ("keepalives", test_keepalives),
    ("vendors", test_vendors),
    ("third_party", test_third_party),
    ("rate", test_rate),
    ("cisco", test_cisco),
]

for group, test in TESTS:
    # The first two write results of each other's group.
    if WANTED and group not in WANTED and \
            (group not in ("enemy", "answers") or
             not {"enemy", "answers"} & set(WANTED)):
        continue
    try:
        test()
    except Exception as error:
        report(group, "goes on", "%s: %s" % (type(error).__name__, error))
        for name in ("p", "q", "k"):
            subprocess.run(("ip", "-n", NEAR, "link", "del", name),
                           stderr=subprocess.DEVNULL)
