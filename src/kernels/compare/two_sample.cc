// SPDX-License-Identifier: Apache-2.0
#include "kernels/compare/two_sample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/check.h"
#include "kernels/compare/dependence.h"
#include "kernels/distributions.h"
#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

void keep_finite(std::span<const double> values, std::vector<double>& out) {
  out.clear();
  for (const double value : values) {
    if (std::isfinite(value)) out.push_back(value);
  }
}

// Mid-ranks of both sides in their own order of time; returns the sum of t^3 - t over ties.
double rank_both(CompareScratch& s) {
  s.pooled.clear();
  for (std::size_t i = 0; i < s.before.size(); ++i) s.pooled.emplace_back(s.before[i], i);
  for (std::size_t i = 0; i < s.after.size(); ++i) s.pooled.emplace_back(s.after[i], s.before.size() + i);
  std::sort(s.pooled.begin(), s.pooled.end());
  s.before_ranks.resize(s.before.size());
  s.after_ranks.resize(s.after.size());
  double ties = 0;
  for (std::size_t i = 0; i < s.pooled.size();) {
    std::size_t end = i;
    while (end < s.pooled.size() && s.pooled[end].first == s.pooled[i].first) ++end;
    const double rank = static_cast<double>(i + end + 1) / 2;
    for (std::size_t k = i; k < end; ++k) {
      const std::size_t at = s.pooled[k].second;
      (at < s.before.size() ? s.before_ranks[at] : s.after_ranks[at - s.before.size()]) = rank;
    }
    const double tied = static_cast<double>(end - i);
    ties += tied * tied * tied - tied;
    i = end;
  }
  return ties;
}

// How many pairs have after - before <= limit. Both sorted.
double pairs_up_to(const std::vector<double>& before, const std::vector<double>& after, double limit) {
  double count = 0;
  std::size_t j = 0;
  for (const double b : before) {
    while (j < after.size() && after[j] - b <= limit) ++j;
    count += static_cast<double>(j);
  }
  return count;
}

// The largest after - before that is at most `limit`; there is one.
double last_up_to(const std::vector<double>& before, const std::vector<double>& after, double limit) {
  double last = -std::numeric_limits<double>::infinity();
  std::size_t j = 0;
  for (const double b : before) {
    while (j < after.size() && after[j] - b <= limit) ++j;
    if (j > 0) last = std::max(last, after[j - 1] - b);
  }
  return last;
}

// The k-th smallest (from 1) of all after - before, by halving the range of values: about 60 linear passes.
double kth_difference(const std::vector<double>& before, const std::vector<double>& after, double k) {
  double low = after.front() - before.back();
  double high = after.back() - before.front();
  k = std::clamp(k, 1.0, static_cast<double>(before.size()) * static_cast<double>(after.size()));
  if (pairs_up_to(before, after, low) >= k) return low;
  // Invariant: fewer than k pairs up to low, at least k up to high.
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (!(middle > low && middle < high)) break;
    (pairs_up_to(before, after, middle) >= k ? high : low) = middle;
  }
  // Around 0 doubles are so dense that the halving does not come to its end: a 0 must not end up above it.
  return last_up_to(before, after, high);
}

double effective(std::size_t count, double time) { return static_cast<double>(count) / time; }

// The sample's tail end, where the rank runs past it.
double order_statistic(std::span<const double> sorted, double rank) {
  if (rank < 0) return -std::numeric_limits<double>::infinity();
  if (rank > static_cast<double>(sorted.size() - 1)) return std::numeric_limits<double>::infinity();
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - std::floor(rank)) * (sorted[above] - sorted[below]);
}

Interval quantile_interval(std::span<const double> sorted, double q, double z, double time) {
  const double n = static_cast<double>(sorted.size());
  const double reach = z * std::sqrt(q * (1 - q) * n * time);
  return {order_statistic(sorted, q * (n - 1)), order_statistic(sorted, q * n - reach - 0.5),
          order_statistic(sorted, q * n + reach - 0.5)};
}

struct BlockMean {
  double mean = 0, variance = 0, blocks = 0;  // variance of the mean
};

BlockMean block_mean(std::span<const double> values) {
  const std::size_t length = plan_blocks(autocorrelation_time(values)).length;
  BlockMean out;
  const std::size_t blocks = values.size() / length;
  if (blocks == 0) return out;
  out.blocks = static_cast<double>(blocks);
  const auto mean_of = [&](std::size_t block) {
    double mean = 0;
    for (const double value : values.subspan(block * length, length))
      mean += value / static_cast<double>(length);
    return mean;
  };
  for (std::size_t block = 0; block < blocks; ++block) out.mean += mean_of(block) / out.blocks;
  // Around their mean: sums of squares would lose a small spread on a high level.
  double squares = 0;
  for (std::size_t block = 0; block < blocks; ++block) squares += std::pow(mean_of(block) - out.mean, 2);
  if (blocks > 1) out.variance = squares / out.blocks / (out.blocks - 1);
  return out;
}

double student_quantile(double tail, double degrees) {
  double low = 0, high = 1e3;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (student_t_tail(middle, degrees) > tail ? low : high) = middle;
  }
  return high;
}

}  // namespace

std::string_view to_string(Difference difference) {
  switch (difference) {
    case Difference::kNone: return "no difference shown";
    case Difference::kHigher: return "higher";
    case Difference::kLower: return "lower";
    case Difference::kUnknown: return "too few values";
  }
  return "";
}

Comparison compare_samples(std::span<const double> before, std::span<const double> after,
                           const CompareOptions& options, CompareScratch& s) {
  CHECK(options.alpha > 0 && options.alpha < 1 && options.power > 0 && options.power < 1 &&
        options.margin >= 0);
  keep_finite(before, s.before);
  keep_finite(after, s.after);
  Comparison out;
  out.before_count = s.before.size();
  out.after_count = s.after.size();
  if (s.before.empty() || s.after.empty()) return out;
  const double ties = rank_both(s);
  out.time_before = autocorrelation_time(s.before_ranks);
  out.time_after = autocorrelation_time(s.after_ranks);
  const double n = static_cast<double>(out.before_count), m = static_cast<double>(out.after_count);
  double rank_sum = 0;
  for (const double rank : s.after_ranks) rank_sum += rank;
  const double u = rank_sum - m * (m + 1) / 2;
  out.superiority = u / (n * m);

  // Var(U) / (nm)^2 = (1/n + 1/m) / 12 for independent values; each side's share grows with its own time.
  const double tied = ties / ((n + m) * (n + m - 1));
  const double variance =
      n * m / 12 * (n + m + 1 - tied) * (out.time_before / n + out.time_after / m) / (1 / n + 1 / m);
  const double deviation = std::sqrt(std::max(0.0, variance));
  const double beyond = std::max(0.0, std::abs(u - n * m / 2) - 0.5);
  out.probability = deviation > 0 ? std::min(1.0, 2 * normal_tail(beyond / deviation)) : 1;

  std::sort(s.before.begin(), s.before.end());
  std::sort(s.after.begin(), s.after.end());
  out.before_median = order_statistic(s.before, (n - 1) / 2);
  out.after_median = order_statistic(s.after, (m - 1) / 2);
  const double pairs = n * m;
  out.shift = 0.5 * (kth_difference(s.before, s.after, std::floor((pairs + 1) / 2)) +
                     kth_difference(s.before, s.after, std::ceil((pairs + 1) / 2)));
  const double reach = normal_tail_inverse(options.alpha / 2) * deviation;
  out.shift_low = kth_difference(s.before, s.after, std::floor(pairs / 2 - reach));
  out.shift_high = kth_difference(s.before, s.after, std::ceil(pairs / 2 + reach) + 1);

  s.deviations.clear();
  for (const double value : s.before) s.deviations.push_back(value - out.before_median);
  for (const double value : s.after) s.deviations.push_back(value - out.after_median);
  const double spread = mad_in_place(s.deviations, 0);
  const double n_free = effective(out.before_count, out.time_before);
  const double m_free = effective(out.after_count, out.time_after);
  out.detectable =
      minimum_detectable_shift(n_free, m_free, spread, options.alpha, options.power) + options.margin;
  if (n_free < kCompareMin || m_free < kCompareMin) return out;
  const bool significant = out.probability <= options.alpha;
  out.difference = significant && out.shift_low > options.margin     ? Difference::kHigher
                   : significant && out.shift_high < -options.margin ? Difference::kLower
                                                                     : Difference::kNone;
  return out;
}

double minimum_detectable_shift(double before_count, double after_count, double spread, double alpha,
                                double power) {
  const double z = normal_tail_inverse(alpha / 2) + normal_tail_inverse(1 - power);
  return z * spread * std::sqrt((1 / before_count + 1 / after_count) * std::numbers::pi / 3);
}

double count_to_detect(double shift, double spread, double alpha, double power) {
  CHECK(shift > 0);
  const double z = normal_tail_inverse(alpha / 2) + normal_tail_inverse(1 - power);
  return std::max(2.0, std::ceil(2 * std::numbers::pi / 3 * std::pow(z * spread / shift, 2)));
}

Interval quantile_shift(std::span<const double> before, std::span<const double> after, double q, double alpha,
                        double time_before, double time_after) {
  CHECK(!before.empty() && !after.empty() && q >= 0 && q <= 1 && alpha > 0 && alpha < 1);
  const double z = normal_tail_inverse(alpha / 2);
  const Interval b = quantile_interval(before, q, z, time_before);
  const Interval a = quantile_interval(after, q, z, time_after);
  const double shift = a.estimate - b.estimate;
  return {shift, shift - std::hypot(a.estimate - a.low, b.high - b.estimate),
          shift + std::hypot(a.high - a.estimate, b.estimate - b.low)};
}

Interval difference_in_differences(std::span<const double> treated_before,
                                   std::span<const double> treated_after,
                                   std::span<const double> control_before,
                                   std::span<const double> control_after, double alpha) {
  CHECK(alpha > 0 && alpha < 1);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const std::array<std::span<const double>, 4> spans{treated_after, treated_before, control_after,
                                                     control_before};
  constexpr std::array<double, 4> kSigns{1, -1, -1, 1};
  double effect = 0, variance = 0, welch = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const BlockMean side = block_mean(spans[i]);
    if (side.blocks < 2) return {kNone, kNone, kNone};
    effect += kSigns[i] * side.mean;
    variance += side.variance;
    welch += side.variance * side.variance / (side.blocks - 1);
  }
  const double degrees = welch > 0 ? variance * variance / welch : 1;
  const double reach = std::sqrt(variance) * student_quantile(alpha / 2, std::max(1.0, degrees));
  return {effect, effect - reach, effect + reach};
}

}  // namespace trimtab::kernels
