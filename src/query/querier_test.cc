// SPDX-License-Identifier: Apache-2.0
#include "query/querier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/http_testlib.h"
#include "query/answer_json.h"
#include "store/memory_store_testlib.h"

namespace trimtab::promql {
namespace {

using testing::HasSubstr;

TEST(LocalQuerier, a_prepared_query_runs_any_number_of_times) {
  MemoryStore store;
  const auto querier = Querier::local(store);
  const auto query = querier->prepare("1 + 1").value();
  EXPECT_EQ(query->type(), ValueType::kScalar);
  for (const TimestampMs at : {1'000, 2'000})
    EXPECT_THAT(answer_json(query->run(QueryWindow::at(at), {}).value()),
                HasSubstr(at == 1'000 ? "[1,\"2\"]" : "[2,\"2\"]"));
  EXPECT_EQ(querier->prepare("sum(").error().code(), ErrorCode::kInvalid);
}

class RemoteQuerierTest : public testing::Test {
 protected:
  TestHttpServer::Response answer_;
  TestHttpServer server_{[this](const TestHttpServer::Request&) { return answer_; }};
  Metrics metrics_;
  std::unique_ptr<Querier> querier_ = Querier::remote(
      {.url = server_.url() + "/prefix/", .tenant = "team-a", .auth = {.bearer_token = "secret"}}, metrics_);
  Result<Answer> ask(const QueryWindow& window, const QueryOptions& options = {}) {
    return querier_->prepare("native(up)[5m]")->get()->run(window, options);
  }
};

TEST_F(RemoteQuerierTest, the_text_goes_there_whole_with_tenant_and_token) {
  answer_.body =
      R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":)"
      R"([[1000,"1"],[1015.5,"NaN"]]}]},"warnings":["w"],"infos":["i"]})";
  const auto answer = ask(QueryWindow::over(1'000'000, 1'015'500, 15'500));
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.target, "/prefix/api/v1/query_range");
  EXPECT_EQ(request.body,
            "query=native%28up%29%5B5m%5D&timeout=120000ms&start=1000.000&end=1015.500&step=15.500");
  EXPECT_EQ(request.headers.at("x-scope-orgid"), "team-a");
  EXPECT_EQ(request.headers.at("authorization"), "Bearer secret");
  EXPECT_EQ(answer->warnings, std::vector<std::string>{"w"});
  EXPECT_THAT(answer_json(*answer), HasSubstr(R"("values":[[1000,"1"],[1015.500,"NaN"]])"));
  answer_.body = R"({"data":{"resultType":"vector","result":[]}})";
  QueryOptions options;
  options.lookback_ms = 1'000;
  ASSERT_TRUE(ask(QueryWindow::at(5), options).has_value());
  EXPECT_EQ(server_.requests().at(1).target, "/prefix/api/v1/query");
  EXPECT_THAT(server_.requests().at(1).body, HasSubstr("&time=0.005&lookback_delta=1000ms"));
}

TEST_F(RemoteQuerierTest, its_errors_come_back_with_its_words) {
  const auto query = querier_->prepare("up").value();
  const struct {
    int status;
    ErrorCode code;
    bool about_text;
  } cases[] = {{400, ErrorCode::kInvalid, true},  {422, ErrorCode::kInvalid, false},
               {401, ErrorCode::kDenied, false},  {503, ErrorCode::kUnavailable, false},
               {504, ErrorCode::kTimeout, false}, {429, ErrorCode::kUnavailable, false}};
  for (const auto& expected : cases) {
    answer_.status = expected.status;
    answer_.body = R"({"status":"error","errorType":"x","error":"its own words"})";
    const auto answer = query->run(QueryWindow::at(0), {});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code(), expected.code) << expected.status;
    EXPECT_EQ(query->is_about_text(answer.error()), expected.about_text) << expected.status;
    EXPECT_THAT(answer.error().message(), HasSubstr("its own words"));
    EXPECT_THAT(answer.error().message(), testing::Not(HasSubstr("secret")));
  }
}

TEST_F(RemoteQuerierTest, the_limits_hold_there_too) {
  answer_.body =
      R"({"data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[0,"1"]},{"metric":{"a":"2"},"value":[0,"1"]}]}})";
  QueryOptions options;
  options.limits.series_max = 1;
  EXPECT_EQ(ask(QueryWindow::at(0), options).error().code(), ErrorCode::kLimit);
  options = {};
  options.limits.steps_max = 10;
  EXPECT_EQ(ask(QueryWindow::over(0, 10'000, 1'000), options).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(server_.requests().size(), 1u) << "too many steps are not asked for";
  EXPECT_EQ(querier_->prepare("").error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(querier_->prepare(std::string(1 << 20, 'a')).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(querier_->prepare("\xff").error().code(), ErrorCode::kInvalid);
  const std::atomic<bool> cancelled{true};
  options = {};
  options.cancelled = &cancelled;
  EXPECT_EQ(ask(QueryWindow::at(0), options).error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace trimtab::promql
