# SPDX-License-Identifier: Apache-2.0
"""A larger work_mem reaches its aim, no temporary files, and exhausts the memory of PostgreSQL's control group: the
kernel kills, PostgreSQL starts anew, and the change is taken back by itself, without a trace."""
import json
import os

import harness
from harness import wait_until
from machine_workplace import GROUPS, MachineWorkplace

BINARIES = "/usr/lib/postgresql/15/bin"
DATA = "/var/data"
ROWS = 300_000
QUERY = f"SELECT i FROM generate_series(1, {ROWS}) i ORDER BY -i OFFSET {ROWS - 1}"
PSQL = f"{BINARIES}/psql -XAtq -h 127.0.0.1 -p 5432 -U postgres"
SORTED = "/tmp/clients.log"


class CgroupHarm(MachineWorkplace):
    def database_files(self):
        """What PostgreSQL needs to run: a fresh database that was made here, and what it reads beside."""
        made = harness.start_postgres(self, ["timezone = GMT", "log_timezone = GMT", "shared_preload_libraries = ''",
                                             "shared_buffers = 4MB", "jit = off", "max_parallel_workers_per_gather = 0",
                                             "autovacuum = off", "logging_collector = off"])
        made.run("pg_ctl", "-D", made.data, "-w", "-m", "fast", "stop")
        files = [("/etc/passwd", b"root:x:0:0::/:/bin/sh\npostgres:x:70:70::/tmp:/bin/sh\n"),
                 ("/etc/group", b"root:x:0:\npostgres:x:70:\n"), ("/usr/lib/postgresql/15/lib/.keep", b"")]
        for here, there in ((made.data, DATA), ("/usr/share/postgresql/15/timezonesets", "/usr/share/postgresql/15/timezonesets")):
            for folder, _, names in os.walk(here):
                files.append((there + folder[len(here):] + "/.keep", b""))
                for name in names:
                    with open(os.path.join(folder, name), "rb") as f:
                        files.append((there + folder[len(here):] + "/" + name, f.read()))
        return files

    def as_postgres(self, line):
        return f"su postgres -c {json.dumps(line)}"

    def peak(self, work_mem):
        """The most bytes that the group has held, after one sort with so much memory."""
        self.machine.sh(f'PGOPTIONS="-c work_mem={work_mem}" {PSQL} -c "{QUERY}"')
        return int(self.machine.sh(f"cat {GROUPS}/db.service/memory.peak"))

    def sorted(self):
        """How many sorts of the load have ended well."""
        return int(self.machine.run(f"grep -c '^1$' {SORTED}")[0])

    def test_work_mem_that_exhausts_the_groups_memory_is_taken_back(self):
        self.begin(self.database_files(), [BINARIES + "/postgres", BINARIES + "/psql"],
                   'collectors:\n  postgresql: [{name: main, dsn: "host=127.0.0.1 port=5432 user=postgres dbname=postgres", interval: 1s}]\n')
        self.machine.sh(f"find {DATA} -name .keep -exec rm {{}} +; chown -R postgres {DATA}; chmod 700 {DATA}")
        # The server process itself is kept from the kernel's killer, as the manual's "Linux Memory Overcommit" has it.
        self.start("db", "echo -1000 > /proc/self/oom_score_adj; export PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj; "
                         f"exec su postgres -c '{BINARIES}/postgres -D {DATA} -p 5432'")
        wait_until(lambda: self.machine.run(f"{PSQL} -c 'SELECT 1'")[1] == 0, 120, "PostgreSQL", pause=1)
        on_disk, in_memory = self.peak("4MB"), self.peak("256MB")
        self.assertGreater(in_memory, 1.5 * on_disk)
        self.machine.sh(f"echo {(on_disk + in_memory) // 2} > {GROUPS}/db.service/memory.max")
        self.machine.write("/tmp/load", f'while :; do {PSQL} -c "{QUERY}"; sleep 0.2; done\n')
        self.start("clients", "sh /tmp/load")
        before = self.machine.sh(f"od -c {DATA}/postgresql.auto.conf")
        database = 'datname="postgres",job="postgresql"'
        idea = {"title": "sorts in memory", "entity": "database/postgres",
                "action": {"type": "postgresql.set", "target": "postgresql/main", "parameters": {"setting": "work_mem", "value": "256MB"}},
                "verify": {"step_ms": 5000, "before_ms": 90000, "observe_min_ms": 60000, "observe_max_ms": 480000, "minimum_effect": 0.1,
                           "target": {"title": "temporary bytes", "unit": "bytes/s", "worse": "up",
                                      "expression": f"rate(pg_stat_database_temp_bytes{{{database}}}[20s])"},
                           "guards": [{"measure": {"title": "processes killed for want of memory", "unit": "1/s", "worse": "up",
                                                   "expression": 'rate(container_oom_events_total{cgroup="/db.service"}[10s])'},
                                       "harm_max": 0.1, "harm_min_absolute": 0.01}]}}
        self.machine.write("/tmp/idea.json", json.dumps(idea))
        number = json.loads(self.verb("propose", "/tmp/idea.json", "--format", "json"))["id"]
        self.verb("apply", f"R-{number}", "--yes")
        change = self.ended(idea["title"])
        verdict = change["verdict"]
        log = self.machine.sh("cat /tmp/db.log")
        self.assertEqual((change["state"], verdict["decision"]), ("rolled_back", "rolled_back"),
                         json.dumps(change, indent=1) + log[-3000:] + self.machine.sh(f"tail -n 5 {SORTED}"))
        self.assertIn("guard: processes killed", verdict["reason"])
        self.assertIn("was terminated by signal 9", log)
        self.assertEqual(self.machine.sh(f"od -c {DATA}/postgresql.auto.conf"), before, "byte for byte as before")
        wait_until(lambda: self.machine.run(f"{PSQL} -c 'SHOW work_mem'") == ("4MB\n", 0), 60, "work_mem as before", pause=1)
        done = self.sorted()
        wait_until(lambda: self.sorted() >= done + 3, 120, "sorts as before", pause=1)
        print(f"{on_disk >> 20} MB on disk, {in_memory >> 20} MB in memory; {verdict['reason']}, after {verdict['looks']} looks; back {change['ended_ms'] - verdict['at_ms']} ms after the verdict; "
              + self.machine.sh(f"cat {GROUPS}/db.service/memory.events").replace("\n", " "))


if __name__ == "__main__":
    harness.main()
