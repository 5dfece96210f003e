// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace trimtab::advise::postgresql {

inline constexpr std::size_t kCandidatesMax = 512;
using CandidateSet = std::bitset<kCandidatesMax>;  // bit i: candidate i of the problem

// Who says what a statement would cost if some candidates existed.
class CostOracle {
 public:
  struct Answer {
    double cost = 0;    // planner's units
    CandidateSet used;  // those of the asked ones that the plan uses
  };
  virtual ~CostOracle() = default;
  virtual Result<Answer> ask(std::size_t query, const CandidateSet& existing) = 0;
};

struct SelectionCandidate {
  int table = 0;
  std::vector<std::string> keys;     // with direction: "a", "-b"
  std::vector<std::string> include;  // sorted
  std::string where;
  double bytes = 0;
  double write_cost = 0;  // what keeping it up to date costs, in weight x cost
};

struct SelectionProblem {
  std::vector<double> weights;         // by query; objective = sum of weight x cost
  std::vector<CandidateSet> relevant;  // by query: the candidates that can change its plan
  std::vector<SelectionCandidate> candidates;
  double bytes_max = 0;
  double benefit_min = 0;      // of one index, write cost taken off; less is not worth having
  std::int64_t calls_max = 0;  // questions to the oracle; beyond, what is known so far must do
};

struct QueryCost {
  double before = 0;
  double after = 0;
  CandidateSet used;  // of the chosen
};

struct Selection {
  std::vector<int> chosen;  // ascending
  std::vector<QueryCost> queries;
  double cost_before = 0;  // weighted
  double cost_after = 0;   // weighted, write cost not included
  double write_cost = 0;
  double bytes = 0;
  std::int64_t calls = 0;     // questions asked
  std::int64_t inferred = 0;  // questions answered from earlier answers
  bool calls_exhausted = false;
};

// Extend (Schlosser, Kossmann, Boissier 2019): again and again the one step with the best benefit per byte,
// adding an index or appending to a chosen one, until nothing is worth its place. To it come
// - steps that add all indexes of one statement's best plan at once, for indexes that only help together;
// - two exact ways to ask less: a plan that uses U when A exist costs the same for every set between U and A
//   (atomic configurations, Finkelstein, Schkolnick, Tiberio 1988); and since more indexes never make the
//   best plan dearer, known costs of larger sets bound a step's benefit, so that steps that cannot win are
//   never asked for (after Wu et al. 2022, "Budget-aware index tuning with reinforcement learning");
// - a last pass that gives back what the later ones made superfluous.
// Pure but for the oracle; deterministic: ties go to the lower candidate. Errors: the oracle's.
Result<Selection> select_indexes(const SelectionProblem& problem, CostOracle& oracle);

// Is everything that `a` serves served by `b`: same table and predicate, keys of `a` a prefix of b's,
// what `a` covers covered by `b`.
bool is_extended_by(const SelectionCandidate& a, const SelectionCandidate& b);

}  // namespace trimtab::advise::postgresql
