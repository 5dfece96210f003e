// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/across_series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>
#include <set>

#include "kernels/change/e_divisive.h"
#include "kernels/distributions.h"
#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"

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

// Changes at random places of eight series; some fall by about as much as others rise.
std::vector<SeriesChanges> random_series(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<SeriesChanges> out(8);
  for (auto& one : out) {
    one.cells = 50 + random() % 200;
    for (unsigned k = 0; k < random() % 4; ++k) {
      const double size = static_cast<double>(random() % 5) - 2 + 0.01 * static_cast<double>(random() % 10);
      const double chance = std::pow(10, -static_cast<double>(random() % 70) / 10);
      one.changes.push_back(told(random() % 12, 10, 10 + size, chance));
      if (random() % 6 == 0) one.changes.back().kind = ChangeKind::kBend;
    }
  }
  return out;
}

TEST(AcrossSeries, false_discovery_rate_equals_every_bound_tried) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const auto all = random_series(seed);
    double judged = 0;
    std::vector<double> chances;
    for (const auto& one : all) {
      judged += one.changes.empty() ? 1 : static_cast<double>(one.changes.size());
      for (const auto& change : one.changes)
        chances.push_back(std::min(1.0, change.probability() * static_cast<double>(one.cells)));
    }
    for (const double rate : {0.01, 0.2, 0.9}) {
      // The highest bound that so many pass that chance gives no more than their share.
      double bound = -1;
      for (const double tried : chances) {
        double passing = 0;
        for (const double chance : chances) passing += chance <= tried ? 1 : 0;
        if (tried <= rate * passing / judged) bound = std::max(bound, tried);
      }
      auto kept = all;
      EXPECT_EQ(keep_false_discovery_rate(kept, rate),
                static_cast<std::size_t>(std::count_if(chances.begin(), chances.end(),
                                                       [&](double chance) { return chance > bound; })))
          << seed;
      for (std::size_t s = 0; s < all.size(); ++s) {
        std::size_t taken = 0;
        for (const auto& change : all[s].changes)
          taken += std::min(1.0, change.probability() * static_cast<double>(all[s].cells)) > bound ? 1 : 0;
        EXPECT_EQ(kept[s].changes.size(), all[s].changes.size() - taken) << seed;
      }
    }
  }
}

// Of all pairs that are left, again and again the one that cancels best.
std::vector<CostShift> naive_shifts(const std::vector<SeriesChanges>& series) {
  std::vector<CostShift> out;
  std::set<std::pair<std::size_t, std::size_t>> taken;
  while (true) {
    std::optional<CostShift> best;
    double least = kShiftRestMax;
    for (std::size_t a = 0; a < series.size(); ++a) {
      for (std::size_t i = 0; i < series[a].changes.size(); ++i) {
        for (std::size_t b = 0; b < series.size(); ++b) {
          for (std::size_t k = 0; k < series[b].changes.size(); ++k) {
            const ChangePoint &fall = series[a].changes[i], &rise = series[b].changes[k];
            const double down = fall.before - fall.after, up = rise.after - rise.before;
            const std::size_t apart =
                fall.index > rise.index ? fall.index - rise.index : rise.index - fall.index;
            if (a == b || down <= 0 || up <= 0 || apart > kShiftApartMax) continue;
            if (fall.kind != ChangeKind::kStep || rise.kind != ChangeKind::kStep) continue;
            if (taken.contains({a, i}) || taken.contains({b, k})) continue;
            const double rest = std::abs(up - down) / std::max(up, down);
            if (rest > least || (best && rest == least)) continue;  // of equal ones the first
            least = rest;
            best = CostShift{a, b, i, k};
          }
        }
      }
    }
    if (!best) return out;
    taken.insert({best->from, best->from_change});
    taken.insert({best->to, best->to_change});
    out.push_back(*best);
  }
}

TEST(AcrossSeries, cost_shifts_equal_the_search_through_all_pairs) {
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto series = random_series(seed);
    const auto shifts = find_cost_shifts(series), naive = naive_shifts(series);
    ASSERT_EQ(shifts.size(), naive.size()) << seed;
    for (std::size_t i = 0; i < shifts.size(); ++i) {
      EXPECT_EQ(shifts[i].from, naive[i].from) << seed;
      EXPECT_EQ(shifts[i].to, naive[i].to) << seed;
      EXPECT_EQ(shifts[i].from_change, naive[i].from_change) << seed;
      EXPECT_EQ(shifts[i].to_change, naive[i].to_change) << seed;
    }
    found += shifts.size();
  }
  EXPECT_GT(found, 50U);
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

// Student's test with pooled variance, two-sided.
double naive_t(const std::vector<double>& a, const std::vector<double>& b) {
  const double n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  if (n + m < 3) return 1;
  const double gap = std::abs(reference::mean(a) - reference::mean(b));
  const double variance = (reference::scatter(a) + reference::scatter(b)) / (n + m - 2) * (1 / n + 1 / m);
  if (variance == 0) return gap > 0 ? 0 : 1;
  return 2 * student_t_tail(gap / std::sqrt(variance), n + m - 2);
}

class NaiveEDivisive {
 public:
  explicit NaiveEDivisive(std::vector<double> values) : values_(std::move(values)) {}
  std::vector<std::size_t> cuts() {
    std::set<std::size_t> found;
    for (std::size_t from = 0; from < values_.size(); from += 15) {
      split(from, std::min(values_.size(), from + 30), found);
      if (from + 30 >= values_.size()) break;
    }
    std::vector<std::size_t> out(found.begin(), found.end());
    while (!out.empty()) {  // the least significant goes, all are judged anew
      std::vector<double> chances;
      for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t from = i == 0 ? 0 : out[i - 1],
                          to = i + 1 < out.size() ? out[i + 1] : values_.size();
        chances.push_back(naive_t(part(from, out[i]), part(out[i], to)));
      }
      const auto weakest = std::max_element(chances.begin(), chances.end());
      if (*weakest <= 0.001) break;
      out.erase(out.begin() + (weakest - chances.begin()));
    }
    return out;
  }

 private:
  std::vector<double> part(std::size_t from, std::size_t to) const {
    return {values_.begin() + static_cast<std::ptrdiff_t>(from),
            values_.begin() + static_cast<std::ptrdiff_t>(to)};
  }
  void split(std::size_t from, std::size_t to, std::set<std::size_t>& found) const {
    const std::size_t at = to - from < 6 ? 0 : naive_split(part(from, to), 3);
    if (at == 0 || naive_t(part(from, from + at), part(from + at, to)) > 0.01) return;
    found.insert(from + at);
    split(from, from + at, found);
    split(from + at, to, found);
  }
  std::vector<double> values_;
};

TEST(EDivisive, cuts_equal_the_naive_ones) {
  EDivisiveScratch scratch;
  std::vector<std::size_t> cuts;
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 80; ++seed) {
    auto values = step(2 + seed * 2, seed, 1 + seed % 4, seed);
    for (std::size_t i = seed / 2; i < seed / 2 + 12 && i < values.size(); ++i) values[i] -= 4;
    e_divisive(values, {}, scratch, cuts);
    ASSERT_EQ(cuts, NaiveEDivisive(values).cuts()) << seed;
    found += cuts.size();
  }
  EXPECT_GT(found, 80U);
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
