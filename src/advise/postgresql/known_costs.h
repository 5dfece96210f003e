// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "advise/postgresql/index_selection.h"

namespace trimtab::advise::postgresql {

// Every answer of the oracle so far, and what follows from them: see select_indexes. Not thread-safe.
class KnownCosts {
 public:
  KnownCosts(const SelectionProblem& problem, CostOracle& oracle)
      : problem_(problem), oracle_(oracle), known_(problem.weights.size()) {}

  // Cost of the query when `existing` exist. Asks at most once. At the bound of calls: the best that is
  // known for a smaller set, `exhausted` is set. Errors: the oracle's; kLimit when nothing is known at all.
  Result<CostOracle::Answer> cost(std::size_t query, const CandidateSet& existing);
  // The cost cannot be below this: that of a larger known set; 0 when none is known.
  double lower_bound(std::size_t query, const CandidateSet& existing) const;

  std::int64_t calls() const { return calls_; }
  std::int64_t inferred() const { return inferred_; }
  bool exhausted() const { return exhausted_; }

 private:
  struct Known {
    CandidateSet asked;
    CandidateSet used;
    double cost;
  };

  const SelectionProblem& problem_;
  CostOracle& oracle_;
  std::vector<std::vector<Known>> known_;  // by query
  std::int64_t calls_ = 0;
  std::int64_t inferred_ = 0;
  bool exhausted_ = false;
};

}  // namespace trimtab::advise::postgresql
