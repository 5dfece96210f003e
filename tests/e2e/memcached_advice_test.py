# SPDX-License-Identifier: Apache-2.0
"""Advice for people on a real memcached that is too small for what is asked of it."""
import json
import random

import harness
from harness import wait_until
from loop_workplace import LoopWorkplace
from peer_servers import Memcached


class MemcachedAdvice(LoopWorkplace):
    def test_too_little_memory_is_told_with_an_amount_and_changes_nothing(self):
        memcached = Memcached(self, password="geheim", arguments=("-m", "8"))
        self.serve(f"collectors:\n  memcached: [{{name: cache, url: 'tcp://127.0.0.1:{memcached.port}', "
                   "username: trimtab, password: geheim, interval: 1s}]\n")
        chance = random.Random(1)

        def use():
            """An application that writes what it did not find; 12 MB of items."""
            for _ in range(200):
                key = f"key{chance.randrange(600)}"
                if not memcached.lines(f"get {key}"):
                    memcached.store(key, "x" * 20000)

        def advised():
            use()
            return [r for r in json.loads(self.verb("advise", "--now", "--format", "json")) if r["state"] == "proposed"]

        advice = wait_until(advised, 180, "advice", pause=2)
        self.assertEqual([r["fingerprint"] for r in advice], ["memcached|memcached/cache|memory"])
        self.assertFalse(advice[0].get("action", {}).get("type"))
        told = self.verb("show", f"R-{advice[0]['id']}")
        for part in ("cache_memlimit", "misses", "evictions"):
            self.assertIn(part, told)
        self.assertNotIn("geheim", told + self.server.log())
        self.assertEqual(memcached.stats()["limit_maxbytes"], str(8 << 20))


if __name__ == "__main__":
    harness.main()
