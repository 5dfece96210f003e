// SPDX-License-Identifier: Apache-2.0
#include "analyze/objectives.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "analyze/burn_windows.h"
#include "analyze/harm.h"
#include "base/format.h"
#include "estate/objective_file.h"
#include "kernels/binomial.h"
#include "kernels/quantile.h"
#include "query/functions.h"
#include "query/parser.h"

namespace trimtab {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kChanceMax = 0.01;  // of so many bad events were the share just at the threshold
constexpr double kConfidence = 0.9;  // of the interval of the time to exhaustion
constexpr int kSparklinePoints = 96;
constexpr DurationMs kSparklineMs = kDayMs;
constexpr std::size_t kUsualPointsMin = 24;

// Bad and all events in one window. Counts are NaN when the indicator gives a share only.
struct Tally {
  double share = kNone;
  double bad = kNone;
  double all = kNone;
  bool counted() const { return std::isfinite(bad) && std::isfinite(all); }
};

// True when the innermost windowed function gives a value per second: rate or irate.
bool is_per_second(const promql::Expr& expr) {
  if (const auto* call = std::get_if<promql::Call>(&expr.node)) {
    using promql::FunctionId;
    if (call->function->id == FunctionId::kRate || call->function->id == FunctionId::kIrate) return true;
    return std::any_of(call->arguments.begin(), call->arguments.end(),
                       [](const auto& a) { return is_per_second(*a); });
  }
  if (const auto* aggregate = std::get_if<promql::Aggregate>(&expr.node))
    return is_per_second(*aggregate->expr);
  if (const auto* binary = std::get_if<promql::Binary>(&expr.node)) {
    return is_per_second(*binary->left) || is_per_second(*binary->right);
  }
  if (const auto* unary = std::get_if<promql::Unary>(&expr.node)) return is_per_second(*unary->expr);
  if (const auto* paren = std::get_if<promql::Paren>(&expr.node)) return is_per_second(*paren->expr);
  return false;
}

bool is_per_second(const std::string& query) {
  const auto expr = promql::parse(with_window(query, analyze::kBurnShortMinMs));
  return expr && is_per_second(**expr);
}

// Reads one objective's indicator over any window.
class Indicator {
 public:
  Indicator(promql::Querier& querier, const Objective& objective, const std::atomic<bool>* cancelled)
      : querier_(querier), objective_(objective) {
    options_.cancelled = cancelled;
    per_second_ = is_per_second(objective.total_query);
  }

  Result<Tally> over(DurationMs window_ms, TimestampMs at) {
    Tally tally;
    if (!objective_.error_ratio_query.empty()) {
      tally.share = TRY(number(objective_.error_ratio_query, window_ms, at));
      return tally;
    }
    const double factor = per_second_ ? static_cast<double>(window_ms) / kSecondMs : 1;
    tally.all = TRY(number(objective_.total_query, window_ms, at)) * factor;
    if (!(tally.all > 0)) return Tally{.share = kNone, .bad = 0, .all = 0};
    const bool good = !objective_.good_query.empty();
    double part = TRY(number(good ? objective_.good_query : objective_.error_query, window_ms, at)) * factor;
    if (std::isnan(part)) part = 0;  // no series of that kind yet: no such events
    tally.bad = std::clamp(good ? tally.all - part : part, 0.0, tally.all);
    tally.share = tally.bad / tally.all;
    return tally;
  }

  // The bad share in short windows ending at evenly spaced moments up to `at`.
  Result<std::vector<double>> past_shares(DurationMs window_ms, TimestampMs at) {
    const DurationMs step_ms = kSparklineMs / kSparklinePoints;
    const TimestampMs from = at - (kSparklinePoints - 1) * step_ms;
    const auto window = promql::QueryWindow::over(from, at, step_ms);
    std::vector<double> shares = TRY(row(expression(window_ms), window, kSparklinePoints));
    return shares;
  }

  // The bad share as one PromQL expression, for people to repeat.
  std::string expression(DurationMs window_ms) const {
    if (!objective_.error_ratio_query.empty()) return with_window(objective_.error_ratio_query, window_ms);
    const std::string all = with_window(objective_.total_query, window_ms);
    if (!objective_.good_query.empty()) {
      return fmt::format("1 - ({}) / ({})", with_window(objective_.good_query, window_ms), all);
    }
    return fmt::format("({}) / ({})", with_window(objective_.error_query, window_ms), all);
  }

 private:
  Result<double> number(const std::string& query, DurationMs window_ms, TimestampMs at) {
    return TRY(row(with_window(query, window_ms), promql::QueryWindow::at(at), 1))[0];
  }

  // The single series a query gives, NaN where it has no value. Nothing at all: all NaN.
  Result<std::vector<double>> row(const std::string& query, const promql::QueryWindow& window,
                                  std::size_t columns) {
    const auto prepared = TRY(querier_.prepare(query));
    const promql::Answer answer = TRY(prepared->run(window, options_));
    if (answer.rows() > 1) {
      return invalid(fmt::format("{}: gives {} series; one is needed: aggregate them", query, answer.rows()));
    }
    std::vector<double> out(columns, kNone);
    if (answer.rows() == 0) return out;
    const auto values = answer.row(0);
    std::copy_n(values.begin(), std::min(values.size(), columns), out.begin());
    return out;
  }

  promql::Querier& querier_;
  const Objective& objective_;
  promql::QueryOptions options_;
  bool per_second_ = false;
};

std::uint64_t whole(double events) { return static_cast<std::uint64_t>(std::llround(std::max(events, 0.0))); }

// A pair of windows that alarms.
struct Alarm {
  analyze::BurnPair pair;
  Tally tally;
  double burn_long = 0;
  double burn_short = 0;
  double chance = kNone;
};

class Judge {
 public:
  Judge(promql::Querier& querier, const Objective& objective, const Estate& estate, TimestampMs at,
        const std::atomic<bool>* cancelled)
      : indicator_(querier, objective, cancelled), objective_(objective), estate_(estate), at_(at) {
    status_.name = objective.name;
    status_.entity = parse_entity(objective.entity).value_or(EntityRef{"slo", objective.name});
    status_.target = objective.target;
    status_.window_ms = objective.window_ms;
    status_.events = status_.bad_share = status_.budget_left = status_.burn = kNone;
  }

  Status judge() {
    if (!objective_.has_indicator()) {
      status_.problem = "no indicator is declared";
      return ok();
    }
    const Tally whole_window = TRY(indicator_.over(objective_.window_ms, at_));
    status_.events = whole_window.all;
    status_.bad_share = whole_window.share;
    if (std::isnan(whole_window.share)) {
      status_.problem = "no events in its window";
      return ok();
    }
    status_.budget_left = 1 - whole_window.share / budget();
    status_.state = status_.budget_left > 0 ? ObjectiveState::kMet : ObjectiveState::kMissed;
    for (const analyze::BurnPair& pair : analyze::burn_pairs(objective_.window_ms)) {
      TRY(look(pair));
      if (alarm_) break;
    }
    if (alarm_ && status_.state == ObjectiveState::kMet) {
      status_.state = alarm_->pair.fast ? ObjectiveState::kBurningFast : ObjectiveState::kBurning;
    }
    tell_exhaustion();
    return ok();
  }

  bool has_finding() const { return alarm_.has_value() || status_.state == ObjectiveState::kMissed; }

  Result<Finding> finding() {
    Finding finding;
    finding.kind = FindingKind::kSlo;
    finding.entity = status_.entity;
    finding.fingerprint =
        fmt::format("{:016x}", hash_bytes("slo\n" + objective_.entity + "\n" + objective_.name).low);
    const EntityInfo info = estate_.info(finding.entity);
    finding.owner = info.owner;
    finding.tier = info.tier;
    finding.last_seen_ms = at_;
    finding.title = title();
    finding.harm_reason = harm_reason();
    // A pair of windows at 1 in 100 by exact counting is medium, far beyond it high; shares alone are medium.
    const bool certain = alarm_ && alarm_->chance < 1e-4;
    finding.sure = certain || !alarm_ ? Sureness::kHigh : Sureness::kMedium;
    const double level = !alarm_ ? 0.6 : alarm_->pair.fast ? 0.95 : 0.7;
    finding.harm = level * analyze::tier_weight(finding.tier) * analyze::sureness_weight(finding.sure);
    finding.evidence.push_back(TRY(evidence()));
    finding.since_ms = finding.evidence.front().window.from;
    if (status_.exhausted_ms && status_.budget_left > 0) {
      finding.exhaustion = Exhaustion{.limit = 0,
                                      .limit_source = "the error budget of " + objective_.name,
                                      .probability = kNone,
                                      .horizon_ms = objective_.window_ms,
                                      .expected_ms = status_.exhausted_ms,
                                      .earliest_ms = status_.earliest_ms,
                                      .latest_ms = status_.latest_ms};
    }
    return finding;
  }

  ObjectiveStatus& status() { return status_; }

 private:
  double budget() const { return 1 - objective_.target; }

  Status look(const analyze::BurnPair& pair) {
    const Tally longer = TRY(indicator_.over(pair.long_ms, at_));
    const double burn = longer.share / budget();
    // The first pair that says anything tells how fast the budget goes now.
    if (std::isnan(status_.burn) && std::isfinite(burn)) {
      status_.burn = burn;
      status_.burn_over_ms = pair.long_ms;
      now_ = longer;
    }
    if (!(burn > pair.threshold)) return ok();
    const double share_at_threshold = std::min(1.0, pair.threshold * budget());
    double chance = kNone;
    if (longer.counted()) {
      const std::uint64_t all = std::max<std::uint64_t>(whole(longer.all), 1);
      chance = kernels::binomial_tail(std::min(whole(longer.bad), all), all, share_at_threshold);
      if (chance >= kChanceMax) return ok();
    }
    const Tally shorter = TRY(indicator_.over(pair.short_ms, at_));
    const double burn_short = shorter.share / budget();
    if (!(burn_short > pair.threshold)) return ok();
    alarm_ = Alarm{pair, longer, burn, burn_short, chance};
    status_.burn = burn;
    status_.burn_over_ms = pair.long_ms;
    now_ = longer;
    return ok();
  }

  // Linear at the present rate; the interval is that of the share it was measured from.
  void tell_exhaustion() {
    if (!(status_.budget_left > 0) || !(status_.burn > 0)) return;
    const auto when = [&](double share) -> std::optional<TimestampMs> {
      const double burn = share / budget();
      const double left_ms = status_.budget_left * static_cast<double>(objective_.window_ms) / burn;
      if (!(left_ms < static_cast<double>(kYearMs))) return std::nullopt;
      return at_ + static_cast<TimestampMs>(left_ms);
    };
    if (status_.burn <= 1) return;  // within the budget: it lasts at least its window
    status_.exhausted_ms = when(now_.share);
    if (!now_.counted()) return;
    const std::uint64_t all = std::max<std::uint64_t>(whole(now_.all), 1);
    const auto interval = kernels::clopper_pearson(std::min(whole(now_.bad), all), all, kConfidence);
    status_.earliest_ms = when(interval.high);
    status_.latest_ms = interval.low > 0 ? when(interval.low) : std::nullopt;
  }

  std::string percent(double share) const { return format_with_unit(share, "ratio"); }

  std::string title() const {
    if (status_.state == ObjectiveState::kMissed) {
      return fmt::format("Objective {} is missed: {} of events were bad in {}, {} are allowed",
                         objective_.name, percent(status_.bad_share),
                         format_duration_human(objective_.window_ms), percent(budget()));
    }
    return fmt::format("Error budget of {} goes {} times too fast", objective_.name,
                       format_number(status_.burn));
  }

  std::string harm_reason() const {
    const Tally& tally = alarm_ ? alarm_->tally : now_;
    std::string text =
        fmt::format("{} of events are bad, the objective allows {}", percent(tally.share), percent(budget()));
    if (status_.budget_left > 0)
      text += fmt::format("; {} of the budget is left", percent(status_.budget_left));
    return text;
  }

  std::string statistic() const {
    std::string text = fmt::format("objective {} over {}", percent(objective_.target),
                                   format_duration_human(objective_.window_ms));
    if (alarm_) {
      text += fmt::format("; burns x{} over {} and x{} over {}, alarm above x{}",
                          format_number(alarm_->burn_long), format_duration_human(alarm_->pair.long_ms),
                          format_number(alarm_->burn_short), format_duration_human(alarm_->pair.short_ms),
                          format_number(alarm_->pair.threshold));
      if (std::isfinite(alarm_->chance)) {
        text += alarm_->chance > 1e-12 ? fmt::format("; by chance once in {} such windows",
                                                     format_number(std::round(1 / alarm_->chance)))
                                       : std::string("; no chance");
      }
    }
    return text;
  }

  Result<Evidence> evidence() {
    const DurationMs window_ms =
        alarm_ ? alarm_->pair.short_ms : analyze::burn_pairs(objective_.window_ms)[0].long_ms;
    const double threshold = budget() * (alarm_ ? std::min(alarm_->pair.threshold, 1.0) : 1.0);
    Evidence evidence;
    evidence.series =
        Labels{{std::string(kMetricName), "slo"}, {"slo", objective_.name}, {"entity", objective_.entity}};
    evidence.expression = indicator_.expression(window_ms);
    evidence.domain = "service";
    evidence.aspect = "errors";
    evidence.unit = "ratio";
    evidence.worse = WorseDirection::kUp;
    evidence.method = "slo";
    evidence.statistic = statistic();
    evidence.sparkline = TRY(indicator_.past_shares(window_ms, at_));
    evidence.sparkline_range = {at_ - kSparklineMs, at_};
    const DurationMs step_ms = kSparklineMs / kSparklinePoints;
    std::size_t begin =
        evidence.sparkline.size();  // first point of the stretch above the budget that still lasts
    while (begin > 0 && evidence.sparkline[begin - 1] > threshold) --begin;
    const auto bad_points = static_cast<TimestampMs>(evidence.sparkline.size() - begin);
    evidence.window = {at_ - std::max<DurationMs>(bad_points * step_ms, window_ms), at_};
    evidence.now = alarm_ ? alarm_->tally.share : now_.share;
    evidence.score = alarm_ && std::isfinite(alarm_->chance) ? 1 - alarm_->chance : kNone;
    tell_usual(evidence, begin);
    return evidence;
  }

  // What the share was before the present stretch, when there is enough of that.
  static void tell_usual(Evidence& evidence, std::size_t begin) {
    std::vector<double> before;
    for (std::size_t i = 0; i < begin; ++i) {
      if (std::isfinite(evidence.sparkline[i])) before.push_back(evidence.sparkline[i]);
    }
    evidence.usual = evidence.usual_low = evidence.usual_high = evidence.effect = kNone;
    if (before.size() < kUsualPointsMin) return;
    evidence.usual = kernels::median_in_place(before);
    evidence.usual_low = kernels::quantile_in_place(before, 0.025);
    evidence.usual_high = kernels::quantile_in_place(before, 0.975);
    const double spread = std::max(kernels::mad_in_place(before, evidence.usual), 1e-4);
    evidence.effect = (evidence.now - evidence.usual) / spread;
    evidence.compared_with = {evidence.sparkline_range.from, evidence.window.from};
  }

  Indicator indicator_;
  const Objective& objective_;
  const Estate& estate_;
  const TimestampMs at_;
  ObjectiveStatus status_;
  std::optional<Alarm> alarm_;
  Tally now_;
};

}  // namespace

Result<ObjectivesJudged> judge_objectives(promql::Querier& querier, const Estate& estate, TimestampMs at,
                                          const std::atomic<bool>* cancelled) {
  ObjectivesJudged judged;
  for (const Objective& objective : estate.objectives()) {
    Judge judge(querier, objective, estate, at, cancelled);
    Status status = ok();
    if (judged.statuses.size() >= kObjectivesJudgedMax) {
      status = fail(ErrorCode::kLimit,
                    fmt::format("only the first {} objectives are judged", kObjectivesJudgedMax));
    } else {
      status = judge.judge();
    }
    if (status && judge.has_finding() && !estate.in_maintenance(judge.status().entity, at)) {
      auto finding = judge.finding();
      if (finding) {
        judged.findings.push_back(std::move(*finding));
      } else {
        status = std::unexpected(finding.error());
      }
    }
    if (!status) {
      if (status.error().code() == ErrorCode::kCancelled) return std::unexpected(status.error());
      judge.status().state = ObjectiveState::kNoData;
      judge.status().problem = status.error().message();
    }
    judged.statuses.push_back(std::move(judge.status()));
  }
  std::stable_sort(judged.findings.begin(), judged.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.harm > b.harm; });
  return judged;
}

}  // namespace trimtab
