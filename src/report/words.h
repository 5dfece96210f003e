// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/records.h"

namespace trimtab::report {

// The brief's vocabulary: numbers, times and kinds as people say them. Everything returned is plain
// text (foreign parts went through plain_text()).

// What may be said of a finding's harm to customers. Finding::harm ranks; to say "harms customers" it
// must be at least kHarmCertain, be about something customers feel (errors, latency, availability, an
// objective, satisfaction), and not be "not sure yet". docs/brief.md explains the scale.
inline constexpr double kHarmCertain = 0.5;
inline constexpr double kHarmPossible = 0.2;
enum class HarmLevel { kNone, kPossible, kCertain };
HarmLevel harm_level(const Finding& finding);

// (1, "service") -> "1 service"; (1234, "service") -> "1,234 services"; "process" -> "processes".
std::string count_of(std::uint64_t count, std::string_view noun);
std::string plural_of(std::string_view noun);
std::string grouped(std::uint64_t number);  // 1,234,567
std::string capitalised(std::string text);  // first ASCII letter only

// False of nothing and of all time. Evidence against a known limit, say, is compared with no time before.
bool is_known(const TimeRange& range);
std::string when(TimestampMs t);  // "2026-11-21 08:41 UTC"
// "11-21 08:41": for axes, whose caption or end says UTC.
std::string short_when(TimestampMs t);
std::string ago(TimestampMs t, TimestampMs now);  // "2 h 11 min ago", "in 3 d 4 h", "just now"
std::string about(DurationMs duration);           // "9 days", "5 hours", "12 minutes"

std::string lookback(DurationMs duration);  // "24 h", "7 days", "1 h 30 min"

// "3.1 times its usual", "38 % below its usual", "gone; usually 12 req/s", "up by 4.1 points".
std::string effect_phrase(const Evidence& evidence);
// "x3.1", "+12 °C", "" when there is none.
std::string effect_number(const Evidence& evidence);
// "very large" from 10 robust standard deviations on, "large" from 5, "moderate" from 3, else "small".
std::string_view effect_strength(double effect);
// "310 ms to 520 ms"; "" when the range is not known.
std::string usual_range(const Evidence& evidence);

// What happens to the entity, as a verb phrase without metric names: "answers slower than usual".
std::string happening(const Finding& finding);
// "latency", "disk space", ... for the head: the aspect in words, never the metric.
std::string aspect_words(const Evidence& evidence);
// How the method found it, in words: "compared with the same time of earlier cycles".
std::string method_words(std::string_view method);
std::string_view sure_words(Sureness sure);      // "quite sure", "fairly sure", "not sure yet"
std::string_view harm_words(HarmLevel level);    // "harms customers", "may reach customers", ...
std::string unjudged_words(Unjudged reason);     // "history too short"
std::string_view unjudged_key(Unjudged reason);  // JSON word

// "disk", "memory", ...: what runs out, "limit" when nothing better is known; and the same as it is
// run out of: "disk space".
std::string_view resource_noun(const Finding& finding);
std::string_view resource_room(const Finding& finding);

// How the primary series moves inside the unusual window: "growing", "easing", "steady", or "" when
// too few points say so.
std::string_view trend_words(const Finding& finding);

}  // namespace trimtab::report
