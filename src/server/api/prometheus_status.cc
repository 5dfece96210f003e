// SPDX-License-Identifier: Apache-2.0
// What Prometheus' status API tells: flags, configuration, run time, cardinality.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <unordered_map>

#include "base/json.h"
#include "server/api/request_reading.h"
#include "server/services.h"
#include "server/settings.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kTopCount = 10;
constexpr std::size_t kTopCountMax = 10'000;

Response flags(Services& services) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [name, value] : services.effective_settings) {
    const Setting* setting = find_setting(name);
    json.field(setting == nullptr ? name : flag_name(*setting), value);
  }
  json.end_object();
  return Response::json(success_json(json.take()));
}

Response config(Services& services) {
  std::string yaml =
      "# Every setting as it is in force, one a line. scrape_configs, remote and rule_files are left out: "
      "they may\n"
      "# hold secrets.\n";
  for (const auto& [name, value] : services.effective_settings) {
    yaml.append(name).append(": ");
    append_json_string(yaml, value);
    yaml += '\n';
  }
  JsonWriter json;
  json.begin_object().field("yaml", yaml).end_object();
  return Response::json(success_json(json.take()));
}

Response runtime_info(Services& services) {
  std::error_code ignored;
  const auto setting = [&](std::string_view name) {
    const auto it = services.effective_settings.find(name);
    return it == services.effective_settings.end() ? std::string() : it->second;
  };
  const TimestampMs now = services.clock.now_ms();
  JsonWriter json;
  json.begin_object().field("startTime", format_timestamp(services.started_ms));
  json.field("CWD", std::filesystem::current_path(ignored).string());
  json.field("serverTime", format_timestamp(now)).field("reloadConfigSuccess", true);
  json.field("lastConfigTime", format_timestamp(services.started_ms)).field("corruptionCount", 0);
  json.field("storageRetention", setting("store.retention_age")).end_object();
  return Response::json(success_json(json.take()));
}

using Counts = std::unordered_map<std::string, std::uint64_t>;

// The largest first, of equal ones by name.
void write_top(JsonWriter& json, std::string_view key, const Counts& counts, std::size_t limit) {
  std::vector<std::pair<std::string_view, std::uint64_t>> top(counts.begin(), counts.end());
  const auto larger = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const std::size_t count = std::min(limit, top.size());
  std::partial_sort(top.begin(), top.begin() + static_cast<std::ptrdiff_t>(count), top.end(), larger);
  json.key(key).begin_array();
  for (std::size_t i = 0; i < count; ++i)
    json.begin_object().field("name", top[i].first).field("value", top[i].second).end_object();
  json.end_array();
}

// One walk over the labels of all series.
Result<Response> cardinality(Services& services, const Request& request) {
  const auto limit = TRY(read_limit(request, kTopCount, kTopCountMax));
  const auto set = TRY(services.store.select({}, {}));
  Counts metrics, values, bytes, pairs;
  for (std::size_t i = 0; i < set->size(); ++i) {
    const Labels labels = set->labels(i);
    for (const Label& label : labels.items()) {
      if (label.name == kMetricName) ++metrics[label.value];
      if (++pairs[label.name + "=" + label.value] > 1) continue;
      ++values[label.name];
      bytes[label.name] += label.value.size();
    }
  }
  const StoreStats stats = services.store.stats();
  JsonWriter json;
  json.begin_object().key("headStats").begin_object();
  json.field("numSeries", set->size()).field("numLabelPairs", pairs.size()).field("chunkCount", stats.chunks);
  json.field("minTime", stats.oldest_ms.value_or(0))
      .field("maxTime", stats.newest_ms.value_or(0))
      .end_object();
  write_top(json, "seriesCountByMetricName", metrics, limit);
  write_top(json, "labelValueCountByLabelName", values, limit);
  write_top(json, "memoryInBytesByLabelName", bytes, limit);
  write_top(json, "seriesCountByLabelValuePair", pairs, limit);
  json.end_object();
  return Response::json(success_json(json.take()));
}

}  // namespace

void add_prometheus_status_routes(http::Router& router, Services& services) {
  struct Line {
    const char* path;
    const char* sentence;
    Response (*make)(Services&);
  };
  for (const Line& line : {Line{"/api/v1/status/flags", "Every setting as it is in force.", flags},
                           Line{"/api/v1/status/config",
                                "The same as YAML; sections that may hold secrets are left out.", config},
                           Line{"/api/v1/status/runtimeinfo", "Start, folder, retention.", runtime_info}}) {
    router.add({.method = "GET",
                .pattern = line.path,
                .sentence = line.sentence,
                .handle = [&services, make = line.make](const Request&) { return make(services); }});
  }
  router.add({.method = "GET",
              .pattern = "/api/v1/status/tsdb",
              .sentence = "Cardinality: which metrics, labels and pairs have the most series.",
              .parameters = {{"limit", "Rows of each list, default 10."}},
              .handle = [&services](const Request& request) {
                auto response = cardinality(services, request);
                return response ? std::move(*response) : Response::error(response.error());
              }});
}

}  // namespace trimtab
