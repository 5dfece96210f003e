// SPDX-License-Identifier: Apache-2.0
// On a real Redis server of the test's own, on a socket in a folder of its own.
#include "act/redis/redis_executor.h"

#include <gtest/gtest.h>

#include <fstream>

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

// The value of a setting in the file; "" when it is not there.
std::string written(const std::string& file, const std::string& setting) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(setting + " ")) return line.substr(setting.size() + 1);
  }
  return "";
}

TEST_F(RedisTest, persisted_setting_outlives_a_restart_and_so_does_its_undo) {
  server_ = redis::TestServer::start("# of ours\nmaxmemory 50mb\nhz 20\n").value();
  const std::string file = server_->config_file();
  Action one = action("maxmemory", "100mb");
  one.parameters["persist"] = "true";
  const Status possible = executor_->check(one);
  ASSERT_TRUE(possible) << possible.error().message();
  EXPECT_EQ(written(file, "maxmemory"), "50mb") << "checking writes nothing";
  const std::string state = executor_->capture(one).value();
  ASSERT_TRUE(executor_->apply(one, state));
  EXPECT_TRUE(executor_->is_applied(one, state).value());
  EXPECT_EQ(written(file, "maxmemory"), "100mb");
  server_->stop();
  ASSERT_TRUE(server_->start_again());
  EXPECT_TRUE(executor_->is_applied(one, state).value());
  ASSERT_TRUE(executor_->undo(one, state));
  EXPECT_TRUE(executor_->is_undone(one, state).value());
  EXPECT_EQ(written(file, "maxmemory"), "50mb");
  EXPECT_EQ(written(file, "hz"), "20");
  EXPECT_EQ(written(file, "#"), "of ours");
  server_->stop();
  ASSERT_TRUE(server_->start_again());
  EXPECT_TRUE(executor_->is_undone(one, state).value());

  // Died between setting and writing: asking makes it whole.
  const Action only_set = action("maxmemory", "100mb");
  ASSERT_TRUE(executor_->apply(only_set, state));
  EXPECT_EQ(written(file, "maxmemory"), "50mb");
  EXPECT_TRUE(executor_->is_applied(one, state).value());
  EXPECT_EQ(written(file, "maxmemory"), "100mb");
}

TEST_F(RedisTest, persisting_is_refused_before_anything_is_set) {
  Action one = action("maxmemory", "100mb");
  one.parameters["persist"] = "yes";
  EXPECT_EQ(executor_->check(one).error().code(), ErrorCode::kInvalid);
  one.parameters["persist"] = "true";
  EXPECT_NE(executor_->check(one).error().message().find("without a configuration file"), std::string::npos);

  server_ = redis::TestServer::start("maxmemory 50mb\n").value();
  auto client = server_->connect().value();
  ASSERT_TRUE(
      client->command({"ACL", "SETUSER", "setter", "on", ">hunter2", "+config|get", "+config|set", "+info"}));
  username_ = "setter";
  password_ = "hunter2";
  const std::string state = executor_->capture(one).value();
  EXPECT_EQ(executor_->apply(one, state).error().code(), ErrorCode::kDenied);
  EXPECT_TRUE(executor_->is_undone(one, state).value());
  EXPECT_EQ(written(server_->config_file(), "maxmemory"), "50mb");
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
