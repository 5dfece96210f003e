// SPDX-License-Identifier: Apache-2.0
// Changes: making them, watching them, taking them back, stopping them all.
#include "act/change_runner.h"
#include "base/json.h"
#include "report/plan.h"
#include "server/api/body_reading.h"
#include "server/api/record_id.h"
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kChangesMax = 10'000;

struct Decider {
  std::string by;
  std::string reason;
};

Result<Decider> read_decider(const Request& request) {
  const auto body = TRY(read_text_object(request.body.empty() ? "{}" : request.body, {"by", "reason"}));
  const auto text = [&](const char* name) {
    const auto it = body.find(name);
    return it == body.end() ? std::string() : it->second;
  };
  Decider decider{text("by"), text("reason")};
  if (decider.by.empty()) return invalid("by: who decides is required");
  if (decider.reason.empty()) decider.reason = "asked for by " + decider.by;
  return decider;
}

Result<Response> list(Services& services, const Request& request) {
  ChangeFilter filter;
  for (const std::string_view text : request.parameters_named("state")) {
    filter.states.push_back(TRY(parse_change_state(text)));
  }
  if (request.has_parameter("entity")) filter.entity = TRY(parse_entity(request.parameter("entity")));
  if (request.has_parameter("recommendation")) {
    filter.recommendation =
        TRY(read_record_id(request.parameter("recommendation"), "R-", "a recommendation"));
  }
  filter.limit = TRY(read_limit(request, 1000, kChangesMax));
  const std::vector<Change> found = TRY(services.ledger.changes(filter));
  JsonWriter json;
  json.begin_array();
  for (const Change& change : found) json.raw(to_json(change));
  json.end_array();
  return Response::json(success_json(json.take()));
}

Result<Response> one(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "C-", "a change"));
  const Change change = TRY(services.ledger.change(id));
  const std::string_view word = request.parameter("format");
  const BriefFormat format = TRY(parse_brief_format(word.empty() ? "json" : word));
  BriefStyle style;
  style.colour = request.parameter("colour") == "true";
  const std::string body = render_change(change, format, style);
  if (format == BriefFormat::kJson) return Response::json(success_json(body));
  return format == BriefFormat::kHtml ? Response::html(body) : Response::text(body);
}

// Proposing and consenting in one: who asks for it is the person that policy wants.
Result<Response> apply(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "R-", "a recommendation"));
  const Decider decider = TRY(read_decider(request));
  ChangeFilter waiting;
  waiting.recommendation = id;
  waiting.states = {ChangeState::kProposed};
  const std::vector<Change> proposed = TRY(services.ledger.changes(waiting));
  const Change change = proposed.empty() ? TRY(services.changes.propose(id, decider.by)) : proposed.front();
  const Change approved = TRY(services.changes.approve(change.id, decider.by, decider.reason));
  return Response::json(success_json(to_json(approved)), 201);
}

Result<Response> approve(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "C-", "a change"));
  const Decider decider = TRY(read_decider(request));
  const Change change = TRY(services.changes.approve(id, decider.by, decider.reason));
  return Response::json(success_json(to_json(change)));
}

Result<Response> rollback(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "C-", "a change"));
  const Decider decider = TRY(read_decider(request));
  const Change change = TRY(services.changes.rollback(id, decider.by, decider.reason));
  return Response::json(success_json(to_json(change)));
}

Result<Response> halt(Services& services, const Request& request) {
  const Decider decider = TRY(read_decider(request));
  TRY(services.changes.halt(decider.by, decider.reason));
  return Response::json(success_json(R"({"halted":true})"));
}

Result<Response> resume(Services& services, const Request& request) {
  const Decider decider = TRY(read_decider(request));
  TRY(services.changes.resume(decider.by));
  return Response::json(success_json(R"({"halted":false})"));
}

using Handler = Result<Response> (*)(Services&, const Request&);

}  // namespace

void add_change_routes(http::Router& router, Services& services) {
  const auto with = [&services](Handler handler) {
    return [&services, handler](const Request& request) {
      auto response = handler(services, request);
      return response ? std::move(*response) : Response::error(response.error());
    };
  };
  const auto decide = [&](const char* pattern, const char* sentence, http::ParameterDoc id, Handler handler) {
    http::Route route = {.method = "POST",
                         .pattern = pattern,
                         .sentence = sentence,
                         .parameters = {},
                         .access = http::Access::kAdmin,
                         .body_bytes_max = 64 << 10,
                         .handle = with(handler)};
    if (!id.name.empty()) route.parameters.push_back(std::move(id));
    router.add(std::move(route));
  };
  const http::ParameterDoc change = {"id", "C-7 or 7.", true, true};
  router.add({.method = "GET",
              .pattern = "/api/trimtab/changes",
              .sentence = "What was changed or is about to be, newest first.",
              .parameters = {{"state",
                              "proposed, approved, applying, observing, kept, rolled_back, inconclusive or "
                              "failed; may repeat; default: all."},
                             {"entity", "Only of this entity: database/shop@db-1."},
                             {"recommendation", "Only of this one: R-12 or 12."},
                             {"limit", "At most this many, 1000 by default."}},
              .handle = with(list)});
  router.add({.method = "GET",
              .pattern = "/api/trimtab/changes/{id}",
              .sentence = "One change: what was done when by whom, and what was measured.",
              .parameters = {change, {"format", "json (default), text, html or markdown."}},
              .handle = with(one)});
  decide("/api/trimtab/recommendations/{id}/apply",
         "Makes a change of a recommendation and consents to it: {\"by\":\"ann\",\"reason\":\"...\"}.",
         {"id", "R-12 or 12.", true, true}, apply);
  decide("/api/trimtab/changes/{id}/approve", "Consents to a change that waits for a person.", change,
         approve);
  decide("/api/trimtab/changes/{id}/rollback", "Takes a change back.", change, rollback);
  decide("/api/trimtab/changes/halt", "Stops: no change is begun from now on; needs who and why.", {}, halt);
  decide("/api/trimtab/changes/resume", "Allows changes again.", {}, resume);
}

}  // namespace trimtab
