// SPDX-License-Identifier: Apache-2.0
// Which views are asked of which version of PostgreSQL, by the manuals of 13 to 18.
#include <gtest/gtest.h>

#include <string>

#include "ingest/collectors/postgresql/section.h"

namespace trimtab::postgresql {
namespace {

// The statements that a server of this version is asked every round.
std::string asked_of(int version) {
  std::string out;
  for (const Section& section : fast_sections()) {
    if (version >= section.version_min && version < section.version_max) out += section.sql;
  }
  return out;
}

TEST(Versions, each_server_is_asked_for_what_it_has) {
  struct Case {
    const char* view;
    int since;
    int until;  // not any more from here on
  };
  const Case cases[] = {{"pg_stat_progress_basebackup", 130000, 990000},
                        {"session_time", 140000, 990000},
                        {"FROM pg_stat_wal", 140000, 990000},
                        {"wal_sync_time", 140000, 180000},
                        {"checkpoints_req AS", 0, 170000},
                        {"buffers_backend AS", 0, 170000},
                        {"pg_stat_checkpointer", 170000, 990000}};
  for (const int version : {120000, 130000, 140000, 150000, 160000, 170000, 180000}) {
    const std::string asked = asked_of(version);
    for (const Case& one : cases) {
      EXPECT_EQ(asked.contains(one.view), version >= one.since && version < one.until)
          << one.view << " " << version;
    }
    // Under every version the same series.
    EXPECT_TRUE(asked.contains("c:pg_stat_bgwriter_checkpoints_req_total")) << version;
    EXPECT_TRUE(asked.contains("c:pg_stat_bgwriter_buffers_checkpoint_total")) << version;
  }
}

}  // namespace
}  // namespace trimtab::postgresql
