// SPDX-License-Identifier: Apache-2.0
// The handlers over a store in memory, without sockets; and one whole application over a real one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "server/api_testlib.h"
#include "server/application.h"
#include "server/openapi.h"
#include "server/raw_client_testlib.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;
using testing::HasSubstr;

constexpr const char* kSnappy = "snappy";
constexpr const char* kProtobuf = "application/x-protobuf";

std::string varint(std::uint64_t n) {
  std::string out;
  for (; n >= 0x80; n >>= 7) out += static_cast<char>(n | 0x80);
  return out + static_cast<char>(n);
}

std::string field(int number, const std::string& payload) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(payload.size()) + payload;
}

// A remote write 1.0 body with one series of one sample, snappy by literals only.
std::string write_body(const std::string& name, TimestampMs at, double value) {
  std::string sample = "\x09" + std::string(reinterpret_cast<const char*>(&value), 8) + "\x10" +
                       varint(static_cast<std::uint64_t>(at));
  const std::string message = field(1, field(1, field(1, "__name__") + field(2, name)) + field(2, sample));
  std::string out = varint(message.size());
  for (std::size_t i = 0; i < message.size(); i += 60) {
    const std::string piece = message.substr(i, 60);
    out += static_cast<char>((piece.size() - 1) << 2) + piece;
  }
  return out;
}

class ReceivingApiTest : public ApiTest {
 protected:
  Response write(std::string_view body, const char* type = kProtobuf, const char* encoding = kSnappy) {
    return call("POST", "/api/v1/write", body, {{"Content-Type", type}, {"Content-Encoding", encoding}});
  }
};

TEST_F(ReceivingApiTest, remote_write_stores_and_tells_what_was_written) {
  const Response response = write(write_body("up", kNow, 1));
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(response.headers,
              testing::Contains(testing::Pair("X-Prometheus-Remote-Write-Samples-Written", "1")));
  EXPECT_EQ(store_.samples("up"), (MemoryStore::Samples{{kNow, 1}}));
}

TEST_F(ReceivingApiTest, bad_writes_are_4xx_with_the_reason_and_never_500) {
  EXPECT_EQ(write("not snappy").status, 400);
  const std::string good = write_body("up", kNow, 1);
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_EQ(write(good.substr(0, cut)).status, 400) << cut;
  EXPECT_EQ(write(good, "text/html").status, 415);
  EXPECT_EQ(write(good, "application/x-protobuf;proto=io.prometheus.write.v3.Request").status, 415);
  EXPECT_EQ(write(good, kProtobuf, "br").status, 415);
  EXPECT_EQ(call("POST", "/v1/metrics", "{}", {{"Content-Type", "text/plain"}}).status, 415);
  const Response reason = write("not snappy");
  EXPECT_THAT(reason.body, HasSubstr("\"errorType\":\"bad_data\""));
}

TEST_F(ReceivingApiTest, a_store_that_refuses_is_503_with_the_reason_and_retry_after) {
  store_.refusal = "disk full: 12 MiB free, floor 256 MiB";
  const Response response = write(write_body("up", kNow, 1));
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("disk full"));
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Retry-After", "5")));
  EXPECT_EQ(call("GET", "/-/healthy").status, 200);
  EXPECT_THAT(call("GET", "/-/ready").body, HasSubstr("takes no writes: disk full"));
}

TEST_F(ApiTest, otlp_json_is_taken_and_answered_in_kind) {
  const std::string body = fmt::format(
      R"({{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"q","gauge":{{"dataPoints":[{{"timeUnixNano":"{}000000","asDouble":3}}]}}}}]}}]}}]}})",
      kNow);
  const Response response = call("POST", "/v1/metrics", body, {{"Content-Type", "application/json"}});
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(store_.series_names().size(), 1u);
}

TEST_F(ApiTest, export_gives_each_series_once_in_the_range) {
  put({{"__name__", "a"}, {"x", "q\"uote"}}, kNow - 1000, 0.1);
  put({{"__name__", "a"}, {"x", "q\"uote"}}, kNow, std::numeric_limits<double>::infinity());
  put({{"__name__", "b"}}, kNow, stale_marker());
  EXPECT_EQ(call("GET", "/api/v1/export?match[]=a&match[]={__name__=~\"a|b\"}").body,
            fmt::format("{{\"metric\":{{\"__name__\":\"a\",\"x\":\"q\\\"uote\"}},\"values\":[0.1,"
                        "\"Infinity\"],\"timestamps\":[{},{}]}}\n"
                        "{{\"metric\":{{\"__name__\":\"b\"}},\"values\":[null],\"timestamps\":[{}]}}\n",
                        kNow - 1000, kNow, kNow));
  EXPECT_THAT(call("GET", "/api/v1/export?match[]=a&end=now-1s").body, HasSubstr("\"values\":[0.1],"));
}

TEST_F(ApiTest, import_keeps_good_lines_and_tells_the_bad_ones) {
  const std::string good = fmt::format(
      R"({{"metric":{{"__name__":"m"}},"values":[1,"NaN"],"timestamps":[{},{}]}})", kNow - 1, kNow);
  const Response response =
      call("POST", "/api/v1/import?extra_label=site%3Dx", good + "\nnot json\n" + good + "\n");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr("\"linesRejected\":1"));
  EXPECT_THAT(response.body, HasSubstr("\"line\":2,\"reason\":\"malformed\""));
  EXPECT_EQ(store_.samples("m{site=\"x\"}").size(), 2u);
  EXPECT_EQ(call("POST", "/api/v1/import", "not json\n").status, 400);
  EXPECT_EQ(call("POST", "/api/v1/import/prometheus", "up 1\n").status, 200);
  EXPECT_EQ(store_.samples("up"), (MemoryStore::Samples{{kNow, 1}}));
  EXPECT_EQ(call("POST", "/api/v1/import/csv?time=t:unix_ms&value=v=csv_v", fmt::format("t,v\n{},3\n", kNow))
                .status,
            200);
  EXPECT_EQ(store_.samples("csv_v"), (MemoryStore::Samples{{kNow, 3}}));
  EXPECT_EQ(call("POST", "/api/v1/import/csv", "t,v\n").status, 400);
  store_.refusal = "disk full";
  EXPECT_EQ(call("POST", "/api/v1/import", good).status, 503);
}

TEST_F(ApiTest, wrong_questions_name_the_parameter) {
  const std::pair<const char*, const char*> cases[] = {
      {"/api/v1/export", "match[] is required"},
      {"/api/v1/export?match[]=up{", "match[]: 1:"},
      {"/api/v1/export?match[]=up&start=yesterday", "start: "},
      {"/api/v1/export?match[]=up&start=2&end=1", "start lies after end"},
      {"/api/v1/series?match[]=up&limit=x", "limit: "},
      {"/api/trimtab/brief?format=pdf", "pdf"},
      {"/api/trimtab/brief?for=nobody", "nobody"},
      {"/api/trimtab/brief?at=2030-01-01", "lies in the future"},
      {"/api/trimtab/findings?state=odd", "odd"},
      {"/api/trimtab/findings/F-x", "is not a finding"},
  };
  for (const auto& [target, words] : cases) {
    const Response response = call("GET", target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_THAT(response.body, HasSubstr(words)) << target;
  }
  EXPECT_EQ(call("GET", "/api/trimtab/findings/F-7").status, 404);
}

TEST_F(ApiTest, findings_are_listed_and_decided_by_people) {
  Finding finding;
  finding.fingerprint = "f";
  finding.entity = {"service", "checkout"};
  finding.title = "slow";
  finding.since_ms = finding.last_seen_ms = kNow;
  AnalysisPass pass;
  pass.at_ms = kNow;
  ASSERT_TRUE(ledger_->record_pass(pass, {finding}, kMinuteMs).has_value());
  EXPECT_THAT(call("GET", "/api/trimtab/findings?state=open").body, HasSubstr("\"title\":\"slow\""));
  EXPECT_EQ(call("POST", "/api/trimtab/findings/F-1/state", R"({"state":"dismissed","by":"ann"})").status,
            400);  // no reason
  EXPECT_EQ(call("POST", "/api/trimtab/findings/F-1/state", R"({"state":"acknowledged"})").status,
            400);  // nobody
  EXPECT_EQ(call("POST", "/api/trimtab/findings/F-1/state", R"({"stat":"open"})").status, 400);
  EXPECT_EQ(call("POST", "/api/trimtab/findings/F-1/state", "[]").status, 400);
  const Response done = call("POST", "/api/trimtab/findings/F-1/state",
                             R"({"state":"acknowledged","by":"ann","reason":"on it","until":"2026-12-01"})");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(ledger_->finding(1)->state, FindingState::kAcknowledged);
  EXPECT_EQ(ledger_->finding(1)->state_by, "ann");
}

TEST_F(ApiTest, events_are_added_updated_by_key_and_listed) {
  EXPECT_EQ(call("POST", "/api/trimtab/events", R"({"title":"v1","kind":"deploy","key":"k"})").status, 201);
  EXPECT_EQ(call("POST", "/api/trimtab/events", R"({"title":"v2","kind":"deploy","key":"k"})").status, 201);
  EXPECT_EQ(call("POST", "/api/trimtab/events", R"({"kind":"deploy"})").status, 400);
  EXPECT_EQ(call("POST", "/api/trimtab/events", "nonsense").status, 400);
  const auto events = ledger_->events({.range = {}, .entity = std::nullopt, .kind = "deploy", .limit = 10});
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->at(0).title, "v2");
  EXPECT_EQ(events->at(0).at_ms, kNow);
  EXPECT_THAT(call("GET", "/api/trimtab/events?since=now-1h&kind=deploy").body, HasSubstr("\"v2\""));
}

TEST_F(ApiTest, briefs_answer_before_the_first_pass_in_every_format) {
  const std::pair<const char*, const char*> cases[] = {{"text", "text/plain; charset=utf-8"},
                                                       {"json", "application/json"},
                                                       {"html", "text/html; charset=utf-8"},
                                                       {"markdown", "text/markdown; charset=utf-8"}};
  for (const auto& [format, type] : cases) {
    const Response response = call("GET", fmt::format("/api/trimtab/brief?format={}", format));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, type);
    EXPECT_FALSE(response.body.empty());
  }
  EXPECT_EQ(call("GET", "/").content_type, "text/html; charset=utf-8");
}

TEST_F(ReceivingApiTest, rejects_show_reason_source_and_detail) {
  write("not snappy");
  const std::string body = call("GET", "/api/trimtab/rejects").body;
  EXPECT_THAT(body, HasSubstr("\"reason\":\"malformed\""));
  EXPECT_THAT(body, HasSubstr("\"source\":\"remote_write_1\""));
}

TEST_F(ApiTest, json_answers_parse_and_openapi_names_every_route) {
  simdjson::dom::parser parser;
  for (const char* target : {"/api/v1/metadata", "/api/v1/targets", "/api/v1/status/buildinfo",
                             "/api/trimtab/status", "/api/trimtab/rejects", "/api/trimtab/findings",
                             "/api/trimtab/events", "/api/trimtab/openapi.json"}) {
    const std::string body = call("GET", target).body;
    EXPECT_EQ(parser.parse(body).error(), simdjson::SUCCESS) << target << body;
  }
  const std::string document = call("GET", "/api/trimtab/openapi.json").body;
  for (const http::Route& route : router_.routes())
    EXPECT_THAT(document, HasSubstr("\"" + route.pattern + "\"")) << route.pattern;
}

TEST_F(ApiTest, the_document_in_the_tree_is_current) {
  const std::string path = std::string(TRIMTAB_SOURCE_DIR) + "/docs/api.md";
  if (std::getenv("TRIMTAB_UPDATE_DOCS") != nullptr) std::ofstream(path) << api_markdown(router_);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), api_markdown(router_)) << "run: TRIMTAB_UPDATE_DOCS=1 server_test";
}

TEST(Application, keeps_what_it_acknowledged_over_a_restart) {
  const std::string folder = testing::TempDir() + "trimtab_application_" + std::to_string(::getpid());
  const SystemClock clock;
  const auto logger = create_null_logger();
  std::vector<Error> problems;
  Configuration configuration = load_configuration_text(
      "listen: 127.0.0.1:0\nhost: {enabled: false}\nself_scrape: {interval: 0}\n", "t", problems);
  ASSERT_TRUE(problems.empty());
  configuration.data_directory = folder;
  const TimestampMs at = clock.now_ms() - 1000;
  for (const bool first : {true, false}) {
    auto application = Application::start(configuration, clock, *logger);
    ASSERT_TRUE(application.has_value()) << application.error().message();
    const std::uint16_t port = (*application)->port();
    if (first) {
      EXPECT_EQ(ask(port, "POST", "/api/v1/write", write_body("kept", at, 42),
                    "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n")
                    .status,
                204);
      const auto second = Application::start(configuration, clock, *logger);
      ASSERT_FALSE(second.has_value());
      EXPECT_EQ(second.error().code(), ErrorCode::kConflict);
    }
    EXPECT_EQ(
        ask(port, "GET", "/api/v1/export?match[]=kept").body,
        fmt::format("{{\"metric\":{{\"__name__\":\"kept\"}},\"values\":[42],\"timestamps\":[{}]}}\n", at));
    EXPECT_EQ(ask(port, "GET", "/api/v1/series?match[]=kept").body,
              "{\"status\":\"success\",\"data\":[{\"__name__\":\"kept\"}]}\n");
    EXPECT_EQ(ask(port, "GET", "/api/v1/label/__name__/values").body,
              "{\"status\":\"success\",\"data\":[\"kept\"]}\n");
    EXPECT_THAT(ask(port, "GET", "/").body, HasSubstr("<!doctype html>"));
    EXPECT_TRUE((*application)->brief_now({}).has_value());
    EXPECT_TRUE((*application)->reload());
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace trimtab
