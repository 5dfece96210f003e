# SPDX-License-Identifier: Apache-2.0
"""Requests around the query language whose answers are compared with Prometheus' own: how times, steps
and forms are read, what is refused and with which code, and the lookups of series and labels."""
import json
import urllib.parse

import promql_data as data

AT = f"{data.START + 5000}.137"
END = f"{data.START + 6000}.137"
LATE = f"{data.START + 40 * 365 * 86400}.137"
SPAN = {"start": str(data.START), "end": str(data.END)}

QUERY, RANGE, SERIES, LABELS = "/api/v1/query", "/api/v1/query_range", "/api/v1/series", "/api/v1/labels"


def values(label):
    return f"/api/v1/label/{label}/values"


# (path, parameters as pairs). All are sent as GET and, where Prometheus has it, as POST.
REQUESTS = [
    # times and steps
    (QUERY, [("query", "constant"), ("time", AT)]),
    (QUERY, [("query", "constant"), ("time", "2023-11-14T23:40:00.137Z")]),
    (QUERY, [("query", "constant"), ("time", "2023-11-15T01:40:00.137+02:00")]),
    (QUERY, [("query", "constant")]),
    (QUERY, [("query", "constant"), ("time", "")]),
    (QUERY, [("query", "constant"), ("time", "yesterday")]),
    (QUERY, [("query", "constant"), ("time", LATE)]),
    (QUERY, [("time", AT)]),
    (QUERY, [("query", "constant"), ("time", AT), ("timeout", "1m")]),
    (QUERY, [("query", "constant"), ("time", AT), ("timeout", "5")]),
    (QUERY, [("query", "constant"), ("time", AT), ("timeout", "soon")]),
    (QUERY, [("query", '"text"'), ("time", AT)]),
    (QUERY, [("query", "1"), ("time", AT)]),
    (QUERY, [("query", "1 / 0"), ("time", AT)]),
    (QUERY, [("query", "constant[2m]"), ("time", AT)]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "60")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "1m")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "1m30s")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "0.5")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", AT), ("step", "60")]),
    (RANGE, [("query", "vector(1)"), ("start", AT), ("end", END), ("step", "97.5")]),
    (RANGE, [("query", "constant"), ("start", END), ("end", AT), ("step", "60")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "0")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "-5")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "often")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END), ("step", "0.01")]),
    (RANGE, [("query", "constant"), ("start", AT), ("end", END)]),
    (RANGE, [("query", "constant"), ("start", AT), ("step", "60")]),
    (RANGE, [("query", "constant"), ("end", AT), ("step", "60")]),
    (RANGE, [("query", "constant[5m]"), ("start", AT), ("end", END), ("step", "60")]),
    (RANGE, [("query", '"text"'), ("start", AT), ("end", END), ("step", "60")]),
    (RANGE, [("query", "7"), ("start", AT), ("end", END), ("step", "60")]),
    (RANGE, [("query", "sum("), ("start", AT), ("end", END), ("step", "60")]),
    # lookups
    (SERIES, [("match[]", "constant")] + list(SPAN.items())),
    (SERIES, [("match[]", "constant"), ("match[]", 'temperature{zone="north"}')] + list(SPAN.items())),
    (SERIES, [("match[]", '{__name__=~"odd|sparse"}')] + list(SPAN.items())),
    (SERIES, [("match[]", "nothing")] + list(SPAN.items())),
    (SERIES, [("match[]", "{}")] + list(SPAN.items())),
    (SERIES, [("match[]", "sum(x)")] + list(SPAN.items())),
    (SERIES, [("match[]", "a{")] + list(SPAN.items())),
    (SERIES, list(SPAN.items())),
    (SERIES, [("match[]", "constant"), ("start", "x")]),
    (LABELS, list(SPAN.items())),
    (LABELS, []),
    (LABELS, [("match[]", "temperature")] + list(SPAN.items())),
    (LABELS, [("match[]", "temperature"), ("match[]", "odd")] + list(SPAN.items())),
    (LABELS, [("match[]", "{}")]),
    (LABELS, [("start", "x")]),
    (values("job"), []),
    (values("job"), list(SPAN.items())),
    (values("__name__"), list(SPAN.items())),
    (values("instance"), [("match[]", 'temperature{job="api"}')] + list(SPAN.items())),
    (values("version"), [("match[]", "temperature")] + list(SPAN.items())),
    (values("nothing"), []),
    (values("job"), [("match[]", "{")]),
    (values("job"), [("end", "x")]),
    ("/api/v1/format_query", [("query", 'foo/bar{a="b"}')]),
    ("/api/v1/format_query", [("query", "foo{")]),
    ("/api/v1/format_query", []),
]
POSTED = (QUERY, RANGE, SERIES, LABELS, "/api/v1/format_query")


def every():
    """(method, path, pairs)"""
    for path, pairs in REQUESTS:
        yield "GET", path, pairs
        if path in POSTED:
            yield "POST", path, pairs


def send(http_client, method, path, pairs):
    """(status, error type, data made comparable)"""
    form = urllib.parse.urlencode(pairs)
    if method == "GET":
        status, headers, body = http_client.request("GET", path + ("?" + form if form else ""))
    else:
        status, headers, body = http_client.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
    if not headers.get("content-type", "").startswith("application/json"):
        return status, "not JSON", body[:100]
    document = json.loads(body)
    if document["status"] == "error":
        return status, document["errorType"], None
    found = document["data"]
    if path == SERIES:
        found = sorted(found, key=lambda row: sorted(row.items()))
    if path == QUERY and "time" not in dict(pairs):
        found = found["resultType"]  # asked at the time of the request
    return status, "", found
