// SPDX-License-Identifier: Apache-2.0
// Telemetry pushed to us: Prometheus remote write 1.0 and 2.0, OTLP/HTTP metrics.
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

// Remote write senders retry on 5xx and drop on 4xx: what can never succeed must be 4xx, what may
// succeed later 503.
Response refusal_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalid: return Response::error(400, "bad_data", error.message());
    case ErrorCode::kUnsupported: return Response::error(415, "unsupported", error.message());
    case ErrorCode::kLimit: return Response::error(413, "too_large", error.message());
    default: return Response::error(503, "unavailable", error.message());
  }
}

Response remote_write(Services& services, const Request& request) {
  const auto outcome = services.receiver.remote_write(request.header("Content-Type"),
                                                      request.header("Content-Encoding"), request.body);
  if (!outcome) return refusal_of(outcome.error());
  Response response =
      outcome->partial() ? Response::error(400, "bad_data", outcome->first_reject) : Response::empty(204);
  response.headers.emplace_back("X-Prometheus-Remote-Write-Samples-Written",
                                std::to_string(outcome->samples_written()));
  response.headers.emplace_back("X-Prometheus-Remote-Write-Histograms-Written", "0");
  response.headers.emplace_back("X-Prometheus-Remote-Write-Exemplars-Written", "0");
  return response;
}

Response otlp_metrics(Services& services, const Request& request) {
  const std::string_view type = request.header("Content-Type");
  const bool json = is_json_content_type(type);
  const auto outcome = services.receiver.otlp_metrics(type, request.header("Content-Encoding"), request.body);
  Response response;
  if (outcome) {
    response.body = encode_otlp_response(*outcome, json);
  } else {
    response = refusal_of(outcome.error());
    response.body = encode_otlp_error(outcome.error(), json);
  }
  response.content_type = json ? "application/json" : "application/x-protobuf";
  return response;
}

}  // namespace

void add_write_routes(http::Router& router, Services& services) {
  const std::size_t body_max = services.receiver.limits().body_bytes_max;
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/write",
       .sentence =
           "Prometheus remote write 1.0 and 2.0 (snappy). 204 when all samples are kept; 400 names the first "
           "refused one, the others are kept.",
       .access = http::Access::kWrite,
       // Inline: handing 10k series to another thread costs more than decoding them. Waiting for a
       // disk would hold up other connections, so then on the pool.
       .run = services.writes_wait_for_disk ? http::Run::kPool : http::Run::kInline,
       .body_bytes_max = body_max,
       .handle = [&services](const Request& request) { return remote_write(services, request); }});
  for (const char* path : {"/v1/metrics", "/api/v1/otlp/v1/metrics"}) {
    router.add({.method = "POST",
                .pattern = path,
                .sentence = "OTLP/HTTP metrics, protobuf or JSON; identity, gzip, deflate or zstd.",
                .access = http::Access::kWrite,
                .body_bytes_max = body_max,
                .handle = [&services](const Request& request) { return otlp_metrics(services, request); }});
  }
}

}  // namespace trimtab
