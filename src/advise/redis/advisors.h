// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "advise/advisor.h"
#include "targets/target.h"

namespace trimtab::advise::redis {

// All advisors of one Redis target: one connection a pass, INFO, and a small sample of keys. A role that may
// INFO has most of it; SCAN, OBJECT IDLETIME and MEMORY USAGE add the rest. docs/advice-redis.md.
std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target);

// Less between two looks is not enough data.
inline constexpr DurationMs kRedisWindowMs = kMinuteMs;

}  // namespace trimtab::advise::redis
