// SPDX-License-Identifier: Apache-2.0
#include "report/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace trimtab {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TimestampMs kNow = 1'795'000'000'000;

Change ended_change(std::int64_t id, ChangeState state, Decision decision, double effect) {
  Change change;
  change.id = id;
  change.entity = {"database", "shop@db-1"};
  change.title = "Create an index on orders (customer_id, placed_at)";
  change.action.type = "postgresql.create_index";
  change.expected = {"mean time of the query", -0.95, -0.85};
  change.verify.target.unit = "seconds";
  change.state = state;
  change.found_ms = kNow - 600'000;
  change.ended_ms = kNow - 300'000;
  change.verdict.decision = decision;
  change.verdict.metric = "mean time of the query";
  change.verdict.before = 0.4;
  change.verdict.after = 0.4 * (1 + effect);
  change.verdict.effect = effect;
  change.verdict.low = effect - 0.01;
  change.verdict.high = effect + 0.01;
  change.verdict.looks = 12;
  return change;
}

Recommendation advice() {
  Recommendation r;
  r.id = 12;
  r.entity = {"database", "shop@db-1"};
  r.title = "Create an index on items (order_id)";
  r.why = "2,000 calls a minute read the whole table.";
  r.action = {.type = "postgresql.create_index",
              .target = "postgresql/main",
              .parameters = {},
              .apply = "CREATE INDEX CONCURRENTLY ...",
              .undo = "DROP INDEX CONCURRENTLY ..."};
  r.expected = {"mean time of the query", -0.95, -0.85};
  r.benefit_seconds_per_day = 7200;
  r.cost = "210 MB on disk";
  return r;
}

TEST(Plan, tells_measured_beside_expected) {
  PlanInput input{.at_ms = kNow, .recommendations = {}, .changes = {}, .objectives = {}, .halted = ""};
  input.changes.push_back(ended_change(7, ChangeState::kKept, Decision::kKept, -0.91));
  input.recommendations.push_back(advice());
  const std::string text = render_plan(input, BriefFormat::kText, {});
  for (const char* words :
       {"C-7", "kept", "400 ms to 36 ms, -91.0 %", "-95.0 % to -85 %", "R-12", "2 hours of waiting"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
}

TEST(Plan, track_record_counts_every_ending_once) {
  std::vector<Change> changes = {ended_change(1, ChangeState::kKept, Decision::kKept, -0.91),
                                 ended_change(2, ChangeState::kKept, Decision::kKept, -0.45),
                                 ended_change(3, ChangeState::kRolledBack, Decision::kRolledBack, 0.3),
                                 ended_change(4, ChangeState::kRolledBack, Decision::kNoEffect, 0.0),
                                 ended_change(5, ChangeState::kFailed, Decision::kFailed, NAN),
                                 ended_change(6, ChangeState::kObserving, Decision::kNone, NAN)};
  changes[0].approved_by = "policy: indexes";
  const TrackRecord record = track_record(changes);
  EXPECT_EQ(record.ended, 5U);
  EXPECT_EQ(record.kept, 2U);
  EXPECT_EQ(record.rolled_back, 1U);
  EXPECT_EQ(record.no_effect, 1U);
  EXPECT_EQ(record.failed, 1U);
  EXPECT_EQ(record.automatic, 1U);
  EXPECT_EQ(record.foretold, 1U);
  EXPECT_NEAR(record.median_achieved, (0.91 / 0.9 + 0.45 / 0.9) / 2, 1e-9);
  EXPECT_EQ(record.median_proof_ms, 300'000);
}

TEST(Plan, an_empty_plan_claims_nothing) {
  const std::string text =
      render_plan({.at_ms = kNow, .recommendations = {}, .changes = {}, .objectives = {}, .halted = ""},
                  BriefFormat::kText, {});
  EXPECT_THAT(text, HasSubstr("No change has ended yet"));
  EXPECT_THAT(text, HasSubstr("Nothing to recommend"));
}

TEST(Plan, foreign_text_has_no_power_in_any_format) {
  PlanInput input{
      .at_ms = kNow, .recommendations = {advice()}, .changes = {}, .objectives = {}, .halted = ""};
  input.recommendations[0].title = "<script>alert(1)</script> [x](http://evil) \x1b[31m | cell";
  EXPECT_THAT(render_plan(input, BriefFormat::kHtml, {}), Not(HasSubstr("<script>")));
  EXPECT_THAT(render_plan(input, BriefFormat::kMarkdown, {}), Not(HasSubstr("[x](http")));
  EXPECT_THAT(render_plan(input, BriefFormat::kText, {}), Not(HasSubstr("\x1b")));
}

TEST(Plan, one_recommendation_shows_how_it_is_undone) {
  const std::string text = render_recommendation(advice(), {}, BriefFormat::kText, {});
  EXPECT_THAT(text, HasSubstr("CREATE INDEX CONCURRENTLY"));
  EXPECT_THAT(text, HasSubstr("DROP INDEX CONCURRENTLY"));
}

}  // namespace
}  // namespace trimtab
