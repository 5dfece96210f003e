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

void judge_target(const VerifyPlan& plan, const Effect& effect, DurationMs elapsed_ms, Verdict& verdict) {
  if (!effect.known) return;
  const Worsening worse = worsening(effect, plan.target.worse);
  const std::string moved = fmt::format("{} {} [{}, {}]", plan.target.title, percent(effect.effect),
                                        percent(effect.low), percent(effect.high));
  if (worse.low > 0 && worse.estimate > plan.maximum_harm) {
    verdict.decision = Decision::kRolledBack;
    verdict.reason = fmt::format("the target got worse: {}", moved);
  } else if (elapsed_ms < plan.observe_min_ms) {
    return;
  } else if (worse.high <= -plan.minimum_effect) {
    verdict.decision = Decision::kKept;
    verdict.reason = moved;
  } else if (worse.low > -plan.minimum_effect && worse.high < plan.maximum_harm) {
    verdict.decision = Decision::kNoEffect;
    verdict.reason = fmt::format("{}: less than {:.0f} % better", moved, 100 * plan.minimum_effect);
  }
}

// The time is over: what is left to say.
void judge_end(const VerifyPlan& plan, const Effect& effect, const MeasureSamples& target,
               DurationMs elapsed_ms, Verdict& verdict) {
  const Worsening worse = worsening(effect, plan.target.worse);
  const std::string over = format_duration_human(elapsed_ms);
  if (effect.known && worse.high < 0 && worse.estimate <= -plan.minimum_effect) {
    verdict.decision = Decision::kKept;
    verdict.reason =
        fmt::format("{} {}: better, by how much is not sure", plan.target.title, percent(effect.effect));
  } else if (effect.known && worse.low > 0) {
    verdict.decision = Decision::kRolledBack;
    verdict.reason = fmt::format("{} {}: worse", plan.target.title, percent(effect.effect));
  } else if (effect.known && worse.low > -plan.minimum_effect) {
    verdict.decision = Decision::kNoEffect;
    verdict.reason = fmt::format("{} {}: less than {:.0f} % better", plan.target.title,
                                 percent(effect.effect), 100 * plan.minimum_effect);
  } else {
    verdict.decision = Decision::kInconclusive;
    verdict.reason = !target.problem.empty() ? fmt::format("not measured for {}: {}", over, target.problem)
                                             : fmt::format("nothing shown in {}: {} values after, {} before",
                                                           over, target.after.size(), target.before.size());
  }
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
  if (plan.step_ms < kSecondMs || plan.before_ms < plan.step_ms || plan.observe_max_ms < plan.step_ms) {
    return invalid("verify: step of at least 1 s, before and observe_max of at least a step");
  }
  if (plan.settle_ms < 0 || plan.settle_ms >= plan.observe_max_ms) {
    return invalid("verify: settle: expected less than observe_max");
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
  Effect out;
  out.before = median_of(finite(samples.before));
  out.after = median_of(finite(samples.after));
  out.effect = kNan;
  out.low = -std::numeric_limits<double>::infinity();
  out.high = std::numeric_limits<double>::infinity();
  const bool log_scale = all_positive(samples.before) && all_positive(samples.after) &&
                         all_positive(samples.control_before) && all_positive(samples.control_after);
  const std::vector<double> before = adjusted(samples.before, samples.control_before, log_scale);
  const std::vector<double> after = adjusted(samples.after, samples.control_after, log_scale);
  if (before.empty() || after.empty()) return out;
  const kernels::SequentialShift shift = kernels::sequential_shift(before, after, alpha);
  out.known = shift.known();
  double scale = 1;
  if (!log_scale) {
    double sum = 0;
    const std::vector<double> values = finite(samples.before);
    for (const double value : values) sum += value;
    scale = std::abs(sum / static_cast<double>(values.size()));
  }
  const auto relative = [&](double x) {
    if (log_scale) return std::expm1(x);
    return x == 0 ? 0 : x / scale;
  };
  out.effect = relative(shift.shift);
  out.low = relative(shift.low);
  out.high = relative(shift.high);
  return out;
}

Look judge(const VerifyPlan& plan, const MeasureSamples& target, std::span<const MeasureSamples> guards,
           DurationMs elapsed_ms, DurationMs observe_max_ms, TimestampMs now) {
  Look look;
  Verdict& verdict = look.verdict;
  const Effect effect = effect_of(target, plan.alpha);
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
  if (verdict.decision == Decision::kNone) judge_target(plan, effect, elapsed_ms, verdict);
  if (verdict.decision == Decision::kNone && over) judge_end(plan, effect, target, elapsed_ms, verdict);
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

Result<MeasureSamples> Verifier::read(const std::string& expression, const std::string& control,
                                      DurationMs step_ms, Span before, Span after) {
  MeasureSamples out;
  out.before = TRY(values(expression, step_ms, before));
  out.after = TRY(values(expression, step_ms, after));
  if (control.empty()) return out;
  out.control_before = TRY(values(control, step_ms, before));
  out.control_after = TRY(values(control, step_ms, after));
  return out;
}

Result<std::string> Verifier::lacks_before(const VerifyPlan& plan, TimestampMs now) {
  TRY(check_plan(plan));
  const DurationMs steps = plan.before_ms / plan.step_ms;
  const MeasureSamples samples = TRY(read(plan.target.expression, plan.control, plan.step_ms,
                                          {now - (steps - 1) * plan.step_ms, now}, {1, 0}));
  const std::size_t have = adjusted(samples.before, samples.control_before, false).size();
  const std::size_t needed = std::min<std::size_t>(kBeforeMin, static_cast<std::size_t>(steps));
  if (have >= needed) return std::string();
  return fmt::format("not enough data before: {} of {} values of {}; about {} more", have, needed,
                     plan.target.title,
                     format_duration_human(static_cast<DurationMs>(needed - have) * plan.step_ms));
}

Result<Look> Verifier::look(const VerifyPlan& plan, TimestampMs began_ms, TimestampMs applied_ms,
                            DurationMs observe_max_ms, TimestampMs now) {
  TRY(check_plan(plan));
  const Span before{began_ms - (plan.before_ms / plan.step_ms - 1) * plan.step_ms, began_ms};
  const Span after{applied_ms + plan.step_ms, now};
  const Span settled{after.from + plan.settle_ms, now};
  MeasureSamples target = TRY(read(plan.target.expression, plan.control, plan.step_ms, before, settled));
  std::vector<MeasureSamples> guards;
  for (const Guard& guard : plan.guards) {
    auto samples = read(guard.measure.expression, "", plan.step_ms, before, after);
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
  const MeasureSamples samples = TRY(read(plan.target.expression, plan.control, plan.step_ms,
                                          {began_ms - length, began_ms}, {now - length, now}));
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
