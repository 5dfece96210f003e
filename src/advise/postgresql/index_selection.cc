// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_selection.h"

#include <algorithm>
#include <optional>

#include "advise/postgresql/known_costs.h"
#include "base/check.h"

namespace trimtab::advise::postgresql {

namespace {

// One step: the set afterwards, and what is known of its worth.
struct Step {
  CandidateSet after;
  CandidateSet changed;
  double bytes = 0;    // more than now, at least 1
  double benefit = 0;  // upper bound, exact once evaluated
  double rate() const { return benefit / bytes; }
};

template <typename Do>
void for_each(const CandidateSet& set, Do what) {
  for (std::size_t i = set._Find_first(); i < set.size(); i = set._Find_next(i)) what(i);
}

class Search {
 public:
  Search(const SelectionProblem& problem, CostOracle& oracle)
      : problem_(problem),
        costs_(problem, oracle),
        extended_by_(problem.candidates.size()),
        now_(problem.weights.size()) {
    for (std::size_t i = 0; i < extended_by_.size(); ++i) {
      for (std::size_t j = 0; j < extended_by_.size(); ++j) {
        if (i != j && is_extended_by(problem.candidates[i], problem.candidates[j])) extended_by_[i].set(j);
      }
    }
  }

  Result<Selection> run() {
    Selection out;
    out.queries.resize(problem_.weights.size());
    for (std::size_t query = 0; query < now_.size(); ++query) {
      now_[query] = TRY(costs_.cost(query, {}));
      out.queries[query].before = now_[query].cost;
      out.cost_before += problem_.weights[query] * now_[query].cost;
      best_.push_back(TRY(costs_.cost(query, problem_.relevant[query])).used);
    }
    while (true) {
      const std::optional<Step> step = TRY(best_step());
      if (!step) break;
      TRY(take(step->after, step->changed));
    }
    TRY(give_back());
    TRY(exchange());
    for (std::size_t query = 0; query < now_.size(); ++query) {
      out.queries[query].after = now_[query].cost;
      out.queries[query].used = now_[query].used;
      out.cost_after += problem_.weights[query] * now_[query].cost;
    }
    for (std::size_t i = 0; i < problem_.candidates.size(); ++i) {
      if (chosen_[i]) out.chosen.push_back(static_cast<int>(i));
    }
    out.bytes = sum(chosen_, &SelectionCandidate::bytes);
    out.write_cost = sum(chosen_, &SelectionCandidate::write_cost);
    out.calls = costs_.calls();
    out.inferred = costs_.inferred();
    out.calls_exhausted = costs_.exhausted();
    return out;
  }

 private:
  double sum(const CandidateSet& set, double SelectionCandidate::* what) const {
    double total = 0;
    for_each(set, [&](std::size_t i) { total += problem_.candidates[i].*what; });
    return total;
  }

  // The chosen with `added`, without those of them that an added one extends.
  CandidateSet with(const CandidateSet& added) const {
    CandidateSet after = chosen_ | added;
    for_each(chosen_ & ~added, [&](std::size_t i) {
      if ((extended_by_[i] & added).any()) after.reset(i);
    });
    return after;
  }

  void propose(const CandidateSet& added, std::vector<Step>& steps) const { propose_set(with(added), steps); }

  void propose_set(const CandidateSet& after, std::vector<Step>& steps) const {
    Step step;
    step.after = after;
    step.changed = step.after ^ chosen_;
    if (step.changed.none()) return;
    const double bytes = sum(step.after, &SelectionCandidate::bytes);
    if (bytes > problem_.bytes_max) return;
    step.bytes = std::max(1.0, bytes - sum(chosen_, &SelectionCandidate::bytes));
    step.benefit =
        sum(chosen_, &SelectionCandidate::write_cost) - sum(step.after, &SelectionCandidate::write_cost);
    for (std::size_t query = 0; query < now_.size(); ++query) {
      if ((step.changed & problem_.relevant[query]).any()) step.benefit += potential(query, step.after);
    }
    if (step.benefit > 0 && step.benefit >= problem_.benefit_min) steps.push_back(step);
  }

  // At most this much is gained for the query.
  double potential(std::size_t query, const CandidateSet& after) const {
    return problem_.weights[query] * std::max(0.0, now_[query].cost - costs_.lower_bound(query, after));
  }

  Result<std::optional<Step>> best_step() {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < problem_.candidates.size(); ++i) {
      if (!chosen_[i]) propose(CandidateSet().set(i), steps);
    }
    for (const CandidateSet& all : best_) {
      if ((all & ~chosen_).count() > 1) propose(all & ~chosen_, steps);
    }
    return best_of(steps);
  }

  Result<std::optional<Step>> best_of(std::vector<Step>& steps) {
    std::ranges::stable_sort(steps, [](const Step& a, const Step& b) { return a.rate() > b.rate(); });
    std::optional<Step> best;
    for (Step& step : steps) {
      if (best && step.rate() <= best->rate()) break;
      if (TRY(evaluate(step, best ? best->rate() : 0))) best = step;
    }
    return best;
  }

  // Makes the benefit exact, dearest query first; false as soon as it cannot be better than `rate` or is too
  // small.
  Result<bool> evaluate(Step& step, double rate) {
    std::vector<std::pair<double, std::size_t>> affected;
    for (std::size_t query = 0; query < now_.size(); ++query) {
      if ((step.changed & problem_.relevant[query]).any())
        affected.emplace_back(-potential(query, step.after), query);
    }
    std::ranges::sort(affected);
    for (const auto& [negative, query] : affected) {
      const auto answer = TRY(costs_.cost(query, step.after));
      step.benefit += negative + problem_.weights[query] * (now_[query].cost - answer.cost);
      if (step.benefit <= 0 || step.benefit < problem_.benefit_min || step.rate() <= rate) return false;
    }
    return true;
  }

  Status take(const CandidateSet& after, const CandidateSet& changed) {
    for (std::size_t query = 0; query < now_.size(); ++query) {
      if ((changed & problem_.relevant[query]).any()) now_[query] = TRY(costs_.cost(query, after));
    }
    chosen_ = after;
    return ok();
  }

  // Takes out, cheapest loss first, what is not worth its place any more.
  Status give_back() {
    while (true) {
      std::optional<std::size_t> least;
      double least_loss = 0;
      for (std::size_t i = 0; i < problem_.candidates.size(); ++i) {
        if (!chosen_[i]) continue;
        CandidateSet without = chosen_;
        without.reset(i);
        double loss = -problem_.candidates[i].write_cost;
        for (std::size_t query = 0; query < now_.size(); ++query) {
          if (!now_[query].used[i]) continue;
          loss += problem_.weights[query] * (TRY(costs_.cost(query, without)).cost - now_[query].cost);
        }
        if (loss > 0 && loss >= problem_.benefit_min) continue;
        if (!least || loss < least_loss) least = i, least_loss = loss;
      }
      if (!least) return ok();
      CandidateSet without = chosen_;
      without.reset(*least);
      TRY(take(without, chosen_ ^ without));
    }
  }

  // Greedy steps never look back: one index out, one (or one statement's best) in, as long as that is better.
  // Here the benefit counts, not the benefit per byte: the room is there.
  Status exchange() {
    for (int round = 0; round < kExchangesMax; ++round) {
      std::vector<Step> steps;
      std::vector<CandidateSet> added = best_;
      for (std::size_t i = 0; i < problem_.candidates.size(); ++i) added.push_back(CandidateSet().set(i));
      for (const CandidateSet& in : added) {
        if ((in & ~chosen_).none()) continue;
        propose(in, steps);
        for (std::size_t i = 0; i < problem_.candidates.size(); ++i) {
          if (!chosen_[i] || in[i]) continue;
          CandidateSet after = with(in);
          after.reset(i);
          propose_set(after, steps);
        }
      }
      for (Step& step : steps) step.bytes = 1;
      const std::optional<Step> step = TRY(best_of(steps));
      if (!step) return ok();
      TRY(take(step->after, step->changed));
      TRY(give_back());
    }
    return ok();
  }

  static constexpr int kExchangesMax = 20;

  const SelectionProblem& problem_;
  KnownCosts costs_;
  std::vector<CandidateSet> extended_by_;  // by candidate
  std::vector<CostOracle::Answer> now_;    // by query, with chosen_
  std::vector<CandidateSet> best_;         // by query: used when all exist
  CandidateSet chosen_;
};

}  // namespace

Result<Selection> select_indexes(const SelectionProblem& problem, CostOracle& oracle) {
  CHECK(problem.candidates.size() <= kCandidatesMax, "{} candidates", problem.candidates.size());
  CHECK(problem.relevant.size() == problem.weights.size(), "{} and {}", problem.relevant.size(),
        problem.weights.size());
  return Search(problem, oracle).run();
}

bool is_extended_by(const SelectionCandidate& a, const SelectionCandidate& b) {
  if (a.table != b.table || a.where != b.where || a.keys.size() > b.keys.size()) return false;
  if (!std::equal(a.keys.begin(), a.keys.end(), b.keys.begin())) return false;
  return std::ranges::all_of(a.include, [&](const std::string& column) {
    return std::ranges::find(b.include, column) != b.include.end() ||
           std::ranges::find(b.keys, column) != b.keys.end();
  });
}

}  // namespace trimtab::advise::postgresql
