// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/nginx/nginx_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "ingest/collectors/nginx/log_tail.h"
#include "targets/nginx/access_line.h"

namespace trimtab {
namespace {

constexpr std::size_t kStatusBytesMax = 64 << 10;
constexpr int kGatewayTimeout = 504;
constexpr double kTimeoutSecondsMin = 0.9;
constexpr std::size_t kCombinationsMax = 200;  // of method and status; others are method "other"

// Of request and upstream times, in seconds.
constexpr std::array<double, 16> kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                         0.5,   1,      2.5,   5,    10,    30,   60,  120};
constexpr std::array<std::string_view, 17> kBoundTexts{"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05",
                                                       "0.1",   "0.25",   "0.5",   "1",    "2.5",   "5",
                                                       "10",    "30",     "60",    "120",  "+Inf"};
constexpr std::array<std::string_view, 9> kMethods{"GET",   "HEAD",    "POST",    "PUT",  "DELETE",
                                                   "PATCH", "OPTIONS", "CONNECT", "TRACE"};

struct Times {
  std::array<double, kBoundTexts.size()> counts{};  // not cumulated
  double sum = 0;
  double count = 0;

  void add(double seconds) {
    const auto bound = std::ranges::lower_bound(kBounds, seconds);
    counts[static_cast<std::size_t>(bound - kBounds.begin())] += 1;
    sum += seconds;
    count += 1;
  }
  void put(const std::string& name, SeriesSink& sink) const {
    double so_far = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      so_far += counts[i];
      sink.counter(name + "_bucket", so_far, {{"le", kBoundTexts[i]}});
    }
    sink.counter(name + "_sum", sum);
    sink.counter(name + "_count", count);
  }
};

class NginxSource final : public CollectorSource {
 public:
  NginxSource(const Target& target, const CollectorContext& context)
      : target_(target), context_(context), client_(target.auth) {
    if (!target_.log.empty()) tail_ = std::make_unique<LogTail>(target_.log);
  }

  std::string_view up_metric() const override { return "nginx_up"; }

  Status collect(SeriesSink& sink) override {
    if (tail_) read_log(sink);
    if (target_.url.empty()) {
      // Without a status page the log is all there is.
      const auto problem = problems().find("log");
      return problem == problems().end() ? ok() : fail(ErrorCode::kUnavailable, problem->second);
    }
    return read_status(sink);
  }

  std::vector<std::string> check() override {
    std::vector<std::string> out;
    if (tail_) {
      if (const Status read = tail_->poll([](std::string_view) {}); !read) {
        out.push_back(fmt::format("{}: log: {}", target_.name(), read.error().message()));
      }
    }
    if (!target_.url.empty()) {
      if (const auto numbers = fetch(); !numbers) out.push_back(numbers.error().message());
    }
    return out;
  }

 private:
  struct Numbers {
    double active, accepted, handled, requests, reading, writing, waiting;
  };

  // nginx.org/en/docs/http/ngx_http_stub_status_module.html
  //   Active connections: 291
  //   server accepts handled requests
  //    16630948 16630948 31070465
  //   Reading: 6 Writing: 179 Waiting: 106
  Result<Numbers> fetch() {
    HttpRequest request;
    request.url = target_.url;
    request.timeout_ms = kCollectorTimeoutMs;
    request.response_bytes_max = kStatusBytesMax;
    request.cancelled = context_.cancelled;
    const HttpResponse answer = TRY(client_.send(request));
    if (answer.status != 200) {
      return fail(answer.status == 401 || answer.status == 403 ? ErrorCode::kDenied : ErrorCode::kUnavailable,
                  fmt::format("{}: {} answered with status {}; expected 200 and a stub_status page",
                              target_.name(), redact_url(target_.url), answer.status));
    }
    std::array<double, 7> found{};
    std::size_t count = 0;
    const char* at = answer.body.data();
    const char* const end = at + answer.body.size();
    while (at < end) {
      if (*at < '0' || *at > '9') {
        ++at;
        continue;
      }
      double value = 0;
      at = std::from_chars(at, end, value, std::chars_format::fixed).ptr;
      if (count < found.size()) found[count] = value;
      ++count;
    }
    if (count != found.size() || !answer.body.starts_with("Active connections:")) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{}: {} is no stub_status page", target_.name(), redact_url(target_.url)));
    }
    return Numbers{found[0], found[1], found[2], found[3], found[4], found[5], found[6]};
  }

  Status read_status(SeriesSink& sink) {
    const Numbers numbers = TRY(fetch());
    sink.gauge("nginx_connections_active", numbers.active);
    sink.counter("nginx_connections_accepted", numbers.accepted);
    sink.counter("nginx_connections_handled", numbers.handled);
    sink.counter("nginx_http_requests_total", numbers.requests);
    sink.gauge("nginx_connections_reading", numbers.reading);
    sink.gauge("nginx_connections_writing", numbers.writing);
    sink.gauge("nginx_connections_waiting", numbers.waiting);
    return ok();
  }

  void take(std::string_view text) {
    const auto line = parse_access_line(text);
    if (!line) {
      parse_errors_ += 1;
      return;
    }
    const bool known = std::ranges::find(kMethods, line->method) != kMethods.end();
    std::pair<std::string, int> key{known ? std::string(line->method) : "other", line->status};
    if (!responses_.contains(key) && responses_.size() >= kCombinationsMax) key = {"other", 0};
    responses_[key] += 1;
    bytes_ += line->bytes;
    if (line->request_seconds >= 0) request_times_.add(line->request_seconds);
    if (line->upstream_seconds >= 0) upstream_times_.add(line->upstream_seconds);
    if (line->upstream_connect_seconds >= 0) connect_times_.add(line->upstream_connect_seconds);
    // 504 that came at once is an upstream's own.
    if (line->status == kGatewayTimeout && line->upstream_seconds >= kTimeoutSecondsMin) {
      const bool connected = line->upstream_connect_seconds >= 0;
      timeouts_[!line->logs_upstream_connect ? "unknown" : connected ? "read" : "connect"] += 1;
    }
  }

  void read_log(SeriesSink& sink) {
    const Status read = tail_->poll([this](std::string_view line) { take(line); });
    if (!read) {
      set_problem("log", fmt::format("{}: log: {}", target_.name(), read.error().message()));
    } else {
      clear_problem("log");
    }
    for (const auto& [key, count] : responses_) {
      sink.counter(
          "nginx_http_response_count_total", count,
          {{"method", key.first}, {"status", key.second == 0 ? "other" : std::to_string(key.second)}});
    }
    sink.counter("nginx_http_response_size_bytes_total", bytes_);
    sink.counter("nginx_log_parse_errors_total", parse_errors_);
    sink.counter("nginx_log_skipped_bytes_total", static_cast<double>(tail_->skipped_bytes()));
    if (request_times_.count > 0) request_times_.put("nginx_http_response_time_seconds", sink);
    if (upstream_times_.count > 0) upstream_times_.put("nginx_http_upstream_time_seconds", sink);
    if (connect_times_.count > 0) connect_times_.put("nginx_http_upstream_connect_time_seconds", sink);
    for (const auto& [phase, count] : timeouts_) {
      sink.counter("nginx_http_upstream_timeouts_total", count, {{"phase", phase}});
    }
  }

  const Target target_;
  const CollectorContext context_;
  HttpClient client_;
  std::unique_ptr<LogTail> tail_;
  std::map<std::pair<std::string, int>, double> responses_;
  double bytes_ = 0;
  double parse_errors_ = 0;
  Times request_times_;
  Times upstream_times_;
  Times connect_times_;
  // By what was waited for; told from the first round on, so that the first of them counts.
  std::map<std::string_view, double> timeouts_{{"connect", 0}, {"read", 0}, {"unknown", 0}};
};

}  // namespace

std::unique_ptr<CollectorSource> create_nginx_source(const Target& target, const CollectorContext& context) {
  return std::make_unique<NginxSource>(target, context);
}

}  // namespace trimtab
