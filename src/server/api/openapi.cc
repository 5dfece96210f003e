// SPDX-License-Identifier: Apache-2.0
#include "server/openapi.h"
#include "server/services.h"

namespace trimtab {

void add_openapi_routes(http::Router& router, Services&) {
  using namespace http;
  auto document = std::make_shared<std::string>();
  router.add({.method = "GET",
              .pattern = "/api/trimtab/openapi.json",
              .sentence = "This API, as an OpenAPI document.",
              .handle = [document](const Request&) { return Response::json(*document); }});
  *document = openapi_json(router);
}

void add_all_routes(http::Router& router, Services& services) {
  add_health_routes(router, services);
  add_write_routes(router, services);
  add_import_routes(router, services);
  add_export_routes(router, services);
  add_query_routes(router, services);
  add_series_routes(router, services);
  add_rules_routes(router, services);
  add_status_routes(router, services);
  add_prometheus_status_routes(router, services);
  add_admin_routes(router, services);
  add_findings_routes(router, services);
  add_events_routes(router, services);
  add_recommendation_routes(router, services);
  add_change_routes(router, services);
  add_brief_routes(router, services);
  add_openapi_routes(router, services);
}

}  // namespace trimtab
