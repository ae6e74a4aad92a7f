# SPDX-License-Identifier: GPL-2.0
"""Requests made from the spec of the netlink family (mtun.yaml), so that an
attribute which is new there takes part in the tests that use this."""
import errno
import os
import socket
import struct

import yaml

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP = 1, 2, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_TYPE = 0x8000, 0x4000, 0x3fff
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_FAMILY_NAME = 16, 3, 2
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GENERIC = 270, 10, 11, 16
NETLINK_ADD_MEMBERSHIP = 1

NUMBERS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "s32": "i"}


def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def attrs(data):
    """[(type, data)] of what a kernel says"""
    found = []
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        if size < 4:
            break
        found.append((kind & NLA_TYPE, data[4:size]))
        data = data[size + 3 & ~3:]
    return found


class Spec:
    def __init__(self, path):
        with open(path) as f:
            # The one in C, where there is one, takes a tenth of the time.
            spec = yaml.load(f, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.name = spec["name"]
        # Numbers are those of the order, from 1.
        self.sets = {s["name"]: {a["name"]: dict(a, number=i + 1)
                                 for i, a in enumerate(s["attributes"])}
                     for s in spec["attribute-sets"]}
        self.enums = {d["name"]: d for d in spec["definitions"]}
        self.ops = {op["name"]: dict(op, number=i + 1)
                    for i, op in enumerate(spec["operations"]["list"])}
        self.requests = {name: op for name, op in self.ops.items() if "do" in op}
        self.groups = [g["name"] for g in spec["mcast-groups"]["list"]]

    def encode(self, set_name, values):
        """Attributes from {name: value}; a list repeats one, a dictionary is a
        nest, bytes are taken as they are."""
        known = self.sets[set_name]
        out = b""
        for name, value in values.items():
            one = known[name]
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    data = self.encode(one["nested-attributes"], item)
                    out += attr(one["number"] | NLA_F_NESTED, data)
                    continue
                if isinstance(item, str):
                    item = item.encode(errors="surrogateescape") + b"\0"
                elif one["type"] == "bitfield32" and isinstance(item, tuple):
                    item = struct.pack("=II", *item)
                elif isinstance(item, int):
                    item = struct.pack("=" + NUMBERS[one["type"]], item)
                out += attr(one["number"], item)
        return out

    def decode(self, set_name, data):
        """[(name, value)], of nests, too; bytes as they are"""
        known = {a["number"]: a for a in self.sets[set_name].values()}
        found = []
        for number, value in attrs(data):
            one = known.get(number)
            if one is None:
                found.append((number, value))
            elif one["type"] == "nest":
                found.append((one["name"], self.decode(one["nested-attributes"],
                                                       value)))
            elif one["type"] in NUMBERS:
                found.append((one["name"],
                              struct.unpack("=" + NUMBERS[one["type"]], value)[0]))
            elif one["type"] == "string":
                text = value.rstrip(b"\0").decode(errors="surrogateescape")
                found.append((one["name"], text))
            else:
                found.append((one["name"], value))
        return found


class Answer:
    def __init__(self):
        self.error = None       # an errno, 0 for an acknowledgement
        self.text = ""          # of the kernel's extended acknowledgement
        self.messages = []      # what was dumped or told

    def __repr__(self):
        return "%s %r" % (errno.errorcode.get(self.error, self.error), self.text)


class Netlink:
    """A socket of the family, in the namespace of now"""

    others = 0      # messages that were no part of the answer waited for

    def __init__(self, spec):
        self.spec = spec
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.sock.settimeout(60)
        self.seq = 1
        answer = self.ask(GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
                          attr(CTRL_FAMILY_NAME, spec.name.encode() + b"\0"))
        found = dict(attrs(answer.messages[0]))
        self.family = struct.unpack("=H", found[1])[0]
        self.group_ids = {}
        for _, group in attrs(found.get(7, b"")):
            group = dict(attrs(group))
            self.group_ids[group[1].rstrip(b"\0").decode()] = \
                struct.unpack("=I", group[2])[0]

    def message(self, kind, cmd, body, flags=NLM_F_ACK, version=1):
        self.seq += 1
        return struct.pack("=IHHIIBBH", 20 + len(body), kind,
                           flags | NLM_F_REQUEST, self.seq, 0, cmd, version, 0) + body

    def ask(self, kind, cmd, body, flags=NLM_F_ACK):
        self.sock.send(self.message(kind, cmd, body, flags))
        return self.receive(self.seq)

    def do(self, op, values, flags=NLM_F_ACK):
        op = self.spec.ops[op]
        return self.ask(self.family, op["number"],
                        self.spec.encode(op["attribute-set"], values), flags)

    def dump(self, op, values=None):
        """All of it, decoded"""
        answer = self.do(op, values or {}, NLM_F_DUMP)
        if answer.error:
            raise OSError(answer.error, "%s: %s" % (op, answer.text))
        set_name = self.spec.ops[op]["attribute-set"]
        return [self.spec.decode(set_name, m) for m in answer.messages]

    def receive(self, seq):
        """Until an answer is complete"""
        answer = Answer()
        while True:
            data = self.sock.recv(1 << 18)
            while len(data) >= 16:
                size, kind, flags, number = struct.unpack("=IHHI", data[:12])
                body, data = data[16:size], data[size + 3 & ~3:]
                if number != seq:
                    self.others += number != 0
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    answer.error = -struct.unpack("=i", body[:4])[0] if body else 0
                    if flags & NLM_F_ACK_TLVS:
                        skip = 20 if kind == NLMSG_ERROR else 4
                        for what, value in attrs(body[skip:]):
                            if what == 1:
                                answer.text = value.rstrip(b"\0").decode()
                    self.others += len(data) >= 16
                    return answer
                answer.messages.append(body[4:])

    def join(self, group):
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                             self.group_ids[group])

    def drain(self):
        """Read what is there. How many times there was something"""
        found = 0
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recv(1 << 18)
                found += 1
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
        self.sock.settimeout(60)
        return found


def find():
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.environ.get("MTUN_SPEC") or \
        here + "/../Documentation/netlink/specs/mtun.yaml"
    return Spec(path)
