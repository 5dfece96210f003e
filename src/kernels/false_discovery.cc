// SPDX-License-Identifier: Apache-2.0
#include "kernels/false_discovery.h"

#include <algorithm>

#include "base/check.h"

namespace trimtab::kernels {

std::size_t keep_alarms(std::span<const double> rates, std::size_t judged, double budget) {
  CHECK(std::is_sorted(rates.begin(), rates.end()) && judged >= rates.size());
  std::size_t keep = 0;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const double allowed = budget * static_cast<double>(i + 1) / static_cast<double>(judged);
    if (rates[i] <= allowed) keep = i + 1;
  }
  return keep;
}

}  // namespace trimtab::kernels
