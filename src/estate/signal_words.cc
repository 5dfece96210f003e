// SPDX-License-Identifier: Apache-2.0
#include "estate/signal_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "estate/catalog.h"
#include "estate/glob.h"

namespace trimtab {

namespace {

constexpr std::array<std::string_view, 10> kKinds = {"unknown", "counter",   "gauge",   "ratio",
                                                     "latency", "histogram", "summary", "timestamp",
                                                     "state",   "constant"};
constexpr std::array<std::string_view, 11> kDomains = {"web",      "mobile",   "service", "data_pipeline",
                                                       "database", "cache",    "queue",   "infrastructure",
                                                       "business", "delivery", "energy"};
constexpr std::array<std::string_view, 11> kAspects = {
    "traffic",      "latency", "errors", "saturation",   "utilisation", "capacity",
    "satisfaction", "cost",    "kpi",    "availability", "information"};

}  // namespace

std::span<const std::string_view> known_domains() { return kDomains; }
std::span<const std::string_view> known_aspects() { return kAspects; }

std::string_view to_string(SignalKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  CHECK(index < kKinds.size(), "{}", index);
  return kKinds[index];
}

Result<SignalKind> parse_signal_kind(std::string_view text) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), text);
  if (found == kKinds.end()) {
    return invalid(fmt::format("\"{}\" is not a kind of signal; known: {}", text.substr(0, 64),
                               fmt::join(kKinds, ", ")));
  }
  return static_cast<SignalKind>(found - kKinds.begin());
}

bool LabelCondition::holds(const Labels& series) const {
  const std::string_view value = series.get(label);
  const auto matches = [&](const std::string& pattern) { return glob_match(pattern, value); };
  return (any.empty() || std::any_of(any.begin(), any.end(), matches)) &&
         std::none_of(none.begin(), none.end(), matches);
}

}  // namespace trimtab
