// SPDX-License-Identifier: Apache-2.0
// Ranks by counting beside ranks by sorting.
#include "kernels/correlate/counting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Kinds: normal; few whole numbers; constant but for one; far from 0 with little movement; heavy tails.
double drawn(int kind, std::mt19937& random) {
  std::normal_distribution<double> normal;
  switch (kind) {
    case 0: return normal(random);
    case 1: return std::floor(2 * normal(random));
    case 2: return random() % 50 == 0 ? 1 : 7;
    case 3: return 1e9 + normal(random);
    default: return std::exp(4 * normal(random));
  }
}

std::vector<double> sample(std::size_t count, int kind, double gaps, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> out(count);
  for (double& value : out) value = uniform(random) < gaps ? kNone : drawn(kind, random);
  out[count / 2] = drawn(kind, random);  // one at least
  return out;
}

std::vector<double> present(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  return values;
}

TEST(Counting, separation_is_that_of_the_sorted_way) {
  CountingScratch scratch;
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    const int kind = static_cast<int>(seed % 5);
    const double gaps = seed % 3 == 0 ? 0.3 : 0;
    const auto small = sample(1 + seed % 70, kind, gaps, random);
    auto large = sample(20 + seed % 90, kind, gaps, random);
    if (seed % 2 == 0) large[3] = present(small)[0];  // one tie across
    if (seed % 7 == 0)
      for (double& value : large) value += 1;
    Keys small_keys, large_keys;
    small_keys.assign(small, large[large.size() / 2]);
    large_keys.assign(large, large[large.size() / 2]);
    const Separation counted = separate_by_counting(small_keys, small, large_keys, scratch);
    std::vector<double> sorted = present(small);
    std::sort(sorted.begin(), sorted.end());
    sorted.resize(sorted.size() + kSeparationGuard);
    std::vector<std::uint32_t> counts(separation_counts(small.size()));
    const Separation by_order = separate(sorted, present(large), counts);
    EXPECT_DOUBLE_EQ(counted.statistic, by_order.statistic) << seed;
    // Where several places separate equally well the two may tell another one; what is told must hold.
    const auto up_there = [&](const std::vector<double>& values) {
      double up = 0, all = 0;
      for (const double value : present(values)) {
        up += (counted.above ? value > counted.at : value >= counted.at) ? 1 : 0;
        all += 1;
      }
      return up / all;
    };
    EXPECT_NEAR(std::abs(up_there(small) - up_there(large)), counted.statistic, 1e-12) << seed;
    if (counted.statistic > 0) {
      EXPECT_EQ(up_there(small) > up_there(large), counted.higher) << seed;
      EXPECT_NEAR(counted.middle, (up_there(small) + up_there(large)) / 2, 1e-12) << seed;
    }
  }
}

TEST(Counting, median_is_that_of_the_sorted_way) {
  CountingScratch scratch;
  Keys keys;
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    auto values = sample(1 + seed % 700, static_cast<int>(seed % 5), seed % 4 == 0 ? 0.4 : 0, random);
    if (seed % 11 == 0 && values.size() > 4) values.back() = std::numeric_limits<double>::infinity();
    keys.assign(values, values[values.size() / 2]);
    std::vector<double> there = present(values);
    ASSERT_EQ(keys.count, there.size());
    EXPECT_DOUBLE_EQ(median_by_counting(keys, values, scratch), reference::median(there)) << seed;
  }
}

TEST(Counting, the_widest_values_have_a_median) {
  CountingScratch scratch;
  Keys keys;
  const std::vector<double> values{1e308, -1e308, 1e300, 5, -1e300};
  keys.assign(values, 0);
  EXPECT_EQ(median_by_counting(keys, values, scratch), 5);
  const std::vector<double> high(40, 1e308);
  keys.assign(high, -1e308);
  EXPECT_EQ(median_by_counting(keys, high, scratch), 1e308);
}

}  // namespace
}  // namespace trimtab::kernels
