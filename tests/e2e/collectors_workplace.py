# SPDX-License-Identifier: Apache-2.0
"""What tests of collectors share: a configuration, `trimtab check` on it, and values of the newest round."""
import subprocess

import harness


class CollectorsWorkplace(harness.Workplace):
    def trimtab(self, *arguments, **keywords):
        server = super().trimtab(*arguments, **keywords)
        self.addCleanup(server.http.close)
        return server

    def value(self, server, expression):
        """The newest value of an expression, or None."""
        data = server.http.get_json("/api/v1/query", query=expression)["data"]["result"]
        return float(data[0]["value"][1]) if data else None

    def configure(self, text):
        path = self.path("trimtab.yaml")
        with open(path, "w") as file:
            file.write(text)
        return ("--no-host", "--config", path)

    def check(self, text):
        """(exit code, all words) of `trimtab check`."""
        self.configure(text)
        done = subprocess.run([harness.ARGS.binary, "check", self.path("trimtab.yaml")], text=True,
                              capture_output=True, timeout=60)
        return done.returncode, done.stdout + done.stderr
