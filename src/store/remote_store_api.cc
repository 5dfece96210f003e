// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store_api.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <limits>

namespace trimtab {
namespace {

constexpr std::size_t kErrorBytesMax = 300;

// The "error" member of an API error, or the start of whatever came.
std::string engine_words(const HttpResponse& response) {
  simdjson::dom::parser parser;
  std::string_view words;
  if (parser.parse(response.body).at_key("error").get(words) != simdjson::SUCCESS) words = response.body;
  std::string out(words.substr(0, kErrorBytesMax));
  for (char& c : out) c = c == '\n' || c == '\r' ? ' ' : c;
  return out;
}

ErrorCode code_of(int status, std::string_view words) {
  switch (status) {
    case 400:
      return words.find("too many") != std::string_view::npos ? ErrorCode::kLimit : ErrorCode::kInvalid;
    case 401:
    case 403: return ErrorCode::kDenied;
    case 404:
    case 405: return ErrorCode::kNotFound;
    case 413: return ErrorCode::kLimit;
    case 422:
      return words.find("too many") != std::string_view::npos ||
                     words.find("limit") != std::string_view::npos ||
                     words.find("exceed") != std::string_view::npos
                 ? ErrorCode::kLimit
                 : ErrorCode::kInvalid;
    case 504: return ErrorCode::kTimeout;
    default: return status / 100 == 5 || status == 429 ? ErrorCode::kUnavailable : ErrorCode::kInvalid;
  }
}

}  // namespace

std::string remote_selector(const Matchers& matchers) {
  std::string out = "{";
  for (const Matcher& matcher : matchers) {
    if (out.size() > 1) out += ',';
    out += matcher.to_string();
  }
  // An engine refuses a selector that matches everything unless it names something every series has.
  if (matchers.empty()) out += "__name__!=\"\"";
  return out + "}";
}

std::string remote_time(TimestampMs time) {
  const std::uint64_t absolute =
      time < 0 ? 0 - static_cast<std::uint64_t>(time) : static_cast<std::uint64_t>(time);
  return fmt::format("{}{}.{:03}", time < 0 ? "-" : "", absolute / 1000, absolute % 1000);
}

Result<double> parse_remote_value(std::string_view text) {
  if (text == "NaN" || text == "null") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf" || text == "Inf" || text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Inf" || text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid(fmt::format("\"{:.50}\" is not a number", text));
  return value;
}

RemoteApi::RemoteApi(const RemoteStoreOptions& options, Metrics& metrics)
    : options_(options),
      requests_(
          metrics.counter("trimtab_remote_read_requests_total", "Requests to the remote engine's API.")),
      failures_(metrics.counter("trimtab_remote_read_failures_total", "Of those, the ones that failed.")) {}

std::unique_ptr<HttpClient> RemoteApi::take_client() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<HttpClient>(options_.auth);
  std::unique_ptr<HttpClient> client = std::move(idle_.back());
  idle_.pop_back();
  return client;
}

void RemoteApi::give_back(std::unique_ptr<HttpClient> client) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleClientsMax) idle_.push_back(std::move(client));
}

Result<HttpResponse> RemoteApi::post(const std::string& path, const RemoteParameters& parameters,
                                     const std::atomic<bool>* cancelled) {
  HttpRequest request{
      .method = "POST",
      .url = options_.url + path,
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
      .timeout_ms = options_.read_timeout_ms,
      .response_bytes_max = options_.response_bytes_max,
      .cancelled = cancelled};
  for (const auto& [name, value] : parameters) {
    request.body += fmt::format("{}{}={}", request.body.empty() ? "" : "&", name, url_encode(value));
  }
  // Label values come by GET only, as in Prometheus.
  if (path.ends_with("/values") || path == "/api/v1/metadata" || path == "/api/v1/status/tsdb") {
    request.method = "GET";
    if (!request.body.empty()) request.url.append(1, '?').append(std::exchange(request.body, {}));
    request.headers.erase(request.headers.begin());
  }
  if (!options_.tenant.empty()) request.headers.emplace_back("X-Scope-OrgID", options_.tenant);
  std::unique_ptr<HttpClient> client = take_client();
  auto response = client->send(request);
  give_back(std::move(client));
  requests_.add();
  if (!response || response->status / 100 != 2) failures_.add();
  return response;
}

Result<std::string> RemoteApi::call(const std::string& path, const RemoteParameters& parameters,
                                    const std::atomic<bool>* cancelled) {
  HttpResponse response = TRY(post(path, parameters, cancelled));
  if (response.status / 100 != 2) {
    const std::string words = engine_words(response);
    return fail(
        code_of(response.status, words),
        fmt::format("{}: HTTP status {}: {}", redact_url(options_.url + path), response.status, words));
  }
  std::string body;
  body.swap(response.body);
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  return body;
}

Result<bool> RemoteApi::has_export() {
  {
    const std::lock_guard lock(mutex_);
    if (has_export_) return *has_export_;
  }
  const HttpResponse response = TRY(
      post("/api/v1/export",
           {{"match[]", "{__name__=\"trimtab_asks_whether_export_exists\"}"}, {"start", "0"}, {"end", "1"}},
           nullptr));
  if (response.status / 100 == 5 || response.status == 429) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: HTTP status {}", redact_url(options_.url), response.status));
  }
  // Some engines answer unknown paths with their start page: only JSON (of nothing) is an export.
  const bool offered = response.status == 200 && response.content_type.find("json") != std::string::npos &&
                       response.body.empty();
  const std::lock_guard lock(mutex_);
  has_export_ = offered;
  return offered;
}

}  // namespace trimtab
