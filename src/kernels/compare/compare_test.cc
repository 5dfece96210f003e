// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/compare/dependence.h"
#include "kernels/compare/sequential.h"
#include "kernels/compare/two_sample.h"
#include "kernels/noise_testlib.h"

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

Comparison compare(std::span<const double> before, std::span<const double> after,
                   const CompareOptions& options = {}) {
  CompareScratch scratch;
  return compare_samples(before, after, options, scratch);
}

TEST(Dependence, autocorrelation_time_is_that_of_the_process) {
  EXPECT_NEAR(autocorrelation_time(noise(20000, 1)), 1, 0.15);
  EXPECT_NEAR(autocorrelation_time(noise(20000, 2, 0.5)), 3, 0.4);
  EXPECT_NEAR(autocorrelation_time(noise(50000, 3, 0.8)), 9, 1.5);
  EXPECT_EQ(autocorrelation_time(std::vector<double>(50, 2.0)), 1);
  EXPECT_EQ(autocorrelation_time(std::vector<double>{1, 2}), 1);
  EXPECT_EQ(plan_blocks(1).length, 1u);
  EXPECT_EQ(plan_blocks(3).length, 12u);
  EXPECT_EQ(plan_blocks(3).gap, 3u);
}

TEST(TwoSample, a_real_shift_is_told_with_its_size) {
  const Comparison up = compare(noise(200, 1), noise(200, 2, 0, 1));
  EXPECT_EQ(up.difference, Difference::kHigher);
  EXPECT_NEAR(up.shift, 1, 0.3);
  EXPECT_LT(up.shift_low, 1);
  EXPECT_GT(up.shift_high, 1);
  EXPECT_NEAR(up.detectable, minimum_detectable_shift(200, 200, 1, 0.05, 0.8), 0.06);
  EXPECT_EQ(compare(noise(200, 1), noise(200, 2, 0, -1)).difference, Difference::kLower);
  EXPECT_EQ(compare(noise(200, 1), noise(200, 2, 0, 1), {.margin = 1.5}).difference, Difference::kNone);
}

TEST(TwoSample, odd_inputs_have_an_answer) {
  EXPECT_EQ(compare({}, noise(9, 1)).difference, Difference::kUnknown);
  EXPECT_EQ(compare(std::vector<double>{1}, std::vector<double>{2}).shift, 1);
  EXPECT_EQ(compare(noise(3, 1), noise(3, 2, 0, 99)).difference, Difference::kUnknown);
  const Comparison flat = compare(std::vector<double>(50, 4.0), std::vector<double>(50, 4.0));
  EXPECT_EQ(flat.difference, Difference::kNone);
  EXPECT_EQ(flat.probability, 1);
  EXPECT_EQ(flat.shift, 0);
  const Comparison apart = compare(std::vector<double>(50, 4.0), std::vector<double>(50, 5.0));
  EXPECT_EQ(apart.difference, Difference::kHigher);
  EXPECT_EQ(apart.shift_low, 1);
  auto gaps = noise(50, 3);
  gaps.insert(gaps.begin() + 20, 10, kNone);
  EXPECT_EQ(compare(gaps, noise(50, 4)).shift, compare(noise(50, 3), noise(50, 4)).shift);
}

// 2,000 comparisons of equals each; 5 % asked for.
TEST(TwoSample, wrong_verdicts_are_as_rare_as_asked_for_on_white_and_red_noise) {
  for (const double phi : {0.0, 0.5}) {
    int wrong = 0, held = 0;
    for (unsigned i = 0; i < 2000; ++i) {
      const Comparison out = compare(noise(150, 2 * i + 1, phi), noise(100, 2 * i + 2, phi));
      wrong += out.difference != Difference::kNone;
      held += out.shift_low <= 0 && out.shift_high >= 0;
    }
    EXPECT_LE(wrong, 130) << phi;
    EXPECT_GE(wrong, 30) << phi;
    EXPECT_GE(held, 1870) << phi;
  }
}

TEST(TwoSample, the_detectable_shift_is_found_about_as_often_as_it_says) {
  const double shift = minimum_detectable_shift(80, 80, 1, 0.05, 0.8);
  int found = 0;
  for (unsigned i = 0; i < 500; ++i)
    found += compare(noise(80, 2 * i + 1), noise(80, 2 * i + 2, 0, shift)).difference == Difference::kHigher;
  EXPECT_NEAR(found / 500.0, 0.8, 0.08);
  EXPECT_NEAR(minimum_detectable_shift(count_to_detect(0.3, 1, 0.05, 0.8), count_to_detect(0.3, 1, 0.05, 0.8),
                                       1, 0.05, 0.8),
              0.3, 0.005);
}

TEST(QuantileShift, covers_the_true_shift_of_a_tail) {
  int covered = 0;
  for (unsigned i = 0; i < 400; ++i) {
    auto before = noise(600, 2 * i + 1), after = noise(500, 2 * i + 2, 0, 0.4);
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    const Interval out = quantile_shift(before, after, 0.95, 0.05, 1, 1);
    covered += out.low <= 0.4 && out.high >= 0.4;
  }
  EXPECT_GE(covered, 370);
  const std::vector<double> few{1, 2, 3};
  EXPECT_TRUE(std::isinf(quantile_shift(few, few, 0.99, 0.05, 1, 1).high))
      << "three values say nothing of a p99";
}

TEST(DifferenceInDifferences, takes_out_what_moved_both) {
  const auto out =
      difference_in_differences(noise(300, 1), noise(300, 2, 0, 5), noise(300, 3), noise(300, 4, 0, 4), 0.05);
  EXPECT_NEAR(out.estimate, 1, 0.3);
  EXPECT_GT(out.low, 0);
  int held = 0;
  for (unsigned i = 0; i < 400; ++i) {
    const auto null =
        difference_in_differences(noise(200, 4 * i + 1, 0.5), noise(200, 4 * i + 2, 0.5, 3),
                                  noise(200, 4 * i + 3, 0.5), noise(200, 4 * i + 4, 0.5, 3), 0.05);
    held += null.low <= 0 && null.high >= 0;
  }
  EXPECT_GE(held, 365);
  EXPECT_TRUE(std::isnan(difference_in_differences({}, {}, {}, {}, 0.05).estimate));
}

TEST(SymmetricBet, is_the_mixture_of_its_factors) {
  SymmetricBet bet(SymmetricBet::Against::kHigher, 0.5);
  const std::vector<double> differences{1.5, -0.5, 2.5};
  double capital[SymmetricBet::kThetas.size()];
  std::fill(std::begin(capital), std::end(capital), 1.0);
  double sizes = 0;
  for (std::size_t k = 0; k < differences.size(); ++k) {
    bet.add(differences[k]);
    const double away = differences[k] - 0.5;
    sizes += std::abs(away);
    const double scale = 1.2533 * sizes / static_cast<double>(k + 1);
    for (std::size_t i = 0; i < SymmetricBet::kThetas.size(); ++i)
      capital[i] *= 1 + (away > 0 ? 1 : -1) *
                            std::min(0.999, std::tanh(SymmetricBet::kThetas[i] * std::abs(away) / scale));
  }
  double mean = 0;
  for (const double part : capital) mean += part / static_cast<double>(SymmetricBet::kThetas.size());
  EXPECT_NEAR(bet.e_value(), mean, 1e-9);
  bet.add(kNone);
  EXPECT_EQ(bet.count(), 3u);
}

// The mean of an e-value under the null is 1: the average over all sign patterns of given sizes is exactly 1.
TEST(SymmetricBet, can_not_gain_on_average_while_nothing_differs) {
  const std::vector<double> sizes{0.3, 1.7, 0.9, 2.2, 0.1, 5, 0.4, 1};
  double sum = 0;
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    SymmetricBet bet(SymmetricBet::Against::kLower);
    for (std::size_t k = 0; k < sizes.size(); ++k) bet.add((pattern >> k & 1) != 0 ? sizes[k] : -sizes[k]);
    sum += bet.e_value();
  }
  EXPECT_NEAR(sum / 256, 1, 1e-9);
}

SequentialVerdict run(double shift, double phi, double margin, unsigned seed, int seconds = 900) {
  const auto past = noise(300, seed + 7, phi);
  const auto treated = noise(static_cast<std::size_t>(seconds), 2 * seed + 1, phi, shift);
  const auto control = noise(static_cast<std::size_t>(seconds), 2 * seed + 2, phi);
  SequentialComparison test(
      {.alpha = 0.05, .margin = margin, .blocks = plan_blocks(autocorrelation_time(past))});
  for (int i = 0; i < seconds; ++i) {
    const auto verdict = test.add(treated[static_cast<std::size_t>(i)], control[static_cast<std::size_t>(i)]);
    if (verdict != SequentialVerdict::kUndecided) return verdict;
  }
  return test.verdict();
}

// 10^5 replays stand in `make quality SETS=compare_aa`; here enough to catch a broken correction.
TEST(Sequential, wrong_verdicts_stay_below_alpha_with_a_look_at_every_second) {
  int wrong = 0;
  for (unsigned i = 1; i <= 1500; ++i) wrong += run(0, 0.5, 0, i) != SequentialVerdict::kUndecided;
  EXPECT_LE(wrong, 75);
}

TEST(Sequential, real_shifts_are_told_in_their_direction) {
  int worse = 0, better = 0, no_worse = 0;
  for (unsigned i = 1; i <= 50; ++i) {
    worse += run(1, 0.5, 0, i) == SequentialVerdict::kWorse;
    better += run(-1, 0.5, 0, i) == SequentialVerdict::kBetter;
    no_worse += run(0, 0.5, 1, i) == SequentialVerdict::kNoWorse;
  }
  EXPECT_GE(worse, 48);
  EXPECT_GE(better, 48);
  EXPECT_GE(no_worse, 46);
}

TEST(Sequential, equal_streams_and_gaps_say_nothing) {
  SequentialComparison test({});
  for (int i = 0; i < 1000; ++i) test.add(3, 3);
  EXPECT_EQ(test.verdict(), SequentialVerdict::kUndecided);
  EXPECT_EQ(test.e_worse(), 1);
  PairedBlocks blocks({.length = 2, .gap = 1});
  EXPECT_FALSE(blocks.add(1, 0));
  EXPECT_TRUE(blocks.add(kNone, 0));
  EXPECT_EQ(blocks.difference(), 1);
  EXPECT_FALSE(blocks.add(9, 0)) << "the gap";
}

// The closed form against the mixture integral it stands for.
TEST(MixtureSprt, equals_its_integral) {
  const double n = 40, d = 0.5, v = 2, t = 0.3;
  double integral = 0;
  const double width = 0.001;
  for (double delta = -8; delta < 8; delta += width) {
    const double likelihood = std::exp((2 * d * delta - delta * delta) * n / (4 * v));
    integral += likelihood * std::exp(-delta * delta / (2 * t)) / std::sqrt(2 * M_PI * t) * width;
  }
  EXPECT_NEAR(mixture_sprt(n, d, v, t), integral, 1e-6 * integral);
  EXPECT_EQ(mixture_sprt(0, 0, 1, 1), 1);
}

}  // namespace
}  // namespace trimtab::kernels
