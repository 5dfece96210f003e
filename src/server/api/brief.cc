// SPDX-License-Identifier: Apache-2.0
// The brief, as an API and as the page at "/".
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

std::string content_type_of(BriefFormat format) {
  switch (format) {
    case BriefFormat::kText: return "text/plain; charset=utf-8";
    case BriefFormat::kJson: return "application/json";
    case BriefFormat::kHtml: return "text/html; charset=utf-8";
    case BriefFormat::kMarkdown: return "text/markdown; charset=utf-8";
  }
  return "text/plain; charset=utf-8";
}

Result<Response> brief(Services& services, const Request& request, std::string_view default_format) {
  BriefQuestion question;
  const TimestampMs now = services.clock.now_ms();
  question.at_ms = TRY(read_time(request, "at", now));
  question.since_ms = TRY(read_time(request, "since", question.at_ms.value_or(now)));
  const std::string_view format = request.parameter("format");
  question.format = TRY(parse_brief_format(format.empty() ? default_format : format));
  if (const std::string_view audience = request.parameter("for"); !audience.empty()) {
    question.style.audience = TRY(parse_audience(audience));
  }
  question.style.colour = request.parameter("colour") == "true";
  Response response;
  response.body = TRY(services.briefs.make(question));
  response.content_type = content_type_of(question.format);
  response.headers.emplace_back("Cache-Control", "no-store");
  if (question.format == BriefFormat::kHtml) {
    response.headers.emplace_back("Content-Security-Policy",
                                  "default-src 'none'; style-src 'unsafe-inline'; script-src "
                                  "'unsafe-inline'; img-src data:; frame-ancestors 'none'");
  }
  return response;
}

http::Route route(Services& services, const char* path, const char* sentence, const char* default_format) {
  return {.method = "GET",
          .pattern = path,
          .sentence = sentence,
          .parameters = {{"for", "developer, lead (default) or head."},
                         {"format", "text, json, html or markdown."},
                         {"at", "A past moment to look at: Unix seconds, ISO 8601 or now-2h."},
                         {"since", "How far back ended findings and events are told; default: 24 h."}},
          .handle = [&services, default_format](const Request& request) {
            auto response = brief(services, request, default_format);
            return response ? std::move(*response) : Response::error(response.error());
          }};
}

}  // namespace

void add_brief_routes(http::Router& router, Services& services) {
  router.add(route(services, "/", "The brief as a page.", "html"));
  router.add(route(services, "/api/trimtab/brief",
                   "How the services perform and what is out of the ordinary.", "text"));
  router.add({.method = "POST",
              .pattern = "/api/trimtab/passes",
              .sentence = "Runs an analysis pass now and tells what it looked at.",
              .access = http::Access::kAdmin,
              .body_bytes_max = 1024,
              .handle = [&services](const Request&) {
                const auto pass = services.analysis.run_now();
                return pass ? Response::json(success_json(to_json(*pass))) : Response::error(pass.error());
              }});
}

}  // namespace trimtab
