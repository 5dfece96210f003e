# SPDX-License-Identifier: Apache-2.0
"""The closed loop on real control groups (version 2) of a virtual machine's kernel: a quota of CPU and a limit of
memory that are too small are found unaided, raised, proven and kept; a limit that harms is taken back by itself."""
import json
import re
import time

import harness
from harness import wait_until
from machine_workplace import GROUPS, MachineWorkplace

# A piece of work a round; the file has a byte for each.
WORK = "while :; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; printf . >> /tmp/work.done; sleep 0.03; done"
CACHE = "while :; do dd if=/dev/zero of=/dev/null bs=24M count=3 2>/dev/null; printf . >> /tmp/cache.done; sleep 0.1; done"
# It holds its memory until it is read from.
BATCH = "while :; do dd if=/dev/zero bs=24M count=1 2>/dev/null | { sleep 2; cat > /dev/null; }; printf . >> /tmp/batch.done; done"


class CgroupLoop(MachineWorkplace):
    def done(self, name):
        """Pieces of work a second, over ten seconds of the machine's own clock."""
        look = f"echo $(cut -d' ' -f1 /proc/uptime) $(wc -c < /tmp/{name}.done)"
        before = [float(x) for x in self.machine.sh(f"{look}; sleep 10").split()]
        after = [float(x) for x in self.machine.sh(look).split()]
        return (after[1] - before[1]) / (after[0] - before[0])

    def advice(self, property):
        def proposed():
            all = json.loads(self.verb("advise", "--now", "--format", "json"))
            return next((r for r in all if r["state"] == "proposed" and r["action"]["type"] == "linux.cgroup"
                         and property in r["title"]), None)
        return wait_until(proposed, 240, f"advice on {property}", pause=3)

    def apply_and_keep(self, advice):
        began = time.time()
        self.verb("apply", f"R-{advice['id']}", "--yes")
        change = self.ended(advice["title"])
        verdict = change["verdict"]
        self.assertEqual((change["state"], verdict["decision"]), ("kept", "kept"), json.dumps(change, indent=1))
        print(f"{change['title']}: {verdict['decision']} {time.time() - began:.0f} s after consent; {verdict['effect']:+.1%} "
              f"[{verdict['low']:+.1%}, {verdict['high']:+.1%}], expected {advice['expected']['low']:+.1%} to {advice['expected']['high']:+.1%}")
        return change

    def test_small_limits_are_found_raised_proven_and_kept_and_a_harmful_one_is_taken_back(self):
        self.begin()
        self.start("work", WORK, cpu_max="20000 100000")
        self.start("cache", CACHE, memory_high=20 << 20)
        began = time.time()
        cpu_before = self.read("work", "cpu.max")
        slow = {name: self.done(name) for name in ("work", "cache")}

        advice = self.advice("cpu.max")
        print(f"advice after {time.time() - began:.0f} s of load")
        print(self.verb("show", f"R-{advice['id']}"))
        self.assertEqual(self.read("work", "cpu.max"), cpu_before, "looking changes nothing")
        self.apply_and_keep(advice)
        quota, period = map(int, self.machine.sh(f"cat {GROUPS}/work.service/cpu.max").split())
        self.assertEqual(period, 100_000)
        self.assertGreater(quota, 30_000)
        fast = self.done("work")
        print(f"work: {slow['work']:.2f} to {fast:.2f} pieces a second")
        self.assertGreater(fast, 1.5 * slow["work"])

        self.start("batch", BATCH)
        advice = self.advice("memory.high")
        self.apply_and_keep(advice)
        self.assertEqual(self.machine.sh(f"cat {GROUPS}/cache.service/memory.high"), f"{30 << 20}\n")
        fast = self.done("cache")
        print(f"cache: {slow['cache']:.2f} to {fast:.2f} pieces a second")
        self.assertGreater(fast, 1.5 * slow["cache"])

        # An idea that reaches its aim, less memory, and harms.
        before = self.read("batch", "memory.high")
        own = '{cgroup="/batch.service"}'
        idea = {"title": "less memory for the batch", "entity": "container/batch",
                "action": {"type": "linux.cgroup", "target": "linux/host",
                           "parameters": {"group": "batch.service", "property": "memory.high", "value": str(8 << 20)}},
                "verify": {"step_ms": 4000, "before_ms": 60000, "observe_min_ms": 60000, "observe_max_ms": 180000, "minimum_effect": 0.1,
                           "target": {"title": "memory in use", "unit": "bytes", "worse": "up",
                                      "expression": f"container_memory_usage_bytes{own}"},
                           "guards": [{"measure": {"title": "waiting for memory", "unit": "ratio", "worse": "up",
                                                   "expression": f"rate(container_pressure_memory_waiting_seconds_total{own}[{{{{.step}}}}])"},
                                       "harm_max": 0.5, "harm_min_absolute": 0.1}]}}
        self.machine.write("/tmp/idea.json", json.dumps(idea))
        number = json.loads(self.verb("propose", "/tmp/idea.json", "--format", "json"))["id"]
        self.verb("apply", f"R-{number}", "--yes")
        change = self.ended(idea["title"])
        verdict = change["verdict"]
        self.assertEqual((change["state"], verdict["decision"]), ("rolled_back", "rolled_back"), json.dumps(change, indent=1))
        self.assertIn("guard: waiting for memory", verdict["reason"])
        self.assertEqual(self.read("batch", "memory.high"), before, "byte for byte as before")
        print(f"{verdict['reason']}, after {verdict['looks']} looks; back {change['ended_ms'] - verdict['at_ms']} ms after the verdict")
        print(re.sub(r"(?m)^\s*$\n", "", self.verb("plan")))


if __name__ == "__main__":
    harness.main()
