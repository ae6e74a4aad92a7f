# SPDX-License-Identifier: GPL-2.0
"""Cases that are functions, for read_cases and case_test of lib.sh: each runs
mtctl, looks at what it says and does, and is a line "CASE ok" or "CASE bad TEXT".
"""
import os
import subprocess

MTCTL = os.environ["MTCTL"]
WAIT = float(os.environ.get("WAIT_TIMEOUT", "30"))

# How long a command may take, and what is made of output that is not UTF-8
limits = {"timeout": WAIT, "errors": "strict"}

problems = []


def complain(text, *args):
    problems.append(text % args)


def expect(good, text, *args):
    if not good:
        complain(text, *args)


def same(got, want, what):
    expect(got == want, "%s: got %r, expected %r", what, got, want)


def run(*words, stdin=""):
    done = subprocess.run(words, input=stdin, encoding="utf-8", check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **limits)
    return done.returncode, done.stdout, done.stderr


def mtctl(words, stdin=""):
    return run(MTCTL, *words.split(), stdin=stdin)


def done(words, stdin=""):
    """A command that must succeed without a word of complaint."""
    status, out, err = mtctl(words, stdin)
    expect(status == 0 and not err, "mtctl %s: status %d, %s", words, status,
           err.strip())
    return out


def case(name, *steps):
    """Calls the steps one after another."""
    problems.clear()
    try:
        for step in steps:
            step()
    except Exception as error:  # the other cases still can be run
        complain("%s: %s", type(error).__name__, error)
    text = " | ".join(problems).replace("\n", "\\n")
    print(name, "bad " + text if text else "ok", flush=True)
