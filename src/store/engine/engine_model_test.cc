// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "store/engine/engine_testlib.h"

namespace trimtab::embedded::testing {
namespace {

// The store against std::map, under random writes of every age, restarts, crashes and upkeep.
class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    // Small bounds, so that a short run meets all of them.
    store_.hooks.limits.checkpoint_journal_bytes = 20'000;
    store_.hooks.limits.late_samples_max = 3'000;
    store_.reopen();
  }

  void run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      const auto roll = pick(100);
      if (roll < 88) {
        append();
      } else if (roll < 92) {
        compare_one();
      } else if (roll < 95) {
        ASSERT_TRUE(store_.engine->maintain().has_value());
      } else if (roll < 97) {
        store_.crash();
      } else if (roll < 99) {
        store_.reopen();
      } else {
        ASSERT_TRUE(store_.engine->compact().has_value());
      }
    }
    compare_all();
    store_.reopen();
    compare_all();
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  Labels labels(std::uint64_t index) const {
    return metric("m" + std::to_string(index % 3), std::to_string(index));
  }

  double value(std::uint64_t index) {
    switch (index % 4) {
      case 0: return static_cast<double>(pick(1000));
      case 1: return static_cast<double>(pick(100'000)) / 100;
      case 2: return pick(20) == 0 ? stale_marker() : 1.5;
      default: return std::bit_cast<double>(random_());
    }
  }

  // One batch for several series: mostly in order, some repeated, some late, some history.
  void append() {
    std::vector<Sample> batch;
    AppendOutcome expected;
    const std::uint64_t count = 1 + pick(300);
    const std::uint64_t focus = pick(kSeries);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t index = pick(3) == 0 ? pick(kSeries) : focus;
      auto& truth = truth_[index];
      const TimestampMs newest = truth.empty() ? kNow - kDayMs : truth.rbegin()->first;
      TimestampMs t = newest + 1 + static_cast<TimestampMs>(pick(20)) * 15;
      const auto roll = pick(100);
      if (roll < 4)
        t = newest;
      else if (roll < 10)
        t = newest - static_cast<TimestampMs>(pick(3'000));
      else if (roll < 12)
        t = newest - static_cast<TimestampMs>(pick(kDayMs));
      double v = value(index);
      const auto found = truth.find(t);
      if (found != truth.end() && pick(2) == 0) v = found->second;
      truth[t] = v;
      batch.push_back({store_.series(labels(index)), t, v});
    }
    const AppendOutcome outcome = store_.append(batch);
    EXPECT_EQ(outcome.taken + outcome.duplicates, batch.size());
  }

  void compare(std::uint64_t index, TimeRange range) {
    const auto& truth = truth_[index];
    const SampleBuffer found = store_.read(labels(index), range);
    auto at = truth.lower_bound(range.from);
    std::size_t i = 0;
    for (; at != truth.end() && at->first <= range.to; ++at, ++i) {
      ASSERT_LT(i, found.size()) << "series " << index << " misses " << at->first;
      ASSERT_EQ(found.timestamps_ms[i], at->first) << "series " << index << " sample " << i;
      ASSERT_TRUE(same_bits(found.values[i], at->second)) << "series " << index << " at " << at->first;
    }
    ASSERT_EQ(i, found.size()) << "series " << index << " has samples nobody wrote";
  }

  void compare_one() {
    const std::uint64_t index = pick(kSeries);
    const auto& truth = truth_[index];
    if (truth.empty()) return;
    const TimestampMs from = truth.begin()->first + static_cast<TimestampMs>(pick(kDayMs));
    compare(index, {from, from + static_cast<TimestampMs>(pick(kDayMs))});
  }
  void compare_all() {
    for (std::uint64_t index = 0; index < kSeries; ++index) compare(index, {});
  }

  static constexpr std::uint64_t kSeries = 7;
  std::mt19937_64 random_;
  TestStore store_;
  std::map<std::uint64_t, std::map<TimestampMs, double>> truth_;
};

class StoreModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(StoreModel, holds_what_a_map_would_hold) {
  Model model(GetParam());
  model.run(400);
}

INSTANTIATE_TEST_SUITE_P(seeds, StoreModel, ::testing::Range<std::uint64_t>(1, 7));

}  // namespace
}  // namespace trimtab::embedded::testing
