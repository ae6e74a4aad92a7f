#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets for tunnels that accept prefixes, and that are received early, for
early.sh, which has the topology.

	early.py FAR NEAR OTHER

Writes "GROUP ok|bad TEXT" for each thing that was tried.
"""
import ipaddress
import itertools
import os
import random
import subprocess
import sys

from packets import *

FAR, NEAR, OTHER = sys.argv[1:4]

# On no device: what tunnels have, and what near has
ANY = {4: "198.51.100.1", 6: "2001:db8:51::1"}
OWN = {4: "192.0.2.2", 6: "2001:db8::2"}
PEER = {4: "192.0.2.1", 6: "2001:db8::1"}
INNER = {4: ("10.8.0.1", "10.7.0.1"), 6: ("2001:db8:8::1", "2001:db8:7::1")}

from_far = Wire(FAR, "u0", NEAR, "u0")
at_other = Tap(OTHER, "o0")
numbers = itertools.count(1)


def inner(v=4, size=16):
    src, dst = INNER[v]
    return ip(src, dst, UDP, udp(src, dst, 7, next(numbers), bytes(size)))


def outer(src, dst, key=None, v=4, size=16, **kw):
    return ip(src, dst, GRE, gre(inner(v, size), key), **kw)


def received():
    """{tunnel: packets} received"""
    return {t: c["rx_packets"] for t, c in counters(NEAR).items()}


def grown(send, wanted=1):
    """The tunnels that receive something when send() is called, and how much"""
    old = received()
    send()

    def new():
        now = received()
        return {t: n - old.get(t, 0) for t, n in now.items()
                if n != old.get(t, 0)}
    until(lambda: sum(new().values()) >= wanted)
    return new()


def settled():
    """All that was sent has arrived somewhere: a packet of this has."""
    grown(lambda: from_far.send(outer(PEER[4], OWN[4], 999)))


def nft(*chains):
    """(HOOK, PRIORITY, RULE...) of each chain, in place of those before"""
    lines = ["table inet t", "delete table inet t"]
    for hook, priority, *rules in chains:
        lines += ["table inet t {", "chain %s {" % hook,
                  "type filter hook %s priority %d;" % (hook, priority),
                  *rules, "}", "}"]
    with netns(NEAR):
        run(("nft", "-f", "-"), lines, "nft")


DROP = ("meta l4proto gre ip daddr %s drop" % ANY[4],
        "meta l4proto gre ip6 daddr %s drop" % ANY[6])


def up(names):
    ip_batch(NEAR, ["link set dev %s up" % n for n in names])


def clear():
    mtctl(NEAR, ["tunnel del %s" % t for t in received()])


def add(lines):
    mtctl(NEAR, ["tunnel add " + line for line in lines])
    up([line.split()[0] for line in lines])


def watcher():
    """For settled()"""
    add(["w local %s remote %s key 999" % (OWN[4], PEER[4])])


def local(what, *addresses):
    """Addresses that near has, by a route and on no device"""
    ip_batch(NEAR, ["route %s local %s dev lo" % (what, a) for a in addresses])


def rx(where):
    mtctl(NEAR, ["netns set rx " + where])


##############################################################################

def test_accept():
    """One tunnel: what it takes, and what not"""
    for v, near, prefix, inside, outside in (
            (4, OWN[4], "203.0.113.64/26", ("203.0.113.64", "203.0.113.127"),
             ("203.0.113.63", "203.0.113.128", PEER[4])),
            (6, OWN[6], "2001:db8:a::/47", ("2001:db8:a::", "2001:db8:b::ffff"),
             ("2001:db8:9::", "2001:db8:c::", PEER[6])),
            (4, OWN[4], "203.0.113.9/32", ("203.0.113.9",), ("203.0.113.8",)),
            (4, OWN[4], "any", ("203.0.113.9", "9.9.9.9", PEER[4]), ()),
            (6, OWN[6], "any", ("2001:db8:9::", PEER[6]), ())):
        add(["m local %s remote %s key 5 accept %s" % (near, PEER[v], prefix)])
        watcher()
        for src in inside:
            report("accept", "%s: %s" % (prefix, src), grown(
                lambda: from_far.send(outer(src, near, 5))), {"m": 1})
        old = received()["m"]
        for src in outside:
            from_far.send(outer(src, near, 5))
        for src in inside:      # the key, or its absence, belongs to it
            from_far.send(outer(src, near, 6), outer(src, near))
        settled()
        report("accept", "%s: nothing else" % prefix, received()["m"], old)
        clear()
    # It sends to remote alone.
    add(["m local %s remote %s accept any" % (OWN[4], PEER[4])])
    tap = Tap(FAR, "u0")
    ip_batch(NEAR, ["route add 10.8.0.0/16 dev m"])
    sock = udp_socket(NEAR, socket.AF_INET)
    sock.sendto(b"x", ("10.8.0.1", 9))
    got = tap.wait(lambda _, p: Packet(p).proto == GRE)
    report("accept", "is sent to remote", [Packet(p).dst for _, p in got],
           [addr(PEER[4])])
    # What is taken is taken once.
    for line, want in (("accept any", False), ("accept 192.0.2.0/24", True),
                       ("accept 192.0.2.0/25", True), ("", True),
                       ("accept 192.0.2.0/24 key 7", True)):
        done = subprocess.run(
            (MTCTL, "-n", NEAR, "tunnel", "add", "twin", "local", OWN[4],
             "remote", PEER[4], *line.split()), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        report("accept", "a second tunnel with \"%s\"" % line,
               (done.returncode == 0, "accept, local and ikey are taken" in
                done.stdout), (want, not want))
        if want:
            mtctl(NEAR, ["tunnel del twin"])
    clear()


def test_specific():
    """Nested prefixes against Python's: the longest counts"""
    rng = random.Random(5)
    for v, near in ((4, OWN[4]), (6, OWN[6])):
        base = ipaddress.ip_network("203.0.0.0/16" if v == 4 else
                                    "2001:db8:a00::/40")
        nets = {ipaddress.ip_network((0, 0)) if v == 4 else
                ipaddress.ip_network("::/0")}
        while len(nets) < 60:
            bits = rng.randrange(base.prefixlen, base.max_prefixlen + 1)
            a = int(base[0]) | rng.getrandbits(base.max_prefixlen -
                                               base.prefixlen)
            nets.add(ipaddress.ip_network((a, bits), strict=False))
            # and one around or in it
            more = rng.randrange(base.prefixlen, base.max_prefixlen + 1)
            nets.add(ipaddress.ip_network((a, more), strict=False))
        nets = sorted(nets, key=str)
        for key in (None, 3):
            add(["p%d local %s remote %s accept %s%s" %
                 (i, near, PEER[v], n, " key %d" % key if key else "")
                 for i, n in enumerate(nets)])
            want, sent = {}, []
            for _ in range(200):
                a = rng.choice(nets)
                a = type(a[0])(int(a[0]) | rng.getrandbits(
                    a.max_prefixlen - a.prefixlen) if a.prefixlen else
                    int(base[0]) - 1)
                best = max((n for n in nets if a in n),
                           key=lambda n: n.prefixlen)
                name = "p%d" % nets.index(best)
                want[name] = want.get(name, 0) + 1
                sent.append(outer(str(a), near, key))
            report("specific", "IPv%d, key %s, %d prefixes" %
                   (v, key, len(nets)),
                   grown(lambda: from_far.send(*sent), len(sent)), want)
            # Without some of them the next best counts.
            gone = set(rng.sample(range(1, len(nets)), len(nets) // 2))
            left = [n for i, n in enumerate(nets)
                    if i not in gone or not n.prefixlen]
            mtctl(NEAR, ["tunnel del p%d" % nets.index(n) for n in nets
                         if n not in left])
            want = {}
            for pkt in sent:
                a = ipaddress.ip_address(Packet(pkt).src)
                best = max((n for n in left if a in n),
                           key=lambda n: n.prefixlen)
                name = "p%d" % nets.index(best)
                want[name] = want.get(name, 0) + 1
            report("specific", "IPv%d, key %s, half of them gone" % (v, key),
                   grown(lambda: from_far.send(*sent), len(sent)), want)
            clear()


def anycast_tunnels():
    add(["a4 local %s remote %s key 4" % (ANY[4], PEER[4]),
         "a6 local %s remote %s key 6" % (ANY[6], PEER[6])])
    watcher()


SENT = {"a4": (PEER[4], ANY[4], 4), "a6": (PEER[6], ANY[6], 6)}


def one_each(**kw):
    """A packet for each of the two; which have counted it"""
    old = received()
    at_other.clear()
    for src, dst, key in SENT.values():
        from_far.send(outer(src, dst, key, **kw))
    settled()
    now = received()
    return [t for t in SENT if now[t] > old[t]]


def test_local_and_early():
    anycast_tunnels()
    report("local", "an address of no device is not received", one_each(), [])
    got = at_other.wait(lambda _, p: Packet(p).proto == GRE, 2)
    report("local", "it is forwarded", len(got), 2)
    local("add", *ANY.values())
    report("local", "with a local route it is received", one_each(),
           ["a4", "a6"])
    local("del", *ANY.values())

    rx("early")
    report("early", "an address of no device", one_each(), ["a4", "a6"])
    got = at_other.read(lambda _, p: Packet(p).proto == GRE)
    report("early", "nothing is forwarded", got, [])
    # Encapsulation limit of ip6_gre
    src, dst, key = SENT["a6"]
    limit = bytes((GRE, 0, 4, 1, 4, 1, 0, 0))
    report("early", "Destination Options", grown(lambda: from_far.send(
        ip6(src, dst, DSTOPTS, limit + gre(inner(), key)))), {"a6": 1})
    report("early", "IPv4 options", grown(lambda: from_far.send(
        outer(PEER[4], ANY[4], 4, options=bytes((1, 1, 1, 0))))), {"a4": 1})
    for v in (4, 6):
        report("early", "inner IPv%d" % v, one_each(v=v), ["a4", "a6"])

    nft(("input", 0, *DROP))
    report("input", "INPUT does not see what is early", one_each(),
           ["a4", "a6"])
    rx("local")
    local("add", *ANY.values())
    report("input", "and drops what is not", one_each(), [])
    local("del", *ANY.values())
    rx("early")

    for priority in (-300, -400):
        nft(("prerouting", priority, *DROP))
        report("raw", "what a chain of priority %d drops" % priority,
               one_each(), [])
    nft()
    report("raw", "without it", one_each(), ["a4", "a6"])

    # A source to which no route leads back through u0
    ip_batch(NEAR, ["route add 192.0.2.1/32 dev o0"])
    sysctl(NEAR, net__ipv4__conf__all__rp_filter=1,
           net__ipv4__conf__u0__rp_filter=1)
    old = received()
    from_far.send(outer(PEER[4], ANY[4], 4))
    until(lambda: received()["a4"] > old["a4"])
    report("rp_filter", "strict, early", received()["a4"] - old["a4"], 1)
    rx("local")
    local("add", ANY[4])
    old = received()
    from_far.send(outer(PEER[4], ANY[4], 4))
    sysctl(NEAR, net__ipv4__conf__all__rp_filter=0,
           net__ipv4__conf__u0__rp_filter=0)
    settled()
    report("rp_filter", "strict, local", received()["a4"] - old["a4"], 0)
    local("del", ANY[4])
    ip_batch(NEAR, ["route del 192.0.2.1/32 dev o0"])
    rx("early")


def test_fragments():
    """They go the way of others"""
    for name, (src, dst, key) in SENT.items():
        pkts = fragment(src, dst, GRE, gre(inner(size=3000), key), 1000,
                        next(numbers))
        at_other.clear()
        old = received()
        from_far.send(*pkts)
        got = at_other.wait(lambda _, p: Packet(p).fragment, len(pkts))
        settled()
        report("fragments", name + ": forwarded, none is taken",
               (len(got), received()[name] - old[name]), (len(pkts), 0))
        local("add", dst)
        report("fragments", name + ": reassembled for a local address",
               grown(lambda: from_far.send(*pkts)), {name: 1})
        # Overlapping and incomplete ones do no harm.
        pkts = fragment(src, dst, GRE, gre(inner(size=3000), key), 1000,
                        next(numbers))
        from_far.send(pkts[0], pkts[2])
        report("fragments", name + ": with one missing, others go on",
               one_each(), ["a4", "a6"])
        local("del", dst)


def test_untouched():
    """What is not ours is forwarded as it is."""
    pkts = []
    for v in (4, 6):
        src, dst = PEER[v], ANY[v]
        for pkt in (outer(src, dst, 77), outer(src, dst), outer(dst, src, v),
                    ip(src, dst, GRE, b"\0"), ip(src, dst, GRE, b""),
                    ip(src, dst, GRE, bytes((0x20, 1)) + bytes(20)),
                    ip(src, dst, UDP, udp(src, dst, 1, 2, b"udp")),
                    ip(src, dst, 50, bytes(40)),
                    ip(src, dst, 253, b"experiment")):
            if Packet(pkt).dst != addr(src):
                pkts.append(pkt)
    at_other.clear()
    old = {t: c for t, c in counters(NEAR).items() if t != "w"}
    from_far.send(*pkts)
    settled()

    def hop(pkt):
        at = 8 if pkt[0] >> 4 == 4 else 7
        new = pkt[:at] + bytes((pkt[at] - 1,)) + pkt[at + 1:]
        if at == 8:
            new = new[:10] + b"\0\0" + new[12:]
            new = new[:10] + struct.pack("!H", csum(new[:20])) + new[12:]
        return new
    want = sorted(hop(p) for p in pkts)
    got = at_other.wait(lambda _, p: p in want, len(want))
    report("untouched", "%d packets" % len(want), sorted(p for _, p in got),
           want)
    report("untouched", "no counter has moved",
           {t: c for t, c in counters(NEAR).items() if t != "w"}, old)


def conntrack(*words):
    with netns(NEAR):
        return subprocess.run(("conntrack", *words), text=True, check=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout


def test_conntrack():
    """It has no entry for what is early, and one for what is forwarded."""
    nft(("input", 0, "ct state new counter"),
        ("forward", 0, "ct state new counter"))
    for where, takes, wanted in ("local", [], [4, 6]), ("early", ["a4", "a6"], []):
        rx(where)
        conntrack("-F")
        report("conntrack", "received, " + where, one_each(), takes)
        report("conntrack", "entries of the outer packets, " + where,
               [v for v in ANY if ANY[v] in conntrack("-L", "-f", "ipv%d" % v)], wanted)
    nft()


def test_loopback():
    """Both ends on one host"""
    add(["l1 local 198.51.100.11 remote 198.51.100.12",
         "l2 local 198.51.100.12 remote 198.51.100.11"])
    local("add", "198.51.100.11", "198.51.100.12")
    ip_batch(NEAR, ["route add 10.66.0.0/16 dev l1"])
    for where in ("early", "local"):
        rx(where)
        sock = udp_socket(NEAR, socket.AF_INET)
        report("loopback", where, grown(
            lambda: sock.sendto(b"x", ("10.66.0.1", 9))), {"l2": 1})
    rx("early")
    local("del", "198.51.100.11", "198.51.100.12")
    mtctl(NEAR, ["tunnel del l1", "tunnel del l2"])


def test_switch():
    """To and fro under traffic for an address that is local: all arrives, once"""
    local("add", ANY[4])
    old = received()
    for i in range(40):
        for _ in range(25):
            from_far.send(outer(PEER[4], ANY[4], 4))
        rx("local" if i % 2 else "early")
    until(lambda: received()["a4"] - old["a4"] >= 1000)
    report("switch", "1000 packets", received()["a4"] - old["a4"], 1000)
    local("del", ANY[4])
    rx("local")
    clear()


def test_pmtu():
    """Errors about an anycast tunnel are counted; whether they are believed"""
    tap = Tap(FAR, "u0")
    add(["s4 local %s remote %s mtu 3000 df set" % (OWN[4], PEER[4]),
         "s6 local %s remote %s mtu 3000" % (OWN[6], PEER[6])])
    ip_batch(NEAR, ["route add 10.94.0.0/16 dev s4",
                    "route add 10.96.0.0/16 dev s6"])
    for args, learns in (("anycast on", False), ("pmtu learn", True),
                         ("anycast off pmtu static", False),
                         ("pmtu auto", True)):
        for name, v, mtu in (("s4", 4, 1000), ("s6", 6, 1300)):
            mtctl(NEAR, ["tunnel set %s %s" % (name, args)])
            run(("ip", "-%d" % v, "-n", NEAR, "route", "flush", "cache"), [],
                "ip")
            sock = udp_socket(NEAR, socket.AF_INET)
            dst = ("10.9%d.0.1" % v, 9)
            tap.clear()
            sock.sendto(b"x", dst)
            quoted = tap.wait(lambda _, p: Packet(p).proto == GRE and
                              p[0] >> 4 == v)[0][1]
            before = counters(NEAR)[name]
            if v == 4:
                error = icmp(PEER[4], OWN[4], 3, 4, mtu, quoted[:60])
                from_far.send(ip4(PEER[4], OWN[4], ICMP, error))
            else:
                error = icmp(PEER[6], OWN[6], 2, 0, mtu, quoted)
                from_far.send(ip6(PEER[6], OWN[6], ICMP6, error))
            until(lambda: counters(NEAR)[name]["icmp_errors"] >
                  before["icmp_errors"])
            report("pmtu", "%s %s: counted" % (name, args),
                   counters(NEAR)[name]["icmp_errors"] -
                   before["icmp_errors"], 1)
            # 1400 bytes fit into 1500, and not into what the error says.
            set_df(sock, PMTUDISC_OMIT)
            tap.clear()
            sock.sendto(bytes(1400 - 28), dst)
            sock.sendto(b"x", dst)
            got = tap.wait(lambda _, p: Packet(p).proto == GRE and
                           p[0] >> 4 == v and len(p) < 200)
            large = [p for _, p in tap.got if Packet(p).proto == GRE and
                     p[0] >> 4 == v and len(p) > 1400]
            # ip_gre believes those about anybody's GRE, where an earlier test has
            # loaded it.
            believed = learns or (v == 4 and os.path.exists("/sys/module/ip_gre"))
            report("pmtu", "%s %s: %s" % (name, args, "believed" if believed
                                          else "not believed"),
                   (len(got) > 0, len(large)), (True, 0 if believed else 1))
    clear()


def test_vrf():
    """The device of the underlay is in a VRF: the tunnel is found all the same,
    once, and its own packets leave through that device"""
    ip_batch(NEAR, ["link add red type vrf table 100", "link set red up",
                    "link set u0 master red"])
    add(["a4 local %s remote %s key 4 dev u0" % (ANY[4], PEER[4]),
         "a6 local %s remote %s key 6 dev u0" % (ANY[6], PEER[6])])
    rx("early")
    for name, (src, dst, key) in SENT.items():
        report("vrf", name, grown(lambda: from_far.send(
            outer(src, dst, key))), {name: 1})
    rx("local")
    clear()
    ip_batch(NEAR, ["link set u0 nomaster", "link del red",
                    "addr replace 2001:db8::2/64 dev u0",
                    "route replace default via 192.0.2.1",
                    "route replace default via 2001:db8::1"])


def test_bridge():
    """A bridge that asks netfilter (br_netfilter): its frames are not taken
    early, which may be somebody else's, and those for the host are received as
    with rx local"""
    if subprocess.run(("modprobe", "-q", "br_netfilter")).returncode:
        print("bridge skip no br_netfilter")
        return
    with netns(NEAR):
        run(("ip", "-batch", "-"), [
            "link add br0 type bridge", "link set br0 up",
            "addr flush dev u0", "link set u0 master br0",
            "addr add 192.0.2.2/24 dev br0", "addr add 2001:db8::2/64 dev br0"],
            "ip")
    mac = Wire(FAR, "u0", NEAR, "br0")
    anycast = {"a4": (4, ANY[4]), "a6": (6, ANY[6])}
    for name, (v, local_addr) in anycast.items():
        add(["%s local %s remote %s key %d" % (name, local_addr, PEER[v], v)])
    add(["w local %s remote %s key 999" % (OWN[4], PEER[4])])
    rx("early")

    def each():
        old = received()
        for name, (v, local_addr) in anycast.items():
            mac.send(outer(PEER[v], local_addr, v))
        grown(lambda: mac.send(outer(PEER[4], OWN[4], 999)))
        return {t: received()[t] - old[t] for t in anycast}
    for calls in (0, 1):
        sysctl(NEAR, **{"net__bridge__bridge-nf-call-iptables": calls,
                        "net__bridge__bridge-nf-call-ip6tables": calls})
        report("bridge", "addresses of no device, bridge-nf-call %d" % calls,
               each(), dict.fromkeys(anycast, 1 - calls))
        local("add", *ANY.values())
        report("bridge", "local addresses, bridge-nf-call %d" % calls,
               each(), dict.fromkeys(anycast, 1))
        local("del", *ANY.values())
    rx("local")
    clear()
    ip_batch(NEAR, ["link del br0", "addr add 192.0.2.2/24 dev u0",
                    "addr add 2001:db8::2/64 dev u0",
                    "route replace default via 192.0.2.1",
                    "route replace default via 2001:db8::1"])


def main():
    test_accept()
    test_specific()
    test_local_and_early()
    test_fragments()
    test_untouched()
    test_conntrack()
    test_loopback()
    test_switch()
    test_pmtu()
    test_vrf()
    test_bridge()
    print("end ok all was run")


main()
