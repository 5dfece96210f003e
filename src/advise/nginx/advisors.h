// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "advise/advisor.h"
#include "targets/target.h"

namespace trimtab::advise::nginx {

// All advisors of one nginx target.
std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target);

}  // namespace trimtab::advise::nginx
