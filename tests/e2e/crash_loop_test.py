# SPDX-License-Identifier: Apache-2.0
"""The server is killed at every step of a change to a real PostgreSQL, and PostgreSQL in the middle of one. After the
restart the change is finished or undone, and PostgreSQL's own log says that nothing was done twice."""
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

import harness
from harness import Http, wait_until
from loop_workplace import ENDED, LoopWorkplace

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/act/failpoint.h")) as header:
    FAILPOINTS = re.findall(r'^    "(act\.\w+)"', header.read(), re.M)
# Steps of a change that is kept; the others belong to one that is taken back.
FORWARD = {name for name in FAILPOINTS if "undo" not in name and name != "act.after_end"}
AT_ONCE = 4  # servers beside each other


class Feeder:
    """Sends the measure of one database each second: it follows from whether the index is there, as a real one would."""

    def __init__(self, life, factor):
        self.life, self.factor, self.end, self.there = life, factor, threading.Event(), False
        now = int(time.time())
        self.send([(t, 100 + t % 3) for t in range(now - 60, now)])
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def send(self, values):
        line = {"metric": {"__name__": "shop_seconds"}, "values": [v for _, v in values], "timestamps": [t * 1000 for t, _ in values]}
        try:
            return Http(self.life.port, timeout=5).request("POST", "/api/v1/import", json.dumps(line).encode())[0]
        except OSError:  # killed: what a client of a restarting server does
            return None

    def run(self):
        while not self.end.wait(1):
            now = int(time.time())
            with contextlib.suppress(AssertionError):  # PostgreSQL is away
                self.there = bool(self.life.indexes())
            self.send([(now, (100 + now % 3) * (self.factor if self.there else 1))])

    def stop(self):
        self.end.set()
        self.thread.join()


class Life(LoopWorkplace):
    """One change, from proposal to end, with a database and servers of its own."""

    def __init__(self, test, postgresql, point, number):
        super().__init__("setUp")
        self.setUp()
        test.addCleanup(self.doCleanups)
        self.postgresql, self.point, self.database = postgresql, point, f"life{number}"
        self.port = None
        postgresql.sql(f"CREATE DATABASE {self.database}")
        postgresql.sql("CREATE TABLE t AS SELECT i AS a, i % 100 AS b FROM generate_series(1, 1000) i", self.database)

    def indexes(self):
        return self.postgresql.sql("SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = 'by_b'",
                                   self.database).split()

    def begin(self, failpoint=None):
        dsn = self.postgresql.dsn(database=self.database)
        self.serve(f"collectors:\n  postgresql: [{{name: main, dsn: \"{dsn}\", interval: 5s}}]\n"
                   "policy: {changes_per_hour: 100}\n", port=self.port,
                   env=dict(os.environ, **({"TRIMTAB_FAILPOINT": failpoint} if failpoint else {})))
        self.port = self.server.port

    def change(self):
        return next(iter(self.changes().values()), None)

    def wait_dead(self):
        wait_until(lambda: self.server.child.poll() is not None, 120, f"{self.point}: the server dies", pause=0.2)
        self.assertEqual(self.server.child.returncode, -signal.SIGKILL, self.server.log()[-3000:])

    def consent(self):
        """What a person does who finds a change not begun: the verbs, again. The server may die in the middle."""
        for verb in (["apply", "R-1", "--yes"], ["approve", "C-1"]):
            try:
                self.verb(*verb)
                return
            except AssertionError:
                with contextlib.suppress(subprocess.TimeoutExpired):  # it takes a moment to die
                    self.server.child.wait(1)
                    return

    def propose_index(self, factor):
        """An index that changes what is measured by `factor`."""
        feeder = Feeder(self, factor)
        self.addCleanup(feeder.stop)
        self.propose({
            "title": "by_b", "entity": "table/t",
            "action": {"type": "postgresql.create_index", "target": "postgresql/main",
                       "parameters": {"schema": "public", "table": "t", "name": "by_b", "keys": "+b\n"}},
            "verify": {"step_ms": 1000, "before_ms": 30000, "observe_min_ms": 10000, "observe_max_ms": 60000, "minimum_effect": 0.1,
                       "maximum_harm": 0.1, "target": {"title": "time", "expression": "shop_seconds", "unit": "s", "worse": "up"}}})
        return feeder

    def live(self):
        self.begin(self.point)
        kept = self.point in FORWARD
        feeder = self.propose_index(0.5 if kept else 2)
        try:
            self.consent()
            self.wait_dead()
            self.begin()
            change = self.change()
            if change is None or change["state"] == "proposed":
                self.consent()
            wait_until(lambda: self.change()["state"] in ENDED, 120, f"{self.point}: an end", pause=0.5)
            return self.point, self.change(), self.indexes(), kept
        finally:
            feeder.stop()
            self.server.stop()


class Crashes(harness.Workplace):
    def test_killed_at_every_step_a_change_is_finished_or_undone_and_never_made_twice(self):
        self.assertEqual(len(FAILPOINTS), 16)
        postgresql = harness.start_postgres(self, ["log_statement = 'ddl'", "log_line_prefix = '%d '"])
        lives = [Life(self, postgresql, point, i) for i, point in enumerate(FAILPOINTS)]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            ends = list(pool.map(Life.live, lives))
        with open(postgresql.data + "/log") as f:
            log = f.read()
        for life, (point, change, indexes, kept) in zip(lives, ends):
            with self.subTest(point):
                self.assertEqual(change["state"], "kept" if kept else "rolled_back", json.dumps(change, indent=1))
                self.assertEqual(indexes, ["t"] if kept else [])
                made = re.findall(rf"^{life.database} LOG:  .*CREATE INDEX", log, re.M)
                dropped = re.findall(rf"^{life.database} LOG:  .*DROP INDEX", log, re.M)
                self.assertEqual((len(made), len(dropped)), (1, 0 if kept else 1), (made, dropped))

    def test_postgresql_dies_in_the_middle_and_the_change_goes_on_when_it_is_back(self):
        postgresql = harness.start_postgres(self)
        life = Life(self, postgresql, None, 0)
        life.begin()
        feeder = life.propose_index(0.5)
        self.addCleanup(feeder.stop)
        # An old transaction holds up the build, which is half-made when the server is killed.
        holder = subprocess.Popen([postgresql.binaries + "/psql", "-XAtq", postgresql.dsn(database=life.database)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(holder.communicate)
        holder.stdin.write("BEGIN; UPDATE t SET a = a WHERE a = 1; SELECT 'held';\n")
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline().strip(), "held")
        life.consent()
        wait_until(lambda: life.indexes() == ["f"], 60, "the build has begun", pause=0.2)
        postgresql.kill()
        wait_until(lambda: life.change()["error"], 60, "the failure is told", pause=0.2)
        self.assertEqual(life.change()["state"], "applying", life.change())
        postgresql.start()
        wait_until(lambda: life.change()["state"] in ("observing", *ENDED), 120, "applied after all", pause=0.5)
        self.assertEqual(life.indexes(), ["t"])
        # It dies again, and meanwhile what is measured gets worse: taken back as soon as it is there again.
        postgresql.kill()
        feeder.factor = 2
        wait_until(lambda: life.change()["undoing"] and life.change()["error"], 120, "undo is decided and told to fail", pause=0.5)
        postgresql.start()
        wait_until(lambda: life.change()["state"] in ENDED, 120, "an end", pause=0.5)
        self.assertEqual(life.change()["state"], "rolled_back", life.change())
        self.assertEqual(life.indexes(), [])


if __name__ == "__main__":
    harness.main()
