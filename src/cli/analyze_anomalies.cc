// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>

#include "base/format.h"
#include "base/time.h"
#include "cli/analyze_verbs.h"
#include "cli/exit_code.h"
#include "kernels/anomaly/metrics_detector.h"
#include "kernels/anomaly/series_detector.h"
#include "kernels/quantile.h"

namespace trimtab::cli {
namespace {

using kernels::AnomalyPoint;
using kernels::MetricsDetector;
using kernels::SeriesDetector;

constexpr std::size_t kBlamedMax = 5;     // metrics named for a row
constexpr std::size_t kEpisodesMax = 40;  // shown in the table
constexpr std::size_t kStepsLooked = 1000;

struct JudgedRow {
  double score = 0;
  bool is_anomaly = false;
  std::string why{};  // "+5.2 sd from the season", or the metrics that deviate most
};

// "2014-04-01 00:05:00" is taken as UTC: only differences count here.
std::optional<double> seconds_of(const std::string& text) {
  if (const auto time = parse_timestamp(text)) return static_cast<double>(*time) / 1000;
  std::string iso = text;
  std::replace(iso.begin(), iso.end(), ' ', 'T');
  if (std::count(iso.begin(), iso.end(), ':') == 1) iso += ":00";
  if (const auto time = parse_timestamp(iso + "Z")) return static_cast<double>(*time) / 1000;
  return std::nullopt;
}

// From the median step between neighbouring rows; the detector's default where times can not be read.
double values_per_day(const SeriesFile& file) {
  std::vector<double> steps;
  std::optional<double> before;
  for (std::size_t i = 0; i < std::min(file.times.size(), kStepsLooked); ++i) {
    const auto now = seconds_of(file.times[i]);
    if (now && before && *now > *before) steps.push_back(*now - *before);
    before = now;
  }
  if (steps.empty()) return SeriesDetector::kValuesPerDayDefault;
  return std::max(1e-3, 86400 / kernels::median_in_place(steps));
}

std::vector<double> row_major(const SeriesFile& file) {
  std::vector<double> out(file.rows * file.columns.size());
  for (std::size_t j = 0; j < file.columns.size(); ++j) {
    for (std::size_t i = 0; i < file.rows; ++i) out[i * file.columns.size() + j] = file.columns[j].values[i];
  }
  return out;
}

// ---- One metric ----

std::vector<AnomalyPoint> judge_in_order(const std::vector<double>& train, const std::vector<double>& values,
                                         double per_day) {
  const auto detector = std::make_unique<SeriesDetector>(per_day);
  for (const double value : train) detector->update(value);
  std::vector<AnomalyPoint> out;
  out.reserve(values.size());
  for (const double value : values) out.push_back(detector->update(value));
  return out;
}

std::vector<JudgedRow> judge_one(const SeriesFile& file, const SeriesFile* train, bool batch) {
  const std::vector<double>& values = file.columns[0].values;
  const std::vector<double> before = train != nullptr ? train->columns[0].values : std::vector<double>{};
  const double per_day = values_per_day(file);
  auto points = judge_in_order(before, values, per_day);
  if (batch) {
    // With the whole series known: what is new seen from its past or from its future.
    const std::vector<double> reversed(values.rbegin(), values.rend());
    const auto backward = judge_in_order(before, reversed, per_day);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const AnomalyPoint& other = backward[points.size() - 1 - i];
      const bool stranger = std::abs(other.deviation) > std::abs(points[i].deviation);
      if (other.is_anomaly != points[i].is_anomaly ? other.is_anomaly : stranger) {
        points[i].deviation = other.deviation;
        points[i].lane = other.lane;
      }
      points[i].score = std::max(points[i].score, other.score);
      points[i].is_anomaly = points[i].is_anomaly || other.is_anomaly;
    }
  }
  std::vector<JudgedRow> out;
  out.reserve(points.size());
  for (const AnomalyPoint& point : points) {
    out.push_back({point.score, point.is_anomaly,
                   point.is_anomaly ? fmt::format("{:+.1f} sd from the {}", point.deviation,
                                                  kernels::alarm_lane_name(point.lane))
                                    : ""});
  }
  return out;
}

// ---- Several metrics ----

std::string blamed(const SeriesFile& file, const std::vector<double>& contributions) {
  std::vector<std::size_t> order(contributions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t kept = std::min(kBlamedMax, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return contributions[a] != contributions[b] ? contributions[a] > contributions[b]
                                                                  : a < b;
                    });
  const double sum = std::accumulate(contributions.begin(), contributions.end(), 0.0);
  std::vector<std::string> names;
  for (std::size_t k = 0; k < kept && contributions[order[k]] > 0; ++k) {
    names.push_back(
        fmt::format("{} {:.0f}%", file.columns[order[k]].name, 100 * contributions[order[k]] / sum));
  }
  return fmt::format("{}", fmt::join(names, "; "));
}

// Learns anew whenever the rows seen have doubled, from `learn` rows on once and for all; until the first
// time nothing is said.
std::vector<JudgedRow> judge_several(const SeriesFile& file, const SeriesFile* train, std::size_t train_rows,
                                     bool batch, Status& learnt) {
  const std::size_t metrics = file.columns.size();
  const std::vector<double> rows = row_major(file);
  std::optional<MetricsDetector> detector;
  const auto learn = [&](std::span<const double> from) {
    auto fitted = MetricsDetector::fit(from, metrics);
    if (fitted) {
      detector = std::move(*fitted);
    } else {
      learnt = std::unexpected(fitted.error());
    }
  };
  const bool frozen = train != nullptr || batch;
  if (train != nullptr && !batch) learn(row_major(*train));
  if (batch) {
    std::vector<double> all = train != nullptr ? row_major(*train) : std::vector<double>{};
    all.insert(all.end(), rows.begin(), rows.end());
    learn(all);
  }
  std::size_t next = 2 * MetricsDetector::kRowsMin;
  std::vector<double> contributions(metrics);
  std::vector<JudgedRow> out(file.rows);
  for (std::size_t i = 0; i < file.rows; ++i) {
    const bool learns_here = train_rows > 0 ? i == train_rows || (i < train_rows && i == next) : i == next;
    if (!frozen && learns_here) {
      learn({rows.data(), i * metrics});
      next = 2 * i;
    }
    if (!detector) continue;
    const auto point = detector->update({rows.data() + i * metrics, metrics}, contributions);
    out[i] = {point.score, point.is_anomaly, point.is_anomaly ? blamed(file, contributions) : ""};
  }
  if (detector) learnt = ok();
  return out;
}

// ---- Output ----

report::SeriesSection section_of(const SeriesFile& file, const std::vector<JudgedRow>& rows,
                                 const std::vector<double>& scores) {
  report::SeriesSection section;
  const bool single = file.columns.size() == 1;
  section.chart.title = single ? fmt::format("{}: {}", file.path, file.columns[0].name)
                               : fmt::format("{}: {} metrics, score", file.path, file.columns.size());
  section.chart.values =
      single ? std::span<const double>(file.columns[0].values) : std::span<const double>(scores);
  if (file.rows > 0) {
    section.chart.first_label = file.time_of(0);
    section.chart.last_label = file.time_of(file.rows - 1);
  }
  section.table.header = {"row", "time", "rows", "score", single ? "deviation" : "metrics"};
  std::size_t episodes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) section.chart.flags.push_back(rows[i].is_anomaly);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].is_anomaly) continue;
    std::size_t end = i;
    std::size_t peak = i;
    for (; end < rows.size() && rows[end].is_anomaly; ++end) {
      if (rows[end].score > rows[peak].score) peak = end;
    }
    ++episodes;
    if (section.table.rows.size() < kEpisodesMax) {
      section.table.rows.push_back({std::to_string(i), file.time_of(i), std::to_string(end - i),
                                    fmt::format("{:.4f}", rows[peak].score), rows[peak].why});
    }
    i = end;
  }
  section.sentences.push_back(
      episodes == 0
          ? fmt::format("{} rows, no anomaly.", file.rows)
          : fmt::format("{} rows, {} anomal{}{}.", file.rows, episodes, episodes == 1 ? "y" : "ies",
                        episodes > kEpisodesMax ? fmt::format(", the first {} below", kEpisodesMax) : ""));
  return section;
}

Status analyse(const Arguments& arguments) {
  const bool html = arguments.has("html");
  const bool batch = arguments.has("batch");
  const bool with_why = arguments.has("contributions");
  const std::string format = arguments.get("format");
  if (arguments.has("train") && arguments.has("train-rows")) {
    return invalid("--train and --train-rows: give one of them");
  }
  std::optional<SeriesFile> train;
  if (arguments.has("train")) train = TRY(read_series_file(arguments.get("train")));
  const auto train_rows = arguments.has("train-rows")
                              ? static_cast<std::size_t>(TRY(number_option(arguments, "train-rows", 1, 1e9)))
                              : 0;

  std::vector<SeriesFile> files;  // sections point into them
  files.reserve(arguments.positionals.size());
  for (const std::string& path : arguments.positionals) {
    files.push_back(TRY(read_series_file(path)));
    const SeriesFile& file = files.back();
    if (file.columns.empty()) return invalid(fmt::format("{}: no column of numbers found", path));
    if (train && train->columns.size() != file.columns.size()) {
      return invalid(fmt::format("--train {}: {} metrics found, {} has {}", train->path,
                                 train->columns.size(), path, file.columns.size()));
    }
  }
  std::optional<RowPrinter> printer;
  if (!html && format != "text") {
    std::vector<std::string> names = {"time", "score", "is_anomaly"};
    if (with_why) names.emplace_back("contributions");
    printer.emplace(format, files.size(), std::move(names));
  }
  std::vector<report::SeriesSection> sections;
  std::vector<std::vector<double>> scores(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const SeriesFile* const before = train ? &*train : nullptr;
    Status learnt = ok();
    const auto rows = files[i].columns.size() == 1
                          ? judge_one(files[i], before, batch)
                          : judge_several(files[i], before, train_rows, batch, learnt);
    if (!learnt) fmt::print(stderr, "trimtab: {}: {}\n", files[i].path, learnt.error().message());
    for (const JudgedRow& row : rows) scores[i].push_back(row.score);
    if (!printer) {
      sections.push_back(section_of(files[i], rows, scores[i]));
      continue;
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
      std::vector<std::string> cells = {files[i].time_of(k), csv_number(rows[k].score),
                                        rows[k].is_anomaly ? "1" : "0"};
      if (with_why) cells.push_back(rows[k].why);
      printer->row(files[i].path, cells);
    }
  }
  if (html) {
    fmt::print("{}", report::series_page("Anomalies", sections));
  } else if (!printer) {
    print_sections(sections);
  }
  return ok();
}

}  // namespace

Verb analyze_anomalies_verb() {
  Verb verb;
  verb.name = "analyze anomalies";
  verb.sentence = "Which rows of a plain file are out of the ordinary, judged by the rows before them.";
  verb.details =
      "CSV: time,score,is_anomaly, a row per row of the file. score is in [0, 1]: 1 - score is about the "
      "share of "
      "rows as unusual as this one.\nOne metric is judged by its own past. Several metrics are judged "
      "together: "
      "learnt from --train, from the first --train-rows,\nor else anew whenever the rows seen have doubled. "
      "Several "
      "FILEs: a leading column file.\nHow it is judged: docs/methods.md.\nExample: trimtab analyze anomalies "
      "latency.csv.gz --format csv";
  verb.positional = {"FILE", "CSV, plain or compressed; - is standard input", true, true};
  verb.options = analyze_output_options(false);
  verb.options.push_back({"train", "FILE", "Learn from this file first; same columns", "", {}, false});
  verb.options.push_back({"train-rows", "N", "Learn from the first N rows of each file", "", {}, false});
  verb.options.push_back(
      {"batch", "", "Judge each row with the whole file known, not only what came before", "", {}, false});
  verb.options.push_back({"contributions",
                          "",
                          "A last column: how far off an anomaly is, or which metrics make it up",
                          "",
                          {},
                          false});
  verb.run = [](const Arguments& arguments) {
    const Status done = analyse(arguments);
    return done ? static_cast<int>(kOk) : report(done.error());
  };
  return verb;
}

}  // namespace trimtab::cli
