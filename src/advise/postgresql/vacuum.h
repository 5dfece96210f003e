// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// What autovacuum sees of one table.
struct VacuumFacts {
  std::string schema;
  std::string table;
  double rows = 0;
  double dead_rows = 0;
  double bytes = 0;
  double threshold = 0;     // rows; the table's own setting or the server's
  double scale_factor = 0;  // share of rows; likewise
  double due() const { return threshold + scale_factor * rows; }
};

struct VacuumAdvice {
  VacuumFacts facts;
  double scale_factor = 0;  // to set; 0: autovacuum is due and does not get to it, nothing to set
};

// Large tables that carry many dead rows: those that autovacuum leaves so long because its share-of-the-table
// rule is too lax for their size get a smaller share; those it is already late for are named. Pure.
std::vector<VacuumAdvice> advise_vacuum(const std::vector<VacuumFacts>& tables);

inline constexpr double kVacuumRowsMin = 100'000;  // smaller tables are vacuumed often enough by the defaults
inline constexpr double kDeadShareMin = 0.1;       // of the live rows
inline constexpr double kVacuumLateFactor = 2;     // dead rows beyond this many times what is due: late
inline constexpr double kScaleFactorAdvised = 0.02;

// "postgresql.vacuum": autovacuum of single tables. One for each target.
std::unique_ptr<Advisor> create_vacuum_advisor(Target target);

}  // namespace trimtab::advise::postgresql
