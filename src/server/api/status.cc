// SPDX-License-Identifier: Apache-2.0
// How the server itself is doing: build, targets, state of store and analysis, refused data.
#include "base/json.h"
#include "base/version.h"
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

Response build_info() {
  JsonWriter json;
  // Clients such as Grafana decide by the version what to ask for: this is the Prometheus whose query
  // language and API we speak.
  json.begin_object()
      .field("version", "3.0.0")
      .field("application", "trimtab")
      .field("revision", kTrimtabVersion);
  json.field("branch", "").field("buildUser", "").field("buildDate", "").field("goVersion", "").end_object();
  return Response::json(success_json(json.take()));
}

void write_store(JsonWriter& json, Store& store) {
  const StoreStats stats = store.stats();
  json.key("store").begin_object();
  json.field("series", stats.series).field("samples", stats.samples).field("chunks", stats.chunks);
  json.field("diskBytes", stats.disk_bytes).field("memoryBytes", stats.memory_bytes);
  if (stats.oldest_ms) json.field("oldest", format_timestamp(*stats.oldest_ms));
  if (stats.newest_ms) json.field("newest", format_timestamp(*stats.newest_ms));
  json.field("writeRefusal", store.write_refusal()).end_object();
}

Result<Response> status(Services& services) {
  const auto last = TRY(services.ledger.last_pass());
  const auto progress = services.analysis.progress();
  JsonWriter json;
  json.begin_object()
      .field("version", kTrimtabVersion)
      .field("started", format_timestamp(services.started_ms));
  json.field("uptimeSeconds", (services.clock.now_ms() - services.started_ms) / 1000);
  write_store(json, services.store);
  json.key("analysis").begin_object().field("running", progress.running);
  json.field("seriesDone", progress.series_done).field("seriesTotal", progress.series_total);
  if (last) json.key("lastPass").raw(to_json(*last));
  json.end_object();
  json.field("rejected", services.rejects.total()).end_object();
  return Response::json(success_json(json.take()));
}

Response rejects(Services& services) {
  JsonWriter json;
  json.begin_object().key("reasons").begin_array();
  for (std::size_t i = 0; i < kRejectReasonsCount; ++i) {
    const auto reason = static_cast<RejectReason>(i);
    json.begin_object().field("reason", reject_name(reason)).field("meaning", reject_sentence(reason));
    json.field("count", services.rejects.count(reason)).end_object();
  }
  json.end_array().key("samples").begin_array();
  for (const RejectSample& sample : services.rejects.samples()) {
    json.begin_object()
        .field("time", format_timestamp(sample.when_ms))
        .field("reason", reject_name(sample.reason));
    json.field("source", sample.source)
        .field("detail", sample.detail)
        .field("count", sample.count)
        .end_object();
  }
  json.end_array().end_object();
  return Response::json(success_json(json.take()));
}

}  // namespace

void add_status_routes(http::Router& router, Services& services) {
  router.add({.method = "GET",
              .pattern = "/api/v1/status/buildinfo",
              .sentence = "Version, in Prometheus' words.",
              .run = http::Run::kInline,
              .handle = [](const Request&) { return build_info(); }});
  router.add({.method = "GET",
              .pattern = "/api/v1/targets",
              .sentence = "Scrape targets and how their last scrape went.",
              .handle = [&services](const Request&) {
                const std::string none = "{\"activeTargets\":[],\"droppedTargets\":[]}";
                return Response::json(success_json(services.targets_json ? services.targets_json() : none));
              }});
  router.add({.method = "GET",
              .pattern = "/api/trimtab/status",
              .sentence = "State of the store, the analysis and refused data.",
              .handle = [&services](const Request&) {
                auto response = status(services);
                return response ? std::move(*response) : Response::error(response.error());
              }});
  router.add({.method = "GET",
              .pattern = "/api/trimtab/rejects",
              .sentence = "Refused data: a count for each reason, and the newest with their detail.",
              .handle = [&services](const Request&) { return rejects(services); }});
}

}  // namespace trimtab
