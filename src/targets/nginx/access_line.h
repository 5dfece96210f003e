// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace trimtab {

// One request of an access log. Views into the line.
struct AccessLine {
  std::string_view method = {};  // "GET"; "" when the request was not HTTP
  std::string_view path = {};    // "/a.css", as written, without the query; "" when not in the line
  int status = 0;                // 100 to 999
  double bytes = 0;              // of the answer
  double request_seconds = -1;   // -1: not in the line
  double upstream_seconds = -1;  // the sum over all upstreams asked
};

// nginx' "combined" format
//   $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"
//   "$http_user_agent"
// optionally followed by $request_time and $upstream_response_time (bare, quoted, or as rt=... urt=...), or
// one JSON object with status and, where wanted, request_method or request, request_uri or uri,
// body_bytes_sent or bytes_sent, request_time, upstream_response_time. Empty when it is neither.
std::optional<AccessLine> parse_access_line(std::string_view line);

inline constexpr std::size_t kAccessLineBytesMax = 64 << 10;

}  // namespace trimtab
