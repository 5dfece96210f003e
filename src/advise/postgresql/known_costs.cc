// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/known_costs.h"

#include <algorithm>

namespace trimtab::advise::postgresql {

namespace {

bool contains(const CandidateSet& larger, const CandidateSet& smaller) { return (smaller & ~larger).none(); }

}  // namespace

Result<CostOracle::Answer> KnownCosts::cost(std::size_t query, const CandidateSet& existing) {
  const CandidateSet wanted = existing & problem_.relevant[query];
  const Known* smaller = nullptr;
  for (const Known& known : known_[query]) {
    if (contains(wanted, known.used) && contains(known.asked, wanted)) {
      ++inferred_;
      return CostOracle::Answer{known.cost, known.used};
    }
    if (contains(wanted, known.asked) && (smaller == nullptr || known.cost < smaller->cost)) smaller = &known;
  }
  if (calls_ >= problem_.calls_max) {
    exhausted_ = true;
    if (smaller == nullptr)
      return fail(ErrorCode::kLimit, "the bound of what-if questions is below one a statement");
    return CostOracle::Answer{smaller->cost, smaller->used};
  }
  ++calls_;
  auto answer = TRY(oracle_.ask(query, wanted));
  // The planner keeps the first of plans within 1 % of each other: more indexes may look a trace dearer.
  if (smaller != nullptr && smaller->cost < answer.cost) answer = {smaller->cost, smaller->used};
  known_[query].push_back({wanted, answer.used, answer.cost});
  return answer;
}

double KnownCosts::lower_bound(std::size_t query, const CandidateSet& existing) const {
  const CandidateSet wanted = existing & problem_.relevant[query];
  double bound = 0;
  for (const Known& known : known_[query]) {
    if (contains(known.asked, wanted)) bound = std::max(bound, known.cost);
  }
  return bound;
}

}  // namespace trimtab::advise::postgresql
