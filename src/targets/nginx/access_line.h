// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace trimtab {

// One request of an access log. Views into the line.
struct AccessLine {
  std::string_view client = {};  // address; "" when not in the line
  std::string_view method = {};  // "GET"; "" when the request was not HTTP
  std::string_view path = {};    // "/a.css", as written, without the query; "" when not in the line
  int status = 0;                // 100 to 999
  double bytes = 0;              // of the answer
  double request_seconds = -1;   // -1: not in the line
  double upstream_seconds = -1;  // the sum over all upstreams asked
  // The sum over the connections to upstreams that came about, 0 for those that were open already.
  double upstream_connect_seconds = -1;
  bool logs_upstream_connect = false;  // the field is in the line, "-" for no connection as well
  // One for each upstream asked, as nginx writes them: "a:80, b:80"; "" when not in the line.
  std::string_view upstream_addresses = {};
  std::string_view upstream_times = {};
  std::string_view upstream_statuses = {};
};

// nginx' "combined" format
//   $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"
//   "$http_user_agent"
// optionally followed by $request_time and $upstream_response_time (bare, quoted, or as rt=... urt=...) and
// by uct=$upstream_connect_time, ua=$upstream_addr, us=$upstream_status (or under their full names), or one
// JSON object with status and, where wanted, request_method or request, request_uri or uri, body_bytes_sent
// or bytes_sent, request_time, remote_addr and the upstream_... Empty when it is neither.
std::optional<AccessLine> parse_access_line(std::string_view line);

// One upstream that was asked for a request.
struct UpstreamTry {
  std::string_view address = {};
  double seconds = -1;  // -1: not known
  int status = 0;       // 0: not known
};
// In the order they were asked; none when the line has no addresses.
std::vector<UpstreamTry> upstream_tries(const AccessLine& line);

inline constexpr std::size_t kAccessLineBytesMax = 64 << 10;

}  // namespace trimtab
