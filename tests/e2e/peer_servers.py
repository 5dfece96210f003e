# SPDX-License-Identifier: Apache-2.0
"""Real servers that collectors_peers_test.py starts: memcached, HAProxy and PgBouncer, each of the test's own."""
import contextlib
import math
import os
import re
import socket
import subprocess
import urllib.error
import urllib.request

import harness
from harness import wait_until


class Memcached:
    """A memcached of the test's own on TCP; with `password` it asks for the login trimtab and that password."""

    def __init__(self, test, password=None, arguments=()):
        self.port, self.password = harness.free_port(), password
        command = [harness.need("memcached"), "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", *arguments]
        if os.geteuid() == 0:
            command += ["-u", "nobody"]
        if password:
            os.chmod(test.folder, 0o755)
            with open(test.path("memcached.auth"), "w") as file:
                file.write(f"trimtab:{password}\n")
            os.chmod(file.name, 0o644)
            command += ["-Y", file.name]
        test.start(harness.Process(command, test.path("memcached.log")))
        self.connection = wait_until(self.connect, 20, "memcached answers")
        test.addCleanup(self.connection.close)
        self.reader = self.connection.makefile("rb")
        test.addCleanup(self.reader.close)
        if password:
            self.store("login", f"trimtab {password}")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def store(self, key, value):
        self.connection.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (key.encode(), len(value), value.encode()))
        line = self.reader.readline()
        assert line == b"STORED\r\n", line

    def lines(self, command):
        """Up to END."""
        self.connection.sendall(command.encode() + b"\r\n")
        out = []
        while (line := self.reader.readline()) != b"END\r\n":
            assert line, "the connection closed"
            out.append(line.decode().rstrip("\r\n"))
        return out

    def stats(self, group=""):
        return dict(line.split(" ", 2)[1:] for line in self.lines(f"stats {group}".strip()))


class Haproxy:
    """A HAProxy of the test's own: frontend web, backend app of the server s1 on `port` and of s2, which is down."""

    def __init__(self, test, port):
        self.port, self.pages, self.closed_pages = (harness.free_port() for _ in range(3))
        self.socket = test.path("haproxy.sock")
        with open(test.path("haproxy.cfg"), "w") as file:
            file.write(f"""global
  stats socket {self.socket} mode 600 level user
  maxconn 100
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend web
  bind 127.0.0.1:{self.port}
  default_backend app
frontend pages
  bind 127.0.0.1:{self.pages}
  stats enable
  stats uri /stats
  http-request use-service prometheus-exporter if {{ path /metrics }}
frontend closed_pages
  bind 127.0.0.1:{self.closed_pages}
  stats enable
  stats uri /stats
  stats auth watcher:geheim
backend app
  server s1 127.0.0.1:{port}
  server s2 127.0.0.1:{harness.free_port()} check inter 1h fastinter 100 fall 1
""")
        test.start(harness.Process([harness.need("haproxy"), "-db", "-f", file.name], test.path("haproxy.log")))
        wait_until(lambda: b's2",state="DOWN"} 1' in self.page("/metrics"), 30, "HAProxy finds s2 down")

    def page(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.pages}{path}", timeout=10).read()

    def ask(self, path, times):
        for _ in range(times):
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10).read()

    def series(self):
        """{(name, labels): value} of its own Prometheus page, without what has no number."""
        out = {}
        for line in self.page("/metrics").decode().splitlines():
            found = re.fullmatch(r"(haproxy_\w+)(?:\{(.*)\})? (\S+)", line)
            if found and not math.isnan(float(found[3])):
                labels = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', found[2] or "")))
                out[found[1], labels] = float(found[3])
        return out


class Pgbouncer:
    """A PgBouncer of the test's own before `postgres`: database shop, one connection, users postgres and trimtab."""

    def __init__(self, test, postgres, port=None):
        self.port, self.postgres = port or harness.free_port(), postgres
        folder = test.path("pgbouncer")
        os.makedirs(folder)
        os.chmod(test.folder, 0o755)
        os.chmod(folder, 0o777)
        with open(folder + "/users", "w") as file:
            file.write('"postgres" ""\n"trimtab" ""\n"other" ""\n')
        with open(folder + "/pgbouncer.ini", "w") as file:
            file.write(f"""[databases]
shop = host=127.0.0.1 port={postgres.port} dbname=postgres pool_size=1
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
stats_users = trimtab
max_client_conn = 50
logfile = {folder}/log
""")
        command = [harness.need("pgbouncer"), "-q", file.name] + (["-u", "postgres"] if os.geteuid() == 0 else [])
        test.start(harness.Process(command, test.path("pgbouncer.log")))
        wait_until(lambda: self.sql("SELECT 1"), 20, "PgBouncer answers")

    def command(self, user, database, text):
        return [self.postgres.binaries + "/psql", "-XAtq", "-c", text,
                f"host=127.0.0.1 port={self.port} user={user} dbname={database}"]

    def sql(self, text):
        done = subprocess.run(self.command("postgres", "shop", text), capture_output=True, text=True, timeout=60)
        return done.stdout

    def show(self, what):
        """Rows of the console as {column: text}."""
        command = [word for word in self.command("trimtab", "pgbouncer", f"SHOW {what}") if word != "-XAtq"]
        lines = subprocess.run(command[:1] + ["-XA", "--pset=footer=off"] + command[1:], capture_output=True,
                               text=True, check=True, timeout=60).stdout.splitlines()
        return [dict(zip(lines[0].split("|"), line.split("|"))) for line in lines[1:]]
