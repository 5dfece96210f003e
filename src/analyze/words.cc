// SPDX-License-Identifier: Apache-2.0
#include "analyze/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/format.h"

namespace trimtab::analyze {
namespace {

std::string signal_words(const Signal& signal, const Labels& labels) {
  return signal.title.empty() ? std::string(labels.metric_name()) : signal.title;
}

// What tells this series from others of its entity: "(mountpoint /, device sda)".
std::string distinguishing_words(const EntityRef& entity, const Labels& labels) {
  static constexpr std::array<std::string_view, 9> kTelling{
      "mountpoint", "device", "cpu", "mode", "pool", "queue", "name", "container", "interface"};
  std::string words;
  for (const std::string_view name : kTelling) {
    const std::string_view value = labels.get(name);
    if (value.empty() || value == entity.name) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name, value);
  }
  return words.empty() ? "" : " (" + words + ")";
}

std::string with_unit(double value, const std::string& unit) { return format_with_unit(value, unit); }

std::string now_and_usual(const Evidence& evidence) {
  return fmt::format("{}, usually {}", with_unit(evidence.now, evidence.unit),
                     with_unit(evidence.usual, evidence.unit));
}

}  // namespace

std::string entity_words(const EntityRef& entity) { return entity.kind + " " + entity.name; }

std::string unusual_title(const EntityRef& entity, const Signal& signal, const Evidence& evidence) {
  const std::string who = entity_words(entity);
  const bool factor_tells = evidence.usual > 0 && evidence.now > 0;
  const double factor = factor_tells ? evidence.now / evidence.usual : 0;
  if (evidence.method == "state") return fmt::format("{} does not answer", who);
  if (evidence.method == "leak") {
    return fmt::format("{} of {}{} keeps growing: {}, {} {} before", signal_words(signal, evidence.series),
                       who, distinguishing_words(entity, evidence.series),
                       with_unit(evidence.now, evidence.unit), with_unit(evidence.usual, evidence.unit),
                       format_duration_human(evidence.window.to - evidence.window.from));
  }
  if (evidence.aspect == "latency" && factor_tells) {
    return fmt::format("Latency of {} is {} its usual: {}", who, format_factor(factor),
                       now_and_usual(evidence));
  }
  if (evidence.aspect == "errors" && evidence.unit == "ratio") {
    return fmt::format("{} of requests of {} fail, usually {}", with_unit(evidence.now, "ratio"), who,
                       with_unit(evidence.usual, "ratio"));
  }
  if (evidence.aspect == "errors") return fmt::format("Errors of {}: {}", who, now_and_usual(evidence));
  if (evidence.aspect == "availability")
    return fmt::format("Availability of {} is {}", who, now_and_usual(evidence));
  if (evidence.aspect == "traffic") {
    return fmt::format("Traffic of {} {}: {}", who, evidence.now > evidence.usual ? "is up" : "is down",
                       now_and_usual(evidence));
  }
  return fmt::format("{} of {}{}: {}", signal_words(signal, evidence.series), who,
                     distinguishing_words(entity, evidence.series), now_and_usual(evidence));
}

std::string limit_title(const EntityRef& entity, const Signal& signal, const Labels& labels,
                        const LimitState& state, TimestampMs at_ms) {
  const std::string what = fmt::format("{} of {}{}", signal_words(signal, labels), entity_words(entity),
                                       distinguishing_words(entity, labels));
  if (state.saturated || !state.exhaustion || !state.exhaustion->expected_ms) {
    return fmt::format("{}: {} of its limit of {} is used", what, format_with_unit(state.share, "ratio"),
                       with_unit(state.limit, signal.unit));
  }
  return fmt::format("{}: its limit of {} will be reached in about {}", what,
                     with_unit(state.limit, signal.unit),
                     format_duration_human(*state.exhaustion->expected_ms - at_ms));
}

bool is_share(std::string_view unit) { return unit == "ratio" || unit == "percent"; }

std::string harm_words(const Evidence& evidence, int tier) {
  std::string words;
  const double percent = evidence.unit == "percent" ? 0.01 : 1;
  const double change = std::abs(evidence.now - evidence.usual) * percent;
  if (evidence.method == "state") {
    words = "it does not answer";
  } else if (evidence.method == "leak") {
    const double days =
        static_cast<double>(std::max<DurationMs>(1, evidence.window.to - evidence.window.from)) /
        static_cast<double>(kDayMs);
    words = fmt::format("it grows by {} a day and does not come back",
                        with_unit((evidence.now - evidence.usual) / days, evidence.unit));
  } else if (evidence.aspect == "availability" || (evidence.aspect == "errors" && evidence.unit == "ratio")) {
    words = fmt::format("{} more requests fail than usual", format_with_unit(change, "ratio"));
  } else if (evidence.aspect == "latency") {
    words = fmt::format("each operation takes {} longer than usual",
                        with_unit(evidence.now - evidence.usual, evidence.unit));
  } else {
    words = fmt::format(
        "{} {} its usual",
        is_share(evidence.unit) ? format_number(100 * change) + " points" : with_unit(change, evidence.unit),
        evidence.now > evidence.usual ? "above" : "below");
  }
  if (tier > 0) words += fmt::format("; tier {}", tier);
  return words;
}

FindingKind kind_of(const Evidence& evidence, bool lasting) {
  if (evidence.method == "state" || evidence.aspect == "availability") return FindingKind::kAvailability;
  if (evidence.method == "leak") return FindingKind::kTrend;
  if (evidence.aspect == "errors") return FindingKind::kErrors;
  if (evidence.aspect == "latency") return FindingKind::kLatency;
  if (evidence.aspect == "traffic") return FindingKind::kTraffic;
  return lasting ? FindingKind::kLevelShift : FindingKind::kAnomaly;
}

}  // namespace trimtab::analyze
