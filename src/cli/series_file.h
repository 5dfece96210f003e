// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Plain files of measurements as `trimtab analyze` reads them: CSV, plain or compressed (gzip, zstd).
namespace trimtab::cli {

struct SeriesColumn {
  std::string name{};            // by the header, else "column 1", ...
  std::vector<double> values{};  // one per row; NaN where the cell is empty or says NaN, null, NA
};

struct SeriesFile {
  std::string path{};                   // as given
  std::string time_name{};              // "" when no column is the time
  std::vector<std::string> times{};     // as written; empty when no column is the time
  std::vector<SeriesColumn> columns{};  // the numeric ones, in the file's order
  std::vector<std::string> left_out{};  // names of the columns that are not numbers
  bool has_header = false;
  std::size_t rows = 0;

  // The time of a row as written, else the row's number from 0.
  std::string time_of(std::size_t row) const { return row < times.size() ? times[row] : std::to_string(row); }
};

// Reads a whole file ("-": standard input) of at most kSeriesFileBytesMax decompressed bytes.
// The first line is a header unless all of its cells are numbers or empty. A column named timestamp,
// time, date, datetime or ds (any case) is the time; every other column that holds nothing but numbers
// and empty cells is a metric. Cells may be quoted; the delimiter is told from the first line (comma,
// semicolon or tab). A file without header is all metrics.
// Errors: kNotFound, kIo, kInvalid (with the line), kLimit.
Result<SeriesFile> read_series_file(const std::string& path);

// The same from text that is already there; `path` stands in messages only.
Result<SeriesFile> parse_series_file(std::string_view text, std::string path);

// The one column that a verb for single metrics looks at: `name`, or the only one when it is empty.
// Errors: kInvalid, with the names there are.
Result<const SeriesColumn*> single_column(const SeriesFile& file, std::string_view name);

inline constexpr std::size_t kSeriesFileBytesMax = std::size_t{2} << 30;

}  // namespace trimtab::cli
