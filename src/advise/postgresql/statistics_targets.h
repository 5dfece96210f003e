// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/plan.h"
#include "advise/postgresql/table_facts.h"
#include "advise/postgresql/workload.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// A column whose number of distinct values may be estimated too low: statements that search or join by it
// give far fewer rows than the planner expects of them.
struct DoubtedColumn {
  TableName name;
  std::string column;
  double believed = 0;  // distinct values, by pg_stats
  double table_rows = 0;
  std::vector<std::string> ids;  // queryid, most time first
  double seconds = 0;            // of these, in the window
  double rows_expected = 0;      // a call, of the statement with the most time
  double rows_seen = 0;
};

// Columns of tables from `rows_min` rows on, in equalities and joins of SELECTs without LIMIT and aggregate
// that took kDoubtShareMin of the load's time, were called kDoubtCallsMin times, and whose generic plan
// expects kWrongFactorMin times the rows that a call gave. Such a difference proves nothing by itself: the
// values that are asked for may be rarer than most. Most time first, ties by name; at most kDoubtedMax. Pure.
std::vector<DoubtedColumn> doubted_columns(const Workload& workload, const std::vector<Plan>& plans,
                                           const std::map<TableName, TableFacts>& tables, double rows_min);

// What a look into some of the table's blocks showed.
struct DistinctSample {
  double rows = 0;      // without nulls
  double distinct = 0;  // among them: the table holds at least as many
  int target = 100;     // of the column now, or the server's default
};

// The target to set: 0 when the sample proves nothing. It proves that the estimate is too low when it alone
// holds kWrongFactorMin times the distinct values that the planner believes the whole table has. ANALYZE with
// a target of t looks at 300 t rows (manual 14.2, src/backend/commands/analyze.c), so with one that makes it
// look at as many rows as the sample had it sees about as many. Pure.
int advised_target(const DoubtedColumn& column, const DistinctSample& sample);

inline constexpr double kWrongFactorMin = 3;
inline constexpr double kDoubtShareMin = 0.01;
inline constexpr double kDoubtCallsMin = 20;
inline constexpr std::size_t kDoubtedMax = 10;
inline constexpr double kDoubtedRowsMin = 100'000;  // ANALYZE sees a third of smaller ones with any target
inline constexpr double kRowsATarget = 300;
inline constexpr int kTargetMax = 10'000;
// One look: at most so many rows and bytes, whole blocks.
inline constexpr double kSampleRowsMax = 300'000;
inline constexpr double kSampleBytesMax = 256.0 * (1 << 20);
inline constexpr std::size_t kSamplesAPass = 2;
inline constexpr DurationMs kSampleKeptMs = kDayMs;  // a column is not looked at again for so long

struct StatisticsOptions {
  double rows_min = kDoubtedRowsMin;
  DurationMs window_min_ms = kWindowMinMs;
};

// "postgresql.statistics": statistics targets of columns. One for each target.
std::unique_ptr<Advisor> create_statistics_advisor(Target target, StatisticsOptions options = {});

}  // namespace trimtab::advise::postgresql
