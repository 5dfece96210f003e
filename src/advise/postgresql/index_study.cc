// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_study.h"

#include <fmt/format.h>

#include <algorithm>

#include "advise/postgresql/planner.h"
#include "advise/postgresql/what_if.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::IndexSpec;

namespace {

class Study {
 public:
  Study(Connection& connection, Workload workload, const StudyOptions& options)
      : connection_(connection), options_(options) {
    out_.workload = std::move(workload);
  }

  Result<IndexStudy> run() {
    TRY(refuse_foreign_code(connection_));
    out_.tables = TRY(read_tables(connection_));
    out_.writes = writes_of(out_.workload, out_.tables);
    Planner planner = TRY(Planner::create(connection_));
    TRY(plan_all(planner));
    std::vector<int> ids(out_.queries.size());
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int>(i);
    what_if_ = TRY(WhatIf::create(connection_, planner, std::move(ids)));
    TRY(add_candidates());
    Watched watched(*what_if_, planned_, options_.cancelled);
    const Selection selection = TRY(select_indexes(problem_, watched));
    TRY(describe(selection));
    what_if_.reset();
    return std::move(out_);
  }

 private:
  // Query numbers of the problem are those of the planned statements alone.
  class Watched final : public CostOracle {
   public:
    Watched(WhatIf& what_if, const std::vector<std::size_t>& planned, const std::atomic<bool>* cancelled)
        : what_if_(what_if), planned_(planned), cancelled_(cancelled) {}
    Result<Answer> ask(std::size_t query, const CandidateSet& existing) override {
      if (cancelled_ && cancelled_->load())
        return fail(ErrorCode::kCancelled, "the index study was cancelled");
      return what_if_.ask(planned_[query], existing);
    }

   private:
    WhatIf& what_if_;
    const std::vector<std::size_t>& planned_;
    const std::atomic<bool>* cancelled_;
  };

  Status plan_all(Planner& planner) {
    out_.queries.resize(out_.workload.queries.size());
    for (std::size_t i = 0; i < out_.queries.size(); ++i) {
      if (options_.cancelled && options_.cancelled->load()) {
        return fail(ErrorCode::kCancelled, "the index study was cancelled");
      }
      StudiedQuery& query = out_.queries[i];
      const Status prepared = planner.prepare(static_cast<int>(i), out_.workload.queries[i].statement);
      if (!prepared) {
        if (prepared.error().code() == ErrorCode::kUnavailable) return prepared;
        query.skipped = prepared.error().message();
        continue;
      }
      auto plan = planner.explain(static_cast<int>(i));
      if (!plan) {
        if (plan.error().code() == ErrorCode::kUnavailable) return std::unexpected(plan.error());
        query.skipped = plan.error().message();
        continue;
      }
      query.plan = std::move(*plan);
      query.uses = uses_of(query.plan, out_.tables);
      query.cost_before = query.cost_after = query.plan.cost();
      if (!query.uses.empty() && query.cost_before > 0 && out_.workload.queries[i].seconds > 0)
        planned_.push_back(i);
    }
    return ok();
  }

  // Statements take turns, so that the bound of candidates does not fall on the last ones alone.
  Status add_candidates() {
    std::vector<std::vector<IndexSpec>> by_query;
    std::size_t longest = 0;
    for (const std::size_t query : planned_) {
      by_query.push_back(candidates_for(out_.queries[query].uses, out_.tables));
      longest = std::max(longest, by_query.back().size());
    }
    std::set<std::string> seen;
    for (std::size_t rank = 0; rank < longest; ++rank) {
      for (const std::vector<IndexSpec>& specs : by_query) {
        if (rank >= specs.size()) continue;
        if (!seen.insert(trimtab::postgresql::create_index_statement(specs[rank])).second) continue;
        TRY(add_candidate(specs[rank]));
      }
    }
    out_.candidates = specs_.size();
    double table_bytes = 0;
    for (const auto& [name, facts] : out_.tables) table_bytes += facts.bytes;
    problem_.bytes_max =
        std::min(options_.bytes_max, std::max(options_.bytes_floor, options_.bytes_share_max * table_bytes));
    problem_.benefit_min = std::max(
        options_.benefit_min, options_.benefit_share_min * out_.workload.per_second(out_.workload.seconds));
    const std::vector<bool> worth = TRY(carry_well());
    problem_.calls_max = std::max<std::int64_t>(0, options_.calls_max - covering_questions_);
    for (const std::size_t query : planned_) {
      problem_.weights.push_back(out_.workload.per_second(out_.workload.queries[query].seconds) /
                                 out_.queries[query].cost_before);
      CandidateSet relevant;
      for (std::size_t i = 0; i < specs_.size(); ++i)
        relevant[i] = worth[i] && may_change(specs_[i], out_.queries[query].uses);
      problem_.relevant.push_back(relevant);
    }
    return ok();
  }

  // Columns that are only carried make an index larger for good, so they must save a good part of what some
  // statement costs with the keys alone. (By HypoPG alone any covering index looks a little cheaper: it
  // leaves the descent of its tree out.) By candidate: has none, or is worth having them.
  Result<std::vector<bool>> carry_well() {
    std::vector<bool> worth(specs_.size());
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      worth[i] = specs_[i].include.empty();
      const CandidateSet plain = worth[i] ? CandidateSet() : with_keys_alone(specs_[i]);
      for (std::size_t q = 0; q < planned_.size() && !worth[i]; ++q) {
        if (!covers(specs_[i], out_.queries[planned_[q]].uses)) continue;
        if (covering_questions_ + 2 > kCoveringQuestionsMax) break;
        if (options_.cancelled && options_.cancelled->load())
          return fail(ErrorCode::kCancelled, "the index study was cancelled");
        covering_questions_ += 2;
        const double with_keys = TRY(what_if_->ask(planned_[q], plain)).cost;
        const double covered = TRY(what_if_->ask(planned_[q], CandidateSet().set(i))).cost;
        worth[i] = covered <= (1 - kCoveringGainMin) * with_keys;
      }
    }
    return worth;
  }

  CandidateSet with_keys_alone(const IndexSpec& covering) const {
    CandidateSet out;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      const IndexSpec& other = specs_[i];
      out[i] = other.include.empty() && other.schema == covering.schema && other.table == covering.table &&
               other.keys == covering.keys && other.where == covering.where;
    }
    return out;
  }

  Status add_candidate(const IndexSpec& spec) {
    const auto bytes = what_if_->add(spec);
    if (!bytes) {
      if (bytes.error().code() == ErrorCode::kUnavailable) return std::unexpected(bytes.error());
      ++out_.candidates_refused;
      return ok();
    }
    const TableName name{spec.schema, spec.table};
    SelectionCandidate candidate;
    candidate.table = static_cast<int>(std::distance(out_.tables.begin(), out_.tables.find(name)));
    for (const IndexSpec::Key& key : spec.keys)
      candidate.keys.push_back((key.descending ? "-" : "+") + key.column);
    candidate.include = spec.include;
    candidate.where = spec.where;
    candidate.bytes = *bytes;
    candidate.write_cost =
        write_seconds_per_second(spec, out_.tables.at(name), out_.writes[name], out_.workload);
    problem_.candidates.push_back(std::move(candidate));
    specs_.push_back(spec);
    return ok();
  }

  Status describe(const Selection& selection) {
    out_.calls = covering_questions_ + selection.calls;
    out_.inferred = selection.inferred;
    out_.calls_exhausted = selection.calls_exhausted;
    for (std::size_t i = 0; i < planned_.size(); ++i) {
      out_.queries[planned_[i]].cost_after = selection.queries[i].after;
    }
    for (const int candidate : selection.chosen) TRY(propose(static_cast<std::size_t>(candidate), selection));
    std::vector<std::size_t> order(out_.indexes.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return out_.indexes[a].saved_seconds_per_second > out_.indexes[b].saved_seconds_per_second;
    });
    std::vector<ProposedIndex> sorted;
    for (const std::size_t i : order) {
      sorted.push_back(std::move(out_.indexes[i]));
      for (std::size_t& other : sorted.back().needs) {
        other = static_cast<std::size_t>(std::ranges::find(order, other) - order.begin());
      }
    }
    out_.indexes = std::move(sorted);
    return ok();
  }

  // Each is proven by itself, so each is told by what it does alone; together with the others where it does
  // little alone.
  Status propose(std::size_t candidate, const Selection& selection) {
    ProposedIndex index;
    index.spec = specs_[candidate];
    index.bytes = problem_.candidates[candidate].bytes;
    index.write_seconds_per_second = problem_.candidates[candidate].write_cost;
    for (std::size_t i = 0; i < planned_.size(); ++i) {
      const QueryCost& cost = selection.queries[i];
      if (!cost.used[candidate]) continue;
      double after = TRY(what_if_->ask(planned_[i], CandidateSet().set(candidate))).cost;
      const bool alone = cost.before - after >= 0.5 * (cost.before - cost.after);
      if (!alone) {
        after = cost.after;
        for (std::size_t j = 0; j < selection.chosen.size(); ++j) {
          const auto other = static_cast<std::size_t>(selection.chosen[j]);
          if (other == candidate || !cost.used[other]) continue;
          if (std::ranges::find(index.needs, j) == index.needs.end()) index.needs.push_back(j);
        }
      }
      HelpedQuery helped{.query = planned_[i], .cost_ratio = std::min(1.0, after / cost.before)};
      helped.saved_seconds_per_second =
          out_.workload.per_second(out_.workload.queries[helped.query].seconds) * (1 - helped.cost_ratio);
      index.saved_seconds_per_second += helped.saved_seconds_per_second;
      index.helped.push_back(helped);
    }
    std::ranges::stable_sort(index.helped, [](const HelpedQuery& a, const HelpedQuery& b) {
      return a.saved_seconds_per_second > b.saved_seconds_per_second;
    });
    out_.indexes.push_back(std::move(index));
    return ok();
  }

  Connection& connection_;
  const StudyOptions& options_;
  IndexStudy out_;
  std::vector<std::size_t> planned_;  // query numbers of the problem -> of the workload
  std::unique_ptr<WhatIf> what_if_;
  std::vector<IndexSpec> specs_;
  SelectionProblem problem_;
  std::int64_t covering_questions_ = 0;
};

}  // namespace

Result<IndexStudy> study_indexes(Connection& connection, Workload workload, const StudyOptions& options) {
  return Study(connection, std::move(workload), options).run();
}

}  // namespace trimtab::advise::postgresql
