#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Attacks on hosts behind a tunnel, for detect.sh, which has the topology.

	detect.py NEAR FAR DIRECTORY

Writes "GROUP ok|bad TEXT" for each thing that was tried.
"""
import itertools
import pty
import re
import subprocess
import termios

from packets import *

NEAR, FAR, TMP = sys.argv[1:4]
LIMITS = "syn-flood 60 udp-flood 60 icmp-flood 60 amplification 60 " \
    "fragment-flood 60 spoof 60"
RATE = 400

from_far = Wire(FAR, "u0", NEAR, "u0")
numbers = itertools.count(1)


def source():
    n = next(numbers)
    return "198.18.%d.%d" % (n >> 8 & 255, n & 255)


def tcp(dst, flags):
    return ip(source(), dst, TCP, struct.pack("!HHIIBBHHH", 1024, 443, 3, 4,
                                              0x50, flags, 5, 0, 0))


def with_ports(dst, sport, size, **kw):
    src = source()
    return ip(src, dst, UDP, udp(src, dst, sport, 40000, bytes(size)), **kw)


ATTACKS = {
    "syn-flood": ("203.0.113.1", lambda a: tcp(a, 2), "syn-flood"),
    "udp-flood": ("203.0.113.2", lambda a: with_ports(a, 5000, 100),
                  "udp-flood"),
    "icmp-flood": ("203.0.113.3", lambda a: ip(source(), a, ICMP, bytes(
        (8, 0, 0, 0, 0, 0, 0, 0))), "icmp-flood"),
    "amplification": ("203.0.113.4", lambda a: with_ports(a, 11211, 1200),
                      "memcached-amplification"),
    "fragment-flood": ("203.0.113.5", lambda a: with_ports(a, 9, 100, mf=1),
                       "fragment-flood"),
    # Dropped by the tunnel's filter, which has this source, and no attack else
    "spoof": ("203.0.113.6", lambda a: ip("198.19.0.%d" % (next(numbers) % 256),
                                          a, 50, bytes(60)), "spoof"),
}


def normal():
    """Little of each"""
    for _, make, _ in ATTACKS.values():
        yield make("203.0.113.%d" % (100 + next(numbers) % 100))
    for n in range(30):
        yield tcp("203.0.113.1", 0x10)


class Clocked:
    """Sends packets, so many a second"""

    def __init__(self, rate):
        self.rate, self.start, self.sent = rate, time.monotonic(), 0

    def send(self, data):
        from_far.send(ip("192.0.2.2", "192.0.2.1", GRE, gre(data, 4)))
        self.sent += 1
        ahead = self.sent / self.rate - (time.monotonic() - self.start)
        if ahead > 0:
            time.sleep(ahead)


class Command:
    """One that listens, and the events that it tells of"""

    def __init__(self, *args):
        name = TMP + "/" + args[0]
        self.errors = open(name, "w+")
        self.proc = subprocess.Popen((MTCTL, "-n", NEAR, "-j", *args),
                                     stderr=self.errors,
                                     stdout=subprocess.PIPE)
        os.set_blocking(self.proc.stdout.fileno(), False)
        self.text = b""
        until(lambda: "listening" in open(name).read())

    def got(self, kind=None):
        self.text += self.proc.stdout.read() or b""
        events = [json.loads(x) for x in
                  self.text.decode().split("\n")[:-1]]
        return [e for e in events if not kind or e["event"] == kind]

    def close(self):
        self.proc.terminate()
        self.proc.wait()
        self.errors.close()


def test_live():
    detect = Command("detect", *LIMITS.split())
    monitor = Command("monitor", "attacks", *LIMITS.split())
    clock = Clocked(RATE)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        for data in normal():
            clock.send(data)
    report("quiet", "a little of all is no attack", detect.got(), [])
    for name, (dst, make, vector) in ATTACKS.items():
        begin, clock = time.monotonic(), Clocked(RATE)
        before = len(detect.got())
        while len(detect.got()) == before and \
                time.monotonic() < begin + WAIT:
            for _ in range(20):
                clock.send(make(dst))
        took = time.monotonic() - begin
        new = detect.got()[before:]
        report(name, "one attack begins", [
            (e["event"], e["vector"], e["destination"], e["tunnel"])
            for e in new], [("attack-start", vector, dst, "mt4")])
        report(name, "found after %.1f s" % took, took <= 2)
        until(lambda: len(detect.got()) > before + 1)
        new = detect.got()[before + 1:]
        report(name, "it ends", [
            (e["event"], e["vector"], e["destination"]) for e in new],
            [("attack-end", vector, dst)])
        report(name, "peak", 60 < new[0]["peak_packets_per_second"] < 3 * RATE
               and new[0]["start"] <= new[0]["end"])
    report("spoof", "the filter has dropped them",
           counters(NEAR)["mt4"]["rx-filter"] > 60)
    mtctl(NEAR, ["tunnel set mt4 ttl 9"])
    until(lambda: monitor.got("set"))
    report("monitor", "the same, and what is configured", (
        [e["vector"] for e in monitor.got("attack-start")],
        [e["ttl"] for e in monitor.got("set")]),
        ([vector for _, _, vector in ATTACKS.values()], [9]))
    detect.close()
    monitor.close()


def test_recorded():
    """The same from a file, in no time"""
    name = TMP + "/record.pcapng"
    with open(TMP + "/record", "w") as errors:
        recorder = subprocess.Popen((MTCTL, "-n", NEAR, "samples", "-w", name),
                                    stderr=errors)
        until(lambda: "listening" in open(TMP + "/record").read())
        clock = Clocked(RATE)
        dst, make, vector = ATTACKS["syn-flood"]
        for _ in range(2 * RATE):
            clock.send(make(dst))
        time.sleep(0.5)
        recorder.terminate()
        recorder.wait()
    done = subprocess.run((MTCTL, "-j", "detect", "-r", name, "syn-flood",
                           "60"), stdout=subprocess.PIPE, text=True)
    events = [json.loads(x) for x in done.stdout.splitlines()]
    report("recorded", "one attack", [
        (e["event"], e["vector"], e["destination"]) for e in events],
        [("attack-start", vector, dst)])
    with open(TMP + "/limits.yaml", "w") as f:
        f.write("detect: {syn-flood: off, prefix4: 24}\n")
    done = subprocess.run((MTCTL, "-j", "detect", "-f", TMP + "/limits.yaml",
                           "-r", name), stdout=subprocess.PIPE, text=True)
    report("file", "switched off in a file", (done.returncode, done.stdout),
           (0, ""))
    with open(TMP + "/limits.yaml", "w") as f:
        f.write("detect: {syn-flood: 60, prefix4: 24}\n")
    done = subprocess.run((MTCTL, "-j", "detect", "-f", TMP + "/limits.yaml",
                           "-r", name), stdout=subprocess.PIPE, text=True)
    report("file", "a network", [json.loads(x)["destination"] for x in
                                 done.stdout.splitlines()], ["203.0.113.0/24"])
    with open(TMP + "/limits.yaml", "w") as f:
        f.write("detect: {syn-flod: 60}\n")
    done = subprocess.run((MTCTL, "detect", "-f", TMP + "/limits.yaml"),
                          stderr=subprocess.PIPE, text=True)
    report("file", "a word that is wrong",
           (done.returncode, "limits.yaml:1:10: " in done.stderr), (2, True))


def top(*args):
    return subprocess.Popen((MTCTL, "-n", NEAR, "top", "--once", "-j", *args),
                            stdout=subprocess.PIPE, text=True)


def test_top():
    """Known traffic, of which two thirds go to one host"""
    proc = top("-interval", "5", "-by", "destination", "udp")
    time.sleep(1.5)
    sent, old = 0, counters(NEAR)["mt4"]["rx_bytes"]
    for n in range(600):
        data = with_ports("203.0.113.%d" % (7 if n % 3 else 8), 5000, 472)
        from_far.send(ip("192.0.2.2", "192.0.2.1", GRE, gre(data, 4)))
        sent += len(data)
    until(lambda: counters(NEAR)["mt4"]["rx_bytes"] - old >= sent)
    got = json.loads(proc.communicate()[0])
    (tunnel,) = got["tunnels"]
    bits = tunnel["ingress"]["bits_per_second"] * got["seconds"]
    report("top", "%d bits" % bits, abs(bits / (8 * sent) - 1) < 0.001)
    report("top", "packets", round(tunnel["ingress"]["packets_per_second"] *
                                   got["seconds"]), 600)
    report("top", "tunnel", (tunnel["ifname"], tunnel["up"], tunnel["state"],
                             tunnel["egress"]["bits_per_second"]),
           ("mt4", True, None, 0))
    report("talkers", "in order", [t["key"] for t in got["talkers"]],
           ["203.0.113.7", "203.0.113.8"])
    for talker, share in zip(got["talkers"], (2 / 3, 1 / 3)):
        bits = talker["bits_per_second"] * got["seconds"]
        off = abs(bits / (8 * sent * share) - 1) * 100
        # The error holds 19 times of 20: twice that is never exceeded.
        report("talkers", "%s: off by %.0f %%, of %.0f %%" % (
            talker["key"], off, talker["error_percent"]),
            off <= 2 * talker["error_percent"] and
            talker["error_percent"] < 40)
    done = subprocess.run((MTCTL, "-n", NEAR, "top", "-once", "-interval",
                           "0.2"), stdout=subprocess.PIPE, text=True)
    report("top", "as text", [line.split()[0] for line in
                              done.stdout.splitlines() if line],
           ["1", "TUNNEL", "mt4"])


class Screen:
    """mtctl top on a terminal, and what it has written"""

    def __init__(self):
        pid, self.fd = pty.fork()
        if not pid:
            os.environ["TERM"] = "xterm"
            os.execv(MTCTL, (MTCTL, "-n", NEAR, "top", "-interval", "0.5"))
        self.pid, self.text = pid, ""
        termios.tcsetwinsize(self.fd, (10, 100))

    def shows(self, pattern):
        """Until that is there; nothing that was before counts any more"""
        end = time.monotonic() + WAIT
        while not re.search(pattern, self.text):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return False
            try:
                self.text += os.read(self.fd, 65536).decode()
            except OSError:     # it has ended
                return bool(re.search(pattern, self.text))
        self.text = ""
        return True

    def press(self, keys):
        os.write(self.fd, keys.encode())


def test_screen():
    screen = Screen()
    report("screen", "tunnels", screen.shows(r"(?s)TUNNEL.*mt4.*UP"))
    screen.press("s")
    report("screen", "another order", screen.shows("by packets"))
    screen.press("t")
    report("screen", "talkers", screen.shows("source address"))
    for data in [with_ports("203.0.113.9", 7, 100) for _ in range(100)]:
        from_far.send(ip("192.0.2.2", "192.0.2.1", GRE, gre(data, 4)))
    report("screen", "one of them", screen.shows(r"198\.18\.\d+\.\d+"))
    screen.press("/")
    report("screen", "a filter", screen.shows("filter: "))
    screen.press("tcp prot\n")
    report("screen", "a bad one", screen.shows('filter "tcp prot": '))
    screen.press("/udp port 7\n")
    report("screen", "a good one", screen.shows("filter udp port 7"))
    screen.press("p")
    report("screen", "pause", screen.shows("paused"))
    screen.press("q")
    report("screen", "the screen is left", screen.shows(r"\x1b\[\?1049l"))
    report("screen", "status", os.waitpid(screen.pid, 0)[1], 0)


def test_health():
    """Of a tunnel that is watched, and whose far end does not answer"""
    def text():
        done = subprocess.run((MTCTL, "-n", NEAR, "top", "-once", "-interval",
                               "0.2"), stdout=subprocess.PIPE, text=True)
        return done.stdout.splitlines()[-1].split()[:3]
    report("health", "not watched", text(), ["mt4", "UP", "-"])
    mtctl(NEAR, ["health set mt4 probe style request "
                 "interval 100ms source 192.0.2.1 target 203.0.113.99"])
    until(lambda: text()[2] == "down")
    report("health", "down", text(), ["mt4", "UP", "down"])
    got = json.loads(top("-interval", "0.2").communicate()[0])
    report("health", "as JSON", got["tunnels"][0]["state"], "down")
    screen = Screen()
    report("health", "in red", screen.shows(r"\x1b\[31mdown"))
    screen.press("q")
    os.waitpid(screen.pid, 0)
    mtctl(NEAR, ["health set mt4 off"])


def test_refused():
    for words, text in (
            ("top", "needs a terminal"), ("top -by colour", "-by colour: give"),
            ("top -interval 0", "-interval 0: give"),
            ("top -once -by source tcp prot", 'filter "tcp prot"'),
            ("detect syn-flood much", "syn-flood much: give packets"),
            ("detect syn-flod 3", "unknown argument"),
            ("detect prefix4 33", "prefix4 33: give the bits"),
            ("detect -r /nonexistent", "/nonexistent: ")):
        done = subprocess.run((MTCTL, "-n", NEAR, *words.split()), text=True,
                              stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        report("refused", words, (done.returncode != 0,
                                  text in done.stderr), (True, True))


test_live()
test_recorded()
test_top()
test_health()
test_screen()
test_refused()
