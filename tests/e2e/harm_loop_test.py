# SPDX-License-Identifier: Apache-2.0
"""A change that reaches its aim and breaks something else is taken back by itself, without a trace."""
import json
import subprocess
import threading

import harness
from loop_workplace import LoopWorkplace

ROWS = 40_000  # of 1 kB: what one sort needs, 40 MB
MEMORY_BYTES = 24 * 2**20  # what each PostgreSQL process may add to what it has when idle


class Sorting:
    """A sort of the whole table, again and again, in a session of its own each time."""

    def __init__(self, postgresql):
        self.postgresql, self.end, self.errors = postgresql, threading.Event(), []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.end.wait(0.3):
            try:
                self.postgresql.sql(f"SELECT id FROM big ORDER BY note OFFSET {ROWS - 1}")
            except AssertionError as error:
                self.errors.append(str(error))

    def stop(self):
        self.end.set()
        self.thread.join()


class Harm(LoopWorkplace):
    def test_work_mem_that_exhausts_memory_is_taken_back(self):
        postgresql = harness.start_postgres(self, ["max_parallel_workers_per_gather = 0", "shared_buffers = 32MB", "jit = off"])
        postgresql.sql(f"CREATE TABLE big AS SELECT i AS id, md5(i::text) || repeat('x', 968) AS note FROM generate_series(1, {ROWS}) i")
        # The least a process can do with is what one has that has just sorted within the present work_mem.
        session = subprocess.Popen([postgresql.binaries + "/psql", "-XAtq", postgresql.dsn()], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        session.stdin.write(f"SELECT id FROM big ORDER BY note OFFSET {ROWS - 1}; SELECT pg_backend_pid();\n")
        session.stdin.flush()
        session.stdout.readline()
        with open(f"/proc/{session.stdout.readline().strip()}/status") as f:
            peak = next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmPeak:"))
        session.communicate()
        postgresql.run("/usr/bin/prlimit", "--pid", str(postgresql.pids()[0]), f"--as={peak + MEMORY_BYTES}")
        with open(postgresql.data + "/postgresql.auto.conf", "rb") as f:
            before = f.read()

        load = Sorting(postgresql)
        self.addCleanup(load.stop)
        self.serve(f"collectors:\n  postgresql: [{{name: main, dsn: \"{postgresql.dsn()}\", interval: 1s}}]\n")
        database = 'datname="postgres",job="postgresql"'
        self.propose({
            "title": "sorts in memory", "entity": "database/postgres",
            "action": {"type": "postgresql.set", "target": "postgresql/main", "parameters": {"setting": "work_mem", "value": "256MB"}},
            "verify": {"step_ms": 5000, "before_ms": 60000, "observe_min_ms": 30000, "observe_max_ms": 300000, "minimum_effect": 0.1,
                       "target": {"title": "temporary bytes", "unit": "bytes/s", "worse": "up",
                                  "expression": f"rate(pg_stat_database_temp_bytes{{{database}}}[{{{{.step}}}}])"},
                       "guards": [{"measure": {"title": "failed transactions", "unit": "1/s", "worse": "up",
                                               "expression": f"rate(pg_stat_database_xact_rollback{{{database}}}[{{{{.step}}}}])"},
                                   "harm_max": 0.1, "harm_min_absolute": 0.1}]}})
        self.assertEqual(load.errors, [])
        self.verb("apply", "R-1", "--yes")
        change = self.wait_change(420)
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("rolled_back", "rolled_back"), json.dumps(change, indent=1))
        self.assertIn("guard: failed transactions", change["verdict"]["reason"])
        self.assertTrue(any("out of memory" in error for error in load.errors), load.errors[:3])
        with open(postgresql.data + "/postgresql.auto.conf", "rb") as f:
            self.assertEqual(f.read(), before)
        self.assertEqual(postgresql.sql("SHOW work_mem").strip(), "4MB")
        seen = len(load.errors)
        load.postgresql.sql(f"SELECT id FROM big ORDER BY note OFFSET {ROWS - 1}")
        print(change["verdict"]["reason"], f"{seen} sorts failed meanwhile")


if __name__ == "__main__":
    harness.main()
