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

// Mean of each phase over what is there, from `first` on, less the mean of them all.
std::vector<double> naive_profile(const std::vector<float>& values, const std::vector<float>& present,
                                  std::size_t period, std::size_t from, std::size_t to) {
  std::vector<double> out(period);
  double centre = 0;
  for (std::size_t phase = 0; phase < period; ++phase) {
    double sum = 0, count = 0;
    for (std::size_t i = from + phase; i < to; i += period) {
      if (!present.empty() && present[i] == 0) continue;
      sum += static_cast<double>(values[i]);
      count += 1;
    }
    out[phase] = count > 0 ? sum / count : 0;
    centre += out[phase] / static_cast<double>(period);
  }
  for (double& part : out) part -= centre;
  return out;
}

// The mean over `half` phases to either side, around the circle.
std::vector<double> naive_smooth(const std::vector<double>& profile, std::size_t half) {
  std::vector<double> out;
  for (std::size_t phase = 0; phase < profile.size(); ++phase) {
    double sum = 0;
    for (std::size_t k = 0; k <= 2 * half; ++k)
      sum += profile[(phase + profile.size() - half + k) % profile.size()];
    out.push_back(sum / static_cast<double>(2 * half + 1));
  }
  return out;
}

// Where a training phase has few values the smoothed profile is tried too: enough neighbours for
// kProfileValues of them, at most an eighth of the period; the better counts.
double naive_gain(const std::vector<float>& values, const std::vector<float>& present, std::size_t period,
                  std::size_t test_cycles = 0) {
  const std::size_t cycles = values.size() / period;
  if (cycles < 3) return 0;
  if (test_cycles == 0) test_cycles = std::max<std::size_t>(1, cycles / 3);
  const std::size_t first = values.size() - cycles * period, trained = cycles - test_cycles;
  const std::size_t test = first + trained * period;
  const auto left = [&](const std::vector<double>& profile) {
    std::vector<double> rests;
    for (std::size_t i = test; i < values.size(); ++i)
      if (present.empty() || present[i] == 1)
        rests.push_back(static_cast<double>(values[i]) - profile[(i - first) % period]);
    double mean = 0, sum = 0;
    for (const double rest : rests) mean += rest / static_cast<double>(rests.size());
    for (const double rest : rests) sum += (rest - mean) * (rest - mean);
    return sum;
  };
  const auto profile = naive_profile(values, present, period, first, test);
  std::size_t half = 0;
  while (2 * (half + 1) * trained <= kProfileValues + trained - 1) ++half;
  half = std::min(half, period / 8);
  const double with = std::min(left(profile), left(naive_smooth(profile, half)));
  const double without = left(std::vector<double>(period, 0));
  return without > 0 ? 1 - with / without : 0;
}

TEST(MeanProfile, equals_the_means_of_each_phase) {
  ProfileScratch scratch;
  for (const std::size_t period : {2, 3, 7, 24, 64, 65, 200}) {
    for (const std::size_t count : {period, period * 3 + 1, period * 20}) {
      const auto values = normals(count, static_cast<unsigned>(count));
      std::vector<float> present(count, 1), profile(period);
      mean_profile(values, {}, scratch, profile);
      const auto naive = naive_profile(values, {}, period, 0, count);
      for (std::size_t i = 0; i < period; ++i)
        EXPECT_NEAR(static_cast<double>(profile[i]), naive[i], 1e-5) << period;
      for (std::size_t i = 0; i < count; i += 5) present[i] = 0;
      mean_profile(values, present, scratch, profile);
      const auto gappy = naive_profile(values, present, period, 0, count);
      for (std::size_t i = 0; i < period; ++i)
        EXPECT_NEAR(static_cast<double>(profile[i]), gappy[i], 1e-5) << period;
    }
  }
}

TEST(ProfileGain, equals_the_naive_form_where_few_cycles_are_smoothed) {
  ProfileScratch scratch;
  for (unsigned seed = 0; seed < 120; ++seed) {
    const std::size_t period = 2 + (seed * 7) % 90;
    auto values = normals(period * (1 + seed % 9) + seed % period, seed);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] += 2 * std::sin(6.2831853f * static_cast<float>(i % period) / static_cast<float>(period));
    std::vector<float> present(values.size(), 1);
    for (std::size_t i = seed % 4; i < values.size(); i += 4) present[i] = 0;
    const std::size_t test_cycles = values.size() / period >= 4 ? seed % 3 : 0;
    EXPECT_NEAR(profile_gain(values, {}, period, scratch, test_cycles),
                naive_gain(values, {}, period, test_cycles), 1e-4)
        << seed;
    EXPECT_NEAR(profile_gain(values, present, period, scratch, test_cycles),
                naive_gain(values, present, period, test_cycles), 1e-4)
        << seed << " with gaps";
  }
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
