// SPDX-License-Identifier: Apache-2.0
// Prometheus' metadata API: what series, labels and metrics there are.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "server/api/request_reading.h"
#include "server/api/series_union.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kPieceBytes = 64 << 10;

constexpr std::string_view kTruncated = ",\"warnings\":[\"results truncated due to limit\"]";

Response strings_answer(const std::vector<std::string>& strings, std::size_t limit) {
  JsonWriter json;
  json.begin_array();
  for (std::size_t i = 0; i < std::min(limit, strings.size()); ++i) json.value(strings[i]);
  json.end_array();
  return Response::json(fmt::format("{{\"status\":\"success\",\"data\":{}{}}}\n", json.take(),
                                    strings.size() > limit ? kTruncated : ""));
}

Result<Response> series(Services& services, const Request& request) {
  const auto selectors = TRY(read_selectors(request, true));
  const TimeRange range = TRY(read_range(request, services.clock.now_ms()));
  const std::size_t most = services.store.limits().query_series_max;
  const std::size_t limit = TRY(read_limit(request, most, most));
  const auto all = TRY(SeriesUnion::select(services.store, selectors, range));
  Response response = Response::json("");
  response.chunks = [all, cut = limit < all->size(), limit = std::min(limit, all->size()),
                     next = std::size_t{0}](std::string& chunk) mutable -> Result<bool> {
    if (next == 0) chunk += "{\"status\":\"success\",\"data\":[";
    for (; next < limit && chunk.size() < kPieceBytes; ++next) {
      if (next > 0) chunk += ',';
      append_labels_json(chunk, all->labels(next));
    }
    if (next < limit) return true;
    chunk.append("]").append(cut ? kTruncated : "").append("}\n");
    return false;
  };
  return response;
}

// Names or values over all selectors together: sorted, each once.
template <typename Ask>
Result<std::vector<std::string>> merged(std::vector<Matchers> selectors, const Ask& ask) {
  if (selectors.empty()) selectors.emplace_back();
  std::vector<std::string> all;
  for (const Matchers& matchers : selectors) {
    std::vector<std::string> some = TRY(ask(matchers));
    std::vector<std::string> both;
    std::set_union(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(both));
    all = std::move(both);
  }
  return all;
}

Result<Response> label_names(Services& services, const Request& request) {
  const TimeRange range = TRY(read_range(request, services.clock.now_ms()));
  const std::size_t limit = TRY(read_limit(request, SIZE_MAX, SIZE_MAX));
  auto selectors = TRY(read_selectors(request, false));
  const auto names = TRY(
      merged(std::move(selectors), [&](const Matchers& m) { return services.store.label_names(m, range); }));
  return strings_answer(names, limit);
}

Result<Response> label_values(Services& services, const Request& request) {
  const TimeRange range = TRY(read_range(request, services.clock.now_ms()));
  const std::size_t limit = TRY(read_limit(request, SIZE_MAX, SIZE_MAX));
  auto selectors = TRY(read_selectors(request, false));
  const std::string name = unescape_label_name(request.path_values.at(0));
  const auto values = TRY(merged(
      std::move(selectors), [&](const Matchers& m) { return services.store.label_values(name, m, range); }));
  return strings_answer(values, limit);
}

Result<Response> metadata(Services& services, const Request& request) {
  const std::size_t limit = TRY(read_limit(request, SIZE_MAX, SIZE_MAX));
  const std::string_view wanted = request.parameter("metric");
  JsonWriter json;
  json.begin_object();
  std::size_t count = 0;
  for (const auto& [metric, known] : services.store.metadata()) {
    if (!wanted.empty() && metric != wanted) continue;
    if (count++ == limit) break;
    json.key(metric).begin_array().begin_object();
    json.field("type", to_string(known.type)).field("help", known.help).field("unit", known.unit);
    json.end_object().end_array();
  }
  json.end_object();
  return Response::json(success_json(json.take()));
}

using Handler = Result<Response> (*)(Services&, const Request&);

}  // namespace

void add_series_routes(http::Router& router, Services& services) {
  const std::vector<http::ParameterDoc> selection = {
      {"match[]", "Series selector, such as up{job=\"node\"}; may repeat."},
      {"start", "Unix seconds, ISO 8601 or now-2h; default: all time."},
      {"end", "As start."},
      {"limit", "At most this many."}};
  struct Line {
    const char* path;
    const char* sentence;
    Handler handler;
    bool post;
  };
  for (const Line& line :
       {Line{"/api/v1/series", "Label sets of the series that match.", series, true},
        Line{"/api/v1/labels", "Label names.", label_names, true},
        Line{"/api/v1/label/{name}/values",
             "Values of one label; a name with other characters than letters, digits and _ is "
             "percent-encoded or spelled U__a_2e_b.",
             label_values, false},
        Line{"/api/v1/metadata", "Type, help and unit of metrics.", metadata, false}}) {
    for (const char* method : {"GET", "POST"}) {
      if (!line.post && method[0] == 'P') continue;
      router.add({.method = method,
                  .pattern = line.path,
                  .sentence = line.sentence,
                  .parameters = selection,
                  .body_bytes_max = line.post && method[0] == 'P' ? std::size_t{1 << 20} : 0,
                  .handle = [&services, handler = line.handler](const Request& request) {
                    auto response = handler(services, request);
                    return response ? std::move(*response) : Response::error(response.error());
                  }});
    }
  }
}

}  // namespace trimtab
