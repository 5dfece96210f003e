#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the PetShop root-cause data set into Trimtab's import format (gzip JSON lines).

    make_sample.py DATA                 one issue (--issue, default train/issue_0) into this folder
    make_sample.py DATA --all OUT       every issue into OUT/<split>_<issue>.jsonl.gz and .target.json

DATA is the folder of one scenario: graph.csv, noissue/metrics.csv(.gz), {train,test}/issue_N/metrics.csv(.gz)
and target.json. Needs Python 3 and nothing else. Same input, same bytes.
"""

import argparse
import csv
import gzip
import io
import json
import pathlib
import sys

STEP_S = 300
NAMES = {"latency": "petshop_latency_seconds", "requests": "petshop_requests",
         "availability": "petshop_availability_percent"}
# Rounding, far below what varies: it keeps the file small.
SIGNIFICANT_DIGITS = {"latency": 4, "requests": 15, "availability": 6}
STATISTICS = {"Average": "mean", "Sum": "sum"}


def read_table(folder):
    """Columns as (microservice, metric, statistic), rows as (Unix seconds, cells)."""
    path = folder / "metrics.csv.gz"
    text = gzip.open(path, "rt") if path.exists() else open(folder / "metrics.csv")
    with text:
        rows = list(csv.reader(text))
    columns = list(zip(rows[0], rows[1], rows[2]))[1:]
    return columns, [(float(row[0]), row[1:]) for row in rows[4:] if row and row[0]]


def labels_of(column):
    microservice, metric, statistic = column
    labels = {"__name__": NAMES[metric], "microservice": microservice}
    if metric == "latency":
        labels["statistic"] = STATISTICS.get(statistic, statistic)
    return labels


def number(text, metric):
    value = float(f"{float(text):.{SIGNIFICANT_DIGITS[metric]}g}")
    return int(value) if value == int(value) else value


def series_of(normal, issue):
    """Normal operation, then the issue's rows directly after it, 5 minutes apart."""
    series = {}
    last_ms = 0
    for part, (columns, rows) in enumerate((normal, issue)):
        for index, (seconds, cells) in enumerate(rows):
            at_ms = int(seconds) * 1000 if part == 0 else first_ms + index * STEP_S * 1000
            last_ms = at_ms
            for column, cell in zip(columns, cells):
                if cell == "":
                    continue
                values, times = series.setdefault(column, ([], []))
                values.append(number(cell, column[1]))
                times.append(at_ms)
        first_ms = last_ms + STEP_S * 1000
    return series, last_ms - (len(issue[1]) - 1) * STEP_S * 1000, last_ms


def json_lines(series):
    for column in sorted(series):
        values, times = series[column]
        yield json.dumps({"metric": labels_of(column), "values": values, "timestamps": times},
                         separators=(",", ":")) + "\n"


def write_gzip(path, text):
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0, filename="") as out:
        out.write(text.encode())
    path.write_bytes(raw.getvalue())


def write_issue(data, issue, normal, samples_path, target_path):
    series, from_ms, to_ms = series_of(normal, read_table(data / issue))
    write_gzip(samples_path, "".join(json_lines(series)))
    target = json.loads((data / issue / "target.json").read_text())
    target["sample"] = {"issue": issue, "issue_from_ms": from_ms, "issue_to_ms": to_ms, "series": len(series),
                        "samples": sum(len(values) for values, _ in series.values())}
    target_path.write_text(json.dumps(target, indent=2) + "\n")
    return target["sample"]


def write_estate(data, path):
    rows = list(csv.reader(open(data / "graph.csv")))
    lines = ["# The call graph of the pet shop: graph.csv of the PetShop data set (CC BY 4.0, see LICENSE).",
             "# Made by make_sample.py. Owners and tiers are not part of the data set and are left out.", "entities:"]
    for row in rows[1:]:
        calls = [json.dumps("service/" + callee) for callee, cell in zip(rows[0][1:], row[1:]) if float(cell or 0) != 0]
        if calls:
            lines += ["  " + json.dumps("service/" + row[0]) + ":", "    calls:"] + ["      - " + c for c in calls]
    path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--issue", default="train/issue_0")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--all", type=pathlib.Path, metavar="OUT")
    options = parser.parse_args()
    normal = read_table(options.data / "noissue")
    if options.all:
        options.all.mkdir(parents=True, exist_ok=True)
        issues = sorted((p.parent.relative_to(options.data).as_posix() for p in options.data.glob("t*/issue_*/target.json")),
                        key=lambda name: (name.split("/")[0], int(name.split("_")[-1])))
        for issue in issues:
            name = issue.replace("/", "_")
            made = write_issue(options.data, issue, normal, options.all / f"{name}.jsonl.gz",
                               options.all / f"{name}.target.json")
            print(name, made["series"], "series", made["samples"], "samples", file=sys.stderr)
        write_estate(options.data, options.all / "estate.yaml")
    else:
        write_issue(options.data, options.issue, normal, options.out / "petshop.jsonl.gz", options.out / "target.json")
        write_estate(options.data, options.out / "estate.yaml")


if __name__ == "__main__":
    main()
