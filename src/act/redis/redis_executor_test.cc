// SPDX-License-Identifier: Apache-2.0
// On a real Redis server of the test's own, on a socket in a folder of its own.
#include "act/redis/redis_executor.h"

#include <gtest/gtest.h>

#include "targets/redis/server_testlib.h"

namespace trimtab::act {
namespace {

class RedisTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = redis::TestServer::start();
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }
  static Action action(const std::string& setting, const std::string& value) {
    return {"redis.set", "redis/main", {{"setting", setting}, {"value", value}}, "", ""};
  }

  std::unique_ptr<redis::TestServer> server_;
  std::string username_;
  std::string password_;
  std::unique_ptr<Executor> executor_ = create_redis_setter(
      [this](const std::string&) -> Result<Target> { return server_->target(username_, password_); });
};

TEST_F(RedisTest, setting_is_set_and_set_back) {
  for (const auto& [setting, value] :
       {std::pair("maxmemory", "100mb"), {"maxmemory-policy", "allkeys-lfu"}, {"save", "900 1"}}) {
    const Action one = action(setting, value);
    const Status possible = executor_->check(one);
    ASSERT_TRUE(possible) << possible.error().message();
    const std::string state = executor_->capture(one).value();
    EXPECT_FALSE(executor_->is_applied(one, state).value()) << setting;
    ASSERT_TRUE(executor_->apply(one, state));
    EXPECT_TRUE(executor_->is_applied(one, state).value()) << setting;
    EXPECT_FALSE(executor_->is_undone(one, state).value()) << setting;
    ASSERT_TRUE(executor_->undo(one, state));
    EXPECT_TRUE(executor_->is_undone(one, state).value()) << setting;
    EXPECT_EQ(executor_->capture(one).value(), state);
  }
}

TEST_F(RedisTest, settings_that_are_not_ours_and_wrong_values_are_refused) {
  for (const char* setting : {"requirepass", "dir", "dbfilename", "maxmemory\r\nFLUSHALL", "*", ""}) {
    EXPECT_EQ(executor_->check(action(setting, "1")).error().code(), ErrorCode::kDenied) << setting;
  }
  EXPECT_EQ(executor_->apply(action("maxmemory-policy", "x\r\nFLUSHALL"), "").error().code(),
            ErrorCode::kInvalid);
}

TEST_F(RedisTest, reading_role_may_not_set) {
  auto client = server_->connect().value();
  ASSERT_TRUE(client->command({"ACL", "SETUSER", "reader", "on", ">hunter2", "+config|get", "+info"}));
  username_ = "reader";
  password_ = "hunter2";
  const Status possible = executor_->check(action("maxmemory", "100mb"));
  ASSERT_FALSE(possible);
  EXPECT_EQ(possible.error().code(), ErrorCode::kDenied) << possible.error().message();
  EXPECT_EQ(possible.error().message().find("hunter2"), std::string::npos);
}

TEST_F(RedisTest, server_that_is_gone_is_an_error_and_forgets_the_change) {
  const Action one = action("maxmemory", "100mb");
  const std::string state = executor_->capture(one).value();
  ASSERT_TRUE(executor_->apply(one, state));
  server_->stop();
  EXPECT_EQ(executor_->undo(one, state).error().code(), ErrorCode::kUnavailable);
  ASSERT_TRUE(server_->start_again());
  EXPECT_TRUE(executor_->is_undone(one, state).value());
}

}  // namespace
}  // namespace trimtab::act
