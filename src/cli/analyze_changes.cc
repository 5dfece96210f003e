// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "base/format.h"
#include "cli/analyze_verbs.h"
#include "cli/exit_code.h"
#include "kernels/change/change_points.h"

namespace trimtab::cli {
namespace {

using kernels::ChangeKind;
using kernels::ChangePoint;

std::string_view direction_of(const ChangePoint& change) {
  return change.after >= change.before ? "up" : "down";
}

report::SeriesSection section_of(const SeriesFile& file, const SeriesColumn& column,
                                 const std::vector<ChangePoint>& changes) {
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
    section.table.rows.push_back({std::to_string(change.index), file.time_of(change.index),
                                  std::string(direction_of(change)), format_number(change.before),
                                  format_number(change.after), fmt::format("{:.2f}", change.effect),
                                  fmt::format("{:.2g}", change.probability()),
                                  change.kind == ChangeKind::kBend ? "new slope"
                                  : change.went_away               ? "new level, went away"
                                                                   : "new level"});
  }
  return section;
}

Status analyse(const Arguments& arguments) {
  const bool html = arguments.has("html");
  const std::string format = arguments.get("format");
  const auto away = TRY(number_option(arguments, "ignore-shorter", 0, 1e6));
  kernels::ChangeOptions options;
  options.went_away_cells = static_cast<std::size_t>(away);
  std::vector<SeriesFile> files;  // sections point into them
  files.reserve(arguments.positionals.size());
  for (const std::string& path : arguments.positionals) files.push_back(TRY(read_series_file(path)));
  std::vector<const SeriesColumn*> columns;
  for (const SeriesFile& file : files) columns.push_back(TRY(single_column(file, arguments.get("column"))));
  std::vector<report::SeriesSection> sections;
  std::optional<RowPrinter> printer;
  if (!html && format != "text")
    printer.emplace(
        format, files.size(),
        std::vector<std::string>{"index", "time", "direction", "before", "after", "effect", "p_value"});
  kernels::ChangeWorkspace workspace;
  std::vector<ChangePoint> changes;
  for (std::size_t i = 0; i < files.size(); ++i) {
    kernels::find_changes(columns[i]->values, options, workspace, changes);
    if (!printer) {
      sections.push_back(section_of(files[i], *columns[i], changes));
      continue;
    }
    for (const ChangePoint& change : changes) {
      printer->row(files[i].path,
                   {std::to_string(change.index), files[i].time_of(change.index),
                    std::string(direction_of(change)), csv_number(change.before), csv_number(change.after),
                    csv_number(change.effect), csv_number(change.probability())});
    }
  }
  if (html) {
    fmt::print("{}", report::series_page("Change points", sections));
  } else if (!printer) {
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
      "FILEs: a leading column file.\nHow it is judged: docs/methods.md.\nExample: trimtab analyze changes "
      "latency.csv.gz";
  verb.positional = {"FILE", "CSV, plain or compressed; - is standard input", true, true};
  verb.options = analyze_output_options(true);
  verb.options.push_back(
      {"ignore-shorter", "ROWS", "Leave out excursions up to this long that come back", "0", {}, false});
  verb.run = [](const Arguments& arguments) {
    const Status done = analyse(arguments);
    return done ? static_cast<int>(kOk) : report(done.error());
  };
  return verb;
}

}  // namespace trimtab::cli
