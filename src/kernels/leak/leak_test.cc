// SPDX-License-Identifier: Apache-2.0
#include "kernels/leak/leak.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

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

TEST(Leak, shift_scale_and_gaps_do_not_change_the_verdict) {
  const auto values = made([](double i) { return 0.001 * i; });
  std::vector<double> scaled(values), gaps;
  for (double& value : scaled) value *= 1e9;
  for (const double value : values)
    gaps.insert(gaps.end(), {value, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_EQ(judged(scaled).kind, LeakKind::kLeak);
  EXPECT_NEAR(judged(scaled).slope, 1e9 * judged(values).slope, 1e3);
  EXPECT_EQ(judged(gaps).kind, LeakKind::kLeak);
  EXPECT_NEAR(judged(gaps).slope, judged(values).slope / 2, 1e-5);
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
