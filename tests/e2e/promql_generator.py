# SPDX-License-Identifier: Apache-2.0
"""PromQL queries from a typed grammar, and their shrinking.

The grammar stays where an answer is defined: functions with steps (floor, ==, count_values, ...) are put
only over values both engines compute to the last bit (`exact`), topk() only over values without ties
(`distinct`), rate() only over counters that start high. What is left out for a deliberate difference is
said where it is left out.
"""
import promql_data as data

RANGES = ["30s", "1m", "90s", "2m", "5m", "5m", "7m", "10m", "1m30s", "20m", "1h"]
OFFSETS = ["10s", "1m", "5m", "7m30s", "-1m", "-5m", "20m"]
SUBQUERIES = [("5m", "30s"), ("10m", "1m"), ("10m", ""), ("7m", "45s"), ("2m", "15s"), ("30m", "5m"), ("3m", "20s")]
SMOOTH = ["abs", "sqrt", "ln", "log2", "log10", "deg", "rad", "atan", "asinh"]
TRIGONOMETRIC = ["sin", "cos", "tan", "asin", "acos", "sinh", "cosh", "tanh", "acosh", "atanh", "exp"]
STEPPED = ["ceil", "floor", "sgn"]
DATES = ["day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"]
COUNTING = ["changes", "resets"]  # over exact values
EXACT_OVER_TIME = ["min_over_time", "max_over_time", "last_over_time", "count_over_time", "present_over_time"]
CONSTANTS = ["0.37", "2", "-1.5", "1e3", "0x1F", "0", "1", "7.3", "-0.25", "100.01", "3e-2"]
COMPARISONS = [">", "<", ">=", "<=", "==", "!="]


class Node:
    """A typed piece of a query: parts are text and nodes. `simpler` holds smaller nodes that fit its place."""

    def __init__(self, kind, parts, exact=False, distinct=False, labels=None, simpler=(), root=""):
        self.kind, self.parts, self.exact, self.distinct, self.labels = kind, list(parts), exact, distinct, labels
        self.simpler, self.root = list(simpler), root

    def text(self):
        return "".join(p if isinstance(p, str) else p.text() for p in self.parts)

    def size(self):
        return len(self.text())

    def children(self):
        return [p for p in self.parts if isinstance(p, Node)]

    def with_part(self, index, part):
        return Node(self.kind, self.parts[:index] + [part] + self.parts[index + 1:], self.exact, self.distinct, self.labels, self.simpler, self.root)

    def descendants(self):
        for child in self.children():
            yield child
            yield from child.descendants()

    def smaller(self):
        """Trees with one place made simpler, the largest cuts first."""
        for other in self.descendants():
            if other.kind == self.kind:
                yield other
        yield from self.simpler
        for index, part in enumerate(self.parts):
            if isinstance(part, Node):
                for other in part.smaller():
                    yield self.with_part(index, other)


def shrink(tree, differs, tries=250):
    """The smallest tree found by greedy cutting that still differs."""
    progress = True
    while progress and tries > 0:
        progress = False
        size = tree.size()
        for other in sorted(tree.smaller(), key=Node.size):
            if other.size() >= size:
                continue
            tries -= 1
            if tries < 0:
                break
            if differs(other):
                tree, progress = other, True
                break
    return tree


class Window:
    """An instant (step 0) or a range, in milliseconds."""

    def __init__(self, start_ms, step_ms=0, count=1):
        self.start_ms, self.step_ms, self.count = start_ms, step_ms, count

    @property
    def end_ms(self):
        return self.start_ms + self.step_ms * (self.count - 1)

    def parameters(self):
        if not self.step_ms:
            return "/api/v1/query", {"time": f"{self.start_ms / 1000:.3f}"}
        return "/api/v1/query_range", {"start": f"{self.start_ms / 1000:.3f}", "end": f"{self.end_ms / 1000:.3f}",
                                       "step": f"{self.step_ms / 1000:g}"}

    def __str__(self):
        return " ".join(f"{k}={v}" for k, v in self.parameters()[1].items())


class Generator:
    def __init__(self, random, metrics):
        self.random, self.metrics = random, metrics
        self.subquery_depth = 0
        # Kinds of metric to draw from; "odd" (NaN, infinities) is put in and out.
        self.kinds = None

    def query(self):
        """(tree, window). About 3 % are wrong on purpose."""
        r = self.random
        self.kinds = ["counter", "gauge", "integer", "bucket", "info"] + ["odd"] * (r.random() < 0.5)
        window = self.window()
        draw = r.random()
        if draw < 0.03:
            return self.wrong(), window
        if not window.step_ms and draw < 0.07:
            return self.matrix(1), window
        if not window.step_ms and draw < 0.12:
            return self.ordered(), window
        if draw < 0.17:
            return self.scalar(2), window
        return self.vector(r.choice([1, 2, 2, 3, 3, 4])), window

    def window(self):
        r = self.random
        span = (data.END - data.START)
        start = (data.START + r.randrange(int(span * 0.25), span + 240)) * 1000 + data.QUERY_MS
        if r.random() < 0.5:
            return Window(start)
        step, count = r.choice([15, 30, 60, 60, 97, 300]) * 1000, r.randrange(2, 41)
        return Window(start - min(step * count, 1_800_000), step, count)

    # --- leaves ---

    def pick(self, kinds):
        names = [n for n, m in self.metrics.items() if m.kind in kinds]
        return self.metrics[self.random.choice(names)]

    def matchers(self, metric):
        r, out = self.random, []
        for label in metric.labels:
            if r.random() > 0.3:
                continue
            values = metric.values[label]
            value = r.choice(values)
            quoted = lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            escaped = value.replace(".", "\\.").replace("+", "\\+")
            out.append(label + r.choice([
                "=" + quoted(value), "=" + quoted(value), "!=" + quoted(value), "!=" + quoted(value),
                "=~" + quoted("|".join(v.replace("+", "\\+") for v in r.sample(values, min(len(values), 3)))),
                "=~" + quoted(escaped[:1] + ".*"), "!~" + quoted(escaped[:1] + ".+"), '=~".+"', '=~".*"', '!=""',
                "=~" + quoted("[a-m0-5].*|" + escaped), "=~'(?i:" + escaped.upper().replace("\\", "\\\\") + ")'"]
                + (['=""', '=~"nothing"'] if r.random() < 0.1 else [])))
        return out

    def shift(self):
        """offset and @, in either order."""
        r, parts = self.random, []
        if r.random() < 0.15:
            parts.append(" offset " + r.choice(OFFSETS))
        if r.random() < 0.08:
            at = (data.START + r.randrange(3000, 8000)) + data.QUERY_MS / 1000
            parts.append(r.choice([f" @ {at:.3f}", " @ start()", " @ end()"]))
        r.shuffle(parts)
        nodes = []
        for part in parts:
            nodes.append(Node("shift", [part], simpler=[Node("shift", [""])]))
        return nodes

    def core(self, metric):
        matchers = self.matchers(metric)
        empty = Node("matchers", [""])
        if matchers:
            single = [Node("matchers", ["{" + m + "}"], simpler=[empty]) for m in matchers]
            fit = Node("matchers", ["{" + ",".join(matchers) + "}"], simpler=[empty] + single)
        else:
            fit = empty
        if self.random.random() < 0.03:
            inside = ",".join([f'__name__="{metric.name}"'] + matchers)
            return Node("core", ["{" + inside + "}"], simpler=[Node("core", [metric.name])])
        return Node("core", [metric.name, fit])

    def selector(self, kinds=None, distinct=False):
        metric = self.pick(kinds or self.kinds)
        while distinct and not metric.distinct:
            metric = self.pick(["gauge"])
        return Node("v", [self.core(metric)] + self.shift(), exact=True, distinct=metric.distinct, labels=tuple(metric.labels))

    def range_of(self, kinds):
        metric = self.pick(kinds)
        length = Node("range", ["[" + self.random.choice(RANGES) + "]"], simpler=[Node("range", ["[1m]"]), Node("range", ["[5m]"])])
        return Node("m", [self.core(metric), length] + self.shift(), exact=True, distinct=metric.distinct, labels=tuple(metric.labels))

    def matrix(self, depth, kinds=None, exact=False):
        kinds = kinds or self.kinds
        if depth <= 0 or self.random.random() < 0.75:
            return self.range_of(kinds)
        return self.subquery(lambda: self.vector(depth - 1, exact=exact))

    def subquery(self, make):
        """Points of a subquery lie on multiples of its step. One inside another is moved off that grid,
        for its left edge would be in at 2.42 and out at 3.0."""
        self.subquery_depth += 1
        inner = make()
        self.subquery_depth -= 1
        length, step = self.random.choice(SUBQUERIES)
        shift = self.shift() if not self.subquery_depth else [" offset 1337ms"]
        text = inner.text()
        bare = inner.root != "binary" and text.endswith((")", "}")) and " offset" not in text and " @" not in text
        parts = [inner] if bare and self.random.random() < 0.7 else ["(", inner, ")"]
        window = Node("range", [f"[{length}:{step}]"], simpler=[Node("range", ["[5m:1m]"]), Node("range", ["[5m:30s]"])])
        return Node("m", parts + [window] + shift, exact=inner.exact, labels=inner.labels)

    # --- scalars ---

    def constant(self):
        return Node("s", [self.random.choice(CONSTANTS)], exact=True)

    def scalar(self, depth):
        r = self.random
        draw = r.random()
        if depth <= 0 or draw < 0.3:
            return r.choice([self.constant, self.constant, lambda: Node("s", ["time()"], exact=True),
                             lambda: Node("s", ["pi()"], exact=True)])()
        if draw < 0.55:
            inner = self.vector(depth - 1) if r.random() < 0.5 else self.aggregate(depth - 1, whole=True)
            return Node("s", ["scalar(", inner, ")"], exact=inner.exact)
        if draw < 0.6:
            inner = self.scalar(depth - 1)
            return Node("s", ["-(", inner, ")"], exact=inner.exact)
        left, right = self.scalar(depth - 1), self.scalar(depth - 1)
        exact = left.exact and right.exact
        op = r.choice(["+", "-", "*", "/", "atan2"] + (["%", "^"] + ["== bool", "!= bool", "> bool", "<= bool"] if exact else []))
        return Node("s", ["(", left, f" {op} ", right, ")"], exact=exact and op not in ("^", "atan2"))

    # --- vectors ---

    def vector(self, depth, exact=False):
        if depth <= 0:
            return self.selector()
        makers = [(self.selector, 2, ()), (self.mathematics, 4.5, (depth,)), (self.over_time, 8, (depth,)),
                  (self.aggregate, 6, (depth,)), (self.with_scalar, 3, (depth,)), (self.joined, 5, (depth,)),
                  (self.set_operation, 2.5, (depth,)), (self.relabelled, 1.2, (depth,)), (self.quantile_of_buckets, 1.5, ()),
                  (self.rare, 1.5, (depth,)), (self.top, 1.5, (depth,)), (self.chain, 1.2, (depth,))]
        for _ in range(6):
            make, _, arguments = self.random.choices(makers, [m[1] for m in makers])[0]
            node = make(*arguments)
            if node.exact or not exact:
                return node
        return self.selector()

    def mathematics(self, depth):
        r = self.random
        draw = r.random()
        if draw < 0.3:
            inner = self.vector(depth - 1)
            name = r.choice(SMOOTH)
            return Node("v", [name + "(", inner, ")"], exact=inner.exact and name in ("abs", "sqrt"), labels=inner.labels)
        inner = self.vector(depth - 1, exact=True)
        if draw < 0.45:
            return Node("v", [r.choice(TRIGONOMETRIC) + "(", inner, ")"], labels=inner.labels)
        if draw < 0.6:
            return Node("v", [r.choice(STEPPED) + "(", inner, ")"], exact=True, labels=inner.labels)
        if draw < 0.72:
            to = r.choice(["", ", 5", ", 0.1", ", 0.25"])
            return Node("v", ["round(", inner, to + ")"], exact=True, labels=inner.labels)
        if draw < 0.85:
            low, high = self.scalar(0), self.scalar(0)
            form = r.choice([["clamp(", inner, ", ", low, ", ", high, ")"], ["clamp_min(", inner, ", ", low, ")"],
                             ["clamp_max(", inner, ", ", high, ")"], ["clamp(", inner, ", -5, 20.5)"]])
            return Node("v", form, exact=True, labels=inner.labels)
        sign = r.choice(["-", "-", "+"])
        return Node("v", [sign + "(", inner, ")"], exact=True, labels=inner.labels)

    def over_time(self, depth):
        r = self.random
        draw = r.random()
        tame = [k for k in self.kinds if k != "odd"]
        if draw < 0.3:
            # Counters only, for the extrapolation at a low start differs in 3.0.
            if r.random() < 0.85:
                argument = self.range_of(["counter", "counter", "bucket"])
            else:
                argument = self.subquery(lambda: self.selector(["counter"]))
            name = r.choice(["rate", "rate", "increase"])
            return Node("v", [name + "(", argument, ")"], labels=argument.labels)
        if draw < 0.4:
            name = r.choice(["irate", "idelta", "delta"])
            argument = self.matrix(depth, exact=name == "irate")  # a counter that loses a rounding error was reset
            return Node("v", [name + "(", argument, ")"], labels=argument.labels)
        if draw < 0.5:
            # Infinities and 1e300 in a regression or a variance overflow on the way, in either engine's own place.
            argument = self.range_of(tame)
            while "@" in argument.text():  # predict_linear under @ answers the first step alone in 2.42
                argument = self.range_of(tame)
            name, rest = r.choice([("deriv", ""), ("predict_linear", ", 600"), ("predict_linear", ", -120.5"),
                                   ("holt_winters", ", 0.3, 0.6"), ("holt_winters", ", 0.9, 0.1"),
                                   ("stddev_over_time", ""), ("stdvar_over_time", "")])
            return Node("v", [name + "(", argument, rest + ")"], labels=argument.labels)
        if draw < 0.75:
            argument = self.matrix(depth)
            name = r.choice(EXACT_OVER_TIME)
            counted = name in ("count_over_time", "present_over_time")
            return Node("v", [name + "(", argument, ")"], exact=argument.exact or counted, labels=argument.labels)
        if draw < 0.82:
            argument = self.matrix(depth, exact=True)
            return Node("v", [r.choice(COUNTING) + "(", argument, ")"], exact=True, labels=argument.labels)
        if draw < 0.92:
            argument = self.matrix(depth)
            return Node("v", [r.choice(["sum_over_time", "avg_over_time"]) + "(", argument, ")"], labels=argument.labels)
        argument = self.matrix(depth)
        quantile = self.random.choice(["0.5", "0.9", "0.137", "0", "1", "-1", "1.5", "0.99"])
        return Node("v", ["quantile_over_time(" + quantile + ", ", argument, ")"], labels=argument.labels)

    def grouping(self, labels, whole=False):
        """(text, labels left)"""
        r = self.random
        if whole or not labels or r.random() < 0.15:
            return r.choice(["", "", " by ()"]) if not whole else "", ()
        chosen = r.sample(labels, r.randrange(1, len(labels) + 1))
        if r.random() < 0.6:
            extra = ["absent_label"] if r.random() < 0.05 else []
            return f" by ({', '.join(chosen + extra)})", tuple(chosen)
        return f" without ({', '.join(chosen)})", tuple(l for l in labels if l not in chosen)

    def aggregate(self, depth, whole=False):
        r = self.random
        draw = r.random()
        if draw < 0.85:
            op = r.choice(["sum", "sum", "sum", "avg", "avg", "count", "min", "max", "group", "stddev", "stdvar"])
            if op in ("stddev", "stdvar"):
                # Over infinities they differ in 3.0 on purpose, so only tame metrics directly below.
                inner = self.selector([k for k in self.kinds if k != "odd"])
            else:
                inner = self.vector(depth - 1)
            head, exact = op, op in ("count", "group") or (op in ("min", "max") and inner.exact)
            parameter = []
        elif draw < 0.95 or whole:
            inner, head, exact = self.vector(depth - 1), "quantile", False
            parameter = [r.choice(["0.5", "0.9", "0", "1", "-0.5", "2", "0.371"]) + ", "]
        else:
            inner, head, exact = self.vector(depth - 1, exact=True), "count_values", True
            parameter = ['"' + r.choice(["value", "job", "count"]) + '", ']
        by, left = self.grouping(inner.labels, whole)
        while head == "count_values" and by.startswith(" by") and by.count(",") > 1:
            by, left = self.grouping(inner.labels, whole)  # 2.42 forgets one of three labels after the first step
        if r.random() < 0.8 or not by:
            parts = [head, Node("by", [by], simpler=[Node("by", [""])]), "("] + parameter + [inner, ")"]
        else:
            parts = [head, "("] + parameter + [inner, ")", by]
        return Node("v", parts, exact=exact, labels=left if head != "count_values" else None)

    def top(self, depth):
        """Only over values without ties: which of equals is chosen is not defined."""
        r = self.random
        draw = r.random()
        if draw < 0.6:
            inner = self.selector(["gauge"], distinct=True)
        elif draw < 0.85:
            inner = self.selector(["gauge"], distinct=True)
            metric = [m for m in self.metrics.values() if m.name in inner.text()]
            inner = Node("v", [r.choice(["max_over_time(", "min_over_time(", "last_over_time("]), inner.parts[0], "[5m])"],
                         exact=True, labels=inner.labels)
        else:
            inner = self.selector(["gauge"], distinct=True)
            inner = Node("v", ["(", inner, " * -2.5)"], exact=True, labels=inner.labels)
        by, _ = self.grouping(inner.labels) if r.random() < 0.5 else ("", ())
        # Under @ Prometheus evaluates the number at the first step alone.
        count = r.choice(["1", "2", "3", "5", "0", "-1", "2.9", "1000"] + ["scalar(count(constant))"] * ("@" not in inner.text()))
        root = "grouped" if by else "top"
        return Node("v", [r.choice(["topk", "bottomk"]), Node("by", [by], simpler=[Node("by", [""])]), f"({count}, ", inner, ")"],
                    exact=True, labels=inner.labels, root=root)

    def with_scalar(self, depth):
        r = self.random
        inner = self.vector(depth - 1)
        number = self.constant() if r.random() < 0.7 else self.scalar(depth - 1)
        exact = inner.exact and number.exact
        # A power of a negative number hangs on whether the exponent is whole.
        arithmetic = ["+", "-", "*", "/", "atan2"] + (["%", "^"] if exact else [])
        compare = (COMPARISONS if exact else [">", "<"])
        op = r.choice(arithmetic) if r.random() < 0.55 else r.choice(compare) + r.choice(["", "", " bool"])
        if op[0] in "<>=!" and not exact:
            number = Node("s", [r.choice(["0.0137", "3.1417", "1000.7", "-2.03"])], exact=True)
        pair = [inner, number] if r.random() < 0.75 else [number, inner]
        exact = exact and op not in ("^", "atan2")
        head, tail = self.around(op)
        return Node("v", [head, pair[0], f" {op} ", pair[1], tail], exact=exact, labels=inner.labels)

    def joined(self, depth):
        """Two vectors that match: made from one metric, or joined over shared labels."""
        r = self.random
        draw = r.random()
        op = r.choice(["+", "-", "*", "/", "+", "*", "/", ">", "<=", "== bool", "!=", "> bool", "%", "^", "atan2"])
        stepped = op[0] in "<>=!%^"
        make = (lambda labels: self.about(labels, depth - 1, True)) if stepped else (lambda labels: self.about(labels, depth - 1, False))
        base = self.selector([k for k in self.kinds if k not in ("info",)])
        labels = base.labels
        if draw < 0.3:
            left, right = make(base), make(base)
            how = r.choice(["", "", " ignoring ()", f" on ({', '.join(labels)})"])
            result = labels
        elif draw < 0.55:
            by, kept = self.grouping(labels)
            left, right = self.grouped(base, by, stepped), self.grouped(base, by, stepped)
            how, result = r.choice(["", f" on ({', '.join(kept)})"]), kept
        elif draw < 0.75:
            by = r.sample(labels, r.randrange(1, len(labels) + 1))
            left, right = make(base), self.grouped(base, f" by ({', '.join(by)})", stepped)
            how, result = f" on ({', '.join(by)}) group_left ", labels
            if r.random() < 0.3:
                others = [l for l in labels if l not in by]
                how = f" ignoring ({', '.join(others)}) group_left "
            if r.random() < 0.3:
                left, right, how = right, left, how.replace("group_left", "group_right")
        elif draw < 0.97:
            shared = [m for m in self.metrics.values() if "instance" in m.labels and "job" in m.labels and m.kind != "info"]
            metric = r.choice(shared)
            base = Node("v", [self.core(metric)], exact=True, labels=tuple(metric.labels))
            left, result = make(base), base.labels + ("version",)
            info, on = ("build_info", "job, instance") if r.random() < 0.7 else ("owner_info", "instance")
            right = Node("v", [info], exact=True)
            include = r.choice(["", "()", "(version)", "(owner)", "(owner, tier)", "(tier)"]) if info == "owner_info" else r.choice(["", "(version)"])
            how = f" on ({on}) group_left {include} "
            if r.random() < 0.4:
                left, right, how = right, left, how.replace("group_left", "group_right")
        else:
            left, right, how, result = make(base), self.vector(depth - 1, exact=stepped), r.choice(["", " on (instance)", " ignoring (job)"]), None
        if " bool" in op:
            how = " bool" + how
            op = op.split()[0]
        exact = left.exact and right.exact and op not in ("^", "atan2")
        head, tail = self.around(op)
        return Node("v", [head, left, f" {op}{how} ", right, tail], exact=exact, labels=result)

    @staticmethod
    def around(op):
        """2.42 keeps the name of a metric under atan2; here something else takes it away in both."""
        return ("((", ") + 0)") if op == "atan2" else ("(", ")")

    def chain(self, depth):
        """Operators without parentheses: precedence, and which side binds first."""
        r = self.random
        base = self.selector([k for k in self.kinds if k != "info"])
        constants = r.random() < 0.5
        arithmetic = ["+", "-", "*", "/", r.choice("%^"), "-", "*"]  # not the rest of a rounded power
        others = [">", "==", "<=", "!=", "> bool", "== bool"] if constants else ["and", "or", "unless", ">", "<= bool"]
        parts = [r.choice(["", "", "-", "+"]), self.about(base, depth - 1, True)]
        for _ in range(r.randrange(1, 5)):
            parts.append(f" {r.choice(arithmetic if r.random() < 0.7 else others)} ")
            if constants and r.random() < 0.5:
                parts.append(Node("s", [r.choice(["2", "3", "-2", "0.5", "-(1)", "7"])], exact=True))
            else:
                parts.append(self.about(base, depth - 1, True))
        return Node("v", parts, labels=None, root="binary")

    def about(self, base, depth, exact):
        """A vector with the labels of `base`."""
        r = self.random
        clone = lambda: Node("v", [base.parts[0]] + self.shift(), exact=True, labels=base.labels)
        draw = r.random()
        if draw < 0.4 or depth <= 0:
            return clone()
        if draw < 0.7:
            length = r.choice(RANGES)
            names = EXACT_OVER_TIME if exact else EXACT_OVER_TIME + ["avg_over_time", "irate", "delta", "sum_over_time"]
            return Node("v", [r.choice(names) + "(", base.parts[0], f"[{length}])"], exact=exact, labels=base.labels)
        if draw < 0.85:
            return Node("v", ["(", clone(), f" {r.choice(['+', '*', '-', '>', '<', '!='])} {r.choice(CONSTANTS)})"], exact=True, labels=base.labels)
        name, inner = r.choice(["abs(", "-(", "timestamp(", "sgn("]), clone()
        while name == "timestamp(" and self.unclear_time(inner):
            inner = clone()
        return Node("v", [name, inner, ")"], exact=True, labels=base.labels)

    @staticmethod
    def unclear_time(inner):
        """timestamp() of a selector with @ forgets its offset in Prometheus."""
        return "@" in inner.text() and "offset" in inner.text()

    def grouped(self, base, by, exact):
        op = self.random.choice(["max", "min", "count"] + ([] if exact else ["sum", "avg"]))
        inner = self.about(base, 1, exact)
        return Node("v", [op + by + "(", inner, ")"], exact=exact, labels=base.labels)

    def set_operation(self, depth):
        r = self.random
        op = r.choice(["and", "or", "unless", "or"])
        left = self.vector(depth - 1)
        draw = r.random()
        if left.labels and draw < 0.5:
            right = self.selector()
            how = f" on ({', '.join(r.sample(left.labels, r.randrange(0, len(left.labels) + 1)))})"
        elif draw < 0.8:
            right, how = self.vector(depth - 1), ""
        else:
            right, how = self.vector(depth - 1), r.choice([" ignoring (job)", " ignoring (code, method)", " on ()", " on (instance)"])
        exact = left.exact and right.exact
        return Node("v", ["(", left, f" {op}{how} ", right, ")"], exact=exact, labels=left.labels if op != "or" else None)

    def relabelled(self, depth):
        r = self.random
        inner = self.vector(depth - 1)
        label = r.choice(inner.labels or ("job", "instance"))
        form = r.choice([
            f', "extra", "$1-x", "{label}", "(.*)")', f', "extra", "${{1}}${{2}}", "{label}", "(.)(.*)")',
            f', "{label}", "same", "absent_label", "nothing")', f', "extra", "", "{label}", ".*")',
            ', "extra", "fixed", "absent_label", "")', f', "extra", "$name", "{label}", "(?P<name>[a-z]+).*")'])
        if r.random() < 0.65:
            return Node("v", ["label_replace(", inner, form], exact=inner.exact, labels=inner.labels)
        sources = ", ".join(f'"{l}"' for l in (inner.labels or ("job",))[:3])
        return Node("v", ["label_join(", inner, f', "extra", "{r.choice(["-", "", ","])}", {sources})'], exact=inner.exact, labels=inner.labels)

    def quantile_of_buckets(self):
        r = self.random
        rate = lambda core: Node("v", [r.choice(["rate(", "increase("]), core, f"[{r.choice(['2m', '5m', '10m'])}])"])
        metric = self.metrics["request_duration_seconds_bucket"]
        smooth = r.choice(["0.513", "0.9037", "0.99", "0.271", "1.5", "-0.2", "0"])
        draw = r.random()
        if draw < 0.3:
            inner = Node("v", [self.core(self.metrics["broken_bucket"])], exact=True)
            smooth = r.choice(["0.5", "0.9", "1", "0", "0.25", "2", "-1"])
            return Node("v", [f"histogram_quantile({smooth}, ", inner, ")"], labels=("case",))
        if draw < 0.65:
            return Node("v", [f"histogram_quantile({smooth}, ", rate(self.core(metric)), ")"], labels=("job", "instance"))
        by, kept = r.choice([("le", ()), ("le, job", ("job",)), ("instance, le", ("instance",))])
        return Node("v", [f"histogram_quantile({smooth}, sum by ({by}) (", rate(self.core(metric)), "))"], labels=kept)

    def rare(self, depth):
        r = self.random
        draw = r.random()
        if draw < 0.15:
            absent = r.choice(['nothing{job="x",a=~"b"}', 'temperature{zone="west"}', 'nothing{a="b",a="c"}', "temperature",
                               "sum(nothing)", 'flapping{instance="a:1"}'])
            return Node("v", [f"absent({absent})"], exact=True, labels=())
        if draw < 0.3:
            absent = r.choice(['nothing{job="x"}', "temperature", 'flapping{instance="a:1"}', 'short_lived{pod="pod-3"}', "sparse"])
            return Node("v", [f"absent_over_time({absent}[{r.choice(RANGES)}])"], exact=True, labels=())
        if draw < 0.45:
            inner = self.scalar(depth - 1)
            return Node("v", ["vector(", inner, ")"], exact=inner.exact, labels=())
        if draw < 0.6:
            return Node("v", [r.choice(DATES), r.choice(["()", "(timestamp(temperature))", "(constant * 1e6)", "(vector(time()))", "(memory_bytes)"])],
                        exact=True, labels=None)
        if draw < 0.85:
            inner = self.vector(depth - 1)
            while self.unclear_time(inner):
                inner = self.vector(depth - 1)
            return Node("v", ["timestamp(", inner, ")"], exact=True, labels=inner.labels)
        name = r.choice(["temp.*|memory_bytes", "request_duration_seconds_(sum|count)", ".*_info", "(odd|sparse)"])
        every = Node("v", ['{__name__=~"' + name + '"}'], exact=True)
        return r.choice([every, Node("v", ["count by (__name__) (", every, ")"], exact=True), Node("v", ["-(", every, ")"], exact=True),
                         Node("v", ["max by (instance) (", every, ")"], exact=True)])

    def ordered(self):
        """Answers whose order the language defines."""
        r = self.random
        if r.random() < 0.5:
            return self.top(1)
        inner = self.vector(2)
        return Node("v", [r.choice(["sort(", "sort_desc("]), inner, ")"], exact=inner.exact, root="sort")

    def wrong(self):
        """Refused by the language or by its evaluation. Only what 2.42 and 3.0 both refuse."""
        s = self.selector()
        t = "temperature"
        forms = [["rate(", s, ")"], ["sum(", t, "[5m])"], [t, "[5m] + 1"], ["abs(\"x\")"], ["histogram_quantile(", s, ", 0.5)"],
                 ["unknown_function(", s, ")"], ["rate(", t, "[5m]"], [t, "{"], ["{}"], ['{job=~".*"}'], ['{job=""}'], [t, "[5x]"],
                 ["1 + \"a\""], [s, " and 1"], ["1 == 1"], ["sum by (1a) (", s, ")"], [t, " + bool ", t], ["count_values(1, ", s, ")"],
                 ["topk(", s, ", ", s, ")"], ["label_replace(", t, ', "a", "$1", "b", "(")'], [t, '{job=~"("}'], [t, " @ foo"],
                 [t, " offset 5m offset 5m"], ["(", s, ")[5m]"], [t, "[5m][5m:]"], ["1[5m:]"], ["vector(", s, ")"], ["scalar(1)"],
                 ["time(1)"], ["sum()"], ["clamp(", s, ", 1)"], [t, " + on (job) ", t], ["holt_winters(", t, "[5m], 2, 0.5)"],
                 ['rate({__name__=~"request_duration_seconds_(sum|count)"}[5m])'], ["label_replace(", t, ', "zone", "x", "", "")'],
                 [""], [t, '{job="a'], ["1 +"], [")"], [s, ",", s], ["-\"a\""], ["quantile(\"a\", ", s, ")"], [t, " @ 1 @ 2"],
                 [t, " + on (job) group_left ", t], [t, " and on (job) group_left ", t], ["sum(", s, ") by (a) by (b)"],
                 ["label_join(", t, ', "zone", "", "job")'], ["temperature * on (instance, zone, job) group_left (job) temperature"],
                 [t, "[5m] offset"], ["sum by (job) sum(", t, ")"], [t, "{job=api}"], [t, '{job=="api"}'], ["round(", t, ", ", t, ")"],
                 ["rate(", t, "[5m:1m:1m])"], ["1 or 2"], [t, " == ignoring(job)"], ["\"a\" == \"a\""], ["nothing{} [", "]"]]
        return Node("v", self.random.choice(forms))
