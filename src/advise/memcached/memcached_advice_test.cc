// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/memcached/cache_rules.h"

namespace trimtab::advise::memcached {
namespace {

using testing::HasSubstr;

constexpr double kMebibyte = 1 << 20;

// 64 MiB, full of 64 thousand items of 1 KiB.
MemcachedLook full_cache() {
  MemcachedLook out;
  out.at_ms = 1'790'000'000'000;
  out.process = "12";
  out.limit_bytes = 64 * kMebibyte;
  out.bytes = out.limit_bytes;
  out.items = 65536;
  out.connections_max = 1024;
  out.item_size_max = kMebibyte;
  return out;
}

// Half an hour later: a tenth of the reads missed, and 20 MiB were evicted.
MemcachedLook evicting() {
  MemcachedLook out = full_cache();
  out.at_ms += 30 * kMinuteMs;
  out.hits = 9e4;
  out.misses = 1e4;
  out.evicted = 20480;
  return out;
}

std::vector<Recommendation> advised(const MemcachedLook& to) {
  return advise_cache(full_cache(), to, "memcached/main");
}

TEST(MemcachedAdvice, evictions_behind_misses_ask_for_the_memory_that_would_have_held_them) {
  const auto all = advised(evicting());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].fingerprint, "memcached|memcached/main|memory");
  EXPECT_TRUE(all[0].action.type.empty());
  EXPECT_THAT(all[0].why, HasSubstr("-m 84"));
  MemcachedLook much = evicting();
  much.evicted = 1e7;
  EXPECT_THAT(advised(much).at(0).why, HasSubstr("-m 128"));  // at most twice
}

TEST(MemcachedAdvice, little_evidence_is_no_advice) {
  for (const auto& change : std::initializer_list<void (*)(MemcachedLook&)>{
           [](MemcachedLook& look) { look.misses = kMissesMin - 1; },
           [](MemcachedLook& look) { look.hits = 1e7; },
           [](MemcachedLook& look) { look.evicted = kEvictionsPerMissMin * look.misses - 1; },
           [](MemcachedLook& look) { look.limit_bytes = 0; }, [](MemcachedLook& look) { look.items = 0; },
           [](MemcachedLook& look) { look.at_ms = full_cache().at_ms; }}) {
    MemcachedLook look = evicting();
    change(look);
    EXPECT_TRUE(advised(look).empty());
  }
}

TEST(MemcachedAdvice, too_little_churn_says_how_long_it_takes) {
  MemcachedLook look = evicting();
  look.evicted = 4096;  // 4 MiB of the 6.4 that are wanted, in 30 minutes
  const auto all = advised(look);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].state, RecommendationState::kNotEnoughData);
  EXPECT_THAT(all[0].needs, HasSubstr("18 more minutes"));
  look.evicted = 1500;  // not in an hour
  EXPECT_TRUE(advised(look).empty());
}

TEST(MemcachedAdvice, what_is_refused_is_told_each_by_itself) {
  MemcachedLook look = full_cache();
  look.at_ms += kMinuteMs;
  look.too_large = look.no_memory = look.connections_refused = kRefusedMin - 1;
  EXPECT_TRUE(advised(look).empty());
  look.too_large = look.no_memory = look.connections_refused = kRefusedMin;
  std::vector<std::string> said;
  for (const Recommendation& one : advised(look)) said.push_back(one.fingerprint);
  EXPECT_THAT(said,
              testing::ElementsAre("memcached|memcached/main|item_size", "memcached|memcached/main|no_memory",
                                   "memcached|memcached/main|connections"));
}

TEST(MemcachedAdvice, stats_are_read_and_a_server_set_anew_begins_a_new_window) {
  const trimtab::memcached::Stat stats[] = {
      {"pid", "7"},      {"get_hits", "5"},   {"rejected_connections", "2"}, {"listen_disabled_num", "1"},
      {"bytes", "many"}, {"maxconns", "1024"}};
  MemcachedLook look;
  read_stats(stats, look);
  EXPECT_EQ(look.process, "7");
  EXPECT_EQ(look.hits, 5);
  EXPECT_EQ(look.connections_refused, 3);
  EXPECT_EQ(look.bytes, 0);
  EXPECT_EQ(look.connections_max, 1024);
  EXPECT_TRUE(continues(full_cache(), evicting()));
  for (const auto& change : std::initializer_list<void (*)(MemcachedLook&)>{
           [](MemcachedLook& after) { after.process = "13"; },
           [](MemcachedLook& after) { after.limit_bytes *= 2; },
           [](MemcachedLook& after) { after.evicted = -1; }, [](MemcachedLook& after) { after.at_ms = 0; }}) {
    MemcachedLook after = evicting();
    change(after);
    EXPECT_FALSE(continues(full_cache(), after));
  }
}

}  // namespace
}  // namespace trimtab::advise::memcached
