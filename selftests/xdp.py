#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Has XDP lead all that comes in by a device to another one, before the stack sees it
(generic XDP, as on a device whose driver has none).

	xdp.py DEVICE DEVICE

Says "ready" when that is so, until it is ended.
"""
import ctypes
import os
import platform
import signal
import socket
import struct
import sys

SYS_BPF = {"x86_64": 321}.get(platform.machine(), 280)    # as of all newer ones
PROG_LOAD, LINK_CREATE = 5, 28
PROG_TYPE_XDP, ATTACH_XDP, SKB_MODE = 6, 37, 2
MOV, CALL, EXIT, REDIRECT = 0xb7, 0x85, 0x95, 23

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    fd = libc.syscall(SYS_BPF, command, attr, len(attr))
    if fd < 0:
        sys.exit("bpf(%d): %s" % (command, os.strerror(ctypes.get_errno())))
    return fd


def load(code):
    code = b"".join(struct.pack("=BBhi", op, reg, 0, imm) for op, reg, imm in code)
    code, license_ = ctypes.create_string_buffer(code), ctypes.c_char_p(b"GPL")
    return bpf(PROG_LOAD, struct.pack(
        "=IIQQ24x", PROG_TYPE_XDP, len(code) // 8, ctypes.addressof(code),
        ctypes.cast(license_, ctypes.c_void_p).value))


source, target = (socket.if_nametoindex(name) for name in sys.argv[1:])
program = load([(MOV, 1, target), (MOV, 2, 0), (CALL, 0, REDIRECT), (EXIT, 0, 0)])
link = bpf(LINK_CREATE, struct.pack("=IIII", program, source, ATTACH_XDP, SKB_MODE))
print("ready", flush=True)
signal.pause()
