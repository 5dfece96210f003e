// SPDX-License-Identifier: Apache-2.0
#include "targets/postgresql/statement_columns.h"

#include <gtest/gtest.h>

namespace trimtab::postgresql {
namespace {

// The extension's default version by PostgreSQL version; names from the manual, F.32 pg_stat_statements.
TEST(StatementColumns, follow_the_version_of_the_extension) {
  struct Case {
    const char* version;  // PostgreSQL
    std::string_view execution, wal, read;
    bool info;
  };
  const Case cases[] = {
      {"1.7", "total_time", "0", "blk_read_time", false},                      // 12
      {"1.8", "total_exec_time", "wal_bytes", "blk_read_time", false},         // 13
      {"1.9", "total_exec_time", "wal_bytes", "blk_read_time", true},          // 14
      {"1.10", "total_exec_time", "wal_bytes", "blk_read_time", true},         // 15, 16
      {"1.11", "total_exec_time", "wal_bytes", "shared_blk_read_time", true},  // 17
      {"1.12", "total_exec_time", "wal_bytes", "shared_blk_read_time", true},  // 18
      {"2.0", "total_exec_time", "wal_bytes", "shared_blk_read_time", true},
      {"", "total_exec_time", "wal_bytes", "shared_blk_read_time", true},
      {"unknown", "total_exec_time", "wal_bytes", "shared_blk_read_time", true},
  };
  for (const Case& one : cases) {
    const StatementColumns columns = statement_columns(one.version);
    EXPECT_EQ(columns.execution_time, one.execution) << one.version;
    EXPECT_EQ(columns.wal_bytes, one.wal) << one.version;
    EXPECT_EQ(columns.read_time, one.read) << one.version;
    EXPECT_EQ(columns.has_info, one.info) << one.version;
  }
}

}  // namespace
}  // namespace trimtab::postgresql
