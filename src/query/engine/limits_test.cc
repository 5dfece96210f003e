// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "query/engine/engine_testlib.h"

namespace trimtab::promql {
namespace {

class Limits : public Corpus {
 protected:
  void SetUp() override { load("m{i=\"1\"} 0+1x100\nm{i=\"2\"} 0+1x100\nm{i=\"3\"} 0+1x100"); }
  void expect(ErrorCode code, std::string_view part, const Result<Answer>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), code);
    EXPECT_NE(answer.error().message().find(part), std::string::npos) << answer.error().message();
  }
};

TEST_F(Limits, each_bound_refuses_by_its_name) {
  const auto hour = QueryWindow::over(0, kHourMs, kMinuteMs);
  const auto with = [&](auto change) {
    QueryOptions options;
    change(options.limits);
    return options;
  };
  expect(ErrorCode::kLimit, "samples_max",
         run(store_, "m", hour, with([](QueryLimits& l) { l.samples_max = 100; })));
  expect(ErrorCode::kLimit, "series_max",
         run(store_, "m", hour, with([](QueryLimits& l) { l.series_max = 2; })));
  expect(ErrorCode::kLimit, "cells_max",
         run(store_, "m", hour, with([](QueryLimits& l) { l.cells_max = 100; })));
  // An aggregation never holds its input.
  for (int i = 0; i < 30; ++i) load(fmt::format("many{{i=\"{}\"}} 0x60", i));
  EXPECT_TRUE(run(store_, "sum(many)", hour, with([](QueryLimits& l) { l.cells_max = 200; })));
  expect(ErrorCode::kLimit, "cells_max",
         run(store_, "many", hour, with([](QueryLimits& l) { l.cells_max = 200; })));
  expect(ErrorCode::kLimit, "steps_max",
         run(store_, "m", hour, with([](QueryLimits& l) { l.steps_max = 60; })));
  expect(ErrorCode::kLimit, "subquery_steps_max",
         run(store_, "sum_over_time(m[1h:1s])", hour,
             with([](QueryLimits& l) { l.subquery_steps_max = 7000; })));
  expect(ErrorCode::kTimeout, "timeout",
         run(store_, "m", hour, with([](QueryLimits& l) { l.timeout_ms = 0; })));
}

TEST_F(Limits, hostile_queries_end_within_their_bounds) {
  const auto nest = [](std::string_view open, std::string_view inside, std::string_view close, int times) {
    std::string out(inside);
    for (int i = 0; i < times; ++i) out = std::string(open) + out + std::string(close);
    return out;
  };
  std::string regex_bomb =
      "label_replace(m, \"a\", \"b\", \"i\", \"" + nest("(", "x", "{1,1000})", 4) + "\")";
  const std::string queries[] = {
      nest("sum_over_time(", "m", "[1d:1s])", 30),
      nest("quantile_over_time(0.5, ", "m", "[100d:10s])", 3),
      nest("double_exponential_smoothing(", "m", "[11d:1s], 0.5, 0.5)", 2),
      "sum_over_time((m" + nest("", "", " * 1", 1000) + ")[11d:1s])",
      nest("(", "m", " or on () m)", 150),
      nest("-", "m", "", 150),
      "m[1000y:1s]",
      "max_over_time(vector(time())[1d:1ms])",
      regex_bomb,
  };
  QueryOptions options;
  options.limits.timeout_ms = 100;
  for (const std::string& query : queries) {
    const auto answer = run(store_, query, QueryWindow::over(0, kDayMs, 10 * kSecondMs), options);
    if (answer) continue;
    const ErrorCode code = answer.error().code();
    EXPECT_TRUE(code == ErrorCode::kLimit || code == ErrorCode::kTimeout || code == ErrorCode::kInvalid)
        << answer.error().message();
  }
  expect(ErrorCode::kInvalid, "invalid regular expression", run(store_, regex_bomb, QueryWindow::at(0)));
}

TEST_F(Limits, cells_are_given_back_when_their_rows_go) {
  QueryOptions options;
  options.limits.cells_max = 3 * 61 * 4;
  const auto hour = QueryWindow::over(0, kHourMs, kMinuteMs);
  EXPECT_TRUE(run(store_, "m and m", hour, options));
  expect(ErrorCode::kLimit, "cells_max", run(store_, "m[1h:1s]", QueryWindow::at(kHourMs), options));
  expect(ErrorCode::kLimit, "cells_max",
         run(store_, "(m offset 1m) / (m offset 2m) / (m offset 3m) / (m offset 4m) / (m offset 5m)", hour,
             options));
}

TEST_F(Limits, a_cancelled_query_ends) {
  const std::atomic<bool> cancelled = true;
  QueryOptions options;
  options.cancelled = &cancelled;
  expect(ErrorCode::kCancelled, "cancelled", run(store_, "sum(m)", QueryWindow::at(0), options));
}

TEST_F(Limits, windows_that_make_no_sense_are_refused) {
  expect(ErrorCode::kInvalid, "step", run(store_, "m", QueryWindow::over(0, 10, 0)));
  expect(ErrorCode::kInvalid, "before its start", run(store_, "m", QueryWindow::over(10, 0, 1)));
  expect(ErrorCode::kInvalid, "range vector", run(store_, "m[5m]", QueryWindow::over(0, 10, 1)));
  expect(ErrorCode::kInvalid, "string", run(store_, "\"a\"", QueryWindow::over(0, 10, 1)));
  expect(ErrorCode::kInvalid, "outside year",
         run(store_, "m", QueryWindow::at(std::numeric_limits<std::int64_t>::max())));
}

TEST_F(Limits, times_at_the_edge_of_the_calendar_do_not_overflow) {
  for (const TimestampMs t : {kTimestampMin, kTimestampMax}) {
    EXPECT_EQ(answer_text(run(store_, "m offset 1000000y", QueryWindow::at(t))), "");
    EXPECT_EQ(answer_text(run(store_, "m offset -1000000y", QueryWindow::at(t))), "");
    EXPECT_EQ(answer_text(run(store_, "rate(m[100000y])", QueryWindow::at(t))).find("PromQL warning"),
              std::string::npos);
    EXPECT_EQ(answer_text(run(store_, "m @ 9e15", QueryWindow::at(t))), "");
  }
}

TEST_F(Limits, a_trace_names_every_stage) {
  QueryOptions options;
  options.trace = true;
  const auto answer = run(store_, "sum(rate(m[5m])) / 2", QueryWindow::over(0, kHourMs, kMinuteMs), options);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->trace.size(), 3u);
  EXPECT_EQ(answer->trace[1].text, "sum(rate(m[5m]))");
  EXPECT_EQ(answer->trace[2].text, "rate(m[5m])");
  EXPECT_EQ(answer->trace[2].depth, 2);
  EXPECT_EQ(answer->trace[2].series, 3u);
  EXPECT_EQ(answer->trace[2].samples, 3u * 61);
  EXPECT_EQ(answer->stats.samples_decoded, 3u * 61);
  EXPECT_EQ(answer->stats.series_selected, 3u);
}

}  // namespace
}  // namespace trimtab::promql
