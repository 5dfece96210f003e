// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "analyze/plan.h"
#include "estate/estate.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// Where to look for more about one finding: the jobs of its entity, then of those it depends on directly.
struct Neighbourhood {
  std::size_t finding = 0;
  std::vector<std::size_t> jobs;
};

inline constexpr std::size_t kExplainedFindingsMax = 10;

// Of the worst findings whose beginning is a moment: what leaks, runs out or is down says itself what it is.
std::vector<Neighbourhood> neighbourhoods(std::span<const Finding> findings, const Plan& plan,
                                          const Estate& estate);

}  // namespace trimtab::analyze
