// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/pgbouncer/pool_rules.h"

namespace trimtab::advise::pgbouncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// 10 connections, all of them busy, and 5 clients that wait for one, for ten minutes: 200 transactions a
// second of 50 ms.
PoolerLook crowded() {
  PoolerLook out{.seconds = 600, .clients_most = 30, .clients_limit = 100};
  out.databases.push_back({.name = "shop",
                           .mode = "transaction",
                           .pool_size = 10,
                           .pools = 1,
                           .transactions = 120'000,
                           .transaction_seconds = 9'000,
                           .wait_seconds = 3'000,
                           .waiting_share = 0.9,
                           .waiting_mean = 5,
                           .wait_most_seconds = 0.2,
                           .assigned_mean = 10});
  return out;
}

std::vector<std::string> fingerprints(const PoolerLook& look) {
  std::vector<std::string> out;
  for (const Recommendation& one : advise_pools(look, "pgbouncer/main")) {
    EXPECT_TRUE(one.action.type.empty());
    EXPECT_FALSE(one.evidence.empty());
    out.push_back(one.fingerprint);
  }
  return out;
}

TEST(PgbouncerAdvice, pool_that_is_too_small_is_told_with_a_size_by_littles_law) {
  const auto all = advise_pools(crowded(), "pgbouncer/main");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].fingerprint, "pgbouncer|pgbouncer/main|pool_size|shop");
  // 15 would be busy, and 3.09 of their standard deviation besides; but not more than twice as many at once.
  EXPECT_THAT(all[0].why,
              HasSubstr("About 20 instead of 10, then look again (all that wait now would be 28)"));
  PoolerLook less = crowded();
  less.databases[0].waiting_mean = 0.2;
  less.databases[0].assigned_mean = 7.2;
  EXPECT_THAT(advise_pools(less, "pgbouncer/main").at(0).why, HasSubstr("About 17 instead of 10 would"));
}

TEST(PgbouncerAdvice, only_what_is_sure_is_said) {
  const struct {
    const char* why;
    void (*change)(PoolerLook&);
  } cases[] = {
      {"few transactions", [](PoolerLook& l) { l.databases[0].transactions = 199; }},
      {"seldom waiting", [](PoolerLook& l) { l.databases[0].waiting_share = 0.05; }},
      {"short waits", [](PoolerLook& l) { l.databases[0].wait_seconds = 500; }},
      {"shorter than a millisecond",
       [](PoolerLook& l) { l.databases[0].transactions = 6e6, l.databases[0].wait_seconds = 5'000; }},
      {"connections idle in others' pools", [](PoolerLook& l) { l.databases[0].pools = 3; }},
      {"size not known", [](PoolerLook& l) { l.databases[0].pool_size = 0; }},
      {"few idle",
       [](PoolerLook& l) { l = {.seconds = 3600}, l.databases.push_back({.name = "a", .idle_least = 19}); }},
      {"idle for less than the hour",
       [](PoolerLook& l) { l = {.seconds = 600}, l.databases.push_back({.name = "a", .idle_least = 50}); }},
      {"session, but used",
       [](PoolerLook& l) { l.databases[0].mode = "session", l.databases[0].wait_most_seconds = 5; }},
      {"nothing known", [](PoolerLook& l) { l = {}; }},
  };
  for (const auto& one : cases) {
    PoolerLook look = crowded();
    one.change(look);
    EXPECT_THAT(fingerprints(look), IsEmpty()) << one.why;
  }
}

TEST(PgbouncerAdvice, sessions_idle_connections_and_clients_are_told_each_by_itself) {
  PoolerLook look = crowded();
  look.databases[0].mode = "session";
  look.databases[0].transaction_seconds = 600;  // one of ten
  look.databases[0].wait_most_seconds = 5;
  EXPECT_THAT(fingerprints(look), ElementsAre("pgbouncer|pgbouncer/main|mode|shop"));
  look = {.seconds = 3500, .clients_most = 95, .clients_limit = 100};
  look.databases.push_back({.name = "shop", .mode = "transaction", .pool_size = 50, .idle_least = 20});
  EXPECT_THAT(fingerprints(look),
              ElementsAre("pgbouncer|pgbouncer/main|idle|shop", "pgbouncer|pgbouncer/main|clients"));
}

TEST(PgbouncerAdvice, modes_are_read_and_mixed_ones_are_not_known) {
  PoolerLook look;
  for (const char* name : {"a", "b", "c"}) look.databases.push_back({.name = name});
  const trimtab::postgresql::Rows rows{
      .columns = {"database", "user", "pool_mode"},
      .cells = {"a", "x", "session", "b", "x", "session", "b", "y", "transaction"}};
  read_modes(rows, look);
  EXPECT_EQ(look.databases[0].mode, "session");
  EXPECT_EQ(look.databases[1].mode, "");
  EXPECT_EQ(look.databases[2].mode, "");
  read_modes({.columns = {"database"}, .cells = {"a"}}, look);
  EXPECT_EQ(look.databases[0].mode, "session");
}

}  // namespace
}  // namespace trimtab::advise::pgbouncer
