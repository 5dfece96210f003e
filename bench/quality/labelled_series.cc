// SPDX-License-Identifier: Apache-2.0
// One metric a file with labels: production telemetry (ms_cloud) and the KPIs of Donut. Our own alarms
// against a moving z-score at 3 standard deviations over 100 values; causal, nothing learnt beforehand.
#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "kernels/anomaly/series_detector.h"
#include "quality/anomaly_baselines.h"
#include "quality/anomaly_scoring.h"
#include "quality/data_files.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWindow = 100;
constexpr double kBaselineDeviations = 3;
constexpr std::size_t kDelayRows = 7;

struct Total {
  EventCounts events;
  PointCounts delayed;
  std::size_t false_alarms = 0;  // on series without a label
  void add(const std::vector<char>& flags, const std::vector<double>& labels) {
    const EventCounts counts = count_events(flags, labels);
    if (counts.segments == 0) false_alarms += counts.alarms;
    events += counts;
    delayed += count_adjusted(flags, labels, kDelayRows);
  }
};

struct Totals {
  Total ours, moving;
  double free_days = 0;
  std::size_t files = 0;
};

std::string_view unquoted(std::string_view cell) {
  return cell.size() > 1 && cell.front() == '"' ? cell.substr(1, cell.size() - 2) : cell;
}

// Both "2018-07-03 14:00:00" and ISO 8601.
double seconds_of(std::string_view cell) {
  std::string text(unquoted(cell));
  if (text.size() == 19 && text[10] == ' ') {
    text[10] = 'T';
    text += 'Z';
  }
  const auto time = parse_timestamp(text);
  return time ? static_cast<double>(*time) / 1000 : kUnknown;
}

Status add_file(const fs::path& path, Totals& totals) {
  const std::string text = TRY(read_data_file(path));
  const auto rows = split_csv(text);
  std::vector<double> values;
  std::vector<double> labels;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() < 3) return invalid(path.string() + ": a row of fewer than three cells");
    values.push_back(to_number(unquoted(rows[i][1])));
    labels.push_back(to_number(unquoted(rows[i][2])) > 0 ? 1 : 0);
  }
  const double days = (seconds_of(rows.back()[0]) - seconds_of(rows[1][0])) / 86400;
  if (!(days > 0)) return invalid(path.string() + ": times can not be read");
  if (std::find(labels.begin(), labels.end(), 1.0) == labels.end()) totals.free_days += days;
  std::vector<kernels::AnomalyPoint> points(values.size());
  kernels::detect_anomalies(values, static_cast<double>(values.size() - 1) / days, points);
  std::vector<char> flags;
  for (const auto& point : points) flags.push_back(point.is_anomaly ? 1 : 0);
  totals.ours.add(flags, labels);
  flags.clear();
  for (const double score : moving_z(values, kWindow)) flags.push_back(score >= kBaselineDeviations ? 1 : 0);
  totals.moving.add(flags, labels);
  ++totals.files;
  return ok();
}

Result<Totals> run_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.path().string().ends_with(".csv.gz")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) return fail(ErrorCode::kNotFound, "no *.csv.gz under " + folder.string());
  Totals totals;
  for (const fs::path& file : files) TRY(add_file(file, totals));
  return totals;
}

}  // namespace

Result<std::vector<Row>> run_ms_cloud(const fs::path& data) {
  const Totals totals = TRY(run_folder(data / "ms_cloud"));
  const auto rate = [&](const Total& total) {
    return static_cast<double>(total.false_alarms) / totals.free_days * 30;
  };
  const std::string what = fmt::format("{} series", totals.files);
  std::vector<Row> out;
  out.push_back({.set = "ms_cloud",
                 .metric = "event recall",
                 .ours = totals.ours.events.recall(),
                 .goal = 0.6,
                 .baselines = {{"moving z", totals.moving.events.recall()}},
                 .note = fmt::format("{}, {} segments", what, totals.ours.events.segments)});
  out.push_back({.set = "ms_cloud",
                 .metric = "event precision",
                 .ours = totals.ours.events.precision(),
                 .baselines = {{"moving z", totals.moving.events.precision()}},
                 .note = what});
  out.push_back({.set = "ms_cloud",
                 .metric = "false alarms per 30 days, label-free",
                 .ours = rate(totals.ours),
                 .better = Better::kLower,
                 .goal = 1,
                 .baselines = {{"moving z", rate(totals.moving)}},
                 .note = fmt::format("{:.0f} series-days", totals.free_days)});
  return out;
}

Result<std::vector<Row>> run_donut_kpi(const fs::path& data) {
  const Totals totals = TRY(run_folder(data / "donut_kpi"));
  std::vector<Row> out;
  out.push_back({.set = "donut_kpi",
                 .metric = "delay-adjusted F1",
                 .ours = totals.ours.delayed.f1(),
                 .baselines = {{"moving z", totals.moving.delayed.f1()}},
                 .note = fmt::format("{} series, found within {} rows", totals.files, kDelayRows)});
  out.push_back({.set = "donut_kpi",
                 .metric = "event F1",
                 .ours = totals.ours.events.f1(),
                 .baselines = {{"moving z", totals.moving.events.f1()}},
                 .note = fmt::format("precision {:.2f}, recall {:.2f}", totals.ours.events.precision(),
                                     totals.ours.events.recall())});
  return out;
}

}  // namespace trimtab::quality
