# SPDX-License-Identifier: Apache-2.0
"""The data that PromQL engines are compared on: one seed, one data set, the same bytes for every server.

Sample times never fall on a whole second nor on QUERY_MS, where query times lie: Prometheus before 3.0
counts a sample on the left edge of a window in, 3.0 and we count it out, and off the edges both agree.
"""
import random
import struct

import harness

START = 1_700_000_100  # Unix seconds
MINUTES = 150
END = START + MINUTES * 60
SAMPLE_MS = 311
QUERY_MS = 137
STALE = 0x7FF0000000000002
NAN = float("nan")
INF = float("inf")
BUCKETS = ["0.005", "0.01", "0.05", "0.1", "0.5", "1", "2.5", "+Inf"]


class Metric:
    """What the generator knows of a metric.

    kind: counter (rate() makes sense, starts high), gauge, integer, bucket, odd (holds NaN and infinities)
    distinct: no two series have the same value at one time, so topk() has one answer
    """

    def __init__(self, name, kind, labels, distinct=False):
        self.name, self.kind, self.labels, self.distinct = name, kind, labels, distinct
        self.values = {label: [] for label in labels}


class DataSet:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.metrics = {}
        self.series = []  # (labels dict, [(timestamp_ms, 8 bytes)])
        self._make()

    def batches(self, minutes=5):
        """Remote-write bodies in order of time: a server that refuses old samples takes all of them."""
        edges = range(START * 1000, END * 1000 + 600_000, minutes * 60_000)
        positions = [0] * len(self.series)
        for edge in edges:
            body = bytearray()
            for index, (labels, samples) in enumerate(self.series):
                first = at = positions[index]
                while at < len(samples) and samples[at][0] < edge:
                    at += 1
                if at > first:
                    body += encode(labels, samples[first:at])
                positions[index] = at
            if body:
                yield harness.snappy_literals(bytes(body))

    def samples(self):
        return sum(len(samples) for _, samples in self.series)

    # --- how series are made ---

    def _metric(self, name, kind, labels, distinct=False):
        self.metrics[name] = Metric(name, kind, labels, distinct)

    def _add(self, name, labels, points):
        """points: iterable of (timestamp_ms, value); a value may be STALE (an int) for the marker."""
        metric = self.metrics[name]
        for label, value in labels.items():
            if value and value not in metric.values[label]:
                metric.values[label].append(value)
        coded = [(t, struct.pack("<Q", v) if v is STALE else struct.pack("<d", v)) for t, v in points]
        full = {"__name__": name, **{k: v for k, v in labels.items() if v}}
        self.series.append((full, coded))

    def _times(self, step, start=START, end=END, phase=None):
        phase = self.random.randrange(step) if phase is None else phase
        return [t * 1000 + SAMPLE_MS for t in range(start + phase, end, step)]

    def _make(self):
        r = self.random
        jobs = [("api", "a:1"), ("api", "b:1"), ("api", "c:1"), ("web", "a:2"), ("web", "b:2")]
        self._metric("http_requests_total", "counter", ["job", "instance", "method", "code"])
        for job, instance in jobs:
            phase = r.randrange(15)
            for method in ("GET", "POST"):
                for code in ("200", "404", "500"):
                    self._add("http_requests_total", {"job": job, "instance": instance, "method": method, "code": code},
                              self._counter(self._times(15, phase=phase), r.randrange(1, 60), resets=2))
        self._metric("http_bytes_total", "counter", ["job", "instance"])
        for job, instance in jobs:
            self._add("http_bytes_total", {"job": job, "instance": instance},
                      self._counter(self._times(30), 912.7, resets=1, whole=False))
        self._metric("irregular_total", "counter", ["sensor"])
        for sensor in ("s1", "s2", "s3", "s4"):
            t, times = START * 1000, []
            while t < END * 1000:
                t += r.randrange(1000, r.choice([20_000, 60_000, 200_000]))
                times.append(t - t % 1000 + r.choice([57, 311, 503, 911]))
            times = sorted(set(times))
            self._add("irregular_total", {"sensor": sensor}, self._counter(times, 3, resets=0, start=700_000))
        self._metric("temperature", "gauge", ["job", "instance", "zone"], distinct=True)
        for job, instance in jobs:
            for zone in ("north", "south"):
                self._add("temperature", {"job": job, "instance": instance, "zone": zone},
                          self._walk(self._times(15), r.uniform(-40, 40), 1.5))
        self._metric("memory_bytes", "gauge", ["job", "instance"], distinct=True)
        for job, instance in jobs:
            self._add("memory_bytes", {"job": job, "instance": instance},
                      ((t, float(r.randrange(1 << 28, 1 << 33))) for t in self._times(60)))
        self._metric("queue_depth", "integer", ["job", "instance", "queue"])
        for job, instance in jobs:
            for queue in ("", "mail", "jobs"):  # one series has no label "queue"
                self._add("queue_depth", {"job": job, "instance": instance, "queue": queue},
                          self._gaps(self._integers(self._times(10))))
        self._metric("flapping", "gauge", ["instance"], distinct=True)
        for _, instance in jobs:
            self._add("flapping", {"instance": instance}, self._stale(self._walk(self._times(15), r.uniform(1, 9), 0.3)))
        self._metric("odd", "odd", ["kind"])
        # Powers of two: sums of them are exact, so nothing is left of 1e300 when they cancel.
        # No subnormal numbers: their logarithm is off by percents in Go.
        specials = {"nan": [NAN], "inf": [INF], "minus_inf": [-INF], "minus_zero": [-0.0], "zero": [0.0, -0.0],
                    "mixed": [NAN, 1.5, 2.5, INF, -3.0, 0.0], "infinities": [INF, -INF, 1.0], "holes": [NAN, 7.25, 8.5],
                    "tiny": [3e-308, 1e-300, -3e-308], "huge": [2.0**996, 2.0**997]}
        for kind, choices in specials.items():
            self._add("odd", {"kind": kind}, ((t, r.choice(choices)) for t in self._times(30)))
        self._metric("sparse", "gauge", ["id"], distinct=True)
        for number in range(4):
            times = sorted({t + r.randrange(90) * 1000 for t in self._times(240, phase=number * 7)})
            self._add("sparse", {"id": str(number)}, self._walk(times, number * 3.0, 0.7))
        self._metric("short_lived", "gauge", ["pod"], distinct=True)
        for number in range(8):
            begin = START + number * 900 + r.randrange(300)
            self._add("short_lived", {"pod": f"pod-{number}"},
                      self._walk(self._times(15, begin, begin + 720), r.uniform(-1, 1), 0.2))
        self._metric("constant", "integer", ["instance"])
        for _, instance in jobs:
            self._add("constant", {"instance": instance}, ((t, 42.0) for t in self._times(60)))
        self._metric("many", "gauge", ["id", "shard"], distinct=True)
        for number in range(80):
            self._add("many", {"id": str(number), "shard": str(number % 7)},
                      self._walk(self._times(60), r.uniform(-5, 100), 3))
        self._metric("build_info", "info", ["job", "instance", "version"])
        self._metric("owner_info", "info", ["instance", "owner", "tier"])
        for number, (job, instance) in enumerate(jobs):
            self._add("build_info", {"job": job, "instance": instance, "version": f"1.{number % 3}"},
                      ((t, 1.0) for t in self._times(60)))
            if number != 3:  # one instance has no owner
                self._add("owner_info", {"instance": instance, "owner": r.choice(["ann", "ben"]), "tier": "gold" if number < 2 else ""},
                          ((t, 1.0) for t in self._times(60)))
        self._histograms(jobs)

    def _histograms(self, jobs):
        r = self.random
        base = "request_duration_seconds"
        self._metric(base + "_bucket", "bucket", ["job", "instance", "le"])
        self._metric(base + "_sum", "counter", ["job", "instance"])
        self._metric(base + "_count", "counter", ["job", "instance"])
        for job, instance in jobs:
            times = self._times(15)
            counts, total = [r.randrange(10_000, 30_000) for _ in BUCKETS], 9_000.0
            rows = [[] for _ in BUCKETS]
            sums, whole = [], []
            reset = r.randrange(100, 500)
            for tick, t in enumerate(times):
                if tick == reset:
                    counts, total = [0] * len(BUCKETS), 0.0
                for bucket in range(len(BUCKETS)):
                    counts[bucket] += r.randrange(0, 2 + 3 * min(bucket, 5))
                total += r.uniform(0, 9)
                running = 0
                for bucket, row in enumerate(rows):
                    running += counts[bucket]
                    row.append((t, float(running)))
                whole.append((t, float(running)))
                sums.append((t, total))
            for le, row in zip(BUCKETS, rows):
                self._add(base + "_bucket", {"job": job, "instance": instance, "le": le}, row)
            self._add(base + "_sum", {"job": job, "instance": instance}, sums)
            self._add(base + "_count", {"job": job, "instance": instance}, whole)
        self._metric("broken_bucket", "bucket", ["case", "le"])
        cases = {"no_infinity": {"1": 5, "2": 9}, "only_infinity": {"+Inf": 7}, "empty": {"1": 0, "2": 0, "+Inf": 0},
                 "not_monotonic": {"1": 10, "2": 7, "3": 12, "+Inf": 12}, "not_a_number": {"1": 3, "lots": 8, "+Inf": 9},
                 "negative": {"-2": 4, "-1": 8, "0": 9, "+Inf": 11}, "first_only": {"0.5": 6, "1": 6, "+Inf": 6},
                 "two_spellings": {"1": 3, "1.0": 4, "2": 9, "+Inf": 12}, "one_below": {"3": 2, "+Inf": 9}}
        for case, buckets in cases.items():
            for le, count in buckets.items():
                self._add("broken_bucket", {"case": case, "le": le},
                          ((t, 1e6 * bool(count) + count * (tick + 1.0)) for tick, t in enumerate(self._times(30, phase=3))))

    def _counter(self, times, pace, resets, whole=True, start=None):
        """Starts high: where a window begins before the first sample of a counter close to zero, the
        extrapolation of 3.0 differs from that of 2.42 (a deliberate difference, shown on its own)."""
        r = self.random
        value = float(start or r.randrange(200_000, 900_000))
        at = {r.randrange(40, len(times) - 5) for _ in range(resets)}
        for tick, t in enumerate(times):
            if tick in at:
                value = 0.0
            value += r.randrange(0, 2 * int(pace) + 1) if whole else r.uniform(0, pace)
            yield t, value

    def _walk(self, times, value, pace):
        for t in times:
            value += self.random.gauss(0, pace)
            yield t, value

    def _integers(self, times):
        value = 0
        for t in times:
            if self.random.random() < 0.4:
                value += self.random.choice([-3, -2, -1, 1, 2, 3, 17])
            if abs(value) > 40:
                value //= 2
            yield t, float(value)

    def _gaps(self, points):
        """Leaves out stretches of 1 to 12 minutes."""
        until = 0
        for t, value in points:
            if t >= until and self.random.random() < 0.003:
                until = t + self.random.randrange(60, 720) * 1000
            if t >= until:
                yield t, value

    def _stale(self, points):
        """Goes away with a stale marker and comes back some scrapes later."""
        away = 0
        for t, value in points:
            if away == 0 and self.random.random() < 0.02:
                away = self.random.randrange(1, 30)
                yield t, STALE
            elif away:
                away -= 1
            else:
                yield t, value


def encode(labels, samples):
    """One TimeSeries of remote write 1.0. Values are 8 bytes each: the bits of a stale marker survive."""
    body = bytearray()
    for name, value in sorted(labels.items()):
        body += harness.field_bytes(1, harness.field_bytes(1, name) + harness.field_bytes(2, value))
    for t, bits in samples:
        stamp = harness.varint(t)
        sample = (b"" if bits == bytes(8) else b"\x09" + bits) + b"\x10" + stamp
        body += b"\x12" + bytes([len(sample)]) + sample
    return harness.field_bytes(1, bytes(body))


def load(http_client, bodies):
    """Sends every body; fails on the first that is refused."""
    for body in bodies:
        status, _, text = http_client.request("POST", "/api/v1/write", body, harness.REMOTE_WRITE_V1)
        if status // 100 != 2:
            raise AssertionError(f"remote write: {status} {text[:300]!r}")
