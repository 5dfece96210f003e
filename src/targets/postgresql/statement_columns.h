// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace trimtab::postgresql {

// What the columns of pg_stat_statements are called. Its own version decides, not the server's: after an
// upgrade of the server the extension stays as it was until ALTER EXTENSION ... UPDATE. Renamed: times in 1.8
// (PostgreSQL 13), block times in 1.11 (17). Expressions, "0" for what a version does not count.
struct StatementColumns {
  std::string_view execution_time = "total_exec_time";  // ms, as all times
  std::string_view plan_time = "total_plan_time";
  std::string_view wal_bytes = "wal_bytes";
  std::string_view read_time = "shared_blk_read_time";
  std::string_view write_time = "shared_blk_write_time";
  bool has_info = true;  // pg_stat_statements_info, since 1.9 (14)
};

// `extension_version`: pg_extension.extversion, "1.10". One that does not read as a version is taken for the
// newest.
StatementColumns statement_columns(std::string_view extension_version);

}  // namespace trimtab::postgresql
