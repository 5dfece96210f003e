// SPDX-License-Identifier: Apache-2.0
// How well does the analysis name the service to blame? Over the 26 issues of the PetShop data set
// (amazon-science/petshop-root-cause-analysis, CC BY 4.0): petshop/low_traffic with graph.csv,
// noissue/metrics.csv.gz and {train,test}/issue_N/. PETSHOP_VERBOSE=1 prints every issue.
//
// Each issue's rows are put behind the normal ones, the analysis runs as of the last row with its defaults,
// and the finding that names the labelled root cause is counted by its place. Beside it the same score of
// the trivial rule "the service with the largest robust z in any metric first", and how often quiet
// stretches of the normal data are left in peace (specificity).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "analyze/analyzer.h"
#include "analyze/fake_store_testlib.h"
#include "base/check.h"
#include "kernels/quantile.h"
#include "quality/data_files.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

namespace fs = std::filesystem;
constexpr DurationMs kStepMs = 5 * kMinuteMs;
constexpr TimestampMs kStartMs = 1'700'000'100'000;

struct Column {
  std::string node, metric, statistic;
  friend auto operator<=>(const Column&, const Column&) = default;
};
using Table = std::map<Column, std::vector<double>>;  // NaN where empty

std::string read_text(const fs::path& path) {
  Result<std::string> text = read_data_file(path);
  CHECK(text.has_value(), "{}", text.error().message());
  return std::move(*text);
}

Table read_table(const fs::path& path) {
  const std::string text = read_text(path);
  const auto rows = split_csv(text);
  Table table;
  for (std::size_t column = 1; column < rows[0].size(); ++column) {
    std::vector<double>& values =
        table[{std::string(rows[0][column]), std::string(rows[1][column]), std::string(rows[2][column])}];
    for (std::size_t row = 4; row < rows.size(); ++row) values.push_back(to_number(rows[row][column]));
  }
  return table;
}

Estate read_estate(const fs::path& path) {
  const std::string text = read_text(path);
  const auto rows = split_csv(text);
  std::string yaml = "entities:\n";
  for (std::size_t row = 1; row < rows.size(); ++row) {
    std::string calls;
    for (std::size_t column = 1; column < rows[row].size(); ++column) {
      if (to_number(rows[row][column]) == 0) continue;
      calls += fmt::format("{}\"service/{}\"", calls.empty() ? "" : ", ", rows[0][column]);
    }
    if (!calls.empty()) yaml += fmt::format("  \"service/{}\":\n    calls: [{}]\n", rows[row][0], calls);
  }
  Result<Estate> estate = Estate::load_text(yaml, path.string());
  CHECK(estate.has_value(), "{}", estate.error().message());
  return *estate;
}

Labels labels_of(const Column& column) {
  const std::string metric = column.metric == "latency"    ? "petshop_latency_seconds"
                             : column.metric == "requests" ? "petshop_requests"
                                                           : "petshop_availability_percent";
  return {{std::string(kMetricName), metric}, {"microservice", column.node}, {"statistic", column.statistic}};
}

std::size_t rows_of(const Table& table) {
  std::size_t rows = 0;
  for (const auto& [column, values] : table) rows = std::max(rows, values.size());
  return rows;
}

// The normal rows up to `normal_rows`, then the issue's.
std::unique_ptr<analyze::FakeStore> stitch(const Table& normal, const Table& issue, std::size_t normal_rows) {
  auto store = std::make_unique<analyze::FakeStore>();
  Table all = normal;
  for (const auto& [column, values] : issue) all.try_emplace(column);
  for (const auto& [column, unused] : all) {
    SampleBuffer samples;
    const auto add = [&](const Table& table, std::size_t rows, std::size_t offset) {
      const auto found = table.find(column);
      if (found == table.end()) return;
      for (std::size_t row = 0; row < std::min(rows, found->second.size()); ++row) {
        if (std::isnan(found->second[row])) continue;
        samples.timestamps_ms.push_back(kStartMs + static_cast<TimestampMs>(offset + row) * kStepMs);
        samples.values.push_back(found->second[row]);
      }
    };
    add(normal, normal_rows, 0);
    add(issue, rows_of(issue), normal_rows);
    store->add(labels_of(column), std::move(samples));
  }
  return store;
}

AnalysisResult analyse(Store& store, const Estate& estate, TimestampMs at) {
  static const Catalog catalog = Catalog::load({}).value();
  static const SystemClock clock;
  static Metrics metrics;
  static const std::unique_ptr<Logger> logger = create_null_logger();
  const auto querier = promql::Querier::local(store);
  Analyzer analyzer(store, *querier, catalog, estate, clock, metrics, *logger);
  Result<AnalysisResult> result = analyzer.run(at, {});
  CHECK(result.has_value(), "{}", result.error().message());
  return std::move(*result);
}

// The trivial rule: services by their largest robust z, median of the issue's rows against the normal ones.
std::vector<std::string> rank_by_z(const Table& normal, const Table& issue) {
  std::map<std::string, double> largest;
  for (const auto& [column, values] : issue) {
    const auto found = normal.find(column);
    if (found == normal.end()) continue;
    const auto present = [](const std::vector<double>& from) {
      std::vector<double> out;
      std::copy_if(from.begin(), from.end(), std::back_inserter(out),
                   [](double v) { return !std::isnan(v); });
      return out;
    };
    std::vector<double> before = present(found->second);
    std::vector<double> after = present(values);
    if (before.size() < 36 || after.empty()) continue;
    const double centre = kernels::median_in_place(before);
    const double scale = std::max(kernels::mad_in_place(before, centre), kernels::scale_floor(centre, 0));
    double& z = largest[column.node];
    for (const double value : after) z = std::max(z, std::abs(value - centre) / scale);
  }
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [node, z] : largest) order.emplace_back(-z, node);
  std::sort(order.begin(), order.end());
  std::vector<std::string> nodes;
  for (const auto& [z, node] : order) nodes.push_back(node);
  return nodes;
}

// 1-based place of the node; 0: not there.
std::size_t place_of(const std::vector<std::string>& nodes, const std::string& node) {
  const auto found = std::find(nodes.begin(), nodes.end(), node);
  return found == nodes.end() ? 0 : static_cast<std::size_t>(found - nodes.begin()) + 1;
}

std::string json_word(const std::string& text, const std::string& section, const std::string& key) {
  std::size_t at = text.find('"' + section + '"');
  at = text.find('"' + key + "\": \"", at) + key.size() + 5;
  return text.substr(at, text.find('"', at) - at);
}

struct Score {
  int issues = 0, first = 0, third = 0, baseline_first = 0, baseline_third = 0;
  void add(std::size_t place, std::size_t baseline) {
    ++issues;
    first += place == 1;
    third += place >= 1 && place <= 3;
    baseline_first += baseline == 1;
    baseline_third += baseline >= 1 && baseline <= 3;
  }
};

bool verbose() { return std::getenv("PETSHOP_VERBOSE") != nullptr; }

std::map<std::string, Score> score_issues(const fs::path& directory, const Table& normal,
                                          const Estate& estate) {
  std::map<std::string, Score> scores;
  for (const std::string split : {"train", "test"}) {
    for (int i = 0; fs::exists(directory / split / fmt::format("issue_{}", i)); ++i) {
      const fs::path folder = directory / split / fmt::format("issue_{}", i);
      const Table issue = read_table(folder / "metrics.csv.gz");
      const std::string target = read_text(folder / "target.json");
      const std::string root = json_word(target, "root_cause", "node");
      const std::string metric = json_word(target, "target", "metric");
      const std::size_t normal_rows = rows_of(normal);
      const auto store = stitch(normal, issue, normal_rows);
      const TimestampMs at = kStartMs + static_cast<TimestampMs>(normal_rows + rows_of(issue) - 1) * kStepMs;
      const AnalysisResult result = analyse(*store, estate, at);
      std::vector<std::string> found;
      for (const Finding& finding : result.findings) found.push_back(finding.entity.name);
      const std::size_t place = place_of(found, root);
      const std::size_t baseline = place_of(rank_by_z(normal, issue), root);
      scores["all"].add(place, baseline);
      scores[metric].add(place, baseline);
      scores[metric + ", " + split].add(place, baseline);
      if (verbose())
        fmt::print(stderr, "{:<5} {:>2} {:<12} root {:<44} place {:>2} of {:>2}  (largest z: {:>2})\n", split,
                   i, metric, root, place, found.size(), baseline);
      for (std::size_t k = 0; verbose() && k < result.findings.size(); ++k) {
        const Finding& f = result.findings[k];
        fmt::print(stderr, "        {:.3f} {:<60} {} [{} clues] {}\n", f.harm, f.entity.name, f.title,
                   f.evidence.size(), f.harm_reason);
      }
    }
  }
  return scores;
}

// Share of looks at normal data, half an hour apart, that find nothing.
double score_quiet(const Table& normal, const Estate& estate) {
  int stretches = 0, quiet = 0;
  for (std::size_t rows = 150; rows <= rows_of(normal); rows += 6) {
    const auto store = stitch(normal, {}, rows);
    const AnalysisResult result =
        analyse(*store, estate, kStartMs + static_cast<TimestampMs>(rows - 1) * kStepMs);
    ++stretches;
    quiet += result.findings.empty();
    for (std::size_t k = 0; verbose() && k < result.findings.size(); ++k) {
      const Finding& f = result.findings[k];
      fmt::print(stderr, "   row {} {:.3f} {} {} | {}\n", rows, f.harm, to_string(f.sure), f.title,
                 f.evidence[0].statistic);
    }
  }
  return static_cast<double>(quiet) / std::max(1, stretches);
}

}  // namespace

Result<std::vector<Row>> run_petshop(const fs::path& data) {
  const fs::path directory = data / "petshop" / "low_traffic";
  if (!fs::exists(directory)) return fail(ErrorCode::kNotFound, "no folder " + directory.string());
  const Table normal = read_table(directory / "noissue" / "metrics.csv.gz");
  const Estate estate = read_estate(directory / "graph.csv");
  std::vector<Row> rows;
  for (const auto& [what, score] : score_issues(directory, normal, estate)) {
    const double n = std::max(1, score.issues);
    rows.push_back({.set = "petshop",
                    .metric = "first finding is the root cause, " + what,
                    .ours = score.first / n,
                    .baselines = {{"largest robust z", score.baseline_first / n}},
                    .note = fmt::format("{} issues", score.issues)});
    rows.push_back({.set = "petshop",
                    .metric = "root cause among three, " + what,
                    .ours = score.third / n,
                    .baselines = {{"largest robust z", score.baseline_third / n}},
                    .note = fmt::format("{} issues", score.issues)});
  }
  rows.push_back({.set = "petshop",
                  .metric = "normal looks without a finding",
                  .ours = score_quiet(normal, estate),
                  .note = "looks half an hour apart"});
  return rows;
}

}  // namespace trimtab::quality
