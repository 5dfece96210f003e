// SPDX-License-Identifier: Apache-2.0
#include "report/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

namespace trimtab::report {
namespace {

// How many of the `count` evenly spaced points lie before a moment; each point stands for the stretch
// around it, and its middle decides.
std::size_t points_before(TimestampMs t, const TimeRange& range, std::size_t count) {
  if (t <= range.from) return 0;
  if (t >= range.to) return count;
  const double share = (static_cast<double>(t) - static_cast<double>(range.from)) /
                       (static_cast<double>(range.to) - static_cast<double>(range.from));
  return std::min(
      count, static_cast<std::size_t>(std::ceil(std::max(0.0, share * static_cast<double>(count) - 0.5))));
}

double farthest_from(double usual, std::size_t from, std::size_t to, const std::vector<double>& points) {
  double best = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = from; i < to; ++i) {
    if (!std::isfinite(points[i])) continue;
    if (std::isnan(best) || std::fabs(points[i] - usual) > std::fabs(best - usual)) best = points[i];
  }
  return best;
}

}  // namespace

Sparkline fit_sparkline(const Evidence& evidence, std::size_t columns_max) {
  Sparkline line;
  const std::vector<double>& points = evidence.sparkline;
  const std::size_t columns = std::min(points.size(), columns_max);
  if (columns == 0) return line;
  const double usual = std::isfinite(evidence.usual) ? evidence.usual : 0;
  line.values.reserve(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    line.values.push_back(
        farthest_from(usual, i * points.size() / columns, (i + 1) * points.size() / columns, points));
  }
  for (const double value : line.values) {
    if (std::isnan(value)) {
      line.has_gaps = true;
      continue;
    }
    line.lowest = line.has_data ? std::min(line.lowest, value) : value;
    line.highest = line.has_data ? std::max(line.highest, value) : value;
    line.has_data = true;
  }
  const TimeRange& range = evidence.sparkline_range;
  if (range.from < range.to && !evidence.window.empty() && evidence.window.to >= range.from &&
      evidence.window.from <= range.to) {
    const std::size_t from =
        std::min(points_before(evidence.window.from, range, points.size()), points.size() - 1);
    const std::size_t to = std::max(points_before(evidence.window.to, range, points.size()), from + 1);
    line.unusual_from = from * columns / points.size();
    line.unusual_to = (to * columns + points.size() - 1) / points.size();
  }
  return line;
}

std::string sparkline_blocks(const Sparkline& line, const std::string& mark_from,
                             const std::string& mark_to) {
  constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (!line.has_data) return "";
  const bool marked = line.unusual_to > line.unusual_from;
  std::string out;
  for (std::size_t i = 0; i < line.values.size(); ++i) {
    if (marked && i == line.unusual_from) out += mark_from;
    if (const double value = line.values[i]; std::isnan(value)) {
      out += "·";
    } else if (line.highest == line.lowest) {
      out += kBlocks[3];
    } else {
      // Halves first: the span itself may overflow for values near the largest double.
      const double share = (value / 2 - line.lowest / 2) / (line.highest / 2 - line.lowest / 2);
      out += kBlocks[static_cast<std::size_t>(std::clamp(std::lround(share * 7), 0L, 7L))];
    }
    if (marked && i + 1 == line.unusual_to) out += mark_to;
  }
  return out;
}

}  // namespace trimtab::report
