// SPDX-License-Identifier: Apache-2.0
#include "analyze/objectives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>

#include "analyze/burn_windows.h"
#include "store/memory_store_testlib.h"

namespace trimtab {
namespace {

using ::testing::HasSubstr;

constexpr TimestampMs kNow = 1'795'255'200'000;
constexpr DurationMs kStep = kMinuteMs;

constexpr const char* kEvents =
    "slos:\n"
    "  - {name: answers, entity: service/shop, objective: 99, window: 7d, sli: {error_query: "
    "'sum(rate(requests_total{code=\"500\"}[{{.window}}]))', total_query: "
    "'sum(rate(requests_total[{{.window}}]))'}}\n";

class Objectives : public ::testing::Test {
 protected:
  // Counters of good and bad requests over 7 days: `per_minute` requests, of which `share(age)` are bad.
  template <typename Share>
  void serve(double per_minute, Share share) {
    const SeriesId good = store_.ensure_series({{"__name__", "requests_total"}, {"code", "200"}}).value();
    const SeriesId bad = store_.ensure_series({{"__name__", "requests_total"}, {"code", "500"}}).value();
    std::vector<Sample> samples;
    double goods = 0;
    double bads = 0;
    for (TimestampMs t = kNow - 7 * kDayMs; t <= kNow; t += kStep) {
      const double part = share(kNow - t);
      goods += per_minute * (1 - part);
      bads += per_minute * part;
      samples.push_back({good, t, goods});
      samples.push_back({bad, t, bads});
    }
    ASSERT_TRUE(store_.append(samples).has_value());
  }

  ObjectivesJudged judge(const std::string& yaml = kEvents) {
    auto estate = Estate::load_text(yaml, "estate.yaml");
    EXPECT_TRUE(estate.has_value()) << (estate ? "" : estate.error().message());
    const auto querier = promql::Querier::local(store_);
    return judge_objectives(*querier, estate.value(), kNow).value();
  }

  MemoryStore store_;
};

TEST_F(Objectives, within_budget_nothing_is_found_and_the_rest_of_the_budget_is_told) {
  serve(1000, [](DurationMs) { return 0.004; });
  const ObjectivesJudged judged = judge();
  ASSERT_EQ(judged.statuses.size(), 1u);
  EXPECT_EQ(judged.statuses[0].state, ObjectiveState::kMet) << judged.statuses[0].problem;
  EXPECT_NEAR(judged.statuses[0].budget_left, 0.6, 0.01);
  EXPECT_NEAR(judged.statuses[0].burn, 0.4, 0.02);
  EXPECT_NEAR(judged.statuses[0].events, 7 * 1440 * 1000, 20'000);
  EXPECT_FALSE(judged.statuses[0].exhausted_ms.has_value());
  EXPECT_TRUE(judged.findings.empty());
}

TEST_F(Objectives, fast_burn_is_found_with_its_start_its_rate_and_the_time_the_budget_lasts) {
  serve(1000, [](DurationMs age) { return age < 20 * kMinuteMs ? 0.3 : 0.001; });
  const ObjectivesJudged judged = judge();
  ASSERT_EQ(judged.findings.size(), 1u);
  EXPECT_EQ(judged.statuses[0].state, ObjectiveState::kBurningFast);
  const Finding& finding = judged.findings[0];
  EXPECT_EQ(finding.kind, FindingKind::kSlo);
  EXPECT_EQ(finding.entity, (EntityRef{"service", "shop"}));
  EXPECT_THAT(finding.title, HasSubstr("Error budget of answers goes"));
  EXPECT_NEAR(static_cast<double>(kNow - finding.since_ms), 20 * kMinuteMs, 16 * kMinuteMs);
  EXPECT_NEAR(judged.statuses[0].burn, 30, 8);
  ASSERT_TRUE(finding.exhaustion.has_value());
  const double days = static_cast<double>(*finding.exhaustion->expected_ms - kNow) / kDayMs;
  EXPECT_NEAR(days, 7 * judged.statuses[0].budget_left / judged.statuses[0].burn, 0.01);
  EXPECT_LE(*finding.exhaustion->earliest_ms, *finding.exhaustion->expected_ms);
  EXPECT_GE(*finding.exhaustion->latest_ms, *finding.exhaustion->expected_ms);
}

TEST_F(Objectives, one_failure_in_a_quiet_night_wakes_nobody) {
  // 12 requests an hour; one of the last two failed: half of the events of the last ten minutes, 50 times the
  // budget.
  serve(0.2, [](DurationMs age) { return age < 5 * kMinuteMs ? 1.0 : 0.0; });
  const ObjectivesJudged judged = judge();
  EXPECT_TRUE(judged.findings.empty()) << judged.findings[0].evidence[0].statistic;
  EXPECT_EQ(judged.statuses[0].state, ObjectiveState::kMet);
}

TEST_F(Objectives, used_up_budget_is_missed_even_when_nothing_burns_now) {
  serve(1000, [](DurationMs age) { return age > 4 * kDayMs ? 0.05 : 0.0; });
  const ObjectivesJudged judged = judge();
  EXPECT_EQ(judged.statuses[0].state, ObjectiveState::kMissed);
  EXPECT_LT(judged.statuses[0].budget_left, 0);
  ASSERT_EQ(judged.findings.size(), 1u);
  EXPECT_THAT(judged.findings[0].title, HasSubstr("is missed"));
  EXPECT_FALSE(judged.findings[0].exhaustion.has_value());
}

TEST_F(Objectives, every_way_to_write_an_indicator_gives_the_same_numbers) {
  serve(1000, [](DurationMs) { return 0.004; });
  const std::string head = "slos:\n  - {name: a, service: shop, objective: 99, window: 7d, ";
  for (const std::string& indicator : {
           std::string(
               "sli: {events: {error_query: 'sum(increase(requests_total{code=\"500\"}[{{ .window }}]))', "
               "total_query: 'sum(increase(requests_total[{{.window}}]))'}}}"),
           std::string("sli: {good_query: 'sum(rate(requests_total{code=\"200\"}[{{.window}}]))', "
                       "total_query: 'sum(rate(requests_total[{{.window}}]))'}}"),
           std::string(
               "sli: {raw: {error_ratio_query: 'sum(rate(requests_total{code=\"500\"}[{{.window}}])) / "
               "sum(rate(requests_total[{{.window}}]))'}}}"),
           std::string(
               "indicator: {ratio: {errors: {metric: 'requests_total{code=\"500\"}'}, total: {metric: "
               "requests_total}}}}"),
           std::string(
               "indicator: {latency: {success: {metric: 'requests_total{code=\"200\"}'}, total: {metric: "
               "requests_total}}}}"),
           std::string(
               "ratioMetric: {counter: true, bad: {metricSource: {spec: {query: "
               "'requests_total{code=\"500\"}'}}}, total: {metricSource: {spec: {query: requests_total}}}}}"),
       }) {
    const ObjectivesJudged judged = judge(head + indicator + "\n");
    EXPECT_NEAR(judged.statuses.at(0).bad_share, 0.004, 1e-6) << indicator;
    EXPECT_NEAR(judged.statuses.at(0).budget_left, 0.6, 1e-3) << indicator;
  }
}

TEST_F(Objectives, without_events_or_with_a_wrong_query_the_reason_is_told) {
  EXPECT_EQ(judge().statuses.at(0).state, ObjectiveState::kNoData);
  EXPECT_EQ(judge().statuses.at(0).problem, "no events in its window");
  serve(1, [](DurationMs) { return 0.5; });
  const ObjectivesJudged judged = judge(
      "slos: [{name: a, service: shop, objective: 99, sli: {error_ratio_query: "
      "'rate(requests_total[{{.window}}])'}}]");
  EXPECT_EQ(judged.statuses.at(0).state, ObjectiveState::kNoData);
  EXPECT_THAT(judged.statuses.at(0).problem, HasSubstr("gives 2 series; one is needed"));
  EXPECT_EQ(judge("slos: [{name: a, service: shop, objective: 99}]").statuses.at(0).problem,
            "no indicator is declared");
}

TEST_F(Objectives, maintenance_holds_findings_back_but_not_the_status) {
  serve(1000, [](DurationMs age) { return age < kHourMs ? 0.3 : 0.001; });
  const ObjectivesJudged judged = judge(std::string(kEvents) +
                                        "maintenance:\n  - {name: m, entities: [service/shop], from: "
                                        "2020-01-01T00:00:00Z, to: 2040-01-01T00:00:00Z}\n");
  EXPECT_TRUE(judged.findings.empty());
  EXPECT_EQ(judged.statuses.at(0).state, ObjectiveState::kBurningFast);
}

TEST(BurnPairs, thirty_days_have_the_workbooks_windows_and_short_objectives_keep_windows_that_hold_samples) {
  const auto month = analyze::burn_pairs(30 * kDayMs);
  EXPECT_EQ(month[0].long_ms, kHourMs);
  EXPECT_EQ(month[0].short_ms, 5 * kMinuteMs);
  EXPECT_EQ(month[0].threshold, 14.4);
  EXPECT_EQ(month[1].long_ms, 6 * kHourMs);
  EXPECT_EQ(month[1].short_ms, 30 * kMinuteMs);
  EXPECT_EQ(month[2].long_ms, kDayMs);
  EXPECT_EQ(month[2].short_ms, 2 * kHourMs);
  EXPECT_EQ(month[3].long_ms, 3 * kDayMs);
  EXPECT_EQ(month[3].short_ms, 6 * kHourMs);
  for (const auto& pair : analyze::burn_pairs(kHourMs)) {
    EXPECT_GE(pair.long_ms, analyze::kBurnLongMinMs);
    EXPECT_GE(pair.short_ms, analyze::kBurnShortMinMs);
  }
}

}  // namespace
}  // namespace trimtab
