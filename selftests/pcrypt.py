#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Has the kernel do a cipher on other processors (pcrypt), so that what ESP asks it for
is done later, as with a crypto engine; or no more.

	pcrypt.py on|off CIPHER		of an AEAD, as ESP calls it

States that are there keep what they have. For "off" none may use it.
"""
import re
import socket
import struct
import sys
import time

NETLINK_CRYPTO, CRYPTO_MSG_NEWALG, CRYPTO_MSG_DELALG = 21, 0x10, 0x11
NLM_F_REQUEST, NLM_F_ACK = 1, 4
TYPE_AEAD, TYPE_MASK = 3, 0xf
EBUSY = 16


def request(kind, driver):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_CRYPTO)
    sock.bind((0, 0))
    body = struct.pack("=64s64s64sIIII", b"", driver.encode(), b"", TYPE_AEAD,
                       TYPE_MASK, 0, 0)
    sock.send(struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK,
                          1, 0) + body)
    return -struct.unpack_from("i", sock.recv(4096), 16)[0]


def driver_of(cipher):
    """The name of the one that is there"""
    with open("/proc/crypto", encoding="ascii") as file:
        for one in file.read().split("\n\n"):
            found = dict(re.findall(r"^(\w+) *: (.*)$", one, re.M))
            if found.get("name") == cipher and found["driver"].startswith("pcrypt("):
                return found["driver"]
    return None


what, cipher = sys.argv[1:]
if what == "on":
    # ENOENT even so: it has the name of the driver that it makes use of.
    error = request(CRYPTO_MSG_NEWALG, "pcrypt(%s)" % cipher)
    if not driver_of(cipher):
        sys.exit("pcrypt(%s): error %d" % (cipher, error))
else:
    # A state that was deleted still has it for a moment.
    for _ in range(100):
        error = request(CRYPTO_MSG_DELALG, driver_of(cipher))
        if error != EBUSY:
            break
        time.sleep(0.1)
    sys.exit(error and "%s: error %d" % (cipher, error))
