# SPDX-License-Identifier: Apache-2.0
"""Hostile and wrong input of every kind gets its stated answer, the server lives, and the counter of
the reason moves."""
import gzip
import json
import math
import re
import socket
import struct
import time

import harness
from harness import field_bytes, field_double, field_varint, snappy_literals, time_series, varint, write_request_v1

NOW = int(time.time() * 1000)


class Hostile(harness.Workplace):
    def setUp(self):
        super().setUp()
        self.server = self.trimtab()
        self.http = self.server.http

    def rejected(self, reason):
        text = self.http.get("/metrics")[2].decode()
        found = re.search(rf'trimtab_rejected_total{{reason="{reason}"}} ([0-9.e+]+)', text)
        return float(found.group(1)) if found else 0.0

    def post(self, body, headers=None, path="/api/v1/write"):
        return self.http.request("POST", path, body, harness.REMOTE_WRITE_V1 if headers is None else headers)

    def expect(self, status, body, words="", headers=None, path="/api/v1/write", reason=None):
        before = self.rejected(reason) if reason else 0
        got, _, text = self.post(body, headers, path)
        self.assertEqual(got, status, text[:300])
        if words:
            self.assertIn(words, text.decode(errors="replace").lower())
        if reason:
            self.assertGreater(self.rejected(reason), before, f"counter {reason}")

    def good(self, name="good", t=NOW, value=1.0, **labels):
        return ({"__name__": name, **labels}, [(t, value)])

    def test_bad_snappy_and_truncated_protobuf(self):
        self.expect(400, b"this is not snappy", "snappy", reason="malformed")
        self.expect(400, b"", "")
        body = write_request_v1([self.good()])
        for cut in range(1, len(body)):
            self.expect(400, snappy_literals(body[:cut]))
        # A snappy bomb: the header claims 4 GiB.
        self.expect(400, varint(1 << 32) + b"\x00a", reason=None)

    def test_wrong_content_type_and_encoding(self):
        body = snappy_literals(write_request_v1([self.good()]))
        headers = dict(harness.REMOTE_WRITE_V1)
        headers["Content-Type"] = "text/html"
        self.expect(415, body, "content", headers)
        headers = dict(harness.REMOTE_WRITE_V1)
        headers["Content-Encoding"] = "br"
        self.expect(415, body, "encoding", headers)
        headers = dict(harness.REMOTE_WRITE_V1)
        headers["Content-Type"] = "application/x-protobuf;proto=io.prometheus.write.v3.Request"
        self.expect(415, body, "", headers)
        self.expect(415, b"{}", "", {"Content-Type": "text/plain"}, "/v1/metrics")

    def test_huge_body_is_refused_without_reading_it(self):
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as s:
            s.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n"
                      b"Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n\r\n")
            answer = s.recv(4096)
        self.assertIn(b" 413 ", answer.split(b"\r\n")[0])
        bomb = gzip.compress(b"\x00" * (600 << 20), 9)
        got, _, text = self.post(bomb, {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}, "/v1/metrics")
        self.assertIn(got, (400, 413), text[:200])

    def test_a_million_labels_and_label_bombs(self):
        labels = b"".join(field_bytes(1, field_bytes(1, f"l{i}") + field_bytes(2, "v")) for i in range(1_000_000))
        many = field_bytes(1, labels + field_bytes(2, field_double(1, 1.0) + field_varint(2, NOW)))
        before = self.rejected("label_limit")
        got, _, text = self.post(snappy_literals(many + time_series({"__name__": "beside"}, [(NOW, 5.0)])))
        self.assertEqual(got, 400, text[:200])
        self.assertGreater(self.rejected("label_limit"), before)
        # The good series of the same request is kept.
        self.assertEqual(list(self.server.export("beside").values()), [{NOW: 5}])
        self.expect(400, snappy_literals(write_request_v1([self.good(bomb="x" * 100_000)])), "", reason="label_limit")
        self.expect(400, snappy_literals(write_request_v1([({"": "empty", "__name__": "x"}, [(NOW, 1.0)])])),
                    reason="invalid_labels")
        twice = field_bytes(1, field_bytes(1, "__name__") + field_bytes(2, "x")) + 2 * field_bytes(
            1, field_bytes(1, "a") + field_bytes(2, "b")) + field_bytes(2, field_double(1, 1.0) + field_varint(2, NOW))
        self.expect(400, snappy_literals(field_bytes(1, twice)), reason="invalid_labels")
        self.expect(400, snappy_literals(write_request_v1([({"__name__": "~"}, [(NOW, 1.0)])]).replace(b"~", b"\xff")))

    def test_future_and_impossible_timestamps(self):
        self.expect(400, snappy_literals(write_request_v1([self.good(t=NOW + 86_400_000)])), "future", reason="future_timestamp")
        self.expect(400, snappy_literals(write_request_v1([self.good(t=2**62)])))
        # Old is welcome: history of any age may be imported.
        got, _, _ = harness.remote_write(self.http, [self.good("old", t=946684800000)])
        self.assertIn(got, (200, 204))
        self.assertEqual(list(self.server.export("old").values()), [{946684800000: 1}])

    def test_resets_nan_duplicates_and_out_of_order(self):
        t = NOW - 60_000
        sends = [(t, 10.0), (t + 1000, 12.0), (t + 2000, 1.0)]            # a counter reset is stored as it is
        for sample in sends:
            self.assertIn(harness.remote_write(self.http, [({"__name__": "c"}, [sample])])[0], (200, 204))
        self.assertIn(harness.remote_write(self.http, [({"__name__": "c"}, sends)])[0], (200, 204))   # all again
        self.assertIn(harness.remote_write(self.http, [({"__name__": "c"}, [(t + 500, 11.0)])])[0], (200, 204))  # late
        self.assertEqual(list(self.server.export("c").values()), [{t: 10, t + 500: 11, t + 1000: 12, t + 2000: 1}])
        # Another value at the same time: the last write wins.
        self.assertIn(harness.remote_write(self.http, [({"__name__": "c"}, [(t + 2000, 2.0)])])[0], (200, 204))
        self.assertEqual(next(iter(self.server.export("c").values()))[t + 2000], 2)
        stale = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
        body = write_request_v1([({"__name__": "n"}, [(t, math.nan), (t + 1000, math.inf), (t + 2000, -math.inf)])])
        self.assertIn(self.post(snappy_literals(body))[0], (200, 204))
        raw = field_bytes(1, field_bytes(1, field_bytes(1, "__name__") + field_bytes(2, "n")) + field_bytes(
            2, varint(1 << 3 | 1) + struct.pack("<Q", 0x7FF0000000000002) + field_varint(2, t + 3000)))
        self.assertIn(self.post(snappy_literals(raw))[0], (200, 204))
        self.assertEqual(len(next(iter(self.server.export("n").values()))), 4)
        self.assertTrue(math.isnan(stale))

    def test_slow_and_rude_clients(self):
        slow = socket.create_connection(("127.0.0.1", self.server.port), 20)
        slow.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n12")
        for garbage in (b"\x00\x01\x02\x03\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
                        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"):
            with socket.create_connection(("127.0.0.1", self.server.port), 20) as s:
                try:
                    s.sendall(garbage)
                    first = s.recv(200)
                    if first:
                        self.assertRegex(first.split(b"\r\n")[0], rb"HTTP/1.1 4\d\d|HTTP/1.1 505")
                except OSError:
                    pass  # closed on us: as good
        half = socket.create_connection(("127.0.0.1", self.server.port), 20)
        half.sendall(b"POST /api/v1/import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{\"metric\"")
        half.close()
        self.assertEqual(self.http.get("/-/healthy")[0], 200)
        slow.close()

    def test_import_keeps_good_lines_and_tells_the_bad_ones(self):
        lines = [json.dumps({"metric": {"__name__": "imported", "n": str(i)}, "values": [1, 2], "timestamps": [NOW - 2000, NOW - 1000]})
                 for i in range(5)]
        lines[2] = '{"metric": {"__name__": "imported"}, "values": [1], "timestamps": [1, 2]}'
        lines[3] = "not json at all"
        got, _, text = self.http.request("POST", "/api/v1/import", "\n".join(lines).encode(), {})
        self.assertIn(got, (200, 204, 400), text[:300])
        self.assertEqual(len(self.server.export('{__name__="imported"}')), 3)
        rejects = self.http.get_json("/api/trimtab/rejects")
        self.assertIn("import", json.dumps(rejects))

    def test_authentication_is_required_beyond_loopback(self):
        done = harness.Process([harness.ARGS.binary, "serve", "--data-dir", self.path("open"), "--listen", "0.0.0.0:0", "--no-host"],
                               self.path("open.log"))
        self.addCleanup(done.stop)
        done.child.wait(30)
        self.assertNotEqual(done.child.returncode, 0)
        self.assertIn("token", done.log())


if __name__ == "__main__":
    harness.main()
