// SPDX-License-Identifier: Apache-2.0
#include "kernels/level_shift.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/distributions.h"
#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

struct Side {
  double mean = 0;
  double variance = 0;
  double autocorrelation = 0;  // lag 1, kept in [0, 0.98]
  double count = 0;
  // Independent values that carry as much as these: n (1 - rho) / (1 + rho).
  double effective() const { return std::max(2.0, count * (1 - autocorrelation) / (1 + autocorrelation)); }
};

Side describe(std::span<const double> values) {
  Side side;
  side.count = static_cast<double>(values.size());
  for (const double value : values) side.mean += value;
  side.mean /= side.count;
  double products = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double deviation = values[i] - side.mean;
    side.variance += deviation * deviation;
    if (i > 0) products += deviation * (values[i - 1] - side.mean);
  }
  if (side.variance > 0) side.autocorrelation = std::clamp(products / side.variance, 0.0, 0.98);
  side.variance /= std::max(1.0, side.count - 1);
  return side;
}

std::size_t best_split(std::span<const double> values) {
  double total = 0;
  for (const double value : values) total += value;
  const double n = static_cast<double>(values.size());
  double left = 0;
  double best = -1;
  std::size_t split = 0;
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    left += values[i];
    const double before = static_cast<double>(i + 1);
    if (i + 1 < kSideMin || values.size() - i - 1 < kSideMin) continue;
    const double difference = left / before - (total - left) / (n - before);
    const double statistic = difference * difference * before * (n - before);
    if (statistic > best) {
      best = statistic;
      split = i + 1;
    }
  }
  return split;
}

double welch(const Side& a, const Side& b, double variance_floor) {
  const double error_a = std::max(a.variance, variance_floor) / a.effective();
  const double error_b = std::max(b.variance, variance_floor) / b.effective();
  const double error = error_a + error_b;
  const double degrees =
      error * error / (error_a * error_a / (a.effective() - 1) + error_b * error_b / (b.effective() - 1));
  return 2 * student_t_tail(std::abs(a.mean - b.mean) / std::sqrt(error), std::max(1.0, degrees));
}

double mann_whitney(std::span<const double> values, std::size_t split, double shrink,
                    std::vector<std::pair<double, std::size_t>>& ranked) {
  ranked.clear();
  for (std::size_t i = 0; i < values.size(); ++i) ranked.emplace_back(values[i], i);
  std::sort(ranked.begin(), ranked.end());
  const double n = static_cast<double>(values.size());
  double rank_sum = 0;
  double ties = 0;
  for (std::size_t i = 0; i < ranked.size();) {
    std::size_t end = i;
    while (end < ranked.size() && ranked[end].first == ranked[i].first) ++end;
    const double tied = static_cast<double>(end - i);
    const double rank = static_cast<double>(i + end + 1) / 2;
    for (std::size_t k = i; k < end; ++k) rank_sum += ranked[k].second < split ? rank : 0;
    ties += tied * tied * tied - tied;
    i = end;
  }
  const double before = static_cast<double>(split);
  const double after = n - before;
  const double u = rank_sum - before * (before + 1) / 2 - before * after / 2;
  const double variance = before * after / 12 * (n + 1 - ties / (n * (n - 1)));
  if (variance <= 0) return 1;
  return 2 * normal_tail(std::abs(u) / std::sqrt(variance) * std::sqrt(shrink));
}

}  // namespace

LevelShift find_level_shift(std::span<const double> values, double scale, LevelShiftScratch& scratch) {
  CHECK(scale > 0);
  scratch.values.clear();
  scratch.cells.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    scratch.values.push_back(values[i]);
    scratch.cells.push_back(i);
  }
  LevelShift shift;
  if (scratch.values.size() < 2 * kSideMin) return shift;
  std::vector<double>& clean = scratch.values;
  scratch.ranked.clear();
  for (const double value : clean) scratch.ranked.emplace_back(value, 0);
  const auto middle = scratch.ranked.begin() + static_cast<std::ptrdiff_t>(clean.size() / 2);
  std::nth_element(scratch.ranked.begin(), middle, scratch.ranked.end());
  const double median = middle->first;
  for (double& value : clean)
    value = std::clamp(value, median - kWinsorScales * scale, median + kWinsorScales * scale);

  const std::size_t split = best_split(clean);
  const Side before = describe(std::span(clean).first(split));
  const Side after = describe(std::span(clean).subspan(split));
  shift.index = scratch.cells[split];
  shift.before = before.mean;
  shift.after = after.mean;
  shift.t_probability = welch(before, after, 0.01 * scale * scale);
  const double shrink = (before.effective() + after.effective()) / (before.count + after.count);
  shift.rank_probability = mann_whitney(clean, split, std::min(1.0, shrink), scratch.ranked);
  return shift;
}

}  // namespace trimtab::kernels
