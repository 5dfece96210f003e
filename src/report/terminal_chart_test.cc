// SPDX-License-Identifier: Apache-2.0
#include "report/terminal_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace trimtab::report {
namespace {

TEST(TerminalChart, draws_axis_marks_and_legend) {
  const std::vector<ChartRow> rows = {{"a", {0, 5, 10}}, {"b", {10, std::nan(""), 0}}};
  EXPECT_EQ(terminal_chart(rows, 0, 60'000, {.columns = 50, .lines = 3}),
            "10 ┤ ○                                           ●\n"
            " 5 ┤                       ●\n"
            " 0 ┤ ●                                           ○\n"
            "     1970-01-01T00:00:00Z     1970-01-01T00:02:00Z\n"
            "  ● a  10\n"
            "  ○ b  0\n");
}

TEST(TerminalChart, survives_every_kind_of_value) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(terminal_chart({}, 0, 1, {}), "no data to draw\n");
  EXPECT_EQ(terminal_chart(std::vector<ChartRow>{{"a", {inf, -inf, std::nan("")}}}, 0, 1, {}),
            "no data to draw\n");
  for (const std::vector<double>& values : {std::vector<double>{5},
                                            {5, 5, 5},
                                            {-1e299, 1e299},
                                            {0, 5e-324},
                                            {inf, 1, -inf},
                                            std::vector<double>(10'000, 1)})
    EXPECT_THAT(terminal_chart(std::vector<ChartRow>{{"a", values}}, 0, 1000, {}), testing::HasSubstr("●"));
  EXPECT_THAT(terminal_chart(std::vector<ChartRow>(10, {"a", {1}}), 0, 1, {}),
              testing::HasSubstr("2 more series are not drawn"));
}

TEST(TerminalChart, bars_are_as_long_as_their_share) {
  EXPECT_EQ(
      terminal_bars(std::vector<ChartRow>{{"a", {10}}, {"bb", {-5}}, {"c", {std::nan("")}}}, {.columns = 28}),
      "a   ██████████ 10\n"
      "bb  █████ -5\n"
      "c   no value\n");
}

}  // namespace
}  // namespace trimtab::report
