// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "cli/analyze_verbs.h"
#include "cli/exit_code.h"
#include "kernels/change/across_series.h"
#include "kernels/change/change_points.h"
#include "kernels/change/e_divisive.h"

namespace trimtab::cli {
namespace {

using kernels::ChangeKind;
using kernels::ChangePoint;

std::string_view direction_of(const ChangePoint& change) {
  return change.after >= change.before ? "up" : "down";
}

// What the text says of each change beyond its numbers.
using Remarks = std::vector<std::string>;

constexpr std::size_t kSecondMargin = 5;  // rows between two opinions on one change

// Whether E-divisive, which is no part of the judgement, cuts there too.
void add_second_opinion(const SeriesColumn& column, const std::vector<ChangePoint>& changes,
                        Remarks& remarks) {
  std::vector<double> present;
  std::vector<std::size_t> rows, cuts;
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    if (!std::isfinite(column.values[i])) continue;
    present.push_back(column.values[i]);
    rows.push_back(i);
  }
  kernels::EDivisiveScratch scratch;
  kernels::e_divisive(present, {}, scratch, cuts);
  for (std::size_t c = 0; c < changes.size(); ++c) {
    const std::size_t index = changes[c].index;
    const bool seconded = std::any_of(cuts.begin(), cuts.end(), [&](std::size_t cut) {
      return rows[cut] <= index + kSecondMargin && index <= rows[cut] + kSecondMargin;
    });
    if (seconded) remarks[c] += ", E-divisive agrees";
  }
}

report::SeriesSection section_of(const SeriesFile& file, const SeriesColumn& column,
                                 const std::vector<ChangePoint>& changes, const Remarks& remarks) {
  report::SeriesSection section;
  section.chart.title = fmt::format("{}: {}", file.path, column.name);
  section.chart.values = column.values;
  section.chart.first_label = file.time_of(0);
  section.chart.last_label = file.time_of(file.rows - 1);
  section.sentences.push_back(
      changes.empty()
          ? fmt::format("{} rows, no change of level or slope.", file.rows)
          : fmt::format("{} rows, {} change{}.", file.rows, changes.size(), changes.size() == 1 ? "" : "s"));
  section.table.header = {"row", "time", "direction", "before", "after", "effect (sd)", "p", "what"};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const ChangePoint& change = changes[i];
    section.chart.marks.push_back(change.index);
    section.chart.levels.push_back(
        {change.index, i + 1 < changes.size() ? changes[i + 1].index : file.rows, change.after});
    if (i == 0) section.chart.levels.push_back({0, change.index, change.before});
    const std::string_view what = change.kind == ChangeKind::kBend ? "new slope"
                                  : change.went_away               ? "new level, went away"
                                                                   : "new level";
    section.table.rows.push_back(
        {std::to_string(change.index), file.time_of(change.index), std::string(direction_of(change)),
         format_number(change.before), format_number(change.after), fmt::format("{:.2f}", change.effect),
         fmt::format("{:.2g}", change.probability()), std::string(what) + remarks[i]});
  }
  return section;
}

Status analyse(const Arguments& arguments) {
  const bool html = arguments.has("html");
  const std::string format = arguments.get("format");
  const auto away = TRY(number_option(arguments, "ignore-shorter", 0, 1e6));
  const double rate = TRY(number_option(arguments, "false-discovery", 1e-9, 0.999));
  kernels::ChangeOptions options;
  options.went_away_cells = static_cast<std::size_t>(away);
  std::vector<SeriesFile> files;  // sections point into them
  files.reserve(arguments.positionals.size());
  for (const std::string& path : arguments.positionals) files.push_back(TRY(read_series_file(path)));
  std::vector<const SeriesColumn*> columns;
  for (const SeriesFile& file : files) columns.push_back(TRY(single_column(file, arguments.get("column"))));
  kernels::ChangeWorkspace workspace;
  std::vector<kernels::SeriesChanges> all(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    all[i].cells = columns[i]->values.size();
    kernels::find_changes(columns[i]->values, options, workspace, all[i].changes);
  }
  const std::size_t left_out = files.size() > 1 ? kernels::keep_false_discovery_rate(all, rate) : 0;
  std::vector<report::SeriesSection> sections;
  if (!html && format != "text") {
    RowPrinter printer(
        format, files.size(),
        std::vector<std::string>{"index", "time", "direction", "before", "after", "effect", "p_value"});
    for (std::size_t i = 0; i < files.size(); ++i) {
      for (const ChangePoint& change : all[i].changes) {
        printer.row(files[i].path,
                    {std::to_string(change.index), files[i].time_of(change.index),
                     std::string(direction_of(change)), csv_number(change.before), csv_number(change.after),
                     csv_number(change.effect), csv_number(change.probability())});
      }
    }
    return ok();
  }
  std::vector<Remarks> remarks(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) remarks[i].resize(all[i].changes.size());
  for (const kernels::CostShift& shift : kernels::find_cost_shifts(all)) {
    remarks[shift.from][shift.from_change] += fmt::format(", moved to {}", files[shift.to].path);
    remarks[shift.to][shift.to_change] += fmt::format(", moved from {}", files[shift.from].path);
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    add_second_opinion(*columns[i], all[i].changes, remarks[i]);
    sections.push_back(section_of(files[i], *columns[i], all[i].changes, remarks[i]));
  }
  if (left_out > 0) {
    sections.back().sentences.push_back(
        fmt::format("Left out over all files: {} change{} that chance would give among so many (false "
                    "discovery rate {:g}).",
                    left_out, left_out == 1 ? "" : "s", rate));
  }
  if (html) {
    fmt::print("{}", report::series_page("Change points", sections));
  } else {
    print_sections(sections);
  }
  return ok();
}

}  // namespace

Verb analyze_changes_verb() {
  Verb verb;
  verb.name = "analyze changes";
  verb.sentence = "Where the level or the slope of a metric in a plain file changed.";
  verb.details =
      "CSV: index,time,direction,before,after,effect,p_value; index is the row from 0 that starts the new "
      "level, before "
      "and after are medians,\neffect is their difference in standard deviations within the two stretches. "
      "Several "
      "FILEs: a leading column file; a fall in one and an equal rise in another at the same time are told as "
      "moved.\nHow it is judged: docs/methods.md.\nExample: trimtab analyze changes "
      "latency.csv.gz";
  verb.positional = {"FILE", "CSV, plain or compressed; - is standard input", true, true};
  verb.options = analyze_output_options(true);
  verb.options.push_back(
      {"ignore-shorter", "ROWS", "Leave out excursions up to this long that come back", "0", {}, false});
  verb.options.push_back({"false-discovery",
                          "RATE",
                          "Of several FILEs: share of the changes told that may be chance",
                          "0.05",
                          {},
                          false});
  verb.run = [](const Arguments& arguments) {
    const Status done = analyse(arguments);
    return done ? static_cast<int>(kOk) : report(done.error());
  };
  return verb;
}

}  // namespace trimtab::cli
