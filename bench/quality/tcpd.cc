// SPDX-License-Identifier: Apache-2.0
// Turing Change Point Dataset: find_changes() with its defaults on 22 general series. Series of more than one
// dimension are cut in each; cuts at most 5 apart are one.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "kernels/change/change_points.h"
#include "kernels/change/e_divisive.h"
#include "quality/change_score.h"
#include "quality/data_files.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

std::vector<std::vector<double>> values_of(dom::element series) {
  std::vector<std::vector<double>> dimensions;
  for (dom::element dimension : dom::array(series["series"])) {
    std::vector<double>& values = dimensions.emplace_back();
    for (dom::element value : dom::array(dimension["raw"]))
      values.push_back(value.is_null() ? kUnknown : double(value));
  }
  return dimensions;
}

// The second opinion alone; cells without a value are left out.
ChangePoints energy_cuts(const std::vector<double>& values) {
  std::vector<double> present;
  std::vector<std::size_t> cells;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    present.push_back(values[i]);
    cells.push_back(i);
  }
  kernels::EDivisiveScratch scratch;
  ChangePoints cuts;
  kernels::e_divisive(present, {}, scratch, cuts);
  for (std::size_t& cut : cuts) cut = cells[cut];
  return cuts;
}

ChangePoints cuts_of(const std::vector<std::vector<double>>& dimensions, bool by_energy,
                     kernels::ChangeWorkspace& workspace) {
  constexpr std::size_t kApart = 5;
  ChangePoints all;
  std::vector<kernels::ChangePoint> found;
  for (const auto& values : dimensions) {
    if (by_energy) {
      for (const std::size_t cut : energy_cuts(values)) all.push_back(cut);
      continue;
    }
    kernels::find_changes(values, {}, workspace, found);
    for (const kernels::ChangePoint& change : found) all.push_back(change.index);
  }
  std::sort(all.begin(), all.end());
  ChangePoints out;
  for (const std::size_t cut : all) {
    if (out.empty() || cut > out.back() + kApart) out.push_back(cut);
  }
  return out;
}

struct Mean {
  double f1 = 0, cover = 0, zero_f1 = 0, zero_cover = 0, energy_f1 = 0, energy_cover = 0;
  int series = 0;
  void add(const std::vector<ChangePoints>& annotators, const ChangePoints& cuts, const ChangePoints& energy,
           std::size_t length) {
    energy_f1 += change_f1(annotators, energy);
    energy_cover += covering(annotators, energy, length);
    f1 += change_f1(annotators, cuts);
    cover += covering(annotators, cuts, length);
    zero_f1 += change_f1(annotators, {});
    zero_cover += covering(annotators, {}, length);
    ++series;
  }
};

void add_rows(const Mean& mean, const std::string& what, Figure f1, Figure cover, bool goals,
              std::vector<Row>& rows) {
  const double n = std::max(1, mean.series);
  const std::string note = fmt::format("{} series, defaults", mean.series);
  rows.push_back({.set = "tcpd",
                  .metric = "F1 (margin 5)" + what,
                  .ours = mean.f1 / n,
                  .goal = goals ? 0.78 : kUnknown,
                  .baselines = {{"no change", mean.zero_f1 / n}, {"E-divisive", mean.energy_f1 / n}},
                  .published = std::move(f1),
                  .note = note});
  rows.push_back({.set = "tcpd",
                  .metric = "covering" + what,
                  .ours = mean.cover / n,
                  .goal = goals ? 0.74 : kUnknown,
                  .baselines = {{"no change", mean.zero_cover / n}, {"E-divisive", mean.energy_cover / n}},
                  .published = std::move(cover),
                  .note = note});
}

}  // namespace

Result<std::vector<Row>> run_tcpd(const fs::path& data) {
  const std::string annotations = TRY(read_data_file(data / "tcpd" / "annotations.json"));
  dom::parser parser;
  dom::object names;
  if (parser.parse(annotations).get(names) != simdjson::SUCCESS)
    return invalid("annotations.json: not an object");
  Mean all, published_ones;
  kernels::ChangeWorkspace workspace;
  for (const auto [name, by_annotator] : names) {
    std::vector<ChangePoints> annotators;
    for (const auto [annotator, points] : dom::object(by_annotator)) {
      ChangePoints& own = annotators.emplace_back();
      for (dom::element point : dom::array(points)) own.push_back(std::uint64_t(point));
    }
    const std::string text = TRY(read_data_file(data / "tcpd" / (std::string(name) + ".json")));
    dom::parser series_parser;
    dom::element series;
    if (series_parser.parse(text).get(series) != simdjson::SUCCESS)
      return invalid(std::string(name) + ".json: not JSON");
    const auto dimensions = values_of(series);
    const ChangePoints cuts = cuts_of(dimensions, false, workspace);
    const ChangePoints energy = cuts_of(dimensions, true, workspace);
    all.add(annotators, cuts, energy, dimensions[0].size());
    // The published means leave out control charts, gaps and more than one dimension.
    const bool gaps =
        std::any_of(dimensions[0].begin(), dimensions[0].end(), [](double v) { return std::isnan(v); });
    if (!name.starts_with("quality_control") && !gaps && dimensions.size() == 1)
      published_ones.add(annotators, cuts, energy, dimensions[0].size());
  }
  std::vector<Row> rows;
  add_rows(all, "", {"BINSEG, its 35 series", 0.698}, {"BINSEG, its 35 series", 0.672}, true, rows);
  add_rows(published_ones, ", series of the published means", {"BOCPD, same series", 0.682},
           {"BINSEG, same series", 0.647}, false, rows);
  return rows;
}

}  // namespace trimtab::quality
