// SPDX-License-Identifier: Apache-2.0
#include "server/services.h"

namespace trimtab {

void add_health_routes(http::Router& router, Services& services) {
  using namespace http;
  const auto alive = [](const Request&) { return Response::text("trimtab is healthy\n"); };
  for (const char* path : {"/-/healthy", "/health"}) {
    router.add({.method = "GET",
                .pattern = path,
                .sentence = "Whether the process answers.",
                .access = Access::kOpen,
                .run = Run::kInline,
                .handle = alive});
  }
  router.add({.method = "GET",
              .pattern = "/-/ready",
              .sentence = "Whether requests are served; says so when the store takes no writes.",
              .access = Access::kOpen,
              .handle = [&services](const Request&) {
                const std::string refusal = services.store.write_refusal();
                return Response::text(
                    refusal.empty() ? "trimtab is ready\n"
                                    : "trimtab is ready to be read; it takes no writes: " + refusal + "\n");
              }});
  router.add({.method = "GET",
              .pattern = "/metrics",
              .sentence = "The server's own metrics in Prometheus' text format.",
              .access = Access::kRead,
              .handle = [&services](const Request&) {
                Response response = Response::text(services.metrics.expose());
                response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                return response;
              }});
}

}  // namespace trimtab
