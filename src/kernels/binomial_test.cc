// SPDX-License-Identifier: Apache-2.0
#include "kernels/binomial.h"

#include <gtest/gtest.h>

#include <cmath>

namespace trimtab::kernels {
namespace {

// Sum of the probabilities, term by term.
double naive_tail(int successes, int trials, double p) {
  double sum = 0;
  for (int k = successes; k <= trials; ++k) {
    double term = 1;
    for (int i = 0; i < k; ++i) term *= p * (trials - i) / (i + 1);
    sum += term * std::pow(1 - p, trials - k);
  }
  return sum;
}

TEST(Binomial, tail_equals_the_sum_of_its_terms) {
  for (const int n : {1, 2, 7, 30}) {
    for (const double p : {0.001, 0.2, 0.5, 0.93}) {
      for (int k = 0; k <= n; ++k) {
        EXPECT_NEAR(binomial_tail(static_cast<std::uint64_t>(k), static_cast<std::uint64_t>(n), p),
                    naive_tail(k, n, p), 1e-12)
            << k << " of " << n << " at " << p;
      }
    }
  }
}

TEST(Binomial, interval_covers_at_least_what_it_says_at_every_true_share) {
  constexpr int kTrials = 25;
  for (double p = 0.02; p < 1; p += 0.02) {
    double covered = 0;
    for (std::uint64_t k = 0; k <= kTrials; ++k) {
      const ProportionInterval interval = clopper_pearson(k, kTrials, 0.9);
      if (interval.low <= p && p <= interval.high)
        covered += binomial_tail(k, kTrials, p) - (k < kTrials ? binomial_tail(k + 1, kTrials, p) : 0);
    }
    EXPECT_GE(covered, 0.9) << p;
  }
}

TEST(Binomial, one_failure_in_ten_says_little) {
  const ProportionInterval interval = clopper_pearson(1, 10, 0.95);
  EXPECT_NEAR(interval.low, 0.00253, 1e-5);  // tables of Clopper and Pearson
  EXPECT_NEAR(interval.high, 0.44502, 1e-5);
  EXPECT_EQ(clopper_pearson(0, 0, 0.9).low, 0);
  EXPECT_EQ(clopper_pearson(0, 0, 0.9).high, 1);
}

}  // namespace
}  // namespace trimtab::kernels
