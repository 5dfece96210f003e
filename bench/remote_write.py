# SPDX-License-Identifier: Apache-2.0
"""Remote write over HTTP, Trimtab beside victoria-metrics and prometheus in one run: same generator,
same bodies, server on core 0, client on core 1. The answer (sample counts) is checked before a time is
printed. Also bytes per sample after everything is flushed, and resident memory.

    bench/remote_write.py --binary build/trimtab --loadgen build/bench/loadgen [--seconds 8] [--json FILE]
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
import harness  # noqa: E402

CLOCK = os.sysconf("SC_CLK_TCK")


def pin(core):
    return (lambda: os.sched_setaffinity(0, {core})) if core is not None else None


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
    return 0


def disk_bytes(directory):
    total = 0
    for where, _, files in os.walk(directory):
        for name in files:
            try:
                total += os.lstat(os.path.join(where, name)).st_blocks * 512
            except OSError:
                pass
    return total


class Server:
    """One of the three, started fresh in a folder."""

    def __init__(self, name, folder, binary):
        self.name, self.port, self.data = name, harness.free_port(), os.path.join(folder, "data")
        self.path = "/api/v1/write"
        self.ready_path = "/health" if name == "victoria-metrics" else "/-/ready"
        if name == "trimtab":
            command = [binary, "serve", "--data-dir", self.data, "--listen", f"127.0.0.1:{self.port}", "--no-host"]
        elif name == "prometheus":
            config = os.path.join(folder, "prometheus.yml")
            with open(config, "w") as f:
                f.write("global: {}\n")
            command = [harness.need("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.data}",
                       f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver"]
        else:
            command = [harness.need("victoria-metrics"), f"-storageDataPath={self.data}",
                       f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=100y"]
        # The Go peers are told about their one core, so that they do not lose to their own scheduler.
        environment = dict(os.environ, GOMAXPROCS="1") if name != "trimtab" else None
        self.process = harness.Process(command, os.path.join(folder, "log"), env=environment, preexec=pin(0))
        self.pid = self.process.child.pid
        harness.wait_until(lambda: harness.Http(self.port).get(self.ready_path)[0] == 200, 60, f"{name} ready")

    def count_samples(self, start_ms, end_ms):
        """(samples, series) of 50 series over the whole time, by each server's own reading."""
        selector = '{instance=~"10.0.0.([0-9]|[1-4][0-9]):9100"}'
        http = harness.Http(self.port)
        if self.name == "victoria-metrics":
            http.get("/internal/force_flush")
        if self.name == "prometheus":
            window = (end_ms - start_ms) // 1000 + 60
            rows = http.get_json("/api/v1/query", query=f"{selector}[{window}s]", time=end_ms / 1000)["data"]["result"]
        else:
            status, _, body = http.get("/api/v1/export", **{"match[]": selector, "start": start_ms / 1000, "end": end_ms / 1000})
            assert status == 200, body[:300]
            rows = [json.loads(line) for line in body.splitlines() if line.strip()]
        return sum(len(row["values"]) for row in rows), len(rows)

    def stop(self):
        self.process.stop()


def load(loadgen, server, series, per_request, start_ms, seconds=None, passes=None, connections=4):
    command = [loadgen, "--port", str(server.port), "--path", server.path, "--series", str(series), "--per-request",
               str(per_request), "--connections", str(connections), "--start-ms", str(start_ms)]
    command += ["--passes", str(passes)] if passes else ["--seconds", str(seconds)]
    before = cpu_seconds(server.pid)
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=pin(1))
    result = json.loads(done.stdout)
    result["cpu_seconds"] = cpu_seconds(server.pid) - before
    return result


def measure_rate(arguments, name, per_request):
    folder = tempfile.mkdtemp(prefix="trimtab-bench-", dir=arguments.scratch)
    server = Server(name, folder, arguments.binary)
    try:
        start_ms = (int(time.time()) - 4 * 3600) // 60 * 60_000
        # Warm: every series exists before the clock runs.
        load(arguments.loadgen, server, arguments.series, per_request, start_ms, passes=1)
        result = load(arguments.loadgen, server, arguments.series, per_request, start_ms + 15_000, seconds=arguments.seconds)
        if result["failures"]:
            raise SystemExit(f"{name}: {result['failures']} requests failed, last with {result['last_failure']}")
        expected = (result["samples"] + arguments.series) / arguments.series
        samples, rows = server.count_samples(start_ms, start_ms + 4 * 3600 * 1000)
        # Connections advance at slightly different speeds, so 50 series can be off the mean.
        if not rows or abs(samples / rows - expected) > expected * 0.5 + 2:
            raise SystemExit(f"{name}: {samples} samples in {rows} series read back, about {expected * rows:.0f} expected")
        return {"server": name, "per_request": per_request, "samples": result["samples"],
                "samples_per_second": result["samples"] / result["seconds"],
                "samples_per_cpu_second": result["samples"] / max(result["cpu_seconds"], 0.01),
                "memory_bytes": resident_bytes(server.pid)}
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def measure_size(arguments, name, series=20_000, passes=960):
    """Bytes per sample on disk of a mixed load, index included, after a clean stop."""
    folder = tempfile.mkdtemp(prefix="trimtab-bench-", dir=arguments.scratch)
    server = Server(name, folder, arguments.binary)
    try:
        start_ms = (int(time.time()) - passes * 15 - 600) // 60 * 60_000
        result = load(arguments.loadgen, server, series, 10_000, start_ms, passes=passes, connections=2)
        if result["failures"]:
            raise SystemExit(f"{name}: {result['failures']} requests failed")
        memory = resident_bytes(server.pid)
        server.stop()
        return {"server": name, "series": series, "samples": result["samples"],
                "bytes_per_sample": disk_bytes(server.data) / result["samples"], "memory_bytes": memory}
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--loadgen", required=True)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--per-request", type=int, nargs="*", default=[500, 2000, 10_000])
    parser.add_argument("--servers", nargs="*", default=["trimtab", "victoria-metrics", "prometheus"])
    parser.add_argument("--only", choices=["rate", "size"])
    parser.add_argument("--scratch", help="folder for data directories; default: the system's temporary folder")
    parser.add_argument("--json", help="also append the rows as JSON lines to this file")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)
    rows = []
    if arguments.only != "size":
        print("| samples per request | server | M samples/s | M samples per CPU second | Trimtab's ratio | memory MiB |")
        print("|---|---|---|---|---|---|")
        for per_request in arguments.per_request:
            ours = None
            for name in arguments.servers:
                row = measure_rate(arguments, name, per_request)
                rows.append({"bench": "remote_write", **row})
                ours = ours or row["samples_per_cpu_second"]
                print(f"| {per_request} | {name} | {row['samples_per_second'] / 1e6:.2f} | {row['samples_per_cpu_second'] / 1e6:.2f} | "
                      f"{ours / row['samples_per_cpu_second']:.1f}x | {row['memory_bytes'] / 2**20:.0f} |", flush=True)
    if arguments.only != "rate":
        print("\n| server | bytes per sample on disk | memory MiB |\n|---|---|---|")
        for name in arguments.servers:
            row = measure_size(arguments, name)
            rows.append({"bench": "size_mixed", **row})
            print(f"| {name} | {row['bytes_per_sample']:.2f} | {row['memory_bytes'] / 2**20:.0f} |", flush=True)
    if arguments.json:
        with open(arguments.json, "a") as f:
            f.writelines(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    main()
