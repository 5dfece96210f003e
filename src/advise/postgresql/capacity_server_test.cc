// SPDX-License-Identifier: Apache-2.0
// The advisors on memory, statistics, partitions and backups, on one real server, as a role that may only
// read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/postgresql/advisor_testlib.h"
#include "advise/postgresql/backup_window.h"
#include "advise/postgresql/memory.h"
#include "advise/postgresql/partitions.h"
#include "advise/postgresql/statistics_targets.h"
#include "targets/postgresql/server_testlib.h"

namespace trimtab::advise::postgresql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using trimtab::postgresql::Connection;
using trimtab::postgresql::TestServer;

// A server with little of everything: 2 MB of shared_buffers, statistics of 300 rows.
class CapacityServer : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = TestServer::start({.settings = {
                                          "shared_preload_libraries = 'pg_stat_statements'",
                                          "shared_buffers = 2MB",
                                          "effective_cache_size = 1MB",
                                          "track_io_timing = on",
                                          "default_statistics_target = 1",
                                          "max_parallel_workers_per_gather = 0",
                                      }});
    ASSERT_TRUE(started) << started.error().message();
    server_ = *std::move(started);
    auto connected = connect_as_application(server_->dsn());
    ASSERT_TRUE(connected);
    connection_ = *std::move(connected);
    ASSERT_TRUE(connection_->set_statement_timeout(0));
    sql("CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_buffercache; CREATE ROLE reader LOGIN;"
        "GRANT pg_monitor, pg_read_all_data TO reader");
  }
  static void TearDownTestSuite() {
    connection_.reset();
    server_.reset();
  }
  static void sql(const std::string& text) {
    const Status done = connection_->execute(text);
    ASSERT_TRUE(done) << done.error().message();
  }
  static void flush() { sql("SELECT pg_stat_force_next_flush(); SELECT 1"); }
  static Target target() {
    Target out;
    out.id = "main";
    out.instance = "db:5432";
    out.dsn = server_->dsn("postgres", "reader");
    return out;
  }
  static Labels host_series(const std::string& name) {
    return Labels().with("__name__", name).with("job", "host").with("instance", "host-a");
  }
  static Labels series(const std::string& name) {
    return Labels().with("__name__", name).with("instance", "db:5432");
  }

  static inline std::unique_ptr<TestServer> server_;
  static inline std::unique_ptr<Connection> connection_;
  AdvisorWorld world;
};

// Blocks that are read again are counted by the server; how long that takes is not for a test to say.
TEST_F(CapacityServer, blocks_read_again_are_seen_and_shared_buffers_follow) {
  sql("CREATE TABLE stock (id int PRIMARY KEY, note text);"
      "INSERT INTO stock SELECT i, repeat('x', 200) FROM generate_series(1, 40000) i");
  sql("VACUUM ANALYZE stock");
  sql("SELECT pg_stat_reset()");
  flush();
  auto reader = Connection::open({.dsn = target().dsn, .name = "postgresql/main"});
  ASSERT_TRUE(reader);
  auto from = read_memory(**reader);
  ASSERT_TRUE(from) << from.error().message();
  EXPECT_EQ(from->shared_buffers, 2 << 20);
  EXPECT_EQ(from->effective_cache, 1 << 20);
  EXPECT_TRUE(from->reads_are_timed);
  EXPECT_TRUE(from->same_machine);
  const auto unused = read_unused_share(**reader);
  ASSERT_TRUE(unused);
  EXPECT_LE(*unused, 1);
  // Each pass needs all ten megabytes by the index, in an order that two megabytes can not keep.
  sql("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;"
      "DO $$ BEGIN FOR pass IN 1..5 LOOP FOR k IN 0..200 LOOP "
      "PERFORM sum(length(note)) FROM stock WHERE id IN (SELECT k + 201 * i FROM generate_series(0, 198) i);"
      "END LOOP; END LOOP; END $$; RESET ALL");
  flush();
  auto to = read_memory(**reader);
  ASSERT_TRUE(to) << to.error().message();
  const RereadBytes bytes = reread_between(*from, *to, from->shared_buffers / 4);
  EXPECT_GT(bytes.read, from->shared_buffers);
  EXPECT_GT(bytes.reread, 0.5 * bytes.read);
  EXPECT_LE(bytes.reread, bytes.read);
  to->at_ms = from->at_ms + kHourMs;
  to->read_seconds = from->read_seconds + 360;
  to->active_seconds = from->active_seconds + 1000;
  to->blocks_hit = from->blocks_hit + (to->blocks_read - from->blocks_read);
  to->unused_share = 0;
  // A table of 10 MB is beyond what the ring of scans would spare: nothing here was scanned whole.
  const auto advice = advise_shared_buffers(*from, *to, std::nullopt);
  ASSERT_TRUE(advice);
  EXPECT_EQ(advice->needs, "");
}

TEST_F(CapacityServer, true_cache_size_is_advised_where_it_changes_plans) {
  sql("CREATE TABLE parts (id int PRIMARY KEY, filler text);"
      "INSERT INTO parts SELECT i, repeat('x', 60) FROM (SELECT i FROM generate_series(1, 200000) i ORDER BY "
      "hashint4(i)) s;"
      "CREATE TABLE lines (part int, at int);"
      // Each part once: whether a sample holds one twice would decide between plans.
      "INSERT INTO lines SELECT 1 + i * 7919::bigint % 200000, i FROM generate_series(1, 150000) i;"
      "CREATE INDEX lines_at ON lines (at); SET default_statistics_target = 100; ANALYZE parts, lines;"
      "SELECT pg_stat_statements_reset()");
  for (int i = 0; i < 3; ++i) {
    sql("SELECT sum(length(filler)) FROM lines JOIN parts ON parts.id = lines.part WHERE at BETWEEN 7 AND "
        "50000");
  }
  // A day of a machine with 4 GiB of files in memory.
  constexpr double kGibibyte = 1ULL << 30;
  const auto a_day = [&](const std::string& name, double value) {
    world.add_series(host_series(name), kMinuteMs, std::vector<double>(25 * 60, value));
  };
  const auto advisor =
      create_memory_advisor(target(), {.host_instance = "host-a", .window_ms = 0, .load_window_ms = 1});
  auto unknown = advisor->advise(world.context());
  ASSERT_TRUE(unknown) << unknown.error().message();
  EXPECT_THAT(*unknown, IsEmpty());
  a_day("node_memory_MemTotal_bytes", 16 * kGibibyte);
  a_day("node_memory_MemAvailable_bytes", 8 * kGibibyte);
  a_day("node_memory_Cached_bytes", 5 * kGibibyte);
  a_day("node_memory_Buffers_bytes", kGibibyte);
  a_day("node_memory_Shmem_bytes", 2 * kGibibyte);
  const auto said = advisor->advise(world.context());
  ASSERT_TRUE(said) << said.error().message();
  ASSERT_EQ(said->size(), 1u);
  const Recommendation& one = said->front();
  EXPECT_EQ(one.title, "Set effective_cache_size to 4096MB");
  EXPECT_EQ(one.action.type, "postgresql.set");
  EXPECT_THAT(one.verify.target.expression, HasSubstr("queryid="));
  ASSERT_TRUE(connection_->execute("ALTER SYSTEM SET effective_cache_size = '4096MB'"));
  ASSERT_TRUE(connection_->execute("SELECT pg_reload_conf()"));
  for (int i = 0; i < 100; ++i) {
    if ((*Connection::open({.dsn = target().dsn, .name = "x"}))
            ->query("SHOW effective_cache_size")
            ->text(0, 0) == "4GB")
      break;
    sql("SELECT pg_sleep(0.05)");
  }
  const auto after = advisor->advise(world.context());
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_THAT(*after, IsEmpty());
  sql("ALTER SYSTEM RESET effective_cache_size");
}

TEST_F(CapacityServer, column_with_far_more_values_than_believed_gets_a_larger_sample) {
  // Half of the visits are by a thousand visitors, the others by a hundred thousand.
  sql("CREATE TABLE visits (visitor int, page int);"
      "INSERT INTO visits SELECT CASE WHEN i % 2 = 0 THEN i % 2000 / 2 ELSE 1000 + i / 4 END, i FROM "
      "generate_series(1, 400000) i; CREATE INDEX ON visits (visitor); SET default_statistics_target = 1;"
      "ANALYZE visits; SELECT pg_stat_statements_reset()");
  // A look is about what ran since the one before.
  const auto advisor = create_statistics_advisor(target(), {.window_min_ms = 1});
  const auto advise = [&] {
    for (int i = 0; i < 25; ++i) {
      EXPECT_TRUE(
          connection_->query("SELECT page FROM visits WHERE visitor = $1", {std::to_string(5000 + i)}));
    }
    auto said = advisor->advise(world.context());
    EXPECT_TRUE(said) << said.error().message();
    return said ? *said : std::vector<Recommendation>{};
  };
  advise();
  const auto said = advise();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].title, "Set the statistics target of visits.visitor to 1000");
  EXPECT_EQ(said[0].action.parameters.at("column"), "visitor");
  sql(said[0].action.apply);
  EXPECT_THAT(advise(), IsEmpty());
}

TEST_F(CapacityServer, table_that_is_emptied_by_time_is_a_candidate_for_partitions) {
  sql("CREATE TABLE events (id int PRIMARY KEY, at timestamptz NOT NULL, kind int);"
      "INSERT INTO events SELECT i, timestamptz '2026-01-01' + i * interval '1 minute', i % 7 FROM "
      "generate_series(1, 60000) i; CREATE INDEX ON events (at); SET default_statistics_target = 100; "
      "ANALYZE events; SELECT pg_stat_statements_reset()");
  for (const char* day : {"2026-01-05", "2026-01-08"}) {
    sql(fmt::format("DELETE FROM events WHERE at < timestamptz '{}'", day));
  }
  sql("SELECT count(*) FROM events WHERE at > timestamptz '2026-02-10' AND kind = 3");
  const PartitionOptions options{.host_instance = "", .bytes_min = 1 << 20, .window_min_ms = 1};
  const auto said = create_partition_advisor(target(), options)->advise(world.context());
  ASSERT_TRUE(said) << said.error().message();
  // The server's four times shared_buffers is the larger bound: the table is too small for it.
  EXPECT_THAT(*said, IsEmpty());
  sql("INSERT INTO events SELECT i, timestamptz '2026-01-01' + i * interval '1 minute', i % 7 FROM "
      "generate_series(60001, 250000) i; ANALYZE events");
  const auto larger = create_partition_advisor(target(), options)->advise(world.context());
  ASSERT_TRUE(larger) << larger.error().message();
  ASSERT_EQ(larger->size(), 1u);
  const Recommendation& one = larger->front();
  EXPECT_EQ(one.title, "Partition events by ranges of at");
  EXPECT_EQ(one.action.type, "");
  EXPECT_LT(one.expected.high, 0);
  std::string facts;
  for (const Fact& fact : one.evidence) facts += fact.name + ": " + fact.value + "\n";
  EXPECT_THAT(facts, HasSubstr("unique keys would have to hold at: events_pkey"));
  EXPECT_THAT(facts, HasSubstr("by 2 calls"));
}

TEST_F(CapacityServer, backup_at_noon_is_moved_to_the_quiet_hours) {
  std::vector<double> up, active, copies;
  constexpr int kSteps = 7 * 288;
  for (int i = 0; i < kSteps; ++i) {
    const TimestampMs at = world.now_ms - (kSteps - 1 - i) * 5 * kMinuteMs;
    const auto hour = static_cast<int>(at % kDayMs / kHourMs);
    const bool backup = hour == 12;
    up.push_back(1);
    active.push_back((hour >= 8 && hour < 18 ? 6 : hour == 3 ? 0 : 1) + (backup ? 1 : 0));
    copies.push_back(backup ? 1 : 0);
  }
  world.add_series(series("pg_up"), 5 * kMinuteMs, up);
  world.add_series(series("pg_stat_activity_count").with("state", "active"), 5 * kMinuteMs, active);
  const auto hours = read_hours(world.context(), "db:5432");
  ASSERT_TRUE(hours) << hours.error().message();
  ASSERT_GE(hours->size(), 166u);
  for (const HourLoad& hour : *hours) {
    const auto of_day = static_cast<int>(hour.begin_ms % kDayMs / kHourMs);
    EXPECT_NEAR(hour.load,
                of_day == 3                  ? 0
                : of_day == 12               ? 7
                : of_day >= 8 && of_day < 18 ? 6
                                             : 1,
                0.7)
        << of_day;
  }
  const auto none_seen = create_backup_advisor(target())->advise(world.context());
  ASSERT_TRUE(none_seen) << none_seen.error().message();
  ASSERT_EQ(none_seen->size(), 1u);
  EXPECT_THAT(none_seen->front().title, HasSubstr("Take backups at 0"));

  world.add_series(series("pg_backup_sessions").with("method", "copy"), 5 * kMinuteMs, copies);
  const auto said = create_backup_advisor(target())->advise(world.context());
  ASSERT_TRUE(said) << said.error().message();
  ASSERT_EQ(said->size(), 1u);
  EXPECT_THAT(said->front().title, HasSubstr("Move the backup from 12:00 to 0"));
  EXPECT_LT(said->front().expected.high, -0.5);

  AdvisorWorld empty;
  const auto early = create_backup_advisor(target())->advise(empty.context());
  ASSERT_TRUE(early) << early.error().message();
  ASSERT_EQ(early->size(), 1u);
  EXPECT_EQ(early->front().needs, "5 more days of load");
}

}  // namespace
}  // namespace trimtab::advise::postgresql
