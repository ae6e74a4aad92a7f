#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Events for those who listen in this network namespace, for steer.sh.

	steer.py flood	more than their sockets have room for
"""
import spec


def main():
    netlink = spec.Netlink(spec.find())
    # Of no family: nobody looks at these.
    message = netlink.message(1, 0, bytes(60000), flags=0)
    for _ in range(1000):
        netlink.sock.sendto(message, (0, 1 << netlink.group_ids["health"] - 1))


main()
