// SPDX-License-Identifier: Apache-2.0
// Numenta Anomaly Benchmark: SeriesDetector with its defaults, causal, one threshold for the corpus and
// profile.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "kernels/anomaly/series_detector.h"
#include "quality/anomaly_baselines.h"
#include "quality/anomaly_scoring.h"
#include "quality/data_files.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

namespace fs = std::filesystem;

struct Corpus {
  std::vector<NabSeries> ours;
  std::vector<NabSeries> gaussian;
  std::vector<NabSeries> random;
};

// "2014-04-01 00:00:00.000000" and "2014-04-01 00:00:00" name the same second: the first 19 characters.
std::string_view second_of(std::string_view time) { return time.substr(0, 19); }

Status add_file(const fs::path& path, simdjson::dom::array windows, Corpus& corpus) {
  const std::string text = TRY(read_data_file(path));
  const auto rows = split_csv(text);
  std::vector<double> values;
  std::vector<std::string_view> times;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() < 2) return invalid(path.string() + ": a row without value");
    times.push_back(second_of(rows[i][0]));
    values.push_back(to_number(rows[i][1]));
  }
  NabSeries series;
  for (simdjson::dom::array window : windows) {
    const std::string_view from = second_of(window.at(0));
    const std::string_view to = second_of(window.at(1));
    // Times of this form sort as words.
    const auto first = std::lower_bound(times.begin(), times.end(), from) - times.begin();
    const auto end = std::upper_bound(times.begin(), times.end(), to) - times.begin();
    if (end > first)
      series.windows.push_back({static_cast<std::size_t>(first), static_cast<std::size_t>(end - 1)});
  }
  series.scores = windowed_gaussian(values);
  corpus.gaussian.push_back(series);
  series.scores = random_scores(values.size());
  corpus.random.push_back(series);
  std::vector<kernels::AnomalyPoint> points(values.size());
  kernels::detect_anomalies(values, kernels::SeriesDetector::kValuesPerDayDefault, points);
  for (std::size_t i = 0; i < values.size(); ++i) series.scores[i] = points[i].score;
  corpus.ours.push_back(std::move(series));
  return ok();
}

}  // namespace

Result<std::vector<Row>> run_nab(const fs::path& data) {
  const std::string windows = TRY(read_data_file(data / "nab" / "combined_windows.json"));
  simdjson::dom::parser parser;
  simdjson::dom::object files;
  if (parser.parse(windows).get(files) != simdjson::SUCCESS)
    return invalid("combined_windows.json: not an object");
  Corpus corpus;
  for (const auto [name, list] : files) {
    const fs::path path = data / "nab" / (std::string(name) + ".gz");
    if (!fs::exists(path)) continue;  // a part of the corpus only
    TRY(add_file(path, list, corpus));
  }
  const double goals[] = {72, 63, 77};
  const double artime[] = {71.1, 61.5, 76.8};
  std::vector<Row> out;
  const auto profiles = nab_profiles();
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    const NabScore ours = nab_best(corpus.ours, profiles[i]);
    out.push_back(
        {.set = "nab",
         .metric = "score, " + profiles[i].name,
         .ours = ours.score,
         .goal = goals[i],
         .baselines = {{"windowed Gaussian", nab_best(corpus.gaussian, profiles[i]).score},
                       {"random", nab_best(corpus.random, profiles[i]).score}},
         .published = {"ARTime, same files", artime[i]},
         .note = fmt::format("{} files, causal, threshold {:.3f}: {} of {} windows, {} false detections",
                             corpus.ours.size(), ours.threshold, ours.windows_found, ours.windows,
                             ours.false_detections)});
  }
  return out;
}

}  // namespace trimtab::quality
