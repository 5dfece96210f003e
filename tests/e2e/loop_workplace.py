# SPDX-License-Identifier: Apache-2.0
"""What tests of the closed loop share: a server with collectors, and the verbs a person uses."""
import json
import os
import subprocess

import harness
from harness import wait_until

ENDED = ("kept", "rolled_back", "inconclusive", "failed")


class LoopWorkplace(harness.Workplace):
    def serve(self, text, name="data", **keywords):
        """`trimtab serve` with this configuration; the verbs below talk to it."""
        config = self.path(f"{name}.yaml")
        with open(config, "w") as f:
            f.write(text)
        self.server = self.trimtab(name, arguments=("--no-host", "--config", config), **keywords)
        return self.server

    def verb(self, *arguments, expect=0):
        """Standard output of one verb against the running server."""
        done = subprocess.run([harness.ARGS.binary, *arguments, "--server", f"http://127.0.0.1:{self.server.port}"],
                              capture_output=True, text=True, env=dict(os.environ, USER="tester"))
        self.assertEqual(done.returncode, expect, f"{arguments}: {done.stderr}{done.stdout}\n{self.server.log()[-3000:]}")
        return done.stdout

    def propose(self, idea):
        path = self.path("idea.json")
        with open(path, "w") as f:
            json.dump(idea, f)
        return json.loads(self.verb("propose", path, "--format", "json"))["id"]

    def changes(self):
        return {c["title"]: c for c in json.loads(self.verb("changes", "--format", "json"))}

    def wait_change(self, seconds):
        """The only change there is, once it has ended."""
        def ended():
            changes = list(self.changes().values())
            self.assertEqual(len(changes), 1)
            return changes[0] if changes[0]["state"] in ENDED else None

        return wait_until(ended, seconds, "verdict", pause=1)
