# SPDX-License-Identifier: Apache-2.0
"""What `make run` shows: the packaged sample's brief names the entity that the data set's label blames
among its first three findings, without having been told."""
import glob
import json
import os
import subprocess

import harness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Sample(harness.Workplace):
    def test_brief_names_the_blamed_entity_among_the_first_three(self):
        server = self.start(harness.Trimtab(self.path("data"), arguments=("--sample", "--no-host"))).wait_ready(60)
        brief = harness.wait_until(lambda: self.ready_brief(server), 60, "the first brief")
        target = json.load(open(glob.glob(os.path.join(ROOT, "samples", "petshop", "**", "target.json"), recursive=True)[0]))
        blamed = target["root_cause"]["node"]
        first = [f["entity"] for f in brief["findings"][:3]]
        self.assertTrue(any(blamed in json.dumps(e) for e in first), f"{blamed} is not among {first}")
        # The terminal gets the same brief, in words, once it is written.
        harness.wait_until(lambda: blamed.split("_AWS")[0] in server.log(), 60, "the brief on the terminal")
        page = server.http.get("/")
        self.assertEqual(page[0], 200)
        self.assertIn(b"<svg", page[2])
        self.assertNotIn(b"http://", page[2].replace(b"http://www.w3.org", b"").replace(b"http://127.0.0.1", b""))

    @staticmethod
    def ready_brief(server):
        brief = server.http.get_json("/api/trimtab/brief", format="json")
        return brief if brief.get("findings") else None

    def test_each_audience_and_format_answers(self):
        server = self.start(harness.Trimtab(self.path("data"), arguments=("--sample", "--no-host"))).wait_ready(60)
        harness.wait_until(lambda: self.ready_brief(server), 60, "the first brief")
        for audience in ("developer", "lead", "head"):
            for form in ("text", "json", "html", "markdown"):
                done = subprocess.run([harness.ARGS.binary, "brief", "--server", f"http://127.0.0.1:{server.port}",
                                       "--for", audience, "--format", form], capture_output=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertGreater(len(done.stdout), 200)
                if form == "json":
                    json.loads(done.stdout)


if __name__ == "__main__":
    harness.main()
