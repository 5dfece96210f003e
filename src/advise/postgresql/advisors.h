// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "base/metrics.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// All advisors of one PostgreSQL target. `metrics` must outlive them. `host_instance`: label of the series of
// the host collector on this machine, for a server that runs on it; "" when there are none.
std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target, Metrics& metrics,
                                                      const std::string& host_instance = "");

}  // namespace trimtab::advise::postgresql
