// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "advise/advisor.h"
#include "base/metrics.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// All advisors of one PostgreSQL target. `metrics` must outlive them.
std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target, Metrics& metrics);

}  // namespace trimtab::advise::postgresql
