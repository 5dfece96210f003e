// SPDX-License-Identifier: Apache-2.0
#include "server/analysis_schedule.h"

#include <cmath>

#include "server/api_testlib.h"

namespace trimtab {
namespace {

class AnalysisScheduleTest : public ApiTest {
 protected:
  AnalysisScheduleTest() {
    for (int i = 0; i < 3; ++i) {
      for (int k = 0; k < 400; ++k)
        put({{"__name__", "depth"}, {"service", std::to_string(i)}}, kNow - k * 5 * kMinuteMs,
            10 + std::sin(k * (i + 1.7)));
    }
  }
};

TEST_F(AnalysisScheduleTest, what_was_learnt_is_kept_across_a_restart) {
  EXPECT_FALSE(ledger_->get_state(AnalysisSchedule::kMemoryKey).value().has_value());
  ASSERT_TRUE(analysis_.run_now().has_value());
  analysis_.stop();
  const auto kept = ledger_->get_state(AnalysisSchedule::kMemoryKey).value();
  ASSERT_TRUE(kept.has_value());
  analyze::Memory memory;
  ASSERT_TRUE(memory.restore(*kept).has_value());
  EXPECT_EQ(memory.size(), 3u);

  AnalysisSchedule after{store_, *querier_, *ledger_, *knowledge_, clock_, metrics_, *logger_, {}};
  ASSERT_TRUE(after.run_now().has_value());
  after.stop();
  EXPECT_EQ(ledger_->get_state(AnalysisSchedule::kMemoryKey).value(), kept);
}

TEST_F(AnalysisScheduleTest, a_state_that_can_not_be_read_is_learnt_anew_and_replaced) {
  ASSERT_TRUE(ledger_->put_state(AnalysisSchedule::kMemoryKey, "of another time").has_value());
  ASSERT_TRUE(analysis_.run_now().has_value());
  analysis_.stop();
  analyze::Memory memory;
  ASSERT_TRUE(memory.restore(*ledger_->get_state(AnalysisSchedule::kMemoryKey).value()).has_value());
  EXPECT_EQ(memory.size(), 3u);
}

TEST_F(AnalysisScheduleTest, a_look_at_a_past_moment_leaves_the_state_alone) {
  ASSERT_TRUE(analysis_.judge(kNow - kHourMs).has_value());
  analysis_.stop();
  EXPECT_FALSE(ledger_->get_state(AnalysisSchedule::kMemoryKey).value().has_value());
}

TEST_F(AnalysisScheduleTest, nothing_is_begun_once_it_is_cancelled) {
  analysis_.cancel();
  EXPECT_EQ(analysis_.run_now().error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(analysis_.judge(kNow - kHourMs).error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace trimtab
