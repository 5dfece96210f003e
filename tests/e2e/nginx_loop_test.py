# SPDX-License-Identifier: Apache-2.0
"""The closed loop on a real nginx under load: found unaided, applied with consent, measured, kept or taken back."""
import contextlib
import http.client
import json
import math
import random
import socket
import subprocess
import threading
import time

import harness
from harness import wait_until
from loop_workplace import LoopWorkplace

WORDS = ("border", "margin", "checkout", "customer", "return", "function", "color", "width", "order", "total", "price", "list", "item",
         "button", "header", "footer", "const", "await", "display", "padding", "background", "position", "absolute", "relative")
# Path, bytes, share of requests. The picture is noise, as compressed formats are.
FILES = (("/index.html", 30_000, 4), ("/shop.css", 40_000, 3), ("/shop.js", 90_000, 2), ("/logo.png", 12_000, 3))
TYPES = "types { text/html html; text/css css; application/javascript js; image/png png; }"


def text_like(source, size):
    """Words with numbers between them: compresses to about a third, as scripts and style sheets do."""
    out = []
    while sum(map(len, out)) < size:
        out.append(f"{source.choice(WORDS)}-{source.choice(WORDS)}: {source.randrange(10_000)};\n")
    return "".join(out)[:size].encode()


class Load:
    """One keep-alive client that offers gzip; counts what it gets."""

    def __init__(self, port, per_second):
        self.port, self.pause = port, 1 / per_second
        self.answers, self.stopping = [], threading.Event()  # (moment, bytes of the body, seconds)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        source = random.Random(1)
        paths, weights = [f[0] for f in FILES], [f[2] for f in FILES]
        connection, due = None, time.monotonic()
        while not self.stopping.is_set():
            path = source.choices(paths, weights)[0]
            begin = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
                body = connection.getresponse().read()
                self.answers.append((time.time(), len(body), time.monotonic() - begin))
            except (OSError, http.client.HTTPException):  # a worker that was replaced closes its connections
                connection.close()
                connection = None
            due = max(due + self.pause, time.monotonic() - 1)
            self.stopping.wait(max(0, due - time.monotonic()))
        if connection:
            connection.close()

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def bytes_per_request(self, begin, end):
        sizes = [size for moment, size, _ in self.answers if begin <= moment <= end]
        return sum(sizes) / len(sizes)


class Crowd:
    """Now and then more clients at once than nginx has connections for; in between it is quiet."""

    def __init__(self, port, clients):
        self.port, self.clients = port, clients
        self.visits, self.stopping = [], threading.Event()  # (moment, served)
        self.chance = random.Random(7)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            crowd = [self.come() for _ in range(self.clients)]
            self.stopping.wait(0.1)
            for client in crowd:
                self.visits.append((time.time(), self.leave(client)))
            self.stopping.wait(self.chance.uniform(0.1, 0.5))  # an even beat would drift against the looks

    def come(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        with contextlib.suppress(OSError):  # closed already
            client.sendall(b"GET /logo.png HTTP/1.0\r\n")
        return client

    def leave(self, client):
        with client, contextlib.suppress(OSError):
            client.sendall(b"\r\n")
            return client.recv(1 << 16).startswith(b"HTTP/1.1 200")

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def first_wholly_served(self, begin):
        """When the first crowd after `begin` of which nobody was turned away had left."""
        crowds = [self.visits[i:i + self.clients] for i in range(0, len(self.visits), self.clients)]
        return next((c[-1][0] for c in crowds if c[0][0] >= begin and len(c) == self.clients and all(served for _, served in c)), math.inf)

    def turned_away(self, begin, end):
        seen = [served for moment, served in self.visits if begin <= moment <= end]
        return len(seen) - sum(map(bool, seen)), len(seen)


class NginxLoop(LoopWorkplace):
    def start_load(self, load):
        self.addCleanup(load.stop)
        return load

    def begin(self, with_log=True):
        """An nginx that compresses nothing, and a Trimtab that watches it and may change it. With a log, times of requests guard each change; where
        clients tarry they tell of the clients."""
        self.nginx = harness.start_nginx(self, http=TYPES)
        source = random.Random(7)
        for path, size, _ in FILES:
            with open(self.path("nginx", "html") + path, "wb") as f:
                f.write(source.randbytes(size) if path.endswith("png") else text_like(source, size))
        self.before = self.configuration()
        log = f"log: {self.nginx.log_file}, " if with_log else ""
        self.serve(f"""collectors:
  nginx:
    - {{name: edge, url: "http://127.0.0.1:{self.nginx.port}/stub_status", {log}config: {self.nginx.config},
       pid_file: {self.nginx.pid_file}, binary: {harness.need("nginx")}, act: true, interval: 500ms}}
""")

    def configuration(self):
        with open(self.nginx.config, "rb") as f:
            return f.read()

    def encoding(self, path):
        client = harness.Http(self.nginx.port)
        status, headers, _ = client.request("GET", path, headers={"Accept-Encoding": "gzip"})
        client.close()
        self.assertEqual(status, 200)
        return headers.get("content-encoding")

    def advice(self):
        return json.loads(self.verb("advise", "--now", "--format", "json"))

    def test_missing_compression_is_found_applied_proven_kept_and_taken_back_by_a_person(self):
        began = time.time()
        self.begin()
        load = self.start_load(Load(self.nginx.port, per_second=100))
        early = wait_until(lambda: [r for r in self.advice() if r["title"].startswith("No advice on compression")], 30, "first words", pause=1)
        self.assertEqual([(r["state"], "more minute" in r["needs"] or "requests" in r["needs"]) for r in early], [("not_enough_data", True)])

        advice = wait_until(lambda: next((r for r in self.advice() if r["state"] == "proposed"), None), 120, "advice", pause=2)
        found = time.time()
        self.assertEqual(advice["action"]["type"], "nginx.edit")
        for words in ("gzip on;", "text/css", "application/javascript"):
            self.assertIn(words, advice["action"]["apply"])
        self.assertNotIn("image/png", advice["action"]["apply"])
        self.assertLess(advice["expected"]["high"], -0.1)
        name = f"R-{advice['id']}"
        print(self.verb("show", name))
        self.verb("apply", name)  # nobody there to say yes
        self.assertEqual(self.configuration(), self.before, "looking changes nothing")
        self.assertIsNone(self.encoding("/shop.js"))

        self.verb("apply", name, "--yes")
        change = self.wait_change(300)
        done = time.time()
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("kept", "kept"), json.dumps(change, indent=1))
        self.assertEqual(self.encoding("/shop.js"), "gzip")
        self.assertIsNone(self.encoding("/logo.png"))
        subprocess.run([harness.need("nginx"), "-t", "-q", "-c", self.nginx.config], check=True)
        # What the client itself saw, against what was measured and what was promised.
        before = load.bytes_per_request(began, found)
        after = load.bytes_per_request(change["applied_ms"] / 1000 + 2, done)
        verdict = change["verdict"]
        print(f"advice after {found - began:.0f} s, verdict after {done - began:.0f} s; {before:.0f} to {after:.0f} bytes a request "
              f"({after / before - 1:+.1%}); measured {verdict['effect']:+.1%} [{verdict['low']:+.1%}, {verdict['high']:+.1%}], expected "
              f"{advice['expected']['low']:+.1%} to {advice['expected']['high']:+.1%}")
        self.assertLess(after, before / 2)
        self.assertLess(verdict["high"], -0.1)
        # The client's requests are a sample too, so what it saw lies within the measured interval, and that meets the promise.
        self.assertTrue(verdict["low"] <= after / before - 1 <= verdict["high"], f"{after / before - 1}")
        self.assertTrue(verdict["low"] <= advice["expected"]["high"] and verdict["high"] >= advice["expected"]["low"])
        plan = self.verb("plan")
        self.assertIn(f"C-{change['id']}", plan)
        print(plan)
        self.assertEqual([r for r in self.advice() if r["state"] == "proposed"], [], "nothing more to say")

        self.verb("rollback", f"C-{change['id']}", "--reason", "the test wants it back")
        wait_until(lambda: self.changes()[change["title"]]["state"] == "rolled_back", 60, "taken back", pause=1)
        self.assertEqual(self.configuration(), self.before)
        wait_until(lambda: self.encoding("/shop.js") is None, 30, "served as before")

    def test_an_edit_that_harms_a_guard_is_reversed_by_itself(self):
        self.begin()
        load = self.start_load(Load(self.nginx.port, per_second=100))
        own = f'{{instance="127.0.0.1:{self.nginx.port}"}}'
        step = "[{{.step}}]"
        idea = self.propose({
            "title": "no client takes it all", "entity": "service/shop",
            "action": {"type": "nginx.edit", "target": "nginx/edge",
                       "parameters": {"path": self.nginx.config, "find": "    root ", "replace": "    limit_rate 100k;\n    root "}},
            "verify": {"step_ms": 2000, "before_ms": 60000, "observe_min_ms": 60000, "observe_max_ms": 120000, "minimum_effect": 0.5,
                       "target": {"title": "bytes per request", "unit": "bytes", "worse": "up",
                                  "expression": f"sum(rate(nginx_http_response_size_bytes_total{own}{step})) / "
                                                f"sum(rate(nginx_http_response_count_total{own}{step}))"},
                       "guards": [{"measure": {"title": "request time", "unit": "seconds", "worse": "up",
                                               "expression": f"sum(rate(nginx_http_response_time_seconds_sum{own}{step})) / "
                                                             f"sum(rate(nginx_http_response_time_seconds_count{own}{step}))"},
                                   "harm_max": 0.1, "harm_min_absolute": 0.01}]}})
        self.verb("apply", f"R-{idea}", "--yes")
        change = self.wait_change(180)
        verdict = change["verdict"]
        self.assertEqual((change["state"], verdict["decision"]), ("rolled_back", "rolled_back"), json.dumps(change, indent=1))
        self.assertIn("guard: request time", verdict["reason"])
        slow = [seconds for moment, _, seconds in load.answers if seconds > 0.1]
        print(f"{verdict['reason']}, after {verdict['looks']} looks; {len(slow)} slow answers; back "
              f"{change['ended_ms'] - verdict['at_ms']} ms after the verdict")
        self.assertTrue(slow, "the harm was real")
        self.assertEqual(self.configuration(), self.before)
        wait_until(lambda: load.answers[-1][2] < 0.1, 30, "fast again")

    def test_too_few_worker_connections_are_found_raised_and_proven(self):
        began = time.time()
        self.begin(with_log=False)
        crowd = self.start_load(Crowd(self.nginx.port, clients=80))
        advice = wait_until(lambda: next((r for r in self.advice() if r["state"] == "proposed"), None), 120, "advice", pause=2)
        found = time.time()
        # Bursts of refusals hang together: two minutes of them tell how much they vary, half a minute may not.
        seen = "count_over_time(nginx_connections_accepted[10m])"
        wait_until(lambda: any(float(r["value"][1]) >= 240 for r in self.server.http.get_json("/api/v1/query", query=seen)["data"]["result"]),
                   300, "two minutes of values before, one each 500 ms", pause=1)
        self.assertEqual((advice["action"]["type"], "worker_connections 256;" in advice["action"]["apply"]), ("nginx.edit", True))
        self.verb("apply", f"R-{advice['id']}", "--yes")
        change = self.wait_change(300)
        done = time.time()
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("kept", "kept"), json.dumps(change, indent=1))
        applied = change["applied_ms"] / 1000
        served = crowd.first_wholly_served(applied)  # nginx takes a new configuration up a while after it was told to
        self.assertLess(served - applied, 10)
        before, after = crowd.turned_away(began, found), crowd.turned_away(served, done)
        print(f"advice after {found - began:.0f} s, verdict after {done - began:.0f} s; clients turned away: {before}, then {after}; {change['verdict']['looks']} looks")
        self.assertGreater(before[0], 20)
        self.assertEqual(after[0], 0)
        self.assertGreater(after[1], 0)


if __name__ == "__main__":
    harness.main()
