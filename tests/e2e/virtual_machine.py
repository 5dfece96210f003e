# SPDX-License-Identifier: Apache-2.0
"""A small Linux machine of the test's own, emulated by QEMU: a Debian kernel, busybox, and programs with their
libraries, all in one initial RAM file system. What the test's machine mounts, owns or lacks does not matter.

The first serial port is the kernel's console, the second one a shell that the test talks to.
"""
import glob
import os
import platform
import re
import select
import shlex
import subprocess
import time
import unittest

import harness
from harness import need

INIT = b"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir /dev/shm; mount -t tmpfs shm /dev/shm
ip link set lo up; hostname machine
exec 3<>/dev/ttyS1
stty -echo raw <&3
echo READY >&3
lines=0
while IFS= read -r line <&3; do
  eval "$line" </dev/null >&3 2>&1
  echo "@@$((lines+=1))@ $?@@" >&3
done
"""


def find_kernel():
    """Beside the binary, where `make test` unpacks it."""
    if platform.machine() != "x86_64":
        raise unittest.SkipTest("the virtual machine is one for x86_64")
    found = sorted(glob.glob(os.path.dirname(harness.ARGS.binary) + "/kernel/boot/vmlinuz-*"))
    if not found:
        raise unittest.SkipTest("no kernel for a virtual machine: scripts/unpack-kernel build/kernel")
    return found[-1]


class Archive:
    """cpio in the "newc" format that the kernel unpacks (Documentation/driver-api/early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.parts, self.folders, self.number = [], {""}, 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.number += 1
        raw = name.encode() + b"\0"
        fields = (self.number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def folder(self, name):
        if name not in self.folders:
            self.folder(os.path.dirname(name))
            self.folders.add(name)
            self.add(name, 0o40755)

    def file(self, path, data):
        name = path.lstrip("/")
        self.folder(os.path.dirname(name))
        self.add(name, 0o100755, data)

    def program(self, path, name):
        """With the libraries it loads, in their places."""
        with open(path, "rb") as f:
            self.file(name, f.read())
        loads = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", loads):
            if library.lstrip("/") not in self.folders:
                self.folders.add(library.lstrip("/"))
                with open(library, "rb") as f:
                    self.file(library, f.read())

    def write(self, path):
        self.add("TRAILER!!!", 0)
        with open(path, "wb") as f:
            f.writelines(self.parts)


class Refused(AssertionError):
    """A command of the machine's shell failed."""


class VirtualMachine:
    """`programs`: {path here: path there}; `files`: (path there, bytes)."""

    def __init__(self, test, programs, files=(), memory_mb=2048, processors=2):
        emulator, kernel = need("qemu-system-x86_64"), find_kernel()
        archive = Archive()
        for name in ("proc", "sys", "dev", "tmp"):
            archive.folder(name)
        archive.add("dev/console", 0o20600, device=(5, 1))
        archive.program(need("busybox"), "/bin/busybox")
        for here, there in programs.items():
            archive.program(here, there)
        for path, data in files:
            archive.file(path, data)
        archive.file("/init", INIT)
        self.console, initial = test.path("console.log"), test.path("initramfs.cpio")
        archive.write(initial)
        # The check whether timer interrupts arrive fails at random when the emulator gets little CPU time.
        self.child = subprocess.Popen(
            [emulator, "-accel", "tcg,thread=multi", "-m", str(memory_mb), "-smp", str(processors), "-nodefaults", "-display", "none",
             "-no-reboot", "-kernel", kernel, "-initrd", initial, "-append", "console=ttyS0 quiet panic=-1 no_timer_check",
             "-serial", "file:" + self.console, "-serial", "stdio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        test.addCleanup(self.stop)
        self.seen, self.count = b"", 0
        self.until(b"READY\n", 120, "start of the virtual machine")

    def stop(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()

    def until(self, mark, seconds, what):
        """All output up to the mark, which is taken away."""
        end = time.monotonic() + seconds
        while mark not in self.seen:
            ready, _, _ = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))
            more = os.read(self.child.stdout.fileno(), 1 << 16) if ready else b""
            if not more:
                with open(self.console, errors="replace") as f:
                    raise AssertionError(f"{what}: not within {seconds} s; seen {self.seen[-2000:]!r}; console: {f.read()[-2000:]}")
            self.seen += more
        before, _, self.seen = self.seen.partition(mark)
        return before.decode(errors="replace")

    def run(self, line, seconds=120):
        """(output, exit code) of one line of shell."""
        assert "\n" not in line, line
        self.count += 1
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()
        output = self.until(f"@@{self.count}@ ".encode(), seconds, line)
        return output, int(self.until(b"@@\n", 10, line))

    def sh(self, line, expect=0, seconds=120):
        output, code = self.run(line, seconds)
        if code != expect:
            raise Refused(f"{line}: {code}\n{output}")
        return output

    def write(self, path, text):
        self.sh(f"printf %b {shlex.quote(text.encode('unicode_escape').decode())} > {path}")
