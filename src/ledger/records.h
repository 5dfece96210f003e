// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"

namespace trimtab {

// The records of the loop: plain values that one stage leaves and the next picks up. They know how to
// become JSON and nothing else. Adding a field: give it a default, write it in records.cc, done; a
// stored record without it reads as the default.

// What a finding is about: one thing in the estate, "service/checkout", "host/db-1",
// "database/orders@db-1". `kind` and `name` are never empty.
struct EntityRef {
  std::string kind;
  std::string name;
  std::string to_string() const { return kind + "/" + name; }
  friend auto operator<=>(const EntityRef&, const EntityRef&) = default;
};
// "service/checkout": the kind ends at the first slash. Errors: no slash, or an empty half.
Result<EntityRef> parse_entity(std::string_view text);

enum class FindingKind {
  kAnomaly,       // out of the ordinary against its own seasonal usual
  kLevelShift,    // a lasting step
  kTrend,         // a lasting slope (slow drift, leak)
  kExhaustion,    // will reach a known limit
  kSaturation,    // at or near a known limit now
  kErrors,        // errors above the usual
  kLatency,       // latency above the usual
  kTraffic,       // traffic away from the usual
  kAvailability,  // a target is gone or does not answer
  kSlo,           // an objective is missed or its budget burns too fast
};
std::string_view to_string(FindingKind kind);  // "anomaly", "level_shift", ...
Result<FindingKind> parse_finding_kind(std::string_view text);

enum class FindingState { kOpen, kAcknowledged, kResolved, kDismissed };
std::string_view to_string(FindingState state);
Result<FindingState> parse_finding_state(std::string_view text);

enum class Sureness { kLow, kMedium, kHigh };
std::string_view to_string(Sureness sureness);
Result<Sureness> parse_sureness(std::string_view text);

enum class WorseDirection { kUnknown, kUp, kDown, kBoth };
std::string_view to_string(WorseDirection direction);
Result<WorseDirection> parse_worse_direction(std::string_view text);

// One series' testimony. Numbers are in the metric's unit; rates have become per-second values.
struct Evidence {
  Labels series;
  std::string expression;  // how it was read: "rate", "value", or a PromQL expression
  std::string domain;      // catalogue word: "service", "database", ...; "" when unknown
  std::string aspect;      // "latency", "errors", "saturation", ...; "" when unknown
  std::string unit;        // "seconds", "bytes", "ratio", ...
  WorseDirection worse = WorseDirection::kUnknown;
  std::string method;       // which kernel spoke: "seasonal_residual", "level_shift", ...
  std::string statistic;    // its own words: "z = 9.1 against the same hour of 6 days"
  TimeRange window;         // where it is out of the ordinary
  TimeRange compared_with;  // what "usual" was learnt from
  double usual = 0;
  double usual_low = 0;  // central 95 % of the usual
  double usual_high = 0;
  double now = 0;                 // typical value inside the window
  double effect = 0;              // (now - usual) in robust standard deviations of the usual
  double score = 0;               // 0..1, calibrated: 1 - false-alarm probability of the method
  std::vector<double> sparkline;  // evenly spaced over sparkline_range, NaN = no data; <= 120 points
  TimeRange sparkline_range;
};

// When a limit will be reached. Times are absent when they lie beyond the horizon.
struct Exhaustion {
  double limit = 0;
  std::string limit_source;  // "node_filesystem_size_bytes", "catalogue: ratio 1"
  double probability = 0;    // of reaching it within the horizon
  DurationMs horizon_ms = 0;
  std::optional<TimestampMs> expected_ms;
  std::optional<TimestampMs> earliest_ms;  // 90 % interval
  std::optional<TimestampMs> latest_ms;
};

// Methods of evidence without a past, or without a future: there is no usual to hold it against.
inline constexpr std::string_view kBeganWithIt = "began_with_it";
inline constexpr std::string_view kEndedWithIt = "ended_with_it";

// Something out of the ordinary about one entity in one window, with its evidence.
struct Finding {
  // In records.cc: inline, each file that holds one would compile them anew.
  Finding();
  Finding(const Finding&);
  Finding(Finding&&) noexcept;
  Finding& operator=(const Finding&);
  Finding& operator=(Finding&&) noexcept;
  ~Finding();

  std::int64_t id = 0;      // F-<id>; 0 until the ledger has given one
  std::string fingerprint;  // same thing found again -> same finding (kind, entity, main metric)
  FindingKind kind = FindingKind::kAnomaly;
  FindingState state = FindingState::kOpen;
  EntityRef entity;
  std::string owner;             // team or person from the estate; "" when nobody is named
  int tier = 0;                  // 1 most critical .. 4; 0 unknown
  std::string title;             // "Latency of checkout is 3.1 times its usual"
  TimestampMs since_ms = 0;      // start of what is unusual
  TimestampMs last_seen_ms = 0;  // newest pass that still saw it
  std::optional<TimestampMs> ended_ms;
  double harm = 0;          // 0..1, for ranking: how bad for customers; see docs/brief.md
  std::string harm_reason;  // "4.2 % of requests fail", "a tier 1 service"
  Sureness sure = Sureness::kMedium;
  std::vector<Evidence> evidence;  // strongest first, at most kEvidencePerFindingMax
  std::optional<Exhaustion> exhaustion;
  std::vector<EntityRef>
      related;  // other entities out of the ordinary in the same window; likely cause first
  std::vector<std::int64_t> events;  // ledger events shortly before since_ms
  // Life, set by people:
  std::string state_by;
  std::string state_reason;
  std::optional<TimestampMs> state_until_ms;  // acknowledged until
  std::optional<TimestampMs> state_changed_ms;
};
inline constexpr std::size_t kEvidencePerFindingMax = 12;

// JSON: times are integers in ms, absent ones are left out, NaN is null. See docs/formats/ledger.md.
// Reading takes unknown keys silently (a newer writer) and refuses wrong types (kInvalid).
std::string to_json(const Finding& finding);
Result<Finding> finding_from_json(std::string_view json);

// Something that happened, told by a person or a tool: deploy, config change, incident, note.
struct Event {
  std::int64_t id = 0;  // E-<id>
  TimestampMs at_ms = 0;
  std::optional<TimestampMs> until_ms;
  std::string kind;  // "deploy", "config", "note", ...
  std::string title;
  std::string text;
  std::string author;
  std::optional<EntityRef> entity;
  Labels labels;
  std::string key;  // given by the sender: the same key again updates instead of adding
};
// Reading also takes people's shapes: "at" and "until" as text ("2026-11-21T10:00:00Z"), and the
// entity as "service/checkout".
std::string to_json(const Event& event);
Result<Event> event_from_json(std::string_view json);

// Why a series could not be judged.
enum class Unjudged { kTooShort, kStale, kTooSparse, kConstant, kNotNumeric };
std::string_view to_string(Unjudged reason);
Result<Unjudged> parse_unjudged(std::string_view text);

// What one analysis pass looked at.
struct Coverage {
  std::uint64_t series_known = 0;
  std::uint64_t series_watched = 0;   // judged
  std::uint64_t series_constant = 0;  // watched, never changed
  std::uint64_t series_too_short = 0;
  std::uint64_t series_stale = 0;
  std::uint64_t series_too_sparse = 0;
  std::uint64_t series_without_catalogue = 0;  // judged with an inferred kind
  std::uint64_t series_failed = 0;             // could not be read; see errors
  std::uint64_t samples_read = 0;
  std::uint64_t findings_in_maintenance = 0;  // held back: a maintenance window covers them
  struct Example {
    std::string series;
    Unjudged reason{};
    std::string detail;  // "38 minutes of history; needs 2 hours"
  };
  std::vector<Example> examples;    // at most 20
  std::vector<std::string> errors;  // at most 20
};

enum class ObjectiveState {
  kNoData,       // no events in its window, no indicator, or its query failed; see problem
  kMet,          // within its budget, and not burning
  kBurning,      // the budget goes too fast, by hours or days
  kBurningFast,  // the budget goes so fast that somebody should look now
  kMissed,       // the budget is used up
};
std::string_view to_string(ObjectiveState state);
Result<ObjectiveState> parse_objective_state(std::string_view text);

// How an SLO stood at one moment. NaN: not known.
struct ObjectiveStatus {
  std::string name;
  EntityRef entity;
  double target = 0;  // share that must be good: 0.999
  DurationMs window_ms = 0;
  ObjectiveState state = ObjectiveState::kNoData;
  double events = 0;       // in the window; NaN when the indicator gives a share only
  double bad_share = 0;    // of the events in the window
  double budget_left = 0;  // 1 untouched, 0 used up, below 0 overspent
  double burn = 0;         // how many times too fast it goes now; 1 would use it up just at the window's end
  DurationMs burn_over_ms = 0;                   // what "now" was measured over
  std::optional<TimestampMs> exhausted_ms = {};  // when the budget is used up at this rate
  std::optional<TimestampMs> earliest_ms = {};   // 90 % interval
  std::optional<TimestampMs> latest_ms = {};
  std::string problem = {};  // why it could not be judged; "" when it was
};

struct AnalysisPass {
  std::int64_t id = 0;
  TimestampMs at_ms = 0;       // the moment that was judged
  TimestampMs started_ms = 0;  // wall time of the work
  DurationMs took_ms = 0;
  DurationMs history_ms = 0;  // how far back it learnt
  Coverage coverage;
  std::vector<ObjectiveStatus> objectives;  // in the order of the estate file
};
std::string to_json(const AnalysisPass& pass);
Result<AnalysisPass> pass_from_json(std::string_view json);

}  // namespace trimtab
