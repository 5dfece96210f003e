// SPDX-License-Identifier: Apache-2.0
// The exponential histogram beside what OpenTelemetry's metrics data model and Prometheus' native histograms
// say about bounds, scales, the zero bucket and merging.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/sketch/exponential_histogram.h"

namespace trimtab::kernels {
namespace {

using Histogram = ExponentialHistogram;
constexpr double kSmallest = std::numeric_limits<double>::denorm_min();
constexpr double kNormalMin = std::numeric_limits<double>::min();
constexpr double kLargest = std::numeric_limits<double>::max();

// The definition: the bucket whose bounds, base^index and base^(index + 1), hold the value; no logarithm
// decides.
std::int32_t naive_index(double value, int scale) {
  const auto bound = [&](std::int64_t index) {
    return std::exp2(std::ldexp(static_cast<long double>(index), -scale));
  };
  auto index =
      static_cast<std::int64_t>(std::floor(std::ldexp(std::log2(static_cast<long double>(value)), scale)));
  while (value <= bound(index)) --index;
  while (value > bound(index + 1)) ++index;
  return static_cast<std::int32_t>(index);
}

TEST(DataModel, index_is_that_of_the_definition_at_every_scale) {
  std::vector<double> values{kSmallest,
                             3 * kSmallest,
                             std::nextafter(kNormalMin, 0),
                             kNormalMin,
                             std::nextafter(kNormalMin, 1),
                             kLargest,
                             std::nextafter(kLargest, 0),
                             1.0};
  for (int exponent = -1074; exponent <= 1023; exponent += exponent % 7 == 0 ? 1 : 11) {
    const double power = std::ldexp(1.0, exponent);
    for (const double value : {power, std::nextafter(power, 0), std::nextafter(power, kLargest)})
      if (value > 0) values.push_back(value);
  }
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> exponents(-1021, 1023);
  for (int i = 0; i < 300; ++i) values.push_back(std::exp2(exponents(random)));
  for (int scale = Histogram::kScaleMin; scale <= Histogram::kScaleMax; ++scale) {
    for (const double value : values)
      ASSERT_EQ(Histogram::index_of(value, scale), naive_index(value, scale)) << value << " at " << scale;
  }
}

TEST(DataModel, doubles_beside_irrational_bounds_are_on_the_right_side) {
  std::mt19937_64 random(5);
  for (int scale = 1; scale <= Histogram::kScaleMax; ++scale) {
    std::uniform_int_distribution<std::int32_t> indexes(-(1 << scale) * 4, (1 << scale) * 4);
    for (int i = 0; i < 300; ++i) {
      const double bound = Histogram::upper_bound(indexes(random), scale);
      for (const double value : {std::nextafter(bound, 0), bound, std::nextafter(bound, kLargest)})
        ASSERT_EQ(Histogram::index_of(value, scale), naive_index(value, scale)) << value << " at " << scale;
    }
  }
}

TEST(DataModel, powers_of_two_are_upper_bounds_of_their_bucket) {
  for (int scale = Histogram::kScaleMin; scale <= Histogram::kScaleMax; ++scale) {
    for (const int exponent : {-1022, -1, 0, 1, 2, 64, 1023}) {
      const double power = std::ldexp(1.0, exponent);
      const auto index = Histogram::index_of(power, scale);
      if (scale >= 0) {
        EXPECT_EQ(index, exponent * (std::int64_t{1} << scale) - 1) << exponent << " at " << scale;
        EXPECT_EQ(Histogram::upper_bound(index, scale), power);
      }
      EXPECT_LE(Histogram::index_of(power, scale),
                Histogram::index_of(std::nextafter(power, kLargest), scale));
    }
  }
}

TEST(DataModel, last_bucket_ends_at_the_largest_double) {
  for (int scale = Histogram::kScaleMin; scale <= Histogram::kScaleMax; ++scale)
    EXPECT_EQ(Histogram::upper_bound(Histogram::index_of(kLargest, scale), scale), kLargest) << scale;
}

TEST(DataModel, a_coarser_scale_joins_neighbours_by_pairs) {
  std::mt19937_64 random(6);
  std::uniform_real_distribution<double> exponents(-1022, 1024);
  for (int i = 0; i < 2000; ++i) {
    const double value = std::exp2(exponents(random));
    for (int scale = Histogram::kScaleMax; scale > Histogram::kScaleMin; --scale)
      ASSERT_EQ(Histogram::index_of(value, scale) >> 1, Histogram::index_of(value, scale - 1)) << value;
  }
}

TEST(DataModel, native_histograms_number_the_same_buckets_by_their_upper_bound) {
  // Schema 0, upper bounds inclusive: bucket 0 is (1/2, 1], 1 is (1, 2], 2 is (2, 4]; schema 1: 1 is (1, sqrt
  // 2].
  struct Case {
    double value;
    int schema;
    std::int32_t index;
  };
  for (const auto& [value, schema, index] : {Case{1, 0, 0},
                                             {1.5, 0, 1},
                                             {2, 0, 1},
                                             {2.5, 0, 2},
                                             {4, 0, 2},
                                             {0.5, 0, -1},
                                             {1.4, 1, 1},
                                             {1.42, 1, 2},
                                             {2, 1, 2},
                                             {2, 8, 256},
                                             {16, -2, 1},
                                             {17, -2, 2},
                                             {65536, -4, 1},
                                             {65537, -4, 2}}) {
    EXPECT_EQ(Histogram::native_index(Histogram::index_of(value, schema)), index)
        << value << " at " << schema;
    EXPECT_GE(std::exp2(std::ldexp(static_cast<double>(index), -schema)), value);
    EXPECT_LT(std::exp2(std::ldexp(static_cast<double>(index) - 1, -schema)), value);
  }
}

TEST(DataModel, zero_bucket_holds_values_up_to_the_threshold_and_both_bounds) {
  Histogram histogram(160, 0.25);
  for (const double value : {0.0, -0.0, 0.25, -0.25, 0.1, kSmallest}) histogram.add(value);
  EXPECT_EQ(histogram.zero_count(), 6u);
  histogram.add(std::nextafter(0.25, 1));
  histogram.add(std::nextafter(-0.25, -1));
  EXPECT_EQ(histogram.zero_count(), 6u);
  EXPECT_EQ(histogram.count(), 8u);
  EXPECT_EQ(histogram.quantile(0.5), 0);
}

TEST(DataModel, wider_zero_bucket_swallows_the_filled_buckets_it_cuts) {
  Histogram::Parts parts{.scale = 0, .positive = {-3, {5, 7, 0, 2}}, .negative = {-2, {3}}};  // (1/8, 1/4] on
  auto narrow = Histogram::from_parts(parts).value();
  Histogram wide(160, 0.3);  // cuts (1/4, 1/2] on both sides
  wide.add(0.2, 4);
  wide.add(8);
  for (const bool narrow_first : {true, false}) {
    Histogram merged = narrow_first ? narrow : wide;
    merged.merge(narrow_first ? wide : narrow);
    EXPECT_EQ(merged.zero_threshold(), 0.5);
    EXPECT_EQ(merged.zero_count(), 4u + 5 + 7 + 3);
    EXPECT_EQ(merged.count(), 4u + 1 + 5 + 7 + 2 + 3);
    EXPECT_EQ(merged.positive().offset, 0);
    EXPECT_EQ(merged.positive().counts, (std::vector<std::uint64_t>{2, 0, 1}));
    EXPECT_TRUE(merged.negative().counts.empty());
  }
  // On the negative side alone.
  auto below = Histogram::from_parts({.scale = 0, .negative = {-2, {3}}}).value();
  below.merge(wide);
  EXPECT_EQ(below.zero_threshold(), 0.5);
  EXPECT_EQ(below.zero_count(), 4u + 3);
  // Moved on by one of them, it cuts a bucket of the other: (1/4, 1/2] moves 0.3 to 0.5, (1/4, 1] that to 1.
  auto coarse = Histogram::from_parts({.scale = -1, .positive = {-1, {2, 1}}, .zero_threshold = 0.3}).value();
  coarse.merge(Histogram::from_parts({.scale = 0, .positive = {-2, {7}}}).value());
  EXPECT_EQ(coarse.zero_threshold(), 1);
  EXPECT_EQ(coarse.zero_count(), 9u);
  EXPECT_EQ(coarse.positive().counts, std::vector<std::uint64_t>{1});
  // Nothing in the way: the threshold stays where it is.
  Histogram far(160, 0);
  far.add(100);
  far.merge(wide);
  EXPECT_EQ(far.zero_threshold(), 0.3);
}

struct Sample {
  std::vector<double> values;
  Histogram histogram;
};

Sample sample_of(unsigned seed, std::size_t count, double spread, std::size_t buckets_max = 160) {
  Sample out{{}, Histogram(buckets_max)};
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < count; ++i) {
    const double size = std::exp(spread * normal(random));
    out.values.push_back(i % 11 == 0 ? 0 : i % 3 == 0 ? -size : size);
    out.histogram.add(out.values.back());
  }
  return out;
}

void expect_same(const Histogram& a, const Histogram& b) {
  EXPECT_EQ(a.scale(), b.scale());
  EXPECT_EQ(a.count(), b.count());
  EXPECT_EQ(a.zero_count(), b.zero_count());
  EXPECT_EQ(a.zero_threshold(), b.zero_threshold());
  EXPECT_EQ(a.positive().offset, b.positive().offset);
  EXPECT_EQ(a.positive().counts, b.positive().counts);
  EXPECT_EQ(a.negative().offset, b.negative().offset);
  EXPECT_EQ(a.negative().counts, b.negative().counts);
  EXPECT_EQ(a.min(), b.min());
  EXPECT_EQ(a.max(), b.max());
}

TEST(DataModel, merging_in_any_order_equals_one_histogram_of_all_values) {
  for (const double spread : {0.01, 1.0, 8.0, 100.0}) {
    const Sample parts[] = {sample_of(1, 700, spread), sample_of(2, 5, spread / 10),
                            sample_of(3, 300, spread * 2)};
    Histogram all;
    for (const Sample& part : parts) {
      for (const double value : part.values) all.add(value);
    }
    for (const auto& [a, b, c] : {std::tuple{0, 1, 2}, {2, 1, 0}, {1, 2, 0}}) {
      Histogram left = parts[a].histogram;
      left.merge(parts[b].histogram);
      left.merge(parts[c].histogram);
      expect_same(left, all);
      Histogram right = parts[b].histogram;
      right.merge(parts[c].histogram);
      Histogram outer = parts[a].histogram;
      outer.merge(right);
      expect_same(outer, all);
    }
  }
}

TEST(DataModel, every_rank_is_within_the_stated_error) {
  for (const double spread : {0.0, 0.1, 1.0, 5.0}) {
    for (const std::size_t buckets_max : {4u, 20u, 160u, 320u}) {
      Sample sample = sample_of(7, 501, spread, buckets_max);
      std::sort(sample.values.begin(), sample.values.end());
      for (std::size_t rank = 0; rank <= 500; ++rank) {
        const double exact = sample.values[rank];
        const double told = sample.histogram.quantile(static_cast<double>(rank) / 500);
        ASSERT_LE(std::abs(told - exact), sample.histogram.relative_error() * std::abs(exact) * (1 + 1e-12))
            << rank << " with " << buckets_max << " buckets, spread " << spread;
      }
    }
  }
}

TEST(DataModel, parts_come_back_as_they_went) {
  const Sample sample = sample_of(8, 400, 2);
  const Histogram& histogram = sample.histogram;
  const auto again = Histogram::from_parts({.scale = histogram.scale(),
                                            .positive = histogram.positive(),
                                            .negative = histogram.negative(),
                                            .zero_count = histogram.zero_count(),
                                            .sum = histogram.sum(),
                                            .min = histogram.min(),
                                            .max = histogram.max()});
  ASSERT_TRUE(again) << again.error().message();
  expect_same(*again, histogram);
  for (const double q : {0.0, 0.3, 0.99, 1.0}) EXPECT_EQ(again->quantile(q), histogram.quantile(q));
}

TEST(DataModel, parts_finer_or_longer_than_ours_are_joined) {
  // Scale 22: bucket 4 * 2^20 - 1 ends at 2; it is bucket 2^20 - 1 at scale 20.
  const std::int32_t at = 4 * (1 << 20) - 1;
  const auto fine = Histogram::from_parts({.scale = 22, .positive = {at, {3, 1}}});
  ASSERT_TRUE(fine);
  EXPECT_EQ(fine->scale(), 20);
  EXPECT_EQ(fine->positive().offset, (1 << 20) - 1);
  EXPECT_EQ(fine->positive().counts, (std::vector<std::uint64_t>{3, 1}));
  const auto longer =
      Histogram::from_parts({.scale = 3, .positive = {0, std::vector<std::uint64_t>(320, 1)}});
  ASSERT_TRUE(longer);
  EXPECT_EQ(longer->scale(), 2);
  EXPECT_EQ(longer->positive().counts, std::vector<std::uint64_t>(160, 2));
  EXPECT_EQ(longer->min(), 1) << "no minimum told: the lower bound of the first bucket";
  EXPECT_NEAR(longer->quantile(0) / std::exp2(0.125), 1, 1e-12) << "and it is no value: the middle is told";
}

TEST(DataModel, parts_that_cannot_be_are_refused_with_the_reason) {
  struct Case {
    Histogram::Parts parts;
    const char* says;
  };
  const Case cases[] = {
      {{.scale = -11}, "scale -11 is below -10"},
      {{.zero_threshold = -1}, "zero threshold -1"},
      {{.zero_threshold = std::numeric_limits<double>::infinity()}, "zero threshold inf"},
      {{.positive = {1024, {1}}}, "buckets 1024 to 1024 at scale 0"},
      {{.negative = {-1076, {1}}}, "doubles have -1075 to 1023"},
      {{.positive = {std::numeric_limits<std::int32_t>::max(), {1, 1}}}, "leave 32 bits"},
      {{.positive = {0, {std::uint64_t{1} << 53, 1}}}, "counts add up to more than"},
      {{.zero_count = std::numeric_limits<std::uint64_t>::max()}, "counts add up to more than"},
      {{.positive = {0, {1}}, .min = 2, .max = 1}, "minimum 2 is above maximum 1"},
  };
  for (const auto& [parts, says] : cases) {
    const auto result = Histogram::from_parts(parts);
    ASSERT_FALSE(result) << says;
    EXPECT_NE(result.error().message().find(says), std::string::npos) << result.error().message();
  }
  const auto empty = Histogram::from_parts({.positive = {5000, {0, 0}}});
  ASSERT_TRUE(empty) << "empty buckets hold nothing, wherever they are";
  EXPECT_TRUE(std::isnan(empty->quantile(0.5)));
}

}  // namespace
}  // namespace trimtab::kernels
