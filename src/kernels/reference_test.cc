// SPDX-License-Identifier: Apache-2.0
// The plain kernels beside naive references.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "kernels/binomial.h"
#include "kernels/distributions.h"
#include "kernels/false_discovery.h"
#include "kernels/first_passage.h"
#include "kernels/histogram_quantile.h"
#include "kernels/noise_testlib.h"
#include "kernels/quantile.h"
#include "kernels/reference_testlib.h"
#include "kernels/resample.h"
#include "kernels/rolling_mean.h"
#include "kernels/seasonality.h"
#include "kernels/tail.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;

// Kinds: normal, with ties, with gaps, both.
std::vector<double> sample(std::size_t count, unsigned seed, bool gaps = true) {
  auto out = noise(count, seed, 0.3, 2);
  for (std::size_t i = 0; i < count; ++i) {
    if (seed % 2 == 1) out[i] = std::round(out[i]);
    if (gaps && seed % 4 >= 2 && (i * 7 + seed) % 5 == 0) out[i] = kNone;
  }
  return out;
}

TEST(Quantile, equals_order_statistics_of_the_sorted_values) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto values = sample(1 + seed % 23, seed, false);
    for (const double q : {0.0, 0.05, 0.25, 0.5, 0.731, 0.99, 1.0}) {
      auto copied = values;
      EXPECT_DOUBLE_EQ(quantile_in_place(copied, q), reference::quantile(values, q)) << seed << " at " << q;
    }
    auto copied = values;
    EXPECT_DOUBLE_EQ(median_in_place(copied), reference::median(values)) << seed;
    EXPECT_DOUBLE_EQ(mad_in_place(copied, 1.5), reference::mad(values, 1.5)) << seed;
  }
  for (const double centre : {-300.0, 0.0, 1e-12, 7.0}) {
    for (const double resolution : {0.0, 0.5}) {
      double largest = 1e-9;
      if (std::abs(centre) / 100 > largest) largest = std::abs(centre) / 100;
      if (resolution > largest) largest = resolution;
      EXPECT_DOUBLE_EQ(scale_floor(centre, resolution), largest);
    }
  }
}

double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

// I_x(a, b) by its integral, with t = sin^2.
double beta_integral(double a, double b, double x) {
  const auto density = [&](double angle) {
    return 2 * std::pow(std::sin(angle), 2 * a - 1) * std::pow(std::cos(angle), 2 * b - 1);
  };
  return reference::integral(density, 0, std::asin(std::sqrt(x))) /
         reference::integral(density, 0, std::numbers::pi / 2);
}

TEST(Distributions, equal_the_integrals_of_their_densities) {
  for (double z = -4; z <= 6; z += 0.37) {
    const double tail = reference::integral(normal_density, z, z + 12);
    EXPECT_NEAR(normal_tail(z), tail, 1e-11) << z;
    EXPECT_NEAR(normal_tail_inverse(normal_tail(z)), z, 2e-8) << z;
    if (std::abs(z) < 4) {
      const double found = reference::passes(
          [&](double at) { return -reference::integral(normal_density, at, at + 12, 2000); }, -tail, -6, 8);
      EXPECT_NEAR(normal_tail_inverse(tail), found, 2e-8) << z;
    }
  }
  for (const double a : {1.0, 1.5, 3.0, 20.0}) {
    for (const double b : {1.0, 2.5, 9.0})
      for (const double x : {0.0, 0.01, 0.3, 0.5, 0.9, 1.0})
        EXPECT_NEAR(regularised_beta(a, b, x), beta_integral(a, b, x), 1e-8) << a << " " << b << " " << x;
  }
  for (const double degrees : {1.0, 2.5, 7.0, 60.0}) {
    // t = sqrt(degrees) tan(angle)
    const auto density = [&](double angle) { return std::pow(std::cos(angle), degrees - 1); };
    const double half = std::numbers::pi / 2;
    for (const double t : {-3.0, -0.2, 0.0, 0.8, 2.0, 9.0}) {
      const double tail = reference::integral(density, std::atan(t / std::sqrt(degrees)), half) /
                          reference::integral(density, -half, half);
      EXPECT_NEAR(student_t_tail(t, degrees), tail, 1e-6) << t << " with " << degrees;
    }
  }
}

double binomial_sum(int from, int to, int trials, double p) {
  double sum = 0;
  for (int k = from; k <= to; ++k) {
    double ways = 1;
    for (int i = 0; i < k; ++i) ways *= static_cast<double>(trials - i) / (k - i);
    sum += ways * std::pow(p, k) * std::pow(1 - p, trials - k);
  }
  return sum;
}

TEST(Binomial, interval_ends_where_the_sums_of_terms_say) {
  for (const int trials : {1, 5, 12, 30}) {
    for (int k = 0; k <= trials; ++k) {
      const auto interval =
          clopper_pearson(static_cast<std::uint64_t>(k), static_cast<std::uint64_t>(trials), 0.9);
      const double low =
          k == 0
              ? 0
              : reference::passes([&](double p) { return binomial_sum(k, trials, trials, p); }, 0.05, 0, 1);
      const double high =
          k == trials
              ? 1
              : reference::passes([&](double p) { return -binomial_sum(0, k, trials, p); }, -0.05, 0, 1);
      EXPECT_NEAR(interval.low, low, 1e-10) << k << " of " << trials;
      EXPECT_NEAR(interval.high, high, 1e-10) << k << " of " << trials;
    }
  }
}

double naive_tail(std::vector<double> values, double observed, double scale_min) {
  std::sort(values.begin(), values.end(), std::greater<>());
  const std::size_t n = values.size();
  std::size_t at_least = 0;
  for (const double value : values) at_least += value >= observed ? 1 : 0;
  const double by_rank = static_cast<double>(at_least + 1) / static_cast<double>(n + 1);
  std::size_t beyond = static_cast<std::size_t>(0.05 * static_cast<double>(n));
  beyond = std::min(std::clamp<std::size_t>(beyond, 10, 500), n / 2);
  if (beyond < 2 || at_least >= beyond) return by_rank;
  std::vector<double> excesses;
  for (std::size_t i = 0; i < beyond; ++i) excesses.push_back(values[i] - values[beyond]);
  auto [shape, scale] = reference::pareto(excesses, kShapeMin, kShapeMax);
  scale = std::max(scale, scale_min);
  const double excess = std::max(0.0, observed - values[beyond]);
  return std::min(by_rank, static_cast<double>(beyond) / static_cast<double>(n) *
                               std::pow(1 + shape * excess / scale, -1 / shape));
}

TEST(Tail, equals_rank_and_pareto_by_the_book) {
  TailScratch scratch;
  for (unsigned seed = 0; seed < 150; ++seed) {
    auto values = sample(1 + (seed * 17) % 400, seed, false);
    if (seed % 3 == 0)
      for (double& value : values) value = std::exp(2 * value);
    for (const double observed : {-1.0, 0.0, 2.0, 4.0, 6.0, 50.0, 1e6}) {
      auto copied = values;
      const double naive = naive_tail(values, observed, 0.01);
      EXPECT_NEAR(upper_tail_probability(copied, observed, 0.01, scratch), naive, 1e-8 * naive)
          << seed << " at " << observed;
    }
  }
}

TEST(RollingMean, equals_the_mean_of_the_window) {
  RollingMean rolling;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const auto values = sample(seed, seed);
    rolling.build(values);
    for (std::size_t from = 0; from <= values.size(); ++from) {
      for (std::size_t to = from; to <= values.size(); ++to) {
        const auto there = reference::present(std::span(values).subspan(from, to - from));
        ASSERT_EQ(rolling.present(from, to), there.size());
        for (const std::size_t least : {0, 1, 3}) {
          const double mean = rolling.mean(from, to, least);
          if (there.empty() || there.size() < least) {
            ASSERT_TRUE(std::isnan(mean));
          } else {
            ASSERT_NEAR(mean, reference::mean(there), 1e-12);
          }
        }
      }
    }
  }
}

// Every cell is looked at for every phase.
std::vector<double> naive_profile(std::span<const double> values, std::size_t period) {
  const std::size_t cycles = std::max<std::size_t>(1, values.size() / period);
  std::size_t half = 0;  // as many neighbours as give kValuesPerPhaseMin values, no more than an eighth
  while ((2 * half + 2) * cycles <= kValuesPerPhaseMin + cycles - 1) ++half;
  half = std::min(half, period / 8);
  std::vector<double> out;
  for (std::size_t phase = 0; phase < period; ++phase) {
    std::vector<double> mine;
    for (std::size_t middle = phase; middle - phase < values.size(); middle += period) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const bool near = i + half >= middle && i <= middle + half;
        if (near && !std::isnan(values[i])) mine.push_back(values[i]);
      }
    }
    out.push_back(mine.empty() ? kNone : reference::median(mine));
  }
  const auto there = reference::present(out);
  const double centre = there.empty() ? 0 : reference::median(there);
  for (double& value : out) value = std::isnan(value) ? 0 : value - centre;
  return out;
}

double naive_gain(std::span<const double> all, std::size_t period) {
  const std::size_t cycles = all.size() / period;
  if (cycles < kCyclesMin) return 0;
  const auto values = all.last(cycles * period);
  const std::size_t tested = std::max<std::size_t>(1, cycles / 3) * period;
  const auto profile = naive_profile(values.first(values.size() - tested), period);
  std::vector<double> flat, rest;
  for (std::size_t i = values.size() - tested; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    flat.push_back(values[i]);
    rest.push_back(values[i] - profile[i % period]);
  }
  if (flat.empty()) return 0;
  const auto error = [](const std::vector<double>& left) {
    double sum = 0;
    for (const double value : left) sum += std::abs(value - reference::median(left));
    return sum;
  };
  return error(flat) > 0 ? 1 - error(rest) / error(flat) : 0;
}

TEST(Seasonality, profile_and_gain_equal_the_naive_ones) {
  SeasonScratch scratch;
  for (unsigned seed = 0; seed < 120; ++seed) {
    auto values = sample(5 + (seed * 37) % 300, seed);
    const std::size_t period = 2 + (seed * 5) % 40;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += i % period < period / 2 ? 3 : 0;
    std::vector<double> profile(period);
    seasonal_profile(values, period, scratch, profile);
    const auto naive = naive_profile(values, period);
    for (std::size_t i = 0; i < period; ++i) ASSERT_NEAR(profile[i], naive[i], 1e-12) << seed << " " << i;
    ASSERT_NEAR(seasonal_gain(values, period, scratch), naive_gain(values, period), 1e-12) << seed;
  }
}

// Steps along the line until it meets the limit.
std::optional<double> walked(double distance, double slope, double horizon) {
  constexpr double kStep = 1e-3;
  for (double t = 0; t <= horizon + kStep / 2; t += kStep)
    if (slope * t >= distance - 1e-12) return t;
  return std::nullopt;
}

TEST(FirstPassage, equals_a_walk_along_the_line_and_an_integral_over_slopes) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int round = 0; round < 60; ++round) {
    Approach a{.level = 10 * uniform(random), .spread = 1 + uniform(random), .slope = uniform(random)};
    const double width = 0.1 + 0.4 * std::abs(uniform(random)), horizon = 20;
    a.slope_low = a.slope - width, a.slope_high = a.slope + width;
    a.limit = 10 * uniform(random);
    const FirstPassage told = first_passage(a, horizon);
    const double sign = a.limit >= a.level ? 1 : -1, distance = std::abs(a.limit - a.level);
    const double fast = sign > 0 ? a.slope_high : -a.slope_low, slow = sign > 0 ? a.slope_low : -a.slope_high;
    const auto expect = [&](std::optional<double> time, std::optional<double> naive) {
      if (time && *time > horizon - 0.002) return;  // the walk may stop a step short
      ASSERT_EQ(time.has_value(), naive.has_value()) << round;
      if (time) {
        EXPECT_NEAR(*time, *naive, 0.0011) << round;
      }
    };
    expect(told.expected, walked(distance, sign * a.slope, horizon));
    expect(told.earliest, walked(distance - 1.6449 * a.spread, fast, horizon));
    expect(told.latest, walked(distance + 1.6449 * a.spread, slow, horizon));
    // Over all slopes: how likely is that slope, how likely the level noise that then carries it over.
    const double error = width / 1.6449;
    const double probability = reference::integral(
        [&](double z) {
          const double missing = distance - (sign * a.slope + z * error) * horizon;
          return normal_density(z) * 0.5 * std::erfc(missing / a.spread / std::sqrt(2.0));
        },
        -9, 9);
    EXPECT_NEAR(told.probability, probability, 1e-6) << round;
  }
}

struct Samples {
  std::vector<TimestampMs> times;
  std::vector<double> values;
};

Samples scraped(unsigned seed) {
  std::mt19937 random(seed);
  Samples out;
  TimestampMs time = -3000;
  double value = 5;
  for (int i = 0; i < 60; ++i) {
    time += static_cast<TimestampMs>(random() % 1500);
    value += static_cast<double>(random() % 10);
    if (random() % 9 == 0) value = static_cast<double>(random() % 3);  // started anew
    const auto kind = random() % 13;
    out.times.push_back(time);
    out.values.push_back(kind == 0 ? kNone : kind == 1 ? -1 : kind == 2 ? INFINITY : value);
  }
  return out;
}

struct NaiveCell {
  double mean = kNone, rate = kNone, increase = kNone;
};

// Everything that one cell, (from, to], holds.
NaiveCell naive_cell(const Samples& s, TimestampMs from, TimestampMs to) {
  double sum = 0, count = 0, increase = 0, seconds = 0;
  for (std::size_t i = 0; i < s.times.size(); ++i) {
    if (s.times[i] <= from || s.times[i] > to || !std::isfinite(s.values[i])) continue;
    sum += s.values[i];
    count += 1;
    if (s.values[i] < 0) continue;
    // The sample before, NaN passed over; a negative or infinite one breaks the chain.
    std::size_t before = i;
    while (before > 0 && std::isnan(s.values[before - 1])) --before;
    if (before == 0) continue;
    const double last = s.values[before - 1];
    if (last < 0 || std::isinf(last) || s.times[before - 1] == s.times[i]) continue;
    increase += s.values[i] < last ? s.values[i] : s.values[i] - last;
    seconds += static_cast<double>(s.times[i] - s.times[before - 1]) / 1000;
  }
  NaiveCell out;
  if (count > 0) out.mean = sum / count;
  if (seconds > 0) out.rate = increase / seconds, out.increase = increase;
  return out;
}

TEST(Resample, every_cell_equals_a_search_through_all_samples) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const Samples samples = scraped(seed);
    const Cells cells{
        .first_end_ms = 1000, .step_ms = 700 + 500 * static_cast<DurationMs>(seed % 7), .count = 20};
    std::vector<double> means(20), rates(20), increases(20, kNone);
    resample_mean(samples.times, samples.values, cells, means);
    resample_rate(samples.times, samples.values, cells, rates);
    add_increase(samples.times, samples.values, cells, increases);
    for (std::size_t i = 0; i < cells.count; ++i) {
      const NaiveCell naive = naive_cell(samples, cells.end(i) - cells.step_ms, cells.end(i));
      const auto expect = [&](double told, double expected, const char* what) {
        ASSERT_EQ(std::isnan(told), std::isnan(expected)) << what << " " << seed << " cell " << i;
        if (!std::isnan(told)) {
          ASSERT_NEAR(told, expected, 1e-12 * (1 + std::abs(expected))) << what << " " << seed;
        }
      };
      expect(means[i], naive.mean, "mean");
      expect(rates[i], naive.rate, "rate");
      expect(increases[i], naive.increase, "increase");
    }
  }
}

// The smallest x at which the distribution, straight within each bucket, passes rank.
double naive_histogram_quantile(std::vector<double> bounds, std::vector<double> counts, double q) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (std::isnan(counts[i])) counts[i] = 0;
    counts[i] = std::max(counts[i], i > 0 ? counts[i - 1] : 0);
  }
  if (!(counts.back() > 0)) return kNone;
  const bool open = std::isinf(bounds.back());
  const double rank = q * counts.back();
  const std::size_t closed = bounds.size() - (open ? 1 : 0);
  if (open && (closed == 0 || counts[closed - 1] < rank)) return closed == 0 ? kNone : bounds[closed - 1];
  const auto share = [&](double x) {
    double below = 0, low = std::min(0.0, bounds[0]);
    for (std::size_t i = 0; i < closed; ++i) {
      if (x < bounds[i])
        return x <= low ? below : below + (counts[i] - below) * (x - low) / (bounds[i] - low);
      below = counts[i], low = bounds[i];
    }
    return below;
  };
  return reference::passes(share, rank, std::min(0.0, bounds[0]), bounds[closed - 1]);
}

TEST(HistogramQuantile, equals_the_place_where_the_distribution_passes) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<double> bounds, counts;
    double bound = seed % 5 == 0 ? -4 : 0.5, count = 0;
    for (unsigned i = 0; i < 1 + seed % 8; ++i) {
      bounds.push_back(bound += 0.25 * static_cast<double>(1 + random() % 8));
      count += static_cast<double>(random() % 4);
      counts.push_back(random() % 10 == 0 ? count - 2 : random() % 12 == 0 ? kNone : std::max(0.0, count));
    }
    if (seed % 2 == 0) bounds.back() = INFINITY;
    for (const double q : {0.07, 0.5, 0.83, 0.999}) {
      const double told = histogram_quantile(bounds, counts, q),
                   naive = naive_histogram_quantile(bounds, counts, q);
      ASSERT_EQ(std::isnan(told), std::isnan(naive)) << seed << " at " << q;
      if (!std::isnan(told)) {
        ASSERT_NEAR(told, naive, 1e-9) << seed << " at " << q;
      }
    }
  }
}

TEST(FalseDiscovery, equals_benjamini_and_hochberg_tried_for_every_number) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<double> rates(random() % 12);
    for (double& rate : rates) rate = static_cast<double>(random() % 1000) / 500;
    std::sort(rates.begin(), rates.end());
    const std::size_t judged = rates.size() + random() % 5;
    for (const double budget : {0.1, 1.0, 3.0}) {
      std::size_t most = 0;
      for (std::size_t keep = 1; keep <= rates.size(); ++keep)
        if (rates[keep - 1] * static_cast<double>(judged) <= budget * static_cast<double>(keep)) most = keep;
      EXPECT_EQ(keep_alarms(rates, judged, budget), most) << seed;
    }
  }
}

}  // namespace
}  // namespace trimtab::kernels
