// SPDX-License-Identifier: Apache-2.0
#include "kernels/compare/sequential_shift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/noise_testlib.h"

namespace trimtab::kernels {
namespace {

// The e-value of "the shift is `shift`" for independent values, written down from the formula: the mean over
// g of (1 + s g)^(-1/2) ((1 + t^2 / v) / (1 + t^2 / (v (1 + s g))))^((v + 1) / 2).
double e_value(const std::vector<double>& before, const std::vector<double>& after, double shift) {
  const auto n = static_cast<double>(before.size()), m = static_cast<double>(after.size());
  const double a = std::accumulate(before.begin(), before.end(), 0.0) / n;
  const double b = std::accumulate(after.begin(), after.end(), 0.0) / m;
  double squares = 0;
  for (const double x : before) squares += (x - a) * (x - a);
  for (const double x : after) squares += (x - b) * (x - b);
  const double v = n + m - 2, s = n * m / (n + m);
  const double t = (b - a - shift) / std::sqrt(squares / v / s);
  double sum = 0;
  for (const double g : {0.25, 1.0, 4.0, 16.0, 64.0}) {
    sum +=
        std::pow(1 + s * g, -0.5) * std::pow((1 + t * t / v) / (1 + t * t / (v * (1 + s * g))), (v + 1) / 2);
  }
  return sum / 5;
}

TEST(SequentialShift, its_ends_are_where_the_e_value_reaches_one_over_alpha) {
  const auto before = noise(30, 1), after = noise(20, 2, 0, 1.5);
  const SequentialShift shift = sequential_shift(before, after, 0.05);
  ASSERT_TRUE(shift.known());
  ASSERT_EQ(shift.time, 1) << "independent values, or the reference does not hold";
  EXPECT_NEAR(e_value(before, after, shift.low), 20, 1e-6);
  EXPECT_NEAR(e_value(before, after, shift.high), 20, 1e-6);
  EXPECT_LT(e_value(before, after, shift.shift), 1);
}

TEST(SequentialShift, says_nothing_from_too_little) {
  const std::vector<double> none, one{1}, two{1, 2}, many = noise(50, 5);
  EXPECT_FALSE(sequential_shift(none, many, 0.05).known());
  EXPECT_FALSE(sequential_shift(many, none, 0.05).known());
  EXPECT_FALSE(sequential_shift(one, two, 0.05).known());
  EXPECT_FALSE(sequential_shift(one, one, 0.05).known());
}

TEST(SequentialShift, equal_values_have_no_shift) {
  const std::vector<double> same(20, 7);
  const SequentialShift shift = sequential_shift(same, same, 0.05);
  EXPECT_EQ(shift.shift, 0);
  EXPECT_LE(shift.low, 0);
  EXPECT_GE(shift.high, 0);
}

TEST(SequentialShift, values_that_never_vary_shift_exactly) {
  const std::vector<double> before(40, std::log(78890.0)), after(12, std::log(5022.0));
  const SequentialShift shift = sequential_shift(before, after, 0.05);
  ASSERT_TRUE(shift.known());
  EXPECT_NEAR(shift.low, std::log(5022.0 / 78890.0), 1e-9);
  EXPECT_NEAR(shift.high, std::log(5022.0 / 78890.0), 1e-9);
}

TEST(SequentialShift, holds_the_truth_at_every_look) {
  for (const double phi : {0.0, 0.5}) {
    int missed = 0;
    constexpr int kTrials = 200;
    for (unsigned seed = 1; seed <= kTrials; ++seed) {
      auto values = noise(120, seed, phi);
      for (std::size_t i = 60; i < values.size(); ++i) values[i] += 2;
      bool out = false;
      for (std::size_t looked = 61; looked <= values.size() && !out; ++looked) {
        const SequentialShift shift =
            sequential_shift(std::span(values).first(60), std::span(values).subspan(60, looked - 60), 0.05);
        out = shift.low > 2 || shift.high < 2;
      }
      missed += out ? 1 : 0;
    }
    EXPECT_LE(missed, kTrials * 0.05) << "phi " << phi;
  }
}

TEST(SequentialShift, values_until_is_mostly_enough_and_half_of_it_is_less) {
  for (const double reach : {1.6, 2.0, 3.0}) {
    int enough = 0, half_enough = 0;
    constexpr int kTrials = 100;
    for (unsigned seed = 1; seed <= kTrials; ++seed) {
      const auto before = noise(60, 2 * seed);
      const std::size_t needed = values_until(before, 0.05, reach);
      ASSERT_NE(needed, kNeverEnough) << reach;
      const auto after = noise(needed, 2 * seed + 1);
      const auto within = [&](std::size_t count) {
        const SequentialShift shift = sequential_shift(before, std::span(after).first(count), 0.05);
        return shift.low > -reach && shift.high < reach;
      };
      enough += within(needed) ? 1 : 0;
      half_enough += within(needed / 2) ? 1 : 0;
    }
    EXPECT_GE(enough, 0.65 * kTrials) << reach;  // a fifth of short noise looks autocorrelated
    EXPECT_LT(half_enough, enough) << reach;
  }
}

TEST(SequentialShift, values_until_grows_with_the_noise_and_knows_when_no_number_is_enough) {
  const auto before = noise(60, 8);
  EXPECT_LT(values_until(before, 0.05, 3), values_until(before, 0.05, 1.5));
  EXPECT_LE(values_until(before, 0.05, 1.5), values_until(before, 0.01, 1.5));
  EXPECT_LT(values_until(before, 0.05, 5), values_until(noise(60, 8, 0.5), 0.05, 5));
  EXPECT_EQ(values_until(before, 0.05, 0.01), kNeverEnough) << "sixty values before do not tell it";
  EXPECT_EQ(values_until({}, 0.05, 1), kNeverEnough);
  EXPECT_EQ(values_until(std::vector<double>{1}, 0.05, 1), kNeverEnough);
  EXPECT_GE(values_until(std::vector<double>(20, 3), 0.05, 1), 1U) << "equal values are enough at once";
}

}  // namespace
}  // namespace trimtab::kernels
