// SPDX-License-Identifier: Apache-2.0
#include "query/answer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace trimtab::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kAbsent = std::bit_cast<double>(kStaleNanBits);

std::string number(double value) {
  std::string out;
  append_api_number(out, value);
  return out;
}

std::string time_text(TimestampMs time) {
  std::string out;
  append_api_time(out, time);
  return out;
}

Answer matrix() {
  Answer answer;
  answer.type = ValueType::kMatrix;
  answer.start_ms = 1'700'000'000'000;
  answer.step_ms = 500;
  answer.columns = 3;
  answer.labels = {{{"__name__", "a"}, {"x", "q\"uote"}}, {{"__name__", "b"}}};
  answer.values = {1, kAbsent, std::nan(""), kInf, -0.0, 0.1};
  return answer;
}

TEST(AnswerJson, numbers_are_spelled_as_prometheus_spells_them) {
  const std::pair<double, const char*> cases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {1e6, "1000000"},
      {1e20, "100000000000000000000"},
      {1e21, "1e+21"},
      {123456789012345678901.0, "123456789012345680000"},
      {-9007199254740993.0, "-9007199254740992"},
      {9.9e19, "99000000000000000000"},
      {1e-6, "0.000001"},
      {9.9e-7, "9.9e-07"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {kInf, "+Inf"},
      {-kInf, "-Inf"},
      {std::nan(""), "NaN"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(number(value), text);
}

TEST(AnswerJson, times_are_seconds_with_decimals_only_where_needed) {
  EXPECT_EQ(time_text(1'700'000'000'000), "1700000000");
  EXPECT_EQ(time_text(1'700'000'000'050), "1700000000.050");
  EXPECT_EQ(time_text(-1'500), "-1.500");
  EXPECT_EQ(time_text(0), "0");
}

TEST(AnswerJson, rows_leave_absent_cells_out_and_keep_nan) {
  EXPECT_EQ(answer_json(matrix()),
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
            "{\"metric\":{\"__name__\":\"a\",\"x\":\"q\\\"uote\"},\"values\":[[1700000000,\"1\"],[1700000001,"
            "\"NaN\"]]},"
            "{\"metric\":{\"__name__\":\"b\"},\"values\":[[1700000000,\"+Inf\"],[1700000000.500,\"-0\"],"
            "[1700000001,\"0.1\"]]}]}}\n");
}

TEST(AnswerJson, every_type_has_its_shape) {
  Answer scalar;
  scalar.type = ValueType::kScalar;
  scalar.start_ms = 1500;
  scalar.columns = 1;
  scalar.labels = {{}};
  scalar.values = {2};
  EXPECT_THAT(answer_json(scalar), testing::HasSubstr(R"("resultType":"scalar","result":[1.500,"2"]})"));
  Answer text;
  text.type = ValueType::kString;
  text.text = "say \"hi\"";
  EXPECT_THAT(answer_json(text), testing::HasSubstr(R"("resultType":"string","result":[0,"say \"hi\""]})"));
  Answer none;
  none.type = ValueType::kVector;
  none.columns = 1;
  none.warnings = {"PromQL warning: w"};
  none.infos = {"PromQL info: i"};
  EXPECT_EQ(answer_json(none),
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},"
            "\"warnings\":[\"PromQL warning: w\"],\"infos\":[\"PromQL info: i\"]}\n");
  none.labels = {{{"a", "b"}}};
  none.values = {7};
  EXPECT_THAT(answer_json(none), testing::HasSubstr(R"([{"metric":{"a":"b"},"value":[0,"7"]}])"));
  Answer ragged;
  ragged.type = ValueType::kMatrix;
  ragged.labels = {{{"a", "b"}}};
  ragged.ragged = {{.timestamps_ms = {1000, 2000}, .values = {1, 2}}};
  EXPECT_THAT(answer_json(ragged), testing::HasSubstr(R"("values":[[1,"1"],[2,"2"]]}])"));
}

TEST(AnswerJson, pieces_make_the_same_document_and_limit_cuts_with_a_warning) {
  AnswerJson json(matrix(), {});
  std::string whole;
  int pieces = 1;
  while (json.write(whole, 1)) ++pieces;
  EXPECT_EQ(pieces, 2);
  EXPECT_EQ(whole, answer_json(matrix()));
  const std::string cut = answer_json(matrix(), {.series_limit = 1});
  EXPECT_THAT(cut, testing::Not(testing::HasSubstr("\"__name__\":\"b\"")));
  EXPECT_THAT(cut, testing::HasSubstr("\"warnings\":[\"results truncated due to limit\"]"));
}

TEST(AnswerJson, the_bound_from_below_is_one) {
  EXPECT_LE(AnswerJson::bytes_at_least(matrix()), answer_json(matrix()).size());
  EXPECT_GT(AnswerJson::bytes_at_least(matrix()), 5u * 18);
}

TEST(AnswerReading, gives_back_what_was_written) {
  const Answer answer = matrix();
  const auto window = QueryWindow::over(answer.start_ms, answer.start_ms + 1000, 500);
  const auto read = read_answer_json(answer_json(answer), window, {});
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->labels, answer.labels);
  EXPECT_EQ(answer_json(*read), answer_json(answer));
  for (
      const char* text :
      {R"({"status":"success","data":{"resultType":"scalar","result":[1.500,"2"]}})",
       R"({"status":"success","data":{"resultType":"string","result":[1.500,"x"]}})",
       R"({"data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.500,"7"]}]},"infos":["i"]})",
       R"({"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"7"],[2,"8"]]}]}})"}) {
    const auto one = read_answer_json(text, QueryWindow::at(1500), {});
    ASSERT_TRUE(one.has_value()) << text << one.error().message();
    const std::string again = answer_json(*one);
    EXPECT_EQ(answer_json(*read_answer_json(again, QueryWindow::at(1500), {})), again);
  }
}

TEST(AnswerReading, refuses_what_is_too_much_or_not_an_answer) {
  const Answer answer = matrix();
  const auto window = QueryWindow::over(answer.start_ms, answer.start_ms + 1000, 500);
  QueryLimits limits;
  limits.series_max = 1;
  EXPECT_EQ(read_answer_json(answer_json(answer), window, limits).error().code(), ErrorCode::kLimit);
  limits = {};
  limits.cells_max = 5;
  EXPECT_EQ(read_answer_json(answer_json(answer), window, limits).error().code(), ErrorCode::kLimit);
  for (const char* text :
       {"", "{}", "[]", "{\"data\":{}}", R"({"data":{"resultType":"odd","result":[]}})",
        R"({"data":{"resultType":"matrix","result":[{"metric":{},"values":[[3,"7"]]}]}})",
        R"({"data":{"resultType":"matrix","result":[{"metric":{},"values":[["x","7"]]}]}})"}) {
    const auto read = read_answer_json(text, window, {});
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code(), ErrorCode::kUnavailable) << text;
  }
}

}  // namespace
}  // namespace trimtab::promql
