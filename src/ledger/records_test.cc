// SPDX-License-Identifier: Apache-2.0
#include "ledger/records.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ledger/ledger_testlib.h"

namespace trimtab {
namespace {

TEST(Records, finding_survives_json_with_every_field) {
  Finding before = full_finding("latency|service/checkout|http");
  before.id = 7;
  before.state = FindingState::kAcknowledged;
  before.ended_ms = kTestStart + 1;
  before.state_by = "ada";
  before.state_reason = "looking";
  before.state_until_ms = kTestStart + kHourMs;
  before.state_changed_ms = kTestStart;
  const std::string json = to_json(before);
  const auto after = finding_from_json(json);
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(to_json(*after), json);
  EXPECT_EQ(after->evidence.at(0).series, before.evidence.at(0).series);
  EXPECT_EQ(after->exhaustion->expected_ms, before.exhaustion->expected_ms);
  EXPECT_FALSE(after->exhaustion->latest_ms);
  EXPECT_EQ(after->related, before.related);
}

TEST(Records, no_data_in_a_sparkline_is_null_and_reads_as_nan) {
  const std::string json = to_json(full_finding("f"));
  EXPECT_NE(json.find("\"sparkline\":[0.1,null,0.3]"), std::string::npos) << json;
  const auto after = finding_from_json(json);
  ASSERT_TRUE(after);
  ASSERT_EQ(after->evidence.at(0).sparkline.size(), 3u);
  EXPECT_TRUE(std::isnan(after->evidence.at(0).sparkline.at(1)));
}

TEST(Records, pass_and_event_survive_json) {
  const std::string pass = to_json(pass_at(kTestStart));
  ASSERT_TRUE(pass_from_json(pass));
  EXPECT_EQ(to_json(*pass_from_json(pass)), pass);
  Event event;
  event.at_ms = kTestStart;
  event.until_ms = kTestStart + 5;
  event.kind = "deploy";
  event.title = "checkout 1.2";
  event.text = "line\n\x01 and \xe2\x82\xac";
  event.entity = EntityRef{"service", "checkout"};
  event.labels = Labels{{"version", "1.2"}};
  event.key = "k";
  ASSERT_TRUE(event_from_json(to_json(event)));
  EXPECT_EQ(to_json(*event_from_json(to_json(event))), to_json(event));
}

TEST(Records, event_takes_times_and_entities_as_people_write_them) {
  const auto event =
      event_from_json(R"({"at":"2023-11-14T22:13:20Z","kind":"note","title":"t","entity":"service/a/b"})");
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(event->at_ms, kTestStart);
  EXPECT_EQ(event->entity, (EntityRef{"service", "a/b"}));
}

TEST(Records, absent_and_unknown_keys_are_harmless) {
  const auto finding = finding_from_json(R"({"title":"t","some_later_field":[1,{"a":2}]})");
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->title, "t");
  EXPECT_EQ(finding->state, FindingState::kOpen);
}

TEST(Records, wrong_json_is_refused_with_the_key) {
  for (const char* bad :
       {"", "[]", "{", "nul", R"({"id":"7"})", R"({"harm":"much"})", R"({"kind":"odd"})", R"({"state":7})",
        R"({"entity":7})", R"({"entity":{"kind":"x"}})", R"({"entity":"noslash"})", R"({"evidence":{}})",
        R"({"evidence":[1]})", R"({"related":[3]})", R"({"events":["1"]})", R"({"tier":99999999999})",
        R"({"evidence":[{"sparkline":["x"]}]})", "{\"title\":\"\xff\"}"}) {
    const auto finding = finding_from_json(bad);
    ASSERT_FALSE(finding) << bad;
    EXPECT_EQ(finding.error().code(), ErrorCode::kInvalid) << bad;
  }
  EXPECT_NE(finding_from_json(R"({"harm":"much"})").error().message().find("\"harm\""), std::string::npos);
  EXPECT_FALSE(event_from_json(R"({"at":"yesterday"})"));
  EXPECT_FALSE(event_from_json(R"({"labels":{"a":1}})"));
}

TEST(Records, words_read_back_as_what_they_were) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(parse_finding_kind(to_string(static_cast<FindingKind>(i))).value(),
              static_cast<FindingKind>(i));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(parse_finding_state(to_string(static_cast<FindingState>(i))).value(),
              static_cast<FindingState>(i));
  }
  EXPECT_FALSE(parse_finding_state("closed"));
  EXPECT_FALSE(parse_entity("/x"));
  EXPECT_FALSE(parse_entity("x/"));
}

TEST(Records, recommendation_and_change_survive_json) {
  Recommendation recommendation = full_recommendation("f");
  recommendation.id = 12;
  recommendation.state = RecommendationState::kDismissed;
  recommendation.state_by = "ada";
  const auto read = recommendation_from_json(to_json(recommendation));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read), to_json(recommendation));
  EXPECT_EQ(read->action.parameters, recommendation.action.parameters);
  EXPECT_EQ(read->verify.guards.at(0).harm_max, 0.1);
  EXPECT_EQ(read->verify.settle_ms, 2 * kMinuteMs);

  const Change change = full_change(12);
  const auto again = change_from_json(to_json(change));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again), to_json(change));
  EXPECT_TRUE(again->undoing);
  EXPECT_TRUE(std::isnan(again->verdict.after));
  EXPECT_TRUE(again->rechecks.at(0).gone);
}

TEST(Records, wrong_advice_and_changes_are_refused_with_the_key) {
  for (const char* bad : {R"({"risk":"none"})", R"({"action":[]})", R"({"action":{"parameters":{"a":1}}})",
                          R"({"verify":{"guards":[1]}})", R"({"verify":{"target":{"worse":"sideways"}}})",
                          R"({"conflicts":[1]})", R"({"findings":["F-1"]})", R"({"state":"kept"})"}) {
    EXPECT_EQ(recommendation_from_json(bad).error().code(), ErrorCode::kInvalid) << bad;
  }
  for (const char* bad : {R"({"undoing":1})", R"({"state":"done"})", R"({"steps":[{"to":"x"}]})",
                          R"({"verdict":{"decision":"maybe"}})", R"({"rechecks":{}})"}) {
    EXPECT_EQ(change_from_json(bad).error().code(), ErrorCode::kInvalid) << bad;
  }
}

}  // namespace
}  // namespace trimtab
