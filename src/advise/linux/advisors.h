// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"

namespace trimtab::advise::host {

// All advisors of the machine Trimtab runs on, from the host collector's series alone: CPU and memory limits
// of control groups, and what the whole machine runs out of. `target`: what actions name; `instance`: label
// of the series; `interval_ms` between two of the collector's rounds. docs/advice-linux.md.
std::vector<std::unique_ptr<Advisor>> create_advisors(std::string target, std::string instance,
                                                      DurationMs interval_ms);

}  // namespace trimtab::advise::host
