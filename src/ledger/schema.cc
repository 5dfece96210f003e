// SPDX-License-Identifier: Apache-2.0
#include "ledger/schema.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace trimtab {

namespace {

// Records are JSON; beside them stand the columns that queries need. `record` repeats them, and the
// columns win where both exist.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE findings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved', 'dismissed')),
  entity_kind TEXT NOT NULL,
  entity_name TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  harm REAL NOT NULL,
  record TEXT NOT NULL
) STRICT;
CREATE INDEX findings_by_fingerprint ON findings (fingerprint, id);
CREATE INDEX findings_live ON findings (last_seen_ms) WHERE ended_ms IS NULL;
CREATE INDEX findings_ended ON findings (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE INDEX findings_by_entity ON findings (entity_kind, entity_name, id);

CREATE TABLE finding_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  finding_id INTEGER NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,
  from_state TEXT,
  to_state TEXT NOT NULL,
  by TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX finding_changes_by_finding ON finding_changes (finding_id, id);

CREATE TABLE passes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  entity_kind TEXT,
  entity_name TEXT,
  key TEXT UNIQUE,
  record TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (at_ms, id);

CREATE TABLE states (
  key TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Recommendations, changes and leases. What has not ended is unique by its entity and by its recommendation:
// the file itself keeps two changes from meeting.
constexpr std::string_view kVersion2 = R"sql(
CREATE TABLE recommendations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proposed', 'not_enough_data', 'accepted', 'done', 'dismissed',
                                       'withdrawn', 'expired')),
  advisor TEXT NOT NULL,
  target TEXT NOT NULL,
  entity_kind TEXT NOT NULL,
  entity_name TEXT NOT NULL,
  benefit_time REAL NOT NULL,
  benefit_money REAL NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;
CREATE INDEX recommendations_by_fingerprint ON recommendations (fingerprint, id);
CREATE INDEX recommendations_live ON recommendations (advisor, target)
  WHERE state IN ('proposed', 'not_enough_data');
CREATE INDEX recommendations_by_entity ON recommendations (entity_kind, entity_name, id);

CREATE TABLE changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recommendation INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'applying', 'observing', 'kept',
                                       'rolled_back', 'inconclusive', 'failed')),
  ended INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  entity_kind TEXT NOT NULL,
  entity_name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX changes_one_per_entity ON changes (entity_kind, entity_name) WHERE ended = 0;
CREATE UNIQUE INDEX changes_one_per_recommendation ON changes (recommendation)
  WHERE ended = 0 AND recommendation <> 0;
CREATE INDEX changes_by_recommendation ON changes (recommendation, id);
CREATE INDEX changes_by_entity ON changes (entity_kind, entity_name, id);
CREATE INDEX changes_by_state ON changes (state, id);

CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array kMigrations = {Migration{1, kVersion1}, Migration{2, kVersion2}};

struct Stamp {
  std::int64_t version = 0;
  std::int64_t application_id = 0;
  std::int64_t tables = 0;
};

Result<Stamp> read_stamp(Database& database) {
  Stamp stamp;
  stamp.version = TRY(database.pragma_integer("user_version"));
  stamp.application_id = TRY(database.pragma_integer("application_id"));
  Query query = TRY(database.query("SELECT count(*) FROM sqlite_schema"));
  TRY(query.step());
  stamp.tables = query.integer(0);
  return stamp;
}

Status check_stamp(const Stamp& stamp, const std::string& path, int newest) {
  const bool fresh = stamp.version == 0 && stamp.application_id == 0 && stamp.tables == 0;
  if (!fresh && stamp.application_id != kLedgerApplicationId) {
    return fail(ErrorCode::kConflict,
                fmt::format("ledger: {} is a SQLite file of another program; left untouched", path));
  }
  if (stamp.version > newest) {
    return fail(
        ErrorCode::kVersion,
        fmt::format("ledger: {} has schema version {}, this program knows up to {}; left untouched, use a "
                    "newer program",
                    path, stamp.version, newest));
  }
  return ok();
}

// An existing file is looked at read-only first, so that a refusal changes nothing in it.
Status check_existing_file(const std::string& path, int newest) {
  std::error_code ignored;
  if (path == ":memory:" || !std::filesystem::exists(path, ignored)) return ok();
  if (std::filesystem::file_size(path, ignored) == 0) return ok();
  Database database = TRY(Database::open(path, Database::Mode::kReadOnly));
  const Stamp stamp = TRY(read_stamp(database));
  return check_stamp(stamp, path, newest);
}

Status migrate(Database& database, const std::string& path, std::span<const Migration> migrations) {
  const int newest = migrations.back().version;
  if (TRY(database.pragma_integer("user_version")) == newest) return ok();
  Transaction transaction = TRY(Transaction::begin(database));
  const Stamp stamp = TRY(read_stamp(database));  // another process may have migrated meanwhile
  TRY(check_stamp(stamp, path, newest));
  for (const Migration& step : migrations) {
    if (step.version <= stamp.version) continue;
    const Status done = database.execute(std::string(step.sql));
    if (!done) {
      return std::unexpected(
          done.error().within(fmt::format("migrating {} to schema version {}", path, step.version)));
    }
  }
  TRY(database.execute(fmt::format("PRAGMA application_id = {}", kLedgerApplicationId)));
  TRY(database.execute(fmt::format("PRAGMA user_version = {}", newest)));
  return transaction.commit();
}

}  // namespace

std::span<const Migration> ledger_migrations() { return kMigrations; }

Result<Database> open_ledger_database(const std::string& path, std::span<const Migration> migrations) {
  TRY(check_existing_file(path, migrations.back().version));
  Database database = TRY(Database::open(path, Database::Mode::kReadWrite));
  TRY(database.execute("PRAGMA journal_mode = WAL"));
  TRY(database.execute("PRAGMA synchronous = FULL"));
  TRY(database.execute("PRAGMA foreign_keys = ON"));
  TRY(database.execute("PRAGMA trusted_schema = OFF"));
  TRY(migrate(database, path, migrations));
  return database;
}

}  // namespace trimtab
