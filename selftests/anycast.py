#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Traffic for anycast.sh, which has the topology, and what became of it.

	anycast.py C1 C2 C3 FRONT BACK N1 N2 N3 N4 SRV FILE
"""
import socket
import sys

from packets import *

CUSTOMERS, (FRONT, BACK), NODES, (SRV, FILE) = \
    sys.argv[1:4], sys.argv[4:6], sys.argv[6:10], sys.argv[10:12]
PORT = 7000


def spread(nodes):
    """Each packet goes to the next of these nodes. Counts begin anew."""
    for ns in (FRONT, BACK):
        marks = ", ".join("%d : %d" % (i, n) for i, n in enumerate(nodes))
        lines = ["table inet spread", "delete table inet spread",
                 "table inet spread {"]
        lines += ["counter to%d { }" % n for n in range(1, 5)]
        lines += ["chain one {",
                  "meta mark set numgen inc mod %d map { %s }" %
                  (len(nodes), marks)]
        lines += ["meta mark %d counter name to%d" % (n, n)
                  for n in range(1, 5)]
        lines += ["}", "chain c {",
                  "type filter hook prerouting priority -290",
                  "ip daddr { 192.0.2.1, 10.1.0.0/16 } goto one",
                  "ip6 daddr 2001:db8:ffff::1 goto one"]
        with netns(ns):
            run(("nft", "-f", "-"), lines + ["}", "}"], "nft")


def sent_to(ns):
    """Packets that went to each node"""
    with netns(ns):
        out = subprocess.run(("nft", "-j", "list", "counters"), text=True,
                             stdout=subprocess.PIPE, check=True).stdout
    found = {c["counter"]["name"]: c["counter"]["packets"]
             for c in json.loads(out)["nftables"] if "counter" in c}
    return [found["to%d" % n] for n in range(1, 5)]


class Flow:
    """Numbered datagrams in one direction"""

    def __init__(self, n, to_srv):
        customer = (CUSTOMERS[n - 1], "10.1.%d.1" % n)
        srv = (SRV, "10.4.0.2")
        a, b = (customer, srv) if to_srv else (srv, customer)
        port = PORT + 2 * n + to_srv
        self.name = "customer %d %s" % (n, "sends" if to_srv else "receives")
        self.rx = udp_socket(b[0], socket.AF_INET, (b[1], port))
        self.rx.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.tx = udp_socket(a[0], socket.AF_INET, (a[1], 0))
        self.tx.connect((b[1], port))
        self.sent, self.got = 0, []

    def send(self, count=1):
        for _ in range(count):
            data = b"%d" % self.sent
            try:
                self.tx.send(data)
            except OSError:
                # Tells of an ICMP error that has come, and has sent nothing
                self.tx.send(data)
            self.sent += 1

    def receive(self):
        self.got += [int(data) for data in receive_all(self.rx)]
        return len(self.got)

    def missing(self):
        return self.sent - len(set(self.got))


FLOWS = [Flow(n, to_srv) for n in (1, 2, 3) for to_srv in (False, True)]


def traffic(count):
    """COUNT datagrams of each flow, a few at a time"""
    for _ in range(count // 5):
        for f in FLOWS:
            f.send(5)
        for f in FLOWS:
            f.receive()


def arrived():
    until(lambda: all(f.receive() >= f.sent for f in FLOWS))


def begin():
    for f in FLOWS:
        f.receive()
        f.sent, f.got = 0, []


def report_all(group, text):
    """All has arrived, once"""
    arrived()
    for f in FLOWS:
        report(group, "%s: %s" % (text, f.name),
               (f.missing(), len(f.got) - len(set(f.got))), (0, 0))


def tunnels(node):
    return counters(NODES[node - 1])


def test_path():
    """Each node alone, for all"""
    for n in range(1, 5):
        spread([n])
        until(lambda: all_work())
        begin()
        traffic(20)
        report_all("path", "node %d alone" % n)


def all_work():
    """Neighbours are known"""
    begin()
    for f in FLOWS:
        f.send()
    time.sleep(0.2)
    return all(f.receive() for f in FLOWS)


def test_spread():
    spread([1, 2, 3, 4])
    before = [tunnels(n) for n in range(1, 5)]
    begin()
    traffic(200)
    report_all("spread", "four nodes")
    for n in range(1, 5):
        after = tunnels(n)
        # 200 datagrams of each flow, of which each node gets one in four, if it
        # is not always the same one of the six that comes to it
        for t in ("t1", "t2", "t3"):
            for way in ("rx_packets", "tx_packets"):
                count = after[t][way] - before[n - 1][t][way]
                report("spread", "node %d, %s: %s (%d)" % (n, t, way, count),
                       count > 10)
        report("spread", "node %d drops nothing" % n,
               {t: {k: x for k, x in c.items() if "-" in k and
                    x != before[n - 1][t].get(k, 0)}
                for t, c in after.items()}, {"t1": {}, "t2": {}, "t3": {}})


def test_tcp():
    """Bytes arrive whole however their segments went."""
    data = pattern(300000, 9)
    streams = [Stream(CUSTOMERS[n - 1], "10.1.%d.1" % n, SRV, "10.4.0.2",
                      PORT + 100 + n) for n in (1, 2, 3)]
    streams += [Stream(SRV, None, CUSTOMERS[n - 1], "10.1.%d.1" % n,
                       PORT + 200 + n) for n in (1, 2, 3)]
    transfer(streams, data)
    for i, s in enumerate(streams):
        report("tcp", "300 kB %s customer %d" %
               ("from" if i < 3 else "to", i % 3 + 1), bool(s.ok()))
        s.close()


def test_withdrawn():
    """A node that is no longer sent to may go, and loses nothing."""
    begin()
    traffic(50)
    spread([1, 3, 4])
    traffic(50)
    arrived()
    mtctl(NODES[1], ["tunnel del t%d" % n for n in (1, 2, 3)])
    traffic(50)
    report_all("withdrawn", "node 2 goes")


def test_killed():
    """Of a node that dies only what is in its hands is lost."""
    spread([1, 3, 4])
    begin()
    traffic(50)
    arrived()
    before = sent_to(FRONT)[2] + sent_to(BACK)[2]
    ip_batch(NODES[2], ["link set front down", "link set back down"])
    traffic(50)
    dead = sent_to(FRONT)[2] + sent_to(BACK)[2] - before
    spread([1, 4])
    traffic(50)
    until(lambda: sum(f.receive() for f in FLOWS) >=
          sum(f.sent for f in FLOWS) - dead)
    report("killed", "lost is what went to node 3: %d of %d packets" %
           (dead, sum(f.sent for f in FLOWS)),
           sum(f.missing() for f in FLOWS), dead)
    report("killed", "and that is some", dead > 50)


def test_back():
    """They come back, with what they had."""
    mtctl(NODES[1], ["apply -f " + FILE])
    ip_batch(NODES[1], ["link set t%d up" % n for n in (1, 2, 3)] +
             ["route add 10.1.%d.0/24 dev t%d" % (n, n) for n in (1, 2, 3)])
    ip_batch(NODES[2], ["link set front up", "link set back up",
                        "addr add 2001:db8:23::2/64 dev front",
                        "route add default via 10.2.3.1",
                        "route add default via 2001:db8:23::1",
                        "route add 10.4.0.0/24 via 10.3.3.1"])
    for n in (2, 3):
        spread([n])
        until(lambda: all_work())
    spread([1, 2, 3, 4])
    before = [tunnels(n) for n in range(1, 5)]
    begin()
    traffic(100)
    report_all("back", "four nodes again")
    for n in (2, 3):
        after = tunnels(n)
        report("back", "node %d works" % n, all(
            after[t][way] > before[n - 1][t][way] for t in after
            for way in ("rx_packets", "tx_packets")))


def main():
    test_path()
    test_spread()
    test_withdrawn()
    test_killed()
    test_back()
    # What TCP sends again would be among what the others count.
    test_tcp()
    print("end ok all was run")


main()
