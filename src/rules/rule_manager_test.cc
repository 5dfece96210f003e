// SPDX-License-Identifier: Apache-2.0
// Rules from evaluation to series, states and restart, over a store in memory and a clock that is told.
#include "rules/rule_manager.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/alert_state.h"
#include "store/memory_store_testlib.h"

namespace trimtab {
namespace {

constexpr TimestampMs kStart = 1'795'255'200'000;

class RuleManagerTest : public testing::Test {
 protected:
  void put(const Labels& labels, TimestampMs at, double value) {
    const SeriesId id = store_.ensure_series(labels).value();
    ASSERT_TRUE(store_.append(std::vector<Sample>{{id, at, value}}).has_value());
  }
  std::vector<RuleGroup> groups(std::string_view yaml) {
    std::vector<Error> problems;
    auto out = load_rule_text(yaml, "r.yml", problems);
    EXPECT_TRUE(problems.empty()) << problems.front().message();
    return out;
  }
  std::unique_ptr<RuleManager> manager(std::string_view yaml) {
    auto out = std::make_unique<RuleManager>(
        RuleServices{*querier_, store_, *ledger_, clock_, metrics_, *logger_, {}, {}},
        RuleManagerOptions{.interval_ms = kMinuteMs, .threads = 1});
    out->apply(groups(yaml), {{"cluster", "east"}});
    return out;
  }
  // Moves the clock to the group's next moment and evaluates it; the moment.
  TimestampMs next(RuleManager& rules) {
    clock_.advance(kMinuteMs);
    rules.evaluate_due(clock_.now_ms());
    return rules.view().front()->last_evaluation_ms;
  }
  const RuleView& rule(const RuleManager& rules, std::size_t index = 0) {
    kept_ = rules.view().front();
    return kept_->rules.at(index);
  }
  double value_at(std::string_view selector, TimestampMs at) {
    const auto samples = store_.samples(selector);
    const auto it = samples.find(at);
    return it == samples.end() ? -1 : it->second;
  }

  FakeClock clock_{kStart};
  Metrics metrics_;
  MemoryStore store_;
  std::unique_ptr<Logger> logger_ = create_null_logger();
  std::unique_ptr<Ledger> ledger_ = Ledger::open(":memory:", clock_, *logger_).value();
  std::unique_ptr<promql::Querier> querier_ = promql::Querier::local(store_);
  std::shared_ptr<const RuleGroupView> kept_;
};

constexpr const char* kRecord = R"(groups:
- name: g
  rules:
  - {record: "job:up", expr: "up * 2", labels: {site: a}}
  - {record: "again", expr: "job:up + 1"}
)";

TEST_F(RuleManagerTest, a_rule_sees_what_the_one_before_it_recorded) {
  put({{"__name__", "up"}, {"job", "x"}}, kStart, 3);
  const auto rules = manager(kRecord);
  const TimestampMs at = next(*rules);
  EXPECT_GT(at, kStart);
  EXPECT_LE(at, kStart + kMinuteMs);
  EXPECT_EQ(store_.samples("{__name__=\"job:up\",job=\"x\",site=\"a\"}"), (MemoryStore::Samples{{at, 6}}));
  EXPECT_EQ(store_.samples("again{job=\"x\"}"), (MemoryStore::Samples{{at, 7}}));
  EXPECT_EQ(rule(*rules).health.word, RuleHealth::Word::kOk);
}

TEST_F(RuleManagerTest, a_series_that_vanishes_gets_a_stale_marker_once) {
  put({{"__name__", "up"}, {"job", "x"}}, kStart, 3);
  const auto rules = manager(kRecord);
  for (int i = 0; i < 5; ++i) next(*rules);
  const TimestampMs gone = next(*rules);
  next(*rules);
  const auto samples = store_.samples("{__name__=\"job:up\"}");
  EXPECT_TRUE(is_stale_marker(samples.rbegin()->second));
  EXPECT_LE(samples.rbegin()->first, gone);
  EXPECT_EQ(
      std::count_if(samples.begin(), samples.end(), [](const auto& s) { return is_stale_marker(s.second); }),
      1);
}

TEST_F(RuleManagerTest, removed_rules_end_their_series_and_kept_ones_go_on) {
  put({{"__name__", "up"}, {"job", "x"}}, kStart, 3);
  const auto rules = manager(kRecord);
  next(*rules);
  rules->apply(groups("groups: [{name: g, rules: [{record: again, expr: up}]}]"), {});
  EXPECT_TRUE(is_stale_marker(store_.samples("{__name__=\"job:up\"}").rbegin()->second));
  EXPECT_FALSE(is_stale_marker(store_.samples("again").rbegin()->second));
  rules->apply({}, {});
  EXPECT_TRUE(is_stale_marker(store_.samples("again").rbegin()->second));
  EXPECT_TRUE(rules->view().empty());
}

TEST_F(RuleManagerTest, the_query_offset_moves_question_and_answer) {
  const auto rules = manager("groups: [{name: g, query_offset: 1m, rules: [{record: r, expr: up}]}]");
  const TimestampMs first = next(*rules);
  put({{"__name__", "up"}}, first, 1);
  const TimestampMs at = next(*rules);
  EXPECT_EQ(store_.samples("r"), (MemoryStore::Samples{{at - kMinuteMs, 1}}));
}

TEST_F(RuleManagerTest, missed_moments_are_counted_and_left_out) {
  const auto rules = manager("groups: [{name: g, rules: [{record: r, expr: \"1\"}]}]");
  next(*rules);
  clock_.advance(10 * kMinuteMs);
  rules->evaluate_due(clock_.now_ms());
  EXPECT_EQ(store_.samples("r").size(), 3u) << "the first moment that was late, and the newest";
  EXPECT_THAT(metrics_.expose(),
              testing::HasSubstr("trimtab_rule_group_iterations_missed_total{rule_group=\"r.yml;g\"} 8"));
}

TEST_F(RuleManagerTest, moments_follow_from_file_and_name_only) {
  const RuleServices services{*querier_, store_, *ledger_, clock_, metrics_, *logger_, {}, {}};
  RuleGroup group;
  group.name = "g";
  group.file = "r.yml";
  const RunningGroup one(group, kMinuteMs, services);
  const TimestampMs moment = one.moment_at_or_before(kStart);
  EXPECT_EQ(moment, RunningGroup(group, kMinuteMs, services).moment_at_or_before(kStart));
  EXPECT_EQ(one.moment_at_or_before(moment), moment);
  EXPECT_EQ(one.moment_at_or_before(moment - 1), moment - kMinuteMs);
  EXPECT_EQ(one.moment_at_or_before(-1), one.moment_at_or_before(-1 - kMinuteMs) + kMinuteMs);
  group.name = "another";
  EXPECT_NE(moment, RunningGroup(group, kMinuteMs, services).moment_at_or_before(kStart));
}

TEST_F(RuleManagerTest, a_rule_that_fails_is_told_and_the_next_one_goes_on) {
  put({{"__name__", "a"}, {"x", "1"}, {"job", "j"}}, kStart, 1);
  put({{"__name__", "a"}, {"x", "2"}, {"job", "j"}}, kStart, 1);
  const auto rules = manager(R"(groups:
- name: g
  limit: 1
  rules:
  - {record: r, expr: "a + on (job) a"}
  - {record: same, expr: "a", labels: {x: same}}
  - {record: limited, expr: "a"}
  - {alert: A, expr: "a"}
  - {record: good, expr: "1"}
)");
  const TimestampMs at = next(*rules);
  const std::pair<std::size_t, const char*> cases[] = {{0, "many"},
                                                       {1, "exceeded limit of 1 with 2 series"},
                                                       {2, "exceeded limit of 1 with 2 series"},
                                                       {3, "exceeded limit of 1 with 2 alerts"}};
  for (const auto& [index, words] : cases) {
    EXPECT_EQ(rule(*rules, index).health.word, RuleHealth::Word::kBad) << index;
    EXPECT_THAT(rule(*rules, index).health.last_error, testing::HasSubstr(words));
  }
  EXPECT_EQ(value_at("good", at), 1);
  EXPECT_THAT(metrics_.expose(),
              testing::HasSubstr("trimtab_rule_evaluation_failures_total{rule_group=\"r.yml;g\"} 4"));
}

TEST_F(RuleManagerTest, two_results_of_one_label_set_are_an_error) {
  put({{"__name__", "a"}, {"x", "1"}}, kStart, 1);
  put({{"__name__", "a"}, {"x", "2"}}, kStart, 1);
  const auto rules = manager(R"(groups:
- name: g
  rules:
  - {record: same, expr: "a", labels: {x: same}}
  - {alert: A, expr: "a", labels: {x: same}}
)");
  next(*rules);
  EXPECT_THAT(rule(*rules, 0).health.last_error, testing::HasSubstr("two series same{x=\"same\"}"));
  EXPECT_THAT(rule(*rules, 1).health.last_error, testing::HasSubstr("two alerts"));
}

constexpr const char* kAlert = R"(groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    for: 2m
    keep_firing_for: 1m
    labels: {severity: page, job: "the {{ $labels.job }}"}
    annotations: {summary: "{{ $labels.job }} in {{ $externalLabels.cluster }} is {{ $value }}"}
)";

TEST_F(RuleManagerTest, an_alert_goes_from_pending_to_firing_to_inactive) {
  const Labels up = {{"__name__", "up"}, {"job", "x"}};
  put(up, kStart, 0);
  const auto rules = manager(kAlert);
  const TimestampMs first = next(*rules);
  ASSERT_EQ(rule(*rules).alerts.size(), 1u);
  const Alert& alert = rule(*rules).alerts[0];
  EXPECT_EQ(rule(*rules).state, AlertState::kPending);
  EXPECT_EQ(alert.labels, (Labels{{"alertname", "Down"}, {"job", "the x"}, {"severity", "page"}}));
  EXPECT_EQ(alert.annotations[0].second, "x in east is 0");
  EXPECT_EQ(value_at("ALERTS{alertstate=\"pending\"}", first), 1);
  EXPECT_EQ(value_at("ALERTS_FOR_STATE{job=\"the x\"}", first), static_cast<double>(first / 1000));
  next(*rules);
  const TimestampMs fired = next(*rules);
  EXPECT_EQ(rule(*rules).state, AlertState::kFiring);
  EXPECT_EQ(value_at("ALERTS{alertstate=\"firing\"}", fired), 1);
  EXPECT_TRUE(is_stale_marker(value_at("ALERTS{alertstate=\"pending\"}", fired)));
  put(up, fired + 1, 1);
  next(*rules);
  EXPECT_EQ(rule(*rules).state, AlertState::kFiring) << "keep_firing_for";
  const TimestampMs ended = next(*rules);
  EXPECT_EQ(rule(*rules).state, AlertState::kInactive);
  EXPECT_TRUE(rule(*rules).alerts.empty());
  EXPECT_TRUE(is_stale_marker(value_at("ALERTS{alertstate=\"firing\"}", ended)));
}

TEST_F(RuleManagerTest, a_pending_alert_without_cause_is_forgotten) {
  const Labels up = {{"__name__", "up"}, {"job", "x"}};
  put(up, kStart, 0);
  const auto rules = manager(kAlert);
  const TimestampMs first = next(*rules);
  put(up, first + 1, 1);
  next(*rules);
  EXPECT_TRUE(rule(*rules).alerts.empty());
  put(up, first + kMinuteMs + 1, 0);
  next(*rules);
  EXPECT_GT(rule(*rules).alerts.at(0).active_at_ms, first);
}

TEST_F(RuleManagerTest, alerts_go_on_after_a_restart) {
  const Labels up = {{"__name__", "up"}, {"job", "x"}};
  put(up, kStart, 0);
  auto rules = manager(kAlert);
  next(*rules);
  next(*rules);
  rules.reset();
  clock_.advance(30 * kMinuteMs);
  put(up, clock_.now_ms(), 0);
  rules = manager(kAlert);
  EXPECT_EQ(rule(*rules).state, AlertState::kPending) << "restored before the first evaluation";
  next(*rules);
  EXPECT_EQ(rule(*rules).state, AlertState::kPending) << "nobody looked in the meantime: it does not count";
  next(*rules);
  EXPECT_EQ(rule(*rules).state, AlertState::kFiring);
  rules.reset();
  clock_.advance(5 * kHourMs);
  put(up, clock_.now_ms(), 0);
  rules = manager(kAlert);
  EXPECT_EQ(rule(*rules).state, AlertState::kFiring) << "what fires goes on firing";
  next(*rules);
  EXPECT_EQ(rule(*rules).state, AlertState::kFiring);
}

TEST_F(RuleManagerTest, damaged_states_are_left_behind_and_said) {
  EXPECT_EQ(group_state_from_json("{").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(group_state_from_json(R"({"version":2})").error().code(), ErrorCode::kVersion);
  EXPECT_EQ(group_state_from_json(R"({"version":1,"at":1,"rules":[{"name":5}]})").error().code(),
            ErrorCode::kCorrupt);
  GroupState state;
  state.at_ms = 5;
  state.rules.push_back({.name = "n", .label_text = "l", .alerts = {Alert{}}});
  state.rules[0].alerts[0].labels = {{"a", "b"}};
  state.rules[0].alerts[0].annotations = {{"s", "\"q\""}};
  EXPECT_EQ(to_json(*group_state_from_json(to_json(state))), to_json(state));
  std::vector<Alert> alerts = {Alert{}};
  resume_alerts(0, kOutageToleranceMs + 1, alerts);
  EXPECT_TRUE(alerts.empty()) << "pending for an hour without anybody looking";
}

TEST_F(RuleManagerTest, workers_evaluate_on_the_clock_and_stop) {
  const auto rules = manager("groups: [{name: g, interval: 100ms, rules: [{record: r, expr: \"1\"}]}]");
  rules->start();
  clock_.advance(kSecondMs);
  rules->apply(groups("groups: [{name: g, interval: 100ms, rules: [{record: r, expr: \"1\"}]}]"), {});
  clock_.advance(kSecondMs);
  // The workers look at the clock again within a second.
  while (rules->view().front()->last_evaluation_ms == 0) std::this_thread::yield();
  rules->stop();
  EXPECT_FALSE(store_.samples("r").empty());
}

}  // namespace
}  // namespace trimtab
