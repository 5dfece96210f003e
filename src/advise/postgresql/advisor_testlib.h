// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "base/check.h"
#include "query/engine/engine_testlib.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise {

// A session that is not told for Trimtab's own: its statements are load.
inline Result<std::unique_ptr<trimtab::postgresql::Connection>> connect_as_application(
    const std::string& dsn) {
  return trimtab::postgresql::Connection::open(
      {.dsn = dsn, .name = "postgresql/test", .application = "shop", .read_only = false});
}

// What advisors of a target may look at: nothing at first. They ask the target itself, and series that a test
// puts into the store.
class AdvisorWorld {
 public:
  Context context() {
    return {.now_ms = now_ms, .estate = estate, .querier = *querier, .findings = findings, .logger = *logger};
  }
  // Samples of one series, the last at now_ms.
  void add_series(const Labels& labels, DurationMs step_ms, const std::vector<double>& values) {
    const SeriesId id = store.ensure_series(labels).value();
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto back = static_cast<DurationMs>(values.size() - 1 - i) * step_ms;
      samples.push_back({id, now_ms - back, values[i]});
    }
    CHECK(store.append(samples).has_value());
  }

  TimestampMs now_ms = 1'790'000'000'000;
  Estate estate;
  std::vector<Finding> findings;
  std::unique_ptr<Logger> logger = create_null_logger();
  MemoryStore store;

 private:
  std::unique_ptr<promql::Querier> querier = promql::Querier::local(store);
};

}  // namespace trimtab::advise
