// SPDX-License-Identifier: Apache-2.0
// Findings: looking at them, and what people decide about them.
#include <fmt/format.h>

#include "base/json.h"
#include "server/api/body_reading.h"
#include "server/api/record_id.h"
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kFindingsMax = 10'000;

Result<Response> list(Services& services, const Request& request) {
  FindingFilter filter;
  for (const std::string_view text : request.parameters_named("state")) {
    filter.states.push_back(TRY(parse_finding_state(text)));
  }
  const TimeRange range = TRY(read_range(request, services.clock.now_ms(), "since", "until"));
  if (request.has_parameter("since") || request.has_parameter("until")) filter.overlapping = range;
  filter.limit = TRY(read_limit(request, 1000, kFindingsMax));
  const std::vector<Finding> findings = TRY(services.ledger.findings(filter));
  JsonWriter json;
  json.begin_array();
  for (const Finding& finding : findings) json.raw(to_json(finding));
  json.end_array();
  return Response::json(success_json(json.take()));
}

Result<Response> one(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "F-", "a finding"));
  const Finding finding = TRY(services.ledger.finding(id));
  return Response::json(success_json(to_json(finding)));
}

Result<Response> set_state(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "F-", "a finding"));
  const auto body = TRY(read_text_object(request.body, {"state", "by", "reason", "until"}));
  const auto text = [&](const char* name) {
    const auto it = body.find(name);
    return it == body.end() ? std::string() : it->second;
  };
  const FindingState state = TRY(parse_finding_state(text("state")));
  if (text("by").empty()) return invalid("by: who decides is required");
  std::optional<TimestampMs> until;
  if (!text("until").empty()) until = TRY(parse_timestamp(text("until")));
  const Finding finding =
      TRY(services.ledger.set_finding_state(id, state, text("by"), text("reason"), until));
  return Response::json(success_json(to_json(finding)));
}

using Handler = Result<Response> (*)(Services&, const Request&);

}  // namespace

void add_findings_routes(http::Router& router, Services& services) {
  const auto with = [&services](Handler handler) {
    return [&services, handler](const Request& request) {
      auto response = handler(services, request);
      return response ? std::move(*response) : Response::error(response.error());
    };
  };
  router.add(
      {.method = "GET",
       .pattern = "/api/trimtab/findings",
       .sentence = "What is or was out of the ordinary.",
       .parameters = {{"state", "open, acknowledged, resolved or dismissed; may repeat; default: all."},
                      {"since", "Only findings that were there after this."},
                      {"until", "Only findings that were there before this."},
                      {"limit", "At most this many, 1000 by default."}},
       .handle = with(list)});
  router.add({.method = "GET",
              .pattern = "/api/trimtab/findings/{id}",
              .sentence = "One finding, with its evidence.",
              .parameters = {{"id", "F-12 or 12.", true, true}},
              .handle = with(one)});
  router.add(
      {.method = "POST",
       .pattern = "/api/trimtab/findings/{id}/state",
       .sentence =
           "Acknowledges, dismisses, resolves or opens again: {\"state\":\"acknowledged\",\"by\":\"ann\","
           "\"reason\":\"...\",\"until\":\"2026-12-01\"}.",
       .parameters = {{"id", "F-12 or 12.", true, true}},
       .access = http::Access::kAdmin,
       .body_bytes_max = 64 << 10,
       .handle = with(set_state)});
}

}  // namespace trimtab
