// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/change.h"
#include "query/querier.h"

// Did it help, did it harm? The rules are in docs/closed-loop.md, "Verdict".
namespace trimtab::act {

// One measure on the grid of a plan's steps; gaps (NaN) are left out.
struct MeasureSamples {
  std::vector<double> before;
  std::vector<double> after;
  // Moment by moment the untouched values; empty without a control. As long as before and after.
  std::vector<double> control_before = {};
  std::vector<double> control_after = {};
  std::string problem = {};  // why it could not be read; "" when it was
};

// How one measure moved. Relative: -0.9 is a fall by 90 %.
struct Effect {
  double before = 0;  // median
  double after = 0;
  double effect = 0;  // NaN: not known
  double low = 0;  // a confidence sequence of 1 - alpha: holds at every look at once; +-infinity: not known
  double high = 0;
  bool known = false;  // the interval is finite
};
// On the logarithm when every value is positive, so that effects are factors; else on the values themselves,
// relative to the mean before (infinite when that is 0). With a control: after its own movement is taken out
// (difference in differences), moments without both are left out.
Effect effect_of(const MeasureSamples& samples, double alpha);

// What one look says. `decided`: no further look is needed; before that verdict.decision is kNone.
struct Look {
  bool decided = false;
  Verdict verdict;
};
// Pure. `elapsed_ms` since the change was there; `observe_max_ms` may be below the plan's (policy).
// Decides, in this order:
//   rolled_back   a guard is breached: shown worse (its interval, of alpha / number of guards, excludes "as
//                 before"), by more than harm_max as best estimate, and by harm_min_absolute;
//   rolled_back   the target is shown worse, by more than maximum_harm as best estimate;
//   kept          after observe_min: the whole interval of the target is at least minimum_effect better, and
//                 no guard is worse than its harm_max as best estimate (else it goes on; at the end that is
//                 inconclusive);
//   no_effect     after observe_min: the whole interval is less than minimum_effect better and less than
//                 maximum_harm worse;
//   at observe_max: kept when shown better and at least minimum_effect better as best estimate; rolled_back
//                 when shown worse; no_effect when shown to be less than minimum_effect better; else
//                 inconclusive.
// What the target is shown to gain or lose must show without the value after that speaks most for it, too. A
// guard may be breached by a single value: taking a change back for nothing costs little.
Look judge(const VerifyPlan& plan, const MeasureSamples& target, std::span<const MeasureSamples> guards,
           DurationMs elapsed_ms, DurationMs observe_max_ms, TimestampMs now);

// What is known before a change about how it will be judged.
struct Preparation {
  std::string lacks;    // what is missing, in words; "": there is enough to compare with
  VerifyPlan plan;      // with what was left open settled (observe_max_ms, same_hours_ms)
  std::string outlook;  // for people: when an improvement worth keeping will be told, and against what
};

// Reads what judge() needs. Thread-safe: it keeps nothing.
class Verifier {
 public:
  explicit Verifier(promql::Querier& querier) : querier_(querier) {}

  // Whether the plan can be followed at all: bounds, and expressions that parse. Errors: kInvalid, kLimit.
  Status check(const VerifyPlan& plan) const;
  // Before a change: is there enough to compare with, how long must be observed, against what? Errors: the
  // target's expression has no answer (kInvalid), the querier's.
  Result<Preparation> prepare(VerifyPlan plan, DurationMs longest_ms, TimestampMs now);
  // `began_ms`: when applying began (before ends there); `applied_ms`: when the effect was there.
  Result<Look> look(const VerifyPlan& plan, TimestampMs began_ms, TimestampMs applied_ms,
                    DurationMs observe_max_ms, TimestampMs now);
  // Long after: the time up to `now`, as long as `before`, against before. Fills effect, interval and gone.
  Result<Recheck> recheck(const VerifyPlan& plan, TimestampMs began_ms, TimestampMs now);

  static constexpr std::size_t kBeforeMin = 8;      // values; below no change is begun
  static constexpr std::size_t kStepsMax = 10'000;  // of one range query
  static constexpr std::size_t kGuardsMax = 32;
  // The values after may vary more than those before: so many times the steps that should be enough.
  static constexpr double kObserveMargin = 6;
  static constexpr std::size_t kObserveStepsMin = 32;
  // When no time is enough: what is then waited for is a larger effect than the least worth keeping.
  static constexpr std::size_t kObserveStepsHopeless = 120;
  static constexpr double kSameHoursShareMin = 0.9;  // of the steps that must have a value on the earlier day

 private:
  struct Span {
    TimestampMs from = 0;
    TimestampMs to = 0;
  };
  static Span before_span(const VerifyPlan& plan, TimestampMs began_ms);
  static Span earlier(Span span, DurationMs by_ms);
  Result<MeasureSamples> read(const std::string& expression, const VerifyPlan& plan, Span before, Span after);
  Status settle_same_hours(VerifyPlan& plan, DurationMs observe_ms, TimestampMs now, std::string& outlook);
  Result<std::vector<double>> values(const std::string& expression, DurationMs step_ms, Span span);

  promql::Querier& querier_;
};

}  // namespace trimtab::act
