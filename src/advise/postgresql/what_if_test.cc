// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/what_if.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <map>

#include "advise/postgresql/candidates.h"
#include "advise/postgresql/load_testlib.h"
#include "targets/postgresql/server_fixture_testlib.h"

namespace trimtab::advise::postgresql {
namespace {

using trimtab::postgresql::Connection;
using trimtab::postgresql::IndexSpec;
using trimtab::postgresql::TestServer;

class IndexWhatIf : public trimtab::postgresql::ServerTest {
 protected:
  // All rows of every table here are sampled, so that ANALYZE always says the same.
  static void SetUpTestSuite() {
    start(
        {.settings = {"shared_preload_libraries = 'pg_stat_statements'", "default_statistics_target = 250"}});
  }
};

// A load on a real server, planned: what the selection works on.
struct Planned {
  TestLoad load;
  std::unique_ptr<Connection> connection;
  std::map<TableName, TableFacts> tables;
  std::unique_ptr<Planner> planner;
  std::unique_ptr<WhatIf> what_if;
  std::vector<std::vector<TableUse>> uses;
  std::vector<double> base;
  std::vector<IndexSpec> specs;
  SelectionProblem problem;

  void open(const TestServer& server, const std::string& database, TestLoad of) {
    load = std::move(of);
    auto home = server.connect();
    ASSERT_TRUE(home);
    ASSERT_TRUE((*home)->execute("CREATE DATABASE " + database));
    auto maker = server.connect(database);
    ASSERT_TRUE(maker);
    ASSERT_TRUE((*maker)->execute("CREATE EXTENSION hypopg"));
    ASSERT_TRUE((*maker)->set_statement_timeout(0));
    const Status made = (*maker)->execute(load.schema_sql);
    ASSERT_TRUE(made) << made.error().message();
    auto reader = server.connect(database, true);
    ASSERT_TRUE(reader);
    connection = std::move(*reader);
    auto facts = read_tables(*connection);
    ASSERT_TRUE(facts) << facts.error().message();
    tables = std::move(*facts);
    auto plans = Planner::create(*connection);
    ASSERT_TRUE(plans) << plans.error().message();
    planner = std::make_unique<Planner>(std::move(*plans));
    std::vector<int> ids;
    for (std::size_t i = 0; i < load.statements.size(); ++i) {
      ids.push_back(static_cast<int>(i));
      const Status prepared = planner->prepare(ids.back(), read_statement(load.statements[i].first));
      ASSERT_TRUE(prepared) << load.statements[i].first << ": " << prepared.error().message();
      const auto plan = planner->explain(ids.back());
      ASSERT_TRUE(plan) << plan.error().message();
      uses.push_back(uses_of(*plan, tables));
      base.push_back(plan->cost());
    }
    auto made_what_if = WhatIf::create(*connection, *planner, ids);
    ASSERT_TRUE(made_what_if) << made_what_if.error().message();
    what_if = std::move(*made_what_if);
  }

  // The problem over these candidates, weighted by calls.
  void pose(const std::vector<IndexSpec>& candidates) {
    problem = {};
    for (const IndexSpec& spec : candidates) add(spec);
    for (std::size_t q = 0; q < uses.size(); ++q) {
      problem.weights.push_back(load.statements[q].second);
      CandidateSet relevant;
      for (std::size_t i = 0; i < specs.size(); ++i) relevant[i] = may_change(specs[i], uses[q]);
      problem.relevant.push_back(relevant);
    }
    problem.calls_max = 1'000'000;
  }

  void add(const IndexSpec& spec) {
    const auto bytes = what_if->add(spec);
    if (!bytes) return;
    SelectionCandidate candidate;
    candidate.table =
        static_cast<int>(std::distance(tables.begin(), tables.find(TableName{spec.schema, spec.table})));
    for (const auto& key : spec.keys) candidate.keys.push_back((key.descending ? "-" : "+") + key.column);
    candidate.include = spec.include;
    candidate.where = spec.where;
    candidate.bytes = *bytes;
    problem.candidates.push_back(candidate);
    specs.push_back(spec);
  }

  // In turns over the statements, at most `count`.
  std::vector<IndexSpec> candidates(std::size_t count) const {
    std::vector<IndexSpec> out;
    std::set<std::string> seen;
    for (std::size_t rank = 0; rank < kCandidatesPerQueryMax; ++rank) {
      for (const auto& of_query : uses) {
        const auto list = candidates_for(of_query, tables);
        if (rank >= list.size() || out.size() >= count) continue;
        if (seen.insert(create_index_statement(list[rank])).second) out.push_back(list[rank]);
      }
    }
    return out;
  }

  double bytes_of_all() const {
    double bytes = 0;
    for (const auto& candidate : problem.candidates) bytes += candidate.bytes;
    return bytes;
  }
  double cost_of(const CandidateSet& set) {
    double total = 0;
    for (std::size_t q = 0; q < uses.size(); ++q) {
      const std::uint64_t key = (set & problem.relevant[q]).to_ullong();
      auto& known = memo[q];
      if (!known.contains(key)) {
        const auto answer = what_if->ask(q, set & problem.relevant[q]);
        EXPECT_TRUE(answer) << answer.error().message();
        known[key] = answer ? answer->cost : 0;
        ++exhaustive_calls;
      }
      total += problem.weights[q] * known[key];
    }
    return total;
  }
  std::map<std::size_t, std::map<std::uint64_t, double>> memo;
  std::int64_t exhaustive_calls = 0;
};

void hold_against_exhaustive(const TestServer& server, const std::string& name, TestLoad load) {
  Planned planned;
  planned.open(server, name, std::move(load));
  if (testing::Test::HasFatalFailure()) return;
  constexpr std::size_t kSmall = 13;
  planned.pose(planned.candidates(kSmall));
  const double none = planned.cost_of({});
  const double all_bytes = planned.bytes_of_all();
  for (const double share : {0.2, 0.4, 0.7, 1.0}) {
    planned.problem.bytes_max = share * all_bytes;
    const auto selection = select_indexes(planned.problem, *planned.what_if);
    ASSERT_TRUE(selection) << selection.error().message();
    CandidateSet chosen;
    for (const int i : selection->chosen) chosen.set(static_cast<std::size_t>(i));
    double best = std::numeric_limits<double>::infinity();
    for (std::uint64_t bits = 0; bits < (1ULL << planned.problem.candidates.size()); ++bits) {
      double bytes = 0;
      for (std::size_t i = 0; i < planned.problem.candidates.size(); ++i) {
        if ((bits >> i) & 1) bytes += planned.problem.candidates[i].bytes;
      }
      if (bytes <= planned.problem.bytes_max) best = std::min(best, planned.cost_of(CandidateSet(bits)));
    }
    const double ours = planned.cost_of(chosen);
    std::printf(
        "%s, %zu candidates, room for %.0f %%: cost %.4f of before, exhaustive %.4f (gap %.2f %%), "
        "%lld what-if plans, exhaustive %lld\n",
        name.c_str(), planned.problem.candidates.size(), 100 * share, ours / none, best / none,
        100 * (ours / best - 1), static_cast<long long>(selection->calls),
        static_cast<long long>(planned.exhaustive_calls));
    EXPECT_LE(selection->bytes, planned.problem.bytes_max);
    EXPECT_LE(ours, 1.05 * best);
  }
}

TEST_F(IndexWhatIf, decision_support_is_within_5_percent_of_exhaustive_search) {
  hold_against_exhaustive(*server_, "tpch", decision_support_load());
}

TEST_F(IndexWhatIf, join_heavy_is_within_5_percent_of_exhaustive_search) {
  hold_against_exhaustive(*server_, "job", join_heavy_load());
}

// Dexter's approach (github.com/ankane/dexter): for each statement by itself, all indexes of one column and
// of two columns on what it searches and sorts by, made at once; those its plan uses are taken when the cost
// falls by half or more.
std::vector<IndexSpec> dexter(Planned& planned) {
  std::vector<IndexSpec> taken;
  std::set<std::string> seen;
  for (std::size_t q = 0; q < planned.uses.size(); ++q) {
    std::vector<IndexSpec> tried;
    for (const TableUse& use : planned.uses[q]) {
      std::set<std::string> columns(use.equality.begin(), use.equality.end());
      for (const auto* more : {&use.join, &use.range, &use.alternatives})
        columns.insert(more->begin(), more->end());
      for (const auto& key : use.order) columns.insert(key.column);
      const auto index_on = [&](std::vector<IndexSpec::Key> keys) {
        tried.push_back({.schema = use.table.schema, .table = use.table.table, .keys = std::move(keys)});
      };
      for (const std::string& a : columns) {
        index_on({{a}});
        for (const std::string& b : columns) {
          if (a != b) index_on({{a}, {b}});
        }
      }
    }
    auto what_if = WhatIf::create(*planned.connection, *planned.planner, {static_cast<int>(q)});
    EXPECT_TRUE(what_if);
    std::vector<IndexSpec> made;
    CandidateSet all;
    for (const IndexSpec& spec : tried) {
      if (!(*what_if)->add(spec)) continue;
      all.set(made.size());
      made.push_back(spec);
    }
    const auto answer = (*what_if)->ask(0, all);
    EXPECT_TRUE(answer);
    if (!answer || answer->cost > 0.5 * planned.base[q]) continue;
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (answer->used[i] && seen.insert(create_index_statement(made[i])).second) taken.push_back(made[i]);
    }
  }
  return taken;
}

void hold_against_dexter(const TestServer& server, const std::string& name, TestLoad load) {
  Planned planned;
  planned.open(server, name, std::move(load));
  if (testing::Test::HasFatalFailure()) return;
  const std::vector<IndexSpec> theirs = dexter(planned);
  ASSERT_FALSE(theirs.empty());

  std::vector<int> ids;
  for (std::size_t i = 0; i < planned.uses.size(); ++i) ids.push_back(static_cast<int>(i));
  auto judge = WhatIf::create(*planned.connection, *planned.planner, ids);
  ASSERT_TRUE(judge);
  double their_bytes = 0, their_cost = 0, none = 0;
  CandidateSet all;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const auto bytes = (*judge)->add(theirs[i]);
    ASSERT_TRUE(bytes);
    their_bytes += *bytes;
    all.set(i);
  }
  for (std::size_t q = 0; q < planned.uses.size(); ++q) {
    const auto answer = (*judge)->ask(q, all);
    ASSERT_TRUE(answer);
    their_cost += planned.load.statements[q].second * answer->cost;
    none += planned.load.statements[q].second * planned.base[q];
  }
  judge->reset();

  planned.pose(planned.candidates(kCandidatesMax));
  planned.problem.bytes_max = their_bytes;
  const auto ours = select_indexes(planned.problem, *planned.what_if);
  ASSERT_TRUE(ours) << ours.error().message();
  std::printf(
      "%s, %zu candidates: cost %.4f of before with %zu indexes, %.1f MB, %lld what-if plans (%lld "
      "inferred); "
      "Dexter's approach %.4f with %zu indexes, %.1f MB\n",
      name.c_str(), planned.problem.candidates.size(), ours->cost_after / none, ours->chosen.size(),
      ours->bytes / 1e6, static_cast<long long>(ours->calls), static_cast<long long>(ours->inferred),
      their_cost / none, theirs.size(), their_bytes / 1e6);
  EXPECT_LE(ours->bytes, their_bytes);
  EXPECT_LE(ours->cost_after, their_cost * 1.001);
}

TEST_F(IndexWhatIf, decision_support_is_no_worse_than_dexters_approach) {
  hold_against_dexter(*server_, "tpch_dexter", decision_support_load());
}

TEST_F(IndexWhatIf, join_heavy_is_no_worse_than_dexters_approach) {
  hold_against_dexter(*server_, "job_dexter", join_heavy_load());
}

}  // namespace
}  // namespace trimtab::advise::postgresql
