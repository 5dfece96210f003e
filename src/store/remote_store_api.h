// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/remote_store.h"

namespace trimtab {

using RemoteParameters = std::vector<std::pair<std::string, std::string>>;

// "{a="b",c=~"d"}" for a matcher list.
std::string remote_selector(const Matchers& matchers);
// Seconds with three decimals, as Prometheus' API reads them.
std::string remote_time(TimestampMs time);
// A sample's value in an answer: "1.5", "NaN", "+Inf", "Infinity", "null". Errors: kInvalid.
Result<double> parse_remote_value(std::string_view text);

// Requests to a Prometheus-compatible HTTP API. Connections are kept and lent to one caller at a time.
// Thread-safe.
class RemoteApi {
 public:
  RemoteApi(const RemoteStoreOptions& options, Metrics& metrics);

  // POSTs the parameters as a form to <url><path> and returns the body of a 2xx answer, with room behind it
  // for simdjson. Other statuses become errors that hold the engine's own words (cut): kInvalid (400),
  // kDenied (401, 403), kNotFound (404, 405), kLimit (422 with a limit in its words), kTimeout (504),
  // kUnavailable (429, other 5xx).
  Result<std::string> call(const std::string& path, const RemoteParameters& parameters,
                           const std::atomic<bool>* cancelled = nullptr);
  // Whether <url>/api/v1/export answers as VictoriaMetrics does. Asked once; an engine that is away is asked
  // again the next time.
  Result<bool> has_export();

 private:
  std::unique_ptr<HttpClient> take_client();
  void give_back(std::unique_ptr<HttpClient> client);
  Result<HttpResponse> post(const std::string& path, const RemoteParameters& parameters,
                            const std::atomic<bool>* cancelled);

  static constexpr std::size_t kIdleClientsMax = 8;

  const RemoteStoreOptions options_;
  Counter& requests_;
  Counter& failures_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpClient>> idle_;
  std::optional<bool> has_export_;
};

}  // namespace trimtab
