// SPDX-License-Identifier: Apache-2.0
#include "kernels/sketch/exponential_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace trimtab::kernels {
namespace {

TEST(ExponentialHistogram, buckets_are_those_of_the_data_model) {
  // Scale 0: (1, 2] is bucket 0, (2, 4] bucket 1, (0.5, 1] bucket -1.
  for (const auto& [value, index] :
       {std::pair{1.5, 0}, {2.0, 0}, {2.1, 1}, {4.0, 1}, {1.0, -1}, {0.6, -1}, {0.5, -2}})
    EXPECT_EQ(ExponentialHistogram::index_of(value, 0), index) << value;
  // Scale 1: bounds at powers of sqrt(2). Scale -1: at powers of 4.
  EXPECT_EQ(ExponentialHistogram::index_of(1.4, 1), 0);
  EXPECT_EQ(ExponentialHistogram::index_of(1.42, 1), 1);
  EXPECT_EQ(ExponentialHistogram::index_of(4.0, -1), 0);
  EXPECT_EQ(ExponentialHistogram::index_of(4.1, -1), 1);
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponents(-300, 300);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::exp2(exponents(random));
    for (const int scale : {-5, 0, 3, 8}) {
      const auto index = ExponentialHistogram::index_of(value, scale);
      ASSERT_LE(value, ExponentialHistogram::upper_bound(index, scale) * (1 + 1e-12));
      ASSERT_GT(value, ExponentialHistogram::upper_bound(index - 1, scale) * (1 - 1e-12));
      // A coarser scale joins neighbours.
      ASSERT_EQ(ExponentialHistogram::index_of(value, scale - 1), index >> 1);
    }
  }
}

TEST(ExponentialHistogram, quantiles_are_within_the_error_it_states) {
  std::mt19937_64 random(2);
  std::lognormal_distribution<double> seconds(-3, 1.5);
  ExponentialHistogram histogram;
  std::vector<double> values(50000);
  for (double& value : values) histogram.add(value = seconds(random));
  std::sort(values.begin(), values.end());
  EXPECT_LE(histogram.positive().counts.size(), 160u);
  for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const double exact = values[static_cast<std::size_t>(std::round(q * 49999))];
    EXPECT_NEAR(histogram.quantile(q) / exact, 1, histogram.relative_error() * 1.001) << q;
  }
}

TEST(ExponentialHistogram, range_of_1_ms_to_100_s_keeps_the_documented_error) {
  ExponentialHistogram histogram;
  histogram.add(0.001);
  histogram.add(100);
  EXPECT_EQ(histogram.scale(), 3);
  EXPECT_LT(histogram.relative_error(), 0.0443);
}

TEST(ExponentialHistogram, merging_equals_adding_everything_to_one) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0, 50);
  ExponentialHistogram a, b, all;
  for (int i = 0; i < 5000; ++i) {
    const double value = i % 50 == 0 ? 0 : normal(random) * (i % 2 == 0 ? 1 : 1e-4);
    (i % 2 == 0 ? a : b).add(value);
    all.add(value);
  }
  a.merge(b);
  ASSERT_EQ(a.scale(), all.scale());
  EXPECT_EQ(a.count(), all.count());
  EXPECT_EQ(a.zero_count(), all.zero_count());
  EXPECT_EQ(a.positive().offset, all.positive().offset);
  EXPECT_EQ(a.positive().counts, all.positive().counts);
  EXPECT_EQ(a.negative().counts, all.negative().counts);
  EXPECT_EQ(a.min(), all.min());
  EXPECT_NEAR(a.sum(), all.sum(), 1e-6);
  EXPECT_LT(a.quantile(0.01), 0);
}

TEST(ExponentialHistogram, extremes_and_odd_values_are_taken_or_counted) {
  ExponentialHistogram histogram;
  EXPECT_TRUE(std::isnan(histogram.quantile(0.5)));
  histogram.add(std::numeric_limits<double>::quiet_NaN());
  histogram.add(std::numeric_limits<double>::infinity(), 2);
  EXPECT_EQ(histogram.refused(), 3u);
  histogram.add(std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(histogram.zero_count(), 1u);
  histogram.add(std::numeric_limits<double>::min());
  histogram.add(std::numeric_limits<double>::max());
  EXPECT_LE(histogram.positive().counts.size(), 160u);
  EXPECT_EQ(histogram.quantile(1), std::numeric_limits<double>::max());
  ExponentialHistogram same;
  same.add(7, 1000);
  EXPECT_EQ(same.quantile(0.99), 7) << "one value is known exactly";
  ExponentialHistogram empty;
  same.merge(empty);
  EXPECT_EQ(same.count(), 1000u);
  empty.merge(same);
  EXPECT_EQ(empty.quantile(0.5), 7);
}

}  // namespace
}  // namespace trimtab::kernels
