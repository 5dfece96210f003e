# SPDX-License-Identifier: Apache-2.0
"""The closed loop on a real Redis under load: too little memory is found, given and proven; too little memory given is taken back."""
import bisect
import itertools
import json
import random
import socket
import threading
import time

import harness
from harness import wait_until
from loop_workplace import LoopWorkplace

KEYS = 1500
VALUE = b"v" * 2048


class Session:
    """One connection in RESP2; nil is None, other replies are bytes, integers or lists."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.reader = self.socket.makefile("rb")

    def command(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self.reply()

    def reply(self):
        line = self.reader.readline().rstrip()
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else self.reader.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b":":
            return int(rest)
        if kind == b"-" or not line:
            raise AssertionError(f"redis: {line!r}")
        return rest

    def close(self):
        self.reader.close()
        self.socket.close()


class Server:
    """redis-server with a configuration file of its own, so that CONFIG REWRITE has something to write."""

    def __init__(self, test, max_memory):
        self.port, self.config = harness.free_port(), test.path("redis.conf")
        with open(self.config, "w") as f:
            f.write(f'port {self.port}\nbind 127.0.0.1\nsave ""\ndir {test.folder}\nmaxmemory {max_memory}\nmaxmemory-policy allkeys-lru\n')
        test.start(harness.Process([harness.need("redis-server"), self.config], test.path("redis.log")))
        self.session = wait_until(lambda: Session(self.port), 20, "redis answers")
        test.addCleanup(self.session.close)

    def setting(self, name):
        return self.session.command("CONFIG", "GET", name)[1].decode()

    def file_after_rewrite(self):
        for _ in range(2):  # the first after a start ends the file without the empty line that later ones write
            self.session.command("CONFIG", "REWRITE")
        return self.file()

    def file(self):
        with open(self.config, "rb") as f:
            return f.read()


class CacheAside:
    """What an application does: ask the cache; on a miss make the value and put it there. Few keys are asked for often (Zipf, 0.8); one
    request in twenty asks for what does not exist."""

    def __init__(self, port, rate):
        self.session, self.rate = Session(port), rate
        self.random = random.Random(7)
        self.weights = list(itertools.accumulate((rank + 1) ** -0.8 for rank in range(KEYS)))
        self.outcomes = []  # (time, hit)
        for _ in range(3 * KEYS):
            self.request()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def request(self):
        if self.random.random() < 0.05:
            return self.session.command("GET", f"unknown:{self.random.random()}") is not None
        key = "item:%d" % bisect.bisect(self.weights, self.random.random() * self.weights[-1])
        if self.session.command("GET", key) is not None:
            return True
        self.session.command("SET", key, VALUE)
        return False

    def run(self):
        due = time.monotonic()
        while not self.stopping.is_set():
            self.outcomes.append((time.time(), self.request()))
            due = max(due + 1 / self.rate, time.monotonic() - 1)  # what a busy machine missed for long is not made up for
            self.stopping.wait(max(0, due - time.monotonic()))

    def miss_share(self, begin, end):
        hits = [hit for at, hit in self.outcomes if begin <= at < end]
        return 1 - sum(hits) / len(hits)

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.session.close()


class RedisLoop(LoopWorkplace):
    def begin(self, max_memory):
        redis = Server(self, max_memory)
        load = CacheAside(redis.port, rate=250)
        self.addCleanup(load.stop)
        self.serve(f"collectors:\n  redis:\n    - {{name: cache, url: 'redis://127.0.0.1:{redis.port}', act: true, interval: 500ms}}\n")
        return redis, load

    def test_too_little_memory_is_found_given_proven_and_kept(self):
        began = time.time()
        redis, load = self.begin("2600kb")

        def advised():
            for r in json.loads(self.verb("advise", "--now", "--format", "json")):
                if r["state"] == "proposed":
                    return r

        advice = wait_until(advised, 180, "advice", pause=3)
        found = time.time()
        self.assertEqual(advice["action"]["type"], "redis.set")
        self.assertLess(advice["expected"]["high"], 0)
        name = f"R-{advice['id']}"
        self.assertIn("CONFIG SET maxmemory", self.verb("show", name))
        self.assertEqual(redis.setting("maxmemory"), str(2600 << 10), "looking changes nothing")

        self.verb("apply", name, "--yes")
        applied = time.time()
        change = self.wait_change(300)
        done = time.time()
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("kept", "kept"), json.dumps(change, indent=1))
        before, after = load.miss_share(began, applied), load.miss_share(done - 15, done)
        print(f"advice after {found - began:.0f} s, verdict after {done - began:.0f} s; misses {before:.1%} to {after:.1%} of look-ups; measured "
              f"{change['verdict']['effect']:+.1%} [{change['verdict']['low']:+.1%}, {change['verdict']['high']:+.1%}], expected "
              f"{advice['expected']['low']:+.1%} to {advice['expected']['high']:+.1%}")
        self.assertLess(after, before * 0.8)
        self.assertLess(change["verdict"]["high"], 0)
        given = int(redis.setting("maxmemory"))
        self.assertGreater(given, 2600 << 10)
        self.assertIn(f"CONFIG SET maxmemory {given >> 20}mb", advice["action"]["apply"])
        plan = self.verb("plan")
        self.assertIn(f"C-{change['id']}", plan)
        self.assertIn("kept", plan)
        print(plan)

    def test_far_too_little_memory_harms_a_guard_and_is_taken_back(self):
        redis, load = self.begin("16mb")
        file, limit = redis.file_after_rewrite(), redis.setting("maxmemory")
        series = f'{{instance="127.0.0.1:{redis.port}"}}'
        misses, hits = (f"sum(rate(redis_keyspace_{word}_total{series}[{{{{.step}}}}]))" for word in ("misses", "hits"))
        made = self.propose({
            "title": "give the host its memory back", "entity": f"cache/127.0.0.1:{redis.port}",
            "action": {"type": "redis.set", "target": "redis/cache", "parameters": {"setting": "maxmemory", "value": "2mb"}},
            "verify": {"step_ms": 2000, "before_ms": 60000, "observe_min_ms": 120000, "observe_max_ms": 240000, "minimum_effect": 0.2,
                       "target": {"title": "memory used", "expression": f"redis_memory_used_bytes{series}", "unit": "bytes", "worse": "up"},
                       "guards": [{"measure": {"title": "share of look-ups that miss", "expression": f"{misses} / ({misses} + {hits})",
                                               "unit": "ratio", "worse": "up"}, "harm_max": 0.5}]}})
        self.verb("apply", f"R-{made}", "--yes")
        change = self.wait_change(300)
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("rolled_back", "rolled_back"), json.dumps(change, indent=1))
        self.assertIn("guard", change["verdict"]["reason"])
        self.assertTrue(change["verdict"]["guards"][0]["breached"])
        seen = (change["applied_ms"] / 1000, change["verdict"]["at_ms"] / 1000)
        print(change["verdict"]["reason"], f"; breach seen {seen[1] - seen[0]:.0f} s after the change was there")
        self.assertGreater(load.miss_share(*seen), 2 * load.miss_share(0, seen[0]), "the harm was real")
        self.assertEqual(redis.setting("maxmemory"), limit)
        self.assertEqual(redis.file(), file)
        self.assertEqual(redis.file_after_rewrite(), file)


if __name__ == "__main__":
    harness.main()
