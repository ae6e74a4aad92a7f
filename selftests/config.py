#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Applies configuration files in the namespace of config.sh.

	config.py

Writes a line "CASE ok" or "CASE bad TEXT" for each of the cases below, which
are functions and leave nothing behind.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import yaml

from cases import MTCTL, WAIT, case, done, expect, limits, mtctl, run, same

DEFAULTS = "defaults: {tunnel: {local: 192.0.2.1}}\n"

# A thousand tunnels take long, and a file may have any bytes.
limits.update(timeout=10 * WAIT, errors="surrogateescape")


def state():
    """All that there is, and the index of each device"""
    return (json.loads(done("-j tunnel show")),
            json.loads(done("-j clamp show")))


def apply(text, want, options=""):
    """Applies a file from the standard input; want are the lines printed."""
    got = done("apply -f - " + options, text).splitlines()
    same(got, want, "apply prints")


def refused(text, status, *parts, options="", undone=True):
    """Applies what cannot be; the parts are in the error. Nothing is changed."""
    before = state()
    got, out, err = mtctl("apply -f - " + options, text)
    same((got, out), (status, ""), "status and output of what is refused")
    for part in parts:
        expect(part in err, "%r is not in %r", part, err)
    if undone:
        same(state(), before, "what there is after all was undone")


def counts(added=0, changed=0, removed=0, unchanged=0, more=""):
    return "%d added, %d changed, %d removed, %d unchanged%s" % (
        added, changed, removed, unchanged, more)


def clear():
    """Removes all, whoever made it."""
    for tunnel in json.loads(done("-j tunnel show")):
        done("tunnel del " + tunnel["ifname"])
    for clamp in json.loads(done("-j clamp show")):
        done("clamp del dev " + clamp["dev"])


def tunnels(**wanted):
    """The file of some tunnels, each with its own settings"""
    return DEFAULTS + "tunnels:\n" + "".join(
        "  %s: {%s}\n" % (name, settings) for name, settings in wanted.items())


def tunnel(name):
    (found,) = json.loads(done("-j tunnel show " + name)) or ({},)
    return found


##############################################################################
# The cases

FIRST = """
defaults:
  tunnel: {local: 192.0.2.1, mss: auto}
tunnels:
  mt0:
    description: Customer A, Frankfurt
    remote: 198.51.100.1
    key: 7
  mt6: {local: "2001:db8::1", remote: "2001:db8::2", ttl: inherit, mss: off}
clamps:
  eth0: {mss: 1436, src: [203.0.113.0/24, 2001:db8:100::/40]}
  eth1: {direction: both}
"""


def added():
    lines = ["+ tunnel mt0  GRE over IPv4  192.0.2.1 -> 198.51.100.1  key 7",
             "+ tunnel mt6  GRE over IPv6  2001:db8::1 -> 2001:db8::2",
             "+ clamp eth0  mss 1436  src 203.0.113.0/24,2001:db8:100::/40",
             "+ clamp eth1  direction both"]
    apply(FIRST, lines + [counts(4, more=" (dry run: nothing was done)")],
          "-dry-run")
    same(state(), ([], []), "after a dry run")
    apply(FIRST, lines + [counts(4)])
    got = tunnel("mt0")
    for key, want in (("remote", "198.51.100.1"), ("ikey", 7), ("okey", 7),
                      ("mss_tx", "auto"), ("mtu_auto", True), ("ttl", 64),
                      ("description", "Customer A, Frankfurt"),
                      ("origin", "file")):
        same(got.get(key), want, key)
    same(tunnel("mt6").get("ttl"), "inherit", "ttl of mt6")
    clamp = json.loads(done("-j clamp show dev eth0"))[0]
    same((clamp["mss"], clamp["src"], clamp["origin"]),
         (1436, ["203.0.113.0/24", "2001:db8:100::/40"], "file"), "eth0")


def again():
    """To apply what is there does nothing, by any spelling."""
    done("apply -f -", FIRST)
    before = state()
    apply(FIRST, [counts(unchanged=4)])
    apply(FIRST.replace("inherit, mss: off", "inherit, mss: no, csum: false")
          .replace("key: 7", "ikey: 0x7\n    okey: 0.0.0.7"),
          [counts(unchanged=4)], "-prune")
    got = json.loads(done("-j apply -f -", json.dumps(yaml.safe_load(FIRST))))
    same((got["unchanged"], got["objects"]), (4, []), "as JSON")
    same(done("-d apply -f -", FIRST).splitlines(),
         ["= tunnel mt0", "= tunnel mt6", "= clamp eth0", "= clamp eth1",
          counts(unchanged=4)], "with -d")
    same(state(), before, "what there is")


def changed():
    done("apply -f -", FIRST)
    index = tunnel("mt0")["ifindex"]
    text = FIRST.replace("    key: 7", "    ttl: 9").replace(
        "mss: auto", "mss: 1400").replace(
        "src: [203.0.113.0/24, 2001:db8:100::/40]", "insert: on")
    apply(text,
          ["~ tunnel mt0  key 7 -> none  ttl 64 -> 9  mss auto -> 1400",
           "~ clamp eth0  insert off -> on  "
           "src 203.0.113.0/24,2001:db8:100::/40 -> any",
           counts(changed=2, unchanged=2)])
    got = tunnel("mt0")
    same((got.get("ikey"), got["ttl"], got["mss_rx"], got["ifindex"]),
         (None, 9, 1400, index), "mt0")
    same(json.loads(done("-j clamp show dev eth0"))[0]["src"], [], "src")
    got = json.loads(done("-j apply -f - -dry-run", FIRST))
    same((got["dry_run"], got["changed"], got["objects"][0]),
         (True, 2, {"action": "set", "kind": "tunnel", "name": "mt0",
                    "changes": {"key": {"was": "none", "is": 7},
                                "ttl": {"was": 9, "is": 64},
                                "mss": {"was": 1400, "is": "auto"}}}),
         "as JSON")
    # Set by hand in the meantime
    done("apply -f -", FIRST)
    done("-b -", "tunnel set mt0 mtu 1300 description other\n"
         "clamp set dev eth1 mss 1200\n")
    apply(FIRST, ["~ tunnel mt0  description other -> Customer A, Frankfurt  "
                  "mtu 1300 -> auto", "~ clamp eth1  mss 1200 -> auto",
                  counts(changed=2, unchanged=2)])


def namespace():
    """What the file says of the namespace; what it does not say stays."""
    apply("netns: {rx: early}", ["~ netns  rx local -> early",
                                 counts(changed=1)])
    same(json.loads(done("-j netns show")), {"rx": "early"}, "netns show")
    apply("netns: {rx: early}", [counts(unchanged=1)])
    same(yaml.safe_load(done("export")), {"netns": {"rx": "early"}}, "export")
    same(json.loads(done("-j export"))["netns"], {"rx": "early"},
         "export as JSON")
    apply("", [counts()], "-prune")
    same(json.loads(done("-j netns show")), {"rx": "early"},
         "where the file says nothing")
    # Nothing is done where anything is refused.
    run("ip", "link", "add", "taken", "type", "dummy")
    refused(DEFAULTS + "tunnels: {taken: {remote: 192.0.2.2}}\n"
            "netns: {rx: local}", 1, "taken")
    same(json.loads(done("-j netns show")), {"rx": "early"},
         "netns show where another thing was refused")
    run("ip", "link", "del", "taken")
    apply("netns: {rx: local}", ["~ netns  rx early -> local",
                                 counts(changed=1)])
    same(done("export"), "", "nothing exported")


def removed():
    done("apply -f -", FIRST)
    done("tunnel add hand local 192.0.2.1 remote 198.51.100.9")
    done("clamp add dev eth9")
    text = tunnels(mt0="remote: 198.51.100.1, key: 7, mss: auto, "
                   "description: 'Customer A, Frankfurt'")
    left = " and left"
    apply(text, [counts(unchanged=1, more=", 5 not in the file" + left)])
    lines = done("-d apply -f - -prune -dry-run", text).splitlines()
    same(lines,
         ["! tunnel hand  is not in the file, and was made by hand",
          "= tunnel mt0", "- tunnel mt6  GRE over IPv6  "
          "2001:db8::1 -> 2001:db8::2",
          "- clamp eth0  mss 1436  src 203.0.113.0/24,2001:db8:100::/40",
          "- clamp eth1  direction both",
          "! clamp eth9  is not in the file, and was made by hand",
          counts(removed=3, unchanged=1,
                 more=", 2 not in the file%s (dry run: nothing was done)" %
                 left)], "with -d")
    status = mtctl("apply -f - --prune", text)[0]
    same(status, 0, "status of --prune")
    same([t["ifname"] for t in state()[0]], ["mt0", "hand"], "tunnels")
    # An empty file is that of a node that has none.
    apply("", ["- tunnel mt0  GRE over IPv4  192.0.2.1 -> 198.51.100.1  key 7",
               counts(removed=1, more=", 2 not in the file" + left)],
          "-prune")
    done("apply -f /dev/null -prune")


def taken_over():
    """Made by hand, and the file's from then on."""
    done("tunnel add mt0 local 192.0.2.1 remote 198.51.100.1")
    done("clamp add dev eth0 mss 1400")
    text = tunnels(mt0="remote: 198.51.100.1") + "clamps: {eth0: {mss: 1400}}"
    got = json.loads(done("-j apply -f - -dry-run", text))
    same([(o["changes"], o["origin"]) for o in got["objects"]],
         [({}, {"was": "manual", "is": "file"})] * 2, "as JSON")
    apply(text, ["~ tunnel mt0  made by hand before",
                 "~ clamp eth0  made by hand before", counts(changed=2)])
    same(tunnel("mt0")["origin"], "file", "origin")
    apply(text, [counts(unchanged=2)])
    apply("", ["- tunnel mt0  GRE over IPv4  192.0.2.1 -> 198.51.100.1",
               "- clamp eth0  mss 1400", counts(removed=2)], "-prune")


def rolled_back():
    """The kernel refuses the last thing: all before it is undone."""
    done("apply -f -", tunnels(
        a="remote: 198.51.100.1, accept: any, tos: inherit",
        b="remote: 198.51.100.2, description: b",
        c="remote: 198.51.100.3, key: 5", d="remote: 198.51.100.4") +
         "clamps: {e: {src: 10.0.0.0/8}}")
    done("tunnel add hand local 192.0.2.1 remote 198.51.100.9 mtu 1300 ttl 3")
    run("ip", "link", "add", "zz", "type", "dummy")
    text = tunnels(
        a="remote: 198.51.100.2, tos: 4",	# a and b change places
        b="remote: 198.51.100.1, accept: 10.0.0.0/8",
        c="remote: 198.51.100.3", hand="remote: 198.51.100.9",
        new="remote: 198.51.100.7", zz="remote: 198.51.100.8")
    refused(text, 1, "mtctl apply: tunnel zz: name zz is taken by another "
            "device; what was done before has been undone", options="-prune")
    # Now a clamp that there is no room for, behind all tunnels
    run("ip", "link", "del", "zz")
    run("ip", "link", "add", "new", "type", "dummy")
    refused(text, 1, "tunnel new: name new is taken", options="-prune")
    run("ip", "link", "del", "new")
    refused(tunnels(x="remote: 198.51.100.9"), 1,
            "tunnel x: local, remote and ikey are those of hand, which the "
            "file does not have and which was made by hand")
    refused(tunnels(x="remote: 198.51.100.4"), 1, "-prune would remove it")
    for options in "", "-dry-run":
        refused(tunnels(b="remote: 198.51.100.2, mode: ipsec, if-id: 5"), 1,
                "mtctl apply: tunnel b: mode cannot change: delete the tunnel "
                "and add it again", options=options)


def invalid():
    """All that is wrong is told with its place, and nothing is changed."""
    done("apply -f -", FIRST)
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/mtun.yaml"

        def wrong(text, *lines):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            said = [path + ":" + line for line in lines]
            said.append("%s: %d error%s" % (path, len(lines),
                                            "s"[:len(lines) != 1]))
            before = state()
            for command in "apply -f %s -prune", "check %s":
                status, out, err = mtctl(command % path)
                same((status, out, err.splitlines()), (2, "", said), command)
            same(state(), before, "what there is")

        wrong(FIRST + "tunels: {}\n", "13:1: tunels: unknown; "
              "did you mean \"tunnels\"?")
        wrong(FIRST.replace("key: 7", "ttl: 256\n    tll: 9"),
              "8:10: tunnels.mt0.ttl: a TTL is 1 to 255, or inherit",
              "9:5: tunnels.mt0.tll: unknown; did you mean \"ttl\"?")
        wrong(FIRST.replace("198.51.100.1", "host.example"),
              "7:13: tunnels.mt0.remote: not an IPv4 or IPv6 address; give "
              "it without a prefix length, a host name or a %zone (for that "
              "use dev)")
        wrong(FIRST.replace("198.51.100.1", "2001:db8::5"),
              "7:13: tunnels.mt0: remote must be of the same family as local")
        wrong(FIRST + "  eth0: {}\n", "13:3: clamps.eth0: given before, in "
              "line 11")
        wrong("tunnels: [\n", "2:1: did not find expected node content, while "
              "parsing a flow node")
        wrong("a: &a [*a]\n", "1:4: anchors (&) are not supported")
        # A right file
        with open(path, "w", encoding="utf-8") as file:
            file.write(FIRST)
        same(done("check " + path), path + ": 2 tunnels, 2 clamps\n", "check")
        same(json.loads(done("-j check " + path)), {"tunnels": 2, "clamps": 2},
             "check -j")
        # In a batch
        same(done("-b -", "apply -f %s\n" % path), counts(unchanged=4) + "\n",
             "in a batch")
        status, out, err = mtctl("apply -f %s.none" % path)
        same((status, out), (1, ""), "a file that is not there")
        expect("No such file" in err, "it says %r", err)
    for words in "apply", "apply x", "apply -x", "apply -f", "check", \
            "check a b", "export x", "export -f", "export -x":
        same(mtctl(words)[0], 2, words)


def places():
    """Tunnels that take what another one has, and stay the devices that they
    are."""
    text = tunnels(a="remote: 198.51.100.1, key: 1",
                   b="remote: 198.51.100.2", c="remote: 198.51.100.3")
    done("apply -f -", text)
    was = {t["ifname"]: t["ifindex"] for t in state()[0]}
    for wanted in (dict(a="remote: 198.51.100.2", c="remote: 198.51.100.3",
                        b="remote: 198.51.100.1, key: 1"),	# two
                   dict(b="remote: 198.51.100.2", a="remote: 198.51.100.3",
                        c="remote: 198.51.100.1, key: 1"),	# three
                   dict(a="remote: 198.51.100.2", b="remote: 198.51.100.9",
                        c="remote: 198.51.100.3")):		# a row
        done("apply -f -", tunnels(**wanted))
        got = {t["ifname"]: "remote: " + t["remote"] +
               (", key: %d" % t["ikey"] if "ikey" in t else "")
               for t in state()[0]}
        same(got, wanted, "after they have changed places")
    same({t["ifname"]: t["ifindex"] for t in state()[0]}, was, "devices")
    # A new name for old addresses
    done("apply -f - -prune", tunnels(d="remote: 198.51.100.2"))
    same([(t["ifname"], t["remote"], t.get("ikey")) for t in state()[0]],
         [("d", "198.51.100.2", None)], "after one has a new name")


def is_up(name):
    return "UP" in json.loads(run("ip", "-j", "link", "show", name)[1])[0][
        "flags"]


def up():
    """Devices come up, go down, and stay as they are where nothing is said."""
    text = tunnels(a="remote: 198.51.100.1, up: on", b="remote: 198.51.100.2")
    done("apply -f -", text)
    same((is_up("a"), is_up("b")), (True, False), "at first")
    same(yaml.safe_load(done("export"))["tunnels"]["a"].get("up"), True, "export")
    run("ip", "link", "set", "dev", "a", "down")
    run("ip", "link", "set", "dev", "b", "up")
    apply(text, ["~ tunnel a  up off -> on", counts(changed=1, unchanged=1)])
    same((is_up("a"), is_up("b")), (True, True), "applied again")
    apply(text.replace("up: on", "up: no"), ["~ tunnel a  up on -> off",
                                             counts(changed=1, unchanged=1)])
    same((is_up("a"), is_up("b")), (False, True), "taken down")
    done("apply -f -", text)
    done("tunnel set b up off")
    same(is_up("b"), False, "after tunnel set up off")
    done("tunnel add c local 192.0.2.1 remote 198.51.100.3 up on")
    same(is_up("c"), True, "after tunnel add up on")
    done("tunnel set c up on ttl 9")
    same((is_up("c"), tunnel("c")["ttl"]), (True, 9), "after tunnel set")


def together():
    """Several are deleted at once, or none of them."""
    for i in range(4):
        done("tunnel add t%d local 192.0.2.1 remote 198.51.100.%d" % (i, i + 1))
    before = state()
    status, out, err = mtctl("tunnel del t0 t1 missing t2")
    same((status, out), (1, ""), "status where one is missing")
    expect("name missing belongs to no device" in err, "it says %r", err)
    status, out, err = mtctl("tunnel del t0 u0 t2")
    same(status, 1, "status where one is no tunnel")
    expect("name u0 belongs to a device that is no tunnel" in err, "it says %r",
           err)
    same(mtctl("tunnel del t0 1234567890123456")[0], 2, "status of a long name")
    same(state(), before, "what there is")
    # The same one twice is no more than once.
    done("tunnel del t0 t2 t0")
    same([t["ifname"] for t in state()[0]], ["t1", "t3"], "what is left")


SETTINGS = """
tunnel add every local 192.0.2.1 remote 192.0.2.2 ikey 1 okey 2 icsum on oseq on \
ttl 9 tos 0xb8 df clear inner-df clear frag outer dev u0 fwmark 16 mss-tx 1400 \
mss-rx auto mss-insert on pmtu static sample-rx 100 sample-tx 7 ipsec required accept 192.0.2.0/24 mtu 1300 \
description "it's: 'a' # \\"b\\" \\\\ c, - {d}"
tunnel add on local fe80:: remote fe80::1:2:3:4:5 dev 007 tos inherit \
ttl inherit csum on key 0 accept any description 12
tunnel add 1e3 local 1:2:3:4:5:6:7:8 remote 2001:db8:: anycast on \
description "\u00fcber: \u2713 \U0001f600"
tunnel add plain local 192.0.2.1 remote 192.0.2.9
clamp add dev eth0 mss 1436 insert on both dst 2001:db8::/32 dst 10.0.0.0/8 \
src 203.0.113.7 src ::/0
clamp add dev yes
"""


def round_trip():
    """What is exported is what is there, and exported again it is the same."""
    same(done("export"), "", "nothing exported")
    done("-b -", SETTINGS)
    before = state()
    text = done("export")
    asjson = done("-j export")
    values = {True: "on", False: "off"}

    def plain(value):
        if isinstance(value, dict):
            return {str(key): plain(v) for key, v in value.items()}
        return values.get(value, value) if isinstance(value, bool) else value

    same(plain(yaml.safe_load(text)), json.loads(asjson),
         "YAML and JSON, read by others")
    out = done("apply -f - -dry-run", text).splitlines()
    expect(len(out) == 7 and all(line.endswith("  made by hand before")
                                 for line in out[:6]),
           "applied where it comes from: %r", out)
    for form in text, asjson:
        clear()
        done("apply -f -", form)
        same(done("export"), text, "exported again")
        apply(form, [counts(unchanged=6)], "-prune")
        for old, new in zip(before, state()):
            for thing in old + new:
                for key in "ifindex", "origin":
                    del thing[key]
            name = "ifname" if old is before[0] else "dev"

            def prepared(things):
                for thing in things:
                    for side in "src", "dst":
                        if side in thing:
                            thing[side].sort()
                return sorted(things, key=lambda t: t[name])

            same(prepared(new), prepared(old), "made anew")
        before = state()


def not_text():
    """A name that is no text is in no file."""
    name = "m\udcff"	# the byte 0xff
    done("tunnel add %s local 192.0.2.1 remote 192.0.2.2" % name)
    for words in "export", "-j export":
        status, out, err = mtctl(words)
        same((status, out), (1, ""), "status of export")
        expect("its name is not UTF-8" in err, "it says %r", err)
    done("tunnel del " + name)


def plain():
    """No name controls the terminal. JSON has it as it is."""
    name = "m\x1b[1m\x07\u009b"
    done("tunnel add %s local 192.0.2.1 remote 192.0.2.2 dev \u009e "
         "description \u009b31m" % name)
    done("clamp add dev " + name)
    done("filter set %s allow-src-rx 10.0.0.0/8" % name)
    text = done("-j export")
    same(list(json.loads(text)["tunnels"]), [name], "export")
    done("tunnel set %s dev \u009ex" % name)
    said = [mtctl(words, text) for words in (
        "-d tunnel show", "-d tunnel list", "-d clamp show", "filter show",
        "health show", "-d apply -f - -dry-run", "apply -f /dev/null -prune",
        "tunnel add " + name, "tunnel del x" + name, name + " show",
        "tunnel set %s %s 1" % (name, name))]
    for status, out, err in said:
        same([c for c in out + err
              if c != "\n" and (c < " " or "\x7f" <= c < "\xa0")], [],
             "what controls a terminal in %r" % (out + err))
        expect(out or err, "nothing is said, status %d", status)


NOBODY = """
import os, socket
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
other.bind(b"\\0mtctl apply".ljust(108, b"\\0"))
print("bound", flush=True)
input()
"""


def locked():
    """Two at once: the second one has to wait for its turn."""
    many_more = tunnels(**{"m%d" % i: "remote: 198.51.100.9, key: %d" % i
                           for i in range(400)})
    with subprocess.Popen([MTCTL, "apply", "-f", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, encoding="utf-8") as first:
        first.stdin.write(many_more)
        first.stdin.close()
        end = time.monotonic() + WAIT
        while not os.path.exists("/sys/class/net/m0") and \
                time.monotonic() < end:
            time.sleep(0.001)
        first.send_signal(signal.SIGSTOP)
        try:
            refused(tunnels(a="remote: 198.51.100.1"), 1,
                    "another mtctl apply is at work")
            done("apply -f - -dry-run", tunnels(a="remote: 198.51.100.1"))
        finally:
            first.send_signal(signal.SIGCONT)
        same(first.stdout.read().splitlines()[-1:], [counts(400)],
             "the first one")
    text = "apply -f /dev/null -prune\n"
    out = done("-b -", 2 * text).splitlines()
    same((out[400:401], out[401:]), ([counts(removed=400)], [counts()]),
         "in a batch, twice")


def lock_held():
    """Nobody without privileges can be in the way, and no lock is no apply."""
    with subprocess.Popen([sys.executable, "-c", NOBODY], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, encoding="utf-8") as other:
        same(other.stdout.readline(), "bound\n", "a socket of nobody")
        apply("", [counts()])
        text = "flock -n /run/mtun/apply-$(stat -Lc %i /proc/self/ns/net) true"
        status = run("setpriv", "--reuid", "65534", "--clear-groups", "--regid",
                     "65534", "sh", "-c", text)[0]
        expect(status != 0, "nobody has the lock")
        same(run("sh", "-c", text)[0], 0, "status of root's flock")
        other.communicate("\n")
    status, out, err = run(
        "unshare", "-m", "sh", "-c",
        "mount -t tmpfs -o ro tmpfs /run && exec %s apply -f /dev/null" % MTCTL)
    same((status, out), (1, ""), "status without a place for the lock")
    expect("/run/mtun/apply-" in err and "second mtctl apply: Read-only file "
           "system" in err, "it says %r", err)


FILTERED = """
defaults: {tunnel: {local: 192.0.2.1, filter: {allow-dst-tx: 10.0.0.0/8}}}
tunnels:
  a: {remote: 198.51.100.1, filter: {allow-src-rx: [10.1.0.0/16, 2001:db8::/32]}}
  b: {remote: 198.51.100.2}
  c: {remote: 198.51.100.3, filter: {allow-dst-tx: any}}
"""


def filters():
    """A filter is the tunnel's that it stands in, and goes with it."""
    def there():
        return {f["ifname"]: (f["allow_src_rx"], f["allow_dst_tx"])
                for f in json.loads(done("-j filter show"))}

    apply(FILTERED, ["+ tunnel %s  GRE over IPv4  192.0.2.1 -> 198.51.100.%d" %
                     (name, i + 1) for i, name in enumerate("abc")] +
          ["+ filter a  allow-src-rx 10.1.0.0/16,2001:db8::/32  "
           "allow-dst-tx 10.0.0.0/8",
           "+ filter b  allow-dst-tx 10.0.0.0/8", counts(5)])
    same(there(), {"a": (["10.1.0.0/16", "2001:db8::/32"], ["10.0.0.0/8"]),
                   "b": ([], ["10.0.0.0/8"])}, "filters")
    apply(FILTERED, [counts(unchanged=5)], "-prune")
    for form in "", "-j ":
        text = done(form + "export")
        apply(text, [counts(unchanged=5)], "-prune")
        same(yaml.safe_load(text)["tunnels"]["b"]["filter"],
             {"allow-dst-tx": ["10.0.0.0/8"]}, form + "export")
    # Set by hand, and the file's again
    done("filter set a allow-src-tx 10.9.0.0/16 allow-dst-tx 10.8.0.0/16")
    done("filter set c allow-src-rx 10.7.0.0/16")
    apply(FILTERED, ["~ filter a  allow-src-tx 10.9.0.0/16 -> any  "
                     "allow-dst-tx 10.8.0.0/16 -> 10.0.0.0/8",
                     "- filter c  allow-src-rx 10.7.0.0/16",
                     counts(changed=1, removed=1, unchanged=4)])
    # Without the tunnel it is not the file's, whatever it was
    text = tunnels(b="remote: 198.51.100.2", c="remote: 198.51.100.3")
    apply(text, ["- filter b  allow-dst-tx 10.0.0.0/8", counts(
        removed=1, unchanged=2, more=", 2 not in the file and left")])
    same(list(there()), ["a"], "filters left")
    # Nothing is done where anything is refused.
    done("filter set b allow-src-rx 10.5.0.0/16")
    text = FILTERED.replace("  c:", "  new:")
    run("ip", "link", "add", "new", "type", "dummy")
    refused(text, 1, "name new is taken", options="-prune")
    same(there(), {"a": (["10.1.0.0/16", "2001:db8::/32"], ["10.0.0.0/8"]),
                   "b": (["10.5.0.0/16"], [])}, "filters where another thing was refused")
    run("ip", "link", "del", "new")
    apply("", ["- tunnel %s  GRE over IPv4  192.0.2.1 -> 198.51.100.%d" %
               (name, i + 1) for i, name in enumerate("abc")] +
          ["- filter a  allow-src-rx 10.1.0.0/16,2001:db8::/32  "
           "allow-dst-tx 10.0.0.0/8", "- filter b  allow-src-rx 10.5.0.0/16",
           counts(removed=5)], "-prune")
    # Ten thousand prefixes
    prefixes = ["10.%d.%d.0/24" % (i // 250, i % 250) for i in range(10000)]
    text = tunnels(a="remote: 198.51.100.1, filter: {allow-src-rx: [%s]}" %
                   ", ".join(prefixes))
    apply(text, ["+ tunnel a  GRE over IPv4  192.0.2.1 -> 198.51.100.1",
                 "+ filter a  allow-src-rx 10.0.0.0/24,10.0.1.0/24,10.0.2.0/24,"
                 "10.0.3.0/24 and 9996 more", counts(2)])
    same(sorted(there()["a"][0]), sorted(prefixes), "10000 prefixes")
    apply(text, [counts(unchanged=2)])
    apply(done("export"), [counts(unchanged=2)])


# A tunnel that may be watched in one way only
WATCHED = (
    "remote: 198.51.100.1, health: {mode: probe}",
    "remote: 198.51.100.1, anycast: on, "
    "health: {mode: probe, direction: uni, source: 192.0.2.9}",
    "remote: 198.51.100.1, health: {mode: keepalive}",
    "remote: 198.51.100.1, iseq: on, "
    "health: {mode: probe, direction: uni, target: 192.0.2.9}",
    "local: '::1', remote: '::2', "
    "health: {mode: probe, direction: uni, target: '::9'}",
)


def watched():
    """From each of them to each other one, whatever has to be first."""
    def health():
        return json.loads(done("-j health show a"))[0]

    for i, old in enumerate(WATCHED):
        for j, new in enumerate(WATCHED):
            done("apply -f -", tunnels(a=old))
            before = tunnel("a")["ifindex"]
            out = done("apply -f -", tunnels(a=new)).splitlines()
            n = (old != new) + (old.split("health")[0] != new.split("health")[0])
            same(out[-1], counts(changed=n, unchanged=2 - n),
                 "from %d to %d" % (i, j))
            apply(tunnels(a=new), [counts(unchanged=2)])
            same(tunnel("a")["ifindex"], before, "it is the same device")
    done("apply -f -", tunnels(a=WATCHED[0]))
    before = health()
    run("ip", "link", "add", "new", "type", "dummy")
    for text in WATCHED[1:]:
        refused(tunnels(a=text, new="remote: 198.51.100.2"), 1,
                "name new is taken")
        same(health(), before, "health after all was undone")
    run("ip", "link", "del", "new")


STEERED = """
tunnels:
  a: {local: 192.0.2.1, remote: 198.51.100.1, health: {mode: probe},
      steer: {routes: [203.0.113.0/24, '2001:db8:f::/48'], table: 7}}
  b: {local: 192.0.2.1, remote: 198.51.100.2, steer: {routes: 0.0.0.0/0}}
detect: {syn-flood: 7}
"""


def steered():
    """What only programs know is kept, if the file is told that has it."""
    want = {"a": {"routes": ["203.0.113.0/24", "2001:db8:f::/48"], "table": 7},
            "b": {"routes": ["0.0.0.0/0"]}}
    done("apply -f -", STEERED)
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as file:
        file.write(STEERED)
        file.flush()
        for form in "", "-j ":
            text = done(form + "export")
            expect("steer" not in text and "detect" not in text,
                   "known without a file: %r", text)
            text = done(form + "export -f " + file.name)
            got = yaml.safe_load(text)
            same(({name: t.get("steer") for name, t in got["tunnels"].items()},
                  got["detect"]), (want, {"syn-flood": 7}), form + "export -f")
            apply(text, [counts(unchanged=3)], "-prune")
        # That is whole: exported with it, it is the same.
        file.seek(0)
        file.write(text)
        file.truncate()
        file.flush()
        same(done("-j export -f " + file.name), text, "exported again")
        done("tunnel del b")
        status, out, err = mtctl("export -f " + file.name)
        same((status, list(yaml.safe_load(out)["tunnels"])), (0, ["a"]),
             "without one of them")
        expect("there is no tunnel b" in err, "it says %r", err)
        file.write("x")
        file.flush()
        same(mtctl("export -f " + file.name)[:2], (2, ""), "a file that is wrong")


MANY = 1000


def many():
    """A thousand: made, the same, one of them changed, exported, removed."""
    wanted = {"m%d" % i: "remote: 198.51.%d.%d, key: %d" %
              (i // 250, i % 250 + 1, i) for i in range(MANY)}
    out = done("apply -f -", tunnels(**wanted)).splitlines()
    same((len(out), out[-1]), (MANY + 1, counts(MANY)), "made")
    apply(tunnels(**wanted), [counts(unchanged=MANY)])
    text = done("export")
    apply(text, [counts(unchanged=MANY)], "-prune")
    same(len(yaml.safe_load(text)["tunnels"]), MANY, "exported")
    wanted["m500"] += ", ttl: 5"
    apply(tunnels(**wanted), ["~ tunnel m500  ttl 64 -> 5",
                              counts(changed=1, unchanged=MANY - 1)])
    out = done("apply -f /dev/null -prune").splitlines()
    same(out[-1], counts(removed=MANY), "removed")
    same(state(), ([], []), "after that")


CASES = (added, again, changed, namespace, removed, taken_over, rolled_back,
         invalid, places, round_trip, up, together, not_text, plain, locked,
         lock_held, filters, watched, steered, many)


for function in CASES:
    case(function.__name__, function, clear)
