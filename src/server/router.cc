// SPDX-License-Identifier: Apache-2.0
#include "server/router.h"

#include <algorithm>

#include "base/check.h"

namespace trimtab::http {
namespace {

std::string_view next_segment(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view segment = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& values) {
  if (pattern.find('{') == std::string_view::npos) return pattern == path;
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/'))
    return false;
  values.clear();
  while (!pattern.empty() || !path.empty()) {
    const std::string_view wanted = next_segment(pattern);
    const std::string_view found = next_segment(path);
    if (wanted.starts_with('{')) {
      if (found.empty()) return false;
      values.emplace_back(found);
    } else if (wanted != found) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string_view to_string(Access access) {
  switch (access) {
    case Access::kOpen: return "open";
    case Access::kRead: return "read";
    case Access::kWrite: return "write";
    case Access::kAdmin: return "admin";
  }
  return "?";
}

void Router::add(Route route) {
  for (const Route& other : routes_) {
    CHECK(other.method != route.method || other.pattern != route.pattern, "{} {} twice", route.method,
          route.pattern);
  }
  routes_.push_back(std::move(route));
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  Match match;
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    if (!matches(route.pattern, path, match.values)) continue;
    if (route.method == wanted) {
      match.route = &route;
      match.index = i;
      return match;
    }
    match.allowed +=
        (match.allowed.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
  }
  match.values.clear();
  return match;
}

}  // namespace trimtab::http
