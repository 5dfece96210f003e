// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "advise/nginx/advisors.h"
#include "advise/nginx/compression.h"
#include "advise/nginx/connections.h"
#include "advise/nginx/lifetimes.h"
#include "advise/postgresql/advisor_testlib.h"

namespace trimtab::advise::nginx {
namespace {

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

TEST(Served, texts_are_told_by_get_status_and_name) {
  const auto line = [](const char* request, int status, int bytes) {
    return fmt::format("::1 - - [x] \"{} HTTP/1.1\" {} {} \"-\" \"-\"\n", request, status, bytes);
  };
  const Served served =
      served_of(line("GET /a.css?v=1", 200, 100) + line("GET /b.js", 200, 300) + line("GET /a.css", 200, 50) +
                line("HEAD /a.css", 200, 0) + line("GET /b.js", 304, 0) + line("POST /c.json", 200, 9) +
                line("GET /api/orders", 200, 1000) + line("GET /x\\x22.css", 200, 5) + "broken\n" +
                line("GET /logo.png", 200, 40));
  EXPECT_EQ(served.requests, 9);
  EXPECT_EQ(served.bytes, 1504);
  EXPECT_EQ(served.bytes_squared, 100 * 100 + 300 * 300 + 50 * 50 + 81 + 1000 * 1000 + 25 + 1600);
  ASSERT_EQ(served.texts.size(), 2u);
  EXPECT_EQ(served.texts[0].path, "/b.js");
  EXPECT_EQ(served.texts[1].path, "/a.css");
  EXPECT_EQ(served.texts[1].requests, 2);
  EXPECT_EQ(served.texts[1].bytes, 150);
  ASSERT_EQ(served.unchanged.size(), 1u);
  EXPECT_EQ(served.unchanged[0].path, "/b.js");
  EXPECT_EQ(served.unchanged[0].requests, 1);
}

TEST(Served, only_the_end_of_a_regular_file_is_read) {
  const std::string path = testing::TempDir() + "/served_" + std::to_string(::getpid());
  const std::string line = "::1 - - [x] \"GET /a.css HTTP/1.1\" 200 10 \"-\" \"-\"\n";
  {
    std::ofstream out(path);
    for (std::size_t written = 0; written < 2 * kLogBytesMax; written += line.size()) out << line;
  }
  const auto served = read_served(path);
  ASSERT_TRUE(served) << served.error().message();
  EXPECT_EQ(served->requests, static_cast<double>((kLogBytesMax - 1) / line.size()));
  EXPECT_EQ(served->texts.size(), 1u);
  std::ofstream(path, std::ios::trunc).flush();
  EXPECT_EQ(read_served(path).value().requests, 0);
  std::filesystem::remove(path);
  EXPECT_EQ(read_served(path).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(read_served("/dev/null").error().code(), ErrorCode::kUnavailable);
}

// A thousand requests for one style sheet of 20 kB that compresses to a quarter, and as many bytes of
// pictures.
CompressionLook style_sheet() {
  CompressionLook look;
  look.traffic = {.requests = 2000, .seconds = 100};
  look.served = {.requests = 2000,
                 .bytes = 40e6,
                 .bytes_squared = 2000 * 20e3 * 20e3,
                 .texts = {{"/a.css", 1000, 20e6}}};
  look.samples = {{"/a.css", "text/css", false, false, 20'000, 5'000 - 12}};
  look.configuration = configuration("http {\n}\n");
  look.collector_interval_ms = kSecondMs;
  return look;
}

TEST(Compression, gain_lies_between_half_the_clients_and_all) {
  CompressionLook look = style_sheet();
  CompressionGain gain = compression_gain(look.served, look.samples);
  EXPECT_EQ(gain.media_types, std::vector<std::string>{"text/css"});
  EXPECT_DOUBLE_EQ(gain.high, -0.5 * 0.375);
  EXPECT_LT(gain.low, -0.375);
  EXPECT_GT(gain.low, -0.45);
  // Some application's media type is no word of a configuration.
  CompressionLook odd = style_sheet();
  odd.samples[0].media_type = "text/css #";
  EXPECT_TRUE(compression_gain(odd.served, odd.samples).media_types.empty());
  // Another file that nobody asked for may compress as well.
  look.served.texts.push_back({"/b.css", 100, 4e6});
  EXPECT_DOUBLE_EQ(compression_gain(look.served, look.samples).high, gain.high);
  EXPECT_NEAR(compression_gain(look.served, look.samples).low, gain.low - 0.075, 0.01);
}

TEST(Compression, nothing_is_said_without_a_sure_gain) {
  const struct {
    const char* why;
    void (*change)(CompressionLook&);
  } cases[] = {
      {"compressed already", [](CompressionLook& l) { l.samples[0].is_encoded = true; }},
      {"no text", [](CompressionLook& l) { l.samples[0].media_type = "font/woff2"; }},
      {"small",
       [](CompressionLook& l) {
         l.samples[0].bytes = 900, l.samples[0].compressed = 100, l.served.texts[0].bytes = 9e5;
       }},
      {"compresses badly", [](CompressionLook& l) { l.samples[0].compressed = 19'000; }},
      {"the log tells of another size", [](CompressionLook& l) { l.served.texts[0].bytes = 5e6; }},
      {"a small part of the bytes", [](CompressionLook& l) { l.served.bytes = 400e6; }},
      {"few bytes a day", [](CompressionLook& l) { l.traffic.seconds = 1e6; }},
      {"no answers", [](CompressionLook& l) { l.samples.clear(); }},
      {"nothing served", [](CompressionLook& l) { l.served = {}; }},
  };
  EXPECT_TRUE(advise_compression(style_sheet(), kWhere));
  for (const auto& one : cases) {
    CompressionLook look = style_sheet();
    one.change(look);
    EXPECT_FALSE(advise_compression(look, kWhere)) << one.why;
  }
}

TEST(Compression, advice_says_what_is_done_expected_watched_and_undone) {
  const auto advice = advise_compression(style_sheet(), kWhere);
  ASSERT_TRUE(advice);
  EXPECT_EQ(advice->action.type, "nginx.edit");
  EXPECT_EQ(advice->action.parameters.at("path"), "/etc/nginx/nginx.conf");
  EXPECT_EQ(advice->action.parameters.at("find"), "http {");
  EXPECT_TRUE(advice->action.apply.contains("gzip_types text/css;")) << advice->action.apply;
  EXPECT_FALSE(advice->action.undo.empty());
  EXPECT_EQ(advice->expected.metric, advice->verify.target.expression);
  EXPECT_EQ(advice->verify.guards.size(), 3u);
  EXPECT_EQ(advice->verify.step_ms, 5 * kSecondMs);
  EXPECT_EQ(advice->risk, Risk::kLow);
  EXPECT_GE(advice->evidence.size(), 3u);
  EXPECT_FALSE(advice->cost.empty());

  CompressionLook secret = style_sheet();
  secret.configuration =
      configuration("http { server { ssl_certificate a; location / { proxy_pass http://b; } } }");
  EXPECT_EQ(advise_compression(secret, kWhere)->risk, Risk::kMedium);
}

TEST(Compression, edit_fits_what_is_set_already) {
  const char* const kAll = "\n    gzip_vary on;\n    gzip_min_length 1000;\n    gzip_types text/css;";
  const struct {
    std::string text, result;  // "" = for people
  } cases[] = {
      {"http { }", fmt::format("http {{\n    gzip on;{} }}", kAll)},
      {"http { gzip off; }", fmt::format("http {{ gzip on;{} }}", kAll)},
      {"http { gzip on; }", fmt::format("http {{ gzip on;{} }}", kAll)},
      {"# gzip on;\nhttp { gzip on; #gzip_types a;\n}",
       fmt::format("# gzip on;\nhttp {{ gzip on;{} #gzip_types a;\n}}", kAll)},
      {"http { gzip on; gzip_vary off; gzip_min_length 10; gzip_types a/b; }",
       "http { gzip on; gzip_vary off; gzip_min_length 10; gzip_types a/b text/css; }"},
      {"http { gzip_types a/b; gzip_vary on; gzip_min_length 10; gzip off; }",
       "http { gzip_types a/b text/css; gzip_vary on; gzip_min_length 10; gzip on; }"},
      {"http { gzip_types text/css; gzip_vary on; gzip_min_length 10; }",
       "http {\n    gzip on; gzip_types text/css; gzip_vary on; gzip_min_length 10; }"},
      {"http { gzip on; gzip_vary on; gzip_min_length 10; gzip_types 'a b' \"#c\"; }",  // quotes stay
       "http { gzip on; gzip_vary on; gzip_min_length 10; gzip_types 'a b' \"#c\" text/css; }"},
      {"http { gzip on; gzip_types text/css; }", ""},  // and yet it was not compressed
      {"http { gzip on; gzip_types *; }", ""},
      {"http { server { gzip off; } }", ""},
      {"http { server { location / { gzip_types a/b; } } }", ""},
      {"events { }", ""},
      {"http a;", ""},
  };
  for (const auto& one : cases) {
    const Configuration before = configuration(one.text);
    const auto edit = compression_edit(before, {"text/css", "text/html"});
    ASSERT_EQ(edit.has_value(), !one.result.empty()) << one.text;
    if (edit) {
      EXPECT_EQ(applied(before, *edit), one.result);
    }
  }
  const Configuration html = configuration("http { }");
  EXPECT_FALSE(applied(html, *compression_edit(html, {"text/html"})).contains("gzip_types"));
}

// A thousand requests, 300 of which ask whether a style sheet and a picture are still good.
Served asking_again() {
  Served out;
  out.requests = 1000;
  out.unchanged = {{"/a.css", 200, 0}, {"/b.png", 100, 0}};
  return out;
}

TEST(Lifetimes, files_that_are_asked_for_again_and_say_none_are_told_to_people) {
  const Sample css{.path = "/a.css"}, png{.path = "/b.png", .has_lifetime = true};
  const auto advice = advise_lifetimes(asking_again(), std::array{css, png}, kWhere);
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->action.type.empty());
  EXPECT_EQ(advice->evidence[0].value, "300 of 1000 requests, 30 %");
  EXPECT_EQ(advice->evidence[1].value, "66.7 % at least");
  ASSERT_EQ(advice->evidence.size(), 3u);
  EXPECT_EQ(advice->evidence[2].name, "/a.css");
}

TEST(Lifetimes, nothing_is_said_without_need) {
  const Sample css{.path = "/a.css"};
  const struct {
    const char* why;
    void (*change)(Served&, Sample&);
  } cases[] = {
      {"few", [](Served& s, Sample&) { s.unchanged = {{"/a.css", 99, 0}}, s.requests = 200; }},
      {"few of all", [](Served& s, Sample&) { s.requests = 4000; }},
      {"said", [](Served&, Sample& a) { a.has_lifetime = true; }},
      {"not asked for", [](Served&, Sample& a) { a.path = "/c.css"; }},
      {"less than half", [](Served& s, Sample&) { s.unchanged[0].requests = 90; }},
  };
  for (const auto& one : cases) {
    Served served = asking_again();
    Sample sample = css;
    one.change(served, sample);
    EXPECT_FALSE(advise_lifetimes(served, {&sample, 1}, kWhere)) << one.why;
  }
}

ConnectionsLook full() {
  ConnectionsLook look;
  look.accepted = 10'000;
  look.handled = 9'000;
  look.active_max = 500;
  look.open_files_max = 65536;
  look.seconds = 900;
  look.configuration = configuration("events { worker_connections 512; }");
  return look;
}

TEST(Connections, edit_fits_what_is_set_already) {
  const struct {
    const char* text;
    double files;
    const char* result;  // "" = for people
  } cases[] = {
      {"events { worker_connections 512; }", 65536, "events { worker_connections 2048; }"},
      {"events { worker_connections 600; }", 65536, "events { worker_connections 2048; }"},
      {"events { }", 65536, "events {\n    worker_connections 2048; }"},
      {"events { worker_connections 512; }", 0, "events { worker_connections 2048; }"},
      {"events { worker_connections 512; }", 1024, ""},
      {"worker_rlimit_nofile 8192; events { worker_connections 512; }", 1024,
       "worker_rlimit_nofile 8192; events { worker_connections 2048; }"},
  };
  for (const auto& one : cases) {
    ConnectionsLook look = full();
    look.configuration = configuration(one.text);
    look.open_files_max = one.files;
    const auto advice = advise_connections(look, kWhere);
    ASSERT_TRUE(advice) << one.text;
    EXPECT_EQ(advice->action.type, *one.result == '\0' ? "" : "nginx.edit") << one.text;
    if (*one.result == '\0') continue;
    const auto& edit = advice->action.parameters;
    EXPECT_EQ(applied(look.configuration, {edit.at("path"), edit.at("find"), edit.at("replace")}),
              one.result);
  }
}

TEST(Connections, few_or_unknown_losses_are_no_reason) {
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  const struct {
    double accepted, handled;
  } cases[] = {{10'000, 10'000}, {10'000, 9'990}, {1e6, 1e6 - 500}, {nothing, 9'000}, {10'000, nothing}};
  for (const auto& one : cases) {
    ConnectionsLook look = full();
    look.accepted = one.accepted;
    look.handled = one.handled;
    EXPECT_FALSE(advise_connections(look, kWhere)) << one.accepted << " " << one.handled;
  }
  ConnectionsLook brief = full();
  brief.seconds = kTrafficSecondsMin - 1;
  EXPECT_FALSE(advise_connections(brief, kWhere));
}

TEST(Connections, limit_of_open_files_is_read) {
  EXPECT_EQ(
      open_files_limit("Limit   Soft Limit Hard Limit Units\nMax open files    1024    524288    files\n"),
      1024);
  EXPECT_EQ(open_files_limit("Max open files  unlimited  unlimited files"), 0);
  EXPECT_EQ(open_files_limit("Max open files"), 0);
  EXPECT_EQ(open_files_limit(""), 0);
}

TEST(ServerTraffic, too_little_says_what_is_needed) {
  const struct {
    Traffic traffic;
    const char* lacks;
  } cases[] = {
      {{.requests = 1000, .seconds = 100}, ""},
      {{.requests = 1000, .seconds = 10}, "1 more minute of requests"},
      {{.requests = 50, .seconds = 100}, "5 more minutes of requests"},
      {{.requests = 10, .seconds = 900}, "200 requests within 15 minutes; there were 10"},
      {{.requests = 0, .seconds = 900}, "200 requests in the access log"},
      {{}, "200 requests in the access log"},
  };
  for (const auto& one : cases) EXPECT_EQ(lacks(one.traffic), one.lacks);
}

TEST(ServerTraffic, a_look_holds_enough_requests_and_rounds) {
  EXPECT_EQ(look_step({.requests = 1e6, .seconds = 100}, 100), 2 * kSecondMs);
  EXPECT_EQ(look_step({.requests = 200, .seconds = 100}, kSecondMs), 50 * kSecondMs);
  EXPECT_EQ(look_step({.requests = 1e6, .seconds = 100}, 15 * kSecondMs), kMinuteMs);
  EXPECT_EQ(look_step({}, kSecondMs), 5 * kMinuteMs);
}

TEST(NginxAdvisors, a_target_that_shows_too_little_is_told_so) {
  AdvisorWorld world;
  Target target;
  target.kind = TargetKind::kNginx;
  target.id = "edge";
  target.url = "http://127.0.0.1:1/stub_status";
  const auto advisors = create_advisors(target);
  ASSERT_EQ(advisors.size(), 7u);
  const auto said = advisors[0]->advise(world.context());
  ASSERT_TRUE(said) << said.error().message();
  ASSERT_EQ(said->size(), 1u);
  EXPECT_EQ(said->front().state, RecommendationState::kNotEnoughData);
  EXPECT_EQ(said->front().needs, "log, url (http) and config of the target");
  EXPECT_EQ(said->front().entity.to_string(), "service/nginx@" + target.instance);
  EXPECT_EQ(advisors[1]->advise(world.context()).value().size(), 0u);
}

}  // namespace
}  // namespace trimtab::advise::nginx
