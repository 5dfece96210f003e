// SPDX-License-Identifier: Apache-2.0
#include "kernels/leak/leak.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

std::vector<double> made(const std::function<double(double)>& shape, unsigned seed = 1, double noise = 0.01) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(1000);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = 1 + shape(static_cast<double>(i)) + noise * normal(random);
  return out;
}

Leak judged(std::span<const double> values) {
  LeakScratch scratch;
  return find_leak(values, {}, scratch);
}

struct Case {
  const char* what;
  LeakKind kind;
  std::function<double(double)> shape;
};

TEST(Leak, tells_leaks_from_what_only_looks_like_one) {
  const Case cases[] = {
      {"a steady rise", LeakKind::kLeak, [](double i) { return 0.001 * i; }},
      {"a rise under garbage collection", LeakKind::kLeak,
       [](double i) { return 0.001 * i + 0.02 * std::fmod(i, 15); }},
      {"nothing", LeakKind::kNone, [](double) { return 0; }},
      {"garbage collection alone", LeakKind::kNone, [](double i) { return 0.05 * std::fmod(i, 15); }},
      {"a day's swing", LeakKind::kNone, [](double i) { return 0.3 * std::sin(i / 40); }},
      {"a cache that fills", LeakKind::kSaturating, [](double i) { return -std::expm1(-i / 200); }},
      {"a fall", LeakKind::kNone, [](double i) { return -0.0005 * i; }},
      {"a rise too small to matter", LeakKind::kNone, [](double i) { return 0.00003 * i; }},
  };
  for (const Case& c : cases) EXPECT_EQ(judged(made(c.shape)).kind, c.kind) << c.what;
  const Leak step = judged(made([](double i) { return i < 500 ? 0 : 0.5; }));
  EXPECT_NE(step.kind, LeakKind::kLeak);
}

TEST(Leak, starts_after_the_last_restart_and_knows_the_slope) {
  const Leak leak = judged(made([](double i) { return 0.002 * std::fmod(i, 550); }));
  EXPECT_EQ(leak.kind, LeakKind::kLeak);
  EXPECT_EQ(leak.restarts, 1u);
  EXPECT_GE(leak.since, 550u);
  EXPECT_LT(leak.since, 600u);
  EXPECT_NEAR(leak.slope, 0.002, 0.0002);
  EXPECT_LE(leak.slope_low, leak.slope);
  EXPECT_GE(leak.slope_high, leak.slope);
  EXPECT_NEAR(leak.level, 1.9, 0.05);
}

// The definition in the header, step by step on plain vectors; only the trend is fit_trend()'s, which has a
// reference of its own.
struct Cell {
  std::size_t at;
  double value;
};

std::vector<double> floors_of(const std::vector<Cell>& cells, std::size_t blocks) {
  std::vector<double> out(blocks, INFINITY);
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool mine = i >= b * cells.size() / blocks && i < (b + 1) * cells.size() / blocks;
      if (mine && cells[i].value < out[b]) out[b] = cells[i].value;
    }
  }
  return out;
}

// Blocks that a restart begins at.
std::vector<std::size_t> restarts_in(const std::vector<double>& floors) {
  std::vector<double> moves, sorted = floors;
  for (std::size_t i = 1; i < floors.size(); ++i) moves.push_back(std::abs(floors[i] - floors[i - 1]));
  std::sort(sorted.begin(), sorted.end());
  const double least = std::max(6 * reference::median(moves), (sorted.back() - sorted.front()) / 3);
  std::vector<std::size_t> out;
  for (std::size_t i = 1; i < floors.size() && least > 0; ++i) {
    const double after = i + 1 < floors.size() ? floors[i + 1] : floors[i];
    if (floors[i - 1] - floors[i] >= least && floors[i - 1] - after >= least / 2) out.push_back(i);
  }
  return out;
}

// By BIC: n log(error of the line / error of the best rising curve) - log n.
double gain_of_a_curve(const std::vector<double>& floors) {
  const double n = static_cast<double>(floors.size());
  std::vector<double> time, rest;
  for (std::size_t i = 0; i < floors.size(); ++i) {
    time.push_back(static_cast<double>(i) / (n - 1));
    rest.push_back(floors[i] - floors[0]);
  }
  const double straight = reference::line(time, rest).error;
  double best = straight;
  for (const double rate : {1.5, 2.0, 3.0, 4.5, 7.0, 11.0, 17.0, 30.0}) {
    std::vector<double> curve;
    for (const double t : time) curve.push_back(1 - std::exp(-rate * t));
    const auto fitted = reference::line(curve, rest);
    if (fitted.slope > 0) best = std::min(best, fitted.error);
  }
  const double least = 1e-12 * (1 + straight);
  return n * std::log((straight + least) / (best + least)) - std::log(n);
}

Leak naive_judge(const std::vector<Cell>& cells, double probability_max, double growth_min) {
  Leak out;
  out.since = cells.front().at;
  const std::size_t blocks = std::min(kFloorBlocks, cells.size() / 2);
  const auto floors = floors_of(cells, blocks);
  TrendScratch scratch;
  const Trend trend = fit_trend(floors, scratch);
  const double cells_of_block =
      static_cast<double>(cells.back().at - cells.front().at + 1) / static_cast<double>(blocks);
  out.slope = trend.slope / cells_of_block;
  out.slope_low = trend.slope_low / cells_of_block;
  out.slope_high = trend.slope_high / cells_of_block;
  out.level = trend.level_now;
  out.spread = trend.spread;
  out.growth = trend.slope * static_cast<double>(blocks - 1);
  out.probability = trend.probability;
  double up = 0, down = 0, leap = 0;
  for (std::size_t i = 1; i < blocks; ++i) {
    up += floors[i] > floors[i - 1] ? 1 : 0;
    down += floors[i] < floors[i - 1] ? 1 : 0;
    if (i > 1) leap = std::max(leap, floors[i] - floors[i - 2]);
  }
  out.rising_share = up + down > 0 ? up / (up + down) : 0;
  out.kind = LeakKind::kNone;
  if (!(trend.slope_low > 0) || trend.probability > probability_max) return out;
  if (out.growth < growth_min * std::abs(out.level) || out.growth < 3 * out.spread) return out;
  out.kind = LeakKind::kStep;
  if (leap > 0.6 * out.growth) return out;
  const std::vector<double> half(floors.end() - static_cast<std::ptrdiff_t>(blocks / 2), floors.end());
  const Trend later = fit_trend(half, scratch);
  const bool rises = later.slope >= trend.slope / 4 && later.probability < 0.05;
  out.kind = rises && gain_of_a_curve(floors) <= 6 ? LeakKind::kLeak : LeakKind::kSaturating;
  return out;
}

Leak naive_leak(std::span<const double> values, const LeakOptions& options) {
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i])) cells.push_back({i, values[i]});
  Leak out;
  if (cells.size() < 2 * kFloorBlocksMin) return out;
  const std::size_t fine = std::min(2 * kFloorBlocks, cells.size() / 2);
  const auto restarts = restarts_in(floors_of(cells, fine));
  out.restarts = restarts.size();
  // The block in which it fell is left out too.
  std::size_t skipped = restarts.empty() ? 0 : (restarts.back() + 1) * cells.size() / fine;
  skipped = std::min(skipped, cells.size() - 1);
  cells.erase(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(skipped));
  out.since = cells.front().at;
  if (cells.size() < 2 * kFloorBlocksMin) return out;
  if (!restarts.empty() && fine - restarts.back() < kFloorBlocksMin) return out;
  // The whole life, its last two thirds, its last half: the first that is a leak, else what the whole says.
  for (const std::size_t part : {std::size_t{0}, cells.size() / 3, cells.size() / 2}) {
    if (part > 0 && cells.size() - part < 4 * kFloorBlocksMin) continue;
    const std::vector<Cell> life(cells.begin() + static_cast<std::ptrdiff_t>(part), cells.end());
    Leak judged = naive_judge(life, options.probability_max / 3, options.growth_min);
    judged.restarts = out.restarts;
    if (part == 0 || judged.kind == LeakKind::kLeak) out = judged;
    if (judged.kind == LeakKind::kLeak) break;
  }
  return out;
}

TEST(Leak, every_figure_equals_a_naive_one) {
  LeakScratch scratch;
  std::size_t kinds[5] = {};
  for (unsigned seed = 0; seed < 240; ++seed) {
    auto values = noise(5 + (seed * 31) % 420, seed, seed % 2 == 0 ? 0 : 0.6, 40);
    const double n = static_cast<double>(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double at = static_cast<double>(i) / n;
      switch (seed % 8) {
        case 1: values[i] += 30 * at; break;
        case 2: values[i] += 30 * std::fmod(2.5 * at, 1); break;
        case 3: values[i] -= 30 * std::exp(-5 * at); break;
        case 4: values[i] += at > 0.5 ? 25 : 0; break;
        case 5: values[i] = std::round(values[i] + 20 * at); break;
        case 6: values[i] += at > 0.4 ? 40 * (at - 0.4) : 0; break;
        case 7: values[i] += 15 * at + 10 * std::abs(std::sin(40 * at)); break;
        default: break;
      }
      if (seed % 3 == 1 && (i * 5 + seed) % 6 == 0) values[i] = reference::kNone;
    }
    const Leak told = find_leak(values, {}, scratch), naive = naive_leak(values, {});
    ++kinds[static_cast<std::size_t>(told.kind)];
    ASSERT_EQ(told.kind, naive.kind) << seed;
    ASSERT_EQ(told.since, naive.since) << seed;
    ASSERT_EQ(told.restarts, naive.restarts) << seed;
    for (const auto& [figure, expected] : {std::pair{told.slope, naive.slope},
                                           {told.slope_low, naive.slope_low},
                                           {told.slope_high, naive.slope_high},
                                           {told.level, naive.level},
                                           {told.spread, naive.spread},
                                           {told.growth, naive.growth},
                                           {told.probability, naive.probability},
                                           {told.rising_share, naive.rising_share}})
      ASSERT_NEAR(figure, expected, 1e-12 * (1 + std::abs(expected))) << seed;
  }
  for (const std::size_t seen : kinds) EXPECT_GT(seen, 0U) << "each kind is met";
}

TEST(Leak, odd_inputs_have_an_answer) {
  EXPECT_EQ(judged({}).kind, LeakKind::kUnknown);
  EXPECT_EQ(judged(std::vector<double>{1}).kind, LeakKind::kUnknown);
  EXPECT_EQ(judged(std::vector<double>(500, 3.0)).kind, LeakKind::kNone);
  EXPECT_EQ(judged(std::vector<double>(500, std::numeric_limits<double>::quiet_NaN())).kind,
            LeakKind::kUnknown);
}

}  // namespace
}  // namespace trimtab::kernels
