# SPDX-License-Identifier: Apache-2.0
"""A full disk (a small tmpfs): writes are refused with 503 and the reason, reads go on, and writing
resumes by itself when space returns. A flipped byte in a data file: reported, nothing else lost."""
import glob
import os
import subprocess
import time

import harness


DAY_AGO_MS = (int(time.time()) - 86400) * 1000


class DiskFull(harness.Workplace):
    def mount(self, mebibytes):
        where = self.path("small")
        os.mkdir(where)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", where], capture_output=True)
        if done.returncode != 0:
            self.skipTest("mounting a tmpfs needs root: " + done.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", where])
        return where

    @staticmethod
    def batch(step, series=500):
        base = DAY_AGO_MS
        return [({"__name__": "fill", "series": str(s)}, [(base + (step * 20 + k) * 1000, step * 1.37 + s / 7 + k * 0.123456789)
                                                           for k in range(20)]) for s in range(series)]

    def test_writes_are_refused_reads_go_on_and_it_recovers(self):
        where = self.mount(96)
        server = self.start(harness.Trimtab(
            os.path.join(where, "data"), arguments=("--no-host", "--store.free-bytes-min=16MiB"),
            log=self.path("server.log"))).wait_ready()
        acknowledged = []
        status = 0
        for step in range(4000):
            status, _, body = harness.remote_write(server.http, self.batch(step))
            if status not in (200, 204):
                break
            acknowledged.append(step)
            if step == 2:
                # Something else eats the disk, down to 3 MiB above the floor.
                free = os.statvfs(where)
                with open(os.path.join(where, "ballast"), "wb") as f:
                    f.write(b"x" * (free.f_bavail * free.f_frsize - (19 << 20)))
        self.assertEqual(status, 503, body)
        self.assertIn(b"disk full", body)
        self.assertGreater(len(acknowledged), 3)
        # Reads go on, nothing acknowledged is gone.
        self.check(server, acknowledged)
        status, _, body = server.http.get("/-/ready")
        self.assertIn(status, (200, 503))
        self.assertEqual(server.http.get("/-/healthy")[0], 200)
        os.unlink(os.path.join(where, "ballast"))
        step = len(acknowledged)

        def writes_again():
            return harness.remote_write(server.http, self.batch(step))[0] in (200, 204)

        harness.wait_until(writes_again, 30, "writing again after space came back", pause=0.3)
        acknowledged.append(step)
        self.check(server, acknowledged)
        self.assertIsNone(server.child.poll())

    def check(self, server, acknowledged):
        found = server.export('{__name__="fill",series="7"}')
        samples = next(iter(found.values()))
        for step in acknowledged:
            for t, v in self.batch(step, series=8)[7][1]:
                self.assertEqual(samples.get(t), v, f"sample of step {step}")


class FlippedByte(harness.Workplace):
    def test_a_corrupt_file_is_reported_and_the_rest_stays_readable(self):
        server = self.trimtab()
        base = (int(time.time()) - 86400) * 1000
        for part in range(8):
            series = [({"__name__": "solid", "series": str(s)}, [(base + k * 1000, (s * 31 + k * 7) % 1000 / 8 + k)
                                                                 for k in range(1200)])
                      for s in range(part * 100, part * 100 + 100)]
            self.assertIn(harness.remote_write(server.http, series)[0], (200, 204))
        self.assertEqual(server.stop(), 0)
        files = sorted(glob.glob(self.path("data", "**", "*.sst"), recursive=True), key=os.path.getsize)
        self.assertTrue(files, "no data file was written at shutdown")
        with open(files[-1], "r+b") as f:
            at = os.path.getsize(files[-1]) // 3
            f.seek(at)
            old = f.read(1)
            f.seek(at)
            f.write(bytes([old[0] ^ 0x40]))
        server = self.start(harness.Trimtab(self.path("data"), arguments=("--no-host",))).wait_ready()
        readable = 0
        refused = 0
        for s in range(0, 800, 5):
            status, _, body = server.http.get("/api/v1/export", **{"match[]": f'solid{{series="{s}"}}'})
            try:
                rows = harness.parse_export(body) if status == 200 else {}
            except ValueError:
                rows = {}
            if rows and len(next(iter(rows.values()))) == 1200:
                readable += 1
            else:
                refused += 1
        self.assertGreater(readable, 100, "most series stay readable")
        self.assertIsNone(server.child.poll(), "no crash")
        print(f"{readable} series readable, {refused} refused or short after one flipped byte")
        self.assertGreater(refused, 0, "the byte is one that counts")
        metrics = server.http.get("/metrics")[2].decode()
        self.assertRegex(metrics, r"corrupt[a-z_]*(\{[^}]*\})? [1-9]")


if __name__ == "__main__":
    harness.main()
