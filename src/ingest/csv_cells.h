// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trimtab {

// The cells of one record by RFC 4180: between delimiters, in double quotes where they hold one, "" for a
// quote. A record is one line. Externally locked; keeps its memory from record to record.
class CsvCells {
 public:
  CsvCells(char delimiter, std::size_t cells_max) : delimiter_(delimiter), unquoted_(cells_max) {}

  // False when quotes do not fit or there are too many cells; why() says which.
  bool split(std::string_view record);
  // Views into the record or into this; valid until the next split().
  const std::vector<std::string_view>& cells() const { return cells_; }
  std::string_view why() const { return why_; }

 private:
  bool stop(std::string_view why);
  bool take_quoted(std::string_view record, std::size_t& at, std::string& cell);

  char delimiter_;
  std::vector<std::string_view> cells_;
  std::vector<std::string> unquoted_;  // as many as there may be cells
  std::string_view why_;
};

}  // namespace trimtab
