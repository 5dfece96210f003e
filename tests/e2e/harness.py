# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: starting the binary and real peers, speaking the wire formats.

The encoders here are written independently of src/ingest: a mistake made twice is not the same
mistake. Only the standard library is used.
"""
import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

ARGS = None


def main():
    """Entry of every test file: --binary PATH, the rest goes to unittest. Exit code 77 (ctest's "skipped") when nothing ran."""
    global ARGS
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    ARGS, rest = parser.parse_known_args()
    ARGS.binary = os.path.abspath(ARGS.binary)
    sys.modules["harness"].ARGS = ARGS
    result = unittest.main(module="__main__", argv=[sys.argv[0], "-v"] + rest, exit=False).result
    if result.wasSuccessful() and len(result.skipped) == result.testsRun:
        sys.exit(77)
    sys.exit(not result.wasSuccessful())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def need(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        raise unittest.SkipTest(f"{program} is not installed")
    return path


def is_running(pid):
    """False also of a process that has ended and that its parent, such as a container's first process, does not reap."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Process:
    """A child with its log in a file; always ended at the end of the test."""

    def __init__(self, command, log, env=None, preexec=None):
        self.command = command
        self.log_path = log
        self._log = open(log, "ab")
        self.child = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT,
                                      stdin=subprocess.DEVNULL, env=env, preexec_fn=preexec)

    def kill(self, how=signal.SIGKILL):
        if self.child.poll() is None:
            self.child.send_signal(how)
        self.child.wait(30)

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self._log.close()
        return self.child.returncode

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()


def wait_until(condition, seconds=30, what="condition", pause=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            value = condition()
            if value:
                return value
        time.sleep(pause)
    raise AssertionError(f"{what} not reached within {seconds} s")


class Http:
    """Keep-alive HTTP/1.1 to one loopback port. Returns (status, headers, body bytes)."""

    def __init__(self, port, timeout=60):
        self.port, self.timeout, self.connection = port, timeout, None

    def request(self, method, path, body=None, headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            self.connection.request(method, path, body=body, headers=headers or {})
            response = self.connection.getresponse()
            return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()
        except Exception:
            self.close()
            raise

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query, doseq=True)
        return self.request("GET", path)

    def get_json(self, path, **query):
        status, _, body = self.get(path, **query)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body[:500]!r}")
        return json.loads(body)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Trimtab(Process):
    """`trimtab serve` on a data directory."""

    def __init__(self, directory, port=None, arguments=(), env=None, preexec=None, log=None):
        self.directory = directory
        self.port = port or free_port()
        self.started = time.monotonic()
        command = [ARGS.binary, "serve", "--data-dir", directory, "--listen", f"127.0.0.1:{self.port}"]
        super().__init__(command + list(arguments), log or directory.rstrip("/") + ".log", env, preexec)
        self.http = Http(self.port)

    def wait_ready(self, seconds=30):
        def ready():
            if self.child.poll() is not None:
                raise AssertionError(f"the server ended with {self.child.returncode}:\n{self.log()[-4000:]}")
            return Http(self.port, timeout=5).get("/-/ready")[0] == 200

        wait_until(ready, seconds, "ready", pause=0.005)
        self.ready_seconds = time.monotonic() - self.started
        return self

    def export(self, selector, start=None, end=None):
        """{labels as sorted tuple: {timestamp_ms: value}}; a sample that comes twice fails."""
        query = {"match[]": selector}
        if start is not None:
            query["start"] = start
        if end is not None:
            query["end"] = end
        status, _, body = Http(self.port).get("/api/v1/export", **query)
        if status != 200:
            raise AssertionError(f"export: {status} {body[:500]!r}")
        return parse_export(body)


def parse_export(body):
    out = {}
    for line in body.splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        key = tuple(sorted(row["metric"].items()))
        samples = out.setdefault(key, {})
        assert len(row["values"]) == len(row["timestamps"])
        for t, v in zip(row["timestamps"], row["values"]):
            assert t not in samples, f"{key} has two samples at {t}"
            samples[t] = v
    return out


class Workplace(unittest.TestCase):
    """A temporary folder and a list of things to end."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="trimtab-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def start(self, process):
        self.addCleanup(process.stop)
        return process

    def trimtab(self, name="data", arguments=("--no-host",), **keywords):
        return self.start(Trimtab(self.path(name), arguments=arguments, **keywords)).wait_ready()


# --- wire formats -----------------------------------------------------------------------------------


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field_bytes(number, payload):
    if isinstance(payload, str):
        payload = payload.encode()
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def field_varint(number, n):
    return varint(number << 3) + varint(n)


def field_double(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


def field_fixed64(number, n):
    return varint(number << 3 | 1) + struct.pack("<Q", n)


def snappy_literals(data):
    """Valid snappy block format made of literals only."""
    out = bytearray(varint(len(data)))
    for at in range(0, len(data), 60):
        piece = data[at:at + 60]
        out.append((len(piece) - 1) << 2)
        out += piece
    return bytes(out)


def time_series(labels, samples):
    body = b"".join(field_bytes(1, field_bytes(1, n) + field_bytes(2, v)) for n, v in sorted(labels.items()))
    for t, v in samples:
        # proto3 leaves zero values out, as real senders do.
        sample = (field_double(1, v) if struct.pack("<d", v) != bytes(8) else b"") + (field_varint(2, t) if t else b"")
        body += field_bytes(2, sample)
    return field_bytes(1, body)


def write_request_v1(series):
    """series: list of (labels dict, [(timestamp_ms, value)])."""
    return b"".join(time_series(labels, samples) for labels, samples in series)


def write_request_v2(series, metadata=None):
    symbols, index = [""], {"": 0}

    def symbol(text):
        if text not in index:
            index[text] = len(symbols)
            symbols.append(text)
        return index[text]

    body = b""
    for labels, samples in series:
        refs = b"".join(varint(symbol(n)) + varint(symbol(v)) for n, v in sorted(labels.items()))
        message = field_bytes(1, refs)
        for t, v in samples:
            message += field_bytes(2, (field_double(1, v) if v else b"") + field_varint(2, t))
        if metadata and labels.get("__name__") in metadata:
            kind, help_text, unit = metadata[labels["__name__"]]
            message += field_bytes(5, field_varint(1, kind) + field_varint(3, symbol(help_text)) + field_varint(4, symbol(unit)))
        body += field_bytes(5, message)
    return b"".join(field_bytes(4, s) for s in symbols) + body


REMOTE_WRITE_V1 = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
                   "X-Prometheus-Remote-Write-Version": "0.1.0", "User-Agent": "trimtab-test"}
REMOTE_WRITE_V2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
                   "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "2.0.0"}


def remote_write(http_client, series):
    return http_client.request("POST", "/api/v1/write", snappy_literals(write_request_v1(series)), REMOTE_WRITE_V1)


# --- real servers that collectors watch ---------------------------------------------------------------


class Postgres:
    """A PostgreSQL server of the test's own; superuser postgres without password on 127.0.0.1."""

    def __init__(self, test, settings=()):
        self.binaries = "/usr/lib/postgresql/15/bin"
        if not os.path.exists(self.binaries + "/postgres"):
            raise unittest.SkipTest("postgresql-15 is not installed")
        self.folder = tempfile.mkdtemp(prefix="trimtab-postgres-")
        test.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        os.chmod(self.folder, 0o777)
        self.data = self.folder + "/data"
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C")
        self.port = free_port()  # as late as can be: others take ports too
        with open(self.data + "/postgresql.conf", "a") as file:
            file.write(f"fsync = off\nlisten_addresses = '127.0.0.1'\nport = {self.port}\n"
                       "unix_socket_directories = ''\nshared_preload_libraries = 'pg_stat_statements'\n"
                       + "".join(line + "\n" for line in settings))
        self.start()
        test.addCleanup(self.stop)

    def run(self, program, *arguments):
        """A program of the server's, or any by its path, as the server's user."""
        command = [os.path.join(self.binaries, program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--"] + command
        with open(self.folder + "/run.log", "ab") as log:
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=120, cwd="/")

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", self.data + "/log", "start")

    def stop(self):
        with contextlib.suppress(subprocess.SubprocessError):
            self.run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def pids(self):
        """The server's processes, the first is their parent."""
        with open(self.data + "/postmaster.pid") as file:
            parent = int(file.readline())
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True).stdout
        return [parent] + [int(pid) for pid in children.split()]

    def signal(self, how):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)

    def kill(self):
        """As power loss would: all of its processes at once. start() brings it back."""
        pids = self.pids()
        self.signal(signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, pids)), 30, "PostgreSQL is gone")
        # Where nobody reaps its process, start() would take the old server for a live one.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.data + "/postmaster.pid")

    def dsn(self, user="postgres", database="postgres"):
        return f"host=127.0.0.1 port={self.port} dbname={database} user={user}"

    def sql(self, text, database="postgres", user="postgres"):
        """What psql prints, columns separated by |. Each statement is a transaction of its own."""
        done = subprocess.run([self.binaries + "/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.dsn(user, database)],
                              input=text, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"{text[:2000]}: {done.stderr}")
        return done.stdout

    def rows(self, text):
        return [line.split("|") for line in self.sql(text).splitlines()]


def start_postgres(test, settings=()):
    return Postgres(test, settings)


class Redis:
    def __init__(self, test, password=None, arguments=()):
        self.port, self.password = free_port(), password
        command = [need("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                   "--dir", test.folder, *arguments]
        if password:
            command += ["--requirepass", password]
        self.process = test.start(Process(command, test.path("redis.log")))
        self.connection = None
        test.addCleanup(self.close)
        wait_until(lambda: self.command("PING") == b"+PONG", 20, "redis answers")

    def close(self):
        if self.connection:
            self.reader.close()
            self.connection.close()

    def command(self, *words):
        """The first line of the reply."""
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            self.reader = self.connection.makefile("rb")
            if self.password:
                self.command("AUTH", self.password)
        self.connection.sendall(b"*%d\r\n" % len(words)
                                + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in (x.encode() for x in words)))
        line = self.reader.readline().rstrip()
        if line.startswith(b"$") and line != b"$-1":
            return self.reader.read(int(line[1:]) + 2)[:-2]
        return line


def start_redis(test, password=None, arguments=()):
    return Redis(test, password, arguments)


class Nginx:
    """Serves the folder html and /stub_status; `http`: more directives of that block."""

    def __init__(self, test, http="", name="nginx", connections=64):
        self.port = free_port()
        folder = test.path(name)
        os.makedirs(folder + "/html")
        os.chmod(test.folder, 0o755)
        with open(folder + "/html/index.html", "w") as file:
            file.write("hello\n")
        self.log_file, self.config, self.pid_file = folder + "/access.log", folder + "/nginx.conf", folder + "/pid"
        with open(self.config, "w") as file:
            file.write(f"""daemon off; pid {self.pid_file}; error_log {folder}/error.log; worker_processes 1;
{"user root;" if os.geteuid() == 0 else ""}
events {{ worker_connections {connections}; }}
http {{
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                   '"$http_referer" "$http_user_agent" rt=$request_time urt="$upstream_response_time" '
                   'uct="$upstream_connect_time" ua="$upstream_addr" us="$upstream_status"';
  access_log {self.log_file} timed;
  {" ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))}
  {http}
  server {{
    listen 127.0.0.1:{self.port};
    root {folder}/html;
    location = /stub_status {{ stub_status; access_log off; }}
  }}
}}
""")
        self.process = test.start(Process([need("nginx"), "-p", folder, "-c", self.config], test.path(name + ".log")))
        wait_until(lambda: Http(self.port).get("/stub_status")[0] == 200, 20, "nginx answers")


def start_nginx(test, http="", **keywords):
    return Nginx(test, http, **keywords)
