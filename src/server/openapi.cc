// SPDX-License-Identifier: Apache-2.0
#include "server/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/format.h"
#include "base/json.h"
#include "base/version.h"

namespace trimtab {
namespace {

using http::Access;
using http::Route;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

void write_operation(JsonWriter& json, const Route& route) {
  json.key(lower(route.method)).begin_object().field("summary", route.sentence);
  json.key("parameters").begin_array();
  for (const http::ParameterDoc& parameter : route.parameters) {
    json.begin_object().field("name", parameter.name).field("in", parameter.in_path ? "path" : "query");
    json.field("description", parameter.sentence).field("required", parameter.required);
    json.key("schema").begin_object().field("type", "string").end_object().end_object();
  }
  json.end_array();
  if (route.body_bytes_max > 0) {
    json.key("requestBody")
        .begin_object()
        .key("content")
        .begin_object()
        .key("*/*")
        .begin_object()
        .end_object()
        .end_object();
    json.end_object();
  }
  json.key("responses").begin_object();
  json.key("default")
      .begin_object()
      .field("description", "The answer, or {\"status\":\"error\",\"errorType\":...,\"error\":...}.")
      .end_object();
  json.end_object();
  json.key("security").begin_array();
  if (route.access != Access::kOpen) json.begin_object().key("token").begin_array().end_array().end_object();
  json.end_array().end_object();
}

}  // namespace

std::string openapi_json(const http::Router& router) {
  std::map<std::string, std::vector<const Route*>> paths;
  for (const Route& route : router.routes()) paths[route.pattern].push_back(&route);
  JsonWriter json;
  json.begin_object().field("openapi", "3.0.3");
  json.key("info").begin_object().field("title", "Trimtab").field("version", kTrimtabVersion).end_object();
  json.key("paths").begin_object();
  for (const auto& [path, routes] : paths) {
    json.key(path).begin_object();
    for (const Route* route : routes) write_operation(json, *route);
    json.end_object();
  }
  json.end_object();
  json.key("components").begin_object().key("securitySchemes").begin_object().key("token").begin_object();
  json.field("type", "http").field("scheme", "bearer").end_object().end_object().end_object().end_object();
  return json.take() + "\n";
}

std::string api_markdown(const http::Router& router) {
  std::string out = R"(# HTTP API

One port, `127.0.0.1:7600` unless `listen` says otherwise. This file is made from the routes in `src/server/api/` by
`TRIMTAB_UPDATE_DOCS=1 server_test`; the same test keeps it current. The same as an OpenAPI document: `GET /api/trimtab/openapi.json`.

- Errors are JSON: `{"status":"error","errorType":"bad_data","error":"what was wrong, where, and what is allowed"}`.
  400 wrong input, 401 no token, 403 not allowed, 404 nothing there, 405 wrong method, 413 body too large, 415 wrong media
  type or encoding, 422 over a limit, 431 headers too large, 503 not now (with `Retry-After`), 500 our fault.
- With a `token_file`, send `Authorization: Bearer TOKEN` (a browser may send the token as Basic password). "Access" says
  which role a token needs; `admin` may do everything. Without one, only loopback is listened on.
- Times are Unix seconds, ISO 8601 with zone, or relative: `now-2h`.
- Answers are gzipped where `Accept-Encoding` asks for it.

)";
  for (const Route& route : router.routes()) {
    out += fmt::format(
        "## {} {}\n\n{} Access: {}.{}\n", route.method, route.pattern, route.sentence,
        to_string(route.access),
        route.body_bytes_max == 0
            ? std::string()
            : fmt::format(" Body: at most {}.", format_bytes(static_cast<double>(route.body_bytes_max))));
    if (!route.parameters.empty()) out += "\n";
    for (const http::ParameterDoc& parameter : route.parameters) {
      out += fmt::format("- `{}`{}: {}\n", parameter.name, parameter.required ? " (required)" : "",
                         parameter.sentence);
    }
    out += "\n";
  }
  out.pop_back();
  return out;
}

}  // namespace trimtab
