// SPDX-License-Identifier: Apache-2.0
#include "kernels/compare/synthetic_control.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kernels/noise_testlib.h"

namespace trimtab::kernels {
namespace {

struct World {
  std::vector<std::vector<double>> before, after;  // of each control
  std::vector<double> treated_before, treated_after;
  std::vector<Control> controls() const {
    std::vector<Control> out;
    for (std::size_t c = 0; c < before.size(); ++c) out.push_back({before[c], after[c]});
    return out;
  }
};

// The treated series is .7 of the first control and .3 of the second, plus noise and `effect` afterwards; a
// third control wanders on its own.
World world(double effect, unsigned seed) {
  World out;
  const std::size_t rows = 300;
  std::vector<std::vector<double>> all;
  for (unsigned c = 0; c < 3; ++c) all.push_back(noise(2 * rows, seed * 10 + c, 0.98));
  const auto rest = noise(2 * rows, seed * 10 + 9);
  std::vector<double> treated(2 * rows);
  for (std::size_t i = 0; i < 2 * rows; ++i)
    treated[i] = 20 + 0.7 * all[0][i] + 0.3 * all[1][i] + 0.3 * rest[i] + (i >= rows ? effect : 0);
  const auto half = [&](const std::vector<double>& values, bool second) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(rows);
    return second ? std::vector<double>(middle, values.end()) : std::vector<double>(values.begin(), middle);
  };
  for (const auto& values : all) {
    out.before.push_back(half(values, false));
    out.after.push_back(half(values, true));
  }
  out.treated_before = half(treated, false);
  out.treated_after = half(treated, true);
  return out;
}

TEST(SyntheticControl, weights_are_those_of_the_mixture_and_the_effect_is_in_its_interval) {
  const World w = world(2, 1);
  const auto out = synthetic_control(w.treated_before, w.treated_after, w.controls(), 0.05);
  ASSERT_EQ(out.weights.size(), 3u);
  EXPECT_NEAR(std::accumulate(out.weights.begin(), out.weights.end(), 0.0), 1, 1e-9);
  EXPECT_NEAR(out.weights[0], 0.7, 0.05);
  EXPECT_NEAR(out.weights[1], 0.3, 0.05);
  EXPECT_LT(out.error, 0.5);
  EXPECT_GT(out.plain_error, 2 * out.error);
  EXPECT_LT(out.effect.low, 2);
  EXPECT_GT(out.effect.high, 2);
  EXPECT_GT(out.effect.low, 1.5);
}

TEST(SyntheticControl, intervals_hold_the_truth_as_often_as_they_say) {
  int inside = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    const World w = world(0, seed);
    const auto out = synthetic_control(w.treated_before, w.treated_after, w.controls(), 0.1);
    inside += out.effect.low <= 0 && out.effect.high >= 0;
  }
  EXPECT_GE(inside, 165) << "of 200 at 90 %";
}

TEST(SyntheticControl, weights_are_no_worse_than_any_on_a_grid) {
  const World w = world(0, 3);
  const auto out = synthetic_control(w.treated_before, w.treated_after, w.controls(), 0.05);
  const std::size_t seen = w.treated_before.size() * 2 / 3;
  const auto variance = [&](double a, double b, double c) {
    double sum = 0, square = 0;
    for (std::size_t i = 0; i < seen; ++i) {
      const double gap = w.treated_before[i] - a * w.before[0][i] - b * w.before[1][i] - c * w.before[2][i];
      sum += gap, square += gap * gap;
    }
    return square - sum * sum / static_cast<double>(seen);
  };
  const double ours = variance(out.weights[0], out.weights[1], out.weights[2]);
  for (int a = 0; a <= 20; ++a)
    for (int b = 0; a + b <= 20; ++b)
      EXPECT_LE(ours, variance(a / 20.0, b / 20.0, (20 - a - b) / 20.0) * (1 + 1e-9));
}

TEST(SyntheticControl, shift_scale_and_gaps_do_not_matter_and_too_little_is_said) {
  World w = world(2, 5);
  const auto plain = synthetic_control(w.treated_before, w.treated_after, w.controls(), 0.05);
  World moved = w;
  for (auto* values : {&moved.treated_before, &moved.treated_after})
    for (double& value : *values) value = 100 + 4 * value;
  for (auto* sides : {&moved.before, &moved.after})
    for (auto& values : *sides)
      for (double& value : values) value = 4 * value;
  const auto other = synthetic_control(moved.treated_before, moved.treated_after, moved.controls(), 0.05);
  EXPECT_NEAR(other.effect.estimate, 4 * plain.effect.estimate, 1e-6);
  EXPECT_NEAR(other.weights[0], plain.weights[0], 1e-6);
  w.treated_before[7] = w.before[1][9] = std::nan("");
  EXPECT_NEAR(synthetic_control(w.treated_before, w.treated_after, w.controls(), 0.05).effect.estimate,
              plain.effect.estimate, 0.1);
  const std::vector<double> one{1};
  const std::vector<Control> single{{one, one}};
  EXPECT_TRUE(std::isnan(synthetic_control(one, one, single, 0.05).effect.estimate));
  const std::vector<double> flat(60, 3.0);
  const std::vector<Control> flats{{flat, flat}, {flat, flat}};
  EXPECT_EQ(synthetic_control(flat, flat, flats, 0.05).weights[0], 0.5);
}

}  // namespace
}  // namespace trimtab::kernels
