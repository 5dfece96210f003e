// SPDX-License-Identifier: Apache-2.0
// A change from proposal to its end, on a target that is a file.
#include "act/change_runner.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "act/failpoint.h"
#include "act/fake_target_testlib.h"

namespace trimtab::act {
namespace {

constexpr DurationMs kStep = 5 * kSecondMs;

Policy open_policy() {
  Policy policy;
  policy.dry_run = false;
  policy.changes_per_hour = 1000;
  return policy;
}

Recommendation advice(const std::string& name = "work_mem") {
  Recommendation out = full_recommendation(name);
  out.entity = {"setting", name};
  out.action = {"file.set", "file/main", {{"value", "after"}}, "echo after", "echo before"};
  out.verify = {};
  out.verify.target = {"mean time", "target", "seconds", WorseDirection::kUp};
  out.verify.guards.push_back({{"insert time", "guard", "seconds", WorseDirection::kUp}, 0.05, 0});
  out.verify.step_ms = kStep;
  out.verify.before_ms = 5 * kMinuteMs;
  out.verify.observe_max_ms = 10 * kMinuteMs;
  out.conflicts.clear();
  out.after.clear();
  out.findings.clear();
  return out;
}

// One process's view: opened anew after each "crash".
struct World {
  World(const std::string& folder, Clock& clock, Policy policy, FunctionQuerier::Function numbers)
      : ledger(Ledger::open(folder + "/ledger.db", clock, *logger).value()), querier(std::move(numbers)) {
    auto executor = std::make_unique<FileTarget>(folder + "/target");
    target = executor.get();
    executors.add("file.set", std::move(executor));
    runner = std::make_unique<ChangeRunner>(ChangeRunner::Parts{
        *ledger, querier, executors, std::move(policy), clock, metrics, *logger, "node-1"});
  }
  std::unique_ptr<Logger> logger = create_null_logger();
  std::unique_ptr<Ledger> ledger;
  FunctionQuerier querier;
  Executors executors;
  FileTarget* target = nullptr;
  Metrics metrics;
  std::unique_ptr<ChangeRunner> runner;
};

class ChangeRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = scratch_.file("");
    std::ofstream(folder_ + "/target") << "before";
  }
  World open(Policy policy = open_policy()) {
    return World(folder_, clock_, std::move(policy),
                 [this](std::string_view name, TimestampMs at) { return number(name, at); });
  }
  // Both measures around 1 with noise of 5 %; the effect of the change as the test says.
  double number(std::string_view name, TimestampMs at) {
    std::ifstream in(folder_ + "/target");
    const std::string value{std::istreambuf_iterator<char>(in), {}};
    if (changed_at_ == 0) std::ifstream(folder_ + "/changed_at") >> changed_at_;
    if (value == "after" && changed_at_ == 0) {
      changed_at_ = clock_.now_ms();
      std::ofstream(folder_ + "/changed_at") << changed_at_;  // for whoever comes after a crash
    }
    const bool after = changed_at_ != 0 && at > changed_at_;
    const double factor = after ? (name == "target" ? target_factor_ : guard_factor_) : 1;
    return factor * (1 + 0.05 * noise_at(name, at));
  }
  Change propose_and_approve(World& world) {
    const auto live = world.ledger->record_advice({"postgresql.index"}, {advice()}).value();
    const Change proposed = world.runner->propose(live.at(0).id, "ada").value();
    return world.runner->approve(proposed.id, "ada").value();
  }
  // Seconds pass, one tick each step, until the change has ended.
  Change run(World& world, std::int64_t id, int ticks_max = 1000) {
    for (int i = 0; i < ticks_max; ++i) {
      EXPECT_TRUE(world.runner->run_until_idle());
      const Change change = world.ledger->change(id).value();
      if (!is_live(change)) return change;
      clock_.advance(kSecondMs);
    }
    return world.ledger->change(id).value();
  }

  ScratchFolder scratch_;
  std::string folder_;
  FakeClock clock_{kTestStart};
  double target_factor_ = 1;
  double guard_factor_ = 1;
  TimestampMs changed_at_ = 0;
};

TEST_F(ChangeRunnerTest, change_that_helps_is_kept_with_its_effect_and_interval) {
  target_factor_ = 0.5;
  World world = open();
  const Change change = run(world, propose_and_approve(world).id);
  EXPECT_EQ(change.state, ChangeState::kKept) << to_json(change);
  EXPECT_EQ(change.verdict.decision, Decision::kKept);
  EXPECT_NEAR(change.verdict.effect, -0.5, 0.05);
  EXPECT_LT(change.verdict.low, -0.5);
  EXPECT_GT(change.verdict.high, -0.55);
  EXPECT_EQ(world.target->value(), "after");
  EXPECT_EQ(world.target->effects(), "a");
  EXPECT_EQ(change.rechecks.size(), 3u);
  EXPECT_EQ(world.ledger->recommendation(change.recommendation)->state, RecommendationState::kDone);
}

TEST_F(ChangeRunnerTest, change_that_harms_a_guard_is_reversed_within_a_few_looks) {
  target_factor_ = 0.5;
  guard_factor_ = 1.6;
  World world = open();
  const Change change = run(world, propose_and_approve(world).id);
  EXPECT_EQ(change.state, ChangeState::kRolledBack) << to_json(change);
  EXPECT_LE(change.verdict.looks, 4u);
  EXPECT_TRUE(change.verdict.guards.at(0).breached);
  EXPECT_NE(change.verdict.reason.find("insert time"), std::string::npos) << change.verdict.reason;
  EXPECT_EQ(world.target->value(), "before");
  EXPECT_EQ(world.target->effects(), "au");

  // Policy leaves what has just failed alone and says why; a person may try again.
  const Recommendation said = world.ledger->recommendation(change.recommendation).value();
  EXPECT_EQ(said.state, RecommendationState::kAccepted);
  EXPECT_EQ(said.state_reason, fmt::format("C-{} was taken back", change.id));
  EXPECT_EQ(said.state_by, "ada");
  const Change again = world.runner->propose(said.id, "ada").value();
  EXPECT_EQ(world.ledger->recommendation(said.id)->state_reason, fmt::format("C-{}", again.id));
  EXPECT_EQ(world.runner->propose(said.id, "ada").error().code(), ErrorCode::kConflict);
  // Given up before it began: still nothing for policy, as the change before it failed.
  ASSERT_TRUE(world.runner->rollback(again.id, "ada", "not now"));
  EXPECT_EQ(world.ledger->recommendation(said.id)->state, RecommendationState::kAccepted);
  EXPECT_EQ(world.ledger->recommendation(said.id)->state_reason,
            fmt::format("C-{} was taken back", again.id));
}

TEST_F(ChangeRunnerTest, change_without_effect_is_told_so_and_taken_back_or_kept_as_policy_says) {
  for (const Inconclusive said : {Inconclusive::kReverse, Inconclusive::kKeep}) {
    std::ofstream(folder_ + "/target") << "before";
    std::filesystem::remove(folder_ + "/ledger.db");
    Policy policy = open_policy();
    policy.inconclusive = said;
    World world = open(policy);
    const Change change = run(world, propose_and_approve(world).id);
    EXPECT_EQ(change.verdict.decision, Decision::kNoEffect) << to_json(change);
    EXPECT_EQ(change.state,
              said == Inconclusive::kKeep ? ChangeState::kInconclusive : ChangeState::kRolledBack);
    EXPECT_EQ(world.target->value(), said == Inconclusive::kKeep ? "after" : "before");
    changed_at_ = 0;
    std::filesystem::remove(folder_ + "/changed_at");
  }
}

TEST_F(ChangeRunnerTest, nothing_is_done_without_consent_or_in_a_dry_run) {
  Policy dry;
  dry.dry_run = true;
  World world = open(dry);
  const auto live = world.ledger->record_advice({"postgresql.index"}, {advice()}).value();
  const Change proposed = world.runner->propose(live.at(0).id, "ada").value();
  EXPECT_EQ(world.runner->approve(proposed.id, "ada").error().code(), ErrorCode::kDenied);
  EXPECT_EQ(run(world, proposed.id, 20).state, ChangeState::kProposed);
  EXPECT_EQ(world.runner->propose(live.at(0).id, "bob").error().code(), ErrorCode::kConflict);
  EXPECT_FALSE(world.runner->propose(live.at(0).id, ""));
  EXPECT_EQ(world.target->effects(), "");
}

TEST_F(ChangeRunnerTest, policy_approves_what_it_names_and_refuses_what_it_forbids) {
  target_factor_ = 0.5;
  Policy policy = open_policy();
  policy.rules.push_back({.name = "safe", .actions = {"file.*"}, .approve = Approval::kAuto});
  World world = open(policy);
  ASSERT_TRUE(world.ledger->record_advice({"postgresql.index"}, {advice()}));
  ASSERT_TRUE(world.runner->run_until_idle());
  const Change change = run(world, world.ledger->changes({})->at(0).id);
  EXPECT_EQ(change.state, ChangeState::kKept);
  EXPECT_EQ(change.approved_by, "policy: safe");

  policy.rules[0].approve = Approval::kNever;
  World strict = open(policy);
  const auto other = strict.ledger->record_advice({"postgresql.index"}, {advice("other")}).value();
  EXPECT_EQ(strict.runner->propose(other.at(0).id, "ada").error().code(), ErrorCode::kDenied);
}

TEST_F(ChangeRunnerTest, halt_stops_what_has_not_begun_and_lets_undo_go_on) {
  World world = open();
  const Change change = propose_and_approve(world);
  ASSERT_TRUE(world.runner->halt("ada", "incident"));
  EXPECT_FALSE(world.runner->halt("ada", ""));
  EXPECT_EQ(run(world, change.id, 20).waits_for, "halted by ada: incident");
  ASSERT_TRUE(world.runner->resume("ada"));
  run(world, change.id, 20);
  EXPECT_EQ(world.target->value(), "after");
  ASSERT_TRUE(world.runner->halt("ada", "again"));
  ASSERT_TRUE(world.runner->rollback(change.id, "ada", "not today"));
  EXPECT_EQ(run(world, change.id, 20).state, ChangeState::kRolledBack);
  EXPECT_EQ(world.target->value(), "before");
}

TEST_F(ChangeRunnerTest, person_may_give_up_before_and_take_back_after_it_was_kept) {
  target_factor_ = 0.5;
  World world = open();
  const Change early = propose_and_approve(world);
  ASSERT_TRUE(world.runner->rollback(early.id, "ada", "wrong table"));
  EXPECT_EQ(world.ledger->change(early.id)->state, ChangeState::kRolledBack);
  EXPECT_EQ(world.ledger->recommendation(early.recommendation)->state, RecommendationState::kProposed);
  const Change second = world.runner->propose(early.recommendation, "ada").value();
  ASSERT_TRUE(world.runner->approve(second.id, "ada"));
  ASSERT_EQ(run(world, second.id).state, ChangeState::kKept);
  ASSERT_TRUE(world.runner->rollback(second.id, "ada", "disk is full"));
  EXPECT_EQ(world.ledger->recommendation(second.recommendation)->state, RecommendationState::kAccepted);
  EXPECT_EQ(run(world, second.id).state, ChangeState::kRolledBack);
  EXPECT_EQ(world.ledger->recommendation(second.recommendation)->state, RecommendationState::kAccepted);
  EXPECT_EQ(world.target->value(), "before");
  EXPECT_EQ(world.runner->rollback(second.id, "ada", "again").error().code(), ErrorCode::kConflict);
}

TEST_F(ChangeRunnerTest, maintenance_window_and_rate_hold_a_change_back) {
  Policy policy = open_policy();
  MaintenanceWindow window;
  window.name = "tonight";
  window.from_ms = kTestStart + kMinuteMs;
  window.to_ms = kTestStart + kHourMs;
  policy.windows.push_back(window);
  policy.changes_per_hour = 0;
  World world = open(policy);
  const Change change = propose_and_approve(world);
  EXPECT_EQ(run(world, change.id, 10).waits_for, "maintenance window tonight");
  clock_.set(kTestStart + 2 * kMinuteMs);
  EXPECT_EQ(run(world, change.id, 10).waits_for, "policy: 0 changes were begun within an hour");
  EXPECT_EQ(world.target->effects(), "");
}

TEST_F(ChangeRunnerTest, target_that_is_away_is_tried_again_within_bounds_and_then_given_up) {
  target_factor_ = 0.5;
  World world = open();
  const Change change = propose_and_approve(world);
  world.target->fail_next(ErrorCode::kUnavailable, 5);
  EXPECT_EQ(run(world, change.id).state, ChangeState::kKept);

  World other = open();
  const auto live = other.ledger->record_advice({"postgresql.index"}, {advice("other")}).value();
  const Change lost = other.runner->propose(live.at(0).id, "ada").value();
  ASSERT_TRUE(other.runner->approve(lost.id, "ada"));
  other.target->fail_next(ErrorCode::kUnavailable, 1000);
  const Change failed = run(other, lost.id);
  EXPECT_EQ(failed.state, ChangeState::kFailed);
  EXPECT_EQ(failed.error, "the target said no");
}

TEST_F(ChangeRunnerTest, undo_waits_for_a_target_that_went_away) {
  guard_factor_ = 2;
  World world = open();
  const Change change = propose_and_approve(world);
  run(world, change.id, 4);
  world.target->fail_next(ErrorCode::kUnavailable, 40);
  const Change stuck = run(world, change.id, 300);
  EXPECT_EQ(stuck.state, ChangeState::kObserving);
  EXPECT_TRUE(stuck.undoing);
  EXPECT_EQ(run(world, change.id, 4000).state, ChangeState::kRolledBack);
  EXPECT_EQ(world.target->value(), "before");
}

TEST_F(ChangeRunnerTest, undo_that_is_refused_is_told_with_what_remains) {
  guard_factor_ = 2;
  World world = open();
  const Change change = propose_and_approve(world);
  run(world, change.id, 4);
  world.target->fail_next(ErrorCode::kDenied, 1000);
  const Change failed = run(world, change.id);
  EXPECT_EQ(failed.state, ChangeState::kFailed);
  EXPECT_NE(failed.error.find("still in place; by hand: echo before"), std::string::npos) << failed.error;
}

TEST_F(ChangeRunnerTest, what_can_not_be_done_or_measured_is_not_begun) {
  World world = open();
  const Change change = propose_and_approve(world);
  world.target->refuse_check = true;
  EXPECT_EQ(run(world, change.id).error, "no privilege");
  world.target->refuse_check = false;
  Recommendation blind = advice("blind");
  blind.verify.target.expression = "";
  const auto live = world.ledger->record_advice({"postgresql.index"}, {blind}).value();
  const Change unseen = world.runner->propose(live.at(0).id, "ada").value();
  ASSERT_TRUE(world.runner->approve(unseen.id, "ada"));
  EXPECT_EQ(run(world, unseen.id).state, ChangeState::kFailed);
  EXPECT_EQ(world.target->effects(), "");
}

TEST_F(ChangeRunnerTest, kept_gain_is_looked_at_again_and_flagged_when_gone) {
  target_factor_ = 0.5;
  World world = open();
  const std::int64_t id = propose_and_approve(world).id;
  ASSERT_EQ(run(world, id).state, ChangeState::kKept);
  clock_.advance(kDayMs);
  ASSERT_TRUE(world.runner->run_until_idle());
  EXPECT_FALSE(world.ledger->change(id)->rechecks.at(0).gone);
  EXPECT_TRUE(world.ledger->change(id)->rechecks.at(0).at_ms);
  target_factor_ = 1;
  clock_.advance(6 * kDayMs);
  ASSERT_TRUE(world.runner->run_until_idle());
  EXPECT_TRUE(world.ledger->change(id)->rechecks.at(1).gone);
  EXPECT_FALSE(world.ledger->change(id)->rechecks.at(2).at_ms);
}

TEST_F(ChangeRunnerTest, another_node_leaves_a_held_change_alone) {
  World world = open();
  const Change change = propose_and_approve(world);
  ASSERT_TRUE(
      world.ledger->take_lease(ChangeMachine::lease_name(change), "node-2", kTestStart + kMinuteMs).value());
  EXPECT_EQ(run(world, change.id, 30).state, ChangeState::kApproved);
  EXPECT_EQ(world.target->effects(), "");
}

TEST_F(ChangeRunnerTest, steps_run_on_threads_and_stop_waits_for_them) {
  World world = open();
  const Change change = propose_and_approve(world);
  while (world.ledger->change(change.id)->state != ChangeState::kObserving) {
    ASSERT_TRUE(world.runner->tick());
    clock_.advance(kSecondMs);
    std::this_thread::yield();
  }
  world.runner->stop();
  EXPECT_EQ(world.target->effects(), "a");
}

// At each failpoint a process dies; another one takes over. In the end the effect is there exactly when the
// ledger says so, and nothing was made or taken back twice but what the crash left unknown.
class KilledAt : public ChangeRunnerTest, public testing::WithParamInterface<std::string_view> {
 protected:
  // Runs a whole life in a child until the failpoint ends it. Whether it was hit.
  bool die_at(std::string_view point) {
    const pid_t child = fork();
    if (child == 0) {
      setenv("TRIMTAB_FAILPOINT", std::string(point).c_str(), 1);
      World world = open(auto_policy());
      if (!world.ledger->record_advice({"postgresql.index"}, {advice()})) _exit(1);
      for (int i = 0; i < 1000; ++i) {
        if (!world.runner->run_until_idle()) _exit(2);
        if (!world.ledger->changes({})->empty() && !is_live(world.ledger->changes({})->at(0))) _exit(0);
        clock_.advance(kSecondMs);
      }
      _exit(3);
    }
    int status = 0;
    waitpid(child, &status, 0);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
    return killed;
  }
  static Policy auto_policy() {
    Policy policy = open_policy();
    policy.rules.push_back({.name = "safe", .approve = Approval::kAuto});
    return policy;
  }
};

TEST_P(KilledAt, nothing_half_applied_is_left_and_nothing_is_done_twice) {
  int hit = 0;
  for (const double guard : {1.0, 2.0}) {  // kept; reversed
    std::filesystem::remove(folder_ + "/ledger.db");
    std::filesystem::remove(folder_ + "/target.effects");
    std::filesystem::remove(folder_ + "/changed_at");
    std::ofstream(folder_ + "/target") << "before";
    target_factor_ = 0.5;
    guard_factor_ = guard;
    changed_at_ = 0;
    clock_.set(kTestStart);
    hit += die_at(GetParam());
    number("target", 0);  // whoever died may not have looked any more
    clock_.advance(2 * kMinuteMs);
    World world = open(auto_policy());
    const auto found = world.ledger->changes({}).value();
    Change change;
    if (found.empty()) {
      ASSERT_TRUE(world.runner->run_until_idle());
      change = run(world, world.ledger->changes({})->at(0).id);
    } else {
      change = run(world, found.at(0).id);
    }
    const bool kept = guard == 1.0;
    EXPECT_EQ(change.state, kept ? ChangeState::kKept : ChangeState::kRolledBack) << to_json(change);
    EXPECT_EQ(world.target->value(), kept ? "after" : "before");
    EXPECT_EQ(world.target->effects(), kept ? "a" : "au");
    EXPECT_EQ(world.ledger->changes({})->size(), 1u);
  }
  EXPECT_GE(hit, 1);
}

std::string failpoint_name(const testing::TestParamInfo<std::string_view>& point) {
  return std::string(point.param.substr(4));
}
INSTANTIATE_TEST_SUITE_P(Failpoints, KilledAt, testing::ValuesIn(kFailpoints), failpoint_name);

}  // namespace
}  // namespace trimtab::act
