// SPDX-License-Identifier: Apache-2.0
#include "cli/series_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "ingest/decompress.h"

namespace trimtab::cli {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool equal_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
  });
}

bool is_time_name(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames{"timestamp", "time", "date", "datetime", "ds"};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto word) { return equal_any_case(name, word); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The number of a cell; NaN for a cell that says there is none; nothing when it is a word.
std::optional<double> number_of(std::string_view cell) {
  cell = trimmed(cell);
  for (const std::string_view word : {"", "nan", "null", "na", "n/a", "none"}) {
    if (equal_any_case(cell, word)) return kNone;
  }
  if (cell.front() == '+') cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

// Splits CSV text (RFC 4180) into one row after the other; `cells` keep their memory.
class Rows {
 public:
  explicit Rows(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    const std::string_view first = text_.substr(at_, text_.find('\n', at_) - at_);
    for (const char candidate : {'\t', ';', ','}) {
      if (first.find(candidate) != std::string_view::npos) delimiter_ = candidate;
    }
  }
  std::size_t line() const { return line_; }

  // False at the end. Empty lines are passed over.
  bool next(std::vector<std::string>& cells) {
    while (at_ < text_.size()) {
      const std::size_t begin = at_;
      ++line_;
      read(cells);
      const std::string_view row = text_.substr(begin, at_ - begin);
      if (row.find_first_not_of(" \t\r\n") != std::string_view::npos) return true;
    }
    return false;
  }

 private:
  void read(std::vector<std::string>& cells) {
    std::size_t count = 0;
    const auto open = [&]() -> std::string& {
      if (count == cells.size()) cells.emplace_back();
      cells[count].clear();
      return cells[count++];
    };
    std::string* cell = &open();
    bool quoted = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quoted) {
        if (c != '"') {
          *cell += c;
        } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
          *cell += c;
          ++at_;
        } else {
          quoted = false;
        }
      } else if (c == '"' && cell->empty()) {
        quoted = true;
      } else if (c == delimiter_) {
        cell = &open();
      } else if (c == '\n') {
        ++at_;
        break;
      } else if (c != '\r') {
        *cell += c;
      }
    }
    cells.resize(count);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
  char delimiter_ = ',';
};

Result<std::string> read_all(const std::string& path) {
  const bool standard_input = path == "-";
  std::FILE* raw = standard_input ? stdin : std::fopen(path.c_str(), "rb");
  if (raw == nullptr) return fail(ErrorCode::kNotFound, fmt::format("cannot open {}", path));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(
      raw, standard_input ? [](std::FILE*) { return 0; } : [](std::FILE* file) { return std::fclose(file); });
  std::string text;
  const auto keep = [&](std::string_view piece) -> Status {
    if (text.size() + piece.size() > kSeriesFileBytesMax)
      return fail(ErrorCode::kLimit, fmt::format("more than {} bytes", kSeriesFileBytesMax));
    text.append(piece);
    return ok();
  };
  std::unique_ptr<StreamDecompressor> decompressor;
  std::string piece(1 << 20, '\0');
  bool first = true;
  while (true) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), in.get());
    if (got == 0) break;
    const std::string_view bytes = std::string_view(piece).substr(0, got);
    if (std::exchange(first, false)) {
      const Compression compression = sniff_compression(bytes);
      if (compression != Compression::kNone) decompressor = TRY(StreamDecompressor::create(compression));
    }
    const Status taken = decompressor ? decompressor->feed(bytes, keep) : keep(bytes);
    if (!taken) return std::unexpected(taken.error().within(path));
  }
  if (std::ferror(in.get()) != 0) return fail(ErrorCode::kIo, fmt::format("reading {} failed", path));
  if (decompressor) {
    if (const Status done = decompressor->finish(); !done) return std::unexpected(done.error().within(path));
  }
  return text;
}

bool all_numbers(const std::vector<std::string>& cells) {
  return std::all_of(cells.begin(), cells.end(),
                     [](const std::string& cell) { return number_of(cell).has_value(); });
}

}  // namespace

Result<SeriesFile> parse_series_file(std::string_view text, std::string path) {
  SeriesFile file;
  file.path = std::move(path);
  Rows rows(text);
  std::vector<std::string> cells;
  if (!rows.next(cells)) return invalid(fmt::format("{}: no line holds anything", file.path));
  const std::size_t width = cells.size();
  file.has_header = !all_numbers(cells);
  std::vector<SeriesColumn> columns(width);
  std::vector<bool> numeric(width, true);
  std::size_t time_column = width;
  for (std::size_t i = 0; i < width; ++i) {
    columns[i].name = file.has_header ? std::string(trimmed(cells[i])) : fmt::format("column {}", i + 1);
    if (file.has_header && time_column == width && is_time_name(columns[i].name)) time_column = i;
  }
  bool more = !file.has_header || rows.next(cells);
  while (more) {
    if (cells.size() != width) {
      return invalid(fmt::format("{}: line {} has {} cells, the first line has {}", file.path, rows.line(),
                                 cells.size(), width));
    }
    for (std::size_t i = 0; i < width; ++i) {
      if (i == time_column) {
        file.times.emplace_back(trimmed(cells[i]));
      } else if (numeric[i]) {
        const std::optional<double> value = number_of(cells[i]);
        numeric[i] = value.has_value();
        columns[i].values.push_back(value.value_or(kNone));
      }
    }
    ++file.rows;
    more = rows.next(cells);
  }
  if (file.rows == 0) return invalid(fmt::format("{}: a header, but no row below it", file.path));
  for (std::size_t i = 0; i < width; ++i) {
    if (i == time_column) {
      file.time_name = columns[i].name;
    } else if (numeric[i]) {
      file.columns.push_back(std::move(columns[i]));
    } else {
      file.left_out.push_back(columns[i].name);
    }
  }
  if (file.columns.empty()) return invalid(fmt::format("{}: no column holds numbers only", file.path));
  return file;
}

Result<SeriesFile> read_series_file(const std::string& path) {
  const std::string text = TRY(read_all(path));
  return parse_series_file(text, path);
}

Result<const SeriesColumn*> single_column(const SeriesFile& file, std::string_view name) {
  std::vector<std::string_view> names;
  for (const SeriesColumn& column : file.columns) {
    if (column.name == name || (name.empty() && file.columns.size() == 1)) return &column;
    names.push_back(column.name);
  }
  if (name.empty()) {
    return invalid(fmt::format("{}: {} numeric columns; choose one with --column: {}", file.path,
                               names.size(), fmt::join(names, ", ")));
  }
  return invalid(
      fmt::format("{}: no numeric column \"{}\"; there are: {}", file.path, name, fmt::join(names, ", ")));
}

}  // namespace trimtab::cli
