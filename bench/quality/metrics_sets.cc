// SPDX-License-Identifier: Apache-2.0
// Anomalies over several metrics: SMD, ASD and JumpStarter. MetricsDetector learns from the unlabelled
// training part and judges the test part causally. VUS-PR as in TSB-AD with buffers 0, 20, ... 100, mean over
// the files; events at our own threshold, pooled over the files. The baselines alarm above the 99.9 %
// quantile of their own training scores.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/anomaly/metrics_detector.h"
#include "quality/anomaly_baselines.h"
#include "quality/anomaly_scoring.h"
#include "quality/data_files.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferMax = 100;
constexpr std::size_t kBufferStep = 20;
constexpr double kBaselineQuantile = 0.999;

Result<std::vector<double>> read_rows(const fs::path& path, std::size_t& metrics) {
  const std::string text = TRY(read_data_file(path));
  std::vector<double> out;
  for (const auto& row : split_csv(text)) {
    if (metrics == 0) metrics = row.size();
    if (row.size() != metrics) return invalid(path.string() + ": rows of different length");
    for (const std::string_view cell : row) out.push_back(to_number(cell));
  }
  return out;
}

struct Total {
  double vus = 0;
  EventCounts events;
  void add(const std::vector<double>& scores, const std::vector<char>& flags,
           const std::vector<double>& labels) {
    vus += vus_pr(scores, labels, kBufferMax, kBufferStep);
    events += count_events(flags, labels);
  }
};

struct Totals {
  Total ours, pca, kmeans, random;
  HitRates ours_hits, z_hits, random_hits;
  std::size_t files = 0, rows = 0, flagged = 0;
};

// The mean distance of each metric's values in a segment from its training mean, in its standard deviations:
// what a person would look at first.
std::vector<double> mean_z(const TrainTest& rows, const Segment& segment) {
  const std::size_t count = rows.train.size() / rows.metrics;
  std::vector<double> out(rows.metrics, 0);
  for (std::size_t j = 0; j < rows.metrics; ++j) {
    double mean = 0;
    double square = 0;
    for (std::size_t i = 0; i < count; ++i)
      mean += rows.train[i * rows.metrics + j] / static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double error = rows.train[i * rows.metrics + j] - mean;
      square += error * error;
    }
    const double deviation = std::max(1e-9, std::sqrt(square / static_cast<double>(count)));
    for (std::size_t i = segment.first; i <= segment.last; ++i)
      out[j] += std::abs(rows.test[i * rows.metrics + j] - mean) / deviation;
  }
  return out;
}

std::vector<char> above(const std::vector<double>& scores, std::vector<double> train) {
  const auto at = static_cast<std::ptrdiff_t>(kBaselineQuantile * static_cast<double>(train.size() - 1));
  std::nth_element(train.begin(), train.begin() + at, train.end());
  std::vector<char> out;
  for (const double score : scores) out.push_back(score > train[static_cast<std::size_t>(at)] ? 1 : 0);
  return out;
}

Status add_file(const fs::path& test, Totals& totals) {
  std::string base = test.string();
  base.resize(base.size() - std::string_view("_test.csv.gz").size());
  TrainTest rows;
  rows.train = TRY(read_rows(base + "_train.csv.gz", rows.metrics));
  rows.test = TRY(read_rows(test, rows.metrics));
  std::size_t one = 1;
  const auto labels = TRY(read_rows(base + "_test_label.csv.gz", one));

  auto detector = TRY(kernels::MetricsDetector::fit(rows.train, rows.metrics));
  std::vector<double> scores;
  std::vector<char> flags;
  std::vector<double> row_contributions(rows.metrics);
  std::vector<double> contributions;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto point =
        detector.update({rows.test.data() + i * rows.metrics, rows.metrics}, row_contributions);
    contributions.insert(contributions.end(), row_contributions.begin(), row_contributions.end());
    scores.push_back(point.score);
    flags.push_back(point.is_anomaly ? 1 : 0);
    totals.flagged += point.is_anomaly ? 1 : 0;
  }
  totals.ours.add(scores, flags, labels);
  if (const auto text = read_data_file(base + "_interpretation_label.txt")) {
    const std::vector<double> alike = random_scores(rows.metrics);
    for (const LabelledCauses& causes : parse_causes(*text)) {
      if (causes.segment.last >= labels.size()) continue;
      std::vector<double> sums(rows.metrics, 0);
      for (std::size_t i = causes.segment.first; i <= causes.segment.last; ++i) {
        for (std::size_t j = 0; j < rows.metrics; ++j) sums[j] += contributions[i * rows.metrics + j];
      }
      totals.ours_hits.add(sums, causes.metrics);
      totals.z_hits.add(mean_z(rows, causes.segment), causes.metrics);
      totals.random_hits.add(alike, causes.metrics);
    }
  }
  std::vector<double> train;
  pca_scores(rows, train, scores);
  totals.pca.add(scores, above(scores, train), labels);
  kmeans_scores(rows, train, scores);
  totals.kmeans.add(scores, above(scores, train), labels);
  scores = random_scores(labels.size());
  totals.random.add(scores, above(scores, scores), labels);
  ++totals.files;
  totals.rows += labels.size();
  return ok();
}

Result<std::vector<Row>> run_folder(const std::string& set, const fs::path& folder, Figure published) {
  std::vector<fs::path> tests;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.path().string().ends_with("_test.csv.gz")) tests.push_back(entry.path());
  }
  std::sort(tests.begin(), tests.end());
  if (tests.empty()) return fail(ErrorCode::kNotFound, "no *_test.csv.gz under " + folder.string());
  Totals totals;
  for (const fs::path& test : tests) TRY(add_file(test, totals));
  const auto files = static_cast<double>(totals.files);
  const auto mean = [&](const Total& total) { return total.vus / files; };
  constexpr double kMargin = 1.1;
  std::vector<Row> out;
  out.push_back({.set = set,
                 .metric = "VUS-PR",
                 .ours = mean(totals.ours),
                 .goal = kMargin * std::max(mean(totals.pca), mean(totals.kmeans)),
                 .baselines = {{"PCA", mean(totals.pca)},
                               {"k-means", mean(totals.kmeans)},
                               {"random", mean(totals.random)}},
                 .published = std::move(published),
                 .note = fmt::format("{} files, buffers to {} rows", totals.files, kBufferMax)});
  const EventCounts& events = totals.ours.events;
  out.push_back(
      {.set = set,
       .metric = "event F1, own threshold",
       .ours = events.f1(),
       .goal = kMargin * std::max(totals.pca.events.f1(), totals.kmeans.events.f1()),
       .baselines = {{"PCA", totals.pca.events.f1()},
                     {"k-means", totals.kmeans.events.f1()},
                     {"random", totals.random.events.f1()}},
       .note = fmt::format("precision {:.2f}, recall {:.2f}, {:.1f} % of the rows flagged",
                           events.precision(), events.recall(),
                           100 * static_cast<double>(totals.flagged) / static_cast<double>(totals.rows))});
  if (totals.ours_hits.segments > 0) {
    const auto row = [&](const char* metric, double HitRates::* sum) {
      const auto mean_of = [&](const HitRates& rates) {
        return rates.*sum / static_cast<double>(rates.segments);
      };
      out.push_back(
          {.set = set,
           .metric = metric,
           .ours = mean_of(totals.ours_hits),
           .baselines = {{"largest mean z", mean_of(totals.z_hits)}, {"random", mean_of(totals.random_hits)}},
           .note =
               fmt::format("{} segments, contributions summed over their rows", totals.ours_hits.segments)});
    };
    row("HitRate@100 %", &HitRates::at_100);
    row("HitRate@150 %", &HitRates::at_150);
  }
  return out;
}

}  // namespace

Result<std::vector<Row>> run_smd(const fs::path& data) {
  return run_folder("smd", data / "smd", {"PCA in TSB-AD, other machines", 0.364});
}

Result<std::vector<Row>> run_asd(const fs::path& data) { return run_folder("asd", data / "asd", {}); }

Result<std::vector<Row>> run_jumpstarter(const fs::path& data) {
  auto out = TRY(run_folder("jumpstarter 2", data / "jumpstarter" / "Dataset2", {}));
  auto third = TRY(run_folder("jumpstarter 3", data / "jumpstarter" / "Dataset3", {}));
  out.insert(out.end(), third.begin(), third.end());
  return out;
}

}  // namespace trimtab::quality
