// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ledger/ledger_testlib.h"

namespace trimtab {
namespace {

constexpr DurationMs kResolveAfter = 10 * kMinuteMs;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { open(":memory:"); }
  void open(const std::string& path) {
    ledger_.reset();
    auto opened = Ledger::open(path, clock_, *logger_);
    ASSERT_TRUE(opened) << opened.error().message();
    ledger_ = *std::move(opened);
  }
  std::vector<Finding> pass(DurationMs after_start, std::vector<Finding> findings) {
    clock_.set(kTestStart + after_start);
    auto live = ledger_->record_pass(pass_at(clock_.now_ms()), std::move(findings), kResolveAfter);
    EXPECT_TRUE(live) << live.error().message();
    return live.value_or(std::vector<Finding>{});
  }
  Finding get(std::int64_t id) {
    auto finding = ledger_->finding(id);
    EXPECT_TRUE(finding) << finding.error().message();
    return finding.value_or(Finding{});
  }

  FakeClock clock_{kTestStart};
  std::unique_ptr<Logger> logger_ = create_null_logger();
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, same_fingerprint_is_one_finding_with_its_first_since_and_newest_facts) {
  const auto first = pass(0, {full_finding("a")});
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].id, 1);
  Finding again = full_finding("a");
  again.title = "worse now";
  again.since_ms = kTestStart;
  again.harm = 0.9;
  const auto second = pass(kMinuteMs, {again});
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].id, 1);
  EXPECT_EQ(second[0].title, "worse now");
  EXPECT_EQ(second[0].since_ms, full_finding("a").since_ms);
  EXPECT_EQ(second[0].last_seen_ms, kTestStart + kMinuteMs);
  EXPECT_EQ(second[0].evidence.size(), 1u);
}

TEST_F(LedgerTest, finding_twice_in_one_pass_is_kept_once) {
  EXPECT_EQ(pass(0, {full_finding("a"), full_finding("a"), full_finding("b")}).size(), 2u);
}

TEST_F(LedgerTest, unseen_finding_is_resolved_only_after_the_given_time) {
  pass(0, {full_finding("a")});
  EXPECT_EQ(pass(kResolveAfter - 1, {}).size(), 1u);
  EXPECT_EQ(pass(kResolveAfter, {}).size(), 0u);
  const Finding ended = get(1);
  EXPECT_EQ(ended.state, FindingState::kResolved);
  EXPECT_EQ(ended.ended_ms, kTestStart);  // when it was last seen, not when that was noticed
}

TEST_F(LedgerTest, resolved_finding_seen_again_soon_goes_on_and_later_is_a_new_one) {
  pass(0, {full_finding("a")});
  pass(kResolveAfter, {});
  const auto again = pass(kResolveAfter + Ledger::kReopenWindowMs - 1, {full_finding("a")});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, 1);
  EXPECT_EQ(again[0].state, FindingState::kOpen);
  EXPECT_FALSE(again[0].ended_ms);
  pass(3 * kHourMs, {});
  const auto later = pass(9 * kHourMs, {full_finding("a")});
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].id, 2);
  EXPECT_EQ(get(1).state, FindingState::kResolved);
}

TEST_F(LedgerTest, dismissed_stays_dismissed_while_it_lasts_and_is_new_after_it_was_gone) {
  pass(0, {full_finding("a")});
  ASSERT_TRUE(ledger_->set_finding_state(1, FindingState::kDismissed, "ada", "a load test", {}));
  EXPECT_EQ(pass(5 * kMinuteMs, {full_finding("a")}).size(), 0u);
  EXPECT_EQ(get(1).state, FindingState::kDismissed);
  EXPECT_EQ(get(1).state_reason, "a load test");
  EXPECT_EQ(get(1).last_seen_ms, kTestStart + 5 * kMinuteMs);
  pass(kHourMs, {});
  EXPECT_TRUE(get(1).ended_ms);
  EXPECT_EQ(get(1).state, FindingState::kDismissed);
  const auto later = pass(5 * kHourMs, {full_finding("a")});
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].id, 2);
}

TEST_F(LedgerTest, acknowledgement_holds_over_passes_until_its_time_has_passed) {
  pass(0, {full_finding("a")});
  ASSERT_TRUE(
      ledger_->set_finding_state(1, FindingState::kAcknowledged, "ada", "looking", kTestStart + kHourMs));
  auto live = pass(kHourMs - 1, {full_finding("a")});
  ASSERT_EQ(live.size(), 1u);
  EXPECT_EQ(live[0].state, FindingState::kAcknowledged);
  EXPECT_EQ(live[0].state_by, "ada");
  live = pass(kHourMs, {full_finding("a")});
  ASSERT_EQ(live.size(), 1u);
  EXPECT_EQ(live[0].state, FindingState::kOpen);
  EXPECT_FALSE(live[0].state_until_ms);
}

TEST_F(LedgerTest, every_step_of_a_life_is_kept_with_who_and_why) {
  pass(0, {full_finding("a")});
  ASSERT_TRUE(ledger_->set_finding_state(1, FindingState::kAcknowledged, "ada", "looking", {}));
  ASSERT_TRUE(ledger_->set_finding_state(1, FindingState::kResolved, "bob", "rolled back", {}));
  ASSERT_TRUE(ledger_->set_finding_state(1, FindingState::kOpen, "bob", "not quite", {}));
  const auto history = ledger_->history(1);
  ASSERT_TRUE(history);
  ASSERT_EQ(history->size(), 4u);
  EXPECT_FALSE(history->at(0).from);
  EXPECT_EQ(history->at(2).from, FindingState::kAcknowledged);
  EXPECT_EQ(history->at(2).to, FindingState::kResolved);
  EXPECT_EQ(history->at(2).by, "bob");
  EXPECT_EQ(history->at(2).reason, "rolled back");
  EXPECT_EQ(ledger_->history(99).error().code(), ErrorCode::kNotFound);
}

TEST_F(LedgerTest, people_are_told_why_a_change_of_state_is_refused) {
  pass(0, {full_finding("a")});
  const auto code = [&](FindingState state, const char* by, const std::string& reason,
                        std::optional<TimestampMs> until, std::int64_t id = 1) {
    const auto changed = ledger_->set_finding_state(id, state, by, reason, until);
    return changed ? ErrorCode::kInternal : changed.error().code();
  };
  EXPECT_EQ(code(FindingState::kDismissed, "ada", "", {}), ErrorCode::kInvalid);
  EXPECT_EQ(code(FindingState::kAcknowledged, "", "x", {}), ErrorCode::kInvalid);
  EXPECT_EQ(code(FindingState::kAcknowledged, "ada", "x", kTestStart - 1), ErrorCode::kInvalid);
  EXPECT_EQ(code(FindingState::kDismissed, "ada", "x", kTestStart + 1), ErrorCode::kInvalid);
  EXPECT_EQ(code(FindingState::kDismissed, "ada", std::string(1 << 20, 'x'), {}), ErrorCode::kInvalid);
  EXPECT_EQ(code(FindingState::kDismissed, "ada", "\xff\xfe", {}), ErrorCode::kInvalid);
  EXPECT_EQ(code(FindingState::kDismissed, "ada", "x", {}, 42), ErrorCode::kNotFound);
  ASSERT_TRUE(ledger_->set_finding_state(1, FindingState::kResolved, "ada", "", {}));
  EXPECT_EQ(code(FindingState::kAcknowledged, "ada", "x", {}), ErrorCode::kConflict);
  pass(9 * kHourMs, {full_finding("a")});
  EXPECT_EQ(code(FindingState::kOpen, "ada", "", {}), ErrorCode::kConflict);  // goes on as F-2
}

TEST_F(LedgerTest, reopened_by_a_person_is_not_ended_by_the_next_pass) {
  pass(0, {full_finding("a")});
  pass(kHourMs, {});
  ASSERT_TRUE(ledger_->set_finding_state(1, FindingState::kOpen, "ada", "look again", {}));
  EXPECT_EQ(pass(kHourMs + kMinuteMs, {}).size(), 1u);
}

TEST_F(LedgerTest, pass_of_an_earlier_moment_ends_nothing_and_moves_no_time_back) {
  pass(kHourMs, {full_finding("a")});
  EXPECT_EQ(pass(0, {}).size(), 1u);
  EXPECT_EQ(pass(0, {full_finding("a")}).at(0).last_seen_ms, kTestStart + kHourMs);
}

TEST_F(LedgerTest, filters_narrow_by_state_time_and_entity) {
  Finding other = full_finding("b");
  other.entity = {"host", "db-1"};
  other.harm = 0.9;
  pass(0, {full_finding("a"), other});
  ASSERT_TRUE(ledger_->set_finding_state(1, FindingState::kResolved, "ada", "", {}));
  const auto ids = [&](const FindingFilter& filter) {
    std::vector<std::int64_t> out;
    const auto found = ledger_->findings(filter);
    for (const Finding& finding : *found) out.push_back(finding.id);
    return out;
  };
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(ids({}), (Ids{2, 1}));
  EXPECT_EQ(ids({.states = {FindingState::kOpen}, .overlapping = {}, .entity = {}}), (Ids{2}));
  EXPECT_EQ(ids({.states = {}, .overlapping = {}, .entity = EntityRef{"service", "checkout"}}), (Ids{1}));
  EXPECT_EQ(ids({.states = {}, .overlapping = TimeRange{kTestStart + 1, kTestStart + 2}, .entity = {}}),
            (Ids{2}));
  EXPECT_EQ(ids({.states = {}, .overlapping = TimeRange{0, kTestStart - kHourMs - 1}, .entity = {}}),
            (Ids{}));
  EXPECT_EQ(ids({.states = {}, .overlapping = {}, .entity = {}, .limit = 1}), (Ids{2}));
}

TEST_F(LedgerTest, malformed_findings_are_refused_and_nothing_is_written) {
  Finding nameless = full_finding("x");
  nameless.entity.name.clear();
  EXPECT_FALSE(ledger_->record_pass(pass_at(kTestStart), {full_finding("a"), nameless}, kResolveAfter));
  EXPECT_FALSE(ledger_->record_pass(pass_at(kTestStart), {full_finding("")}, kResolveAfter));
  Finding huge = full_finding("huge");
  huge.title = std::string(2 << 20, 'x');
  EXPECT_EQ(
      ledger_->record_pass(pass_at(kTestStart), {full_finding("a"), huge}, kResolveAfter).error().code(),
      ErrorCode::kLimit);
  EXPECT_TRUE(ledger_->findings({})->empty());
  EXPECT_FALSE(ledger_->last_pass()->has_value());
}

TEST_F(LedgerTest, evidence_beyond_its_bound_is_cut) {
  Finding finding = full_finding("a");
  finding.evidence.resize(100, finding.evidence[0]);
  EXPECT_EQ(pass(0, {finding}).at(0).evidence.size(), kEvidencePerFindingMax);
}

TEST_F(LedgerTest, newest_passes_are_kept_and_the_last_is_given) {
  for (std::size_t i = 0; i < Ledger::kPassesKept + 3; ++i) pass(static_cast<DurationMs>(i), {});
  const auto last = ledger_->last_pass();
  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->id, static_cast<std::int64_t>(Ledger::kPassesKept + 3));
  EXPECT_EQ((*last)->coverage.examples.at(0).detail, "38 minutes of history; needs 2 hours");
}

TEST_F(LedgerTest, event_with_a_known_key_updates_and_without_key_adds) {
  Event event;
  event.at_ms = kTestStart;
  event.kind = "deploy";
  event.title = "one";
  event.key = "build-7";
  const auto first = ledger_->add_event(event);
  ASSERT_TRUE(first);
  event.title = "two";
  const auto second = ledger_->add_event(event);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->id, second->id);
  event.key.clear();
  EXPECT_NE(ledger_->add_event(event)->id, first->id);
  EXPECT_NE(ledger_->add_event(event)->id, first->id);
  const auto events = ledger_->events({});
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ(events->back().title, "two");
}

TEST_F(LedgerTest, events_are_found_by_time_kind_and_entity) {
  Event event;
  event.kind = "deploy";
  event.title = "t";
  event.at_ms = kTestStart;
  event.until_ms = kTestStart + 100;
  event.entity = EntityRef{"service", "checkout"};
  ASSERT_TRUE(ledger_->add_event(event));
  event.at_ms = 0;  // now
  event.until_ms.reset();
  event.kind = "note";
  event.entity.reset();
  clock_.set(kTestStart + 500);
  EXPECT_EQ(ledger_->add_event(event)->at_ms, kTestStart + 500);
  const auto count = [&](TimeRange range, std::optional<EntityRef> entity, const std::string& kind) {
    return ledger_->events({.range = range, .entity = std::move(entity), .kind = kind})->size();
  };
  EXPECT_EQ(count({}, {}, ""), 2u);
  EXPECT_EQ(count({kTestStart + 100, kTestStart + 200}, {}, ""), 1u);
  EXPECT_EQ(count({kTestStart + 101, kTestStart + 200}, {}, ""), 0u);
  EXPECT_EQ(count({}, {}, "note"), 1u);
  EXPECT_EQ(count({}, EntityRef{"service", "checkout"}, ""), 1u);
  EXPECT_EQ(count({}, EntityRef{"service", "other"}, ""), 0u);
}

TEST_F(LedgerTest, hostile_event_is_stored_as_plain_text_or_refused) {
  Event event;
  event.kind = "note";
  event.title = "'); DROP TABLE events; --";
  event.text = std::string("nul\0inside", 10);
  event.key = "' OR 1=1 --";
  event.at_ms = kTestStart;
  ASSERT_TRUE(ledger_->add_event(event));
  const auto events =
      ledger_->events({.range = {}, .entity = EntityRef{"a' OR '1'='1", "b"}, .kind = "x' OR 'a'='a"});
  ASSERT_TRUE(events);
  EXPECT_TRUE(events->empty());
  EXPECT_EQ(ledger_->events({})->at(0).title, event.title);
  EXPECT_EQ(ledger_->events({})->at(0).text, event.text);

  const auto refused = [&](auto change) {
    Event bad = event;
    change(bad);
    const auto added = ledger_->add_event(bad);
    return !added && added.error().code() == ErrorCode::kInvalid;
  };
  EXPECT_TRUE(refused([](Event& e) { e.text = std::string(64 << 20, 'x'); }));
  EXPECT_TRUE(refused([](Event& e) { e.title = std::string(513, 'x'); }));
  EXPECT_TRUE(refused([](Event& e) { e.title = "\xc3\x28"; }));
  EXPECT_TRUE(refused([](Event& e) { e.kind.clear(); }));
  EXPECT_TRUE(refused([](Event& e) { e.until_ms = e.at_ms - 1; }));
  EXPECT_TRUE(refused([](Event& e) { e.at_ms = kTimestampMax + 1; }));
  EXPECT_TRUE(refused([](Event& e) { e.entity = EntityRef{"", "x"}; }));
  EXPECT_EQ(ledger_->events({})->size(), 1u);
}

TEST_F(LedgerTest, state_of_other_rooms_is_kept_byte_for_byte) {
  const std::string value("\0\xff binary", 9);
  ASSERT_TRUE(ledger_->put_state("analyze/cursor", "old"));
  ASSERT_TRUE(ledger_->put_state("analyze/cursor", value));
  EXPECT_EQ(ledger_->get_state("analyze/cursor").value(), value);
  EXPECT_EQ(ledger_->get_state("none").value(), std::nullopt);
  EXPECT_FALSE(ledger_->put_state("", "x"));
  ASSERT_TRUE(ledger_->put_state("empty", ""));
  EXPECT_EQ(ledger_->get_state("empty").value(), "");
}

TEST_F(LedgerTest, many_threads_and_two_connections_lose_nothing) {
  ScratchFolder folder;
  open(folder.file("ledger.db"));
  auto second = Ledger::open(folder.file("ledger.db"), clock_, *logger_);
  ASSERT_TRUE(second) << second.error().message();
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        Ledger& ledger = t % 2 == 0 ? *ledger_ : **second;
        for (int i = 0; i < 5; ++i) {
          Event event;
          event.kind = "note";
          event.title = "t";
          event.key = std::to_string(t * 1000 + i);
          if (!ledger.add_event(event)) ++failures;
          if (!ledger.record_pass(pass_at(kTestStart), {full_finding("same")}, kResolveAfter)) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(ledger_->events({})->size(), 20u);
  EXPECT_EQ(ledger_->findings({})->size(), 1u);
  EXPECT_TRUE(ledger_->check());
}

}  // namespace
}  // namespace trimtab
