// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/lagged_correlation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/correlate/correlate_testlib.h"
#include "kernels/distributions.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using reference::present;
using samples::noise;
using samples::sample;

LaggedCorrelation correlate(const std::vector<double>& target, const std::vector<double>& candidate,
                            std::size_t lag_max) {
  LaggedCorrelationWorkspace workspace;
  whiten_target(target, workspace);
  return correlate_with_target(candidate, lag_max, workspace);
}

struct Correlated {
  double pairs = 0, correlation = 0;
};

// Pearson's correlation of a[i] and b[i - lag], over the pairs there are.
Correlated naive_pearson(const std::vector<double>& a, const std::vector<double>& b, std::ptrdiff_t lag) {
  std::vector<double> p, q;
  const auto count = static_cast<std::ptrdiff_t>(a.size());
  for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, lag); i < std::min(count, count + lag); ++i) {
    const double x = a[static_cast<std::size_t>(i)], y = b[static_cast<std::size_t>(i - lag)];
    if (std::isfinite(x) && std::isfinite(y)) p.push_back(x), q.push_back(y);
  }
  Correlated out{static_cast<double>(p.size()), 0};
  if (p.size() < 2) return out;
  double pq = 0;
  for (std::size_t i = 0; i < p.size(); ++i) pq += (p[i] - reference::mean(p)) * (q[i] - reference::mean(q));
  const double pp = reference::scatter(p), qq = reference::scatter(q);
  if (pp > 1e-9 && qq > 1e-9) out.correlation = pq / std::sqrt(pp * qq);
  return out;
}

// v[i] less what the value before says; nothing where either is missing.
std::vector<double> naive_filtered(const std::vector<double>& v, double coefficient) {
  const auto there = present(v);
  const double mean = there.empty() ? 0 : reference::mean(there);
  std::vector<double> out(v.size(), kNone);
  for (std::size_t i = 1; i < v.size(); ++i) out[i] = v[i] - mean - coefficient * (v[i - 1] - mean);
  return out;
}

TEST(LaggedCorrelation, every_figure_equals_a_naive_one) {
  for (unsigned seed = 0; seed < 80; ++seed) {
    const std::vector<double> x = seed % 2 == 0 ? sample(80, seed) : noise(80, seed, 0.8),
                              y = sample(80, seed + 2);
    LaggedCorrelationWorkspace workspace;
    whiten_target(x, workspace);
    const auto centred = naive_filtered(x, 0);
    const double coefficient = std::clamp(naive_pearson(centred, centred, 1).correlation, -0.99, 0.99);
    ASSERT_NEAR(workspace.coefficient, coefficient, 1e-9) << seed;
    const LaggedCorrelation out = correlate_with_target(y, 4, workspace);
    const auto a = naive_filtered(x, coefficient), b = naive_filtered(y, coefficient);
    Correlated best;
    std::ptrdiff_t best_lag = 0;
    for (const std::ptrdiff_t lag : {0, 1, -1, 2, -2, 3, -3, 4, -4}) {
      const Correlated here = naive_pearson(a, b, lag);
      if (here.pairs < static_cast<double>(kPairsMin)) continue;
      if (std::abs(here.correlation) > std::abs(best.correlation) + 1e-12) best = here, best_lag = lag;
    }
    ASSERT_NEAR(out.correlation, best.correlation, 1e-9) << seed;
    ASSERT_EQ(out.lag, best_lag) << seed;
    if (best.correlation == 0) {
      EXPECT_EQ(out.probability, 1) << seed;
      continue;
    }
    double times = 1;
    for (std::ptrdiff_t k = 1; k <= 20 && static_cast<double>(k) < best.pairs; ++k)
      times += 2 * (1 - static_cast<double>(k) / best.pairs) * naive_pearson(a, a, k).correlation *
               naive_pearson(b, b, k).correlation;
    const double count = best.pairs / std::max(1.0, times), degrees = std::max(1.0, count - 2);
    const double t =
        std::abs(best.correlation) * std::sqrt(degrees / (1 - best.correlation * best.correlation));
    EXPECT_NEAR(out.effective_count, count, 1e-6) << seed;
    EXPECT_NEAR(out.probability, std::min(1.0, 9 * 2 * student_t_tail(t, degrees)), 1e-8) << seed;
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
