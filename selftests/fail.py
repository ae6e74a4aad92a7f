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
import subprocess
import sys
import time

import spec

FULL, EMPTY, MODULE = sys.argv[1:4]
SPEC = spec.find()
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU, SIOCSIFNAME = 0x8913, 0x8914, 0x8922, 0x8923
DEBUG = "/sys/kernel/debug/"
# More than any request needs: one that gets here never stops failing.
MANY = 3000
# ... of rtnetlink and xfrm
NETLINK_ROUTE, NETLINK_XFRM, NETLINK_LIST_MEMBERSHIPS = 0, 6, 9
RTM_NEWLINK, RTM_DELLINK, IFLA_IFNAME, IFLA_NET_NS_FD = 16, 17, 3, 28
XFRM_MSG_NEWPOLICY, XFRM_MSG_DELPOLICY, XFRM_MSG_GETPOLICY = 0x13, 0x14, 0x15
XFRMA_IF_ID, XFRMA_TMPL = 31, 5
XFRM_POLICY_OUT, XFRM_POLICY_ALLOW, XFRM_POLICY_BLOCK, XFRM_MODE_TUNNEL = 1, 0, 1, 1
ETH_P_ALL, ETH_P_IP = 3, 0x800
libc = ctypes.CDLL(None, use_errno=True)
# Of x86-64: not every libc has functions for them.
SYS_DELETE_MODULE, SYS_UNSHARE, SYS_FINIT_MODULE = 176, 272, 313


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


class Plain(spec.Netlink):
    """A socket of another protocol, in the namespace of now"""

    def __init__(self, protocol):   # pylint: disable=super-init-not-called
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.sock.bind((0, 0))
        self.sock.settimeout(20)
        self.seq = 1

    def request(self, kind, body):
        self.seq += 1
        self.sock.send(struct.pack("=IHHII", 16 + len(body), kind,
                                   spec.NLM_F_REQUEST | spec.NLM_F_ACK, self.seq, 0) +
                       body)
        return self.receive(self.seq).error


class World:
    """A namespace, its state and what can be done to it"""

    def __init__(self, name):
        self.name = name
        self.file = open("/run/netns/" + name)
        self.text = ""      # what the kernel said of the last request
        self.reopen()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def reopen(self):
        enter(self.name)
        self.netlink = spec.Netlink(SPEC)
        self.netlink.sock.settimeout(20)
        self.route = Plain(NETLINK_ROUTE)
        self.xfrm = Plain(NETLINK_XFRM)
        self.member = Plain(spec.NETLINK_GENERIC)

    def state(self):
        found = []
        enter(self.name)
        for op in ("tunnel-get", "clamp-get", "filter-get", "health-get"):
            for one in self.netlink.dump(op):
                found.append((op, [x for x in one if x[0] not in LIVELY]))
        answer = self.netlink.do("netns-get", {})
        found.append([SPEC.decode("netns", m) for m in answer.messages])
        found.append(sorted(name for _, name in socket.if_nameindex()))
        found.append(self.member.sock.getsockopt(
            spec.SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, 64).rstrip(b"\0"))
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

    def rtnl(self, kind, name, more=b""):
        """What ip link asks for"""
        return self.route.request(kind, struct.pack("=BxHiII", 0, 0, 0, 0, 0) +
                                  spec.attr(IFLA_IFNAME, name.encode() + b"\0") + more)

    def move(self, name, to):
        return self.rtnl(RTM_NEWLINK, name, spec.attr(
            IFLA_NET_NS_FD, struct.pack("i", to.file.fileno())))

    def join(self, group):
        try:
            self.member.sock.setsockopt(spec.SOL_NETLINK, spec.NETLINK_ADD_MEMBERSHIP,
                                        self.netlink.group_ids[group])
        except OSError as error:
            return error.errno
        return 0

    def leave(self):
        """With a new one: what a socket needed to join, it keeps."""
        enter(self.name)
        self.member = Plain(spec.NETLINK_GENERIC)


class Worlds:
    """Several, where a request is about more than one"""

    def __init__(self, *worlds):
        self.worlds = worlds
        self.text = ""

    def reopen(self):
        for world in self.worlds:
            world.reopen()

    def state(self):
        return [one for world in self.worlds for one in world.state()]


def ip(text):
    """In the namespace of now"""
    subprocess.run(["ip", "-batch", "-"], input=text, text=True, check=True)


class Esp:
    """What becomes of packets of t5, of mode ipsec and with the addresses 10.5.0.*"""

    def __init__(self, world):
        self.world = world
        enter(world.name)
        ip("""
            xfrm state add src 192.0.2.1 dst 192.0.2.15 proto esp spi 0x51 reqid 1 \
                mode tunnel flag af-unspec if_id 5 aead rfc4106(gcm(aes)) \
                0x000102030405060708090a0b0c0d0e0f10111213 128
        """)

    def begin(self):
        """t5 is there."""
        enter(self.world.name)
        # Nothing but ours: no reports of multicast groups.
        with open("/proc/sys/net/ipv6/conf/t5/disable_ipv6", "w") as f:
            f.write("1")
        ip("addr add 10.5.0.1/24 dev t5\nlink set t5 up")
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.out.bind(("10.5.0.1", 0))
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self.wire.bind(("u0", ETH_P_ALL))

    def drops(self):
        answer = self.world.netlink.do("tunnel-get", {"ifname": "t5"})
        names = [e if isinstance(e, str) else e["name"]
                 for e in SPEC.enums["drop-reason"]["entries"]]
        found = {}

        def search(values):
            for name, value in values:
                if name == "drop":
                    one = dict(value)
                    found[names[one["reason"] - 1]] = one["packets"]
                elif isinstance(value, list):
                    search(value)
        search(SPEC.decode("tunnel", answer.messages[0]))
        return found

    def seen(self, wait):
        """What has left by the underlay; with wait, as soon as something has"""
        found = []
        self.wire.settimeout(wait)
        try:
            while True:
                packet, (_, kind, *_) = self.wire.recvfrom(2000)
                if kind == ETH_P_IP:
                    esp = packet[9] == socket.IPPROTO_ESP
                    found.append("esp" if esp else "clear")
                    self.wire.settimeout(0)
        except (BlockingIOError, TimeoutError):
            return found

    def fate(self, last):
        """Of a packet to 10.5.0.LAST"""
        before = self.drops()
        self.out.sendto(b"", ("10.5.0.%d" % last, 9))
        fate = ["%d %s" % (n - before.get(reason, 0), reason)
                for reason, n in self.drops().items() if n != before.get(reason)]
        # It may have to wait for a processor that encrypts.
        return " and ".join(fate + self.seen(0 if fate else 10)) or "nothing"

    def check(self, allowed, blocked):
        """Packets to others first: whatever is kept of them is not for those that
        are blocked. Returns what is wrong."""
        for last in (2, 6, *blocked, 2):
            want = "esp" if allowed and last not in blocked else "1 tx-ipsec"
            fate = self.fate(last)
            if fate != want:
                return "a packet to %d: %s, and not %s" % (last, fate, want)
        return ""

    # Policies: to the address 10.5.0.LAST, which is blocked, or 0 for all, allowed

    @staticmethod
    def selector(last):
        return struct.pack("=16s16sHHHHHBBBxxxiI",
                           bytes((10, 5, 0, last)) if last else b"", b"", 0, 0, 0, 0,
                           socket.AF_INET, 32 if last else 0, 0, 0, 0, 0)

    def ask(self, kind, body, more=b""):
        return self.world.xfrm.request(kind, body + spec.attr(
            XFRMA_IF_ID, struct.pack("=I", 5)) + more)

    def add(self, last):
        forever = (1 << 64) - 1
        policy = self.selector(last) + struct.pack(
            "=8Q32xIIBBBB4x", *4 * [forever], *4 * [0], 9 if last else 99, 0,
            XFRM_POLICY_OUT, XFRM_POLICY_BLOCK if last else XFRM_POLICY_ALLOW, 0, 0)
        template = struct.pack("=16sIBxxxHxx16sIBBBxIII", a4(15), 0, socket.IPPROTO_ESP,
                               socket.AF_INET, a4(1), 1, XFRM_MODE_TUNNEL, 0, 0,
                               *3 * [(1 << 32) - 1])
        return self.ask(XFRM_MSG_NEWPOLICY, policy,
                        b"" if last else spec.attr(XFRMA_TMPL, template))

    def which(self, kind, last):
        return self.ask(kind, self.selector(last) +
                        struct.pack("=IB3x", 0, XFRM_POLICY_OUT))

    def remove(self, last):
        return self.which(XFRM_MSG_DELPOLICY, last)

    def has(self, last):
        return self.which(XFRM_MSG_GETPOLICY, last) == 0


class FailNth:
    def __init__(self):
        self.nth = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
        self.rest = os.open("/proc/thread-self/make-it-fail", os.O_RDWR)

    def run(self, n, function, rest=False):
        """With the Nth allocation failing, or with all of the rest. What the function
        returns, None if its answer was lost; and whether anything has failed"""
        os.pwrite(self.nth, b"%d" % n, 0)
        if rest:
            os.pwrite(self.rest, b"1", 0)
        try:
            result = function()
        except MemoryError:     # Python's own
            result = None
        except OSError as error:
            if error.errno not in (errno.ENOBUFS, errno.ENOMEM):
                raise
            result = None
        finally:
            os.pwrite(self.rest, b"0", 0)
            left = int(os.pread(self.nth, 20, 0).rstrip(b"\0\n"))
            os.pwrite(self.nth, b"0", 0)
        return result, not left


def attempt(world, name, *how):
    """One case, where one allocation fails, and where all from one on do. Returns how
    many can fail, and what is wrong."""
    count, wrong = attempt_each(False, world, name, *how)
    if wrong:
        return count, wrong
    more, wrong = attempt_each(True, world, name, *how)
    return count + more, wrong and "all from one on, " + wrong


BACK = ("set_link", "set_remote", "set_samples", "early", "clamp", "clamp_both", "filter",
        "keepalive", "up")


def attempt_back(world, name, change, undo):
    error = change()
    if error:
        return 0, "cannot be done at all: " + errno.errorcode.get(error, str(error))
    count, wrong = attempt(world, name, undo, change)
    return count, wrong or (undo() and "cannot be undone")


def attempt_each(rest, world, name, change, undo, mend=None):
    """Until the change needs no allocation more. mend() is for what the kernel itself
    leaves broken when it has no memory, and says ENOENT of from then on."""
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
        result, failed = fail.run(n, change, rest)
        if result == errno.ENOENT and mend:
            wrong = mend()
            if wrong or world.state() != before:
                return n, "failure %d: cannot be mended: %s" % (n, wrong)
            result, failed = fail.run(n, change, rest)
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
                [x for x in after if x not in now] or
                [x for x in before if x not in now])
        # The kernel gives a device its old name again if somebody refuses the new one,
        # but not without memory.
        if result and now != before and not (rest and name == "rename"):
            return n, "failure %d: refused and done" % n
        if result == 0 and now != after:
            return n, "failure %d: said to be done, and is not" % n
        if now != before or (undo and before == after):
            wrong = undo()
            if wrong or world.state() != before:
                return n, "failure %d: cannot be undone: %s" % (n, wrong)
        if not failed:
            print("# %s%s: %d allocations, %d times refused, %d answers lost" %
                  (name, ", all from one on" if rest else "", n - 1, refused, lost))
            return n - 1, ""
    return n, "never stops failing"


def syscall(*args):
    """0 or an errno"""
    return ctypes.get_errno() if libc.syscall(*args) else 0


class Within:
    """What fails within functions of the kernel, see fault/within.c"""
    module = os.path.dirname(os.path.abspath(__file__)) + "/fault/within.ko"

    def __init__(self, functions):
        self.args = ["insmod", self.module, functions]

    def __enter__(self):
        subprocess.run(self.args, check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["rmmod", "within"], check=True)

    @staticmethod
    def get(name):
        with open("/sys/module/within/parameters/" + name) as f:
            return int(f.read())

    @staticmethod
    def set(name, value):
        with open("/sys/module/within/parameters/" + name, "w") as f:
            f.write(str(value))

    def run(self, n, function):
        """Like FailNth.run(), of the one that is called last"""
        self.set("left", 1)
        self.set("nth", n)
        result = function()
        return result, not self.get("left")


def load_module():
    """Like attempt(), of the module itself: either it is there or it is not. Only what
    its own init asks for fails: the loader asks for a lot more, none of which is of us,
    and tells with a backtrace of what it could not have (vmalloc, jump_label)."""
    def unload():
        return syscall(SYS_DELETE_MODULE, b"mtun", os.O_NONBLOCK)

    refused = 0
    with open(MODULE, "rb") as f, Within("func=do_one_initcall") as within:
        wrong = unload()
        for n in range(1, MANY):
            if wrong:
                return n, "failure %d: cannot be unloaded: %s" % (
                    n, errno.errorcode.get(wrong, wrong))
            result, failed = within.run(n, lambda: syscall(
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


def new_namespace():
    """... of the process, which goes back. From where the module has its share on: of
    those who were asked before, each has errors of its own, and it sees nothing."""
    def unshare():
        return syscall(SYS_UNSHARE, CLONE_NEWNET)

    here = "/proc/thread-self/ns/net"
    enter(FULL)
    old = os.stat(here).st_ino
    with Within("func=mtun:registry_net_init") as within:
        fail.run(MANY, unshare)
        enter(FULL)
        first = MANY - within.get("before")
    refused = 0
    for n in range(first, MANY):
        result, failed = fail.run(n, unshare)
        stayed = os.stat(here).st_ino == old
        enter(FULL)
        # EINVAL is of the name of lo, see attempt_each().
        if result not in (0, errno.ENOMEM, errno.ENOBUFS, errno.EINVAL):
            return n, "failure %d: %s" % (n, errno.errorcode.get(result, result))
        if bool(result) != stayed:
            return n, "failure %d: %s" % (
                n, "refused and done" if result else "said to be done, and is not")
        if not failed:
            print("# namespace: %d allocations behind %d, %d times refused" %
                  (n - first, first - 1, refused))
            return n - first, ""
        refused += bool(result)
    return n, "never stops failing"


def try_policies(esp, name, change, is_done, undo, before, after, prepare=None):
    """Like attempt(), of policies: whether there is one is the kernel's affair, but what
    there is packets meet, whether the module could count it or not. before and after
    are what check() is to find."""
    count = 0
    for rest in (False, True):
        done = uncounted = 0
        for n in range(1, MANY):
            what = "failure %d%s: " % (n, " and all from it on" if rest else "")
            wrong = prepare and prepare() or esp.check(*before)
            if wrong:
                return n, what + "before: %s" % wrong
            result, failed = fail.run(n, change, rest)
            if result is None:
                esp.world.reopen()
            elif result not in (0, errno.ENOMEM, errno.ENOBUFS):
                return n, what + errno.errorcode.get(result, str(result))
            done = is_done()
            if result is not None and done != (result == 0):
                return n, what + "refused and done, or not done"
            wrong = esp.check(*(after if done else before))
            if wrong:
                return n, what + wrong
            uncounted += failed and done
            wrong = done and undo()
            if wrong:
                return n, what + "cannot be undone: %s" % wrong
            if not failed:
                print("# %s%s: %d allocations, %d times done all the same" % (
                    name, ", all from one on" if rest else "", n - 1, uncounted))
                break
        count += n - 1
    return count, ""


def add_uncounted(esp, last):
    """So that the module does not know what there is"""
    for n in range(1, MANY):
        if esp.has(last):
            return 0
        if fail.run(n, lambda: esp.add(last), True)[0] is None:
            esp.world.reopen()
    return "can always be counted"


def watch():
    """Like try_policies(), of those that are there before the first tunnel. Such a
    namespace is watched for as long as it is there, so that each try has one of its
    own; and only what cannot wait fails, for that is what counting needs."""
    for what in ("failslab", "fail_page_alloc"):
        knob(what + "/ignore-gfp-wait", "Y")
    try:
        return watch_each()
    finally:
        for what in ("failslab", "fail_page_alloc"):
            knob(what + "/ignore-gfp-wait", "N")


def watch_each():
    count = 0
    for rest in (False, True):
        for n in range(1, MANY):
            ip("netns add " + WATCHED)
            world = World(WATCHED)
            ip("""
                link set lo up
                link add u0 type dummy
                link set u0 up
                addr add 192.0.2.1/24 dev u0
            """)
            esp = Esp(world)
            wrong = esp.add(0) or esp.add(3)
            result, failed = fail.run(n, lambda: world.do("tunnel-new", T5), rest)
            world.reopen()
            if not wrong and result in (None, 0) and "t5" in dict(
                    map(reversed, socket.if_nameindex())):
                esp.begin()
                wrong = esp.check(True, (3,))
            enter(FULL)
            ip("netns del " + WATCHED)
            if wrong or (not failed and result != 0):
                return n, "failure %d: %s" % (n, wrong or result)
            if not failed:
                break
        print("# watch%s: %d allocations" % (", all from one on" if rest else "", n - 1))
        count += n - 1
    return count, ""


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
    yield ("new_ipsec", full, do(full, "tunnel-new", ifname="t9", mode=1, if_id=9,
                                 **four), do(full, "tunnel-del", ifname="t9"))
    yield ("new_required", full, do(full, "tunnel-new", ifname="t9", ipsec=1, **four),
           do(full, "tunnel-del", ifname="t9"))
    yield ("delete", full, do(full, "tunnel-del", ifname="t4"),
           do(full, "tunnel-new", ifname="t4", **OLD4))
    yield ("link_delete", full, lambda: full.rtnl(RTM_DELLINK, "t4"),
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
    yield ("mtu_ioctl", full,
           lambda: full.ioctl(SIOCSIFMTU, "t1", struct.pack("i", 1300)),
           do(full, "tunnel-set", ifname="t1", mtu=0))
    yield ("set_if_id", full, do(full, "tunnel-set", ifname="t6", if_id=66),
           do(full, "tunnel-set", ifname="t6", if_id=6))
    yield ("set_required", full, do(full, "tunnel-set", ifname="t1", ipsec=1),
           do(full, "tunnel-set", ifname="t1", ipsec=0))
    yield ("set_not_required", full, do(full, "tunnel-set", ifname="t7", ipsec=0),
           do(full, "tunnel-set", ifname="t7", ipsec=1))
    yield ("early", full, do(full, "netns-set", rx=1), do(full, "netns-set", rx=0))
    yield ("clamp", full, do(full, "clamp-new", ifname="u0", mss=1200,
                             src=prefixes(20)), do(full, "clamp-del", ifname="u0"))
    yield ("clamp_both", full, do(full, "clamp-new", ifname="u0", mss=1200, direction=2),
           do(full, "clamp-del", ifname="u0"))
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
    yield ("join", full, lambda: full.join("samples"), full.leave)
    for op in ("tunnel-get", "clamp-get", "filter-get", "health-get"):
        yield ("dump_" + op[:-4], full, lambda op=op: full.dump(op), None)
    for op in ("tunnel-get", "filter-get", "health-get"):
        yield ("get_" + op[:-4], full, do(full, op, ifname="t2"), None)
    yield ("get_clamp", full, do(full, "clamp-get", ifname="u1"), None)
    yield ("get_netns", full, do(full, "netns-get"), None)


OLD4 = dict(local=a4(1), remote=a4(14), description="four")
T5 = {"ifname": "t5", "local": a4(1), "remote": a4(15), "mode": 1, "if-id": 5}
WATCHED = "mtun-watched"

if not os.path.exists("/proc/thread-self/fail-nth") or \
        not os.path.isdir(DEBUG + "failslab"):
    sys.exit(4)
# ... of the tasks that ask for it, see FailNth
for what in ("failslab", "fail_page_alloc"):
    for setting, value in (("ignore-gfp-wait", "N"), ("verbose", "0"),
                           ("task-filter", "Y"), ("interval", "1"), ("times", "-1"),
                           ("probability", "100")):
        knob(what + "/" + setting, value)
knob("fail_page_alloc/min-order", "0")
libc.mlockall(3)

fail = FailNth()
chosen = sys.argv[4:]


def tell(case, function, *args):
    if chosen and case not in chosen:
        return
    start = time.monotonic()
    count, wrong = function(*args)
    if not wrong and not count:
        wrong = "nothing has failed"
    print("# %s: %d s" % (case, time.monotonic() - start))
    print(case, "bad " + wrong if wrong else "ok", flush=True)


tell("load", load_module)
tell("namespace", new_namespace)
tell("watch", watch)
nothing = World(EMPTY)
some = World(FULL)
for i in range(1, 4):
    some.do("tunnel-new", {"ifname": "t%d" % i, "local": a4(1), "remote": a4(10 + i)})
some.do("tunnel-new", T5)
some.do("tunnel-new", {"ifname": "t6", "local": a4(1), "remote": a4(16), "mode": 1,
                       "if-id": 6})
some.do("tunnel-new", {"ifname": "t7", "local": a4(1), "remote": a4(17), "ipsec": 1})
# The last one, as it is when it was deleted and is made again
some.do("tunnel-new", {"ifname": "t4", **OLD4})
some.do("filter-set", {"ifname": "t2", "allow-src-rx": prefixes(2)})
some.do("clamp-new", {"ifname": "u1", "mss": 1300})
# A device that was up once is not what it was before.
some.link("t3", True)
some.link("t3", False)

t5 = Esp(some)
t5.begin()
tell("policy_allow", try_policies, t5, "policy_allow",
     lambda: t5.add(0), lambda: t5.has(0),
     lambda: (t5.add(3) or t5.check(True, (3,)) or t5.remove(3) or
              t5.check(True, ()) or t5.remove(0)),
     (False, ()), (True, ()))
t5.add(0)
tell("policy_block", try_policies, t5, "policy_block",
     lambda: t5.add(3), lambda: t5.has(3), lambda: t5.remove(3),
     (True, ()), (True, (3,)))
# While it is not known what there is, all is counted anew when something changes.
tell("policy_unknown", try_policies, t5, "policy_unknown",
     lambda: t5.add(4), lambda: t5.has(4), lambda: t5.remove(4) or t5.remove(3),
     (True, (3,)), (True, (3, 4)), lambda: add_uncounted(t5, 3))
tell("policy_delete", try_policies, t5, "policy_delete",
     lambda: t5.remove(3), lambda: not t5.has(3), lambda: 0,
     (True, (3,)), (True, ()), lambda: add_uncounted(t5, 3))

# A device that moves is renamed and gets its new owner: that the kernel cannot bear.
with Within("spare=device_rename,netdev_change_owner"):
    tell("move", attempt, Worlds(some, nothing), "move", lambda: some.move("t4", nothing),
         lambda: nothing.move("t4", some))
# Somebody listens: telling him needs memory, too.
enter(FULL)
listener = Plain(spec.NETLINK_GENERIC)
for group, number in some.netlink.group_ids.items():
    if group != "samples":
        listener.sock.setsockopt(spec.SOL_NETLINK, spec.NETLINK_ADD_MEMBERSHIP, number)
for case, where, *how in cases(some, nothing):
    tell(case, attempt, where, case, *how)
    # What takes something away may want memory, too.
    if case in BACK:
        change, undo = how[:2]
        tell(case + "_back", attempt_back, where, case + "_back", change, undo)
