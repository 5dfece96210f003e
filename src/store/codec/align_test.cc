// SPDX-License-Identifier: Apache-2.0
#include "store/codec/align.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace trimtab {
namespace {

constexpr Align kModes[] = {Align::kLast, Align::kMean,  Align::kMin,     Align::kMax,
                            Align::kSum,  Align::kCount, Align::kIncrease};

std::vector<double> aligned(const SampleBuffer& samples, const AlignGrid& grid, Align mode) {
  std::vector<double> row(grid.columns, -1);
  align_samples(samples.timestamps_ms, samples.values, grid, mode, row);
  return row;
}

// One cell by the words of the header, looking at every sample of the series.
double naive_cell(const SampleBuffer& samples, TimestampMs from, TimestampMs to, Align mode) {
  std::vector<double> inside;
  double increase = 0;
  bool increase_known = false;
  double before = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double value = samples.values[i];
    if (std::isnan(value)) continue;
    if (samples.timestamps_ms[i] > from && samples.timestamps_ms[i] <= to) {
      inside.push_back(value);
      if (!std::isnan(before)) {
        increase += value < before ? value : value - before;
        increase_known = true;
      }
    }
    before = value;
  }
  if (mode == Align::kCount) return static_cast<double>(inside.size());
  if (mode == Align::kIncrease && increase_known) return increase;
  if (mode == Align::kIncrease || inside.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const double value : inside) sum += value;
  switch (mode) {
    case Align::kLast: return inside.back();
    case Align::kMean: return sum / static_cast<double>(inside.size());
    case Align::kMin: return *std::min_element(inside.begin(), inside.end());
    case Align::kMax: return *std::max_element(inside.begin(), inside.end());
    default: return sum;
  }
}

SampleBuffer random_samples(std::mt19937_64& random, std::size_t count) {
  SampleBuffer out;
  TimestampMs t = 1000;
  for (std::size_t i = 0; i < count; ++i) {
    t += 1 + static_cast<TimestampMs>(random() % (random() % 10 == 0 ? 2000 : 60));
    out.timestamps_ms.push_back(t);
    const auto kind = random() % 12;
    double value = static_cast<double>(random() % 1000) / 8 - 30;
    if (kind == 0) value = stale_marker();
    if (kind == 1) value = std::numeric_limits<double>::quiet_NaN();
    if (kind == 2) value = -0.0;
    out.values.push_back(value);
  }
  return out;
}

TEST(Align, every_mode_equals_the_naive_loop) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const SampleBuffer samples = random_samples(random, random() % 120);
    const AlignGrid grid{static_cast<TimestampMs>(random() % 6000),
                         1 + static_cast<DurationMs>(random() % 300), random() % 60};
    for (const Align mode : kModes) {
      const std::vector<double> row = aligned(samples, grid, mode);
      for (std::size_t c = 0; c < grid.columns; ++c) {
        const TimestampMs to = grid.start_ms + static_cast<DurationMs>(c) * grid.step_ms;
        const double expected = naive_cell(samples, to - grid.step_ms, to, mode);
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(row[c])) << "mode " << static_cast<int>(mode) << " cell " << c;
        } else {
          EXPECT_EQ(row[c], expected) << "mode " << static_cast<int>(mode) << " cell " << c;
        }
      }
    }
  }
}

TEST(Align, a_cell_owns_its_end_and_not_its_start) {
  const SampleBuffer samples{{90, 100, 110}, {1, 2, 3}};
  EXPECT_EQ(aligned(samples, {100, 10, 2}, Align::kLast), (std::vector<double>{2, 3}));
  EXPECT_EQ(aligned(samples, {100, 10, 2}, Align::kCount), (std::vector<double>{1, 1}));
}

TEST(Align, increase_adds_resets_up_and_uses_the_sample_before_the_grid) {
  const SampleBuffer samples{{50, 60, 70, 80}, {100, 130, 5, 9}};
  EXPECT_EQ(aligned(samples, {60, 10, 3}, Align::kIncrease), (std::vector<double>{30, 5, 4}));
  EXPECT_EQ(aligned(samples, {80, 20, 1}, Align::kIncrease), std::vector<double>{9});
}

TEST(Align, the_first_sample_of_a_series_has_no_known_increase) {
  const std::vector<double> row = aligned({{10, 20}, {7, 8}}, {10, 10, 2}, Align::kIncrease);
  EXPECT_TRUE(std::isnan(row[0]));
  EXPECT_EQ(row[1], 1);
}

TEST(Align, increase_reaches_over_stale_markers_and_empty_cells) {
  const std::vector<double> row =
      aligned({{10, 20, 40}, {7, stale_marker(), 9}}, {10, 10, 4}, Align::kIncrease);
  EXPECT_TRUE(std::isnan(row[1]));
  EXPECT_TRUE(std::isnan(row[2]));
  EXPECT_EQ(row[3], 2);
}

TEST(Align, infinities_are_values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const SampleBuffer samples{{10, 20}, {kInfinity, -kInfinity}};
  EXPECT_EQ(aligned(samples, {20, 20, 1}, Align::kMin)[0], -kInfinity);
  EXPECT_EQ(aligned(samples, {20, 20, 1}, Align::kMax)[0], kInfinity);
  EXPECT_EQ(aligned({{10}, {kInfinity}}, {20, 20, 1}, Align::kMin)[0], kInfinity);
}

TEST(Align, no_samples_and_no_columns_are_fine) {
  EXPECT_TRUE(aligned({{10}, {1}}, {0, 10, 0}, Align::kSum).empty());
  EXPECT_TRUE(std::isnan(aligned({}, {0, 10, 1}, Align::kSum)[0]));
  EXPECT_EQ(aligned({}, {0, 10, 1}, Align::kCount)[0], 0);
}

TEST(Align, covered_is_what_the_cells_cover) {
  const AlignGrid grid{100, 10, 3};
  EXPECT_EQ(grid.covered(), (TimeRange{91, 120}));
  EXPECT_TRUE((AlignGrid{100, 10, 0}.covered().empty()));
}

}  // namespace
}  // namespace trimtab
