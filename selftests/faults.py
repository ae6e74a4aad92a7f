# SPDX-License-Identifier: GPL-2.0
"""Functions of the kernel that fail, by the module $FAULT (fault/failret.ko)."""
import os
import subprocess


class Skip(Exception):
    """This kernel, or this build, cannot do it."""


class Fails:
    """A function of the kernel that fails for packets of a device, as long as the
    block lasts"""

    def __init__(self, func, dev, value):
        self.args = ["func=" + func, "dev=" + dev, "value=%d" % value]

    def __enter__(self):
        module = os.environ["FAULT"]
        if not os.path.exists(module):
            raise Skip("%s is not built" % module)
        done = subprocess.run(["insmod", module] + self.args,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Skip("no kretprobes here: " + done.stderr.strip())

    def __exit__(self, *_):
        subprocess.run(["rmmod", "failret"], check=True)
