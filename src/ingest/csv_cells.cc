// SPDX-License-Identifier: Apache-2.0
#include "ingest/csv_cells.h"

#include <algorithm>

namespace trimtab {

bool CsvCells::split(std::string_view record) {
  cells_.clear();
  std::size_t unquoted = 0;
  std::size_t at = 0;
  while (true) {
    if (cells_.size() == unquoted_.size()) return stop("too many columns");
    if (at < record.size() && record[at] == '"') {
      std::string& cell = unquoted_[unquoted++];
      if (!take_quoted(record, at, cell)) return false;
      cells_.push_back(cell);
    } else {
      const std::size_t end = std::min(record.find(delimiter_, at), record.size());
      cells_.push_back(record.substr(at, end - at));
      at = end;
    }
    if (at == record.size()) return true;
    ++at;  // the delimiter
  }
}

bool CsvCells::stop(std::string_view why) {
  why_ = why;
  return false;
}

bool CsvCells::take_quoted(std::string_view record, std::size_t& at, std::string& cell) {
  cell.clear();
  ++at;
  while (true) {
    const std::size_t quote = record.find('"', at);
    if (quote == std::string_view::npos) return stop("a quoted cell has no closing quote");
    cell.append(record.substr(at, quote - at));
    at = quote + 1;
    if (at >= record.size() || record[at] != '"') break;
    cell += '"';
    ++at;
  }
  return at == record.size() || record[at] == delimiter_ || stop("text behind the closing quote of a cell");
}

}  // namespace trimtab
