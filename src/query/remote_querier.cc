// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "query/answer_json.h"
#include "query/parser.h"
#include "query/querier.h"
#include "store/remote_store_api.h"

namespace trimtab::promql {
namespace {

class RemoteQuery final : public PreparedQuery {
 public:
  RemoteQuery(RemoteApi& api, std::string text) : api_(api), text_(std::move(text)) {}
  ValueType type() const override { return ValueType::kNone; }

  // Prometheus' API says 400 to what does not parse and 422 to what can not be evaluated.
  bool is_about_text(const Error& error) const override {
    return error.code() == ErrorCode::kInvalid &&
           error.message().find("HTTP status 400") != std::string::npos;
  }
  Result<Answer> run(const QueryWindow& window, const QueryOptions& options) override {
    const auto steps = window.instant ? std::uint64_t{1}
                                      : static_cast<std::uint64_t>((window.end_ms - window.start_ms) /
                                                                   std::max<DurationMs>(1, window.step_ms)) +
                                            1;
    if (steps > options.limits.steps_max) {
      return fail(ErrorCode::kLimit,
                  fmt::format("{} steps; at most {} are answered", steps, options.limits.steps_max));
    }
    RemoteParameters parameters{{"query", text_},
                                {"timeout", fmt::format("{}ms", options.limits.timeout_ms)}};
    if (window.instant) {
      parameters.emplace_back("time", remote_time(window.start_ms));
    } else {
      parameters.emplace_back("start", remote_time(window.start_ms));
      parameters.emplace_back("end", remote_time(window.end_ms));
      parameters.emplace_back("step", remote_time(window.step_ms));
    }
    if (options.lookback_ms != QueryOptions{}.lookback_ms)
      parameters.emplace_back("lookback_delta", fmt::format("{}ms", options.lookback_ms));
    const std::string body = TRY(
        api_.call(window.instant ? "/api/v1/query" : "/api/v1/query_range", parameters, options.cancelled));
    return read_answer_json(body, window, options.limits);
  }

 private:
  RemoteApi& api_;
  const std::string text_;
};

class RemoteQuerier final : public Querier {
 public:
  RemoteQuerier(const RemoteStoreOptions& options, Metrics& metrics) : api_(options, metrics) {}
  Result<std::unique_ptr<PreparedQuery>> prepare(std::string_view text) override {
    if (text.empty()) return invalid("1:1: parse error: no expression found in input");
    if (text.size() > kQueryBytesMax) {
      return fail(ErrorCode::kLimit,
                  fmt::format("query of {} bytes; at most {} are read", text.size(), kQueryBytesMax));
    }
    if (!is_valid_utf8(text)) return invalid("1:1: parse error: the query is not valid UTF-8");
    return std::make_unique<RemoteQuery>(api_, std::string(text));
  }

 private:
  RemoteApi api_;
};

}  // namespace

std::unique_ptr<Querier> Querier::remote(const RemoteStoreOptions& options, Metrics& metrics) {
  RemoteStoreOptions own = options;
  while (own.url.ends_with('/')) own.url.pop_back();
  return std::make_unique<RemoteQuerier>(own, metrics);
}

}  // namespace trimtab::promql
