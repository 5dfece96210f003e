// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// Where to listen: "127.0.0.1:7600", "[::1]:7600", "localhost:7600", "0.0.0.0:7600", ":7600" (all
// IPv4 addresses). Port 0 lets the system choose. Host names other than localhost are refused: an
// address that depends on name resolution is no security boundary.
struct ListenAddress {
  std::string host;  // numeric, without brackets
  std::uint16_t port = 0;
  bool loopback = false;

  static Result<ListenAddress> parse(std::string_view text);
  std::string to_string() const;  // "[::1]:7600"
};

// The host part of a Host header or origin: "a.example:80" -> "a.example", "[::1]:1" -> "::1".
std::string_view host_without_port(std::string_view host);
// localhost, 127.0.0.0/8 or ::1, as spelled in a URL.
bool is_loopback_name(std::string_view host);

}  // namespace trimtab
