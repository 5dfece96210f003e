// SPDX-License-Identifier: Apache-2.0
#include "cli/series_file.h"

#include <gtest/gtest.h>

#include <cmath>

namespace trimtab::cli {
namespace {

SeriesFile parsed(std::string_view text) {
  auto file = parse_series_file(text, "f.csv");
  EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().message());
  return file ? *file : SeriesFile{};
}

std::string refused(std::string_view text) {
  const auto file = parse_series_file(text, "f.csv");
  return file ? "taken" : file.error().message();
}

TEST(SeriesFile, a_time_column_is_told_by_its_name_and_the_rest_are_metrics) {
  const SeriesFile file = parsed("TimeStamp,host,cpu,free\n2026-01-01,a,1.5,\n2026-01-02,b,2.5,7\n");
  EXPECT_EQ(file.time_name, "TimeStamp");
  EXPECT_EQ(file.times, (std::vector<std::string>{"2026-01-01", "2026-01-02"}));
  ASSERT_EQ(file.columns.size(), 2u);
  EXPECT_EQ(file.columns[0].values, (std::vector<double>{1.5, 2.5}));
  EXPECT_TRUE(std::isnan(file.columns[1].values[0]));
  EXPECT_EQ(file.left_out, std::vector<std::string>{"host"});
  EXPECT_EQ(file.time_of(1), "2026-01-02");
}

TEST(SeriesFile, without_header_every_column_is_a_metric) {
  const SeriesFile file = parsed("1,2\n3,4\n\n5,NaN");
  EXPECT_FALSE(file.has_header);
  EXPECT_EQ(file.rows, 3u);
  EXPECT_EQ(file.columns[0].name, "column 1");
  EXPECT_EQ(file.columns[0].values, (std::vector<double>{1, 3, 5}));
  EXPECT_EQ(file.time_of(2), "2");
}

TEST(SeriesFile, quotes_tabs_semicolons_and_windows_line_ends_are_read) {
  EXPECT_EQ(parsed("time;\"a;\"\"b\"\r\n1;2\r\n").columns[0].name, "a;\"b");
  EXPECT_EQ(parsed("x\ty\n1e3\t+2\n").columns[0].values[0], 1000);
}

TEST(SeriesFile, what_can_not_be_read_is_refused_with_the_place) {
  EXPECT_EQ(refused(""), "f.csv: no line holds anything");
  EXPECT_EQ(refused("a,b\n"), "f.csv: a header, but no row below it");
  EXPECT_EQ(refused("a,b\n1,2\n1\n"), "f.csv: line 3 has 1 cells, the first line has 2");
  EXPECT_EQ(refused("a\nx\n"), "f.csv: no column holds numbers only");
}

TEST(SeriesFile, a_verb_for_one_metric_asks_which) {
  const SeriesFile file = parsed("a,b\n1,2\n");
  EXPECT_EQ((*single_column(file, "b"))->values[0], 2);
  EXPECT_EQ(single_column(file, "").error().message(),
            "f.csv: 2 numeric columns; choose one with --column: a, b");
  EXPECT_EQ(single_column(file, "c").error().message(), "f.csv: no numeric column \"c\"; there are: a, b");
}

}  // namespace
}  // namespace trimtab::cli
