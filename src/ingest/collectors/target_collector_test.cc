// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/target_collector.h"

#include <gtest/gtest.h>

#include "ingest/collectors/collector_manager.h"
#include "store/memory_store_testlib.h"

namespace trimtab {
namespace {

// What the fake target says; sources find it by the target's id.
struct Fake {
  std::string error;
  std::string problem;
  int asked = 0;
  int slow = 0;
  int disconnected = 0;
};
std::map<std::string, Fake> fakes;

class FakeSource final : public CollectorSource {
 public:
  explicit FakeSource(Fake& fake) : fake_(fake) {}
  std::string_view up_metric() const override { return "fake_up"; }
  Status collect(SeriesSink& sink) override {
    ++fake_.asked;
    sink.counter("fake_total", fake_.asked, {{"kind", "a"}});
    fake_.problem.empty() ? clear_problem("part") : set_problem("part", fake_.problem);
    return fake_.error.empty() ? ok() : Status(fail(ErrorCode::kUnavailable, fake_.error));
  }
  Status collect_slow(SeriesSink& sink) override {
    sink.gauge("fake_slow", ++fake_.slow);
    return ok();
  }
  void disconnect() override { ++fake_.disconnected; }

 private:
  Fake& fake_;
};

std::unique_ptr<CollectorSource> create_fake(const Target& target, const CollectorContext&) {
  return std::make_unique<FakeSource>(fakes[target.id]);
}

class TargetCollectorTest : public testing::Test {
 protected:
  TargetCollectorTest() {
    fakes.clear();
    Target target;
    target.kind = TargetKind::kRedis;
    target.id = "a";
    target.instance = "host:1";
    target.interval_ms = kSecondMs;
    collector = std::make_unique<TargetCollector>(
        target, TargetCollector::Sinks{store, rejects, clock, metrics, *logger, texts}, &create_fake);
  }
  Status round() {
    clock.advance(kSecondMs);
    return collector->collect();
  }
  double now(const std::string& selector) {
    const auto samples = store.samples(selector);
    const auto it = samples.find(clock.now_ms());
    return it == samples.end() ? -1 : it->second;
  }

  MemoryStore store;
  FakeClock clock{1'700'000'000'000};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  QueryTexts texts;
  std::unique_ptr<Logger> logger = create_null_logger();
  std::unique_ptr<TargetCollector> collector;
};

TEST_F(TargetCollectorTest, a_round_is_stored_with_job_instance_and_up) {
  ASSERT_TRUE(round());
  EXPECT_EQ(now("fake_total{kind=\"a\",instance=\"host:1\",job=\"redis\"}"), 1);
  EXPECT_EQ(now("up{instance=\"host:1\",job=\"redis\"}"), 1);
  EXPECT_EQ(now("fake_up"), 1);
  EXPECT_TRUE(collector->status().up);
  EXPECT_EQ(collector->status().series, 5u);
}

TEST_F(TargetCollectorTest, slow_parts_are_asked_once_in_thirty_seconds) {
  for (int i = 0; i < 61; ++i) ASSERT_TRUE(round());
  EXPECT_EQ(fakes["a"].asked, 61);
  EXPECT_EQ(fakes["a"].slow, 3);
}

TEST_F(TargetCollectorTest, a_target_that_is_down_shows_nothing_but_that) {
  ASSERT_TRUE(round());
  fakes["a"].error = "refused";
  ASSERT_TRUE(round());
  EXPECT_EQ(now("up"), 0);
  EXPECT_EQ(now("fake_up"), 0);
  EXPECT_TRUE(is_stale_marker(now("fake_total")));
  EXPECT_TRUE(is_stale_marker(now("fake_slow")));
  EXPECT_EQ(fakes["a"].disconnected, 1);
  EXPECT_EQ(collector->status().last_error, "refused");
  fakes["a"].error = "";
  ASSERT_TRUE(round());
  EXPECT_EQ(now("up"), 1);
  EXPECT_GT(now("fake_slow"), 0);
}

TEST_F(TargetCollectorTest, a_target_that_stays_down_is_asked_ever_more_rarely_within_a_bound) {
  fakes["a"].error = "refused";
  for (int i = 0; i < 120; ++i) {
    ASSERT_TRUE(round());
    EXPECT_EQ(now("up"), 0);
  }
  EXPECT_GE(fakes["a"].asked, 120 * kSecondMs / TargetCollector::kBackoffMaxMs);
  EXPECT_LE(fakes["a"].asked, 13);
}

TEST_F(TargetCollectorTest, a_missing_part_is_told_and_costs_only_itself) {
  fakes["a"].problem = "GRANT it";
  ASSERT_TRUE(round());
  EXPECT_EQ(collector->status().problems.at("part"), "GRANT it");
  EXPECT_EQ(now("up"), 1);
  fakes["a"].problem = "";
  ASSERT_TRUE(round());
  EXPECT_TRUE(collector->status().problems.empty());
}

TEST_F(TargetCollectorTest, a_full_store_is_an_error_and_the_target_stays_up) {
  ASSERT_TRUE(round());
  store.refusal = "disk full";
  EXPECT_FALSE(round());
  EXPECT_TRUE(collector->status().up);
  store.refusal = "";
  ASSERT_TRUE(round());
  EXPECT_EQ(now("fake_total"), 3);
}

TEST_F(TargetCollectorTest, a_target_that_leaves_the_configuration_ends_its_series) {
  ASSERT_TRUE(round());
  texts.set("redis/a", "1", "SELECT 1");
  clock.advance(kSecondMs);
  collector->stop();
  collector->end();
  EXPECT_TRUE(is_stale_marker(now("up")));
  EXPECT_TRUE(is_stale_marker(now("fake_slow")));
  EXPECT_EQ(texts.size(), 0u);
}

TEST(QueryTexts, are_bounded_and_cut_between_characters) {
  QueryTexts texts;
  for (std::size_t i = 0; i < QueryTexts::kTextsMax; ++i) ASSERT_TRUE(texts.set("t", std::to_string(i), "q"));
  EXPECT_FALSE(texts.set("t", "one more", "q"));
  EXPECT_TRUE(texts.set("t", "7", "other"));
  EXPECT_EQ(texts.find("t", "7"), "other");
  EXPECT_EQ(cut_text("aé", 2), "a");
  EXPECT_EQ(cut_text("aé", 3), "aé");
}

}  // namespace
}  // namespace trimtab
