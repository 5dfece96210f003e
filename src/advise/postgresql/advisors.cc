// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/advisors.h"

#include "advise/postgresql/backup_window.h"
#include "advise/postgresql/index_advisor.h"
#include "advise/postgresql/index_hygiene.h"
#include "advise/postgresql/memory.h"
#include "advise/postgresql/partitions.h"
#include "advise/postgresql/query_patterns.h"
#include "advise/postgresql/server_settings.h"
#include "advise/postgresql/sessions.h"
#include "advise/postgresql/statistics_targets.h"
#include "advise/postgresql/vacuum.h"

namespace trimtab::advise::postgresql {

std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target, Metrics& metrics,
                                                      const std::string& host_instance) {
  std::vector<std::unique_ptr<Advisor>> out;
  out.push_back(create_index_advisor(target, {}, metrics));
  out.push_back(create_index_hygiene_advisor(target));
  out.push_back(create_settings_advisor(target));
  out.push_back(create_memory_advisor(target, {.host_instance = host_instance}));
  out.push_back(create_vacuum_advisor(target));
  out.push_back(create_statistics_advisor(target));
  out.push_back(create_pattern_advisor(target));
  out.push_back(create_partition_advisor(target, {.host_instance = host_instance}));
  out.push_back(create_sessions_advisor(target));
  out.push_back(create_backup_advisor(target));
  return out;
}

}  // namespace trimtab::advise::postgresql
