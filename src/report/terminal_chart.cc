// SPDX-License-Identifier: Apache-2.0
#include "report/terminal_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/format.h"
#include "report/chart.h"
#include "report/escape.h"

namespace trimtab::report {
namespace {

constexpr std::array<const char*, kChartRowsMax> kMarks{"●", "○", "▲", "△", "■", "□", "◆", "◇"};
constexpr double kValueMax = 1e300;  // beyond, differences overflow
constexpr std::size_t kBarRowsMax = 40;

bool usable(double value) { return std::isfinite(value) && std::fabs(value) < kValueMax; }

std::string padded_left(const std::string& text, std::size_t width) {
  const std::size_t has = display_width(text);
  return std::string(width > has ? width - has : 0, ' ') + text;
}
std::string padded_right(const std::string& text, std::size_t width) {
  const std::size_t has = display_width(text);
  return text + std::string(width > has ? width - has : 0, ' ');
}

struct Bounds {
  double low = 0;
  double high = 0;
  bool any = false;
  void take(double value) {
    if (!usable(value)) return;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
};

// A grid of marks; the first row to reach a place keeps it.
class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t lines) : columns_(columns), cells_(columns * lines, nullptr) {}
  void mark(std::size_t column, std::size_t line, const char* mark) {
    const char*& cell = cells_[line * columns_ + column];
    if (cell == nullptr) cell = mark;
  }
  std::string line(std::size_t line) const {
    std::string out;
    for (std::size_t column = 0; column < columns_; ++column) {
      const char* cell = cells_[line * columns_ + column];
      out += cell == nullptr ? " " : cell;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  }

 private:
  std::size_t columns_;
  std::vector<const char*> cells_;
};

std::string time_axis(TimestampMs start, TimestampMs end, std::size_t margin, std::size_t columns) {
  const std::string first = format_timestamp(start);
  const std::string last = end == start ? "" : format_timestamp(end);
  const std::size_t gap = columns > first.size() + last.size() ? columns - first.size() - last.size() : 1;
  return std::string(margin, ' ') + first + std::string(gap, ' ') + last + "\n";
}

std::string last_value(const ChartRow& row) {
  for (std::size_t i = row.values.size(); i > 0; --i) {
    if (usable(row.values[i - 1])) return format_number(row.values[i - 1]);
  }
  return "no value";
}

}  // namespace

std::string terminal_chart(std::span<const ChartRow> rows, TimestampMs start_ms, DurationMs step_ms,
                           const ChartSize& size) {
  const auto drawn = rows.first(std::min(rows.size(), kChartRowsMax));
  Bounds bounds;
  std::size_t points = 0;
  for (const ChartRow& row : drawn) {
    points = std::max(points, row.values.size());
    for (const double value : row.values) bounds.take(value);
  }
  if (!bounds.any) return "no data to draw\n";
  const std::vector<double> ticks = axis_ticks(bounds.low, bounds.high, false);
  const double low = ticks.front();
  const double high = ticks.back();
  const std::size_t lines = std::max<std::size_t>(2, size.lines);
  const auto line_of = [&](double value) {
    const double share = high > low ? (value - low) / (high - low) : 0;
    return lines - 1 -
           std::min(lines - 1, static_cast<std::size_t>(std::lround(share * static_cast<double>(lines - 1))));
  };
  std::size_t margin = 0;
  for (const double tick : ticks) margin = std::max(margin, display_width(format_number(tick)));
  const std::size_t columns =
      std::max<std::size_t>(10, size.columns > margin + 3 ? size.columns - margin - 3 : 0);
  Canvas canvas(columns, lines);
  for (std::size_t r = 0; r < drawn.size(); ++r) {
    for (std::size_t i = 0; i < drawn[r].values.size(); ++i) {
      const std::size_t column = points == 1 ? 0 : i * (columns - 1) / (points - 1);
      if (usable(drawn[r].values[i])) canvas.mark(column, line_of(drawn[r].values[i]), kMarks[r]);
    }
  }
  std::string out;
  for (std::size_t line = 0; line < lines; ++line) {
    const auto tick = std::find_if(ticks.begin(), ticks.end(), [&](double t) { return line_of(t) == line; });
    out += padded_left(tick == ticks.end() ? "" : format_number(*tick), margin);
    out += tick == ticks.end() ? " │ " : " ┤ ";
    out += canvas.line(line) + "\n";
  }
  const TimestampMs end_ms = start_ms + static_cast<DurationMs>(points - 1) * step_ms;
  out += time_axis(start_ms, end_ms, margin + 3, columns);
  for (std::size_t r = 0; r < drawn.size(); ++r)
    out += fmt::format("  {} {}  {}\n", kMarks[r], drawn[r].name, last_value(drawn[r]));
  if (drawn.size() < rows.size())
    out += fmt::format("  {} more series are not drawn\n", rows.size() - drawn.size());
  return out;
}

std::string terminal_bars(std::span<const ChartRow> rows, const ChartSize& size) {
  const auto drawn = rows.first(std::min(rows.size(), kBarRowsMax));
  std::size_t names = 0;
  double largest = 0;
  for (const ChartRow& row : drawn) {
    names = std::max(names, display_width(row.name));
    if (!row.values.empty() && usable(row.values[0])) largest = std::max(largest, std::fabs(row.values[0]));
  }
  if (drawn.empty()) return "no data to draw\n";
  names = std::min(names, size.columns / 2);
  const std::size_t room =
      std::max<std::size_t>(10, size.columns > names + 16 ? size.columns - names - 16 : 0);
  std::string out;
  for (const ChartRow& row : drawn) {
    const double value = row.values.empty() ? std::nan("") : row.values[0];
    const double share = usable(value) && largest > 0 ? std::fabs(value) / largest : 0;
    out += padded_right(row.name, names) + "  ";
    for (long i = std::lround(share * static_cast<double>(room)); i > 0; --i) out += "█";
    out += fmt::format("{}{}\n", share > 0 ? " " : "", format_number(value));
  }
  if (drawn.size() < rows.size())
    out += fmt::format("{} more series are not drawn\n", rows.size() - drawn.size());
  return out;
}

}  // namespace trimtab::report
