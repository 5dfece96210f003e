// SPDX-License-Identifier: Apache-2.0
// On a real Redis server of the test's own, on a socket in a folder of its own.
#include "act/redis/redis_executor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "ledger/ledger_testlib.h"
#include "targets/redis/client.h"

namespace trimtab::act {
namespace {

class RedisTest : public testing::Test {
 protected:
  void SetUp() override { start(); }
  void TearDown() override { stop(); }
  void start() {
    std::string words[] = {
        "redis-server",    "--port", "0", "--unixsocket", scratch_.file("redis.sock"), "--dir",
        scratch_.file(""), "--save", ""};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    ASSERT_EQ(posix_spawn(&server_, "/usr/bin/redis-server", &quiet, nullptr, arguments.data(), environ), 0);
    posix_spawn_file_actions_destroy(&quiet);
    while (!redis::Client::open(target(), kSecondMs)) std::this_thread::yield();
  }
  void stop() {
    if (server_ == 0) return;
    kill(server_, SIGKILL);
    waitpid(server_, nullptr, 0);
    server_ = 0;
  }
  Target target() const {
    Target out;
    out.kind = TargetKind::kRedis;
    out.id = "main";
    out.url = "unix://" + scratch_.file("redis.sock");
    out.username = username_;
    out.password = password_;
    return out;
  }
  static Action action(const std::string& setting, const std::string& value) {
    return {"redis.set", "redis/main", {{"setting", setting}, {"value", value}}, "", ""};
  }

  ScratchFolder scratch_;
  pid_t server_ = 0;
  std::string username_;
  std::string password_;
  std::unique_ptr<Executor> executor_ =
      create_redis_setter([this](const std::string&) -> Result<Target> { return target(); });
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
  auto client = redis::Client::open(target(), kSecondMs).value();
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
  stop();
  EXPECT_EQ(executor_->undo(one, state).error().code(), ErrorCode::kUnavailable);
  start();
  EXPECT_TRUE(executor_->is_undone(one, state).value());
}

}  // namespace
}  // namespace trimtab::act
