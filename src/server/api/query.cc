// SPDX-License-Identifier: Apache-2.0
// Prometheus' query API: instant and range queries, and what can be asked about a query's text.
#include "base/json.h"
#include "query/parser.h"
#include "query/pretty.h"
#include "query/tree_json.h"
#include "server/api/request_reading.h"
#include "server/query_desk.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kFormBytesMax = 1 << 20;

std::vector<http::ParameterDoc> query_parameters(bool instant) {
  std::vector<http::ParameterDoc> out = {{"query", "PromQL; see promql.md.", true}};
  if (instant) {
    out.push_back({"time", "Unix seconds, RFC 3339 or now-2h; default: now."});
  } else {
    out.push_back({"start", "Time of the first point: Unix seconds, RFC 3339 or now-2h.", true});
    out.push_back({"end", "Time of the last point, or after it.", true});
    out.push_back({"step", "Between points: seconds or a duration such as 5m.", true});
  }
  out.push_back({"timeout", "Seconds or a duration; at most query.timeout."});
  out.push_back({"limit", "At most this many series in the answer, with a warning; 0: all."});
  out.push_back({"lookback_delta", "How old a sample may be and still count; default: query.lookback."});
  out.push_back({"stats", "Any value: data.stats tells what was read and how long it took."});
  out.push_back({"trace", "1: data.trace tells series, samples and time of every part of the query."});
  return out;
}

void add_both(http::Router& router, http::Route route) {
  const auto handle = route.handle;
  for (const char* method : {"GET", "POST"}) {
    http::Route one = route;
    one.method = method;
    one.body_bytes_max = method[0] == 'P' ? kFormBytesMax : 0;
    one.handle = handle;
    router.add(std::move(one));
  }
}

// Answers about the text alone.
template <typename Make>
Response about_text(const Request& request, const Make& make) {
  const auto expr = promql::parse(request.parameter("query"));
  if (!expr) return QueryDesk::bad_data(expr.error().within("invalid parameter \"query\""));
  return Response::json(success_json(make(**expr)));
}

}  // namespace

void add_query_routes(http::Router& router, Services& services) {
  const auto desk =
      std::make_shared<QueryDesk>(services.querier, services.query, services.clock, services.metrics);
  for (const bool instant : {true, false}) {
    add_both(router,
             {.pattern = instant ? "/api/v1/query" : "/api/v1/query_range",
              .sentence = instant ? "A PromQL query as of one moment."
                                  : "A PromQL query at even steps over a range of time.",
              .parameters = query_parameters(instant),
              .run = http::Run::kQuery,
              .handle = [desk, instant](const Request& request) { return desk->answer(request, instant); }});
  }
  add_both(
      router,
      {.pattern = "/api/v1/query_exemplars",
       .sentence = "Exemplars of a query's series; none are kept yet, so the answer is empty.",
       .parameters = {{"query", "PromQL.", true}, {"start", "As for query_range."}, {"end", "As start."}},
       .handle = [&services](const Request& request) {
         const auto range = read_range(request, services.clock.now_ms());
         if (!range) return QueryDesk::bad_data(range.error());
         return about_text(request, [](const promql::Expr&) { return std::string("[]"); });
       }});
  add_both(router, {.pattern = "/api/v1/format_query",
                    .sentence = "The query's text in one canonical form.",
                    .parameters = {{"query", "PromQL.", true}},
                    .handle = [](const Request& request) {
                      return about_text(request, [](const promql::Expr& expr) {
                        std::string out;
                        append_json_string(out, promql::to_pretty_text(expr));
                        return out;
                      });
                    }});
  add_both(router, {.pattern = "/api/v1/parse_query",
                    .sentence = "The query as a tree, in the words of Prometheus' API.",
                    .parameters = {{"query", "PromQL.", true}},
                    .handle = [](const Request& request) { return about_text(request, promql::tree_json); }});
}

}  // namespace trimtab
