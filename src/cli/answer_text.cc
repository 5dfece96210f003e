// SPDX-License-Identifier: Apache-2.0
#include "cli/answer_text.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <set>

#include "query/answer_json.h"
#include "report/escape.h"
#include "report/terminal_chart.h"

namespace trimtab::cli {
namespace {

using promql::Answer;
using promql::ValueType;

std::string number(double value) {
  std::string out;
  promql::append_api_number(out, value);
  return out;
}

bool is_present(double cell) { return std::bit_cast<std::uint64_t>(cell) != kStaleNanBits; }

std::string name_of(const Labels& labels) { return report::plain_text(labels.to_string()); }

// Every point of every row, in order.
template <typename Take>
void for_each_point(const Answer& answer, std::size_t row, const Take& take) {
  if (!answer.ragged.empty()) {
    const SampleBuffer& samples = answer.ragged[row];
    for (std::size_t i = 0; i < samples.size(); ++i) take(samples.timestamps_ms[i], samples.values[i]);
    return;
  }
  const auto cells = answer.row(row);
  for (std::size_t column = 0; column < cells.size(); ++column) {
    if (is_present(cells[column]))
      take(answer.start_ms + static_cast<DurationMs>(column) * answer.step_ms, cells[column]);
  }
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string answer_table(const Answer& answer) {
  if (answer.type == ValueType::kString) return report::plain_text(answer.text) + "\n";
  if (answer.type == ValueType::kScalar) return number(answer.values.at(0)) + "\n";
  if (answer.rows() == 0) return "no series\n";
  std::string out;
  std::size_t width = 0;
  for (const Labels& labels : answer.labels) width = std::max(width, report::display_width(name_of(labels)));
  for (std::size_t row = 0; row < answer.rows(); ++row) {
    const std::string name = name_of(answer.labels[row]);
    out += name;
    if (answer.type == ValueType::kVector) {
      out.append(width - report::display_width(name) + 2, ' ');
      out.append(number(answer.row(row)[0])).append("\n");
      continue;
    }
    out += '\n';
    for_each_point(answer, row, [&](TimestampMs time, double value) {
      out += fmt::format("  {:<24}  {}\n", format_timestamp(time), number(value));
    });
  }
  return out;
}

std::string answer_csv(const Answer& answer) {
  std::set<std::string> names;
  for (const Labels& labels : answer.labels) {
    for (const Label& label : labels.items()) names.insert(label.name);
  }
  std::string out = "time,value";
  for (const std::string& name : names) out.append(",").append(csv_cell(name));
  out += "\r\n";
  if (answer.type == ValueType::kString)
    return out + fmt::format("{},{}\r\n", format_timestamp(answer.start_ms), csv_cell(answer.text));
  for (std::size_t row = 0; row < answer.rows(); ++row) {
    std::string labels;
    for (const std::string& name : names) labels.append(",").append(csv_cell(answer.labels[row].get(name)));
    for_each_point(answer, row, [&](TimestampMs time, double value) {
      out += fmt::format("{},{}{}\r\n", format_timestamp(time), number(value), labels);
    });
  }
  return out;
}

std::string answer_chart(const Answer& answer, std::size_t columns) {
  if (answer.type == ValueType::kString || answer.type == ValueType::kScalar || !answer.ragged.empty())
    return answer_table(answer);
  std::vector<report::ChartRow> rows;
  for (std::size_t row = 0; row < answer.rows(); ++row) {
    const auto cells = answer.row(row);
    rows.push_back({.name = name_of(answer.labels[row]), .values = {cells.begin(), cells.end()}});
  }
  if (answer.columns <= 1) return report::terminal_bars(rows, {.columns = columns});
  return report::terminal_chart(rows, answer.start_ms, answer.step_ms, {.columns = columns});
}

}  // namespace trimtab::cli
