# SPDX-License-Identifier: Apache-2.0
"""The requests of Grafana's Prometheus data source, in the shapes it sends them, get the answers it reads;
rules run in a real server; hostile queries are refused within their limits."""
import gzip
import json
import re
import socket
import time
import urllib.parse

import harness

STEP = 15
NOW = int(time.time()) // STEP * STEP
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json, text/plain, */*",
        "User-Agent": "Grafana/11.3.0", "X-Grafana-Org-Id": "1"}

RULES = """groups:
- name: shop
  interval: 1s
  rules:
  - {record: "job:http_requests:rate5m", expr: "sum by (job) (rate(http_requests_total[5m]))"}
  - alert: TooManyErrors
    expr: sum by (job) (rate(http_requests_total{code="500"}[5m])) > 0
    labels: {severity: page}
    annotations: {summary: "{{ $labels.job }} fails {{ $value | printf \\"%.2f\\" }} times a second"}
"""


class Grafana(harness.Workplace):
    def setUp(self):
        super().setUp()
        with open(self.path("rules.yml"), "w") as f:
            f.write(RULES)
        with open(self.path("trimtab.yaml"), "w") as f:
            f.write("host: {enabled: false}\nself_scrape: {interval: 0}\nanalysis: {interval: 0}\n"
                    "rule_files: ['rules*.yml']\nquery: {timeout: 20s, queue_max: 8, concurrency_max: 2}\n")
        self.server = self.trimtab(arguments=("--config", self.path("trimtab.yaml")))
        self.http = self.server.http
        series = []
        for job in ("api", "web"):
            for code in ("200", "500"):
                labels = {"__name__": "http_requests_total", "job": job, "instance": f"{job}-1", "code": code}
                series.append((labels, [((NOW - i * STEP) * 1000, float(1000 - i)) for i in range(60, -1, -1)]))
        series.append(({"__name__": "my.utf8.metric", "ünit": "x"}, [(NOW * 1000, 5.0)]))
        self.assertIn(harness.remote_write(self.http, series)[0], (200, 204))

    def post(self, path, **form):
        status, headers, body = self.http.request("POST", path, urllib.parse.urlencode(form, doseq=True), FORM)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return status, json.loads(body)

    def data(self, path, **form):
        status, answer = self.post(path, **form)
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["status"], "success")
        return answer["data"]

    def get(self, path, **query):
        return self.http.get_json(path, **query)["data"]

    def test_health_check_and_build_info(self):
        # "Save & test": buildinfo by GET, then 1+1 by POST.
        self.assertRegex(self.get("/api/v1/status/buildinfo")["version"], r"^\d+\.\d+\.\d+$")
        answer = self.data("/api/v1/query", query="1+1", time=str(NOW))
        self.assertEqual(answer, {"resultType": "scalar", "result": [NOW, "2"]})

    def test_panel_queries(self):
        range_form = dict(query='sum by (job) (rate(http_requests_total{job=~"api|web"}[1m0s]))', start=str(NOW - 300),
                          end=str(NOW), step="15")
        answer = self.data("/api/v1/query_range", **range_form)
        self.assertEqual(answer["resultType"], "matrix")
        self.assertEqual([row["metric"] for row in answer["result"]], [{"job": "api"}, {"job": "web"}])
        values = answer["result"][0]["values"]
        self.assertEqual([t for t, _ in values], list(range(NOW - 300, NOW + 1, 15)))
        for _, text in values:
            self.assertAlmostEqual(float(text), 2 / STEP, 9)
        # Times with fractions, a step in words, the same by GET.
        by_get = self.get("/api/v1/query_range", query=range_form["query"], start=f"{NOW - 300}.000", end=f"{NOW}.0", step="15s")
        self.assertEqual(by_get, answer)
        instant = self.data("/api/v1/query", query="topk(1, http_requests_total)", time=f"{NOW}.123")
        self.assertEqual(instant["resultType"], "vector")
        self.assertEqual(instant["result"][0]["value"], [NOW + 0.123, "1000"])
        table = self.data("/api/v1/query", query='http_requests_total{job="api",code="200"}[30s]', time=str(NOW))
        self.assertEqual(table["result"][0]["values"], [[NOW - 15, "999"], [NOW, "1000"]])
        quoted = self.data("/api/v1/query", query='{"my.utf8.metric"}', time=str(NOW))
        self.assertEqual(quoted["result"][0]["metric"], {"__name__": "my.utf8.metric", "ünit": "x"})

    def test_variables_and_the_query_builder(self):
        window = dict(start=str(NOW - 3600), end=str(NOW))
        names = self.data("/api/v1/labels", **window)
        self.assertEqual(names, sorted(names))
        self.assertLessEqual({"__name__", "code", "instance", "job", "ünit"}, set(names))
        selector = 'http_requests_total{job="api"}'
        self.assertEqual(self.get("/api/v1/labels", **{"match[]": selector}, **window), ["__name__", "code", "instance", "job"])
        self.assertIn("http_requests_total", self.get("/api/v1/label/__name__/values", **window))
        self.assertEqual(self.get("/api/v1/label/instance/values", **{"match[]": selector}, **window), ["api-1"])
        self.assertEqual(self.get("/api/v1/label/code/values", limit=1, **{"match[]": "http_requests_total"}), ["200"])
        for spelled in ("U___fc_nit", urllib.parse.quote("ünit")):
            self.assertEqual(self.get(f"/api/v1/label/{spelled}/values"), ["x"], spelled)
        found = self.data("/api/v1/series", **{"match[]": [selector, 'http_requests_total{code="500"}']}, **window)
        self.assertEqual(len(found), 3)
        self.assertIn({"__name__": "http_requests_total", "job": "web", "instance": "web-1", "code": "500"}, found)
        self.assertIsInstance(self.get("/api/v1/metadata"), dict)
        self.assertIsInstance(self.get("/api/v1/metadata", metric="http_requests_total", limit=1), dict)

    def test_exemplars_formatting_and_status(self):
        self.assertEqual(self.data("/api/v1/query_exemplars", query="rate(http_requests_total[5m])", start=str(NOW - 300),
                                   end=str(NOW)), [])
        self.assertEqual(self.data("/api/v1/format_query", query="sum(up)by(job)"), "sum by (job) (up)")
        self.assertEqual(self.data("/api/v1/parse_query", query="up")["type"], "vectorSelector")
        tsdb = self.get("/api/v1/status/tsdb")
        self.assertGreaterEqual(tsdb["headStats"]["numSeries"], 5)
        self.assertIn({"name": "http_requests_total", "value": 4}, tsdb["seriesCountByMetricName"])
        self.assertEqual(self.get("/api/v1/status/flags")["query.timeout"], "20s")
        self.assertIn("query.timeout", self.get("/api/v1/status/config")["yaml"])
        self.assertIn("startTime", self.get("/api/v1/status/runtimeinfo"))

    def test_errors_are_what_the_data_source_shows(self):
        status, answer = self.post("/api/v1/query", query="sum(rate(up[5m])", time=str(NOW))
        self.assertEqual((status, answer["status"], answer["errorType"]), (400, "error", "bad_data"))
        self.assertRegex(answer["error"], r'^invalid parameter "query": 1:\d+: parse error: ')
        status, answer = self.post("/api/v1/query", query="http_requests_total * on (job) http_requests_total", time=str(NOW))
        self.assertEqual((status, answer["errorType"]), (422, "execution"))
        self.assertIn("many", answer["error"])
        status, answer = self.post("/api/v1/query_range", query="up", start="0", end=str(NOW), step="1")
        self.assertEqual((status, answer["errorType"]), (400, "bad_data"))
        self.assertIn("exceeded maximum resolution of 11,000 points per timeseries", answer["error"])

    def test_rules_and_alerts_run_and_survive_a_restart(self):
        alert = harness.wait_until(
            lambda: next((a for a in self.get("/api/v1/alerts")["alerts"] if a["state"] == "firing"), None), what="an alert")
        self.assertEqual(alert["labels"]["severity"], "page")
        self.assertRegex(alert["annotations"]["summary"], r"^(api|web) fails 0\.\d\d times a second$")
        group = self.get("/api/v1/rules")["groups"][0]
        self.assertEqual((group["name"], group["interval"]), ("shop", 1))
        self.assertEqual([r["type"] for r in group["rules"]], ["recording", "alerting"])
        self.assertEqual([r["health"] for r in group["rules"]], ["ok", "ok"])
        harness.wait_until(lambda: self.data("/api/v1/query", query="job:http_requests:rate5m")["result"], what="a recorded series")
        self.server.kill()
        self.server = self.trimtab(arguments=("--config", self.path("trimtab.yaml")))
        self.http = self.server.http
        again = [a for a in self.get("/api/v1/alerts")["alerts"] if a["labels"] == alert["labels"]]
        self.assertEqual([a["activeAt"] for a in again], [alert["activeAt"]])

    def test_hostile_queries_are_refused_within_their_limits(self):
        deep = "(" * 100_000 + "1" + ")" * 100_000
        wide = "1" + "+1" * 100_000
        unary = "-" * 100_000 + "1"
        bomb = 'up{job=~"(((a{1000}){1000}){1000}){1000}"}'
        nested = "http_requests_total"
        for _ in range(5):
            nested = f"max_over_time(({nested})[1y:1s])"
        huge = {
            "deep": dict(query=deep), "wide": dict(query=wide), "unary": dict(query=unary), "bomb": dict(query=bomb),
            "nested subqueries": dict(query=nested),
            "long window": dict(query="count_over_time(http_requests_total[100y:1ms])"),
        }
        for name, form in huge.items():
            status, answer = self.post("/api/v1/query", **form)
            self.assertIn(status, (400, 422), (name, answer))
            self.assertEqual(answer["status"], "error")
        for start, step in ((0, "0.001"), (NOW - 1_000_000_000, "1"), (-60_000_000_000, "1ms")):
            status, answer = self.post("/api/v1/query_range", query="up", start=str(start), end=str(NOW), step=step)
            self.assertEqual((status, answer["errorType"]), (400, "bad_data"), answer)
        # A body too large is refused by its announced length: the rest of it need not be sent.
        head = (f"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
                f"Content-Length: {2 << 20}\r\n\r\nquery=aaaa").encode()
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as s:
            s.sendall(head)
            self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 413 "))
        self.http.close()
        # A slow one is ended by its own time-out, and the next one is answered.
        slow = "count_over_time((http_requests_total * 2)[999000s:1s])" + " + 0" * 400
        status, answer = self.post("/api/v1/query", query=slow, timeout="1ms")
        self.assertEqual((status, answer["errorType"]), (503, "timeout"), answer)
        self.test_health_check_and_build_info()

    def test_a_client_that_leaves_frees_its_place(self):
        form = urllib.parse.urlencode({"query": "count_over_time(http_requests_total[900000s:1s])" + " + 0" * 400}).encode()
        before = self.metric("trimtab_http_cancelled_total")
        head = (f"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
                f"Content-Length: {len(form)}\r\n\r\n").encode()
        for _ in range(4):
            with socket.create_connection(("127.0.0.1", self.server.port), 20) as s:
                s.sendall(head + form)
        # They have come to be worked on; whatever became of them, nothing is left behind and others are answered.
        harness.wait_until(lambda: self.metric("trimtab_queries_running") > 0 or self.metric("trimtab_http_cancelled_total") > before,
                           what="a query of a client that left")
        harness.wait_until(lambda: self.metric("trimtab_queries_running") == 0, what="no query running")
        self.test_health_check_and_build_info()
        self.assertGreaterEqual(self.metric("trimtab_http_cancelled_total"), before)

    def metric(self, name):
        found = re.search(rf"^{name} ([0-9.e+]+)$", self.http.get("/metrics")[2].decode(), re.M)
        self.assertTrue(found, f"no metric {name}")
        return float(found.group(1))

    def test_tokens_guard_queries_like_the_rest(self):
        with open(self.path("tokens"), "w") as f:
            f.write("reader-0123456789abcdef read\n")
        guarded = self.trimtab("guarded", arguments=("--no-host", "--token-file", self.path("tokens")))
        for path in ("/api/v1/query?query=1", "/api/v1/rules", "/api/v1/status/config"):
            self.assertEqual(guarded.http.request("GET", path)[0], 401, path)
            self.assertEqual(guarded.http.request("GET", path, headers={"Authorization": "Bearer reader-0123456789abcdef"})[0], 200, path)

    def test_large_answers_are_gzipped_and_whole(self):
        series = [({"__name__": "many", "i": str(i)}, [(NOW * 1000, float(i))]) for i in range(20_000)]
        self.assertIn(harness.remote_write(self.http, series)[0], (200, 204))
        status, headers, body = self.http.request("GET", f"/api/v1/query?query=many&time={NOW}",
                                                  headers={"Accept-Encoding": "gzip"})
        self.assertEqual((status, headers.get("content-encoding")), (200, "gzip"))
        answer = json.loads(gzip.decompress(body))
        self.assertEqual(len(answer["data"]["result"]), 20_000)
        self.assertEqual(sum(float(r["value"][1]) for r in answer["data"]["result"]), sum(range(20_000)))


class PushDown(harness.Workplace):
    """With a remote engine configured, the expression goes there whole and its answer comes back."""

    def test_a_real_prometheus_answers_through_us(self):
        port = harness.free_port()
        with open(self.path("prometheus.yml"), "w") as f:
            f.write("global: {}\n")
        self.start(harness.Process(
            [harness.need("prometheus"), f"--config.file={self.path('prometheus.yml')}",
             f"--storage.tsdb.path={self.path('tsdb')}", f"--web.listen-address=127.0.0.1:{port}",
             "--web.enable-remote-write-receiver"], self.path("prometheus.log")))
        theirs = harness.Http(port)
        harness.wait_until(lambda: theirs.get("/-/ready")[0] == 200, what="prometheus")
        theirs.close()
        series = [({"__name__": "pushed", "job": job}, [((NOW - i * STEP) * 1000, float(100 - i)) for i in range(40, -1, -1)])
                  for job in ("a", "b")]
        self.assertIn(harness.remote_write(theirs, series)[0], (200, 204))
        with open(self.path("trimtab.yaml"), "w") as f:
            f.write(f"host: {{enabled: false}}\nself_scrape: {{interval: 0}}\nremote: {{url: 'http://127.0.0.1:{port}'}}\n")
        ours = self.trimtab(arguments=("--config", self.path("trimtab.yaml"))).http
        shapes = [("/api/v1/query", dict(query="sum by (job) (rate(pushed[2m]))", time=NOW)),
                  ("/api/v1/query", dict(query="pushed[1m]", time=NOW)),
                  ("/api/v1/query", dict(query="1 / 0", time=NOW)),
                  ("/api/v1/query", dict(query='"text"', time=NOW)),
                  ("/api/v1/query_range", dict(query="rate(pushed[2m])", start=NOW - 300, end=NOW, step=15))]
        for path, query in shapes:
            self.assertEqual(ours.get_json(path, **query)["data"], theirs.get_json(path, **query)["data"], query)
        status, _, body = ours.get("/api/v1/query", query="sum(")
        self.assertEqual((status, json.loads(body)["errorType"]), (400, "bad_data"))
        self.assertIn("parse error", json.loads(body)["error"])
        status, _, body = ours.get("/api/v1/query", query="pushed * on () pushed", time=NOW)
        self.assertEqual((status, json.loads(body)["errorType"]), (422, "execution"))


if __name__ == "__main__":
    harness.main()
