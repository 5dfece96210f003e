// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/nginx/client_connections.h"
#include "advise/nginx/proxying.h"
#include "advise/nginx/time_outs.h"
#include "advise/nginx/upstream_connections.h"

namespace trimtab::advise::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const AdvisedServer kWhere{"nginx/edge", "127.0.0.1:80", true};

Configuration configuration(const std::string& text) {
  auto parsed = parse_configuration(text);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return {{{"/etc/nginx/nginx.conf", text}}, std::move(*parsed)};
}

std::string applied(const Configuration& configuration, const ConfigEdit& edit) {
  std::string out = configuration.files[0].text;
  return out.replace(out.find(edit.find), edit.find.size(), edit.replace);
}
std::string applied(const Configuration& configuration, const Action& action) {
  const auto& words = action.parameters;
  return applied(configuration, ConfigEdit{words.at("path"), words.at("find"), words.at("replace")});
}

TEST(KeepAlive, plan_adds_what_is_missing_where_it_is_in_force) {
  const char* const kBoth = "\n    proxy_http_version 1.1;\n    proxy_set_header Connection \"\";";
  const struct {
    std::string text;
    std::vector<std::string> upstreams;
    std::string result;  // "" = no edit
  } cases[] = {
      {"http { upstream a { server b; } server { location / { proxy_pass http://a; } } }",
       {"a"},
       fmt::format("http {{ upstream a {{ server b;\n    keepalive 8; }} server {{ location / {{ proxy_pass "
                   "http://a;{} }} }} }}",
                   kBoth)},
      // Kept already.
      {"http { proxy_http_version 1.1; proxy_set_header connection ''; upstream a { server b; keepalive 2; } "
       "server { location / { proxy_pass http://a/x; } } }",
       {},
       ""},
      // `keepalive` alone does nothing.
      {"http { upstream a { server b; keepalive 2; } server { location / { proxy_pass http://a; } } }",
       {"a"},
       fmt::format("http {{ upstream a {{ server b; keepalive 2; }} server {{ location / {{ proxy_pass "
                   "http://a;{} }} }} }}",
                   kBoth)},
      // Headers of the server are taken over only while the location has none of its own.
      {"http { upstream a { server b; } server { proxy_set_header Host x; location / { proxy_pass http://a; "
       "} } }",
       {"a"},
       "http { upstream a { server b;\n    keepalive 8; } server { proxy_set_header Host x;\n    "
       "proxy_set_header "
       "Connection \"\"; location / { proxy_pass http://a;\n    proxy_http_version 1.1; } } }"},
      {"http { upstream a { server b; } server { location / { proxy_set_header Host x; proxy_pass http://a; "
       "} } }",
       {"a"},
       fmt::format(
           "http {{ upstream a {{ server b;\n    keepalive 8; }} server {{ location / {{ proxy_set_header "
           "Host x; proxy_pass http://a;{} }} }} }}",
           kBoth)},
      // Set otherwise on purpose, or where it may not stand: for people.
      {"http { upstream a { server b; } server { location / { proxy_pass http://a; proxy_set_header "
       "Connection "
       "$upgrade; } } }",
       {"a"},
       ""},
      {"http { upstream a { server b; } server { location / { proxy_pass http://a; proxy_http_version 1.0; } "
       "} }",
       {"a"},
       ""},
      {"http { upstream a { server b; } server { location / { if ($x) { proxy_pass http://a; } } } }",
       {"a"},
       ""},
      {"http { upstream a { server b; } server { location / { proxy_pass http://b; } } }", {}, ""},
      {"http { server { location / { proxy_pass http://$host; } } }", {}, ""},
      {"events { }", {}, ""},
  };
  for (const auto& one : cases) {
    const Configuration before = configuration(one.text);
    const KeepAlivePlan plan = keepalive_plan(before, 8);
    EXPECT_EQ(plan.upstreams, one.upstreams) << one.text;
    ASSERT_EQ(plan.edit.has_value(), !one.result.empty()) << one.text;
    if (!plan.edit) continue;
    EXPECT_EQ(applied(before, *plan.edit), one.result);
    // What it comes to is what was wanted.
    EXPECT_TRUE(keepalive_plan(configuration(one.result), 8).upstreams.empty()) << one.result;
  }
}

TEST(KeepAlive, plan_names_hosts_without_an_upstream_block_and_follows_the_layout) {
  const std::string text =
      "http {\n  upstream a {\n    server b;\n    server c; # spare\n  }\n  server {\n    location / {\n"
      "      proxy_pass http://a;\n    }\n    location /b/ {\n      proxy_pass https://b:8443/;\n    }\n"
      "    location /c/ {\n      proxy_pass http://a/c/;\n    }\n  }\n}\n";
  const Configuration before = configuration(text);
  const KeepAlivePlan plan = keepalive_plan(before, 16);
  EXPECT_THAT(plan.upstreams, ElementsAre("a"));
  EXPECT_THAT(plan.direct, ElementsAre("b:8443"));
  ASSERT_TRUE(plan.edit);
  const std::string after = applied(before, *plan.edit);
  EXPECT_THAT(after, HasSubstr("    server c;\n    keepalive 16; # spare\n  }\n"));
  EXPECT_THAT(
      after, HasSubstr("      proxy_pass http://a/c/;\n      proxy_http_version 1.1;\n      proxy_set_header "
                       "Connection \"\";\n    }\n"));
  EXPECT_TRUE(keepalive_plan(configuration(after), 16).upstreams.empty());
  // In another file than the rest: not one edit.
  Configuration two = configuration(text);
  two.files.push_back({"/etc/nginx/upstreams", text});
  for (Directive& one : two.directives[0].inside[0].inside) one.file = 1;
  EXPECT_FALSE(keepalive_plan(two, 16).edit);
}

// 50 requests a second for 10 ms each, 3 ms of which go into connecting.
UpstreamConnectionsLook connecting() {
  UpstreamConnectionsLook look;
  look.connected = {.requests = 5000, .seconds = 100};
  look.connect_seconds = 15;
  look.upstream_seconds = 50;
  look.configuration =
      configuration("http { upstream a { server b; } server { location / { proxy_pass http://a; } } }");
  look.collector_interval_ms = kSecondMs;
  return look;
}

TEST(UpstreamConnections, advice_says_what_is_done_expected_watched_and_undone) {
  const auto advice = advise_upstream_connections(connecting(), kWhere);
  ASSERT_TRUE(advice);
  EXPECT_EQ(advice->action.type, "nginx.edit");
  EXPECT_THAT(advice->action.apply, HasSubstr("keepalive 8;"));
  EXPECT_FALSE(advice->action.undo.empty());
  EXPECT_EQ(advice->expected.metric, advice->verify.target.expression);
  EXPECT_EQ(advice->expected.high, -0.5);
  EXPECT_EQ(advice->verify.guards.size(), 3u);
  EXPECT_EQ(advice->risk, Risk::kMedium);
  EXPECT_NEAR(advice->benefit_seconds_per_day, 0.5 * 0.003 * 50 * 86400, 1);
  UpstreamConnectionsLook busy = connecting();
  busy.upstream_seconds = 1000;  // 10 at once
  busy.connect_seconds = 100;
  EXPECT_THAT(advise_upstream_connections(busy, kWhere)->action.apply, HasSubstr("keepalive 32;"));
}

TEST(UpstreamConnections, hosts_passed_to_directly_are_for_people) {
  UpstreamConnectionsLook look = connecting();
  look.configuration = configuration("http { server { location / { proxy_pass http://b; } } }");
  const auto advice = advise_upstream_connections(look, kWhere);
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->action.type.empty());
  EXPECT_THAT(advice->why, HasSubstr("keepalive 8;"));
}

TEST(UpstreamConnections, cheap_or_unknown_connecting_is_no_reason) {
  const struct {
    const char* why;
    void (*change)(UpstreamConnectionsLook&);
  } cases[] = {
      {"few requests", [](UpstreamConnectionsLook& l) { l.connected.requests = 100; }},
      {"short time", [](UpstreamConnectionsLook& l) { l.connected.seconds = 10; }},
      {"below the log's resolution", [](UpstreamConnectionsLook& l) { l.connect_seconds = 4; }},
      {"small beside the answers", [](UpstreamConnectionsLook& l) { l.upstream_seconds = 1000; }},
      {"unknown", [](UpstreamConnectionsLook& l) { l.connect_seconds = std::nan(""); }},
      {"kept already",
       [](UpstreamConnectionsLook& l) {
         l.configuration = configuration(
             "http { proxy_http_version 1.1; proxy_set_header Connection ''; upstream a { server b; "
             "keepalive "
             "2; } server { location / { proxy_pass http://a; } } }");
       }},
  };
  for (const auto& one : cases) {
    UpstreamConnectionsLook look = connecting();
    one.change(look);
    EXPECT_FALSE(advise_upstream_connections(look, kWhere)) << one.why;
  }
}

ClientConnectionsLook reconnecting(const std::string& text) {
  ClientConnectionsLook look;
  look.seconds = 100;
  look.connections = 1000;
  look.requests = 1000;
  look.configuration = configuration(text);
  look.collector_interval_ms = kSecondMs;
  return look;
}

TEST(ClientConnections, what_forbids_or_ends_them_is_lifted_as_far_as_there_is_room) {
  const struct {
    const char* text;
    double requests;     // a connection
    const char* result;  // "" = no advice
  } cases[] = {
      {"http { keepalive_timeout 0; }", 1, "http { keepalive_timeout 25s; }"},
      {"events { worker_connections 1000; } http { keepalive_timeout 0; }", 1,
       "events { worker_connections 1000; } http { keepalive_timeout 50s; }"},
      {"worker_processes 8; http { keepalive_timeout 0s; }", 1,
       "worker_processes 8; http { keepalive_timeout 75s; }"},
      {"events { worker_connections 64; } http { keepalive_timeout 0; }", 1, ""},  // no room for idle ones
      {"http { keepalive_timeout 0; }", 2, ""},                                    // and yet they are kept
      {"http { keepalive_timeout 0; server { keepalive_timeout 10; } }", 1, ""},
      {"http { keepalive_timeout 5; }", 1, ""},  // clients that do not come back
      {"http { }", 1, ""},
      {"http { keepalive_requests 10; }", 9, "http { keepalive_requests 1000; }"},
      {"http { keepalive_requests 10; }", 3, ""},  // seldom reached
      {"http { keepalive_requests 100; }", 19, ""},
      {"http { keepalive_requests 10; server { keepalive_requests 5; } }", 9, ""},
      {"events { }", 1, ""},
  };
  for (const auto& one : cases) {
    ClientConnectionsLook look = reconnecting(one.text);
    look.requests = one.requests * look.connections;
    const auto advice = advise_client_connections(look, kWhere);
    ASSERT_EQ(advice.has_value(), *one.result != '\0') << one.text;
    if (!advice) continue;
    EXPECT_EQ(applied(look.configuration, advice->action), one.result);
    EXPECT_EQ(advice->verify.guards.size(), 4u);
    EXPECT_EQ(advice->expected.metric, advice->verify.target.expression);
  }
}

TEST(ClientConnections, few_or_unknown_connections_are_no_reason) {
  for (const auto& change : std::initializer_list<void (*)(ClientConnectionsLook&)>{
           [](ClientConnectionsLook& l) { l.seconds = 10; },
           [](ClientConnectionsLook& l) { l.connections = l.requests = 499; },
           [](ClientConnectionsLook& l) { l.connections = std::nan(""); },
           [](ClientConnectionsLook& l) { l.requests = std::nan(""); }}) {
    ClientConnectionsLook look = reconnecting("http { keepalive_timeout 0; }");
    change(look);
    EXPECT_FALSE(advise_client_connections(look, kWhere));
  }
}

// A day of 100,000 requests, all served within 1 s, but for 50 that waited 60 s in vain.
TimeOutLook hanging() {
  TimeOutLook look;
  look.window_seconds = 86400;
  look.answers.total = 100'000;
  look.answers.seconds = 100'000 * 0.02 + 50 * 60;
  look.connects.total = 99'980;
  for (std::size_t i = 0; i < kTimeBounds.size(); ++i) {
    look.answers.up_to[i] = kTimeBounds[i] < 0.01 ? 0 : kTimeBounds[i] < 1 ? 99'500 : 99'950;
    look.connects.up_to[i] = look.connects.total;
  }
  look.answers.up_to.back() = look.answers.total;
  look.read = 50;
  look.configuration = configuration("http { server { location / { proxy_pass http://a; } } }");
  look.collector_interval_ms = kSecondMs;
  return look;
}

TEST(TimeOuts, value_is_a_bounded_multiple_of_what_was_served) {
  TimeOutLook look = hanging();
  auto advice = advise_time_outs(look, kWhere);
  ASSERT_EQ(advice.size(), 1u);
  EXPECT_EQ(advice[0].fingerprint, "nginx.proxy_read_timeout|nginx/edge");
  EXPECT_THAT(advice[0].title, HasSubstr("to 5 s"));
  EXPECT_THAT(advice[0].why, HasSubstr("`proxy_read_timeout 5s;`"));
  EXPECT_TRUE(advice[0].action.type.empty()) << "one in half an hour cannot be proven";
  EXPECT_EQ(advice[0].risk, Risk::kMedium);

  // One every two seconds can be.
  look.window_seconds = 100;
  advice = advise_time_outs(look, kWhere);
  ASSERT_EQ(advice.size(), 1u);
  EXPECT_EQ(advice[0].action.type, "nginx.edit");
  EXPECT_EQ(applied(look.configuration, advice[0].action),
            "http {\n    proxy_read_timeout 5s; server { location / { proxy_pass http://a; } } }");
  EXPECT_EQ(advice[0].verify.guards.size(), 1u);
  EXPECT_LT(advice[0].expected.low, advice[0].expected.high);
  EXPECT_LT(advice[0].expected.high, 0);
  EXPECT_EQ(advice[0].verify.step_ms, 10 * kSecondMs);

  // Four times 2.5 s.
  for (std::size_t i = 0; i < kTimeBounds.size(); ++i) {
    if (kTimeBounds[i] < 2.5) look.answers.up_to[i] = 99'000;
  }
  look.configuration =
      configuration("http { proxy_read_timeout 2m; server { location / { proxy_pass http://a; } } }");
  EXPECT_EQ(applied(look.configuration, advise_time_outs(look, kWhere).at(0).action),
            "http { proxy_read_timeout 10s; server { location / { proxy_pass http://a; } } }");

  look = hanging();
  look.connect = 20;
  look.answers.up_to.back() += 20;
  look.answers.total += 20;
  advice = advise_time_outs(look, kWhere);
  ASSERT_EQ(advice.size(), 2u);
  EXPECT_EQ(advice[1].fingerprint, "nginx.proxy_connect_timeout|nginx/edge");
}

TEST(TimeOuts, nothing_is_said_when_it_could_be_wrong) {
  const struct {
    const char* why;
    void (*change)(TimeOutLook&);
  } cases[] = {
      {"few waited", [](TimeOutLook& l) { l.read = 4; }},
      {"one took longer and was served", [](TimeOutLook& l) { l.answers.total += 1; }},
      {"short already",
       [](TimeOutLook& l) {
         l.configuration =
             configuration("http { proxy_read_timeout 9s; location / { proxy_pass http://a; } }");
       }},
      {"a location has its own",
       [](TimeOutLook& l) {
         l.configuration =
             configuration("http { location / { proxy_pass http://a; proxy_read_timeout 60s; } }");
       }},
      {"unknown unit",
       [](TimeOutLook& l) {
         l.configuration =
             configuration("http { proxy_read_timeout 1y; location / { proxy_pass http://a; } }");
       }},
      {"WebSocket",
       [](TimeOutLook& l) {
         l.configuration = configuration(
             "http { location / { proxy_pass http://a; proxy_set_header Upgrade $http_upgrade; } }");
       }},
      {"other protocols",
       [](TimeOutLook& l) {
         l.configuration =
             configuration("http { location / { proxy_pass http://a; } location /b { fastcgi_pass b; } }");
       }},
      {"nothing is passed on", [](TimeOutLook& l) { l.configuration = configuration("http { }"); }},
      {"no http", [](TimeOutLook& l) { l.configuration = configuration("events { }"); }},
  };
  EXPECT_EQ(advise_time_outs(hanging(), kWhere).size(), 1u);
  for (const auto& one : cases) {
    TimeOutLook look = hanging();
    one.change(look);
    EXPECT_TRUE(advise_time_outs(look, kWhere).empty()) << one.why;
  }
}

TEST(TimeOuts, too_few_requests_say_how_many_are_needed) {
  TimeOutLook look = hanging();
  look.answers.total = 5050;
  look.window_seconds = 3600;
  auto advice = advise_time_outs(look, kWhere);
  ASSERT_EQ(advice.size(), 1u);
  EXPECT_EQ(advice[0].state, RecommendationState::kNotEnoughData);
  EXPECT_EQ(advice[0].needs, "1 more hour of requests");
  look.window_seconds = 86400;
  EXPECT_EQ(advise_time_outs(look, kWhere).at(0).needs,
            "10000 requests that are passed on within a day; there were 5000");
  look = hanging();
  look.unknown = 7;
  advice = advise_time_outs(look, kWhere);
  ASSERT_EQ(advice.size(), 1u);
  EXPECT_THAT(advice[0].needs, HasSubstr("uct="));
}

}  // namespace
}  // namespace trimtab::advise::nginx
