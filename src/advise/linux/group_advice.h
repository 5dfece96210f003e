// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "advise/linux/group_look.h"
#include "ledger/recommendation.h"

namespace trimtab::advise::host {

// Whose groups they are.
struct AdvisedHost {
  std::string target = "linux/host";
  std::string instance;                    // label of its series: the host's name
  DurationMs interval_ms = 5 * kSecondMs;  // between two rounds of the host collector
  // {job="host",instance=".."}, with more matchers behind: ",cgroup=\"/a.service\"".
  std::string labels(const std::string& more = {}) const;
  std::string labels_of(const GroupLook& group) const;
  std::string labels_of_others(const GroupLook& group) const;
};

// As catalog/container.yaml names it: "container/host-a//system.slice/db.service".
EntityRef entity_of(const AdvisedHost& where, const GroupLook& group);

// "linux.cgroup" of one property; entity and steps of the verification are filled in.
Recommendation set_advice(const AdvisedHost& where, const GroupLook& group, const std::string& property,
                          const std::string& value);
// For people: nothing to execute.
Recommendation people_advice(const AdvisedHost& where, const GroupLook& group, const std::string& what);

// "cpu.stat, 14 min": where facts of this group are from.
std::string source(const std::string& file, const GroupLook& group);
// "2 cores".
std::string cores(double number);

inline constexpr double kSecondsMin = 60;  // less is not enough data

}  // namespace trimtab::advise::host
