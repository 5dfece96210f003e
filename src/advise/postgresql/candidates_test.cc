// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trimtab::advise::postgresql {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using trimtab::postgresql::IndexSpec;

std::map<TableName, TableFacts> orders() {
  std::map<TableName, TableFacts> tables;
  TableFacts& table = tables[{"public", "orders"}];
  table.rows = 100'000;
  table.columns["customer"] = {
      .type = "integer", .distinct = 5000, .null_share = 0, .width_bytes = 4, .correlation = 0};
  table.columns["state"] = {
      .type = "text", .distinct = 5, .null_share = 0, .width_bytes = 6, .correlation = 0};
  table.columns["placed"] = {
      .type = "timestamp", .distinct = 90'000, .null_share = 0, .width_bytes = 8, .correlation = 0};
  table.columns["done"] = {
      .type = "timestamp", .distinct = 900, .null_share = 0.01, .width_bytes = 8, .correlation = 0};
  table.columns["note"] = {
      .type = "text", .distinct = 90'000, .null_share = 0, .width_bytes = 900, .correlation = 0};
  return tables;
}

Plan plan(std::string filter, std::vector<std::string> sort_keys, std::vector<std::string> output) {
  Plan out;
  out.nodes.resize(2);
  out.nodes[0].type = "Sort";
  out.nodes[0].sort_keys = std::move(sort_keys);
  out.nodes[1].type = "Seq Scan";
  out.nodes[1].schema = "public";
  out.nodes[1].relation = "orders";
  out.nodes[1].alias = "o";
  out.nodes[1].conditions = {filter};
  out.nodes[1].filters = {filter};
  out.nodes[1].output = std::move(output);
  out.nodes[1].parent = 0;
  return out;
}

std::vector<std::string> spelled(const Plan& of, const std::map<TableName, TableFacts>& tables) {
  std::vector<std::string> out;
  for (const IndexSpec& spec : candidates_for(uses_of(of, tables), tables)) {
    std::string text;
    for (const auto& key : spec.keys)
      text += (text.empty() ? "" : " ") + key.column + (key.descending ? "-" : "");
    for (const std::string& column : spec.include) text += " +" + column;
    if (!spec.where.empty()) text += " where " + spec.where;
    out.push_back(std::move(text));
  }
  return out;
}

TEST(Candidates, equality_first_then_range_or_order) {
  const auto found = spelled(
      plan("((o.state = $1) AND (o.customer = $2) AND (o.placed > $3))", {"o.placed DESC"}, {"o.placed"}),
      orders());
  // More distinct values first; a backward scan gives the descending order.
  EXPECT_EQ(found.front(), "customer state");
  EXPECT_THAT(found, Contains("customer state placed"));
  EXPECT_THAT(found, Contains("state customer"));
  EXPECT_THAT(found, Not(Contains("placed customer")));
}

TEST(Candidates, mixed_directions_are_kept) {
  EXPECT_THAT(spelled(plan("(o.customer = $1)", {"o.state", "o.placed DESC"}, {"o.note"}), orders()),
              Contains("customer state placed-"));
}

TEST(Candidates, rare_nulls_give_a_partial_index_and_few_columns_a_covering_one) {
  const auto found =
      spelled(plan("((o.customer = $1) AND (o.done IS NULL))", {}, {"o.customer", "o.placed"}), orders());
  EXPECT_THAT(found, Contains("customer where \"done\" IS NULL"));
  EXPECT_THAT(found, Contains("customer +done +placed"));
  auto mostly_null = orders();
  mostly_null[{"public", "orders"}].columns["done"].null_share = 0.9;
  EXPECT_THAT(spelled(plan("((o.customer = $1) AND (o.done IS NULL))", {}, {"o.placed"}), mostly_null),
              Not(Contains("customer where \"done\" IS NULL")));
}

TEST(Candidates, output_of_a_single_table_is_not_qualified_and_is_covered_all_the_same) {
  const auto found =
      spelled(plan("(o.customer = $1)", {}, {"placed", "(sum(done))::state", "\"note\""}), orders());
  EXPECT_THAT(found, ElementsAre("customer"));  // the note is too wide
  EXPECT_THAT(spelled(plan("(o.customer = $1)", {}, {"placed", "sum((done)::state)"}), orders()),
              ElementsAre("customer", "customer +done +placed"));
}

TEST(Candidates, whole_rows_below_an_aggregate_are_not_all_needed) {
  Plan sums = plan("(o.customer = $1)", {}, {"customer", "placed", "state", "note"});
  sums.nodes[0].type = "Aggregate";
  sums.nodes[0].output = {"sum(placed)"};
  sums.nodes[1].relationship = "Outer";
  EXPECT_THAT(spelled(sums, orders()), ElementsAre("customer", "customer +placed"));
  // A subquery of the aggregate hands on just what it says.
  sums.nodes[1].relationship = "SubPlan";
  sums.nodes[1].output = {"o.done"};
  EXPECT_THAT(spelled(sums, orders()), Contains("customer +done +placed"));
}

TEST(Candidates, alternatives_are_searched_for_alone) {
  EXPECT_THAT(spelled(plan("((o.customer = $1) OR (o.state = $2))", {}, {"o.note"}), orders()),
              ElementsAre("customer", "state"));
}

TEST(Candidates, wide_columns_small_tables_and_what_exists_are_left_out) {
  EXPECT_THAT(spelled(plan("(o.note = $1)", {}, {"o.note"}), orders()), IsEmpty());
  auto small = orders();
  small[{"public", "orders"}].rows = 100;
  EXPECT_THAT(spelled(plan("(o.customer = $1)", {}, {"o.note"}), small), IsEmpty());
  auto partition = orders();
  partition[{"public", "orders"}].plain = false;
  EXPECT_THAT(spelled(plan("(o.customer = $1)", {}, {"o.note"}), partition), IsEmpty());
  auto served = orders();
  IndexFacts existing;
  existing.method = "btree";
  existing.keys = {"customer", "placed"};
  existing.descending = {false, false};
  served[{"public", "orders"}].indexes = {existing};
  EXPECT_THAT(spelled(plan("(o.customer = $1)", {}, {"o.note"}), served), IsEmpty());
}

}  // namespace
}  // namespace trimtab::advise::postgresql
