// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// One series drawn for a terminal or as a page of its own: what `trimtab analyze` shows.
namespace trimtab::report {

// All vectors may be empty. NaN is a gap. Positions count cells of `values`; `mean`, `low` and `high` follow
// behind its last cell (a forecast).
struct SeriesChart {
  std::string title{};
  std::span<const double> values{};
  std::vector<std::size_t> marks{};  // moments of interest (change points): upright lines
  std::vector<bool> flags{};         // per value: to be drawn as unusual
  struct Level {
    std::size_t from = 0, to = 0;
    double value = 0;
  };
  std::vector<Level> levels{};  // what was fitted
  std::vector<double> mean{}, low{}, high{};
  std::string first_label{}, last_label{};  // below the ends of the axis
};

// Lines of at most `width` columns (at least 40), `height` rows of plot; UTF-8 without colour. "" when there
// is nothing finite to draw.
std::string terminal_chart(const SeriesChart& chart, std::size_t width, std::size_t height);

struct TableText {
  std::vector<std::string> header{};
  std::vector<std::vector<std::string>> rows{};
};

// Columns as wide as their longest cell, numbers (cells that start like one) to the right.
std::string terminal_table(const TableText& table);

// One drawn series with its table.
struct SeriesSection {
  SeriesChart chart{};
  std::vector<std::string> sentences{};
  TableText table{};
};

// A complete page without scripts or anything from elsewhere: light and dark, phone width, print.
std::string series_page(std::string_view title, std::span<const SeriesSection> sections);

}  // namespace trimtab::report
