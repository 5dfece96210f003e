// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise {

// A session that is not told for Trimtab's own: its statements are load.
inline Result<std::unique_ptr<trimtab::postgresql::Connection>> connect_as_application(
    const std::string& dsn) {
  return trimtab::postgresql::Connection::open(
      {.dsn = dsn, .name = "postgresql/test", .application = "shop", .read_only = false});
}

// What advisors of a target may look at, empty: they ask the target itself.
class AdvisorWorld {
 public:
  Context context() {
    return {.now_ms = 1'790'000'000'000,
            .estate = estate,
            .querier = querier,
            .findings = findings,
            .logger = *logger};
  }

  Estate estate;
  std::vector<Finding> findings;
  std::unique_ptr<Logger> logger = create_null_logger();

 private:
  class NoQuerier final : public promql::Querier {
   public:
    Result<std::unique_ptr<promql::PreparedQuery>> prepare(std::string_view) override {
      return fail(ErrorCode::kUnavailable, "no samples in this test");
    }
  };
  NoQuerier querier;
};

}  // namespace trimtab::advise
