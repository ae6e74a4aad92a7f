#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Events for those who listen in this network namespace, for steer.sh.

	steer.py flood			more than their sockets have room for
	steer.py forge NAME STATE	that the settings of a tunnel's health are new,
					and what state it has, which is not so
"""
import socket
import sys

import spec

SPEC = spec.find()
STATES = [s["name"] for s in SPEC.enums["health-state"]["entries"]]


def main():
    netlink = spec.Netlink(SPEC)

    def tell(kind, cmd, body):
        netlink.sock.sendto(netlink.message(kind, cmd, body, flags=0),
                            (0, 1 << netlink.group_ids["health"] - 1))

    if sys.argv[1] == "flood":
        # Of no family: nobody looks at these.
        for _ in range(1000):
            tell(1, 0, bytes(60000))
        return
    name, state = sys.argv[2:]
    op = SPEC.ops["health-set-ntf"]
    tell(netlink.family, op["number"], SPEC.encode("health", {
        "ifindex": socket.if_nametoindex(name), "ifname": name,
        "state": STATES.index(state)}))


main()
