// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/yaml.h"
#include "store/store.h"

namespace trimtab {

struct RemoteStoreOptions {
  std::string url = {};        // what stands before /api/v1/..., path prefix included
  std::string write_url = {};  // "": <url>/api/v1/write
  std::string tenant = {};     // sent as X-Scope-OrgID (Mimir, Thanos, Cortex); "" for none
  HttpAuth auth = {};
  std::vector<Label> external_labels = {};      // put on written series that do not have them
  DurationMs read_timeout_ms = 60 * kSecondMs;  // of one request
  DurationMs write_timeout_ms = 30 * kSecondMs;
  DurationMs flush_timeout_ms = 60 * kSecondMs;
  DurationMs close_timeout_ms = 5 * kSecondMs;  // how long the destructor still sends
  std::size_t response_bytes_max = 256 << 20;   // of one answer; larger ranges are read in pieces
  std::size_t queue_samples_max = 1'000'000;    // waiting to be sent; then append() refuses
  std::size_t request_samples_max = 10'000;
  DurationMs backoff_min_ms = 50;
  DurationMs backoff_max_ms = 30 * kSecondMs;  // also the bound on an obeyed Retry-After
  StoreLimits limits = default_limits();

  // As the embedded store's, but reads of at most 50 M samples: they come over the network into memory.
  static StoreLimits default_limits();
  // Keys: url, write_url, tenant, external_labels, read_timeout, write_timeout, queue_samples_max,
  // request_samples_max, and those of HttpAuth. Strict.
  static Result<RemoteStoreOptions> from_yaml(const Yaml& yaml);
};

// Samples in any Prometheus-compatible engine (Prometheus, Thanos, Mimir, Cortex, VictoriaMetrics).
//
// Reading. select() asks /api/v1/series; samples come with the first read(), for all series of the set at
// once: by /api/v1/export where the engine has it (VictoriaMetrics; found out once), else by range selectors
// through /api/v1/query, in pieces of time that grow and shrink with what they hold. aligned() folds raw
// samples here, with the same code as the embedded store.
//
// Writing. append() puts samples into a bounded queue and returns: they are in this process' memory until
// flush() says otherwise. One thread sends them by remote write 1.0 in order, and tries again on 5xx, 429 and
// network errors for as long as it takes (exponential backoff with jitter, Retry-After obeyed). Another 4xx
// drops the request's samples, counts them and logs the engine's words; the next flush() reports it.
// A full queue refuses (kUnavailable), it never drops.
//
// AppendOutcome knows `taken` and `future_refused` only: what the engine makes of a duplicate is its
// business. Thread-safe.
class RemoteStore : public Store {
 public:
  // Does not touch the network. Errors: kInvalid for a URL that is not http(s).
  static Result<std::unique_ptr<RemoteStore>> open(const RemoteStoreOptions& options, const Clock& clock,
                                                   Metrics& metrics, Logger& logger);
};

}  // namespace trimtab
