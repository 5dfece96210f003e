// SPDX-License-Identifier: Apache-2.0
#include "analyze/harm.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "analyze/words.h"

namespace trimtab::analyze {
namespace {

// x / (x + half): 0 at 0, 0.5 at `half`, towards 1.
double saturating(double x, double half) { return x > 0 ? x / (x + half) : 0; }

double severity(const Evidence& evidence) {
  const double change = evidence.now - evidence.usual;
  const double percent = evidence.unit == "percent" ? 0.01 : 1;
  const bool share = is_share(evidence.unit);
  const double sigmas = saturating(std::abs(evidence.effect), 10);
  if (evidence.aspect == "errors" || evidence.aspect == "availability") {
    return share ? saturating(std::abs(change) * percent, 0.02) : sigmas;
  }
  if (evidence.aspect == "latency" && evidence.usual > 0)
    return saturating(evidence.now / evidence.usual - 1, 1);
  if (evidence.aspect == "traffic" && evidence.usual > 0 && evidence.now > 0) {
    return saturating(std::abs(std::log2(evidence.now / evidence.usual)), 1);
  }
  return sigmas;
}

}  // namespace

double aspect_weight(std::string_view aspect) {
  struct Weight {
    std::string_view aspect;
    double weight;
  };
  static constexpr std::array<Weight, 12> kWeights{{{"availability", 1.0},
                                                    {"errors", 1.0},
                                                    {"latency", 0.9},
                                                    {"satisfaction", 0.9},
                                                    {"saturation", 0.6},
                                                    {"kpi", 0.6},
                                                    {"traffic", 0.5},
                                                    {"utilisation", 0.4},
                                                    {"capacity", 0.4},
                                                    {"cost", 0.3},
                                                    {"energy", 0.2},
                                                    {"information", 0.1}}};
  for (const Weight& weight : kWeights) {
    if (weight.aspect == aspect) return weight.weight;
  }
  return 0.3;
}

double evidence_harm(const Evidence& evidence) { return aspect_weight(evidence.aspect) * severity(evidence); }

double tier_weight(int tier) {
  switch (tier) {
    case 1: return 1.0;
    case 2: return 0.85;
    case 3: return 0.7;
    case 4: return 0.5;
    default: return 0.75;
  }
}

double sureness_weight(Sureness sure) {
  return sure == Sureness::kHigh ? 1.0 : sure == Sureness::kMedium ? 0.85 : 0.6;
}

// The root, because traffic spreads over decades: a tenth of the busiest's still counts for 0.79.
double traffic_weight(double share) {
  return std::isnan(share) ? 0.85 : 0.7 + 0.3 * std::sqrt(std::clamp(share, 0.0, 1.0));
}

double duration_weight(DurationMs lasted_ms) {
  const double hours = static_cast<double>(lasted_ms) / static_cast<double>(kHourMs);
  return 0.9 + 0.1 * std::clamp(hours / 6, 0.0, 1.0);
}

}  // namespace trimtab::analyze
