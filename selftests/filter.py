#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Filters of inner addresses, for filter.sh, which has the topology.

	filter.py FAR NEAR

Writes "GROUP ok|bad TEXT" for each thing that was tried.
"""
import ipaddress
import itertools
import json
import random
import subprocess
import sys
import threading
import time

from packets import *

FAR, NEAR = sys.argv[1:3]
LISTS = ("allow-src-rx", "allow-dst-rx", "allow-src-tx", "allow-dst-tx")

from_far = Wire(FAR, "u0", NEAR, "u0")
with netns(NEAR):
    into = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
numbers = itertools.count(1)


def inner(src, dst):
    return ip(src, dst, UDP, udp(src, dst, 7, next(numbers) & 0xffff, b"x"))


def send(direction, *ends, tunnel="mt0"):
    """A packet for each (SOURCE, DESTINATION), received by near or sent by it"""
    for src, dst in ends:
        data = inner(src, dst)
        if direction == "rx":
            from_far.send(ip("192.0.2.1", "192.0.2.2", GRE, gre(
                data, 1 if tunnel == "mt1" else None)))
        else:
            into.sendto(data, (tunnel, ETH_P_IPV6 if data[0] >> 4 == 6
                               else ETH_P_IP))


def told(tunnel="mt0"):
    """(passed, dropped) of each direction; nothing else may drop anything"""
    c = counters(NEAR)[tunnel]
    others = sum(v for k, v in c.items()
                 if "-" in k and k not in ("rx-filter", "tx-filter"))
    return {"rx": (c["rx_packets"], c.get("rx-filter", 0)),
            "tx": (c["tx_packets"], c.get("tx-filter", 0)), "others": others}


def outcome(direction, *ends, tunnel="mt0"):
    """How many of the packets pass, and how many the filter drops"""
    old = told(tunnel)
    send(direction, *ends, tunnel=tunnel)

    def new():
        now = told(tunnel)
        return tuple(b - a for a, b in zip(old[direction], now[direction]))
    until(lambda: sum(new()) >= len(ends))
    return new()


def verdict(direction, src, dst, tunnel="mt0"):
    return {(1, 0): True, (0, 1): False}.get(
        outcome(direction, (src, dst), tunnel=tunnel))


def change(words, tunnel="mt0"):
    mtctl(NEAR, ["filter set %s %s" % (tunnel, words)])


def clear(tunnel="mt0"):
    mtctl(NEAR, ["filter del " + tunnel])


def ask(*words):
    return subprocess.run((MTCTL, "-n", NEAR, *words), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def shown(tunnel="mt0"):
    """{list: prefixes} of what is shown"""
    found = json.loads(ask("-j", "filter", "show", tunnel).stdout)
    return {k.replace("_", "-"): v for f in found for k, v in f.items()
            if k.startswith("allow") and v}


def text(prefix):
    """As mtctl shows it: a prefix of one address is that address"""
    return str(prefix[0] if prefix.num_addresses == 1 else prefix)


##############################################################################

def test_lists():
    """One list at a time: what it is about, and the first and last address"""
    in4, in6 = "203.0.113.64/26", "2001:db8:a::/47"
    cases = {4: ((in4, "203.0.113.64", True), (in4, "203.0.113.127", True),
                 (in4, "203.0.113.63", False), (in4, "203.0.113.128", False),
                 ("203.0.113.9", "203.0.113.9", True),
                 ("203.0.113.9", "203.0.113.8", False),
                 ("0.0.0.0/0", "9.9.9.9", True),
                 ("192.0.0.0/2", "223.255.255.254", True)),
             6: ((in6, "2001:db8:a::", True), (in6, "2001:db8:b:ffff::1", True),
                 (in6, "2001:db8:9:ffff::", False), (in6, "2001:db8:c::", False),
                 ("2001:db8::9", "2001:db8::9", True),
                 ("2001:db8::9", "2001:db8::8", False),
                 ("::/0", "2001:db8::8", True))}
    other = {4: "198.18.0.1", 6: "2001:db8:18::1"}
    for name in LISTS:
        way = name[-2:]
        for v, tried in cases.items():
            for prefix, address, want in tried:
                change("%s %s" % (name, prefix))
                ends = (address, other[v])
                ends = ends if "src" in name else ends[::-1]
                report("lists", "%s %s: %s" % (name, prefix, address),
                       verdict(way, *ends), want)
                # The other end and the other way are not asked.
                back = "tx" if way == "rx" else "rx"
                report("lists", "%s %s: %s back" % (name, prefix, address),
                       verdict(back, *ends), True)
        report("lists", "%s: not the other end" % name, verdict(
            way, *((other[6], "2001:db8::8") if "src" in name else
                   ("2001:db8::8", other[6]))), True)
        clear()
    report("lists", "nothing else has dropped", told()["others"], 0)


def test_families():
    """A list with one family has no address of the other"""
    for prefix, v4, v6 in (("10.0.0.0/8", True, False),
                           ("2001:db8::/32", False, True),
                           ("0.0.0.0/0", True, False), ("::/0", False, True),
                           # IPv4 is not meant by IPv6 prefixes of its shape
                           ("::/96", False, False),
                           ("10.0.0.0/8 2001:db8::/32", True, True)):
        change("allow-src-rx " + prefix)
        report("families", prefix,
               (verdict("rx", "10.1.1.1", "10.2.2.2"),
                verdict("rx", "2001:db8::1", "2001:db8::2")), (v4, v6))
        clear()


def test_change():
    """What is given replaces its list; other lists and tunnels stay"""
    change("allow-src-rx 10.0.0.0/8 192.0.2.0/24 allow-dst-rx 10.9.0.0/16")
    change("allow-src-rx 172.16.0.0/12", "mt1")
    report("change", "two lists", shown(),
           {"allow-src-rx": ["10.0.0.0/8", "192.0.2.0/24"],
            "allow-dst-rx": ["10.9.0.0/16"]})
    report("change", "both have to match", [
        verdict("rx", *ends) for ends in (
            ("10.1.1.1", "10.9.1.1"), ("192.0.2.77", "10.9.1.1"),
            ("10.1.1.1", "10.8.1.1"), ("11.1.1.1", "10.9.1.1"))],
        [True, True, False, False])
    change("allow-src-rx 11.0.0.0/8")
    report("change", "one replaced", shown(),
           {"allow-src-rx": ["11.0.0.0/8"], "allow-dst-rx": ["10.9.0.0/16"]})
    report("change", "the new one counts",
           (verdict("rx", "10.1.1.1", "10.9.1.1"),
            verdict("rx", "11.1.1.1", "10.9.1.1")), (False, True))
    change("allow-dst-rx any")
    report("change", "one cleared", (shown(), verdict(
        "rx", "11.1.1.1", "9.9.9.9")), ({"allow-src-rx": ["11.0.0.0/8"]}, True))
    report("change", "another tunnel", (shown("mt1"), verdict(
        "rx", "172.16.1.1", "9.9.9.9", tunnel="mt1"), verdict(
            "rx", "11.1.1.1", "9.9.9.9", tunnel="mt1")),
        ({"allow-src-rx": ["172.16.0.0/12"]}, True, False))
    # An endpoint that changes does not lose it.
    mtctl(NEAR, ["tunnel set mt0 ttl 9"])
    report("change", "a tunnel that is changed keeps it",
           (shown(), verdict("rx", "9.9.9.9", "9.9.9.9")),
           ({"allow-src-rx": ["11.0.0.0/8"]}, False))
    clear()
    clear("mt1")
    report("change", "none", (shown(), shown("mt1"), verdict(
        "rx", "9.9.9.9", "9.9.9.9")), ({}, {}, True))


def random_prefixes(rand, count):
    """Of all lengths, close together, some inside of others"""
    found = set()
    while len(found) < count:
        if rand.random() < 0.7:
            length = rand.choice((24, 24, 24, 22, 28, 32, 30, 17))
            number = 0x0a000000 | rand.getrandbits(22) << 2
            found.add(ipaddress.ip_network(
                (number >> 32 - length << 32 - length, length)))
        else:
            length = rand.choice((48, 48, 56, 64, 96, 127, 128))
            number = (0x20010db8 << 96) | rand.getrandbits(26) << 70 | \
                rand.getrandbits(70)
            found.add(ipaddress.ip_network(
                (number >> 128 - length << 128 - length, length)))
    return sorted(found, key=lambda n: (n.version, n))


def neighbours(rand, prefixes, count):
    """Addresses at the edges of prefixes and beyond, and others"""
    for prefix in rand.choices(prefixes, k=count):
        for number in (int(prefix[0]) - 1, int(prefix[0]), int(prefix[-1]),
                       int(prefix[-1]) + 1):
            yield type(prefix[0])(number)


def test_many():
    """Thousands of prefixes, against a search of all of them in Python"""
    rand = random.Random(5)
    for count in (100, 10000):
        prefixes = random_prefixes(rand, count)
        words = " ".join(map(str, prefixes))
        change("allow-src-rx %s" % words)
        change("allow-dst-tx %s" % words)
        got = shown()
        report("many", "%d are shown" % count,
               [sorted(got[x]) for x in ("allow-src-rx", "allow-dst-tx")],
               2 * [sorted(map(text, prefixes))])
        tried = set(neighbours(rand, prefixes, 100))
        others = {4: "9.9.9.9", 6: "2001:db8:9::9"}
        allowed = {a for a in tried if any(
            a in p for p in prefixes if p.version == a.version)}
        for way, order in (("rx", 1), ("tx", -1)):
            for what, some, want in (("in", allowed, (1, 0)),
                                     ("out", tried - allowed, (0, 1))):
                ends = [(str(a), others[a.version])[::order] for a in some]
                report("many", "%d prefixes, %s, %d %s" % (
                    count, way, len(ends), what), outcome(way, *ends),
                    tuple(len(ends) * n for n in want))
    clear()


def test_both():
    """More than a filter may have, in one request or in several"""
    lines = [str(ipaddress.ip_network((0x0a000000 + (i << 8), 24)))
             for i in range(32769)]
    half = len(lines) // 2
    done = ask("filter", "set", "mt0", "allow-src-rx", *lines[:9])
    report("both", "a few", done.returncode, 0)
    for words, want in (
            (["allow-src-rx", *lines], False),
            (["allow-src-rx", *lines[:half], "allow-dst-tx", *lines[half:]],
             False),
            (["allow-src-rx", *lines[:half], "allow-dst-tx", *lines[half:-1]],
             True),
            (["allow-dst-rx", lines[0]], False),
            (["allow-dst-tx", "any", "allow-dst-rx", lines[0]], True)):
        line = "filter set mt0 %s\n" % " ".join(words)
        done = subprocess.run((MTCTL, "-n", NEAR, "-b", "-"), text=True,
                              input=line, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        report("both", "%d words" % len(words), done.returncode == 0, want)
        if not want:
            report("both", "why not", "32768 prefixes at the most" in
                   done.stderr, True)
    report("both", "left", {k: len(v) for k, v in shown().items()},
           {"allow-src-rx": half, "allow-dst-rx": 1})
    clear()


def test_swap():
    """What both filters allow passes all the time while they change"""
    filters = ("allow-src-rx 10.0.0.0/8 allow-src-tx 10.0.0.0/8",
               "allow-src-rx 10.0.0.0/9 172.16.0.0/12 allow-src-tx 10.1.0.0/16",
               "allow-src-rx any allow-src-tx any")
    change(filters[0])
    old, stop = told(), threading.Event()
    sent = {"rx": 0, "tx": 0}

    def flow():
        while not stop.is_set():
            for way in sent:
                send(way, ("10.1.1.1", "10.2.2.2"))
                sent[way] += 1
            time.sleep(0.001)
    sender = threading.Thread(target=flow)
    sender.start()
    for i in range(150):
        change(filters[i % 3])
    stop.set()
    sender.join()
    until(lambda: told()["rx"][0] - old["rx"][0] == sent["rx"])
    now = told()
    for way, count in sent.items():
        report("swap", "%s: %d packets" % (way, count > 20),
               tuple(b - a for a, b in zip(old[way], now[way])), (count, 0))
    clear()


def test_refused():
    for words, why in (
            ("set", "name is missing"),
            ("set mt0", "say what to allow"),
            ("set allow-src-rx 10.0.0.0/8", "name is missing before"),
            ("set mt0 allow-src 10.0.0.0/8", 'did you mean "allow-src-'),
            ("set mt0 allow-src-rx", "value is missing"),
            ("set mt0 allow-src-rx allow-dst-rx 10.0.0.0/8",
             "value is missing"),
            ("set mt0 allow-src-rx 10.0.0.0/33", "ADDR/LEN"),
            ("set mt0 allow-src-rx 10.0.0.0/8 any", "any goes with no other"),
            ("set mt0 allow-src-rx any 10.0.0.0/8", "any goes with no other"),
            ("set mt0 allow-src-rx 10.0.0.1/8",
             "allow-src-rx: prefix must have no bits set behind its length"),
            ("set nosuch allow-src-rx 10.0.0.0/8", "belongs to no device"),
            ("set u0 allow-src-rx 10.0.0.0/8", "is no tunnel"),
            ("show nosuch", "belongs to no device"),
            ("show u0", "is no tunnel"),
            ("show mt0 mt1", "one name at a time"),
            ("del", "name is missing"),
            ("del nosuch", "belongs to no device"),
            ("set mt0123456789012345 allow-src-rx 10.0.0.0/8", "1 to 15")):
        done = ask("filter", *words.split())
        report("refused", words, (done.returncode != 0, why in done.stderr),
               (True, True))
        if why not in done.stderr:
            print("#", done.stderr.strip(), file=sys.stderr)
    report("refused", "nothing has changed", (shown(), shown("mt1")), ({}, {}))


def test_read():
    report("read", "none", (ask("filter", "show").stdout,
                            ask("-j", "filter", "show").stdout), ("", "[]\n"))
    change("allow-src-rx 10.0.0.0/8 2001:db8::/32 allow-dst-tx 203.0.113.9")
    change("allow-dst-rx 10.1.0.0/16", "mt1")
    one = ("mt0: 3 prefixes\n    allow-src-rx 10.0.0.0/8  allow-src-rx "
           "2001:db8::/32\n    allow-dst-tx 203.0.113.9\n")
    two = "mt1: 1 prefix\n    allow-dst-rx 10.1.0.0/16\n"
    report("read", "all", ask("filter", "show").stdout, one + two)
    report("read", "one", ask("filter", "show", "mt1").stdout, two)
    report("read", "with -d", ask("-d", "filter", "show", "mt1").stdout,
           "mt1: 1 prefix\n    allow-src-rx any\n    allow-dst-rx 10.1.0.0/16\n"
           "    allow-src-tx any\n    allow-dst-tx any\n")
    got = json.loads(ask("-j", "filter", "show", "mt1").stdout)
    report("read", "JSON", [{k: v for k, v in f.items() if k != "ifindex"}
                            for f in got],
           [{"ifname": "mt1", "prefixes": 1, "allow_src_rx": [],
             "allow_dst_rx": ["10.1.0.0/16"], "allow_src_tx": [],
             "allow_dst_tx": []}])


def test_events():
    """Left from test_read(): mt0 has three prefixes."""
    monitor = subprocess.Popen(
        (MTCTL, "-n", NEAR, "-j", "monitor"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    monitor.stderr.readline()
    change("allow-src-rx any")
    clear()
    mtctl(NEAR, ["tunnel set mt1 ttl 3"])
    got = [json.loads(monitor.stdout.readline()) for _ in range(3)]
    monitor.kill()
    monitor.wait()
    report("events", "two, and another", [
        (e["event"], e.get("filter", {}).get("prefixes"),
         e.get("filter", e)["ifname"]) for e in got],
        [("set", 1, "mt0"), ("set", 0, "mt0"), ("set", None, "mt1")])


def test_gone():
    """With its tunnel a filter goes, and a new tunnel has none"""
    prefixes = " ".join(map(str, random_prefixes(random.Random(9), 3000)))
    for _ in range(5):
        change("allow-src-rx " + prefixes, "mt1")
        mtctl(NEAR, ["tunnel del mt1", "tunnel add mt1 local 192.0.2.2 remote "
                     "192.0.2.1 key 1"])
    report("gone", "a new tunnel", shown("mt1"), {})
    change("allow-src-rx 10.0.0.0/8", "mt1")
    ip_batch(NEAR, ["link set mt1 netns " + FAR])
    done = ask("-j", "filter", "show")
    report("gone", "elsewhere, not here", done.stdout, "[]\n")
    done = subprocess.run((MTCTL, "-n", FAR, "-j", "filter", "show"), text=True,
                          stdout=subprocess.PIPE)
    report("gone", "it goes with its tunnel", [
        f["allow_src_rx"] for f in json.loads(done.stdout)], [["10.0.0.0/8"]])


def main():
    test_lists()
    test_families()
    test_change()
    test_many()
    test_both()
    test_swap()
    test_refused()
    test_read()
    test_events()
    test_gone()
    print("end ok all was run")


main()
