// SPDX-License-Identifier: Apache-2.0
// The trend beside a naive one: every pair of points, every rank by comparison with all others.
#include "kernels/trend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

struct Points {
  std::vector<double> x, y;
};

// Medians of equally long blocks, kTrendPointsMax of them at most, at the mean place of their values.
Points blocks_of(std::span<const double> values) {
  std::size_t length = 1;
  while (length * kTrendPointsMax < values.size()) ++length;
  Points out;
  for (std::size_t from = 0; from < values.size(); from += length) {
    std::vector<double> places, there;
    for (std::size_t i = from; i < std::min(values.size(), from + length); ++i) {
      if (std::isnan(values[i])) continue;
      places.push_back(static_cast<double>(i));
      there.push_back(values[i]);
    }
    if (there.empty()) continue;
    out.x.push_back(reference::mean(places));
    out.y.push_back(reference::median(there));
  }
  return out;
}

// Hamed and Rao 1998, equation 6, with the lags that are significant at 5 %, and lag 1.
double variance_factor(const std::vector<double>& residuals) {
  const auto ranks = reference::ranks(residuals);
  const auto n = static_cast<double>(ranks.size());
  const double all = reference::scatter(ranks);
  if (all == 0) return 1;
  double sum = 0;
  for (std::size_t lag = 1; lag <= ranks.size() - 4; ++lag) {
    double products = 0;
    for (std::size_t i = 0; i + lag < ranks.size(); ++i)
      products += (ranks[i] - (n + 1) / 2) * (ranks[i + lag] - (n + 1) / 2);
    const double k = static_cast<double>(lag), rho = products / all;
    if (lag == 1 || std::abs(rho) >= 1.96 / std::sqrt(n)) sum += (n - k) * (n - k - 1) * (n - k - 2) * rho;
  }
  return std::max(1.0, 1 + 2 / (n * (n - 1) * (n - 2)) * sum);
}

Trend naive_trend(std::span<const double> values) {
  const auto [x, y] = blocks_of(values);
  Trend out;
  out.points = x.size();
  if (out.points < kTrendPointsMin) return out;
  std::vector<double> slopes, rest;
  double s = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t k = i + 1; k < x.size(); ++k) {
      slopes.push_back((y[k] - y[i]) / (x[k] - x[i]));
      s += y[k] > y[i] ? 1 : y[k] < y[i] ? -1 : 0;
    }
  }
  out.slope = reference::median(slopes);
  for (std::size_t i = 0; i < x.size(); ++i) rest.push_back(y[i] - out.slope * x[i]);
  const double n = static_cast<double>(x.size());
  const double sigma = std::sqrt(n * (n - 1) * (2 * n + 5) / 18 * variance_factor(rest));
  if (s != 0) out.probability = std::min(1.0, std::erfc((std::abs(s) - 1) / sigma / std::sqrt(2.0)));
  // Sen's interval: the slopes of ranks (N -+ 1.6449 sigma) / 2.
  const double pairs = static_cast<double>(slopes.size());
  const auto at = [&](double rank) {
    return reference::quantile(slopes, std::clamp(rank / (pairs - 1), 0.0, 1.0));
  };
  out.slope_low = at((pairs - 1.6449 * sigma) / 2);
  out.slope_high = at((pairs + 1.6449 * sigma) / 2);
  const double level = reference::median(rest);
  out.level_now = level + out.slope * static_cast<double>(values.size() - 1);
  out.spread = reference::mad(rest, level);
  return out;
}

TEST(Trend, equals_the_naive_one_over_all_pairs) {
  TrendScratch scratch;
  for (unsigned seed = 0; seed < 120; ++seed) {
    auto values = noise(4 + (seed * 13) % (seed % 4 == 0 ? 600 : 90), seed, seed % 3 == 0 ? 0.8 : 0.2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] += 0.02 * static_cast<double>(seed % 5) * static_cast<double>(i);
      if (seed % 6 == 1) values[i] = std::round(2 * values[i]) / 2;
      if (seed % 2 == 0 && (i * 11 + seed) % 4 == 0) values[i] = reference::kNone;
    }
    const Trend told = fit_trend(values, scratch), naive = naive_trend(values);
    ASSERT_EQ(told.points, naive.points) << seed;
    EXPECT_NEAR(told.slope, naive.slope, 1e-12) << seed;
    EXPECT_NEAR(told.slope_low, naive.slope_low, 1e-12) << seed;
    EXPECT_NEAR(told.slope_high, naive.slope_high, 1e-12) << seed;
    EXPECT_NEAR(told.level_now, naive.level_now, 1e-10) << seed;
    EXPECT_NEAR(told.spread, naive.spread, 1e-10) << seed;
    EXPECT_NEAR(told.probability, naive.probability, 1e-9) << seed;
  }
}

}  // namespace
}  // namespace trimtab::kernels
