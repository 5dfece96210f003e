// SPDX-License-Identifier: Apache-2.0
#include "server/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace trimtab {
namespace {

enum class Numeric { kNo, kFour, kSix };

Numeric numeric_kind(const std::string& host, bool& loopback) {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) {
    loopback = (ntohl(four.s_addr) >> 24) == 127;
    return Numeric::kFour;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) {
    loopback = IN6_IS_ADDR_LOOPBACK(&six);
    return Numeric::kSix;
  }
  return Numeric::kNo;
}

}  // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto wrong = [&](std::string_view what) {
    return invalid(
        fmt::format("\"{:.100}\" is not an address to listen on: {}; write host:port, such as 127.0.0.1:7600",
                    text, what));
  };
  if (colon == std::string_view::npos) return wrong("the port is missing");
  ListenAddress address;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc() || end != port.data() + port.size() || number > 65535) {
    return wrong("the port is not a number from 0 to 65535");
  }
  address.port = static_cast<std::uint16_t>(number);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = host.empty() && !bracketed ? "0.0.0.0"
                 : host == "localhost"      ? "127.0.0.1"
                                            : std::string(host);
  const Numeric kind = numeric_kind(address.host, address.loopback);
  if (kind == Numeric::kNo) return wrong("the host is neither an IP address nor localhost");
  if ((kind == Numeric::kSix) != bracketed)
    return wrong("an IPv6 address, and only that, stands in brackets");
  return address;
}

std::string ListenAddress::to_string() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string_view host_without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

bool is_loopback_name(std::string_view host) {
  if (host == "localhost") return true;
  bool loopback = false;
  return numeric_kind(std::string(host), loopback) != Numeric::kNo && loopback;
}

}  // namespace trimtab
