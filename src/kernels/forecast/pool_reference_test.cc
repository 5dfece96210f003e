// SPDX-License-Identifier: Apache-2.0
// The pool and the driver beside naive ones. Their parts (members, driver_slope) have references of their
// own.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <optional>

#include "kernels/distributions.h"
#include "kernels/forecast/driver.h"
#include "kernels/forecast/forecast.h"
#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using Values = std::vector<double>;

Values filled(const Values& v) {
  Values out;
  for (std::size_t i = 0; i < v.size(); ++i) {
    std::optional<std::size_t> left, right;
    for (std::size_t k = 0; k <= i; ++k)
      if (std::isfinite(v[k])) left = k;
    for (std::size_t k = v.size(); k-- > i;)
      if (std::isfinite(v[k])) right = k;
    if (left && right && *right > *left) {
      const double share = static_cast<double>(i - *left) / static_cast<double>(*right - *left);
      out.push_back((1 - share) * v[*left] + share * v[*right]);
    } else {
      out.push_back(v[left ? *left : *right]);
    }
  }
  return out;
}

// What one member says: a row for each origin.
struct Row {
  std::vector<Values> said;
  Values errors;  // mean absolute one of each past origin
};

class NaivePool {
 public:
  NaivePool(const Values& values, const ForecastOptions& options) : v_(filled(values)), o_(options) {
    const std::size_t n = v_.size(), judged = std::min(o_.horizon, std::max<std::size_t>(1, n / 4));
    judged_ = judged;
    cuts_.push_back(n);
    for (std::size_t k = 0; k < 8; ++k) {
      const std::size_t back = judged + k * std::max<std::size_t>(1, judged / 2);
      if (n >= back && n - back >= std::max<std::size_t>(4, n / 2)) cuts_.push_back(n - back);
    }
    run();
  }

  Values mean() const {
    Values out = origins() == 0 ? rows_[0].said[0] : combined(0, weights(kNobody));
    for (double& value : out) value = std::clamp(value, o_.floor, o_.ceiling);
    return out;
  }
  std::size_t origins() const { return cuts_.size() - 1; }

  // What the combination missed, by origin and step; each origin by weights from the others.
  std::vector<Values> misses() const {
    std::vector<Values> out;
    for (std::size_t k = 1; k < cuts_.size(); ++k) {
      const Values said = combined(k, weights(origins() > 1 ? k - 1 : kNobody));
      out.emplace_back();
      for (std::size_t h = 0; h < judged_; ++h) out.back().push_back(v_[cuts_[k] + h] - said[h]);
    }
    return out;
  }

  // A line through the misses' sizes over the step, neither falling nor below 0.
  Values spread() const {
    Values steps, sizes, out;
    if (origins() == 0) {
      for (std::size_t i = 1; i < v_.size(); ++i) sizes.push_back(std::abs(v_[i] - v_[i - 1]));
      const double size = sizes.empty() ? 0 : reference::mean(sizes);
      for (std::size_t h = 1; h <= o_.horizon; ++h) out.push_back(size * std::sqrt(static_cast<double>(h)));
      return out;
    }
    double xx = 0, xy = 0;
    for (const Values& origin : misses()) {
      for (std::size_t h = 0; h < judged_; ++h) {
        const double step = static_cast<double>(h + 1);
        steps.push_back(step);
        sizes.push_back(std::abs(origin[h]));
        xx += step * step, xy += step * std::abs(origin[h]);
      }
    }
    auto [level, slope, error] = reference::line(steps, sizes);
    if (slope < 0) level = reference::mean(sizes), slope = 0;
    if (level < 0) level = 0, slope = xy / xx;
    for (std::size_t h = 1; h <= o_.horizon; ++h) out.push_back(level + slope * static_cast<double>(h));
    return out;
  }

  // Of all members, the largest first.
  Values shares() const {
    Values out = weights(kNobody);
    std::sort(out.begin(), out.end(), std::greater<>());
    return out;
  }

 private:
  static constexpr std::size_t kNobody = 99;

  void add(const std::function<bool(std::span<double>)>& member, bool logarithms = false) {
    Values flat(cuts_.size() * o_.horizon, 0);
    if (!member(flat)) return;
    Row row;
    for (std::size_t k = 0; k < cuts_.size(); ++k) {
      row.said.emplace_back();
      for (std::size_t h = 0; h < o_.horizon; ++h) {
        const double said = flat[k * o_.horizon + h];
        row.said.back().push_back(logarithms ? std::exp(said) : said);
        if (!std::isfinite(row.said.back().back())) {
          if (k == 0) return;  // nothing to say
          row.said.back().back() = v_[cuts_[k] - 1];
        }
      }
      if (k == 0) continue;
      double error = 0;
      const std::size_t steps = std::min(o_.horizon, v_.size() - cuts_[k]);
      for (std::size_t h = 0; h < steps; ++h)
        error += std::abs(row.said[k][h] - v_[cuts_[k] + h]) / static_cast<double>(steps);
      row.errors.push_back(error);
    }
    rows_.push_back(row);
  }

  void smoothers(const Origins& at, std::size_t period, Shape shape) {
    add([&](auto rows) { return forecast_damped(v_, at, period, shape, s_, rows); });
    add([&](auto rows) { return forecast_theta(v_, at, period, shape, s_, rows); });
  }

  void run() {
    const Origins at{cuts_, o_.horizon};
    const bool positive = *std::min_element(v_.begin(), v_.end()) > 0;
    add([&](auto rows) { return forecast_naive(v_, at, rows), true; });
    add([&](auto rows) { return forecast_drift(v_, at, rows), true; });
    smoothers(at, 0, Shape::kAdditive);
    for (const std::size_t period : o_.periods) {
      if (period < 2) continue;
      add([&](auto rows) { return forecast_seasonal_naive(v_, at, period, rows); });
      for (const Shape shape : {Shape::kAdditive, Shape::kMultiplicative}) {
        if (shape == Shape::kMultiplicative && !positive) continue;
        for (const std::size_t cycles : {2, 5})
          add([&](auto rows) { return forecast_profile(v_, at, period, cycles, shape, s_, rows); });
        smoothers(at, period, shape);
      }
      add([&](auto rows) { return forecast_complex(v_, at, period, s_, rows); });
    }
    Values logs;
    for (const double value : v_) logs.push_back(std::log(value));
    Values other(cuts_.size() * o_.horizon);
    for (const bool logarithms : {false, true}) {
      for (const std::size_t difference : {std::size_t{0}, std::size_t{1}, o_.periods[0]}) {
        if (logarithms && !positive) continue;
        const Values& y = logarithms ? logs : v_;
        add(
            [&](auto rows) {
              return forecast_autoregression(y, at, o_.periods, difference, s_, rows, other);
            },
            logarithms);
        add(
            [&](auto rows) {
              return forecast_autoregression(y, at, o_.periods, difference, s_, other, rows);
            },
            logarithms);
      }
    }
  }

  // (least error / own error)^4 over the origins but one.
  Values weights(std::size_t left_out) const {
    Values errors, out;
    for (const Row& row : rows_) {
      errors.push_back(0);
      for (std::size_t k = 0; k < row.errors.size(); ++k) errors.back() += k == left_out ? 0 : row.errors[k];
    }
    const double least = *std::min_element(errors.begin(), errors.end());
    double total = 0;
    for (const double error : errors)
      out.push_back(error > 0 ? std::pow(least / error, 4) : 1), total += out.back();
    for (double& weight : out) weight /= total;
    return out;
  }

  Values combined(std::size_t origin, const Values& by) const {
    Values out(o_.horizon, 0);
    for (std::size_t m = 0; m < rows_.size(); ++m)
      for (std::size_t h = 0; h < o_.horizon; ++h) out[h] += by[m] * rows_[m].said[origin][h];
    return out;
  }

  Values v_;
  ForecastOptions o_;
  std::size_t judged_ = 1;
  std::vector<std::size_t> cuts_;
  std::vector<Row> rows_;
  MemberScratch s_;
};

Values series(unsigned seed) {
  auto out = noise(1 + (seed * 23) % 150, seed, 0.4, seed % 3 == 0 ? 0 : 40);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] += 4 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 6) +
              0.1 * (seed % 4) * static_cast<double>(i);
    if (seed % 5 == 3 && (i * 7 + seed) % 6 == 0 && i != out.size() / 2) out[i] = kNone;
  }
  return out;
}

// How much wider than a normal interval one of so few origins is.
double widened(std::size_t origins, double level) {
  const double degrees = 1.5 * static_cast<double>(origins), tail = (1 - level) / 2;
  const double t = reference::passes([&](double x) { return -student_t_tail(x, degrees); }, -tail, 0, 50);
  return t / reference::passes([](double x) { return -0.5 * std::erfc(x / std::sqrt(2.0)); }, -tail, 0, 50);
}

TEST(Forecast, mean_misses_spread_and_band_equal_the_naive_ones) {
  ForecastWorkspace workspace;
  Forecast told;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const Values values = series(seed);
    const ForecastOptions options{.horizon = 1 + seed % 9,
                                  .periods = {6, seed % 2 == 0 ? std::size_t{0} : std::size_t{12}},
                                  .floor = seed % 4 == 0 ? 38 : -1e300};
    forecast(values, options, workspace, told);
    const NaivePool naive(values, options);
    ASSERT_EQ(told.origins, naive.origins()) << seed;
    const Values mean = naive.mean(), spread = naive.spread();
    Values sizes;
    double error = 0, count = 0;
    for (const Values& origin : naive.misses()) {
      for (std::size_t h = 0; h < origin.size(); ++h) {
        sizes.push_back(spread[h] > 0 ? std::abs(origin[h]) / spread[h] : 0);
        error += std::abs(origin[h]), count += 1;
      }
    }
    std::sort(sizes.begin(), sizes.end());
    for (std::size_t h = 0; h < options.horizon; ++h) {
      ASSERT_NEAR(told.mean[h], mean[h], 1e-8 * (1 + std::abs(mean[h]))) << seed;
      ASSERT_NEAR(told.spread[h], spread[h], 1e-8 * (1 + spread[h])) << seed << " at " << h;
    }
    if (naive.origins() == 0) continue;
    const Values shares = naive.shares();
    ASSERT_EQ(told.members.size(), shares.size()) << seed;
    for (std::size_t m = 0; m < shares.size(); ++m)
      ASSERT_NEAR(told.members[m].weight, shares[m], 1e-7) << seed;
    ASSERT_NEAR(told.error, error / count, 1e-8 * (1 + error)) << seed;
    ASSERT_EQ(told.misses.size(), sizes.size()) << seed;
    for (std::size_t i = 0; i < sizes.size(); ++i) ASSERT_NEAR(told.misses[i], sizes[i], 1e-7) << seed;
    // Rank level (n + 1) of the misses, from 1.
    const double n = static_cast<double>(sizes.size()), rank = std::clamp(0.8 * (n + 1) - 1, 0.0, n - 1);
    const double reach =
        (n > 1 ? reference::quantile(sizes, rank / (n - 1)) : sizes[0]) * widened(naive.origins(), 0.8);
    const auto band = told.band(0.8);
    for (std::size_t h = 0; h < options.horizon; ++h) {
      EXPECT_NEAR(band.high[h], std::max(options.floor, mean[h] + reach * spread[h]), 1e-6) << seed;
      EXPECT_NEAR(band.low[h], std::max(options.floor, mean[h] - reach * spread[h]), 1e-6) << seed;
    }
  }
}

// Huber's regression: each round weighs by what the last one left.
DriverSlope naive_slope(const Values& y, const Values& x, std::size_t distance) {
  Values dx, dy;
  std::vector<std::size_t> at;
  double largest = 0;
  for (std::size_t i = distance; i < y.size(); ++i) {
    const double a = x[i] - x[i - distance], b = y[i] - y[i - distance];
    if (!std::isfinite(a + b)) continue;
    dx.push_back(a), dy.push_back(b), at.push_back(i);
    largest = std::max(largest, std::abs(x[i]));
  }
  DriverSlope out{.pairs = dx.size()};
  if (dx.size() < kDriverPairsMin) return out;
  out.constant =
      *std::max_element(dx.begin(), dx.end()) - *std::min_element(dx.begin(), dx.end()) <= 1e-9 * largest;
  if (out.constant) return out;
  Values weights(dx.size(), 1), rest(dx.size());
  double mean = 0, xx = 0, slope = 0;
  for (int round = 0; round < 50; ++round) {
    double w = 0, mx = 0, my = 0, xy = 0, before = slope;
    for (std::size_t i = 0; i < dx.size(); ++i)
      w += weights[i], mx += weights[i] * dx[i], my += weights[i] * dy[i];
    mean = mx / w, xx = 0;
    for (std::size_t i = 0; i < dx.size(); ++i) {
      xx += weights[i] * std::pow(dx[i] - mean, 2);
      xy += weights[i] * (dx[i] - mean) * (dy[i] - my / w);
    }
    slope = xy / xx;
    Values sizes;
    for (std::size_t i = 0; i < dx.size(); ++i) {
      rest[i] = dy[i] - my / w - slope * (dx[i] - mean);
      sizes.push_back(std::abs(rest[i]));
    }
    if (round > 0 && std::abs(slope - before) <= 1e-12 * std::abs(slope)) break;
    std::sort(sizes.begin(), sizes.end());
    const double bound = 1.345 * 1.4826 * sizes[sizes.size() / 2];
    for (std::size_t i = 0; i < dx.size(); ++i)
      weights[i] = std::abs(rest[i]) <= bound ? 1 : bound / std::abs(rest[i]);
  }
  // Blocks of neighbours as one each.
  const auto block =
      std::max(2 * distance, static_cast<std::size_t>(std::sqrt(static_cast<double>(y.size()))));
  std::vector<double> sums(y.size() / block + 1, 0);
  std::vector<bool> any(sums.size(), false);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    sums[at[i] / block] += weights[i] * rest[i] * (dx[i] - mean);
    any[at[i] / block] = true;
  }
  double squares = 0, blocks = 0;
  for (std::size_t b = 0; b < sums.size(); ++b) squares += sums[b] * sums[b], blocks += any[b] ? 1 : 0;
  if (blocks < 4) return out;
  out.found = true;
  out.effect = slope;
  out.error = std::sqrt(squares * blocks / (blocks - 2)) / xx;
  return out;
}

struct Driven {
  Values values, past, future;
};

Driven driven(unsigned seed, std::size_t count) {
  Driven out;
  out.values = noise(count, seed, 0.3, 100);
  out.past = noise(count, seed + 40, 0.9, 20);
  out.future = noise(8, seed + 80, 0.9, 25);
  for (std::size_t i = 0; i < count; ++i) {
    out.values[i] +=
        (seed % 3) * out.past[i] + 3 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 6);
    if (i % 41 == 7) out.values[i] += 30;
    if (seed % 2 == 1 && i % 17 == 3) out.past[i] = kNone;
    if (seed % 2 == 1 && i % 23 == 4) out.values[i] = kNone;
  }
  if (seed % 7 == 6) out.past.assign(count, 3);
  return out;
}

TEST(DriverSlope, equals_the_naive_regression_with_gaps_and_wild_values) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const Driven d = driven(seed, 15 + 4 * seed);
    for (const std::size_t distance : {1, 6, 13}) {
      const DriverSlope told = driver_slope(d.values, d.past, distance),
                        naive = naive_slope(d.values, d.past, distance);
      ASSERT_EQ(told.pairs, naive.pairs) << seed;
      ASSERT_EQ(told.found, naive.found) << seed;
      ASSERT_EQ(told.constant, naive.constant) << seed;
      EXPECT_NEAR(told.effect, naive.effect, 1e-9 * (1 + std::abs(naive.effect))) << seed;
      EXPECT_NEAR(told.error, naive.error, 1e-9 * (1 + naive.error)) << seed;
    }
  }
}

// Of one season and the multiple of it nearest to 1/24 of the series, the distance with the smaller error.
DriverSlope better_slope(const Values& y, const Values& x, std::size_t season) {
  const double share = static_cast<double>(y.size()) / 24 / static_cast<double>(season);
  const auto seasons = static_cast<std::size_t>(std::max(1.0, std::floor(share + 0.5)));
  const DriverSlope near = driver_slope(y, x, season), far = driver_slope(y, x, seasons * season);
  if (!near.found || !far.found) return near.found ? near : far;
  return far.error < near.error ? far : near;
}

Values without(const Driven& d, double effect, double from) {
  Values out;
  for (std::size_t i = 0; i < d.values.size(); ++i) {
    std::optional<double> known;  // the last one, else the first to come
    for (std::size_t k = 0; k < d.past.size() && (k <= i || !known); ++k)
      if (std::isfinite(d.past[k])) known = d.past[k];
    out.push_back(d.values[i] - effect * (*known - from));
  }
  return out;
}

TEST(ForecastWithDriver, equals_the_pool_without_the_effect_and_the_effect_added) {
  std::size_t used = 0, not_used = 0;
  for (unsigned seed = 0; seed < 24; ++seed) {
    const Driven d = driven(seed, 120 + 7 * seed);
    const ForecastOptions options{.horizon = 8, .periods = {6, 0}, .ceiling = 150};
    ForecastWorkspace workspace;
    Forecast told, plain, judged, ahead;
    const DriverEffect effect = forecast_with_driver(d.values, {d.past, d.future}, options, workspace, told);
    forecast(d.values, options, workspace, plain);
    const std::size_t earliest = workspace.members.cuts.back();
    const Driven early_part{{d.values.begin(), d.values.begin() + static_cast<std::ptrdiff_t>(earliest)},
                            {d.past.begin(), d.past.begin() + static_cast<std::ptrdiff_t>(earliest)},
                            {}};
    const DriverSlope early = better_slope(early_part.values, early_part.past, 6);
    const DriverSlope late = better_slope(d.values, d.past, 6);
    const double recent = reference::mean(reference::present(std::span(d.past).last(6)));
    const ForecastOptions open{.horizon = 8, .periods = {6, 0}};
    auto expected = DriverUse::kUsed;
    if (!early.found || !late.found) {
      expected = early.constant || late.constant ? DriverUse::kConstant : DriverUse::kTooShort;
    } else if (std::abs(late.effect) <= 3 * late.error) {
      expected = DriverUse::kNoEffect;
    } else {
      forecast(without(d, early.effect, recent), open, workspace, judged);
      forecast(without(d, late.effect, recent), open, workspace, ahead);
      if (judged.error >= 0.98 * plain.error) expected = DriverUse::kNoHelp;
    }
    ASSERT_EQ(effect.use, expected) << seed;
    EXPECT_EQ(effect.miss_without, plain.error);
    for (std::size_t h = 0; h < 8; ++h) {
      if (expected != DriverUse::kUsed) {
        EXPECT_EQ(told.mean[h], plain.mean[h]) << seed;
        EXPECT_EQ(told.spread[h], plain.spread[h]) << seed;
        continue;
      }
      const double way = d.future[h] - recent;
      EXPECT_NEAR(told.mean[h], std::min(150.0, ahead.mean[h] + late.effect * way), 1e-6) << seed;
      // A mean absolute value is sqrt(2 / pi) of a standard error.
      const double more = std::sqrt(2 / std::numbers::pi) * late.error * way;
      EXPECT_NEAR(told.spread[h], std::sqrt(judged.spread[h] * judged.spread[h] + more * more), 1e-6) << seed;
    }
    (expected == DriverUse::kUsed ? used : not_used) += 1;
  }
  EXPECT_GT(used, 5U);
  EXPECT_GT(not_used, 5U);
}

}  // namespace
}  // namespace trimtab::kernels
