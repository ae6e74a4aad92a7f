#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a packet costs in tunnels of which the packets are in ESP, for ipsec.sh.

	ipsec.py [--json FILE]
	ipsec.py --profile PATH OUTER INNER LABELS CPUS		for the script profile

The machine is that of forward.py: one router has tunnels of mtun, the other one the
kernel's own device, and both have the same states and policies. Of "mode ipsec" that
is an xfrm interface; of "ipsec required" it is ip_gre or ip6_gre with a policy. Mostly
with a cipher that does nothing, so that it does not hide what the devices cost. It is
what they cost above forwarding the same packet without a tunnel, through the same router.
How long the chains of xfrm's tables of policies are is chance, which is some 150
instructions: everything is measured with several if_ids, and the least counts. A line
"CASE ok|bad TEXT" for each row goes to the standard output, a table to the standard
error.
"""
import argparse
import json
import socket
import struct
import sys

import forward
from forward import *   # noqa: E402

ESP, SPI_OUT, SPI_IN = 50, 0x1001, 0x1002
IF_IDS = (7, 42, 1000)
KEY, SALT, IV = bytes(range(16)), bytes(range(16, 20)), bytes(range(8))
CIPHERS = {
    "null": 'auth digest_null "" enc ecb(cipher_null) ""',
    "GCM": "aead rfc4106(gcm(aes)) 0x%s 128" % (KEY + SALT).hex(),
}
PATHS = ("encap", "decap")

# Of what the other device costs above plain forwarding, at the most. Counters are always
# on. For what is sent in ESP alone, xfrm makes a route for each packet through
# an xfrm interface, and RCU frees them when it likes, within what is measured or not.
TARGETS = {"counters": 1.0, "clamp": 1.05}
KEPT, ERROR = 0.75, 0.005
OTHERS = {"ipsec": "xfrm interface", "gre": "ip_gre"}
REPLAY_OFF = "replay-window 0"      # the same packet comes again and again

# What is measured: mode, cipher, outer, inner, bytes
ROWS = [("ipsec", "null", outer, inner, 18) for outer in (4, 6) for inner in (4, 6)]
ROWS += [("ipsec", "null", 4, 4, 1300), ("ipsec", "GCM", 4, 4, 18)]
ROWS += [("gre", "null", outer, 4, 18) for outer in (4, 6)]


def esp(data, proto, cipher):
    """What is behind the outer IP header of a packet that is received"""
    pad = -(len(data) + 2) % 4
    data += bytes(range(1, pad + 1)) + struct.pack("BB", pad, proto)
    head = struct.pack("!II", SPI_IN, 1)
    if cipher == "null":
        return head + data
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as alg:
        alg.bind(("aead", "gcm(aes)"))
        alg.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, KEY)
        alg.setsockopt(socket.SOL_ALG, socket.ALG_SET_AEAD_AUTHSIZE, None, 16)
        op, _ = alg.accept()
        with op:
            op.sendmsg_afalg([head + data], op=socket.ALG_OP_ENCRYPT,
                             iv=SALT + IV, assoclen=len(head))
            return head + IV + op.recv(len(head + data) + 16)[len(head):]


class Tunnel:
    """One of both drivers, with states and policies"""

    def __init__(self, mode, cipher, v, if_id=IF_IDS[0]):
        self.mode, self.cipher, self.v = mode, cipher, v
        here, there = LOCAL[v], remote(v, 0)
        alone = mode == "ipsec"
        words = "mode tunnel" if alone else "mode transport"
        with_id = " if_id %d" % if_id if alone else ""
        lines = []
        for src, dst, spi in (here, there, SPI_OUT), (there, here, SPI_IN):
            lines.append("xfrm state add src %s dst %s proto esp spi %d reqid 1 %s "
                         "%s%s%s %s" % (src, dst, spi, words, REPLAY_OFF,
                                        " flag af-unspec" if alone else "",
                                        with_id, CIPHERS[cipher]))
        # As an IKE daemon does it
        for way in ("out", "in", "fwd") if alone else ("out", "in"):
            src, dst = (here, there) if way == "out" else (there, here)
            for sel in (("src 0.0.0.0/0 dst 0.0.0.0/0", "src ::/0 dst ::/0")
                        if alone else ("src %s dst %s proto gre" % (src, dst),)):
                lines.append("xfrm policy add %s dir %s tmpl src %s dst %s proto "
                             "esp reqid 1 %s%s" % (sel, way, src, dst, words,
                                                   with_id))
        mtctl(ROUTERS["mtun"], ["tunnel add mt0 local %s remote %s %s up on" % (
            here, there, "mode ipsec if-id %d" % if_id if alone else
            "ipsec required")])
        ip_batch(ROUTERS["gre"], [
            "link add g0 type xfrm if_id %d" % if_id if alone else
            "link add g0 type %s local %s remote %s ttl 64%s" % (
                "gre" if v == 4 else "ip6gre", here, there,
                "" if v == 4 else " encaplimit none"),
            "link set g0 up"])
        for driver, name in ("mtun", "mt0"), ("gre", "g0"):
            ip_batch(ROUTERS[driver], lines + [
                "route add %s dev %s" % (behind(inner, 0), name)
                for inner in (4, 6)])

    def delete(self):
        for driver, name in ("mtun", "mt0"), ("gre", "g0"):
            ip_batch(ROUTERS[driver], ["link del " + name, "xfrm policy flush",
                                       "xfrm state flush"])


def segment(src, dst, size):
    """Of a connection, no SYN"""
    def tcp(check):
        return struct.pack("!HHIIBBHHH", 7, 9, 1, 1, 5 << 4, 0x10, 0xffff, check,
                           0) + bytes(size)
    return ip(src, dst, TCP, tcp(upper_csum(src, dst, TCP, tcp(0))))


def path_packet(tunnel, path, plain, inner_v, size, make):
    src = INNER_SRC[inner_v]
    if path == "encap":
        return make(src, PLAIN[inner_v] if plain else behind(inner_v, 0), size)
    data = make(src, PLAIN[inner_v], size)
    if tunnel.mode == "gre":
        data, proto = gre(data), GRE
    else:
        proto = 4 if inner_v == 4 else 41
    # The same packet for somebody else is plain.
    return ip(remote(tunnel.v, 0), PLAIN[tunnel.v] if plain else LOCAL[tunnel.v],
              ESP, esp(data, proto, tunnel.cipher))


def measure_way(tunnel, driver, plain, path, inner_v, size, count, make=udp_packet):
    """Instructions per packet through mtun, or gre (the kernel's own device), or plain
    through the router of it"""
    return measure(driver, [path_packet(tunnel, path, plain, inner_v, size, make)],
                   count)


def run_case(tunnel, path, inner_v, size, clamp):
    """Instructions per packet by driver and whether it is plain"""
    result = {}
    for count in 200, 1000:     # the first one warms up
        for driver in ROUTERS:
            for plain in True, False:
                result[driver, plain] = measure_way(
                    tunnel, driver, plain, path, inner_v, size, count,
                    segment if clamp else udp_packet)
    return result


def run_rows():
    """The rows, as instructions above plain forwarding"""
    least = {}
    for mode, cipher, v in dict.fromkeys(r[:3] for r in ROWS):
        for if_id in IF_IDS if mode == "ipsec" else IF_IDS[:1]:
            tunnel = Tunnel(mode, cipher, v, if_id)
            for inner_v, size in (r[3:] for r in ROWS if r[:3] == (mode, cipher, v)):
                for clamp in (False, True) if size == 18 else (False,):
                    mtctl(ROUTERS["mtun"], ["tunnel set mt0 mss %s" %
                                            ("auto" if clamp else "off")])
                    for path in PATHS:
                        key = path, mode, cipher, v, inner_v, size, clamp
                        result = run_case(tunnel, path, inner_v, size, clamp)
                        least[key] = {what: min(n, least.get(key, result)[what])
                                      for what, n in result.items()}
            tunnel.delete()
    rows = []
    for (path, mode, cipher, v, inner_v, size, clamp), found in least.items():
        above = {driver: round(found[driver, False] - found[driver, True])
                 for driver in ROUTERS}
        above["plain"] = round(found["mtun", True])
        rows.append({"path": path, "outer": v, "inner": inner_v, "bytes": size,
                     "tunnels": 1, "used": 1, "mode": mode, "cipher": cipher,
                     "other": OTHERS[mode],
                     "with": "clamp" if clamp else "counters", "above": above})
    return rows


def table(rows):
    lines = [("path", "mode", "cipher", "outer", "inner", "bytes", "with", "plain",
              "other", "mtun", "ratio")]
    for r in rows:
        a = r["above"]
        lines.append((r["path"], r["mode"], r["cipher"], r["outer"], r["inner"],
                      r["bytes"], r["with"], a["plain"], a["gre"], a["mtun"],
                      "%.3f" % (a["mtun"] / a["gre"])))
    return "\n".join("  ".join(str(x).ljust(8) for x in line).rstrip()
                     for line in lines)


def judge(rows):
    for r in rows:
        ours, other, most = r["above"]["mtun"], r["above"]["gre"], TARGETS[r["with"]]
        if r["path"] == "encap" and r["mode"] == "ipsec":
            most = KEPT
        print("%s_%s_%s_%s_%d_%d_%d" % (
            r["path"], r["mode"], r["with"], r["cipher"], r["outer"], r["inner"],
            r["bytes"]),
            "ok" if ours <= (most + ERROR) * other else "bad",
            "%d, %s %d, ratio %.3f, at most %.2f" % (
                ours, r["other"], other, ours / other, most))


def profile(path, v, inner_v, labels):
    """One window of the profile for each way, named in the file @labels"""
    tunnel = Tunnel("ipsec", "null", v)
    with open(labels, "w") as f:
        for way in "plain", "plain", "gre", "gre", "mtun", "mtun":
            measure_way(tunnel, "gre" if way == "gre" else "mtun", way == "plain",
                        path, inner_v, 18, 2000)
            f.write("%s 2000\n" % way)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    parser.add_argument("--profile", nargs=5)
    args = parser.parse_args()
    forward.setup()
    if args.profile:
        path, v, inner_v, labels, _ = args.profile
        profile(path, int(v), int(inner_v), labels)
        return
    rows = run_rows()
    if args.json:
        with open(args.json, "w") as f:
            json.dump(rows, f, indent=1)
    print(table(rows), file=sys.stderr, flush=True)
    judge(rows)


main()
