#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a packet costs in tunnels, in instructions, for forward.sh.

	forward.py [--part few|options|many|most|most-4|most-6|scale] [--json FILE]
	forward.py --profile PATH OUTER INNER LABELS CPUS	for the script profile

Builds src, two routers and far, sends packets through a router and prints a table:
what each path costs above plain forwarding of the same packets, through mtun and
through the kernel's own driver. Each driver has a router of its own, in which nothing
knows of the other one. That each packet has arrived is checked. A line "CASE ok|bad
TEXT" for each target goes to the standard output, the table to the standard error.

      +-- mtun v0 --- u0 mtun u0 --- mtun --+
  src |                                     | far
      +-- gre v0 ----- u0 gre u0 ----- gre -+
"""
import argparse
import json
import os
import signal
import statistics
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from packets import *   # noqa: E402

BLAST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "blast")
SRC, FAR = "bench-src", "bench-far"
ROUTERS = {"mtun": "bench-mtun", "gre": "bench-gre"}
NAMES = {"mtun": "mt", "gre": "g"}              # of tunnels
WAYS = {"decap": ("plain", "gre", "mtun", "early"),
        "encap": ("plain", "gre", "mtun"), "local": ("plain", "gre", "mtun")}

LOCAL = {4: "192.0.2.2", 6: "2001:db8::2"}      # the routers' end of the tunnels
PLAIN = {4: "10.9.0.1", 6: "2001:db8:9::1"}     # a route through u0, no tunnel
INNER_SRC = {4: "10.8.0.1", 6: "2001:db8:8::1"}
ROUTER_MAC, NOBODY = "02:00:00:00:00:02", "02:00:00:00:00:99"

# Of ip_gre's and ip6_gre's cost above plain forwarding, at the most
TARGETS = {("decap", 4): 0.54, ("early", 4): 0.28, ("encap", 4): 0.65,
           ("local", 4): 0.48, ("decap", 6): 0.55, ("early", 6): 0.55,
           ("encap", 6): 0.55, ("local", 6): 0.55}
CLAMP = 30
SCALE_TURNS, SCALE_PACKETS = 31, 1500
SYN = 0.5       # of nft's rule, for a SYN that is clamped

CONNTRACK = "".join("""
table inet bench {
	chain %s {
		type filter hook %s priority 0
		ct state invalid drop
	}
}
""" % (hook, hook) for hook in ("input", "forward", "output", "prerouting"))

MAXSEG = """
table inet bench {
	chain forward {
		type filter hook forward priority 0
		iifname "g0" tcp flags & (syn | rst) == syn tcp option maxseg size set 1300
		oifname "g0" tcp flags & (syn | rst) == syn tcp option maxseg size set 1300
	}
}
"""

# What a tunnel may have: of mtctl tunnel add and of ip link add. What ip_gre does not
# have is compared with how it is without. "SYN" is about packets that are one.
OPTIONS = {
    "key": ("key {i}", "key {i}"),
    "no key": ("", ""),
    "checksum": ("key {i} csum on", "key {i} csum"),
    "clamp": ("key {i} mss auto", "key {i}"),
    "filter": ("key {i}", "key {i}"),
    "samples": ("key {i} sample 1000", "key {i}"),
    "nft": ("key {i}", "key {i}"),
    "SYN": ("key {i}", "key {i}"),
    "SYN, clamp": ("key {i} mss 1300", "key {i}"),
}
# What mtctl does beyond that, and nft in whose router
COMMANDS = {"filter": ["filter set mt0 allow-src-rx 10.0.0.0/8 "
                       "allow-dst-tx 10.0.0.0/8"]}
RULES = {"nft": {"mtun": CONNTRACK, "gre": CONNTRACK},
         "SYN, clamp": {"gre": MAXSEG}}


def sh(*words, text=None):
    done = subprocess.run(words, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(words), done.stdout))
    return done.stdout


def remote(v, i):
    return ("198.18.%d.%d" % (i // 250, i % 250 + 1) if v == 4 else
            "2001:db8:18::%x" % (i + 1))


def behind(v, i):
    """An inner address whose route leads into tunnel number i"""
    return ("10.64.%d.%d" % (i // 250, i % 250 + 1) if v == 4 else
            "2001:db8:64::%x" % (i + 1))


def setup():
    for ns in SRC, FAR, *ROUTERS.values():
        sh("ip", "netns", "add", ns)
        with netns(ns):
            for name, value in (("accept_dad", 0), ("addr_gen_mode", 1)):
                with open("/proc/sys/net/ipv6/conf/default/" + name, "w") as f:
                    f.write(str(value))
    for driver, router in ROUTERS.items():
        setup_router(driver, router)


def setup_router(driver, router):
    ip_batch(SRC, ["link add %s type veth peer name v0 netns %s"
                   % (driver, router), "link set %s up" % driver])
    ip_batch(router, [
        "link set lo up", "link set v0 address %s up" % ROUTER_MAC,
        "addr add 10.8.0.254/16 dev v0", "addr add 2001:db8:8::fe/64 dev v0",
        "link add u0 type veth peer name %s netns %s" % (driver, FAR),
        "link set u0 up",
        "addr add 192.0.2.2/24 dev u0", "addr add 2001:db8::2/64 dev u0",
        # What leaves is nobody's: it is counted and thrown away
        "neigh add 192.0.2.1 lladdr %s dev u0" % NOBODY,
        "neigh add 2001:db8::1 lladdr %s dev u0" % NOBODY,
        "route add default via 192.0.2.1", "route add default via 2001:db8::1"])
    ip_batch(FAR, ["link set %s up" % driver])
    with netns(router):
        for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open("/proc/sys/net/" + path, "w") as f:
                f.write("1")
        for path in os.listdir("/proc/sys/net/ipv4/conf"):
            with open("/proc/sys/net/ipv4/conf/%s/rp_filter" % path, "w") as f:
                f.write("0")


class Tunnels:
    """Tunnels of both drivers over one family, and routes into them"""

    def __init__(self, v, count, option="key"):
        self.v, self.count, self.option = v, count, option
        mtun, gre = OPTIONS[option]
        self.rules = RULES.get(option, {})
        mtctl(ROUTERS["mtun"], [
            "tunnel add mt%d local %s remote %s %s" % (
                i, LOCAL[v], remote(v, i), mtun.format(i=i))
            for i in range(count)])
        ip_batch(ROUTERS["gre"], [
            "link add g%d type %s local %s remote %s %s ttl 64%s" % (
                i, "gre" if v == 4 else "ip6gre", LOCAL[v], remote(v, i),
                gre.format(i=i), "" if v == 4 else " encaplimit none")
            for i in range(count)])
        for driver, router in ROUTERS.items():
            name = NAMES[driver]
            ip_batch(router, ["link set %s%d up" % (name, i)
                              for i in range(count)])
            ip_batch(router, ["route add %s dev %s%d" % (
                behind(inner, i), name, i)
                for inner in (4, 6) for i in range(count)])
            if driver in self.rules:
                with netns(router):
                    sh("nft", "-f", "-", text=self.rules[driver])
        mtctl(ROUTERS["mtun"], COMMANDS.get(option, []))

    def delete(self):
        for driver, router in ROUTERS.items():
            ip_batch(router, ["link del %s%d" % (NAMES[driver], i)
                              for i in range(self.count)])
            if driver in self.rules:
                with netns(router):
                    sh("nft", "flush", "ruleset")


def write(packets, frame=True):
    head = bytes.fromhex(ROUTER_MAC.replace(":", "")) + bytes(6)
    with open("/tmp/bench.packets", "wb") as f:
        for p in packets:
            if frame:
                p = head + struct.pack("!H", ETH_P_IPV6 if p[0] >> 4 == 6
                                       else ETH_P_IP) + p
            f.write(struct.pack("=H", len(p)) + p)


def arrived(driver):
    with netns(FAR):
        with open("/proc/net/dev") as f:
            line = next(x for x in f if x.strip().startswith(driver + ":"))
    return int(line.split(":")[1].split()[1])


def measure(driver, packets, count, local=False, cpus=1):
    """Instructions per packet, through the router of @driver, from each CPU: of
    several, until the last one is done"""
    write(packets, not local)
    before = arrived(driver)
    senders = [subprocess.Popen(
        ("taskset", "-c", str(cpu), BLAST, ROUTERS[driver] if local else SRC,
         "-" if local else driver, str(count), "/tmp/bench.packets"),
        stdout=subprocess.PIPE, env={**os.environ, "BLAST_WAIT": "1"})
        for cpu in range(cpus)]
    for s in senders:
        os.waitpid(s.pid, os.WUNTRACED)
    for s in senders:
        s.send_signal(signal.SIGCONT)
    ns = [int(s.communicate()[0]) for s in senders]
    got = arrived(driver) - before
    if got != count * cpus:
        raise RuntimeError("%d of %d packets have arrived" % (got, count * cpus))
    return max(ns) / count


def udp_packet(src, dst, size):
    return ip(src, dst, UDP, udp(src, dst, 7, 9, bytes(size)))


def syn(src, dst):
    """A SYN with an MSS of 1460"""
    def tcp(check):
        return struct.pack("!HHIIBBHHHBBH", 7, 9, 1, 0, 6 << 4, 2, 0xffff, check, 0,
                           2, 4, 1460)
    return ip(src, dst, TCP, tcp(upper_csum(src, dst, TCP, tcp(0))))


def path_packets(path, plain, inner_v, numbers, size, tunnels):
    """What is sent for a path, to the tunnels of @numbers, or what that is above of"""
    src, v = INNER_SRC[inner_v], tunnels.v

    def inner(dst):
        return (syn(src, dst) if tunnels.option.startswith("SYN") else
                udp_packet(src, dst, size))
    if path == "decap":
        data = inner(PLAIN[inner_v])
        sum_it = tunnels.option == "checksum"

        def header(i):
            key = None if tunnels.option == "no key" else i
            return gre(data, key, check=True) if sum_it else gre(data, key)
        if plain:   # the same packet, for somebody else
            return [ip(remote(v, 0), PLAIN[v], GRE, header(0))]
        return [ip(remote(v, i), LOCAL[v], GRE, header(i)) for i in numbers]
    if plain:
        return [inner(PLAIN[inner_v])]
    return [inner(behind(inner_v, i)) for i in numbers]


def measure_way(way, path, inner_v, numbers, size, tunnels, count, cpus=1):
    """The same of a @way: plain, gre, mtun or early"""
    packets = path_packets(path, way == "plain", inner_v, numbers, size, tunnels)
    if way == "early":
        mtctl(ROUTERS["mtun"], ["netns set rx early"])
    n = measure("gre" if way == "gre" else "mtun", packets, count,
                path == "local", cpus)
    if way == "early":
        mtctl(ROUTERS["mtun"], ["netns set rx local"])
    return n


def run_case(path, inner_v, size, tunnels, packets, rotate=True):
    """A row: instructions per packet above plain forwarding, by way"""
    numbers = range(tunnels.count) if rotate else [tunnels.count - 1]
    result = {}
    for turn in range(2):       # the first one warms up
        for way in WAYS[path]:
            result[way] = measure_way(
                way, path, inner_v, numbers, size, tunnels,
                packets if turn else max(200, len(numbers)))
    plain = result.pop("plain")
    above = {way: round(n - plain) for way, n in result.items()}
    above["plain"] = round(plain)
    row = {"path": path, "outer": tunnels.v, "inner": inner_v, "bytes": size,
           "tunnels": tunnels.count, "used": len(numbers),
           "with": tunnels.option, "above": above}
    print(table([row]).splitlines()[1], file=sys.stderr, flush=True)
    return row


def table(rows):
    heads = ("path", "outer", "inner", "bytes", "tunnels", "used", "with", "plain",
             "ip_gre", "mtun", "ratio", "early", "ratio")
    lines = [heads]
    for r in rows:
        a = r["above"]
        lines.append((r["path"], r["outer"], r["inner"], r["bytes"],
                      r["tunnels"], r["used"], r["with"], a["plain"], a["gre"],
                      a["mtun"], "%.2f" % (a["mtun"] / a["gre"]),
                      a.get("early", ""),
                      "%.2f" % (a["early"] / a["gre"]) if "early" in a else ""))
    widths = [max(len(str(line[i])) for line in lines)
              for i in range(len(heads))]
    return "\n".join("  ".join(str(x).rjust(w) if i else str(x).ljust(w)
                               for i, (x, w) in enumerate(zip(line, widths)))
                     for line in lines)


def run_few():
    rows = []
    for v in (4, 6):
        tunnels = Tunnels(v, 1)
        rows += [run_case(path, 4, 18, tunnels, 1500) for path in WAYS]
        tunnels.delete()
    return rows


def run_options():
    """One tunnel of each kind"""
    rows = []
    for option in OPTIONS:
        tunnels = Tunnels(4, 1, option)
        # A SYN is to be forwarded: who sends it from here clamps elsewhere.
        rows += [run_case(path, 4, 18, tunnels, 4000) for path in WAYS
                 if path != "local" or not option.startswith("SYN")]
        tunnels.delete()
    return rows


def run_many(counts, families=(4, 6)):
    rows = []
    for v in families:
        for count in counts:
            tunnels = Tunnels(v, count)
            packets = max(4000, 2 * count)
            for path in WAYS:
                for inner_v in (4, 6):
                    for size in (18, 1372):
                        # Of very many: whether it is flat
                        if count < 10000 or (inner_v, size) == (4, 18):
                            rows.append(run_case(path, inner_v, size, tunnels,
                                                 packets))
                if count > 1:
                    rows.append(run_case(path, 4, 18, tunnels, packets, False))
            if count < 10000:   # that many need not be deleted one by one
                tunnels.delete()
                continue
            for driver, router in ROUTERS.items():
                # It goes in its own time: the other ends of its links do not wait.
                sh("ip", "netns", "del", router)
                for ns in SRC, FAR:
                    with netns(ns):
                        sh("sh", "-c", "ip link del %s || true" % driver)
                sh("ip", "netns", "add", router)
                setup_router(driver, router)
    return rows


def run_scale():
    """All CPUs send through the same tunnel: packets in a second of real time, in the
    best of many short turns, as the host has other work; and the middle one of what
    mtun does beside the turn of ip_gre before it"""
    cpus, rows = os.cpu_count(), []
    tunnels = Tunnels(4, 1)
    for path in ("local", "decap"):
        rates = {"gre": [], "mtun": []}
        for turn in range(SCALE_TURNS + 1):     # the first one warms up
            for way in rates:
                ns = measure_way(way, path, 4, [0], 18, tunnels, SCALE_PACKETS, cpus)
                if turn:
                    rates[way].append(cpus * 1e9 / ns)
        best = {way: round(max(r)) for way, r in rates.items()}
        pairs = [m / g for m, g in zip(rates["mtun"], rates["gre"])]
        rows.append({"path": path, "cpus": cpus, **best,
                     "middle": round(statistics.median(pairs), 3)})
        print("%s_%d_cpus ok ip_gre %d, mtun %d packets a second, ratio %.2f, "
              "middle one %.2f" % (path, cpus, best["gre"], best["mtun"],
                                   best["mtun"] / best["gre"], rows[-1]["middle"]))
        print("#", rows[-1], file=sys.stderr, flush=True)
    return rows


def judge(rows):
    """A line for each target"""
    one = {(way, r["outer"], r["inner"], r["bytes"]): n for r in rows
           if r["tunnels"] == 1 and r["with"] == "key"
           for way, n in ways_of(r)}
    for r in rows:
        if r["with"] == "clamp":    # of a packet that is no SYN
            for way, n in ways_of(r):
                alone = one[way, r["outer"], r["inner"], r["bytes"]]
                print("clamp_%s" % way, "ok" if n - alone <= CLAMP else "bad",
                      "%d more, at most %d" % (n - alone, CLAMP))
        if r["with"] == "SYN, clamp":
            judge_syn(r, next(x for x in rows if x["with"] == "SYN" and
                              x["path"] == r["path"]))
        if r["with"] != "key":
            continue
        for way, n in ways_of(r):
            gre = r["above"]["gre"]
            name = "%s_%d_%d_%d_%d_%d" % (way, r["outer"], r["inner"],
                                          r["bytes"], r["tunnels"], r["used"])
            most = TARGETS[way, r["outer"]]
            if r["bytes"] > 18:         # both drivers copy them
                most = 1
            good = n <= most * gre
            text = "%d, ip_gre %d, ratio %.3f, at most %.2f" % (
                n, gre, n / gre, most)
            if way in ("decap", "early") and r["tunnels"] > 1:
                alone = one[way, r["outer"], r["inner"], r["bytes"]]
                good = good and n <= 1.03 * alone + 10
                text += ", %d for one tunnel" % alone
            print(name, "ok" if good else "bad", text)


def judge_syn(row, alone):
    """What clamping a SYN takes, for both"""
    rule = row["above"]["gre"] - alone["above"]["gre"]
    for (way, n), (_, before) in zip(ways_of(row), ways_of(alone)):
        print("syn_%s" % way, "ok" if 0 < n - before <= SYN * rule else "bad",
              "%d more, nft's rule %d, at most %.2f" % (n - before, rule, SYN))


def ways_of(row):
    """What of mtun is compared, and its instructions"""
    yield row["path"], row["above"]["mtun"]
    if "early" in row["above"]:
        yield "early", row["above"]["early"]


def profile(path, v, inner_v, labels, cpus):
    """One window of the profile for each way, named in the file @labels"""
    tunnels = Tunnels(v, 1)
    with open(labels, "w") as f:
        for way in [w for w in WAYS[path] for _ in range(2)]:
            # Where two send, what else happens on their CPUs is to be little.
            count = 2000 if cpus == 1 else 20000
            measure_way(way, path, inner_v, [0], 18, tunnels, count, cpus)
            f.write("%s %d\n" % (way, count * cpus))


# few: what "make check" measures; many and most: up to 1,000 and 10,000 tunnels
PARTS = {"few": run_few, "options": run_options,
         "many": lambda: run_many((1, 1000)),
         "most": lambda: run_many((1, 1000, 10000)),
         "most-4": lambda: run_many((1, 1000, 10000), [4]),
         "most-6": lambda: run_many((1, 1000, 10000), [6]),
         "scale": run_scale}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=PARTS, default="few")
    parser.add_argument("--json")
    parser.add_argument("--profile", nargs=5)
    args = parser.parse_args()
    setup()
    if args.profile:
        path, v, inner_v, labels, cpus = args.profile
        profile(path, int(v), int(inner_v), labels, int(cpus))
        return
    rows = PARTS[args.part]()
    if args.json:
        with open(args.json, "w") as f:
            json.dump(rows, f, indent=1)
    if args.part == "scale":
        return
    print(table(rows), file=sys.stderr, flush=True)
    judge(rows)


if __name__ == "__main__":
    main()
