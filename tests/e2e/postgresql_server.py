# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL server of a test's own, and load on it by pgbench."""
import os
import subprocess
import threading
import time

import harness
from harness import free_port

BINARIES = "/usr/lib/postgresql/15/bin"


def as_postgres(command):
    """The server refuses root."""
    command = [os.path.join(BINARIES, command[0])] + command[1:]
    return ["runuser", "-u", "postgres", "--"] + command if os.geteuid() == 0 else command


class PostgreSQL:
    def __init__(self, folder, settings=()):
        if not os.path.exists(BINARIES):
            raise harness.unittest.SkipTest("postgresql-15 is not installed")
        self.folder, self.port = folder, free_port()
        os.makedirs(folder)
        os.chmod(folder, 0o777)
        os.chmod(os.path.dirname(folder), 0o755)
        self.data = os.path.join(folder, "data")
        self.log_path = os.path.join(folder, "tools.log")
        self.run(["initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"])
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write("\n".join(["fsync = off", "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''",
                               f"port = {self.port}", "shared_preload_libraries = 'pg_stat_statements'",
                               "max_connections = 50", *settings]) + "\n")
        self.start()

    def run(self, command):
        with open(self.log_path, "ab") as log:
            done = subprocess.run(as_postgres(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        if done.returncode != 0:
            with open(self.log_path, errors="replace") as f:
                raise AssertionError(f"{command[0]} failed:\n{f.read()[-3000:]}")

    def start(self):
        self.run(["pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "server.log"), "start"])

    def stop(self, how="fast"):
        subprocess.run(as_postgres(["pg_ctl", "-D", self.data, "-w", "-m", how, "stop"]), capture_output=True, cwd="/")

    def dsn(self, user="postgres", database="postgres"):
        return f"host=127.0.0.1 port={self.port} dbname={database} user={user}"

    def sql(self, text, user="postgres"):
        """Rows of the last statement, as lists of text."""
        done = subprocess.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", self.dsn(user)], input=text,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}\n{text[:2000]}")
        return [line.split("\t") for line in done.stdout.splitlines()]


class Load:
    """pgbench with a script file a query shape, each with its weight, at a fixed rate; latencies are logged."""

    def __init__(self, server, folder, scripts, rate, clients=4, seconds=3600):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        command = [os.path.join(BINARIES, "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T",
                   str(seconds), "-R", str(rate), "-l", "--log-prefix", os.path.join(folder, "latency")]
        self.names = []
        for name, (weight, text) in scripts.items():
            path = os.path.join(folder, name + ".sql")
            with open(path, "w") as f:
                f.write(text)
            command += ["-f", f"{path}@{weight}"]
            self.names.append(name)
        environment = dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(server.port), PGUSER="postgres",
                           PGDATABASE="postgres")
        self.folder = folder
        self.log = open(os.path.join(folder, "pgbench.log"), "wb")
        self.child = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log,
                                      stdin=subprocess.DEVNULL, cwd=folder)

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
        self.child.wait(30)
        self.log.close()

    def latencies(self, name, since, until):
        """Seconds from start to end of each transaction of one script, without its wait for its turn."""
        number = self.names.index(name)
        out = []
        for file in os.listdir(self.folder):
            if not file.startswith("latency."):
                continue
            with open(os.path.join(self.folder, file)) as f:
                for line in f:
                    # client, transaction, latency (us), script, epoch, us, schedule lag (us)
                    words = line.split()
                    if len(words) < 7 or not words[2].isdigit() or int(words[3]) != number:
                        continue
                    at = int(words[4]) + int(words[5]) / 1e6
                    if since <= at < until:
                        out.append((int(words[2]) - int(words[6])) / 1e6)
        return out


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]
