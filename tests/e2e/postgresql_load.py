# SPDX-License-Identifier: Apache-2.0
"""Load on a PostgreSQL server by pgbench."""
import os
import subprocess


class Load:
    """pgbench with a script file a query shape, each with its weight, at a fixed rate; latencies are logged."""

    def __init__(self, server, folder, scripts, rate, clients=4, seconds=3600):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        command = [server.binaries + "/pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T",
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
