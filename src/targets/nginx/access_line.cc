// SPDX-License-Identifier: Apache-2.0
#include "targets/nginx/access_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace trimtab {
namespace {

constexpr double kSecondsMax = 1e6;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value < 0) {
    return std::nullopt;
  }
  return value;
}

// nginx separates the times of several upstreams by ", " and " : "; "-" stands for none.
double seconds(std::string_view text) {
  double sum = -1;
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(" ,:");
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" ,:", start), text.size());
    if (const auto one = number(text.substr(start, end - start)); one && *one <= kSecondsMax) {
      sum = std::max(sum, 0.0) + *one;
    }
    text.remove_prefix(end);
  }
  return sum;
}

bool set_status(std::string_view text, AccessLine& out) {
  const auto status = number(text);
  if (!status || *status < 100 || *status > 999 || *status != std::floor(*status)) return false;
  out.status = static_cast<int>(*status);
  return true;
}

void set_path(std::string_view uri, AccessLine& out) {
  if (uri.starts_with('/')) out.path = uri.substr(0, uri.find_first_of("? "));
}

void set_request(std::string_view request, AccessLine& out) {
  const std::size_t space = request.find(' ');
  const std::string_view word = request.substr(0, space);
  const bool plain = std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (space == std::string_view::npos || !plain) return;
  out.method = word;
  set_path(request.substr(space + 1), out);
}

// A field inside quotes, or up to the next blank; cut off the front.
std::string_view next_field(std::string_view& rest) {
  const std::size_t start = rest.find_first_not_of(' ');
  if (start == std::string_view::npos) return rest = {};
  rest.remove_prefix(start);
  const bool quoted = rest[0] == '"';
  if (quoted) rest.remove_prefix(1);
  std::size_t end = 0;
  while (end < rest.size() && rest[end] != (quoted ? '"' : ' ')) end += rest[end] == '\\' ? 2 : 1;
  end = std::min(end, rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

// "urt" of urt="0.1, 0.2", with the sign behind it cut off the front; "" when there is none.
std::string_view next_key(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::size_t end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  if (end == 0 || end == std::string_view::npos || rest[end] != '=') return {};
  const std::string_view key = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return key;
}

// What is told of upstreams; false for another key.
bool set_upstream(std::string_view key, std::string_view value, AccessLine& out) {
  if (key == "urt" || key == "ut" || key == "upstream_response_time") {
    out.upstream_times = value;
    out.upstream_seconds = seconds(value);
  } else if (key == "uct" || key == "upstream_connect_time") {
    out.logs_upstream_connect = !value.empty();
    out.upstream_connect_seconds = seconds(value);
  } else if (key == "ua" || key == "upstream_addr") {
    out.upstream_addresses = value;
  } else if (key == "us" || key == "upstream_status") {
    out.upstream_statuses = value;
  } else {
    return false;
  }
  return true;
}

std::optional<AccessLine> parse_combined(std::string_view rest) {
  const std::size_t time = rest.find(" [");
  if (time == std::string_view::npos) return std::nullopt;
  const std::size_t close = rest.find("] \"", time);
  if (close == std::string_view::npos) return std::nullopt;
  AccessLine out;
  out.client = rest.substr(0, rest.find(' '));
  rest.remove_prefix(close + 2);
  set_request(next_field(rest), out);
  if (!set_status(next_field(rest), out)) return std::nullopt;
  out.bytes = number(next_field(rest)).value_or(0);
  next_field(rest);  // referer
  next_field(rest);  // user agent
  while (!rest.empty()) {
    const std::string_view key = next_key(rest);
    const std::string_view field = rest.starts_with(' ') && !key.empty() ? "" : next_field(rest);
    if (set_upstream(key, field, out)) continue;
    if (field.find_first_not_of("0123456789.,: -") != std::string_view::npos) continue;
    if (key == "rt" || key == "request_time") {
      out.request_seconds = seconds(field);
    } else if (key.empty() && field.find('.') != std::string_view::npos) {
      if (out.request_seconds < 0) {
        out.request_seconds = seconds(field);
      } else {
        out.upstream_times = field;
        out.upstream_seconds = seconds(field);
      }
    }
  }
  return out;
}

// The next "key": value of a flat JSON object as nginx' escape=json writes it; false at its end or at what is
// not one. Nested values are not understood.
bool next_member(std::string_view& rest, std::string_view& key, std::string_view& value) {
  const std::size_t quote = rest.find('"');
  if (quote == std::string_view::npos) return false;
  rest.remove_prefix(quote);
  key = next_field(rest);
  const std::size_t start = rest.find_first_not_of(" :\t");
  if (start == std::string_view::npos) return false;
  rest.remove_prefix(start);
  if (rest[0] == '"') {
    value = next_field(rest);
    return true;
  }
  const std::size_t end = std::min(rest.find_first_of(",}"), rest.size());
  value = rest.substr(0, end);
  while (value.ends_with(' ')) value.remove_suffix(1);
  rest.remove_prefix(end);
  return true;
}

std::optional<AccessLine> parse_json(std::string_view rest) {
  AccessLine out;
  std::string_view key, value;
  bool has_status = false;
  while (next_member(rest, key, value)) {
    if (key == "status") has_status = set_status(value, out);
    if (key == "request") set_request(value, out);
    if (key == "request_method" || key == "method") {
      if (std::ranges::all_of(value, [](char c) { return c >= 'A' && c <= 'Z'; })) out.method = value;
    }
    if (key == "request_uri" || key == "uri") set_path(value, out);
    if (key == "body_bytes_sent" || key == "bytes_sent") out.bytes = number(value).value_or(0);
    if (key == "request_time") out.request_seconds = seconds(value);
    if (key == "remote_addr") out.client = value;
    if (key.starts_with("upstream_")) set_upstream(key, value, out);
  }
  return has_status ? std::optional(out) : std::nullopt;
}

// The next of "a, b : c"; cut off the front.
std::string_view next_of_list(std::string_view& list) {
  const std::size_t end = std::min({list.find(", "), list.find(" : "), list.size()});
  const std::string_view one = list.substr(0, end);
  list.remove_prefix(std::min(list.size(), list.substr(end).starts_with(',') ? end + 2 : end + 3));
  return one;
}

}  // namespace

std::vector<UpstreamTry> upstream_tries(const AccessLine& line) {
  std::vector<UpstreamTry> out;
  std::string_view addresses = line.upstream_addresses, times = line.upstream_times,
                   statuses = line.upstream_statuses;
  while (!addresses.empty()) {
    UpstreamTry one;
    one.address = next_of_list(addresses);
    one.seconds = number(next_of_list(times)).value_or(-1);
    const double status = number(next_of_list(statuses)).value_or(0);
    if (status >= 100 && status <= 999) one.status = static_cast<int>(status);
    if (one.address != "-") out.push_back(one);
  }
  return out;
}

std::optional<AccessLine> parse_access_line(std::string_view line) {
  if (line.empty() || line.size() > kAccessLineBytesMax) return std::nullopt;
  return line[0] == '{' ? parse_json(line) : parse_combined(line);
}

}  // namespace trimtab
