// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/e_divisive.h"

#include <algorithm>
#include <cmath>

#include "kernels/distributions.h"

namespace trimtab::kernels {
namespace {

struct Side {
  double count = 0, mean = 0, squares = 0;
};

Side side_of(std::span<const double> values) {
  Side out;
  out.count = static_cast<double>(values.size());
  for (const double value : values) out.mean += value / out.count;
  for (const double value : values) out.squares += (value - out.mean) * (value - out.mean);
  return out;
}

// Two-sided, pooled variance.
double t_probability(std::span<const double> before, std::span<const double> after) {
  const Side a = side_of(before), b = side_of(after);
  const double degrees = a.count + b.count - 2;
  if (degrees < 1) return 1;
  const double gap = std::abs(a.mean - b.mean);
  const double variance = (a.squares + b.squares) / degrees * (1 / a.count + 1 / b.count);
  if (!(variance > 0)) return gap > 0 ? 0 : 1;
  return std::min(1.0, 2 * student_t_tail(gap / std::sqrt(variance), degrees));
}

void search(std::span<const double> values, std::size_t first, const EDivisiveOptions& options,
            std::vector<std::size_t>& cuts) {
  const std::size_t split = best_energy_split(values, options.cells_min);
  if (split == 0) return;
  if (t_probability(values.first(split), values.subspan(split)) > options.weak_probability) return;
  search(values.first(split), first, options, cuts);
  cuts.push_back(first + split);
  search(values.subspan(split), first + split, options, cuts);
}

}  // namespace

std::size_t best_energy_split(std::span<const double> values, std::size_t cells_min) {
  const std::size_t count = values.size();
  if (cells_min == 0 || count < 2 * cells_min) return 0;
  // Sums of |differences| between and within both sides, carried along while one value after another moves
  // over.
  double within_after = 0;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = i + 1; j < count; ++j) within_after += std::abs(values[i] - values[j]);
  double within_before = 0, between = 0, best = 0;
  std::size_t split = 0;
  for (std::size_t moved = 0; moved + cells_min < count; ++moved) {
    double to_before = 0, to_after = 0;
    for (std::size_t i = 0; i < moved; ++i) to_before += std::abs(values[moved] - values[i]);
    for (std::size_t i = moved + 1; i < count; ++i) to_after += std::abs(values[moved] - values[i]);
    within_before += to_before;
    within_after -= to_after;
    between += to_after - to_before;
    if (moved + 1 < cells_min) continue;
    const auto m = static_cast<double>(moved + 1);
    const auto n = static_cast<double>(count - moved - 1);
    const auto pairs = [](double k) { return k > 1 ? k * (k - 1) / 2 : 1; };
    const double q =
        m * n / (m + n) * (2 * between / (m * n) - within_before / pairs(m) - within_after / pairs(n));
    if (q > best) {
      best = q;
      split = moved + 1;
    }
  }
  return split;
}

void e_divisive(std::span<const double> values, const EDivisiveOptions& options, EDivisiveScratch& scratch,
                std::vector<std::size_t>& cuts) {
  cuts.clear();
  const std::size_t count = values.size();
  for (std::size_t from = 0; from < count; from += kEDivisiveWindow / 2) {
    const std::size_t length = std::min(kEDivisiveWindow, count - from);
    search(values.subspan(from, length), from, options, cuts);
    if (from + length == count) break;
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  auto& chances = scratch.chances;  // of each cut without a change
  const auto chance = [&](std::size_t i) {
    const std::size_t from = i == 0 ? 0 : cuts[i - 1];
    const std::size_t to = i + 1 < cuts.size() ? cuts[i + 1] : count;
    return t_probability(values.subspan(from, cuts[i] - from), values.subspan(cuts[i], to - cuts[i]));
  };
  chances.clear();
  for (std::size_t i = 0; i < cuts.size(); ++i) chances.push_back(chance(i));
  while (!cuts.empty()) {
    const auto weakest = std::max_element(chances.begin(), chances.end());
    if (*weakest <= options.probability) break;
    const auto at = weakest - chances.begin();
    cuts.erase(cuts.begin() + at);
    chances.erase(weakest);
    for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, at - 1);
         i <= at && i < static_cast<std::ptrdiff_t>(cuts.size()); ++i)
      chances[static_cast<std::size_t>(i)] = chance(static_cast<std::size_t>(i));
  }
}

}  // namespace trimtab::kernels
