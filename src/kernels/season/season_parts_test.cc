// SPDX-License-Identifier: Apache-2.0
// Spectrum and profile gain beside their definitions.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

#include "kernels/season/profile_gain.h"
#include "kernels/season/spectrum.h"

namespace trimtab::kernels {
namespace {

std::vector<float> normals(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

TEST(HannPower, equals_the_sums_of_its_definition) {
  SpectrumScratch scratch;
  std::vector<float> power;
  for (const std::size_t count : {1, 2, 3, 15, 16, 17, 31, 64, 100, 128, 200, 500}) {
    const auto values = normals(count, static_cast<unsigned>(count));
    hann_power(values, scratch, power);
    const std::size_t size = 2 * power.size();
    ASSERT_GE(size, count);
    EXPECT_EQ(power[0], 0);
    for (std::size_t k = 1; k < power.size(); ++k) {
      std::complex<double> sum = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const double turn = 2 * std::numbers::pi * static_cast<double>(i);
        const double window = 1 - std::cos(turn / static_cast<double>(count));
        sum += static_cast<double>(values[i]) * window *
               std::polar(1.0, -turn * static_cast<double>(k) / static_cast<double>(size));
      }
      EXPECT_NEAR(power[k], std::norm(sum), 1e-4 * static_cast<double>(count)) << count << " at " << k;
    }
  }
}

TEST(LaggedProduct, equals_the_plain_sum) {
  const auto values = normals(101, 3);
  for (const std::size_t lag : {0, 1, 7, 60, 84, 85, 100}) {
    double sum = 0;
    for (std::size_t i = lag; i < values.size(); ++i) sum += static_cast<double>(values[i] * values[i - lag]);
    EXPECT_NEAR(lagged_product(values, lag), sum / static_cast<double>(values.size() - lag), 1e-5) << lag;
  }
}

// Without smoothing: enough cycles for every phase.
double naive_gain(const std::vector<float>& values, const std::vector<float>& present, std::size_t period) {
  const std::size_t cycles = values.size() / period;
  const std::size_t first = values.size() - cycles * period;
  const std::size_t test = first + (cycles - cycles / 3) * period;
  const auto there = [&](std::size_t i) { return present.empty() || present[i] == 1; };
  std::vector<double> sum(period), count(period);
  for (std::size_t i = first; i < test; ++i) {
    if (!there(i)) continue;
    sum[(i - first) % period] += static_cast<double>(values[i]);
    count[(i - first) % period] += 1;
  }
  double error = 0, error_square = 0, flat = 0, flat_square = 0, n = 0;
  for (std::size_t i = test; i < values.size(); ++i) {
    if (!there(i)) continue;
    const std::size_t phase = (i - first) % period;
    const double value = static_cast<double>(values[i]);
    const double rest = value - (count[phase] > 0 ? sum[phase] / count[phase] : 0);
    error += rest, error_square += rest * rest;
    flat += value, flat_square += value * value;
    n += 1;
  }
  return 1 - (error_square - error * error / n) / (flat_square - flat * flat / n);
}

TEST(ProfileGain, equals_the_naive_form_with_and_without_gaps) {
  ProfileScratch scratch;
  for (const std::size_t period : {2, 3, 7, 24, 64, 65}) {
    for (const std::size_t count : {period * 30, period * 31 + 1, period * 40 + period - 1}) {
      auto values = normals(count, static_cast<unsigned>(count));
      for (std::size_t i = 0; i < count; ++i) values[i] += i % period == 0 ? 2.0f : 0.0f;
      EXPECT_NEAR(profile_gain(values, {}, period, scratch), naive_gain(values, {}, period), 1e-4) << period;
      std::vector<float> present(count, 1);
      for (std::size_t i = 0; i < count; i += 5) present[i] = 0;
      EXPECT_NEAR(profile_gain(values, present, period, scratch), naive_gain(values, present, period), 1e-4)
          << period << " with gaps";
    }
  }
}

TEST(TakeOffSlow, takes_off_the_mean_around_each_value) {
  const auto values = normals(50, 4);
  std::vector<double> prefix{0};
  for (const float value : values) prefix.push_back(prefix.back() + static_cast<double>(value));
  for (const std::size_t width : {2, 3, 10, 49, 50, 1000}) {
    std::vector<float> out;
    take_off_slow(values, prefix, width, out);
    const std::size_t half = std::min<std::size_t>(width / 2, 24);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t middle = std::clamp(i, half, values.size() - 1 - half);
      double sum = 0;
      for (std::size_t j = middle - half; j <= middle + half; ++j) sum += static_cast<double>(values[j]);
      EXPECT_NEAR(static_cast<double>(out[i]),
                  static_cast<double>(values[i]) - sum / static_cast<double>(2 * half + 1), 1e-5);
    }
  }
}

}  // namespace
}  // namespace trimtab::kernels
