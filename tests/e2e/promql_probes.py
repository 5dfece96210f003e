# SPDX-License-Identifier: Apache-2.0
"""The deliberate differences from Prometheus 2.42. docs/promql.md lists the same titles with the reasons;
each is shown here by queries on small data of its own, answered differently by the two on purpose."""
import os
import re
import struct

import harness
import promql_data as data
from promql_generator import Window

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "promql.md")
SECTION = "## Deliberate differences from Prometheus 2.42"
NOW = 1_699_999_980_000  # on the grid of the subquery below
INF = float("inf")


class Probe:
    """prometheus, trimtab: the answers in short, see short()."""

    def __init__(self, query, prometheus, trimtab, at_ms=NOW):
        self.query, self.prometheus, self.trimtab, self.window = query, prometheus, trimtab, Window(at_ms)


class Difference:
    def __init__(self, title, *probes):
        self.title, self.probes = title, probes


DELIBERATE = [
    Difference("Windows and look-back leave out their left edge",
               Probe("count_over_time(edge[1m])", "5", "4"),
               Probe("edge offset -4m", "20", "20"),
               Probe("edge offset -5m", "20", ""),
               Probe("count_over_time(edge[1m:15s])", "5", "4")),
    Difference("rate and increase stay above zero after a late start",
               Probe("increase(late[5m])", "28.253333333333334", "27.653333333333336")),
    Difference("Aggregations of infinities and of negative zeros",
               Probe('stddev(infinite{kind="plus"})', "0", "NaN"),
               Probe('stdvar(infinite{kind="plus"})', "0", "NaN"),
               Probe("sum(-(infinite * 0 == bool 2))", "-0", "0"),
               Probe("avg by (kind) (-(infinite * 0 == bool 2))", "-0 -0", "0 0")),
    Difference("Language of 3.x",
               Probe("count_over_time(edge[300] offset 1)", "400 bad_data", "19"),
               Probe("1m30s", "400 bad_data", "90"),
               Probe("1_000", "400 bad_data", "1000"),
               Probe('{"edge"}', "400 bad_data", "20"),
               Probe("double_exponential_smoothing(edge[5m], 0.5, 0.5)", "400 bad_data", "20"),
               Probe("mad_over_time(edge[1m])", "400 bad_data", "1"),
               Probe("count(limitk(1, infinite))", "400 bad_data", "1"),
               Probe('sort_by_label(edge, "a")', "400 bad_data", "20")),
    Difference("A dot in a regular expression matches a line break",
               Probe('lines{text=~"a.b"}', "", "1")),
    Difference("Faults of Prometheus that are not repeated",
               Probe("round(edge atan2 2 and on (__name__) edge, 0.1)", "1.5", ""),
               Probe("timestamp(edge offset -1m @ %d)" % (NOW // 1000 - 240), str(NOW // 1000 - 240), str(NOW // 1000 - 180)),
               Probe("count_over_time(predict_linear(edge[1m] @ %d, 0)[5m:1m])" % (NOW // 1000), "1", "5", NOW + 600_000 + 137),
               Probe("sum_over_time(sum(topk(scalar(vector((time() %% 120) / 60)), edge @ %d))[2m:1m])" % (NOW // 1000), "", "20", NOW + 137),
               Probe('count(count_over_time(count_values by (k, l, z) ("a", label_replace(edge * 0, "z", "y", "", ""))[2m:1m]))', "2", "1", NOW + 137)),
]


def bodies():
    edge = [(NOW - (20 - i) * 15_000, float(i)) for i in range(1, 21)]
    # Starts 100 s into the window of 5 min; at its pace it was zero 12 s earlier, within 1.1 intervals, beyond half of one.
    late = [(NOW - 200_000 + i * 15_000 + 100, 1.6 + 2 * i) for i in range(14)]
    at = NOW - 10_000
    series = [({"__name__": "edge"}, edge), ({"__name__": "late"}, late),
              ({"__name__": "infinite", "kind": "plus"}, [(at, INF)]), ({"__name__": "infinite", "kind": "minus"}, [(at, -INF)]),
              ({"__name__": "lines", "text": "a\nb"}, [(at, 1.0)])]
    yield harness.snappy_literals(b"".join(
        data.encode(labels, [(t, struct.pack("<d", v)) for t, v in samples]) for labels, samples in series))


def short(answer):
    """The values in order, or the refusal."""
    if answer.error:
        return f"{answer.status} {answer.error}"
    return " ".join(text for _, points in answer.rows for _, text in points)


def documented_titles():
    """The bold first words of the list under SECTION."""
    with open(DOCUMENT) as f:
        text = f.read()
    if SECTION not in text:
        return []
    section = text.split(SECTION, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^- \*\*(.+?)\.?\*\*", section, re.M)
