// SPDX-License-Identifier: Apache-2.0
#include "server/route_metrics.h"

#include <algorithm>

namespace trimtab {

RouteMetrics::RouteMetrics(const http::Router& router, Metrics& metrics) : metrics_(metrics) {
  const auto add = [&](const std::string& method, const std::string& path) {
    auto route = std::make_unique<OneRoute>();
    route->method = method;
    route->path = path;
    route->seconds = &metrics.histogram("trimtab_http_request_duration_seconds",
                                        "Time from the end of the headers to the answer being ready.",
                                        {{"method", method}, {"path", path}}, {.001, .01, .1, 1, 10});
    route->body_bytes = &metrics.counter("trimtab_http_request_body_bytes_total", "Bytes of request bodies.",
                                         {{"method", method}, {"path", path}});
    routes_.push_back(std::move(route));
  };
  for (const http::Route& route : router.routes()) add(route.method, route.pattern);
  add("any", "none");
}

void RouteMetrics::count(std::size_t route, int status, std::size_t body_bytes, double seconds) {
  OneRoute& one = *routes_[route == kNoRoute ? routes_.size() - 1 : route];
  const auto slot = static_cast<std::size_t>(std::clamp(status, kStatusMin, kStatusMax) - kStatusMin);
  Counter* counter = one.by_status[slot].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter =
        &metrics_.counter("trimtab_http_requests_total", "HTTP requests answered.",
                          {{"code", std::to_string(status)}, {"method", one.method}, {"path", one.path}});
    one.by_status[slot].store(counter, std::memory_order_release);
  }
  counter->add();
  one.body_bytes->add(static_cast<double>(body_bytes));
  one.seconds->observe(seconds);
}

}  // namespace trimtab
