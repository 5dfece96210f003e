// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "base/metrics.h"
#include "server/router.h"

namespace trimtab {

// Requests by route and status, their duration and body bytes. The path label is the route's pattern,
// never the path asked for, so the number of series is bounded. Thread-safe; a count is a few atomic adds.
class RouteMetrics {
 public:
  RouteMetrics(const http::Router& router, Metrics& metrics);

  static constexpr std::size_t kNoRoute = static_cast<std::size_t>(-1);
  void count(std::size_t route, int status, std::size_t body_bytes, double seconds);

 private:
  static constexpr int kStatusMin = 100;
  static constexpr int kStatusMax = 599;
  struct OneRoute {
    std::string method;
    std::string path;
    Histogram* seconds = nullptr;
    Counter* body_bytes = nullptr;
    std::array<std::atomic<Counter*>, kStatusMax - kStatusMin + 1> by_status{};  // made on first use
  };
  Metrics& metrics_;
  std::vector<std::unique_ptr<OneRoute>> routes_;  // the last one stands for "no route"
};

}  // namespace trimtab
