// SPDX-License-Identifier: Apache-2.0
#include "server/query_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/api/request_reading.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kPieceBytes = 256 << 10;

Error parameter_error(std::string_view name, const Error& error) {
  return Error(error.code(), fmt::format("invalid parameter \"{}\": {}", name, error.message()));
}

std::string with_thousands(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, ",");
  }
  return out;
}

Result<promql::QueryWindow> read_window(const Request& request, TimestampMs now, bool instant,
                                        std::uint64_t steps_max) {
  const auto time = [&](std::string_view name) -> Result<std::optional<TimestampMs>> {
    const std::string_view text = request.parameter(name);
    if (text.empty()) return std::optional<TimestampMs>();
    const auto read = parse_api_time(text, now);
    if (!read) return std::unexpected(parameter_error(name, read.error()));
    return std::optional<TimestampMs>(*read);
  };
  if (instant) {
    const auto at = TRY(time("time"));
    return promql::QueryWindow::at(at.value_or(now));
  }
  const auto start = TRY(time("start"));
  const auto end = TRY(time("end"));
  if (!start || !end) {
    return invalid(fmt::format("invalid parameter \"{}\": cannot parse \"\" to a valid timestamp",
                               start ? "end" : "start"));
  }
  if (*end < *start) return invalid("invalid parameter \"end\": end timestamp must not be before start time");
  const auto step = read_seconds_or_duration(request.parameter("step"));
  if (!step) return std::unexpected(parameter_error("step", step.error()));
  if (*step <= 0) {
    return invalid(
        "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a "
        "positive integer");
  }
  if (static_cast<std::uint64_t>((*end - *start) / *step) > steps_max) {
    return invalid(
        fmt::format("exceeded maximum resolution of {} points per timeseries. Try decreasing the "
                    "query resolution (?step=XX)",
                    with_thousands(steps_max)));
  }
  return promql::QueryWindow::over(*start, *end, *step);
}

}  // namespace

// The share of an answer in the memory of all answers.
class QueryDesk::Held {
 public:
  Held(QueryDesk& desk, std::uint64_t bytes) : desk_(desk), bytes_(bytes) {
    total_ = desk_.held_.fetch_add(bytes) + bytes;
    desk_.held_bytes_.set(static_cast<double>(total_));
  }
  ~Held() { desk_.held_bytes_.set(static_cast<double>(desk_.held_.fetch_sub(bytes_) - bytes_)); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  bool fits() const { return total_ <= desk_.settings_.answers_memory_bytes_max; }

 private:
  QueryDesk& desk_;
  const std::uint64_t bytes_;
  std::uint64_t total_ = 0;
};

QueryDesk::QueryDesk(promql::Querier& querier, const QuerySettings& settings, const Clock& clock,
                     Metrics& metrics)
    : querier_(querier),
      settings_(settings),
      clock_(clock),
      metrics_(metrics),
      seconds_(metrics.histogram("trimtab_query_duration_seconds",
                                 "Time to evaluate queries, without waiting and sending.")),
      samples_(metrics.counter("trimtab_query_samples_total", "Samples that queries decoded.")),
      running_(metrics.gauge("trimtab_queries_running", "Queries that are being evaluated.")),
      held_bytes_(metrics.gauge("trimtab_query_answers_bytes", "Memory of answers that are being sent.")),
      response_refused_(
          metrics.counter("trimtab_query_responses_refused_total",
                          "Answers of queries that were not sent, or not to their end, at a bound.",
                          {{"bound", "response_bytes"}})),
      memory_refused_(
          metrics.counter("trimtab_query_responses_refused_total", "", {{"bound", "answers_memory"}})) {}

void QueryDesk::count(std::string_view kind, std::string_view outcome) {
  metrics_
      .counter("trimtab_queries_total", "Queries over HTTP by what they came to.",
               {{"kind", std::string(kind)}, {"outcome", std::string(outcome)}})
      .add();
}

Result<QueryQuestion> QueryDesk::read(const Request& request, bool instant) const {
  QueryQuestion question;
  question.text = request.parameter("query");
  question.options.limits = settings_.limits;
  question.options.lookback_ms = settings_.lookback_ms;
  question.options.threads = settings_.threads;
  question.options.cancelled = request.cancelled;
  question.window = TRY(read_window(request, clock_.now_ms(), instant, settings_.limits.steps_max));
  ++question.options.limits.steps_max;  // Prometheus counts the steps between the points
  if (const std::string_view text = request.parameter("timeout"); !text.empty()) {
    const auto timeout = read_seconds_or_duration(text);
    if (!timeout) return std::unexpected(parameter_error("timeout", timeout.error()));
    if (*timeout <= 0) return invalid("invalid parameter \"timeout\": must be positive");
    question.options.limits.timeout_ms = std::min(*timeout, settings_.limits.timeout_ms);
  }
  if (const std::string_view text = request.parameter("lookback_delta"); !text.empty()) {
    const auto lookback = read_seconds_or_duration(text);
    if (!lookback) return std::unexpected(parameter_error("lookback_delta", lookback.error()));
    if (*lookback <= 0) return invalid("invalid parameter \"lookback_delta\": must be positive");
    question.options.lookback_ms = *lookback;
  }
  const auto limit = read_limit(request, 0, SIZE_MAX);
  if (!limit) return std::unexpected(parameter_error("limit", limit.error()));
  question.json.series_limit = *limit;
  question.json.stats = !request.parameter("stats").empty();
  const std::string_view trace = request.parameter("trace");
  question.options.trace = trace == "1" || trace == "true";
  return question;
}

Response QueryDesk::bad_data(const Error& error) { return Response::error(400, "bad_data", error.message()); }

Response QueryDesk::failure(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalid:
    case ErrorCode::kUnsupported:
    case ErrorCode::kLimit: return Response::error(422, "execution", error.message());
    case ErrorCode::kTimeout: return Response::error(503, "timeout", error.message());
    case ErrorCode::kCancelled: return Response::error(499, "canceled", error.message());
    case ErrorCode::kUnavailable:
    case ErrorCode::kDenied:
    case ErrorCode::kNotFound: return Response::error(503, "unavailable", error.message());
    default: return Response::error(500, "internal", error.message());
  }
}

Response QueryDesk::answer(const Request& request, bool instant) {
  const std::string_view kind = instant ? "instant" : "range";
  auto question = read(request, instant);
  if (!question) {
    count(kind, "bad_data");
    return bad_data(question.error());
  }
  auto prepared = querier_.prepare(question->text);
  if (!prepared) {
    count(kind, "bad_data");
    return bad_data(parameter_error("query", prepared.error()));
  }
  const promql::ValueType type = (*prepared)->type();
  if (!instant && (type == promql::ValueType::kMatrix || type == promql::ValueType::kString)) {
    count(kind, "bad_data");
    return Response::error(
        400, "bad_data",
        fmt::format("invalid parameter \"query\": invalid expression type \"{}\" for range "
                    "query, must be Scalar or instant Vector",
                    type == promql::ValueType::kMatrix ? "range vector" : "string"));
  }
  question->json.queue_seconds = static_cast<double>(request.waited_ns) / 1e9;
  const DurationMs timeout = question->options.limits.timeout_ms;
  question->options.limits.timeout_ms = timeout - request.waited_ns / 1'000'000;
  if (question->options.limits.timeout_ms <= 0) {
    count(kind, "timeout");
    return Response::error(503, "timeout",
                           fmt::format("query timed out in the queue after {}", format_duration(timeout)));
  }
  running_.add(1);
  const std::int64_t start_ns = clock_.monotonic_ns();
  auto answer = (*prepared)->run(question->window, question->options);
  question->json.seconds = static_cast<double>(clock_.monotonic_ns() - start_ns) / 1e9;
  running_.add(-1);
  seconds_.observe(question->json.seconds);
  if (!answer) {
    if ((*prepared)->is_about_text(answer.error())) {
      count(kind, "bad_data");
      return bad_data(answer.error());
    }
    Response response = failure(answer.error());
    count(kind, answer.error().code() == ErrorCode::kLimit ? "limit" : to_string(answer.error().code()));
    return response;
  }
  samples_.add(static_cast<double>(answer->stats.samples_decoded));
  Response response = respond(std::move(*answer), question->json);
  count(kind, response.status == 200 ? "ok" : "limit");
  return response;
}

Response QueryDesk::respond(promql::Answer answer, const promql::AnswerJsonOptions& options) {
  const std::uint64_t least = promql::AnswerJson::bytes_at_least(answer);
  if (least > settings_.response_bytes_max) {
    response_refused_.add();
    return Response::error(422, "execution",
                           fmt::format("the answer would be more than {} bytes, at most {} are sent "
                                       "(query.response_bytes_max); ask for fewer series or a longer step",
                                       least, settings_.response_bytes_max));
  }
  auto held = std::make_shared<Held>(*this, promql::AnswerJson::memory_bytes(answer));
  if (!held->fits()) {
    memory_refused_.add();
    return Response::error(503, "unavailable",
                           fmt::format("answers that are being sent fill {} bytes of memory "
                                       "(query.answers_memory_bytes_max); try again later",
                                       settings_.answers_memory_bytes_max));
  }
  auto json = std::make_shared<promql::AnswerJson>(std::move(answer), options);
  Response response = Response::json("");
  if (!json->write(response.body, kPieceBytes)) return response;
  response.chunks = [this, held, json, first = std::make_shared<std::string>(std::move(response.body)),
                     sent = std::uint64_t{0}](std::string& chunk) mutable -> Result<bool> {
    bool more = true;
    if (first) {
      chunk = std::move(*std::exchange(first, nullptr));
    } else {
      more = json->write(chunk, kPieceBytes);
    }
    sent += chunk.size();
    if (sent <= settings_.response_bytes_max) return more;
    response_refused_.add();
    return fail(ErrorCode::kLimit,
                fmt::format("the answer is larger than {} bytes (query.response_bytes_max)",
                            settings_.response_bytes_max));
  };
  return response;
}

}  // namespace trimtab
