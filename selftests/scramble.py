#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sends the netlink family requests that nobody means to send, made from its spec:
valid ones, and then some bytes, lengths and attributes changed.

	scramble.py SEED COUNT NETNS...

One writer works in each namespace, and two more dump and listen there. Another
writer is nobody: a user without privileges, in a user namespace of its own. Writes
"GROUP ok|bad TEXT" for what was found. Packet N of a seed is always the same.
"""
import ctypes
import errno
import mmap
import os
import random
import socket
import struct
import sys
import traceback

import spec
from spec import (NLA_F_NESTED, NLM_F_ACK, NLM_F_DUMP, NUMBERS, attr, attrs)

SEED, COUNT = int(sys.argv[1]), int(sys.argv[2])
NETNS = sys.argv[3:]
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
NOBODY = 65534
SPEC = spec.find()
libc = ctypes.CDLL(None, use_errno=True)
# A byte for each request of the spec that was done for a writer, of all processes
DONE = mmap.mmap(-1, len(SPEC.requests))
ORDER = sorted(SPEC.requests)
INDEX = {SPEC.requests[name]["number"]: j for j, name in enumerate(ORDER)}
# How often each is asked for, where that is not twice: what there is is to be changed.
OFTEN = {"tunnel-new": 5, "tunnel-del": 1, "clamp-new": 3, "clamp-del": 1}
# What is for GRE alone
GRE = {"iflags", "oflags", "ikey", "okey", "ttl", "ttl-inherit", "tos", "tos-inherit", "df",
       "inner-df", "frag", "link", "fwmark", "accept", "pmtu", "ipsec"}

# What a request may be refused with
ERRORS = {0, errno.EINVAL, errno.ERANGE, errno.EEXIST, errno.ENODEV,
          errno.EOPNOTSUPP, errno.EPERM, errno.E2BIG, errno.ENOENT,
          errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ENFILE, errno.EAFNOSUPPORT,
          errno.ENAMETOOLONG, errno.EBUSY, errno.EMSGSIZE, errno.ENETUNREACH,
          errno.EINTR}

STRINGS = {
    "ifname": ["x0", "x1", "x2", "u0", "x%d", "lo", "", "a/b", "all"],
    "link": ["u0", "lo", "", "nothere"],
    "description": ["", "text", "\u00e9" * 100, "x" * 254, "x" * 300],
}
ADDRESSES = [bytes((192, 0, 2, n)) for n in (1, 2, 3, 4, 5)] + \
    [b"\x20\x01\x0d\xb8" + bytes(11) + bytes((n,)) for n in (1, 2, 3, 4, 5)] + \
    [bytes(4), bytes(16), b"\xff" * 4, b"\xff" * 16, b"\xe0\0\0\1", b"", b"\1",
     bytes(10) + b"\xff\xff\1\2\3\4", b"\xfe\x80" + bytes(13) + b"\1"]


def enter(name):
    with open("/run/netns/" + name) as f:
        if libc.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


class Scrambler:
    def __init__(self, rng):
        self.rng = rng
        self.mild = False   # of a request that should be right

    def one_in(self, n):
        return self.rng.randrange(n) == 0

    def number(self, one):
        bits = 8 * struct.calcsize(NUMBERS[one["type"]])
        signed = one["type"] == "s32"
        low = one.get("checks", {}).get("min", 0)
        high = one.get("checks", {}).get("max")
        if high is None:
            high = self.rng.choice((3, 64, 2000, (1 << bits) - 1))
        if not self.mild and self.one_in(12):
            value = self.rng.choice((0, low - 1, high + 1, (1 << bits) - 1, 65535))
        else:
            value = self.rng.randint(low, max(low, high))
        value &= (1 << bits) - 1
        return value - (1 << bits) if signed and value >> bits - 1 else value

    def value(self, name, one, depth=0):
        kind = one["type"]
        if kind in NUMBERS:
            return self.number(one)
        if kind == "string":
            known = STRINGS.get(name, ["x"])
            return self.rng.choice(known[:4] if self.mild else known)
        if kind == "nest" and depth < 5:
            known = SPEC.sets[one["nested-attributes"]]
            found = {}
            for inner, what in known.items():
                if self.mild or not self.one_in(10):
                    found[inner] = self.value(inner, what, depth + 1)
            return found
        if kind == "bitfield32":
            chosen = self.rng.randrange(8 if self.mild else 16)
            return (self.rng.randrange(8) & chosen, chosen)
        if kind == "flag":
            return b""
        if kind == "binary":
            return self.rng.choice(ADDRESSES[:10] if self.mild else ADDRESSES)
        return self.rng.randbytes(self.rng.randrange(12))

    def values(self, op):
        known = SPEC.sets[op["attribute-set"]]
        allowed = op["do"]["request"]["attributes"]
        found = {}
        self.mild = not self.one_in(3)
        few = 12 if self.mild else self.rng.choice((2, 4, 8))
        needed = {"ifname"}
        if op["name"] == "tunnel-new":
            needed |= {"local", "remote"}
        if self.mild and op["name"] == "netns-set":
            needed.add("rx")
        for name in allowed:
            one = known[name]
            wanted = name in needed
            if name == "ifindex" and (self.mild or not self.one_in(10)):
                continue
            if wanted:
                if not self.mild and self.one_in(10):
                    continue
            elif not self.one_in(few):
                continue
            value = self.value(name, one)
            if name == "ifname" and self.mild and not op["name"].startswith("clamp"):
                value = self.rng.choice(STRINGS["ifname"][:3])
            if one.get("multi-attr"):
                value = [self.value(name, one)
                         for _ in range(self.rng.choice((1, 2, 3) if self.mild else
                                                        (1, 70, 300)))]
            found[name] = value
        if "local" in found and "remote" in found and \
                (self.mild or not self.one_in(6)):
            family = self.rng.randrange(2)
            found["local"] = ADDRESSES[5 * family]
            found["remote"] = ADDRESSES[5 * family + 1 + self.rng.randrange(4)]
        if self.mild and op["name"] == "tunnel-new":
            for name in ("mode", "if-id"):
                found.pop(name, None)
            if self.one_in(3):
                found = {name: value for name, value in found.items() if name not in GRE}
                found["mode"] = 1
                found["if-id"] = self.rng.randint(1, 9)
        return found

    def spoil(self, body):
        """Some change of the attributes as bytes"""
        rng = self.rng
        what = rng.randrange(10)
        at = rng.randrange(len(body)) if body else 0
        if what == 0:
            return body[:at]
        if what == 1:
            return body[:at] + rng.randbytes(rng.randrange(1, 9)) + body[at:]
        if what == 2 and body:
            return body[:at] + bytes((rng.randrange(256),)) + body[at + 1:]
        if what == 3:       # twice
            return body + body
        if what == 4:       # what is not known
            return body + attr(rng.choice((0, 99, 0x3fff, 0xffff)),
                               rng.randbytes(rng.randrange(40)))
        if what == 5:       # huge
            return body + attr(rng.randrange(40), rng.randbytes(rng.choice(
                (1000, 30000, 65000))))
        if what == 6:       # deep
            inner = b""
            for _ in range(rng.randrange(2, 30)):
                inner = attr(rng.randrange(1, 40) | NLA_F_NESTED, inner)
            return body + inner
        if what == 7:       # of another order, with flags that do not belong there
            parts = attrs(body)
            rng.shuffle(parts)
            return b"".join(attr(kind | rng.choice((0, 0, NLA_F_NESTED, 0x4000)),
                                 data) for kind, data in parts)
        if what == 8:       # lengths that are wrong
            parts = attrs(body)
            if not parts:
                return b"\3\0\1\0"
            out = b""
            chosen = rng.randrange(len(parts))
            for i, (kind, data) in enumerate(parts):
                one = attr(kind, data)
                if i == chosen:
                    size = rng.choice((0, 1, 3, 4, 5, len(one) + 1, 0xffff))
                    one = struct.pack("=H", size) + one[2:]
                out += one
            return out
        parts = attrs(body)     # of another size
        return b"".join(attr(kind, data if rng.randrange(3) else
                             rng.randbytes(rng.choice((0, 1, 2, 3, 5, 8, 17))))
                        for kind, data in parts)

    def request(self):
        """(number of the command, bytes, flags)"""
        name = self.rng.choices(ORDER, [OFTEN.get(name, 2) for name in ORDER])[0]
        op = SPEC.requests[name]
        number = op["number"]
        found = self.values(op)
        dump = "dump" in op and self.one_in(2)
        if self.mild and dump:
            found = {}
        body = SPEC.encode(op["attribute-set"], found)
        if not self.mild and self.one_in(2):
            for _ in range(self.rng.randrange(1, 4)):
                body = self.spoil(body)[:200000]
        if self.one_in(40):
            number = self.rng.randrange(256)
        flags = NLM_F_DUMP if dump else NLM_F_ACK
        if self.one_in(40):
            flags = self.rng.choice((NLM_F_DUMP, 0x400, 0x800)) | NLM_F_ACK
        return number, body, flags


def report(group, good, text):
    print(group, "ok" if good else "bad", text, flush=True)


def write(group, seed, errors=ERRORS):
    """COUNT requests, each with one answer"""
    scrambler = Scrambler(random.Random("%d %s" % (SEED, seed)))
    netlink = spec.Netlink(SPEC)
    done = [0, 0]
    mute = {}
    for i in range(COUNT):
        number, body, flags = scrambler.request()
        try:
            answer = netlink.ask(netlink.family, number, body, flags)
        except socket.timeout:
            report(group, False, "request %d: no answer: %d %s" %
                   (i, number, body[:200].hex()))
            return
        except OSError as error:
            # Too big for a message, or the socket is full.
            if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            report(group, not netlink.others, "%d messages too many" % netlink.others)
            netlink = spec.Netlink(SPEC)
            continue
        if answer.error not in errors:
            report(group, False, "request %d: %r to %d %s" %
                   (i, answer, number, body[:200].hex()))
        done[bool(answer.error)] += 1
        if number in INDEX and not answer.error:
            DONE[INDEX[number]] = 1
        if answer.error and not answer.text:
            mute.setdefault((answer.error, number), (i, body[:60].hex()))
    report(group, all(done), "%d requests done and %d refused" % tuple(done))
    others = netlink.others + netlink.drain()
    report(group, not others, "%d messages more than one answer for each" % others)
    for (error, number), where in sorted(mute.items()):
        print("# %s without a word: %s to %d: %s" %
              (group, errno.errorcode.get(error, error), number, where))
    sys.stdout.flush()


def read(group, seed):
    """Dumps that are begun and not read to their end, among others that are"""
    rng = random.Random("%d %s" % (SEED, seed))
    dumps = [name for name, op in SPEC.requests.items() if "dump" in op]
    sockets = [spec.Netlink(SPEC) for _ in range(4)]
    whole = 0
    for group_name in SPEC.groups:
        sockets[3].join(group_name)
    for _ in range(COUNT // 4):
        i = rng.randrange(3)
        op = SPEC.ops[rng.choice(dumps)]
        sockets[i].sock.send(sockets[i].message(sockets[i].family, op["number"],
                                                b"", NLM_F_DUMP))
        if rng.randrange(2):
            answer = sockets[i].receive(sockets[i].seq)
            # A dump that was not read to its end is in the way of the next.
            if answer.error not in (0, errno.EINTR, errno.EBUSY):
                report(group, False, "dump of %s: %r" % (op["name"], answer))
            whole += not answer.error
        elif rng.randrange(2):
            sockets[i] = spec.Netlink(SPEC)
        sockets[3].drain()
    report(group, whole > 0, "%d dumps to their end" % whole)


def nobody(group):
    """Without privileges: nothing of the host may be changed, and in namespaces
    of one's own everything. Those are gone with the process."""
    libc.prctl(4, 1)    # PR_SET_DUMPABLE: who may write the maps below
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    libc.prctl(4, 1)
    netlink = spec.Netlink(SPEC)
    scrambler = Scrambler(random.Random("%d nobody" % SEED))
    changes = [name for name, op in SPEC.requests.items()
               if "uns-admin-perm" in op.get("flags", ())]
    for name in changes:
        for _ in range(3):
            op = SPEC.ops[name]
            body = SPEC.encode(op["attribute-set"], scrambler.values(op))
            answer = netlink.ask(netlink.family, op["number"], body)
            if answer.error != errno.EPERM:
                report(group, False, "%s by nobody: %r" % (name, answer))
    try:
        netlink.join("samples")
        report(group, False, "nobody sees samples of the host")
    except PermissionError:
        pass
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        # Some distributions have them for root alone.
        if os.path.exists("/proc/sys/kernel/unprivileged_userns_clone"):
            raise OSError("no user namespaces: see kernel.unprivileged_userns_clone")
        print("nobody skip no user namespaces here")
        return
    with open("/proc/self/uid_map", "w") as f:
        f.write("0 %d 1" % NOBODY)
    write(group, "nobody")


def child(group, name, function, *args):
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        enter(name)
        function(group, *args)
        status = 0
    except BaseException:
        report(group, False, traceback.format_exc().replace("\n", " | "))
    os._exit(status)


def wait(pids):
    for pid in pids:
        status = os.waitpid(pid, 0)[1]
        if status:
            report("end", False, "a process ended with status %d" % status)


def all_done(group):
    """Whoever is refused everything finds nothing."""
    never = [name for j, name in enumerate(ORDER) if not DONE[j]]
    report(group, not never, "requests that were never done: %s" % (never or "none"))


def same_as_told(group):
    """What is left can be read, and removed by what it says of itself."""
    netlink = spec.Netlink(SPEC)
    for op, key in (("tunnel", "ifindex"), ("clamp", "ifname")):
        for one in netlink.dump(op + "-get"):
            one = dict(one)
            for other in ("filter-get", "health-get") if op == "tunnel" else ():
                answer = netlink.do(other, {key: one[key]}, NLM_F_ACK)
                if answer.error:
                    report(group, False, "%s of %s: %r" % (other, one, answer))
            answer = netlink.do(op + "-del", {key: one[key]})
            if answer.error:
                report(group, False, "delete %s: %r" % (one, answer))
        left = netlink.dump(op + "-get")
        report(group, not left, "%s %ss left" % (len(left), op))


children = []
for ns in NETNS:
    children.append(child("writers", ns, write, ns))
    children.append(child("readers", ns, read, ns))
# Two writers and one more reader for the first
children.append(child("writers", NETNS[0], write, "second"))
children.append(child("nobody", NETNS[0], nobody))
wait(children)
if COUNT >= 100:
    all_done("writers")
wait(child("end", ns, same_as_told) for ns in NETNS)
