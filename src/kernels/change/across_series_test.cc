// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/across_series.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/change/e_divisive.h"
#include "kernels/noise_testlib.h"

namespace trimtab::kernels {
namespace {

std::vector<double> step(std::size_t count, std::size_t at, double size, unsigned seed) {
  auto out = noise(count, seed);
  for (std::size_t i = at; i < count; ++i) out[i] += size;
  return out;
}

SeriesChanges changes_of(const std::vector<double>& values) {
  ChangeWorkspace workspace;
  SeriesChanges out;
  out.cells = values.size();
  find_changes(values, {}, workspace, out.changes);
  return out;
}

ChangePoint told(std::size_t index, double before, double after, double probability) {
  ChangePoint out;
  out.index = index;
  out.before = before;
  out.after = after;
  out.t_probability = out.rank_probability = probability;
  return out;
}

TEST(AcrossSeries, weak_changes_among_many_series_go_and_strong_ones_stay) {
  std::vector<SeriesChanges> series(1000);
  for (auto& one : series) one.cells = 100;
  series[3].changes = {told(50, 0, 9, 1e-12)};
  series[7].changes = {told(20, 0, 1, 1e-5), told(60, 1, 9, 1e-9)};
  EXPECT_EQ(keep_false_discovery_rate(series, 0.05), 1u);
  EXPECT_EQ(series[3].changes.size(), 1u);
  ASSERT_EQ(series[7].changes.size(), 1u);
  EXPECT_EQ(series[7].changes[0].index, 60u);
  // The same change alone is no one's chance.
  std::vector<SeriesChanges> alone(1);
  alone[0] = {{told(20, 0, 1, 1e-5)}, 100};
  EXPECT_EQ(keep_false_discovery_rate(alone, 0.05), 0u);
  EXPECT_EQ(keep_false_discovery_rate({}, 0.05), 0u);
}

TEST(AcrossSeries, a_cost_that_moved_is_paired_and_one_that_grew_is_not) {
  const std::vector<SeriesChanges> series = {
      changes_of(step(300, 200, -6, 1)), changes_of(step(300, 201, 6, 2)), changes_of(step(300, 90, 6, 3)),
      changes_of(step(300, 200, 12, 4))};
  const auto shifts = find_cost_shifts(series);
  ASSERT_EQ(shifts.size(), 1u);
  EXPECT_EQ(shifts[0].from, 0u);
  EXPECT_EQ(shifts[0].to, 1u);
  EXPECT_TRUE(find_cost_shifts({}).empty());
}

TEST(AcrossSeries, one_fall_explains_one_rise) {
  std::vector<SeriesChanges> series(3);
  series[0].changes = {told(50, 10, 4, 1e-9)};
  series[1].changes = {told(51, 0, 5, 1e-9)};
  series[2].changes = {told(50, 0, 6, 1e-9)};
  const auto shifts = find_cost_shifts(series);
  ASSERT_EQ(shifts.size(), 1u);
  EXPECT_EQ(shifts[0].to, 2u) << "the one that cancels best";
}

TEST(Changes, a_season_is_no_change_and_does_not_hide_one) {
  for (const std::size_t count :
       {std::size_t{960}, std::size_t{9600}}) {  // the longer one beyond the tail looked at
    auto values = noise(count, 5, 0.3);
    for (std::size_t i = 0; i < count; ++i)
      values[i] +=
          8 * std::sin(2 * std::acos(-1) * static_cast<double>(i) / 48) + (i >= count / 2 + 7 ? 5 : 0);
    const auto found = changes_of(values).changes;
    ASSERT_EQ(found.size(), 1u) << count;
    EXPECT_NEAR(static_cast<double>(found[0].index), static_cast<double>(count / 2 + 7), 3) << count;
  }
}

// q of every split from all pairs.
std::size_t naive_split(const std::vector<double>& v, std::size_t cells_min) {
  std::size_t best = 0;
  double most = 0;
  for (std::size_t cut = cells_min; cut + cells_min <= v.size(); ++cut) {
    double between = 0, before = 0, after = 0, pairs_before = 0, pairs_after = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
      for (std::size_t j = i + 1; j < v.size(); ++j) {
        const double gap = std::abs(v[i] - v[j]);
        if (i < cut && j >= cut) between += gap;
        if (j < cut) before += gap, pairs_before += 1;
        if (i >= cut) after += gap, pairs_after += 1;
      }
    }
    const double m = static_cast<double>(cut), n = static_cast<double>(v.size() - cut);
    const double q =
        m * n / (m + n) *
        (2 * between / (m * n) - before / std::max(1.0, pairs_before) - after / std::max(1.0, pairs_after));
    if (q > most + 1e-12) most = q, best = cut;
  }
  return best;
}

TEST(EDivisive, best_split_equals_the_one_from_all_pairs) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const std::size_t count = 6 + seed % 30;
    const auto values = step(count, count / 3, seed % 3, seed);
    EXPECT_EQ(best_energy_split(values, 1 + seed % 3), naive_split(values, 1 + seed % 3)) << seed;
  }
  EXPECT_EQ(best_energy_split({}, 3), 0u);
  EXPECT_EQ(best_energy_split(std::vector<double>(5, 1.0), 3), 0u);
  EXPECT_EQ(best_energy_split(std::vector<double>(50, 1.0), 3), 0u);
}

TEST(EDivisive, steps_are_found_and_white_noise_has_few) {
  EDivisiveScratch scratch;
  std::vector<std::size_t> cuts;
  e_divisive(step(300, 140, 4, 1), {}, scratch, cuts);
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_NEAR(static_cast<double>(cuts[0]), 140, 2);
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    e_divisive(noise(200, seed), {}, scratch, cuts);
    found += cuts.size();
  }
  EXPECT_LT(found, 60u) << "its t-test is over-confident about a split that was chosen";
  e_divisive({}, {}, scratch, cuts);
  EXPECT_TRUE(cuts.empty());
}

}  // namespace
}  // namespace trimtab::kernels
