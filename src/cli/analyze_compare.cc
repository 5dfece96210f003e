// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/format.h"
#include "cli/analyze_verbs.h"
#include "cli/exit_code.h"
#include "kernels/compare/synthetic_control.h"
#include "kernels/compare/two_sample.h"

namespace trimtab::cli {
namespace {

struct Pair {
  const SeriesColumn* before;
  const SeriesColumn* after;
};

// The columns to compare: the named one, or all that both files have; a lone column on each side is one pair.
Result<std::vector<Pair>> pairs_of(const SeriesFile& before, const SeriesFile& after,
                                   const std::string& name) {
  std::vector<Pair> out;
  if (!name.empty() || (before.columns.size() == 1 && after.columns.size() == 1)) {
    const SeriesColumn* left = TRY(single_column(before, name));
    const SeriesColumn* right = TRY(single_column(after, name));
    out.push_back({left, right});
    return out;
  }
  for (const SeriesColumn& left : before.columns) {
    for (const SeriesColumn& right : after.columns) {
      if (left.name == right.name) out.push_back({&left, &right});
    }
  }
  if (out.empty()) return invalid(fmt::format("{} and {} have no column in common", before.path, after.path));
  return out;
}

std::string percent_of(double part, double whole) {
  return whole == 0 ? "" : fmt::format(" ({:+.1f} %)", 100 * part / std::abs(whole));
}

std::vector<double> sorted(const SeriesColumn& column) {
  std::vector<double> out;
  for (const double value : column.values)
    if (std::isfinite(value)) out.push_back(value);
  std::sort(out.begin(), out.end());
  return out;
}

// How far the tails moved, which the shift of the middle does not tell.
void add_quantiles(const Pair& pair, const kernels::Comparison& c, double alpha, report::TableText& table) {
  const std::vector<double> before = sorted(*pair.before), after = sorted(*pair.after);
  if (before.empty() || after.empty()) return;
  const auto at = [](const std::vector<double>& values, double q) {
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
  };
  table.header = {"quantile", "before", "after", "shift", "low", "high"};
  for (const double q : {0.5, 0.9, 0.99}) {
    const auto shift = kernels::quantile_shift(before, after, q, alpha, std::max(1.0, c.time_before),
                                               std::max(1.0, c.time_after));
    table.rows.push_back({fmt::format("p{:g}", 100 * q), format_number(at(before, q)),
                          format_number(at(after, q)), format_number(shift.estimate),
                          format_number(shift.low), format_number(shift.high)});
  }
}

// The columns of --controls in both files.
Result<std::vector<Pair>> controls_of(const SeriesFile& before, const SeriesFile& after,
                                      std::string_view names) {
  std::vector<Pair> out;
  while (!names.empty()) {
    const std::size_t comma = std::min(names.find(','), names.size());
    const std::string name(names.substr(0, comma));
    out.push_back({TRY(single_column(before, name)), TRY(single_column(after, name))});
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  if (out.size() > kernels::kControlsMax)
    return invalid(fmt::format("--controls: {} columns, at most {}", out.size(), kernels::kControlsMax));
  return out;
}

std::string controlled_words(const Pair& pair, const std::vector<Pair>& controls, double alpha) {
  std::vector<kernels::Control> untouched;
  for (const Pair& control : controls) untouched.push_back({control.before->values, control.after->values});
  const auto out = kernels::synthetic_control(pair.before->values, pair.after->values, untouched, alpha);
  if (std::isnan(out.effect.estimate)) return "Against its controls: too few rows.";
  std::string mixture;
  for (std::size_t i = 0; i < controls.size(); ++i) {
    if (out.weights[i] >= 0.005)
      mixture += fmt::format("{}{:.0f} % {}", mixture.empty() ? "" : ", ", 100 * out.weights[i],
                             controls[i].after->name);
  }
  return fmt::format(
      "Against its controls ({}): effect {}, {:g} % interval {} to {}. At unseen rows before, the mixture "
      "misses by {}, "
      "the metric's own mean by {}.",
      mixture, format_number(out.effect.estimate), 100 * (1 - alpha), format_number(out.effect.low),
      format_number(out.effect.high), format_number(out.error), format_number(out.plain_error));
}

report::SeriesSection section_of(const std::string& name, const Pair& pair, const kernels::Comparison& c,
                                 double alpha, std::vector<double>& joined) {
  report::SeriesSection section;
  joined = pair.before->values;
  joined.insert(joined.end(), pair.after->values.begin(), pair.after->values.end());
  section.chart.title = fmt::format("{}: {}", name, kernels::to_string(c.difference));
  section.chart.values = joined;
  section.chart.marks = {pair.before->values.size()};
  section.chart.levels = {{0, pair.before->values.size(), c.before_median},
                          {pair.before->values.size(), joined.size(), c.after_median}};
  section.chart.first_label = "before";
  section.chart.last_label = "after";
  section.sentences.push_back(
      fmt::format("Effect {}{}, {:g} % interval {} to {}; p {:.2g}; minimum detectable effect {}{}.",
                  format_number(c.shift), percent_of(c.shift, c.before_median), 100 * (1 - alpha),
                  format_number(c.shift_low), format_number(c.shift_high), c.probability,
                  format_number(c.detectable), percent_of(c.detectable, c.before_median)));
  add_quantiles(pair, c, alpha, section.table);
  if (c.time_before > 1.5 || c.time_after > 1.5) {
    section.sentences.push_back(fmt::format(
        "The values follow each other: {:.0f} before and {:.0f} after count as {:.0f} and {:.0f}.",
        static_cast<double>(c.before_count), static_cast<double>(c.after_count),
        static_cast<double>(c.before_count) / c.time_before,
        static_cast<double>(c.after_count) / c.time_after));
  }
  return section;
}

Status analyse(const Arguments& arguments) {
  if (arguments.positionals.size() != 2)
    return invalid(
        fmt::format("two files are needed, BEFORE and AFTER; {} given", arguments.positionals.size()));
  const bool html = arguments.has("html");
  const std::string format = arguments.get("format");
  kernels::CompareOptions options;
  options.alpha = TRY(number_option(arguments, "alpha", 1e-9, 0.5));
  options.margin = TRY(number_option(arguments, "margin", 0, 1e300));
  const SeriesFile before = TRY(read_series_file(arguments.positionals[0]));
  const SeriesFile after = TRY(read_series_file(arguments.positionals[1]));
  const std::vector<Pair> pairs = TRY(pairs_of(before, after, arguments.get("column")));
  const std::vector<Pair> controls = TRY(controls_of(before, after, arguments.get("controls")));
  // Several metrics share alpha (Bonferroni), so that one false alarm among all stays as rare as asked for.
  options.alpha /= static_cast<double>(pairs.size());
  std::optional<RowPrinter> printer;
  if (!html && format != "text") {
    printer.emplace(format, 1,
                    std::vector<std::string>{"metric", "verdict", "effect", "low", "high", "p_value",
                                             "detectable", "before", "after", "superiority"});
  }
  std::vector<std::vector<double>> joined(pairs.size());
  std::vector<report::SeriesSection> sections;
  kernels::CompareScratch scratch;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const kernels::Comparison c =
        kernels::compare_samples(pairs[i].before->values, pairs[i].after->values, options, scratch);
    const std::string& name = pairs[i].after->name;
    if (printer) {
      printer->row("", {name, std::string(kernels::to_string(c.difference)), csv_number(c.shift),
                        csv_number(c.shift_low), csv_number(c.shift_high), csv_number(c.probability),
                        csv_number(c.detectable), csv_number(c.before_median), csv_number(c.after_median),
                        csv_number(c.superiority)});
    } else {
      sections.push_back(section_of(name, pairs[i], c, options.alpha, joined[i]));
      const bool is_control = std::any_of(controls.begin(), controls.end(), [&](const Pair& control) {
        return control.after == pairs[i].after;
      });
      if (!controls.empty() && !is_control)
        sections.back().sentences.push_back(controlled_words(pairs[i], controls, options.alpha));
    }
  }
  if (html) {
    fmt::print("{}", report::series_page("Before and after", sections));
  } else if (!printer) {
    print_sections(sections);
  }
  return ok();
}

}  // namespace

Verb analyze_compare_verb() {
  Verb verb;
  verb.name = "analyze compare";
  verb.sentence = "Is AFTER different from BEFORE, by how much, and what could have been seen?";
  verb.details =
      "One look at the end. CSV: metric,verdict,effect,low,high,p_value,detectable,before,after,superiority; "
      "the verdict "
      "is higher, lower,\nno difference shown or too few values; effect is the Hodges-Lehmann shift with its "
      "interval, "
      "detectable the smallest shift\nthat 80 % of such comparisons would show. Rows must be in order of "
      "time. "
      "The table also tells\nhow quantiles moved. --controls names columns that were left alone: a mixture "
      "of them that fits the rows "
      "before says what\nwould have been. Several columns share alpha.\nExample: trimtab analyze compare "
      "before.csv after.csv";
  verb.positional = {"FILE", "BEFORE and AFTER: CSV, plain or compressed", true, true};
  verb.options = analyze_output_options(true);
  verb.options[0].sentence = "The column to compare [default: all that both files have]";
  verb.options.push_back({"alpha", "SHARE", "Chance of a wrong \"higher\" or \"lower\"", "0.05", {}, false});
  verb.options.push_back(
      {"controls", "NAME,...", "Columns left alone, for a synthetic control", "", {}, false});
  verb.options.push_back({"margin", "NUMBER", "Shifts up to this do not matter", "0", {}, false});
  verb.run = [](const Arguments& arguments) {
    const Status done = analyse(arguments);
    return done ? static_cast<int>(kOk) : report(done.error());
  };
  return verb;
}

}  // namespace trimtab::cli
