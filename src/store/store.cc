// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <array>
#include <bit>

namespace trimtab {

double stale_marker() { return std::bit_cast<double>(kStaleNanBits); }
bool is_stale_marker(double value) { return std::bit_cast<std::uint64_t>(value) == kStaleNanBits; }

namespace {
constexpr std::array<std::string_view, 8> kTypeNames{"unknown", "counter", "gauge",   "histogram",
                                                     "gaugehistogram", "summary", "info", "stateset"};
}

std::string_view to_string(MetricType type) { return kTypeNames[static_cast<std::size_t>(type)]; }

MetricType parse_metric_type(std::string_view text) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] == text) return static_cast<MetricType>(i);
  }
  return MetricType::kUnknown;
}

}  // namespace trimtab
