// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/series_file.h"
#include "cli/verb.h"
#include "report/series_chart.h"

// `trimtab analyze ...`: the statistics as a tool on plain files (series_file.h), one file of code per
// subcommand. A new subcommand is one function declared here and named in analyze_verbs.cc.
namespace trimtab::cli {

Verb analyze_anomalies_verb();
Verb analyze_changes_verb();
Verb analyze_compare_verb();
Verb analyze_forecast_verb();
Verb analyze_seasons_verb();

// What the subcommands share.

// --format text|csv|json, --html, and --column where one metric is looked at.
std::vector<OptionSpec> analyze_output_options(bool one_column);

// A number for a CSV cell: the shortest that reads back the same; "" for NaN.
std::string csv_number(double value);
// Quoted where it must be.
std::string csv_text(const std::string& text);

// A whole number or a plain one of an option; names the option when it is none or outside [low, high].
Result<double> number_option(const Arguments& arguments, const std::string& name, double low, double high);

// Prints rows as CSV or JSON lines; `files` > 1 gives a leading column "file". Cells of a row are in the
// order of `names`; cells that are numbers are numbers in JSON, but for the time. Empty cells are null in
// JSON.
class RowPrinter {
 public:
  RowPrinter(std::string format, std::size_t files, std::vector<std::string> names);
  void row(const std::string& file, const std::vector<std::string>& cells);

 private:
  bool json_;
  bool with_file_;
  std::vector<std::string> names_;
};

// The default output: sentences, chart and table, one section after the other.
void print_sections(std::span<const report::SeriesSection> sections);

}  // namespace trimtab::cli
