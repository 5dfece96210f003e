// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/haproxy/server_rules.h"

namespace trimtab::advise::haproxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ServerLook server(const std::string& name) {
  return {.name = name,
          .is_up = true,
          .weight = 1,
          .requests = 10'000,
          .failures = 10,
          .response_mean = 0.020,
          .response_least = 0.018,
          .response_most = 0.025};
}

// Three servers that do alike, half an hour long.
HaproxyLook healthy() {
  return {.seconds = 1800,
          .backends = {{.name = "app", .servers = {server("s1"), server("s2"), server("s3")}}},
          .limits = {{"", 40, 2000}, {"web", 40, 1000}}};
}

std::vector<std::string> fingerprints(const HaproxyLook& look) {
  std::vector<std::string> out;
  for (const Recommendation& one : advise_servers(look, "haproxy/edge")) {
    EXPECT_TRUE(one.action.type.empty());
    EXPECT_FALSE(one.evidence.empty());
    out.push_back(one.fingerprint);
  }
  return out;
}

TEST(HaproxyAdvice, each_trouble_is_told_by_itself) {
  const struct {
    const char* fingerprint;  // "" = nothing
    void (*change)(HaproxyLook&);
  } cases[] = {
      {"", [](HaproxyLook&) {}},
      {"haproxy|haproxy/edge|unchecked|app",
       [](HaproxyLook& l) { l.backends[0].servers[1].is_checked = false; }},
      {"",
       [](HaproxyLook& l) {  // nobody else could take its requests
         l.backends[0].servers.resize(1);
         l.backends[0].servers[0].is_checked = false;
       }},
      {"",
       [](HaproxyLook& l) {
         l.backends[0].servers[1].is_checked = false;
         for (ServerLook& one : l.backends[0].servers) one.requests = 60;
       }},
      {"haproxy|haproxy/edge|failing|app|s2",
       [](HaproxyLook& l) { l.backends[0].servers[1].failures = 600; }},
      {"", [](HaproxyLook& l) { l.backends[0].servers[1].failures = 400; }},
      {"",
       [](HaproxyLook& l) {  // the application fails, whoever serves it
         for (ServerLook& one : l.backends[0].servers) one.failures = 600;
       }},
      {"",
       [](HaproxyLook& l) {  // out of use already
         l.backends[0].servers[1].failures = 600;
         l.backends[0].servers[1].is_up = false;
       }},
      {"",
       [](HaproxyLook& l) {
         for (ServerLook& one : l.backends[0].servers) one.requests = 150;
         l.backends[0].servers[1].failures = 100;
       }},
      {"haproxy|haproxy/edge|slow|app|s3",
       [](HaproxyLook& l) {
         l.backends[0].servers[2].response_mean = 0.060;
         l.backends[0].servers[2].response_least = 0.030;
       }},
      {"",
       [](HaproxyLook& l) {  // at times as fast as others
         l.backends[0].servers[2].response_mean = 0.060;
         l.backends[0].servers[2].response_least = 0.024;
       }},
      {"",
       [](HaproxyLook& l) {
         l.backends[0].servers[2].response_mean = 0.035;
         l.backends[0].servers[2].response_least = 0.030;
       }},
      {"",
       [](HaproxyLook& l) {  // a weight of its own is somebody's intent
         l.backends[0].servers[2].response_mean = 0.060;
         l.backends[0].servers[2].response_least = 0.030;
         l.backends[0].servers[2].weight = 5;
       }},
      {"",
       [](HaproxyLook& l) {  // HAProxy's averages need more requests
         l.backends[0].servers[2].response_mean = 0.060;
         l.backends[0].servers[2].response_least = 0.030;
         l.backends[0].servers[2].requests = 1000;
       }},
      {"haproxy|haproxy/edge|queue|app",
       [](HaproxyLook& l) {
         l.backends[0].queued_share = 0.4;
         l.backends[0].queue_most = 12;
         for (ServerLook& one : l.backends[0].servers) one.limit = 10, one.sessions_mean = 9;
       }},
      {"",
       [](HaproxyLook& l) {
         l.backends[0].queued_share = 0.05;
         for (ServerLook& one : l.backends[0].servers) one.limit = 10;
       }},
      {"haproxy|haproxy/edge|retries|app", [](HaproxyLook& l) { l.backends[0].servers[0].retries = 400; }},
      {"", [](HaproxyLook& l) { l.backends[0].servers[0].retries = 200; }},
      {"haproxy|haproxy/edge|limit|web", [](HaproxyLook& l) { l.limits[1].most = 900; }},
      {"haproxy|haproxy/edge|limit|", [](HaproxyLook& l) { l.limits[0].most = 1990; }},
      {"", [](HaproxyLook& l) { l.limits[1] = {"web", 9, 9}; }},
      {"", [](HaproxyLook& l) { l.limits[1].limit = 0; }},
      {"", [](HaproxyLook& l) { l = {}; }},
  };
  for (const auto& one : cases) {
    HaproxyLook look = healthy();
    one.change(look);
    const auto said = fingerprints(look);
    if (*one.fingerprint == '\0') {
      EXPECT_THAT(said, IsEmpty()) << &one - cases;
    } else {
      EXPECT_THAT(said, ElementsAre(one.fingerprint));
    }
  }
}

TEST(HaproxyAdvice, words_tell_who_and_how_much) {
  HaproxyLook look = healthy();
  look.backends[0].servers[0].is_checked = false;
  look.backends[0].servers[1].failures = 600;
  const auto all = advise_servers(look, "haproxy/edge");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].evidence[0].value, "1 of 3 servers: s1");
  EXPECT_THAT(all[1].evidence[0].value, HasSubstr("6 %"));
  EXPECT_THAT(all[1].evidence[0].source, HasSubstr("30"));
}

}  // namespace
}  // namespace trimtab::advise::haproxy
