#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a packet costs in tunnels, in instructions, for forward.sh.

	forward.py [--full] [--json FILE]
	forward.py --profile PATH OUTER INNER LABELS	for the script profile

Builds src, mid and far, sends packets through mid and prints a table: what each
path costs above plain forwarding of the same packets, through mtun and through
the kernel's own driver. That each packet has arrived is checked. A line "CASE ok|bad
TEXT" for each target goes to the standard output, the table to the standard error.

  src v0 ---- v0 mid u0 ---- u0 far
"""
import argparse
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from packets import *   # noqa: E402

BLAST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "blast")
SRC, MID, FAR = ("bench-" + n for n in ("src", "mid", "far"))

# Ends of the tunnels in mid, one for each driver: neither may take the other's
LOCAL = {"mtun": {4: "192.0.2.2", 6: "2001:db8::2"},
         "gre": {4: "192.0.2.3", 6: "2001:db8::3"}}
PLAIN = {4: "10.9.0.1", 6: "2001:db8:9::1"}     # a route through u0, no tunnel
INNER_SRC = {4: "10.8.0.1", 6: "2001:db8:8::1"}
ROUTER_MAC, NOBODY = "02:00:00:00:00:02", "02:00:00:00:00:99"


def sh(*words, text=None):
    done = subprocess.run(words, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(words), done.stdout))
    return done.stdout


def remote(v, i):
    return ("198.18.%d.%d" % (i // 250, i % 250 + 1) if v == 4 else
            "2001:db8:18::%x" % (i + 1))


def behind(driver, v, i):
    """An inner address whose route leads into tunnel number i"""
    net = {"mtun": 64, "gre": 80}[driver]
    return ("10.%d.%d.%d" % (net, i // 250, i % 250 + 1) if v == 4 else
            "2001:db8:%d::%x" % (net, i + 1))


def setup():
    for ns in SRC, MID, FAR:
        sh("ip", "netns", "add", ns)
        with netns(ns):
            for name, value in (("accept_dad", 0), ("addr_gen_mode", 1)):
                with open("/proc/sys/net/ipv6/conf/default/" + name, "w") as f:
                    f.write(str(value))
    ip_batch(SRC, ["link set lo up", "link add v0 type veth peer name v0 netns "
                   + MID, "link set v0 up"])
    ip_batch(MID, [
        "link set lo up", "link set v0 address %s up" % ROUTER_MAC,
        "addr add 10.8.0.254/16 dev v0", "addr add 2001:db8:8::fe/64 dev v0",
        "link add u0 type veth peer name u0 netns " + FAR, "link set u0 up",
        "addr add 192.0.2.2/24 dev u0", "addr add 192.0.2.3/24 dev u0",
        "addr add 2001:db8::2/64 dev u0", "addr add 2001:db8::3/64 dev u0",
        # What leaves is nobody's: it is counted and thrown away
        "neigh add 192.0.2.1 lladdr %s dev u0" % NOBODY,
        "neigh add 2001:db8::1 lladdr %s dev u0" % NOBODY,
        "route add default via 192.0.2.1", "route add default via 2001:db8::1"])
    ip_batch(FAR, ["link set u0 up"])
    with netns(MID):
        for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open("/proc/sys/net/" + path, "w") as f:
                f.write("1")
        for path in os.listdir("/proc/sys/net/ipv4/conf"):
            with open("/proc/sys/net/ipv4/conf/%s/rp_filter" % path, "w") as f:
                f.write("0")


class Tunnels:
    """Tunnels of both drivers over one family, and routes into them"""

    def __init__(self, v, count, words=""):
        self.v, self.count = v, count
        tunnels, links = [], []
        for i in range(count):
            tunnels.append("tunnel add mt%d local %s remote %s key %d %s" % (
                i, LOCAL["mtun"][v], remote(v, i), i, words))
            links.append("link add g%d type %s local %s remote %s key %d "
                         "ttl 64%s" % (i, "gre" if v == 4 else "ip6gre",
                                       LOCAL["gre"][v], remote(v, i), i,
                                       "" if v == 4 else " encaplimit none"))
        mtctl(MID, tunnels)
        ip_batch(MID, links)
        for driver, name in (("mtun", "mt"), ("gre", "g")):
            ip_batch(MID, ["link set %s%d up" % (name, i)
                           for i in range(count)])
            ip_batch(MID, ["route add %s dev %s%d" % (
                behind(driver, inner, i), name, i)
                for inner in (4, 6) for i in range(count)])

    def delete(self):
        ip_batch(MID, ["link del %s%d" % (name, i) for name in ("mt", "g")
                       for i in range(self.count)])


def write(packets, frame=True):
    head = bytes.fromhex(ROUTER_MAC.replace(":", "")) + bytes(6)
    with open("/tmp/bench.packets", "wb") as f:
        for p in packets:
            if frame:
                p = head + struct.pack("!H", ETH_P_IPV6 if p[0] >> 4 == 6
                                       else ETH_P_IP) + p
            f.write(struct.pack("=H", len(p)) + p)


def arrived():
    with netns(FAR):
        with open("/proc/net/dev") as f:
            line = next(x for x in f if x.strip().startswith("u0:"))
    return int(line.split(":")[1].split()[1])


def measure(packets, count, local=False):
    """Instructions per packet"""
    write(packets, not local)
    before = arrived()
    ns = int(sh(BLAST, MID if local else SRC, "-" if local else "v0",
                str(count), "/tmp/bench.packets"))
    got = arrived() - before
    if got != count:
        raise RuntimeError("%d of %d packets have arrived" % (got, count))
    return ns / count


def inner(src, dst, size):
    return ip(src, dst, UDP, udp(src, dst, 7, 9, bytes(size)))


def path_packets(path, driver, v, inner_v, count, size):
    """What is sent for a path, and for what that is above of"""
    src = INNER_SRC[inner_v]
    if path == "decap":
        data = inner(src, PLAIN[inner_v], size)
        if driver == "plain":   # the same packet, for somebody else
            return [ip(remote(v, 0), PLAIN[v], GRE, gre(data, 0))]
        return [ip(remote(v, i), LOCAL[driver][v], GRE, gre(data, i))
                for i in range(count)]
    if driver == "plain":
        return [inner(src, PLAIN[inner_v], size)]
    return [inner(src, behind(driver, inner_v, i), size)
            for i in range(count)]


def rx(where):
    mtctl(MID, ["netns set rx " + where])


def run_case(path, v, inner_v, count, size, packets):
    """Instructions per packet above plain forwarding, by driver"""
    local = path == "local"
    result = {}
    drivers = ["plain", "mtun", "gre"] + (["early"] if path == "decap" else [])
    for turn in range(2):       # the first one warms up
        for driver in drivers:
            kind = "mtun" if driver == "early" else driver
            if driver == "early":
                rx("early")
            result[driver] = measure(
                path_packets(path, kind, v, inner_v, count, size),
                packets if turn else max(200, count // 5), local)
            if driver == "early":
                rx("local")
    plain = result.pop("plain")
    above = {d: round(n - plain) for d, n in result.items()}
    above["plain"] = round(plain)
    return above


def table(rows):
    heads = ("path", "outer", "inner", "bytes", "tunnels", "plain", "ip_gre",
             "mtun", "ratio", "early", "ratio")
    lines = [heads]
    for r in rows:
        a = r["above"]
        lines.append((r["path"], r["outer"], r["inner"], r["bytes"],
                      r["tunnels"], a["plain"], a["gre"], a["mtun"],
                      "%.2f" % (a["mtun"] / a["gre"]), a.get("early", ""),
                      "%.2f" % (a["early"] / a["gre"]) if "early" in a else ""))
    widths = [max(len(str(line[i])) for line in lines)
              for i in range(len(heads))]
    return "\n".join("  ".join(str(x).rjust(w) if i else str(x).ljust(w)
                               for i, (x, w) in enumerate(zip(line, widths)))
                     for line in lines)


def profile(path, v, inner_v, labels):
    """One window of the profile for each way, named in the file @labels"""
    Tunnels(v, 1)
    drivers = ["plain", "gre", "mtun"] + (["early"] if path == "decap" else [])
    with open(labels, "w") as f:
        for driver in [d for d in drivers for _ in range(2)]:
            if driver == "early":
                rx("early")
            kind = "mtun" if driver == "early" else driver
            n = measure(path_packets(path, kind, v, inner_v, 1, 18), 2000,
                        path == "local")
            f.write("%s 2000 %d\n" % (driver, n))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--profile", nargs=4)
    args = parser.parse_args()
    setup()
    if args.profile:
        path, v, inner_v, labels = args.profile
        profile(path, int(v), int(inner_v), labels)
        return
    rows = []
    packets = 4000 if args.full else 1500
    for v in (4, 6):
        for count in (1, 1000, 10000) if args.full else (1,):
            tunnels = Tunnels(v, count)
            for path in ("decap", "encap", "local"):
                for inner_v in (4, 6) if args.full else (4,):
                    for size in (18, 1372) if args.full else (18,):
                        rows.append({
                            "path": path, "outer": v, "inner": inner_v,
                            "bytes": size, "tunnels": count,
                            "above": run_case(path, v, inner_v, count, size,
                                              max(packets, 2 * count))})
                        print(table(rows[-1:]).splitlines()[1],
                              file=sys.stderr, flush=True)
            if v == 4 or count < 10000:
                tunnels.delete()
    print(table(rows), file=sys.stderr, flush=True)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(rows, f, indent=1)
    for r in rows:
        a = r["above"]
        name = "%s_%d_%d_%d_%d" % (r["path"], r["outer"], r["inner"],
                                   r["bytes"], r["tunnels"])
        print(name, "ok" if a["mtun"] < a["gre"] else "bad",
              "%d, ip_gre %d" % (a["mtun"], a["gre"]))


main()
