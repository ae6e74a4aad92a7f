#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""All combinations of optional fields, each way, against another end.

	interop.py batches FAR_END DIR	writes what creates the tunnels: near.mt,
					near.ip, far.mt, far.ip
	interop.py run NEAR FAR		sends and receives through all of them, both
					ways; writes "TUNNEL PROTOCOL bad|ok TEXT"

FAR_END is one of interop.sh. Each tunnel has addresses of its own.
"""
import concurrent.futures
import ctypes
import itertools
import os
import select
import socket
import struct
import sys
import threading

WAIT = float(os.environ.get("WAIT_TIMEOUT", "30"))
BYTES = 20000
OPTIONS = ("csum", "seq", "key")
NEAR_KEY, FAR_KEY = 0x80000001, 9


def combinations():
    """What near sends and what far sends, of which each may be anything"""
    every = list(itertools.product((False, True), repeat=len(OPTIONS)))
    return list(enumerate(itertools.product(every, every)))


def flags(sent, received, sent_key, received_key):
    words = []
    for name, out, into in zip(OPTIONS, sent, received):
        if name == "key":
            words += ["okey", str(sent_key)] if out else []
            words += ["ikey", str(received_key)] if into else []
        else:
            words += ["o" + name] if out else []
            words += ["i" + name] if into else []
    return words


def mtctl_line(name, addrs, words):
    text, words = [], list(words)
    while words:
        word = words.pop(0)
        text += [word, words.pop(0) if word.endswith("key") else "on"]
    return "tunnel add %s %s %s\n" % (name, addrs, " ".join(text))


def batches(far_end, folder):
    six = far_end not in ("ip_gre", "mtun4")
    underlay = ("2001:db8::%x", 64) if six else ("192.0.2.%d", 24)
    out = {name: open(os.path.join(folder, name), "w")
           for name in ("near.mt", "near.ip", "far.mt", "far.ip")}
    for i, (near, far) in combinations():
        remote = underlay[0] % (i + 2)
        words = {"near": flags(near, far, NEAR_KEY, FAR_KEY),
                 "far": flags(far, near, FAR_KEY, NEAR_KEY)}
        out["near.mt"].write(mtctl_line(
            "t%d" % i, "local %s remote %s" % (underlay[0] % 1, remote),
            words["near"]))
        if i:       # the first is there
            out["far.ip"].write("addr add %s/%d dev u0\n" %
                                (remote, underlay[1]))
        addrs = "local %s remote %s" % (remote, underlay[0] % 1)
        if far_end.startswith("mtun"):
            out["far.mt"].write(mtctl_line("t%d" % i, addrs, words["far"]))
        else:
            out["far.ip"].write("link add t%d type %s %s %s%s\n" % (
                i, "ip6gre" if six else "gre", addrs, " ".join(words["far"]),
                " encaplimit none" if far_end == "ip6_gre_plain" else ""))
        for end, me in (("near", 1), ("far", 2)):
            out[end + ".ip"].write(
                "addr add 10.1.%d.%d/24 dev t%d\n"
                "addr add %s/64 dev t%d\n"
                "link set t%d up\n" % (i, me, i, addr_of(i, me, True), i, i))
    for file in out.values():
        file.close()


def enter(netns):
    """Of this thread"""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/run/netns/" + netns) as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def addr_of(i, end, six):
    if six:
        return "2001:db8:a:%x::%d" % (i + 1, end)
    return "10.1.%d.%d" % (i, end)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ping(six, targets):
    """Which of them answer: all are asked, again and again."""
    missing = dict(targets)     # address: number
    if six:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW,
                             socket.IPPROTO_ICMPV6)
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                             socket.IPPROTO_ICMP)
    body = b"interop "
    for _ in range(int(WAIT)):
        for addr, i in missing.items():
            head = struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0x4d54, i)
            if not six:
                head = head[:2] + struct.pack("!H", checksum(head + body)) + \
                    head[4:]
            try:
                sock.sendto(head + body, (addr, 0))
            except OSError:
                pass
        while missing and select.select([sock], [], [], 1)[0]:
            data, peer = sock.recvfrom(2000)
            data = data if six else data[20:]
            if data[0] == (129 if six else 0) and data[8:] == body:
                missing.pop(peer[0], None)
        if not missing:
            break
    return [addr for addr, _ in targets if addr not in missing]


PATTERN = bytes((i * 7 + i // 251) & 0xff for i in range(BYTES))


def receive(conn):
    got = bytearray()
    while len(got) < BYTES:
        some = conn.recv(65536)
        if not some:
            break
        got += some
    return bytes(got)


def serve(netns, ready):
    """Sends back what it gets, on all addresses of both families."""
    enter(netns)
    sock = socket.create_server(("::", 5001), family=socket.AF_INET6,
                                dualstack_ipv6=True, backlog=100)
    ready.set()
    while True:
        conn, _ = sock.accept()
        with conn:
            conn.settimeout(WAIT)
            try:
                # Both at once would need a buffer for all of it.
                data = receive(conn)
                conn.sendall(data)
            except OSError:
                pass


def tcp(addr):
    """Data both ways, compared; returns an error or None"""
    try:
        with socket.create_connection((addr, 5001), WAIT) as conn:
            conn.sendall(PATTERN)
            return None if receive(conn) == PATTERN else "other bytes"
    except OSError as err:
        return str(err)


def run(near, far):
    for netns, other in ((near, far), (far, near)):
        ready = threading.Event()
        threading.Thread(target=serve, args=(other, ready),
                         daemon=True).start()
        ready.wait()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(enter, netns).result()
            for six in (False, True):
                proto = "IPv6" if six else "IPv4"
                end = 2 if netns == near else 1
                way = "to far" if end == 2 else "to near"
                targets = [(addr_of(i, end, six), i)
                           for i, _ in combinations()]
                up = pool.submit(ping, six, targets).result()
                for addr, i in targets:
                    text = "ok"
                    if addr not in up:
                        text = "bad no answer to a ping"
                    else:
                        error = pool.submit(tcp, addr).result()
                        if error:
                            text = "bad TCP: " + error
                    print("t%d %s %s %s" % (i, proto, text, way))


def describe():
    """t0 out:csum+key in:none ..."""
    for i, (near, far) in combinations():
        print("t%d" % i, *("%s:%s" % (
            way, "+".join(n for n, on in zip(OPTIONS, options) if on) or
            "none") for way, options in (("out", near), ("in", far))))


def main(argv):
    if argv[1:2] == ["batches"] and len(argv) == 4:
        batches(*argv[2:])
    elif argv[1:2] == ["run"] and len(argv) == 4:
        run(*argv[2:])
    elif argv[1:] == ["describe"]:
        describe()
    else:
        print(__doc__, file=sys.stderr)
        return 2
    # The servers still wait.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
