// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "advise/advisor.h"
#include "targets/target.h"

namespace trimtab::advise::memcached {

// The advisor of one memcached target: one connection and two questions a pass. docs/advice-memcached.md.
std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target);

// Less between two looks is not enough data.
inline constexpr DurationMs kMemcachedWindowMs = kMinuteMs;

}  // namespace trimtab::advise::memcached
