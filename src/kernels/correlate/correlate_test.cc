// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/correlate/changed_rows.h"
#include "kernels/correlate/correlate_testlib.h"
#include "kernels/correlate/order.h"
#include "kernels/correlate/separation.h"
#include "kernels/quantile.h"
#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using reference::present;
using samples::noise;
using samples::sample;

std::vector<double> differences(std::span<const double> values) {
  std::vector<double> out(values.size(), kNone);
  for (std::size_t i = 1; i < values.size(); ++i) out[i] = values[i] - values[i - 1];
  return out;
}

double share_up_to(std::span<const double> values, double x) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), [&](double v) { return v <= x; })) /
         static_cast<double>(values.size());
}

// By the definition: the distributions compared at every value of either sample.
double naive_statistic(std::span<const double> a, std::span<const double> b) {
  double best = 0;
  for (const auto& side : {a, b})
    for (const double x : side) best = std::max(best, std::abs(share_up_to(a, x) - share_up_to(b, x)));
  return best;
}

RowChange scan_one(const std::vector<double>& row, const ColumnWindow& window) {
  RowChange out;
  ChangedRowsWorkspace workspace;
  scan_changed_rows({row, row.size()}, window, {&out, 1}, workspace);
  return out;
}

TEST(Order, sorting_and_median_equal_the_standard_ones) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::vector<double> values = present(sample(1 + (seed * 13) % 700, seed));
    if (values.empty()) continue;
    if (seed % 7 == 0) std::sort(values.begin(), values.end());
    if (seed % 7 == 1) std::sort(values.rbegin(), values.rend());
    std::vector<double> sorted = values, scratch(values.size()), ours = values;
    std::sort(sorted.begin(), sorted.end());
    sort_values(ours, scratch);
    EXPECT_EQ(ours, sorted) << seed;
    EXPECT_DOUBLE_EQ(fast_median(values), reference::median(sorted)) << seed;
    std::sort(values.begin(), values.end());
    EXPECT_EQ(values, sorted) << seed;  // reordered, nothing lost
  }
}

TEST(Separation, statistic_equals_the_definition_on_small_samples) {
  for (unsigned seed = 0; seed < 600; ++seed) {
    const std::vector<double> a = present(sample(2 + seed % 40, seed));
    const std::vector<double> b = present(sample(2 + (seed * 5) % 90, seed + 6));
    if (a.empty() || b.empty()) continue;
    std::vector<double> small = a, scratch(a.size());
    sort_values(small, scratch);
    small.resize(a.size() + kSeparationGuard);
    std::vector<std::uint32_t> counts(separation_counts(a.size()));
    const Separation out = separate(small, b, counts);
    EXPECT_NEAR(out.statistic, naive_statistic(a, b), 1e-12) << seed;
    const auto up = [&](double v) { return out.above ? v > out.at : v >= out.at; };
    const auto share = [&](const std::vector<double>& values) {
      return static_cast<double>(std::count_if(values.begin(), values.end(), up)) /
             static_cast<double>(values.size());
    };
    EXPECT_NEAR(std::abs(share(a) - share(b)), out.statistic, 1e-12) << seed;
    if (out.statistic > 0) {
      EXPECT_EQ(out.higher, share(a) > share(b)) << seed;
      EXPECT_NEAR(out.middle, 0.5 * (share(a) + share(b)), 1e-12) << seed;
    }
  }
}

// The alternating series with as many terms as it takes; Stephens' correction.
double naive_kolmogorov(double lambda) {
  long double sum = 0;
  for (int j = 1; j < 150; ++j)
    sum += (j % 2 == 1 ? 2 : -2) * std::exp(-2 * static_cast<long double>(j) * j * lambda * lambda);
  return static_cast<double>(sum);
}

TEST(Separation, probability_equals_the_series_of_the_limit_law) {
  for (double lambda = 0.05; lambda < 5; lambda += 0.013)
    EXPECT_NEAR(kolmogorov_tail(lambda), naive_kolmogorov(lambda), 1e-12) << lambda;
  for (const double n : {4.0, 20.5, 300.0}) {
    for (const double m : {4.0, 60.0}) {
      for (const double statistic : {0.1, 0.4, 0.9}) {
        const double e = std::sqrt(n * m / (n + m));
        EXPECT_NEAR(separation_probability(statistic, n, m),
                    naive_kolmogorov(e * statistic + 0.12 * statistic + 0.11 * statistic / e), 1e-12);
      }
    }
  }
}

TEST(Separation, kolmogorov_tail_has_its_published_quantiles) {
  // Smirnov's table (1948): critical values of the limit law.
  EXPECT_NEAR(kolmogorov_tail(1.22385), 0.10, 1e-5);
  EXPECT_NEAR(kolmogorov_tail(1.35810), 0.05, 1e-5);
  EXPECT_NEAR(kolmogorov_tail(1.62762), 0.01, 1e-5);
  EXPECT_EQ(kolmogorov_tail(0), 1);
  EXPECT_LT(kolmogorov_tail(6), 1e-30);
  double before = 1;
  for (double lambda = 0; lambda < 3; lambda += 0.001) {  // both series meet without a step
    const double tail = kolmogorov_tail(lambda);
    EXPECT_LE(tail, before + 1e-12) << lambda;
    EXPECT_LT(before - tail, 0.002) << lambda;
    before = tail;
  }
}

// Lag by lag over the columns, with the same rules.
EffectiveCounts naive_effective(std::span<const double> values, double centre, double n, double m) {
  double above = 0, up_share = 0;
  const auto finite = static_cast<double>(present(values).size());
  double at_or_above = 0;
  for (const double v : values) {
    above += v > centre ? 1 : 0;
    at_or_above += v >= centre ? 1 : 0;
  }
  const bool strictly = std::abs(2 * at_or_above - finite) >= std::abs(2 * above - finite);
  up_share = (strictly ? above : at_or_above) / finite;
  if (up_share == 0 || up_share == 1) return {n, m};
  const auto up = [&](double v) { return strictly ? v > centre : v >= centre; };
  const auto correlation = [&](std::size_t lag) {
    double pairs = 0, unlike = 0;
    for (std::size_t i = 0; i + lag < values.size(); ++i) {
      if (!std::isfinite(values[i]) || !std::isfinite(values[i + lag])) continue;
      pairs += 1;
      unlike += up(values[i]) != up(values[i + lag]) ? 1 : 0;
    }
    if (pairs == 0) return 0.0;
    return std::sin(std::acos(-1) / 2 *
                    std::clamp(1 - unlike / pairs / (2 * up_share * (1 - up_share)), -1.0, 1.0));
  };
  std::vector<double> rho{1};
  for (std::size_t lag = 0; lag < values.size() / 3; lag += 2) {
    const double even = correlation(lag), odd = correlation(lag + 1);
    if (even + odd <= 0) break;
    if (lag > 0) rho.push_back(even);
    rho.push_back(odd);
  }
  double time = 1;
  for (std::size_t k = 1; k < rho.size(); ++k) time += 2 * rho[k];
  const auto sum = [&](double count) {
    double out = 1;
    for (std::size_t k = 1; k < rho.size(); ++k)
      out += 2 * std::max(0.0, 1 - static_cast<double>(k) / count) * (rho[k] + std::max(1.0, time) / finite);
    return out;
  };
  return {n / std::clamp(sum(n), 1.0, n), m / std::clamp(sum(m), 1.0, m)};
}

// One lane, levels or differences, of a row.
struct NaiveLane {
  std::vector<double> reference, window;
  double statistic = 0, probability = 1;
  EffectiveCounts effective;
};

NaiveLane naive_lane(std::span<const double> values, std::size_t begin) {
  NaiveLane out;
  out.reference = present(values.first(begin));
  out.window = present(values.subspan(begin));
  if (out.reference.size() < kReferenceValuesMin || out.window.size() < kWindowValuesMin) return out;
  out.statistic = naive_statistic(out.reference, out.window);
  out.effective =
      naive_effective(values.first(begin), reference::median(out.reference),
                      static_cast<double>(out.reference.size()), static_cast<double>(out.window.size()));
  const double n = out.effective.reference, m = out.effective.window, e = std::sqrt(n * m / (n + m));
  const double lambda = (e + 0.12 + 0.11 / e) * out.statistic;
  out.probability = lambda > 0.05 ? naive_kolmogorov(lambda) : 1;
  return out;
}

// The largest sum of any stretch that begins at most a window's length before the window and ends in it, over
// values that lie on the window's side of `at`, each less `middle`; and that of the stretches from `onset`
// on.
struct Excess {
  double best = -INFINITY, from_onset = -INFINITY;
};
Excess naive_excess(std::span<const double> values, std::size_t begin, double at, bool above, bool higher,
                    double middle, std::size_t onset) {
  const std::size_t length = values.size() - begin, first = begin - std::min(begin, length);
  Excess out;
  for (std::size_t from = first; from < values.size(); ++from) {
    double sum = 0;
    for (std::size_t i = from; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) continue;
      const double up = (above ? values[i] > at : values[i] >= at) ? 1 : 0;
      sum += (higher ? 1 : -1) * (up - middle);
      if (i < begin) continue;
      out.best = std::max(out.best, sum);
      if (from == onset) out.from_onset = std::max(out.from_onset, sum);
    }
  }
  return out;
}

// Direction and onset, wherever several values part the samples equally well for any one of them.
void expect_told_like_a_best_value(const RowChange& out, std::span<const double> values, std::size_t begin,
                                   const NaiveLane& lane, bool levels) {
  bool onset_is_best = false, direction_is_best = out.direction == ChangeDirection::kNone;
  for (const auto& side : {lane.reference, lane.window}) {
    for (const double at : side) {
      for (const bool above : {true, false}) {
        const auto share = [&](const std::vector<double>& all) {
          return static_cast<double>(std::count_if(all.begin(), all.end(),
                                                   [&](double v) { return above ? v > at : v >= at; })) /
                 static_cast<double>(all.size());
        };
        const double before = share(lane.reference), after = share(lane.window);
        if (std::abs(std::abs(after - before) - lane.statistic) > 1e-12) continue;
        const Excess excess =
            naive_excess(values, begin, at, above, after > before, (before + after) / 2, out.onset);
        onset_is_best |= excess.from_onset >= excess.best - 1e-9;
        direction_is_best |= (after > before) == (out.direction == ChangeDirection::kUp);
      }
    }
  }
  EXPECT_TRUE(onset_is_best) << "onset " << out.onset;
  if (levels) {
    EXPECT_TRUE(direction_is_best);
  }
}

TEST(ChangedRows, every_figure_equals_a_naive_one) {
  for (unsigned seed = 0; seed < 120; ++seed) {
    const std::size_t columns = 60 + seed % 90, begin = columns / (seed % 2 == 0 ? 4 : 2) + 15;
    std::vector<double> row = sample(columns, seed);
    for (std::size_t i = begin + seed % 9; i < columns; ++i) row[i] += seed % 3;
    const RowChange out = scan_one(row, {begin, columns});
    const NaiveLane levels = naive_lane(row, begin);
    EXPECT_EQ(out.reference_count, levels.reference.size());
    EXPECT_EQ(out.window_count, levels.window.size());
    ASSERT_EQ(out.judged,
              levels.reference.size() >= kReferenceValuesMin && levels.window.size() >= kWindowValuesMin);
    if (!out.judged) continue;
    const std::vector<double> moves_of_row = differences(row);
    const NaiveLane moves = naive_lane(moves_of_row, begin);
    const double centre = reference::median(levels.reference);
    const double spread = std::max({reference::mad(levels.reference, centre), 1e-9, 0.01 * std::abs(centre)});
    const double shift = (reference::median(levels.window) - centre) / spread;
    for (const auto& [figure, expected] :
         {std::pair{out.level_statistic, levels.statistic},
          {out.difference_statistic, moves.statistic},
          {out.level_probability, levels.probability},
          {out.difference_probability, moves.probability},
          {out.probability, std::min(1.0, 2 * std::min(levels.probability, moves.probability))},
          {out.reference_median, centre},
          {out.window_median, reference::median(levels.window)},
          {out.shift, shift},
          {out.effective_reference, levels.effective.reference},
          {out.effective_window, levels.effective.window}})
      ASSERT_NEAR(figure, expected, 1e-9 * (1 + std::abs(expected))) << seed;
    const bool by_moves = out.evidence == ChangeEvidence::kDifferences;
    ASSERT_EQ(by_moves, moves.probability < levels.probability) << seed;
    ASSERT_EQ(out.direction == ChangeDirection::kNone, levels.statistic == 0) << seed;
    const NaiveLane& told = by_moves ? moves : levels;
    if (told.statistic == 0) continue;
    expect_told_like_a_best_value(out, by_moves ? moves_of_row : row, begin, told, !by_moves);
  }
}

TEST(ChangedRows, ranking_equals_every_bound_tried_and_a_plain_sort) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<RowChange> changes(random() % 30);
    std::size_t judged = 0;
    for (RowChange& change : changes) {
      change.judged = random() % 5 != 0;
      judged += change.judged ? 1 : 0;
      change.probability = std::pow(10, -static_cast<double>(random() % 40) / 10);
      change.shift = static_cast<double>(random() % 7) - 3;
      change.level_statistic = static_cast<double>(random() % 3);
      change.difference_statistic = static_cast<double>(random() % 3);
    }
    double bound = -1;
    for (const RowChange& tried : changes) {
      double passing = 0;
      for (const RowChange& other : changes)
        passing += other.judged && other.probability <= tried.probability ? 1 : 0;
      if (tried.judged && tried.probability <= 0.1 * passing / static_cast<double>(judged))
        bound = std::max(bound, tried.probability);
    }
    std::vector<std::size_t> naive;
    for (std::size_t row = 0; row < changes.size(); ++row)
      if (changes[row].judged && changes[row].probability <= bound) naive.push_back(row);
    std::stable_sort(naive.begin(), naive.end(), [&](std::size_t a, std::size_t b) {
      const RowChange &x = changes[a], &y = changes[b];
      if (std::abs(x.shift) != std::abs(y.shift)) return std::abs(x.shift) > std::abs(y.shift);
      const double p = std::max(x.level_statistic, x.difference_statistic);
      const double q = std::max(y.level_statistic, y.difference_statistic);
      return p != q ? p > q : x.probability < y.probability;
    });
    EXPECT_EQ(rank_changed_rows(changes, 0.1), naive) << seed;
  }
}

TEST(SignDependence, bits_give_what_a_walk_over_the_columns_gives) {
  for (unsigned seed = 0; seed < 120; ++seed) {
    std::vector<double> values =
        seed % 2 == 0 ? sample(30 + seed * 3, seed) : noise(30 + seed * 3, seed, 0.9);
    std::vector<double> finite = present(values);
    if (finite.empty()) continue;
    const auto count = static_cast<double>(finite.size());
    const double centre = median_in_place(finite);
    SignBits bits;
    bits.assign(values, centre);
    const EffectiveCounts ours = effective_counts(bits, finite.size(), 20);
    const EffectiveCounts naive = naive_effective(values, centre, count, 20);
    EXPECT_NEAR(ours.reference, naive.reference, 1e-9 * count) << seed;
    EXPECT_NEAR(ours.window, naive.window, 1e-8) << seed;
  }
}

TEST(SignDependence, effective_count_is_that_of_the_process) {
  // n (1 - phi) / (1 + phi) for AR(1)
  for (const auto& [phi, least, most] : {std::tuple{0.0, .85, 1.0}, {0.5, .25, .37}, {0.9, .035, .065}}) {
    const std::vector<double> values = noise(20'000, 5, phi);
    SignBits bits;
    bits.assign(values, 0);
    const double share = effective_counts(bits, values.size(), 60).reference / 20'000;
    EXPECT_GE(share, least) << phi;
    EXPECT_LE(share, most) << phi;
  }
}

TEST(ChangedRows, too_little_is_not_judged) {
  const std::vector<double> row = noise(60, 1);
  EXPECT_FALSE(scan_one(row, {60, 60}).judged);  // empty window
  EXPECT_FALSE(scan_one(row, {59, 60}).judged);  // one point
  EXPECT_FALSE(scan_one(row, {0, 60}).judged);   // no reference
  EXPECT_FALSE(scan_one(row, {0, 0}).judged);
  EXPECT_FALSE(scan_one({1}, {0, 1}).judged);
  const RowChange empty = scan_one(std::vector<double>(60, kNone), {50, 60});
  EXPECT_FALSE(empty.judged);
  EXPECT_EQ(empty.reference_count, 0u);
  EXPECT_EQ(empty.probability, 1);
  EXPECT_TRUE(rank_changed_rows(std::vector<RowChange>{empty}, 0.1).empty());
  EXPECT_TRUE(rank_changed_rows({}, 0.1).empty());
}

TEST(ChangedRows, a_constant_has_not_changed_and_a_step_of_one_has) {
  std::vector<double> row(200, 5);
  const RowChange same = scan_one(row, {170, 200});
  EXPECT_TRUE(same.judged);
  EXPECT_EQ(same.probability, 1);
  EXPECT_EQ(same.shift, 0);
  EXPECT_EQ(same.direction, ChangeDirection::kNone);
  std::fill(row.begin() + 180, row.end(), 4);
  const RowChange step = scan_one(row, {170, 200});
  EXPECT_LT(step.probability, 1e-6);
  EXPECT_EQ(step.direction, ChangeDirection::kDown);
  EXPECT_EQ(step.onset, 180u);
}

TEST(ChangedRows, shift_and_positive_scale_of_a_row_change_nothing) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    if (seed % 6 == 4) continue;  // a constant's spread is all floor
    std::vector<double> row = sample(150, seed);
    for (std::size_t i = 130; i < 150; ++i) row[i] += seed % 3;
    std::vector<double> moved = row;
    for (double& value : moved) value = 4 * value + 16;  // exact enough to keep ties
    const RowChange a = scan_one(row, {125, 150}), b = scan_one(moved, {125, 150});
    EXPECT_EQ(a.level_statistic, b.level_statistic) << seed;
    EXPECT_NEAR(a.difference_statistic, b.difference_statistic, 1e-12) << seed;
    EXPECT_NEAR(a.probability, b.probability, 1e-12) << seed;
    EXPECT_NEAR(a.shift, b.shift, 1e-9 * (1 + std::abs(a.shift))) << seed;
    EXPECT_EQ(a.direction, b.direction) << seed;
    EXPECT_EQ(a.onset, b.onset) << seed;
  }
}

TEST(ChangedRows, red_noise_without_change_stays_below_the_nominal_rate) {
  constexpr std::size_t kRows = 2000, kColumns = 600;
  for (const double phi : {0.0, 0.5, 0.9, 0.97}) {
    std::vector<double> values;
    for (unsigned row = 0; row < kRows; ++row) {
      const auto one = noise(kColumns, 1000 + row, phi);
      values.insert(values.end(), one.begin(), one.end());
    }
    std::vector<RowChange> out(kRows);
    ChangedRowsWorkspace workspace;
    scan_changed_rows({values, kColumns}, {540, kColumns}, out, workspace);
    const auto below = [&](double p) {
      return static_cast<double>(std::count_if(
                 out.begin(), out.end(), [&](const RowChange& change) { return change.probability <= p; })) /
             kRows;
    };
    EXPECT_LE(below(0.1), 0.1) << phi;
    EXPECT_LE(below(0.01), 0.01) << phi;
    // With nothing changed every discovery is false: the share of looks with any at all is at most the rate.
    // Twenty looks of 100 rows at 5 %: at most 3 with any (binomial, 98 %).
    int looks_with_any = 0;
    for (std::size_t look = 0; look < 20; ++look)
      looks_with_any += rank_changed_rows(std::span(out).subspan(look * 100, 100), 0.05).empty() ? 0 : 1;
    EXPECT_LE(looks_with_any, 3) << phi;
    EXPECT_TRUE(rank_changed_rows(out, 0.05).empty()) << phi;
  }
}

TEST(ChangedRows, planted_shifts_are_found_with_direction_and_onset) {
  constexpr std::size_t kRows = 400, kColumns = 600, kBegin = 540;
  std::vector<double> values;
  std::vector<std::size_t> onsets;
  for (unsigned row = 0; row < kRows; ++row) {
    auto one = noise(kColumns, 9000 + row, row % 2 == 0 ? 0 : 0.3);
    const std::size_t onset = kBegin - 10 + row % 35;  // also a little before the window
    onsets.push_back(onset);
    if (row % 4 != 3)
      for (std::size_t i = onset; i < kColumns; ++i) one[i] += row % 3 == 0 ? -6 : 6;
    values.insert(values.end(), one.begin(), one.end());
  }
  std::vector<RowChange> out(kRows);
  ChangedRowsWorkspace workspace;
  scan_changed_rows({values, kColumns}, {kBegin, kColumns}, out, workspace);
  const auto found = rank_changed_rows(out, 0.05);
  std::size_t right = 0, onset_right = 0, false_ones = 0;
  for (const std::size_t row : found) {
    if (row % 4 == 3) {
      ++false_ones;
      continue;
    }
    ++right;
    EXPECT_EQ(out[row].direction, row % 3 == 0 ? ChangeDirection::kDown : ChangeDirection::kUp) << row;
    const auto off = static_cast<double>(out[row].onset) - static_cast<double>(onsets[row]);
    onset_right += std::abs(off) <= 2 ? 1 : 0;
  }
  EXPECT_EQ(right, 300u);
  EXPECT_LE(false_ones, 15u);
  EXPECT_GE(onset_right, 294u);  // 98 %: the most telling value may lie inside the noise
  for (std::size_t i = 1; i < found.size(); ++i)
    EXPECT_GE(std::abs(out[found[i - 1]].shift), std::abs(out[found[i]].shift));
}

TEST(ChangedRows, a_change_of_behaviour_alone_is_told_by_the_differences) {
  // A wandering level whose steps grow: the levels stay where they might have wandered anyway.
  std::vector<double> row(600);
  const auto steps = noise(600, 3);
  double state = 0;
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = state = 0.97 * state + (i < 540 ? 1 : 5) * steps[i];
  const RowChange out = scan_one(row, {540, 600});
  EXPECT_EQ(out.evidence, ChangeEvidence::kDifferences);
  EXPECT_LT(out.difference_probability, 1e-3);
  EXPECT_GT(out.level_probability, 0.01);
}

TEST(ChangedRows, order_and_split_of_rows_do_not_matter) {
  constexpr std::size_t kRows = 50, kColumns = 120;
  std::vector<double> values, turned;
  for (unsigned row = 0; row < kRows; ++row) {
    auto one = sample(kColumns, row);
    for (std::size_t i = 100; i < kColumns; ++i) one[i] += row % 5;
    values.insert(values.end(), one.begin(), one.end());
    turned.insert(turned.begin(), one.begin(), one.end());
  }
  ChangedRowsWorkspace one, other;
  std::vector<RowChange> all(kRows), reversed(kRows), halves(kRows);
  const ColumnWindow window{100, kColumns};
  scan_changed_rows({values, kColumns}, window, all, one);
  scan_changed_rows({turned, kColumns}, window, reversed, one);
  scan_changed_rows({std::span(values).subspan(20 * kColumns), kColumns}, window,
                    std::span(halves).subspan(20), other);
  scan_changed_rows({std::span(values).first(20 * kColumns), kColumns}, window, std::span(halves).first(20),
                    other);
  const auto expect_same = [](const RowChange& a, const RowChange& b) {
    EXPECT_EQ(a.probability, b.probability);
    EXPECT_EQ(a.level_statistic, b.level_statistic);
    EXPECT_EQ(a.difference_statistic, b.difference_statistic);
    EXPECT_EQ(a.shift, b.shift);
    EXPECT_EQ(a.onset, b.onset);
    EXPECT_EQ(a.direction, b.direction);
  };
  for (std::size_t row = 0; row < kRows; ++row) {
    expect_same(all[row], reversed[kRows - 1 - row]);
    expect_same(all[row], halves[row]);
  }
  auto ranked = rank_changed_rows(all, 0.05), ranked_reversed = rank_changed_rows(reversed, 0.05);
  ASSERT_FALSE(ranked.empty());
  for (std::size_t& row : ranked_reversed) row = kRows - 1 - row;
  std::sort(ranked.begin(), ranked.end());
  std::sort(ranked_reversed.begin(), ranked_reversed.end());
  EXPECT_EQ(ranked, ranked_reversed);
}

}  // namespace
}  // namespace trimtab::kernels
