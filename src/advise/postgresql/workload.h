// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "advise/postgresql/statement_text.h"
#include "base/result.h"
#include "base/time.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise::postgresql {

// Cumulative counts of one normalised statement in this database, all users together.
struct StatementCounts {
  std::string text;
  double calls = 0;
  double seconds = 0;
  double rows = 0;
  double temp_bytes_written = 0;
};

// pg_stat_statements at one moment, this database only.
struct StatementSnapshot {
  TimestampMs at_ms = 0;     // by the server's clock
  TimestampMs reset_ms = 0;  // when counting began
  double dropped = 0;        // entries evicted for want of room, since reset
  std::string database;
  std::map<std::string, StatementCounts> by_id;  // queryid as the server prints it
};

// Errors: kNotFound when the extension is missing (with what to do), kDenied, those of the connection.
Result<StatementSnapshot> read_statements(trimtab::postgresql::Connection& connection);

// One statement of the load, over the workload's window.
struct WorkloadQuery {
  std::string id;  // queryid
  StatementText statement;
  std::string text;
  double calls = 0;  // in the window
  double seconds = 0;
  double rows = 0;
  double temp_bytes_written = 0;
  double mean_seconds() const { return calls > 0 ? seconds / calls : 0; }
};

struct Workload {
  std::string database;
  DurationMs window_ms = 0;
  bool since_reset = false;            // else between two looks
  std::vector<WorkloadQuery> queries;  // most total time first; ties by id
  double seconds = 0;                  // of all statements of the load in the window, cut ones included
  double covered_share = 1;            // of that time, by `queries`
  double dropped = 0;                  // statements the server forgot in the window
  double per_second(double amount) const {
    return window_ms > 0 ? amount * 1000.0 / static_cast<double>(window_ms) : 0;
  }
};

inline constexpr std::size_t kQueriesMax = 100;            // more are cut, least total time first
inline constexpr DurationMs kWindowMinMs = 2 * kMinuteMs;  // less is "not enough data"

// What ran between two snapshots; with no `from`, since the server began to count. Left out: utility
// statements, Trimtab's own (kOwnMark), and those on system catalogues alone. Pure.
Workload workload_between(const StatementSnapshot* from, const StatementSnapshot& to);

// Keeps the looks of the last kKeptMs and says what to compare the newest with: the oldest kept since the
// last reset when that spans the smallest window, else nothing. At most kSnapshotsMax, the ones in between
// dropped.
class SnapshotHistory {
 public:
  explicit SnapshotHistory(DurationMs window_min_ms = kWindowMinMs) : window_min_ms_(window_min_ms) {}

  // Adds `snapshot` and gives the workload up to it.
  Workload add(StatementSnapshot snapshot);

  static constexpr DurationMs kKeptMs = kHourMs;
  static constexpr std::size_t kSnapshotsMax = 32;

 private:
  DurationMs window_min_ms_;
  std::deque<StatementSnapshot> kept_;
};

}  // namespace trimtab::advise::postgresql
