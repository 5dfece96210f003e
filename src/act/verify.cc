// SPDX-License-Identifier: Apache-2.0
#include "act/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/format.h"
#include "kernels/compare/sequential_shift.h"
#include "kernels/quantile.h"

namespace trimtab::act {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double median_of(std::vector<double> values) {
  return values.empty() ? kNan : kernels::median_in_place(values);
}

std::vector<double> finite(std::span<const double> values) {
  std::vector<double> out;
  std::copy_if(values.begin(), values.end(), std::back_inserter(out),
               [](double v) { return std::isfinite(v); });
  return out;
}

bool all_positive(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return !std::isfinite(value) || value > 0; });
}

bool none_negative(std::span<const double> values) {
  return std::ranges::none_of(values, [](double value) { return value < 0; });
}

// The values, or their logarithms, minus the control's at the same moment; only moments that have all.
std::vector<double> adjusted(std::span<const double> values, std::span<const double> control,
                             bool log_scale) {
  std::vector<double> out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double base = control.empty() ? (log_scale ? 1.0 : 0.0) : control[i];
    if (!std::isfinite(values[i]) || !std::isfinite(base)) continue;
    out.push_back(log_scale ? std::log(values[i]) - std::log(base) : values[i] - base);
  }
  return out;
}

struct Scaled {
  std::vector<double> before, after;
  bool log_scale = false;
};
// Both sides on the scale on which they are compared, see effect_of().
Scaled scaled(const MeasureSamples& samples) {
  Scaled out;
  out.log_scale = all_positive(samples.before) && all_positive(samples.after) &&
                  all_positive(samples.control_before) && all_positive(samples.control_after);
  out.before = adjusted(samples.before, samples.control_before, out.log_scale);
  out.after = adjusted(samples.after, samples.control_after, out.log_scale);
  return out;
}

// What a relative effect of 1 is on the scale of differences.
double size_of(std::span<const double> before) {
  double sum = 0;
  const std::vector<double> values = finite(before);
  for (const double value : values) sum += value;
  return std::abs(sum / static_cast<double>(values.size()));
}

// Differences or logarithms of them -> relative.
Effect relative_effect(const MeasureSamples& samples, const Scaled& on_scale, double alpha) {
  Effect out;
  out.before = median_of(finite(samples.before));
  out.after = median_of(finite(samples.after));
  out.effect = kNan;
  out.low = -std::numeric_limits<double>::infinity();
  out.high = std::numeric_limits<double>::infinity();
  if (on_scale.before.empty() || on_scale.after.empty()) return out;
  const kernels::SequentialShift shift = kernels::sequential_shift(on_scale.before, on_scale.after, alpha);
  out.known = shift.known();
  const double size = on_scale.log_scale ? 1 : size_of(samples.before);
  // What was never below 0 can not fall by more than all of it.
  const bool is_amount = none_negative(samples.before) && none_negative(samples.after);
  const auto relative = [&](double x) {
    if (on_scale.log_scale) return std::expm1(x);
    const double share = x == 0 ? 0 : x / size;
    return is_amount ? std::max(-1.0, share) : share;
  };
  out.effect = relative(shift.shift);
  out.low = relative(shift.low);
  out.high = relative(shift.high);
  return out;
}

// The effect without the value after that is the highest, or the lowest.
Effect effect_without_extreme(const MeasureSamples& samples, double alpha, bool highest) {
  Scaled on_scale = scaled(samples);
  std::vector<double>& after = on_scale.after;
  if (!after.empty())
    after.erase(highest ? std::ranges::max_element(after) : std::ranges::min_element(after));
  return relative_effect(samples, on_scale, alpha);
}

// How much worse, relative: estimate and interval. Of a measure that may not move either way, its distance
// from where it was.
struct Worsening {
  double estimate, low, high;
};
Worsening worsening(const Effect& effect, WorseDirection worse) {
  switch (worse) {
    case WorseDirection::kUp: return {effect.effect, effect.low, effect.high};
    case WorseDirection::kDown: return {-effect.effect, -effect.high, -effect.low};
    case WorseDirection::kBoth:
    case WorseDirection::kUnknown: break;
  }
  const double far = std::max(std::abs(effect.low), std::abs(effect.high));
  const double near = effect.low > 0 ? effect.low : effect.high < 0 ? -effect.high : 0;
  return {std::abs(effect.effect), near, far};
}

std::string percent(double relative) {
  if (std::isnan(relative)) return "unknown";
  if (std::isinf(relative)) return relative > 0 ? "from nothing" : "to nothing";
  return fmt::format("{:+.1f} %", 100 * relative);
}

bool is_breached(const Guard& guard, const Effect& effect) {
  if (!effect.known) return false;
  const Worsening worse = worsening(effect, guard.measure.worse);
  return worse.low > 0 && worse.estimate > guard.harm_max &&
         std::abs(effect.after - effect.before) >= guard.harm_min_absolute;
}

// Not shown, but it looks like it: a gain is not called kept meanwhile.
bool is_suspect(const Guard& guard, const Verdict::GuardResult& seen, const Effect& effect) {
  if (std::isnan(seen.effect)) return false;
  return worsening(effect, guard.measure.worse).estimate > guard.harm_max &&
         std::abs(effect.after - effect.before) >= guard.harm_min_absolute;
}

// The title of a suspect guard; "" when there is none.
std::string judge_guards(const VerifyPlan& plan, std::span<const MeasureSamples> guards, Verdict& verdict) {
  std::string suspect;
  const double alpha = plan.alpha / static_cast<double>(std::max<std::size_t>(1, guards.size()));
  for (std::size_t i = 0; i < guards.size(); ++i) {
    const Effect effect = effect_of(guards[i], alpha);
    const bool breached = is_breached(plan.guards[i], effect);
    const Measure& measure = plan.guards[i].measure;
    verdict.guards.push_back({measure.title, effect.effect, effect.low, effect.high, breached});
    if (is_suspect(plan.guards[i], verdict.guards.back(), effect)) suspect = measure.title;
    if (!breached || verdict.decision != Decision::kNone) continue;
    verdict.decision = Decision::kRolledBack;
    verdict.reason = std::isinf(effect.effect)
                         ? fmt::format("guard: {} was 0 and is {} {}", measure.title,
                                       format_number(effect.after), measure.unit)
                         : fmt::format("guard: {} {} (at most {:.0f} % worse)", measure.title,
                                       percent(effect.effect), 100 * plan.guards[i].harm_max);
  }
  return suspect;
}

// What the target shows so far. A gain or a harm is told only when it is there without the value that speaks
// most for it, too: one stall of the machine is no effect of a change.
class TargetEffect {
 public:
  TargetEffect(const VerifyPlan& plan, const MeasureSamples& samples)
      : plan_(plan), samples_(samples), effect_(effect_of(samples, plan.alpha)) {}

  const Effect& effect() const { return effect_; }
  Worsening worse() const { return worsening(effect_, plan_.target.worse); }

  template <typename Rule>
  bool shows_harm(const Rule& rule) const {
    return shows(rule, plan_.target.worse == WorseDirection::kUp);
  }
  template <typename Rule>
  bool shows_gain(const Rule& rule) const {
    return shows(rule, plan_.target.worse != WorseDirection::kUp);
  }

 private:
  template <typename Rule>
  bool shows(const Rule& rule, bool highest) const {
    if (!effect_.known || !rule(worse())) return false;
    const Effect spared = effect_without_extreme(samples_, plan_.alpha, highest);
    return spared.known && rule(worsening(spared, plan_.target.worse));
  }

  const VerifyPlan& plan_;
  const MeasureSamples& samples_;
  Effect effect_;
};

void judge_target(const VerifyPlan& plan, const TargetEffect& target, DurationMs elapsed_ms,
                  Verdict& verdict) {
  const Effect& effect = target.effect();
  if (!effect.known) return;
  const Worsening worse = target.worse();
  const std::string moved = fmt::format("{} {} [{}, {}]", plan.target.title, percent(effect.effect),
                                        percent(effect.low), percent(effect.high));
  if (target.shows_harm([&](const Worsening& w) { return w.low > 0 && w.estimate > plan.maximum_harm; })) {
    verdict.decision = Decision::kRolledBack;
    verdict.reason = fmt::format("the target got worse: {}", moved);
  } else if (elapsed_ms < plan.observe_min_ms) {
    return;
  } else if (target.shows_gain([&](const Worsening& w) { return w.high <= -plan.minimum_effect; })) {
    verdict.decision = Decision::kKept;
    verdict.reason = moved;
  } else if (worse.low > -plan.minimum_effect && worse.high < plan.maximum_harm) {
    verdict.decision = Decision::kNoEffect;
    verdict.reason = fmt::format("{}: less than {:.0f} % better", moved, 100 * plan.minimum_effect);
  }
}

// The time is over: what is left to say.
void judge_end(const VerifyPlan& plan, const TargetEffect& target, const MeasureSamples& samples,
               DurationMs elapsed_ms, Verdict& verdict) {
  const Effect& effect = target.effect();
  const std::string over = format_duration_human(elapsed_ms);
  if (target.shows_gain(
          [&](const Worsening& w) { return w.high < 0 && w.estimate <= -plan.minimum_effect; })) {
    verdict.decision = Decision::kKept;
    verdict.reason =
        fmt::format("{} {}: better, by how much is not sure", plan.target.title, percent(effect.effect));
  } else if (target.shows_harm([](const Worsening& w) { return w.low > 0; })) {
    verdict.decision = Decision::kRolledBack;
    verdict.reason = fmt::format("{} {}: worse", plan.target.title, percent(effect.effect));
  } else if (effect.known && target.worse().low > -plan.minimum_effect) {
    verdict.decision = Decision::kNoEffect;
    verdict.reason = fmt::format("{} {}: less than {:.0f} % better", plan.target.title,
                                 percent(effect.effect), 100 * plan.minimum_effect);
  } else {
    verdict.decision = Decision::kInconclusive;
    verdict.reason = !samples.problem.empty()
                         ? fmt::format("not measured for {}: {}", over, samples.problem)
                         : fmt::format("nothing shown in {}: {} values after, {} before", over,
                                       samples.after.size(), samples.before.size());
  }
}

// The least improvement worth keeping, on the scale on which values are compared (of differences: as a
// share).
double least_shift(const VerifyPlan& plan, bool log_scale) {
  if (!log_scale) return plan.minimum_effect;
  return plan.target.worse == WorseDirection::kDown ? std::log1p(plan.minimum_effect)
                                                    : -std::log1p(-std::min(plan.minimum_effect, 0.99));
}

bool has_share(std::span<const double> values, double share) {
  return !values.empty() &&
         static_cast<double>(finite(values).size()) >= share * static_cast<double>(values.size());
}

std::string at_step(std::string text, DurationMs step_ms) {
  constexpr std::string_view kPlace = "{{.step}}";
  const std::string step = format_duration(step_ms);
  for (std::size_t at = text.find(kPlace); at != std::string::npos;
       at = text.find(kPlace, at + step.size())) {
    text.replace(at, kPlace.size(), step);
  }
  return text;
}

Status check_plan(const VerifyPlan& plan) {
  if (plan.target.expression.empty()) return invalid("verify: target: no expression");
  if (plan.target.worse != WorseDirection::kUp && plan.target.worse != WorseDirection::kDown) {
    return invalid("verify: target: worse: expected up or down");
  }
  const bool open = plan.observe_max_ms == 0;
  if (plan.step_ms < kSecondMs || plan.before_ms < plan.step_ms ||
      (!open && plan.observe_max_ms < plan.step_ms)) {
    return invalid("verify: step of at least 1 s, before and observe_max of at least a step");
  }
  if (plan.settle_ms < 0 || (!open && plan.settle_ms >= plan.observe_max_ms)) {
    return invalid("verify: settle: expected less than observe_max");
  }
  if (plan.same_hours_ms < 0 || (plan.same_hours_ms > 0 && !plan.control.empty())) {
    return invalid("verify: same_hours: expected a duration, and no control beside it");
  }
  if (!(plan.alpha > 0 && plan.alpha < 0.5)) return invalid("verify: alpha: expected 0 to 0.5");
  if (plan.guards.size() > Verifier::kGuardsMax) {
    return fail(ErrorCode::kLimit, fmt::format("verify: {} guards; at most {} are watched",
                                               plan.guards.size(), Verifier::kGuardsMax));
  }
  return ok();
}

}  // namespace

Effect effect_of(const MeasureSamples& samples, double alpha) {
  return relative_effect(samples, scaled(samples), alpha);
}

Look judge(const VerifyPlan& plan, const MeasureSamples& target, std::span<const MeasureSamples> guards,
           DurationMs elapsed_ms, DurationMs observe_max_ms, TimestampMs now) {
  Look look;
  Verdict& verdict = look.verdict;
  const TargetEffect shown(plan, target);
  const Effect& effect = shown.effect();
  verdict.metric = plan.target.title;
  verdict.before = effect.before;
  verdict.after = effect.after;
  verdict.effect = effect.effect;
  verdict.low = effect.low;
  verdict.high = effect.high;
  verdict.looks = finite(target.after).size();
  verdict.at_ms = now;
  const std::string suspect =
      judge_guards(plan, guards.first(std::min(guards.size(), plan.guards.size())), verdict);
  const bool over = elapsed_ms >= observe_max_ms;
  if (verdict.decision == Decision::kNone) judge_target(plan, shown, elapsed_ms, verdict);
  if (verdict.decision == Decision::kNone && over) judge_end(plan, shown, target, elapsed_ms, verdict);
  if (verdict.decision == Decision::kKept && !suspect.empty()) {
    verdict.decision = over ? Decision::kInconclusive : Decision::kNone;
    verdict.reason =
        over ? fmt::format("{}; but {} may be worse than tolerated", verdict.reason, suspect) : "";
  }
  look.decided = verdict.decision != Decision::kNone;
  return look;
}

Status Verifier::check(const VerifyPlan& plan) const {
  TRY(check_plan(plan));
  const auto check_expression = [&](const std::string& what, const std::string& expression) -> Status {
    if (expression.empty()) return invalid(fmt::format("verify: {}: no expression", what));
    const auto prepared = querier_.prepare(at_step(expression, plan.step_ms));
    if (!prepared) return std::unexpected(prepared.error().within("verify: " + what));
    return ok();
  };
  TRY(check_expression("target", plan.target.expression));
  if (!plan.control.empty()) TRY(check_expression("control", plan.control));
  for (const Guard& guard : plan.guards)
    TRY(check_expression("guard " + guard.measure.title, guard.measure.expression));
  return ok();
}

// The values at from, from + step, ... <= to; NaN where there is none.
Result<std::vector<double>> Verifier::values(const std::string& expression, DurationMs step_ms, Span span) {
  if (span.from > span.to) return std::vector<double>{};
  const DurationMs longest = static_cast<DurationMs>(kStepsMax - 1) * step_ms;
  const TimestampMs to = std::min(span.to, span.from + longest);
  const auto prepared = TRY(querier_.prepare(at_step(expression, step_ms)));
  promql::QueryOptions options;
  options.lookback_ms = step_ms;
  options.limits.timeout_ms = 10 * kSecondMs;
  const promql::Answer answer =
      TRY(prepared->run(promql::QueryWindow::over(span.from, to, step_ms), options));
  if (answer.rows() > 1) {
    return invalid(
        fmt::format("{} gives {} series; a measure is one", expression.substr(0, 200), answer.rows()));
  }
  std::vector<double> out(static_cast<std::size_t>((to - span.from) / step_ms) + 1, kNan);
  if (answer.rows() == 0) return out;
  const std::span<const double> row = answer.row(0);
  std::copy_n(row.begin(), std::min(row.size(), out.size()), out.begin());
  return out;
}

Verifier::Span Verifier::before_span(const VerifyPlan& plan, TimestampMs began_ms) {
  return {began_ms - (plan.before_ms / plan.step_ms - 1) * plan.step_ms, began_ms};
}

Verifier::Span Verifier::earlier(Span span, DurationMs by_ms) { return {span.from - by_ms, span.to - by_ms}; }

Result<MeasureSamples> Verifier::read(const std::string& expression, const VerifyPlan& plan, Span before,
                                      Span after) {
  MeasureSamples out;
  out.before = TRY(values(expression, plan.step_ms, before));
  out.after = TRY(values(expression, plan.step_ms, after));
  if (!plan.control.empty() && expression == plan.target.expression) {
    out.control_before = TRY(values(plan.control, plan.step_ms, before));
    out.control_after = TRY(values(plan.control, plan.step_ms, after));
  } else if (plan.same_hours_ms > 0) {
    out.control_before = TRY(values(expression, plan.step_ms, earlier(before, plan.same_hours_ms)));
    out.control_after = TRY(values(expression, plan.step_ms, earlier(after, plan.same_hours_ms)));
    // A guard that nobody measured on that day is better judged without than not at all.
    if (!has_share(out.control_before, kSameHoursShareMin) ||
        !has_share(out.control_after, kSameHoursShareMin)) {
      out.control_before.clear();
      out.control_after.clear();
    }
  }
  return out;
}

// Did the target move in the same hours of an earlier day, when nothing was changed? Then it will again.
Status Verifier::settle_same_hours(VerifyPlan& plan, DurationMs observe_ms, TimestampMs now,
                                   std::string& outlook) {
  VerifyPlan alone = plan;
  alone.same_hours_ms = 0;
  for (const DurationMs lag : {kWeekMs, kDayMs}) {
    if (observe_ms >= lag) continue;
    const Span before = before_span(plan, now - lag);
    const Span after{now - lag + plan.step_ms, now - lag + observe_ms};
    const MeasureSamples then = TRY(read(plan.target.expression, alone, before, after));
    if (!has_share(then.before, kSameHoursShareMin) || !has_share(then.after, kSameHoursShareMin)) continue;
    const Effect moved = effect_of(then, plan.alpha);
    if (!moved.known || (moved.low <= 0 && moved.high >= 0)) return ok();
    if (std::abs(moved.effect) < plan.minimum_effect / 2) return ok();
    plan.same_hours_ms = lag;
    outlook += fmt::format("; held against the same hours {} before, when it moved by {} unchanged",
                           lag == kWeekMs ? "a week" : "a day", percent(moved.effect));
    return ok();
  }
  return ok();
}

Result<Preparation> Verifier::prepare(VerifyPlan plan, DurationMs longest_ms, TimestampMs now) {
  TRY(check_plan(plan));
  const Span before = before_span(plan, now);
  const MeasureSamples samples = TRY(read(plan.target.expression, plan, before, {1, 0}));
  Preparation out;
  out.plan = std::move(plan);
  const Scaled values = scaled(samples);
  const std::size_t needed =
      std::min<std::size_t>(kBeforeMin, static_cast<std::size_t>(out.plan.before_ms / out.plan.step_ms));
  if (values.before.size() < needed) {
    out.lacks = fmt::format(
        "not enough data before: {} of {} values of {}; about {} more", values.before.size(), needed,
        out.plan.target.title,
        format_duration_human(static_cast<DurationMs>(needed - values.before.size()) * out.plan.step_ms));
    return out;
  }
  const double least = values.log_scale ? 1 : size_of(samples.before);
  const std::size_t enough =
      kernels::values_until(values.before, out.plan.alpha, least * least_shift(out.plan, values.log_scale));
  const bool hopeless = enough == kernels::kNeverEnough;
  const DurationMs told_ms = out.plan.settle_ms + static_cast<DurationMs>(enough) * out.plan.step_ms;
  if (out.plan.observe_max_ms == 0) {
    const double steps = hopeless ? static_cast<double>(kObserveStepsHopeless)
                                  : std::max(static_cast<double>(kObserveStepsMin),
                                             std::ceil(kObserveMargin * static_cast<double>(enough)));
    const double wanted =
        static_cast<double>(out.plan.settle_ms) + steps * static_cast<double>(out.plan.step_ms);
    out.plan.observe_max_ms =
        std::max({out.plan.observe_min_ms, out.plan.settle_ms + out.plan.step_ms,
                  static_cast<DurationMs>(std::min(wanted, static_cast<double>(longest_ms)))});
  }
  const DurationMs observe_ms = std::min(out.plan.observe_max_ms, longest_ms);
  const std::string worth = fmt::format("an improvement of {:.3g} %", 100 * out.plan.minimum_effect);
  out.outlook = hopeless ? fmt::format("{} can not be told from values that vary as those before", worth)
                         : fmt::format("{} should be told after {}", worth,
                                       format_duration_human(std::max(told_ms, out.plan.observe_min_ms)));
  out.outlook += fmt::format("; observed for {} at most", format_duration_human(observe_ms));
  if (out.plan.control.empty() && out.plan.same_hours_ms == 0) {
    TRY(settle_same_hours(out.plan, observe_ms, now, out.outlook));
  }
  return out;
}

Result<Look> Verifier::look(const VerifyPlan& plan, TimestampMs began_ms, TimestampMs applied_ms,
                            DurationMs observe_max_ms, TimestampMs now) {
  TRY(check_plan(plan));
  const Span before = before_span(plan, began_ms);
  const Span after{applied_ms + plan.step_ms, now};
  const Span settled{after.from + plan.settle_ms, now};
  MeasureSamples target = TRY(read(plan.target.expression, plan, before, settled));
  std::vector<MeasureSamples> guards;
  for (const Guard& guard : plan.guards) {
    auto samples = read(guard.measure.expression, plan, before, after);
    // A guard that can not be read does not stop the others from being watched.
    if (!samples) {
      if (samples.error().code() == ErrorCode::kUnavailable) return std::unexpected(samples.error());
      samples = MeasureSamples{};
      samples->problem = "not measured";
    }
    guards.push_back(*std::move(samples));
  }
  Look look = judge(plan, target, guards, now - applied_ms, observe_max_ms, now);
  std::string unseen;
  for (const Verdict::GuardResult& guard : look.verdict.guards) {
    if (std::isnan(guard.effect)) unseen += (unseen.empty() ? "" : ", ") + guard.title;
  }
  if (look.decided && !unseen.empty()) look.verdict.reason += "; guards without values: " + unseen;
  return look;
}

Result<Recheck> Verifier::recheck(const VerifyPlan& plan, TimestampMs began_ms, TimestampMs now) {
  TRY(check_plan(plan));
  const DurationMs length = (plan.before_ms / plan.step_ms - 1) * plan.step_ms;
  VerifyPlan later = plan;
  later.same_hours_ms = 0;  // a day or more later these hours are the change's own
  const MeasureSamples samples =
      TRY(read(plan.target.expression, later, before_span(plan, began_ms), {now - length, now}));
  const Effect effect = effect_of(samples, plan.alpha);
  Recheck out;
  out.at_ms = now;
  out.effect = effect.effect;
  out.low = effect.low;
  out.high = effect.high;
  if (!effect.known) {
    out.reason = finite(samples.before).empty() ? "the values from before are not kept any more"
                                                : "too few values now";
    return out;
  }
  out.gone = worsening(effect, plan.target.worse).high >= 0;
  out.reason = fmt::format("{} {} against before the change", plan.target.title, percent(effect.effect));
  return out;
}

}  // namespace trimtab::act
