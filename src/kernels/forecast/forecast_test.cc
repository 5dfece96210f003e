// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/forecast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>

#include "kernels/forecast/exhaustion.h"
#include "kernels/forecast/seasons.h"

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<double> season(std::size_t count, std::size_t period, double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double phase = 2 * std::numbers::pi * static_cast<double>(i % period) / static_cast<double>(period);
    out[i] = 100 + 20 * std::sin(phase) + 5 * std::cos(2 * phase) + noise * normal(random);
  }
  return out;
}

Forecast run(std::span<const double> values, const ForecastOptions& options) {
  ForecastWorkspace workspace;
  Forecast out;
  forecast(values, options, workspace, out);
  return out;
}

// The same regression by plain sums and Gaussian elimination.
std::vector<double> naive_autoregression(std::vector<double> y, const std::vector<std::size_t>& lags,
                                         double ridge, std::size_t horizon, std::size_t from) {
  const std::size_t p = lags.size() + 1;
  const double centre = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(y.size());
  double variance = 0;
  for (double& v : y) v -= centre, variance += v * v / static_cast<double>(y.size());
  std::vector<std::vector<double>> a(p, std::vector<double>(p + 1, 0));
  for (std::size_t t = from; t < y.size(); ++t) {
    std::vector<double> x;
    for (const std::size_t lag : lags) x.push_back(y[t - lag]);
    x.push_back(1);
    for (std::size_t i = 0; i < p; ++i) {
      for (std::size_t j = 0; j < p; ++j) a[i][j] += x[i] * x[j];
      a[i][p] += x[i] * y[t];
    }
  }
  for (std::size_t i = 0; i + 1 < p; ++i) a[i][i] += ridge * variance;
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t k = 0; k < p; ++k) {
      if (k == i) continue;
      const double factor = a[k][i] / a[i][i];
      for (std::size_t j = i; j <= p; ++j) a[k][j] -= factor * a[i][j];
    }
  }
  std::vector<double> out;
  for (std::size_t h = 0; h < horizon; ++h) {
    double next = a[p - 1][p] / a[p - 1][p - 1];
    for (std::size_t i = 0; i < lags.size(); ++i) next += a[i][p] / a[i][i] * y[y.size() - lags[i]];
    y.push_back(next);
    out.push_back(next + centre);
  }
  return out;
}

TEST(Autoregression, equals_least_squares_by_the_book) {
  const auto values = season(120, 7, 3, 5);
  const std::vector<std::size_t> cuts{120, 100};
  const std::vector<std::size_t> periods;
  MemberScratch scratch;
  std::vector<double> weak(2 * 6), strong(2 * 6);
  ASSERT_TRUE(forecast_autoregression(values, {cuts, 6}, periods, 0, scratch, weak, strong));
  const auto expected = naive_autoregression(values, {1, 2, 3, 4}, kRidgeWeak, 6, 4);
  for (std::size_t h = 0; h < 6; ++h) EXPECT_NEAR(weak[h], expected[h], 1e-5);
  const auto heavy = naive_autoregression(values, {1, 2, 3, 4}, kRidgeStrong, 6, 4);
  for (std::size_t h = 0; h < 6; ++h) EXPECT_NEAR(strong[h], heavy[h], 1e-5);
}

TEST(Members, say_what_their_formula_says_on_small_inputs) {
  const std::vector<double> values{1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 5};
  const std::vector<std::size_t> cuts{12, 8};
  std::vector<double> rows(2 * 3);
  forecast_naive(values, {cuts, 3}, rows);
  EXPECT_EQ(rows, (std::vector<double>{5, 5, 5, 4, 4, 4}));
  forecast_drift(values, {cuts, 3}, rows);
  EXPECT_NEAR(rows[0], 5 + 4.0 / 11, 1e-12);
  ASSERT_TRUE(forecast_seasonal_naive(values, {cuts, 3}, 4, rows));
  EXPECT_EQ(rows, (std::vector<double>{1, 2, 3, 1, 2, 3}));
  MemberScratch scratch;
  ASSERT_TRUE(forecast_profile(values, {cuts, 3}, 4, 2, Shape::kAdditive, scratch, rows));
  EXPECT_NEAR(rows[0], 2.75 + ((1 - 2.75) + (1 - 2.5)) / 2, 1e-12);
  EXPECT_EQ(rows[3], 1);
  EXPECT_FALSE(forecast_profile(values, {cuts, 3}, 5, 2, Shape::kAdditive, scratch, rows))
      << "less than two periods";
}

// The equations of the paper with complex numbers: y^ + i p^ = a (y + i e) + (1 - a + i) (y^ + i p^).
TEST(ComplexSmoothing, equals_the_recursion_in_complex_numbers) {
  using std::complex_literals::operator""i;
  const auto values = season(80, 4, 2, 11);
  const std::vector<std::size_t> cuts{80, 72};
  std::vector<double> rows(2 * 9);
  MemberScratch scratch;
  ASSERT_TRUE(forecast_complex(values, {cuts, 9}, 4, scratch, rows));
  // The grid is the member's own affair: one of its points must give what it said.
  double nearest = 1e300;
  for (const double real : {1.05, 1.2, 1.4, 1.5, 1.6, 1.8, 1.95}) {
    for (const double imaginary : {.99, 1.0, 1.01}) {
      const std::complex<double> a(real, imaginary);
      std::vector<std::complex<double>> states;  // one per phase, as carried forward
      for (std::size_t i = 0; i < 4; ++i) states.emplace_back(values[i], values[i] / real);
      const auto step = [&](std::complex<double>& z, double y, double e) {
        z = a * (y + 1i * e) + (1.0 - a + 1i) * z;
      };
      for (std::size_t i = 4; i < 80; ++i) {
        std::complex<double>& z = states[i % 4];
        step(z, values[i], values[i] - z.real());
      }
      double away = 0;
      for (std::size_t h = 0; h < 9; ++h) {
        std::complex<double>& z = states[(80 + h) % 4];
        away = std::max(away, std::abs(z.real() - rows[h]));
        step(z, z.real(), 0);
      }
      nearest = std::min(nearest, away);
    }
  }
  EXPECT_LT(nearest, 1e-9);
  EXPECT_FALSE(forecast_complex(values, {cuts, 9}, 25, scratch, rows)) << "less than three periods";
  const std::vector<double> flat(80, 5);
  ASSERT_TRUE(forecast_complex(flat, {cuts, 9}, 4, scratch, rows));
  EXPECT_NEAR(rows[8], 5, 1e-9);
}

TEST(Forecast, a_clean_season_is_continued) {
  const auto values = season(24 * 14, 24, 0, 1);
  const Forecast out = run(values, {.horizon = 24, .periods = {24, 0}});
  for (std::size_t h = 0; h < 24; ++h) EXPECT_NEAR(out.mean[h], values[h], 0.5) << h;
  EXPECT_EQ(out.origins, kOriginsMax);
  double total = 0;
  for (const ForecastShare& share : out.members) total += share.weight;
  EXPECT_NEAR(total, 1, 1e-9);
}

TEST(Forecast, odd_inputs_have_an_answer) {
  EXPECT_TRUE(std::isnan(run({}, {.horizon = 2}).mean[1]));
  EXPECT_TRUE(std::isnan(run(std::vector<double>(9, kNone), {.horizon = 2}).mean[0]));
  EXPECT_EQ(run(std::vector<double>{7}, {.horizon = 3}).mean, (std::vector<double>{7, 7, 7}));
  EXPECT_EQ(run(std::vector<double>{7}, {.horizon = 1}).band(0.95).low[0], 7);
  const Forecast flat = run(std::vector<double>(200, 4.5), {.horizon = 5, .periods = {24, 0}});
  for (const double value : flat.mean) EXPECT_NEAR(value, 4.5, 1e-9);
  EXPECT_NEAR(flat.band(0.95).high[4], 4.5, 1e-9);
  for (std::size_t n = 2; n < 40; ++n) {
    for (const double value : run(season(n, 7, 1, 2), {.horizon = 10, .periods = {7, 0}}).mean)
      EXPECT_TRUE(std::isfinite(value)) << n;
  }
}

TEST(Forecast, scaling_the_series_scales_the_answer) {
  const auto values = season(300, 24, 3, 3);
  std::vector<double> scaled(values);
  for (double& value : scaled) value *= 1000;
  const Forecast a = run(values, {.horizon = 12, .periods = {24, 0}});
  const Forecast b = run(scaled, {.horizon = 12, .periods = {24, 0}});
  for (std::size_t h = 0; h < 12; ++h) EXPECT_NEAR(b.mean[h], 1000 * a.mean[h], 1e-3);
}

TEST(Forecast, gaps_are_bridged_and_bounds_are_kept) {
  auto values = season(24 * 10, 24, 1, 4);
  for (std::size_t i = 30; i < 40; ++i) values[i] = kNone;
  values.front() = values.back() = kNone;
  const Forecast out = run(values, {.horizon = 24, .periods = {24, 0}, .floor = 90, .ceiling = 110});
  const auto band = out.band(0.95);
  for (std::size_t h = 0; h < 24; ++h) {
    EXPECT_GE(out.mean[h], 90);
    EXPECT_LE(out.mean[h], 110);
    EXPECT_GE(band.low[h], 90);
    EXPECT_LE(band.high[h], 110);
  }
}

TEST(Forecast, intervals_widen_with_the_horizon_on_a_random_walk_and_hold_what_they_say) {
  std::mt19937 random(8);
  std::normal_distribution<double> normal;
  int inside = 0, all = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<double> walk(260);
    double at = 1000;
    for (double& value : walk) value = at += normal(random);
    const Forecast out = run(std::span(walk).first(250), {.horizon = 10});
    const auto band = out.band(0.9);
    EXPECT_GE(band.high[9] - band.low[9], band.high[0] - band.low[0]);
    const auto wide = out.band(0.99);
    for (std::size_t h = 0; h < 10; ++h, ++all) {
      inside += walk[250 + h] >= band.low[h] && walk[250 + h] <= band.high[h];
      EXPECT_LE(wide.low[h], band.low[h]);
    }
  }
  EXPECT_GT(inside, all * 80 / 100);
  EXPECT_LT(inside, all * 99 / 100);
}

TEST(Exhaustion, a_filling_disk_is_full_when_its_line_says_so) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> disk(300);
  for (std::size_t i = 0; i < disk.size(); ++i)
    disk[i] = 100 + 2 * static_cast<double>(i) + 3 * normal(random);
  const Forecast out = run(disk, {.horizon = 60});
  const Exhaustion up = exhaustion_of(out, 760, LimitSide::kUpper);  // the line is there 31 steps on
  ASSERT_TRUE(up.earliest && up.expected && up.latest);
  EXPECT_NEAR(static_cast<double>(*up.expected), 31, 4);
  EXPECT_LE(*up.earliest, *up.expected);
  EXPECT_LE(*up.expected, *up.latest);
  EXPECT_TRUE(std::is_sorted(up.reached_by.begin(), up.reached_by.end()));
  EXPECT_FALSE(exhaustion_of(out, 5000, LimitSide::kUpper).earliest);
  EXPECT_FALSE(exhaustion_of(out, 0, LimitSide::kLower).earliest);
  EXPECT_EQ(exhaustion_of(out, 600, LimitSide::kUpper).expected, 1u) << "already there";
  EXPECT_TRUE(exhaustion_of(Forecast{}, 1, LimitSide::kUpper).reached_by.empty());
}

TEST(LikelySeasons, are_found_under_a_trend_and_not_in_red_noise) {
  SeasonSearch scratch;
  auto values = season(24 * 40, 24, 2, 6);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += 0.3 * static_cast<double>(i);
  EXPECT_EQ(likely_seasons(values, scratch)[0], 24u);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += i / 24 % 7 < 5 ? 30 : 0;
  EXPECT_EQ(likely_seasons(values, scratch), (std::array<std::size_t, 2>{24, 168}));
  EXPECT_EQ(likely_seasons({}, scratch)[0], 0u);
  EXPECT_EQ(likely_seasons(std::vector<double>(500, 1.0), scratch)[0], 0u);
  int found = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    std::vector<double> red(800);
    double state = 0;
    for (double& value : red) value = state = 0.9 * state + normal(random);
    found += likely_seasons(red, scratch)[0] > 0;
  }
  EXPECT_LE(found, 25) << "a season too many costs only time here, but not in most series";
}

}  // namespace
}  // namespace trimtab::kernels
