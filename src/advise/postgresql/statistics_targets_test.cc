// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/statistics_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace trimtab::advise::postgresql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "visits" of ten million rows, said to hold a thousand visitors; a call gives 12 rows where 10,000 are
// expected.
struct World {
  Workload workload;
  std::vector<Plan> plans;
  std::map<TableName, TableFacts> tables;
};
World visits_world() {
  World out;
  TableFacts& table = out.tables[{"public", "visits"}];
  table.rows = 10e6;
  table.columns["visitor"] = {.type = "integer", .distinct = 1000};
  table.columns["page"] = {.type = "integer", .distinct = 500};
  WorkloadQuery query;
  query.id = "7";
  query.text = "SELECT * FROM visits WHERE visitor = $1";
  query.statement = read_statement(query.text);
  query.calls = 100;
  query.rows = 1200;
  query.seconds = out.workload.seconds = 10;
  out.workload.queries = {query};
  PlanNode node;
  node.type = "Index Scan";
  node.schema = "public";
  node.relation = "visits";
  node.alias = "v";
  node.rows = 10'000;
  node.conditions = {"(v.visitor = $1)"};
  out.plans.emplace_back().nodes = {node};
  return out;
}

TEST(DoubtedColumns, are_those_compared_where_far_fewer_rows_come_than_expected) {
  struct Case {
    const char* what;
    std::function<void(World&)> change;
    bool doubted;
  };
  const auto query = [](World& world) -> WorkloadQuery& { return world.workload.queries[0]; };
  const auto text = [&](World& world, const char* sql) { query(world).statement = read_statement(sql); };
  const auto table = [](World& world) -> TableFacts& { return world.tables.begin()->second; };
  const std::vector<Case> cases = {
      {"twelve rows, ten thousand expected", [](auto&) {}, true},
      {"a third of what is expected", [&](auto& w) { query(w).rows = 333'000; }, true},
      {"nearly half of it", [&](auto& w) { query(w).rows = 400'000; }, false},
      {"no row at all, one expected",
       [&](auto& w) {
         query(w).rows = 0;
         w.plans[0].nodes[0].rows = 2;
       },
       false},
      {"more than expected", [&](auto& w) { query(w).rows = 1e9; }, false},
      {"LIMIT cuts what comes", [&](auto& w) { text(w, "SELECT * FROM visits WHERE visitor = $1 LIMIT 10"); },
       false},
      {"an aggregate gives one row",
       [&](auto& w) { text(w, "SELECT count(*) FROM visits WHERE visitor = $1"); }, false},
      {"a write", [&](auto& w) { text(w, "DELETE FROM visits WHERE visitor = $1"); }, false},
      {"few calls", [&](auto& w) { query(w).calls = 19; }, false},
      {"little time", [&](auto& w) { w.workload.seconds = 10'000; }, false},
      {"not planned", [](auto& w) { w.plans[0].nodes.clear(); }, false},
      {"a range has no distinct values",
       [](auto& w) { w.plans[0].nodes[0].conditions = {"(v.visitor > $1)"}; }, false},
      {"one side of an OR",
       [](auto& w) { w.plans[0].nodes[0].conditions = {"((v.visitor = $1) OR (v.page > $2))"}; }, false},
      {"a small table", [&](auto& w) { table(w).rows = 50'000; }, false},
      {"never analysed", [&](auto& w) { table(w).columns["visitor"].distinct = 0; }, false},
      {"nearly all differ", [&](auto& w) { table(w).columns["visitor"].distinct = 6e6; }, false},
      {"a key of its own",
       [&](auto& w) {
         IndexFacts key;
         key.unique = true;
         key.keys = {"visitor"};
         table(w).indexes = {key};
       },
       false},
  };
  for (const Case& one : cases) {
    World world = visits_world();
    one.change(world);
    const auto found = doubted_columns(world.workload, world.plans, world.tables, 100'000);
    EXPECT_EQ(found.size(), one.doubted ? 1u : 0u) << one.what;
    for (const DoubtedColumn& column : found) EXPECT_EQ(column.column, "visitor") << one.what;
  }
}

TEST(DoubtedColumns, both_sides_of_a_join_are_and_statements_add_up) {
  World world = visits_world();
  world.tables[{"public", "people"}].rows = 1e6;
  world.tables[{"public", "people"}].columns["code"] = {.type = "integer", .distinct = 900};
  PlanNode inner;
  inner.type = "Index Scan";
  inner.schema = "public";
  inner.relation = "people";
  inner.alias = "p";
  inner.conditions = {"(p.code = v.visitor)"};
  world.plans[0].nodes[0].conditions.clear();
  world.plans[0].nodes.push_back(inner);
  world.workload.queries.push_back(world.workload.queries[0]);
  world.workload.queries[1].id = "8";
  world.plans.push_back(world.plans[0]);
  const auto found = doubted_columns(world.workload, world.plans, world.tables, 100'000);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].column, "code");
  EXPECT_EQ(found[1].column, "visitor");
  EXPECT_THAT(found[1].ids, ElementsAre("7", "8"));
  EXPECT_EQ(found[1].seconds, 20);
}

TEST(StatisticsTarget, follows_a_sample_that_proves_the_estimate_wrong) {
  DoubtedColumn column;
  column.believed = 1000;
  const std::pair<DistinctSample, int> cases[] = {
      {{.rows = 300'000, .distinct = 3000}, 1000},
      {{.rows = 300'000, .distinct = 2999}, 0},
      {{.rows = 45'000, .distinct = 20'000}, 200},
      {{.rows = 30'000, .distinct = 20'000}, 0},
      {{.rows = 300'000, .distinct = 3000, .target = 1000}, 0},
      {{}, 0},
      {{.rows = 9e6, .distinct = 1e6}, 10'000},
  };
  for (const auto& [sample, target] : cases) {
    EXPECT_EQ(advised_target(column, sample), target) << sample.rows << " " << sample.distinct;
  }
}

}  // namespace
}  // namespace trimtab::advise::postgresql
