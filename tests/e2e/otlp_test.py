# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry-shaped bodies, protobuf and JSON, made by an encoder of our own that shares nothing
with the decoder: what comes out of the export is what went in."""
import gzip
import json
import time
import zlib

import harness
from harness import field_bytes, field_double, field_fixed64, field_varint

START = int(time.time()) - 3600


def attribute(key, value):
    return field_bytes(1, key) + field_bytes(2, field_bytes(1, value))


def resource():
    return b"".join(field_bytes(1, attribute(k, v)) for k, v in
                    [("service.name", "checkout"), ("service.namespace", "shop"), ("service.instance.id", "pod-1")])


def number_point(seconds, value, attributes=(), integer=False, start=START):
    body = field_fixed64(2, start * 10**9) + field_fixed64(3, seconds * 10**9)
    body += field_fixed64(6, value & (2**64 - 1)) if integer else field_double(4, value)
    return body + b"".join(field_bytes(7, attribute(k, v)) for k, v in attributes)


def metric(name, unit, kind, data, description="about " + "x"):
    return field_bytes(1, name) + field_bytes(2, description) + field_bytes(3, unit) + field_bytes(kind, data)


def gauge(points):
    return b"".join(field_bytes(1, p) for p in points)


def total(points, temporality, monotonic=True):
    return gauge(points) + field_varint(2, temporality) + field_varint(3, int(monotonic))


def histogram(seconds, counts, bounds, value_sum):
    import struct
    packed = lambda values, fmt: b"".join(struct.pack(fmt, v) for v in values)
    point = (field_fixed64(2, START * 10**9) + field_fixed64(3, seconds * 10**9) + field_fixed64(4, sum(counts)) +
             field_double(5, value_sum) + field_bytes(6, packed(counts, "<Q")) + field_bytes(7, packed(bounds, "<d")))
    return field_bytes(1, point) + field_varint(2, 2)


def request(metrics):
    scope = b"".join(field_bytes(2, m) for m in metrics)
    return field_bytes(1, field_bytes(1, resource()) + field_bytes(2, scope))


def protobuf_body():
    t = START + 60
    return request([
        metric("process.memory", "By", 5, gauge([number_point(t, 1.5e9), number_point(t + 10, 0.0)])),
        metric("http.requests", "1", 7, total([number_point(t, 41, [("code", "200")], integer=True),
                                               number_point(t + 10, 45, [("code", "200")], integer=True)], 2)),
        metric("jobs.done", "", 7, total([number_point(t, 5.0, start=START), number_point(t + 10, 7.0, start=t)], 1)),
        metric("http.server.request.duration", "s", 9, histogram(t, [3, 4, 1], [0.1, 1.0], 2.75)),
    ])


def json_body():
    t = START + 60
    point = lambda seconds, **value: {"startTimeUnixNano": str(START * 10**9), "timeUnixNano": str(seconds * 10**9), **value}
    code = [{"key": "code", "value": {"stringValue": "200"}}]
    attributes = [{"key": k, "value": {"stringValue": v}} for k, v in
                  [("service.name", "checkout"), ("service.namespace", "shop"), ("service.instance.id", "pod-1")]]
    delta = [point(t, asDouble=5.0), point(t + 10, asDouble=7.0)]
    delta[1]["startTimeUnixNano"] = str(t * 10**9)
    return json.dumps({"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [{"metrics": [
        {"name": "process.memory", "unit": "By", "gauge": {"dataPoints": [point(t, asDouble=1.5e9), point(t + 10, asDouble=0)]}},
        {"name": "http.requests", "unit": "1", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [
            point(t, asInt="41", attributes=code), point(t + 10, asInt="45", attributes=code)]}},
        {"name": "jobs.done", "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": delta}},
        {"name": "http.server.request.duration", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [
            point(t, count="8", sum=2.75, bucketCounts=["3", "4", "1"], explicitBounds=[0.1, 1.0])]}},
    ]}]}]}).encode()


class Otlp(harness.Workplace):
    def check(self, server):
        t = (START + 60) * 1000
        found = server.export('{job="shop/checkout"}')
        by_name = {}
        for key, samples in found.items():
            labels = dict(key)
            self.assertEqual(labels.get("instance"), "pod-1", labels)
            by_name.setdefault(labels["__name__"], []).append((labels, samples))
        self.assertEqual(by_name["process_memory_bytes"][0][1], {t: 1.5e9, t + 10000: 0})
        labels, samples = by_name["http_requests_total"][0]
        self.assertEqual((labels["code"], samples), ("200", {t: 41, t + 10000: 45}))
        # Delta points become a cumulative counter.
        self.assertEqual(by_name["jobs_done_total"][0][1], {t: 5, t + 10000: 12})
        buckets = {labels["le"]: samples[t] for labels, samples in by_name["http_server_request_duration_seconds_bucket"]}
        self.assertEqual({float(le): v for le, v in buckets.items()}, {0.1: 3, 1.0: 7, float("inf"): 8})
        self.assertEqual(by_name["http_server_request_duration_seconds_count"][0][1], {t: 8})
        self.assertEqual(by_name["http_server_request_duration_seconds_sum"][0][1], {t: 2.75})

    def test_protobuf_and_json_tell_the_same(self):
        for name, content_type, body, encoding in [
                ("protobuf", "application/x-protobuf", protobuf_body(), None),
                ("protobuf-gzip", "application/x-protobuf", gzip.compress(protobuf_body()), "gzip"),
                ("json", "application/json", json_body(), None),
                ("json-deflate", "application/json", zlib.compress(json_body()), "deflate")]:
            with self.subTest(name):
                server = self.trimtab(name)
                headers = {"Content-Type": content_type}
                if encoding:
                    headers["Content-Encoding"] = encoding
                status, answer, text = server.http.request("POST", "/v1/metrics", body, headers)
                self.assertEqual(status, 200, text)
                self.assertEqual(answer["content-type"].split(";")[0], content_type)
                self.check(server)
                server.stop()


if __name__ == "__main__":
    harness.main()
