// SPDX-License-Identifier: Apache-2.0
#include "server/closed_loop.h"

#include <gtest/gtest.h>

namespace trimtab {
namespace {

Action quota(const std::string& target) {
  return {"linux.cgroup",
          target,
          {{"group", "no.such.service"}, {"property", "cpu.max"}, {"value", "max"}},
          "",
          ""};
}

TEST(ClosedLoop, control_groups_are_changed_on_this_machine_and_with_consent_only) {
  struct Case {
    bool act;
    const char* target;
    ErrorCode expected;
  };
  const Case cases[] = {
      {false, "linux/host", ErrorCode::kDenied},
      {true, "linux/other", ErrorCode::kNotFound},
      {true, "linux/host", ErrorCode::kNotFound},  // allowed: now it is the group that is missing
  };
  for (const Case& one : cases) {
    act::Executors executors;
    add_executors(executors, {}, {.collected = true, .act = one.act, .instance = "host-a"});
    act::Executor* writer = executors.find("linux.cgroup");
    ASSERT_NE(writer, nullptr);
    const Status checked = writer->check(quota(one.target));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), one.expected) << checked.error().message();
    EXPECT_EQ(checked.error().message().contains("host: {act: true}"), !one.act);
  }
}

TEST(ClosedLoop, a_machine_that_is_not_collected_is_not_advised_on) {
  Metrics metrics;
  EXPECT_TRUE(make_advisors({}, {.collected = false}, metrics).empty());
  const auto advisors = make_advisors({}, {.collected = true, .instance = "host-a"}, metrics);
  ASSERT_FALSE(advisors.empty());
  for (const AdvisorAtWork& one : advisors) EXPECT_EQ(one.target, kOwnHostTarget);
}

}  // namespace
}  // namespace trimtab
