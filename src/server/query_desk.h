// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "query/answer_json.h"
#include "query/querier.h"
#include "server/http.h"
#include "server/query_settings.h"

namespace trimtab {

// What a client asked of query or query_range, read and checked.
struct QueryQuestion {
  std::string text;
  promql::QueryWindow window;
  promql::QueryOptions options;
  promql::AnswerJsonOptions json;
};

// Runs queries for HTTP: limits, counters, errors in Prometheus' words, and an answer that is streamed row by
// row. Thread-safe.
class QueryDesk {
 public:
  QueryDesk(promql::Querier& querier, const QuerySettings& settings, const Clock& clock, Metrics& metrics);

  // Reads the parameters of an instant or range query. Errors: kInvalid with Prometheus' words.
  Result<QueryQuestion> read(const http::Request& request, bool instant) const;
  http::Response answer(const http::Request& request, bool instant);

  // status 400 bad_data, 422 execution, 503 timeout, 499 canceled, 503 unavailable, 500 internal.
  static http::Response bad_data(const Error& error);
  static http::Response failure(const Error& error);

 private:
  class Held;
  http::Response respond(promql::Answer answer, const promql::AnswerJsonOptions& options);
  void count(std::string_view kind, std::string_view outcome);

  promql::Querier& querier_;
  const QuerySettings settings_;
  const Clock& clock_;
  Metrics& metrics_;
  Histogram& seconds_;
  Counter& samples_;
  Gauge& running_;
  Gauge& held_bytes_;
  Counter& response_refused_;
  Counter& memory_refused_;
  std::atomic<std::uint64_t> held_{0};
};

}  // namespace trimtab
