# SPDX-License-Identifier: Apache-2.0
"""Collectors against real servers: what is stored agrees with the servers' own answers."""
import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import harness
from collectors_workplace import CollectorsWorkplace
from harness import wait_until


class Collectors(CollectorsWorkplace):
    def test_postgresql_agrees_with_the_servers_own_statistics(self):
        postgres = harness.start_postgres(self)
        postgres.sql("CREATE EXTENSION pg_stat_statements; CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher;"
                     "CREATE TABLE orders (id int PRIMARY KEY, customer int);"
                     "INSERT INTO orders SELECT i, i % 100 FROM generate_series(1, 20000) i")
        text = f"""
collectors:
  postgresql:
    - {{name: main, dsn: 'host=127.0.0.1 port={postgres.port} dbname=postgres user=watcher', interval: 1s}}
"""
        code, words = self.check(text)
        self.assertEqual(code, 0, words)
        server = self.trimtab(arguments=self.configure(text))
        for i in range(40):
            postgres.sql(f"SELECT count(*) FROM orders WHERE customer = {i}")
        row = postgres.sql("SELECT queryid, calls, total_exec_time / 1000 FROM pg_stat_statements "
                           "WHERE query LIKE 'SELECT count(*) FROM orders%'").strip().split("|")
        query_id, calls, seconds = row[0], int(row[1]), float(row[2])
        self.assertEqual(calls, 40)
        chosen = f'{{queryid="{query_id}",datname="postgres",job="postgresql"}}'
        wait_until(lambda: self.value(server, f"pg_stat_statements_calls_total{chosen}") == calls, 60, "40 calls")
        self.assertAlmostEqual(self.value(server, f"pg_stat_statements_seconds_total{chosen}"), seconds, 9)
        self.assertEqual(self.value(server, "pg_up"), 1)
        self.assertEqual(self.value(server, "pg_settings_max_connections"),
                         float(postgres.sql("SHOW max_connections")))
        rows = 'pg_stat_user_tables_n_live_tup{relname="orders"}'
        try:
            wait_until(lambda: self.value(server, rows) == 20000, 60, "the table's rows")
        except AssertionError as error:
            own = postgres.sql("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'orders'").strip()
            self.fail(f"{error}; last value {self.value(server, rows)}, PostgreSQL says {own}\n{server.log()[-4000:]}")
        # Mean time over the newest seconds, as the loop asks for it.
        deadline = time.monotonic() + 60
        mean = None
        while time.monotonic() < deadline and not mean:
            postgres.sql("SELECT count(*) FROM orders WHERE customer = 1")
            mean = self.value(server, f"rate(pg_stat_statements_seconds_total{chosen}[15s])"
                                      f" / rate(pg_stat_statements_calls_total{chosen}[15s]) > 0")
        self.assertTrue(mean and 0 < mean < 5, mean)
        info = server.http.get_json("/api/v1/series", **{"match[]": "pg_stat_statements_query_info"})["data"]
        self.assertFalse([one for one in info if "/* trimtab" in one["query"]])
        # A hanging server holds up nothing and comes back; a stopped one too.
        postgres.signal(signal.SIGSTOP)
        wait_until(lambda: self.value(server, "pg_up") == 0, 60, "pg_up 0 of a hanging server")
        postgres.signal(signal.SIGCONT)
        wait_until(lambda: self.value(server, "pg_up") == 1, 60, "pg_up 1 again")

    def test_missing_grants_are_named_by_check(self):
        postgres = harness.start_postgres(self)
        postgres.sql("CREATE ROLE nobody LOGIN; CREATE TABLE t (a int)")
        code, words = self.check(f"""
collectors:
  postgresql:
    - {{name: main, dsn: 'host=127.0.0.1 port={postgres.port} dbname=postgres user=nobody', act_dsn: 'host=127.0.0.1 port={postgres.port} user=nobody dbname=postgres'}}
""")
        self.assertNotEqual(code, 0)
        for part in ('GRANT pg_monitor TO "nobody"', "CREATE EXTENSION pg_stat_statements",
                     'GRANT postgres TO "nobody"'):
            self.assertIn(part, words)

    def test_redis_agrees_with_info(self):
        redis = harness.start_redis(self, password="geheim")
        text = f"""
collectors:
  redis: [{{name: cache, url: 'redis://127.0.0.1:{redis.port}', password: geheim, interval: 1s}}]
"""
        code, words = self.check(text)
        self.assertEqual(code, 0, words)
        server = self.trimtab(arguments=self.configure(text))
        for i in range(100):
            redis.command("SET", f"key{i}", "x" * 100)
        for i in range(150):
            redis.command("GET", f"key{i}")
        job = '{job="redis"}'
        # The misses came last: a round that has all of them has the rest too.
        wait_until(lambda: self.value(server, f"redis_keyspace_misses_total{job}") == 50, 60, "50 misses")
        self.assertEqual(self.value(server, f"redis_keyspace_hits_total{job}"), 100)
        self.assertEqual(self.value(server, 'redis_commands_total{cmd="set"}'), 100)
        self.assertEqual(self.value(server, 'redis_db_keys{db="db0"}'), 100)
        self.assertEqual(self.value(server, "redis_up"), 1)
        code, words = self.check(text.replace("geheim", "falsch"))
        self.assertNotEqual(code, 0)
        self.assertIn("WRONGPASS", words)
        self.assertNotIn("falsch", words)

    def test_nginx_agrees_with_what_was_asked_and_logs_may_rotate(self):
        nginx = harness.start_nginx(self)
        text = f"""
collectors:
  nginx: [{{name: web, url: 'http://127.0.0.1:{nginx.port}/stub_status', log: '{nginx.log_file}', interval: 1s}}]
"""
        server = self.trimtab(arguments=self.configure(text))
        wait_until(lambda: self.value(server, "nginx_up") == 1, 30, "nginx_up")

        def ask(path, times):
            for _ in range(times):
                with contextlib.suppress(urllib.error.HTTPError):
                    urllib.request.urlopen(f"http://127.0.0.1:{nginx.port}{path}", timeout=10).read()

        ask("/", 30)
        ask("/missing", 7)
        os.rename(nginx.log_file, nginx.log_file + ".1")
        ask("/", 5)  # still into the renamed file
        nginx.process.child.send_signal(signal.SIGUSR1)
        wait_until(lambda: os.path.exists(nginx.log_file), 10, "a new log")
        ask("/", 8)
        found = 'sum(nginx_http_response_count_total{status="200"})'
        wait_until(lambda: self.value(server, found) == 43, 60, "43 answers in the log")
        self.assertEqual(self.value(server, 'sum(nginx_http_response_count_total{method="GET",status="404"})'), 7)
        self.assertEqual(self.value(server, "nginx_http_response_time_seconds_count"), 50)
        self.assertEqual(self.value(server, 'nginx_http_response_time_seconds_bucket{le="+Inf"}'), 50)
        self.assertGreaterEqual(self.value(server, "nginx_http_requests_total"), 50)
        self.assertEqual(self.value(server, "nginx_log_parse_errors_total"), 0)

    def test_discover_prints_a_section_that_reads(self):
        redis, nginx, postgres = harness.start_redis(self), harness.start_nginx(self), harness.start_postgres(self)
        ports = [word for port in (redis.port, nginx.port, postgres.port) for word in ("--port", str(port))]
        done = subprocess.run([harness.ARGS.binary, "discover", *ports], text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in (f"redis://127.0.0.1:{redis.port}", f"http://127.0.0.1:{nginx.port}/stub_status",
                     f"port={postgres.port} "):
            self.assertIn(part, done.stdout)
        self.configure(done.stdout)
        checked = subprocess.run([harness.ARGS.binary, "check", "--offline", self.path("trimtab.yaml")], text=True,
                                 capture_output=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_a_target_that_is_not_there_holds_up_no_other(self):
        redis = harness.start_redis(self)
        with socket.socket() as deaf:  # takes connections and never answers
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(16)
            server = self.trimtab(arguments=self.configure(f"""
collectors:
  redis:
    - {{name: deaf, url: 'redis://127.0.0.1:{deaf.getsockname()[1]}', interval: 1s}}
    - {{name: well, url: 'redis://127.0.0.1:{redis.port}', interval: 1s}}
    - {{name: gone, url: 'redis://127.0.0.1:{harness.free_port()}', interval: 1s}}
"""))
            well = f'{{instance="127.0.0.1:{redis.port}"}}'
            wait_until(lambda: (self.value(server, f"count_over_time(redis_up{well}[1m])") or 0) >= 4, 60, "4 rounds")
            self.assertEqual(self.value(server, f"redis_up{well}"), 1)
            wait_until(lambda: self.value(server, "count(redis_up == 0)") == 2, 60, "both others down")
            status, _, body = server.http.get("/metrics")
            self.assertEqual(status, 200)
            self.assertIn(b'trimtab_collector_failures_total{target="redis/gone"}', body)


if __name__ == "__main__":
    harness.main()
