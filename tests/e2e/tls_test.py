# SPDX-License-Identifier: Apache-2.0
"""HTTPS with a real handshake on both sides: the server's own port, and scraping a target over it."""
import http.client
import os
import ssl
import subprocess
import time

import harness
from harness import Trimtab, free_port, wait_until


def make_certificate(folder, name):
    """A self-signed certificate for 127.0.0.1: (certificate, key) paths."""
    harness.need("openssl")
    cert, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class Tls(harness.Workplace):
    def setUp(self):
        super().setUp()
        self.cert, self.key = make_certificate(self.folder, "own")

    def ask(self, port, path="/-/ready", method="GET", body=None, headers=None, **context_options):
        context = ssl.create_default_context(cafile=context_options.pop("cafile", self.cert))
        for name, value in context_options.items():
            setattr(context, name, value)
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def serve(self, name, *arguments, cert=None, key=None):
        tls = ["--tls.cert-file", cert or self.cert, "--tls.key-file", key or self.key]
        return self.start(Trimtab(self.path(name), arguments=["--no-host", *tls, *arguments]))

    def wait_ready(self, server):
        def ready():
            if server.child.poll() is not None:
                raise AssertionError(server.log()[-2000:])
            try:
                return self.ask(server.port)[0] == 200
            except OSError:
                return False

        wait_until(ready, 30, "ready over TLS")
        return server

    def test_a_verified_client_writes_and_reads_and_others_are_turned_away(self):
        server = self.wait_ready(self.serve("data"))
        now = int(time.time())
        line = f'secret_level{{a="b"}} 42 {now}000\n'.encode()
        status, body = self.ask(server.port, "/api/v1/import/prometheus", "POST", line)
        self.assertLess(status, 300, body)
        status, body = self.ask(server.port, "/api/v1/export?match[]=secret_level")
        self.assertEqual(status, 200)
        self.assertIn(b"42", body)

        other, _ = make_certificate(self.folder, "other")
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(server.port, cafile=other)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.ask(server.port, maximum_version=ssl.TLSVersion.TLSv1_1)
        # Plain HTTP on the TLS port gets no answer, and the server goes on.
        with self.assertRaises((http.client.HTTPException, OSError)):
            harness.Http(server.port, timeout=5).get("/-/ready")
        self.assertEqual(self.ask(server.port)[0], 200)

    def test_a_key_of_another_certificate_ends_the_start_with_the_reason(self):
        _, key = make_certificate(self.folder, "other")
        server = self.serve("mixed", key=key)
        wait_until(lambda: server.child.poll() is not None, 20, "the server to give up")
        self.assertNotEqual(server.child.returncode, 0)
        self.assertIn("key", server.log())
        self.assertIn("other.key", server.log())

    def test_scraping_over_tls_trusts_the_given_authority_only(self):
        target = self.wait_ready(self.serve("target"))
        other, _ = make_certificate(self.folder, "other")
        config = self.path("trimtab.yaml")
        with open(config, "w") as file:
            file.write("scrape_configs:\n")
            for job, authority in (("right", self.cert), ("wrong", other)):
                file.write(f"""  - job_name: {job}
    scheme: https
    scrape_interval: 1s
    scrape_timeout: 1s
    tls_config: {{ca_file: {authority}}}
    static_configs: [{{targets: ["127.0.0.1:{target.port}"]}}]
""")
        scraper = self.trimtab("scraper", arguments=["--no-host", "--config", config])

        def seen(job, value):
            ups = scraper.export(f'up{{job="{job}"}}')
            return any(value in samples.values() for samples in ups.values())

        wait_until(lambda: seen("right", 1) and seen("wrong", 0), 30, "both verdicts")
        self.assertFalse(seen("wrong", 1))
        scraped = scraper.export('scrape_samples_scraped{job="right"}')
        self.assertGreater(max(v for samples in scraped.values() for v in samples.values()), 10)


if __name__ == "__main__":
    harness.main()
