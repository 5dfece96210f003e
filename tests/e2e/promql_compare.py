# SPDX-License-Identifier: Apache-2.0
"""Answers of the query API, read and compared."""
import json
import math
import urllib.parse

RELATIVE = 1e-9
# Sums of values that nearly cancel keep the rounding of their largest member: 1e-9 is 1e-13 of the
# thousands most of the data is made of. Larger metrics get the same share of their own size.
ABSOLUTE = 1e-9
SCALE = {"memory_bytes": 1e-3, "http_bytes_total": 1e-6, "irregular_total": 1e-6, "http_requests_total": 1e-6, "timestamp": 1e-4,
         "time()": 1e-4, "request_duration": 1e-6, "broken_bucket": 1e-6}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer:
    """status: HTTP code. error: its type, "" when fine. kind: vector, matrix, scalar or string.
    rows: [(labels, [(time_ms, text)])] in the order given."""

    def __init__(self, status, error, kind, rows, message=""):
        self.status, self.error, self.kind, self.rows, self.message = status, error, kind, rows, message

    def __str__(self):
        if self.error:
            return f"{self.status} {self.error}: {self.message}"
        lines = [f"{self.kind}, {len(self.rows)} rows"]
        for labels, points in self.rows[:8]:
            shown = " ".join(f"{v}@{t}" for t, v in points[:6]) + (" ..." if len(points) > 6 else "")
            lines.append("    {" + ", ".join(f'{k}="{v}"' for k, v in labels) + "} " + shown)
        if len(self.rows) > 8:
            lines.append("    ...")
        return "\n".join(lines)


def ask(http_client, query, window, **more):
    path, parameters = window.parameters()
    body = urllib.parse.urlencode({"query": query, **parameters, **more})
    status, _, text = http_client.request("POST", path, body, FORM)
    try:
        document = json.loads(text)
    except ValueError:
        return Answer(status, "not JSON", "", [], text[:300].decode(errors="replace"))
    return read(status, document)


def read(status, document):
    if document.get("status") != "success":
        return Answer(status, document.get("errorType", "?"), "", [], document.get("error", ""))
    data = document["data"]
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        return Answer(status, "", kind, [((), [point(result)])])
    rows = []
    for row in result:
        points = [point(p) for p in row["values"]] if "values" in row else [point(row["value"])]
        rows.append((tuple(sorted(row["metric"].items())), points))
    return Answer(status, "", kind, rows)


def point(pair):
    return round(pair[0] * 1000), pair[1]


def close(a, b, absolute):
    if a == b:
        return True
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    if x == 0 and y == 0 and absolute is not None:
        return True  # 3.x: a sum of zeros is 0, whatever their signs
    if x == y or absolute is None or math.isinf(x) or math.isinf(y):
        # The text differs: a zero of the other sign is a difference, and so is another spelling of one number.
        return False
    return abs(x - y) <= max(absolute, RELATIVE * max(abs(x), abs(y)))


def difference(expected, ours, query="", root="", exact=False):
    """None, or a sentence on the first difference. root: "sort" and "top" compare the order of values too.
    exact: the operations leave no room for rounding, so the text of every value is the same."""
    absolute = None if exact else max([ABSOLUTE] + [size for name, size in SCALE.items() if name in query])
    if expected.status != ours.status or expected.error != ours.error:
        return f"status {expected.status} {expected.error!r}, ours {ours.status} {ours.error!r}"
    if expected.error:
        return None
    if expected.kind != ours.kind:
        return f"type {expected.kind}, ours {ours.kind}"
    if expected.kind == "string":
        return None if expected.rows == ours.rows else "text differs"
    theirs, mine = dict(expected.rows), dict(ours.rows)
    if len(mine) != len(ours.rows):
        return "a label set comes twice"
    if set(theirs) != set(mine):
        return f"label sets: missing {sorted(set(theirs) - set(mine))[:2]}, too many {sorted(set(mine) - set(theirs))[:2]}"
    for labels, points in theirs.items():
        others = mine[labels]
        if [t for t, _ in points] != [t for t, _ in others]:
            return f"times of {labels}: {[t for t, _ in points][:5]} ({len(points)}), ours {[t for t, _ in others][:5]} ({len(others)})"
        for (t, a), (_, b) in zip(points, others):
            if not close(a, b, absolute):
                return f"value of {labels} at {t}: {a}, ours {b}"
    if expected.kind == "matrix" and [r[0] for r in ours.rows] != sorted(r[0] for r in ours.rows):
        return "rows of a matrix are not sorted by labels"
    if root in ("sort", "top") and expected.kind == "vector":
        for (_, [(_, a)]), (_, [(_, b)]) in zip(expected.rows, ours.rows):
            if not close(a, b, absolute):
                return f"order of values: {a} where ours has {b}"
    return None
