// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/rejects.h"
#include "base/result.h"
#include "store/store.h"

namespace trimtab {

// Bounds on what one request may carry. A request over a bound is refused whole (kLimit).
struct ReceiveLimits {
  std::size_t body_bytes_max = 64 << 20;          // as received
  std::size_t decoded_bytes_max = 256 << 20;      // after decompression
  std::size_t samples_max = 1'000'000;
};

// What became of one request. A request with some bad series still keeps its good ones.
struct ReceiveOutcome {
  AppendOutcome appended;
  std::uint64_t samples_rejected = 0;      // refused one by one, store refusals included; each counted in Rejects
  std::uint64_t histograms_rejected = 0;
  std::uint64_t exemplars_rejected = 0;
  std::string first_reject;                // a sentence for the answer's body; "" when nothing was refused
};

// Turns request bodies into samples in a store. Thread-safe: any number of requests at once; scratch
// memory is kept per thread. Errors: kInvalid (malformed; nothing was stored), kLimit, kUnavailable.
class Receiver {
 public:
  Receiver(Store& store, Rejects& rejects, const Clock& clock, Metrics& metrics, ReceiveLimits limits = {});

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
  Store& store_;
  Rejects& rejects_;
  const Clock& clock_;
  Metrics& metrics_;
  ReceiveLimits limits_;
};

}  // namespace trimtab
