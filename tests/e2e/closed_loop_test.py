# SPDX-License-Identifier: Apache-2.0
"""The closed loop on a real PostgreSQL under load: found unaided, applied with consent, measured, kept."""
import json
import os
import time

import harness
from harness import wait_until
from loop_workplace import ENDED, LoopWorkplace
from postgresql_load import Load, quantile

# Twelve tables of a shop. Every foreign key and the usual look-ups have their index; what is missing is the
# one of orders (customer_id, placed_at).
SCHEMA = """
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION hypopg;
CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, country int, created date);
CREATE TABLE addresses (id int PRIMARY KEY, customer_id int, city text);
CREATE TABLE products (id int PRIMARY KEY, sku text UNIQUE, category_id int, price numeric);
CREATE TABLE categories (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, placed_at timestamp, status int, total numeric, note text);
CREATE TABLE items (order_id int, line int, product_id int, quantity int, PRIMARY KEY (order_id, line));
CREATE TABLE payments (id int PRIMARY KEY, order_id int, amount numeric, paid_at timestamp);
CREATE TABLE shipments (id int PRIMARY KEY, order_id int, carrier int, sent_at timestamp);
CREATE TABLE reviews (id int PRIMARY KEY, product_id int, stars int, text text);
CREATE TABLE carts (id int PRIMARY KEY, customer_id int, changed timestamp);
CREATE TABLE stock (product_id int PRIMARY KEY, amount int);
CREATE TABLE visits (id bigserial PRIMARY KEY, customer_id int, at timestamp, page int);
INSERT INTO customers SELECT i, 'c' || i || '@example.org', i % 50, date '2020-01-01' + i % 1500 FROM generate_series(1, 20000) i;
INSERT INTO addresses SELECT i, i, 'city ' || i % 300 FROM generate_series(1, 20000) i;
INSERT INTO products SELECT i, 'sku' || i, i % 40, i % 100 FROM generate_series(1, 4000) i;
INSERT INTO categories SELECT i, 'category ' || i FROM generate_series(1, 40) i;
INSERT INTO orders SELECT i, (i::bigint * 7919) % 20000 + 1, timestamp '2024-01-01' + i * interval '3 minutes', i % 5, i % 500, repeat('n', 60)
  FROM generate_series(1, 300000) i;
INSERT INTO items SELECT i / 2, i % 2, (i * 31) % 4000 + 1, 1 + i % 4 FROM generate_series(2, 300000) i;
INSERT INTO payments SELECT i, i, i % 500, timestamp '2024-01-01' + i * interval '3 minutes' FROM generate_series(1, 100000) i;
INSERT INTO shipments SELECT i, i, i % 6, timestamp '2024-01-01' + i * interval '3 minutes' FROM generate_series(1, 100000) i;
INSERT INTO reviews SELECT i, i % 4000 + 1, i % 5, 'fine' FROM generate_series(1, 40000) i;
INSERT INTO carts SELECT i, i, timestamp '2024-01-01' FROM generate_series(1, 20000) i;
INSERT INTO stock SELECT i, 100 FROM generate_series(1, 4000) i;
CREATE INDEX ON addresses (customer_id); CREATE INDEX ON products (category_id); CREATE INDEX ON items (product_id);
CREATE INDEX ON payments (order_id); CREATE INDEX ON shipments (order_id); CREATE INDEX ON reviews (product_id);
CREATE INDEX ON carts (customer_id); CREATE INDEX ON visits (customer_id);
ANALYZE;
"""

CUSTOMER = "\\set c random(1, 20000)\n"
PRODUCT = "\\set p random(1, 4000)\n"
ORDER = "\\set o random(1, 100000)\n"


def shapes():
    """Thirty query shapes: {name: (weight, pgbench script)}. `slow` is the one that wants the index."""
    out = {"slow": (6, CUSTOMER + "SELECT id, total, status FROM orders WHERE customer_id = :c AND placed_at >= "
                                  "timestamp '2025-03-01' ORDER BY placed_at DESC LIMIT 10;\n")}
    single = {
        "customer": CUSTOMER + "SELECT * FROM customers WHERE id = :c;",
        "email": CUSTOMER + "SELECT id FROM customers WHERE email = 'c' || :c || '@example.org';",
        "address": CUSTOMER + "SELECT city FROM addresses WHERE customer_id = :c;",
        "cart": CUSTOMER + "SELECT id, changed FROM carts WHERE customer_id = :c;",
        "cart_touch": CUSTOMER + "UPDATE carts SET changed = now() WHERE id = :c;",
        "visit": CUSTOMER + "INSERT INTO visits (customer_id, at, page) VALUES (:c, now(), 1);",
        "product": PRODUCT + "SELECT * FROM products WHERE id = :p;",
        "sku": PRODUCT + "SELECT id FROM products WHERE sku = 'sku' || :p;",
        "price": PRODUCT + "SELECT price FROM products WHERE id = :p;",
        "stock": PRODUCT + "SELECT amount FROM stock WHERE product_id = :p;",
        "stock_take": PRODUCT + "UPDATE stock SET amount = amount - 1 WHERE product_id = :p;",
        "reviews": PRODUCT + "SELECT stars, text FROM reviews WHERE product_id = :p LIMIT 10;",
        "stars": PRODUCT + "SELECT avg(stars) FROM reviews WHERE product_id = :p;",
        "sold": PRODUCT + "SELECT sum(quantity) FROM items WHERE product_id = :p;",
        "category": "\\set k random(1, 40)\nSELECT name FROM categories WHERE id = :k;",
        "in_category": "\\set k random(1, 40)\nSELECT id, sku FROM products WHERE category_id = :k LIMIT 20;",
        "category_count": "\\set k random(1, 40)\nSELECT count(*) FROM products WHERE category_id = :k;",
        "categories": "SELECT id, name FROM categories ORDER BY id;",
        "order": ORDER + "SELECT * FROM orders WHERE id = :o;",
        "order_state": ORDER + "SELECT status FROM orders WHERE id = :o;",
        "order_mark": ORDER + "UPDATE orders SET status = 2 WHERE id = :o;",
        "lines": ORDER + "SELECT * FROM items WHERE order_id = :o ORDER BY line;",
        "payment": ORDER + "SELECT amount FROM payments WHERE order_id = :o;",
        "paid": ORDER + "SELECT count(*) FROM payments WHERE order_id = :o AND amount > 10;",
        "shipment": ORDER + "SELECT carrier, sent_at FROM shipments WHERE order_id = :o;",
        "order_full": ORDER + "SELECT o.id, i.line, p.sku FROM orders o JOIN items i ON i.order_id = o.id JOIN products p ON "
                              "p.id = i.product_id WHERE o.id = :o;",
        "order_who": ORDER + "SELECT c.email FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = :o;",
        "order_money": ORDER + "SELECT o.total, p.amount FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = :o;",
        "visits": CUSTOMER + "SELECT page FROM visits WHERE customer_id = :c ORDER BY id DESC LIMIT 5;",
    }
    out.update({name: (1, text + "\n") for name, text in single.items()})
    assert len(out) == 30
    return out


class ClosedLoop(LoopWorkplace):
    def serve_postgresql(self, postgresql, policy=""):
        self.serve("collectors:\n  postgresql:\n"
                   f"    - {{name: main, dsn: \"{postgresql.dsn()}\", interval: 1s}}\n" + policy)

    def test_a_missing_composite_index_is_found_applied_proven_and_kept(self):
        postgresql = harness.start_postgres(self)
        postgresql.sql(SCHEMA)
        began = time.time()
        self.serve_postgresql(postgresql)
        load = Load(postgresql, self.path("load"), shapes(), rate=60)
        self.addCleanup(load.stop)

        def advised():
            for r in json.loads(self.verb("advise", "--now", "--format", "json")):
                if r["state"] == "proposed" and r["action"]["type"] == "postgresql.create_index" and '"orders"' in r["action"]["apply"]:
                    return r

        advice = wait_until(advised, 180, "advice", pause=5)
        found = time.time()
        self.assertIn('("customer_id", "placed_at"', advice["action"]["apply"])
        self.assertIn("CONCURRENTLY", advice["action"]["apply"])
        self.assertLess(advice["expected"]["high"], -0.5)
        self.assertNotIn("dsn", json.dumps(advice))

        name = f"R-{advice['id']}"
        self.assertIn("CREATE INDEX CONCURRENTLY", self.verb("show", name))
        self.assertEqual(json.loads(self.verb("changes", "--format", "json")), [], "looking changes nothing")
        self.verb("apply", name)  # nobody there to say yes
        self.assertEqual(postgresql.rows("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'trimtab%'"), [["0"]])
        applied = time.time()
        self.verb("apply", name, "--yes")
        change = self.wait_change(420)
        done = time.time()

        self.assertEqual((change["state"], change["verdict"]["decision"]), ("kept", "kept"), json.dumps(change, indent=1))
        self.assertEqual(postgresql.rows("SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname "
                                        "LIKE 'trimtab%'"), [["t"]])
        before = quantile(load.latencies("slow", began, applied), 0.95)
        after = quantile(load.latencies("slow", change["applied_ms"] / 1000 + 5, done), 0.95)
        print(f"advice after {found - began:.0f} s, verdict after {done - began:.0f} s; p95 {before * 1e3:.2f} ms to "
              f"{after * 1e3:.2f} ms; measured {change['verdict']['effect']:+.1%} [{change['verdict']['low']:+.1%}, "
              f"{change['verdict']['high']:+.1%}], expected {advice['expected']['low']:+.1%} to {advice['expected']['high']:+.1%}")
        self.assertLess(after, before / 2)
        self.assertLess(change["verdict"]["high"], 0)
        # Predicted against achieved, as what is left of the time: within a factor of 2 of the interval.
        left = 1 + change["verdict"]["effect"]
        self.assertGreater(left * 2, 1 + advice["expected"]["low"])
        self.assertLess(left / 2, 1 + advice["expected"]["high"])

        plan = self.verb("plan")
        self.assertIn(f"C-{change['id']}", plan)
        self.assertIn("kept", plan)
        self.assertIn("expected", plan.lower())
        print(plan)

        self.verb("rollback", f"C-{change['id']}", "--reason", "the test wants it back")
        wait_until(lambda: self.changes()[change["title"]]["state"] == "rolled_back", 60, "taken back", pause=1)
        self.assertEqual(postgresql.rows("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'trimtab%'"), [["0"]])

    def test_changes_without_effect_are_told_so_and_harm_to_a_guard_is_reversed(self):
        tables = range(1, 21)
        postgresql = harness.start_postgres(self)
        postgresql.sql("CREATE EXTENSION pg_stat_statements;" + "".join(
            f"CREATE TABLE t{i} AS SELECT i AS id, repeat('x', 50) AS note FROM generate_series(1, 5000) i;" for i in tables) +
            "CREATE TABLE events AS SELECT i AS id, 0 AS touched, repeat('x', 50) AS note FROM generate_series(1, 20000) i;"
            "CREATE UNIQUE INDEX ON events (id); ALTER TABLE events SET (fillfactor = 50); VACUUM FULL events; ANALYZE;")
        self.serve_postgresql(postgresql, policy="policy: {changes_per_hour: 100, max_observation: 12m}\n")
        # Reads scan and writes touch fifty rows, half a millisecond: beside microseconds, each time that the processor
        # is given to somebody else would be most of what is measured.
        reads = {f"t{i}": (10, f"\\set k random(1, 5000)\nSELECT note FROM t{i} WHERE id = :k;\n") for i in tables}
        load = Load(postgresql, self.path("load"), {
            **reads, "touch": (12, "\\set k random(1, 19950)\nUPDATE events SET touched = touched + 1 WHERE id BETWEEN :k AND :k + 49;\n"),
            "first": (2, "SELECT id FROM events ORDER BY touched LIMIT 1;\n")}, rate=800)
        self.addCleanup(load.stop)

        def query_id(text):
            return wait_until(lambda: postgresql.rows(f"SELECT queryid FROM pg_stat_statements WHERE query LIKE '{text}'"), 60,
                              text, pause=1)[0][0]

        def mean_time(*ids):
            matcher = f'queryid=~"{"|".join(ids)}"'
            return (f"sum(rate(pg_stat_statements_seconds_total{{{matcher}}}[{{{{.step}}}}])) / "
                    f"sum(rate(pg_stat_statements_calls_total{{{matcher}}}[{{{{.step}}}}]))")

        ids = {i: query_id(f"SELECT note FROM t{i} WHERE%") for i in tables}
        touch, first = query_id("UPDATE events%"), query_id("SELECT id FROM events%")
        # No longest observation is named: how long each is watched follows from its own noise before.
        watch = {"step_ms": 5000, "before_ms": 120000, "observe_min_ms": 30000}
        harmful = self.propose({
            "title": "an index that slows writes", "entity": "table/events",
            "action": {"type": "postgresql.create_index", "target": "postgresql/main",
                       "parameters": {"schema": "public", "table": "events", "name": "slow_writes", "keys": "+touched\n"}},
            "verify": {**watch, "observe_max_ms": 300000, "minimum_effect": 0.5,
                       "target": {"title": "the read", "expression": mean_time(first), "unit": "seconds", "worse": "up"},
                       "guards": [{"measure": {"title": "the writes", "expression": mean_time(touch), "unit": "seconds", "worse": "up"},
                                   "harm_max": 0.1}]}})
        names = [f"R-{harmful}"]
        for i in tables:
            names.append("R-%d" % self.propose({
                "title": f"nothing to t{i}", "entity": f"table/t{i}",
                "action": {"type": "postgresql.table_set", "target": "postgresql/main",
                           "parameters": {"schema": "public", "table": f"t{i}", "setting": "autovacuum_analyze_threshold", "value": "60"}},
                "verify": {**watch, "minimum_effect": 0.2, "maximum_harm": 0.2, "control": mean_time(*(ids[k] for k in tables if k != i)),
                           "target": {"title": "the read", "expression": mean_time(ids[i]), "unit": "seconds", "worse": "up"}}}))
        seen = f'count_over_time(pg_stat_statements_calls_total{{queryid="{ids[20]}"}}[10m])'
        wait_until(lambda: any(float(r["value"][1]) >= 120 for r in self.server.http.get_json("/api/v1/query", query=seen)["data"]["result"]),
                   240, "two minutes of values before", pause=1)
        before = postgresql.rows("SELECT relname, reloptions FROM pg_class WHERE relname ~ '^(t[0-9]+|events)$' ORDER BY 1")
        for name in names:
            self.verb("apply", name, "--yes")
        wait_until(lambda: all(c["state"] in ENDED for c in self.changes().values()), 1200, "verdicts", pause=3)
        changes = self.changes()
        guarded = changes.pop("an index that slows writes")
        self.assertEqual((guarded["state"], guarded["verdict"]["decision"]), ("rolled_back", "rolled_back"), json.dumps(guarded, indent=1))
        self.assertIn("guard", guarded["verdict"]["reason"])
        decisions = [c["verdict"]["decision"] for c in changes.values()]
        print({d: decisions.count(d) for d in sorted(set(decisions))}, guarded["verdict"]["reason"])
        print(*sorted({step["reason"] for c in changes.values() for step in c["steps"] if step["to"] == "applying"}), sep="\n")
        self.assertEqual(len(decisions), 20)
        self.assertNotIn("kept", decisions)
        self.assertNotIn("failed", decisions)
        # Some may be undecided when their time is over: the processor is shared with whatever else runs here.
        self.assertGreaterEqual(decisions.count("no_effect"), 17, [c["verdict"] for c in changes.values()])
        self.assertEqual(postgresql.rows("SELECT relname, reloptions FROM pg_class WHERE relname ~ '^(t[0-9]+|events)$' ORDER BY 1"), before)
        self.assertEqual(postgresql.rows("SELECT count(*) FROM pg_indexes WHERE indexname = 'slow_writes'"), [["0"]])

    def test_hostile_names_are_inert_and_secrets_stay_inside(self):
        postgresql = harness.start_postgres(self)
        postgresql.sql("CREATE EXTENSION pg_stat_statements; CREATE TABLE y (a int); CREATE ROLE reader LOGIN; GRANT pg_monitor TO reader;"
                       "CREATE TABLE \"x\"\"; DROP TABLE y; --\" (\"a b\" int)")
        self.serve(f"""collectors:
  postgresql:
    - {{name: main, dsn: "{postgresql.dsn()} password=hunter2", interval: 1s}}
    - {{name: reading, instance: reading, dsn: "{postgresql.dsn('reader')} password=hunter2", interval: 1s}}
policy: {{changes_per_hour: 100}}
""")
        wait_until(lambda: self.server.http.get_json("/api/v1/query", query="pg_up")["data"]["result"], 30, "pg_up", pause=0.5)

        def idea(target, action, parameters, title):
            return {"title": title, "entity": "table/" + title,
                    "action": {"type": action, "target": target, "parameters": parameters},
                    "verify": {"step_ms": 5000, "target": {"title": "up", "expression": "pg_up{instance!='reading'} + 0", "unit": "", "worse": "down"}}}

        hostile = "x\"; DROP TABLE y; --"
        index = {"schema": "public", "table": hostile, "name": "i'; DROP TABLE y; --", "keys": "+a b\n"}
        made = self.propose(idea("postgresql/main", "postgresql.create_index", index, "hostile"))
        self.verb("apply", f"R-{made}", "--yes")
        refused = self.propose(idea("postgresql/reading", "postgresql.create_index", {**index, "name": "other"}, "reader"))
        self.verb("apply", f"R-{refused}", "--yes")
        where = self.propose(idea("postgresql/main", "postgresql.create_index",
                                  {"schema": "public", "table": "y", "name": "w", "keys": "+a\n", "where": "true); DROP TABLE y; --"}, "predicate"))
        self.verb("apply", f"R-{where}", "--yes")
        setting = self.propose(idea("postgresql/main", "postgresql.set", {"setting": "archive_command", "value": "touch owned"}, "program"))
        self.verb("apply", f"R-{setting}", "--yes")
        failed = lambda title: self.changes()[title]["state"] == "failed"
        for title in ("reader", "predicate", "program"):
            wait_until(lambda: failed(title), 120, f"{title} refused", pause=1)
        wait_until(lambda: self.changes()["hostile"]["state"] == "observing", 120, "the hostile index made", pause=1)
        self.assertEqual(postgresql.rows("SELECT count(*) FROM pg_indexes WHERE indexname = 'i''; DROP TABLE y; --'"), [["1"]])
        self.assertEqual(postgresql.rows("SELECT count(*) FROM y"), [["0"]])
        self.verb("propose", self.path("nothing.json"), expect=1)
        unknown = self.path("unknown.json")
        with open(unknown, "w") as f:
            json.dump(idea("postgresql/main", "shell", {}, "shell"), f)
        self.verb("propose", unknown, expect=2)

        said = [self.server.log(), json.dumps(self.changes())]
        for path in ("/metrics", "/api/trimtab/recommendations", "/api/trimtab/changes", "/api/trimtab/plan", "/api/trimtab/rejects",
                     "/api/trimtab/brief", "/api/v1/export?match[]={__name__!=\"\"}"):
            said.append(self.server.http.get(path)[2].decode(errors="replace"))
        with open(f"/proc/{self.server.child.pid}/cmdline", "rb") as f:
            said.append(f.read().decode())
        for folder, _, files in os.walk(self.path("data")):
            for file in files:
                with open(os.path.join(folder, file), "rb") as f:
                    said.append(f.read().decode(errors="replace"))
        for text in said:
            self.assertNotIn("hunter2", text)


if __name__ == "__main__":
    harness.main()
