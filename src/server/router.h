// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http.h"

namespace trimtab::http {

// Who may call a route, when tokens are in force.
enum class Access {
  kOpen,   // anyone: liveness for machines
  kRead,   // may look
  kWrite,  // may send telemetry and events
  kAdmin,  // may delete and decide
};
std::string_view to_string(Access access);

// Where a handler runs. Inline: on the connection's io thread, so it must be quick or hot. Pool: on a
// worker of the bounded pool; a full queue is answered 503. Query: the same on the pool of queries, whose
// threads are the number of queries at once.
enum class Run { kInline, kPool, kQuery };

struct ParameterDoc {
  std::string name{};
  std::string sentence{};
  bool required = false;
  bool in_path = false;
};

// One endpoint. The words feed the OpenAPI document and docs/api.md.
struct Route {
  std::string method{};   // GET also serves HEAD
  std::string pattern{};  // "/api/v1/label/{name}/values"
  std::string sentence{};
  std::vector<ParameterDoc> parameters{};
  Access access = Access::kRead;
  Run run = Run::kPool;
  std::size_t body_bytes_max = 0;  // 0: takes no body
  std::function<Response(const Request&)> handle{};
};

// Finds the route of a request. Filled once, then read by any number of threads.
class Router {
 public:
  // Requires: no route with the same method and pattern.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;
    std::size_t index = 0;            // of the route in routes()
    std::vector<std::string> values;  // of each {name}
    std::string allowed;              // methods that exist here; "" = no such path
  };
  Match find(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace trimtab::http
