# SPDX-License-Identifier: Apache-2.0
"""Open doors: changes that the operator taught in trimtab.yaml. A program edits the configuration of a real nginx and is kept when
answers get smaller, taken back when it harms; an HTTP service is changed with a token that shows nowhere; a crash runs nothing twice."""
import concurrent.futures
import contextlib
import http.server
import json
import os
import random
import signal
import subprocess
import threading
import time

import harness
from harness import Http, wait_until
from loop_workplace import ENDED, LoopWorkplace

TOKEN = "s3cret-bearer-9b1f"


class Feeder:
    """Two samples of a measure each second, beginning with half a minute of the same value before."""

    def __init__(self, test, name, measure):
        self.test, self.name, self.measure, self.end = test, name, measure, threading.Event()
        now = time.time()
        self.send([now - 30 + i / 2 for i in range(60)])
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        test.addCleanup(self.stop)

    def send(self, times):
        line = {"metric": {"__name__": self.name}, "values": [self.measure() for _ in times], "timestamps": [int(t * 1000) for t in times]}
        server = Http(self.test.port, timeout=5)
        with contextlib.suppress(OSError):  # it was killed: what a client of a restarting server does
            server.request("POST", "/api/v1/import", json.dumps(line).encode())
        server.close()

    def run(self):
        while not self.end.wait(0.5):
            self.send([time.time()])

    def stop(self):
        self.end.set()
        self.thread.join()


class FlagService(http.server.BaseHTTPRequestHandler):
    """A service with one setting behind a token: GET and PUT /flags/batch. The setting decides what a unit of work costs."""

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, f"who is {self.headers.get('Authorization')}?".encode())
        self.answer(200, json.dumps({"flag": {"batch": self.server.batch}}).encode())

    def do_PUT(self):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.puts.append(body)
        self.server.batch = json.loads(body)["batch"]
        self.answer(204)

    def log_message(self, *_):
        pass


class DoorsWorkplace(LoopWorkplace):
    port = None

    def begin(self, text, name="data", failpoint=None):
        env = dict(os.environ, **({"TRIMTAB_FAILPOINT": failpoint} if failpoint else {}))
        self.serve("advice: {interval: 0}\npolicy: {changes_per_hour: 100}\n" + text, name=name, port=self.port, env=env)
        self.port = self.server.port

    def script(self, name, text):
        path = self.path(name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\nset -eu\n" + text)
        os.chmod(path, 0o755)
        return path

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def idea(self, door, parameters, measure, unit, **plan):
        return {"title": f"{door} {parameters}", "entity": f"service/{door}",
                "action": {"type": f"door.{door}", "target": f"door/{door}", "parameters": parameters},
                "verify": {"step_ms": 1000, "before_ms": 12000, "observe_min_ms": 5000, "observe_max_ms": 60000, "minimum_effect": 0.1,
                           "maximum_harm": 0.1, "target": {"title": measure, "expression": measure, "unit": unit, "worse": "up"}, **plan}}

    def ended(self, seconds=90):
        def last():
            changes = sorted(self.changes().values(), key=lambda c: c["id"])
            return changes[-1] if changes and changes[-1]["state"] in ENDED else None

        return wait_until(last, seconds, "an end", pause=0.3)

    def wait_new_usual(self, change):
        """Until all that a next change calls "before" was measured after this one."""
        wait_until(lambda: time.time() - change["applied_ms"] / 1000 > 13, 30, "values after the change", pause=0.2)


class DoorsLoop(DoorsWorkplace):
    def nginx(self):
        """nginx with pages that compress well, and a program that sets gzip_comp_level or turns gzip off."""
        port = harness.free_port()
        os.chmod(self.folder, 0o755)  # nginx may serve as another user
        os.mkdir(self.path("www"))
        for page in range(3):
            with open(self.path("www", f"{page}.html"), "w") as f:
                f.write("".join(f"<li>item {i} of the list of items</li>\n" for i in range(1800 + 200 * page)))
        with open(self.path("gzip.conf"), "w") as f:
            f.write("gzip off;\n")
        with open(self.path("nginx.conf"), "w") as f:
            f.write(f"daemon off;\npid {self.path('nginx.pid')};\nerror_log {self.path('error.log')};\nworker_processes 1;\n"
                    "events { worker_connections 64; }\nhttp {\n  access_log off;\n"
                    + "".join(f"  {kind}_temp_path {self.path(kind)};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
                    + f"  include {self.path('gzip.conf')};\n  types {{ text/html html; }}\n"
                    f"  server {{ listen 127.0.0.1:{port}; root {self.path('www')}; }}\n}}\n")
        program = harness.need("nginx")
        self.start(harness.Process([program, "-c", self.path("nginx.conf")], self.path("nginx.log")))

        def bytes_of_an_answer(page=None):
            page = random.randrange(3) if page is None else page
            client = Http(port)
            status, _, body = client.request("GET", f"/{page}.html", headers={"Accept-Encoding": "gzip"})
            client.close()
            return len(body) if status == 200 else None

        wait_until(bytes_of_an_answer, 20, "nginx answers")
        self.script("gzipctl", f"""
file={self.path("gzip.conf")}
case "$1" in
  get) sed -n 's/^gzip \\(.*\\);$/\\1/p' "$file" ;;
  set) echo "$2" >> {self.path("calls")}
       printf 'gzip %s;\\n' "$2" > "$file.new"
       mv "$file.new" "$file"
       {program} -c {self.path("nginx.conf")} -t -q
       kill -HUP "$(cat {self.path("nginx.pid")})" ;;
esac
""")
        return bytes_of_an_answer

    def gzip_door(self):
        program = self.path("gzipctl")
        return ("doors:\n  - name: compression\n    parameters: {state: \"on|off\"}\n"
                f"    read: {{run: [{program}, get]}}\n    apply: {{run: [{program}, set, \"{{{{state}}}}\"]}}\n"
                f"    undo: {{run: [{program}, set, \"{{{{before}}}}\"]}}\n    expect: \"{{{{state}}}}\"\n    timeout: 10s\n")

    def test_a_program_changes_nginx_and_is_kept_or_taken_back_by_what_is_measured(self):
        bytes_of_an_answer = self.nginx()
        self.begin(self.gzip_door())
        Feeder(self, "answer_bytes", bytes_of_an_answer)
        refused = self.idea("compression", {"state": "on; include /etc/passwd"}, "answer_bytes", "bytes")
        with open(self.path("refused.json"), "w") as f:
            json.dump(refused, f)
        self.verb("propose", self.path("refused.json"), expect=2)
        self.assertEqual(self.changes(), {})

        made = self.propose(self.idea("compression", {"state": "on"}, "answer_bytes", "bytes"))
        self.assertIn(f"{self.path('gzipctl')} set on", self.verb("show", f"R-{made}"))
        self.assertFalse(os.path.exists(self.path("calls")), "looking changes nothing")
        before = bytes_of_an_answer(1)
        began = time.time()
        self.verb("apply", f"R-{made}", "--yes")
        change = self.ended()
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("kept", "kept"), json.dumps(change, indent=1))
        after = bytes_of_an_answer(1)
        print(f"kept {time.time() - began:.0f} s after consent: {before} to {after} bytes, measured {change['verdict']['effect']:+.1%} "
              f"[{change['verdict']['low']:+.1%}, {change['verdict']['high']:+.1%}]")
        self.assertLess(after, before / 2)
        self.assertAlmostEqual(change["verdict"]["effect"], after / before - 1, delta=0.02)
        self.assertEqual(self.read("calls"), "on\n")

        # The same door the other way: answers grow again, and the state of before is put back.
        self.wait_new_usual(change)
        file = self.read("gzip.conf")
        made = self.propose(self.idea("compression", {"state": "off"}, "answer_bytes", "bytes"))
        self.verb("apply", f"R-{made}", "--yes")
        change = self.ended()
        self.assertEqual((change["state"], change["verdict"]["decision"]), ("rolled_back", "rolled_back"), json.dumps(change, indent=1))
        print(change["verdict"]["reason"])
        self.assertEqual(self.read("gzip.conf"), file)
        self.assertEqual(self.read("calls"), "on\noff\non\n")
        wait_until(lambda: bytes_of_an_answer(1) == after, 10, "nginx compresses again")

    def test_an_http_service_is_changed_and_the_token_shows_nowhere(self):
        service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FlagService)
        service.batch, service.puts = 10, []
        thread = threading.Thread(target=service.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        with open(self.path("token"), "w") as f:
            f.write(TOKEN + "\n")
        os.chmod(self.path("token"), 0o600)
        url = f"http://127.0.0.1:{service.server_port}/flags/batch"
        doors = (f"doors:\n  - name: batch\n    parameters: {{batch: \"[0-9]{{1,4}}\"}}\n    authorization: {{credentials_file: token}}\n"
                 f"    read: {{url: \"{url}\", value: /flag/batch}}\n"
                 f"    apply: {{method: PUT, url: \"{url}\", body: '{{\"batch\": {{{{batch}}}}}}'}}\n"
                 f"    undo: {{method: PUT, url: \"{url}\", body: '{{\"batch\": {{{{before}}}}}}'}}\n    expect: \"{{{{batch}}}}\"\n")
        self.begin(doors)
        check = subprocess.run([harness.ARGS.binary, "check", self.path("data.yaml")], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stderr)
        Feeder(self, "work_seconds", lambda: 1 / service.batch + time.time() % 3 / 1000)

        made = self.propose(self.idea("batch", {"batch": "100"}, "work_seconds", "s"))
        self.verb("apply", f"R-{made}", "--yes")
        change = self.ended()
        self.assertEqual((change["state"], service.batch), ("kept", 100), json.dumps(change, indent=1))
        self.wait_new_usual(change)
        made = self.propose(self.idea("batch", {"batch": "2"}, "work_seconds", "s"))
        self.verb("apply", f"R-{made}", "--yes")
        change = self.ended()
        self.assertEqual((change["state"], service.batch), ("rolled_back", 100), json.dumps(change, indent=1))
        self.assertEqual([json.loads(p)["batch"] for p in service.puts], [100, 2, 100])

        # A refused token is an error like any other; the answer, which repeats the token, is not part of it.
        with open(self.path("token"), "w") as f:
            f.write(TOKEN + "-old\n")
        made = self.propose(self.idea("batch", {"batch": "5"}, "work_seconds", "s"))
        self.verb("apply", f"R-{made}", "--yes")
        change = self.ended()
        self.assertEqual(change["state"], "failed")
        self.assertIn("HTTP status 401", change["error"])
        said = self.server.log() + self.verb("changes", "--format", "json") + self.verb("plan") + self.verb("show", f"R-{made}")
        self.server.stop()
        for folder, _, files in os.walk(self.path("data")):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    said += f.read().decode("latin-1")
        self.assertGreater(len(said), 1000)
        self.assertNotIn(TOKEN, said)


class Deployment(http.server.BaseHTTPRequestHandler):
    """A stand-in for the API server of Kubernetes, with one deployment: what `kubectl get` and `kubectl patch` ask for."""

    PATH = "/apis/apps/v1/namespaces/default/deployments/web"
    APPS = {"groupVersion": "apps/v1", "version": "v1"}
    ANSWERS = {"/api": {"kind": "APIVersions", "versions": ["v1"]},
               "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
               "/apis": {"kind": "APIGroupList", "groups": [{"name": "apps", "versions": [APPS], "preferredVersion": APPS}]},
               "/apis/apps/v1": {"kind": "APIResourceList", "groupVersion": "apps/v1",
                                 "resources": [{"name": "deployments", "singularName": "deployment", "namespaced": True,
                                                "kind": "Deployment", "verbs": ["get", "patch"]}]}}

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def object(self):
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
                "spec": {"replicas": self.server.replicas}}

    def do_GET(self):
        path = self.path.split("?")[0]
        body = self.object() if path == self.PATH else self.ANSWERS.get(path)
        if body is None:
            return self.answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404})
        self.answer(200, body)

    def do_PATCH(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.patches.append((self.path.split("?")[0], self.headers["Content-Type"], text))
        self.server.replicas = json.loads(text)["spec"]["replicas"]
        self.answer(200, self.object())

    def log_message(self, *_):
        pass


class Tools(DoorsWorkplace):
    """The doors of docs/doors.md that run other people's programs."""

    def keep_and_roll_back(self, door, parameters, measure):
        """One change that helps, and what a person does who does not want it after all."""
        Feeder(self, "seconds", measure)
        made = self.propose(self.idea(door, parameters, "seconds", "s"))
        self.verb("apply", f"R-{made}", "--yes")
        change = self.ended()
        self.assertEqual(change["state"], "kept", json.dumps(change, indent=1))
        changed = measure()
        self.verb("rollback", f"C-{change['id']}", "--reason", "not wanted")
        wait_until(lambda: next(iter(self.changes().values()))["state"] == "rolled_back", 60, "rolled back", pause=0.3)
        return changed

    def test_kubectl_patches_a_deployment_and_patches_it_back(self):
        program = harness.need("kubectl")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Deployment)
        server.replicas, server.patches = 2, []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        for end in (thread.join, server.server_close, server.shutdown):
            self.addCleanup(end)
        common = f"{program}, --server, \"http://127.0.0.1:{server.server_port}\""
        patch = f"[{common}, patch, deployment/web, --type, merge, -p, '{{\"spec\":{{\"replicas\":{{{{%s|json}}}}}}}}']"
        self.begin("doors:\n  - name: replicas\n    parameters: {count: \"[1-9][0-9]?\"}\n"
                   f"    environment: {{HOME: {self.folder}}}\n"
                   f"    read: {{run: [{common}, get, deployment/web, -o, \"jsonpath={{.spec.replicas}}\"]}}\n"
                   f"    apply: {{run: {patch % 'count'}}}\n    undo: {{run: {patch % 'before'}}}\n    expect: \"{{{{count}}}}\"\n")
        self.keep_and_roll_back("replicas", {"count": "8"}, lambda: 1 / server.replicas + random.random() / 100)
        kind = "application/merge-patch+json"
        self.assertEqual(server.patches, [(Deployment.PATH, kind, b'{"spec":{"replicas":8}}'), (Deployment.PATH, kind, b'{"spec":{"replicas":2}}')])

    def test_a_playbook_of_ansible_is_run_and_run_back(self):
        program = harness.need("ansible-playbook")
        with open(self.path("size"), "w") as f:
            f.write("10")
        with open(self.path("size.yml"), "w") as f:
            f.write("- hosts: all\n  gather_facts: false\n  tasks:\n    - name: size\n      ansible.builtin.copy:\n"
                    f"        content: \"{{{{ size }}}}\"\n        dest: {self.path('size')}\n")
        play = f"[{program}, -c, local, -i, \"localhost,\", %s--extra-vars, '{{\"size\": {{{{%s|json}}}}}}', {self.path('size.yml')}]"
        self.begin("doors:\n  - name: playbook\n    parameters: {size: \"[0-9]{1,6}\"}\n"
                   f"    environment: {{HOME: {self.folder}}}\n    check: {{run: {play % ('--check, ', 'size')}}}\n"
                   f"    read: {{run: [/bin/cat, {self.path('size')}]}}\n    apply: {{run: {play % ('', 'size')}}}\n"
                   f"    undo: {{run: {play % ('', 'before')}}}\n    expect: \"{{{{size}}}}\"\n")
        changed = self.keep_and_roll_back("playbook", {"size": "5"}, lambda: float(self.read("size")) + random.random() / 10)
        self.assertEqual(int(changed), 5)
        self.assertEqual(self.read("size"), "10")


class Life(DoorsWorkplace):
    """One change of a file through a program, with a server of its own that dies at `point` and is started again."""

    def __init__(self, test, point):
        super().__init__("setUp")
        self.setUp()
        test.addCleanup(self.doCleanups)
        self.point = point

    def live(self):
        with open(self.path("state"), "w") as f:
            f.write("10\n")
        state = self.path("state")
        program = self.script("size", f'if [ "$1" = get ]; then cat {state}; else echo "$2" >> {self.path("calls")}; echo "$2" > {state}; fi\n')
        doors = (f"doors:\n  - name: size\n    parameters: {{size: \"[0-9]+\"}}\n    read: {{run: [{program}, get]}}\n"
                 f"    apply: {{run: [{program}, set, \"{{{{size}}}}\"]}}\n    undo: {{run: [{program}, set, \"{{{{before}}}}\"]}}\n"
                 "    expect: \"{{size}}\"\n")
        self.begin(doors, failpoint=self.point)
        Feeder(self, "seconds", lambda: float(self.read("state") or 10) + time.time() % 3 / 100)
        # "5" is better and kept, "20" is worse and taken back.
        made = self.propose(self.idea("size", {"size": "20" if "undo" in self.point else "5"}, "seconds", "s"))
        self.verb("apply", f"R-{made}", "--yes")
        wait_until(lambda: self.server.child.poll() is not None, 60, f"{self.point}: the server dies", pause=0.1)
        self.assertEqual(self.server.child.returncode, -signal.SIGKILL)
        self.begin(doors)
        return self.point, self.ended(), self.read("calls").split(), self.read("state")


class Crashes(DoorsWorkplace):
    def test_a_program_that_outlives_the_server_is_waited_for_and_not_run_beside_itself(self):
        with open(self.path("state"), "w") as f:
            f.write("10\n")
        program = self.script("size", f"""
cd {self.folder}
if [ "$1" = get ]; then cat state; exit; fi
echo "begin $2" >> calls
while ! [ -e go ]; do sleep 0.1; done
echo "$2" > state
echo "end $2" >> calls
""")
        self.addCleanup(lambda: open(self.path("go"), "w").close())
        doors = (f"doors:\n  - name: size\n    parameters: {{size: \"[0-9]+\"}}\n    read: {{run: [{program}, get]}}\n"
                 f"    apply: {{run: [{program}, set, \"{{{{size}}}}\"]}}\n    undo: {{run: [{program}, set, \"{{{{before}}}}\"]}}\n"
                 "    expect: \"{{size}}\"\n")
        self.begin(doors)
        Feeder(self, "seconds", lambda: float(self.read("state") or 10) + random.random() / 10)
        made = self.propose(self.idea("size", {"size": "5"}, "seconds", "s"))
        self.verb("apply", f"R-{made}", "--yes")
        wait_until(lambda: os.path.exists(self.path("calls")), 30, "the program runs", pause=0.1)
        self.server.kill()
        self.begin(doors)
        wait_until(lambda: "still at work" in next(iter(self.changes().values()))["error"], 30, "it is found at work", pause=0.2)
        open(self.path("go"), "w").close()
        change = self.ended()
        self.assertEqual(change["state"], "kept", json.dumps(change, indent=1))
        self.assertEqual(self.read("calls"), "begin 5\nend 5\n")

    def test_killed_around_an_effect_nothing_is_run_twice(self):
        lives = [Life(self, point) for point in ("act.before_effect", "act.after_effect", "act.before_undo", "act.after_undo")]
        with concurrent.futures.ThreadPoolExecutor(len(lives)) as pool:
            ends = list(pool.map(Life.live, lives))
        for point, change, calls, state in ends:
            with self.subTest(point):
                taken_back = "undo" in point
                self.assertEqual(change["state"], "rolled_back" if taken_back else "kept", json.dumps(change, indent=1))
                self.assertEqual(calls, ["20", "10"] if taken_back else ["5"])
                self.assertEqual(state, "10\n" if taken_back else "5\n")


if __name__ == "__main__":
    harness.main()
