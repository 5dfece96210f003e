// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "cli/analyze_verbs.h"
#include "cli/exit_code.h"
#include "kernels/season/find_seasons.h"

namespace trimtab::cli {
namespace {

Status analyse(const Arguments& arguments) {
  const bool html = arguments.has("html");
  const std::string format = arguments.get("format");
  std::vector<SeriesFile> files;  // sections point into them
  files.reserve(arguments.positionals.size());
  for (const std::string& path : arguments.positionals) files.push_back(TRY(read_series_file(path)));
  std::optional<RowPrinter> printer;
  if (!html && format != "text") {
    printer.emplace(format, files.size(), std::vector<std::string>{"metric", "period", "strength"});
  }
  std::vector<report::SeriesSection> sections;
  kernels::SeasonSearch search;
  for (const SeriesFile& file : files) {
    for (const SeriesColumn& column : file.columns) {
      if (!arguments.get("column").empty() && column.name != arguments.get("column")) continue;
      const auto seasons = kernels::find_seasons(column.values, search);
      report::SeriesSection section;
      section.table.header = {"period (rows)", "strength"};
      for (const kernels::Season& season : seasons) {
        if (printer) {
          printer->row(file.path, {column.name, std::to_string(season.period), csv_number(season.strength)});
        }
        section.table.rows.push_back(
            {std::to_string(season.period), fmt::format("{:.0f} %", 100 * season.strength)});
      }
      if (printer) continue;
      section.chart.title = fmt::format("{}: {}", file.path, column.name);
      section.chart.values = column.values;
      if (file.rows > 0) {
        section.chart.first_label = file.time_of(0);
        section.chart.last_label = file.time_of(file.rows - 1);
      }
      section.sentences.push_back(
          seasons.empty()
              ? fmt::format("{} rows, no season.", file.rows)
              : fmt::format("{} rows, {} season{}. Strength: the share of the variance at unseen rows that it "
                            "takes away.",
                            file.rows, seasons.size(), seasons.size() == 1 ? "" : "s"));
      sections.push_back(std::move(section));
    }
  }
  if (html) {
    fmt::print("{}", report::series_page("Seasons", sections));
  } else if (!printer) {
    print_sections(sections);
  }
  return ok();
}

}  // namespace

Verb analyze_seasons_verb() {
  Verb verb;
  verb.name = "analyze seasons";
  verb.sentence = "Which patterns repeat in the metrics of a plain file.";
  verb.details =
      "CSV: metric,period,strength; a row per season found, the strongest first, period in rows, strength "
      "the share "
      "of the variance at\nunseen rows that the pattern takes away. Several FILEs: a leading column file.\nHow "
      "it is "
      "judged: docs/methods.md.\nExample: trimtab analyze seasons requests.csv.gz";
  verb.positional = {"FILE", "CSV, plain or compressed; - is standard input", true, true};
  verb.options = analyze_output_options(false);
  verb.options.push_back({"column", "NAME", "Only this column [default: all]", "", {}, false});
  verb.run = [](const Arguments& arguments) {
    const Status done = analyse(arguments);
    return done ? static_cast<int>(kOk) : report(done.error());
  };
  return verb;
}

}  // namespace trimtab::cli
