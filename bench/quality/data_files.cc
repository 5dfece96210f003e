// SPDX-License-Identifier: Apache-2.0
#include "quality/data_files.h"

#include <fmt/format.h>
#include <zlib.h>

#include <charconv>
#include <limits>

namespace trimtab::quality {

Result<std::string> read_data_file(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");  // passes plain files through
  if (file == nullptr) return fail(ErrorCode::kNotFound, fmt::format("cannot open {}", path.string()));
  std::string text;
  char buffer[1 << 16];
  int got = 0;
  while ((got = gzread(file, buffer, sizeof(buffer))) > 0) text.append(buffer, static_cast<std::size_t>(got));
  gzclose(file);
  if (got < 0) return fail(ErrorCode::kIo, fmt::format("reading {} failed", path.string()));
  return text;
}

std::vector<std::vector<std::string_view>> split_csv(std::string_view text, char delimiter) {
  std::vector<std::vector<std::string_view>> rows;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    std::vector<std::string_view>& row = rows.emplace_back();
    while (true) {
      const std::size_t comma = line.find(delimiter);
      row.push_back(line.substr(0, comma));
      if (comma == std::string_view::npos) break;
      line.remove_prefix(comma + 1);
    }
  }
  return rows;
}

double to_number(std::string_view cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size())
    return std::numeric_limits<double>::quiet_NaN();
  return value;
}

}  // namespace trimtab::quality
