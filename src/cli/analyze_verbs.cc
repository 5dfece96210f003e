// SPDX-License-Identifier: Apache-2.0
#include "cli/analyze_verbs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/json.h"

namespace trimtab::cli {

std::vector<Verb> analyze_verbs() {
  return {analyze_anomalies_verb(), analyze_changes_verb(), analyze_compare_verb(), analyze_forecast_verb(),
          analyze_seasons_verb()};
}

std::vector<OptionSpec> analyze_output_options(bool one_column) {
  std::vector<OptionSpec> out;
  if (one_column) {
    out.push_back({"column", "NAME", "The column to look at [default: the only one]", "", {}, false});
  }
  out.push_back({"format", "FORMAT", "How to write it", "text", {"text", "csv", "json"}, false});
  out.push_back({"html", "", "Write a page with the chart instead, to standard output", "", {}, false});
  return out;
}

std::string csv_number(double value) {
  if (std::isnan(value)) return "";
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return error == std::errc() ? std::string(buffer, end) : "";
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

Result<double> number_option(const Arguments& arguments, const std::string& name, double low, double high) {
  const std::string text = arguments.get(name);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high)) {
    return invalid(fmt::format("--{}: \"{}\" is no number from {} to {}", name, text, low, high));
  }
  return value;
}

RowPrinter::RowPrinter(std::string format, std::size_t files, std::vector<std::string> names)
    : json_(format == "json"), with_file_(files > 1), names_(std::move(names)) {
  if (json_) return;
  fmt::print("{}{}\n", with_file_ ? "file," : "", fmt::join(names_, ","));
}

void RowPrinter::row(const std::string& file, const std::vector<std::string>& cells) {
  if (!json_) {
    std::string line = with_file_ ? csv_text(file) : "";
    for (std::size_t i = 0; i < cells.size(); ++i)
      line += (i > 0 || with_file_ ? "," : "") + csv_text(cells[i]);
    fmt::print("{}\n", line);
    return;
  }
  JsonWriter json;
  json.begin_object();
  if (with_file_) json.field("file", file);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    double number = 0;
    const std::string& cell = cells[i];
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    json.key(names_[i]);
    if (cell.empty()) {
      json.null();
    } else if (error == std::errc() && end == cell.data() + cell.size() && names_[i] != "time") {
      json.value(number);
    } else {
      json.value(cell);
    }
  }
  json.end_object();
  fmt::print("{}\n", json.take());
}

void print_sections(std::span<const report::SeriesSection> sections) {
  constexpr std::size_t kHeight = 12;
  std::size_t width = 100;
  winsize size{};
  if (isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    width = std::clamp<std::size_t>(size.ws_col, 40, 160);
  for (const report::SeriesSection& section : sections) {
    fmt::print("{}\n", section.chart.title);
    for (const std::string& sentence : section.sentences) fmt::print("{}\n", sentence);
    fmt::print("\n{}", report::terminal_chart(section.chart, width, kHeight));
    if (!section.table.rows.empty()) fmt::print("\n{}", report::terminal_table(section.table));
    if (&section != &sections.back()) fmt::print("\n");
  }
}

}  // namespace trimtab::cli
