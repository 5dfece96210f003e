// SPDX-License-Identifier: Apache-2.0
// The comparisons beside naive ones: all pairs, all lags, every mean by its own sum.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "kernels/compare/dependence.h"
#include "kernels/compare/sequential.h"
#include "kernels/compare/sequential_shift.h"
#include "kernels/compare/synthetic_control.h"
#include "kernels/compare/two_sample.h"
#include "kernels/distributions.h"
#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using Values = std::vector<double>;

// 1 + 2 sum of rho over pairs of lags (0, 1), (2, 3), ... while a pair's sum is positive.
double naive_time(const Values& v) {
  const std::size_t n = v.size();
  if (n < 4 || reference::scatter(v) <= static_cast<double>(n) * std::pow(1e-14 * reference::mean(v), 2))
    return 1;
  const double middle = reference::mean(v);
  const auto rho = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < n; ++i) sum += (v[i] - middle) * (v[i + lag] - middle);
    return sum / reference::scatter(v);
  };
  double sum = 0;
  for (std::size_t lag = 0; lag <= n / 3; lag += 2) {
    const double pair = rho(lag) + rho(lag + 1);
    if (pair <= 0) break;
    sum += pair;
  }
  return std::clamp(2 * sum - 1, 1.0, static_cast<double>(n) / 3);
}

TEST(Dependence, equals_the_sum_over_all_lags) {
  for (unsigned seed = 0; seed < 120; ++seed) {
    auto values = noise(seed % 60, seed, 0.1 * (seed % 10), 3);
    if (seed % 7 == 3) values.assign(values.size(), 0.1);
    const double time = autocorrelation_time(values);
    EXPECT_NEAR(time, naive_time(values), 1e-9) << seed;
    const BlockPlan plan = plan_blocks(time);
    std::size_t length = 1, gap = 0;
    if (time > 1.35) {
      while (static_cast<double>(length) < 4 * time) ++length;
      while (static_cast<double>(gap) < time) ++gap;
    }
    EXPECT_EQ(plan.length, length) << seed;
    EXPECT_EQ(plan.gap, gap) << seed;
  }
}

double normal_beyond(double tail) {
  return reference::passes([](double z) { return -0.5 * std::erfc(z / std::sqrt(2.0)); }, -tail, -10, 10);
}

double naive_detectable(double n, double m, double spread, double alpha, double power) {
  // Two normal means with pi / 3 of their variance: the z of the test and that of its power.
  const double error = spread * std::sqrt(std::numbers::pi / 3 * (1 / n + 1 / m));
  return error * (normal_beyond(alpha / 2) - normal_beyond(power));
}

Comparison naive_comparison(const Values& all_before, const Values& all_after,
                            const CompareOptions& options) {
  const Values before = reference::present(all_before), after = reference::present(all_after);
  Comparison out;
  out.before_count = before.size(), out.after_count = after.size();
  if (before.empty() || after.empty()) return out;
  const double n = static_cast<double>(before.size()), m = static_cast<double>(after.size());
  Values differences, both = before;
  both.insert(both.end(), after.begin(), after.end());
  double wins = 0, ties = 0;
  for (const double b : before) {
    for (const double a : after) {
      differences.push_back(a - b);
      wins += a > b ? 1 : a == b ? 0.5 : 0;
    }
  }
  std::sort(differences.begin(), differences.end());
  for (const double one : both)
    ties += std::pow(static_cast<double>(std::count(both.begin(), both.end(), one)), 2) - 1;
  const Values ranks = reference::ranks(both);
  out.time_before = naive_time({ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(before.size())});
  out.time_after = naive_time({ranks.begin() + static_cast<std::ptrdiff_t>(before.size()), ranks.end()});
  out.superiority = wins / (n * m);
  const double independent = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
  // Each side's share of the variance grows with its own time.
  const double grown = (out.time_before / n + out.time_after / m) / (1 / n + 1 / m);
  const double deviation = std::sqrt(std::max(0.0, independent * grown));
  const double away = std::max(0.0, std::abs(wins - n * m / 2) - 0.5);
  out.probability = deviation > 0 ? std::min(1.0, 2 * normal_tail(away / deviation)) : 1;
  out.before_median = reference::median(before), out.after_median = reference::median(after);
  out.shift = reference::median(differences);
  const double pairs = n * m, reach = normal_beyond(options.alpha / 2) * deviation;
  const auto kth = [&](double k) {
    return differences[static_cast<std::size_t>(std::clamp(k, 1.0, pairs)) - 1];
  };
  out.shift_low = kth(std::floor(pairs / 2 - reach));
  out.shift_high = kth(std::ceil(pairs / 2 + reach) + 1);
  Values away_from_medians;
  for (const double b : before) away_from_medians.push_back(b - out.before_median);
  for (const double a : after) away_from_medians.push_back(a - out.after_median);
  out.detectable =
      options.margin + naive_detectable(n / out.time_before, m / out.time_after,
                                        reference::mad(away_from_medians, 0), options.alpha, options.power);
  if (n / out.time_before < 5 || m / out.time_after < 5) return out;
  out.difference = Difference::kNone;
  if (out.probability <= options.alpha && out.shift_low > options.margin)
    out.difference = Difference::kHigher;
  if (out.probability <= options.alpha && out.shift_high < -options.margin)
    out.difference = Difference::kLower;
  return out;
}

TEST(TwoSample, every_figure_equals_the_one_of_all_pairs) {
  CompareScratch scratch;
  std::size_t seen[4] = {};
  for (unsigned seed = 0; seed < 160; ++seed) {
    Values before = noise((seed * 7) % 45, seed, seed % 2 == 0 ? 0 : 0.5);
    Values after = noise((seed * 11) % 50, seed + 500, 0, static_cast<double>(seed % 5) - 2);
    for (Values* side : {&before, &after}) {
      for (std::size_t i = 0; i < side->size(); ++i) {
        if (seed % 3 == 1) (*side)[i] = std::round((*side)[i]);
        if (seed % 4 == 2 && i % 6 == 1) (*side)[i] = i % 2 == 0 ? kNone : INFINITY;
      }
    }
    const CompareOptions options{.alpha = seed % 2 == 0 ? 0.05 : 0.2, .margin = seed % 5 == 0 ? 0.5 : 0};
    const Comparison told = compare_samples(before, after, options, scratch);
    const Comparison naive = naive_comparison(before, after, options);
    ++seen[static_cast<std::size_t>(told.difference)];
    ASSERT_EQ(told.difference, naive.difference) << seed;
    ASSERT_EQ(told.before_count, naive.before_count) << seed;
    ASSERT_EQ(told.after_count, naive.after_count) << seed;
    for (const auto& [figure, expected] : {std::pair{told.shift, naive.shift},
                                           {told.shift_low, naive.shift_low},
                                           {told.shift_high, naive.shift_high},
                                           {told.probability, naive.probability},
                                           {told.superiority, naive.superiority},
                                           {told.before_median, naive.before_median},
                                           {told.after_median, naive.after_median},
                                           {told.detectable, naive.detectable},
                                           {told.time_before, naive.time_before},
                                           {told.time_after, naive.time_after}})
      ASSERT_NEAR(figure, expected, 1e-7 * (1 + std::abs(expected))) << seed;  // 1e-9 of normal_tail_inverse
  }
  for (const std::size_t times : seen) EXPECT_GT(times, 3U) << "every verdict is met";
  for (const double shift : {0.05, 0.4, 3.0}) {
    double count = 2;
    while (naive_detectable(count, count, 1.3, 0.05, 0.8) > shift) ++count;
    EXPECT_EQ(count_to_detect(shift, 1.3, 0.05, 0.8), count);
    EXPECT_NEAR(minimum_detectable_shift(17, 40, 1.3, 0.1, 0.9), naive_detectable(17, 40, 1.3, 0.1, 0.9),
                1e-7);
  }
}

// Woodruff's interval on each side: the order statistics q n - 1/2 -+ z sqrt(q (1 - q) n time), from 0.
TEST(QuantileShift, equals_order_statistics_joined_by_the_book) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    auto before = noise(1 + (seed * 5) % 60, seed), after = noise(1 + (seed * 3) % 70, seed + 99, 0, 1);
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    for (const double q : {0.1, 0.5, 0.9}) {
      const auto at = [](const Values& sorted, double rank) {
        if (rank < 0) return -INFINITY + 0.0;
        const double last = static_cast<double>(sorted.size() - 1);
        return rank > last ? INFINITY + 0.0
               : last == 0 ? sorted[0]
                           : reference::quantile(sorted, rank / last);
      };
      const auto interval = [&](const Values& sorted, double time) {
        const double n = static_cast<double>(sorted.size());
        const double reach = 1.959963985 * std::sqrt(n * q * (1 - q) * time);
        return Interval{reference::quantile(sorted, q), at(sorted, n * q - 0.5 - reach),
                        at(sorted, n * q - 0.5 + reach)};
      };
      const Interval b = interval(before, 1.5), a = interval(after, 2);
      const Interval told = quantile_shift(before, after, q, 0.05, 1.5, 2);
      const double shift = a.estimate - b.estimate;
      const double low =
          shift - std::sqrt(std::pow(a.estimate - a.low, 2) + std::pow(b.high - b.estimate, 2));
      const double high =
          shift + std::sqrt(std::pow(a.high - a.estimate, 2) + std::pow(b.estimate - b.low, 2));
      EXPECT_NEAR(told.estimate, shift, 1e-12) << seed;
      EXPECT_TRUE(told.low == low || std::abs(told.low - low) < 1e-6)
          << seed << " " << told.low << " " << low;
      EXPECT_TRUE(told.high == high || std::abs(told.high - high) < 1e-6) << seed;
    }
  }
}

// Welch's t-interval over block means.
Interval naive_did(const std::vector<Values>& spans, double alpha) {
  const double signs[] = {1, -1, -1, 1};
  double effect = 0, variance = 0, welch = 0;
  for (std::size_t s = 0; s < 4; ++s) {
    const double time = naive_time(spans[s]);
    const auto length = static_cast<std::size_t>(time > 1.35 ? std::ceil(4 * time) : 1);
    Values means;
    for (std::size_t from = 0; from + length <= spans[s].size(); from += length)
      means.push_back(reference::mean(std::span(spans[s]).subspan(from, length)));
    if (means.size() < 2) return {kNone, kNone, kNone};
    const double k = static_cast<double>(means.size());
    const double of_mean = reference::scatter(means) / (k - 1) / k;
    effect += signs[s] * reference::mean(means);
    variance += of_mean;
    welch += of_mean * of_mean / (k - 1);
  }
  const double degrees = std::max(1.0, variance * variance / welch);
  const double t =
      reference::passes([&](double at) { return -student_t_tail(at, degrees); }, -alpha / 2, 0, 1000);
  return {effect, effect - t * std::sqrt(variance), effect + t * std::sqrt(variance)};
}

TEST(DifferenceInDifferences, equals_welchs_interval_over_block_means) {
  std::size_t answered = 0;
  for (unsigned seed = 0; seed < 80; ++seed) {
    std::vector<Values> spans;
    for (unsigned s = 0; s < 4; ++s)
      spans.push_back(noise(3 + (seed * 3) % 60, 4 * seed + s, 0.2 * (seed % 4), s));
    const Interval told = difference_in_differences(spans[1], spans[0], spans[3], spans[2], 0.1);
    const Interval naive = naive_did(spans, 0.1);
    ASSERT_EQ(std::isnan(told.estimate), std::isnan(naive.estimate)) << seed;
    if (std::isnan(naive.estimate)) continue;
    ++answered;
    EXPECT_NEAR(told.estimate, naive.estimate, 1e-9) << seed;
    EXPECT_NEAR(told.low, naive.low, 1e-8) << seed;
    EXPECT_NEAR(told.high, naive.high, 1e-8) << seed;
  }
  EXPECT_GT(answered, 40U);
}

// All block differences so far, from the streams themselves.
Values blocks_of(const Values& treated, const Values& control, const BlockPlan& plan) {
  Values out;
  for (std::size_t from = 0; from + plan.length <= treated.size(); from += plan.length + plan.gap) {
    Values there;
    for (std::size_t i = from; i < from + plan.length; ++i)
      if (std::isfinite(treated[i] - control[i])) there.push_back(treated[i] - control[i]);
    if (!there.empty()) out.push_back(reference::mean(there));
  }
  return out;
}

// The largest capital at any moment so far; each one from the start.
double naive_e(const Values& differences, double sign, double margin) {
  double largest = 1;
  for (std::size_t until = 1; until <= differences.size(); ++until) {
    double mixture = 0;
    for (const double theta : SymmetricBet::kThetas) {
      double capital = 1, sizes = 0;
      for (std::size_t k = 0; k < until; ++k) {
        const double away = sign * (differences[k] - margin);
        sizes += std::abs(away);
        if (away == 0) continue;
        const double bet = std::min(
            0.999, std::tanh(theta * std::abs(away) / (1.2533 * sizes / static_cast<double>(k + 1))));
        capital *= away > 0 ? 1 + bet : 1 - bet;
      }
      mixture += capital / 6;
    }
    largest = std::max(largest, mixture);
  }
  return largest;
}

TEST(Sequential, every_verdict_equals_the_one_from_all_differences_so_far) {
  std::size_t seen[4] = {};
  for (unsigned seed = 0; seed < 24; ++seed) {
    const BlockPlan plan{1 + seed % 3, seed % 2};
    Values treated = noise(70, seed, 0, static_cast<double>(seed % 4) - 1.5), control = noise(70, seed + 77);
    for (std::size_t i = seed; i < 70; i += 9) (i % 2 == 0 ? treated : control)[i] = kNone;
    const double margin = seed % 3 == 0 ? 2 : 0;
    SequentialComparison test({.alpha = 0.2, .margin = margin, .blocks = plan});
    auto expected = SequentialVerdict::kUndecided;
    for (std::size_t n = 1; n <= 70; ++n) {
      const auto verdict = test.add(treated[n - 1], control[n - 1]);
      const auto so_far = [&](const Values& all) {
        return Values(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
      };
      const Values differences = blocks_of(so_far(treated), so_far(control), plan);
      const double worse = naive_e(differences, 1, 0), better = naive_e(differences, -1, 0);
      const double no_worse = naive_e(differences, -1, margin);
      if (worse >= 10) {
        expected = SequentialVerdict::kWorse;
      } else if (better >= 10) {
        expected = SequentialVerdict::kBetter;
      } else if (margin > 0 && no_worse >= 5) {
        expected = SequentialVerdict::kNoWorse;
      }
      ASSERT_EQ(verdict, expected) << seed << " at " << n;
      ASSERT_EQ(test.blocks(), differences.size()) << seed;
      ASSERT_NEAR(test.e_worse(), worse, 1e-9 * worse) << seed;
      ASSERT_NEAR(test.e_better(), better, 1e-9 * better) << seed;
      ASSERT_NEAR(test.e_no_worse(), no_worse, 1e-9 * no_worse) << seed;
    }
    ++seen[static_cast<std::size_t>(expected)];
  }
  for (const std::size_t times : seen) EXPECT_GT(times, 0U) << "every verdict is met";
}

// Half the width of the interval in standard deviations, where the e-value over all g reaches 1 / alpha.
double naive_reach(double n, double m, double alpha) {
  const double v = n + m - 2, s = n * m / (n + m);
  const auto e_value = [&](double t) {
    double sum = 0;
    for (const double g : {0.25, 1.0, 4.0, 16.0, 64.0})
      sum += std::pow(1 + s * g, -0.5) *
             std::pow((1 + t * t / v) / (1 + t * t / (v * (1 + s * g))), (v + 1) / 2) / 5;
    return sum;
  };
  if (v < 2 || e_value(1e7) < 1 / alpha) return INFINITY;
  return reference::passes(e_value, 1 / alpha, 0, 1e7) / std::sqrt(s);
}

double time_used(const Values& values) {
  const double time = naive_time(values);
  return time <= 1.35 ? 1 : 1.5 * time;
}

TEST(SequentialShift, interval_and_count_equal_the_naive_ones_with_dependence) {
  std::size_t known = 0, counted = 0;
  for (unsigned seed = 0; seed < 24; ++seed) {
    const auto before = noise(3 + 2 * seed, seed, 0.15 * (seed % 5)),
               after = noise(2 + (seed * 7) % 40, seed + 60, 0, 1);
    const SequentialShift told = sequential_shift(before, after, 0.1);
    const double time = std::max(time_used(before), time_used(after));
    const double n = static_cast<double>(before.size()), m = static_cast<double>(after.size());
    const double shift = reference::mean(after) - reference::mean(before);
    const double spread = std::sqrt((reference::scatter(before) + reference::scatter(after)) / (n + m - 2));
    const double reach = naive_reach(n / time, m / time, 0.1) * spread;
    EXPECT_NEAR(told.shift, shift, 1e-12) << seed;
    EXPECT_NEAR(told.time, time, 1e-9) << seed;
    EXPECT_NEAR(told.before_count, n / time, 1e-9);
    EXPECT_NEAR(told.after_count, m / time, 1e-9);
    ASSERT_EQ(told.known(), std::isfinite(reach)) << seed;
    if (told.known()) {
      ++known;
      EXPECT_NEAR(told.low, shift - reach, 1e-6 * reach) << seed;
      EXPECT_NEAR(told.high, shift + reach, 1e-6 * reach) << seed;
    }
    // One after the other until it is enough.
    const double own_time = time_used(before), own_spread = std::sqrt(reference::scatter(before) / (n - 1));
    for (const double wanted : {1.5, 4.0}) {
      std::size_t enough = 1;
      for (; enough < 200; ++enough) {
        const double k = static_cast<double>(enough) / own_time, b = n / own_time;
        if ((naive_reach(b, k, 0.1) + 1.645 * std::sqrt(1 / b + 1 / k)) * own_spread <= wanted) break;
      }
      const std::size_t until = values_until(before, 0.1, wanted);
      if (enough == 200) {
        EXPECT_TRUE(until == kNeverEnough || until >= 200) << seed;
      } else {
        EXPECT_EQ(until, enough) << seed;
        ++counted;
      }
    }
  }
  EXPECT_GT(known, 12U);
  EXPECT_GT(counted, 8U);
}

// Weights on the simplex by very many small steps of projected gradient descent; effect and interval from
// them.
struct NaiveControl {
  Values weights;
  double error = 0, plain_error = 0;
  Interval effect;
};

using Rows = std::vector<Values>;  // a treated value, then the controls'

Values project(Values w) {  // onto the simplex: the shift that makes what is above 0 sum to 1
  const double shift = reference::passes(
      [&](double s) {
        double sum = 0;
        for (const double one : w) sum += std::max(0.0, one + s);
        return sum;
      },
      1, -10, 10);
  for (double& one : w) one = std::max(0.0, one + shift);
  return w;
}

Values naive_weights(const Rows& rows) {
  const std::size_t k = rows[0].size() - 1;
  Values means(k + 1, 0);
  for (const Values& row : rows)
    for (std::size_t c = 0; c <= k; ++c) means[c] += row[c] / static_cast<double>(rows.size());
  double size = 0;  // of the curvature
  for (const Values& row : rows)
    for (std::size_t c = 1; c <= k; ++c) size += std::pow(row[c] - means[c], 2);
  Values weights(k, 1 / static_cast<double>(k));
  for (int step = 0; step < 3000; ++step) {
    Values gradient(k, 0);
    for (const Values& row : rows) {
      double gap = row[0] - means[0];
      for (std::size_t c = 0; c < k; ++c) gap -= weights[c] * (row[c + 1] - means[c + 1]);
      for (std::size_t c = 0; c < k; ++c) gradient[c] -= gap * (row[c + 1] - means[c + 1]);
    }
    Values next = weights;
    for (std::size_t c = 0; c < k; ++c) next[c] -= gradient[c] / size;
    weights = project(next);
  }
  return weights;
}

NaiveControl naive_control(const Rows& before, const Rows& after, double alpha) {
  const std::size_t seen = before.size() * 2 / 3;
  const auto seen_end = before.begin() + static_cast<std::ptrdiff_t>(seen);
  NaiveControl out;
  out.weights = naive_weights({before.begin(), seen_end});
  const auto gaps = [&](auto from, auto to, const Values& weights) {
    Values gap;
    for (auto row = from; row != to; ++row) {
      gap.push_back((*row)[0]);
      for (std::size_t c = 0; c < weights.size(); ++c) gap.back() -= weights[c] * (*row)[c + 1];
    }
    return gap;
  };
  const auto off = [](const Values& values, double from) {
    double sum = 0;
    for (const double value : values) sum += std::pow(value - from, 2) / static_cast<double>(values.size());
    return std::sqrt(sum);
  };
  const Values none(out.weights.size(), 0);
  const Values unseen = gaps(seen_end, before.end(), out.weights),
               later = gaps(after.begin(), after.end(), out.weights);
  out.error = off(unseen, reference::mean(gaps(before.begin(), seen_end, out.weights)));
  out.plain_error =
      off(gaps(seen_end, before.end(), none), reference::mean(gaps(before.begin(), seen_end, none)));
  const Values zeros(unseen.size(), 0), later_zeros(later.size(), 0);
  out.effect = difference_in_differences(unseen, later, zeros, later_zeros, alpha);
  // Jackknife: the effect with each eighth of the seen rows left out.
  Values effects;
  for (std::size_t fold = 0; fold < 8; ++fold) {
    Rows kept;
    for (std::size_t i = 0; i < seen; ++i)
      if (i < seen * fold / 8 || i >= seen * (fold + 1) / 8) kept.push_back(before[i]);
    const Values weights = naive_weights(kept);
    effects.push_back(reference::mean(gaps(after.begin(), after.end(), weights)) -
                      reference::mean(gaps(seen_end, before.end(), weights)));
  }
  const double spread = std::sqrt(reference::scatter(effects) * 7 / 8);
  const double reach = std::hypot(out.effect.high - out.effect.estimate, normal_beyond(alpha / 2) * spread);
  out.effect.low = out.effect.estimate - reach, out.effect.high = out.effect.estimate + reach;
  return out;
}

TEST(SyntheticControl, weights_errors_and_interval_equal_the_naive_ones) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    const std::size_t k = 2 + seed % 3, count = 45;
    std::vector<Values> columns(1);
    for (unsigned c = 0; c < k; ++c) columns.push_back(noise(2 * count, seed * 9 + c, 0.5));
    const auto rest = noise(2 * count, seed * 9 + 8);
    for (std::size_t i = 0; i < 2 * count; ++i)
      columns[0].push_back(5 + 0.6 * columns[1][i] + 0.4 * columns[2][i] + 0.5 * rest[i] +
                           (i >= count ? 1.5 : 0));
    columns[1][7] = columns[0][60] = kNone;
    Rows before, after;
    for (std::size_t i = 0; i < 2 * count; ++i) {
      Values row;
      for (const Values& column : columns) row.push_back(column[i]);
      if (reference::present(row).size() == row.size()) (i < count ? before : after).push_back(row);
    }
    std::vector<Control> controls;
    for (std::size_t c = 1; c <= k; ++c)
      controls.push_back({std::span(columns[c]).first(count), std::span(columns[c]).last(count)});
    const auto told = synthetic_control(std::span(columns[0]).first(count), std::span(columns[0]).last(count),
                                        controls, 0.1);
    const NaiveControl naive = naive_control(before, after, 0.1);
    for (std::size_t c = 0; c < k; ++c) EXPECT_NEAR(told.weights[c], naive.weights[c], 1e-5) << seed;
    EXPECT_NEAR(told.error, naive.error, 1e-5) << seed;
    EXPECT_NEAR(told.plain_error, naive.plain_error, 1e-9) << seed;
    EXPECT_NEAR(told.effect.estimate, naive.effect.estimate, 1e-4) << seed;
    EXPECT_NEAR(told.effect.low, naive.effect.low, 1e-3) << seed;
    EXPECT_NEAR(told.effect.high, naive.effect.high, 1e-3) << seed;
  }
}

}  // namespace
}  // namespace trimtab::kernels
