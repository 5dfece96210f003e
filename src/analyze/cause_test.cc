// SPDX-License-Identifier: Apache-2.0
// Who is blamed: a called one that adds too little is no excuse.
#include "analyze/cause.h"

#include <gtest/gtest.h>

namespace trimtab::analyze {
namespace {

const EntityRef kShop{"service", "shop"};
const EntityRef kDatabase{"database", "orders"};

Estate shop_calls_database() {
  return Estate::load_text("entities:\n  \"service/shop\":\n    calls: [\"database/orders\"]\n",
                           "estate.yaml")
      .value();
}

Suspect slow(const EntityRef& entity, double added_seconds, double operations = 0) {
  Suspect out;
  out.entity = entity;
  out.harm = entity == kShop ? 0.5 : 0.3;
  out.strength = 2;
  out.felt_by_callers = true;
  out.added_seconds_least = out.added_seconds_most = added_seconds;
  if (operations > 0) out.traffic = {{"requests", operations}};
  return out;
}

Suspect failing(const EntityRef& entity, double share) {
  Suspect out = slow(entity, 0);
  out.added_failures = share;
  out.led_by_failures = true;
  return out;
}

// Whether the shop is told to be the database's victim.
bool is_victim(Suspect shop, Suspect database) {
  std::vector<Suspect> suspects{std::move(shop), std::move(database)};
  find_origins(suspects, shop_calls_database());
  EXPECT_EQ(suspects[0].origins.empty(), suspects[1].victims.empty());
  EXPECT_EQ(suspects[0].rank_harm > suspects[1].rank_harm, suspects[0].origins.empty());
  return !suspects[0].origins.empty();
}

TEST(Cause, called_one_explains_time_only_as_far_as_it_adds_time) {
  struct Case {
    double shop, database;              // seconds added to an operation of each
    double shop_calls, database_calls;  // operations; 0: not known
    bool victim;
  };
  for (const Case& c :
       {Case{0.45, 0.44, 10, 10, true}, Case{0.45, 0.16, 10, 10, true}, Case{0.45, 0.14, 10, 10, false},
        Case{0.45, 0.001, 10, 10, false}, Case{0.45, 0.02, 10, 100, true},  // ten calls an operation
        Case{0.45, 0.3, 10, 1, false},                                      // one operation in ten calls it
        Case{0.45, 0.06, 0, 0, true}, Case{0.45, 0.04, 0, 0, false}, Case{0.45, 0.06, 10, 0, true}}) {
    EXPECT_EQ(is_victim(slow(kShop, c.shop, c.shop_calls), slow(kDatabase, c.database, c.database_calls)),
              c.victim)
        << c.shop << " " << c.database << " " << c.shop_calls << " " << c.database_calls;
  }
}

TEST(Cause, failures_come_from_failures_or_from_waiting_until_the_time_is_out) {
  EXPECT_TRUE(is_victim(failing(kShop, 0.1), failing(kDatabase, 0.1)));
  EXPECT_FALSE(is_victim(failing(kShop, 0.5), failing(kDatabase, 0.05)));
  EXPECT_FALSE(is_victim(failing(kShop, 0.1), slow(kDatabase, 0.02)));
  EXPECT_TRUE(is_victim(failing(kShop, 0.1), slow(kDatabase, 0.2)));
  EXPECT_TRUE(is_victim(slow(kShop, 2), failing(kDatabase, 0.1))) << "attempts cost time";
}

TEST(Cause, what_nobody_can_add_up_counts_by_its_strength_as_before) {
  Suspect full = slow(kDatabase, 0);
  full.other_trouble = true;
  EXPECT_TRUE(is_victim(slow(kShop, 2), full));
  full.strength = 0.5;  // less than a third of the shop's
  EXPECT_FALSE(is_victim(slow(kShop, 2), full));
}

}  // namespace
}  // namespace trimtab::analyze
