# SPDX-License-Identifier: Apache-2.0
"""PromQL range queries, Trimtab beside prometheus and victoria-metrics in one run: the same remote-write
bytes into each, the same queries to each, answers compared before a time is printed. The measure is CPU
time of the server process per query (user + system), so that a busy machine is fair to all; wall time and
peak memory stand beside it.

    bench/promql.py --binary build/trimtab --loadgen build/bench/loadgen [--series 5000] [--hours 6] [--json FILE]

Prometheus' answers must equal ours within 1e-9 for every query (topk of rates: whichever of equal values). victoria-metrics takes the sample before
the window into rate() and has its own rules for missing samples: where it means something else by a
function only the label sets of its answer are compared (for topk of such values only the number of cells), and
the table says so.
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
import harness  # noqa: E402

CLOCK = os.sysconf("SC_CLK_TCK")
STEP_MS = 15_000          # between samples
WARM_UP_S = 900           # data before the first window
# Samples, query times and the minutes of subqueries lie apart: the edges of windows do not matter.
SAMPLES_OFF_MS = 3_111
OFF_GRID_MS = 7_137
SAMPLES_PER_REQUEST = 30  # of one series
ROUNDS = 3                # of which the median is taken
CPU_WANTED_S = 0.2        # measured time that ends a round
REPETITIONS_MAX = 400     # of a query in a round
SECONDS_MAX = 7           # of wall time of a round; no further round once single queries took as much together
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# What of victoria-metrics' answer must be as ours.
VALUES, ORDERED, LABELS, CELLS = "=", "values in order =", "label sets =", "number of cells ="

# (name, query, what to compare with victoria-metrics, windows). Windows: hours and step.
ALL = [(1, 15), (1, 60), (6, 15), (6, 60)]
QUERIES = [
    ("selector, 1 series", 'memory_bytes{pod="pod-00007"}', VALUES, ALL),
    ("selector, 100 series", 'memory_bytes{rack="0"}', VALUES, ALL),
    # The answer of 6 h at 15 s is one of JSON, hundreds of MB of it.
    ("selector, 1 of 10 series", 'http_requests_total{status="200"}', VALUES, [(1, 15), (1, 60), (6, 60)]),
    ("rate, 100 series of the rack", 'rate(http_requests_total{rack="0",method="GET",status="200"}[5m])', LABELS, ALL),
    ("rate, 1 of 10 series", 'rate(http_requests_total{status="200"}[5m])', LABELS, [(1, 60), (6, 60)]),
    ("sum of all gauges", "sum(memory_bytes)", VALUES, ALL),
    ("sum by (job) of rate", "sum by (job) (rate(http_requests_total[5m]))", LABELS, ALL),
    ("max by (cluster) of max_over_time", "max by (cluster) (max_over_time(queue_seconds[10m]))", VALUES, ALL),
    ("histogram_quantile of sum by (le)", "histogram_quantile(0.99, sum by (le) (rate(request_duration_seconds_bucket[5m])))", LABELS, ALL),
    ("histogram_quantile of sum by (job, le)",
     "histogram_quantile(0.99, sum by (job, le) (rate(request_duration_seconds_bucket[5m])))", LABELS, [(1, 60), (6, 60)]),
    ("quantile_over_time", 'quantile_over_time(0.9, cpu_ratio{rack="0"}[10m])', VALUES, ALL),
    ("topk", "topk(5, cpu_ratio)", VALUES, ALL),
    ("topk of rate", "topk(5, sum by (pod) (rate(http_requests_total[5m])))", CELLS, [(1, 60), (6, 60)]),
    ("join with group_left",
     "sum by (version) (cpu_ratio * on (pod, instance) group_left (version) pod_info)", VALUES, ALL),
    ("regular expressions", 'sum(http_requests_total{pod=~"pod-0.*[13579]",job=~"service-(1|2|3)[0-9]?",status!~"5.."})', VALUES, ALL),
    ("subquery", 'max_over_time(sum by (job) (rate(http_requests_total{cluster="cluster-1"}[5m]))[10m:1m])', LABELS, [(1, 60), (6, 60)]),
]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def status_bytes(pid, field):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0


class Server:
    def __init__(self, name, folder, binary):
        self.name, self.port = name, harness.free_port()
        folder = os.path.join(folder, name)
        os.makedirs(folder)
        data, listen = os.path.join(folder, "data"), f"127.0.0.1:{self.port}"
        ready = "/-/ready"
        if name == "trimtab":
            command = [binary, "serve", "--data-dir", data, "--listen", listen, "--no-host"]
        elif name == "prometheus":
            config = os.path.join(folder, "prometheus.yml")
            with open(config, "w") as f:
                f.write("global: {}\n")
            command = [harness.need("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={data}",
                       f"--web.listen-address={listen}", "--web.enable-remote-write-receiver",
                       "--query.max-samples=1000000000", "--query.timeout=10m"]
        else:
            ready = "/health"
            command = [harness.need("victoria-metrics"), f"-storageDataPath={data}", f"-httpListenAddr={listen}",
                       "-retentionPeriod=100y", "-search.disableCache", "-search.latencyOffset=0s",
                       "-search.maxQueryDuration=10m", "-search.maxUniqueTimeseries=2000000"]
        self.process = harness.Process(command, os.path.join(folder, "log"))
        self.pid = self.process.child.pid
        harness.wait_until(lambda: harness.Http(self.port).get(ready)[0] == 200, 60, f"{name} ready")
        self.http = harness.Http(self.port, timeout=600)

    def query(self, query, start_ms, end_ms, step_s):
        parameters = {"query": query, "start": f"{start_ms / 1000:.3f}", "end": f"{end_ms / 1000:.3f}", "step": step_s}
        if self.name == "victoria-metrics":
            parameters["nocache"] = 1
        status, _, body = self.http.request("POST", "/api/v1/query_range", urllib.parse.urlencode(parameters), FORM)
        if status != 200:
            raise RuntimeError(f"{self.name}: {query}: {status} {body[:300]!r}")
        return body

    def settle(self, seconds_max=300):
        """Waits until background work (compaction, merges, seals) has ended."""
        if self.name == "victoria-metrics":
            self.http.get("/internal/force_flush")
        end = time.monotonic() + seconds_max
        while time.monotonic() < end:
            before = cpu_seconds(self.pid)
            time.sleep(2)
            if cpu_seconds(self.pid) - before < 0.1:
                return
        print(f"{self.name} did not come to rest within {seconds_max} s", file=sys.stderr)

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w") as f:
            f.write("5")


def rows_of(body):
    """{labels without the name: {time_ms: value}}; victoria-metrics keeps names where others drop them."""
    out = {}
    for row in json.loads(body)["data"]["result"]:
        labels = tuple(sorted((k, v) for k, v in row["metric"].items() if k != "__name__"))
        out[labels] = {round(t * 1000): float(v) for t, v in row["values"]}
    return out


def by_time(rows):
    """{time: {rank: value}}"""
    out = {}
    for points in rows.values():
        for t, value in points.items():
            out.setdefault(t, []).append(value)
    return {t: dict(enumerate(sorted(values))) for t, values in out.items()}


def compare(expected, ours, what):
    """None or what differs first."""
    if what == CELLS:
        counts = [sum(map(len, rows.values())) for rows in (expected, ours)]
        return None if counts[0] == counts[1] else f"cells: {counts[0]} and {counts[1]}"
    if what == ORDERED:  # topk: which of two that tie by chance is kept is open
        expected, ours = by_time(expected), by_time(ours)
    if set(expected) != set(ours):
        return f"label sets: {len(expected)} and {len(ours)}, {sorted(set(expected) ^ set(ours))[:2]}"
    if what == LABELS:
        return None
    for labels, points in expected.items():
        if points.keys() != ours[labels].keys():
            return f"times of {labels}: {len(points)} and {len(ours[labels])}"
        for t, value in points.items():
            other = ours[labels][t]
            if not (math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12) or math.isnan(value) and math.isnan(other)):
                return f"{labels} at {t}: {value} and {other}"
    return None


def measure(server, query, start_ms, end_ms, step_s):
    """(CPU seconds, wall seconds) a query already asked once: the median of rounds, for background work falls
    into single ones."""
    rounds = []
    while len(rounds) < ROUNDS and sum(seconds for _, seconds in rounds) < SECONDS_MAX:
        began, before, count = time.monotonic(), cpu_seconds(server.pid), 0
        while True:
            server.query(query, start_ms, end_ms, step_s)
            count += 1
            cpu, wall = cpu_seconds(server.pid) - before, time.monotonic() - began
            if cpu >= CPU_WANTED_S or wall >= SECONDS_MAX or count >= REPETITIONS_MAX:
                break
        rounds.append((cpu / count, wall / count))
    return sorted(rounds)[len(rounds) // 2]


def load(arguments, server, start_ms):
    passes = math.ceil((arguments.hours * 3600 + WARM_UP_S) * 1000 / STEP_MS / SAMPLES_PER_REQUEST)
    before = cpu_seconds(server.pid)
    done = subprocess.run(
        [arguments.loadgen, "--port", str(server.port), "--shape", "fleet", "--series", str(arguments.series), "--per-request", "1000",
         "--connections", "1", "--samples-per-series", str(SAMPLES_PER_REQUEST), "--passes", str(passes), "--start-ms", str(start_ms),
         "--step-ms", str(STEP_MS)], capture_output=True, text=True)
    result = json.loads(done.stdout)
    if result["failures"]:
        raise SystemExit(f"{server.name}: {result['failures']} requests failed, last with {result['last_failure']}")
    server.settle()
    print(f"{server.name}: {result['samples'] / 1e6:.1f} M samples in {result['seconds']:.0f} s, "
          f"{cpu_seconds(server.pid) - before:.0f} CPU s, peak {status_bytes(server.pid, 'VmHWM') / 2**20:.0f} MiB", file=sys.stderr, flush=True)
    return result["samples"]


def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values)) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--loadgen", required=True)
    parser.add_argument("--series", type=int, default=5_000, help="a multiple of 1000; full scale is 100000")
    parser.add_argument("--hours", type=float, default=6)
    parser.add_argument("--servers", nargs="*", default=["trimtab", "prometheus", "victoria-metrics"])
    parser.add_argument("--only", help="queries whose name contains this")
    parser.add_argument("--scratch", help="folder for data directories; default: the system's temporary folder")
    parser.add_argument("--json", help="also append the rows as JSON lines to this file")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)
    folder = tempfile.mkdtemp(prefix="trimtab-bench-", dir=arguments.scratch)
    servers, rows, wrong, highest = [], [], 0, {}
    try:
        end_ms = int(time.time()) // 60 * 60_000 - 60_000
        start_ms = end_ms - int(arguments.hours * 3600 + WARM_UP_S) * 1000 + SAMPLES_OFF_MS
        for name in arguments.servers:
            servers.append(Server(name, folder, arguments.binary))
            samples = load(arguments, servers[-1], start_ms)
        print(f"\n{arguments.series} series, {samples / 1e6:.1f} M samples, {arguments.hours:g} h at {STEP_MS // 1000} s. CPU milliseconds a query, (wall).\n")
        print("| query | window | step | " + " | ".join(arguments.servers) + " | " + " | ".join(f"{n} / trimtab" for n in arguments.servers[1:])
              + " | answers |")
        print("|---|---|---|" + "---|" * len(arguments.servers) + "---|" * (len(arguments.servers) - 1) + "---|")
        for name, query, in_victoria, windows in QUERIES:
            if arguments.only and arguments.only not in name:
                continue
            for hours, step_s in windows:
                if hours > arguments.hours:
                    continue
                at = end_ms - OFF_GRID_MS
                window = (at - hours * 3600_000, at, step_s)
                remarks, cells, cpu, wall, ours = [], 0, {}, {}, None
                for server in servers:
                    answer = rows_of(server.query(query, *window))
                    if ours is None:
                        ours, cells = answer, sum(map(len, answer.values()))
                        continue
                    in_prometheus = ORDERED if in_victoria == CELLS else VALUES
                    what = in_prometheus if server.name == "prometheus" else in_victoria
                    problem = compare(answer, ours, what)
                    wrong += bool(problem)
                    remarks.append(f"**{server.name} differs: {problem}**" if problem else
                                   f"{what} {server.name}")
                peaks = {}
                for server in servers:
                    server.forget_peak()
                    cpu[server.name], wall[server.name] = measure(server, query, *window)
                    peaks[server.name] = status_bytes(server.pid, "VmHWM")
                    highest[server.name] = max(highest.get(server.name, 0), peaks[server.name])
                base = max(cpu[servers[0].name], 1e-6)
                ratios = {s.name: cpu[s.name] / base for s in servers[1:]}
                rows.append({"bench": "promql", "query": name, "series": arguments.series, "hours": hours, "step": step_s, "cells": cells,
                             "cpu_seconds": cpu, "wall_seconds": wall, "ratios": ratios, "peak_bytes": peaks, "answers": remarks})
                print(f"| {name} | {hours} h | {step_s} s | " + " | ".join(f"{cpu[s.name] * 1e3:.2f} ({wall[s.name] * 1e3:.2f})" for s in servers)
                      + " | " + " | ".join(f"{r:.1f}x" for r in ratios.values()) + " | " + ", ".join(remarks) + " |", flush=True)
        print()
        for server in servers[1:]:
            ratios = [row["ratios"][server.name] for row in rows]
            print(f"Against {server.name}: geometric mean {geometric_mean(ratios):.1f}x, least {min(ratios):.1f}x, "
                  f"{sum(r < 1 for r in ratios)} of {len(ratios)} slower than it.")
        print("Peak resident memory while answering: " + ", ".join(f"{n} {b / 2**20:.0f} MiB" for n, b in highest.items()) + ".")
        rows.append({"bench": "promql_memory", "series": arguments.series, "peak_bytes": highest})
    finally:
        for server in servers:
            server.process.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        with open(arguments.json, "a") as f:
            f.writelines(json.dumps(row) + "\n" for row in rows)
    if wrong:
        raise SystemExit(f"{wrong} answers differ")


if __name__ == "__main__":
    main()
