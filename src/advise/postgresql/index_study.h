// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "advise/postgresql/candidates.h"
#include "advise/postgresql/index_selection.h"
#include "advise/postgresql/plan.h"
#include "advise/postgresql/table_facts.h"
#include "advise/postgresql/workload.h"
#include "advise/postgresql/write_load.h"
#include "base/result.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise::postgresql {

struct StudyOptions {
  double bytes_max = 10.0 * (1ULL << 30);   // of all proposed indexes together
  double bytes_share_max = 0.5;             // of the tables' bytes; the smaller bound counts,
  double bytes_floor = 256.0 * (1 << 20);   // but this much is always allowed
  std::int64_t calls_max = 3000;            // what-if questions a pass
  double benefit_share_min = 0.005;         // of the load's seconds a second, that one index must save
  double benefit_min = 10.0 / 86400;        // and in seconds a second
  DurationMs window_min_ms = kWindowMinMs;  // of load that must have been seen
  const std::atomic<bool>* cancelled = nullptr;
};

inline constexpr double kCoveringGainMin = 0.2;              // of a statement's cost with the keys alone
inline constexpr std::int64_t kCoveringQuestionsMax = 1000;  // beyond, covering indexes are left out

struct StudiedQuery {
  Plan plan;  // as things are; empty when skipped
  std::vector<TableUse> uses;
  std::string skipped;     // why the server would not plan it; "" = planned
  double cost_before = 0;  // planner's units
  double cost_after = 0;   // with all proposed indexes
};

struct HelpedQuery {
  std::size_t query = 0;
  double cost_ratio = 1;                // estimated cost afterwards to before, with this index alone
  double saved_seconds_per_second = 0;  // measured time x (1 - cost_ratio)
};

struct ProposedIndex {
  trimtab::postgresql::IndexSpec spec;
  double bytes = 0;                     // estimated
  double write_seconds_per_second = 0;  // modelled: write_load.h
  double saved_seconds_per_second = 0;  // over all helped
  std::vector<HelpedQuery> helped;      // most saved first
  std::vector<std::size_t> needs;       // other proposed indexes without which it helps little
};

struct IndexStudy {
  Workload workload;
  std::map<TableName, TableFacts> tables;
  std::vector<StudiedQuery> queries;  // as workload.queries
  std::map<TableName, std::vector<WriteStatement>> writes;
  std::vector<ProposedIndex> indexes;  // most saved first
  std::size_t candidates = 0;
  std::size_t candidates_refused = 0;  // by the server, or beyond kCandidatesMax
  std::int64_t calls = 0;              // what-if questions of the selection
  std::int64_t inferred = 0;
  bool calls_exhausted = false;
};

// Which indexes the load of this database would gain by: plans, candidates, what-if, selection. Leaves
// nothing behind in the database. Errors: kNotFound (hypopg is missing), kDenied (refuse_foreign_code),
// kCancelled, those of the connection; a statement the server will not plan is no error, see `skipped`.
Result<IndexStudy> study_indexes(trimtab::postgresql::Connection& connection, Workload workload,
                                 const StudyOptions& options);

}  // namespace trimtab::advise::postgresql
