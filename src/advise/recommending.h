// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "advise/advisor.h"

namespace trimtab::advise {

inline constexpr DurationMs kAdviceExpiresMs = 7 * kDayMs;

// What every recommendation says about where it belongs and until when: advisor, target of the action, entity
// with its owner and tier, times. An expiry that is set stays.
void complete(std::span<Recommendation> recommendations, const std::string& advisor,
              const std::string& target, const EntityRef& entity, const Context& context);

// Without an action: what people should look at or decide.
Recommendation for_people(std::string fingerprint, std::string title, std::string why,
                          std::vector<Fact> evidence);

// A kNotEnoughData. `needs`: "2 more minutes of load".
Recommendation not_enough_data(std::string fingerprint, std::string title, std::string needs);

}  // namespace trimtab::advise
