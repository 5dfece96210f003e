// SPDX-License-Identifier: Apache-2.0
#include "kernels/sketch/ddsketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace trimtab::kernels {
namespace {

// A DDSketch as its definition builds it: bin = floor(log_gamma |x| + offset).
struct Naive {
  double gamma, offset;
  std::map<std::int32_t, double> positive, negative;
  double zeros = 0;
  void add(double value) {
    if (value == 0) {
      zeros += 1;
    } else {
      const double at = std::floor(std::log(std::abs(value)) / std::log(gamma) + offset);
      (value > 0 ? positive : negative)[static_cast<std::int32_t>(at)] += 1;
    }
  }
};

std::vector<DdSketch::Bin> bins(const std::map<std::int32_t, double>& store) {
  std::vector<DdSketch::Bin> out;
  for (const auto& [index, count] : store) out.push_back({index, count});
  return out;
}

Result<DdSketchImport> imported(const Naive& naive, std::size_t buckets_max = 160) {
  const auto positive = bins(naive.positive);
  const auto negative = bins(naive.negative);
  return import_ddsketch({.gamma = naive.gamma,
                          .index_offset = naive.offset,
                          .zero_count = naive.zeros,
                          .positive = positive,
                          .negative = negative},
                         buckets_max);
}

TEST(DdSketchImport, every_rank_is_within_the_stated_error) {
  for (const double alpha : {0.001, 0.01, 0.05}) {
    for (const double offset : {0.0, 0.5, -1338.0, 77.25}) {
      for (const double spread : {0.5, 3.0}) {
        Naive naive{.gamma = (1 + alpha) / (1 - alpha), .offset = offset, .positive = {}, .negative = {}};
        std::vector<double> values;
        std::mt19937_64 random(1);
        std::normal_distribution<double> normal;
        for (int i = 0; i < 1001; ++i) {
          const double size = std::exp(spread * normal(random));
          values.push_back(i % 13 == 0 ? 0 : i % 4 == 0 ? -size : size);
          naive.add(values.back());
        }
        std::sort(values.begin(), values.end());
        const auto result = imported(naive);
        ASSERT_TRUE(result) << result.error().message();
        EXPECT_EQ(result->histogram.count(), 1001u);
        EXPECT_EQ(result->histogram.zero_count(), static_cast<std::uint64_t>(naive.zeros));
        EXPECT_GE(result->relative_error, alpha);
        EXPECT_LT(result->relative_error, alpha + result->histogram.relative_error() * 1.06);
        for (std::size_t rank = 0; rank <= 1000; ++rank) {
          const double told = result->histogram.quantile(static_cast<double>(rank) / 1000);
          ASSERT_LE(std::abs(told - values[rank]),
                    result->relative_error * std::abs(values[rank]) * (1 + 1e-9))
              << rank;
        }
      }
    }
  }
}

TEST(DdSketchImport, order_and_repetition_of_bins_do_not_matter) {
  const std::vector<DdSketch::Bin> sorted{{-3, 2}, {0, 5}, {9, 1}};
  const std::vector<DdSketch::Bin> mixed{{9, 1}, {0, 2}, {-3, 2}, {0, 3}, {400, 0}};
  const auto a = import_ddsketch({.gamma = 1.02, .positive = sorted, .negative = {}}).value();
  const auto b = import_ddsketch({.gamma = 1.02, .positive = mixed, .negative = {}}).value();
  EXPECT_EQ(a.histogram.positive().offset, b.histogram.positive().offset);
  EXPECT_EQ(a.histogram.positive().counts, b.histogram.positive().counts);
  EXPECT_EQ(a.histogram.count(), 8u);
}

TEST(DdSketchImport, broken_weights_keep_their_total) {
  const std::vector<DdSketch::Bin> thirds(30, {0, 1.0 / 3});
  const std::vector<DdSketch::Bin> halves{{-5, 0.5}, {5, 0.5}, {6, 0.5}};
  const auto result =
      import_ddsketch({.gamma = 1.02, .zero_count = 0.5, .positive = thirds, .negative = halves}).value();
  EXPECT_EQ(result.histogram.count(), 12u);
  EXPECT_NEAR(result.histogram.quantile(1), 2 * 1.02 / 2.02, 1e-12);
}

TEST(DdSketchImport, what_is_below_the_normal_doubles_counts_as_zero) {
  const std::vector<DdSketch::Bin> tiny{{-1060, 3}, {3, 1}};
  const auto result = import_ddsketch({.gamma = 2, .positive = tiny, .negative = {}}).value();
  EXPECT_EQ(result.histogram.zero_count(), 3u);
  EXPECT_EQ(result.histogram.count(), 4u);
}

TEST(DdSketchImport, empty_sketch_gives_an_empty_histogram) {
  const auto result = import_ddsketch({.gamma = 1.02, .positive = {}, .negative = {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->histogram.count(), 0u);
  EXPECT_TRUE(std::isnan(result->histogram.quantile(0.5)));
}

TEST(DdSketchImport, what_cannot_be_is_refused_with_the_reason) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<DdSketch::Bin> negative_count{{2, -1}};
  const std::vector<DdSketch::Bin> nan_count{{2, nan}};
  const std::vector<DdSketch::Bin> too_many{{2, 1e16}};
  const std::vector<DdSketch::Bin> too_high{{1100, 1}};
  struct Case {
    DdSketch sketch;
    const char* says;
  };
  const Case cases[] = {
      {{.gamma = 1, .positive = {}, .negative = {}}, "gamma 1 is not above 1"},
      {{.gamma = nan, .positive = {}, .negative = {}}, "gamma nan"},
      {{.gamma = 2, .index_offset = nan, .positive = {}, .negative = {}}, "index offset nan"},
      {{.gamma = 2, .zero_count = -2, .positive = {}, .negative = {}}, "zero count -2"},
      {{.gamma = 2, .positive = negative_count, .negative = {}}, "count -1 of bin 2"},
      {{.gamma = 2, .positive = {}, .negative = nan_count}, "count nan of bin 2"},
      {{.gamma = 2, .positive = too_many, .negative = {}}, "counts add up to 1e+16"},
      {{.gamma = 2, .positive = too_high, .negative = {}}, "bin 1100"},
  };
  for (const auto& [sketch, says] : cases) {
    const auto result = import_ddsketch(sketch);
    ASSERT_FALSE(result) << says;
    EXPECT_NE(result.error().message().find(says), std::string::npos) << result.error().message();
  }
}

}  // namespace
}  // namespace trimtab::kernels
