// SPDX-License-Identifier: Apache-2.0
#include "report/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "base/format.h"
#include "report/escape.h"
#include "report/sparkline.h"

namespace trimtab::report {
namespace {

bool is_share(std::string_view unit) { return unit == "ratio" || unit == "percent"; }

std::string value_of(double value, const Evidence& evidence) {
  return format_with_unit(value, plain_text(evidence.unit, 40));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// -1 below the usual, +1 above, 0 when it cannot be said.
int direction_of(const Finding& finding) {
  if (finding.evidence.empty()) return 0;
  const Evidence& e = finding.evidence.front();
  if (!(e.now < e.usual) && !(e.now > e.usual)) return 0;
  return e.now > e.usual ? 1 : -1;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::string plural_of(std::string_view noun) {
  const std::string text(noun);
  if (noun.ends_with("series")) return text;
  if (noun.ends_with("s") || noun.ends_with("x") || noun.ends_with("ch") || noun.ends_with("sh"))
    return text + "es";
  constexpr std::string_view kVowels = "aeiou";
  if (noun.size() > 1 && noun.ends_with("y") &&
      kVowels.find(noun[noun.size() - 2]) == std::string_view::npos) {
    return text.substr(0, text.size() - 1) + "ies";
  }
  return text + "s";
}

std::string count_of(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}", grouped(count), count == 1 ? std::string(noun) : plural_of(noun));
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

bool is_known(const TimeRange& range) { return !range.empty() && range != TimeRange{}; }

std::string when(TimestampMs t) {
  std::string iso = format_timestamp(t);
  if (iso.size() < 16 || iso[10] != 'T') return iso;
  return iso.substr(0, 10) + " " + iso.substr(11, 5) + " UTC";
}

std::string short_when(TimestampMs t) {
  const std::string text = when(t);
  return text.size() == 20 ? text.substr(5, 11) : text;
}

std::string ago(TimestampMs t, TimestampMs now) {
  const DurationMs past = now - t;
  if (past >= 0) return past < kMinuteMs ? "just now" : format_duration_human(past) + " ago";
  return "in " + format_duration_human(-past);
}

std::string about(DurationMs duration) {
  const auto rounded = [&](DurationMs unit) {
    return static_cast<std::uint64_t>((duration + unit / 2) / unit);
  };
  if (duration < kMinuteMs) return "less than a minute";
  if (duration < 90 * kMinuteMs) return count_of(rounded(kMinuteMs), "minute");
  if (duration < 2 * kDayMs) return count_of(rounded(kHourMs), "hour");
  return count_of(rounded(kDayMs), "day");
}

std::string lookback(DurationMs duration) {
  if (duration >= kDayMs && duration <= 2 * kDayMs && duration % kHourMs == 0)
    return fmt::format("{} h", duration / kHourMs);
  return format_duration_human(duration);
}

std::string effect_phrase(const Evidence& e) {
  if (!std::isfinite(e.now) || !std::isfinite(e.usual)) return "not comparable with its usual";
  const double difference = e.now - e.usual;
  if (difference == 0) return "at its usual";
  const std::string_view side = difference > 0 ? "above" : "below";
  if (e.usual > 0 && e.now >= 0) {
    const double factor = e.now / e.usual;
    if (e.now == 0) return fmt::format("gone; usually {}", value_of(e.usual, e));
    if (factor >= 2) return fmt::format("{} times its usual", format_number(std::round(factor * 10) / 10));
    if (is_share(e.unit)) {
      return fmt::format("{} points {} its usual",
                         format_number(std::fabs(difference) * (e.unit == "ratio" ? 100 : 1)), side);
    }
    return fmt::format("{} % {} its usual", format_number(std::round(std::fabs(factor - 1) * 1000) / 10),
                       side);
  }
  if (e.usual == 0 && e.now > 0) return "new; usually zero";
  return fmt::format("{} {} its usual", value_of(std::fabs(difference), e), side);
}

std::string effect_number(const Evidence& e) {
  if (!std::isfinite(e.now) || !std::isfinite(e.usual) || e.now == e.usual) return "";
  if (e.usual > 0 && e.now > 0) return format_factor(e.now / e.usual);
  return (e.now > e.usual ? "+" : "-") + value_of(std::fabs(e.now - e.usual), e);
}

std::string_view effect_strength(double effect) {
  const double size = std::fabs(effect);
  if (size >= 10) return "very large";
  if (size >= 5) return "large";
  if (size >= 3) return "moderate";
  return "small";
}

std::string usual_range(const Evidence& e) {
  if (!std::isfinite(e.usual_low) || !std::isfinite(e.usual_high) || e.usual_high < e.usual_low) return "";
  if (e.usual_low == 0 && e.usual_high == 0 && e.usual != 0) return "";
  const std::string low = value_of(e.usual_low, e);
  const std::string high = value_of(e.usual_high, e);
  return low == high ? "always " + low : low + " to " + high;
}

std::string aspect_words(const Evidence& e) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kWords{
      {{"latency", "response time"},
       {"errors", "errors"},
       {"traffic", "traffic"},
       {"saturation", "saturation"},
       {"utilisation", "utilisation"},
       {"capacity", "capacity"},
       {"satisfaction", "user satisfaction"},
       {"cost", "cost"},
       {"kpi", "a business figure"},
       {"availability", "availability"},
       {"information", "configuration"}}};
  for (const auto& [aspect, words] : kWords) {
    if (e.aspect == aspect) return std::string(words);
  }
  return "one of its measurements";
}

std::string happening(const Finding& finding) {
  const int direction = direction_of(finding);
  switch (finding.kind) {
    case FindingKind::kLatency:
      return direction < 0 ? "answers faster than usual" : "answers slower than usual";
    case FindingKind::kErrors:
      return direction < 0 ? "fails less often than usual" : "fails more often than usual";
    case FindingKind::kTraffic:
      if (direction == 0) return "has unusual traffic";
      return direction < 0 ? "gets less traffic than usual" : "gets more traffic than usual";
    case FindingKind::kSaturation: return "is at or near a limit";
    case FindingKind::kAvailability: return "is gone or does not answer";
    case FindingKind::kSlo: return "misses its objective";
    case FindingKind::kExhaustion: return "is running out of " + std::string(resource_room(finding));
    case FindingKind::kAnomaly:
    case FindingKind::kLevelShift:
    case FindingKind::kTrend: break;
  }
  const std::string what = finding.evidence.empty() ? "" : aspect_words(finding.evidence.front());
  if (what.empty()) return "does not behave as usual";
  if (finding.kind == FindingKind::kLevelShift) {
    return fmt::format("moved to {} in {}",
                       direction < 0   ? "a lower level"
                       : direction > 0 ? "a higher level"
                                       : "another level",
                       what);
  }
  if (finding.kind == FindingKind::kTrend) {
    return fmt::format("drifts {} in {}", direction < 0 ? "down" : direction > 0 ? "up" : "away", what);
  }
  return "does not behave as usual in " + what;
}

std::string method_words(std::string_view method) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kWords{
      {{"seasonal_residual", "compared with the same time of earlier cycles"},
       {"calendar_residual", "compared with the same hour of other workdays or weekend days"},
       {"event_residual", "compared with earlier events of its kind"},
       {"robust_residual", "compared with its own history"},
       {"level_shift", "a lasting step between two levels"},
       {"trend", "a lasting slope"},
       {"exhaustion", "its trend, carried on to its limit"},
       {"saturation", "compared with its known limit"},
       {"state", "its own report of being up"},
       {"theil_sen_first_passage", "its robust trend, carried on to its limit"},
       {"forecast_first_passage", "forecasts tried on its own past, up to its limit"},
       {"driver_first_passage", "a forecast by what drives it and what is planned, up to its limit"},
       {"leak", "the floor under it keeps rising"},
       {"changed_with_it", "changed at the same time"},
       {kBeganWithIt, "a series without a past"},
       {kEndedWithIt, "a series that ended"},
       {"availability", "its own report of being up"},
       {"slo", "compared with its objective"}}};
  for (const auto& [name, words] : kWords) {
    if (method == name) return std::string(words);
  }
  std::string words = plain_text(method, 60);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string_view sure_words(Sureness sure) {
  switch (sure) {
    case Sureness::kLow: return "not sure yet";
    case Sureness::kMedium: return "fairly sure";
    case Sureness::kHigh: return "quite sure";
  }
  return "";
}

HarmLevel harm_level(const Finding& finding) {
  if (!(finding.harm >= kHarmPossible)) return HarmLevel::kNone;
  const FindingKind kind = finding.kind;
  const bool felt = kind == FindingKind::kErrors || kind == FindingKind::kLatency ||
                    kind == FindingKind::kAvailability || kind == FindingKind::kSlo ||
                    (!finding.evidence.empty() && finding.evidence.front().aspect == "satisfaction");
  return felt && finding.harm >= kHarmCertain && finding.sure != Sureness::kLow ? HarmLevel::kCertain
                                                                                : HarmLevel::kPossible;
}

std::string_view harm_words(HarmLevel level) {
  switch (level) {
    case HarmLevel::kCertain: return "harms customers";
    case HarmLevel::kPossible: return "may reach customers";
    case HarmLevel::kNone: break;
  }
  return "no harm to customers seen";
}

std::string unjudged_words(Unjudged reason) {
  switch (reason) {
    case Unjudged::kTooShort: return "history too short";
    case Unjudged::kStale: return "stopped sending";
    case Unjudged::kTooSparse: return "too few samples";
    case Unjudged::kConstant: return "never changes";
    case Unjudged::kNotNumeric: return "not numbers";
  }
  return "";
}

std::string_view unjudged_key(Unjudged reason) {
  switch (reason) {
    case Unjudged::kTooShort: return "too_short";
    case Unjudged::kStale: return "stale";
    case Unjudged::kTooSparse: return "too_sparse";
    case Unjudged::kConstant: return "constant";
    case Unjudged::kNotNumeric: return "not_numeric";
  }
  return "";
}

std::string_view resource_noun(const Finding& finding) {
  std::string hay = finding.exhaustion ? finding.exhaustion->limit_source : "";
  for (const Evidence& e : finding.evidence) {
    hay += ' ';
    hay += e.series.metric_name();
    if (e.series.has("mountpoint")) hay += " filesystem";
  }
  std::transform(hay.begin(), hay.end(), hay.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (contains(hay, "filesystem") || contains(hay, "disk") || contains(hay, "volume")) return "disk";
  if (contains(hay, "memory") || contains(hay, "heap") || contains(hay, "rss")) return "memory";
  if (contains(hay, "connection") || contains(hay, "pool")) return "connection pool";
  if (contains(hay, "queue")) return "queue";
  if (contains(hay, "cpu")) return "processor";
  return "limit";
}

std::string_view resource_room(const Finding& finding) {
  const std::string_view noun = resource_noun(finding);
  if (noun == "disk") return "disk space";
  if (noun == "connection pool") return "connections";
  if (noun == "queue") return "queue space";
  if (noun == "processor") return "processor time";
  return noun == "limit" ? "room below its limit" : noun;
}

std::string_view trend_words(const Finding& finding) {
  if (finding.evidence.empty() || finding.ended_ms || finding.kind == FindingKind::kExhaustion) return "";
  const Evidence& e = finding.evidence.front();
  const Sparkline line = fit_sparkline(e, e.sparkline.size());
  std::vector<double> away;
  for (std::size_t i = line.unusual_from; i < line.unusual_to; ++i) {
    if (std::isfinite(line.values[i])) away.push_back(std::fabs(line.values[i] - e.usual));
  }
  constexpr std::size_t kPointsMin = 6;  // a third must hold at least two points
  if (away.size() < kPointsMin || !std::isfinite(e.usual)) return "";
  const auto middle = [](std::vector<double> part) {
    std::sort(part.begin(), part.end());
    return (part[part.size() / 2] + part[(part.size() - 1) / 2]) / 2;
  };
  const auto third = static_cast<std::ptrdiff_t>(away.size() / 3);
  const double first = middle({away.begin(), away.begin() + third});
  const double last = middle({away.end() - third, away.end()});
  if (last > first * 1.25) return "growing";
  if (last < first * 0.8) return "easing";
  return "steady";
}

}  // namespace trimtab::report
