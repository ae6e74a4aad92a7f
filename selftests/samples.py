#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets through tunnels, and the samples that are taken of them, for samples.sh,
which has the topology.

	samples.py NEAR FAR DIRECTORY [GROUP...]

Writes "GROUP ok|bad TEXT" for each thing that was tried.
"""
import datetime
import math
import os
import subprocess

from packets import *

NEAR, FAR, TMP, *WANTED = sys.argv[1:]
SRC, DST = "198.51.100.1", "203.0.113.1"
OUTER = {"mt4": ("192.0.2.2", "192.0.2.1", 4),
         "mt6": ("2001:db8::2", "2001:db8::1", 6)}

from_far = Wire(FAR, "u0", NEAR, "u0")


def udp_packet(n, size=0, dst=DST, dport=53):
    return ip(SRC, dst, UDP, udp(SRC, dst, n & 0xffff, dport,
                                 pattern(size, n)), ident=n & 0xffff)


def receive(data, tunnel="mt4", **kw):
    src, dst, key = OUTER[tunnel]
    from_far.send(ip(src, dst, GRE, gre(data, key, check=tunnel == "mt6"),
                     **kw))


class Device:
    """Sends packets through a tunnel of near"""

    def __init__(self, tunnel):
        self.tunnel = tunnel
        with netns(NEAR):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)

    def send(self, data):
        proto = ETH_P_IPV6 if data[0] >> 4 == 6 else ETH_P_IP
        self.sock.sendto(data, (self.tunnel, proto))


out4 = Device("mt4")


def sample(value, tunnel="mt4", which=""):
    mtctl(NEAR, ["tunnel set %s sample%s %s" % (tunnel, which, value)])


class Listener:
    """mtctl samples, and what it has said"""

    def __init__(self, *args, json_lines=True):
        self.errors = open(TMP + "/listener", "w+")
        self.proc = subprocess.Popen(
            (MTCTL, "-n", NEAR, *(("-j",) if json_lines else ()), "samples",
             *args), stdout=subprocess.PIPE, stderr=self.errors)
        os.set_blocking(self.proc.stdout.fileno(), False)
        self.json_lines = json_lines
        self.text, self.lines = b"", []
        until(lambda: "listening" in open(TMP + "/listener").read())

    def got(self):
        while True:
            more = self.proc.stdout.read()
            if not more:
                break
            self.text += more
        *lines, self.text = self.text.split(b"\n")
        self.lines += [json.loads(x) if self.json_lines else x.decode()
                       for x in lines]
        return self.lines

    def wait(self, count):
        until(lambda: len(self.got()) >= count)
        return self.got()

    def settle(self):
        """Nothing more comes: what is sampled is sent within 0.1 s."""
        count = -1
        while count != len(self.got()):
            count = len(self.got())
            time.sleep(1)

    def close(self):
        self.proc.terminate()
        self.proc.wait()
        self.errors.close()


def counted(direction="rx"):
    return counters(NEAR)["mt4"][direction + "_packets"]


def settle(send, packets):
    """The packets that are sent have been counted."""
    old = counted()
    send()
    until(lambda: counted() >= old + packets)


##############################################################################

def test_fields():
    sample(1)
    sample(1, "mt6")
    listener = Listener()
    size = 60
    before = time.time()
    receive(udp_packet(7, size))
    out4.send(ip("2001:db8:a::1", "2001:db8:b::1", TCP, struct.pack(
        "!HHIIBBHHH", 1025, 80, 3, 4, 0x50, 0x12, 5, 0, 0) + bytes(1100)))
    receive(ip("2001:db8:a::1", "2001:db8:b::1", ICMP6, bytes((128, 0)) +
               bytes(30)), "mt6")
    out4.send(ip(SRC, DST, UDP, bytes(40), mf=1, off=80))
    got = listener.wait(4)
    when = [datetime.datetime.fromisoformat(
        s["time"][:-2] + ":" + s["time"][-2:]).timestamp() for s in got]
    report("fields", "times", all(before - 1 <= t <= time.time() + 1
                                  for t in when))
    for s in got:
        del s["time"]
    common = {"verdict": "passed", "interval": 1, "packets": 1}
    want = [
        {"tunnel": "mt4", "direction": "ingress", "length": 28 + size,
         "outer_source": "192.0.2.2", "ip_version": 4, "protocol": "udp",
         "source": SRC, "destination": DST, "source_port": 7,
         "destination_port": 53, "fragment": False},
        {"tunnel": "mt4", "direction": "egress", "length": 1160,
         "outer_source": "192.0.2.1", "ip_version": 6, "protocol": "tcp",
         "source": "2001:db8:a::1", "destination": "2001:db8:b::1",
         "source_port": 1025, "destination_port": 80, "tcp_flags": "SA",
         "fragment": False},
        {"tunnel": "mt6", "direction": "ingress", "length": 72,
         "outer_source": "2001:db8::2", "ip_version": 6, "protocol": "icmpv6",
         "source": "2001:db8:a::1", "destination": "2001:db8:b::1",
         "icmp_type": 128, "icmp_code": 0, "fragment": False},
        {"tunnel": "mt4", "direction": "egress", "length": 60,
         "outer_source": "192.0.2.1", "ip_version": 4, "protocol": "udp",
         "source": SRC, "destination": DST, "fragment": True}]
    key = lambda s: (s["tunnel"], s["length"])
    report("fields", "four packets", sorted(got, key=key),
           sorted(({**common, **w} for w in want), key=key))
    listener.close()


def test_drops():
    """Those that are dropped are sampled, too, and say why"""
    sample(1)
    sample(1, "mt6")
    listener = Listener()
    inner = udp_packet(9, 100)
    receive(inner, tos=3)                           # CE over Not-ECT
    receive(inner[:10] + b"\0", "mt4")              # shorter than its header
    src, dst, key = OUTER["mt6"]
    data = gre(inner, key, check=True)
    from_far.send(ip(src, dst, GRE, data[:4] + b"\xaa\xaa" + data[6:]))
    from_far.send(ip(*OUTER["mt4"][:2], GRE, gre(inner, 4, proto=0x6558)))
    ip_batch(NEAR, ["route add unreachable 192.0.2.2/32"])
    out4.send(inner)
    ip_batch(NEAR, ["route del unreachable 192.0.2.2/32"])
    with netns(NEAR):
        for rule in ("add table ip t", "add chain ip t out { type filter hook "
                     "output priority 0; }", "add rule ip t out ip protocol "
                     "gre drop"):
            subprocess.run(("nft", rule), check=True)
        out4.send(inner)
        subprocess.run(("nft", "delete table ip t"), check=True)
    got = listener.wait(6)
    report("drops", "reasons", sorted(
        (s.get("reason"), s["direction"], s["length"]) for s in got), sorted((
            ("rx-ecn", "ingress", 128), ("rx-inner", "ingress", 11),
            ("rx-checksum", "ingress", 128), ("rx-protocol", "ingress", 128),
            ("tx-no-route", "egress", 128), ("tx-underlay", "egress", 128))))
    report("drops", "the inner packet is what is sampled",
           {(s.get("source"), s.get("source_port")) for s in got
            if s["reason"] != "rx-inner"}, {(SRC, 9)})
    report("drops", "verdicts", {s["verdict"] for s in got}, {"dropped"})
    listener.close()
    report("drops", "and counted once", {
        k: n for k, n in counters(NEAR)["mt4"].items()
        if "-" in k and k != "rx-sequence"},
        {"rx-ecn": 1, "rx-inner": 1, "rx-protocol": 1, "tx-no-route": 1,
         "tx-underlay": 1})


def test_nested():
    """A tunnel in a tunnel: both samples are under way at once, and each gets the
    reason that is its own."""
    sample(1)
    mtctl(NEAR, ["tunnel add in4 local 10.4.0.1 remote 10.4.0.2 key 9 "
                 "sample-tx 1"])
    ip_batch(NEAR, ["link set in4 up"])
    sample("off", which="-rx")      # the far end refuses what comes out
    listener = Listener()
    Device("in4").send(udp_packet(1, 60))
    ip_batch(NEAR, ["route add unreachable 192.0.2.2/32"])
    Device("in4").send(udp_packet(2, 60))
    ip_batch(NEAR, ["route del unreachable 192.0.2.2/32"])
    Device("in4").send(udp_packet(3, 60))
    got = listener.wait(6)
    report("nested", "who dropped what", [
        (s["tunnel"], s["length"], s.get("reason")) for s in
        sorted(got, key=lambda s: s["time"])], [
            ("in4", 88, None), ("mt4", 116, None),
            ("in4", 88, None), ("mt4", 116, "tx-no-route"),
            ("in4", 88, None), ("mt4", 116, None)])
    listener.close()
    mtctl(NEAR, ["tunnel del in4"])


def test_off():
    sample(1)
    listener = Listener()
    sample("off", which="-rx")
    settle(lambda: [receive(udp_packet(n)) for n in range(50)], 50)
    out4.send(udp_packet(99))
    got = listener.wait(1)
    report("off", "sample-rx off", [s["direction"] for s in got], ["egress"])
    sample("off")
    settle(lambda: [receive(udp_packet(n)) for n in range(50)], 50)
    out4.send(udp_packet(100))
    listener.settle()
    report("off", "sample off", len(listener.got()), 1)
    listener.close()


def test_estimate():
    """Known traffic: packets and bytes of two flows, of which one is every fourth
    packet, which is where the interval would be found if samples were not chosen
    at random. The standard error is that of independent choices, a little more
    than the truth. All packets together are not independent: it is known how even
    the choices are, and a bias of a tenth would be six standard errors.
    """
    interval, packets, runs = 8, 480, 20
    sample(interval)
    listener = Listener()
    off = []
    pkts = {run: [udp_packet(n, 100 if n % 4 else 1000,
                             DST if n % 4 else "203.0.113.9", run)
                  for n in range(packets)] for run in range(1, runs + 1)}
    for run in pkts:
        settle(lambda: [receive(p) for p in pkts[run]], packets)
    listener.settle()
    for run in pkts:
        for dst in (DST, "203.0.113.9"):
            mine = [s for s in listener.got() if s["destination"] == dst and
                    s["destination_port"] == run]
            true = [len(p) for p in pkts[run] if p[16:20] == addr(dst)]
            for values, truths in (
                    ([interval] * len(mine), [1] * len(true)),
                    ([interval * s["length"] for s in mine], true)):
                error = math.sqrt(interval * sum(v * v for v in truths))
                off.append(abs(sum(values) - sum(truths)) / error)
    # Packets and bytes of a flow go together: of forty two may be odd, as one is in
    # each twentieth time that this is run.
    report("estimate", "within three standard errors, %d runs, worst %.2f" %
           (runs, max(off)), sum(x > 3 for x in off) <= 4 and max(off) < 4.5)
    even = ((2 * interval - 1) ** 2 - 1) / 12 / interval ** 2
    error = math.sqrt(even * interval / (runs * packets))
    share = len(listener.got()) * interval / (runs * packets)
    report("estimate", "of all packets: %.3f of the truth, error %.3f" %
           (share, error), abs(share - 1) < 4 * error)
    listener.close()


def test_interval():
    """A shorter interval holds at once, however long the old one was."""
    sample(1000000000)
    listener = Listener()
    settle(lambda: [receive(udp_packet(n)) for n in range(20)], 20)
    sample(2)
    settle(lambda: [receive(udp_packet(n)) for n in range(200)], 200)
    listener.settle()
    got = listener.got()
    report("interval", "of 200 packets about half: %d" % len(got),
           60 <= len(got) <= 140)
    report("interval", "the samples say so", {s["interval"] for s in got}, {2})
    sample("off")
    listener.close()


def test_segments():
    """With an interval of 1 the sums are those of the counters"""
    sample(1)
    listener = Listener("tcp")
    old = counters(NEAR)["mt4"]
    stream = Stream(NEAR, "10.4.0.1", FAR, "10.4.0.2", 5001)
    transfer([stream], bytes(1 << 20))
    report("segments", "all bytes arrive", stream.ok())
    stream.close()

    def grown(direction):
        new = counters(NEAR)["mt4"]
        return new[direction]["ipv4"]["tcp"]["packets"] - \
            old.get(direction, {}).get("ipv4", {}).get("tcp", {}).get(
                "packets", 0)

    def sampled(direction):
        return sum(s.get("packets", 0) for s in listener.got()
                   if s.get("direction") == direction)
    for direction in "ingress", "egress":
        until(lambda: sampled(direction) >= grown(direction))
        report("segments", direction, sampled(direction), grown(direction))
    report("segments", "some were many", max(
        s.get("packets", 0) for s in listener.got()) > 1)
    listener.close()


def attrs(data):
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        yield kind & 0x3fff, data[4:size]
        data = data[size + 3 & ~3:]


class Raw:
    """A netlink socket in the group, with a queue of so many bytes"""

    def __init__(self, queue):
        with netns(NEAR):
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.sock.send(struct.pack("=IHHII", 32, 16, 1, 1, 0) +
                       struct.pack("=BBH", 3, 1, 0) +
                       struct.pack("=HH8s", 9, 2, b"mtun"))
        for kind, value in attrs(self.sock.recv(65536)[20:]):
            for _, group in attrs(value) if kind == 7 else ():
                entry = dict(attrs(group))
                if entry[1].startswith(b"samples"):
                    number = struct.unpack("=I", entry[2])[0]
        self.sock.setsockopt(socket.SOL_SOCKET, 33, queue)  # RCVBUFFORCE
        self.sock.setsockopt(270, 1, number)     # NETLINK_ADD_MEMBERSHIP
        self.sock.settimeout(1)

    def read(self):
        """(CPU, number of the first, samples) of each message"""
        got = []
        while True:
            try:
                message = self.sock.recv(65536)
            except TimeoutError:
                return got
            except OSError:     # ENOBUFS
                continue
            cpu = number = None
            samples = 0
            for kind, value in attrs(message[20:]):
                if kind == 1:
                    cpu = struct.unpack("=I", value)[0]
                elif kind == 2:
                    number = struct.unpack("=Q", value)[0]
                elif kind == 3:
                    samples += 1
            got.append((cpu, number, samples))

    def close(self):
        self.sock.close()


def test_nobody():
    """Without a listener no sample is taken, and none waits."""
    sample(1)
    raw = Raw(1 << 20)
    settle(lambda: receive(udp_packet(1)), 1)
    (cpu, first, n), = raw.read()
    raw.close()
    settle(lambda: [receive(udp_packet(n)) for n in range(100)], 100)
    raw = Raw(1 << 20)
    settle(lambda: receive(udp_packet(1)), 1)
    report("nobody", "the next sample is the next", raw.read(),
           [(cpu, first + n, 1)])
    raw.close()


def test_lost():
    """A reader that is too slow learns how much it has missed."""
    sample(1)
    raw = Raw(20000)
    settle(lambda: [receive(udp_packet(n)) for n in range(1000)], 1000)
    got = raw.read()
    settle(lambda: receive(udp_packet(1)), 1)
    got += raw.read()
    cpu, first, _ = got[0]
    last = got[-1][1] + got[-1][2]
    report("lost", "all are accounted for", last - first, 1001)
    report("lost", "some were lost", sum(n for _, _, n in got) < 1001)
    # What has come in a tenth of a second is sent, full or not.
    report("lost", "messages are full", max(n for _, _, n in got) >
           20 // int(os.environ.get("MTUN_SLOW", "1")))
    raw.close()


def test_filter():
    sample(1)
    listener = Listener("dst", "net", "203.0.113.0/25", "and", "udp", "port",
                        "53", "and", "greater", "200")
    for n, (size, dst, port) in enumerate((
            (300, DST, 53), (10, DST, 53), (300, DST, 54),
            (300, "203.0.113.200", 53), (300, "203.0.113.2", 53))):
        receive(udp_packet(n, size, dst, port))
    got = listener.wait(2)
    report("filter", "two of five", [s["source_port"] for s in got], [0, 4])
    listener.close()
    done = subprocess.run((MTCTL, "-n", NEAR, "samples", "tcp", "prot", "80"),
                          stderr=subprocess.PIPE, text=True)
    report("filter", "a bad one", (done.returncode, done.stderr.split("\n")[0]
                                   [:36]),
           (2, 'mtctl samples: filter "tcp prot 80":'))


def test_lines():
    sample(1)
    listener = Listener(json_lines=False)
    receive(udp_packet(5, 10))
    receive(udp_packet(6, 10), tos=3)
    got = listener.wait(2)
    report("lines", "passed", got[0][15:], "  mt4 ingress  %s:5 > %s:53  udp  "
           "38 bytes  1 in 1" % (SRC, DST))
    report("lines", "dropped", got[1][15:], "  mt4 ingress  %s:6 > %s:53  udp "
           " 38 bytes  1 in 1  dropped rx-ecn" % (SRC, DST))
    listener.close()


def test_pcapng():
    sample(1)
    name = TMP + "/samples.pcapng"
    listener = Listener("-w", name)
    receive(udp_packet(5, 1000))
    receive(udp_packet(6, 10), tos=3)
    out4.send(ip("2001:db8:a::1", "2001:db8:b::1", UDP, bytes(8)))
    until(lambda: os.path.getsize(name) > 500)
    time.sleep(0.2)
    listener.close()
    done = subprocess.run(
        ("tshark", "-n", "-r", name, "-T", "fields", "-E", "separator=|", "-e",
         "frame.comment", "-e", "frame.len", "-e", "frame.cap_len", "-e",
         "frame.interface_name", "-e", "ip.dst", "-e", "udp.srcport", "-e",
         "ipv6.dst"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)
    report("pcapng", "what tshark reads", done.stdout.splitlines(), [
        "mt4 ingress, 1 in 1, from 192.0.2.2|1028|128|mt4|%s|5|" % DST,
        "mt4 ingress, 1 in 1, from 192.0.2.2, dropped: rx-ecn|38|38|mt4|%s|6|"
        % DST,
        "mt4 egress, 1 in 1, from 192.0.2.1|48|48|mt4||0|2001:db8:b::1"])


def test_count():
    sample(1)
    listener = Listener("-count", "3")
    for n in range(10):
        receive(udp_packet(n))
    until(lambda: listener.proc.poll() is not None)
    report("count", "ends by itself", listener.proc.poll(), 0)
    report("count", "after three", len(listener.got()), 3)
    listener.close()


def test_refused():
    done = subprocess.run(
        ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin",
         MTCTL, "-n", NEAR, "samples"), stderr=subprocess.PIPE, text=True)
    report("refused", "without CAP_NET_ADMIN", done.returncode, 1)
    done = subprocess.run((MTCTL, "-n", NEAR, "tunnel", "set", "mt4", "sample",
                           "1073741825"), stderr=subprocess.PIPE, text=True)
    report("refused", "an interval too long", done.stderr,
           "mtctl tunnel set: sample-rx must be off or at most 1073741824\n")
    done = subprocess.run((MTCTL, "-n", NEAR, "samples", "-w", "/dev/full"),
                          stderr=subprocess.PIPE, text=True, timeout=WAIT)
    report("refused", "a disk that is full",
           (done.returncode, done.stderr.splitlines()[-1]),
           (1, "mtctl samples: /dev/full: not all could be written: is there room?"))


run_wanted((test_fields, test_drops, test_nested, test_off, test_estimate,
            test_interval, test_segments, test_nobody, test_lost, test_filter,
            test_lines, test_pcapng, test_count, test_refused), WANTED)
