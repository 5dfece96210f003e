// SPDX-License-Identifier: Apache-2.0
#include "targets/postgresql/statement_columns.h"

#include <charconv>
#include <utility>

namespace trimtab::postgresql {

namespace {

// "1.10" -> (1, 10).
std::pair<int, int> version_of(std::string_view text) {
  std::pair<int, int> out{0, 0};
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, out.first);
  constexpr std::pair<int, int> kNewest{1'000, 0};
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return kNewest;
  const auto minor = std::from_chars(major.ptr + 1, end, out.second);
  return minor.ec == std::errc() ? out : kNewest;
}

}  // namespace

StatementColumns statement_columns(std::string_view extension_version) {
  const std::pair<int, int> version = version_of(extension_version);
  StatementColumns out;
  if (version < std::pair(1, 11)) {
    out.read_time = "blk_read_time";
    out.write_time = "blk_write_time";
  }
  if (version < std::pair(1, 9)) out.has_info = false;
  if (version < std::pair(1, 8)) {
    out.execution_time = "total_time";
    out.plan_time = out.wal_bytes = "0";
  }
  return out;
}

}  // namespace trimtab::postgresql
