// SPDX-License-Identifier: Apache-2.0
// The file: what survives a kill, old versions, newer versions, files that are something else.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "ledger/ledger_testlib.h"
#include "ledger/schema.h"
#include "ledger/sqlite_ledger.h"

namespace trimtab {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class LedgerFileTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Ledger>> open() { return Ledger::open(path_, clock_, *logger_); }
  void sql(const std::string& statements) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, statements.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << (message != nullptr ? message : "");
    sqlite3_free(message);
    sqlite3_close(database);
  }

  ScratchFolder folder_;
  std::string path_ = folder_.file("ledger.db");
  FakeClock clock_{kTestStart};
  std::unique_ptr<Logger> logger_ = create_null_logger();
};

// Writes findings and events for ever; tells the id of each acknowledged event through the pipe.
[[noreturn]] void write_until_killed(const std::string& path, int pipe_end) {
  const FakeClock clock(kTestStart);
  const auto logger = create_null_logger();
  auto ledger = Ledger::open(path, clock, *logger);
  if (!ledger) _exit(3);
  for (std::int64_t i = 1;; ++i) {
    Event event;
    event.kind = "note";
    event.title = "t";
    event.key = "key" + std::to_string(i);
    const auto added = (*ledger)->add_event(event);
    const auto pass = pass_at(kTestStart + i);
    if (!added || !(*ledger)->record_pass(pass, {full_finding("f" + std::to_string(i))}, kHourMs)) _exit(4);
    if (write(pipe_end, &i, sizeof(i)) != sizeof(i)) _exit(5);
  }
}

TEST_F(LedgerFileTest, what_was_acknowledged_survives_a_kill) {
  std::int64_t known = 0;
  for (int round = 0; round < 5; ++round) {
    std::filesystem::remove_all(path_);
    std::filesystem::remove_all(path_ + "-wal");
    std::filesystem::remove_all(path_ + "-shm");
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      write_until_killed(path_, ends[1]);
    }
    close(ends[1]);
    known = 0;
    while (known < 7 + 3 * round)
      ASSERT_EQ(read(ends[0], &known, sizeof(known)), static_cast<ssize_t>(sizeof(known)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    std::int64_t id = 0;
    while (read(ends[0], &id, sizeof(id)) == static_cast<ssize_t>(sizeof(id)))
      known = id;  // told before the kill
    close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status));

    auto ledger = open();
    ASSERT_TRUE(ledger) << ledger.error().message();
    EXPECT_TRUE((*ledger)->check());
    const std::size_t events = (*ledger)->events({})->size();
    const std::size_t findings = (*ledger)->findings({})->size();
    EXPECT_GE(events, static_cast<std::size_t>(known));
    EXPECT_LE(events, static_cast<std::size_t>(known) + 1);
    EXPECT_GE(findings, static_cast<std::size_t>(known));
    EXPECT_LE(findings, static_cast<std::size_t>(known) + 1);
  }
}

TEST_F(LedgerFileTest, newer_schema_version_is_refused_and_the_file_untouched) {
  {
    ASSERT_TRUE(open());
  }
  sql("PRAGMA user_version = 999");
  const std::string before = bytes_of(path_);
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kVersion);
  EXPECT_NE(refused.error().message().find("999"), std::string::npos);
  EXPECT_EQ(bytes_of(path_), before);
}

TEST_F(LedgerFileTest, another_programs_database_is_refused_and_untouched) {
  sql("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  const std::string before = bytes_of(path_);
  EXPECT_EQ(open().error().code(), ErrorCode::kConflict);
  EXPECT_EQ(bytes_of(path_), before);
}

TEST_F(LedgerFileTest, file_that_is_no_database_is_refused_and_untouched) {
  const std::string text(5000, 'x');
  std::ofstream(path_) << text;
  EXPECT_EQ(open().error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(bytes_of(path_), text);
  std::filesystem::remove(path_);
  EXPECT_EQ(Ledger::open(folder_.file("no/such/folder/l.db"), clock_, *logger_).error().code(),
            ErrorCode::kIo);
}

// A version 1 file as it was first shipped, by hand: the SQL stands here on its own, so that a later
// edit of the shipped step shows.
constexpr const char* kFirstShipped = R"sql(
CREATE TABLE findings (id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved', 'dismissed')),
  entity_kind TEXT NOT NULL, entity_name TEXT NOT NULL, since_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL, ended_ms INTEGER, harm REAL NOT NULL, record TEXT NOT NULL) STRICT;
CREATE INDEX findings_by_fingerprint ON findings (fingerprint, id);
CREATE INDEX findings_live ON findings (last_seen_ms) WHERE ended_ms IS NULL;
CREATE INDEX findings_ended ON findings (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE INDEX findings_by_entity ON findings (entity_kind, entity_name, id);
CREATE TABLE finding_changes (id INTEGER PRIMARY KEY AUTOINCREMENT,
  finding_id INTEGER NOT NULL REFERENCES findings (id) ON DELETE CASCADE, at_ms INTEGER NOT NULL,
  from_state TEXT, to_state TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE INDEX finding_changes_by_finding ON finding_changes (finding_id, id);
CREATE TABLE passes (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  kind TEXT NOT NULL, entity_kind TEXT, entity_name TEXT, key TEXT UNIQUE, record TEXT NOT NULL) STRICT;
CREATE INDEX events_by_time ON events (at_ms, id);
CREATE TABLE states (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO findings VALUES (7, 'f', 'open', 'service', 'checkout', 1699999000000, 1700000000000, NULL, 0.5,
  '{"fingerprint":"f","kind":"latency","title":"old","entity":{"kind":"service","name":"checkout"}}');
INSERT INTO events VALUES (3, 1700000000000, 1700000000000, 'deploy', NULL, NULL, 'k', '{"kind":"deploy","title":"v1"}');
PRAGMA application_id = 1414679892;
PRAGMA user_version = 1;
)sql";

TEST_F(LedgerFileTest, version_1_file_opens_with_its_records_and_goes_on) {
  sql(kFirstShipped);
  auto ledger = open();
  ASSERT_TRUE(ledger) << ledger.error().message();
  EXPECT_EQ((*ledger)->schema_version().value(), ledger_migrations().back().version);
  EXPECT_EQ((*ledger)->finding(7)->title, "old");
  EXPECT_EQ((*ledger)->events({})->at(0).title, "v1");
  const auto live = (*ledger)->record_pass(pass_at(kTestStart), {full_finding("f")}, kHourMs);
  ASSERT_TRUE(live) << live.error().message();
  EXPECT_EQ(live->at(0).id, 7);
  EXPECT_EQ(live->at(0).since_ms, 1699999000000);
  const auto advice = (*ledger)->record_advice({"postgresql.index"}, {full_recommendation("f")});
  ASSERT_TRUE(advice) << advice.error().message();
  EXPECT_TRUE((*ledger)->add_change(full_change(advice->at(0).id)));
  EXPECT_TRUE((*ledger)->take_lease("l", "me", kTestStart + kHourMs).value());
}

TEST_F(LedgerFileTest, change_that_was_written_is_there_after_opening_again) {
  std::int64_t id = 0;
  {
    auto ledger = open();
    ASSERT_TRUE(ledger);
    id = (*ledger)->add_change(full_change(0))->id;
  }
  const auto change = open().value()->change(id);
  ASSERT_TRUE(change) << change.error().message();
  Change expected = full_change(0);
  expected.id = id;
  EXPECT_EQ(to_json(*change), to_json(expected));
}

TEST_F(LedgerFileTest, missing_steps_are_taken_in_order_and_a_failing_one_leaves_the_old_version) {
  sql(kFirstShipped);
  std::vector<Migration> steps(ledger_migrations().begin(), ledger_migrations().end());
  const int base = steps.back().version;
  steps.push_back({base + 1, "ALTER TABLE findings ADD COLUMN cost REAL"});
  steps.push_back({base + 2, "UPDATE findings SET cost = 2; SELECT no_such_function()"});
  const auto failed = open_ledger_database(path_, steps);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find(fmt::format("schema version {}", base + 2)), std::string::npos);
  EXPECT_EQ(open().value()->schema_version().value(), base);

  steps.back().sql = "UPDATE findings SET cost = 2";
  auto migrated = open_ledger_database(path_, steps);
  ASSERT_TRUE(migrated) << migrated.error().message();
  EXPECT_EQ(migrated->pragma_integer("user_version").value(), base + 2);
  auto query = migrated->query("SELECT sum(cost) FROM findings");
  ASSERT_TRUE(query && query->step().value());
  EXPECT_EQ(query->integer(0), 2);
}

TEST_F(LedgerFileTest, full_disk_refuses_writes_keeps_reads_and_recovers) {
  {
    ASSERT_TRUE(open());
  }
  auto database = open_ledger_database(path_, ledger_migrations());
  ASSERT_TRUE(database);
  // SQLite's own bound on pages answers like a full disk (SQLITE_FULL).
  ASSERT_TRUE(database->execute("PRAGMA max_page_count = 40"));
  SqliteLedger ledger(*std::move(database), clock_, *logger_);
  ASSERT_TRUE(ledger.put_state("small", "kept"));
  const Status refused = ledger.put_state("big", std::string(1 << 20, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable) << refused.error().message();
  EXPECT_EQ(ledger.get_state("small").value(), "kept");
  EXPECT_EQ(ledger.get_state("big").value(), std::nullopt);
  Finding big = full_finding("big");
  big.title = std::string(500'000, 'x');
  EXPECT_EQ(ledger.record_pass(pass_at(kTestStart), {full_finding("a"), big}, kHourMs).error().code(),
            ErrorCode::kUnavailable);
  EXPECT_TRUE(ledger.findings({})->empty());  // all or nothing
  EXPECT_TRUE(
      ledger.record_pass(pass_at(kTestStart), {full_finding("a")}, kHourMs));  // space enough for that
  EXPECT_TRUE(ledger.check());
}

TEST_F(LedgerFileTest, damaged_page_is_reported_not_crashed_on) {
  {
    auto ledger = open();
    ASSERT_TRUE(ledger);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(
          (*ledger)->record_pass(pass_at(kTestStart), {full_finding("f" + std::to_string(i))}, kHourMs));
    }
  }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path_));
  for (std::streamoff at = 8192; at + 4096 <= size; at += 8192) {
    file.seekp(at);
    file << std::string(4096, '\x7f');
  }
  file.close();
  auto ledger = open();
  if (!ledger) {
    EXPECT_EQ(ledger.error().code(), ErrorCode::kCorrupt) << ledger.error().message();
    return;
  }
  const Status checked = (*ledger)->check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), ErrorCode::kCorrupt) << checked.error().message();
}

TEST_F(LedgerFileTest, record_that_is_not_json_is_reported_by_its_number) {
  {
    ASSERT_TRUE(open());
  }
  sql("INSERT INTO findings VALUES (9, 'f', 'open', 'a', 'b', 0, 0, NULL, 0, 'not json')");
  auto ledger = open();
  ASSERT_TRUE(ledger);
  const auto found = (*ledger)->finding(9);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(found.error().message().find("F-9"), std::string::npos);
}

}  // namespace
}  // namespace trimtab
