# SPDX-License-Identifier: Apache-2.0
"""What tests of the closed loop inside a virtual machine share: a server that collects the machine, groups, verbs."""
import json
import shlex
import time

import harness
from harness import wait_until
from loop_workplace import ENDED
from virtual_machine import VirtualMachine

GROUPS = "/sys/fs/cgroup"


class MachineWorkplace(harness.Workplace):
    def begin(self, files=(), programs=(), more_configuration=""):
        """The machine with Trimtab in it; `files` and `programs`: what else it holds, see VirtualMachine."""
        began = time.time()
        self.machine = VirtualMachine(self, {harness.ARGS.binary: "/bin/trimtab"} | {path: path for path in programs}, files)
        self.machine.sh(f"echo '+cpu +memory +pids' > {GROUPS}/cgroup.subtree_control")
        self.machine.write("/tmp/trimtab.yaml", "host: {interval: 1s, act: true}\nanalysis: {interval: 0s}\nself_scrape: {interval: 0s}\n"
                                                "advice: {interval: 0s}\n" + more_configuration)
        self.start("trimtab", "exec trimtab serve --config /tmp/trimtab.yaml --data-dir /tmp/data")
        wait_until(lambda: self.machine.run("wget -q -O - http://127.0.0.1:7600/-/ready")[1] == 0, 120, "ready", pause=0.5)
        print(f"machine and server ready after {time.time() - began:.0f} s")

    def start(self, name, line, **limits):
        """In a group of its own, as a service manager would."""
        group = f"{GROUPS}/{name}.service"
        self.machine.sh(f"mkdir {group}")
        for property, value in limits.items():
            self.machine.sh(f"echo {value} > {group}/{property.replace('_', '.')}")
        self.machine.sh(f": > /tmp/{name}.done")
        self.machine.sh(f"sh -c {shlex.quote(f'echo 0 > {group}/cgroup.procs; ' + line)} > /tmp/{name}.log 2>&1 &")

    def read(self, name, property):
        """As od prints the bytes of the file."""
        return self.machine.sh(f"od -c {GROUPS}/{name}.service/{property}")

    def verb(self, *arguments, expect=0):
        output, code = self.machine.run(f"USER=tester trimtab {shlex.join(arguments)} 2> /tmp/verb.log")
        self.assertEqual(code, expect, f"{arguments}: {output}\n{self.machine.sh('cat /tmp/verb.log; tail -n 20 /tmp/trimtab.log')}")
        return output

    def ended(self, title):
        def change():
            one = {c["title"]: c for c in json.loads(self.verb("changes", "--format", "json"))}[title]
            return one if one["state"] in ENDED else None
        return wait_until(change, 600, f"verdict on {title}", pause=3)
