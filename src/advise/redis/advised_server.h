// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ledger/recommendation.h"
#include "targets/target.h"

namespace trimtab::advise::redis {

// Whose advice it is.
struct AdvisedServer {
  std::string target;                                       // "redis/main"
  std::string instance;                                     // label of its series
  DurationMs interval_ms = 5 * kSecondMs;                   // between two samples of the collector
  EntityRef entity() const { return {"cache", instance}; }  // as catalog/redis.yaml says
  // metric{instance=".."}, with more matchers behind: ",err=\"OOM\"".
  std::string series(const std::string& metric, const std::string& more = {}) const;
  // sum(rate(series[{{.step}}])).
  std::string rate(const std::string& metric, const std::string& more = {}) const;
};

// Share of look-ups that found nothing.
Measure miss_share(const AdvisedServer& where);
// The mean time of a command may not rise by half and 50 us.
Guard command_time_guard(const AdvisedServer& where);
// Resident memory may grow by one and a half times what was added and a tenth of what it was.
Guard resident_guard(const AdvisedServer& where, double resident_bytes, double added_bytes);

// A recommendation to set one setting, with action, undo and what is known of the place.
Recommendation set_advice(const AdvisedServer& where, const std::string& setting, const std::string& value);
// For people: nothing to execute.
Recommendation people_advice(const AdvisedServer& where, const std::string& what);
// A kNotEnoughData about `what`.
Recommendation not_enough(const AdvisedServer& where, const std::string& what, std::string title,
                          std::string needs);

}  // namespace trimtab::advise::redis
