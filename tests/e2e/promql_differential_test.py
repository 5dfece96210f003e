# SPDX-License-Identifier: Apache-2.0
"""PromQL beside a real Prometheus: one data set, the same remote-write bytes into both, thousands of
generated queries, and every answer equal or listed as a deliberate difference.

    promql_differential_test.py --binary build/trimtab [--seed N] [--count N] [--peer-only] [--all]

--peer-only checks the generator: how many queries Prometheus takes, and how many answers hold something.
--all goes on after ten differences.
"""
import argparse
import collections
import os
import random
import re
import sys
import time

import harness
import promql_api_requests as requests
import promql_compare as compare
import promql_data as data
import promql_generator as generator
import promql_probes as probes

OPTIONS = None
SHOWN_MAX = 10


class Prometheus(harness.Process):
    def __init__(self, folder):
        program = harness.need("prometheus")
        self.port = harness.free_port()
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w") as f:
            f.write("global: {evaluation_interval: 1m}\n")
        super().__init__([program, f"--config.file={config}", f"--storage.tsdb.path={os.path.join(folder, 'tsdb')}",
                          f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver"],
                         os.path.join(folder, "prometheus.log"))
        self.http = harness.Http(self.port)
        harness.wait_until(lambda: harness.Http(self.port).get("/-/ready")[0] == 200, 60, "Prometheus ready")


class PromqlDifferential(harness.Workplace):
    def test_generated_queries_agree_with_prometheus(self):
        dataset = data.DataSet(OPTIONS.seed)
        peer = self.start(Prometheus(self.folder))
        ours = None if OPTIONS.peer_only else self.trimtab()
        bodies = list(dataset.batches())
        data.load(peer.http, bodies)
        if ours:
            data.load(ours.http, bodies)
        maker = generator.Generator(random.Random(OPTIONS.seed * 1_000_003 + 7), dataset.metrics)
        counts, found, seen = collections.Counter(), [], collections.Counter()
        seconds = collections.Counter()
        for number in range(OPTIONS.count):
            if ours and number == OPTIONS.count // 2:
                # The second half reads what a clean stop wrote, not the samples of a running head.
                ours.stop()
                ours = self.trimtab()
            tree, window = maker.query()
            query = tree.text()
            began = time.monotonic()
            expected = compare.ask(peer.http, query, window)
            asked = time.monotonic()
            counts["accepted" if not expected.error else "refused"] += 1
            counts["not empty"] += bool(expected.rows)
            counts["cells"] += sum(len(points) for _, points in expected.rows)
            seconds["prometheus"] += asked - began
            if not ours:
                if expected.error:
                    seen[re.sub(r"[\d.]+:[\d.]+|\".*\"|{.*}", "", expected.message)[:90]] += 1
                continue
            answer = compare.ask(ours.http, query, window)
            seconds["trimtab"] += time.monotonic() - asked
            if compare.difference(expected, answer, query, tree.root, tree.exact) is None:
                continue
            counts["different"] += 1
            if len(found) < SHOWN_MAX or OPTIONS.all:
                self.report(peer, ours, tree, window, found)
        counts = dict(counts)
        print(f"seed {OPTIONS.seed}: {OPTIONS.count} queries over {dataset.samples()} samples of {len(dataset.series)} series; "
              + ", ".join(f"{k} {v}" for k, v in counts.items())
              + "".join(f", {k} {v:.1f} s" for k, v in seconds.items()), flush=True)
        for message, number in seen.most_common(25):
            print(f"{number:5} {message}")
        self.assertGreater(counts["accepted"], 0.85 * OPTIONS.count, "the generator makes too many wrong queries")
        self.assertGreater(counts["not empty"], 0.70 * OPTIONS.count, "the generator makes too many empty answers")
        self.assertEqual(counts.get("different", 0), 0, "answers differ from Prometheus, shown above")

    def report(self, peer, ours, tree, window, found):
        """Shrinks the query, then a range to one instant, and prints both answers once per smallest text."""
        def differs_in(at):
            def differs(candidate):
                text = candidate.text()
                return compare.difference(compare.ask(peer.http, text, at), compare.ask(ours.http, text, at), text, candidate.root, candidate.exact)
            return differs

        small = generator.shrink(tree, differs_in(window))
        for step in range(window.count if window.step_ms else 0):
            instant = generator.Window(window.start_ms + step * window.step_ms)
            if differs_in(instant)(small):
                window = instant
                break
        text = small.text()
        expected, answer = compare.ask(peer.http, text, window), compare.ask(ours.http, text, window)
        why = compare.difference(expected, answer, text, small.root, small.exact)
        if text in found:
            return
        found.append(text)
        print(f"\n--- {text}\n  at {window} (seed {OPTIONS.seed}, shrunk from {tree.text()})\n  {why}\n"
              f"  prometheus: {expected}\n  trimtab:    {answer}", flush=True)

    def test_requests_are_read_and_refused_as_prometheus_does(self):
        dataset = data.DataSet(1)
        peer = self.start(Prometheus(self.folder))
        ours = None if OPTIONS.peer_only else self.trimtab()
        bodies = list(dataset.batches())
        for server in [peer] + ([ours] if ours else []):
            data.load(server.http, bodies)
        for method, path, pairs in requests.every():
            expected = requests.send(peer.http, method, path, pairs)
            if not ours:
                print(method, path, pairs, str(expected)[:100])
                continue
            with self.subTest(method + " " + path, pairs=pairs):
                self.assertEqual(expected, requests.send(ours.http, method, path, pairs))

    def test_deliberate_differences_are_real_and_documented(self):
        documented = probes.documented_titles()
        self.assertEqual(documented, [p.title for p in probes.DELIBERATE], "docs/promql.md and promql_probes.py list different things")
        peer = self.start(Prometheus(self.folder))
        ours = None if OPTIONS.peer_only else self.trimtab()
        for server in [peer] + ([ours] if ours else []):
            data.load(server.http, probes.bodies())
        for difference in probes.DELIBERATE:
            for probe in difference.probes:
                with self.subTest(difference.title, query=probe.query):
                    self.assertEqual(probe.prometheus, probes.short(compare.ask(peer.http, probe.query, probe.window)))
                    if ours:
                        self.assertEqual(probe.trimtab, probes.short(compare.ask(ours.http, probe.query, probe.window)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--peer-only", action="store_true")
    parser.add_argument("--all", action="store_true")
    OPTIONS, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    harness.main()
