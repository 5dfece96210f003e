// SPDX-License-Identifier: Apache-2.0
#include "report/sparkline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "report/chart.h"

namespace trimtab::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Evidence evidence_with(std::vector<double> points) {
  Evidence e;
  e.sparkline = std::move(points);
  e.sparkline_range = {0, 1000};
  e.window = {2000, 3000};  // outside: nothing marked
  return e;
}

std::string blocks(const Evidence& e, std::size_t columns) {
  return sparkline_blocks(fit_sparkline(e, columns), "[", "]");
}

TEST(Sparkline, lowest_and_highest_take_the_ends_of_the_scale) {
  EXPECT_EQ(blocks(evidence_with({0, 1, 2, 3, 4, 5, 6, 7}), 8), "▁▂▃▄▅▆▇█");
}

TEST(Sparkline, missing_is_a_dot_and_never_the_lowest_block) {
  EXPECT_EQ(blocks(evidence_with({1, kNaN, 2, kInfinity}), 4), "▁·█·");
}

TEST(Sparkline, without_any_finite_value_there_is_nothing_to_draw) {
  EXPECT_EQ(blocks(evidence_with({}), 10), "");
  EXPECT_EQ(blocks(evidence_with({kNaN, kInfinity, -kInfinity}), 10), "");
  EXPECT_EQ(blocks(evidence_with({1, 2}), 0), "");
}

TEST(Sparkline, a_flat_line_stays_in_the_middle) { EXPECT_EQ(blocks(evidence_with({5, 5, 5}), 3), "▄▄▄"); }

TEST(Sparkline, a_spike_survives_fewer_columns) {
  std::vector<double> points(120, 1.0);
  points[77] = 9;
  const Sparkline line = fit_sparkline(evidence_with(points), 10);
  EXPECT_EQ(line.values.size(), 10u);
  EXPECT_EQ(line.highest, 9);
}

TEST(Sparkline, the_unusual_part_is_marked_where_its_points_are) {
  Evidence e = evidence_with({1, 1, 1, 1, 1, 1, 5, 5, 1, 1});
  e.window = {600, 800};
  EXPECT_EQ(blocks(e, 10), "▁▁▁▁▁▁[██]▁▁");
  e.window = {600, 5000};
  EXPECT_EQ(blocks(e, 10), "▁▁▁▁▁▁[██▁▁]");
  EXPECT_EQ(blocks(e, 5), "▁▁▁[█▁]");
}

TEST(Sparkline, the_largest_doubles_do_not_overflow) {
  const double most = std::numeric_limits<double>::max();
  EXPECT_EQ(blocks(evidence_with({-most, 0, most}), 3), "▁▅█");
}

TEST(AxisTicks, enclose_the_range_in_round_even_steps) {
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {0, 1.29}, {8.2, 12.5}, {-3, 4}, {0.000012, 0.000031}, {0, 4e17}}) {
    const std::vector<double> ticks = axis_ticks(low, high, false);
    ASSERT_GE(ticks.size(), 3u);
    ASSERT_LE(ticks.size(), 7u);
    EXPECT_LE(ticks.front(), low);
    EXPECT_GE(ticks.back(), high);
    for (std::size_t i = 2; i < ticks.size(); ++i) {
      EXPECT_NEAR(ticks[i] - ticks[i - 1], ticks[1] - ticks[0], std::fabs(ticks[1] - ticks[0]) * 1e-6);
    }
  }
}

TEST(AxisTicks, flat_and_extreme_ranges_still_have_a_height) {
  const double most = std::numeric_limits<double>::max();
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {0, 0}, {5, 5}, {-5, -5}, {-1e300, 1e300}, {most / 2, most / 2}, {5e-324, 5e-324}}) {
    for (const bool binary : {false, true}) {
      const std::vector<double> ticks = axis_ticks(low, high, binary);
      ASSERT_GE(ticks.size(), 2u);
      EXPECT_LT(ticks.front(), ticks.back()) << low << " " << high;
      for (const double tick : ticks) EXPECT_TRUE(std::isfinite(tick));
    }
  }
}

TEST(AxisTicks, bytes_step_by_powers_of_two) {
  const std::vector<double> ticks = axis_ticks(0, 12.5 * 1024 * 1024 * 1024, true);
  EXPECT_EQ(ticks[1] - ticks[0], 4.0 * 1024 * 1024 * 1024);
}

}  // namespace
}  // namespace trimtab::report
