# SPDX-License-Identifier: Apache-2.0
"""The kernels beside Python's libraries in one run: statsmodels, scikit-learn, scipy, numpy; statsforecast
when it can be imported. The same values to both sides, results compared before a time is printed. The measure is CPU
time of one thread (user + system), start-up, reading and imports left out; rounds of both sides alternate and the median is
taken, so that a busy machine is fair to both. A ratio is the peer's CPU time over Trimtab's.

    PYTHONPATH=$(scripts/unpack-peers build/peers) /usr/bin/python3 bench/kernels.py \\
        --driver build/bench/kernel_driver [--data ../shared/data] [--series 24] [--json FILE]

Forecasts are made for M4's hourly series when DATA/m4 is there, else for series made here.
"""
import argparse
import csv
import gzip
import importlib.metadata
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import time
import warnings

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"  # before the libraries read them

try:
    import numpy as np
    import pandas as pd
    import scipy
    import scipy.signal
    import scipy.stats
    import sklearn
    import statsmodels
    from sklearn.ensemble import IsolationForest
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.holtwinters import ExponentialSmoothing
    from statsmodels.tsa.stattools import acf
except ImportError as missing:
    raise SystemExit(f"{missing}: run scripts/ensure-packages bench, and this with PYTHONPATH=$(scripts/unpack-peers build/peers), "
                     "or with a python3 that has statsmodels and scikit-learn")

ROUNDS = 3
HORIZON, DAY, WEEK = 48, 24, 168
LAGS = 20            # of the windows given to the isolation forest
BUSY_LOAD = 2        # load average above which the run is called busy
STEP_MARGIN = 5      # values a change may be off
SECONDS_WANTED = .2  # of CPU time in one of our rounds


class Trimtab:
    """The driver: one call runs one kernel over a file of series."""

    def __init__(self, driver, folder):
        self.driver, self.file = os.path.abspath(driver), os.path.join(folder, "series")

    def give(self, kernel, series, *options):
        with open(self.file, "wb") as f:
            f.write(struct.pack("<Q", len(series)))
            for values in series:
                f.write(struct.pack("<Q", len(values)) + np.asarray(values, dtype="<f8").tobytes())
        self.kernel, self.options = kernel, [str(o) for o in options]
        answer = self.call(1)
        self.repeats = max(1, min(10_000, math.ceil(SECONDS_WANTED / max(answer["cpu_seconds"], 1e-6))))
        return answer["results"]

    def call(self, repeats):
        done = subprocess.run([self.driver, self.kernel, self.file, str(repeats), *self.options], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def seconds(self):
        return self.call(self.repeats)["cpu_seconds"]


def timed(work):
    before = time.process_time()
    result = work()
    return result, time.process_time() - before


def median(values):
    return sorted(values)[len(values) // 2]


class Table:
    def __init__(self, file, busy):
        self.file, self.busy, self.wrong, self.missed = file, busy, 0, []
        print("| what | Trimtab | goal | peer | its time | ratio | check |\n|---|---|---|---|---|---|---|")

    def add(self, what, ours, check, ok, peer="", theirs=None, goal_s=None, goal_ratio=None):
        """ours, theirs and goal_s: CPU seconds of one unit of `what`."""
        ratio = theirs / ours if theirs else None
        goals = ([f"<= {readable(goal_s)}"] if goal_s else []) + ([f">= {goal_ratio}x"] if goal_ratio else [])
        met = (not goal_s or ours <= goal_s) and (not goal_ratio or ratio >= goal_ratio)
        goal = "" if not goals else ", ".join(goals) + (" (met)" if met else " (**missed**)")
        if goals and not met:
            self.missed.append(f"{what}, {peer}" if goal_ratio else what)
        self.wrong += not ok
        print(f"| {what} | {readable(ours)} | {goal} | {peer} | {readable(theirs) if theirs else ''} | {f'{ratio:.1f}x' if ratio else ''} | "
              f"{check if ok else f'**differs: {check}**'} |", flush=True)
        if self.file:
            row = {"bench": "kernels", "what": what, "peer": peer or None, "cpu_seconds": {"trimtab": ours, "peer": theirs}, "ratio": ratio,
                   "goal_seconds": goal_s, "goal_ratio": goal_ratio, "goal_met": met if goals else None, "check": check, "ok": bool(ok),
                   "busy": self.busy}
            self.file.write(json.dumps(row) + "\n")


def readable(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def alternate(trimtab, peer):
    """Median CPU seconds of our pass and of the peer's."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(trimtab.seconds())
        theirs.append(timed(peer)[1])
    return median(ours), median(theirs)


# ---- forecasts

def m4_hourly(data, count):
    def rows(name):
        with gzip.open(os.path.join(data, "m4", name), "rt") as f:
            return {row[0]: np.array([float(v) for v in row[1:] if v]) for row in csv.reader(f)}
    past, future = rows("hourly_train.csv.gz"), rows("hourly_test.csv.gz")
    names = list(past)
    chosen = [names[i * len(names) // count] for i in range(min(count, len(names)))]
    return [past[n] for n in chosen], [future[n] for n in chosen]


def made_hourly(count):
    """Days and weeks under autocorrelated noise and a drift, as long as M4's."""
    random = np.random.default_rng(4)
    past, future = [], []
    for _ in range(count):
        hour = np.arange(960 + HORIZON)
        noise = scipy.signal.lfilter([1], [1, -.7], random.normal(size=hour.size))
        day = 30 * np.sin(2 * np.pi * hour / DAY + random.uniform(0, 6)) + 10 * np.sin(4 * np.pi * hour / DAY + random.uniform(0, 6))
        values = 1000 + day * (1 + .3 * (hour // DAY % 7 < 5)) + random.normal() * hour / 50 + 3 * noise
        past.append(values[:-HORIZON])
        future.append(values[-HORIZON:])
    return past, future


def smape(means, future):
    return float(np.mean([np.mean(200 * abs(t - m) / (abs(t) + abs(m))) for m, t in zip(means, future)]))


def inside(lows, highs, future):
    return float(np.mean([np.mean((lo <= t) & (t <= hi)) for lo, hi, t in zip(lows, highs, future)]))


def ets(values, initial):
    model = ETSModel(pd.Series(values), error="add", trend="add", damped_trend=True, seasonal="add", seasonal_periods=DAY,
                     initialization_method=initial)
    frame = model.fit(disp=False).get_prediction(start=len(values), end=len(values) + HORIZON - 1).summary_frame(alpha=.05)
    return frame["mean"].values, frame["pi_lower"].values, frame["pi_upper"].values


def holt_winters(values):
    model = ExponentialSmoothing(values, trend="add", damped_trend=True, seasonal="add", seasonal_periods=DAY)
    return model.fit().forecast(HORIZON), None, None


def statsforecast_ets():
    """AutoETS, which chooses among damped forms by AICc, or None without statsforecast."""
    try:
        from statsforecast.models import AutoETS
    except ImportError:
        return None
    print(f"statsforecast {importlib.metadata.version('statsforecast')} joins", file=sys.stderr)

    def forecast(values):
        answer = AutoETS(season_length=DAY, damped=True).forecast(y=values, h=HORIZON, level=[95])
        return answer["mean"], answer["lo-95"], answer["hi-95"]
    return forecast


def forecasts(trimtab, table, arguments):
    if os.path.isfile(os.path.join(arguments.data, "m4", "hourly_train.csv.gz")):
        name, (past, future) = "M4 hourly", m4_hourly(arguments.data, arguments.series)
    else:
        name, (past, future) = "made hourly", made_hourly(arguments.series)
    what = f"forecast of a series, {name}, mean of {len(past)}"
    results = trimtab.give("forecast", past, HORIZON, DAY, WEEK)
    mean, low, high = (np.array([r[k] for r in results]) for k in ("mean", "low", "high"))
    ours_smape = smape(mean, future)
    ours_check = f"sMAPE {ours_smape:.2f}, {inside(low, high, future):.1%} inside 95 %"
    peers = [("statsmodels ETSModel, defaults", lambda y: ets(y, "estimated"), 50),
             ("statsmodels ETSModel, heuristic start (fits 4 numbers)", lambda y: ets(y, "heuristic"), 50),
             ("statsmodels ExponentialSmoothing, defaults, no interval", holt_winters, 50)]
    third = statsforecast_ets()
    if third:
        third(past[0])  # compiles
        peers.append(("statsforecast AutoETS", third, None))
    for peer, model, goal in peers:
        seconds, ours = [], []
        answers = []
        for i, values in enumerate(past):
            answer, cpu = timed(lambda: model(values))
            answers.append(answer)
            seconds.append(cpu)
            if i % max(1, len(past) // ROUNDS) == 0:
                ours.append(trimtab.seconds())
        theirs_smape = smape([a[0] for a in answers], future)
        check = f"{ours_check}; peer's sMAPE {theirs_smape:.2f}"
        if answers[0][1] is not None:
            check += f", {inside([a[1] for a in answers], [a[2] for a in answers], future):.1%}"
        finite = bool(np.isfinite(mean).all() and np.isfinite(low).all() and np.isfinite(high).all())
        table.add(what, median(ours) / len(past), check, finite and ours_smape <= 1.1 * theirs_smape, peer, sum(seconds) / len(past),
                  goal_s=None if goal is None else 2e-3, goal_ratio=goal)


# ---- anomalies

def spiked_week():
    """A week of minutes with a day in it and one spike; returns the values and the spike's place."""
    random = np.random.default_rng(1)
    at = 7_123
    values = 100 + 20 * np.sin(2 * np.pi * np.arange(10_000) / 1440) + scipy.signal.lfilter([1], [1, -.7], random.normal(size=10_000))
    values[at] += 60
    return values, at


def anomalies(trimtab, table):
    values, at = spiked_week()
    for lane, kernel, goal in (("alarm lane", "alarm", 150e-9), ("scored lane (all)", "score", 150e-9)):
        result = trimtab.give(kernel, [values])[0]
        ours = median([trimtab.seconds() for _ in range(ROUNDS)]) / len(values)
        check = f"spike in alarm, as {len(result['alarms'])} of {len(values):,} values"
        table.add(f"streaming anomaly, {lane}, a value", ours, check, at in result["alarms"], goal_s=goal)
    windows = np.lib.stride_tricks.sliding_window_view(values, LAGS)

    def forest():
        return IsolationForest(random_state=1).fit(windows).predict(windows)  # -1: flagged

    result, flags = trimtab.give("anomalies", [values])[0], forest() < 0
    scores = result["scores"]
    higher = sum(score > scores[at] for score in scores)
    check = (f"spike in alarm (of {len(result['alarms'])} in all; higher scores: {higher}), there in {flags[at - LAGS + 1:at + 1].sum()} of its "
             f"{LAGS} windows ({flags.sum():,} flagged in all)")
    ok = at in result["alarms"] and flags[at - LAGS + 1:at + 1].any()
    ours, theirs = alternate(trimtab, forest)
    table.add("anomalies of 10,000 values, all lanes", ours, check, ok, f"scikit-learn IsolationForest, windows of {LAGS}", theirs, goal_s=50e-3)


# ---- change points

def stepping(count):
    """White noise with nineteen steps of two standard deviations, up and down, at uneven places: at even ones they would be a
    season. Returns the values and the steps."""
    random = np.random.default_rng(2)
    values = random.normal(size=count)
    steps = [int(count * (i + random.uniform(-.4, .4)) / 20) for i in range(1, 20)]
    for i, step in enumerate(steps):
        values[step:] += 2 if i % 2 == 0 else -2
    return values, steps


def binary_segmentation(values):
    """Steps of the mean in white noise, each cut where the squared error falls most (Scott and Knott 1974), while it falls by more
    than 3 log(n) noise variances. Only the searching of the best cut is in numpy; there is no second opinion, bend or effect size."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    noise = np.median(np.abs(np.diff(values))) / .6745 / math.sqrt(2)
    price, cuts, open_ones = 3 * math.log(len(values)) * noise**2, [], [(0, len(values))]
    while open_ones:
        begin, end = open_ones.pop()
        if end - begin < 4:
            continue
        left, n = np.arange(1, end - begin), end - begin
        miss = sums[begin + 1:end] - sums[begin] - left / n * (sums[end] - sums[begin])
        gain = miss * miss * n / (left * (n - left))
        best = int(np.argmax(gain))
        if gain[best] > price:
            cut = begin + 1 + best
            cuts.append(cut)
            open_ones += [(begin, cut), (cut, end)]
    return sorted(cuts)


def found_of(cuts, steps):
    found = sum(any(abs(cut - step) <= STEP_MARGIN for cut in cuts) for step in steps)
    return found, len(cuts) - found


def changes(trimtab, table):
    for count, goal in ((10_000, None), (1_000_000, 1.0)):
        values, steps = stepping(count)
        (ours_found, ours_beside) = found_of(trimtab.give("changes", [values])[0], steps)
        (found, beside) = found_of(binary_segmentation(values), steps)
        check = f"{ours_found} of {len(steps)} steps within {STEP_MARGIN} and {ours_beside} others; peer {found} and {beside}"
        ours, theirs = alternate(trimtab, lambda: binary_segmentation(values))
        table.add(f"change points of {count:,} values", ours, check, ours_found >= found and ours_beside <= 1, "binary segmentation in numpy (this script's)",
                  theirs, goal_s=goal)


# ---- seasons

def likely_period(values):
    """The highest line of the Hann periodogram, set right by the highest autocorrelation around it."""
    frequencies, power = scipy.signal.periodogram(values, window="hann", detrend="linear")
    usable = (frequencies >= 3 / len(values)) & (frequencies <= .5)
    frequency = frequencies[usable][np.argmax(power[usable])]
    low, high = (1 / (frequency + step / len(values)) for step in (1, -1))
    correlation = acf(values, nlags=math.ceil(high), fft=True)
    low = max(2, math.floor(low))
    return low + int(np.argmax(correlation[low:math.ceil(high) + 1]))


def seasons(trimtab, table):
    random, period = np.random.default_rng(3), 144
    noise = scipy.signal.lfilter([1], [1, -.7], random.normal(size=10_000))
    day = sum(size * np.sin(2 * np.pi * k * np.arange(period) / period + k) for k, size in ((1, 6), (2, 3), (3, 2)))
    for name, values, expected in (("AR(1) noise", noise, []), (f"a season of {period} in it", noise + np.resize(day, noise.size), [period])):
        found, theirs_found = trimtab.give("seasons", [values])[0], likely_period(values)
        ours, theirs = alternate(trimtab, lambda: likely_period(values))
        ok = found[:1] == expected and (not expected or theirs_found == period)
        check = f"{found or 'none'}, peer {theirs_found}" + ("" if expected else " (it always names one)")
        table.add(f"seasons of 10,000 values: {name}", ours, check, ok, "scipy periodogram + statsmodels acf", theirs, goal_s=1e-3)


# ---- before and after

def shift_by_numpy(before, after, deviation):
    """Hodges-Lehmann's shift and its interval of 95 % from all differences, sorted as far as needed."""
    differences = np.subtract.outer(after, before).ravel()
    pairs, reach = differences.size, scipy.stats.norm.isf(.025) * deviation
    ranks = [math.floor((pairs + 1) / 2), math.ceil((pairs + 1) / 2), math.floor(pairs / 2 - reach), math.ceil(pairs / 2 + reach) + 1]
    ordered = np.partition(differences, [r - 1 for r in ranks])
    return (ordered[ranks[0] - 1] + ordered[ranks[1] - 1]) / 2, ordered[ranks[2] - 1], ordered[ranks[3] - 1]


def comparisons(trimtab, table):
    """Ours widens the variance by the autocorrelation time of each side: 1 for noise that alternates, a little above by chance for
    white noise. mannwhitneyu has no such term, so its z is divided by the root of the inflation before the two are compared."""
    random, n, pairs = np.random.default_rng(5), 1000, []
    for i in range(10):
        alternating = -.5 if i % 2 == 0 else 0.
        pairs += [scipy.signal.lfilter([1], [1, -alternating], random.normal(size=n)) + shift for shift in (0, .05 * i)]
    results = trimtab.give("compare", pairs)
    worst_p = worst_shift = 0.
    plain = 0
    for i, ours in enumerate(results):
        before, after = pairs[2 * i], pairs[2 * i + 1]
        p = scipy.stats.mannwhitneyu(after, before, method="asymptotic").pvalue
        inflation = (ours["time_before"] + ours["time_after"]) / 2
        plain += inflation == 1
        expected = p if inflation == 1 else 2 * scipy.stats.norm.sf(scipy.stats.norm.isf(p / 2) / math.sqrt(inflation))
        worst_p = max(worst_p, abs(ours["probability"] / expected - 1))
        deviation = math.sqrt(n * n / 12 * (2 * n + 1) * inflation)
        for mine, its in zip((ours["shift"], ours["shift_low"], ours["shift_high"]), shift_by_numpy(before, after, deviation)):
            worst_shift = max(worst_shift, abs(mine - its))
    check = f"p within {worst_p:.0e} relative ({plain} of {len(results)} as they are, the others with our inflation), shift and interval within {worst_shift:.0e}"
    ok = plain >= 5 and worst_p <= 1e-6 and worst_shift <= 1e-9
    deviation = math.sqrt(n * n / 12 * (2 * n + 1))

    def tests(with_shift):
        for i in range(0, len(pairs), 2):
            scipy.stats.mannwhitneyu(pairs[i + 1], pairs[i], method="asymptotic")
            if with_shift:
                shift_by_numpy(pairs[i], pairs[i + 1], deviation)

    what = "comparison of 1,000 with 1,000 values: test, shift, interval"
    for peer, with_shift in (("scipy mannwhitneyu + shift and interval in numpy", True), ("scipy mannwhitneyu alone, no shift", False)):
        ours, theirs = alternate(trimtab, lambda: tests(with_shift))
        table.add(what, ours / len(results), check, ok, peer, theirs / len(results))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, help="build/bench/kernel_driver")
    parser.add_argument("--data", default="../shared/data", help="folder with m4/hourly_train.csv.gz and hourly_test.csv.gz")
    parser.add_argument("--series", type=int, default=24, help="to forecast; statsmodels takes about a second for each")
    parser.add_argument("--only", choices=["forecasts", "anomalies", "changes", "seasons", "comparisons"])
    parser.add_argument("--json", help="also append the rows as JSON lines to this file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of fits that did not converge
    load = os.getloadavg()[0]
    print(f"statsmodels {statsmodels.__version__}, scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}; "
          f"{os.cpu_count()} cores, load average {load:.1f}{' (busy)' if load > BUSY_LOAD else ''}. CPU time of one thread.\n")
    with tempfile.TemporaryDirectory(prefix="trimtab-bench-") as folder, open(arguments.json or os.devnull, "a") as file:
        trimtab, table = Trimtab(arguments.driver, folder), Table(file, load > BUSY_LOAD)
        for name, run in (("forecasts", lambda: forecasts(trimtab, table, arguments)), ("anomalies", lambda: anomalies(trimtab, table)),
                          ("changes", lambda: changes(trimtab, table)), ("seasons", lambda: seasons(trimtab, table)),
                          ("comparisons", lambda: comparisons(trimtab, table))):
            if arguments.only in (None, name):
                run()
    if table.missed:
        print("\nGoals missed: " + "; ".join(table.missed) + ".")
    if table.wrong:
        raise SystemExit(f"{table.wrong} results differ")


if __name__ == "__main__":
    main()
