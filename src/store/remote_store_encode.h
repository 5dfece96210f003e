// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>

#include "store/store.h"

namespace trimtab {

// Builds the body of a Prometheus remote write 1.0 request (prometheus.WriteRequest, protobuf).
class RemoteWriteEncoder {
 public:
  // Samples of one series, times rising.
  void add_series(const Labels& labels, std::span<const Sample> samples);
  void add_metadata(std::string_view family, const MetricMetadata& metadata);
  bool empty() const { return body_.empty(); }
  // Snappy block format, as the protocol wants it. The encoder is empty afterwards.
  std::string take_compressed();

 private:
  std::string body_;
  std::string part_;
};

}  // namespace trimtab
