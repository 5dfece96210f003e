// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/export: samples as the JSON lines that /api/v1/import takes.
#include "server/api/request_reading.h"
#include "server/api/series_union.h"
#include "server/export_lines.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kPieceBytes = 128 << 10;

Result<Response> export_series(Services& services, const Request& request) {
  const auto selectors = TRY(read_selectors(request, true));
  const TimeRange range = TRY(read_range(request, services.clock.now_ms()));
  const auto all = TRY(SeriesUnion::select(services.store, selectors, range));
  Response response;
  response.content_type = "application/x-ndjson";
  response.chunks = [all, range, &services, next = std::size_t{0},
                     buffer = SampleBuffer{}](std::string& chunk) mutable -> Result<bool> {
    for (; next < all->size() && chunk.size() < kPieceBytes; ++next) {
      const Status read = all->read(next, range, buffer);
      if (!read && read.error().code() == ErrorCode::kCorrupt) {
        services.logger.error("a series was left out of an export", {{"error", read.error().message()}});
        continue;
      }
      TRY(read);
      append_export_lines(chunk, all->labels(next), buffer);
    }
    return next < all->size();
  };
  return response;
}

}  // namespace

void add_export_routes(http::Router& router, Services& services) {
  for (const char* method : {"GET", "POST"}) {
    router.add(
        {.method = method,
         .pattern = "/api/v1/export",
         .sentence =
             "Samples as JSON lines, streamed: {\"metric\":{...},\"values\":[...],\"timestamps\":[...]}.",
         .parameters = {{"match[]", "Series selector; may repeat.", true},
                        {"start", "Unix seconds, ISO 8601 or now-2h; default: all time."},
                        {"end", "As start."}},
         .body_bytes_max = method[0] == 'P' ? std::size_t{1 << 20} : 0,
         .handle = [&services](const Request& request) {
           auto response = export_series(services, request);
           return response ? std::move(*response) : Response::error(response.error());
         }});
  }
}

}  // namespace trimtab
