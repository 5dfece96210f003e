// SPDX-License-Identifier: Apache-2.0
// Advice: what should change, what that is worth, and the plan of it all.
#include <fmt/format.h>

#include <functional>

#include "base/json.h"
#include "server/advice_schedule.h"
#include "server/api/body_reading.h"
#include "server/api/record_id.h"
#include "server/api/request_reading.h"
#include "server/plan_maker.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kRecommendationsMax = 10'000;

Result<Response> list(Services& services, const Request& request) {
  RecommendationFilter filter;
  for (const std::string_view text : request.parameters_named("state")) {
    filter.states.push_back(TRY(parse_recommendation_state(text)));
  }
  if (request.has_parameter("entity")) filter.entity = TRY(parse_entity(request.parameter("entity")));
  filter.limit = TRY(read_limit(request, 1000, kRecommendationsMax));
  const std::vector<Recommendation> found = TRY(services.ledger.recommendations(filter));
  JsonWriter json;
  json.begin_array();
  for (const Recommendation& recommendation : found) json.raw(to_json(recommendation));
  json.end_array();
  return Response::json(success_json(json.take()));
}

Result<Response> in_format(const Request& request, std::string_view fallback,
                           const std::function<std::string(BriefFormat, const BriefStyle&)>& render) {
  const std::string_view format = request.parameter("format");
  const BriefFormat chosen = TRY(parse_brief_format(format.empty() ? fallback : format));
  BriefStyle style;
  style.colour = request.parameter("colour") == "true";
  if (chosen == BriefFormat::kJson) return Response::json(success_json(render(chosen, style)));
  Response response;
  response.body = render(chosen, style);
  response.content_type = chosen == BriefFormat::kHtml       ? "text/html; charset=utf-8"
                          : chosen == BriefFormat::kMarkdown ? "text/markdown; charset=utf-8"
                                                             : "text/plain; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  if (chosen == BriefFormat::kHtml) {
    response.headers.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'");
  }
  return response;
}

Result<Response> one(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "R-", "a recommendation"));
  const Recommendation recommendation = TRY(services.ledger.recommendation(id));
  ChangeFilter of;
  of.recommendation = id;
  const std::vector<Change> changes = TRY(services.ledger.changes(of));
  return in_format(request, "json", [&](BriefFormat format, const BriefStyle& style) {
    return render_recommendation(recommendation, changes, format, style);
  });
}

Result<Response> dismiss(Services& services, const Request& request) {
  const std::int64_t id = TRY(read_record_id(request.path_values.at(0), "R-", "a recommendation"));
  const auto body = TRY(read_text_object(request.body, {"state", "by", "reason"}));
  const auto text = [&](const char* name) {
    const auto it = body.find(name);
    return it == body.end() ? std::string() : it->second;
  };
  const RecommendationState state = TRY(parse_recommendation_state(text("state")));
  if (state != RecommendationState::kDismissed && state != RecommendationState::kProposed) {
    return invalid("state: people dismiss or propose again; the rest follows from changes");
  }
  if (text("by").empty()) return invalid("by: who decides is required");
  const Recommendation moved =
      TRY(services.ledger.set_recommendation_state(id, state, text("by"), text("reason")));
  return Response::json(success_json(to_json(moved)));
}

// A person's own idea: what is to be done and how it is to be measured; the rest is as with advice.
Result<Recommendation> read_idea(Services& services, const Request& request) {
  Recommendation idea = TRY(recommendation_from_json(request.body));
  if (idea.title.empty()) return invalid("title: what is to be done, in a few words, is required");
  if (idea.state_by.empty()) return invalid("state_by: who proposes it is required");
  if (idea.entity.kind.empty())
    return invalid("entity: what it is about is required, as in \"database/shop@db-1\"");
  TRY(services.changes.check_idea(idea.action, idea.verify));
  // What people read must be what is done: the words follow from the parameters, not from the request.
  idea.action.apply = fmt::format("{} on {}", idea.action.type, idea.action.target);
  for (const auto& [name, value] : idea.action.parameters)
    idea.action.apply += fmt::format("; {} = {}", name, value);
  idea.action.undo = "as it was before, read when the change is made";
  idea.fingerprint = "idea|" + idea.action.apply;
  const act::ActionWords words = TRY(services.changes.describe(idea.action));
  if (!words.apply.empty()) idea.action.apply += "; runs " + words.apply;
  if (!words.undo.empty()) idea.action.undo = words.undo;
  // A name of its own, so that one idea does not withdraw another.
  idea.advisor = fmt::format("person.{:016x}", std::hash<std::string>{}(idea.fingerprint));
  idea.why = idea.why.empty() ? "proposed by " + idea.state_by
                              : fmt::format("{} (proposed by {})", idea.why, idea.state_by);
  const EntityInfo info = services.knowledge.now()->estate.info(idea.entity);
  idea.owner = info.owner;
  idea.tier = info.tier;
  idea.state = RecommendationState::kProposed;
  idea.needs.clear();
  return idea;
}

Result<Response> propose(Services& services, const Request& request) {
  const Recommendation idea = TRY(read_idea(services, request));
  const std::vector<Recommendation> live = TRY(services.ledger.record_advice({idea.advisor}, {idea}));
  for (const Recommendation& one : live) {
    if (one.fingerprint == idea.fingerprint) return Response::json(success_json(to_json(one)), 201);
  }
  return fail(ErrorCode::kConflict,
              "the same was proposed before and has been decided; see all recommendations");
}

Result<Response> ask_now(Services& services, const Request&) {
  const AdviceSchedule::Round round = TRY(services.advice.run_now());
  JsonWriter json;
  json.begin_object().field("advisors", round.advisors).key("problems").begin_array();
  for (const std::string& problem : round.problems) json.value(problem);
  json.end_array().end_object();
  return Response::json(success_json(json.take()));
}

Result<Response> plan(Services& services, const Request& request) {
  const PlanInput input = TRY(gather_plan(services.ledger, services.clock));
  return in_format(request, "text", [&](BriefFormat format, const BriefStyle& style) {
    return render_plan(input, format, style);
  });
}

using Handler = Result<Response> (*)(Services&, const Request&);

}  // namespace

void add_recommendation_routes(http::Router& router, Services& services) {
  const auto with = [&services](Handler handler) {
    return [&services, handler](const Request& request) {
      auto response = handler(services, request);
      return response ? std::move(*response) : Response::error(response.error());
    };
  };
  const http::ParameterDoc format = {"format", "text, json, html or markdown."};
  router.add({.method = "GET",
              .pattern = "/api/trimtab/recommendations",
              .sentence = "What should change and what that is worth, most benefit per risk first.",
              .parameters = {{"state",
                              "proposed, not_enough_data, accepted, done, dismissed, withdrawn or "
                              "expired; may repeat; default: all."},
                             {"entity", "Only of this entity: database/shop@db-1."},
                             {"limit", "At most this many, 1000 by default."}},
              .handle = with(list)});
  router.add(
      {.method = "POST",
       .pattern = "/api/trimtab/recommendations",
       .sentence =
           "Proposes a change of one's own: a recommendation with title, entity, action {type, target, "
           "parameters}, verify {target, guards} and state_by.",
       .access = http::Access::kAdmin,
       .body_bytes_max = 256 << 10,
       .handle = with(propose)});
  router.add({.method = "GET",
              .pattern = "/api/trimtab/recommendations/{id}",
              .sentence = "One recommendation, with its evidence and the changes made of it.",
              .parameters = {{"id", "R-12 or 12.", true, true}, format},
              .handle = with(one)});
  router.add(
      {.method = "POST",
       .pattern = "/api/trimtab/recommendations/{id}/state",
       .sentence =
           "Dismisses, or proposes again: {\"state\":\"dismissed\",\"by\":\"ann\",\"reason\":\"...\"}.",
       .parameters = {{"id", "R-12 or 12.", true, true}},
       .access = http::Access::kAdmin,
       .body_bytes_max = 64 << 10,
       .handle = with(dismiss)});
  router.add({.method = "POST",
              .pattern = "/api/trimtab/advice",
              .sentence = "Asks every advisor now and tells what kept any from answering.",
              .access = http::Access::kAdmin,
              .body_bytes_max = 1024,
              .handle = with(ask_now)});
  router.add({.method = "GET",
              .pattern = "/api/trimtab/plan",
              .sentence =
                  "The optimisation plan: what was done and what came of it, what is next, the track record.",
              .parameters = {format},
              .handle = with(plan)});
}

}  // namespace trimtab
