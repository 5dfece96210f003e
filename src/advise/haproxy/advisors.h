// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "advise/advisor.h"
#include "targets/target.h"

namespace trimtab::advise::haproxy {

// The advisor of one HAProxy: from the collector's series, nothing is asked of the server.
// docs/advice-haproxy.md.
std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target);

// Less of samples is not enough data.
inline constexpr DurationMs kHaproxyWindowMinMs = 30 * kSecondMs;

}  // namespace trimtab::advise::haproxy
