// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "query/engine/engine_testlib.h"

namespace trimtab::promql {
namespace {

TEST_F(Corpus, arithmetic_follows_ieee_754) {
  load("m 7\nn NaN\nz 0");
  check_at(0, {{"m + 1", "{} 8"},
               {"1 - m", "{} -6"},
               {"m * 2", "{} 14"},
               {"m / 0", "{} +Inf"},
               {"0 / z", "{} NaN"},
               {"m % 4", "{} 3"},
               {"-m % 4", "{} -3"},
               {"m % 0", "{} NaN"},
               {"m ^ 2", "{} 49"},
               {"2 ^ m", "{} 128"},
               {"-m ^ 2", "{} -49"},
               {"m atan2 m", "{} 0.7853981634"},
               {"1 atan2 1", "{} 0.7853981634"},
               {"n == n", ""},
               {"n != n", "n NaN"},
               {"n != bool n", "{} 1"},
               {"m == 7", "m 7"},
               {"7 == m", "m 7"},
               {"8 > m", "m 7"},
               {"m < bool 7", "{} 0"},
               {"m <= 7", "m 7"},
               {"m >= 8", ""},
               {"m != 7", ""},
               {"1 > bool 2", "{} 0"},
               {"2 >= bool 2", "{} 1"},
               {"NaN == bool NaN", "{} 0"},
               {"2 ^ 3 ^ 0", "{} 2"},
               {"-1 * 0", "{} -0"},
               {"10 % -3", "{} 1"},
               {"m + n", "{} NaN"},
               {"\"text\"", "\"text\""}});
}

TEST_F(Corpus, vectors_match_on_their_labels) {
  load(
      "a{i=\"1\",e=\"p\"} 1\na{i=\"2\",e=\"p\"} 2\nb{i=\"1\",e=\"p\"} 10\nb{i=\"3\",e=\"p\"} 30\n"
      "info{i=\"1\",v=\"x\"} 1\ninfo{i=\"2\",v=\"y\"} 1");
  check_at(0,
           {{"a + b", "{e=\"p\",i=\"1\"} 11"},
            {"a == b", ""},
            {"a < b", "a{e=\"p\",i=\"1\"} 1"},
            {"a < bool b", "{e=\"p\",i=\"1\"} 1"},
            {"a < on (i) b", "{i=\"1\"} 1"},
            {"a + ignoring (e) b", "{i=\"1\"} 11"},
            {"a * on (i) group_left (v) info", "{e=\"p\",i=\"1\",v=\"x\"} 1\n{e=\"p\",i=\"2\",v=\"y\"} 2"},
            {"info * on (i) group_right (v) a", "{e=\"p\",i=\"1\",v=\"x\"} 1\n{e=\"p\",i=\"2\",v=\"y\"} 2"},
            {"info - on (i) group_right a", "{e=\"p\",i=\"1\"} 0\n{e=\"p\",i=\"2\"} -1"},
            {"a + on () group_left sum(b)", "{e=\"p\",i=\"1\"} 41\n{e=\"p\",i=\"2\"} 42"},
            {"a + nope", ""},
            {"a and b", "a{e=\"p\",i=\"1\"} 1"},
            {"a or b", "a{e=\"p\",i=\"1\"} 1\na{e=\"p\",i=\"2\"} 2\nb{e=\"p\",i=\"3\"} 30"},
            {"a unless b", "a{e=\"p\",i=\"2\"} 2"},
            {"a and on () nope", ""},
            {"a unless on () vector(1)", ""},
            {"nope or vector(0)", "{} 0"}});
}

TEST_F(Corpus, ambiguous_matches_are_refused_with_both_series_named) {
  load("a{i=\"1\"} 1\na{i=\"2\"} 2\nb{i=\"1\",j=\"x\"} 10\nb{i=\"1\",j=\"y\"} 20\nc{k=\"1\"} 1");
  check_at(
      0, {{"a * on (i) b",
           "invalid: 1:1: found duplicate series for the match group {i=\"1\"} on the right hand-side of the "
           "operation: [b{i=\"1\", j=\"y\"}, b{i=\"1\", j=\"x\"}]; many-to-many matching not allowed: "
           "matching labels "
           "must be unique on one side"},
          {"b * on (i) a",
           "invalid: 1:1: multiple matches for labels: many-to-one matching must be explicit "
           "(group_left/group_right); match group {i=\"1\"}"},
          {"b * on (i) group_left a", "{i=\"1\",j=\"x\"} 10\n{i=\"1\",j=\"y\"} 20"},
          {"sum by (i) (a) * on (i) group_left b",
           "invalid: 1:1: found duplicate series for the match group {i=\"1\"} on the right hand-side of the "
           "operation: [b{i=\"1\", j=\"y\"}, b{i=\"1\", j=\"x\"}]; many-to-many matching not allowed: "
           "matching labels "
           "must be unique on one side"},
          {"b * on () group_left (j) label_replace(c, \"j\", \"q\", \"k\", \".*\")",
           "invalid: 1:1: multiple matches for labels: grouping labels must ensure unique matches: {i=\"1\", "
           "j=\"q\"}"},
          // Only what passes a filter can meet.
          {"b > on (i) 15 * a", "{i=\"1\"} 20"}});
}

TEST_F(Corpus, matches_are_looked_for_at_every_step) {
  load("a{v=\"1\"} 1 stale 3\na{v=\"2\"} _ 2 _ 4\nb 10 20 30 stale");
  EXPECT_EQ(over(0, 60, 60, "b + on () a"), "{} 11 22");
  EXPECT_NE(over(0, 120, 60, "b + on () a").find("many-to-many"), std::string::npos);
  // Nothing on the other side: nothing to be ambiguous with.
  EXPECT_EQ(over(180, 180, 60, "b + on () a"), "");
  EXPECT_EQ(over(0, 180, 60, "b and on () a{v=\"1\"}"), "b 10 _ 30 _");
  EXPECT_EQ(over(0, 180, 60, "a{v=\"1\"} or on () b"), "a{v=\"1\"} 1 _ 3 3\nb _ 20 _ _");
}

TEST_F(Corpus, rows_that_become_one_are_joined_where_they_do_not_meet) {
  load("a{x=\"1\"} 1 stale\nb{x=\"1\"} _ 2");
  EXPECT_EQ(over(0, 60, 60, "{x=\"1\"} * 2"), "{x=\"1\"} 2 4");
  EXPECT_EQ(over(0, 60, 60, "abs({x=\"1\"})"), "{x=\"1\"} 1 2");
  load("c{x=\"1\"} 1");
  EXPECT_EQ(over(0, 60, 60, "{x=\"1\"} * 2"),
            "invalid: vector cannot contain metrics with the same labelset: {x=\"1\"}");
}

}  // namespace
}  // namespace trimtab::promql
