// SPDX-License-Identifier: Apache-2.0
// Which views and columns are asked of which version of PostgreSQL, by its manual: the servers themselves are
// not at hand but for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/postgresql/memory.h"
#include "advise/postgresql/server_settings.h"
#include "advise/postgresql/workload.h"
#include "targets/postgresql/recording_connection_testlib.h"

namespace trimtab::advise::postgresql {
namespace {

using testing::HasSubstr;
using testing::Not;
using trimtab::postgresql::RecordingConnection;

TEST(Versions, views_are_those_that_the_server_has) {
  struct Case {
    int version;
    bool active_time;   // pg_stat_database, since 14
    bool wal_view;      // since 14
    bool checkpointer;  // pg_stat_checkpointer, since 17
  };
  const Case cases[] = {{130014, false, false, false}, {140011, true, true, false},
                        {150006, true, true, false},   {160002, true, true, false},
                        {170000, true, true, true},    {180000, true, true, true}};
  for (const Case& one : cases) {
    RecordingConnection server(one.version);
    ASSERT_TRUE(read_server(server)) << one.version;
    EXPECT_EQ(server.asked.contains("pg_stat_wal"), one.wal_view) << one.version;
    EXPECT_EQ(server.asked.contains("pg_stat_checkpointer"), one.checkpointer) << one.version;
    EXPECT_EQ(server.asked.contains("checkpoints_req"), !one.checkpointer) << one.version;
    RecordingConnection other(one.version);
    ASSERT_TRUE(read_memory(other)) << one.version;
    EXPECT_EQ(other.asked.contains("active_time"), one.active_time) << one.version;
  }
}

// The extension's version decides, whatever the server's.
TEST(Versions, columns_of_statements_are_those_of_the_extension) {
  RecordingConnection old(170000);
  old.answer = "1.7";
  ASSERT_TRUE(read_statements(old));
  EXPECT_THAT(old.asked, HasSubstr("sum(total_time)"));
  EXPECT_THAT(old.asked, Not(HasSubstr("pg_stat_statements_info")));
  RecordingConnection recent(130000);
  recent.answer = "1.11";
  ASSERT_TRUE(read_statements(recent));
  EXPECT_THAT(recent.asked, HasSubstr("sum(total_exec_time)"));
  EXPECT_THAT(recent.asked, HasSubstr("pg_stat_statements_info"));
}

}  // namespace
}  // namespace trimtab::advise::postgresql
