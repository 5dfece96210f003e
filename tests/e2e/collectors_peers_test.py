# SPDX-License-Identifier: Apache-2.0
"""Collectors of memcached, HAProxy and PgBouncer against real servers: what is stored agrees with their own answers."""
import contextlib
import os
import re
import socket
import subprocess

import harness
from collectors_workplace import CollectorsWorkplace
from harness import wait_until
from peer_servers import Haproxy, Memcached, Pgbouncer


class Peers(CollectorsWorkplace):
    def discover(self, *ports):
        words = [word for port in ports for word in ("--port", str(port))]
        done = subprocess.run([harness.ARGS.binary, "discover", *words], text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_memcached_agrees_with_stats(self):
        memcached = Memcached(self, password="geheim", arguments=("-m", "4"))
        text = f"""
collectors:
  memcached: [{{name: cache, url: 'tcp://127.0.0.1:{memcached.port}', username: trimtab, password: geheim, interval: 1s}}]
"""
        code, words = self.check(text)
        self.assertEqual(code, 0, words)
        server = self.trimtab(arguments=self.configure(text))
        for i in range(400):  # more than it may hold, so that it evicts
            memcached.store(f"key{i}", "x" * 20000)
        found = sum(len(memcached.lines(f"get key{i}")) > 0 for i in range(400))
        self.assertGreater(found, 0)
        self.assertLess(found, 400)
        stats = memcached.stats()
        hits = 'memcached_commands_total{command="get",status="hit"}'
        wait_until(lambda: self.value(server, hits) == found, 60, "all hits")
        self.assertEqual(self.value(server, 'memcached_commands_total{command="get",status="miss"}'), 400 - found)
        self.assertEqual(self.value(server, 'memcached_commands_total{command="set",status="hit"}'),
                         float(stats["cmd_set"]))
        for metric, stat in (("memcached_current_items", "curr_items"), ("memcached_current_bytes", "bytes"),
                             ("memcached_limit_bytes", "limit_maxbytes"),
                             ("memcached_items_evicted_total", "evictions")):
            self.assertEqual(self.value(server, metric), float(stats[stat]), metric)
        self.assertGreater(self.value(server, "memcached_items_evicted_total"), 0)
        self.assertEqual(self.value(server, "memcached_up"), 1)
        self.assertEqual(self.value(server, 'up{job="memcached"}'), 1)
        self.assertEqual(self.value(server, "memcached_max_connections"), float(memcached.stats("settings")["maxconns"]))
        # Slab classes are asked for more seldom: what was there then is the server's.
        chunk = {name.split(":")[0]: float(value) for name, value in memcached.stats("slabs").items()
                 if name.endswith(":chunk_size")}
        for slab, size in chunk.items():
            wait_until(lambda: self.value(server, f'memcached_slab_chunk_size_bytes{{slab="{slab}"}}') == size, 90,
                       f"slab class {slab}")

    def test_memcacheds_missing_login_is_named_and_no_password_shown(self):
        memcached = Memcached(self, password="geheim")
        target = f"name: cache, url: 'tcp://127.0.0.1:{memcached.port}'"
        for login, words in (("", "give the target username and password"),
                             (", username: trimtab, password: falsch", "--auth-file")):
            code, said = self.check(f"collectors:\n  memcached: [{{{target}{login}}}]\n")
            self.assertNotEqual(code, 0)
            self.assertIn(words, said)
            self.assertNotIn("falsch", said)
        found = self.discover(memcached.port)
        self.assertIn(f"tcp://127.0.0.1:{memcached.port}", found)
        self.assertIn("it asks for a password", found)

    def test_memcached_may_be_on_a_socket_and_may_end(self):
        path = self.path("memcached.sock")
        os.chmod(self.folder, 0o777)
        command = [harness.need("memcached"), "-s", path, "-a", "0777"] + (["-u", "nobody"] if os.geteuid() == 0 else [])
        process = self.start(harness.Process(command, self.path("memcached.log")))
        wait_until(lambda: os.path.exists(path), 20, "the socket")
        server = self.trimtab(arguments=self.configure(
            f"collectors:\n  memcached: [{{url: 'unix://{path}', interval: 1s}}]\n"))
        wait_until(lambda: self.value(server, "memcached_up") == 1, 30, "memcached_up")
        self.assertEqual(self.value(server, f'memcached_current_items{{instance="{path}"}}'), 0)
        process.kill()
        wait_until(lambda: self.value(server, "memcached_up") == 0, 60, "memcached_up 0 of a dead server")
        self.assertIsNone(self.value(server, "memcached_current_items"))

    def test_haproxy_agrees_with_its_own_prometheus_page(self):
        haproxy = Haproxy(self, harness.start_nginx(self).port)
        page = f"http://127.0.0.1:{haproxy.closed_pages}/stats"
        text = f"""
collectors:
  haproxy:
    - {{name: socket, instance: socket, url: 'unix://{haproxy.socket}', interval: 1s}}
    - {{name: page, instance: page, url: '{page}', basic_auth: {{username: watcher, password: geheim}}, interval: 1s}}
"""
        code, words = self.check(text)
        self.assertEqual(code, 0, words)
        server = self.trimtab(arguments=self.configure(text))
        haproxy.ask("/", 30)
        haproxy.ask("/missing", 5)

        def ours(instance):
            data = server.http.get_json("/api/v1/query", query=f'{{__name__=~"haproxy_.*",instance="{instance}"}}')
            own = ("__name__", "job", "instance")
            return {(row["metric"]["__name__"], tuple(sorted((k, v) for k, v in row["metric"].items() if k not in own))):
                    float(row["value"][1]) for row in data["data"]["result"]}

        requests = 'haproxy_backend_http_requests_total{proxy="app",instance="%s"}'
        for instance in ("socket", "page"):
            wait_until(lambda: self.value(server, requests % instance) == 35, 60, f"35 requests by {instance}")
        # What the page has and a collector leaves out, or what moves by itself (docs/collectors.md).
        left_out = re.compile("haproxy_(listener|sticktable|resolver)_|_agg_(server_)?check_status|server_check_(status|code)")
        moving = re.compile("_process_|_seconds|_rate|pages")

        def differences(instance):
            theirs, own = haproxy.series(), ours(instance)
            self.assertGreater(len(theirs), 200)
            return [(key, value, own.get(key)) for key, value in theirs.items()
                    if not left_out.search(key[0]) and not (instance == "page" and "_process_" in key[0])
                    and (key not in own or not moving.search(str(key)) and own[key] != value)]

        for instance in ("socket", "page"):
            with contextlib.suppress(AssertionError):
                wait_until(lambda: not differences(instance), 20)
            self.assertEqual(differences(instance), [])
        self.assertEqual(self.value(server, 'haproxy_frontend_http_responses_total{proxy="web",code="4xx",instance="socket"}'), 5)
        self.assertEqual(self.value(server, 'haproxy_server_status{server="s2",state="DOWN",instance="socket"}'), 1)
        self.assertEqual(self.value(server, 'haproxy_server_check_status{server="s2",state="L4CON",instance="page"}'), 1)
        self.assertEqual(self.value(server, "haproxy_process_max_connections"), 100)
        self.assertEqual(self.value(server, 'sum(haproxy_up)'), 2)

    def test_haproxys_missing_rights_are_named_and_discover_finds_its_page(self):
        haproxy = Haproxy(self, harness.free_port())
        for url, more, words in (
                (f"http://127.0.0.1:{haproxy.closed_pages}/stats", ", basic_auth: {username: watcher, password: falsch}",
                 "basic_auth as `stats auth`"),
                (f"http://127.0.0.1:{haproxy.pages}/metrics", "", "scrape_configs"),
                (f"tcp://127.0.0.1:{haproxy.pages}", "", "expected the answer of show info"),
                (f"unix://{self.path('none.sock')}", "", "can not connect")):
            code, said = self.check(f"collectors:\n  haproxy: [{{url: '{url}'{more}}}]\n")
            self.assertNotEqual(code, 0)
            self.assertIn(words, said)
            self.assertNotIn("falsch", said)
        self.assertIn(f"url: 'http://127.0.0.1:{haproxy.pages}/stats'", self.discover(haproxy.pages))

    def test_pgbouncer_agrees_with_its_console(self):
        pgbouncer = Pgbouncer(self, harness.start_postgres(self))
        text = f"""
collectors:
  pgbouncer: [{{name: main, dsn: 'host=127.0.0.1 port={pgbouncer.port} dbname=pgbouncer user=trimtab', interval: 1s}}]
"""
        code, words = self.check(text)
        self.assertEqual(code, 0, words)
        server = self.trimtab(arguments=self.configure(text))
        for i in range(25):
            self.assertEqual(pgbouncer.sql(f"SELECT {i}").strip(), str(i))
        totals = next(row for row in pgbouncer.show("STATS_TOTALS") if row["database"] == "shop")
        shop = '{database="shop",job="pgbouncer"}'
        for metric, column, scale in (("queries_pooled_total", "query_count", 1), ("received_bytes_total", "bytes_received", 1),
                                      ("sent_bytes_total", "bytes_sent", 1),
                                      ("sql_transactions_pooled_total", "xact_count", 1),
                                      ("queries_duration_seconds_total", "query_time", 1e-6),
                                      ("client_wait_seconds_total", "wait_time", 1e-6)):
            wait_until(lambda: abs((self.value(server, f"pgbouncer_stats_totals_{metric}{shop}") or 0)
                                   - float(totals[column]) * scale) < 1e-9, 30, metric)
        self.assertEqual(float(totals["query_count"]), 26)
        self.assertEqual(self.value(server, 'pgbouncer_databases_pool_size{name="shop"}'), 1)
        wait_until(lambda: self.value(server, "pgbouncer_config_max_client_connections") == 50, 60, "settings")
        self.assertEqual(self.value(server, "pgbouncer_up"), 1)
        # One connection and two who want it: the second waits.
        for _ in range(2):
            self.start(harness.Process(pgbouncer.command("postgres", "shop", "SELECT pg_sleep(60)"), self.path("psql.log")))
        pool = '{database="shop",user="postgres"}'
        wait_until(lambda: self.value(server, f"pgbouncer_pools_client_waiting_connections{pool}") == 1, 30, "one waits")
        self.assertEqual(self.value(server, f"pgbouncer_pools_client_active_connections{pool}"), 1)
        wait_until(lambda: (self.value(server, f"pgbouncer_pools_client_maxwait_seconds{pool}") or 0) > 1, 30, "waiting")

    def test_pgbouncers_missing_grant_is_named(self):
        pgbouncer = Pgbouncer(self, harness.start_postgres(self))
        dsn = f"host=127.0.0.1 port={pgbouncer.port} dbname=pgbouncer user=other"
        code, said = self.check(f"collectors:\n  pgbouncer: [{{dsn: '{dsn}'}}]\n")
        self.assertNotEqual(code, 0)
        self.assertIn("stats_users", said)

    def test_discover_finds_pgbouncer_at_its_usual_port(self):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 6432)) == 0:
                self.skipTest("something else listens at port 6432")
        Pgbouncer(self, harness.start_postgres(self), port=6432)
        found = self.discover()
        self.assertIn("host=127.0.0.1 port=6432 dbname=pgbouncer", found)
        self.assertIn("stats_users", found)


if __name__ == "__main__":
    harness.main()
