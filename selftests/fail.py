#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Lets one allocation of a request fail, the first, then the second and so on until
the request needs no more of them (/proc/thread-self/fail-nth), for every kind of
request.

	fail.py FULL EMPTY MODULE

FULL is a namespace with tunnels, EMPTY one without, MODULE the file of the module,
which is loaded, and not used yet. A request that is refused has
changed nothing, one that is not has done all, and of one whose answer was lost it
is either. Writes "CASE ok" or "CASE bad TEXT" for each case.
"""
import ctypes
import errno
import fcntl
import os
import re
import socket
import struct
import sys

import spec

FULL, EMPTY, MODULE = sys.argv[1:4]
SPEC = spec.find()
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU, SIOCSIFNAME = 0x8913, 0x8914, 0x8922, 0x8923
DEBUG = "/sys/kernel/debug/"
# More than any request needs: one that gets here never stops failing.
MANY = 3000
libc = ctypes.CDLL(None, use_errno=True)
# Of x86-64: not every libc has functions for them.
SYS_DELETE_MODULE, SYS_FINIT_MODULE = 176, 313


def enter(name):
    with open("/run/netns/" + name) as f:
        if libc.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def knob(name, value):
    with open(DEBUG + name, "w") as f:
        f.write(value)


def a4(n):
    return bytes((192, 0, 2, n))


def a6(n):
    return b"\x20\x01\x0d\xb8" + bytes(11) + bytes((n,))


def prefixes(n):
    return [{"addr": bytes((10, i >> 8, i & 255, 0)), "len": 24} for i in range(n)]


# What a dump says that is no configuration
LIVELY = ("stats", "seen", "since", "rtt", "rtt-min", "rtt-mean", "rtt-max",
          "jitter", "sent", "answered", "lost", "unsent", "window-probes",
          "window-lost", "state", "old-state", "reason", "ifindex")


class World:
    """A namespace, its state and what can be done to it"""

    def __init__(self, name):
        self.name = name
        self.text = ""      # what the kernel said of the last request
        self.reopen()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def reopen(self):
        enter(self.name)
        self.netlink = spec.Netlink(SPEC)
        self.netlink.sock.settimeout(20)

    def state(self):
        found = []
        enter(self.name)
        for op in ("tunnel-get", "clamp-get", "filter-get", "health-get"):
            for one in self.netlink.dump(op):
                found.append((op, [x for x in one if x[0] not in LIVELY]))
        answer = self.netlink.do("netns-get", {})
        found.append([SPEC.decode("netns", m) for m in answer.messages])
        found.append(sorted(name for _, name in socket.if_nameindex()))
        # New is new, whatever the number.
        return [re.sub(r"t4new\d+", "t4new", repr(one)) for one in found]

    def do(self, op, values):
        answer = self.netlink.do(op, values)
        self.text = answer.text
        return answer.error

    def dump(self, op):
        answer = self.netlink.do(op, {}, spec.NLM_F_DUMP)
        return answer.error

    def ioctl(self, what, name, data):
        try:
            fcntl.ioctl(self.sock, what, struct.pack("16s16s", name.encode(), data))
        except OSError as error:
            return error.errno
        return 0

    def link(self, name, up):
        return self.ioctl(SIOCSIFFLAGS, name, struct.pack("H", up))


class FailNth:
    def __init__(self):
        self.fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def run(self, n, function):
        """What the function returns, None if its answer was lost; and whether
        anything has failed"""
        os.pwrite(self.fd, b"%d" % n, 0)
        try:
            result = function()
        except OSError as error:
            if error.errno not in (errno.ENOBUFS, errno.ENOMEM):
                raise
            result = None
        finally:
            left = int(os.pread(self.fd, 20, 0).rstrip(b"\0\n"))
            os.pwrite(self.fd, b"0", 0)
        return result, not left


def attempt(world, name, change, undo, mend=None):
    """One case: until the change needs no allocation more. Returns how many can
    fail, and what is wrong. mend() is for what the kernel itself leaves broken when it
    has no memory, and says ENOENT of from then on."""
    before = world.state()
    error = change()
    if error:
        return 0, "cannot be done at all: " + errno.errorcode.get(error, str(error))
    after = world.state()
    wrong = undo and undo()
    if wrong or world.state() != before:
        return 0, "cannot be undone: %s" % wrong

    lost = refused = 0
    for n in range(1, MANY):
        result, failed = fail.run(n, change)
        if result == errno.ENOENT and mend:
            wrong = mend()
            if wrong or world.state() != before:
                return n, "failure %d: cannot be mended: %s" % (n, wrong)
            result, failed = fail.run(n, change)
        if result is None:      # of the socket, too
            lost += 1
            world.reopen()
        elif result:
            refused += 1
            # Naming a device, the kernel does not see that it got no memory for
            # the name, and then that there is none.
            nameless = (result == errno.EINVAL and
                        world.text == "the kernel refused the device: see its log (dmesg)")
            if result not in (errno.ENOMEM, errno.ENOBUFS) and not nameless:
                return n, "failure %d: %s %s" % (
                    n, errno.errorcode.get(result, result), world.text)
        now = world.state()
        if now != before and now != after:
            return n, "failure %d: neither old nor new: %s" % (
                n, [x for x in now if x not in before and x not in after] or
                [x for x in before if x not in now])
        if result and now != before:
            return n, "failure %d: refused and done" % n
        if result == 0 and now != after:
            return n, "failure %d: said to be done, and is not" % n
        if now != before or (undo and before == after):
            wrong = undo()
            if wrong or world.state() != before:
                return n, "failure %d: cannot be undone: %s" % (n, wrong)
        if not failed:
            print("# %s: %d allocations, %d times refused, %d answers lost" %
                  (name, n - 1, refused, lost))
            return n - 1, ""
    return n, "never stops failing"


def syscall(*args):
    """0 or an errno"""
    return ctypes.get_errno() if libc.syscall(*args) else 0


def load_module():
    """Like attempt(), of the module itself: either it is there or it is not."""
    def unload():
        return syscall(SYS_DELETE_MODULE, b"mtun", os.O_NONBLOCK)

    refused = 0
    with open(MODULE, "rb") as f:
        wrong = unload()
        for n in range(1, MANY):
            if wrong:
                return n, "failure %d: cannot be unloaded: %s" % (
                    n, errno.errorcode.get(wrong, wrong))
            result, failed = fail.run(n, lambda: syscall(
                SYS_FINIT_MODULE, f.fileno(), b"", 0))
            if result and result != errno.ENOMEM:
                return n, "failure %d: %s" % (n, errno.errorcode.get(result, result))
            if os.path.exists("/sys/module/mtun") == bool(result):
                return n, "failure %d: %s" % (
                    n, "refused and there" if result else "loaded and not there")
            if not failed:
                print("# load: %d allocations, %d times refused" % (n - 1, refused))
                return n - 1, ""
            refused += bool(result)
            wrong = not result and unload()
    return n, "never stops failing"


def cases(full, empty):
    """(name, world, change, undo), and mend"""
    def do(world, op, **values):
        return lambda: world.do(op, {k.replace("_", "-"): v
                                     for k, v in values.items()})

    def both(first, second):
        return lambda: first() or second()

    four = dict(local=a4(1), remote=a4(9))
    every = dict(local=a6(1), remote=a6(9), ikey=1, okey=2, link="u0",
                 description="text", mss_tx=1200, mss_rx=1200, fwmark=3, ttl=9)
    sampled = dict(sample_rx=100, sample_tx=100)
    new_t0 = do(full, "tunnel-new", ifname="t9", **four)
    yield ("first_tunnel", empty, do(empty, "tunnel-new", ifname="t0", **four),
           do(empty, "tunnel-del", ifname="t0"))
    yield ("new", full, new_t0, do(full, "tunnel-del", ifname="t9"))
    yield ("new_with_much", full, do(full, "tunnel-new", ifname="t9", **every),
           do(full, "tunnel-del", ifname="t9"))
    yield ("new_sampled", full, do(full, "tunnel-new", ifname="t9", **four,
                                   **sampled), do(full, "tunnel-del", ifname="t9"))
    yield ("delete", full, do(full, "tunnel-del", ifname="t4"),
           do(full, "tunnel-new", ifname="t4", **OLD4))
    yield ("set", full, do(full, "tunnel-set", ifname="t1", ttl=5, description="new"),
           do(full, "tunnel-set", ifname="t1", ttl=64, description=""))
    yield ("set_remote", full, do(full, "tunnel-set", ifname="t1", remote=a4(77)),
           do(full, "tunnel-set", ifname="t1", remote=a4(11)))
    yield ("set_link", full, do(full, "tunnel-set", ifname="t1", link="u0"),
           do(full, "tunnel-set", ifname="t1", link=""))
    yield ("set_samples", full, do(full, "tunnel-set", ifname="t1", **sampled),
           do(full, "tunnel-set", ifname="t1", sample_rx=0, sample_tx=0))
    yield ("set_mtu", full, do(full, "tunnel-set", ifname="t1", mtu=1300),
           do(full, "tunnel-set", ifname="t1", mtu=0))
    yield ("early", full, do(full, "netns-set", rx=1), do(full, "netns-set", rx=0))
    yield ("clamp", full, do(full, "clamp-new", ifname="u0", mss=1200,
                             src=prefixes(20)), do(full, "clamp-del", ifname="u0"))
    yield ("clamp_set", full, do(full, "clamp-set", ifname="u1", mss=1000,
                                 dst=prefixes(20)),
           do(full, "clamp-set", ifname="u1", mss=1300, dst_any=b""))
    yield ("filter", full, do(full, "filter-set", ifname="t1",
                              allow_src_rx=prefixes(40), allow_dst_tx=prefixes(3)),
           do(full, "filter-set", ifname="t1", clear=15))
    yield ("filter_set", full, do(full, "filter-set", ifname="t2",
                                  allow_src_rx=prefixes(9)),
           do(full, "filter-set", ifname="t2", allow_src_rx=prefixes(2)))
    yield ("probe", full, do(full, "health-set", ifname="t1", mode=1,
                             target=a4(200), source=a4(1)),
           both(do(full, "health-set", ifname="t1", mode=0),
                do(full, "health-set", ifname="t1", target=b"", source=b"")))
    yield ("keepalive", full, do(full, "health-set", ifname="t1", mode=2),
           do(full, "health-set", ifname="t1", mode=0))
    yield ("up", full, lambda: full.link("t3", True), lambda: full.link("t3", False))
    # device_rename() gives the link in sysfs its new name, then the device, and where
    # that fails the link keeps it, even beyond the end of the device: no other rename
    # works from then on, and none to that name ever.
    names = ["t4new%d" % i for i in range(MANY)]
    yield ("rename", full,
           lambda: full.ioctl(SIOCSIFNAME, "t4", names[0].encode()),
           lambda: full.ioctl(SIOCSIFNAME, names[0], b"t4"),
           both(lambda: names.pop(0) and do(full, "tunnel-del", ifname="t4")(),
                do(full, "tunnel-new", ifname="t4", **OLD4)))
    for op in ("tunnel-get", "clamp-get", "filter-get", "health-get"):
        yield ("dump_" + op[:-4], full, lambda op=op: full.dump(op), None)
    for op in ("tunnel-get", "filter-get", "health-get"):
        yield ("get_" + op[:-4], full, do(full, op, ifname="t2"), None)
    yield ("get_netns", full, do(full, "netns-get"), None)


OLD4 = dict(local=a4(1), remote=a4(14), description="four")

if not os.path.exists("/proc/thread-self/fail-nth") or \
        not os.path.isdir(DEBUG + "failslab"):
    sys.exit(4)
for what in ("failslab", "fail_page_alloc"):
    knob(what + "/ignore-gfp-wait", "N")
    knob(what + "/verbose", "0")
knob("fail_page_alloc/min-order", "0")
libc.mlockall(3)

fail = FailNth()
chosen = sys.argv[4:]


def tell(case, function, *args):
    if chosen and case not in chosen:
        return
    count, wrong = function(*args)
    if not wrong and not count:
        wrong = "nothing has failed"
    print(case, "bad " + wrong if wrong else "ok", flush=True)


tell("load", load_module)
nothing = World(EMPTY)
some = World(FULL)
for i in range(1, 4):
    some.do("tunnel-new", {"ifname": "t%d" % i, "local": a4(1), "remote": a4(10 + i)})
some.do("tunnel-new", {"ifname": "t4", **OLD4})
some.do("filter-set", {"ifname": "t2", "allow-src-rx": prefixes(2)})
some.do("clamp-new", {"ifname": "u1", "mss": 1300})
# A device that was up once is not what it was before.
some.link("t3", True)
some.link("t3", False)
for case, where, *how in cases(some, nothing):
    tell(case, attempt, where, case, *how)
