#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Lets every packet of a queue of netfilter pass, as inspection that runs inline does
("queue num N" of nft): its verdict makes the kernel go on with the packet in a process.

	nfqueue.py N [MARK]

Says "ready" when it is bound, runs until it is ended, and says for how many packets.
With MARK it gives that to each, as inspection that tells what it has found does.
"""
import signal
import socket
import struct
import sys

NETLINK_NETFILTER, NFNL_SUBSYS_QUEUE = 12, 3
MSG_PACKET, MSG_VERDICT, MSG_CONFIG = 0, 1, 2
CFG_CMD, CFG_PARAMS, CFG_BIND, COPY_META = 1, 2, 1, 1
PACKET_HDR, VERDICT_HDR, MARK, ACCEPT = 1, 2, 3, 1
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2

number = int(sys.argv[1])
mark = [(MARK, struct.pack("!I", int(m, 0))) for m in sys.argv[2:]]
sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)


def send(kind, attrs, flags=0):
    data = struct.pack("!BBH", socket.AF_UNSPEC, 0, number)
    for attr, value in attrs:
        data += struct.pack("HH", 4 + len(value), attr) + value + bytes(-len(value) % 4)
    sock.send(struct.pack("IHHII", 16 + len(data), NFNL_SUBSYS_QUEUE << 8 | kind,
                          NLM_F_REQUEST | flags, 0, 0) + data)


def configure(attr, data):
    send(MSG_CONFIG, [(attr, data)], NLM_F_ACK)
    answer = sock.recv(4096)
    if struct.unpack_from("H", answer, 4)[0] != NLMSG_ERROR or \
            struct.unpack_from("i", answer, 16)[0]:
        sys.exit("queue %d: refused" % number)


def packet_id(message):
    """Of a message about a packet"""
    at = 20
    while at < len(message):
        length, attr = struct.unpack_from("HH", message, at)
        if attr == PACKET_HDR:
            return struct.unpack_from("!I", message, at + 4)[0]
        at += (length + 3) & ~3
    return None


def ended(*_):
    print(passed, flush=True)
    sys.exit(0)


passed = 0
signal.signal(signal.SIGTERM, ended)
sock.bind((0, 0))
configure(CFG_CMD, struct.pack("!BxH", CFG_BIND, socket.AF_UNSPEC))
configure(CFG_PARAMS, struct.pack("!IB", 0, COPY_META))
print("ready", flush=True)
while True:
    found = packet_id(sock.recv(65536))
    if found is not None:
        send(MSG_VERDICT, [(VERDICT_HDR, struct.pack("!II", ACCEPT, found))] + mark)
        passed += 1
