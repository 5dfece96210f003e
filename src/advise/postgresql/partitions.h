// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/plan.h"
#include "advise/postgresql/table_facts.h"
#include "advise/postgresql/workload.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// Old rows go by a DELETE with a range of the column.
struct RetentionLoad {
  std::vector<std::string> ids;  // queryid
  double calls = 0;
  double rows = 0;
  double seconds = 0;
};

// A table that would gain by range partitions of a column its rows come in the order of.
struct PartitionCandidate {
  TableName name;
  std::string column;
  double correlation = 0;
  double bytes = 0;
  double read_seconds = 0;        // in the window: of the statements that read or search the table
  double restricted_share = 0;    // of these: they restrict the column, so partitions can be left out
  double sequential_share = 0;    // of the restricted time: the table is read from end to end for it
  RetentionLoad retention;        // calls 0: none seen
  std::vector<std::string> keys;  // unique indexes and keys without the column: the key must come to hold it
  bool referenced = false;        // a foreign key of another table relies on one of them
};

// Tables of at least `bytes_min` that are ordinary, no partitions yet, and hold a date, time or whole number
// with |correlation| >= kPartitionCorrelationMin and no nulls, where
// - old rows are deleted by a range of it (kRetentionRowsMin a call and kRetentionRowsAllMin in all), and
//   reading would not suffer: kRetentionRestrictedMin of the time of statements that read it restrict the
//   column; or
// - kPruningRestrictedMin of that time restricts the column, mostly in scans of the whole table: where
//   an index serves the restriction, partitions save next to nothing.
// One a table, the column with the best restriction; largest table first. Pure.
std::vector<PartitionCandidate> partition_candidates(const Workload& workload, const std::vector<Plan>& plans,
                                                     const std::map<TableName, TableFacts>& tables,
                                                     double bytes_min);

inline constexpr double kPartitionCorrelationMin = 0.95;
inline constexpr double kRetentionRowsMin = 1000;
inline constexpr double kRetentionRowsAllMin = 10'000;
inline constexpr double kRetentionRestrictedMin = 0.5;
inline constexpr double kPruningRestrictedMin = 0.8;
inline constexpr double kPruningSequentialMin = 0.5;
// Below that a table is vacuumed, copied and indexed in minutes, whatever the machine: nothing that
// partitions would have to mend.
inline constexpr double kPartitionBytesMin = 10.0 * (1ULL << 30);

struct PartitionOptions {
  std::string host_instance;  // label of the host collector's series; "" = this machine is not looked at
  double bytes_min = kPartitionBytesMin;
  DurationMs window_min_ms = kWindowMinMs;
};

// "postgresql.partitions": for people, a plan in words. The size to begin at is the larger of `bytes_min` and
// the memory of the server's machine where that is known (manual 5.11.1: "the size of the table should exceed
// the physical memory of the database server"), else four times shared_buffers. One for each target.
std::unique_ptr<Advisor> create_partition_advisor(Target target, PartitionOptions options);

}  // namespace trimtab::advise::postgresql
