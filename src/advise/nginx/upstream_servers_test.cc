// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/upstream_servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trimtab::advise::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const AdvisedServer kWhere{"nginx/edge", "127.0.0.1:80", true};

TEST(UpstreamServers, tries_are_counted_by_address) {
  const std::string head = R"(::1 - - [x] "GET / HTTP/1.1" 200 1 "-" "-" rt=0.1)";
  const UpstreamServers servers =
      upstream_servers_of(head + R"( urt="0.100" ua="10.0.0.1:80" us="200")" + "\n" + head +
                          R"( urt="0.000, 0.300" ua="10.0.0.2:80, 10.0.0.1:80" us="502, 200")" + "\n" + head +
                          R"( urt="-" ua="-" us="-")" + "\nbroken\n" + head);
  ASSERT_EQ(servers.size(), 2u);
  const UpstreamServer& good = servers.at("10.0.0.1:80");
  EXPECT_EQ(good.tries, 2);
  EXPECT_EQ(good.failures, 0);
  EXPECT_NEAR(good.seconds, 0.4, 1e-9);
  EXPECT_NEAR(good.seconds_squared, 0.1, 1e-9);
  EXPECT_EQ(servers.at("10.0.0.2:80").failures, 1);
  EXPECT_EQ(servers.at("10.0.0.2:80").timed, 0);
}

// `timed` answers of 20 ms each, with as much of a standard deviation.
UpstreamServer answers(double timed, double seconds = 0.020) {
  return {.tries = timed,
          .failures = 0,
          .timed = timed,
          .seconds = timed * seconds,
          .seconds_squared = 2 * timed * seconds * seconds};
}

UpstreamServersLook healthy(
    const std::string& block = "server 10.0.0.1; server 10.0.0.2:80; server unix:/run/a;") {
  UpstreamServersLook look;
  const std::string text = "http { upstream shop { " + block + " } upstream other { server 10.0.0.9; } }";
  look.configuration = {{{"/etc/nginx/nginx.conf", text}}, parse_configuration(text).value()};
  for (const char* address : {"10.0.0.1:80", "10.0.0.2:80", "unix:/run/a"}) {
    look.earlier[address] = look.later[address] = answers(500);
  }
  return look;
}

TEST(UpstreamServers, only_what_differs_from_the_others_beyond_chance_is_told) {
  const struct {
    const char* why;
    const char* what;  // "" = nothing
    void (*change)(UpstreamServersLook&);
  } cases[] = {
      {"alike", "", [](UpstreamServersLook&) {}},
      {"fails", "failing", [](UpstreamServersLook& l) { l.later["10.0.0.2:80"].failures = 60; }},
      {"fails little", "", [](UpstreamServersLook& l) { l.later["10.0.0.2:80"].failures = 40; }},
      {"all fail", "",
       [](UpstreamServersLook& l) {
         for (auto& [address, server] : l.later) server.failures = 60;
       }},
      {"is gone", "failing",
       [](UpstreamServersLook& l) {
         l.earlier.erase("10.0.0.2:80");
         l.later["10.0.0.2:80"] = {.tries = 10, .failures = 10};
       }},
      {"was gone once", "",
       [](UpstreamServersLook& l) {
         l.earlier.erase("10.0.0.2:80");
         l.later["10.0.0.2:80"] = {.tries = 9, .failures = 9};
       }},
      {"others served little", "",
       [](UpstreamServersLook& l) {
         for (const char* address : {"10.0.0.1:80", "unix:/run/a"})
           l.earlier[address] = l.later[address] = answers(40);
         l.later["10.0.0.2:80"].failures = 60;
       }},
      {"slow", "slow",
       [](UpstreamServersLook& l) {
         l.earlier["10.0.0.2:80"] = l.later["10.0.0.2:80"] = answers(500, 0.050);
       }},
      {"slow once", "", [](UpstreamServersLook& l) { l.later["10.0.0.2:80"] = answers(500, 0.500); }},
      {"less than twice as slow", "",
       [](UpstreamServersLook& l) {
         l.earlier["10.0.0.2:80"] = l.later["10.0.0.2:80"] = answers(500, 0.035);
       }},
      {"few answers", "",
       [](UpstreamServersLook& l) {
         l.earlier["10.0.0.2:80"] = l.later["10.0.0.2:80"] = answers(90, 0.050);
       }},
      {"wild answers", "",
       [](UpstreamServersLook& l) {
         l.earlier["10.0.0.2:80"] = l.later["10.0.0.2:80"] = answers(500, 0.050);
         l.later["10.0.0.2:80"].seconds_squared = 500 * 0.25;
       }},
      {"one other is as slow", "",
       [](UpstreamServersLook& l) {
         for (const char* address : {"10.0.0.1:80", "10.0.0.2:80"}) {
           l.earlier[address] = l.later[address] = answers(500, 0.050);
         }
       }},
      {"nothing known", "", [](UpstreamServersLook& l) { l.earlier.clear(), l.later.clear(); }},
  };
  for (const auto& one : cases) {
    UpstreamServersLook look = healthy();
    one.change(look);
    const auto said = advise_upstream_servers(look, kWhere);
    std::vector<std::string> fingerprints;
    for (const Recommendation& advice : said) fingerprints.push_back(advice.fingerprint);
    if (*one.what == '\0') {
      EXPECT_THAT(fingerprints, IsEmpty()) << one.why;
      continue;
    }
    EXPECT_THAT(fingerprints,
                ElementsAre(std::string("nginx.upstream_server|nginx/edge|shop|10.0.0.2:80|") + one.what))
        << one.why;
    ASSERT_FALSE(said.empty());
    EXPECT_TRUE(said[0].action.type.empty());
    EXPECT_EQ(said[0].evidence.size(), 2u);
  }
}

TEST(UpstreamServers, what_is_meant_to_be_unequal_is_not_slow) {
  for (const char* block :
       {"server 10.0.0.1; server 10.0.0.2 weight=3;", "ip_hash; server 10.0.0.1; server 10.0.0.2;",
        "hash $uri; server 10.0.0.1; server 10.0.0.2;", "server 10.0.0.2;"}) {
    UpstreamServersLook look = healthy(block);
    look.earlier["10.0.0.2:80"] = look.later["10.0.0.2:80"] = answers(500, 0.050);
    EXPECT_TRUE(advise_upstream_servers(look, kWhere).empty()) << block;
  }
}

TEST(UpstreamServers, words_follow_the_configuration) {
  UpstreamServersLook look = healthy("server 10.0.0.1; server 10.0.0.2 max_fails=0;");
  look.later["10.0.0.2:80"].failures = 300;
  EXPECT_THAT(advise_upstream_servers(look, kWhere).at(0).why, HasSubstr("max_fails=0"));
  look = healthy();
  look.later["10.0.0.2:80"].failures = 300;
  const auto said = advise_upstream_servers(look, kWhere);
  EXPECT_THAT(said.at(0).why, HasSubstr("proxy_next_upstream"));
  EXPECT_EQ(said.at(0).evidence[0].value, "300 of 1000, 30 %");
}

}  // namespace
}  // namespace trimtab::advise::nginx
