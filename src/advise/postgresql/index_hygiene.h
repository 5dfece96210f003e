// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/table_facts.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

enum class DropReason {
  kInvalid,    // left behind by a CREATE INDEX CONCURRENTLY that failed: costs writes, serves nothing
  kDuplicate,  // another one holds the same
  kRedundant,  // another one begins with its columns and covers as much
  kUnused,     // never read
};

struct DroppableIndex {
  TableName table;
  IndexFacts index;
  DropReason reason = DropReason::kUnused;
  std::string served_by;  // kDuplicate, kRedundant: name of the other
};

struct IndexUse {
  double observed_days = 0;   // since the statistics were reset
  bool has_replicas = false;  // their reads are not counted here: nothing is called unused
  bool building = false;      // an index is being built: an invalid one may be that
};

// Indexes that could go. Never one that a constraint, a foreign key or the replica identity stands on, nor a
// unique one, unless its duplicate is as strict. Of two duplicates one stays. Pure.
std::vector<DroppableIndex> droppable_indexes(const std::map<TableName, TableFacts>& tables,
                                              const IndexUse& use);

inline constexpr double kUnusedDaysMin = 14;                // two weeks: what runs weekly was seen twice
inline constexpr double kUnusedBytesMin = 8.0 * (1 << 20);  // smaller ones are not worth a change

// "postgresql.index_hygiene": indexes to drop. One for each target.
std::unique_ptr<Advisor> create_index_hygiene_advisor(Target target);

}  // namespace trimtab::advise::postgresql
