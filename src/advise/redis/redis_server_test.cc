// SPDX-License-Identifier: Apache-2.0
// The advisor on a real Redis server of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/postgresql/advisor_testlib.h"
#include "advise/redis/advisors.h"
#include "advise/redis/redis_look.h"
#include "targets/redis/server_testlib.h"

namespace trimtab::advise::redis {
namespace {

using testing::HasSubstr;
using trimtab::redis::TestServer;

class RedisAdvice : public testing::Test {
 protected:
  void SetUp() override {
    auto server = TestServer::start();
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
    client_ = server_->connect().value();
    run({"ACL", "SETUSER", "reader", "on", ">secret", "+info", "+ping", "+select"});
  }
  void run(const std::vector<std::string>& words) { ASSERT_TRUE(client_->command(words)) << words[0]; }
  // Keys of 2 KB, each asked for before it is written, as an application does after a miss.
  void fill(int keys, const std::vector<std::string>& more = {}) {
    for (int i = 0; i < keys; ++i) {
      const std::string key = "key" + std::to_string(i);
      ASSERT_TRUE(client_->command({"GET", key}));
      std::vector<std::string> words = {"SET", key, std::string(2048, 'v')};
      words.insert(words.end(), more.begin(), more.end());
      (void)client_->command(words);  // some are refused where nothing may be evicted
    }
  }
  // What the reader is told `after_ms` after the beginning.
  std::vector<Recommendation> advise(DurationMs after_ms) {
    Context context = world_.context();
    context.now_ms += after_ms;
    if (advisors_.empty()) advisors_ = create_advisors(server_->target("reader", "secret"));
    auto out = advisors_.at(0)->advise(context);
    EXPECT_TRUE(out) << out.error().message();
    return out ? *std::move(out) : std::vector<Recommendation>{};
  }

  AdvisorWorld world_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<trimtab::redis::Client> client_;
  std::vector<std::unique_ptr<Advisor>> advisors_;
};

TEST_F(RedisAdvice, role_that_may_only_read_info_is_told_of_too_little_memory) {
  run({"CONFIG", "SET", "maxmemory", "4mb"});
  run({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  fill(2000);
  const auto first = advise(0);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].state, RecommendationState::kNotEnoughData);
  EXPECT_THAT(first[0].needs, HasSubstr("minutes of load"));
  fill(2000);
  const auto second = advise(kMinuteMs);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].state, RecommendationState::kProposed);
  EXPECT_EQ(second[0].action.apply, "CONFIG SET maxmemory 8mb");
  EXPECT_EQ(second[0].entity.to_string(), "cache/main");
  EXPECT_EQ(second[0].advisor, "redis.server");
  EXPECT_GT(second[0].expires_ms, second[0].created_ms);
  // Once it is set the window begins anew.
  run({"CONFIG", "SET", "maxmemory", "8mb"});
  const auto third = advise(2 * kMinuteMs);
  ASSERT_EQ(third.size(), 1U);
  EXPECT_EQ(third[0].state, RecommendationState::kNotEnoughData);
}

TEST_F(RedisAdvice, refused_writes_of_keys_that_expire_ask_for_a_policy) {
  run({"CONFIG", "SET", "maxmemory", "3mb"});
  advise(0);
  fill(2000, {"EX", "1000"});
  const auto said = advise(kMinuteMs);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].action.apply, "CONFIG SET maxmemory-policy volatile-lru");
}

TEST_F(RedisAdvice, sample_says_what_the_role_may_see) {
  fill(20);
  struct Case {
    std::vector<std::string> rights;
    std::size_t keys;
    bool idle, bytes;
  };
  const std::vector<Case> cases = {{{"+info"}, 0, false, false},
                                   {{"+scan", "%R~*"}, 20, false, false},
                                   {{"+memory|usage"}, 20, false, true},
                                   {{"+object|idletime"}, 20, true, true}};
  for (const Case& one : cases) {
    std::vector<std::string> words = {"ACL", "SETUSER", "reader"};
    words.insert(words.end(), one.rights.begin(), one.rights.end());
    run(words);
    const auto client =
        trimtab::redis::Client::open(server_->target("reader", "secret"), 30 * kSecondMs).value();
    std::string cursor = "0";
    const auto keys = sample_keys(*client, cursor, AskIdle::kYes);
    ASSERT_TRUE(keys) << keys.error().message();
    EXPECT_EQ(keys->size(), one.keys);
    for (const SampledKey& key : *keys) {
      EXPECT_EQ(key.idle_seconds >= 0, one.idle) << one.rights[0];
      EXPECT_EQ(key.bytes > 2048, one.bytes) << one.rights[0];
    }
  }
}

TEST_F(RedisAdvice, server_that_is_gone_is_an_error) {
  advise(0);
  server_->stop();
  EXPECT_FALSE(advisors_.at(0)->advise(world_.context()));
}

}  // namespace
}  // namespace trimtab::advise::redis
