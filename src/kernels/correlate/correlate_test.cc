// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/correlate/changed_rows.h"
#include "kernels/correlate/lagged_correlation.h"
#include "kernels/correlate/order.h"
#include "kernels/correlate/separation.h"
#include "kernels/distributions.h"
#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<double> noise(std::size_t count, unsigned seed, double phi = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  double state = normal(random) / std::sqrt(1 - phi * phi);
  for (double& value : out) value = state = phi * state + normal(random);
  return out;
}

// Values of several kinds: plain, with ties, with gaps, with both, constant, heavy-tailed.
std::vector<double> sample(std::size_t count, unsigned seed) {
  std::vector<double> out = noise(count, seed);
  for (std::size_t i = 0; i < count; ++i) {
    if (seed % 6 == 1 || seed % 6 == 3) out[i] = std::round(out[i]);
    if (seed % 6 == 4) out[i] = 3;
    if (seed % 6 == 5) out[i] = std::exp(4 * out[i]);
    if ((seed % 6 == 2 || seed % 6 == 3) && (i * 7 + seed) % 5 == 0) out[i] = kNone;
  }
  return out;
}

std::vector<double> present(std::span<const double> values) {
  std::vector<double> out;
  for (const double value : values)
    if (std::isfinite(value)) out.push_back(value);
  return out;
}

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
    std::vector<double> values = present(sample(1 + (seed * 13) % 300, seed));
    if (values.empty()) continue;
    if (seed % 7 == 0) std::sort(values.begin(), values.end());
    if (seed % 7 == 1) std::sort(values.rbegin(), values.rend());
    std::vector<double> sorted = values, scratch(values.size()), ours = values, again = values;
    std::sort(sorted.begin(), sorted.end());
    sort_values(ours, scratch);
    EXPECT_EQ(ours, sorted) << seed;
    EXPECT_DOUBLE_EQ(fast_median(values), median_in_place(again)) << seed;
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

TEST(ChangedRows, every_figure_equals_a_naive_one) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const std::size_t columns = 60 + seed % 90, begin = columns / (seed % 2 == 0 ? 4 : 2) + 15;
    const std::vector<double> row = sample(columns, seed);
    const RowChange out = scan_one(row, {begin, columns});
    std::vector<double> reference = present(std::span(row).first(begin));
    std::vector<double> window = present(std::span(row).subspan(begin));
    EXPECT_EQ(out.reference_count, reference.size());
    EXPECT_EQ(out.window_count, window.size());
    ASSERT_EQ(out.judged, reference.size() >= kReferenceValuesMin && window.size() >= kWindowValuesMin);
    if (!out.judged) continue;
    EXPECT_NEAR(out.level_statistic, naive_statistic(reference, window), 1e-12) << seed;
    const std::vector<double> moves = differences(row);
    const auto moves_before = present(std::span(moves).first(begin));
    const auto moves_after = present(std::span(moves).subspan(begin));
    if (moves_before.size() >= kReferenceValuesMin && moves_after.size() >= kWindowValuesMin) {
      EXPECT_NEAR(out.difference_statistic, naive_statistic(moves_before, moves_after), 1e-12) << seed;
    }
    const double centre = median_in_place(reference);
    EXPECT_DOUBLE_EQ(out.reference_median, centre);
    EXPECT_DOUBLE_EQ(out.window_median, median_in_place(window));
    const double spread = std::max(mad_in_place(reference, centre), scale_floor(centre, 0));
    EXPECT_NEAR(out.shift, (out.window_median - centre) / spread, 1e-9 * std::abs(out.shift)) << seed;
    EXPECT_DOUBLE_EQ(
        out.level_probability,
        separation_probability(out.level_statistic, out.effective_reference, out.effective_window));
    EXPECT_DOUBLE_EQ(out.probability,
                     std::min(1.0, 2 * std::min(out.level_probability, out.difference_probability)));
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

LaggedCorrelation correlate(const std::vector<double>& target, const std::vector<double>& candidate,
                            std::size_t lag_max) {
  LaggedCorrelationWorkspace workspace;
  whiten_target(target, workspace);
  return correlate_with_target(candidate, lag_max, workspace);
}

TEST(LaggedCorrelation, equals_pearson_of_the_filtered_pairs) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const std::vector<double> x = seed % 2 == 0 ? sample(80, seed) : noise(80, seed, 0.8),
                              y = sample(80, seed + 2);
    LaggedCorrelationWorkspace workspace;
    whiten_target(x, workspace);
    const LaggedCorrelation out = correlate_with_target(y, 4, workspace);
    const auto filtered = [&](const std::vector<double>& v) {
      const auto there = present(v);
      double mean = 0;
      for (const double value : there) mean += value / static_cast<double>(there.size());
      std::vector<double> e(v.size(), kNone);
      for (std::size_t i = 1; i < v.size(); ++i)
        e[i] = v[i] - mean - workspace.coefficient * (v[i - 1] - mean);
      return e;
    };
    const auto a = filtered(x), b = filtered(y);
    double best = 0;
    for (int lag = -4; lag <= 4; ++lag) {
      std::vector<double> p, q;
      for (int i = 0; i < 80; ++i) {
        const int j = i - lag;
        if (j < 0 || j >= 80 || !std::isfinite(a[static_cast<std::size_t>(i)]) ||
            !std::isfinite(b[static_cast<std::size_t>(j)]))
          continue;
        p.push_back(a[static_cast<std::size_t>(i)]);
        q.push_back(b[static_cast<std::size_t>(j)]);
      }
      double mp = 0, mq = 0, pp = 0, qq = 0, pq = 0;
      for (std::size_t i = 0; i < p.size(); ++i) {
        mp += p[i] / static_cast<double>(p.size());
        mq += q[i] / static_cast<double>(p.size());
      }
      for (std::size_t i = 0; i < p.size(); ++i) {
        pp += (p[i] - mp) * (p[i] - mp);
        qq += (q[i] - mq) * (q[i] - mq);
        pq += (p[i] - mp) * (q[i] - mq);
      }
      if (p.size() < kPairsMin || pp < 1e-12 || qq < 1e-12) continue;
      const double r = pq / std::sqrt(pp * qq);
      if (lag == out.lag) {
        EXPECT_NEAR(out.correlation, r, 1e-9) << seed;
      }
      best = std::max(best, std::abs(r));
    }
    EXPECT_NEAR(std::abs(out.correlation), best, 1e-9) << seed;
  }
}

TEST(LaggedCorrelation, the_lag_and_its_sign_are_found) {
  const auto driver = noise(620, 1, 0.7), own = noise(600, 2);
  for (const int lead : {0, 3, 12, -5}) {
    std::vector<double> target(600), candidate(600);
    for (std::size_t i = 0; i < 600; ++i) {
      target[i] = driver[i + 5] + 0.5 * own[i];
      // candidate[t - lead] is what target[t] follows
      candidate[i] = -driver[static_cast<std::size_t>(static_cast<int>(i) + lead + 5)];
    }
    const LaggedCorrelation out = correlate(target, candidate, 15);
    EXPECT_EQ(out.lag, lead);
    EXPECT_LT(out.correlation, -0.5);
    EXPECT_LT(out.probability, 1e-10);
  }
}

TEST(LaggedCorrelation, independent_red_series_do_not_flood) {
  int low = 0;
  for (unsigned seed = 0; seed < 500; ++seed)
    low += correlate(noise(600, seed, 0.95), noise(600, seed + 5000, 0.95), 10).probability <= 0.05 ? 1 : 0;
  EXPECT_LE(low, 36);  // 5 % of 500, and 99 % of the binomial
}

TEST(LaggedCorrelation, nothing_to_correlate_gives_probability_one) {
  const auto plain = noise(50, 1);
  for (const auto& candidate : {std::vector<double>(50, 2.0), std::vector<double>(50, kNone)}) {
    const LaggedCorrelation out = correlate(plain, candidate, 5);
    EXPECT_EQ(out.correlation, 0);
    EXPECT_EQ(out.probability, 1);
    EXPECT_EQ(correlate(candidate, plain, 5).probability, 1);
  }
  EXPECT_EQ(correlate({}, {}, 5).probability, 1);
  EXPECT_EQ(correlate({1}, {2}, 5).probability, 1);
  const LaggedCorrelation self = correlate(plain, plain, 5);
  EXPECT_EQ(self.lag, 0);
  EXPECT_NEAR(self.correlation, 1, 1e-12);
}

}  // namespace
}  // namespace trimtab::kernels
