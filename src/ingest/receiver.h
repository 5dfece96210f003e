// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/rejects.h"
#include "base/result.h"
#include "store/store.h"

namespace trimtab {

class RejectTally;

// Bounds on what one request may carry. A request over a bound is refused whole (kLimit).
struct ReceiveLimits {
  std::size_t body_bytes_max = 64 << 20;      // as received
  std::size_t decoded_bytes_max = 256 << 20;  // after decompression
  std::size_t samples_max = 1'000'000;
  std::size_t series_max = 1'000'000;       // series entries, with samples or without
  std::size_t symbols_max = 4'000'000;      // remote write 2.0: strings in the symbols table
  std::size_t label_refs_max = 32'000'000;  // remote write 2.0: references into that table
  std::size_t json_bytes_max = 64 << 20;    // OTLP/JSON after decompression (parsing needs about 14x)
  std::size_t delta_streams_max = 200'000;  // OTLP delta streams being added up; oldest go first
};

// What became of one request. A request with some bad series still keeps its good ones.
// How a server answers: anything rejected -> remote write 400, OTLP 200 with partial success;
// otherwise 204 (remote write) or 200 (OTLP).
struct ReceiveOutcome {
  AppendOutcome appended;
  std::uint64_t samples_rejected = 0;  // refused one by one, store refusals included; each counted in Rejects
  std::uint64_t histograms_rejected = 0;
  std::uint64_t exemplars_rejected = 0;
  std::string first_reject;  // "reason: detail" for the answer's body; "" when nothing was refused

  // X-Prometheus-Remote-Write-Samples-Written: what is in the store now, repeats included.
  // Histograms and exemplars written are always 0.
  std::uint64_t samples_written() const { return appended.taken + appended.duplicates; }
  bool partial() const { return samples_rejected + histograms_rejected > 0; }
};

// Turns request bodies into samples in a store. Thread-safe: any number of requests at once; scratch
// memory is kept per thread. Errors: kInvalid (malformed; nothing was stored), kUnsupported (a content
// type or encoding that is not taken: 415), kLimit (over a bound of ReceiveLimits: 413), and the
// store's own kUnavailable and kIo (503; the sender may retry).
class Receiver {
 public:
  Receiver(Store& store, Rejects& rejects, const Clock& clock, Metrics& metrics, ReceiveLimits limits = {});
  ~Receiver();

  // Prometheus remote write. The version is told by the content type: application/x-protobuf, with
  // ;proto=prometheus.WriteRequest (1.0, also when the parameter is missing) or
  // ;proto=io.prometheus.write.v2.Request. Encoding must be snappy (block format).
  Result<ReceiveOutcome> remote_write(std::string_view content_type, std::string_view content_encoding,
                                      std::string_view body);
  // OTLP/HTTP metrics: application/x-protobuf or application/json; identity, gzip, deflate or zstd.
  Result<ReceiveOutcome> otlp_metrics(std::string_view content_type, std::string_view content_encoding,
                                      std::string_view body);

  const ReceiveLimits& limits() const { return limits_; }

 private:
  struct Protocol;  // counters of one protocol
  struct Otlp;      // OTLP's state: delta sums, metadata already told

  using Take = std::function<Status(RejectTally&, ReceiveOutcome&)>;
  Result<ReceiveOutcome> receive(Protocol& protocol, std::string_view body, const Take& take);

  Store& store_;
  Rejects& rejects_;
  const Clock& clock_;
  ReceiveLimits limits_;
  std::unique_ptr<Protocol> remote_write_v1_;
  std::unique_ptr<Protocol> remote_write_v2_;
  std::unique_ptr<Protocol> otlp_protocol_;
  std::unique_ptr<Otlp> otlp_;
};

// Bodies of OTLP answers, in the request's own encoding (json: the request was application/json).
// 200: ExportMetricsServiceResponse, with partial success where something was rejected.
std::string encode_otlp_response(const ReceiveOutcome& outcome, bool json);
// 4xx and 5xx: google.rpc.Status.
std::string encode_otlp_error(const Error& error, bool json);
// Whether a content type asks for the JSON encoding.
bool is_json_content_type(std::string_view content_type);

}  // namespace trimtab
