// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/change/change_points.h"
#include "kernels/change/focus.h"
#include "kernels/change/segmentation.h"
#include "kernels/noise_testlib.h"

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<double> step(std::size_t count, std::size_t at, double size, unsigned seed) {
  auto out = noise(count, seed);
  for (std::size_t i = at; i < count; ++i) out[i] += size;
  return out;
}

std::vector<std::size_t> indices(std::span<const double> values, const ChangeOptions& options = {}) {
  ChangeWorkspace workspace;
  std::vector<ChangePoint> found;
  find_changes(values, options, workspace, found);
  std::vector<std::size_t> out;
  for (const ChangePoint& change : found) out.push_back(change.index);
  return out;
}

// Squared error around the mean or the line, by the book.
double naive_error(std::span<const double> v, bool line) {
  const double n = static_cast<double>(v.size());
  double x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < v.size(); ++i) x += static_cast<double>(i), y += v[i];
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double dx = static_cast<double>(i) - x / n;
    xx += dx * dx;
    xy += dx * (v[i] - y / n);
  }
  const double slope = line && xx > 0 ? xy / xx : 0;
  double error = 0;
  for (std::size_t i = 0; i < v.size(); ++i)
    error += std::pow(v[i] - y / n - slope * (static_cast<double>(i) - x / n), 2);
  return error;
}

// Tries every set of cuts; at every `every`th place only.
double naive_cheapest(std::span<const double> v, const SegmentPrice& price, std::size_t cells_min,
                      std::size_t every) {
  double best = v.empty() ? 0 : std::numeric_limits<double>::infinity();
  for (std::size_t first = cells_min; first <= v.size(); ++first) {
    if (first != v.size() && (v.size() - first < cells_min || first % every != 0)) continue;
    const double cost = std::min(naive_error(v.first(first), false) + price.level,
                                 naive_error(v.first(first), true) + price.line);
    best = std::min(best, cost + naive_cheapest(v.subspan(first), price, cells_min, every));
  }
  return best;
}

TEST(Segmentation, costs_no_more_than_the_best_of_all_possible_cuts) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    auto values = step(14, 5 + seed % 5, seed % 3, seed);
    const SegmentPrice price{1.0 + seed % 4, 1.5 + seed % 5};
    SegmentSums sums;
    sums.build(values, values[0]);
    std::vector<std::size_t> starts, cuts;
    const std::size_t every = 1 + seed % 3;
    for (std::size_t at = 0; at < values.size(); at += every) starts.push_back(at);
    SegmentationScratch scratch;
    cheapest_segments(sums, starts, values.size(), price, 2, scratch, cuts);
    cuts.push_back(values.size());
    double cost = 0;
    std::size_t from = 0;
    for (const std::size_t to : cuts) {
      const std::span<const double> part(values.data() + from, to - from);
      cost += std::min(naive_error(part, false) + price.level, naive_error(part, true) + price.line);
      from = to;
    }
    EXPECT_NEAR(cost, naive_cheapest(values, price, 2, every), 1e-9) << seed;
  }
}

TEST(Segmentation, sums_give_the_error_of_any_stretch) {
  const auto values = noise(300, 4);
  SegmentSums sums;
  sums.build(values, 0.3);
  for (const auto& [from, to] : {std::pair<std::size_t, std::size_t>{0, 300}, {7, 8}, {10, 12}, {20, 290}}) {
    const auto part = std::span(values).subspan(from, to - from);
    EXPECT_NEAR(sums.error(from, to).level, naive_error(part, false), 1e-9);
    EXPECT_NEAR(sums.error(from, to).line, naive_error(part, true), 1e-9);
    double mean = 0, xx = 0, xy = 0;
    const double middle = (static_cast<double>(part.size()) - 1) / 2;
    for (const double value : part) mean += value / static_cast<double>(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      const double x = static_cast<double>(i) - middle;
      xx += x * x, xy += x * (part[i] - mean);
    }
    EXPECT_NEAR(sums.mean(from, to), mean, 1e-12);
    EXPECT_NEAR(sums.slope(from, to), xx > 0 ? xy / xx : 0, 1e-12);
  }
}

TEST(Changes, a_step_is_found_where_it_is_with_both_tests_agreeing) {
  ChangeWorkspace workspace;
  std::vector<ChangePoint> found;
  find_changes(step(200, 120, 4, 1), {}, workspace, found);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].index, 120u);
  EXPECT_EQ(found[0].kind, ChangeKind::kStep);
  EXPECT_NEAR(found[0].after - found[0].before, 4, 0.5);
  EXPECT_NEAR(found[0].effect, 4, 0.8);
  EXPECT_LT(found[0].probability(), 1e-10);
  EXPECT_GT(found[0].dominance, 0.95);
}

TEST(Changes, a_new_slope_is_a_bend) {
  auto values = noise(300, 3);
  for (std::size_t i = 150; i < 300; ++i) values[i] += 0.2 * static_cast<double>(i - 150);
  ChangeWorkspace workspace;
  std::vector<ChangePoint> found;
  find_changes(values, {}, workspace, found);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, ChangeKind::kBend);
  EXPECT_NEAR(static_cast<double>(found[0].index), 150, 15);
}

TEST(Changes, nothing_is_found_where_nothing_changes) {
  EXPECT_TRUE(indices({}).empty());
  EXPECT_TRUE(indices(std::vector<double>{1}).empty());
  EXPECT_TRUE(indices(std::vector<double>(500, 3.25)).empty());
  EXPECT_TRUE(indices(std::vector<double>(50, kNone)).empty());
  auto spike = noise(300, 2);
  spike[100] += 50;
  spike[200] -= 80;
  EXPECT_TRUE(indices(spike).empty());
  auto ramp = noise(300, 5);
  for (std::size_t i = 0; i < 300; ++i) ramp[i] += 0.3 * static_cast<double>(i);
  EXPECT_TRUE(indices(ramp).empty()) << "a steady slope is one stretch";
}

// 400 series each: the share in which anything is found.
TEST(Changes, false_alarms_are_rare_on_white_red_and_bimodal_noise) {
  int white = 0, red = 0, bimodal = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    white += !indices(noise(300, seed)).empty();
    red += !indices(noise(300, seed, 0.6)).empty();
    auto two = noise(300, seed);
    std::mt19937 coin(seed);
    for (double& value : two) value += coin() % 10 < 3 ? 8 : 0;
    bimodal += !indices(two).empty();
  }
  EXPECT_LE(white, 4);
  EXPECT_LE(red, 40);
  EXPECT_LE(bimodal, 16);
}

TEST(Changes, shift_scale_and_gaps_do_not_matter) {
  const auto values = step(250, 90, 3, 7);
  const auto plain = indices(values);
  ASSERT_EQ(plain, std::vector<std::size_t>{90});
  std::vector<double> moved(values), scaled(values), gaps;
  for (double& value : moved) value += 1e6;
  for (double& value : scaled) value *= 1e-6;
  EXPECT_EQ(indices(moved), plain);
  EXPECT_EQ(indices(scaled), plain);
  for (const double value : values) gaps.insert(gaps.end(), {value, kNone});
  EXPECT_EQ(indices(gaps), std::vector<std::size_t>{180});
}

TEST(Changes, long_series_are_cut_where_short_ones_are) {
  std::vector<double> values = noise(20000, 9);
  const std::vector<std::size_t> truth{3000, 9000, 9400, 16000};
  double level = 0;
  for (std::size_t i = 0, k = 0; i < values.size(); ++i) {
    if (k < truth.size() && i == truth[k]) level += ++k % 2 == 1 ? 2 : -2;
    values[i] += level;
  }
  const auto found = indices(values);
  ASSERT_EQ(found.size(), truth.size());
  for (std::size_t k = 0; k < truth.size(); ++k)
    EXPECT_NEAR(static_cast<double>(found[k]), static_cast<double>(truth[k]), 6);
}

TEST(Changes, an_excursion_that_comes_back_can_be_left_out) {
  auto values = noise(200, 11);
  for (std::size_t i = 100; i < 106; ++i) values[i] += 2.5;
  values[100] = 9, values[101] = 8.8, values[102] = 9.1, values[103] = 8.7, values[104] = 9, values[105] = 9;
  const auto kept = indices(values);
  for (const std::size_t index : indices(values, {.went_away_cells = 10}))
    EXPECT_TRUE(index < 95 || index > 110);
  EXPECT_LE(indices(values, {.went_away_cells = 10}).size(), kept.size());
}

double naive_statistic(std::span<const double> values, std::size_t& split) {
  double total = 0, best = 0, left = 0;
  for (const double value : values) total += value;
  const double n = static_cast<double>(values.size());
  for (std::size_t t = 1; t < values.size(); ++t) {
    left += values[t - 1];
    const double before = static_cast<double>(t);
    const double gain =
        left * left / before + (total - left) * (total - left) / (n - before) - total * total / n;
    if (gain > best) {
      best = gain;
      split = t;
    }
  }
  return best;
}

TEST(Focus, equals_the_best_split_over_all_windows_at_every_step) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto values = step(200, 100, seed % 4, seed);
    Focus focus;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto verdict = focus.add(values[i]);
      std::size_t split = 0;
      const double naive = naive_statistic(std::span(values).first(i + 1), split);
      ASSERT_NEAR(verdict.statistic, naive, 1e-8 * (1 + naive)) << "step " << i;
      if (naive > 1e-9) {
        ASSERT_EQ(verdict.split, split) << "step " << i;
      }
    }
  }
}

TEST(Focus, holds_few_corners_and_is_bounded_on_a_ramp) {
  Focus focus;
  for (const double value : noise(50000, 3)) focus.add(value);
  EXPECT_LT(focus.corners(), 60u);
  EXPECT_EQ(focus.thinned(), 0u);
  focus.reset();
  EXPECT_EQ(focus.count(), 0u);
  for (int i = 0; i < 5000; ++i) focus.add(i);
  EXPECT_LE(focus.corners(), 2 * Focus::kCornersMax + 2);
  EXPECT_GT(focus.thinned(), 0u);
  const double before = focus.add(kNone).statistic;
  EXPECT_EQ(focus.count(), 5000u) << "NaN is no value";
  EXPECT_GT(before, 0);
}

}  // namespace
}  // namespace trimtab::kernels
