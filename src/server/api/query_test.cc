// SPDX-License-Identifier: Apache-2.0
// Prometheus' HTTP API as its clients see it: parameters, shapes, errors and bounds.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <simdjson.h>

#include "base/http_client.h"
#include "server/api/request_reading.h"
#include "server/api_testlib.h"
#include "server/query_desk.h"

namespace trimtab {
namespace {

using http::Response;
using testing::HasSubstr;

class QueryApiTest : public ApiTest {
 protected:
  QueryApiTest() {
    for (int i = 0; i <= 10; ++i) {
      put({{"__name__", "up"}, {"job", "a"}}, kNow - (10 - i) * 15'000, i);
      put({{"__name__", "up"}, {"job", "b"}}, kNow - (10 - i) * 15'000, 1);
    }
  }
  std::string error_of(const Response& response) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    if (parser.parse(response.body).get(document)) return "not JSON: " + response.body;
    return fmt::format("{} {}: {}", response.status, std::string_view(document["errorType"]),
                       std::string_view(document["error"]));
  }
};

TEST_F(QueryApiTest, instant_and_range_answers_have_prometheus_shape) {
  EXPECT_EQ(call("GET", "/api/v1/query?query=up{job=\"a\"}").body,
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"__name__":"up","job":"a"},"value":[1795255200,"10"]}]}})"
            "\n");
  EXPECT_EQ(call("GET", "/api/v1/query?query=up{job=\"a\"}&time=2026-11-21T09:59:30.5Z").body,
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"__name__":"up","job":"a"},"value":[1795255170.500,"8"]}]}})"
            "\n");
  EXPECT_THAT(call("GET", "/api/v1/query?query=1.5").body,
              HasSubstr(R"("scalar","result":[1795255200,"1.5"])"));
  EXPECT_THAT(call("GET", "/api/v1/query?query=up[20s]").body,
              HasSubstr(R"("values":[[1795255185,"9"],[1795255200,"10"]])"));
  EXPECT_THAT(
      call("GET", "/api/v1/query_range?query=up{job=\"a\"}&start=1795255170&end=1795255200&step=15").body,
      HasSubstr(R"("values":[[1795255170,"8"],[1795255185,"9"],[1795255200,"10"]])"));
  EXPECT_THAT(call("GET", "/api/v1/query_range?query=2&start=now-1m&end=now&step=30s").body,
              HasSubstr(R"("resultType":"matrix","result":[{"metric":{},"values":[[)"));
}

TEST_F(QueryApiTest, the_form_of_a_post_is_the_same_question) {
  // The server puts a form's pairs among the parameters before the handler runs.
  for (const char* path :
       {"/api/v1/query", "/api/v1/query_range", "/api/v1/query_exemplars", "/api/v1/series", "/api/v1/labels",
        "/api/v1/format_query", "/api/v1/parse_query"}) {
    for (const char* method : {"GET", "POST"})
      EXPECT_NE(router_.find(method, path).route, nullptr) << method << path;
    EXPECT_GT(router_.find("POST", path).route->body_bytes_max, 0u);
    EXPECT_EQ(router_.find("POST", path).route->access, http::Access::kRead);
  }
}

TEST_F(QueryApiTest, wrong_questions_get_prometheus_code_and_type) {
  const std::pair<const char*, const char*> cases[] = {
      {"query", "400 bad_data: invalid parameter \"query\": 1:1: parse error"},
      {"query?query=up{", "400 bad_data: invalid parameter \"query\": 1:4"},
      {"query?query=up&time=tea", "400 bad_data: invalid parameter \"time\""},
      {"query?query=up&timeout=x", "400 bad_data: invalid parameter \"timeout\""},
      {"query?query=up&timeout=0", "400 bad_data: invalid parameter \"timeout\""},
      {"query?query=up&limit=-1", "400 bad_data: invalid parameter \"limit\""},
      {"query?query=up&lookback_delta=soon", "400 bad_data: invalid parameter \"lookback_delta\""},
      {"query?query=up&lookback_delta=-5", "400 bad_data: invalid parameter \"lookback_delta\""},
      {"query_range?query=up&end=1&step=1", "400 bad_data: invalid parameter \"start\""},
      {"query_range?query=up&start=1&step=1", "400 bad_data: invalid parameter \"end\""},
      {"query_range?query=up&start=2&end=1&step=1",
       "400 bad_data: invalid parameter \"end\": end timestamp must not be before start time"},
      {"query_range?query=up&start=1&end=2", "400 bad_data: invalid parameter \"step\""},
      {"query_range?query=up&start=1&end=2&step=0",
       "400 bad_data: invalid parameter \"step\": zero or negative query resolution step widths are not "
       "accepted. "
       "Try a positive integer"},
      {"query_range?query=up&start=1&end=2&step=-5s", "400 bad_data: invalid parameter \"step\""},
      {"query_range?query=up&start=0&end=11001&step=1",
       "400 bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
       "resolution (?step=XX)"},
      {"query_range?query=up&start=0&end=1000000000&step=0.001", "400 bad_data: exceeded maximum resolution"},
      {"query_range?query=up[5m]&start=1&end=2&step=1",
       "400 bad_data: invalid parameter \"query\": invalid expression type \"range vector\" for range query, "
       "must be "
       "Scalar or instant Vector"},
      {"query_range?query=\"x\"&start=1&end=2&step=1",
       "400 bad_data: invalid parameter \"query\": invalid expression "
       "type \"string\""},
      {"query_exemplars?query=up{", "400 bad_data"},
      {"format_query?query=up{", "400 bad_data"},
      {"parse_query?query=", "400 bad_data"},
      {"labels?match[]=up{", "400 bad_data"},
  };
  for (const auto& [target, words] : cases)
    EXPECT_THAT(error_of(call("GET", std::string("/api/v1/") + target)), HasSubstr(words)) << target;
}

TEST_F(QueryApiTest, eleven_thousand_steps_are_still_answered) {
  EXPECT_EQ(call("GET", "/api/v1/query_range?query=1&start=0&end=11000&step=1").status, 200);
}

TEST_F(QueryApiTest, errors_of_an_evaluation_map_to_prometheus_codes) {
  struct Failing final : promql::Querier, promql::PreparedQuery {
    ErrorCode code = ErrorCode::kInvalid;
    struct Forward final : promql::PreparedQuery {
      explicit Forward(Failing& o) : owner(o) {}
      promql::ValueType type() const override { return promql::ValueType::kNone; }
      Result<promql::Answer> run(const promql::QueryWindow&, const promql::QueryOptions&) override {
        return fail(owner.code, "no");
      }
      Failing& owner;
    };
    Result<std::unique_ptr<promql::PreparedQuery>> prepare(std::string_view) override {
      return std::make_unique<Forward>(*this);
    }
    promql::ValueType type() const override { return promql::ValueType::kNone; }
    Result<promql::Answer> run(const promql::QueryWindow&, const promql::QueryOptions&) override {
      return fail(code, "");
    }
  };
  Failing querier;
  QueryDesk desk(querier, query_, clock_, metrics_);
  http::Request request;
  request.parameters = {{"query", "up"}};
  const std::pair<ErrorCode, const char*> cases[] = {
      {ErrorCode::kInvalid, "422 execution: no"},       {ErrorCode::kLimit, "422 execution: no"},
      {ErrorCode::kTimeout, "503 timeout: no"},         {ErrorCode::kCancelled, "499 canceled: no"},
      {ErrorCode::kUnavailable, "503 unavailable: no"}, {ErrorCode::kCorrupt, "500 internal: no"},
      {ErrorCode::kInternal, "500 internal: no"},
  };
  for (const auto& [code, words] : cases) {
    querier.code = code;
    EXPECT_EQ(error_of(desk.answer(request, true)), words);
  }
  EXPECT_THAT(metrics_.expose(), HasSubstr("trimtab_queries_total{kind=\"instant\",outcome=\"timeout\"} 1"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("trimtab_queries_total{kind=\"instant\",outcome=\"limit\"} 1"));
  // Time in the queue is part of the time-out.
  request.waited_ns = query_.limits.timeout_ms * 1'000'000;
  EXPECT_THAT(error_of(desk.answer(request, true)), HasSubstr("503 timeout: query timed out in the queue"));
}

TEST_F(QueryApiTest, a_client_that_is_gone_ends_its_query) {
  const std::atomic<bool> gone{true};
  QueryDesk desk(*querier_, query_, clock_, metrics_);
  http::Request request;
  request.parameters = {{"query", "up"}};
  request.cancelled = &gone;
  EXPECT_EQ(desk.answer(request, true).status, 499);
}

TEST_F(QueryApiTest, bounds_of_answers_refuse_cut_and_count) {
  query_.response_bytes_max = 100;
  QueryDesk small(*querier_, query_, clock_, metrics_);
  http::Request request;
  request.parameters = {{"query", "up"}, {"start", "0"}, {"end", "now"}, {"step", "1000000"}};
  request.parameters[1].second = "1795255050";
  request.parameters[3].second = "15";
  EXPECT_THAT(error_of(small.answer(request, false)),
              HasSubstr("422 execution: the answer would be more than"));
  query_.response_bytes_max = 1 << 20;
  query_.answers_memory_bytes_max = 10;
  QueryDesk full(*querier_, query_, clock_, metrics_);
  EXPECT_THAT(error_of(full.answer(request, false)), HasSubstr("503 unavailable"));
  EXPECT_THAT(metrics_.expose(),
              HasSubstr("trimtab_query_responses_refused_total{bound=\"response_bytes\"} 1"));
  EXPECT_THAT(metrics_.expose(),
              HasSubstr("trimtab_query_responses_refused_total{bound=\"answers_memory\"} 1"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("trimtab_query_answers_bytes 0"));
}

TEST_F(QueryApiTest, a_large_answer_comes_in_pieces_that_make_one_document) {
  for (int i = 0; i < 3000; ++i) put({{"__name__", "many"}, {"i", std::to_string(i)}}, kNow, i);
  const Response response =
      call("GET", "/api/v1/query_range?query=many&start=1795255200&end=1795255440&step=30&stats=all&trace=1");
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  ASSERT_EQ(parser.parse(response.body).get(document), simdjson::SUCCESS);
  EXPECT_GT(response.body.size(), 600'000u);
  EXPECT_TRUE(response.chunks);
  simdjson::dom::array result;
  ASSERT_EQ(document["data"]["result"].get(result), simdjson::SUCCESS);
  EXPECT_EQ(result.size(), 3000u);
  EXPECT_TRUE(document["data"]["stats"]["samples"].is_object());
}

TEST_F(QueryApiTest, limit_cuts_and_warns) {
  EXPECT_THAT(call("GET", "/api/v1/query?query=up&limit=1").body,
              HasSubstr(R"("warnings":["results truncated due to limit"])"));
  EXPECT_THAT(call("GET", "/api/v1/query?query=up&limit=2").body, testing::Not(HasSubstr("warnings")));
  EXPECT_EQ(
      call("GET", "/api/v1/series?match[]=up&limit=1").body,
      R"({"status":"success","data":[{"__name__":"up","job":"a"}],"warnings":["results truncated due to limit"]})"
      "\n");
}

TEST_F(QueryApiTest, texts_are_formatted_and_parsed) {
  EXPECT_EQ(call("GET", "/api/v1/format_query?query=sum(up)by(job)").body,
            "{\"status\":\"success\",\"data\":\"sum by (job) (up)\"}\n");
  EXPECT_THAT(call("GET", "/api/v1/parse_query?query=sum(up)").body,
              HasSubstr(R"("data":{"type":"aggregation","op":"sum")"));
  EXPECT_EQ(call("GET", "/api/v1/query_exemplars?query=up&start=1&end=2").body,
            "{\"status\":\"success\",\"data\":[]}\n");
}

TEST(LabelName, escapes_are_undone_and_other_names_stay) {
  const std::pair<const char*, const char*> cases[] = {{"job", "job"},
                                                       {"U__a_2e_b", "a.b"},
                                                       {"U__a__b", "a_b"},
                                                       {"U__snow_2603_", "snow\u2603"},
                                                       {"U__", ""},
                                                       {"U__a_2e", "U__a_2e"},
                                                       {"U__a_zz_b", "U__a_zz_b"},
                                                       {"U__a_d800_", "U__a_d800_"},
                                                       {"U__a_ffffffff_", "U__a_ffffffff_"},
                                                       {"U__a_1F600_", "a\U0001F600"}};
  for (const auto& [text, want] : cases) EXPECT_EQ(unescape_label_name(text), want) << text;
}

TEST(Seconds, are_a_number_or_a_duration) {
  EXPECT_EQ(read_seconds_or_duration("15").value(), 15'000);
  EXPECT_EQ(read_seconds_or_duration("0.5").value(), 500);
  EXPECT_EQ(read_seconds_or_duration("1e2").value(), 100'000);
  EXPECT_EQ(read_seconds_or_duration("1m30s").value(), 90'000);
  for (const char* text : {"", "x", "inf", "nan", "1e300", "5mm", "1 m"})
    EXPECT_FALSE(read_seconds_or_duration(text).has_value()) << text;
}

TEST_F(QueryApiTest, status_tells_the_truth) {
  EXPECT_EQ(call("GET", "/api/v1/status/flags").body,
            R"({"status":"success","data":{"listen":"127.0.0.1:7600","query.timeout":"2m"}})"
            "\n");
  EXPECT_THAT(call("GET", "/api/v1/status/config").body, HasSubstr("query.timeout: \\\"2m\\\"\\n"));
  EXPECT_THAT(call("GET", "/api/v1/status/runtimeinfo").body,
              HasSubstr("\"startTime\":\"2026-11-21T10:00:00Z\""));
  EXPECT_EQ(
      call("GET", "/api/v1/status/tsdb?limit=1").body,
      R"({"status":"success","data":{"headStats":{"numSeries":2,"numLabelPairs":3,"chunkCount":0,"minTime":0,)"
      R"("maxTime":0},"seriesCountByMetricName":[{"name":"up","value":2}],"labelValueCountByLabelName":)"
      R"([{"name":"job","value":2}],"memoryInBytesByLabelName":[{"name":"__name__","value":2}],)"
      R"("seriesCountByLabelValuePair":[{"name":"__name__=up","value":2}]}})"
      "\n");
}

TEST_F(QueryApiTest, rules_and_alerts_have_prometheus_shape) {
  EXPECT_EQ(call("GET", "/api/v1/rules").body, "{\"status\":\"success\",\"data\":{\"groups\":[]}}\n");
  EXPECT_EQ(call("GET", "/api/v1/alerts").body, "{\"status\":\"success\",\"data\":{\"alerts\":[]}}\n");
  std::vector<Error> problems;
  auto groups = load_rule_text(R"(groups:
- name: g
  interval: 1m
  rules:
  - {record: "job:up:sum", expr: sum by (job) (up)}
  - alert: High
    expr: up > 5
    labels: {severity: page}
    annotations: {summary: "{{ $labels.job }} at {{ $value }}"}
)",
                               "r.yml", problems);
  rules_.apply(std::move(groups), {});
  EXPECT_THAT(call("GET", "/api/v1/rules").body, HasSubstr(R"("health":"unknown","evaluationTime":0,)"
                                                           R"("lastEvaluation":"0001-01-01T00:00:00Z")"));
  clock_.advance(kMinuteMs);
  rules_.evaluate_due(clock_.now_ms());
  const std::string at = format_timestamp(rules_.view().front()->last_evaluation_ms);
  const std::string alert = fmt::format(
      R"({{"labels":{{"alertname":"High","job":"a","severity":"page"}},"annotations":{{"summary":"a at 10"}},)"
      R"("state":"firing","activeAt":"{}","value":"1e+01"}})",
      at);
  EXPECT_EQ(call("GET", "/api/v1/alerts").body,
            fmt::format("{{\"status\":\"success\",\"data\":{{\"alerts\":[{}]}}}}\n", alert));
  const std::string body = call("GET", "/api/v1/rules").body;
  EXPECT_THAT(
      body,
      HasSubstr(
          R"x({"groups":[{"name":"g","file":"r.yml","rules":[{"name":"job:up:sum","query":"sum by (job) (up)","health":"ok")x"));
  EXPECT_THAT(
      body,
      HasSubstr(
          R"({"state":"firing","name":"High","query":"up > 5","duration":0,"keepFiringFor":0,"labels":{"severity":"page"},)"
          R"("annotations":{"summary":"{{ $labels.job }} at {{ $value }}"},"alerts":[)" +
          alert + "]"));
  EXPECT_THAT(body, HasSubstr(R"("interval":60,"limit":0,"evaluationTime":)"));
  EXPECT_THAT(call("GET", "/api/v1/rules?type=alert").body, testing::Not(HasSubstr("recording")));
  EXPECT_THAT(call("GET", "/api/v1/rules?type=record").body, testing::Not(HasSubstr("alerting")));
  EXPECT_THAT(call("GET", "/api/v1/rules?rule_group[]=other").body, HasSubstr("\"groups\":[]"));
  EXPECT_THAT(call("GET", "/api/v1/rules?match[]={severity=\"page\"}").body,
              testing::Not(HasSubstr("recording")));
  EXPECT_THAT(call("GET", "/api/v1/rules?exclude_alerts=true").body, HasSubstr("\"alerts\":[]"));
  EXPECT_EQ(call("GET", "/api/v1/rules?type=odd").status, 400);
}

TEST_F(QueryApiTest, hostile_texts_are_refused_before_they_cost_anything) {
  const std::string deep = std::string(100'000, '(') + "1" + std::string(100'000, ')');
  const std::string bomb = "up{job=~\"" + std::string("((a{1000}){1000}){1000}") + "\"}";
  std::string wide = "1";
  for (int i = 0; i < 20'000; ++i) wide += "+1";
  for (const std::string& text :
       {deep, bomb, wide, std::string(1 << 20, 'a'), std::string("up{a=\"\xff\"}")}) {
    http::Request request;
    request.method = "GET";
    request.parameters = {{"query", text}};
    for (const char* path : {"/api/v1/query", "/api/v1/format_query", "/api/v1/parse_query"})
      EXPECT_EQ(router_.find("GET", path).route->handle(request).status, 400) << path << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace trimtab
