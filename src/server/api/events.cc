// SPDX-License-Identifier: Apache-2.0
// Events: deploys, configuration changes, notes.
#include "base/json.h"
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kEventsMax = 10'000;

Result<Response> list(Services& services, const Request& request) {
  EventFilter filter;
  filter.range = TRY(read_range(request, services.clock.now_ms(), "since", "until"));
  filter.kind = request.parameter("kind");
  filter.limit = TRY(read_limit(request, 1000, kEventsMax));
  const std::vector<Event> events = TRY(services.ledger.events(filter));
  JsonWriter json;
  json.begin_array();
  for (const Event& event : events) json.raw(to_json(event));
  json.end_array();
  return Response::json(success_json(json.take()));
}

Result<Response> add(Services& services, const Request& request) {
  Event event = TRY(event_from_json(request.body));
  if (event.title.empty()) return invalid("title: what happened is required");
  event.id = 0;
  if (event.at_ms == 0) event.at_ms = services.clock.now_ms();
  if (event.kind.empty()) event.kind = "note";
  const Event stored = TRY(services.ledger.add_event(std::move(event)));
  return Response::json(success_json(to_json(stored)), 201);
}

}  // namespace

void add_events_routes(http::Router& router, Services& services) {
  router.add({.method = "GET",
              .pattern = "/api/trimtab/events",
              .sentence = "Deploys, configuration changes and notes.",
              .parameters = {{"since", "Unix seconds, ISO 8601 or now-2h; default: all time."},
                             {"until", "As since."},
                             {"kind", "Only this kind."},
                             {"limit", "At most this many, 1000 by default."}},
              .handle = [&services](const Request& request) {
                auto response = list(services, request);
                return response ? std::move(*response) : Response::error(response.error());
              }});
  router.add({.method = "POST",
              .pattern = "/api/trimtab/events",
              .sentence = "Adds an event; one with the same key is updated.",
              .access = http::Access::kWrite,
              .body_bytes_max = 256 << 10,
              .handle = [&services](const Request& request) {
                auto response = add(services, request);
                return response ? std::move(*response) : Response::error(response.error());
              }});
}

}  // namespace trimtab
