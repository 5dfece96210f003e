// SPDX-License-Identifier: Apache-2.0
// Recommendations, changes and leases in the ledger.
#include <gtest/gtest.h>

#include "ledger/ledger_testlib.h"

namespace trimtab {
namespace {

class AdviceTest : public testing::Test {
 protected:
  std::vector<Recommendation> say(std::vector<Recommendation> said,
                                  const std::vector<std::string>& looked_at = {}) {
    auto live = ledger_->record_advice({"postgresql.index", "redis.memory"}, std::move(said), looked_at);
    EXPECT_TRUE(live) << live.error().message();
    return live.value_or(std::vector<Recommendation>{});
  }
  RecommendationState state_of(std::int64_t id) { return ledger_->recommendation(id)->state; }
  Change live_change(std::int64_t recommendation, const std::string& entity = "a") {
    Change change = full_change(recommendation);
    change.entity = {"table", entity};
    change.steps.clear();
    return change;
  }

  FakeClock clock_{kTestStart};
  std::unique_ptr<Logger> logger_ = create_null_logger();
  std::unique_ptr<Ledger> ledger_ = Ledger::open(":memory:", clock_, *logger_).value();
};

TEST_F(AdviceTest, same_fingerprint_is_one_recommendation_with_its_first_time_and_newest_facts) {
  const auto first = say({full_recommendation("f")});
  ASSERT_EQ(first.size(), 1u);
  clock_.advance(kMinuteMs);
  Recommendation again = full_recommendation("f");
  again.cost = "220 MB";
  const auto second = say({again, again});
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].id, first[0].id);
  EXPECT_EQ(second[0].created_ms, kTestStart);
  EXPECT_EQ(second[0].updated_ms, kTestStart + kMinuteMs);
  EXPECT_EQ(second[0].cost, "220 MB");
}

TEST_F(AdviceTest, what_is_not_said_again_of_the_same_advisors_and_targets_is_withdrawn) {
  Recommendation elsewhere = full_recommendation("elsewhere");
  elsewhere.action.target = "postgresql/other";
  Recommendation not_enough = full_recommendation("short");
  not_enough.state = RecommendationState::kNotEnoughData;
  ASSERT_EQ(say({full_recommendation("f"), full_recommendation("g"), elsewhere, not_enough}).size(), 4u);
  EXPECT_EQ(say({full_recommendation("g")}).size(), 2u);  // "f" and "short" are gone, "elsewhere" stands
  EXPECT_EQ(say({}).size(), 2u);                          // nothing was looked at
  EXPECT_EQ(say({}, {"postgresql/other"}).size(), 1u);
  const auto other = ledger_->record_advice({"redis.memory"}, {}, {"postgresql/main"});
  EXPECT_EQ(other->size(), 1u);  // another advisor's word
  const auto back = say({full_recommendation("f"), full_recommendation("g")});
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].id, 1);
  EXPECT_EQ(back[0].state_reason, "");
}

TEST_F(AdviceTest, past_its_time_it_expires) {
  const std::int64_t id = say({full_recommendation("f")}).at(0).id;
  clock_.advance(8 * kDayMs);
  EXPECT_TRUE(say({}).empty());
  EXPECT_EQ(state_of(id), RecommendationState::kExpired);
}

TEST_F(AdviceTest, what_was_decided_rests_and_then_starts_anew) {
  const std::int64_t id = say({full_recommendation("f")}).at(0).id;
  ASSERT_TRUE(ledger_->set_recommendation_state(id, RecommendationState::kDismissed, "ada", "not now"));
  clock_.advance(6 * kDayMs);
  EXPECT_TRUE(say({full_recommendation("f")}).empty());
  clock_.advance(kDayMs);
  Recommendation later = full_recommendation("f");
  later.expires_ms = clock_.now_ms() + kDayMs;
  const auto anew = say({later});
  ASSERT_EQ(anew.size(), 1u);
  EXPECT_NE(anew[0].id, id);
  EXPECT_EQ(state_of(id), RecommendationState::kDismissed);
  const auto refused = ledger_->set_recommendation_state(id, RecommendationState::kProposed, "ada", "");
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
}

TEST_F(AdviceTest, best_benefit_per_risk_stands_first) {
  Recommendation risky = full_recommendation("risky");
  risky.risk = Risk::kHigh;
  risky.benefit_seconds_per_day = 800;
  Recommendation safe = full_recommendation("safe");
  safe.risk = Risk::kLow;
  safe.benefit_seconds_per_day = 100;
  Recommendation unsure = full_recommendation("unsure");
  unsure.state = RecommendationState::kNotEnoughData;
  unsure.benefit_seconds_per_day = 1e9;
  Recommendation odd = full_recommendation("odd");
  odd.benefit_seconds_per_day = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> order;
  for (const auto& one : say({unsure, risky, odd, safe})) order.push_back(one.fingerprint);
  EXPECT_EQ(order, (std::vector<std::string>{"safe", "risky", "odd", "unsure"}));
}

TEST_F(AdviceTest, malformed_advice_is_refused_and_nothing_is_written) {
  const Recommendation good = full_recommendation("good");
  Recommendation nameless = full_recommendation("");
  Recommendation homeless = full_recommendation("h");
  homeless.entity = {};
  Recommendation strange = full_recommendation("s");
  strange.advisor = "somebody";
  Recommendation decided = full_recommendation("d");
  decided.state = RecommendationState::kDone;
  Recommendation big = full_recommendation("b");
  big.why = std::string(Ledger::kRecordBytesMax, 'x');
  for (const Recommendation& bad : {nameless, homeless, strange, decided, big}) {
    EXPECT_FALSE(ledger_->record_advice({"postgresql.index"}, {good, bad}));
  }
  const std::vector<Recommendation> many(Ledger::kAdvicePerCallMax + 1, good);
  EXPECT_EQ(ledger_->record_advice({"postgresql.index"}, many).error().code(), ErrorCode::kLimit);
  EXPECT_TRUE(ledger_->recommendations({})->empty());
}

TEST_F(AdviceTest, people_are_told_why_a_step_is_refused) {
  using enum RecommendationState;
  const std::int64_t id = say({full_recommendation("f")}).at(0).id;
  EXPECT_EQ(ledger_->set_recommendation_state(99, kAccepted, "", "").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(ledger_->set_recommendation_state(id, kDismissed, "ada", "").error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(ledger_->set_recommendation_state(id, kDone, "", "").error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(ledger_->set_recommendation_state(id, kAccepted, "ada", ""));
  ASSERT_TRUE(ledger_->add_change(live_change(id)));
  EXPECT_EQ(ledger_->set_recommendation_state(id, kProposed, "ada", "").error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(ledger_->set_recommendation_state(id, kDone, "", "kept"));
}

TEST_F(AdviceTest, filters_narrow_by_state_and_entity) {
  const std::int64_t id = say({full_recommendation("f"), full_recommendation("g")}).at(0).id;
  ASSERT_TRUE(ledger_->set_recommendation_state(id, RecommendationState::kDismissed, "ada", "no"));
  EXPECT_EQ(ledger_->recommendations({.states = {RecommendationState::kDismissed}})->at(0).id, id);
  EXPECT_EQ(ledger_->recommendations({.states = {}, .entity = full_recommendation("f").entity})->size(), 2u);
  EXPECT_TRUE(ledger_->recommendations({.states = {}, .entity = EntityRef{"table", "x"}})->empty());
  EXPECT_EQ(ledger_->recommendations({.states = {}, .entity = {}, .limit = 1})->size(), 1u);
}

TEST_F(AdviceTest, one_live_change_per_entity_and_per_recommendation) {
  const auto live = say({full_recommendation("f"), full_recommendation("g")});
  const auto first = ledger_->add_change(live_change(live[0].id));
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(ledger_->add_change(live_change(live[1].id)).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(ledger_->add_change(live_change(live[0].id, "b")).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(ledger_->add_change(live_change(99, "c")).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(ledger_->add_change(live_change(0, "d")));
  EXPECT_TRUE(ledger_->add_change(live_change(0, "e")));
  Change ended = *first;
  ended.state = ChangeState::kFailed;
  ASSERT_TRUE(ledger_->update_change(ended, ChangeState::kProposed, 0));
  EXPECT_TRUE(ledger_->add_change(live_change(live[0].id)));
}

TEST_F(AdviceTest, change_is_moved_by_compare_and_set_only) {
  Change change = ledger_->add_change(live_change(0)).value();
  change.state = ChangeState::kApproved;
  change.steps.push_back({kTestStart, ChangeState::kProposed, ChangeState::kApproved, "ada", ""});
  ASSERT_TRUE(ledger_->update_change(change, ChangeState::kProposed, 0));
  EXPECT_EQ(ledger_->update_change(change, ChangeState::kProposed, 0).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(ledger_->update_change(change, ChangeState::kApproved, 0).error().code(), ErrorCode::kConflict);
  change.state = ChangeState::kFailed;
  ASSERT_TRUE(ledger_->update_change(change, ChangeState::kApproved, 1));
  change.error = "more words";  // an ended change may still learn, but not live again
  ASSERT_TRUE(ledger_->update_change(change, ChangeState::kFailed, 1));
  Change alive = change;
  alive.state = ChangeState::kApproved;
  EXPECT_EQ(ledger_->update_change(alive, ChangeState::kFailed, 1).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(ledger_->change(change.id)->error, "more words");
  change.id = 99;
  EXPECT_EQ(ledger_->update_change(change, ChangeState::kFailed, 1).error().code(), ErrorCode::kNotFound);
}

TEST_F(AdviceTest, kept_change_lives_again_only_to_be_undone) {
  Change change = live_change(0);
  change.undoing = false;
  change = ledger_->add_change(change).value();
  change.state = ChangeState::kKept;
  ASSERT_TRUE(ledger_->update_change(change, ChangeState::kProposed, 0));
  ChangeFilter live;
  live.live = true;
  EXPECT_TRUE(ledger_->changes(live)->empty());
  const Change other = ledger_->add_change(live_change(0)).value();
  change.undoing = true;
  EXPECT_EQ(ledger_->update_change(change, ChangeState::kKept, 0).error().code(), ErrorCode::kConflict);
  Change ended = other;
  ended.state = ChangeState::kFailed;
  ASSERT_TRUE(ledger_->update_change(ended, ChangeState::kProposed, 0));
  ASSERT_TRUE(ledger_->update_change(change, ChangeState::kKept, 0));
  EXPECT_EQ(ledger_->changes(live)->at(0).id, change.id);
  change.state = ChangeState::kRolledBack;
  ASSERT_TRUE(ledger_->update_change(change, ChangeState::kKept, 0));
  EXPECT_TRUE(ledger_->changes(live)->empty());
}

TEST_F(AdviceTest, change_beyond_its_bounds_is_refused) {
  Change endless = live_change(0);
  endless.steps.resize(kChangeStepsMax + 1);
  EXPECT_EQ(ledger_->add_change(endless).error().code(), ErrorCode::kLimit);
  Change big = live_change(0);
  big.undo_state = std::string(Ledger::kRecordBytesMax, 'x');
  EXPECT_EQ(ledger_->add_change(big).error().code(), ErrorCode::kLimit);
  Change idle = live_change(0);
  idle.action.type = "";
  EXPECT_EQ(ledger_->add_change(idle).error().code(), ErrorCode::kInvalid);
  EXPECT_TRUE(ledger_->changes({})->empty());
}

TEST_F(AdviceTest, changes_are_found_newest_first_by_state_entity_and_recommendation) {
  const std::int64_t id = say({full_recommendation("f")}).at(0).id;
  const Change first = ledger_->add_change(live_change(id, "a")).value();
  const Change second = ledger_->add_change(live_change(0, "b")).value();
  const auto all = ledger_->changes({});
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).id, second.id);
  ChangeFilter filter;
  filter.recommendation = id;
  EXPECT_EQ(ledger_->changes(filter)->at(0).id, first.id);
  filter = {};
  filter.entity = EntityRef{"table", "b"};
  EXPECT_EQ(ledger_->changes(filter)->at(0).id, second.id);
  filter = {};
  filter.states = {ChangeState::kKept, ChangeState::kFailed};
  EXPECT_TRUE(ledger_->changes(filter)->empty());
}

TEST_F(AdviceTest, lease_is_one_holders_until_it_runs_out_or_is_given_back) {
  const TimestampMs until = kTestStart + kMinuteMs;
  EXPECT_TRUE(ledger_->take_lease("postgresql/main", "a", until).value());
  EXPECT_FALSE(ledger_->take_lease("postgresql/main", "b", until).value());
  EXPECT_TRUE(ledger_->take_lease("postgresql/main", "a", until + 1).value());
  EXPECT_TRUE(ledger_->take_lease("redis/main", "b", until).value());
  ASSERT_TRUE(ledger_->release_lease("postgresql/main", "b"));  // not b's to give
  EXPECT_FALSE(ledger_->take_lease("postgresql/main", "b", until).value());
  ASSERT_TRUE(ledger_->release_lease("postgresql/main", "a"));
  EXPECT_TRUE(ledger_->take_lease("postgresql/main", "b", until).value());
  clock_.set(until);
  EXPECT_TRUE(ledger_->take_lease("postgresql/main", "a", until + kMinuteMs).value());
  EXPECT_FALSE(ledger_->take_lease("", "a", until));
}

}  // namespace
}  // namespace trimtab
