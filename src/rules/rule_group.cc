// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_group.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/alert_state.h"

namespace trimtab {
namespace {

constexpr LabelLimits kWideLabels{
    .labels_count_max = 1024, .name_bytes_max = 4096, .value_bytes_max = 1 << 20};

Labels group_label(const RuleGroup& group) { return {{"rule_group", group.key()}}; }

std::string expand(const Template& text, const TemplateData& data) {
  auto out = text.expand(data);
  return out ? std::move(*out) : fmt::format("<error expanding template: {}>", out.error().message());
}

// Rows of an instant answer: a vector, or a scalar as a row without labels.
template <typename Take>
Status for_each_row(const promql::Answer& answer, const Take& take) {
  if (answer.type != promql::ValueType::kVector && answer.type != promql::ValueType::kScalar)
    return invalid("rule result is not a vector or scalar");
  for (std::size_t i = 0; i < answer.rows(); ++i) TRY(take(answer.labels[i], answer.row(i)[0]));
  return ok();
}

}  // namespace

RunningGroup::RunningGroup(RuleGroup group, DurationMs interval_ms, const RuleServices& services)
    : group_(std::move(group)),
      interval_ms_(interval_ms),
      services_(services),
      iterations_(services.metrics.counter("trimtab_rule_group_iterations_total",
                                           "Evaluations of rule groups.", group_label(group_))),
      missed_(services.metrics.counter("trimtab_rule_group_iterations_missed_total",
                                       "Evaluations left out because the one before took too long.",
                                       group_label(group_))),
      evaluations_(services.metrics.counter("trimtab_rule_evaluations_total", "Evaluations of rules.",
                                            group_label(group_))),
      failures_(services.metrics.counter("trimtab_rule_evaluation_failures_total",
                                         "Of those, the ones that failed.", group_label(group_))),
      duration_gauge_(services.metrics.gauge("trimtab_rule_group_last_duration_seconds",
                                             "Time of a group's last evaluation.", group_label(group_))),
      samples_gauge_(services.metrics.gauge("trimtab_rule_group_last_evaluation_samples",
                                            "Samples a group's last evaluation wrote.", group_label(group_))),
      last_gauge_(services.metrics.gauge("trimtab_rule_group_last_evaluation_timestamp_seconds",
                                         "When a group was last evaluated.", group_label(group_))) {
  services.metrics
      .gauge("trimtab_rule_group_interval_seconds", "Time between evaluations of a group.",
             group_label(group_))
      .set(static_cast<double>(interval_ms) / 1000);
  for (const Rule& rule : group_.rules) {
    rules_.push_back({});
    rules_.back().rule = rule;
    // The file was checked when it was read; a remote engine may still refuse, then each evaluation says so.
    if (auto query = services.querier.prepare(rule.expression)) rules_.back().query = std::move(*query);
  }
}

TimestampMs RunningGroup::moment_at_or_before(TimestampMs time) const {
  const auto offset =
      static_cast<DurationMs>(hash_bytes(group_.key()).low % static_cast<std::uint64_t>(interval_ms_));
  const DurationMs after = (time - offset) % interval_ms_;
  return time - (after < 0 ? after + interval_ms_ : after);
}

void RunningGroup::evaluate(TimestampMs at, const std::atomic<bool>* cancelled) {
  const std::int64_t start_ns = services_.clock.monotonic_ns();
  samples_ = 0;
  iterations_.add();
  for (RunningRule& rule : rules_) {
    if (cancelled != nullptr && cancelled->load()) return;
    const std::int64_t rule_ns = services_.clock.monotonic_ns();
    const Status done = evaluate_rule(rule, at, cancelled);
    if (!done && done.error().code() == ErrorCode::kCancelled) return;
    evaluations_.add();
    rule.health.seconds = static_cast<double>(services_.clock.monotonic_ns() - rule_ns) / 1e9;
    rule.health.last_evaluation_ms = at;
    rule.health.word = done ? RuleHealth::Word::kOk : RuleHealth::Word::kBad;
    const std::string error = done ? "" : done.error().message();
    if (!done) failures_.add();
    if (!done && error != rule.health.last_error) {
      services_.logger.warn("a rule could not be evaluated",
                            {{"group", group_.key()}, {"rule", rule.rule.name}, {"error", error}});
    }
    rule.health.last_error = error;
  }
  save(at);
  seconds_ = static_cast<double>(services_.clock.monotonic_ns() - start_ns) / 1e9;
  last_evaluation_ms_ = at;
  duration_gauge_.set(seconds_);
  samples_gauge_.set(static_cast<double>(samples_));
  last_gauge_.set(static_cast<double>(at) / 1000);
}

Status RunningGroup::evaluate_rule(RunningRule& rule, TimestampMs at, const std::atomic<bool>* cancelled) {
  if (!rule.query) rule.query = TRY(services_.querier.prepare(rule.rule.expression));
  promql::QueryOptions options = services_.options;
  options.cancelled = cancelled;
  const TimestampMs query_at = at - group_.query_offset_ms;
  const promql::Answer answer = TRY(rule.query->run(promql::QueryWindow::at(query_at), options));
  if (rule.rule.kind == Rule::Kind::kRecording) {
    std::vector<Output> outputs = TRY(recorded(rule.rule, answer));
    return write(rule, std::move(outputs), query_at);
  }
  std::vector<Alert> found = TRY(found_alerts(rule.rule, answer));
  const auto changed = step_alerts(rule.rule, std::move(found), at, group_.limit, rule.alerts);
  alerts_changed_ = alerts_changed_ || !changed || *changed;
  std::vector<Output> outputs;
  for (AlertSample& sample : alert_samples(rule.rule, rule.alerts))
    outputs.push_back({std::move(sample.labels), sample.value});
  const Status written = write(rule, std::move(outputs), query_at);
  if (!changed) return std::unexpected(changed.error());
  return written;
}

Result<std::vector<RunningGroup::Output>> RunningGroup::recorded(const Rule& rule,
                                                                 const promql::Answer& answer) const {
  std::vector<Output> out;
  const Status read = for_each_row(answer, [&](const Labels& found, double value) -> Status {
    Labels labels = found.with(kMetricName, rule.name);
    for (const auto& [name, text] : rule.labels) labels = labels.with(name, text.text());
    out.push_back({std::move(labels), value});
    return ok();
  });
  if (!read) return std::unexpected(read.error());
  const std::uint64_t most = group_.limit == 0 ? kRuleOutputsMax : group_.limit;
  if (out.size() > most)
    return fail(ErrorCode::kLimit, fmt::format("exceeded limit of {} with {} series", most, out.size()));
  std::set<Labels> unique;
  for (const Output& output : out) {
    if (!unique.insert(output.labels).second) {
      return invalid(fmt::format("the result has two series {} after the rule's labels are applied",
                                 output.labels.to_string()));
    }
  }
  return out;
}

Result<std::vector<Alert>> RunningGroup::found_alerts(const Rule& rule, const promql::Answer& answer) const {
  std::vector<Alert> out;
  std::set<Labels> unique;
  const Status read = for_each_row(answer, [&](const Labels& found, double value) -> Status {
    const TemplateData data{.labels = found, .external = services_.external_labels, .value = value};
    Alert alert;
    std::vector<Label> labels;
    const Labels without_name = found.without(kMetricName);
    for (const Label& label : without_name.items()) {
      const auto same = [&](const auto& own) { return own.first == label.name; };
      if (label.name != "alertname" && std::none_of(rule.labels.begin(), rule.labels.end(), same))
        labels.push_back(label);
    }
    for (const auto& [name, text] : rule.labels) {
      if (name != "alertname") labels.push_back({name, expand(text, data)});
    }
    labels.push_back({"alertname", rule.name});
    alert.labels = TRY(Labels::create(std::move(labels), kWideLabels));
    for (const auto& [name, text] : rule.annotations)
      alert.annotations.emplace_back(name, expand(text, data));
    alert.value = value;
    if (!unique.insert(alert.labels).second) {
      return invalid(fmt::format("the result has two alerts {} after the rule's labels are applied",
                                 alert.labels.to_string()));
    }
    out.push_back(std::move(alert));
    return ok();
  });
  if (!read) return std::unexpected(read.error());
  return out;
}

// Appends the outputs, and stale markers for series that the rule wrote before and does not now.
Status RunningGroup::write(RunningRule& rule, std::vector<Output> outputs, TimestampMs at) {
  const auto refused = append(rule, outputs, at);
  if (!refused) return std::unexpected(refused.error());
  if (*refused == 0) return ok();
  // Series were deleted since we last wrote: their ids are gone for ever, ask for new ones.
  rule.written.clear();
  const auto again = append(rule, outputs, at);
  return again ? ok() : Status(std::unexpected(again.error()));
}

Result<std::uint64_t> RunningGroup::append(RunningRule& rule, const std::vector<Output>& outputs,
                                           TimestampMs at) {
  std::vector<Sample> batch;
  std::map<Labels, SeriesId> written;
  for (const Output& output : outputs) {
    const auto known = rule.written.find(output.labels);
    SeriesId id = kNoSeries;
    if (known != rule.written.end()) {
      id = known->second;
    } else {
      id = TRY(services_.store.ensure_series(output.labels));
    }
    batch.push_back({id, at, output.value});
    written.emplace(output.labels, id);
  }
  for (const auto& [labels, id] : rule.written) {
    if (!written.contains(labels)) batch.push_back({id, at, stale_marker()});
  }
  std::uint64_t refused = 0;
  const std::size_t most = services_.store.limits().batch_samples_max;
  for (std::size_t first = 0; first < batch.size(); first += most) {
    const AppendOutcome outcome =
        TRY(services_.store.append(std::span(batch).subspan(first, std::min(most, batch.size() - first))));
    refused += outcome.invalid_refused;
  }
  samples_ += batch.size();
  rule.written = std::move(written);
  return refused;
}

std::string RunningGroup::state_key() const {
  const LabelsHash hash = hash_bytes(group_.key());
  return fmt::format("rules/alerts/{:016x}{:016x}", hash.high, hash.low);
}

void RunningGroup::save(TimestampMs at) {
  const bool pending = std::any_of(rules_.begin(), rules_.end(), [](const RunningRule& rule) {
    return state_of(rule.alerts) == AlertState::kPending;
  });
  // A pending alert is kept with the moment it was last seen, so that a restart does not count as time.
  if (!alerts_changed_ && !pending) return;
  GroupState state;
  state.at_ms = at;
  for (const RunningRule& rule : rules_) {
    if (rule.alerts.empty()) continue;
    GroupState::OneRule one{.name = rule.rule.name, .label_text = rule.rule.label_text(), .alerts = {}};
    for (const auto& [labels, alert] : rule.alerts) one.alerts.push_back(alert);
    state.rules.push_back(std::move(one));
  }
  const Status kept = services_.ledger.put_state(state_key(), to_json(state));
  if (kept) {
    alerts_changed_ = false;
  } else {
    services_.logger.error("alert states could not be kept",
                           {{"group", group_.key()}, {"error", kept.error().message()}});
  }
}

void RunningGroup::restore(TimestampMs now) {
  const auto kept = services_.ledger.get_state(state_key());
  if (!kept || !*kept || (*kept)->empty()) return;
  auto state = group_state_from_json(**kept);
  if (!state) {
    services_.logger.error("alert states could not be restored",
                           {{"group", group_.key()}, {"error", state.error().message()}});
    return;
  }
  for (GroupState::OneRule& one : state->rules) {
    resume_alerts(state->at_ms, now, one.alerts);
    for (RunningRule& rule : rules_) {
      if (rule.rule.kind != Rule::Kind::kAlerting || rule.rule.name != one.name ||
          rule.rule.label_text() != one.label_text)
        continue;
      for (Alert& alert : one.alerts) {
        Labels labels = alert.labels;
        rule.alerts.emplace(std::move(labels), std::move(alert));
      }
      break;
    }
  }
}

void RunningGroup::take_over(RunningGroup& former) {
  for (RunningRule& rule : rules_) {
    for (RunningRule& old : former.rules_) {
      if (old.rule.kind != rule.rule.kind || old.rule.name != rule.rule.name ||
          old.rule.label_text() != rule.rule.label_text())
        continue;
      rule.alerts = std::exchange(old.alerts, {});
      rule.written = std::exchange(old.written, {});
      rule.health = old.health;
      break;
    }
  }
  last_evaluation_ms_ = former.last_evaluation_ms_;
  seconds_ = former.seconds_;
  alerts_changed_ = true;
}

void RunningGroup::retire(TimestampMs at) {
  bool had_alerts = false;
  for (RunningRule& rule : rules_) {
    had_alerts = had_alerts || !rule.alerts.empty();
    const Status done = write(rule, {}, at);
    if (!done) {
      services_.logger.warn(
          "a removed rule's series could not be ended",
          {{"group", group_.key()}, {"rule", rule.rule.name}, {"error", done.error().message()}});
    }
  }
  if (had_alerts) (void)services_.ledger.put_state(state_key(), "");
}

}  // namespace trimtab
