// SPDX-License-Identifier: Apache-2.0
// Performance measurements of a database in continuous integration: the 276 segments that five people
// annotated, one median per build, find_changes() with its defaults. Beside it every annotator against the
// other four, in the same run.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
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

using Annotations = std::map<std::string, std::vector<ChangePoints>, std::less<>>;

Result<Annotations> read_annotations(const fs::path& path) {
  const std::string text = TRY(read_data_file(path));
  dom::parser parser;
  dom::object segments;
  if (parser.parse(text).get(segments) != simdjson::SUCCESS)
    return invalid(path.string() + ": not an object");
  Annotations out;
  for (const auto [segment, by_annotator] : segments) {
    auto& annotators = out[std::string(segment)];
    for (const auto [annotator, points] : dom::object(by_annotator)) {
      ChangePoints& own = annotators.emplace_back();
      for (dom::element point : dom::array(points)) own.push_back(std::uint64_t(point));
    }
  }
  return out;
}

struct Sum {
  double f1 = 0, cover = 0;
  void add(const std::vector<ChangePoints>& annotators, const ChangePoints& cuts, std::size_t length,
           double share) {
    f1 += share * change_f1(annotators, cuts);
    cover += share * covering(annotators, cuts, length);
  }
};

// Each annotator against the others.
void add_people(const std::vector<ChangePoints>& annotators, std::size_t length, Sum& people) {
  for (std::size_t i = 0; i < annotators.size(); ++i) {
    auto others = annotators;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    people.add(others, annotators[i], length, 1.0 / static_cast<double>(annotators.size()));
  }
}

}  // namespace

Result<std::vector<Row>> run_sap_ci(const fs::path& data) {
  const fs::path folder = data / "sap_ci";
  const Annotations annotations = TRY(read_annotations(folder / "large_annotations.json.gz"));
  const std::string builds = TRY(read_data_file(folder / "large_builds.csv.gz"));
  const std::string segments = TRY(read_data_file(folder / "large_segments.csv"));
  std::map<std::string, std::vector<double>, std::less<>> medians;
  for (const auto& row : split_csv(builds)) {
    if (row.size() > 4 && row[0] != "series") medians[std::string(row[0])].push_back(to_number(row[4]));
  }
  Sum ours, zero, people, energy;
  int count = 0;
  kernels::ChangeWorkspace workspace;
  kernels::EDivisiveScratch energy_scratch;
  std::vector<kernels::ChangePoint> found;
  for (const auto& row : split_csv(segments)) {
    if (row.size() < 7 || row[6] != "5") continue;
    const auto offset = static_cast<std::size_t>(to_number(row[4]));
    const auto length = static_cast<std::size_t>(to_number(row[5]));
    const auto& series = medians[std::string(row[1])];
    if (offset + length > series.size()) return invalid(fmt::format("{}: {} builds", row[0], series.size()));
    kernels::find_changes(std::span(series).subspan(offset, length), {}, workspace, found);
    ChangePoints cuts;
    for (const kernels::ChangePoint& change : found) cuts.push_back(change.index);
    const auto& annotators = annotations.find(row[0])->second;
    ours.add(annotators, cuts, length, 1);
    zero.add(annotators, {}, length, 1);
    kernels::e_divisive(std::span(series).subspan(offset, length), {}, energy_scratch, cuts);
    energy.add(annotators, cuts, length, 1);
    add_people(annotators, length, people);
    ++count;
  }
  const double n = std::max(1, count);
  const std::string note = fmt::format("{} segments with five annotators, defaults", count);
  return std::vector<Row>{{.set = "sap_ci",
                           .metric = "F1 (margin 5)",
                           .ours = ours.f1 / n,
                           .goal = 0.821,
                           .baselines = {{"no change", zero.f1 / n},
                                         {"E-divisive", energy.f1 / n},
                                         {"one annotator against the other four", people.f1 / n}},
                           .published = {"annotators, all systems", 0.871},
                           .note = note},
                          {.set = "sap_ci",
                           .metric = "covering",
                           .ours = ours.cover / n,
                           .goal = 0.827,
                           .baselines = {{"no change", zero.cover / n},
                                         {"E-divisive", energy.cover / n},
                                         {"one annotator against the other four", people.cover / n}},
                           .published = {"annotators, all systems", 0.827},
                           .note = note}};
}

}  // namespace trimtab::quality
