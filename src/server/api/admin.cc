// SPDX-License-Identifier: Apache-2.0
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

Result<Response> delete_series(Services& services, const Request& request) {
  const auto selectors = TRY(read_selectors(request, true));
  const TimeRange range = TRY(read_range(request, services.clock.now_ms()));
  std::uint64_t touched = 0;
  for (const Matchers& matchers : selectors) touched += TRY(services.store.remove(matchers, range));
  services.logger.info("samples deleted", {{"series", touched}, {"remote", request.remote}});
  return Response::empty(204);
}

}  // namespace

void add_admin_routes(http::Router& router, Services& services) {
  for (const char* method : {"POST", "PUT"}) {
    router.add(
        {.method = method,
         .pattern = "/api/v1/admin/tsdb/delete_series",
         .sentence = "Deletes the samples that match, whole series when no range is given. There is no undo.",
         .parameters = {{"match[]", "Series selector; may repeat.", true},
                        {"start", "Unix seconds, ISO 8601 or now-2h; default: all time."},
                        {"end", "As start."}},
         .access = http::Access::kAdmin,
         .body_bytes_max = 1 << 20,
         .handle = [&services](const Request& request) {
           auto response = delete_series(services, request);
           return response ? std::move(*response) : Response::error(response.error());
         }});
  }
}

}  // namespace trimtab
