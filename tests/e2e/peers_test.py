# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes a real node_exporter and remote-writes to us for minutes: counts and
values agree with Prometheus' own answer."""
import json
import math
import os
import time
import urllib.parse

import harness

MINUTES = float(os.environ.get("TRIMTAB_PEER_MINUTES", "2"))

PROMETHEUS_YML = """
global: {{scrape_interval: 1s, external_labels: {{}}}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
remote_write:
  - url: http://127.0.0.1:{trimtab}/api/v1/write
    queue_config: {{batch_send_deadline: 1s}}
    metadata_config: {{send: true, send_interval: 5s}}
"""


class RealPrometheus(harness.Workplace):
    def test_counts_and_values_agree_with_prometheus(self):
        prometheus = harness.need("prometheus")
        exporter = harness.need("prometheus-node-exporter")
        trimtab = self.trimtab()
        exporter_port, port = harness.free_port(), harness.free_port()
        self.start(harness.Process([exporter, f"--web.listen-address=127.0.0.1:{exporter_port}"], self.path("exporter.log")))
        with open(self.path("prometheus.yml"), "w") as f:
            f.write(PROMETHEUS_YML.format(exporter=exporter_port, trimtab=trimtab.port))
        peer = self.start(harness.Process(
            [prometheus, f"--config.file={self.path('prometheus.yml')}", f"--storage.tsdb.path={self.path('tsdb')}",
             f"--web.listen-address=127.0.0.1:{port}"], self.path("prometheus.log")))
        theirs = harness.Http(port)
        harness.wait_until(lambda: theirs.get("/-/ready")[0] == 200, 60, "Prometheus ready")
        began = time.time()
        time.sleep(MINUTES * 60)
        # Compare a closed window that ended a while ago, so that the queue has drained.
        # Prometheus takes whole seconds, so the window is as many.
        end = round(time.time() - 10, 3)
        start = round(end - int(end - began - 5), 3)
        harness.wait_until(lambda: self.newest(trimtab) > end * 1000, 30, "the remote write queue to drain")
        ours = trimtab.export('{job="node"}', start=f"{start:.3f}", end=f"{end:.3f}")
        reference = self.prometheus_samples(theirs, start, end)
        self.assertGreater(len(reference), 300)
        for key in list(ours):
            ours[key] = self.without_stale_markers(ours[key], reference.get(key, {}), key)
            if not ours[key]:
                del ours[key]
        compared = 0
        for key, samples in reference.items():
            self.assertIn(key, ours)
            self.assertEqual(sorted(samples), sorted(ours[key]), key)
            for t, value in samples.items():
                mine = ours[key][t]
                if mine is None or isinstance(mine, str) or math.isnan(value):
                    self.assertTrue(math.isnan(value), (key, t, mine, value))
                else:
                    self.assertEqual(value, mine, (key, t))
                compared += 1
        self.assertEqual(set(reference), set(ours))
        self.assertGreater(compared, 300 * 60)
        metadata = trimtab.http.get_json("/api/v1/metadata")["data"]
        self.assertEqual(metadata["node_cpu_seconds_total"][0]["type"], "counter")
        self.assertIsNone(peer.child.poll())
        print(f"{len(reference)} series, {compared} samples equal over {MINUTES} minutes")

    def without_stale_markers(self, samples, reference, key):
        """Prometheus keeps to itself the marker that it wrote where a scrape failed; one at the beginning of each gap."""
        kept, after_marker = {}, False
        for t, value in sorted(samples.items()):
            is_marker = value is None and t not in reference
            self.assertFalse(is_marker and after_marker, f"{key} has a second marker in one gap at {t}")
            after_marker = is_marker
            if not is_marker:
                kept[t] = value
        return kept

    @staticmethod
    def newest(trimtab):
        samples = trimtab.export('up{job="node"}')
        return max((max(s) for s in samples.values()), default=0)

    @staticmethod
    def prometheus_samples(http_client, start, end):
        # A range selector at one instant gives raw samples. Its window in 2.42 is closed on the left.
        seconds = round(end - start)
        query = urllib.parse.urlencode({"query": f'{{job="node"}}[{seconds}s]', "time": f"{end:.3f}"})
        status, _, body = http_client.get("/api/v1/query?" + query)
        assert status == 200, body[:500]
        out = {}
        low = round(start * 1000)
        for row in json.loads(body)["data"]["result"]:
            key = tuple(sorted(row["metric"].items()))
            out[key] = {round(t * 1000): float(v) for t, v in row["values"] if round(t * 1000) >= low}
        return out


if __name__ == "__main__":
    harness.main()
