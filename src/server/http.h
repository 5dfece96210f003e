// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace trimtab::http {

// One request as a handler sees it. All views live until the handler returns (for a streamed answer:
// until its first chunk is asked for; keep copies). HEAD reaches handlers as GET.
struct Request {
  std::string_view method;
  std::string_view path;    // percent-decoded, without the query
  std::string_view body;    // the connection's own buffer: no copy was made
  std::string_view remote;  // "127.0.0.1:51234"
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::vector<std::pair<std::string, std::string>> parameters;  // of the query, and of a form body
  std::vector<std::string> path_values;                         // what stood at each {name} of the route
  bool keep_alive = false;
  // Of routes that run on a pool: set when the client has gone away, so that long work can end early. Lives
  // until the handler returns.
  const std::atomic<bool>* cancelled = nullptr;
  std::int64_t waited_ns = 0;  // for a thread of the pool

  std::string_view header(std::string_view name) const;     // any case; "" when absent
  std::string_view parameter(std::string_view name) const;  // the first; "" when absent
  bool has_parameter(std::string_view name) const;
  std::vector<std::string_view> parameters_named(std::string_view name) const;
};

// Gives the next piece of a streamed body. False: that was the last one (the piece still counts).
// An error cuts the connection, so that the reader sees a broken answer and not a short one.
using ChunkSource = std::function<Result<bool>(std::string& chunk)>;

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  ChunkSource chunks;  // when set: sent chunk by chunk, `body` is ignored

  static Response text(std::string body, int status = 200);
  static Response json(std::string body, int status = 200);
  static Response html(std::string body);
  static Response empty(int status = 204);
  // {"status":"error","errorType":"bad_data","error":"..."}, as Prometheus spells it.
  static Response error(int status, std::string_view type, std::string_view message);
  // By the code's usual status; kUnavailable carries Retry-After.
  static Response error(const Error& error);
};

inline constexpr int kRetryAfterSeconds = 5;

int status_of(ErrorCode code);
std::string_view error_type_of(ErrorCode code);
std::string_view reason_phrase(int status);

// "a=1&b=%20+x" to decoded pairs. Errors: a bad percent escape, more than parameters_max pairs.
Result<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text);
// Percent-decodes; '+' stays. Errors: a bad escape or a NUL byte.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

inline constexpr std::size_t kParametersMax = 1000;

}  // namespace trimtab::http
