// SPDX-License-Identifier: Apache-2.0
#include "advise/redis/memory_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "advise/redis/persistence_rules.h"

namespace trimtab::advise::redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kMebibyte = 1 << 20;
constexpr double kGibibyte = 1 << 30;

// A cache of 1 GiB that is full of a million keys, on a host with much to spare.
RedisLook full_cache() {
  RedisLook out;
  out.at_ms = 1'790'000'000'000;
  out.run_id = "a";
  out.policy = "allkeys-lru";
  out.max_memory = kGibibyte;
  out.used_memory = kGibibyte;
  out.startup_memory = kMebibyte;
  out.resident_memory = 1.2 * kGibibyte;
  out.system_memory = 16 * kGibibyte;
  out.keys = 1e6;
  return out;
}

// An hour later: a tenth of a million look-ups missed, as many keys were evicted.
RedisLook hour_of_evictions() {
  RedisLook out = full_cache();
  out.at_ms += kHourMs;
  out.hits = 9e5;
  out.misses = 1e5;
  out.evicted = 1.5e5;
  return out;
}

const AdvisedServer kWhere{.target = "redis/main", .instance = "cache:6379"};

std::vector<Recommendation> advised(const RedisLook& from, const RedisLook& to,
                                    const std::vector<SampledKey>& keys = {}) {
  return advise_memory(from, to, keys, kWhere);
}

// "maxmemory=100mb"; what is for people by its fingerprint; "needs: ..." for what is not known yet.
std::vector<std::string> words(const std::vector<Recommendation>& all) {
  std::vector<std::string> out;
  for (const Recommendation& one : all) {
    if (one.state == RecommendationState::kNotEnoughData) {
      out.push_back("needs: " + one.needs);
    } else if (one.action.type.empty()) {
      out.push_back(one.fingerprint);
    } else {
      out.push_back(one.action.parameters.at("setting") + "=" + one.action.parameters.at("value"));
    }
  }
  return out;
}

TEST(MemoryRules, maxmemory_follows_what_was_evicted_and_what_the_host_has) {
  struct Case {
    const char* what;
    std::function<void(RedisLook&, RedisLook&)> change;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases = {
      {"what was evicted would have needed 154 MiB", [](RedisLook&, RedisLook&) {}, {"maxmemory=1178mb"}},
      {"at most twice as much", [](RedisLook&, RedisLook& to) { to.evicted = 9e6; }, {"maxmemory=2048mb"}},
      {"at most half of what is free",
       [](RedisLook&, RedisLook& to) {
         to.evicted = 9e6;
         to.system_memory = to.resident_memory + 0.5 * kGibibyte;
       },
       {"maxmemory=1280mb"}},
      {"nothing is free",
       [](RedisLook&, RedisLook& to) { to.system_memory = to.resident_memory + 0.1 * kGibibyte; },
       {"redis|redis/main|no_room"}},
      {"the host's memory is not known",
       [](RedisLook&, RedisLook& to) { to.system_memory = 0; },
       {"redis|redis/main|no_room"}},
      {"nothing missed", [](RedisLook&, RedisLook& to) { to.misses = 0; }, {}},
      {"one in a thousand missed", [](RedisLook&, RedisLook& to) { to.misses = 900; }, {}},
      {"misses without evictions", [](RedisLook&, RedisLook& to) { to.evicted = 9000; }, {}},
      {"what is evicted lay there for more than ten hours",
       [](RedisLook&, RedisLook& to) { to.evicted = 90'000; },
       {}},
      {"a replica", [](RedisLook&, RedisLook& to) { to.is_primary = false; }, {}},
      {"too soon to say",
       [](RedisLook&, RedisLook& to) {
         to.at_ms -= 50 * kMinuteMs;
         to.misses = to.evicted = 50'000;
       },
       {"needs: 11 more minutes: a tenth of maxmemory must have been evicted"}},
      {"the same look twice", [](RedisLook& from, RedisLook& to) { to = from; }, {}},
  };
  for (const Case& one : cases) {
    RedisLook from = full_cache(), to = hour_of_evictions();
    one.change(from, to);
    EXPECT_EQ(words(advised(from, to)), one.expected) << one.what;
  }
}

TEST(MemoryRules, expected_effect_is_bounded_by_the_misses_that_evictions_can_cause) {
  const auto all = advised(full_cache(), hour_of_evictions());
  ASSERT_EQ(all.size(), 1U);
  // 154 MiB to 1023 MiB of keys; nine of ten look-ups hit.
  const double growth = 1 + 154.0 / 1023;
  EXPECT_NEAR(all[0].expected.low, -0.9 * (std::pow(growth, 0.36) - 1) / 0.1, 1e-6);
  EXPECT_NEAR(all[0].expected.high, -0.9 * (std::pow(growth, 0.17) - 1) / 0.1, 1e-6);

  RedisLook to = hour_of_evictions();
  to.misses = 1e6;
  const auto few = advised(full_cache(), to);
  ASSERT_EQ(few.size(), 1U);
  EXPECT_GE(few[0].expected.low, -0.15);
  EXPECT_LE(few[0].expected.low, few[0].expected.high);
  EXPECT_LT(few[0].expected.high, 0);
}

TEST(MemoryRules, advice_says_how_it_is_proven_bounded_and_undone) {
  const auto all = advised(full_cache(), hour_of_evictions());
  ASSERT_EQ(all.size(), 1U);
  const Recommendation& one = all[0];
  EXPECT_EQ(one.action.type, "redis.set");
  EXPECT_EQ(one.action.apply, "CONFIG SET maxmemory 1178mb");
  EXPECT_FALSE(one.action.undo.empty());
  EXPECT_EQ(one.evidence.size(), 4U);
  EXPECT_FALSE(one.cost.empty());
  EXPECT_FALSE(one.risk_reason.empty());
  EXPECT_THAT(one.verify.target.expression,
              HasSubstr(R"(rate(redis_keyspace_misses_total{instance="cache:6379"}[{{.step}}]))"));
  EXPECT_EQ(one.verify.guards.size(), 2U);
  // What is added, one and a half times, and a tenth.
  EXPECT_NEAR(one.verify.guards[0].harm_max, 0.1 + 1.5 * 154 / (1.2 * 1024), 1e-6);
  // At the rate of evictions the added memory fills in an hour; twice that, as misses grow fewer.
  EXPECT_NEAR(static_cast<double>(one.verify.settle_ms), 7'200'000, 120'000);
  EXPECT_GT(one.verify.observe_min_ms, one.verify.settle_ms);
  EXPECT_GT(one.verify.observe_max_ms, 2 * one.verify.settle_ms);
  EXPECT_LE(one.verify.minimum_effect, -one.expected.low);
}

TEST(MemoryRules, step_is_long_enough_to_hold_look_ups) {
  RedisLook to = hour_of_evictions();
  to.hits = 9000;
  to.misses = 1000;  // 2.8 look-ups a second
  to.evicted = 1.5e5;
  const auto all = advised(full_cache(), to);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].verify.step_ms, 72'000);
  EXPECT_EQ(advised(full_cache(), hour_of_evictions())[0].verify.step_ms, 20'000);  // 4 samples of 5 s
}

TEST(MemoryRules, refused_writes_are_answered_by_what_keys_say_of_themselves) {
  RedisLook from = full_cache();
  from.policy = "noeviction";
  RedisLook to = from;
  to.at_ms += kHourMs;
  to.out_of_memory_errors = 5000;
  to.input_bytes = kGibibyte;
  EXPECT_THAT(words(advised(from, to)), ElementsAre("maxmemory=2048mb"));
  to.keys_expiring = 0.99 * to.keys;
  EXPECT_THAT(words(advised(from, to)), ElementsAre("maxmemory-policy=volatile-lru"));
  to.policy = "volatile-ttl";  // what expires is gone; the rest may not go
  to.keys_expiring = 0;
  EXPECT_THAT(words(advised(from, to)), ElementsAre("maxmemory=2048mb"));
  to.system_memory = 0;
  EXPECT_THAT(words(advised(from, to)), ElementsAre("redis|redis/main|refused"));
  to.out_of_memory_errors = kRefusedMin - 1;
  EXPECT_THAT(words(advised(from, to)), ElementsAre());
}

TEST(MemoryRules, refused_writes_promise_no_more_than_the_added_memory_can_last) {
  RedisLook from = full_cache();
  from.policy = "noeviction";
  RedisLook to = from;
  to.at_ms += kHourMs;
  to.out_of_memory_errors = 5000;
  to.input_bytes = 10.0 * kGibibyte;  // the added GiB may be full after six minutes
  const auto soon = advised(from, to);
  ASSERT_EQ(soon.size(), 1U);
  to.input_bytes = 10.0 * kMebibyte;
  const auto late = advised(from, to);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_GT(soon[0].expected.high, -0.25);
  EXPECT_NEAR(late[0].expected.high, -0.9, 1e-9);
}

std::vector<SampledKey> sampled(double idle_seconds, std::size_t hot, std::size_t all) {
  std::vector<SampledKey> out(all);
  for (std::size_t i = 0; i < all; ++i) out[i] = {"k", i < hot ? 1 : idle_seconds, 100};
  return out;
}

TEST(MemoryRules, random_eviction_is_answered_only_when_use_is_uneven) {
  RedisLook from = full_cache(), to = hour_of_evictions();
  from.policy = to.policy = "allkeys-random";
  // A million look-ups an hour of a million keys: under even use half were touched within 42 minutes.
  EXPECT_THAT(words(advised(from, to, sampled(9000, 60, 200))),
              ElementsAre("maxmemory-policy=allkeys-lru", "maxmemory=1178mb"));
  EXPECT_THAT(words(advised(from, to, sampled(9000, 100, 200))), ElementsAre("maxmemory=1178mb"));
  EXPECT_THAT(words(advised(from, to, sampled(9000, 10, 40))), ElementsAre("maxmemory=1178mb"));
  EXPECT_THAT(words(advised(from, to, sampled(-1, 0, 200))), ElementsAre("maxmemory=1178mb"));
  from.policy = to.policy = "volatile-random";
  EXPECT_THAT(words(advised(from, to, sampled(9000, 60, 200))),
              ElementsAre("maxmemory-policy=volatile-lru", "maxmemory=1178mb"));
}

TEST(MemoryRules, server_without_limit_is_named_when_it_has_most_of_the_host) {
  RedisLook from = full_cache();
  from.max_memory = 0;
  from.resident_memory = 12 * kGibibyte;
  RedisLook to = from;
  to.at_ms += kHourMs;
  EXPECT_THAT(words(advised(from, to)), ElementsAre("redis|redis/main|no_limit"));
  to.resident_memory = 8 * kGibibyte;
  EXPECT_THAT(words(advised(from, to)), ElementsAre());
}

TEST(PersistenceRules, each_is_said_for_what_was_seen_and_only_then) {
  const RedisLook from = full_cache();
  RedisLook quiet = from;
  quiet.at_ms += kHourMs;
  const auto said = [&](const RedisLook& to, std::vector<SampledKey> keys = {}) {
    return words(advise_persistence(from, to, keys, kWhere));
  };
  EXPECT_THAT(said(quiet), ElementsAre());

  RedisLook refused = quiet;
  refused.snapshot_ok = false;
  EXPECT_THAT(said(refused), ElementsAre());  // nobody was refused anything
  refused.snapshot_errors = 3;
  EXPECT_THAT(said(refused), ElementsAre("redis|redis/main|snapshot"));
  refused.snapshot_ok = true;
  EXPECT_THAT(said(refused), ElementsAre());  // it is over

  RedisLook forked = quiet;
  forked.fork_seconds = 0.3;
  EXPECT_THAT(said(forked), ElementsAre());  // long ago
  forked.forks = 2;
  EXPECT_THAT(said(forked), ElementsAre("redis|redis/main|fork"));
  forked.fork_seconds = 0.01;
  EXPECT_THAT(said(forked), ElementsAre());

  RedisLook waited = quiet;
  waited.delayed_syncs = 50;
  EXPECT_THAT(said(waited), ElementsAre());
  waited.append_only = true;
  EXPECT_THAT(said(waited), ElementsAre("redis|redis/main|fsync"));

  EXPECT_THAT(said(quiet, {{"a", 1, 100}, {"b", 1, 100 * kMebibyte}}),
              ElementsAre("redis|redis/main|big_key"));
  EXPECT_THAT(said(quiet, {{"b", 1, 60 * kMebibyte}}), ElementsAre());
  quiet.used_memory = 64 * kGibibyte;
  EXPECT_THAT(said(quiet, {{"b", 1, 100 * kMebibyte}}), ElementsAre());
}

TEST(PersistenceRules, name_of_a_key_is_shown_short_and_plain) {
  const auto said = advise_persistence(
      full_cache(), full_cache(),
      std::vector<SampledKey>{{"a\nb\x1b[31m" + std::string(500, 'x'), 1, kGibibyte}}, kWhere);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].evidence[0].value, "a?b?[31m" + std::string(kKeyNameShownMax - 8, 'x') + "...");
}

TEST(RedisLook, info_is_read_by_name) {
  const RedisLook look = read_look(
      "# "
      "Server\r\nrun_id:abc\r\nrole:slave\r\nmaxmemory:1024\r\nmaxmemory_policy:allkeys-lfu\r\nused_memory:"
      "900\r\n"
      "used_memory_startup:100\r\nused_memory_rss:2000\r\ntotal_system_memory:9000\r\nkeyspace_hits:7\r\n"
      "keyspace_misses:3\r\nevicted_keys:2\r\nerrorstat_OOM:count=5\r\nerrorstat_MISCONF:count=4\r\n"
      "latest_fork_usec:1500\r\naof_enabled:1\r\nrdb_last_bgsave_status:err\r\n"
      "db0:keys=3,expires=1,avg_ttl=0\r\ndb15:keys=5,expires=2,avg_ttl=0\r\ndbx:keys=9\r\nno colon\r\n:\r\n",
      42);
  EXPECT_EQ(look.at_ms, 42);
  EXPECT_EQ(look.run_id, "abc");
  EXPECT_FALSE(look.is_primary);
  EXPECT_EQ(look.policy, "allkeys-lfu");
  EXPECT_EQ(look.max_memory, 1024);
  EXPECT_EQ(look.key_bytes(), 800);
  EXPECT_EQ(look.bytes_per_key(), 100);
  EXPECT_EQ(look.resident_memory, 2000);
  EXPECT_EQ(look.system_memory, 9000);
  EXPECT_EQ(look.hits + look.misses + look.evicted, 12);
  EXPECT_EQ(look.out_of_memory_errors, 5);
  EXPECT_EQ(look.snapshot_errors, 4);
  EXPECT_DOUBLE_EQ(look.fork_seconds, 0.0015);
  EXPECT_TRUE(look.append_only);
  EXPECT_FALSE(look.snapshot_ok);
  EXPECT_EQ(look.keys, 8);
  EXPECT_EQ(look.keys_expiring, 3);
  EXPECT_EQ(read_look("", 0).bytes_per_key(), 0);
}

TEST(LookHistory, window_begins_anew_where_counts_do_not_mean_one_thing) {
  const std::vector<std::function<void(RedisLook&)>> breaks = {
      [](RedisLook& look) { look.run_id = "b"; },      [](RedisLook& look) { look.max_memory *= 2; },
      [](RedisLook& look) { look.policy = "random"; }, [](RedisLook& look) { look.hits = 0; },
      [](RedisLook& look) { look.at_ms = 0; },         [](RedisLook& look) { look.is_primary = false; }};
  for (const auto& change : breaks) {
    LookHistory history;
    EXPECT_EQ(history.window_ms(), 0);
    history.add(full_cache());
    RedisLook next = hour_of_evictions();
    history.add(next);
    EXPECT_EQ(history.window_ms(), kHourMs);
    next.at_ms += kMinuteMs;
    change(next);
    history.add(next);
    EXPECT_EQ(history.window_ms(), 0);
  }
}

TEST(LookHistory, is_bounded_in_time_and_number) {
  LookHistory history;
  RedisLook look = full_cache();
  const TimestampMs begin = look.at_ms;
  for (std::size_t i = 0; i < 10 * kLooksMax; ++i) {
    look.at_ms = begin + static_cast<TimestampMs>(i) * kSecondMs;
    history.add(look);
  }
  EXPECT_EQ(history.window_ms(), static_cast<DurationMs>(10 * kLooksMax - 1) * kSecondMs);
  look.at_ms = begin + 2 * kHourMs;
  history.add(look);
  EXPECT_LE(history.window_ms(), kLooksKeptMs);
}

}  // namespace
}  // namespace trimtab::advise::redis
