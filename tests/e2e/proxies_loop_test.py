# SPDX-License-Identifier: Apache-2.0
"""Advice on real proxies and poolers under load; nginx' connections to its upstreams from finding to verdict and back."""
import http.client
import json
import socket
import subprocess
import threading
import time

import harness
from harness import wait_until
from loop_workplace import LoopWorkplace
from peer_servers import Haproxy, Pgbouncer

HUNG = 8  # clients


class ProxiesLoop(LoopWorkplace):
    def in_background(self, work):
        """Runs work(stopping) beside the test until it ends."""
        stopping = threading.Event()
        thread = threading.Thread(target=work, args=(stopping,))
        thread.start()

        def stop():
            stopping.set()
            thread.join()

        self.addCleanup(stop)
        return stop

    def start_edge(self):
        """An nginx that connects anew, over TLS, for every request it passes on."""
        certificate, key = self.path("certificate.pem"), self.path("key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-keyout", key, "-out", certificate, "-days", "1",
                        "-subj", "/CN=upstream"], check=True, capture_output=True, timeout=120)
        self.edge_port, upstream = harness.free_port(), harness.free_port()
        self.edge = harness.start_nginx(self, name="edge", http=f"""
  upstream shop {{
    server 127.0.0.1:{upstream};
  }}
  server {{
    listen 127.0.0.1:{self.edge_port};
    location / {{
      proxy_set_header Host shop;
      proxy_pass https://shop;
      proxy_ssl_session_reuse off;
    }}
  }}
  server {{
    listen 127.0.0.1:{upstream} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
    access_log off;
    location / {{ return 200 "shop"; }}
  }}
""")

        with open(self.path("edge", "html") + "/shop.css", "w") as file:
            file.write("a { color: red }")

    def ask_edge(self, stopping):
        """One client that keeps its connection, 50 requests a second."""
        connection, due = None, time.monotonic()
        while not stopping.is_set():
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.edge_port, timeout=30)
                connection.request("GET", "/")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):  # a worker that was replaced closes its connections
                connection.close()
                connection = None
            due = max(due + 0.02, time.monotonic() - 1)
            stopping.wait(max(0, due - time.monotonic()))
        if connection:
            connection.close()

    def ask_again(self, _):
        """A client that has the style sheet, and asks whether it is still good."""
        client = harness.Http(self.edge.port)
        tag = client.request("GET", "/shop.css")[1]["etag"]
        for _ in range(600):
            self.assertEqual(client.request("GET", "/shop.css", headers={"If-None-Match": tag})[0], 304)
        client.close()

    def start_front(self):
        """An nginx whose clients may not keep connections, whose upstream for /hang never answers, and one of two for /pair fails."""
        self.silent = socket.create_server(("127.0.0.1", 0), backlog=64)  # connections come about, and that is all
        self.addCleanup(self.silent.close)
        self.front_port, upstream, good, self.bad_port = (harness.free_port() for _ in range(4))
        self.front = harness.start_nginx(self, name="front", connections=8192, http=f"""
  keepalive_timeout 0;
  proxy_read_timeout 12s;
  upstream pair {{ server 127.0.0.1:{good}; server 127.0.0.1:{self.bad_port}; }}
  server {{
    listen 127.0.0.1:{self.front_port};
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
    location /pair {{ proxy_pass http://pair; }}
    location /hang {{ proxy_pass http://127.0.0.1:{self.silent.getsockname()[1]}; }}
  }}
  server {{ listen 127.0.0.1:{upstream}; access_log off; location / {{ return 200 "front"; }} }}
  server {{ listen 127.0.0.1:{good}; access_log off; location / {{ return 200 "good"; }} }}
  server {{ listen 127.0.0.1:{self.bad_port}; access_log off; location / {{ return 500; }} }}
""")

    def ask_front(self, path, times=1):
        for _ in range(times):
            with socket.create_connection(("127.0.0.1", self.front_port), timeout=60) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: front\r\n\r\n".encode())
                while client.recv(1 << 16):
                    pass

    def load_front(self, _):
        hung = [threading.Thread(target=self.ask_front, args=("/hang",)) for _ in range(HUNG)]
        for one in hung:
            one.start()
        self.ask_front("/", times=10_100)
        self.ask_front("/pair", times=500)
        for one in hung:
            one.join()

    def ask_pgbouncer(self, stopping):
        """Three clients that want the one connection of the pool all the time."""
        script = self.path("load.sql")
        with open(script, "w") as file:
            file.write("SELECT pg_sleep(0.02);\n" * 50)
        psql = [self.pgbouncer.postgres.binaries + "/psql", "-XAtq", "-f", script,
                f"host=127.0.0.1 port={self.pgbouncer.port} user=postgres dbname=shop"]
        while not stopping.is_set():
            clients = [subprocess.Popen(psql, stdout=subprocess.DEVNULL) for _ in range(3)]
            for client in clients:
                client.wait(timeout=120)

    def recommendations(self):
        return {r["fingerprint"]: r for r in json.loads(self.verb("advise", "--now", "--format", "json"))}

    def configuration(self):
        with open(self.edge.config, "rb") as file:
            return file.read()

    def test_connections_are_kept_after_the_advice_and_others_are_told_what_they_lack(self):
        self.start_edge()
        self.start_front()
        haproxy = Haproxy(self, self.front_port)
        self.pgbouncer = Pgbouncer(self, harness.start_postgres(self))
        before = self.configuration()

        def nginx(name, server):
            return (f'    - {{name: {name}, url: "http://127.0.0.1:{server.port}/stub_status", log: {server.log_file}, '
                    f'config: {server.config}, pid_file: {server.pid_file}, binary: {harness.need("nginx")}, act: true, interval: 500ms}}\n')

        self.serve(f"""collectors:
  nginx:
{nginx("edge", self.edge)}{nginx("front", self.front)}
  haproxy: [{{name: main, url: 'unix://{haproxy.socket}', interval: 500ms}}]
  pgbouncer: [{{name: main, dsn: 'host=127.0.0.1 port={self.pgbouncer.port} dbname=pgbouncer user=trimtab', interval: 500ms}}]
""")
        # Counting begins with the first round.
        up = "count(nginx_up == 1) + count(haproxy_up == 1) + count(pgbouncer_up == 1)"
        wait_until(lambda: [r["value"][1] for r in self.server.http.get_json("/api/v1/query", query=up)["data"]["result"]] == ["4"],
                   30, "all answer")
        began = time.time()
        self.in_background(self.ask_edge)
        loads = [self.in_background(work) for work in (self.load_front, self.ask_again, self.ask_pgbouncer, lambda _: haproxy.ask("/", 250))]
        early = self.recommendations()
        self.assertEqual(early.get("haproxy|haproxy/main|needs", {"state": "not_enough_data"})["state"], "not_enough_data")
        self.assertEqual(early.get("pgbouncer|pgbouncer/main|needs", {"state": "not_enough_data"})["state"], "not_enough_data")

        failing = f"nginx.upstream_server|nginx/front|pair|127.0.0.1:{self.bad_port}|failing"
        wanted = {"nginx.upstream_connections|nginx/edge", "nginx.proxy_read_timeout|nginx/front", "nginx.client_connections|nginx/front",
                  "nginx.lifetimes|nginx/edge", failing, "haproxy|haproxy/main|unchecked|app", "pgbouncer|pgbouncer/main|pool_size|shop"}
        seen = {}

        def told():
            for fingerprint, one in self.recommendations().items():
                if one["state"] == "proposed":
                    seen.setdefault(fingerprint, (one, time.time() - began))
            return wanted <= seen.keys()

        wait_until(told, 240, "advice", pause=2)
        for fingerprint in sorted(wanted):
            one, seconds = seen[fingerprint]
            print(f"{fingerprint} after {seconds:.0f} s: {one['title']}")
            print(self.verb("show", f"R-{one['id']}"))
        self.assertIn("to 5 s", seen["nginx.proxy_read_timeout|nginx/front"][0]["title"])
        self.assertIn("keepalive_timeout", seen["nginx.client_connections|nginx/front"][0]["action"]["apply"])
        for people in ("nginx.lifetimes|nginx/edge", failing, "haproxy|haproxy/main|unchecked|app", "pgbouncer|pgbouncer/main|pool_size|shop"):
            self.assertFalse(seen[people][0].get("action", {}).get("type"), people)
        self.assertIn("About 2 instead of 1", self.verb("show", f"R-{seen['pgbouncer|pgbouncer/main|pool_size|shop'][0]['id']}"))
        for stop in loads:
            stop()

        advice = seen["nginx.upstream_connections|nginx/edge"][0]
        for words in ("keepalive 8;", "proxy_http_version 1.1;", 'proxy_set_header Connection "";'):
            self.assertIn(words, advice["action"]["apply"])
        self.assertEqual(self.configuration(), before, "looking changes nothing")
        self.verb("apply", f"R-{advice['id']}", "--yes")
        change = self.wait_change(300)
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("kept", "kept"), json.dumps(change, indent=1))
        verdict = change["verdict"]
        print(f"verdict after {time.time() - began:.0f} s; time to connect {verdict['effect']:+.1%} "
              f"[{verdict['low']:+.1%}, {verdict['high']:+.1%}], expected {advice['expected']['low']:+.0%} to {advice['expected']['high']:+.0%}")
        self.assertLess(verdict["effect"], -0.5)
        subprocess.run([harness.need("nginx"), "-t", "-q", "-c", self.edge.config], check=True)
        # What nginx itself wrote of the newest requests.
        with open(self.edge.log_file) as log:
            newest = log.readlines()[-100:]
        self.assertGreater(sum('uct="0.000"' in line for line in newest), 90)

        self.verb("rollback", f"C-{change['id']}", "--reason", "the test wants it back")
        wait_until(lambda: self.changes()[change["title"]]["state"] == "rolled_back", 60, "taken back", pause=1)
        self.assertEqual(self.configuration(), before)


if __name__ == "__main__":
    harness.main()
