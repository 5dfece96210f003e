// SPDX-License-Identifier: Apache-2.0
#include "server/join_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/log.h"

namespace trimtab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimestampMs kStart = 1'795'255'200'000;

class JoinEvents : public ::testing::Test {
 protected:
  std::int64_t event(DurationMs before, std::optional<EntityRef> entity) {
    Event event;
    event.at_ms = kStart - before;
    event.kind = "deploy";
    event.title = "v2";
    event.entity = std::move(entity);
    return ledger_->add_event(std::move(event))->id;
  }

  std::vector<std::int64_t> joined(const EntityRef& entity) {
    std::vector<Finding> findings(1);
    findings[0].entity = entity;
    findings[0].since_ms = kStart;
    const Status status = join_events(*ledger_, estate_, kStart + kHourMs, findings);
    EXPECT_TRUE(status.has_value());
    return findings[0].events;
  }

  FakeClock clock_{kStart};
  std::unique_ptr<Logger> logger_ = create_null_logger();
  std::unique_ptr<Ledger> ledger_ = Ledger::open(":memory:", clock_, *logger_).value();
  Estate estate_ =
      Estate::load_text("entities:\n  service/shop: {calls: service/cart}\n", "estate.yaml").value();
};

TEST_F(JoinEvents, nearest_come_first_among_those_of_the_entity_what_it_calls_and_the_whole_estate) {
  const auto own = event(30 * kMinuteMs, EntityRef{"service", "shop"});
  const auto below = event(10 * kMinuteMs, EntityRef{"service", "cart"});
  const auto whole = event(-2 * kMinuteMs, std::nullopt);
  event(5 * kMinuteMs, EntityRef{"service", "mail"});
  EXPECT_THAT(joined({"service", "shop"}), ElementsAre(whole, below, own));
  EXPECT_THAT(joined({"service", "cart"}), ElementsAre(whole, below));
}

TEST_F(JoinEvents, events_long_before_or_clearly_after_the_start_are_left_out) {
  event(kEventBeforeMs + 1, std::nullopt);
  event(-kEventAfterMs - 1, std::nullopt);
  EXPECT_THAT(joined({"service", "shop"}), IsEmpty());
}

TEST_F(JoinEvents, only_the_nearest_are_kept) {
  for (int i = 0; i < 9; ++i) event(i * kMinuteMs, std::nullopt);
  EXPECT_EQ(joined({"service", "shop"}).size(), kEventsOfFindingMax);
}

}  // namespace
}  // namespace trimtab
