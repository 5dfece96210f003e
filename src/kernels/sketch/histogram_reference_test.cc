// SPDX-License-Identifier: Apache-2.0
// The exponential histogram and what is imported into it beside all values kept and counted anew.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "kernels/reference_testlib.h"
#include "kernels/sketch/ddsketch.h"
#include "kernels/sketch/exponential_histogram.h"

namespace trimtab::kernels {
namespace {

using Counts = std::map<std::int64_t, std::uint64_t>;

// All values, in buckets (base^i, base^(i + 1)] of the finest scale at which neither sign needs more buckets
// than there may be.
class Naive {
 public:
  Naive(std::vector<double> values, std::size_t buckets_max, double zero_threshold)
      : threshold_(zero_threshold) {
    for (const double value : values) (std::isfinite(value) ? values_ : refused_).push_back(value);
    std::sort(values_.begin(), values_.end());
    while (too_many(counts(1), buckets_max) || too_many(counts(-1), buckets_max)) --scale_;
  }

  Counts counts(int sign) const {
    Counts out;
    for (const double value : values_)
      if (sign * value > threshold_) ++out[bucket(std::abs(value))];
    return out;
  }
  double quantile(double q) const {
    if (values_.empty()) return reference::kNone;
    const auto rank = static_cast<std::size_t>(std::round(q * static_cast<double>(values_.size() - 1)));
    const double value = values_[rank];
    if (rank == 0 || rank + 1 == values_.size()) return value;
    if (std::abs(value) <= threshold_) return 0;
    const double at = static_cast<double>(bucket(std::abs(value)));
    const double middle = std::sqrt(bound(at) * bound(at + 1));
    return std::clamp(value < 0 ? -middle : middle, values_.front(), values_.back());
  }
  int scale() const { return scale_; }
  const std::vector<double>& values() const { return values_; }
  std::size_t refused() const { return refused_.size(); }
  double error() const { return std::sqrt(bound(1)) - 1; }  // half a bucket

 private:
  double bound(double index) const { return std::pow(2, index * std::pow(2, -scale_)); }
  std::int64_t bucket(double value) const {
    auto index = static_cast<std::int64_t>(std::floor(std::log2(value) * std::pow(2, scale_)));
    while (value <= bound(static_cast<double>(index))) --index;
    while (value > bound(static_cast<double>(index + 1))) ++index;
    return index;
  }
  static bool too_many(const Counts& counts, std::size_t buckets_max) {
    if (counts.empty()) return false;
    return counts.rbegin()->first - counts.begin()->first >= static_cast<std::int64_t>(buckets_max);
  }
  double threshold_;
  std::vector<double> values_, refused_;
  int scale_ = ExponentialHistogram::kScaleMax;
};

Counts filled(const ExponentialBuckets& buckets) {
  Counts out;
  for (std::size_t i = 0; i < buckets.counts.size(); ++i)
    if (buckets.counts[i] > 0) out[buckets.offset + static_cast<std::int64_t>(i)] = buckets.counts[i];
  return out;
}

void expect_same(const ExponentialHistogram& told, const Naive& naive, unsigned seed) {
  ASSERT_EQ(told.scale(), naive.scale()) << seed;
  EXPECT_EQ(told.count(), naive.values().size()) << seed;
  EXPECT_EQ(told.refused(), naive.refused()) << seed;
  EXPECT_EQ(filled(told.positive()), naive.counts(1)) << seed;
  EXPECT_EQ(filled(told.negative()), naive.counts(-1)) << seed;
  EXPECT_NEAR(told.relative_error(), naive.error(), 1e-12) << seed;
  double sum = 0;
  for (const double value : naive.values()) sum += value;
  EXPECT_NEAR(told.sum(), sum, 1e-9 * (1 + std::abs(sum))) << seed;
  for (double q = 0; q <= 1; q += 0.0625) {
    const double value = told.quantile(q), expected = naive.quantile(q);
    ASSERT_EQ(std::isnan(value), std::isnan(expected)) << seed;
    if (!std::isnan(expected)) {
      ASSERT_NEAR(value, expected, 1e-12 * std::abs(expected)) << seed << " at " << q;
    }
  }
}

std::vector<double> sample(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out;
  const double spread = 0.2 * static_cast<double>(seed % 40);
  for (unsigned i = 0; i < seed % 90; ++i) {
    const double size = std::exp(spread * normal(random));
    out.push_back(i % 9 == 3 ? 0 : i % 3 == 0 ? -size : i % 11 == 5 ? reference::kNone : size);
  }
  return out;
}

TEST(ExponentialHistogram, buckets_and_quantiles_equal_a_count_of_all_values) {
  for (unsigned seed = 0; seed < 160; ++seed) {
    const auto values = sample(seed);
    const std::size_t buckets_max = seed % 2 == 0 ? 160 : 4 + seed % 30;
    const double threshold = seed % 5 == 0 ? 0.5 : 0;
    ExponentialHistogram whole(buckets_max, threshold), merged(buckets_max, threshold),
        part(buckets_max, threshold);
    for (std::size_t i = 0; i < values.size(); ++i) {
      whole.add(values[i]);
      (i % 3 == 0 ? part : merged).add(values[i]);
    }
    merged.merge(part);
    const Naive naive(values, buckets_max, threshold);
    expect_same(whole, naive, seed);
    expect_same(merged, naive, seed);
  }
}

TEST(DdSketchImport, equals_a_histogram_of_every_bins_own_value) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const double gamma = 1.01 + 0.05 * static_cast<double>(seed % 7),
                 offset = static_cast<double>(seed % 3) - 0.5;
    std::vector<DdSketch::Bin> positive, negative;
    std::vector<double> values(seed % 4, 0.0);
    for (unsigned i = 0; i < seed % 30; ++i) {
      const DdSketch::Bin bin{static_cast<std::int32_t>(random() % 200) - 100,
                              static_cast<double>(random() % 5)};
      (i % 3 == 0 ? negative : positive).push_back(bin);
      // In the middle, relative to the bin's bounds: as far from either, as a share of it.
      const double low = std::pow(gamma, bin.index - offset), middle = 2 * low * gamma / (1 + gamma);
      values.insert(values.end(), static_cast<std::size_t>(bin.count), i % 3 == 0 ? -middle : middle);
    }
    const auto told = import_ddsketch({.gamma = gamma,
                                       .index_offset = offset,
                                       .zero_count = static_cast<double>(seed % 4),
                                       .positive = positive,
                                       .negative = negative});
    ASSERT_TRUE(told) << seed;
    const Naive naive(values, 160, 0);
    expect_same(told->histogram, naive, seed);
    const double alpha = (gamma - 1) / (gamma + 1);
    EXPECT_NEAR(told->relative_error, (1 + alpha) * (1 + naive.error()) - 1, 1e-12);
  }
}

}  // namespace
}  // namespace trimtab::kernels
