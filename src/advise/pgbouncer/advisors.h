// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "advise/advisor.h"
#include "targets/target.h"

namespace trimtab::advise::pgbouncer {

// The advisor of one PgBouncer: from the collector's series, and one connection and question a pass.
// docs/advice-pgbouncer.md.
std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target);

// Less of samples is not enough data.
inline constexpr DurationMs kPoolWindowMinMs = 30 * kSecondMs;

}  // namespace trimtab::advise::pgbouncer
