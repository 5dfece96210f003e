// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/records.h"

// What should change, what that is worth and how it will be proven: what the advisors leave for people and
// for act/ to pick up. Plain values, as in records.h; the format is in docs/formats/ledger.md.
namespace trimtab {

// What is done to a target, as data: only the executor of this type (src/act) knows how. Every parameter is
// data to it, never text to be pasted into a command.
struct Action {
  std::string type;    // "postgresql.create_index", "redis.set", "nginx.file", ...; policy speaks of these
  std::string target;  // name of a configured target: "postgresql/main"; never an address
  std::map<std::string, std::string> parameters;  // by type: docs/closed-loop.md
  std::string apply;                              // what will be run, exactly, for people to read
  std::string undo;                               // what takes it back, as far as that is known before
};

// One number over time, by PromQL. `step` of a verify plan stands where {{.step}} does.
struct Measure {
  std::string title;       // "mean time of the query"
  std::string expression;  // gives one series; of several the first is an error
  std::string unit;
  WorseDirection worse = WorseDirection::kUp;
};

// A number that must not get worse while something else is made better.
struct Guard {
  Measure measure;
  double harm_max = 0.05;  // relative worsening that is tolerated
  // Besides being shown worse, `now` must be worse than before by at least this, in the measure's unit:
  // keeps noise on tiny numbers from reversing a change.
  double harm_min_absolute = 0;
};

// How it will be known whether a change helped; laid down before it is made.
struct VerifyPlan {
  Measure target;
  double minimum_effect = 0.05;  // relative improvement worth keeping
  double maximum_harm = 0.05;    // relative worsening of the target that reverses at once
  std::string control;           // same unit, untouched by the change; "" when there is none
  std::vector<Guard> guards;
  DurationMs step_ms = 15 * kSecondMs;    // one look
  DurationMs before_ms = 15 * kMinuteMs;  // what "before" is learnt from, at most
  // The effect needs so long to be whole (a cache fills): the target is not compared before; guards are.
  DurationMs settle_ms = 0;
  DurationMs observe_min_ms = kMinuteMs;  // no verdict on the gain sooner
  // Inconclusive after. 0: settled when the change begins, by how much the values before vary.
  DurationMs observe_max_ms = 0;
  // Without a control: target and guards are held against their own values so long before, the same hours
  // of an earlier day. 0: settled when the change begins; they are not when they stood still then.
  DurationMs same_hours_ms = 0;
  double alpha = 0.05;  // chance of a false verdict, however often one looks
};

enum class Risk { kLow, kMedium, kHigh };
std::string_view to_string(Risk risk);
Result<Risk> parse_risk(std::string_view text);
// What a benefit is divided by for ranking: 1, 3, 9. A convention: a medium risk must promise three times as
// much to stand before a low one.
double risk_weight(Risk risk);

enum class RecommendationState {
  kProposed,       // may be applied
  kNotEnoughData,  // see `needs`
  kAccepted,       // a change was made of it; state_reason says what became of it
  kDone,           // its change was kept
  kDismissed,      // a person said no
  kWithdrawn,      // its reason is gone
  kExpired,
};
std::string_view to_string(RecommendationState state);
Result<RecommendationState> parse_recommendation_state(std::string_view text);

// One number that speaks for a recommendation, with where it was read.
struct Fact {
  std::string name;    // "mean time"
  std::string value;   // "412 ms over 1,208 calls"
  std::string source;  // "pg_stat_statements, 10:02 to 10:05"
};

// Relative change of `metric`: -0.9 to -0.8 is a fall by 80 to 90 %.
struct ExpectedEffect {
  std::string metric;
  double low = 0;
  double high = 0;
};

struct Recommendation {
  // In records.cc: inline, each file that holds one would compile them anew.
  Recommendation();
  Recommendation(const Recommendation&);
  Recommendation(Recommendation&&) noexcept;
  Recommendation& operator=(const Recommendation&);
  Recommendation& operator=(Recommendation&&) noexcept;
  ~Recommendation();

  std::int64_t id = 0;      // R-<id>
  std::string fingerprint;  // same advice again -> same recommendation; names the action and its object
  std::string advisor;      // who says so: "postgresql.index"
  RecommendationState state = RecommendationState::kProposed;
  EntityRef entity;
  std::string owner;
  int tier = 0;
  std::string title;  // "Create an index on orders (customer_id, placed_at)"
  std::string why;    // one or two sentences
  std::vector<Fact> evidence;
  std::vector<std::int64_t> findings;  // F-<id> it answers
  Action action;                       // type "" : for people only, nothing to execute
  ExpectedEffect expected;
  double benefit_seconds_per_day = 0;  // time saved for whoever waits
  double benefit_money_per_month = 0;  // 0 when no price is known
  std::string cost;                    // "210 MB on disk, writes to orders +3 %"
  Risk risk = Risk::kLow;
  std::string risk_reason;
  VerifyPlan verify;
  std::string needs;                   // of kNotEnoughData: "3 more hours of load"
  std::vector<std::string> conflicts;  // fingerprints that must not be applied together with it
  std::vector<std::string> after;      // fingerprints that come first
  TimestampMs created_ms = 0;
  TimestampMs updated_ms = 0;
  TimestampMs expires_ms = 0;
  std::string state_by;
  std::string state_reason;
};

std::string to_json(const Recommendation& recommendation);
Result<Recommendation> recommendation_from_json(std::string_view json);

}  // namespace trimtab
