# SPDX-License-Identifier: Apache-2.0
"""50 rounds of kill -9 at random moments under load: no acknowledged sample lost or doubled, every
restart ready within 3 seconds."""
import random
import signal
import threading
import time

import harness

ROUNDS = 50
WRITERS = 3
SERIES_PER_REQUEST = 100
SAMPLES_PER_SERIES = 3
READY_SECONDS_MAX = 3.0


class Writer(threading.Thread):
    """Writes until the server is gone; remembers what was acknowledged and what was in flight."""

    def __init__(self, port, number, state):
        super().__init__(daemon=True)
        self.port, self.number, self.state = port, number, state

    def run(self):
        http_client = harness.Http(self.port, timeout=20)
        labels = [{"__name__": "kill9", "writer": str(self.number), "series": str(s)} for s in range(SERIES_PER_REQUEST)]
        while True:
            step = self.state["next"]
            self.state["next"] = step + SAMPLES_PER_SERIES
            series = [(labels[s], [(self.state["base"] + (step + k) * 1000, value_of(self.number, s, step + k))
                                   for k in range(SAMPLES_PER_SERIES)]) for s in range(SERIES_PER_REQUEST)]
            try:
                status, _, body = harness.remote_write(http_client, series)
            except Exception:  # noqa: BLE001 - the server was killed
                self.state["unknown"].append(step)
                return
            if status not in (200, 204):
                self.state["errors"].append((status, body[:200]))
                return
            self.state["acknowledged"].append(step)


def value_of(writer, series, step):
    # A quarter of the values are zero and some have many digits, so that every codec path is met.
    return 0.0 if (series + step) % 4 == 0 else writer * 1e6 + series * 1000 + step / 7.0


class Kill9(harness.Workplace):
    def test_no_acknowledged_sample_is_lost_or_doubled(self):
        seed = 20261121
        chance = random.Random(seed)
        # Two days back, so that the whole run stays in the past.
        base = (int(time.time()) - 172800) * 1000
        states = [{"next": 0, "base": base, "acknowledged": [], "unknown": [], "errors": []} for _ in range(WRITERS)]
        slowest = 0.0
        port = harness.free_port()
        for round_number in range(ROUNDS):
            server = harness.Trimtab(self.path("data"), port=port, arguments=("--no-host",)).wait_ready(60)
            slowest = max(slowest, server.ready_seconds)
            writers = [Writer(port, n, state) for n, state in enumerate(states)]
            for writer in writers:
                writer.start()
            time.sleep(chance.uniform(0.02, 0.8))
            server.kill(signal.SIGKILL)
            for writer in writers:
                writer.join(30)
            server.stop()
            for state in states:
                self.assertEqual(state["errors"], [], f"round {round_number}")
        server = self.start(harness.Trimtab(self.path("data"), port=port, arguments=("--no-host",))).wait_ready(60)
        slowest = max(slowest, server.ready_seconds)
        found = server.export('{__name__="kill9"}')
        acknowledged = 0
        for number, state in enumerate(states):
            allowed = set()
            for step in state["acknowledged"] + state["unknown"]:
                allowed.update(range(step, step + SAMPLES_PER_SERIES))
            for s in range(SERIES_PER_REQUEST):
                key = (("__name__", "kill9"), ("series", str(s)), ("writer", str(number)))
                samples = found.get(key, {})
                for step in state["acknowledged"]:
                    for k in range(step, step + SAMPLES_PER_SERIES):
                        t = base + k * 1000
                        self.assertIn(t, samples, f"acknowledged sample {k} of {key} is lost")
                        self.assertEqual(samples[t], value_of(number, s, k))
                        acknowledged += 1
                for t in samples:
                    self.assertIn((t - base) // 1000, allowed, f"a sample nobody sent: {key} at {t}")
        print(f"{ROUNDS} kills, {acknowledged} acknowledged samples checked, slowest start {slowest:.2f} s")
        self.assertGreater(acknowledged, 10_000)
        self.assertLess(slowest, READY_SECONDS_MAX)


if __name__ == "__main__":
    harness.main()
